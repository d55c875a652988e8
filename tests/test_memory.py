"""A scan whose columns are all mapped files gives the same bytes as one that is held in memory."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from detector.machine import columns, workspace
from detector.machine.columns import Gathered, add_all
from detector.machine.workspace import COLUMN_SHARE, FITTING_SHARE, MOST_FILES, NEAR_SHARE, PLENTY, Workspace
from detector.matching import matches, phrases, repeats, skeletons, stretches, templates
from detector.pipeline import scan
from detector.text import passages, tokens

SEEDS = Path(__file__).parents[1] / "seeds"


@contextmanager
def released_all_the_time(work: Workspace) -> Iterator[None]:
    """Another thread that gives mapped pages back without pause."""
    done = threading.Event()

    def release() -> None:
        while not done.is_set():
            work.release()

    thread = threading.Thread(target=release)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def written(folder: Path, memory: int | None, workers: int) -> dict[str, bytes]:
    """The files of a scan of the seeds, without what may differ between runs."""
    with Workspace(memory=memory, workers=workers, tmp=folder.parent) as work:
        with released_all_the_time(work):
            scan(SEEDS, work=work).write(folder)
        assert (work.spilled > 0) == (memory is not None)
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    summary = json.loads(files["summary.json"])
    del summary["run"]
    files["summary.json"] = json.dumps(summary).encode()
    return files


def test_mapped_columns_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = written(tmp_path / "memory", None, 1)
    for name in ("SMALLEST_MAPPED", "COLUMN_SHARE", "NEAR_SHARE"):
        monkeypatch.setattr(workspace, name, 0)
    monkeypatch.setattr(columns, "CHUNK_BYTES", 1 << 10)
    for module in (tokens, passages):
        monkeypatch.setattr(module, "BLOCK_CHARACTERS", 10_000)
    for module, name in (
        (matches, "BLOCK_TOKENS"),
        (skeletons, "BLOCK_TOKENS"),
        (stretches, "BLOCK_ROWS"),
        (templates, "CLUSTER_TOKENS"),
    ):
        monkeypatch.setattr(module, name, 3000)
    for module in (repeats, phrases):
        monkeypatch.setattr(module, "BLOCK_PLACES", 50)
    monkeypatch.setattr(phrases, "BLOCK_KEYS", 100)
    for workers in (1, 2):
        found = written(tmp_path / f"mapped-{workers}", 200 << 20, workers)
        assert found.keys() == expected.keys()
        for name, content in expected.items():
            assert found[name] == content, name


def test_what_a_thread_writes_while_pages_are_given_back_is_kept() -> None:
    with Workspace(memory=1) as work:
        column = work.empty(1 << 20, np.int64)
        with released_all_the_time(work):
            for number in range(20):
                column[number::20] = np.arange(number, 1 << 20, 20)
                column += 1
                column -= 1
        assert (column == np.arange(1 << 20)).all()


def test_a_mapped_column_that_nobody_holds_is_closed() -> None:
    with Workspace(memory=1) as work:
        column = work.empty(1 << 20, np.int64)
        part = column[5:10]
        del column
        part[:] = 3
        assert [file.n_columns for file in work._files] == [1]
        del part
        assert [file.n_columns for file in work._files] == [0]


@pytest.mark.parametrize("memory", [None, 1])
def test_parts_are_gathered(memory: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.machine.columns.CHUNK_BYTES", 64)
    with Workspace(memory=memory) as work:
        columns = [Gathered(work, np.int32), Gathered(work, np.int64)]
        for size in (0, 3, 40, 16, 1, 0):
            add_all(columns, (np.full(size, size, np.int32), np.arange(size)))
        assert columns[0].n == 60
        assert columns[0].column().tolist() == [3] * 3 + [40] * 40 + [16] * 16 + [1]
        assert columns[1].column().tolist() == [*range(3), *range(40), *range(16), 0]
        assert not len(Gathered(work, np.int32).column())


def test_results_come_in_order_and_only_some_are_begun_ahead() -> None:
    begun: list[int] = []

    def double(number: int) -> int:
        begun.append(number)
        return 2 * number

    with Workspace(workers=2) as work:
        results = work.each(double, range(100))
        assert next(results) == 0
        assert len(begun) <= 10
        results.close()
        assert work.map(double, range(5)) == [0, 2, 4, 6, 8]


KEPT = """
import resource, sys
import numpy as np
from detector.machine.workspace import PLENTY, Workspace

faults = []
with Workspace(memory=PLENTY) as work:
    if sys.argv[2:]:
        work.expect(int(sys.argv[2]))
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        np.empty(int(sys.argv[1]) << 20, np.uint8)[::4096] = 1
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(*faults)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library is left as it is")
@pytest.mark.parametrize(
    ("megabytes", "texts", "is_kept"), [(200, None, True), (300, None, False), (300, 1, True), (300, 1 << 30, False)]
)
def test_where_memory_is_plenty_what_dies_is_used_again(megabytes: int, texts: int | None, is_kept: bool) -> None:
    given = [str(megabytes), *([] if texts is None else [str(texts)])]
    done = subprocess.run([sys.executable, "-c", KEPT, *given], capture_output=True, check=True, text=True, timeout=60)
    first, _, last = map(int, done.stdout.split())
    assert first >= 100  # pages of 2 MB, or many more of 4 kB
    assert (last < 20) == is_kept


@pytest.mark.parametrize(
    ("memory", "texts", "share"),
    [(PLENTY, None, NEAR_SHARE), (6 << 30, 1 << 30, FITTING_SHARE), ((6 << 30) - 1, 1 << 30, NEAR_SHARE)],
)
def test_most_of_a_budget_that_holds_all_of_a_scan_is_for_columns(memory: int, texts: int | None, share: float) -> None:
    with Workspace(memory=memory) as work:
        if texts is not None:
            work.expect(texts)
        work.used = int(share * memory) - (1 << 20)
        held = work.empty(1 << 20, np.uint8)
        assert not work.spilled
        work.empty(1 << 20, np.uint8)
        assert work.spilled == len(held)


def test_a_budget_that_is_not_plenty_keeps_its_shares() -> None:
    with Workspace(memory=PLENTY - 1) as work:
        work.expect(1)
        work.used = int(COLUMN_SHARE * PLENTY)
        work.empty(1 << 20, np.uint8)
        assert work.spilled == 1 << 20


SHARED = """
import ctypes, threading
from detector.machine.system import share_freed_blocks

share_freed_blocks()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
places = []
for _ in range(3):
    thread = threading.Thread(target=lambda: places.append(library.malloc(100_000)))
    thread.start()
    thread.join()
places.append(library.malloc(100_000))
print(max(places) - min(places) < 32 << 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library is left as it is")
def test_threads_share_one_arena_from_the_beginning() -> None:
    done = subprocess.run([sys.executable, "-c", SHARED], capture_output=True, check=True, text=True, timeout=60)
    assert done.stdout == "True\n"


def test_columns_stand_in_several_files_and_take_what_is_free() -> None:
    with Workspace(memory=1, workers=2) as work:
        columns = [work.empty(n << 20, np.uint8) for n in (4, 2, 2, 2)]
        assert [file.n_columns for file in work._files] == [1, 1, 1, 1]
        columns.append(work.empty(2 << 20, np.uint8))
        assert [file.n_bytes >> 20 for file in work._files] == [4, 4, 2, 2], "the one that has the least"
        del columns[0]
        columns.append(work.empty(4 << 20, np.uint8))
        assert [file.n_bytes >> 20 for file in work._files] == [4, 4, 2, 2], "what has become free"
    with Workspace(memory=1, workers=1000) as work:
        columns = [work.empty(1 << 20, np.uint8) for _ in range(20)]
        assert len(work._files) == MOST_FILES and len(columns) == sum(file.n_columns for file in work._files)
