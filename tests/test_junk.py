"""Junk: labelled cases, content that must stay, frequency over a series, and the real documents."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.model import Hit, Span
from detector.rules.frames import SITE_FRAME
from detector.rules.junk import FREQUENT, MIN_FREQUENT, Modelled, find_junk, frequent_lines
from detector.rules.junk import junk_of as junk_of_lines
from detector.rules.lines import is_sentence, split_lines
from detector.rules.pages import PAGE_LINE
from detector.rules.places import Places
from detector.rules.rule_tables import load_rules, marked_spans
from detector.settings import Settings
from detector.text.folding import plain

TABLE = load_rules(Settings())
DATA = Path(__file__).parent / "data" / "junk"
BODY = "全镇干群同心协力,完成了全年的目标任务。\n基础设施不断完善,群众生活明显改善。"


def cases(name: str) -> list[object]:
    """The rows of a file of cases."""
    rows = [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]
    return [pytest.param(row, id=f"{number}-{row['label']}") for number, row in enumerate(rows, 1)]


def junk_of(text: str) -> list[Hit]:
    return find_junk(text, plain(text), TABLE)


def check(row: dict[str, str]) -> None:
    text, wanted = marked_spans(row["text"])
    found = junk_of(text)
    assert [(hit.start, hit.end) for hit in found] == wanted, f"{row['comment']}: {[hit.rule for hit in found]}"


@pytest.mark.parametrize("row", cases("junk.jsonl"))
def test_junk(row: dict[str, str]) -> None:
    assert "⟦" in row["text"]
    check(row)


@pytest.mark.parametrize("row", cases("content.jsonl"))
def test_content_stays(row: dict[str, str]) -> None:
    assert "⟦" not in row["text"]
    check(row)


@pytest.mark.xfail(strict=True, reason="known failure; the comment of the case says why")
@pytest.mark.parametrize("row", cases("known_failures.jsonl"))
def test_known_failures(row: dict[str, str]) -> None:
    check(row)


HELD_OUT_PRECISION = 0.99
HELD_OUT_RECALL = 0.93
"""Shares of characters that the rules reach on cases written before them; they only go up."""


def characters(spans: list[Hit] | list[Span], text: str) -> set[int]:
    """The places of the non-blank characters of some spans."""
    return {at for span in spans for at in range(span.start, span.end) if not text[at].isspace()}


def test_rules_know_phenomena_that_they_were_not_written_for() -> None:
    found, wanted = set(), set()
    for number, case in enumerate(tomllib.loads((DATA / "held_out.toml").read_text("utf-8"))["case"]):
        text, spans = marked_spans(case["text"])
        found |= {(number, at) for at in characters(junk_of(text), text)}
        wanted |= {(number, at) for at in characters(spans, text)}
    assert len(found & wanted) >= HELD_OUT_PRECISION * len(found)
    assert len(found & wanted) >= HELD_OUT_RECALL * len(wanted)


def test_a_finding_names_its_rule() -> None:
    text = "现在位置:首页>总结\n" + BODY + "\n相关文章:\n镇工作总结"
    assert [hit.rule for hit in junk_of(text)] == [
        "junk.breadcrumb_label",
        "junk.related_heading",
        "junk.related_item",
    ]


def test_all_line_ends_separate_lines() -> None:
    for end in ("\n", "\r\n", "\r", "\u2028", "\x85"):
        text = f"  返回顶部 {end}{end}{BODY}"
        assert [(hit.start, hit.end) for hit in junk_of(text)] == [(2, 6)], repr(end)


def test_blank_lines_are_seen_whatever_ends_them() -> None:
    assert split_lines("a\n\nb\nc").after_blank == [False, True, False]
    assert split_lines("a\r\n\r\nb\r\nc").after_blank == [False, True, False]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("全镇干群同心协力,稳步前行。", True),
        ("The council approved the budget on Monday.", True),
        ("关于我们 | 联系我们 | 网站地图", False),
        ("好的。", False),
        ("Read more.", False),
        ("", False),
    ],
)
def test_sentences_are_told_from_labels(line: str, expected: bool) -> None:
    assert is_sentence(line) is expected


def frequent(documents: list[str], families: list[int] | None = None, series: str | None = "a.cn") -> list[list[Hit]]:
    return frequent_lines(
        [plain(text) for text in documents],
        families=families or list(range(len(documents))),
        series=[series] * len(documents),
    )


def test_frequent_lines_of_a_series_are_junk() -> None:
    documents = [
        f"小城故事网 第{number}期\n{chr(0x4E00 + number)}\n{BODY}\n编后语小栏目" for number in range(MIN_FREQUENT)
    ]
    for text, hits in zip(documents, frequent(documents), strict=True):
        lines = text.split("\n")
        assert [text[hit.start : hit.end] for hit in hits] == [lines[0], lines[-1]]
        assert {hit.rule for hit in hits} == {FREQUENT}
        assert hits[0].evidence == {"n_families": MIN_FREQUENT, "n_families_of_series": MIN_FREQUENT}


def test_frequency_counts_families_not_documents() -> None:
    documents = [f"小城故事网\n{BODY}"] * 20
    assert not any(frequent(documents, families=[0] * 20))
    assert not any(frequent(documents, families=[number % (MIN_FREQUENT - 1) for number in range(20)]))
    assert all(frequent(documents, families=[number % MIN_FREQUENT for number in range(20)]))


def test_frequency_needs_a_series() -> None:
    documents = [f"小城故事网\n{BODY}" for _ in range(20)]
    assert not any(frequent(documents, series=None))


def test_frequency_never_takes_a_whole_document_a_sentence_or_a_heading() -> None:
    assert not any(frequent(["小城故事网"] * 20))
    sentence = "全镇干群同心协力,各项工作取得了成绩。"
    for line in (
        sentence,
        "一、主要工作",
        "第一条 总则",
        "地点:长沙",
        "2020年3月5日",
        "2020-03-05",
        "二〇二〇年三月五日",
    ):
        assert not any(frequent([f"{line}\n{BODY}" for _ in range(20)])), line
    for line in ("2020年政府工作报告", "镇人民政府", "各位代表", "Annual Report"):
        assert not any(frequent([f"{line}\n{BODY}" for _ in range(20)])), line


def test_frequency_needs_a_share_of_a_large_series() -> None:
    documents = [f"小城故事网\n{BODY}" if number < 10 else f"{chr(0x4E00 + number)}\n{BODY}" for number in range(100)]
    assert not any(frequent(documents))


def test_frequency_does_not_depend_on_the_order_of_documents() -> None:
    documents = [f"小城故事网\n{BODY}\n{chr(0x4E00 + number)}" for number in range(9)]
    forward = frequent(documents)
    backward = frequent(documents[::-1], families=list(range(9))[::-1])
    assert forward == backward[::-1]


pieces = st.sampled_from(
    [
        "\n", "\r\n", "\n\n", " ", "\u3000", "\x00", "\ud800", "首页", "登录", "相关文章:", "返回顶部", "• 项目03-05",
        "标题", "上一篇：无", "(www.a.com)", "。", "&nbsp;", "© 2020 A", "44722", "| abc", "一、工作", "The end.",
        BODY, "x" * 90,
    ]
)  # fmt: skip


@given(st.lists(pieces, max_size=40).map("".join))
def test_junk_is_sorted_separate_and_never_blank(text: str) -> None:
    end = 0
    for hit in junk_of(text):
        assert end <= hit.start < hit.end <= len(text)
        found = plain(text)[hit.start : hit.end]
        assert found == found.strip()
        assert hit.kind == "junk"
        end = hit.end


def test_a_huge_line_and_many_lines_are_cheap() -> None:
    assert junk_of("首页>" * 100_000) == []
    assert len(junk_of("返回顶部\n" * 20_000)) == 20_000


def n_characters(text: str, spans: list[tuple[int, int]]) -> set[int]:
    """The places of the non-blank characters of some spans."""
    return {at for start, end in spans for at in range(start, end) if not text[at].isspace()}


def test_real_documents(shared: Path) -> None:
    right = wrong = missed = 0
    for line in (shared / "gold" / "seeds.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        text = (shared / row["file"]).read_bytes().decode("utf-8")
        wanted = n_characters(text, [(span["start"], span["end"]) for span in row["spans"] if span["kind"] == "junk"])
        found = n_characters(text, [(hit.start, hit.end) for hit in junk_of(text)])
        right, wrong, missed = right + len(wanted & found), wrong + len(found - wanted), missed + len(wanted - found)
    assert 2 * right / (2 * right + wrong + missed) == 1.0


@pytest.mark.parametrize("corpus", ["zh_gov_national_2024_2026", "zh_gongwen_templates", "en_textreuse"])
def test_almost_nothing_of_clean_text_is_junk(shared: Path, corpus: str) -> None:
    path = shared / "corpora" / corpus / "docs.jsonl"
    if not path.is_file():
        pytest.skip(f"not here: {path}")
    n_all = n_junk = 0
    for line in path.read_text("utf-8").splitlines():
        text = json.loads(line)["text"]
        n_all += len(text)
        n_junk += sum(hit.end - hit.start for hit in junk_of(text))
    assert n_junk < 0.001 * n_all


@pytest.mark.parametrize("corpus", ["zh_webpages_dev", "en_aeb"])
def test_content_of_web_pages_stays(shared: Path, corpus: str) -> None:
    folder = shared / "corpora" / corpus
    if not (folder / "gold_lines.jsonl").is_file():
        pytest.skip(f"not here: {folder}")
    texts = {row["id"]: row["text"] for row in map(json.loads, (folder / "docs.jsonl").read_text("utf-8").splitlines())}
    n_content = n_lost = 0
    for row in map(json.loads, (folder / "gold_lines.jsonl").read_text("utf-8").splitlines()):
        if row.get("gold_coverage", 1.0) < 0.9:
            continue
        text = texts[row["id"]]
        hits = [hit for hit in junk_of(text) if hit.rule != PAGE_LINE]  # tests/test_pages.py has those
        junk = n_characters(text, [(hit.start, hit.end) for hit in hits])
        start = 0
        for line, label in zip(text.split("\n"), row["labels"], strict=True):
            if label == "c":
                content = n_characters(text, [(start, start + len(line))])
                n_content, n_lost = n_content + len(content), n_lost + len(content & junk)
            start += len(line) + 1
    assert n_content > 0
    assert n_lost < 0.005 * n_content


def test_no_place_beside_junk_and_no_model_takes_a_line_of_the_document_itself() -> None:
    guards = TABLE.select(("content",), "line")
    assert guards and all(not guard.triggers for guard in guards)
    free = load_rules(Settings(disable_rules=tuple(guard.name for guard in guards)))
    tail = "相关阅读:\n某镇工作总结\n本报记者 王小山\n某村工作总结"
    text = f"{BODY}\n{tail}"
    taken = {text[hit.start : hit.end] for hit in find_junk(text, plain(text), free)}
    kept = {text[hit.start : hit.end] for hit in junk_of(text)}
    assert "本报记者 王小山" in taken - kept and "某镇工作总结" in kept


@pytest.mark.parametrize("guarded", ["本报记者 王小山", "By Ann Hill, arts correspondent"])
def test_what_stands_above_a_byline_is_a_title_for_the_model_of_pages(guarded: str) -> None:
    lines = split_lines(plain(f"石桥\n{guarded}\n{BODY}"))
    said = {at: Modelled(PAGE_LINE, 3.0) for at in range(2)}
    places = Places(lines.plain)
    assert junk_of_lines(places, [], lines, {}, TABLE, said) == []
    assert len(junk_of_lines(places, [], split_lines(plain(f"石桥\n新闻\n{BODY}")), {}, TABLE, said)) == 2


def test_what_stands_above_the_date_below_a_text_is_a_signature_for_the_model_of_frames() -> None:
    body = "\n".join(BODY.split("\n") * 6)
    said = {12: Modelled(SITE_FRAME, 3.0, 1.0)}
    signed, listed = f"{body}\n某县融媒体中心\n2021年5月6日", f"{body}\n某县融媒体中心\n下载"
    assert junk_of_lines(Places(plain(signed)), [], split_lines(plain(signed)), {}, TABLE, said) == []
    assert len(junk_of_lines(Places(plain(listed)), [], split_lines(plain(listed)), {}, TABLE, said)) == 1


def test_the_name_of_a_site_behind_a_title_is_junk_in_the_first_two_lines_only() -> None:
    text = "首页 > 新闻 > 正文\n浮桥今日拆除_小城晚报网\n" + BODY
    assert "_小城晚报网" in {text[hit.start : hit.end] for hit in junk_of(text)}
    low = f"{BODY}\n浮桥今日拆除_小城晚报网\n{BODY}"
    assert "_小城晚报网" not in {low[hit.start : hit.end] for hit in junk_of(low)}
