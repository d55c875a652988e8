"""Artefacts of machine rewriting: swapped years, wrong characters of a script conversion, and the flags of documents.

A text that was respun for another year carries comparisons of a year with itself; one that was converted character by
character carries 製度 for 制度. Both are found with reviewed tables (``artefacts.toml``), never by guessing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from detector.model import Hit
from detector.text.folding import N_CODE_POINTS, code_points
from detector.text.kept_tables import toml_of

FLAG_NAMES = ("machine_converted", "mojibake", "spun", "year_swapped")
"""The flags of documents, sorted; columns hold a bit for each."""

ANNIVERSARY = "year_swap.anniversary"
SCRIPT_ERROR = "script_error.character"

ANNIVERSARY_TOLERANCE = 0
"""Years that a 周年 may differ from the event's. None: a 周年 counts exactly, and it is only read where the year itself
is said to be it ("2021年是…41周年"); texts that look ahead or back name another year or none."""

TRADITIONAL_SHARE = 0.10
"""Share of Han characters with a simpler form from which a text is traditional. In running traditional text it is about
0.3; quotations and names in a simplified text stay far below."""

KANA_SHARE = 0.05
"""Kana per Han character from which a text is Japanese, where other characters are right."""

MIN_SCRIPT_ERRORS = 5
"""Fewer can be slips of a writer's input method."""

SCRIPT_ERRORS_PER_THOUSAND = 1.0
"""Of Han characters: a long text by many hands may hold five slips, a converted one holds about ten in a thousand."""

MIN_SPUN_SIGNALS = 2
"""One token or one reworded repeat can be a slip; two are a method."""

MIN_ANNIVERSARIES = 2
"""A wrong anniversary alone can be the author's arithmetic; a comparison of a year with itself cannot."""

MIN_MOJIBAKE = 3
MOJIBAKE_PER_THOUSAND = 0.5
"""Of all characters, together with at least `MIN_MOJIBAKE`: a text that only quotes broken text stays below."""

SPUN_REPEAT = "artefact.spun_repeat"
SPUN_RULES = ("placeholder.keyword_token", "placeholder.stand_in")

_OCCASION = "(?:既?是|恰逢|适逢|正值|正逢|喜逢|时逢|欣逢|喜迎|将?迎来了?|我们迎来了?|(?:我们)?(?:隆重)?(?:庆祝|纪念))"
"""How a sentence says what anniversary a year is."""

MOST_OF_SENTENCE = 120
"""Characters of a sentence that are read."""

_SENTENCE_OF_YEAR = re.compile(
    "[0-9]{4}年(?:,|既?是|恰逢|适逢|正值)(?:(?![0-9]{4}年|[去明今来昨前次上]年)[^。;!?\n\r])"
    f"{{1,{MOST_OF_SENTENCE}}}"
)
"""What a sentence says after a year that it begins with, up to another year."""

YEAR_REACH = 200
"""Characters after a year in which a finding says it again or says 周年: more than any pattern here can span."""

_YEAR = re.compile("(?<![0-9])(?:19|20)[0-9]{2}年")
_CHINESE_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")}
_MOJIBAKE = r"""
      \N{REPLACEMENT CHARACTER}+ | 锟斤拷 | 烫烫烫 | 屯屯屯                       # bytes that were no text
    | [\xc2\xc3][\x80-\xbf]                                                  # UTF-8 of Latin letters read as Latin-1
    | \xe2(?:\N{EURO SIGN}|\x80)[\x80-\x9f\u2122\u201c\u201d\u0153\u02dc\xa6]  # of quotation marks and dashes
    | (?:[\xe4-\xe9][\x80-\xbf\u0152-\u0192\u02c6-\u2122]{2}){2}              # of Chinese
    | 锛[\u3400-\u9fff] | 銆[\u3400-\u9fff\ue000-\uf8ff\N{EURO SIGN}] | 鐨勩?    # UTF-8 of Chinese read as GBK
    """


@dataclass(frozen=True, slots=True)
class Comparison:
    """A pattern that finds a year compared with itself; ``lead`` are the characters one of which must stand before."""

    name: str
    lead: str
    pattern: str
    why: str
    hits: tuple[str, ...]
    misses: tuple[str, ...]

    @property
    def regex(self) -> re.Pattern[str]:
        """The compiled pattern, matched where a year begins."""
        return _verbose(self.pattern)


@dataclass(frozen=True, slots=True)
class WrongCharacter:
    """A character, what should stand in its place, the words in which it is wrong, and where those words mislead."""

    wrong: str
    right: str
    words: tuple[str, ...]
    unless: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArtefactTable:
    """The reviewed tables: ``founding`` maps an event's words to its year."""

    founding: tuple[tuple[str, int], ...]
    comparisons: tuple[Comparison, ...]
    characters: tuple[WrongCharacter, ...]


@cache
def artefact_table() -> ArtefactTable:
    """The table of ``artefacts.toml``, read once."""
    content = toml_of("artefacts.toml")
    founding = [(word, row["year"]) for row in content["founding"] for word in row["words"]]
    return ArtefactTable(
        tuple(sorted(founding, key=lambda item: (-len(item[0]), item[0]))),
        tuple(
            Comparison(row["name"], row["lead"], row["pattern"], row["why"], tuple(row["hits"]), tuple(row["misses"]))
            for row in content["comparison"]
        ),
        tuple(
            WrongCharacter(
                row["wrong"], row["right"], tuple(row["words"].split()), tuple(row.get("unless", "").split())
            )
            for row in content["script"]
        ),
    )


def _every_rule(name: str) -> bool:
    return bool(name)


def find_year_swaps(plain: str, does: Callable[[str], bool] = _every_rule) -> list[Hit]:
    """Comparisons of a year with itself and anniversaries that do not fit their year; sorted, without overlaps.

    >>> [(hit.start, hit.end, hit.rule) for hit in find_year_swaps("2021年是改革开放41周年。")]
    [(0, 14, 'year_swap.anniversary')]
    >>> find_year_swaps("2018年是改革开放40周年。")
    []
    """
    return year_swaps_at(plain, (year.start() for year in _YEAR.finditer(plain)), does)


def year_swaps_at(plain: str, years: Iterable[int], does: Callable[[str], bool] = _every_rule) -> list[Hit]:
    """The same of some years, given where their numbers begin, ascending; others have nothing within `YEAR_REACH`.

    ``does`` tells of the name of a rule whether it is switched on.
    """
    hits: list[Hit] = []
    free = 0
    for start in years:
        first = _comparison(plain, start, does) or _anniversary(plain, start)
        for hit in (first, *_later_anniversaries(plain, start)):
            if hit is not None and hit.start >= free and does(hit.rule):
                hits.append(hit)
                free = hit.end
    return hits


@cache
def year_patterns() -> tuple[str, ...]:
    """Patterns one of which matches at each year of which there is anything to find."""
    return (
        *(row.pattern for row in artefact_table().comparisons),
        _anniversary_pattern(),
        f"[0-9]{{4}}年[^。;!?\\n\\r]{{1,{MOST_OF_SENTENCE}}}周年",
    )


def _comparison(plain: str, start: int, does: Callable[[str], bool]) -> Hit | None:
    """The comparison with itself of the year that begins at ``start``."""
    for row in artefact_table().comparisons:
        if not does(row.name) or (row.lead and (start == 0 or plain[start - 1] not in row.lead)):
            continue
        match = row.regex.match(plain, start)
        if match is not None:
            first = start - 1 if row.lead else start
            return Hit(first, match.end(), "year_swap", row.name, {"year": int(match["y"])})
    return None


def _anniversary_pattern() -> str:
    return f"(?P<year>[0-9]{{4}})年 ,? {_OCCASION} {_event_and_count()}"


@cache
def _later_pattern() -> re.Pattern[str]:
    joined = "(?:同时)?(?:也|又|还|更)(?:恰好|正好)?(?:是|恰逢|适逢|正值|迎来了?)|恰逢|适逢|正值|正逢|时逢|欣逢"
    return _verbose(f"(?<=,) (?:{joined}) {_event_and_count()}")


@cache
def _event_and_count() -> str:
    events = "|".join(re.escape(word) for word, _ in artefact_table().founding)
    return f"""
        [^。;!?,0-9\n\r]{{0,16}}? (?P<event>{events}) [^。;!?,0-9一二三四五六七八九十百\n\r]{{0,4}}
        (?P<count>[0-9]{{1,3}}|[一二三四五六七八九十百零]{{1,6}}) 周年 (?!后|之后|以后|以来|前|之前|来临)
        """


def _anniversary(plain: str, start: int) -> Hit | None:
    """An anniversary that the year beginning at ``start`` is said to be and is not."""
    match = _verbose(_anniversary_pattern()).match(plain, start)
    return None if match is None else _wrong_anniversary(match, start, int(match["year"]))


def _later_anniversaries(plain: str, start: int) -> list[Hit]:
    """Anniversaries that later clauses of its sentence say of the year beginning at ``start``, and that do not fit it.

    "2019年,是五四运动100周年,也是新中国成立69周年": the clause is the finding. Another year ends the search, and so
    does a sentence whose subject the year is not ("2019年我们…").
    """
    sentence = _SENTENCE_OF_YEAR.match(plain, start)
    if sentence is None:
        return []
    year = int(plain[start : start + 4])
    clauses = _later_pattern().finditer(plain, start, sentence.end())
    hits = (_wrong_anniversary(match, match.start(), year) for match in clauses)
    return [hit for hit in hits if hit is not None]


def _wrong_anniversary(match: re.Match[str], start: int, year: int) -> Hit | None:
    """A finding that begins at ``start``, unless the anniversary fits its year."""
    founded = dict(artefact_table().founding)[match["event"]]
    count = int(match["count"]) if match["count"].isdecimal() else _chinese_number(match["count"])
    if abs(year - founded - count) <= ANNIVERSARY_TOLERANCE:
        return None
    evidence = {"year": year, "event": match["event"], "founded": founded, "said": count, "expected": year - founded}
    return Hit(start, match.end(), "year_swap", ANNIVERSARY, evidence)


def _chinese_number(written: str) -> int:
    """A Chinese number below a thousand.

    >>> [_chinese_number(number) for number in ("七十", "一百", "一百零五", "四十一", "十")]
    [70, 100, 105, 41, 10]
    """
    total, digit = 0, 0
    for character in written:
        if character in "十百":
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = _CHINESE_DIGITS[character]
    return total + digit


def is_traditional(text: str, plain: str) -> bool:
    """Whether a text is written in traditional Chinese: enough of its Han characters have a simpler form."""
    points, simple = code_points(text), code_points(plain)
    han = (points >= 0x3400) & (points <= 0x9FFF)
    kana = int(np.count_nonzero((points >= 0x3041) & (points <= 0x30FA)))
    return is_traditional_by(int(np.count_nonzero(han)), kana, int(np.count_nonzero(han & (points != simple))))


def is_traditional_by(n_han: int, n_kana: int, n_changed: int) -> bool:
    """The same by the number of Han characters, of Kana, and of Han characters that have a simpler form."""
    if n_han == 0 or n_kana > KANA_SHARE * n_han:
        return False
    return n_changed >= TRADITIONAL_SHARE * n_han


def find_script_errors(text: str, plain: str) -> list[Hit]:
    """Characters that phrase-level conversion writes otherwise in every regional standard; sorted, one per place.

    Only traditional documents have any; the span is the character, the evidence its word and what was expected.
    """
    return script_errors_of(text) if is_traditional(text, plain) else []


def script_errors_of(text: str) -> list[Hit]:
    """The same of a text that is traditional."""
    found: dict[int, Hit] = {}
    for row in artefact_table().characters:
        for at in _places(text, row.wrong):
            word = _covering(text, at, row.wrong, row.words)
            if word is None or at in found or _covering(text, at, row.wrong, row.unless) is not None:
                continue
            evidence = {"word": word, "expected": word.replace(row.wrong, row.right)}
            found[at] = Hit(at, at + 1, "script_error", SCRIPT_ERROR, evidence)
    return [found[at] for at in sorted(found)]


def _places(text: str, character: str) -> Iterator[int]:
    at = text.find(character)
    while at >= 0:
        yield at
        at = text.find(character, at + 1)


def _covering(text: str, at: int, character: str, words: Sequence[str]) -> str | None:
    """The longest of some words that stands in the text with ``character`` at ``at``."""
    fitting = []
    for word in words:
        start = at - word.index(character)
        if start >= 0 and text.startswith(word, start):
            fitting.append(word)
    return max(fitting, key=len, default=None)


def document_flags(text: str, hits: Sequence[Hit]) -> tuple[str, ...]:
    """The flags of a document by its text and its findings of all kinds (marks, ``spun_repeat``), sorted."""
    flags = []
    if is_converted(sum(hit.kind == "script_error" for hit in hits), _n_han(text)):
        flags.append("machine_converted")
    if is_mojibake(text):
        flags.append("mojibake")
    if sum(hit.kind == "spun_repeat" or hit.rule in SPUN_RULES for hit in hits) >= MIN_SPUN_SIGNALS:
        flags.append("spun")
    swaps = [hit.rule for hit in hits if hit.kind == "year_swap"]
    if len(swaps) >= MIN_ANNIVERSARIES or any(rule != ANNIVERSARY for rule in swaps):
        flags.append("year_swapped")
    return tuple(flags)


def is_converted(n_errors: int, n_han: int) -> bool:
    """Whether so many script errors among so many Han characters are those of a machine."""
    return n_errors >= MIN_SCRIPT_ERRORS and n_errors * 1000 >= SCRIPT_ERRORS_PER_THOUSAND * n_han


def is_mojibake(text: str) -> bool:
    """Whether a text holds enough bytes that were read in a wrong encoding."""
    return is_broken(sum(1 for _ in _verbose(_MOJIBAKE).finditer(text)), len(text))


def is_broken(n_broken: int, length: int) -> bool:
    """Whether so many wrong bytes are enough for a text of some length."""
    return n_broken >= MIN_MOJIBAKE and n_broken * 1000 >= MOJIBAKE_PER_THOUSAND * length


@cache
def begins_broken() -> NDArray[np.bool_]:
    """Whether a match of wrong bytes can begin with a code point (bool, by code point)."""
    begins = np.zeros(N_CODE_POINTS, dtype=np.bool_)
    begins[code_points("\N{REPLACEMENT CHARACTER}锟烫屯锛銆鐨\xc2\xc3\xe2\xe4\xe5\xe6\xe7\xe8\xe9")] = True
    return begins


def _n_han(text: str) -> int:
    points = code_points(text)
    return int(np.count_nonzero((points >= 0x3400) & (points <= 0x9FFF)))


@cache
def _verbose(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.VERBOSE)
