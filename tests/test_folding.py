"""Folding over every code point, and on any text."""

from __future__ import annotations

import unicodedata
from importlib import resources
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import LINE_BREAKS, class_of

from detector.text.folding import (
    DIGIT,
    EXTENDER,
    LETTER,
    LINE_BREAK,
    N_CODE_POINTS,
    SEPARATOR,
    SINGLE,
    SPACE,
    character_table,
    code_points,
    fold,
    from_code_points,
    plain,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))
TABLE_LINES = resources.files("detector").joinpath("data/characters.tsv").read_text("utf-8").splitlines()


def test_table_is_total() -> None:
    table = character_table()
    assert all(len(column) == N_CODE_POINTS for column in table)
    assert int(table.plain.max()) < N_CODE_POINTS
    assert set(np.unique(table.classes)) == {SEPARATOR, SINGLE, LETTER, DIGIT, EXTENDER, LINE_BREAK}


def test_table_cannot_be_changed() -> None:
    for column in character_table():
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0


@pytest.mark.parametrize("form", ["plain", "folded"])
def test_idempotent_over_all_code_points(form: str) -> None:
    column = getattr(character_table(), form)
    assert np.array_equal(column[column], column)


def test_folding_keeps_the_class_of_what_is_no_separator() -> None:
    table = character_table()
    separates = np.isin(table.classes, (SEPARATOR, LINE_BREAK))
    assert (table.folded[separates] == SPACE).all()
    assert np.array_equal(table.folded[~separates], table.plain[~separates])
    assert np.array_equal(table.classes[table.plain], table.classes)


def test_folded_is_a_function_of_plain() -> None:
    table = character_table()
    assert np.array_equal(table.folded[table.plain], table.folded)


def test_surrogates_stand_for_themselves_and_separate() -> None:
    table, surrogates = character_table(), np.arange(0xD800, 0xE000)
    assert np.array_equal(table.plain[surrogates], surrogates)
    assert (table.classes[surrogates] == SEPARATOR).all()


def test_only_line_breaks_are_line_breaks() -> None:
    breaks = np.flatnonzero(character_table().classes == LINE_BREAK)
    assert {chr(point) for point in breaks} == set(LINE_BREAKS)


def test_classes_follow_unicode() -> None:
    if unicodedata.unidata_version != header()["unicode"]:
        pytest.skip(f"the table is of Unicode {header()['unicode']}, this Python has {unicodedata.unidata_version}")
    plains = from_code_points(character_table().plain)
    classes = [class_of(char) for char in plains]
    wrong = [hex(point) for point in np.flatnonzero(character_table().classes != classes)]
    assert not wrong, wrong[:20]


def header() -> dict[str, str]:
    """Name and version of what the second line of the table says it was made with."""
    return dict(item.split(" ", 1) for item in TABLE_LINES[1].removeprefix("# ").split("; "))  # type: ignore[misc]


def test_table_names_its_generator_and_versions() -> None:
    assert TABLE_LINES[0] == "# written by scripts/make_characters.py; do not edit"
    assert set(header()) == {"unicode", "opencc", "python"}
    assert sum(line.startswith("#") for line in TABLE_LINES) == 3


def test_table_rows_are_in_order_and_say_something() -> None:
    runs = [tuple(int(cell, 16) for cell in line.split("\t")[1:]) for line in TABLE_LINES if line.startswith("c\t")]
    pairs = [tuple(int(cell, 16) for cell in line.split("\t")[1:]) for line in TABLE_LINES if line.startswith("p\t")]
    assert len(runs) + len(pairs) + 3 == len(TABLE_LINES)
    assert all(before[1] < after[0] for before, after in pairwise(runs))
    assert all(first <= last and SEPARATOR < name <= LINE_BREAK for first, last, name in runs)
    assert all(before[0] < after[0] for before, after in pairwise(pairs))
    assert all(point != to for point, to in pairs)


def test_compatibility_forms_are_plain_where_they_are_one_code_point() -> None:
    longer, shorter = [], []
    to = character_table().plain.tolist()
    for point in range(0x20, N_CODE_POINTS):
        char = chr(point)
        normal = unicodedata.normalize("NFKC", char)
        if len(normal) == 1 and to[point] != to[ord(normal)]:
            shorter.append(hex(point))
        if len(normal) > 1 and unicodedata.category(char)[0] != "L" and to[point] != point and char.lower() == char:
            longer.append(hex(point))
    assert not shorter, shorter[:20]
    assert not longer, longer[:20]


@given(ANY_TEXT)
def test_any_text_keeps_its_length(text: str) -> None:
    assert from_code_points(code_points(text)) == text
    assert len(plain(text)) == len(fold(text)) == len(text)
    assert plain(plain(text)) == plain(text)
    assert fold(fold(text)) == fold(plain(text)) == fold(text)


@given(ANY_TEXT, ANY_TEXT)
def test_each_code_point_folds_alone(left: str, right: str) -> None:
    # "\ud800" + "\udc00" stay two code points: Python joins no surrogates
    assert plain(left + right) == plain(left) + plain(right)
    assert fold(left + right) == fold(left) + fold(right)


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("國務院總理", "国务院总理"),
        ("習近平新時代中國特色社會主義思想為指導", "习近平新时代中国特色社会主义思想为指导"),
        ("臺灣與台灣", "台湾与台湾"),
        ("發展經濟，髮型", "发展经济,发型"),
        ("顯著 著名 沿著", "显着 着名 沿着"),
        ("裡面 裏面", "里面 里面"),
        ("羣眾 群衆", "群众 群众"),
        ("啟動 啓動", "启动 启动"),
        ("户口 戶口 戸口", "户口 户口 户口"),
        ("爲 為", "为 为"),
        ("乾淨 幹部 干涉", "干净 干部 干涉"),
        ("祇有", "只有"),
        ("瞭解", "了解"),
        ("製造 麵粉 關係 複習 曆法 雜誌 嘗試 嚐", "制造 面粉 关系 复习 历法 杂志 尝试 尝"),
    ],
)
def test_traditional_is_simplified(traditional: str, simplified: str) -> None:
    assert plain(traditional) == simplified
    assert plain(simplified) == simplified


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("ＡＢＣ１２３", "abc123"),
        ("（一）", "(一)"),
        ("，：；！？．", ",:;!?."),
        ("ｱｲｳ", "アイウ"),
        ("①②³", "123"),
        ("Ⅹ", "x"),
        ("\N{IDEOGRAPHIC SPACE}\N{NO-BREAK SPACE}\t", "   "),
        ("⼀⽂", "一文"),
        ("ÀÉ", "àé"),
        ("\N{KELVIN SIGN}", "k"),
        ("٣४", "34"),
        ("㈠½㍿", "㈠½㍿"),
        ("İ", "İ"),
        ("\n\r\N{LINE SEPARATOR}", "\n\r\N{LINE SEPARATOR}"),
    ],
)
def test_plain_forms(written: str, expected: str) -> None:
    assert plain(written) == expected


@pytest.mark.parametrize(
    "separator",
    [
        *" \t\0\x1b。，、“”《—…·$%+＋℃_-'□○×😀\n\x85",
        *"\ufeff\u200b\u200d\ud800\udfff\ue000\ufffd\u2028",
        *"\N{SOFT HYPHEN}\N{VARIATION SELECTOR-16}\N{RIGHT SINGLE QUOTATION MARK}",
    ],
)
def test_separators_fold_to_one_space(separator: str) -> None:
    assert fold(separator) == " "
