"""Parts of the file for columns that do not fit in memory: taken, written, given back and taken again."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.machine import spilling
from detector.machine.spilling import PART_BYTES, SpillFile, part_of, place_of, write


def test_parts_are_taken_again_when_nobody_holds_them(tmp_path: Path) -> None:
    file = SpillFile(tmp_path)
    first, second = (file.column(3 * PART_BYTES) for _ in range(2))
    assert not first.any() and not second.any(), "what was never used is cleared"
    assert {at(first), at(second)} == {0, 3 * PART_BYTES} and file.n_bytes == 6 * PART_BYTES
    first[-1] = 7
    assert not file.has_part(1)
    del first
    assert file.has_part(3 * PART_BYTES) and not file.has_part(3 * PART_BYTES + 1)
    again = file.column(PART_BYTES + 1)
    assert at(again) == 0 and file.n_columns == 2
    rest = file.column(PART_BYTES)
    assert at(rest) == 2 * PART_BYTES and rest[-1] == 7, "the rest of it, with the pages it had"
    del again, rest, second
    assert at(file.column(6 * PART_BYTES, put=True, in_order=True, near=True)) == 0, "neighbours are one again"
    assert not list(tmp_path.iterdir())
    file.close()


@settings(deadline=None)
@given(st.data(), st.booleans())
def test_what_is_written_stands_there(data: st.DataObject, in_order: bool) -> None:
    file, n = SpillFile(None), 50_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spilling, "PIECE_BYTES", 1 << 12)
        patch.setattr(spilling, "LARGE_PIECE_BYTES", 1 << 14)
        column = file.column(8 * n, in_order=in_order).view(np.int64)
        expected, seven = np.zeros(n, np.int64), column[7:]
        for number in range(1, 5):
            first = data.draw(st.integers(0, n - 7))
            values = np.arange(data.draw(st.integers(0, n - 7 - first))) * number
            write(seven, first, values)
            expected[7 + first : 7 + first + len(values)] = values
            if data.draw(st.booleans()):
                file.release()
        assert (column == expected).all()
    file.close()


def test_a_column_knows_where_it_is() -> None:
    file, memory = SpillFile(None), np.zeros(10)
    column = file.column(100).view(np.int32)
    other = np.frombuffer(mmap.mmap(-1, 100), np.uint8)
    assert place_of(column[3:5][::2]) == (file.descriptor, at(column) + 12)
    assert not any(map(place_of, (memory, memory[2:], other)))
    file.close()
    assert place_of(column) is None and part_of(column) is not None, "the number may be another file's by now"
    column[:] = 5
    write(column, 3, np.array([6], np.int32))
    assert column.tolist() == [5, 5, 5, 6] + [5] * 21, "what is held keeps its values when the file is closed"


def at(column: np.ndarray) -> int:
    """Where a column begins in its file."""
    place = place_of(column)
    assert place is not None
    return place[1]
