"""Spans to draw: where two texts differ, and which part of the score every stretch of a text belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from rapidfuzz.distance import Indel

from detector.folding import plain
from detector.model import PART_NAMES, Finding, Span

UNIT = re.compile(r"\d+(?:[.,]\d+)*|[A-Za-z]+|\s+|.", re.DOTALL)
"""What differences are made of: a whole number, a word, a run of blanks, or one character."""


def differences(one: str, two: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Where two texts differ, as spans of each; a number or a word differs as a whole.

    What matching takes for equal is equal: case, script, the width of a character, one run of blanks and another.

    >>> differences("投资1830.96万元", "投资2150万元")
    ((Span(start=2, end=9),), (Span(start=2, end=6),))
    """
    places = [[*(found.start() for found in UNIT.finditer(text)), len(text)] for text in (one, two)]
    changed: tuple[list[Span], list[Span]] = ([], [])
    folded = [
        [" " if unit.isspace() else unit for unit in (text[start:end] for start, end in pairwise(side))]
        for text, side in zip((plain(one), plain(two)), places, strict=True)
    ]
    for step in Indel.opcodes(folded[0], folded[1]):
        if step.tag == "equal":
            continue
        for side, start, end in ((0, step.src_start, step.src_end), (1, step.dest_start, step.dest_end)):
            if start < end:
                _join(changed[side], Span(places[side][start], places[side][end]))
    return tuple(changed[0]), tuple(changed[1])


def _join(spans: list[Span], span: Span) -> None:
    """Append a span, to the last one if they touch."""
    if spans and spans[-1].end == span.start:
        span = Span(spans.pop().start, span.end)
    spans.append(span)


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
    runs = re.finditer(rb"(.)\1*", bytes(paint), re.DOTALL)
    return [(run.start(), run.end(), PART_NAMES[paint[run.start()]]) for run in runs]
