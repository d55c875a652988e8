"""The kernels of phrases, and the columns that are written, against the obvious version of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import SLOT, Corpus, cut_ends

from detector.kernels.phrasing import count_series, cut_runs, enclosing, longest_places, sort_places
from detector.matching.phrases import find_phrases, phrase_columns
from detector.text.folding import DIGIT, LETTER, fold
from detector.text.passages import split_passages
from detector.text.texts import Texts
from detector.text.tokens import SLOT_FORM, Tokens, join_block, tokenise

kernel = settings(max_examples=200, deadline=None)
"""No deadline: the first call of a kernel may compile it."""


@kernel
@given(st.data())
def test_ends_are_cut_as_the_definition_says(data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=6))
    clause = [number for number, length in enumerate(lengths) for _ in range(length)]
    n = len(clause)
    symbols = "".join(data.draw(st.lists(st.sampled_from(["a", "a", "a", SLOT]), min_size=n, max_size=n)))
    bounds = st.tuples(st.integers(0, n), st.integers(0, n)).map(sorted)
    runs = [(run[0], run[1]) for run in data.draw(st.lists(bounds, min_size=1, max_size=5))]
    least = data.draw(st.integers(1, 5))
    start, stop = (np.array([run[side] for run in runs], np.int64) for side in (0, 1))
    kind = np.array([SLOT_FORM if symbol == SLOT else 1 for symbol in symbols], np.uint8)
    begins = np.packbits(np.diff(clause, prepend=-1), bitorder="little")
    n_tokens = cut_runs(kind, begins, start, stop, least)
    corpus = Corpus(symbols, [0] * n, clause, [0] * n, [False] * n, 1)
    for run, (begin, end) in enumerate(runs):
        expected = cut_ends(corpus, begin, end, least)
        assert stop[run] - start[run] == expected[1] - expected[0]
        if expected[0] < expected[1]:
            assert (start[run], stop[run]) == expected
        cut = symbols[start[run] : stop[run]]
        assert n_tokens[run] == len(cut) - cut.count(SLOT)


@kernel
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 90)), max_size=90, unique=True), max_size=5),
    st.lists(st.booleans(), min_size=7, max_size=7),
    st.permutations(range(1, 8)),
)
def test_places_in_order_and_those_in_no_longer_one(
    sequences: list[list[tuple[int, int]]], is_listed: list[bool], lengths: list[int]
) -> None:
    run, offset = (np.array([place[side] for its in sequences for place in its], np.int32) for side in (0, 1))
    indptr, n, length = np.cumsum([0, *map(len, sequences)]), len(sequences), np.array(lengths, np.int64)
    sort_places(indptr, 0, n, length, run, offset)
    ordered = [sorted(its, key=lambda place: (place[1], -lengths[place[0]])) for its in sequences]
    assert list(zip(run.tolist(), offset.tolist(), strict=True)) == [place for its in ordered for place in its]
    number = np.array([10 * run if listed else -1 for run, listed in enumerate(is_listed)], np.int32)
    spans = [[(at, at + lengths[run], run) for run, at in its if is_listed[run]] for its in ordered]
    expected = [
        (sequence, 10 * run, begin)
        for sequence, its in enumerate(spans)
        for begin, end, run in its
        if not any(a <= begin and end <= b and (a, b) != (begin, end) for a, b, _ in its)
    ]
    found = longest_places(indptr, 0, n, length, run, offset, number)
    assert list(zip(*(column.tolist() for column in found), strict=True)) == expected


@kernel
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(1, 8)), max_size=14, unique=True), st.data()
)
def test_enclosing(spans: list[tuple[int, int, int]], data: st.DataObject) -> None:
    """Spans of three sequences of 20 places each."""
    ordered = sorted((20 * sequence + start, -length) for sequence, start, length in spans)
    rows = [data.draw(st.integers(0, 3)) for _ in ordered]
    weight = [5, 2, 9, 1]
    starts = np.array([start for start, _ in ordered], np.int64)
    ends = np.array([start - length for start, length in ordered], np.int64)
    row, weights = np.array(rows, np.int32), np.array(weight, np.int64)
    found = enclosing(starts, ends, (starts // 20).astype(np.int32), row, weights, 20)
    pairs = list(zip(starts.tolist(), ends.tolist(), strict=True))
    expected = [
        max(
            (
                weight[row]
                for (a, b), row in zip(pairs, rows, strict=True)
                if a <= start and end <= b and b - a > end - start
            ),
            default=-1,
        )
        for start, end in pairs
    ]
    assert found.tolist() == expected


@kernel
@given(
    st.lists(st.lists(st.integers(-1, 4), max_size=5), min_size=1, max_size=5),
    st.lists(st.lists(st.integers(0, 4), max_size=4), max_size=5),
)
def test_series_are_counted_once(copies: list[list[int]], places: list[list[int]]) -> None:
    phrases = [[place % len(copies) for place in mine] for mine in places]
    bounds = np.cumsum([0, *map(len, phrases)]).astype(np.int32)
    n = int(bounds[-1])
    found = count_series(
        bounds[:-1],
        bounds[1:] - np.int32(1),
        np.arange(n, dtype=np.int32)[::-1].copy(),
        np.array([place for mine in phrases for place in mine], np.int32)[::-1].copy(),
        np.cumsum([0, *map(len, copies)]).astype(np.int64),
        np.array([series for mine in copies for series in mine], np.int32),
        5,
    )
    assert found.tolist() == [len({s for place in mine for s in copies[place]} - {-1}) for mine in phrases]


def key_of(tokens: Tokens, text: str, first: int, last: int) -> str:
    """The folded tokens: words apart, other tokens together, ``#`` for a slot."""
    key, after_word = "", False
    for row in range(first, last):
        kind = tokens.kind[row]
        token = "#" if kind >= DIGIT else fold(text[tokens.start[row] : tokens.end[row]])
        key += f" {token}" if after_word and kind == LETTER else token
        after_word = kind == LETTER
    return key


def check_columns(texts: Sequence[str], series: Sequence[int]) -> list[str]:
    """The keys of the phrases of some texts, every text a family of its own."""
    block = join_block(texts)
    tokens = tokenise(block, [])
    passages = split_passages(block, tokens, [])
    table = find_phrases(tokens, passages, np.zeros(len(tokens.start), bool), np.arange(len(texts)))
    found = phrase_columns(table, tokens, Texts.of(texts), np.array(series, np.int64))
    phrase, token = table.occurrences()
    documents = np.searchsorted(tokens.indptr, token, side="right") - 1
    for number, (first, n_all) in enumerate(zip(table.first.tolist(), table.n_all.tolist(), strict=True)):
        mine = documents[phrase == number]
        row, last = int(mine[0]), first + n_all
        assert found.document[number] == row
        assert (found.start[number], found.end[number]) == (tokens.start[first], tokens.end[last - 1])
        assert found.key[number] == key_of(tokens, texts[row], first, last)
        assert found.n_series[number] == len({series[document] for document in mine} - {-1})
        assert found.n_occurrences[number] == len(mine)
        assert found.n_families[number] == table.n_families[number] == len(set(mine.tolist()))
        assert found.n_tokens[number] == table.n_tokens[number]
    return list(found.key)


@kernel
@given(
    st.lists(
        st.lists(
            st.sampled_from(["The quick Brown fox, jumps over it. ", "投资12亿元用於改善民生项目", "甲", "x "]),
            max_size=6,
        ).map("".join),
        max_size=5,
    ),
    st.lists(st.integers(-1, 2), min_size=5, max_size=5),
)
def test_columns_of_phrases(texts: list[str], series: list[int]) -> None:
    check_columns(texts, series[: len(texts)])


def test_keys_are_folded_and_slots_are_number_signs() -> None:
    assert check_columns(["投資１２億元用於改善民生项目", "投资3亿元用于改善民生项目"], [0, 0]) == [
        "投资#亿元用于改善民生项目"
    ]
    words = "The quick Brown fox jumps over the lazy dog"
    assert check_columns([words, "\ud800 " + words.upper()], [0, -1]) == [words.lower()]
    assert check_columns([], []) == []
