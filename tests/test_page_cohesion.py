"""What lines of a page have in common with its content and its junk: the kernel against an obvious version."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_oracles import words_of

from detector.kernels.page_cohesion import relate_all_kinds, relate_kinds
from detector.kernels.page_context import number_pages, number_words
from detector.rules.page_phrases import page_words
from detector.rules.pages import COHESION
from detector.rules.places import make_triggers, read_block
from detector.text.folding import code_points

OWN = len(COHESION) // 5
TINY = 1e-9

LINES = st.lists(
    st.tuples(st.lists(st.sampled_from("abcdef"), max_size=5), st.floats(-9, 9)),
    min_size=1,
    max_size=12,
)


def cohesion(lines: Sequence[set[str]], odds: Sequence[float]) -> list[list[float]]:
    """The features of `relate_kinds`, a column each, from the words of lines."""
    n = len(lines)
    value = {word: math.log((n + 1) / sum(word in line for line in lines)) for word in set().union(*lines)}
    chance = [1 / (1 + math.exp(-0.6 * (one - 1))) for one in odds]
    content, junk = [(1 - share) ** 2 for share in chance], [share**2 for share in chance]

    def like(row: int, weight: Sequence[float]) -> tuple[float, float]:
        if not lines[row]:
            return -0.1, -0.1
        others = {
            word: sum(weight[at] * value[word] for at in range(n) if at != row and word in lines[at]) for word in value
        }
        length = math.sqrt(sum(value[word] ** 2 for word in lines[row]))
        whole = math.sqrt(max(sum(one**2 for one in others.values()), TINY))
        cosine = sum(value[word] * others[word] for word in lines[row]) / length / whole
        share = sum(min(others[word], value[word]) for word in lines[row]) / sum(value[word] for word in lines[row])
        return cosine, share

    def faded(row: int, order: Sequence[int]) -> float:
        """``order``: the rows from the far end of the page to the line."""
        if not lines[row]:
            return -0.1
        found = 0.0
        for word in lines[row]:
            have, last = 0.0, row
            for at in order:
                have *= 0.9 ** abs(at - last)
                last = at
                have = min(have + content[at], 1.0) if word in lines[at] else have
            found += value[word] * have * 0.9 ** abs(row - last)
        return found / sum(value[word] for word in lines[row])

    rows = range(n)
    of_content, of_junk = ([like(row, weight) for row in rows] for weight in (content, junk))
    own = [
        [one for one, _ in of_content], [one for one, _ in of_junk],
        [one for _, one in of_content], [one for _, one in of_junk],
        [of_content[row][1] - of_junk[row][1] if lines[row] else -0.1 for row in rows],
        [faded(row, range(row)) for row in rows], [faded(row, range(n - 1, row, -1)) for row in rows],
        [math.sqrt(sum(value[word] ** 2 for word in line)) / 10 for line in lines],
    ]  # fmt: skip
    around = []
    for column in own:
        for reach in (1, 3, 8):
            near = [column[max(0, row - reach) : row + reach + 1] for row in rows]
            around.append([sum(part) / len(part) for part in near])
        around.append([sum(column) / n] * n)
    return own + around


@given(LINES)
def test_cohesion_is_what_other_lines_of_content_and_junk_have(page: list[tuple[list[str], float]]) -> None:
    lines, odds = zip(*page, strict=True)
    hashes = np.array([ord(word) << 40 for line in lines for word in line], dtype=np.uint64)
    indptr = np.cumsum([0, *map(len, lines)])
    numbers = np.empty(len(hashes), dtype=np.int32)
    n_words = number_words(hashes, indptr, numbers)
    out = np.zeros((len(lines), len(COHESION) + 1))
    assert relate_kinds(numbers, n_words, indptr, np.array(odds), out, 1) == len(COHESION) + 1
    for name, found, wanted in zip(COHESION, out[:, 1:].T, cohesion([set(line) for line in lines], odds), strict=True):
        # where all but nothing is left of a kind, its direction is noise
        loose = "like_" in name
        assert found.tolist() == pytest.approx(wanted, abs=1e-3 if loose else 1e-7), name


def test_cohesion_in_several_texts_is_that_in_each() -> None:
    texts = ["Rain fell over London\nLondon rain again\n\nShare", "麻阳县 发展\n发展经济\nShare this"]
    joined = "\n".join(texts)
    points = code_points(joined)
    start = np.array([0, len(texts[0]) + 1])
    block = read_block(points, start, np.array([len(texts[0]), len(joined)]), make_triggers((), {}, ()))
    indptr = block.line_indptr
    odds = np.linspace(-3, 5, int(indptr[-1]))
    out = np.zeros((int(indptr[-1]), len(COHESION)))
    numbers, n_words = np.empty(len(points), dtype=np.int32), np.empty(2, dtype=np.int64)
    of_line = np.empty(len(odds) + 1, dtype=np.int64)
    lines, classes = (block.plain, block.line_start, block.line_end), page_words().classes
    number_pages(*lines, indptr[:-1], indptr, classes, numbers, of_line, n_words)
    relate_all_kinds(numbers, n_words, of_line, indptr, odds, out, 0)
    for number, text in enumerate(texts):
        low, high = int(indptr[number]), int(indptr[number + 1])
        words = [set(words_of(line)) for line in text.lower().split("\n") if line]
        wanted = cohesion(words, odds[low:high].tolist())
        for name, found, column in zip(COHESION, out[low:high].T, wanted, strict=True):
            assert found.tolist() == pytest.approx(column, abs=1e-7), name
    assert len(COHESION) == 5 * OWN
