"""Bytes made from columns are those that Python makes from the same rows, whatever the texts hold."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from corpora import timeless
from hypothesis import given
from hypothesis import strategies as st
from row_columns import Tables, tables

from detector.kernels import rendering as kernel
from detector.model import (
    FINDING_KINDS,
    PART_NAMES,
    Cluster,
    DocumentScore,
    Fill,
    Finding,
    Literal,
    Member,
    Parts,
    Phrase,
    Slot,
)
from detector.pipeline import scan
from detector.report.html import render_html
from detector.results import writing
from detector.results.index import Scan
from detector.results.writing import json_line
from detector.tables import rendering
from detector.tables.columns import SLOT_TYPES
from detector.tables.rendering import json_blocks, json_strings, plain_text
from detector.tables.sheets import sheet_of

ROOT = Path(__file__).parents[1]
SUMMARY = {"corpus": {"digest": "0", "n_bytes": 0}, "settings": {"format": "jsonl", "finding_text": "full"}}
NASTY = '"\\/\b\t\n\x0b\f\r\0\x1f\x7f\x80é\u2028\u2029\ud7ff\ud800\udbff\udc00\udfff\ue000\ufffd\uffff'
NASTY += "\U00010000\U0010ffff汉"
TEXT = st.text(st.sampled_from(NASTY) | st.characters(codec=None, categories=None), max_size=30)


def lines(table: Any, finding_text: str = "full") -> bytes:
    return b"".join(block.tobytes() for block in json_blocks(sheet_of(table, finding_text)))


def expected(name: str, table: Any, finding_text: str = "full") -> bytes:
    return "".join(json_line(row) for row in writing._plain_rows(name, tuple(table), finding_text)).encode()


def spans(draw: Any, text: str, n: int) -> list[tuple[int, int]]:
    """Some spans of a text, empty ones too, in any order."""
    places = st.integers(0, len(text))
    return [tuple(sorted((draw(places), draw(places)))) for _ in range(n)]  # type: ignore[misc]


@st.composite
def scans(draw: Any) -> Scan:
    """Tables with hostile strings in every place."""
    ids = draw(st.lists(TEXT, min_size=1, max_size=4, unique=True))
    texts = {name: draw(TEXT) for name in ids}
    ratio = st.integers(0, 1_000_000).map(lambda value: value / 1_000_000) | st.sampled_from((0.0, 1e-6, 9.9e-5, 1.0))
    number = st.integers(0, 2**31 - 1)
    findings, phrases, members, clusters = [], [], [], []
    for name in sorted(ids):
        for start, end in spans(draw, texts[name], draw(st.integers(0, 3))):
            evidence: dict[str, Any] = draw(st.dictionaries(TEXT.map("x".__add__), TEXT | st.floats(0, 1), max_size=2))
            if draw(st.booleans()):
                evidence["doc"] = draw(st.sampled_from(ids))
            if draw(st.booleans()):
                evidence |= {"start": draw(number), "end": draw(number)}
            if draw(st.booleans()):
                evidence["claims"] = [list(span) for span in spans(draw, texts[name], draw(st.integers(0, 3)))]
            cluster = draw(st.sampled_from((None, "passage-7", "block-12")))
            findings.append(
                Finding(
                    name,
                    start,
                    end,
                    draw(st.sampled_from(FINDING_KINDS)),
                    draw(st.none() | TEXT),
                    texts[name][start:end],
                    cluster,
                    draw(st.none() | st.integers(1, 2**31 - 1)),
                    draw(ratio),
                    draw(st.none() | st.sampled_from(PART_NAMES)),
                    evidence,
                )
            )
    for row in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(ids))
        start, end = spans(draw, texts[name], 1)[0]
        text = texts[name][start:end]
        findings.append(Finding(name, start, end, "phrase", None, text, f"phrase-{row + 1}", 2, 1.0, "phrase", {}))
        phrases.append(Phrase(f"phrase-{row + 1}", text, draw(TEXT), *(draw(number) for _ in range(4))))
    for row in range(draw(st.integers(0, 3))):
        docs = draw(st.lists(st.sampled_from(ids), min_size=1, max_size=3))
        places = [spans(draw, texts[doc], 1)[0] for doc in docs]
        name = f"{draw(st.sampled_from(('document', 'block', 'passage')))}-{row + 1}"
        members += [Member(name, doc, *place, draw(ratio)) for doc, place in zip(docs, places, strict=True)]
        at, parts = places[0][0], []
        for slot in range(draw(st.integers(0, 2))):
            begin = draw(st.integers(at, len(texts[docs[0]])))
            end = draw(st.integers(begin, len(texts[docs[0]])))
            parts.append(Literal(texts[docs[0]][at:begin]))
            where = [(begin, end), *(spans(draw, texts[doc], 1)[0] for doc in docs[1:])]
            fills = tuple(Fill(doc, *span, texts[doc][slice(*span)]) for doc, span in zip(docs, where, strict=True))
            parts.append(Slot(f"slot{slot + 1}", draw(st.sampled_from(SLOT_TYPES)), fills))
            at = end
        clusters.append(Cluster(name, name.partition("-")[0], draw(number), draw(number), len(docs), tuple(parts)))
    documents = []
    for name in ids:
        parts6 = Parts(*(draw(st.integers(0, 2**40)) for _ in PART_NAMES))
        documents.append(
            DocumentScore(
                name,
                draw(TEXT),
                draw(number),
                parts6.total,
                draw(st.none() | ratio),
                draw(st.none() | ratio),
                7,
                parts6,
                {kind: n for kind in FINDING_KINDS if (n := draw(st.integers(0, 3)))},
                draw(st.none() | st.sampled_from([other for other in ids if other != name] or [None])),
                tuple(sorted(draw(st.sets(st.sampled_from(("spun", NASTY)))))),
                1,
            )
        )
    return Scan(tuple(documents), tuple(findings), tuple(clusters), tuple(members), tuple(phrases), SUMMARY, texts)


@timeless
@given(scans(), st.sampled_from(("full", "short", "none")))
def test_lines_are_those_that_python_writes(made: Scan, finding_text: str) -> None:
    for name, table in tables(made)._asdict().items():
        assert tuple(table) == getattr(made, name)
        assert lines(table, finding_text) == expected(name, getattr(made, name), finding_text), name


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made = tables(scan(ROOT / "seeds"))
    whole = {name: lines(table) for name, table in made._asdict().items()}
    for name in Tables._fields:
        assert whole[name] == (ROOT / "reports" / "sample" / f"{name}.jsonl").read_bytes(), name
    monkeypatch.setattr(rendering, "BLOCK_ROWS", 3)
    monkeypatch.setattr(rendering, "BLOCK_BYTES", 900)
    for name, table in made._asdict().items():
        assert lines(table) == whole[name], name


def test_every_millionth_is_written_as_python_writes_the_float() -> None:
    values = np.concatenate((np.arange(2000), np.arange(990_000, 1_000_001), np.arange(0, 3_000_000, 997)))
    words = rendering.strings(["", "\n"])
    fields = np.array([(kernel.RATIO, 0, 0, 0), (kernel.WORD, 1, 0, 0)])
    out, indptr = np.empty(30 * len(values), dtype=np.uint8), np.empty(len(values) + 1, np.int64)
    columns = values[None, :].astype(np.int64)
    size = kernel.render_rows(out, indptr, fields, columns, words, words, rendering._NO_SPANS, words)
    assert size == indptr[-1]
    assert out[:size].tobytes().decode().split() == [repr(value / 1_000_000) for value in values.tolist()]


@timeless
@given(st.lists(TEXT, max_size=4), st.sampled_from((kernel.JSON, kernel.ASCII, kernel.RAW)))
def test_a_text_in_each_mode(texts: list[str], mode: int) -> None:
    points = np.array([ord(char) for text in texts for char in text], dtype=np.uint32)
    stop = np.cumsum([len(text) for text in texts], dtype=np.int64)
    start = stop - [len(text) for text in texts] if texts else stop
    out, indptr = np.empty(12 * len(points) + 1, dtype=np.uint8), np.empty(len(texts) + 1, dtype=np.int64)
    size = kernel.render_texts(out, indptr, kernel.Spans(points, start, stop, -1), mode)
    found = [out[begin:end].tobytes() for begin, end in pairwise(indptr)]
    assert size == indptr[-1]
    if mode == kernel.RAW:
        assert found == [plain_text(text).encode() for text in texts]
    else:
        of, between = json_strings(texts, mode), json_strings(texts, mode, '{"x":"', '",')
        assert between.data.tobytes() == b"".join(b'{"x":"%s",' % text for text in found)
        quoted = [of.data[begin:end].tobytes() for begin, end in pairwise(of.indptr)]
        assert found == [text[1:-1] for text in quoted]
        if mode == kernel.ASCII:
            assert quoted == [json.dumps(text).encode() for text in texts]


@pytest.mark.parametrize("finding_text", ["full", "short", "none"])
def test_parquet_from_columns_is_parquet_from_rows(
    tmp_path: Path, finding_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "BLOCK_ROWS", 5)
    monkeypatch.setattr(writing, "ROWS_PER_SHARD", 12)
    monkeypatch.setattr(writing, "BYTES_TOGETHER", 2000)
    monkeypatch.setattr(writing, "ROWS_TOGETHER", 7)
    texts = {
        f"{NASTY}{row}": NASTY + "全县完成固定资产投资12亿元，比上年增长7%，新建农村公路90公里。" for row in range(3)
    }
    for number, made in enumerate((scan(texts), scan(ROOT / "seeds"), scan([]))):
        settings = {**made.summary["settings"], "format": "parquet", "finding_text": finding_text}
        rows = replace(made, summary={**made.summary, "settings": settings})
        columns = replace(rows, **tables(rows)._asdict())
        rows.write(tmp_path / f"rows{number}")
        columns.write(tmp_path / f"columns{number}")
        names = sorted(path.name for path in (tmp_path / f"rows{number}").iterdir())
        assert names == sorted(path.name for path in (tmp_path / f"columns{number}").iterdir())
        for name in names:
            paths = [tmp_path / f"{kind}{number}" / name for kind in ("rows", "columns")]
            if name.endswith(".parquet"):
                one, other = (pq.read_table(path) for path in paths)
                assert one.schema == other.schema
                assert one.to_pylist() == other.to_pylist()
            else:
                assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_report_is_the_same_over_columns() -> None:
    made = scan(ROOT / "seeds")
    assert render_html(replace(made, **tables(made)._asdict())) == render_html(made)
