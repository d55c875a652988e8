"""``detector evaluate``: precision and recall on labelled text."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from detector.commands.arguments import command_parser
from detector.commands.session import console, print_json
from detector.errors import InputError


def add(commands: Any) -> None:
    """The command and its options."""
    command = command_parser(
        commands,
        "evaluate",
        "precision, recall and F1 of a scan on labelled spans or lines",
        "detector evaluate reports/seeds --gold seeds/labels.jsonl --errors errors.jsonl",
    )
    command.add_argument("dir", metavar="DIR", help="the folder of a scan")
    command.add_argument("--gold", required=True, metavar="FILE", help="labels: spans or lines, JSON Lines")
    command.add_argument("--errors", metavar="FILE", help="write every miss and false alarm with its context there")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.evaluation.measures import evaluate, load_gold
    from detector.report.listings import evaluation_report
    from detector.results.index import open_scan
    from detector.results.writing import write_lines

    scan = open_scan(options.dir)
    findings: dict[str, list[Any]] = {document.id: [] for document in scan.documents}
    for finding in scan.findings:
        findings[finding.doc].append(finding)
    result = evaluate(findings, scan.texts, load_gold(options.gold))
    if not result.by_document:
        raise InputError(f"{options.gold}: none of its documents is in the scan {options.dir}; check their ids")
    if options.errors:
        write_lines(Path(options.errors), (mistake.as_row() for mistake in result.errors))
    if options.json:
        print_json(result.as_row())
    elif not options.quiet:
        evaluation_report(result, console())
