"""What is shown on standard error while a command works."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from detector.errors import printable

if TYPE_CHECKING:
    from detector.machine.clock import Progress


@dataclass(slots=True)
class Situation:
    """Where a command is: its stage, and what to say of that where it is interrupted."""

    stage: str = ""
    kept: Callable[[], str] | None = None

    def told(self) -> str:
        """What a command that is interrupted says."""
        where = f" at the stage {self.stage!r}" if self.stage else ""
        return f"interrupted{where}" + (f": {self.kept()}" if self.kept is not None else "")


SITUATION = Situation()
"""That of this process."""

FEW_SECONDS = 2.0
"""From then on the time that is left is told."""


class Display:
    """Progress on standard error: a live line on a terminal, one line a stage elsewhere, nothing when quiet."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._status: Any = None
        self._stage = ""
        self._told: set[str] = set()
        self._began = 0.0

    def __enter__(self) -> Display:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True).status("", spinner="dots")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def announce(self, text: str) -> None:
        """Say something that stays."""
        if not self._quiet:
            print(f"detector: {printable(text)}", file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """Show what is being done."""
        if self._status is not None:
            self._status.update(text)

    @property
    def progress(self) -> Progress:
        """What the pipeline calls."""
        return self._step

    def _step(self, stage: str, done: int, total: int) -> None:
        SITUATION.stage = stage
        if self._quiet:
            return
        if stage != self._stage:
            self._stage = stage
            self._began = time.monotonic()
            if self._status is None and stage not in self._told:
                self._told.add(stage)  # reading and signing take turns; a line each time would be noise
                self.announce(stage)
        counted = f"{done:,} of {total:,}{self._left(done, total)}" if total else f"{done:,} documents" if done else ""
        self.say(f"{stage} {counted}".rstrip())

    def _left(self, done: int, total: int) -> str:
        """An estimate of the time that a stage still takes, once it has gone on for a few seconds."""
        seconds = time.monotonic() - self._began
        if done <= 0 or seconds < FEW_SECONDS:
            return ""
        left = round(seconds * (total - done) / done)
        return f", {left // 60}:{left % 60:02} left"
