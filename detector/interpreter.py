"""What a long job asks of the interpreter while it runs."""

from __future__ import annotations

import gc
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
