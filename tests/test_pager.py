"""Long output goes through a pager on a terminal, and only there; texts come from the input or are said to be gone."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from corpora import LINES, gibberish

import detector
from detector.commands.session import pager
from detector.errors import ScanError
from detector.model import Document
from detector.records.source_texts import SourceTexts

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scan of two text files that share lines; one has many of its own."""
    base = tmp_path_factory.mktemp("pager")
    (base / "in").mkdir()
    (base / "in" / "long.txt").write_text(LINES[0] + "".join(gibberish(row) + "\n" for row in range(60)), "utf-8")
    (base / "in" / "short.txt").write_text(LINES[0] + gibberish(99), "utf-8")
    detector.scan(str(base / "in")).write(base / "scan")
    return base / "scan"


def on_terminal(*arguments: object, **environment: str) -> str:
    """What a command prints on a terminal of 24 lines."""
    main, child = pty.openpty()
    values = {"PYTHONPATH": str(ROOT), "TERM": "xterm", "LINES": "24", "COLUMNS": "80", **environment}
    process = subprocess.Popen(
        [sys.executable, "-m", "detector", *map(str, arguments)],
        env={**os.environ, **values},
        stdin=child,
        stdout=child,
        stderr=subprocess.PIPE,
    )
    os.close(child)
    parts = []
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:  # the end of a terminal
            break
        if not part:
            break
        parts.append(part)
    os.close(main)
    assert process.wait(60) == 0, process.stderr.read() if process.stderr else ""
    if process.stderr:
        process.stderr.close()
    return b"".join(parts).decode("utf-8", "replace")


@pytest.fixture
def marker(tmp_path: Path) -> str:
    """A pager that says that it was called."""
    path = tmp_path / "mark.py"
    path.write_text("import sys\nprint('PAGED', len(sys.stdin.buffer.read().splitlines()))\n")
    return f"{sys.executable} {path}"


def test_long_output_goes_through_the_pager_that_is_named(folder: Path, marker: str) -> None:
    assert "PAGED" in on_terminal("explain", folder, "--doc", "long", PAGER=marker)
    assert "PAGED" not in on_terminal("explain", folder, "--doc", "long", "--no-pager", PAGER=marker)
    assert "PAGED" not in on_terminal("explain", folder, "--doc", "short", PAGER=marker, LINES="90")
    assert "PAGED" not in on_terminal("explain", folder, "--doc", "long", "--json", PAGER=marker)


def test_a_pager_that_is_not_there_is_no_reason_to_print_nothing(folder: Path) -> None:
    assert "long.txt, record 1" in on_terminal("explain", folder, "--doc", "long", PAGER="no-such-pager-anywhere")


def test_no_pager_where_the_output_is_no_terminal(folder: Path, marker: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "detector", "explain", str(folder), "--doc", "long"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PAGER": marker, "FORCE_COLOR": "1"},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert b"PAGED" not in done.stdout
    assert b"long.txt, record 1" in done.stdout


@pytest.mark.parametrize(
    ("told", "words"),
    [(None, ["less", "-R"]), ("less", ["less", "-R"]), ("more -s", ["more", "-s"]), ("", []), ("cat", []), ("'", [])],
)
def test_the_words_of_the_pager(monkeypatch: pytest.MonkeyPatch, told: str | None, words: list[str]) -> None:
    monkeypatch.delenv("PAGER", raising=False)
    if told is not None:
        monkeypatch.setenv("PAGER", told)
    assert pager() == words


def texts_of(folder: Path, inputs: list[str] | None = None, **summary: Any) -> SourceTexts:
    scan = detector.open(folder)
    return SourceTexts({**scan.summary, **summary}, str(folder), {row.id: row for row in scan.documents}, inputs)


def test_texts_are_read_one_by_one_and_checked(folder: Path) -> None:
    texts = texts_of(folder)
    assert texts["short"] == (folder.parent / "in" / "short.txt").read_text("utf-8")
    assert sorted(texts) == ["long", "short"]
    assert len(texts) == 2
    scan = detector.open(folder)
    for name in texts:
        texts.check(name, scan.findings_of(name))
    with pytest.raises(KeyError):
        texts["nobody"]


def test_an_input_that_moved_or_changed_is_said(folder: Path, tmp_path: Path) -> None:
    scan = detector.open(folder)
    changed = tmp_path / "in"
    changed.mkdir()
    text = (folder.parent / "in" / "short.txt").read_text("utf-8")
    (changed / "short.txt").write_text("前" + text, "utf-8")
    texts = texts_of(folder, [str(changed)])
    with pytest.raises(ScanError, match="has changed"):
        texts.check("short", scan.findings_of("short"))
    (changed / "short.txt").write_text(text[1:] + text[0], "utf-8")  # as long, but shifted
    texts = texts_of(folder, [str(changed)])
    with pytest.raises(ScanError, match="has changed"):
        texts.check("short", scan.findings_of("short"))
    with pytest.raises(ScanError, match="no document long"):
        texts_of(folder, [str(changed)])["long"]
    with pytest.raises(ScanError, match="--input"):
        texts_of(folder, [str(tmp_path / "gone")])["long"]
    with pytest.raises(ScanError, match="--input"):
        texts_of(folder, run={"inputs": ["-"]})["long"]


def test_texts_of_findings_that_were_written_short_are_compared_as_far_as_they_go(tmp_path: Path) -> None:
    line = "坚持以人民为中心的发展思想，" * 12 + "扎实推进各项工作。"
    documents = [Document("a", line + gibberish(1)), Document("b", line + gibberish(2))]
    detector.scan(documents, detector.Settings(finding_text="short")).write(tmp_path / "scan")
    (tmp_path / "in.jsonl").write_text(
        "".join(f'{{"id": "{row.id}", "text": "{row.text}"}}\n'.replace('\n"', '\\n"') for row in documents), "utf-8"
    )
    texts = texts_of(tmp_path / "scan", [str(tmp_path / "in.jsonl")])
    texts.check("b", detector.open(tmp_path / "scan").findings_of("b"))
