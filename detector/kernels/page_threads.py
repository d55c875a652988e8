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
def _join(over, stamps, form, prose, limits, joined, out):
    """Make junk of the lines between the stamps of one form, of each thread of one kind (a row of ``limits``)."""
    _, least_odds, most_apart, n_least, share, n_before = limits
    begin = first = last = -1
    n_stamps = 0
    for row in range(len(over) + 1):
        if row < len(over) and not (stamps[row] == form and over[row] > least_odds):
            continue
        if n_stamps > 0 and row < len(over) and row - last <= most_apart:
            n_stamps += 1
        else:
            if n_stamps >= n_least and (share <= 0 or _is_thread(over, prose, first, last, share)):
                for inner in range(begin, last + 1):
                    out[inner] = max(out[inner], joined)
            first, n_stamps = row, 1
        if n_stamps <= n_before + 1:
            begin = row
        last = row


@njit(cache=True, nogil=True, error_model="numpy")
def join_threads(over, stamps, prose, indptr, limits, joined):
    """Raise the odds over the limit (``over``, float64) of lines inside threads to ``joined`` where they are lower.

    The lines of page n are rows ``indptr[n]`` to ``indptr[n + 1]``; ``stamps`` (uint8) is the form of a line that says
    when (0: it does not), ``prose`` (bool) whether it holds the end of a sentence. Stamps of a thread have one form.
    ``limits`` (float64) has a row for each kind of thread: the first of the forms that its stamps may have, from 1 on,
    what their odds exceed, lines from one to the next at most, how many there are at least, the share of the prose
    between the first and the last that is junk by its odds, and how many stamps stand before what is raised.
    """
    for page in range(len(indptr) - 1):
        low, high = indptr[page], indptr[page + 1]
        was, n_forms = over[low:high].copy(), 0
        for row in range(low, high):
            n_forms = max(n_forms, stamps[row] + 1)
        for kind in range(len(limits)):
            for form in range(limits[kind, 0], n_forms):
                _join(was, stamps[low:high], form, prose[low:high], limits[kind], joined, over[low:high])
