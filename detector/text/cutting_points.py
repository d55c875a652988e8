"""What a cut must respect: characters that readers see as one, brackets in pairs, headings, numbers of items."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from detector.model import Span
from detector.text.folding import N_CODE_POINTS

CONTENT, FIGURE, POINT, BLANK = range(4)
"""Kinds of characters: words and symbols, digits, punctuation and controls, white space."""

_UNKNOWN = 255

PAIRS = dict(zip("(（[［【〔《〈「『“‘{", ")）]］】〕》〉」』”’}", strict=True))
_CLOSERS = {closer: opener for opener, closer in PAIRS.items()}
_BRACKETS = re.compile("[" + re.escape("".join([*PAIRS, *_CLOSERS])) + '"`\n]')
_FENCE = re.compile(r"^[ \t]*```", re.MULTILINE)

LIST_NUMBER = re.compile(
    r"\s*(?:[*+•·●○■◆\-]\s*)?(?:[（(]?(?:\d{1,3}|[一二三四五六七八九十]{1,3}|[a-zA-Z])[)）、.．:：]\s*|[①-⑳]\s*|第[一二三四五六七八九十\d]{1,3}[,，、]\s*)"
)
"""The number of an item, with what stands before it; it says nothing of its own."""

_HEADING = re.compile(
    r"""^[^\S\n]*(?:
        (?P<mark> [#]{1,6} )[ ]
      | 第 [一二三四五六七八九十百零〇\d]{1,4} (?P<chapter> [编篇部分章节] )
      | (?P<high> [一二三四五六七八九十]{1,3} 、 )
      | (?P<middle> [（(] [一二三四五六七八九十]{1,3} [)）] )
      | (?P<low> \d{1,2} (?: [.．] \d{1,2} )* [.．、\ ] )
      | (?P<lowest> [（(] \d{1,2} [)）] )
    )""",
    re.VERBOSE | re.MULTILINE,
)
_RANKS = {"chapter": 10, "high": 20, "middle": 30, "low": 40, "lowest": 50}
_NEVER = re.compile("[。！？；;!?…，,]")
"""What no heading has after its number: it is a sentence then, or a line of one."""

LONGEST_HEADING = 40
"""Characters of a line that may be a heading; one that is marked as such may be four times as long."""


@cache
def _kinds() -> NDArray[np.uint8]:
    return np.full(N_CODE_POINTS, _UNKNOWN, np.uint8)


def kinds_of(points: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """The kind of each character (uint8)."""
    table = _kinds()
    found = table[points]
    if (found == _UNKNOWN).any():
        for point in np.unique(points[found == _UNKNOWN]).tolist():
            table[point] = _kind(chr(point))
        found = table[points]
    return found


def _kind(char: str) -> int:
    if char.isspace():
        return BLANK
    category = unicodedata.category(char)
    if category == "Nd":
        return FIGURE
    return POINT if category[0] in "PZ" or category in ("Cc", "Cf", "Mn", "Me") else CONTENT


def is_boundary(text: str, at: int) -> bool:
    """Whether a reader sees two characters on both sides of ``at``, and not one that would be cut.

    >>> [is_boundary(text, 1) for text in ("ab", "e\\u0301", "\\U0001f469\\u200d\\U0001f4bb", "\\r\\n")]
    [True, False, False, False]
    """
    if not 0 < at < len(text):
        return True
    before, after = text[at - 1], text[at]
    if after < "\u0300" and before < "\u0300":
        return not (before == "\r" and after == "\n")
    if (
        unicodedata.category(after) in ("Mn", "Me", "Mc")
        or after in "\u200d\u200c"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
    ):
        return False
    if "\U000e0020" <= after <= "\U000e007f" or before == "\u200d":
        return False
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return False
    if "\u1100" <= before <= "\u11ff" and "\u1160" <= after <= "\u11ff":
        return False
    return not all("\U0001f1e6" <= char <= "\U0001f1ff" for char in (before, after))


def snapped(text: str, start: int, end: int) -> Span:
    """The largest span within ``start`` to ``end`` that cuts no character in two (it may be empty)."""
    while start < end and not is_boundary(text, start):
        start += 1
    while start < end and not is_boundary(text, end):
        end -= 1
    return Span(start, end)


def bracket_pairs(text: str, spans: Iterable[Span]) -> Iterator[tuple[int, int]]:
    """Brackets and quotation marks that belong together, in the lines that hold one of ``spans`` (sorted), and the
    fences of code blocks, each by the place of its last character."""
    fences = [found.end() - 1 for found in _FENCE.finditer(text)] if "```" in text else []
    yield from zip(fences[::2], fences[1::2], strict=False)
    done = 0
    for start, end in spans:
        if start < done:
            continue
        begin = max(text.rfind("\n", 0, start) + 1, done)
        stop = text.find("\n", end)
        done = len(text) if stop < 0 else stop
        yield from _pairs_between(text, begin, done)


def _pairs_between(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    open_at: list[tuple[str, int]] = []
    for found in _BRACKETS.finditer(text, begin, end):
        char, at = found.group(), found.start()
        if char == "\n":
            open_at.clear()
        elif char in '"`':
            last = next((n for n in range(len(open_at) - 1, -1, -1) if open_at[n][0] == char), None)
            if last is None:
                open_at.append((char, at))
            else:
                yield open_at.pop(last)[1], at
        elif char in PAIRS:
            open_at.append((char, at))
        else:
            opener = _CLOSERS[char]
            for n in range(len(open_at) - 1, max(len(open_at) - 8, -1), -1):
                if open_at[n][0] == opener:
                    yield open_at.pop(n)[1], at
                    break


def headings(text: str, begin: int = 0) -> dict[int, int]:
    """The rank of each heading (1 is the highest) that stands in a line of its own, by where the line begins.

    >>> headings("## 二、主要做法\\n（一）抓好产业\\n一、二、五中都去了。\\n正文")
    {0: 2, 10: 30}
    """
    found = {}
    for start in _HEADING.finditer(text, begin):
        stop = text.find("\n", start.end())
        rest = text[start.end() : len(text) if stop < 0 else stop].strip()
        if rest and start["mark"] and len(rest) <= 4 * LONGEST_HEADING:
            found[start.start()] = len(start["mark"])
        elif rest and len(rest) <= LONGEST_HEADING and not _NEVER.search(rest):
            found[start.start()] = next(rank for name, rank in _RANKS.items() if start[name])
    return found
