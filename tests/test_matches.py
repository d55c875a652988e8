"""Matches, representatives and partners against every pair's ratio, and recall on real text."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import MatchOracle, matches_of, ratio, shingles

from detector.machine.workspace import Workspace
from detector.matching import matches, partners
from detector.matching.candidates import Buckets, Sieve
from detector.matching.matches import Matches, find_matches
from detector.matching.signatures import sign
from detector.text.passages import Passages, split_passages
from detector.text.shingles import shingle_hashes
from detector.text.tokens import SLOT_HASH, Tokens, join_block, packed_points, tokenise

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
from recall import LONG, SHORT, Recall, main, measure

kernel = settings(max_examples=100, deadline=None)
"""No deadline: the first call of a kernel may compile it."""

THRESHOLD = 0.80
SENTENCES = (
    "全面贯彻落实中央经济工作会议精神",
    "完成固定资产投资12亿元同比增长3%",
    "我们要以更加饱满的热情投入到工作中去",
    "the plan was adopted by the council of the town in the spring of 1999",
    "一二三四五六七八九十",
)
LETTERS = "的一是在经济a7 "


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[str], list[int]]:
    """Documents whose lines are sentences with a few characters changed, and the family of each document."""
    pool = list(SENTENCES)
    texts = []
    for _ in range(draw(st.integers(1, 4))):
        lines = []
        for _ in range(draw(st.integers(0, 5))):
            line = draw(st.sampled_from(pool))
            for _ in range(draw(st.integers(0, 3))):
                place = draw(st.integers(0, len(line)))
                line = line[:place] + draw(st.sampled_from(["", *LETTERS])) + line[place + draw(st.integers(0, 1)) :]
            pool.append(line)
            lines.append(line)
        texts.append("\n".join(lines))
    family = [draw(st.integers(0, number)) for number in range(len(texts))]
    return texts, np.unique(family, return_inverse=True)[1].tolist()


class Table:
    """What the oracle needs to know of each passage that is long enough."""

    def __init__(self, tokens: Tokens, passages: Passages, least: int) -> None:
        self.rows = [row for row, n in enumerate(np.diff(passages.tokens)) if n >= least]
        self.document = passages.document[self.rows].tolist()
        bounds = [(passages.tokens[row], passages.tokens[row + 1]) for row in self.rows]
        skeleton = np.where(tokens.is_slot, SLOT_HASH, tokens.hashes)
        self.symbols = [skeleton[start:stop].tolist() for start, stop in bounds]
        self.points = [tuple(packed_points(tokens, start, stop)[0].tolist()) for start, stop in bounds]
        self.tokens, self.bounds = tokens, np.array(bounds, dtype=np.int64).reshape(-1, 2)


def cut_up(texts: Sequence[str]) -> tuple[Tokens, Passages]:
    block = join_block(texts)
    tokens = tokenise(block, [])
    return tokens, split_passages(block, tokens, [])


def find(texts: Sequence[str], family: Sequence[int], least: int = 8, workers: int = 1) -> tuple[Matches, Table]:
    tokens, passages = cut_up(texts)
    with Workspace(workers=workers) as work:
        found = find_matches(
            tokens, passages, np.array(family, dtype=np.int64), threshold=THRESHOLD, min_tokens=least, seed=1, work=work
        )
    return found, Table(tokens, passages, least)


def check(found: Matches, table: Table, expected: MatchOracle, family: Sequence[int]) -> None:
    assert found.passage.tolist() == table.rows
    assert found.representative.tolist() == expected.representative
    assert found.partner.tolist() == expected.partner
    assert found.earlier.tolist() == expected.earlier
    owners = [family[document] for document in table.document]
    elsewhere = [other >= 0 and owners[other] != owners[row] for row, other in enumerate(expected.partner)]
    assert found.elsewhere.tolist() == elsewhere
    for column, others in (
        (found.ratio, expected.representative),
        (found.partner_ratio, expected.partner),
        (found.earlier_ratio, expected.earlier),
    ):
        ratios = [
            ratio(table.points[row], table.points[other]) if other >= 0 else 0.0 for row, other in enumerate(others)
        ]
        assert column.tolist() == pytest.approx(ratios)
    distinct = list(dict.fromkeys(map(tuple, table.symbols)))
    assert found.distinct.tolist() == [distinct.index(tuple(row)) for row in table.symbols]


def alike(table: Table) -> Callable[[int, int], bool]:
    return lambda row, other: ratio(table.points[row], table.points[other]) >= THRESHOLD - 1e-9


def one_bucket(keys: np.ndarray, numbers: np.ndarray, n: int, work: Workspace, sieve: Sieve) -> Buckets:
    """Every row a candidate of every other."""
    sieve(np.arange(n, dtype=np.int32))
    return Buckets(np.array([0, n]), np.arange(n, dtype=np.int32), np.arange(n + 1), np.zeros(n, np.int32))


@kernel
@given(corpora(), st.sampled_from([2, 8]))
def test_matches_equal_brute_force_where_all_are_candidates(case: tuple[list[str], list[int]], least: int) -> None:
    texts, family = case
    with mock.patch.multiple(matches, band_buckets=one_bucket):
        found, table = find(texts, family, least)
    owners = [family[document] for document in table.document]
    check(found, table, matches_of(len(table.rows), alike(table), owners, table.document), family)


def proposed(table: Table) -> Callable[[int, int], bool]:
    """Whether two passages become candidates: their signatures agree in a whole band."""
    hashes, offsets = shingle_hashes(
        table.tokens, table.bounds[:, 0], table.bounds[:, 1], matches.SHINGLE_SIZE, is_skeleton=True
    )
    values = sign(hashes, offsets, n_permutations=matches.BANDS.n_permutations, seed=1).values
    bands = values.reshape(len(values), *matches.BANDS)
    return lambda row, other: bool((bands[row] == bands[other]).all(axis=1).any())


@kernel
@given(corpora())
def test_matches_equal_brute_force_over_candidates(case: tuple[list[str], list[int]]) -> None:
    texts, family = case
    found, table = find(texts, family)
    propose, true = proposed(table), alike(table)
    owners = [family[document] for document in table.document]
    expected = matches_of(
        len(table.rows), lambda row, other: propose(row, other) and true(row, other), owners, table.document
    )
    check(found, table, expected, family)


@kernel
@given(corpora(), st.randoms(use_true_random=False))
def test_pairs_of_documents_match_in_either_order(case: tuple[list[str], list[int]], random: object) -> None:
    """What matches what does not depend on the order; who represents whom follows the order by definition."""
    texts, _ = case
    order = list(range(len(texts)))
    random.shuffle(order)  # type: ignore[attr-defined]
    counts = []
    for chosen in (list(range(len(texts))), order):
        found, table = find([texts[number] for number in chosen], list(range(len(texts))))
        has = sorted(
            (chosen[document], passage, bool(partner >= 0))
            for document, partner, passage in zip(table.document, found.partner, map(tuple, table.symbols), strict=True)
        )
        repeated = sorted(chosen[table.document[row]] for row in np.flatnonzero(found.earlier >= 0))
        counts.append((has, len(repeated) > 0))
    assert counts[0] == counts[1]


@kernel
@given(corpora(), st.integers(1, 4), st.integers(2, 3))
def test_blocks_and_workers_do_not_change_the_result(
    case: tuple[list[str], list[int]], rows: int, workers: int
) -> None:
    texts, family = case
    alone, _ = find(texts, family)
    blocks = {"BLOCK_TOKENS": 10 * rows, "BLOCK_POINTS": 8 * rows}
    with mock.patch.multiple(matches, SMALL=rows, **blocks), mock.patch.multiple(partners, SMALL=rows):
        for found in (find(texts, family)[0], find(texts, family, workers=workers)[0]):
            for name, left, right in zip(Matches._fields, alone, found, strict=True):
                assert np.array_equal(left, right), name


@kernel
@given(corpora())
def test_the_block_size_does_not_change_the_result(case: tuple[list[str], list[int]]) -> None:
    from detector.text import passages as passage_module
    from detector.text import tokens as token_module

    texts, family = case
    parts = [cut_up([text + "。"]) for text in texts]
    together = cut_up([text + "。" for text in texts])
    joined = (
        token_module.concatenate([tokens for tokens, _ in parts]),
        passage_module.concatenate([found for _, found in parts], [1] * len(parts)),
    )
    tables = [
        find_matches(tokens, found, np.array(family, dtype=np.int64), threshold=THRESHOLD, min_tokens=8, seed=1)
        for tokens, found in (together, joined)
    ]
    assert not tables[0].n_crowded
    for name, left, right in zip(Matches._fields, *tables, strict=True):
        assert np.array_equal(left, right), name


@kernel
@given(corpora())
def test_matches_are_what_they_say(case: tuple[list[str], list[int]]) -> None:
    texts, family = case
    found, table = find(texts, family)
    assume(len(table.rows))
    rows = np.arange(len(table.rows))
    document = np.array(table.document)
    assert (found.representative <= rows).all()
    assert (found.representative[found.representative] == found.representative).all()
    assert (found.ratio >= THRESHOLD - 1e-9).all()
    has = found.partner >= 0
    assert (document[found.partner[has]] != document[has]).all()
    assert (found.partner_ratio[has] >= THRESHOLD - 1e-9).all()
    assert (found.partner_ratio[~has] == 0).all()
    again = found.earlier >= 0
    assert (document[found.earlier[again]] == document[again]).all()
    assert (found.earlier[again] < rows[again]).all()


def test_a_thousand_copies_of_one_line_are_one_group() -> None:
    found, _ = find(["全面贯彻落实中央经济工作会议精神"] * 1000, range(1000))
    assert (found.representative == 0).all()
    assert (found.ratio == 1.0).all()
    assert found.partner.tolist() == [1] + [0] * 999
    assert found.elsewhere.all()
    assert (found.earlier == -1).all()


def test_a_thousand_copies_in_one_document_are_repeats_and_match_no_other() -> None:
    found, _ = find(["\n".join(["全面贯彻落实中央经济工作会议精神"] * 1000)], [0])
    assert (found.representative == 0).all()
    assert (found.partner == -1).all()
    assert found.earlier.tolist() == [-1] + [0] * 999


def test_thousands_of_near_copies_are_one_group() -> None:
    line = "全面贯彻落实中央经济工作会议精神扎实推进高质量发展"
    texts = [line[: n % 24] + chr(0x5000 + n) + line[n % 24 + 1 :] for n in range(3000)]
    found, table = find([line, *texts], range(3001))
    assert (found.representative == 0).mean() > 0.99
    assert found.elsewhere.all()
    assert len(table.rows) == 3001


def test_figures_make_no_difference() -> None:
    found, _ = find(["全年完成投资12亿元同比增长5.2%。", "全年完成投资1,830.96亿元同比增长７％。"], [0, 1])
    assert found.distinct.tolist() == [0, 0]
    assert found.representative.tolist() == [0, 0]


def test_copies_in_one_family_are_elsewhere_for_no_one() -> None:
    found, _ = find([SENTENCES[0], SENTENCES[0]], [0, 0])
    assert found.partner.tolist() == [1, 0]
    assert found.elsewhere.tolist() == [False, False]


def test_another_family_is_preferred_to_another_document() -> None:
    found, _ = find([SENTENCES[0]] * 3, [0, 0, 1])
    assert found.partner.tolist() == [2, 2, 0]


def test_a_passage_that_is_too_short_is_not_compared() -> None:
    found, _ = find(["一二三四五六七"] * 2, [0, 1])
    assert not len(found.passage)
    assert not len(find([], [])[0].passage)
    assert not len(find(["", "。"], [0, 1])[0].passage)


def test_the_choice_of_bands_proposes_short_passages_with_one_word_changed() -> None:
    left = "全面贯彻落实中央经济工作会议精神"
    pairs = [(left, left[:place] + "某" + left[place + 1 :]) for place in range(len(left))]
    assert all(ratio(list(map(ord, a)), list(map(ord, b))) >= THRESHOLD for a, b in pairs)
    met = sum(find(list(pair), [0, 1])[0].partner.tolist() == [1, 0] for pair in pairs)
    assert met >= len(pairs) - 1
    assert len(shingles(left, matches.SHINGLE_SIZE)) == 15


@pytest.mark.parametrize("name", ["zh_gov_national_2024_2026", "zh_gongwen_templates"])
def test_recall_on_real_text(shared: Path, name: str) -> None:
    measured = measure(shared / "corpora" / name / "docs.jsonl")
    for length, floor in ((SHORT, 0.98), (LONG, 0.995)):
        assert measured[length].n_true > 50
        assert measured[length].n_found >= floor * measured[length].n_true, measured[length]


def test_the_benchmark_prints_counts_and_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "three.jsonl"
    text = "全面贯彻落实中央经济工作会议精神"
    rows = (f'{{"id": "{n}", "text": "{text}{word}。{word * 7}。"}}\n' for n, word in enumerate(("甲", "乙")))
    path.write_text("".join(rows), "utf-8")
    for arguments in ([str(path)], [str(path), "--sample", "1"]):
        assert main(arguments) == 0
        _, short, long, whole = capsys.readouterr().out.splitlines()
        n = 2 if len(arguments) == 1 else 1
        assert short.split()[-4:-1] == whole.split()[-4:-1] == [str(n), str(n), "1.0000"]
        assert long.split()[-4:-1] == ["0", "0", "-"]
    assert (Recall(1, 2) + Recall(2, 2)).share == 0.75
    assert Recall().share is None
