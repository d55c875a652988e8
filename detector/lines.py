"""The lines of a text, and which triggers of rules they hold: it keeps many line rules cheaper than reading the text.

Most triggers are in no line of most documents, so the many are ruled out before the few are looked for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detector.folding import code_points
from detector.rules import Rule

PAIR_BITS = 18
"""Size of the table of pairs: a document of ten thousand characters fills less than a twentieth of it."""

PAIR_FACTOR = 7919
"""A prime that spreads the neighbouring code points of one script over the table."""

_LINE = re.compile("[^\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Line:
    """A non-blank line without its surrounding blanks; ``after_blank`` is whether a blank line stands before it."""

    start: int
    end: int
    plain: str
    after_blank: bool


def split_lines(plain: str) -> list[Line]:
    """The non-blank lines of a plain text.

    >>> [line.plain for line in split_lines("a\\n\\n b ")]
    ['a', 'b']
    """
    lines: list[Line] = []
    end = 0
    for match in _LINE.finditer(plain):
        whole = match[0]
        body = whole.strip()
        if body:
            start = match.start() + len(whole) - len(whole.lstrip())
            breaks = plain.count("\n", end, start) or plain.count("\r", end, start)
            lines.append(Line(start, start + len(body), body, breaks > 1))
            end = start + len(body)
    return lines


def held_triggers(plain: str, rules: Iterable[Rule]) -> frozenset[str]:
    """The triggers that a document holds.

    Most are ruled out by a table of the pairs of characters that it has: looking for each in the text costs more than
    all the rules together.
    """
    single, triggers, keys = _pair_keys(frozenset(trigger for rule in rules for trigger in rule.triggers))
    held = np.zeros(1 << PAIR_BITS, dtype=np.bool_)
    points = code_points(plain)
    held[_pairs(points[:-1], points[1:])] = True
    candidates = single + tuple(triggers[at] for at in np.flatnonzero(held[keys]))
    return frozenset(trigger for trigger in candidates if trigger in plain)


@lru_cache(maxsize=64)
def _pair_keys(triggers: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...], NDArray[np.uint32]]:
    """Triggers of one character, longer ones, and the places of the first pairs of these in such a table."""
    single = tuple(sorted(trigger for trigger in triggers if len(trigger) == 1))
    longer = tuple(sorted(trigger for trigger in triggers if len(trigger) > 1))
    first = code_points("".join(trigger[0] for trigger in longer))
    return single, longer, _pairs(first, code_points("".join(trigger[1] for trigger in longer)))


def _pairs(first: NDArray[np.uint32], second: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Where pairs of characters stand in a table of 2 to the `PAIR_BITS`; others may share the place."""
    return (first * np.uint32(PAIR_FACTOR) + second) & np.uint32((1 << PAIR_BITS) - 1)


def with_triggers(rules: Sequence[Rule], present: frozenset[str]) -> list[Rule]:
    """The rules of which the document holds a trigger, or that have none."""
    return [rule for rule in rules if not rule.triggers or not present.isdisjoint(rule.triggers)]


def rules_by_line(
    lines: Sequence[Line], plain: str, rules: Sequence[Rule], present: frozenset[str]
) -> dict[int, list[Rule]]:
    """For each line the rules, in their order, of which it holds a trigger; what has none is tried on every line."""
    starts = [line.start for line in lines]
    by_trigger: dict[str, set[int]] = {}
    tried: dict[int, list[Rule]] = defaultdict(list)
    for rule in rules:
        places = set(range(len(lines))) if not rule.triggers else set()
        for trigger in present.intersection(rule.triggers):
            if trigger not in by_trigger:
                by_trigger[trigger] = _lines_with(trigger, plain, lines, starts)
            places |= by_trigger[trigger]
        for at in places:
            if len(lines[at].plain) <= rule.max_chars:
                tried[at].append(rule)
    return {at: tried[at] for at in sorted(tried)}


def _lines_with(trigger: str, plain: str, lines: Sequence[Line], starts: Sequence[int]) -> set[int]:
    """The lines that hold a trigger; each is looked at once."""
    found: set[int] = set()
    start = plain.find(trigger)
    while start >= 0:
        at = bisect_right(starts, start) - 1
        if at >= 0:
            found.add(at)
            start = max(start, lines[at].end - 1)
        start = plain.find(trigger, start + 1)
    return found
