"""What the words of a line say of it: a logistic regression on the words that the pages of enough sites have.

Plain counting would call a word junk because one site has it in all its menus; here a word must stand on some sites and
is weighed beside the others of its line. The draws come from the seed: the same lines give the same weights.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from detector.rules.page_model import MOST_OF_LINE, words_of_line
from detector.text.folding import SINGLE, character_table, plain

MIN_SITES, MIN_HAN_SITES = 6, 4
"""Sites that must have a word; fewer say more of the site than of pages. Single characters and pairs of them need
fewer, because few of the pages are Chinese."""

MIN_WEIGHT = 0.1
"""Words of less weight are left out."""

LONG_LINE, NAME_SHARE, NAME_TIMES = 80, 0.9, 2
"""A word that long lines write so often with a capital, behind their first word, and so many times, is taken for a name
and left out: whom the pages of some month are about says nothing of other pages."""

NEVER = 1 << 40
"""More sites than there are."""

DIGITS = 2
EPOCHS, RATE, PENALTY = 8, 0.3, 1e-3


class LineWords(NamedTuple):
    """Words of lines: those of line r are ``word[indptr[r]:indptr[r + 1]]`` (int64), numbers in ``names``.

    ``sites`` (int64): on how many sites a word must stand to be in the table.
    """

    indptr: NDArray[np.int64]
    word: NDArray[np.int64]
    names: list[str]
    sites: NDArray[np.int64]


class Weights(NamedTuple):
    """What each word says for each class of lines (float64, words x classes), and a line of none (float64, classes)."""

    weights: NDArray[np.float64]
    base: NDArray[np.float64]


def number_words(lines: Sequence[str], without: Collection[str] = ()) -> LineWords:
    """The words of raw lines; those of ``without`` are no words of the table, whatever they say."""
    number: dict[str, int] = {}
    word: list[int] = []
    indptr = [0]
    capitals: Counter[str] = Counter()
    written: Counter[str] = Counter()
    for line in lines:
        simple = plain(line)
        found = words_of_line(simple[:MOST_OF_LINE])
        word += sorted({number.setdefault(name, len(number)) for name in found})
        indptr.append(len(word))
        if len(line) >= LONG_LINE:
            for one in list(re.finditer(r"[^\W\d_]+", line))[1:]:
                written[simple[one.start() : one.end()]] += 1
                capitals[simple[one.start() : one.end()]] += one[0][0].isupper()
    classes = character_table().classes
    sites = np.array([MIN_HAN_SITES if classes[ord(name[0])] == SINGLE else MIN_SITES for name in number])
    for at, name in enumerate(number):
        if name in without or (written[name] >= NAME_TIMES and capitals[name] >= NAME_SHARE * written[name]):
            sites[at] = NEVER
    return LineWords(np.array(indptr), np.array(word, dtype=np.int64), list(number), sites)


def fit_words(
    words: LineWords,
    site: NDArray[np.int64],
    classes: Sequence[tuple[NDArray[np.bool_], NDArray[np.float64]]],
    rows: NDArray[np.bool_],
) -> Weights:
    """The weights by some lines; ``site`` (int64) of each line, for each class its members and the weights of lines.

    Lines of weight 0 are not read.
    """
    lines = np.repeat(np.arange(len(site)), np.diff(words.indptr))
    own = rows[lines]
    pairs = np.unique(words.word[own] * (int(site.max()) + 1) + site[lines[own]])
    n_sites = np.bincount(pairs // (int(site.max()) + 1), minlength=len(words.names))
    known = n_sites >= words.sites
    fits = [
        _fit(words.indptr, words.word, known, member, weight, np.flatnonzero(rows & (weight > 0)))
        for member, weight in classes
    ]
    table = np.stack([np.where(known, column, 0.0) for column, _ in fits], axis=1)
    table[np.abs(table).max(axis=1) < MIN_WEIGHT] = 0.0
    return Weights(np.round(table, DIGITS), np.round([base for _, base in fits], DIGITS))


def weigh_lines(words: LineWords, fitted: Weights, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What the words of some lines say (float64, lines x classes; 0 in the others)."""
    out = np.zeros((len(rows), len(fitted.base)))
    known = (fitted.weights != 0).any(axis=1)
    _weigh(words.indptr, words.word, known, fitted.weights, fitted.base, np.flatnonzero(rows), out)
    return out


@njit(cache=False, nogil=True)
def _fit(indptr, word, known, member, weight, rows):  # type: ignore[no-untyped-def]
    """Weights and base of one class by descent, each step weakened by the slopes so far (AdaGrad)."""
    np.random.seed(0)
    weights, slopes = np.zeros(len(known)), np.full(len(known), 1e-2)
    base, of_base = 0.0, 1e-2
    for _ in range(EPOCHS):
        np.random.shuffle(rows)
        for row in rows:
            n_known, total = 0, 0.0
            for at in range(indptr[row], indptr[row + 1]):
                if known[word[at]]:
                    n_known += 1
                    total += weights[word[at]]
            share = 1 / np.sqrt(max(n_known, 1))
            slope = weight[row] * (1 / (1 + np.exp(-base - total * share)) - member[row])
            of_base += slope**2
            base -= RATE * slope / np.sqrt(of_base)
            for at in range(indptr[row], indptr[row + 1]):
                one = word[at]
                if known[one]:
                    step = slope * share + PENALTY * weight[row] * weights[one]
                    slopes[one] += step**2
                    weights[one] -= RATE * step / np.sqrt(slopes[one])
    return weights, base


@njit(cache=False, nogil=True)
def _weigh(indptr, word, known, weights, base, rows, out):  # type: ignore[no-untyped-def]
    """The sums of the weights of known words over the square root of their number, and the base."""
    for row in rows:
        n_known = 0
        for at in range(indptr[row], indptr[row + 1]):
            if known[word[at]]:
                n_known += 1
                out[row] += weights[word[at]]
        out[row] = out[row] / np.sqrt(max(n_known, 1)) + base
