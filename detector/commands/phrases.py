"""``detector phrases``: the phrase book of a scan."""

from __future__ import annotations

import argparse
from typing import Any

from detector.arguments import list_parser
from detector.session import console, print_json

SHOWN = 20
"""Rows of a report, where no other number is asked for."""


def add(commands: Any) -> None:
    """The command and its options."""
    command = list_parser(commands, "phrases", "the phrase book of a scan: what most families say word for word")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.index import open_scan
    from detector.report.listings import as_json, phrase_book

    scan = open_scan(options.dir)
    if options.json:
        print_json(as_json(scan)[: options.limit])
    elif not options.quiet:
        phrase_book(scan, console(), limit=options.limit or SHOWN)
