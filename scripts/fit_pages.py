"""Fit the model of scraped pages to labelled pages and write it to ``detector/data/pages.tsv``.

    python scripts/fit_pages.py DOCS.jsonl:GOLD.jsonl ... PLAIN.jsonl ... [--more DOCS:GOLD ...] [--without WORD ...]

``--script han`` fits that of Chinese pages, ``detector/data/pages_han.tsv``. A page is judged by the model of its
script, whose limit and gate are fitted to pages of that script alone; the Chinese model learns from all pages.

Files without labels hold documents that are no pages; they teach a little. Pages under ``--more`` teach too, but no
limit is fitted to them: what counts as content differs between labelled corpora. A folder of texts may stand for a
file, and spans for letters (``seeds:seeds/labels.jsonl``). For every corpus the script prints, cross-validated over
sites, the mean over pages of the share of junk characters found and of content characters lost: the whole way of a
scan, which first decides whether a text is a page at all, and whose rules find lines too. Everything that is fitted
(words, trees, all rounds, limits) sees the other folds only. A page's site is the host of its ``url`` or what stands
before the last slash of its id; sites whose pages share many lines are one (the same site under two names). Labels
are those that `detector evaluate` reads. ``--check`` writes nothing. The table holds names, single words and numbers,
no text, and the same labels give the same table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from boosted_trees import DEPTH, DIGITS, Bins, Shape, Trees, grow, into_bins
from labelled_pages import THINNED, Flags, Floats, Pages, folds, read_pages
from line_words import Weights, fit_words, weigh_lines
from page_gate import evidence_of, fit_gate

from detector.kernels.page_cohesion import relate_kinds
from detector.kernels.page_context import describe_odds
from detector.kernels.page_model import judge_pages
from detector.kernels.page_vocabulary import describe_scores
from detector.rules.page_model import EVIDENCE, PARTS, lean_of, weigh_evidence
from detector.rules.page_threads import with_threads
from detector.rules.pages import (
    FEATURES,
    HAN_LIMIT,
    LAST_SHARES,
    LATER,
    LEAN_SHARE,
    LEAST_LINES,
    LEAST_TEXT,
    ROUND_LAST,
    ROUND_ONE,
    ROUND_TWO,
    SECOND_SHARES,
    SURE,
)

TARGET = Path(__file__).parents[1] / "detector" / "data"
HAN, LENGTH, WORDS, PROSE, COVER = (FEATURES.index(name) for name in ("han", "length", "junk_words", "prose", "cover"))
SHAPES = {
    "junk": Shape(800, 0.1, 0.1, 0.4),
    "before": Shape(100),
    "after": Shape(100),
    "second": Shape(300, 0.15, 0.1, 0.4),
    "last": Shape(800, 0.1, 0.1, 0.4),
}
N_DRAWS = {"second": 1, "last": 2}
"""Times that a later round is fitted, with other draws; its odds are their mean."""
N_INNER = 3
"""Folds by which a later round sees what the round before says of sites that it has not seen."""

PLAIN_WEIGHT = 0.1
"""What a document that is no page weighs beside a page, where a scan would look at it."""

MORE_WEIGHT = 0.5
"""What a page that only teaches weighs beside one of the corpora that limits are fitted to."""

THINNED_WEIGHT = 0.5
"""What a thinned copy of a page weighs beside the page."""


class Script(NamedTuple):
    """How the model of a script is fitted: the file of its table, and whether it has a round between first and last.

    ``wanted`` is the share of content characters, mean over pages, that its limit may lose on the pages that it is
    fitted to: less than what it may lose on others (0.02), because pages differ. No limit is lower than ``least``, for
    where a script has few pages and they are easy, nearly any limit would lose little on them. Of Chinese pages there
    are so few that one decides: what folds of them may lose is more than the 0.015 that all together may, and ``least``
    is their limit. It is 0.9 for them, since by 0.75, which other scripts have, all folds together lose more than that.
    """

    table: str
    has_second: bool
    wanted: float
    least: float


SCRIPTS = {"words": Script("pages.tsv", True, 0.019, 0.75), "han": Script("pages_han.tsv", False, 0.018, 0.9)}
"""The model of Chinese pages has two rounds: with one more, that looks at the words of lines together, it finds no more
of them, and pages of other scripts teach it too, since these are few."""


def line_weights(pages: Pages, classes: NDArray[np.int64]) -> Floats:
    """Every page weighs the same, each of its classes as much as the others, long lines more; no page, less."""
    of_text = np.where(pages.plain, PLAIN_WEIGHT * (pages.signs > 0), np.where(pages.scored, 1.0, MORE_WEIGHT))
    of_text *= np.where(np.array(pages.corpus) == THINNED, THINNED_WEIGHT, 1.0)
    root = np.sqrt(pages.size + 1) * (classes >= 0)
    key = pages.text * 4 + classes + 1
    weight = of_text[pages.text] * root / np.maximum(np.bincount(key, root)[key], 1e-9)
    is_page = ~pages.plain[pages.text]
    return np.asarray(weight * is_page.sum() / weight[is_page].sum())


class Model(NamedTuple):
    """All rounds of the model: what words say, the trees of the first round, of the second and of the last."""

    words: Weights
    first: list[Trees]
    second: Trees
    last: Trees


NO_TREES = Trees(np.zeros((0, DEPTH), dtype=np.int64), np.zeros((0, DEPTH)), np.zeros((0, 1 << DEPTH)))


class Fit:
    """Fits the parts of the model of a script to some lines and keeps what all fits share."""

    def __init__(self, pages: Pages, script: str) -> None:
        self.pages, self.has_second = pages, SCRIPTS[script].has_second
        self.teaches = ((~pages.plain | (pages.signs > 0)) & (of_script(pages, script) | (script == "han")))[pages.text]
        self.own_weight = line_weights(pages, pages.label)
        self.place_weight = line_weights(pages, pages.place)
        self.site = np.unique(np.array(pages.site), return_inverse=True)[1][pages.text]

    def words(self, rows: Flags) -> Weights:
        """What words say of their lines."""
        pages = self.pages
        classes = [(pages.label == 1, self.own_weight)] + [
            (pages.place == place, self.place_weight) for place in (0, 2)
        ]
        return fit_words(pages.words, self.site, classes, rows & self.teaches)

    def with_words(self, rows: Flags, scores: Floats) -> Floats:
        """The features of some whole texts, with those of what words say of lines (lines x classes)."""
        out, text = self.pages.features[rows], self.pages.text[rows]
        indptr = np.append(0, np.cumsum(np.unique(text, return_counts=True)[1]))
        describe_scores(scores[rows], self.pages.runs[np.unique(text)], indptr, PROSE, COVER, out, WORDS)
        return out

    def round_one(self, table: Bins, at: NDArray[np.int64], rows: NDArray[np.int64]) -> list[Trees]:
        """The trees of the first round: junk, before the text, after it; ``table`` has lines ``rows[at]`` at ``at``."""
        pages = self.pages
        targets = [("junk", pages.label == 1, self.own_weight)] + [
            (name, pages.place == place, self.place_weight) for name, place in (("before", 0), ("after", 2))
        ]
        trees = []
        for name, member, weight in targets:
            some = at[weight[rows[at]] > 0]
            trees.append(grow(table, some, member[rows[some]] * 1.0, weight[rows[some]], SHAPES[name]))
        return trees

    def later_round(self, part: str, table: Bins, lines: NDArray[np.int64], some: Flags) -> Trees:
        """The trees of a later round by some of the lines; those of all draws together are their mean."""
        at = np.flatnonzero(some & (self.own_weight[lines] > 0))
        label, weight = self.pages.label[lines[at]] * 1.0, self.own_weight[lines[at]]
        fits = [grow(table, at, label, weight, SHAPES[part], draw) for draw in range(N_DRAWS[part])]
        feature, limit, leaves = (np.concatenate(column) for column in zip(*fits, strict=True))
        return Trees(feature, limit, np.round(leaves / len(fits), DIGITS))

    def described(self, text: NDArray[np.int64], features: Floats, odds: Floats, width: int) -> Floats:
        """The features of a later round of some whole texts, so many columns, by the odds so far (3 x lines)."""
        out = np.zeros((len(features), width))
        out[:, :ROUND_ONE] = features
        for low, high in _bounds(text):
            part = out[low:high]
            length = np.ascontiguousarray(part[:, LENGTH])
            own = [np.ascontiguousarray(line[low:high]) for line in odds]
            at = describe_odds(*own, length, part, ROUND_ONE)
            if at < width:
                relate_kinds(*self.pages.about[text[low]], own[0], part, at)
        return out

    def all_rounds(self, rows: Flags, seed: int) -> Model:
        """All rounds; each learns from what those before it say of sites that they have not seen."""
        pages = self.pages
        own = rows & self.teaches
        lines, text = np.flatnonzero(own), pages.text[own]
        of_text = folds(pages, N_INNER, seed)[pages.text]
        inner, everything = of_text[lines], np.ones(len(lines), dtype=np.bool_)
        scores, odds = np.zeros((len(own), 3)), np.zeros((3, len(lines)))
        for number in range(N_INNER):
            other = own & (of_text == number)
            scores[other] = weigh_lines(pages.words, self.words(own & (of_text != number)), other)[other]
        features = self.with_words(own, scores)
        table = into_bins(features)
        for number in range(N_INNER):
            other = inner == number
            odds[:, other] = [
                trees.odds(features[other]) for trees in self.round_one(table, np.flatnonzero(~other), lines)
            ]
        first = self.round_one(table, np.arange(len(lines)), lines)
        context = self.described(text, features, odds, ROUND_TWO)
        table = into_bins(context)
        if not self.has_second:
            return Model(self.words(own), first, NO_TREES, self.later_round("last", table, lines, everything))
        second = self.later_round("second", table, lines, everything)
        for number in range(N_INNER):
            other = inner == number
            trees = self.later_round("second", table, lines, ~other)
            odds[0, other] = _together(trees, context[other], SECOND_SHARES)
        table = into_bins(self.described(text, features, odds, ROUND_LAST))
        return Model(self.words(own), first, second, self.later_round("last", table, lines, everything))

    def odds(self, rows: Flags, model: Model) -> Floats:
        """The log odds that the lines of some whole texts are junk."""
        text = self.pages.text[rows]
        features = self.with_words(rows, weigh_lines(self.pages.words, model.words, rows))
        odds = np.stack([trees.odds(features) for trees in model.first])
        if self.has_second:
            odds[0] = _together(model.second, self.described(text, features, odds, ROUND_TWO), SECOND_SHARES)
        return _together(model.last, self.described(text, features, odds, ROUND_LAST), LAST_SHARES)


def _together(trees: Trees, features: Floats, shares: tuple[float, float]) -> Floats:
    """The odds of a later round: of its trees and of the round before, each by its share."""
    return np.asarray(shares[0] * trees.odds(features) + shares[1] * features[:, ROUND_ONE])


def _bounds(text: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Where each text's lines begin and end."""
    begins = np.flatnonzero(np.diff(text, prepend=-1)).tolist()
    return list(zip(begins, [*begins[1:], len(text)], strict=True))


class Scores(NamedTuple):
    """By models that saw no text of the same site: the log odds of lines, less what the limit of their page is higher,

    whether a text is of the script and a page, and the gate that is fitted to what they say of all texts of the script.
    """

    odds: Floats
    is_page: Flags
    gate: Floats


def cross_validated(pages: Pages, n: int, script: str) -> Scores:
    """What a scan would say of every text of a script with a model fitted without its fold."""
    fitting, fold_of, odds = Fit(pages, script), folds(pages, n), np.zeros(len(pages.label))
    fold, own = fold_of[pages.text], of_script(pages, script)

    def one(number: int) -> None:
        seen, other = fold != number, (fold == number) & own[pages.text]
        odds[other] = fitting.odds(other, fitting.all_rounds(seen, number + 1))
        print(f"fold {number + 1} of {n}", file=sys.stderr)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(one, range(n)))
    evidence, is_page = evidence_of(pages, odds), np.empty(len(pages.site), dtype=np.bool_)
    indptr = np.append(0, np.cumsum(np.bincount(pages.text, minlength=len(pages.site))))
    repeats = np.rint(np.exp(pages.features[:, FEATURES.index("repeats")])).astype(np.int32)
    judge_pages(odds, repeats, indptr, pages.signs, SURE, is_page)
    for number in range(n):
        other = fold_of == number
        weights = fit_gate(pages, evidence, own & ~other)
        is_page[other] |= weigh_evidence(evidence[other], weights, LEAST_LINES, LEAST_TEXT)
    lean = lean_of(odds, np.ascontiguousarray(pages.features[:, LENGTH]), indptr)
    odds -= (LEAN_SHARE * lean * (script != "han"))[pages.text]
    return Scores(odds, is_page & (pages.signs > 0) & own, fit_gate(pages, evidence, own))


def of_script(pages: Pages, script: str) -> Flags:
    """Whether texts are of a script."""
    is_han = np.bincount(pages.text, pages.features[:, HAN] > HAN_LIMIT, len(pages.site)) > 0
    return np.asarray(is_han == (script == "han"))


class Outcome(NamedTuple):
    """Means over pages, and the same over all characters."""

    found: float
    lost: float
    micro_found: float
    micro_lost: float


def outcome(pages: Pages, chosen: Sequence[int], scores: Scores, limit: Floats | float) -> Outcome:
    """What a limit of the log odds (one, or one for each text) finds and loses; a text that is no page has no junk."""
    limits = np.broadcast_to(np.asarray(limit, dtype=np.float64), len(pages.site))
    over = scores.odds - np.where(scores.is_page, limits, np.inf)[pages.text]
    indptr = np.append(0, np.cumsum(np.bincount(pages.text, minlength=len(pages.site))))
    is_junk = (with_threads(over, pages.features, indptr, FEATURES) > 0) & ~pages.is_text | pages.by_rules

    def per_text(rows: Flags) -> Floats:
        return np.asarray(np.bincount(pages.text, pages.size * rows, len(pages.site))[list(chosen)])

    means, totals = [], []
    for label in (1, 0):
        have, hit = per_text(pages.label == label), per_text((pages.label == label) & is_junk)
        means.append(float((hit[have > 0] / have[have > 0]).mean()))
        totals.append(float(hit.sum() / have.sum()))
    return Outcome(*means, *totals)


def limit_for(pages: Pages, chosen: Sequence[int], scores: Scores, most: float, least: float) -> float:
    """The lowest limit from ``least``, in steps of 0.05, by which some pages lose at most ``most`` of their content.

    Threads (`detector.rules.page_threads`) are not counted.
    """
    content = pages.size * (pages.label == 0) * np.isin(pages.text, chosen)
    of_text = np.bincount(pages.text, content, len(pages.site))
    share = content / np.maximum(of_text[pages.text], 1e-9) / max((of_text > 0).sum(), 1)
    can_be = scores.is_page[pages.text] & ~pages.is_text & ~pages.by_rules
    limits = np.round(np.arange(least, 12.0, 0.05), 2)
    lost = np.bincount(np.searchsorted(limits, scores.odds[can_be]), share[can_be], len(limits) + 1)
    lost_from = lost[::-1].cumsum()[::-1][1:] + share[pages.by_rules].sum()
    few_enough = np.flatnonzero(lost_from <= most)
    return float(limits[few_enough[0]] if len(few_enough) else limits[-1])


def report(pages: Pages, scores: Scores, n: int, script: str) -> tuple[float, list[str]]:
    """The limit fitted to the corpora that are scored, and lines that say what cross-validation found."""
    fold, own, told = folds(pages, n), np.zeros(len(pages.site)), []
    of_one, wanted, least = of_script(pages, script), SCRIPTS[script].wanted, SCRIPTS[script].least
    chosen = np.flatnonzero(of_one & pages.scored & (np.array(pages.corpus) != THINNED)).tolist()
    for number in range(n):
        others = [at for at in chosen if fold[at] != number]
        own[fold == number] = limit_for(pages, others, scores, wanted, least)
    fitted = limit_for(pages, chosen, scores, wanted, least)
    for corpus in sorted({name for name, some in zip(pages.corpus, of_one, strict=True) if some} - {THINNED}):
        chosen = np.flatnonzero(of_one & [name == corpus for name in pages.corpus]).tolist()
        if pages.plain[chosen].any():
            is_junk = (scores.odds > own[pages.text]) & scores.is_page[pages.text] & np.isin(pages.text, chosen)
            share = pages.size[is_junk].sum() / pages.size[np.isin(pages.text, chosen)].sum()
            n_pages = int(scores.is_page[chosen].sum())
            told.append(f"{corpus}: {n_pages} of {len(chosen)} called pages, {share:.5f} of characters called junk")
            continue
        told.append(f"{corpus}: {int(scores.is_page[chosen].sum())} of {len(chosen)} called pages")
        rows = [("limits of the other folds", own)] + [
            (f"odds {limit:.2f}", limit)
            for limit in (limit_for(pages, chosen, scores, most, least) for most in (0.01, 0.015, 0.02, 0.03))
        ]
        for name, limit in rows:
            result = outcome(pages, chosen, scores, limit)
            told.append(f"{corpus} {name}: {' '.join(f'{key} {value:.4f}' for key, value in result._asdict().items())}")
    return fitted, told


def table(model: Model, words: Sequence[str], limit: float, gate: Floats, told: Sequence[str]) -> str:
    """The text of the table."""
    lines = [
        "# Made by scripts/fit_pages.py. The log odds that a line of a page is junk are the sum of the trees of part",
        "# last and a share of those of part second, which have a share of those of part junk, less the limit; junk,",
        "# before and after are the first round.",
        "# word: what it says of its line, that it is junk, before the text, after it; base: of a line without words.",
        "# gate: what speaks for a text being a page, and its weight; over 0 it is one.",
        "# tree: its part, three times a feature and what it must be over, the eight leaves (no no no, no no yes ...).",
        *(f"# {line}" for line in told),
        f"limit\t{limit}",
        *(f"gate\t{name}\t{value:.4f}" for name, value in zip((*EVIDENCE, "always"), gate.tolist(), strict=True)),
        "\t".join(("base", *(f"{value:.4g}" for value in model.words.base))),
        *(
            "\t".join(("word", name, *(f"{value:.4g}" for value in row)))
            for name, row in sorted(zip(words, model.words.weights.tolist(), strict=True))
            if any(row)
        ),
    ]
    names = (*FEATURES, *LATER)
    for part, trees in zip(PARTS, (*model.first, model.second, model.last), strict=True):
        for features, cuts, leaves in zip(trees.feature, trees.limit, trees.leaves, strict=True):
            asked = [item for name, cut in zip(features, cuts, strict=True) for item in (names[name], f"{cut:.6g}")]
            lines.append("\t".join(("tree", part, *asked, *(f"{value:.4g}" for value in leaves))))
    return "\n".join((*lines, ""))


def main() -> None:
    """Print what cross-validation finds, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", metavar="DOCS[:GOLD]")
    parser.add_argument("--more", nargs="*", default=[], metavar="DOCS:GOLD", help="pages that no limit is fitted to")
    parser.add_argument("--without", nargs="*", default=[], metavar="WORD", help="words that the table must not have")
    parser.add_argument("--script", choices=SCRIPTS, default="words", help="whose table is made")
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    given = [item.partition(":") for item in options.files]
    labelled = [(Path(docs), Path(gold)) for docs, _, gold in given if gold]
    more = [(Path(docs), Path(gold)) for docs, _, gold in (item.partition(":") for item in options.more)]
    pages = read_pages(labelled, more, [Path(docs) for docs, _, gold in given if not gold], options.without)
    scores = cross_validated(pages, options.folds, options.script)
    limit, told = report(pages, scores, options.folds, options.script)
    print("\n".join(told))
    if not options.check:
        fitting, everything = Fit(pages, options.script), np.ones(len(pages.label), dtype=np.bool_)
        model = fitting.all_rounds(everything, 0)
        made = table(model, pages.words.names, limit, scores.gate, told)
        (TARGET / SCRIPTS[options.script].table).write_text(made, "utf-8")


if __name__ == "__main__":
    main()
