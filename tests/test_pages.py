"""Lines of scraped pages: words and counts against an obvious version, the gate, the model, and floors on labels."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.folding import DIGIT, LETTER, SINGLE, character_table, code_points, plain
from detector.junk import find_junk
from detector.kernels.page_words import count_repeats
from detector.kernels.pages import score_lines
from detector.lines import split_lines
from detector.model import Document
from detector.pages import (
    CLASSES,
    FEATURES,
    PAGE_LINE,
    PageCounts,
    count_page_lines,
    page_lines_of,
    page_model,
    page_phrases,
    units,
)
from detector.pipeline import scan
from detector.places import make_triggers, read_block
from detector.rules import load_rules
from detector.settings import Settings
from detector.workspace import Workspace

ROOT = Path(__file__).parents[1]
MADE = ROOT / "tests" / "data" / "pages" / "pages.txt"


def made_pages() -> dict[str, tuple[str, str]]:
    """The made pages: text and a letter a line, as in labelled corpora."""
    pages = {}
    for part in MADE.read_text("utf-8").strip().split("\n\n"):
        name, *lines = part.split("\n")
        pages[name.removeprefix("# ")] = ("\n".join(line[2:] for line in lines), "".join(line[0] for line in lines))
    return pages


def counted(text: str) -> PageCounts:
    points = code_points(text)
    start = np.zeros(1, dtype=np.int64)
    return count_page_lines(
        read_block(points, start, start + len(points), make_triggers((), {}, ())), points, start, gate=False
    )


def shares(text: str, letters: str) -> tuple[float, float]:
    """The shares of the junk characters that are found and of the content characters that are lost."""
    found = page_lines_of(text)
    lines = [(line, letter) for line, letter in zip(text.split("\n"), letters, strict=True) if line.strip()]
    totals: Counter[tuple[str, bool]] = Counter()
    for at, (line, letter) in enumerate(lines):
        totals[letter, at in found] += sum(not character.isspace() for character in line)

    def share(letter: str) -> float:
        return totals[letter, True] / max(1, totals[letter, True] + totals[letter, False])

    return share("j"), share("c")


def phrase_classes() -> dict[tuple[str, ...], set[str]]:
    found: dict[tuple[str, ...], set[str]] = {}
    for name, phrases in page_phrases().items():
        for phrase in phrases:
            if units(phrase):
                found.setdefault(tuple(units(phrase)), set()).add(name)
    return found


PHRASES = phrase_classes()


def obvious_counts(line: str) -> dict[str, int]:
    """Characters, words, single characters, digits, capitals and the characters that phrases of each class cover."""
    simple, classes = plain(line), character_table().classes
    kinds = [int(classes[ord(character)]) for character in simple]
    pieces = re.findall(r"L+|D+|S", "".join({LETTER: "L", DIGIT: "D", SINGLE: "S"}.get(kind, " ") for kind in kinds))
    names, sizes = units(simple), [len(piece) for piece in pieces]
    found = Counter[str]()
    at = 0
    while at < len(names):
        longest = max(
            (n for n in range(1, 7) if tuple(names[at : at + n]) in PHRASES and at + n <= len(names)), default=0
        )
        size = sum(sizes[at : at + max(longest, 1)])
        found["seen"] += size
        for name in PHRASES.get(tuple(names[at : at + longest]), ()):
            found[name] += size
        at += max(longest, 1)
    found["characters"], found["words"] = len(line), sum(piece[0] == "L" for piece in pieces)
    found["single"], found["digits"] = kinds.count(SINGLE), kinds.count(DIGIT)
    return found


LINES = st.lists(
    st.sampled_from(
        [
            "首页",
            "登录",
            "log in",
            "Log",
            " ",
            "，",
            "。",
            "12",
            "回复",
            "条",
            "a",
            "related",
            "articles",
            "的",
            "x",
            "3",
            ":",
        ]
    ),
    min_size=1,
    max_size=30,
).map("".join)


@given(LINES)
def test_counts_are_the_obvious_ones(line: str) -> None:
    line = line.strip()
    found = counted(line)
    if not line:
        assert not len(found.counts)
        return
    row = found.counts[0].tolist()
    wanted = obvious_counts(line)
    assert row[0] == wanted["characters"]
    assert (row[1], row[2], row[5]) == (wanted["words"], wanted["single"], wanted["digits"])
    assert row[10] == wanted["seen"]
    assert dict(zip(CLASSES, row[11:], strict=False)) == {name: wanted[name] for name in CLASSES}


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_repeats_are_counted(values: list[int]) -> None:
    out = np.empty(len(values), dtype=np.int32)
    count_repeats(np.array(values, dtype=np.uint64) << np.uint64(30), np.empty(128, dtype=np.int32), out)
    assert out.tolist() == [values.count(value) for value in values]


@given(st.integers(0, 2**32 - 1))
def test_the_model_is_a_mean_of_two(seed: int) -> None:
    features = np.random.default_rng(seed).normal(size=(3, len(FEATURES)))
    model = page_model()
    scores = np.empty(3)
    score_lines(features, model.linear[0], model.tree_feature, model.tree_limit, model.leaves, scores)
    for row, score in zip(features.tolist(), scores.tolist(), strict=True):
        total = sum(a * b for a, b in zip(row, model.linear[0], strict=False)) + model.linear[0, -1]
        grown = 0.0
        for names, limits, leaves in zip(model.tree_feature, model.tree_limit, model.leaves, strict=True):
            answers = [row[name] > limit for name, limit in zip(names, limits, strict=True)]
            grown += leaves[int("".join(str(int(answer)) for answer in answers), 2)]
        assert math.isclose(score, (total + grown) / 2, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize("name", made_pages())
def test_made_pages(name: str) -> None:
    found, lost = shares(*made_pages()[name])
    assert found >= 0.8
    assert lost == 0.0


@pytest.mark.parametrize("name", made_pages())
def test_the_text_of_a_page_alone_is_none(name: str) -> None:
    text, letters = made_pages()[name]
    content = "\n".join(line for line, letter in zip(text.split("\n"), letters, strict=True) if letter != "j")
    assert page_lines_of(content) == {}


@pytest.mark.parametrize("text", ["", "\n\n", "a", "首页\n" * 3, "首页\n" * 50, "\ud800\x00\n" * 30, "x " * 100_000])
def test_what_is_no_page_has_no_such_lines(text: str) -> None:
    assert page_lines_of(text) == {}


def test_a_rule_that_matches_is_named_and_other_lines_are_the_models() -> None:
    text, _ = made_pages()["zh-news"]
    hits = find_junk(text, plain(text), load_rules(Settings()))
    assert {hit.rule for hit in hits} > {PAGE_LINE}
    lines = split_lines(plain(text))
    covered = {lines.text(at) for at in page_lines_of(text)}
    assert covered <= {plain(text)[hit.start : hit.end] for hit in hits}
    assert all("odds" in (hit.evidence or {}) for hit in hits if hit.rule == PAGE_LINE)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_scan_finds_the_same(workers: int) -> None:
    texts = {name: text for name, (text, _) in made_pages().items()}
    with Workspace(workers=workers) as work:
        result = scan([Document(name, text) for name, text in texts.items()], work=work)
    table = load_rules(Settings())
    for name, text in texts.items():
        wanted = [(hit.start, hit.end) for hit in find_junk(text, plain(text), table) if hit.rule == PAGE_LINE]
        assert [
            (item.start, item.end) for item in result.findings if item.doc == name and item.rule == PAGE_LINE
        ] == wanted


@pytest.mark.parametrize(
    "corpus", ["zh_gov_national_2024_2026", "zh_gongwen_templates", "en_textreuse", "en_licence_instances"]
)
def test_documents_are_no_pages(shared: Path, corpus: str) -> None:
    path = shared / "corpora" / corpus / "docs.jsonl"
    if not path.is_file():
        pytest.skip(f"not here: {path}")
    n_all = n_junk = 0
    for line in filter(None, path.read_text("utf-8").split("\n")):
        text = json.loads(line)["text"]
        found = page_lines_of(text)
        n_all += len(text)
        if found:
            lines = split_lines(plain(text))
            n_junk += sum(lines.length(at) for at in found)
    assert n_junk <= 0.0001 * n_all


def fitting() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fit_pages", ROOT / "scripts" / "fit_pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_sites_that_no_fit_has_seen(shared: Path) -> None:
    """Floors by cross-validation over sites with the shipped limits, in few folds and so with less to learn from."""
    corpora = [shared / "corpora" / name for name in ("zh_webpages_dev", "en_aeb")]
    if not all((folder / "gold_lines.jsonl").is_file() for folder in corpora):
        pytest.skip(f"not here: {corpora}")
    module = fitting()
    pages = module.read_pages([(folder / "docs.jsonl", folder / "gold_lines.jsonl") for folder in corpora])
    odds = module.cross_validated(pages, 3)
    limits = page_model().limits
    for corpus, limit, least, most in (
        ("zh_webpages_dev", limits[2], 0.85, 0.04),
        ("en_aeb", limits[1], 0.68, 0.03),
    ):
        chosen = [at for at, name in enumerate(pages.corpus) if name == corpus]
        result = module.outcome(pages, chosen, odds, float(limit))
        assert result.found >= least, result
        assert result.lost <= most, result
