"""Junk of whole documents: floors under what is found of it, and a ceiling over the content that is lost."""

from __future__ import annotations

import tomllib

import pytest
from junk_cases import FOLDER, found_junk, junk_cases, junk_figures

from detector.rules.rule_tables import load_rules
from detector.settings import Settings

TABLE = load_rules(Settings())
FLOORS = tomllib.loads((FOLDER / "junk_floors.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", FLOORS)
def test_figures_do_not_fall(name: str) -> None:
    found, floors = junk_figures(name, TABLE), FLOORS[name]
    assert found.precision >= floors["precision"], found
    assert found.recall >= floors["recall"], found
    assert found.macro_recall >= floors["macro_recall"], found
    assert found.lost <= floors["lost"], found


def test_what_is_found_is_counted_by_characters_that_are_no_blanks() -> None:
    case = next(case for case in junk_cases("junk_fourth") if case.wanted)
    found = found_junk(case, TABLE)
    assert found and not any(case.text[at].isspace() for at in found | case.wanted)
