"""``detector phrases``: the phrase book of a scan."""

from __future__ import annotations

import argparse
from typing import Any

from detector.commands.arguments import SHOWN, list_parser
from detector.commands.session import paged, print_json


def add(commands: Any) -> None:
    """The command and its options."""
    command = list_parser(
        commands,
        "phrases",
        "list what most families say word for word, or the places of some phrases",
        "detector phrases reports/seeds phrase-6",
    )
    command.add_argument("id", nargs="*", metavar="ID", help="phrases to show with their places (default: the book)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.report.listings import as_json, phrase_book, phrase_page, phrase_places
    from detector.results.index import open_scan

    scan = open_scan(options.dir)
    if options.json and options.id:
        from detector.model import as_row

        found = phrase_places(scan, options.id)
        print_json([{**as_row(phrase), "places": [as_row(place) for place in places]} for phrase, places in found])
    elif options.json:
        print_json(as_json(scan)[: options.limit])
    elif not options.quiet:
        with paged(options) as console:
            if options.id:
                phrase_page(scan, options.id, console, limit=options.limit or SHOWN)
            else:
                phrase_book(scan, console, limit=options.limit or SHOWN)
