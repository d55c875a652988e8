"""Where compiled kernels are kept, and what else takes longer to make than to read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

SUFFIX = ".kernel"

FILES_OF_ONE = 16
"""Files of one name but for its digest that are kept, the newest: a kernel has one for each types of arguments, and a
few releases may share a folder."""


def folders() -> Iterator[Path]:
    """The folders for compiled kernels, the best first: where numba keeps its own. Most need no more than that."""
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(named)
        return
    yield _BESIDE
    with suppress(RuntimeError):  # a user without a home
        yield Path.home() / ".cache" / "numba"


_BESIDE = Path(__file__).parent / "__pycache__"


def are_compiled() -> bool:
    """Whether an earlier run has left compiled kernels."""
    patterns = (f"*verifying*{SUFFIX}", "verifying.*.nbi")
    existing = [folder for folder in folders() if folder.is_dir()]
    return any(next(folder.rglob(pattern), None) is not None for folder in existing for pattern in patterns)


def read_kept(name: str) -> bytes | None:
    """What a file holds, None where there is none that is whole."""
    for folder in folders():
        try:
            with (folder / name).open("rb", buffering=0) as file:
                data = file.read()
        except OSError:
            continue
        if data[:32] == hashlib.sha256(data[32:]).digest():
            return data[32:]
    return None


def keep(name: str, data: bytes) -> None:
    """Write what `read_kept` reads."""
    keep_whole(name, [hashlib.sha256(data).digest() + data], n_kept=FILES_OF_ONE, is_checked=True)


def keep_whole(name: str, parts: Iterable[bytes], *, n_kept: int = 2, is_checked: bool = False) -> None:
    """Write a file to the first folder that takes it; where none does, every run makes it. One that nobody checks when
    it is read has its name only once all of it is on the disk."""
    for folder in folders():
        temporary = folder / f".{name}.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.writelines(parts)
                file.flush()
                if not is_checked:
                    os.fsync(file.fileno())
            temporary.replace(folder / name)
            _remove_old(folder, name, n_kept)
            return
        except OSError:
            continue
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _remove_old(folder: Path, name: str, n_kept: int) -> None:
    """Remove the files of former contents of one that was written, which nothing will ask for again."""
    pattern = f"{name.rpartition('-')[0]}-*{Path(name).suffix}"
    with suppress(OSError):  # another process may have removed them just now
        files = sorted(folder.glob(pattern), key=lambda file: (file.stat().st_mtime_ns, file.name))
        for file in files[:-n_kept]:
            file.unlink(missing_ok=True)
