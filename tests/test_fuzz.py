"""Fuzzing in small: Hypothesis makes what atheris would, and what crashed once is replayed."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pytest
import zstandard
from fuzz_targets import ENDINGS, TARGETS, folding, reading, rules, scanning
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

CASES = sorted((Path(__file__).parent / "data" / "fuzz").glob("*/*"))

PIECES = (
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\n", b"\r\n", b"\r", b"\t", b" ", b"\0", b";", b"|",
    b'{"text": "', b'"text"', b'"id": 1', b'{"text": "a"}\n', b'{"text": "\\ud83d"}', b'"\\ude00"', b"null", b"NaN",
    b"1e999", b"-0", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x84\x31\x95\x33", b"\xff", b"\xed\xa0\x80",
    "我们的工作".encode(), "我们的工作".encode("gb18030"), "我們的工作".encode("big5"), "我们".encode("utf-16-le"),
    b"id,text\n", b"text\n", b'"a""b"', b'"a\nb"', b"[" * 600, b"9" * 5000, b"PAR1",
)  # fmt: skip
DATA = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=20).map(b"".join)
PACKED = {
    "gz": gzip.compress,
    "zst": zstandard.ZstdCompressor().compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
}
PHRASES = (
    "完成投资X亿元", "。", "\n", "\n\n", "首页 > 新闻", "[公司名称]", "×", "杨某", "2021年", "一是", "www.a.cn",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PHRASES) | st.text(max_size=5), max_size=20).map(
    lambda parts: "".join(parts).encode("utf-8", "replace")
)


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.name[:20]}")
def test_cases_to_begin_with_and_what_crashed_once(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@hypothesis_settings(max_examples=300)
@given(st.sampled_from(ENDINGS), DATA, st.booleans(), st.integers(0, 30))
def test_any_file(ending: str, data: bytes, is_packed: bool, cut: int) -> None:
    packed = ending.rpartition(".")[2]
    if is_packed and packed in PACKED:
        data = PACKED[packed](data)
    reading(bytes([ENDINGS.index(ending)]) + data[: len(data) - cut if cut < 10 else None])


@given(DATA)
def test_any_text_is_folded(data: bytes) -> None:
    folding(data)


@given(TEXTS)
def test_rules_on_any_text(data: bytes) -> None:
    rules(data)


@hypothesis_settings(max_examples=20)
@given(TEXTS)
def test_any_documents_are_scanned(data: bytes) -> None:
    scanning(data)


def test_deep_and_long_values_are_tried() -> None:
    for value in ("[" * 100_000, "9" * 100_000, '{"a":' * 100_000, '"\\ud800' * 1000):
        reading(bytes([0]) + json.dumps({"text": "a"}).encode() + b"\n" + f'{{"text": {value}}}\n'.encode())
