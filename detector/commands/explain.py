"""``detector explain``: one document, its findings in place."""

from __future__ import annotations

import argparse
from typing import Any

from detector.arguments import command_parser
from detector.session import console, print_json


def add(commands: Any) -> None:
    """The command and its options."""
    command = command_parser(
        commands,
        "explain",
        "show one document with its findings in place",
        "detector explain reports/seeds --doc 010_yunxi-town-2021",
    )
    command.add_argument("dir", metavar="DIR", help="the folder of a scan")
    command.add_argument("--doc", required=True, metavar="ID", help="the document's id, as in documents.jsonl")
    command.add_argument(
        "--input", action="append", metavar="INPUT", help="where the scanned input is now, if it was moved"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.index import open_scan

    scan = open_scan(options.dir, options.input)
    found = [document for document in scan.documents if document.id == options.doc]
    if options.json and found:
        from detector.model import as_row

        findings = [as_row(finding) for finding in scan.findings_of(options.doc)]
        print_json({"document": as_row(found[0]), "findings": findings})
    elif not options.quiet or not found:
        from detector.report.explain import render_document

        render_document(scan, options.doc, console())
