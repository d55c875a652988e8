"""Taking spans out of a text, whole lines with their line breaks, so that what was taken can be put back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from detector.model import Span

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def spans_to_strip(text: str, claims: Iterable[Span]) -> tuple[Span, ...]:
    """What goes when ``claims`` are stripped: distinct, sorted spans that do not touch.

    A line all of whose characters are claimed goes with its line break, and with it blank lines that would pile up
    where it stood; within a line just the claim goes.

    >>> text = "Title\\n\\nPrint this page\\n\\nThe text. Call 123 now."
    >>> without(text, spans_to_strip(text, [Span(7, 22), Span(34, 43)]))
    'Title\\n\\nThe text. now.'
    """
    merged = _merged(Span(max(start, 0), min(end, len(text))) for start, end in claims)
    if not merged:
        return ()
    spans = list(merged)
    kept_blank: list[Span] = []
    # Blank lines at the start of a text and after a blank line are orphans once the line before them has gone.
    at_blank, after_gone = True, False
    for line, whole in _lines_with_claims(text, merged):
        if whole:
            spans.append(line)
            after_gone = True
        elif text[line.start : line.end].isspace():
            if after_gone and at_blank:
                spans.append(line)
            else:
                kept_blank.append(line)
                at_blank, after_gone = True, False
        else:
            kept_blank = []
            at_blank = after_gone = False
    if after_gone:
        spans += kept_blank
    return _merged(spans)


def _lines_with_claims(text: str, claims: Sequence[Span]) -> Iterator[tuple[Span, bool]]:
    """Each line with its break, and whether it has text of which all is claimed."""
    at = 0
    for found in _LINES.finditer(text):
        line = Span(*found.span())
        while at < len(claims) and claims[at].end <= line.start:
            at += 1
        own, left = line.start, []
        touched = False
        next_at = at
        while next_at < len(claims) and claims[next_at].start < line.end:
            claim = claims[next_at]
            next_at += 1
            touched = True
            left.append(text[own : max(claim.start, own)])
            own = min(claim.end, line.end)
        left.append(text[own : line.end])
        whole = touched and not "".join(left).strip() and not text[line.start : line.end].isspace()
        yield line, whole


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, end))
        else:
            merged.append(Span(start, end))
    return tuple(merged)


def without(text: str, spans: Sequence[Span]) -> str:
    """``text`` without ``spans`` (sorted, distinct)."""
    pieces, at = [], 0
    for start, end in spans:
        pieces.append(text[at:start])
        at = end
    return "".join((*pieces, text[at:]))


def put_back(text: str, removed: Iterable[tuple[int, str]]) -> str:
    """The text before `without`, from what is left and the removed pieces with their former starts.

    >>> put_back("ad", [(1, "bc")])
    'abcd'
    """
    pieces, at, taken = [], 0, 0
    for start, piece in sorted(removed):
        pieces += [text[at : start - taken], piece]
        at = start - taken
        taken += len(piece)
    return "".join((*pieces, text[at:]))
