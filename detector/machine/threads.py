"""Threads that share the cores: items of what a caller maps, and one job beside it.

The job beside is begun because what follows waits for it, and much of it no other thread can help with. So it goes
first: while it runs one core is its own, and items that it maps come before those of the caller.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 3
"""Items per thread that are worked on before the first result is taken."""


class Threads:
    """At most ``n`` threads at work at a time, but for what the caller itself does between results."""

    def __init__(self, n: int) -> None:
        self.n = n
        self._pools: dict[bool, ThreadPoolExecutor] = {}
        self._job: threading.Thread | None = None
        self._changed = threading.Condition()
        self._running = 0  # threads at work: on items, or on the job
        self._first = 0  # items of the job that have not begun

    @property
    def is_beside(self) -> bool:
        """Whether the job beside still goes on."""
        return self._job is not None and self._job.is_alive()

    def in_job(self) -> bool:
        """Whether the thread that asks is the one of the job beside."""
        return threading.current_thread() is self._job

    def ahead(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """``function`` of each item, in order; as many are begun as threads can do before the first result is taken."""
        first = self.in_job()
        pool = self._pool(first)
        begun: deque[Future[Result]] = deque()
        try:
            for item in items:
                with self._changed:
                    self._first += first
                begun.append(pool.submit(self._item, function, item, first))
                if len(begun) > AHEAD * self.n:
                    yield self._awaited(begun.popleft(), first)
            while begun:
                yield self._awaited(begun.popleft(), first)
        finally:
            cancelled = sum(future.cancel() for future in begun)
            with self._changed:
                self._first -= cancelled * first
                self._changed.notify_all()

    def beside(self, function: Callable[[], Result]) -> Callable[[], Result]:
        """Begin the job, one at a time; what is returned waits for its result."""
        future: Future[Result] = Future()

        def run() -> None:
            try:
                with self._at_work():
                    result = function()
            except BaseException as error:  # for the thread that waits, whatever it is
                future.set_exception(error)
            else:
                future.set_result(result)

        self._job = threading.Thread(target=run, name="detector-beside", daemon=True)
        self._job.start()
        return future.result

    def close(self) -> None:
        """Wait for what was begun."""
        for pool in self._pools.values():
            pool.shutdown()
        if self._job is not None:
            self._job.join()
        self._job = None
        self._pools.clear()

    def _pool(self, first: bool) -> ThreadPoolExecutor:
        with self._changed:
            if first not in self._pools:
                name = "detector-first" if first else "detector"
                self._pools[first] = ThreadPoolExecutor(self.n, thread_name_prefix=name)
            return self._pools[first]

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """A thread counts as one at work."""
        with self._changed:
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _item(self, function: Callable[[Item], Result], item: Item, first: bool) -> Result:
        """An item when a core is free: one of the caller when the job has none that waits for one."""
        with self._changed:
            self._changed.wait_for(lambda: self._running + (0 if first else self._first) < self.n)
            self._first -= first
            self._running += 1
        try:
            return function(item)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _awaited(self, future: Future[Result], first: bool) -> Result:
        """The result; the job is not at work while it waits for one of its items."""
        if not first or future.done():
            return future.result()
        with self._changed:
            self._running -= 1
            self._changed.notify_all()
        try:
            return future.result()
        finally:
            with self._changed:
                self._running += 1


class Job(Generic[Result]):
    """Something that is done beside what its caller does, from when it is told to begin; calling it waits for the
    result, and does it then where nobody told it so, or where ``threads`` (None) has no second one."""

    def __init__(self, threads: Threads | None, function: Callable[[], Result]) -> None:
        self._threads, self._result, self._is_begun = threads, function, False

    def begin(self) -> None:
        """Begin, unless it has begun."""
        if self._threads is not None and not self._is_begun:
            self._result = self._threads.beside(self._result)
        self._is_begun = True

    def __call__(self) -> Result:
        return self._result()
