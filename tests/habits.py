"""Made reports of which one habit of leaving blanks is left in every figure or every name; see ``habits.toml``."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from detector.rules.marks import find_marks
from detector.rules.rule_tables import RuleTable
from detector.text.folding import plain

N_SENTENCES = 12
N_DOCUMENTS = 2
PLACES = {"figures": "#", "names": "@"}


class Count(NamedTuple):
    """Of the blanks of a habit, those found, and how many findings are none of them."""

    n_blanks: int
    n_found: int
    n_false: int


@cache
def habits() -> Mapping[str, Any]:
    """The table of habits and sentences."""
    return tomllib.loads((Path(__file__).parent / "data" / "marks" / "habits.toml").read_text("utf-8"))


def documents(kind: str, language: str, habit: str) -> Iterator[tuple[str, set[tuple[int, int]]]]:
    """Texts with the places of their blanks."""
    bank = habits()["sentences"]
    fills = {PLACES[name]: values for name, values in bank["fills"][language].items()}
    for number in range(N_DOCUMENTS):
        choose = random.Random(f"{kind} {habit} {number}")
        text, blanks = "", set()
        for at, sentence in enumerate(choose.sample(bank[language], N_SENTENCES)):
            for piece in re.split("([#@])", sentence):
                if piece == PLACES[kind]:
                    blanks.add((len(text), len(text) + len(habit)))
                    text += habit
                else:
                    text += choose.choice(fills[piece]) if piece in fills else piece
            text += "\n" if at % 3 == 2 else " " if language == "en" else ""
        yield text, blanks


def count(kind: str, language: str, habit: str, table: RuleTable) -> Count:
    """What the rules find of a habit, each document alone."""
    counts = []
    for text, blanks in documents(kind, language, habit):
        found = {(hit.start, hit.end) for hit in find_marks(plain(text), table) if hit.kind == "placeholder"}
        counts.append(Count(len(blanks), len(found & blanks), len(found - blanks)))
    return Count(*map(sum, zip(*counts, strict=True)))
