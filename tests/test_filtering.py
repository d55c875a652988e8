"""Filtering: decisions, families, guards, and that kept, dropped and removed give back the input."""

from __future__ import annotations

import csv
import doctest
import io
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from detector.errors import GuardError, InputError, OutputError, ScanError, SettingsError
from detector.filtering import stripping
from detector.filtering.output import FilterOutput
from detector.filtering.run import Reason, Thresholds, decide, filter_corpus
from detector.filtering.stripping import put_back, spans_to_strip, without
from detector.model import Document, DocumentScore, Finding, Parts, Span
from detector.records.reading import Reader, corpus_digest
from detector.settings import Settings
from detector.thresholds.decisions import family_of

NOTHING = Thresholds()


@dataclass(frozen=True)
class Scan:
    documents: Sequence[DocumentScore]
    findings: Sequence[Finding]
    summary: Mapping[str, Any]


def score(identity: str, **values: Any) -> DocumentScore:
    parts = values.pop("parts", Parts(own=10))
    row = DocumentScore(identity, "a", 1, parts.total, parts.originality, None, 1, parts, {}, None, (), 1)
    return replace(row, **values)


def junk(document: Document, *claims: Sequence[int]) -> Finding:
    start, end = min(claim[0] for claim in claims), max(claim[1] for claim in claims)
    evidence = {"claims": [list(claim) for claim in claims]}
    text = document.text[start:end]
    return Finding(document.id, start, end, "junk", "r", text, None, None, 1.0, "junk", evidence)


def scan_of(reader: Reader, findings: Sequence[Finding] = (), **scores: DocumentScore) -> Scan:
    documents = sorted(reader, key=lambda document: document.id)
    rows = [scores.get(document.id, score(document.id)) for document in documents]
    return Scan(rows, findings, {"corpus": {"digest": corpus_digest(documents)}})


def corpus(folder: Path, n: int, **fields: Any) -> Reader:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"id": f"d{number}", "text": f"text {number}", **fields} for number in range(n)]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Reader([folder])


def rules(documents: Sequence[DocumentScore], thresholds: Thresholds, **values: Any) -> dict[str, list[str]]:
    values.setdefault("families", "keep-first")
    decisions = decide(documents, thresholds, **values)
    assert all(decision.kept == (not decision.reasons) for decision in decisions)
    return {decision.id: [reason.rule for reason in decision.reasons] for decision in decisions}


def test_thresholds_compare_parts_and_originality() -> None:
    documents = [
        score("a", parts=Parts(junk=5, own=5)),
        score("b", parts=Parts(shared=8, own=2)),
        score("c", parts=Parts(shared=8, own=2), originality_1k=0.9),
        score("d", parts=Parts()),
        score("e", parts=Parts(phrase=1, unfilled=1, repeated=1, own=7)),
    ]
    assert rules(documents, NOTHING) == {"a": [], "b": [], "c": [], "d": [], "e": []}
    assert rules(documents, Thresholds(min_originality=0.5))["b"] == ["min_originality"]
    assert rules(documents, Thresholds(min_originality=1.0)) == {
        "a": ["min_originality"],
        "b": ["min_originality"],
        "c": ["min_originality"],
        "d": [],
        "e": ["min_originality"],
    }
    assert rules(documents, Thresholds(max_junk=0.5))["a"] == []
    assert rules(documents, Thresholds(max_junk=0.49, min_originality=0.9))["a"] == ["min_originality", "max_junk"]
    assert rules(documents, Thresholds(max_phrase=0, max_unfilled=0, max_repeated=0, max_shared=0))["e"] == [
        "max_unfilled",
        "max_phrase",
        "max_repeated",
    ]
    (decision,) = decide([documents[2]], Thresholds(min_originality=0.95))
    assert decision.reasons == (Reason("min_originality", 0.9, 0.95),)


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_thresholds_are_ratios(value: float) -> None:
    with pytest.raises(SettingsError, match=r"max_junk is .*; it must lie between 0\.0 and 1\.0"):
        Thresholds(max_junk=value)
    with pytest.raises(SettingsError, match="families is 'x'"):
        decide([], NOTHING, families="x")


def test_a_family_keeps_its_head_or_the_first_that_passes() -> None:
    bad = Parts(junk=9, own=1)
    documents = [
        score("a1", parts=bad),
        score("a2", duplicate_of="a1", parts=bad),
        score("a3", duplicate_of="a1"),
        score("a4", duplicate_of="a1"),
        score("b1"),
        score("b2", duplicate_of="b1"),
        score("c1", parts=bad),
        score("c2", duplicate_of="c1", parts=bad),
    ]
    limits = Thresholds(max_junk=0.5)
    assert rules(documents, limits) == {
        "a1": ["max_junk", "family"],
        "a2": ["max_junk", "family"],
        "a3": [],
        "a4": ["family"],
        "b1": [],
        "b2": ["family"],
        "c1": ["max_junk"],
        "c2": ["max_junk"],
    }
    assert decide(documents, limits, families="keep-first")[3].reasons == (Reason("family", "a3", None),)
    assert rules(documents, limits, families="keep-all") == {
        **{name: ["max_junk"] for name in ("a1", "a2", "c1", "c2")},
        **{name: [] for name in ("a3", "a4", "b1", "b2")},
    }


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 10)), min_size=1, max_size=30), st.integers(0, 10))
def test_no_family_vanishes_while_a_member_would_be_kept(members: list[tuple[int, int]], limit: int) -> None:
    heads: dict[int, str] = {}
    documents = []
    for number, (family, n_junk) in enumerate(members):
        head = heads.setdefault(family, f"{number:02}")
        parts = Parts(junk=n_junk, own=10 - n_junk)
        documents.append(score(f"{number:02}", parts=parts, duplicate_of=None if head == f"{number:02}" else head))
    thresholds = Thresholds(max_junk=limit / 10)
    kept = {decision.id for decision in decide(documents, thresholds, families="keep-best") if decision.kept}
    for head in heads.values():
        family = [document for document in documents if family_of(document) == head]
        passing = {document.id for document in family if not thresholds.reasons(document)}
        assert len(kept & {document.id for document in family}) == bool(passing)
        assert kept & {document.id for document in family} <= passing


def test_one_article_a_hundred_times_leaves_exactly_one(tmp_path: Path) -> None:
    reader = corpus(tmp_path / "in", 100)
    copies = {f"d{n}": score(f"d{n}", duplicate_of="d0") for n in range(1, 100)}
    summary = filter_corpus(reader, scan_of(reader, **copies), tmp_path / "out", Thresholds(min_originality=0.5))
    assert (summary.n_kept, summary.n_dropped, summary.n_families, summary.n_families_lost) == (1, 99, 1, 0)
    assert (tmp_path / "out/kept/a.jsonl").read_text() == '{"id": "d0", "text": "text 0"}\n'
    rows = [json.loads(line) for line in (tmp_path / "out/dropped/a.jsonl").read_text().splitlines()]
    assert rows[4] == {
        "id": "d5",
        "text": "text 5",
        "reasons": [{"rule": "family", "value": "d0", "threshold": None}],
        "row": 6,
    }


def test_the_guard_stops_before_anything_is_written(tmp_path: Path) -> None:
    bad = {f"d{n}": score(f"d{n}", parts=Parts(junk=1)) for n in range(6)}
    reader = corpus(tmp_path / "in", 10)
    scan = scan_of(reader, **bad)
    limits = Thresholds(max_junk=0.5)
    with pytest.raises(GuardError) as error:
        filter_corpus(reader, scan, tmp_path / "out", limits)
    assert str(error.value) == (
        "6 of 10 documents (copies counted once) would be dropped, more than the share of 0.5 that --max-drop allows "
        "(with copies: 6 by max_junk); nothing was written. Loosen a threshold or raise --max-drop."
    )
    assert not (tmp_path / "out").exists()
    assert filter_corpus(reader, scan, tmp_path / "out", limits, max_drop=0.6).n_dropped == 6


def test_the_guard_of_a_series(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    rows = [{"id": f"d{n:02}", "text": "t", "series": "s" if n < 5 else "u" if n < 9 else None} for n in range(30)]
    (tmp_path / "in/a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    reader = Reader([tmp_path / "in"])
    small = scan_of(reader, **{f"d{n:02}": score(f"d{n:02}", parts=Parts(junk=1)) for n in range(5, 9)})
    limits = Thresholds(max_junk=0.5)
    assert filter_corpus(reader, small, tmp_path / "small", limits).n_dropped == 4
    whole = scan_of(reader, **{f"d{n:02}": score(f"d{n:02}", parts=Parts(junk=1)) for n in range(5)})
    with pytest.raises(GuardError, match=r'^5 of 5 documents of the series "s"'):
        filter_corpus(reader, whole, tmp_path / "whole", limits)
    assert filter_corpus(reader, whole, tmp_path / "whole", limits, max_drop_per_series=1.0).n_dropped == 5


def test_a_scan_of_another_input_is_refused(tmp_path: Path) -> None:
    reader = corpus(tmp_path / "in", 3)
    scan = scan_of(reader)
    (tmp_path / "in/a.jsonl").write_text('{"text": "other"}\n')
    with pytest.raises(ScanError, match="the input is not what was scanned"):
        filter_corpus([tmp_path / "in"], scan, tmp_path / "out", NOTHING)
    with pytest.raises(ScanError, match="names no corpus digest"):
        filter_corpus([tmp_path / "in"], Scan([], [], {}), tmp_path / "out", NOTHING)
    assert not (tmp_path / "out").exists()


def test_results_are_never_mixed(tmp_path: Path) -> None:
    reader = corpus(tmp_path / "in", 3)
    filter_corpus(reader, scan_of(reader), tmp_path / "out", NOTHING)
    with pytest.raises(OutputError, match="is there already; name another folder or remove it"):
        filter_corpus(reader, scan_of(reader), tmp_path / "out", NOTHING)
    with pytest.raises(SettingsError, match="strip is 'own'; what can be stripped is junk"):
        filter_corpus(reader, scan_of(reader), tmp_path / "two", NOTHING, strip=("own",))


def test_a_folder_of_documents_never_becomes_one_of_results(tmp_path: Path) -> None:
    reader = corpus(tmp_path / "in", 3)
    before = sorted(path.name for path in (tmp_path / "in").iterdir())
    with pytest.raises(OutputError, match="holds other files"):
        filter_corpus(reader, scan_of(reader), tmp_path / "in", NOTHING)
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == before
    filter_corpus(reader, scan_of(reader), tmp_path / "out", NOTHING)
    with pytest.raises(InputError, match="holds results of scans or filters only"):
        list(Reader([tmp_path / "out"]))


def test_nothing_to_do_changes_nothing_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    data = b'\xef\xbb\xbf{"text": "a",  "x": 1e5}\r\n\nbroken\n{"text": null}\n{"text": ""}'
    (tmp_path / "in/a.jsonl").write_bytes(data)
    (tmp_path / "in/b.txt").write_bytes("报告正文在此，一二三四五。".encode("gb18030"))
    reader = Reader([tmp_path / "in"])
    summary = filter_corpus(reader, scan_of(reader), tmp_path / "out", NOTHING, families="keep-all", strip=())
    assert (tmp_path / "out/kept/a.jsonl").read_bytes() == data
    assert (tmp_path / "out/kept/b.txt").read_bytes() == (tmp_path / "in/b.txt").read_bytes()
    assert summary.notes[0] == "nothing to do: no threshold, nothing to strip, all members of families kept"
    assert (summary.n_documents, summary.n_not_read) == (3, 2)
    assert summary.problems == {"bad_json": 1, "no_text": 1}
    names = ["decisions.jsonl", "kept", "removed.jsonl", "sources.jsonl", "summary.json"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    assert (tmp_path / "out/removed.jsonl").read_bytes() == b""
    written = json.loads((tmp_path / "out/summary.json").read_text())
    assert written == json.loads(json.dumps(summary.as_dict()))
    assert written["format_version"] == 2


STRIPS = [
    ("a line between blank lines", "A\n\n[J]\n\nB", "A\n\nB"),
    ("several lines", "A\n\n[J]\n\n[K]\n\n\nB", "A\n\nB"),
    ("one claim over lines", "A\n[J\n\nK]\nB", "A\nB"),
    ("after a line of text", "A\n[J]\n\nB", "A\n\nB"),
    ("at the start", "[J]\n\nA", "A"),
    ("at the end", "A\n\n[J]", "A\n"),
    ("at the end, with a break", "A\n\n[J]\n", "A\n"),
    ("within a sentence", "A [J]B\n\nC", "A B\n\nC"),
    ("two in a line that are all of it", "A\n [J] [K] \nB", "A\nB"),
    ("two in a line that are not", "A\n[J] and [K]\nB", "A\n and \nB"),
    ("other line ends", "A\r\n\r\n[J]\r\n\r\nB\rC", "A\r\n\r\nB\rC"),
    ("blank lines that were there stay", "A\n\n\nB\n[J]\n", "A\n\n\nB\n"),
    ("everything", "[J]\n\n[K]", ""),
    ("nothing", "A\n\n", "A\n\n"),
]


@pytest.mark.parametrize(("marked", "expected"), [case[1:] for case in STRIPS], ids=[case[0] for case in STRIPS])
def test_stripping_leaves_no_orphans(marked: str, expected: str) -> None:
    text, claims, start = "", [], 0
    for char in marked:
        if char == "[":
            start = len(text)
        elif char == "]":
            claims.append(Span(start, len(text)))
        else:
            text += char
    assert without(text, spans_to_strip(text, claims)) == expected


@given(st.text("ab \n\r", max_size=40), st.lists(st.tuples(st.integers(-3, 45), st.integers(0, 10)), max_size=5))
def test_stripping_takes_the_claims_and_blanks_only(text: str, raw: list[tuple[int, int]]) -> None:
    claims = [Span(start, start + length) for start, length in raw]
    spans = spans_to_strip(text, claims)
    gone = {at for start, end in spans for at in range(start, end)}
    claimed = {at for start, end in claims for at in range(start, end) if 0 <= at < len(text)}
    assert claimed <= gone
    assert all(text[at].isspace() for at in gone - claimed)
    assert all(one.end < two.start for one, two in pairwise(spans))
    assert put_back(without(text, spans), [(start, text[start:end]) for start, end in spans]) == text


def test_a_document_that_stripping_empties_is_dropped_and_a_copy_kept(tmp_path: Path) -> None:
    reader = corpus(tmp_path / "in", 4)
    documents = {document.id: document for document in reader}
    findings = [junk(documents["d0"], (0, 4), (5, 6)), junk(documents["d3"], (0, 5))]
    scan = scan_of(reader, findings, d1=score("d1", duplicate_of="d0"), d2=score("d2", duplicate_of="d0"))
    summary = filter_corpus(reader, scan, tmp_path / "out", NOTHING, strip=("junk",), families="keep-best")
    assert summary.dropped_by == {"empty_after_strip": 1, "family": 2}
    assert (summary.n_kept, summary.n_cleaned, summary.n_removed_chars) == (2, 1, 4)
    kept = [json.loads(line) for line in (tmp_path / "out/kept/a.jsonl").read_text().splitlines()]
    assert kept == [{"id": "d1", "text": "text 1"}, {"id": "d3", "text": "3"}]
    assert json.loads((tmp_path / "out/removed.jsonl").read_text()) == {
        "source": "a.jsonl",
        "row": 4,
        "id": "d3",
        "start": 0,
        "end": 5,
        "text": "text ",
        "part": "junk",
    }


def test_a_failure_on_the_way_leaves_what_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{name}.jsonl").write_text(f'{{"id": "{name}", "text": "junk {name}"}}\n')
    reader = Reader([tmp_path / "in"])
    findings = [junk(document, (0, 5)) for document in reader]
    scan = scan_of(reader, findings)
    written = FilterOutput._write_cleaned

    def fails(self: Any, record: Any, *rest: Any) -> None:
        if record.source == "b.jsonl":
            raise KeyboardInterrupt
        written(self, record, *rest)

    out = tmp_path / "out"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt, match="1 of 3 files are finished in"):
        patch.setattr(FilterOutput, "_write_cleaned", fails)
        filter_corpus(reader, scan, out, NOTHING, strip=("junk",))
    assert [path.relative_to(out).as_posix() for path in out.rglob("*.jsonl") if ".partial" not in path.parts] == [
        "kept/a.jsonl"
    ]
    with pytest.raises(OutputError, match="a filter was stopped here; go on with --resume"):
        filter_corpus(reader, scan, out, NOTHING, strip=("junk",))
    with pytest.raises(OutputError, match="was another filter or another input"):
        filter_corpus(reader, scan, out, NOTHING, strip=("junk",), max_drop=0.4, resume=True)
    filter_corpus(reader, scan, out, NOTHING, strip=("junk",), resume=True)
    filter_corpus(reader, scan, tmp_path / "whole", NOTHING, strip=("junk",))
    assert files_of(out) == files_of(tmp_path / "whole")


def files_of(folder: Path) -> dict[str, object]:
    """The files of a filter: their bytes, of the summary what may not differ between two runs."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    summary = json.loads((folder / "summary.json").read_text())
    summary.pop("run")
    return found | {"summary.json": summary}


TEXT = st.text(st.sampled_from("中文，a \n\r\"'\\,😀\u2028"), max_size=25)
ROWS = st.lists(
    st.tuples(TEXT, st.sampled_from(["keep", "drop", "copy"]), st.integers(0, 20), st.integers(1, 9)), max_size=8
)


def source_bytes(form: str, texts: Sequence[str], folder: Path) -> None:
    rows = [{"id": f"d{n}", "x": n, "text": text} for n, text in enumerate(texts)]
    if form == "jsonl":
        lines = "".join(json.dumps(row, ensure_ascii=n % 2 == 0) + "\n" for n, row in enumerate(rows))
        (folder / "a.jsonl").write_bytes(lines.encode())
    elif form == "json":
        (folder / "a.json").write_bytes(json.dumps(rows, indent=2, ensure_ascii=False).encode())
    elif form == "parquet":
        schema = pa.schema([("id", pa.string()), ("x", pa.int64()), ("text", pa.string())])
        pq.write_table(pa.Table.from_pylist(rows, schema), folder / "a.parquet")
    elif form == "csv":
        out = io.StringIO(newline="")
        csv.writer(out).writerows([("id", "x", "text"), *(row.values() for row in rows)])
        (folder / "a.csv").write_bytes(out.getvalue().encode())
    else:
        for n, text in enumerate(texts):
            (folder / f"d{n}.txt").write_bytes(text.encode())


def rows_of(path: Path, form: str) -> list[dict[str, Any]]:
    """All rows of a written file by the format's own reader, not by ours."""
    if not path.exists():
        return []
    if form == "jsonl":
        return [json.loads(line) for line in path.read_bytes().decode().split("\n") if line]
    if form == "json":
        return list(json.loads(path.read_bytes()))
    if form == "parquet":
        return list(pq.read_table(path).to_pylist())
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=120, deadline=None)
@given(ROWS.filter(bool), st.sampled_from(["jsonl", "json", "csv", "parquet", "txt"]))
def test_kept_dropped_and_removed_give_everything_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, int, int]], form: str
) -> None:
    folder = tmp_path_factory.mktemp("round")
    (folder / "in").mkdir()
    source_bytes(form, [text for text, *_ in rows], folder / "in")
    reader = Reader([folder / "in"])
    documents = {document.id: document for document in reader}
    scores, findings = {}, []
    for n, (text, fate, start, length) in enumerate(rows):
        if fate == "drop":
            scores[f"d{n}"] = score(f"d{n}", parts=Parts(junk=1))
        elif fate == "copy" and n:
            scores[f"d{n}"] = score(f"d{n}", duplicate_of="d0")
        if start < len(text) and f"d{n}" in documents:
            findings.append(junk(documents[f"d{n}"], (start, min(start + length, len(text)))))
    scan = scan_of(reader, findings, **scores)
    summary = filter_corpus(
        reader, scan, folder / "out", Thresholds(max_junk=0.5), max_drop=1.0, max_drop_per_series=1.0
    )
    removed: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for line in (folder / "out/removed.jsonl").read_bytes().splitlines():
        row = json.loads(line)
        assert documents[row["id"]].text[row["start"] : row["end"]] == row["text"]
        removed[row["id"]].append((row["start"], row["text"]))
    assert summary.n_kept + summary.n_dropped == len(documents)
    if form == "txt":
        for path in (folder / "in").iterdir():
            kept, dropped = folder / "out/kept" / path.name, folder / "out/dropped" / path.name
            if path.stat().st_size:
                assert kept.exists() != dropped.exists()
                written = (kept if kept.exists() else dropped).read_bytes().decode()
                back = put_back(written, removed[path.stem]) if kept.exists() else written
                assert back.encode() == path.read_bytes()
        return
    name = f"a.{form}"
    kept, dropped = rows_of(folder / "out/kept" / name, form), rows_of(folder / "out/dropped" / name, form)
    together = [{**row, "text": put_back(row["text"], removed[row["id"]])} for row in kept]
    for row in dropped:
        assert row.pop("reasons")
        together.insert(int(row.pop("row")) - 1, row)
    assert together == rows_of(folder / "in" / name, form)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_that_cannot_be_read_keep_their_places(tmp_path: Path, end: str) -> None:
    lines = [f'{{"id": "d{n}", "text": "t {n}",  "x": 1.50}}' for n in range(9)]
    lines[2:2] = ["", "{broken", '{"text": null}']
    lines[8:8] = ["  ", "[1]"]
    data = end.join(lines).encode() + b"\n\xff\xfe\xfd"
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jsonl").write_bytes(data)
    reader = Reader([tmp_path / "in"])
    scan = scan_of(reader, **{f"d{n}": score(f"d{n}", parts=Parts(junk=1)) for n in (0, 3, 4, 8)})
    summary = filter_corpus(reader, scan, tmp_path / "out", Thresholds(max_junk=0.5))
    assert (summary.n_kept, summary.n_dropped, summary.n_not_read) == (5, 4, 4)
    assert (summary.n_cleaned, reader.n_problems["bad_encoding"]) == (0, 1)
    together = (tmp_path / "out/kept/a.jsonl").read_bytes().splitlines(keepends=True)
    for line in (tmp_path / "out/dropped/a.jsonl").read_bytes().splitlines(keepends=True):
        row = json.loads(line)
        original = line[: line.index(b', "reasons"')] + line[line.rindex(b"}") :]
        together.insert(row["row"] - 1, original)
    assert b"".join(together) == data


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(stripping).attempted > 0
    assert doctest.testmod(stripping).failed == 0


def test_the_same_bytes_whatever_the_order_of_the_inputs(tmp_path: Path) -> None:
    for name in ("x", "y"):
        corpus(tmp_path / "in" / name, 3)
    inputs = [tmp_path / "in/x/a.jsonl", tmp_path / "in/y/a.jsonl"]
    scan = scan_of(Reader(inputs))
    for out, given_inputs in (("one", inputs), ("two", inputs[::-1])):
        filter_corpus(given_inputs, scan, tmp_path / out, Thresholds(max_junk=0.5))
    one, two = files_of(tmp_path / "one"), files_of(tmp_path / "two")
    assert one == two
    assert len(one) == 6


def test_a_text_with_undecodable_bytes_is_not_cleaned(tmp_path: Path) -> None:
    """Writing it anew would put other bytes in the place of those that nobody could read."""
    raw = (
        "首页 > 文章\n".encode()
        + b"caf\xe9 and so on, a longer line of text that is content."
        + "\n正文内容在此。".encode()
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_bytes(raw)
    reader = Reader([tmp_path / "in"], Settings(encoding="utf-8"))
    (document,) = reader
    assert "\N{REPLACEMENT CHARACTER}" in document.text
    scan = scan_of(reader, [junk(document, (0, 8))])
    summary = filter_corpus(reader, scan, tmp_path / "out", NOTHING, strip=("junk",))
    assert (summary.n_damaged, summary.n_cleaned) == (1, 0)
    assert (tmp_path / "out" / "kept" / "a.txt").read_bytes() == raw
