"""Kernels are compiled ahead by other processes; the list of them is up to date."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from detector.kernels import ahead, compiled, machine_code
from detector.kernels.compiled import Kernel, njit
from detector.pipeline import scan
from detector.text import kept_tables
from detector.text.tokens import alphabet

pytestmark = pytest.mark.skipif(not compiled.is_tested(), reason="here numba runs the kernels")

SEEDS = Path(__file__).parents[1] / "seeds"
KINDS = (("l", 1, "C", True), "int")


@njit(cache=True, nogil=True, error_model="numpy")
def added(values, number):  # type: ignore[no-untyped-def]
    """The first value and a number."""
    return values[0] + number


@pytest.fixture
def one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for kernels, and a list of one; returns the folder."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv(ahead.HELPER, "1")
    monkeypatch.setattr(ahead, "wanted", lambda: [ahead.Wanted(__name__, "added", KINDS)])
    return tmp_path


def test_the_list_has_what_a_scan_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this fails: python scripts/list_kernels.py."""
    called, plain = set(), Kernel.__call__

    def noted(kernel: Kernel, *arguments: Any) -> Any:
        kinds = tuple(map(machine_code.kind, arguments))
        called.add((kernel.py_func.__module__, kernel.py_func.__qualname__, kinds))
        return plain(kernel, *arguments)

    monkeypatch.setattr(Kernel, "__call__", noted)
    monkeypatch.setattr(kept_tables, "folders", list)
    alphabet.cache_clear()  # tables of characters are made, as in a first scan
    scan(SEEDS).write(tmp_path / "scan")
    assert {row for row in called if None not in row[2]} <= set(ahead.wanted())


@pytest.mark.parametrize("row", ahead.wanted(), ids=lambda row: row.name)
def test_examples_are_of_their_kinds(row: ahead.Wanted) -> None:
    examples = tuple(map(machine_code.example, row.kinds))
    assert tuple(map(machine_code.kind, examples)) == row.kinds
    assert isinstance(getattr(sys.modules.get(row.module) or __import__(row.module, fromlist=["*"]), row.name), Kernel)


def test_arrays_of_any_layout_have_examples() -> None:
    for kind in (("i", 2, "F", True), ("d", 1, "A", False), ("?", 3, "A", True), "float", "bool", "f"):
        assert machine_code.kind(machine_code.example(kind)) == kind


def test_a_part_of_the_list_is_compiled(one_row: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["ahead", "0", "1", str(os.getppid())])
    ahead.main()
    (code,) = one_row.iterdir()
    assert code.name.startswith(f"{__name__}.added-")
    ahead.main()  # there is nothing left to do
    assert [code] == list(one_row.iterdir())


def test_nothing_is_compiled_for_one_who_is_gone(one_row: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["ahead", "0", "1", str(os.getpid())])
    ahead.main()
    assert not list(one_row.iterdir())


def test_a_processor_is_left_to_the_scan_and_helpers_start_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[int, int]] = []

    class Started:
        def kill(self) -> None: ...

    def start(part: int, n_parts: int) -> Started:
        started.append((part, n_parts))
        return Started()

    monkeypatch.setattr(ahead, "_start", start)
    monkeypatch.setattr(ahead, "_processors", lambda: 3)
    monkeypatch.delenv(ahead.HELPER, raising=False)
    ahead.begin.__wrapped__()
    assert started == [(0, 2), (1, 2)]
    monkeypatch.setenv(ahead.HELPER, "1")
    ahead.begin.__wrapped__()
    assert len(started) == 2
