"""Hostile input: nothing crashes or runs, nothing leaves the output folder, nothing is lost silently, all is linear.

The full sizes are run by ``scripts/hostile.py``, which has the cases; ``make fuzz`` runs a tenth of them.
"""

from __future__ import annotations

import importlib.util
import json
import re
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from detector.cli import main
from detector.errors import printable
from detector.records import formats
from detector.records.reading import Reader
from detector.results.index import open_scan
from detector.tables.scan_files import OPTIONAL_TABLES, TABLES

ROOT = Path(__file__).parents[1]

FILES = {*(f"{name}.jsonl" for name in (*TABLES, *OPTIONAL_TABLES)), "report.html", "summary.json"}


@pytest.fixture(scope="module")
def hostile() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hostile", ROOT / "scripts" / "hostile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run_(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        return int(stopped.value.code or 0), *capsys.readouterr()

    return run_


EXPECTED: dict[str, tuple[int, int, dict[str, int]]] = {
    "one_long_line": (2, 0, {}),
    "one_long_word": (1, 0, {}),
    "empty_documents": (1000, 0, {}),
    "one_sentence_in_one": (1, 0, {}),
    "one_sentence_in_each": (100, 0, {}),
    "one_id": (100, 0, {"duplicate_id": 99}),
    "one_line_in_each": (100, 0, {}),
    "zero_width_flood": (4, 0, {}),
    "long_runs": (37, 0, {}),
    "deep_json": (1, 0, {"bad_json": 3}),
    "broken_bytes": (11, 0, {"bad_bytes": 10, "bad_encoding": 1}),
    "bomb": (1, 1, {"too_long": 1}),
    "bomb_of_text": (1, 1, {"too_long": 1}),
    "open_quote": (1, 1, {"too_long": 1}),
    "evil_names": (160, 0, {"duplicate_id": 133}),
}
"""Documents, exit code and problems of each case, made small, where a record of 3 MB is too long."""


@pytest.mark.parametrize("case", EXPECTED)
def test_each_case(hostile: ModuleType, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    scale = 2e-3 if case in ("deep_json", "bomb", "bomb_of_text", "open_quote") else 1e-4
    for module in ("formats", "file_rows", "json_rows", "table_rows"):
        monkeypatch.setattr(f"detector.records.{module}.MAX_RECORD", 3_000_000)
    source = hostile.CASES[case].write(tmp_path, scale)
    if case == "bomb_of_text":
        (tmp_path / "fine.txt").write_text(hostile.SENTENCE, "utf-8")
        source = tmp_path
    n_documents, code, problems = EXPECTED[case]
    ended, shown, told = run("scan", source, "--out", tmp_path / "out", "--json")
    assert ended == code, told
    summary = json.loads(shown)
    assert summary["corpus"]["n_documents"] == n_documents
    assert summary["problems"]["n"] == problems
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert sum(summary["totals"]["parts"].values()) == summary["corpus"]["n_chars"]
    assert formats.MAX_RECORD == 3_000_000


def test_every_case_is_tried(hostile: ModuleType) -> None:
    assert set(EXPECTED) == set(hostile.CASES)


@pytest.mark.parametrize("case", ["one_id", "deep_json", "long_runs", "zero_width_flood", "one_sentence_in_one"])
def test_ten_times_as_much_takes_no_hundred_times_as_long(
    hostile: ModuleType, run: Any, tmp_path: Path, case: str
) -> None:
    seconds = []
    for scale in (0.002, 0.02):
        folder = tmp_path / str(scale)
        folder.mkdir()
        source = hostile.CASES[case].write(folder, scale)
        began = time.process_time()
        assert run("scan", source, "--quiet")[0] == 0
        seconds.append(time.process_time() - began)
    assert seconds[1] < 25 * seconds[0] + 2.0


def steers(text: str) -> set[str]:
    """The characters of a text that could steer a terminal: controls, and marks that change the direction."""
    return {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs") and char != "\n"}


@pytest.fixture
def evil(hostile: ModuleType, run: Any, tmp_path: Path) -> Path:
    hostile.evil_names(tmp_path, 1.0)
    assert run("scan", tmp_path / "in.jsonl", "--out", tmp_path / "out", "--quiet")[0] == 0
    return tmp_path


def test_nothing_steers_the_terminal(hostile: ModuleType, run: Any, evil: Path) -> None:
    documents = Reader(evil / "in.jsonl")
    names = [document.id for document in documents if len(document.id) < 1000][::14]
    commands = [("scan", evil / "in.jsonl"), ("phrases", evil / "out"), ("templates", evil / "out")]
    commands += [("explain", evil / "out", f"--doc={name}") for name in names if "\0" not in name]
    for command in commands:
        code, shown, told = run(*command)
        assert code == 0, told
        assert steers(shown) == set(), command
        assert steers(told) == set(), command
        assert "owned" not in shown or "[bold red]owned" in shown or "0;owned" in shown, "markup was drawn"


def test_nothing_runs_in_the_report(evil: Path) -> None:
    page = (evil / "out" / "report.html").read_text("utf-8")
    assert steers(page) <= {"\u200b", "\u202e", "\u202c", "\u2066", "\u2069", "\u200e", "\u200f", "\ufeff", "\t"}
    for tag in ("<script>alert", "<img src=x", "<!-- -->", "</script><script>"):
        assert tag not in page
    assert not re.search(r"(href|src)\s*=\s*[\"']?\s*(javascript|file):", page)


def test_nothing_leaves_the_output_folder(run: Any, evil: Path) -> None:
    code, _, told = run(
        "filter", evil / "in.jsonl", "--scan", evil / "out", "--out", evil / "clean", "--max-drop", "1", "--quiet"
    )
    assert code == 0, told
    assert {path.name for path in evil.iterdir()} == {"in.jsonl", "out", "clean"}
    assert {path.name for path in (evil / "clean").rglob("*") if path.is_file()} <= {
        "in.jsonl", "removed.jsonl", "decisions.jsonl", "sources.jsonl", "summary.json",
    }  # fmt: skip


def test_every_document_is_there_under_its_own_id(hostile: ModuleType, evil: Path) -> None:
    scan = open_scan(evil / "out")
    ids = [document.id for document in scan.documents]
    assert len(set(ids)) == len(hostile.EVIL_IDS) * len(hostile.EVIL_TEXTS)
    assert set(hostile.EVIL_IDS) - {""} <= set(ids)
    assert {document.id for document in Reader(evil / "in.jsonl")} == set(ids)


def test_error_lines_are_one_line_that_steers_nothing(run: Any, tmp_path: Path) -> None:
    name = "\x1b[2J\u202e\n[red]x.jsonl"
    (tmp_path / name).write_bytes(b"\xff" * 10)
    code, shown, told = run("scan", tmp_path / name)
    assert (code, shown) == (1, "")
    assert steers(told) == set()
    assert printable("\u202e\x1b") == "\\x202e\\x1b"
