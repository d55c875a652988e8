"""Threads that share the cores: results in order, never too many at work, the job beside first."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from detector.machine.threads import AHEAD, Threads


class AtWork:
    """Counts who is at work."""

    def __init__(self) -> None:
        self.n = self.most = 0
        self._lock = threading.Lock()

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self._lock:
            self.n += 1
            self.most = max(self.most, self.n)
        try:
            yield
        finally:
            with self._lock:
                self.n -= 1


@contextmanager
def threads(n: int) -> Iterator[Threads]:
    made = Threads(n)
    yield made
    made.close()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_more_threads_are_at_work_than_there_are_cores(n: int) -> None:
    at_work = AtWork()

    def item(number: int) -> int:
        with at_work.counted():
            time.sleep(0.002)
            return number

    with threads(n) as both:

        def job() -> list[int]:
            found = []
            for _ in range(3):
                found += both.ahead(item, range(4))
            return found

        waiting = both.beside(job)
        assert list(both.ahead(item, range(20))) == list(range(20))
        assert waiting() == [0, 1, 2, 3] * 3
    assert at_work.most <= n


def test_one_core_is_left_to_the_job_while_it_maps_nothing() -> None:
    at_work = AtWork()
    begun, done = threading.Event(), threading.Event()

    def job() -> None:
        begun.set()
        done.wait(10)

    def item(number: int) -> None:
        with at_work.counted():
            time.sleep(0.002)

    with threads(2) as both:
        waiting = both.beside(job)
        begun.wait(10)
        list(both.ahead(item, range(10)))
        assert at_work.most == 1
        done.set()
        waiting()


def test_items_of_the_job_come_before_those_of_the_caller() -> None:
    order: list[str] = []
    held, asked = threading.Event(), threading.Event()

    def item(name: str) -> None:
        held.wait(10)
        order.append(name)

    with threads(2) as both:

        def job() -> None:
            asked.wait(10)
            threading.Timer(0.05, held.set).start()
            list(both.ahead(item, ["job"] * 4))

        waiting = both.beside(job)
        mapped = both.ahead(item, ["caller"] * 20)
        threading.Timer(0.01, asked.set).start()
        next(mapped)
        list(mapped)
        waiting()
    assert order.index("job") <= 2 and order.count("job") == 4, order


def test_an_error_of_an_item_reaches_who_asked_and_holds_up_nobody() -> None:
    with threads(2) as both:

        def job() -> None:
            list(both.ahead(lambda number: 1 // number, [1, 0, 2, 3]))

        waiting = both.beside(job)
        with pytest.raises(ZeroDivisionError):
            list(both.ahead(lambda number: 1 // number, range(50)))
        with pytest.raises(ZeroDivisionError):
            waiting()
        assert list(both.ahead(str, range(9))) == list("012345678")
        assert both.beside(lambda: list(both.ahead(str, range(3))))() == ["0", "1", "2"]


def test_results_that_nobody_takes_are_not_worked_out() -> None:
    done: list[int] = []
    with threads(2) as both:
        results = both.ahead(done.append, range(1000))
        next(results)
        results.close()
    assert len(done) <= 2 * AHEAD + 3
