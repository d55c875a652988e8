"""Templates: what the members of a cluster have in common, and the slots in which they differ.

Every member is aligned to the representative. A token of the representative that all members have is a literal; what
stands between two literals, in the representative or inserted by a member, is a slot with a fill for each member.
Slots begin and end with tokens, so that a number is never cut in two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.alignment import Run, TokenRange
from detector.folding import DIGIT, plain
from detector.model import Fill, Literal, Slot
from detector.tokens import MARK, Tokens

_PLACE_OR_BODY = re.compile("(?:[省市县区镇乡村州旗盟社局厅委部院校司行会所站办厂]|街道|集团|公司|中心|政府)$")
_MONEY = re.compile("[ ]*(?:[多余]?[万亿千百]*(?:美|欧|日)?元|usd|dollars?|yuan|rmb)")
_DATE = re.compile(r"^[0-9x×*○〇一二三四五六七八九十]{1,4}[ ]*[年月./-][0-9x×*年月日号./ -]*$")


class MemberText(NamedTuple):
    """A member as the template needs it: its document's id and text, its span and its token rows."""

    doc: str
    text: str
    start: int
    end: int
    rows: TokenRange


def build_template(
    tokens: Tokens, members: Sequence[MemberText], align: Callable[[int], list[Run]]
) -> tuple[Literal | Slot, ...]:
    """The template of a cluster; ``members[0]`` is the representative, ``align(m)`` its alignment with member m.

    Runs have the representative's rows on the left. Identical members give one literal.
    """
    head = members[0]
    n = head.rows.stop - head.rows.start
    places = np.full((len(members), n), -1, dtype=np.int64)
    places[0] = np.arange(head.rows.start, head.rows.stop)
    for row in range(1, len(members)):
        for run in align(row):
            at = run.left - head.rows.start
            places[row, at : at + run.length] = np.arange(run.right, run.right + run.length)
    slots = list(_slots(tokens, members, places))
    parts: list[Literal | Slot] = []
    at = head.start
    for slot in slots:
        fill = slot.fills[0]
        if fill.start > at:
            parts.append(Literal(head.text[at : fill.start]))
        parts.append(slot)
        at = fill.end
    if at < head.end:
        parts.append(Literal(head.text[at : head.end]))
    return tuple(parts)


def _slots(tokens: Tokens, members: Sequence[MemberText], places: NDArray[np.int64]) -> Iterator[Slot]:
    """The slots in order; ``places`` (n_members x n tokens of the representative) is the row of the same token or -1.

    Between two tokens that all members have stands a slot wherever some member has more tokens.
    """
    literals = np.flatnonzero((places >= 0).all(axis=0))
    begins = np.array([[member.rows.start for member in members]]).T
    ends = np.array([[member.rows.stop for member in members]]).T
    starts = np.concatenate((begins, places[:, literals] + 1), axis=1)
    stops = np.concatenate((places[:, literals], ends), axis=1)
    for number, gap in enumerate(np.flatnonzero((stops > starts).any(axis=0)).tolist(), start=1):
        rows = list(zip(starts[:, gap].tolist(), stops[:, gap].tolist(), strict=True))
        fills = [_fill(tokens, member, *span) for member, span in zip(members, rows, strict=True)]
        kinds = [set(tokens.kind[start:stop].tolist()) for start, stop in rows]
        yield Slot(f"slot{number}", slot_type(fills, kinds, members), tuple(fills))


def _fill(tokens: Tokens, member: MemberText, begin: int, end: int) -> Fill:
    """What a member has in a slot; an empty fill stands after the token before it, or where the member begins."""
    if begin < end:
        start, stop = int(tokens.start[begin]), int(tokens.end[end - 1])
    else:
        start = stop = int(tokens.end[begin - 1]) if begin > member.rows.start else member.start
    return Fill(member.doc, start, stop, member.text[start:stop])


def slot_type(fills: Sequence[Fill], kinds: Sequence[set[int]], members: Sequence[MemberText]) -> str:
    """What kind of value a slot holds, told by its fills and what follows them.

    Blanks (marks) count only where nothing else stands there; ``kinds`` are the token classes of each fill.
    """
    filled = [row for row, kind in enumerate(kinds) if kind and kind != {MARK}]
    if not filled:
        return "placeholder"
    texts = [plain(fills[row].text).strip() for row in filled]
    if all(kinds[row] <= {DIGIT} for row in filled):
        following = [plain(members[row].text[fills[row].end : fills[row].end + 8]) for row in filled]
        return _number_type(texts, following)
    if all(_DATE.match(text) for text in texts):
        return "date"
    if all(_PLACE_OR_BODY.search(text) for text in texts):
        return "place_or_body"
    return "text"


def _number_type(texts: list[str], following: list[str]) -> str:
    if all(after.lstrip().startswith(("%", "‰", "个百分点", "percent", "per cent")) for after in following):
        return "percent"
    if all(_MONEY.match(after) for after in following):
        return "money"
    if all(len(text) == 4 and text.isdigit() and text[:2] in ("18", "19", "20", "21") for text in texts):
        return "year"
    return "number"
