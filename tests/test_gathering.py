"""What is gathered from here and there is what stands there, in memory and in mapped files."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.kernels.gathering import read_runs
from detector.machine import columns, workspace
from detector.machine.columns import gathered
from detector.machine.workspace import Workspace
from detector.matching import gathering
from detector.matching.gathering import expanded, gather_passages, gather_texts, is_mapped, spans_of
from detector.text.passages import split_tokens
from detector.text.texts import Texts
from detector.text.tokens import Marks, packed_points, tokenise_texts

kernel = settings(max_examples=60, deadline=None)
"""No deadline: the first call of a kernel may compile it."""

LONG_WORD = "b" * 300
"""A token whose end is in a list of its own."""

TEXTS = st.lists(
    st.lists(st.text("甲乙丙丁戊，。；1a \n", max_size=20) | st.just(LONG_WORD), max_size=4).map("".join),
    min_size=1,
    max_size=6,
)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every column of a budget of one byte is a file with a descriptor."""
    monkeypatch.setattr(workspace, "SMALLEST_MAPPED", 0)
    monkeypatch.setattr(columns, "CHUNK_BYTES", 0)


@kernel
@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 30)), max_size=12),
    st.sampled_from([np.uint8, np.int32, np.uint64]),
    st.sampled_from([None, 1]),
    st.integers(0, 5),
)
def test_runs_of_a_column(runs: list[tuple[int, int]], dtype: type[np.generic], memory: int | None, skip: int) -> None:
    values = np.arange(200).astype(dtype)
    with Workspace(memory=memory) as work:
        column = work.stored(values)[skip:]
        assert work.is_mapped(column) is (memory is not None)
        first = np.array([start for start, _ in runs], np.int64)
        last = first + np.array([size for _, size in runs], np.int64)
        found = gathered(column, first, last)
    assert found.dtype == values.dtype
    expected = [value for start, size in runs for value in values[skip + start : skip + start + size].tolist()]
    assert found.tolist() == expected


@kernel
@given(
    st.lists(
        st.tuples(st.integers(0, 90_000) | st.integers(0, 300), st.integers(0, 70_000) | st.integers(0, 9)), max_size=9
    ),
    st.sampled_from([np.uint8, np.uint16, np.uint32, np.uint64]),
    st.sampled_from([read_runs, read_runs.py_func]),
)
def test_runs_of_a_file(runs: list[tuple[int, int]], dtype: type[np.generic], read: Any) -> None:
    """Far from each other, close to each other and overlapping, together more and less than what is held."""
    values = np.random.default_rng(len(runs)).integers(0, 255, 160_000, np.uint8).view(dtype)
    runs = sorted((start, size) for start, size in runs if start + size <= len(values))
    first, last = np.array([(start, start + size) for start, size in runs], np.int64).reshape(-1, 2).T.copy()
    to = np.cumsum(last - first) - (last - first)
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(b"before" + values.tobytes())
        out = np.zeros(int((last - first).sum()), dtype)
        assert read(file.fileno(), 6, first, last, to, out) == len(runs)
    assert (out == np.concatenate([values[:0], *[values[start : start + size] for start, size in runs]])).all()


@pytest.mark.parametrize("read", [read_runs, read_runs.py_func])
def test_runs_that_cannot_be_read(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = np.array([0, 1, 50_000, 50_001], np.int64)
    to, out = np.arange(4), np.zeros(4, np.uint8)
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(bytes(range(1, 100)))
        assert read(file.fileno(), 0, first, first + 1, to, out) == 2 and out.tolist() == [1, 2, 0, 0]
        assert read(file.fileno(), 0, first[2:], first[2:] + 1, to, out) == 0
    assert read(-1, 0, first, first + 1, to, out) == 0
    monkeypatch.setattr(columns, "read_runs", lambda *_: 0)
    with Workspace(memory=1) as work:
        column = work.stored(np.arange(99, dtype=np.int32))
        found = gathered(column, np.array([70, 3]), np.array([71, 5])).tolist()
    assert found == [70, 3, 4], "what could not be read from the file comes from its mapping"


def test_what_is_put_is_there_for_all_who_look() -> None:
    for memory in (None, 1):
        with Workspace(memory=memory) as work:
            column = work.empty(100, np.int32)
            column[:] = 1
            work.put(column[10:], 5, np.arange(20, dtype=np.int32))
            with work.filling(column, 60, 70) as part:
                part[:] = 7
            assert column.tolist() == [1] * 15 + list(range(20)) + [1] * 25 + [7] * 10 + [1] * 30


@kernel
@given(TEXTS, st.data())
def test_passages_with_their_tokens_and_texts(contents: list[str], data: st.DataObject) -> None:
    texts = Texts.of(contents)
    none = np.empty(0, np.int32)
    marks = Marks(np.zeros(len(texts) + 1, np.int64), none, none)
    with Workspace(memory=1) as work:
        tokens = tokenise_texts(texts, marks, work)
        passages = split_tokens(tokens, work)
        n = len(passages.start)
        chosen = data.draw(st.lists(st.integers(0, n - 1), unique=True)) if n else []
        rows = np.array(sorted(chosen), np.int64)
        assert is_mapped(work, tokens) or not len(tokens.start)
        some = gather_passages(tokens, passages, rows, with_texts=True)
        assert some.places(rows[::-1]).tolist() == list(range(len(rows)))[::-1]
        expected = packed_points(tokens, passages.tokens[rows], passages.tokens[rows + 1])
        found = packed_points(some.tokens, some.bounds[:-1], some.bounds[1:])
        assert [column.tolist() for column in found] == [column.tolist() for column in expected]
        for here, row in enumerate(rows.tolist()):
            mine = slice(some.bounds[here], some.bounds[here + 1])
            whole = slice(passages.tokens[row], passages.tokens[row + 1])
            for name in ("start", "form", "name", "end", "hashes"):
                assert getattr(some.tokens, name)[mine].tolist() == getattr(tokens, name)[whole].tolist()
        spans = gather_texts(texts, passages.document[rows], passages.start[rows], passages.end[rows])
        for here, row in enumerate(rows.tolist()):
            base, start, end = spans.start[here], passages.start[row], passages.end[row]
            part = spans.points[base + start : base + end].tolist()
            assert part == [ord(char) for char in contents[passages.document[row]][start:end]]
            assert spans.stop[here] == base + end


def test_rows_of_ranges_come_once() -> None:
    assert expanded(np.array([4, 0, 5]), np.array([6, 0, 9])).tolist() == [4, 5, 6, 7, 8]
    assert expanded(np.empty(0, np.int32), np.empty(0, np.int32)).tolist() == []


@kernel
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 40)), max_size=8))
def test_rows_of_ranges_are_each_there_once(ranges: list[tuple[int, int]]) -> None:
    """Few of many, which are sorted, and many of few, which are marked."""
    first = np.array([start for start, _ in ranges], np.int32)
    last = (first + np.array([size for _, size in ranges], np.int32)).astype(np.int32)
    found = expanded(first, last)
    assert found.dtype == np.int64
    assert found.tolist() == sorted({row for start, size in ranges for row in range(start, start + size)})


def test_spans_of_tokens_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "SPANS", 3)
    texts = Texts.of(["一二三abc四" + "x" * 100, "五 六七1,234"] * 3)
    none = np.empty(0, np.int32)
    with Workspace(memory=1, workers=2) as work:
        tokens = tokenise_texts(texts, Marks(np.zeros(7, np.int64), none, none), work)
        for first in (np.arange(len(tokens.start))[::-1], np.empty(0, np.int64)):
            start, end = spans_of(work, tokens, first, first)
            assert start.tolist() == tokens.start[first].tolist()
            assert end.tolist() == tokens.end[first].tolist()
            assert (start.dtype, end.dtype) == (np.int32, np.int32)
