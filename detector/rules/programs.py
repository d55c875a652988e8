"""Programs: patterns of rules in a form that a kernel can try, so that a regular expression is compiled only for a hit.

A pattern is parsed by `re` itself and written as instructions of `detector.kernels.trying`. A program that is ``exact``
matches where its pattern does; another one there and elsewhere: it takes no account of what it cannot express (which
text a group matched). Most exact ones also tell what `re` says was matched, or what its group ``mark`` was. A pattern
with flags of its own is left to `re`. Code is relative, so that programs are joined by putting them one after the other
(`detector.rules.program_files`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.rules.pattern_sets import (
    Inexpressible,
    Items,
    Ranges,
    beginnings,
    category,
    character_of,
    complement,
    low_bits,
)

MATCH, FAIL, STRING, SET, PEEK, MANY, KEEP, CHOICE, JUMP, ENTER, LOOP, LOOK, FOUND = range(13)
AT_START, AT_END, AT_LAST, AT_EDGE, UNSURE, ATOMIC, CUT, SAVE, GLANCE = range(13, 22)
"""The instructions of `detector.kernels.trying`. Sets are two operands: their place in the pool, their ranges (-1: any
place will do). In the pool the ranges stand behind sixteen numbers, two times 256 bits by the lowest eight of a
character: whether any such character is in the set, and whether all are."""

MOST_GLANCED = 8
"""Characters beside a place of which one instruction asks."""

MAX_REGISTERS = 256
MAX_CODE = 1 << 20

WHOLE, UNTOLD = -1, -2
"""Of ``mark``: the span is all that was matched; it is not told."""


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


def _signed(number: int) -> int:
    """32 bits as a signed number."""
    return number - (number >> 31 << 32)


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
            raise Inexpressible
        self.code += numbers
        return at

    def _set(self, ranges: Ranges) -> tuple[int, int]:
        if ranges not in self._sets:
            self._sets[ranges] = len(self.pool), len(ranges)
            bits = low_bits(ranges), ~low_bits(complement(ranges))
            self.pool += (_signed(both >> at & 0xFFFFFFFF) for both in bits for at in range(0, 256, 32))
            self.pool += (point for span in ranges for point in span)
        return self._sets[ranges]

    def _beginning(self, items: Items) -> tuple[int, int]:
        """The set of characters that some items can begin with, which anything does where they may be empty."""
        found, may_be_empty = beginnings(items)
        return (0, -1) if may_be_empty else self._set(found)

    def _peek(self, items: Items) -> None:
        """Look for a beginning of some items, where they are not tried at once."""
        beginning = self._beginning(items)
        if beginning[1] >= 0 and self.code[-3:] != [PEEK, *beginning]:
            self._put(PEEK, *beginning)

    def _registers(self, n: int) -> int:
        self._n_registers += n
        if self._n_registers > MAX_REGISTERS:
            raise Inexpressible
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
        single = character_of(item)
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
                raise Inexpressible
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
            raise Inexpressible

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
        single = character_of(items[0]) if len(items) == 1 else None
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
        singles = [character_of(item) for item in items]
        if 0 < len(singles) <= MOST_GLANCED and None not in singles:
            sets = [self._set(single) for single in singles if single is not None]
            self._put(GLANCE, len(sets), -len(sets) if direction < 0 else 0, int(is_not))
            for one in sets:
                self._put(*one)
            return
        begin, was_exact, was_in_order = len(self.code), self.exact, self._in_order
        self.exact = True
        self._depth += 1
        back = 0
        if direction < 0:
            back, widest = items.getwidth()
            if back != widest:
                raise Inexpressible
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
            self._put(AT_EDGE, *self._set(category("CATEGORY_WORD")))
        else:
            self.exact = False


def _written(pattern: str) -> _Writer:
    """The program of a verbose pattern that compiles; of one that cannot be expressed, one that decides nothing."""
    writer = _Writer()
    try:
        from re import _parser  # type: ignore[attr-defined]

        parsed = _parser.parse(pattern, re.VERBOSE)
        if parsed.state.flags & ~re.UNICODE != re.VERBOSE:
            raise Inexpressible
        writer.whole(parsed, parsed.state.groupdict)
    except (Inexpressible, ImportError, AttributeError, ValueError, TypeError, RecursionError):
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
