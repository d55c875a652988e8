"""Rows over columns are the rows that a scan makes, one at a time, sliced, or all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from row_columns import Tables, tables

from detector.pipeline import scan
from detector.results.index import Scan
from detector.tables import rows
from detector.tables.rows import MILLIONTHS, TextsById

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def made() -> Scan:
    return scan(ROOT / "seeds")


@pytest.fixture(scope="module")
def lazy(made: Scan) -> Tables:
    return tables(made)


@pytest.mark.parametrize("table", Tables._fields)
def test_rows_are_those_of_the_scan(made: Scan, lazy: Tables, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, found = getattr(made, table), getattr(lazy, table)
    assert len(expected) == len(found) > 3
    assert tuple(found) == tuple(expected)
    assert found == expected
    assert expected == found
    assert [list(row.evidence) for row in found if hasattr(row, "evidence")] == [
        list(row.evidence) for row in expected if hasattr(row, "evidence")
    ]
    assert found != expected[:-1]
    assert found[2:] == expected[2:]
    assert found[-3:-1] == expected[-3:-1]
    assert found[::-2] == expected[::-2]
    assert found[3:2] == ()
    assert (found[0], found[-1]) == (expected[0], expected[-1])
    with pytest.raises(IndexError):
        found[len(expected)]
    monkeypatch.setattr(rows, "BLOCK_ROWS", 2)
    assert tuple(found) == tuple(expected)


def test_rows_of_one_document_and_of_one_cluster(made: Scan, lazy: Tables) -> None:
    for row, document in enumerate(made.documents):
        assert lazy.findings.of_document(row) == tuple(item for item in made.findings if item.doc == document.id)
    for row, cluster in enumerate(made.clusters):
        assert lazy.members.of_cluster(row) == tuple(item for item in made.members if item.cluster == cluster.id)


def test_texts_by_id(made: Scan, lazy: Tables) -> None:
    texts = TextsById(lazy.findings.ids, lazy.findings.texts)
    assert texts == made.texts
    assert list(texts) == list(made.texts)
    for name, text in made.texts.items():
        assert name in texts
        assert texts.slice(name, 5, 50) == text[5:50]
        assert texts.slice(name, len(text) - 2, len(text) + 9) == text[-2:]
        assert texts.slice(name, len(text) + 1, len(text) + 9) == ""
    for name in ("nobody", "", "zzz"):
        assert name not in texts
        assert texts.get(name) is None
    assert 7 not in texts


def test_spans_are_the_same_decoded_together_and_alone(made: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_TOGETHER", 10)
    for name, table in tables(made)._asdict().items():
        assert table == getattr(made, name)


def test_rows_of_nothing() -> None:
    for table in tables(scan([])):
        assert table == ()
        assert table[:5] == ()


@given(st.floats(0, 2000))
def test_a_millionth_is_the_rounded_float(value: float) -> None:
    rounded = round(value, 6)
    assert round(rounded * MILLIONTHS) / MILLIONTHS == rounded
