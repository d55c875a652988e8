"""``detector scan``: analyse a corpus once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.commands.arguments import command_parser, count, input_options, resource_options
from detector.commands.display import SITUATION, Display
from detector.commands.session import (
    announce_compiling,
    check_room,
    console,
    fail_for_files,
    print_json,
    refuse_without_documents,
    say_where,
    scanned,
    settings_of,
    workspace_of,
)
from detector.errors import SettingsError
from detector.settings import FINDING_TEXTS, OUTPUT_FORMATS, SCAN_LEVELS, Settings

if TYPE_CHECKING:
    from detector.machine.workspace import Workspace
    from detector.results.unfinished import Results


def add(commands: Any) -> None:
    """The command and its options."""
    command = command_parser(
        commands,
        "scan",
        "analyse a corpus once: a report on the terminal, files in a folder",
        "detector scan seeds --out reports/seeds",
        "detector scan 'crawl/*.jsonl.zst' --text-field body.text --series-field site --out scan/",
        "zcat corpus.jsonl.gz | detector scan - --json",
        "detector scan crawl.jsonl --level document --out copies/",
        "detector scan crawl.jsonl --dry-run --memory 4GiB",
    )
    input_options(command)
    resource_options(command)
    command.add_argument(
        "--level", choices=SCAN_LEVELS, help="all down to passages, or only which documents copy each other"
    )
    command.add_argument(
        "--dry-run", action="store_true", help="tell the time, memory and disk that the scan would take, from a sample"
    )
    command.add_argument(
        "--out", metavar="DIR", help="where to write documents, findings, clusters, phrases, report.html"
    )
    command.add_argument(
        "--resume", action="store_true", help="go on with the scan that was interrupted while it was to fill --out"
    )
    command.add_argument("--finding-text", choices=FINDING_TEXTS, help="how much text findings carry (default: full)")
    command.add_argument("--format", choices=OUTPUT_FORMATS, help="of the tables (default: jsonl, parquet above 1 GB)")
    command.add_argument(
        "--limit", type=count, default=5, metavar="N", help="rows of each list of the report (default: 5)"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    settings = settings_of(options)
    if options.resume and not options.out:
        raise SettingsError("--resume: name the folder of the scan that was interrupted with --out")
    if options.dry_run:
        _run_estimate(options, settings)
        return
    if options.out:
        from detector.tables.scan_files import check_target

        check_target(Path(options.out))
    if settings.level == "document":
        _run_document_scan(options, settings)
        return
    with workspace_of(options) as work:
        kept = _kept(options, settings, work)
        scan = scanned(options, settings, work, kept)
        if options.out:
            from detector.results.writing import write_scan

            SITUATION.stage = "write"
            write_scan(scan, Path(options.out), kept)
    if options.json:
        print_json(scan.summary)
    elif not options.quiet:
        from detector.report.terminal import Written, render

        render(scan, console(), limit=options.limit, written=Written(options.out, options.input))
    fail_for_files(scan.summary)


def _kept(options: argparse.Namespace, settings: Settings, work: Workspace) -> Results | None:
    """The results that an interrupted scan left in ``--out``, to which new ones are added; None without a folder."""
    if not options.out:
        SITUATION.kept = lambda: "nothing of it is kept without --out"
        return None
    from detector.pipeline import KINDS
    from detector.results.unfinished import unfinished_scan

    announce = Display(options.quiet).announce
    kept = unfinished_scan(
        Path(options.out), options.input, settings, work, KINDS, resume=options.resume, announce=announce
    )
    SITUATION.kept = kept.told
    return kept


def _run_document_scan(options: argparse.Namespace, settings: Settings) -> None:
    from detector.document_scan import scan_documents

    again = "no stage is kept at this level, because reading again takes as long; begin it again"
    SITUATION.kept = lambda: again
    with workspace_of(options) as work, Display(options.quiet) as display:
        check_room(options, settings, work, display)
        found = scan_documents(options.input, settings, work, display.progress)
        if not found.ids:
            refuse_without_documents(found.summary)
        if options.out:
            SITUATION.stage = "write"
            found.write(Path(options.out))
    if options.json:
        print_json(found.summary)
    elif not options.quiet:
        from detector.report.duplicates import render_duplicates

        terminal = console()
        render_duplicates(found, terminal, limit=options.limit)
        say_where(options, terminal)
    fail_for_files(found.summary)


def _run_estimate(options: argparse.Namespace, settings: Settings) -> None:
    from detector.estimate import estimate
    from detector.report.estimated import render_estimate

    with workspace_of(options) as work, Display(options.quiet) as display:
        announce_compiling(display)
        told = estimate(options.input, settings, work, out=options.out, progress=display.progress)
    if options.json:
        print_json(told.as_row())
    elif not options.quiet:
        render_estimate(told, console())
