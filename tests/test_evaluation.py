"""Counting hits, false alarms and misses: cases by hand, and what must hold for any labels."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from detector.errors import InputError
from detector.evaluation.measures import Counts, Evaluation, GoldDocument, Label, Macro, evaluate, load_gold
from detector.model import Hit
from detector.report.listings import evaluation_report


class Found(NamedTuple):
    """A finding, as far as an evaluation looks at it."""

    start: int
    end: int
    kind: str
    rule: str | None = "a.rule"


TEXT = "在X村投资X万元，采取1+1+1+X模式。由2020年的3元提高到2020年的4元。上一篇：某村总结  下一篇：没有了"


def label(text: str, kind: str, occurrence: int = 1) -> Label:
    """The n-th occurrence of a string of `TEXT` as a label."""
    start = -1
    for _ in range(occurrence):
        start = TEXT.index(text, start + 1)
    return Label(start, start + len(text), kind, text, f"note on {text}")


def found(item: Label, rule: str | None = "a.rule") -> Found:
    return Found(item.start, item.end, item.kind, rule)


FIRST_X, SECOND_X, MODEL_X = (label("X", "placeholder", occurrence) for occurrence in (1, 2, 3))
SWAP = label("由2020年的3元提高到2020年的4元", "year_swap")
JUNK = label("上一篇：某村总结  下一篇：没有了", "junk")
GOLD = (GoldDocument("a", (FIRST_X, SECOND_X, SWAP, JUNK), (MODEL_X,)),)


def evaluate_one(*rows: Found) -> Evaluation:
    return evaluate({"a": rows}, {"a": TEXT}, GOLD)


def test_everything_found() -> None:
    result = evaluate_one(*(found(item) for item in GOLD[0].spans))
    assert result.by_kind == {"placeholder": Counts(2), "year_swap": Counts(1), "junk": Counts(15)}
    assert all(counts.f1 == 1.0 for counts in result.by_kind.values())
    assert result.errors == ()


def test_nothing_found() -> None:
    result = evaluate({}, {"a": TEXT}, GOLD)
    assert result.by_kind == {
        "placeholder": Counts(n_missed=2),
        "year_swap": Counts(n_missed=1),
        "junk": Counts(n_missed=15),
    }
    assert result.by_kind["placeholder"].precision is None
    assert result.by_kind["placeholder"].recall == result.by_kind["placeholder"].f1 == 0.0
    assert [item.what for item in result.errors] == ["missed"] * 4
    assert result.by_rule == {}


def test_a_placeholder_must_fit_exactly() -> None:
    wider = Found(FIRST_X.start, FIRST_X.end + 1, "placeholder")
    result = evaluate_one(wider, found(SECOND_X))
    assert result.by_kind["placeholder"] == Counts(1, 1, 1)


def test_what_is_labelled_as_no_placeholder_is_a_false_alarm_with_its_note() -> None:
    result = evaluate_one(found(FIRST_X), found(SECOND_X), found(MODEL_X))
    assert result.by_kind["placeholder"] == Counts(2, 1, 0)
    alarm = next(item for item in result.errors if item.what == "false_alarm")
    assert (alarm.start, alarm.text, alarm.rule, alarm.note) == (MODEL_X.start, "X", "a.rule", "note on X")
    assert alarm.before == TEXT[: MODEL_X.start] and len(alarm.before) < 20
    assert alarm.after == TEXT[MODEL_X.end :][:20] and len(alarm.after) == 20


def test_two_rules_at_one_place_are_one_finding_and_each_rule_has_its_own_counts() -> None:
    result = evaluate_one(found(FIRST_X, "one"), found(FIRST_X, "two"), found(SECOND_X, "two"), found(MODEL_X, None))
    assert result.by_kind["placeholder"] == Counts(2, 1, 0)
    assert result.by_rule["placeholder"] == {"(none)": Counts(0, 1, 2), "one": Counts(1, 0, 1), "two": Counts(2, 0, 0)}


def test_junk_is_counted_in_non_blank_characters() -> None:
    middle = JUNK.start + 8
    result = evaluate_one(Found(JUNK.start - 3, middle, "junk"))
    assert result.by_kind["junk"] == Counts(8, 3, 7)
    junk_errors = [(item.what, item.text) for item in result.errors if item.kind == "junk"]
    assert junk_errors == [("false_alarm", "4元。"), ("missed", "下一篇：没有了")]


def test_a_run_of_missed_characters_goes_on_over_blanks() -> None:
    result = evaluate_one()
    assert [item.text for item in result.errors if item.kind == "junk"] == [JUNK.text]


@pytest.mark.parametrize(
    ("shift", "length", "counts"),
    [
        (0, len(SWAP.text), Counts(1)),
        (0, len(SWAP.text) // 2, Counts(1)),
        (0, len(SWAP.text) // 2 - 1, Counts(0, 1, 1)),
        (len(SWAP.text) // 3 + 1, len(SWAP.text), Counts(0, 1, 1)),
    ],
)
def test_a_year_swap_needs_half_of_the_union(shift: int, length: int, counts: Counts) -> None:
    start = SWAP.start + shift
    assert evaluate_one(Found(start, start + length, "year_swap")).by_kind["year_swap"] == counts


def test_one_label_takes_one_finding() -> None:
    twice = (Found(SWAP.start, SWAP.end, "year_swap"), Found(SWAP.start, SWAP.end - 1, "year_swap"))
    assert evaluate_one(*twice).by_kind["year_swap"] == Counts(1, 1, 0)


def test_kinds_that_the_gold_file_does_not_label_are_not_scored() -> None:
    result = evaluate_one(Found(0, 1, "masked"), Found(0, 1, "script_error"), Found(0, 9, "phrase"))
    assert set(result.by_kind) == {"placeholder", "year_swap", "junk"}
    assert {item.what for item in result.errors} == {"missed"}


def test_a_finding_in_an_unlabelled_document_of_the_file_is_a_false_alarm() -> None:
    gold = (*GOLD, GoldDocument("clean"))
    result = evaluate({"clean": [Found(0, 1, "placeholder")]}, {"a": TEXT, "clean": "X光"}, gold)
    assert result.by_document["clean"]["placeholder"] == Counts(0, 1, 0)


def test_documents_on_one_side_only_are_named() -> None:
    gold = (*GOLD, GoldDocument("lost"), GoldDocument("thin", lines="c", coverage=0.5))
    result = evaluate({}, {"a": TEXT, "more": "", "thin": ""}, gold)
    assert (result.missing, result.unlabelled, result.skipped) == (("lost",), ("more",), ("thin",))
    assert set(result.by_document) == {"a"}


def test_micro_sums_and_macro_averages() -> None:
    gold = (
        GoldDocument("a", (Label(0, 1, "placeholder", "X"),)),
        GoldDocument("b", tuple(Label(place, place + 1, "placeholder", "X") for place in (0, 2, 4))),
        GoldDocument("c"),
    )
    texts = {"a": "X", "b": "X X X", "c": "X"}
    findings = {"a": [Found(0, 1, "placeholder")], "b": [Found(0, 1, "placeholder")], "c": [Found(0, 1, "placeholder")]}
    result = evaluate(findings, texts, gold)
    assert result.by_kind["placeholder"] == Counts(2, 1, 2)
    assert result.macro("placeholder") == Macro(
        pytest.approx(2 / 3), pytest.approx((1 + 1 / 3) / 2), pytest.approx(1.5 / 3)
    )
    assert result.macro("junk") == Macro(None, None, None)


def test_lines() -> None:
    text = "首页 登录\n正文第一段很长。\n\n分享到微博\n可有可无\n相关阅读"
    gold = (GoldDocument("page", lines="jccjaj"),)
    rows = [
        Found(0, 2, "junk"),
        Found(text.index("分享到"), text.index("微博"), "junk"),
        Found(text.index("可"), 99, "junk"),
    ]
    result = evaluate({"page": rows}, {"page": text}, gold)
    assert result.by_kind["junk"] == Counts(n_found=2 + 3 + 4, n_wrong=0, n_missed=2 + 2)
    assert result.by_kind["junk_line"] == Counts(n_found=3, n_wrong=0, n_missed=0)
    wrong = evaluate({"page": [Found(6, 10, "junk")]}, {"page": text}, gold)
    assert wrong.by_kind["junk_line"] == Counts(0, 1, 3)
    assert wrong.by_kind["junk"] == Counts(0, 4, 4 + 5 + 4)


def test_findings_of_the_model_are_accepted_and_the_result_becomes_json() -> None:
    rows = [Hit(FIRST_X.start, FIRST_X.end, "placeholder", "placeholder.x")]
    row = evaluate({"a": rows}, {"a": TEXT}, GOLD).as_row()
    assert json.loads(json.dumps(row)) == row
    assert row["kinds"]["placeholder"]["recall"] == 0.5
    assert row["rules"]["placeholder"]["placeholder.x"]["n_found"] == 1
    assert row["n_errors"] == 3


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        (GoldDocument("a", (Label(0, 1, "junk", "别"),)), "a: the label at 0-1 says '别' but the text there is '在'"),
        (GoldDocument("a", lines="cc"), "a: 2 line labels for 1 lines"),
    ],
)
def test_labels_that_do_not_fit_their_text(gold: GoldDocument, message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate({}, {"a": TEXT}, (gold,))


ROW = {"id": "a", "file": "a.txt", "spans": [{"start": 0, "end": 1, "kind": "junk", "text": "首"}], "not_spans": []}


def test_both_formats_load(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps(ROW) + '\n\n{"id": "b", "labels": "cja", "gold_coverage": 1}\n', "utf-8")
    one, other = load_gold(path)
    assert one == GoldDocument("a", (Label(0, 1, "junk", "首"),))
    assert other == GoldDocument("b", lines="cja", coverage=1)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"gold\.jsonl:2: not JSON"),
        ("[]", r':2: a row of labels is an object with a string "id"'),
        ('{"id": 3}', r':2: a row of labels is an object with a string "id"'),
        ('{"id": "b", "label": []}', r':2: neither "spans" .* nor "labels" .*; found: id, label'),
        ('{"id": "b", "labels": "cjx"}', r":2: \"labels\" is one letter a line"),
        ('{"id": "b", "labels": "c", "gold_coverage": "all"}', r":2: \"gold_coverage\" is a number"),
        ('{"id": "a", "spans": []}', r":2: the id 'a' comes twice"),
        ('{"id": "b", "spans": [3]}', r":2: a label needs start and end"),
        ('{"id": "b", "spans": [{"start": true, "end": 1, "kind": "junk", "text": "x"}]}', ":2: a label needs start"),
        ('{"id": "b", "spans": [{"start": 0, "end": 1, "kind": "chrome", "text": "x"}]}', ":2: 'chrome' is no kind"),
        ('{"id": "b", "spans": [{"start": 0, "end": 2, "kind": "junk", "text": "x"}]}', ":2: the label 'x' has 1 char"),
        ('{"id": "b", "spans": [], "not_spans": 1}', ':2: neither "spans"'),
    ],
)
def test_bad_rows_say_where(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps(ROW) + "\n" + line + "\n", "utf-8")
    with pytest.raises(InputError, match=message):
        load_gold(path)


def test_files_that_cannot_be_labels(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the labels"):
        load_gold(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(InputError, match="no labels in the file"):
        load_gold(tmp_path / "empty.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xe9"}')
    with pytest.raises(InputError, match="not UTF-8"):
        load_gold(tmp_path / "latin.jsonl")


KINDS = ("placeholder", "masked", "script_error", "junk", "year_swap", "spun_repeat")


@st.composite
def labelled_texts(draw: st.DrawFn) -> tuple[str, GoldDocument]:
    """A text of labels without blanks, each with something before it, so that those of one kind do not touch."""
    text, labels = "", []
    for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=12)):
        text += draw(st.text("内容，\n", min_size=1, max_size=6))
        words = draw(st.text("甲乙丙", min_size=1, max_size=9))
        labels.append(Label(len(text), len(text) + len(words), kind, words))
        text += words
    return text, GoldDocument("d", tuple(labels))


@given(labelled_texts(), st.randoms(use_true_random=False))
def test_perfect_findings_score_one_whatever_their_order(case: tuple[str, GoldDocument], random: object) -> None:
    text, gold = case
    rows = [found(item) for item in gold.spans]
    random.shuffle(rows)  # type: ignore[attr-defined]
    result = evaluate({"d": rows}, {"d": text}, (gold,))
    assert result.errors == ()
    for counts in result.by_kind.values():
        assert (counts.precision, counts.recall, counts.f1) == (1.0, 1.0, 1.0)


@given(labelled_texts(), st.data())
def test_one_finding_less_lowers_recall_and_nothing_else(case: tuple[str, GoldDocument], data: st.DataObject) -> None:
    text, gold = case
    gone = data.draw(st.sampled_from(gold.spans))
    rows = [found(item) for item in gold.spans if item != gone]
    result = evaluate({"d": rows}, {"d": text}, (gold,))
    for kind, counts in result.by_kind.items():
        if kind == gone.kind:
            assert counts.recall is not None and counts.recall < 1.0
            assert counts.precision in (None, 1.0)
        else:
            assert counts.f1 == 1.0
    assert [(item.what, item.text) for item in result.errors] == [("missed", gone.text)]


@given(labelled_texts(), st.data())
def test_one_finding_more_lowers_precision_and_nothing_else(
    case: tuple[str, GoldDocument], data: st.DataObject
) -> None:
    text, gold = case
    kind = data.draw(st.sampled_from(sorted(gold.kinds)))
    start = data.draw(st.sampled_from([place for place, letter in enumerate(text) if letter in "内容，"] or [-1]))
    if start < 0:
        return
    rows = [*(found(item) for item in gold.spans), Found(start, start + 1, kind, "noise")]
    counts = evaluate({"d": rows}, {"d": text}, (gold,)).by_kind[kind]
    assert counts.recall == 1.0
    assert counts.precision is not None and counts.precision < 1.0


@given(st.lists(st.builds(Counts, *(st.integers(0, 9),) * 3)))
def test_counts_add_and_ratios_stay_between_nought_and_one(rows: list[Counts]) -> None:
    total = sum(rows, Counts())
    assert total.n_found == sum(row.n_found for row in rows)
    for ratio in (total.precision, total.recall, total.f1):
        assert ratio is None or 0.0 <= ratio <= 1.0
    if total.precision and total.recall:
        assert total.f1 == pytest.approx(2 / (1 / total.precision + 1 / total.recall))


def test_the_labels_of_the_real_documents_load(shared: Path) -> None:
    gold = load_gold(shared / "gold" / "seeds.jsonl")
    assert sum(span.kind == "placeholder" for document in gold for span in document.spans) == 239
    texts = {item.id: (shared / "seeds" / f"{item.id}.txt").read_bytes().decode() for item in gold}
    perfect = {item.id: [found(span) for span in item.spans] for item in gold}
    result = evaluate(perfect, texts, gold)
    assert result.errors == () and set(result.by_kind) == {"placeholder", "year_swap", "spun_repeat", "junk"}


def test_what_is_lost_of_the_content_is_told_by_document_and_as_a_mean() -> None:
    """Calling all of a page junk has a precision of nine tenths and loses all that it says."""
    text = "首页 登录 注册 首页 登录 注册 首页 登录\n正文\n"
    gold = (GoldDocument("page", lines="jcc"), GoldDocument("other", lines="cja"), GoldDocument("clean", ()))
    texts = {"page": text, "other": "正文第一\n首页\n可有可无", "clean": "正文"}
    findings = {"page": [Found(0, len(text), "junk")], "other": [Found(0, 2, "junk")]}
    result = evaluate(findings, texts, gold)
    assert result.n_content["page"] == 2 and result.n_content["other"] == 4
    assert result.lost("page") == 1.0 and result.lost("other") == 0.5
    assert result.lost("clean") is None
    assert result.macro_lost() == 0.75
    assert result.as_row()["content_lost"] == 0.75
    assert result.as_row()["documents"]["page"]["content_lost"] == 1.0
    assert "content_lost" not in result.as_row()["documents"]["clean"]


def test_the_report_shows_kinds_means_rules_and_documents() -> None:
    out = StringIO()
    rows = [found(FIRST_X), found(MODEL_X), Found(JUNK.start - 3, JUNK.end, "junk", "a.junk")]
    evaluation_report(evaluate_one(*rows), Console(file=out, width=100))
    lines = out.getvalue().splitlines()
    kinds = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(("placeholder", "junk", "year"))}
    assert kinds["placeholder"] == ["1", "1", "1", "50.0", "%", "50.0", "%", "50.0", "%"]
    assert sum(line.startswith("  mean of documents") for line in lines) == 3
    assert any("of a document's content" in line.lower() and "called junk" in line for line in lines)
    assert any(line.startswith("a.junk") for line in lines)
    assert any(line.startswith("a ") and line.rstrip().endswith("placeholder") for line in lines)
