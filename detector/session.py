"""What the commands do with their options alike: settings, workspace, a scan with progress, and printing."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from detector.display import Display
from detector.errors import InputError, SettingsError, printable
from detector.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from detector.index import Scan
    from detector.workspace import Workspace


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


def workspace_of(options: argparse.Namespace) -> Workspace:
    """Memory, temporary folder and threads as the command line asks, else as the machine has them."""
    from detector.system import available_bytes, usable_processors
    from detector.workspace import Workspace

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


def scanned(options: argparse.Namespace, settings: Settings, work: Workspace) -> Scan:
    """A scan of the inputs, with progress on standard error."""
    with Display(options.quiet) as display:
        announce_compiling(display)
        check_room(options, settings, work, display)
        from detector.pipeline import scan

        result = scan(options.input, settings, work=work, progress=display.progress)
    if not result.documents:
        refuse_without_documents(result.summary)
    return result


def refuse_without_documents(summary: Mapping[str, Any]) -> NoReturn:
    """Stop where no document could be read, and say why."""
    told = summary["problems"]["examples"] or ["the input is empty"]
    raise InputError(f"no document could be read; the first of {len(told)} reasons: {told[0]}")


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
    """The console that reports are drawn on."""
    from rich.console import Console

    return Console(highlight=False)


def print_json(value: Any) -> None:
    """One JSON object; nothing in it can steer a terminal."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True, indent=1, default=list) + "\n")
