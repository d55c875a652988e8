"""Fit the model of scraped pages to labelled pages and write it to ``detector/data/pages.tsv``.

    python scripts/fit_pages.py DOCS.jsonl:GOLD.jsonl ... PLAIN.jsonl ... [--check] [--folds 10]

Files without labels hold documents that are no pages. For every corpus the script prints, cross-validated over sites,
the mean over pages of the share of junk characters found and of content characters lost: the whole way of a scan, which
first decides whether a text is a page at all, and whose rules find lines too. Everything that is fitted (trees, both
rounds, limits) sees the other folds only. A page's site is the host of its ``url`` or what stands before the last slash
of its id; sites whose pages share many lines are one (the same site under two names). Labels are those that `detector
evaluate` reads. ``--check`` writes nothing. The table holds names and numbers only, no text, and the same labels give
the same table.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from boosted_trees import DIGITS, Shape, Trees, grow

from detector.folding import code_points
from detector.folding import plain as plain_text
from detector.gold import load_gold
from detector.junk import find_junk
from detector.kernels.page_context import describe_odds
from detector.pages import (
    FEATURES,
    FIRST_SHARE,
    HAN_LIMIT,
    LIKE_PAGES_SHARE,
    MIN_LIKE_PAGES,
    PAGE_LINE,
    PARTS,
    ROUND_ONE,
    SECOND,
    count_page_lines,
    describe_page,
    relate_page,
)
from detector.places import make_triggers, read_block
from detector.rules import RuleTable, load_rules
from detector.settings import Settings

TARGET = Path(__file__).parents[1] / "detector" / "data" / "pages.tsv"
HAN, LENGTH, OF_WORDS = (FEATURES.index(name) for name in ("han", "length", "with_prose"))
SHAPES = {
    "scout": Shape(80),
    "junk": Shape(150),
    "before": Shape(100),
    "after": Shape(100),
    "last": Shape(200),
}
N_LAST = 3
"""Times that the second round is fitted, with other draws; its odds are their mean."""
N_INNER = 4
MIN_COVERAGE = 0.9
MIN_SHARED_CHARACTERS, MIN_SHARED = 8, 10
"""Lines of pages that must be equal, and how long they must be, for two sites to be one."""

MIN_TEXT = 25
"""Non-blank characters of the first and last content line of a page's text: shorter ones stand in menus too."""

PLAIN_LINES = 40
"""Lines drawn from each document that is no page."""

PLAIN_CHARACTERS = 80_000
PLAIN_DOCUMENTS = 120
"""Documents drawn from each file of documents that are no pages, and how much of each is read."""

HAN_WEIGHT = 1.0
PLAIN_WEIGHT = 0.4
"""What such a document weighs beside the junk and the content of a page."""

SCOUT_ODDS = 1.5
WANTED = {"words_odds": 0.02, "han_odds": 0.015}
"""The share of content characters, mean over pages, that the fitted limits may lose on the pages they are fitted to."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Pages(NamedTuple):
    """Lines of texts: ``features`` of the first round, ``label`` (1 junk, 0 content, -1 not scored), ``size``.

    ``size`` is in characters that are not blank; ``by_rules``: whether a rule of the scan finds half of the line by
    itself; ``place``: 0 before the text of its page, 1 in it, 2 after it;
    ``text``: the number of the text. Of each text: ``site``, ``corpus``, whether it is ``plain`` (no page), whether a
    scan looks at it (``may_be``) and whether words alone show it to be a page (``by_words``).
    """

    features: Floats
    label: NDArray[np.int64]
    size: Floats
    by_rules: Flags
    place: NDArray[np.int64]
    text: NDArray[np.int64]
    site: Sequence[str]
    corpus: Sequence[str]
    plain: Flags
    may_be: Flags
    by_words: Flags


class _Lines(NamedTuple):
    """The lines of one text, as in `Pages`, and whether it may be a page and is one by its words."""

    features: Floats
    label: NDArray[np.int64]
    size: Floats
    by_rules: Flags
    may_be: bool
    by_words: bool


@cache
def _rules() -> RuleTable:
    return load_rules(Settings(disable_rules=(PAGE_LINE,)))


def read_lines(text: str, letters: str | None) -> _Lines:
    """The lines of one text; without labels all are content."""
    points = code_points(text)
    start = np.zeros(1, dtype=np.int64)
    block = read_block(points, start, start + len(points), make_triggers((), {}, ()))
    may_be = bool(len(count_page_lines(block, points, start).texts))
    found = count_page_lines(block, points, start, gate=False)
    features = np.zeros((len(found.counts), ROUND_ONE))
    if len(features):
        features, first, last = describe_page(found.counts, found.repeats)
        relate_page(features, first, last, block, 0)
    lines = text.split("\n")
    begins = np.cumsum([0, *(len(line) + 1 for line in lines)])
    rows = np.searchsorted(begins, block.line_start, side="right") - 1
    label = np.array([{"j": 1, "c": 0}.get(letters[row], -1) if letters else 0 for row in rows], dtype=np.int64)
    ends = [*block.line_end.tolist()]
    size = [
        sum(not character.isspace() for character in text[at:end])
        for at, end in zip(block.line_start.tolist(), ends, strict=True)
    ]
    sizes = np.array(size, dtype=np.float64)
    of_rules = np.zeros(len(text) + 1, dtype=np.bool_)
    for hit in find_junk(text, plain_text(text), _rules()):
        of_rules[hit.start : hit.end] = True
    by_rules = np.array(
        [2 * of_rules[at:end].sum() >= end - at for at, end in zip(block.line_start.tolist(), ends, strict=True)]
    )
    return _Lines(features[:, :ROUND_ONE].copy(), label, sizes, by_rules, may_be, bool(found.is_page.any()))


def read_pages(labelled: Iterable[tuple[Path, Path]], plain: Iterable[Path] = ()) -> Pages:
    """The labelled lines of some corpora, and lines of documents that are no pages."""
    parts: list[_Lines] = []
    site: list[str] = []
    corpus: list[str] = []
    lines: list[set[str]] = []
    for docs, gold in labelled:
        labels = {item.id: item for item in load_gold(gold)}
        for row in _rows(docs):
            item = labels.get(row["id"])
            if item is None or item.lines is None or (item.coverage or 1.0) < MIN_COVERAGE:
                continue
            parts.append(read_lines(row["text"], item.lines))
            site.append(urlsplit(row["url"]).hostname or "" if row.get("url") else row["id"].rpartition("/")[0])
            corpus.append(docs.parent.name)
            lines.append({part for part in row["text"].split("\n") if len(part) >= MIN_SHARED_CHARACTERS})
    site = _merged(site, lines)
    n_pages = len(parts)
    for path in plain:
        rows = _rows(path)
        rng = np.random.default_rng(0)
        for number in sorted(rng.permutation(len(rows))[:PLAIN_DOCUMENTS].tolist()):
            part = read_lines(rows[number]["text"][:PLAIN_CHARACTERS], None)
            if len(part.label):
                parts.append(part)
                site.append(f"{path.parent.name}/{path.name}#{number}")
                corpus.append(f"{path.parent.name}/{path.name}")
    text = np.repeat(np.arange(len(parts)), [len(part.label) for part in parts])
    columns = [np.concatenate(column) for column in list(zip(*parts, strict=True))[:4]]
    place = np.concatenate([_places(part) for part in parts])
    is_plain = np.arange(len(parts)) >= n_pages
    flags = (np.array([getattr(part, name) for part in parts]) for name in ("may_be", "by_words"))
    return Pages(*columns, place, text, site, corpus, is_plain, *flags)


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def _places(part: _Lines) -> NDArray[np.int64]:
    """Where each line stands: before the first line of some length that is content, up to the last such, after it."""
    content = np.flatnonzero((part.label == 0) & (part.size >= MIN_TEXT))
    if not len(content):
        content = np.flatnonzero(part.label == 0)
    rows = np.arange(len(part.label))
    if not len(content):
        return np.zeros(len(rows), dtype=np.int64)
    return (rows >= content[0]).astype(np.int64) + (rows > content[-1])


def _merged(sites: Sequence[str], lines: Sequence[set[str]]) -> list[str]:
    """The sites of pages, where two share `MIN_SHARED` lines under the first name of the two."""
    name = dict(zip(sites, sites, strict=True))
    for one in range(len(sites)):
        for other in range(one):
            first, second = name[sites[one]], name[sites[other]]
            if first != second and len(lines[one] & lines[other]) >= MIN_SHARED:
                name = {site: first if to == second else to for site, to in name.items()}
    return [name[site] for site in sites]


def line_weights(pages: Pages, classes: NDArray[np.int64]) -> Floats:
    """Every page weighs the same, each of its classes as much as the others, long lines more.

    There are few Chinese pages, so they count `HAN_WEIGHT` times; texts that are no pages count `PLAIN_WEIGHT` times.
    """
    root = np.sqrt(pages.size + 1) * (classes >= 0)
    key = pages.text * 4 + classes + 1
    weight = root / np.maximum(np.bincount(key, root)[key], 1e-9)
    is_plain = pages.plain[pages.text]
    share = np.where(pages.features[:, HAN] > HAN_LIMIT, HAN_WEIGHT, 1.0)
    weight = np.where(is_plain, PLAIN_WEIGHT, share) * weight
    return np.asarray(weight * (~is_plain).sum() / weight[~is_plain].sum())


def folds(pages: Pages, n: int, seed: int = 0) -> NDArray[np.int64]:
    """The fold of each text; those of one site share it."""
    rng = np.random.default_rng(seed)
    of_site: dict[str, int] = {}
    for name in sorted(set(pages.corpus)):
        sites = sorted({site for site, corpus in zip(pages.site, pages.corpus, strict=True) if corpus == name})
        for at, site in enumerate(rng.permutation(sites).tolist()):
            of_site.setdefault(site, at % n)
    return np.array([of_site[site] for site in pages.site])


class Fit:
    """Fits the parts of the model to some lines and keeps what all fits share."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.is_plain = pages.plain[pages.text]
        self.weight = line_weights(pages, pages.label)
        self.place_weight = line_weights(pages, pages.place)
        rng = np.random.default_rng(0)
        n_lines = np.bincount(pages.text)[pages.text]
        self.drawn = ~self.is_plain | (rng.random(len(n_lines)) * n_lines < PLAIN_LINES)

    def scout(self, rows: Flags) -> Trees:
        """The trees that tell lines that only pages have."""
        some = rows & self.drawn & (self.pages.label >= 0)
        features = self.pages.features[some, :OF_WORDS]
        return grow(features, self.pages.label[some] * 1.0, self.weight[some], SHAPES["scout"])

    def round_one(self, rows: Flags) -> list[Trees]:
        """The trees of the first round: junk, before the text, after it."""
        pages = self.pages
        some, own = rows & ~self.is_plain & (pages.label >= 0), rows & ~self.is_plain
        junk = grow(pages.features[some], pages.label[some] * 1.0, self.weight[some], SHAPES["junk"])
        return [junk] + [
            grow(pages.features[own], (pages.place[own] == place) * 1.0, self.place_weight[own], SHAPES[name])
            for name, place in (("before", 0), ("after", 2))
        ]

    def described(self, rows: Flags, odds: Floats) -> Floats:
        """The features of both rounds of some whole texts by the first round's odds (3 x lines)."""
        out = np.zeros((int(rows.sum()), ROUND_ONE + len(SECOND)))
        out[:, :ROUND_ONE] = self.pages.features[rows]
        text, own = self.pages.text[rows], odds[:, rows]
        bounds = np.flatnonzero(np.diff(text, prepend=-1)).tolist()
        for low, high in zip(bounds, [*bounds[1:], len(text)], strict=True):
            part = out[low:high]
            length = np.ascontiguousarray(part[:, LENGTH])
            describe_odds(*(np.ascontiguousarray(line[low:high]) for line in own), length, part, ROUND_ONE)
        return out

    def both_rounds(self, rows: Flags, seed: int) -> tuple[list[Trees], Trees]:
        """Both rounds; the second learns from what the first says of sites that it has not seen."""
        pages = self.pages
        own = rows & ~self.is_plain
        of_text = folds(pages, N_INNER, seed)[pages.text]
        odds = np.zeros((3, len(rows)))
        for number in range(N_INNER):
            seen, other = own & (of_text != number), own & (of_text == number)
            odds[:, other] = [trees.odds(pages.features[other]) for trees in self.round_one(seen)]
        some = own & (pages.label >= 0)
        features, label = self.described(own, odds)[some[own]], pages.label[some] * 1.0
        fits = [grow(features, label, self.weight[some], SHAPES["last"], draw) for draw in range(N_LAST)]
        feature, limit, leaves = (np.concatenate(column) for column in zip(*fits, strict=True))
        return self.round_one(own), Trees(feature, limit, np.round(leaves / N_LAST, DIGITS))

    def odds(self, rows: Flags, first: Sequence[Trees], last: Trees) -> Floats:
        """The log odds that the lines of some whole texts are junk."""
        odds = np.zeros((3, len(rows)))
        odds[:, rows] = [trees.odds(self.pages.features[rows]) for trees in first]
        return last.odds(self.described(rows, odds)) + FIRST_SHARE * odds[0, rows]


class Scores(NamedTuple):
    """By models that saw no text of the same site: the log odds of lines, and whether a text is a page."""

    odds: Floats
    is_page: Flags


def cross_validated(pages: Pages, n: int) -> Scores:
    """What a scan would say of every text with a model fitted without its fold."""
    fitting, fold = Fit(pages), folds(pages, n)[pages.text]
    scores = Scores(np.zeros(len(pages.label)), np.zeros(len(pages.site), dtype=np.bool_))
    for number in range(n):
        seen, other = fold != number, fold == number
        like_pages = fitting.scout(seen).odds(pages.features[other]) > SCOUT_ODDS
        n_like_pages, n_lines = (
            np.bincount(pages.text[other], column, len(pages.site)) for column in (like_pages, np.ones(len(like_pages)))
        )
        enough = (n_lines > 0) & (n_like_pages >= np.maximum(MIN_LIKE_PAGES, LIKE_PAGES_SHARE * n_lines))
        scores.is_page[:] |= enough | (pages.by_words & (n_lines > 0))
        scores.odds[other] = fitting.odds(other, *fitting.both_rounds(seen, number + 1))
        print(f"fold {number + 1} of {n}", file=sys.stderr)
    scores.is_page[:] &= pages.may_be
    return scores


class Outcome(NamedTuple):
    """Means over pages, and the same over all characters."""

    found: float
    lost: float
    micro_found: float
    micro_lost: float


def outcome(pages: Pages, chosen: Sequence[int], scores: Scores, limit: Floats | float) -> Outcome:
    """What a limit of the log odds (one, or one for each text) finds and loses; a text that is no page has no junk."""
    limits = np.broadcast_to(np.asarray(limit, dtype=np.float64), len(pages.site))
    is_junk = pages.by_rules | ((scores.odds > limits[pages.text]) & scores.is_page[pages.text])

    def per_text(rows: Flags) -> Floats:
        return np.asarray(np.bincount(pages.text, pages.size * rows, len(pages.site))[list(chosen)])

    means, totals = [], []
    for label in (1, 0):
        have, hit = per_text(pages.label == label), per_text((pages.label == label) & is_junk)
        means.append(float((hit[have > 0] / have[have > 0]).mean()))
        totals.append(float(hit.sum() / have.sum()))
    return Outcome(*means, *totals)


def limit_for(pages: Pages, chosen: Sequence[int], scores: Scores, most: float) -> float:
    """The lowest limit, in steps of 0.05, by which some pages lose no more than ``most`` of their content."""
    for limit in np.round(np.arange(-2.0, 8.0, 0.05), 2).tolist():
        if outcome(pages, chosen, scores, limit).lost <= most:
            return float(limit)
    return 8.0


def report(pages: Pages, scores: Scores, n: int) -> tuple[dict[str, float], list[str]]:
    """The fitted limits, and lines that say what cross-validation found."""
    fold = folds(pages, n)
    limits, told = {"scout_odds": SCOUT_ODDS}, []
    is_han = np.bincount(pages.text, pages.features[:, HAN] > HAN_LIMIT, len(pages.site)) > 0
    own = np.zeros(len(pages.site))
    for name, script in (("words_odds", ~is_han), ("han_odds", is_han)):
        chosen = np.flatnonzero(script & ~pages.plain)
        for number in range(n):
            others = [at for at in chosen.tolist() if fold[at] != number]
            own[script & (fold == number)] = limit_for(pages, others, scores, WANTED[name])
        limits[name] = limit_for(pages, chosen.tolist(), scores, WANTED[name])
    for corpus in sorted(set(pages.corpus)):
        chosen = np.flatnonzero([name == corpus for name in pages.corpus]).tolist()
        if pages.plain[chosen].any():
            is_junk = (scores.odds > own[pages.text]) & scores.is_page[pages.text] & np.isin(pages.text, chosen)
            share = pages.size[is_junk].sum() / pages.size[np.isin(pages.text, chosen)].sum()
            n_pages = int(scores.is_page[chosen].sum())
            told.append(f"{corpus}: {n_pages} of {len(chosen)} called pages, {share:.5f} of characters called junk")
            continue
        told.append(f"{corpus}: {int(scores.is_page[chosen].sum())} of {len(chosen)} called pages")
        rows = [("limits of the other folds", own)] + [
            (f"odds {limit:.2f}", limit)
            for limit in (limit_for(pages, chosen, scores, most) for most in (0.01, 0.015, 0.02, 0.03))
        ]
        for name, limit in rows:
            result = outcome(pages, chosen, scores, limit)
            told.append(f"{corpus} {name}: {' '.join(f'{key} {value:.4f}' for key, value in result._asdict().items())}")
    return limits, told


def table(parts: Sequence[Trees], limits: dict[str, float], told: Sequence[str]) -> str:
    """The text of the table."""
    lines = [
        "# Made by scripts/fit_pages.py. The log odds that a line of a page is junk are the sum of the trees of part",
        "# last, less the limit; scout tells whether the text is a page; junk, before and after are the first round.",
        "# tree: its part, three times a feature and what it must be over, the eight leaves (no no no, no no yes ...).",
        *(f"# {line}" for line in told),
        *(f"limit\t{name}\t{value}" for name, value in limits.items()),
    ]
    names = (*FEATURES, *SECOND)
    for part, trees in zip(PARTS, parts, strict=True):
        for features, cuts, leaves in zip(trees.feature, trees.limit, trees.leaves, strict=True):
            asked = [item for name, cut in zip(features, cuts, strict=True) for item in (names[name], f"{cut:.6g}")]
            lines.append("\t".join(("tree", part, *asked, *(f"{value:.4g}" for value in leaves))))
    return "\n".join((*lines, ""))


def main() -> None:
    """Print what cross-validation finds, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", metavar="DOCS[:GOLD]")
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    given = [item.partition(":") for item in options.files]
    labelled = [(Path(docs), Path(gold)) for docs, _, gold in given if gold]
    pages = read_pages(labelled, [Path(docs) for docs, _, gold in given if not gold])
    limits, told = report(pages, cross_validated(pages, options.folds), options.folds)
    print("\n".join(told))
    if not options.check:
        fitting, everything = Fit(pages), np.ones(len(pages.label), dtype=np.bool_)
        first, last = fitting.both_rounds(everything, 0)
        TARGET.write_text(table([fitting.scout(everything), *first, last], limits, told), "utf-8")


if __name__ == "__main__":
    main()
