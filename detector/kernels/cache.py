"""Where compiled kernels are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

SUFFIX = ".kernel"


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
