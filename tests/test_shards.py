"""Writing records back: byte for byte where nothing changed, one value where one did, nothing outside the folder."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from detector.errors import OutputError
from detector.records import formats, json_rows, shards
from detector.records.encodings import UTF8
from detector.records.formats import Layout
from detector.records.reading import Reader, Record
from detector.records.shards import PARTIAL, ShardWriter, target_name
from detector.settings import Settings

ZH = "全镇上下认真贯彻落实县委的决策部署，扎实推进各项工作。"
TRAD = "全鎮上下認真貫徹落實縣委的決策部署，紮實推進各項工作。"
LINES = f'{{"text": "{ZH}",  "n": 1e2, "n": NaN, "big": {"9" * 5000}}}\r\n\n{{broken\n{{"text":"\\u4e00\\ud800"}}'
ARRAY = f'[ {{"text": "{ZH}", "x": [1, 2]}},\n  {{"broken": }}, {{"text":"b"}} ]\n'
CSV = 'id,text,"n n"\r\n1,"a ""b""\r\nc", 2 \r\n\r\n2,d\r\n3,e,f,g'
FILES = {
    "a.txt": f"\ufeff{ZH}\r\n".encode(),
    "b.txt": TRAD.encode("big5"),
    "c/d.txt": ZH.encode("utf-16"),
    "e.txt.gz": gzip.compress(ZH.encode("gb18030"), mtime=0),
    "f.jsonl": LINES.encode(),
    "g.jsonl": ("\ufeff" + LINES).encode(),
    "h.jsonl": LINES.encode("utf-16-be"),
    "i.jsonl": (f'{{"text": "{ZH}"}}\n' * 3).encode("gb18030"),
    "j.jsonl": f'{{"text": "{ZH}'.encode() + b'\xff"}\n',
    "k.json": ARRAY.encode(),
    "l.json": ARRAY.encode("gb18030"),
    "m.json": f'{{\n"text": "{ZH}"}}\n'.encode(),
    "n.csv": CSV.encode(),
    "o.csv": ("\ufeff" + CSV).encode("utf-16-le"),
    "p.tsv": f"text\tn\n{ZH}\t1\n".encode("gb18030"),
    "q.csv": b"text\rone\rtwo\r",
    "r.csv": b'"id";"text"\n"1";"a,b"\n',
}


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def copy(source: Path, target: Path, text: Any = lambda record: None, **values: Any) -> Reader:
    reader = Reader([source], Settings(**values))
    with ShardWriter(target, text_field=reader.settings.text_field) as writer:
        for record in reader.records():
            writer.write(record, text(record) if record.document else None)
    return reader


def plain(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def test_unchanged_records_are_written_byte_for_byte(tmp_path: Path) -> None:
    source = fill(tmp_path / "in", FILES)
    copy(source, tmp_path / "out")
    for name in FILES:
        assert plain(tmp_path / "out" / name) == plain(source / name), name
    assert not (tmp_path / "out" / PARTIAL).exists()
    assert len(list((tmp_path / "out").rglob("*.*"))) == len(FILES)


def test_a_replaced_text_is_the_only_change(tmp_path: Path) -> None:
    source = fill(tmp_path / "in", FILES)
    copy(source, tmp_path / "out", lambda record: record.document.text[1:])
    before = [record for record in Reader([source]).records() if record.document]
    after = [record for record in Reader([tmp_path / "out"]).records() if record.document]
    assert [record.document.text[1:] for record in before] == [record.document.text for record in after]
    assert [(record.source, record.row) for record in before] == [(record.source, record.row) for record in after]
    assert plain(tmp_path / "out/f.jsonl") == LINES.replace('"全', '"').replace("\\u4e00", "").encode()
    assert plain(tmp_path / "out/a.txt") == f"\ufeff{ZH[1:]}\r\n".encode()
    assert plain(tmp_path / "out/e.txt.gz") == ZH[1:].encode("gb18030")
    assert plain(tmp_path / "out/k.json") == ARRAY.replace("全", "").replace('"b"', '""').encode()
    assert plain(tmp_path / "out/r.csv") == b'"id";"text"\n"1";",b"\n'
    assert plain(tmp_path / "out/n.csv").startswith(b'id,text,"n n"\r\n1," ""b""\r\nc", 2 \r\n\r\n2,\r\n3,,f,g')


def test_a_nested_text_and_the_style_of_escapes(tmp_path: Path) -> None:
    line = '{"a": {"b": "\\u4e00\\u4e8c"}, "b": "\\u4e00", "a": {"b": "\\u4e00\\u4e8c", "c": 1.50}}\n'
    source = fill(tmp_path / "in", {"a.jsonl": line.encode()})
    copy(source, tmp_path / "out", lambda record: record.document.text + "三😀", text_field="a.b")
    expected = line.replace('\\u4e8c", "c"', '\\u4e8c\\u4e09\\ud83d\\ude00", "c"')
    assert plain(tmp_path / "out/a.jsonl").decode() == expected


def test_extra_columns_are_added_and_never_take_a_name(tmp_path: Path) -> None:
    files = {
        "a.jsonl": b'{"text": "a", "why": 1}\n{"text": "b"} \n',
        "b.csv": b"why,text\n1,a\n2\n",
        "c.txt": b"c",
        "d.json": b'{"text": "d"}',
    }
    reader = Reader([fill(tmp_path / "in", files)])
    why = [{"rule": "max_junk", "value": 0.5}]
    with ShardWriter(tmp_path / "out", extra=["why"]) as writer:
        for record in reader.records():
            writer.write(record, extra={"why": why})
    shown = json.dumps(why)
    out = tmp_path / "out"
    assert plain(out / "a.jsonl").decode() == (
        f'{{"text": "a", "why": 1, "detector_why": {shown}}}\n{{"text": "b", "why": {shown}}} \n'
    )
    with (out / "b.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["why", "text", "detector_why"], ["1", "a", shown], ["2"]]
    assert plain(out / "d.json").decode() == f'{{"text": "d", "why": {shown}}}'
    assert plain(out / "c.txt") == b"c"
    assert json.loads(plain(out / "reasons.jsonl")) == {"source": "c.txt", "row": 1, "why": why}


def test_parquet_keeps_schema_metadata_and_values(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([1, 2, 3], pa.uint8()),
            "text": pa.array(["一", None, "三"], pa.large_string()),
            "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
            "at": pa.array([1, 2, 3], pa.timestamp("ns", "Asia/Shanghai")),
            "raw": pa.array([b"\xff", None, b""]),
        }
    ).replace_schema_metadata({"k": "v"})
    (tmp_path / "in").mkdir()
    pq.write_table(table, tmp_path / "in/a.parquet", compression="zstd", row_group_size=2)
    copy(tmp_path / "in", tmp_path / "out")
    assert pq.read_table(tmp_path / "out/a.parquet").equals(table, check_metadata=True)
    assert pq.ParquetFile(tmp_path / "out/a.parquet").metadata.row_group(0).column(0).compression == "ZSTD"
    with ShardWriter(tmp_path / "two", extra=["why"]) as writer:
        for record in Reader([tmp_path / "in"]).records():
            writer.write(record, "new" if record.row == 3 else None, {"why": ["r"]} if record.document else {})
    written = pq.read_table(tmp_path / "two/a.parquet")
    assert written.drop(["why", "text"]).equals(table.drop(["text"]))
    assert written["text"].to_pylist() == ["一", None, "new"]
    assert written["why"].to_pylist() == ['["r"]', None, '["r"]']


def test_parquet_text_within_a_struct(tmp_path: Path) -> None:
    table = pa.table({"doc": [{"t": "a", "n": 1}, {"t": "b", "n": 2}], "kind": ["x", "y"]})
    (tmp_path / "in").mkdir()
    pq.write_table(table, tmp_path / "in/a.parquet")
    copy(tmp_path / "in", tmp_path / "out", lambda record: record.document.text + "!", text_field="doc.t")
    assert pq.read_table(tmp_path / "out/a.parquet")["doc"].to_pylist() == [{"t": "a!", "n": 1}, {"t": "b!", "n": 2}]


@pytest.mark.parametrize(
    "source", ["../a.txt", "a/../../b.txt", "/etc/passwd", "", "a//b", "./a", "a\0b", f"{PARTIAL}/0", "..", "a/.."]
)
def test_nothing_is_written_outside_the_folder(tmp_path: Path, source: str) -> None:
    layout = Layout(source, "text", encoding=UTF8)
    with pytest.raises(OutputError, match="no path below the output folder"):
        target_name(layout)
    with pytest.raises(OutputError), ShardWriter(tmp_path / "out") as writer:
        writer.write(Record(None, formats.TextFile(b"x"), source, 1, layout))
    assert not list(tmp_path.rglob("*.txt"))


def test_ids_are_no_paths(tmp_path: Path) -> None:
    source = fill(tmp_path / "in", {"a.jsonl": b'{"id": "../../etc/passwd", "text": "a"}\n'})
    copy(source, tmp_path / "out")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.jsonl", "a.jsonl"]


def test_an_exception_leaves_nothing_behind(tmp_path: Path) -> None:
    source = fill(tmp_path / "in", FILES)
    with pytest.raises(KeyError), ShardWriter(tmp_path / "out") as writer:
        for n, record in enumerate(Reader([source]).records()):
            writer.write(record)
            if n == 8:
                assert not [path for path in (tmp_path / "out").rglob("*.*") if PARTIAL not in path.parts]
                raise KeyError
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_a_full_disk_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    source = fill(tmp_path / "in", {"a.txt": b"a"})
    monkeypatch.setattr(shards._TextShard, "write", full)
    with pytest.raises(OutputError, match=r"out/a\.txt: cannot be written: No space left on device"):
        copy(source, tmp_path / "out")
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_misuse_is_refused(tmp_path: Path) -> None:
    records = list(
        Reader([fill(tmp_path / "in", {"a.jsonl": b'{"text": "a"}\n', "b.jsonl": b'{"text": "b"}\n'})]).records()
    )
    with pytest.raises(OutputError, match="is no column of this writer"), ShardWriter(tmp_path / "out") as writer:
        writer.write(records[0], extra={"x": 1})
    with pytest.raises(OutputError, match="must come together"), ShardWriter(tmp_path / "out") as writer:
        for record in (*records, records[0]):
            writer.write(record)


def test_stdin_gets_a_name() -> None:
    assert target_name(Layout("-", "jsonl", "zstd")) == "stdin.jsonl.zst"
    assert target_name(Layout("-", "text")) == "stdin.txt"


def test_records_that_follow_a_line_without_end(tmp_path: Path) -> None:
    reader = Reader([fill(tmp_path / "in", {"a.jsonl": b'{"text": "a"}', "b.csv": b"text\na"})])
    with ShardWriter(tmp_path / "out") as writer:
        for record in reader.records():
            writer.write(record)
            writer.write(replace(record, row=2))
    assert plain(tmp_path / "out/a.jsonl") == b'{"text": "a"}\n{"text": "a"}'
    assert plain(tmp_path / "out/b.csv") == b"text\na\na"


def test_zstd_output_is_whole(tmp_path: Path) -> None:
    source = fill(tmp_path / "in", {"a.jsonl.zst": zstandard.compress(b'{"text": "a"}\n' * 100)})
    copy(source, tmp_path / "out")
    assert sum(1 for _ in Reader([tmp_path / "out"])) == 100


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers(-(10**30), 10**30)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('a.b"\\', max_size=3), inner, max_size=3),
    max_leaves=8,
)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    st.dictionaries(st.text(max_size=4), VALUES, max_size=4),
    st.text(),
    st.text(st.characters(exclude_categories=())),
    st.sampled_from(["t", "a.b"]),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_replacing_changes_one_value_only(
    record: dict[str, Any], old: str, new: str, path: str, indent: int | None, ascii_only: bool
) -> None:
    record = {**record, path: old, "last": 1}
    source = json.dumps(record, indent=indent, ensure_ascii=ascii_only)
    changed = json_rows.replace_value(source, path, new)
    # Two halves of a pair side by side are one character to every JSON reader.
    whole = new.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert repr(json.loads(changed)) == repr({**json.loads(source), path: whole})
    if not old.isascii():
        assert json_rows.replace_value(json_rows.replace_value(source, path, old + "?"), path, old) == source
    added = json.loads(json_rows.add_values(source, {"last": [new], "more": 2}))
    assert list(added)[-2:] == ["detector_last", "more"]


PIECES = st.sampled_from(
    [
        ZH,
        TRAD,
        "text",
        "id",
        ",",
        "\t",
        '"',
        "\n",
        "\r",
        "\r\n",
        "{",
        "}",
        "[",
        "]",
        ":",
        '"text"',
        "\\",
        "\0",
        "1",
        " ",
    ]
)
ENCODED = st.builds(
    lambda pieces, name: "".join(pieces).encode(name, "ignore"),
    st.lists(PIECES, max_size=20),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "big5", "utf-16", "utf-16-le", "utf-16-be"]),
)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.lists(ENCODED | st.binary(max_size=12), max_size=4), st.sampled_from(["txt", "jsonl", "csv", "tsv", "json"]))
def test_any_bytes_come_back(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], ending: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    data = b"".join(pieces)
    source = fill(folder / "in", {f"a.{ending}": data})
    reader = copy(source, folder / "out")
    written = folder / "out" / f"a.{ending}"
    if not written.exists():
        assert reader.n_problems
    elif ending != "json":
        assert written.read_bytes() == data
