"""Decides who is kept, from what is measured and what cleaning leaves, and says what did nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.errors import printable
from detector.filtering.last_copies import LastCopies
from detector.filtering.plan import FilterPlan
from detector.filtering.scan_columns import Ids, members_of
from detector.filtering.survey import Survey
from detector.model import PART_NAMES
from detector.records.reading import Reader
from detector.thresholds.decisions import COMPARED, Reason, Rule, ScoreTable, choose, failing, rules_of


class Kept(NamedTuple):
    """A decision on all documents: what speaks against each, and who is kept (bool, a row a document)."""

    rules: list[Rule]
    emptied: NDArray[np.bool_]
    n_left: NDArray[np.int64]
    passing: NDArray[np.bool_]
    keeper: NDArray[np.int64]
    spared: NDArray[np.bool_]
    kept: NDArray[np.bool_]


class Choices:
    """Decides on documents; `kept` is called before the input is read, and again when it is known what is left."""

    def __init__(self, table: ScoreTable, plan: FilterPlan, scan: Any, ids: Ids) -> None:
        self.table, self.plan = table, plan
        self.families = plan.family_choice
        compared = any(name in COMPARED for name in plan.thresholds.named)
        members = getattr(scan, "members", ()) if compared else ()
        self._last_copies = LastCopies(members_of(members, ids)) if compared else None

    def kept(
        self,
        n_left: NDArray[np.int64],
        emptied: NDArray[np.bool_],
        protected: NDArray[np.bool_],
        dates: NDArray[np.int64] | None = None,
    ) -> Kept:
        """Who is kept, if cleaning leaves ``n_left`` (int64) characters of each."""
        table, n = self.table, len(self.table.ids)
        rules = rules_of(table, self.plan.thresholds, n_left)
        alone = [rule.name for rule in rules if rule.name not in COMPARED]
        by_itself = ~(failing(rules, n, names=alone) | emptied | self._never_original())
        passing = by_itself & ~failing(rules, n, names=COMPARED)
        chosen = choose(table, self._choosable(passing, protected), self.families, dates)
        keeper = chosen[table.head]
        rows = np.arange(n)
        kept = (passing & ((keeper == rows) | (self.families == "keep-all"))) | protected
        spared = np.zeros(n, np.bool_)
        if self._last_copies is not None:
            candidates = self._candidates(by_itself & ~passing, kept, dates)
            spared = self._last_copies.spared(kept, candidates, table.parts[:, PART_NAMES.index("unfilled")] > 0)
        return Kept(rules, emptied, n_left, passing, keeper, spared, kept | spared)

    def _never_original(self) -> NDArray[np.bool_]:
        """Documents that would be below the originality asked for even if nobody had any of their text."""
        limit = self.plan.thresholds.min_originality
        if limit is None:
            return np.zeros(len(self.table.ids), np.bool_)
        own = self.table.parts[:, [PART_NAMES.index(name) for name in ("own", "shared", "phrase")]].sum(axis=1)
        total = self.table.n_chars
        return np.asarray((total > 0) & (own < limit * total))

    def _choosable(self, passing: NDArray[np.bool_], protected: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Members that may speak for their family: a protected one, where it has any."""
        if not protected.any():
            return passing
        has = np.zeros(len(passing), np.bool_)
        has[self.table.head[protected]] = True
        return np.where(has[self.table.head], protected, passing)

    def _candidates(
        self, falling: NDArray[np.bool_], kept: NDArray[np.bool_], dates: NDArray[np.int64] | None
    ) -> NDArray[np.bool_]:
        """The documents that may be spared as last holders of a text (bool, by row).

        ``falling`` are those that fall only for what they share. Where copies go, these are one of each family, and
        none of a family that keeps a member in any case.
        """
        if self.families == "keep-all":
            return falling
        alive = np.zeros(len(kept), np.bool_)
        alive[self.table.head[kept]] = True
        best = choose(self.table, falling & ~alive[self.table.head], self.families, dates)
        candidates = np.zeros(len(kept), np.bool_)
        candidates[best[best >= 0]] = True
        return candidates

    def tied(self, first: Kept) -> NDArray[np.bool_]:
        """Documents whose date decides: those that are as good as the one that is kept of their family."""
        if self.families not in ("keep-best", "keep-longest"):
            return np.zeros(len(self.table.ids), np.bool_)
        table, keeper = self.table, first.keeper
        junk, blanks = (table.parts[:, PART_NAMES.index(name)] for name in ("junk", "unfilled"))
        same = table.n_chars == table.n_chars[keeper]
        if self.families == "keep-best":
            same &= (junk == junk[keeper]) & (blanks == blanks[keeper])
        same &= first.passing & (keeper >= 0)
        n_same = np.bincount(table.head[same], minlength=len(keeper))
        return np.asarray(same & (n_same[table.head] > 1))

    def against(self, last: Kept, row: int) -> tuple[Reason, ...]:
        """What speaks against a document."""
        reasons = [rule.reason(row) for rule in last.rules if rule.fails[row]]
        if last.emptied[row]:
            reasons.append(Reason("empty_after_strip", int(self.table.n_chars[row]), None))
        keeper = int(last.keeper[row])
        if self.families != "keep-all" and keeper not in (-1, row):
            reasons.append(Reason("family", self.table.ids[keeper], None))
        return tuple(reasons)

    def _is_copy(self, last: Kept) -> NDArray[np.bool_]:
        """Documents of which another member of the family is kept instead."""
        rows = np.arange(len(self.table.ids))
        copies: NDArray[np.bool_] = (last.keeper >= 0) & (last.keeper != rows) & (self.families != "keep-all")
        return copies

    def dropped_by(self, last: Kept) -> dict[str, int]:
        """Dropped documents by the rules that speak against them."""
        gone = ~last.kept
        counts: dict[str, int] = {}
        for rule in last.rules:
            counts[rule.name] = counts.get(rule.name, 0) + int((rule.fails & gone).sum())
        counts["empty_after_strip"] = int((last.emptied & gone).sum())
        counts["family"] = int((self._is_copy(last) & gone).sum())
        return {name: n for name, n in sorted(counts.items()) if n}


def notes_on(
    plan: FilterPlan, table: ScoreTable, last: Kept, summary: Mapping[str, Any], found: Survey, reader: Reader
) -> tuple[str, ...]:
    """What did nothing, could do nothing, or had nothing to work on."""
    notes = []
    n = len(table.ids)
    if plan.is_idle:
        notes.append("nothing to do: no threshold, nothing to strip, all members of families kept")
    elif n and bool(last.kept.all()) and not found.n_removed.any():
        notes.append("nothing was dropped and nothing stripped: every document meets what was asked")
    for rule in last.rules:
        known = ~np.isnan(rule.values)
        if rule.label is not None and rule.label not in table.flag_names:
            notes.append(f'no document has the flag "{printable(rule.label)}"')
        elif n and known.any() and bool(rule.fails[known].all()) and rule.label is None:
            notes.append(f"no document meets {rule.name} {rule.threshold:g}")
        elif n and rule.name == "min_originality" and bool(np.isnan(table.originality_1k).all()):
            notes.append("fewer than 1,000 families: originality is of this corpus alone, sharing is underestimated")
    without = summary.get("totals", {}).get("n_documents_without_tokens", 0)
    if without:
        notes.append(f"documents without any token, in which nothing can be found: {without:,}")
    if reader.n_problems.get("no_text"):
        field = printable(reader.settings.text_field)
        notes.append(f'{reader.n_problems["no_text"]:,} records have no text in "{field}"; they are kept as they are')
    wanted = reader.settings.series_field
    if wanted is not None and not found.series_names:
        notes.append(f'no record has the field "{printable(wanted)}": no series is known')
    elif not found.series_names and plan.thresholds.named:
        notes.append("no series is known: --max-drop-per-series guards nothing")
    for part in plan.strip:
        if not table.parts[:, PART_NAMES.index(part)].any():
            notes.append(f"no document has anything {part}")
    return tuple(notes)
