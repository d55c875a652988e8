"""Labelled pages, line by line, as `fit_pages` needs them: features, labels, places, words and sites."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
from line_words import LineWords
from line_words import number_words as words_of_lines
from numpy.typing import NDArray

from detector.evaluation.gold import GoldDocument, load_gold
from detector.kernels.page_context import collect_words, number_words
from detector.records.reading import Reader
from detector.rules.junk import find_junk
from detector.rules.page_phrases import page_words
from detector.rules.pages import PAGE_LINE, ROUND_ONE, count_page_lines, describe_page, is_whole_text, relate_page
from detector.rules.places import make_triggers, read_block
from detector.rules.rule_tables import RuleTable, load_rules
from detector.settings import Settings
from detector.text.folding import code_points
from detector.text.folding import plain as plain_text

MIN_COVERAGE = 0.9
MIN_SHARED_CHARACTERS, MIN_SHARED = 8, 10
"""Lines of pages that must be equal, and how long they must be, for two sites to be one."""

THINNED = "thinned"
"""The corpus of copies of pages that have lost a part of what stands before, in and after the text."""

MIN_LINES, DROPPED = 8, (0.9, 0.5, 0.9)
"""Lines that a copy must have, and the most that it may lose of the lines before the text, in it and after it."""

PLAIN_CHARACTERS = 40_000
PLAIN_DOCUMENTS = 60
"""Documents drawn from each file of documents that are no pages, and how much of each is read."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class About(NamedTuple):
    """The words of one text's lines as `detector.kernels.page_context.number_words` has them, and their number."""

    numbers: NDArray[np.int32]
    n_words: int
    indptr: NDArray[np.int64]


class Pages(NamedTuple):
    """Lines of texts: ``features`` of the first round, ``label`` (1 junk, 0 content, -1 not scored), ``size``.

    ``size`` is in characters that are not blank; ``by_rules``: whether a rule of the scan finds half of the line by
    itself, ``is_text`` whether it is too much prose to be called junk; ``place``: 0 before the text of its page, 1 in
    it, 2 after it; ``text``: the number of the text. ``words`` are those of the lines. Of each text: its run
    of prose (``runs``, first and last line), ``site``, ``corpus``, whether it is ``plain`` (no page), its ``signs``
    (`detector.rules.page_model.BY_WORDS`; 0: a scan does not look at it), whether limits are fitted to it
    (``scored``), and what its lines are about (``about``).
    """

    features: Floats
    label: NDArray[np.int64]
    size: Floats
    by_rules: Flags
    is_text: Flags
    place: NDArray[np.int64]
    text: NDArray[np.int64]
    words: LineWords
    runs: NDArray[np.int64]
    site: Sequence[str]
    corpus: Sequence[str]
    plain: Flags
    signs: NDArray[np.uint8]
    scored: Flags
    about: Sequence[About] = ()


class _Lines(NamedTuple):
    """The lines of one text, as in `Pages`."""

    features: Floats
    label: NDArray[np.int64]
    size: Floats
    by_rules: Flags
    is_text: Flags
    run: tuple[int, int]
    lines: list[str]
    signs: int
    about: About


@cache
def _rules() -> RuleTable:
    return load_rules(Settings(disable_rules=(PAGE_LINE,)))


def read_lines(text: str, letters: str | None) -> _Lines:
    """The lines of one text; without labels all are content."""
    points = code_points(text)
    start = np.zeros(1, dtype=np.int64)
    block = read_block(points, start, start + len(points), make_triggers((), {}, ()))
    signs = int(count_page_lines(block, points, start).signs.sum())
    found = count_page_lines(block, points, start, gate=False)
    features, first, last = np.zeros((len(found.counts), ROUND_ONE)), 0, 0
    if len(features):
        features, first, last = describe_page(found.counts, found.repeats)
        relate_page(features, first, last, block, 0)
    words, indptr = np.empty(len(points) + 1, dtype=np.uint64), np.empty(len(block.line_start) + 1, dtype=np.int64)
    collect_words(block.plain, block.line_start, block.line_end, page_words().classes, words, indptr)
    numbers = np.empty(indptr[-1], dtype=np.int32)
    about = About(numbers, number_words(words[: len(numbers)], indptr, numbers), indptr)
    lines = text.split("\n")
    begins = np.cumsum([0, *(len(line) + 1 for line in lines)])
    rows = np.searchsorted(begins, block.line_start, side="right") - 1
    label = np.array([{"j": 1, "c": 0}.get(letters[row], -1) if letters else 0 for row in rows], dtype=np.int64)
    ends = [*block.line_end.tolist()]
    size = [
        sum(not character.isspace() for character in text[at:end])
        for at, end in zip(block.line_start.tolist(), ends, strict=True)
    ]
    sizes = np.array(size, dtype=np.float64)
    of_rules = np.zeros(len(text) + 1, dtype=np.bool_)
    for hit in find_junk(text, plain_text(text), _rules()):
        of_rules[hit.start : hit.end] = True
    by_rules = np.array(
        [2 * of_rules[at:end].sum() >= end - at for at, end in zip(block.line_start.tolist(), ends, strict=True)]
    )
    own = [lines[row] for row in rows]
    return _Lines(
        features[:, :ROUND_ONE].copy(), label, sizes, by_rules, is_whole_text(found.counts), (first, last), own, signs,
        about,
    )  # fmt: skip


def read_pages(
    labelled: Sequence[tuple[Path, Path]],
    more: Sequence[tuple[Path, Path]] = (),
    plain: Iterable[Path] = (),
    without: Collection[str] = (),
) -> Pages:
    """The labelled lines of some corpora and of ``more`` that only teach, and lines of documents that are no pages.

    Words of ``without`` (in their plain form) are none for the model.
    """
    parts: list[_Lines] = []
    site: list[str] = []
    corpus: list[str] = []
    lines: list[set[str]] = []
    scored: list[bool] = []
    texts: list[tuple[list[str], str]] = []
    for number, (docs, gold) in enumerate((*labelled, *more)):
        labels = {item.id: item for item in load_gold(gold)}
        for row in _rows(docs):
            item = labels.get(row["id"])
            if item is None or (item.coverage or 1.0) < MIN_COVERAGE:
                continue
            letters = _letters_of(item, row["text"])
            parts.append(read_lines(row["text"], letters))
            site.append(urlsplit(row["url"]).hostname or "" if row.get("url") else row["id"].rpartition("/")[0])
            corpus.append(corpus_of(docs))
            scored.append(number < len(labelled))
            lines.append({part for part in row["text"].split("\n") if len(part) >= MIN_SHARED_CHARACTERS})
            texts.append((row["text"].split("\n"), letters))
    site = _merged(site, lines)
    for number, (own, letters) in enumerate(texts):
        kept = _thinned(parts[number], own, letters, np.random.default_rng(number))
        if len(kept) >= MIN_LINES:
            parts.append(read_lines("\n".join(own[row] for row in kept), "".join(letters[row] for row in kept)))
            site.append(site[number])
            corpus.append(THINNED)
            scored.append(scored[number])
    n_pages = len(parts)
    for path in plain:
        rows = _rows(path)
        rng = np.random.default_rng(0)
        for number in sorted(rng.permutation(len(rows))[:PLAIN_DOCUMENTS].tolist()):
            part = read_lines(rows[number]["text"][:PLAIN_CHARACTERS], None)
            if len(part.label):
                parts.append(part)
                site.append(f"{path.parent.name}/{path.name}")
                corpus.append(f"{path.parent.name}/{path.name}")
    text = np.repeat(np.arange(len(parts)), [len(part.label) for part in parts])
    columns = [np.concatenate(column) for column in list(zip(*parts, strict=True))[:5]]
    place = np.concatenate([_places(part) for part in parts])
    is_plain = np.arange(len(parts)) >= n_pages
    signs = np.array([part.signs for part in parts], dtype=np.uint8)
    words = words_of_lines([line for part in parts for line in part.lines], without)
    runs = np.array([part.run for part in parts], dtype=np.int64)
    is_scored = np.array(scored + [False] * (len(parts) - n_pages))
    about = [part.about for part in parts]
    return Pages(*columns, place, text, words, runs, site, corpus, is_plain, signs, is_scored, about)


def corpus_of(docs: Path) -> str:
    """The name of a corpus of labelled pages."""
    return docs.parent.name if docs.name == "docs.jsonl" else docs.name.partition(".")[0]


def _letters_of(item: GoldDocument, text: str) -> str:
    """A letter for each line: those of its labels, or by the spans of junk that cover half of it."""
    if item.lines is not None:
        return item.lines
    is_junk = np.zeros(len(text) + 1, dtype=np.bool_)
    for label in item.spans:
        if label.kind == "junk":
            is_junk[label.start : label.end] = True
    found, begin = "", 0
    for line in text.split("\n"):
        found += "j" if 2 * is_junk[begin : begin + len(line)].sum() >= max(len(line), 1) else "c"
        begin += len(line) + 1
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    if path.is_dir():
        return [{"id": document.id, "text": document.text} for document in Reader(path)]
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def _thinned(part: _Lines, own: Sequence[str], letters: str, rng: np.random.Generator) -> list[int]:
    """The rows of a page that its copy keeps: of what stands before, in and after the text one run of lines is gone."""
    rows = [row for row in range(len(own)) if own[row].strip()]
    place = _places(part)
    kept: list[int] = []
    for number, most in enumerate(DROPPED):
        here = [row for row, where in zip(rows, place.tolist(), strict=True) if where == number]
        n_gone = int(len(here) * rng.uniform(0, most))
        first = int(rng.integers(0, len(here) - n_gone + 1))
        kept += here[:first] + here[first + n_gone :]
    return kept


def _places(part: _Lines) -> NDArray[np.int64]:
    """Where each line stands: before the text, in it or after it.

    The text is the run of lines with the largest sum, content less junk, in characters: a headline that a list of other
    pages repeats does not stretch it.
    """
    gain = np.select([part.label == 0, part.label == 1], [part.size, -part.size], 0.0)
    best, first, last, total, begin = 0.0, len(gain), len(gain), 0.0, 0
    for row, value in enumerate(gain.tolist()):
        total += value
        if total > best:
            best, first, last = total, begin, row
        if total <= 0:
            total, begin = 0.0, row + 1
    rows = np.arange(len(gain))
    return (rows >= first).astype(np.int64) + (rows > last)


def _merged(sites: Sequence[str], lines: Sequence[set[str]]) -> list[str]:
    """The sites of pages, where two share `MIN_SHARED` lines under the first name of the two."""
    name = dict(zip(sites, sites, strict=True))
    for one in range(len(sites)):
        for other in range(one):
            first, second = name[sites[one]], name[sites[other]]
            if first != second and len(lines[one] & lines[other]) >= MIN_SHARED:
                name = {site: first if to == second else to for site, to in name.items()}
    return [name[site] for site in sites]


def folds(pages: Pages, n: int, seed: int = 0) -> NDArray[np.int64]:
    """The fold of each text; those of one site share it, and all documents of one file that are no pages."""
    rng = np.random.default_rng(seed)
    of_site: dict[str, int] = {}
    group = ["" if plain else name for plain, name in zip(pages.plain.tolist(), pages.corpus, strict=True)]
    for name in sorted(set(group), key=lambda name: (name == THINNED, name)):
        sites = sorted({site for site, other in zip(pages.site, group, strict=True) if other == name})
        for at, site in enumerate(rng.permutation(sites).tolist()):
            of_site.setdefault(site, at % n)
    return np.array([of_site[site] for site in pages.site])
