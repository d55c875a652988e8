"""Evidence: what the steps found, as findings that point at raw text and say why.

This is where columns become rows. Every finding that feeds a part of the score carries the spans that it claims, so
that the score can be replayed from the findings alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

from detector.alignment import TokenRange, align_tokens, literal_spans
from detector.clusters import Group
from detector.folding import DIGIT
from detector.matches import Matches
from detector.model import Document, Finding, Hit
from detector.passages import Passages
from detector.phrases import PhraseTable
from detector.score import ratio
from detector.tokens import Tokens

RULE_PARTS = {"junk": "junk", "placeholder": "unfilled", "spun_repeat": "repeated"}
"""The part that a finding of a rule feeds; kinds that are not here feed none."""

MIN_SPUN_RATIO = 0.80


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
    equal. One span over both. Both stand in one line: the items of a list resemble each other by right. Junk
    (``is_junk``, a row per passage) repeats itself anyway.
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
        score = Indel.normalized_similarity(skeleton_text(tokens, tail, start), skeleton_text(tokens, start, stop))
        if score >= MIN_SPUN_RATIO:
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
