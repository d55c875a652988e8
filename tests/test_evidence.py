"""Evidence: what each kind of finding says, claims, and points at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from corpora import NOTICE, SLOGAN, check_scan, documents, gibberish
from rapidfuzz.distance import Indel

from detector.model import FINDING_KINDS, Finding
from detector.pipeline import scan
from detector.results.index import Scan

ROOT = Path(__file__).parents[1]


def only(result: Scan, kind: str, doc: str | None = None) -> list[Finding]:
    return [item for item in result.findings if item.kind == kind and doc in (None, item.doc)]


def claimed(result: Scan, finding: Finding) -> list[str]:
    return [result.texts[finding.doc][start:end] for start, end in finding.claims]


def of(text: str) -> Scan:
    result = scan({"d": text})
    check_scan(result)
    return result


# placeholders

CLAUSES = {
    "the clause around it": ("我镇认真落实上级部署，完成投资X亿元，群众满意。", ["完成投资X亿元，"]),
    "two marks of one clause": ("认真落实部署，于X月X日召开会议，群众满意。", ["于X月X日召开会议，"] * 2),
    "the passage, where it is one clause": (
        "群众满意。完成固定资产投资XX亿元。再接再厉。",
        ["完成固定资产投资XX亿元。"],
    ),
    "to the end of the line": ("单位：{{unit_name}}\n群众满意。", ["{{unit_name}}"]),
    "the list comma ends none": ("完成水利、道路X公里，群众满意。", ["完成水利、道路X公里，"]),
}


@pytest.mark.parametrize(("text", "expected"), CLAUSES.values(), ids=CLAUSES)
def test_a_placeholder_claims_its_clause(text: str, expected: list[str]) -> None:
    result = of(text)
    found = only(result, "placeholder")
    assert [claimed(result, item) for item in found] == [[clause] for clause in expected]
    assert {item.part for item in found} == {"unfilled"}
    assert result.documents[0].parts.unfilled == sum(len(clause) for clause in set(expected))


def test_a_mask_feeds_no_part() -> None:
    result = of("民警拦下车牌为湘A×××××的小型货车，当场受理。")
    assert [(item.text, item.part, item.claims) for item in only(result, "masked")] == [("湘A×××××", None, ())]
    assert result.documents[0].originality == 1.0


def test_a_blank_and_its_completion_meet_and_the_figure_is_own() -> None:
    result = scan(documents([gibberish(1) + NOTICE.format("XX", "XX", "XX"), gibberish(2) + NOTICE.format(35, 7, 12)]))
    check_scan(result)
    assert len(only(result, "placeholder", "d00000")) == 3
    (passage,) = only(result, "passage", "d00001")
    assert claimed(result, passage) == ["全年完成固定资产投资", "亿元，比上年增长", "%，新建农村公路", "公里。"]
    assert result.documents[0].parts.unfilled == len(NOTICE.format("XX", "XX", "XX"))
    assert result.documents[0].parts.shared == 0, "what nobody filled in is unfilled first"


# junk

BREADCRUMB = "当前位置：首页 > 工作总结 > 乡镇工作总结"


def test_junk_wins_over_a_mark_inside_it() -> None:
    crumb = BREADCRUMB.replace("乡镇工作总结", "XX镇工作总结")
    inside = of(crumb + "\n" + gibberish(1))
    assert only(inside, "junk"), "the breadcrumb is found"
    assert [item for item in inside.findings if item.kind == "placeholder"] == []
    assert inside.documents[0].parts.unfilled == 0
    outside = of("我们的单位是XX镇人民政府。\n" + gibberish(1))
    assert len(only(outside, "placeholder")) == 1


def test_junk_is_shared_with_nobody_and_no_phrase() -> None:
    crumb = BREADCRUMB + "汇总以及各类典型经验材料汇编\n"
    result = scan(documents([crumb + gibberish(row) for row in range(4)]))
    check_scan(result)
    for document in result.documents:
        assert document.parts.junk == sum(not char.isspace() for char in crumb)
        assert document.parts.shared == document.parts.phrase == 0
    assert result.phrases == ()


# matches

LINE = "各单位要坚持守土有责全力做好今冬明春安全生产各项重点工作。"


def test_a_passage_names_what_it_was_measured_against() -> None:
    other = LINE.replace("今冬明春", "节假日")
    result = scan(documents([gibberish(1) + LINE, gibberish(2) + other]))
    check_scan(result)
    ratio = Indel.normalized_similarity(LINE[:-1], other[:-1])
    for doc, text, its in (("d00000", LINE, other), ("d00001", other, LINE)):
        (found,) = only(result, "passage", doc)
        evidence: Any = found.evidence
        assert found.text == text
        assert result.texts[evidence["doc"]][evidence["start"] : evidence["end"]] == its
        assert found.score == pytest.approx(ratio, abs=1e-6)
        assert (found.cluster, found.n_families, found.part) == ("passage-1", 2, "shared")
        assert "".join(claimed(result, found)) == "各单位要坚持守土有责全力做好安全生产各项重点工作。"


def test_a_repeat_points_at_the_first_of_its_document() -> None:
    result = of(LINE + gibberish(1) + LINE + gibberish(2) + LINE.replace("各项", "八项"))
    found = only(result, "repeat")
    assert [item.evidence["start"] for item in found] == [0, 0]
    assert [item.part for item in found] == ["repeated"] * 2
    assert [len("".join(claimed(result, item))) for item in found] == [len(LINE), len(LINE) - 1]
    assert result.documents[0].parts.repeated == 2 * len(LINE) - 1
    assert only(result, "passage") == []


def test_what_another_family_has_is_shared_even_where_it_is_repeated() -> None:
    result = scan(documents([LINE + gibberish(1) + LINE, gibberish(2) + LINE]))
    check_scan(result)
    first = result.documents[0].parts
    assert (first.shared, first.repeated) == (2 * len(LINE), 0)
    assert len(only(result, "repeat", "d00000")) == 1


def test_short_passages_are_compared_with_nothing() -> None:
    assert only(of("加强领导。\n" * 5 + gibberish(1)), "repeat") == []


# phrases


def test_a_phrase_claims_itself_without_its_figures() -> None:
    slogan = "奋力夺取脱贫攻坚2020年最后胜利而不懈努力"
    result = scan(documents([f"{gibberish(row, 1)[:-1]}{slogan}{gibberish(row + 50, 1)}" for row in range(3)]))
    check_scan(result)
    (phrase,) = result.phrases
    assert phrase.text == slogan
    assert (phrase.n_families, phrase.n_occurrences, phrase.n_tokens) == (3, 3, len(slogan) - 4)
    assert phrase.key == slogan.replace("2020", "#")
    for finding in only(result, "phrase"):
        assert claimed(result, finding) == ["奋力夺取脱贫攻坚", "年最后胜利而不懈努力"]
    assert {document.parts.phrase for document in result.documents} == {len(slogan) - 4}


def test_a_finding_marks_the_longest_phrase_at_its_place() -> None:
    """All three texts have the slogan, two of them with a tail."""
    texts = [SLOGAN + "取得更大实效让群众更加满意"] * 2 + [SLOGAN + "甲乙丙"]
    result = scan(documents([gibberish(row, 1)[:-1] + text + gibberish(row + 50, 1) for row, text in enumerate(texts)]))
    check_scan(result)
    assert {(phrase.text, phrase.n_families) for phrase in result.phrases} == {(texts[0], 2), (SLOGAN, 3)}
    assert [finding.text for finding in only(result, "phrase")] == [texts[0], texts[0], SLOGAN]


# spun repeats

SAID = "我们要坚持党的领导，认真抓好安全生产检查工作落实到位"
SPUN = {
    "another word": (f"{SAID}。认真抓好安全生产督查工作落实到位。", "认真抓好安全生产督查工作落实到位。"),
    "two words": (f"{SAID}。认真做好安全生产督查工作落实到位。", "认真做好安全生产督查工作落实到位。"),
    "the whole passage before": (
        "认真抓好安全生产检查工作落实到位。认真抓好安全生产督查工作落实到位。",
        "认真抓好安全生产督查工作落实到位。",
    ),
    "equal": (f"{SAID}。认真抓好安全生产检查工作落实到位。", None),
    "in another line": (f"{SAID}。\n认真抓好安全生产督查工作落实到位。", None),
    "in another line of an old Mac": (f"{SAID}\r认真抓好安全生产督查工作落实到位。", None),
    "in another paragraph": (f"{SAID}。\r\n\r\n认真抓好安全生产督查工作落实到位。", None),
    "in the middle of a clause": (f"{SAID}。抓好安全生产督查工作落实到位。", None),
    "not the end": (f"{SAID}，让群众满意。认真抓好安全生产督查工作落实到位。", None),
    "something else": (f"{SAID}。各村各户必须积极配合整治行动取得。", None),
    "too short": ("我们要坚持党的领导，做好工作。做好工程。", None),
    "the same numbers": (
        f"{SAID}，全年共检查企业35家次、整改隐患120处。全年共督查企业35家次、整改隐患120处。",
        "全年共督查企业35家次、整改隐患120处。",
    ),
    "the like of something else": (
        "全市生产总值突破千亿，第一产业增加值41.2亿元，增长4.1%；第二产业增加值12.8亿元，增长6.6%；",
        None,
    ),
    "a passage between": (f"{SAID}。好。认真抓好安全生产督查工作落实到位。", None),
}


def check_spun(text: str, second: str | None) -> None:
    result = of(text + gibberish(1))
    found = only(result, "spun_repeat")
    if second is None:
        assert found == []
        return
    (spun,) = found
    assert (spun.rule, spun.part, spun.evidence["ratio"] >= 0.8) == ("artefact.spun_repeat", "repeated", True)
    assert claimed(result, spun) == [second]
    assert spun.text.endswith(second)
    assert len(spun.text) == 2 * len(second), "one span over both"
    assert result.documents[0].parts.repeated == len(second)


@pytest.mark.parametrize(("text", "second"), SPUN.values(), ids=SPUN)
def test_spun_repeat(text: str, second: str | None) -> None:
    check_spun(text, second)


def test_a_spun_repeat_of_just_the_least_ratio() -> None:
    check_spun("我全面做好安全生产检查工作见效。你全力做好安全生产督查工作见效。", "你全力做好安全生产督查工作见效。")


def test_a_spun_repeat_whose_words_changed_places() -> None:
    check_spun(f"{SAID}。抓好安全生产检查工作落实到位认真。", "抓好安全生产检查工作落实到位认真。")


@pytest.mark.parametrize("line_break", ["\v", "\x85", "\N{LINE SEPARATOR}"])
def test_items_of_a_list_are_no_spun_repeats_whatever_breaks_their_lines(line_break: str) -> None:
    check_spun(f"认真抓好安全生产检查工作落实到位{line_break}认真抓好安全生产督查工作落实到位{line_break}", None)


# all of them


@pytest.fixture(scope="module")
def sample() -> Scan:
    return scan(ROOT / "seeds")


def test_every_kind_is_in_the_sample_and_only_known_ones(sample: Scan) -> None:
    assert {finding.kind for finding in sample.findings} == set(FINDING_KINDS)


def test_every_finding_carries_what_a_reader_needs_to_check_it(sample: Scan) -> None:
    clusters = {cluster.id: cluster for cluster in sample.clusters}
    phrases = {phrase.id: phrase for phrase in sample.phrases}
    for finding in sample.findings:
        evidence: Any = finding.evidence
        assert 0.0 <= finding.score <= 1.0
        if finding.kind in ("passage", "repeat"):
            doc = evidence.get("doc", finding.doc)
            assert (doc == finding.doc) == (finding.kind == "repeat")
            assert sample.texts[doc][evidence["start"] : evidence["end"]].strip()
            assert finding.cluster is None or clusters[finding.cluster].level in ("passage", "block")
        elif finding.kind == "phrase":
            assert phrases[str(finding.cluster)].n_families == finding.n_families
        else:
            assert finding.rule
            assert finding.cluster is None


def test_findings_are_in_document_order_then_by_start_the_longer_first(sample: Scan) -> None:
    keys = [(item.doc, item.start, -item.end, item.kind, item.rule or "") for item in sample.findings]
    assert keys == sorted(keys)
    assert len(
        {(item.doc, item.start, item.end, item.kind, item.rule, item.cluster) for item in sample.findings}
    ) == len(sample.findings)
