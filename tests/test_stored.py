"""Columns come back from a file as they were: values, types, who may write to them, and who shares them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from detector.machine.workspace import Workspace
from detector.tables.stored import Columns, StoredFile
from detector.text.texts import Texts


class Pair(NamedTuple):
    """Two values."""

    first: Any
    second: Any


DTYPES = ("int8", "uint8", "int32", "uint32", "int64", "uint64", "float64", "bool")
ARRAYS = st.one_of(*(arrays(dtype, array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=5)) for dtype in DTYPES))
PLAIN = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False), st.none(), st.lists(st.text(max_size=5)))
VALUES = st.recursive(
    ARRAYS | PLAIN, lambda inner: st.builds(Pair, inner, inner) | st.tuples(inner, inner), max_leaves=8
)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        equal = np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        return equal and (one.dtype, one.flags.writeable) == (other.dtype, other.flags.writeable)
    if isinstance(one, tuple):
        return type(one) is type(other) and all(map(same, one, other)) and len(one) == len(other)
    return bool(one == other)


@given(value=VALUES)
def test_values_come_back(value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("columns")
    with Workspace() as work:
        stored = Columns(folder, [Pair], work).write("a", value)
        again = Columns(folder, [Pair], work)
        assert again.is_whole(StoredFile(*stored))
        assert same(again.read(stored), value)


def test_an_array_is_written_once(tmp_path: Path) -> None:
    shared: NDArray[np.uint32] = np.arange(1000, dtype=np.uint32)
    shared.flags.writeable = False
    with Workspace() as work:
        columns = Columns(tmp_path, [Pair, Texts], work)
        first = columns.write("a", Pair(Texts(shared, np.array([0]), np.array([1000])), ("x", {"y": [np.int64(1)]})))
        assert columns.n_bytes(shared) == 0
        second = columns.write("b", (shared, 1))
        assert second.n_bytes < 1000 < first.n_bytes
        again = Columns(tmp_path, [Pair, Texts], work)
        made, one = again.read(second)
        assert one == 1
        assert same(made, shared)
        assert again.n_bytes(made) == 0
        texts, rest = again.read(first)
        assert texts[0] == "".join(map(chr, range(1000)))
        assert rest == ("x", {"y": [1]})


@pytest.mark.parametrize("change", ["cut", "longer", "changed", "gone"])
def test_damage_is_seen(tmp_path: Path, change: str) -> None:
    with Workspace() as work:
        columns = Columns(tmp_path, [], work)
        stored = columns.write("a", np.arange(100))
        data = (tmp_path / "a").read_bytes()
        (tmp_path / "a").unlink()
        if change != "gone":
            made = {"cut": data[:-1], "longer": data + b"\0", "changed": data[:500] + b"\1" + data[501:]}[change]
            (tmp_path / "a").write_bytes(made)
        assert not columns.is_whole(stored)


def test_what_is_read_keeps_within_the_budget(tmp_path: Path) -> None:
    with Workspace(memory=1, tmp=tmp_path) as work:
        columns = Columns(tmp_path, [], work)
        stored = columns.write("a", np.arange(1 << 18))
        read = columns.read(stored)
        assert work.spilled == read.nbytes
        assert (read == np.arange(1 << 18)).all()
