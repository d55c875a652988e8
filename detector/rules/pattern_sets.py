"""The characters that parts of patterns match, as `re` parses them: sorted ranges, and what can begin a match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from detector.text.folding import N_CODE_POINTS

Ranges = tuple[tuple[int, int], ...]
"""Sorted ranges of code points that do not touch, each its first and last."""

ALL: Ranges = ((0, N_CODE_POINTS - 1),)


class Inexpressible(Exception):
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


def low_bits(ranges: Ranges) -> int:
    """The lowest eight bits of the characters, as 256 bits.

    >>> low_bits(((0, 1), (0x100, 0x102))), low_bits(ALL) == (1 << 256) - 1
    (7, True)
    """
    points = {point & 255 for first, last in ranges for point in range(first, min(last, first + 255) + 1)}
    return sum(1 << point for point in points)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


@cache
def category(name: str) -> Ranges:
    """A category of characters as `re` has it."""
    tests: dict[str, Callable[[str], bool]] = {"DIGIT": str.isdecimal, "SPACE": str.isspace, "WORD": _is_word}
    kind = name.removeprefix("CATEGORY_")
    test = tests.get(kind.removeprefix("NOT_"))
    if test is None:
        raise Inexpressible
    found = merged((point, point) for point in range(N_CODE_POINTS) if test(chr(point)))
    return complement(found) if kind.startswith("NOT_") else found


Items = Sequence[tuple[Any, Any]]
"""What `re` parses a pattern to."""


def character_of(item: tuple[Any, Any]) -> Ranges | None:
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
                found += category(str(what))
            elif part != "NEGATE":
                raise Inexpressible
        return complement(merged(found)) if parts[0][0] == "NEGATE" else merged(found)
    if name == "SUBPATTERN" and not value[1] and not value[2] and len(value[3]) == 1:
        return character_of(value[3][0])
    return None


def beginnings(items: Items) -> tuple[Ranges, bool]:
    """Characters with which a match can begin, and whether it may have none."""
    found: Ranges = ()
    for name, value in ((str(item[0]), item[1]) for item in items):
        some, may_be_empty = _beginnings_of(name, value)
        found = merged((*found, *some))
        if not may_be_empty:
            return found, False
    return found, True


def _beginnings_of(name: str, value: Any) -> tuple[Ranges, bool]:
    single = character_of((name, value))
    if single is not None:
        return single, False
    if name in ("ASSERT", "ASSERT_NOT", "AT"):
        return (), True
    if name == "SUBPATTERN":
        return beginnings(value[3])
    if name == "ATOMIC_GROUP":
        return beginnings(value)
    if name.endswith("_REPEAT"):
        found, may_be_empty = beginnings(value[2])
        return found, may_be_empty or value[0] == 0
    if name == "BRANCH":
        parts = [beginnings(part) for part in value[1]]
        return merged(span for found, _ in parts for span in found), any(empty for _, empty in parts)
    return ALL, name != "FAILURE"
