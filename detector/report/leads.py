"""What a reader of a report should look at first: the paragraph copied most, who left blanks, which documents copy.

Everything here is taken from the lists of the page, so that each lead is a link into it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from detector.model import PART_NAMES
from detector.report.lookup import Listing
from detector.report.palette import percent

MAX_LINES = 5
MAX_PARTS = 13
"""Parts of a template that a lead draws; the cluster's own view has them all."""


class Line(NamedTuple):
    """A document with what is said of it: its place in the page (-1: not in it), its name if it has no place."""

    place: int
    name: str
    says: str


class CopiedCard(NamedTuple):
    """The text that most families have: a row of the list of clusters, how it varies, and who has it, blanks first."""

    row: Mapping[str, Any]
    parts: Sequence[Any]
    says: str
    members: Sequence[Line]


class Leads(NamedTuple):
    """What to look at first; each is empty where the scan found nothing of its kind.

    ``half_filled``: of each level how many clusters some left blank and others filled in.
    """

    copied: CopiedCard | None
    unfilled: Sequence[Line]
    n_unfilled: int
    half_filled: Sequence[tuple[str, int]]
    families: Sequence[tuple[str, Line]]
    phrases: Sequence[tuple[str, str, str]]


def leads(listing: Listing, lists: Mapping[str, Any]) -> Leads:
    """The leads of a page with these lists; ``listing`` are its documents."""
    blank = np.flatnonzero(listing.n_blanks)
    most = blank[np.argsort(-listing.n_blanks[blank], kind="stable")][:MAX_LINES].tolist()
    unfilled = listing.parts[:, PART_NAMES.index("unfilled")] / np.maximum(1, listing.parts.sum(axis=1))
    return Leads(
        copied=_copied(lists["clusters"]),
        unfilled=[Line(row, "", f"{_blanks(int(listing.n_blanks[row]))}, {percent(unfilled[row])}") for row in most],
        n_unfilled=len(blank),
        half_filled=[(level, n) for level, found in lists["clusters"].items() if (n := _half_filled(found["rows"]))],
        families=[(row["id"], _line(row["rows"][0], _copies(row))) for row in lists["families"]["rows"][:3]],
        phrases=[(row[0], row[1], f"{row[2]:,} families, {row[3]:,} places") for row in lists["phrases"]["rows"][:4]],
    )


def _copied(clusters: Mapping[str, Any]) -> CopiedCard | None:
    """Of the paragraphs that cover most text the one in most families; of passages where there are no paragraphs."""
    for level in ("block", "passage"):
        rows = clusters.get(level, {}).get("rows", ())
        if rows:
            row = max(rows, key=lambda row: (row["families"], row["blank"] > 0, row["chars"]))
            parts = [_slot(row["slots"][part], part + 1) if isinstance(part, int) else part for part in row["parts"]]
            ordered = sorted(row["rows"], key=lambda member: not member[4])[:MAX_LINES]
            members = [_line(member, f"left {_blanks(member[4])}" if member[4] else "") for member in ordered]
            return CopiedCard(row, parts[:MAX_PARTS], _differing(*row["values"]), members)
    return None


def _half_filled(rows: Sequence[Mapping[str, Any]]) -> int:
    """How many clusters some members left blank and others did not."""
    return sum(0 < row["blank"] < row["looked"] for row in rows)


def _differing(n: int, n_all: int) -> str:
    """How many values of a template differ between its members."""
    if not n:
        return "without any difference"
    return (
        f"same template, {n:,} of {n_all:,} {'value' if n_all == 1 else 'values'} {'differs' if n == 1 else 'differ'}"
    )


def _slot(slot: Sequence[Any], number: int) -> dict[str, Any]:
    """A slot as a lead draws it: its number, type and commonest fills."""
    fills = [text or "\N{EMPTY SET}" for text, _ in slot[1][:2]]
    return {"number": number, "type": slot[0], "fills": " | ".join(fills), "more": max(0, slot[2] - len(fills))}


def _line(member: Sequence[Any], says: str) -> Line:
    return Line(member[0], member[1], says)


def _blanks(number: int) -> str:
    return "1 blank" if number == 1 else f"{number:,} blanks"


def _copies(row: Mapping[str, Any]) -> str:
    number = row["places"] - 1
    return "and 1 copy" if number == 1 else f"and {number:,} copies"
