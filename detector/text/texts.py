"""The texts of a corpus as one buffer of code points, so that kernels and offsets need no decoding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from detector.text.folding import code_points, from_code_points


class Texts(Sequence[str]):
    """Texts in document order over one buffer; ``texts[row]`` makes the string.

    ``points``: uint32, code points (lone surrogates as they are); text r is ``points[start[r]:stop[r]]`` (int64). Texts
    may stand in the buffer in any order, as they were read.
    """

    __match_args__ = ("points", "start", "stop")

    def __init__(self, points: NDArray[np.uint32], start: NDArray[np.int64], stop: NDArray[np.int64]) -> None:
        self.points, self.start, self.stop = points, start, stop

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """A buffer of some strings, in their order."""
        parts = [code_points(text) for text in texts]
        bounds = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int64)
        points = np.concatenate(parts) if parts else np.empty(0, np.uint32)
        return cls(points.astype(np.uint32, copy=False), bounds[:-1], bounds[1:])

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Code points of each text (int64)."""
        return self.stop - self.start

    def __len__(self) -> int:
        return len(self.start)

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> list[str]: ...

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(len(self)))]
        return self.slice(row, 0, int(self.stop[row] - self.start[row]))

    def slice(self, row: int, start: int, end: int) -> str:
        """``texts[row][start:end]`` without making the whole text."""
        base = int(self.start[row])
        return from_code_points(self.points[base + start : base + end])
