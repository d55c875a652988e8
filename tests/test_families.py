"""Families against exact Jaccard similarities and the lexicographically first maximal independent set."""

from __future__ import annotations

from collections.abc import Sequence
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import first_independent_set, jaccard, shingles

from detector.machine.workspace import Workspace
from detector.matching import families
from detector.matching.families import SHINGLE_SIZE, Families, find_families
from detector.text.folding import fold
from detector.text.tokens import join_block, tokenise

kernel = settings(deadline=None)
"""No deadline: the first call of a kernel may compile it."""

LETTERS = "经济发展"


def families_of(texts: Sequence[str], threshold: float = 0.80, seed: int = 1, workers: int = 1) -> Families:
    with Workspace(workers=workers) as work:
        return find_families(tokenise(join_block(texts), []), threshold=threshold, seed=seed, work=work)


@st.composite
def corpora(draw: st.DrawFn) -> list[str]:
    """Texts over four characters; many are an earlier one with a character changed, dropped, added or doubled."""
    texts: list[str] = []
    for _ in range(draw(st.integers(0, 9))):
        if texts and draw(st.integers(0, 3)):
            text = draw(st.sampled_from(texts))
            for _ in range(draw(st.integers(0, 2))):
                place = draw(st.integers(0, len(text)))
                text = text[:place] + draw(st.sampled_from(["", *LETTERS])) + text[place + draw(st.integers(0, 1)) :]
        else:
            text = draw(st.text(LETTERS, max_size=40))
        texts.append(text)
    return texts


def check(texts: Sequence[str], threshold: float) -> None:
    sets = [shingles(fold(text), SHINGLE_SIZE) for text in texts]
    similar = [[jaccard(left, right) for right in sets] for left in sets]
    expected = first_independent_set(len(texts), lambda row, other: similar[row][other] >= threshold - 1e-9)
    found = families_of(texts, threshold)
    assert found.head.tolist() == expected
    assert found.number.tolist() == [sorted(set(expected)).index(head) for head in expected]
    assert found.n_families == len(set(expected))
    ratios = [1.0 if head == row else similar[row][head] for row, head in enumerate(expected)]
    assert found.ratio.tolist() == pytest.approx(ratios)


@kernel
@given(corpora())
def test_families_equal_brute_force(texts: list[str]) -> None:
    check(texts, 0.80)


@kernel
@given(corpora(), st.sampled_from([0.85, 0.9, 1.0]))
def test_other_thresholds(texts: list[str], threshold: float) -> None:
    check(texts, threshold)


def test_empty_and_short_documents_are_never_equal() -> None:
    found = families_of(["", "", "经济发展", "经济发展", "。。。", "\0"])
    assert found.head.tolist() == list(range(6))
    assert found.n_families == 6
    assert families_of([]).n_families == 0


def test_copies_are_one_family_and_the_first_heads_it() -> None:
    article = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
    found = families_of(["别的文章与此毫无关系", *[article] * 100])
    assert found.head.tolist() == [0] + [1] * 100
    assert found.n_families == 2
    assert found.ratio.tolist() == [1.0] * 101


def test_traditional_and_full_width_copies_are_one_family() -> None:
    assert families_of(["發展經濟，改善民生ＡＢＣ。", "发展经济。改善民生 abc"]).n_families == 1


def test_figures_count_as_text_in_families() -> None:
    assert families_of(["全年完成投资12亿元", "全年完成投资34亿元"]).n_families == 2


def test_no_chain_joins_what_does_not_match() -> None:
    alphabet = [chr(0x4E00 + point) for point in range(400)]
    texts = ["".join(alphabet[start : start + 100]) for start in range(0, 60, 8)]
    found = families_of(texts)
    sets = [shingles(text, SHINGLE_SIZE) for text in texts]
    assert 1 < found.n_families < len(texts)
    assert all(jaccard(sets[row], sets[head]) >= 0.80 for row, head in enumerate(found.head))


@kernel
@given(corpora(), st.integers(0, 5))
def test_the_seed_does_not_change_the_answer(texts: list[str], seed: int) -> None:
    assert np.array_equal(families_of(texts).head, families_of(texts, seed=seed).head)


@kernel
@given(corpora(), st.integers(2, 3), st.integers(1, 8))
def test_workers_and_blocks_do_not_change_the_answer(texts: list[str], workers: int, n_blocks: int) -> None:
    alone = families_of(texts)
    with mock.patch.multiple(families, N_BLOCKS=n_blocks, BLOCK_TOKENS=20):
        shared = families_of(texts, workers=workers)
    assert all(np.array_equal(left, right) for left, right in zip(alone, shared, strict=True))


def test_a_thousand_near_copies_stay_cheap_and_one_family() -> None:
    article = [chr(0x4E00 + point) for point in range(500)]
    texts = []
    for number in range(1000):
        copy = article.copy()
        copy[number % 500] = chr(0x6000 + number)
        texts.append("".join(copy))
    found = families_of(texts)
    assert found.n_families == 1
