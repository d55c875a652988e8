"""A made Chinese corpus of any size, with copies of documents and shared passages whose places are known.

    python benchmarks/corpus.py SIZE OUT.jsonl

SIZE is in megabytes of the file; OUT.truth.json is written beside it. The same size gives the same bytes, and a smaller
corpus is a prefix of a larger one, because documents are drawn one after the other from one stream of random numbers.
Words are drawn by Zipf's law from characters of GB 2312's first level. One document in six is an edited copy of an
earlier one that is no copy itself; their Jaccard is counted, not estimated. One paragraph in eight is a set passage
that other documents have too, most with figures that differ, and half of the documents carry the same slogan.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FORMAT = 1
"""Of the truth file; rises whenever the same size would give other bytes."""

SHINGLE = 5
"""Characters of a shingle, as the peers are asked to take."""

SEED = 20
N_WORDS, N_SINGLE, WORD_SHIFT = 30_000, 1_500, 20.0
"""Words, those of one character among them, and how flat the head of their Zipf curve is."""

COMMA, STOP = 0.10, 0.045
"""Chance that a comma or a full stop follows a word: clauses of about 13 characters, sentences of about 40."""

N_PASSAGES, PASSAGE_SHIFT = 3_000, 2.0
SHARE_PASSAGES, SHARE_SLOGAN, SHARE_COPIES, SHARE_EXACT = 0.125, 0.5, 1 / 6, 0.2
LOWEST_JACCARD = 0.5
"""Copies are aimed at a Jaccard between this and 1, evenly; ``SHARE_EXACT`` of them are left as they are."""

LENGTH, SPREAD, SHORTEST, LONGEST = 900.0, 0.75, 200, 12_000
"""Median of a document's length in characters, the sigma of its logarithm, and its bounds."""

N_SOURCES = 2_000
"""Documents that a copy may be made of: the latest ones, held in memory."""

BATCH = 1 << 16
"""Random numbers and words drawn at once."""

FIGURE = re.compile(r"\d+")
SLOGAN = "我们要坚持以群众满意为标准，扎实推进各项民生工程落地见效，努力开创高质量发展新局面。"


class Copy(NamedTuple):
    """Row ``copy`` is an edited copy of row ``source``; their sets of shingles have this many in common and in all."""

    source: int
    copy: int
    n_common: int
    n_union: int


class Planted(NamedTuple):
    """Set passage ``passage`` stands at ``[start, end)`` of the text of row ``row``."""

    passage: int
    row: int
    start: int
    end: int


class Made(NamedTuple):
    """A document with what was planted in it."""

    text: str
    copy: Copy | None
    planted: list[Planted]


def shingles(text: str) -> set[str]:
    """The character shingles of a text; one that is shorter is a shingle itself."""
    return {text[at : at + SHINGLE] for at in range(max(1, len(text) - SHINGLE + 1))}


class Draw:
    """Random numbers in order; only the generator's raw doubles, whose stream no release of numpy changes."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.Generator(np.random.PCG64(seed))
        self._held: list[float] = []

    def unit(self) -> float:
        """A number in [0, 1)."""
        if not self._held:
            self._held = self._source.random(BATCH).tolist()[::-1]
        return self._held.pop()

    def below(self, bound: int) -> int:
        """A whole number from 0 to ``bound - 1``."""
        return int(self.unit() * bound)

    def normal(self) -> float:
        """Twelve numbers' sum less six: near enough to a standard normal, and free of any library's method."""
        return sum(self.unit() for _ in range(12)) - 6.0

    def pick(self, cumulative: np.ndarray[Any, np.dtype[np.float64]], n: int) -> list[int]:
        """``n`` rows by their cumulated shares."""
        rows: list[int] = np.searchsorted(cumulative, self._source.random(n), side="right").tolist()
        return rows


def zipf(n: int, shift: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Cumulated shares of ``n`` ranks, float64; the last is 1."""
    *_, total = cumulative = list(accumulate(1.0 / (rank + shift) for rank in range(n)))
    return np.array([share / total for share in cumulative])


def alphabet() -> list[str]:
    """The 3,755 characters of the first level of GB 2312, in the standard's order."""
    codes = (bytes((high, low)) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF))
    return [code.decode("gb2312") for code in codes if code < b"\xd7\xfa"]


class Writer:
    """Running text: words by Zipf's law, commas and full stops, now and then a figure."""

    def __init__(self, draw: Draw) -> None:
        self.characters = alphabet()
        self._draw = draw
        order = sorted(self.characters, key=lambda _: draw.unit())
        curve = zipf(len(order), WORD_SHIFT)
        letters = [order[row] for row in draw.pick(curve, 2 * N_WORDS)]
        words = [letters[2 * row] + letters[2 * row + 1] * (row >= N_SINGLE) for row in range(N_WORDS)]
        for row in range(97, N_WORDS, 97):
            words[row] = str(draw.below(10 ** (1 + draw.below(5))))
        self._words = sorted(words, key=lambda _: draw.unit())
        self._curve = zipf(N_WORDS, WORD_SHIFT)
        self._text, self._at = "", 0

    def take(self, n: int) -> str:
        """The next ``n`` characters."""
        while self._at + n > len(self._text):
            self._text, self._at = self._text[self._at :] + self._more(), 0
        self._at += n
        return self._text[self._at - n : self._at]

    def _more(self) -> str:
        words = self._draw.pick(self._curve, BATCH)
        ends = self._draw.pick(np.array([1.0 - COMMA - STOP, 1.0 - STOP, 1.0]), BATCH)
        return "".join(self._words[word] + ("", "，", "。")[end] for word, end in zip(words, ends, strict=True))


class Maker:
    """Documents one after the other."""

    def __init__(self, seed: int = SEED) -> None:
        self._draw = Draw(seed)
        self._writer = Writer(self._draw)
        self._passages = [SLOGAN, *(self._passage() for _ in range(N_PASSAGES - 1))]
        self._curve = zipf(N_PASSAGES - 1, PASSAGE_SHIFT)
        self._sources: list[tuple[int, str]] = []
        self._row = 0

    def documents(self) -> Iterator[Made]:
        """All of them, without an end."""
        while True:
            copied = self._draw.unit() < SHARE_COPIES and bool(self._sources)
            yield self._copy() if copied else self._fresh()
            self._row += 1

    def _passage(self) -> str:
        text = self._writer.take(15 + self._draw.below(90))
        if self._draw.unit() < 0.5:
            half = len(text) // 2
            text = f"{text[:half]}2020年完成投资1234万元，增长12.5%{text[half:]}"
        return text.rstrip("，。") + "。"

    def _fresh(self) -> Made:
        draw = self._draw
        length = min(LONGEST, max(SHORTEST, int(LENGTH * math.exp(SPREAD * draw.normal()))))
        slogan_at = draw.below(length) if draw.unit() < SHARE_SLOGAN else length + LONGEST
        parts: list[str] = []
        planted: list[Planted] = []
        size = 0
        while size < length:
            number = None
            if size >= slogan_at:
                number, slogan_at = 0, length + LONGEST
            elif size and draw.unit() < SHARE_PASSAGES:
                number = 1 + draw.pick(self._curve, 1)[0]
            if number is None:
                paragraph = self._writer.take(30 + draw.below(200))
            else:
                paragraph = FIGURE.sub(self._figure, self._passages[number])
                planted.append(Planted(number, self._row, size, size + len(paragraph)))
            parts.append(paragraph)
            size += len(paragraph) + 1
        text = "\n".join(parts)
        self._keep(text)
        return Made(text, None, planted)

    def _figure(self, found: re.Match[str]) -> str:
        return str(self._draw.below(10 ** len(found[0])))

    def _keep(self, text: str) -> None:
        if len(self._sources) < N_SOURCES:
            self._sources.append((self._row, text))
        else:
            self._sources[self._row % N_SOURCES] = (self._row, text)

    def _copy(self) -> Made:
        """A copy of a source, a few of which are copied often; nothing is said of the set passages in it."""
        draw = self._draw
        source, text = self._sources[int(len(self._sources) * draw.unit() ** 2)]
        old = shingles(text)
        if draw.unit() >= SHARE_EXACT:
            text = self._edited(text, LOWEST_JACCARD + (1.0 - LOWEST_JACCARD) * draw.unit())
        new = shingles(text)
        n_common = len(old & new)
        return Made(text, Copy(source, self._row, n_common, len(old) + len(new) - n_common), [])

    def _edited(self, text: str, jaccard: float) -> str:
        """The text less its end, or with single characters replaced, so that about this Jaccard is left."""
        if self._draw.unit() < 0.25:
            return text[: max(SHINGLE, round(len(text) * jaccard))]
        letters = list(text)
        # of n shingles, n (1 - J) / (1 + J) must go, and a replaced character takes five
        for _ in range(max(1, round(len(text) * (1 - jaccard) / (1 + jaccard) / SHINGLE))):
            letters[self._draw.below(len(letters))] = self._writer.characters[self._draw.below(3_755)]
        return "".join(letters)


def truth_path(corpus: Path) -> Path:
    """Where the truth of a corpus lies."""
    return corpus.with_suffix(".truth.json")


def make(n_bytes: int, corpus: Path) -> None:
    """Write whole documents until the file has at least ``n_bytes``, and the truth beside it; each appears complete."""
    copies: list[Copy] = []
    planted: list[Planted] = []
    size = row = 0
    part = corpus.with_suffix(".part")
    try:
        with part.open("wb") as file:
            for row, made in enumerate(Maker().documents(), 1):
                line = json.dumps({"id": f"{row - 1:09d}", "text": made.text}, ensure_ascii=False)
                size += file.write(line.encode() + b"\n")
                planted += made.planted
                if made.copy is not None:
                    copies.append(made.copy)
                if size >= n_bytes:
                    break
        truth = {"format": FORMAT, "n_documents": row, "n_bytes": size, "copies": copies, "passages": planted}
        truth_path(corpus).write_text(json.dumps(truth), "utf-8")
        part.replace(corpus)
    finally:
        part.unlink(missing_ok=True)


def is_made(corpus: Path, n_bytes: int) -> bool:
    """Whether the corpus and its truth are there, complete and of this format."""
    try:
        truth = json.loads(truth_path(corpus).read_text("utf-8"))
        size = corpus.stat().st_size
    except (OSError, ValueError):
        return False
    return bool(truth.get("format") == FORMAT and truth["n_bytes"] == size >= n_bytes)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Make a Chinese corpus with known copies and shared passages.")
    parser.add_argument("size", type=float, metavar="SIZE", help="megabytes")
    parser.add_argument("out", type=Path, metavar="OUT.jsonl")
    options = parser.parse_args(arguments)
    if options.size <= 0:
        parser.error("SIZE must be above 0")
    make(int(options.size * 1e6), options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB; {truth_path(options.out).name} beside it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
