"""What a scan would take: the sample, the estimate and its table, and the refusal of what cannot fit."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpora import LINES, NOTICE, gibberish
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from detector import room
from detector.cli import main
from detector.errors import InputError, RoomError
from detector.estimate import _Counting, estimate, line, memory_needed, third
from detector.machine.workspace import Workspace
from detector.model import Document
from detector.pipeline import scan
from detector.report.estimated import render_estimate
from detector.room import check_room, existing_folder, spilled_bytes, take_sample, text_size
from detector.settings import Settings

GB = 10**9


def rows(n: int) -> list[dict[str, str]]:
    return [
        {"id": f"d{row}", "text": gibberish(row, 6) + LINES[row % 3] + NOTICE.format("X", row, 7)} for row in range(n)
    ]


def write(path: Path, n: int = 40) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(n)), "utf-8")
    return path


def text_bytes(n: int) -> int:
    return sum(len(row["text"].encode()) for row in rows(n))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write(tmp_path / "in.jsonl")


# the sample


def test_a_small_input_is_its_own_sample(corpus: Path) -> None:
    sample = take_sample([corpus], Settings())
    assert [document.text for document in sample.documents] == [row["text"] for row in rows(40)]
    assert (sample.n_files, sample.n_bytes) == (1, corpus.stat().st_size)
    assert (sample.text_bytes, sample.n_documents) == (text_bytes(40), 40)


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "csv", "json", "parquet"])
def test_the_beginning_tells_the_whole(tmp_path: Path, kind: str) -> None:
    n, path = 3000, tmp_path / f"in.{kind}"
    found = rows(n)
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(found), path)
    elif kind == "json":
        path.write_text(json.dumps(found, ensure_ascii=False, indent=0), "utf-8")
    elif kind == "csv":
        path.write_text("id,text\n" + "".join(f'{row["id"]},"{row["text"]}"\n' for row in found), "utf-8")
    else:
        data = write(tmp_path / "plain", n).read_bytes()
        path.write_bytes(gzip.compress(data) if kind == "jsonl.gz" else data)
    sample = take_sample([path], Settings(), n_bytes=200_000)
    assert 100 < len(sample.documents) < n
    assert sample.text_bytes == pytest.approx(text_bytes(n), rel=0.1)
    assert sample.n_documents == pytest.approx(n, rel=0.1)


def test_no_more_of_a_large_file_is_read_than_the_sample(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    with path.open("wb") as file:
        file.write(write(tmp_path / "head.jsonl", 400).read_bytes())
        file.truncate(1 << 40)  # a hole of a terabyte: reading it would take hours
    sample = take_sample([path], Settings(), n_bytes=100_000)
    assert 0 < sum(map(text_size, sample.documents)) < 100_000
    assert sample.n_bytes == 1 << 40


def test_one_endless_line_is_no_document_and_one_long_text_is_cut(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(rows(1)[0] | {"text": "长" * 90_000}), "utf-8")
    with pytest.raises(InputError, match=r"no document could be read in the first 50,000 bytes of 1 of 1 files"):
        take_sample([tmp_path / "a.jsonl"], Settings(), n_bytes=50_000)
    (tmp_path / "b.txt").write_text("长" * 90_000, "utf-8")
    sample = take_sample([tmp_path / "b.txt"], Settings(), n_bytes=50_000)
    assert set(sample.documents[0].text) == {"长"}
    assert sample.text_bytes == pytest.approx(270_000, rel=0.01)


def test_many_files_are_sampled_evenly(tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path / f"{number:02d}.jsonl", 40)
    sample = take_sample([tmp_path], Settings(), n_bytes=80_000)
    assert (sample.n_files, sample.n_sampled) == (30, 8)
    assert sample.text_bytes == pytest.approx(30 * text_bytes(40), rel=0.1)


def test_standard_input_and_nothing_are_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="standard input comes only once"):
        take_sample(["-"], Settings())
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(InputError, match="no document could be read"):
        take_sample([tmp_path / "empty.jsonl"], Settings())


@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_a_third_is_a_third(n: int) -> None:
    documents = [Document(f"{row}", "甲乙丙丁戊己" * 50) for row in range(n)]
    size = sum(len(document.text) for document in third(documents))
    assert size == pytest.approx(n * 100, abs=200)


# the estimate


points = st.tuples(st.floats(1, 1e6), st.floats(0, 1e6))


@given(points, points)
def test_a_line_is_never_negative_and_meets_the_larger_point(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    small, large = sorted((one, other))
    fixed, slope = line(small, large)
    assert fixed >= 0 and slope >= 0
    assert fixed + slope * large[0] == pytest.approx(large[1], abs=1e-6)


def test_an_estimate_of_a_whole_sample_is_what_the_scan_does(corpus: Path, tmp_path: Path) -> None:
    with Workspace(workers=2) as work:
        told = estimate([corpus], Settings(), work, out=str(tmp_path / "out"))
    with _Counting(tmp=None, workers=2) as counting:
        scan([corpus], work=counting).write(tmp_path / "out")
    output = sum(path.stat().st_size for path in (tmp_path / "out").iterdir())
    assert told.output == pytest.approx(output, rel=0.05)
    assert told.temporary == told.text_bytes == text_bytes(40)
    assert told.memory > 100_000_000
    assert (told.level, told.format, told.workers, told.sample_documents) == ("passage", "jsonl", 2, 40)
    assert 0 < told.seconds < 600
    assert json.loads(json.dumps(told.as_row()))["seconds"] == told.seconds


def test_nothing_is_left_behind(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with Workspace(tmp=folder) as work:
        told = estimate([corpus], Settings(format="parquet"), work, out=str(tmp_path / "out"))
    assert told.format == "parquet"
    assert not list(folder.iterdir())
    assert not (tmp_path / "out").exists()


def test_a_budget_cuts_memory_and_no_budget_raises_it() -> None:
    def needed(memory: int | None) -> int:
        return memory_needed(GB, 11.0 * GB, Workspace(memory=memory, workers=2), "passage")

    assert needed(None) > 11 * GB
    assert needed(100 * GB) == needed(None)
    assert needed(1 << 20) <= needed(11 * GB) <= needed(None)


def test_what_is_kept_until_the_end_counts_as_output(corpus: Path, tmp_path: Path) -> None:
    with Workspace() as work:
        told = replace(estimate([corpus], Settings(), work, out=str(tmp_path / "out")), output_available=10**9)
    assert told.unfinished == 0, "a scan of seconds keeps nothing"
    file = io.StringIO()
    large = replace(told, unfinished=10**9)
    render_estimate(large, Console(file=file, width=300, force_terminal=False))
    assert "until it is complete 1.0 GB" in file.getvalue()


def test_the_estimate_is_drawn_and_cannot_steer_a_terminal(corpus: Path, tmp_path: Path) -> None:
    with Workspace(memory=GB) as work:
        told = estimate([corpus], Settings(), work, out=f"{tmp_path}/\x1b[31mout")
    file = io.StringIO()
    render_estimate(told, Console(file=file, width=100, force_terminal=False))
    drawn = file.getvalue()
    for words in ("time", "memory", "temporary disk", "output (jsonl)", "1.0 GB allowed", "1 thread:", "40 documents"):
        assert words in drawn
    assert "\x1b" not in drawn


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    return stopped.value.code, *capsys.readouterr()


def test_the_command_tells_numbers(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "scan", corpus, "--dry-run", "--json", "--level", "document", "--workers", 2)
    told = json.loads(out)
    assert code == 0
    assert (told["level"], told["workers"], told["n_files"], told["output_folder"]) == ("document", 2, 1, None)
    assert told["temporary"] > told["text_bytes"]
    code, _, err = run(capsys, "scan", "-", "--dry-run", "--quiet")
    assert code == 1 and err.count("\n") == 1


# what cannot fit


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Says how much disk is free."""

    def set_free(n_bytes: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=n_bytes))

    monkeypatch.setattr(room, "available_bytes", lambda: 64 * GB)
    return set_free


def test_what_fits_is_not_refused(disk: Any, tmp_path: Path) -> None:
    disk(100 * GB)
    assert check_room(GB, Workspace(memory=GB, tmp=tmp_path), tmp_path / "out") is None
    assert check_room(GB, Workspace(tmp=tmp_path), None, level="document") is None
    disk(0)
    assert check_room(0, Workspace(), tmp_path) is None


def test_too_little_disk_is_refused_with_what_to_do(disk: Any, tmp_path: Path) -> None:
    disk(3 * GB)
    with pytest.raises(RoomError, match=r"temporary files of this scan need at least 3\.1 GB, 3\.0 GB are free.*--tmp"):
        check_room(GB, Workspace(memory=GB, tmp=tmp_path), None)
    with pytest.raises(RoomError, match=r"temporary files and results .* split the input"):
        check_room(GB, Workspace(memory=GB, tmp=tmp_path), tmp_path / "new" / "out")
    told = check_room(GB, Workspace(memory=600 * GB, tmp=tmp_path), tmp_path / "out")
    assert told is not None and "perhaps 8.0 GB" in told and "\n" not in told
    assert check_room(GB, Workspace(memory=600 * GB, tmp=tmp_path), tmp_path / "out", format="parquet") is None


def test_a_budget_that_holds_the_scan_asks_for_no_more_disk_than_the_texts() -> None:
    points, columns = GB, 4 * GB
    assert spilled_bytes(columns, 8 * GB, points) == 0
    assert spilled_bytes(columns, 6 * GB, 1.2 * GB) == columns - 3 * GB
    assert spilled_bytes(columns, GB, points) > 3 * GB
    assert spilled_bytes(columns, None, points) == 0


def test_too_little_memory_is_refused(disk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    disk(100 * GB)
    with pytest.raises(RoomError, match=r"no scan keeps within 50\.0 MB of memory: .*--memory"):
        check_room(1000, Workspace(memory=50_000_000), None)
    assert check_room(1000, Workspace(memory=200 << 20), None) is None
    monkeypatch.setattr(room, "available_bytes", lambda: 100_000_000)
    with pytest.raises(RoomError, match=r"100 MB are free"):
        check_room(1000, Workspace(), None)
    monkeypatch.setattr(room, "available_bytes", lambda: None)
    assert check_room(1000, Workspace(), None) is None


def test_the_folder_that_exists_is_asked(tmp_path: Path) -> None:
    assert existing_folder(tmp_path / "a" / "b") == tmp_path
    assert existing_folder(tmp_path) == tmp_path
