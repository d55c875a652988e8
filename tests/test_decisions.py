"""Who is kept: the best of a family, the last holder of a text, what is protected; and what is said of each rule."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import LINES, gibberish, timeless
from hypothesis import given
from hypothesis import strategies as st

import detector
from detector.errors import SettingsError
from detector.filtering.last_copies import LastCopies
from detector.filtering.plan import PRESETS, FilterPlan, preset_values
from detector.filtering.run import filter_corpus
from detector.filtering.scan_columns import Ids, claims_of, members_of, scores_of
from detector.model import DocumentScore, Parts
from detector.results.index import Scan
from detector.tables.rendering import plain_text
from detector.text.languages import SCRIPTS, scripts_of
from detector.thresholds.decisions import Check, Thresholds, checks, choose, decide, family_choice, score_table

ANY = {"max_drop": 1.0, "max_drop_per_series": 1.0}


def score(name: str, head: str | None = None, flags: tuple[str, ...] = (), **parts: int) -> DocumentScore:
    found = Parts(**parts)
    return DocumentScore(name, "a", 1, found.total, found.originality, None, 1, found, {}, head, flags, 1)


def corpus(folder: Path, rows: list[dict[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def kept(out: Path) -> list[str]:
    rows = [json.loads(line) for line in (out / "decisions.jsonl").read_text().splitlines()]
    return sorted(row["id"] for row in rows if row["kept"])


def test_the_best_of_a_family() -> None:
    documents = [
        score("a", own=50, unfilled=2),
        score("b", "a", own=40, junk=1),
        score("c", "a", own=60, junk=1),
        score("d", "a", own=60, junk=1),
        score("e", "a", own=70, junk=2),
    ]
    table, everyone = score_table(documents), np.ones(5, bool)
    assert choose(table, everyone, "keep-best")[0] == 2
    assert choose(table, everyone, "keep-longest")[0] == 4
    assert choose(table, everyone, "keep-first")[0] == 0
    dates = np.array([1, 1, 20210305, 20200101, 1])
    assert choose(table, everyone, "keep-best", dates)[0] == 3
    assert choose(table, np.array([False, True, False, False, False]), "keep-best")[0] == 1
    assert choose(table, np.zeros(5, bool), "keep-best")[0] == -1


def test_families_are_chosen_from_where_documents_are_compared() -> None:
    assert family_choice(None, Thresholds()) == family_choice(None, Thresholds(max_junk=0.5)) == "keep-all"
    assert family_choice(None, Thresholds(min_originality=0.5)) == "keep-best"
    assert family_choice("keep-all", Thresholds(max_shared=0.5)) == "keep-all"


def test_every_rule_tells_value_threshold_and_margin() -> None:
    document = score("a", own=6, junk=3, unfilled=1, flags=("spun",))
    limits = Thresholds(min_originality=0.7, max_junk=0.5, min_chars=4, drop_flags=("spun", "mojibake"))
    assert checks(document, limits, 3) == (
        Check("min_originality", 0.6, 0.7, -0.1, False),
        Check("max_junk", 0.3, 0.5, 0.2, True),
        Check("min_chars", 3, 4, -1, False),
        Check("drop_flag", "spun", None, None, False),
        Check("drop_flag", "mojibake", None, None, True),
    )
    assert checks(score("b"), Thresholds(min_originality=0.7)) == (Check("min_originality", None, 0.7, None, True),)
    assert [reason.rule for reason in decide([document], limits)[0].reasons] == ["min_originality", "drop_flag"]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_readable_and_say_what_they_do(name: str) -> None:
    plan = FilterPlan.from_mapping(preset_values(name), name)
    assert plan.is_idle == (name == "audit")


def test_a_preset_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text('strip = ["junk"]\nmin_chars = 5\nmax_junk = 1\n')
    assert FilterPlan.from_mapping(preset_values(str(path))) == FilterPlan(
        Thresholds(min_chars=5, max_junk=1.0), strip=("junk",)
    )
    path.write_text("min_char = 5")
    with pytest.raises(SettingsError, match="nothing is named 'min_char'; there are min_originality, "):
        FilterPlan.from_mapping(preset_values(str(path)), "my.toml")
    path.write_text("=")
    with pytest.raises(SettingsError, match="not a TOML file"):
        preset_values(str(path))
    with pytest.raises(SettingsError, match="no preset and no file that can be read"):
        preset_values("standart")
    with pytest.raises(SettingsError, match="must be of type"):
        FilterPlan.from_mapping({"min_chars": "5"})


def test_a_shared_text_keeps_a_holder_and_a_cluster_a_member(tmp_path: Path) -> None:
    """Two documents with half of their text from each other: one is kept, not none and not both."""
    common = gibberish(7, 6)
    rows = [{"id": name, "text": gibberish(number, 4) + common} for number, name in enumerate("abc")]
    path = corpus(tmp_path / "in", [*rows, {"id": "z", "text": gibberish(90, 9)}])
    scan = detector.scan([path])
    summary = filter_corpus([path], scan, tmp_path / "out", Thresholds(min_originality=0.6), **ANY)
    assert kept(tmp_path / "out") == ["a", "z"]
    assert (summary.n_spared, summary.dropped_by) == (1, {"min_originality": 2})
    for cluster in {member.cluster for member in scan.members}:
        assert {member.doc for member in scan.members if member.cluster == cluster} & {"a", "z"}
    filter_corpus([path], scan, tmp_path / "none", Thresholds(min_originality=0.6, min_chars=1000), **ANY)
    assert kept(tmp_path / "none") == []


def test_a_filled_document_holds_a_shared_text_before_one_with_blanks(tmp_path: Path) -> None:
    """Also where the one with blanks shares more: somebody wrote the figures of the other."""
    one, two = gibberish(7, 6), gibberish(8, 3)
    texts = {
        "a": one + two + "\n全年完成投资XX亿元。" + gibberish(1, 5),
        "b": one + "\n全年完成投资35亿元。" + gibberish(2, 3),
        "c": two + gibberish(3, 2) + "\n全年完成投资71亿元。",
    }
    path = corpus(tmp_path / "in", [{"id": name, "text": text} for name, text in texts.items()])
    filter_corpus([path], detector.scan([path]), tmp_path / "out", Thresholds(min_originality=0.75), **ANY)
    assert kept(tmp_path / "out") == ["b", "c"]


@timeless
@given(
    st.lists(st.sets(st.integers(0, 9), min_size=1, max_size=4), max_size=12),
    st.sets(st.integers(0, 9)),
    st.sets(st.integers(0, 9)),
)
def test_no_cluster_loses_its_last_holder(clusters: list[set[int]], kept: set[int], fallen: set[int]) -> None:
    keys = [16 * (number + 1) + 3 for number, members in enumerate(clusters) for _ in members]
    rows = [member for members in clusters for member in sorted(members)]
    half = len(rows) // 2
    blocks = [
        (np.array(keys[part], np.int64), np.array(rows[part], np.int64)) for part in (slice(half), slice(half, None))
    ]
    held = np.isin(np.arange(10), sorted(kept))
    candidates = np.isin(np.arange(10), sorted(fallen)) & ~held
    spared = LastCopies(blocks).spared(held, candidates, np.arange(10) % 2 == 0)
    assert not (spared & ~candidates).any()
    for members in clusters:
        if any(held[member] or candidates[member] for member in members):
            assert any(held[member] or spared[member] for member in members)
    for row in np.flatnonzero(spared):  # each is needed for a cluster that nobody held before it
        assert any(int(row) in members and not members & kept for members in clusters)


def test_copies_stay_as_many_as_were_asked_for(tmp_path: Path) -> None:
    rows = [{"id": f"d{number}", "text": gibberish(number, 3) + LINES[0]} for number in range(5)]
    path = corpus(tmp_path / "in", rows)
    scan = detector.scan([path])
    for copies in (0, 1, 3):
        out = tmp_path / str(copies)
        summary = filter_corpus([path], scan, out, strip=("shared", "phrase"), keep_occurrences=copies)
        texts = [json.loads(line)["text"] for line in (out / "kept/a.jsonl").read_text().splitlines()]
        assert sum(LINES[0] in text for text in texts) == copies
        assert [LINES[0] in text for text in texts] == [number < copies for number in range(5)]
        assert summary.n_cleaned == 5 - copies
    other = corpus(tmp_path / "reverse", rows[::-1])
    filter_corpus([other], detector.scan([other]), tmp_path / "r", strip=("shared", "phrase"))
    texts = [json.loads(line)["text"] for line in (tmp_path / "r/kept/a.jsonl").read_text().splitlines()]
    assert [LINES[0] in text for text in texts] == [False] * 4 + [True]


def test_protected_series_and_phrases(tmp_path: Path) -> None:
    rows = [
        {"id": f"d{number}", "series": "law" if number < 3 else "web", "text": gibberish(number, 3) + LINES[number % 2]}
        for number in range(6)
    ]
    path = corpus(tmp_path / "in", rows)
    scan = detector.scan([path])
    plan = FilterPlan(Thresholds(min_chars=500), strip=("shared",), keep_occurrences=0, protect=("law",), **ANY)
    summary = filter_corpus([path], scan, tmp_path / "out", plan=plan)
    assert kept(tmp_path / "out") == ["d0", "d1", "d2"]
    assert (summary.n_cleaned, summary.n_spared) == (0, 3)
    (tmp_path / "safe.txt").write_text(LINES[0][3:9], "utf-8")
    plan = FilterPlan(strip=("shared",), keep_occurrences=0, protect=(str(tmp_path / "safe.txt"),))
    filter_corpus([path], scan, tmp_path / "two", plan=plan)
    texts = [json.loads(line)["text"] for line in (tmp_path / "two/kept/a.jsonl").read_text().splitlines()]
    assert [line in text for text in texts for line in LINES[:2]] == [True, False, False, False] * 3
    with pytest.raises(SettingsError, match='"lore" is neither a file nor a series of this input'):
        filter_corpus([path], scan, tmp_path / "three", plan=FilterPlan(protect=("lore",)))


def test_of_equal_copies_the_earliest_is_kept(tmp_path: Path) -> None:
    text = gibberish(1, 9)
    days = ("2021-05-01", "2020-12-31", None, "2020年9月")
    rows = [{"id": f"d{number}", "text": text, "date": day} for number, day in enumerate(days)]
    path = corpus(tmp_path / "in", rows)
    scan = detector.scan([path])
    filter_corpus([path], scan, tmp_path / "out", families="keep-best")
    assert kept(tmp_path / "out") == ["d3"]
    filter_corpus([path], scan, tmp_path / "first", families="keep-first")
    assert kept(tmp_path / "first") == ["d0"]


def test_what_did_nothing_is_said(tmp_path: Path) -> None:
    path = corpus(tmp_path / "in", [{"id": "a", "text": gibberish(1)}, {"id": "b", "text": "……"}, {"id": "c"}])
    scan = detector.scan([path])
    plan = FilterPlan(Thresholds(min_chars=10_000, drop_flags=("spum",)), strip=("junk",), **ANY)
    assert filter_corpus([path], scan, tmp_path / "out", plan=plan).notes == (
        "no document meets min_chars 10000",
        'no document has the flag "spum"',
        "documents without any token, in which nothing can be found: 1",
        '1 records have no text in "text"; they are kept as they are',
        "no series is known: --max-drop-per-series guards nothing",
        "no document has anything junk",
    )


def test_columns_are_the_same_from_wherever_a_scan_comes(tmp_path: Path) -> None:
    path = corpus(
        tmp_path / "in",
        [{"id": f"d{n}\ud800", "text": gibberish(n, 3) + LINES[n % 3] * 2 + "首页 > 新闻"} for n in range(6)],
    )
    scan = detector.scan([path])
    scan.write(tmp_path / "jsonl")
    stored = detector.open(tmp_path / "jsonl")
    plain = Scan(tuple(scan.documents), tuple(scan.findings), (), tuple(scan.members), (), scan.summary, {})
    parts = ("junk", "shared", "phrase", "repeated")
    found = []
    for one in (scan, stored, plain):
        table = scores_of(one.documents)
        ids = Ids(table.ids)
        claims = [[column.tolist() for column in block] for block in claims_of(one.findings, ids, parts)]
        members = [[column.tolist() for column in block] for block in members_of(one.members, ids)]
        columns = [column.tolist() for column in (table.parts, table.head, table.flags)]
        names = [plain_text(name) for name in table.ids]
        found.append((names, columns, [list(chain(*rows)) for rows in zip(*claims, strict=True)], members))
    assert found[0] == found[1] == found[2]
    filter_corpus([path], stored, tmp_path / "out", strip=parts)
    assert len(kept(tmp_path / "out")) == 6


def test_scripts_are_guessed() -> None:
    texts = {"han": "你好，world", "kana": "これは日本語", "hangul": "한국어", "latin": "Hello", "cyrillic": "Привет",
             "none": "12 ...", "arabic": "مرحبا", "greek": "γειά", "thai": "สวัสดี", "indic": "नमस्ते",
             "hebrew": "שלום"}  # fmt: skip
    data = [text.encode() for text in texts.values()]
    offsets = np.cumsum([0, *map(len, data)]).astype(np.int64)
    found = scripts_of(np.frombuffer(b"".join(data), np.uint8), offsets)
    assert [SCRIPTS[place] for place in found] == list(texts)
    assert len(scripts_of(np.empty(0, np.uint8), np.zeros(1, np.int64))) == 0
