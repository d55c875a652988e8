"""Which files of a filter are finished, so that one that was stopped goes on where it was.

While a filter works, what is unfinished lies in ``.partial`` in its folder. A file gets its name when it is whole; then
a line of the journal says so, with the sizes that the growing files (``removed.jsonl`` and the like) had. Whatever
comes after the last whole line of the journal is thrown away when the filter is resumed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from detector.errors import OutputError
from detector.records.json_rows import dumps
from detector.tables.scan_files import check_creatable

PARTIAL = ".partial"
JOURNAL = "journal.jsonl"
RESULTS = ("kept", "dropped", "removed.jsonl", "decisions.jsonl", "sources.jsonl", "originals.jsonl", "summary.json")
"""What a filter writes; ``originals.jsonl`` only where it takes it to restore records byte for byte."""


def check_folder(out: Path, *, resume: bool = False) -> None:
    """Raises `OutputError` where ``out`` cannot take the results: it is a file, or holds some, or other files.

    Among those the results would be in the way: a folder of documents with a filter in it is passed over by every walk,
    as the results that it then holds.
    """
    if out.is_file():
        raise OutputError(f"{out}: is a file; name a folder")
    if not out.exists():
        check_creatable(out)
    if (out / PARTIAL / JOURNAL).exists():
        if not resume:
            raise OutputError(f"{out}: a filter was stopped here; go on with --resume, or remove it")
        return
    for name in RESULTS:
        path = out / name
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            if resume and (out / "summary.json").is_file():
                shutil.rmtree(out / PARTIAL, ignore_errors=True)  # it was stopped while it tidied up
                raise OutputError(f"{out}: the filter was finished here; there is nothing to resume")
            raise OutputError(f"{path} is there already; name another folder or remove it")
    if out.is_dir() and any(path.name not in (PARTIAL, *RESULTS) for path in out.iterdir()):
        raise OutputError(f"{out}: holds other files; a filter would be lost among them. Name a new folder")


def n_finished(out: Path) -> int | None:
    """How many files of a filter that was stopped are finished; None where it had not begun to write."""
    try:
        return (out / PARTIAL / JOURNAL).read_bytes().count(b"\n") - 1
    except OSError:
        return None


class Journal:
    """The journal of one filter; ``key`` says what it does to what, and only the very same is resumed."""

    def __init__(self, out: Path, key: Mapping[str, Any], logs: Mapping[str, str], *, resume: bool) -> None:
        self._out, self._partial = out, out / PARTIAL
        self._places = dict(logs)
        self.rows: list[dict[str, Any]] = []
        self._files: dict[str, BinaryIO] = {}
        path = self._partial / JOURNAL
        if resume and path.exists():
            self._read(path, dict(key))
        self._partial.mkdir(parents=True, exist_ok=True)
        self.done = {row["source"] for row in self.rows}
        sizes = self.rows[-1]["sizes"] if self.rows else {}
        try:
            for name in logs:
                self._files[name] = self._reopened(name, int(sizes.get(name, 0)))
            if not self.rows:
                path.write_text(dumps({"key": dict(key)}) + "\n", "utf-8", newline="")
            self._file = path.open("ab")
        except BaseException:
            self.close()
            raise

    def _read(self, path: Path, key: dict[str, Any]) -> None:
        data = path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        rows = [json.loads(line) for line in whole.splitlines()]
        if not rows:
            return
        if rows[0].get("key") != json.loads(dumps(key)):
            raise OutputError(
                f"{self._out}: what was stopped here was another filter or another input; repeat its options, or "
                "remove it"
            )
        self.rows = rows[1:]
        if len(whole) < len(data):
            with path.open("r+b") as file:
                file.truncate(len(whole))

    def _reopened(self, name: str, size: int) -> BinaryIO:
        """A growing file, cut to what was finished."""
        path, final = self._partial / name, self._out / self._places[name]
        if self.rows and not path.exists() and final.exists():
            final.replace(path)  # it was stopped while it gave the files their names
        file = path.open("r+b" if path.exists() else "w+b")
        file.truncate(size)
        file.seek(size)
        return file

    def log(self, name: str, data: bytes) -> None:
        """Add to a growing file."""
        self._files[name].write(data)

    def finish(self, source: str, row: Mapping[str, Any]) -> None:
        """Note that a source is finished; its files have their names."""
        for file in self._files.values():
            file.flush()
        sizes = {name: file.tell() for name, file in self._files.items()}
        entry = {"source": source, **row, "sizes": sizes}
        self._file.write((dumps(entry) + "\n").encode())
        self._file.flush()
        self.rows.append(entry)

    def close(self) -> None:
        """Close the files, to be resumed."""
        for file in [*self._files.values(), *([self._file] if hasattr(self, "_file") else [])]:
            try:
                file.close()
            except OSError:
                continue  # what could not be written is not in the journal

    def commit(self, skip_empty: Sequence[str]) -> None:
        """Give the growing files their names; empty ones of ``skip_empty`` are left out."""
        self.close()
        for name, place in self._places.items():
            path = self._partial / name
            if name in skip_empty and path.exists() and not path.stat().st_size:
                path.unlink()
            elif path.exists():
                final = self._out / place
                final.parent.mkdir(parents=True, exist_ok=True)
                path.replace(final)

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """A whole file under its final name; until then it lies among what is unfinished."""
        path = self._partial / name
        with path.open("wb") as file:
            file.writelines(pieces)
        path.replace(self._out / name)

    def remove(self) -> None:
        """After the summary stands in its place: nothing is left to resume."""
        shutil.rmtree(self._partial, ignore_errors=True)
