"""``detector why``: why one document was dropped, kept or scored so."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.commands.arguments import command_parser, pager_option, threshold_options
from detector.commands.display import Display
from detector.commands.session import paged, print_json, thresholds_of
from detector.errors import ScanError, printable

if TYPE_CHECKING:
    from detector.filtering.verdicts import Asked, Verdict


def add(commands: Any) -> None:
    """The command and its options."""
    command = command_parser(
        commands,
        "why",
        "tell why a document was dropped, kept or scored so: rules with margins, what costs most",
        "detector why reports/seeds 013_bailu-county-report",
        "detector why reports/seeds 013_bailu-county-report --min-originality 0.5 --max-unfilled 0.3",
        "detector why clean 013_bailu-county-report --scan reports/seeds",
    )
    command.add_argument("dir", metavar="DIR", help="the folder of a scan, or the one that a filter wrote to")
    command.add_argument("doc", metavar="ID", help="the document's id, as in documents.jsonl")
    command.add_argument("--scan", metavar="DIR", help="the scan that the filter used, if DIR is a filter's folder")
    command.add_argument("--preset", metavar="NAME", help="ask with the thresholds of a preset of filter, or its file")
    threshold_options(command)
    command.add_argument(
        "--input", action="append", metavar="INPUT", help="where the scanned input is now, if it was moved"
    )
    pager_option(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    found, folder = found_of(options)
    if options.json:
        print_json(found.as_row())
    elif not options.quiet:
        from detector.report.why import render_verdict

        with paged(options) as console:
            render_verdict(found, console, folder=folder)


def found_of(options: argparse.Namespace) -> tuple[Verdict, str]:
    """The verdict on the document, with its texts where the input is still there, and the folder of the scan."""
    from detector.filtering.verdicts import verdict, with_texts
    from detector.records.source_texts import SourceTexts
    from detector.report.explain import unknown
    from detector.results.index import open_scan

    plan, folder, done = asked_of(options)
    scan = open_scan(folder)
    scores = {score.id: score for score in scan.documents}
    if options.doc not in scores:
        raise ScanError(unknown(options.doc, list(scores)))
    findings = list(scan.findings_of(options.doc))
    found = verdict(scan.documents, options.doc, plan, findings, done=done)
    texts = SourceTexts(scan.summary, folder, scores, options.input)
    try:
        texts.fetch([options.doc, *(cost.other for cost in found.costs if cost.other is not None)])
        texts.check(options.doc, findings)
    except ScanError as error:
        if options.input:
            raise
        Display(options.quiet or options.json).announce(f"{printable(str(error))} What follows has no texts of others.")
        return found, folder
    return with_texts(found, texts), folder


def asked_of(options: argparse.Namespace) -> tuple[Asked, str, Any]:
    """What is asked for, the folder of the scan, and what a filter did where DIR is the folder of one.

    Thresholds on the command line win over a preset, and that over the filter; then the question is what would be.
    """
    from dataclasses import replace

    from detector.filtering.verdicts import Asked, plan_of_filter, plan_of_preset, recorded, scan_of_filter

    asked = thresholds_of(options)
    named = {name: value for name in asked.__slots__ if (value := getattr(asked, name)) not in (None, ())}
    filtered = plan_of_filter(Path(options.dir))
    preset = plan_of_preset(options.preset) if options.preset else None
    if filtered is None:
        plan = preset or Asked(asked)
        return replace(plan, thresholds=replace(plan.thresholds, **named)), options.dir, None
    plan, summary = filtered
    folder = options.scan or scan_of_filter(summary)
    if folder is None:
        raise ScanError(f"{options.dir}: was written by a filter; name the scan that it used with --scan DIR")
    done = None if named or preset else recorded(Path(options.dir), options.doc)
    plan = preset or plan
    return replace(plan, thresholds=replace(plan.thresholds, **named)), folder, done
