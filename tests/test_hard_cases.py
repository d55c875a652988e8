"""Hard cases: floors under precision and recall, for the half that was looked at and the half that was set aside."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hard_cases import FOLDER, cases, figures

from detector.rules.rule_tables import load_rules
from detector.settings import Settings

TABLE = load_rules(Settings())
FLOORS = tomllib.loads((Path(__file__).parent / "data" / "hard" / "floors.toml").read_text("utf-8"))


@pytest.mark.parametrize(("name", "kind"), sorted((name, kind) for name, kinds in FLOORS.items() for kind in kinds))
def test_figures_do_not_fall(name: str, kind: str) -> None:
    found = figures(name, kind, TABLE)
    assert found.precision >= FLOORS[name][kind]["precision"], found
    assert found.recall >= FLOORS[name][kind]["recall"], found


def test_there_are_enough_cases_of_each_kind_and_none_is_in_both_halves() -> None:
    halves = {name: list(cases(name)) for name in ("seen", "set_aside")}
    texts = [case.text for half in halves.values() for case in half]
    assert len(texts) == len(set(texts)) >= 300
    assert abs(len(halves["seen"]) - len(halves["set_aside"])) <= 1
    for half in halves.values():
        assert sum(not case.wanted for case in half) >= 80, "cases without any mark are the hard ones"
        assert sum(any(span[2] == "masked" for span in case.wanted) for case in half) >= 15
        assert len({case.manner for case in half}) >= 60


def test_every_case_says_what_it_is_about() -> None:
    for path in FOLDER.glob("*.jsonl"):
        if path.name.startswith("junk_"):
            continue
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            assert sorted(row) == ["comment", "label", "manner", "text"]
            assert all(row.values())


def test_junk_of_whole_documents_is_marked_in_order_and_without_blanks_at_the_ends() -> None:
    rows = [json.loads(line) for path in FOLDER.glob("junk_*.jsonl") for line in path.read_text("utf-8").splitlines()]
    assert len({row["id"] for row in rows}) == len({row["text"] for row in rows}) == len(rows) == 372
    for row in rows:
        assert sorted(row) == ["comment", "id", "junk", "manner", "text"]
        assert bool(row["junk"]) != row["comment"].startswith("clean")
        edges = [edge for span in row["junk"] for edge in span]
        assert edges == sorted(edges) and all(0 <= edge <= len(row["text"]) for edge in edges)
        for start, end in row["junk"]:
            assert row["text"][start:end].strip() == row["text"][start:end] != ""
