"""The report and the annotated document on consoles of fixed width."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Literal, cast

import pytest
from report_samples import NASTY, HandMade, empty, hostile, large, sample, single
from rich.cells import cell_len
from rich.console import Console

from detector.errors import ScanError
from detector.pipeline import scan as scan_of
from detector.report.drawing import Frame
from detector.report.explain import render_document
from detector.report.shown import shown
from detector.report.terminal import Written, render

SGR = re.compile(r"\x1b\[[\d;]*m")
SCANS = {"sample": sample, "hostile": hostile, "empty": empty, "single": single}


def drawn(scan: HandMade, width: int, *, colour: bool = False, doc: str | None = None, limit: int = 10) -> str:
    """What a console of that width shows."""
    file = StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=colour,
        color_system="truecolor" if colour else None,
        no_color=not colour,
        legacy_windows=False,
    )
    if doc is None:
        render(scan, console, limit=limit)
    else:
        render_document(scan, doc, console)
    return file.getvalue()


@pytest.mark.parametrize("width", [40, 80, 140])
@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("make", SCANS.values(), ids=SCANS)
def test_no_line_is_wider_than_the_console(make: Callable[[], HandMade], colour: bool, width: int) -> None:
    scan = make()
    pages = [drawn(scan, width, colour=colour)]
    pages += [drawn(scan, width, colour=colour, doc=row.id) for row in scan.documents]
    for page in pages:
        for line in SGR.sub("", page).split("\n"):
            assert cell_len(line) <= width, line


def test_a_line_is_cut_and_not_wrapped() -> None:
    file = StringIO()
    frame = Frame.of(Console(file=file, width=20), 0)
    frame.line("a line of words that", "  is too long")
    frame.title("Title", "whose note goes on below")
    assert file.getvalue() == "a line of words that\n\nTitle  whose note\n       goes on below\n"


@pytest.mark.parametrize("colour", [False, True])
def test_nothing_in_a_document_reaches_the_terminal_as_a_command(colour: bool) -> None:
    scan = hostile()
    for page in [drawn(scan, 100, colour=colour)] + [
        drawn(scan, 100, colour=colour, doc=row.id) for row in scan.documents
    ]:
        assert not re.search(
            r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]", SGR.sub("", page)
        )
        page.encode("utf-8")
        assert "[bold red]" in page or "[/]" in page or "␛[31m" in page


def test_markup_in_names_is_drawn_and_not_obeyed() -> None:
    scan = hostile()
    lines = drawn(scan, 2000).split("\n")
    for doc in scan.texts:
        assert any(shown(doc)[:12] in line and "%" in line for line in lines)
        assert shown(doc)[:40] in drawn(scan, 2000, doc=doc)
    for label in ("copy of ", "read as "):
        assert any(shown(NASTY)[:8] in line for line in lines if label in line.lower())
    assert any("read as" in line and "[bold red]markup[/] [/] " in line for line in lines)


def test_colour_codes_are_only_our_own() -> None:
    plain = drawn(hostile(), 100)
    assert "\x1b" not in plain


@pytest.mark.parametrize("text", ["43.9 %", "qingshi/2019-summary", "«3.62|5.18»亿元", "习近平新时代", "«关键词2»"])
def test_the_report_says_what_was_found(text: str) -> None:
    assert text in drawn(sample(), 80)


def test_every_part_is_readable_without_colour() -> None:
    page = drawn(sample(), 80)
    bar = next(line for line in page.split("\n") if re.search("·{20}", line))
    assert re.search("^·+P+S+R+U+J+$", bar)


def test_parts_that_the_corpus_does_not_have_are_no_rows() -> None:
    page = drawn(single(), 80)
    assert "own" in page
    assert not re.search("phrase|unfilled|junk", page)


def test_small_corpora_say_that_sharing_is_underestimated() -> None:
    assert "sharing is underestimated" in drawn(sample(), 80)
    assert "underestimated" not in drawn(large(1000), 80)
    assert "not seen elsewhere in these 7 documents" in drawn(sample(), 80)


def test_what_a_list_leaves_out_is_counted() -> None:
    page = drawn(sample(), 80, limit=2)
    assert "… 3 more\n" in page  # documents: two with least, one with most, one without text
    assert "… 4 more documents" in page
    assert "… 4 more rules" in page


def test_copies_flags_and_skipped_records_are_named() -> None:
    page = drawn(sample(), 120)
    assert "copy of qingshi/2019-summary" in page
    assert "machine_converted" in page
    assert "qingshi.jsonl:17: not JSON" in page
    assert "1  document without any token" in page


def test_an_empty_scan_says_so() -> None:
    assert "No documents were read." in drawn(empty(), 80)


def test_wide_characters_align_in_the_list_of_documents() -> None:
    lines = drawn(sample(), 80).partition("Documents  ")[2].split("\n")
    rows = [next(line for line in lines if name in line) for name in ("洪山鄉-規劃", "en/harbour-note")]
    places = {cell_len(row[: row.index(name)]) for row, name in zip(rows, ("洪", "en"), strict=True)}
    assert len(places) == 1


def test_a_document_is_annotated_in_place_without_colour() -> None:
    doc = next(row.id for row in sample().documents if row.id.startswith("liulin"))
    page = drawn(sample(), 140, doc=doc)
    assert "«2020年是改革开放41周年»，也是我镇" in page
    assert "[P 在县委、县政府和镇党委的正确领导下]" in page
    assert "[S 全年完成固定资产投资]5.18[S 亿元，同比增长]9.7" in page
    assert "[U 力争全年接待游客«【】»万人次" in page
    assert "also in qingshi/2019-summary at 161, ratio 0.96, 2 families" in page


def test_the_gutter_counts_offsets_of_the_text() -> None:
    scan = sample()
    text = scan.texts["xindian-street"]
    offset = text.index("议定事项")
    assert f"{offset:>4} │ 议定事项" in drawn(scan, 80, doc="xindian-street")


def test_with_colour_parts_are_backgrounds_and_the_text_is_not_changed() -> None:
    console = Console(file=StringIO(), width=140, force_terminal=True, color_system="truecolor", record=True)
    render_document(sample(), "xindian-street", console)
    # Not the codes of the terminal: Rich keeps those that equal styles had on the console that drew them first.
    page = console.export_html(inline_styles=True, clear=False)
    assert "background-color: #d55e00" in page
    assert "会议由某某主持，参加人员：[姓名]、{{name}}。" in console.export_text()


def test_findings_that_say_the_same_are_one_note() -> None:
    scan = sample()
    one = next(item for item in scan.findings if item.kind == "masked")
    twice = replace(scan, findings=(*scan.findings, replace(one, start=one.start + 40, end=one.end + 40)))
    assert "times, also at" not in drawn(scan, 80, doc=one.doc)
    assert f"2 times, also at {one.start + 40}" in drawn(twice, 80, doc=one.doc)


def test_passages_and_repeats_name_the_place_that_has_their_like() -> None:
    scan = sample()
    assert "also in liulin" in drawn(scan, 140, doc="qingshi/2019-summary")
    start = scan.texts["xindian-street"].index("会议指出")
    assert f"again the text at {start}, ratio 1.00" in drawn(scan, 140, doc="xindian-street")


def test_a_shared_text_is_drawn_once_with_both_sides_of_what_differs() -> None:
    scan = large(3)
    page = drawn(scan, 100).partition("Documents  ")[0]
    assert page.count("村全年完成固定资产投资") == 1
    assert "第«0|1»号村" in page
    same = replace(scan, texts=dict.fromkeys(scan.texts, next(iter(scan.texts.values()))))
    assert "«" not in drawn(same, 100)


def test_a_difference_far_into_a_long_passage_is_shown() -> None:
    scan = large(2)
    texts = {
        doc: "春天来了河水涨" * 60 + number
        for doc, number in zip(scan.texts, ("完成17公里", "完成23公里"), strict=True)
    }
    members = tuple(replace(member, end=len(texts[member.doc])) for member in scan.members)
    page = drawn(replace(scan, texts=texts, members=members), 80)
    assert "    春天来了河水涨" in page
    assert " … " in page
    assert "完成«17|23»公里" in page.replace("\n    ", "")


def test_where_long_texts_are_cut_is_no_difference() -> None:
    scan = large(2)
    text = "春天来了河水涨。" * 200
    long = {doc: text + doc for doc in scan.texts}
    long["site/00001"] = "夏" + long["site/00001"][3:]
    members = tuple(replace(member, end=len(long[member.doc])) for member in scan.members)
    page = drawn(replace(scan, texts=long, members=members), 80).partition("Documents  ")[0]
    assert page.count("|") == 2  # in the title and for 夏


def test_an_unknown_document_is_an_error_that_names_near_ones() -> None:
    with pytest.raises(ScanError, match="qingshi/2019-summary"):
        drawn(sample(), 80, doc="qingshi/2019-sumary")
    with pytest.raises(ScanError) as error:
        drawn(hostile(), 80, doc=NASTY)
    assert "\x1b" not in str(error.value)


def test_a_text_that_is_not_at_hand_leaves_the_findings() -> None:
    full = sample()
    scan = HandMade(full.documents, full.findings, full.clusters, full.members, full.phrases, full.summary, {})
    assert "The text is not at hand" in drawn(scan, 80, doc="xindian-street")
    assert "(the text is not at hand)" in drawn(scan, 80)


def test_two_thousand_documents_fit_a_page() -> None:
    scan = large(2000)
    page = drawn(scan, 80)
    assert "… 1,985 more" in page
    assert page.count("\n") < 60


def test_a_shared_text_names_who_left_it_blank() -> None:
    done = "全年共接待群众来访{}批次，办结信访积案{}件，走访慰问困难党员和群众共计{}户。"
    texts = {"a": done.format(128, 46, 57), "b": done.format("X", "XX", 61), "c": done.format(131, 52, "××")}
    page = drawn(cast(HandMade, scan_of(texts)), 100)
    assert "left blank in b · c" in page
    assert "X is 128 in a · 131 in c" in page
    page = drawn(cast(HandMade, scan_of(texts)), 100, doc="b")
    assert "«X» is 128 in a · 131 in c" in page
    assert "«XX» is 46 in a · 52 in c" in page


def test_the_last_section_names_commands_that_can_be_copied() -> None:
    console = Console(file=StringIO(), width=40)
    render(sample(), console, written=Written("reports/my scan", ["seeds"]))
    page = console.file.getvalue()
    assert "detector why 'reports/my scan' qingshi/2019-summary\n" in page
    assert "detector explain 'reports/my scan' --doc xindian-street\n" in page
    assert "detector tune 'reports/my scan'\n" in page
    console = Console(file=StringIO(), width=80)
    render(sample(), console, written=Written(None))
    assert "name a folder with --out" in console.file.getvalue()


def test_a_command_with_what_cannot_be_drawn_is_not_named() -> None:
    console = Console(file=StringIO(), width=80)
    render(hostile(), console, written=Written("out"))
    page = console.file.getvalue().partition("Next  ")[2]
    assert "detector tune out" in page
    assert "detector why" not in page
    assert not re.search("[\x00-\x09\x0b-\x1f]", page)


def test_the_evidence_of_a_blank_speaks_first() -> None:
    scan = sample()
    fills = [{"doc": "other\x1b[31m", "text": "12.6"}, {"doc": "third", "text": "9\n"}, {"text": "no document"}]
    evidence = {"cluster": "block-9", "slot": "slot2", "expected_type": "number", "n_filled": 7, "fills": fills}
    findings = tuple(
        replace(item, evidence={**item.evidence, **evidence}) if item.kind == "placeholder" else item
        for item in scan.findings
    )
    told = replace(scan, findings=findings)
    assert "X is 12.6 in other␛[31m · 9↵ in third" in drawn(told, 100)
    page = drawn(told, 120, doc="xindian-street")
    assert "«X» is 12.6 in other␛[31m · 9↵ in third  block-9, 7 filled it in" in page


@pytest.mark.parametrize(("system", "letters"), [("standard", True), ("256", False), ("truecolor", False)])
def test_in_16_colours_letters_tell_the_parts(system: Literal["standard", "256", "truecolor"], letters: bool) -> None:
    console = Console(file=StringIO(), width=80, force_terminal=True, color_system=system)
    render(sample(), console)
    page = SGR.sub("", cast(StringIO, console.file).getvalue())
    assert bool(re.search("·{20}P+S+R+U+J+", page)) == letters


def test_phrases_within_a_shared_passage_are_not_listed_again() -> None:
    shared = "坚持以人民为中心的发展思想，扎实推进各项工作，确保全年目标任务圆满完成。"
    texts = {name: f"{name}。\n{shared}\n{name * 3}。" for name in ("甲乙丙丁戊", "子丑寅卯辰", "金木水火土")}
    texts["山川湖海河"] = "我们要坚持以人民为中心的发展思想，别的什么都没有。"
    found = scan_of(texts)
    page = drawn(cast(HandMade, found), 100, doc="甲乙丙丁戊")
    assert re.search(r" S passage +坚持以人民为中心", page)
    assert not re.search(r" P phrase +坚持以人民为中心", page)
    assert re.search(r" P phrase +坚持以人民为中心", drawn(cast(HandMade, found), 100, doc="山川湖海河"))
