"""The hits of a block of documents: compiled passes find and settle them; few documents need more than that.

Those are left to the definitions in `detector.rules.marks` and `detector.rules.junk`, with what the passes know of
them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.placing import place_lines, settle_marks
from detector.kernels.triggers import find_years, hash_edges
from detector.kernels.trying import try_lines, try_places
from detector.model import Hit
from detector.rules.artefacts import SCRIPT_ERROR, YEAR_REACH, year_swaps_at
from detector.rules.block_lines import BlockLines, Pairs, beside_bits, has_rest
from detector.rules.frames import SITE_FRAME, find_frame_lines
from detector.rules.junk import FREQUENT_EDGE, Modelled, joined_models, junk_of
from detector.rules.junk_places import EDGE_LINES, FAR_BITS, MAX_GAP, MAX_ITEM, MAX_SHORT, NEAR_BITS
from detector.rules.marks import marks_of, with_repeated_marks
from detector.rules.pages import PAGE_LINE, count_page_lines, find_page_lines
from detector.rules.places import FoundPlaces, read_block
from detector.rules.rule_matches import RuleMatch, matches_of, span_at
from detector.rules.rule_plan import AtTriggers, Plan
from detector.rules.rule_tables import RuleTable
from detector.rules.script_errors import ScriptErrors, find_script_errors_in, is_traditional_by_counts
from detector.rules.stand_ins import MIN_PRONOUN_PLACES
from detector.text.texts import Texts

_YES, _UNKNOWN = 1, 2
"""What `try_lines` says of a line that a program matches, and of one that it leaves undecided."""

_ASKED = -2
"""The span of a match of which a program cannot tell it."""

_LEFT = 2
"""The state of a text that is left to the definitions."""


class EdgeLines(NamedTuple):
    """Lines at the edges of documents that may be frequent: ``document``, ``start``, ``end`` int32, ``hashes`` uint64.

    Lines of one key have one hash.
    """

    document: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    hashes: NDArray[np.uint64]


Found = list[tuple[int, Hit]]
"""Hits, each with its document."""


class Settled(NamedTuple):
    """Hits without evidence, by document and place: ``document``, ``start``, ``end`` int64, ``is_mask`` bool, ``rule``
    int64, a place in the names of the plan."""

    document: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    is_mask: NDArray[np.bool_]
    rule: NDArray[np.int64]


class BlockFound(NamedTuple):
    """What the rules say of a block; the marks of a document, and its junk, are settled or they are not."""

    marks: Found
    settled_marks: Settled
    junk: Found
    settled_junk: Settled
    artefacts: Found
    errors: ScriptErrors
    edges: EdgeLines


class _Spans(NamedTuple):
    """What `try_places` finds, in order: ``entry`` is a row of what was tried, ``start`` and ``end`` what was matched
    at ``place``; all are int64, and places of the block."""

    entry: NDArray[np.int64]
    text: NDArray[np.int64]
    place: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]

    def at(self, rows: NDArray[Any]) -> _Spans:
        """Some of them."""
        return _Spans(*(column[rows] for column in self))


class BlockHits:
    """The hits of some consecutive documents."""

    def __init__(self, texts: Texts, table: RuleTable, plan: Plan, begin: int, end: int) -> None:
        self._texts, self._table, self._plan, self._begin, self._n = texts, table, plan, begin, end - begin
        self._block = block = read_block(texts.points, texts.start[begin:end], texts.stop[begin:end], plan.triggers)
        self._place_rows = np.searchsorted(block.place, block.bounds)
        self._text = np.repeat(np.arange(self._n), np.diff(self._place_rows))
        near, self.n_stand_ins = self.signs()
        self._years = self._swapped(near)

    def signs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Years near to what could contradict them, and how many numbers of each text may stand for a pronoun."""
        block = self._block
        years = np.empty(len(block.plain) // 5 + 1, dtype=np.int64)
        n_stand_ins = np.empty(len(block.counts), dtype=np.int64)
        n_years = find_years(block.plain, block.bounds, self._plan.shapes, YEAR_REACH, years, n_stand_ins)
        return years[:n_years].copy(), n_stand_ins

    def years_of(self, row: int) -> list[int]:
        """The years of a text that may be swapped."""
        low, high = self._block.bounds[row : row + 2]
        return [
            int(at - low) for at in self._years[np.searchsorted(self._years, low) : np.searchsorted(self._years, high)]
        ]

    def find(self) -> BlockFound:
        """Marks, junk and artefacts with their documents, and the lines that may be frequent."""
        spans = self._spans(self._plan.spans)
        is_junk = self._plan.is_junk[spans.entry]
        of_marks, of_junk = spans.at(~is_junk), spans.at(is_junk)
        repeated = with_repeated_marks(self._block, self._table)
        settled_marks, mark_state = self._settled_marks(of_marks, repeated)
        pairs = self._line_pairs()
        modelled = self._modelled(pairs)
        of_junk = self._beside_other_junk(of_junk, pairs, modelled)
        settled_junk, junk_state = self._settled_junk(of_junk, pairs, modelled)
        left = BlockLines(self._block, self._plan, junk_state == _LEFT, pairs)
        marks: Found = []
        junk: Found = []
        artefacts: Found = []
        is_left = (mark_state == _LEFT) | (junk_state == _LEFT)
        is_left[np.searchsorted(self._block.bounds, self._years, side="right") - 1] = True
        for row in np.flatnonzero(is_left).tolist():
            document, text = self._begin + row, self._block.text(row)
            places = FoundPlaces(text, partial(self._triggers, row))
            if mark_state[row] == _LEFT:
                pronouns = bool(self.n_stand_ins[row] >= MIN_PRONOUN_PLACES)
                matches = self._matches(row, text, of_marks)
                if matches or pronouns or row in repeated:
                    found = marks_of(places, matches, self._table, pronouns=pronouns, repeated=row in repeated)
                    marks += ((document, hit) for hit in found)
            if junk_state[row] == _LEFT:
                matches = self._matches(row, text, of_junk)
                lines, matched = left.of(row, text)
                if matches or matched or row in modelled:
                    found = junk_of(places, matches, lines, matched, self._table, modelled.get(row, {}))
                    junk += ((document, hit) for hit in found)
            years = self.years_of(row)
            if years:
                artefacts += ((document, hit) for hit in year_swaps_at(text, years, self._table.does))
        return BlockFound(marks, settled_marks, junk, settled_junk, artefacts, self._script_errors(), self._edges())

    def _swapped(self, near: NDArray[np.int64]) -> NDArray[np.int64]:
        """Years that may be swapped."""
        programs = self._plan.years
        rows, *_ = self._tried(near, np.zeros(len(near), dtype=np.int32), np.array([0, len(programs)]), programs)
        return near[rows[np.diff(rows, prepend=-1) > 0]]

    def _modelled(self, pairs: Pairs) -> dict[int, dict[int, Modelled]]:
        """By text the lines that the model of pages calls junk, or that of heads and tails, as `joined_models` says."""
        found: dict[int, dict[int, Modelled]] = {}
        block, points = self._block, self._texts.points
        start = self._texts.start[self._begin : self._begin + self._n]
        if self._table.does(PAGE_LINE):
            self._add(found, PAGE_LINE, *find_page_lines(count_page_lines(block, points, start), block))
        if self._table.does(SITE_FRAME):
            matched, known = np.zeros((2, len(block.line_start)), dtype=np.bool_)
            matched[pairs.line] = True
            known[pairs.line[self._plan.lines.place[pairs.rule] == 0]] = True
            of_sites: dict[int, dict[int, Modelled]] = {}
            self._add(of_sites, SITE_FRAME, *find_frame_lines(block, points, start, matched, known))
            n_lines = np.diff(block.line_indptr)
            for text, lines in of_sites.items():
                found[text] = joined_models(found.get(text, {}), lines, int(n_lines[text]))
        return found

    def _add(
        self, found: dict[int, dict[int, Modelled]], rule: str, row: NDArray[np.int64], *said: NDArray[np.float64]
    ) -> None:
        """Add what a model says of some lines of the block."""
        text = np.searchsorted(self._block.line_indptr, row, side="right") - 1
        own_row = row - self._block.line_indptr[text]
        for of_text, line, values in zip(text.tolist(), own_row.tolist(), zip(*said, strict=True), strict=True):
            found.setdefault(of_text, {})[line] = Modelled(rule, *map(float, values))

    def _spans(self, at: AtTriggers, rows: NDArray[np.int64] | None = None) -> _Spans:
        """What is tried at triggers and may match, at all places or at some of them."""
        place, trigger, text = self._block.place, self._block.trigger, self._text
        if rows is not None:
            place, trigger, text = place[rows], trigger[rows], text[rows]
        found, entry, start, end = self._tried(place, trigger, at.indptr, at.tried.program)
        return _Spans(entry.astype(np.int64), text[found], place[found], start, end)

    def _tried(
        self,
        place: NDArray[np.int64],
        trigger: NDArray[np.int32],
        indptr: NDArray[np.int64],
        program: NDArray[np.int32],
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
        """What `try_places` finds: rows of ``place`` and of ``program``, starts and ends."""
        size = len(place) // 8 + 1024
        programs = self._plan.programs
        while True:
            rows, entry = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int32)
            start, end = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
            size = try_places(
                self._block.plain, self._block.bounds, place, trigger, indptr, program,
                *programs[:4], programs.mark, rows, entry, start, end,
            )  # fmt: skip
            if size <= len(rows):
                return rows[:size], entry[:size], start[:size], end[:size]

    def _settled_marks(self, spans: _Spans, repeated: Collection[int]) -> tuple[Settled, NDArray[np.uint8]]:
        """Marks, and the states of texts: those are left with a rule or a guard that asks for more than spans."""
        block, plan, marks = self._block, self._plan, self._plan.marks
        state = np.where(self.n_stand_ins >= MIN_PRONOUN_PLACES, np.uint8(_LEFT), np.uint8(0))
        state[[*repeated]] = _LEFT
        rule = plan.spans.number[spans.entry]
        state[spans.text[(spans.end == _ASKED) | marks.asks[rule]]] = _LEFT
        kept = (spans.start < spans.end) & (state[spans.text] != _LEFT)
        spans, rule = spans.at(kept), rule[kept]
        wanted = np.zeros(self._n, dtype=np.bool_)
        wanted[spans.text] = True
        has_guard = np.diff(plan.guards.indptr) > 0
        guards = self._spans(plan.guards, np.flatnonzero(wanted[self._text] & has_guard[block.trigger]))
        state[guards.text[guards.end == _ASKED]] = _LEFT
        guard = plan.guards.number[guards.entry]
        kept = ~marks.in_span[guard] | (guards.start < guards.end)
        guards, guard = guards.at(kept), guard[kept]
        rows, masked = np.empty(len(rule), dtype=np.int64), np.empty(len(rule), dtype=np.bool_)
        n = settle_marks(
            block.plain, self._indptr(spans.text), spans.start, spans.end, rule, marks.needs, marks.is_mask,
            self._indptr(guards.text), guard, guards.start, guards.end, marks.affects, marks.in_span, marks.at_least,
            marks.masks, state, rows, masked,
        )  # fmt: skip
        spans, rule = spans.at(rows[:n]), rule[rows[:n]]
        base = block.bounds[spans.text]
        is_mask = masked[:n] | marks.is_mask[rule]
        return Settled(spans.text + self._begin, spans.start - base, spans.end - base, is_mask, rule), state

    def _indptr(self, text: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the rows of each text begin."""
        return np.searchsorted(text, np.arange(self._n + 1)).astype(np.int64)

    def _settled_junk(
        self, spans: _Spans, pairs: Pairs, modelled: Mapping[int, Any]
    ) -> tuple[Settled, NDArray[np.uint8]]:
        """Junk lines, and a state (uint8) for each text.

        A text is left to the slower way if it has junk inside a line, junk by a model, or junk that draws other lines
        with it, or if a guard may speak for one of its lines.
        """
        block, rules = self._block, self._plan.lines
        state = np.zeros(self._n, dtype=np.uint8)
        state[spans.text] = state[list(modelled)] = _LEFT
        held = np.zeros(self._n, dtype=np.bool_)
        held[self._text[rules.guards[block.trigger]]] = True
        text = np.repeat(np.arange(self._n), np.diff(pairs.indptr))
        state[text[held[text] & rules.has_guard[pairs.rule]]] = _LEFT
        line, rule = np.empty(len(text), dtype=np.int64), np.empty(len(text), dtype=np.int64)
        n = place_lines(
            block.plain, block.line_start, block.line_end, block.line_indptr, block.line_flags, pairs.indptr,
            pairs.line, pairs.rule, rules.place, rules.asks, EDGE_LINES, MAX_GAP, MAX_SHORT, state, line, rule,
        )  # fmt: skip
        line, rule = line[:n], rule[:n]
        text = np.searchsorted(block.line_indptr, line, side="right") - 1
        state[text[self._draws(line, text)]] = _LEFT
        state[has_rest(block, line, text)] = _LEFT
        done = np.zeros(self._n, dtype=np.bool_)
        done[text] = True
        wanted = np.repeat(done & (state != _LEFT), np.diff(block.line_indptr))
        wanted[line] = False
        far = np.flatnonzero(beside_bits(block, self._plan, wanted, FAR_BITS))
        state[np.searchsorted(block.line_indptr, far, side="right") - 1] = _LEFT
        kept = state[text] != _LEFT
        line, rule, text = line[kept], rule[kept], text[kept]
        base, is_mask = block.bounds[text], np.zeros(len(line), dtype=np.bool_)
        start, end = block.line_start[line] - base, block.line_end[line] - base
        return Settled(text + self._begin, start, end, is_mask, rules.number[rule]), state

    def _draws(self, line: NDArray[np.int64], text: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether a rule for lines beside junk may match just before or after each of some junk lines (ascending), or
        between it and the next."""
        block = self._block
        wanted = np.zeros(len(block.line_start), dtype=np.bool_)
        to_next = np.where(np.diff(text, append=-1) == 0, np.diff(line, append=-1), len(wanted))
        near = []
        for step in (-1, *range(1, MAX_GAP + 1)):
            beside = np.clip(line + step, block.line_indptr[text], block.line_indptr[text + 1] - 1)
            near.append(np.where((to_next <= MAX_GAP + 1) | (abs(step) == 1), beside, line))
            wanted[near[-1]] = True
        wanted[line] = False
        drawn = beside_bits(block, self._plan, wanted, NEAR_BITS) > 0
        return np.asarray(np.any([drawn[rows] for rows in near], axis=0))

    def _beside_other_junk(self, spans: _Spans, pairs: Pairs, modelled: Mapping[int, Any]) -> _Spans:
        """Matches in lines but for those of `SITE_NAMED` in texts without other junk, which could not name a site."""
        is_named = self._plan.spans.number[spans.entry] == self._plan.site_named
        has_other = np.diff(pairs.indptr) > 0
        has_other[spans.text[~is_named]] = has_other[list(modelled)] = True
        return spans.at(~is_named | has_other[spans.text])

    def _line_pairs(self) -> Pairs:
        """Lines and the rules that match them wherever they stand, by their triggers or without."""
        block, rules, lengths = self._block, self._plan.lines, self._block.line_end - self._block.line_start
        held = np.diff(block.line_indptr) > 0
        is_end = np.zeros(len(lengths), dtype=np.bool_)
        is_end[block.line_indptr[:-1][held]] = is_end[block.line_indptr[1:][held] - 1] = True
        lines, numbers = [block.line.astype(np.int64)], [block.rule.astype(np.int64)]
        for number in rules.untriggered:
            rule = rules.tried.rules[number]
            fits = lengths <= rule.max_chars
            lines.append(np.flatnonzero(fits & is_end if rule.place == "end" else fits))
            numbers.append(np.full(len(lines[-1]), number, dtype=np.int64))
        line, matching = np.concatenate(lines), np.concatenate(numbers)
        matched = self._matched(line, matching)
        line, matching = line[matched], matching[matched]
        order = np.lexsort((matching, line))
        line = line[order]
        return Pairs(np.searchsorted(line, block.line_indptr), line, matching[order])

    def _matched(self, line: NDArray[np.int64], rule: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each rule matches all of its line; its pattern is asked where its program cannot tell."""
        block, plan, tried = self._block, self._plan, self._plan.lines.tried
        program = tried.program[rule]
        found = np.empty(len(line), dtype=np.uint8)
        try_lines(block.plain, block.line_start, block.line_end, line, program, *plan.programs[:4], found)
        undecided = (found == _UNKNOWN) | ((found == _YES) & ~plan.programs.exact[program])
        matched: NDArray[np.bool_] = found == _YES
        for row in np.flatnonzero(undecided).tolist():
            text = block.slice(int(block.line_start[line[row]]), int(block.line_end[line[row]]))
            matched[row] = tried.rules[rule[row]].regex.fullmatch(text) is not None
        return matched

    def _matches(self, row: int, text: str, spans: _Spans) -> list[RuleMatch]:
        """The matches in a text; patterns are asked for the spans that programs do not tell."""
        own = slice(*np.searchsorted(spans.text, (row, row + 1)))
        base, rules = int(self._block.bounds[row]), self._plan.spans.tried.rules
        columns = (column[own].tolist() for column in (spans.entry, spans.place, spans.start, spans.end))
        found = []
        for entry, place, start, end in zip(*columns, strict=True):
            rule = rules[entry]
            found.append(
                (rule, start - base, end - base) if end != _ASKED else (rule, *span_at(text, place - base, rule))
            )
        return matches_of(text, found)

    def _triggers(self, row: int) -> Mapping[str, Sequence[int]]:
        """The places of all triggers of a document."""
        begin, end = int(self._place_rows[row]), int(self._place_rows[row + 1])
        names = self._plan.triggers.names
        found: dict[str, list[int]] = defaultdict(list)
        places = (self._block.place[begin:end] - self._block.bounds[row]).tolist()
        for at, trigger in zip(places, self._block.trigger[begin:end].tolist(), strict=True):
            found[names[trigger]].append(at)
        return found

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
