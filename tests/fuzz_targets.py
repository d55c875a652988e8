"""What fuzzers call: each takes any bytes, and raises where the program does not keep what it promises.

`scripts/fuzz.py` lets atheris choose the bytes, `tests/test_fuzz.py` Hypothesis, and both replay what crashed once:
``tests/data/fuzz/TARGET/``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from corpora import check_scan

from detector.errors import DetectorError
from detector.machine.workspace import Workspace
from detector.pipeline import scan
from detector.records.reading import Reader
from detector.rules.hits import find_hits
from detector.rules.junk import find_junk
from detector.rules.marks import find_marks
from detector.rules.rule_tables import RuleTable, load_rules
from detector.settings import Settings
from detector.text.folding import code_points, fold, from_code_points, plain
from detector.text.texts import Texts

ENDINGS = (
    "jsonl", "txt", "json", "csv", "tsv", "parquet", "jsonl.gz", "jsonl.zst", "json.xz", "csv.bz2", "txt.gz", "txt.zst",
)  # fmt: skip
"""The first byte of the data says which of them a file has."""


def text_of(data: bytes) -> str:
    """Any bytes as a text; those that are no UTF-8 are lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def reading(data: bytes) -> None:
    """A file of any bytes is read or refused; row by row and in blocks the same is read."""
    ending = ENDINGS[data[0] % len(ENDINGS)] if data else "txt"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"in.{ending}")
        path.write_bytes(data[1:])
        try:
            reader = Reader(path)
            rows = [(item.id, item.text, item.series, item.row) for item in reader]
            problems = reader.n_problems
            blocks = [
                (name, block.text(at), series, row)
                for block in reader.blocks()
                for at, (name, series, row) in enumerate(zip(block.ids, block.series, block.rows, strict=True))
            ]
        except DetectorError as error:
            assert "\n" not in str(error)
            return
    assert len({row[0] for row in rows}) == len(rows)
    if ending != "parquet":  # of which blocks read the columns that are used only
        assert rows == blocks
        assert problems == reader.n_problems
    assert all("\n" not in problem.message for problem in reader.problems)


def folding(data: bytes) -> None:
    """Both forms have the length of the text, and folding once is folding twice."""
    text = text_of(data)
    assert from_code_points(code_points(text)) == text
    for form in (plain, fold):
        once = form(text)
        assert len(once) == len(text)
        assert form(once) == once


@cache
def table() -> RuleTable:
    """The built-in rules."""
    return load_rules(Settings())


def rules(data: bytes) -> None:
    """Rules find in a corpus what their definitions find in one text, and all of it lies in the text."""
    text = text_of(data)
    folded = plain(text)
    with Workspace() as work:
        found = find_hits(Texts.of([text, text]), table(), work)
    for hits, alone in ((found.marks, find_marks(folded, table())), (found.junk, find_junk(text, folded, table()))):
        expected = sorted((hit.start, hit.end) for hit in alone)
        for row in range(2):
            here = slice(int(hits.indptr[row]), int(hits.indptr[row + 1]))
            spans = sorted(zip(hits.start[here].tolist(), hits.end[here].tolist(), strict=True))
            assert spans == expected
            assert all(0 <= start < end <= len(text) for start, end in spans)


def scanning(data: bytes) -> None:
    """A scan of up to four documents adds up."""
    texts = text_of(data[:4000]).split("\n\n", 3)
    check_scan(scan({f"d{row}": text for row, text in enumerate(texts)}))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "reading": reading,
    "folding": folding,
    "rules": rules,
    "scanning": scanning,
}
