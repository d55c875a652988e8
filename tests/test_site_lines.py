"""Lines that sites leave around documents, and lines of content that look like them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detector.rules.junk import find_junk
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.text.folding import plain

TABLE = load_rules(Settings())
LINES = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "junk" / "site_lines.jsonl").read_text("utf-8").splitlines()
]

BODIES = (
    "全镇干群同心协力，各项工作取得了新的成绩，群众生活明显改善。\n道路修到了村口，水也通了，老人们说这是盼了多年的好事情。\n"
    * 3,
    "The roof was mended in the spring before the rains came, and the barn stood dry for the first time.\n"
    "They carried the hay in by hand, and nobody complained about the weather that year.\n" * 3,
)


@pytest.mark.parametrize("row", LINES, ids=lambda row: row["text"][:20])
def test_lines_of_sites_and_lines_like_them(row: dict[str, str]) -> None:
    """Each alone above and below a text, which is the hardest place for a line of junk."""
    line, body = row["text"], BODIES[row["text"].isascii()]
    found = max(_found(f"标题一行\n{line}\n{body}", line), _found(body + line, line))
    assert found >= 0.9 if row["label"] == "junk" else found == 0.0


def _found(text: str, line: str) -> float:
    """The share of a line's characters that is called junk."""
    start = text.index(line)
    end = start + len(line)
    hits = [hit for hit in find_junk(text, plain(text), TABLE) if hit.start < end and hit.end > start]
    return sum(min(hit.end, end) - max(hit.start, start) for hit in hits) / len(line)
