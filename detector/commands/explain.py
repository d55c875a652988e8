"""``detector explain``: one document, its findings in place."""

from __future__ import annotations

import argparse
from typing import Any

from detector.commands.arguments import command_parser, pager_option
from detector.commands.session import paged, print_json
from detector.errors import ScanError


def add(commands: Any) -> None:
    """The command and its options."""
    command = command_parser(
        commands,
        "explain",
        "show one document with its findings in place",
        "detector explain reports/seeds --doc 010_yunxi-town-2021",
        "detector explain reports/seeds --doc 010_yunxi-town-2021 --json",
    )
    command.add_argument("dir", metavar="DIR", help="the folder of a scan")
    command.add_argument("--doc", required=True, metavar="ID", help="the document's id, as in documents.jsonl")
    command.add_argument(
        "--input", action="append", metavar="INPUT", help="where the scanned input is now, if it was moved"
    )
    pager_option(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from dataclasses import replace

    from detector.records.source_texts import SourceTexts
    from detector.report.explain import render_document, unknown
    from detector.results.index import open_scan

    scan = open_scan(options.dir)
    scores = {score.id: score for score in scan.documents}
    if options.doc not in scores:
        raise ScanError(unknown(options.doc, list(scores)))
    findings = scan.findings_of(options.doc)
    if options.json:
        from detector.model import as_row

        row = {"document": as_row(scores[options.doc]), "findings": [as_row(finding) for finding in findings]}
        print_json(row)
    elif not options.quiet:
        texts = SourceTexts(scan.summary, options.dir, scores, options.input)
        texts.check(options.doc, findings)
        with paged(options) as console:
            render_document(replace(scan, texts=texts), options.doc, console)
