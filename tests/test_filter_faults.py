"""What goes wrong while a filter works: it is killed, interrupted, on a full disk, with a damaged input."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from corpora import LINES, gibberish

import detector
from detector.errors import DetectorError, GuardError, InputError, OutputError, ScanError
from detector.filtering.output import FilterOutput
from detector.filtering.plan import FilterPlan
from detector.filtering.run import Thresholds, filter_corpus
from detector.records import shards
from detector.results.index import Scan

TESTS = Path(__file__).parent
PLAN = FilterPlan(families="keep-best", strip=("junk", "shared"))
CRUMB = "当前位置：首页 > 工作总结 > 乡镇工作总结\n"


def rows(seed: int, n: int) -> list[dict[str, Any]]:
    """Documents with junk and with lines that others have."""
    return [
        {"id": f"{seed}-{k}", "text": CRUMB * (k % 2) + gibberish(100 * seed + k, 3) + "".join(LINES[: k % 4])}
        for k in range(n)
    ]


def lines_of(some: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in some).encode()


def corpus(folder: Path) -> Path:
    """A corpus in several files and formats, scanned."""
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_bytes(lines_of(rows(1, 6)))
    (folder / "b.jsonl.zst").write_bytes(zstandard.compress(lines_of(rows(2, 6))))
    (folder / "c.json").write_bytes(json.dumps(rows(3, 4)).encode())
    pq.write_table(pa.Table.from_pylist(rows(4, 6)), folder / "d.parquet")
    for number, row in enumerate(rows(5, 4)):
        (folder / f"e{number}.txt").write_text(row["text"], "utf-8")
    return folder


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_killed_filter_leaves_whole_files_and_can_be_resumed(tmp_path: Path) -> None:
    detector.scan([corpus(tmp_path / "in")]).write(tmp_path / "scan")
    command = [sys.executable, "-W", "ignore", str(TESTS / "kill_filter.py"), str(tmp_path), "8"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 4


@pytest.mark.parametrize("kind", ["gzip", "zstd", "parquet", "array"])
def test_a_file_that_is_cut_off_is_refused_before_anything_is_written(tmp_path: Path, kind: str) -> None:
    some = rows(1, 40)
    table = pa.Table.from_pylist(some)
    name, data = {
        "gzip": ("a.jsonl.gz", gzip.compress(lines_of(some))),
        "zstd": ("a.jsonl.zst", zstandard.compress(lines_of(some))),
        "parquet": ("a.parquet", b""),
        "array": ("a.json", json.dumps(some).encode()),
    }[kind]
    path = tmp_path / "in" / name
    path.parent.mkdir()
    if kind == "parquet":
        pq.write_table(table, path, row_group_size=10)
        data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3] if kind != "parquet" else data[:-20])
    (tmp_path / "in/b.jsonl").write_bytes(lines_of(rows(2, 3)))
    scan = detector.scan([tmp_path / "in"])
    with pytest.raises(InputError, match=r"Nothing was written: the rest of it would be lost\. Repair it") as error:
        filter_corpus([tmp_path / "in"], scan, tmp_path / "out", plan=PLAN)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_one_line_and_what_was_finished_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = detector.scan([corpus(tmp_path / "in")])
    closed = shards.Compressed.close
    n_closed = 0

    def full(self: Any) -> None:
        nonlocal n_closed
        n_closed += 1
        closed(self)
        if n_closed == 3:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OutputError, match="No space left on device; 2 of 8 files are"):
        patch.setattr(shards.Compressed, "close", full)
        filter_corpus([tmp_path / "in"], scan, tmp_path / "out", plan=PLAN)
    kept = [path.name for path in (tmp_path / "out").rglob("*") if path.is_file() and ".partial" not in path.parts]
    assert sorted(kept) == ["a.jsonl", "b.jsonl.zst"]
    assert not list((tmp_path / "out/.partial").glob("*-file"))
    filter_corpus([tmp_path / "in"], scan, tmp_path / "out", plan=PLAN, resume=True)
    assert (tmp_path / "out/summary.json").is_file()
    with pytest.raises(OutputError, match="there is nothing to resume"):
        filter_corpus([tmp_path / "in"], scan, tmp_path / "out", plan=PLAN, resume=True)


@pytest.mark.parametrize("how", ["append", "remove", "same size"])
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    folder = corpus(tmp_path / "in")
    scan = detector.scan([folder])
    written = FilterOutput.write

    def changing(self: Any, *arguments: Any) -> None:
        path = folder / "c.json"
        if how == "remove":
            path.unlink()
        else:
            time.sleep(0.02)
            path.write_bytes(path.read_bytes() + b" " * (how == "append"))
        written(self, *arguments)

    monkeypatch.setattr(FilterOutput, "write", changing)
    with pytest.raises(InputError, match=r"^c\.json: has changed while it was read; scan the input again"):
        filter_corpus([folder], scan, tmp_path / "out", plan=PLAN)
    assert (tmp_path / "out/kept/b.jsonl.zst").is_file()
    assert not (tmp_path / "out/kept/c.json").exists()


def test_a_changed_input_and_a_guard_stop_before_anything_is_written(tmp_path: Path) -> None:
    folder = corpus(tmp_path / "in")
    scan = detector.scan([folder])
    with pytest.raises(GuardError, match=r"\d+ of \d+ documents .* would be dropped"):
        filter_corpus([folder], scan, tmp_path / "out", Thresholds(min_chars=10_000))
    (folder / "e0.txt").write_text("another text", "utf-8")
    with pytest.raises(ScanError, match="the input is not what was scanned"):
        filter_corpus([folder], scan, tmp_path / "out")
    (folder / "e0.txt").unlink()
    with pytest.raises(ScanError, match="the input is not what was scanned"):
        filter_corpus([folder], scan, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_scan_whose_tables_are_damaged(tmp_path: Path) -> None:
    detector.scan([corpus(tmp_path / "in")]).write(tmp_path / "scan")
    path = tmp_path / "scan/findings.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DetectorError) as error:
        filter_corpus([tmp_path / "in"], _opened(tmp_path / "scan"), tmp_path / "out", plan=PLAN)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def _opened(folder: Path) -> Scan:
    return detector.open(folder)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_control_c_ends_it_within_a_second_and_says_what_was_done(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    filler = "text of a document that is long enough to be read for a while. " * 40
    for name in ("a", "b", "c"):
        some = "".join(json.dumps({"id": f"{name}{k}", "text": f"{k} {filler}"}) + "\n" for k in range(2000))
        (tmp_path / "in" / f"{name}.jsonl").write_text(some)
    base = [sys.executable, "-m", "detector"]
    scan = [*base, "scan", tmp_path / "in", "--level", "document", "--out", tmp_path / "scan", "--quiet"]
    subprocess.run(scan, check=True, timeout=100)
    command = [*base, "filter", tmp_path / "in", "--scan", tmp_path / "scan", "--out", tmp_path / "out"]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert child.stderr is not None
    for line in child.stderr:
        if "writing" in line or "reading the input" in line:
            break
    began = time.process_time()
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=20)
    assert child.returncode in (0, 130)
    if child.returncode == 130:
        assert "interrupted" in told
    assert time.process_time() - began < 1
