"""Filters corpora in every format and restores them: every row, value and the order must come back.

    python scripts/round_trip.py CORPUS.jsonl[.zst] ...

Each corpus is written in each format, scanned, filtered with the strictest preset and restored; JSON Lines, CSV and
text must be the very bytes, the other formats the same rows. Prints a line for each and exits with 1 where one differs.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

import detector
from detector.filtering.plan import FilterPlan, preset_values
from detector.filtering.restoring import restore_corpus
from detector.filtering.run import filter_corpus

Row = dict[str, Any]


def rows_of(path: Path) -> list[Row]:
    """The records of a corpus."""
    data = path.read_bytes()
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
    return [json.loads(line) for line in data.decode("utf-8").split("\n") if line.strip()]


def as_lines(rows: list[Row]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def write_jsonl(rows: list[Row], folder: Path) -> None:
    (folder / "part.jsonl").write_bytes(as_lines(rows))


def write_gzip(rows: list[Row], folder: Path) -> None:
    (folder / "part.jsonl.gz").write_bytes(gzip.compress(as_lines(rows)))


def write_json(rows: list[Row], folder: Path) -> None:
    (folder / "part.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1), "utf-8")


def write_csv(rows: list[Row], folder: Path) -> None:
    with (folder / "part.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["id", "text"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def write_parquet(rows: list[Row], folder: Path) -> None:
    pq.write_table(pa.Table.from_pylist(rows), folder / "part.parquet")


def write_arrow(rows: list[Row], folder: Path) -> None:
    table = pa.Table.from_pylist(rows)
    with pa.ipc.new_stream(str(folder / "part.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=1000)


def write_texts(rows: list[Row], folder: Path) -> None:
    for number, row in enumerate(rows):
        (folder / f"{number:05d}.txt").write_bytes(row["text"].encode("utf-8", "surrogatepass"))


FORMATS: dict[str, Callable[[list[Row], Path], None]] = {
    "jsonl": write_jsonl,
    "jsonl.gz": write_gzip,
    "json": write_json,
    "csv": write_csv,
    "parquet": write_parquet,
    "arrow": write_arrow,
    "txt": write_texts,
}


def content(path: Path) -> Any:
    """What must come back of a file."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".json":
        return json.loads(path.read_text("utf-8"))
    if path.suffix == ".parquet":
        return pq.read_table(path)
    if path.suffix == ".arrow":
        return pa.ipc.open_stream(str(path)).read_all()
    return path.read_bytes()


def comes_back(rows: list[Row], write: Callable[[list[Row], Path], None], folder: Path) -> tuple[bool, int, int]:
    """Whether all comes back, how many documents were dropped, and how many characters cut out."""
    source, clean, back = folder / "in", folder / "clean", folder / "back"
    source.mkdir()
    write(rows, source)
    scan = detector.scan([source])
    scan.write(folder / "scan")
    plan = FilterPlan.from_mapping({**preset_values("strict"), "max_drop": 1.0, "max_drop_per_series": 1.0}, "strict")
    done = filter_corpus([source], detector.open(folder / "scan"), clean, plan=plan)
    restore_corpus(clean, back)
    before, after = ({file.name: file for file in root.rglob("*") if file.is_file()} for root in (source, back))
    same = before.keys() == after.keys() and all(content(before[name]) == content(after[name]) for name in before)
    return same, done.n_dropped, done.n_removed_chars


def main() -> None:
    failed = False
    for name in sys.argv[1:]:
        rows = rows_of(Path(name))
        for kind, write in FORMATS.items():
            with tempfile.TemporaryDirectory() as folder:
                same, n_dropped, n_chars = comes_back(rows, write, Path(folder))
            failed |= not same
            told = "all came back" if same else "DIFFERS"
            print(
                f"{told}  {kind:<9} {len(rows):>6,} rows, {n_dropped:,} dropped, {n_chars:,} characters cut  {name}",
                flush=True,
            )
    sys.exit(failed)


if __name__ == "__main__":
    main()
