"""What the thresholds of a filter say of documents that were scanned: values, margins, and what each would drop.

Nothing here knows the thresholds by name. The strictest `Thresholds` there are speak against every document, and their
reasons name the value that each threshold looks at, so that what is told here is what a filter does.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, NamedTuple, get_args, get_type_hints

from detector.errors import SettingsError
from detector.model import DocumentScore
from detector.thresholds.decisions import Thresholds, family_of

RATIO_STEPS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LEVELS = (1, 2, 5)
"""Steps of a threshold that counts: these times the powers of ten."""
HUGE = 10**15
"""Characters that no document has."""
N_BINS = 20
MAX_DIGITS = 6
"""Digits of a ratio that is named to keep a document."""


class Near(NamedTuple):
    """A document beside a threshold, and its value."""

    id: str
    value: float


@dataclass(frozen=True, slots=True)
class Step:
    """What one value of a threshold would drop: documents and their non-blank characters.

    ``dropped`` are the nearest of them to the threshold, ``kept`` the nearest that it keeps; the nearest first.
    """

    threshold: float
    n_documents: int
    n_chars: int
    dropped: tuple[Near, ...]
    kept: tuple[Near, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """A threshold at several values.

    ``n_measured`` documents have a value; ``quartiles`` are its least, lower quartile, median, upper quartile and
    greatest. ``bins`` counts documents by value in equal bins from 0 to 1; it is empty for a threshold that counts.
    """

    name: str
    n_measured: int
    quartiles: tuple[float, ...]
    bins: tuple[int, ...]
    steps: tuple[Step, ...]

    @property
    def option(self) -> str:
        """The threshold as the command line names it."""
        return option(self.name)


@dataclass(frozen=True, slots=True)
class Tuning:
    """All thresholds over the documents of a scan; ``n_copies`` are near-copies, which a filter drops as such."""

    n_documents: int
    n_chars: int
    n_copies: int
    ladders: tuple[Ladder, ...]

    def as_row(self) -> dict[str, Any]:
        """Plain values in the order of the fields."""
        return {
            "n_documents": self.n_documents,
            "n_chars": self.n_chars,
            "n_copies": self.n_copies,
            "thresholds": [_ladder_row(ladder, self) for ladder in self.ladders],
        }


def _ladder_row(ladder: Ladder, whole: Tuning) -> dict[str, Any]:
    return {
        "name": ladder.name,
        "option": ladder.option,
        "n_measured": ladder.n_measured,
        "quartiles": list(ladder.quartiles),
        "bins": list(ladder.bins),
        "steps": [
            {
                "threshold": step.threshold,
                "n_documents": step.n_documents,
                "share_documents": round(step.n_documents / whole.n_documents, 6),
                "n_chars": step.n_chars,
                "share_chars": round(step.n_chars / whole.n_chars, 6) if whole.n_chars else 0.0,
                "dropped": [near._asdict() for near in step.dropped],
                "kept": [near._asdict() for near in step.kept],
            }
            for step in ladder.steps
        ],
    }


def option(name: str) -> str:
    """A threshold as the command line names it.

    >>> option("max_unfilled")
    '--max-unfilled'
    """
    return f"--{name.replace('_', '-')}"


@cache
def threshold_names() -> tuple[str, ...]:
    """The thresholds that are one number each, in their order."""
    return tuple(name for name, kind in _kinds().items() if kind in (int, float))


@cache
def _kinds() -> Mapping[str, type]:
    """What each field of `Thresholds` holds where it is not None; other than numbers as ``object``."""
    hints = get_type_hints(Thresholds)
    found: dict[str, type] = {}
    for item in fields(Thresholds):
        hint = hints[item.name]
        kinds = [kind for kind in (get_args(hint) or (hint,)) if kind is not type(None)]
        found[item.name] = kinds[0] if len(kinds) == 1 and kinds[0] in (int, float) else object
    return found


def counts(name: str) -> bool:
    """Whether a threshold counts characters or the like, and is no ratio."""
    return _kinds()[name] is int


def is_least(name: str) -> bool:
    """Whether a threshold asks for at least as much."""
    return name.startswith("min_")


@cache
def _strictest() -> Thresholds:
    """Thresholds that speak against every document that they can speak against."""
    extremes: dict[str, Any] = {
        name: (HUGE if counts(name) else 1.0) if is_least(name) else (0 if counts(name) else 0.0)
        for name in threshold_names()
    }
    return Thresholds(**extremes)


def values(document: DocumentScore) -> dict[str, float | None]:
    """The value that each threshold looks at; None where it never speaks, as of a document without text."""
    told = {reason.rule: reason.value for reason in _strictest().reasons(document)}
    found: dict[str, float | None] = {}
    for name in threshold_names():
        value = told.get(name)
        if isinstance(value, int | float):
            found[name] = value
        elif is_least(name):  # what is as good as can be is not spoken against
            found[name] = 1.0 if document.n_chars and not counts(name) else None
        else:
            found[name] = 0 if counts(name) else 0.0
    return found


def margin(name: str, value: float, threshold: float) -> float:
    """How far a value is on the kept side of a threshold; below 0 it is dropped.

    >>> margin("min_originality", 0.44, 0.5) < 0 < margin("max_junk", 0.1, 0.2)
    True
    """
    return round(value - threshold if is_least(name) else threshold - value, MAX_DIGITS)


def keeping(name: str, document: DocumentScore) -> float | None:
    """The strictest value of a threshold, of as few digits as say it, that keeps a document; None where all do."""
    value = values(document)[name]
    if value is None:
        return None
    if counts(name):
        return value
    for digits in range(2, MAX_DIGITS + 1):
        scale = 10**digits
        near = math.floor(value * scale) / scale if is_least(name) else math.ceil(value * scale) / scale
        near = float(min(1.0, max(0.0, near)))
        limit: dict[str, Any] = {name: near}
        if not Thresholds(**limit).reasons(document):
            return near
    return 0.0 if is_least(name) else 1.0


def tuning(
    documents: Sequence[DocumentScore], at: Mapping[str, Sequence[float]] | None = None, *, n_near: int = 3
) -> Tuning:
    """Every threshold over some documents, or those named in ``at`` at the values given there.

    Raises `SettingsError` for a threshold that there is not.
    """
    names = threshold_names() if at is None else tuple(at)
    unknown = [name for name in names if name not in threshold_names()]
    if unknown:
        raise SettingsError(f"no threshold is called {unknown[0]!r}; there are {', '.join(threshold_names())}")
    measured = [values(document) for document in documents]
    ladders = []
    for name in names:
        rows = sorted(
            (value, document.id, document.n_chars)
            for document, found in zip(documents, measured, strict=True)
            if (value := found[name]) is not None
        )
        steps = None if at is None else at[name]
        ladders.append(_ladder(name, rows, steps, n_near))
    n_copies = sum(family_of(document) != document.id for document in documents)
    return Tuning(len(documents), sum(document.n_chars for document in documents), n_copies, tuple(ladders))


Measured = Sequence[tuple[float, str, int]]
"""Value, id and characters of documents, by value and id."""


def _ladder(name: str, rows: Measured, steps: Sequence[float] | None, n_near: int) -> Ladder:
    """One threshold: at the steps given, else at those that drop some of the documents."""
    if not rows:
        return Ladder(name, 0, (), (), ())
    found = [row[0] for row in rows]
    before = [0]
    for row in rows:
        before.append(before[-1] + row[2])
    chosen = list(_steps(name, found)) if steps is None else sorted(steps)
    bins = [0] * (0 if counts(name) else N_BINS)
    for value in found if bins else ():
        bins[min(int(value * N_BINS), N_BINS - 1)] += 1
    quartiles = tuple(found[round(part * (len(found) - 1) / 4)] for part in range(5))
    made = tuple(_step(name, rows, found, before, step, n_near=n_near) for step in chosen)
    return Ladder(name, len(rows), quartiles, tuple(bins), made)


def _steps(name: str, found: Sequence[float]) -> Iterator[float]:
    """The values of a ladder at which a threshold drops some documents, but not all; at least one where any can."""
    ladder = _count_steps(found[-1]) if counts(name) else iter(RATIO_STEPS)
    for step in ladder:
        n = _cut(name, found, step)
        if (n if is_least(name) else len(found) - n) and (is_least(name) or step < found[-1]):
            yield step


def _count_steps(greatest: float) -> Iterator[int]:
    """1, 2, 5, 10, 20 and so on, up to what all are below."""
    power = 1
    while power <= greatest:
        for level in LEVELS:
            if level * power <= greatest:
                yield level * power
        power *= 10


def _cut(name: str, found: Sequence[float], threshold: float) -> int:
    """Where sorted values divide: those before are below a least value, or not above a greatest one."""
    return bisect_left(found, threshold) if is_least(name) else bisect_right(found, threshold)


def _step(
    name: str, rows: Measured, found: Sequence[float], before: Sequence[int], threshold: float, *, n_near: int
) -> Step:
    """One value of a threshold; ``before`` sums the characters of the rows before each."""
    cut = _cut(name, found, threshold)
    low = tuple(Near(row[1], row[0]) for row in reversed(rows[max(0, cut - n_near) : cut]))
    high = tuple(Near(row[1], row[0]) for row in rows[cut : cut + n_near])
    if is_least(name):
        return Step(threshold, cut, before[cut], low, high)
    return Step(threshold, len(rows) - cut, before[-1] - before[cut], high, low)
