"""Which documents are kept: thresholds on the parts of their text, one member of each family, no last copy lost.

Rules are counted over columns, a row a document, so that a million documents cost seconds; `checks` tells of a single
document what each rule says, with the margin, from the same columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.errors import SettingsError
from detector.model import DIGITS, PART_NAMES, DocumentScore
from detector.settings import FAMILY_CHOICES

COMPARED = ("min_originality", "max_shared", "max_phrase")
"""Rules that measure a document against others; all others look at its own text alone."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a document must meet; None (or no flags) asks for nothing. Equal to a threshold is kept.

    ``min_originality`` takes ``originality_1k`` where a document has one; ``min_chars`` are the non-blank characters
    that are left after cleaning; ``drop_flags`` are flags of `DocumentScore` that a document must not have.
    """

    min_originality: float | None = None
    max_junk: float | None = None
    max_unfilled: float | None = None
    max_shared: float | None = None
    max_phrase: float | None = None
    max_repeated: float | None = None
    min_chars: int | None = None
    drop_flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for item in fields(self)[:6]:
            value = getattr(self, item.name)
            if value is not None and not 0.0 <= value <= 1.0:
                raise SettingsError(f"{item.name} is {value}; it must lie between 0.0 and 1.0")
        if self.min_chars is not None and self.min_chars < 0:
            raise SettingsError(f"min_chars is {self.min_chars}; it must not be negative")

    @property
    def named(self) -> tuple[str, ...]:
        """The names of the rules that ask for something."""
        return tuple(item.name for item in fields(self) if getattr(self, item.name) not in (None, ()))

    def reasons(self, document: DocumentScore) -> tuple[Reason, ...]:
        """What speaks against a document; the originality of one without text is never too low."""
        return tuple(
            Reason(check.rule, check.value, check.threshold)
            for check in checks(document, self)
            if not check.passed and check.value is not None
        )


class Reason(NamedTuple):
    """Why a document was dropped: a rule's name, the document's value, the threshold.

    For ``family`` the value is the id of the member that is kept, for ``drop_flag`` the flag, for ``empty_after_strip``
    the characters that would go.
    """

    rule: str
    value: float | int | str
    threshold: float | int | None


class Check(NamedTuple):
    """What one rule says of a document: ``margin`` is how far its value is on the good side, negative if it fails;
    None where the rule has no threshold (a flag) or the document no such value (the originality of an empty one)."""

    rule: str
    value: float | int | str | None
    threshold: float | int | None
    margin: float | int | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a document is kept, and if not, why; ``spared`` is what spoke against one that is kept all the same."""

    id: str
    kept: bool
    reasons: tuple[Reason, ...] = ()
    spared: tuple[Reason, ...] = ()


class ScoreTable(NamedTuple):
    """The scores of all documents as columns, in document order.

    ``ids``; ``parts``: int64, n x 6, non-blank characters by place in `PART_NAMES`; ``originality``,
    ``originality_1k``: float64, NaN where there is none; ``head``: int64, the row of the head of the document's family
    (its own: no copy); ``flags``: uint64, a bit for each place in ``flag_names``.
    """

    ids: Sequence[str]
    parts: NDArray[np.int64]
    originality: NDArray[np.float64]
    originality_1k: NDArray[np.float64]
    head: NDArray[np.int64]
    flags: NDArray[np.uint64]
    flag_names: tuple[str, ...]

    @property
    def n_chars(self) -> NDArray[np.int64]:
        """Non-blank characters of each document (int64)."""
        return np.asarray(self.parts.sum(axis=1))

    @property
    def measured(self) -> NDArray[np.float64]:
        """The originality that thresholds are compared with (float64, NaN for a document without text)."""
        return np.where(np.isnan(self.originality_1k), self.originality, self.originality_1k)


class Rule(NamedTuple):
    """A rule over all documents: ``values`` (float64, NaN: none) against ``threshold``; ``fails`` (bool); ``label`` is
    the flag that a rule on flags is about."""

    name: str
    values: NDArray[np.float64]
    threshold: float | int | None
    fails: NDArray[np.bool_]
    label: str | None = None

    def reason(self, row: int) -> Reason:
        """Why the document of that row fails."""
        if self.label is not None:
            return Reason(self.name, self.label, None)
        value = float(self.values[row])
        return Reason(self.name, int(value) if self.name == "min_chars" else round(value, DIGITS), self.threshold)


def score_table(documents: Iterable[DocumentScore]) -> ScoreTable:
    """The columns of some scores, in document order; a family whose head is not among them is headed by its first."""
    rows = list(documents)
    number = {document.id: row for row, document in enumerate(rows)}
    names = sorted({name for document in rows for name in document.flags})
    heads: dict[str, int] = {}
    head = []
    for row, document in enumerate(rows):
        of = family_of(document)
        head.append(number[of] if of in number else heads.setdefault(of, row))
    none = float("nan")
    return ScoreTable(
        ids=[document.id for document in rows],
        parts=np.array([[getattr(row.parts, name) for name in PART_NAMES] for row in rows], np.int64).reshape(-1, 6),
        originality=np.array([none if row.originality is None else row.originality for row in rows], np.float64),
        originality_1k=np.array(
            [none if row.originality_1k is None else row.originality_1k for row in rows], np.float64
        ),
        head=np.array(head, np.int64),
        flags=np.array([sum(1 << names.index(name) for name in row.flags) for row in rows], np.uint64),
        flag_names=tuple(names),
    )


def rules_of(table: ScoreTable, thresholds: Thresholds, n_chars: NDArray[np.int64] | None = None) -> list[Rule]:
    """What each rule that asks for something says of every document, in the order of the fields of `Thresholds`.

    ``n_chars`` (int64) are the characters that are left of each after cleaning; without it, all of them.
    """
    total = table.n_chars
    found = []
    if thresholds.min_originality is not None:
        values = table.measured
        with np.errstate(invalid="ignore"):
            found.append(
                Rule("min_originality", values, thresholds.min_originality, values < thresholds.min_originality)
            )
    for place, part in enumerate(PART_NAMES[:-1]):
        limit = getattr(thresholds, f"max_{part}")
        if limit is not None:
            share = table.parts[:, place] / np.maximum(total, 1)
            found.append(Rule(f"max_{part}", share, limit, share > limit))
    if thresholds.min_chars is not None:
        left = total if n_chars is None else n_chars
        found.append(Rule("min_chars", left.astype(np.float64), thresholds.min_chars, left < thresholds.min_chars))
    for name in thresholds.drop_flags:
        bit = np.uint64(1 << table.flag_names.index(name)) if name in table.flag_names else np.uint64(0)
        has = (table.flags & bit) != 0
        found.append(Rule("drop_flag", has.astype(np.float64), None, has, name))
    return found


def checks(document: DocumentScore, thresholds: Thresholds, n_chars_left: int | None = None) -> tuple[Check, ...]:
    """What every rule that asks for something says of one document, with the margin.

    This is what ``detector why`` shows: of a rule that is not passed the margin is negative, and the document would be
    dropped by it unless it is spared (see `decide`). ``n_chars_left`` is what cleaning leaves of it, if that is known
    (``n_chars_left`` of its row in ``decisions.jsonl``). A family is no threshold: whether a copy is kept depends on
    the others, and `detector.filtering.folder.decision_of` tells what the filter did. The thresholds that a filter was
    run with are ``Thresholds(**summary["thresholds"])`` of the summary in its folder.
    """
    table = score_table([document])
    left = None if n_chars_left is None else np.array([n_chars_left], np.int64)
    return tuple(_check(rule) for rule in rules_of(table, thresholds, left))


def _check(rule: Rule) -> Check:
    """What a rule over one document says."""
    passed = not bool(rule.fails[0])
    if rule.label is not None:
        return Check(rule.name, rule.label, None, None, passed)
    if np.isnan(rule.values[0]) or rule.threshold is None:
        return Check(rule.name, None, rule.threshold, None, passed)
    value = rule.reason(0).value
    assert not isinstance(value, str)
    margin = value - rule.threshold if rule.name.startswith("min") else rule.threshold - value
    return Check(rule.name, value, rule.threshold, round(margin, DIGITS), passed)


def decide(
    documents: Sequence[DocumentScore],
    thresholds: Thresholds,
    *,
    families: str | None = None,
    known: Mapping[str, Reason] | None = None,
) -> tuple[Decision, ...]:
    """A decision for each document, in their order, from the scores alone.

    Of a family one member is kept, the best, first or longest of those that nothing speaks against, so no family
    vanishes as long as one of its members would be kept by itself; ``families`` None is what `family_choice` says.
    ``known`` are further reasons by document that come from elsewhere. What `detector.filtering.run` adds to this: what
    cleaning leaves of a text, and that no cluster loses its last member.
    """
    families = family_choice(families, thresholds)
    table, known = score_table(documents), known or {}
    rules = rules_of(table, thresholds)
    more = np.array([document.id in known for document in documents], bool)
    chosen = choose(table, ~(failing(rules, len(documents)) | more), families)
    decisions = []
    for row, document in enumerate(documents):
        reasons = [rule.reason(row) for rule in rules if rule.fails[row]]
        if more[row]:
            reasons.append(known[document.id])
        keeper = int(chosen[table.head[row]])
        if families != "keep-all" and keeper not in (-1, row):
            reasons.append(Reason("family", table.ids[keeper], None))
        decisions.append(Decision(document.id, not reasons, tuple(reasons)))
    return tuple(decisions)


def family_choice(families: str | None, thresholds: Thresholds) -> str:
    """The choice within families: as it is given, else ``keep-best`` if documents are compared by originality or by
    what they share (near-copies of a document that is kept are nothing original), else ``keep-all``."""
    if families is None:
        compared = thresholds.min_originality is not None or thresholds.max_shared is not None
        return "keep-best" if compared else "keep-all"
    if families not in FAMILY_CHOICES:
        raise SettingsError(f"families is {families!r}; choose one of {', '.join(FAMILY_CHOICES)}")
    return families


def failing(rules: Sequence[Rule], n: int, *, names: Sequence[str] | None = None) -> NDArray[np.bool_]:
    """Which of ``n`` documents fail any of the rules (bool); only those of ``names``, where they are given."""
    fails = np.zeros(n, np.bool_)
    for rule in rules:
        if names is None or rule.name in names:
            fails |= rule.fails
    return fails


def choose(
    table: ScoreTable, passing: NDArray[np.bool_], families: str, dates: NDArray[Any] | None = None
) -> NDArray[np.int64]:
    """The member of each family that is kept, by the row of its head (int64; -1: none passes, or not a head).

    Best is the one with the fewest unfilled characters, then the least junk, the longest, the earliest of ``dates``
    (integers; the largest: none), then the lowest id; ``keep-longest`` begins with the longest; ``keep-first`` takes
    the head, else the lowest id.
    """
    rows = np.flatnonzero(passing)
    order = _ranked(table, rows, families, dates)
    chosen = np.full(len(table.ids), -1, np.int64)
    chosen[table.head[order[::-1]]] = order[::-1]  # the last one written to a place is the first in rank
    return chosen


def _ranked(table: ScoreTable, rows: NDArray[np.int64], families: str, dates: NDArray[Any] | None) -> NDArray[np.int64]:
    """The rows, the one to be kept before all others of its family."""
    n_chars, parts = table.n_chars[rows], table.parts[rows]
    date = np.zeros(len(rows), np.int64) if dates is None else dates[rows]
    keys: tuple[NDArray[Any], ...] = (rows != table.head[rows],)
    if families == "keep-longest":
        keys = (date, -n_chars)
    elif families == "keep-best":
        keys = (date, -n_chars, parts[:, PART_NAMES.index("junk")], parts[:, PART_NAMES.index("unfilled")])
    return rows[np.lexsort((rows, *keys))]


def family_of(document: DocumentScore) -> str:
    """The id of the head of a document's family: its own, where it is nobody's copy."""
    return document.id if document.duplicate_of is None else document.duplicate_of
