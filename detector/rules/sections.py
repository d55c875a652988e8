"""What a document keeps of its own against the model of pages: its numbered sections, and the date below its signature.

The model goes by what lines look like, and short headings ("7. Finance"), an office's own contacts and a date look like
what pages have around a text. But a list of other pages counts on from line to line, while the sections of a document
have sentences between their numbers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterator

from detector.rules.lines import Lines

LEAST_SECTIONS = 4
"""Headings that count on, with sentences between them, in a text of sections."""

MAX_HEADING = 80
"""Longest heading of a section, in characters."""

MAX_BELOW = 6
"""Lines of a paragraph below a heading that are its own: an address, a table, a list without stops."""

_HAN_DIGITS = "一二三四五六七八九"
_NUMBER = re.compile(r"(?:([0-9]{1,2})[.、)](?![0-9])|\(?([一二三四五六七八九十]{1,3})[、.)])[ ]?\S")


def section_lines(lines: Lines, junk: Container[int]) -> set[int]:
    """The headings of a text of numbered sections and the paragraph below each, by their numbers among the lines.

    ``junk`` are lines that rules call junk: they are part of no section.
    """
    headings: dict[bool, list[int]] = {False: [], True: []}
    sentences = iter(lines.sentences)
    sentence, n_sentences = next(sentences, len(lines)), 0
    before: dict[bool, int] = {}  # sentences above the last heading of either script
    for at, is_han, number in _numbered(lines):
        while sentence < at:
            n_sentences += sentence not in junk
            sentence = next(sentences, len(lines))
        chain = headings[is_han]
        if at not in junk and number == len(chain) + 1 and (number == 1 or n_sentences > before[is_han]):
            chain.append(at)
            before[is_han] = n_sentences + (sentence == at)
    own: set[int] = set()
    for chain in headings.values():
        if len(chain) >= LEAST_SECTIONS:
            own.update(chain, *(_below(lines, at, junk) for at in chain))
    return own


def _numbered(lines: Lines) -> Iterator[tuple[int, bool, int]]:
    """Lines that begin with a number: which, whether it is Chinese, and what it counts."""
    for at in range(len(lines)):
        if lines.length(at) <= MAX_HEADING:
            match = _NUMBER.match(lines.text(at))
            if match is not None:
                yield at, match[1] is None, int(match[1]) if match[1] else number_of(match[2])


def number_of(han: str) -> int:
    """What a Chinese number below a hundred counts; 0 of what is none.

    >>> [number_of(han) for han in ("三", "十", "十二", "二十", "二十一", "一二")]
    [3, 10, 12, 20, 21, 0]
    """
    tens, ten, ones = han.rpartition("十")
    if any(part and part not in _HAN_DIGITS for part in (tens, ones)) or len(tens) > 1 or len(ones) > 1:
        return 0
    tenfold = (_HAN_DIGITS.index(tens) + 1 if tens else 1) if ten else 0
    return 10 * tenfold + (_HAN_DIGITS.index(ones) + 1 if ones else 0)


def _below(lines: Lines, heading: int, junk: Container[int]) -> range:
    """The lines of the paragraph below a heading, in a text that sets its paragraphs apart."""
    first = at = heading + 1
    if first >= len(lines) or not lines.after_blank[first]:
        return range(0)
    while at < len(lines) and at not in junk and (at == first or not lines.after_blank[at]):
        at += 1
    return range(first, at if at - first <= MAX_BELOW else first)


def signed_dates(lines: Lines, dates: Collection[int], junk: Container[int]) -> set[int]:
    """Those of some lines, known to be dates, that stand below a signature: a line of the text that is no sentence,
    directly above them, and no sentence of the text below."""
    own = [at for at in lines.sentences if at not in junk]
    if len(own) < LEAST_SECTIONS:
        return set()
    return {
        at
        for at in dates
        if at > own[-1] + 1 and at - 1 not in junk and not lines.is_sentence(at - 1) and not lines.after_blank[at]
    }
