"""The scan of documents as a user has it: the command, the files, the reports, and what reads them afterwards."""

from __future__ import annotations

import gzip
import html.parser
import io
import json
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

import detector
from detector import document_scan
from detector.cli import main
from detector.document_scan import DocumentScan, scan_documents
from detector.errors import OutputError, ScanError, SettingsError
from detector.machine.workspace import Workspace
from detector.report import families_page
from detector.report.duplicates import render_duplicates
from detector.settings import Settings

ROOT = Path(__file__).parents[1]
NASTY = "</script><b>[red]\x1b[31m\u202e&'\ud800"
FILES = {"documents.jsonl", "findings.jsonl", "clusters.jsonl", "members.jsonl", "phrases.jsonl", "summary.json"}


def text_of(seed: int, n_edits: int = 0) -> str:
    source = random.Random(seed)
    chars = [chr(source.randrange(0x4E00, 0x9FA5)) for _ in range(200)]
    for at in range(n_edits):
        chars[at * 60] = "x"
    return "".join(chars)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Nine documents: a family of four, one of two with nasty ids, three alone, and a line that is no record."""
    rows: list[dict[str, Any]] = [
        {"id": f"a{number}", "text": text_of(1, number), "series": "甲" if number else "乙"} for number in range(4)
    ]
    rows += [{"id": NASTY + str(number), "text": text_of(2, number), "series": NASTY} for number in range(2)]
    rows += [{"id": f"c{number}", "text": text_of(3 + number)} for number in range(3)]
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"text": 5}\n', "utf-8")
    return path


def scanned(corpus: Path, **values: Any) -> DocumentScan:
    with Workspace(workers=2) as work:
        return scan_documents(corpus, Settings(**values), work)


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(argument) for argument in arguments])
    return int(exit_.value.code or 0)


def drawn(found: DocumentScan, *, limit: int = 10, width: int = 80) -> str:
    file = io.StringIO()
    render_duplicates(found, Console(file=file, width=width, highlight=False), limit=limit)
    return file.getvalue()


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_the_command_writes_a_scan(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run("scan", corpus, "--level", "document", "--out", out) == 0
    report, progress = capsys.readouterr()
    assert "44.4 % of 9 documents are near-duplicates" in report
    assert "4  a0  a1 0.99" in report
    assert "report.html for reading" in report
    assert progress.splitlines()[:3] == ["detector: read", "detector: sign", "detector: families"]
    assert {path.name for path in out.iterdir()} == FILES | {"report.html"}
    documents = rows_of(out / "documents.jsonl")
    assert {row["id"]: row["duplicate_of"] for row in documents if row["duplicate_of"]} == {
        "a1": "a0", "a2": "a0", "a3": "a0", NASTY + "1": NASTY + "0",
    }  # fmt: skip
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert summary["settings"]["level"] == "document"
    assert summary["totals"]["n_duplicates"] == 4
    assert (summary["corpus"]["n_families"], summary["corpus"]["n_documents"]) == (5, 9)
    assert sum(summary["problems"]["n"].values()) == 1
    assert set(summary["run"]) == {"inputs", "seconds", "workers", "peak_memory", "spilled"}
    assert set(summary["run"]["seconds"]) == {"read", "sign", "families", "write"}
    assert summary["run"]["inputs"] == [str(corpus)]


def test_the_command_prints_json_and_needs_no_folder(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("scan", corpus, "--level", "document", "--json", "--quiet") == 0
    assert json.loads(capsys.readouterr().out)["totals"]["n_duplicates"] == 4
    assert run("scan", corpus, "--level", "document") == 0
    assert "Nothing was written" in capsys.readouterr().out


def test_an_input_without_documents_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    assert run("scan", empty, "--level", "document") == 1
    assert "no document could be read" in capsys.readouterr().err


def test_compressed_and_standard_input_give_the_same_rows(corpus: Path, tmp_path: Path) -> None:
    packed = tmp_path / "in.jsonl.gz"
    packed.write_bytes(gzip.compress(corpus.read_bytes()))
    piped = tmp_path / "piped"
    command = [sys.executable, "-m", "detector", "scan", "-", "--level", "document", "--quiet", "--out", str(piped)]
    subprocess.run(command, input=corpus.read_bytes(), check=True, cwd=ROOT, timeout=300)
    assert run("scan", packed, "--level", "document", "--quiet", "--out", tmp_path / "packed") == 0
    heads = [
        {row["id"]: row["duplicate_of"] for row in rows_of(tmp_path / name / "documents.jsonl")}
        for name in ("piped", "packed")
    ]
    assert heads[0] == heads[1]


def test_nothing_foreign_is_overwritten(corpus: Path, tmp_path: Path) -> None:
    found = scanned(corpus)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="no scan"):
        found.write(tmp_path / "mine")
    found.write(tmp_path / "out")
    first = (tmp_path / "out" / "documents.jsonl").read_bytes()
    found.write(str(tmp_path / "out"))
    assert (tmp_path / "out" / "documents.jsonl").read_bytes() == first


def test_a_full_disk_is_one_line_and_leaves_no_whole_scan(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = scanned(corpus)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("detector.results.document_files.families_page", refuse)
    with pytest.raises(OutputError, match="No space left"):
        found.write(tmp_path / "out")
    assert not (tmp_path / "out" / "summary.json").exists()
    monkeypatch.undo()
    found.write(tmp_path / "out")  # what was interrupted may be written again
    monkeypatch.setattr(document_scan, "finish", refuse)
    with pytest.raises(OutputError, match="No space left"):
        found.write(tmp_path / "out")


def test_parquet_holds_the_same(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned(corpus).write(tmp_path / "plain")
    monkeypatch.setattr("detector.results.writing.ROWS_PER_SHARD", 4)
    scanned(corpus, format="parquet").write(tmp_path / "columns")
    assert len(list((tmp_path / "columns").glob("documents-*.parquet"))) == 3
    assert pq.read_schema(tmp_path / "columns" / "findings-00000.parquet").names[:2] == ["doc", "start"]
    plain, columns = detector.open(tmp_path / "plain"), detector.open(tmp_path / "columns")
    for name in ("documents", "clusters", "members", "findings", "phrases"):
        one, other = (repr(list(getattr(scan, name))) for scan in (plain, columns))
        assert one.replace("\\ud800", "\N{REPLACEMENT CHARACTER}") == other
    scanned(corpus).write(tmp_path / "columns")
    assert {path.name for path in (tmp_path / "columns").iterdir()} == FILES | {"report.html"}


class _Page(html.parser.HTMLParser):
    """The tags and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_says_what_it_left_out_and_obeys_no_document(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = scanned(corpus)
    page = families_page.families_page(found)
    assert page == families_page.families_page(scanned(corpus))
    page.encode()
    read = _Page()
    read.feed(page)
    assert not {"script", "b", "img", "link", "iframe"} & set(read.tags)
    assert "</script><b>[red]" in read.text
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ud800-\udfff]", page)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert "9, of 1,800 characters" in read.text
    assert "more " not in read.text.replace("more than", "")
    monkeypatch.setattr(families_page, "MAX_FAMILIES", 1)
    monkeypatch.setattr(families_page, "MAX_MEMBERS", 2)
    page = families_page.families_page(found)
    assert "2 more documents are in the table of members" in page
    assert "1 more families are in the table of clusters" in page


def test_the_page_of_a_corpus_without_copies(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": "a", "text": "\\u4e00"}\n')
    assert "No document is a near-duplicate" in families_page.families_page(scanned(path))
    assert "no document is a near-duplicate" in drawn(scanned(path))


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_report(corpus: Path, width: int) -> None:
    report = drawn(scanned(corpus), width=width)
    assert all(len(line) <= width for line in report.splitlines())
    assert "\x1b" not in report
    assert "\u202e" not in report
    assert "[red]" in report  # as it stands in the id: no style
    assert re.search(r"3 +of +3 +100.0 % +甲", report)
    assert "a1 0.99" in report
    assert "1 skipped or changed" in report
    assert "乙" not in report  # it has no copy


def test_the_terminal_report_counts_what_it_leaves_out(corpus: Path) -> None:
    report = drawn(scanned(corpus), limit=1)
    assert "1 more series" in report
    assert "1 more families" in report


def test_the_threshold_is_the_setting(corpus: Path) -> None:
    assert scanned(corpus, document_jaccard=1.0).n_duplicates == 0
    assert scanned(corpus, document_jaccard=0.9).n_duplicates < scanned(corpus).n_duplicates


def test_python_has_it_too(corpus: Path) -> None:
    found = detector.scan_documents(corpus)
    assert found.summary["run"]["workers"] == 1
    assert [len(rows) for rows in found.families] == [2, 4]
    assert found.largest(1) == [found.families[1]]
    with pytest.raises(SettingsError, match=r"detector\.scan_documents"):
        detector.scan({"a": "一"}, Settings(level="document"))


def test_filter_drops_the_duplicates(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan = tmp_path / "scan"
    assert run("scan", corpus, "--level", "document", "--quiet", "--out", scan) == 0
    assert run("filter", corpus, "--scan", scan, "--out", tmp_path / "clean", "--families", "keep-first", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["n_kept"], told["n_dropped"], told["n_without_text"]) == (5, 4, 0)
    kept = [row.get("id") for row in rows_of(tmp_path / "clean" / "kept" / "in.jsonl")]
    assert kept == ["a0", NASTY + "0", "c0", "c1", "c2", None]
    assert run("filter", corpus, "--scan", scan, "--out", tmp_path / "all", "--families", "keep-all", "--quiet") == 0
    for option in (["--min-originality", "0.5"], ["--max-junk", "0.1"], ["--strip", "junk"]):
        assert run("filter", corpus, "--scan", scan, "--out", tmp_path / "no", *option) == 1
        assert "whole documents only" in capsys.readouterr().err
    with pytest.raises(ScanError, match="--level document"):
        detector.filter(
            corpus, detector.open(scan), tmp_path / "no", detector.filtering.run.Thresholds(), strip=("junk",)
        )


def test_explain_and_lists_read_it(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan = tmp_path / "scan"
    assert run("scan", corpus, "--level", "document", "--quiet", "--out", scan) == 0
    assert run("explain", scan, "--doc", "a1") == 0
    assert "copy of a0" in capsys.readouterr().out
    assert run("phrases", scan) == 0
    assert run("templates", scan) == 0
    assert "document-1" in capsys.readouterr().out
    assert run("filter", corpus, "--out", tmp_path / "clean", "--settings", settings_file(tmp_path)) == 1
    assert "detector.scan_documents" in capsys.readouterr().err


def settings_file(folder: Path) -> Path:
    path = folder / "settings.toml"
    path.write_text('level = "document"\n')
    return path


def test_the_scan_loads_no_reports() -> None:
    code = (
        "import sys, detector.document_scan as d; d._load_kernels();"
        "print(*({'rich', 'jinja2', 'detector.results.writing', 'detector.text.tokens', 'detector.rules.rule_tables'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )
    assert not done.stdout.strip()
