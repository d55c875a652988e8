"""What reading blocks of texts needs to know of a table of rules: triggers, programs and what each rule asks for.

Rules are numbered by their places in `rule_names`; guards are those of spans, then those of documents.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.rules.artefacts import year_patterns
from detector.rules.junk_places import BESIDE_BITS, LIST_ITEM, PLACED
from detector.rules.marks import MARK_KINDS
from detector.rules.page_breaks import NUMBERS
from detector.rules.places import FOLLOWER, OF_YEARS, Triggers, make_triggers, shapes
from detector.rules.program_files import programs_of
from detector.rules.programs import Programs
from detector.rules.rule_matches import any_fits
from detector.rules.rule_tables import Rule, RuleTable, built_in_patterns
from detector.rules.site_names import SITE_NAMED
from detector.rules.stand_ins import FOLLOWERS


class Tried(NamedTuple):
    """Rules and the numbers of their programs (int32)."""

    rules: Sequence[Rule]
    program: NDArray[np.int32]


class AtTriggers(NamedTuple):
    """Rules that are tried at triggers: rows ``indptr[t]`` to ``indptr[t + 1]`` (int64) of ``tried`` at trigger t.

    ``number`` (int64) is that of each row's rule or guard.
    """

    tried: Tried
    indptr: NDArray[np.int64]
    number: NDArray[np.int64]


class Marks(NamedTuple):
    """By rule: ``needs`` (int64), whether it ``is_mask`` and whether it ``asks`` (bool) for what only Python does.

    By guard: ``affects`` (bool, a column for each rule), whether it speaks of what it covers (``in_span``, bool),
    otherwise how many matches it needs (``at_least``, int64) and whether it ``masks`` (bool).
    """

    needs: NDArray[np.int64]
    is_mask: NDArray[np.bool_]
    asks: NDArray[np.bool_]
    affects: NDArray[np.bool_]
    in_span: NDArray[np.bool_]
    at_least: NDArray[np.int64]
    masks: NDArray[np.bool_]


class LineRules(NamedTuple):
    """Line rules that depend on no other junk: their ``number``, their ``place`` in `PLACED` (uint8), whether one
    ``asks`` (bool) for what only Python does, and whether a guard speaks of it (``has_guard``, bool).

    ``untriggered`` are those that are tried on every line; ``guards`` (bool) are the triggers of their guards.
    """

    tried: Tried
    number: NDArray[np.int64]
    place: NDArray[np.uint8]
    asks: NDArray[np.bool_]
    has_guard: NDArray[np.bool_]
    guards: NDArray[np.bool_]
    untriggered: Sequence[int]


class Plan(NamedTuple):
    """``names`` of rules; those of marks and of junk that are tried at triggers (``is_junk``, bool, by row), and the
    guards of marks; line rules, those of `BESIDE_BITS` with their bits (uint8); programs of `year_patterns`; the
    number of `SITE_NAMED`, -1 where it is switched off."""

    names: Sequence[str]
    triggers: Triggers
    programs: Programs
    spans: AtTriggers
    is_junk: NDArray[np.bool_]
    guards: AtTriggers
    marks: Marks
    lines: LineRules
    beside: Tried
    beside_bits: NDArray[np.uint8]
    years: NDArray[np.int32]
    shapes: NDArray[np.uint8]
    site_named: int


def rule_names(table: RuleTable) -> tuple[str, ...]:
    """The names of all rules that can have hits, sorted: the order of their numbers is that of their names."""
    return tuple(sorted({rule.name for rule in table if rule.kind != "content"}))


def make_plan(table: RuleTable) -> Plan:
    """What reading blocks needs to know of a table."""
    names = rule_names(table)
    line_rules = [rule for rule in table.select(("junk",), "line") if rule.place in PLACED]
    in_line: dict[str, list[int]] = defaultdict(list)
    for number, rule in enumerate(line_rules):
        for trigger in dict.fromkeys(rule.triggers):
            in_line[trigger].append(number)
    marks, junk = table.trials(MARK_KINDS), table.trials(("junk",))
    guards = [*table.select(("content",), "span"), *table.select(("content",), "document")]
    at_guard: dict[str, list[Rule]] = defaultdict(list)
    for rule in guards:
        for trigger in rule.triggers if rule.scope == "document" else dict.fromkeys(rule.triggers):
            at_guard[trigger].append(rule)
    triggers = make_triggers({*marks, *junk, *at_guard}, in_line, [rule.max_chars for rule in line_rules])
    of_trigger = [(*marks.get(name, ()), *junk.get(name, ())) for name in triggers.names]
    of_guard = [at_guard.get(name, ()) for name in triggers.names]
    spans, guards_tried = ([rule for rules in tried for rule in rules] for tried in (of_trigger, of_guard))
    beside = [rule for rule in table.select(("junk",), "line") if rule.place in BESIDE_BITS]
    of_years = year_patterns()
    patterns = [*(rule.pattern for rule in (*spans, *guards_tried, *line_rules, *beside)), *of_years]
    found, number_of = programs_of(patterns, (*built_in_patterns(), *of_years))

    def tried(rules: Sequence[Rule]) -> Tried:
        return Tried(rules, np.array([number_of[rule.pattern] for rule in rules], dtype=np.int32))

    def at_triggers(of: Sequence[Sequence[Rule]], rules: Sequence[Rule], names: Sequence[str]) -> AtTriggers:
        number = {name: at for at, name in enumerate(names)}
        indptr = np.cumsum([0, *map(len, of)], dtype=np.int64)
        return AtTriggers(tried(rules), indptr, np.array([number[rule.name] for rule in rules], dtype=np.int64))

    affects = _affects(guards, names)
    shape = shapes().copy()
    shape[[ord(character) for character in FOLLOWERS]] |= FOLLOWER
    shape[ord("年")] |= OF_YEARS
    return Plan(
        names,
        triggers,
        found,
        at_triggers(of_trigger, spans, names),
        np.array([rule.kind == "junk" for rule in spans], dtype=np.bool_),
        at_triggers(of_guard, guards_tried, [rule.name for rule in guards]),
        _marks(table, names, guards, affects),
        _line_rules(table, names, tried(line_rules), triggers, guards, affects),
        tried(beside),
        np.array([BESIDE_BITS[rule.place] for rule in beside], dtype=np.uint8),
        np.array([number_of[pattern] for pattern in of_years], dtype=np.int32),
        shape,
        names.index(SITE_NAMED) if SITE_NAMED in names else -1,
    )


def _marks(table: RuleTable, names: Sequence[str], guards: Sequence[Rule], affects: NDArray[np.bool_]) -> Marks:
    rules = {rule.name: rule for rule in table}
    own = [rules[name] for name in names]
    in_python = [bool(rule.left or rule.behind or rule.everywhere or rule.repeats > 1) for rule in own]
    guarded_so = affects[[bool(rule.left or rule.behind) for rule in guards]].any(axis=0)
    return Marks(
        np.array([rule.needs for rule in own], dtype=np.int64),
        np.array([rule.kind == "masked" for rule in own], dtype=np.bool_),
        np.array(in_python, dtype=np.bool_) | guarded_so,
        affects,
        np.array([rule.scope == "span" for rule in guards], dtype=np.bool_),
        np.array([rule.at_least for rule in guards], dtype=np.int64),
        np.array([rule.verdict == "masked" for rule in guards], dtype=np.bool_),
    )


def _line_rules(
    table: RuleTable,
    names: Sequence[str],
    tried: Tried,
    triggers: Triggers,
    guards: Sequence[Rule],
    affects: NDArray[np.bool_],
) -> LineRules:
    number = np.array([names.index(rule.name) for rule in tried.rules], dtype=np.int64)
    of_documents = [at for at, rule in enumerate(guards) if rule.scope == "document"]
    speaks = affects[of_documents][:, number]
    held = {
        trigger for at, row in zip(of_documents, speaks, strict=True) if row.any() for trigger in guards[at].triggers
    }
    return LineRules(
        tried,
        number,
        np.array([PLACED.index(rule.place) for rule in tried.rules], dtype=np.uint8),
        np.array([(rule.opens and table.does(LIST_ITEM)) or rule.name in NUMBERS for rule in tried.rules], np.bool_),
        np.asarray(speaks.any(axis=0)),
        np.array([name in held for name in triggers.names], dtype=np.bool_),
        [at for at, rule in enumerate(tried.rules) if not rule.triggers],
    )


def _affects(guards: Sequence[Rule], names: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each guard speaks about each rule (bool, a row for each guard); ``names`` are sorted."""
    found = np.zeros((len(guards), len(names)), dtype=np.bool_)
    for row, guard in zip(found, guards, strict=True):
        for glob in guard.affects:
            row[_fitting(names, glob)] = True
    return found


def _fitting(names: Sequence[str], glob: str) -> list[int] | slice:
    """The names that fit a glob; most are a name or its beginning."""
    begin = glob.removesuffix("*")
    if any(sign in begin for sign in "*?["):
        return [at for at, name in enumerate(names) if any_fits(frozenset((name,)), (glob,))]
    first = bisect_left(names, begin)
    last = first
    while last < len(names) and (names[last].startswith(begin) if begin != glob else names[last] == glob):
        last += 1
    return slice(first, last)
