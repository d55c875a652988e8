"""What the commands do with their options alike: settings, workspace, a scan with progress, and printing."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from detector.commands.display import Display
from detector.errors import InputError, SettingsError, printable
from detector.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from detector.machine.clock import Progress
    from detector.machine.workspace import Workspace
    from detector.results.index import Scan
    from detector.results.unfinished import Results
    from detector.thresholds.decisions import Thresholds


def settings_of(options: argparse.Namespace) -> Settings:
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


def settings_of_scan(scan: Scan, options: argparse.Namespace, settings: Settings) -> Settings:
    """The reading options that the scan was made with, where the command line names none."""
    made_with = Settings.from_mapping(scan.summary["settings"], f"{options.scan}/summary.json")
    if options.settings:
        return settings
    names = ("text_field", "id_field", "series_field", "encoding", "strict")
    return made_with.with_values(**{name: getattr(options, name) for name in names})


def workspace_of(options: argparse.Namespace) -> Workspace:
    """Memory, temporary folder and threads as the command line asks, else as the machine has them."""
    from detector.machine.system import available_bytes, usable_processors
    from detector.machine.workspace import Workspace

    tmp = Path(options.tmp) if options.tmp else None
    if tmp is not None and not tmp.is_dir():
        raise SettingsError(f"--tmp {tmp}: is not a folder; make it first")
    available = available_bytes()
    memory = options.memory or (available // 2 if available is not None else None)
    return Workspace(memory=memory, tmp=tmp, workers=options.workers or usable_processors())


def announce_compiling(display: Display) -> None:
    """Say what takes so long where the kernels are not compiled yet."""
    from detector.kernels.cache import are_compiled

    if not are_compiled():
        display.announce("first run: compiling the kernels, about a minute, once")


def check_room(options: argparse.Namespace, settings: Settings, work: Workspace, display: Display) -> None:
    """Stop here if the scan cannot fit; say so if it may not."""
    from detector.room import check_inputs

    if warning := check_inputs(options.input, settings, work, options.out):
        display.announce(warning)


def scanned(options: argparse.Namespace, settings: Settings, work: Workspace, kept: Results | None = None) -> Scan:
    """A scan of the inputs, with progress on standard error; ``kept`` has what was found before."""
    with Display(options.quiet) as display:
        announce_compiling(display)
        check_room(options, settings, work, display)
        from detector.pipeline import scan

        progress = display.progress if kept is None or work.workers == 1 else _loading_page(display.progress)
        result = scan(options.input, settings, work=work, progress=progress, kept=kept)
    if not result.documents:
        refuse_without_documents(result.summary)
    return result


def _loading_page(progress: Progress) -> Progress:
    """Progress that also starts a thread, at the stage of tokens, which imports what ``report.html`` is drawn with.

    All other threads are in kernels then and have no use for the interpreter; at the end nobody waits for the imports.
    """
    begun: list[threading.Thread] = []

    def step(stage: str, done: int, total: int) -> None:
        progress(stage, done, total)
        if stage == "tokens" and not begun:
            from detector.results.writing import load_page

            begun.append(threading.Thread(target=load_page, name="detector-page", daemon=True))
            begun[0].start()

    return step


def refuse_without_documents(summary: Mapping[str, Any]) -> NoReturn:
    """Stop where no document could be read, and say why."""
    told = summary["problems"]["examples"] or ["the input is empty"]
    n = sum(summary["problems"]["n"].values())
    raise InputError(f"no document could be read{f'; the first of {n:,} reasons' if n > 1 else ''}: {told[0]}")


def thresholds_of(options: argparse.Namespace) -> Thresholds:
    """The thresholds that the command line names; those that it has no option for ask for nothing."""
    from dataclasses import fields

    from detector.thresholds.decisions import Thresholds

    named = {item.name: getattr(options, item.name, None) for item in fields(Thresholds)}
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in named.items()}
    return Thresholds(**{name: value for name, value in values.items() if value is not None})


def fail_for_files(summary: Mapping[str, Any]) -> None:
    """Raises `InputError` where a file could not be read to its end; what could be is scanned and written by then."""
    problems = summary["problems"]
    if n := problems["n_files"]:
        others = f" (and {n - 1} other files)" if n > 2 else " (and another file)" if n == 2 else ""
        raise InputError(f"{problems['examples'][0]}{others}. What could be read is scanned.")


def say_where(options: argparse.Namespace, console: Console) -> None:
    """Where the files of a scan are."""
    out = printable(options.out or "")
    where = (
        f"Written to {out}: report.html for reading, the tables for programs."
        if options.out
        else "Nothing was written: name a folder with --out to keep this scan."
    )
    console.print(where, style="dim", markup=False, highlight=False, soft_wrap=True)


def console() -> Console:
    """The console that reports are drawn on.

    Where the reader of a report goes away, rich would exit with 1; a command that did its work exits with 0.
    """
    from rich.console import Console

    class Report(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Report(highlight=False)


@contextmanager
def paged(options: argparse.Namespace) -> Iterator[Console]:
    """A console whose output goes through a pager where it is longer than the screen that it is for.

    Never where the output goes to a file or another program, nor with ``--no-pager``.
    """
    target = console()
    if options.no_pager or not target.is_terminal or not sys.stdout.isatty():
        yield target
        return
    with target.capture() as captured:
        yield target
    show(captured.get(), target.height)


def show(text: str, height: int) -> None:
    """Print a text, through ``$PAGER`` (else ``less -R``) if it has as many lines as the screen."""
    if text.count("\n") >= height and (words := pager()):
        import subprocess

        environment = {"LESS": "-RF", "LESSCHARSET": "utf-8", **os.environ}
        try:
            process = subprocess.Popen(words, stdin=subprocess.PIPE, env=environment)
        except OSError:
            process = None  # there is no such program: as if no pager had been named
        if process is not None:
            with suppress(BrokenPipeError):  # left before the end
                process.communicate(text.encode("utf-8", "replace"))
            return
    sys.stdout.write(text)


def pager() -> list[str]:
    """The words of the command that shows long texts; none where it is switched off (``PAGER=`` or ``PAGER=cat``)."""
    told = os.environ.get("PAGER")
    try:
        words = shlex.split(told) if told is not None else ["less", "-R"]
    except ValueError:
        words = []
    if words == ["less"]:
        words = ["less", "-R"]  # else the colours are shown as codes
    return [] if words == ["cat"] else words


def print_json(value: Any) -> None:
    """One JSON object; nothing in it can steer a terminal."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True, indent=1, default=list) + "\n")
