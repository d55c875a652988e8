"""Running heads: what a document turned from printed pages repeats above or below the numbers of its pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from detector.lines import Lines

RUNNING_HEAD = "junk.running_head"

PAGE_NUMBERS = frozenset(("junk.marks_of_page", "junk.page_number"))
"""Rules whose lines are the numbers of pages."""

MAX_RUNNING = 60
"""Longest running head, in characters."""

HEAD_LINES = 6
"""Lines that hold the title and the issue of a paper, which running heads say again."""

MIN_NAMED = 4
"""Shortest word of a running head that can name the document, in characters."""


def running_heads(lines: Lines, marked: Mapping[int, str]) -> list[int]:
    """The lines that are running heads, ascending; ``marked`` are the junk lines with their rules.

    A running head stands beside the number of a page or beside another one that does. It says again what the first
    lines of the document say, word for word but for its numbers, or stands beside at least two numbers.
    """
    numbers = sorted(at for at, rule in marked.items() if rule in PAGE_NUMBERS)
    if not numbers:
        return []
    beside = sorted({near for at in numbers for near in _beside(lines, marked, at)})
    keys = Counter(map(_key, map(lines.text, beside)))
    head = " ".join(lines.text(at) for at in range(min(HEAD_LINES, len(lines))))
    return [at for at in beside if keys[_key(lines.text(at))] > 1 or (at >= HEAD_LINES and _says(lines.text(at), head))]


def _beside(lines: Lines, marked: Mapping[int, str], number: int) -> list[int]:
    """The line before and after the number of a page, other junk lines passed over, where it may be a running head."""
    found = []
    for step in (1, -1):
        at = number + step
        while at in marked and marked[at] not in PAGE_NUMBERS and abs(at - number) < HEAD_LINES:
            at += step
        if 0 <= at < len(lines) and at not in marked and lines.length(at) <= MAX_RUNNING and not lines.is_sentence(at):
            found.append(at)
    return found


def _key(line: str) -> str:
    return re.sub("[0-9]+", "0", line)


def _says(line: str, head: str) -> bool:
    """Whether every word of a line stands in the first lines, and one is long enough to name the document."""
    words = line.split()
    return max(map(len, words)) >= MIN_NAMED and all(word in head for word in words)
