"""Lines that a scraper saved around the text of a web page: menus, lists of other pages, comments, share widgets.

First a text must be shown to be a scraped page: many short lines, and enough different ones that are nothing but words
of pages (log in, share, related articles). Otherwise nothing is said. Then each of its lines is scored by its shape,
the words of each class that it holds and the lines around it. Words are ``data/pages.toml``; the model is
``data/pages.tsv``, the mean of a linear model and of boosted trees of three questions, made by
``scripts/fit_pages.py``. Sums run in one order, so a score depends on the text alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.folding import DIGIT, LETTER, N_CODE_POINTS, SINGLE, character_table, code_points
from detector.kept_tables import kept_tables, toml_of
from detector.kernels.page_context import describe_all_odds, relate_pages
from detector.kernels.page_model import first_round, scout_pages, second_round
from detector.kernels.page_words import count_pages, may_be_pages
from detector.kernels.pages import describe_pages
from detector.places import Block, make_triggers, read_block

PAGE_LINE = "junk.page_line"

CLASSES = ("chrome", "heading", "comment", "notice", "field", "section", "date", "link", "said", "person", "stop")
"""Classes of words; the last three stand in prose, the others are what sites add."""

LINE_COLUMNS = 16 + len(CLASSES)
"""Columns of the counts of a line, see `detector.kernels.page_words.count_lines`."""

MAX_LINES = 20_000
"""No page has more lines; the limit bounds the memory of the features."""

_SIGNS = (
    "。!?;….", ",、", "|»›>/·•_-–—⋅‧", "\"“”「」『』«»", "\"”’')」』》]】", "…»›", "@©", ":",
)  # fmt: skip
"""Ends of sentences, commas, rules, quotation marks, what may close after an end, "more", signs of addresses, colons:
the characters of bits 1 to 128."""

_GATE = np.array([8, MAX_LINES, 0.15, 3, 0.03, 0.4, 8, 0.015, 0.5], dtype=np.float64)
"""What a page needs: this many lines at least and at most, this share under 60 characters that are no sentence; then
different short lines that are words of pages, their share of all, and the share of lines under 7 words, in either of
two measures. No text of eight kinds of documents reaches half of it but for one licence (``tests/test_pages.py``)."""

_GOLDEN, _MIX, _ALL_BITS = 0x9E3779B97F4A7C15, 0xC4CEB9FE1A85EC53, 0xFFFFFFFFFFFFFFFF
_LONGER = 1 << 15


def _feature_names() -> tuple[str, ...]:
    """The features of a line, in the order of `detector.kernels.pages.describe_lines`."""
    around = ("prose_1", "prose_2", "prose_4", "prose_8", "length_2", "short_4", "cover_2", "cover_5", "said_4",
              "person_4", "dated_2", "dated_6", "fielded_3", "discussed_4")  # fmt: skip
    beside = [f"{name}{step:+d}" for step in (-2, -1, 1, 2) for name in ("prose", "length", "cover")]
    fading = [f"{name}_{way}" for name in ("headed", "discussed", "dated", "short") for way in ("before", "after")]
    return (
        "length", "units", "ends", "at_end", "at_more", "at_colon", "comma_density", "commas", "digits", "capitals",
        "rules", "quotes", "repeats", "date_sign", "time_sign", "link_sign", "prose", *CLASSES, "cover", "headed",
        "discussed", *(f"around_{name}" for name in around), *beside, "ended-1", "ended+1", "headed-1", "fielded-1",
        "fielded+1", "dated-1", "dated+1", "prose_before", "prose_after", "prose_between", "prose_near",
        "prose_long_before", "prose_long_after", *fading, "in_body", "before_body", "after_body", "prose_so_far",
        "headings_so_far", "discussed_so_far", "run_before", "run_after", "place", "page_prose", "han", "edge",
        "titled", "word_length", "joined", "from_capital", "from_small", "from_digit", "to_letter", "to_digit",
        "page_lines", "page_short", "page_sentences", "body_share", "from_start", "from_end",
        *(f"{name}_{reach}" for reach in (2, 6) for name in ("titled", "to_letter", "from_capital")),
        "unlike_1", "unlike_2", "unlike_3",
        "with_prose", "with_rare", "with_body", "with_before", "with_after",
        "with_prose_6", "with_body_6", "with_body_3_words", "with_body_8_words",
    )  # fmt: skip


def _second_names() -> tuple[str, ...]:
    """The features that the first round's odds add, in the order of `detector.kernels.page_context.describe_odds`."""
    beside = [f"odds{step:+d}" for step in (-2, -1, 1, 2)]
    states = [f"{name}_{rate}" for rate in ("slow", "fast") for name in ("before", "in", "after")]
    return ("odds", "odds_1", "odds_2", "odds_4", "odds_8", *beside, "odds_before", "odds_after", *states, "in_run",
            "before_run", "after_run", "run_sum", "content_so_far", "content_to_come", "run_to", "run_from",
            "run_through")  # fmt: skip


FEATURES = _feature_names()
SECOND = _second_names()
_PROSE, _HAN, _WITH = (FEATURES.index(name) for name in ("prose", "han", "with_prose"))
PARTS = ("scout", "junk", "before", "after", "last")
"""The parts of the model: whether a line is one that only pages have; whether it is junk, stands before the text, after
it, which is the first round; whether it is junk by what the first round says around it."""

HAN_LIMIT = 0.35
"""Share of Han from which a page is Chinese: limits differ by script."""

MIN_LIKE_PAGES, LIKE_PAGES_SHARE = 3, 0.1
"""Lines that only pages have, and their share of all, from which a text is a page."""

FIRST_SHARE = 0.6
"""What the first round's odds count beside the second's, which alone would trust its neighbourhood too much."""

LINES_TOGETHER = 2_000
"""Lines of texts whose features are made together, but for one longer text: calls cost more than most texts do."""

ROUND_ONE, ROUND_TWO = len(FEATURES), len(FEATURES) + len(SECOND)


class Words(NamedTuple):
    """Phrases and signs as the kernels read them; see `detector.kernels.page_words.count_lines`."""

    classes: NDArray[np.uint8]
    signs: NDArray[np.uint8]
    upper: NDArray[np.bool_]
    keys: NDArray[np.uint64]
    masks: NDArray[np.uint16]


class Model(NamedTuple):
    """The model as the kernels read it; see `detector.kernels.page_model`.

    ``tree_feature``: int32, ``tree_limit``: float64, a row of three for each tree; ``leaves``: float64, a row of eight;
    ``parts``: int64, where the trees of each of `PARTS` begin, and their number; ``limits``: what the log odds of a
    line must exceed, by name.
    """

    tree_feature: NDArray[np.int32]
    tree_limit: NDArray[np.float64]
    leaves: NDArray[np.float64]
    parts: NDArray[np.int64]
    limits: Mapping[str, float]


class PageLines(NamedTuple):
    """Junk lines of pages: ``row`` (int64, ascending) is the line's row in the block, ``score`` (float64) its odds."""

    row: NDArray[np.int64]
    score: NDArray[np.float64]


def mixed(value: int, point: int) -> int:
    """A hash with one value more, modulo 2**64."""
    value = (value ^ point) * _MIX & _ALL_BITS
    return value ^ (value >> 32)


def units(phrase: str) -> list[str]:
    """The units of a plain phrase: words, single characters, and 0 for each number.

    >>> units("赞 12"), units("log in")
    (['赞', '0'], ['log', 'in'])
    """
    classes = character_table().classes
    found: list[str] = []
    last = -1
    for character in phrase:
        kind = int(classes[ord(character)])
        if kind == LETTER and last == LETTER:
            found[-1] += character
        elif kind in (SINGLE, LETTER):
            found.append(character)
        elif kind == DIGIT and last != DIGIT:
            found.append("0")
        last = kind
    return found


@cache
def page_phrases() -> dict[str, tuple[str, ...]]:
    """The phrases of each class."""
    rows = toml_of("pages.toml")["words"]
    return {name: tuple(filter(None, rows[name].replace("\n", "|").split("|"))) for name in CLASSES}


@cache
def page_words() -> Words:
    """The table of phrases."""
    return Words(character_table().classes, *kept_tables(_words, ["characters.tsv", "pages.toml"]))


def _words() -> list[NDArray[Any]]:
    """The columns of the table but for classes, which takes 50 ms."""
    found: dict[int, int] = {}
    for number, phrases in enumerate(page_phrases().values()):
        for parts in filter(None, map(units, phrases)):
            value = _GOLDEN
            for at, unit in enumerate(parts):
                of_unit = _GOLDEN
                for character in unit:
                    of_unit = mixed(of_unit, ord(character))
                value = mixed(value, of_unit)
                key = value | 1
                found[key] = found.get(key, 0) | (1 << number if at + 1 == len(parts) else _LONGER)
    size = 16
    while size < 4 * len(found):
        size *= 2
    keys, masks = np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.uint16)
    for key in sorted(found):
        slot = (key >> 32) & (size - 1)
        while keys[slot]:
            slot = (slot + 1) & (size - 1)
        keys[slot], masks[slot] = key, found[key]
    signs = np.zeros(N_CODE_POINTS, dtype=np.uint8)
    for bit, characters in enumerate(_SIGNS):
        signs[[ord(character) for character in characters]] |= np.uint8(1 << bit)
    table = character_table()
    upper = (table.plain != np.arange(N_CODE_POINTS)) & (table.classes == LETTER)
    return [signs, upper, keys, masks]


@cache
def page_model() -> Model:
    """The model of ``data/pages.tsv``."""
    rows = [
        line.split("\t")
        for line in resources.files("detector").joinpath("data/pages.tsv").read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]
    trees = sorted((row[1:] for row in rows if row[0] == "tree"), key=lambda row: PARTS.index(row[0]))
    place = {name: at for at, name in enumerate((*FEATURES, *SECOND))}
    counts = [sum(row[0] == part for row in trees) for part in PARTS]
    return Model(
        np.array([[place[name] for name in row[1:7:2]] for row in trees], dtype=np.int32),
        np.array([[float(value) for value in row[2:7:2]] for row in trees]),
        np.array([[float(value) for value in row[7:]] for row in trees]),
        np.concatenate(([0], np.cumsum(counts))),
        {row[1]: float(row[2]) for row in rows if row[0] == "limit"},
    )


class PageCounts(NamedTuple):
    """Counts of the lines of texts that may be pages: text ``texts[n]`` has the rows ``indptr[n]`` to ``indptr[n + 1]``

    of ``counts`` (int32, `LINE_COLUMNS`) and ``repeats`` (int32); ``is_page`` (bool) has one for each text.
    """

    texts: NDArray[np.int64]
    indptr: NDArray[np.int64]
    counts: NDArray[np.int32]
    repeats: NDArray[np.int32]
    is_page: NDArray[np.bool_]


def count_page_lines(
    block: Block, points: NDArray[np.uint32], start: NDArray[np.int64], *, gate: bool = True
) -> PageCounts:
    """What the lines of a block's texts hold that may be pages; raw text d begins at ``points[start[d]]``.

    Without ``gate`` the lines of all texts are counted.
    """
    may_be = np.empty(len(start), dtype=np.bool_)
    may_be_pages(block.line_start, block.line_end, block.line_flags, block.line_indptr, _GATE, may_be)
    texts = np.flatnonzero(may_be | (not gate))
    n_lines = block.line_indptr[texts + 1] - block.line_indptr[texts]
    indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(n_lines)))
    counts = np.empty((int(indptr[-1]), LINE_COLUMNS), dtype=np.int32)
    found = PageCounts(
        texts, indptr, counts, np.empty(len(counts), dtype=np.int32), np.zeros(len(texts), dtype=np.bool_)
    )
    if len(texts):
        count_pages(
            block.plain, points, start - block.bounds[:-1], block.line_start, block.line_end, block.line_indptr,
            texts, indptr, *page_words(), len(CLASSES), _GATE, counts, found.repeats, found.is_page,
        )  # fmt: skip
        found.is_page[:] &= may_be[texts]
    return found


def describe_page(counts: NDArray[np.int32], repeats: NDArray[np.int32]) -> tuple[NDArray[np.float64], int, int]:
    """The features of the lines of one text but for those of words, and the run of prose: its first and last line."""
    features, runs = np.zeros((len(counts), ROUND_TWO)), np.empty((1, 2), dtype=np.int64)
    describe_pages(counts, repeats, np.array([0, len(counts)]), len(CLASSES), features, runs)
    return features, int(runs[0, 0]), int(runs[0, 1])


def relate_page(features: NDArray[np.float64], first: int, last: int, block: Block, text: int) -> None:
    """Write the features of words of the lines of one text of a block."""
    _relate(features, np.array([0, len(features)]), np.array([[first, last]]), block, np.array([text]))


def _relate(
    features: NDArray[np.float64],
    indptr: NDArray[np.int64],
    runs: NDArray[np.int64],
    block: Block,
    texts: NDArray[np.int64],
) -> None:
    """Write the features of words of the lines of some texts of a block."""
    relate_pages(
        block.plain, block.line_start, block.line_end, block.line_indptr[texts], indptr, runs, page_words().classes,
        _PROSE, features, _WITH,
    )  # fmt: skip


def score_pages(features: NDArray[np.float64], indptr: NDArray[np.int64]) -> NDArray[np.float64]:
    """The log odds that the lines of pages are junk (float64), by both rounds; the second's features are written.

    The lines of page n are rows ``indptr[n]`` to ``indptr[n + 1]``.
    """
    trees = page_model()[:4]
    describe_all_odds(first_round(features, *trees), indptr, features, ROUND_ONE)
    scores = np.empty(len(features))
    second_round(features, *trees, ROUND_ONE, FIRST_SHARE, scores)
    return scores


def find_page_lines(found: PageCounts, block: Block) -> PageLines:
    """The junk lines of a block's pages."""
    rows, scores = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    begin = 0
    while begin < len(found.texts):
        most = found.indptr[begin] + LINES_TOGETHER
        end = max(begin + 1, int(np.searchsorted(found.indptr, most, side="right")) - 1)
        at, odds = _find_together(found, block, begin, end)
        rows.append(at)
        scores.append(odds)
        begin = end
    return PageLines(np.concatenate(rows), np.concatenate(scores))


def _find_together(
    found: PageCounts, block: Block, begin: int, end: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows in the block and odds of the junk lines of some texts that may be pages."""
    model = page_model()
    own, indptr = slice(found.indptr[begin], found.indptr[end]), found.indptr[begin : end + 1] - found.indptr[begin]
    features, runs = np.zeros((int(indptr[-1]), ROUND_ONE)), np.empty((end - begin, 2), dtype=np.int64)
    describe_pages(found.counts[own], found.repeats[own], indptr, len(CLASSES), features, runs)
    is_page = found.is_page[begin:end].copy()
    scout_pages(features, indptr, *model[:4], model.limits["scout_odds"], MIN_LIKE_PAGES, LIKE_PAGES_SHARE, is_page)
    if not is_page.any():
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    n_lines, texts = np.diff(indptr)[is_page], found.texts[begin:end][is_page]
    whole = np.zeros((int(n_lines.sum()), ROUND_TWO))
    whole[:, :ROUND_ONE] = features[np.repeat(is_page, np.diff(indptr))]
    indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(n_lines)))
    _relate(whole, indptr, runs[is_page], block, texts)
    limits = np.where(whole[indptr[:-1], _HAN] > HAN_LIMIT, model.limits["han_odds"], model.limits["words_odds"])
    odds = score_pages(whole, indptr) - np.repeat(limits, n_lines)
    at = np.flatnonzero(odds > 0)
    return at + np.repeat(block.line_indptr[texts] - indptr[:-1], n_lines)[at], odds[at]


def page_lines_of(text: str) -> dict[int, float]:
    """The junk lines of one text, where it is a page: their number among its non-blank lines, and their log odds."""
    points = code_points(text)
    start = np.zeros(1, dtype=np.int64)
    block = read_block(points, start, start + len(points), make_triggers((), {}, ()))
    found = find_page_lines(count_page_lines(block, points, start), block)
    return dict(zip(found.row.tolist(), found.score.tolist(), strict=True))
