"""The summary of a scan: what it was made of, what it found in all, what it could not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from detector.model import FINDING_KINDS, LEVELS, Parts, as_row
from detector.records.corpus import CorpusColumns
from detector.records.problems import told_problems
from detector.settings import Settings
from detector.tables.columns import FindingColumns, ScoreColumns
from detector.tables.rows import MILLIONTHS
from detector.tables.score import ratio
from detector.version import FORMAT_VERSION, SCORE_VERSION, VERSION


def summarise(
    corpus: CorpusColumns,
    settings: Settings,
    counts: Mapping[str, Any],
    scores: ScoreColumns,
    findings: FindingColumns,
) -> dict[str, Any]:
    """What ``summary.json`` holds, but for ``run``; ``counts`` are those of the steps."""
    n_parts: list[int] = scores.parts.sum(axis=0).tolist()
    parts = Parts(*n_parts)
    levels = counts["n_clusters"]
    return {
        "format_version": FORMAT_VERSION,
        "score_version": SCORE_VERSION,
        "version": VERSION,
        "settings": settings.as_dict(),
        "corpus": {
            "digest": corpus.digest,
            "n_documents": len(corpus.ids),
            "n_families": counts["n_families"],
            "n_series": len(set(corpus.series) - {None}),
            "n_chars": parts.total,
            "n_bytes": sum(file.n_bytes for file in corpus.files),
        },
        "totals": {
            "parts": as_row(parts),
            "originality": ratio(parts.own, parts.total) if parts.total else None,
            "originality_1k": _expected(scores),
            "n_findings": _above_zero(FINDING_KINDS, np.bincount(findings.kind).tolist()),
            "n_rules": dict(sorted(_rules(findings).items())),
            "n_clusters": {level: levels.get(level, 0) for level in LEVELS},
            "n_phrases": counts["n_phrases"],
            "flags": dict(sorted(_flags(scores).items())),
            "n_passages": counts["n_passages"],
            "n_passages_matched": counts["n_passages_matched"],
            "n_matched_alone": counts["n_matched_alone"],
            "n_passages_crowded": counts["n_passages_crowded"],
            "n_documents_without_tokens": counts["n_documents_without_tokens"],
        },
        "files": [as_row(file) for file in corpus.files],
        "problems": told_problems(corpus.problems, corpus.n_problems),
    }


def _expected(scores: ScoreColumns) -> float | None:
    """The expected originality of the whole, None where no document has one.

    Python's floats are added in document order, as they always were: numpy's sum adds them in another order.
    """
    known = scores.originality_1k >= 0
    if not known.any():
        return None
    n_chars = scores.parts[known].sum(axis=1)
    expected = sum((scores.originality_1k[known] / MILLIONTHS * n_chars).tolist())
    return ratio(expected, int(n_chars.sum()))


def _rules(findings: FindingColumns) -> dict[str, int]:
    counts = np.bincount(findings.rule[findings.rule >= 0], minlength=len(findings.rule_names))
    return _above_zero(findings.rule_names, counts.tolist())


def _flags(scores: ScoreColumns) -> dict[str, int]:
    counts = [int((scores.flags >> bit & 1).sum()) for bit in range(len(scores.flag_names))]
    return _above_zero(scores.flag_names, counts)


def _above_zero(names: Sequence[str], counts: Sequence[int]) -> dict[str, int]:
    """Names with their counts, those without any left out."""
    return {name: count for name, count in zip(names, counts, strict=False) if count}
