"""Span attributes beside the data, read by dolma's mixer."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detector.cli import main

from .conftest import ROWS, SHARED

DOLMA = os.environ.get("DOLMA")
"""The command of an environment of its own: dolma does not install beside what the other tests here need."""

pytestmark = pytest.mark.skipif(DOLMA is None, reason="the variable DOLMA names no dolma: make integrations")


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a compressed file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def mixed(root: Path, **stream: Any) -> dict[str, str]:
    """The texts by id that dolma's mixer makes of the documents and attributes below a folder."""
    config = {
        "streams": [
            {
                "name": "mixed",
                "documents": [f"{root}/documents/*"],
                "attributes": ["detector"],
                "output": {"path": f"{root}/mixed", "max_size_in_bytes": 1 << 20},
                **stream,
            }
        ],
        "work_dir": {"input": f"{root}/in", "output": f"{root}/out"},
        "processes": 1,
    }
    (root / "mix.json").write_text(json.dumps(config))
    for name in ("in", "out"):
        (root / name).mkdir()
    assert DOLMA is not None
    command = [DOLMA, "-c", str(root / "mix.json"), "mix"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows = [row for path in (root / "mixed").iterdir() for row in rows_of(path)]
    return {row["id"]: row["text"] for row in rows}


@pytest.fixture
def root(tmp_path: Path, corpus: Path, scanned: Callable[..., Path]) -> Path:
    """A folder with documents and our attributes as dolma lays them out."""
    with gzip.open(corpus.with_name("part.jsonl.gz"), "wb") as file:
        file.write(corpus.read_bytes())
    corpus.unlink()
    folder = scanned([corpus.parent])
    with pytest.raises(SystemExit) as stopped:
        main(["attributes", str(corpus.parent), "--scan", str(folder), "--out", f"{tmp_path}/attributes/detector"])
    assert stopped.value.code == 0
    return tmp_path


def test_spans_are_replaced_where_they_stand(root: Path) -> None:
    spans = [{"span": "$.attributes.detector__shared", "min_score": 0.0, "replacement": ""}]
    found = mixed(root, span_replacement=spans)
    assert found.keys() == {row["id"] for row in ROWS}
    assert found["east"] == ROWS[2]["text"]
    assert found["north"] == ROWS[0]["text"].replace(SHARED, "")


def test_documents_are_dropped_by_an_attribute_of_the_whole(root: Path) -> None:
    exclude = ["$.attributes[?(@.detector__duplicate)]", "$@.attributes[?(@.detector__duplicate[0][2] >= 1.0)]"]
    found = mixed(root, filter={"exclude": exclude, "syntax": "jsonpath"})
    assert found.keys() == {"north", "east", "copy"}


def test_every_row_has_its_attributes(root: Path) -> None:
    rows = rows_of(root / "attributes/detector/part.jsonl.gz")
    assert [row["id"] for row in rows] == [row["id"] for row in ROWS]
    blank = rows[0]["attributes"]["detector__placeholder"][0]
    assert ROWS[0]["text"][blank[0] : blank[1]] == "X"
    assert rows[2]["attributes"]["detector__originality"] == [[0, len(ROWS[2]["text"]), 1.0]]
