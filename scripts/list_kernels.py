"""Write ``detector/data/kernels.jsonl``: the kernels of a scan and the kinds of arguments that each is called with.

    python scripts/list_kernels.py

They are taken down while scans run: of the seeds and of a small JSON Lines file, at both levels.
Run it when a kernel is added or is called with other types; ``tests/test_ahead.py`` says so.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
import corpus  # noqa: E402

from detector.cli import main as detector  # noqa: E402
from detector.kernels.ahead import LIST  # noqa: E402
from detector.kernels.compiled import Kernel  # noqa: E402
from detector.text import kept_tables  # noqa: E402

MEGABYTES = 1.0


def called() -> list[tuple[str, str, Any]]:
    """Module, name and kinds of every kernel that the scans call, in the order in which they do."""
    found: dict[tuple[str, str, Any], None] = {}
    plain = Kernel._found

    def noted(kernel: Kernel, kinds: Any, arguments: Any) -> Any:
        if None not in kinds:
            found[kernel.py_func.__module__, kernel.py_func.__qualname__, kinds] = None
        return plain(kernel, kinds, arguments)

    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(Kernel, "_found", noted),
        mock.patch.object(kept_tables, "folders", list),  # the tables are made, as in a first scan
    ):
        made = Path(folder) / "corpus.jsonl"
        corpus.main([str(MEGABYTES), str(made)])
        for number, how in enumerate((["--workers", "1"], ["--workers", "1", "--level", "document"])):
            for name in (made, ROOT / "seeds"):
                with suppress(SystemExit):
                    detector(["scan", str(name), "--quiet", "--out", f"{folder}/{number}-{Path(name).stem}", *how])
    return list(found)


if __name__ == "__main__":
    LIST.write_text("".join(json.dumps(row) + "\n" for row in called()), "utf-8")
