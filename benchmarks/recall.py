"""Recall of matching on real text: how many passages with a true match in another document end up with one.

    python benchmarks/recall.py FILE.jsonl... [--sample N] [--threshold 0.8] [--min-tokens 8]

Brute force compares all distinct skeletons with RapidFuzz (`process.cdist`) and says which passages match one of
another document; the matcher finds theirs through bands of signatures. Each file is a corpus of its own, a JSON object
with a ``text`` a line. ``--sample N`` brute-forces N of the distinct skeletons only, always the same ones.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Indel

from detector.families import find_families
from detector.folding import plain
from detector.marks import find_marks
from detector.matches import Matches, find_matches
from detector.passages import Passages, split_passages
from detector.rules import load_rules
from detector.settings import Settings
from detector.tokens import SLOT_POINT, Tokens, join_block, tokenise

SLOT = "\U0010ffff"
"""Stands for a slot in a string: no character of any token, because it separates tokens."""

CELLS = 20_000_000
"""Ratios computed at once: 80 MB."""

ROUNDING = 1e-6
"""Ratios come as float32."""

SHORT = "8-20 tokens"
LONG = "over 20 tokens"


@dataclass(frozen=True, slots=True)
class Recall:
    """Of ``n_true`` passages with a true match in another document, ``n_found`` have a partner there."""

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

    tokens: Tokens
    passages: Passages
    family: NDArray[np.int64]


def prepare(path: Path) -> Prepared:
    """The tokens, passages and families of a JSONL file."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    texts = [row["text"] for row in sorted(rows, key=lambda row: str(row.get("id", "")))]
    block, rules = join_block(texts), load_rules(Settings())
    marks = [
        (int(base) + hit.start, int(base) + hit.end)
        for base, text in zip(block.starts, texts, strict=True)
        for hit in find_marks(plain(text), rules)
    ]
    tokens = tokenise(block, marks)
    family = find_families(tokens, threshold=Settings().family_jaccard, seed=Settings().seed).number
    return Prepared(tokens, split_passages(block, tokens, marks), family)


def skeletons(corpus: Prepared, matches: Matches) -> list[str]:
    """Each distinct skeleton as a string."""
    tokens, passages = corpus.tokens, corpus.passages
    _, first = np.unique(matches.distinct, return_index=True)
    rows = matches.passage[first]
    start, end = (tokens.point_indptr[passages.tokens[rows + side]].tolist() for side in (0, 1))
    points = "".join(SLOT if point == SLOT_POINT else chr(point) for point in tokens.points.tolist())
    return [points[a:b] for a, b in zip(start, end, strict=True)]


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


def has_true_match(
    matches: Matches, document: NDArray[np.int64], rows: Sequence[str], threshold: float, chosen: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """For each passage whose skeleton is chosen whether another document has a true match of it."""
    n = len(rows)
    pairs = true_pairs(rows, threshold, chosen)
    lowest, highest = np.full(n, np.iinfo(np.int64).max), np.full(n, -1)
    np.minimum.at(lowest, matches.distinct, document)
    np.maximum.at(highest, matches.distinct, document)
    near_low, near_high = lowest.copy(), highest.copy()
    np.minimum.at(near_low, pairs[:, 0], lowest[pairs[:, 1]])
    np.maximum.at(near_high, pairs[:, 0], highest[pairs[:, 1]])
    elsewhere = (near_low[matches.distinct] != document) | (near_high[matches.distinct] != document)
    return np.asarray(elsewhere & chosen[matches.distinct])


def measure(
    path: Path, *, threshold: float = 0.80, min_tokens: int = 8, sample: int | None = None
) -> dict[str, Recall]:
    """The recall on one file, for short and long passages apart."""
    corpus = prepare(path)
    matches = find_matches(
        corpus.tokens, corpus.passages, corpus.family, threshold=threshold, min_tokens=min_tokens, seed=Settings().seed
    )
    document = corpus.passages.document[matches.passage]
    rows = skeletons(corpus, matches)
    true = has_true_match(matches, document, rows, threshold, sampled(len(rows), sample))
    n_tokens = np.diff(corpus.passages.tokens)[matches.passage]
    found = matches.partner >= 0
    return {
        name: Recall(int((true & found & chosen).sum()), int((true & chosen).sum()))
        for name, chosen in ((SHORT, n_tokens <= 20), (LONG, n_tokens > 20))
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.jsonl")
    parser.add_argument("--sample", type=int, help="brute-force only so many distinct skeletons")
    parser.add_argument("--threshold", type=float, default=0.80)
    parser.add_argument("--min-tokens", type=int, default=8)
    chosen = parser.parse_args(arguments)
    print(f"{'corpus':40} {'passages':>16} {'found':>8} {'true':>8} {'recall':>8} {'seconds':>8}")
    for path in chosen.files:
        begin = time.perf_counter()
        measured = measure(path, threshold=chosen.threshold, min_tokens=chosen.min_tokens, sample=chosen.sample)
        seconds = time.perf_counter() - begin
        measured["all"] = measured[SHORT] + measured[LONG]
        for name, recall in measured.items():
            share = "-" if recall.share is None else f"{recall.share:.4f}"
            where = f"{path.parent.name}/{path.name}"[-40:]
            print(f"{where:40} {name:>16} {recall.n_found:8} {recall.n_true:8} {share:>8} {seconds:8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
