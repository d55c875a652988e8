"""Whole documents with what sites left in them: labelled spans, and how many of their characters the rules find.

``junk_fourth.jsonl`` was looked at while rules were written; nobody who writes rules has seen
``junk_fourth_blind.jsonl``.
Characters are counted, not lines: a long line of content that is called junk costs what it holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from detector.folding import plain
from detector.junk import find_junk
from detector.rules import RuleTable

FOLDER = Path(__file__).parent / "data" / "hard"


class Page(NamedTuple):
    """A document with the places of its junk; ``manner`` says from what kind of site it could be."""

    name: str
    manner: str
    comment: str
    text: str
    junk: tuple[tuple[int, int], ...]


class Counts(NamedTuple):
    """Non-blank characters: of the labels, of the findings, of both; and of the document."""

    n_labelled: int
    n_found: int
    n_both: int
    n_all: int

    @property
    def precision(self) -> float:
        """Share of what was found that has a label; 1.0 where nothing was found."""
        return self.n_both / self.n_found if self.n_found else 1.0

    @property
    def recall(self) -> float:
        """Share of the labels that was found; 1.0 where there is none."""
        return self.n_both / self.n_labelled if self.n_labelled else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def eaten(self) -> float:
        """Share of the content that was called junk."""
        return (self.n_found - self.n_both) / max(self.n_all - self.n_labelled, 1)


class Means(NamedTuple):
    """Means over documents."""

    precision: float
    recall: float
    f1: float


def pages(name: str) -> Iterator[Page]:
    """The documents of one file."""
    for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        spans = tuple((start, end) for start, end in row["junk"])
        yield Page(row["id"], row["manner"], row["comment"], row["text"], spans)


def counts(page: Page, table: RuleTable) -> Counts:
    """What the rules find in one document, by its non-blank characters."""
    labelled = _characters(page.text, page.junk)
    found = _characters(page.text, ((hit.start, hit.end) for hit in find_junk(page.text, plain(page.text), table)))
    n_all = sum(not character.isspace() for character in page.text)
    return Counts(len(labelled), len(found), len(labelled & found), n_all)


def micro(all_counts: Iterable[Counts]) -> Counts:
    """The counts of all documents together."""
    return Counts(*map(sum, zip(*all_counts, strict=True)))


def macro(all_counts: Iterable[Counts]) -> Means:
    """The means of the figures of documents that hold junk or in which some was found."""
    told = [each for each in all_counts if each.n_labelled or each.n_found]
    sums = (sum(getattr(each, figure) for each in told) for figure in Means._fields)
    return Means(*(total / len(told) for total in sums))


def _characters(text: str, spans: Iterable[tuple[int, int]]) -> set[int]:
    """The places of the non-blank characters in some spans."""
    return {at for start, end in spans for at in range(start, end) if not text[at].isspace()}
