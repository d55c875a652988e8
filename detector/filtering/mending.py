"""Mends what a cut would leave torn: hanging commas and blanks, empty brackets, brackets without their partner."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detector.filtering.claim_masks import JUNK, Cut
from detector.model import Span
from detector.text.cutting_points import is_boundary, snapped

COMMAS, STOPS = "，,、：:；;", "。！？!?；;.…"
BLANKS = " \t\u3000\xa0"
_CHINESE = "。；;！？"


def labelled(text: str, spans: Sequence[Span], pieces: Sequence[Cut]) -> list[Cut]:
    """Spans cut where the part changes; blanks between two pieces go with the first."""
    found: list[Cut] = []
    at = 0
    for start, end in spans:
        inside = []
        while at < len(pieces) and pieces[at].start < end:
            if pieces[at].end > start:
                inside.append(pieces[at])
            at += 1
        begin = start
        for one, two in pairwise(inside):
            if one.part != two.part and begin < two.start:
                found.append(Cut(begin, two.start, one.part))
                begin = two.start
        found.append(Cut(begin, end, inside[-1].part if inside else JUNK))
    return found


def without_torn(text: str, pieces: Sequence[Cut], torn: Sequence[int]) -> list[Cut]:
    """What is left of junk whose bracket has its partner outside: all but the bracket at its edge, else nothing."""
    left = []
    for start, end, part in pieces:
        if part != JUNK:
            continue
        while start < end and (start in torn or text[start].isspace()):
            start += 1
        while start < end and (end - 1 in torn or text[end - 1].isspace()):
            end -= 1
        if start < end and not any(start <= at < end for at in torn):
            left.append(Cut(start, end, part))
    return left


def trimmed(text: str, start: int, end: int) -> Span:
    """A span without the white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def mended(text: str, piece: Cut, kinds: NDArray[np.uint8]) -> Cut:
    """A piece with an empty pair of brackets, a comma or a blank that would be left hanging beside it."""
    start, end, part = piece
    while start > 0 and end < len(text) and (text[start - 1], text[end]) in _EMPTY:
        start, end = start - 1, end + 1
    left, right = text[start - 1 : start], text[end : end + 1]
    if left and left in COMMAS and right and right in COMMAS + STOPS:
        start -= 1
    elif (right and right in COMMAS and (not left or left in "\r\n" or left in STOPS)) or (
        left and right and left in STOPS and right in "。；;！？" and text[end - 1] not in "。；;！？"
    ):
        end += 1
    if text[start - 1 : start] in BLANKS and start:
        while end < len(text) and text[end] in BLANKS:
            end += 1
        if end == len(text) or text[end] in "\r\n，。；、,.;!?":
            while start and text[start - 1] in BLANKS:
                start -= 1
    elif not start or text[start - 1] in "\r\n":
        while end < len(text) and text[end] in BLANKS:
            end += 1
    if not is_boundary(text, start) or not is_boundary(text, end):
        return Cut(*snapped(text, piece.start, piece.end), part)
    return Cut(start, end, part)


_EMPTY = {("(", ")"), ("（", "）"), ("[", "]"), ("【", "】"), ("“", "”"), ("《", "》"), ("「", "」")}
