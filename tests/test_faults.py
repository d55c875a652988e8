"""Files that cannot be read to their end and disks that are full: one line, exit 1, and what was finished stays."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from detector.cli import main
from detector.errors import OutputError
from detector.machine.workspace import Workspace
from detector.records import formats
from detector.records.problems import N_EXAMPLES
from detector.records.reading import MAX_PROBLEMS, Reader
from detector.results.index import open_scan
from detector.settings import Settings

ROOT = Path(__file__).parents[1]

LINES = [
    json.dumps({"id": f"d{row}", "text": f"第{row}个村完成投资X亿元。"}, ensure_ascii=False) for row in range(2000)
]
DATA = ("\n".join(LINES) + "\n").encode()

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from detector.cli import main
main(sys.argv[2:])
"""
"""The command where no file may become larger: to a program that is a disk that is full."""


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """The command in this process: exit code, output, the last line of errors."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    out, errors = capsys.readouterr()
    return int(stopped.value.code or 0), out, (errors.splitlines() or [""])[-1]


def parquet(path: Path) -> None:
    pq.write_table(
        pa.table({"id": [f"d{row}" for row in range(5000)], "text": LINES[:1000] * 5}), path, row_group_size=500
    )


def cut(path: Path, share: float = 0.7) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "in.jsonl.gz": lambda path: (path.write_bytes(gzip.compress(DATA)), cut(path)),
    "in.jsonl.zst": lambda path: (path.write_bytes(zstandard.ZstdCompressor().compress(DATA)), cut(path)),
    "in.jsonl.xz": lambda path: (path.write_bytes(lzma.compress(DATA)), cut(path)),
    "in.parquet": lambda path: (parquet(path), cut(path)),
}


@pytest.mark.parametrize("level", ["passage", "document"])
@pytest.mark.parametrize("name", DAMAGES)
def test_a_truncated_file_is_one_line_and_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, level: str
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    DAMAGES[name](folder / name)
    (folder / "whole.jsonl").write_bytes(DATA)
    code, shown, line = run(capsys, "scan", folder, "--out", out, "--level", level, "--json")
    assert code == 1
    assert line.startswith(f"detector: {name}: ")
    assert "cut off" in line or "not a readable Parquet file" in line
    summary = json.loads(shown)
    assert summary["problems"]["n_files"] == 1
    assert summary["corpus"]["n_documents"] >= len(LINES)
    assert len(open_scan(out).documents) == summary["corpus"]["n_documents"]


def test_a_file_that_cannot_be_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jsonl", "b.jsonl", "c.jsonl"):
        (tmp_path / name).write_bytes(DATA.replace(b'"d', f'"{name}'.encode()))
    opened = Path.open

    def refuse(path: Path, *arguments: Any, **named: Any) -> Any:
        if path.name != "b.jsonl":
            return opened(path, *arguments, **named)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    code, shown, line = run(capsys, "scan", tmp_path, "--json")
    assert code == 1
    assert line == "detector: b.jsonl: cannot be read: Permission denied. What could be read is scanned."
    assert json.loads(shown)["corpus"]["n_documents"] == 2 * len(LINES)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_bytes(DATA)
    (tmp_path / "a.jsonl").chmod(0)
    code, _, line = run(capsys, "scan", tmp_path / "a.jsonl")
    assert (code, "Permission denied" in line) == (1, True)


def test_a_folder_or_a_pipe_with_the_name_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_bytes(DATA)
    (tmp_path / "b.jsonl").mkdir()
    os.mkfifo(tmp_path / "c.jsonl")
    (tmp_path / "d.jsonl").symlink_to(tmp_path / "nowhere")
    code, shown, line = run(capsys, "scan", tmp_path, "--json")
    assert code == 1
    assert line == "detector: c.jsonl: no regular file (and another file). What could be read is scanned."
    assert "d.jsonl: a link to nothing" in json.loads(shown)["problems"]["examples"]
    assert json.loads(shown)["corpus"]["n_documents"] == len(LINES)


def test_a_file_that_vanishes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(DATA)
    reader = Reader(tmp_path)
    (tmp_path / "b.jsonl").unlink()
    assert len(list(reader)) == len(LINES)
    assert [problem.message for problem in reader.problems] == ["b.jsonl: cannot be read: No such file or directory"]


@pytest.mark.parametrize("change", ["grows", "shrinks", "is written anew"])
@pytest.mark.parametrize("way", ["blocks", "records"])
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, change: str, way: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "a"}\n' * 200_000)
    reader = Reader(path)
    pieces = iter(getattr(reader, way)())
    next(pieces)
    if change == "grows":
        with path.open("ab") as file:
            file.write(b"{}")
    elif change == "shrinks":
        os.truncate(path, 1400)
    else:
        os.utime(path, (1, 1))
    for _ in pieces:
        pass
    messages = [problem.message for problem in reader.problems if problem.reason == "changed"]
    assert len(messages) == 1
    assert messages[0].startswith("a.jsonl: changed while it was read (")


def test_what_ended_a_file_is_told_before_all_else(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"{\n" * (2 * MAX_PROBLEMS))
    (tmp_path / "b.jsonl").write_bytes(DATA)
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(DATA)[:100])
    import detector

    problems = detector.scan(tmp_path).summary["problems"]
    assert problems["n"]["bad_json"] == 2 * MAX_PROBLEMS
    assert problems["n_files"] == 1
    assert problems["examples"][0].startswith("c.jsonl.gz: reading stopped, the gzip data is damaged or cut off")
    assert len(problems["examples"]) == N_EXAMPLES


LONG = b'{"text": "' + b"0" * 500_000 + b'"}\n'
FILES: dict[str, bytes] = {
    "in.jsonl": b'{"text": "a"}\n' + LONG,
    "wide.jsonl": ('{"text": "a"}\n' + LONG.decode()).encode("utf-16"),
    "gbk.jsonl": '{"text": "我们的工作"}\n'.encode("gb18030") + LONG,
    "in.json": b'[{"text": "a"}, ' + LONG + b"]",
    "single.json": LONG,
    "in.csv": b'id,text\n1,a\n2,"' + b"0,0\n" * 100_000,
    "in.txt": b"0" * 500_000,
    "in.txt.gz": gzip.compress(b"0" * 500_000),
    "in.jsonl.zst": zstandard.ZstdCompressor().compress(b'{"text": "a"}\n' + LONG),
}


@pytest.mark.parametrize("way", ["blocks", "records"])
@pytest.mark.parametrize("name", FILES)
def test_a_record_without_end_stops_the_reading_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, way: str
) -> None:
    for module in ("formats", "file_rows", "json_rows", "table_rows"):
        monkeypatch.setattr(f"detector.records.{module}.MAX_RECORD", 40_000)
    for module, constant in (("formats", "CHUNK"), ("file_rows", "CHUNK"), ("file_rows", "BLOCK_BYTES")):
        monkeypatch.setattr(f"detector.records.{module}.{constant}", 1024)
    (tmp_path / name).write_bytes(FILES[name])
    reader = Reader(tmp_path / name)
    found = list(getattr(reader, way)())
    assert len(found) == (0 if name.startswith(("in.txt", "single")) else 1)
    (problem,) = reader.problems
    assert problem.reason == "too_long"
    assert problem.message == f"{name}: reading stopped: a record has more than 40,000 bytes; split it"
    assert formats.MAX_RECORD == 40_000


def limited(size: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command in a process whose files may not become larger."""
    command = [sys.executable, "-c", LIMITED, size, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        list(map(str, command)), env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_full_disk_under_the_results(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(DATA)
    done = limited(1_000_000, "scan", tmp_path / "in.jsonl", "--out", tmp_path / "out", "--quiet")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"detector: {tmp_path / 'out'}: cannot write the scan: File too large\n"
    for path in (tmp_path / "out").glob("[!.]*"):
        assert all(json.loads(line) for line in path.read_text("utf-8").splitlines())
    assert (tmp_path / "out" / "documents.jsonl").exists()
    assert not (tmp_path / "out" / "summary.json").exists()


def test_a_full_disk_under_temporary_files(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(DATA * 120)
    done = limited(100_000, "scan", tmp_path / "in.jsonl", "--quiet", "--tmp", tmp_path, "--memory", "140MB")
    assert done.returncode == 1
    told = f"detector: {tmp_path}: no room for [0-9,]+ bytes of temporary files: File too large; name another folder"
    assert re.fullmatch(told + " with --tmp\n", done.stderr)


def test_a_full_disk_under_a_mapped_file_is_no_crash(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Workspace(memory=1, tmp=tmp_path) as work:
        work.empty(1 << 20, "uint8")[:] = 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 21, hard))
        try:
            with pytest.raises(OutputError, match="no room for 4,194,304 bytes of temporary files: File too large"):
                work.empty(1 << 22, "uint8")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_a_mapped_file_has_its_room_on_the_disk(tmp_path: Path) -> None:
    before = shutil.disk_usage(tmp_path).free
    with Workspace(memory=1, tmp=tmp_path) as work:
        column = work.empty(1 << 28, "uint8")
        taken = before - shutil.disk_usage(tmp_path).free
        assert taken > 1 << 27, "the room is taken when the file is made, not when it is written"
        assert not column[0]


def test_memory_that_ends_stops_the_reading(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.jsonl").write_bytes(DATA * 60)
    monkeypatch.setattr("detector.records.corpus.available_bytes", lambda: 1 << 20)
    code, _, line = run(capsys, "scan", tmp_path / "in.jsonl", "--quiet")
    assert code == 1
    assert line.startswith("detector: in.jsonl: no memory is left after 0 documents; split the input")


def test_strict_stops_at_the_first_of_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.jsonl.gz").write_bytes(gzip.compress(DATA)[:100])
    code, shown, line = run(capsys, "scan", tmp_path, "--strict", "--json")
    assert (code, shown) == (1, "")
    assert line.startswith("detector: in.jsonl.gz: reading stopped")
    assert Settings().strict is False
