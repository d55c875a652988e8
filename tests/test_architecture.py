"""The floors of the package, what may be imported where, and what importing it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "detector"

FLOORS = (
    "errors model version columns clock cells leftovers interpreter system threads",
    "spilling",
    "workspace",
    "kernels kernels.cache kernels.machine_code",
    "kernels.object_files",
    "kernels.exporting",
    "kernels.compiled",
    "kernels.repeating kernels.signing kernels.tokenising kernels.verifying kernels.decoding"
    " kernels.cutting kernels.triggers kernels.aligning kernels.painting kernels.rendering kernels.hashing"
    " kernels.sorting kernels.counting kernels.documents kernels.grouping kernels.bucketing kernels.reporting"
    " kernels.phrasing kernels.broken kernels.page_words kernels.pages kernels.page_context kernels.page_model"
    " kernels.page_vocabulary kernels.json_lines kernels.joining kernels.gathering kernels.slotting kernels.dividing"
    " kernels.outlining kernels.listing kernels.templating kernels.comparing kernels.sketching kernels.linking"
    " kernels.spinning kernels.trying kernels.placing",
    "kept_tables",
    "settings folding encodings scan_files dataset_folders problems",
    "texts rows places pattern_sets page_model",
    "programs",
    "rendering stored",
    "sheets program_files",
    "rule_matches",
    "rules protecting tokens formats signatures gold decisions stripping counts cutting_points languages",
    "lines pages tuning claim_masks last_copies filter_plan",
    "junk_places",
    "passages marks junk artefacts shingles candidates repeats json_rows table_rows inputs score evaluation verdicts",
    "script_errors rule_plan gathering",
    "block_lines",
    "block_hits partners",
    "hits families matches phrases file_rows arrow_rows spun",
    "clusters blocks templates pieces point_buffer",
    "reading",
    "corpus",
    "rereading",
    "duplicates evidence_rows room source_texts unfinished",
    "evidence raw_rows blanks outlines",
    "parquet_shard",
    "tables shards",
    "template_files",
    "report report.shown report.spans report.palette report.words report.cover report.families_page",
    "report.lookup",
    "report.column_lookup",
    "report.bars report.reasons",
    "report.data report.blanks report.drawing report.estimated report.sharing report.charts report.leads"
    " report.filtered",
    "report.brief report.listings report.templates",
    "report.terminal",
    "report.explain report.duplicates report.why report.tuned report.page_clusters",
    "report.page_documents",
    "report.html",
    "writing",
    "document_files exports",
    "index summary document_scan",
    "template_match",
    "scan_columns mending filter_journal filter_folder",
    "claim_store cleaning",
    "filter_survey",
    "filter_output drop_rates filter_choices",
    "filtering restoring",
    "attributes datatrove_filter",
    "pipeline",
    "estimate",
    "arguments display signals",
    "session",
    "commands commands.scan commands.explain commands.filter commands.restore commands.phrases commands.templates"
    " commands.evaluate commands.rules commands.why commands.tune commands.export commands.attributes",
    "cli",
    "__main__ detector",
)
"""Lowest first. A module imports from lower floors only, never from its own; the package itself is named detector."""

FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names.split()}

ONLY_IN = {
    "numba": {"kernels.exporting"},
    "llvmlite": {"kernels.exporting"},
    "jinja2": {"report.html"},
    "pyarrow": {
        "arrow_rows",
        "document_files",
        "exports",
        "parquet_shard",
        "restoring",
        "scan_columns",
        "table_rows",
        "writing",
    },
    "opencc": set(),
    "datasketch": set(),
}
"""Heavy or optional packages and the modules that may import them."""

HEAVY = ("numpy", "numba", "pyarrow", "rich", "jinja2")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts[1:] if part != "__init__") or "detector"


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
COMMAND_LINE = {"cli", "display", "session", "signals", "__main__"} | {
    name for name in MODULES if name.startswith("commands.")
}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}


def imports(node: ast.AST) -> Iterator[str]:
    """The full names that a tree imports, wherever it does so, but for what only type checkers see."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and any(
            isinstance(part, ast.Name) and part.id == "TYPE_CHECKING" for part in ast.walk(child.test)
        ):
            for other in child.orelse:
                yield from imports(other)
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        if isinstance(child, ast.ImportFrom):
            assert child.level == 0, "relative import"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from imports(child)


def own_imports(name: str) -> set[str]:
    """The modules of this package that a module imports."""
    found = set()
    for full in imports(TREES[name]):
        if full == "detector" or full.startswith("detector."):
            rest = full.removeprefix("detector").removeprefix(".")
            found.add(rest if rest in MODULES else rest.rpartition(".")[0] or "detector")
    return found


def test_every_module_has_a_floor() -> None:
    assert set(MODULES) <= set(FLOOR), "give the new module a floor"
    assert len(FLOOR) == sum(len(names.split()) for names in FLOORS), "a module stands on two floors"


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_down(name: str) -> None:
    upward = {other for other in own_imports(name) if FLOOR.get(other, 0) >= FLOOR.get(name, len(FLOORS))}
    assert not upward, f"{name} imports {sorted(upward)}, which stand no lower"


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is(name: str) -> None:
    assert (ast.get_docstring(TREES[name]) or "").strip()


@pytest.mark.parametrize("name", MODULES)
def test_no_module_is_too_long(name: str) -> None:
    assert len(MODULES[name].read_text("utf-8").splitlines()) <= 400


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("kernels.")])
def test_kernels_stand_alone(name: str) -> None:
    alone = ("kernels.cache", "kernels.machine_code", "kernels.object_files", "kernels.exporting", "kernels.compiled")
    assert name in alone or own_imports(name) == {"kernels.compiled"}


@pytest.mark.parametrize("name", MODULES)
def test_heavy_packages_stay_where_they_belong(name: str) -> None:
    packages = {full.partition(".")[0] for full in imports(TREES[name])}
    assert not {package for package, allowed in ONLY_IN.items() if package in packages and name not in allowed}
    assert "rich" not in packages or name in ("session", "display", "index") or name.startswith("report.")


@pytest.mark.parametrize("name", sorted(set(MODULES) - COMMAND_LINE))
def test_only_the_command_line_prints_and_exits(name: str) -> None:
    calls = [ast.unparse(node.func) for node in ast.walk(TREES[name]) if isinstance(node, ast.Call)]
    assert not {"print", "input", "exit", "sys.exit", "os._exit"} & set(calls)
    raised = {
        part.id for node in ast.walk(TREES[name]) if isinstance(node, ast.Raise) for part in ast.walk(node)
        if isinstance(part, ast.Name)
    }  # fmt: skip
    assert "SystemExit" not in raised


@pytest.mark.parametrize("name", [name for name, path in MODULES.items() if path.name == "__init__.py"])
def test_packages_only_name_what_others_hold(name: str) -> None:
    assert len(MODULES[name].read_text("utf-8").splitlines()) <= 80
    allowed = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.If)
    for node in TREES[name].body:
        lazy = isinstance(node, ast.FunctionDef) and node.name in ("__getattr__", "__dir__")
        assert lazy or isinstance(node, allowed), ast.dump(node)[:80]


def test_no_module_is_named_after_nothing() -> None:
    assert not {"utils", "util", "misc", "helpers", "common"} & {part for name in MODULES for part in name.split(".")}


@pytest.mark.parametrize("module", ["detector", "detector.cli"])
def test_importing_costs_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    assert not set(HEAVY) & set(found)
