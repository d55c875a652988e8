"""The files of a scan: the contract's keys in its order, the same bytes again, complete or not there at all."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from corpora import LINES, NOTICE, documents, gibberish, timeless
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import OutputError, ScanError
from detector.model import FINDING_KINDS, PART_NAMES
from detector.pipeline import scan
from detector.results import writing
from detector.results.index import Scan, open_scan
from detector.results.writing import SHORT_TEXT, json_line, read_rows, write_lines
from detector.settings import Settings
from detector.tables.scan_files import TABLES, UNFINISHED
from detector.version import FORMAT_VERSION

ROOT = Path(__file__).parents[1]

KEYS = {
    "documents": "id source row n_chars originality originality_1k n_families parts n_findings duplicate_of flags"
    " score_version",
    "findings": "doc start end kind rule text cluster n_families score part evidence",
    "clusters": "id level n_families n_series n_members template",
    "members": "cluster doc start end ratio",
    "phrases": "id text key n_tokens n_families n_series n_occurrences",
}
"""The contract, word for word."""

LONG = "我们要坚持以群众满意为标准扎实推进各项民生工程落地见效" * 4 + "。"


@pytest.fixture(scope="module")
def sample() -> Scan:
    return scan(ROOT / "seeds")


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().decode("utf-8").split("\n")[:-1]]


def test_the_files_are_those_of_the_contract(sample: Scan, tmp_path: Path) -> None:
    sample.write(tmp_path / "a" / "scan")
    names = {*(f"{table}.jsonl" for table in (*KEYS, "outlines")), "summary.json", "report.html"}
    assert {path.name for path in (tmp_path / "a" / "scan").iterdir()} == names
    assert set(TABLES) == set(KEYS)


@pytest.mark.parametrize("table", KEYS)
def test_keys_are_in_the_order_of_the_contract(sample: Scan, tmp_path: Path, table: str) -> None:
    sample.write(tmp_path)
    rows = rows_of(tmp_path / f"{table}.jsonl")
    assert rows
    assert {tuple(row) for row in rows} == {tuple(KEYS[table].split())}


def test_nested_keys_and_values(sample: Scan, tmp_path: Path) -> None:
    sample.write(tmp_path)
    for row in rows_of(tmp_path / "documents.jsonl"):
        assert tuple(row["parts"]) == PART_NAMES
        assert [kind for kind in FINDING_KINDS if kind in row["n_findings"]] == list(row["n_findings"])
        assert isinstance(row["flags"], list)
        assert row["n_chars"] == sum(row["parts"].values())
    for row in rows_of(tmp_path / "findings.jsonl"):
        assert row["kind"] in FINDING_KINDS
        assert row["part"] in (*PART_NAMES[:-1], None)
    for row in rows_of(tmp_path / "clusters.jsonl"):
        assert row["level"] in ("document", "block", "passage")
        for part in row["template"]:
            assert tuple(part) in (("text",), ("slot", "type", "fills"))
            assert all(tuple(fill) == ("doc", "start", "end", "text") for fill in part.get("fills", ()))


def test_rows_are_in_document_order_then_by_start(sample: Scan, tmp_path: Path) -> None:
    sample.write(tmp_path)
    ids = [row["id"] for row in rows_of(tmp_path / "documents.jsonl")]
    places = [(row["doc"], row["start"]) for row in rows_of(tmp_path / "findings.jsonl")]
    assert ids == sorted(ids)
    assert places == sorted(places)


def test_the_summary_has_versions_settings_digest_and_run(sample: Scan, tmp_path: Path) -> None:
    sample.write(tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    assert list(summary)[-1] == "run"
    assert summary["format_version"] == FORMAT_VERSION
    assert len(summary["corpus"]["digest"]) == 64
    assert Settings.from_mapping(summary["settings"]) == Settings()
    assert {"seconds", "workers", "peak_memory", "spilled", "inputs"} == set(summary["run"])
    encodings = {file["source"]: file["encoding"] for file in summary["files"]}
    assert "gb18030" in encodings["016_natural-resources-plan.txt"].lower()


def test_a_second_scan_writes_the_same_bytes(sample: Scan, tmp_path: Path) -> None:
    sample.write(tmp_path / "one")
    replace(scan(ROOT / "seeds"), summary=sample.summary).write(tmp_path / "other")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes(), path.name


# finding-text


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
@pytest.mark.parametrize("finding_text", ["full", "short", "none"])
def test_how_much_text_findings_carry(tmp_path: Path, format_: str, finding_text: str) -> None:
    texts = [gibberish(row) + LONG + LINES[0] for row in range(2)]
    made = scan(documents(texts), Settings(format=format_, finding_text=finding_text))
    made.write(tmp_path)
    rows = list(read_rows(tmp_path, "findings"))
    assert len(rows) == len(made.findings)
    assert max(len(finding.text) for finding in made.findings) > SHORT_TEXT
    for row, finding in zip(rows, made.findings, strict=True):
        short = finding.text if len(finding.text) <= SHORT_TEXT else finding.text[:SHORT_TEXT] + "…"
        assert row["text"] == {"full": finding.text, "short": short, "none": None}[finding_text]
        assert (row["start"], row["end"]) == (finding.start, finding.end)
    assert len(open_scan(tmp_path).findings) == len(made.findings)


# JSON Lines

ANY_CHARACTER = st.text(st.characters(codec=None, categories=None), max_size=20)


@timeless
@given(st.dictionaries(ANY_CHARACTER, ANY_CHARACTER | st.integers() | st.none(), max_size=4))
def test_a_line_is_one_line_of_utf_8_that_says_the_same(row: dict[str, Any]) -> None:
    line = json_line(row)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert "\r" not in line
    joined = json.loads(json.dumps(row))
    assert json.loads(line.encode("utf-8")) == joined


def test_lines_of_separators_are_read_back(tmp_path: Path) -> None:
    rows = [{"id": "a\u2028b\x85c\x0b\x1c"}, {"id": "\r\n"}]
    write_lines(tmp_path / "documents.jsonl", rows)
    assert list(read_rows(tmp_path, "documents")) == rows


# Parquet


@pytest.mark.parametrize("table", KEYS)
def test_parquet_has_the_same_columns_and_values(sample: Scan, tmp_path: Path, table: str) -> None:
    sample.write(tmp_path / "jsonl")
    settings = {**sample.summary["settings"], "format": "parquet"}
    replace(sample, summary={**sample.summary, "settings": settings}).write(tmp_path / "parquet")
    file = pq.ParquetFile(tmp_path / "parquet" / f"{table}-00000.parquet")
    assert file.schema_arrow.names == KEYS[table].split()
    assert list(read_rows(tmp_path / "parquet", table)) == list(read_rows(tmp_path / "jsonl", table))


def test_parquet_is_cut_into_shards(sample: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "ROWS_PER_SHARD", 7)
    settings = {**sample.summary["settings"], "format": "parquet"}
    replace(sample, summary={**sample.summary, "settings": settings}).write(tmp_path)
    assert sorted(path.name for path in tmp_path.glob("documents-*")) == [
        f"documents-{n:05d}.parquet" for n in range(3)
    ]
    opened = open_scan(tmp_path)
    assert (opened.documents, opened.findings, opened.members) == (sample.documents, sample.findings, sample.members)


def test_a_large_input_is_written_as_parquet(sample: Scan, tmp_path: Path) -> None:
    corpus = {**sample.summary["corpus"], "n_bytes": writing.PARQUET_ABOVE + 1}
    replace(sample, summary={**sample.summary, "corpus": corpus}).write(tmp_path)
    assert not list(tmp_path.glob("*.jsonl"))
    assert len(list(tmp_path.glob("*.parquet"))) == len(KEYS) + 1  # and the outlines


def test_another_format_leaves_nothing_of_the_one_before(tmp_path: Path) -> None:
    for format_, ending in (("jsonl", ".jsonl"), ("parquet", ".parquet"), ("jsonl", ".jsonl")):
        scan(documents([gibberish(1)]), Settings(format=format_)).write(tmp_path)
        assert {path.suffix for path in tmp_path.iterdir()} == {ending, ".json", ".html"}


# what goes wrong

NO_SPACE = OSError(errno.ENOSPC, "No space left on device")


def small() -> Scan:
    return scan(documents([gibberish(row) + LINES[0] + NOTICE.format(1, 2, 3) for row in range(2)]))


def full_after(n_bytes: int) -> Callable[[int, memoryview], int]:
    """The ``os.write`` of a disk that is full after some bytes: what fits is written."""
    left, put = [n_bytes], os.write

    def write(file: int, data: memoryview) -> int:
        if not left[0]:
            raise NO_SPACE
        n = put(file, data[: left[0]])
        left[0] -= n
        return n

    return write


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_full_disk_leaves_no_half_file_and_no_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    made = small()
    made.write(tmp_path / "whole")
    n_bytes = sum(path.stat().st_size for path in (tmp_path / "whole").iterdir())
    monkeypatch.setattr(os, "write", full_after(int(share * n_bytes)))
    with pytest.raises(OutputError, match="No space left on device") as refused:
        made.write(tmp_path / "scan")
    monkeypatch.undo()
    assert str(tmp_path / "scan") in str(refused.value)
    assert list((tmp_path / "scan" / UNFINISHED).iterdir()) == []
    for path in (tmp_path / "scan").glob("[!.]*"):
        assert path.read_bytes() == (tmp_path / "whole" / path.name).read_bytes()
    with pytest.raises(ScanError, match="not a scan"):
        open_scan(tmp_path / "scan")


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
def test_a_full_disk_at_the_renaming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str) -> None:
    made = scan(documents([gibberish(1)]), Settings(format=format_))
    made.write(tmp_path)

    def refuse(*_: object) -> None:
        raise NO_SPACE

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError):
        made.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == [UNFINISHED]


def test_a_full_disk_under_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = scan(documents([gibberish(1)]), Settings(format="parquet"))

    def refuse(*_: object) -> None:
        raise NO_SPACE

    monkeypatch.setattr(pq.ParquetWriter, "write_table", refuse)
    with pytest.raises(OutputError, match="No space"):
        made.write(tmp_path)
    whole = {UNFINISHED, *(f"{name}-00000.parquet" for name in ("clusters", "findings", "members", "phrases"))}
    assert {path.name for path in tmp_path.rglob("*")} == whole, "those without a row, and nothing of the others"


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "scan").write_text("something", "utf-8")
    with pytest.raises(OutputError, match="scan"):
        small().write(tmp_path / "scan")
    assert (tmp_path / "scan").read_text("utf-8") == "something"


def test_other_files_of_a_scan_folder_stay(tmp_path: Path) -> None:
    small().write(tmp_path)
    for name in ("notes.txt", "documents.csv", "findings-old.parquet"):
        (tmp_path / name).write_text("mine", "utf-8")
    small().write(tmp_path)
    for name in ("notes.txt", "documents.csv", "findings-old.parquet"):
        assert (tmp_path / name).read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    "name", ["documents.jsonl", "summary.json", "report.html", "corpus.txt", "documents-00000.parquet"]
)
def test_a_folder_of_the_user_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine", "utf-8")
    with pytest.raises(OutputError, match="nothing of yours is overwritten"):
        small().write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text("utf-8") == "mine"


def test_what_an_interrupted_scan_left_is_written_over(tmp_path: Path) -> None:
    small().write(tmp_path)
    (tmp_path / "summary.json").unlink()
    small().write(tmp_path)
    assert (tmp_path / "summary.json").is_file()
