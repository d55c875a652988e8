"""Kernels run from files of machine code as numba runs them, without numba, and numba where that cannot be."""

from __future__ import annotations

import ast
import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from detector.kernels import cache, compiled, machine_code
from detector.kernels.compiled import Kernel, njit

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(not compiled.is_tested(), reason="here numba runs the kernels")


class Pair(NamedTuple):
    left: Any
    right: Any


@njit(cache=True, nogil=True, error_model="numpy")
def _double(value):  # type: ignore[no-untyped-def]
    return 2 * value


@njit(cache=True, nogil=True, error_model="numpy")
def mixed(values, grid, pair, is_big, factor, small):  # type: ignore[no-untyped-def]
    """Something of every kind of argument and result."""
    total = 0.0
    for row in range(grid.shape[0]):
        for column in range(grid.shape[1]):
            total += grid[row, column]
    for place in range(values.shape[0]):
        values[place] = _double(values[place])
    kept = np.empty(values.shape[0] + 1, np.int32)
    for place in range(kept.shape[0]):
        kept[place] = place
    swapped = pair.right, pair.left
    return total * factor, (kept[1:], values), is_big or small > 3, swapped[0].shape[0]


@njit(cache=True, nogil=True, error_model="numpy")
def nothing(values):  # type: ignore[no-untyped-def]
    """Returns nothing, sets all to one."""
    for place in range(values.shape[0]):
        values[place] = 1


@njit(cache=True, nogil=True, error_model="numpy")
def refused(value):  # type: ignore[no-untyped-def]
    """Raises an error, which only numba can."""
    if value < 0:
        raise ValueError("negative")
    return value + 1


_TABLE = np.array([7, 5, 3, 2], np.uint8)


@njit(cache=True, nogil=True, error_model="numpy")
def tabled(out, values):  # type: ignore[no-untyped-def]
    """Reads a table of its own, and calls the mathematical library."""
    for place in range(values.shape[0]):
        out[place] = _TABLE[place] + np.log(values[place])


@njit(cache=True, nogil=True, error_model="numpy")
def roots(values):  # type: ignore[no-untyped-def]
    """Needs a function of the mathematical library."""
    return np.cosh(values[0])


@njit(cache=True, nogil=True, error_model="numpy")
def at_index(values, index):  # type: ignore[no-untyped-def]
    """Reads one value."""
    return values[index]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and kernels that have not run."""
    monkeypatch.setattr(cache, "folders", lambda: [tmp_path])
    for kernel in (at_index, mixed, nothing, refused, roots, tabled):
        monkeypatch.setattr(kernel, "_callers", {})
    return tmp_path


def arguments() -> tuple[Any, ...]:
    grid = np.arange(6, dtype=np.float32).reshape(2, 3)
    pair = Pair(np.zeros(4, np.uint64), np.zeros(5, np.uint8))
    return np.arange(4, dtype=np.uint16), grid, pair, True, 0.5, np.uint32(7)


def test_it_returns_what_the_function_returns(folder: Path) -> None:
    for _ in range(2):
        given = arguments()
        total, (kept, values), flag, size = mixed(*given)
        assert (total, kept.tolist(), values.tolist(), flag, size) == (7.5, [1, 2, 3, 4], [0, 2, 4, 6], True, 5)
        assert kept.dtype == np.int32
        assert np.shares_memory(values, given[0])
        mixed._callers.clear()
    assert [path.suffix for path in folder.iterdir()] == [cache.SUFFIX]


def test_results_live_as_long_as_they_are_held() -> None:
    kept = [mixed(*arguments())[1] for _ in range(200)]
    gc.collect()
    assert all(own.tolist() == [1, 2, 3, 4] and given.tolist() == [0, 2, 4, 6] for own, given in kept)


def test_a_kernel_counts_from_the_front_and_other_code_of_numba_as_it_will() -> None:
    import numba

    values = np.arange(10, 15)
    assert at_index(values[2:], -1) == 11  # what stands before the view, not its last value
    assert numba.njit(lambda values, index: values[index])(values[2:], -1) == 14


def test_no_kernel_names_a_place_from_the_end() -> None:
    named = [
        f"{path.name}:{node.lineno}"
        for path in sorted((ROOT / "detector" / "kernels").glob("*.py"))
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef)
        and any("njit" in ast.unparse(name) for name in function.decorator_list)
        for node in ast.walk(function)
        if isinstance(node, ast.Subscript)
        for index in (node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])
        if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub)
    ]
    assert not named, "code of kernels does not add the size to an index below 0, see detector.kernels.exporting"


def test_where_bounds_are_checked_an_index_below_0_is_an_error(tmp_path: Path) -> None:
    code = (
        "import numpy as np; from detector.kernels.repeating import list_places\n"
        "list_places(np.array([-1]), np.array([-1]), np.zeros(3, np.int32), np.array([0, 1]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_BOUNDSCHECK": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=False, text=True, timeout=60
    )
    assert "IndexError: index is out of bounds" in done.stderr


def test_memory_of_results_is_given_back() -> None:
    resource = pytest.importorskip("resource")
    given = (np.zeros(1 << 22, np.uint16), *arguments()[1:])
    mixed(*given)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(50):
        mixed(*given)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(3, np.uint8),
        np.zeros(6, np.int64)[::2],
        np.zeros(0, np.float64),
        np.zeros(3, np.dtype(">i4")),
        np.zeros(9, np.uint8)[1:].view(np.uint32),
    ],
)
def test_any_array_will_do(values: Any) -> None:
    if values.dtype.isnative:
        nothing(values)
        assert (values == 1).all()
    else:
        with pytest.raises(Exception, match="Unsupported array dtype"):
            nothing(values)


def test_code_refers_to_its_own_places_and_to_the_library_wherever_it_lies() -> None:
    values = np.arange(1, 5, dtype=np.float64)
    for _ in range(3):  # each time it is put somewhere else
        out = np.zeros(4)
        tabled(out, values)
        assert out.tolist() == pytest.approx((np.log(values) + np.array([7.0, 5.0, 3.0, 2.0])).tolist())
        tabled._callers.clear()


def test_where_memory_cannot_hold_code_numba_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Strict:
        def __getattr__(self, name: str) -> Any:
            return (lambda *_: -1) if name == "mprotect" else getattr(library, name)

    library = machine_code._library()
    monkeypatch.setattr(machine_code, "_library", Strict)
    values = np.zeros(2, np.int8)
    nothing(values)
    assert values.tolist() == [1, 1]
    assert nothing._left_to_numba.signatures


def test_code_that_calls_what_is_not_there_is_left_to_numba(folder: Path) -> None:
    tabled(np.zeros(4), np.ones(4))
    path = next(folder.iterdir())
    code = compiled._read(path.name)
    assert code is not None
    assert "log" in code.outer
    compiled._write(path.name, code._replace(outer={"no_such_function": code.outer["log"]}))
    tabled._callers.clear()
    out = np.zeros(4)
    tabled(out, np.ones(4))
    assert out.tolist() == [7.0, 5.0, 3.0, 2.0]


def test_the_processor_is_told_without_the_folder_of_the_system_too(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_text

    def hidden(path: Path, *arguments: Any) -> str:
        if path.name == "modalias":
            raise FileNotFoundError
        return read(path, *arguments)

    monkeypatch.setattr(Path, "read_text", hidden)
    told = machine_code.processor.__wrapped__()
    assert "flags" in told
    assert "MHz" not in told


def test_what_raises_is_left_to_numba() -> None:
    assert refused(1) == 2
    with pytest.raises(ValueError, match="negative"):
        refused(-1)


def test_what_calls_other_libraries_is_left_to_numba(folder: Path) -> None:
    assert roots(np.zeros(1)) == 1.0
    found = compiled._read(next(folder.iterdir()).name)
    assert found is not None
    assert not found.data


@pytest.mark.parametrize("broken", ["_read", "_write", "_surroundings"])
def test_numba_runs_what_nothing_else_can(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a surprise")

    monkeypatch.setattr(compiled, broken, fails)
    values = np.zeros(2, np.int8)
    nothing(values)
    assert values.tolist() == [1, 1]


def test_no_array_has_more_than_there_is_memory() -> None:
    @njit(cache=True, nogil=True, error_model="numpy")
    def greedy(n):  # type: ignore[no-untyped-def]
        return np.empty(n, np.uint8)

    with pytest.raises(MemoryError, match="greedy"):
        greedy(1 << 60)


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:40] + b"?" + data[41:]]
)
def test_a_damaged_file_is_made_again(folder: Path, damage: Any) -> None:
    nothing(np.zeros(1, np.int8))
    path = next(folder.iterdir())
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert compiled._read(path.name) is None
    nothing._callers.clear()
    values = np.zeros(2, np.int8)
    nothing(values)
    assert values.tolist() == [1, 1]
    assert compiled._read(path.name) is not None


def test_code_of_another_source_or_type_is_another_file(folder: Path) -> None:
    same = Kernel(nothing.py_func)
    other = (("b", 1, "C", True),)
    assert nothing._digest(other) == same._digest(other)
    assert nothing._digest(other) != nothing._digest((("b", 1, "C", False),))
    assert nothing._digest(other) != mixed._digest(other)


def test_old_files_of_a_kernel_go_and_the_newest_stay(folder: Path) -> None:
    names = [f"detector.some_kernel-{number:02}{cache.SUFFIX}" for number in range(cache.FILES_OF_ONE + 5)]
    others = [f"detector.some_kernel_more-00{cache.SUFFIX}", "detector.some_kernel-00.txt"]
    for second, name in enumerate([*others, *names[:-1]]):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (second, second))
    compiled._write(names[-1], machine_code.Code(b"code", None))
    assert {file.name for file in folder.iterdir()} == {*others, *names[5:]}
    assert compiled._read(names[-1]) == machine_code.Code(b"code", None)


def test_a_later_process_imports_no_numba(tmp_path: Path) -> None:
    code = (
        "import sys; import numpy as np; from detector.kernels.sorting import shared_keys\n"
        "print([found.tolist() for found in shared_keys(np.array([7, 5, 7], np.uint32))], 'numba' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path)}
    told = []
    for more in ({}, {}, {"NUMBA_BOUNDSCHECK": "1"}):
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment | more, capture_output=True, check=True, text=True, timeout=60)
        told.append(done.stdout.strip())
    assert told == [f"[[0, 2], [2]] {imports}" for imports in (True, False, True)]


@pytest.mark.skipif(not compiled.is_tested(), reason="kernels are left to numba here")
@pytest.mark.parametrize("level", ["passage", "document"])
def test_no_kernel_of_a_scan_is_left_to_numba(level: str) -> None:
    code = (
        "import sys, detector\n"
        "from detector.document_scan import scan_documents\n"
        "from detector.machine.workspace import Workspace\n"
        f"settings = detector.Settings(level={level!r})\n"
        "with Workspace(workers=2) as work:\n"
        f"    ({'scan_documents' if level == 'document' else 'detector.scan'})('seeds', settings, work=work)\n"
        "print('numba' in sys.modules)\n"
    )
    root = Path(__file__).parents[1]
    for _ in range(2):  # the first one may compile
        done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "False"
