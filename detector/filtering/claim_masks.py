"""What may go of a text, character by character, and where its sentences and clauses begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

JUNK, UNFILLED, SHARED, PHRASE, REPEATED = range(1, 6)
"""Parts in the mask of a text: their places in `PART_NAMES`, from 1; 0 is what stays."""

COPIES = (SHARED, PHRASE)
"""Parts of which copies may be kept."""

MIN_LEFT = 6
"""Characters of content that are left of a sentence, else it stays whole: less is a torn-off end."""


class Claim(NamedTuple):
    """A span of a text that a finding claims for a part (a number of this module)."""

    start: int
    end: int
    part: int


class Cut(NamedTuple):
    """A span that goes, and the part that it goes for."""

    start: int
    end: int
    part: int


class Bounds(NamedTuple):
    """Where sentences and clauses of a text begin and end (int64, ascending, from 0 to its length)."""

    sentences: NDArray[np.int64]
    clauses: NDArray[np.int64]


def bounds_of(text: str, cuts: NDArray[np.int32], counted: NDArray[np.int32]) -> Bounds:
    """The bounds of one text from its cuts, as `detector.text.passages.find_cuts` has them.

    A line that ends with a comma was wrapped: its sentence goes on in the next one.
    """
    found = cuts.tolist()
    passages = {0, len(text), *counted.tolist(), *(at for at in found if at >= 0)}
    clauses = np.array(sorted({*passages, *(~at for at in found if at < 0)}), np.int64)
    inner = passages - {0, len(text)}
    wrapped = {at for at in inner if text[at - 1] in "\r\n" and _ends_with_comma(text, at)}
    return Bounds(np.array(sorted(passages - wrapped), np.int64), clauses)


def _ends_with_comma(text: str, end: int) -> bool:
    """Whether the line before ``end`` ends with a comma, and the next one is not empty."""
    at = end - 1
    while at > 0 and text[at].isspace() and end - at < MIN_LEFT:
        at -= 1
    return text[at] in "，,、"


def claim_mask(
    length: int,
    bounds: Bounds,
    claims: Sequence[tuple[int, int, int]],
    retained: Sequence[tuple[int, int]],
    protected: Sequence[tuple[int, int]],
) -> tuple[NDArray[np.uint8], list[tuple[int, int]]]:
    """The part that each character may go for (uint8), and the claims of junk."""
    by_part: tuple[list[tuple[int, int]], ...] = ([], [], [], [], [], [])
    for start, end, part in claims:
        by_part[part].append((start, end))
    junk = by_part[JUNK]
    if protected:
        junk = [(start, end) for start, end in junk if not any(start < stop and at < end for at, stop in protected)]
    copies = _painted(length, ((PHRASE, by_part[PHRASE]), (SHARED, by_part[SHARED])))
    mask = _painted(length, ((REPEATED, by_part[REPEATED]), (UNFILLED, by_part[UNFILLED]), (JUNK, junk)))
    for start, end in retained:
        copies[_sentences_around(bounds, start, end)] = 0
    mask = np.where((copies > 0) & (mask != JUNK) & (mask != UNFILLED), copies, mask)
    for start, end in protected:
        around = _sentences_around(bounds, start, end)
        some = mask[around]
        some[some != JUNK] = 0
    return mask, junk


def _painted(length: int, layers: Sequence[tuple[int, Sequence[tuple[int, int]]]]) -> NDArray[np.uint8]:
    """Spans in the colours of their layers, the later ones over the earlier ones (uint8)."""
    painted = bytearray(length)
    for colour, spans in layers:
        ink = bytes((colour,))
        for start, end in spans:
            painted[start:end] = ink * (end - start)
    return np.frombuffer(painted, np.uint8, count=length)  # a span that ends beyond the text has made it longer


def _sentences_around(bounds: Bounds, start: int, end: int) -> slice:
    """The sentences that share a character with a span."""
    edges = bounds.sentences
    first = max(int(np.searchsorted(edges, start, side="right")) - 1, 0)
    last = min(int(np.searchsorted(edges, end, side="left")), len(edges) - 1)
    return slice(int(edges[first]), int(edges[last]))
