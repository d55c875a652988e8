"""The quality gate: what a scan finds in labelled text must not fall below the pinned floors, which only go up.

The measures are those that `detector evaluate` prints. ``content_lost`` is a ceiling, all others are floors.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import pytest

from detector.evaluation.measures import MIN_COVERAGE, Evaluation, evaluate, load_gold
from detector.pipeline import scan
from detector.settings import Settings

ROOT = Path(__file__).parents[1]
FLOORS: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "tests" / "data" / "quality_floors.toml").read_text("utf-8"))
MEASURES = [
    pytest.param(corpus, kind, measure, id=f"{corpus}-{kind}-{measure}")
    for corpus, table in FLOORS.items()
    for kind, floors in table.items()
    if isinstance(floors, dict)
    for measure in floors
]


def labels_of(corpus: str) -> Path:
    """The file of labels of one corpus; skips where the corpus is not on this machine."""
    path = ROOT / FLOORS[corpus]["labels"]
    if not path.is_file():
        assert corpus != "seeds", "the labels of the project's own corpus are gone"
        pytest.skip(f"real labelled text is not here: {path}")
    return path


@pytest.fixture(scope="module")
def evaluations() -> dict[str, Evaluation]:
    """Filled by `evaluated`: each corpus is scanned once."""
    return {}


def evaluated(corpus: str, evaluations: dict[str, Evaluation]) -> Evaluation:
    """One corpus, scanned with the default settings and compared with its labels."""
    if corpus not in evaluations:
        gold = load_gold(labels_of(corpus))
        result = scan(ROOT / FLOORS[corpus]["documents"], Settings())
        findings: dict[str, list[Any]] = {name: [] for name in result.texts}
        for finding in result.findings:
            findings[finding.doc].append(finding)
        evaluations[corpus] = evaluate(findings, result.texts, gold)
    return evaluations[corpus]


def measured(result: Evaluation, kind: str, measure: str) -> float | None:
    """A measure over all characters or spans (micro), or the mean over documents where its name says so."""
    if measure == "content_lost":
        return result.macro_lost()
    name = measure.removeprefix("macro_")
    reached = getattr(result.macro(kind) if measure.startswith("macro_") else result.by_kind[kind], name)
    assert reached is None or isinstance(reached, float)
    return reached


@pytest.mark.parametrize("corpus", FLOORS)
def test_labels_are_those_that_the_floors_were_measured_on(corpus: str) -> None:
    digest = hashlib.sha256(labels_of(corpus).read_bytes()).hexdigest()
    assert digest == FLOORS[corpus]["labels_sha256"], "the labels changed: measure again and pin floors and digest"


@pytest.mark.parametrize("corpus", FLOORS)
def test_every_labelled_document_is_scored_and_every_labelled_kind_has_a_floor(
    corpus: str, evaluations: dict[str, Evaluation]
) -> None:
    gold = load_gold(labels_of(corpus))
    result = evaluated(corpus, evaluations)
    assert set(result.by_document) | set(result.skipped) == {document.id for document in gold}
    thin = {document.id for document in gold if (document.coverage or 1.0) < MIN_COVERAGE}
    assert not (result.missing or result.unlabelled)
    assert set(result.skipped) == thin
    floors = {kind for kind, table in FLOORS[corpus].items() if isinstance(table, dict)}
    assert set(result.by_kind) == floors


@pytest.mark.parametrize(("corpus", "kind", "measure"), MEASURES)
def test_quality_is_not_below_its_floor(
    corpus: str, kind: str, measure: str, evaluations: dict[str, Evaluation]
) -> None:
    result = evaluated(corpus, evaluations)
    reached = measured(result, kind, measure)
    mistakes = [
        f"{item.doc}:{item.start} {item.what} {item.text!r} {item.rule}" for item in result.errors if item.kind == kind
    ]
    assert reached is not None
    floor = FLOORS[corpus][kind][measure]
    assert (reached <= floor) if measure == "content_lost" else (reached >= floor), "\n".join((str(reached), *mistakes))
