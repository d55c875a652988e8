"""The lines of a text, and which rules can match them.

What the lines of a corpus hold is found by a compiled pass (`detector.places`); here is the definition of a line, and
the same for one text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence

from detector.places import LINE_BREAKS, MIN_SENTENCE, MIN_WORDS, AnyOf, Places
from detector.rules import Rule, matches_line

_LINE = re.compile(f"[^{LINE_BREAKS}]+")
_SENTENCE_END = re.compile("[。!?;…][”’\"')」』》\\]]{0,3}$|[.][”’\"')]{0,3}$")
_INNER_END = re.compile('[。!?;](?=.)|[.!?][”"]? (?=.)')
_NUMBERED = re.compile("[(]?[0-9]{1,3}[.)、][ ]?")


class Lines:
    """The non-blank lines of a plain text, without their surrounding blanks.

    ``starts``, ``ends`` are their offsets, ``after_blank`` whether a blank line stands before each, ``sentences`` those
    that read as a sentence of content, ascending.
    """

    __slots__ = ("after_blank", "ends", "plain", "sentences", "starts")

    def __init__(
        self,
        plain: str,
        starts: Sequence[int],
        ends: Sequence[int],
        after_blank: Sequence[bool],
        sentences: Sequence[int],
    ) -> None:
        self.plain, self.starts, self.ends = plain, starts, ends
        self.after_blank, self.sentences = after_blank, sentences

    def __len__(self) -> int:
        return len(self.starts)

    def text(self, at: int) -> str:
        """The characters of a line."""
        return self.plain[self.starts[at] : self.ends[at]]

    def length(self, at: int) -> int:
        """The number of characters of a line."""
        return self.ends[at] - self.starts[at]

    def is_sentence(self, at: int) -> bool:
        """Whether a line reads as a sentence of content."""
        place = bisect_left(self.sentences, at)
        return place < len(self.sentences) and self.sentences[place] == at


def split_lines(plain: str) -> Lines:
    """The non-blank lines of a plain text.

    >>> lines = split_lines("a\\n\\n b ")
    >>> [lines.text(at) for at in range(len(lines))], lines.after_blank
    (['a', 'b'], [False, True])
    """
    starts: list[int] = []
    ends: list[int] = []
    after_blank: list[bool] = []
    sentences: list[int] = []
    end = 0
    for match in _LINE.finditer(plain):
        whole = match[0]
        body = whole.strip()
        if body:
            start = match.start() + len(whole) - len(whole.lstrip())
            breaks = plain.count("\n", end, start) or plain.count("\r", end, start)
            end = start + len(body)
            if is_sentence(body):
                sentences.append(len(starts))
            starts.append(start)
            ends.append(end)
            after_blank.append(breaks > 1)
    return Lines(plain, starts, ends, after_blank, sentences)


def is_sentence(line: str) -> bool:
    """Whether a plain line reads as a sentence of content: long enough, and ends like one or holds the end of one.

    >>> is_sentence("全镇干群同心协力,稳步前行。"), is_sentence("关于我们 | 联系我们")
    (True, False)
    """
    numbered = _NUMBERED.match(line)
    if numbered:
        line = line[numbered.end() :]
    spaced = line.isascii() or line.count(" ") * 8 > len(line)
    if (line.count(" ") + 1 < MIN_WORDS) if spaced else len(line) < MIN_SENTENCE:
        return False
    return bool(_SENTENCE_END.search(line) or (len(line) >= 2 * MIN_SENTENCE and _INNER_END.search(line)))


def rules_by_line(lines: Lines, rules: Sequence[Rule]) -> dict[int, list[Rule]]:
    """For each line the rules, in their order, of which it holds a trigger; what has none is tried on every line."""
    places = Places(lines.plain)
    by_trigger: dict[str, set[int]] = {}
    tried: dict[int, list[Rule]] = defaultdict(list)
    for rule in rules:
        found = set(range(len(lines))) if not rule.triggers else set()
        for trigger in places.held(rule.triggers):
            if trigger not in by_trigger:
                by_trigger[trigger] = _lines_with(trigger, lines)
            found |= by_trigger[trigger]
        for at in found:
            if lines.length(at) <= rule.max_chars:
                tried[at].append(rule)
    return {at: tried[at] for at in sorted(tried)}


def _lines_with(trigger: str, lines: Lines) -> set[int]:
    """The lines that hold a trigger; each is looked at once."""
    found: set[int] = set()
    start = lines.plain.find(trigger)
    while start >= 0:
        at = bisect_right(lines.starts, start) - 1
        if at >= 0:
            if start + len(trigger) <= lines.ends[at]:
                found.add(at)
            start = max(start, lines.ends[at] - 1)
        start = lines.plain.find(trigger, start + 1)
    return found


class LineRules:
    """Rules of scope ``line`` that are tried on lines of which no trigger is known."""

    __slots__ = ("_patterns", "max_chars", "rules")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.max_chars = max((rule.max_chars for rule in rules), default=0)
        self._patterns = AnyOf([rule.pattern for rule in rules])

    def first(self, line: str) -> Rule | None:
        """The first rule that matches a stripped line."""
        if self._patterns.may_match_all(line) is None:
            return None
        return next((rule for rule in self.rules if matches_line(rule, line)), None)
