"""The folder of a scan: what stands in it, who may write there, and files that are complete or not there at all.

While it is written it holds the folder `UNFINISHED`, by which the next scan knows that its files are no user's own.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from detector.errors import OutputError
from detector.machine.leftovers import temporary
from detector.machine.uncached import UncachedFile

TABLES = ("documents", "findings", "clusters", "members", "phrases")

OPTIONAL_TABLES = ("outlines",)
"""Tables that a scan may lack: one of documents alone has none."""

UNFINISHED = ".unfinished"
"""The folder for what is kept of a scan until it is complete."""

MANIFEST = "manifest.json"
"""The file there that says what is kept."""

_PART = ".part"

PARQUET_ABOVE = 1 << 30
"""Bytes of input above which the tables are Parquet unless the settings say otherwise."""


def check_target(directory: Path) -> None:
    """Raises `OutputError` unless a scan may be written there: a new or empty folder, or one that holds a scan."""
    if directory.is_dir():
        names = {path.name for path in directory.iterdir()}
        if not names or _is_scan(directory):
            return
        raise OutputError(f"{directory}: holds files and no scan; nothing of yours is overwritten. Name a new folder")
    if directory.exists():
        raise OutputError(f"{directory}: is a file; name a folder")
    check_creatable(directory)


def check_creatable(directory: Path) -> None:
    """Raises `OutputError` where a folder cannot be made: before the work that is to fill it, not after."""
    nearest = next(path for path in directory.absolute().parents if os.path.lexists(path))
    if not nearest.is_dir():
        raise OutputError(f"{directory}: {nearest} is no folder; name another one")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise OutputError(f"{directory}: nothing can be written to {nearest}; name another folder")


def _is_scan(directory: Path) -> bool:
    """Whether a folder holds a scan, or what an interrupted one left: a folder `UNFINISHED`, tables but no summary."""
    try:
        summary = json.loads((directory / "summary.json").read_text("utf-8"))
        return "format_version" in summary and "digest" in summary["corpus"]
    except FileNotFoundError:
        ours = {file.name for name in (*TABLES, *OPTIONAL_TABLES) for file in table_files(directory, name)} | {
            "report.html",
            UNFINISHED,
        }
        ours |= {file.name for file in _parts(directory)}
        begun = (directory / UNFINISHED).is_dir() or (directory / "findings.jsonl").exists()
        return begun and {path.name for path in directory.iterdir()} <= ours
    except (OSError, ValueError, TypeError, KeyError):
        return False


def _parts(directory: Path) -> list[Path]:
    """Files that a scan was about to write when it was killed."""
    names = (*TABLES, *OPTIONAL_TABLES, "report", "summary")
    return [path for name in names for path in directory.glob(f".{name}[.-]*{_PART}")]


def begin(directory: Path) -> None:
    """Make the folder, and take away the summary of a scan before: what stands there is no whole scan now."""
    (directory / UNFINISHED).mkdir(parents=True, exist_ok=True)
    (directory / "summary.json").unlink(missing_ok=True)
    for part in _parts(directory):
        part.unlink(missing_ok=True)


def finish(directory: Path, summary: object) -> None:
    """Write ``summary.json``, by which the folder is a whole scan; what was kept until now goes."""
    write_file(directory / "summary.json", [json.dumps(summary, ensure_ascii=True, indent=1).encode() + b"\n"])
    (directory / UNFINISHED / MANIFEST).unlink(missing_ok=True)  # first, as it names the other files
    shutil.rmtree(directory / UNFINISHED, ignore_errors=True)


def remove_table(directory: Path, name: str) -> None:
    """Take away a table of a scan before, in whichever format."""
    for old in table_files(directory, name):
        old.unlink()


def table_files(directory: Path, name: str) -> list[Path]:
    """The files of one table, shards in order."""
    shards = sorted(directory.glob(f"{name}-[0-9][0-9][0-9][0-9][0-9].parquet"))
    plain = directory / f"{name}.jsonl"
    return ([plain] if plain.exists() else []) + shards


def write_file(path: Path, pieces: Iterable[Any]) -> None:
    """Write bytes under a temporary name and give the file its own when it is complete; raises `OSError`."""

    def write(part: Path) -> None:
        with UncachedFile(part) as file:
            for piece in pieces:
                file.write(piece)

    complete(path, write)


def complete(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` write a file under a temporary name, which is its own when it is complete."""
    with temporary(path.with_name(f".{path.name}.{os.getpid()}{_PART}")) as part:
        write(part)
        part.replace(path)
