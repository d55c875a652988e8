"""What shows a text to be a page: a logistic regression on evidence that the odds of its lines give."""

from __future__ import annotations

import numpy as np
from labelled_pages import THINNED, Flags, Floats, Pages
from numpy.typing import NDArray

from detector.rules.page_model import gather_evidence
from detector.rules.pages import FEATURES

PENALTY = 1e-3
"""What a weight's square costs, beside the loss of a text: odds of some pages say little of those of others."""

STEPS = 50
"""Newton steps; ten are enough for steps below the digits that are written."""

ODDS_OF_PAGE = 0.5
"""Log odds that a text which a scan looks at is a page, all else being equal: no plain document becomes one by it."""

LEAST_JUNK = 5
"""Lines of junk that a labelled text must have to be an example of a page: samples of documents are labelled too."""


def evidence_of(pages: Pages, odds: Floats) -> Floats:
    """What speaks for each text being a page (texts x `EVIDENCE`)."""
    indptr = np.append(0, np.cumsum(np.bincount(pages.text, minlength=len(pages.site))))
    length, repeats = (np.ascontiguousarray(pages.features[:, FEATURES.index(name)]) for name in ("length", "repeats"))
    counts = np.rint(np.exp(repeats)).astype(np.int32)
    return gather_evidence(odds, counts, length, indptr, pages.signs)


def fit_gate(pages: Pages, evidence: Floats, texts: Flags) -> Floats:
    """The weights by some of the texts, those that a scan looks at, and what is added.

    All documents that are no pages together weigh as much as all pages; copies of pages are none of these.
    """
    n_junk = np.bincount(pages.text, pages.label == 1, len(pages.site))
    is_page = (n_junk >= LEAST_JUNK) & (np.array(pages.corpus) != THINNED)
    seen = texts & (pages.signs > 0) & (pages.plain | is_page)
    plain = pages.plain[seen]
    weights = _logistic(evidence[seen], ~plain, np.where(plain, (~plain).sum() / max(plain.sum(), 1), 1.0))
    weights[-1] += ODDS_OF_PAGE
    return weights


def _logistic(values: Floats, is_page: Flags, weight: Floats) -> Floats:
    """Weights of raw values and what is added, by Newton steps on values of mean 0 and deviation 1."""
    mean, deviation = values.mean(axis=0), values.std(axis=0) + 1e-9
    columns = np.column_stack(((values - mean) / deviation, np.ones(len(values))))
    penalty = np.full(columns.shape[1], PENALTY * weight.sum())
    penalty[-1] = 0.0
    found: NDArray[np.float64] = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        share = 1 / (1 + np.exp(-columns @ found))
        slope = columns.T @ (weight * (share - is_page)) + penalty * found
        bend = (columns * (weight * share * (1 - share))[:, None]).T @ columns + np.diag(penalty)
        found -= np.linalg.solve(bend, slope)
    found[:-1] /= deviation
    found[-1] -= found[:-1] @ mean
    return np.round(found, 4)
