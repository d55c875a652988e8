"""Every example of a docstring runs, and the Python interface is what the contract says."""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import pkgutil
from pathlib import Path

import pytest
from corpora import LINES, gibberish

import detector
from detector import model
from detector.results import index
from detector.thresholds.decisions import Thresholds

INTEGRATIONS = {"detector.filtering.datatrove_filter"}
"""Modules that need an optional package; `make integrations` imports and tests them beside the real one."""

MODULES = sorted({item.name for item in pkgutil.walk_packages(detector.__path__, "detector.")} - INTEGRATIONS)
EXAMPLES = (
    "detector.model",
    "detector.tables.score",
    "detector.settings",
    "detector.matching.phrases",
    "detector.results.writing",
)
"""Modules whose docstrings are known to hold examples, so that a runner that finds none fails."""


@pytest.mark.parametrize("name", ["detector", *(name for name in MODULES if not name.endswith("__main__"))])
def test_examples_of(name: str) -> None:
    module = importlib.import_module(name)
    result = doctest.testmod(module)
    assert result.failed == 0
    assert result.attempted > 0 or name not in EXAMPLES


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_says_what_it_is(name: str) -> None:
    if name.endswith("__main__"):
        return
    module = importlib.import_module(name)
    assert (module.__doc__ or "").strip().endswith((".", "``", ")", "?")) or name == "detector.version"
    for public, value in vars(module).items():
        if public.startswith("_") or getattr(value, "__module__", None) != name:
            continue
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, f"{name}.{public}"


# the interface of the contract


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rows = [{"id": f"d{row}", "text": gibberish(row) + LINES[0]} for row in range(3)]
    found = tmp_path / "in.jsonl"
    found.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return found


def test_scan_takes_paths_documents_and_texts(path: Path) -> None:
    documents = list(detector.read(path))
    assert [(document.id, document.row, document.source) for document in documents] == [
        ("d0", 1, "in.jsonl"),
        ("d1", 2, "in.jsonl"),
        ("d2", 3, "in.jsonl"),
    ]
    results = [
        detector.scan(path),
        detector.scan(str(path)),
        detector.scan([path]),
        detector.scan(documents),
        detector.scan(iter(documents)),
        detector.scan({document.id: document.text for document in documents}),
        detector.scan(path, detector.Settings()),
    ]
    for result in results:
        assert isinstance(result, detector.Scan)
        assert [document.id for document in result.documents] == ["d0", "d1", "d2"]
        assert result.findings == results[0].findings
        assert result.clusters == results[0].clusters


def test_a_scan_has_its_tables_writes_and_reports(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = detector.scan(path)
    for table, row in (
        (result.documents, model.DocumentScore),
        (result.findings, model.Finding),
        (result.clusters, model.Cluster),
        (result.members, model.Member),
        (result.phrases, model.Phrase),
    ):
        assert table
        assert {type(item) for item in table} == {row}
    result.write(tmp_path / "scan")
    result.report()
    assert "in these 3 documents" in " ".join(capsys.readouterr().out.split())
    opened = detector.open(tmp_path / "scan")
    assert isinstance(opened, index.Scan)
    assert opened.findings == result.findings
    opened.report(limit=1)
    assert capsys.readouterr().out


def test_filter(path: Path, tmp_path: Path) -> None:
    result = detector.scan(path)
    summary = detector.filter([path], result, tmp_path / "out", Thresholds(min_originality=0.1))
    assert (summary.n_documents, summary.n_kept) == (3, 3)
    assert (tmp_path / "out" / "kept" / "in.jsonl").read_bytes() == path.read_bytes()


def test_errors_of_every_kind_are_one(tmp_path: Path) -> None:
    with pytest.raises(detector.DetectorError):
        detector.scan(tmp_path / "nothing")
    with pytest.raises(detector.DetectorError):
        detector.open(tmp_path)
    with pytest.raises(detector.DetectorError):
        detector.read(tmp_path / "nothing")
    with pytest.raises(detector.DetectorError):
        detector.Settings(match_ratio=2)
    with pytest.raises(detector.DetectorError):
        detector.Settings.from_mapping({"nothing": 1})


def test_the_package_names_what_it_has() -> None:
    assert all(getattr(detector, name) is not None for name in detector.__all__)
    assert {"scan", "open", "filter", "read", "Settings", "DetectorError", "Scan", "Document"} <= set(detector.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        detector.nothing  # noqa: B018
