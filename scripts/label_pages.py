"""Label the lines of saved web pages by the text that each is known to hold, for ``scripts/fit_pages.py``.

    python scripts/label_pages.py PAIRS.jsonl FOLDER

Each row of PAIRS.jsonl has ``id``, ``html`` (the page as saved) and ``expected`` (its text, a block a line) or
``expected_html``, and may have ``url``. Pages of one site share the host of their url or what stands before the last
slash of their id. ``FOLDER/docs.jsonl`` gets the lines of each page as a naive scraper saves them, one block a line;
``FOLDER/gold_lines.jsonl`` a letter for each line: c, it stands in the expected text at its place in order; j, it does
not; a, not scored: half of it does, or it repeats a line of the text elsewhere. What the expected text leaves out
(headline, names, dates, captions) is junk, so make it the way you want pages to be cut. ``gold_coverage`` is the share
of the expected text that the lines hold; the fit leaves out pages below .9. Fit your own labels together with others:

    python scripts/fit_pages.py FOLDER/docs.jsonl:FOLDER/gold_lines.jsonl OTHER.jsonl:LABELS.jsonl ... PLAIN.jsonl
"""

from __future__ import annotations

import argparse
import json
import sys
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from detector.errors import DetectorError, InputError

_BLOCKS = frozenset(
    ("address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd", "details",
     "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4",
     "h5", "h6", "header", "hgroup", "hr", "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "search",
     "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul")
)  # fmt: skip
"""Elements that begin and end a line."""

_UNSEEN = frozenset(
    ("audio", "canvas", "head", "iframe", "math", "noscript", "object", "script", "select", "style", "svg", "template",
     "textarea", "video")
)  # fmt: skip
"""Elements whose text is not saved."""

_OF_HEAD = frozenset(("base", "link", "meta", "noscript", "script", "style", "template", "title"))
"""Elements that may stand in a head; any other ends one that was not closed."""

LONG = 12
"""Characters of a key (Han count `HAN_WEIGHT` times) from which a line is found anywhere in a block, not only at its
begin or end: shorter ones are also parts of longer words."""

HAN_WEIGHT = 3
MOST_PLACES = 50
"""Places of one line in the expected text that are looked at; a line with more is a sign, not a sentence."""

GRAM = 8
"""Characters of the pieces by which a line of `LONG` is compared that does not stand whole in the expected text."""

CONTENT_SHARE, HALF = 0.8, 0.4
"""Shares of a line's pieces from which it is content, where they stand between those of its neighbours, and from which
it is not scored."""


class LabelledPage(NamedTuple):
    """The lines of a page, a letter for each, and the share of the expected text that stands in them."""

    lines: tuple[str, ...]
    labels: str
    coverage: float


class _LineReader(HTMLParser):
    """Gathers the text of a page, a block a line, white space collapsed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._parts: list[str] = []
        self._unseen, self._depth = "", 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if self._unseen == "head" and tag not in _OF_HEAD:
            self._unseen = ""
        if self._unseen:
            self._depth += tag == self._unseen
        elif tag in _UNSEEN:
            self._unseen, self._depth = tag, 1
        elif tag in _BLOCKS:
            self.end_line()

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        if tag in _BLOCKS and not self._unseen:
            self.end_line()

    def handle_endtag(self, tag: str) -> None:
        if self._unseen:
            self._depth -= tag == self._unseen
            if not self._depth:
                self._unseen = ""
        elif tag in _BLOCKS:
            self.end_line()

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._parts.append(data)

    def end_line(self) -> None:
        line = " ".join("".join(self._parts).split())
        if line:
            self.lines.append(line)
        self._parts.clear()


def page_lines(html: str) -> list[str]:
    """The lines of a page as a naive scraper saves them.

    >>> page_lines("<ul><li>Home<li>News</ul><p>It <b>rained</b>\\n all day.<script>x()</script><br>Then not.")
    ['Home', 'News', 'It rained all day.', 'Then not.']
    """
    reader = _LineReader()
    reader.feed(html)
    reader.close()
    reader.end_line()
    return reader.lines


def line_key(line: str) -> str:
    """What of a line is compared: its letters and digits, however they are written.

    >>> line_key("“Ｎｏ”, he said —  twice.")
    'nohesaidtwice'
    """
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", line).casefold()))


class _Match(NamedTuple):
    """A line found at ``start`` to ``end`` of the expected text; ``score`` of the best chain that ends in it."""

    line: int
    start: int
    end: int
    score: float
    before: _Match | None


def label_lines(lines: Sequence[str], expected: Sequence[str]) -> LabelledPage:
    """The labels of a page's lines by the blocks of its expected text.

    >>> label_lines(["Home", "Rain", "It rained.", "Ads", "Then not."], ["It rained.", "Then not."]).labels
    'jjcjc'
    """
    keys, blocks = [line_key(line) for line in lines], [key for key in map(line_key, expected) if key]
    text, bounds = "".join(blocks), [0]
    for block in blocks:
        bounds.append(bounds[-1] + len(block))
    chain = _best_chain(keys, text, bounds)
    labels = ["j" if key else "a" for key in keys]
    for match in chain:
        labels[match.line] = "c"
    covered = sum(match.end - match.start for match in chain)
    whole, gap, low, high = _pieces(text), _pieces(text), 0, len(text)
    for at, key in enumerate(keys):
        if labels[at] != "j":
            continue
        if (low, high) != (found := _gap(chain, at, len(text))):
            (low, high), gap = found, _pieces(text[slice(*found)])
        share = _share(key, gap)
        if _size(key) >= LONG and share >= CONTENT_SHARE:
            labels[at] = "c"
            covered += min(round(share * len(key)), high - low)
        elif max(share, _share(key, whole)) >= HALF if _size(key) >= LONG else key in blocks:
            labels[at] = "a"
    return LabelledPage(tuple(lines), "".join(labels), min(1.0, covered / len(text)) if text else 0.0)


def _best_chain(keys: Sequence[str], text: str, bounds: Sequence[int]) -> list[_Match]:
    """The lines in the order of the expected text that hold most of it, each once and none over another.

    Scores are kept as a staircase: ends ascending, best scores ascending.
    """
    ends, best = [0], [_Match(-1, 0, 0, 0.0, None)]
    last: list[_Match] = []
    # of two chains as good the one with fewer breaks: a menu repeats headings of the text far from it
    bonus = 1 / (len(keys) + 1)
    for number, key in enumerate(keys):
        found = []
        for start in _places(key, text, bounds):
            before = best[bisect_left(ends, start + 1) - 1]
            score = before.score
            for one in last:
                if one.end == start and one.score + bonus >= score:
                    before, score = one, one.score + bonus
            found.append(_Match(number, start, start + len(key), score + len(key), before))
        for match in found:
            at = bisect_left(ends, match.end + 1)
            if best[at - 1].score >= match.score:
                continue
            stop = at
            while stop < len(ends) and best[stop].score <= match.score:
                stop += 1
            first = at - 1 if ends[at - 1] == match.end else at
            ends[first:stop], best[first:stop] = [match.end], [match]
        last = found
    chain: list[_Match] = []
    step: _Match | None = best[-1]
    while step is not None and step.line >= 0:
        chain.append(step)
        step = step.before
    return chain[::-1]


def _places(key: str, text: str, bounds: Sequence[int]) -> Iterator[int]:
    """Where a key stands in the expected text: a short one at the begin or the end of a block only."""
    start, n_places = text.find(key) if key else -1, 0
    while start >= 0 and n_places < MOST_PLACES:
        edges = (bounds[bisect_left(bounds, at)] == at for at in (start, start + len(key)))
        if _size(key) >= LONG or any(edges):
            n_places += 1
            yield start
        start = text.find(key, start + 1)


def _gap(chain: Sequence[_Match], line: int, end: int) -> tuple[int, int]:
    """What of the expected text lies between the matches before and after a line."""
    at = bisect_left(chain, line, key=lambda match: match.line)
    return (chain[at - 1].end if at else 0), (chain[at].start if at < len(chain) else end)


def _pieces(key: str) -> set[str]:
    return {key[at : at + GRAM] for at in range(len(key) - GRAM + 1)}


def _share(key: str, of: set[str]) -> float:
    """The share of a key's pieces that stand in a text."""
    own = [key[at : at + GRAM] for at in range(len(key) - GRAM + 1)]
    return sum(piece in of for piece in own) / len(own) if own else 0.0


def _size(key: str) -> int:
    """The length of a key where a Han character counts for `HAN_WEIGHT`."""
    return len(key) + (HAN_WEIGHT - 1) * sum("\N{CJK UNIFIED IDEOGRAPH-4E00}" <= one <= "\u9fff" for one in key)


def read_pairs(path: Path) -> Iterator[tuple[dict[str, str], LabelledPage]]:
    """The rows of a file of pairs, each with its labelled page; raises `InputError` with the line's number."""
    seen: set[str] = set()
    for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}:{number}: not JSON: {error.msg} at character {error.pos}") from None
        names = ("id", "html", "expected_html" if isinstance(row, dict) and "expected_html" in row else "expected")
        if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in names):
            raise InputError(f'{path}:{number}: a pair needs "id", "html" and "expected" or "expected_html", all text')
        if row["id"] in seen:
            raise InputError(f"{path}:{number}: the id {row['id']!r} comes twice; keep one row a page")
        seen.add(row["id"])
        expected = page_lines(row[names[2]]) if names[2] == "expected_html" else row[names[2]].splitlines()
        yield row, label_lines(page_lines(row["html"]), expected)


def main(arguments: Sequence[str] | None = None) -> int:
    """Label the pages of one file of pairs."""
    parser = argparse.ArgumentParser(description="Label the lines of saved web pages by the text each is known to hold")
    parser.add_argument("pairs", type=Path, metavar="PAIRS.jsonl")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    given = parser.parse_args(arguments)
    try:
        pages = list(read_pairs(given.pairs))
        given.folder.mkdir(parents=True, exist_ok=True)
    except (DetectorError, OSError, UnicodeDecodeError) as error:
        print(f"label_pages: {error}", file=sys.stderr)
        return 1
    with (
        (given.folder / "docs.jsonl").open("w", encoding="utf-8", newline="\n") as docs,
        (given.folder / "gold_lines.jsonl").open("w", encoding="utf-8", newline="\n") as gold,
    ):
        for row, page in pages:
            kept = {name: row[name] for name in ("id", "url") if name in row}
            print(json.dumps(kept | {"text": "\n".join(page.lines)}), file=docs)
            print(
                json.dumps({"id": row["id"], "labels": page.labels, "gold_coverage": round(page.coverage, 3)}),
                file=gold,
            )
            print(
                f"{row['id']}: {len(page.lines)} lines, {page.labels.count('c')} content,"
                f" {page.coverage:.3f} of the expected text",
                file=sys.stderr,
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
