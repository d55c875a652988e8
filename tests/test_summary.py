"""The summary counts what the rows of the scan say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from corpora import LINES, gibberish

from detector.model import FINDING_KINDS, Document, Parts
from detector.pipeline import scan
from detector.records.corpus import corpus_of
from detector.records.reading import corpus_digest
from detector.results.summary import summarise
from detector.settings import Settings
from detector.tables.rows import DocumentRows, FindingRows

ROOT = Path(__file__).parents[1]
COUNTS = {"n_clusters": {"block": 2}} | dict.fromkeys(
    (
        "n_families",
        "n_phrases",
        "n_passages",
        "n_passages_matched",
        "n_matched_alone",
        "n_passages_crowded",
        "n_documents_without_tokens",
    ),
    3,
)


def test_columns_are_counted_as_their_rows_are() -> None:
    made = scan(ROOT / "seeds")
    assert isinstance(made.documents, DocumentRows)
    assert isinstance(made.findings, FindingRows)
    expected = np.array([100_000 * row if row % 3 else -1 for row in range(len(made.documents))], np.int32)
    scores = made.documents.columns._replace(originality_1k=expected)
    corpus = corpus_of(made.texts)
    corpus = replace(corpus, series=["s" * (row % 2) or None for row in range(len(corpus))])
    summary = summarise(corpus, Settings(), COUNTS, scores, made.findings.columns)
    assert summary["corpus"]["n_series"] == 1
    totals = summary["totals"]
    assert totals["parts"] == {**made.summary["totals"]["parts"]}
    kinds = Counter(item.kind for item in made.findings)
    assert totals["n_findings"] == {kind: kinds[kind] for kind in FINDING_KINDS if kinds[kind]}
    assert totals["n_rules"] == dict(sorted(Counter(item.rule for item in made.findings if item.rule).items()))
    assert totals["flags"] == dict(sorted(Counter(flag for item in made.documents for flag in item.flags).items()))
    assert totals["n_clusters"] == {"document": 0, "block": 2, "passage": 0}
    parts = sum((item.parts for item in made.documents), Parts())
    assert totals["originality"] == round(parts.own / parts.total, 6)
    known = [(0.1 * row, item.n_chars) for row, item in enumerate(made.documents) if row % 3]
    assert totals["originality_1k"] == round(sum(share * n for share, n in known) / sum(n for _, n in known), 6)


def test_the_digest_is_that_of_the_documents() -> None:
    given = [Document("b\ud800", "甲\ud83d"), Document("a", ""), Document("a\0", gibberish(1) + LINES[0])]
    assert scan(given).summary["corpus"]["digest"] == corpus_digest(given)


def test_the_summary_of_nothing() -> None:
    totals = scan([]).summary["totals"]
    assert totals["originality"] is None
    assert totals["originality_1k"] is None
    assert (totals["n_findings"], totals["n_rules"], totals["flags"]) == ({}, {}, {})
