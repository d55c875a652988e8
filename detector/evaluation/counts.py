"""Counts of right findings, false alarms and misses, and the ratios that are derived from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import NamedTuple


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of the values that are defined; None where none is."""
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None


@dataclass(frozen=True, slots=True)
class Counts:
    """Right findings, false alarms and misses; sums of counts are counts.

    >>> Counts(3, 1, 0) + Counts(0, 0, 3)
    Counts(n_found=3, n_wrong=1, n_missed=3)
    >>> Counts(3, 1, 3).precision, Counts(3, 1, 3).recall, Counts(3, 1, 3).f1
    (0.75, 0.5, 0.6)
    >>> Counts().f1 is None
    True
    """

    n_found: int = 0
    n_wrong: int = 0
    n_missed: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))

    @property
    def precision(self) -> float | None:
        """Right findings among all findings; None where nothing was found."""
        return share(self.n_found, self.n_found + self.n_wrong)

    @property
    def recall(self) -> float | None:
        """Found labels among all labels; None where nothing is labelled."""
        return share(self.n_found, self.n_found + self.n_missed)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where there is neither finding nor label."""
        return share(2 * self.n_found, 2 * self.n_found + self.n_wrong + self.n_missed)

    def as_row(self) -> dict[str, float | int | None]:
        """Counts and ratios as plain values."""
        counts: dict[str, float | int | None] = {item.name: getattr(self, item.name) for item in fields(self)}
        return counts | {"precision": self.precision, "recall": self.recall, "f1": self.f1}


class Macro(NamedTuple):
    """Means over the documents in which a ratio is defined; None where it is defined in none."""

    precision: float | None
    recall: float | None
    f1: float | None
