"""The kernels of `detector.kernels.painting` and `detector.kernels.spinning` against plain Python."""

from __future__ import annotations

import numpy as np
from corpora import timeless
from hypothesis import example, given
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from detector.kernels import painting
from detector.kernels.painting import (
    gather_spans,
    group_by_document,
    last_begun,
    sort_in_documents,
)
from detector.kernels.spinning import breaks_line, similarities
from detector.tables.score import millionths
from detector.text.folding import is_blank

row = st.lists(st.integers(0, 5), max_size=200) | st.lists(st.integers(0, 0x110000), max_size=90)
"""Few characters that repeat, or many."""


@timeless
@given(st.lists(st.tuples(row, row), max_size=4))
@example([([128 * n for n in range(150)], [128 * n + n % 3 for n in range(150)])])
def test_similarities_are_those_of_rapidfuzz(pairs: list[tuple[list[int], list[int]]]) -> None:
    rows = [left for left, _ in pairs] + [right for _, right in pairs]
    points = np.array([point for values in rows for point in values], dtype=np.uint32)
    indptr = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    for least in (0.0, 0.8):
        similar = np.empty(len(pairs))
        similarities(points, indptr, least, similar)
        for (left, right), value in zip(pairs, similar.tolist(), strict=True):
            expected = Indel.normalized_similarity(left, right)
            if left + right and (expected >= least or value):
                assert value == expected


def test_lines_break_where_python_breaks_them() -> None:
    for point in range(0x110000):
        assert breaks_line.py_func(point) == (len(f"a{chr(point)}b".splitlines()) > 1)
    assert [breaks_line(np.uint32(point)) for point in (10, 13, 14, 0x85, 0x2029, 0x202A)] == [1, 1, 0, 1, 1, 0]


@timeless
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 3)), max_size=150))
def test_findings_are_sorted_in_their_documents(rows: list[tuple[int, int, int]]) -> None:
    document, key, tie = (np.array([item[field] for item in rows], dtype=np.int64) for field in range(3))
    order, bounds = np.empty(len(rows), np.int64), np.empty(5, np.int64)
    group_by_document(document.astype(np.int32), bounds, order)
    room = np.empty_like(order)
    for first, last in ((0, 3), (3, 4)):
        sort_in_documents(bounds, key, tie, order, room, first, last)
    assert order.tolist() == sorted(range(len(rows)), key=lambda at: rows[at])
    assert bounds.tolist() == [sum(item[0] < number for item in rows) for number in range(5)]


@timeless
@given(st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4), max_size=8), st.randoms())
def test_spans_follow_their_rows(claims: list[list[tuple[int, int]]], draw: object) -> None:
    order = list(range(len(claims)))
    draw.shuffle(order)  # type: ignore[attr-defined]
    spans = np.array([span for own in claims for span in own], dtype=np.int32).reshape(-1, 2)
    indptr = np.cumsum([0, *map(len, claims)], dtype=np.int64)
    new, (start, end) = np.empty_like(indptr), (np.empty(len(spans), np.int32) for _ in range(2))
    gather_spans(np.array(order, dtype=np.int64), indptr, spans[:, 0].copy(), spans[:, 1].copy(), new, start, end)
    assert list(zip(start.tolist(), end.tolist(), strict=True)) == [span for at in order for span in claims[at]]
    assert new.tolist() == np.cumsum([0, *(len(claims[at]) for at in order)]).tolist()


@timeless
@given(st.lists(st.integers(0, 20), max_size=12).map(sorted), st.lists(st.integers(-1, 21), max_size=5))
def test_what_begun_last(starts: list[int], values: list[int]) -> None:
    n, found = len(values), np.empty(len(values), np.int64)
    low, high = np.zeros(n, np.int64), np.full(n, len(starts))
    last_begun(np.array(starts, dtype=np.int64), low, high, np.array(values, dtype=np.int32), found)
    assert found.tolist() == [sum(start <= value for start in starts) - 1 for value in values]


@timeless
@given(st.integers(1, 10**6).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
@example((1, 128))
@example((3, 128))
@example((5, 640))
@example((2_000_003, 4_000_000))
def test_millionths_are_what_round_gives(pair: tuple[int, int]) -> None:
    value = pair[0] / pair[1]
    (found,) = millionths(np.array([value])).tolist()
    assert found / 10**6 == round(value, 6)


def test_millionths_of_ties_and_of_their_neighbours() -> None:
    exact = np.arange(1, 256) / 256
    values = np.concatenate([exact, np.nextafter(exact, 0), np.nextafter(exact, 1), (np.arange(2000) + 0.5) / 10**6])
    assert (millionths(values) / 10**6).tolist() == [round(value, 6) for value in values.tolist()]
    assert millionths(np.array([np.nan, 0.0, 1.0])).tolist() == [-1, 0, 10**6]


def test_every_blank_character_is_looked_at() -> None:
    points = np.full(32, ord("字"), dtype=np.uint32)
    assert not painting._may_be_blank(points)
    for point in np.flatnonzero(is_blank()).tolist():
        points[7] = point
        assert painting._may_be_blank(points), hex(point)
