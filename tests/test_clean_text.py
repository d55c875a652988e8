"""Text that has nothing to find: news, reports, old books, licences, guides; and what real documents must show."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import detector
from detector.rules.marks import find_marks
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.text.folding import plain

ROOT = Path(__file__).parents[1]
CEILINGS: dict[str, dict[str, Any]] = tomllib.loads(
    (ROOT / "tests" / "data" / "clean_text_ceilings.toml").read_text("utf-8")
)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """``benchmarks/clean_text.py`` as a module."""
    spec = importlib.util.spec_from_file_location("clean_text", ROOT / "benchmarks" / "clean_text.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["clean_text"] = module
    spec.loader.exec_module(module)
    return module


def documents(path: Path) -> list[str]:
    if not path.exists():
        pytest.skip(f"not here: {path}")
    return [document.text for document in detector.read(path)]


@pytest.mark.parametrize("corpus", CEILINGS)
def test_real_text_is_left_alone(script: ModuleType, shared: Path, corpus: str) -> None:
    """Of the news a part is enough here; ``benchmarks/clean_text.py`` takes all of it."""
    ceilings = CEILINGS[corpus]
    texts = documents(shared / "corpora" / corpus / ceilings["file"])[: ceilings.get("documents")]
    result = script.clean_text(texts)
    assert result.n_chars > 100_000
    assert result.junk_share(ceilings.get("but_for", ())) <= ceilings["junk"], result.junk
    assert result.found["script_error"] <= ceilings["script_errors"]
    if "placeholders" in ceilings:
        assert result.per_million("placeholder") <= ceilings["placeholders"]


def test_a_converted_document_has_its_wrong_characters(script: ModuleType, shared: Path) -> None:
    texts = documents(shared / "seeds" / "001_192b9e4ae9fa5ec2.txt")
    assert script.clean_text(texts).found["script_error"] >= 50


def test_fields_of_licence_templates_are_found_and_none_in_filled_ones(shared: Path) -> None:
    """What stands in the appendix that tells how to write a notice belongs to the licence, in every copy of it."""
    import json

    path = shared / "corpora" / "en_licence_instances" / "docs.jsonl"
    if not path.is_file():
        pytest.skip(f"not here: {path}")
    table = load_rules(Settings())
    n_slots = n_filled = 0
    for row in map(json.loads, filter(None, path.read_text("utf-8").split("\n"))):
        if row["kind"] == "template_with_[slots]":
            appendix = row["text"].lower().find("how to apply")
            body = row["text"][: appendix if appendix >= 0 else None]
            found = {row["text"][hit.start : hit.end] for hit in find_marks(plain(row["text"]), table)}
            wanted = {field for field in ("[year]", "[fullname]", "[project]", "[email]") if field in body}
            n_slots += len(wanted)
            assert wanted <= found, row["id"]
        elif row["kind"] == "filled_instance":
            hits = [hit for hit in find_marks(plain(row["text"]), table) if hit.kind == "placeholder"]
            n_filled += sum(hit.rule != "placeholder.lorem_ipsum" for hit in hits)
    assert n_slots > 30
    assert n_filled == 0
