"""What a document keeps of its own against the model of pages: its title, its numbered sections and annexes, and what
signs it.

The model goes by what lines look like, and short headings ("7. Finance"), an office's own contacts and a date look like
what pages have around a text. But a list of other pages counts on from line to line, while the sections of a document
have sentences between their numbers; and of titles a list has one below the other, a document the one above its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterator

from detector.rules.lines import Lines

LEAST_SECTIONS = 4
"""Headings that count on, with sentences between them, in a text of sections."""

MAX_HEADING = 80
"""Longest heading of a section, in characters."""

MAX_BELOW = 6
"""Lines of a paragraph below a heading that are its own: an address, a table, a list without stops."""

MAX_TO_TEXT = 8
"""Lines from the title of a document to its first sentence: who wrote it, when, from where, the first heading."""

_ANNEX = re.compile(
    r"(?:annex|appendix|schedule|exhibit|attachment|附件|附录|附表)[ ]?"
    r"(?:[a-z]|[0-9]{1,2}|[ivx]{1,4}|[一二三四五六七八九十]{1,2})(?:[ ]?[—–:.、\-].{1,90}|[ ].{1,90})?"
)
_FILE = re.compile(r".*(?:下载|点击|[.](?:docx?|pdf|xlsx?|pptx?|rar|zip)(?![a-z])|download)")
_ITEM = re.compile(r"(?:[(]?(?:[a-z]|[0-9]{1,2}|[ivx]{1,4})[).、]|[•·*–\-][ ])[ ]?\S")
_TO_FILL = re.compile(r"[^:|]{2,40}:[ ]?[_/ ]{3,60}")
_OF_ITSELF = re.compile(
    r"(?!.*(?:website|web[ ]site|subscri|download|cookie|template|click|sample)).*"
    r"[ ]this[ ](?:policy|procedure|plan|strategy|charter|guideline|code|protocol|framework|agreement)(?![a-z])"
)
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
    last = {False: 0, True: 0}
    for at, is_han, number in _numbered(lines):
        while sentence < at:
            n_sentences += sentence not in junk
            sentence = next(sentences, len(lines))
        chain = headings[is_han]
        # who writes sections skips a number now and then, and a rule may have taken a heading
        counts_on = last[is_han] < number <= last[is_han] + (2 if chain else 1)
        if at not in junk and counts_on and (not chain or n_sentences > before[is_han]):
            chain.append(at)
            last[is_han] = number
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


def annex_lines(lines: Lines, sections: Collection[int], modelled: Container[int], junk: Container[int]) -> set[int]:
    """What follows the last of a text's ``sections`` and is its own: its annexes with their items, forms to fill in,
    and sentences that speak of the document itself.

    ``modelled`` are lines that the model calls junk, ``junk`` those that rules do. What is no such thing, and junk,
    ends the document.
    """
    own: set[int] = set()
    in_annex, n_below = False, MAX_BELOW
    for at in range(max(sections, default=len(lines)) + 1, len(lines)):
        text = lines.text(at)
        if _ANNEX.fullmatch(text) and not _FILE.match(text):
            in_annex, n_below = True, 0
        elif at in junk:
            break
        elif in_annex and (_ITEM.match(text) or (n_below < MAX_BELOW and (n_below == 0 or not lines.after_blank[at]))):
            n_below += 1
        elif not _TO_FILL.fullmatch(text) and not (lines.is_sentence(at) and _OF_ITSELF.match(text)):
            n_below = MAX_BELOW
            if at in modelled:
                break
            continue
        else:
            n_below = MAX_BELOW
        own.add(at)
    return own


def titles(lines: Lines, junk: Container[int], is_title: Callable[[int], bool]) -> set[int]:
    """The last line above the first sentence of a text that is a title by its form, if no other stands beside it.

    ``junk`` are the lines that rules or the model call junk.
    """
    first = next((at for at in lines.sentences if at not in junk), 0)
    near = [at for at in range(max(first - MAX_TO_TEXT, 0), first) if not lines.is_sentence(at) and is_title(at)]
    return set() if not near or (len(near) > 1 and near[-2] == near[-1] - 1) else {near[-1]}


def title_block(lines: Lines, title: int, is_above: Callable[[int], bool], is_below: Callable[[int], bool]) -> set[int]:
    """A title with the office above it and, below it, its version or day and who speaks."""
    own = {at for at in (title - 1, title) if at == title or (at >= 0 and is_above(at))}
    at = title + 1
    while at < min(len(lines), title + MAX_TO_TEXT) and is_below(at):
        own.add(at)
        at += 1
    return own


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


def signatures(
    lines: Lines,
    dates: Collection[int],
    modelled: Container[int],
    junk: Container[int],
    is_office: Callable[[int], bool],
) -> set[int]:
    """Those of some lines, known to be dates of a day, that stand below the name of an office, with it.

    ``modelled`` are lines that the model calls junk, ``junk`` those that rules do; no sentence of the text is below.
    """
    own = [at for at in lines.sentences if at not in junk and at not in modelled]
    if len(own) < LEAST_SECTIONS:
        return set()
    days = (at for at in dates if at > own[-1] + 1 and lines.text(at).rstrip(")")[-1:] in "日号")
    return {line for at in days if at - 1 not in junk and is_office(at - 1) for line in (at - 1, at)}
