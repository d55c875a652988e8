"""Filter and restore: the very files come back, whatever was dropped and cut, in every format."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import detector
from detector.errors import OutputError, ScanError
from detector.filtering.folder import decision_of, read_summary, removed_of, thresholds_of
from detector.filtering.restoring import restore_corpus
from detector.filtering.run import FilterPlan, Thresholds, filter_corpus
from detector.model import DocumentScore, Finding, Parts
from detector.records.reading import Reader, corpus_digest
from detector.settings import Settings

ROOT = Path(__file__).parents[1]
ANY = {"max_drop": 1.0, "max_drop_per_series": 1.0}


@dataclass(frozen=True)
class Scan:
    documents: Sequence[DocumentScore]
    findings: Sequence[Finding]
    summary: Mapping[str, Any]


def scan_of(reader: Reader, fates: Sequence[tuple[str, int, int]]) -> Scan:
    """A scan that drops and cuts as the fates say, one a document in reading order."""
    documents = list(reader)
    scores, findings = [], []
    for document, (fate, start, n) in zip(documents, [*fates, *[("keep", 0, 0)] * len(documents)], strict=False):
        parts = Parts(junk=1) if fate == "drop" else Parts(own=sum(not char.isspace() for char in document.text))
        score = DocumentScore(document.id, "a", 1, parts.total, parts.originality, None, 1, parts, {}, None, (), 1)
        scores.append(score)
        end = min(start + n, len(document.text))
        if start < end:
            text = document.text[start:end]
            findings.append(Finding(document.id, start, end, "junk", "r", text, None, None, 1.0, "junk", {}))
    order = sorted(range(len(scores)), key=lambda place: scores[place].id)
    findings.sort(key=lambda finding: finding.doc)
    return Scan([scores[place] for place in order], findings, {"corpus": {"digest": corpus_digest(documents)}})


TEXT = st.text(st.sampled_from("中文，。a \n\r\"'\\,😀é/\u2028\t"), max_size=25)
FATES = st.lists(
    st.tuples(st.sampled_from(["keep", "drop"]), st.integers(0, 20), st.integers(0, 9)), min_size=1, max_size=8
)
FORMATS = (
    "jsonl",
    "json",
    "csv",
    "tsv",
    "parquet",
    "txt",
    "jsonl.gz",
    "jsonl.zst",
    "csv.xz",
    "gb.jsonl",
    "gb.csv",
    "16.txt",
)


def write_corpus(form: str, texts: Sequence[str], folder: Path) -> None:
    rows = [{"id": f"d{n}", "x": n / 3, "text": text, "z": [n]} for n, text in enumerate(texts)]
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet", row_group_size=3)
        return
    if form.endswith("txt"):
        for n, text in enumerate(texts):
            (folder / f"d{n}.txt").write_bytes(text.encode("utf-16" if form == "16.txt" else "utf-8"))
        return
    lines = "".join(
        json.dumps(row, ensure_ascii=n % 2 == 0, separators=(",", ":") if n % 3 == 0 else (", ", " : "))
        + ("\r\n" if n % 4 == 1 else " \n")
        for n, row in enumerate(rows)
    )
    out = io.StringIO(newline="")
    csv.writer(out, delimiter="\t" if form == "tsv" else ",").writerows(
        [("id", "x", "text", "row"), *((row["id"], row["x"], row["text"], "") for row in rows)]
    )
    data = {
        "jsonl": ("\n" + lines.removesuffix("\n")).encode(),
        "json": json.dumps(rows, indent=1, ensure_ascii=False).encode(),
        "csv": out.getvalue().encode("utf-8-sig"),
        "tsv": out.getvalue().encode(),
        "jsonl.gz": gzip.compress(lines.encode()),
        "jsonl.zst": zstandard.compress(lines.encode()),
        "csv.xz": lzma.compress(out.getvalue().encode()),
        "gb.jsonl": (lines.replace("\u2028", "") + '{"text":"这是一行中文文本，用来认出编码。"}\n').encode("gb18030"),
        "gb.csv": ("id,x,text\n9,9,这是一行中文文本，用来认出编码。\n" + out.getvalue().partition("\n")[2]).encode(
            "gb18030"
        ),
    }[form]
    (folder / f"a.{form}").write_bytes(data)


def plain(path: Path) -> Any:
    """What may not differ: bytes before compression, values and order of JSON arrays and Parquet."""
    data = path.read_bytes()
    if path.suffix == ".parquet":
        return pq.read_table(path).replace_schema_metadata(None)
    unpack = {".gz": gzip.decompress, ".zst": _unzstd, ".xz": lzma.decompress}.get(path.suffix)
    if path.suffix == ".json":
        return json.loads(data) if data else data
    return unpack(data) if unpack else data


def _unzstd(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


def check_same(one: Path, two: Path) -> None:
    """Every file of a folder is in another one, and the same there."""
    names = [sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file()) for folder in (one, two)]
    assert names[0] == names[1]
    for name in names[1]:
        assert plain(one / name) == plain(two / name), name


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=8), FATES, st.sampled_from(FORMATS), st.booleans())
def test_whatever_was_dropped_and_cut_comes_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], fates: list[tuple[str, int, int]], form: str, full: bool
) -> None:
    folder = tmp_path_factory.mktemp("round")
    (folder / "in").mkdir()
    write_corpus(form, texts, folder / "in")
    reader = Reader([folder / "in"])
    scan = scan_of(reader, fates)
    plan = FilterPlan(Thresholds(max_junk=0.5), strip=("junk",), audit="full" if full else "offsets", **ANY)
    summary = filter_corpus(reader, scan, folder / "out", plan=plan)
    assert summary.n_kept + summary.n_dropped == len(scan.documents)
    restored = restore_corpus(folder / "out", folder / "back", None if full else [folder / "in"])
    if form.endswith("txt") or (folder / "back").exists():
        check_same(folder / "in", folder / "back")
    assert restored.same_digest
    assert restored.n_texts == summary.n_cleaned
    removed = [json.loads(line) for line in (folder / "out/removed.jsonl").read_bytes().splitlines()]
    assert all((row["text"] is None) != full for row in removed)


def test_the_sample_corpus_comes_back_and_every_decision_is_on_record(tmp_path: Path) -> None:
    scan = detector.scan([ROOT / "seeds"])
    plan = FilterPlan(
        Thresholds(min_originality=0.5, min_chars=50),
        families="keep-best",
        strip=("junk", "unfilled", "shared", "repeated"),
    )
    summary = filter_corpus([ROOT / "seeds"], scan, tmp_path / "out", plan=plan)
    assert summary.n_cleaned > 5
    restored = restore_corpus(tmp_path / "out", tmp_path / "back")
    assert restored.same_digest
    assert restored.n_files == len(scan.documents)
    for path in (tmp_path / "back").iterdir():
        assert path.read_bytes() == (ROOT / "seeds" / path.name).read_bytes()
    rows = [json.loads(line) for line in (tmp_path / "out/decisions.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [document.id for document in scan.documents]
    assert sum(row["kept"] for row in rows) == summary.n_kept
    for row in rows:
        decision, found = decision_of(tmp_path / "out", row["id"])
        assert found == row
        assert decision.kept == (not decision.reasons)
        cut = sum(not char.isspace() for piece in removed_of(tmp_path / "out", row["id"]) for char in piece["text"])
        assert not row["kept"] or row["n_chars_left"] == row["n_chars"] - cut
    assert thresholds_of(read_summary(tmp_path / "out")) == plan.thresholds
    with pytest.raises(ScanError, match='no document "nobody" was filtered there'):
        decision_of(tmp_path / "out", "nobody")


@pytest.mark.parametrize(
    "name", ["zh_webpages_dev", "zh_gov_national_2024_2026", "en_licence_instances", "zh_gongwen_templates", "en_aeb"]
)
@pytest.mark.parametrize("form", ["jsonl", "parquet", "csv", "json", "txt"])
def test_real_text_comes_back(shared: Path, tmp_path: Path, name: str, form: str) -> None:
    texts = []
    with (shared / "corpora" / name / "docs.jsonl").open("rb") as lines:
        for _, line in zip(range(12), lines, strict=False):
            texts.append(json.loads(line)["text"][:4000])
    (tmp_path / "in").mkdir()
    write_corpus(form, texts, tmp_path / "in")
    reader = Reader([tmp_path / "in"])
    fates = [("drop" if n % 4 == 3 else "keep", 7 * n, 30 + n) for n in range(12)]
    plan = FilterPlan(Thresholds(max_junk=0.5), strip=("junk",), **ANY)
    filter_corpus(reader, scan_of(reader, fates), tmp_path / "out", plan=plan)
    assert restore_corpus(tmp_path / "out", tmp_path / "back").same_digest
    check_same(tmp_path / "in", tmp_path / "back")


def test_restore_says_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jsonl").write_text('{"text": "junk here"}\n')
    reader = Reader([tmp_path / "in"])
    scan = scan_of(reader, [("keep", 0, 4)])
    filter_corpus(reader, scan, tmp_path / "out", plan=FilterPlan(strip=("junk",), audit="offsets"))
    assert "junk" not in (tmp_path / "out/removed.jsonl").read_text().replace('"part": "junk"', "")
    with pytest.raises(ScanError, match="keeps no text; name the input that was filtered with --input"):
        restore_corpus(tmp_path / "out", tmp_path / "back")
    with pytest.raises(ScanError, match="holds no finished filter"):
        restore_corpus(tmp_path / "in", tmp_path / "back")
    detector.scan({"a": "text"}).write(tmp_path / "scan")
    with pytest.raises(ScanError, match="holds no finished filter"):
        restore_corpus(tmp_path / "scan", tmp_path / "back")
    restore_corpus(tmp_path / "out", tmp_path / "back", [tmp_path / "in"])
    with pytest.raises(OutputError, match="holds files already"):
        restore_corpus(tmp_path / "out", tmp_path / "back", [tmp_path / "in"])
    (tmp_path / "out/kept/a.jsonl").write_text("")
    with pytest.raises(ScanError, match="names records that are not there"):
        restore_corpus(tmp_path / "out", tmp_path / "two", [tmp_path / "in"])


def test_files_without_a_document_come_back(tmp_path: Path) -> None:
    files = {"a.jsonl": b"\n\n", "b.jsonl": b"{broken\n", "c.csv": b"text,x\n", "d.csv": b"other\n1\n", "e.json": b"[]"}
    (tmp_path / "in").mkdir()
    for name, data in files.items():
        (tmp_path / "in" / name).write_bytes(data)
    for name in ("g.txt", "h.jsonl", "i.csv", "j.json", "k.tsv"):
        (tmp_path / "in" / name).write_bytes(b"")
    (tmp_path / "in/l.txt.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "in/m.txt").write_bytes(b"\xff\x00\x81\x00\xfe\x80bin")
    (tmp_path / "in/f.jsonl").write_text('{"text": "f"}\n')
    reader = Reader([tmp_path / "in"])
    filter_corpus(reader, scan_of(reader, []), tmp_path / "out")
    restore_corpus(tmp_path / "out", tmp_path / "back")
    check_same(tmp_path / "in", tmp_path / "back")


def test_ids_and_texts_that_try_to_leave(tmp_path: Path) -> None:
    rows = [{"id": "../../etc/passwd", "text": "junk \x1b[31m[bold]"}, {"id": "=cmd|'/C calc'!A0", "text": "<script>"}]
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    reader = Reader([tmp_path / "in"], Settings())
    scan = scan_of(reader, [("keep", 0, 4), ("drop", 0, 0)])
    plan = FilterPlan(Thresholds(max_junk=0.5), strip=("junk",), **ANY)
    filter_corpus(reader, scan, tmp_path / "out", plan=plan)
    restore_corpus(tmp_path / "out", tmp_path / "back")
    check_same(tmp_path / "in", tmp_path / "back")
    assert {path.parts[len(tmp_path.parts)] for path in tmp_path.rglob("*")} == {"in", "out", "back"}
