"""What words say of lines of scraped pages and of those around them, against obvious versions."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.kernels.page_vocabulary import (
    describe_gaps,
    describe_scores,
    describe_vocabulary,
    describe_words,
    weigh_words,
)
from detector.rules.page_model import MOST_OF_LINE, WORD_PARTS, hash_table, key_of, words_of_line
from detector.rules.pages import FEATURES, fitted
from detector.text.folding import character_table, code_points, plain

WORDS = ("home", "log", "in", "0", "首", "页", "首 页", "é", "a")
LINE = st.lists(
    st.sampled_from([*"aé首页评 ,.，。12\u0301\u3099ー", "home", "log", "in", " ", "\ud800", "\x00"]), max_size=30
).map("".join)
SCORES = st.lists(
    st.tuples(*(st.floats(-6, 6),) * 3, st.sampled_from([0.0, 1.0, 3.0]), st.booleans()), min_size=1, max_size=9
)


def weights_of(names: tuple[str, ...]) -> dict[str, list[float]]:
    draw = random.Random(len(names))
    return {name: [round(draw.uniform(-2, 2), 2) for _ in WORD_PARTS] for name in names}


def tabled(words: dict[str, list[float]]) -> tuple[np.ndarray, np.ndarray]:
    keys, slots = hash_table(key_of(name.split(" ")) for name in words)
    weights = np.zeros((len(keys), len(WORD_PARTS)))
    weights[slots] = list(words.values())
    return keys, weights


def weighed(line: str, words: dict[str, list[float]], most: int) -> list[float]:
    known = [words[name] for name in dict.fromkeys(words_of_line(line[:most])) if name in words]
    return [sum(column) / math.sqrt(len(known)) for column in zip(*known, strict=True)] or [0.0] * len(WORD_PARTS)


@given(st.lists(LINE, min_size=1, max_size=4), st.sampled_from([5, MOST_OF_LINE]))
def test_words_weigh_what_the_vocabulary_says(lines: list[str], most: int) -> None:
    lines = [plain(line) for line in lines]
    words = weights_of(WORDS)
    keys, weights = tabled(words)
    points = code_points("".join(lines))
    end = np.cumsum([len(line) for line in lines])
    start = end - [len(line) for line in lines]
    out = np.empty((len(lines), len(WORD_PARTS)))
    weigh_words(points, start, end, character_table().classes, keys, weights, most, out)
    for line, row in zip(lines, out.tolist(), strict=True):
        assert row == pytest.approx(weighed(line, words, most), abs=1e-9)


def test_every_word_of_a_vocabulary_is_found_again() -> None:
    names = tuple(f"{first}{second}" for first in "abcdefghijkl" for second in "nopqrstuvwxyz")
    words = weights_of(names)
    keys, weights = tabled(words)
    for name in names:
        out, points = np.empty((1, len(WORD_PARTS))), code_points(name)
        here = np.array([0]), np.array([len(points)])
        weigh_words(points, *here, character_table().classes, keys, weights, MOST_OF_LINE, out)
        assert out[0].tolist() == words[name]


def cut(value: float) -> float:
    return min(max(value, -4.0), 4.0)


@given(SCORES)
def test_what_words_say_around_a_line(rows: list[tuple[float, float, float, float, bool]]) -> None:
    scores = np.array([row[:3] for row in rows])
    n = len(rows)
    out = np.empty((n, 33))
    assert describe_words(scores, out, 0) == 33
    for part in range(3):
        value = [cut(row[part]) for row in rows]
        got = out[:, 11 * part : 11 * part + 11].tolist()
        for at in range(n):
            means = [
                side / reach
                for reach in (1, 3, 8)
                for side in (sum(value[max(at - reach, 0) : at]), sum(value[at + 1 : at + 1 + reach]))
            ]
            before = sum(value[other] * 0.85 ** (at - other - 1) for other in range(at))
            after = sum(value[other] * 0.85 ** (other - at - 1) for other in range(at + 1, n))
            wanted = [value[at], *means, before, after, sum(value[:at]), sum(value[at + 1 :])]
            assert got[at] == pytest.approx(wanted, abs=1e-9)


def gap(rows: list[tuple[float, float, float, float, bool]], inner: int) -> list[float]:
    """What a gap of lines holds, by the obvious definition."""
    junk = [cut(row[0]) for row in rows]
    marks = sum(row[4] for row in rows)
    return [math.log1p(len(rows)), math.log1p(marks), max(junk), sum(junk), sum(cut(row[inner]) for row in rows)]


@given(SCORES, st.data())
def test_what_stands_between_a_line_and_prose(
    rows: list[tuple[float, float, float, float, bool]], data: st.DataObject
) -> None:
    n = len(rows)
    first = data.draw(st.integers(0, n - 1))
    last = data.draw(st.integers(first, n - 1))
    out = np.empty((n, 13))
    scores, prose, marks = (np.array([row[at] for row in rows], dtype=np.float64) for at in (slice(3), 3, 4))
    assert describe_gaps(scores, prose, marks, first, last, out, 0) == 13
    for at in range(n):
        begin = max((other + 1 for other in range(at) if prose[other] > 2), default=0)
        end = min((other for other in range(at + 1, n) if prose[other] > 2), default=n)
        assert out[at, :5].tolist() == pytest.approx(gap(rows[begin : at + 1], 2), abs=1e-9)
        assert out[at, 5:10].tolist() == pytest.approx(gap(rows[at:end], 1), abs=1e-9)
        between = rows[last + 1 : at + 1] if at > last else rows[at:first]
        junk = [cut(row[0]) for row in between]
        wanted = [math.log1p(sum(row[4] for row in between)), max(junk, default=-4.0), sum(junk)]
        assert out[at, 10:].tolist() == pytest.approx(wanted, abs=1e-9)


def test_texts_together_are_described_as_alone() -> None:
    lines = ["home log in", "a", "首页", "in 12 a", "log"]
    words = weights_of(WORDS)
    keys, weights = tabled(words)
    end = np.cumsum([len(line) for line in lines])
    start, indptr = end - [len(line) for line in lines], np.array([0, 2, 5])
    runs, base = np.array([[0, 1], [1, 1]]), np.array([0.25, -0.5, 0.125])
    rng = np.random.default_rng(0)
    column, prose, cover = (FEATURES.index(name) for name in ("junk_words", "prose", "cover"))
    out = rng.uniform(0, 4, (5, len(FEATURES)))
    alone = out.copy()
    classes = character_table().classes
    describe_vocabulary(
        code_points("".join(lines)), start, end, indptr[:-1], indptr, classes, keys, weights, base, MOST_OF_LINE, runs,
        prose, cover, out, column,
    )  # fmt: skip
    scores = np.array([weighed(line, words, MOST_OF_LINE) for line in lines]) + base
    for at in (0, 1):
        own = slice(indptr[at], indptr[at + 1])
        part = alone[own].copy()
        describe_scores(scores[own], runs[at : at + 1], np.array([0, len(part)]), prose, cover, part, column)
        assert out[own].ravel().tolist() == pytest.approx(part.ravel().tolist(), abs=1e-9)
    assert (out[:, :column] == alone[:, :column]).all()


@pytest.mark.parametrize("is_han", [False, True])
def test_the_vocabulary_is_of_words_and_says_something(is_han: bool) -> None:
    model = fitted(is_han)
    known = model.keys != 0
    assert 1_000 < known.sum() < 20_000
    assert (model.weights[known] != 0).any(axis=1).all()
    assert not model.weights[~known].any()
    classes = character_table().classes

    def junk(line: str) -> float:
        out, points = np.empty((1, len(WORD_PARTS))), code_points(plain(line))
        weigh_words(points, np.array([0]), np.array([len(points)]), classes, model.keys, model.weights, 800, out)
        return float(out[0, 0])

    assert junk("Related stories") > junk("The town had waited for this for many years.")
    assert not is_han or junk("相关阅读") > junk("这座大桥的主体工程已经全部完成")
