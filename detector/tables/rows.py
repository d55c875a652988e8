"""What a scan found as the frozen rows of `detector.model`, made from columns when they are asked for.

Every sequence here costs what is taken from it: ``rows[5]`` makes one row, iteration makes `BLOCK_ROWS` at a time and
forgets them. A slice is a tuple. Two sequences are equal where their rows are, whatever they are made of.
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from detector.model import (
    FINDING_KINDS,
    PART_NAMES,
    Cluster,
    DocumentScore,
    Fill,
    Finding,
    Literal,
    Member,
    Parts,
    Phrase,
    Slot,
)
from detector.tables.columns import (
    CLUSTER_LEVELS,
    SLOT_TYPES,
    ClusterColumns,
    FindingColumns,
    PhraseColumns,
    ScoreColumns,
)
from detector.text.folding import from_code_points

if TYPE_CHECKING:
    from detector.text.texts import Texts

ROW = TypeVar("ROW")

BLOCK_ROWS = 4096
"""Rows that are made at a time: enough that the cost of a block is none, few enough to stay in the cache."""

MOST_TOGETHER = 1 << 20
"""Characters that are decoded together; their places take three times the memory of the characters."""

MILLIONTHS = 1_000_000
"""A whole number of them over this is the very float that rounding to six digits gives."""


class Rows(Sequence[ROW], Generic[ROW]):
    """Rows made on access."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def block(self, start: int, stop: int) -> list[ROW]:
        """Rows ``start`` to ``stop``, both within the sequence."""

    @overload
    def __getitem__(self, row: int) -> ROW: ...

    @overload
    def __getitem__(self, row: slice) -> tuple[ROW, ...]: ...

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            start, stop, step = row.indices(len(self))
            if step == 1:
                return tuple(self.block(start, max(start, stop)))
            return tuple(self[number] for number in range(start, stop, step))
        number = range(len(self))[row]
        return self.block(number, number + 1)[0]

    def __iter__(self) -> Iterator[ROW]:
        for start in range(0, len(self), BLOCK_ROWS):
            yield from self.block(start, min(start + BLOCK_ROWS, len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]


class PartOf(Rows[ROW]):
    """Rows ``start`` to ``stop`` of others."""

    def __init__(self, rows: Rows[ROW], start: int, stop: int) -> None:
        self.rows, self.start, self.stop = rows, start, stop

    def __len__(self) -> int:
        return self.stop - self.start

    def block(self, start: int, stop: int) -> list[ROW]:
        return self.rows.block(self.start + start, self.start + stop)


def row_of(ids: Sequence[str], name: str) -> int:
    """The row of a document among ``ids``, which are in document order; raises `KeyError`."""
    row = bisect_left(ids, name)
    if row == len(ids) or ids[row] != name:
        raise KeyError(name)
    return row


class TextsById(Mapping[str, str]):
    """Texts by the ids of their documents, which are in document order."""

    def __init__(self, ids: Sequence[str], texts: Texts) -> None:
        self.ids, self.texts = ids, texts

    def __getitem__(self, name: str) -> str:
        return self.texts[row_of(self.ids, name)]

    def slice(self, name: str, start: int, end: int) -> str:
        """``self[name][start:end]``, for offsets from 0 on, without making the whole text."""
        row = row_of(self.ids, name)
        length = int(self.texts.lengths[row])
        return self.texts.slice(row, min(start, length), min(end, length))

    def __contains__(self, name: object) -> bool:
        row = bisect_left(self.ids, name) if isinstance(name, str) else len(self.ids)
        return row < len(self.ids) and self.ids[row] == name

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __len__(self) -> int:
        return len(self.ids)


def slices(texts: Texts, document: NDArray[Any], start: NDArray[Any], end: NDArray[Any]) -> list[str]:
    """The texts of spans, decoded together where they are short."""
    base = texts.start[document] + start
    sizes = (end - start).astype(np.int64)
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    if bounds[-1] > MOST_TOGETHER:
        spans = zip(document.tolist(), start.tolist(), end.tolist(), strict=True)
        return [texts.slice(*span) for span in spans]
    places = np.repeat(base - bounds[:-1], sizes) + np.arange(bounds[-1])
    joined = from_code_points(texts.points[places])
    return [joined[begin:stop] for begin, stop in pairwise(bounds.tolist())]


class FindingRows(Rows[Finding]):
    """Findings, in the order of their columns; ``ids`` are in document order."""

    def __init__(self, columns: FindingColumns, ids: Sequence[str], texts: Texts) -> None:
        self.columns, self.ids, self.texts = columns, ids, texts

    def __len__(self) -> int:
        return len(self.columns.document)

    def range_of(self, row: int) -> tuple[int, int]:
        """The rows ``(start, stop)`` of one document's findings."""
        document = self.columns.document
        start, stop = np.searchsorted(document, np.array([row, row + 1], dtype=document.dtype)).tolist()
        return start, stop

    def of_document(self, row: int) -> Rows[Finding]:
        """The findings of one document."""
        return PartOf(self, *self.range_of(row))

    def of(self, name: str) -> Rows[Finding]:
        """The findings of the document of that id; raises `KeyError`."""
        return self.of_document(row_of(self.ids, name))

    def block(self, start: int, stop: int) -> list[Finding]:
        columns, ids = self.columns, self.ids
        names = ("document", "start", "end", "kind", "rule", "level", "cluster", "n_families", "score", "part")
        lists = [getattr(columns, name)[start:stop].tolist() for name in names]
        evidence, some = self._evidence(start, stop), slice(start, stop)
        texts = slices(self.texts, columns.document[some], columns.start[some], columns.end[some])
        return [
            Finding(
                doc=ids[document],
                start=begin,
                end=end,
                kind=FINDING_KINDS[kind],
                rule=columns.rule_names[rule] if rule >= 0 else None,
                text=texts[place],
                cluster=f"{CLUSTER_LEVELS[level]}-{cluster}" if level else None,
                n_families=n_families or None,
                score=score / MILLIONTHS,
                part=PART_NAMES[part] if part >= 0 else None,
                evidence=evidence[place],
            )
            for place, (document, begin, end, kind, rule, level, cluster, n_families, score, part) in enumerate(
                zip(*lists, strict=True)
            )
        ]

    def _evidence(self, start: int, stop: int) -> list[dict[str, Any]]:
        columns, ids = self.columns, self.ids
        names = ("extra", "other", "other_start", "other_end", "whole")
        lists = [getattr(columns, name)[start:stop].tolist() for name in names]
        bounds = columns.claim_indptr[start : stop + 1].tolist()
        found = []
        for place, (extra, other, begin, end, whole) in enumerate(zip(*lists, strict=True)):
            evidence: dict[str, Any] = dict(columns.extras[extra]) if extra >= 0 else {}
            if other >= 0:
                evidence["doc"] = ids[other]
            if begin >= 0:
                evidence["start"] = begin
                evidence["end"] = end
            if not whole:
                claims = slice(bounds[place], bounds[place + 1])
                spans = zip(columns.claim_start[claims].tolist(), columns.claim_end[claims].tolist(), strict=True)
                evidence["claims"] = [list(span) for span in spans]
            found.append(evidence)
        return found


class ClusterRows(Rows[Cluster]):
    """Clusters with their templates, in the order of their columns."""

    def __init__(self, columns: ClusterColumns, ids: Sequence[str], texts: Texts) -> None:
        self.columns, self.ids, self.texts = columns, ids, texts

    def __len__(self) -> int:
        return len(self.columns.level)

    def block(self, start: int, stop: int) -> list[Cluster]:
        columns = self.columns
        counts = (columns.level, columns.number, columns.n_families, columns.n_series)
        lists = [column[start:stop].tolist() for column in counts]
        sizes = np.diff(columns.member_indptr[start : stop + 1]).tolist()
        return [
            Cluster(
                id=f"{CLUSTER_LEVELS[level]}-{number}",
                level=CLUSTER_LEVELS[level],
                n_families=n_families,
                n_series=n_series,
                n_members=n_members,
                template=self._template(row),
            )
            for row, (level, number, n_families, n_series, n_members) in enumerate(
                zip(*lists, sizes, strict=True), start
            )
        ]

    def _template(self, row: int) -> tuple[Literal | Slot, ...]:
        """The template of one cluster."""
        columns = self.columns
        first, stop = columns.part_indptr[row : row + 2].tolist()
        members = columns.document[columns.member_indptr[row] : columns.member_indptr[row + 1]]
        slots = columns.slot[first:stop]
        spans = (columns.part_start[first:stop], columns.part_end[first:stop])
        literals = slices(self.texts, np.repeat(members[:1], stop - first), *(np.where(slots, 0, one) for one in spans))
        fills = self._fills(first, stop, members)
        sizes = np.diff(columns.fill_indptr[first : stop + 1]).tolist()
        return tuple(
            Slot(f"slot{slot}", SLOT_TYPES[kind], tuple(islice(fills, size))) if slot else Literal(literal)
            for slot, kind, literal, size in zip(
                slots.tolist(), columns.part_type[first:stop].tolist(), literals, sizes, strict=True
            )
        )

    def _fills(self, first: int, stop: int, members: NDArray[np.int32]) -> Iterator[Fill]:
        """The fills of parts ``first`` to ``stop`` of a cluster, part by part."""
        columns = self.columns
        bounds, common = columns.fill_indptr[first : stop + 1], columns.part_common[first:stop]
        some = slice(int(bounds[0]), int(bounds[-1]))
        more = np.zeros(some.stop - some.start, np.int64)
        short = np.flatnonzero(common >= 0)
        more[bounds[short] - bounds[0] + common[short]] = len(members) - np.diff(bounds)[short]
        document = members[columns.fill_member[some]]
        start, end = columns.fill_start[some], columns.fill_end[some]
        names = [self.ids[row] for row in document.tolist()]
        texts = slices(self.texts, document, start, end)
        return map(Fill, names, start.tolist(), end.tolist(), texts, more.tolist())


class MemberRows(Rows[Member]):
    """Members of all clusters, cluster by cluster."""

    def __init__(self, columns: ClusterColumns, ids: Sequence[str], texts: Texts) -> None:
        self.columns, self.ids, self.texts = columns, ids, texts

    def __len__(self) -> int:
        return len(self.columns.document)

    def of_cluster(self, row: int) -> Rows[Member]:
        """The members of one cluster, the representative first."""
        return PartOf(self, int(self.columns.member_indptr[row]), int(self.columns.member_indptr[row + 1]))

    def block(self, start: int, stop: int) -> list[Member]:
        columns, ids = self.columns, self.ids
        cluster = np.searchsorted(columns.member_indptr, np.arange(start, stop), side="right") - 1
        lists = [columns.level[cluster].tolist(), columns.number[cluster].tolist()]
        names = ("document", "start", "end", "ratio")
        lists += [getattr(columns, name)[start:stop].tolist() for name in names]
        return [
            Member(f"{CLUSTER_LEVELS[level]}-{number}", ids[document], begin, end, ratio / MILLIONTHS)
            for level, number, document, begin, end, ratio in zip(*lists, strict=True)
        ]


class PhraseRows(Rows[Phrase]):
    """Phrases, in the order of their numbers."""

    def __init__(self, columns: PhraseColumns, texts: Texts) -> None:
        self.columns, self.texts = columns, texts

    def __len__(self) -> int:
        return len(self.columns.document)

    def block(self, start: int, stop: int) -> list[Phrase]:
        columns = self.columns
        names = ("n_tokens", "n_families", "n_series", "n_occurrences")
        lists = [getattr(columns, name)[start:stop].tolist() for name in names]
        spans = (columns.document[start:stop], columns.start[start:stop], columns.end[start:stop])
        return [
            Phrase(f"phrase-{row + 1}", text, columns.key[row], *counts)
            for row, (text, *counts) in enumerate(zip(slices(self.texts, *spans), *lists, strict=True), start)
        ]


class DocumentRows(Rows[DocumentScore]):
    """The score of every document, in document order.

    ``sources`` and ``rows`` say where each document was read; ``n_families`` is that of the corpus.
    """

    def __init__(
        self,
        columns: ScoreColumns,
        ids: Sequence[str],
        sources: Sequence[str],
        rows: Sequence[int] | NDArray[Any],
        *,
        n_families: int,
        score_version: int,
    ) -> None:
        self.columns, self.ids, self.sources, self.rows = columns, ids, sources, rows
        self.n_families, self.score_version = n_families, score_version

    def __len__(self) -> int:
        return len(self.columns.head)

    def block(self, start: int, stop: int) -> list[DocumentScore]:
        columns, ids = self.columns, self.ids
        names = ("parts", "originality", "originality_1k", "n_findings", "head", "flags")
        lists = [getattr(columns, name)[start:stop].tolist() for name in names]
        return [
            DocumentScore(
                id=ids[row],
                source=self.sources[row],
                row=int(self.rows[row]),
                n_chars=sum(parts),
                originality=own / MILLIONTHS if own >= 0 else None,
                originality_1k=expected / MILLIONTHS if expected >= 0 else None,
                n_families=self.n_families,
                parts=Parts(*parts),
                n_findings={kind: n for kind, n in zip(FINDING_KINDS, counts, strict=True) if n},
                duplicate_of=None if head == row else ids[head],
                flags=tuple(name for bit, name in enumerate(columns.flag_names) if flags >> bit & 1),
                score_version=self.score_version,
            )
            for row, (parts, own, expected, counts, head, flags) in enumerate(zip(*lists, strict=True), start)
        ]


class ChosenFindings(Rows[Finding]):
    """Some of the findings, by their rows (int64)."""

    def __init__(self, findings: FindingRows, rows: NDArray[np.int64]) -> None:
        self._findings, self._rows = findings, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Finding]:
        return (self._findings[int(row)] for row in self._rows)

    def block(self, start: int, stop: int) -> list[Finding]:
        return [self._findings[row] for row in self._rows[start:stop].tolist()]
