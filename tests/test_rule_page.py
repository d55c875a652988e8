"""docs/rules.md: it is what its script writes of the tables of today, and shows every rule with all its examples."""

from __future__ import annotations

import html
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from detector.rules.rule_tables import load_rules
from detector.settings import Settings

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that writes the page."""
    spec = importlib.util.spec_from_file_location("list_rules", ROOT / "scripts" / "list_rules.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_is_that_of_the_tables_of_today(script: ModuleType) -> None:
    assert (ROOT / "docs" / "rules.md").read_text("utf-8") == script.page(), "run scripts/list_rules.py"


def test_every_rule_stands_there_once_with_its_examples(script: ModuleType) -> None:
    rows = {row[3 : row.index("`", 3)]: row for row in script.page().splitlines() if row.startswith("| `")}
    for rule in load_rules(Settings()):
        shown = [html.unescape(text) for text in re.findall("<code>(.*?)</code>", rows[rule.name])]
        wanted = [text.replace("\r", "").replace("\n", "↵") for text in (*rule.hits, *rule.misses)]
        assert shown == wanted
        assert rows[rule.name].count("|") == 6
