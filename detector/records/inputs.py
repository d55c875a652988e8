"""Files, folders, globs and ``-`` as the sorted list of files that they name, each with its source path.

A source is the path below the folder that was named (or below the fixed part of a glob), with ``/``; where two collide
they are told apart by as many parent folders as it takes. So the list does not depend on the order of the arguments.
"""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

from detector.errors import InputError
from detector.model import Problem
from detector.records.dataset_folders import description_files
from detector.records.formats import FORMATS, FileName, read_name
from detector.tables.scan_files import UNFINISHED

STDIN = "-"


@dataclass(frozen=True, slots=True)
class NamedFile:
    """One file to read: its source path and where it lies (None is the standard input)."""

    source: str
    path: Path | None

    @property
    def name(self) -> FileName:
        """What its name says of format and compression."""
        return read_name(self.source)


def expand(inputs: Sequence[str | Path], skip_files: Sequence[str]) -> tuple[list[NamedFile], list[Problem]]:
    """The files that the inputs name, sorted by source, and what a walk passed over.

    Raises `InputError` for an input that does not exist and for a folder in which nothing can be read.
    """
    found: dict[str, NamedFile] = {}
    problems: dict[str, Problem] = {}
    stdin = []
    for item in inputs:
        if str(item) == STDIN:
            stdin = [NamedFile(STDIN, None)]
            continue
        for path, root, named in _named_by(str(item)):
            if path.is_dir():
                _walk(path, root, skip_files, found=found, problems=problems, required=named)
            else:
                _add(found, path, root)
    if not (found or stdin):
        raise InputError("nothing to read: name a file, a folder, a glob or - (the standard input)")
    files = stdin + _told_apart(list(found.values()))
    passed = [problems[key] for key in sorted(problems) if key not in found]
    return sorted(files, key=lambda file: file.source), passed


def _named_by(item: str) -> Iterator[tuple[Path, Path, bool]]:
    """Path, the folder its source is relative to, and whether it was named itself, by no pattern."""
    path = Path(item)
    if path.is_dir():
        yield path, path, True
    elif path.exists():
        yield path, path.parent, True
    elif glob.has_magic(item):
        fixed = Path(*_fixed_parts(path))
        matches = sorted(glob.glob(item, recursive=True))  # noqa: PTH207 (the pattern may be absolute)
        if not matches:
            raise InputError(f"{item}: nothing matches this pattern")
        for match in matches:
            yield Path(match), fixed, False
    else:
        raise InputError(f"{item}: no such file or folder")


def _fixed_parts(path: Path) -> Iterator[str]:
    for part in path.parts:
        if glob.has_magic(part):
            return
        yield part


def _add(found: dict[str, NamedFile], path: Path, root: Path) -> None:
    """Notes a file once; of several names the longest source (the one that tells most) stands."""
    source = path.relative_to(root).as_posix()
    key = os.path.realpath(path)
    held = found.get(key)
    if held is None or (-len(source), source) < (-len(held.source), held.source):
        found[key] = NamedFile(source, path)


def _walk(
    folder: Path,
    root: Path,
    skip_files: Sequence[str],
    *,
    found: dict[str, NamedFile],
    problems: dict[str, Problem],
    required: bool,
) -> None:
    """Adds the readable files below ``folder``; raises `InputError` if there is none and one is ``required``."""
    passed: Counter[str] = Counter()

    def note(path: Path, reason: str, message: str, *, lost: bool) -> None:
        source = path.relative_to(root).as_posix()
        passed[reason] += 1
        problems[os.path.realpath(path)] = Problem(reason, source, 0, f"{source}: {message}", lost)

    def unreadable(error: OSError) -> None:
        note(Path(error.filename), "unreadable", f"cannot be read: {error.strerror}", lost=True)

    n_found = 0
    for base, folders, names in os.walk(folder, onerror=unreadable):
        if _holds_results(names, folders):
            folders.clear()
            note(Path(base), "results", "passed over: it holds the results of a scan or filter", lost=False)
            continue
        for name in [name for name in folders if _matches(name, skip_files)]:
            folders.remove(name)
            note(Path(base, name), "skipped_name", "passed over (skip_files)", lost=False)
        described = description_files(names, (Path(base, name) for name in folders))
        for name in names:
            path = Path(base, name)
            if _matches(name, described):
                note(path, "description", "passed over: it describes a dataset", lost=False)
            elif _matches(name, skip_files):
                note(path, "skipped_name", "passed over (skip_files)", lost=False)
            elif read_name(name).format is None:
                note(path, "unknown_extension", f"passed over; readable are {_readable()}", lost=True)
            elif not path.is_file():
                note(path, "unreadable", _no_file(path), lost=True)
            else:
                n_found += 1
                _add(found, path, root)
    if n_found == 0 and required:
        if passed["results"] and len(passed) == 1:
            raise InputError(f"{folder}: holds results of scans or filters only; name the folder of the documents")
        other = ", ".join(f"{n} {reason}" for reason, n in sorted(passed.items())) or "empty"
        raise InputError(f"{folder}: no readable files in this folder ({other}); readable are {_readable()}")


def _no_file(path: Path) -> str:
    """What an entry of a folder is that is no file to read."""
    return "a link to nothing" if path.is_symlink() and not path.exists() else "no regular file"


def _holds_results(names: Sequence[str], folders: Sequence[str]) -> bool:
    """Whether a folder is what a scan or a filter wrote, or is writing: its tables look like documents and are none."""
    if "summary.json" not in names:
        return UNFINISHED in folders
    scanned = any(name == "findings.jsonl" or name.startswith("findings-0") for name in names)
    return scanned or ("removed.jsonl" in names and "kept" in folders)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _readable() -> str:
    return f"{', '.join(FORMATS)}, plain or .gz, .zst, .xz, .bz2"


def _told_apart(files: list[NamedFile]) -> list[NamedFile]:
    """The files with distinct sources: those that collide get the folder above in front, as often as needed."""
    while True:
        n_of = Counter(file.source for file in files)
        if max(n_of.values(), default=1) == 1:
            return files
        files = [_one_folder_more(file) if n_of[file.source] > 1 else file for file in files]


def _one_folder_more(file: NamedFile) -> NamedFile:
    assert file.path is not None
    parts = Path(os.path.abspath(file.path)).parts  # noqa: PTH100 (".." goes, links stay)
    kept = len(Path(file.source).parts) + 1
    return replace(file, source=Path(*parts[-kept:]).as_posix().lstrip("/"))
