"""``detector restore``: the input of a filter, from what the filter wrote."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from detector.commands.arguments import command_parser
from detector.commands.session import console, print_json


def add(commands: Any) -> None:
    """The command and its options."""
    command = command_parser(
        commands,
        "restore",
        "give back the input of a filter, every row and value in order",
        "detector restore clean/ --out before/",
        "detector restore clean/ --out before/ --input corpus.jsonl",
    )
    command.add_argument("dir", metavar="DIR", help="the folder that a filter wrote")
    command.add_argument("--out", required=True, metavar="DIR", help="a new folder for the files")
    command.add_argument(
        "--input", action="append", metavar="INPUT", help="what was filtered: needed after --audit offsets"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.filtering.restoring import restore_corpus

    restored = restore_corpus(options.dir, options.out, options.input)
    if options.json:
        print_json(asdict(restored))
    elif not options.quiet:
        from detector.report.filtered import restore_report

        restore_report(restored, options.out, console())
