"""Tables that a run leaves for the next one are what they were when they were made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.kernels import cache
from detector.rules import page_phrases, pages, places
from detector.text import folding, kept_tables, passages, tokens

MADE: list[int] = []


def some_tables() -> list[NDArray[Any]]:
    """Tables of several types and shapes, one of them a part of another."""
    MADE.append(1)
    wide = np.arange(9, dtype=np.uint32)
    return [wide, wide[::2], np.array([True, False]), np.empty(0, np.float64), wide.reshape(3, 3).T]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for what is kept."""
    for module in (cache, kept_tables):
        monkeypatch.setattr(module, "folders", lambda: iter([tmp_path / "kept"]))
    MADE.clear()
    return tmp_path / "kept"


def check(found: tuple[NDArray[Any], ...]) -> None:
    assert [table.tolist() for table in found] == [
        [*range(9)],
        [0, 2, 4, 6, 8],
        [True, False],
        [],
        [[0, 3, 6], [1, 4, 7], [2, 5, 8]],
    ]
    assert [table.dtype for table in found] == [np.uint32, np.uint32, np.bool_, np.float64, np.uint32]
    assert not any(table.flags.writeable for table in found)
    assert all(type(table) is np.ndarray and table.flags.aligned and table.flags.c_contiguous for table in found)


def test_the_second_run_makes_nothing(folder: Path) -> None:
    for _ in range(3):
        check(kept_tables.kept_tables(some_tables))
    assert len(MADE) == 1
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(
    "damage",
    [lambda data: b"", lambda data: data[:-1], lambda data: data + b"?", lambda data: data[:70] + b"9" + data[71:]],
)
def test_a_damaged_file_is_made_again(folder: Path, damage: Any) -> None:
    kept_tables.kept_tables(some_tables)
    path = next(folder.iterdir())
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    check(kept_tables.kept_tables(some_tables))
    assert len(MADE) == 2
    assert path.read_bytes() == whole


def test_where_no_folder_can_be_written_they_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    for module in (cache, kept_tables):
        monkeypatch.setattr(module, "folders", lambda: iter([tmp_path / "file"]))
    check(kept_tables.kept_tables(some_tables))


def test_other_data_and_other_modules_are_other_files(folder: Path) -> None:
    kept_tables.kept_tables(some_tables)
    kept_tables.kept_tables(some_tables, ["abbreviations.txt"])
    assert len(list(folder.iterdir())) == 2
    kept_tables.kept_tables(some_tables, (), [pages.__name__])
    assert len(list(folder.iterdir())) == 2, "of one table two are kept"
    assert len(MADE) == 3


@pytest.mark.parametrize(
    ("known", "made"),
    [
        (folding.character_table, folding._characters),
        (lambda: (folding.is_blank(),), folding._blanks),
        (passages._cutting_table, passages._kinds_and_properties),
        (lambda: page_phrases.page_words()[1:], page_phrases._page_words),
        (lambda: page_phrases.edge_words()[1:], page_phrases._edge_words),
        (pages.fitted, pages._fitted),
        (lambda: pages.fitted(is_han=True), pages._fitted_han),
        (tokens.alphabet, tokens._alphabet),
        (lambda: (places.shapes(),), places._shapes),
    ],
)
def test_tables_are_those_that_are_made(known: Any, made: Any) -> None:
    for kept, table in zip(known(), made(), strict=True):
        assert kept.dtype == table.dtype
        assert np.array_equal(kept, table)
