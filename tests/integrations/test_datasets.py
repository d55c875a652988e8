"""Folders of the `datasets` package, in and out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import detector
from detector.thresholds.decisions import Thresholds

from .conftest import ROWS

datasets = pytest.importorskip("datasets", reason="datasets is not installed: make integrations")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    rows = [{**row, "meta": {"tags": [row["id"], None], "score": 0.5}} for row in ROWS]
    train = datasets.Dataset.from_list(rows)
    datasets.DatasetDict({"train": train, "test": train.select([2])}).save_to_disk(tmp_path / "saved")
    return tmp_path / "saved"


def test_a_folder_is_filtered_into_a_folder(tmp_path: Path, saved: Path, scanned: Callable[..., Path]) -> None:
    scan = detector.open(scanned([saved]))
    assert len(scan.documents) == 5
    detector.filter([saved], scan, tmp_path / "clean", Thresholds(max_unfilled=0.2), families="keep-first", strip=())
    before = datasets.load_from_disk(str(saved))
    kept, dropped = (datasets.load_from_disk(str(tmp_path / "clean" / name)) for name in ("kept", "dropped"))
    kept_ids = {name: split["id"] for name, split in kept.items()}
    assert {name: list(ids) for name, ids in kept_ids.items()} == {"train": ["copy"], "test": ["east"]}
    assert kept["train"].features == before["train"].features
    assert kept["train"][0] == before["train"][3]
    rules = {row["id"]: row["reasons"] for row in dropped["train"]}
    assert "max_unfilled" in rules["north"]
    assert "family" in rules["south"]


def test_map_adds_what_a_scan_says(saved: Path, scanned: Callable[..., Path]) -> None:
    documents = {document.id: document for document in detector.open(scanned([saved / "train"])).documents}
    train = datasets.load_from_disk(str(saved))["train"]
    found = train.map(lambda row: {"originality": documents[row["id"]].originality})
    assert found["originality"][2] == 1.0
    assert len(found.filter(lambda row: row["originality"] > 0.5)) < len(found)
