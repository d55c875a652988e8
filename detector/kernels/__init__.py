"""Compiled loops over arrays: what numpy cannot say in whole-array steps.

Each module here stands alone: numba's cache does not notice a change of a function in another file, so kernels that
call each other share a file. Each has an oracle in ``tests/test_kernels.py`` or the test of the module that uses it.
Importing one costs about half a second and its first run ever some seconds more, so only scans import them.
"""

from __future__ import annotations

import os
from pathlib import Path


def are_compiled() -> bool:
    """Whether an earlier run has left compiled kernels where numba looks for them."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    beside, own = Path(__file__).parent / "__pycache__", Path.home() / ".cache" / "numba"
    folders = [Path(named)] if named else [beside, own]
    return any(next(folder.rglob("verifying.*.nbi"), None) is not None for folder in folders if folder.is_dir())
