"""The lines of a text, and which rules can match them.

What the lines of a corpus hold is found by a compiled pass (`detector.rules.places`); here is the definition of a line,
and the same for one text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from detector.rules.places import LINE_BREAKS, MIN_SENTENCE, MIN_WORDS
from detector.rules.rule_tables import Rule, matches_line

_LINE = re.compile(f"[^{LINE_BREAKS}]+")
_SENTENCE_END = re.compile("[。!?;…][”’\"')」』》\\]]{0,3}$|[.][”’\"')]{0,3}$")
_INNER_END = re.compile('[。!?;](?=.)|[.!?][”"]? (?=.)')
_NUMBERED = re.compile("[(]?[0-9]{1,3}[.)、][ ]?")


ANY_BIT = 255
"""Of a line of which it is not known which rules may match it."""


class Lines:
    """The non-blank lines of a plain text, without their surrounding blanks.

    ``starts``, ``ends`` are their offsets, ``after_blank`` whether a blank line stands before each, ``sentences`` those
    that read as a sentence of content, ascending. ``bits`` are those of the `LineRules` that may match each.
    """

    __slots__ = ("after_blank", "bits", "ends", "plain", "sentences", "starts")

    def __init__(
        self,
        plain: str,
        starts: Sequence[int],
        ends: Sequence[int],
        after_blank: Sequence[bool],
        sentences: Sequence[int],
        bits: Sequence[int],
    ) -> None:
        self.plain, self.starts, self.ends = plain, starts, ends
        self.after_blank, self.sentences, self.bits = after_blank, sentences, bits

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
    return Lines(plain, starts, ends, after_blank, sentences, bytes((ANY_BIT,)) * len(starts))


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
    """For each line the rules, in their order, that match it wherever it stands."""
    held = [rule for rule in rules if not rule.triggers or any(trigger in lines.plain for trigger in rule.triggers)]
    found = {at: [rule for rule in held if matches_line(rule, lines.text(at))] for at in range(len(lines))}
    return {at: matching for at, matching in found.items() if matching}


class LineRules:
    """Rules of scope ``line`` that are tried on lines beside others; ``bits`` says which they are."""

    __slots__ = ("bits", "rules")

    def __init__(self, rules: Sequence[Rule], bits: int) -> None:
        self.rules, self.bits = rules, bits

    def first(self, lines: Lines, at: int) -> Rule | None:
        """The first rule that matches a line."""
        if not lines.bits[at] & self.bits:
            return None
        text = lines.text(at)
        return next((rule for rule in self.rules if matches_line(rule, text)), None)
