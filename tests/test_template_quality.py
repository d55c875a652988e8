"""The gate of templates: on families whose slots and fills are known, and on real ones where they are at hand."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
import template_quality as quality

ROOT = Path(__file__).parents[1]
FLOORS: dict[str, Any] = tomllib.loads((ROOT / "tests" / "data" / "template_floors.toml").read_text("utf-8"))


@pytest.mark.parametrize("seed", [11, 12])
def test_slots_of_made_families_are_found(seed: int) -> None:
    found = quality.measure(seed, 10)
    floors = FLOORS["families"]
    assert found.boundary_f1 >= floors["boundary_f1"]
    assert found.fill_f1 >= floors["fill_f1"]
    assert found.n_merged == found.n_split == 0


def test_year_and_holder_of_licences_are_slots(shared: Path) -> None:
    n_found, n, missed = quality.licences(shared / "corpora" / "en_licence_instances" / "docs.jsonl")
    assert n >= FLOORS["licences"]["n"]
    assert n_found / n >= FLOORS["licences"]["share"], missed


def test_slots_in_brackets_of_drafting_guides_are_slots(shared: Path) -> None:
    n_found, n = quality.guides(shared / "corpora" / "zh_gongwen_templates" / "docs.jsonl")
    assert n >= FLOORS["guides"]["n"]
    assert n_found / n >= FLOORS["guides"]["share"]


def test_a_family_is_what_it_says() -> None:
    texts, sentences = quality.families(3, 4)
    assert {sentence.document for sentence in sentences} <= set(texts)
    assert all(0 <= fill.start < fill.end <= len(texts[one.document]) for one in sentences for fill in one.fills)
