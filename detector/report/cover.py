"""The order of a phrase book: first the phrase that explains the most text, then what explains the most of the rest.

Sorted by their families alone, twenty variants of one slogan fill the first page. A greedy cover lists the slogan, and
a variant only where what it adds counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heapreplace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.reporting import take_unexplained

Integers = NDArray[np.int64]


class Explained(NamedTuple):
    """A phrase, and how many characters that no phrase before it explains it explains over all its occurrences."""

    phrase: int
    n_chars: int


def explained(
    phrase: Sequence[int] | NDArray[Any],
    document: Sequence[int] | NDArray[Any],
    start: Sequence[int] | NDArray[Any],
    end: Sequence[int] | NDArray[Any],
    *,
    texts: Sequence[str | None] | None = None,
    limit: int | None = None,
) -> list[Explained]:
    """Phrases in the order of a greedy cover, at most ``limit``, as long as they explain anything.

    A row per occurrence: the number of the phrase (of equal ones the lower comes first) and where it stands. ``texts``
    are the texts of the occurrences, whose blank characters do not count; where there is none, all characters do.
    """
    owner, place = np.asarray(phrase, dtype=np.int64), np.asarray(document, dtype=np.int64)
    begin, stop = np.asarray(start, dtype=np.int64), np.asarray(end, dtype=np.int64)
    blank = None if texts is None else _blanks(stop - begin, texts)
    return _cover(owner, place, begin, stop, blank, limit)


def _cover(
    phrase: Integers, document: Integers, start: Integers, end: Integers, blank: NDArray[np.bool_] | None,
    limit: int | None,
) -> list[Explained]:  # fmt: skip
    """`explained`, with the blank characters of all occurrences in a row.

    What a phrase explains only falls while others are chosen, so that a phrase is counted again only when it comes
    first.
    """
    order = np.lexsort((end, start, document))
    begin, stop = _on_a_line(document[order], start[order], end[order])
    unexplained = np.ones(int(stop.max(initial=0)), dtype=np.bool_)
    if blank is not None:
        places, bounds, line = np.flatnonzero(blank), np.cumsum(end - start), np.empty_like(begin)
        line[order] = begin
        row = np.searchsorted(bounds, places, side="right")
        unexplained[line[row] + places - (bounds - (end - start))[row]] = False
    by_phrase = np.argsort(phrase[order], kind="stable")
    begin, stop = begin[by_phrase], stop[by_phrase]
    numbers, sizes = np.unique(phrase, return_counts=True)
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    most = np.add.reduceat(stop - begin, bounds[:-1]) if len(numbers) else numbers
    heap = [(-gain, row) for row, gain in enumerate(most.tolist())]
    heapify(heap)
    rows, ids = bounds.tolist(), numbers.tolist()
    found: list[Explained] = []
    while heap and (limit is None or len(found) < limit):
        known, one = heap[0]
        gain = take_unexplained(unexplained, begin, stop, rows[one], rows[one + 1], -known)
        if gain == 0:
            heappop(heap)
        elif gain < -known:
            heapreplace(heap, (-gain, one))
        else:
            found.append(Explained(ids[one], gain))
            heappop(heap)
    return found


def most_explained(
    phrase: Integers, document: Integers, start: Integers, end: Integers,
    blanks: Callable[[Integers], NDArray[np.bool_]], limit: int,
) -> list[Explained]:  # fmt: skip
    """The first ``limit`` phrases of `explained`, without looking at those that cannot be among them.

    ``blanks`` says of some occurrences, by their rows, which of their characters are blank. No phrase explains more
    than the length of all its occurrences: once the last one chosen explains more than that of any phrase left out,
    these change nothing.
    """
    lengths = np.bincount(phrase, weights=end - start, minlength=1).astype(np.int64)
    order = np.argsort(-lengths, kind="stable")
    n_chosen = 2 * limit
    while True:
        is_chosen = np.zeros(len(lengths), dtype=np.bool_)
        is_chosen[order[:n_chosen]] = True
        rows = np.flatnonzero(is_chosen[phrase])
        found = _cover(phrase[rows], document[rows], start[rows], end[rows], blanks(rows), limit)
        left_out = int(lengths[order[n_chosen]]) if n_chosen < len(order) else 0
        if left_out == 0 or (len(found) == limit and found[-1].n_chars > left_out):
            return found
        n_chosen *= 2


def _blanks(sizes: Integers, texts: Sequence[str | None]) -> NDArray[np.bool_]:
    """Which characters of the occurrences are blank."""
    blank = np.zeros(int(sizes.sum()), dtype=np.bool_)
    for begin, text in zip((np.cumsum(sizes) - sizes).tolist(), texts, strict=True):
        if text is not None and sum(map(len, text.split())) < len(text):
            for at, character in enumerate(text):
                if character.isspace():
                    blank[begin + at] = True
    return blank


def _on_a_line(
    document: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where sorted spans begin and stop when the text that no span covers is left out."""
    _, number = np.unique(document, return_inverse=True)
    base = number * (int(end.max(initial=0)) + 1)
    begin, stop = base + start, base + end
    reach = np.maximum.accumulate(np.concatenate((np.zeros(1, np.int64), stop)))[:-1]
    left_out = np.cumsum(np.maximum(begin - reach, 0))
    return begin - left_out, stop - left_out
