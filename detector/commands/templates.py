"""``detector templates``: what clusters have in common, and the slots."""

from __future__ import annotations

import argparse
from typing import Any

from detector.arguments import list_parser
from detector.session import paged, print_json

SHOWN = 20
"""Rows of a report, where no other number is asked for."""


def add(commands: Any) -> None:
    """The command and its options."""
    command = list_parser(
        commands,
        "templates",
        "list what clusters have in common, with the slots and what stands in them",
        "detector templates reports/seeds block-1",
    )
    command.add_argument("id", nargs="*", metavar="ID", help="clusters to show (default: those of most families first)")
    command.add_argument("--level", choices=("passage", "block", "document"), help="clusters of one level only")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.index import open_scan
    from detector.report.listings import as_json, template_list

    scan = open_scan(options.dir)
    if options.json:
        print_json(as_json(scan, "templates", options.level, options.id)[: options.limit])
    elif not options.quiet:
        with paged(options) as console:
            template_list(scan, console, level=options.level, limit=options.limit or SHOWN, names=options.id)
