"""The rows of a scan over columns by what they belong to: a report wants a few hundred, and only those are made.

Whatever ranks all rows of a table does so over its columns. The answers are those of `detector.report.lookup.Lookup`,
which ``tests/test_report_data.py`` holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from detector.kernels.reporting import gather_claims, mark_blanks
from detector.model import FINDING_KINDS, Cluster, DocumentScore, Member, Phrase
from detector.report.cover import most_explained
from detector.report.lookup import (
    N_BINS,
    RULE_KINDS,
    Aligned,
    Claimed,
    Claims,
    Listing,
    Lookup,
    Occurrence,
    RuleGroup,
)
from detector.report.shared_text import SharedText, claim_columns
from detector.tables.columns import CLUSTER_LEVELS, SLOT_TYPES
from detector.tables.rows import (
    MILLIONTHS,
    ChosenFindings,
    ClusterRows,
    DocumentRows,
    FindingRows,
    MemberRows,
    PhraseRows,
    Rows,
    row_of,
    slices,
)
from detector.text.folding import is_blank

if TYPE_CHECKING:
    from detector.results.index import Scan

ROW = TypeVar("ROW")


def lookup(scan: Scan) -> Lookup:
    """The rows of ``scan`` by document and cluster."""
    tables = (scan.documents, scan.findings, scan.clusters, scan.members, scan.phrases)
    kinds = (DocumentRows, FindingRows, ClusterRows, MemberRows, PhraseRows)
    over_columns = all(isinstance(table, kind) for table, kind in zip(tables, kinds, strict=True))
    return ColumnLookup(scan) if over_columns else Lookup(scan)


def _level_and_number(name: str) -> tuple[str, int]:
    """The two parts of an id of a cluster or a phrase; raises `KeyError` for what is none."""
    level, _, number = name.rpartition("-")
    if level not in CLUSTER_LEVELS or not (number.isascii() and number.isdigit() and len(number) < 12):
        raise KeyError(name)
    return level, int(number)


class _Named(Mapping[str, ROW]):
    """What ``make`` makes of the row that ``row`` finds by a name; it raises `KeyError` for a name that is none."""

    def __init__(self, row: Callable[[str], int], make: Callable[[int], ROW], names: Sequence[str] | None) -> None:
        self._row, self._make, self._names = row, make, names

    def __getitem__(self, name: str) -> ROW:
        return self._make(self._row(name))

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, str) and self._row(name) >= 0
        except KeyError:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter(self._names or ())

    def __len__(self) -> int:
        return len(self._names or ())


class ColumnLookup(Lookup):
    """A scan as columns."""

    def __init__(self, scan: Scan) -> None:
        super().__init__(scan)
        documents, findings, members = scan.documents, scan.findings, scan.members
        assert isinstance(documents, DocumentRows)
        assert isinstance(findings, FindingRows)
        assert isinstance(members, MemberRows)
        self._documents: DocumentRows = documents
        self._all_findings: FindingRows = findings
        self._members: MemberRows = members
        self._ids: Sequence[str] = findings.ids
        self._listed: tuple[Sequence[str], NDArray[np.int64]] = ((), np.empty(0, np.int64))
        levels = members.columns.level
        self._first: Mapping[str, int] = {
            name: int(np.searchsorted(levels, row)) for row, name in enumerate(CLUSTER_LEVELS)
        }

    def _cluster_row(self, name: str) -> int:
        level, number = _level_and_number(name)
        row = self._first[level] + number - 1
        if not 0 <= row < len(self.scan.clusters) or CLUSTER_LEVELS[int(self._members.columns.level[row])] != level:
            raise KeyError(name)
        return row

    def _phrase_row(self, name: str) -> int:
        level, number = _level_and_number(name)
        if level != "phrase" or not 0 < number <= len(self.scan.phrases):
            raise KeyError(name)
        return number - 1

    @cached_property
    def scores(self) -> Mapping[str, DocumentScore]:
        return _Named(lambda name: row_of(self._ids, name), self.scan.documents.__getitem__, self._ids)

    @cached_property
    def clusters(self) -> Mapping[str, Cluster]:
        return _Named(self._cluster_row, self.scan.clusters.__getitem__, None)

    @cached_property
    def phrases(self) -> Mapping[str, Phrase]:
        return _Named(self._phrase_row, self.scan.phrases.__getitem__, None)

    def counts_of_phrase(self, name: str) -> tuple[int, int] | None:
        phrases = self.scan.phrases
        assert isinstance(phrases, PhraseRows)
        try:
            row = self._phrase_row(name)
        except KeyError:
            return None
        return int(phrases.columns.n_families[row]), int(phrases.columns.n_occurrences[row])

    @cached_property
    def members(self) -> Mapping[str, Rows[Member]]:
        return _Named(self._cluster_row, self._members.of_cluster, None)

    def bins(self) -> list[int]:
        value = self._measure()
        places = np.minimum((value[value >= 0] / MILLIONTHS * N_BINS).astype(np.int64), N_BINS - 1)
        counts: list[int] = np.bincount(places, minlength=N_BINS).tolist()
        return counts

    def _measure(self) -> NDArray[np.int32]:
        columns = self._documents.columns
        return np.where(columns.originality_1k >= 0, columns.originality_1k, columns.originality)

    def documents(self, limit: int | None) -> Sequence[DocumentScore]:
        return [self._documents[row] for row in self._least_original(limit).tolist()]

    def _least_original(self, limit: int | None) -> NDArray[np.int64]:
        value = self._measure()
        return np.lexsort((-self._documents.columns.parts.sum(axis=1), value, value < 0))[:limit]

    def listed(self, limit: int | None) -> Listing:
        columns, order = self._documents.columns, self._least_original(limit)
        rows, ids = order.tolist(), self._ids
        names = [tuple(name for bit, name in enumerate(columns.flag_names) if flags >> bit & 1) for flags in range(256)]
        names_of = [*map(ids.__getitem__, rows)]
        self._listed = (names_of, order)
        return Listing(
            ids=names_of,
            sources=[*map(self._documents.sources.__getitem__, rows)],
            rows=np.asarray(self._documents.rows)[order].tolist(),
            parts=columns.parts[order],
            sample=columns.originality_1k[order].astype(np.int64),
            n_findings=columns.n_findings[order].sum(axis=1, dtype=np.int64),
            n_blanks=columns.n_findings[order, FINDING_KINDS.index("placeholder")].astype(np.int64),
            head=[*map(ids.__getitem__, columns.head[order].tolist())],
            flags=[*map(names.__getitem__, columns.flags[order].tolist())],
        )

    def covering(self, limit: int | None) -> list[tuple[Phrase, int]]:
        columns, texts = self._all_findings.columns, self._all_findings.texts
        is_one = (columns.kind == FINDING_KINDS.index("phrase")) & (columns.level == CLUSTER_LEVELS.index("phrase"))
        rows = np.flatnonzero(is_one)
        document, start, end = (
            column[rows].astype(np.int64) for column in (columns.document, columns.start, columns.end)
        )
        base = texts.start[document] + start

        def blanks(some: NDArray[np.int64]) -> NDArray[np.bool_]:
            sizes = (end - start)[some]
            found = np.empty(int(sizes.sum()), np.bool_)
            mark_blanks(found, base[some], base[some] + sizes, texts.points, is_blank())
            return found

        most = len(self.scan.phrases) if limit is None else limit
        phrase = columns.cluster[rows].astype(np.int64) - 1
        ranked = most_explained(phrase, document, start, end, blanks, most)
        return self._with_others(ranked, limit)

    def n_missing(self) -> int:
        return 0 if len(self.scan.texts) == len(self._ids) else super().n_missing()

    def shared(self, level: str) -> Mapping[str, int]:
        rows = self._shared.of_several(level)
        return self._sizes(rows, self._shared.counted(rows))

    def largest(self, level: str, limit: int) -> tuple[Mapping[str, int], int]:
        rows = self._shared.of_several(level)
        return self._first_of(self._sizes(*self._shared.largest(rows, limit)), limit), len(rows)

    def _sizes(self, rows: NDArray[np.int64], sizes: NDArray[np.int64]) -> dict[str, int]:
        return dict(zip(map(self.cluster_id, rows.tolist()), sizes.tolist(), strict=True))

    @cached_property
    def _shared(self) -> SharedText:
        return SharedText(self._all_findings, self._members)

    def n_documents(self, cluster: str) -> int:
        columns, row = self._members.columns, self._cluster_row(cluster)
        return len(np.unique(columns.document[columns.member_indptr[row] : columns.member_indptr[row + 1]]))

    def n_families(self, cluster: str) -> int:
        return int(self._members.columns.n_families[self._cluster_row(cluster)])

    def aligned(self, cluster: str, n_members: int, n_parts: int) -> Aligned:
        columns, texts, row = self._members.columns, self._all_findings.texts, self._cluster_row(cluster)
        first, stop = columns.part_indptr[row : row + 2].tolist()
        n_more, stop = max(0, stop - first - n_parts), min(stop, first + n_parts)
        slots = columns.slot[first:stop]
        size = np.where(slots > 0, 0, columns.part_end[first:stop] - columns.part_start[first:stop])
        begin, end = columns.member_indptr[row : row + 2].tolist()
        members = columns.document[begin : min(end, begin + n_members)]
        start = columns.part_start[first:stop]
        literals = slices(texts, np.repeat(members[:1], stop - first), start, start + size)
        rows, which = self._fills(first + np.flatnonzero(slots > 0), len(members))
        document = columns.document[begin + columns.fill_member[rows]]
        place: dict[str, int] = {}
        found = slices(texts, document, columns.fill_start[rows], columns.fill_end[rows])
        places = np.array([place.setdefault(text, len(place)) for text in found], np.int32)
        return Aligned(
            parts=[None if slot else literal for slot, literal in zip(slots.tolist(), literals, strict=True)],
            types=[SLOT_TYPES[kind] for kind in columns.part_type[first:stop][slots > 0].tolist()],
            texts=[*place],
            fills=places[which],
            n_more=n_more,
        )

    def _fills(self, parts: NDArray[np.int64], n_members: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The fills of the first members of a cluster in some of its slots, as two arrays of int64.

        The first has rows of fills: for each slot the one that most members have in common, then those that are listed
        for a member. The second (slots x members) has for each member the place in the first of what it has in a slot:
        a fill that is listed for it, else the common one.
        """
        columns = self._members.columns
        begin = columns.fill_indptr[parts]  # fills are in the order of their members: the first are enough
        sizes = np.minimum(columns.fill_indptr[parts + 1] - begin, n_members)
        slot, listed = np.repeat(np.arange(len(parts)), sizes), _ranges(begin, begin + sizes)
        few = np.flatnonzero(columns.fill_member[listed] < n_members)
        owner = np.repeat(np.arange(len(parts)), n_members).reshape(-1, n_members)
        owner[slot[few], columns.fill_member[listed[few]]] = len(parts) + np.arange(len(few))
        return np.concatenate((begin + np.maximum(columns.part_common[parts], 0), listed[few])), owner

    def blanks(self, cluster: str, n_members: int) -> list[list[str]]:
        columns, row = self._members.columns, self._cluster_row(cluster)
        begin, end = columns.member_indptr[row : row + 2].tolist()
        some = slice(begin, min(end, begin + n_members))
        document = columns.document[some].astype(np.int64) << 32
        placeholders, places = self._placeholders
        first, stop = (np.searchsorted(places, document + at[some]) for at in (columns.start, columns.end))
        if (first == stop).all():
            return [[] for _ in first]  # as of most clusters
        rows, sizes = placeholders[_ranges(first, stop)], (stop - first).tolist()
        found = self._all_findings.columns
        texts = iter(slices(self._all_findings.texts, found.document[rows], found.start[rows], found.end[rows]))
        return [[*islice(texts, size)] for size in sizes]

    @cached_property
    def _placeholders(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of placeholders, and where they stand: the document's row in the upper half, the offset below."""
        columns = self._all_findings.columns
        rows = np.flatnonzero(columns.kind == FINDING_KINDS.index("placeholder"))
        return rows, (columns.document[rows].astype(np.int64) << 32) + columns.start[rows]

    def family(self, doc: str) -> str:
        return self._ids[int(self._documents.columns.head[row_of(self._ids, doc)])]

    def families(self) -> Sequence[str]:
        columns = self._members.columns
        sizes = np.diff(columns.member_indptr)
        rows = np.flatnonzero((columns.level == CLUSTER_LEVELS.index("document")) & (sizes > 1))
        order = rows[np.argsort(-sizes[rows], kind="stable")]
        return [f"document-{number}" for number in columns.number[order].tolist()]

    def rules(self) -> Iterator[RuleGroup]:
        columns = self._all_findings.columns
        for kind in RULE_KINDS:
            rows = np.flatnonzero(columns.kind == FINDING_KINDS.index(kind))
            rules, which, sizes = np.unique(columns.rule[rows], return_inverse=True, return_counts=True)
            order = rows[np.argsort(which, kind="stable")]
            names = [columns.rule_names[rule] if rule >= 0 else kind for rule in rules.tolist()]
            bounds = np.concatenate(([0], np.cumsum(sizes))).tolist()
            for place in sorted(range(len(names)), key=lambda place: (-sizes[place], names[place])):
                mine = order[bounds[place] : bounds[place + 1]]
                n_documents = len(np.unique(columns.document[mine]))
                yield RuleGroup(kind, names[place], ChosenFindings(self._all_findings, mine), n_documents)

    def occurrences(self, phrases: Sequence[str], limit: int) -> Mapping[str, list[Occurrence]]:
        columns = self._all_findings.columns
        wanted = np.array([self._phrase_row(name) + 1 for name in phrases], dtype=np.int64)
        is_one = (columns.kind == FINDING_KINDS.index("phrase")) & (columns.level == CLUSTER_LEVELS.index("phrase"))
        rows = np.flatnonzero(is_one & np.isin(columns.cluster, wanted))
        rows = rows[np.argsort(columns.cluster[rows], kind="stable")]
        first, stop = (np.searchsorted(columns.cluster[rows], wanted, side=side) for side in ("left", "right"))
        found = {}
        for name, here, there in zip(phrases, first.tolist(), stop.tolist(), strict=True):
            some = rows[here : min(there, here + limit)]
            spans = zip(
                *(column[some].tolist() for column in (columns.document, columns.start, columns.end)), strict=True
            )
            found[name] = [Occurrence(self._ids[row], start, end) for row, start, end in spans]
        return found

    def around(self, places: Sequence[Occurrence], size: int) -> list[tuple[str, str]]:
        texts, rows = self._all_findings.texts, np.array([row_of(self._ids, place.doc) for place in places], np.int64)
        start, end = np.array([place[1:] for place in places], np.int64).reshape(-1, 2).T
        before = slices(texts, rows, np.maximum(start - size, 0), start)
        return [*zip(before, slices(texts, rows, end, np.minimum(end + size, texts.lengths[rows])), strict=True)]

    def claimed(self) -> Claimed:
        return self._shared.claimed

    def heads(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return self._documents.columns.head[rows].astype(np.int64)

    def cluster_id(self, row: int) -> str:
        columns = self._members.columns
        return f"{CLUSTER_LEVELS[int(columns.level[row])]}-{int(columns.number[row])}"

    def claims(self, docs: Sequence[str]) -> Claims:
        columns, rows = self._all_findings.columns, self._rows(docs)
        bounds = np.searchsorted(columns.document, np.arange(len(self._ids) + 1, dtype=columns.document.dtype))
        n_most = len(columns.document) + len(columns.claim_start)  # most of it is never touched
        indptr, part = np.empty(len(rows) + 1, np.int64), np.empty(n_most, np.uint8)
        start, end = np.empty(n_most, np.int32), np.empty(n_most, np.int32)
        gather_claims(rows, bounds, columns.part, *claim_columns(columns), indptr, part, start, end)
        n = int(indptr[-1])
        return Claims(indptr, part[:n], start[:n], end[:n])

    def lengths(self, docs: Sequence[str]) -> NDArray[np.int64]:
        return np.asarray(self._all_findings.texts.lengths[self._rows(docs)])

    def _rows(self, docs: Sequence[str]) -> NDArray[np.int64]:
        """The rows of some documents; of all that were listed last they are known."""
        if docs is self._listed[0]:
            return self._listed[1]
        return np.array([row_of(self._ids, doc) for doc in docs], dtype=np.int64)


def _ranges(first: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of some ranges, one range after the other."""
    sizes = stop - first
    found: NDArray[np.int64] = np.arange(int(sizes.sum())) + np.repeat(first - np.cumsum(sizes) + sizes, sizes)
    return found
