"""``detector tune``: what each threshold of a filter would drop, without scanning again."""

from __future__ import annotations

import argparse
from typing import Any

from detector.commands.arguments import command_parser, count, pager_option
from detector.commands.session import paged, print_json
from detector.errors import SettingsError


def add(commands: Any) -> None:
    """The command and its options."""
    command = command_parser(
        commands,
        "tune",
        "tell what each threshold of a filter would drop, with documents at the boundary",
        "detector tune reports/seeds",
        "detector tune reports/seeds --at min_originality=0.45,0.5,0.55",
        "detector tune reports/seeds --json",
    )
    command.add_argument("dir", metavar="DIR", help="the folder of a scan")
    command.add_argument(
        "--at",
        action="append",
        type=steps,
        metavar="NAME=R,R",
        help="values to look at of one threshold; may be repeated (default: every threshold at some values)",
    )
    command.add_argument(
        "--near", type=count, default=3, metavar="N", help="documents at each boundary with --json (default: 3)"
    )
    pager_option(command)
    command.set_defaults(run=run)


def steps(text: str) -> tuple[str, tuple[float, ...]]:
    """The name of a threshold and values of it.

    >>> steps("--max-junk=0.1,0.2")
    ('max_junk', (0.1, 0.2))
    """
    from detector.thresholds.tuning import threshold_names

    name, _, told = text.partition("=")
    try:
        values = tuple(float(value) for value in told.split(","))
    except ValueError:
        values = ()
    if not name.strip("-") or not values or any(value != value or value < 0 for value in values):
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE,VALUE; write min_originality=0.4,0.5")
    name = name.strip().removeprefix("--").replace("-", "_")
    if name not in (known := threshold_names()):
        raise argparse.ArgumentTypeError(f"there is no threshold {name}; there are {', '.join(known)}")
    return name, values


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.results.index import open_scan
    from detector.thresholds.tuning import tuning

    scan = open_scan(options.dir)
    if scan.summary.get("settings", {}).get("level") == "document":
        raise SettingsError(f"{options.dir}: a scan of whole documents (--level document) has nothing to tune")
    at: dict[str, tuple[float, ...]] = {}
    for name, values in options.at or ():
        at[name] = (*at.get(name, ()), *values)
    found = tuning(scan.documents, at or None, n_near=options.near)
    if options.json:
        print_json(found.as_row())
    elif not options.quiet:
        from detector.report.tuned import render_tuning

        inputs = [str(name) for name in scan.summary.get("run", {}).get("inputs", ())]
        with paged(options) as console:
            render_tuning(found, console, inputs=inputs, folder=options.dir)
