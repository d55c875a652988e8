"""Fixtures that many tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The first example of a test may load or compile a kernel: no example is timed.
settings.register_profile("tests", deadline=None, max_examples=50)  # other ones each time
settings.register_profile("thorough", deadline=None, max_examples=1000)  # pytest --hypothesis-profile=thorough
settings.load_profile("tests")

ROOT = Path(__file__).parents[1]
CONSOLE = ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
"""Variables with which Rich lets a user choose how a console draws."""


@pytest.fixture(scope="session", autouse=True)
def plain_surroundings() -> Iterator[None]:
    """Consoles draw what a test asks for, whatever terminal the tests are run from."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CONSOLE:
            patch.delenv(name, raising=False)
        patch.setenv("TERM", "xterm")
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real labelled text beside the checkout; tests that need it skip where it is missing."""
    folder = ROOT.parent / "shared"
    if not (folder / "gold" / "seeds.jsonl").is_file():
        pytest.skip(f"real labelled text is not here: {folder}")
    return folder
