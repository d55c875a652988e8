"""Clusters as columns, with their templates: what the members have in common, and the slots in which they differ.

Every member is aligned to the representative. A token of the representative that all members have is a literal; what
stands between two literals, in the representative or inserted by a member, is a slot with a fill for each member.
In a large cluster a fill that most members have is listed once: of 180 near-copies each of 600 slots would list 180.
Slots begin and end with tokens, so that a number is never cut in two.

Most members are copies of the representative, and are only read. Of the others as many alignments are remembered as
fit; the rest is aligned again for the slots and for the fills: a slogan in 200,000 passages needs no table of all its
tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels import aligning, comparing, dividing, fill_places, filling, grouping, slotting
from detector.machine.columns import Gathered, add_all
from detector.machine.workspace import Workspace
from detector.matching.fill_classes import fill_classes
from detector.matching.gathering import expanded, gather_passages, gather_texts, is_mapped, most_tokens
from detector.matching.variants import Variants, text_keys, variants_of
from detector.model import LEVELS
from detector.tables.columns import CLUSTER_LEVELS, ClusterColumns, GroupColumns
from detector.tables.score import millionths
from detector.text.folding import character_table
from detector.text.passages import Passages
from detector.text.texts import Texts
from detector.text.tokens import Tokens, join_offsets, mix64, packed_points

CLUSTER_TOKENS = 1 << 20
"""Tokens of the members of the clusters that a thread takes at a time."""

MOST_LISTED = 1000
"""Fills of a cluster, of all its members in all its slots, up to which each is listed (`detector.kernels.filling`)."""

KEPT = 1 << 21
"""Places of tokens (8 MB) that a thread remembers of the alignments of one cluster."""


class _Members(NamedTuple):
    """The clusters of all levels: ``indptr`` (int64), and a row per member of ``document``, ``first``, ``last``
    (passages), ``start``, ``end`` (code points), int32 each; ``by_passage``: bool, a row per cluster."""

    indptr: NDArray[np.int64]
    document: NDArray[np.int32]
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    by_passage: NDArray[np.bool_]


class _Slots(NamedTuple):
    """The slots of cluster c are rows ``indptr[c]`` to ``indptr[c + 1]`` (int64) of ``types`` (uint8) and ``common``
    (int32).

    The fills of slot s that are listed are rows ``fill_at[s]`` to ``fill_at[s + 1]`` (int64) of ``fill_member``,
    ``fill_start``, ``fill_end`` (int32), as in `ClusterColumns`.
    """

    indptr: NDArray[np.int64]
    types: NDArray[np.uint8]
    common: NDArray[np.int32]
    fill_at: NDArray[np.int64]
    fill_member: NDArray[np.int32]
    fill_start: NDArray[np.int32]
    fill_end: NDArray[np.int32]


class _Brought(NamedTuple):
    """The passages of some members: tokens, the bounds of each passage among them, keys; first and last of each."""

    tokens: Tokens
    bounds: NDArray[np.int64]
    keys: NDArray[np.uint64]
    first: NDArray[np.int32]
    last: NDArray[np.int32]


class _Corpus(NamedTuple):
    """What templates are made of."""

    tokens: Tokens
    passages: Passages
    texts: Texts
    keys: NDArray[np.uint64]


def cluster_columns(
    levels: Sequence[GroupColumns],
    tokens: Tokens,
    passages: Passages,
    texts: Texts,
    *,
    family: NDArray[Any],
    series: NDArray[Any],
    keys: NDArray[np.uint64],
    work: Workspace,
) -> ClusterColumns:
    """The clusters of the levels (documents, blocks, passages) with their members, counts and templates.

    ``family`` and ``series`` are a number per document, -1 where it has no series; ``keys`` is the hash of each
    passage's skeleton. A document is all of its text, any other member its passages.
    """
    members = _joined(levels, passages, texts, work)
    corpus = _Corpus(tokens, passages, texts, keys)
    slots = _slots(corpus, members, work)
    sizes = [len(groups.indptr) - 1 for groups in levels]
    return ClusterColumns(
        level=np.repeat(np.array([CLUSTER_LEVELS.index(level) for level in LEVELS], dtype=np.uint8), sizes),
        number=np.concatenate([np.arange(1, size + 1, dtype=np.int32) for size in sizes]),
        n_families=_n_different(members, family),
        n_series=_n_different(members, series),
        member_indptr=members.indptr,
        document=members.document,
        start=members.start,
        end=members.end,
        ratio=work.stored(np.concatenate([_ratios(groups, corpus, work) for groups in levels])),
        fill_member=slots.fill_member,
        fill_start=slots.fill_start,
        fill_end=slots.fill_end,
        **_parts(members, slots, work),
    )


def _joined(levels: Sequence[GroupColumns], passages: Passages, texts: Texts, work: Workspace) -> _Members:
    """The members of all levels, one level after the other."""
    document, first, last = (
        np.concatenate([getattr(groups, name) for groups in levels]).astype(np.int32, copy=False)
        for name in ("document", "first", "last")
    )
    n_documents = len(levels[0].document)
    start, end = np.zeros(len(document), np.int32), np.empty(len(document), np.int32)
    end[:n_documents] = texts.lengths[document[:n_documents]]
    start[n_documents:] = passages.start[first[n_documents:]]
    end[n_documents:] = passages.end[last[n_documents:] - 1]
    indptr = join_offsets([groups.indptr for groups in levels])
    by_passage = np.ones(len(indptr) - 1, dtype=bool)
    by_passage[len(by_passage) - (len(levels[-1].indptr) - 1) :] = False
    document, first, last, start, end = map(work.stored, (document, first, last, start, end))
    return _Members(indptr, document, first, last, start, end, by_passage)


def _even_ranges(done: NDArray[np.int64], size: int) -> list[tuple[int, int]]:
    """Ranges of rows of about ``size`` each, from the sum of the sizes before each row and of all (int64, n + 1).

    >>> _even_ranges(np.array([0, 3, 6, 30, 31]), 6)
    [(0, 2), (2, 3), (3, 4)]
    """
    cuts = np.searchsorted(done, np.arange(0, int(done[-1]), size), side="left")
    bounds = np.unique(np.concatenate((cuts, [0, len(done) - 1]))).tolist()
    return list(pairwise(bounds))


def _slots(corpus: _Corpus, members: _Members, work: Workspace) -> _Slots:
    """The slots of all clusters with their fills, by all workers, a wave of ranges of clusters after the other."""
    n_slots = np.zeros(len(members.by_passage), dtype=np.int64)
    keys = text_keys(corpus.tokens, corpus.passages, corpus.texts, members.first, members.last, work)

    def part(clusters: tuple[int, int]) -> tuple[NDArray[Any], ...]:
        some = _taken(members, clusters)
        of = variants_of(keys, some.indptr, some.first, some.last)
        brought = _brought(corpus, some, work)
        n_gaps = np.zeros(len(some.by_passage), dtype=np.int64)
        gaps = _gaps(brought, some, of, n_gaps)
        texts, document = _read(corpus, some, n_gaps, work)
        some = some._replace(document=document, first=brought.first, last=brought.last)
        return _fills(brought, some, of, texts, n_gaps, gaps, n_slots[slice(*clusters)])

    bounds = corpus.passages.tokens
    n_tokens = _offsets(bounds[members.last] - bounds[members.first])
    size = CLUSTER_TOKENS if is_mapped(work, corpus.tokens) else work.scattered(CLUSTER_TOKENS)
    columns = [Gathered(work, dtype) for dtype in (np.uint8, *[np.int32] * 5)]
    for found in work.each(part, _even_ranges(n_tokens[members.indptr], size)):
        add_all(columns, found)
    types, n_listed, common, *fills = (column.column() for column in columns)
    return _Slots(work.stored(_offsets(n_slots)), types, common, work.stored(_offsets(n_listed)), *fills)


def _gaps(
    brought: _Brought, some: _Members, of: Variants, n_gaps: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """What stands between the literals of some clusters, as tokens of each variant; ``n_gaps`` is filled."""
    tokens, bounds, keys, first, last = brought
    first, last, differs = first[of.member], last[of.member], np.empty(len(of.member), np.bool_)
    grouping.find_copies(tokens.name, bounds, of.indptr, first, last, differs)
    begin, until = aligning.template_gaps(
        tokens.name, tokens.form, bounds, keys, of.indptr, first, last, differs, some.by_passage,
        (0, len(some.by_passage)), KEPT, n_gaps,
    )  # fmt: skip
    return begin, until


def _fills(
    brought: _Brought,
    some: _Members,
    of: Variants,
    texts: Texts,
    n_gaps: NDArray[np.int64],
    gaps: tuple[NDArray[np.int32], NDArray[np.int32]],
    n_slots: NDArray[np.int64],
) -> tuple[NDArray[Any], ...]:
    """The slots of some clusters (types, how many fills are listed, which of them is common) and the fills of these;
    ``n_slots`` is filled."""
    tokens, bounds = brought.tokens, brought.bounds
    points, where, indptr, weight = texts.points, tokens.where, of.indptr, of.weight
    document, first, last = (column[of.member] for column in (some.document, some.first, some.last))
    read, its = (tokens.form, where, points, texts.start, bounds), (indptr, document, first)
    members = (some.indptr, of.of)
    whole = slotting.join_gaps(tokens.name, *read, *its, last, *members, n_gaps, *gaps)
    begin, until = dividing.divide_gaps(tokens.name, *read, *its, weight, *members, n_gaps, whole, *gaps, n_slots)
    begin, until = slotting.cut_slots(*read, *its, weight, n_slots, begin, until)
    # what was one gap with its neighbour's words may have left a date in pieces
    slotting.join_gaps(tokens.name, *read, *its, last, *members, n_slots, begin, until)
    n, kind = int(n_slots.sum()), np.empty(len(begin), np.uint8)
    types, (n_listed, common) = np.empty(n, np.uint8), np.empty((2, n), np.int32)
    its_members = some.indptr, some.first, some.start, of.of
    fill_places.place_fills(where, bounds, of[:2], its_members[1:3], n_slots, begin, until, kind)
    filling.type_slots(
        points, texts.start, texts.stop, character_table().plain, fill_classes(), of[:3], (some.indptr, some.document),
        n_slots, MOST_LISTED, begin, until, kind, types, n_listed,
    )  # fmt: skip
    fills = tuple(np.empty(int(n_listed.sum(dtype=np.int64)), np.int32) for _ in range(3))
    fill_places.list_fills(where, bounds, of[:2], its_members, n_slots, begin, until, n_listed, common, fills)
    return types, n_listed, common, *fills


def _taken(members: _Members, clusters: tuple[int, int]) -> _Members:
    """The members of some clusters."""
    indptr = members.indptr[clusters[0] : clusters[1] + 1]
    some = slice(int(indptr[0]), int(indptr[-1]))
    return _Members(
        indptr - indptr[0],
        members.document[some],
        members.first[some],
        members.last[some],
        members.start[some],
        members.end[some],
        members.by_passage[clusters[0] : clusters[1]],
    )


def _brought(corpus: _Corpus, some: _Members, work: Workspace) -> _Brought:
    """The passages of some members: tokens, the bounds of each passage among them, keys; first and last of each."""
    tokens, passages, _, keys = corpus
    n_tokens = int((passages.tokens[some.last] - passages.tokens[some.first]).sum())
    if not is_mapped(work, tokens) or n_tokens > most_tokens(work):
        return _Brought(tokens, passages.tokens, keys, some.first, some.last)
    here = gather_passages(tokens, passages, expanded(some.first, some.last))
    first = here.places(some.first).astype(np.int32)
    return _Brought(here.tokens, here.bounds, keys[here.rows], first, first + (some.last - some.first))


def _read(
    corpus: _Corpus, some: _Members, n_slots: NDArray[np.int64], work: Workspace
) -> tuple[Texts, NDArray[np.int32]]:
    """The texts that the slots of some members stand in, and the text of each member."""
    texts = corpus.texts
    with_slots = np.repeat(n_slots > 0, np.diff(some.indptr))
    n_points = int((some.end - some.start)[with_slots].sum())
    if not is_mapped(work, corpus.tokens) or n_points > most_tokens(work):
        return texts, some.document
    end = np.minimum(some.end + filling.BEYOND, texts.lengths[some.document]).astype(np.int32)
    spans = gather_texts(texts, some.document, some.start, np.where(with_slots, end, some.start))
    return spans, np.arange(len(some.start), dtype=np.int32)


def _parts(members: _Members, slots: _Slots, work: Workspace) -> dict[str, NDArray[Any]]:
    """The columns of `ClusterColumns` that are about parts, by their names."""
    n_clusters = len(members.by_passage)
    room = 2 * len(slots.types) + n_clusters
    part_indptr = np.empty(n_clusters + 1, np.int64)
    columns: dict[str, NDArray[Any]] = {
        "slot": work.empty(room, np.int32),
        "part_type": work.empty(room, np.uint8),
        "part_start": work.empty(room, np.int32),
        "part_end": work.empty(room, np.int32),
        "part_common": work.empty(room, np.int32),
        "n_fills": work.empty(room, np.int32),
    }
    n_parts = grouping.template_parts(
        members.indptr, members.start, members.end, slots.indptr, slots.fill_at, slots.fill_start, slots.fill_end,
        slots.types, slots.common, part_indptr, *columns.values(),
    )  # fmt: skip
    filled = {name: column[:n_parts] for name, column in columns.items()}
    fill_indptr = work.stored(_offsets(filled.pop("n_fills")))
    return {"part_indptr": part_indptr, **filled, "fill_indptr": fill_indptr}


def _n_different(members: _Members, number: NDArray[Any]) -> NDArray[np.int32]:
    """How many different numbers the documents of each cluster have; -1 is none."""
    counts = np.empty(len(members.by_passage), np.int32)
    n_numbers = int(number.max()) + 1 if len(number) else 0
    grouping.count_distinct(members.indptr, members.document, number, n_numbers, counts)
    return counts


def _ratios(groups: GroupColumns, corpus: _Corpus, work: Workspace) -> NDArray[np.int32]:
    """The ratio of every member with the representative, in millionths; those that are NaN are computed."""
    ratio = groups.ratio
    if len(ratio) and bool(np.isnan(ratio).any()):
        bounds = corpus.passages.tokens
        n_tokens = np.cumsum(bounds[groups.last] - bounds[groups.first])
        size = CLUSTER_TOKENS if is_mapped(work, corpus.tokens) else work.scattered(CLUSTER_TOKENS)
        ranges = _even_ranges(np.concatenate(([0], n_tokens))[groups.indptr], size)
        parts = work.map(lambda span: _block_ratios(groups, corpus, span, work), ranges)
        ratio = np.where(np.isnan(ratio), np.concatenate(parts), ratio)
    whole = millionths(ratio)
    whole[groups.indptr[:-1]] = 1_000_000
    return whole


def _block_ratios(groups: GroupColumns, corpus: _Corpus, span: tuple[int, int], work: Workspace) -> NDArray[np.float64]:
    """The normalised Indel similarity of the skeleton of each member with that of its representative, once for all that
    have the same two; of most members the keys of their passages tell that it is 1."""
    tokens, passages, _, keys = corpus
    indptr = groups.indptr[span[0] : span[1] + 1]
    first, last = (column[indptr[0] : indptr[-1]] for column in (groups.first, groups.last))
    head = np.repeat(indptr[:-1] - indptr[0], np.diff(indptr))
    names = _names(keys, first.astype(np.int64), last.astype(np.int64))
    differing = np.flatnonzero(names != names[head])
    ratio = np.ones(len(first))
    if not len(differing):
        return ratio
    pairs = mix64(names[head[differing]]) + names[differing]
    _, chosen, same = np.unique(pairs, return_index=True, return_inverse=True)
    differs = differing[chosen]
    members, place = np.unique(np.concatenate((head[differs], differs)), return_inverse=True)
    first, last = first[members], last[members]
    rows, bounds = expanded(first, last), passages.tokens  # each once: most blocks lie in others
    part = np.searchsorted(rows, first).repeat(2)
    part[1::2] += last - first
    if is_mapped(work, tokens) and int((bounds[last] - bounds[first]).sum()) <= most_tokens(work):
        tokens, bounds = gather_passages(tokens, passages, rows, with_texts=True)[1:]
        rows = np.arange(len(rows))
    points, point_indptr = packed_points(tokens, bounds[rows], bounds[rows + 1])
    left, right, found = 2 * place[: len(differs)], 2 * place[len(differs) :], np.empty(len(differs))
    comparing.similarities(points, point_indptr, part, left, right, float(comparing.LARGEST_BLOCK), found)
    ratio[differing] = found[same]
    return ratio


def _names(keys: NDArray[np.uint64], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A hash of the skeletons of each member, passages ``first`` to ``last`` of at least one."""
    part = _offsets(last - first)
    nth = np.arange(part[-1]) - np.repeat(part[:-1], np.diff(part))
    each = keys[np.repeat(first, np.diff(part)) + nth]
    return np.add.reduceat(mix64(each + nth.astype(np.uint64)), part[:-1])


def _offsets(counts: NDArray[Any]) -> NDArray[np.int64]:
    """The sum of the counts before each row, and of all (int64, n + 1)."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets
