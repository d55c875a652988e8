"""``detector attributes``: what a scan found as span attributes beside the data, for dolma's tools."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from detector.commands.arguments import command_parser, input_options
from detector.commands.session import print_json, settings_of, settings_of_scan
from detector.errors import printable


def add(commands: Any) -> None:
    """The command and its options."""
    command = command_parser(
        commands,
        "attributes",
        "write what a scan found as span attributes beside the data, as dolma's tools read them",
        "detector attributes corpus/documents --scan scan/ --out corpus/attributes/detector",
    )
    input_options(command)
    command.add_argument("--scan", required=True, metavar="DIR", help="the folder of a scan of this input")
    command.add_argument("--out", required=True, metavar="DIR", help="where a file for every file of the input goes")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.filtering.attributes import write_attributes
    from detector.records.reading import Reader
    from detector.report.words import counted
    from detector.results.index import open_scan

    scan = open_scan(options.scan)
    reader = Reader(options.input, settings_of_scan(scan, options, settings_of(options)))
    written = write_attributes(reader, scan, options.out)
    if options.json:
        print_json(asdict(written))
    elif not options.quiet:
        print(f"{counted(written.n_rows, 'row')} in {counted(written.n_files, 'file')} below {printable(options.out)}")
        for name, n in written.n_spans.items():
            print(f"{n:>12,}  {name}")
