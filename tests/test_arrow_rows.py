"""Blocks of columns against the reader that goes line by line: the same documents, problems and files."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from detector.errors import InputError
from detector.model import Document
from detector.records import file_rows
from detector.records.arrow_rows import Ahead, Wanted, parse_lines
from detector.records.reading import Reader
from detector.settings import Settings

WANTED = Wanted("text", "id", "series", "url")

HOSTILE = [
    b"",
    b" ",
    b"\r",
    b"\xe3\x80\x80",
    b"{}",
    b"[1]",
    b"1",
    b"null",
    b"null{}",
    b'{"text":"a"} null {"text":"b"}',
    b'{"text":"a"}null',
    b'{"text":{}}\t\r null{}',
    b'{"text":"a","x":[null,{},null,{"y":null}]}',
    b'"text"',
    b'{"text":"a"} {"text":"b"}',
    b'{"text":"a"}{"text":"b"}',
    b'{"text":',
    b'"a"}',
    b'{"text":{}',
    b',"b":1}',
    b'{"text":"a","text":"b"}',
    b'{"text":"a","\\u0074ext":"b"}',
    b'{"te\\u0078t":"escaped key"}',
    b'{"text":null}',
    b'{"text":1}',
    b'{"text":["a"]}',
    b'{"body":"a","id":"x"}',
    b'{"text":"a","x":Inf}',
    b'{"text":"a","x":-Inf }',
    b'{"text":"a","x":[NaN,Infinity,-Infinity]}',
    b'{"text":"a","x":-NaN}',
    b'{"text":"a","x":1e999}',
    b'{"text":"a","x":01}',
    b'{"text":"a","x":1.}',
    b'{"text":"a",}',
    b'{"text":"a","x":tru}',
    b'{"text":"a"}x',
    b'{"text":"a"}\0',
    b'{"text":"a\0b"}',
    b'{"text":"a\\u0000b"}',
    b'{"text":"\x01"}',
    b'{"text":"\x7f"}',
    b'{"text":"\\v"}',
    b'{"text":"\\ud800"}',
    b'{"text":"\\udc00"}',
    b'{"text":"\\ud83d\\ude00 \xf0\x9f\x98\x80"}',
    b'{"text":"a","x":"\\udfff"}',
    b'{"text":"caf\xe9 caf\xe9 noir et blanc"}',
    b'{"text":"\xed\xa0\x80"}',
    b'{"text":"\xc0\xaf"}',
    b'{"text":"\xf4\x90\x80\x80"}',
    b'{"text":"a","x":"\xff"}',
    b'\xef\xbb\xbf{"text":"a"}',
    '{"text":"完成固定资产投资"}'.encode("gb18030"),
    '{"text":"完成固定資產投資","id":"繁"}'.encode("big5"),
    '{"text":"乡镇工作报告"}'.encode("utf-16-le"),
    b'{"text":"a","id":7}',
    b'{"text":"a","id":7}',
    b'{"text":"a","id":"7"}',
    b'{"text":"a","id":"7~2"}',
    b'{"text":"a","id":-0}',
    b'{"text":"a","id":1.0}',
    b'{"text":"a","id":1e3}',
    b'{"text":"a","id":12345678901234567890123}',
    b'{"text":"a","id":9007199254740993}',
    b'{"text":"a","id":' + b"9" * 5000 + b"}",
    b'{"text":"a","id":true}',
    b'{"text":"a","id":""}',
    b'{"text":"a","id":null}',
    b'{"text":"a","id":"2020-01-01"}',
    b'{"text":"2020-01-01T00:00:00Z","id":"2020-01-01T00:00:00Z"}',
    b'{"text":"a","id":{"a":1}}',
    b'{"text":"a","series":"s","url":"http://www.example.org/a"}',
    b'{"text":"a","series":"","url":"HTTPS://Example.org:80"}',
    b'{"text":"a","series":5}',
    b'{"text":"a","url":5}',
    b'{"text":"a","url":"http://[broken"}',
    b'{"text":"a","id":"\\ud800"}',
    b'{"text":"a","x":' + b"[" * 3000 + b"]" * 3000 + b"}",
    b'{"text":"a","x":' + b"[" * 100 + b"]" * 100 + b"}",
    b'{"text":"' + b"[{" * 800 + b'"}',
    b'{"text":"a","x":{"text":null,"id":[]}}',
    b'{"text":"Inf, NaN] Information, -Inf }"}',
    b' {"text":"a"}',
    b'{"text":"a"} ',
    b'{"text":"a"}\t\r',
]
PLAIN = st.fixed_dictionaries(
    {"text": st.text()},
    optional={"id": st.one_of(st.text(max_size=3), st.integers()), "series": st.text(max_size=2), "url": st.text()},
)
RECORDS = st.one_of(
    PLAIN.map(lambda row: json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    PLAIN.map(lambda row: json.dumps(row).encode()),
    st.fixed_dictionaries({"text": st.text(), "id": st.integers(0, 9)}).map(lambda row: json.dumps(row).encode()),
)
LINES = st.lists(st.one_of(RECORDS, RECORDS, st.sampled_from(HOSTILE), st.binary(max_size=20)), max_size=30)


def outcome(read: Callable[[Reader], list[Document]], path: Path, **values: Any) -> tuple[Any, ...]:
    """Everything that a reading gives; the documents or the message of its error first."""
    reader = Reader(path, Settings(**values))
    try:
        documents: Any = read(reader)
    except InputError as error:
        documents = str(error)
    return documents, reader.problems, reader.n_problems, reader.n_lost, reader.files


def by_blocks(workers: int) -> Callable[[Reader], list[Document]]:
    def read(reader: Reader) -> list[Document]:
        return [
            Document(block.ids[row], block.text(row), block.source, block.rows[row], block.series[row])
            for block in reader.blocks(workers)
            for row in range(len(block.ids))
        ]

    return read


def check_same(path: Path, **values: Any) -> None:
    expected = outcome(list, path, **values)
    for workers in (1, 2):
        found = outcome(by_blocks(workers), path, **values)
        if isinstance(expected[0], str):
            # An error ends the reading: files and problems after it are of no interest.
            assert found[0] == expected[0]
        else:
            assert found == expected


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(lines=LINES, size=st.sampled_from([1, 64, 400, 1 << 20]), end=st.sampled_from([b"\n", b"\r\n"]))
@example(lines=HOSTILE, size=1, end=b"\n")
@example(lines=[b'{"text":"a"} {"text":"b"}', b'{"text":', b'"c"}'], size=1 << 20, end=b"\n")
@example(lines=[b'{"text":"a"}', b'{"text":{}', b',"b":1}', b'{"text":"a"}{"text":"b"}'], size=1 << 20, end=b"\n")
def test_blocks_are_what_lines_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[bytes], size: int, end: bytes
) -> None:
    monkeypatch.setattr(file_rows, "BLOCK_BYTES", size)
    path = tmp_path / "a.jsonl"
    path.write_bytes(end.join(lines))
    check_same(path)
    check_same(path, strict=True)
    check_same(path, id_field="id", series_field="url")


@pytest.mark.parametrize("line", HOSTILE)
def test_one_odd_line_among_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
    monkeypatch.setattr(file_rows, "BLOCK_BYTES", 100)
    regular = [json.dumps({"text": f"第{row}行", "id": row}, ensure_ascii=False).encode() for row in range(20)]
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join([*regular[:10], line, *regular[10:]]) + b"\n")
    check_same(path)


def test_regular_lines_are_parsed_together() -> None:
    lines = [{"text": f"第{row}行[{{", "id": row, "x": {"y": [row]}} for row in range(100)]
    data = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    for ends in (data, data + b"\n", data.replace(b"\n", b"\r\n")):
        parsed = parse_lines(ends, WANTED)
        assert parsed is not None
        assert parsed.ids == list(range(100))
        assert bytes(parsed.values[parsed.offsets[7] : parsed.offsets[8]]).decode() == "第7行[{"
    texts = json.dumps({"text": "[" * 1000}).encode()
    assert parse_lines(texts, WANTED) is not None


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)
SPACES = st.sampled_from([None, (", ", ": "), (" ,\t", "\r: ")])


@hypothesis_settings(max_examples=300, deadline=None)
@given(rows=st.lists(st.tuples(PLAIN, JSON, st.booleans(), SPACES), min_size=1, max_size=4), data=st.data())
def test_what_is_parsed_together_is_what_json_gives(rows: list[Any], data: st.DataObject) -> None:
    lines = []
    for row, value, escaped, separators in rows:
        line = json.dumps({"x": value} | row | {"y": value}, ensure_ascii=escaped, separators=separators)
        lines.append(line.encode("utf-8", "surrogatepass"))
    joined = b"\n".join(lines)
    assert parse_lines(joined, WANTED) is not None
    at = data.draw(st.integers(0, len(joined)))
    damaged = joined[:at] + data.draw(st.binary(max_size=2)) + joined[at + data.draw(st.integers(0, 2)) :]
    parsed = parse_lines(damaged, WANTED)
    if parsed is not None:
        expected = [json.loads(line) for line in damaged.removesuffix(b"\n").split(b"\n")]
        assert [bytes(parsed.values[a:b]).decode() for a, b in pairwise(parsed.offsets)] == [
            row["text"] for row in expected
        ]
        assert list(zip(parsed.ids, parsed.series, parsed.urls, strict=True)) == [
            (row.get("id"), row.get("series"), row.get("url")) for row in expected
        ]


@pytest.mark.parametrize("packed", [gzip.compress, lzma.compress])
@pytest.mark.parametrize("kept", [1.0, 0.6])
def test_compressed_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: Callable[[bytes], bytes], kept: float
) -> None:
    monkeypatch.setattr(file_rows, "BLOCK_BYTES", 1000)
    data = packed("".join(json.dumps({"text": f"{row * 7919}", "id": row}) + "\n" for row in range(3000)).encode())
    path = tmp_path / ("a.jsonl.gz" if packed is gzip.compress else "a.jsonl.xz")
    path.write_bytes(data[: int(kept * len(data))])
    check_same(path)


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.json", "b.json", "a.tsv"])
def test_other_formats_go_row_by_row(tmp_path: Path, name: str) -> None:
    rows = [{"id": "1", "text": "一"}, {"id": "1", "text": "二"}]
    text = "id,text\n1,一\n1,二\n"
    if name == "a.json":
        text = json.dumps(rows)
    elif name == "b.json":
        text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / name).write_text(text, "utf-8")
    check_same(tmp_path / name)
    assert len(outcome(by_blocks(1), tmp_path / name)[0]) == (1 if name == "a.txt" else 2)


def test_dotted_fields_go_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a":{"b":"one"}}\n{"a.b":"two"}\n{"a":{"c":"three"}}\n')
    check_same(path, text_field="a.b")
    check_same(path, id_field="series")


COLUMNS = [
    pa.array(["一", "二", "三"]),
    pa.array(["一", None, "三"]),
    pa.array(["一", "二", "三"], pa.large_string()),
    pa.array([1, 1, 2**62]),
    pa.array([1, None, 3], pa.uint8()),
    pa.array([1.5, 2.0, float("nan")]),
    pa.array(["", "2", "2"]),
    pa.array(["a", "b", "a"]).dictionary_encode(),
    pa.array([b"a", b"\xff", b"c"]),
    pa.array([[1], [], None]),
    pa.array([None, None, None]),
    pa.array([True, False, None]),
    pa.Array.from_buffers(
        pa.string(), 3, [None, pa.array([0, 1, 2, 3], pa.int32()).buffers()[1], pa.py_buffer(b"a\xffc")]
    ),
]


@pytest.mark.parametrize("text", range(len(COLUMNS)))
@pytest.mark.parametrize("identity", range(len(COLUMNS)))
def test_parquet(tmp_path: Path, text: int, identity: int) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"text": COLUMNS[text], "x": COLUMNS[3], "id": COLUMNS[identity], "series": COLUMNS[0]})
    pq.write_table(table, path, row_group_size=2)
    check_same(path)
    check_same(path, id_field="id")


def test_parquet_of_many_batches_and_of_none(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"第{row}行" for row in range(3000)], "url": ["http://a.org/"] * 3000}), path)
    check_same(path)
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), path)
    check_same(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    check_same(path)


def test_results_come_in_order_and_errors_after_them() -> None:
    def items() -> Any:
        yield from range(10)
        raise ValueError("after ten")

    for workers in (1, 3):
        threads = Ahead(workers)
        found = []
        with pytest.raises(ValueError, match="after ten"):
            for value in threads.map(lambda item: item * item, items()):
                found.append(value)
        threads.close()
        assert found == [item * item for item in range(10)]
