"""Stand-ins: marks that no rule lists, known by where they stand all through one document.

Two things give such a mark away. A token with a number stands where the pronoun of the text should. Or one mark, the
same each time, stands where figures and names should: directly before words that count different things, and before
kinds of places. What a symbol means cannot be told by one place (a slash between two units, the unknown of a problem),
but a variable has one unit and a placeholder has all of them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from detector.kernels.standing import may_repeat_marks
from detector.model import Hit
from detector.rules.places import compiled
from detector.rules.rule_tables import built_in_words
from detector.text.folding import N_CODE_POINTS, SEPARATOR, character_table, is_blank

STAND_IN = "placeholder.stand_in"
"""The name of what `pronoun_stand_ins` finds; a row of that name in a user's table has no effect on it."""

REPEATED_MARK = "placeholder.repeated_mark"
"""The same for `repeated_marks`."""

MIN_STAND_INS = 4
"""Fewer could be a name that the text happens to use as a subject (an aircraft, a product)."""

MIN_PRONOUN_PLACES = 3
"""Of these, so many must stand where only "we" can: before a wish, a duty or a confession of the author's own."""

_STAND_IN = r"""
    (?P<token> [\u3400-\u9fff]{2,4}[0-9]{1,2} | [a-z]{4,12}[0-9]{1,2} )
    (?= 要(?!求) | 更要 | 更应 | 应当 | 必须 | 将(?!军) | 也?清醒 | 深知 | 坚信 | 相信 | 谨 | 衷心 | 一定 | 高度重视
      | 克服 | 坚持 | 重视 )
    """
FOLLOWERS = "要更应必将也清深坚相谨衷一高重克"
"""The first characters of the words before which only a pronoun can stand."""

_PRONOUNS = ("我们", "咱们", "本人", "笔者")

MAX_TEXT = 4_000_000
"""Characters of the longest text that is looked at: longer ones are no draft of one author."""

MAX_MARKS = 8
"""Repeated marks of one text that are weighed, those in most places first: an author has few habits."""

STRANGE = 2
"""Kinds of words that must follow a repeated mark which nobody writes otherwise; others need one or two more."""

MIN_NAMES = 3
"""Kinds of places that must follow a mark which no figure's unit follows."""

FIRM_HEADS = "余多来几万亿千%亩户元吨公平立人场年月"
"""The first characters of what is counted in reports."""

PAIRS = (
    *("街道", "社区", "公司", "集团", "企业", "学校", "学院", "中学", "小学", "大学", "医院", "法院", "银行", "小区"),
    *("园区", "单位", "部门", "协会"),
)
"""Words of two characters that names can end in."""

SUFFIXES = "省县乡镇市区村局厅"
"""The same of one character."""

_NAME = f"""
    [省县乡镇](?!域|级|直|政) | 市(?![场民值面价盈]) | 区(?![块别分域间]) | 村(?!上) | 局(?![部面限势]) | 厅
  | {"|".join(PAIRS)}"""

HEADS = (
    "余多来几%‰\u2103万亿千百个名户元人亩公平立米吨件次场处起座盏条项家岁天周届批期位辆套栋幢单层楼册篇份头株棵艘架间床倍折"
    "小分学课年月日时秒号章轮步台度口支所粒瓶袋盒箱斤颗枚桶碗仟佰拾毫厘"
)
"""The first characters of what counts; ``tests/test_stand_ins.py`` knows them."""

_LISTED = "x×○〇□*_△\N{REPLACEMENT CHARACTER}█▇▆▅▓▒░"
"""Marks that have rules of their own, and what is no placeholder: lost characters and blackened figures."""

_BOXES = frozenset("☐☑☒▢■")
"""What is ticked in forms, one at a time."""

_SENTENCES = ",:;!\"'“”‘’、。《》()[]{}<>【】〔〕「」『』|"
"""Signs with work of their own in sentences and tables."""

_PAUSES = frozenset("….?—")
"""Signs of speech."""

_INSIDE = r"[^()\[\]{}<>【】〔〕,。;:、!?\r\n]"
_TOKEN = rf"""(?P<token>
    (?P<word> (?!n多) %?[a-z]{{1,12}} | [\u0370-\u052f]{{1,6}} )
  | (?P<bracket> \( (?! [ ]* \) ) {_INSIDE}{{1,6}} \) | \[ {_INSIDE}{{0,6}} \] | \{{{{ {_INSIDE}{{0,8}} \}}}}
      | \$?\{{ {_INSIDE}{{0,8}} \}} | << {_INSIDE}{{0,8}} >> | < [\u3400-\u9fff]{{0,6}} > | 【 {_INSIDE}{{0,6}} 】
      | 〔 {_INSIDE}{{0,6}} 〕 | (?P<round>[_*\#@%&~^+=])[\u3400-\u9fff]{{1,4}}(?P=round) )
  | (?P<signs> [^\w\s{re.escape(_LISTED + _SENTENCES)}]{{1,6}} )
  | (?P<twin> (?P<half>[\u3400-\u9fff])(?P=half) )
)"""
_NUMBERS = frozenset("0123456789一二三四五六七八九十百千万亿两几多余半")
_FIRM = """
    [余多来几]?(?: [万亿千](?:元|人|吨|亩|户|平方|立方|公里|斤|千瓦|美元|辆|株|头|只)? | [%亩户元吨] | 公[里顷斤] | 平方
    | 立方 | [人场]次 )"""
"""What counts and is little else: other measure words are also the first characters of nouns and verbs."""

_SOMEBODY = "某某"
"""Before a place it has rules of its own, which know the names that courts cover."""

_BODIES = frozenset("省市县区州盟旗镇乡村街道社办事处部门单位局委厅院校企或和及")
"""What parentheses hold in 县(市) and 单位(部门)."""

_DATES = {"年": "月", "月": "日"}
"""What follows the same mark in a date."""

_JOINERS = frozenset("/-~·+")
"""Signs that stand between words as well, one at a time."""

_JOINED = frozenset(
    "0123456789一二三四五六七八九十百千万亿两几多余元亩户人个年月日天次件项条家名位斤吨米里顷度时分台辆份套%"
)
"""What a joiner stands behind in "3元/亩" and "三-五户"."""


class RepeatedMark(NamedTuple):
    """A mark, where it stands in place of figures and names (start and end), the kinds of words that follow it there,
    and how often the document has it anywhere."""

    token: str
    places: tuple[tuple[int, int], ...]
    followers: tuple[str, ...]
    n_occurrences: int

    @property
    def evidence(self) -> dict[str, object]:
        """What a finding says of itself."""
        return {"token": self.token, "n_occurrences": self.n_occurrences, "before": list(self.followers[:8])}


class _Slot(NamedTuple):
    """A place where a figure or name should stand; what follows is ``firm`` if nothing but a figure can stand there,
    ``counts`` as evidence or does not."""

    start: int
    end: int
    follower: str
    is_name: bool
    firm: bool
    counts: bool


def pronoun_stand_ins(plain: str) -> list[Hit]:
    """Tokens with a number that stand, all through a text without a pronoun, where its pronoun should.

    A text spinner that fills keywords from a table leaves such tokens ("keyword2 坚持发展", "让keyword2 携手") under
    any name. The token must stand there `MIN_PRONOUN_PLACES` times, `MIN_STAND_INS` times in all, always with the same
    number, and the text must have no pronoun of its own.
    """
    if any(pronoun in plain for pronoun in _PRONOUNS):
        return []
    where = Counter(match["token"] for match in compiled(_STAND_IN).finditer(plain))
    hits: list[Hit] = []
    for token, count in sorted(where.items()):
        stem = token.rstrip("0123456789")
        if count < MIN_PRONOUN_PLACES or plain.count(token) < MIN_STAND_INS or plain.count(stem) > plain.count(token):
            continue
        found = [match.start() for match in re.finditer(re.escape(token) + "(?![0-9])", plain)]
        evidence = {"token": token, "n_occurrences": len(found), "n_where_a_pronoun_stands": count}
        hits += [Hit(start, start + len(token), "placeholder", STAND_IN, evidence) for start in found]
    return hits


def repeated_marks(plain: str) -> list[RepeatedMark]:
    """Marks on no list that stand, the same each time, before words for different things that are counted or named.

    At least half of a mark's places in the document must be such. How many kinds of words must follow depends on what
    the mark is: two for what nobody writes otherwise ("##", "{}"), three for words and for what brackets hold, four for
    letters and for signs that join words. What follows must be a unit of report figures at least once or twice, or
    three kinds of places. For spaced scripts see `detector.rules.spaced_stand_ins.spaced_marks`.
    """
    if len(plain) > MAX_TEXT or not is_of_han(plain):
        return []
    slots: dict[str, list[_Slot]] = defaultdict(list)
    n_kinds: dict[str, int] = {}
    for pattern, is_name in zip(_patterns(), (False, True), strict=True):
        for match in _matches(pattern, plain):
            token = match["token"]
            if token not in n_kinds:
                n_kinds[token] = _kinds_wanted(match)
            slot = _slot(plain, match, is_name) if n_kinds[token] else None
            if slot is not None:
                slots[token].append(slot)
    found = []
    for token, places in most_frequent(slots):
        telling = [slot for slot in places if slot.counts]
        kinds = {slot.follower for slot in telling}
        firm = len({slot.follower for slot in telling if slot.firm})
        names = len({slot.follower for slot in telling if slot.is_name})
        wanted = n_kinds[token]
        if len(kinds) < wanted or (
            firm < min(wanted - 1, 2) and (names < max(wanted, MIN_NAMES) or (token.isalpha() and wanted > 3))
        ):
            continue
        n_occurrences = _count(plain, token)
        if 2 * len(places) >= n_occurrences:
            spans = tuple(sorted({(slot.start, slot.end) for slot in places}))
            found.append(RepeatedMark(token, spans, tuple(sorted(kinds)), n_occurrences))
    return found


def is_of_han(plain: str) -> bool:
    """Whether a fourth of a text at least is Han: then its figures and names stand between Han."""
    return 4 * sum(map(len, compiled("[\u3400-\u9fff]+").findall(plain))) >= len(plain)


Slot = TypeVar("Slot")


def most_frequent(slots: Mapping[str, list[Slot]]) -> list[tuple[str, list[Slot]]]:
    """The `MAX_MARKS` tokens that stand in most places, with these."""
    return sorted(slots.items(), key=lambda item: (-len(item[1]), item[0]))[:MAX_MARKS]


def may_have_marks(plain: NDArray[np.uint32], bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each text ``plain[bounds[d]:bounds[d + 1]]`` can have repeated marks: most of those that can have none
    are passed over."""
    found = np.empty(len(bounds) - 1, dtype=np.bool_)
    may_repeat_marks(plain, bounds, *_gate(), found)
    return np.asarray(found & (np.diff(bounds) <= MAX_TEXT))


@cache
def _gate() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """What followers begin with and what marks end with, as `may_repeat_marks` reads it."""
    heads, wanted = np.zeros((2, N_CODE_POINTS), dtype=np.uint8)
    begins, ends = ("".join(pair[at] for pair in PAIRS) for at in (0, 1))
    for characters, bit in ((HEADS, 1), (FIRM_HEADS, 2), (SUFFIXES, 4), (begins, 8), (ends, 16)):
        heads[[ord(character) for character in characters]] |= np.uint8(bit)
    wanted[may_end_a_mark()] = STRANGE
    wanted[0x61:0x7B] = wanted[0x370:0x530] = STRANGE + 1
    wanted[ord("x")] = 0
    wanted[[ord(sign) for sign in _JOINERS]] = STRANGE + 1
    wanted[[ord(sign) for sign in _PAUSES]] = STRANGE + 2
    return heads, wanted


@cache
def may_end_a_mark() -> NDArray[np.bool_]:
    """Whether a plain character can be the last of a repeated mark that is not two Han characters (by code point)."""
    table = character_table()
    odd = (table.classes == SEPARATOR) & ~is_blank()
    odd[[ord(sign) for sign in _LISTED + _SENTENCES if ord(sign) < N_CODE_POINTS]] = False
    odd[0x61:0x7B] = True
    odd[ord("x")] = False
    odd[0x370:0x530] = True
    odd[[ord(sign) for sign in ")]}>】〕_*"]] = True
    return np.asarray(odd)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A token where a figure should stand, and one where a name should."""
    unit, before_place = (f"(?:{built_in_words(name)})" for name in ("unit", "before_place"))
    figure = rf'(?:(?<=[\u3400-\u9fff,、:("“\s])|(?<![\s\S])){_TOKEN}(?=(?P<follower>(?![a-z]){unit}))'
    name = rf"(?:(?<={before_place})|(?<=其中)|(?<![\s\S])){_TOKEN}(?=(?P<follower>{_NAME}))"
    return compiled(figure), compiled(name)


def _matches(pattern: re.Pattern[str], plain: str) -> Iterator[re.Match[str]]:
    """Matches at all places, also within others that turn out to be nothing."""
    match = pattern.search(plain)
    while match is not None:
        yield match
        match = pattern.search(plain, match.start() + 1)


def _kinds_wanted(match: re.Match[str]) -> int:
    """How many kinds of words must follow a token that was found; 0 for what is no mark."""
    token = match["token"]
    if not _NUMBERS.isdisjoint(token) or not (match["twin"] or may_end_a_mark()[ord(token[-1])]):
        return 0
    if match["signs"] is not None:
        signs = set(token)
        if token in ("%", ".", "..") or token in _BOXES or not all(may_end_a_mark()[ord(sign)] for sign in token):
            return 0
        if token in _JOINERS or signs <= _PAUSES:
            return STRANGE + 2
        return STRANGE + (len(token) == 1 or token[-1] in _JOINERS)
    if match["bracket"] is not None:
        if token[1:-1] and _BODIES.issuperset(token[1:-1]):
            return 0
        return STRANGE + (any(map(_is_han, token)))
    return STRANGE + 1 + (len(token) == 1)


def _slot(plain: str, match: re.Match[str], is_name: bool) -> _Slot | None:
    """The place of a token that was found, if a figure or name should stand there."""
    token, follower, (start, end) = match["token"], match["follower"], match.span("token")
    if is_name and token == _SOMEBODY:
        return None
    before = plain[start - 1] if start else "\n"
    is_date = follower in _DATES and plain.startswith(follower + token + _DATES[follower], end)
    if not (is_name or is_date or _is_han(before) or before in ",、"):
        return None
    firm = None if is_name else compiled(_FIRM).match(plain, end)
    if token in _JOINERS:
        counts = before not in _JOINED
    else:  # a sign before a name may be a bullet
        strange = match["signs"] is None or (len(token) > 1 and token[-1] not in _PAUSES | {"-"})
        counts = not is_name or _is_han(before) or (strange and before not in "\r\n")
    return _Slot(start, end, follower if firm is None else firm[0], is_name, firm is not None or is_date, counts)


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


def _count(plain: str, token: str) -> int:
    """How often a token stands in a text, as a word of its own if it is a word."""
    if not token[-1].isascii() or not token[-1].isalpha():
        return plain.count(token)
    return len(re.findall(rf"(?<![a-z]){re.escape(token)}(?![a-z])", plain))
