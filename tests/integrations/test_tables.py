"""The Parquet tables of a scan, asked by DuckDB and polars as the docs show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed: make integrations")
polars = pytest.importorskip("polars", reason="polars is not installed: make integrations")


def test_duckdb(corpus: Path, scanned: Callable[..., Path]) -> None:
    folder = scanned([corpus], format="parquet")
    query = f"SELECT id FROM '{folder}/documents-*.parquet' WHERE originality > 0.9"
    assert duckdb.sql(query).fetchall() == [("east",)]


def test_polars(corpus: Path, scanned: Callable[..., Path]) -> None:
    folder = scanned([corpus], format="parquet")
    found = polars.scan_parquet(f"{folder}/findings-*.parquet").filter(polars.col("kind") == "placeholder").collect()
    assert found["text"].to_list() == ["X"]
