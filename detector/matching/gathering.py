"""Passages that stand here and there in a corpus, gathered to columns of their own.

Templates and shared texts compare passages from all over a corpus. Where its columns are mapped files, each passage
would touch pages of five of them, again and again while it is compared; so those of a block of work are copied first,
in ascending order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.gathering import list_rows
from detector.machine.columns import gathered
from detector.machine.workspace import Workspace
from detector.text.passages import Passages
from detector.text.texts import Texts
from detector.text.tokens import Tokens

MOST_TOKENS = 1 << 22
"""Tokens (40 MB), or characters, that are gathered at most; what is larger is read where it stands."""

BYTES_FOR_TOKEN = 128
"""Of the budget, for each token that is gathered where it is large: reading where it stands brings all pages again and
again."""

SPANS = 1 << 13
"""Tokens that are looked up at a time: each may bring two large pages into memory."""

SPREAD = 128
"""Rows of a range that are marked for each row wanted of it; where they are rarer, sorting what is wanted is faster."""


class Gathering(NamedTuple):
    """Some passages: ``rows`` (int64, ascending, different) in the corpus, and their ``tokens`` after each other.

    Passage ``rows[i]`` is tokens ``bounds[i]`` to ``bounds[i + 1]`` (int64), whose offsets are those in its document.
    """

    rows: NDArray[np.int64]
    tokens: Tokens
    bounds: NDArray[np.int64]

    def places(self, rows: NDArray[Any]) -> NDArray[np.int64]:
        """Where some passages of the corpus stand among these."""
        return np.searchsorted(self.rows, rows)


def is_mapped(work: Workspace, tokens: Tokens) -> bool:
    """Whether tokens are in a file, so that passages should be gathered; in memory they are read where they stand."""
    return work.is_mapped(tokens.name)


def most_tokens(work: Workspace) -> int:
    """Tokens, or characters, that are gathered at most within a budget."""
    return max(MOST_TOKENS, (work.memory or 0) // BYTES_FOR_TOKEN)


def expanded(first: NDArray[Any], last: NDArray[Any]) -> NDArray[np.int64]:
    """All rows ``first[i]`` to ``last[i]``, ascending, each once.

    >>> expanded(np.array([5, 1]), np.array([7, 6])).tolist()
    [1, 2, 3, 4, 5, 6]
    """
    sizes = (last - first).astype(np.int64)
    low, n = int(first.min(initial=np.iinfo(first.dtype).max)), int(last.max(initial=0))
    if n - low <= SPREAD * int(sizes.sum()):
        rows: NDArray[np.int64] = list_rows(first, last, low, max(n - low, 0))
        return rows
    rows = np.arange(int(sizes.sum())) + np.repeat(first - (np.cumsum(sizes) - sizes), sizes)
    return np.unique(rows)


def gather_passages(
    tokens: Tokens, passages: Passages, rows: NDArray[np.int64], *, with_texts: bool = False
) -> Gathering:
    """Passages (``rows`` ascending, different) with their tokens; each is a document of ``tokens``.

    ``with_texts``: with their characters too, or ``tokens.texts`` is that of the corpus and no use.
    """
    first, last = passages.tokens[rows], passages.tokens[rows + 1]
    bounds = _offsets(last - first)
    start, form, name = (gathered(column, first, last) for column in (tokens.start, tokens.form, tokens.name))
    run = np.searchsorted(first, tokens.long_row, side="right") - 1
    long = np.flatnonzero((run >= 0) & (tokens.long_row < np.append(last, 0)[run]))
    long_row = bounds[run[long]] + tokens.long_row[long] - first[run[long]]
    texts = tokens.texts
    if with_texts:
        texts = gather_texts(texts, passages.document[rows], passages.start[rows], passages.end[rows])
    some = Tokens(start, form, name, tokens.words, bounds, texts, long_row, tokens.long_end[long])
    return Gathering(rows, some, bounds)


def spans_of(
    work: Workspace, tokens: Tokens, first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Where tokens ``first[r]`` begin and tokens ``last[r]`` end, some of them at a time where columns are mapped:
    nothing else runs, and gives pages back, while numpy picks values from all over a file."""
    n = len(first)
    size = SPANS if is_mapped(work, tokens) else max(n, 1)
    parts = work.map(
        lambda at: (tokens.start[first[at : at + size]], tokens.ends(last[at : at + size])), range(0, max(n, 1), size)
    )
    start, end = (np.concatenate(column) for column in zip(*parts, strict=True))
    return start, end


def gather_texts(texts: Texts, document: NDArray[Any], start: NDArray[Any], end: NDArray[Any]) -> Texts:
    """The spans ``start`` to ``end`` of documents, a text each in which they stand where they did: what is before a
    span is not there, what is after it ends the text."""
    base = texts.start[document]
    first, last = base + start, base + end
    offsets = _offsets(last - first)
    points = gathered(texts.points, first, last)
    return Texts(points, offsets[:-1] - start, offsets[1:])


def _offsets(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets
