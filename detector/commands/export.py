"""``detector export``: the tables of a scan for spreadsheets and programs, its charts for a paper."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from detector.commands.arguments import command_parser
from detector.commands.session import print_json
from detector.errors import SettingsError, printable
from detector.tables.scan_files import OPTIONAL_TABLES, TABLES

FORMATS = ("csv", "parquet", "json", "svg")


def add(commands: Any) -> None:
    """The command and its options."""
    command = command_parser(
        commands,
        "export",
        "write the tables of a scan as CSV, Parquet or JSON, or its charts as SVG",
        "detector export reports/seeds --format csv --out tables",
        "detector export reports/seeds --table documents --out documents.csv",
        "detector export reports/seeds --format svg --out charts",
    )
    command.add_argument("dir", metavar="DIR", help="the folder of a scan")
    command.add_argument("--format", choices=FORMATS, default="csv", help="csv, parquet, json or svg (default: csv)")
    command.add_argument(
        "--out", required=True, metavar="DIR", help="the folder to write to; with one --table also the file itself"
    )
    command.add_argument(
        "--table",
        action="append",
        choices=(*TABLES, *OPTIONAL_TABLES),
        help="a table to write; may be repeated (default: all)",
    )
    command.add_argument(
        "--no-bom", action="store_true", help="CSV without the mark by which Excel knows UTF-8 (default: with it)"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.results.exports import export_charts, export_tables, tables_of
    from detector.results.index import open_scan

    scan = open_scan(options.dir)
    if options.format == "svg":
        if options.table:
            raise SettingsError("--table is for tables; a chart is made of several (--format svg)")
        from detector.report.charts import charts

        written = export_charts(charts(scan), Path(options.out))
    else:
        tables = tuple(dict.fromkeys(options.table or tables_of(Path(options.dir))))
        written = export_tables(
            Path(options.dir), options.format, Path(options.out), tables=tables, bom=not options.no_bom
        )
    if options.json:
        print_json([str(path) for path in written])
    elif not options.quiet:
        for path in written:
            print(f"{path.stat().st_size:>14,}  {printable(str(path))}")
