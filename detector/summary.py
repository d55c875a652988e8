"""The summary of a scan: what it was made of, what it found in all, what it could not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from detector.model import FINDING_KINDS, LEVELS, Corpus, DocumentScore, Finding, Parts, as_row
from detector.reading import corpus_digest
from detector.score import SCORE_VERSION, ratio
from detector.settings import Settings
from detector.version import VERSION
from detector.writing import FORMAT_VERSION


def summarise(
    corpus: Corpus,
    settings: Settings,
    counts: Mapping[str, Any],
    result: tuple[Sequence[DocumentScore], Sequence[Finding]],
) -> dict[str, Any]:
    """What ``summary.json`` holds, but for ``run``."""
    scores, findings = result
    parts = sum((score.parts for score in scores), Parts())
    kinds = Counter(finding.kind for finding in findings)
    rules = Counter(finding.rule for finding in findings if finding.rule)
    flags = Counter(flag for score in scores for flag in score.flags)
    known = [score for score in scores if score.originality_1k is not None]
    expected = sum((score.originality_1k or 0.0) * score.n_chars for score in known)
    levels = counts["n_clusters"]
    return {
        "format_version": FORMAT_VERSION,
        "score_version": SCORE_VERSION,
        "version": VERSION,
        "settings": settings.as_dict(),
        "corpus": {
            "digest": corpus_digest(corpus.documents),
            "n_documents": len(corpus.documents),
            "n_families": counts["n_families"],
            "n_series": len({document.series for document in corpus.documents} - {None}),
            "n_chars": parts.total,
            "n_bytes": sum(file.n_bytes for file in corpus.files),
        },
        "totals": {
            "parts": as_row(parts),
            "originality": ratio(parts.own, parts.total) if parts.total else None,
            "originality_1k": ratio(expected, sum(score.n_chars for score in known)) if known else None,
            "n_findings": {kind: kinds[kind] for kind in FINDING_KINDS if kinds[kind]},
            "n_rules": dict(sorted(rules.items())),
            "n_clusters": {level: levels.get(level, 0) for level in LEVELS},
            "n_phrases": counts["n_phrases"],
            "flags": dict(sorted(flags.items())),
            "n_passages": counts["n_passages"],
            "n_passages_matched": counts["n_passages_matched"],
            "n_matched_alone": counts["n_matched_alone"],
            "n_passages_crowded": counts["n_passages_crowded"],
            "n_documents_without_tokens": counts["n_documents_without_tokens"],
        },
        "files": [as_row(file) for file in corpus.files],
        "problems": {
            "n": dict(sorted(corpus.n_problems.items())),
            "examples": [problem.message for problem in corpus.problems[:20]],
        },
    }
