"""What the system tells of memory and processors, and what it is told of memory and files."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

STATUS, STATUS_BYTES = Path("/proc/self/statm"), 256
"""Where Linux tells how many pages of this process are in memory, in one line that is shorter than this."""

LARGE_BLOCK, LARGE_SHARE = 1 << 22, 1 / 32
"""Bytes, or that share of a small budget where it is more, from which on a temporary goes back to the system when it
dies: where glibc is, it would keep those of up to 32 MB as soon as one has died, and hundreds of megabytes with them.
What is given back must be made and cleared again: with 4 MB whatever the budget that was a seventh of a scan's time."""

KEPT_BLOCK = 1 << 28
"""Bytes up to which, where there is plenty of memory, a temporary stays with the process when it dies: what the system
gives instead must be cleared first, and on a virtual machine often found, which takes seconds for a gigabyte."""

MOST_KEPT = (1 << 31) - 1
"""Bytes up to which one stays where a budget holds all of a scan: the largest number that the C library is told. A
gigabyte that another temporary had is there, a new one took a virtual machine two seconds."""

KEPT_SHARE = 1 / 16
"""Of a smaller budget, for the temporaries that the threads keep for the next ones: by itself glibc would give back all
from 128 kB on once it was told of `LARGE_BLOCK`, and every page would be made and cleared again."""

_LARGE_BLOCK_SETTING, _KEPT_AT_TOP_SETTING, _ARENAS_SETTING = -3, -1, -8
"""``M_MMAP_THRESHOLD``, ``M_TRIM_THRESHOLD`` and ``M_ARENA_MAX`` of glibc's ``mallopt``."""


def memory_pages() -> tuple[int, int] | None:
    """Bytes of this process in memory, and how many of them are pages of files; None where the system does not tell."""
    try:
        return pages(STATUS.read_bytes())
    except (AttributeError, OSError, ValueError):
        return None


def pages(status: bytes) -> tuple[int, int]:
    """What `STATUS` says, in bytes."""
    _, resident, shared, *_ = status.split()
    size = os.sysconf("SC_PAGE_SIZE")
    return int(resident) * size, int(shared) * size


def give_back_large_blocks(budget: int) -> None:
    """Tell the C library about `LARGE_BLOCK` and `KEPT_SHARE`, and that all threads share what was freed; another
    library than glibc is left as it is."""
    large, kept = max(LARGE_BLOCK, round(LARGE_SHARE * budget)), round(KEPT_SHARE * budget)
    _tell_allocator((_LARGE_BLOCK_SETTING, large), (_KEPT_AT_TOP_SETTING, kept), (_ARENAS_SETTING, 1))


def share_freed_blocks() -> None:
    """Tell the C library that all threads share what was freed; to be called before there is a second thread.

    Without this glibc gives each thread an arena of its own, in which up to 64 MB that one has freed stay out of reach
    of all others.
    """
    _tell_allocator((_ARENAS_SETTING, 1))


def keep_freed_blocks(up_to: int = KEPT_BLOCK) -> None:
    """Tell the C library up to how many bytes a block stays when it dies, and that all threads share what was freed."""
    _tell_allocator((_LARGE_BLOCK_SETTING, up_to), (_KEPT_AT_TOP_SETTING, up_to), (_ARENAS_SETTING, 1))


def give_back_freed_blocks() -> None:
    """Let the C library give the system all whole pages of what was freed; another library than glibc has no such call.

    What died between blocks that live stays with the process else: two thirds of a small budget after some stages.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _tell_allocator(*settings: tuple[int, int]) -> None:
    try:
        for name, value in settings:
            ctypes.CDLL(None).mallopt(name, value)
    except (AttributeError, OSError, TypeError):
        return


def usable_processors() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_bytes() -> int | None:
    """The memory that the system could still give; None where it does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, IndexError, StopIteration):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def take_room(file: int, at: int, size: int) -> None:
    """Make a file ``size`` bytes longer than the ``at`` it has, with room on the disk where the system promises it."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, at, size)
    else:
        os.truncate(file, at + size)
