"""Scores: the parts are a partition that the findings alone explain, and the ratios follow from counts."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import pytest
from corpora import check_scan, documents, gibberish, painted, replayed, timeless
from hypothesis import given
from hypothesis import strategies as st

from detector.model import PART_NAMES, Finding, Parts
from detector.pipeline import scan
from detector.results.index import Scan
from detector.tables.score import chance_unseen, ratio, score_document

ROOT = Path(__file__).parents[1]
LINE = "请各单位于本周五以前将整改情况书面报送至督查室备案存档。"


def finding(start: int, end: int, part: str | None, n_families: int | None = None, **evidence: object) -> Finding:
    return Finding("d", start, end, "k", None, "", None, n_families, 1.0, part, evidence)


findings_strategy = st.lists(
    st.builds(
        lambda start, length, part, families: finding(start, start + length, part, families),
        st.integers(0, 25),
        st.integers(1, 15),
        st.sampled_from([*PART_NAMES[:-1], None]),
        st.sampled_from([None, 1, 2, 7, 1200]),
    ),
    max_size=8,
)


@timeless
@given(st.text("字a \n\N{IDEOGRAPHIC SPACE}\N{NO-BREAK SPACE}1\ud800\0", min_size=40, max_size=50), findings_strategy)
def test_parts_are_what_a_replay_of_the_findings_counts(text: str, findings: list[Finding]) -> None:
    score = score_document(text, findings, 1200)
    assert score.parts == replayed(text, findings)
    assert score.parts.total == sum(not char.isspace() for char in text)
    assert score.parts == score_document(text, findings[::-1], 1200).parts
    assert score.originality == (ratio(score.parts.own, score.parts.total) if score.parts.total else None)


@timeless
@given(st.text("字 ", min_size=40, max_size=50), findings_strategy)
def test_expected_originality_is_what_a_replay_adds_up(text: str, findings: list[Finding]) -> None:
    score = score_document(text, findings, 1200)
    own = Fraction(0)
    for char, (part, families) in zip(text, painted(text, findings), strict=True):
        if char != " ":
            own += exact(1200, families) if part in ("shared", "phrase") else int(part == "own")
    if score.parts.total:
        assert score.originality_1k == pytest.approx(float(own / score.parts.total), abs=1e-6)
    else:
        assert score.originality_1k is None


@pytest.mark.parametrize("winner", range(len(PART_NAMES) - 1))
def test_the_first_part_that_claims_a_character_has_it(winner: int) -> None:
    claims = [finding(0, 4, part) for part in PART_NAMES[winner:-1]]
    assert score_document("甲乙丙丁戊", claims, 2).parts == Parts(**{PART_NAMES[winner]: 4, "own": 1})


def test_claims_win_over_the_span_and_a_finding_without_part_claims_nothing() -> None:
    text = "甲乙丙丁戊己"
    assert score_document(text, [finding(0, 6, "shared", 2, claims=[[0, 2], [4, 5]])], 2).parts == Parts(
        shared=3, own=3
    )
    assert score_document(text, [finding(0, 6, "shared", 2, claims=[])], 2).parts == Parts(own=6)
    assert score_document(text, [finding(0, 6, None, 2)], 2).parts == Parts(own=6)


@pytest.mark.parametrize("text", ["", " \n\t", "\N{IDEOGRAPHIC SPACE}", "\x1c\x85\N{LINE SEPARATOR}"])
def test_a_document_without_text_has_no_originality(text: str) -> None:
    assert score_document(text, [], 5000) == (Parts(), None, None)


@timeless
@given(*[st.lists(st.integers(0, 10**9), min_size=6, max_size=6)] * 2)
def test_parts_add_up_part_by_part(left: list[int], right: list[int]) -> None:
    total = Parts(*left) + Parts(*right)
    assert [getattr(total, name) for name in PART_NAMES] == [
        one + other for one, other in zip(left, right, strict=True)
    ]
    assert total == Parts(*right) + Parts(*left)
    assert total + Parts() == total
    assert total.total == sum(left) + sum(right)
    assert total.originality == (total.own / total.total if total.total else None)
    assert all(0.0 <= total.share(name) <= 1.0 for name in PART_NAMES)


def exact(n_families: int, families: int) -> Fraction:
    """C(n-d, 999) / C(n-1, 999)."""
    return Fraction(math.comb(n_families - families, 999), math.comb(n_families - 1, 999))


@timeless
@given(st.integers(1000, 1300), st.data())
def test_the_chance_of_not_being_seen_is_the_ratio_of_two_binomials(n_families: int, data: st.DataObject) -> None:
    families = data.draw(st.integers(1, n_families))
    assert chance_unseen(n_families, families) == pytest.approx(float(exact(n_families, families)), abs=1e-11)


def test_the_chance_is_exact_to_the_decimals_that_are_written_in_large_corpora_too() -> None:
    for n_families, families in ((10**5, 2), (10**6, 3), (10**6, 2000), (10**7, 50)):
        assert chance_unseen(n_families, families) == pytest.approx(float(exact(n_families, families)), abs=2e-7)


SPREADS = {5: 2, 40: 6, 300: 50}


@pytest.fixture(scope="module")
def large() -> Scan:
    """1,100 documents of their own; one sentence each is shared by 2, 6 and 50 of them."""
    texts = [gibberish(seed) for seed in range(1100)]
    for n, (first, families) in enumerate(SPREADS.items()):
        for row in range(first, first + families):
            texts[row] += LINE.replace("督查", "甲乙丙"[n] * 9).replace("书面", "子丑寅"[n] * 9)
    return scan(documents(texts))


def test_expected_originality_by_the_formula(large: Scan) -> None:
    assert large.documents[0].n_families == 1100
    by_id = {document.id: document for document in large.documents}
    for first, families in SPREADS.items():
        for row in range(first, first + families):
            document = by_id[f"d{row:05d}"]
            assert document.parts.shared > 20
            assert document.parts.shared + document.parts.own == document.n_chars
            own = document.parts.own + document.parts.shared * exact(1100, families)
            assert document.originality_1k == pytest.approx(float(own / document.n_chars), abs=1e-6)
            assert document.originality == pytest.approx(document.parts.own / document.n_chars, abs=1e-6)
    assert by_id["d00000"].originality == by_id["d00000"].originality_1k == 1.0


def test_the_corpus_has_the_expected_originality_of_its_characters(large: Scan) -> None:
    own = sum((document.originality_1k or 0) * document.n_chars for document in large.documents)
    total = large.summary["corpus"]["n_chars"]
    assert large.summary["totals"]["originality_1k"] == pytest.approx(own / total, abs=2e-6)
    assert large.summary["totals"]["originality"] < large.summary["totals"]["originality_1k"]


def test_below_a_thousand_families_there_is_no_expected_originality() -> None:
    copies = [gibberish(0, 6)] * 30
    few = scan(documents([gibberish(seed) for seed in range(1, 999)] + copies[:1]))
    assert {document.n_families for document in few.documents} == {999}
    assert {document.originality_1k for document in few.documents} == {None}
    many = scan(documents([gibberish(seed) for seed in range(1, 990)] + copies))
    assert {document.originality_1k for document in many.documents} == {None}, "copies are one family"
    assert many.summary["totals"]["originality_1k"] is None


def test_every_counted_character_of_the_sample_is_explained_by_a_finding() -> None:
    result = scan(ROOT / "seeds")
    check_scan(result)
    total = sum((document.parts for document in result.documents), Parts())
    assert result.summary["totals"]["parts"] == {name: getattr(total, name) for name in PART_NAMES}
    assert all(getattr(total, name) > 0 for name in PART_NAMES)


def test_every_counted_character_of_the_real_seeds_is_explained_by_a_finding(shared: Path) -> None:
    check_scan(scan(shared / "seeds"))
