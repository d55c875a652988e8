"""What keeps lines of a document from being called junk: guards of the rule tables, titles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from detector.lines import Lines
from detector.places import Places
from detector.rules import Rule, RuleTable, speaks_for_document


def title_line(lines: Lines, marked: Mapping[int, str], below: tuple[str, ...]) -> int | None:
    """The line above the first one of a rule whose name begins with one of ``below``, no sentence before it.

    There a site sets date and counter under the title of the document; ``marked`` are the junk lines, with their rules.
    """
    first = min((at for at, rule in marked.items() if rule.startswith(below)), default=0)
    if not first or first - 1 in marked or (lines.sentences and lines.sentences[0] < first):
        return None
    return first - 1


class Guarded:
    """Which rules no guard of scope ``document`` takes out for a text; asked only about rules that match."""

    def __init__(self, places: Places, table: RuleTable) -> None:
        self._places, self._table = places, table
        self._speaks: dict[str, bool] = {}
        self._allows: dict[str, bool] = {}

    def allows(self, rule: Rule) -> bool:
        """Whether what the rule matches in this text counts."""
        if rule.name not in self._allows:
            guards = self._table.guards(self._places, (rule.name,), "document")
            self._allows[rule.name] = not any(self._asked(guard) for guard in guards)
        return self._allows[rule.name]

    def _asked(self, guard: Rule) -> bool:
        if guard.name not in self._speaks:
            self._speaks[guard.name] = speaks_for_document(guard, self._places)
        return self._speaks[guard.name]


class Titles:
    """Lines that stand more than once in the document: titles do. Counted when first asked."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._counts: Counter[str] | None = None

    def __contains__(self, line: str) -> bool:
        if self._counts is None:
            self._counts = Counter(map(self._lines.text, range(len(self._lines))))
        return self._counts[line] > 1
