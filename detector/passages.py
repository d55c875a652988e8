"""Passages and clauses: where sentences end, where enumerations begin, with or without line breaks.

A passage is the unit that is signed and compared; a clause is a part of one. Nothing assumes that paragraphs survived:
a body that a converter left as one line of thousands of characters is cut at its sentences and at its run-in headings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.folding import is_blank, plain
from detector.tokens import Block, Tokens, join_offsets

_NUMERAL = "[一二三四五六七八九十百]"
_CLOSERS = "”’」』》〉】)\\]"

_BOUNDARY = re.compile(
    rf"""
    (?P<line>   [\n\r\v\f\x85\u2028\u2029]+ )
  | (?P<stop>   [。!?;]+ [{_CLOSERS}"']* | (?:…{{2,}}|⋯{{2,}}| \.{{6}}) [{_CLOSERS}]* )
  | (?P<dot>    \. [{_CLOSERS}"']* (?=[ \n\r\v\f\x85\u2028\u2029]) )
  | (?P<number> \( (?={_NUMERAL}{{1,3}}\)) | [㈠-㈩] )     # （一） begins a passage wherever it stands
  | (?P<after>  [:{_CLOSERS[1:]}] [ ]*
                (?= {_NUMERAL}{{1,3}}、 (?!{_NUMERAL}{{1,3}}[、,])              # but 一、二、五中 is a list
                  | \d{{1,2}}[.、] (?!\d)
                  | 第[{_NUMERAL[1:-1]}零\d]{{1,5}}[条章节编] [ ] ) )             # but 《某法》第一条 is a citation
    """,
    re.VERBOSE,
)
"""Everything that may begin a new passage, on the plain form. At a line start and after a sentence end an enumerator
begins one anyway; ``after`` adds the colon and the closing bracket."""

_COUNTED_CLAUSE = re.compile(rf"(?<![之唯第统单同万百千其周期初])({_NUMERAL}{{1,2}})是")
_CLAUSE_END = re.compile("[,:]")

_SOFT_WRAP_LENGTH = 40
"""A line of a spaced script at least this long that stops in mid-sentence was wrapped by a program, not by its author;
hard-wrapped mail, licences and scanned books have lines of 50 to 80 characters, menus and lists shorter ones."""

_LONGEST_WRAPPED = 400
"""A longer line is a paragraph, not a wrapped line."""

MAX_PASSAGE_TOKENS = 4096
"""A text without any punctuation is cut here: comparing passages costs the product of their lengths."""

_QUOTE_WINDOW = 2000
"""Characters of the same line in which the opening quote of a straight one is looked for."""

_UNITS = {numeral: value for value, numeral in enumerate("一二三四五六七八九", start=1)}


class Passages(NamedTuple):
    """Columns of passages and clauses in document order.

    ``start``, ``end``: int64, code points of the passage's document, without surrounding blanks; ``document``: int64,
    the row of its document; ``tokens``: int64, n_passages + 1, the tokens of passage p are rows ``tokens[p]`` to
    ``tokens[p + 1]`` (a passage has at least one token and every token is in one passage);
    ``clause``: int64, a row per token: the number of its clause; ``clause_start``, ``clause_end``: int64, code points
    of each clause's document, without surrounding blanks; ``clause_document``: int64.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    document: NDArray[np.int64]
    tokens: NDArray[np.int64]
    clause: NDArray[np.int64]
    clause_start: NDArray[np.int64]
    clause_end: NDArray[np.int64]
    clause_document: NDArray[np.int64]


def split_passages(block: Block, tokens: Tokens, marks: Sequence[tuple[int, int]]) -> Passages:
    """Passages and clauses of the block that ``tokens`` and ``marks`` were made of."""
    folded = plain(block.text)
    document = np.repeat(np.arange(len(block.starts)), np.diff(tokens.indptr))
    first = tokens.start + block.starts[document] if len(document) else tokens.start
    cuts = np.union1d(_outside(passage_cuts(block.text, folded), marks), block.starts[1:])
    cuts = _cut_to_length(cuts, first)
    clause_cuts = np.union1d(cuts, _outside(_clause_cuts(folded, block, tokens), marks))
    passage = np.searchsorted(cuts, first, side="right")
    clause = np.searchsorted(clause_cuts, first, side="right")
    rows = _first_rows(passage)
    clause_rows = _first_rows(clause)
    last = tokens.end + block.starts[document] if len(document) else tokens.end
    start, end = _trimmed(block.points, cuts, passage[rows], _held(first, last, rows))
    clause_start, clause_end = _trimmed(block.points, clause_cuts, clause[clause_rows], _held(first, last, clause_rows))
    offset, clause_offset = block.starts[document[rows]], block.starts[document[clause_rows]]
    return Passages(
        start - offset,
        end - offset,
        document[rows],
        np.append(rows, len(first)),
        np.searchsorted(clause[clause_rows], clause),
        clause_start - clause_offset,
        clause_end - clause_offset,
        document[clause_rows],
    )


def concatenate(parts: Sequence[Passages], n_documents: Sequence[int]) -> Passages:
    """Passages of several blocks as those of one corpus; ``n_documents`` is the number of documents of each block."""
    documents = np.cumsum([0, *n_documents])
    clauses = np.cumsum([0] + [len(part.clause_start) for part in parts])
    pairs = list(enumerate(parts))

    def joined(columns: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        return np.concatenate(columns) if columns else np.empty(0, np.int64)

    return Passages(
        joined([part.start for part in parts]),
        joined([part.end for part in parts]),
        joined([part.document + documents[i] for i, part in pairs]),
        join_offsets([part.tokens for part in parts]),
        joined([part.clause + clauses[i] for i, part in pairs]),
        joined([part.clause_start for part in parts]),
        joined([part.clause_end for part in parts]),
        joined([part.clause_document + documents[i] for i, part in pairs]),
    )


def passage_cuts(text: str, folded: str) -> NDArray[np.int64]:
    """Sorted offsets at which a passage begins (0 is not listed); ``folded`` is the plain form of ``text``.

    >>> text = "存在的问题一是薄弱；二是缓慢。工作总结(一)好"
    >>> passage_cuts(text, plain(text)).tolist()
    [5, 10, 15, 19]
    """
    cuts = [cut for match in _BOUNDARY.finditer(folded) if (cut := _cut_of(match, text, folded)) is not None]
    if "二是" in folded:
        cuts.extend(_counted_clauses(folded))
    return np.unique(np.array(cuts, dtype=np.int64))


def _cut_of(match: re.Match[str], text: str, folded: str) -> int | None:
    """Where the passage begins that a boundary starts, None where it starts none."""
    kind = match.lastgroup
    if kind == "number":
        return match.start()
    if kind == "line":
        return None if _is_soft_wrap(text, match) else match.end()
    if kind == "stop":
        return _after_quotes(match, folded)
    if kind == "dot":
        return match.end() if _ends_sentence(match, text, folded) else None
    return match.end()


def _after_quotes(match: re.Match[str], folded: str) -> int:
    """The end of a sentence end: a straight quote belongs to it only if it closes one that its line opened."""
    end = match.end()
    for place in range(match.start(), match.end()):
        if folded[place] in "\"'":
            window = max(0, place - _QUOTE_WINDOW)
            line = max(window, folded.rfind("\n", window, place) + 1)
            closes = folded.count(folded[place], line, place) % 2 == 1
            if not closes:
                return place
    return end


def _ends_sentence(match: re.Match[str], text: str, folded: str) -> bool:
    """Whether a full stop before a blank ends a sentence: what follows begins one, what precedes is no abbreviation."""
    place = match.end()
    while place < len(text) and text[place].isspace() and place - match.end() < 8:
        place += 1
    if place == len(text):
        return True
    following = text[place]
    if not (following.isupper() or following.isdigit() or following in "\"'“‘「『("):
        return False
    begin = match.start()
    while begin > 0 and match.start() - begin < 24 and (folded[begin - 1].isalnum() or folded[begin - 1] == "."):
        begin -= 1
    word = folded[begin : match.start()]
    if word.isdigit() and len(word) <= 3:
        before = folded[max(0, begin - 20) : begin].rstrip(" #*-")
        if not before or (before[-1] in "\n\r.!?:;。" and not _ends_with_abbreviation(before)):
            return False  # the number of a heading or list item
    is_initial = len(word) == 1 and word.isalpha() and not (begin > 0 and folded[begin - 1] in "'’")
    return not is_initial and word not in _abbreviations()


def _is_soft_wrap(text: str, match: re.Match[str]) -> bool:
    """Whether one line break stands inside a sentence of a spaced script, put there by a program."""
    if match.group() not in ("\n", "\r\n", "\r"):
        return False
    stop = match.end()
    window = max(0, match.start() - _LONGEST_WRAPPED)
    start = max(text.rfind("\n", window, match.start()), text.rfind("\r", window, match.start())) + 1
    if start == 0 and window > 0:
        return False
    before = text[start : match.start()].rstrip()
    following = text[stop : stop + 40].lstrip(" \t")
    if len(before) < _SOFT_WRAP_LENGTH or not following or not _is_spaced_letter(following[0]):
        return False
    if before[-1] in ")]\"'”’":
        return following[0].islower()
    return before[-1] in ",-" or _is_spaced_letter(before[-1]) or _ends_with_abbreviation(before.lower())


def _ends_with_abbreviation(folded: str) -> bool:
    """Whether the last word of a text is an abbreviation with its full stop."""
    return folded.endswith(".") and folded[:-1].rsplit(" ", maxsplit=1)[-1] in _abbreviations()


def _is_spaced_letter(char: str) -> bool:
    return char.isalpha() and not "\u0e00" <= char <= "\u0e7f" and char < "\u1100"


@cache
def _abbreviations() -> frozenset[str]:
    rows = resources.files("detector").joinpath("data/abbreviations.txt").read_text("utf-8").splitlines()
    return frozenset(word for row in rows if not row.startswith("#") for word in row.split())


def _counted_clauses(folded: str) -> Iterator[int]:
    """Offsets of 一是 … 二是 … in paragraphs that count at least to two."""
    for line in re.finditer(r"[^\n\r]+", folded):
        if "二是" in line.group():
            yield from _counted_in(folded, line.start(), line.end())


def _counted_in(folded: str, begin: int, stop: int) -> Iterator[int]:
    chain: list[int] = []
    for match in _COUNTED_CLAUSE.finditer(folded, begin, stop):
        number = _number(match.group(1))
        if number == 1 and len(chain) < 2:
            chain = [match.start()]
        elif number == 1:
            yield from chain
            chain = [match.start()]
        elif number == len(chain) + 1:
            chain.append(match.start())
    if len(chain) >= 2:
        yield from chain


def _number(numeral: str) -> int:
    """The value of a numeral of up to two characters below twenty or a multiple of ten.

    >>> _number("三"), _number("十二"), _number("二十")
    (3, 12, 20)
    """
    if numeral == "十":
        return 10
    if len(numeral) == 1:
        return _UNITS.get(numeral, 0)
    tens, units = numeral[0], numeral[1]
    if tens == "十":
        return 10 + _UNITS.get(units, 0)
    return _UNITS.get(tens, 0) * 10 if units == "十" else 0


def _clause_cuts(folded: str, block: Block, tokens: Tokens) -> NDArray[np.int64]:
    """Offsets after a comma or colon that is no part of a number."""
    cuts = np.fromiter((match.end() for match in _CLAUSE_END.finditer(folded)), dtype=np.int64)
    if not len(cuts) or not len(tokens.start):
        return cuts
    document = np.repeat(np.arange(len(block.starts)), np.diff(tokens.indptr))
    start, end = tokens.start + block.starts[document], tokens.end + block.starts[document]
    row = np.searchsorted(start, cuts - 1, side="right") - 1
    return np.asarray(cuts[(row < 0) | (end[row] < cuts)])


def _cut_to_length(cuts: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cuts, with more where a passage has over `MAX_PASSAGE_TOKENS`; ``first`` is where each token begins."""
    passage = np.searchsorted(cuts, first, side="right")
    rows = _first_rows(passage)
    place = np.arange(len(first)) - np.repeat(rows, np.diff(np.append(rows, len(first))))
    more = first[(place > 0) & (place % MAX_PASSAGE_TOKENS == 0)]
    return np.union1d(cuts, more) if len(more) else cuts


def _outside(cuts: NDArray[np.int64], marks: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """The cuts that do not fall inside a mark."""
    if not marks or not len(cuts):
        return cuts
    spans = np.array(marks, dtype=np.int64)
    row = np.searchsorted(spans[:, 0], cuts, side="left") - 1
    return np.asarray(cuts[(row < 0) | (spans[row, 1] <= cuts)])


def _first_rows(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first row of every run of equal values."""
    if not len(groups):
        return np.empty(0, np.int64)
    return np.concatenate(([0], np.flatnonzero(groups[1:] != groups[:-1]) + 1)).astype(np.int64)


def _held(
    first: NDArray[np.int64], last: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the first token of each stretch begins and its last one ends; stretches begin at the token ``rows``."""
    return first[rows], last[np.append(rows[1:], len(last)) - 1] if len(rows) else last


def _trimmed(
    points: NDArray[np.uint32],
    cuts: NDArray[np.int64],
    numbers: NDArray[np.int64],
    held: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bounds of the numbered stretches between cuts, without the blanks around them but with the tokens they hold (a
    mark may begin with a blank)."""
    shown = np.append(np.flatnonzero(~is_blank()[points]), len(points))
    edges = np.concatenate(([0], cuts, [len(points)]))
    start = shown[np.searchsorted(shown, edges[numbers])]
    end = shown[np.searchsorted(shown, edges[numbers + 1]) - 1] + 1
    return np.minimum(start, held[0]), np.maximum(end, held[1])
