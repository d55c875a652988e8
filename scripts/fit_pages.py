"""Fit the model of scraped pages to labelled pages and write it to ``detector/data/pages.tsv``.

    python scripts/fit_pages.py DOCS.jsonl:GOLD.jsonl ... [--check] [--folds 10]

Prints for every corpus, cross-validated over sites, the mean over pages of the share of junk characters found and of
content characters lost, at several shares lost. A page's site is the host of its ``url`` or what stands before the last
slash of its id; sites whose pages share many lines are one (the same site under two names). Labels are those that
`detector evaluate` reads. ``--check`` writes nothing. The table holds names and numbers only, no text. The trees draw
features and rows by a fixed seed: the same labels give the same table.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
from numba import njit
from numpy.typing import NDArray

from detector.folding import code_points
from detector.gold import load_gold
from detector.kernels.pages import describe_lines
from detector.pages import CLASSES, FEATURES, count_page_lines
from detector.places import make_triggers, read_block

TARGET = Path(__file__).parents[1] / "detector" / "data" / "pages.tsv"
HAN = FEATURES.index("han")
HAN_LIMIT = 0.35
N_BINS = 48
N_TREES = 200
DEPTH = 3
RATE = 0.1
PENALTY = 5.0
MIN_WEIGHT = 5.0
FEATURE_SHARE, ROW_SHARE = 0.3, 0.7
LINEAR_PENALTY = 3.0
MIN_COVERAGE = 0.9
MIN_SHARED_CHARACTERS, MIN_SHARED = 8, 10
"""Lines of pages that must be equal, and how long they must be, for two sites to be one."""

LOST = (0.01, 0.015, 0.02, 0.03)
WANTED = {"words_odds": 0.02, "han_odds": 0.015}
"""The share of content characters, mean over pages, that the fitted limits may lose in cross-validation."""


class Pages(NamedTuple):
    """Lines of labelled pages: ``features``, ``label`` (1 junk, 0 content, -1 not scored), non-blank ``size``, number

    of the ``page``; ``site`` and ``corpus`` of each page, and whether it ``counts`` as a page to the scan.
    """

    features: NDArray[np.float64]
    label: NDArray[np.int64]
    size: NDArray[np.float64]
    page: NDArray[np.int64]
    site: Sequence[str]
    corpus: Sequence[str]
    counts: Sequence[bool]


def read_pages(sources: Iterable[tuple[Path, Path]]) -> Pages:
    """The labelled lines of some corpora."""
    parts: list[tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]] = []
    site: list[str] = []
    corpus: list[str] = []
    counts: list[bool] = []
    lines: list[set[str]] = []
    for docs, gold in sources:
        labels = {item.id: item for item in load_gold(gold)}
        for line in filter(None, docs.read_text("utf-8").split("\n")):
            row = json.loads(line)
            item = labels.get(row["id"])
            if item is None or item.lines is None or (item.coverage or 1.0) < MIN_COVERAGE:
                continue
            *columns, is_page = _page(row["text"], item.lines)
            parts.append(tuple(columns))  # type: ignore[arg-type]
            site.append(urlsplit(row["url"]).hostname or "" if row.get("url") else row["id"].rpartition("/")[0])
            corpus.append(docs.parent.name)
            counts.append(is_page)
            lines.append({part for part in row["text"].split("\n") if len(part) >= MIN_SHARED_CHARACTERS})
    site = _merged(site, lines)
    page = np.repeat(np.arange(len(parts)), [len(part[1]) for part in parts])
    features, label, size = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Pages(features, label, size, page, site, corpus, counts)


def _merged(sites: Sequence[str], lines: Sequence[set[str]]) -> list[str]:
    """The sites of pages, where two share `MIN_SHARED` lines under the first name of the two."""
    name = dict(zip(sites, sites, strict=True))
    for one in range(len(sites)):
        for other in range(one):
            first, second = name[sites[one]], name[sites[other]]
            if first != second and len(lines[one] & lines[other]) >= MIN_SHARED:
                name = {site: first if to == second else to for site, to in name.items()}
    return [name[site] for site in sites]


def page_features(text: str) -> tuple[NDArray[np.float64], NDArray[np.int64], bool]:
    """The features of the lines of one text, where they start, and whether the scan takes it for a page."""
    points = code_points(text)
    start = np.zeros(1, dtype=np.int64)
    block = read_block(points, start, start + len(points), make_triggers((), {}, ()))
    found = count_page_lines(block, points, start, gate=False)
    features = np.empty((len(found.counts), len(FEATURES)))
    if len(features):
        describe_lines(found.counts, found.repeats, len(CLASSES), features)
    return features, block.line_start, bool(found.is_page.any())


def _page(text: str, letters: str) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], bool]:
    features, starts, is_page = page_features(text)
    lines = text.split("\n")
    begins = np.cumsum([0, *(len(line) + 1 for line in lines)])
    rows = np.searchsorted(begins, starts, side="right") - 1
    label = np.array([{"j": 1, "c": 0}.get(letters[row], -1) for row in rows], dtype=np.int64)
    size = np.array([sum(not character.isspace() for character in lines[row]) for row in rows], dtype=np.float64)
    return features, label, size, is_page


def line_weights(pages: Pages) -> NDArray[np.float64]:
    """Every page weighs the same, its junk as much as its content, long lines more."""
    weight = np.zeros(len(pages.label))
    root = np.sqrt(pages.size + 1)
    for page in range(len(pages.site)):
        for label in (0, 1):
            rows = (pages.page == page) & (pages.label == label)
            if rows.any():
                weight[rows] = root[rows] / root[rows].sum()
    return np.asarray(weight * len(weight) / weight.sum())


def by_script(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features, and again those of texts of Han: one fit gives both scripts what they share and what they do not."""
    han = (features[:, HAN] > HAN_LIMIT).astype(np.float64)
    return np.concatenate((features, features * han[:, None], han[:, None], np.ones((len(han), 1))), axis=1)


class Fitted(NamedTuple):
    """``linear`` (2 x features + 1) and trees: features, limits and leaves."""

    linear: NDArray[np.float64]
    tree_feature: NDArray[np.int64]
    tree_limit: NDArray[np.float64]
    leaves: NDArray[np.float64]

    def odds(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The log odds of lines."""
        han = (features[:, HAN] > HAN_LIMIT).astype(np.int64)
        linear = (features * self.linear[han, :-1]).sum(axis=1) + self.linear[han, -1]
        grown = np.zeros(len(features))
        for names, limits, leaves in zip(self.tree_feature, self.tree_limit, self.leaves, strict=True):
            answers = features[:, names] > limits
            grown += leaves[answers @ (1 << np.arange(DEPTH)[::-1])]
        return np.asarray(0.5 * linear + 0.5 * grown)


def fit(features: NDArray[np.float64], label: NDArray[np.int64], weight: NDArray[np.float64]) -> Fitted:
    """Both models of some lines."""
    return Fitted(_linear(features, label, weight), *_trees(features, label, weight))


def _linear(
    features: NDArray[np.float64], label: NDArray[np.int64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Logistic regression with a ridge, by Newton's method."""
    wide = by_script(features)
    mean, spread = wide.mean(axis=0), wide.std(axis=0)
    mean[-1], spread[-1] = 0.0, 1.0
    spread[spread < 1e-9] = 1.0
    scaled = (wide - mean) / spread
    ridge = np.full(scaled.shape[1], LINEAR_PENALTY)
    ridge[-1] = 1e-3
    weights = np.zeros(scaled.shape[1])
    for _ in range(12):
        share = 1 / (1 + np.exp(-(scaled @ weights)))
        slope = scaled.T @ (weight * (label - share)) - ridge * weights
        bend = (scaled * (weight * np.maximum(share * (1 - share), 1e-4))[:, None]).T @ scaled + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        weights += step
        if np.abs(step).max() < 1e-4:
            break
    raw = weights / spread
    constant = raw[-1] - (raw[:-1] * mean[:-1]).sum()
    n = len(FEATURES)
    words = np.append(raw[:n], constant)
    han = np.append(raw[:n] + raw[n : 2 * n], constant + raw[2 * n])
    return np.stack((words, han))


@njit(cache=False, nogil=True)
def _sums(bins, leaf, slope, bend, out):  # type: ignore[no-untyped-def]
    """Sums of slopes and bends by feature, leaf and bin."""
    out[:] = 0.0
    for feature in range(bins.shape[0]):
        for row in range(bins.shape[1]):
            out[feature, leaf[row], bins[feature, row], 0] += slope[row]
            out[feature, leaf[row], bins[feature, row], 1] += bend[row]


def _best_question(sums: NDArray[np.float64], use: NDArray[np.bool_]) -> tuple[int, int]:
    """Feature and bin of the question that gains most over all leaves together."""
    left = np.cumsum(sums, axis=2)
    total = left[:, :, -1:, :]
    right = total - left

    def gain(part: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(part[..., 0] ** 2 / (part[..., 1] + PENALTY))

    more = gain(left) + gain(right) - gain(total)
    more[(left[..., 1] < MIN_WEIGHT) | (right[..., 1] < MIN_WEIGHT)] = 0.0
    of_all = more.sum(axis=1)
    of_all[~use] = -1.0
    feature, at = np.unravel_index(int(of_all[:, :-1].argmax()), (len(use), of_all.shape[1] - 1))
    return int(feature), int(at)


def _trees(
    features: NDArray[np.float64], label: NDArray[np.int64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Boosted trees that ask the same question in all leaves of a level (Newton boosting of the log loss)."""
    rng = np.random.default_rng(0)
    edges = [np.unique(np.quantile(column, np.linspace(0, 1, N_BINS + 1)[1:-1])) for column in features.T]
    bins = np.stack([np.searchsorted(edge, column) for edge, column in zip(edges, features.T, strict=True)])
    bins = np.ascontiguousarray(bins.astype(np.uint8))
    odds = np.zeros(len(label))
    asked, limits, leaves = [], [], []
    for _ in range(N_TREES):
        share = 1 / (1 + np.exp(-odds))
        use = rng.random(len(edges)) < FEATURE_SHARE
        drawn = weight * (rng.random(len(label)) < ROW_SHARE)
        slope, bend = drawn * (label - share), drawn * np.maximum(share * (1 - share), 1e-6)
        leaf = np.zeros(len(label), dtype=np.int64)
        names, at = [], []
        for level in range(DEPTH):
            sums = np.empty((len(edges), 1 << level, N_BINS + 1, 2))
            _sums(bins, leaf, slope, bend, sums)
            feature, cut = _best_question(sums, use)
            cut = min(cut, len(edges[feature]) - 1)
            names.append(feature)
            at.append(round(float(edges[feature][cut]), 5))
            leaf = leaf * 2 + (features[:, feature] > at[-1])
        value = np.bincount(leaf, slope, 1 << DEPTH) / (np.bincount(leaf, bend, 1 << DEPTH) + PENALTY)
        value = np.round(RATE * value, 5)
        odds += value[leaf]
        asked.append(names)
        limits.append(at)
        leaves.append(value)
    return np.array(asked), np.array(limits), np.array(leaves)


def folds(pages: Pages, n: int) -> NDArray[np.int64]:
    """The fold of each page; pages of one site share it."""
    rng = np.random.default_rng(0)
    of_site: dict[str, int] = {}
    for name in sorted(set(pages.corpus)):
        sites = sorted({site for site, corpus in zip(pages.site, pages.corpus, strict=True) if corpus == name})
        for at, site in enumerate(rng.permutation(sites).tolist()):
            of_site.setdefault(site, at % n)
    return np.array([of_site[site] for site in pages.site])


def cross_validated(pages: Pages, n: int) -> NDArray[np.float64]:
    """The log odds of each line by a model that saw no page of its site."""
    weight, fold = line_weights(pages), folds(pages, n)[pages.page]
    odds = np.zeros(len(pages.label))
    for number in range(n):
        seen = (fold != number) & (pages.label >= 0)
        model = fit(pages.features[seen], pages.label[seen], weight[seen])
        odds[fold == number] = model.odds(pages.features[fold == number])
    return odds


class Outcome(NamedTuple):
    """Means over pages, and the same over all characters."""

    found: float
    lost: float
    micro_found: float
    micro_lost: float


def outcome(pages: Pages, chosen: Sequence[int], odds: NDArray[np.float64], limit: float) -> Outcome:
    """What a limit of the log odds finds and loses on some pages; a page that is none to the scan has no junk."""
    is_page = np.array(pages.counts)[pages.page]
    is_junk = (odds > limit) & is_page
    n = len(pages.site)

    def per_page(rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.bincount(pages.page, pages.size * rows, n)[list(chosen)]

    junk, content = per_page(pages.label == 1), per_page(pages.label == 0)
    found, lost = per_page((pages.label == 1) & is_junk), per_page((pages.label == 0) & is_junk)
    return Outcome(
        float((found[junk > 0] / junk[junk > 0]).mean()), float((lost[content > 0] / content[content > 0]).mean()),
        float(found.sum() / junk.sum()), float(lost.sum() / content.sum()),
    )  # fmt: skip


def best_limit(pages: Pages, chosen: Sequence[int], odds: NDArray[np.float64], most: float) -> float:
    """The lowest limit that loses no more than ``most``."""
    for limit in np.arange(-2.0, 8.0, 0.05):
        if outcome(pages, chosen, odds, limit).lost <= most:
            return round(float(limit), 2)
    return 8.0


def rows(model: Fitted, limits: dict[str, float], table: Iterable[str]) -> Iterator[str]:
    """The lines of the table."""
    yield "# Made by scripts/fit_pages.py. The log odds that a line of a page is junk: the mean of the linear model and"
    yield "# of the sum of the trees, less the limit. linear: feature, weight in texts of words, in texts of Han."
    yield "# tree: three times a feature and what it must be over, then the eight leaves (no no no, no no yes ...)."
    yield from (f"# {line}" for line in table)
    yield from (f"limit\t{name}\t{value:g}" for name, value in limits.items())
    for name, words, han in zip((*FEATURES, "constant"), *model.linear.tolist(), strict=True):
        yield f"linear\t{name}\t{words:.6g}\t{han:.6g}"
    for names, at, leaves in zip(model.tree_feature, model.tree_limit, model.leaves, strict=True):
        asked = "\t".join(f"{FEATURES[name]}\t{limit:g}" for name, limit in zip(names, at, strict=True))
        yield f"tree\t{asked}\t" + "\t".join(f"{leaf:g}" for leaf in leaves)


def main() -> None:
    """Read, validate, fit, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpora", nargs="+", metavar="DOCS:GOLD")
    parser.add_argument("--check", action="store_true", help="print the table, write nothing")
    parser.add_argument("--folds", type=int, default=10)
    arguments = parser.parse_args()
    pages = read_pages([tuple(map(Path, name.split(":"))) for name in arguments.corpora])  # type: ignore[misc]
    odds = cross_validated(pages, arguments.folds)
    table = []
    for corpus in sorted(set(pages.corpus)):
        chosen = [at for at, name in enumerate(pages.corpus) if name == corpus]
        for most in LOST:
            limit = best_limit(pages, chosen, odds, most)
            result = outcome(pages, chosen, odds, limit)
            table.append(f"{corpus} odds {limit:.2f}: " + " ".join(f"{k} {v:.4f}" for k, v in result._asdict().items()))
    han = np.array([pages.features[pages.page == at, HAN].max(initial=0) > HAN_LIMIT for at in range(len(pages.site))])
    limits = {"han": HAN_LIMIT}
    for name, of_script in (("words_odds", ~han), ("han_odds", han)):
        limits[name] = best_limit(pages, np.flatnonzero(of_script).tolist(), odds, WANTED[name])
    print("\n".join(table), limits, sep="\n")
    if not arguments.check:
        known = pages.label >= 0
        model = fit(pages.features[known], pages.label[known], line_weights(pages)[known])
        TARGET.write_text("\n".join(rows(model, limits, table)) + "\n", "utf-8")


if __name__ == "__main__":
    main()
