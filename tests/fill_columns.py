"""Slots as the kernel that fills them has them, made from texts and tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.kernels.fill_places import list_fills, place_fills
from detector.kernels.filling import type_slots
from detector.matching.fill_classes import fill_classes
from detector.text.folding import character_table
from detector.text.texts import Texts

LETTER, MARK = 64, 192
Token = tuple[int, int | bool]


def filled(
    texts: Sequence[str],
    tokens: Sequence[Sequence[Token]],
    firsts: Sequence[int],
    n_slots: NDArray[np.int64],
    slots: Sequence[Sequence[tuple[int, int]]],
    most: int,
) -> tuple[list[tuple[int, int, int]], list[int], list[int], list[int]]:
    """The fills that are listed (member, start, end), how many of each slot, which is common, and types.

    ``tokens``: of each member's text, where each begins (it ends with the next one or the text) and its kind, or
    whether it is a mark; members of cluster c are those from ``firsts[c]`` on; ``slots``: the tokens of all of them,
    slot by slot. Members with the same text and ranges are one variant.
    """
    corpus = Texts.of(texts)
    ends = [[*(begin for begin, _ in its), len(text)][1:] for text, its in zip(texts, tokens, strict=True)]
    kinds = [[kind if kind > 1 else (MARK if kind else LETTER) for _, kind in its] for its in tokens]
    forms = [
        kind + end - begin
        for its, stops, their in zip(tokens, ends, kinds, strict=True)
        for (begin, _), end, kind in zip(its, stops, their, strict=False)
    ]
    start = np.array([begin for its in tokens for begin, _ in its], np.int32)
    where = (start, np.array(forms, np.uint8), np.empty(0, np.int64), np.empty(0, np.int32))
    bounds = np.cumsum([0, *map(len, tokens)]).astype(np.int64)
    indptr, member, count, of, begin = [0], list[int](), list[int](), list[int](), list[tuple[int, int]]()
    number = 0
    for cluster, n in enumerate(n_slots.tolist()):
        known: dict[object, int] = {}
        for row in range(firsts[cluster], firsts[cluster + 1]):
            ranges = [slot[row - firsts[cluster]] for slot in slots[number : number + n]]
            key = (texts[row], *tokens[row], *ranges)
            if key not in known:
                known[key] = len(known)
                member.append(row)
                count.append(0)
            of.append(known[key])
            count[indptr[-1] + known[key]] += 1
        indptr.append(len(member))
        for slot in slots[number : number + n]:
            begin += [slot[row - firsts[cluster]] for row in member[indptr[-2] :]]
        number += n
    table = np.array(begin, np.int32).reshape(-1, 2).T.copy()
    types, (n_listed, common) = np.empty(number, np.uint8), np.empty((2, number), np.int32)
    rows = np.arange(len(texts), dtype=np.int32)
    variants = np.array(indptr), np.array(member, np.int32)
    members = np.array(firsts), rows, np.zeros(len(texts), np.int32), np.array(of, np.int32)
    kind = np.empty(len(table[0]), np.uint8)
    place_fills(where, bounds, variants, members[1:3], n_slots, *table, kind)
    type_slots(
        corpus.points, corpus.start, corpus.stop, character_table().plain, fill_classes(),
        (*variants, np.array(count, np.int32)), (members[0], rows), n_slots, most, *table, kind, types, n_listed,
    )  # fmt: skip
    listed = tuple(np.empty(int(n_listed.sum()), np.int32) for _ in range(3))
    list_fills(where, bounds, variants, members, n_slots, *table, n_listed, common, listed)
    columns = [column.tolist() for column in listed]
    return list(zip(*columns, strict=True)), n_listed.tolist(), common.tolist(), types.tolist()
