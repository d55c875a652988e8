"""The floors of the package, what may be imported where, and what importing it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "detector"

FLOORS = (
    "errors version model",
    "settings",
    "kernels",
    "machine",
    "text",
    "tables",
    "records",
    "rules",
    "matching",
    "thresholds room",
    "report",
    "results",
    "filtering",
    "document_scan pipeline",
    "estimate evaluation",
    "commands",
    "cli",
    "__main__ detector",
)
"""Packages, and modules that stand alone, lowest first: a module imports from its own package and from lower floors."""

FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names.split()}

ONLY_IN = {
    "numba": {"kernels.exporting"},
    "llvmlite": {"kernels.exporting"},
    "jinja2": {"report.html"},
    "pyarrow": {
        "records.arrow_rows",
        "results.document_files",
        "results.exports",
        "records.parquet_shard",
        "filtering.restoring",
        "filtering.scan_columns",
        "records.table_rows",
        "results.writing",
    },
    "opencc": set(),
    "datasketch": set(),
}
"""Heavy or optional packages and the modules that may import them."""

HEAVY = ("numpy", "numba", "pyarrow", "rich", "jinja2")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts[1:] if part != "__init__") or "detector"


def package_of(name: str) -> str:
    """The package that a module belongs to; a module that stands alone is its own."""
    return name.partition(".")[0]


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
COMMAND_LINE = {"cli", "__main__"} | {name for name in MODULES if name.startswith("commands.")}
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
    assert {package_of(name) for name in MODULES} == set(FLOOR), "give the new package a floor"


def test_the_page_on_the_layout_names_every_package() -> None:
    page = (ROOT / "docs" / "layout.md").read_text("utf-8")
    first = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = [name.strip(" `") for cell in first for name in cell.split(",")]
    assert set(named) == set(FLOOR) - {"__main__", "detector"}
    assert named == sorted(named, key=FLOOR.__getitem__), "from the ground up"
    for line in page.splitlines():
        if line.startswith("| `") and (begin := line.split("|")[3].strip(" `")):
            assert any(
                (PACKAGE / folder / begin).exists() for folder in (".", *line.split("|")[1].strip(" `").split("`, `"))
            )


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_down(name: str) -> None:
    others = {other for other in own_imports(name) if package_of(other) != package_of(name)}
    upward = {other for other in others if FLOOR[package_of(other)] >= FLOOR[package_of(name)]}
    assert not upward, f"{name} imports {sorted(upward)}, which stand no lower"


def test_imports_run_in_no_circle() -> None:
    try:
        TopologicalSorter({name: own_imports(name) - {name} for name in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is(name: str) -> None:
    assert (ast.get_docstring(TREES[name]) or "").strip()


@pytest.mark.parametrize("name", MODULES)
def test_no_module_is_too_long(name: str) -> None:
    assert len(MODULES[name].read_text("utf-8").splitlines()) <= 400


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("kernels.")])
def test_kernels_stand_alone(name: str) -> None:
    alone = (
        "kernels.ahead",
        "kernels.cache",
        "kernels.machine_code",
        "kernels.object_files",
        "kernels.exporting",
        "kernels.compiled",
    )
    assert name in alone or own_imports(name) == {"kernels.compiled"}


@pytest.mark.parametrize("name", MODULES)
def test_heavy_packages_stay_where_they_belong(name: str) -> None:
    packages = {full.partition(".")[0] for full in imports(TREES[name])}
    assert not {package for package, allowed in ONLY_IN.items() if package in packages and name not in allowed}
    assert (
        "rich" not in packages
        or name in ("commands.session", "commands.display", "results.index")
        or name.startswith("report.")
    )


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
