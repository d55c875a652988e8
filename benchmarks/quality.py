"""What a tool found in a made corpus, held against what was planted there."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from corpus import Copy, shingles, truth_path

THRESHOLD = 0.7


class Answer(NamedTuple):
    """What was found: ``form`` is ``pairs`` or ``clusters`` of rows, the rows ``dropped``, or the share of a ``mask``.

    ``stages`` are the seconds that a scan says its steps took.
    """

    form: str
    rows: list[Any]
    stages: Mapping[str, float] = MappingProxyType({})


class Quality(NamedTuple):
    """Of planted pairs at the threshold or above, the share found; of what was claimed, the share that is right."""

    recall: float | None
    precision: float | None
    n_planted: int
    n_claims: int


class Truth:
    """The planted copies and the texts of a corpus, read as they are needed."""

    def __init__(self, corpus: Path) -> None:
        self.copies = [Copy(*row) for row in json.loads(truth_path(corpus).read_text("utf-8"))["copies"]]
        self.source = {copy.copy: copy.source for copy in self.copies}
        with corpus.open("rb") as lines:
            self._starts = [0]
            self._starts += (self._starts[-1] + len(line) for line in lines)
        self._corpus = corpus
        self._jaccard = {(copy.source, copy.copy): copy.n_common / copy.n_union for copy in self.copies}

    def planted(self) -> Iterator[tuple[int, int]]:
        """Source and copy of every planted pair at the threshold or above."""
        return (copy[:2] for copy in self.copies if copy.n_common >= THRESHOLD * copy.n_union)

    def jaccard(self, one: int, other: int) -> float:
        """The exact Jaccard of two rows."""
        pair = (min(one, other), max(one, other))
        if pair not in self._jaccard:
            left, right = (shingles(self._text(row)) for row in pair)
            self._jaccard[pair] = len(left & right) / len(left | right)
        return self._jaccard[pair]

    def relatives(self) -> dict[int, list[int]]:
        """The rows of each source and its copies, by source."""
        rows: dict[int, list[int]] = defaultdict(list)
        for copy, source in self.source.items():
            rows[source] = [*(rows[source] or [source]), copy]
        return rows

    def _text(self, row: int) -> str:
        with self._corpus.open("rb") as file:
            file.seek(self._starts[row])
            text: str = json.loads(file.readline())["text"]
            return text


def read_answer(path: Path) -> Answer:
    """The answer that a peer's program wrote."""
    written = json.loads(path.read_text("utf-8"))
    return Answer(written["form"], written["rows"])


def scan_answer(folder: Path) -> Answer:
    """The families of a scan of a made corpus, whose ids are rows: each head with its duplicates."""
    families: dict[int, list[int]] = defaultdict(list)
    with (folder / "documents.jsonl").open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["duplicate_of"] is not None:
                families[int(row["duplicate_of"])].append(int(row["id"]))
    stages = json.loads((folder / "summary.json").read_text("utf-8"))["run"]["seconds"]
    return Answer("clusters", [[head, *rows] for head, rows in sorted(families.items())], stages)


def judge(answer: Answer, truth: Truth) -> Quality:
    """Recall of planted pairs and precision of claims.

    A planted pair is found if both rows are in one cluster (pairs are joined to clusters first, as whoever drops copies
    would), or if one of the two is dropped. A claim is a pair, which is right at an exact Jaccard of the
    threshold; or a row of a cluster or a dropped row, which is right if any row of its cluster, or of those planted as
    its relatives, reaches the threshold.
    """
    planted = list(truth.planted())
    if answer.form == "mask":
        return Quality(None, None, len(planted), 0)
    if answer.form == "dropped":
        gone = set(answer.rows)
        n_found = sum(one in gone or other in gone for one, other in planted)
        relatives = truth.relatives()
        claims = [_near_any(row, relatives.get(truth.source.get(row, row), ()), truth) for row in answer.rows]
    else:
        number = clustered(answer)
        n_found = sum(one in number and number[one] == number.get(other) for one, other in planted)
        if answer.form == "pairs":
            claims = [truth.jaccard(one, other) >= THRESHOLD for one, other in answer.rows]
        else:
            claims = [_near_any(row, rows, truth) for rows in answer.rows for row in rows]
    return Quality(
        n_found / len(planted) if planted else None,
        sum(claims) / len(claims) if claims else None,
        len(planted),
        len(claims),
    )


def clustered(answer: Answer) -> dict[int, int]:
    """The number of each row's connected component; rows without a partner have none."""
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        while parent.setdefault(row, row) != row:
            parent[row] = row = parent[parent[row]]
        return row

    for first, *others in answer.rows:
        for other in others:
            low, high = sorted((root(first), root(other)))
            parent[high] = low
    return {row: root(row) for row in list(parent)}


def _near_any(row: int, others: Sequence[int], truth: Truth) -> bool:
    """Whether a row reaches the threshold with another; its planted source, asked first, nearly always tells."""
    source = truth.source.get(row)
    ordered = sorted((other for other in others if other != row), key=lambda other: other != source)
    return any(truth.jaccard(row, other) >= THRESHOLD for other in ordered)
