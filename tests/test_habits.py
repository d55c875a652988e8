"""Whatever mark an author leaves in all figures or names of a report, on a list or not, is found where it stands."""

from __future__ import annotations

import pytest

from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from tests.habits import count, habits

TABLE = load_rules(Settings())


@pytest.mark.parametrize(("kind", "language"), [("figures", "zh"), ("names", "zh"), ("figures", "en"), ("names", "en")])
def test_most_habits_are_found(kind: str, language: str) -> None:
    row = habits()[kind][language]
    shares = []
    for habit in row["habits"]:
        counted = count(kind, language, habit, TABLE)
        shares.append(counted.n_found / counted.n_blanks)
    assert sum(shares) / len(shares) >= row["floor"]


def test_filled_in_reports_have_no_placeholder() -> None:
    for kind, language, fill in (("figures", "zh", "36"), ("names", "zh", "青云"), ("figures", "en", "36")):
        assert count(kind, language, fill, TABLE)[1:] == (0, 0)
