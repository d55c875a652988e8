"""What went wrong in other tools, one test each: the numbers are those of the design's list."""

from __future__ import annotations

import io
import json
import random
import re
import time
from pathlib import Path

import pytest
from corpora import ENGLISH, LINES, NOTICE, SLOGAN, check_scan, documents, gibberish, timeless
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rich.console import Console

import detector
from detector.cli import main
from detector.filtering.run import Thresholds, filter_corpus
from detector.model import Document, Slot
from detector.pipeline import scan
from detector.report.html import render_html
from detector.report.terminal import render
from detector.results.index import Scan

ROOT = Path(__file__).parents[1]


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    return int(stopped.value.code or 0)


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8", newline="")
    return path


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines(keepends=True) if path.is_file() else []


# 1. every family and cluster keeps a member


def test_wound_1_of_one_article_100_times_over_exactly_one_is_left(tmp_path: Path) -> None:
    article = gibberish(1, 8) + "".join(LINES)
    path = written(tmp_path / "in.jsonl", [{"id": f"copy{row}", "text": article} for row in range(100)])
    assert run("filter", path, "--out", tmp_path / "out", "--min-originality", ".5", "--quiet") == 0
    assert len(lines(tmp_path / "out" / "kept" / "in.jsonl")) == 1
    assert len(lines(tmp_path / "out" / "dropped" / "in.jsonl")) == 99


def test_wound_1_one_is_left_of_near_copies_too(tmp_path: Path) -> None:
    article = gibberish(1, 12) + "".join(LINES)
    texts = {f"copy{row}": f"{article}\n编号{row}" for row in range(100)} | {"other": gibberish(2, 9)}
    path = written(tmp_path / "in.jsonl", [{"id": name, "text": text} for name, text in texts.items()])
    assert run("filter", path, "--out", tmp_path / "out", "--min-originality", ".5", "--quiet") == 0
    kept = [json.loads(line)["id"] for line in lines(tmp_path / "out" / "kept" / "in.jsonl")]
    assert kept == ["copy10", "other"]  # of the longest copies the one with the lowest id


@pytest.mark.parametrize("text", ["", " ", "。", "一二三四", "a b c", "12 34 56 78", "X"])
def test_wound_1_empty_and_short_texts_are_never_equal(text: str) -> None:
    result = scan(documents([text] * 50))
    check_scan(result)
    assert {document.duplicate_of for document in result.documents} == {None}
    assert result.summary["corpus"]["n_families"] == 50
    assert [item for item in result.findings if item.kind in ("passage", "repeat")] == []
    assert result.clusters == ()


def test_wound_1_a_document_never_matches_itself() -> None:
    result = scan(documents([gibberish(row, 9) + LINES[row % 3] for row in range(6)]))
    for finding in result.findings:
        if finding.kind == "passage":
            assert finding.evidence["doc"] != finding.doc
        if finding.kind == "repeat":
            assert finding.evidence["end"] <= finding.start
    assert [item for item in result.findings if item.kind == "repeat"] == []


# 2. 1000 copies of a Chinese line


def test_wound_2_1000_copies_of_one_chinese_line_are_one_cluster_of_1000() -> None:
    result = scan(documents([gibberish(row, 2, 12) + "\n" + LINES[0] for row in range(1000)]))
    (cluster,) = result.clusters
    assert (cluster.level, cluster.n_members, cluster.n_families, len(cluster.template)) == ("passage", 1000, 1000, 1)
    assert {document.parts.shared for document in result.documents} == {len(LINES[0])}
    assert {finding.n_families for finding in result.findings if finding.kind == "passage"} == {1000}


def test_wound_2_1000_copies_in_one_document_are_one_cluster_of_1000() -> None:
    result = scan({"d": "\n".join([LINES[0]] * 1000)})
    (cluster,) = result.clusters
    assert (cluster.n_members, cluster.n_families) == (1000, 1)
    assert result.documents[0].parts.own == len(LINES[0])
    assert result.documents[0].parts.repeated == 999 * len(LINES[0])


# 3. any order of the input

FILES = ("documents.jsonl", "findings.jsonl", "clusters.jsonl", "members.jsonl", "phrases.jsonl")


def bytes_of(folder: Path) -> dict[str, bytes]:
    """The files of a scan, the summary without ``run``, and the page without what it says of the run."""
    found = {name: (folder / name).read_bytes() for name in FILES}
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    del summary["run"]
    return {**found, "summary.json": json.dumps(summary).encode()}


SHUFFLED = [gibberish(row) + SLOGAN + LINES[row % 3] + NOTICE.format(row, "X", row + 1) for row in range(6)]


@hypothesis_settings(deadline=None, max_examples=12)
@given(order=st.permutations(range(6)))
def test_wound_3_any_order_of_documents_gives_the_same_bytes(
    order: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("scans")
    in_order = documents(SHUFFLED)
    scan(in_order).write(folder / "one")
    scan([in_order[row] for row in order]).write(folder / "other")
    assert bytes_of(folder / "one") == bytes_of(folder / "other")


def test_wound_3_any_order_of_files_on_the_command_line_gives_the_same_bytes(tmp_path: Path) -> None:
    names = ["a.txt", "b.txt", "c.jsonl"]
    (tmp_path / "a.txt").write_text(SHUFFLED[0], "utf-8")
    (tmp_path / "b.txt").write_text(SHUFFLED[1], "utf-8")
    written(tmp_path / "c.jsonl", [{"text": text} for text in SHUFFLED[2:]])
    for number, order in enumerate(([0, 1, 2], [2, 1, 0], [1, 2, 0, 1])):
        files = [tmp_path / names[row] for row in order]
        assert run("scan", *files, "--out", tmp_path / f"scan{number}", "--quiet") == 0
    assert run("scan", tmp_path / "*.[tj]*", "--out", tmp_path / "scan3", "--quiet") == 0
    first = bytes_of(tmp_path / "scan0")
    assert all(bytes_of(tmp_path / f"scan{number}") == first for number in (1, 2, 3))


def test_wound_3_rows_of_a_file_in_another_order_give_the_same_findings(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"id": f"d{row}", "text": text} for row, text in enumerate(SHUFFLED)]
    shuffled = rows[:]
    random.Random(4).shuffle(shuffled)
    for name, given_rows in (("one", rows), ("other", shuffled)):
        scan(written(tmp_path / "in.jsonl", given_rows)).write(tmp_path / name)
    for name in FILES[1:]:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


# 4. offsets, and removing nothing


def test_wound_4_a_finding_is_its_documents_text() -> None:
    result = scan(ROOT / "seeds")
    assert len(result.findings) > 300
    for finding in result.findings:
        assert result.texts[finding.doc][finding.start : finding.end] == finding.text


@timeless
@given(st.lists(st.text("甲乙丙X\U0001f600\N{COMBINING ACUTE ACCENT}\r\n。，ﬃ㈠2０x_{}", max_size=80), max_size=3))
def test_wound_4_a_finding_is_its_documents_text_whatever_the_text(texts: list[str]) -> None:
    result = scan(documents([text + LINES[0] + text for text in texts]))
    for finding in result.findings:
        assert result.texts[finding.doc][finding.start : finding.end] == finding.text


def test_wound_4_removing_nothing_changes_nothing(tmp_path: Path) -> None:
    """Every byte comes back: odd spacing, escapes, a key twice, a bad line, other columns, no last line break."""
    path = tmp_path / "in.jsonl"
    data = (
        '{"id":"a", "text":"' + gibberish(1) + '","n":1.0,"n":2}\r\n'
        '{"id":"b","text":"\\u4e00\\ud800\\u0000'
        + LINES[0]
        + '","x":null}\n\n{bad\n{"id":"c","text":"'
        + LINES[0]
        + '"}'
    )
    path.write_bytes(data.encode("utf-8"))
    result = scan(path)
    summary = filter_corpus([path], result, tmp_path / "out", Thresholds(), families="keep-all", strip=())
    assert summary.n_dropped == summary.n_removed_chars == 0
    assert (tmp_path / "out" / "kept" / "in.jsonl").read_bytes() == path.read_bytes()
    assert lines(tmp_path / "out" / "removed.jsonl") == lines(tmp_path / "out" / "dropped" / "in.jsonl") == []


def test_wound_4_kept_dropped_and_removed_give_back_every_row(tmp_path: Path) -> None:
    article = gibberish(1, 6)
    crumb = "当前位置：首页 > 工作总结 > 乡镇工作总结\n"
    texts = [article, crumb + gibberish(2), article, gibberish(3), crumb + gibberish(4)]
    path = written(tmp_path / "in.jsonl", [{"id": f"d{row}", "text": text, "k": row} for row, text in enumerate(texts)])
    filter_corpus([path], scan(path), tmp_path / "out", Thresholds(), strip=("junk",), families="keep-first")
    kept = [json.loads(line) for line in lines(tmp_path / "out" / "kept" / "in.jsonl")]
    dropped = [json.loads(line) for line in lines(tmp_path / "out" / "dropped" / "in.jsonl")]
    removed = [json.loads(line) for line in lines(tmp_path / "out" / "removed.jsonl")]
    assert [row["id"] for row in dropped] == ["d2"]
    assert {row["id"] for row in removed} == {"d1", "d4"}
    back = {row["id"]: row["text"] for row in kept + dropped}
    for row in sorted(removed, key=lambda item: item["start"]):
        text = back[row["id"]]
        back[row["id"]] = text[: row["start"]] + row["text"] + text[row["start"] :]
    assert [back[f"d{row}"] for row in range(5)] == texts
    assert [row["k"] for row in kept] == [0, 1, 3, 4]


# 5. figures


@pytest.mark.parametrize("pattern", [NOTICE, ENGLISH])
def test_wound_5_passages_that_differ_only_in_figures_are_one_template(pattern: str) -> None:
    texts = [gibberish(row) + "\n" + pattern.format(row + 3, row + 40, row + 500) for row in range(5)]
    result = scan(documents(texts))
    check_scan(result)
    (cluster,) = result.clusters
    slots = [part for part in cluster.template if isinstance(part, Slot)]
    assert [[fill.text for fill in slot.fills] for slot in slots] == [
        [str(row + base) for row in range(5)] for base in (3, 40, 500)
    ]
    own = {len(str(row + 3)) + 2 + 3 + 54 for row in range(5)}
    assert {document.parts.own for document in result.documents} == own, "gibberish and figures"


# 6. a slogan in half of the corpus


def slogans(n: int) -> list[Document]:
    """Half of the documents say the slogan, every one of them in a sentence of its own making around it."""
    return documents(
        [
            gibberish(row, 1)
            + (SLOGAN + gibberish(row + 10**6, 1)[:2] + "。" if row % 2 else gibberish(row + 10**6, 1))
            for row in range(n)
        ]
    )


def test_wound_6_a_slogan_is_one_cluster() -> None:
    result = scan(slogans(3000))
    (cluster,) = result.clusters
    assert (cluster.level, cluster.n_members, cluster.n_families) == ("passage", 1500, 1500)
    assert max((phrase.n_families for phrase in result.phrases), default=0) == 1500


def cost(corpus: list[Document]) -> float:
    """Processor time of a scan, the better of two."""
    times = []
    for _ in range(2):
        began = time.process_time()
        scan(corpus)
        times.append(time.process_time() - began)
    return min(times)


def test_wound_6_a_slogan_costs_linear_work() -> None:
    """Four times the corpus takes four times as long; were the bucket compared pair by pair, sixteen times."""
    cost(slogans(200))
    assert cost(slogans(3200)) < 9 * max(cost(slogans(800)), 0.02)


def test_wound_6_a_list_in_one_document_costs_linear_work() -> None:
    def lines_of_one(n: int) -> list[Document]:
        return documents(["\n".join(SLOGAN + gibberish(row, 1, 3) for row in range(n))])

    cost(lines_of_one(50))
    assert cost(lines_of_one(2000)) < 9 * max(cost(lines_of_one(500)), 0.02)
    assert cost(lines_of_one(4500)) < 6.5 * cost(lines_of_one(1500))


# 7. no silent no-op, and the guards


def test_wound_7_documents_without_tokens_are_said() -> None:
    result = scan(documents(["", "。。。", " \n", "一篇有内容的文章。"]))
    assert result.summary["totals"]["n_documents_without_tokens"] == 3
    assert re.search(r"\b3\b", said(result))


def said(result: Scan) -> str:
    """What the reports say of documents without tokens: a sentence of the page and of the terminal."""
    console = Console(file=io.StringIO(), width=120)
    render(result, console)
    assert isinstance(console.file, io.StringIO)
    drawn = " ".join(console.file.getvalue().split())
    for report in (drawn, " ".join(render_html(result).split())):
        assert "without" in report and "token" in report
    return next(line for line in console.file.getvalue().splitlines() if "without" in line)


def test_wound_7_a_filter_that_would_drop_half_stops_before_it_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[dict[str, object]] = [{"id": f"d{row}", "text": gibberish(row, 1)[:8] + LINES[0]} for row in range(6)]
    path = written(tmp_path / "in.jsonl", rows)
    out = tmp_path / "out"
    assert run("filter", path, "--out", out, "--min-originality", "0.9", "--quiet") == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert not out.exists()
    assert run("filter", path, "--out", out, "--min-originality", "0.9", "--quiet", "--max-drop", "1") == 0
    assert len(lines(out / "dropped" / "in.jsonl")) == 6


def test_wound_7_a_filter_that_would_drop_a_series_stops_before_it_writes(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": f"d{row}", "series": "copied" if row < 6 else "own", "text": gibberish(row, 1) + LINES[0] * (row < 6)}
        for row in range(20)
    ]
    path = written(tmp_path / "in.jsonl", rows)
    arguments = ("filter", path, "--out", tmp_path / "out", "--min-originality", "0.9", "--quiet")
    assert run(*arguments) == 3
    assert not (tmp_path / "out").exists()
    assert run(*arguments, "--max-drop-per-series", "1") == 0
    assert len(lines(tmp_path / "out" / "dropped" / "in.jsonl")) == 5  # the shared line keeps a holder


def test_wounds_are_those_of_the_package() -> None:
    """The names that the tests above use are the public ones."""
    assert detector.scan is scan
    assert detector.filter is filter_corpus
