"""The documentation holds: commands run and print what is shown, examples are right, links lead somewhere."""

from __future__ import annotations

import argparse
import doctest
import importlib.util
import io
import json
import re
import shlex
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
import zstandard

from detector.cli import main, parser
from detector.model import FINDING_KINDS, LEVELS, PART_NAMES
from detector.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LEFT_OUT = "..."

CRAWL = (
    {"id": "a", "site": "a.example", "body": {"text": "首页 > 新闻\n全县完成固定资产投资X亿元。"}},
    {"id": "b", "site": "b.example", "body": {"text": "全县完成固定资产投资46.1亿元。"}},
)
"""Records for the example that reads fields of compressed JSON Lines."""


class Fenced(NamedTuple):
    """A fenced block of a page: its language, its text, and the line it begins at."""

    language: str
    text: str
    line: int


class Ran(NamedTuple):
    """A command line of the README, its exit code and what it printed."""

    command: str
    line: int
    code: int
    output: str
    errors: str


def fenced(page: str) -> list[Fenced]:
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [Fenced(match[1], match[2], page.count("\n", 0, match.start()) + 1) for match in found]


def run(command: str, line: int) -> Ran:
    """One ``detector`` command line, run in this process."""
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors), pytest.raises(SystemExit) as ended:
        main(shlex.split(command)[1:])
    return Ran(command, line, int(ended.value.code or 0), output.getvalue(), errors.getvalue())


def prepare(folder: Path) -> None:
    """The files that the README's examples name: the sample corpus, a crawl, the tables that it shows itself."""
    shutil.copytree(ROOT / "seeds", folder / "seeds")
    (folder / "crawl").mkdir()
    rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in CRAWL)
    (folder / "crawl" / "part-1.jsonl.zst").write_bytes(zstandard.compress(rows.encode()))
    for block in fenced(README):
        if block.language == "toml":
            name = block.text.partition("\n")[0].removeprefix("# ")
            assert name.endswith(".toml"), f"README.md:{block.line}: the first line must name the file"
            (folder / name).write_text(block.text, "utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder like a checkout, as the place where the examples run, 80 columns wide and without colour."""
    folder = tmp_path_factory.mktemp("checkout")
    prepare(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "80")
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
            patch.delenv(name, raising=False)
        yield folder


@pytest.fixture(scope="module")
def ran(folder: Path) -> dict[int, list[Ran]]:
    """What the README's shell blocks did, in their order, by the line at which each begins."""
    results: dict[int, list[Ran]] = {}
    for block in fenced(README):
        if block.language == "shell":
            commands = [line for line in block.text.splitlines() if line.startswith("detector ")]
            assert len(commands) == len(block.text.splitlines()), f"README.md:{block.line}: not a detector command"
            results[block.line] = [run(command, block.line) for command in commands]
    return results


def test_every_command_line_of_the_readme_exits_with_0(ran: dict[int, list[Ran]]) -> None:
    commands = [command for block in ran.values() for command in block]
    assert len(commands) >= 10
    for command in commands:
        assert command.code == 0, f"README.md:{command.line}: {command.command}\n{command.errors}"


def test_output_of_commands_is_as_shown(ran: dict[int, list[Ran]]) -> None:
    """Every line shown stands in the output of the commands above it, in the order shown."""
    n_shown, above = 0, 0
    for block in fenced(README):
        if block.language == "shell":
            above = block.line
        if block.language != "text":
            continue
        printed = [line.rstrip() for command in ran[above] for line in command.output.splitlines()]
        at = 0
        for line in block.text.splitlines():
            if line != LEFT_OUT:
                assert line in printed[at:], f"README.md:{block.line}: this line is not (or no longer) printed:\n{line}"
                at = printed.index(line, at) + 1
                n_shown += 1
    assert n_shown > 30


def test_first_twenty_lines_say_what_it_is_and_how_to_begin() -> None:
    head = "\n".join(README.splitlines()[:20])
    for word in ("make scan", "make test", ".jsonl", ".parquet", "documents.jsonl", "report.html", "did not write"):
        assert word in head


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"^    make ([a-z]+)", README, re.MULTILINE))
    assert {"scan", "test"} <= named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples_are_right(page: Path, folder: Path) -> None:
    examples = "\n".join(block.text for block in fenced(page.read_text("utf-8")) if block.language == "python")
    example = doctest.DocTestParser().get_doctest(examples, {}, page.name, str(page), 0)
    assert example.examples or ">>>" not in page.read_text("utf-8")
    assert example.examples or page.name != "README.md"
    report = io.StringIO()
    outcome = doctest.DocTestRunner().run(example, out=report.write)
    assert outcome.failed == 0, report.getvalue()


def commands() -> dict[str, argparse.ArgumentParser]:
    """The parsers of all commands."""
    return next(dict(action.choices) for action in parser()._actions if isinstance(action.choices, dict))


def test_every_command_has_its_section_and_an_example() -> None:
    examples = [block.text for block in fenced(README) if block.language == "shell"]
    for name in commands():
        assert re.search(rf"^### {name}:", README, re.MULTILINE), f"README.md has no section on {name}"
        assert any(f"detector {name} " in text for text in examples), f"README.md has no example of {name}"


def test_options_of_the_readme_exist() -> None:
    known = {
        option for command in commands().values() for action in command._actions for option in action.option_strings
    }
    named = set(re.findall(r"--[a-z][a-z-]+", README))
    assert named <= known, sorted(named - known)
    assert {f"--max-{part}" for part in PART_NAMES if part != "own"} <= named


def anchor_of(heading: str) -> str:
    """The name of a heading in an address, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
            assert anchor in {
                re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
            }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`((?:detector|tests|scripts|benchmarks|seeds)/[\w./-]+\.\w+)`", page.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("name", ["documents", "findings", "clusters", "members", "phrases"])
def test_columns_are_those_that_a_scan_writes(name: str, ran: dict[int, list[Ran]], folder: Path) -> None:
    row = re.search(rf"^\| `{name}\.jsonl` \|[^|]*\|([^|]*)\|$", README, re.MULTILINE)
    assert row is not None, f"README.md has no row for {name}.jsonl"
    with (folder / "reports" / "seeds" / f"{name}.jsonl").open(encoding="utf-8") as lines:
        written = list(json.loads(next(lines)))
    assert re.findall(r"`(\w+)`", row[1]) == written


def test_files_of_a_scan_are_all_named(ran: dict[int, list[Ran]], folder: Path) -> None:
    for path in (folder / "reports" / "seeds").iterdir():
        assert f"`{path.name}`" in README


def test_settings_are_all_named() -> None:
    table = README.partition("| setting |")[2].partition("\n\n")[0]
    named = [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1] if row else "")]
    assert named == [item.name for item in fields(Settings)]


@pytest.mark.parametrize("name", [*FINDING_KINDS, *LEVELS, *PART_NAMES])
def test_words_of_the_files_are_explained(name: str) -> None:
    assert f"`{name}`" in README


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    """The script that draws the picture."""
    spec = importlib.util.spec_from_file_location("draw_report", ROOT / "scripts" / "draw_report.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def letters(picture: str) -> str:
    """What stands in a picture, without blanks."""
    elements = ElementTree.fromstring(picture).iter()
    return "".join(element.text or "" for element in elements if element.tag.endswith("text"))


def test_picture_shows_the_report_of_today(drawing: ModuleType) -> None:
    stored = (ROOT / "docs" / "report.svg").read_text("utf-8")
    lines = drawing.report_lines()
    assert drawing.svg(lines) == drawing.svg(drawing.report_lines())
    assert letters(stored) == letters(drawing.svg(lines)), "run scripts/draw_report.py"
    assert {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(stored).iter()} == {
        *("svg", "title", "g", "rect", "text")
    }, "a picture of text needs nothing else"


def test_the_kept_sample_is_a_scan_of_today(drawing: ModuleType, tmp_path: Path) -> None:
    drawing.write_sample(tmp_path / "sample")
    for path in sorted((tmp_path / "sample").iterdir()):
        kept = ROOT / "reports" / "sample" / path.name
        assert kept.read_bytes() == path.read_bytes(), f"{kept.name}: run scripts/draw_report.py"


def test_wide_characters_of_the_picture_have_two_cells_each(drawing: ModuleType) -> None:
    look = drawing.Look("#ffffff", None, False)
    picture = drawing.svg([[drawing.Piece(3, "投a<资", look)]])
    text = next(element for element in ElementTree.fromstring(picture).iter() if element.tag.endswith("text"))
    places = [float(place) for place in text.attrib["x"].split()]
    assert text.text == "投a<资"
    cells = [(place - drawing.MARGIN) / drawing.CELL for place in places]
    assert [int(cell + 0.01) for cell in cells] == [3, 5, 6, 7]
