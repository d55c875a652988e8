"""Members with the same text: templates made of each text once are those of all members."""

from __future__ import annotations

import numpy as np
import pytest
import template_oracles as oracle
from corpora import columns, timeless
from hypothesis import given
from hypothesis import strategies as st
from test_templates import EDITS, clusters_of, edited, groups_of, parts_of

from detector.machine.workspace import Workspace
from detector.matching import templates
from detector.matching.skeletons import passage_keys
from detector.matching.variants import text_keys, variants_of
from detector.text.texts import Texts

LINES = st.text("甲乙丙1234XX、 ，号號\nab年月元", min_size=1, max_size=24).map("甲".__add__)
TAILS = st.sampled_from(["。\n后来。", "\n%比", "\n‰比", "\n亿元。", "\n percent", "\n月", "。丁", "。", "。\n号"])


@timeless
@given(LINES, st.lists(EDITS, min_size=1, max_size=4), st.lists(st.tuples(st.integers(0, 4), TAILS), max_size=20))
def test_a_crowd_with_few_texts_has_the_slots_of_the_definitions(
    line: str, edits: list[list[tuple[int, str, str]]], members: list[tuple[int, str]]
) -> None:
    """Each member is all but the last passage of a document: what follows it may say what its last number counts."""
    pool = [line, *(edited(line, own) for own in edits)]
    texts = [pool[number % len(pool)] + tail for number, tail in [(0, "。"), (1, "。"), *members]]
    of = columns(*texts)
    bounds = np.searchsorted(of.passages.document, np.arange(len(texts) + 1))
    its = [(row, int(bounds[row]), max(int(bounds[row]) + 1, int(bounds[row + 1]) - 1)) for row in range(len(texts))]
    if any(bounds[row] == bounds[row + 1] for row in range(len(texts))):
        return
    passages = of.passages
    crowd = [
        oracle.Member(texts[row], (int(passages.start[first]), int(passages.end[last - 1])), first, last)
        for row, first, last in its
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "MOST_LISTED", 20)
        found = clusters_of(of, texts, [groups_of([]), groups_of([its], np.nan), groups_of([its], 0.9)])
    keys = passage_keys(of.tokens, passages).tolist()
    assert parts_of(found, 0) == oracle.template(of, crowd, keys, 20)
    assert parts_of(found, 1) == oracle.template(of, crowd, None, 20)


@timeless
@given(st.lists(st.tuples(st.sampled_from(["甲乙1", "甲乙 1", "甲乙１", "甲。乙1"]), TAILS), min_size=1, max_size=12))
def test_variants_are_the_texts_as_they_are_written(members: list[tuple[str, str]]) -> None:
    texts = [line + "。" + tail for line, tail in members]  # which counts nothing, after a full stop
    of = columns(*texts)
    first = np.searchsorted(of.passages.document, np.arange(len(texts))).astype(np.int32)
    last = first + np.array([line.count("。") + 1 for line, _ in members], np.int32)
    with Workspace() as work:
        keys = text_keys(of.tokens, of.passages, Texts.of(texts), first, last, work)
    found = variants_of(keys, np.array([0, len(texts)]), first, last)
    lines = [line for line, _ in members]
    different = sorted(set(lines), key=lines.index)
    assert [different.index(line) for line in lines] == found.of.tolist()
    assert found.weight.tolist() == [lines.count(line) for line in different]
    assert found.member.tolist() == [lines.index(line) for line in different]
