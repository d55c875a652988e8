"""A compiled pass over pages: threads, in which lines that say who wrote when come again and again.

`detector.rules.page_threads` says what it is for; ``tests/test_page_threads.py`` has the obvious version.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from detector.kernels.compiled import njit


@njit(cache=True, nogil=True, error_model="numpy")
def _is_thread(over, prose, first, last, share):
    """Whether so much of the prose of rows ``first`` to before ``last`` is junk; there must be some."""
    n_prose = n_junk = 0
    for row in range(first, last):
        if prose[row]:
            n_prose += 1
            n_junk += over[row] > 0
    return n_prose > 0 and n_junk >= share * n_prose


@njit(cache=True, nogil=True, error_model="numpy")
def _join(over, stamps, prose, limits, joined, out):
    """Make junk of the lines from the first to the last stamp of each thread of one kind (a row of ``limits``)."""
    least, least_odds, most_apart, n_least, share = limits
    first = last = -1
    n_stamps = 0
    for row in range(len(over) + 1):
        if row < len(over) and not (stamps[row] >= least and over[row] > least_odds):
            continue
        if n_stamps > 0 and row < len(over) and row - last <= most_apart:
            n_stamps += 1
        else:
            if n_stamps >= n_least and (share <= 0 or _is_thread(over, prose, first, last, share)):
                for inner in range(first, last + 1):
                    out[inner] = max(out[inner], joined)
            first, n_stamps = row, 1
        last = row


@njit(cache=True, nogil=True, error_model="numpy")
def join_threads(over, stamps, prose, indptr, limits, joined):
    """Raise the odds over the limit (``over``, float64) of lines inside threads to ``joined`` where they are lower.

    The lines of page n are rows ``indptr[n]`` to ``indptr[n + 1]``; ``stamps`` (uint8) says how surely a line is one
    (0: it is none), ``prose`` (bool) whether it holds the end of a sentence. ``limits`` (float64) has a row for each
    kind of thread: how sure its stamps are at least, what their odds exceed, lines from one to the next at most, how
    many there are at least, and the share of the prose between the first and the last that is junk by its odds.
    """
    for page in range(len(indptr) - 1):
        low, high = indptr[page], indptr[page + 1]
        was = over[low:high].copy()
        for kind in range(len(limits)):
            _join(was, stamps[low:high], prose[low:high], limits[kind], joined, over[low:high])
