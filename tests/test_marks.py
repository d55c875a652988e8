"""Marks: labelled cases, their false friends, masks, and the real documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.rules.marks import find_marks
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.text.folding import plain

TABLE = load_rules(Settings())
DATA = Path(__file__).parent / "data" / "marks"
OPEN = {"⟦": "placeholder", "〘": "masked"}
CLOSE = "⟧〙"


def cases(name: str) -> list[object]:
    """The rows of a file of cases."""
    rows = [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]
    return [pytest.param(row, id=f"{number}-{row['label']}") for number, row in enumerate(rows, 1)]


def parsed(marked: str) -> tuple[str, list[tuple[int, int, str]]]:
    """A case's text without its brackets, and what stands between them."""
    text, wanted, opened = "", [], (0, "")
    for character in marked:
        if character in OPEN:
            opened = (len(text), OPEN[character])
        elif character in CLOSE:
            wanted.append((opened[0], len(text), opened[1]))
        else:
            text += character
    return text, wanted


def check(row: dict[str, str]) -> None:
    text, wanted = parsed(row["text"])
    found = [(hit.start, hit.end, hit.kind) for hit in find_marks(plain(text), TABLE)]
    assert found == wanted, row["comment"]


@pytest.mark.parametrize("row", cases("placeholders.jsonl"))
def test_placeholders(row: dict[str, str]) -> None:
    assert "⟦" in row["text"]
    check(row)


@pytest.mark.parametrize("row", cases("false_friends.jsonl"))
def test_false_friends(row: dict[str, str]) -> None:
    assert "⟦" not in row["text"]
    check(row)


@pytest.mark.parametrize("row", cases("masks.jsonl"))
def test_masks(row: dict[str, str]) -> None:
    assert "〘" in row["text"]
    check(row)


@pytest.mark.xfail(strict=True, reason="known failure; the comment of the case says why")
@pytest.mark.parametrize("row", cases("known_failures.jsonl"))
def test_known_failures(row: dict[str, str]) -> None:
    check(row)


def test_a_lone_x_needs_company() -> None:
    alone = plain("和谐X。")
    assert not find_marks(alone, TABLE)
    company = plain("投资X万元,新增X户,改造X公里。和谐X。")
    assert [hit.start for hit in find_marks(company, TABLE)] == [2, 8, 13, 19]


def test_words_that_must_stand_more_than_once_are_counted_in_the_document() -> None:
    once = plain("I was sceptical, but [gadget] changed how I sleep.")
    assert not find_marks(once, TABLE)
    other = plain("I was sceptical, but [gadget] changed how I sleep; my [gizmo] did not.")
    assert not find_marks(other, TABLE)
    again = plain("[Gadget]: a test. I was sceptical, but [gadget] changed how I sleep. With [gadget] I am well.")
    assert [hit.start for hit in find_marks(again, TABLE)] == [0, 39, 74]


def test_a_letter_that_stands_for_a_name_is_found_where_a_person_acts() -> None:
    text = plain("The claimant, referred to here as K, left. K's vitamin K was low, and K had told R. Plan K is done.")
    hits = find_marks(text, TABLE)
    assert [(hit.start, hit.kind) for hit in hits] == [(34, "masked"), (43, "masked"), (70, "masked")]
    assert not find_marks(plain("K's vitamin K was low, and K had told R so."), TABLE)


def test_what_an_empty_bracket_holds_counts_as_its_sign() -> None:
    line = "You may obtain a copy at _____."
    assert not find_marks(plain(line), TABLE)
    assert len(find_marks(plain(line + " Deliver [____] shares."), TABLE)) == 2


def test_documents_decide_where_marks_alone_cannot() -> None:
    blank = "甲方应支付____元"
    assert find_marks(plain(blank), TABLE)
    assert not find_marks(plain("一、填空题 " + blank + " 本试卷满分100分"), TABLE)
    body = "住XX市。"
    assert [hit.kind for hit in find_marks(plain(body), TABLE)] == ["placeholder"]
    court = "原告、被告到庭,本院判决如下。" + body
    assert [hit.kind for hit in find_marks(plain(court), TABLE)] == ["masked"]


def test_a_guard_that_is_switched_off_guards_no_more() -> None:
    text = plain("投资X万元,新增X户,改造X公里。拍X光片。")
    without = load_rules(Settings(disable_rules=("content.x_term",)))
    assert len(find_marks(text, TABLE)) == 3
    assert len(find_marks(text, without)) == 4


pieces = st.sampled_from(
    [
        *"xX×*○□_某[]【】{}<>()%$#年月日镇万元 \n1a的\x00\u200b\ud800\N{SNOWMAN}",
        "某某", "关键词2", "20XX", "lorem ipsum", "张", "138****", "{{a}}", "第N批", "年 月 日", "[公司名称]", "原告",
    ]
)  # fmt: skip


@given(st.lists(pieces, max_size=60).map("".join))
def test_marks_are_sorted_separate_and_inside_the_text(text: str) -> None:
    hits = find_marks(plain(text), TABLE)
    end = 0
    for hit in hits:
        assert end <= hit.start < hit.end <= len(text)
        assert hit.kind in ("placeholder", "masked")
        end = hit.end


@given(st.lists(pieces, max_size=40).map("".join))
def test_marks_do_not_depend_on_what_was_found_before(text: str) -> None:
    once = find_marks(plain(text), TABLE)
    find_marks(plain(text + text), TABLE)
    assert find_marks(plain(text), TABLE) == once


def test_real_documents(shared: Path) -> None:
    n_labelled = 0
    for line in (shared / "gold" / "seeds.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        text = (shared / row["file"]).read_bytes().decode("utf-8")
        wanted = [(span["start"], span["end"]) for span in row["spans"] if span["kind"] == "placeholder"]
        hits = find_marks(plain(text), TABLE)
        assert [(hit.start, hit.end) for hit in hits if hit.kind == "placeholder"] == wanted, row["id"]
        n_labelled += len(wanted)
    assert n_labelled == 239


def test_no_false_placeholder_in_government_reports(shared: Path) -> None:
    corpus = shared / "corpora" / "zh_gov_national_2024_2026" / "docs.jsonl"
    if not corpus.is_file():
        pytest.skip(f"not here: {corpus}")
    for line in corpus.read_text("utf-8").splitlines():
        assert not find_marks(plain(json.loads(line)["text"]), TABLE)
