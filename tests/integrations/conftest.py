"""A small corpus and its scan for the tests against other tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import detector

SHARED = "坚持以人民为中心的发展思想，扎实推进各项工作，全面完成年度目标任务。"
ROWS: tuple[dict[str, Any], ...] = (
    {"id": "north", "text": f"北山县\N{GRINNING FACE}的工作总结。{SHARED}全年完成固定资产投资X亿元。", "n": 1},
    {"id": "south", "text": f"南河县全年粮食总产量稳定在12.6万吨。{SHARED}", "n": 2},
    {"id": "east", "text": "The eastern bridge was opened in May after two years of work on its piers.", "n": 3},
    {"id": "copy", "text": f"南河县全年粮食总产量稳定在12.6万吨。{SHARED}", "n": 4},
)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """The rows as JSON Lines."""
    path = tmp_path / "documents" / "part.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), "utf-8")
    return path


@pytest.fixture
def scanned(tmp_path: Path) -> Callable[..., Path]:
    """Scans paths into a folder and names it."""

    def scan(inputs: Sequence[Path], **settings: Any) -> Path:
        detector.scan(list(inputs), detector.Settings(**settings)).write(tmp_path / "scan")
        return tmp_path / "scan"

    return scan
