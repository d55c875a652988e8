"""Text of documents made safe and measurable before it is drawn.

Documents are untrusted: they carry terminal escapes, bidirectional overrides, zero-width characters and halves of
surrogate pairs. Everything that is drawn passes through `shown` first, ids, rule names and file names included. It maps
one code point to one code point, so that offsets of findings hold in what is drawn.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
INVISIBLE = "\N{WHITE VERTICAL RECTANGLE}"
NEW_LINE = "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}"
BLANK_LETTERS = "\u115f\u1160\u3164\uffa0"
"""Hangul fillers: letters by category, but drawn as nothing."""
_BLANK_LETTER = re.compile(f"[{BLANK_LETTERS}]")
IDEOGRAPHIC_SPACE = "\N{IDEOGRAPHIC SPACE}"
NO_LINE_START = frozenset("。，、；：！？）》」』】〕〉”’»,.;:!?)]}%％…")
NO_LINE_END = frozenset("（《「『【〔〈“‘«([{")


class Row(NamedTuple):
    """One drawn line: code points ``start`` to ``end`` of its text."""

    start: int
    end: int


def _safe(char: str) -> str:
    """The character that is drawn for one code point."""
    code = ord(char)
    category = unicodedata.category(char)
    if char == "\n":
        return NEW_LINE
    if char == "\t" or (category == "Zs" and char != IDEOGRAPHIC_SPACE):
        return " "
    if code < 0x20:
        return chr(0x2400 + code)
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    if category in ("Cc", "Cf", "Cn", "Zl", "Zp") or char in BLANK_LETTERS:
        return INVISIBLE
    return char


class _Table(dict[int, str]):
    """Code point to what is drawn for it, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        self[code] = safe = _safe(chr(code))
        return safe


_SAFE = _Table()


def shown(text: str, *, lines: bool = False) -> str:
    r"""``text`` with nothing in it that a terminal or a browser would obey or hide; as long as it was.

    A control character becomes its picture, an invisible or unassigned one a rectangle, half a surrogate pair the
    replacement character, any other space than the ideographic one a plain one. A line feed becomes an arrow, or stays
    with ``lines``.

    >>> shown("\x1b[31m\u202eab\ud800\n")
    '␛[31m▯ab�↵'
    """
    if lines:
        return "\n".join(map(shown, text.split("\n")))
    is_plain = text.isprintable() or text.replace(IDEOGRAPHIC_SPACE, "").isprintable()
    if is_plain and (text.isascii() or not _BLANK_LETTER.search(text)):
        return text  # nearly all are, and a table is asked for every character
    return text.translate(_SAFE)


def widths(text: str) -> list[int]:
    """Terminal cells of every code point of a `shown` text; the sum is never less than rich's ``cell_len``.

    A variation selector counts one, because it can turn the character before it into a wide one.
    """
    if text.isascii():
        return [1] * len(text)
    from rich.cells import cell_len

    return [1 if "\ufe00" <= char <= "\ufe0f" else cell_len(char) for char in text]


def cells(text: str) -> int:
    """Terminal cells of a `shown` text as rich has them; the page, which has mostly ASCII to measure, is drawn without
    rich."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def clipped(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells, its end replaced by an ellipsis where it was cut."""
    sizes = widths(text)
    if sum(sizes) <= width:
        return text
    return text[: _fitting(sizes, width - 1)] + ELLIPSIS if width > 0 else ""


def shortened(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells, cut in the middle, where ids and paths differ least.

    >>> shortened("reports/2020/town-0001.txt", 15)
    'reports…001.txt'
    """
    sizes = widths(text)
    if sum(sizes) <= width:
        return text
    if width < 3:
        return clipped(text, width)
    head = _fitting(sizes, width // 2)
    tail = _fitting(sizes[::-1], width - 1 - sum(sizes[:head]))
    return text[:head] + ELLIPSIS + (text[-tail:] if tail else "")


def _fitting(sizes: list[int], width: int) -> int:
    """How many of the first characters fit into ``width`` cells."""
    used = 0
    for position, size in enumerate(sizes):
        used += size
        if used > width:
            return position
    return len(sizes)


def rows(text: str, width: int) -> list[Row]:
    """``text`` (one paragraph) as rows of at most ``width`` cells, at least two.

    Breaks after a space or beside a wide character, never before closing punctuation if that can be helped; a word
    longer than a row is cut. A text without characters is one empty row.
    """
    sizes = widths(text)
    width = max(width, 2)
    found: list[Row] = []
    start = 0
    while start < len(text):
        end = start + max(1, _fitting(sizes[start : start + 4 * width], width))
        while end < len(text) and sizes[end] == 0:
            end += 1
        if end < len(text):
            end = _break_before(text, sizes, start, end)
        found.append(Row(start, end))
        start = end
    return found or [Row(0, 0)]


def _break_before(text: str, sizes: list[int], start: int, end: int) -> int:
    """The last good place to break in ``start`` to ``end``, else ``end``."""
    for place in range(end, max(start, end - 24), -1):
        before, after = text[place - 1], text[place]
        closes = after in NO_LINE_START and not (before == " " and after == ".")  # " .txt" begins a word
        if sizes[place] == 0 or closes or before in NO_LINE_END or after == " ":
            continue
        if before == " " or sizes[place - 1] == 2 or sizes[place] == 2:
            return place
    return end
