"""Templates that fill themselves from a text: the literals are found in it, and what stands between them is the fills.

The text is aligned with the template's literals by their skeletons, so that inserted words shift nothing and figures
are no obstacle. Of a long text only the window is aligned that has most pairs of neighbouring literal tokens, so that
time grows with the length of the text, whatever stands in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.aligning import SCRATCH, align
from detector.machine.workspace import Workspace
from detector.matching.template_files import StoredTemplate, read_templates, write_templates
from detector.model import Cluster, Literal, Slot
from detector.rules.hits import find_hits
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.text.folding import fold
from detector.text.passages import passage_cuts
from detector.text.texts import Texts
from detector.text.tokens import MARK, SLOT_HASH, Marks, Tokens, join_block, mix64, tokenise, tokenise_texts

NUMERIC = ("number", "percent", "money", "year", "placeholder")
"""Types of slots whose fill is one number or mark: it is looked for as a token that any of them is."""

MOST_INSERTED = 8
"""Tokens between two literal tokens beyond which the smaller end of a match is chance and no part of it."""

MOST_FILL = 32
"""Tokens that a fill at either end of the template takes, or twice the longest fill known, within its passage."""

MIN_RATIO = 0.80
"""As of two passages that match."""


class SlotFill(NamedTuple):
    """What stands in a slot of a template in a text: ``text`` is its ``[start, end)``.

    ``type`` is the slot's, or ``placeholder`` where nothing but marks stands there.
    """

    slot: str
    type: str
    start: int
    end: int
    text: str


class TemplateMatch(NamedTuple):
    """Where a template stands in a text, how much of it, and what fills its slots, in their order.

    ``ratio`` is the normalised Indel similarity of the literal tokens of both: what is missing and what is inserted
    between literals lowers it, fills do not.
    """

    start: int
    end: int
    ratio: float
    fills: tuple[SlotFill, ...]

    def fill(self, slot: str) -> SlotFill:
        """The fill of a slot by its name; raises `KeyError`."""
        for one in self.fills:
            if one.slot == slot:
                return one
        raise KeyError(slot)


class _Elements(NamedTuple):
    """The tokens to look for: ``key`` (uint64, of the skeleton), ``exact`` (uint64, of the token itself; 0: any),
    ``slot`` (int64, the slot that a token belongs to, -1 for a literal) and ``run`` (int64, the part of the template).

    ``before[s]`` is how many elements stand before slot s, ``free[s]`` whether it has none of its own.
    """

    key: NDArray[np.uint64]
    exact: NDArray[np.uint64]
    slot: NDArray[np.int64]
    run: NDArray[np.int64]
    before: list[int]
    free: list[bool]


@dataclass(frozen=True)
class Template:
    """What the members of a cluster have in common, and the slots in which they differ.

    >>> from detector import scan
    >>> line = "全年完成固定资产投资{}亿元，同比增长{}%，总量和增速都居全县第一。"
    >>> found = scan({"a": line.format("12.3", 8), "b": line.format(9, "6.1")})
    >>> template = Template.of(found.clusters[-1])
    >>> match = template.match("我镇" + line.format("XX", 7))
    >>> [(fill.type, fill.text) for fill in match.fills], match.ratio
    ([('placeholder', 'XX'), ('percent', '7')], 1.0)
    """

    id: str
    level: str
    n_families: int
    n_members: int
    parts: tuple[Literal | Slot, ...]

    @classmethod
    def of(cls, cluster: Cluster) -> Template:
        """The template of a cluster of a scan."""
        return cls(cluster.id, cluster.level, cluster.n_families, cluster.n_members, cluster.template)

    @classmethod
    def load(cls, path: str | Path) -> tuple[Template, ...]:
        """The templates of a file that `Template.save` or ``detector templates --export`` wrote; `TemplateError`."""
        return tuple(cls(*stored) for stored in read_templates(Path(path)))

    @staticmethod
    def save(path: str | Path, templates: Iterable[Template]) -> None:
        """Write templates to a file, as TOML if it is named so, else as JSON; raises `OutputError`."""
        stored = (StoredTemplate(one.id, one.level, one.n_families, one.n_members, one.parts) for one in templates)
        write_templates(Path(path), stored)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots in the order of the text."""
        return tuple(part for part in self.parts if isinstance(part, Slot))

    def match(self, text: str, *, min_ratio: float = MIN_RATIO) -> TemplateMatch | None:
        """The slots as a text fills them, or None where it has too little of the template or of anything else."""
        elements = self._elements
        marks = find_hits(Texts.of([text]), load_rules(Settings()), Workspace()).marks
        tokens = tokenise_texts(Texts.of([text]), Marks(marks.indptr, marks.start, marks.end), Workspace())
        if not len(elements.key) or not len(tokens.start):
            return None
        first, stop = _window(elements.key, tokens.skeleton)
        place = _places(elements, tokens, first, stop)
        held = _together(elements, place, np.flatnonzero(place >= 0))
        if not len(held) or not (elements.slot[held] < 0).any():
            return None
        ranges, n_inserted = self._ranges(elements, place, held, tokens, text)
        literal = elements.slot < 0
        same = literal[held] & (elements.exact[held] == tokens.hashes[place[held]])
        n_same = int(same.sum())
        n_other = int(literal.sum() - n_same) + int((literal[held] & ~same).sum()) + n_inserted
        ratio = 2 * n_same / (2 * n_same + n_other) if n_same else 0.0
        if ratio < min_ratio:
            return None
        fills = self._fills(ranges, tokens, text)
        low, high = int(tokens.start[place[held[0]]]), int(tokens.end[place[held[-1]]])
        spans = [(fill.start, fill.end) for fill in fills if fill.text]
        return TemplateMatch(
            min([low, *(span[0] for span in spans)]), max([high, *(span[1] for span in spans)]), round(ratio, 6), fills
        )

    @cached_property
    def _elements(self) -> _Elements:
        keys, exact, slot, run, before, free = [], [], [], [], [], []
        n, n_slots = 0, 0
        for number, part in enumerate(self.parts):
            said = part.text if isinstance(part, Literal) else _constant(part)
            if isinstance(part, Slot):
                before.append(n)
                n_slots += 1
                if _is_numeric(part):
                    keys.append(np.array([SLOT_HASH]))
                    exact.append(np.zeros(1, np.uint64))
                else:
                    tokens = _tokens(said)
                    keys.append(tokens.skeleton)
                    exact.append(tokens.hashes)
                free.append(not len(keys[-1]))
            else:
                tokens = _tokens(said)
                keys.append(tokens.skeleton)
                exact.append(tokens.hashes)
            n += len(keys[-1])
            slot.append(np.full(len(keys[-1]), n_slots - 1 if isinstance(part, Slot) else -1))
            run.append(np.full(len(keys[-1]), number))
        if not keys:
            nothing = np.empty(0, np.int64)
            return _Elements(nothing.astype(np.uint64), nothing.astype(np.uint64), nothing, nothing, [], [])
        columns = [np.concatenate(column) for column in (keys, exact, slot, run)]
        return _Elements(columns[0], columns[1], columns[2], columns[3], before, free)

    def _ranges(
        self, elements: _Elements, place: NDArray[np.int64], held: NDArray[np.int64], tokens: Tokens, text: str
    ) -> tuple[list[tuple[int, int]], int]:
        """The tokens of the text that each slot takes, and how many stand between literals and in no slot."""
        taken: list[tuple[int, int]] = [(-1, -1)] * len(elements.before)
        n_inserted = 0

        def take(slot: int, low: int, high: int) -> None:
            one, other = taken[slot]
            taken[slot] = (low, high) if one < 0 else (min(one, low), max(other, high))

        for element in held.tolist():
            if elements.slot[element] >= 0:
                take(int(elements.slot[element]), int(place[element]), int(place[element]) + 1)
        bounds = [-1, *held.tolist(), len(elements.key)]
        ends = self._ends(place, held, tokens, text)
        for left, right in pairwise(bounds):
            low = int(place[left]) + 1 if left >= 0 else ends[0]
            high = int(place[right]) if right < len(elements.key) else ends[1]
            between = [s for s, at in enumerate(elements.before) if left < at <= right and elements.free[s]]
            if left == -1:
                between = [s for s in between if elements.before[s] == 0] or between[:0]
            if right == len(elements.key):
                between = [s for s in between if elements.before[s] == right]
            if low >= high:
                continue
            beside = [int(elements.slot[e]) for e in (left, right) if 0 <= e < len(elements.key)]
            beside = [s for s in beside if s >= 0 and left >= 0 and right < len(elements.key)]
            if between:
                take(between[0], low, high)
            elif beside:
                take(beside[0], low, high)
            elif left >= 0 and right < len(elements.key):
                n_inserted += high - low
        at = ends[0]
        for slot, (low, high) in enumerate(taken):
            if low < 0:
                earlier = [int(place[e]) + 1 for e in held.tolist() if e < elements.before[slot]]
                at = max(at, *earlier) if earlier else at
                taken[slot] = (at, at)
            else:
                at = high
        return taken, n_inserted

    def _ends(self, place: NDArray[np.int64], held: NDArray[np.int64], tokens: Tokens, text: str) -> tuple[int, int]:
        """How far a fill before the first literal and one after the last may reach, in tokens."""
        first, last = int(place[held[0]]), int(place[held[-1]])
        n_free = len(tokens.start)
        longest = max((len(_tokens(fill.text).start) for slot in self.slots for fill in slot.fills[:50]), default=0)
        most = max(MOST_FILL, 2 * longest)
        cuts = np.concatenate(([0], passage_cuts(text), [len(text)]))
        low = int(np.searchsorted(tokens.start, cuts[np.searchsorted(cuts, tokens.start[first], side="right") - 1]))
        high = int(np.searchsorted(tokens.start, cuts[np.searchsorted(cuts, tokens.start[last], side="right")]))
        return max(low, first - most), min(high, last + 1 + most, n_free)

    def _fills(self, ranges: Sequence[tuple[int, int]], tokens: Tokens, text: str) -> tuple[SlotFill, ...]:
        fills = []
        for slot, (low, high) in zip(self.slots, ranges, strict=True):
            if low < high:
                start, end = int(tokens.start[low]), int(tokens.end[high - 1])
            else:
                start = end = int(tokens.end[low - 1]) if low > 0 else 0
            blank = low < high and bool((tokens.kind[low:high] == MARK).all())
            fills.append(SlotFill(slot.name, "placeholder" if blank else slot.type, start, end, text[start:end]))
        return tuple(fills)


def _tokens(text: str) -> Tokens:
    return tokenise(join_block([text]), [])


def _constant(slot: Slot) -> str:
    """What every member has in a slot that has anything, or nothing where they differ."""
    said = {" ".join(fold(fill.text).split()): fill.text for fill in slot.fills if fill.text}
    return next(iter(said.values())) if len(said) == 1 else ""


def _is_numeric(slot: Slot) -> bool:
    return slot.type in NUMERIC


def _window(elements: NDArray[np.uint64], skeleton: NDArray[np.uint64]) -> tuple[int, int]:
    """The tokens of a text among which the template is looked for."""
    n, width = len(skeleton), 4 * len(elements) + 256
    if n <= width:
        return 0, n
    if len(elements) == 1:
        hit = np.isin(skeleton, elements)
    else:
        wanted = np.unique(mix64(elements[:-1]) + elements[1:])
        pairs = mix64(skeleton[:-1]) + skeleton[1:]
        hit = np.append(np.isin(pairs, wanted), False)
    done = np.concatenate(([0], np.cumsum(hit)))
    # the best window that ends with a hit, so that what stands before the template is cut and not its end
    counts = done[width:] - done[:-width]
    best = int(np.argmax(counts))
    first_hit = best + int(np.argmax(hit[best : best + width])) if counts[best] else best
    first = max(0, first_hit - len(elements) - 64)
    return first, min(n, first + width)


def _places(elements: _Elements, tokens: Tokens, first: int, stop: int) -> NDArray[np.int64]:
    """The token of the text that each element is, or -1 (int64)."""
    m = len(elements.key)
    hashes = np.concatenate((elements.key, tokens.skeleton[first:stop]))
    place = np.empty(m, np.int64)
    align(hashes, 0, m, m, len(hashes), place, np.empty(SCRATCH, np.uint64))
    return np.where(place >= 0, place - m + first, -1)


def _together(elements: _Elements, place: NDArray[np.int64], held: NDArray[np.int64]) -> NDArray[np.int64]:
    """The elements that were found, without those at either end that stand far from the others by chance."""
    if len(held) < 2:
        return held
    far = (np.diff(place[held]) - 1 > MOST_INSERTED) & (np.diff(held) == 1) & (elements.slot[held[:-1]] < 0)
    far &= elements.run[held[:-1]] == elements.run[held[1:]]
    low, high = 0, len(held)
    for cut in (np.flatnonzero(far) + 1).tolist():
        if cut - low < (len(held) - cut):
            low = cut
        else:
            high = min(high, cut)
            break
    return held[low:high]
