"""The folder of a scan: what stands in it, who may write there, and files that are complete or not there at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from detector.errors import OutputError

TABLES = ("documents", "findings", "clusters", "members", "phrases")

OPTIONAL_TABLES = ("outlines",)
"""Tables that are always JSON Lines, for readers; a scan of documents alone has none."""

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


def _is_scan(directory: Path) -> bool:
    """Whether a folder holds a scan, or what an interrupted one left: tables but no summary."""
    try:
        summary = json.loads((directory / "summary.json").read_text("utf-8"))
        return "format_version" in summary and "digest" in summary["corpus"]
    except FileNotFoundError:
        tables = {file.name for name in (*TABLES, *OPTIONAL_TABLES) for file in table_files(directory, name)} | {
            "report.html"
        }
        return (directory / "findings.jsonl").exists() and {path.name for path in directory.iterdir()} <= tables
    except (OSError, ValueError, TypeError, KeyError):
        return False


def begin(directory: Path) -> None:
    """Make the folder, and take away the summary of a scan before: what stands there is no whole scan now."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "summary.json").unlink(missing_ok=True)


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

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            file.writelines(pieces)

    complete(path, write)


def complete(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` write a file under a temporary name, which is its own when it is complete."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
