"""The order of a phrase book against the greedy cover carried out character by character."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector.report.cover import Explained, explained, most_explained

TEXTS = ("甲乙丙 丁戊己庚辛 壬癸", "子丑寅卯\u3000辰巳")

Occurrence = tuple[int, int, int, int]


@st.composite
def occurrences(draw: st.DrawFn) -> list[Occurrence]:
    """Phrase, document, start and end."""
    rows = []
    for _ in range(draw(st.integers(0, 12))):
        document = draw(st.integers(0, 1))
        start = draw(st.integers(0, len(TEXTS[document]) - 1))
        rows.append((draw(st.integers(0, 4)), document, start, draw(st.integers(start + 1, len(TEXTS[document])))))
    return rows


def brute_force(rows: list[Occurrence], *, blanks: bool) -> list[Explained]:
    places: dict[int, set[tuple[int, int]]] = {}
    for phrase, document, start, end in rows:
        held = {(document, at) for at in range(start, end) if blanks or not TEXTS[document][at].isspace()}
        places.setdefault(phrase, set()).update(held)
    found, covered = [], set()
    while places:
        phrase = min(places, key=lambda number: (-len(places[number] - covered), number))
        new = places.pop(phrase) - covered
        if not new:
            break
        found.append(Explained(phrase, len(new)))
        covered |= new
    return found


@given(occurrences(), st.booleans(), st.none() | st.integers(0, 3))
def test_the_order_is_that_of_the_greedy_cover(rows: list[Occurrence], with_texts: bool, limit: int | None) -> None:
    texts = [TEXTS[document][start:end] for _, document, start, end in rows] if with_texts else None
    columns = [[row[place] for row in rows] for place in range(4)]
    found = explained(*columns, texts=texts, limit=limit)
    assert found == brute_force(rows, blanks=not with_texts)[:limit]


@given(occurrences(), st.integers(1, 3))
def test_phrases_that_are_left_out_change_nothing(rows: list[Occurrence], limit: int) -> None:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T

    def blanks(some: NDArray[np.int64]) -> NDArray[np.bool_]:
        spans = [rows[row][1:] for row in some.tolist()]
        found = [character.isspace() for place, start, end in spans for character in TEXTS[place][start:end]]
        return np.array(found, dtype=np.bool_)

    assert most_explained(*columns, blanks, limit) == brute_force(rows, blanks=False)[:limit]


def test_variants_of_a_slogan_come_after_what_adds_more() -> None:
    """Phrase 0 stands in ten places, 1 and 2 are longer by two characters in some of them, 3 is another text."""
    rows = [(0, document, 0, 20) for document in range(10)]
    rows += [(1, document, 0, 22) for document in range(9)] + [(2, document, 0, 21) for document in range(9)]
    rows += [(3, document, 50, 70) for document in range(2)]
    assert explained(*zip(*rows, strict=True)) == [(0, 200), (3, 40), (1, 18)]
