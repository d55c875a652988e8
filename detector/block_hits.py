"""The hits of a block of documents: compiled passes tell where rules could match, and patterns are tried only there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.artefacts import (
    SCRIPT_ERROR,
    YEAR_REACH,
    year_patterns,
    year_swaps_at,
)
from detector.junk import (
    BESIDE_BITS,
    FREQUENT_EDGE,
    MAX_ITEM,
    PLACED,
    junk_of,
)
from detector.kernels.triggers import find_years, hash_edges
from detector.kernels.trying import try_groups, try_lines, try_places
from detector.lines import Lines
from detector.marks import FOLLOWERS, MARK_KINDS, MIN_PRONOUN_PLACES, marks_of
from detector.model import Hit
from detector.pages import PAGE_LINE, count_page_lines, find_page_lines
from detector.places import AFTER_BLANK, FOLLOWER, SENTENCE, FoundPlaces, Triggers, make_triggers, read_block, shapes
from detector.program_files import programs_of
from detector.programs import Programs
from detector.rules import Rule, RuleMatch, RuleTable, built_in_patterns, matches_at
from detector.script_errors import ScriptErrors, find_script_errors_in, is_traditional_by_counts
from detector.texts import Texts

_YES, _UNKNOWN = 1, 2
"""What `try_lines` says of a line that a program matches, and of one that it leaves undecided."""


class EdgeLines(NamedTuple):
    """Lines at the edges of documents that may be frequent: ``document``, ``start``, ``end`` int32, ``hashes`` uint64.

    Lines of one key have one hash.
    """

    document: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    hashes: NDArray[np.uint64]


class Tried(NamedTuple):
    """Rules and the numbers of their programs (int32)."""

    rules: Sequence[Rule]
    program: NDArray[np.int32]


class Plan(NamedTuple):
    """The triggers of a table, the rules of marks and of junk that are tried at each, its line rules that depend on no
    other junk, and the others.

    ``spans`` has rows ``indptr[t]`` to ``indptr[t + 1]`` for trigger t; ``is_junk`` (bool) tells those of junk.
    ``beside_bits`` are those of `BESIDE_BITS`; ``years`` are the programs of `year_patterns`.
    """

    triggers: Triggers
    programs: Programs
    spans: Tried
    indptr: NDArray[np.int64]
    is_junk: NDArray[np.bool_]
    lines: Tried
    untriggered: Sequence[int]
    beside: Tried
    beside_bits: NDArray[np.uint8]
    years: NDArray[np.int32]
    shapes: NDArray[np.uint8]


def make_plan(table: RuleTable) -> Plan:
    """What reading blocks needs to know of a table."""
    line_rules = [rule for rule in table.select(("junk",), "line") if rule.place in PLACED]
    in_line: dict[str, list[int]] = defaultdict(list)
    for number, rule in enumerate(line_rules):
        for trigger in dict.fromkeys(rule.triggers):
            in_line[trigger].append(number)
    marks, junk = table.trials(MARK_KINDS), table.trials(("junk",))
    guards = {trigger for rule in table if rule.kind == "content" for trigger in rule.triggers}
    triggers = make_triggers({*marks, *junk, *guards}, in_line, [rule.max_chars for rule in line_rules])
    at_trigger = [(*marks.get(name, ()), *junk.get(name, ())) for name in triggers.names]
    span_rules = [rule for rules in at_trigger for rule in rules]
    beside = [rule for rule in table.select(("junk",), "line") if rule.place in BESIDE_BITS]
    of_years = year_patterns()
    patterns = [*(rule.pattern for rule in (*span_rules, *line_rules, *beside)), *of_years]
    found, number_of = programs_of(patterns, (*built_in_patterns(), *of_years))

    def tried(rules: Sequence[Rule]) -> Tried:
        return Tried(rules, np.array([number_of[rule.pattern] for rule in rules], dtype=np.int32))

    shape = shapes().copy()
    shape[[ord(character) for character in FOLLOWERS]] |= FOLLOWER
    return Plan(
        triggers,
        found,
        tried(span_rules),
        np.cumsum([0, *map(len, at_trigger)], dtype=np.int64),
        np.array([rule.kind == "junk" for rule in span_rules], dtype=np.bool_),
        tried(line_rules),
        [number for number, rule in enumerate(line_rules) if not rule.triggers],
        tried(beside),
        np.array([BESIDE_BITS[rule.place] for rule in beside], dtype=np.uint8),
        np.array([number_of[pattern] for pattern in of_years], dtype=np.int32),
        shape,
    )


class _Rows(NamedTuple):
    """Values by document: those of document d are ``indptr[d]`` to ``indptr[d + 1]`` of the lists."""

    indptr: list[int]
    places: list[int]
    values: list[Any]

    def of(self, row: int) -> list[tuple[int, Any]]:
        """The pairs of one document."""
        begin, end = self.indptr[row], self.indptr[row + 1]
        return list(zip(self.places[begin:end], self.values[begin:end], strict=True)) if begin < end else []


Found = list[tuple[int, Hit]]
"""Hits, each with its document."""


class BlockFound(NamedTuple):
    """What the rules say of a block."""

    marks: Found
    junk: Found
    artefacts: Found
    errors: ScriptErrors
    edges: EdgeLines


class BlockHits:
    """The hits of some consecutive documents."""

    def __init__(self, texts: Texts, table: RuleTable, plan: Plan, begin: int, end: int) -> None:
        self._texts, self._table, self._plan, self._begin = texts, table, plan, begin
        self._block = block = read_block(texts.points, texts.start[begin:end], texts.stop[begin:end], plan.triggers)
        self._place_rows = np.searchsorted(block.place, block.bounds)
        near, self.n_stand_ins = self.signs()
        self.years = self._years(near)
        self._pages = self._page_lines()
        self._pairs = self._line_pairs()
        self._bits = self._beside()
        sentences = np.flatnonzero(block.line_flags & SENTENCE)
        n_lines = np.diff(block.line_indptr)
        base = np.repeat(block.bounds[:-1], n_lines)
        self._starts, self._ends = block.line_start - base, block.line_end - base
        self._after_blank = block.line_flags & AFTER_BLANK != 0
        self._line_rows = block.line_indptr.tolist()
        self._sentence_rows = np.searchsorted(sentences, block.line_indptr).tolist()
        self._sentences = sentences - np.repeat(block.line_indptr[:-1], n_lines)[sentences]

    def signs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Years near to what could contradict them, and how many numbers of each text may stand for a pronoun."""
        block = self._block
        years = np.empty(len(block.plain) // 5 + 1, dtype=np.int64)
        n_stand_ins = np.empty(len(block.counts), dtype=np.int64)
        n_years = find_years(block.plain, block.bounds, self._plan.shapes, YEAR_REACH, years, n_stand_ins)
        return years[:n_years].copy(), n_stand_ins

    def _years(self, near: NDArray[np.int64]) -> _Rows:
        """Years that may be swapped."""
        programs = self._plan.years
        rows, _ = self._tried(near, np.zeros(len(near), dtype=np.int32), np.array([0, len(programs)]), programs)
        years = near[rows[np.diff(rows, prepend=-1) > 0]]
        return self._rows(years, np.zeros(len(years), dtype=np.int64))

    def _page_lines(self) -> _Rows:
        """Lines that the model of pages calls junk, with their log odds."""
        block, end = self._block, self._begin + len(self._block.counts)
        if not self._table.does(PAGE_LINE):
            return self._rows(np.zeros(0, dtype=np.int64), np.zeros(0))
        counts = count_page_lines(block, self._texts.points, self._texts.start[self._begin : end])
        found = find_page_lines(counts, block)
        indptr = np.searchsorted(found.row, block.line_indptr)
        own = found.row - np.repeat(block.line_indptr[:-1], np.diff(indptr))
        return _Rows(indptr.tolist(), own.tolist(), found.score.tolist())

    def _rows(self, places: NDArray[np.int64], values: NDArray[Any]) -> _Rows:
        """Places of the block (ascending) as those of their documents."""
        indptr = np.searchsorted(places, self._block.bounds)
        own = places - np.repeat(self._block.bounds[:-1], np.diff(indptr))
        return _Rows(indptr.tolist(), own.tolist(), values.tolist())

    def _places(self) -> tuple[_Rows, _Rows]:
        """The places of triggers at which rules of marks, and of junk, may match, each with the rule."""
        block, plan = self._block, self._plan
        rows, entry = self._tried(block.place, block.trigger, plan.indptr, plan.spans.program)
        place, is_junk = block.place[rows], plan.is_junk[entry]
        return self._rows(place[~is_junk], entry[~is_junk]), self._rows(place[is_junk], entry[is_junk])

    def _tried(
        self,
        place: NDArray[np.int64],
        trigger: NDArray[np.int32],
        indptr: NDArray[np.int64],
        program: NDArray[np.int32],
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """What `try_places` finds: rows of ``place`` and of ``program``."""
        size = len(place) // 8 + 1024
        while True:
            rows, entry = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int32)
            start, end = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
            size = try_places(
                self._block.plain, self._block.bounds, place, trigger, indptr, program,
                *self._plan.programs[:4], self._plan.programs.mark, rows, entry, start, end,
            )  # fmt: skip
            if size <= len(rows):
                return rows[:size], entry[:size]

    def _line_pairs(self) -> _Rows:
        """Lines and the rules that match them wherever they stand, sorted: of those by triggers, and of those that have
        none."""
        block, lengths = self._block, self._block.line_end - self._block.line_start
        held = np.diff(block.line_indptr) > 0
        is_end = np.zeros(len(lengths), dtype=np.bool_)
        is_end[block.line_indptr[:-1][held]] = is_end[block.line_indptr[1:][held] - 1] = True
        lines, rules = [block.line.astype(np.int64)], [block.rule]
        for number in self._plan.untriggered:
            rule = self._plan.lines.rules[number]
            fits = lengths <= rule.max_chars
            lines.append(np.flatnonzero(fits & is_end if rule.place == "end" else fits))
            rules.append(np.full(len(lines[-1]), number, dtype=np.int32))
        line, numbers = np.concatenate(lines), np.concatenate(rules)
        matched = self._matched(line, numbers)
        line, numbers = line[matched], numbers[matched]
        order = np.lexsort((numbers, line))
        line, indptr = line[order], np.searchsorted(line[order], block.line_indptr)
        own = line - np.repeat(block.line_indptr[:-1], np.diff(indptr))
        return _Rows(indptr.tolist(), own.tolist(), numbers[order].tolist())

    def _matched(self, line: NDArray[np.int64], rule: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Whether each rule matches all of its line; its pattern is asked where its program cannot tell."""
        block, plan = self._block, self._plan
        program = plan.lines.program[rule]
        found = np.empty(len(line), dtype=np.uint8)
        try_lines(block.plain, block.line_start, block.line_end, line, program, *plan.programs[:4], found)
        undecided = (found == _UNKNOWN) | ((found == _YES) & ~plan.programs.exact[program])
        matched: NDArray[np.bool_] = found == _YES
        for row in np.flatnonzero(undecided).tolist():
            text = block.slice(int(block.line_start[line[row]]), int(block.line_end[line[row]]))
            matched[row] = plan.lines.rules[rule[row]].regex.fullmatch(text) is not None
        return matched

    def _beside(self) -> NDArray[np.uint8]:
        """The `BESIDE_BITS` of rules that may match each line of a document in which rules match any."""
        block, plan, bits = self._block, self._plan, np.empty(len(self._block.line_start), dtype=np.uint8)
        wanted = np.repeat(np.diff(self._pairs.indptr) > 0, np.diff(block.line_indptr))
        max_chars = np.array([rule.max_chars for rule in plan.beside.rules], dtype=np.int64)
        try_groups(
            block.plain, block.line_start, block.line_end, wanted, plan.beside.program, max_chars, plan.beside_bits,
            *plan.programs[:4], bits,
        )  # fmt: skip
        return bits

    def find(self) -> BlockFound:
        """Marks, junk and artefacts with their documents, and the lines that may be frequent."""
        table, plan = self._table, self._plan
        mark_places, junk_places = self._places()
        marks: Found = []
        junk: Found = []
        artefacts: Found = []
        bounds = self._block.bounds.tolist()
        for row in self._candidates(mark_places, junk_places):
            document, text = self._begin + row, self._block.slice(*bounds[row : row + 2])
            places = FoundPlaces(text, partial(self._triggers, row))
            matches = matches_at(text, ((at, plan.spans.rules[number]) for at, number in mark_places.of(row)))
            stand_ins = bool(self.n_stand_ins[row] >= MIN_PRONOUN_PLACES)
            if matches or stand_ins:
                marks += ((document, hit) for hit in marks_of(places, matches, table, stand_ins=stand_ins))
            matches = matches_at(text, ((at, plan.spans.rules[number]) for at, number in junk_places.of(row)))
            pairs = self._pairs.of(row)
            if matches or pairs or self._pages.of(row):
                junk += ((document, hit) for hit in self._junk(row, places, matches, pairs))
            years = self.years.of(row)
            if years:
                artefacts += ((document, hit) for hit in year_swaps_at(text, (at for at, _ in years), table.does))
        return BlockFound(marks, junk, artefacts, self._script_errors(), self._edges())

    def _candidates(self, *of_spans: _Rows) -> list[int]:
        """The documents in which a pattern must be tried."""
        counts = [np.diff(rows.indptr) for rows in (*of_spans, self._pairs, self._pages, self.years)]
        found = np.any([count > 0 for count in counts], axis=0) | (self.n_stand_ins >= MIN_PRONOUN_PLACES)
        rows: list[int] = np.flatnonzero(found).tolist()
        return rows

    def _triggers(self, row: int) -> Mapping[str, Sequence[int]]:
        """The places of all triggers of a document."""
        begin, end = int(self._place_rows[row]), int(self._place_rows[row + 1])
        names = self._plan.triggers.names
        found: dict[str, list[int]] = defaultdict(list)
        places = (self._block.place[begin:end] - self._block.bounds[row]).tolist()
        for at, trigger in zip(places, self._block.trigger[begin:end].tolist(), strict=True):
            found[names[trigger]].append(at)
        return found

    def _junk(
        self, row: int, places: FoundPlaces, matches: Sequence[RuleMatch], pairs: Iterable[tuple[int, int]]
    ) -> list[Hit]:
        """The junk of a document."""
        own = slice(self._line_rows[row], self._line_rows[row + 1])
        sentences = self._sentences[self._sentence_rows[row] : self._sentence_rows[row + 1]]
        lines = Lines(
            places.plain,
            self._starts[own].tolist(),
            self._ends[own].tolist(),
            self._after_blank[own].tolist(),
            sentences.tolist(),
            self._bits[own].tobytes(),
        )
        matched: dict[int, list[Rule]] = {}
        for line, rule in pairs:
            matched.setdefault(line, []).append(self._plan.lines.rules[rule])
        return junk_of(places, matches, lines, matched, self._table, dict(self._pages.of(row)))

    def _script_errors(self) -> ScriptErrors:
        """The wrong characters of the documents that are traditional."""
        counts = self._block.counts if self._table.does(SCRIPT_ERROR) else self._block.counts[:0]
        rows = np.flatnonzero(is_traditional_by_counts(counts))
        return find_script_errors_in(self._texts, rows + self._begin)

    def _edges(self) -> EdgeLines:
        block = self._block
        room = len(block.counts) * 2 * FREQUENT_EDGE
        line, hashes = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.uint64)
        n = hash_edges(
            block.plain, block.line_start, block.line_end, block.line_flags, block.line_indptr,
            FREQUENT_EDGE, MAX_ITEM, line, hashes,
        )  # fmt: skip
        line = line[:n]
        row = np.searchsorted(block.line_indptr, line, side="right") - 1
        base = block.bounds[row]
        return EdgeLines(
            (row + self._begin).astype(np.int32),
            (block.line_start[line] - base).astype(np.int32),
            (block.line_end[line] - base).astype(np.int32),
            hashes[:n].copy(),
        )
