"""Files and folders that must not outlive the process, so that whoever ends it at once can take them away first.

Those who make them remove them; what is here is for a process that is told to stop while a long computation keeps it
from getting there. Of a process that is killed outright they stay: their names tell what they are.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_paths: dict[Path, None] = {}


@contextmanager
def temporary(path: Path) -> Iterator[Path]:
    """A file or folder that is temporary for the length of a block; it is gone at its end."""
    _paths[path] = None
    try:
        yield path
    finally:
        _remove(path)
        _paths.pop(path, None)


@contextmanager
def temporary_folder(folder: Path | None = None) -> Iterator[Path]:
    """A new folder (in ``folder``, else where the system has them) for the length of a block."""
    with temporary(Path(tempfile.mkdtemp(prefix="detector-", dir=folder))) as path:
        yield path


def remove_temporary() -> None:
    """Take away everything that is temporary; what cannot be is left."""
    for path in list(_paths):
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
