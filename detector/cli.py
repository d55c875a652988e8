"""The command ``detector``: parses, shows progress, prints, exits. Nothing else does any of these.

Reports go to standard output, progress and errors to standard error. Exit codes: 0 done, 1 an error in one line, 2
wrong usage, 3 a guard refused, 130 interrupted. Heavy modules are imported by the command that needs them, so that
``--help`` costs next to nothing.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import io
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from detector.arguments import PARTS, parser
from detector.display import Display
from detector.errors import DetectorError, GuardError, InputError, SettingsError, printable
from detector.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from detector.index import Scan
    from detector.workspace import Workspace


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show Chinese still shows the tables
    atexit.register(gc.freeze)  # all goes with the process: else the interpreter searches it for cycles at the end
    options = parser().parse_args(arguments)
    try:
        _RUN[options.command](options)
        sys.stdout.flush()
    except GuardError as error:
        _fail(str(error), 3)
    except DetectorError as error:
        _fail(str(error), 1)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except BrokenPipeError:
        _silence_output()
    except OSError as error:
        _silence_output()
        _fail(f"cannot write: {error.strerror or error}", 1)
    except MemoryError:
        _fail("out of memory: scan fewer documents at a time", 1)
    sys.exit(0)


def _silence_output() -> None:
    """What is still to be flushed goes nowhere, so that the exit itself does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> NoReturn:
    """One line on standard error, with nothing in it that steers a terminal."""
    print(f"detector: {printable(' '.join(message.split()))}", file=sys.stderr)
    sys.exit(code)


def _settings(options: argparse.Namespace) -> Settings:
    """The settings file with the options of the command line on top."""
    settings = Settings.from_toml(options.settings) if options.settings else Settings()
    names = ("text_field", "id_field", "series_field", "encoding", "strict", "finding_text", "format", "level")
    values = {name: getattr(options, name, None) for name in names}
    if getattr(options, "rules", None):
        values["rules"] = (*settings.rules, *options.rules)
    if getattr(options, "disable_rule", None):
        values["disable_rules"] = (*settings.disable_rules, *options.disable_rule)
    if getattr(options, "protect", None):
        values["protect"] = (*settings.protect, *options.protect)
    return settings.with_values(**values)


def _run_scan(options: argparse.Namespace) -> None:
    settings = _settings(options)
    if options.dry_run:
        _run_estimate(options, settings)
        return
    if options.out:
        from detector.scan_files import check_target

        check_target(Path(options.out))
    if settings.level == "document":
        _run_document_scan(options, settings)
        return
    with _workspace(options) as work:
        scan = _scanned(options, settings, work)
        if options.out:
            scan.write(options.out)
    if options.json:
        _print_json(scan.summary)
    elif not options.quiet:
        from detector.report.terminal import render

        console = _console()
        render(scan, console, limit=options.limit)
        _say_where(options, console)


def _say_where(options: argparse.Namespace, console: Console) -> None:
    """Where the files of a scan are."""
    out = printable(options.out or "")
    where = (
        f"Written to {out}: report.html for reading, the tables for programs."
        if options.out
        else "Nothing was written: name a folder with --out to keep this scan."
    )
    console.print(where, style="dim", markup=False, highlight=False, soft_wrap=True)


def _workspace(options: argparse.Namespace) -> Workspace:
    """Memory, temporary folder and threads as the command line asks, else as the machine has them."""
    from detector.workspace import Workspace, available_bytes, usable_processors

    tmp = Path(options.tmp) if options.tmp else None
    if tmp is not None and not tmp.is_dir():
        raise SettingsError(f"--tmp {tmp}: is not a folder; make it first")
    available = available_bytes()
    memory = options.memory or (available // 2 if available is not None else None)
    return Workspace(memory=memory, tmp=tmp, workers=options.workers or usable_processors())


def _announce_compiling(display: Display) -> None:
    from detector.kernels.cache import are_compiled

    if not are_compiled():
        display.announce("first run: compiling the kernels, about a minute, once")


def _check_room(options: argparse.Namespace, settings: Settings, work: Workspace, display: Display) -> None:
    """Stop here if the scan cannot fit; say so if it may not."""
    from detector.room import check_inputs

    if warning := check_inputs(options.input, settings, work, options.out):
        display.announce(warning)


def _scanned(options: argparse.Namespace, settings: Settings, work: Workspace) -> Scan:
    """A scan of the inputs, with progress on standard error."""
    with Display(options.quiet) as display:
        _announce_compiling(display)
        _check_room(options, settings, work, display)
        from detector.pipeline import scan

        result = scan(options.input, settings, work=work, progress=display.progress)
    if not result.documents:
        _fail_without_documents(result.summary)
    return result


def _fail_without_documents(summary: Mapping[str, Any]) -> NoReturn:
    told = summary["problems"]["examples"] or ["the input is empty"]
    raise InputError(f"no document could be read; the first of {len(told)} reasons: {told[0]}")


def _run_document_scan(options: argparse.Namespace, settings: Settings) -> None:
    from detector.document_scan import scan_documents, write_documents

    with _workspace(options) as work, Display(options.quiet) as display:
        _check_room(options, settings, work, display)
        found = scan_documents(options.input, settings, work, display.progress)
        if not found.ids:
            _fail_without_documents(found.summary)
        if options.out:
            write_documents(found, Path(options.out))
    if options.json:
        _print_json(found.summary)
    elif not options.quiet:
        from detector.report.duplicates import render_duplicates

        console = _console()
        render_duplicates(found, console, limit=options.limit)
        _say_where(options, console)


def _run_estimate(options: argparse.Namespace, settings: Settings) -> None:
    from detector.estimate import estimate
    from detector.report.estimated import render_estimate

    with _workspace(options) as work, Display(options.quiet) as display:
        _announce_compiling(display)
        told = estimate(options.input, settings, work, out=options.out, progress=display.progress)
    if options.json:
        _print_json(told.as_row())
    elif not options.quiet:
        render_estimate(told, _console())


def _run_explain(options: argparse.Namespace) -> None:
    from detector.index import open_scan

    scan = open_scan(options.dir, options.input)
    found = [document for document in scan.documents if document.id == options.doc]
    if options.json and found:
        from detector.model import as_row

        findings = [as_row(finding) for finding in scan.findings_of(options.doc)]
        _print_json({"document": as_row(found[0]), "findings": findings})
    elif not options.quiet or not found:
        from detector.report.explain import render_document

        render_document(scan, options.doc, _console())


def _run_filter(options: argparse.Namespace) -> None:
    from detector.filtering import Thresholds, check_plan, filter_corpus
    from detector.index import open_scan

    settings = _settings(options)
    strip = tuple(part.strip() for part in options.strip.split(",") if part.strip())
    check_plan(Path(options.out), strip)
    if options.scan:
        scan = open_scan(options.scan)
        settings = _settings_of_scan(scan, options, settings)
    else:
        if "-" in options.input:
            raise SettingsError("filter reads its input twice: save standard input to a file first")
        with _workspace(options) as work:
            scan = _scanned(options, settings, work)
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
        _print_json(summary.as_dict())
    elif not options.quiet:
        from detector.report.listings import filter_report

        filter_report(summary, options.out, _console())


def _settings_of_scan(scan: Scan, options: argparse.Namespace, settings: Settings) -> Settings:
    """The reading options that the scan was made with, where the command line names none."""
    made_with = Settings.from_mapping(scan.summary["settings"], f"{options.scan}/summary.json")
    if options.settings:
        return settings
    names = ("text_field", "id_field", "series_field", "encoding", "strict")
    return made_with.with_values(**{name: getattr(options, name) for name in names})


def _run_list(options: argparse.Namespace) -> None:
    from detector.index import open_scan
    from detector.report import listings

    scan = open_scan(options.dir)
    limit = options.limit or 20
    if options.json:
        _print_json(listings.as_json(scan, options.command, getattr(options, "level", None))[: options.limit])
    elif not options.quiet and options.command == "phrases":
        listings.phrase_book(scan, _console(), limit=limit)
    elif not options.quiet:
        listings.template_list(scan, _console(), level=options.level, limit=limit)


def _run_evaluate(options: argparse.Namespace) -> None:
    from detector.evaluation import evaluate, load_gold
    from detector.index import open_scan
    from detector.report.listings import evaluation_report
    from detector.writing import write_lines

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
        _print_json(result.as_row())
    elif not options.quiet:
        evaluation_report(result, _console())


def _run_rules(options: argparse.Namespace) -> None:
    from detector.report.listings import rule_list, rule_page
    from detector.rules import check_rule, load_rules

    table = load_rules(_settings(options))
    if options.action == "test":
        for rule in table.rules:
            check_rule(rule, "the rule tables")
        if options.json:
            _print_json({"n_rules": len(table.rules)})
        elif not options.quiet:
            print(f"{len(table.rules)} rules: each finds its hits and none of its misses")
        return
    if options.action == "show" and not options.name:
        raise SettingsError("name the rule to show; 'detector rules list' names them")
    chosen = [rule for rule in table.rules if options.action == "list" or rule.name == options.name]
    if not chosen:
        raise SettingsError(f"no rule is named {options.name!r}; 'detector rules list' names them")
    if options.json:
        from detector.model import as_row

        _print_json([as_row(rule) for rule in chosen])
    elif not options.quiet:
        (rule_list if options.action == "list" else rule_page)(chosen, _console())


def _console() -> Console:
    """The console that reports are drawn on."""
    from rich.console import Console

    return Console(highlight=False)


def _print_json(value: Any) -> None:
    """One JSON object; nothing in it can steer a terminal."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True, indent=1, default=list) + "\n")


_RUN: dict[str, Callable[[argparse.Namespace], None]] = {
    "scan": _run_scan,
    "explain": _run_explain,
    "filter": _run_filter,
    "phrases": _run_list,
    "templates": _run_list,
    "evaluate": _run_evaluate,
    "rules": _run_rules,
}
