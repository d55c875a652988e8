"""Programs of patterns find what `re` finds: for patterns of every kind, and for rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.kernels import cache
from detector.kernels.trying import try_groups, try_lines, try_places
from detector.rules import program_files
from detector.rules.pattern_sets import ALL, complement, merged
from detector.rules.programs import UNTOLD, Programs, write_programs
from detector.rules.rule_tables import Rule, load_rules, marked_spans
from detector.settings import Settings
from detector.text.folding import code_points

NO, YES, UNKNOWN = 0, 1, 2

PATTERNS = (
    "a", "abc", "[ab]c", "[^ab\n]", "a|bc|", "(?:ab|a)(?:bc|c)", "a{2,3}b", "a*ab", "(?:ab?){2,3}c", "(?:a|ab){2}c",
    "(?:(?:a|b){1,2}c){2}", "(?:a*b*)*c", "(?:a?){3,5}b", "(?:){2}a", "(?:a|b)*?c", ".{1,3}b", ".*b.*c", "a(?=b)",
    "a(?!b)", "(?<=a)b", "(?<!a)b", "(?<![\\s\\S])a", "(?=.{2}c)ab", "(?!.*c)a", "(?=(?:a|ab)c)a.", "\\ba+\\b", "a$",
    "a\\Z", "^a", "\\Ab", "\\w+[ ]\\d", "\\S\\s", "(?P<mark>a)b", "(?P<x>a|b)(?P=x)",
    "(?:(?P<mark>a|ab)|b)c?", "(?:(?P<mark>a+)b|a)c", "(?:(?P<mark>a)|b){2}", "(?=(?P<lead>a))(?P<mark>a)b?",
    "a(?P<mark>(?:b|c){1,2}?)c?", "(?P<mark>[ab]{1,3})(?:b|c)", "a??b", "(?P<mark>a)",
    "(a|b)\\1", "a{2,}+a", "[ab]{1,2}+b", "(?:ab?){1,2}+b", "(?>a|ab)c", "(?!(?P<x>a)(?P=x))a", "(?i:a)b", "(?i)a",
    "\\Ba", "(?!)", "(?:a(?!b)|ab(?=c))+", "(?:a(?:b|c){1,2}){1,3}c", "[a-b]{0,2}[^c]", "(?<=a(?=b))b",
    "(?:(?=a)a|b)+c",
    "(?>(?:|a)+)b", "(?>a*?)b", "(?:a*){1,2}+b", "(?>(?:ab?){1,2}c?)b", "(?:a(?:b|bc))++c", "(?:(?>a|ab)c?)+b",
    "(?<=ab)c", "(?<!ab)c", "(?=bc)[ab]", "(?!bc)[ab].", "(?<![ab]c)a", "(?:(?<=ab)|(?<!b))c", "(?=abcabcabc)a",
    "(?!a|b)c", "(?:(?:a|b){2}(?!c))*c", "a{2,}[ ]?b", "(?:a{2,}|b)[ ]?[ab]{1,3}b",
)  # fmt: skip

texts = st.text(alphabet="abc \n1é\U0001f600", max_size=14)


def places(made: Programs, text: str) -> list[list[int]]:
    """For each program where it may match."""
    return [[at for at, _ in found] for found in spans(made, text)]


def spans(made: Programs, text: str) -> list[list[tuple[int, tuple[int, int]]]]:
    """For each program where it may match, and what it tells of the span."""
    n, n_programs = len(text), len(made.first)
    found, entry = np.empty(n * n_programs, dtype=np.int64), np.empty(n * n_programs, dtype=np.int32)
    start, end = np.empty(n * n_programs, dtype=np.int64), np.empty(n * n_programs, dtype=np.int64)
    size = try_places(
        code_points(text), np.array([0, n]), np.arange(n), np.zeros(n, dtype=np.int32), np.array([0, n_programs]),
        np.arange(n_programs, dtype=np.int32), *made[:4], made.mark, found, entry, start, end,
    )  # fmt: skip
    rows = zip(*(column[:size].tolist() for column in (entry, found, start, end)), strict=True)
    of: list[list[tuple[int, tuple[int, int]]]] = [[] for _ in range(n_programs)]
    for number, at, first, last in rows:
        of[number].append((at, (first, last)))
    return of


def lines(made: Programs, text: str) -> list[int]:
    """For each program whether it matches all of a text."""
    n = len(made.first)
    out = np.empty(n, dtype=np.uint8)
    bounds = np.array([0]), np.array([len(text)])
    try_lines(code_points(text), *bounds, np.zeros(n, dtype=np.int64), np.arange(n, dtype=np.int32), *made[:4], out)
    return out.tolist()


def agree(patterns: Sequence[str], made: Programs, text: str) -> None:
    """Holds programs against `re`."""
    compiled = [re.compile(pattern, re.VERBOSE) for pattern in patterns]
    for regex, mark, told in zip(compiled, made.mark, spans(made, text), strict=True):
        group = "mark" if "mark" in regex.groupindex else 0
        for at, span in told:
            match = regex.match(text, at)
            assert mark == UNTOLD or (match is not None and match.span(group) == span), (regex.pattern, text)
            assert (mark == UNTOLD) == (span == (UNTOLD, UNTOLD))
    for regex, exact, found, whole in zip(compiled, made.exact, places(made, text), lines(made, text), strict=True):
        wanted = [at for at in range(len(text)) if regex.match(text, at)]
        assert set(wanted) <= set(found), (regex.pattern, text)
        assert whole if regex.fullmatch(text) else not (exact and whole), (regex.pattern, text)
        if exact:
            assert wanted == found, (regex.pattern, text)


@given(texts)
def test_programs_match_where_patterns_do(text: str) -> None:
    agree(PATTERNS, MADE, text)


MADE = write_programs(PATTERNS)


def test_what_is_exact() -> None:
    inexact = {pattern for pattern, exact in zip(PATTERNS, MADE.exact, strict=True) if not exact}
    assert inexact == {
        "(?P<x>a|b)(?P=x)", "(a|b)\\1", "(?!(?P<x>a)(?P=x))a", "(?i:a)b", "(?i)a", "\\Ba", "(?>(?:|a)+)b",
        "(?>a*?)b", "(?:a*){1,2}+b",
    }  # fmt: skip


def test_which_spans_are_told() -> None:
    untold = {one for one, exact, mark in zip(PATTERNS, MADE.exact, MADE.mark, strict=True) if exact and mark == UNTOLD}
    assert untold == {
        "(?:a*b*)*c",
        "(?:a?){3,5}b",
        "(?:){2}a",
        "(?:a|b)*?c",
        "(?:(?P<mark>a)|b){2}",
        "(?=(?P<lead>a))(?P<mark>a)b?",
        "a(?P<mark>(?:b|c){1,2}?)c?",
        "a??b",
    }


pieces = st.sampled_from(["a", "b", "c", "[ab]", "[^a]", ".", "\\b", "(?=a)", "(?!b)", "(?<=b)", "(?<!a)", "$", ""])
patterns = st.recursive(
    pieces,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,2}", "{0,3}", "*?", "{1,2}+", "++"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda part: f"(?={part})"),
        inner.map(lambda part: f"(?>{part})"),
        inner.map(lambda part: f"(?!{part})"),
    ),
    max_leaves=8,
)


@given(patterns, st.lists(texts, min_size=1, max_size=4))
def test_programs_of_any_pattern(pattern: str, some: list[str]) -> None:
    made = write_programs([pattern])
    for text in some:
        agree([pattern], made, text)


@given(patterns, patterns, patterns, st.lists(texts, min_size=1, max_size=4))
def test_marks_of_any_pattern(before: str, pattern: str, after: str, some: list[str]) -> None:
    marked = [f"{before}(?P<mark>{pattern}){after}", f"(?:{before}|(?P<mark>{pattern})b|a){after}"]
    made = write_programs(marked)
    for text in some:
        agree(marked, made, text)


RULES = [rule for rule in load_rules(Settings()) if rule.scope in ("span", "line")]
OF_RULES = write_programs([rule.pattern for rule in RULES])
EXAMPLES = [marked_spans(example)[0].lower() for rule in RULES for example in (*rule.hits, *rule.misses)]


def test_most_rules_are_exact() -> None:
    inexact = [rule.name for rule, exact in zip(RULES, OF_RULES.exact, strict=True) if not exact]
    assert len(inexact) <= 0.05 * len(RULES), inexact


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_rules_on_their_examples(rule: Rule) -> None:
    made = write_programs([rule.pattern])
    for example in (*rule.hits, *rule.misses):
        agree([rule.pattern], made, marked_spans(example)[0].lower())


@given(st.data())
def test_rules_on_texts_of_many_examples(data: st.DataObject) -> None:
    """Thirty rules at a time: trying every pattern everywhere is what the triggers of rules are there to avoid."""
    parts = data.draw(st.lists(st.sampled_from(EXAMPLES).flatmap(cut), min_size=1, max_size=3))
    first = data.draw(st.integers(0, len(RULES) - 1))
    some = [RULES[(first + step * 29) % len(RULES)].pattern for step in range(30)]
    agree(some, programs_of_some(tuple(some)), "".join(parts)[:120])


@lru_cache(8)
def programs_of_some(some: tuple[str, ...]) -> Programs:
    return write_programs(some)


def cut(text: str) -> st.SearchStrategy[str]:
    """A part of a text."""
    ends = st.integers(0, len(text))
    return st.tuples(ends, ends).map(lambda pair: text[min(pair) : max(pair)])


@given(st.lists(texts, max_size=6))
def test_bounds_of_texts(some: list[str]) -> None:
    """A text is tried as if it were alone."""
    indptr, n = np.array([0, len(PATTERNS)]), sum(map(len, some))
    found, entry = np.empty(n * len(PATTERNS), dtype=np.int64), np.empty(n * len(PATTERNS), dtype=np.int32)
    start, end = np.empty_like(found), np.empty_like(found)
    bounds = np.cumsum([0, *map(len, some)])
    size = try_places(
        code_points("".join(some)), bounds, np.arange(n), np.zeros(n, dtype=np.int32), indptr,
        np.arange(len(PATTERNS), dtype=np.int32), *MADE[:4], MADE.mark, found, entry, start, end,
    )  # fmt: skip
    wanted = [
        sorted((at + int(begin), number) for number, where in enumerate(places(MADE, text)) for at in where)
        for begin, text in zip(bounds, some, strict=False)
    ]
    assert list(zip(found[:size].tolist(), entry[:size].tolist(), strict=True)) == [
        pair for part in wanted for pair in part
    ]


def test_groups() -> None:
    made = write_programs(["a+", "b+", "[ab]+"])
    text, start, end = "aabbabaaaa", np.array([0, 2, 4, 6, 6]), np.array([2, 4, 6, 10, 10])
    out = np.empty(5, dtype=np.uint8)
    wanted = np.array([True, True, True, True, False])
    try_groups(
        code_points(text), start, end, wanted, np.arange(3, dtype=np.int32), np.array([9, 9, 3]),
        np.array([1, 1, 2], dtype=np.uint8), *made[:4], out,
    )  # fmt: skip
    assert out.tolist() == [3, 3, 2, 1, 0]


def test_work_is_bounded() -> None:
    made = write_programs(["(?:ab|a|b)+c", "(?:a*){2,}c", "a"])
    assert lines(made, "a" * 200_000) == [UNKNOWN, UNKNOWN, NO]


def test_sets() -> None:
    assert merged([(3, 4), (1, 2), (9, 9)]) == ((1, 4), (9, 9))
    assert complement(()) == ALL and complement(ALL) == ()


def test_kept_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "folders", lambda: [tmp_path])
    known, pattern = tuple(PATTERNS[:5]), "ab|cd"
    first, numbers = program_files.programs_of([known[1], pattern], known)
    assert numbers == {**{one: number for number, one in enumerate(known)}, pattern: 5}
    (path,) = tmp_path.iterdir()
    written = path.read_bytes()
    for damaged in (written, written[:-1] + bytes([written[-1] ^ 1]), b""):
        path.write_bytes(damaged)
        program_files._kept.cache_clear()
        again, _ = program_files.programs_of([pattern], known)
        assert all(np.array_equal(*columns) for columns in zip(first, again, strict=True))
        assert path.read_bytes() == written
    program_files._kept.cache_clear()
