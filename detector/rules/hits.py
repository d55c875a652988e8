"""Hits: what the rules find in all texts of a corpus, as columns.

Texts are read block by block: compiled passes fold a block, split it into lines and tell every place where a rule could
match; patterns are tried only there. `detector.rules.marks`, `detector.rules.junk` and `detector.rules.artefacts` hold
the definitions for one text, and decide here too; ``tests/test_hits.py`` proves that both ways find the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.broken import count_broken
from detector.kernels.marking import all_marked, cut_overlaps, mark_tokens
from detector.machine.ranges import document_ranges
from detector.machine.workspace import Workspace
from detector.model import FINDING_KINDS, Hit, Span
from detector.rules.artefacts import (
    ANNIVERSARY,
    FLAG_NAMES,
    MIN_ANNIVERSARIES,
    MIN_SPUN_SIGNALS,
    SCRIPT_ERROR,
    SPUN_RULES,
    begins_broken,
    is_broken,
    is_converted,
)
from detector.rules.block_hits import BlockHits, EdgeLines, Settled
from detector.rules.frames import SITE_FRAME
from detector.rules.junk import (
    FREQUENT,
    EdgeLine,
    frequency_key,
    frequent_of,
    may_be_frequent,
    min_frequent,
)
from detector.rules.page_phrases import edge_words, page_words
from detector.rules.pages import PAGE_LINE
from detector.rules.protecting import ProtectedSpans
from detector.rules.rule_plan import Plan, make_plan, rule_names
from detector.rules.rule_tables import RuleTable
from detector.rules.script_errors import ScriptErrors, evidence_of_errors
from detector.tables.columns import HitColumns
from detector.text.folding import plain
from detector.text.passages import Passages
from detector.text.texts import Texts
from detector.text.tokens import Tokens

BLOCK_CHARACTERS = 2_000_000
"""Texts are read in blocks of about this size."""

NO_SERIES = -1

_KIND = {kind: number for number, kind in enumerate(FINDING_KINDS)}
_JUNK = _KIND["junk"]


class RuleHits(NamedTuple):
    """What the rules say of each document alone; marks are sorted and do not overlap."""

    marks: HitColumns
    junk: HitColumns
    artefacts: HitColumns
    edges: EdgeLines


def prepare_rules(table: RuleTable) -> None:
    """Make beforehand what no text changes, which takes a tenth of a second."""
    _plan(table)
    if table.does(PAGE_LINE):
        page_words()
    if table.does(SITE_FRAME):
        edge_words()
    begins_broken()


def _plan(table: RuleTable) -> Plan:
    return table.kept("plan", lambda: make_plan(table))


def find_hits(texts: Texts, table: RuleTable, work: Workspace) -> RuleHits:
    """Marks, junk and artefacts of every document, and the lines that could be frequent."""
    plan = _plan(table)
    ranges = document_ranges(texts.lengths, BLOCK_CHARACTERS) or [(0, 0)]
    blocks = work.map(lambda rows: BlockHits(texts, table, plan, *rows).find(), ranges)
    names = rule_names(table)
    n = len(texts)
    n_edges = None if table.does(FREQUENT) else 0
    edges = zip(*(block.edges for block in blocks), strict=True)
    marks = hit_columns(n, (item for block in blocks for item in block.marks), names)
    junk = hit_columns(n, (item for block in blocks for item in block.junk), names)
    artefacts = hit_columns(n, (item for block in blocks for item in block.artefacts), names)
    return RuleHits(
        joined([marks, _settled_columns(n, [block.settled_marks for block in blocks], "placeholder", names)]),
        joined([junk, _settled_columns(n, [block.settled_junk for block in blocks], "junk", names)]),
        joined([artefacts, _error_columns(n, [block.errors for block in blocks], names)]),
        EdgeLines(*(np.concatenate(parts)[:n_edges] for parts in edges)),
    )


def _settled_columns(n_documents: int, blocks: Sequence[Settled], kind: str, names: Sequence[str]) -> HitColumns:
    """Settled hits as columns; ``kind`` is what those are that are no masks."""
    document, start, end, is_mask, rule = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return HitColumns(
        np.searchsorted(document, np.arange(n_documents + 1)).astype(np.int64),
        start.astype(np.int32),
        end.astype(np.int32),
        np.where(is_mask, np.uint8(_KIND["masked"]), np.uint8(_KIND[kind])),
        rule.astype(np.int16),
        np.full(len(start), -1, dtype=np.int32),
        names,
        [],
    )


def _error_columns(n_documents: int, blocks: Sequence[ScriptErrors], names: Sequence[str]) -> HitColumns:
    """Wrong characters as columns; those of one word share their evidence."""
    document, start, evidence = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    used, extra = np.unique(evidence, return_inverse=True)
    return HitColumns(
        np.searchsorted(document, np.arange(n_documents + 1)).astype(np.int64),
        start.astype(np.int32),
        (start + 1).astype(np.int32),
        np.full(len(start), _KIND["script_error"], dtype=np.uint8),
        np.full(len(start), names.index(SCRIPT_ERROR) if len(start) else 0, dtype=np.int16),
        extra.astype(np.int32),
        names,
        [evidence_of_errors()[row] for row in used.tolist()],
    )


def hit_columns(n_documents: int, found: Iterable[tuple[int, Hit]], names: Sequence[str]) -> HitColumns:
    """Hits as columns; they come in document order."""
    found, number = list(found), {name: at for at, name in enumerate(names)}
    extra = np.full(len(found), -1, dtype=np.int32)
    evident = [row for row, (_, hit) in enumerate(found) if hit.evidence]
    extra[evident] = np.arange(len(evident))
    document = np.array([document for document, _ in found], dtype=np.int64)
    return HitColumns(
        np.searchsorted(document, np.arange(n_documents + 1)).astype(np.int64),
        np.array([hit.start for _, hit in found], dtype=np.int32),
        np.array([hit.end for _, hit in found], dtype=np.int32),
        np.array([_KIND[hit.kind] for _, hit in found], dtype=np.uint8),
        np.array([number[hit.rule] for _, hit in found], dtype=np.int16),
        extra, names, [found[row][1].evidence for row in evident],
    )  # fmt: skip


def site_and_own(
    found: RuleHits,
    texts: Texts,
    families: NDArray[np.int64],
    series: NDArray[np.int64],
    protected: ProtectedSpans | None = None,
) -> HitColumns:
    """Every hit of a rule, by document: those of its own text, and the lines that its series repeats.

    ``families`` and ``series`` are the family and the series (-1: none) of each document. Junk comes first, in order
    and cut so that none overlaps, then the marks outside it (a mark inside junk stays a mark of the tokens but is no
    finding: the site left it, nobody had to fill it in), then artefacts. What touches a ``protected`` phrase is no hit.
    """
    names = found.junk.rule_names
    more = hit_columns(len(texts), sorted(_frequent(found.edges, texts, families, series), key=_document_of), names)
    junk = _cut(_unprotected(joined([found.junk, more]), protected))
    marks = _without(_unprotected(found.marks, protected), junk)
    return joined([junk, marks, _unprotected(found.artefacts, protected)])


def _unprotected(hits: HitColumns, protected: ProtectedSpans | None) -> HitColumns:
    """The hits that touch no protected phrase."""
    if protected is None or not len(protected.document):
        return hits
    return _taken(hits, ~protected.touch(_documents(hits), hits.start.astype(np.int64), hits.end.astype(np.int64)))


def _document_of(item: tuple[int, Hit]) -> int:
    return item[0]


def _frequent(
    edges: EdgeLines, texts: Texts, families: NDArray[np.int64], series: NDArray[np.int64]
) -> list[tuple[int, Hit]]:
    """The frequent lines; their text is read only where enough families have a line of that hash."""
    rows = np.flatnonzero(series[edges.document] != NO_SERIES)
    if not len(rows):
        return []
    of_series, of_family = series[edges.document[rows]], families[edges.document[rows]]
    known = np.flatnonzero(series != NO_SERIES)
    members = np.unique(np.stack((series[known], families[known])), axis=1)[0]
    sizes = dict(zip(*(column.tolist() for column in np.unique(members, return_counts=True)), strict=True))
    order = np.lexsort((of_family, edges.hashes[rows], of_series))
    name, key, family = of_series[order], edges.hashes[rows][order], of_family[order]
    new_key = np.concatenate(([True], (name[1:] != name[:-1]) | (key[1:] != key[:-1])))
    new_family = new_key | np.concatenate(([True], family[1:] != family[:-1]))
    group = np.cumsum(new_key) - 1
    n_families = np.bincount(group[new_family])
    least = np.array([min_frequent(sizes[number]) for number in name[new_key].tolist()])
    wanted = np.sort(rows[order[(n_families >= least)[group]]])
    may_be: dict[str, bool] = {}
    lines = []
    for row in wanted.tolist():
        document, start, end = int(edges.document[row]), int(edges.start[row]), int(edges.end[row])
        line = plain(texts.slice(document, start, end))
        if line not in may_be:
            may_be[line] = may_be_frequent(line)
        if may_be[line]:
            lines.append(EdgeLine(document, Span(start, end), frequency_key(line)))
    return frequent_of(lines, families=families.tolist(), series=series.tolist()) if lines else []


def _documents(hits: HitColumns) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(hits.indptr) - 1), np.diff(hits.indptr))


def _taken(hits: HitColumns, rows: NDArray[Any]) -> HitColumns:
    """Some hits (rows ascending by document, or a mask)."""
    document = _documents(hits)[rows]
    indptr = np.searchsorted(document, np.arange(len(hits.indptr))).astype(np.int64)
    return hits._replace(indptr=indptr, **{name: getattr(hits, name)[rows] for name in _ROW_FIELDS})


_ROW_FIELDS = ("start", "end", "kind", "rule", "extra")


def joined(parts: Sequence[HitColumns]) -> HitColumns:
    """The hits of each document from all parts, part after part."""
    names = sorted({name for part in parts for name in part.rule_names})
    number = {name: at for at, name in enumerate(names)}
    document = np.concatenate([_documents(part) for part in parts])
    order = np.argsort(document, kind="stable")
    base = np.cumsum([0, *(len(part.extras) for part in parts)])
    extra = [np.where(part.extra >= 0, part.extra + base[at], -1) for at, part in enumerate(parts)]
    rule = [np.array([number[name] for name in part.rule_names], np.int16)[part.rule] for part in parts]
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])[order] for name in ("start", "end", "kind")
    }
    return HitColumns(
        indptr=np.sum([part.indptr for part in parts], axis=0, dtype=np.int64),
        **columns,
        rule=np.concatenate(rule)[order],
        extra=np.concatenate(extra)[order].astype(np.int32),
        rule_names=names,
        extras=[row for part in parts for row in part.extras],
    )


def _cut(hits: HitColumns) -> HitColumns:
    """Hits in order, each cut to what those before it leave of it; of two that begin together the longer is first."""
    document = _documents(hits)
    order = np.lexsort((hits.rule, -hits.end, hits.start, document))
    kept = _taken(hits, order)
    keep = np.empty(len(order), dtype=np.bool_)
    cut_overlaps(document, kept.start, kept.end, keep)
    return _taken(kept, keep)


def _without(marks: HitColumns, junk: HitColumns) -> HitColumns:
    """The marks that lie in no junk."""
    scale = 1 << 32
    document = _documents(marks)
    begins = _documents(junk) * scale + junk.start
    before = np.searchsorted(begins, document * scale + marks.start, side="right") - 1
    if not len(begins):
        return marks
    inside = (before >= junk.indptr[document]) & (junk.end[before] >= marks.end)
    return _taken(marks, ~inside)


def junk_tokens(tokens: Tokens, hits: HitColumns, out: NDArray[Any]) -> None:
    """Write to ``out`` (uint8, a bit per token, eight in each) whether a token lies in junk."""
    out[:] = 0
    junk = hits.kind == _JUNK
    mark_tokens(
        tokens.where, tokens.indptr, _documents(hits)[junk],
        hits.start[junk].astype(np.int64), hits.end[junk].astype(np.int64), out,
    )  # fmt: skip


def junk_passages(passages: Passages, is_junk: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether all tokens of a passage are junk; ``is_junk`` as `junk_tokens` writes it."""
    out = np.empty(len(passages.tokens) - 1, dtype=np.bool_)
    all_marked(passages.tokens, is_junk, out)
    return out


flag_names = FLAG_NAMES


def flags(texts: Texts, hits: HitColumns, work: Workspace | None = None) -> NDArray[np.uint8]:
    """The flags of each document by its text and its findings of all kinds: a bit for each place in `flag_names`."""
    n = len(texts)
    counts = np.empty((n, 2), dtype=np.int64)

    def count(block: tuple[int, int]) -> None:
        some = slice(*block)
        count_broken(texts.points, texts.start[some], texts.stop[some], begins_broken(), counts[some])

    (work or Workspace()).map(count, document_ranges(texts.lengths, BLOCK_CHARACTERS))
    bits = np.zeros(n, dtype=np.uint8)

    def raise_flag(name: str, rows: Iterable[int]) -> None:
        bits[list(rows)] |= 1 << FLAG_NAMES.index(name)

    per_document = _counter(hits)
    errors = per_document(hits.kind == _KIND["script_error"])
    rows = np.flatnonzero(errors).tolist()
    raise_flag("machine_converted", (row for row in rows if is_converted(int(errors[row]), int(counts[row, 0]))))
    lengths = texts.lengths.tolist()
    rows = np.flatnonzero(counts[:, 1]).tolist()
    raise_flag("mojibake", (row for row in rows if is_broken(int(counts[row, 1]), lengths[row])))
    numbers = [at for at, name in enumerate(hits.rule_names) if name in SPUN_RULES]
    spun = per_document((hits.kind == _KIND["spun_repeat"]) | np.isin(hits.rule, numbers))
    raise_flag("spun", np.flatnonzero(spun >= MIN_SPUN_SIGNALS).tolist())
    anniversary = [at for at, name in enumerate(hits.rule_names) if name == ANNIVERSARY]
    swapped = hits.kind == _KIND["year_swap"]
    certain = per_document(swapped & ~np.isin(hits.rule, anniversary))
    many = per_document(swapped) >= MIN_ANNIVERSARIES
    raise_flag("year_swapped", np.flatnonzero(many | (certain > 0)).tolist())
    return bits


def _counter(hits: HitColumns) -> Callable[[NDArray[np.bool_]], NDArray[np.int64]]:
    """Counts, per document, the hits that a mask over all of them selects."""
    document = _documents(hits)
    return lambda mask: np.bincount(document[mask], minlength=len(hits.indptr) - 1)
