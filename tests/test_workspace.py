"""Columns in memory or in mapped files, and threads: the same values either way."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.machine import workspace
from detector.machine.ranges import document_ranges
from detector.machine.system import available_bytes, memory_pages
from detector.machine.workspace import SMALLEST_MAPPED, Workspace


def test_columns_beyond_the_budget_are_files_that_go_away(tmp_path: Path) -> None:
    with Workspace(memory=4 << 20, tmp=tmp_path) as work:
        kept = work.empty(1 << 17, np.uint64, near=True)  # 1 MiB of the 1.6 MiB for columns
        mapped = work.empty((1 << 18, 2), np.uint32)
        assert work.spilled == mapped.nbytes
        mapped[:] = np.arange(1 << 18, dtype=np.uint32)[:, None]
        kept[:] = 7
        work.release()
        assert (mapped[:, 1] == np.arange(1 << 18)).all()
    assert not list(tmp_path.iterdir())
    assert int(mapped[5, 0]) == 5, "a column that is still held keeps its values"


def test_memory_of_a_column_that_is_gone_is_free_again() -> None:
    with Workspace(memory=4 << 20) as work:
        first = work.empty(1 << 20, np.uint8, near=True)
        del first
        work.empty(1 << 20, np.uint8, near=True)
        assert not work.spilled


def test_no_budget_means_no_files() -> None:
    with Workspace() as work:
        work.empty(1 << 22, np.uint8)
        assert not work.spilled


def test_workers_give_results_in_order() -> None:
    with Workspace(workers=3) as work:
        assert work.map(lambda number: number * number, range(50)) == [number * number for number in range(50)]
        assert work.map(str, []) == []


def test_what_runs_beside_gives_its_result_or_its_error_and_tells_nothing() -> None:
    told: list[tuple[int, int]] = []
    with Workspace(workers=2) as work:
        work.told = lambda done, total: told.append((done, total))
        waiting = work.beside(lambda: work.map(str, range(5)))
        assert work.map(abs, [-1, -2]) == [1, 2]
        assert waiting() == ["0", "1", "2", "3", "4"]
        assert told == [(1, 2), (2, 2)]
        with pytest.raises(ZeroDivisionError):
            work.beside(lambda: 1 // 0)()


def test_nothing_runs_beside_where_there_is_one_worker_or_memory_is_short() -> None:
    threads: list[str] = []
    with Workspace(workers=1) as work:
        work.beside(lambda: threads.append(threading.current_thread().name))()
    with Workspace(workers=2, memory=1 << 20) as work:
        mapped = work.empty(1 << 20, np.uint8)
        work.beside(lambda: threads.append(threading.current_thread().name))()
    assert threads == [threading.current_thread().name] * 2 and len(mapped)


def test_closing_waits_for_what_runs_beside() -> None:
    done: list[int] = []
    with Workspace(workers=2) as work:
        assert not work.is_beside()
        work.beside(lambda: [time.sleep(0.05), done.append(1)])
        assert work.is_beside()
    assert done == [1]
    assert not work.is_beside()


@given(st.lists(st.integers(0, 20), max_size=40), st.integers(1, 30))
def test_ranges_hold_every_document_once(sizes: list[int], block: int) -> None:
    ranges = document_ranges(np.array(sizes, dtype=np.int64), block)
    assert [row for begin, end in ranges for row in range(begin, end)] == list(range(len(sizes)))
    assert all(end - begin == 1 or sum(sizes[begin:end]) <= block for begin, end in ranges)


def test_the_system_tells_its_memory() -> None:
    pages, available = memory_pages(), available_bytes()
    assert pages is None or pages[0] > 1 << 20
    assert available is None or available > 1 << 20


def test_freed_memory_is_given_back_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is too little, and not each time: two threads that look at once may both do it."""
    given: list[int] = []
    monkeypatch.setattr(workspace, "give_back_freed_blocks", lambda: given.append(1))
    monkeypatch.setattr(workspace, "FREED_SECONDS", 1000.0)
    with Workspace(memory=1) as work:
        column = work.empty(SMALLEST_MAPPED, np.uint8)
        if memory_pages() is None:
            pytest.skip("the system does not tell how much memory is used")
        for _ in range(10):
            column[:] = 1
            work.relieve()
        assert 1 <= len(given) <= 2
        assert work.is_mapped(column)
