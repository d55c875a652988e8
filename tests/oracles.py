"""Slow and obvious implementations of the definitions, which the fast ones must equal.

Everything is written for reading: one loop, lists and sets, no arrays. Nothing here calls the code that it judges,
except for folding, which has tests of its own over every code point.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import Indel

from detector.text.folding import DIGIT, EXTENDER, LETTER, LINE_BREAK, SEPARATOR, SINGLE, fold, plain
from detector.text.tokens import MARK, SLOT_POINT

ROUNDING = 1e-9
LINE_BREAKS = "\n\r\v\f\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"
DOTS = ".,\N{FULLWIDTH FULL STOP}"
UNSPACED = re.compile(
    "CJK (UNIFIED|COMPATIBILITY) IDEOGRAPH|(CJK|KANGXI) RADICAL|IDEOGRAPHIC|VERTICAL IDEOGRAPHIC"
    "|HIRAGANA|KATAKANA|HANGUL|BOPOMOFO|THAI|LAO|KHMER|MYANMAR|YI SYLLABLE"
)

Span = tuple[int, int]


# characters and tokens


def class_of(char: str) -> int:
    """The class of a character that is plain already, from Unicode's own categories and names."""
    name, category = unicodedata.name(char, ""), unicodedata.category(char)
    if char in LINE_BREAKS:
        return LINE_BREAK
    if category == "Cs" or "VARIATION SELECTOR" in name or name == "COMBINING GRAPHEME JOINER":
        return SEPARATOR
    if category.startswith("M"):
        return EXTENDER
    if category == "No" and "IDEOGRAPH" in name:
        return SINGLE
    if category in ("Nd", "No"):
        return DIGIT
    if category.startswith("L") or category == "Nl":
        return SINGLE if UNSPACED.match(name) else LETTER
    return SEPARATOR


class Token(NamedTuple):
    """A token's place, its class, and its characters in the skeleton."""

    start: int
    end: int
    kind: int
    skeleton: tuple[int, ...]


def tokens_of(text: str, marks: Sequence[Span] = ()) -> list[Token]:
    """The tokens of one document, left to right."""
    ends_of_marks = dict(marks)
    classes = [class_of(char) for char in plain(text)]
    for start, end in marks:
        classes[start:end] = [MARK] * (end - start)
    tokens, place = [], 0
    while place < len(text):
        start, kind = place, classes[place]
        place += 1
        if kind == MARK:
            place = ends_of_marks[start]
        elif kind in (SINGLE, LETTER, DIGIT):
            while place < len(text) and _goes_on(text, classes, place, kind):
                place += 1
        else:
            continue
        is_slot = kind in (DIGIT, MARK)
        skeleton = (SLOT_POINT,) if is_slot else tuple(map(ord, fold(text[start:place])))
        tokens.append(Token(start, place, kind, skeleton))
    return tokens


def _goes_on(text: str, classes: Sequence[int], place: int, kind: int) -> bool:
    """Whether the character at ``place`` belongs to the token of class ``kind`` before it."""
    if classes[place] == EXTENDER:
        return True
    if kind == DIGIT and text[place] in DOTS:
        return classes[place - 1] == DIGIT and classes[place + 1 : place + 2] == [DIGIT]
    return kind != SINGLE and classes[place] == kind


# where passages begin


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

_SOFT_WRAP_LENGTH = 40
"""A line of a spaced script at least this long that stops in mid-sentence was wrapped by a program, not by its author;
hard-wrapped mail, licences and scanned books have lines of 50 to 80 characters, menus and lists shorter ones."""

_LONGEST_WRAPPED = 400
"""A longer line is a paragraph, not a wrapped line."""

_QUOTE_WINDOW = 2000
"""Characters of the same line in which the opening quote of a straight one is looked for."""

_UNITS = {numeral: value for value, numeral in enumerate("一二三四五六七八九", start=1)}


def passage_cuts(text: str) -> list[int]:
    """Sorted offsets at which a passage begins."""
    folded = plain(text)
    cuts = [cut for match in _BOUNDARY.finditer(folded) if (cut := _cut_of(match, text, folded)) is not None]
    if "二是" in folded:
        cuts.extend(_counted_clauses(folded))
    return sorted(set(cuts))


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
    """The value of a numeral of up to two characters below twenty or a multiple of ten."""
    if numeral == "十":
        return 10
    if len(numeral) == 1:
        return _UNITS.get(numeral, 0)
    tens, units = numeral[0], numeral[1]
    if tens == "十":
        return 10 + _UNITS.get(units, 0)
    return _UNITS.get(tens, 0) * 10 if units == "十" else 0


def split_of(
    text: str, tokens: Sequence[Span], marks: Sequence[Span], longest: int
) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
    """Start, end and first token of the passages and of the clauses of one document."""
    cuts = {0} | {cut for cut in passage_cuts(text) if not any(start < cut < end for start, end in marks)}
    size, opened = 0, -1
    for start, _ in tokens:
        begun = sum(cut <= start for cut in cuts)
        size = size + 1 if begun == opened else 1
        if size > longest:
            cuts.add(start)
            begun, size = begun + 1, 1
        opened = begun
    commas = {match.end() for match in re.finditer("[,:]", plain(text))}
    commas = {cut for cut in commas if not any(start < cut <= end for start, end in tokens)}
    return _stretches(text, tokens, sorted(cuts)), _stretches(text, tokens, sorted(cuts | commas))


def _stretches(text: str, tokens: Sequence[Span], cuts: Sequence[int]) -> list[tuple[int, int, int]]:
    """What stands between cuts, without the blanks around it but with its tokens; nothing where there are none."""
    found = []
    for begin, end in pairwise([*cuts, len(text) + 1]):
        rows = [row for row, (start, _) in enumerate(tokens) if begin <= start < end]
        shown = [place for place in range(begin, min(end, len(text))) if not text[place].isspace()]
        if rows:
            start = min([*shown[:1], tokens[rows[0]][0]])
            found.append((start, max([*(place + 1 for place in shown[-1:]), tokens[rows[-1]][1]]), rows[0]))
    return found


# sets, buckets, representatives


def jaccard(left: set[Hashable], right: set[Hashable]) -> float:
    """Common members over all members; two empty sets are not equal."""
    return len(left & right) / len(left | right) if left | right else 0.0


def shingles(row: Sequence[Hashable], size: int) -> set[Hashable]:
    """The set of all runs of ``size`` symbols."""
    return {tuple(row[place : place + size]) for place in range(len(row) - size + 1)}


def banded(signatures: Sequence[Sequence[int]], n_bands: int, n_rows: int) -> set[tuple[int, tuple[int, ...]]]:
    """Band and rows of every bucket of at least two, the empty signature left out."""
    buckets: dict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)
    for row, signature in enumerate(signatures):
        if any(value != 0xFFFFFFFF for value in signature):
            for band in range(n_bands):
                buckets[band, tuple(signature[band * n_rows : (band + 1) * n_rows])].append(row)
    return {(band, tuple(rows)) for (band, _), rows in buckets.items() if len(rows) > 1}


def ratio(left: Sequence[int], right: Sequence[int]) -> float:
    """RapidFuzz's normalised Indel similarity."""
    return Indel.normalized_similarity(list(left), list(right))


def first_independent_set(n: int, matches: Callable[[int, int], bool]) -> list[int]:
    """The representative of each of ``n`` rows: the lowest earlier one that matches, or the row itself."""
    chosen: list[int] = []
    for row in range(n):
        lower = (other for other in range(row) if chosen[other] == other and matches(row, other))
        chosen.append(next(lower, row))
    return chosen


def lowest(candidates: Iterable[int]) -> int:
    """The lowest of some rows, -1 for none."""
    return min(candidates, default=-1)


class MatchOracle(NamedTuple):
    """The columns of `detector.matching.matches.Matches` that are decided, not measured."""

    representative: list[int]
    partner: list[int]
    earlier: list[int]


def matches_of(
    n: int, matches: Callable[[int, int], bool], family: Sequence[int], document: Sequence[int]
) -> MatchOracle:
    """Representatives, partners and repeats of ``n`` passages in document order, of which ``matches`` tells pairs."""
    table = [[matches(row, other) for other in range(n)] for row in range(n)]
    chosen = first_independent_set(n, lambda row, other: table[row][other])
    partners, earlier = [], []
    for row in range(n):
        others = [other for other in range(n) if other != row and table[row][other]]
        partner = chosen[row] if family[chosen[row]] != family[row] else -1
        if partner < 0:
            partner = lowest(other for other in others if family[other] != family[row])
        if partner < 0:
            partner = lowest(other for other in others if document[other] != document[row])
        partners.append(partner)
        earlier.append(lowest(other for other in others if document[other] == document[row] and other < row))
    return MatchOracle(chosen, partners, earlier)


# repeats

Key = tuple[int, ...] | str
"""A run of symbols; characters serve as symbols where there are many, because strings are quick to cut."""


class Repeat(NamedTuple):
    """A run of symbols: where it stands (sequence, place) and the families that have it."""

    places: list[tuple[int, int]]
    families: frozenset[int]


def repeats(sequences: Sequence[Key], families: Sequence[Iterable[int]], shortest: int) -> dict[Key, Repeat]:
    """All runs of at least ``shortest`` symbols that two families have, grown one symbol at a time.

    A run can only be in two families if the same run without its last symbol is, so nothing is missed.
    """
    owners = [frozenset(owner) for owner in families]
    length = shortest
    places = [(s, start) for s, row in enumerate(sequences) for start in range(len(row) - length + 1)]
    found: dict[Key, Repeat] = {}
    while places:
        runs: dict[Key, list[tuple[int, int]]] = defaultdict(list)
        for s, start in places:
            runs[sequences[s][start : start + length]].append((s, start))
        places = []
        for key, where in runs.items():
            owned = frozenset().union(*(owners[s] for s, _ in where))
            if len(owned) >= 2:
                found[key] = Repeat(where, owned)
                places += [(s, start) for s, start in where if start + length < len(sequences[s])]
        length += 1
    return found


def is_maximal(key: Key, runs: dict[Key, Repeat], sequences: Sequence[Key]) -> bool:
    """Whether no run of one symbol more, on either side, is in as many families."""
    for s, start in runs[key].places:
        row, stop = sequences[s], start + len(key)
        for longer in ((start - 1, stop), (start, stop + 1)):
            if longer[0] >= 0 and longer[1] <= len(row):
                around = runs.get(row[longer[0] : longer[1]])
                if around and len(around.families) == len(runs[key].families):
                    return False
    return True


# phrases


SLOT = "\0"


class Corpus(NamedTuple):
    """What phrases are made of: the skeleton, a character per token, and each token's passage, clause, family, junk."""

    symbols: str
    passage: Sequence[int]
    clause: Sequence[int]
    family: Sequence[int]
    is_junk: Sequence[bool]
    n_families: int


class Lengths(NamedTuple):
    """The numbers of the definition: least tokens, least tokens of a long phrase, least of a partial clause."""

    least: int = 8
    long: int = 13
    clause: int = 5


class PhraseOracle(NamedTuple):
    """A phrase: its symbols, tokens that are no slots, families, and all places with whether each is marked."""

    key: Key
    n_tokens: int
    n_families: int
    places: tuple[int, ...]
    marked: tuple[bool, ...]


def phrases_of(corpus: Corpus, lengths: Lengths, min_families: int | None = None) -> set[PhraseOracle]:
    """The phrases of a corpus, by the definition and nothing else."""
    needed = min_families or max(2, math.ceil(math.sqrt(corpus.n_families) / 8))
    starts, rows = _segments(corpus)
    runs = repeats(rows, [[corpus.family[start]] for start in starts], lengths.least)
    kept: dict[Key, Repeat] = {}
    for key, run in runs.items():
        if is_maximal(key, runs, rows):
            first = min(starts[s] + place for s, place in run.places)
            start, stop = cut_ends(corpus, first, first + len(key), lengths.clause)
            cut = corpus.symbols[start:stop]
            n_tokens = len(cut) - cut.count(SLOT)
            enough = 2 if n_tokens >= lengths.long else needed
            if n_tokens >= lengths.least and len(runs[cut].families) >= enough:
                kept[cut] = runs[cut]
    spans = {key: {(starts[s] + p, starts[s] + p + len(key)) for s, p in run.places} for key, run in kept.items()}
    around = _longer_around(spans)
    listed = {
        key for key, run in kept.items()
        if all(len(kept[longer].families) < len(run.families) for span in spans[key] for longer in around[key, span])
    }  # fmt: skip
    return {
        PhraseOracle(
            key,
            len(key) - key.count(SLOT),
            len(kept[key].families),
            tuple(start for start, _ in sorted(spans[key])),
            tuple(not listed & around[key, span] for span in sorted(spans[key])),
        )
        for key in listed
    }


def _segments(corpus: Corpus) -> tuple[list[int], list[str]]:
    """The stretches of one passage without junk: the row at which each starts, and its symbols."""
    starts: list[int] = []
    rows: list[str] = []
    open_passage = -1
    for row, symbol in enumerate(corpus.symbols):
        if corpus.is_junk[row]:
            open_passage = -1
            continue
        if corpus.passage[row] != open_passage:
            open_passage = corpus.passage[row]
            starts.append(row)
            rows.append("")
        rows[-1] += symbol
    return starts, rows


def cut_ends(corpus: Corpus, start: int, stop: int, least: int) -> Span:
    """Token rows ``start`` to ``stop`` without slots and short partial clauses at the ends, until nothing changes."""
    n = len(corpus.symbols)
    while start < stop:
        before = (start, stop)
        while start < stop and corpus.symbols[start] == SLOT:
            start += 1
        while start < stop and corpus.symbols[stop - 1] == SLOT:
            stop -= 1
        if start == stop:
            break
        if start > 0 and corpus.clause[start - 1] == corpus.clause[start]:
            rest = [row for row in range(start, stop) if corpus.clause[row] == corpus.clause[start]]
            if sum(corpus.symbols[row] != SLOT for row in rest) < least:
                start = rest[-1] + 1
        if start < stop < n and corpus.clause[stop - 1] == corpus.clause[stop]:
            rest = [row for row in range(start, stop) if corpus.clause[row] == corpus.clause[stop - 1]]
            if sum(corpus.symbols[row] != SLOT for row in rest) < least:
                stop = rest[0]
        if (start, stop) == before:
            break
    return start, stop


def _longer_around(spans: dict[Key, set[Span]]) -> dict[tuple[Key, Span], set[Key]]:
    """For every place of every phrase the longer phrases that stand around it."""
    by_row: dict[int, set[tuple[Key, Span]]] = defaultdict(set)
    for key, places in spans.items():
        for span in places:
            for row in range(*span):
                by_row[row].add((key, span))
    return {
        (key, span): {
            longer
            for longer, (start, stop) in by_row[span[0]]
            if start <= span[0] and span[1] <= stop and stop - start > span[1] - span[0]
        }
        for key, places in spans.items()
        for span in places
    }
