"""Which characters of a text go when parts of it are stripped: whole sentences, clauses and lines, never own text.

What a scan claims ends where two texts begin to differ, which is seldom where a reader would cut. So claims decide
*whether* something goes, and the text decides *where* it is cut:

- A sentence (a passage of `detector.text.passages`) goes if all of its words and figures are claimed. One that has a
figure of its own stays whole, and is counted.
- Otherwise a clause of it may go, where phrases or blanks are stripped and the language is written without spaces: if
  all of it is claimed, if enough of the sentence is left, and if what follows does not hang on it.
- Junk goes as it was found: its rules know where it ends.

Then what would look torn is mended. A bracket or quotation mark never goes without its partner, a heading never stays
without its text, two commas never meet. What went is claimed, or is white space, punctuation, the number of an item, or
such a heading; ``tests/test_cleaning.py`` holds this, and that no character is cut in two, for any text and claims.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.filtering.claim_masks import (
    JUNK,
    MIN_LEFT,
    REPEATED,
    SHARED,
    UNFILLED,
    Bounds,
    Claim,
    Cut,
    bounds_of,
    claim_mask,
)
from detector.filtering.mending import BLANKS, COMMAS, STOPS, labelled, mended, trimmed, without_torn
from detector.filtering.stripping import spans_to_strip
from detector.model import Span
from detector.text.cutting_points import (
    BLANK,
    FIGURE,
    LIST_NUMBER,
    POINT,
    bracket_pairs,
    headings,
    kinds_of,
    snapped,
)
from detector.text.folding import code_points

__all__ = ["Bounds", "Claim", "Cleaned", "Cut", "bounds_of", "clean"]


LIST_NUMBER_CHARS = 6
"""Unclaimed characters that may be but the number of an item."""

_DEPENDENT = re.compile(
    r"\s*(?:而|但|却|就|才|则|且|并|也|以|使|从|因|所以|故|于是|又|还|更|及|和|与|或|即|那|把|将|让|为|进而|必|由此|对此|其|该|这|此)"
)
"""How a clause begins that hangs on the one before it."""

_SAYS = re.compile(r"(?:称|说|道|表示|指出|强调|认为|要求|提出|宣布|介绍|透露|显示|以来|之际)[，,：:]?\s*$")
"""How a clause ends that says who says the next one, or since when."""


@dataclass(slots=True)
class Cleaned:
    """What goes from one text: ``pieces`` in order, not touching unless their parts differ.

    ``n_whole`` are sentences that were claimed in part and stay whole for a figure of their own, ``n_headings`` the
    headings that went with their text, ``n_left`` the non-blank characters that are left, ``n_removed`` those that go.
    """

    pieces: list[Cut] = field(default_factory=list)
    n_whole: int = 0
    n_headings: int = 0
    n_left: int = 0
    n_removed: int = 0


def clean(
    text: str,
    bounds: Bounds,
    claims: Sequence[tuple[int, int, int]],
    *,
    marks: Sequence[tuple[int, int]] = (),
    retained: Sequence[tuple[int, int]] = (),
    protected: Sequence[tuple[int, int]] = (),
) -> Cleaned:
    """What goes from a text.

    ``marks`` are the blanks that claims of `UNFILLED` are about: any other figure in such a claim is the text's own.
    ``retained`` are spans of copies that stay: the sentences around them lose nothing that is shared or a phrase.
    ``protected`` are spans that nothing touches, nor the rest of their sentence; junk that touches one stays.
    """
    mask, junk = claim_mask(len(text), bounds, claims, retained, protected)
    work = _Text(text, bounds, mask, junk, marks)
    work.sentences()
    work.junk()
    work.keep_pairs()
    work.take_headings()
    return work.finished()


class _Heading(NamedTuple):
    """A heading that was met: whether it goes itself, whether text followed, and whether any of that stays."""

    rank: int
    number: int
    gone: bool
    followed: bool
    stays: bool

    def with_text(self, *, stays: bool) -> _Heading:
        """With some text below it."""
        return self._replace(followed=True, stays=self.stays or stays)


class _Text:
    """One text on its way: ``mask`` (uint8) is the part that each character may go for."""

    def __init__(
        self,
        text: str,
        bounds: Bounds,
        mask: NDArray[np.uint8],
        junk: list[tuple[int, int]],
        marks: Sequence[tuple[int, int]],
    ) -> None:
        self.text, self.bounds, self.mask, self.claimed_junk = text, bounds, mask, junk
        self.points = code_points(text)
        self.kinds = kinds_of(self.points)
        content = self.kinds < POINT
        own = content & (mask == 0)
        figures = (self.kinds == FIGURE) & ((mask == 0) | (mask == UNFILLED))
        for start, end in marks:
            figures[start:end] = False
        self.n_content = _sums(content)
        self.n_own = _sums(own)
        self.n_figures = _sums(figures)
        self.pieces: list[Cut] = []
        self.result = Cleaned()

    def sentences(self) -> None:
        """Whole sentences, and clauses of others."""
        first, last = self.bounds.sentences[:-1], self.bounds.sentences[1:]
        content = self.n_content[last] - self.n_content[first]
        own = self.n_own[last] - self.n_own[first]
        figures = self.n_figures[last] - self.n_figures[first]
        touched = (content > own).nonzero()[0]
        columns = (touched, first[touched], last[touched], content[touched], own[touched], figures[touched])
        for start, end, n_content, n_own, n_figures in zip(*(column.tolist() for column in columns[1:]), strict=True):
            if (n_own or n_figures) and n_own <= LIST_NUMBER_CHARS:
                number = self._list_number(start, end)
                n_own, n_figures = n_own - number[0], n_figures - number[1]
            if n_figures:
                self.result.n_whole += self._has_more_than_junk(start, end)
            elif n_own <= 0:
                self._take_sentence(start, end)
            elif n_own >= MIN_LEFT and n_own < n_content:
                self._take_clauses(start, end)

    def _list_number(self, start: int, end: int) -> tuple[int, int]:
        """Unclaimed characters and figures of the number that a sentence begins with."""
        found = LIST_NUMBER.match(self.text, start, end)
        if found is None:
            return 0, 0
        stop = found.end()
        return int(self.n_own[stop] - self.n_own[start]), int(self.n_figures[stop] - self.n_figures[start])

    def _has_more_than_junk(self, start: int, end: int) -> bool:
        return bool((self.mask[start:end] > JUNK).any())

    def _part(self, start: int, end: int) -> int:
        """The part that most characters of a span go for, the first of those that are as many."""
        return int(np.bincount(self.mask[start:end], minlength=6)[1:].argmax()) + 1

    def _take_sentence(self, start: int, end: int) -> None:
        shown = self.kinds[start:end] != BLANK
        first, last = int(shown.argmax()), int(shown[::-1].argmax())
        self.pieces.append(Cut(start + first, end - last, self._part(start, end)))

    def _take_clauses(self, start: int, end: int) -> None:
        """Clauses that are phrases or hold a blank, out of a sentence that stays."""
        if self._is_spaced(start, end):
            return
        clauses = self.bounds.clauses
        at, stop = np.searchsorted(clauses, [start, end])
        edges = clauses[at : stop + 1]
        own, content = np.diff(self.n_own[edges]), np.diff(self.n_content[edges])
        columns = (edges[:-1], edges[1:], own, content)
        goes = [
            n_own == 0 and n_content > 0 and self._is_clause_part(left, right)
            for left, right, n_own, n_content in zip(*(column.tolist() for column in columns), strict=True)
        ]
        if not any(goes) or int(content[~np.array(goes)].sum()) < MIN_LEFT:
            return
        for first, last in _runs(goes):
            self._take_run(int(edges[first]), int(edges[last]), start, end)

    def _is_clause_part(self, start: int, end: int) -> bool:
        """Whether all words of a clause are junk, a blank's or a phrase's: what is shared goes by sentences."""
        mask = self.mask[start:end][self.kinds[start:end] < POINT]
        return not ((mask == SHARED) | (mask == REPEATED)).any()

    def _is_spaced(self, start: int, end: int) -> bool:
        """Whether a sentence is of a language with spaces, out of which no clause can be taken."""
        points = self.points[start:end]
        return 2 * int(((points | 0x20 >= 0x61) & (points < 0x1100) & (points != 0xA0)).sum()) > end - start

    def _take_run(self, start: int, end: int, sentence_start: int, sentence_end: int) -> None:
        """A run of clauses; the last of a sentence leave its full stop to what stays."""
        text = self.text
        part = self._part(start, end)
        if end < sentence_end:
            leads = start == sentence_start and part != UNFILLED  # it may be the subject of all that follows
            hangs = _DEPENDENT.match(text, end) or _SAYS.search(text, max(start, end - 8), end)
            if not leads and not hangs and text[start - 1 : start] not in (":", "："):
                self.pieces.append(Cut(start, end, part))
            return
        if text[start - 1 : start] in (":", "："):
            return
        while start and text[start - 1] in COMMAS + BLANKS:
            start -= 1
        while end > start and (text[end - 1] in STOPS or self.kinds[end - 1] == BLANK):
            end -= 1
        if start < end:
            self.pieces.append(Cut(start, end, part))

    def junk(self) -> None:
        """Junk inside sentences that stay, as it was claimed."""
        taken = [(piece.start, piece.end) for piece in sorted(self.pieces)]
        starts = [start for start, _ in taken]
        for start, end in self.claimed_junk:
            at = bisect_right(starts, start) - 1
            if at >= 0 and taken[at][1] >= end:
                continue
            span = snapped(self.text, start, end)
            if span.start < span.end:
                self.pieces.append(Cut(span.start, span.end, JUNK))

    def keep_pairs(self) -> None:
        """No bracket goes without its partner: what would part them stays (junk takes an empty pair along)."""
        while self.pieces:
            self.pieces.sort()
            gone = bytearray(len(self.text))
            for start, end, _ in self.pieces:
                gone[start:end] = b"\1" * (end - start)
            torn = [
                (left if gone[left] else right)
                for left, right in bracket_pairs(self.text, [Span(start, end) for start, end, _ in self.pieces])
                if gone[left] != gone[right]
            ]
            if not torn:
                return
            kept = [piece for piece in self.pieces if not any(piece.start <= at < piece.end for at in torn)]
            self.pieces = kept + without_torn(self.text, [piece for piece in self.pieces if piece not in kept], torn)

    def take_headings(self) -> None:
        """A heading goes with its text and stays with it; only junk and blanks go from a heading whose text stays."""
        if not self.pieces:
            return
        ranks = headings(self.text)
        if not ranks:
            return
        edges = self.bounds.sentences.tolist()
        gone = self._gone(edges)
        goes: list[int] = []
        stays: list[int] = []
        open_: list[_Heading] = []
        for number, state in enumerate([*gone, None]):
            last = number == len(gone)
            if state is None and not last:
                continue
            rank = 0 if last else ranks.get(edges[number])
            if rank is None:
                if open_:
                    open_[-1] = open_[-1].with_text(stays=not state)
                continue
            while open_ and open_[-1].rank >= rank:
                heading = open_.pop()
                if heading.followed and heading.stays == heading.gone:
                    (stays if heading.gone else goes).append(heading.number)
                if open_:
                    open_[-1] = open_[-1].with_text(stays=heading.stays or (not heading.followed and not heading.gone))
            open_.append(_Heading(rank, number, bool(state), False, False))
        for number in goes:
            self._take_heading(edges[number], edges[number + 1])
        for number in stays:
            start, end = edges[number], edges[number + 1]
            self.pieces = [
                piece for piece in self.pieces if piece.part in (JUNK, UNFILLED) or not start <= piece.start < end
            ]

    def _gone(self, edges: list[int]) -> list[bool | None]:
        """Whether each sentence goes, None for one without content."""
        left = self.kinds < POINT
        has = np.diff(self.n_content[edges]) > 0
        for start, end, _ in self.pieces:
            left[start:end] = False
        stays = np.diff(_sums(left)[edges]) > 0
        return [None if not some else not kept for some, kept in zip(has.tolist(), stays.tolist(), strict=True)]

    def _take_heading(self, start: int, end: int) -> None:
        number = LIST_NUMBER.match(self.text, start, end)
        after = number.end() if number else start
        if self.n_figures[end] > self.n_figures[after]:
            return  # a figure of its own stays, even in a heading
        following = next((piece.part for piece in sorted(self.pieces) if piece.start >= end), JUNK)
        self.pieces.append(Cut(*trimmed(self.text, start, end), following))
        self.result.n_headings += 1

    def finished(self) -> Cleaned:
        """The pieces with what would be left hanging beside them, whole lines with their breaks."""
        result, text = self.result, self.text
        pieces = sorted(mended(text, piece, self.kinds) for piece in self.pieces)
        spans = spans_to_strip(text, [Span(piece.start, piece.end) for piece in pieces])
        result.pieces = labelled(text, spans, pieces)
        blank = self.kinds == BLANK
        n_shown = len(text) - int(blank.sum())
        result.n_removed = sum(end - start - int(blank[start:end].sum()) for start, end, _ in result.pieces)
        result.n_left = n_shown - result.n_removed
        return result


def _sums(flags: NDArray[Any]) -> NDArray[np.int64]:
    """How many are set before each place (int64, one more than there are places)."""
    sums = np.zeros(len(flags) + 1, np.int64)
    np.cumsum(flags, out=sums[1:])
    return sums


def _runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """Runs of set flags, half-open."""
    runs, start = [], None
    for place, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = place
        elif not flag and start is not None:
            runs.append((start, place))
            start = None
    return runs


def _indents(text: str, start: int, end: int) -> bool:
    """Whether the blanks after a piece at the start of a line indent what follows in place of what went."""
    return end == start
