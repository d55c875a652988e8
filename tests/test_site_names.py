"""Names of sites that junk gives away, and the numbered sections that a document keeps against the model of pages."""

from __future__ import annotations

import pytest

from detector.machine.workspace import Workspace
from detector.model import Document
from detector.pipeline import scan
from detector.rules.junk import find_junk
from detector.rules.lines import split_lines
from detector.rules.rule_tables import load_rules
from detector.rules.sections import LEAST_SECTIONS, number_of, section_lines, signed_dates
from detector.rules.site_names import SITE_NAMED
from detector.settings import Settings
from detector.text.folding import plain

TABLE = load_rules(Settings())
BODY = "全镇干群同心协力，各项工作取得了新的成绩，群众生活明显改善。\n道路修到了村口，老人们说这是盼了多年的好事情。\n"
TOLD = [
    "本文来自：柳梢斋，转载请保留出处",
    "© 2015-2020 柳梢斋 版权所有",
    "柳梢斋所有资源均是用户自行上传分享，仅供网友学习交流",
    "当前位置：柳梢斋 > 工作总结 > 乡镇总结",
]
STAMPS = ["[柳梢斋]", "【柳梢斋独家整理】", "[柳 梢 斋]", "（柳梢斋编号k7m2）", "[-找总结，就到柳梢斋-]"]


def stamped(text: str) -> list[str]:
    """The brackets that are found by a name."""
    hits = find_junk(text, plain(text), TABLE)
    assert all(
        hit.evidence and not hit.start <= hit.evidence["told_at"] < hit.end for hit in hits if hit.rule == SITE_NAMED
    )
    return [text[hit.start : hit.end] for hit in hits if hit.rule == SITE_NAMED]


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("stamp", STAMPS)
def test_a_name_that_junk_tells_is_found_in_brackets(told: str, stamp: str) -> None:
    text = f"{told}\n{BODY}全年修渠八条{stamp}，栽树千棵。\n{BODY}"
    assert stamped(text) == [stamp]
    assert stamped(text.replace(told, "镇工作总结")) == []


@pytest.mark.parametrize(
    "content", ["[柳梢斋记者王小山]", "（以下简称柳梢斋）", "[豆腐坊]", "【案例】", "[注]", "（柳梢）", "[12]"]
)
def test_other_brackets_are_content(content: str) -> None:
    assert stamped(f"{TOLD[0]}\n{BODY}全年修渠八条{content}，栽树千棵。\n{BODY}") == []


def test_a_text_that_speaks_of_the_site_has_no_stamp_of_it() -> None:
    text = f"{BODY}客户都在柳梢斋订货，平台[柳梢斋]全年成交九千笔。\n{BODY}{TOLD[1]}"
    assert stamped(text) == []


def test_an_english_name_needs_a_word_of_previews() -> None:
    text = "Download as PDF or read online on MossLedger\n" + "The barn stood dry for the first time {} that year. " * 3
    assert stamped(text.format("[MossLedger preview]", "", "")) == ["[MossLedger preview]"]
    assert stamped(text.format("[MossLedger]", "", "")) == []


def test_a_scan_finds_the_same() -> None:
    texts = [f"{told}\n{BODY}全年修渠八条{stamp}，栽树千棵。\n{BODY}" for told in TOLD for stamp in STAMPS]
    texts += [f"{BODY}全年修渠八条{stamp}，栽树千棵。\n{BODY}" for stamp in STAMPS]
    with Workspace(workers=1) as work:
        result = scan([Document(f"{at:02}", text) for at, text in enumerate(texts)], work=work)
    found = {
        f"{at:02}": [(hit.start, hit.end, hit.rule) for hit in find_junk(text, plain(text), TABLE)]
        for at, text in enumerate(texts)
    }
    by_scan: dict[str, list[tuple[int, int, str]]] = {doc: [] for doc in found}
    for item in result.findings:
        if item.kind == "junk":
            by_scan[item.doc].append((item.start, item.end, str(item.rule)))
    assert by_scan == found


def test_sections_count_on_with_sentences_between_them() -> None:
    sections = [f"{number}. Roads and walls\n\nThe council mended the road before winter." for number in range(1, 5)]
    lines = split_lines(
        plain("\n\n".join([*sections[:-1], "4. Whom to ask\n\nThe Clerk, Mill Street\nTelephone: 555 0100"]))
    )
    own = {lines.text(at) for at in section_lines(lines, ())}
    assert own >= {"1. roads and walls", "4. whom to ask", "the clerk, mill street", "telephone: 555 0100"}
    ranking = split_lines(
        plain("Some sentence of the text stands here.\n" + "\n".join(f"{n}. Old mill" for n in range(1, 9)))
    )
    assert section_lines(ranking, ()) == set()
    assert section_lines(split_lines(plain("\n\n".join(sections[: LEAST_SECTIONS - 1]))), ()) == set()


def test_headings_in_chinese_count_too() -> None:
    text = "".join(f"{number}、抓产业\n\n{BODY}\n" for number in "一二三四五")
    lines = split_lines(plain(text))
    assert [lines.text(at)[0] for at in sorted(section_lines(lines, ())) if "抓产业" in lines.text(at)] == [
        *"一二三四五"
    ]
    assert [number_of(han) for han in ("九", "十一", "三十", "百")] == [9, 11, 30, 0]


def test_a_date_below_a_signature_is_the_documents() -> None:
    lines = split_lines(plain(BODY * 2 + "柳河镇驻村工作队　王小山\n2020年12月\n归档\n2020年11月"))
    assert signed_dates(lines, {5, 7}, {6}) == {5}
    assert signed_dates(lines, {5}, {4}) == set()
