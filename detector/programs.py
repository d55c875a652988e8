"""Programs: patterns of rules in a form that a kernel can try, so that a regular expression is compiled only for a hit.

A pattern is parsed by `re` itself and written as instructions of `detector.kernels.trying`. A program that is ``exact``
matches where its pattern does; another one there and elsewhere: it takes no account of what it cannot express (which
text a group matched). Most exact ones also tell what `re` says was matched, or what its group ``mark`` was. A pattern
with flags of its own is left to `re`. Code is relative, so that programs are joined by putting them one after the other
(`detector.program_files`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.folding import N_CODE_POINTS

MATCH, FAIL, STRING, SET, PEEK, MANY, KEEP, CHOICE, JUMP, ENTER, LOOP, LOOK, FOUND = range(13)
AT_START, AT_END, AT_LAST, AT_EDGE, UNSURE, ATOMIC, CUT, SAVE = range(13, 21)
"""The instructions of `detector.kernels.trying`. Sets are two operands: their place in the pool, and their ranges (-1:
any place will do)."""

MAX_REGISTERS = 256
MAX_CODE = 1 << 20

WHOLE, UNTOLD = -1, -2
"""Of ``mark``: the span is all that was matched; it is not told."""

Ranges = tuple[tuple[int, int], ...]
"""Sorted ranges of code points that do not touch, each its first and last."""

ALL: Ranges = ((0, N_CODE_POINTS - 1),)


class Programs(NamedTuple):
    """Programs as the kernel reads them: that of pattern p begins at ``code[first[p]]``, its sets and strings stand
    from ``pool[pool_first[p]]`` on (int32, and int64); ``exact`` (bool) has one for each. ``mark`` (int32): where
    a match leaves the start of its span, a register that that of the end follows; or `WHOLE` or `UNTOLD`."""

    code: NDArray[np.int32]
    pool: NDArray[np.int32]
    first: NDArray[np.int64]
    pool_first: NDArray[np.int64]
    exact: NDArray[np.bool_]
    mark: NDArray[np.int32]


class _Inexpressible(Exception):
    """A pattern has something for which there are no instructions."""


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The ranges of a set.

    >>> merged([(5, 9), (1, 2), (3, 6)])
    ((1, 9),)
    """
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return tuple(found)


def complement(ranges: Ranges) -> Ranges:
    """What some merged ranges leave.

    >>> complement(((0, 4), (7, 7))) == ((5, 6), (8, 0x10FFFF))
    True
    """
    firsts = [0, *(last + 1 for _, last in ranges)]
    lasts = [*(first - 1 for first, _ in ranges), N_CODE_POINTS - 1]
    return tuple((first, last) for first, last in zip(firsts, lasts, strict=True) if first <= last)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


@cache
def _category(name: str) -> Ranges:
    """A category of characters as `re` has it."""
    tests: dict[str, Callable[[str], bool]] = {"DIGIT": str.isdecimal, "SPACE": str.isspace, "WORD": _is_word}
    kind = name.removeprefix("CATEGORY_")
    test = tests.get(kind.removeprefix("NOT_"))
    if test is None:
        raise _Inexpressible
    found = merged((point, point) for point in range(N_CODE_POINTS) if test(chr(point)))
    return complement(found) if kind.startswith("NOT_") else found


Items = Sequence[tuple[Any, Any]]
"""What `re` parses a pattern to."""


def _character(item: tuple[Any, Any]) -> Ranges | None:
    """The characters that an item matches one of; None where it is something else."""
    name, value = str(item[0]), item[1]
    if name in ("LITERAL", "NOT_LITERAL"):
        return ((value, value),) if name == "LITERAL" else complement(((value, value),))
    if name == "ANY":
        return complement(((0x0A, 0x0A),))
    if name == "IN":
        parts = [(str(part), what) for part, what in value]
        found: list[tuple[int, int]] = []
        for part, what in parts:
            if part == "LITERAL":
                found.append((what, what))
            elif part == "RANGE":
                found.append(what)
            elif part == "CATEGORY":
                found += _category(str(what))
            elif part != "NEGATE":
                raise _Inexpressible
        return complement(merged(found)) if parts[0][0] == "NEGATE" else merged(found)
    if name == "SUBPATTERN" and not value[1] and not value[2] and len(value[3]) == 1:
        return _character(value[3][0])
    return None


def _begins(items: Items) -> tuple[Ranges, bool]:
    """Characters with which a match can begin, and whether it may have none."""
    found: Ranges = ()
    for name, value in ((str(item[0]), item[1]) for item in items):
        some, may_be_empty = _begins_item(name, value)
        found = merged((*found, *some))
        if not may_be_empty:
            return found, False
    return found, True


def _begins_item(name: str, value: Any) -> tuple[Ranges, bool]:
    single = _character((name, value))
    if single is not None:
        return single, False
    if name in ("ASSERT", "ASSERT_NOT", "AT"):
        return (), True
    if name == "SUBPATTERN":
        return _begins(value[3])
    if name == "ATOMIC_GROUP":
        return _begins(value)
    if name.endswith("_REPEAT"):
        found, may_be_empty = _begins(value[2])
        return found, may_be_empty or value[0] == 0
    if name == "BRANCH":
        parts = [_begins(part) for part in value[1]]
        return merged(span for found, _ in parts for span in found), any(empty for _, empty in parts)
    return ALL, name != "FAILURE"


class _Writer:
    """Writes the program of one pattern."""

    def __init__(self) -> None:
        self.code: list[int] = []
        self.pool: list[int] = []
        self.exact = True
        self.mark = WHOLE
        self._in_order = True
        self._depth = 0
        self._mark_group: int | None = None
        self._sets: dict[Ranges, tuple[int, int]] = {}
        self._groups: dict[int, Items] = {}
        self._n_registers = 0

    def _put(self, *numbers: int) -> int:
        """An instruction; returns where it stands."""
        at = len(self.code)
        if at > MAX_CODE:
            raise _Inexpressible
        self.code += numbers
        return at

    def _set(self, ranges: Ranges) -> tuple[int, int]:
        if ranges not in self._sets:
            self._sets[ranges] = len(self.pool), len(ranges)
            self.pool += (point for span in ranges for point in span)
        return self._sets[ranges]

    def _beginning(self, items: Items) -> tuple[int, int]:
        """The set of characters that some items can begin with, which anything does where they may be empty."""
        found, may_be_empty = _begins(items)
        return (0, -1) if may_be_empty else self._set(found)

    def _peek(self, items: Items) -> None:
        """Look for a beginning of some items, where they are not tried at once."""
        beginning = self._beginning(items)
        if beginning[1] >= 0 and self.code[-3:] != [PEEK, *beginning]:
            self._put(PEEK, *beginning)

    def _registers(self, n: int) -> int:
        self._n_registers += n
        if self._n_registers > MAX_REGISTERS:
            raise _Inexpressible
        return self._n_registers - n

    def whole(self, items: Items, groups: Mapping[str, int]) -> None:
        """The program of a pattern; most tries end at its first character."""
        self._mark_group = groups.get("mark")
        if self._mark_group is not None:
            self.mark = UNTOLD
        self._peek(items)
        self.sequence(items)
        self._put(MATCH)
        if not (self.exact and self._in_order) or "lead" in groups:
            self.mark = UNTOLD

    def unsure(self) -> None:
        """A program that is undecided everywhere."""
        self.exact, self.mark = False, UNTOLD
        self._put(UNSURE)

    def sequence(self, items: Items) -> None:
        """Items one after the other; neighbouring literals are one string."""
        string: list[int] = []
        for number, item in enumerate(items):
            if str(item[0]) == "LITERAL":
                string.append(item[1])
                continue
            self._string(string)
            string = []
            self._item(item, items[number + 1 :])
        self._string(string)

    def _string(self, points: Sequence[int]) -> None:
        if points:
            self._put(STRING, len(self.pool), len(points))
            self.pool += points

    def _item(self, item: tuple[Any, Any], rest: Items) -> None:
        """One item, before the rest of its sequence."""
        name, value = str(item[0]), item[1]
        if name == "SUBPATTERN" and value[0] is not None:
            self._groups[value[0]] = value[3]
        single = _character(item)
        if name == "SUBPATTERN" and value[0] == self._mark_group is not None and not self._depth:
            self.mark = self._registers(2)
            self._put(SAVE, self.mark)
            self.sequence(value[3])
            self._put(SAVE, self.mark + 1)
        elif single is not None:
            self._put(SET, *self._set(single))
        elif name == "BRANCH":
            self._branch(value[1])
        elif name == "SUBPATTERN":
            if value[1] or value[2]:  # flags of its own
                raise _Inexpressible
            self.sequence(value[3])
        elif name.endswith("_REPEAT"):
            self._repeat(name, value, rest)
        elif name in ("ASSERT", "ASSERT_NOT"):
            self._look(*value, is_not=name == "ASSERT_NOT")
        elif name == "AT":
            self._at(str(value))
        elif name == "ATOMIC_GROUP":
            self._atomic(lambda: self.sequence(value))
        elif name == "GROUPREF" and value in self._groups:  # it is at least one more match of the group
            self.exact = False
            self.sequence(self._groups[value])
        elif name == "FAILURE":
            self._put(FAIL)
        else:
            raise _Inexpressible

    def _branch(self, parts: Sequence[Items]) -> None:
        self._peek([("BRANCH", (None, parts))])
        ends = []
        for part in parts[:-1]:
            choice = self._put(CHOICE, *self._beginning(part), 0)
            self.sequence(part)
            ends.append(self._put(JUMP, 0))
            self.code[choice + 3] = len(self.code)
        self.sequence(parts[-1])
        for end in ends:
            self.code[end + 1] = len(self.code)

    def _repeat(self, name: str, value: Any, rest: Items) -> None:
        """Of characters in one instruction, of other things in a loop; as many as there are, also where the pattern
        prefers few: whether there is a match is the same."""
        keeps = name == "POSSESSIVE_REPEAT"
        least, most, items = value
        most = -1 if str(most) == "MAXREPEAT" else int(most)
        single = _character(items[0]) if len(items) == 1 else None
        if single is not None:
            self._in_order &= name != "MIN_REPEAT" or least == most
            self._put(KEEP if keeps else MANY, *self._set(single), int(least), most, *self._beginning(rest))
            return
        if keeps:
            self._atomic(lambda: self._loop(least, most, items))
        else:
            self._in_order &= name == "MAX_REPEAT" or least == most
            self._depth += 1
            self._loop(least, most, items)
            self._depth -= 1

    def _atomic(self, write: Callable[[], None]) -> None:
        """What gives nothing back; where that would need an order of its own, what matches there and elsewhere."""
        was_exact, was_in_order = self.exact, self._in_order
        self.exact = self._in_order = True
        self._depth += 1
        register = self._registers(1)
        self._put(ATOMIC, register)
        write()
        cut = self._put(CUT, register)
        if not (self.exact and self._in_order):
            self.exact = False
            self.code[cut] = ATOMIC  # which does nothing here
        self._depth -= 1
        self.exact &= was_exact
        self._in_order &= was_in_order

    def _loop(self, least: int, most: int, items: Any) -> None:
        """Items so many times; which of the ways to match nothing is taken differs from that of `re`."""
        self._in_order &= items.getwidth()[0] > 0
        if (least, most) == (1, 1):
            self.sequence(items)
        elif (least, most) == (0, 1):
            choice = self._put(CHOICE, *self._beginning(items), 0)
            self.sequence(items)
            self.code[choice + 3] = len(self.code)
        elif most:
            register, beginning = self._registers(2), self._beginning(items)
            self._put(ENTER, register)
            loop = self._put(LOOP, register, int(least), most, 0, *beginning)
            self.sequence(items)
            self._put(JUMP, loop)
            self.code[loop + 4] = len(self.code)

    def _look(self, direction: int, items: Any, *, is_not: bool) -> None:
        """A look ahead or back; what must not be there is left out where it cannot be said exactly."""
        begin, was_exact, was_in_order = len(self.code), self.exact, self._in_order
        self.exact = True
        self._depth += 1
        back = 0
        if direction < 0:
            back, widest = items.getwidth()
            if back != widest:
                raise _Inexpressible
        register = self._registers(1)
        look = self._put(LOOK, register, int(is_not), 0, back)
        self.sequence(items)
        self._put(FOUND, register)
        self._depth, self._in_order = self._depth - 1, was_in_order
        self.code[look + 3] = len(self.code)
        if is_not and not self.exact:
            del self.code[begin:]
        self.exact &= was_exact

    def _at(self, name: str) -> None:
        simple = {
            "AT_BEGINNING": AT_START, "AT_BEGINNING_STRING": AT_START, "AT_END": AT_END, "AT_END_STRING": AT_LAST,
        }  # fmt: skip
        if name in simple:
            self._put(simple[name])
        elif name == "AT_BOUNDARY":
            self._put(AT_EDGE, *self._set(_category("CATEGORY_WORD")))
        else:
            self.exact = False


def _written(pattern: str) -> _Writer:
    """The program of a verbose pattern that compiles; of one that cannot be expressed, one that decides nothing."""
    writer = _Writer()
    try:
        from re import _parser  # type: ignore[attr-defined]

        parsed = _parser.parse(pattern, re.VERBOSE)
        if parsed.state.flags & ~re.UNICODE != re.VERBOSE:
            raise _Inexpressible
        writer.whole(parsed, parsed.state.groupdict)
    except (_Inexpressible, ImportError, AttributeError, ValueError, TypeError, RecursionError):
        writer = _Writer()
        writer.unsure()
    return writer


def write_programs(patterns: Sequence[str]) -> Programs:
    """The programs of some patterns, in their order."""
    written = [_written(pattern) for pattern in patterns]
    return Programs(
        np.array([number for one in written for number in one.code], dtype=np.int32),
        np.array([number for one in written for number in one.pool], dtype=np.int32),
        _offsets(len(one.code) for one in written),
        _offsets(len(one.pool) for one in written),
        np.array([one.exact for one in written], dtype=np.bool_),
        np.array([one.mark for one in written], dtype=np.int32),
    )


def _offsets(lengths: Iterable[int]) -> NDArray[np.int64]:
    """Where each begins whose length is given."""
    return np.cumsum([0, *lengths], dtype=np.int64)[:-1]
