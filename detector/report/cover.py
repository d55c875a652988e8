"""The order of a phrase book: first the phrase that explains the most text, then what explains the most of the rest.

Sorted by their families alone, twenty variants of one slogan fill the first page. A greedy cover lists the slogan, and
a variant only where what it adds counts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Explained(NamedTuple):
    """A phrase, and how many characters that no phrase before it explains it explains over all its occurrences."""

    phrase: int
    n_chars: int


def explained(
    phrase: Sequence[int],
    document: Sequence[int],
    start: Sequence[int],
    end: Sequence[int],
    *,
    texts: Sequence[str | None] | None = None,
    limit: int | None = None,
) -> list[Explained]:
    """Phrases in the order of a greedy cover, at most ``limit``, as long as they explain anything.

    A row per occurrence: the number of the phrase (of equal ones the lower comes first) and where it stands. ``texts``
    are the texts of the occurrences, whose blank characters do not count; where there is none, all characters do. The
    cost is linear in the occurrences that overlap.
    """
    owner, place = np.asarray(phrase, dtype=np.int64), np.asarray(document, dtype=np.int64)
    begin, stop = np.asarray(start, dtype=np.int64), np.asarray(end, dtype=np.int64)
    order = np.lexsort((stop, begin, place))
    cover = _Cover(owner[order], *_on_a_line(place[order], begin[order], stop[order]), order, texts)
    found: list[Explained] = []
    while cover.heap and (limit is None or len(found) < limit):
        gain, number = heappop(cover.heap)
        if gain == 0:
            break
        if -gain == cover.gains[number]:
            found.append(Explained(number, -gain))
            cover.choose(number)
    return found


class _Cover:
    """Characters in occurrences, one byte each: 1 where it is not blank and not explained yet.

    Occurrences are sorted by document and start. Those that overlap lie on one stretch of the line, the others follow
    each other without gaps. ``gains`` are exact; ``heap`` holds every gain that was ever true, negative.
    """

    def __init__(
        self,
        phrase: NDArray[np.int64],
        begin: NDArray[np.int64],
        stop: NDArray[np.int64],
        rows: NDArray[np.int64],
        texts: Sequence[str | None] | None,
    ) -> None:
        self._open = bytearray(b"\1") * int(stop.max(initial=0))
        if texts is not None:
            self._blank(begin.tolist(), rows.tolist(), texts)
        self._phrase, self._begin, self._stop = phrase.tolist(), begin.tolist(), stop.tolist()
        self._reach = np.maximum.accumulate(stop).tolist()
        self._rows: dict[int, list[int]] = {}
        self._own: list[int] = []
        self.gains: dict[int, int] = {}
        reached: dict[int, int] = {}
        for row, number in enumerate(self._phrase):
            # what two occurrences of one phrase have in common counts for the first of them
            own = max(self._begin[row], reached.get(number, 0))
            reached[number] = max(own, self._stop[row])
            self._own.append(own)
            self._rows.setdefault(number, []).append(row)
            self.gains[number] = self.gains.get(number, 0) + self._open.count(1, own, reached[number])
        self.heap = [(-gain, number) for number, gain in self.gains.items()]
        heapify(self.heap)

    def choose(self, number: int) -> None:
        """Take what a phrase explains from all phrases that explain it too."""
        changed = set()
        for row in self._rows[number]:
            begin, stop = self._own[row], self._stop[row]
            if not self._open.count(1, begin, stop):
                continue
            other = bisect_left(self._begin, stop) - 1
            while other >= 0 and self._reach[other] > begin:
                low, high = max(begin, self._own[other]), min(stop, self._stop[other])
                if low < high:
                    self.gains[self._phrase[other]] -= self._open.count(1, low, high)
                    changed.add(self._phrase[other])
                other -= 1
            self._open[begin:stop] = bytes(stop - begin)
        for other in changed:
            heappush(self.heap, (-self.gains[other], other))

    def _blank(self, begin: list[int], rows: list[int], texts: Sequence[str | None]) -> None:
        """Blank characters are nothing to explain."""
        for place, row in zip(begin, rows, strict=True):
            text = texts[row]
            if text is not None and sum(map(len, text.split())) < len(text):
                for at, character in enumerate(text):
                    if character.isspace():
                        self._open[place + at] = 0


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
