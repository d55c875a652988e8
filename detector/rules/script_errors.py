"""Characters that a machine chose wrongly, found in all texts of a block at once.

`detector.rules.artefacts.script_errors_of` is the definition, and looks for each character by itself: a fifth of a
second for two thousand documents. Here all words in which one is wrong, or right after all, are triggers of one
compiled pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.rules.artefacts import KANA_SHARE, TRADITIONAL_SHARE, artefact_table
from detector.rules.places import Triggers, find_places, make_triggers
from detector.text.texts import Texts


class ScriptErrors(NamedTuple):
    """Wrong characters by document and place (int64); ``evidence`` is a row of `evidence_of_errors`."""

    document: NDArray[np.int64]
    start: NDArray[np.int64]
    evidence: NDArray[np.int64]


class _Words(NamedTuple):
    """The words of all rows; the entries of trigger t are ``indptr[t]`` to ``indptr[t + 1]`` (int64 all).

    ``row`` is the character's row, ``offset`` its place in the word, ``order`` is -1 where the word shows it to be
    right, otherwise its rank among the words of the row, the longest first.
    """

    triggers: Triggers
    indptr: NDArray[np.int64]
    row: NDArray[np.int64]
    offset: NDArray[np.int64]
    order: NDArray[np.int64]
    evidence: NDArray[np.int64]


@cache
def _words() -> tuple[_Words, list[Mapping[str, Any]]]:
    entries: dict[str, list[tuple[int, int, int, int]]] = {}
    evidence: list[Mapping[str, Any]] = []
    for number, row in enumerate(artefact_table().characters):
        for word in row.unless:
            entries.setdefault(word, []).append((number, word.index(row.wrong), -1, -1))
        for order, word in enumerate(sorted(row.words, key=len, reverse=True)):
            entries.setdefault(word, []).append((number, word.index(row.wrong), order, len(evidence)))
            evidence.append({"word": word, "expected": word.replace(row.wrong, row.right)})
    triggers = make_triggers(entries, {}, ())
    rows = [entry for name in triggers.names for entry in entries[name]]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    indptr = np.cumsum([0, *(len(entries[name]) for name in triggers.names)], dtype=np.int64)
    return _Words(triggers, indptr, *columns), evidence


def evidence_of_errors() -> list[Mapping[str, Any]]:
    """What a wrong character can have as evidence: its word, and what it should be."""
    return _words()[1]


def is_traditional_by_counts(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """`detector.rules.artefacts.is_traditional_by` of each row."""
    n_han, n_kana, n_changed = counts.T
    return np.asarray((n_han > 0) & (n_kana <= KANA_SHARE * n_han) & (n_changed >= TRADITIONAL_SHARE * n_han))


def find_script_errors_in(texts: Texts, documents: NDArray[np.int64]) -> ScriptErrors:
    """The wrong characters of some documents (ascending) that are traditional, by document and place."""
    words, _ = _words()
    size = texts.stop[documents] - texts.start[documents]
    bounds = np.concatenate((np.zeros(1, np.int64), np.cumsum(size)))
    points = np.zeros(int(bounds[-1]) + 3, dtype=texts.points.dtype)
    spans = np.stack((texts.start[documents], texts.stop[documents], bounds[:-1]), axis=1)
    for start, stop, at in spans.tolist():
        points[at : at + stop - start] = texts.points[start:stop]
    place, trigger = find_places(points, bounds, words.triggers)
    n_entries = np.diff(words.indptr)[trigger]
    entry = np.arange(n_entries.sum()) + np.repeat(words.indptr[trigger] - np.cumsum(n_entries) + n_entries, n_entries)
    at = np.repeat(place, n_entries) + words.offset[entry]
    row, order = words.row[entry], words.order[entry]
    key = at * len(artefact_table().characters) + row
    wrong = np.flatnonzero((order >= 0) & ~np.isin(key, key[order < 0]))
    wrong = wrong[np.lexsort((order[wrong], key[wrong]))]
    at = at[wrong]
    first = np.diff(at, prepend=-1) > 0
    at, own = at[first], np.searchsorted(bounds, at[first], side="right") - 1
    return ScriptErrors(documents[own], at - bounds[own], words.evidence[entry[wrong[first]]])
