"""Rules are rows of data: this module reads, checks and compiles the tables.

A table is a TOML file with ``[words]`` (named lists that a pattern cites as ``(?&name)``) and ``[[rule]]`` rows. A
pattern is a verbose regular expression over the *plain* form of a text (lower case, simplified, punctuation kept). It
is never searched for: it is tried only where one of its ``triggers`` stands, which keeps the cost of a scan low and,
as patterns are bounded, linear (`detector.rules.rule_matches`). In a pattern of scope ``span`` the group ``mark`` is
what is found (the whole match without one); a group ``lead`` inside a lookbehind moves its start to the left.

Rows of scope ``method`` have no pattern to try: they name what a module finds in its own way, so that it can be listed,
shown and switched off.

Rows of kind ``content`` are guards: what they find is never a finding of the rules they ``affect``. Guards of scope
``document`` speak for the whole text (an exam, a judgment, source code) and either drop findings or re-type them. Those
of scope ``line`` match a whole line of the document itself, which no rule that they affect takes for its place beside
junk, and no model of lines.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from detector.errors import RuleError
from detector.model import Span
from detector.rules.places import Places
from detector.rules.rule_matches import (
    Rule,
    RuleMatch,
    Trials,
    find_spans,
    matches_line,
    speaks_for_document,
    trials,
)
from detector.settings import Settings
from detector.text.kept_tables import toml_of

__all__ = [
    "Rule",
    "RuleMatch",
    "RuleTable",
    "Trials",
    "built_in_patterns",
    "built_in_words",
    "check_rule",
    "example_matches",
    "find_spans",
    "load_rules",
    "marked_spans",
    "matches_line",
    "speaks_for_document",
    "trials",
]

Made = TypeVar("Made")

BUILT_IN = ("placeholders.toml", "masks.toml", "junk.toml", "site_lines.toml", "methods.toml", "artefacts.toml")

KINDS = ("placeholder", "masked", "junk", "content", "year_swap", "spun_repeat", "script_error")
OWN_KINDS = KINDS[:4]
"""Kinds that rows with a pattern may have."""

METHOD = "method"
SCOPES = ("span", "line", "document", METHOD)
PLACES = ("any", "head", "tail", "end", "next", "head+", "between", "with", "edge+", "tail+")
"""Where a junk line may stand: anywhere, in the head or tail, as first or last line, beside junk, or both (head+),
between two junk lines near to it, anywhere in a document with other junk, in the head or tail of one (edge+), or in its
tail (tail+). A rule of scope "span" holds anywhere, or (head) in the first line."""

VERDICTS = ("content", "masked")

MARK_OPEN, MARK_CLOSE = "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}", "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"
"""Around the wanted span in a row's examples."""

_CITED = re.compile(r"\(\?&(\w+)\)")
_MAX_DEPTH = 5


@dataclass(frozen=True, slots=True)
class RuleTable:
    """All rules in the order of their tables; look-ups return rows, never patterns."""

    rules: tuple[Rule, ...]
    _kept: dict[Hashable, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def named(self, name: str) -> Rule:
        """The rule of that name; raises `RuleError` if there is none."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise RuleError(f"no rule is named {name!r}; `detector rules list` shows them all")

    def does(self, name: str) -> bool:
        """Whether the method of that name is switched on."""
        return name in self.kept(METHOD, lambda: {rule.name for rule in self.rules if rule.scope == METHOD})

    def select(self, kinds: Iterable[str], scope: str) -> tuple[Rule, ...]:
        """The rules of some kinds and one scope."""
        wanted = (*kinds,)
        return self.kept(
            (*wanted, scope), lambda: tuple(rule for rule in self.rules if rule.kind in wanted and rule.scope == scope)
        )

    def trials(self, kinds: Iterable[str]) -> Trials:
        """The rules of some kinds and scope ``span``, by their triggers."""
        wanted = (*kinds,)
        return self.kept((*wanted, "trials"), lambda: trials(self.select(wanted, "span")))

    def kept(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What ``make`` makes of this table, made once for each key."""
        if key not in self._kept:
            self._kept[key] = make()
        made: Made = self._kept[key]
        return made

    def line_guards(self, name: str) -> tuple[Rule, ...]:
        """The guards of scope ``line`` that speak about a rule."""
        return self._speaking(name, "line")

    def guards(self, places: Places, names: Iterable[str], scope: str) -> tuple[Rule, ...]:
        """The guards of a scope that speak about any of the named rules and whose triggers the text holds."""
        speaking = {rule.name for name in names for rule in self._speaking(name, scope)}
        if not speaking:
            return ()
        return tuple(
            rule
            for rule in self.select(("content",), scope)
            if rule.name in speaking and any(True for _ in places.held(rule.triggers))
        )

    def _speaking(self, name: str, scope: str) -> tuple[Rule, ...]:
        """The guards of a scope that speak about a rule."""
        guards = self.select(("content",), scope)
        return self.kept((name, scope, "guards"), lambda: tuple(rule for rule in guards if rule.affects_rule(name)))


def load_rules(settings: Settings) -> RuleTable:
    """The built-in tables, then the user's; rows of one name replace, disabled rows are dropped.

    Raises `RuleError` where a table is malformed, a name is unknown, or a user's row fails its own examples. The
    examples of the built-in rows are held by ``tests/test_rules.py``, as checking them here would cost every start.
    """
    rows, words = _built_in()
    rules = {rule.name: rule for rule in rows}
    for path in settings.rules:
        for rule in _user_rules(path, words):
            rules[rule.name] = rule
    for name in settings.disable_rules:
        if rules.pop(name, None) is None:
            raise RuleError(f"disable_rules: no rule is named {name!r}; `detector rules list` shows them all")
    return RuleTable(tuple(rules.values()))


def check_rule(rule: Rule, where: str) -> None:
    """Raise `RuleError` unless the row finds what its hits mark and nothing in its misses; a method finds by itself.

    >>> check_rule(Rule("junk.a", "junk", "a+", "why", ("b", ), (), "here", ("a",)), "my.toml")
    Traceback (most recent call last):
    detector.errors.RuleError: my.toml: rule junk.a fails its own hit 'b': it finds nothing
    """
    if rule.scope == METHOD:
        return
    try:
        rule.regex  # noqa: B018  # compiling is the check
    except (re.error, OverflowError) as error:
        raise RuleError(f"{where}: rule {rule.name}: the pattern does not compile: {error}") from None
    for hit in rule.hits:
        text, wanted = marked_spans(hit)
        found = [Span(match.start, match.end) for match in example_matches(rule, text)]
        if not found or (wanted and found != wanted):
            got = ", ".join(repr(text[span.start : span.end]) for span in found) or "nothing"
            raise RuleError(f"{where}: rule {rule.name} fails its own hit {hit!r}: it finds {got}")
    for miss in rule.misses:
        found = [Span(match.start, match.end) for match in example_matches(rule, marked_spans(miss)[0])]
        if found:
            got = ", ".join(repr(miss[span.start : span.end]) for span in found)
            raise RuleError(f"{where}: rule {rule.name} fails its own miss {miss!r}: it finds {got}")


def example_matches(rule: Rule, text: str) -> list[RuleMatch]:
    """What one rule alone finds in an example, whatever its place; a document guard spans its example."""
    plain = "".join(map(_plain_character, text))
    if rule.scope == "document":
        return [RuleMatch(0, len(plain), rule)] if speaks_for_document(rule, Places(plain)) else []
    if rule.scope == "line":
        stripped = plain.strip()
        start = plain.find(stripped)
        return [RuleMatch(start, start + len(stripped), rule)] if matches_line(rule, stripped) else []
    return sorted(find_spans(Places(plain), trials((rule,))))


def marked_spans(example: str) -> tuple[str, list[Span]]:
    """An example without its marks, and the spans that stood between them."""
    pieces = re.split(f"[{MARK_OPEN}{MARK_CLOSE}]", example)
    spans, at = [], 0
    for number, piece in enumerate(pieces):
        if number % 2:
            spans.append(Span(at, at + len(piece)))
        at += len(piece)
    return "".join(pieces), spans


def _plain_character(character: str) -> str:
    """Lower case and single-character NFKC: as much of folding as examples need, which are written in simplified."""
    folded = unicodedata.normalize("NFKC", character).lower()
    return folded if len(folded) == 1 else character


@cache
def _built_in() -> tuple[tuple[Rule, ...], Mapping[str, str]]:
    """The rows and word lists of the built-in tables, read once."""
    words: dict[str, str] = {}
    rows: list[Rule] = []
    for name in BUILT_IN:
        content = toml_of(name)
        rows += _rows(_methods(content) if name == "artefacts.toml" else content, name, words)
    return tuple(rows), words


def built_in_words(name: str) -> str:
    """The pattern of a built-in list of words, with the lists that it cites."""
    return _expanded(f"(?&{name})", _built_in()[1], "built-in tables")


@cache
def built_in_patterns() -> tuple[str, ...]:
    """The patterns of the built-in rules that are tried on every corpus."""
    rows, _ = _built_in()
    tried = (rule.pattern for rule in rows if rule.scope != METHOD and (rule.kind, rule.scope) != ("content", "line"))
    return tuple(dict.fromkeys(tried))


def _methods(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The comparisons of years as rows."""
    row = {"kind": "year_swap", "scope": METHOD, "source": "respun reports; detector/rules/artefacts.py"}
    keys = ("name", "pattern", "why", "hits", "misses")
    return {"rule": [row | {key: item[key] for key in keys} for item in content["comparison"]]}


def _user_rules(path: str, words: Mapping[str, str]) -> list[Rule]:
    """The checked rows of a user's table."""
    import tomllib  # most have none

    try:
        content = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise RuleError(f"{path}: cannot read the rule table: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleError(f"{path}: not a TOML file: {error}") from None
    rules = _rows(content, path, dict(words))
    for rule in rules:
        if rule.scope == METHOD or rule.kind not in OWN_KINDS:
            is_method = rule.scope == METHOD
            said = f"scope is {METHOD!r}" if is_method else f"kind is {rule.kind!r}"
            allowed = ", ".join(SCOPES[:3] if is_method else OWN_KINDS)
            raise RuleError(
                f"{path}: rule {rule.name}: {said}, which no row of yours can have; choose one of {allowed}"
            )
        check_rule(rule, path)
    return rules


def _rows(content: Mapping[str, Any], where: str, words: dict[str, str]) -> list[Rule]:
    """The rows of one parsed table; its word lists are added to ``words``."""
    unknown = sorted(set(content) - {"words", "rule"})
    if unknown:
        raise RuleError(f"{where}: unknown key {unknown[0]!r}; a table has [words] and [[rule]]")
    for name, text in content.get("words", {}).items():
        words[name] = text
    rows = content.get("rule", [])
    if not isinstance(rows, list):
        raise RuleError(f"{where}: write [[rule]] with two brackets before each rule")
    rules = [_rule(row, where, words) for row in rows]
    for name, number in Counter(rule.name for rule in rules).items():
        if number > 1:
            raise RuleError(f"{where}: two rules are named {name}; rename one")
    return rules


_REQUIRED = ("name", "kind", "pattern", "why", "hits", "source")
_INTEGERS = ("needs", "repeats", "at_least", "max_chars")
_TYPES: Mapping[str, type] = {**dict.fromkeys(_INTEGERS, int), "opens": bool, "everywhere": bool}
_KNOWN = {item.name: item.default for item in fields(Rule)}
_LISTS = ("hits", "misses", "triggers", "affects")


def _rule(row: Mapping[str, Any], where: str, words: Mapping[str, str]) -> Rule:
    """One row, its fields checked and its word lists put in."""
    name = row.get("name", "without a name")
    place = f"{where}: rule {name}"
    for key in row:
        if key not in _KNOWN:
            raise RuleError(f"{place}: unknown key {key!r}; there are {', '.join(sorted(_KNOWN))}")
    for key in _REQUIRED:
        if not row.get(key) and (key, row.get("scope")) != ("pattern", METHOD):
            raise RuleError(f"{place}: {key} is missing")
    for key, value in row.items():
        if key in _LISTS:
            if not (isinstance(value, list) and all(isinstance(item, str) and item for item in value)):
                raise RuleError(f"{place}: {key} must be a list of strings")
        elif type(value) is not _TYPES.get(key, str):
            raise RuleError(f"{place}: {key} must be of type {_TYPES.get(key, str).__name__}")
    values: dict[str, Any] = {"misses": (), "pattern": ""}
    values.update((key, tuple(value) if key in _LISTS else value) for key, value in row.items())
    for key, allowed in (("kind", KINDS), ("scope", SCOPES), ("place", PLACES), ("verdict", VERDICTS)):
        if values.get(key, _KNOWN[key]) not in allowed:
            raise RuleError(f"{place}: {key} is {values[key]!r}; choose one of {', '.join(allowed)}")
    if values.get("scope", _KNOWN["scope"]) not in ("line", METHOD) and not values.get("triggers"):
        raise RuleError(f"{place}: triggers are missing: the plain characters or words at which the pattern is tried")
    values["pattern"] = _expanded(values["pattern"], words, place)
    return Rule(**values)


def _expanded(pattern: str, words: Mapping[str, str], place: str) -> str:
    """A pattern with the word lists that it cites."""

    def cited(match: re.Match[str]) -> str:
        if match[1] not in words:
            raise RuleError(f"{place}: no list of words is named {match[1]!r}")
        return f"(?:{words[match[1]]})"

    for _ in range(_MAX_DEPTH):
        if "(?&" not in pattern:
            return pattern
        pattern = _CITED.sub(cited, pattern)
    raise RuleError(f"{place}: lists of words cite each other in a circle")
