"""Documents with what sites left in them: floors under what the rules find, and that they eat no content."""

from __future__ import annotations

import tomllib

import pytest
from junk_cases import FOLDER, counts, macro, micro, pages

from detector.rules import load_rules
from detector.settings import Settings

TABLE = load_rules(Settings())
FLOORS = tomllib.loads((FOLDER / "junk_floors.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_figures_do_not_fall(name: str) -> None:
    by_page = [counts(page, TABLE) for page in pages(name)]
    for kind, figures in (("micro", micro(by_page)), ("macro", macro(by_page))):
        for figure, floor in FLOORS[name][kind].items():
            assert getattr(figures, figure) >= floor, (kind, figures)
    assert micro(by_page).eaten <= FLOORS[name]["eaten"]


def test_clean_documents_stay_whole() -> None:
    clean = [page for page in pages("junk_fourth") if not page.junk]
    assert len(clean) >= 8
    assert [page.name for page in clean if counts(page, TABLE).n_found] == []


def test_figures_of_nothing_and_of_everything() -> None:
    from junk_cases import Counts

    assert (Counts(0, 0, 0, 9).precision, Counts(0, 0, 0, 9).recall, Counts(0, 0, 0, 9).f1) == (1.0, 1.0, 1.0)
    assert (Counts(4, 8, 4, 16).precision, Counts(4, 8, 4, 16).recall, Counts(4, 8, 4, 16).eaten) == (0.5, 1.0, 4 / 12)
    assert Counts(4, 4, 0, 8).f1 == 0.0
