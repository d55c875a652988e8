"""A scan that was interrupted goes on with what it found, to the same bytes; what does not fit is refused."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpora import LINES, gibberish

from detector import pipeline
from detector.errors import OutputError, ScanError
from detector.machine.workspace import Workspace
from detector.pipeline import KINDS, STAGES, scan
from detector.records.reading import Reader
from detector.results import unfinished, writing
from detector.results.unfinished import Unfinished, unfinished_scan
from detector.results.writing import write_scan
from detector.settings import Settings
from detector.tables.scan_files import MANIFEST, OPTIONAL_TABLES, TABLES, UNFINISHED, check_target

KEPT = ["rules", "families", "matches", "clusters", "phrases", "found"]
"""In the order in which they are kept."""


class Killed(BaseException):
    """What ends a scan in these tests."""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    odd = "乙\ud800" + LINES[0] + "全县完成投资X亿元，增长X%。" * 5
    texts = [gibberish(row) + LINES[row % 3] + LINES[row % 2] for row in range(8)] + [odd, odd[3:], ""]
    rows = [{"id": f"d{row}", "text": text, "series": f"s{row % 2}"} for row, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(autouse=True)
def everything_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(unfinished, "SHARE", math.inf)


def run(
    corpus: Path, out: Path, *, killed_in: str | None = None, settings: Settings | None = None, **options: Any
) -> list[str]:
    """One scan into a folder, killed as a stage begins; returns what it announced."""
    settings, told = settings or Settings(), []

    def progress(stage: str, done: int, total: int) -> None:
        if stage == killed_in:
            raise Killed

    check_target(out)
    with Workspace(memory=1 << 28, workers=2) as work:
        kept = unfinished_scan(out, [corpus], settings, work, KINDS, announce=told.append, **options)
        write_scan(scan([corpus], settings, work=work, progress=progress, kept=kept), out, kept)
    return told


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder, without what may differ between runs."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    files["summary.json"] = json.dumps({**json.loads(files["summary.json"]), "run": None}).encode()
    return files


@pytest.mark.parametrize("stage", STAGES[1:])
def test_a_scan_goes_on_from_every_stage(corpus: Path, tmp_path: Path, stage: str) -> None:
    out = tmp_path / "out"
    run(corpus, tmp_path / "whole")
    with pytest.raises(Killed):
        run(corpus, out, killed_in=stage)
    n_kept = {"rules": 0, "tokens": 1, "families": 1, "junk": 2, "matches": 2, "clusters": 3, "phrases": 4, "scores": 5}
    if n_kept[stage]:
        assert list(manifest(out)["stages"]) == KEPT[: n_kept[stage]]
    told = run(corpus, out, resume=True)
    assert KEPT[0] in told[0] if n_kept[stage] else "anew" in told[0]
    assert contents(out) == contents(tmp_path / "whole")


def manifest(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / UNFINISHED / MANIFEST).read_text("utf-8"))
    return found


def test_what_was_found_is_not_computed_again(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    with pytest.raises(Killed):
        run(corpus, out, killed_in="scores")
    for name in ("find_hits", "find_families", "find_matches", "repeated", "cluster_columns"):
        monkeypatch.setattr(pipeline, name, not_again)
    run(corpus, out, resume=True)
    monkeypatch.undo()
    run(corpus, tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")


def not_again(*_: Any, **__: Any) -> Any:
    raise AssertionError("this was kept")


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_tables_that_were_written_are_not_written_again(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    settings, out = Settings(format=format), tmp_path / "out"
    run(corpus, tmp_path / "whole", settings=settings)
    name = "_write_parquet" if format == "parquet" else "_write_json"
    write: Callable[..., None] = getattr(writing, name)
    written: list[str] = []

    def until_the_third(directory: Path, table: str, *rest: Any) -> None:
        if len(written) == 2:
            raise Killed
        written.append(table)
        write(directory, table, *rest)

    monkeypatch.setattr(writing, name, until_the_third)
    with pytest.raises(Killed):
        run(corpus, out, settings=settings)
    tables = {*manifest(out)["tables"]}
    assert tables == {*written}
    written[:] = []

    def noted(directory: Path, table: str, *rest: Any) -> None:
        written.append(table)
        write(directory, table, *rest)

    monkeypatch.setattr(writing, name, noted)
    monkeypatch.setattr(pipeline, "tokenise_corpus", not_again)
    (out / ".clusters.jsonl.123.part").write_bytes(b"half")
    run(corpus, out, resume=True, settings=settings)
    assert {*written} == {*TABLES, *OPTIONAL_TABLES} - tables
    assert len(written) == len({*written})
    assert contents(out) == contents(tmp_path / "whole")


def test_a_table_that_was_changed_is_written_again(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(corpus, out)
    expected = contents(out)
    with Workspace() as work:
        kept = unfinished_scan(out, [corpus], Settings(), work, KINDS)
        made = scan([corpus], work=work, kept=kept)
        write_scan(made, out, Written(kept))
    assert contents(out) == expected


class Written(unfinished.Results):
    """Says that a table is there as soon as it was noted, and cuts it."""

    def __init__(self, kept: Unfinished) -> None:
        self._kept = kept

    def note_table(self, name: str, files: Any) -> None:
        files = list(files)
        self._kept.note_table(name, files)
        assert self._kept.has_table(name)
        data = files[0].read_bytes()
        files[0].write_bytes(data + b"\n")
        assert not self._kept.has_table(name)
        files[0].write_bytes(data)


def test_an_unfinished_scan_is_mentioned_by_the_next_one(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(Killed):
        run(corpus, out, killed_in="phrases")
    with pytest.raises(ScanError, match=r"unfinished scan \(kept: rules, families, matches, clusters\); continue"):
        run(corpus, out)
    shutil.rmtree(out / UNFINISHED)
    assert run(corpus, out) == []
    assert not (out / UNFINISHED).exists()


def test_an_unfinished_scan_is_no_input(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(corpus, tmp_path / "out", killed_in="phrases")
    (tmp_path / "out" / "documents.jsonl").write_text('{"text": "a row of a table"}\n', "utf-8")
    reader = Reader(tmp_path)
    assert {document.source for document in reader} == {"in.jsonl"}
    assert reader.n_problems == {"results": 1}


def test_what_a_scan_of_seconds_leaves_is_replaced(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished, "LEAST_SECONDS", 1e6)
    out = tmp_path / "out"
    run(corpus, tmp_path / "whole")
    write = writing.write_file
    monkeypatch.setattr(writing, "write_file", lambda path, pieces: stop(path, pieces, write))
    with pytest.raises(Killed):
        run(corpus, out)
    monkeypatch.setattr(writing, "write_file", write)
    assert {path.name for path in out.iterdir()} >= {UNFINISHED, "clusters.jsonl", "findings.jsonl"}
    assert not {path.name for path in out.iterdir()} & {"members.jsonl", "summary.json"}
    assert "takes its place" in run(corpus, out)[0]
    assert contents(out) == contents(tmp_path / "whole")


def stop(path: Path, pieces: Any, write: Callable[[Path, Any], None]) -> None:
    if path.name == "members.jsonl":
        raise Killed
    write(path, pieces)


def test_a_folder_of_tables_alone_is_a_users_own(tmp_path: Path) -> None:
    (tmp_path / "documents.jsonl").write_text("{}\n", "utf-8")
    with pytest.raises(OutputError, match="holds files and no scan"):
        check_target(tmp_path)


CHANGES: dict[str, Callable[[Path, Path], dict[str, Any]]] = {
    "setting match_ratio was 0.8 and is 0.9": lambda corpus, out: {"settings": Settings(match_ratio=0.9)},
    "the input in.jsonl has changed": lambda corpus, out: {"touched": corpus.write_bytes(corpus.read_bytes()[:-20])},
    "another version": lambda corpus, out: edited(out, "version", [0, 0, 0]),
    "rules or the protected": lambda corpus, out: edited(out, "rules", "0"),
    "file of stage 'families' is damaged": lambda corpus, out: damaged(out / UNFINISHED / "families.columns"),
    "the input has changed": lambda corpus, out: edited(out, "digest", "0"),
}


def edited(out: Path, name: str, value: Any) -> dict[str, Any]:
    (out / UNFINISHED / MANIFEST).write_text(json.dumps({**manifest(out), name: value}), "utf-8")
    return {}


def damaged(path: Path) -> dict[str, Any]:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return {}


@pytest.mark.parametrize("message", CHANGES)
def test_what_does_not_fit_is_refused(corpus: Path, tmp_path: Path, message: str) -> None:
    out = tmp_path / "out"
    with pytest.raises(Killed):
        run(corpus, out, killed_in="junk")
    options = CHANGES[message](corpus, out)
    options.pop("touched", None)
    before = manifest(out)
    with pytest.raises(ScanError, match=message) as error:
        run(corpus, out, resume=True, **options)
    assert "\n" not in str(error.value)
    assert "Remove that folder" in str(error.value)
    assert manifest(out) == before


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"stages": []}', b'{"stages": {}, "tables": {}}', b"\xff"])
def test_a_manifest_that_is_none_is_nothing_kept(corpus: Path, tmp_path: Path, data: bytes) -> None:
    out = tmp_path / "out"
    (out / UNFINISHED).mkdir(parents=True)
    (out / UNFINISHED / MANIFEST).write_bytes(data)
    assert "anew" in run(corpus, out, resume=True)[0]


def test_no_room_to_keep_anything_is_no_reason_to_stop(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    run(corpus, tmp_path / "whole")
    monkeypatch.setattr(unfinished.Columns, "write", full)
    told = run(corpus, tmp_path / "out")
    assert len(told) == 1
    assert "No space left" in told[0]
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_keeping_takes_a_small_part_of_the_time(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "SHARE", 0.04)
    monkeypatch.setattr(unfinished, "LEAST_SECONDS", 10.0)
    now = [0.0]
    monkeypatch.setattr(unfinished.time, "monotonic", lambda: now[0])
    with Workspace() as work:
        kept = unfinished_scan(tmp_path / "out", [corpus], Settings(), work, KINDS)
        kept.check_digest("")
        for seconds, size, is_kept in ((9.0, 10, False), (2.0, 10, True), (1.0, 1 << 26, False), (9.0, 1 << 26, True)):
            now[0] += seconds
            kept.result(f"stage {now[0]}", bytes_of, size)
            assert (f"stage {now[0]}" in kept.stages) == is_kept


def bytes_of(size: int) -> Any:
    import numpy as np

    return np.zeros(size, np.uint8)
