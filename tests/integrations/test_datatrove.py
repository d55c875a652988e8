"""The step of a datatrove pipeline, in a real one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from detector.errors import ScanError
from detector.thresholds.decisions import Thresholds

from .conftest import ROWS, SHARED

pytest.importorskip("datatrove", reason="datatrove is not installed: make integrations")

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from detector.filtering.datatrove_filter import ScanFilter


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # datatrove leaves its files open
def test_a_pipeline_keeps_drops_cleans_and_annotates(
    tmp_path: Path, corpus: Path, scanned: Callable[..., Path]
) -> None:
    step = ScanFilter(
        scanned([corpus]),
        Thresholds(max_unfilled=0.2),
        families="keep-first",
        strip=("junk",),
        exclusion_writer=JsonlWriter(f"{tmp_path}/dropped", compression=None),
    )
    kept = JsonlWriter(f"{tmp_path}/kept", compression=None)
    reader = JsonlReader(str(corpus.parent), id_key="id")
    LocalPipelineExecutor([reader, step, kept], tasks=1, logging_dir=f"{tmp_path}/logs").run()

    def rows(name: str) -> dict[str, dict[str, object]]:
        lines = [line for path in (tmp_path / name).glob("*.jsonl") for line in path.open(encoding="utf-8")]
        return {row["id"]: row for row in map(json.loads, lines)}

    assert rows("kept").keys() == {"east", "copy"}
    assert rows("kept")["east"]["metadata"]["detector_originality"] == 1.0
    reasons = {name: row["metadata"]["filter_reason"] for name, row in rows("dropped").items()}
    assert reasons == {"north": "max_unfilled", "south": "family"}
    assert rows("dropped")["south"]["metadata"]["detector_duplicate_of"] == "copy"


def test_parts_are_cut_out(corpus: Path, scanned: Callable[..., Path]) -> None:
    step = ScanFilter(scanned([corpus]), strip=("shared",))
    document = Document(text=ROWS[0]["text"], id="north")
    assert step.filter(document) is True
    assert document.text == ROWS[0]["text"].replace(SHARED, "")


@pytest.mark.parametrize(("name", "text"), [("west", "no such document"), ("north", "another text")])
def test_what_was_not_scanned_is_refused(corpus: Path, scanned: Callable[..., Path], name: str, text: str) -> None:
    step = ScanFilter(scanned([corpus]))
    with pytest.raises(ScanError, match=name):
        step.filter(Document(text=text, id=name))
