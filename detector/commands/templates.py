"""``detector templates``: what clusters have in common, and the slots."""

from __future__ import annotations

import argparse
from typing import Any

from detector.arguments import list_parser
from detector.errors import printable
from detector.session import console, print_json

SHOWN = 20
"""Rows of a report, where no other number is asked for."""


def add(commands: Any) -> None:
    """The command and its options."""
    command = list_parser(commands, "templates", "the templates of a scan: what clusters have in common, and the slots")
    command.add_argument("--level", choices=("passage", "block", "document"), help="clusters of one level only")
    command.add_argument("--cluster", action="append", metavar="ID", help="this cluster only; may be repeated")
    command.add_argument("--fills", action="store_true", help="every fill, with the document that it stands in")
    command.add_argument(
        "--export", metavar="FILE", help="write the templates to FILE (.json or .toml), to fill them from new texts"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.index import open_scan
    from detector.report.templates import as_json, chosen_clusters, template_list

    scan = open_scan(options.dir)
    chosen = chosen_clusters(scan, options.level, options.cluster)
    if options.export:
        from detector.template_match import Template

        Template.save(options.export, map(Template.of, chosen[: options.limit]))
    if options.json:
        print_json(as_json(chosen[: options.limit]))
    elif not options.quiet and options.export:
        where = f"{len(chosen[: options.limit]):,} templates written to {printable(options.export)}"
        console().print(where, markup=False, soft_wrap=True)
    elif not options.quiet:
        template_list(scan, chosen, console(), limit=options.limit or SHOWN, every_fill=options.fills)
