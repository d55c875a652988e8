"""Text made safe for drawing, and cut to cells."""

from __future__ import annotations

import unicodedata

import pytest
from corpora import timeless
from hypothesis import given
from hypothesis import strategies as st
from report_samples import NASTY
from rich.cells import cell_len

from detector.report.shown import clipped, rows, shortened, shown, widths

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=80) | st.text(
    st.sampled_from("漢字ab ，。（）\u200b\ufe0f❤\u0301👩\u200d\n\x1b😀"), max_size=80
)


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("\x1b[31m", "␛[31m"),
        ("a\x00b\x7f", "a␀b▯"),
        ("\x9b2J", "▯2J"),
        ("\u202eabc\u202c", "▯abc▯"),
        ("a\u200bb\ufeff", "a▯b▯"),
        ("\ud83d\udc00", "\ufffd\ufffd"),
        ("a\tb\u00a0c\u3000d", "a b c\u3000d"),
        ("a\nb\r", "a↵b␍"),
        ("\u2028\u2029\x85", "▯▯▯"),
        ("\u3164\u115f", "▯▯"),
        ("[red]漢字[/]", "[red]漢字[/]"),
    ],
)
def test_every_dangerous_character_is_replaced_by_a_visible_one(raw: str, safe: str) -> None:
    assert shown(raw) == safe


def test_line_feeds_stay_where_lines_are_drawn() -> None:
    assert shown("a\n\x1bb", lines=True) == "a\n␛b"


@given(ANY_TEXT)
def test_shown_keeps_every_offset_and_can_be_written_anywhere(text: str) -> None:
    safe = shown(text)
    assert len(safe) == len(text)
    assert shown(safe) == safe
    safe.encode("utf-8")
    assert not {unicodedata.category(char) for char in safe} & {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}


def test_the_nasty_sample_holds_what_it_is_for() -> None:
    assert {unicodedata.category(char) for char in NASTY} >= {"Cc", "Cf", "Cs", "Zl", "Zp", "Mn"}


@given(ANY_TEXT, st.integers(2, 20))
def test_rows_hold_the_whole_text_and_never_exceed_the_width(text: str, width: int) -> None:
    safe = shown(text)
    found = rows(safe, width)
    assert "".join(safe[row.start : row.end] for row in found) == safe
    assert all(cell_len(safe[row.start : row.end]) <= width for row in found)


@given(ANY_TEXT, st.integers(0, 20))
def test_cut_texts_fit(text: str, width: int) -> None:
    safe = shown(text)
    for cut in (clipped(safe, width), shortened(safe, width)):
        assert sum(widths(cut)) <= width
        assert cut == safe or len(cut) <= max(width, len(safe))


def test_ids_are_cut_in_the_middle() -> None:
    assert shortened("reports/2020/town-0001.txt", 15) == "reports…001.txt"
    assert shortened("政府工作报告全文", 9) == "政府…全文"
    assert shortened("short", 15) == "short"


def test_rows_do_not_begin_with_closing_punctuation() -> None:
    text = "一二三四，五六七八。"
    assert [text[row.start : row.end] for row in rows(text, 8)] == ["一二三", "四，五六", "七八。"]
    text = "such as .txt"
    assert [text[row.start : row.end] for row in rows(text, 9)] == ["such as ", ".txt"]


@timeless
@given(st.text(st.sampled_from("a汉\n\r\t\u3000\u3164\u200b\ud800 ") | st.characters(codec=None), max_size=12))
def test_a_text_is_shown_character_by_character(text: str) -> None:
    assert shown(text) == "".join(map(shown, text))
    assert shown(text, lines=True) == "".join(char if char == "\n" else shown(char) for char in text)
