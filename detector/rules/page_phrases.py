"""Phrases of web pages by class, as the kernels read them: those of all pages, and those of heads and tails.

The phrases are ``data/pages.toml``. The model of lines at the heads and tails of documents (`detector.rules.frames`) is
fitted to the rows ``words`` alone, so that pages can learn more words and classes without a fit of the other table.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.rules.page_model import hash_table, prefix_keys
from detector.text.folding import DIGIT, LETTER, N_CODE_POINTS, SINGLE, character_table
from detector.text.kept_tables import kept_tables, toml_of

IN_PROSE = ("said", "person", "stop")
"""Classes of words that stand in prose; the others are what sites add."""

EDGE_CLASSES = ("chrome", "heading", "comment", "notice", "field", "section", "date", "link", *IN_PROSE)
"""The classes of rows ``words``."""

CLASSES = (*EDGE_CLASSES[: -len(IN_PROSE)], "caption", "author", "appeal", "caveat", *IN_PROSE)
"""All classes, fifteen at most; kernels know the first seven and the last three by their places."""

LINE_COLUMNS, EDGE_COLUMNS = 16 + len(CLASSES), 16 + len(EDGE_CLASSES)
"""Columns of the counts of a line, see `detector.kernels.page_words.count_lines`."""

_SIGNS = (
    "。!?;….", ",、", "|»›>/·•_-–—⋅‧", "\"“”「」『』«»", "\"”’')」』》]】", "…»›", "@©", ":",
)  # fmt: skip
"""Ends of sentences, commas, rules, quotation marks, what may close after an end, "more", signs of addresses, colons:
the characters of bits 1 to 128."""

_LONGER = 1 << 15


class Words(NamedTuple):
    """Phrases and signs as the kernels read them; see `detector.kernels.page_words.count_lines`."""

    classes: NDArray[np.uint8]
    signs: NDArray[np.uint8]
    upper: NDArray[np.bool_]
    keys: NDArray[np.uint64]
    masks: NDArray[np.uint16]


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
def edge_phrases() -> dict[str, tuple[str, ...]]:
    """The phrases of each of `EDGE_CLASSES`."""
    rows = toml_of("pages.toml")["words"]
    return {name: _split(rows[name]) for name in EDGE_CLASSES}


@cache
def page_phrases() -> dict[str, tuple[str, ...]]:
    """The phrases of each of `CLASSES`."""
    more = toml_of("pages.toml")["more"]
    return {name: edge_phrases().get(name, ()) + _split(more.get(name, "")) for name in CLASSES}


def _split(phrases: str) -> tuple[str, ...]:
    """The phrases of a row."""
    return tuple(filter(None, phrases.replace("\n", "|").split("|")))


@cache
def edge_words() -> Words:
    """The table of `edge_phrases`."""
    return Words(character_table().classes, *kept_tables(_edge_words, ["characters.tsv", "pages.toml"], _MODULES))


@cache
def page_words() -> Words:
    """The table of `page_phrases`."""
    return Words(character_table().classes, *kept_tables(_page_words, ["characters.tsv", "pages.toml"], _MODULES))


_MODULES = ["detector.rules.page_model"]


def _edge_words() -> list[NDArray[Any]]:
    return _words(edge_phrases())


def _page_words() -> list[NDArray[Any]]:
    return _words(page_phrases())


def _words(of_class: Mapping[str, tuple[str, ...]]) -> list[NDArray[Any]]:
    """The columns of a table but for classes, which takes 100 ms."""
    found: dict[int, int] = {}
    for number, phrases in enumerate(of_class.values()):
        for parts in filter(None, map(units, phrases)):
            *prefixes, key = prefix_keys(parts)
            for prefix in prefixes:
                found[prefix] = found.get(prefix, 0) | _LONGER
            found[key] = found.get(key, 0) | 1 << number
    keys, slots = hash_table(sorted(found))
    masks = np.zeros(len(keys), dtype=np.uint16)
    masks[slots] = [found[key] for key in sorted(found)]
    signs = np.zeros(N_CODE_POINTS, dtype=np.uint8)
    for bit, characters in enumerate(_SIGNS):
        signs[[ord(character) for character in characters]] |= np.uint8(1 << bit)
    table = character_table()
    upper = (table.plain != np.arange(N_CODE_POINTS)) & (table.classes == LETTER)
    return [signs, upper, keys, masks]
