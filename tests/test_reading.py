"""Reading: every format, compression and encoding; faults with their exact messages; sources, ids and order."""

from __future__ import annotations

import bz2
import csv
import doctest
import gzip
import io
import json
import lzma
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from detector.errors import InputError
from detector.model import Document, Problem
from detector.records import encodings, file_rows, formats, inputs, json_rows, reading, table_rows
from detector.records.inputs import expand
from detector.records.reading import MAX_PROBLEMS, Reader, corpus_digest, host_of
from detector.settings import Settings

CASES = [json.loads(line) for line in (Path(__file__).parent / "data/reading/faults.jsonl").read_bytes().splitlines()]
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".zst": lambda data: zstandard.compress(data[:9]) + zstandard.compress(data[9:]),
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}
TEXTS = [
    "全镇上下认真贯彻落实县委的决策部署。\n扎实推进，各项工作。",
    "过去一年，我们的工作取得了新的成绩，\r\n“稳”字当头。",
]
TRADITIONAL = [
    "全鎮上下認真貫徹落實縣委的決策部署。\n紮實推進，各項工作。",
    "過去一年，我們的工作取得了新的成績，\r\n「穩」字當頭。",
]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "big5"]
LABELS = {"utf-8-sig": "utf-8-bom", "utf-16": "utf-16-le-bom"}
LONE = st.text(st.characters(exclude_categories=()), max_size=30)
PLAIN = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def write(path: Path, data: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def read(*inputs: str | Path, **values: Any) -> tuple[list[Document], Reader]:
    reader = Reader(inputs, Settings(**values))
    return list(reader), reader


def csv_text(texts: list[str], delimiter: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([("id", "text"), *((f"d{n}", text) for n, text in enumerate(texts))])
    return out.getvalue()


def content(ending: str, texts: list[str]) -> str:
    rows = [{"id": f"d{number}", "text": text} for number, text in enumerate(texts)]
    if ending == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if ending == "json":
        return json.dumps(rows, ensure_ascii=False, indent=1)
    if ending == "txt":
        return texts[0]
    return csv_text(texts, "\t" if ending == "tsv" else ",")


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("ending", ["txt", "jsonl", "json", "csv", "tsv"])
def test_every_format_encoding_and_compression(tmp_path: Path, ending: str, encoding: str, compression: str) -> None:
    texts = TRADITIONAL if encoding == "big5" else TEXTS
    data = content(ending, texts).encode(encoding)
    path = write(tmp_path / f"a.{ending}{compression}", COMPRESS[compression](data))
    documents, reader = read(path)
    expected = ["a"] if ending == "txt" else ["d0", "d1"]
    assert [(document.id, document.text) for document in documents] == list(zip(expected, texts, strict=False))
    (file,) = reader.files
    assert reader.problems == []
    assert file.encoding == LABELS.get(encoding, encoding)
    assert (file.format, file.n_documents, file.n_bytes) == (
        {"txt": "text"}.get(ending, ending),
        len(documents),
        path.stat().st_size,
    )
    assert file.compression == formats.COMPRESSIONS.get(compression)


@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_faults_are_told_with_their_place(tmp_path: Path, case: dict[str, Any]) -> None:
    path = write(tmp_path / case["name"], bytes.fromhex(case["hex"]) if "hex" in case else case["data"])
    documents, reader = read(path, **case.get("settings", {}))
    found = [[problem.reason, problem.message, problem.lost] for problem in reader.problems]
    assert found == case["problems"]
    assert [[document.id, document.text] for document in documents] == case["documents"]
    assert sum(reader.n_problems.values()) == len(found)
    if found:
        with pytest.raises(InputError) as error:
            read(path, strict=True, **case.get("settings", {}))
        assert str(error.value) == found[0][1]


def test_deep_nesting_is_a_problem(tmp_path: Path) -> None:
    deep = '{"text": "a", "x": ' + "[" * 100_000 + "]" * 100_000 + "}\n"
    documents, reader = read(write(tmp_path / "a.jsonl", deep + '{"text": "b"}\n'))
    assert [document.id for document in documents] == ["a.jsonl#2"]
    assert [problem.message for problem in reader.problems] == ["a.jsonl:1: JSON nested too deeply to be read"]


def test_a_line_of_many_megabytes(tmp_path: Path) -> None:
    line = json.dumps({"text": "长" * 10_000_000}, ensure_ascii=False) + "\n"
    for name, data in (("a.jsonl", line), ("b.json", f"[{line}]"), ("c.csv", "text\n" + "长" * 10_000_000)):
        documents, reader = read(write(tmp_path / name, data))
        assert [len(document.text) for document in documents] == [10_000_000]
        assert reader.problems == []


@pytest.mark.parametrize("ending", [".gz", ".zst", ".xz", ".bz2"])
def test_a_truncated_stream_gives_what_it_still_holds(tmp_path: Path, ending: str) -> None:
    lines = "".join(json.dumps({"text": f"{n * 7919 % 100_003} {n * n}"}) + "\n" for n in range(20_000)).encode()
    data = zstandard.compress(lines) if ending == ".zst" else COMPRESS[ending](lines)
    for cut in (len(data) // 2, len(data) - 3):
        documents, reader = read(write(tmp_path / f"a.jsonl{ending}", data[:cut]))
        assert [problem.reason for problem in reader.problems] == ["truncated"]
        assert reader.problems[0].message.startswith(f"a.jsonl{ending}: reading stopped, the ")
        assert reader.files[0].n_documents == len(documents)
        assert ending == ".bz2" or len(documents) > 1000 or (ending == ".xz" and cut < len(data) - 3)
    text = write(tmp_path / f"b.txt{ending}", COMPRESS[ending](lines)[:-3])
    assert read(text)[1].n_problems == {"truncated": 1}


def test_parquet_rows_of_every_kind(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": [1, 2, 3],
            "text": pa.array(["一", None, "三"], pa.large_string()),
            "meta": [{"url": "http://www.a.cn/"}, None, {"url": "x"}],
            "other": [b"\xff", None, b""],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    documents, reader = read(tmp_path / "a.parquet", series_field="meta.url")
    assert documents == [
        Document("1", "一", "a.parquet", 1, "http://www.a.cn/"),
        Document("3", "三", "a.parquet", 3, "x"),
    ]
    message = 'a.parquet:2: the "text" field is null, not a text. Name it with --text-field.'
    assert reader.problems == [Problem("no_text", "a.parquet", 2, message)]
    assert read(tmp_path / "a.parquet", text_field="body")[1].problems[0].message == (
        'a.parquet:1: no "body" field (found: id, meta, other, text). Name it with --text-field.'
    )
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-40])
    assert read(tmp_path / "b.parquet")[1].n_problems == {"bad_parquet": 1}


def test_a_parquet_string_that_is_no_utf8_is_one_problem(tmp_path: Path) -> None:
    texts = pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xff\xfe", b"ok"], pa.binary()).buffers())
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    documents, reader = read(tmp_path / "a.parquet")
    assert [document.text for document in documents] == ["ok"]
    assert reader.n_problems == {"bad_encoding": 1}


def test_the_order_of_the_inputs_makes_no_difference(tmp_path: Path) -> None:
    for name in ("b/x.txt", "a/y.jsonl", "c.txt", "b/deep/z.txt"):
        write(tmp_path / "in" / name, '{"text": "t"}\n')
    inputs = [tmp_path / "in", tmp_path / "in" / "b" / "x.txt", tmp_path / "in" / "c.txt", tmp_path / "in/b"]
    one, two = read(*inputs)[0], read(*reversed(inputs))[0]
    assert one == two
    assert [document.source for document in one] == ["a/y.jsonl", "b/deep/z.txt", "b/x.txt", "c.txt"]
    assert [document.id for document in one] == ["a/y.jsonl#1", "b/deep/z", "b/x", "c"]


def test_colliding_names_get_the_folder_in_front(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one/a.txt", "1"), write(tmp_path / "two/a.txt", "2")
    assert [document.id for document in read(two, one)[0]] == ["one/a", "two/a"]
    assert [document.id for document in read(two.parent, one.parent)[0]] == ["one/a", "two/a"]
    assert [document.id for document in read(f"{tmp_path}/*/a.txt")[0]] == ["one/a", "two/a"]


def test_text_ids_keep_the_ending_where_two_would_be_one(tmp_path: Path) -> None:
    files = [write(tmp_path / name, name) for name in ("a.txt", "a.md", "b.txt", "v2.0", "c.txt")]
    write(tmp_path / "c.txt.gz", gzip.compress(b"other", mtime=0))
    documents, reader = read(*files, tmp_path / "c.txt.gz")
    assert [document.id for document in documents] == ["a.md", "a.txt", "b", "c.txt", "c.txt~2", "v2.0"]
    assert reader.n_problems == {"duplicate_id": 1}


def test_a_walk_counts_what_it_passes_over(tmp_path: Path) -> None:
    for name in ("a.txt", "x.png", ".hidden.txt", "README.txt", ".git/b.txt"):
        write(tmp_path / name, "t")
    documents, reader = read(tmp_path)
    assert [document.id for document in documents] == ["a"]
    assert reader.n_problems == {"skipped_name": 3, "unknown_extension": 1}
    assert [problem.source for problem in reader.problems] == [".git", ".hidden.txt", "README.txt", "x.png"]
    assert read(tmp_path / "README.txt", tmp_path / "x.png")[1].problems == []
    with pytest.raises(InputError, match=r"^x\.png: passed over; readable are \.txt"):
        Reader([tmp_path], Settings(strict=True))
    write(tmp_path / "only/x.png", "t")
    with pytest.raises(InputError, match=r"only: no readable files in this folder \(1 unknown_extension\)"):
        Reader([tmp_path / "only"])


@pytest.mark.parametrize("missing", ["no.txt", "no/*.txt", "no[1].txt"])
def test_an_input_that_does_not_exist(tmp_path: Path, missing: str) -> None:
    with pytest.raises(InputError, match=r"no such file or folder|nothing matches this pattern"):
        Reader([tmp_path / missing])
    with pytest.raises(InputError, match="nothing to read"):
        Reader([])


def test_a_pattern_may_match_folders(tmp_path: Path) -> None:
    for name in ("a/b/x.txt", "a/y.md", "a/pictures/z.png"):
        write(tmp_path / name, "t")
    assert [document.source for document in read(f"{tmp_path}/a/b*")[0]] == ["b/x.txt"]
    documents, reader = read(f"{tmp_path}/a/b", f"{tmp_path}/a/*s", f"{tmp_path}/*/*.md")
    assert [document.source for document in documents] == ["a/y.md", "x.txt"]
    assert reader.n_problems == {"unknown_extension": 1}
    assert read(str(tmp_path / "a"))[0] == list(Reader(tmp_path / "a"))


def test_a_name_with_brackets_is_no_pattern_where_the_file_exists(tmp_path: Path) -> None:
    path = write(tmp_path / "a[1].txt", "t")
    assert [document.id for document in read(path)[0]] == ["a[1]"]


def test_a_file_that_cannot_be_opened_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.txt", "t")
    reader = Reader([path])
    path.unlink()
    assert list(reader) == []
    assert reader.problems[0].message == "a.txt: cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("data", "form", "texts"),
    [
        (b'{"text": "a"}\n{"text": "b"}\n', "jsonl", ["a", "b"]),
        (b'{"text": "a"}', "jsonl", ["a"]),
        (b' [\n{"text": "a"}]', "json", ["a"]),
        (b'{\n"text": "a"}', "json", ["a"]),
        (b"[X] is missing, {{name}}", "text", ["[X] is missing, {{name}}"]),
        (gzip.compress(b'{"text": "a"}\n', mtime=0), "jsonl", ["a"]),
        ('{"text": "工作"}\n'.encode("utf-16"), "jsonl", ["工作"]),
    ],
)
def test_stdin_is_told_by_its_first_bytes(
    monkeypatch: pytest.MonkeyPatch, data: bytes, form: str, texts: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    reader = Reader(["-"])
    for _ in range(2):
        assert [(document.text, document.source) for document in reader] == [(text, "-") for text in texts]
        assert [file.format for file in reader.files] == [form]
        assert reader.files[0].n_bytes == len(data)


def test_series_of_field_then_host(tmp_path: Path) -> None:
    rows = [
        {"series": "a"},
        {"url": "https://www.Gov.CN:80/x"},
        {},
        {"series": None, "url": "http://[bad"},
        {"series": 3},
    ]
    path = write(tmp_path / "a.jsonl", "".join(json.dumps({"text": "t", **row}) + "\n" for row in rows))
    assert [document.series for document in read(path)[0]] == ["a", "gov.cn", None, None, "3"]
    assert [document.series for document in read(path, series_field="url")[0]][:2] == [None, "https://www.Gov.CN:80/x"]
    assert host_of(3) is None


def test_only_so_many_problems_are_kept_and_all_are_counted(tmp_path: Path) -> None:
    reader = Reader([write(tmp_path / "a.jsonl", "x\n" * (MAX_PROBLEMS + 5))])
    records = list(reader.records())
    assert len(records) == reader.n_problems["bad_json"] == reader.n_lost == MAX_PROBLEMS + 5
    assert len(reader.problems) == MAX_PROBLEMS
    assert b"".join(record.raw.data for record in records) == b"x\n" * (MAX_PROBLEMS + 5)  # type: ignore[union-attr]


def test_ascii_first_then_gb18030(tmp_path: Path) -> None:
    plain = b'{"text": "plain"}\n' * 5000
    path = write(tmp_path / "a.jsonl", plain + '{"text": "全镇上下认真贯彻落实"}\n'.encode("gb18030"))
    documents, reader = read(path)
    assert documents[-1].text == "全镇上下认真贯彻落实"
    assert reader.problems == []
    assert reader.files[0].encoding == "gb18030"


def test_the_digest_ignores_order_and_sees_every_change() -> None:
    one, two = Document("a", "x\ud800"), Document("b", "y")
    assert corpus_digest([one, two]) == corpus_digest(iter([two, one]))
    assert len({corpus_digest(some) for some in ([], [one], [two], [one, two], [one, one])}) == 5


@pytest.mark.parametrize("module", [encodings, file_rows, formats, inputs, json_rows, reading, table_rows])
def test_examples_in_docstrings(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


fuzz = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


@fuzz
@given(st.lists(LONE, max_size=5), st.booleans(), st.sampled_from(["a.jsonl", "a.json"]))
def test_json_round_trip(tmp_path: Path, texts: list[str], ascii_only: bool, name: str) -> None:
    safe = [text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") for text in texts]
    rows = [json_rows._escape_surrogates(json.dumps({"text": text}, ensure_ascii=ascii_only)) for text in safe]
    data = "".join(f"{row}\n" for row in rows) if name == "a.jsonl" else f"[{','.join(rows)}]"
    documents, _ = read(write(tmp_path / name, data), encoding="utf-8")
    assert [document.text for document in documents] == safe


@fuzz
@given(st.lists(PLAIN.filter(bool), min_size=1, max_size=5), st.sampled_from([",", "\t", ";"]))
def test_csv_round_trip(tmp_path: Path, texts: list[str], delimiter: str) -> None:
    path = write(tmp_path / "a.csv", csv_text(texts, delimiter).encode())
    assert [document.text for document in read(path, encoding="utf-8")[0]] == texts


@fuzz
@given(PLAIN.filter(lambda text: text and not text.startswith("\ufeff")), st.sampled_from(list(COMPRESS)))
def test_text_round_trip(tmp_path: Path, text: str, compression: str) -> None:
    path = write(tmp_path / f"a.txt{compression}", COMPRESS[compression](text.encode()))
    assert [document.text for document in read(path, encoding="utf-8")[0]] == [text]


@fuzz
@given(st.lists(st.one_of(st.none(), PLAIN), max_size=5))
def test_parquet_round_trip(tmp_path: Path, texts: list[str | None]) -> None:
    pq.write_table(pa.table({"text": pa.array(texts, pa.string())}), tmp_path / "a.parquet")
    assert [document.text for document in read(tmp_path / "a.parquet")[0]] == [
        text for text in texts if text is not None
    ]


@fuzz
@given(
    st.binary(max_size=200), st.sampled_from(["txt", "jsonl", "json", "csv", "tsv", "txt.gz", "jsonl.zst", "parquet"])
)
def test_no_bytes_crash_the_reader(tmp_path: Path, data: bytes, ending: str) -> None:
    documents, reader = read(write(tmp_path / f"a.{ending}", data))
    assert len(reader.files) == 1
    assert reader.files[0].n_documents == len(documents)
    assert all(problem.message.isprintable() for problem in reader.problems)


@fuzz
@given(st.lists(st.text('[]{},"\\ a:\n', max_size=12), max_size=4), st.integers(1, 7))
def test_array_items_do_not_depend_on_the_chunks(parts: list[str], size: int) -> None:
    text = f"[{','.join(json.dumps(part) for part in parts)}]"
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    items = json_rows.ArrayItems(chunks)
    assert [item for item in items if item] == [json.dumps(part) for part in parts]
    assert items.complete


def test_expand_sorts_and_reads_stdin_once(tmp_path: Path) -> None:
    path = write(tmp_path / "+.txt", "t")
    files, passed = expand(["-", path, "-"], ())
    assert [file.source for file in files] == ["+.txt", "-"]
    assert passed == []
