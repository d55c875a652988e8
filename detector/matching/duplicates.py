"""Near-duplicate documents of a stream of texts: signed as they pass, looked up by bands, compared exactly.

Two documents match if the Jaccard similarity of their sets of character 5-grams (of the text as it is) is at least the
threshold. A family is the documents that match its head; the head is the lowest of them in document order, which is the
order of ids. A document of fewer than five characters that are no blank has no shingle and is a family by itself.

Of each document 32 band hashes and 128 bytes of its signature are kept, in memory once all are read. Texts that are
compared are read again, from their file or from one without a name that they go to (`detector.records.rereading`). Rows
of equal texts are made one first. Bands and signatures only propose: every pair that is reported was compared set by
set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels import bucketing, documents, joining
from detector.machine.clock import Clock, silent
from detector.machine.workspace import Workspace
from detector.matching.signatures import permutations
from detector.records.arrow_rows import TextBlock, ahead
from detector.records.corpus import placed
from detector.records.rereading import STORED, Sources
from detector.records.stores import RowStore, TextStore
from detector.text.folding import is_blank

N_PERMUTATIONS, N_BANDS = 128, 32
"""32 bands of 4 rows: of pairs at Jaccard 0.7 all but 0.02 % share a bucket."""

ROW_BYTES = 4 * N_BANDS + N_PERMUTATIONS
ROWS_TOGETHER = 1 << 14
"""Rows that are taken from the store at a time."""

MIN_AGREEMENT = 96
"""Of 128 slots at Jaccard 1.0, in proportion below: at 0.7 more than four standard deviations under a true pair."""

MIN_CHARACTERS = 5
"""Characters that are no blank; a document with fewer has no shingle."""

ROUNDS = 3
"""Rounds of guessing which pairs the result needs, to compare them on all threads; the rest is compared in order."""

TASK_BYTES = 1 << 22
"""Bytes of text that one task of comparisons reads."""


class Duplicates(NamedTuple):
    """Documents in document order (by id), a row each.

    ``order``: int64, the place of each in the order of reading; ``ids``; ``n_points``, ``n_chars``: int64, code points
    and those that are no blank; ``head``: int64, the head of its family (itself: no duplicate); ``common``, ``union``:
    int64, shingles in common with the head and in all (1 of 1 for a head or an equal text); ``n_crowded``: documents
    that had more candidates than were compared.
    """

    order: NDArray[np.int64]
    ids: list[str]
    n_points: NDArray[np.int64]
    n_chars: NDArray[np.int64]
    head: NDArray[np.int64]
    common: NDArray[np.int64]
    union: NDArray[np.int64]
    n_crowded: int


class _Signed(NamedTuple):
    """What is kept in memory of a block, a row per document; ``start``, ``stop`` are places in the store of texts or
    in the file of the number ``source`` (int32)."""

    sums: NDArray[np.uint64]
    n_points: NDArray[np.int64]
    n_chars: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    source: NDArray[np.int32]


def find_duplicates(
    blocks: Iterable[TextBlock],
    *,
    threshold: float = 0.70,
    seed: int = 1,
    work: Workspace,
    clock: Clock | None = None,
    passing: Callable[[TextBlock], None] | None = None,
) -> Duplicates:
    """The families of the documents of ``blocks``, whose ids are unique.

    ``passing`` is called on each block by the thread that signs it; ``clock`` times the stages ``sign`` (with what is
    still to be read) and ``families``. Raises `OutputError` where the texts do not fit into the folder for temporary
    files (``work.tmp``).
    """
    clock = clock or Clock(silent)
    with TextStore(work.tmp) as texts, RowStore(ROW_BYTES, work.tmp) as rows, ahead(work.workers) as threads:
        ids: list[str] = []
        signed: list[_Signed] = []
        sources = Sources(texts)
        with clock.stage("sign"):
            signer = _Signer(seed, (texts, rows), passing)
            for block, found in threads.map(signer, _numbered(placed(blocks), sources)):
                ids += block
                signed.append(found)
        with clock.stage("families"):
            order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
            families = _Families(signed, order, sources, work)
            families.load(rows)
            return families.found([ids[row] for row in order.tolist()], threshold)


def _numbered(placed: Iterable[tuple[TextBlock, int]], sources: Sources) -> Iterator[tuple[TextBlock, int, int, int]]:
    """Blocks with their places, the number of documents before each, and that of their file."""
    n = 0
    for block, at in placed:
        yield block, at, n, sources.number(block.places)
        n += len(block.ids)


def warm() -> None:
    """Load the kernels: half a second of work that a thread can do while the first blocks are parsed."""
    _Signer(1, None, None)((TextBlock(np.empty(0, np.uint8), np.zeros(1, np.int64), [], [], "", []), 0, 0, STORED))


class _Signer:
    """Signs a block and writes its texts to the file."""

    def __init__(
        self, seed: int, stores: tuple[TextStore, RowStore] | None, passing: Callable[[TextBlock], None] | None
    ) -> None:
        self._multipliers, self._offsets = permutations(N_PERMUTATIONS, seed)
        self._blank = is_blank()[: documents.BLANKS_END]
        self._stores, self._passing = stores, passing

    def __call__(self, placed: tuple[TextBlock, int, int, int]) -> tuple[list[str], _Signed]:
        block, at, n_before, source = placed
        n, offsets = len(block.ids), block.offsets
        places = offsets - offsets[0] + at
        start, stop = places[:-1], places[1:]
        if source != STORED and block.places is not None:
            start, stop = block.places.start, block.places.stop
        bands, slots = np.empty((n, N_BANDS), np.uint32), np.empty((n, N_PERMUTATIONS), np.uint8)
        sums, counts = np.empty(n, np.uint64), np.empty((2, n), np.int64)
        signed = _Signed(sums, counts[0], counts[1], start, stop, np.full(n, source, np.int32))
        values = block.values.view()
        values.flags.writeable = False  # as Arrow's buffers are: one compiled kernel serves all
        documents.sign_documents(
            values, offsets, self._blank, self._multipliers, self._offsets, bands, slots, *signed[:3]
        )  # fmt: skip
        if self._stores is not None:
            texts, rows = self._stores
            if source == STORED:
                texts.write(block, at)
            rows.write(np.concatenate((bands.view(np.uint8), slots), axis=1), n_before)
        if self._passing is not None:
            self._passing(block)
        return block.ids, signed


class _Families:
    """Joins documents to the heads of their families, from what is kept of each, in document order."""

    def __init__(self, signed: list[_Signed], order: NDArray[np.int64], sources: Sources, work: Workspace) -> None:
        n = len(order)
        self._order, self._sources, self._work = order, sources, work
        self.bands: NDArray[np.uint32] = work.empty((n, N_BANDS), np.uint32)
        self.slots: NDArray[np.uint8] = work.empty((n, N_PERMUTATIONS), np.uint8)
        self.sums = np.empty(n, np.uint64)
        self.n_points, self.n_chars, self.start, self.stop = (np.empty(n, np.int64) for _ in range(4))
        self.source = np.empty(n, np.int32)
        at = 0
        self._rank = np.empty(n, np.int64)
        self._rank[order] = np.arange(n)
        signed.reverse()
        while signed:
            block = signed.pop()
            rows = self._rank[at : at + len(block.sums)]
            at += len(rows)
            columns = (self.sums, self.n_points, self.n_chars, self.start, self.stop, self.source)
            for column, values in zip(columns, block, strict=True):
                np.asarray(column)[rows] = values

    def load(self, store: RowStore) -> None:
        """Take bands and slots from the store, which has them in the order of reading."""
        for at in range(0, len(self._rank), ROWS_TOGETHER):
            rows = self._rank[at : at + ROWS_TOGETHER]
            values = store.read(at, len(rows))
            self.bands[rows] = values[:, : 4 * N_BANDS].copy().view(np.uint32)
            self.slots[rows] = values[:, 4 * N_BANDS :]

    def found(self, ids: list[str], threshold: float) -> Duplicates:
        """The heads of all documents."""
        first = self._first_copies()
        rows = np.flatnonzero((self.n_chars >= MIN_CHARACTERS) & (first == np.arange(len(first)))).astype(np.int32)
        head, common, union, n_crowded = self._joined(rows, threshold)
        head, common, union = head[first], common[first], union[first]
        return Duplicates(self._order, ids, self.n_points, self.n_chars, head, common, union, n_crowded)

    def _first_copies(self) -> NDArray[np.int64]:
        """The lowest row with the same text, for every row; rows without shingles are their own."""
        first = np.arange(len(self.sums))
        rows = np.flatnonzero(self.n_chars >= MIN_CHARACTERS)
        rows = rows[np.argsort(self.sums[rows], kind="stable")]
        sums = self.sums[rows]
        begins = np.concatenate((np.ones(min(1, len(rows)), bool), sums[1:] != sums[:-1]))
        heads = rows[np.maximum.accumulate(np.where(begins, np.arange(len(rows)), 0))]
        heads, others = heads[~begins], rows[~begins]
        equal = np.zeros(len(heads), bool)

        def compare(part: slice) -> None:
            documents.equal_texts(*self._loaded(heads[part], others[part]), equal[part])

        self._work.map(compare, self._tasks(heads, others))
        first[others[equal]] = heads[equal]
        return first

    def _joined(
        self, rows: NDArray[np.int32], threshold: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int]:
        """Head, shingles in common and in all of every row, and the number of crowded ones.

        Which pairs decide depends on what others decide. So the walk over all rows is tried with guesses first, the
        pairs that it wanted are compared by all threads, and so again; the last walk compares what it still wants.
        """
        n = len(self.sums)
        bounds = self._buckets(rows)
        rows = rows[self.bands[rows].any(axis=1)]
        entries = np.empty((int(bounds[-1]), 2), np.uint64)
        known = _Known(n)
        head, common, union = np.arange(n), np.ones(n, np.int64), np.ones(n, np.int64)
        crowded = np.zeros(n, bool)
        slots = self.slots.view(np.uint64)
        seen = np.zeros(n, np.int64)
        nothing = np.empty((3, 0), np.int64)
        stamp = 1
        limits = (int(threshold * MIN_AGREEMENT), round(threshold * N_PERMUTATIONS), threshold)
        for step in range(ROUNDS + 1):
            start, extra, wanted = 0, nothing, nothing[0]
            entries[:, 0] = 0
            entries[bounds[:-1], 0] = np.diff(bounds) - 1
            while start < len(rows):
                start, wanted, others = joining.join_documents(
                    rows, start, stamp, self.bands, entries, slots,
                    known.indptr, known.heads, known.common, known.union, *limits, step < ROUNDS,
                    seen, extra, head, common, union, crowded,
                )  # fmt: skip
                stamp += n
                if start < len(rows):
                    extra = np.stack((others, *self._compared(others, wanted)))
            if not len(wanted):
                break
            known.add(wanted, others, *self._compared(others, wanted))
        return head, common, union, int(crowded.sum())

    def _buckets(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        """Makes the hashes in ``bands`` places of buckets, and tells where each begins and the last ends (int64).

        At the beginning of a bucket stands its size; its first entry, which ``bands`` has, comes behind that.
        """

        def numbered(band: int) -> NDArray[np.int32]:
            taken = np.zeros(len(rows) // 2 + 2, np.int32)
            n_buckets = bucketing.number_buckets(self.bands, band, rows, taken)
            return np.minimum(taken[1 : n_buckets + 1], joining.MAX_LISTED)

        sizes = self._work.map(numbered, range(N_BANDS))
        bounds = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.concatenate(sizes) + 1, dtype=np.int64)))
        base = np.cumsum([0, *(len(size) for size in sizes)])

        def placed(band: int) -> None:
            places = np.concatenate((np.zeros(1, np.int64), bounds[base[band] : base[band + 1]] + 1))
            bucketing.place_buckets(self.bands, band, places)

        self._work.map(placed, range(N_BANDS))
        return bounds

    def _compared(
        self, heads: NDArray[np.int64], others: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Shingles in common and in all of pairs, in their order."""
        by_head = np.lexsort((others, heads))
        sorted_heads, sorted_others = heads[by_head], others[by_head]
        results = np.empty((2, len(heads)), np.int64)

        def compare(part: slice) -> None:
            pairs = self._loaded(sorted_heads[part], sorted_others[part])
            documents.compare_pairs(*pairs, results[0, part], results[1, part])

        self._work.map(compare, self._tasks(sorted_heads, sorted_others))
        in_order = np.empty_like(results)
        in_order[:, by_head] = results
        return in_order[0], in_order[1]

    def _loaded(
        self, heads: NDArray[np.int64], others: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The texts of pairs and where each begins, and the pairs by their places in there."""
        rows, places = np.unique(np.concatenate((heads, others)), return_inverse=True)
        values, bounds = self._sources.read(self.start[rows], self.stop[rows], self.source[rows])
        return values, bounds, places[: len(heads)], places[len(heads) :]

    def _tasks(self, heads: NDArray[np.int64], others: NDArray[np.int64]) -> list[slice]:
        """Slices of pairs that read about `TASK_BYTES` each."""
        if not len(heads):
            return []
        size = np.cumsum(self.stop[heads] - self.start[heads] + self.stop[others] - self.start[others])
        cuts = np.flatnonzero(np.diff(size // TASK_BYTES)) + 1
        return [slice(a, b) for a, b in zip([0, *cuts.tolist()], [*cuts.tolist(), len(heads)], strict=True)]


class _Known:
    """Pairs that were compared, by row: ``indptr`` (int64, n + 1), ``heads``, ``common``, ``union`` (int64)."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._rows = self.heads = self.common = self.union = np.empty(0, np.int64)
        self.indptr = np.zeros(n + 1, np.int64)

    def add(
        self,
        rows: NDArray[np.int64],
        heads: NDArray[np.int64],
        common: NDArray[np.int64],
        union: NDArray[np.int64],
    ) -> None:
        """Further pairs."""
        rows = np.concatenate((self._rows, rows))
        order = np.argsort(rows, kind="stable")
        self._rows = rows[order]
        self.heads = np.concatenate((self.heads, heads))[order]
        self.common = np.concatenate((self.common, common))[order]
        self.union = np.concatenate((self.union, union))[order]
        self.indptr = np.searchsorted(self._rows, np.arange(self._n + 1)).astype(np.int64)
