"""Blanks are joined to their slots: what stands there in other documents types them."""

from __future__ import annotations

from corpora import gibberish

from detector.model import Finding
from detector.pipeline import scan
from detector.report.templates import blanks_of, expected
from detector.results.index import Scan

LINE = "全年完成固定资产投资{}亿元，同比增长{}%，总量和增速都居全县第一。"


def blanks(result: Scan) -> list[Finding]:
    return [finding for finding in result.findings if finding.kind == "placeholder"]


def filled(*values: tuple[object, object]) -> Scan:
    return scan({f"d{row}": gibberish(row) + "\n" + LINE.format(*own) for row, own in enumerate(values)})


def test_a_blank_names_its_slot_and_what_stands_there_elsewhere() -> None:
    result = filled(("X", "XX"), ("12.3", 5), ("12.3", 6.1), (8, 7))
    money, share = blanks(result)
    assert money.evidence["cluster"] == share.evidence["cluster"] == "passage-1"
    assert (money.evidence["slot"], share.evidence["slot"]) == ("slot1", "slot2")
    assert (money.evidence["expected_type"], share.evidence["expected_type"]) == ("money", "percent")
    assert money.evidence["n_filled"] == 3
    slot = next(one for one in result.clusters if one.id == "passage-1").slots[0]
    assert [fill.text for fill in slot.fills] == ["X", "12.3", "12.3", "8"]
    assert money.evidence["fills"] == [
        {"doc": one.doc, "start": one.start, "text": one.text} for one in (slot.fills[1], slot.fills[3])
    ]
    assert expected(money) == "money: 12.3, 8 in 3 other places"
    found = blanks_of(result, {"passage-1"})
    assert {key: [one.text for one in here] for key, here in found.items()} == {
        ("passage-1", "slot1"): ["X"],
        ("passage-1", "slot2"): ["XX"],
    }
    assert all(result.texts[one.doc][one.start : one.end] == one.text for one in (money, share))


def test_a_blank_that_nobody_filled_has_a_slot_and_no_expectation() -> None:
    result = filled(("X", 4), ("X", 5), ("X", 6))
    for finding in blanks(result):
        assert finding.evidence["slot"] == "slot1"
        assert "expected_type" not in finding.evidence
        assert expected(finding) is None
    (cluster,) = [one for one in result.clusters if one.level == "passage"]
    assert [slot.type for slot in cluster.slots] == ["placeholder", "percent"]


def test_a_blank_of_no_cluster_has_no_slot() -> None:
    (finding,) = blanks(scan({"a": "全年完成固定资产投资X亿元，总量和增速都居全县第一。"}))
    assert "slot" not in finding.evidence


def test_the_fills_of_the_evidence_are_bounded() -> None:
    result = filled(("X", 1), *((row, row) for row in range(2, 40)))
    (finding,) = blanks(result)
    assert len(finding.evidence["fills"]) == 5
    assert finding.evidence["n_filled"] == 38
