"""Fixtures that many tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# The first example of a test may load or compile a kernel: no example is timed.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real labelled text beside the checkout; tests that need it skip where it is missing."""
    folder = ROOT.parent / "shared"
    if not (folder / "gold" / "seeds.jsonl").is_file():
        pytest.skip(f"real labelled text is not here: {folder}")
    return folder
