"""Repeated marks of spaced scripts: habits, false friends, and that the compiled gate misses nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.model import Document
from detector.pipeline import scan
from detector.rules.marks import find_marks
from detector.rules.rule_tables import load_rules
from detector.rules.spaced_stand_ins import ABOUT, COUNTED, NAMED, may_have_spaced_marks, spaced_marks
from detector.rules.stand_ins import REPEATED_MARK
from detector.settings import Settings
from detector.text.folding import code_points, plain

TABLE = load_rules(Settings())

REPORT = """In our first year we trained {0} volunteers and served {0} families. Revenue grew by {0}% over the year.
More than {0} participants attended the {0} sessions. The board approved {0} projects.
A survey of {0} residents found that {0}% were satisfied."""

MARKS = (
    *(
        "##",
        "???",
        "[#]",
        "[??]",
        "@@",
        "~~",
        "●●",
        "{n}",
        "<n>",
        "<<>>",
        "%d",
        "nn",
        "TK",
        "X",
        "N",
        "00",
        "#.#",
        "(X)",
    ),
)
"""Habits of which few are on a list."""


@pytest.mark.parametrize("mark", MARKS)
def test_any_mark_is_found_that_stands_where_figures_should(mark: str) -> None:
    text = REPORT.format(mark)
    found = [text[hit.start : hit.end] for hit in find_marks(plain(text), TABLE)]
    assert found == [mark] * REPORT.count("{0}")


TOUR = """Our thanks go to {0} Foundation, to {0} University and to the City of {0}. The clinic in {0} has a new wing.
{0} County gave the land, and the head of {0} College spoke at {0}."""


@pytest.mark.parametrize("mark", [mark for mark in MARKS if mark not in ("#.#", "00", "%d", "(X)")])
def test_any_mark_is_found_that_stands_where_names_should(mark: str) -> None:
    text = TOUR.format(mark)
    found = [text[hit.start : hit.end] for hit in find_marks(plain(text), TABLE)]
    assert set(found) == {mark}
    assert len(found) >= 5


def test_money_is_told_by_its_sign() -> None:
    text = plain("The grant of $## will support ## students. Donors gave ##% more, a total of $## thousand.")
    (mark,) = spaced_marks(text)
    assert [text[start:end] for start, end in mark.places] == ["##"] * 4
    assert mark.followers == ("$", "%", "students")


@pytest.mark.parametrize(
    "text",
    [
        "Let n be the number of people. After n days each of n students has n coins, so n is even; take n = 5, n = 7.",
        "She said [sic] people of [sic] students gave [sic]% of it.",
        "Several people met for several days, several hours and several weeks; several schools gave several dollars.",
        "He waited ... days, then ... years, and ... people ... students ... schools ... and gave ...%.",
        "Both -- people and -- students -- gave -- hours, -- days and --% of their time.",
        "if (a && people) && students && days && (b) && hours",
        "**people** and **students** and **days** and **years** ##heading\n## people\n## students\n## days",
        "<b>people</b> <b>students</b> <b>days</b> <b>years</b> of <b>hours</b>",
        "Ask (the) people, (the) students, (the) families and (the) patients about (the) days.",
        "C++ users, c++ members and c++ projects; 10% people, 20% students, 30% days.",
        "School # students # teachers # days # hours # sessions\nHill # students # days",
        "As in [3] people of [3] students gave [3]% over [3] days; see (1) people, (1) students, (1)% of (1) days.",
        "Men & women & children & families & 50% & days",
        "Vitamin c students, hepatitis b patients, grade b schools, class b shares, plan b projects",
    ],
)
def test_what_is_written_otherwise_is_no_placeholder(text: str) -> None:
    assert spaced_marks(plain(text)) == []


def test_a_mark_that_mostly_stands_elsewhere_is_none() -> None:
    text = plain(REPORT.format("##"))
    assert spaced_marks(text)
    assert not spaced_marks(text + " see ## there" * 10)


def test_in_code_such_marks_are_the_program() -> None:
    code = 'int main() {\nprintf("%d students");\nreturn 0;\n}\nimport sys\ndef f(x):\n    return x\n'
    text = plain(code * 3 + "It prints %d students, %d days, more than %d people and %d% of them.")
    assert not [hit for hit in find_marks(text, TABLE) if hit.rule == REPEATED_MARK]


def test_a_scan_finds_them_and_the_switch_takes_them_away() -> None:
    documents = [Document("a", REPORT.format("[#]")), Document("b", REPORT.format("12"))]
    rules = [finding.rule for finding in scan(documents, Settings()).findings]
    assert rules.count(REPEATED_MARK) == REPORT.count("{0}")
    off = scan(documents, Settings(disable_rules=(REPEATED_MARK,))).findings
    assert REPEATED_MARK not in {finding.rule for finding in off}


def test_words_are_words() -> None:
    assert all(word.isalpha() and word.isascii() and word.islower() for word in (*COUNTED, *NAMED, *ABOUT))


SIGNS = '#?@&%^~=+!/*_[]<>{}()$£.,;"“ \n\u3000abxn09'
PIECES = (
    *MARKS, *SIGNS, " people", " days ", " students,", "more than ", "over ", "of ", "in ", "served ", "% ",
    " county", " foundation,", "city of ", " $", "9,999", "3x", "x.x", "xyz", "number", "${n}", "_____", "%%",
    "[ ]", "&&&", "!!!!",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_no_text_with_such_a_mark_is_passed_over(text: str) -> None:
    text = plain(text)
    for mark in spaced_marks(text):
        assert all(text[start:end] == mark.token for start, end in mark.places)
        assert 2 * len(mark.places) >= mark.n_occurrences
    bounds = np.array([0, len(text), len(text), 2 * len(text)])
    may = may_have_spaced_marks(code_points(text + text), bounds).tolist()
    assert may[0] == may[2]
    assert not may[1]
    assert may[0] or not spaced_marks(text)
