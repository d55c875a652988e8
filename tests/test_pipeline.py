"""The whole path: any source, any order, odd texts, and what the summary says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import LINES, check_scan, documents, gibberish, timeless
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from detector import pipeline
from detector.errors import InputError, RuleError
from detector.model import PART_NAMES, Document
from detector.pipeline import STAGES, scan
from detector.records.reading import Reader
from detector.results.index import Scan
from detector.rules import hits
from detector.settings import Settings
from detector.tables import score
from detector.text import passages, tokens

ODD = (
    "甲乙丙丁戊己庚辛。；：，、aZ1X○_[]{}<>%年月第一是()（）"
    "\n\r\t \0\x1b\u200b\u2028\ud800\udc00\N{COMBINING ACUTE ACCENT}\U0001f600"
)


def same(one: Scan, other: Scan) -> bool:
    """Whether two scans are equal but for what may differ between runs and how they were read."""
    tables = ("documents", "findings", "clusters", "members", "phrases")
    return all(getattr(one, name) == getattr(other, name) for name in tables) and dict(one.texts) == dict(other.texts)


@timeless
@given(st.lists(st.text(ODD, max_size=60), max_size=5))
def test_no_text_breaks_a_scan_and_everything_adds_up(texts: list[str]) -> None:
    check_scan(scan(documents(texts)))


def test_a_document_whose_offsets_would_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "MOST_CHARACTERS", 6)
    assert scan({"a": "六个字没问题"}).documents[0].n_chars == 6
    with pytest.raises(InputError, match=r"document 'b' has 7 characters.* cut it into several"):
        scan({"a": "短", "b": "七个字就太多了"})


@timeless
@given(st.lists(st.text(max_size=40), max_size=4))
def test_any_unicode(texts: list[str]) -> None:
    check_scan(scan(documents(texts)))


@pytest.mark.parametrize(
    "text",
    [
        "字" * 20_000,
        "a" * 100_000,
        "1" * 100_000,
        "X" * 20_000,
        "。" * 20_000,
        "\n" * 20_000,
        "(" * 20_000,
        "一是" * 9000,
    ],
    ids=["one character", "one word", "one number", "one blank", "stops", "lines", "brackets", "enumerators"],
)
def test_long_runs(text: str) -> None:
    check_scan(scan(documents([text, text + "甲", "乙" + text])))


def test_a_corpus_of_nothing() -> None:
    result = scan([])
    check_scan(result)
    assert (result.documents, result.findings, result.clusters, result.members, result.phrases) == ((), (), (), (), ())
    assert result.summary["totals"]["originality"] is None


def test_every_source_gives_the_same_scan(tmp_path: Path) -> None:
    texts = {f"d{row}": gibberish(row) + LINES[row % 2] for row in range(4)}
    for name, text in texts.items():
        (tmp_path / f"{name}.txt").write_text(text, "utf-8", newline="")
    from_mapping = scan(texts)
    as_documents = [Document(name, text) for name, text in texts.items()]

    def stream() -> Iterator[Document]:
        yield from as_documents

    for source in (as_documents, stream()):
        assert same(scan(source), from_mapping)
    for paths in (tmp_path, str(tmp_path), [tmp_path], [str(path) for path in tmp_path.iterdir()], f"{tmp_path}/*.txt"):
        from_files = scan(paths)
        assert from_files.findings == from_mapping.findings
        assert from_files.clusters == from_mapping.clusters
        assert from_files.summary["corpus"]["digest"] == from_mapping.summary["corpus"]["digest"]
        assert [document.source for document in from_files.documents] == [f"d{row}.txt" for row in range(4)]


def test_an_input_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        scan(tmp_path / "nothing")


def test_a_refused_rule_table_is_an_error_before_anything_is_read(tmp_path: Path) -> None:
    table = tmp_path / "rules.toml"
    table.write_text("[[rule]]\nname = 'x'\n", "utf-8")
    with pytest.raises(RuleError):
        scan({"d": "甲"}, Settings(rules=(str(table),)))


ORDERED = documents([gibberish(row) + LINES[row % 3] + LINES[row % 2] for row in range(7)])


@pytest.fixture(scope="module")
def ordered() -> Scan:
    return scan(ORDERED)


@hypothesis_settings(deadline=None, max_examples=30)
@given(order=st.permutations(range(7)))
def test_any_order_of_documents(order: list[int], ordered: Scan) -> None:
    shuffled = scan([ORDERED[row] for row in order])
    assert same(shuffled, ordered)
    assert without_run(shuffled) == without_run(ordered)


def without_run(result: Scan) -> dict[str, Any]:
    return {name: value for name, value in result.summary.items() if name != "run"}


@hypothesis_settings(deadline=None, max_examples=30)
@given(st.permutations(["a", "a", "b", "a~2", "a b"]))
def test_documents_of_one_id_get_a_stable_suffix_and_are_counted(order: list[str]) -> None:
    texts = {name: gibberish(row) for row, name in enumerate(dict.fromkeys(sorted(order)))}
    result = scan([Document(name, texts[name]) for name in order])
    check_scan(result)
    assert [document.id for document in result.documents] == ["a", "a b", "a~2", "a~3", "b"]
    assert result.texts["a~3"] == result.texts["a"]
    assert result.summary["problems"]["n"] == {"duplicate_id": 1}


def test_documents_of_one_id_from_memory_are_those_from_a_file(tmp_path: Path) -> None:
    rows = [{"id": name, "text": gibberish(number)} for number, name in enumerate(["a", "b", "a", "a b"])]
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    from_memory = scan([Document(row["id"], row["text"]) for row in rows])
    assert [document.id for document in scan(path).documents] == [document.id for document in from_memory.documents]


def test_every_step_finds_where_long_tokens_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan in which all tokens are in the list of those that are too long for a byte is the same scan."""
    folder = Path(__file__).parents[1] / "seeds"
    seeds = list(Reader(folder))[:40]
    copies = [Document(f"{item.id}~", item.text.replace("1", "23")) for item in seeds[::3]]
    expected = scan([*seeds, *copies])
    make = passages.tokenise_texts

    def all_long(*given: Any) -> tokens.Tokens:
        made: tokens.Tokens = make(*given)
        rows = np.arange(len(made.start))
        return made._replace(form=made.form | np.uint8(tokens.LONG), long_row=rows, long_end=made.end)

    monkeypatch.setattr(passages, "tokenise_texts", all_long)
    found = scan([*seeds, *copies])
    assert same(found, expected)
    assert {item.kind for item in found.findings} >= {"passage", "phrase", "placeholder"}
    assert any(cluster.slots for cluster in found.clusters)


def test_blocks_of_the_corpus_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [gibberish(row) + LINES[row % 3] + "投资X亿元。" for row in range(6)]
    whole = scan(documents(["", *texts, ""]))
    for module in (hits, score, tokens):
        monkeypatch.setattr(module, "BLOCK_CHARACTERS", 40)
    assert same(scan(documents(["", *texts, ""])), whole)


def test_progress_goes_through_the_stages_in_order() -> None:
    seen: list[tuple[str, int, int]] = []
    scan(documents(["甲", "乙"]), progress=lambda *step: seen.append(step))
    assert list(dict.fromkeys(stage for stage, _, _ in seen)) == list(STAGES)
    assert ("rules", 1, 1) in seen
    assert all(0 <= done <= total or not total for _, done, total in seen)


def test_the_summary_counts_what_it_says(tmp_path: Path) -> None:
    texts = [gibberish(row) + LINES[0] for row in range(3)] + ["", "。。"]
    result = scan(documents(texts, series="one"))
    summary = result.summary
    assert summary["corpus"]["n_documents"] == summary["corpus"]["n_families"] == 5
    assert summary["corpus"]["n_series"] == 1
    assert summary["corpus"]["n_chars"] == sum(document.n_chars for document in result.documents)
    totals = summary["totals"]
    assert list(totals["parts"]) == list(PART_NAMES)
    assert totals["n_clusters"] == {"document": 0, "block": 0, "passage": 1}
    assert totals["n_findings"] == {"passage": 3, "phrase": 3}
    assert totals["n_passages"] == 3 * 4
    assert totals["n_passages_matched"] == 3
    assert totals["n_documents_without_tokens"] == 2
    assert set(summary["run"]["seconds"]) == set(STAGES)
    assert summary["run"]["inputs"] == []


def test_all_problems_are_counted_not_just_those_that_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text":"好的文字在这里"}\n' + "{bad\n" * 1500, "utf-8")
    problems = scan(path).summary["problems"]
    assert problems["n"] == {"bad_json": 1500}
    assert len(problems["examples"]) == 20
    assert problems["examples"][0].startswith("bad.jsonl:2: ")


def test_strict_makes_the_first_problem_an_error(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text":"好"}\n{bad\n', "utf-8")
    with pytest.raises(InputError, match=r"bad\.jsonl:2: "):
        scan(path, Settings(strict=True))


SETTINGS = {
    "min_passage_tokens": (Settings(min_passage_tokens=40), "n_passages_matched", 0),
    "min_families": (Settings(min_families=5), "n_phrases", 1),
    "disable_rules": (Settings(disable_rules=("placeholder.blank_before_unit",)), "n_rules", {}),
}


@pytest.mark.parametrize(("settings", "total", "expected"), SETTINGS.values(), ids=SETTINGS)
def test_settings_reach_their_step(settings: Settings, total: str, expected: object) -> None:
    texts = [gibberish(row) + LINES[0] + "投资X亿元。" for row in range(3)]
    texts += [gibberish(row, 1)[:9] + "甲乙丙丁戊己庚辛壬癸" + gibberish(row + 50, 1) for row in range(3, 5)]
    assert scan(documents(texts)).summary["totals"][total] != expected
    assert scan(documents(texts), settings).summary["totals"][total] == expected
