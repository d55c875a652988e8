"""What a long job asks of the interpreter while it runs."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """The search for cycles is off inside, and as it was afterwards.

    A scan makes hundreds of thousands of hits and rows that stay, and no cycles: each search goes through all of them,
    holds up all threads, and finds nothing.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


SWITCH_SECONDS = 0.0001


@contextmanager
def with_quick_turns() -> Iterator[None]:
    """Threads that wait for the interpreter get it after `SWITCH_SECONDS` inside, and as they did before afterwards.

    Where one thread is long in Python and others call it for moments between kernels and files, each of those calls
    would wait 5 ms, several times for each block of a table.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, SWITCH_SECONDS))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
