"""Holds the phrases of a corpus of some megabytes against the definition, carried out length by length.

    python benchmarks/phrases_check.py CORPUS.jsonl

Runs of one token, then of two and so on, as long as two families have any: equal runs are found by sorting, with no
hashes, no windows and no tree. 10 MB of the synthetic corpus (`corpus.py`) take some minutes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from oracles import SLOT, Corpus, cut_ends

from detector.matching.phrases import (
    LONG_TOKENS,
    MIN_CLAUSE_TOKENS,
    MIN_TOKENS,
    PhraseTable,
    families_needed,
    find_phrases,
)
from detector.text.passages import Passages, split_passages
from detector.text.tokens import Tokens, join_block, tokenise

Numbers = NDArray[np.int64]


class Level(NamedTuple):
    """All runs of one length that two families have: where each stands, which are equal, families of each."""

    place: Numbers
    group: Numbers
    n_families: Numbers

    def of(self, place: Numbers) -> Numbers:
        """The group of the run at each place, or -1."""
        at = np.minimum(np.searchsorted(self.place, place), len(self.place) - 1)
        return np.where(self.place[at] == place, self.group[at], -1) if len(self.place) else np.full(len(place), -1)


class Row(NamedTuple):
    """A phrase: first token row, length, tokens that are no slots, families, all places, which of them are marked."""

    first: int
    length: int
    n_tokens: int
    n_families: int
    places: tuple[int, ...]
    marked: tuple[bool, ...]


def levels(symbols: Numbers, passage: Numbers, family: Numbers) -> list[Level]:
    """The runs of every length, from 1 on."""
    found: list[Level] = []
    place, group = np.arange(len(symbols)), np.zeros(len(symbols), np.int64)
    n_symbols, n_families = int(symbols.max()) + 1, int(family.max()) + 1
    length = 1
    while len(place):
        inside = place + length <= len(symbols)
        place, group = place[inside], group[inside]
        inside = passage[place] == passage[place + length - 1]
        place, group = place[inside], group[inside]
        _, group = np.unique(group * n_symbols + symbols[place + length - 1], return_inverse=True)
        pairs = np.unique(group * n_families + family[place])
        count = np.bincount(pairs // n_families)
        kept = count[group] > 1
        number = np.cumsum(count > 1) - 1
        place, group = place[kept], number[group[kept]]
        found.append(Level(place, group, count[count > 1]))
        length += 1
    return found


def maximal(found: list[Level]) -> Iterator[tuple[int, int]]:
    """First place and length of every maximal run of enough tokens."""
    for length in range(MIN_TOKENS, len(found)):
        here, longer = found[length - 1], found[length]
        extended = np.zeros(len(here.n_families), bool)
        for place in (longer.place, longer.place + 1):
            group = here.of(place)
            same = here.n_families[group] == longer.n_families[longer.group]
            extended[group[same]] = True
        _, first = np.unique(here.group, return_index=True)
        for place in here.place[first[~extended]].tolist():
            yield place, length


def brute_force(corpus: Corpus, symbols: Numbers) -> list[Row]:
    """The phrases by their definition."""
    passage, family = np.array(corpus.passage), np.array(corpus.family)
    found = levels(symbols, passage, family)
    kept: dict[tuple[int, int], tuple[int, int, list[int]]] = {}
    cut = {cut_ends(corpus, place, place + length, MIN_CLAUSE_TOKENS) for place, length in maximal(found)}
    by_length: dict[int, list[int]] = {}
    for start, stop in cut:
        if stop - start >= MIN_TOKENS:
            by_length.setdefault(stop - start, []).append(start)
    for length, starts in by_length.items():
        level = found[length - 1]
        order = np.argsort(level.group, kind="stable")
        bounds = np.searchsorted(level.group[order], np.arange(len(level.n_families) + 1))
        for group in np.unique(level.of(np.array(starts))).tolist():
            places = level.place[order[bounds[group] : bounds[group + 1]]].tolist()
            first = places[0]
            n_tokens = length - corpus.symbols.count(SLOT, first, first + length)
            needed = 2 if n_tokens >= LONG_TOKENS else families_needed(corpus.n_families)
            if n_tokens >= MIN_TOKENS and level.n_families[group] >= needed:
                kept[first, length] = (n_tokens, int(level.n_families[group]), places)
    around = longer_around(kept)
    listed = {
        run: value for run, value in kept.items()
        if all(kept[other][1] < value[1] for place in value[2] for other in around[run, place])
    }  # fmt: skip
    return [
        Row(*run, *listed[run][:2], tuple(listed[run][2]), tuple(
            not any(other in listed for other in around[run, place]) for place in listed[run][2]
        ))
        for run in sorted(listed)
    ]  # fmt: skip


def longer_around(
    kept: dict[tuple[int, int], tuple[int, int, list[int]]],
) -> dict[tuple[tuple[int, int], int], list[tuple[int, int]]]:
    """For every place of every run the longer ones around it."""
    spans = sorted((place, -run[1], run) for run, (_, _, places) in kept.items() for place in places)
    found: dict[tuple[tuple[int, int], int], list[tuple[int, int]]] = {}
    active: list[tuple[int, tuple[int, int]]] = []
    for place, minus_length, run in spans:
        active = [(end, other) for end, other in active if end > place]
        found[run, place] = [other for end, other in active if end >= place - minus_length]
        active.append((place - minus_length, run))
    return found


def as_rows(table: PhraseTable) -> list[Row]:
    """The phrases that the package found."""
    phrase, token = table.occurrences()
    bounds = np.searchsorted(phrase, np.arange(len(table.first) + 1)).tolist()
    n = int(token.max(initial=0)) + 1
    marked = np.isin(phrase * n + token, table.phrase * n + table.token).tolist()
    places = token.tolist()
    columns = (table.first, table.n_all, table.n_tokens, table.n_families)
    return [
        Row(*numbers, tuple(places[bounds[row] : bounds[row + 1]]), tuple(marked[bounds[row] : bounds[row + 1]]))
        for row, numbers in enumerate(zip(*(column.tolist() for column in columns), strict=True))
    ]


def corpus_of(tokens: Tokens, passages: Passages, n_documents: int) -> tuple[Corpus, Numbers]:
    """What the definition needs, every document a family of its own."""
    passage = np.repeat(np.arange(len(passages.start)), np.diff(passages.tokens))
    is_slot = tokens.kind >= 3
    _, symbols = np.unique(np.where(is_slot, np.uint64(0), tokens.hashes), return_inverse=True)
    text = "".join(SLOT if slot else "a" for slot in is_slot.tolist())
    family = passages.document[passage].tolist()
    corpus = Corpus(text, passage.tolist(), passages.clause.tolist(), family, [False] * len(text), n_documents)
    return corpus, symbols.astype(np.int64)


def main() -> int:
    texts = [json.loads(line)["text"] for line in Path(sys.argv[1]).read_text("utf-8").splitlines()]
    block = join_block(texts)
    tokens = tokenise(block, [])
    passages = split_passages(block, tokens, [])
    start = time.perf_counter()
    table = find_phrases(tokens, passages, np.zeros(len(tokens.start), bool), np.arange(len(texts)))
    found = as_rows(table)
    middle = time.perf_counter()
    expected = brute_force(*corpus_of(tokens, passages, len(texts)))
    seconds = (middle - start, time.perf_counter() - middle)
    print(f"{len(found):,} phrases in {seconds[0]:.1f} s, {len(expected):,} by definition in {seconds[1]:.1f} s")
    print("equal" if found == expected else "DIFFERENT")
    return 0 if found == expected else 1


if __name__ == "__main__":
    sys.exit(main())
