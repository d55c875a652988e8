"""Files written past the cache hold the same bytes whatever the system allows, and whatever the disk does."""

from __future__ import annotations

import errno
import os
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.machine import uncached
from detector.machine.uncached import SECTOR, UncachedFile

SIZES = st.lists(st.integers(0, 5 * SECTOR) | st.sampled_from([SECTOR, 2 * SECTOR, 4 * SECTOR]), max_size=6)


def pieces_of(sizes: list[int]) -> list[Any]:
    """Pieces of so many bytes, as bytes and as arrays in turn."""
    made = [np.random.default_rng(size).integers(0, 256, size, dtype=np.uint8) for size in sizes]
    return [piece.tobytes() if row % 2 else piece for row, piece in enumerate(made)]


def written(path: Path, pieces: list[Any]) -> bytes:
    with UncachedFile(path) as file:
        for piece in pieces:
            file.write(piece)
    return path.read_bytes()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uncached, "BLOCK", 2 * SECTOR)


def refusing(monkeypatch: pytest.MonkeyPatch, *, after: int = 0) -> list[int]:
    """A file system that takes no more than ``after`` writes past the cache; returns the sizes of those it took."""
    put, taken = os.write, []

    def write(file: int, data: memoryview) -> int:
        if uncached.fcntl.fcntl(file, uncached.fcntl.F_GETFL) & os.O_DIRECT:
            if len(taken) == after:
                raise OSError(errno.EINVAL, "no such multiple")
            taken.append(data.nbytes)
        return put(file, data)

    monkeypatch.setattr(os, "write", write)
    return taken


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SIZES)
def test_the_bytes_are_those_of_the_pieces(tmp_path: Path, sizes: list[int]) -> None:
    pieces = pieces_of(sizes)
    assert written(tmp_path / "file", pieces) == b"".join(bytes(piece) for piece in pieces)


@pytest.mark.skipif(not hasattr(os, "O_DIRECT"), reason="this system has only its cache")
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_file_system_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    pieces = pieces_of([9 * SECTOR, 5])
    taken = refusing(monkeypatch, after=after)
    assert written(tmp_path / "file", pieces) == b"".join(bytes(piece) for piece in pieces)
    assert len(taken) <= after


@pytest.mark.skipif(not hasattr(os, "O_DIRECT"), reason="this system has only its cache")
def test_a_system_without_the_flag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_DIRECT")
    pieces = pieces_of([9 * SECTOR, 5])
    assert written(tmp_path / "file", pieces) == b"".join(bytes(piece) for piece in pieces)


@pytest.mark.skipif(not hasattr(os, "O_DIRECT"), reason="this system has only its cache")
def test_a_slow_disk_is_left_to_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = count(0, uncached.PATIENCE)
    monkeypatch.setattr(uncached.time, "monotonic", lambda: next(seconds))
    taken = refusing(monkeypatch, after=1 << 20)
    pieces = pieces_of([40 * SECTOR, 5])
    assert written(tmp_path / "file", pieces) == b"".join(bytes(piece) for piece in pieces)
    assert len(taken) <= 2  # 20 blocks, had the disk been quick


@pytest.mark.skipif(not hasattr(os, "O_DIRECT"), reason="this system has only its cache")
def test_all_but_the_end_passes_the_cache_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        os.close(os.open(tmp_path / "probe", os.O_WRONLY | os.O_CREAT | os.O_DIRECT))
    except OSError:
        pytest.skip("the file system of the temporary folder has only its cache")
    taken = refusing(monkeypatch, after=1 << 20)
    written(tmp_path / "file", pieces_of([5 * SECTOR + 7]))
    assert taken == [2 * SECTOR, 2 * SECTOR, SECTOR]


@pytest.mark.skipif(not hasattr(os, "O_DIRECT"), reason="this system has only its cache")
def test_a_small_file_goes_through_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = refusing(monkeypatch, after=1 << 20)
    written(tmp_path / "file", pieces_of([SECTOR + 5]))
    assert taken == []


@pytest.mark.parametrize("passes", [True, False])
def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passes: bool) -> None:
    def full(file: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    if not passes:
        monkeypatch.delattr(os, "O_DIRECT", raising=False)
    with pytest.raises(OSError, match="No space left"):
        written(tmp_path / "file", pieces_of([9 * SECTOR]))


def test_nothing_more_is_written_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), UncachedFile(tmp_path / "file") as file:
        file.write(b"begun")
        raise RuntimeError
    assert (tmp_path / "file").read_bytes() == b""
