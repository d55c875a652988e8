"""The page on what can go wrong names tests and cases that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and ".py" in line]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:40])
def test_each_row_names_tests_that_are_there(row: str) -> None:
    cells = re.split(r"(?<!\\)\|", row)[1:-1]
    assert len(cells) == 3
    named = re.findall(r"`(test_\w+)\.py::(test_\w+)`", cells[2])
    assert named
    for module, test in named:
        text = (ROOT / "tests" / f"{module}.py").read_text("utf-8")
        assert re.search(rf"^def {test}\(", text, re.MULTILINE), f"{module}.py has no {test}"
    for case in re.findall(r"`(\w+)`", cells[2]):
        assert f'"{case}": Case(' in (ROOT / "scripts" / "hostile.py").read_text("utf-8")


def test_the_page_has_rows() -> None:
    assert len(ROWS) > 30
