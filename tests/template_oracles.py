"""Templates, types of slots and ratios from their definitions, which the columns must equal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

import alignment_oracles as alignment
import slot_oracles
from corpora import Columns
from rapidfuzz.distance import Indel, LCSseq

from detector.matching.fill_classes import SURNAMES
from detector.text.folding import DIGIT, plain
from detector.text.tokens import MARK, SLOT_POINT

PLACE_OR_BODY = re.compile("(?:[省市县区镇乡村州旗盟社局厅委部院校司行会所站办厂]|街道|集团|公司|中心|政府)$")
MONEY = re.compile("[ ]*(?:[多余]?[万亿千百]*(?:美|欧|日)?元|usd|dollars?|yuan|rmb)")
COUNTED = re.compile("[ 万亿千百]*[个人户名位亩吨斤米辆套台座栋株棵头只件次例处册盏]")
DATE = re.compile(r"^[0-9x×*○〇一二三四五六七八九十]{1,4}[ ]*[年月./-][0-9x×*年月日号./ -]*$")
FOLLOWING = 8

Span = tuple[int, int]


class Member(NamedTuple):
    """A text, the part of it that is the member, and its passages."""

    text: str
    span: Span
    first: int
    last: int


class Slot(NamedTuple):
    """The type of a slot, the spans of the fills that are listed, whose they are, and which is that of the others."""

    type: str
    fills: list[Span]
    members: list[int]
    common: int | None


def template(of: Columns, members: Sequence[Member], keys: Sequence[int] | None, most: int) -> list[Span | Slot]:
    """Literals (spans of the first member) and slots; aligned passage by passage where there are keys.

    In a cluster of more than ``most`` fills what more than half of the members have is listed once.
    """
    places = [_aligned(of, members[0], member, keys) for member in members]
    n = len(places[0])
    base = int(of.passages.tokens[members[0].first])
    literals = [
        token
        for token in range(n)
        if of.tokens.kind[base + token] != MARK and all(place[token] >= 0 for place in places)
    ]
    gaps = []
    for before, after in pairwise([-1, *literals, n]):
        rows = []
        for member, place in zip(members, places, strict=True):
            first, stop = of.passages.tokens[[member.first, member.last]].tolist()
            begin = first + place[before] + 1 if before >= 0 else first
            rows.append((begin, first + place[after] if after < n else stop))
        if any(begin < end for begin, end in rows):
            gaps.append(rows)
    ends = [int(of.passages.tokens[member.last]) for member in members]
    found = slot_oracles.slots(slot_oracles.Gaps(of, [member.text for member in members]), gaps, ends)
    slots = [_slot(of, members, rows, shortened=len(found) * len(members) > most) for rows in found]
    parts: list[Span | Slot] = []
    at = members[0].span[0]
    for slot in slots:
        if at < slot.fills[0][0]:
            parts.append((at, slot.fills[0][0]))
        parts.append(slot)
        at = slot.fills[0][1]
    return [*parts, (at, members[0].span[1])] if at < members[0].span[1] else parts


def _passages(of: Columns, member: Member) -> list[list[int]]:
    bounds = of.passages.tokens[member.first : member.last + 1].tolist()
    return [of.tokens.hashes[begin:end].tolist() for begin, end in pairwise(bounds)]


def _aligned(of: Columns, head: Member, member: Member, keys: Sequence[int] | None) -> list[int]:
    left, right = _passages(of, head), _passages(of, member)
    if keys is None:
        return alignment.align([*chain(*left)], [*chain(*right)])
    return alignment.align_passages(left, right, keys[head.first : head.last], keys[member.first : member.last])


def _slot(of: Columns, members: Sequence[Member], rows: Sequence[Span], *, shortened: bool) -> Slot:
    tokens, fills = of.tokens, []
    for member, (begin, end) in zip(members, rows, strict=True):
        if begin < end:
            fills.append((int(tokens.start[begin]), int(tokens.end[end - 1])))
        else:
            is_first = begin == of.passages.tokens[member.first]
            at = member.span[0] if is_first else int(tokens.end[begin - 1])
            fills.append((at, at))
    texts = [member.text for member in members]
    kinds = [set(tokens.kind[begin:end].tolist()) for begin, end in rows]
    said = [text[slice(*fill)] for text, fill in zip(texts, fills, strict=True)]
    listed, common = listed_fills(said, [MARK in kind for kind in kinds], shortened=shortened)
    return Slot(slot_type(fills, kinds, texts), [fills[row] for row in listed], listed, common)


def listed_fills(said: Sequence[str], marked: Sequence[bool], *, shortened: bool) -> tuple[list[int], int | None]:
    """The members whose fills are listed, and which of these has what the others have (None: there are none)."""
    (common, count), *_ = Counter(said).most_common(1)
    holders = [row for row, text in enumerate(said) if text == common]
    if not shortened or 2 * count <= len(said) or any(marked[row] for row in holders):
        return list(range(len(said))), None
    listed = [row for row in range(len(said)) if row not in holders[1:]]
    return listed, listed.index(holders[0])


def slot_type(fills: Sequence[Span], kinds: Sequence[set[int]], texts: Sequence[str]) -> str:
    """What kind of value a slot holds; ``kinds`` are the classes of the tokens of each fill."""
    filled = [row for row, kind in enumerate(kinds) if kind and kind != {MARK}]
    if not filled:
        return "placeholder"

    def most(is_one: Callable[[int], bool]) -> bool:
        """Whether four in five are of a type."""
        return 5 * sum(not is_one(row) for row in filled) <= len(filled)

    raw = {row: texts[row][slice(*fills[row])] for row in filled}
    said = {row: plain(raw[row]).strip() for row in filled}
    after = {row: plain(texts[row][fills[row][1] : fills[row][1] + FOLLOWING]) for row in filled}
    numbers = {row for row in filled if kinds[row] <= {DIGIT}}
    if most(lambda row: row in numbers and after[row].lstrip().startswith(PERCENT)):
        return "percent"
    if most(lambda row: row in numbers and bool(MONEY.match(after[row]))):
        return "money"
    counted = {row for row in numbers if COUNTED.match(after[row])}
    if most(numbers.__contains__):
        return "year" if most(lambda row: row not in counted and is_year(said[row])) else "number"
    if most(lambda row: row not in counted and is_year(said[row])):
        return "year"
    if most(lambda row: bool(DATE.match(said[row]))):
        return "date"
    if most(lambda row: row not in numbers and bool(PLACE_OR_BODY.search(said[row]))):
        return "place_or_body"
    return "name" if most(lambda row: row not in numbers and is_name(raw[row].strip())) else "text"


PERCENT = ("%", "‰", "个百分点", "percent", "per cent")
HYPHENS = "-–—~～"


def is_year(text: str) -> bool:
    """Four digits of these centuries, once or twice."""
    if len(text) == 9 and text[4] in HYPHENS:
        return is_year(text[:4]) and is_year(text[5:])
    return len(text) == 4 and text.isdigit() and text[:2] in ("18", "19", "20", "21")


def is_name(text: str) -> bool:
    """A surname and one or two Han characters, or words most of which have a capital."""
    letters = plain(text)
    if letters and letters[0] in SURNAMES and 2 <= len(letters) <= 3:
        return all("\u4e00" <= char <= "\u9fff" for char in letters)
    if any(ord(char) >= 0x250 or low.isdigit() for char, low in zip(text, letters, strict=True)):
        return False
    is_letter = ["a" <= low <= "z" or low >= "À" for low in letters]
    begins, some_small, words = True, False, []
    for char, low, letter in zip(text, letters, is_letter, strict=True):
        if letter and begins:
            words.append(char == low)
        some_small |= letter and char == low
        begins = not letter and char not in "'.@"
    return 1 <= len(words) <= 6 and not words[0] and 3 * sum(words) <= len(words) and some_small


def skeleton(of: Columns, member: Member) -> list[int]:
    """The characters of a member's skeleton."""
    begin, end = of.passages.tokens[[member.first, member.last]].tolist()
    points: list[int] = []
    for row in range(begin, end):
        text = plain(member.text[of.tokens.start[row] : of.tokens.end[row]])
        points.extend([SLOT_POINT] if of.tokens.kind[row] >= DIGIT else map(ord, text))
    return points


def block_ratio(of: Columns, head: Member, member: Member) -> float:
    """The normalised Indel similarity of two skeletons, as it is written."""
    return round(Indel.normalized_similarity(skeleton(of, head), skeleton(of, member)), 6)


def common(left: Sequence[int], right: Sequence[int]) -> int:
    """The length of the longest common subsequence."""
    return int(LCSseq.similarity(left, right))
