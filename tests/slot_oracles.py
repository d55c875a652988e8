"""What stands between the literals of a template, as slots: the definitions in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from corpora import Columns

from detector.kernels.dividing import FUNCTION_WORDS, LARGEST_PAIR, LONG, TRIED
from detector.kernels.slotting import LINE, NAME
from detector.text.folding import DIGIT, LETTER, SINGLE
from detector.text.tokens import MARK

HYPHENS = "-–—~～/／"
Range = tuple[int, int]


class Key(NamedTuple):
    """What a token is compared by."""

    hash: int
    is_slot: bool


def same(one: Key, other: Key) -> bool:
    """Whether two tokens are one in the skeleton."""
    return one.hash == other.hash or (one.is_slot and other.is_slot)


class Gaps(NamedTuple):
    """Token ranges of all members in one gap, and the columns and texts that they are of."""

    of: Columns
    texts: Sequence[str]

    def kind(self, row: int) -> int:
        return int(self.of.tokens.kind[row])

    def span(self, row: int) -> Range:
        return int(self.of.tokens.start[row]), int(self.of.tokens.end[row])

    def key(self, row: int) -> Key:
        return Key(int(self.of.tokens.hashes[row]), self.kind(row) >= DIGIT)

    def between(self, member: int, row: int) -> str:
        """The characters between a token and the one before it."""
        return self.texts[member][self.span(row - 1)[1] : self.span(row)[0]]

    def first(self, member: int, row: int) -> str:
        return self.texts[member][self.span(row)[0]]

    def numeric(self, one: Range) -> bool:
        return one[0] < one[1] and all(self.kind(row) >= DIGIT for row in range(*one))


def slots(g: Gaps, gaps: list[list[Range]], ends: Sequence[int]) -> list[list[Range]]:
    """The slots of the gaps of a template; ``ends`` is where the tokens of each member end."""
    found = []
    for gap, whole in joined(g, gaps, ends):
        divided = [gap] if whole else columns(g, gap)
        for column in divided:
            found.extend(cut(g, column))
    return [gap for gap, _ in joined(g, found, ends)]


def joined(g: Gaps, gaps: list[list[Range]], ends: Sequence[int]) -> list[tuple[list[Range], bool]]:
    """Gaps of which some are joined, and whether each is a whole slot."""
    found, at = [], 0
    while at < len(gaps):
        gap, stop, is_date = gaps[at], at + 1, _is_date(g, gaps[at])
        while stop < len(gaps):
            why = _why(g, gaps[stop - 1], gaps[stop])
            if not why:
                break
            is_date |= why == "date"
            gap = [(low, high) for (low, _), (_, high) in zip(gap, gaps[stop], strict=True)]
            stop += 1
        after = gaps[stop][0][0] if stop < len(gaps) else ends[0]
        if is_date and gap[0][1] < after and g.first(0, gap[0][1]) in "月日号號":
            gap = [(low, high + 1) for low, high in gap]
        found.append((gap, is_date or stop - at > 1))
        at = stop
    return found


def _is_date(g: Gaps, gap: list[Range]) -> bool:
    for member, one in enumerate(gap):
        numbers = [g.kind(row) >= DIGIT for row in range(*one)]
        units = all(
            g.first(member, row) in "年月日号號"
            for row, is_number in zip(range(*one), numbers, strict=True)
            if not is_number
        )
        if not units or not any(numbers) or all(numbers):
            return False
    return True


def _why(g: Gaps, one: list[Range], other: list[Range]) -> str:
    if any(after[0] - before[1] != 1 for before, after in zip(one, other, strict=True)):
        return ""
    middle = one[0][1]
    char = g.first(0, middle)
    if char in "年月" and all(map(g.numeric, [*one, *other])):
        return "date"
    if g.kind(middle) != SINGLE or char in FUNCTION_WORDS:
        return ""
    fills = []
    for member, (before, after) in enumerate(zip(one, other, strict=True)):
        rows = range(before[0], after[1])
        if not 2 <= len(rows) <= NAME or any(g.kind(row) >= DIGIT for row in rows):
            return ""
        if any(g.between(member, row) for row in rows[1:]):
            return ""
        fills.append([int(g.of.tokens.hashes[row]) for row in rows])
    kinds = 1
    second: list[int] | None = None
    for fill in fills:
        if fill != fills[0] and fill != second:
            kinds, second = kinds + 1, fill
    return "chance" if kinds <= 3 else ""


def pair(left: Sequence[Key], right: Sequence[Key]) -> list[int]:
    """The place of each key of the left among the right, or -1: common ends, then a longest common subsequence."""
    shorter, head, tail = min(len(left), len(right)), 0, 0
    while head < shorter and same(left[head], right[head]):
        head += 1
    while tail < shorter - head and same(left[-1 - tail], right[-1 - tail]):
        tail += 1
    one, other = left[head : len(left) - tail], right[head : len(right) - tail]
    place = [*range(head), *[-1] * len(one), *range(len(right) - tail, len(right))]
    if len(one) * len(other) > LARGEST_PAIR:
        return place
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i in reversed(range(len(one))):
        for j in reversed(range(len(other))):
            is_one = same(one[i], other[j])
            table[i][j] = table[i + 1][j + 1] + 1 if is_one else max(table[i + 1][j], table[i][j + 1])
    i = j = 0
    while i < len(one) and j < len(other):
        if same(one[i], other[j]):
            place[head + i] = head + j
            i, j = i + 1, j + 1
        elif table[i + 1][j] >= table[i][j + 1]:
            i += 1
        else:
            j += 1
    return place


def columns(g: Gaps, gap: list[Range]) -> list[list[Range]]:
    """A gap divided where members that have something there are alike; columns that are empty in all are left out."""
    rows = [member for member, (low, high) in enumerate(gap) if low < high]
    longest = max(high - low for low, high in gap)
    if longest <= 1 or len(rows) == 1 or all(g.numeric(gap[member]) for member in rows):
        return [gap]
    ranked = sorted(rows, key=lambda member: (gap[member][1] - gap[member][0], member))
    chosen = ranked[(len(rows) - 1) // 2]
    head = range(*gap[chosen])
    keys = [g.key(row) for row in head]
    m = len(keys)
    places: dict[int, list[int]] = {}
    hold, lost, split = [0] * m, [0] * m, [0] * m
    n_kin = n_seen = n_same = at_start = at_end = 0
    for member in rows:
        if n_seen == TRIED and 3 * (max(hold) - n_same) < TRIED:
            return [gap]
        other = [g.key(row) for row in range(*gap[member])]
        place = pair(keys, other)
        n, n_held = len(other), sum(at >= 0 for at in place)
        is_same = n_held == m == n
        n_same, n_seen = n_same + is_same, n_seen + (not is_same)
        if m >= LONG and 5 * n_held < 2 * min(m, n):
            places[member] = [-1] * m
            continue
        places[member] = place
        n_kin += 1
        at_start += place[0] == 0 and n > 1
        at_end += place[-1] == n - 1
        held = [token for token in range(m) if place[token] >= 0]
        for token in held:
            hold[token] += 1
        for before, after in zip([-1, *held], [*held, m], strict=True):
            low = place[before] if before >= 0 else -1
            high = place[after] if after < m else n
            for token in range(before + 1, after):
                lost[token] += high - low > 1
            if before >= 0 and before < m - 1:
                split[before] += high - low > 1 or after - before > 1
            if after < m and after - before > 1:
                split[after - 1] += 1
    if 4 * (len(rows) - n_kin) > len(rows):
        return [gap]
    anchor = [h > 1 and 3 * h >= 2 * n_kin and 10 * a <= n_kin for h, a in zip(hold, lost, strict=True)]
    found = _runs(g, chosen, head, anchor, split, n_kin, at_start, at_end)
    if not found:
        return [gap]
    laid = [
        _laid_out(g, member, gap[member], places.get(member), found)
        if member in places
        else [(gap[member][0],) * 2] * (2 * len(found) + 1)
        for member in range(len(gap))
    ]
    table = [[row[column] for row in laid] for column in range(2 * len(found) + 1)]
    for k in range(len(found)):
        before, here = table[2 * k], table[2 * k + 1]
        text = [low < high for low, high in before]
        if any(text) and not any(has and low < high for has, (low, high) in zip(text, here, strict=True)):
            table[2 * k + 1] = [one if has else other for has, one, other in zip(text, before, here, strict=True)]
            table[2 * k] = [(low, low) for low, _ in before]
    return [column for column in table if any(low < high for low, high in column)]


def _runs(
    g: Gaps, member: int, head: range, anchor: list[bool], split: list[int], n_kin: int, at_start: int, at_end: int
) -> list[tuple[int, int, bool]]:
    runs, i, m = [], 0, len(head)
    is_number = [g.kind(row) >= DIGIT for row in head]
    while i < m:
        if not anchor[i]:
            i += 1
            continue
        j = i + 1
        while j < m and anchor[j] and is_number[j] == is_number[i] and not split[j - 1]:
            j += 1
        strong = j - i > 1 or is_number[i] or n_kin > 3 or (g.kind(head[i]) == LETTER and n_kin > 2)
        strong |= g.kind(head[i]) == SINGLE and g.first(member, head[i]) in FUNCTION_WORDS
        if strong:
            runs.append((i, j, is_number[i]))
        i = j
    kept: list[tuple[int, int, bool]] = []
    for k, (i, j, number) in enumerate(runs):
        if number:
            beside = k > 0 and runs[k - 1][1] == i and not runs[k - 1][2]
            beside |= k + 1 < len(runs) and runs[k + 1][0] == j and not runs[k + 1][2]
            glued = i > 0 and g.kind(head[i - 1]) == LETTER and not g.between(member, head[i])
            glued |= j < m and g.kind(head[j]) == LETTER and not g.between(member, head[j])
            beside |= not glued and i == 0 and 3 * at_start >= 2 * n_kin
            beside |= not glued and j == m and 3 * at_end >= 2 * n_kin
            if not beside:
                continue
        kept.append((i, j, number))
    return kept


def _after_numbers(g: Gaps, member: int, at: int, until: int) -> int:
    while at < until:
        between = g.between(member, at)
        if g.kind(at) != DIGIT and not (len(between) == 1 and between in HYPHENS):
            break
        at += 1
    return at


def _laid_out(
    g: Gaps, member: int, one: Range, place: list[int] | None, runs: list[tuple[int, int, bool]]
) -> list[Range]:
    begin, until = one
    found: list[Range] = [(until, until)] * (2 * len(runs) + 1)
    at, column = begin, 0
    assert place is not None
    for k in range(len(runs) + 1):
        low = high = until
        if k < len(runs):
            held = [place[token] for token in range(*runs[k][:2]) if place[token] >= 0]
            if not held:
                continue
            low, high = begin + held[0], begin + held[-1] + 1
        if column and runs[column // 2 - 1][2]:
            at = _after_numbers(g, member, at, low)
            found[column - 1] = (found[column - 1][0], at)
        found[column] = (at, low)
        for empty in range(column + 1, 2 * k + 1):
            found[empty] = (low, low)
        if k < len(runs):
            found[2 * k + 1] = (low, high)
        at, column = high, 2 * k + 2
    return found


def cut(g: Gaps, gap: list[Range]) -> list[list[Range]]:
    """A slot cut where values stand apart: blanks that follow each other, and the number of a line that one has."""
    rows = [member for member, (low, high) in enumerate(gap) if low < high]
    if not rows or max(high - low for low, high in gap) < 2:
        return [gap]
    member = rows[0]
    low, high = gap[member]
    cuts = _line(g, member, low, high) if len(rows) == 1 else None
    if cuts:
        bounds = [low, *cuts, *([high] if cuts[-1] < high else [])]
        pieces = list(pairwise(bounds))
        return [[piece if row == member else one for row, one in enumerate(gap)] for piece in pieces]
    n = high - low
    apart = g.numeric(gap[member]) and all(
        (g.kind(row) == MARK and g.kind(row - 1) == MARK) or "\n" in g.between(member, row)
        for row in range(low + 1, high)
    )
    if not apart or any(gap[row][1] - gap[row][0] != n or not g.numeric(gap[row]) for row in rows):
        return [gap]
    return [[(a + k, a + k + 1) if a < b else (a, b) for a, b in gap] for k in range(n)]


def _line(g: Gaps, member: int, low: int, high: int) -> list[int] | None:
    if high - low > LINE:
        return None
    numbers = [row for row in range(low, high) if g.kind(row) == DIGIT]
    if not numbers or numbers[0] == low or not g.between(member, numbers[0]):
        return None
    stop = _after_numbers(g, member, numbers[0] + 1, high)
    if stop == high or not g.between(member, stop):
        return None
    for end in range(stop, high):
        if "\n" in g.between(member, end):
            return [numbers[0], stop, end]
        if g.kind(end) >= DIGIT:
            return None
    return [numbers[0], stop, high]
