"""Threads of scraped pages: the kernel against an obvious version, and pages whose comments read like a text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.kernels.page_threads import join_threads
from detector.rules.page_threads import HAS_DATE, HAS_TIME, JOINED, SAYS, STAMP, THREADS, stamps_of, with_threads
from detector.rules.pages import FEATURES, ROUND_ONE

LINES = st.lists(
    st.tuples(st.sampled_from([-9.0, -1.0, 0.5, 3.0]), st.sampled_from([0, 1, 1, 2]), st.booleans()),
    min_size=1,
    max_size=14,
)
KINDS = st.lists(
    st.tuples(
        st.sampled_from([1.0, 2.0]), st.sampled_from([-np.inf, -1.5, 0.0]), st.integers(1, 4), st.integers(1, 4),
        st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 2),
    ),
    min_size=1,
    max_size=3,
)  # fmt: skip


def joined(lines: list[tuple[float, int, bool]], kinds: list[tuple[float, float, int, int, float, int]]) -> list[float]:
    """The odds over the limit of the lines of one page, by the words of `join_threads`."""
    out = [over for over, _, _ in lines]
    for least, least_odds, most_apart, n_least, share, n_before in kinds:
        threads: list[list[int]] = []
        for own in sorted({form for _, form, _ in lines if form >= least}):
            stamps = [at for at, (over, form, _) in enumerate(lines) if form == own and over > least_odds]
            for before, at in zip([-99, *stamps], stamps, strict=False):
                if at - before <= most_apart:
                    threads[-1].append(at)
                else:
                    threads.append([at])
        for thread in threads:
            prose = [over > 0 for over, _, is_prose in lines[thread[0] : thread[-1]] if is_prose]
            if len(thread) >= n_least and (share == 0 or (prose and sum(prose) >= share * len(prose))):
                for at in range(thread[min(n_before, len(thread) - 1)], thread[-1] + 1):
                    out[at] = max(out[at], JOINED)
    return out


@given(st.lists(LINES, min_size=1, max_size=3), KINDS)
def test_lines_inside_threads_are_the_obvious(
    pages: list[list[tuple[float, int, bool]]], kinds: list[tuple[float, float, int, int, float, int]]
) -> None:
    over, stamps, prose = (np.array(column) for column in zip(*(line for page in pages for line in page), strict=True))
    indptr = np.cumsum([0, *(len(page) for page in pages)])
    join_threads(over, stamps.astype(np.uint8), prose, indptr, np.array(kinds), JOINED)
    assert over.tolist() == [value for page in pages for value in joined(page, kinds)]


def features_of(lines: list[dict[str, float]]) -> np.ndarray:
    out = np.zeros((len(lines), ROUND_ONE))
    for row, values in enumerate(lines):
        for name, value in values.items():
            out[row, FEATURES.index(name)] = value
    return out


WHEN = {"length": 3.0, "digits": 0.5, "date": 0.5}
SAID = {**WHEN, "said": 0.1, "at_colon": 1.0}
TEXT = {"length": 6.0, "ends": 3.0}


@pytest.mark.parametrize(
    ("line", "form"),
    [
        (WHEN, STAMP),
        (SAID, STAMP + SAYS),
        ({**WHEN, "date": 0.0, "time_sign": 1.0}, STAMP + HAS_TIME),
        ({**WHEN, "date": 0.0, "date_sign": 1.0}, STAMP + HAS_DATE),
        ({**WHEN, "length": 5.0}, 0),
        ({**WHEN, "ends": 1.0}, 0),
        ({**WHEN, "digits": 0.0}, 0),
        ({"length": 3.0, "digits": 0.5, "said": 0.1, "at_colon": 1.0}, 0),
        (TEXT, 0),
    ],
)
def test_stamps_say_when_and_little_else(line: dict[str, float], form: int) -> None:
    assert stamps_of(features_of([line]), FEATURES).tolist() == [form]


def test_what_stands_between_stamps_is_junk_and_what_stands_above_them_is_not() -> None:
    thread = [WHEN, TEXT] * 6 + [WHEN]
    features = features_of([TEXT, *thread, TEXT])
    over = np.array([-6.0, *([2.0, -6.0] * 6), 2.0, -6.0])
    found = with_threads(over, features, np.array([0, len(over)]), FEATURES)
    assert found.tolist() == [-6.0, 2.0, -6.0, *([2.0, JOINED] * 5), 2.0, -6.0], (
        "the first may be the stamp of the text"
    )
    assert with_threads(over[:10], features[:10], np.array([0, 10]), FEATURES).tolist() == over[:10].tolist()


def test_a_text_that_is_no_page_has_no_threads() -> None:
    features = features_of([SAID, TEXT] * 8)
    over = np.full(len(features), -np.inf)
    assert (with_threads(over, features, np.array([0, len(over)]), FEATURES) == -np.inf).all()


def test_stamps_that_say_who_wrote_need_no_odds() -> None:
    features = features_of([SAID, TEXT] * 6)
    over = np.full(len(features), -4.0)
    found = with_threads(over, features, np.array([0, len(over)]), FEATURES)
    assert found.tolist() == [JOINED] * 11 + [-4.0]
    assert THREADS.shape[1] == 6


def test_the_stamp_of_a_text_is_of_another_form_than_those_of_its_comments() -> None:
    timed = {**WHEN, "time_sign": 1.0}
    features = features_of([WHEN, WHEN, TEXT, *[timed, TEXT] * 6])
    over = np.array([2.0, 2.0, -3.0, *[2.0, -3.0] * 6])
    found = with_threads(over, features, np.array([0, len(over)]), FEATURES)
    assert found.tolist() == [2.0, 2.0, -3.0, 2.0, -3.0, *[2.0, JOINED] * 4, 2.0, -3.0]
