"""Passages and clauses: labelled cases, a partition of any text, and time that grows with the text alone."""

from __future__ import annotations

import re
import time
import tomllib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import Span

from detector.folding import plain
from detector.passages import MAX_PASSAGE_TOKENS, Passages, concatenate, passage_cuts, split_passages
from detector.tokens import Tokens, join_block, tokenise

DATA = Path(__file__).parent / "data" / "passages"

NUMBER_BEFORE_SYMBOL = re.compile("([0-9][.,]?)(?=[㈠㈡])")
"""Known failures below, which the properties keep off; nor are their marks blank at an edge."""

PIECES = st.sampled_from(
    [
        *"一二十是、。，：；！？.()“”\"'」》 \n\0\ud800\u2028\u3000A",
        *("……", "...", "（一）", "一、", "一是", "二是", "三是", "第一条", "㈠增", "㈡长", "经济", "发展", "XX"),
        *("1.", "2、", "5.2", "1,234", "Mr.", "word", "The"),
        "\r\n",
        "long line of words that goes on and on for more than forty",
    ]
)
TEXTS = st.lists(PIECES, max_size=30).map("".join).map(lambda text: NUMBER_BEFORE_SYMBOL.sub(r"\1 ", text))


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, list[Span]]:
    text = draw(TEXTS)
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = [pair for pair in pairwise(edges) if draw(st.booleans())]
    return text, [(start, end) for start, end in spans if text[start:end].strip() == text[start:end]]


def split(texts: Sequence[str], marks: Sequence[Span] = ()) -> tuple[Tokens, Passages]:
    block = join_block(texts)
    tokens = tokenise(block, marks)
    return tokens, split_passages(block, tokens, marks)


def passages_of(text: str) -> list[str]:
    _, found = split([text])
    return [text[start:end] for start, end in zip(found.start, found.end, strict=True)]


def clauses_of(text: str) -> list[str]:
    _, found = split([text])
    return [text[start:end] for start, end in zip(found.clause_start, found.clause_end, strict=True)]


def cases(*names: str) -> list[object]:
    """The rows of some files of cases."""
    rows = [row for name in names for row in tomllib.loads((DATA / f"{name}.toml").read_text("utf-8"))["case"]]
    return [pytest.param(row, id=row["label"]) for row in rows]


@pytest.mark.parametrize("row", cases("sentences", "enumerators", "english", "layout"))
def test_passages_of(row: dict[str, object]) -> None:
    assert passages_of(str(row["text"])) == row["expected"], row["comment"]


@pytest.mark.parametrize("row", cases("clauses"))
def test_clauses_of(row: dict[str, object]) -> None:
    assert clauses_of(str(row["text"])) == row["expected"], row["comment"]


def test_cases_say_what_they_are() -> None:
    for path in sorted(DATA.glob("*.toml")):
        rows = tomllib.loads(path.read_text("utf-8"))["case"]
        assert all(set(row) == {"label", "text", "expected", "comment"} for row in rows), path.name
        assert len({row["label"] for row in rows}) == len(rows), path.name


def check_partition(texts: Sequence[str], marks: Sequence[Span]) -> None:
    """Passages and clauses hold every token once, in order, and their spans hold their tokens and nothing blank."""
    tokens, found = split(texts, marks)
    n = len(tokens.start)
    assert found.tokens[0] == 0
    assert found.tokens[-1] == n
    assert (np.diff(found.tokens) > 0).all()
    assert len(found.tokens) == len(found.start) + 1 == len(found.document) + 1
    assert len(found.clause) == n
    assert set(np.diff(found.clause).tolist()) <= {0, 1}
    clause_tokens = np.searchsorted(found.clause, np.arange(len(found.clause_start) + 1))
    document = np.repeat(np.arange(len(texts)), np.diff(tokens.indptr))
    for starts, ends, documents, rows in (
        (found.start, found.end, found.document, found.tokens),
        (found.clause_start, found.clause_end, found.clause_document, clause_tokens),
    ):
        previous = (-1, 0)
        for start, end, owner, (first, stop) in zip(starts, ends, documents, pairwise(rows), strict=True):
            assert (document[first:stop] == owner).all()
            assert start <= tokens.start[first]
            assert tokens.end[stop - 1] <= end
            span = texts[owner][start:end]
            assert span == span.strip()
            assert previous <= (owner, start)
            previous = (owner, end)
    # a clause is a part of one passage
    passage = np.repeat(np.arange(len(found.start)), np.diff(found.tokens))
    assert (passage[clause_tokens[:-1]] == passage[clause_tokens[1:] - 1]).all()


@given(marked_texts())
def test_partition_of_any_text(case: tuple[str, list[Span]]) -> None:
    check_partition([case[0]], case[1])


def test_a_bracketed_numeral_after_a_number() -> None:
    check_partition(["增长5㈡改善民生"], [])


def test_a_mark_that_begins_with_a_blank() -> None:
    tokens, found = split(["二〇二〇年。　月　日"], [(6, 10)])
    for start, end in ((found.start, found.end), (found.clause_start, found.clause_end)):
        assert start[-1] <= tokens.start[-1]
        assert tokens.end[-1] <= end[-1]


@given(marked_texts())
def test_no_passage_begins_or_ends_inside_a_mark(case: tuple[str, list[Span]]) -> None:
    text, marks = case
    _, found = split([text], marks)
    edges = [*found.start, *found.end, *found.clause_start, *found.clause_end]
    for start, end in marks:
        inside = [edge for edge in edges if start < edge < end]
        assert all(not text[start:edge].strip() or not text[edge:end].strip() for edge in inside)


def test_a_sentence_end_inside_a_mark_cuts_nothing() -> None:
    text = "关于【项目。名称，一】的请示。好"
    _, found = split([text], [(2, 11)])
    assert [text[start:end] for start, end in zip(found.start, found.end, strict=True)] == [text[:-1], "好"]
    assert len(found.clause_start) == 2


@given(TEXTS)
def test_cuts_are_sorted_and_inside(text: str) -> None:
    cuts = passage_cuts(text, plain(text))
    assert (np.diff(cuts) > 0).all()
    assert not len(cuts) or 0 <= cuts[0] <= cuts[-1] <= len(text)


def same(left: Passages, right: Passages) -> None:
    for name, mine, other in zip(Passages._fields, left, right, strict=True):
        assert np.array_equal(mine, other), name


def alone(texts: Sequence[str]) -> Passages:
    return concatenate([split([text])[1] for text in texts], [1] * len(texts))


@given(st.lists(TEXTS.map(lambda text: text + "。"), max_size=5))
def test_a_block_is_its_documents_one_by_one(texts: list[str]) -> None:
    same(split(texts)[1], alone(texts))


def test_no_passage_spans_two_documents() -> None:
    texts = ["a long line of ordinary words that stops in the middle of", "another document begins in lower case"]
    check_partition(texts, [])
    same(split(texts)[1], alone(texts))


def test_nothing_is_nothing() -> None:
    for texts in ([], [""], ["", "。", "\n"]):
        _, found = split(texts)
        assert len(found.start) == len(found.clause_start) == 0
        assert found.tokens.tolist() == [0]
    assert concatenate([], []).tokens.tolist() == [0]


def seconds(text: str) -> float:
    """Processor time of splitting a text, the better of two."""
    taken = []
    for _ in range(2):
        begin = time.process_time()
        split([text])
        taken.append(time.process_time() - begin)
    return min(taken)


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "一是二是",
            "二是",
            "“”",
            "(((",
            "(一)",
            ")",
            "……",
            "....",
            "中",
            "1.",
            "1,",
            "。，",
            "。”",
            "第一条",
            "\u0301",
            "\"'",
        ),
        *("\n", "a\n", "a ", ". ", "). ", "Mr. A", ":     ", "x" * 60 + "\n"),
    ],
    ids=repr,
)
def test_time_is_linear(piece: str) -> None:
    small = piece * (60_000 // len(piece))
    assert seconds(small * 4) < 10 * seconds(small) + 0.05


def test_a_megabyte_of_everything_takes_seconds() -> None:
    text = "一是经济，二是发展。The end. (一)“好”；1.5…… \n" * 32_000
    assert len(text) > 1_000_000
    begin = time.process_time()
    _, found = split([text])
    assert time.process_time() - begin < 20
    assert len(found.start) > 100_000


def test_time_is_linear_with_straight_quotes_after_stops() -> None:
    taken = []
    for n in (25_000, 200_000):
        text = "😀" + '!"' * n
        folded, begin = plain(text), time.process_time()
        passage_cuts(text, folded)
        taken.append(time.process_time() - begin)
    assert taken[1] < 14 * taken[0]


def test_text_without_punctuation_is_cut_to_length() -> None:
    tokens, found = split(["甲乙" * 5000 + "。丙丁戊"], [])
    assert np.diff(found.tokens).tolist() == [
        MAX_PASSAGE_TOKENS,
        MAX_PASSAGE_TOKENS,
        10_000 - 2 * MAX_PASSAGE_TOKENS,
        3,
    ]
    assert (found.end[:2] == found.start[1:3]).all()
    assert len(tokens.start) == 10_003
