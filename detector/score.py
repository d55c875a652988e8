"""Parts and originality: which finding explains each character, counted first, ratios derived.

Every non-blank character of a document is in exactly one part, the first in the order of `detector.model.PART_NAMES`
whose findings claim it; what nothing claims is the document's own. ``tests/test_score.py`` replays the count from the
findings alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.folding import code_points, is_blank
from detector.model import PART_NAMES, Finding, Parts

SCORE_VERSION = 1
"""Goes up whenever the same findings would give another score."""

SAMPLE_FAMILIES = 1000
"""Families of the sample that `originality_1k` is the expectation over."""

DIGITS = 6
"""Decimals of every ratio that is written, so that files are the same bytes on every machine."""


class Score(NamedTuple):
    """The parts of one document and its two ratios (None: no text, or too few families)."""

    parts: Parts
    originality: float | None
    originality_1k: float | None


def score_document(text: str, findings: Sequence[Finding], n_families: int) -> Score:
    """The score of a text with its findings in a corpus of ``n_families`` families."""
    points = code_points(text)
    counted = ~is_blank()[points]
    part, spread = _painted(len(points), findings)
    counts = np.bincount(part[counted], minlength=len(PART_NAMES)).tolist()
    parts = Parts(*counts)
    if not parts.total:
        return Score(parts, None, None)
    return Score(parts, ratio(parts.own, parts.total), _expected(part, spread, counted, n_families))


def ratio(count: float, total: float) -> float:
    """A ratio as it is written."""
    return round(count / total, DIGITS)


def _painted(length: int, findings: Iterable[Finding]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The part of every character, and in how many families the text of a shared or phrase character is."""
    part = np.full(length, PART_NAMES.index("own"), dtype=np.uint8)
    spread = np.ones(length, dtype=np.int64)
    claims: dict[tuple[int, int, int], int] = {}
    for finding in findings:
        if finding.part is not None:
            for start, end in finding.claims:  # many blanks of one clause claim it once
                key = (-PART_NAMES.index(finding.part), start, end)
                claims[key] = max(claims.get(key, 1), finding.n_families or 1)
    for (order, start, end), families in sorted(claims.items()):
        here = part[start:end] == -order
        spread[start:end] = np.where(here, np.maximum(spread[start:end], families), families)
        part[start:end] = -order
    return part, spread


def _expected(
    part: NDArray[np.uint8], spread: NDArray[np.int64], counted: NDArray[np.bool_], n_families: int
) -> float | None:
    """The expected originality in a sample of 1,000 families with this one among them."""
    if n_families < SAMPLE_FAMILIES:
        return None
    own = float((part[counted] == PART_NAMES.index("own")).sum())
    elsewhere = counted & np.isin(part, (PART_NAMES.index("shared"), PART_NAMES.index("phrase")))
    for families, count in zip(*np.unique(spread[elsewhere], return_counts=True), strict=True):
        own += float(count) * chance_unseen(n_families, int(families))
    return ratio(own, float(counted.sum()))


def chance_unseen(n_families: int, families: int) -> float:
    """The chance that a sample of 1,000 families, one of them given, holds none of the other ``families - 1``.

    C(n - d, 999) / C(n - 1, 999) for n families of which d have the text.

    >>> chance_unseen(1000, 1), chance_unseen(1000, 2), round(chance_unseen(2000, 2), 4)
    (1.0, 0.0, 0.5003)
    """
    drawn = SAMPLE_FAMILIES - 1
    if n_families - families < drawn:
        return 0.0 if families > 1 else 1.0
    return math.exp(
        math.lgamma(n_families - families + 1)
        - math.lgamma(n_families - families - drawn + 1)
        - math.lgamma(n_families)
        + math.lgamma(n_families - drawn)
    )
