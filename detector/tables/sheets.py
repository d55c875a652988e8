"""Which fields the rows of each table have, and which columns they come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.kernels import rendering as kernel
from detector.kernels import templating
from detector.kernels.rendering import JSON, WIDEST, Evidence, Spans, Strings
from detector.model import FINDING_KINDS, PART_NAMES
from detector.tables.columns import CLUSTER_LEVELS, SLOT_TYPES
from detector.tables.rendering import (
    Layout,
    Sheet,
    json_strings,
    json_text,
    numbered,
    plain_text,
    span_strings,
    spans_of,
    strings,
    total,
)
from detector.tables.rows import ClusterRows, DocumentRows, FindingRows, MemberRows, PhraseRows, Rows
from detector.text.texts import Texts

SHORT_TEXT = 80
"""Characters of a finding's text that ``--finding-text short`` keeps."""

OPENS, ENDS = '{"{}":', "}\n"
"""The key of the first field, and what ends a row."""


def sheet_of(rows: Rows[Any], finding_text: str = "full", *, mode: int = JSON) -> Sheet:
    """How some rows over columns are written: as lines of JSON, or (`ASCII`) as columns with JSON only in some."""
    if isinstance(rows, FindingRows):
        return finding_sheet(rows, finding_text, mode)
    if isinstance(rows, ClusterRows):
        return cluster_sheet(rows, mode)
    if isinstance(rows, MemberRows):
        return member_sheet(rows)
    if isinstance(rows, PhraseRows):
        return phrase_sheet(rows, mode)
    assert isinstance(rows, DocumentRows)
    return document_sheet(rows)


def finding_sheet(rows: FindingRows, finding_text: str, mode: int) -> Sheet:
    """``findings``; ``finding_text`` is ``full``, ``short`` or ``none``."""
    columns = rows.columns
    limit = {"full": -1, "short": SHORT_TEXT, "none": 0}[finding_text]
    n_chars = (columns.end - columns.start).astype(np.int64)
    sizes = WIDEST[mode] * (n_chars if limit < 0 else np.minimum(n_chars, limit))
    sizes += kernel.MOST_CLAIM * np.diff(columns.claim_indptr)
    layout = Layout()
    layout.add("doc", kernel.ID, 0, key=OPENS)
    layout.add("start", kernel.WHOLE, 1)
    layout.add("end", kernel.WHOLE, 2)
    layout.add("kind", kernel.NAME, 3)
    layout.add("rule", kernel.NAME, 4)
    if limit:
        layout.add("text", kernel.TEXT)
    else:
        layout.add("text", kernel.WORD, key=',"{}":null')
    layout.add("cluster", kernel.CLUSTER, 5)
    layout.add("n_families", kernel.COUNT, 7)
    layout.add("score", kernel.RATIO, 8)
    layout.add("part", kernel.NAME, 9)
    layout.add("evidence", kernel.NESTED)
    layout.add("", kernel.WORD, key=ENDS)
    kinds, parts = layout.add_names(FINDING_KINDS), layout.add_names(PART_NAMES)
    rules, levels = layout.add_names(columns.rule_names), layout.add_names(CLUSTER_LEVELS, bare=True)

    def values(start: int, stop: int) -> list[NDArray[Any]]:
        some = slice(start, stop)
        level = columns.level[some]
        return [
            columns.document[some],
            columns.start[some],
            columns.end[some],
            numbered(columns.kind[some], kinds),
            numbered(columns.rule[some], rules),
            np.where(level == 0, -1, numbered(level, levels)),
            columns.cluster[some],
            columns.n_families[some],
            columns.score[some],
            numbered(columns.part[some], parts),
        ]

    def spans(start: int, stop: int) -> Spans:
        some = slice(start, stop)
        return spans_of(rows.texts, columns.document[some], columns.start[some], columns.end[some], limit)

    return Sheet(layout, rows.ids, sizes, values, spans if limit else None, _evidence_of(rows, mode))


def _evidence_of(rows: FindingRows, mode: int) -> Callable[[int, int], Strings]:
    """What writes the evidence of findings as objects of JSON."""
    columns = rows.columns
    ids, extras = json_strings(rows.ids, mode), strings([json_text(extra, mode)[1:-1] for extra in columns.extras])
    table = Evidence(
        columns.extra, columns.other, columns.other_start, columns.other_end, columns.whole,
        columns.claim_indptr, columns.claim_start, columns.claim_end, extras,
    )  # fmt: skip

    def evidence(start: int, stop: int) -> Strings:
        size = kernel.MOST_EVIDENCE * (stop - start)
        size += kernel.MOST_CLAIM * int(columns.claim_indptr[stop] - columns.claim_indptr[start])
        size += total(extras, columns.extra[start:stop]) + total(ids, columns.other[start:stop])
        out, indptr = np.empty(size, dtype=np.uint8), np.empty(stop - start + 1, dtype=np.int64)
        return Strings(out[: kernel.render_evidence(out, indptr, start, table, ids)], indptr)

    return evidence


def cluster_sheet(rows: ClusterRows, mode: int) -> Sheet:
    """``clusters``."""
    columns = rows.columns
    table = templating.Templates(
        columns.member_indptr, columns.document, columns.part_indptr, columns.slot, columns.part_type,
        columns.part_start, columns.part_end, columns.part_common, columns.fill_indptr, columns.fill_member,
        columns.fill_start, columns.fill_end, json_strings(SLOT_TYPES),
    )  # fmt: skip
    fills = json_strings(rows.ids, mode, '{"doc":"', '","start":')
    corpus = templating.Corpus(rows.texts.points, rows.texts.start, fills)
    sizes = templating.template_sizes(table, corpus, WIDEST[mode])
    layout = Layout()
    layout.add("id", kernel.CLUSTER, 0, key=OPENS)
    layout.add("level", kernel.NAME, 2)
    for number, name in enumerate(("n_families", "n_series", "n_members"), start=3):
        layout.add(name, kernel.WHOLE, number)
    layout.add("template", kernel.WORD if mode == JSON else kernel.NESTED)
    levels, quoted = layout.add_names(CLUSTER_LEVELS, bare=True), layout.add_names(CLUSTER_LEVELS)

    def values(start: int, stop: int) -> list[NDArray[Any]]:
        some = slice(start, stop)
        level = columns.level[some]
        n_members = np.diff(columns.member_indptr[start : stop + 1])
        counts = [columns.n_families[some], columns.n_series[some], n_members]
        return [numbered(level, levels), columns.number[some], numbered(level, quoted), *counts]

    def templates(start: int, stop: int, lines: Strings, end: str = ENDS) -> Strings:
        ending = np.array(list(end.encode()), np.uint8)
        size = int(sizes[start:stop].sum()) + len(lines.data) + len(end) * (stop - start)
        out, indptr = np.empty(size, np.uint8), np.empty(stop - start + 1, np.int64)
        size = templating.render_templates(out, indptr, start, table, corpus, mode, lines, ending)
        return Strings(out[:size], indptr)

    def alone(start: int, stop: int) -> Strings:
        return templates(start, stop, strings([""] * (stop - start)), "")

    if mode == JSON:
        return Sheet(layout, rows.ids, sizes, values, last=templates)
    return Sheet(layout, rows.ids, sizes, values, nested=alone)


def member_sheet(rows: MemberRows) -> Sheet:
    """``members``."""
    columns = rows.columns
    layout = Layout()
    layout.add("cluster", kernel.CLUSTER, 0, key=OPENS)
    layout.add("doc", kernel.ID, 2)
    layout.add("start", kernel.WHOLE, 3)
    layout.add("end", kernel.WHOLE, 4)
    layout.add("ratio", kernel.RATIO, 5)
    layout.add("", kernel.WORD, key=ENDS)
    levels = layout.add_names(CLUSTER_LEVELS, bare=True)

    def values(start: int, stop: int) -> list[NDArray[Any]]:
        some = slice(start, stop)
        cluster = np.searchsorted(columns.member_indptr, np.arange(start, stop), side="right") - 1
        names: list[NDArray[Any]] = [numbered(columns.level[cluster], levels), columns.number[cluster]]
        return [*names, columns.document[some], columns.start[some], columns.end[some], columns.ratio[some]]

    return Sheet(layout, rows.ids, np.zeros(len(rows), dtype=np.int64), values)


def phrase_sheet(rows: PhraseRows, mode: int) -> Sheet:
    """``phrases``."""
    columns = rows.columns
    sizes = 2 * WIDEST[mode] * (columns.end - columns.start).astype(np.int64)
    layout = Layout()
    layout.add("id", kernel.CLUSTER, 0, key=OPENS)
    layout.add("text", kernel.TEXT)
    bare = columns.key if mode == JSON and isinstance(columns.key, Texts) else None  # quoted by the words around it
    layout.add("key", kernel.NESTED, key=',"{}":"' if bare else ',"{}":')
    for number, name in enumerate(("n_tokens", "n_families", "n_series", "n_occurrences"), start=2):
        layout.add(name, kernel.WHOLE, number, key='","{}":' if bare and number == 2 else ',"{}":')
    layout.add("", kernel.WORD, key=ENDS)
    word = layout.add_names(["phrase"], bare=True)

    def values(start: int, stop: int) -> list[NDArray[Any]]:
        some = slice(start, stop)
        counts = (columns.n_tokens, columns.n_families, columns.n_series, columns.n_occurrences)
        name = [np.full(stop - start, word), np.arange(start + 1, stop + 1)]
        return [*name, *(column[some] for column in counts)]

    def spans(start: int, stop: int) -> Spans:
        some = slice(start, stop)
        return spans_of(rows.texts, columns.document[some], columns.start[some], columns.end[some])

    def keys(start: int, stop: int) -> Strings:
        if bare:
            here, lengths = np.arange(start, stop), bare.lengths[start:stop]
            return span_strings(spans_of(bare, here, np.zeros(len(here), np.int64), lengths), JSON)
        some = columns.key[start:stop]
        return json_strings(some) if mode == JSON else strings([plain_text(key) for key in some])

    return Sheet(layout, (), sizes, values, spans, keys)


def document_sheet(rows: DocumentRows) -> Sheet:
    """``documents``."""
    columns = rows.columns
    sources = list(dict.fromkeys(rows.sources))
    place = {name: number for number, name in enumerate(sources)}
    source = np.fromiter((place[name] for name in rows.sources), dtype=np.int64, count=len(rows))
    record = np.fromiter(rows.rows, dtype=np.int64, count=len(rows))
    masks, flags = np.unique(columns.flags, return_inverse=True)
    layout = Layout()
    layout.add("id", kernel.ID, 0, key=OPENS)
    layout.add("source", kernel.NAME, 1)
    layout.add("row", kernel.WHOLE, 2)
    layout.add("n_chars", kernel.WHOLE, 3)
    layout.add("originality", kernel.RATIO, 4)
    layout.add("originality_1k", kernel.RATIO, 5)
    layout.add("n_families", kernel.WHOLE, 6)
    first = 10
    for number, name in enumerate(PART_NAMES, start=first):
        layout.add(name, kernel.WHOLE, number, key=',"{}":' if number > first else ',"parts":{"{}":')
    layout.add_counts("n_findings", FINDING_KINDS, first + len(PART_NAMES), key='},"{}":')
    layout.add("duplicate_of", kernel.ID, 7)
    layout.add("flags", kernel.NAME, 8)
    layout.add("score_version", kernel.WHOLE, 9)
    layout.add("", kernel.WORD, key=ENDS)
    names = [[name for bit, name in enumerate(columns.flag_names) if mask >> bit & 1] for mask in masks.tolist()]
    first_source, first_flags = (
        layout.add_names(sources),
        layout.add_names([json_text(some) for some in names], bare=True),
    )

    def values(start: int, stop: int) -> list[NDArray[Any]]:
        some, here = slice(start, stop), np.arange(start, stop)
        parts = columns.parts[some]
        return [
            here,
            source[some] + first_source,
            record[some],
            parts.sum(axis=1),
            columns.originality[some],
            columns.originality_1k[some],
            np.full(stop - start, rows.n_families),
            np.where(columns.head[some] == here, -1, columns.head[some]),
            flags[some] + first_flags,
            np.full(stop - start, rows.score_version),
            *list(parts.T),
            *list(columns.n_findings[some].T),
        ]

    return Sheet(layout, rows.ids, np.zeros(len(rows), dtype=np.int64), values)
