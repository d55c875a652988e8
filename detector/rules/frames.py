"""Lines that a site left at the head and tail of a document, or beside junk that a rule finds: a small model of lines.

Rules know what sites are known to say; the model goes by what the words of a line say, by its shape and by where it
stands. Looked at are the lines at both ends of a text and those near to lines that a rule matches. Most texts have no
line whose words speak for it, and are left at once: the single characters of a line tell, in one look-up each, whether
its words are worth weighing. Of the others each line has the features of shape and neighbourhood of
`detector.rules.pages`, as if its ends were the page, and those of `OWN`; a sum of boosted trees says how likely it is
junk. Words, trees and limits are ``data/frames.tsv``, made by ``scripts/fit_frames.py``. Sums run in one order, so a
score depends on the text alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.framing import describe_places, edge_lines, lines_to_weigh
from detector.kernels.page_model import add_trees
from detector.kernels.page_vocabulary import weigh_words
from detector.kernels.page_words import count_lines
from detector.kernels.pages import describe_pages
from detector.rules.page_model import MOST_OF_LINE, hash_table, key_of
from detector.rules.page_phrases import EDGE_CLASSES, EDGE_COLUMNS, edge_words
from detector.rules.pages import feature_names
from detector.rules.places import Block, make_triggers, read_block
from detector.text.folding import SINGLE, character_table, code_points
from detector.text.kept_tables import kept_tables

SITE_FRAME = "junk.site_frame"

HEAD_LINES, TAIL_LINES = 10, 14
"""Lines at either end of a text that are looked at."""

NEAR = 2
"""Lines before and after one that a rule matches that are looked at, wherever they stand."""

WEIGHED = 120
"""Longest line, at most 255, that can show a text to have such lines; longer ones are looked at where another does."""

_FEATURES = feature_names(EDGE_CLASSES)
_SHAPES = _FEATURES[: _FEATURES.index("with_prose")]
LEAST_LINES = 3
"""A text of fewer lines has no head and tail."""

OWN = (
    "words", "words-1", "words+1", "words-2", "words+2", "best_before", "best_after", "worst_before", "worst_after",
    "lines_before", "lines_after", "characters_before", "characters_after", "n_lines", "sentences_before",
    "sentences_after", "is_sentence", "after_blank", "before_blank", "known_before", "known_after", "n_known",
)  # fmt: skip
"""What the words of a line say, of those beside it, and most and least before and after it; where it stands."""
COLUMNS = (*_SHAPES, *OWN)

_CHARACTERS = 1 << 16
"""Code points whose table fits into the cache of a core; the others are rare, and no single characters here."""

_NOTHING, _UNIT = 128, 32
"""How the table of characters writes that one says nothing, and 1."""


class Model(NamedTuple):
    """The model as the kernels read it.

    ``tree_feature`` (int32), ``tree_limit``, ``leaves`` (float64): as in `detector.rules.page_model.Model`; ``keys``
    (uint64) and ``weights`` (float64, one column): words; ``base`` (float64): what a line without known words has;
    ``characters`` (int32, by code point): the same by single characters only, see `lines_to_weigh`; ``limits``
    (float64): what the words of some line must exceed, what the trees must, and by how much more those of one line.
    """

    tree_feature: NDArray[np.int32]
    tree_limit: NDArray[np.float64]
    leaves: NDArray[np.float64]
    keys: NDArray[np.uint64]
    weights: NDArray[np.float64]
    base: NDArray[np.float64]
    characters: NDArray[np.float64]
    limits: NDArray[np.float64]


class EdgeLines(NamedTuple):
    """Lines of texts that are looked at: ``row`` (int64) in the block; those of ``texts[n]`` (int64) stand from
    ``indptr[n]`` to ``indptr[n + 1]`` (int64)."""

    texts: NDArray[np.int64]
    row: NDArray[np.int64]
    indptr: NDArray[np.int64]


class FrameLines(NamedTuple):
    """Junk lines, in order: ``row`` (int64) in the block, ``odds`` (float64) over the limit, ``words`` (float64): what
    their words say."""

    row: NDArray[np.int64]
    odds: NDArray[np.float64]
    words: NDArray[np.float64]


@cache
def fitted() -> Model:
    """The model, with the columns of `COLUMNS`."""
    return Model(*kept_tables(_fitted, ["frames.tsv"], ["detector.rules.page_model"]))


def _fitted() -> list[NDArray[Any]]:
    """The columns of the model."""
    rows = [
        line.split("\t")
        for line in resources.files("detector").joinpath("data/frames.tsv").read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]
    return list(model_of(rows))


def model_of(rows: Collection[list[str]]) -> Model:
    """The model of the rows of a table."""
    place = {name: at for at, name in enumerate(COLUMNS)}
    trees = [row[1:] for row in rows if row[0] == "tree"]
    words = {key_of(row[1].split(" ")): float(row[2]) for row in rows if row[0] == "word"}
    keys, slots = hash_table(sorted(words))
    weights = np.zeros((len(keys), 1))
    weights[slots, 0] = [words[key] for key in sorted(words)]
    characters = (character_table().classes[:_CHARACTERS] == SINGLE).astype(np.int32) << 24
    for row in rows:
        if row[0] == "character" and ord(row[1]) < _CHARACTERS:
            characters[ord(row[1])] |= 1 << 16 | min(max(_NOTHING + round(_UNIT * float(row[2])), 0), 255)
    number = {row[1]: float(row[2]) for row in rows if row[0] == "limit"}
    return Model(
        np.array([[place[name] for name in row[:6:2]] for row in trees], dtype=np.int32),
        np.array([[float(value) for value in row[1:6:2]] for row in trees]),
        np.array([[float(value) for value in row[6:]] for row in trees]),
        keys,
        weights,
        np.array([number["base"], _UNIT * number["character_base"]]),
        characters,
        np.array([number["words"], number["odds"], number["alone"]]),
    )


def look_at(block: Block, texts: NDArray[np.int64], known: NDArray[np.bool_]) -> EdgeLines:
    """The lines of some texts (ascending) that are looked at; ``known`` (bool) are those that a rule matches."""
    n_lines = int((block.line_indptr[texts + 1] - block.line_indptr[texts]).sum())
    row, indptr = np.empty(n_lines, dtype=np.int64), np.empty(len(texts) + 1, dtype=np.int64)
    n = edge_lines(block.line_indptr, known, texts, HEAD_LINES, TAIL_LINES, NEAR, row, indptr)
    return EdgeLines(texts, row[:n].copy(), indptr)


def describe_shapes(
    block: Block, points: NDArray[np.uint32], start: NDArray[np.int64], lines: EdgeLines
) -> NDArray[np.float64]:
    """A table of `COLUMNS` (float64), with the features of shape; raw text d begins at ``points[start[d]]``."""
    n, counts = len(lines.row), np.empty((len(lines.row), EDGE_COLUMNS), dtype=np.int32)
    shift = np.repeat((start - block.bounds[:-1])[lines.texts], np.diff(lines.indptr))
    low, high = block.line_start[lines.row], block.line_end[lines.row]
    hashes = np.empty(n, dtype=np.uint64)
    count_lines(block.plain, points, shift, low, high, *edge_words(), len(EDGE_CLASSES), counts, hashes)
    features, runs = np.zeros((n, len(COLUMNS))), np.empty((len(lines.texts), 2), dtype=np.int64)
    describe_pages(counts, np.ones(n, dtype=np.int32), lines.indptr, len(EDGE_CLASSES), features, runs)
    return features


def weigh_lines(block: Block, row: NDArray[np.int64], model: Model) -> NDArray[np.float64]:
    """What the words of some lines say (float64)."""
    said = np.empty((len(row), 1))
    low, high = block.line_start[row], block.line_end[row]
    weigh_words(block.plain, low, high, edge_words().classes, model.keys, model.weights, MOST_OF_LINE, said)
    return np.asarray(said[:, 0] + model.base[0])


def place_lines(
    features: NDArray[np.float64],
    block: Block,
    lines: EdgeLines,
    known: NDArray[np.bool_],
    words: NDArray[np.float64],
) -> None:
    """Write the features of `OWN`."""
    describe_places(
        block.line_start, block.line_end, block.line_flags, block.line_indptr, block.bounds, known, *lines[:1],
        lines.row, lines.indptr, words, features, len(_SHAPES),
    )  # fmt: skip


def _texts_with_frames(block: Block, matched: NDArray[np.bool_], model: Model) -> NDArray[np.int64]:
    """The texts with a line whose words speak for junk and that no rule matches (int64, ascending)."""
    rows = np.empty(len(block.line_start), dtype=np.int64)
    n = lines_to_weigh(
        block.plain, block.line_start, block.line_end, block.line_indptr, matched, model.characters,
        model.base[1], HEAD_LINES, TAIL_LINES, WEIGHED, rows,
    )  # fmt: skip
    if not n:
        return rows[:0]
    speaking = rows[:n][weigh_lines(block, rows[:n].copy(), model) > model.limits[0]]
    texts = np.unique(np.searchsorted(block.line_indptr, speaking, side="right") - 1)
    return np.asarray(texts[np.diff(block.line_indptr)[texts] >= LEAST_LINES])


def over_limits(
    over: NDArray[np.float64], is_known: NDArray[np.bool_], indptr: NDArray[np.int64], alone: float
) -> NDArray[np.int64]:
    """The lines that are junk (int64) by their log odds over the limit, where no rule matches them.

    They must exceed the limit by ``alone``, less where rules match lines of their text, as most of what sites add has
    some line that rules know: by a half with one such line, a third with two. The lines of the n-th text stand from
    ``indptr[n]`` to ``indptr[n + 1]``.
    """
    n_known = np.add.reduceat(is_known, indptr[:-1], dtype=np.int64)
    return np.flatnonzero((over > np.repeat(alone / (1 + n_known), np.diff(indptr))) & ~is_known)


def find_frame_lines(
    block: Block,
    points: NDArray[np.uint32],
    start: NDArray[np.int64],
    matched: NDArray[np.bool_],
    known: NDArray[np.bool_],
) -> FrameLines:
    """The junk lines of a block's texts; raw text d begins at ``points[start[d]]``.

    Rules match lines ``matched`` (bool), and those of them that are ``known`` wherever they stand.
    """
    model = fitted()
    texts = _texts_with_frames(block, matched, model)
    if not len(texts):
        return FrameLines(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
    lines = look_at(block, texts, known)
    features, words = describe_shapes(block, points, start, lines), weigh_lines(block, lines.row, model)
    place_lines(features, block, lines, known, words)
    odds = np.empty((1, len(features)))
    add_trees(features, *model[:3], np.array([0, len(model.leaves)]), odds)
    over = odds[0] - model.limits[1]
    found = over_limits(over, known[lines.row], lines.indptr, model.limits[2])
    return FrameLines(lines.row[found], over[found], words[found])


def frame_lines_of(text: str, matched: Mapping[int, bool]) -> dict[int, tuple[float, float]]:
    """The junk lines of one text: their number among its non-blank lines, their log odds, and what their words say.

    ``matched`` are the numbers of the lines that a rule matches, and whether one does so wherever they stand.
    """
    points, start = code_points(text), np.zeros(1, dtype=np.int64)
    block = read_block(points, start, start + len(points), make_triggers((), {}, ()))
    is_matched, is_known = np.zeros((2, len(block.line_start)), dtype=np.bool_)
    is_matched[list(matched)] = True
    is_known[[at for at, known in matched.items() if known]] = True
    found = find_frame_lines(block, points, start, is_matched, is_known)
    both = zip(found.odds.tolist(), found.words.tolist(), strict=True)
    return dict(zip(found.row.tolist(), both, strict=True))
