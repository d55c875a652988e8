"""The hits of a block of documents: compiled passes tell where rules could match, and patterns are tried only there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.artefacts import (
    SCRIPT_ERROR,
    YEAR_REACH,
    is_traditional_by,
    script_errors_of,
    year_swaps_at,
)
from detector.junk import (
    FREQUENT_EDGE,
    MAX_ITEM,
    PLACED,
    junk_of,
)
from detector.kernels.triggers import find_years, hash_edges, hash_lines
from detector.lines import Lines
from detector.marks import FOLLOWERS, MARK_KINDS, MIN_PRONOUN_PLACES, marks_of
from detector.model import Hit
from detector.pages import PAGE_LINE, count_page_lines, find_page_lines
from detector.places import AFTER_BLANK, FOLLOWER, SENTENCE, FoundPlaces, Triggers, make_triggers, read_block, shapes
from detector.rules import Rule, RuleMatch, RuleTable, Trial, matches_at
from detector.texts import Texts

MANY_LINES = 1000
"""Characters of a block for each line that is looked at, below which it is made one string first."""


class EdgeLines(NamedTuple):
    """Lines at the edges of documents that may be frequent: ``document``, ``start``, ``end`` int32, ``hashes`` uint64.

    Lines of one key have one hash.
    """

    document: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    hashes: NDArray[np.uint64]


class Plan(NamedTuple):
    """The triggers of a table, the rules of marks and of junk that are tried at each (None: it has none of them), and
    its line rules that depend on no other junk."""

    triggers: Triggers
    of_marks: Sequence[Trial | None]
    of_junk: Sequence[Trial | None]
    line_rules: Sequence[Rule]
    untriggered: Sequence[int]
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
    shape = shapes().copy()
    shape[[ord(character) for character in FOLLOWERS]] |= FOLLOWER
    return Plan(
        triggers,
        [marks.get(name) for name in triggers.names],
        [junk.get(name) for name in triggers.names],
        line_rules,
        [number for number, rule in enumerate(line_rules) if not rule.triggers],
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
    edges: EdgeLines


class BlockHits:
    """The hits of some consecutive documents."""

    def __init__(self, texts: Texts, table: RuleTable, plan: Plan, begin: int, end: int) -> None:
        self._texts, self._table, self._plan, self._begin = texts, table, plan, begin
        self._block = block = read_block(texts.points, texts.start[begin:end], texts.stop[begin:end], plan.triggers)
        self._whole = ""
        self._place_rows = np.searchsorted(block.place, block.bounds)
        self.years, self.n_stand_ins = self._signs()
        self._pages = self._page_lines()
        self._pairs = self._line_pairs()
        n_lines = np.diff(block.line_indptr)
        base = np.repeat(block.bounds[:-1], n_lines)
        self._line_rows = block.line_indptr.tolist()
        self._starts, self._ends = (block.line_start - base).tolist(), (block.line_end - base).tolist()
        self._after_blank = (block.line_flags & AFTER_BLANK != 0).tolist()
        sentences = np.flatnonzero(block.line_flags & SENTENCE)
        self._sentence_rows = np.searchsorted(sentences, block.line_indptr).tolist()
        self._sentences = (sentences - np.repeat(block.line_indptr[:-1], n_lines)[sentences]).tolist()

    def _signs(self) -> tuple[_Rows, NDArray[np.int64]]:
        """Years that may be swapped, and how many numbers of each text may stand for a pronoun."""
        block = self._block
        years = np.empty(len(block.plain) // 5 + 1, dtype=np.int64)
        n_stand_ins = np.empty(len(block.counts), dtype=np.int64)
        n_years = find_years(block.plain, block.bounds, self._plan.shapes, YEAR_REACH, years, n_stand_ins)
        return self._rows(years[:n_years], np.zeros(n_years, dtype=np.int64)), n_stand_ins

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

    def _places(self, tried: Sequence[Trial | None]) -> _Rows:
        """The places of triggers at which a rule is tried."""
        wanted = np.array([trial is not None for trial in tried], dtype=np.bool_)
        rows = np.flatnonzero(wanted[self._block.trigger])
        return self._rows(self._block.place[rows], self._block.trigger[rows])

    def _line_pairs(self) -> _Rows:
        """Lines and the rules that match them wherever they stand, sorted: of those by triggers, and of those that have
        none. A pattern is tried once for all lines that are the same."""
        block, lengths = self._block, self._block.line_end - self._block.line_start
        held = np.diff(block.line_indptr) > 0
        first, last = block.line_indptr[:-1][held], block.line_indptr[1:][held] - 1
        lines, rules = [block.line.astype(np.int64)], [block.rule]
        for number in self._plan.untriggered:
            rule = self._plan.line_rules[number]
            some = np.union1d(first, last) if rule.place == "end" else np.arange(len(lengths))
            lines.append(some[lengths[some] <= rule.max_chars])
            rules.append(np.full(len(lines[-1]), number, dtype=np.int32))
        line, numbers = np.concatenate(lines), np.concatenate(rules)
        matched = self._matched(line, numbers)
        line, numbers = line[matched], numbers[matched]
        order = np.lexsort((numbers, line))
        line, indptr = line[order], np.searchsorted(line[order], block.line_indptr)
        own = line - np.repeat(block.line_indptr[:-1], np.diff(indptr))
        return _Rows(indptr.tolist(), own.tolist(), numbers[order].tolist())

    def _matched(self, line: NDArray[np.int64], rule: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Whether each rule matches all of its line."""
        block, hashes = self._block, np.empty(len(line), dtype=np.uint64)
        hash_lines(block.plain, block.line_start, block.line_end, line, rule, hashes)
        _, rows, same = np.unique(hashes, return_index=True, return_inverse=True)
        if len(rows) * MANY_LINES > len(block.plain):
            self._whole = block.slice(0, len(block.plain))
        spans = zip(block.line_start[line[rows]].tolist(), block.line_end[line[rows]].tolist(), strict=True)
        tried = zip(spans, rule[rows].tolist(), strict=True)
        rules = self._plan.line_rules
        found = [rules[number].regex.fullmatch(self._text(*span)) is not None for span, number in tried]
        return np.array(found, dtype=np.bool_)[same]

    def _text(self, start: int, end: int) -> str:
        """Some plain characters of the block."""
        return self._whole[start:end] if self._whole else self._block.slice(start, end)

    def find(self) -> BlockFound:
        """Marks, junk and artefacts with their documents, and the lines that may be frequent."""
        table, plan = self._table, self._plan
        mark_places, junk_places = self._places(plan.of_marks), self._places(plan.of_junk)
        marks: Found = []
        junk: Found = []
        artefacts: Found = []
        bounds = self._block.bounds.tolist()
        for row in self._candidates(mark_places, junk_places):
            document, text = self._begin + row, self._text(*bounds[row : row + 2])
            places = FoundPlaces(text, partial(self._triggers, row))
            matches = matches_at(text, mark_places.of(row), plan.of_marks)
            stand_ins = bool(self.n_stand_ins[row] >= MIN_PRONOUN_PLACES)
            if matches or stand_ins:
                marks += ((document, hit) for hit in marks_of(places, matches, table, stand_ins=stand_ins))
            matches = matches_at(text, junk_places.of(row), plan.of_junk)
            pairs = self._pairs.of(row)
            if matches or pairs or self._pages.of(row):
                junk += ((document, hit) for hit in self._junk(row, places, matches, pairs))
            years = self.years.of(row)
            if years:
                artefacts += ((document, hit) for hit in year_swaps_at(text, (at for at, _ in years), table.does))
        errors = list(self._script_errors())
        if errors:
            artefacts = sorted([*artefacts, *errors], key=_document_of)
        return BlockFound(marks, junk, artefacts, self._edges())

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
        lines = Lines(places.plain, self._starts[own], self._ends[own], self._after_blank[own], sentences)
        tried: dict[int, list[Rule]] = {}
        for line, rule in pairs:
            tried.setdefault(line, []).append(self._plan.line_rules[rule])
        return junk_of(places, matches, lines, tried, self._table, dict(self._pages.of(row)))

    def _script_errors(self) -> Iterator[tuple[int, Hit]]:
        if not self._table.does(SCRIPT_ERROR):
            return
        for row, counts in enumerate(self._block.counts.tolist()):
            if is_traditional_by(*counts):
                document = self._begin + row
                for hit in script_errors_of(self._texts[document]):
                    yield document, hit

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


def _document_of(item: tuple[int, Hit]) -> int:
    return item[0]
