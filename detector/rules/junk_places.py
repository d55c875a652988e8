"""Where junk lines stand: in head or tail, beside, between or with other junk, in lists below a heading.

What looks like content is never taken by place: sentences, numbered headings, headings that stand again in the
document, quotations, labels with their value.

The head is what stands before the first sentence of content and at least `EDGE_LINES` lines, the tail what stands after
the last one and at least as many. A sentence of content is a line that ends like one, or holds one, and is no junk by
its own rule.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from detector.rules.lines import LineRules, Lines
from detector.rules.page_breaks import BARE_NUMBER, BETWEEN_PAGES, mark_running_heads
from detector.rules.places import Places
from detector.rules.rule_tables import Rule, RuleTable, matches_line, speaks_for_document

EDGE_LINES = 6
"""Non-blank lines that count as head or tail even where sentences reach to the edge of the document."""

MAX_GAP = 3
"""Short lines between two junk lines that are taken with them; a longer run is more likely content (a poem, a list)."""

MAX_SHORT = 18
"""Longest such line, in characters: no slogan of a seller's banner in the real documents is longer."""

MAX_ITEM = 70
"""Longest item of a list of other pages, in characters: headlines rarely are longer."""

PLACED = ("any", "head", "tail", "end")
"""Places of a rule that do not depend on other junk."""

ABOVE_TITLE = ("junk.breadcrumb", "junk.menu_bar")
_FIELDS = (
    "site_metadata", "site_fields", "source_fields", "upload_date",
    "english_fields", "english_file_head", "english_forum", "english_posted", "english_edge", "english_dated",
    "tally_line", "tally_name",
)  # fmt: skip
BELOW_TITLE = tuple(f"junk.{name}" for name in _FIELDS)
"""How the names of rules begin whose lines stand directly above or below the title of a document."""

TITLE_SUFFIX = "junk.title_suffix"
BYLINE, DATE_LINE = "content.byline", "content.date_line"
"""How the names of guards begin whose lines stand below a title, and below a signature."""

TITLE_HAN, TITLE_ENGLISH = "content.titled", "content.headed"
VERSION, SPEAKER, OFFICE = "content.version_line", "content.speaker", "content.office"
"""And of those whose lines are titles by their form, Chinese and English, stand below one, and sign above a date."""

MIN_PROSE = 3
"""Sentences of content from which a text has a tail that is not part of it."""

BETWEEN = "junk.between"
LIST_ITEM = "junk.related_item"

_CONTENT_SHAPE = re.compile(
    r"""
      [一二三四五六七八九十百]{1,4}[、.]          # numbered headings
    | [(][一二三四五六七八九十0-9]{1,3}[)]
    | 第[一二三四五六七八九十百0-9]{1,4}[章节条部编篇回]
    | [0-9]{1,2}[、.)]
    | [—–]{1,2}                                # a signed quotation, an item of a report
    | ["“「『‘《]                                # dialogue, quoted headings
    | [^:]{1,12}:[ ]?\S                        # a label with its value
    | .*[0-9]{4}年.*[0-9]{1,2}月               # dates of documents
    | \#{1,6}[ ]
    """,
    re.VERBOSE,
)
_OWN_LINE = re.compile(
    r"""
      .* (?: 报告|总结|计划|通知|意见|办法|公告|规定|条例|方案|讲话|决定|纪要|公报|说明|通报|致辞|函|信        # titles
           | 汇报|要点|打算|安排|预案|细则|倡议书?|请示|批复|简报|材料|发言|体会|提纲|制度 ) [ ]?(?:[(][^()]{1,12}[)])?
    | .* (?: 政府|委员会|办公室|公司|法院|检察院|大学|学校|[局厅部院] )                              # signatures
    | [0-9\-/.:\ 年月日]+ | .* [0-9一二三四五六七八九十]日                                          # dates, figures
    | 各位.* | 同志们.* | 此致 | 敬礼 | 谢谢.* | 附件.* | (?:dear|yours|sincerely|kind|best|regards) .*
    | .* (?:report|summary|minutes|agenda|introduction|conclusions?|abstract|references|contents)
    """,
    re.VERBOSE,
)
_ITEM_EVIDENCE = re.compile(
    r"""
    [\-•·*◆■▪>]{1,2}[ ]? .* | [0-9]{1,2}[、.][ ]? .* | \[.*\]\(http.*\)
    | .* (?: 范文|范本|模板|样本|素材|大全|精选|集锦|合集
           | [0-9一二三四五六七八九十]{1,3}[ ]?篇 ) [^。,;]{0,8}                             # names of a library
    | .* (?: [(\[]? (?:(?:19|20)[0-9]{2}[\-/.])? [01]?[0-9][\-/.][0-3]?[0-9] [)\]]? | [(\[][0-9]{1,6}[)\]] )
    """,
    re.VERBOSE,
)


def title_line(lines: Lines, marked: Mapping[int, str]) -> int:
    """The line above the first one of `BELOW_TITLE`, no sentence before it, or -1: the title of the document.

    ``marked`` are the junk lines, with their rules.
    """
    first = min((at for at, rule in marked.items() if rule.startswith(BELOW_TITLE)), default=0)
    if first - 1 in marked or (lines.sentences and lines.sentences[0] < first):
        return -1
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

    def is_own(self, name: str, line: str, *, in_head: bool = False) -> bool:
        """Whether a plain line is the document's own by a guard that speaks about a rule, whatever the rule says.

        A guard of place "head" speaks of what stands above the first sentence only.
        """
        guards = self._table.line_guards(name)
        return any((in_head or guard.place != "head") and matches_line(guard, line) for guard in guards)

    def is_named(self, guard: str, line: str) -> bool:
        """Whether a guard whose name begins so matches a plain line."""
        guards = self._table.line_guards(BETWEEN)
        return any(rule.name.startswith(guard) and matches_line(rule, line) for rule in guards)

    def _asked(self, guard: Rule) -> bool:
        if guard.name not in self._speaks:
            self._speaks[guard.name] = speaks_for_document(guard, self._places)
        return self._speaks[guard.name]


def junk_lines(
    lines: Lines, matched: Mapping[int, Sequence[Rule]], guarded: Guarded, table: RuleTable
) -> dict[int, str]:
    """Lines that are junk by a rule or by their place, each with the name of the rule."""
    marked = _by_rules(lines, matched, guarded)
    if marked:
        content = _Content(lines, guarded)
        _lists(lines, marked, table, content)
        _with_junk(lines, marked, table, guarded)
        _lists(lines, marked, table, content)  # headings that count with other junk open lists too
        _beside(lines, marked, table)
        _between(lines, marked, table, content)
        mark_running_heads(lines, marked, placed_rules(table).bare)
        _rest_of_tail(lines, marked, table, content)
    return marked


class _Content:
    """Lines that are not junk wherever they stand: a guard calls them the document's own, or they stand more than once
    in it, as titles do. Lines are counted when this is first asked."""

    def __init__(self, lines: Lines, guarded: Guarded) -> None:
        self._lines, self._guarded = lines, guarded
        self._counts: Counter[str] | None = None

    def is_own(self, name: str, line: str) -> bool:
        """Whether a guard speaks for a line against a rule."""
        return self._guarded.is_own(name, line)

    def stands_again(self, line: str) -> bool:
        """Whether a line stands more than once."""
        if self._counts is None:
            self._counts = Counter(map(self._lines.text, range(len(self._lines))))
        return self._counts[line] > 1


class _Edges(NamedTuple):
    """The head is the lines before ``head``, the tail those from ``tail`` on."""

    head: int
    tail: int


def _edges(lines: Lines, marked: Mapping[int, str]) -> _Edges:
    first = next((at for at in lines.sentences if at not in marked), len(lines))
    last = _last_sentence(lines, marked)
    return _Edges(max(first, EDGE_LINES), min(last + 1, len(lines) - EDGE_LINES))


def _last_sentence(lines: Lines, marked: Mapping[int, str]) -> int:
    """The last line that is a sentence of content, or -1."""
    return next((at for at in reversed(lines.sentences) if at not in marked), -1)


def _by_rules(lines: Lines, matched: Mapping[int, Sequence[Rule]], guarded: Guarded) -> dict[int, str]:
    """Lines that a rule calls junk where they stand, with the rule's name."""
    marked: dict[int, str] = {}

    def mark(place: str, within: Container[int]) -> None:
        for at, rules in matched.items():
            if at in within and at not in marked:
                for rule in rules:
                    if rule.place == place and guarded.allows(rule):
                        marked[at] = rule.name
                        break

    n = len(lines)
    mark("any", range(n))
    if any(rule.place != "any" for rules in matched.values() for rule in rules):
        edges, ends = _edges(lines, marked), (0, n - 1) if n > 1 else ()
        for place, within in (("head", range(edges.head)), ("tail", range(edges.tail, n)), ("end", ends)):
            mark(place, within)
    return marked


def _lists(lines: Lines, marked: dict[int, str], table: RuleTable, content: _Content) -> None:
    """Mark the items of lists of other pages.

    Such a list runs from its heading to the first sentence. Where sentences of content follow it, only items that look
    like items (a bullet, a number, a date or counter at the end) and stand together are taken: a heading of the
    document may follow a list.
    """
    opening = {rule.name for rule in table.select(("junk",), "line") if rule.opens and table.does(LIST_ITEM)}
    headings = sorted(at for at, name in marked.items() if name in opening)
    if not headings:
        return
    last = _last_sentence(lines, marked)
    reached = {True: 0, False: 0}  # a heading inside such a list begins no other: the work stays linear
    for heading in headings:
        in_tail = heading > last
        if heading < reached[in_tail]:
            continue
        at = heading + 1
        while at < len(lines) and _goes_on(lines, at, marked, content, in_tail=in_tail):
            at += 1
        reached[in_tail] = at


def _goes_on(lines: Lines, at: int, marked: dict[int, str], content: _Content, *, in_tail: bool) -> bool:
    """Whether a list of other pages goes on with a line; marks the line if it is an item."""
    if at in marked:
        return True
    text = lines.text(at)
    if len(text) > MAX_ITEM or (lines.is_sentence(at) and not text.endswith(("?", "!", "…"))):
        return False
    if content.is_own(LIST_ITEM, text) or not (in_tail or _ITEM_EVIDENCE.fullmatch(text)):
        return False
    if in_tail or not content.stands_again(text):
        marked[at] = LIST_ITEM
    return True


def _with_junk(lines: Lines, marked: dict[int, str], table: RuleTable, guarded: Guarded) -> None:
    """Mark lines that count in a document with other junk, anywhere or in its head and tail."""
    placed = placed_rules(table)
    groups = placed.anywhere, placed.at_edge, placed.in_tail
    wanted = sum(group.bits for group in groups)
    if not any(bits & wanted for bits in set(lines.bits)):
        return
    edges = _edges(lines, marked)
    for at in range(len(lines)):
        if at not in marked and lines.bits[at] & wanted:
            n_groups = 3 if at >= edges.tail else 2 if at < edges.head else 1
            rule = next(filter(None, (group.first(lines, at) for group in groups[:n_groups])), None)
            if (
                rule is not None
                and rule is not placed.bare
                and guarded.allows(rule)
                and not guarded.is_own(rule.name, lines.text(at))
            ):
                marked[at] = rule.name


def _beside(lines: Lines, marked: dict[int, str], table: RuleTable) -> None:
    """Mark menu words and counters beside junk; one pass down and one up reach every chain of them."""
    beside, in_head = placed_rules(table)[:2]
    if not any(bits & in_head.bits for bits in set(lines.bits)):
        return
    head = _edges(lines, marked).head
    for step in (1, -1):
        for begin in sorted(marked, reverse=step < 0):
            at = begin + step
            while 0 <= at < len(lines) and at not in marked:
                if not _mark(marked, at, lines, in_head if at < head else beside):
                    break
                at += step


BESIDE_BITS = {"next": 1, "head+": 2, "between": 4, "with": 8, "edge+": 16, "tail+": 32}
NEAR_BITS, FAR_BITS = 1 | 2 | 4, 8 | 16 | 32
"""Of places of a rule that depend on other junk."""


class PlacedRules(NamedTuple):
    """The line rules that are tried beside junk, those that are in the head, between junk lines, anywhere in a document
    with other junk, in its head and tail, and in its tail; and the one for ``bare`` numbers of pages."""

    beside: LineRules
    in_head: LineRules
    between: LineRules
    anywhere: LineRules
    at_edge: LineRules
    in_tail: LineRules
    bare: Rule | None


def placed_rules(table: RuleTable) -> PlacedRules:
    """The line rules that depend on other junk, by the places where they do."""

    def made() -> PlacedRules:
        rules = table.select(("junk",), "line")
        bare = next((rule for rule in rules if rule.name == BARE_NUMBER), None)

        def of(*places: str) -> LineRules:
            found = [rule for place in places for rule in rules if rule.place == place]
            return LineRules(found, sum(BESIDE_BITS[place] for place in places))

        return PlacedRules(of("next"), of("next", "head+"), of("between"), of("with"), of("edge+"), of("tail+"), bare)

    return table.kept("placed", made)


def _mark(marked: dict[int, str], at: int, lines: Lines, rules: LineRules) -> bool:
    """Mark a line by the first rule that matches it; returns whether one does."""
    rule = rules.first(lines, at)
    if rule is not None:
        marked[at] = rule.name
    return rule is not None


def _between(lines: Lines, marked: dict[int, str], table: RuleTable, content: _Content) -> None:
    """Mark up to `MAX_GAP` lines that stand between two junk lines, no blank line around or among them.

    The last line before the first sentence that is no junk may be the title: no gap takes it.

    They are lines that a rule of place "between" matches, or short ones that nothing shows to be content. The title of
    the document stands where banners do: under the path of the page, over the line of its date and counter, so neither
    of these encloses a gap.
    """
    rules = placed_rules(table).between
    first = next((at for at in lines.sentences if at not in marked), 0)
    title = next((at for at in range(first - 1, -1, -1) if at not in marked), -1)
    for last, at in pairwise(sorted(marked)):
        if at == last + 1 or at - last > MAX_GAP + 1 or last < title < at:
            continue
        gap = range(last + 1, at)
        if (
            not sum([_mark(marked, place, lines, rules) for place in gap])
            and table.does(BETWEEN)
            and not marked[last].startswith(ABOVE_TITLE)
            and not marked[at].startswith(BELOW_TITLE)
            and not (marked[last] in BETWEEN_PAGES or marked[at] in BETWEEN_PAGES)
            and not any(lines.after_blank[last + 1 : at + 1])
            and all(_is_filler(lines.text(place)) and not content.stands_again(lines.text(place)) for place in gap)
            and not any(content.is_own(BETWEEN, lines.text(place)) for place in gap)
        ):
            marked.update(dict.fromkeys(gap, BETWEEN))


def _rest_of_tail(lines: Lines, marked: dict[int, str], table: RuleTable, content: _Content) -> None:
    """Mark the short lines that follow junk below the last sentence of a text of several sentences.

    They must be at most twice as many as the junk there, and no more than `MAX_GAP` together; a text without prose (a
    form, a poem, a list) has no such tail.
    """
    if not table.does(BETWEEN) or sum(at not in marked for at in lines.sentences) < MIN_PROSE:
        return
    tail = _last_sentence(lines, marked) + 1
    known = [at for at in range(tail, len(lines)) if at in marked and marked[at] not in BETWEEN_PAGES]
    if not known:
        return
    rest = [at for at in range(known[0] + 1, len(lines)) if at not in marked]
    texts = [lines.text(at) for at in rest]
    if len(rest) > 2 * len(known) or not all(_may_follow(text) and not content.is_own(BETWEEN, text) for text in texts):
        return
    if all(any(at - back in marked for back in range(1, MAX_GAP + 1)) for at in rest):
        marked.update(dict.fromkeys(rest, BETWEEN))


def _may_follow(line: str) -> bool:
    """Whether a line below the text has no look of a signature, heading, label or date."""
    return len(line) <= MAX_ITEM and may_be_frequent(line)


def _is_filler(line: str) -> bool:
    """Whether a line is short, no part of a sentence, and not shaped like a title, heading, label or quotation."""
    if len(line) > MAX_SHORT or re.search("[。!?;,]", line):
        return False
    return may_be_frequent(line)


def may_be_frequent(line: str) -> bool:
    """Whether a plain line is not shaped like what documents of one office share and write themselves."""
    return not _CONTENT_SHAPE.match(line) and not _OWN_LINE.fullmatch(line)
