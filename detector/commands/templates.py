"""``detector templates``: what clusters have in common, and the slots."""

from __future__ import annotations

import argparse
from typing import Any

from detector.commands.arguments import SHOWN, list_parser
from detector.commands.session import console, paged, print_json
from detector.errors import printable


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
    command.add_argument("--fills", action="store_true", help="every fill, with the document that it stands in")
    command.add_argument(
        "--export", metavar="FILE", help="write the templates to FILE (.json or .toml), to fill them from new texts"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.report.templates import as_json, chosen_clusters, template_list
    from detector.results.index import open_scan

    scan = open_scan(options.dir)
    chosen = chosen_clusters(scan, options.level, options.id)
    if options.export:
        from detector.matching.template_match import Template

        Template.save(options.export, map(Template.of, chosen[: options.limit]))
    if options.json:
        print_json(as_json(chosen[: options.limit]))
    elif not options.quiet and options.export:
        where = f"{len(chosen[: options.limit]):,} templates written to {printable(options.export)}"
        console().print(where, markup=False, soft_wrap=True)
    elif not options.quiet:
        with paged(options) as screen:
            template_list(scan, chosen, screen, limit=options.limit or SHOWN, every_fill=options.fills)
