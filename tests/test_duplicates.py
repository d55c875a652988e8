"""Near-duplicate documents against brute force, and the columns of a corpus against the reader."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from detector.document_scan import scan_documents
from detector.kernels import bucketing, documents
from detector.machine.workspace import Workspace
from detector.matching.duplicates import Duplicates, find_duplicates
from detector.matching.signatures import permutations, sign
from detector.model import Document
from detector.pipeline import scan
from detector.records.arrow_rows import text_block
from detector.records.corpus import corpus_of, read_corpus
from detector.records.reading import Reader, corpus_digest
from detector.settings import Settings
from detector.text.folding import is_blank
from detector.text.texts import Texts

MASK = (1 << 64) - 1


def silent(*_: object) -> None:
    """No progress."""


def shingles(text: str) -> set[str]:
    return {text[at : at + 5] for at in range(len(text) - 4)}


def jaccard(one: str, other: str) -> Fraction:
    left, right = shingles(one), shingles(other)
    return Fraction(len(left & right), len(left | right)) if left | right else Fraction(0)


def shingle_hash(shingle: str) -> int:
    """The hash of five code points, in plain integers."""
    a, b, c, d, e = map(ord, shingle)
    value = ((a | b << 21 | c << 42) * 0x9E3779B97F4A7C15 + (d | e << 21) * 0xC4CEB9FE1A85EC53) & MASK
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD & MASK
    value ^= value >> 33
    value = value * 0xC4CEB9FE1A85EC53 & MASK
    return value ^ value >> 33


def duplicates(texts: Mapping[str, str], block: int = 3, workers: int = 1, **values: Any) -> Duplicates:
    rows = [Document(name, text, row=row) for row, (name, text) in enumerate(texts.items(), 1)]
    blocks = [text_block(rows[at : at + block], "") for at in range(0, len(rows), block)]
    with Workspace(workers=workers) as work:
        return find_duplicates(blocks, work=work, **values)


def heads(found: Duplicates) -> dict[str, str]:
    return {name: found.ids[head] for name, head in zip(found.ids, found.head.tolist(), strict=True)}


def expected_heads(texts: Mapping[str, str], threshold: float = 0.7) -> dict[str, str]:
    """Every pair compared, in document order."""
    found: dict[str, str] = {}
    for name in sorted(texts):
        alone = sum(not char.isspace() for char in texts[name]) < 5
        lower = [other for other in found if found[other] == other and not alone]
        alike = (
            other for other in lower if texts[other] == texts[name] or jaccard(texts[other], texts[name]) >= threshold
        )
        found[name] = next(alike, name)
    return found


def edited(text: str, n_edits: int, source: random.Random) -> str:
    chars = list(text)
    for _ in range(n_edits):
        chars[source.randrange(len(chars))] = chr(source.randrange(0x4E00, 0x9FA5))
    return "".join(chars)


def made(seed: int, n: int, length: int, n_edits: int) -> dict[str, str]:
    """Texts of which a third are near copies of another: far above the threshold or far below it."""
    source = random.Random(seed)
    texts: list[str] = []
    for _ in range(n):
        if texts and source.random() < 0.4:
            texts.append(edited(source.choice(texts), source.randrange(n_edits + 1), source))
        else:
            texts.append("".join(chr(source.randrange(0x4E00, 0x9FA5)) for _ in range(length)))
    names = [str(row) for row in range(n)]
    source.shuffle(names)
    return dict(zip(names, texts, strict=True))


@pytest.mark.parametrize("seed", range(6))
def test_families_are_those_of_brute_force(seed: int) -> None:
    texts = made(seed, 60, 300, 3)
    found = duplicates(texts)
    assert heads(found) == expected_heads(texts)
    for row, head in enumerate(found.head.tolist()):
        if head != row:
            exact = jaccard(texts[found.ids[row]], texts[found.ids[head]])
            assert Fraction(int(found.common[row]), int(found.union[row])) == exact


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_reported_is_at_the_threshold(seed: int) -> None:
    """Edits that leave pairs on both sides of 0.7, so that chains, misses and guesses that fail come up."""
    texts = made(seed, 200, 200, 14)
    found = duplicates(texts)
    exact = expected_heads(texts)
    assert sum(head != exact[name] for name, head in heads(found).items()) <= 2  # bands propose nearly all
    for name, head in heads(found).items():
        assert name == head or jaccard(texts[name], texts[head]) >= Fraction(7, 10)


def test_order_of_reading_and_workers_change_nothing() -> None:
    texts = made(9, 150, 120, 8)
    expected = duplicates(texts)
    shuffled = list(texts.items())
    random.Random(3).shuffle(shuffled)
    for workers, block in ((1, 7), (2, 1), (3, 200)):
        found = duplicates(dict(shuffled), block, workers)
        assert found.ids == expected.ids
        for column in ("n_points", "n_chars", "head", "common", "union"):
            assert getattr(found, column).tolist() == getattr(expected, column).tolist()


def test_guesses_never_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = made(5, 200, 200, 14)
    expected = duplicates(texts)
    for rounds in (0, 1):
        monkeypatch.setattr("detector.matching.duplicates.ROUNDS", rounds)
        found = duplicates(texts)
        assert found.head.tolist() == expected.head.tolist()
        assert found.common.tolist() == expected.common.tolist()


def test_empty_short_and_blank_texts_are_never_equal() -> None:
    texts = {
        "a": "",
        "b": "",
        "c": "四个字哦",
        "d": "四个字哦",
        "e": " \n" * 50,
        "f": " \n" * 50,
        "g": "五个字的话",
        "h": "五个字的话",
    }
    found = duplicates(texts)
    assert heads(found) == {**{name: name for name in texts}, "h": "g"}
    assert found.n_chars.tolist() == [0, 0, 4, 4, 0, 0, 5, 5]
    assert found.n_points.tolist() == [0, 0, 4, 4, 100, 100, 5, 5]
    assert duplicates({}).ids == []


def test_equal_sums_of_shingles_are_no_equal_texts() -> None:
    """Two orders of the same paragraphs with the same seams have one set, and are compared, not taken for copies."""
    one, other = "甲乙丙丁戊己庚辛", "子丑寅卯辰巳午未"
    left, right = (one + other) * 2 + one, one + other + one + other + one
    texts = {"a": left, "b": right, "c": left[8:] + left[:8]}
    found = duplicates(texts)
    assert heads(found) == expected_heads(texts)


def test_a_thousand_copies_are_one_family() -> None:
    text = "全面贯彻落实党的方针政策，扎实推进各项民生工程落地见效。"
    found = duplicates({f"{row:04}": text for row in range(1000)}, 100)
    assert set(found.head.tolist()) == {0}
    near = {f"{row:04}": text * 4 + f"第{row}号" for row in range(1000)}
    assert set(duplicates(near, 100).head.tolist()) == {0}


def test_a_slogan_in_every_text_costs_no_pairs() -> None:
    """Half of each text is the same: buckets hold everything, and nothing is a duplicate."""
    source = random.Random(1)
    slogan = "".join(chr(source.randrange(0x4E00, 0x9FA5)) for _ in range(60))
    texts = {
        f"{row:04}": slogan + "".join(chr(source.randrange(0x4E00, 0x9FA5)) for _ in range(60)) for row in range(800)
    }
    found = duplicates(texts, 100)
    assert found.head.tolist() == list(range(800))


def test_more_candidates_than_are_compared() -> None:
    """Texts just below the threshold of each other: candidates all, matches none, and the walk comes to its end."""
    source = random.Random(1)
    half = "".join(chr(source.randrange(0x4E00, 0x9FA5)) for _ in range(200))
    texts = {
        f"{row:04}": half + "".join(chr(source.randrange(0x4E00, 0x9FA5)) for _ in range(52)) for row in range(300)
    }
    texts["0299"] = texts["0150"][1:]
    expected = duplicates(texts)
    assert expected.n_crowded > 100
    found = duplicates(dict(reversed(texts.items())), 50, 2)
    assert found.head.tolist() == expected.head.tolist() == [*range(299), 150]
    assert found.n_crowded == expected.n_crowded


@hypothesis_settings(max_examples=60)
@given(st.lists(st.text(max_size=40), max_size=8))
@example(["\ud800\udc00a" * 3, "é中😀" * 20, "\0" * 10, " \u3000\x85" * 4])
def test_signing(texts: list[str]) -> None:
    texts = [*texts, "".join(texts) * 40]
    block = text_block([Document(str(row), text) for row, text in enumerate(texts)], "")
    found = signed(block)
    hashes = [[shingle_hash(text[at : at + 5]) for at in range(len(text) - 4)] for text in texts]
    flat = np.array([value >> 32 for row in hashes for value in row], np.uint32)
    indptr = np.cumsum([0, *map(len, hashes)]).astype(np.int64)
    expected = sign(flat, indptr, n_permutations=128, seed=3).values
    assert found["slots"].tolist() == expected.astype(np.uint8).tolist()
    assert found["sums"].tolist() == [sum(row) & MASK for row in hashes]
    assert found["n_points"].tolist() == list(map(len, texts))
    assert found["n_chars"].tolist() == [sum(not char.isspace() for char in text) for text in texts]
    for one in range(len(texts)):
        for other in range(len(texts)):
            same = (expected[one].reshape(32, 4) == expected[other].reshape(32, 4)).all(axis=1)
            assert (found["bands"][one] == found["bands"][other]).tolist() == same.tolist()


def signed(block: Any) -> dict[str, Any]:
    n = len(block.ids)
    columns: dict[str, Any] = {
        "bands": np.empty((n, 32), np.uint32),
        "slots": np.empty((n, 128), np.uint8),
        "sums": np.empty(n, np.uint64),
        "n_points": np.empty(n, np.int64),
        "n_chars": np.empty(n, np.int64),
    }
    blank = is_blank()[: documents.BLANKS_END]
    documents.sign_documents(block.values, block.offsets, blank, *permutations(128, 3), *columns.values())
    return columns


@given(st.lists(st.tuples(st.sampled_from("aé乡😀\n\ud800"), st.integers(1, 80)), max_size=6))
def test_runs_of_characters_of_one_size(runs: list[tuple[str, int]]) -> None:
    text = "".join(char * n for char, n in runs)
    found = signed(text_block([Document("a", text)], ""))
    assert found["n_points"].tolist() == [len(text)]
    assert found["n_chars"].tolist() == [len(text) - text.count("\n")]
    places = range(len(text) - 4)
    assert found["sums"].tolist() == [sum(shingle_hash(text[at : at + 5]) for at in places) % 2**64]


@pytest.mark.parametrize("length", [8190, 8191, 8192, 8193, 8196, 8197, 16388])
def test_pieces_lose_no_shingle(length: int) -> None:
    source = random.Random(length)
    text = "".join(source.choice("aé中😀") for _ in range(length))
    found = signed(text_block([Document("a", text)], ""))
    assert int(found["sums"][0]) == sum(shingle_hash(text[at : at + 5]) for at in range(length - 4)) & MASK
    assert int(found["n_points"][0]) == length


def compared(texts: Sequence[str], pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    block = text_block([Document(str(row), text) for row, text in enumerate(texts)], "")
    columns = [np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1)]
    common, union = np.empty(len(pairs), np.int64), np.empty(len(pairs), np.int64)
    documents.compare_pairs(block.values, block.offsets, *columns, common, union)
    return list(zip(common.tolist(), union.tolist(), strict=True))


@given(st.lists(st.text("ab中", max_size=60), min_size=1, max_size=5), st.data())
def test_comparing(texts: list[str], data: st.DataObject) -> None:
    row = st.integers(0, len(texts) - 1)
    pairs = sorted(data.draw(st.lists(st.tuples(row, row), max_size=12)))
    sets = [shingles(text) for text in texts]
    assert compared(texts, pairs) == [(len(sets[a] & sets[b]), len(sets[a] | sets[b])) for a, b in pairs]


def test_texts_too_large_for_one_table() -> None:
    source = random.Random(2)
    text = "".join(map(chr, source.choices(range(0x4E00, 0x9FA5), k=documents.TABLE_SHINGLES)))
    other = text[1000:] + text[500:3000] + "新" * 50
    left, right = shingles(text), shingles(other)
    assert compared([text, other, "短文五个字"], [(0, 0), (0, 1), (2, 2)]) == [
        (len(left), len(left)),
        (len(left & right), len(left | right)),
        (1, 1),
    ]


@given(st.lists(st.tuples(st.sampled_from([0, 1, 2**11, 2**22, 2**32 - 1, 77]), st.booleans()), max_size=40))
def test_buckets(entries: list[tuple[int, bool]]) -> None:
    bands = np.array([[5, key, 5] for key, _ in entries], np.uint32).reshape(-1, 3)
    rows = np.array([row for row, (_, taken) in enumerate(entries) if taken], np.int32)
    taken = np.zeros(len(rows) // 2 + 2, np.int32)
    n_buckets = bucketing.number_buckets(bands, 1, rows, taken)
    keys = [entries[row][0] for row in rows.tolist()]
    shared = sorted({key for key in keys if keys.count(key) > 1})
    numbers = {key: number for number, key in enumerate(shared, 1)}
    assert n_buckets == len(shared)
    assert taken[1 : n_buckets + 1].tolist() == [keys.count(key) for key in shared]
    assert bands[:, 1].tolist() == [numbers.get(key, 0) if used else 0 for key, used in entries]
    assert set(bands[:, [0, 2]].ravel().tolist()) <= {5}


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.fixed_dictionaries({"text": st.text(), "id": st.integers(0, 20), "series": st.sampled_from("ab")})))
def test_a_corpus_read_as_columns(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    reader = Reader(path)
    expected = sorted(reader, key=lambda document: document.id)
    for workers, memory in product((1, 2), (1 << 16, None)):
        with Workspace(workers=workers, memory=memory) as work:
            found = read_corpus(path, Settings(), work, silent)
        columns = zip(found.ids, found.texts, found.sources, found.rows, found.series, strict=True)
        assert [Document(*row) for row in columns] == expected
        assert (found.files, found.problems) == (tuple(reader.files), tuple(reader.problems))
        assert found.n_problems == dict(reader.n_problems)
        assert found.digest == corpus_digest(expected)
        assert isinstance(found.texts, Texts)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("run", [1, 1 << 40])
@pytest.mark.parametrize("room", [1, 64])
def test_texts_wait_in_memory_and_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float, run: int, room: int
) -> None:
    """Whether texts stay in the file as they were read, are put in order in another one, or come back to memory."""
    made = {f"{name}{row}": f"第{row}段、{name}\U00020000 é" * 50 for name in "abc" for row in range(9)}
    for name in "abc":  # their ids do not come in the order of the files
        rows = [{"id": key[::-1], "text": text} for key, text in made.items() if name in key]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[::-1]), "utf-8")
    n_bytes = sum(len(text.encode()) for text in made.values())
    monkeypatch.setattr("detector.records.corpus.WAITING_SHARE", share / room)
    monkeypatch.setattr("detector.records.corpus.RUN_POINTS", run)
    monkeypatch.setattr("detector.machine.workspace.SMALLEST_MAPPED", 0)
    with Workspace(memory=room * n_bytes, workers=2, tmp=tmp_path) as work:
        found = read_corpus([tmp_path / f"{name}.jsonl" for name in "bca"], Settings(), work, silent)
        is_mapped = work.is_mapped(found.texts.points)
        assert dict(zip(found.ids, found.texts, strict=True)) == {key[::-1]: text for key, text in made.items()}
    assert found.ids == sorted(found.ids)
    assert is_mapped == (room == 1)


def test_a_corpus_from_memory() -> None:
    given = [Document("b", "二"), Document("a", "三", "x", 2), Document("a", "一", "x", 1), Document("a~2", "四")]
    found = corpus_of(given)
    assert found.ids == ["a", "a~2", "a~3", "b"]
    assert list(found.texts) == ["一", "四", "三", "二"]
    assert found.n_problems == {"duplicate_id": 1}
    assert corpus_of({"a": "一"}).ids == ["a"]
    assert len(corpus_of([])) == 0


def write_corpus(path: Path) -> dict[str, str]:
    texts = made(4, 40, 120, 2)
    lines = [
        {"id": name, "text": text, "url": f"http://{row % 3}.example.org/"}
        for row, (name, text) in enumerate(texts.items())
    ]
    lines.append({"id": "\ud800", "text": "一二三四五六七八\udc00"})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return texts


def test_files_of_a_scan_of_documents(tmp_path: Path) -> None:
    texts = write_corpus(tmp_path / "a.jsonl")
    full = scan(tmp_path / "a.jsonl")
    full.write(tmp_path / "full")
    outputs = []
    for workers in (1, 2):
        with Workspace(workers=workers) as work:
            found = scan_documents(tmp_path / "a.jsonl", Settings(), work, silent)
        out = tmp_path / f"out{workers}"
        found.write(out)
        outputs.append({path.name: path.read_bytes() for path in out.iterdir()})
    run = [json.loads(output.pop("summary.json")) for output in outputs]
    assert outputs[0] == outputs[1]
    assert run[0].pop("run").keys() == run[1].pop("run").keys()
    assert run[0] == run[1]
    rows = {
        name: [json.loads(line) for line in data.splitlines()] for name, data in outputs[0].items() if "jsonl" in name
    }
    wanted = [json.loads(line) for line in (tmp_path / "full" / "documents.jsonl").read_text().splitlines()]
    assert [list(row) for row in rows["documents.jsonl"]] == [list(row) for row in wanted]
    for row, other in zip(rows["documents.jsonl"], wanted, strict=True):
        assert all(row[key] == other[key] for key in ("id", "source", "row", "n_chars", "score_version"))
        assert row["parts"]["own"] == sum(row["parts"].values()) == row["n_chars"]
        assert row["duplicate_of"] == (
            {**expected_heads(texts), "\ud800": "\ud800"}[row["id"]] if row["duplicate_of"] else None
        )
    members = rows["members.jsonl"]
    assert {row["cluster"] for row in members} == {row["id"] for row in rows["clusters.jsonl"]}
    assert sum(row["n_members"] for row in rows["clusters.jsonl"]) == len(members)
    assert all(row["end"] == len(texts[row["doc"]]) for row in members)
    summary, other = run[0], dict(full.summary)
    del other["run"]
    assert set(summary) == set(other)
    assert set(summary["totals"]) - set(other["totals"]) == {"n_duplicates", "n_documents_crowded"}
    assert summary["corpus"]["digest"] == other["corpus"]["digest"]
    assert summary["corpus"]["n_series"] == other["corpus"]["n_series"]
    assert (summary["files"], summary["problems"]) == (other["files"], other["problems"])


def test_stores_serve_systems_without_positioned_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = made(6, 40, 120, 2)
    expected = duplicates(texts, workers=2)
    monkeypatch.delattr("os.pwrite")
    monkeypatch.delattr("os.preadv")
    found = duplicates(texts, workers=2)
    assert found.head.tolist() == expected.head.tolist()
    assert found.common.tolist() == expected.common.tolist()
