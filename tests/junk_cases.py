"""Whole documents with what sites left in them, and how the rules do on them, by characters that are not blank.

Nobody has read ``junk_ninth_blind.jsonl``, and nothing is fitted to it: its figures are those to believe.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from detector.rules.junk import find_junk
from detector.rules.rule_tables import RuleTable
from detector.text.folding import plain

FOLDER = Path(__file__).parent / "data" / "hard"


class JunkCase(NamedTuple):
    """A document; ``wanted`` are the places of the junk characters that are not blank, ``visible`` of all such."""

    name: str
    text: str
    wanted: frozenset[int]
    visible: frozenset[int]


class JunkFigures(NamedTuple):
    """``precision`` and ``recall`` over all characters, ``macro_recall`` the mean over documents with junk, ``lost``
    the mean over documents of the share of content that is called junk."""

    precision: float
    recall: float
    macro_recall: float
    lost: float


def junk_cases(name: str) -> Iterator[JunkCase]:
    """The documents of one file."""
    for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        visible = frozenset(at for at, character in enumerate(row["text"]) if not character.isspace())
        yield JunkCase(row["id"], row["text"], _places(row["junk"]) & visible, visible)


def found_junk(case: JunkCase, table: RuleTable) -> frozenset[int]:
    """What is found in a document."""
    hits = find_junk(case.text, plain(case.text), table)
    return _places([[hit.start, hit.end] for hit in hits]) & case.visible


def junk_figures(name: str, table: RuleTable) -> JunkFigures:
    """The figures over the documents of one file."""
    n_right = n_found = n_wanted = 0
    recalls, losses = [], []
    for case in junk_cases(name):
        found = found_junk(case, table)
        right = len(found & case.wanted)
        n_right, n_found, n_wanted = n_right + right, n_found + len(found), n_wanted + len(case.wanted)
        if case.wanted:
            recalls.append(right / len(case.wanted))
        losses.append(len(found - case.wanted) / max(len(case.visible - case.wanted), 1))
    return JunkFigures(
        n_right / max(n_found, 1), n_right / max(n_wanted, 1), sum(recalls) / len(recalls), sum(losses) / len(losses)
    )


def _places(spans: list[list[int]]) -> frozenset[int]:
    return frozenset(at for start, end in spans for at in range(start, end))
