"""Phrases against the definition carried out by brute force, on made-up corpora and on real text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracles import SLOT, Corpus, Lengths, PhraseOracle, cut_ends, phrases_of

from detector.matching import phrases
from detector.matching.families import find_families
from detector.matching.phrases import PhraseTable, families_needed, find_phrases
from detector.rules.marks import find_marks
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.text.folding import plain
from detector.text.passages import Passages, split_passages
from detector.text.tokens import Tokens, join_block, tokenise

kernel = settings(max_examples=300, deadline=None)
"""No deadline: the first call of a kernel may compile it."""

quick = settings(max_examples=60, deadline=None)

SMALL = Lengths(least=3, long=5, clause=2)

PIECES = st.sampled_from("甲乙丙") | st.sampled_from(["，", "。", "甲乙丙丁", "甲乙，丙丁", "：", "丁"])
WITH_SLOTS = PIECES | st.sampled_from(["7", "7", "乙7丙", "丁7"])


def texts_of(pieces: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.lists(pieces, min_size=3, max_size=14).map("".join), max_size=6)


def cut_up(texts: Sequence[str]) -> tuple[Tokens, Passages]:
    block, rules = join_block(texts), load_rules(Settings())
    marks = [
        (int(base) + hit.start, int(base) + hit.end)
        for base, text in zip(block.starts, texts, strict=True)
        for hit in find_marks(plain(text), rules)
    ]
    tokens = tokenise(block, marks)
    return tokens, split_passages(block, tokens, marks)


def oracle_corpus(tokens: Tokens, passages: Passages, is_junk: np.ndarray, family: np.ndarray) -> Corpus:
    _, symbol = np.unique(tokens.skeleton, return_inverse=True)
    passage = np.repeat(np.arange(len(passages.start)), np.diff(passages.tokens))
    return Corpus(
        "".join(SLOT if slot else chr(value + 1) for value, slot in zip(symbol, tokens.is_slot, strict=True)),
        passage.tolist(),
        passages.clause.tolist(),
        family[passages.document[passage]].tolist() if len(passage) else [],
        is_junk.tolist(),
        int(family.max()) + 1 if len(family) else 0,
    )


def as_oracle(table: PhraseTable, symbols: str) -> list[PhraseOracle]:
    """The rows of a table, which must name a phrase by its first occurrence."""
    rows = []
    phrase, token = table.occurrences()
    marked_places = set(zip(table.phrase.tolist(), table.token.tolist(), strict=True))
    longest = np.array([pair in marked_places for pair in zip(phrase.tolist(), token.tolist(), strict=True)], bool)
    for number, (first, length) in enumerate(zip(table.first.tolist(), table.n_all.tolist(), strict=True)):
        mine = phrase == number
        places = tuple(token[mine].tolist())
        assert first == places[0]
        assert table.n_occurrences[number] == len(places)
        assert len({symbols[place : place + length] for place in places}) == 1
        marked = tuple(longest[mine].tolist())
        key = symbols[first : first + length]
        rows.append(PhraseOracle(key, int(table.n_tokens[number]), int(table.n_families[number]), places, marked))
    order = list(zip(table.first.tolist(), table.n_all.tolist(), strict=True))
    assert order == sorted(order)
    assert np.array_equal(np.lexsort((token, phrase)), np.arange(len(token)))
    assert np.array_equal(table.phrase, phrase[longest])
    assert np.array_equal(table.token, token[longest])
    assert table.longest.all()
    return rows


def check(
    tokens: Tokens,
    passages: Passages,
    is_junk: np.ndarray,
    family: np.ndarray,
    *,
    lengths: Lengths,
    min_families: int | None = None,
) -> list[PhraseOracle]:
    corpus = oracle_corpus(tokens, passages, is_junk, family)
    names = {"MIN_TOKENS": lengths.least, "LONG_TOKENS": lengths.long, "MIN_CLAUSE_TOKENS": lengths.clause}
    with mock.patch.multiple(phrases, **names):
        table = find_phrases(tokens, passages, is_junk, family, min_families=min_families)
    found = as_oracle(table, corpus.symbols)
    assert set(found) == phrases_of(corpus, lengths, min_families)
    assert len(found) == len(set(found))
    return found


@kernel
@given(texts_of(PIECES), st.data())
def test_phrases_equal_brute_force(texts: list[str], data: st.DataObject) -> None:
    tokens, passages = cut_up(texts)
    n = len(tokens.start)
    junk = data.draw(st.sets(st.integers(0, n - 1), max_size=3)) if n else set()
    is_junk = np.isin(np.arange(n), list(junk))
    owners = [data.draw(st.integers(0, number)) for number in range(len(texts))]
    _, family = np.unique(np.array(owners, dtype=np.int64), return_inverse=True)
    check(tokens, passages, is_junk, family.astype(np.int64), lengths=SMALL)


@kernel
@example(["甲甲乙丙丁甲", "7甲乙丙丁，甲乙丙丁", "7甲乙丙丁甲"], [0, 0, 1, 1, 1, 1])
@given(texts_of(WITH_SLOTS), st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_phrases_with_slots_equal_brute_force(texts: list[str], owners: list[int]) -> None:
    tokens, passages = cut_up(texts)
    _, family = np.unique(np.array(owners[: len(texts)], dtype=np.int64), return_inverse=True)
    check(tokens, passages, np.zeros(len(tokens.start), bool), family.astype(np.int64), lengths=SMALL)


@kernel
@given(texts_of(PIECES), st.integers(2, 4))
def test_phrases_of_three_families_equal_brute_force(texts: list[str], min_families: int) -> None:
    tokens, passages = cut_up(texts)
    family = np.arange(len(texts))
    check(tokens, passages, np.zeros(len(tokens.start), bool), family, lengths=SMALL, min_families=min_families)


@quick
@given(
    st.lists(
        st.lists(st.sampled_from("甲乙丙丁戊己庚辛，") | st.just("县委县政府的正确领导下"), max_size=6), max_size=4
    ),
    st.integers(0, 3),
)
def test_the_lengths_of_the_definition(parts: list[list[str]], copied: int) -> None:
    texts = ["".join(part) * 2 for part in parts]
    texts.append("".join(texts)[copied:])
    tokens, passages = cut_up(texts)
    check(tokens, passages, np.zeros(len(tokens.start), bool), np.arange(len(texts)), lengths=Lengths())


def real(texts: Sequence[str]) -> tuple[list[PhraseOracle], Tokens, Passages]:
    tokens, passages = cut_up(texts)
    family = find_families(tokens, threshold=0.80, seed=1).number
    no_junk = np.zeros(len(tokens.start), bool)
    return check(tokens, passages, no_junk, family, lengths=Lengths()), tokens, passages


def written(phrase: PhraseOracle, texts: Sequence[str], tokens: Tokens) -> str:
    """The phrase as its first occurrence writes it."""
    first = phrase.places[0]
    text = texts[int(np.searchsorted(tokens.indptr, first, side="right")) - 1]
    return text[tokens.start[first] : tokens.end[first + len(phrase.key) - 1]]


def test_real_seeds_equal_brute_force(shared: Path) -> None:
    texts = [path.read_text("utf-8") for path in sorted((shared / "seeds").glob("*.txt"))]
    found, tokens, _ = real(texts)
    book = {written(phrase, texts, tokens): phrase.n_families for phrase in found}
    holding = [n for text, n in book.items() if "习近平新时代中国特色社会主义思想为指导" in plain(text)]
    assert max(holding) == 3
    assert any("镇党委的正确领导下" in text and n == 2 for text, n in book.items())


def test_a_real_corpus_equals_brute_force(shared: Path) -> None:
    path = shared / "corpora" / "zh_gov_national_2024_2026" / "docs.jsonl"
    texts = [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]
    found, _, _ = real(texts)
    assert len(found) > 100


def phrases_in(*texts: str, junk: str = "", min_families: int | None = None) -> list[tuple[str, int]]:
    """Text and families of all phrases, every text a family of its own; ``junk`` is a string of the first text."""
    tokens, passages = cut_up(texts)
    is_junk = np.zeros(len(tokens.start), bool)
    if junk:
        first, at = slice(0, tokens.indptr[1]), texts[0].index(junk)
        is_junk[first] = (tokens.start[first] >= at) & (tokens.end[first] <= at + len(junk))
    found = check(tokens, passages, is_junk, np.arange(len(texts)), lengths=Lengths(), min_families=min_families)
    return [(written(phrase, texts, tokens), phrase.n_families) for phrase in found]


SLOGAN = "在县委、县政府和镇党委的正确领导下"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((f"一年来，{SLOGAN}，在镇人大监督下。", f"五年来，{SLOGAN}，在镇人民支持下。"), [SLOGAN]),
        ((f"我{SLOGAN}苦干", f"你{SLOGAN}学习"), [SLOGAN]),
        (("全面贯彻落实中央", "全面贯彻落实地方"), []),
        (("全面贯彻落实中央精神", "全面贯彻落实中央精神"), ["全面贯彻落实中央精神"]),
        (("全面贯彻落实中", "全面贯彻落实中"), []),
        (("投资12亿元用于改善民生项目", "投资3亿元用于改善民生项目"), ["投资12亿元用于改善民生项目"]),
        (("12亿元用于改善民生项目3", "7亿元用于改善民生项目8"), ["亿元用于改善民生项目"]),
        (("1 2 3 4 5 6 7 8 9 10 11 12 13", "1 2 3 4 5 6 7 8 9 10 11 12 13"), []),
        (("全面推进。乡村振兴战略", "全面推进。乡村振兴战略"), []),
        ((SLOGAN, SLOGAN.replace("、", "")), [SLOGAN]),
        ((SLOGAN, "在縣委、縣政府和鎮黨委的正確領導下"), [SLOGAN]),
    ],
)
def test_phrases_of_two(texts: tuple[str, str], expected: list[str]) -> None:
    assert [text for text, _ in phrases_in(*texts)] == expected


def test_no_phrase_reaches_into_junk() -> None:
    assert phrases_in(SLOGAN, SLOGAN, junk="正确领导下") == [("在县委、县政府和镇党委的", 2)]
    assert phrases_in(SLOGAN, SLOGAN, junk="和镇党委") == []


def test_a_family_counts_once() -> None:
    tokens, passages = cut_up([SLOGAN] * 3)
    table = find_phrases(tokens, passages, np.zeros(len(tokens.start), bool), np.array([0, 0, 0]))
    assert not len(table.first)
    table = find_phrases(tokens, passages, np.zeros(len(tokens.start), bool), np.array([0, 0, 1]))
    assert table.n_families.tolist() == [2]
    assert len(table.token) == table.n_occurrences.sum() == 3


def test_a_shorter_phrase_is_listed_where_more_families_have_it() -> None:
    long = SLOGAN + "奋力拼搏开拓进取"
    assert phrases_in(long, long, SLOGAN + "好") == [(SLOGAN, 3), (long, 2)]
    assert phrases_in(long, long) == [(long, 2)]


def test_a_short_phrase_needs_more_families_than_a_long_one() -> None:
    short = "全面贯彻落实中央精神"
    assert phrases_in(short, short, min_families=3) == []
    assert phrases_in(short, short, short, min_families=3) == [(short, 3)]
    assert phrases_in(SLOGAN, SLOGAN, min_families=3) == [(SLOGAN, 2)]


@pytest.mark.parametrize(("n", "needed"), [(1, 2), (5, 2), (256, 2), (257, 3), (576, 3), (577, 4), (10**6, 125)])
def test_families_needed(n: int, needed: int) -> None:
    assert families_needed(n) == needed
    assert families_needed(n, 7) == 7


def test_ends_are_cut_until_nothing_changes() -> None:
    #        clause  0 0 0 0 0 0 1 1 1 1 1 1 2 2 2
    clause = [0] * 6 + [1] * 6 + [2] * 3
    corpus = Corpus("abcdef" + "gh\0ijk" + "lmn", [0] * 15, clause, [0] * 15, [False] * 15, 1)
    assert cut_ends(corpus, 0, 15, 5) == (0, 15)
    assert cut_ends(corpus, 1, 15, 5) == (1, 15)
    assert cut_ends(corpus, 2, 14, 5) == (6, 12)
    for run in ((8, 14), (8, 9), (3, 8), (4, 4)):
        start, stop = cut_ends(corpus, *run, 5)
        assert start == stop


def test_nothing_is_nothing() -> None:
    assert phrases_in() == phrases_in("") == phrases_in("。", "。") == []
