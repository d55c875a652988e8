"""Recall of matching on real text: how many passages with a true match end up with one.

    python benchmarks/recall.py FILE... [--sample N] [--threshold 0.8] [--together] [--curve]

A passage has a true match if its skeleton has the ratio with that of a passage of another family or of its own
document. Brute force says which: it cuts skeletons out of the folded text itself and compares all distinct ones with
RapidFuzz (`process.cdist`). Junk is left out, as a scan does. The matcher, with the settings in use, has found one if
the passage has a partner, an earlier match, or is in a cluster. Each file or folder is a corpus of its own, unless they
are taken ``--together``. ``--sample N`` brute-forces N of the distinct skeletons only, against all, always the same
ones. ``--curve`` prints for other bands and shingles the share of true pairs that become candidates, and how many
candidates there are.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Indel

from detector.machine.workspace import Workspace
from detector.matching.candidates import Bands, Buckets, band_buckets, band_keys
from detector.matching.clusters import series_numbers
from detector.matching.families import find_families
from detector.matching.matches import BANDS, SHINGLE_SIZE, find_matches
from detector.matching.signatures import sign
from detector.records.corpus import read_corpus
from detector.rules.hits import find_hits, junk_passages, junk_tokens, site_and_own
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.text.folding import DIGIT, fold
from detector.text.passages import Passages, tokenise_corpus
from detector.text.shingles import shingle_hashes
from detector.text.tokens import Marks, Tokens

SLOT = "\U0010ffff"
"""Stands for a slot in a string: no character of any token, because it separates tokens."""

CELLS = 20_000_000
"""Ratios computed at once: 80 MB."""

ROUNDING = 1e-6
"""Ratios come as float32."""

SHORT = "8-20 tokens"
LONG = "over 20 tokens"


CHOICES = (Bands(64, 2), Bands(42, 3), Bands(32, 4), Bands(25, 5), Bands(16, 8))
SIZES = (2, 3, 5)


@dataclass(frozen=True, slots=True)
class Recall:
    """Of ``n_true`` passages with a true match, ``n_found`` have one."""

    n_found: int = 0
    n_true: int = 0

    def __add__(self, other: Recall) -> Recall:
        return Recall(self.n_found + other.n_found, self.n_true + other.n_true)

    @property
    def share(self) -> float | None:
        """``n_found / n_true``, None where there is nothing to find."""
        return self.n_found / self.n_true if self.n_true else None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A corpus that is cut up: texts in the order of their ids."""

    texts: Sequence[str]
    tokens: Tokens
    passages: Passages
    family: NDArray[np.int64]
    is_junk: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Truth:
    """Brute force: ``skeletons`` are different strings; passage ``passage[i]`` has the one numbered ``number[i]``, and
    ``chosen`` of them were compared with all: ``pairs`` (n x 2) are of at least the ratio."""

    skeletons: Sequence[str]
    passage: NDArray[np.int64]
    number: NDArray[np.int64]
    chosen: NDArray[np.bool_]
    pairs: NDArray[np.int64]


def prepare(paths: Sequence[Path]) -> Prepared:
    """The tokens, passages, families and junk of all that a scan reads in some files or folders, by their ids."""
    settings, work = Settings(), Workspace()
    corpus = read_corpus(list(paths), settings, work, lambda *_: None)
    found = find_hits(corpus.texts, load_rules(settings), work)
    tokens, passages = tokenise_corpus(corpus.texts, Marks(*found.marks[:3]), work)
    family = find_families(tokens, threshold=settings.family_jaccard, seed=settings.seed).number
    in_junk = np.empty(-(-len(tokens.start) // 8), np.uint8)
    junk_tokens(tokens, site_and_own(found, corpus.texts, family, series_numbers(corpus.series)), in_junk)
    return Prepared(corpus.texts, tokens, passages, family, junk_passages(passages, in_junk))


def compared(corpus: Prepared, min_tokens: int) -> tuple[list[int], list[str]]:
    """The passages with enough tokens and a word, and the skeleton of each, cut out of the folded text."""
    tokens, passages = corpus.tokens, corpus.passages
    start, end, is_slot = tokens.start.tolist(), tokens.end.tolist(), (tokens.kind >= DIGIT).tolist()
    rows: list[int] = []
    skeletons: list[str] = []
    folded, document = "", -1
    bounds, owners = passages.tokens.tolist(), passages.document.tolist()
    for row, (first, last) in enumerate(pairwise(bounds)):
        if last - first < min_tokens or corpus.is_junk[row] or all(is_slot[first:last]):
            continue
        if owners[row] != document:
            document = owners[row]
            folded = fold(corpus.texts[document])
        rows.append(row)
        skeletons.append(
            "".join(SLOT if is_slot[token] else folded[start[token] : end[token]] for token in range(first, last))
        )
    return rows, skeletons


def find_truth(corpus: Prepared, *, threshold: float, min_tokens: int, sample: int | None) -> Truth:
    """All pairs of different skeletons that match, a chosen one and any."""
    rows, skeletons = compared(corpus, min_tokens)
    number_of: dict[str, int] = {}
    number = [number_of.setdefault(skeleton, len(number_of)) for skeleton in skeletons]
    chosen = sampled(len(number_of), sample)
    pairs = true_pairs(list(number_of), threshold, chosen)
    return Truth(list(number_of), np.array(rows, np.int64), np.array(number, np.int64), chosen, pairs)


def sampled(n: int, sample: int | None) -> NDArray[np.bool_]:
    """Which of ``n`` rows are brute-forced: all of them, or always the same ``sample``."""
    chosen = np.full(n, sample is None or sample >= n)
    if not chosen.all():
        chosen[np.random.default_rng(0).choice(n, sample, replace=False)] = True
    return chosen


def true_pairs(rows: Sequence[str], threshold: float, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """All pairs of different skeletons of at least this ratio, a chosen one and any, n x 2, by brute force."""
    by_length = np.argsort([len(row) for row in rows], kind="stable")
    ordered = [rows[row] for row in by_length]
    lengths = np.array([len(row) for row in ordered])
    asked = np.flatnonzero(chosen[by_length])
    pairs = [np.empty((0, 2), np.int64)]
    begin = 0
    while begin < len(asked):
        # 2 * min / (m + n) bounds the ratio, so that only lengths within a factor matter
        low = np.searchsorted(lengths, np.floor(lengths[asked[begin]] * threshold / (2 - threshold)))
        stop = min(len(asked), begin + max(1, CELLS // max(1, len(rows) - low)))
        high = np.searchsorted(lengths, np.ceil(lengths[asked[stop - 1]] * (2 - threshold) / threshold), side="right")
        queries = [ordered[row] for row in asked[begin:stop]]
        ratios = process.cdist(
            queries, ordered[low:high], scorer=Indel.normalized_similarity, score_cutoff=threshold - ROUNDING,
            dtype=np.float32, workers=-1,
        )  # fmt: skip
        left, right = np.nonzero(ratios >= threshold - ROUNDING)
        left, right = asked[begin:stop][left], right + low
        pairs.append(by_length[np.stack((left, right), axis=1)[left != right]])
        begin = stop
    return np.concatenate(pairs)


def has_true_match(corpus: Prepared, truth: Truth) -> NDArray[np.bool_]:
    """For each compared passage whose skeleton is chosen whether another family or its own document has a match."""
    document = corpus.passages.document[truth.passage].tolist()
    family = corpus.family[document].tolist()
    families: dict[int, set[int]] = defaultdict(set)
    in_document: Counter[tuple[int, int]] = Counter()
    for number, owner, kin in zip(truth.number.tolist(), document, family, strict=True):
        families[number].add(kin)
        in_document[number, owner] += 1
    alike: dict[int, list[int]] = defaultdict(list)
    for left, right in truth.pairs.tolist():
        alike[left].append(right)
    found = np.zeros(len(document), bool)
    for place, (number, owner, kin) in enumerate(zip(truth.number.tolist(), document, family, strict=True)):
        if truth.chosen[number]:
            near = [number, *alike[number]]
            found[place] = any(families[other] - {kin} for other in near) or (
                sum(in_document[other, owner] for other in near) > 1
            )
    return found


def measure(*paths: Path, threshold: float = 0.80, min_tokens: int = 8, sample: int | None = None) -> dict[str, Recall]:
    """The recall on one corpus, for short and long passages apart."""
    corpus = prepare(paths)
    matches = find_matches(
        corpus.tokens,
        corpus.passages,
        corpus.family,
        threshold=threshold,
        min_tokens=min_tokens,
        seed=Settings().seed,
        is_junk=corpus.is_junk,
    )
    truth = find_truth(corpus, threshold=threshold, min_tokens=min_tokens, sample=sample)
    row = np.searchsorted(matches.passage, truth.passage)
    assert np.array_equal(matches.passage[row], truth.passage)
    true = has_true_match(corpus, truth)
    is_in_cluster = np.bincount(matches.representative, minlength=len(matches.passage))[matches.representative] > 1
    found = ((matches.partner >= 0) | (matches.earlier >= 0) | is_in_cluster)[row]
    n_tokens = np.diff(corpus.passages.tokens)[truth.passage]
    return {
        name: Recall(int((true & found & chosen).sum()), int((true & chosen).sum()))
        for name, chosen in ((SHORT, n_tokens <= 20), (LONG, n_tokens > 20))
    }


def buckets_of(corpus: Prepared, truth: Truth, bands: Bands, size: int) -> Buckets:
    """The buckets of the distinct skeletons under other bands or shingles."""
    _, first = np.unique(truth.number, return_index=True)
    bounds = corpus.passages.tokens
    start, stop = bounds[truth.passage[first]], bounds[truth.passage[first] + 1]
    hashes, indptr = shingle_hashes(corpus.tokens, start, stop, size, is_skeleton=True)
    signatures = sign(hashes, indptr, n_permutations=bands.n_permutations, seed=Settings().seed)
    return band_buckets(band_keys(signatures, bands), np.arange(len(first), dtype=np.int32), len(first), Workspace())


def print_curve(paths: Sequence[Path], *, threshold: float, min_tokens: int, sample: int | None) -> None:
    """For each choice of bands and shingles the share of true pairs that become candidates, by the shorter passage, and
    the candidates that a passage has in the mean (one that shares two buckets counts twice)."""
    corpus = prepare(paths)
    truth = find_truth(corpus, threshold=threshold, min_tokens=min_tokens, sample=sample)
    _, first = np.unique(truth.number, return_index=True)
    n_tokens = np.diff(corpus.passages.tokens)[truth.passage[first]]
    shorter = np.minimum(*n_tokens[truth.pairs.T]) if len(truth.pairs) else np.empty(0)
    print(f"{'shingle':>8} {'bands':>8} {SHORT:>16} {LONG:>16} {'candidates':>12}")
    for size in SIZES:
        for bands in CHOICES:
            buckets = buckets_of(corpus, truth, bands, size)
            of = [set(buckets.of[a:b].tolist()) for a, b in pairwise(buckets.row_indptr.tolist())]
            met = np.array([not of[left].isdisjoint(of[right]) for left, right in truth.pairs.tolist()], bool)
            sizes = np.diff(buckets.indptr)
            shares = [f"{met[chosen].mean():.4f}" if chosen.any() else "-" for chosen in (shorter <= 20, shorter > 20)]
            mark = "*" if (bands, size) == (BANDS, SHINGLE_SIZE) else " "
            per_passage = float((sizes * (sizes - 1)).sum()) / max(1, len(first))
            choice = f"{bands.n_bands}x{bands.n_rows}{mark}"
            print(f"{size:>8} {choice:>8} {shares[0]:>16} {shares[1]:>16} {per_passage:12.1f}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--together", action="store_true", help="all files and folders are one corpus")
    parser.add_argument("--sample", type=int, help="brute-force only so many distinct skeletons")
    parser.add_argument("--threshold", type=float, default=0.80)
    parser.add_argument("--min-tokens", type=int, default=8)
    parser.add_argument("--curve", action="store_true", help="other choices of bands and shingles")
    chosen = parser.parse_args(arguments)
    options = {"threshold": chosen.threshold, "min_tokens": chosen.min_tokens, "sample": chosen.sample}
    corpora = [chosen.files] if chosen.together else [[path] for path in chosen.files]
    if chosen.curve:
        for paths in corpora:
            print(*paths)
            print_curve(paths, **options)
        return 0
    print(f"{'corpus':40} {'passages':>16} {'found':>8} {'true':>8} {'recall':>8} {'seconds':>8}")
    for paths in corpora:
        begin = time.perf_counter()
        measured = measure(*paths, **options)
        seconds = time.perf_counter() - begin
        measured["all"] = measured[SHORT] + measured[LONG]
        for name, recall in measured.items():
            share = "-" if recall.share is None else f"{recall.share:.4f}"
            where = " ".join(f"{path.parent.name}/{path.name}" for path in paths)[-40:]
            print(f"{where:40} {name:>16} {recall.n_found:8} {recall.n_true:8} {share:>8} {seconds:8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
