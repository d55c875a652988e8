"""Folders of the Hugging Face `datasets` package (``save_to_disk``): Arrow files with a description beside them.

The Arrow files are read as any other; the description is no document, and what is written from such a folder gets one,
so that ``load_from_disk`` reads it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

STATE, INFO, SPLITS = "state.json", "dataset_info.json", "dataset_dict.json"
CACHES = "cache-*.arrow"
"""What `datasets` leaves in a folder when something was computed from it."""


def description_files(names: Collection[str], folders: Iterable[Path]) -> tuple[str, ...]:
    """Which of the files of a folder describe a dataset, or its splits in ``folders``; those are no documents."""
    if STATE in names and INFO in names:
        return (STATE, INFO, CACHES)
    if SPLITS in names and any((folder / STATE).is_file() for folder in folders):
        return (SPLITS,)
    return ()


def describe(written: Path, sources: Mapping[str, Path], extra: Sequence[str] = ()) -> None:
    """Puts descriptions beside the Arrow files below ``written`` that came from such folders.

    ``sources`` has the path that each source was read from, ``extra`` the names of string columns that were added. The
    order of a dataset's files is kept; its fingerprint is that of the bytes, so that caches of the input do not fit.
    """
    folders: dict[PurePosixPath, Path] = {}
    for source, path in sources.items():
        if path.suffix == ".arrow" and (path.parent / STATE).is_file() and (path.parent / INFO).is_file():
            folders[PurePosixPath(source).parent] = path.parent
    for name, origin in sorted(folders.items()):
        _describe(written / name, origin, extra)
    for folder in sorted({name.parent for name, origin in folders.items() if (origin.parent / SPLITS).is_file()}):
        splits = _read(folders[next(name for name in folders if name.parent == folder)].parent / SPLITS)
        splits["splits"] = [name for name in splits.get("splits", ()) if (written / folder / name / STATE).is_file()]
        if splits["splits"]:
            _write(written / folder / SPLITS, splits)


def _describe(folder: Path, origin: Path, extra: Sequence[str]) -> None:
    """The description of one folder; nothing where none of its files was written."""
    state, info = _read(origin / STATE), _read(origin / INFO)
    files = [file for file in state.get("_data_files", ()) if _is_beside(folder, file.get("filename", ""))]
    if not files:
        return
    state |= {"_data_files": files, "_fingerprint": _fingerprint(folder / file["filename"] for file in files)}
    features = info.get("features")
    if extra and features is not None:
        info["features"] = features | {name: {"dtype": "string", "_type": "Value"} for name in extra}
    for counted in ("splits", "dataset_size", "size_in_bytes", "download_size"):
        info.pop(counted, None)  # they tell of the whole
    _write(folder / STATE, state)
    _write(folder / INFO, info)


def _is_beside(folder: Path, name: str) -> bool:
    """Whether a file of this plain name was written; a name that leads elsewhere is none of the dataset's."""
    return bool(name) and PurePosixPath(name).name == name and (folder / name).is_file()


def _fingerprint(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, value: Mapping[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(value, ensure_ascii=False, indent=2), "utf-8", newline="")
    partial.replace(path)
