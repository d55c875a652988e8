"""Tables of a scan in other formats: nothing lost, nothing run by a spreadsheet, nothing overwritten."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from corpora import LINES, NOTICE, gibberish

import detector
from detector.errors import OutputError, ScanError
from detector.model import FINDING_KINDS, PART_NAMES
from detector.results.exports import csv_columns, export_charts, export_tables, tables_of
from detector.results.index import StoredRows
from detector.results.writing import NESTED, read_rows
from detector.tables.scan_files import TABLES

ODD = {
    "=1+1": '=cmd|"/c calc"!A1\n',
    "+2": "+1\n",
    "@SUM(A1)": "@SUM\r\n",
    "quote\"'": 'say "yes"\n',
    "half \ud800": "\ud800 is half\n",
    "-3": "-3\n",
    "nul \0": "a\0b\n",
    "tab\t": "\t=1\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scan of odd ids and texts that share some lines."""
    target = tmp_path_factory.mktemp("scan") / "scan"
    detector.scan(
        {
            name: text + gibberish(row) + LINES[0] + NOTICE.format("X", row, 7)
            for row, (name, text) in enumerate(ODD.items())
        }
    ).write(target)
    return target


def rows_of(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("table", TABLES)
def test_csv_has_every_row_and_no_formula(folder: Path, tmp_path: Path, table: str) -> None:
    [path] = export_tables(folder, "csv", tmp_path, tables=[table])
    written, rows = rows_of(path), list(read_rows(folder, table))
    assert len(written) == len(rows) > 0
    assert list(written[0]) == csv_columns(table)
    for cells, row in zip(written, rows, strict=True):
        for name, cell in cells.items():
            outer, _, inner = name.partition(".")
            value = row[outer].get(inner, 0) if inner else row[outer]
            if value is None:
                assert cell == ""
            elif isinstance(value, str):
                plain = value.replace("\ud800", "\ufffd").replace("\0", "\u2400")
                assert cell in (plain, f"'{plain}")
                assert cell.lstrip()[:1] not in ("=", "+", "@") or cell == "+2"  # a number stays one
            elif outer in NESTED and not inner:
                assert json.loads(cell.replace("\u2400", "\\u0000")) == json.loads(
                    json.dumps(value)
                ) or "\ud800" in str(value)
            else:
                assert float(cell) == value


def test_parts_and_kinds_are_columns_of_numbers(folder: Path, tmp_path: Path) -> None:
    [path] = export_tables(folder, "csv", tmp_path / "d.csv", tables=["documents"])
    row = rows_of(path)[0]
    assert sum(int(row[f"parts.{name}"]) for name in PART_NAMES) == int(row["n_chars"])
    assert all(row[f"n_findings.{name}"].isdigit() for name in FINDING_KINDS)
    assert path.read_bytes().startswith(b'\xef\xbb\xbf"id"')
    [path] = export_tables(folder, "csv", tmp_path / "plain.csv", tables=["documents"], bom=False)
    assert path.read_bytes().startswith(b'"id"')


@pytest.mark.parametrize("table", TABLES)
def test_json_has_every_value(folder: Path, tmp_path: Path, table: str) -> None:
    [path] = export_tables(folder, "json", tmp_path, tables=[table])
    assert json.loads(path.read_text("utf-8")) == list(read_rows(folder, table))


def test_parquet_has_every_value_with_nested_ones_as_json(folder: Path, tmp_path: Path) -> None:
    for name, path in zip(TABLES, export_tables(folder, "parquet", tmp_path), strict=True):
        for written, row in zip(pq.read_table(path).to_pylist(), read_rows(folder, name), strict=True):
            for column, value in row.items():
                if column in NESTED:
                    assert json.loads(written[column]) == value
                elif isinstance(value, str):
                    assert written[column] == value.replace("\ud800", "\ufffd")
                else:
                    assert written[column] == value


def test_the_formats_agree_whatever_the_scan_was_written_in(folder: Path, tmp_path: Path) -> None:
    scan = detector.scan({"a": LINES[0] + gibberish(1), "b": LINES[0]}, detector.Settings(format="parquet"))
    scan.write(tmp_path / "scan")
    files = export_tables(tmp_path / "scan", "json", tmp_path / "json")
    assert [row["id"] for row in json.loads(files[0].read_text("utf-8"))] == ["a", "b"]


def test_outlines_are_exported_where_a_scan_has_them(folder: Path, tmp_path: Path) -> None:
    assert tables_of(folder) == (*TABLES, "outlines")
    headings = "一、主要工作\n{}二、存在问题\n{}三、下步打算\n{}"
    texts = {
        name: headings.format(*(f"{gibberish(row)}\n" for row in rows))
        for name, rows in (("a", (1, 3, 5)), ("b", (2, 4, 6)))
    }
    detector.scan(texts).write(tmp_path / "s")
    [path] = export_tables(tmp_path / "s", "csv", tmp_path, tables=["outlines"])
    [row] = rows_of(path)
    assert {"一、主要工作", "二、存在问题"} <= {heading["text"] for heading in json.loads(row["headings"])}
    (tmp_path / "s/outlines.jsonl").unlink()
    assert tables_of(tmp_path / "s") == TABLES  # as of documents alone


def test_an_empty_table_is_a_table(tmp_path: Path) -> None:
    detector.scan({"a": gibberish(1)}).write(tmp_path / "scan")
    [path] = export_tables(tmp_path / "scan", "csv", tmp_path / "csv", tables=["members"])
    assert rows_of(path) == []
    [path] = export_tables(tmp_path / "scan", "json", tmp_path / "json", tables=["members"])
    assert json.loads(path.read_text("utf-8")) == []
    [path] = export_tables(tmp_path / "scan", "parquet", tmp_path / "parquet", tables=["members"])
    assert pq.read_table(path).num_rows == 0


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"members\.csv is there already"):
        export_tables(folder, "csv", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["members.csv"]
    with pytest.raises(OutputError, match="is a file"):
        export_tables(folder, "csv", tmp_path / "members.csv")
    with pytest.raises(OutputError, match="cannot be written"):
        export_tables(folder, "json", tmp_path / "members.csv" / "below")


def test_a_broken_scan_is_said_and_leaves_no_file(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "scan"
    broken.mkdir()
    (broken / "documents.jsonl").write_text('{"id":"a"\n')
    with pytest.raises(ScanError, match="do not fit"):
        export_tables(broken, "json", tmp_path / "out", tables=["documents"])
    with pytest.raises(ScanError, match=r"no members\.jsonl"):
        export_tables(broken, "json", tmp_path / "out", tables=["documents", "members"])
    assert not list((tmp_path / "out").glob("*"))


def test_charts_are_files_by_their_names(tmp_path: Path) -> None:
    paths = export_charts({"parts": "<svg/>", "odd": "\ud800"}, tmp_path / "charts")
    assert [path.name for path in paths] == ["parts.svg", "odd.svg"]
    assert paths[0].read_text("utf-8") == "<svg/>"


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
def test_a_cluster_is_read_by_its_id_alone(tmp_path: Path, format_: str) -> None:
    texts = {name: LINES[0] + gibberish(row) + LINES[1] for row, name in enumerate("abc")}
    scan = detector.scan(texts, detector.Settings(format=format_))
    scan.write(tmp_path / "scan")
    clusters = detector.open(tmp_path / "scan").clusters
    assert isinstance(clusters, StoredRows)
    for cluster in scan.clusters:
        assert list(clusters.named(cluster.id)) == [cluster]
    assert list(clusters.named("passage-0")) == []
