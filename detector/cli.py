"""The command ``detector``: parses, runs a command, exits. Only this and the commands print.

Reports go to standard output, progress and errors to standard error. Exit codes: 0 done, 1 an error in one line, 2
wrong usage, 3 a guard refused, 130 interrupted. Heavy modules are imported by the command that needs them, so that
``--help`` costs next to nothing.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import io
import os
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

from detector.commands import (
    attributes,
    evaluate,
    explain,
    export,
    filter,
    phrases,
    restore,
    rules,
    scan,
    templates,
    tune,
    why,
)
from detector.commands.arguments import Help, Parser, examples
from detector.commands.display import SITUATION
from detector.commands.signals import INTERRUPTED, Watch
from detector.errors import DetectorError, GuardError, printable
from detector.machine.system import share_freed_blocks
from detector.version import VERSION

COMMANDS = (
    scan, explain, why, tune, filter, restore, phrases, templates, export, attributes, evaluate, rules,
)  # fmt: skip
"""In the order of the help."""


OBJECTS_BETWEEN_SEARCHES = 100_000
"""So many new objects are made from one search for cycles to the next. Modules and tables of rules are about as many,
and all of them stay: with Python's own 700 they are searched again and again, an eighth of the start of a scan."""


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = Parser(
        prog="detector",
        description="Finds the text that a corpus's documents did not write; scores and filters documents.",
        epilog=examples(
            "detector scan seeds --out reports/seeds",
            "detector explain reports/seeds --doc 013_bailu-county-report",
            "detector why reports/seeds 013_bailu-county-report --min-originality 0.5",
            "detector filter seeds --scan reports/seeds --out clean --min-originality 0.5 --strip junk",
        ),
        formatter_class=Help,
    )
    top.add_argument("--version", action="version", version=f"detector {VERSION}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show Chinese still shows the tables
    atexit.register(gc.freeze)  # all goes with the process: else the interpreter searches it for cycles at the end
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no matrix is multiplied here: its threads would only wait
    options = parser().parse_args(arguments)
    share_freed_blocks()
    watch = Watch(lambda: _say(SITUATION.told()))
    try:
        with watch:
            options.run(options)
            sys.stdout.flush()
    except GuardError as error:
        _fail(str(error), 3)
    except DetectorError as error:
        _fail(str(error), 1)
    except KeyboardInterrupt:
        watch.say()
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _silence_output()
    except OSError as error:
        _silence_output()
        _fail(f"cannot write: {error.strerror or error}", 1)
    except MemoryError:
        _fail("out of memory: scan fewer documents at a time", 1)
    sys.exit(0)


def run() -> NoReturn:
    """`main` as all that the process does. After a success it ends at once: to take down what the interpreter holds,
    module by module, takes as long as reading 10 MB, and the system takes it all in any case."""
    gc.set_threshold(OBJECTS_BETWEEN_SEARCHES)
    try:
        main()
    except SystemExit as end:
        others = (thread for thread in threading.enumerate() if thread is not threading.main_thread())
        if end.code or not all(thread.daemon for thread in others):
            raise
        atexit._run_exitfuncs()
        try:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
        except (OSError, ValueError):
            raise end from None  # whoever read it is gone: as it always was
        os._exit(0)


def _silence_output() -> None:
    """What is still to be flushed goes nowhere, so that the exit itself does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> NoReturn:
    """One line on standard error, with nothing in it that steers a terminal."""
    _say(message)
    sys.exit(code)


def _say(message: str) -> None:
    print(f"detector: {printable(' '.join(message.split()))}", file=sys.stderr, flush=True)
