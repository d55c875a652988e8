"""What the page knows of documents: a table as columns with barcodes, and the texts of some of them with findings.

Names and texts pass through `shown` here; one code point stays one, so that offsets of findings hold in the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise, zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from detector.kernels.reporting import paint_stripes
from detector.model import PART_NAMES, Finding
from detector.report.blanks import filled_elsewhere
from detector.report.lookup import Listing, Lookup
from detector.report.palette import PAINTS
from detector.report.reasons import elsewhere, pieces, says
from detector.report.shown import shown
from detector.report.spans import differences

if TYPE_CHECKING:
    from detector.results.index import Scan

N_STRIPES, N_COARSE = 160, 48
"""Stripes of a document's barcode, which shows where in it the parts stand, and how many where there are many."""
FINE_DOCUMENTS = 2_000
"""Documents from which on barcodes are coarse: those of 50,000 documents would be the larger part of the page."""
STRIPE_SHARE = 0.25
"""The least part of a stripe that has to be claimed for it to be drawn as claimed: a lone mark is no stripe."""
MAX_BESIDE = 160
"""Characters of the like of a finding, in another document, that stand beside it."""

ORDER = [PART_NAMES.index(name) for name in PAINTS]
LETTERS = [PAINTS[name].letter for name in PART_NAMES]


def table(listing: Listing, found: Lookup, places: Mapping[str, int], n_all: int) -> dict[str, Any]:
    """The table of documents, column by column: 50,000 objects would take the page longer to read.

    Whole numbers stay arrays (int64), for a kernel writes them.
    """
    sources = {name: place for place, name in enumerate(dict.fromkeys(listing.sources))}
    flags = {names: place for place, names in enumerate(dict.fromkeys(listing.flags))}
    return {
        "n_all": n_all,
        "ids": _names(listing.ids),
        "parts": listing.parts[:, ORDER].ravel(),
        "sample": listing.sample if bool((listing.sample >= 0).any()) else None,
        "findings": listing.n_findings,
        "blanks": listing.n_blanks,
        "heads": [_head(head, doc, places) for head, doc in zip(listing.head, listing.ids, strict=True)],
        "source": np.array([sources[name] for name in listing.sources], np.int64),
        "sources": _names(list(sources)),
        "rows": np.array(listing.rows, np.int64),
        "flag": np.array([flags[names] for names in listing.flags], np.int64),
        "flags": [_names(names) for names in flags],
        "stripes": stripes(listing.ids, found),
    }


def _names(names: Sequence[str]) -> list[str]:
    """Names as they are drawn; most have nothing in them that `shown` would change."""
    return [name if name.isascii() and name.isprintable() else shown(name) for name in names]


def _head(head: str, doc: str, places: Mapping[str, int]) -> int | str:
    """The head of a document's family: 0 for itself, its place in the table counted from 1, or its id."""
    return 0 if head == doc else places[head] + 1 if head in places else shown(head)


def stripes(docs: Sequence[str], found: Lookup) -> list[str]:
    """The barcodes: for every stripe the letter of the part that claims most of it, own text where little is.

    A run of a letter is written once with its length in base 36: ``J3O1k`` are 3 stripes of junk and 56 of own text.
    """
    claims, lengths = found.claims(docs), found.lengths(docs)
    n_stripes = N_STRIPES if len(docs) <= FINE_DOCUMENTS else N_COARSE
    drawn = np.full((len(docs), n_stripes), PART_NAMES.index("own"), dtype=np.uint8)
    ranks = np.array([ord(letter) for letter in LETTERS], dtype=np.int64)
    paint_stripes(drawn, lengths, *claims, ranks, STRIPE_SHARE)
    return _runs(drawn, np.minimum(lengths, n_stripes))


def _runs(drawn: NDArray[np.uint8], sizes: NDArray[np.int64]) -> list[str]:
    """The first ``sizes`` stripes of every row as runs."""
    n_stripes = drawn.shape[1]
    begins = np.ones(drawn.shape, dtype=np.bool_)
    begins[:, 1:] = drawn[:, 1:] != drawn[:, :-1]
    begins &= np.arange(n_stripes) < sizes[:, None]
    row, column = np.nonzero(begins)
    last = np.append(row[1:] != row[:-1], True) if len(row) else np.empty(0, np.bool_)
    length = np.where(last, sizes[row], np.append(column[1:], 0)) - column
    words = [letter + np.base_repr(size, 36).lower() for letter in LETTERS for size in range(n_stripes + 1)]
    pieces = [words[word] for word in (drawn[row, column].astype(np.int64) * (n_stripes + 1) + length).tolist()]
    bounds = np.searchsorted(row, np.arange(len(drawn) + 1)).tolist()
    return ["".join(pieces[start:stop]) for start, stop in pairwise(bounds)]


def worth_reading(listing: Listing, members: Sequence[Sequence[str]]) -> Iterator[str]:
    """Documents whose texts a reader wants first: the least original, in turn with those of the largest clusters and
    those with most blanks."""
    blanks = np.argsort(-listing.n_blanks, kind="stable")[: int((listing.n_blanks > 0).sum())]
    blank = (listing.ids[row] for row in blanks.tolist())
    in_turn = chain.from_iterable(zip_longest(listing.ids, chain.from_iterable(members), blank))
    return iter(dict.fromkeys(doc for doc in in_turn if doc is not None))


def text_row(scan: Scan, doc: str, places: Mapping[str, int], found: Lookup, phrases: frozenset[str]) -> dict[str, Any]:
    """One document's text, its pieces by part and mark, and its findings with what they say."""
    text, findings = scan.texts[doc], list(found.findings(doc))
    return {
        "text": shown(text.replace("\r\n", " \n").replace("\r", "\n"), lines=True),
        "pieces": [
            [piece.start, piece.end, PAINTS[piece.part].letter, piece.mark] for piece in pieces(len(text), findings)
        ],
        "findings": [_finding(item, places, found, phrases) for item in findings],
    }


def _finding(item: Finding, places: Mapping[str, int], found: Lookup, phrases: frozenset[str]) -> list[Any]:
    """Offsets, kind, letter of the part, what is said, rule, cluster or phrase, its like elsewhere, and what fills it.

    The last is what the evidence tells of a blank; where it tells nothing the page looks into its own clusters.
    """
    letter = PAINTS[item.part].letter if item.part else ""
    cluster = item.cluster if item.kind != "phrase" or item.cluster in phrases else None
    return [
        item.start, item.end, shown(item.kind), letter, says(item, found), shown(item.rule or ""), shown(cluster or ""),
        _beside(item, places, found), [shown(fill.text) for fill in filled_elsewhere(item, (), found, deep=False)],
    ]  # fmt: skip


def _beside(item: Finding, places: Mapping[str, int], found: Lookup) -> list[Any] | None:
    """The like of a finding: place and id of its document, offset, text, and where the two texts differ."""
    place, end = elsewhere(item, found), item.evidence.get("end")
    if place is None:
        return None
    where = [places.get(place.doc, -1), "" if place.doc in places else shown(place.doc), place.start]
    there = found.text(place.doc, place.start, min(end, place.start + MAX_BESIDE)) if isinstance(end, int) else None
    here = found.text(item.doc, item.start, min(item.end, item.start + MAX_BESIDE))
    if there is None or here is None:
        return [*where, "", [], []]
    mine, others = differences(here, there)
    return [*where, shown(there), [list(span) for span in mine], [list(span) for span in others]]
