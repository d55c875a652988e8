"""``detector filter``: keep, drop and clean documents for training."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.commands.arguments import (
    PARTS,
    command_parser,
    input_options,
    ratio,
    resource_options,
    threshold_options,
    whole,
)
from detector.commands.display import SITUATION, Display
from detector.commands.session import console, print_json, scanned, settings_of, settings_of_scan, workspace_of
from detector.errors import SettingsError
from detector.settings import AUDITS, FAMILY_CHOICES

if TYPE_CHECKING:
    from detector.filtering.plan import FilterPlan


def add(commands: Any) -> None:
    """The command and its options."""
    command = command_parser(
        commands,
        "filter",
        "keep, drop and clean documents for training, with an audit trail; nothing goes that is not asked for",
        "detector filter corpus.jsonl --scan scan/ --out clean/ --preset standard",
        "detector filter corpus.jsonl --scan scan/ --out clean/ --min-originality 0.5 --strip junk,unfilled",
        "detector filter corpus.jsonl --out audit/        keeps all, and says in decisions.jsonl what was measured",
    )
    input_options(command)
    resource_options(command)
    command.add_argument("--scan", metavar="DIR", help="the folder of a scan of this input (default: scan first)")
    command.add_argument("--out", required=True, metavar="DIR", help="where kept/, dropped/, removed.jsonl are written")
    command.add_argument(
        "--preset", metavar="NAME", help="audit (the default), light, standard, strict, or a TOML file like theirs"
    )
    threshold_options(command)
    _cleaning_options(command)
    command.add_argument("--max-drop", type=ratio, metavar="R", help="refuse to drop more of the corpus (0.5)")
    command.add_argument("--max-drop-per-series", type=ratio, metavar="R", help="and of one series (0.8)")
    command.add_argument("--resume", action="store_true", help="go on where the same filter was stopped")
    command.set_defaults(run=run)


def _cleaning_options(command: argparse.ArgumentParser) -> None:
    """What goes inside documents, and of copies."""
    command.add_argument(
        "--families",
        choices=FAMILY_CHOICES,
        help="of near-copies (default: keep-best with --min-originality or --max-shared, else keep-all)",
    )
    command.add_argument(
        "--strip", type=_parts, metavar="PARTS", help=f"parts to cut out of kept documents: {','.join(PARTS)}"
    )
    command.add_argument(
        "--keep-occurrences", type=whole, metavar="K", help="copies of a shared text that stay in the corpus (1)"
    )
    command.add_argument("--date-field", metavar="A.B", help="of equal copies the earliest is kept (default: date)")
    command.add_argument("--audit", choices=AUDITS, help="offsets: removed.jsonl without the texts (full)")


def _parts(text: str) -> list[str]:
    """The type of --strip."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"{name!r} is no part; there are {', '.join(PARTS)}")
    return names


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.filtering.journal import check_folder
    from detector.filtering.run import filter_corpus
    from detector.results.index import open_scan

    plan = plan_of(options)
    protect, options.protect = options.protect, _phrase_files(options.protect)
    settings = settings_of(options)
    check_folder(Path(options.out), resume=options.resume)  # before a scan, which takes its time
    with workspace_of(options) as work:
        if options.scan:
            scan = open_scan(options.scan)
            settings = settings_of_scan(scan, options, settings)
        else:
            if "-" in options.input:
                raise SettingsError("filter reads its input twice: save standard input to a file first")
            scan = scanned(options, settings, work)
        SITUATION.kept = lambda: told_finished(Path(options.out))
        with Display(options.quiet) as display:
            summary = filter_corpus(
                options.input, scan, options.out, plan=plan, settings=settings, work=work,
                progress=display.progress, resume=options.resume,
            )  # fmt: skip
    options.protect = protect
    if options.json:
        print_json(summary.as_dict())
    elif not options.quiet:
        from detector.report.filtered import filter_report

        filter_report(summary, options.out, console())


def told_finished(out: Path) -> str:
    """What a filter that is interrupted says of what it did."""
    from detector.filtering.journal import n_finished

    n = n_finished(out)
    return "nothing was written" if n is None else f"{n:,} files are finished in {out}; go on with --resume"


def _phrase_files(entries: list[str] | None) -> list[str] | None:
    """The entries of --protect that are files of phrases: a scan has no series to protect."""
    from detector.rules.protecting import is_phrase_file

    return [entry for entry in entries if is_phrase_file(entry)] if entries else None


def plan_of(options: argparse.Namespace) -> FilterPlan:
    """The preset with the options of the command line on top."""
    from detector.filtering.plan import FilterPlan, preset_values

    values = preset_values(options.preset) if options.preset else {}
    FilterPlan.from_mapping(values, options.preset or "")
    names = ("min_originality", *(f"max_{part}" for part in PARTS), "min_chars", "families", "keep_occurrences",
             "audit", "date_field", "max_drop", "max_drop_per_series")  # fmt: skip
    given = {name: getattr(options, name) for name in names}
    values |= {name: value for name, value in given.items() if value is not None}
    if options.strip is not None:
        values["strip"] = options.strip
    if options.drop_flags:
        values["drop_flags"] = options.drop_flags
    if options.protect:
        values["protect"] = [*values.get("protect", ()), *options.protect]
    return FilterPlan.from_mapping(values, options.preset or "the command line")
