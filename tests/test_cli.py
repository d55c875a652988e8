"""The command: help, exit codes, JSON, silence, and that no name or text can steer a terminal."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from corpora import LINES, NOTICE, gibberish

import detector
from detector.cli import main
from detector.errors import GuardError
from detector.version import VERSION

ROOT = Path(__file__).parents[1]
COMMANDS = (
    "scan",
    "explain",
    "why",
    "tune",
    "filter",
    "restore",
    "phrases",
    "templates",
    "export",
    "attributes",
    "evaluate",
    "rules",
)
ESCAPE = "\x1b]0;owned\x07\x1b[31m"


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command in this process."""

    def run_(*arguments: object) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        code = stopped.value.code
        return Done(code if isinstance(code, int) else 0, *capsys.readouterr())

    return run_


def started(*arguments: object, **values: Any) -> subprocess.CompletedProcess[bytes]:
    """Runs the command as a program."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **values.pop("environment", {})}
    command = [sys.executable, "-m", "detector", *map(str, arguments)]
    return subprocess.run(command, env=environment, timeout=120, check=False, **{"capture_output": True, **values})


def write_rows(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    texts = [gibberish(row) + LINES[0] + NOTICE.format("X", row, 7) for row in range(4)]
    return write_rows(tmp_path / "in.jsonl", [{"id": f"d{row}", "text": text} for row, text in enumerate(texts)])


@pytest.fixture
def folder(tmp_path: Path, corpus: Path) -> Path:
    detector.scan(corpus).write(tmp_path / "scan")
    return tmp_path / "scan"


# help


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run: Any, command: str) -> None:
    done = run(command, "--help")
    assert done.code == 0
    examples = done.out.partition("examples:\n")[2]
    assert f"  detector {command}" in examples
    for option in ("--settings FILE", "--json", "--quiet"):
        assert option in done.out


def test_the_help_names_every_command(run: Any) -> None:
    done = run("--help")
    assert done.code == 0
    listed = {line.split()[0] for line in done.out.splitlines() if line.startswith("    ") and line[4] != " "}
    assert listed == set(COMMANDS)
    assert "examples:\n  detector scan" in done.out


def test_version(run: Any) -> None:
    assert run("--version") == (0, f"detector {VERSION}\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["scan", "--help"], ["--version"]])
def test_asking_for_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys, detector.cli\n"
        "try: detector.cli.main(sys.argv[1:])\n"
        "except SystemExit: print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=True,
        text=True,
    )
    heavy = {
        "numpy",
        "numba",
        "pyarrow",
        "rich",
        "jinja2",
        "rapidfuzz",
        "zstandard",
        "charset_normalizer",
        "datasketch",
    }
    loaded = set(done.stderr.split())
    assert "detector" in loaded
    assert not heavy & loaded


def test_the_package_loads_nothing_heavy_until_it_is_used() -> None:
    code = "import sys, detector; detector.Settings(); print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=True,
        text=True,
    )
    assert not {"numpy", "numba", "pyarrow", "rich"} & set(done.stdout.split())


# exit codes


def one_line(done: Done, code: int = 1) -> str:
    """The one line of an error."""
    assert done.code == code
    assert done.out == ""
    assert done.err.startswith("detector: ")
    assert done.err.count("\n") == 1
    assert done.err.endswith("\n")
    return done.err


def test_done_is_0(run: Any, corpus: Path) -> None:
    assert run("scan", corpus, "--quiet").code == 0


def test_an_error_is_1_and_one_line(run: Any, tmp_path: Path, corpus: Path, folder: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("no_such_setting = 1\n", "utf-8")
    assert "no such file" in one_line(run("scan", tmp_path / "nothing", "--quiet"))
    assert "no_such_setting" in one_line(run("scan", corpus, "--settings", settings, "--quiet"))
    assert "nobody" in one_line(run("explain", folder, "--doc", "nobody"))
    assert "nobody" in one_line(run("explain", folder, "--doc", "nobody", "--quiet"))
    assert "nobody" in one_line(run("explain", folder, "--doc", "nobody", "--json"))
    assert "nobody" in one_line(run("why", folder, "nobody"))
    assert "passage-0" in one_line(run("templates", folder, "passage-0"))
    assert "phrase-0" in one_line(run("phrases", folder, "phrase-0"))
    assert "not a scan" in one_line(run("phrases", tmp_path))
    assert "not a scan" in one_line(run("templates", tmp_path / "nothing", "--json"))
    assert "no.such.rule" in one_line(run("rules", "show", "no.such.rule"))
    assert "rules" in one_line(run("rules", "list", "--rules", tmp_path / "rules.toml"))
    one_line(run("evaluate", folder, "--gold", tmp_path / "nothing"))
    one_line(run("scan", corpus, "--out", corpus, "--quiet"))
    one_line(run("scan", corpus, "--settings", tmp_path / "nothing", "--quiet"))


def test_a_folder_that_is_no_scan_is_told_with_what_to_do(run: Any, tmp_path: Path, corpus: Path, folder: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text(LINES[0], "utf-8")
    said = one_line(run("explain", tmp_path / "texts", "--doc", "a"))
    assert f"detector scan {tmp_path / 'texts'} --out NEW" in said  # and not into the folder of the documents
    assert "there is no such folder" in one_line(run("tune", tmp_path / "nothing"))
    (tmp_path / "begun" / ".unfinished").mkdir(parents=True)
    assert "--resume" in one_line(run("tune", tmp_path / "begun"))
    run("filter", corpus, "--out", tmp_path / "clean", "--scan", folder)
    assert "a filter's folder" in one_line(run("explain", tmp_path / "clean", "--doc", "d0"))


def test_a_name_that_is_not_there_is_told_with_those_like_it(run: Any, tmp_path: Path, folder: Path) -> None:
    assert "nearest: junk.breadcrumb, " in one_line(run("rules", "show", "breadcrumb"))
    assert "rules show junk.share" in one_line(run("rules", "list", "junk.share"))
    assert "'templates' clusters" in one_line(run("phrases", folder, "block-1"))
    assert "phrases are shown by 'phrases'" in one_line(run("templates", folder, "phrase-1"))
    texts = tmp_path / "texts" / "north"
    texts.mkdir(parents=True)
    for row in range(3):
        (texts / f"{row}.txt").write_text(gibberish(row), "utf-8")
    detector.scan(texts.parent).write(tmp_path / "scan2")
    assert "nearest: north/2" in one_line(run("explain", tmp_path / "scan2", "--doc", "2"))


def test_an_input_without_documents_is_told_once(run: Any, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"")
    assert "no document could be read: a.jsonl: the file is empty" in one_line(
        run("scan", tmp_path / "a.jsonl", "--quiet")
    )
    (tmp_path / "b.jsonl").write_text('{"body": 1}\n' * 30, "utf-8")
    assert "the first of 30 reasons: b.jsonl:1: no" in one_line(run("scan", tmp_path / "b.jsonl", "--quiet"))


def test_a_scan_of_whole_documents_says_what_it_did_not_measure(run: Any, tmp_path: Path, corpus: Path) -> None:
    out = tmp_path / "copies"
    assert run("scan", corpus, "--level", "document", "--out", out, "--quiet").code == 0
    for words in (["explain", out, "--doc", "d0"], ["why", out, "d0"], ["phrases", out], ["templates", out]):
        told = " ".join(run(*words).out.split())
        assert "the scan looked at whole documents only" in told
        assert "without text" not in told
        assert "own 100" not in told


def test_every_wrong_setting_is_named(run: Any, tmp_path: Path, corpus: Path) -> None:
    settings = tmp_path / "settings.toml"
    for line, said in (
        ("seed = true", "seed"),
        ("match_ratio = 3", "match_ratio"),
        ("rules = 'a'", "rules"),
        ("format = 'xml'", "jsonl, parquet"),
        ("[", "TOML"),
    ):
        settings.write_text(line + "\n", "utf-8")
        told = one_line(run("scan", corpus, "--settings", settings, "--quiet"))
        assert said in told
        assert str(settings) in told


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["scan"],
        ["scan", "a", "--no-such-option"],
        ["scan", "a", "--format", "xml"],
        ["scan", "a", "--limit", "many"],
        ["explain", "a"],
        ["why", "a"],
        ["why", "a", "b", "--max-junk", "2"],
        ["tune", "a", "--at", "max_junk"],
        ["tune", "a", "--at", "max_shine=0.5"],
        ["export", "a"],
        ["export", "a", "--out", "b", "--format", "xls"],
        ["filter", "a"],
        ["filter", "a", "--out", "b", "--min-originality", "1.5"],
        ["filter", "a", "--out", "b", "--max-junk", "nan"],
        ["filter", "a", "--out", "b", "--max-drop", "half"],
        ["filter", "a", "--out", "b", "--strip", "junk,nonsense"],
        ["filter", "a", "--out", "b", "--drop-flag", "spum"],
        ["rules", "nothing"],
        ["templates", "a", "--level", "word"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2(run: Any, arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert "usage: detector" in done.err
    assert "_ratio" not in done.err
    assert len(done.err.splitlines()) <= 4  # what is wrong is not lost among all options


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["scna", "a"], "did you mean scan?"),
        (["scan", "a", "--outt", "b"], "did you mean --out?"),
        (["filter", "a", "--out", "b", "--strips=junk"], "did you mean --strip?"),
        (["scan", "a", "--level", "documents"], "did you mean document?"),
        (["rules", "lst"], "did you mean list?"),
    ],
)
def test_a_wrong_name_is_told_with_the_one_that_was_meant(run: Any, arguments: list[str], meant: str) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert meant in done.err
    assert f"'detector {arguments[0]} --help'" in done.err or arguments[0] == "scna"


def test_a_guard_that_refuses_is_3(run: Any, tmp_path: Path, corpus: Path) -> None:
    out = tmp_path / "out"
    done = run("filter", corpus, "--out", out, "--min-originality", "0.99", "--quiet")
    assert "--max-drop" in one_line(done, 3)
    assert not out.exists()
    assert issubclass(GuardError, detector.DetectorError)


def test_an_interrupt_is_130(run: Any, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("detector.pipeline.scan", interrupt)
    one_line(run("scan", corpus, "--quiet"), 130)


def test_no_memory_is_one_line(run: Any, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhaust(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("detector.pipeline.scan", exhaust)
    assert "memory" in one_line(run("scan", corpus, "--quiet"))


def test_a_full_disk_under_the_scan_is_one_line(
    run: Any, tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    assert "No space left" in one_line(run("scan", corpus, "--out", tmp_path / "out", "--quiet"))


@pytest.mark.parametrize("command", ["scan", "filter"])
def test_a_folder_that_cannot_be_made_is_told_before_the_work(
    run: Any, tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("detector.pipeline.scan", None)
    assert "is no folder" in one_line(run(command, corpus, "--out", corpus / "out", "--quiet"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "nothing can be written" in one_line(run(command, corpus, "--out", tmp_path / "a/b", "--quiet"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("option", ["--json", "--limit=3"])
def test_a_full_disk_under_the_output_is_one_line(folder: Path, option: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = started("phrases", folder, option, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b"detector: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("option", ["--json", "--no-pager"])
def test_a_reader_that_went_away_is_no_error(folder: Path, option: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = started("templates", folder, option, stdout=pipe, stderr=subprocess.PIPE, capture_output=False)
    assert (done.returncode, done.stderr) == (0, b"")


# JSON and silence


def calls(corpus: Path, folder: Path, out: Path) -> list[list[object]]:
    """A good call of every command."""
    gold = write_rows(out.parent / "gold.jsonl", [{"id": "d0", "file": "in.jsonl", "spans": [], "not_spans": []}])
    return [
        ["scan", corpus],
        ["scan", corpus, "--out", out.parent / "again"],
        ["explain", folder, "--doc", "d0"],
        ["filter", corpus, "--out", out, "--scan", folder],
        ["filter", corpus, "--out", f"{out}-alone"],
        ["restore", out, "--out", f"{out}-back"],
        ["why", folder, "d0", "--min-originality", "0.9"],
        ["tune", folder],
        ["phrases", folder],
        ["phrases", folder, "phrase-1"],
        ["export", folder, "--out", f"{out}-tables"],
        ["templates", folder],
        ["templates", folder, "--level", "passage"],
        ["templates", folder, "passage-1"],
        ["evaluate", folder, "--gold", gold],
        ["rules", "list"],
        ["rules", "show", "junk.breadcrumb_home"],
        ["rules", "test"],
    ]


def test_json_is_all_there_is_on_standard_output(run: Any, tmp_path: Path, corpus: Path, folder: Path) -> None:
    for arguments in calls(corpus, folder, tmp_path / "out"):
        done = run(*arguments, "--json")
        assert done.code == 0, (arguments, done.err)
        assert json.loads(done.out) is not None
        assert done.out.isascii()


def test_quiet_prints_nothing(run: Any, tmp_path: Path, corpus: Path, folder: Path) -> None:
    for arguments in calls(corpus, folder, tmp_path / "out"):
        assert run(*arguments, "--quiet") == (0, "", ""), arguments


def test_without_either_there_is_a_report(run: Any, tmp_path: Path, corpus: Path, folder: Path) -> None:
    for arguments in calls(corpus, folder, tmp_path / "out"):
        done = run(*arguments)
        assert done.code == 0, (arguments, done.err)
        assert len(done.out) > 40
        assert all(line.startswith("detector: ") for line in done.err.splitlines())


def test_the_json_of_each_command(run: Any, corpus: Path, folder: Path) -> None:
    summary = json.loads(run("scan", corpus, "--json", "--quiet").out)
    assert summary["corpus"]["n_documents"] == 4
    explained = json.loads(run("explain", folder, "--doc", "d1", "--json").out)
    assert explained["document"]["id"] == "d1"
    assert {finding["doc"] for finding in explained["findings"]} == {"d1"}
    made = detector.open(folder)
    assert len(json.dumps(json.loads(run("phrases", folder, "--json").out))) > 20 * len(made.phrases)
    names = [rule["name"] for rule in json.loads(run("rules", "list", "--json").out)]
    assert len(names) == len(set(names)) > 50


def test_why_tells_what_a_filter_did_and_what_other_thresholds_would(
    run: Any, tmp_path: Path, corpus: Path, folder: Path
) -> None:
    out = tmp_path / "clean"
    assert run("filter", corpus, "--scan", folder, "--out", out, "--min-originality", "0.1", "--quiet").code == 0
    told = json.loads(run("why", out, "d1", "--scan", folder, "--json").out)
    assert told["kept"] is True
    told = json.loads(run("why", out, "d1", "--scan", folder, "--min-originality", "0.99", "--json").out)
    assert (told["kept"], told["reasons"][0]["rule"]) == (False, "min_originality")
    assert told["keep"][0].startswith("--min-originality 0.")
    assert [check["threshold"] for check in told["checks"] if check["name"] == "min_originality"] == [0.99]
    assert all(cost["text"] for cost in told["costs"])
    corpus.unlink()
    done = run("why", folder, "d1")
    assert done.code == 0
    assert "no such file" in done.err
    assert "Costs most" in done.out
    assert "--input" in one_line(run("why", folder, "d1", "--input", corpus))


def test_options_win_over_the_settings_file(run: Any, tmp_path: Path, corpus: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('min_passage_tokens = 30\nfinding_text = "none"\ndisable_rules = ["masked.plate"]\n', "utf-8")
    arguments = ("scan", corpus, "--settings", settings, "--finding-text", "short", "--disable-rule", "masked.digits")
    used = json.loads(run(*arguments, "--json").out)["settings"]
    assert (used["min_passage_tokens"], used["finding_text"]) == (30, "short")
    assert used["disable_rules"] == ["masked.plate", "masked.digits"]


def test_a_filter_reads_as_its_scan_did(run: Any, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "in.jsonl", [{"name": f"d{row}", "body": gibberish(row)} for row in range(3)])
    fields = ("--text-field", "body", "--id-field", "name")
    assert run("scan", path, *fields, "--out", tmp_path / "scan", "--quiet").code == 0
    assert run("filter", path, "--scan", tmp_path / "scan", "--out", tmp_path / "out", "--quiet").code == 0
    assert (tmp_path / "out" / "kept" / "in.jsonl").read_bytes() == path.read_bytes()


def test_a_filter_of_another_input_than_was_scanned_is_refused(run: Any, tmp_path: Path, folder: Path) -> None:
    other = write_rows(tmp_path / "other.jsonl", [{"text": "甲"}])
    assert "not what was scanned" in one_line(
        run("filter", other, "--scan", folder, "--out", tmp_path / "out", "--quiet")
    )


def test_strict(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text":"甲"}\n{\n', "utf-8")
    assert run("scan", path, "--quiet").code == 0
    assert "bad.jsonl:2: " in one_line(run("scan", path, "--strict", "--quiet"))


# the standard input


def test_standard_input_is_scanned(corpus: Path) -> None:
    done = started("scan", "-", "--json", input=corpus.read_bytes())
    assert done.returncode == 0
    assert json.loads(done.stdout)["corpus"]["n_documents"] == 4


def test_standard_input_that_is_empty_or_broken_is_said(tmp_path: Path) -> None:
    done = started("scan", "-", "--json", input=b"")
    assert done.returncode in (0, 1)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 1 or json.loads(done.stdout)["problems"]["n"] == {"empty_file": 1}


def test_a_filter_of_standard_input_says_what_to_do(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"text":"a"}\n')))
    assert "save standard input to a file" in one_line(run("filter", "-", "--out", tmp_path / "out"))


# nothing steers a terminal


def clean(*texts: str | bytes) -> bool:
    """Whether nothing but line breaks would steer a terminal."""
    joined = "".join(text if isinstance(text, str) else text.decode("utf-8") for text in texts)
    return all(char.isprintable() or char == "\n" for char in joined)


def test_escapes_in_file_names_never_reach_the_terminal(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / f"in{ESCAPE}"
    folder.mkdir()
    (folder / f"bad{ESCAPE}.jsonl").write_text("{\n" + json.dumps({"text": LINES[0]}), "utf-8")
    (folder / f"a{ESCAPE}.txt").write_text(LINES[0] + gibberish(1), "utf-8")
    (folder / f"b{ESCAPE}.xyz").write_text("", "utf-8")
    for arguments in (
        ["scan", folder],
        ["scan", folder, "--json"],
        ["scan", folder, "--out", tmp_path / f"out{ESCAPE}"],
        ["scan", folder, "--strict"],
        ["scan", f"nothing{ESCAPE}"],
        ["scan", folder, "--settings", f"settings{ESCAPE}"],
        ["scan", folder, f"--{ESCAPE}"],
        ["scan", folder, "--format", ESCAPE],
        [ESCAPE],
        ["explain", tmp_path / f"out{ESCAPE}", "--doc", f"a{ESCAPE}"],
        ["explain", tmp_path / f"out{ESCAPE}", "--doc", ESCAPE],
        ["phrases", tmp_path / f"nothing{ESCAPE}"],
        ["rules", "show", ESCAPE],
        ["filter", folder, "--out", tmp_path / f"kept{ESCAPE}"],
        ["filter", folder, "--out", tmp_path / f"kept{ESCAPE}"],
    ):
        done = run(*arguments)
        assert clean(done.out, done.err), arguments


def test_escapes_in_ids_and_texts_never_reach_the_terminal(run: Any, tmp_path: Path) -> None:
    line = f"完成投资X{ESCAPE}亿元[red]而不懈努力\r\x08\x7f\x9b2J\u202e" + LINES[0]
    rows: list[dict[str, object]] = [
        {"id": f"{ESCAPE}{row}", "series": ESCAPE, "text": line * 2 + gibberish(row)} for row in range(6)
    ]
    path = write_rows(tmp_path / "in.jsonl", [*rows, {"id": f"{ESCAPE}0", "text": line}, {ESCAPE: 1}])
    scan = tmp_path / "scan"
    for arguments in (
        ["scan", path, "--out", scan],
        ["explain", scan, "--doc", f"{ESCAPE}0"],
        ["phrases", scan],
        ["templates", scan],
        ["explain", scan, "--doc", f"{ESCAPE}0", "--json"],
        ["filter", path, "--out", tmp_path / "out", "--min-originality", "1"],
        ["filter", path, "--out", tmp_path / "out", "--max-drop", "1", "--max-drop-per-series", "1"],
    ):
        done = run(*arguments)
        assert clean(done.out, done.err), arguments
        assert done.code in (0, 3), done.err


# as a program


def test_as_a_program(tmp_path: Path, corpus: Path) -> None:
    done = started("scan", corpus, "--out", tmp_path / "scan", environment={"COLUMNS": "80"})
    assert done.returncode == 0
    assert b"not seen elsewhere in these 4 documents" in done.stdout
    assert (tmp_path / "scan" / "summary.json").is_file()
    assert started("explain", tmp_path / "scan", "--doc", "d0").returncode == 0
    assert started("scan", tmp_path / "nothing").returncode == 1


@pytest.mark.parametrize("encoding", ["gb18030", "ascii", "latin-1"])
def test_a_terminal_of_another_encoding_is_no_reason_to_fail(folder: Path, encoding: str) -> None:
    for command in (["templates", folder], ["explain", folder, "--doc", "d0"], ["phrases", folder]):
        done = started(*command, environment={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout


@pytest.mark.parametrize("arguments", [["--version"], ["rules", "list"], ["scan", "SEEDS", "--json"]])
def test_a_process_that_ends_at_once_has_said_everything(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("第一段。\n" * 9, "utf-8")
    given = [str(tmp_path) if word == "SEEDS" else word for word in arguments]
    code = f"import sys, detector.cli; sys.argv = ['detector', *{given!r}]; detector.cli.main()"
    first, second = (
        subprocess.run([sys.executable, *how], capture_output=True, check=True)
        for how in (["-m", "detector", *given], ["-c", code])
    )
    assert first.stdout
    if "--json" not in arguments:  # which tells times
        assert first.stdout == second.stdout
    assert len(first.stdout.splitlines()) == len(second.stdout.splitlines())


def test_what_is_to_be_done_at_the_end_is_done(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = (
        "import atexit, pathlib, sys, detector.cli\n"
        f"atexit.register(pathlib.Path({str(mark)!r}).touch)\n"
        "sys.argv = ['detector', '--version']\n"
        "detector.cli.run()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert mark.exists()
