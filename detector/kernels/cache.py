"""Where compiled kernels are kept, and what else takes longer to make than to read."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

SUFFIX = ".kernel"


def folders() -> list[Path]:
    """The folders for compiled kernels, the best first: where numba keeps its own."""
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        return [Path(named)]
    found = [Path(__file__).parent / "__pycache__"]
    with suppress(RuntimeError):  # a user without a home
        found.append(Path.home() / ".cache" / "numba")
    return found


def are_compiled() -> bool:
    """Whether an earlier run has left compiled kernels."""
    patterns = (f"*verifying*{SUFFIX}", "verifying.*.nbi")
    existing = [folder for folder in folders() if folder.is_dir()]
    return any(next(folder.rglob(pattern), None) is not None for folder in existing for pattern in patterns)


def read_kept(name: str) -> bytes | None:
    """What a file holds, None where there is none that is whole."""
    for folder in folders():
        try:
            data = (folder / name).read_bytes()
        except OSError:
            continue
        if data[:32] == hashlib.sha256(data[32:]).digest():
            return data[32:]
    return None


def keep(name: str, data: bytes) -> None:
    """Write a file to the first folder that takes it; where none does, every run makes it."""
    for folder in folders():
        temporary = folder / f".{name}.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(hashlib.sha256(data).digest() + data)
            temporary.replace(folder / name)
            return
        except OSError:
            continue
        finally:
            temporary.unlink(missing_ok=True)
