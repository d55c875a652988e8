"""What the report on the terminal says, as plain rows: what is copied most, who left what blank, what stands there.

The page for a browser lists everything; here a row has to earn its place. So texts are ranked by what they explain that
no text before them does, and blanks are told by document, each with what other documents have in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.model import FINDING_KINDS, PART_NAMES, DocumentScore, Finding, Span
from detector.report.blanks import Filled, filled_elsewhere, knows_templates
from detector.report.cover import most_explained
from detector.report.data import Sample, Top, shared_text, top_documents
from detector.report.lookup import Lookup, measure
from detector.report.spans import Run, compared, without_tail
from detector.tables.columns import CLUSTER_LEVELS
from detector.tables.rows import DocumentRows, FindingRows, MemberRows
from detector.text.folding import is_blank

if TYPE_CHECKING:
    from detector.results.index import Scan

COPIED_LEVELS = ("block", "passage")
MAX_PLACES = 8
"""Documents that a row names."""
MAX_MEMBERS = 500
"""Members of a cluster that are looked at for blanks."""
MAX_LOOKED = 40
"""Blanks of a document that are looked at for one that others have filled in."""
CONTEXT = 80
"""Characters of its line on either side of a blank."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A shared paragraph or sentence: ``n_chars`` are those of all its places that no row before it explains.

    ``runs`` are its text beside that of the member which shows best how members differ; alike where there is none.
    ``docs`` are the first of its documents, ``blank_in`` the first of those that left a blank in it.
    """

    id: str
    n_chars: int
    n_families: int
    n_documents: int
    n_places: int
    example: Sample
    ratio: float
    runs: tuple[Run, ...]
    docs: tuple[str, ...]
    blank_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BlankRow:
    """A document with blanks: how many, the line of one of them, and what others have in its place.

    ``blanks`` are all that stand in the ``line``, as offsets in it; ``blank`` is the one that ``filled`` speaks of.
    """

    doc: str
    n_blanks: int
    share: float
    line: str
    blanks: tuple[Span, ...]
    blank: str
    filled: tuple[Filled, ...]


class Extremes(NamedTuple):
    """The least and the most original documents, and how many have text."""

    least: tuple[DocumentScore, ...]
    most: tuple[DocumentScore, ...]
    n_all: int


class _Occurrences(NamedTuple):
    """Members of clusters as columns: the number of the cluster in ``names``, document, start and end."""

    names: Sequence[str]
    owner: NDArray[np.int64]
    document: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


def most_copied(scan: Scan, rows: Lookup, limit: int) -> Top[Copied]:
    """Blocks and passages that several families have, in the order of a greedy cover; how many there are in all."""
    places = _occurrences(scan, rows)
    ranked = most_explained(
        places.owner, places.document, places.start, places.end, lambda some: _blank(scan, places, some), limit
    )
    found = tuple(_copied(places.names[item.phrase], item.n_chars, rows) for item in ranked)
    return Top(found, len(np.unique(places.owner)))


def _occurrences(scan: Scan, rows: Lookup) -> _Occurrences:
    """The members of all blocks and passages that two families have."""
    if isinstance(scan.members, MemberRows):
        columns = scan.members.columns
        levels = [CLUSTER_LEVELS.index(level) for level in COPIED_LEVELS]
        chosen = np.isin(columns.level, levels) & (columns.n_families > 1)
        owner = np.repeat(np.arange(len(chosen)), np.diff(columns.member_indptr))
        some = np.flatnonzero(chosen[owner])
        names = _Names(columns.level, columns.number)
        return _Occurrences(
            names,
            owner[some],
            *(np.asarray(column[some], np.int64) for column in (columns.document, columns.start, columns.end)),
        )
    clusters = [item for item in scan.clusters if item.level in COPIED_LEVELS and item.n_families > 1]
    number = {score.id: row for row, score in enumerate(scan.documents)}
    table = [
        (place, number[member.doc], member.start, member.end)
        for place, cluster in enumerate(clusters)
        for member in rows.members.get(cluster.id, ())
        if member.doc in number
    ]
    columns_of = np.array(table, dtype=np.int64).reshape(-1, 4).T
    return _Occurrences([cluster.id for cluster in clusters], *(np.ascontiguousarray(one) for one in columns_of))


class _Names(Sequence[str]):
    """The ids of clusters over columns, made when they are asked for."""

    def __init__(self, level: NDArray[np.uint8], number: NDArray[np.int32]) -> None:
        self._level, self._number = level, number

    def __len__(self) -> int:
        return len(self._level)

    def __getitem__(self, row: int) -> str:  # type: ignore[override]
        return f"{CLUSTER_LEVELS[int(self._level[row])]}-{int(self._number[row])}"


def _blank(scan: Scan, places: _Occurrences, some: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which characters of some occurrences are blank; none where the texts are not at hand."""
    sizes = (places.end - places.start)[some]
    if isinstance(scan.findings, FindingRows):
        texts = scan.findings.texts
        first = np.cumsum(sizes) - sizes
        base = texts.start[places.document[some]] + places.start[some]
        return np.asarray(is_blank()[texts.points[np.repeat(base - first, sizes) + np.arange(int(sizes.sum()))]])
    blank = np.zeros(int(sizes.sum()), dtype=np.bool_)
    at = 0
    for row, size in zip(some.tolist(), sizes.tolist(), strict=True):
        text = scan.texts.get(scan.documents[int(places.document[row])].id, "")
        here = text[int(places.start[row]) : int(places.end[row])]
        blank[at : at + len(here)] = [character.isspace() for character in here]
        at += size
    return blank


def _copied(name: str, n_chars: int, rows: Lookup) -> Copied:
    """One row."""
    item = shared_text(name, n_chars, rows)
    one = item.example.text
    other = item.example if item.other is None else item.other
    runs = compared(one, other.text) if one or other.text else []
    if item.example.n_more or other.n_more:
        runs = without_tail(runs)
    docs: dict[str, None] = {}
    for member in islice(rows.members[name], 4 * MAX_PLACES):
        docs.setdefault(member.doc)
    return Copied(
        id=name,
        n_chars=n_chars,
        n_families=item.n_families,
        n_documents=item.n_documents,
        n_places=item.n_members,
        example=item.example,
        ratio=other.ratio,
        runs=tuple(runs),
        docs=tuple(docs)[:MAX_PLACES],
        blank_in=tuple(islice(_blank_in(name, rows), MAX_PLACES)),
    )


def _blank_in(name: str, rows: Lookup) -> Iterator[str]:
    """The documents whose place of a cluster has a blank in it, of its first `MAX_MEMBERS` members."""
    seen = set()
    for member in islice(rows.members[name], MAX_MEMBERS):
        score = rows.scores.get(member.doc)
        if score is None or not score.n_findings.get("placeholder") or member.doc in seen:
            continue
        if any(
            finding.kind == "placeholder" and member.start <= finding.start < member.end
            for finding in rows.findings(member.doc)
        ):
            seen.add(member.doc)
            yield member.doc


def most_blank(scan: Scan, rows: Lookup, limit: int) -> Top[BlankRow]:
    """Documents with blanks, those first with most of them."""
    scores = _with_kind(scan, "placeholder", "unfilled", limit)
    return Top(tuple(_blank_row(scan, score, rows) for score in scores.rows), scores.n_all)


def _with_kind(scan: Scan, kind: str, part: str, limit: int) -> Top[DocumentScore]:
    """Documents with findings of a kind, those first with most of them, then with most characters in a part."""
    if isinstance(scan.documents, DocumentRows):
        columns = scan.documents.columns
        counts = columns.n_findings[:, FINDING_KINDS.index(kind)]
        with_any = np.flatnonzero(counts)
        sizes = columns.parts[with_any, PART_NAMES.index(part)]
        order = with_any[np.lexsort((-sizes, -counts[with_any]))][:limit]
        return Top(tuple(scan.documents[int(row)] for row in order), len(with_any))
    found = [score for score in scan.documents if score.n_findings.get(kind)]
    found.sort(key=lambda score: (-score.n_findings[kind], -getattr(score.parts, part), score.id))
    return Top(tuple(found[:limit]), len(found))


def _blank_row(scan: Scan, score: DocumentScore, rows: Lookup) -> BlankRow:
    """A document with the first of its blanks that others have filled in, else with the first of all."""
    findings = list(rows.findings(score.id))
    blanks = [finding for finding in findings if finding.kind == "placeholder"]
    deep = knows_templates(rows)
    chosen = blanks[0]
    filled: tuple[Filled, ...] = ()
    for finding in blanks[:MAX_LOOKED]:
        found = filled_elsewhere(finding, findings, rows, deep=deep)
        if found:
            chosen, filled = finding, found
            break
    line, start = _line_of(rows, chosen)
    marks = tuple(
        Span(finding.start - start, finding.end - start)
        for finding in blanks
        if start <= finding.start and finding.end <= start + len(line)
    )
    return BlankRow(
        doc=score.id,
        n_blanks=len(blanks),
        share=score.parts.share("unfilled"),
        line=line,
        blanks=_apart(marks),
        blank=chosen.text,
        filled=filled,
    )


def _line_of(rows: Lookup, finding: Finding) -> tuple[str, int]:
    """The line around a finding from the clause that it claims on, and where it begins; itself without the text."""
    claims = [span for span in finding.claims if span.start <= finding.start and span.end >= finding.end]
    low = min([finding.start, *(span.start for span in claims)])
    low = max(low, finding.start - CONTEXT)
    text = rows.text(finding.doc, low, finding.end + CONTEXT)
    if text is None:
        return finding.text, finding.start
    before = text[: finding.start - low].rpartition("\n")[2]
    after = text[finding.end - low :].partition("\n")[0].rstrip()
    return before + text[finding.start - low : finding.end - low] + after, finding.start - len(before)


def _apart(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans in order without those that overlap one before them."""
    found: list[Span] = []
    for span in sorted(spans):
        if not found or span.start >= found[-1].end:
            found.append(span)
    return tuple(found)


def extremes(scan: Scan, rows: Lookup, limit: int) -> Extremes:
    """The least original documents, and of the others the most original ones, the most original last."""
    least = top_documents(scan, limit).rows
    n_most = max(1, limit // 2)
    if isinstance(scan.documents, DocumentRows):
        columns = scan.documents.columns
        value = np.where(columns.originality_1k >= 0, columns.originality_1k, columns.originality)
        n_all = int((value >= 0).sum())
        order = np.lexsort((-columns.parts.sum(axis=1), value, value < 0))[:n_all]
        most = tuple(scan.documents[int(row)] for row in order[max(limit, n_all - n_most) :])
    else:
        ranked = [score for score in rows.documents(None) if measure(score) is not None]
        n_all = len(ranked)
        most = tuple(ranked[max(limit, n_all - n_most) :])
    return Extremes(tuple(score for score in least if measure(score) is not None), most, n_all)
