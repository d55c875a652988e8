"""A scan that is opened is the scan that was written, or one line says why it cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from corpora import LINES, NOTICE, check_scan, documents, gibberish
from row_columns import tables

from detector.errors import DetectorError, ScanError
from detector.model import Document
from detector.pipeline import scan
from detector.results.index import Scan, open_scan
from detector.settings import Settings

TEXTS = {
    "a": gibberish(1) + LINES[0] + NOTICE.format(12, "X", 7),
    "b": gibberish(2) + LINES[0] + NOTICE.format(35, 6, "XX"),
    "dir/c #1": gibberish(3) + "".join(LINES) + "\n编者按：完。\n",
    "d": gibberish(3) + "".join(LINES),
    "e": "",
}
ODD_IDS = [
    "a/b",
    "../c",
    "/d",
    "e f",
    "g\th",
    "i\nj",
    "k\x1b[31m",
    "l\0m",
    "n\ud800",
    "\N{IDEOGRAPHIC SPACE}",
    '"<&>',
    ".",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file of documents and their scan."""
    rows = [json.dumps({"id": name, "text": text}, ensure_ascii=False) + "\n" for name, text in TEXTS.items()]
    (tmp_path / "in.jsonl").write_text("".join(rows), "utf-8", newline="")
    scan(tmp_path / "in.jsonl").write(tmp_path / "scan")
    return tmp_path


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
def test_what_is_opened_equals_what_was_written(tmp_path: Path, folder: Path, format_: str) -> None:
    made = scan(folder / "in.jsonl", Settings(format=format_))
    made.write(tmp_path / format_)
    opened = open_scan(tmp_path / format_)
    assert made.findings
    assert made.clusters
    assert made.phrases
    assert opened == made
    check_scan(opened)


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
def test_a_scan_of_nothing_is_opened_too(tmp_path: Path, format_: str) -> None:
    made = scan([], Settings(format=format_))
    made.write(tmp_path / "scan")
    opened = open_scan(tmp_path / "scan")
    assert (opened.documents, opened.findings, opened.summary) == ((), (), made.summary)


def test_odd_ids_come_back(tmp_path: Path) -> None:
    given_documents = [Document(name, gibberish(row) + LINES[0]) for row, name in enumerate(ODD_IDS)]
    made = scan(given_documents)
    check_scan(made)
    made.write(tmp_path / "scan")
    opened = open_scan(tmp_path / "scan")
    for name in ("documents", "findings", "clusters", "members", "phrases"):
        assert getattr(opened, name) == getattr(made, name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scan"], "an id is never a path"


def test_lone_surrogates_and_nuls_come_back(tmp_path: Path) -> None:
    text = "完成投资X亿元\ud800\0，" + LINES[0]
    made = scan(documents([text + gibberish(1), gibberish(2) + text]))
    made.write(tmp_path / "scan")
    opened = open_scan(tmp_path / "scan")
    assert opened.findings == made.findings
    assert opened.clusters == made.clusters
    assert any("\ud800" in finding.text for finding in opened.findings)


def test_two_surrogates_side_by_side_are_one_character(tmp_path: Path) -> None:
    made = scan({"a": gibberish(1), "b": "由\ud83d\ude00和甲乙丙丁戊己庚X亿元。", "\ud83d\ude00": "XX县"})
    assert list(made.texts) == ["a", "b", "\N{GRINNING FACE}"]
    assert made.texts["b"].startswith("由\N{GRINNING FACE}和")
    made.write(tmp_path / "scan")
    opened = open_scan(tmp_path / "scan")
    for name in ("documents", "findings", "clusters", "members", "phrases"):
        assert list(getattr(opened, name)) == list(getattr(made, name))
    assert all(made.texts[finding.doc][finding.start : finding.end] == finding.text for finding in opened.findings)


# texts


def test_texts_are_read_when_they_are_asked_for(folder: Path) -> None:
    opened = open_scan(folder / "scan")
    (folder / "in.jsonl").rename(folder / "gone.jsonl")
    assert len(opened.documents) == 5
    with pytest.raises(ScanError, match="--input"):
        opened.texts["a"]


def test_a_moved_input_is_named(folder: Path) -> None:
    (folder / "in.jsonl").rename(folder / "moved.jsonl")
    opened = open_scan(folder / "scan", [str(folder / "moved.jsonl")])
    assert dict(opened.texts) == TEXTS
    assert len(opened.texts) == 5
    with pytest.raises(KeyError):
        opened.texts["nobody"]


@pytest.mark.parametrize("change", ["a character", "an id", "a document more", "a document less"])
def test_a_changed_input_is_refused(folder: Path, change: str) -> None:
    path = folder / "in.jsonl"
    rows = path.read_text("utf-8").splitlines(keepends=True)
    if change == "a character":
        rows[0] = rows[0].replace(LINES[0], LINES[0].replace("上", "下"))
    elif change == "an id":
        rows[0] = rows[0].replace('"a"', '"z"')
    elif change == "a document more":
        rows.append('{"id": "f", "text": ""}\n')
    else:
        rows.pop()
    path.write_text("".join(rows), "utf-8", newline="")
    with pytest.raises(ScanError, match="changed"):
        len(open_scan(folder / "scan").texts)


def test_rows_in_another_order_are_no_change(folder: Path) -> None:
    path = folder / "in.jsonl"
    path.write_text("".join(reversed(path.read_text("utf-8").splitlines(keepends=True))), "utf-8", newline="")
    assert dict(open_scan(folder / "scan").texts) == TEXTS


def test_texts_are_read_with_the_settings_of_the_scan(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"name":"a","body":{"text":"甲"}}\n', "utf-8")
    scan(path, Settings(text_field="body.text", id_field="name")).write(tmp_path / "scan")
    assert dict(open_scan(tmp_path / "scan").texts) == {"a": "甲"}


def test_texts_from_memory_have_to_be_named(tmp_path: Path) -> None:
    scan(TEXTS).write(tmp_path / "scan")
    with pytest.raises(ScanError, match="--input"):
        len(open_scan(tmp_path / "scan").texts)


def test_the_folder_of_a_scan_is_no_input(tmp_path: Path) -> None:
    """A scan that is written below its input changes nothing: neither the texts nor the next scan."""
    for name in ("x", "y"):
        (tmp_path / f"{name}.txt").write_text(gibberish(ord(name)) + LINES[0], "utf-8")
    first = scan(tmp_path)
    first.write(tmp_path / "results" / "scan")
    assert set(open_scan(tmp_path / "results" / "scan").texts) == {"x", "y"}
    second = scan(tmp_path)
    assert second.findings == first.findings
    assert second.summary["corpus"] == first.summary["corpus"]


def test_relative_and_absolute_inputs_have_the_same_ids(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "in.jsonl").write_text('{"text":"甲"}\n{"text":"乙"}\n', "utf-8")
    monkeypatch.chdir(folder)
    for number, name in enumerate(("in.jsonl", "./in.jsonl", "*.jsonl", str(folder / "in.jsonl"))):
        scan(name).write(f"scan{number}")
        monkeypatch.chdir("/")
        assert set(open_scan(folder / f"scan{number}").texts) == {"in.jsonl#1", "in.jsonl#2"}
        monkeypatch.chdir(folder)


# refusals


def broken(folder: Path, **values: Any) -> None:
    path = folder / "scan" / "summary.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **values}), "utf-8")


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_format_version_is_refused(folder: Path, version: object) -> None:
    broken(folder, format_version=version)
    with pytest.raises(ScanError, match="format"):
        open_scan(folder / "scan")


def test_a_folder_that_is_no_scan(tmp_path: Path) -> None:
    for name in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(ScanError, match="not a scan"):
            open_scan(name)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", '{"format_version": 1', "\x00", '"format_version"'])
def test_a_summary_that_is_none(folder: Path, content: str) -> None:
    (folder / "scan" / "summary.json").write_text(content, "utf-8")
    with pytest.raises(ScanError):
        open_scan(folder / "scan")


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "scan").write_text("no folder", "utf-8")
    with pytest.raises(ScanError):
        open_scan(tmp_path / "scan")


@pytest.mark.parametrize("table", ["documents", "findings", "clusters", "members", "phrases"])
@pytest.mark.parametrize("damage", ["gone", "half a line", "another column", "a column less", "no object", "no UTF-8"])
def test_a_damaged_table_is_an_error_of_one_line(folder: Path, table: str, damage: str) -> None:
    path = folder / "scan" / f"{table}.jsonl"
    rows = path.read_text("utf-8").splitlines(keepends=True)
    row = json.loads(rows[0])
    if damage == "gone":
        path.unlink()
    elif damage == "half a line":
        path.write_text("".join(rows)[: len("".join(rows)) // 2], "utf-8")
    elif damage == "another column":
        path.write_text(json.dumps({**row, "more": 1}) + "\n", "utf-8")
    elif damage == "a column less":
        path.write_text(json.dumps(dict(list(row.items())[1:])) + "\n", "utf-8")
    elif damage == "no object":
        path.write_text("[1]\n", "utf-8")
    else:
        path.write_bytes(b"\xff\xfe" + path.read_bytes())
    with pytest.raises(DetectorError) as refused:
        tuple(getattr(open_scan(folder / "scan"), table))
    assert "\n" not in str(refused.value)
    assert "Scan the input again" in str(refused.value)


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
def test_findings_of_a_document(tmp_path: Path, folder: Path, format_: str) -> None:
    made = scan(folder / "in.jsonl", Settings(format=format_))
    made.write(tmp_path / format_)
    over_columns = replace(made, **tables(made)._asdict())
    for one in (made, over_columns, open_scan(tmp_path / format_)):
        for _ in range(2):
            for name in TEXTS:
                assert list(one.findings_of(name)) == [item for item in made.findings if item.doc == name]
            assert list(one.findings_of("nobody")) == []
            assert len(one.findings) == len(made.findings)


def test_findings_of_a_document_whose_lines_were_written_by_another_program(folder: Path) -> None:
    path = folder / "scan" / "findings.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps(dict(reversed(row.items()))) + "\n" for row in rows), "utf-8")
    found = open_scan(folder / "scan").findings_of("a")
    assert [item.start for item in found] == [row["start"] for row in rows if row["doc"] == "a"]


def test_only_the_tables_that_are_asked_for_are_read(folder: Path) -> None:
    opened = open_scan(folder / "scan")
    for name in ("findings", "clusters", "members"):
        (folder / "scan" / f"{name}.jsonl").write_text("no JSON", "utf-8")
    assert opened.phrases
    assert opened.documents
    with pytest.raises(ScanError, match="Scan the input again"):
        len(opened.findings)


def test_a_scan_is_a_value(folder: Path) -> None:
    one, other = (scan(folder / "in.jsonl") for _ in range(2))
    assert isinstance(one, Scan)
    assert (one.documents, one.findings, one.clusters) == (other.documents, other.findings, other.clusters)
    with pytest.raises(AttributeError):
        one.documents = ()  # type: ignore[misc]
