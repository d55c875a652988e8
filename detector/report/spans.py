"""Spans to draw: where two texts differ, and which part of the score every stretch of a text belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from rapidfuzz.distance import Indel

from detector.model import PART_NAMES, Finding, Span
from detector.text.folding import plain

UNIT = re.compile(r"\d+(?:[.,]\d+)*|[A-Za-z]+|\s+|.", re.DOTALL)
"""What differences are made of: a whole number, a word, a run of blanks, or one character."""


RUN = re.compile(rb"(.)\1*", re.DOTALL)
"""A run of one byte."""


class Run(NamedTuple):
    """A stretch of two compared texts: what stands ``here`` and what ``there``; equal ones are ``same``."""

    here: str
    there: str
    same: bool


def compared(one: str, two: str) -> list[Run]:
    """Two texts as runs that are the same and runs that differ, in turns; a number or a word differs as a whole.

    What matching takes for equal is the same: case, script, the width of a character, one run of blanks and another.

    >>> [(run.here, run.there) for run in compared("投资1830.96万元", "投资2150万元") if not run.same]
    [('1830.96', '2150')]
    """
    (mine, starts), (others, its_starts) = _units(one), _units(two)
    runs: list[Run] = []
    for step in Indel.opcodes(mine, others):
        here = one[starts[step.src_start] : starts[step.src_end]]
        there = two[its_starts[step.dest_start] : its_starts[step.dest_end]]
        same = step.tag == "equal"
        if runs and runs[-1].same == same:
            last = runs.pop()
            here, there = last.here + here, last.there + there
        runs.append(Run(here, there, same))
    return runs


def _units(text: str) -> tuple[list[str], list[int]]:
    """The units of a text as they are compared, and where each begins, with the end of the last."""
    units = UNIT.findall(text)
    starts = [0, *accumulate(map(len, units))]
    folded = plain(text)
    if folded != text:
        units = [folded[start:end] for start, end in pairwise(starts)]
    if " " in folded or not folded.isprintable():
        units = [" " if unit.isspace() else unit for unit in units]
    return units, starts


def without_tail(runs: Sequence[Run]) -> list[Run]:
    """The runs of two texts that were cut at their ends, without a last one that differs: the cut made it."""
    return list(runs[:-1] if runs and not runs[-1].same else runs)


def differences(one: str, two: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Where two texts differ, as spans of each (`compared`).

    >>> differences("投资1830.96万元", "投资2150万元")
    ((Span(start=2, end=9),), (Span(start=2, end=6),))
    """
    if one == two:
        return (), ()
    changed: tuple[list[Span], list[Span]] = ([], [])
    here = there = 0
    for run in compared(one, two):
        for spans, start, text in ((changed[0], here, run.here), (changed[1], there, run.there)):
            if text and not run.same:
                spans.append(Span(start, start + len(text)))
        here, there = here + len(run.here), there + len(run.there)
    return tuple(changed[0]), tuple(changed[1])


def painted(length: int, findings: Iterable[Finding]) -> list[tuple[int, int, str]]:
    """A text of ``length`` code points as runs ``(start, end, part)``: where claims meet, the first part wins.

    Blank characters inside a claim are part of the run, so that what is drawn has no holes.
    """
    own = PART_NAMES.index("own")
    paint = bytearray([own]) * length
    for finding in sorted(findings, key=lambda item: -PART_NAMES.index(item.part) if item.part else 0):
        if finding.part is None:
            continue
        for start, end in finding.claims:
            start, end = max(0, start), min(length, end)
            if start < end:
                paint[start:end] = bytes([PART_NAMES.index(finding.part)]) * (end - start)
    runs = RUN.finditer(bytes(paint))
    return [(run.start(), run.end(), PART_NAMES[paint[run.start()]]) for run in runs]
