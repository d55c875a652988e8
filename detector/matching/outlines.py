"""Documents as templates: those that share their outline, the sequence of headings and the opening, whatever the words.

One template has many completions: the reports of a town over the years, or of all its towns in one year. A heading is
compared without its number and with its figures as slots, so that 二、2021年主要工作 is what 一、2020年主要工作 was.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.outlining import heading_keys, outline_heads
from detector.machine.ranges import document_ranges
from detector.machine.workspace import Workspace
from detector.model import Outline, OutlineHeading, OutlineMember
from detector.tables.rows import MILLIONTHS, Rows
from detector.tables.score import millionths
from detector.text.passages import Passages
from detector.text.texts import Texts
from detector.text.tokens import Tokens

MIN_HEADINGS = 3
"""Headings (with the opening) of a document that has an outline."""

MOST_HEADINGS = 200
"""Headings of a document that are looked at, its first: a code of a thousand articles is told by these."""

MIN_SHARED = 0.60
"""Of 2·LCS / (m + n) of two sequences of headings: with three of five in common documents are one outline."""

MOST_ADDED = 5
"""Headings of its own that a member's row names."""

SHOWN = 60
"""Characters of a heading that are shown."""

BLOCK_PASSAGES = 50_000

_YEAR = re.compile("(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
_EDGE = 200


class OutlineColumns(NamedTuple):
    """Outlines by their first document: members of outline o are rows ``indptr[o]`` to ``indptr[o + 1]`` (int64).

    ``document``: int64; ``ratio``: int32, millionths; ``n_families``, ``n_series``: int64, a row per outline. Headings
    of document d are rows ``heading_indptr[d]`` to ``heading_indptr[d + 1]`` of ``number`` (int64, equal for equal
    headings), ``start``, ``end`` (int32).
    """

    indptr: NDArray[np.int64]
    document: NDArray[np.int64]
    ratio: NDArray[np.int32]
    n_families: NDArray[np.int64]
    n_series: NDArray[np.int64]
    heading_indptr: NDArray[np.int64]
    number: NDArray[np.int64]
    start: NDArray[np.int32]
    end: NDArray[np.int32]


def outline_columns(
    tokens: Tokens,
    passages: Passages,
    texts: Texts,
    *,
    is_junk: NDArray[np.bool_],
    family: NDArray[np.int64],
    series: NDArray[Any],
    work: Workspace,
) -> OutlineColumns:
    """The outlines that documents of at least two families share; ``is_junk`` is a row per passage."""
    n = len(texts)
    bounds = np.searchsorted(passages.document, np.arange(n + 1))

    def part(documents: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        begin, stop = bounds[documents[0]], bounds[documents[1]]
        rows, key = np.empty(stop - begin, np.int64), np.empty(stop - begin, np.uint64)
        n_found = heading_keys(
            texts.points, texts.start, texts.stop, tokens.hashed, tokens.form, tokens.start, passages.tokens,
            passages.document, passages.start, passages.end, is_junk, (int(begin), int(stop)), MOST_HEADINGS, rows, key,
        )  # fmt: skip
        return rows[:n_found].copy(), key[:n_found].copy()

    parts = work.map(part, document_ranges(np.diff(bounds), BLOCK_PASSAGES))
    rows = np.concatenate([np.empty(0, np.int64), *(part[0] for part in parts)])
    key = np.concatenate([np.empty(0, np.uint64), *(part[1] for part in parts)])
    indptr = np.searchsorted(passages.document[rows], np.arange(n + 1)).astype(np.int64)
    keys, number = np.unique(key, return_inverse=True)
    number = number.astype(np.int64)
    head, ratio = np.empty(n, np.int64), np.empty(n)
    outline_heads(number, indptr, len(keys), MIN_HEADINGS, MIN_SHARED, head, ratio)
    return _grouped(head, ratio, family, series, indptr, number, passages.start[rows], passages.end[rows])


def _grouped(
    head: NDArray[np.int64], ratio: NDArray[np.float64], family: NDArray[np.int64], series: NDArray[Any], *headings: Any
) -> OutlineColumns:
    """Documents by their heads; groups of one family are left out."""
    members = np.flatnonzero(head >= 0)
    members = members[np.argsort(head[members], kind="stable")]
    group = np.cumsum(np.concatenate(([0], np.diff(head[members]) != 0))) if len(members) else members
    n_groups = int(group[-1]) + 1 if len(members) else 0
    n_families = _n_different(group, family[members], n_groups)
    n_series = _n_different(group, np.asarray(series, np.int64)[members], n_groups)
    chosen = n_families > 1
    members = members[chosen[group]] if n_groups else members
    sizes = np.bincount(group, minlength=n_groups)[chosen]
    indptr = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    return OutlineColumns(indptr, members, millionths(ratio[members]), n_families[chosen], n_series[chosen], *headings)


def _n_different(group: NDArray[np.int64], number: NDArray[np.int64], n_groups: int) -> NDArray[np.int64]:
    """How many different numbers each group has; -1 is none."""
    pairs = np.unique(np.stack((group[number >= 0], number[number >= 0])), axis=1)
    return np.bincount(pairs[0], minlength=n_groups)


class OutlineRows(Rows[Outline]):
    """Outlines, in the order of their first documents."""

    def __init__(self, columns: OutlineColumns, ids: Sequence[str], texts: Texts) -> None:
        self.columns, self.ids, self.texts = columns, ids, texts

    def __len__(self) -> int:
        return len(self.columns.n_families)

    def block(self, start: int, stop: int) -> list[Outline]:
        return [self._outline(row) for row in range(start, stop)]

    def _headings(self, document: int) -> dict[int, tuple[int, int]]:
        """The headings of a document by their numbers, each where it stands first."""
        columns = self.columns
        here = slice(*columns.heading_indptr[document : document + 2].tolist())
        spans = zip(columns.start[here].tolist(), columns.end[here].tolist(), strict=True)
        found: dict[int, tuple[int, int]] = {}
        for number, span in zip(columns.number[here].tolist(), spans, strict=True):
            found.setdefault(number, span)
        return found

    def _text(self, document: int, span: tuple[int, int]) -> str:
        start, end = span
        said = " ".join(self.texts.slice(document, start, min(end, start + 2 * SHOWN)).split())
        return said if len(said) <= SHOWN else said[: SHOWN - 1] + "…"

    def _outline(self, row: int) -> Outline:
        columns = self.columns
        here = slice(*columns.indptr[row : row + 2].tolist())
        documents, ratios = columns.document[here].tolist(), columns.ratio[here].tolist()
        own = self._headings(documents[0])
        counts: Counter[int] = Counter()
        members = []
        for document, ratio in zip(documents, ratios, strict=True):
            headings = self._headings(document)
            counts.update(headings.keys())
            added = [self._text(document, span) for number, span in headings.items() if number not in own]
            missing = tuple(place for place, number in enumerate(own) if number not in headings)
            year = self._year(document)
            members.append(
                OutlineMember(
                    self.ids[document], year, ratio / MILLIONTHS, missing, len(added), tuple(added[:MOST_ADDED])
                )
            )
        return Outline(
            id=f"outline-{row + 1}",
            n_families=int(columns.n_families[row]),
            n_series=int(columns.n_series[row]),
            n_members=len(members),
            headings=tuple(OutlineHeading(self._text(documents[0], own[number]), counts[number]) for number in own),
            members=tuple(members),
        )

    def _year(self, document: int) -> int | None:
        """The year that a document is of: named most often at its head, else in its id, else at its end."""
        length = int(self.texts.lengths[document])
        head = self.texts.slice(document, 0, min(length, _EDGE))
        for text in (head, self.ids[document], self.texts.slice(document, max(0, length - _EDGE), length)):
            years = Counter(_YEAR.findall(text))
            if years:
                return int(min(years, key=lambda year: (-years[year], -int(year))))
        return None
