"""The benchmark's own parts: the made corpus tells the truth, the figures are right, and a failing peer is a row."""

from __future__ import annotations

import hashlib
import json
import sys
from itertools import combinations
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
import chart
import corpus as made_corpus
import environments
import measuring
import quality
import results
import run

ROOT = Path(__file__).parents[1]

PAIRS_PEER = """
import json, sys
rows = [json.loads(line)["text"] for line in open(sys.argv[1], encoding="utf-8")]
first, pairs = {}, []
for row, text in enumerate(rows):
    if text in first:
        pairs.append([first[text], row])
    first.setdefault(text, row)
json.dump({"tool": "exact 1", "form": "pairs", "rows": pairs}, open(sys.argv[2], "w"))
"""
FAILING_PEER = "raise SystemExit('no licence | <found>')"

TABLE = """
[[peer]]
name = "exact"
program = "exact.py"
note = "equal texts"

[[peer]]
name = "failing"
program = "failing.py"

[[peer]]
name = "missing"
program = "exact.py"
environment = "missing"
python = "2.0"
requires = ["nothing>=1"]
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of some 170 documents."""
    path = tmp_path_factory.mktemp("corpus") / "small.jsonl"
    made_corpus.make(600_000, path)
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of a peer that finds equal texts, one that fails, and one for a Python that is nowhere."""
    (tmp_path / "peers").mkdir()
    (tmp_path / "peers" / "exact.py").write_text(PAIRS_PEER, "utf-8")
    (tmp_path / "peers" / "failing.py").write_text(FAILING_PEER, "utf-8")
    path = tmp_path / "peers.toml"
    path.write_text(TABLE, "utf-8")
    return path


SHA256 = "2ac9ed5c5e0251451933222d5d97f25cb5ea2d460ad563b2e3b9cb6cfa1ad645"
"""Of the corpus above: figures of two machines are comparable only as long as it is the same text."""


def texts_of(path: Path) -> list[str]:
    return [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]


def grams(text: str) -> set[tuple[str, ...]]:
    """Character 5-grams, made otherwise than the corpus makes them."""
    return set(zip(text, text[1:], text[2:], text[3:], text[4:], strict=False))


def test_same_size_gives_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.jsonl"
    assert made_corpus.main(["0.6", str(again)]) == 0
    assert again.read_bytes() == corpus.read_bytes()
    assert hashlib.sha256(again.read_bytes()).hexdigest() == SHA256, "another corpus must have another FORMAT"
    assert made_corpus.truth_path(again).read_bytes() == made_corpus.truth_path(corpus).read_bytes()
    assert 600_000 <= again.stat().st_size < 650_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.jsonl", "again.truth.json"]


def test_smaller_corpus_is_a_prefix_of_a_larger_one(corpus: Path, tmp_path: Path) -> None:
    smaller = tmp_path / "smaller.jsonl"
    made_corpus.make(200_000, smaller)
    assert smaller.stat().st_size < corpus.stat().st_size
    assert corpus.read_bytes().startswith(smaller.read_bytes())
    less, more = (json.loads(made_corpus.truth_path(path).read_text("utf-8")) for path in (smaller, corpus))
    for name in ("copies", "passages"):
        assert less[name] == more[name][: len(less[name])] != []


def test_planted_jaccards_and_no_others(corpus: Path) -> None:
    """Brute force over all pairs: what is planted is exact, and nothing unplanted comes near the threshold."""
    truth = json.loads(made_corpus.truth_path(corpus).read_text("utf-8"))
    sets = [grams(text) for text in texts_of(corpus)]
    assert len(sets) == truth["n_documents"]
    planted = {(source, copy): (n_common, n_union) for source, copy, n_common, n_union in truth["copies"]}
    assert len(planted) > 10
    source = {copy: one for one, copy in planted}
    assert not source.keys() & set(source.values()), "a copy was copied"
    for pair in combinations(range(len(sets)), 2):
        one, other = (sets[row] for row in pair)
        if pair in planted:
            assert planted[pair] == (len(one & other), len(one | other))
        elif source.get(pair[0], pair[0]) != source.get(pair[1], pair[1]):
            assert len(one & other) < 0.5 * len(one | other), pair
    jaccards = [n_common / n_union for n_common, n_union in planted.values()]
    assert 1.0 in jaccards
    assert any(0.7 <= jaccard < 1.0 for jaccard in jaccards)
    assert any(jaccard < 0.7 for jaccard in jaccards)


def test_planted_passages_stand_where_the_truth_says(corpus: Path) -> None:
    truth = json.loads(made_corpus.truth_path(corpus).read_text("utf-8"))
    texts = texts_of(corpus)
    literals: dict[int, set[str]] = {}
    for passage, row, start, end in truth["passages"]:
        text = texts[row][start:end]
        assert texts[row][:start].endswith("\n") or start == 0
        assert texts[row][end : end + 1] in ("", "\n")
        literals.setdefault(passage, set()).add(made_corpus.FIGURE.sub("#", text))
    assert {len(found) for found in literals.values()} == {1}, "a passage differs in more than its figures"
    assert literals[0] == {made_corpus.SLOGAN}
    assert sum(passage == 0 for passage, *_ in truth["passages"]) > len(texts) / 4


def test_corpus_that_is_incomplete_is_made_again(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    assert not made_corpus.is_made(path, 1)
    path.write_bytes(corpus.read_bytes()[:-5])
    made_corpus.truth_path(path).write_bytes(made_corpus.truth_path(corpus).read_bytes())
    assert not made_corpus.is_made(path, 600_000)
    assert made_corpus.is_made(corpus, 600_000)


@pytest.mark.parametrize(
    ("text", "n_bytes"), [("10", 10_000_000), ("0.5MB", 500_000), ("1GB", 10**9), (" 2 gb", 2 * 10**9)]
)
def test_sizes(text: str, n_bytes: int) -> None:
    assert run.size(text) == n_bytes


@pytest.mark.parametrize("text", ["", "ten", "0", "1TB", "1.2.3"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(run.argparse.ArgumentTypeError):
        run.size(text)


def small_truth(folder: Path) -> quality.Truth:
    """Rows 0, 1 and 2 are near (0.8 or more, row 3 is not), row 4 has no relative; planted are 0-1, 0-2 and 0-3."""
    base = "".join(chr(0x4E00 + number) for number in range(104))
    texts = [base, base, base[:-10], base[:50] + base[50:][::-1], base[::-1]]
    path = folder / "corpus.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    copies = []
    for copy in (1, 2, 3):
        one, other = grams(texts[0]), grams(texts[copy])
        copies.append([0, copy, len(one & other), len(one | other)])
    made_corpus.truth_path(path).write_text(json.dumps({"copies": copies}), "utf-8")
    return quality.Truth(path)


@pytest.mark.parametrize(
    ("form", "rows", "recall", "precision"),
    [
        ("pairs", [[0, 1], [0, 2]], 1.0, 1.0),
        ("pairs", [[0, 1], [1, 2]], 1.0, 1.0),
        ("pairs", [[0, 1], [0, 3]], 0.5, 0.5),
        ("clusters", [[0, 1, 2, 4]], 1.0, 0.75),
        ("clusters", [[0, 1], [3, 4]], 0.5, 0.5),
        ("dropped", [1, 2], 1.0, 1.0),
        ("dropped", [0, 4], 1.0, 0.5),
        ("dropped", [2, 3], 0.5, 0.5),
        ("pairs", [], 0.0, None),
    ],
)
def test_recall_and_precision(
    form: str, rows: list[object], recall: float, precision: float | None, tmp_path: Path
) -> None:
    judged = quality.judge(quality.Answer(form, rows), small_truth(tmp_path))
    assert (judged.recall, judged.precision, judged.n_planted) == (recall, precision, 2)


def test_families_of_a_scan_are_an_answer(tmp_path: Path) -> None:
    rows = [("000000000", None), ("000000001", "000000000"), ("000000002", None), ("000000003", "000000000")]
    lines = [json.dumps({"id": name, "duplicate_of": head}) + "\n" for name, head in rows]
    (tmp_path / "documents.jsonl").write_text("".join(lines), "utf-8")
    (tmp_path / "summary.json").write_text(json.dumps({"run": {"seconds": {"read": 0.5, "rules": 2}}}), "utf-8")
    answer = quality.scan_answer(tmp_path)
    assert answer[:2] == ("clusters", [[0, 1, 3]])
    assert answer.stages == {"read": 0.5, "rules": 2}


def test_memory_and_processor_time_are_the_commands_own(tmp_path: Path) -> None:
    held = bytearray(b"x") * 200_000_000  # of the process that measures, which must not count
    idle = measuring.measure([sys.executable, "-S", "-c", "pass"], tmp_path, 60)
    busy = "data = bytearray(100_000_000); data[::4096] = b'x' * len(data[::4096]); sum(range(3_000_000))"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {busy!r}], check=True)"
    worked = measuring.measure([sys.executable, "-S", "-c", child], tmp_path, 60)
    assert idle.cost.status == worked.cost.status == 0
    assert len(held) > idle.cost.memory
    assert 100e6 < worked.cost.memory < 200e6
    assert 0 < idle.cost.processor < worked.cost.processor
    assert worked.cost.seconds > 0


def test_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    outcome = measuring.measure([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, 0.5)
    assert outcome.cost.status == measuring.TIMED_OUT
    assert outcome.cost.seconds < 30


def test_command_that_does_not_exist_has_failed(tmp_path: Path) -> None:
    outcome = measuring.measure([str(tmp_path / "nothing")], tmp_path, 5)
    assert outcome.cost.status != 0
    assert "nothing" in environments.last_line(outcome.errors)


def test_run_with_two_fake_peers_and_one_that_cannot_be_installed(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    folders = ["--work", str(work), "--envs", str(tmp_path / "envs"), "--out", str(out), "--table", str(table)]
    assert run.main(["--size", "0.1,0.3", "--runs", "3", "--no-ours", *folders]) == 0
    rounds = [line for line in capsys.readouterr().err.splitlines() if ": exact" in line and "round" in line]
    order = ["corpus-0.3MB.jsonl", *("corpus-0.1MB.jsonl", "corpus-0.3MB.jsonl") * 3]
    assert [line.partition(",")[0] for line in rounds] == order
    page = (out / "results.md").read_text("utf-8")
    assert "| a | failing | - |" in page
    assert "failed: no licence \\| <found>" in page
    assert "not installed: needs Python 2.0" in page
    assert (out / "results.svg").read_text("utf-8").startswith("<svg")
    written = json.loads((work / "results.json").read_text("utf-8"))
    assert [len(row["runs"]) for row in written[1]["rows"]] == [3, 0, 0]
    judged = written[1]["rows"][0]["quality"]
    assert judged["precision"] == 1.0
    assert 0.0 < judged["recall"] < 1.0
    assert not list(work.glob("run-*")), "a run left its folder"


def test_peer_that_nobody_knows_is_a_wrong_usage(table: Path, tmp_path: Path) -> None:
    assert run.main(["--peers", "rensa", "--table", str(table), "--work", str(tmp_path / "work")]) == 2


def sample_result() -> results.Result:
    """Ours twice as fast as a peer in job a, and as slow in job b; three runs each, the median in the middle."""

    def costs(*seconds: float) -> tuple[measuring.Cost, ...]:
        return tuple(measuring.Cost(value, 2 * value, 10**8, 0) for value in seconds)

    rows = (
        results.Row("ours", results.DOCUMENTS, costs(9.0, 1.0, 2.0), quality.Quality(1.0, 1.0, 7, 7), ours=True),
        results.Row("ours, all", results.WHOLE, costs(4.0, 4.0, 4.0), None, ours=True),
        results.Row("theirs", results.DOCUMENTS, costs(3.0, 4.0, 5.0), quality.Quality(0.5, None, 7, 0), "a note"),
        results.Row("<absent>", results.DOCUMENTS, failure="not installed: & why"),
    )
    return results.Result(8_000_000, 900, 7, rows)


def test_ratios_are_medians_ours_to_theirs() -> None:
    rows = [dict(zip(results.COLUMNS, row, strict=True)) for row in results.cells(sample_result())]
    assert [row["seconds"] for row in rows] == ["2.00", "4.00", "4.00", "-"]
    assert [row["a / its"] for row in rows] == ["1.000", "0.500", "0.500", "-"]
    assert [row["b / its"] for row in rows] == ["2.000", "1.000", "1.000", "-"]
    assert rows[2]["MB/s"] == "2.0"
    assert rows[2]["CPU s"] == "8.00"
    assert (rows[2]["recall"], rows[2]["precision"]) == ("0.5000", "-")
    assert rows[3]["note"] == "not installed: & why"


def test_whole_scan_that_stands_for_both_jobs() -> None:
    sample = sample_result()
    both = sample._replace(rows=(sample.rows[1]._replace(job=results.DOCUMENTS + results.WHOLE), *sample.rows[2:]))
    rows = [dict(zip(results.COLUMNS, row, strict=True)) for row in results.cells(both)]
    assert [(row["job"], row["a / its"], row["b / its"]) for row in rows[:2]] == [
        ("ab", "1.000", "1.000"),
        ("a", "1.000", "1.000"),
    ]


def test_stages_of_a_scan_and_what_is_left_of_its_clock() -> None:
    sample = sample_result()
    staged = sample._replace(rows=(sample.rows[0]._replace(stages={"read": 0.25, "tokens": 1.0}), *sample.rows[1:]))
    page = results.markdown([staged], command="run", packages=["theirs 1.0"], runs=3)
    assert "Stages of ours, last run, seconds: read 0.25, tokens 1.00, start and what no stage counts 0.75." in page
    assert page.count("Stages of") == 1
    assert "theirs 1.0" in page


def test_throughput_of_what_has_seen_every_corpus() -> None:
    sample = sample_result()
    slower = [row._replace(costs=tuple(cost._replace(seconds=20.0) for cost in row.costs)) for row in sample.rows]
    larger = sample._replace(n_bytes=80_000_000, rows=tuple(slower))
    assert results.growth([sample]) == []
    assert results.growth([sample, larger]) == [
        ("ours", "4.0", "4.0", "1.00"),
        ("ours, all", "2.0", "4.0", "2.00"),
        ("theirs", "2.0", "4.0", "2.00"),
    ]
    page = results.markdown([sample, larger], command="run", packages=[], runs=3)
    assert "| tool | 8 MB | 80 MB | last / first |" in page


def test_table_on_the_terminal_is_not_squeezed(capsys: pytest.CaptureFixture[str]) -> None:
    results.show([sample_result()])
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert "<absent>: not installed: & why" in shown


def test_plot_is_xml_with_a_bar_a_tool_that_ran() -> None:
    from xml.etree import ElementTree

    tree = ElementTree.fromstring(chart.draw([sample_result()]))
    shapes = [item for item in tree.iter("{http://www.w3.org/2000/svg}rect") if item.get("height") == str(chart.BAR)]
    widths = [float(item.get("width", "0")) for item in shapes]
    assert len(widths) == 3
    assert widths[0] < widths[1] == widths[2]
    words = "".join(tree.itertext())
    assert "<absent>" in words
    assert "not installed: & why" in words


def test_a_mask_is_not_judged_by_pairs(tmp_path: Path) -> None:
    corpus = tmp_path / "made.jsonl"
    made_corpus.make(60_000, corpus)
    judged = quality.judge(quality.Answer("mask", [0.4]), quality.Truth(corpus))
    assert (judged.recall, judged.precision, judged.n_claims) == (None, None, 0)


def test_table_of_peers_names_programs_that_exist() -> None:
    peers = environments.load_peers(ROOT / "benchmarks" / "peers.toml")
    assert len({peer.name for peer in peers}) == len(peers) >= 8
    assert [peer.name for peer in peers if not peer.program.is_file() or not peer.requires or not peer.note] == []
    asked: dict[str, tuple[str, ...]] = {}
    for peer in peers:
        assert asked.setdefault(peer.environment, peer.requires) == peer.requires
    programs = {path.name for path in (ROOT / "benchmarks" / "peers").glob("*.py")} - {"answers.py"}
    assert programs == {peer.program.name for peer in peers}
