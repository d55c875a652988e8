"""Folding: what is compared is plainer than what is written, one code point for one code point.

Two forms are made, both of the length of the text, so that an offset into either is an offset into the raw text (the
origin map is the identity). *Plain* keeps punctuation: compatibility and full-width forms made plain where their NFKC
form is one code point, lower case, traditional and variant Chinese made simplified, every space a space; rules match
on it. *Folded* is plain with one separator for all that separates tokens: space, control, zero-width, punctuation,
symbols; matching hashes it. Output is always the raw text.

The table is ``data/characters.tsv``, made by ``scripts/make_characters.py``; that folding is total and idempotent is
held by ``tests/test_folding.py``.
"""

from __future__ import annotations

import codecs
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.text.kept_tables import kept_tables

N_CODE_POINTS = 0x110000

_LITTLE_ENDIAN = np.dtype("<u4")

SEPARATOR, SINGLE, LETTER, DIGIT, EXTENDER, LINE_BREAK = range(6)
"""Classes of characters. SINGLE is a token by itself (Han, Kana, Hangul, Thai ...), a run of LETTER is a word, EXTENDER
(a combining mark) belongs to the token before it, LINE_BREAK is a separator that also ends a passage."""

SPACE = 0x20


class CharacterTable(NamedTuple):
    """Arrays indexed by code point, each of length 0x110000."""

    plain: NDArray[np.uint32]
    folded: NDArray[np.uint32]
    classes: NDArray[np.uint8]


@cache
def character_table() -> CharacterTable:
    """The table of all code points (10 MB)."""
    return CharacterTable(*kept_tables(_characters, ["characters.tsv"]))


def _characters() -> CharacterTable:
    """The columns of the table, read from its file, which takes 50 ms."""
    plain = np.arange(N_CODE_POINTS, dtype=np.uint32)
    classes = np.zeros(N_CODE_POINTS, dtype=np.uint8)
    for line in resources.files("detector").joinpath("data/characters.tsv").read_text("utf-8").splitlines():
        kind, _, row = line.partition("\t")
        if kind == "c":
            first, last, name = row.split("\t")
            classes[int(first, 16) : int(last, 16) + 1] = int(name)
        elif kind == "p":
            point, to = row.split("\t")
            plain[int(point, 16)] = int(to, 16)
    folded = np.where((classes == SEPARATOR) | (classes == LINE_BREAK), np.uint32(SPACE), plain)
    return CharacterTable(plain, folded, classes)


@cache
def is_blank() -> NDArray[np.bool_]:
    """Whether a code point is white space (bool, indexed by code point)."""
    return kept_tables(_blanks)[0]


def _blanks() -> list[NDArray[np.bool_]]:
    blank = np.zeros(N_CODE_POINTS, dtype=bool)
    blank[[point for point in range(0x3001) if chr(point).isspace()]] = True
    return [blank]


def code_points(text: str) -> NDArray[np.uint32]:
    """The code points of a text, uint32; lone surrogates stand for themselves."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def from_code_points(points: NDArray[np.uint32]) -> str:
    """The text of code points, the inverse of `code_points`; the codec is not looked up by its name for each."""
    return codecs.utf_32_le_decode(np.ascontiguousarray(points, _LITTLE_ENDIAN).data, "surrogatepass", True)[0]


def plain(text: str) -> str:
    """The plain form, of the same length: rules match on it.

    >>> plain("投資Ｘ億元，《ABC》")
    '投资x亿元,《abc》'
    """
    return from_code_points(character_table().plain[code_points(text)])


def fold(text: str) -> str:
    """The folded form, of the same length: all that separates tokens is a space.

    >>> fold("投資Ｘ億元，《ABC》")
    '投资x亿元  abc '
    """
    return from_code_points(character_table().folded[code_points(text)])
