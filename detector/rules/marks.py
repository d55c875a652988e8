"""Marks: what spelling and near context tell about places where content should stand, and about masked names.

A mark is found before tokens are made, because it is one token. Its kind is ``placeholder`` or ``masked``; nothing here
looks beyond the one document, and what other documents have in its place does not yet change the kind. Three things
decide, in this order: the rules (rows of ``placeholders.toml`` and ``masks.toml``), the guards that keep their
false friends, and, for rules that are not certain alone, how many certain marks of the same character stand in the
document. Marks that no rule lists are found by where they stand (`detector.rules.stand_ins`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from detector.model import Hit
from detector.rules.places import Block, Places
from detector.rules.rule_tables import Rule, RuleMatch, RuleTable, find_spans, speaks_for_document, trials
from detector.rules.spaced_stand_ins import may_have_spaced_marks, spaced_marks
from detector.rules.stand_ins import REPEATED_MARK, STAND_IN, may_have_marks, pronoun_stand_ins, repeated_marks

MARK_KINDS = ("placeholder", "masked")

_GOES_ON = re.compile("[0-9][0-9:.、]|某[某甲乙丙丁戊己0-9些个种]|([*×○])\\1")
"""The last character of a word and what follows it, where they are more than the word."""

_LETTER_ACTS = re.compile(
    r"""
    (?: (?<![\s\S]) | (?<=[\n“"‘(]) | (?<=[.,;:!?][ ]) | (?<=[ ]and[ ]) | (?<=[ ]that[ ]) | (?<=[ ]when[ ])
      | (?<=[ ]but[ ]) | (?<=because[ ]) | (?<=while[ ]) | (?<=[ ]if[ ]) | (?<=[ ]then[ ]) | (?<=after[ ])
      | (?<=before[ ]) | (?<=[ ]to[ ]) | (?<=with[ ]) | (?<=[ ]by[ ]) | (?<=[ ]of[ ]) | (?<=whether[ ])
      | (?<=[ ]as[ ]) )
    [b-hj-z]
    (?= ['’]s[ ] | [ ] (?: was | is | had | has | did | does | said | told | lived | left | went | came | made | gave
      | took | claimed | denied | stated | agreed | refused | could | would | will | may | must | married | worked
      | wrote | asked | and[ ](?:his|her) ) [ ] )
    """,
    re.VERBOSE,
)
"""A letter where only a person can stand."""


def find_marks(plain: str, table: RuleTable) -> list[Hit]:
    """Placeholders and masks of a plain text, sorted, without overlaps; evidence names what is not plain to see.

    Where two rules meet, a mask wins over a placeholder, then the longer mark, then the name of the rule.
    """
    places = Places(plain)
    return marks_of(places, find_spans(places, table.trials(MARK_KINDS)), table, pronouns=True, repeated=True)


def marks_of(
    places: Places, matches: list[RuleMatch], table: RuleTable, *, pronouns: bool, repeated: bool
) -> list[Hit]:
    """The same by what its rules match; whether its text may have stand-ins of pronouns, and repeated marks."""
    hits = pronoun_stand_ins(places.plain) if pronouns and table.does(STAND_IN) else []
    evidence: dict[RuleMatch, Mapping[str, object]] = {}
    if repeated and table.does(REPEATED_MARK):
        rule = table.named(REPEATED_MARK)
        for mark in (*repeated_marks(places.plain), *spaced_marks(places.plain)):
            evidence.update((RuleMatch(start, end, rule), mark.evidence) for start, end in mark.places)
        matches = [*matches, *evidence]
    if matches:
        matches = _unguarded(places, matches, table)
        matches, masked = _by_document(places, matches, table)
        matches = _certain(places.plain, matches)
        hits += [
            Hit(*match[:2], "masked" if rule.name in masked else rule.kind, rule.name, evidence.get(match, {}))
            for match, rule in ((match, match.rule) for match in matches)
        ]
        hits += _everywhere(places.plain, [match for match in matches if match.rule.everywhere])
    return _without_overlaps(hits) if hits else []


def with_repeated_marks(block: Block, table: RuleTable) -> frozenset[int]:
    """The texts of a block that have repeated marks; few are asked, and of those few have any."""
    if not table.does(REPEATED_MARK):
        return frozenset()
    ways = ((may_have_marks, repeated_marks), (may_have_spaced_marks, spaced_marks))
    asked = ((row, marks) for may, marks in ways for row in np.flatnonzero(may(block.plain, block.bounds)).tolist())
    return frozenset(row for row, marks in asked if marks(block.text(row)))


def _unguarded(places: Places, matches: list[RuleMatch], table: RuleTable) -> list[RuleMatch]:
    """The matches that no guard of scope ``span`` covers in part."""
    guards = table.guards(places, {match.rule.name for match in matches}, "span")
    if not guards:
        return matches
    kept_back: dict[Rule, list[tuple[int, int]]] = defaultdict(list)
    for found in find_spans(places, trials(guards)):
        kept_back[found.rule].append((found.start, found.end))
    covered: dict[str, list[tuple[int, int]]] = {}
    for name in {match.rule.name for match in matches}:
        spans = (span for guard, spans in kept_back.items() if guard.affects_rule(name) for span in spans)
        covered[name] = _merged(spans)
    return [match for match in matches if not _touches(covered[match.rule.name], match.start, match.end)]


def _by_document(places: Places, matches: list[RuleMatch], table: RuleTable) -> tuple[list[RuleMatch], frozenset[str]]:
    """The matches that no guard of scope ``document`` drops, and the names of the rules that one calls masked."""
    names = {match.rule.name for match in matches}
    guards = [guard for guard in table.guards(places, names, "document") if speaks_for_document(guard, places)]
    dropped = {name for name in names for guard in guards if guard.verdict == "content" and guard.affects_rule(name)}
    masked = {name for name in names for guard in guards if guard.verdict == "masked" and guard.affects_rule(name)}
    return [match for match in matches if match.rule.name not in dropped], frozenset(masked)


def _certain(plain: str, matches: Sequence[RuleMatch]) -> list[RuleMatch]:
    """The matches of certain rules, and those of others where enough certain marks share their first character.

    What a rule must find more than once is counted first.
    """
    repeated = Counter((match.rule.name, plain[match.start : match.end]) for match in matches if match.rule.repeats > 1)
    matches = [
        match
        for match in matches
        if match.rule.repeats < 2 or repeated[match.rule.name, plain[match.start : match.end]] >= match.rule.repeats
    ]
    places: dict[str, set[int]] = defaultdict(set)
    for match in matches:
        if match.rule.needs == 0 and match.rule.kind == "placeholder":
            places[plain[match.start]].add(match.start)
            if plain[match.start] in "[(【〔":  # what a bracket holds is a sign as well
                places[plain[match.start + 1]].add(match.start)
    return [match for match in matches if len(places[plain[match.start]]) >= match.rule.needs]


def _everywhere(plain: str, told: Sequence[RuleMatch]) -> list[Hit]:
    """The other places of words that a telling place gave away: a name that is covered once is covered everywhere.

    They are looked for at their second characters, as there are few of those: one pass, whatever the number of words.
    """
    first: dict[str, RuleMatch] = {}
    for match in sorted(told, key=lambda match: match[:2]):
        first.setdefault(plain[match.start : match.end], match)
    letters = [match for word, match in sorted(first.items()) if len(word) == 1]
    again = [hit for match in letters for hit in _letter_again(plain, match)]
    lengths = sorted({len(word) for word in first if len(word) > 1}, reverse=True)
    if not lengths:
        return again
    seconds = re.compile("[" + re.escape("".join(sorted({word[1] for word in first if len(word) > 1}))) + "]")
    taken = {match.start for match in told}
    hits = again
    for found in seconds.finditer(plain, 1):
        start = found.start() - 1
        for end in (start + length for length in lengths):
            by = first.get(plain[start:end])
            if by is not None:
                if start not in taken and not _GOES_ON.match(plain, end - 1):
                    hits.append(Hit(start, end, by.rule.kind, by.rule.name, {"told_at": by.start}))
                break
    return hits


def _letter_again(plain: str, told: RuleMatch) -> Iterator[Hit]:
    """The other places of a letter that stands for a name: where a person does something or has something."""
    for found in _LETTER_ACTS.finditer(plain):
        if plain[found.start()] == plain[told.start] and found.start() != told.start:
            yield Hit(found.start(), found.start() + 1, told.rule.kind, told.rule.name, {"told_at": told.start})


def _without_overlaps(hits: Iterable[Hit]) -> list[Hit]:
    """The hits by place; of overlapping ones the mask, then the longest, then the first name."""
    taken: set[int] = set()
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.kind != "masked", hit.start - hit.end, hit.start, hit.rule)):
        places = range(hit.start, hit.end)
        if taken.isdisjoint(places):
            taken.update(places)
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.start)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping spans made one, sorted."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _touches(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether any of some sorted, separate spans has a character of ``start`` to ``end``."""
    low, high = 0, len(spans)
    while low < high:
        middle = (low + high) // 2
        if spans[middle][1] <= start:
            low = middle + 1
        else:
            high = middle
    return low < len(spans) and spans[low][0] < end
