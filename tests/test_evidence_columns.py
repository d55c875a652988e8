"""Findings, spun repeats and scores as columns equal what their definitions give row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import LINES, NOTICE, SLOGAN, gibberish, timeless
from evidence_rows import (
    Material,
    finding_rows,
    findings_of,
    group_columns,
    hit_columns,
    hit_rows,
    material,
    score_rows,
    spun_repeats,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.machine.workspace import Workspace
from detector.matching.spun import spun_hits
from detector.model import FINDING_KINDS, Finding, Hit
from detector.records.reading import Reader
from detector.results.evidence import family_counts, finding_columns
from detector.settings import Settings
from detector.tables.columns import FindingColumns, GroupColumns, ScoreColumns
from detector.tables.score import score_columns, score_document

ROOT = Path(__file__).parents[1]


class Result:
    """What the columns of some texts become, with one or more workers."""

    def __init__(self, made: Material, workers: int = 1, n_families: int | None = None) -> None:
        analysis, texts, n = made.analysis, made.texts, len(made.analysis.documents)
        with Workspace(workers=workers) as work:
            self.spun = spun_hits(
                work, texts, analysis.tokens, analysis.passages, min_tokens=8, is_junk=made.is_junk
            )  # fmt: skip
            self.findings: FindingColumns = finding_columns(
                work,
                made.columns,
                [hit_columns(made.hits), self.spun],
                group_of=made.group_of,
                n_families=family_counts(group_columns(made.groups), analysis.family),
                blocks=group_columns(made.blocks),
            )
            self.scores: ScoreColumns = score_columns(
                work,
                texts,
                self.findings,
                n_families=n_families or made.n_families,
                head=np.arange(n, dtype=np.int32),
                flags=np.zeros(n, dtype=np.uint8),
                flag_names=(),
            )


def check(made: Material, workers: int = 1, n_families: int | None = None) -> list[Finding]:
    """The findings, after comparing everything with the definitions."""
    analysis, result = made.analysis, Result(made, workers, n_families)
    spun = spun_repeats(
        analysis.documents, analysis.tokens, analysis.passages, min_tokens=8, is_junk=made.is_junk
    )  # fmt: skip
    assert hit_rows(result.spun) == spun
    expected = findings_of(made, [own + more for own, more in zip(made.hits, spun, strict=True)])
    found = finding_rows(result.findings, analysis.documents)
    assert found == expected
    assert [list(item.evidence) for item in found] == [list(item.evidence) for item in expected], "keys in order"
    by_document: dict[str, list[Finding]] = {document.id: [] for document in analysis.documents}
    for finding in expected:
        by_document[finding.doc].append(finding)
    mine = [by_document[document.id] for document in analysis.documents]
    total = n_families or made.n_families
    assert score_rows(result.scores) == [
        score_document(document.text, own, total) for document, own in zip(analysis.documents, mine, strict=True)
    ]
    counts = [[sum(item.kind == kind for item in own) for kind in FINDING_KINDS] for own in mine]
    assert result.scores.n_findings.tolist() == counts
    return found


@pytest.fixture(scope="module")
def sample() -> Material:
    """The texts of the seeds, as they are read."""
    return material([document.text for document in Reader([ROOT / "seeds"], Settings())])


def test_the_sample(sample: Material) -> None:
    found = check(sample, n_families=1500)
    assert {item.kind for item in found} >= {"junk", "placeholder", "masked", "passage", "phrase", "repeat"}


def test_any_number_of_workers_and_any_blocks_give_the_same_columns(
    sample: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Result(sample)
    for name, size in (
        ("results.evidence.BLOCK_PAIRS", 7),
        ("results.evidence.BLOCK_FINDINGS", 5),
        ("matching.spun.BLOCK_PASSAGES", 11),
        ("tables.score.BLOCK_CHARACTERS", 300),
    ):
        monkeypatch.setattr(f"detector.{name}", size)
    for workers in (1, 3):
        other = Result(sample, workers)
        for left, right in ((one.spun, other.spun), (one.findings, other.findings), (one.scores, other.scores)):
            for name, column in left._asdict().items():
                same: Any = np.array_equal(column, getattr(right, name))
                assert same or list(column) == list(getattr(right, name)), name


def narrow(columns: Any, *wide: str) -> Any:
    """Columns whose int64 fields are int32, but for some."""
    some = {
        name: column.astype(np.int32)
        for name, column in columns._asdict().items()
        if getattr(column, "dtype", None) == np.int64 and name not in wide
    }
    return columns._replace(**some)


def test_offsets_of_four_bytes_are_enough(sample: Material) -> None:
    analysis = sample.analysis
    small = sample._replace(
        analysis=analysis._replace(
            tokens=narrow(analysis.tokens, "indptr", "point_indptr"),
            passages=narrow(analysis.passages, "tokens"),
            matches=narrow(analysis.matches),
        )
    )
    assert check(small, workers=2, n_families=1500) == check(sample, n_families=1500)


def test_columns_have_their_types(sample: Material) -> None:
    result = Result(sample, n_families=1500)
    findings = {name: str(getattr(column, "dtype", "")) for name, column in result.findings._asdict().items()}
    assert set(findings.values()) == {"int32", "uint8", "int16", "int8", "bool", "int64", ""}
    assert [name for name, dtype in findings.items() if dtype == "int64"] == ["claim_indptr"]
    assert [findings[name] for name in ("kind", "rule", "level", "part", "whole")] == [
        "uint8", "int16", "uint8", "int8", "bool",
    ]  # fmt: skip
    assert [str(column.dtype) for column in result.scores[:6]] == ["int64", "int32", "int32", "int32", "int32", "uint8"]
    assert [str(column.dtype) for column in result.spun[:6]] == ["int64", "int32", "int32", "uint8", "int16", "int32"]


PIECES = (
    *LINES,
    LINES[0].replace("上下", "各级"),
    LINES[1].replace("月底", "年底"),
    NOTICE.format(35, 7, 12),
    NOTICE.format("XX", "X", "XX"),
    NOTICE.format(3, "XX", 1),
    SLOGAN,
    f"{SLOGAN}2020年",
    "一、加强领导。",
    "（二）重点工作。\n",
    "好。",
    "12.5%。",
    "认真抓好安全生产检查工作落实到位。",
    "认真抓好安全生产督查工作落实到位。",
    "，认真抓好安全生产督查工作落实到位，",
    "the council approved requests for repair of many old roads. ",
    "the council approved requests for repair of two old roads. ",
    "民警拦下车牌为湘A×××××的小型货车，当场受理。",
    "\n当前位置：首页 > 工作总结 > 乡镇工作总结\n",
    "\n",
    "\r\n\r\n",
    "\x1c \N{LINE SEPARATOR}",
    "\ud800\0",
    gibberish(1, 1),
    gibberish(2, 1)[:-1] + "，",
)


@settings(timeless, max_examples=60)
@given(
    st.lists(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), min_size=1, max_size=5),
    st.integers(1, 3),
    st.sampled_from([None, 1200]),
)
def test_small_corpora(texts: list[str], workers: int, n_families: int | None) -> None:
    check(material(texts), workers, n_families)


def test_blocks_of_many_families_and_members_that_overlap() -> None:
    """A run of short passages that repeats itself lies in one block more than once."""
    item = "加强领导。落实责任。"
    texts = [gibberish(row, 1) + LINES[0] + item * 4 + LINES[1] + gibberish(row + 9, 1) for row in range(4)]
    found = check(material([*texts, gibberish(50, 1) + LINES[0] + item * 2, "", LINES[0] + item + LINES[1]]))
    assert {item.n_families for item in found if item.cluster and item.cluster.startswith("block")} > {4}


def test_a_corpus_without_findings_or_documents() -> None:
    assert check(material([])) == []
    assert check(material(["", "\n", gibberish(1)])) == []
    nothing = GroupColumns(np.zeros(1, np.int64), *(np.empty(0, np.int32) for _ in range(3)), np.empty(0))
    assert family_counts(nothing, np.empty(0, np.int64)).tolist() == []


def test_ties_go_by_the_names_of_kind_and_rule_then_as_they_come() -> None:
    """Hits on one span, of every kind and several rules, given in no order."""
    made = material([f"{gibberish(1)}2020年。", gibberish(2)])
    hits = [
        Hit(start, end, kind, rule, {"n": number})
        for number, (start, end, kind, rule) in enumerate(
            (start, end, kind, rule)
            for rule in ("b.two", "a.one", "b.two")
            for kind in reversed(FINDING_KINDS)
            for start, end in ((4, 9), (0, 3), (0, 9))
        )
    ]
    found = check(made._replace(hits=[hits, hits[:4]]))
    assert len(found) >= len(hits) + 4
