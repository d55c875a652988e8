"""The sample corpus: its labels fit, it holds every phenomenon that it promises, and its sentences are its own."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path

import pytest

from detector.evaluation.measures import GoldDocument, load_gold

SEEDS = Path(__file__).parents[1] / "seeds"
ENCODINGS = {"016_natural-resources-plan": "gb18030", "023_reservoir-flood-plan": "utf-16"}
LABELS = {document.id: document for document in load_gold(SEEDS / "labels.jsonl")}
TEXTS = {path.stem: path.read_bytes().decode(ENCODINGS.get(path.stem, "utf-8")) for path in sorted(SEEDS.glob("*.txt"))}
ALL_TEXT = "\n".join(TEXTS.values())

# Phrases that every such document carries; only these may stand in a real seed too.
SET_PHRASES = ("以习近平新时代中国特色社会主义思想为指导", "以習近平新時代中國特色社會主義思想為指導")

PLACEHOLDERS = (
    *(
        "X",
        "XX",
        "XXX",
        "X.X",
        "X.XX",
        "xx",
        "xxxx",
        "××",
        "×××",
        "＊＊",
        "＊＊＊",
        "○",
        "○○",
        "○○○",
        "□□",
        "某某",
        "某某某",
    ),
    *("____", "________", "＿＿＿＿", "【】", "【　】", "20XX", "N", "TBD", "关键词2"),
    *("{{unit_name}}", "{{contact_email}}", "[公司名称]", "<<水库名称>>"),
)
FALSE_FRIENDS = (
    "1+N+X",
    "1+1+1+X",
    "1+2+N",
    "X光",
    "415X",
    "S318",
    "×",
    "4×4",
    "2×150",
    "SpaceX",
    "某种",
    "SYB",
    "VIP",
)
ENUMERATIONS = ("①", "（一）", "(一)", "一、", "第一条", "1.1 ", "1. ", "（1）", "一是", "第一，", "壹、")
JUNK = {
    "breadcrumb with arrows": r"> .* > ",
    "breadcrumb with double arrows": r">>",
    "breadcrumb heading": r"当前位置|當前位置|您现在的位置",
    "upload date": r"(发布|上传|更新)时间：\d{4}",
    "file size": r"\d KB",
    "download count": r"下载次数：\d|\d downloads",
    "uploader disclaimer": r"会员自行上传|版权归原作者|网友投稿",
    "QQ": r"QQ：\d{8}",
    "WeChat": r"微信",
    "telephone": r"联系电话：",
    "scan to share": r"扫一扫|掃一掃",
    "share to": r"分享到",
    "print and close": r"打印本页.*关闭窗口",
    "font size": r"字体：大 中 小",
    "related articles": r"相关文章",
    "previous article": r"上一篇",
    "next article": r"下一篇",
    "related item with a date": r"^.*[\u4e00-\u9fff].* ?（?20\d\d-\d\d-\d\d）?$",
    "stray id": r"^\d{5}$|编号：",
    "inline site address": r"（.*(www|http).*）",
    "source line": r"本文来源：",
    "seller banner": r"会员专享",
    "page of": r"第 \d 页 共 \d 页",
    "copyright footer": r"版权所有|Copyright ©",
    "editor credit": r"责任编辑",
    "download button": r"点击下载",
    "cookies": r"cookie",
    "subscription": r"Subscribe",
}


def labelled(kind: str) -> list[tuple[str, str]]:
    """Document and text of every label of one kind."""
    return [(item.id, span.text) for item in LABELS.values() for span in item.spans if span.kind == kind]


def tokens(text: str) -> list[str]:
    """Han characters, words and numbers: enough to compare the documents of this corpus."""
    return re.findall(r"[\u3400-\u9fff]|[A-Za-z]+|\d[\d.,]*", text)


def shingles(text: str) -> set[tuple[str, ...]]:
    """Runs of five tokens."""
    row = tokens(text)
    return {tuple(row[place : place + 5]) for place in range(len(row) - 4)}


def jaccard(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> float:
    return len(one & other) / len(one | other)


def runs_of_characters(text: str, length: int) -> set[str]:
    """Runs of letters and digits of a text without its set phrases; other characters are left out."""
    for phrase in SET_PHRASES:
        text = text.replace(phrase, "\0")
    plain = re.sub(r"[^\w\0]|_", "", text)
    runs = (plain[place : place + length] for place in range(len(plain) - length + 1))
    return {run for run in runs if "\0" not in run}


def test_every_document_is_labelled_and_of_a_sensible_length() -> None:
    assert list(LABELS) == sorted(TEXTS)
    assert 14 <= len(TEXTS) <= 16
    assert all(re.fullmatch(r"\d{3}_[a-z0-9-]+", name) for name in TEXTS)
    assert all(900 <= len(text) <= 3000 for text in TEXTS.values()), {name: len(text) for name, text in TEXTS.items()}


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_labels_are_the_text_of_their_spans(name: str) -> None:
    for label in (*LABELS[name].spans, *LABELS[name].not_spans):
        assert TEXTS[name][label.start : label.end] == label.text
        assert label.text.strip() == label.text or label.kind == "placeholder"


@pytest.mark.parametrize("document", LABELS.values(), ids=LABELS)
def test_labels_of_one_kind_do_not_overlap(document: GoldDocument) -> None:
    for one, other in itertools.combinations((*document.spans, *document.not_spans), 2):
        assert one.kind != other.kind or one.end <= other.start or other.end <= one.start, (one, other)


def test_stored_encodings() -> None:
    assert (SEEDS / "023_reservoir-flood-plan.txt").read_bytes()[:2] == b"\xff\xfe"
    with pytest.raises(UnicodeDecodeError):
        (SEEDS / "016_natural-resources-plan.txt").read_bytes().decode("utf-8")
    assert "\r\n" in TEXTS["016_natural-resources-plan"]


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_placeholders_of_every_kind(text: str) -> None:
    assert text in {found for _, found in labelled("placeholder")}


def test_placeholders_that_are_longer_than_a_word() -> None:
    found = [text for _, text in labelled("placeholder")]
    assert any(text.startswith("Lorem ipsum") for text in found)
    assert any(re.fullmatch(r"年\s+月\s+日", text) for text in found)
    assert re.search("第N批", ALL_TEXT)
    assert sum(text == "关键词2" for text in found) >= 5
    month_and_day = TEXTS["012_shiqiao-half-year"].index("X月X日")
    starts = {label.start for label in LABELS["012_shiqiao-half-year"].spans}
    assert {month_and_day, month_and_day + 2} <= starts


@pytest.mark.parametrize("text", FALSE_FRIENDS)
def test_false_friends_are_in_the_text_and_labelled_as_such(text: str) -> None:
    for document in LABELS.values():
        for label in document.not_spans:
            around = TEXTS[document.id][max(0, label.start - 6) : label.end + 3]
            if label.kind == "placeholder" and text in around:
                return
    pytest.fail(f"{text} is in no not_spans")


def test_masks() -> None:
    assert {"杨某", "湘A×××××", "138****0000"} <= {text for _, text in labelled("masked")}


@pytest.mark.parametrize("pattern", JUNK.values(), ids=JUNK)
def test_junk_of_every_shape(pattern: str) -> None:
    assert any(re.search(pattern, text) for _, text in labelled("junk"))


def test_year_swaps_and_what_only_looks_like_one() -> None:
    texts = [text for _, text in labelled("year_swap")]
    comparisons = [re.findall(r"20\d\d", text) for text in texts if "年的" in text]
    assert len(comparisons) >= 2 and all(first == second for first, second in comparisons)
    assert any("周年" in text for text in texts)
    assert any(label.kind == "year_swap" for document in LABELS.values() for label in document.not_spans)


def test_spun_repeats_are_two_sentences_of_one_length() -> None:
    spun = [text for _, text in labelled("spun_repeat")]
    assert len(spun) >= 3
    for text in spun:
        half = len(text) // 2
        one, other = text[:half], text[half:]
        assert len(one) == len(other) and one != other
        assert [place for place, letter in enumerate(one) if letter in "，。"] == [
            place for place, letter in enumerate(other) if letter in "，。"
        ]
        assert sum(left == right for left, right in zip(one, other, strict=True)) >= 0.8 * half


def test_script_errors_stand_in_the_converted_document_only() -> None:
    found = labelled("script_error")
    assert {name for name, _ in found} == {"018_dahe-town-converted"}
    assert set("製麵係裏誌嚐複曆復") <= {text for _, text in found}
    assert any(label.kind == "script_error" for label in LABELS["017_wuxi-township-2021"].not_spans)


def test_paragraphs_that_differ_in_figures_only() -> None:
    def skeletons(name: str) -> set[str]:
        paragraphs = (re.sub(r"^\W*[（(]?[一二三\d][）).]\.?|\s", "", line) for line in TEXTS[name].split("\n"))
        return {re.sub(r"\d[\d.]*", "#", line) for line in paragraphs if len(line) > 100}

    shared = skeletons("010_yunxi-town-2021") & skeletons("011_yunxi-town-2022")
    assert len(shared) == 2
    assert not set(TEXTS["010_yunxi-town-2021"].split("\n")) & {
        line for line in TEXTS["011_yunxi-town-2022"].split("\n") if len(line) > 100
    }


def test_a_run_of_three_sentences_in_three_documents() -> None:
    run = re.search("我们也清醒地看到.*?。.*?。.*?。", TEXTS["010_yunxi-town-2021"])
    assert run is not None
    assert {name for name, text in TEXTS.items() if run.group() in text} == {
        "010_yunxi-town-2021",
        "013_bailu-county-report",
        "020_public-security-2021",
    }


def test_one_near_copy_and_no_other() -> None:
    sets = {name: shingles(text) for name, text in TEXTS.items()}
    ratios = {pair: jaccard(sets[pair[0]], sets[pair[1]]) for pair in itertools.combinations(sorted(sets), 2)}
    copy = ("021_yangliuwan-village-2020", "022_shahezi-village-2020")
    assert 0.85 < ratios.pop(copy) < 1
    assert max(ratios.values()) < 0.1


def test_broken_paragraphs_hard_wraps_and_repeats() -> None:
    long_lines = [line for line in TEXTS["012_shiqiao-half-year"].split("\n") if "（" not in line and len(line) > 80]
    assert 5 <= len(long_lines) <= 7 and max(map(len, long_lines)) > 300
    wrapped = TEXTS["014_linjiang-hospital-2020"].split("\n")
    assert sum(line[-1:].isalnum() and 20 <= len(line) <= 30 for line in wrapped) >= 15
    counts = Counter(line for line in TEXTS["024_youth-league-2019"].split("\n") if len(line) > 40)
    assert counts.most_common(1)[0][1] == 2


def test_mojibake_and_zero_width_characters() -> None:
    assert {name for name, text in TEXTS.items() if "锟斤拷" in text} == {"020_public-security-2021"}
    assert {name for name, text in TEXTS.items() if "\N{ZERO WIDTH SPACE}" in text} == {"023_reservoir-flood-plan"}


@pytest.mark.parametrize("text", ENUMERATIONS)
def test_enumerations_of_all_kinds(text: str) -> None:
    assert text in ALL_TEXT


def test_sentences_are_our_own(shared: Path) -> None:
    real = set()
    for path in sorted((shared / "seeds").glob("*.txt")):
        real |= runs_of_characters(path.read_text("utf-8"), 20)
    assert len(real) > 10_000
    for name, text in TEXTS.items():
        assert not runs_of_characters(text, 20) & real, name
