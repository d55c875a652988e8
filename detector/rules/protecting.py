"""Protected phrases: words that a user keeps out of every verdict of the rules.

They are compared in the plain form (case, width and script do not count) and found by the same compiled pass as the
triggers of the rules. A hit that shares a character with one of them is dropped.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.errors import RuleError
from detector.machine.ranges import document_ranges
from detector.machine.workspace import Workspace
from detector.rules.places import make_triggers, read_block
from detector.text.folding import plain
from detector.text.texts import Texts

BLOCK_CHARACTERS = 4_000_000
"""Texts are read in blocks of about this size."""

MIN_PHRASE = 2
"""Shorter phrases would protect every place where a character stands."""

FILE_SUFFIXES = (".toml", ".txt")


class ProtectedSpans(NamedTuple):
    """Where protected phrases stand, sorted, overlapping ones merged: ``document``, ``start``, ``end`` (int64)."""

    document: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]

    def touch(self, document: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether some spans, a row each, share a character with a protected phrase."""
        if not len(self.document):
            return np.zeros(len(document), dtype=np.bool_)
        scale = 1 << 32
        before = np.searchsorted(self.document * scale + self.start, document * scale + end, side="left") - 1
        touched: NDArray[np.bool_] = (before >= 0) & (self.document[before] == document) & (self.end[before] > start)
        return touched


def protected_phrases(entries: Iterable[str]) -> tuple[str, ...]:
    """The phrases of some entries, sorted, in their plain form; an entry is a file of phrases or a phrase.

    A file is read if there is one of that name. A text file has one phrase a line, a TOML file a list ``protect``.

    >>> protected_phrases(["綠水青山", "Team X"])
    ('team x', '绿水青山')
    """
    phrases: set[str] = set()
    for entry in entries:
        if is_phrase_file(entry):
            phrases.update(_checked(phrase, entry) for phrase in _read(entry))
        else:
            phrases.add(_checked(entry, "protect"))
    return tuple(sorted(phrases))


def is_phrase_file(entry: str) -> bool:
    """Whether an entry is a file of phrases: it ends as one does, or there is a file of that name."""
    return entry.endswith(FILE_SUFFIXES) or Path(entry).is_file()


def spans_in(phrases: Sequence[str]) -> Callable[[str], list[tuple[int, int]]]:
    """A function that tells where phrases (in their plain form) stand in one text, also where they overlap."""
    longest_first = sorted(phrases, key=len, reverse=True)
    pattern = re.compile("(?=(" + "|".join(map(re.escape, longest_first)) + "))")

    def spans(text: str) -> list[tuple[int, int]]:
        return [found.span(1) for found in pattern.finditer(plain(text))]

    return spans


def protected_spans(texts: Texts, phrases: Sequence[str], work: Workspace) -> ProtectedSpans:
    """Where phrases (in their plain form) stand in all texts."""
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
    if phrases:
        triggers = make_triggers(phrases, {}, [])
        lengths = np.array([len(name) for name in triggers.names], dtype=np.int64)

        def places(rows: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
            begin, end = rows
            block = read_block(texts.points, texts.start[begin:end], texts.stop[begin:end], triggers)
            row = np.searchsorted(block.bounds, block.place, side="right") - 1
            start = block.place - block.bounds[row]
            return row + begin, start, start + lengths[block.trigger]

        parts = work.map(places, document_ranges(texts.lengths, BLOCK_CHARACTERS))
    empty = np.empty(0, dtype=np.int64)
    document, start, end = (np.concatenate([empty, *(part[number] for part in parts)]) for number in range(3))
    return _merged(document, start, end)


def _merged(document: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64]) -> ProtectedSpans:
    """Spans in order, those that overlap made one."""
    order = np.lexsort((end, start, document))
    document, start, end = document[order], start[order], end[order]
    if not len(document):
        return ProtectedSpans(document, start, end)
    scale = 1 << 32
    reach = np.maximum.accumulate(document * scale + end)
    first = np.concatenate(([True], document[1:] * scale + start[1:] >= reach[:-1]))
    last = np.concatenate((first[1:], [True]))
    return ProtectedSpans(document[first], start[first], reach[last] - document[last] * scale)


def _read(path: str) -> list[str]:
    """The phrases of a file."""
    try:
        text = Path(path).read_text("utf-8-sig")
        if not path.endswith(".toml"):
            return [line.strip() for line in text.splitlines() if line.strip()]
        rows = tomllib.loads(text).get("protect")
    except OSError as error:
        raise RuleError(f"{path}: cannot read the protected phrases: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleError(f"{path}: not a file of protected phrases: {error}") from None
    if not (isinstance(rows, list) and all(isinstance(row, str) for row in rows)):
        raise RuleError(f'{path}: no list of phrases; write protect = ["one phrase", "another"]')
    return rows


def _checked(phrase: str, where: str) -> str:
    """The plain form of a phrase that is long enough."""
    stripped = phrase.strip()
    if len(stripped) < MIN_PHRASE:
        raise RuleError(f"{where}: the protected phrase {stripped!r} is shorter than {MIN_PHRASE} characters")
    return plain(stripped)
