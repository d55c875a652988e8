"""Hard cases of placeholders and masks: labelled texts in the manner of real sources, and how the rules do on them.

``seen.jsonl`` was looked at while rules were written; nobody who writes rules has seen ``blind.jsonl``,
``third_blind.jsonl`` and ``fourth_blind.jsonl``: their figures are those to believe.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from detector.rules.marks import find_marks
from detector.rules.rule_tables import RuleTable
from detector.text.folding import plain

FOLDER = Path(__file__).parent / "data" / "hard"
OPEN = {"⟦": "placeholder", "〘": "masked"}
CLOSE = "⟧〙"

Found = tuple[int, int, str]
"""A span and its kind."""


class Case(NamedTuple):
    """A text with its spans; ``label`` says what the case is about, ``manner`` from what kind of source it could be."""

    label: str
    manner: str
    comment: str
    text: str
    wanted: frozenset[Found]


class Figures(NamedTuple):
    """Labelled spans, those found with just their place and kind, and findings without a label."""

    n_labelled: int
    n_found: int
    n_wrong: int

    @property
    def precision(self) -> float:
        """Share of the findings that have a label; 1.0 where there is none."""
        return self.n_found / max(self.n_found + self.n_wrong, 1) if self.n_found + self.n_wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of the labels that were found; 1.0 where there is none."""
        return self.n_found / self.n_labelled if self.n_labelled else 1.0


def parsed(marked: str) -> tuple[str, frozenset[Found]]:
    """A case's text without its brackets, and what stands between them."""
    text, wanted, opened = "", set(), (0, "")
    for character in marked:
        if character in OPEN:
            opened = (len(text), OPEN[character])
        elif character in CLOSE:
            wanted.add((opened[0], len(text), opened[1]))
        else:
            text += character
    return text, frozenset(wanted)


def cases(name: str) -> Iterator[Case]:
    """The cases of one file."""
    for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield Case(row["label"], row["manner"], row["comment"], *parsed(row["text"]))


def found(case: Case, table: RuleTable) -> frozenset[Found]:
    """What the rules find in a case."""
    return frozenset((hit.start, hit.end, hit.kind) for hit in find_marks(plain(case.text), table))


def figures(name: str, kind: str, table: RuleTable) -> Figures:
    """The figures of one kind over the cases of one file."""
    n_labelled = n_found = n_wrong = 0
    for case in cases(name):
        wanted = {span for span in case.wanted if span[2] == kind}
        got = {span for span in found(case, table) if span[2] == kind}
        n_labelled += len(wanted)
        n_found += len(wanted & got)
        n_wrong += len(got - wanted)
    return Figures(n_labelled, n_found, n_wrong)
