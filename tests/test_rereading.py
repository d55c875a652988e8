"""Texts read again from their files are the texts that were read; a file that is another one by then is told."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from detector.document_scan import DocumentScan, scan_documents
from detector.errors import InputError
from detector.records import rereading
from detector.records.arrow_rows import TextBlock
from detector.records.reading import Reader
from detector.records.rereading import STORED, Sources
from detector.records.stores import TextStore
from detector.settings import Settings

ROWS = st.lists(st.tuples(st.text(), st.booleans(), st.booleans()), min_size=1, max_size=12)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(rows=ROWS, order=st.randoms())
def test_texts_are_those_that_were_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, bool, bool]], order: object
) -> None:
    monkeypatch.setattr(rereading, "SMALLEST_FILE", 0)
    lines = [json.dumps({"x": "y", "text": text}, ensure_ascii=escaped) for text, escaped, _ in rows]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    block = next(Reader(tmp_path / "a.jsonl").blocks())
    assert block.places is not None
    with TextStore() as store:
        sources = Sources(store)
        number = sources.number(block.places)
        store.write(block, 0)
        is_stored = np.array([stored for _, _, stored in rows])
        start = np.where(is_stored, block.offsets[:-1], block.places.start)
        stop = np.where(is_stored, block.offsets[1:], block.places.stop)
        chosen = order.sample(range(len(rows)), len(rows))  # type: ignore[attr-defined]
        numbers = np.where(is_stored, STORED, number).astype(np.int32)
        values, offsets = sources.read(start[chosen], stop[chosen], numbers[chosen])
    texts = [bytes(values[a:b]).decode() for a, b in pairwise(offsets)]
    assert texts == [rows[row][0] for row in chosen]


def write_copies(path: Path) -> None:
    rows = [{"id": f"{row:03}", "text": f"第{row // 2}份报告，" + "全镇完成固定资产投资" * 5} for row in range(40)]
    path.write_text("".join(json.dumps(row, ensure_ascii=bool(row["id"] < "020")) + "\n" for row in rows), "utf-8")


def told(found: DocumentScan) -> tuple[object, ...]:
    return found.ids, found.head.tolist(), found.ratio.tolist(), found.summary["corpus"]["digest"]


def test_families_are_the_same_with_and_without_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_copies(tmp_path / "a.jsonl")
    expected = told(scan_documents(tmp_path / "a.jsonl"))
    monkeypatch.setattr(rereading, "SMALLEST_FILE", 0)
    assert told(scan_documents(tmp_path / "a.jsonl")) == expected
    assert len(set(expected[1])) < 40  # type: ignore[arg-type]


@pytest.mark.parametrize("change", ["longer", "other", "shorter", "gone"])
def test_a_file_that_was_changed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    monkeypatch.setattr(rereading, "SMALLEST_FILE", 0)
    path = tmp_path / "a.jsonl"
    write_copies(path)
    whole = Reader.blocks

    def changed(self: Reader, workers: int = 1) -> Iterator[TextBlock]:
        yield from whole(self, workers)
        if change == "gone":
            path.unlink()
        elif change == "other":
            path.write_bytes(b"x" * path.stat().st_size)
            os.utime(path, ns=(0, 0))
        else:
            os.truncate(path, path.stat().st_size + (1 if change == "longer" else -2000))

    monkeypatch.setattr(Reader, "blocks", changed)
    with pytest.raises(InputError, match=r"a\.jsonl: (was changed while it was read|cannot be read again)"):
        scan_documents(path)


def test_what_is_compressed_or_small_is_stored(tmp_path: Path) -> None:
    write_copies(tmp_path / "a.jsonl")
    block = next(Reader(tmp_path / "a.jsonl", Settings()).blocks())
    with TextStore() as store:
        assert Sources(store).number(block.places) == STORED
        assert block.places is not None
        large = block.places._replace(state=(1, 2, rereading.SMALLEST_FILE, 3))
        assert [Sources(store).number(places) for places in (None, large)] == [STORED, 0]
        assert replace(block, places=None).text(0) == block.text(0)
