"""What every peer's program reads and writes: texts of a JSONL file in order, and what was found, by row.

An answer has one form: ``pairs`` of rows, ``clusters`` of rows, or rows ``dropped`` as copies of what was kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

SHINGLE, N_PERMUTATIONS, THRESHOLD = 5, 128, 0.7
N_BANDS, N_ROWS = 16, 8


def arguments() -> tuple[Path, Path, list[str]]:
    """IN.jsonl, OUT.json and what follows them on the command line."""
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} IN.jsonl OUT.json")
    return Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]


def read_texts(corpus: Path) -> Iterator[str]:
    """The texts, one at a time."""
    with corpus.open("rb") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def shingles(text: str) -> list[str]:
    """Character shingles in order; a text shorter than one is a shingle itself."""
    return [text[at : at + SHINGLE] for at in range(max(1, len(text) - SHINGLE + 1))]


def write(out: Path, package: str, form: str, rows: Iterable[int | Sequence[int]]) -> None:
    """The answer and the package that gave it."""
    out.write_text(json.dumps({"tool": f"{package} {version(package)}", "form": form, "rows": list(rows)}), "utf-8")
