"""Protected phrases: where they are read from, where they stand, and what they keep out of the rules' verdicts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import RuleError
from detector.machine.workspace import Workspace
from detector.model import Document
from detector.pipeline import scan
from detector.rules.hits import find_hits, site_and_own
from detector.rules.protecting import protected_phrases, protected_spans
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.text.folding import plain
from detector.text.texts import Texts

TABLE = load_rules(Settings())


def test_phrases_come_from_files_and_by_themselves(tmp_path: Path) -> None:
    lines, table = tmp_path / "ours.txt", tmp_path / "ours.toml"
    lines.write_text("XX镇\n\n 某某公司 \n", "utf-8")
    table.write_text('protect = ["关键词2"]\n', "utf-8")
    assert protected_phrases([str(lines), str(table), "ABC"]) == ("abc", "xx镇", "关键词2", "某某公司")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.toml", "protect = 1", "no list of phrases"),
        ("a.toml", "protect = [", "not a file of protected phrases"),
        ("a.txt", "x\n", "shorter than 2"),
        ("a.txt", None, "cannot read the protected phrases"),
    ],
)
def test_bad_files_are_refused_with_the_reason(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(RuleError, match=message):
        protected_phrases([str(tmp_path / name)])


def test_protected_phrases_are_no_placeholders_no_junk_and_no_artefacts() -> None:
    texts = Texts.of(["完成投资XX万元，走访ＸＸ镇群众。", "当前位置：首页 > 公开\n会议召开，全镇干部参加了会议。"])
    zeros = np.zeros(2, dtype=np.int64)
    with Workspace() as work:
        found = find_hits(texts, TABLE, work)
        without = site_and_own(found, texts, zeros, zeros - 1)
        spans = protected_spans(texts, protected_phrases(["xx镇", "當前位置"]), work)
        kept = site_and_own(found, texts, zeros, zeros - 1, spans)
    assert [texts.slice(0, a, b) for a, b in zip(without.start[:2], without.end[:2], strict=True)] == ["XX", "ＸＸ"]
    assert len(without.start) == 3
    assert [(int(a), int(b)) for a, b in zip(kept.start, kept.end, strict=True)] == [(4, 6)]


@given(
    st.lists(st.text("abc", max_size=12), min_size=1, max_size=4),
    st.lists(st.text("abc", min_size=2, max_size=3), max_size=3),
    st.tuples(st.integers(0, 3), st.integers(0, 11), st.integers(1, 4)),
)
def test_spans_are_those_of_a_plain_search(rows: list[str], phrases: list[str], span: tuple[int, int, int]) -> None:
    texts = Texts.of(rows)
    with Workspace() as work:
        spans = protected_spans(texts, phrases, work)
    wanted = {
        (row, at + place)
        for row, text in enumerate(map(plain, rows))
        for phrase in phrases
        for at in range(len(text))
        if text.startswith(phrase, at)
        for place in range(len(phrase))
    }
    got = [
        (int(row), at)
        for row, start, end in zip(spans.document, spans.start, spans.end, strict=True)
        for at in range(start, end)
    ]
    assert sorted(wanted) == got
    row, start, length = span
    touched = spans.touch(np.array([row]), np.array([start]), np.array([start + length]))
    assert bool(touched[0]) == any((row, at) in wanted for at in range(start, start + length))


def test_a_scan_leaves_protected_phrases_alone(tmp_path: Path) -> None:
    text = "完成固定资产投资X亿元,新建X个项目。"
    listed = tmp_path / "kept.txt"
    listed.write_text("投资X亿元\n", "utf-8")
    found = [scan([Document("a", text)], Settings(protect=names)).findings for names in ((), (str(listed),))]
    assert [[item.start for item in findings if item.kind == "placeholder"] for findings in found] == [[8, 14], [14]]
