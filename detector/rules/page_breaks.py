"""What a conversion leaves between the pages of a text: numbers, and the running heads beside them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from itertools import pairwise

from detector.rules.lines import Lines
from detector.rules.rule_tables import Rule, matches_line

RUNNING_HEAD, PAGE_NUMBER = "junk.running_head", "junk.page_number"
BETWEEN_PAGES = (PAGE_NUMBER, "junk.running_number", RUNNING_HEAD, "junk.english_prompt")
"""Rules of lines that stand between the pages of a text, so that what they enclose may be a short page."""

NUMBERS = BETWEEN_PAGES[:2]
BARE_NUMBER = "junk.bare_page_number"
"""The rule of lines that are the number of a page where a running head stands beside them."""

MIN_PAGES = 2
"""Numbers of pages that a running head must stand beside."""

MIN_HEAD, MAX_HEAD = 6, 70
"""Characters of a running head: what a table repeats beside its numbers is mostly shorter."""


def mark_running_heads(lines: Lines, marked: dict[int, str], bare: Rule | None) -> None:
    """Mark lines that stand beside several numbers of pages, bare numbers beside those, and the same lines elsewhere.

    A number of a page is one that a rule matches, or a line of digits that grow from one to the next, with a sentence
    of content between each and the next: the numbers of a table have none. Numbers in a head count as equal. ``bare``
    is the rule for lines of digits, if there is one.
    """
    numbers = _page_numbers(lines, marked, bare)
    if len(numbers) >= MIN_PAGES:
        own = set(numbers)
        beside = dict.fromkeys(at + step for at in numbers for step in (-1, 1) if 0 <= at + step < len(lines))
        keys = {
            at: _key(lines.text(at)) for at in beside if at not in marked and at not in own and _may_head(lines, at)
        }
        counts = Counter(keys.values())
        heads = {at: RUNNING_HEAD for at, key in keys.items() if counts[key] >= MIN_PAGES}
        marked.update(heads)
        marked.update({at: BARE_NUMBER for at in numbers if at not in marked and {at - 1, at + 1} & heads.keys()})
    known = {lines.text(at) for at, name in marked.items() if name == RUNNING_HEAD}
    for at in range(len(lines)) if known else ():
        if at not in marked and lines.text(at) in known:
            marked[at] = RUNNING_HEAD


def _page_numbers(lines: Lines, marked: dict[int, str], bare: Rule | None) -> list[int]:
    """The lines that may be numbers of pages, ascending."""
    digits = [at for at in range(len(lines)) if bare and at not in marked and matches_line(bare, lines.text(at))]
    if not all(int(lines.text(low)) < int(lines.text(high)) for low, high in pairwise(digits)):
        digits = []
    found: list[int] = []
    for at in sorted([*digits, *(at for at, name in marked.items() if name in NUMBERS)]):
        if not found or bisect_right(lines.sentences, at) > bisect_right(lines.sentences, found[-1]):
            found.append(at)
    return found


def _may_head(lines: Lines, at: int) -> bool:
    """Whether a line may be a running head: short, but longer than a cell of a table, and no sentence."""
    return MIN_HEAD <= lines.length(at) <= MAX_HEAD and not lines.is_sentence(at)


def _key(line: str) -> str:
    return re.sub("[0-9]+", "0", line)
