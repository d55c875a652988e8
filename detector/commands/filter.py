"""``detector filter``: keep, drop and clean documents for training."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from detector.arguments import PARTS, command_parser, input_options, ratio, resource_options
from detector.errors import SettingsError
from detector.session import console, print_json, scanned, settings_of, settings_of_scan, workspace_of


def add(commands: Any) -> None:
    """The command and its options."""
    command = command_parser(
        commands,
        "filter",
        "keep, drop and clean documents for training, with an audit trail",
        "detector filter corpus.jsonl --scan scan/ --out clean/ --min-originality 0.5 --strip junk",
        "detector filter corpus.jsonl --out clean/ --max-unfilled 0.2",
    )
    input_options(command)
    resource_options(command)
    command.add_argument("--scan", metavar="DIR", help="the folder of a scan of this input (default: scan first)")
    command.add_argument("--out", required=True, metavar="DIR", help="where kept/, dropped/, removed.jsonl are written")
    command.add_argument("--min-originality", type=ratio, metavar="R", help="drop documents below this ratio (0 to 1)")
    for part in PARTS:
        command.add_argument(
            f"--max-{part}", type=ratio, metavar="R", help=f"drop documents with more {part} than this"
        )
    command.add_argument(
        "--families",
        choices=("keep-first", "keep-all"),
        default="keep-first",
        help="of near-copies (default: keep-first)",
    )
    command.add_argument("--strip", default="", metavar="PARTS", help="parts to cut out of kept documents: junk")
    command.add_argument(
        "--max-drop", type=ratio, default=0.5, metavar="R", help="refuse to drop more of the corpus (0.5)"
    )
    command.add_argument("--max-drop-per-series", type=ratio, default=0.8, metavar="R", help="and of one series (0.8)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.filtering import Thresholds, check_plan, filter_corpus
    from detector.index import open_scan

    settings = settings_of(options)
    strip = tuple(part.strip() for part in options.strip.split(",") if part.strip())
    check_plan(Path(options.out), strip)
    if options.scan:
        scan = open_scan(options.scan)
        settings = settings_of_scan(scan, options, settings)
    else:
        if "-" in options.input:
            raise SettingsError("filter reads its input twice: save standard input to a file first")
        with workspace_of(options) as work:
            scan = scanned(options, settings, work)
    summary = filter_corpus(
        options.input,
        scan,
        options.out,
        Thresholds(options.min_originality, *(getattr(options, f"max_{part}") for part in PARTS)),
        families=options.families,
        strip=strip,
        settings=settings,
        max_drop=options.max_drop,
        max_drop_per_series=options.max_drop_per_series,
    )
    if options.json:
        print_json(summary.as_dict())
    elif not options.quiet:
        from detector.report.listings import filter_report

        filter_report(summary, options.out, console())
