"""Rows of the rule tables, and where their patterns match: they are tried only where one of their triggers stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from detector.rules.places import Places, compiled

MAX_LEFT = 40
"""Longer than any number, name of a mail box or address whose covered part a mask rule meets."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a table; the fields are the keys of the row.

    ``needs`` is how many other, certain marks that begin with the same character the document must hold before a
    finding of this rule counts (0: the near context is enough). ``repeats`` is in how many places of the document the
    rule must match the very same words. ``at_least`` is how many places a guard of scope
    ``document`` must match. ``max_chars`` bounds the lines that a rule of scope ``line`` is tried on. ``opens`` makes
    a junk line the heading of a list of junk lines. ``left`` are characters that a finding also takes to its left, at
    most `MAX_LEFT` of them; ``behind`` is a pattern of fixed width that must match just before it then, unless
    the text begins there. What a rule
    says ``everywhere`` of was found in a telling place: the same words are found wherever they stand in the document.
    """

    name: str
    kind: str
    pattern: str
    why: str
    hits: tuple[str, ...]
    misses: tuple[str, ...]
    source: str
    triggers: tuple[str, ...] = ()
    scope: str = "span"
    place: str = "any"
    needs: int = 0
    repeats: int = 1
    at_least: int = 1
    max_chars: int = 120
    opens: bool = False
    affects: tuple[str, ...] = ()
    verdict: str = "content"
    left: str = ""
    behind: str = ""
    everywhere: bool = False

    @property
    def regex(self) -> re.Pattern[str]:
        """The compiled pattern; compiled when first used, so that loading the tables stays cheap."""
        return compiled(self.pattern)

    def __hash__(self) -> int:
        return hash(self.name)

    def affects_rule(self, name: str) -> bool:
        """Whether this guard speaks about findings of the rule of that name."""
        return any_fits(frozenset((name,)), self.affects)


Trials = Mapping[str, Sequence[Rule]]
"""By trigger the rules that are tried where it stands."""


class RuleMatch(NamedTuple):
    """A rule and the span it matched."""

    start: int
    end: int
    rule: Rule


def find_spans(places: Places, tried: Trials) -> list[RuleMatch]:
    """Every match of some rules of scope ``span`` where their triggers stand; in no order, overlaps included."""
    found = ((at, rule) for trigger in places.held(tried) for at in places.starts(trigger) for rule in tried[trigger])
    return matches_at(places.plain, found)


def matches_at(plain: str, places: Iterable[tuple[int, Rule]]) -> list[RuleMatch]:
    """The same at known places, each with a rule that is tried there."""
    return matches_of(plain, ((rule, *span_at(plain, at, rule)) for at, rule in places))


def span_at(plain: str, at: int, rule: Rule) -> tuple[int, int]:
    """The span that the pattern of a rule finds at a place: its group ``mark`` or all of it; (-1, -1) for none."""
    match = rule.regex.match(plain, at)
    return (-1, -1) if match is None else _span(match)


def matches_of(plain: str, spans: Iterable[tuple[Rule, int, int]]) -> list[RuleMatch]:
    """The matches that follow from what the patterns of rules find: not empty, once each, with what stands before."""
    found: dict[tuple[int, int, str], RuleMatch] = {}
    for rule, start, end in spans:
        if start < end:
            start = _grown(plain, start, rule.left)
            if rule.behind and compiled(f"(?<={rule.behind})|(?<![\\s\\S])").match(plain, start) is None:
                continue
            found[start, end, rule.name] = RuleMatch(start, end, rule)
    return list(found.values())


@lru_cache(maxsize=256)
def trials(rules: tuple[Rule, ...]) -> Trials:
    """Rules by trigger."""
    by_trigger: dict[str, list[Rule]] = {}
    for rule in rules:
        for trigger in dict.fromkeys(rule.triggers):
            by_trigger.setdefault(trigger, []).append(rule)
    return by_trigger


def matches_line(rule: Rule, line: str) -> bool:
    """Whether a rule of scope ``line`` matches a whole stripped line."""
    if not line or len(line) > rule.max_chars:
        return False
    if rule.triggers and not any(trigger in line for trigger in rule.triggers):
        return False
    return rule.regex.fullmatch(line) is not None


def speaks_for_document(rule: Rule, places: Places) -> bool:
    """Whether a guard of scope ``document`` matches in as many places as it asks for."""
    count = 0
    for trigger in rule.triggers:
        for at in places.starts(trigger):
            if rule.regex.match(places.plain, at):
                count += 1
                if count >= rule.at_least:
                    return True
    return False


def _span(match: re.Match[str]) -> tuple[int, int]:
    """What a match found: its group ``mark`` or all of it, from the group ``lead`` on where that took part."""
    groups = match.re.groupindex
    start, end = match.span("mark" if "mark" in groups else 0)
    if "lead" in groups and match.start("lead") >= 0:
        start = match.start("lead")
    return start, end


def _grown(plain: str, start: int, left: str) -> int:
    """A start moved to the left over the characters of ``left``; no finding begins with a comma because of them."""
    lowest = max(0, start - MAX_LEFT)
    while start > lowest and plain[start - 1] in left:
        start -= 1
    while plain[start] == ",":  # of the sentence, not of the number
        start += 1
    return start


@lru_cache(maxsize=4096)
def any_fits(names: frozenset[str], globs: tuple[str, ...]) -> bool:
    """Whether any of the names fits any of the globs; documents ask the same again and again."""
    return any(_fits(name, glob) for name in names for glob in globs)


def _fits(name: str, glob: str) -> bool:
    """`fnmatchcase`, which compiles every glob; most are a name or its beginning."""
    begin = glob.removesuffix("*")
    if any(sign in begin for sign in "*?["):
        return fnmatchcase(name, glob)
    return name == glob if begin == glob else name.startswith(begin)
