"""What share of each source, series, language and length would go, and the guards that stop a filter in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import GuardError, printable
from detector.filtering.survey import Survey
from detector.text.languages import SCRIPTS
from detector.thresholds.decisions import ScoreTable

MIN_GUARDED_SERIES = 5
"""Documents from which on a series is guarded: of fewer, losing most is no sign of anything."""

MOST_LISTED = 200
"""Groups that a table of rates lists; the others, those with the fewest documents, are added up."""

LENGTHS = (0, 1, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
"""Lower bounds of the buckets, in non-blank characters."""

OTHERS = "(others)"


def drop_rates(table: ScoreTable, found: Survey, kept: NDArray[np.bool_]) -> dict[str, dict[str, dict[str, int]]]:
    """Documents and dropped documents by source, series, language and length; ``kept``: bool, by row of the scan."""
    row = found.row
    dropped = ~kept[row]
    names = [_source_group(source.name) for source in found.sources]
    groups = list(dict.fromkeys(names))
    of_source = np.repeat(
        np.array([groups.index(name) for name in names] if len(groups) < 2000 else _numbers(names), np.int64),
        [source.n_documents for source in found.sources],
    )
    lengths = np.searchsorted(LENGTHS, table.n_chars[row], side="right") - 1
    return {
        "source": _counted(groups, of_source, dropped),
        "series": _counted([*found.series_names, "(none)"], found.series % (len(found.series_names) + 1), dropped),
        "language": _counted(SCRIPTS, found.script[row].astype(np.int64), dropped),
        "length": _counted(_buckets(), lengths, dropped, in_order=True),
    }


def _numbers(names: Sequence[str]) -> list[int]:
    seen: dict[str, int] = {}
    return [seen.setdefault(name, len(seen)) for name in names]


def _source_group(name: str) -> str:
    """A file of records by its name, a text file (one document) by its folder."""
    path = PurePosixPath(name)
    return f"{path.parent.as_posix()}/*.txt" if ".txt" in path.suffixes else name


def _buckets() -> list[str]:
    """The names of the buckets."""
    ends = [f"{low:,} to {high - 1:,}" for low, high in pairwise(LENGTHS[1:])]
    return ["0", *ends, f"{LENGTHS[-1]:,} or more"]


def _counted(
    names: Sequence[str], group: NDArray[Any], dropped: NDArray[np.bool_], *, in_order: bool = False
) -> dict[str, dict[str, int]]:
    """How many documents of each group there are and go, the largest groups first."""
    n = np.bincount(group, minlength=len(names))
    gone = np.bincount(group, dropped, minlength=len(names)).astype(np.int64)
    order = np.arange(len(n)) if in_order else np.lexsort((np.argsort(np.argsort(np.array(names, object))), -n))
    listed = [place for place in order.tolist() if n[place]]
    rates = {names[place]: {"n": int(n[place]), "dropped": int(gone[place])} for place in listed[:MOST_LISTED]}
    if rest := listed[MOST_LISTED:]:
        rates[OTHERS] = {"n": int(n[rest].sum()), "dropped": int(gone[rest].sum())}
    return rates


def guard(
    table: ScoreTable,
    found: Survey,
    kept: NDArray[np.bool_],
    *,
    dropped_by: Mapping[str, int],
    max_drop: float,
    per_series: float,
) -> int:
    """The number of families that lose every member; raises `GuardError` where that is too many.

    Copies of what is kept are no loss, so a family counts once, here as everywhere.
    """
    head = table.head
    alive = np.zeros(len(head), np.bool_)
    alive[head[kept]] = True
    is_head = np.zeros(len(head), np.bool_)
    is_head[head] = True
    n, lost = int(is_head.sum()), int((is_head & ~alive).sum())
    if lost > max_drop * n:
        by = ", ".join(f"{count} by {rule}" for rule, count in dropped_by.items())
        raise GuardError(
            f"{lost} of {n} documents (copies counted once) would be dropped, more than the share of "
            f"{max_drop:g} that --max-drop allows (with copies: {by}); nothing was written. Loosen a threshold or "
            "raise --max-drop."
        )
    _guard_series(head[found.row], alive, found, per_series)
    return lost


def _guard_series(head: NDArray[np.int64], alive: NDArray[np.bool_], found: Survey, share: float) -> None:
    """Raises `GuardError` for the first series, by name, that loses too many of its families."""
    known = found.series >= 0
    n_documents = np.bincount(found.series[known], minlength=len(found.series_names))
    pairs = np.unique(np.stack((found.series[known].astype(np.int64), head[known])), axis=1)
    n = np.bincount(pairs[0], minlength=len(n_documents))
    lost = np.bincount(pairs[0], ~alive[pairs[1]], minlength=len(n_documents)).astype(np.int64)
    refused = np.flatnonzero((n_documents >= MIN_GUARDED_SERIES) & (lost > share * n)).tolist()
    if refused:
        name, place = min((found.series_names[place], place) for place in refused)
        raise GuardError(
            f'{lost[place]} of {n[place]} documents of the series "{printable(name)}" (copies counted once) would '
            f"be dropped, more than the share of {share:g} that --max-drop-per-series allows; nothing was "
            "written. Loosen a threshold or raise --max-drop-per-series."
        )
