"""The fit of what shows a text to be a page: nothing near it is better, and which texts teach."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.rules.page_model import EVIDENCE

sys.path.append(str(Path(__file__).parents[1] / "scripts"))
import page_gate
from labelled_pages import THINNED, Pages
from line_words import LineWords

N = len(EVIDENCE)


def loss(values: list[list[float]], is_page: list[bool], weight: list[float], gate: list[float]) -> float:
    """The log loss of weighted texts, and the squares of the weights by which a deviation of each value counts."""
    total = 0.0
    for row, page, one in zip(values, is_page, weight, strict=True):
        odds = sum(value * share for value, share in zip(row, gate, strict=False)) + gate[-1]
        total += one * math.log1p(math.exp(-odds if page else odds))
    for column, share in zip(zip(*values, strict=True), gate, strict=False):
        mean = math.fsum(column) / len(column)
        square = math.fsum((value - mean) ** 2 for value in column) / len(column)
        total += page_gate.PENALTY * sum(weight) * share**2 * square / 2
    return total


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(8, 40))
def test_nothing_near_the_fit_is_better(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    values, is_page, weight = rng.normal(3, 2, size=(n, 3)), np.arange(n) % 2 == 0, rng.uniform(0.5, 2, n)
    found = page_gate._logistic(values, is_page, weight).tolist()
    texts = values.tolist(), is_page.tolist(), weight.tolist()
    best = loss(*texts, found)
    for at in range(4):
        for step in (-0.05, 0.05):
            other = [share + step * (place == at) for place, share in enumerate(found)]
            assert loss(*texts, other) > best


def made(corpus: list[str], plain: list[bool], signs: list[int], n_junk: list[int]) -> Pages:
    """Texts of twelve lines, the first of which are junk."""
    n = len(corpus)
    label = np.concatenate([np.arange(12) < junk for junk in n_junk]).astype(np.int64)
    lines, none = np.zeros(12 * n), np.zeros(0, dtype=np.int64)
    return Pages(
        np.zeros((12 * n, 1)), label, lines, lines > 0, lines > 0, label, np.repeat(np.arange(n), 12),
        LineWords(none, none, [], none), np.zeros((n, 2), dtype=np.int64), corpus, corpus, np.array(plain),
        np.array(signs, dtype=np.uint8), np.ones(n, dtype=np.bool_),
    )  # fmt: skip


@pytest.mark.parametrize("corpus, signs, n_junk", [(THINNED, 1, 12), ("page", 0, 12), ("page", 1, 4)])
def test_copies_and_texts_that_say_nothing_teach_nothing(corpus: str, signs: int, n_junk: int) -> None:
    pages = made(
        ["page", "page", "plain", "plain", corpus], [False, False, True, True, False], [1, 1, 1, 1, signs],
        [6, 6, 0, 0, n_junk],
    )  # fmt: skip
    evidence = np.random.default_rng(0).normal(size=(5, N))
    all_texts, first = np.ones(5, dtype=np.bool_), np.arange(5) < 4

    def changes(texts: Pages) -> bool:
        fits = [page_gate.fit_gate(texts, evidence, some).tolist() for some in (all_texts, first)]
        return bool(fits[0] != fits[1])

    assert not changes(pages)
    assert changes(made(["page"] * 5, [False, False, True, True, False], [1] * 5, [6, 6, 0, 0, 6]))
