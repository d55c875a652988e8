"""Places: where triggers of rules stand, in one text by looking for them, in a block of texts by one compiled pass.

Patterns are never searched for; they are tried at these places. A block is folded once, its lines and triggers are
columns, and Python sees only what has a candidate, so that the cost of a scan depends on candidates and not on the
number of rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.triggers import find_lines, find_triggers, fold_texts
from detector.text.folding import N_CODE_POINTS, character_table, code_points, from_code_points, is_blank
from detector.text.kept_tables import kept_tables

MIN_SENTENCE = 12
"""Shortest line that can be a sentence of content, in characters; shorter ones are captions and interjections."""

MIN_WORDS = 6
"""The same for lines of spaced scripts, in words."""

AFTER_BLANK, SENTENCE = 1, 2
"""Bits of the flags of a line: a blank line stands before it; it reads as a sentence of content."""

LINE_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"

STOPS = "。!?;."

BLANK, BREAK, FOLLOWER, OF_YEARS, STOP = 1, 2, 4, 8, 16
"""Bits of the shape of a character."""

N_GROUPS = 256
"""Of characters; with what stands third their pairs tell of nineteen places in twenty that no trigger stands there."""

ANY = 255
_NONE = 0x1FFFFF
_POINT_BITS = np.uint64(21)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)


class Places:
    """Where triggers stand in a plain text."""

    __slots__ = ("plain",)

    def __init__(self, plain: str) -> None:
        self.plain = plain

    def held(self, triggers: Collection[str]) -> Iterable[str]:
        """Those of some triggers that the text holds."""
        return (trigger for trigger in triggers if trigger in self.plain)

    def starts(self, trigger: str) -> Iterable[int]:
        """Where a trigger stands; of a run of one character only its first place."""
        plain = self.plain
        at = plain.find(trigger)
        while at >= 0:
            if len(trigger) > 1 or not at or plain[at - 1] != trigger:
                yield at
            at = plain.find(trigger, at + 1)


class FoundPlaces(Places):
    """The same, where the places of all triggers are known."""

    __slots__ = ("_found", "_look")

    def __init__(self, plain: str, look: Callable[[], Mapping[str, Sequence[int]]]) -> None:
        super().__init__(plain)
        self._look = look
        self._found: Mapping[str, Sequence[int]] | None = None

    @property
    def found(self) -> Mapping[str, Sequence[int]]:
        """The places of each trigger that the text holds; few texts are asked."""
        if self._found is None:
            self._found = self._look()
        return self._found

    def held(self, triggers: Collection[str]) -> Iterable[str]:
        """Those of some triggers that the text holds."""
        if len(triggers) < len(self.found):
            return (trigger for trigger in triggers if trigger in self.found)
        return (trigger for trigger in self.found if trigger in triggers)

    def starts(self, trigger: str) -> Iterable[int]:
        """Where a trigger stands; of a run of one character only its first place."""
        return self.found.get(trigger, ())


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A verbose pattern, compiled once."""
    return re.compile(pattern, re.VERBOSE)


_Bytes = NDArray[np.uint8]


class Triggers(NamedTuple):
    """Triggers as the kernel reads them; see `detector.kernels.triggers.find_triggers` for the columns."""

    names: Sequence[str]
    group: NDArray[np.uint8]
    thirds: NDArray[np.uint8]
    fourths: NDArray[np.uint8]
    lengths: NDArray[np.uint8]
    keys: NDArray[np.uint64]
    key_first: NDArray[np.int32]
    key_last: NDArray[np.int32]
    points: NDArray[np.uint32]
    indptr: NDArray[np.int64]
    in_span: NDArray[np.bool_]
    rule_indptr: NDArray[np.int64]
    rule_of: NDArray[np.int32]
    max_chars: NDArray[np.int64]


def make_triggers(in_span: Collection[str], in_line: Mapping[str, Sequence[int]], max_chars: Sequence[int]) -> Triggers:
    """The table of triggers: where those ``in_span`` stand is told, for those ``in_line`` the lines of their rules.

    ``max_chars`` is the longest line of each rule that ``in_line`` numbers.
    """
    names = sorted({*in_span, *in_line})
    points, indptr = code_points("".join(names)), _offsets([len(name) for name in names])
    size = 16
    while size < 2 * len(names):
        size *= 2
    keys = np.zeros(size, dtype=np.uint64)
    key_first, key_last = np.zeros(size, dtype=np.int32), np.zeros(size, dtype=np.int32)
    of_names = _keys(points, indptr)
    hashes = ((of_names ^ of_names >> _SHIFT) * _GOLDEN) >> _SHIFT
    first = np.flatnonzero(of_names != np.concatenate((np.zeros(1, np.uint64), of_names[:-1])))
    slots: list[int] = []
    taken: set[int] = set()
    for slot in hashes[first].tolist():
        slot &= size - 1
        while slot in taken:
            slot = (slot + 1) & (size - 1)
        taken.add(slot)
        slots.append(slot)
    keys[slots], key_first[slots], key_last[slots] = of_names[first], first, np.append(first[1:], len(names))
    rules = [list(in_line.get(name, ())) for name in names]
    return Triggers(
        names, *_groups(points, indptr), keys, key_first, key_last,
        points, indptr,
        np.array([name in in_span for name in names], dtype=np.bool_),
        _offsets([len(rows) for rows in rules]), np.array([row for rows in rules for row in rows], dtype=np.int32),
        np.array(max_chars, dtype=np.int64),
    )  # fmt: skip


def _begins(points: NDArray[np.uint32], indptr: NDArray[np.int64], n: int, fill: int) -> NDArray[np.int64]:
    """The first ``n`` characters of each name, a row of each; ``fill`` where a name has no more."""
    at = indptr[:-1, np.newaxis] + np.arange(n)
    padded = np.append(points, np.zeros(n, dtype=points.dtype)).astype(np.int64)
    return np.where(at < indptr[1:, np.newaxis], padded[at], fill)


def _groups(points: NDArray[np.uint32], indptr: NDArray[np.int64]) -> tuple[_Bytes, _Bytes, _Bytes, _Bytes]:
    """Groups of characters, what stands third and fourth by those before, and lengths, as `find_triggers` has them.

    Characters that are a trigger by themselves share no group with others, as each of their places is looked at.
    """
    begins, length = _begins(points, indptr, 4, 0), np.diff(indptr)
    is_alone, is_other = np.zeros((2, N_CODE_POINTS), dtype=np.bool_)
    is_alone[begins[length == 1, 0]] = True
    is_other[begins[np.arange(4) < length[:, np.newaxis]]] = True
    alone, others = np.flatnonzero(is_alone), np.flatnonzero(is_other & ~is_alone)
    group = np.zeros(N_CODE_POINTS, dtype=np.uint8)
    n_alone = min(len(alone), N_GROUPS // 2)
    group[alone] = 1 + np.arange(len(alone)) % max(n_alone, 1)
    group[others] = 1 + n_alone + np.arange(len(others)) % (N_GROUPS - 1 - n_alone)
    first, second, third, fourth = group[begins].T.astype(np.int64)
    thirds, fourths, lengths = np.zeros((3, N_GROUPS * N_GROUPS), dtype=np.uint8)
    pair, one, two, more = first * N_GROUPS + second, length == 1, length == 2, length > 2
    np.bitwise_or.at(thirds, pair[more], np.uint8(1) << (third[more] & 7).astype(np.uint8))
    np.bitwise_or.at(lengths, pair[more], np.uint8(4))
    bits = np.where(length > 3, np.uint8(1) << (fourth & 7).astype(np.uint8), np.uint8(ANY))
    np.bitwise_or.at(fourths, (second * N_GROUPS + third)[more], bits[more])
    thirds[pair[two]] = thirds.reshape(N_GROUPS, N_GROUPS)[first[one]] = ANY
    np.bitwise_or.at(lengths, pair[two], np.uint8(2))
    lengths.reshape(N_GROUPS, N_GROUPS)[first[one]] |= 1
    return group, thirds, fourths, lengths


def _keys(points: NDArray[np.uint32], indptr: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The keys of names in the table that `find_triggers` reads."""
    first, second, third = _begins(points, indptr, 3, _NONE).T.astype(np.uint64)
    return np.asarray((first << _POINT_BITS + _POINT_BITS | second << _POINT_BITS | third) + np.uint64(1))


def _offsets(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))).astype(np.int64)


class Block(NamedTuple):
    """Consecutive texts: what rules can start from, by text and by line.

    ``plain``: uint32; text d is ``plain[bounds[d]:bounds[d + 1]]`` (int64); ``counts``: int64, n_texts x 3, its Han
    characters, Kana, and Han that folding changed. Lines ``line_indptr[d]`` to ``line_indptr[d + 1]`` are of text d:
    ``line_start``, ``line_end`` (int64, places in ``plain``), ``line_flags`` (uint8). Triggers of spans: ``place``
    (int64), ascending, and ``trigger`` (int32). Lines with triggers of line rules: ``line``, ``rule`` (int32), sorted.
    """

    plain: NDArray[np.uint32]
    bounds: NDArray[np.int64]
    counts: NDArray[np.int64]
    line_start: NDArray[np.int64]
    line_end: NDArray[np.int64]
    line_flags: NDArray[np.uint8]
    line_indptr: NDArray[np.int64]
    place: NDArray[np.int64]
    trigger: NDArray[np.int32]
    line: NDArray[np.int32]
    rule: NDArray[np.int32]

    def text(self, row: int) -> str:
        """The plain form of a text."""
        return self.slice(int(self.bounds[row]), int(self.bounds[row + 1]))

    def slice(self, start: int, end: int) -> str:
        """Some plain characters."""
        return from_code_points(self.plain[start:end])


def read_block(
    points: NDArray[np.uint32], start: NDArray[np.int64], stop: NDArray[np.int64], triggers: Triggers
) -> Block:
    """Fold the texts ``points[start[d]:stop[d]]`` and find their lines and triggers."""
    bounds = _offsets((stop - start).tolist())
    n, n_texts = int(bounds[-1]), len(start)
    ahead, counts = np.empty(n + 3, dtype=np.uint32), np.empty((n_texts, 3), dtype=np.int64)
    plain, ahead[n:] = ahead[:n], 0
    fold_texts(points, start, stop, character_table().plain, plain, counts)
    line_start, line_end = np.empty(n // 2 + n_texts, dtype=np.int64), np.empty(n // 2 + n_texts, dtype=np.int64)
    line_flags, line_indptr = np.empty(n // 2 + n_texts, dtype=np.uint8), np.empty(n_texts + 1, dtype=np.int64)
    n_lines = find_lines(
        plain, bounds, shapes(), MIN_SENTENCE, MIN_WORDS, line_start, line_end, line_flags, line_indptr
    )
    place, trigger, line, rule = _find_triggers(ahead, bounds, (line_start, line_end, line_indptr), triggers)
    order = np.lexsort((rule, line))
    return Block(
        plain, bounds, counts, line_start[:n_lines].copy(), line_end[:n_lines].copy(), line_flags[:n_lines].copy(),
        line_indptr, place, trigger, line[order], rule[order],
    )  # fmt: skip


def find_places(
    points: NDArray[np.uint32], bounds: NDArray[np.int64], triggers: Triggers
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The places of triggers in the texts ``points[bounds[d]:bounds[d + 1]]``, after which three characters follow."""
    none = np.empty(0, dtype=np.int64)
    return _find_triggers(points, bounds, (none, none, np.zeros(len(bounds), dtype=np.int64)), triggers)[:2]


def _find_triggers(
    points: NDArray[np.uint32], bounds: NDArray[np.int64], lines: Sequence[NDArray[np.int64]], triggers: Triggers
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Places and triggers, lines and rules, as many as there are."""
    n_places = n_pairs = len(points) // 8 + 1024
    while True:
        place, trigger = np.empty(n_places, dtype=np.int64), np.empty(n_places, dtype=np.int32)
        line, rule = np.empty(n_pairs, dtype=np.int32), np.empty(n_pairs, dtype=np.int32)
        n_places, n_pairs = find_triggers(points, bounds, *lines, *triggers[1:], place, trigger, line, rule)
        if n_places <= len(place) and n_pairs <= len(line):
            return place[:n_places].copy(), trigger[:n_places].copy(), line[:n_pairs], rule[:n_pairs]


@cache
def shapes() -> NDArray[np.uint8]:
    """What a plain character is to lines (uint8, by code point): bits `BLANK`, `BREAK` and `STOP`."""
    return kept_tables(_shapes)[0]


def _shapes() -> list[NDArray[np.uint8]]:
    shape = np.where(is_blank(), np.uint8(BLANK), np.uint8(0))
    for characters, bit in ((LINE_BREAKS, BREAK), (STOPS, STOP)):
        for character in characters:
            shape[ord(character)] |= bit
    return [shape]
