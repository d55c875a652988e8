"""Tokens against an oracle that reads one character after the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import Span, class_of, tokens_of

from detector.machine.workspace import Workspace
from detector.text import tokens as module
from detector.text.folding import DIGIT, EXTENDER, LETTER, SINGLE, character_table, fold, plain
from detector.text.texts import Texts
from detector.text.tokens import (
    HASHED_POINTS,
    LONG,
    MARK,
    SLOT_HASH,
    SLOT_POINT,
    Marks,
    Tokens,
    concatenate,
    join_block,
    join_offsets,
    mix64,
    packed_points,
    sequence_hashes,
    tokenise,
    tokenise_texts,
)

# A newer Unicode than the table's knows characters that the table does not.
KNOWN = st.characters(exclude_categories=()).filter(
    lambda char: class_of(plain(char)) == character_table().classes[ord(char)]
)
AWKWARD = st.sampled_from(
    "一二十百发發麵的。，、：；！？“”（）()[]…—·,.．1２３9٣½①Ⅹabz'ÉXxXＸ×＊*_ \t\n\r\v\u2028\x85"
    "\u0301\u0e34\u3099\u200b\ufe0f\ud800カがｶ한글ไทยกำ々〇𠀀😀"
)
TEXTS = st.text(AWKWARD | KNOWN, max_size=40)


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, list[Span]]:
    """A text and spans of it that may be its marks; they keep off the known failures below."""
    text = draw(TEXTS)
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = [pair for pair in pairwise(edges) if draw(st.booleans())]
    classes = [class_of(char) for char in plain(text)]
    return text, [span for span in spans if not _touches_dot_or_extender(text, classes, span)]


def _touches_dot_or_extender(text: str, classes: Sequence[int], span: Span) -> bool:
    start, end = span
    beside = plain(text[max(0, start - 1) : start] + text[end : end + 1])
    return classes[end : end + 1] == [EXTENDER] or any(char in ".," for char in beside)


def tokens(text: str, marks: Sequence[Span] = ()) -> Tokens:
    return tokenise(join_block([text]), marks)


def written(text: str, marks: Sequence[Span] = ()) -> list[str]:
    found = tokens(text, marks)
    return [text[start:end] for start, end in zip(found.start, found.end, strict=True)]


def check_against_oracle(text: str, marks: Sequence[Span]) -> None:
    found, expected = tokens(text, marks), tokens_of(text, marks)
    assert list(zip(found.start, found.end, found.kind, strict=True)) == [token[:3] for token in expected]
    skeletons = [tuple(found.points[a:b].tolist()) for a, b in pairwise(found.point_indptr)]
    assert skeletons == [token.skeleton for token in expected]
    assert found.is_slot.tolist() == [token.kind in (DIGIT, MARK) for token in expected]
    assert found.indptr.tolist() == [0, len(expected)]
    # hashes are equal exactly where the folded text is, skeletons exactly where the characters of the skeleton are
    folded = [fold(text[token.start : token.end]) for token in expected]
    assert len(set(found.hashes.tolist())) == len(set(folded)) == len(set(zip(folded, found.hashes, strict=True)))
    assert len(set(zip(skeletons, found.skeleton, strict=True))) == len(set(skeletons))
    assert set(found.skeleton[found.is_slot].tolist()) <= {int(SLOT_HASH)}


@given(TEXTS)
def test_any_text_equals_the_oracle(text: str) -> None:
    check_against_oracle(text, [])


@given(marked_texts())
def test_any_marks_equal_the_oracle(case: tuple[str, list[Span]]) -> None:
    check_against_oracle(*case)


def test_a_dot_before_a_mark_is_not_inside_a_number() -> None:
    check_against_oracle("3.20XX年", [(2, 6)])


def test_a_dot_after_a_mark_is_not_inside_a_number() -> None:
    check_against_oracle("X1.5", [(0, 2)])


def test_a_combining_mark_after_a_mark_is_no_token() -> None:
    check_against_oracle("X\u0302好", [(0, 1)])


@given(st.lists(marked_texts(), max_size=6))
def test_a_block_is_its_documents_one_by_one(documents: list[tuple[str, list[Span]]]) -> None:
    block = join_block([text for text, _ in documents])
    marks = [
        (start + base, end + base)
        for (_, spans), base in zip(documents, block.starts.tolist(), strict=True)
        for start, end in spans
    ]
    together = tokenise(block, marks)
    alone = concatenate([tokens(text, spans) for text, spans in documents])
    for name in set(Tokens._fields) - {"texts"}:
        left, right = getattr(together, name), getattr(alone, name)
        assert left.dtype == right.dtype, name
        assert np.array_equal(left, right), name
    assert list(alone.texts) == list(together.texts) == [text for text, _ in documents]
    assert len(together.indptr) == len(documents) + 1


@given(st.lists(st.tuples(st.sampled_from(["a", "1", "X"]), st.sampled_from([1, 2, 61, 62, 63, 64, 1000]))))
def test_tokens_of_any_length_equal_the_oracle(runs: list[tuple[str, int]]) -> None:
    """Those of 63 characters and more have their ends in a list."""
    text, marks = "", []
    for char, size in runs:
        if char == "X":
            marks.append((len(text), len(text) + size))
        text += char * size + "好，"
    check_against_oracle(text, marks)
    found = tokens(text, marks)
    length = found.form & LONG
    assert length.tolist() == [min(end - start, LONG) for start, end in zip(found.start, found.end, strict=True)]
    assert len(found.long_row) == len(found.long_end) == sum(size >= LONG for _, size in runs)
    some = np.arange(len(found.start))[::-2]
    assert found.ends(some).tolist() == found.end[some].tolist()


LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


@pytest.mark.parametrize("workers", [1, 2])
def test_words_are_numbered_as_they_come_whatever_the_blocks(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of words, so that their tables grow, and characters, some of them words too: beyond 16 bits."""
    random = np.random.default_rng(1)
    words = [f"{number + 256:x}".translate(LETTERS) for number in range(4000)]
    parts = [[word, "字", "𠀀", chr(0x4E00 + number), f"{number + 10}"] for number, word in enumerate(words)]
    lines = [" ".join(parts[at][random.integers(5)] for at in random.integers(0, 4000, 3000)) for _ in range(6)]
    texts, marks = Texts.of(lines), Marks(np.zeros(7, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))
    whole = tokenise_texts(texts, marks, Workspace())
    monkeypatch.setattr(module, "BLOCK_CHARACTERS", 20_000)
    monkeypatch.setattr(module, "WORD_BITS", 10)
    with Workspace(workers=workers) as work:
        found = tokenise_texts(texts, marks, work)
    assert np.array_equal(found.name, whole.name)
    assert np.array_equal(found.words, whole.words)
    said = [fold(word) for word in " ".join(lines).split()]
    is_word = whole.name >= HASHED_POINTS
    assert [len(word) > 1 or word > "\uffff" for word in said] == is_word.tolist()
    words = [word for word, row in zip(said, is_word, strict=True) if row]
    number = {word: HASHED_POINTS + row for row, word in enumerate(dict.fromkeys(words))}
    assert whole.name.tolist() == [number[word] if word in number else ord(word) for word in said]


@given(st.lists(marked_texts(), min_size=1, max_size=4), st.data())
def test_packed_points_of_any_ranges(documents: list[tuple[str, list[Span]]], data: st.DataObject) -> None:
    found = concatenate([tokens(text, spans) for text, spans in documents])
    skeletons = [token.skeleton for text, spans in documents for token in tokens_of(text, spans)]
    edges = st.integers(0, len(skeletons))
    ranges = [sorted(pair) for pair in data.draw(st.lists(st.tuples(edges, edges), max_size=5))]
    first, stop = np.array(ranges, dtype=np.int64).reshape(-1, 2).T
    points, indptr = packed_points(found, first, stop)
    assert points.dtype == np.uint32
    assert indptr.dtype == np.int64
    expected = [[point for skeleton in skeletons[a:b] for point in skeleton] for a, b in ranges]
    assert [points[a:b].tolist() for a, b in pairwise(indptr)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("完成1830.96亿元", ["完", "成", "1830.96", "亿", "元"]),
        ("1,234,567人", ["1,234,567", "人"]),
        ("２０２０年", ["２０２０", "年"]),
        ("３．１４", ["３．１４"]),
        ("3.", ["3"]),
        (".5", ["5"]),
        ("1..2", ["1", "2"]),
        ("1, 2", ["1", "2"]),
        ("1，2", ["1", "2"]),
        ("10:30", ["10", "30"]),
        ("5%", ["5"]),
        ("-7", ["7"]),
        ("v2.0beta", ["v", "2.0", "beta"]),
        ("415X", ["415", "X"]),
        ("don't", ["don", "t"]),
        ("naïve café", ["naïve", "café"]),
        ("cafe\u0301 x", ["cafe\u0301", "x"]),
        ("\u0301a", ["a"]),
        ("カ\u3099キ", ["カ\u3099", "キ"]),
        ("ไทย", ["ไ", "ท", "ย"]),
        ("กำลัง", ["ก", "ำ", "ลั", "ง"]),
        ("カタカナ", list("カタカナ")),
        ("한글", ["한", "글"]),
        ("人々〇", ["人", "々", "〇"]),
        ("㐀𠀀", ["㐀", "𠀀"]),
        ("A中B", ["A", "中", "B"]),
        ("русский язык", ["русский", "язык"]),
        ("a\0b\x1bc", ["a", "b", "c"]),
        ("a\ud800b", ["a", "b"]),
        ("", []),
        ("。，！", []),
    ],
)
def test_tokens_of(text: str, expected: list[str]) -> None:
    assert written(text) == expected


def test_a_mark_is_one_token_whatever_it_holds() -> None:
    text = "由20XX年 的____到【 】年"
    marks = [(1, 6), (8, 12), (13, 16)]
    assert written(text, marks) == ["由", "20XX年", "的", "____", "到", "【 】", "年"]
    assert tokens(text, marks).kind.tolist() == [SINGLE, MARK, SINGLE, MARK, SINGLE, MARK, SINGLE]


def test_marks_side_by_side_are_two_tokens() -> None:
    assert written("XX", [(0, 1), (1, 2)]) == ["X", "X"]


def test_a_template_meets_its_completions() -> None:
    blank, filled = tokens("完成投资XX亿元", [(4, 6)]), tokens("完成投资1,830.96億元")
    assert np.array_equal(blank.skeleton, filled.skeleton)
    assert np.array_equal(blank.points, filled.points)
    assert not np.array_equal(blank.hashes, filled.hashes)
    assert blank.points.tolist() == [*map(ord, "完成投资"), SLOT_POINT, *map(ord, "亿元")]


def test_words_keep_their_characters_in_the_skeleton() -> None:
    found = tokens("The GDP 5.2 rose")
    assert found.points.tolist() == [*map(ord, "thegdp"), SLOT_POINT, *map(ord, "rose")]
    assert found.point_indptr.tolist() == [0, 3, 6, 7, 11]
    assert found.kind.tolist() == [LETTER, LETTER, DIGIT, LETTER]


def test_hashes_know_the_place_of_a_character() -> None:
    found = tokens("ab ba aab a b AB")
    assert len(set(found.hashes.tolist())) == 5
    assert found.hashes[0] == found.hashes[-1]


def test_nothing_is_nothing() -> None:
    for found in (tokenise(join_block([]), []), concatenate([]), tokens("")):
        assert len(found.start) == len(found.points) == 0
        assert found.point_indptr.tolist() == [0]
    assert tokens("").indptr.tolist() == [0, 0]
    assert concatenate([]).indptr.tolist() == [0]


def hashed(rows: Sequence[Sequence[int]]) -> list[int]:
    values = np.array([value for row in rows for value in row], dtype=np.uint64)
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return sequence_hashes(values, indptr).tolist()


def test_sequence_hashes_tell_order_length_and_prefix() -> None:
    rows = [[], [0], [0, 0], [1, 2, 3], [3, 2, 1], [2, 1, 3], [1, 2], [1, 2, 0], [0, 1, 2], [1], [2], [2**64 - 1]]
    assert len(set(hashed(rows))) == len(rows)


@given(st.lists(st.lists(st.integers(0, 3), max_size=5), max_size=30))
def test_sequence_hashes_are_equal_for_equal_rows_only(rows: list[list[int]]) -> None:
    found = hashed(rows)
    assert len(set(found)) == len({tuple(row) for row in rows})
    assert found == [hashed([row])[0] for row in rows]


@given(st.lists(st.integers(0, 2**64 - 1), max_size=20, unique=True))
def test_mix64_is_injective_and_total(values: list[int]) -> None:
    assert len(np.unique(mix64(np.array(values, dtype=np.uint64)))) == len(values)


@given(st.lists(st.lists(st.integers(0, 4), max_size=4), max_size=5))
def test_join_offsets(parts: list[list[int]]) -> None:
    offsets = [np.cumsum([0, *part]).astype(np.int64) for part in parts]
    expected = np.cumsum([0, *(size for part in parts for size in part)])
    assert join_offsets(offsets).tolist() == expected.tolist()
