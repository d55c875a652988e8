"""Outlines: documents with one sequence of headings, whatever stands below them."""

from __future__ import annotations

import random
from pathlib import Path

from corpora import gibberish

import detector
from detector.machine.workspace import Workspace
from detector.model import Outline
from detector.pipeline import scan

HEADINGS = ("主要工作回顾", "存在的问题和不足", "下一步工作打算", "保障措施与要求")
NUMERALS = "一二三四五六七八"


def report(seed: int, year: int, headings: tuple[str, ...] = HEADINGS) -> str:
    """A report of a year with text of its own below every heading."""
    parts = [f"{year}年工作总结", gibberish(seed, 3)]
    for number, heading in enumerate(headings):
        parts += [f"{NUMERALS[number]}、{heading}", gibberish(100 + 10 * seed + number, 4)]
    return "\n".join(parts)


def outlines(texts: dict[str, str], workers: int = 1) -> list[Outline]:
    with Workspace(workers=workers) as work:
        return list(scan(texts, work=work).outlines)


def test_documents_with_the_same_headings_are_one_outline_over_the_years() -> None:
    texts = {f"r{year}": report(year, year) for year in (2019, 2020, 2021)}
    texts["other"] = "\n".join(gibberish(500 + row, 3) for row in range(5))
    (outline,) = outlines(texts)
    assert outline.id == "outline-1"
    assert (outline.n_members, outline.n_families, outline.years) == (3, 3, (2019, 2020, 2021))
    assert [member.doc for member in outline.members] == ["r2019", "r2020", "r2021"]
    assert [heading.n_members for heading in outline.headings if "、" in heading.text] == [3, 3, 3, 3]


def test_what_a_member_lacks_and_adds_is_named() -> None:
    changed = (HEADINGS[0], HEADINGS[1], HEADINGS[2], "几点建议和体会")
    (outline,) = outlines({"a": report(1, 2019), "b": report(2, 2020), "c": report(3, 2021, changed)})
    member = outline.members[2]
    lacking = [outline.headings[place].text for place in member.missing]
    assert f"四、{HEADINGS[3]}" in lacking
    assert "四、几点建议和体会" in member.added
    assert member.ratio < 1.0


def test_documents_with_other_headings_are_none() -> None:
    others = ("基本情况说明", "资金使用安排", "项目实施进度", "监督检查结果")
    assert not outlines({"a": report(1, 2019), "b": report(2, 2020, others)})


def test_near_copies_alone_are_no_outline() -> None:
    text = report(1, 2019)
    assert not outlines({"a": text, "b": text + "\n" + gibberish(7)})


def test_outlines_depend_neither_on_order_nor_on_workers(tmp_path: Path) -> None:
    texts = {f"r{row:02d}": report(row, 2000 + row, HEADINGS[: 3 + row % 2]) for row in range(24)}
    names = list(texts)
    random.Random(5).shuffle(names)
    expected = outlines(texts)
    assert outlines({name: texts[name] for name in names}, workers=3) == expected
    result = scan(texts)
    result.write(tmp_path / "scan")
    assert list(detector.open(tmp_path / "scan").outlines) == expected
