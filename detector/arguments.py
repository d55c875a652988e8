"""The commands, their options and their help: what a user may type."""

from __future__ import annotations

import argparse
import re
from typing import Any, NoReturn

from detector.errors import printable
from detector.settings import ENCODINGS, FINDING_TEXTS, OUTPUT_FORMATS, SCAN_LEVELS
from detector.version import VERSION

_SIZE = re.compile(r"(?P<number>\d{1,12}(?:\.\d{1,6})?) ?(?P<unit>[kmgt]?)(?P<binary>i?)b?")

PARTS = ("junk", "unfilled", "shared", "phrase", "repeated")


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints cannot steer a terminal, whatever a file is called."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


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


def _command(commands: Any, name: str, help_: str, *examples: str) -> argparse.ArgumentParser:
    """A command with the options that all have."""
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_,
        description=help_[0].upper() + help_[1:] + ".",
        epilog=_examples(*examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(command=name)
    command.add_argument(
        "--settings", metavar="FILE", help="settings from a TOML file; options on the command line win"
    )
    command.add_argument("--json", action="store_true", help="print JSON instead of a report")
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
    command.add_argument(
        "--protect", action="append", metavar="FILE", help="phrases, one a line, that no rule may call anything"
    )


def _scan_parser(commands: Any) -> None:
    command = _command(
        commands,
        "scan",
        "analyse a corpus once: a report on the terminal, files in a folder",
        "detector scan seeds --out reports/seeds",
        "detector scan 'crawl/*.jsonl.zst' --text-field body.text --series-field site --out scan/",
        "zcat corpus.jsonl.gz | detector scan - --json",
        "detector scan crawl.jsonl --level document --out copies/",
        "detector scan crawl.jsonl --dry-run --memory 4GiB",
    )
    _input_options(command)
    _resource_options(command)
    command.add_argument(
        "--level", choices=SCAN_LEVELS, help="all down to passages, or only which documents copy each other"
    )
    command.add_argument(
        "--dry-run", action="store_true", help="tell the time, memory and disk that the scan would take, from a sample"
    )
    command.add_argument(
        "--out", metavar="DIR", help="where to write documents, findings, clusters, phrases, report.html"
    )
    command.add_argument("--finding-text", choices=FINDING_TEXTS, help="how much text findings carry (default: full)")
    command.add_argument("--format", choices=OUTPUT_FORMATS, help="of the tables (default: jsonl, parquet above 1 GB)")
    command.add_argument(
        "--limit", type=_count, default=10, metavar="N", help="rows of each list of the report (default: 10)"
    )


def _resource_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--memory", type=_bytes, metavar="SIZE", help="such as 800MB or 4GiB (default: half of what is free)"
    )
    command.add_argument(
        "--tmp", metavar="DIR", help="where what does not fit is kept meanwhile (default: the system's)"
    )
    command.add_argument("--workers", type=_count, metavar="N", help="threads (default: one per processor)")


def _explain_parser(commands: Any) -> None:
    command = _command(
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


def _filter_parser(commands: Any) -> None:
    command = _command(
        commands,
        "filter",
        "keep, drop and clean documents for training, with an audit trail",
        "detector filter corpus.jsonl --scan scan/ --out clean/ --min-originality 0.5 --strip junk",
        "detector filter corpus.jsonl --out clean/ --max-unfilled 0.2",
    )
    _input_options(command)
    _resource_options(command)
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


def _count(text: str) -> int:
    """A whole number from 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1")
    return int(text)


def _bytes(text: str) -> int:
    """A number of bytes from a size with a unit.

    >>> _bytes("200MiB"), _bytes("1.5 GB"), _bytes("4096")
    (209715200, 1500000000, 4096)
    """
    found = _SIZE.fullmatch(text.strip().lower())
    size = 0
    if found is not None:
        base = 1024 if found["binary"] else 1000
        size = int(float(found["number"]) * base ** " kmgt".index(found["unit"] or " "))
    if size < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a size; write 800MB or 4GiB")
    return size


def _ratio(text: str) -> float:
    """A ratio from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not a ratio from 0 to 1")
    return value


def _list_parser(commands: Any, name: str, help_: str) -> None:
    command = _command(commands, name, help_, f"detector {name} reports/seeds", f"detector {name} scan/ --json")
    command.add_argument("dir", metavar="DIR", help="the folder of a scan")
    command.add_argument("--limit", type=_count, metavar="N", help="rows to print (default: 20; all with --json)")
    if name == "templates":
        command.add_argument("--level", choices=("passage", "block", "document"), help="clusters of one level only")


def _evaluate_parser(commands: Any) -> None:
    command = _command(
        commands,
        "evaluate",
        "precision, recall and F1 of a scan on labelled spans or lines",
        "detector evaluate reports/seeds --gold seeds/labels.jsonl --errors errors.jsonl",
    )
    command.add_argument("dir", metavar="DIR", help="the folder of a scan")
    command.add_argument("--gold", required=True, metavar="FILE", help="labels: spans or lines, JSON Lines")
    command.add_argument("--errors", metavar="FILE", help="write every miss and false alarm with its context there")


def _rules_parser(commands: Any) -> None:
    command = _command(
        commands,
        "rules",
        "list, show or test the rules that find placeholders, masks and junk",
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
