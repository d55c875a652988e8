"""``detector rules``: what finds placeholders, masks and junk."""

from __future__ import annotations

import argparse
from typing import Any

from detector.commands.arguments import command_parser
from detector.commands.session import console, print_json, settings_of
from detector.errors import SettingsError


def add(commands: Any) -> None:
    """The command and its options."""
    command = command_parser(
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
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and print it."""
    from detector.report.listings import rule_list, rule_page
    from detector.rules.rule_tables import check_rule, load_rules

    if options.name and options.action != "show":
        raise SettingsError(f"'rules {options.action}' takes all rules and no name: try 'rules show {options.name}'")
    table = load_rules(settings_of(options))
    if options.action == "test":
        for rule in table.rules:
            check_rule(rule, "the rule tables")
        if options.json:
            print_json({"n_rules": len(table.rules)})
        elif not options.quiet:
            print(f"{len(table.rules)} rules: each finds its hits and none of its misses")
        return
    if options.action == "show" and not options.name:
        raise SettingsError("name the rule to show; 'detector rules list' names them")
    chosen = [rule for rule in table.rules if options.action == "list" or rule.name == options.name]
    if not chosen:
        from detector.report.words import nearest

        hint = nearest(options.name, [rule.name for rule in table.rules]) or "'detector rules list' names them"
        raise SettingsError(f"no rule is named {options.name!r}; {hint}")
    if options.json:
        from detector.model import as_row

        print_json([as_row(rule) for rule in chosen])
    elif not options.quiet:
        (rule_list if options.action == "list" else rule_page)(chosen, console())
