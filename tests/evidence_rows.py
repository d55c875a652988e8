"""Findings by their definitions, an object each: what `results.evidence` and `matching.spun` must equal.

`Material` is what a scan knows when it comes to its findings, for some texts; converters go from rows to columns and
back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from alignments import TokenRange, align_tokens, literal_spans
from corpora import columns
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

from detector.matching.blocks import block_groups
from detector.matching.clusters import passage_groups
from detector.matching.families import find_families
from detector.matching.matches import Matches, find_matches
from detector.matching.phrases import PhraseTable, find_phrases
from detector.matching.skeletons import passage_keys
from detector.model import FINDING_KINDS, PART_NAMES, Document, Finding, Hit, Parts
from detector.results.evidence import RULE_PARTS, AnalysisColumns
from detector.rules.artefacts import find_script_errors, find_year_swaps
from detector.rules.junk import find_junk
from detector.rules.marks import find_marks
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.tables.columns import CLUSTER_LEVELS, FindingColumns, GroupColumns, HitColumns, ScoreColumns
from detector.tables.score import Score, ratio
from detector.text.folding import DIGIT, plain
from detector.text.passages import Passages
from detector.text.texts import Texts
from detector.text.tokens import Tokens


class Group(NamedTuple):
    """One cluster: its members are passages ``first[m]`` to ``last[m]`` (half-open) of ``document[m]``."""

    document: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


class Analysis(NamedTuple):
    """The columns of a corpus that findings are made of; ``family`` is a row per document."""

    documents: Sequence[Document]
    tokens: Tokens
    passages: Passages
    family: NDArray[np.int64]
    matches: Matches
    phrases: PhraseTable


def rule_findings(analysis: Analysis, hits: Sequence[Sequence[Hit]]) -> Iterator[Finding]:
    """Findings of the rules; a placeholder claims the clause around it. ``hits`` is a list per document."""
    passages = analysis.passages
    bounds = np.searchsorted(passages.clause_document, np.arange(len(analysis.documents) + 1)).tolist()
    for row, document in enumerate(analysis.documents):
        starts = passages.clause_start[bounds[row] : bounds[row + 1]]
        for hit in hits[row]:
            evidence: dict[str, Any] = dict(hit.evidence)
            if hit.kind == "placeholder":
                clause = bounds[row] + int(np.searchsorted(starts, hit.start, side="right")) - 1
                evidence["claims"] = [[int(passages.clause_start[clause]), int(passages.clause_end[clause])]]
            part = RULE_PARTS.get(hit.kind)
            text = document.text[hit.start : hit.end]
            yield Finding(document.id, hit.start, hit.end, hit.kind, hit.rule, text, None, None, 1.0, part, evidence)


def match_findings(
    analysis: Analysis, group_of: NDArray[np.int64], groups: Sequence[Group], names: Sequence[str]
) -> Iterator[Finding]:
    """A ``passage`` finding for each match in another document, a ``repeat`` for each earlier one in its own.

    ``group_of`` is the group of each row of the matches or -1, ``names`` the clusters' ids.
    """
    matches, passages, family = analysis.matches, analysis.passages, analysis.family
    n_families = [len(np.unique(family[group.document])) for group in groups]
    for row in np.flatnonzero((matches.partner >= 0) | (matches.earlier >= 0)).tolist():
        group = int(group_of[row])
        cluster = names[group] if group >= 0 else None
        here = int(matches.passage[row])
        if matches.partner[row] >= 0:
            other = int(matches.passage[matches.partner[row]])
            elsewhere = bool(matches.elsewhere[row])
            among = max(n_families[group] if group >= 0 else 1, 2 if elsewhere else 1)
            score = ratio(float(matches.partner_ratio[row]), 1.0)
            evidence: dict[str, Any] = {"doc": analysis.documents[int(passages.document[other])].id}
            evidence |= _claims(analysis, here, other)
            yield _passage_finding(
                analysis, here, ("passage", cluster, among, score, "shared" if elsewhere else None), evidence
            )
        if matches.earlier[row] >= 0:
            other = int(matches.passage[matches.earlier[row]])
            score = ratio(float(matches.earlier_ratio[row]), 1.0)
            yield _passage_finding(
                analysis, here, ("repeat", cluster, 1, score, "repeated"), _claims(analysis, here, other)
            )


def block_findings(analysis: Analysis, blocks: Sequence[Group], names: Sequence[str]) -> Iterator[Finding]:
    """A ``passage`` finding for each passage too short to be compared alone that stands in a shared block.

    A heading or a list item of three words proves nothing; between passages that another family has around the very
    same one it was copied with them. Of several blocks the one that most families have speaks, then the first.
    """
    chosen: dict[int, tuple[int, int, int]] = {}
    compared = np.zeros(len(analysis.passages.start), dtype=bool)
    compared[analysis.matches.passage] = True
    for number, group in enumerate(blocks):
        family = analysis.family[group.document]
        n_families = len(np.unique(family))
        short = np.flatnonzero(~compared[group.first[0] : group.last[0]]).tolist()
        other = group.first[np.where(family != family[0], 0, int(np.argmax(family != family[0])))].tolist()
        for first, elsewhere in zip(group.first.tolist(), other, strict=True):
            for place in short:
                verdict = (n_families, number, elsewhere + place)
                if n_families > chosen.get(first + place, (0,))[0]:
                    chosen[first + place] = verdict
    for here, (n_families, number, other_passage) in sorted(chosen.items()):
        document = analysis.documents[int(analysis.passages.document[other_passage])]
        evidence = {"doc": document.id} | _claims(analysis, here, other_passage)
        yield _passage_finding(analysis, here, ("passage", names[number], n_families, 1.0, "shared"), evidence)


def _passage_finding(
    analysis: Analysis, passage: int, verdict: tuple[str, str | None, int, float, str | None], evidence: dict[str, Any]
) -> Finding:
    kind, cluster, n_families, score, part = verdict
    document = analysis.documents[int(analysis.passages.document[passage])]
    start, end = int(analysis.passages.start[passage]), int(analysis.passages.end[passage])
    text = document.text[start:end]
    return Finding(document.id, start, end, kind, None, text, cluster, n_families, score, part, evidence)


def _claims(analysis: Analysis, here: int, other: int) -> dict[str, Any]:
    """Where the other passage stands, and which spans of this one they have in common."""
    tokens, passages = analysis.tokens, analysis.passages
    rows, other_rows = passage_rows(passages, here), passage_rows(passages, other)
    span = (int(passages.start[here]), int(passages.end[here]))
    literals = literal_spans(tokens, span, rows, align_tokens(tokens, rows, other_rows))
    evidence: dict[str, Any] = {"start": int(passages.start[other]), "end": int(passages.end[other])}
    if literals != [span]:
        evidence["claims"] = [list(literal) for literal in literals]
    return evidence


def passage_rows(passages: Passages, passage: int) -> TokenRange:
    """The token rows of a passage."""
    return TokenRange(int(passages.tokens[passage]), int(passages.tokens[passage + 1]))


def phrase_findings(analysis: Analysis, names: Sequence[str]) -> Iterator[Finding]:
    """A finding for each occurrence of a phrase that lies in no longer one; ``names`` are the phrases' ids.

    Slots are not claimed: the figures in a slogan are the document's own.
    """
    phrases, tokens = analysis.phrases, analysis.tokens
    marked = np.flatnonzero(phrases.longest)
    document = np.searchsorted(tokens.indptr, phrases.token[marked], side="right") - 1
    last = phrases.token[marked] + phrases.n_all[phrases.phrase[marked]] - 1
    columns = (document, phrases.token[marked], last, phrases.phrase[marked])
    for row, first, final, phrase in zip(*(column.tolist() for column in columns), strict=True):
        item = analysis.documents[row]
        start, end = int(tokens.start[first]), int(tokens.end[final])
        evidence: dict[str, Any] = {}
        if phrases.n_all[phrase] > phrases.n_tokens[phrase]:
            evidence["claims"] = _without_slots(tokens, first, final + 1)
        n_families, text = int(phrases.n_families[phrase]), item.text[start:end]
        yield Finding(item.id, start, end, "phrase", None, text, names[phrase], n_families, 1.0, "phrase", evidence)


def _without_slots(tokens: Tokens, first: int, stop: int) -> list[list[int]]:
    """The spans of some token rows but for their numbers and marks; the first and last row are no slots."""
    claims = [[int(tokens.start[first]), int(tokens.end[stop - 1])]]
    for slot in (np.flatnonzero(tokens.kind[first:stop] >= DIGIT) + first).tolist():
        before, end = claims[-1]
        claims[-1:] = [[before, int(tokens.start[slot])], [int(tokens.end[slot]), end]]
    return [claim for claim in claims if claim[0] < claim[1]]


def spun_repeats(
    documents: Sequence[Document], tokens: Tokens, passages: Passages, *, min_tokens: int, is_junk: NDArray[np.bool_]
) -> list[list[Hit]]:
    """For each document the passages that say the end of the one before them again in other words.

    The end begins at a clause and has as many tokens; the ratio of their skeletons is at least 0.80, and they are not
    equal; where both have two numbers, a third of them is in both. One span over both. Both stand in one line: the
    items of a list resemble each other by right. Junk (``is_junk``, a row per passage) repeats itself anyway.
    """
    hits: list[list[Hit]] = [[] for _ in documents]
    length = np.where(is_junk, 0, np.diff(passages.tokens))
    follows = np.flatnonzero((passages.document[1:] == passages.document[:-1]) & (length[1:] >= min_tokens)) + 1
    for passage in follows[length[follows] <= length[follows - 1]].tolist():
        start, stop = passage_rows(passages, passage)
        document = int(passages.document[passage])
        between = documents[document].text[int(passages.end[passage - 1]) : int(passages.start[passage])]
        if len(f"{between}.".splitlines()) > 1:
            continue
        tail = start - (stop - start)
        before = passages.tokens[passage - 1]
        if tail != before and passages.clause[tail] == passages.clause[tail - 1]:
            continue
        if np.array_equal(tokens.skeleton[start:stop], tokens.skeleton[tail:start]):
            continue
        said, again = (
            Counter(int(tokens.name[row]) for row in range(*rows) if tokens.kind[row] == DIGIT)
            for rows in ((tail, start), (start, stop))
        )
        fewest = min(said.total(), again.total())
        if fewest >= 2 and 3 * (said & again).total() < fewest:
            continue
        score = Indel.normalized_similarity(skeleton_text(tokens, tail, start), skeleton_text(tokens, start, stop))
        if score >= 0.80:
            begin, end = int(tokens.start[tail]), int(passages.end[passage])
            claims = [[int(passages.start[passage]), end]]
            evidence = {"ratio": ratio(score, 1.0), "claims": claims}
            hits[document].append(Hit(begin, end, "spun_repeat", "artefact.spun_repeat", evidence))
    return hits


def skeleton_text(tokens: Tokens, start: int, stop: int) -> list[int]:
    """The characters of the skeleton of some token rows, as RapidFuzz takes them."""
    characters: list[int] = tokens.points[tokens.point_indptr[start] : tokens.point_indptr[stop]].tolist()
    return characters


def in_order(findings: Iterable[Finding], documents: Sequence[Document]) -> list[Finding]:
    """Findings by document order, then start, the longer first, then kind and rule."""
    order = {document.id: row for row, document in enumerate(documents)}
    return sorted(findings, key=lambda item: (order[item.doc], item.start, -item.end, item.kind, item.rule or ""))


# what a scan knows when it comes to its findings


class Material(NamedTuple):
    """All that findings are made of, as rows and as columns."""

    analysis: Analysis
    hits: list[list[Hit]]
    is_junk: NDArray[np.bool_]
    group_of: NDArray[np.int64]
    groups: list[Group]
    blocks: list[Group]
    n_families: int

    @property
    def texts(self) -> Texts:
        return Texts.of(document.text for document in self.analysis.documents)

    @property
    def columns(self) -> AnalysisColumns:
        return AnalysisColumns(self.texts, *self.analysis[1:])


def material(texts: Sequence[str], seed: int = 1) -> Material:
    """The steps of a scan up to its findings."""
    table = load_rules(Settings())
    items = [Document(f"d{row:06d}", text) for row, text in enumerate(texts)]
    tokens, passages = columns(*texts)
    families = find_families(tokens, threshold=0.8, seed=seed)
    hits = []
    for text in texts:
        folded = plain(text)
        junk = find_junk(text, folded, table)
        marks = [mark for mark in find_marks(folded, table) if not any(_within(mark, hit) for hit in junk)]
        hits.append([*junk, *marks, *find_year_swaps(folded), *find_script_errors(text, folded)])
    junk_tokens = np.zeros(len(tokens.start), dtype=bool)
    for row, found in enumerate(hits):
        own = slice(int(tokens.indptr[row]), int(tokens.indptr[row + 1]))
        for hit in found:
            if hit.kind == "junk":
                junk_tokens[own] |= (tokens.start[own] < hit.end) & (tokens.end[own] > hit.start)
    bounds = passages.tokens
    is_junk = np.array([bool(junk_tokens[a:b].all()) for a, b in pairwise(bounds.tolist())], dtype=bool)
    matches = find_matches(
        tokens, passages, families.number, threshold=0.8, min_tokens=8, seed=seed, is_junk=is_junk
    )  # fmt: skip
    phrases = find_phrases(tokens, passages, junk_tokens, families.number, min_families=2)
    groups, group_of = passage_groups(matches, passages)
    keys = passage_keys(tokens, passages)
    blocks = block_groups(matches, group_of, passages, keys, is_junk=is_junk, family=families.number)
    analysis = Analysis(items, tokens, passages, families.number, matches, phrases)
    return Material(analysis, hits, is_junk, group_of, groups_of(groups), groups_of(blocks), families.n_families)


def _within(mark: Hit, junk: Hit) -> bool:
    return junk.start <= mark.start and mark.end <= junk.end


def findings_of(made: Material, hits: Sequence[Sequence[Hit]]) -> list[Finding]:
    """All findings by their definitions, in order."""
    analysis = made.analysis
    names = [[f"{level}-{row}" for row in range(1, len(of) + 1)] for level, of in (
        ("passage", made.groups), ("block", made.blocks), ("phrase", analysis.phrases.first)
    )]  # fmt: skip
    return in_order(
        [
            *rule_findings(analysis, hits),
            *match_findings(analysis, made.group_of, made.groups, names[0]),
            *block_findings(analysis, made.blocks, names[1]),
            *phrase_findings(analysis, names[2]),
        ],
        analysis.documents,
    )


# rows to columns and back


def hit_columns(hits: Sequence[Sequence[Hit]]) -> HitColumns:
    """Hits of each document as columns."""
    flat = [hit for found in hits for hit in found]
    names = list(dict.fromkeys(hit.rule for hit in flat))
    extras = [hit.evidence for hit in flat if hit.evidence]
    numbers = iter(range(len(extras)))
    return HitColumns(
        indptr=np.cumsum([0, *map(len, hits)], dtype=np.int64),
        start=np.array([hit.start for hit in flat], dtype=np.int32),
        end=np.array([hit.end for hit in flat], dtype=np.int32),
        kind=np.array([FINDING_KINDS.index(hit.kind) for hit in flat], dtype=np.uint8),
        rule=np.array([names.index(hit.rule) for hit in flat], dtype=np.int16),
        extra=np.array([next(numbers) if hit.evidence else -1 for hit in flat], dtype=np.int32),
        rule_names=names,
        extras=extras,
    )


def hit_rows(hits: HitColumns) -> list[list[Hit]]:
    """The inverse of `hit_columns`."""
    return [
        [
            Hit(
                int(hits.start[row]),
                int(hits.end[row]),
                FINDING_KINDS[hits.kind[row]],
                hits.rule_names[hits.rule[row]],
                hits.extras[hits.extra[row]] if hits.extra[row] >= 0 else {},
            )
            for row in range(begin, end)
        ]
        for begin, end in pairwise(hits.indptr.tolist())
    ]


def groups_of(groups: GroupColumns) -> list[Group]:
    """Columns as groups."""
    columns = [column.astype(np.int64) for column in (groups.document, groups.first, groups.last)]
    return [Group(*(column[begin:end] for column in columns)) for begin, end in pairwise(groups.indptr.tolist())]


def group_columns(groups: Sequence[Group]) -> GroupColumns:
    """Groups as columns."""
    indptr = np.cumsum([0, *(len(group.document) for group in groups)], dtype=np.int64)
    empty = [np.empty(0, dtype=np.int64)]
    document, first, last = (
        np.concatenate([group[field] for group in groups] or empty).astype(np.int32) for field in (0, 1, 2)
    )
    return GroupColumns(indptr, document, first, last, np.full(len(first), np.nan))


def finding_rows(found: FindingColumns, documents: Sequence[Document]) -> list[Finding]:
    """Findings as rows."""
    rows = []
    for row, document in enumerate(found.document.tolist()):
        start, end, level = int(found.start[row]), int(found.end[row]), int(found.level[row])
        evidence: dict[str, Any] = dict(found.extras[found.extra[row]]) if found.extra[row] >= 0 else {}
        if found.other[row] >= 0:
            evidence["doc"] = documents[found.other[row]].id
        if found.other_start[row] >= 0:
            evidence |= {"start": int(found.other_start[row]), "end": int(found.other_end[row])}
        claims = slice(int(found.claim_indptr[row]), int(found.claim_indptr[row + 1]))
        if not found.whole[row]:
            evidence["claims"] = np.stack((found.claim_start[claims], found.claim_end[claims]), axis=1).tolist()
        else:
            assert claims.start == claims.stop
        item = documents[document]
        rows.append(
            Finding(
                item.id,
                start,
                end,
                FINDING_KINDS[found.kind[row]],
                found.rule_names[found.rule[row]] if found.rule[row] >= 0 else None,
                item.text[start:end],
                f"{CLUSTER_LEVELS[level]}-{found.cluster[row]}" if level else None,
                int(found.n_families[row]) or None,
                int(found.score[row]) / 1_000_000,
                PART_NAMES[found.part[row]] if found.part[row] >= 0 else None,
                evidence,
            )
        )
    return rows


def score_rows(scores: ScoreColumns) -> list[Score]:
    """Scores as rows."""
    none = [None if value < 0 else value / 1_000_000 for value in scores.originality.tolist()]
    none_1k = [None if value < 0 else value / 1_000_000 for value in scores.originality_1k.tolist()]
    parts = [Parts(*row) for row in scores.parts.tolist()]
    return [Score(*row) for row in zip(parts, none, none_1k, strict=True)]
