"""Names of sites that junk gives away, and the numbered sections that a document keeps against the model of pages."""

from __future__ import annotations

import pytest

from detector.machine.workspace import Workspace
from detector.model import Document
from detector.pipeline import scan
from detector.rules.junk import find_junk
from detector.rules.lines import split_lines
from detector.rules.rule_tables import load_rules
from detector.rules.sections import (
    LEAST_SECTIONS,
    annex_lines,
    number_of,
    section_lines,
    signatures,
    signed_dates,
    titles,
)
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
STAMPS = [
    "[柳梢斋]",
    "|柳梢斋|",
    "※柳梢斋※",
    "{柳梢斋}",
    "柳·梢·斋",
    "【柳梢斋独家整理】",
    "[柳 梢 斋]",
    "（柳梢斋编号k7m2）",
    "[-找总结，就到柳梢斋-]",
]


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
    "content",
    [
        "艾·丽·丝",
        "|柳 梢|",
        "[柳梢斋记者王小山]",
        "（以下简称柳梢斋）",
        "[豆腐坊]",
        "【案例】",
        "[注]",
        "（柳梢）",
        "[12]",
    ],
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


SECTIONS = "\n\n".join(
    f"{number}. Roads and walls\n\nThe council mended the road before winter.\n" for number in range(1, 6)
)
ANNEXES = """Annex A \N{EM DASH} Grounds

(a) cost out of proportion; (b) harm to the mill.

Appendix 2: Self-assessment

1. Is there a door?  [ ] yes
2. Is the chair mended?  [ ] yes

Approved by: ______________

Questions about this policy go to the Clerk, second floor."""


def test_annexes_and_forms_below_the_last_section_are_the_documents() -> None:
    text = f"{SECTIONS}\n\n{ANNEXES}\n\nOther policies\n\nAnnex B of another text"
    lines = split_lines(plain(text))
    every = range(len(lines))
    own = {lines.text(at) for at in annex_lines(lines, section_lines(lines, ()), every, ())}
    assert own == {line for line in plain(ANNEXES).split("\n") if line}
    assert annex_lines(lines, (), every, ()) == set()
    listed = split_lines(plain(f"{SECTIONS}\n\nAnnex A.pdf\nAnnex 2: download"))
    assert annex_lines(listed, section_lines(listed, ()), range(len(listed)), ()) == set()


def test_the_one_title_above_the_text_is_the_documents() -> None:
    lines = split_lines(plain("首页\n某局2021年工作总结\n时间：2021年\n" + BODY))
    named = {1}
    assert titles(lines, {0, 1, 2}, named.__contains__) == {1}
    assert titles(lines, {0, 1, 2}, {0, 1}.__contains__) == set()  # a list
    assert titles(split_lines("a\nb"), set(), named.__contains__) == set()


def test_an_office_signs_above_the_date_of_a_day() -> None:
    lines = split_lines(plain(BODY * 2 + "柳河镇人民政府\n\n2020年12月3日\n某某办公室\n2020年11月"))
    assert signatures(lines, {5, 7}, {4, 5, 6, 7}, (), {4, 6}.__contains__) == {4, 5}
    assert signatures(lines, {5}, {4, 5}, {4}, {4}.__contains__) == set()
    assert signatures(lines, {5}, {4, 5}, (), set().__contains__) == set()


REPORT_PAGE = """首页 > 公开 > 总结
{title}
[ 更新:2021-12-25 | 作者:佚名 | 人气:863 | 打印本文 | 关闭窗口 ]
{body}
{signed}
用手机扫描二维码浏览本页
上一条：柳河镇2020年度年报
24小时热门排行
1 述职报告2021最新版 (3.2万)
2 批评意见100条 (2.7万)
3 会议记录模板 (1.9万)"""


@pytest.mark.parametrize(
    "title", ["柳河镇2021年工作总结和2022年工作要点", "河口街道党工委2021年党建工作总结", "县民政局上半年工作小结"]
)
def test_title_and_signature_of_a_report_in_a_page_are_content(title: str) -> None:
    signed = "柳河镇人民政府\n2021年12月20日"
    text = REPORT_PAGE.format(title=title, body=BODY * 3, signed=signed)
    found = [text[hit.start : hit.end] for hit in find_junk(text, plain(text), TABLE)]
    assert not set(found) & {title, *signed.split("\n")}
    assert any("热门排行" in line for line in found)


def test_a_title_has_its_office_above_and_its_day_and_speaker_below() -> None:
    title = "柳河镇人民政府\n2021年工作总结\n（2021年12月20日）\n镇长　李　河"
    text = REPORT_PAGE.format(title=title, body=BODY * 3, signed="")
    found = {text[hit.start : hit.end] for hit in find_junk(text, plain(text), TABLE)}
    assert not found & set(title.split("\n"))


def test_sections_may_skip_a_number() -> None:
    text = "\n".join(f"{number}. Roads\nThe council mended the road before winter.\n" for number in (1, 2, 4, 5, 7))
    lines = split_lines(plain(text))
    assert sum(lines.text(at)[0].isdigit() for at in section_lines(lines, ())) == 5
