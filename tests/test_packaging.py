"""What an installed package must hold: every data file, and one version."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import detector

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_every_data_file_is_packaged() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["detector"]
    package = ROOT / "detector"
    files = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    ]
    assert len(files) >= 8
    assert [name for name in files if not any(fnmatch(name, pattern) for pattern in patterns)] == []


def test_every_folder_of_code_is_a_package() -> None:
    for path in (ROOT / "detector").rglob("*.py"):
        assert (path.parent / "__init__.py").is_file(), path


def test_the_version_stands_in_both_places() -> None:
    assert PROJECT["project"]["version"] == detector.__version__


def test_every_dependency_has_a_lower_bound() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    requirements = [*PROJECT["project"]["dependencies"], *(item for extra in extras for item in extra)]
    assert [item for item in requirements if ">=" not in item] == []
