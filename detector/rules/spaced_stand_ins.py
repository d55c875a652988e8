"""Repeated marks in text of spaced scripts: the same mark each time where figures should stand ("trained ## people").

The phenomenon is that of `detector.rules.stand_ins`; here words are told by spaces, and what counts is a word of its
own. A number is written after a currency, before a percent sign, before what is counted, after "more than" and the
like. A mark that nobody writes otherwise must stand in three kinds of such places, a letter or a row of noughts in
four; most of its places in the document must be such.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.standing_words import hash_words, may_repeat_spaced
from detector.rules.places import compiled
from detector.rules.stand_ins import MAX_TEXT, RepeatedMark, is_of_han, most_frequent
from detector.text.folding import SEPARATOR, character_table, code_points, is_blank

_COUNTED = """
    percent million millions billion billions trillion thousand thousands hundred hundreds dozen dozens day days
    week weeks month months year years hour hours minute minutes second seconds night nights time times people
    person men women children families family households residents students student pupils teachers patients
    nurses doctors workers farmers employees staff engineers members participants attendees visitors guests
    volunteers donors customers clients partners users followers subscribers respondents speakers winners teams
    dollars euros pounds yuan usd points units items products orders shares copies books pages meals trees acres
    hectares miles kilometers kilometres metres meters feet km kg tons tonnes barrels kwh mw litres liters
    gallons schools hospitals clinics homes houses rooms offices branches stores locations sites farms villages
    communities towns cities countries states counties companies businesses organizations organisations vehicles
    projects programs programmes grants permits tickets applications events sessions workshops meetings
    interviews samples cases deaths responses votes jobs downloads views calls
"""
COUNTED = tuple(_COUNTED.split())
"""What reports count."""

_NAMED = """
    university college school academy institute hospital clinic church museum library theatre theater hotel restaurant
    county city township borough district province parish street avenue road boulevard lane park
    foundation trust fund charity society association council committee ministry department agency bureau commission
    company corporation inc ltd llc plc bank group holdings partners airlines railway
"""
NAMED = tuple(_NAMED.split())
"""What names end in."""

_ABOUT = "than over nearly about around approximately almost least to only another roughly some"
ABOUT = tuple(_ABOUT.split())
"""The last words of what stands before a figure, as in "more than"."""

WORDS = ("tk", "tbd", "tba", "tbc", "xyz", "abc", "num", "number", "nnn", "foo", "blank")
"""Words that stand for others."""

FIRST_SIGNS = "#?@&%^~=+!/*_[<{($"
"""What marks begin with, besides symbols, letters and digits; ``tests/test_spaced_stand_ins.py`` knows them."""

_TAGS = """
    a | abbr | b | big | body | br | code | dd | div | dl | dt | em | font | form | h[1-6] | head | hr |
    html | i | img | input | kbd | li | ol | p | pre | q | s | samp | small | span | strike | strong |
    sub | sup | table | tbody | td | th | title | tr | tt | u | ul | var
"""
_INSIDE = r"[^\[\](){}<>\r\n,.;:]"
_TOKEN = rf"""
    (?<! [^\s("“$£€] )
    (?P<token>
        (?P<signs> \#{{2,4}}(?:[.,]\#{{1,3}})? | \#[.,]\#{{1,3}} | [?]{{2,4}} | @{{2,4}} | &{{2,4}}
          | %{{2,4}}(?!%) | \^{{2,4}} | ~{{2,4}}
          | ={{2,4}} | \+{{2,4}} | !{{2,4}} | /{{2,4}} | \*{{2,4}} | _{{1,24}}
          | [\u2022\u25a0-\u25ff\u2605\u2606]{{1,4}}
          | \[ {_INSIDE}{{0,10}} \] | (?! </?(?:{_TAGS})[ ]?/?> ) <{_INSIDE}{{0,10}}> | <<{_INSIDE}{{0,10}}>>
          | \$?\{{ {_INSIDE}{{0,10}} \}} | \{{\{{ {_INSIDE}{{0,10}} \}}\}} | \( {_INSIDE}{{1,10}} \) | %[ds] )
      | (?P<digits> 0{{2,4}} | 9{{2,4}} | 9,999 | [0-9]x{{1,3}} )
      | (?P<word> x{{1,4}}[.,]x{{1,3}} | [nxyz] | (?P<double>[a-z])(?P=double){{1,3}} | {"|".join(WORDS)} )
    )
    (?! [a-z0-9_$=(\[{{/\\-] | [.,][a-z0-9\#] )"""
_AFTER = rf"""
    (?P<percent> % (?![\w%]) )
  | [ ] (?P<counted> {"|".join(sorted(COUNTED, reverse=True))} ) (?![a-z\-])
  | [ ] (?P<named> {"|".join(sorted(NAMED, reverse=True))} ) (?![a-z\-])
  | [ ] (?P<plural> [a-z]{{3,20}}s ) (?![a-z])
  | (?P<stop> [,.;)] (?!\S) | [ ] (?:of|and|in|up|for|with) [ ] )"""
_BEFORE = re.compile("(?:^|[^a-z])([a-z]{1,16})[ ]$")
_PLACED = "in to from of by at than reached and for since until with worth near between over about"
_PREPOSITIONS = frozenset(_PLACED.split())
_OF = re.compile(
    "(?<![a-z])(?:city|town|village|county|state|province|university|college|bank|church|parish|port|republic|kingdom"
    "|department|ministry|mayor|bishop|diocese|board) of $"
)
"""What stands before a name alone."""

_CURRENCIES = frozenset("$£€")
_NO_MARK = re.compile(r"\[[.…]+\]|\[sic\]|[\[(<{].*[0-9].*|\((?!number|amount|insert|figure|x).*[a-z]{2}.*\)")
"""Ellipses, what editors say, citations and items of lists, and words in parentheses."""


class _Slot(NamedTuple):
    """A place where a figure should stand; ``firm`` if little else can stand there."""

    start: int
    end: int
    kind: str
    firm: bool


def spaced_marks(plain: str) -> list[RepeatedMark]:
    """Marks that stand, the same each time, where figures should stand in a text of a spaced script."""
    if len(plain) > MAX_TEXT or is_of_han(plain):
        return []
    slots: dict[str, list[_Slot]] = defaultdict(list)
    is_strange: dict[str, bool] = {}
    for match in compiled(_TOKEN).finditer(plain):
        slot = _slot(plain, match)
        if slot is not None and not _NO_MARK.fullmatch(match["token"]):
            slots[match["token"]].append(slot)
            is_strange[match["token"]] = match["signs"] is not None and len(match["token"]) > 1
    found = []
    for token, places in most_frequent(slots):
        kinds = {slot.kind for slot in places}
        firm = {slot.kind for slot in places if slot.firm}
        wanted = 3 if is_strange[token] else 4
        if len(kinds) >= wanted and len(firm) >= wanted - 1:
            n_occurrences = _count(plain, token)
            if 2 * len(places) >= n_occurrences:
                spans = {(slot.start, slot.end) for slot in places}
                if is_strange[token]:
                    spans.update(_everywhere(plain, token))
                found.append(RepeatedMark(token, tuple(sorted(spans)), tuple(sorted(kinds)), n_occurrences))
    return found


def may_have_spaced_marks(plain: NDArray[np.uint32], bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each text ``plain[bounds[d]:bounds[d + 1]]`` can have such marks: most that can have none are passed
    over."""
    found = np.empty(len(bounds) - 1, dtype=np.bool_)
    may_repeat_spaced(plain, bounds, is_blank(), *_gate(), found)
    return np.asarray(found & (np.diff(bounds) <= MAX_TEXT))


@cache
def _gate() -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.uint64], NDArray[np.uint64]]:
    """What marks begin with (by code point, and by two letters), and the words that tell figures, as
    `may_repeat_spaced` reads it."""
    begins = (character_table().classes == SEPARATOR) & ~is_blank()
    begins[:0x80] = False
    begins[[ord(sign) for sign in FIRST_SIGNS]] = True
    pairs = np.zeros(26 * 26, dtype=np.bool_)
    pairs[np.arange(26) * 27] = True
    for word in WORDS:
        pairs[(ord(word[0]) - 0x61) * 26 + ord(word[1]) - 0x61] = True
    return np.asarray(begins), pairs, _hashes((*COUNTED, *NAMED)), _hashes((*ABOUT, "of"))


def _hashes(words: tuple[str, ...]) -> NDArray[np.uint64]:
    out = np.empty(len(words), dtype=np.uint64)
    indptr = np.cumsum([0, *map(len, words)], dtype=np.int64)
    hash_words(code_points("".join(words)), indptr, out)
    return np.sort(out)


def _slot(plain: str, match: re.Match[str]) -> _Slot | None:
    """The place of a token that was found, if a figure should stand there."""
    start, end = match.span("token")
    if start and plain[start - 1] in _CURRENCIES:
        return _Slot(start, end, plain[start - 1], True)
    after = compiled(_AFTER).match(plain, end)
    if after is None:
        return None
    if after["percent"]:
        return _Slot(start, end, "%", True)
    if after["named"]:
        return _Slot(start, end, after["named"], True)
    if after["stop"] and _OF.search(plain, max(0, start - 16), start):
        return _Slot(start, end, "of ...", True)
    before = _BEFORE.search(plain, max(0, start - 18), start)
    if before is None:
        return None
    if after["counted"]:
        return _Slot(start, end, after["counted"], True)
    if after["plural"]:
        return _Slot(start, end, after["plural"], before[1] in ABOUT)
    return _Slot(start, end, f"{before[1]} ...", False) if before[1] in _PREPOSITIONS else None


def _everywhere(plain: str, token: str) -> Iterator[tuple[int, int]]:
    """All places of a mark that nobody writes otherwise, but for those where it may begin a heading."""
    found = (match.span("token") for match in compiled(_TOKEN).finditer(plain) if match["token"] == token)
    return ((start, end) for start, end in found if start and plain[start - 1] not in "\r\n")


def _count(plain: str, token: str) -> int:
    """How often a token stands in a text, as no part of a longer word or row of signs."""
    if token[0].isalnum():
        return len(re.findall(rf"(?<![a-z0-9]){re.escape(token)}(?![a-z0-9])", plain))
    if token[-1] in ")]}>":
        return plain.count(token)
    first, last = re.escape(token[0]), re.escape(token[-1])
    return len(re.findall(rf"(?<!{first}){re.escape(token)}(?!{last})", plain))
