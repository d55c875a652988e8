"""The scan: from documents to findings, clusters, phrases and scores, one step after the other.

Data goes one way, in columns; what a later step learns never changes an earlier one. The result depends neither on the
order of the documents, which are put in document order (by id) first, nor on the number of workers. What a step found
that took long may be kept (`detector.results.unfinished`), so that a scan that was interrupted need not find it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError, SettingsError
from detector.machine.clock import Clock, Progress, input_names, peak_memory, silent
from detector.machine.interpreter import without_collection
from detector.machine.threads import Job
from detector.machine.workspace import Workspace
from detector.matching.blanks import with_slots
from detector.matching.blocks import block_groups
from detector.matching.clusters import document_groups, passage_groups, series_numbers
from detector.matching.families import Families, find_families
from detector.matching.matches import Matches, find_matches
from detector.matching.outlines import OutlineColumns, OutlineRows, outline_columns
from detector.matching.phrases import PhraseTable, phrase_columns, phrases_of, repeated
from detector.matching.repeats import Places
from detector.matching.skeletons import Skeletons, find_skeletons
from detector.matching.spun import SPUN_RULE, spun_hits
from detector.matching.templates import cluster_columns
from detector.model import LEVELS, Document
from detector.records.corpus import CorpusColumns, corpus_of, read_corpus
from detector.results.evidence import AnalysisColumns, family_counts, finding_columns
from detector.results.index import Scan
from detector.results.summary import summarise
from detector.results.unfinished import Results
from detector.rules.block_hits import EdgeLines
from detector.rules.hits import (
    RuleHits,
    find_hits,
    flag_names,
    flags,
    joined,
    junk_passages,
    junk_tokens,
    prepare_rules,
    site_and_own,
)
from detector.rules.protecting import protected_phrases, protected_spans
from detector.rules.rule_tables import RuleTable, load_rules
from detector.settings import Settings
from detector.tables.columns import ClusterColumns, FindingColumns, HitColumns, PhraseColumns, ScoreColumns
from detector.tables.rows import ClusterRows, DocumentRows, FindingRows, MemberRows, PhraseRows, TextsById
from detector.tables.score import score_columns
from detector.text.passages import Passages, prepare_tokens, tokenise_corpus
from detector.text.texts import Texts
from detector.text.tokens import Marks, Tokens
from detector.version import SCORE_VERSION

MOST_CHARACTERS = (1 << 31) - (1 << 10)
"""Code points of a document: offsets are 32 bits wide, and a few characters beyond its end are looked at."""

STAGES = ("read", "rules", "tokens", "families", "junk", "matches", "clusters", "phrases", "scores")


def scan(
    source: str | Path | Sequence[str | Path] | Iterable[Document] | Mapping[str, str],
    settings: Settings | None = None,
    *,
    work: Workspace | None = None,
    progress: Progress = silent,
    kept: Results | None = None,
) -> Scan:
    """Analyses a corpus: paths (files, folders, globs, ``-``), documents, or texts by id.

    ``work`` bounds memory and says how many threads there are; without it everything is held in memory by one.
    ``kept`` has what steps found before the scan was interrupted, in columns of `KINDS`. Raises `InputError` where
    nothing can be read, `RuleError` where a rule table of the settings is refused, `ScanError` where what was kept is
    of other documents, `SettingsError` at level ``document``, which `detector.document_scan.scan_documents` scans.
    """
    settings = settings or Settings()
    if settings.level == "document":
        raise SettingsError("level is 'document': detector.scan_documents scans that, not detector.scan")
    clock = Clock(progress)
    if settings.rules or settings.disable_rules or settings.protect:  # what is wrong there is told before any reading
        load_rules(settings)
        protected_phrases(settings.protect)
    with nullcontext(work) if work is not None else Workspace() as space, without_collection():
        space.told = clock.step
        with clock.stage("read"):
            prepared = space.beside(partial(_prepare, settings))
            corpus, inputs = _corpus(source, settings, space, progress)
            _check_lengths(corpus)
            space.expect(corpus.texts.points.nbytes)
            table = prepared()
        results = kept or Results()
        results.check_digest(corpus.digest)
        found = results.result("found", _analyse, corpus, table, settings, space, clock, results)
        summary = summarise(corpus, settings, found.counts, found.scores, found.findings)
        summary["run"] = {
            "inputs": inputs,
            "seconds": clock.seconds,
            "workers": space.workers,
            "peak_memory": peak_memory(),
            "spilled": space.spilled,
        }
    texts, ids = corpus.texts, corpus.ids
    return Scan(
        documents=DocumentRows(
            found.scores, ids, corpus.sources, corpus.rows,
            n_families=found.counts["n_families"], score_version=SCORE_VERSION,
        ),
        findings=FindingRows(found.findings, ids, texts),
        clusters=ClusterRows(found.clusters, ids, texts),
        members=MemberRows(found.clusters, ids, texts),
        phrases=PhraseRows(found.phrases, texts),
        summary=summary,
        texts=TextsById(ids, texts),
        outlines=OutlineRows(found.outlines, ids, texts),
    )  # fmt: skip


def _prepare(settings: Settings) -> RuleTable:
    """Make tables while files are read: one thread does that, between the kernels of others."""
    table = load_rules(settings)
    prepare_rules(table)
    prepare_tokens()
    for name in ("numpy.ma", "numpy.random"):  # numpy loads them for `unique` and for seeds, when others would wait
        import_module(name)
    return table


def _corpus(source: Any, settings: Settings, work: Workspace, progress: Progress) -> tuple[CorpusColumns, list[str]]:
    """The documents in document order, and the inputs they were read from (none for documents from memory)."""
    if isinstance(source, Mapping):
        return corpus_of(source), []
    items = [source] if isinstance(source, str | Path) else list(source)
    documents = [item for item in items if isinstance(item, Document)]
    if len(documents) == len(items):
        return corpus_of(documents), []
    corpus = read_corpus(items, settings, work, progress)
    return corpus, input_names(items)


def _check_lengths(corpus: CorpusColumns) -> None:
    """Raises `InputError` for a document whose offsets would not fit their columns."""
    longest = int(corpus.texts.lengths.max(initial=0))
    if longest > MOST_CHARACTERS:
        row = int(corpus.texts.lengths.argmax())
        raise InputError(
            f"{corpus.sources[row]}:{corpus.rows[row]}: document {corpus.ids[row]!r} has {longest:,} characters, and"
            f" {MOST_CHARACTERS:,} is the most that one may have; cut it into several"
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What the steps found, as columns, and how much of it."""

    scores: ScoreColumns
    findings: FindingColumns
    clusters: ClusterColumns
    phrases: PhraseColumns
    outlines: OutlineColumns
    counts: dict[str, Any]


KINDS = (
    Found, RuleHits, HitColumns, EdgeLines, Families, Matches, PhraseTable, Places, PhraseColumns, ClusterColumns,
    OutlineColumns, FindingColumns, ScoreColumns, Texts,
)  # fmt: skip
"""What the results of steps that are kept consist of."""


def _analyse(
    corpus: CorpusColumns, table: RuleTable, settings: Settings, work: Workspace, clock: Clock, kept: Results
) -> Found:
    """All steps after reading."""
    texts, series = corpus.texts, series_numbers(corpus.series)
    with clock.stage("rules"):
        own_hits = kept.result("rules", find_hits, texts, table, work)
    with clock.stage("tokens"):
        marks = own_hits.marks
        tokens, passages = tokenise_corpus(texts, Marks(marks.indptr, marks.start, marks.end), work)
    with clock.stage("families"):
        families = kept.result(
            "families", find_families, tokens, threshold=settings.family_jaccard, seed=settings.seed, work=work
        )
    family = families.number
    with clock.stage("junk"):
        protected = protected_spans(texts, protected_phrases(settings.protect), work)
        hits = site_and_own(own_hits, texts, family, series, protected)
        del own_hits, marks
        junk = work.empty(-(-len(tokens.start) // 8), np.uint8)
        junk_tokens(tokens, hits, junk)
        all_junk = junk_passages(passages, junk)
        left_out = all_junk | (not table.does(SPUN_RULE))  # switched off, all of it is left out
        spun = spun_hits(work, texts, tokens, passages, min_tokens=settings.min_passage_tokens, is_junk=left_out)
        del left_out
    with clock.stage("matches"):
        skeletons = find_skeletons(tokens, passages, settings.min_passage_tokens, work)
        keys, parts = skeletons.key, (tokens, passages, skeletons)
        find = partial(_phrases_beside, texts, parts, junk, family, series, settings, work)
        phrases_found = None if kept.has("phrases") else find()
        del junk, parts, find
        matches = kept.result(
            "matches",
            find_matches,
            tokens,
            passages,
            family,
            threshold=settings.match_ratio,
            min_tokens=settings.min_passage_tokens,
            seed=settings.seed,
            is_junk=all_junk,
            skeletons=skeletons,
            work=work,
        )
        del skeletons
    with clock.stage("clusters"):
        if phrases_found is not None:
            phrases_found.begin()  # at the latest: matches alone need more memory than clusters and phrases together
        groups, group_of = passage_groups(matches, passages)
        blocks = block_groups(matches, group_of, passages, keys, is_junk=all_junk, family=family, work=work)
        levels = [document_groups(families, passages), blocks, groups]
        clusters = kept.result(
            "clusters", cluster_columns, levels, tokens, passages, texts,
            family=family, series=series, keys=keys, work=work,
        )  # fmt: skip
        outlines = outline_columns(tokens, passages, texts, is_junk=all_junk, family=family, series=series, work=work)
        hits = with_slots(hits, clusters, texts, corpus.ids)
        del keys
    with clock.stage("phrases"):
        phrases, phrase_table = kept.result("phrases", phrases_found or _not_needed)
        del phrases_found
    with clock.stage("scores"):
        findings = finding_columns(
            work,
            AnalysisColumns(texts, tokens, passages, family, matches, phrases),
            [hits, spun],
            group_of=group_of,
            n_families=family_counts(groups, family),
            blocks=blocks,
        )
        scores = score_columns(
            work,
            texts,
            findings,
            n_families=families.n_families,
            head=families.head.astype(np.int32),
            flags=flags(texts, joined([hits, spun]), work),
            flag_names=flag_names,
        )
    counts = _counts(families, tokens, passages, matches, group_of)
    counts["n_clusters"] = {name: len(level.indptr) - 1 for name, level in zip(LEVELS, levels, strict=True)}
    counts["n_outlines"] = len(outlines.n_families)
    counts["n_phrases"] = len(phrase_table.document)
    return Found(scores, findings, clusters, phrase_table, outlines, counts)


def _phrases_beside(
    texts: Texts,
    parts: tuple[Tokens, Passages, Skeletons],
    junk: NDArray[np.uint8],
    family: NDArray[np.int64],
    series: NDArray[np.int64],
    settings: Settings,
    work: Workspace,
) -> Job[tuple[PhraseTable, PhraseColumns]]:
    """What looks for the phrases for the findings; they come without their places, and as they are written.

    What takes most memory and all threads is done before anything else is begun, the rest beside that.
    """
    tokens, passages, _ = parts
    found = repeated(*parts, junk, family, work)
    del parts

    def phrases() -> tuple[PhraseTable, PhraseColumns]:
        table = phrases_of(tokens, passages, *found, min_families=settings.min_families, work=work)
        return table.without_places(), phrase_columns(table, tokens, texts, series, work)

    return work.beside(phrases)


def _not_needed() -> NoReturn:
    """Stands where a step would that was done before: nobody calls it."""
    raise AssertionError("what was kept is not looked for")


def _counts(
    families: Families, tokens: Tokens, passages: Passages, matches: Matches, group_of: NDArray[np.int64]
) -> dict[str, Any]:
    """How much the steps found."""
    matched = (matches.partner >= 0) | (matches.earlier >= 0)
    return {
        "n_families": families.n_families,
        "n_passages": len(passages.start),
        "n_passages_matched": int(matched.sum()),
        "n_matched_alone": int((matched & (group_of < 0)).sum()),
        "n_passages_crowded": matches.n_crowded,
        "n_documents_without_tokens": int((np.diff(tokens.indptr) == 0).sum()),
    }
