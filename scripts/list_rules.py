"""Writes docs/rules.md: every built-in rule with why it is there, what it finds, what it leaves, and its source.

Run ``python scripts/list_rules.py`` after a change of the tables in detector/data; a test holds the page to them.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from pathlib import Path

from detector.rules.rule_tables import METHOD, Rule, load_rules
from detector.settings import Settings

TARGET = Path(__file__).parents[1] / "docs" / "rules.md"

KINDS = {
    "placeholder": "Marks where content should stand. The mark alone is the finding.",
    "masked": "Real names and numbers that somebody covered on purpose; no part of the score.",
    "junk": "What a site added to the text of a page.",
    "year_swap": "Years that a machine changed, as they show where one is compared with itself.",
    "script_error": "Characters that a machine converted wrong.",
    "spun_repeat": "Text that a machine said again in other words.",
    "content": "Guards: what they find is never a finding of the rules they affect.",
}

INTRODUCTION = """\
<!-- written by scripts/list_rules.py; do not edit -->
# The rules

The built-in tables, row by row: {n} rules. `detector rules show NAME` prints a row with its pattern, `detector rules
test` checks every row against its own examples, and [README](../README.md#rules-of-your-own) says how a table of your
own overrides, adds and switches off rows. In the examples ⟦ ⟧ stand around what is found, and ↵ for a line break.
"""

_BREAKING = "[]()*_`|~#<>&\\"


def page() -> str:
    """The whole page."""
    rules = load_rules(Settings()).rules
    sections = [section(kind, [rule for rule in rules if rule.kind == kind]) for kind in KINDS]
    return "\n".join([INTRODUCTION.format(n=len(rules)), *sections])


def section(kind: str, rules: Sequence[Rule]) -> str:
    """The heading and table of one kind."""
    rows = [
        f"| `{rule.name}` | {plain_words(_why(rule))} | {examples(rule.hits)} | {examples(rule.misses)} |"
        f" {plain_words(rule.source)} |"
        for rule in rules
    ]
    return "\n".join([*_heading(kind, KINDS[kind]), *rows, ""])


def examples(texts: Sequence[str]) -> str:
    """Examples as code, one a line; every character that a page could read as its own is written as an entity."""
    return "<br>".join(f"<code>{''.join(map(_entity, text))}</code>" for text in texts)


def plain_words(text: str) -> str:
    """A sentence of a row, in which a page must not see tables or tags."""
    return html.escape(text, quote=False).replace("|", "&#124;").replace("*", "&#42;").replace("_", "&#95;")


def _entity(character: str) -> str:
    if character in "\r\n":
        return "↵" if character == "\n" else ""
    if character in _BREAKING or (character.isspace() and character != " ") or not character.isprintable():
        return f"&#{ord(character)};"
    return character


def _why(rule: Rule) -> str:
    """Why a row is there, and on what condition."""
    told = [rule.why]
    if rule.scope == METHOD:
        told.append("told by a method of its own, not by a pattern")
    if rule.needs:
        told.append(f"needs {rule.needs} certain marks of the same sign in the document")
    if rule.repeats > 1:
        told.append(f"only words that it meets {rule.repeats} times in the document")
    if rule.everywhere:
        told.append("found once, found everywhere in the document")
    if rule.scope == "document":
        told.append(f"speaks for the whole document where it matches {rule.at_least} times")
        told += ["calls the findings masked"] if rule.verdict == "masked" else []
    return "; ".join(told)


def _heading(kind: str, words: str) -> Iterator[str]:
    yield f"## {kind}"
    yield ""
    yield words
    yield ""
    yield "| name | why | hits | misses | source |"
    yield "|---|---|---|---|---|"


def main() -> None:
    """Write the page."""
    TARGET.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
