"""What a run took: seconds of each step, memory; and how far it is, for those who watch."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

Progress = Callable[[str, int, int], None]
"""Called with a stage, the steps of it that are done and the steps in all (0: not known)."""


def silent(stage: str, done: int, total: int) -> None:
    """No progress is shown."""


def input_names(inputs: Iterable[str | Path]) -> list[str]:
    """Inputs as a summary has them: absolute paths, but for standard input."""
    return [str(item) if str(item) == "-" else str(Path(item).absolute()) for item in inputs]


@dataclass(slots=True)
class Clock:
    """Wall time of each stage, in seconds."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    name: str = "read"

    def stage(self, name: str) -> _Stage:
        self.name = name
        return _Stage(self, name)

    def step(self, done: int, total: int) -> None:
        """Tell how far the stage is."""
        self.progress(self.name, done, total)


class _Stage:
    """Times one stage and tells the progress when it begins and ends."""

    def __init__(self, clock: Clock, name: str) -> None:
        self._clock, self._name, self._began = clock, name, 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter()
        self._clock.progress(self._name, 0, 0)

    def __exit__(self, *_: object) -> None:
        self._clock.seconds[self._name] = round(time.perf_counter() - self._began, 3)


def peak_memory() -> int | None:
    """The largest resident memory of this process so far, in bytes; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
