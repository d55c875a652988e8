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

from detector.kernels.painting import paint
from detector.machine.columns import read_only
from detector.machine.ranges import document_ranges
from detector.machine.workspace import Workspace
from detector.model import DIGITS, FINDING_KINDS, PART_NAMES, Finding, Parts
from detector.tables.columns import FindingColumns, ScoreColumns
from detector.text.folding import code_points, is_blank
from detector.text.texts import Texts

SAMPLE_FAMILIES = 1000
"""Families of the sample that `originality_1k` is the expectation over."""

BLOCK_CHARACTERS = 1_000_000
"""Documents are painted in blocks of about this size: small enough to keep all threads busy to the end."""

LAST_BLANK = 0x3000
"""No code point above it is white space."""

_MILLION = 1e6
_CLOSE = 1e-6
"""Far more than a product of a ratio and a million is off by rounding (below 2e-10)."""


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


def millionths(ratios: NDArray[np.float64]) -> NDArray[np.int32]:
    """Ratios as they are written, in whole millionths (int32), -1 for NaN: what ``round(value, 6)`` gives.

    >>> millionths(np.array([2 / 3, 0.0078125, 1.0, np.nan])).tolist()
    [666667, 7812, 1000000, -1]
    """
    scaled = ratios * _MILLION
    whole = np.rint(scaled)
    # between two millionths the product may be rounded to the wrong side; ``round`` looks at the exact value
    close = np.flatnonzero(np.abs(scaled - whole) > 0.5 - _CLOSE)
    whole[close] = [round(round(value, DIGITS) * _MILLION) for value in ratios[close].tolist()]
    return np.where(np.isnan(whole), -1.0, whole).astype(np.int32)


def score_columns(
    work: Workspace,
    texts: Texts,
    findings: FindingColumns,
    *,
    n_families: int,
    head: NDArray[np.int32],
    flags: NDArray[np.uint8],
    flag_names: Sequence[str],
) -> ScoreColumns:
    """The score of every text in a corpus of ``n_families`` families; each row is what `score_document` gives.

    ``head`` and ``flags`` are those of `ScoreColumns`.
    """
    n = len(texts)
    parts = np.zeros((n, len(PART_NAMES)), dtype=np.int64)
    n_findings = np.zeros((n, len(FINDING_KINDS)), dtype=np.int32)
    expected = np.zeros(n)
    bounds = np.searchsorted(findings.document, np.arange(n + 1, dtype=np.int32)).astype(np.int64)
    chance = _chances(findings, n_families)
    blank = is_blank()[: LAST_BLANK + 2].copy()

    def paint_block(block: tuple[int, int]) -> None:
        paint(
            read_only(texts.points), texts.start, texts.stop, blank, bounds, findings.kind, findings.part,
            findings.n_families, findings.start, findings.end, findings.whole, findings.claim_indptr,
            findings.claim_start, findings.claim_end, chance, *block, parts, expected, n_findings,
        )  # fmt: skip

    work.map(paint_block, document_ranges(texts.lengths, BLOCK_CHARACTERS))
    total = parts.sum(axis=1)
    some = np.where(total > 0, total, np.nan)
    return ScoreColumns(
        parts=parts,
        originality=millionths(parts[:, PART_NAMES.index("own")] / some),
        originality_1k=millionths(expected / some) if len(chance) else np.full(n, -1, dtype=np.int32),
        n_findings=n_findings,
        head=head,
        flags=flags,
        flag_names=flag_names,
    )


def _chances(findings: FindingColumns, n_families: int) -> NDArray[np.float64]:
    """`chance_unseen` by number of families, where a finding has it; none in a corpus too small for a sample."""
    if n_families < SAMPLE_FAMILIES:
        return np.empty(0)
    counts = np.bincount(np.maximum(findings.n_families[findings.part >= 0], 1))
    spread, chance = np.flatnonzero(counts), np.zeros(max(len(counts), 1))
    chance[spread] = [chance_unseen(n_families, families) for families in spread.tolist()]
    return chance


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
