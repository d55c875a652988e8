"""No shared text loses its last holder: of documents that fall only for what they share, some are spared.

Two documents that have half of their text from each other are both "not original"; dropping both would lose the text.
So every block and passage of ``clusters.jsonl`` keeps a member, unless all of its members fall by themselves, for their
junk, their blanks, their length. Near-copies of a document are the family's business, and not looked at here.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from detector.tables.columns import CLUSTER_LEVELS

_LEVELS = tuple(CLUSTER_LEVELS.index(level) for level in ("block", "passage"))


class LastCopies:
    """Which documents hold which cluster, as columns: ``run`` and ``document``, int32, a row a member."""

    def __init__(self, members: Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> None:
        runs: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
        documents: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
        last, n = -1, -1
        for keys, rows in members:
            known = np.isin(keys & 7, _LEVELS)
            keys, rows = keys[known], rows[known]
            if not len(keys):
                continue
            begins = np.concatenate(([keys[0] != last], keys[1:] != keys[:-1]))
            run = n + np.cumsum(begins)
            last, n = int(keys[-1]), int(run[-1])
            runs.append(run.astype(np.int32))
            documents.append(rows.astype(np.int32))
        self._run, self._document, self._n = np.concatenate(runs), np.concatenate(documents), n + 1

    def spared(
        self, kept: NDArray[np.bool_], candidates: NDArray[np.bool_], has_blanks: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Which of the candidates are kept beside ``kept``, so that no cluster loses its last holder (all bool).

        A document whose blanks are filled comes before one that has some left, then those that hold most such
        clusters, then those with the lowest row: a short list is found, if not the shortest.
        """
        found = np.zeros(len(kept), np.bool_)
        held = np.zeros(self._n, np.bool_)
        held[self._run[kept[self._document]]] = True
        rows = np.flatnonzero(~held[self._run] & candidates[self._document])
        pairs = np.unique(np.stack((self._document[rows], self._run[rows])), axis=1)
        documents, begins, counts = np.unique(pairs[0], return_index=True, return_counts=True)
        for place in np.lexsort((documents, -counts, has_blanks[documents])).tolist():
            runs = pairs[1][begins[place] : begins[place] + counts[place]]
            if not held[runs].all():
                held[runs] = True
                found[documents[place]] = True
        return found
