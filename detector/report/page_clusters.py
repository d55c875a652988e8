"""What the page knows of clusters, phrases and rules: templates with their members aligned slot by slot, and places.

Whatever comes from documents passes through `shown` here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from detector.kernels.reporting import rank_fills
from detector.report import data
from detector.report.lookup import MAX_FILLS, Aligned, Lookup
from detector.report.sharing import sharing
from detector.report.shown import ELLIPSIS, shown
from detector.report.words import KIND_TITLES

if TYPE_CHECKING:
    from detector.results.index import Scan

MAX_ROWS = 30
"""Members of a cluster that are aligned on the page."""
MAX_SLOTS = 40
MAX_LITERAL = 320
"""Characters of a literal that are drawn; a longer one is cut in its middle."""
MAX_FILL = 60
LISTED = 12
"""Fills of a slot that are listed."""
MAX_PLACES = 8
"""Places of a phrase that are listed."""
CONTEXT = 16
"""Characters on either side of a phrase in its places."""
MAX_CLUSTER_BYTES = 500_000
"""Characters of the clusters of one level that a page holds; once they are used up only the texts are listed."""
NOT_ALIGNED = Aligned((), (), (), np.empty((0, MAX_FILLS), np.int32), 0)
BREAKS = re.compile(r"\s*[\r\n]\s*")
FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


def shared(level: str, found: Lookup, places: Mapping[str, int], limit: int) -> dict[str, Any]:
    """Clusters of one level that several families have: those first that cover most text."""
    sizes, n_all = found.largest(level, limit)
    rows = _within(list(sizes), found, places)
    for row, size in zip(rows, sizes.values(), strict=True):
        row["chars"] = size
    return {"rows": rows, "n_all": n_all}


def families(found: Lookup, places: Mapping[str, int], limit: int) -> dict[str, Any]:
    """Families of more than one document, the largest first, with what differs between their members."""
    names = found.families()
    return {"rows": _within(names[:limit], found, places), "n_all": len(names)}


def _within(names: Sequence[str], found: Lookup, places: Mapping[str, int]) -> list[dict[str, Any]]:
    rows, room = [], MAX_CLUSTER_BYTES
    for name in names:
        row = _cluster(name, found, places, aligned=room > 0)
        room -= sum(len(fill) for slot in row["slots"] for fill, _ in slot[1])
        room -= sum(len(part) for part in row["parts"] if isinstance(part, str)) + 8 * sum(map(len, row["rows"]))
        rows.append(row)
    return rows


def _cluster(name: str, found: Lookup, places: Mapping[str, int], *, aligned: bool) -> dict[str, Any]:
    """One cluster: its template, and the members that tell most, the representative first, then those with blanks."""
    members = found.members[name]
    whole = found.aligned(name, MAX_FILLS, 2 * MAX_SLOTS + 1) if aligned else NOT_ALIGNED
    blanks = found.blanks(name, MAX_FILLS)
    others = range(1, len(blanks))
    order = [0, *(row for row in others if blanks[row]), *(row for row in others if not blanks[row])]
    order = order[: MAX_ROWS if aligned else 5]
    slots, numbers = _slots(whole, order)
    rows, first_members = [], members[: max(order, default=-1) + 1]  # made together
    for row, fills in zip(order, numbers, strict=True):
        member = first_members[row]
        where = [places.get(member.doc, -1), "" if member.doc in places else shown(member.doc), member.start]
        left = _left_blank(whole, row, [text for text in blanks[row] if text])
        rows.append([*where, round(member.ratio, 4), len(blanks[row]), left, *fills])
    return {
        "id": shown(name),
        "families": found.n_families(name),
        "documents": found.n_documents(name),
        "places": len(members),
        "blank": sum(map(bool, blanks)),
        "looked": len(blanks),
        "values": [len(slots), len(slots) + _n_figures(whole)],
        "parts": _parts(whole) if whole.parts else [_sample(name, found)],
        "slots": slots,
        "more": whole.n_more,
        "rows": rows,
    }


def _slots(whole: Aligned, drawn: Sequence[int]) -> tuple[list[list[Any]], list[list[int]]]:
    """The slots as the page has them, and for each member that is ``drawn`` the number of its fill in each slot.

    A slot is its type, its listed fills with how many members have each, and how many different fills there are. Listed
    are the commonest fills and those of the members that are drawn; the numbers count among these.
    """
    n_slots, width = len(whole.types), LISTED + len(drawn)
    text, times = (np.empty((n_slots, width), np.int64) for _ in range(2))
    sizes, n_different = (np.empty(n_slots, np.int64) for _ in range(2))
    numbers = np.empty((len(drawn), n_slots), np.int64)
    rank_fills(
        whole.fills, len(whole.texts), LISTED, np.array(drawn, np.int64), text, times, sizes, n_different, numbers
    )
    is_listed = np.arange(width) < sizes[:, None]
    listed = zip(text[is_listed].tolist(), times[is_listed].tolist(), strict=True)
    fills = ([_cut(whole.texts[one], MAX_FILL), number] for one, number in listed)
    of = zip(whole.types, sizes.tolist(), n_different.tolist(), strict=True)
    return [[shown(type_), [*islice(fills, size)], n] for type_, size, n in of], numbers.tolist()


def _left_blank(whole: Aligned, row: int, blanks: Sequence[str]) -> list[int]:
    """The slots that a member has one of its blanks in; most have none, and many slots nothing."""
    filled = enumerate(whole.fills[:, row].tolist()) if blanks else ()
    return [slot for slot, one in filled if one >= 0 and any(text in whole.texts[one] for text in blanks)]


def _n_figures(whole: Aligned) -> int:
    """Numbers that all members have in common: values of the template that do not differ."""
    return sum(len(FIGURE.findall(part)) for part in whole.parts if part is not None)


def _parts(whole: Aligned) -> list[str | int]:
    """Literals as text, slots as their numbers."""
    parts: list[str | int] = []
    n_slots = 0
    for part in whole.parts:
        parts.append(n_slots if part is None else _cut(part, MAX_LITERAL))
        n_slots += part is None
    return parts


def _sample(name: str, found: Lookup) -> str:
    """The first characters of the representative."""
    head = found.members[name][0]
    return _cut(found.text(head.doc, head.start, head.end) or "", MAX_LITERAL)


@lru_cache(maxsize=1 << 12)  # members have the same in most slots, and many slots nothing or a number
def _cut(text: str, size: int) -> str:
    """A text that is drawn, cut in its middle where it is longer than ``size``; empty lines are left out."""
    if not text.isprintable():  # no line breaks, as in nearly all
        text = BREAKS.sub("\n", text)
    if len(text) <= size:
        return shown(text)
    half = size // 2
    return f"{shown(text[:half])} {ELLIPSIS} {len(text) - 2 * half:,} more {ELLIPSIS} {shown(text[-half:])}"


def phrases(found: Lookup, places: Mapping[str, int], limit: int, n_all: int) -> dict[str, Any]:
    """The phrase book: figures, text and the first places of each phrase."""
    covering = found.covering(limit)
    at = found.occurrences([phrase.id for phrase, _ in covering], MAX_PLACES)
    around = iter(found.around([place for phrase, _ in covering for place in at[phrase.id]], CONTEXT))
    rows = []
    for phrase, n_chars in covering:
        here = []
        for (doc, start, _), (before, after) in zip(at[phrase.id], around, strict=False):
            where = [places.get(doc, -1), "" if doc in places else shown(doc), start]
            here.append([*where, _line(before.rpartition("\n")[2]), _line(after.partition("\n")[0])])
        counts = [phrase.n_families, phrase.n_occurrences, phrase.n_tokens, n_chars]
        rows.append([shown(phrase.id), shown(phrase.text), *counts, here])
    return {"rows": rows, "n_all": n_all}


def _line(text: str) -> str:
    return shown(text.replace("\r", " "))


def rules(scan: Scan, places: Mapping[str, int], n_examples: int) -> list[dict[str, Any]]:
    """What every rule found, with its examples in context."""
    return [
        {
            "kind": row.kind,
            "title": KIND_TITLES[row.kind][0],
            "says": KIND_TITLES[row.kind][1],
            "rule": shown(row.rule),
            "findings": row.n_findings,
            "documents": row.n_documents,
            "examples": [
                [
                    *(places.get(e.doc, -1), "" if e.doc in places else shown(e.doc), e.start),
                    *(_cut(text, 2 * MAX_LITERAL) for text in (e.before, e.text, e.after)),
                ]
                for e in row.examples
            ],
        }
        for row in data.rule_rows(scan, n_examples)
    ]


def who_shares(found: Lookup, scan: Scan, places: Mapping[str, int], limit: int) -> dict[str, Any]:
    """The map: families, and what each two of them share."""
    drawn = sharing(found, limit)
    heads = [scan.documents[row].id for row in drawn.heads]
    return {
        "families": [
            [places.get(doc, -1), "" if doc in places else shown(doc), n_chars]
            for doc, n_chars in zip(heads, drawn.n_chars, strict=True)
        ],
        "pairs": [[*pair[:4], [shown(name) for name in pair.clusters]] for pair in drawn.pairs],
        "n_all": drawn.n_families,
    }
