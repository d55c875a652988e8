"""The command ``detector``: parses, shows progress, prints, exits. Nothing else does any of these.

Reports go to standard output, progress and errors to standard error. Exit codes: 0 done, 1 an error in one line, 2
wrong usage, 3 a guard refused, 130 interrupted. Heavy modules are imported by the command that needs them, so that
``--help`` costs next to nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from detector.errors import DetectorError, GuardError, SettingsError
from detector.settings import ENCODINGS, FINDING_TEXTS, OUTPUT_FORMATS, Settings
from detector.version import VERSION

if TYPE_CHECKING:
    from rich.console import Console

    from detector.index import Scan
    from detector.pipeline import Progress

PARTS = ("junk", "unfilled", "shared", "phrase", "repeated")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its code."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
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
    print(f"detector: {_printable(' '.join(message.split()))}", file=sys.stderr)
    sys.exit(code)


def _printable(text: str) -> str:
    """``text`` without anything that could steer a terminal."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints cannot steer a terminal, whatever a file is called."""

    def error(self, message: str) -> NoReturn:
        super().error(_printable(message))


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = _Parser(
        prog="detector",
        description="Finds the text that a corpus's documents did not write; scores and filters documents.",
        epilog=_examples("detector scan reports/ --out scan/", "detector explain scan/ --doc town-2021"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"detector {VERSION}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _scan_parser(commands)
    _explain_parser(commands)
    _filter_parser(commands)
    _list_parser(commands, "phrases", "the phrase book of a scan: what most families say word for word")
    _list_parser(commands, "templates", "the templates of a scan: what clusters have in common, and the slots")
    _evaluate_parser(commands)
    _rules_parser(commands)
    return top


def _examples(*lines: str) -> str:
    return "examples:\n" + "\n".join(f"  {line}" for line in lines)


def _command(
    commands: Any, name: str, help_: str, run: Callable[[Any], None], *examples: str
) -> argparse.ArgumentParser:
    """A command with the options that all have."""
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_,
        description=help_[0].upper() + help_[1:] + ".",
        epilog=_examples(*examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    command.add_argument(
        "--settings", metavar="FILE", help="settings from a TOML file; options on the command line win"
    )
    command.add_argument("--json", action="store_true", help="print one JSON object instead of a report")
    command.add_argument("--quiet", action="store_true", help="print nothing but errors")
    return command


def _input_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("input", nargs="+", metavar="INPUT", help="files, folders, globs, or - for standard input")
    command.add_argument("--text-field", metavar="A.B", help="the field that holds the text (default: text)")
    command.add_argument("--id-field", metavar="A.B", help="the field that holds the id (default: id, else path#line)")
    command.add_argument(
        "--series-field", metavar="A.B", help="the site, publisher or place (default: series, else url's host)"
    )
    command.add_argument("--encoding", choices=ENCODINGS, help="of text files (default: auto)")
    command.add_argument(
        "--strict", action="store_true", default=None, help="stop at the first record that cannot be read"
    )
    command.add_argument(
        "--rules", action="append", metavar="FILE", help="a further rule table (TOML); may be repeated"
    )
    command.add_argument(
        "--disable-rule", action="append", metavar="NAME", help="a rule to switch off; may be repeated"
    )


def _settings(options: argparse.Namespace) -> Settings:
    """The settings file with the options of the command line on top."""
    settings = Settings.from_toml(options.settings) if options.settings else Settings()
    names = ("text_field", "id_field", "series_field", "encoding", "strict", "finding_text", "format")
    values = {name: getattr(options, name, None) for name in names}
    if getattr(options, "rules", None):
        values["rules"] = (*settings.rules, *options.rules)
    if getattr(options, "disable_rule", None):
        values["disable_rules"] = (*settings.disable_rules, *options.disable_rule)
    return settings.with_values(**values)


# scan


def _scan_parser(commands: Any) -> None:
    command = _command(
        commands,
        "scan",
        "analyse a corpus once: a report on the terminal, files in a folder",
        _run_scan,
        "detector scan seeds --out reports/seeds",
        "detector scan 'crawl/*.jsonl.zst' --text-field body.text --series-field site --out scan/",
        "zcat corpus.jsonl.gz | detector scan - --json",
    )
    _input_options(command)
    command.add_argument(
        "--out", metavar="DIR", help="where to write documents, findings, clusters, phrases, report.html"
    )
    command.add_argument("--finding-text", choices=FINDING_TEXTS, help="how much text findings carry (default: full)")
    command.add_argument("--format", choices=OUTPUT_FORMATS, help="of the tables (default: jsonl, parquet above 1 GB)")
    command.add_argument(
        "--limit", type=int, default=10, metavar="N", help="rows of each list of the report (default: 10)"
    )


def _run_scan(options: argparse.Namespace) -> None:
    scan = _scanned(options)
    if options.out:
        scan.write(options.out)
    if options.json:
        _print_json(scan.summary)
    elif not options.quiet:
        from detector.report.terminal import render

        console = _console()
        render(scan, console, limit=max(1, options.limit))
        out = _printable(options.out or "")
        where = (
            f"Written to {out}: report.html for reading, the tables for programs."
            if options.out
            else ("Nothing was written: name a folder with --out to keep this scan.")
        )
        console.print(where, style="dim", markup=False, highlight=False, soft_wrap=True)


def _scanned(options: argparse.Namespace) -> Scan:
    """A scan of the inputs, with progress on standard error."""
    settings = _settings(options)
    with _Display(options.quiet) as display:
        from detector.kernels import are_compiled

        if not are_compiled():
            display.announce("first run: compiling the kernels, half a minute once")
        from detector.pipeline import scan

        return scan(options.input, settings, progress=display.progress)


# explain


def _explain_parser(commands: Any) -> None:
    command = _command(
        commands,
        "explain",
        "show one document with its findings in place",
        _run_explain,
        "detector explain reports/seeds --doc 010_yunxi-town-2021",
    )
    command.add_argument("dir", metavar="DIR", help="the folder of a scan")
    command.add_argument("--doc", required=True, metavar="ID", help="the document's id, as in documents.jsonl")
    command.add_argument(
        "--input", action="append", metavar="INPUT", help="where the scanned input is now, if it was moved"
    )


def _run_explain(options: argparse.Namespace) -> None:
    from detector.index import open_scan

    scan = open_scan(options.dir, options.input)
    found = [document for document in scan.documents if document.id == options.doc]
    if options.json and found:
        from detector.model import as_row

        findings = [as_row(finding) for finding in scan.findings if finding.doc == options.doc]
        _print_json({"document": as_row(found[0]), "findings": findings})
    elif not options.quiet or not found:
        from detector.report.explain import render_document

        render_document(scan, options.doc, _console())


# filter


def _filter_parser(commands: Any) -> None:
    command = _command(
        commands,
        "filter",
        "keep, drop and clean documents for training, with an audit trail",
        _run_filter,
        "detector filter corpus.jsonl --scan scan/ --out clean/ --min-originality 0.5 --strip junk",
        "detector filter corpus.jsonl --out clean/ --max-unfilled 0.2",
    )
    _input_options(command)
    command.add_argument("--scan", metavar="DIR", help="the folder of a scan of this input (default: scan first)")
    command.add_argument("--out", required=True, metavar="DIR", help="where kept/, dropped/, removed.jsonl are written")
    command.add_argument("--min-originality", type=_ratio, metavar="R", help="drop documents below this ratio (0 to 1)")
    for part in PARTS:
        command.add_argument(
            f"--max-{part}", type=_ratio, metavar="R", help=f"drop documents with more {part} than this"
        )
    command.add_argument(
        "--families",
        choices=("keep-first", "keep-all"),
        default="keep-first",
        help="of near-copies (default: keep-first)",
    )
    command.add_argument("--strip", default="", metavar="PARTS", help="parts to cut out of kept documents: junk")
    command.add_argument(
        "--max-drop", type=_ratio, default=0.5, metavar="R", help="refuse to drop more of the corpus (0.5)"
    )
    command.add_argument("--max-drop-per-series", type=_ratio, default=0.8, metavar="R", help="and of one series (0.8)")


def _ratio(text: str) -> float:
    """A ratio from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not a ratio from 0 to 1")
    return value


def _run_filter(options: argparse.Namespace) -> None:
    from detector.filtering import Thresholds, filter_corpus
    from detector.index import open_scan

    settings = _settings(options)
    if options.scan:
        scan = open_scan(options.scan)
        settings = _settings_of_scan(scan, options, settings)
    else:
        if "-" in options.input:
            raise SettingsError("filter reads its input twice: save standard input to a file first")
        scan = _scanned(options)
    summary = filter_corpus(
        options.input,
        scan,
        options.out,
        Thresholds(options.min_originality, *(getattr(options, f"max_{part}") for part in PARTS)),
        families=options.families,
        strip=tuple(part.strip() for part in options.strip.split(",") if part.strip()),
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


# phrases and templates


def _list_parser(commands: Any, name: str, help_: str) -> None:
    command = _command(
        commands, name, help_, _run_list, f"detector {name} reports/seeds", f"detector {name} scan/ --json"
    )
    command.set_defaults(table=name)
    command.add_argument("dir", metavar="DIR", help="the folder of a scan")
    command.add_argument("--limit", type=int, default=20, metavar="N", help="rows to print (default: 20)")
    if name == "templates":
        command.add_argument("--level", choices=("passage", "block", "document"), help="clusters of one level only")


def _run_list(options: argparse.Namespace) -> None:
    from detector.index import open_scan
    from detector.report import listings

    scan = open_scan(options.dir)
    limit = max(1, options.limit)
    if options.json:
        _print_json(listings.as_json(scan, options.table, getattr(options, "level", None)))
    elif not options.quiet and options.table == "phrases":
        listings.phrase_book(scan, _console(), limit=limit)
    elif not options.quiet:
        listings.template_list(scan, _console(), level=options.level, limit=limit)


# evaluate and rules


def _evaluate_parser(commands: Any) -> None:
    command = _command(
        commands,
        "evaluate",
        "precision, recall and F1 of a scan on labelled spans or lines",
        _run_evaluate,
        "detector evaluate reports/seeds --gold seeds/labels.jsonl --errors errors.jsonl",
    )
    command.add_argument("dir", metavar="DIR", help="the folder of a scan")
    command.add_argument("--gold", required=True, metavar="FILE", help="labels: spans or lines, JSON Lines")
    command.add_argument("--errors", metavar="FILE", help="write every miss and false alarm with its context there")


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
    if options.errors:
        write_lines(Path(options.errors), (mistake.as_row() for mistake in result.errors))
    if options.json:
        _print_json(result.as_row())
    elif not options.quiet:
        evaluation_report(result, _console())


def _rules_parser(commands: Any) -> None:
    command = _command(
        commands,
        "rules",
        "list, show or test the rules that find placeholders, masks and junk",
        _run_rules,
        "detector rules list",
        "detector rules show junk.breadcrumb",
        "detector rules test --rules my.toml",
    )
    command.add_argument("action", choices=("list", "show", "test"))
    command.add_argument("name", nargs="?", help="the rule to show")
    command.add_argument(
        "--rules", action="append", metavar="FILE", help="a further rule table (TOML); may be repeated"
    )
    command.add_argument(
        "--disable-rule", action="append", metavar="NAME", help="a rule to switch off; may be repeated"
    )


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


# what they share


def _console() -> Console:
    """The console that reports are drawn on."""
    from rich.console import Console

    return Console(highlight=False)


def _print_json(value: Any) -> None:
    """One JSON object; nothing in it can steer a terminal."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True, indent=1, default=list) + "\n")


class _Display:
    """Progress on standard error: a live line on a terminal, one line a stage elsewhere, nothing when quiet."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._status: Any = None
        self._stage = ""

    def __enter__(self) -> _Display:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True).status("", spinner="dots")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def announce(self, text: str) -> None:
        """Say something that stays."""
        if not self._quiet:
            print(f"detector: {text}", file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """Show what is being done."""
        if self._status is not None:
            self._status.update(text)

    @property
    def progress(self) -> Progress:
        """What the pipeline calls."""
        return self._step

    def _step(self, stage: str, done: int, total: int) -> None:
        if self._quiet:
            return
        if stage != self._stage:
            self._stage = stage
            if self._status is None:
                self.announce(stage)
        counted = f"{done:,} of {total:,} documents" if total else f"{done:,} documents" if done else ""
        self.say(f"{stage} {counted}".rstrip())
