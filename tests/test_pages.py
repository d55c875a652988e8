"""Lines of scraped pages: words and counts against an obvious version, the gate, the model, and floors on labels."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_oracles import CLASS, described, evidence_of_page, gate, placed, related

from detector.kernels.page_context import describe_odds, place_lines
from detector.kernels.page_model import first_round, judge_pages, later_round
from detector.kernels.page_words import count_repeats, keep_pages, may_be_pages, signs_of_page
from detector.machine.workspace import Workspace
from detector.model import Document
from detector.pipeline import scan
from detector.rules.frames import SITE_FRAME
from detector.rules.junk import find_junk
from detector.rules.lines import split_lines
from detector.rules.page_model import EVIDENCE, PARTS, gather_evidence, lean_of, weigh_evidence
from detector.rules.page_phrases import CLASSES, EDGE_CLASSES, edge_phrases, page_phrases, page_words, units
from detector.rules.pages import (
    FEATURES,
    LAST,
    LAST_SHARES,
    ODDS,
    PAGE_LINE,
    ROUND_LAST,
    ROUND_ONE,
    SECOND,
    SECOND_SHARES,
    PageCounts,
    count_page_lines,
    describe_page,
    find_page_lines,
    fitted,
    page_lines_of,
    relate_page,
)
from detector.rules.places import SENTENCE, make_triggers, read_block
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.text.folding import DIGIT, LETTER, SINGLE, character_table, code_points, plain

ROOT = Path(__file__).parents[1]
MODELS = {PAGE_LINE, SITE_FRAME}
MADE = ROOT / "tests" / "data" / "pages" / "pages.txt"


def made_pages() -> dict[str, tuple[str, str]]:
    """The made pages: text and a letter a line, as in labelled corpora."""
    pages = {}
    for part in MADE.read_text("utf-8").strip().split("\n\n"):
        name, *lines = part.split("\n")
        pages[name.removeprefix("# ")] = ("\n".join(line[2:] for line in lines), "".join(line[0] for line in lines))
    return pages


def counted(text: str) -> PageCounts:
    points = code_points(text)
    start = np.zeros(1, dtype=np.int64)
    return count_page_lines(
        read_block(points, start, start + len(points), make_triggers((), {}, ())), points, start, gate=False
    )


def shares(text: str, letters: str) -> tuple[float, float]:
    """The shares of the junk characters that are found and of the content characters that are lost."""
    found = page_lines_of(text)
    lines = [(line, letter) for line, letter in zip(text.split("\n"), letters, strict=True) if line.strip()]
    totals: Counter[tuple[str, bool]] = Counter()
    for at, (line, letter) in enumerate(lines):
        totals[letter, at in found] += sum(not character.isspace() for character in line)

    def share(letter: str) -> float:
        return totals[letter, True] / max(1, totals[letter, True] + totals[letter, False])

    return share("j"), share("c")


def phrase_classes() -> dict[tuple[str, ...], set[str]]:
    found: dict[tuple[str, ...], set[str]] = {}
    for name, phrases in page_phrases().items():
        for phrase in phrases:
            if units(phrase):
                found.setdefault(tuple(units(phrase)), set()).add(name)
    return found


PHRASES = phrase_classes()


def obvious_counts(line: str) -> dict[str, int]:
    """Characters, words, single characters, digits, capitals and the characters that phrases of each class cover."""
    simple, classes = plain(line), character_table().classes
    kinds = [int(classes[ord(character)]) for character in simple]
    pieces = re.findall(r"L+|D+|S", "".join({LETTER: "L", DIGIT: "D", SINGLE: "S"}.get(kind, " ") for kind in kinds))
    names, sizes = units(simple), [len(piece) for piece in pieces]
    found = Counter[str]()
    at = 0
    while at < len(names):
        longest = max(
            (n for n in range(1, 7) if tuple(names[at : at + n]) in PHRASES and at + n <= len(names)), default=0
        )
        size = sum(sizes[at : at + max(longest, 1)])
        found["seen"] += size
        for name in PHRASES.get(tuple(names[at : at + longest]), ()):
            found[name] += size
        at += max(longest, 1)
    found["characters"], found["words"] = len(line), sum(piece[0] == "L" for piece in pieces)
    found["single"], found["digits"] = kinds.count(SINGLE), kinds.count(DIGIT)
    return found


LINES = st.lists(
    st.sampled_from(
        [
            "首页",
            "登录",
            "log in",
            "Log",
            " ",
            "，",
            "。",
            "12",
            "回复",
            "条",
            "a",
            "related",
            "articles",
            "的",
            "x",
            "3",
            ":",
        ]
    ),
    min_size=1,
    max_size=30,
).map("".join)


TEXTS = st.lists(
    st.one_of(
        LINES,
        st.sampled_from(
            [
                "Related articles",
                "Leave a comment",
                "By Ann Bee, 3 May 2019",
                "The town of Ashford has, for many years, been the home of a small but well known market.",
                "“We are glad that it is over,” he said. ReadMore",
                "ALL THE NEWS OF ASHFORD",
                "本报记者昨日从有关部门获悉，这座大桥的主体工程已经全部完成。",
                "大桥工程 2019-05-03 12:30",
                "网友评论",
            ]
        ),
    ).filter(lambda line: bool(line.strip())),
    min_size=1,
    max_size=12,
)


@given(LINES)
def test_counts_are_the_obvious_ones(line: str) -> None:
    line = line.strip()
    found = counted(line)
    if not line:
        assert not len(found.counts)
        return
    row = found.counts[0].tolist()
    wanted = obvious_counts(line)
    assert row[0] == wanted["characters"]
    assert (row[1], row[2], row[5]) == (wanted["words"], wanted["single"], wanted["digits"])
    assert row[10] == wanted["seen"]
    assert dict(zip(CLASSES, row[CLASS:], strict=False)) == {name: wanted[name] for name in CLASSES}


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_repeats_are_counted(values: list[int]) -> None:
    out = np.empty(len(values), dtype=np.int32)
    count_repeats(np.array(values, dtype=np.uint64) << np.uint64(30), np.empty(128, dtype=np.int32), out)
    assert out.tolist() == [values.count(value) for value in values]


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 16, 17, 40]), st.booleans())
def test_odds_are_sums_of_leaves(seed: int, n: int, is_han: bool) -> None:
    features = np.random.default_rng(seed).normal(size=(n, ROUND_LAST))
    model = fitted(is_han)

    def summed(part: str) -> np.ndarray:
        total = np.zeros(n)
        own = slice(*model.parts[PARTS.index(part) : PARTS.index(part) + 2])
        for names, limits, leaves in zip(*(column[own] for column in model[:3]), strict=True):
            total += leaves[(features[:, names] > limits) @ np.array([4, 2, 1])]
        assert total.any() or (is_han and part == "second")
        return total

    odds = first_round(features, *model[:4])
    assert odds.tolist() == [summed(part).tolist() for part in PARTS[:3]]
    scores = np.empty(n)
    for part, (share, share_before) in ((SECOND, SECOND_SHARES), (LAST, LAST_SHARES)):
        later_round(features, *model[:4], part, ROUND_ONE, share, share_before, scores)
        assert scores.tolist() == (share * summed(PARTS[part]) + share_before * features[:, ROUND_ONE]).tolist()


SURE_LINES = st.tuples(st.sampled_from([0.0, 6.0, 10.0]), st.integers(1, 4), st.integers(0, 2))


@given(st.lists(SURE_LINES, min_size=1, max_size=40))
def test_texts_are_pages_by_lines_that_are_junk_without_a_doubt(lines: list[tuple[float, int, int]]) -> None:
    odds, repeats = np.array([line[0] for line in lines]), np.array([line[1] for line in lines], dtype=np.int32)
    bounds = np.array([0, len(lines) // 2, len(lines)])
    signs = np.array([lines[0][2], lines[-1][2]], dtype=np.uint8)
    is_page = np.empty(2, dtype=np.bool_)
    judge_pages(odds, repeats, bounds, signs, np.array([9.0, 2, 0.1, 5.0, 0.5]), is_page)
    for at, own in enumerate((slice(bounds[1]), slice(bounds[1], None))):
        part, different = odds[own], (1 / repeats[own])[odds[own] > 9].sum()
        sure = different >= 2 - 1e-6 and (part > 9).sum() >= 0.1 * len(part)
        assert is_page[at] == (sure or (signs[at] == 2 and (part > 5).sum() >= 0.5 * len(part)))


JUDGED = st.tuples(st.sampled_from([-9.0, -2.5, -1.0, 0.5, 4.0, 6.0, 10.0]), st.integers(1, 4), st.integers(1, 200))


@given(st.lists(JUDGED, min_size=2, max_size=40), st.integers(0, 2), st.integers(0, 2**32 - 1))
def test_texts_are_pages_by_evidence_of_their_lines(lines: list[tuple[float, int, int]], sign: int, seed: int) -> None:
    odds, repeats, sizes = (np.array(column) for column in zip(*lines, strict=True))
    bounds, signs = np.array([0, len(lines) // 2, len(lines)]), np.array([sign, 2 - sign], dtype=np.uint8)
    out = gather_evidence(odds, repeats.astype(np.int32), np.log1p(sizes), bounds, signs)
    gate = np.random.default_rng(seed).normal(size=len(EVIDENCE) + 1)
    is_page = weigh_evidence(out, gate, 3, 0.1)
    for at, (own, row) in enumerate(zip((lines[: bounds[1]], lines[bounds[1] :]), out.tolist(), strict=True)):
        wanted = evidence_of_page(own, int(signs[at]))
        assert dict(zip(EVIDENCE, row, strict=True)) == pytest.approx(wanted)
        enough = wanted["text"] >= 0.1 and (
            signs[at] == 2 or sum(1 / n for odds_of, n, _ in own if odds_of > 3) > 2.999
        )
        assert is_page[at] == (enough and sum(np.array([*wanted.values(), 1.0]) * gate) > 0)


@given(st.lists(JUDGED, min_size=2, max_size=40))
def test_pages_lean_to_junk_by_the_characters_of_their_lines(lines: list[tuple[float, int, int]]) -> None:
    odds, _, sizes = (np.array(column) for column in zip(*lines, strict=True))
    bounds = np.array([0, len(lines) // 2, len(lines)])
    for lean, own in zip(lean_of(odds, np.log1p(sizes), bounds), (lines[: bounds[1]], lines[bounds[1] :]), strict=True):
        junk = sum(size / (1 + math.exp(-0.6 * (odds_of - 1))) for odds_of, _, size in own)
        assert lean == pytest.approx(math.log((junk + 50) / (sum(size for *_, size in own) - junk + 50)))


def test_heads_and_tails_know_some_of_the_phrases_of_pages() -> None:
    assert set(edge_phrases()) == set(EDGE_CLASSES) < set(CLASSES) == set(page_phrases())
    assert all(set(phrases) <= set(page_phrases()[name]) for name, phrases in edge_phrases().items())
    assert len(CLASSES) < 16, "the last bit of a mask says that a phrase goes on"
    assert [*EDGE_CLASSES[-3:]] == [*CLASSES[-3:]] and EDGE_CLASSES[:8] == CLASSES[:8], "kernels know their places"


def test_pages_judged_together_are_judged_as_alone() -> None:
    page = [*["Home", "Log in", "Share this", "Related articles", "Read more"] * 2, "One sentence stands here alone."]
    texts = ["\n".join(page * n) for n in (1, 2, 1, 300, 3)] + ["One line.", "\n".join(f"line {n}" for n in range(40))]
    texts += [made_pages()[name][0] + "\n" for name in ("zh-news", "en-news", "en-blog", "zh-portal", "en-shop")]
    points = code_points("".join(texts))
    stop = np.cumsum([len(text) for text in texts])
    start = stop - [len(text) for text in texts]
    block = read_block(points, start, stop, make_triggers((), {}, ()))
    found = find_page_lines(count_page_lines(block, points, start), block)
    rows = zip((found.row - block.line_indptr[0]).tolist(), found.score.tolist(), strict=True)
    alone = [(at + int(base), odds) for text, base in zip(texts, block.line_indptr, strict=False)
             for at, odds in page_lines_of(text).items()]  # fmt: skip
    assert list(rows) == alone
    assert len(alone) > 100


@given(TEXTS)
def test_features_are_the_obvious_ones(lines: list[str]) -> None:
    found = counted("\n".join(lines))
    features, first, last = describe_page(found.counts, found.repeats)
    wanted, *run = described(found.counts.tolist(), found.repeats.tolist())
    assert [first, last] == run
    by_words = FEATURES[FEATURES.index("with_prose") :]
    assert set(wanted) | set(by_words) == set(FEATURES)
    assert len(wanted) + len(by_words) == len(FEATURES)
    for name, column in wanted.items():
        assert features[:, FEATURES.index(name)].tolist() == pytest.approx(column, abs=1e-9), name


@given(TEXTS)
def test_what_lines_have_in_common_is_the_obvious(lines: list[str]) -> None:
    points = code_points("\n".join(lines))
    start = np.zeros(1, dtype=np.int64)
    block = read_block(points, start, start + len(points), make_triggers((), {}, ()))
    found = count_page_lines(block, points, start, gate=False)
    features, first, last = describe_page(found.counts, found.repeats)
    relate_page(features, first, last, block, 0)
    prose = features[:, FEATURES.index("prose")].tolist()
    wanted = related([plain(line).strip() for line in lines], prose, first, last)
    for name, column in wanted.items():
        assert features[:, FEATURES.index(name)].tolist() == pytest.approx(column, abs=1e-6), name


SOME_ODDS = st.lists(st.tuples(*(st.floats(-5, 5),) * 3), min_size=1, max_size=9)


@given(SOME_ODDS, st.sampled_from([0.3, 1.0]))
def test_places_are_sums_over_all_runs(odds: list[tuple[float, float, float]], rate: float) -> None:
    _, before, after = (np.array(column) for column in zip(*odds, strict=True))
    out = np.empty((len(odds), 3))
    place_lines(before, after, rate, out, 0)
    for row, wanted in zip(out.tolist(), placed(before.tolist(), after.tolist(), rate), strict=True):
        assert row == pytest.approx(wanted, abs=1e-9)


@given(SOME_ODDS)
def test_what_the_first_round_says_around_a_line(odds: list[tuple[float, float, float]]) -> None:
    junk, before, after = (np.array(column) for column in zip(*odds, strict=True))
    n = len(odds)
    out = np.empty((n, len(ODDS)))
    assert describe_odds(junk, before, after, np.ones(n), out, 0) == len(ODDS)
    row = dict(zip(ODDS, out.T.tolist(), strict=True))
    assert row["odds"] == junk.tolist()
    for reach in (1, 2, 4, 8):
        wanted = [junk[max(0, at - reach) : at + reach + 1].mean() for at in range(n)]
        assert row[f"odds_{reach}"] == pytest.approx(wanted)
    for step in (-2, -1, 1, 2):
        assert row[f"odds{step:+d}"] == [junk[at + step] if 0 <= at + step < n else 5.0 for at in range(n)]
    gain = (np.clip(-junk, -4, 4) * math.exp(0.5) / 4).tolist()
    runs = {(low, high): sum(gain[low : high + 1]) for low in range(n) for high in range(low, n)}
    best = max(runs.values())
    assert row["run_sum"] == pytest.approx([max(best, 0.0)] * n)
    if best > 1e-6:
        through = [max(value for (low, high), value in runs.items() if low <= at <= high) for at in range(n)]
        assert row["run_through"] == pytest.approx([value / best for value in through])
        content = sum(max(value, 0.0) for value in gain)
        shares = [sum(max(value, 0.0) for value in gain[: at + 1]) / content for at in range(n)]
        assert row["content_so_far"] == pytest.approx(shares)


@given(TEXTS)
def test_the_gate_of_words_is_the_obvious_one(lines: list[str]) -> None:
    found = counted("\n".join(lines * 3))
    limits = [8, 100, 0.15, 1, 0.03, 0.4, 3, 0.015, 0.5]
    signs = signs_of_page(found.counts, found.repeats, np.array(limits))
    assert signs == gate(found.counts.tolist(), found.repeats.tolist(), limits)


@given(TEXTS)
def test_texts_without_a_line_of_words_of_pages_are_not_counted(lines: list[str]) -> None:
    points = code_points("".join(f"{line}\n" for line in lines))
    bounds = np.array([0, *accumulate(len(line) + 1 for line in lines)])
    block = read_block(points, bounds[:-1], bounds[1:], make_triggers((), {}, ()))
    kept = np.diff(block.line_indptr) > 0
    found = count_page_lines(block, points, bounds[:-1], gate=False)
    wanted = []
    for low, high in pairwise(found.indptr.tolist()):
        signs = signs_of_page(found.counts[low:high], found.repeats[low:high], np.full(9, 1e9)) if low < high else 0
        wanted.append(signs > 0)
    words = page_words()
    keep_pages(
        block.plain, block.line_start, block.line_end, block.line_indptr, words.classes, words.keys, words.masks, kept
    )  # fmt: skip
    assert kept.tolist() == wanted


@given(st.lists(st.tuples(st.integers(1, 99), st.booleans()), max_size=40))
def test_only_texts_of_short_lines_are_looked_at(lines: list[tuple[int, bool]]) -> None:
    out = np.empty(1, dtype=np.bool_)
    length = np.array([size for size, _ in lines], dtype=np.int64)
    flags = np.array([SENTENCE * whole for _, whole in lines], dtype=np.uint8)
    limits = np.array([8, 30, 0.15])
    may_be_pages(np.zeros(len(lines), np.int64), length, flags, np.array([0, len(lines)]), limits, out)
    n_short = sum(size < 60 and not whole for size, whole in lines)
    assert out[0] == (8 <= len(lines) <= 30 and n_short >= 0.15 * len(lines))


@pytest.mark.parametrize("name", made_pages())
def test_made_pages(name: str) -> None:
    found, lost = shares(*made_pages()[name])
    assert found >= 0.8
    assert lost == 0.0


@pytest.mark.parametrize("name", made_pages())
def test_the_text_of_a_page_alone_is_none(name: str) -> None:
    text, letters = made_pages()[name]
    content = "\n".join(line for line, letter in zip(text.split("\n"), letters, strict=True) if letter != "j")
    assert page_lines_of(content) == {}


@pytest.mark.parametrize("text", ["", "\n\n", "a", "首页\n" * 3, "首页\n" * 50, "\ud800\x00\n" * 30, "x " * 100_000])
def test_what_is_no_page_has_no_such_lines(text: str) -> None:
    assert page_lines_of(text) == {}


def test_a_rule_that_matches_is_named_and_other_lines_are_the_models() -> None:
    text, _ = made_pages()["zh-news"]
    hits = find_junk(text, plain(text), load_rules(Settings()))
    assert {hit.rule for hit in hits} - MODELS and {hit.rule for hit in hits} & MODELS
    lines = split_lines(plain(text))
    covered = {lines.text(at) for at in page_lines_of(text)}
    found = {plain(text)[hit.start : hit.end] for hit in hits}
    assert covered <= found and "南湖大桥今日通车" not in found, "the line above source and date is the title"
    assert all("odds" in (hit.evidence or {}) for hit in hits if hit.rule == PAGE_LINE)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_scan_finds_the_same(workers: int) -> None:
    texts = {name: text for name, (text, _) in made_pages().items()}
    with Workspace(workers=workers) as work:
        result = scan([Document(name, text) for name, text in texts.items()], work=work)
    table = load_rules(Settings())
    for name, text in texts.items():
        wanted = [(hit.start, hit.end) for hit in find_junk(text, plain(text), table) if hit.rule == PAGE_LINE]
        assert [
            (item.start, item.end) for item in result.findings if item.doc == name and item.rule == PAGE_LINE
        ] == wanted


@pytest.mark.parametrize(
    "text",
    [
        "Log in\nHome page\nRelated articles\nShare this\n" * 4000,
        "abcd efgh ijkl mnop qrst uvwx\nhome\n" * 8000,
        "home\nlog in\nsign up\nshare\n" * 5 + "word " * 100_000,
        "登录\n首页\n注册\n分享\n打印\n关闭\n评论\n收藏\n" * 2 + "的是在有和不" * 80_000,
        "log in\n" * 19_000,
    ],
    ids=["menu", "words", "long line", "long Han", "one line"],
)
def test_cost_grows_with_the_text(text: str) -> None:
    """Four times the text may cost eight times as much: the slack is for clocks, twice as steep would be quadratic."""

    def cost(part: str) -> float:
        page_lines_of(part[:1000])
        times = []
        for _ in range(3):
            begin = time.process_time()
            page_lines_of(part)
            times.append(time.process_time() - begin)
        return min(times)

    assert cost(text) <= 8 * cost(text[: len(text) // 4]) + 0.02
