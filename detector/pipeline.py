"""The scan: from documents to findings, clusters, phrases and scores, one step after the other.

Data goes one way, in arrays; what a later step learns never changes an earlier one. The result does not depend on the
order of the documents: they are put in document order (by id) first.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector import passages as passage_module
from detector import tokens as token_module
from detector.artefacts import document_flags, find_script_errors, find_year_swaps
from detector.clusters import Group, block_groups, document_groups, passage_groups, passage_keys, series_numbers
from detector.errors import printable
from detector.evidence import (
    Analysis,
    block_findings,
    in_order,
    match_findings,
    phrase_findings,
    rule_findings,
    spun_repeats,
)
from detector.families import Families, find_families
from detector.folding import plain
from detector.index import Scan
from detector.junk import find_junk, frequent_lines
from detector.marks import find_marks
from detector.matches import find_matches
from detector.model import FINDING_KINDS, LEVELS, Corpus, Document, DocumentScore, Finding, Hit, Problem
from detector.passages import Passages, split_passages
from detector.phrases import find_phrases
from detector.reading import Reader
from detector.rules import load_rules
from detector.score import SCORE_VERSION, Score, score_document
from detector.settings import Settings
from detector.summary import summarise
from detector.tables import cluster_rows, phrase_rows
from detector.tokens import Tokens, join_block, tokenise

BLOCK_CHARACTERS = 4_000_000
"""Texts are tokenised in blocks of about this size: large enough for arrays, small enough for memory."""

STAGES = ("read", "rules", "tokens", "families", "matches", "phrases", "clusters", "scores")

Progress = Callable[[str, int, int], None]
"""Called with a stage of `STAGES`, the steps that are done and the steps in all (0: not known)."""


def _silent(stage: str, done: int, total: int) -> None:
    """No progress is shown."""


def scan(
    source: str | Path | Sequence[str | Path] | Iterable[Document] | Mapping[str, str],
    settings: Settings | None = None,
    *,
    progress: Progress = _silent,
) -> Scan:
    """Analyses a corpus: paths (files, folders, globs, ``-``), documents, or texts by id.

    Raises `InputError` where nothing can be read, `RuleError` where a rule table of the settings is refused.
    """
    settings = settings or Settings()
    clock = _Clock(progress)
    table = load_rules(settings)
    with clock.stage("read"):
        corpus, inputs = _corpus(source, settings, progress)
    documents = corpus.documents
    with clock.stage("rules"):
        found = _rule_hits(documents, table, progress)
    with clock.stage("tokens"):
        tokens, passages = _tokenised(documents, found.marks, progress)
    with clock.stage("families"):
        families = find_families(tokens, threshold=settings.family_jaccard, seed=settings.seed)
    series = [document.series for document in documents]
    hits = _site_and_own(found, families, series)
    is_junk = _junk_tokens(tokens, hits)
    junk_passages = _junk_passages(passages, is_junk)
    spun = spun_repeats(documents, tokens, passages, min_tokens=settings.min_passage_tokens, is_junk=junk_passages)
    for own, more in zip(hits, spun, strict=True):
        own.extend(more)
    with clock.stage("matches"):
        matches = find_matches(
            tokens,
            passages,
            families.number,
            threshold=settings.match_ratio,
            min_tokens=settings.min_passage_tokens,
            seed=settings.seed,
            is_junk=junk_passages,
        )
    with clock.stage("phrases"):
        phrases = find_phrases(tokens, passages, is_junk, families.number, min_families=settings.min_families)
    analysis = Analysis(documents, tokens, passages, families.number, matches, phrases)
    with clock.stage("clusters"):
        groups, group_of = passage_groups(matches, passages)
        keys = passage_keys(tokens, passages)
        blocks = block_groups(matches, group_of, passages, keys, is_junk=junk_passages, family=families.number)
        levels: list[list[Group]] = [document_groups(families, passages), blocks, groups]
        clusters, members = cluster_rows(analysis, levels, keys, series_numbers(series))
        names = {level: [cluster.id for cluster in clusters if cluster.level == level] for level in LEVELS}
        phrase_table = phrase_rows(analysis, series_numbers(series))
    with clock.stage("scores"):
        findings = in_order(
            [
                *rule_findings(analysis, hits),
                *match_findings(analysis, group_of, groups, names["passage"]),
                *block_findings(analysis, blocks, names["block"]),
                *phrase_findings(analysis, [phrase.id for phrase in phrase_table]),
            ],
            documents,
        )
        scores = _scores(documents, findings, hits, families)
    summary = summarise(
        corpus,
        settings,
        {
            "n_families": families.n_families,
            "n_passages": len(passages.start),
            "n_passages_matched": int(((matches.partner >= 0) | (matches.earlier >= 0)).sum()),
            "n_matched_alone": int((((matches.partner >= 0) | (matches.earlier >= 0)) & (group_of < 0)).sum()),
            "n_passages_crowded": matches.n_crowded,
            "n_documents_without_tokens": int((np.diff(tokens.indptr) == 0).sum()),
            "n_clusters": dict(Counter(cluster.level for cluster in clusters)),
            "n_phrases": len(phrase_table),
        },
        (scores, findings),
    )
    summary["run"] = {"inputs": inputs, "seconds": clock.seconds, "workers": 1, "peak_memory": _peak_memory()}
    return Scan(
        documents=tuple(scores),
        findings=tuple(findings),
        clusters=tuple(clusters),
        members=tuple(members),
        phrases=tuple(phrase_table),
        summary=summary,
        texts={document.id: document.text for document in documents},
    )


@dataclass(slots=True)
class _Clock:
    """Wall time of each stage, in seconds."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    def stage(self, name: str) -> _Stage:
        return _Stage(self, name)


class _Stage:
    """Times one stage and tells the progress when it begins and ends."""

    def __init__(self, clock: _Clock, name: str) -> None:
        self._clock, self._name, self._began = clock, name, 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter()
        self._clock.progress(self._name, 0, 0)

    def __exit__(self, *_: object) -> None:
        self._clock.seconds[self._name] = round(time.perf_counter() - self._began, 3)


class _RuleHits(NamedTuple):
    """What the rules say of each document alone: marks, junk and artefacts, a list per document each."""

    plains: list[str]
    marks: list[list[Hit]]
    junk: list[list[Hit]]
    artefacts: list[list[Hit]]


def _corpus(source: Any, settings: Settings, progress: Progress) -> tuple[Corpus, list[str]]:
    """The documents in document order, and the inputs they were read from (none for documents from memory)."""
    if isinstance(source, Mapping):
        source = [Document(name, text) for name, text in source.items()]
    items = [source] if isinstance(source, str | Path) else list(source)
    given = [item for item in items if isinstance(item, Document)]
    if len(given) == len(items):
        return _with_unique_ids(sorted(given, key=_document_order)), []
    reader = Reader(items, settings)
    documents = []
    for document in reader:
        documents.append(document)
        if len(documents) % 100 == 0:
            progress("read", len(documents), 0)
    documents.sort(key=_document_order)
    corpus = Corpus(tuple(documents), tuple(reader.files), tuple(reader.problems), dict(reader.n_problems))
    return corpus, [str(item) if str(item) == "-" else str(Path(item).absolute()) for item in items]


def _document_order(document: Document) -> tuple[str, str, int, str]:
    return (document.id, document.source, document.row, document.text)


def _with_unique_ids(documents: list[Document]) -> Corpus:
    """A corpus of documents whose repeated ids get a suffix, as a reader gives it, and are counted."""
    taken = {document.id for document in documents}
    seen: set[str] = set()
    unique: list[Document] = []
    problems: list[Problem] = []
    for document in documents:
        name, number = document.id, 2
        if name in seen:
            while f"{document.id}~{number}" in taken:
                number += 1
            name = f"{document.id}~{number}"
            taken.add(name)
            message = f"{printable(document.id)}: a second document has this id; it is now {printable(name)}"
            problems.append(Problem("duplicate_id", document.source, document.row, message, lost=False))
            document = replace(document, id=name)
        seen.add(name)
        unique.append(document)
    unique.sort(key=_document_order)
    return Corpus(tuple(unique), (), tuple(problems), dict(Counter(problem.reason for problem in problems)))


def _rule_hits(documents: Sequence[Document], table: Any, progress: Progress) -> _RuleHits:
    """Marks, junk and artefacts of every document by its own text."""
    found = _RuleHits([], [], [], [])
    for row, document in enumerate(documents):
        folded = plain(document.text)
        found.plains.append(folded)
        found.marks.append(find_marks(folded, table))
        found.junk.append(find_junk(document.text, folded, table))
        found.artefacts.append([*find_year_swaps(folded), *find_script_errors(document.text, folded)])
        progress("rules", row + 1, len(documents))
    return found


def _tokenised(
    documents: Sequence[Document], marks: Sequence[Sequence[Hit]], progress: Progress
) -> tuple[Tokens, Passages]:
    """Tokens and passages of the whole corpus, block by block."""
    tokens: list[Tokens] = []
    passages: list[Passages] = []
    sizes: list[int] = []
    begin = 0
    while begin < len(documents) or not tokens:
        end, size = begin, 0
        while end < len(documents) and (size < BLOCK_CHARACTERS or end == begin):
            size += len(documents[end].text)
            end += 1
        block = join_block([document.text for document in documents[begin:end]])
        spans = [
            (hit.start + start, hit.end + start)
            for start, hits in zip(block.starts.tolist(), marks[begin:end], strict=True)
            for hit in hits
        ]
        tokens.append(tokenise(block, spans))
        passages.append(split_passages(block, tokens[-1], spans))
        sizes.append(end - begin)
        progress("tokens", end, len(documents))
        begin = end
    return token_module.concatenate(tokens), passage_module.concatenate(passages, sizes)


def _site_and_own(found: _RuleHits, families: Families, series: Sequence[str | None]) -> list[list[Hit]]:
    """Every hit of a rule, by document: those of its own text, and the lines that its series repeats.

    A mark inside junk stays a mark of the tokens but is no finding: the site left it, nobody had to fill it in.
    """
    frequent = frequent_lines(found.plains, families=families.number.tolist(), series=series)
    hits = []
    for row in range(len(found.plains)):
        junk = _without_overlaps([*found.junk[row], *frequent[row]])
        marks = [mark for mark in found.marks[row] if not _inside(mark, junk)]
        hits.append([*junk, *marks, *found.artefacts[row]])
    return hits


def _without_overlaps(hits: list[Hit]) -> list[Hit]:
    """Hits in order, each cut to what those before it leave of it; of two that begin together the longer is first."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda item: (item.start, -item.end, item.rule)):
        free = kept[-1].end if kept else 0
        if hit.end > free:
            kept.append(hit._replace(start=max(hit.start, free)))
    return kept


def _inside(mark: Hit, junk: Sequence[Hit]) -> bool:
    return any(hit.start <= mark.start and mark.end <= hit.end for hit in junk)


def _junk_tokens(tokens: Tokens, hits: Sequence[Sequence[Hit]]) -> NDArray[np.bool_]:
    """Whether a token lies in junk."""
    is_junk = np.zeros(len(tokens.start), dtype=bool)
    for row, found in enumerate(hits):
        begin, end = int(tokens.indptr[row]), int(tokens.indptr[row + 1])
        for hit in found:
            if hit.kind == "junk":
                first = begin + int(np.searchsorted(tokens.end[begin:end], hit.start, side="right"))
                last = begin + int(np.searchsorted(tokens.start[begin:end], hit.end))
                is_junk[first:last] = True
    return is_junk


def _junk_passages(passages: Passages, is_junk: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether all tokens of a passage are junk."""
    n_junk = np.concatenate(([0], np.cumsum(is_junk)))[passages.tokens]
    return np.asarray(np.diff(n_junk) == np.diff(passages.tokens))


def _scores(
    documents: Sequence[Document], findings: Sequence[Finding], hits: Sequence[Sequence[Hit]], families: Families
) -> list[DocumentScore]:
    """The score of every document."""
    by_document: dict[str, list[Finding]] = {document.id: [] for document in documents}
    for finding in findings:
        by_document[finding.doc].append(finding)
    scores = []
    for row, document in enumerate(documents):
        mine = by_document[document.id]
        score: Score = score_document(document.text, mine, families.n_families)
        counts = Counter(finding.kind for finding in mine)
        head = int(families.head[row])
        scores.append(
            DocumentScore(
                id=document.id,
                source=document.source,
                row=document.row,
                n_chars=score.parts.total,
                originality=score.originality,
                originality_1k=score.originality_1k,
                n_families=families.n_families,
                parts=score.parts,
                n_findings={kind: counts[kind] for kind in FINDING_KINDS if counts[kind]},
                duplicate_of=None if head == row else documents[head].id,
                flags=document_flags(document.text, hits[row]),
                score_version=SCORE_VERSION,
            )
        )
    return scores


def _peak_memory() -> int | None:
    """The largest resident memory of this process so far, in bytes; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
