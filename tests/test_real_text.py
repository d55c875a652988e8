"""What real text must show: the figures that ``benchmarks/figures.py`` prints, held to what is known of it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from corpora import check_scan, columns
from rapidfuzz.distance import Indel

from detector.evaluation.measures import load_gold
from detector.pipeline import scan
from detector.results.index import Scan
from detector.text.tokens import packed_points

ROOT = Path(__file__).parents[1]
PAIRS = [
    {"ats/practicalthought00nev", "ats/thoughtsonpopery00nevi"},
    {"ats/calltounconv00baxt", "ats/lifeofrevrichard00baxt"},
    {"ats/remember00palm", "ats/remembermeorholy00palm"},
    {"legal/ca1851-match", "legal/ny1850-match"},
]


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    """``benchmarks/figures.py`` as a module."""
    spec = importlib.util.spec_from_file_location("figures", ROOT / "benchmarks" / "figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["figures"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def seeds(shared: Path) -> Scan:
    return scan(shared / "seeds")


@pytest.fixture(scope="module")
def reuse(shared: Path) -> Scan:
    return scan(shared / "corpora" / "en_textreuse" / "docs.jsonl")


@pytest.fixture(scope="module")
def guides(shared: Path) -> Scan:
    return scan(shared / "corpora" / "zh_gongwen_templates" / "docs.jsonl")


def test_all_placeholders_of_the_real_seeds_and_nothing_else(figures: ModuleType, seeds: Scan, shared: Path) -> None:
    assert figures.placeholders(seeds, load_gold(shared / "gold" / "seeds.jsonl")) == (239, 239, 0)


def test_no_passage_of_the_real_seeds_matches_another_document(figures: ModuleType, seeds: Scan) -> None:
    assert figures.matches_elsewhere(seeds) == []
    assert sum(document.parts.shared for document in seeds.documents) == 0


def test_matches_and_repeats_of_the_real_seeds_are_those_of_brute_force(figures: ModuleType, seeds: Scan) -> None:
    """Every pair of passages of at least eight tokens outside junk is compared."""
    of = columns(*seeds.texts.values())
    names, passages = list(seeds.texts), of.passages
    junk = {
        (item.doc, place) for item in seeds.findings if item.kind == "junk" for place in range(item.start, item.end)
    }
    rows = []
    for row in range(len(passages.start)):
        starts = of.tokens.start[passages.tokens[row] : passages.tokens[row + 1]].tolist()
        if len(starts) >= 8 and not junk.issuperset((names[passages.document[row]], start) for start in starts):
            rows.append(row)
    first = np.array(rows)
    points, indptr = packed_points(of.tokens, passages.tokens[first], passages.tokens[first + 1])
    skeletons = {row: points[indptr[at] : indptr[at + 1]].tolist() for at, row in enumerate(rows)}
    repeats, n_elsewhere = set(), 0
    for place, row in enumerate(rows):
        for other in rows[:place]:
            if Indel.normalized_similarity(skeletons[row], skeletons[other]) >= 0.8:
                if passages.document[row] == passages.document[other]:
                    repeats.add((names[passages.document[row]], int(passages.start[row]), int(passages.end[row])))
                else:
                    n_elsewhere += 1
    found = {(item.doc, item.start, item.end) for item in seeds.findings if item.kind == "repeat"}
    assert n_elsewhere == 0
    assert repeats - found == set(), "what the bands miss"
    assert found - repeats == set()
    assert figures.repeats(seeds)["000_b1bcc406852d29a1"] == 11


def test_the_guiding_thought_is_a_phrase_of_three_documents_the_traditional_one_too(
    figures: ModuleType, seeds: Scan
) -> None:
    cuts = figures.phrases_with(seeds, figures.GUIDING_THOUGHT)
    assert [cut.key for cut in cuts if cut.n_families == 3] == ["以" + figures.GUIDING_THOUGHT]
    assert {cut.n_families for cut in cuts} == {2, 3}
    texts = [item.text for item in seeds.findings if item.kind == "phrase"]
    assert any("習近平新時代中國特色社會主義思想為指導" in text for text in texts)
    for cut in cuts:
        assert len(cut.documents) == cut.n_families


def test_the_leadership_phrase_is_cut_where_the_definition_cuts(figures: ModuleType, seeds: Scan) -> None:
    """The texts go on after the comma with three characters of a clause, which is too little of it."""
    cuts = figures.phrases_with(seeds, figures.LEADERSHIP)
    assert [(cut.key, cut.n_families) for cut in cuts] == [
        ("在县委县政府和镇党委的正确领导下", 2),
        ("政府和镇党委的正确领导下", 3),
    ]
    for cut in cuts:
        assert len(cut.documents) == cut.n_families
    texts = [item.text for item in seeds.findings if item.kind == "phrase" and "正确领导下" in item.text]
    assert texts
    assert all(text.endswith("领导下") for text in texts)


def test_the_parts_of_the_real_seeds_sum_and_are_explained(seeds: Scan) -> None:
    check_scan(seeds)


def test_guides_that_were_put_together_from_blocks_have_next_to_nothing_of_their_own(
    figures: ModuleType, guides: Scan
) -> None:
    assert 0.0 < figures.originality(guides) < 0.05


def test_offsets_of_large_corpora(guides: Scan, reuse: Scan) -> None:
    for result in (guides, reuse):
        for finding in result.findings:
            assert result.texts[finding.doc][finding.start : finding.end] == finding.text
        for document in result.documents:
            assert document.n_chars == sum(not char.isspace() for char in result.texts[document.id])


def test_the_four_pairs_that_overlap_are_found_and_no_other(figures: ModuleType, reuse: Scan) -> None:
    pairs = figures.pairs(reuse)
    assert sorted({pair.smaller, pair.larger} for pair in pairs) == sorted(PAIRS)
    share = {pair.smaller: pair.share for pair in pairs}
    assert share["ats/thoughtsonpopery00nevi"] > 0.9
    assert share["ats/lifeofrevrichard00baxt"] > 0.85
    assert share["ats/remember00palm"] > 0.65
    assert share["legal/ca1851-match"] > 0.35


def test_the_table_prints(figures: ModuleType, shared: Path, monkeypatch: pytest.MonkeyPatch, seeds: Scan) -> None:
    """The corpora are stood in for by the seeds, so that nothing is scanned twice."""
    monkeypatch.setattr(figures, "scan", lambda _: seeds)
    rows = dict(figures.table(shared))
    assert rows["seeds: placeholders found of those labelled"] == "239 of 239"
    assert len(rows) > 10
