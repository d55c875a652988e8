"""Texts are decoded as they are read where their number of characters has a bound, and wait where it has none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from detector.machine.clock import silent
from detector.machine.workspace import PLENTY, Workspace
from detector.records.corpus import read_corpus
from detector.records.inputs import expand
from detector.records.point_buffer import PointBuffer, point_buffer
from detector.settings import Settings
from detector.text.texts import Texts

TEXTS = {f"{key[::-1]}": f"第{key}段、\U00020000 é" * 40 for key in map(str, range(100, 160))}


def write(folder: Path) -> list[Path]:
    """The texts in two files; their ids do not come in the order of the rows."""
    paths = [folder / f"{name}.jsonl" for name in "ab"]
    rows = [json.dumps({"id": key, "text": text}, ensure_ascii=False) + "\n" for key, text in TEXTS.items()]
    for path, some in zip(paths, (rows[::2], rows[1::2]), strict=True):
        path.write_text("".join(some), "utf-8")
    return paths


def test_texts_stand_where_they_were_put() -> None:
    buffer, work = PointBuffer(10), Workspace(memory=PLENTY)
    values = np.frombuffer("一二abcé".encode(), np.uint8)
    begins = buffer.decode(values, np.array([0, 3, 3, 11]), np.array([1, 0, 5]))
    assert begins is not None and begins.tolist() == [0, 1, 1]
    assert buffer.decode(values, np.array([0, 11, 11]), np.array([6, 6])) is None  # there is no room for twelve
    more = buffer.decode(values[:3], np.array([0, 3]), np.array([1]))
    assert more is not None and more.tolist() == [6]
    points = buffer.points(work)
    assert list(Texts(points, np.array([0, 6]), np.array([6, 7]))) == ["一二abcé", "一"]


def test_there_is_a_buffer_where_the_files_bound_it(tmp_path: Path) -> None:
    paths = write(tmp_path)
    files, _ = expand(paths, ())
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(paths[0].read_bytes()))
    packed, _ = expand([tmp_path / "c.jsonl.gz"], ())
    stdin, _ = expand(["-"], ())
    plenty = Workspace(memory=PLENTY)
    assert point_buffer(files, plenty) is not None
    assert point_buffer(files, Workspace()) is not None
    assert point_buffer(files, Workspace(memory=PLENTY - 1)) is None
    assert point_buffer([*files, *packed], plenty) is None
    assert point_buffer([*files, *stdin], plenty) is None
    plenty.used = PLENTY // 2
    assert point_buffer(files, plenty) is None


@pytest.mark.parametrize("most", [0, 1, 2000, 1 << 20])
def test_what_does_not_fit_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """As of files that have grown since they were measured."""
    monkeypatch.setattr("detector.records.corpus.point_buffer", lambda *_: PointBuffer(most))
    with Workspace(workers=2) as work:
        found = read_corpus(write(tmp_path), Settings(), work, silent)
    assert found.ids == sorted(TEXTS)
    assert dict(zip(found.ids, found.texts, strict=True)) == TEXTS


def test_a_buffer_takes_no_more_than_its_texts(tmp_path: Path) -> None:
    paths = write(tmp_path)
    with Workspace(workers=2) as work:
        found = read_corpus(paths, Settings(), work, silent)
    assert len(found.texts.points) == sum(map(len, TEXTS.values()))
    assert sum(path.stat().st_size for path in paths) > len(found.texts.points)
