"""Threads of scraped pages: comments or short news, each under a line that says who wrote when.

What people write below a text reads like one, and trees that see a line and its neighbourhood take the longer comments
for it. The lines that say when each was written come again and again, and are seldom mistaken: what stands between them
is of the same kind, however it reads. Of a text itself such lines stand at most at its head.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.kernels.page_threads import join_threads

STAMP_CHARACTERS, STAMP_DATE = 80, 0.25
"""A stamp is shorter, and has a sign of a date or time, or this share of it is words of dates."""

STAMP, HAS_TIME, HAS_DATE, SAYS = 1, 1, 2, 4
"""The form of a stamp: one more for a sign of a time, two for one of a date, four where it ends like "Ann said:"."""

THREADS = np.array(
    [[STAMP, -1.5, 4, 6, 0.0, 1], [STAMP, 0.0, 10, 6, 0.3, 1], [STAMP + SAYS, -np.inf, 16, 6, 0.0, 0]], dtype=np.float64
)
"""Kinds of threads (`join_threads`): comments of few lines, whose stamps may be a little under the limit; longer ones,
where stamps are junk and three lines of prose in ten between them; and those whose stamps cannot be anything else. The
first stamp of the others may be that of the text above the comments: what stands below it is left. In 466 labelled
pages some 300 lines more are junk by them, and none of content, with odds of fits without their sites. One more line
from stamp to stamp of the first takes two lines of a text, six more of the second a text that stands between dates and
comments. The values were chosen with these pages in view; to 292 of them no limit is fitted."""

JOINED = 0.01
"""How much the odds of a line of a thread are over the limit, at least."""


def stamps_of(features: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.uint8]:
    """The form of lines that say when, and perhaps who, and little else (uint8, 0: of none), by their features."""
    wanted = ("length", "digits", "ends", "date", "date_sign", "time_sign", "said", "at_colon")
    length, digits, ends, date, date_sign, time_sign, said, colon = (features[:, names.index(name)] for name in wanted)
    is_stamp = (length < np.log1p(STAMP_CHARACTERS)) & (digits > 0) & (ends == 0)
    is_stamp &= (date >= STAMP_DATE) | (date_sign > 0) | (time_sign > 0)
    form = STAMP + HAS_TIME * (time_sign > 0) + HAS_DATE * (date_sign > 0) + SAYS * ((said > 0) & (colon > 0))
    return np.where(is_stamp, form, 0).astype(np.uint8)


def with_threads(
    over: NDArray[np.float64], features: NDArray[np.float64], indptr: NDArray[np.int64], names: Sequence[str]
) -> NDArray[np.float64]:
    """The odds over the limit of the lines of some pages (float64), raised where they stand in a thread.

    The lines of page n are rows ``indptr[n]`` to ``indptr[n + 1]``; ``names`` are those of the columns of ``features``.
    """
    out, prose = over.copy(), features[:, names.index("ends")] > 0
    join_threads(out, stamps_of(features, names), prose, indptr, THREADS, JOINED)
    return out
