"""Lines that a scraper saved around the text of a web page: menus, lists of other pages, comments, share widgets.

Each line of a text that has some short lines, and one that is nothing but words of pages (log in, share, related
articles), is scored by its shape, the words of each class that it holds, what its words say by themselves and the lines
around it. The text must then be shown to be a scraped page: by several lines that are junk without a doubt, or by fewer
and many different ones that are words of pages. Otherwise nothing is said. Classes of words are
``data/pages.toml``; the model is ``data/pages.tsv``, that of Chinese pages ``data/pages_han.tsv``: weights of words and
boosted trees of three questions in rounds, each of which sees what the one before says of the whole page, made by
``scripts/fit_pages.py`` (`detector.rules.page_model`). Sums run in one order, so a score depends on the text alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.page_cohesion import relate_all_kinds
from detector.kernels.page_context import describe_all_odds, number_pages, relate_pages
from detector.kernels.page_model import first_round, judge_pages, later_round
from detector.kernels.page_vocabulary import describe_vocabulary
from detector.kernels.page_words import count_pages, keep_pages, may_be_pages
from detector.kernels.pages import describe_pages
from detector.rules.page_model import (
    MOST_OF_LINE,
    PARTS,
    WORD_PARTS,
    Model,
    gather_evidence,
    lean_of,
    page_model,
    weigh_evidence,
)
from detector.rules.page_phrases import CLASSES, LINE_COLUMNS, page_words
from detector.rules.page_threads import with_threads
from detector.rules.places import SENTENCE, Block, make_triggers, read_block
from detector.text.folding import code_points
from detector.text.kept_tables import kept_tables

PAGE_LINE = "junk.page_line"

MAX_LINES = 20_000
"""No page has more lines; the limit bounds the memory of the features."""

_GATE = np.array([8, MAX_LINES, 0.15, 3, 0.03, 0.4, 8, 0.015, 0.5], dtype=np.float64)
"""What a page needs: this many lines at least and at most, this share under 60 characters that are no sentence; then
different short lines that are words of pages, their share of all, and the share of lines under 7 words, in either of
two measures. No text of eight kinds of documents reaches half of it but for one licence (``tests/test_pages.py``)."""


def feature_names(classes: Sequence[str] = CLASSES) -> tuple[str, ...]:
    """The features of a line, in the order of `detector.kernels.pages.describe_lines`."""
    around = ("prose_1", "prose_2", "prose_4", "prose_8", "length_2", "short_4", "cover_2", "cover_5", "said_4",
              "person_4", "dated_2", "dated_6", "fielded_3", "discussed_4")  # fmt: skip
    beside = [f"{name}{step:+d}" for step in (-2, -1, 1, 2) for name in ("prose", "length", "cover")]
    fading = [f"{name}_{way}" for name in ("headed", "discussed", "dated", "short") for way in ("before", "after")]
    return (
        "length", "units", "ends", "at_end", "at_more", "at_colon", "comma_density", "commas", "digits", "capitals",
        "rules", "quotes", "repeats", "date_sign", "time_sign", "link_sign", "prose", *classes, "cover", "headed",
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
        "with_headline", "to_headline", "from_headline", "headline", "headline_gap",
        *(f"{part}_words{way}" for part in WORD_PARTS for way in (
            "", "_before_1", "_after_1", "_before_3", "_after_3", "_before_8", "_after_8", "_fading_before",
            "_fading_after", "_all_before", "_all_after")),
        *(f"gap_{name}_{way}" for way in ("before", "after") for name in ("lines", "marks", "most", "junk", "outer")),
        "outside_marks", "outside_most", "outside_junk",
    )  # fmt: skip


def _odds_names() -> tuple[str, ...]:
    """The features that the odds of the round before add; see `detector.kernels.page_context.describe_odds`."""
    beside = [f"odds{step:+d}" for step in (-2, -1, 1, 2)]
    states = [f"{name}_{rate}" for rate in ("slow", "fast") for name in ("before", "in", "after")]
    return ("odds", "odds_1", "odds_2", "odds_4", "odds_8", *beside, "odds_before", "odds_after", *states, "in_run",
            "before_run", "after_run", "run_sum", "content_so_far", "content_to_come", "run_to", "run_from",
            "run_through")  # fmt: skip


def _cohesion_names() -> tuple[str, ...]:
    """The features of what lines share with content and junk; see `detector.kernels.page_cohesion.relate_kinds`."""
    own = ("like_content", "like_junk", "in_content", "in_junk", "in_either", "in_before", "in_after", "words_length")
    return (*own, *(f"{name}_{reach}" for name in own for reach in (1, 3, 8, "all")))


FEATURES = feature_names()
ODDS, COHESION = _odds_names(), _cohesion_names()
LATER = ODDS + COHESION
SECOND, LAST = PARTS.index("second"), PARTS.index("last")
_LENGTH, _PROSE, _COVER, _HAN, _WITH, _WORDS = (
    FEATURES.index(name) for name in ("length", "prose", "cover", "han", "with_prose", "junk_words")
)
_FROM_HEADLINE = [FEATURES.index(name) for name in ("to_headline", "from_headline")]
_CHARS, _ENDS = 0, 3
HAN_LIMIT = 0.35
"""Share of Han from which a page is Chinese: limits differ by script."""

SURE = np.array([8.5, 3, 0.04, 3.0, 0.3], dtype=np.float64)
"""What shows a text to be a page: lines of these odds, this many different ones and this share of all; or, where words
show it too, lines of these odds and this share. See `detector.kernels.page_model.judge_pages`. A page with more text
than that is told by the weights of its evidence (`detector.rules.page_model.gather_evidence`)."""

LEAST_LINES, LEAST_TEXT = 10, 0.1
"""Different lines over 3 that a page by its evidence has, unless its words show it, and its share of text: of 201 pages
the median has half, 3 have less. A library of documents adds fewer lines, and rules find those, and the title, which is
junk where a news page says it twice, is content there; a list of owners of rights has next to no text."""

SECOND_SHARES, LAST_SHARES = (0.625, 0.375), (1.0, 0.6)
"""What the trees of the second round and of the last count, and beside them the odds of the round before: a later round
alone would trust its neighbourhood too much. The odds of the second are a mean of both."""

LEAN_SHARE = 0.5
"""How much of `detector.rules.page_model.lean_of` the odds of a line that is not Chinese must be more: a page counts by
the share of its junk that is found and that of its content that is lost, so that a mistake costs more where there is
little content. All of it would be right if the odds knew nothing of it; 0.25 to 0.75 are equally good, and on Chinese
pages, which are mostly junk, no better than none."""

FEW_LINES = 30
"""A text of fewer lines is a page only if lines are junk without a doubt, and its headline and sentences are content:
its head and tail are looked at instead (`detector.rules.frames`). 201 of 204 labelled pages have more; a notice of some
lines on privacy has as many words of pages as one, and a thread of some posts as much around it as comments have."""

LINES_TOGETHER = 2_000
"""Lines of texts whose features are made together, but for one longer text: calls cost more than most texts do."""

WHOLE_TEXT, WHOLE_SENTENCES = 1_500, 4
"""Characters and sentences of a line that is never junk: a whole text. Of 32 in labelled pages 2 were comments."""

ROUND_ONE, ROUND_TWO, ROUND_LAST = np.cumsum([len(FEATURES), len(ODDS), len(COHESION)]).tolist()


class PageLines(NamedTuple):
    """Junk lines of pages: ``row`` (int64, ascending) is the line's row in the block, ``score`` (float64) its odds."""

    row: NDArray[np.int64]
    score: NDArray[np.float64]


@cache
def fitted(is_han: bool = False) -> Model:
    """The model of pages, or that of Chinese pages, with the columns of `FEATURES` and `LATER`."""
    make, name = (_fitted_han, "pages_han.tsv") if is_han else (_fitted, "pages.tsv")
    return Model(*kept_tables(make, [name], ["detector.rules.page_model"]))


def _fitted() -> Model:
    """The columns of the model, which take 60 ms."""
    return page_model("pages.tsv", (*FEATURES, *LATER))


def _fitted_han() -> Model:
    """Those of the model of Chinese pages."""
    return page_model("pages_han.tsv", (*FEATURES, *LATER))


class PageCounts(NamedTuple):
    """Counts of the lines of texts that may be pages: text ``texts[n]`` has the rows ``indptr[n]`` to ``indptr[n + 1]``

    of ``counts`` (int32, `LINE_COLUMNS`) and ``repeats`` (int32); ``signs`` (uint8) has one for each text
    (`detector.rules.page_model.BY_WORDS`).
    """

    texts: NDArray[np.int64]
    indptr: NDArray[np.int64]
    counts: NDArray[np.int32]
    repeats: NDArray[np.int32]
    signs: NDArray[np.uint8]


def count_page_lines(
    block: Block, points: NDArray[np.uint32], start: NDArray[np.int64], *, gate: bool = True
) -> PageCounts:
    """What the lines of a block's texts hold that may be pages; raw text d begins at ``points[start[d]]``.

    Without ``gate`` the lines of all texts are counted.
    """
    may_be = np.empty(len(start), dtype=np.bool_)
    may_be_pages(block.line_start, block.line_end, block.line_flags, block.line_indptr, _GATE, may_be)
    words = page_words()
    keep_pages(
        block.plain, block.line_start, block.line_end, block.line_indptr, words.classes, words.keys, words.masks, may_be
    )  # fmt: skip
    texts = np.flatnonzero(may_be | (not gate))
    n_lines = block.line_indptr[texts + 1] - block.line_indptr[texts]
    indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(n_lines)))
    counts = np.empty((int(indptr[-1]), LINE_COLUMNS), dtype=np.int32)
    found = PageCounts(
        texts, indptr, counts, np.empty(len(counts), dtype=np.int32), np.zeros(len(texts), dtype=np.uint8)
    )
    if len(texts):
        count_pages(
            block.plain, points, start - block.bounds[:-1], block.line_start, block.line_end, block.line_indptr,
            texts, indptr, *words, len(CLASSES), _GATE, counts, found.repeats, found.signs,
        )  # fmt: skip
        found.signs[:] *= may_be[texts]
    return found


def describe_page(counts: NDArray[np.int32], repeats: NDArray[np.int32]) -> tuple[NDArray[np.float64], int, int]:
    """The features of the lines of one text but for those of words, and the run of prose: its first and last line."""
    features, runs = np.zeros((len(counts), ROUND_LAST)), np.empty((1, 2), dtype=np.int64)
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


def _number_words(
    indptr: NDArray[np.int64], block: Block, texts: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """The words of the lines of some texts of a block as `detector.kernels.page_context.number_pages` has them.

    Their numbers, how many different ones each text has, and where the words of each line begin.
    """
    begin = block.line_indptr[texts]
    of_line, n_words = np.empty(indptr[-1] + 1, np.int64), np.empty(len(texts), np.int64)
    n_chars = (block.line_end[begin + np.diff(indptr) - 1] - block.line_start[begin]).sum()
    numbers = np.empty(n_chars, np.int32)
    number_pages(
        block.plain, block.line_start, block.line_end, begin, indptr, page_words().classes, numbers, of_line, n_words
    )
    return numbers, n_words, of_line


def _weigh_words(
    features: NDArray[np.float64],
    indptr: NDArray[np.int64],
    runs: NDArray[np.int64],
    block: Block,
    texts: NDArray[np.int64],
    *,
    model: Model,
) -> None:
    """Write what the words of the lines of some texts of a block say by themselves."""
    describe_vocabulary(
        block.plain, block.line_start, block.line_end, block.line_indptr[texts], indptr, page_words().classes,
        model.keys, model.weights, model.base, MOST_OF_LINE, runs, _PROSE, _COVER, features, _WORDS,
    )  # fmt: skip


def is_whole_text(counts: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether lines are so much prose that each is a text by itself (bool)."""
    return np.asarray((counts[:, _CHARS] >= WHOLE_TEXT) & (counts[:, _ENDS] >= WHOLE_SENTENCES))


def score_pages(
    features: NDArray[np.float64], indptr: NDArray[np.int64], block: Block, texts: NDArray[np.int64], *, model: Model
) -> NDArray[np.float64]:
    """The log odds that the lines of pages are junk (float64), by all rounds; features of the last are written.

    The lines of page n, text ``texts[n]`` of the block, are rows ``indptr[n]`` to ``indptr[n + 1]``. A model without
    trees of a second round has two rounds, and its last asks nothing of what lines have in common.
    """
    trees = model[:4]
    odds = first_round(features, *trees)
    describe_all_odds(odds, indptr, features, ROUND_ONE)
    if model.parts[SECOND] < model.parts[LAST]:
        later_round(features, *trees, SECOND, ROUND_ONE, *SECOND_SHARES, odds[0])
        describe_all_odds(odds, indptr, features, ROUND_ONE)
        relate_all_kinds(*_number_words(indptr, block, texts), indptr, odds[0], features, ROUND_TWO)
    later_round(features, *trees, LAST, ROUND_ONE, *LAST_SHARES, odds[0])
    return np.asarray(odds[0])


def find_page_lines(found: PageCounts, block: Block) -> PageLines:
    """The junk lines of a block's pages."""
    rows, scores = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    chosen = np.flatnonzero(found.signs)
    n_lines = np.cumsum(found.indptr[chosen + 1] - found.indptr[chosen])
    begin = 0
    while begin < len(chosen):
        most = LINES_TOGETHER + (n_lines[begin - 1] if begin else 0)
        end = max(begin + 1, int(np.searchsorted(n_lines, most, side="right")))
        at, odds = _find_together(found, block, chosen[begin:end])
        rows.append(at)
        scores.append(odds)
        begin = end
    return PageLines(np.concatenate(rows), np.concatenate(scores))


def _find_together(
    found: PageCounts, block: Block, chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows in the block and odds of the junk lines of some texts that may be pages."""
    n_lines = found.indptr[chosen + 1] - found.indptr[chosen]
    indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(n_lines)))
    own = np.arange(indptr[-1]) + np.repeat(found.indptr[chosen] - indptr[:-1], n_lines)
    counts, repeats, texts = found.counts[own], found.repeats[own], found.texts[chosen]
    features, runs = np.zeros((len(own), ROUND_LAST)), np.empty((len(chosen), 2), dtype=np.int64)
    describe_pages(counts, repeats, indptr, len(CLASSES), features, runs)
    _relate(features, indptr, runs, block, texts)
    signs = np.where(n_lines < FEW_LINES, np.uint8(0), found.signs[chosen])
    of_han, over = features[indptr[:-1], _HAN] > HAN_LIMIT, np.empty(len(own))
    bounds = [0, *(np.flatnonzero(np.diff(of_han)) + 1).tolist(), len(chosen)]
    for first, last in pairwise(bounds):
        # those of one script side by side: a copy of their features would cost as much as a round
        some, rows = slice(first, last), slice(indptr[first], indptr[last])
        part = _Texts(features[rows], repeats[rows], n_lines[some], runs[some], texts[some], signs[some])
        over[rows] = _odds_over(part, block, bool(of_han[first]))
    at = np.flatnonzero((over > 0) & ~is_whole_text(counts))
    rows = at + np.repeat(block.line_indptr[texts] - indptr[:-1], n_lines)[at]
    is_text = (block.line_flags[rows] & SENTENCE != 0) | (features[at][:, _FROM_HEADLINE].sum(axis=1) == 0)
    kept = (np.repeat(n_lines, n_lines)[at] >= FEW_LINES) | ~is_text
    return rows[kept], over[at[kept]]


class _Texts(NamedTuple):
    """Texts of one script side by side: the rows of their lines, and how many lines each has."""

    features: NDArray[np.float64]
    repeats: NDArray[np.int32]
    n_lines: NDArray[np.int64]
    runs: NDArray[np.int64]
    texts: NDArray[np.int64]
    signs: NDArray[np.uint8]


def _odds_over(part: _Texts, block: Block, is_han: bool) -> NDArray[np.float64]:
    """How much more than the limit of its page the odds of each line are (float64); no line of a text that is none."""
    features, repeats, n_lines, runs, texts, signs = part
    indptr, model = np.concatenate((np.zeros(1, np.int64), np.cumsum(n_lines))), fitted(is_han)
    _weigh_words(features, indptr, runs, block, texts, model=model)
    odds, is_page = score_pages(features, indptr, block, texts, model=model), np.empty(len(texts), dtype=np.bool_)
    evidence = gather_evidence(odds, repeats, features[:, _LENGTH], indptr, signs)
    judge_pages(odds, repeats, indptr, signs, SURE, is_page)
    is_page |= weigh_evidence(evidence, model.gate, LEAST_LINES, LEAST_TEXT) & (n_lines >= FEW_LINES)
    limit = model.limit + (0.0 if is_han else LEAN_SHARE) * lean_of(odds, features[:, _LENGTH], indptr)
    return with_threads(odds - np.repeat(np.where(is_page, limit, np.inf), n_lines), features, indptr, FEATURES)


def page_lines_of(text: str) -> dict[int, float]:
    """The junk lines of one text, where it is a page: their number among its non-blank lines, and their log odds."""
    points = code_points(text)
    start = np.zeros(1, dtype=np.int64)
    block = read_block(points, start, start + len(points), make_triggers((), {}, ()))
    found = find_page_lines(count_page_lines(block, points, start), block)
    return dict(zip(found.row.tolist(), found.score.tolist(), strict=True))
