"""The fitted model of scraped pages as the kernels read it: trees, limits and the words that tell lines apart.

``data/pages.tsv`` and, for Chinese pages, ``data/pages_han.tsv`` are made by ``scripts/fit_pages.py``;
`detector.rules.pages` says how they are used.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.text.folding import DIGIT, EXTENDER, LETTER, SINGLE, character_table

PARTS = ("junk", "before", "after", "second", "last")
"""The parts of the model: whether a line is junk, stands before the text, after it, which is the first round; whether
it is junk by what the first round says around it; and by what the second says there."""

WORD_PARTS = ("junk", "before", "after")
"""What a word can say of its line."""

EVIDENCE = ("sure", "likely", "over", "share_over", "share_positive", "text", "junk", "lines", "by_words", "between")
"""What speaks for a text being a page, see `gather_evidence`."""

BY_WORDS = 2
"""The sign of a text that its words show to be a page; 1: it has a line that is nothing but words of pages."""

_SURE, _LIKELY, _OVER, _OF_TEXT, _BETWEEN = 8.0, 5.0, 3.0, -3.0, 2.0

MOST_OF_LINE = 800
"""Characters of a line whose words are looked up; what follows says the same."""

_SURENESS, _EVEN, _FEW = 0.6, 1.0, 50.0
"""What makes log odds probabilities (times, and where the half is), and characters that no page is without."""

_GOLDEN, _MIX, _ALL_BITS = 0x9E3779B97F4A7C15, 0xC4CEB9FE1A85EC53, 0xFFFFFFFFFFFFFFFF


class Model(NamedTuple):
    """The model as the kernels read it; see `detector.kernels.page_model` and `detector.kernels.page_vocabulary`.

    ``tree_feature``: int32, ``tree_limit``: float64, a row of three for each tree; ``leaves``: float64, a row of eight;
    ``parts``: int64, where the trees of each of `PARTS` begin, and their number; ``limit``: float64, one number, what
    the log odds of a line must exceed; ``keys`` (uint64, 0 is free) and ``weights`` (float64, a row for each slot, a
    column for each of `WORD_PARTS`): words; ``base`` (float64): what a line without known words has; ``gate``
    (float64): what each of `EVIDENCE` weighs for a text being a page, and what is added.
    """

    tree_feature: NDArray[np.int32]
    tree_limit: NDArray[np.float64]
    leaves: NDArray[np.float64]
    parts: NDArray[np.int64]
    limit: NDArray[np.float64]
    keys: NDArray[np.uint64]
    weights: NDArray[np.float64]
    base: NDArray[np.float64]
    gate: NDArray[np.float64]


def gather_evidence(
    odds: NDArray[np.float64],
    repeats: NDArray[np.int32],
    length: NDArray[np.float64],
    indptr: NDArray[np.int64],
    signs: NDArray[np.uint8],
) -> NDArray[np.float64]:
    """What speaks for texts being pages (float64, texts x `EVIDENCE`); each has a line at least.

    The lines of text t are rows ``indptr[t]`` to ``indptr[t + 1]`` of ``odds``, of ``repeats``, how often each stands
    there, and of ``length``, logarithms of characters. Columns: logarithms of the numbers of different lines whose
    odds are over 8, 5 and 3; the share of lines over 3 and over 0; the share of characters of lines under -3 and over
    3; the logarithm of the number of lines; whether its words show it (``signs``, `BY_WORDS`); the share of lines
    between -2 and 2.
    """

    def total(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.add.reduceat(values, indptr[:-1], dtype=np.float64)

    once, chars = 1.0 / repeats, np.expm1(length)
    n, size = np.diff(indptr), np.maximum(total(chars), 1.0)
    different = [np.log1p(total(once * (odds > least))) for least in (_SURE, _LIKELY, _OVER)]
    shares = [total(odds > least) / n for least in (_OVER, 0)]
    covered = [total(chars * some) / size for some in (odds < _OF_TEXT, odds > _OVER)]
    between = total(np.abs(odds) < _BETWEEN) / n
    return np.column_stack([*different, *shares, *covered, np.log(n), signs == BY_WORDS, between])


def lean_of(odds: NDArray[np.float64], length: NDArray[np.float64], indptr: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much more junk than content texts are likely to have, the logarithm in characters (float64, a text each).

    Columns are those of `gather_evidence`; each text has a line at least.
    """
    chars, share = np.expm1(length), 1 / (1 + np.exp(-_SURENESS * (odds - _EVEN)))
    junk, content = (np.add.reduceat(chars * part, indptr[:-1]) for part in (share, 1 - share))
    return np.asarray(np.log((junk + _FEW) / (content + _FEW)))


def weigh_evidence(
    evidence: NDArray[np.float64], gate: NDArray[np.float64], lines: int, text: float
) -> NDArray[np.bool_]:
    """Whether texts are pages (bool): their evidence comes to more than 0, each by its weight of ``gate``, of which the
    last is added; and ``lines`` different lines at least have odds over 3, or words show it, and this share of the
    characters is ``text`` without a doubt."""
    column = {name: evidence[:, at] for at, name in enumerate(EVIDENCE)}
    enough = (column["over"] >= np.log1p(lines) - 1e-9) | (column["by_words"] > 0)
    enough &= column["text"] >= text
    return np.asarray(enough & ((evidence * gate[:-1]).sum(axis=1) + gate[-1] > 0))


def mixed(value: int, point: int) -> int:
    """A hash with one value more, modulo 2**64."""
    value = (value ^ point) * _MIX & _ALL_BITS
    return value ^ (value >> 32)


def key_of(units: Iterable[str]) -> int:
    """The key of a phrase by its units, never 0; see `prefix_keys`."""
    return prefix_keys(units)[-1]


def prefix_keys(units: Iterable[str]) -> list[int]:
    """The keys of the beginnings of a phrase: of its first unit, of its first two, ..."""
    value, found = _GOLDEN, []
    for unit in units:
        of_unit = _GOLDEN
        for character in unit:
            of_unit = mixed(of_unit, ord(character))
        value = mixed(value, of_unit)
        found.append(value | 1)
    return found


def hash_table(keys: Iterable[int]) -> tuple[NDArray[np.uint64], list[int]]:
    """A table of keys of a power of two in size (uint64, 0 is free), and the slot of each key."""
    wanted = list(keys)
    size = 16
    while size < 4 * len(wanted):
        size *= 2
    table, slots = np.zeros(size, dtype=np.uint64), []
    for key in wanted:
        slot = (key >> 32) & (size - 1)
        while table[slot] not in (0, key):
            slot = (slot + 1) & (size - 1)
        table[slot] = key
        slots.append(slot)
    return table, slots


def words_of_line(line: str) -> list[str]:
    """The words of a plain line: runs of letters, 0 for each number, single characters and pairs of them.

    >>> words_of_line("log in 12")
    ['log', 'in', '0']
    >>> words_of_line("赞 评论")
    ['赞', '评', '赞 评', '论', '评 论']
    """
    classes = character_table().classes
    found: list[str] = []
    before, in_word, in_number = "", False, False
    for character in line:
        kind = int(classes[ord(character)])
        extends = kind == LETTER or (kind == EXTENDER and in_word)
        if extends and in_word:
            found[-1] += character
        elif extends or kind == SINGLE:
            found.append(character)
        elif kind == DIGIT and not in_number:
            found.append("0")
        if kind == SINGLE:
            if before:
                found.append(f"{before} {character}")
            before = character
        elif extends or kind == DIGIT:
            before = ""
        in_word, in_number = extends, kind == DIGIT
    return found


@cache
def page_model(name: str, places: tuple[str, ...]) -> Model:
    """The model of a file of ``data``; ``places`` are the names of features by column."""
    rows = [
        line.split("\t")
        for line in resources.files("detector").joinpath("data", name).read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]
    trees = sorted((row[1:] for row in rows if row[0] == "tree"), key=lambda row: PARTS.index(row[0]))
    place = {name: at for at, name in enumerate(places)}
    counts = [sum(row[0] == part for row in trees) for part in PARTS]
    words = {key_of(row[1].split(" ")): row[2:] for row in rows if row[0] == "word"}
    keys, slots = hash_table(sorted(words))
    weights = np.zeros((len(keys), len(WORD_PARTS)))
    for slot, key in zip(slots, sorted(words), strict=True):
        weights[slot] = [float(value) for value in words[key]]
    base = [float(value) for row in rows if row[0] == "base" for value in row[1:]] or [0.0] * len(WORD_PARTS)
    gate = {row[1]: float(row[2]) for row in rows if row[0] == "gate"}
    return Model(
        np.array([[place[name] for name in row[1:7:2]] for row in trees], dtype=np.int32),
        np.array([[float(value) for value in row[2:7:2]] for row in trees]),
        np.array([[float(value) for value in row[7:]] for row in trees]),
        np.concatenate(([0], np.cumsum(counts))),
        np.array([float(row[1]) for row in rows if row[0] == "limit"]),
        keys,
        weights,
        np.array(base),
        np.array([gate[name] for name in (*EVIDENCE, "always")]),
    )
