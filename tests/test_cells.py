"""Cells of tables for spreadsheets: no text of a corpus is taken for a formula."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.tables.cells import safe_cell

FORMULAS = (
    "=cmd|' /C calc'!A0", "+1+cmd", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1+1", "\ufeff=1", "\0=1",
    "＝1+1", "＋1+cmd", "－1+cmd", "＠SUM(A1)", "--1", "-", "=", "+1x", "-1\n",
)  # fmt: skip
PLAIN = ("", "a", "乡村振兴", "-12", "+1.5", "-3.5%", "1-2", "a=b", " a", "'=1")


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_become_texts(text: str) -> None:
    assert safe_cell(text) == "'" + text.replace("\0", "\u2400")


@pytest.mark.parametrize("text", PLAIN)
def test_other_cells_stay(text: str) -> None:
    assert safe_cell(text) == text


@given(st.text())
def test_no_cell_begins_a_formula(text: str) -> None:
    first = safe_cell(text).lstrip(" \t\r\n\0\ufeff")[:1]
    assert first not in ("=", "@")
    if first in ("+", "-"):
        float(safe_cell(text).rstrip("%"))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_a_row_comes_back(cells: list[str]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow(map(safe_cell, cells))
    (row,) = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert row == [safe_cell(cell) for cell in cells]
