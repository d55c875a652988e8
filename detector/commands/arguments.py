"""What the options of several commands share: the options, their types and the layout of the help."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from detector.errors import printable
from detector.settings import ENCODINGS

_SIZE = re.compile(r"(?P<number>\d{1,12}(?:\.\d{1,6})?) ?(?P<unit>[kmgt]?)(?P<binary>i?)b?")

SHOWN = 20
"""Rows that a command lists where no other number is asked for."""
_QUOTED = re.compile(r"'([^']*)'")
"""What a complaint quotes: first what was given, then what there is to choose from."""

PARTS = ("junk", "unfilled", "shared", "phrase", "repeated")
PART_HELP = {
    "junk": "that the site added",
    "unfilled": "in clauses with blanks that nobody filled in",
    "shared": "that a passage of another family has, too",
    "phrase": "in phrases of several families",
    "repeated": "that the document says again",
}
"""What each part is, for the help of its threshold."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are short, name what was meant, and cannot steer a terminal whatever a file is called.

    What `argparse` prints above a complaint is every option of the command, up to twenty lines of them: here it is what
    the command cannot do without.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As the base does; but what a command does not know it complains of itself, with its own usage."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._meant(unknown[0], self._option_names())}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        given, *choices = _QUOTED.findall(message) or [""]
        meant = self._meant(given, choices) if "invalid choice" in message else ""
        usage = self._get_formatter()
        needed = [action for action in self._actions if action.required or not action.option_strings]
        usage.add_usage(None, needed, [])
        told = f"{usage.format_help()}{self.prog}: error: {printable(message + meant)}\n"
        self.exit(2, f"{told}'{self.prog} --help' lists all options\n")

    def _option_names(self) -> list[str]:
        return [name for action in self._actions for name in action.option_strings]

    @staticmethod
    def _meant(given: str, known: Sequence[str]) -> str:
        """The name that is most like the one that was given, as a question; none that is not like it."""
        import difflib

        near = difflib.get_close_matches(given.partition("=")[0], known, 1)
        return f"; did you mean {near[0]}?" if near else ""


class Help(argparse.RawDescriptionHelpFormatter):
    """Help with a column wide enough for the names of options and commands."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26)


def examples(*lines: str) -> str:
    """The end of a help text."""
    return "examples:\n" + "\n".join(f"  {line}" for line in lines)


def command_parser(commands: Any, name: str, help_: str, *lines: str) -> argparse.ArgumentParser:
    """A command with the options that all have."""
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_,
        description=help_[0].upper() + help_[1:] + ".",
        epilog=examples(*lines),
        formatter_class=Help,
    )
    command.set_defaults(command=name)
    shared = command.add_argument_group("options of every command")
    shared.add_argument("--settings", metavar="FILE", help="settings from a TOML file; options on the command line win")
    shared.add_argument("--json", action="store_true", help="print JSON instead of a report")
    shared.add_argument("--quiet", action="store_true", help="print nothing but errors")
    return command


def input_options(command: argparse.ArgumentParser) -> None:
    """What to read, and how."""
    command.add_argument("input", nargs="+", metavar="INPUT", help="files, folders, globs, or - for standard input")
    group = command.add_argument_group("what is read, and how")
    group.add_argument("--text-field", metavar="A.B", help="the field that holds the text (default: text)")
    group.add_argument("--id-field", metavar="A.B", help="the field that holds the id (default: id, else path#line)")
    group.add_argument(
        "--series-field", metavar="A.B", help="the site, publisher or place (default: series, else url's host)"
    )
    group.add_argument("--encoding", choices=ENCODINGS, help="of text files (default: auto)")
    group.add_argument(
        "--strict", action="store_true", default=None, help="stop at the first record that cannot be read"
    )
    group.add_argument("--rules", action="append", metavar="FILE", help="a further rule table (TOML); may be repeated")
    group.add_argument("--disable-rule", action="append", metavar="NAME", help="a rule to switch off; may be repeated")
    group.add_argument(
        "--protect", action="append", metavar="FILE", help="phrases, one a line, that no rule may call anything"
    )


def resource_options(command: argparse.ArgumentParser) -> None:
    """What a scan may use of the machine."""
    group = command.add_argument_group("what may be used of the machine")
    group.add_argument(
        "--memory", type=size, metavar="SIZE", help="such as 800MB or 4GiB (default: half of what is free)"
    )
    group.add_argument("--tmp", metavar="DIR", help="where what does not fit is kept meanwhile (default: the system's)")
    group.add_argument("--workers", type=count, metavar="N", help="threads (default: one per processor)")


def threshold_options(command: argparse.ArgumentParser) -> None:
    """What a document must meet, or it is dropped."""
    group = command.add_argument_group("thresholds, R a ratio from 0 to 1 (default: none)")
    group.add_argument(
        "--min-originality", type=ratio, metavar="R", help="the least share of a document that is its own"
    )
    for part, says in PART_HELP.items():
        group.add_argument(f"--max-{part}", type=ratio, metavar="R", help=f"the greatest share {says}")
    group.add_argument("--min-chars", type=whole, metavar="N", help="the fewest characters that cleaning must leave")
    group.add_argument(
        "--drop-flag", action="append", type=flag, dest="drop_flags", metavar="FLAG",
        help="none flagged so: machine_converted, spun, year_swapped, mojibake; may be repeated",
    )  # fmt: skip


def pager_option(command: argparse.ArgumentParser) -> None:
    """How long output is shown on a terminal."""
    command.add_argument(
        "--no-pager", action="store_true", help="print at once what is longer than the screen (default: $PAGER or less)"
    )


def count(text: str) -> int:
    """A whole number from 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1")
    return int(text)


def whole(text: str) -> int:
    """A whole number from 0."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0")
    return int(text)


def size(text: str) -> int:
    """A number of bytes from a size with a unit.

    >>> size("200MiB"), size("1.5 GB"), size("4096")
    (209715200, 1500000000, 4096)
    """
    found = _SIZE.fullmatch(text.strip().lower())
    n_bytes = 0
    if found is not None:
        base = 1024 if found["binary"] else 1000
        n_bytes = int(float(found["number"]) * base ** " kmgt".index(found["unit"] or " "))
    if n_bytes < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a size; write 800MB or 4GiB")
    return n_bytes


def ratio(text: str) -> float:
    """A ratio from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not a ratio from 0 to 1; write 0.5 for 50 %")
    return value


def flag(text: str) -> str:
    """The name of a flag of documents; a wrong one would drop nothing, in silence."""
    from detector.rules.artefacts import FLAG_NAMES

    if text not in FLAG_NAMES:
        raise argparse.ArgumentTypeError(f"no document is flagged {text!r}; there are {', '.join(FLAG_NAMES)}")
    return text


def list_parser(commands: Any, name: str, help_: str, *lines: str) -> argparse.ArgumentParser:
    """A command that lists rows of a scan; ``lines`` are further examples."""
    first = (f"detector {name} reports/seeds", f"detector {name} reports/seeds --json")
    command = command_parser(commands, name, help_, *first, *lines)
    command.add_argument("dir", metavar="DIR", help="the folder of a scan")
    command.add_argument("--limit", type=count, metavar="N", help=f"rows to print (default: {SHOWN}; all with --json)")
    pager_option(command)
    return command
