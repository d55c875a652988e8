"""What thresholds would drop, why a document was dropped, and how both are drawn."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import NASTY, find, finding, hostile, sample, score
from rich.cells import cell_len
from rich.console import Console

from detector.commands.tune import steps
from detector.errors import ScanError, SettingsError
from detector.filtering.verdicts import (
    Asked,
    Verdict,
    costs,
    plan_of_filter,
    plan_of_preset,
    recorded,
    verdict,
    with_texts,
)
from detector.model import DocumentScore, Parts, Span
from detector.report.tuned import render_tuning
from detector.report.why import render_verdict
from detector.thresholds.decisions import Reason, Thresholds, decide
from detector.thresholds.tuning import counts, is_least, keeping, margin, threshold_names, tuning, values

NAMES = threshold_names()


def document(name: str, **parts: int) -> DocumentScore:
    """A score with these parts."""
    made = Parts(**parts)
    row = score(name, "", [])
    return replace(row, n_chars=made.total, originality=made.originality, parts=made)


parts = st.fixed_dictionaries({name: st.integers(0, 40) for name in Parts.__slots__})
corpora = st.lists(parts, min_size=1, max_size=12).map(
    lambda rows: [document(f"d{place:02}", **row) for place, row in enumerate(rows)]
)


@given(corpora, st.sampled_from(NAMES), st.integers(0, 20))
def test_a_step_drops_what_the_filter_drops(documents: list[DocumentScore], name: str, twentieths: int) -> None:
    threshold = 5 * twentieths if counts(name) else twentieths / 20
    step = tuning(documents, {name: [threshold]}).ladders[0].steps
    decisions = decide(documents, Thresholds(**{name: threshold}), families="keep-all")
    dropped = [row.id for row in decisions if not row.kept]
    if not step:
        assert not dropped
        return
    assert step[0].n_documents == len(dropped)
    assert step[0].n_chars == sum(row.n_chars for row in documents if row.id in dropped)
    assert {near.id for near in step[0].dropped} <= set(dropped)
    assert not {near.id for near in step[0].kept} & set(dropped)


@given(corpora, st.sampled_from(NAMES))
def test_what_would_keep_a_document_keeps_it(documents: list[DocumentScore], name: str) -> None:
    for row in documents:
        near = keeping(name, row)
        if near is not None:
            assert not Thresholds(**{name: near}).reasons(row)


@given(corpora, st.sampled_from(NAMES), st.integers(0, 100))
def test_the_margin_is_negative_where_a_rule_speaks(documents: list[DocumentScore], name: str, percent: int) -> None:
    limit = percent if counts(name) else percent / 100
    for row in documents:
        value = values(row)[name]
        speaks = bool(Thresholds(**{name: limit}).reasons(row))
        if value is None:
            assert not speaks
        else:
            assert (margin(name, value, limit) < 0) == speaks


def test_ladders_name_the_documents_at_the_boundary() -> None:
    rows = [document(f"d{own:02}", own=own, junk=20 - own) for own in range(1, 21)]
    ladder = tuning(rows, {"min_originality": [0.5]}, n_near=2).ladders[0]
    assert [near.id for near in ladder.steps[0].dropped] == ["d09", "d08"]
    assert [near.id for near in ladder.steps[0].kept] == ["d10", "d11"]
    assert (ladder.n_measured, ladder.quartiles[0], ladder.quartiles[-1]) == (20, 0.05, 1.0)
    ladder = tuning(rows, {"max_junk": [0.5]}, n_near=1).ladders[0]
    assert [near.id for near in (*ladder.steps[0].dropped, *ladder.steps[0].kept)] == ["d09", "d10"]


def test_steps_that_drop_nothing_are_left_out() -> None:
    found = tuning([document("a", own=90, junk=10), document("b", own=100)])
    ladders = {ladder.name: ladder for ladder in found.ladders}
    assert [step.threshold for step in ladders["max_junk"].steps] == [0.05]
    assert ladders["max_shared"].steps == ()
    assert tuning([]).ladders[0].n_measured == 0
    assert json.loads(json.dumps(found.as_row()))["thresholds"][0]["option"] == "--min-originality"


def test_a_document_without_text_is_under_no_least_value() -> None:
    row = document("empty")
    assert values(row)["min_originality"] is None
    assert tuning([row], {"min_originality": [0.9]}).ladders[0].steps == ()


def test_unknown_thresholds_are_named() -> None:
    with pytest.raises(SettingsError, match="max_sharing"):
        tuning([document("a", own=1)], {"max_sharing": [0.5]})
    assert steps("--min-originality=0.4,0.5") == ("min_originality", (0.4, 0.5))
    for wrong in ("max_junk", "=0.5", "max_junk=a", "max_junk=-1", "max_junk=nan"):
        with pytest.raises(Exception, match="NAME=VALUE"):
            steps(wrong)


def told(doc: str, thresholds: Thresholds, **plan: object) -> Verdict:
    """The verdict on a document of the sample, with its texts."""
    scan = sample()
    mine = [item for item in scan.findings if item.doc == doc]
    found = verdict(scan.documents, doc, Asked(thresholds, **plan), mine)  # type: ignore[arg-type]
    return with_texts(found, scan.texts)


def test_a_verdict_names_every_rule_with_its_margin_and_what_would_keep_the_document() -> None:
    found = told("xindian-street", Thresholds(min_originality=0.5, max_unfilled=0.4))
    checks = {check.name: check for check in found.checks}
    assert [check.name for check in found.checks] == list(NAMES)
    assert found.kept is False
    assert [reason.rule for reason in found.reasons] == ["min_originality"]
    assert found.keep == ("--min-originality 0.45",)
    assert checks["min_originality"].margin == pytest.approx(76 / 167 - 0.5, abs=1e-6)
    assert (checks["max_unfilled"].margin or 0) > 0
    assert checks["max_junk"].margin is None
    assert (found.rank, found.n_ranked) == (2, 6)
    assert json.loads(json.dumps(found.as_row()))["kept"] is False


def test_a_copy_is_dropped_for_its_family_and_kept_with_all_copies() -> None:
    copy = "qingshi/2019-summary-copy"
    found = told(copy, Thresholds(), families="keep-first")
    assert [reason.rule for reason in found.reasons] == ["family"]
    assert found.keep == ("--families keep-all",)
    assert told(copy, Thresholds(), families="keep-all").kept is True
    assert told(copy, Thresholds()).kept is None


def test_costs_are_a_partition_of_what_is_not_own() -> None:
    scan = sample()
    for row in scan.documents:
        found = costs([item for item in scan.findings if item.doc == row.id])
        sums = dict.fromkeys(Parts.__slots__, 0)
        for cost in found:
            sums[cost.part] += cost.n_chars
        for name, n in sums.items():
            if name != "own":
                assert n >= getattr(row.parts, name), (row.id, name)
        assert [cost.n_chars for cost in found] == sorted((cost.n_chars for cost in found), reverse=True)


def test_passages_that_run_on_in_both_documents_are_one_span() -> None:
    text, other = "一二三四五六七八。九十百千万亿兆京。甲乙丙丁。", "前言。一二三四五六七八。九十百千万亿兆京。"

    def passage(part: str, start: int) -> object:
        span = find(text, part)
        evidence = {"doc": "b", "start": start, "end": start + len(part)}
        return finding("a", span, "passage", part, cluster="passage-1", n_families=2, evidence=evidence)

    rows = [passage("一二三四五六七八。", 3), passage("九十百千万亿兆京。", 12)]
    [cost] = costs(rows)  # type: ignore[arg-type]
    assert (cost.start, cost.end, cost.n_chars, cost.other, cost.other_start, cost.other_end) == (0, 18, 18, "b", 3, 21)
    made = verdict([score("a", text, rows)], "a", Asked(Thresholds()), rows)  # type: ignore[arg-type]
    assert with_texts(made, {"a": text, "b": other}).costs[0].other_text == other[3:21]


def test_blanks_of_one_clause_cost_it_once() -> None:
    claim = {"claims": [[0, 20]]}
    rows = [finding("a", Span(at, at + 1), "placeholder", "X", rule="r", evidence=claim) for at in (3, 9)]
    [cost] = costs(rows)
    assert (cost.start, cost.end, cost.n_chars) == (0, 20, 20)


def page(found: Verdict, width: int) -> str:
    console = Console(file=StringIO(), width=width)
    render_verdict(found, console, folder="reports/my scan")
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [40, 80, 140])
def test_a_verdict_fits_its_console(width: int) -> None:
    for row in sample().documents:
        drawn = page(told(row.id, Thresholds(min_originality=0.99), families="keep-first"), width)
        lines = [line for line in drawn.split("\n") if not line.startswith("all of it")]
        assert all(cell_len(line) <= width for line in lines)


def test_a_verdict_reads_from_the_top() -> None:
    liulin = next(row.id for row in sample().documents if row.id.startswith("liulin"))
    drawn = page(told(liulin, Thresholds(max_unfilled=0.05)), 100)
    assert "dropped  by --max-unfilled\n" in drawn
    assert "would be kept with  --max-unfilled 0.08\n" in drawn
    assert re.search(r"--max-unfilled +0.076 +0.050 +-0.026  drops it", drawn)
    assert "also in qingshi/2019-summary" in drawn
    assert "detector explain 'reports/my scan' --doc" in drawn
    assert "No threshold was named" in page(told("xindian-street", Thresholds()), 80)
    assert "kept  nothing speaks against it" in page(told("xindian-street", Thresholds(max_junk=0.9)), 80)


def test_what_documents_hold_cannot_steer_the_terminal() -> None:
    scan = hostile()
    console = Console(file=StringIO(), width=90, force_terminal=True, color_system="truecolor")
    for row in scan.documents:
        mine = [item for item in scan.findings if item.doc == row.id]
        made = verdict(scan.documents, row.id, Asked(Thresholds(min_originality=0.99), "keep-first"), mine)
        render_verdict(with_texts(made, scan.texts), console, folder=NASTY)
    render_tuning(tuning(scan.documents), console, inputs=[NASTY], folder=NASTY)
    drawn = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x9b" not in drawn
    assert "\x07" not in drawn
    assert "\x1b]" not in drawn
    assert "\x1b[31mred" not in drawn


@pytest.mark.parametrize("width", [40, 80, 120])
def test_ladders_fit_their_console_and_recommend_nothing(width: int) -> None:
    console = Console(file=StringIO(), width=width)
    render_tuning(tuning(sample().documents), console)
    drawn = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(cell_len(line) <= width for line in drawn.split("\n"))
    assert "--min-originality" in drawn
    assert not any(word in drawn.lower() for word in ("recommend", "suggest", "should", "best"))


def write(folder: Path, value: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "summary.json").write_text(json.dumps(value), "utf-8")
    return folder


def test_the_plan_of_a_filter_is_read_from_its_summary(tmp_path: Path) -> None:
    row = {"thresholds": {"min_originality": 0.5, "max_junk": None}, "families": "keep-all", "strip": ["junk"]}
    found = plan_of_filter(write(tmp_path / "a", row))
    assert found is not None
    assert found[0] == Asked(Thresholds(min_originality=0.5), "keep-all", ("junk",))
    values: Sequence[object] = ({"totals": {}}, [], {"thresholds": None})
    assert all(plan_of_filter(write(tmp_path / "b", value)) is None for value in values)
    assert plan_of_filter(tmp_path / "none") is None
    with pytest.raises(ScanError, match="another version"):
        plan_of_filter(write(tmp_path / "c", {"thresholds": {"min_shine": 1}}))


def test_least_values_are_those_that_begin_with_min() -> None:
    assert [is_least(name) for name in NAMES] == [name.startswith("min_") for name in NAMES]


def test_what_a_filter_did_wins_over_what_scores_say(tmp_path: Path) -> None:
    row = {"id": "a", "kept": False, "reasons": [{"rule": "min_chars", "value": 3, "threshold": 5}], "spared": []}
    (tmp_path / "decisions.jsonl").write_text(json.dumps({**row, "id": "b", "kept": True}) + "\n" + json.dumps(row))
    assert recorded(tmp_path, "a") == (False, (Reason("min_chars", 3, 5),))
    assert recorded(tmp_path, "nobody") is None
    assert recorded(tmp_path / "none", "a") is None
    found = verdict([document("a", own=9)], "a", Asked(Thresholds()), (), done=recorded(tmp_path, "a"))
    assert (found.kept, [reason.rule for reason in found.reasons]) == (False, ["min_chars"])
    assert "dropped  by --min-chars" in page(found, 80)
    (tmp_path / "decisions.jsonl").write_text("{}")
    with pytest.raises(ScanError, match=r"decisions\.jsonl"):
        recorded(tmp_path, "a")


def test_a_preset_is_a_file_of_thresholds(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('min_originality = 0.4\nstrip = ["junk"]\nfamilies = "keep-all"\naudit = "full"\n')
    assert plan_of_preset(str(path)) == Asked(Thresholds(min_originality=0.4), "keep-all", ("junk",))
    for text, says in (("min_originality = 2", "between 0.0 and 1.0"), ("[", "not a TOML file")):
        path.write_text(text)
        with pytest.raises(SettingsError, match=says):
            plan_of_preset(str(path))
    with pytest.raises(SettingsError, match="no preset"):
        plan_of_preset("none-such")
