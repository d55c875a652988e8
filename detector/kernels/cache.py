"""Where compiled kernels are kept."""

from __future__ import annotations

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
