"""Encodings: told apart on text of every kind the contract names, decoded without loss, never a crash."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.records.encodings import PLAUSIBLE, UTF8, Encoding, _plausible, decode, decode_keeping, detect

SIMPLIFIED = "全镇上下认真贯彻落实县委、县政府的决策部署，扎实推进乡村振兴战略。"
TRADITIONAL = "全鎮上下認真貫徹落實縣委、縣政府的決策部署，紮實推進鄉村振興戰略。"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (SIMPLIFIED, "utf-8"),
        (SIMPLIFIED, "gb18030"),
        (SIMPLIFIED, "utf-16-le"),
        (SIMPLIFIED, "utf-16-be"),
        (TRADITIONAL, "gb18030"),
        (TRADITIONAL, "big5"),
        (TRADITIONAL, "utf-16-le"),
        ("The town did its work.\r\n", "utf-8"),
        ("The town did its work.\r\n", "utf-16-le"),
        ("The town did its work.\r\n", "utf-16-be"),
        ("Отчёт о работе администрации", "utf-8"),
        ("Отчёт о работе администрации", "utf-16-le"),
    ],
)
def test_text_without_mark_is_recognised(text: str, name: str) -> None:
    encoding = detect(text.encode(name))
    assert encoding == Encoding(name)
    assert decode(text.encode(name), encoding).text == text


@pytest.mark.parametrize("name", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "gb18030"])
def test_a_mark_decides_and_is_removed(name: str) -> None:
    data = ("\ufeff" + SIMPLIFIED).encode(name)
    encoding = detect(data)
    assert encoding is not None
    assert (encoding.name, encoding.bom, encoding.label) == (name, "\ufeff".encode(name), f"{name}-bom")
    assert decode(data, encoding).text == SIMPLIFIED


def test_a_named_encoding_is_taken_at_its_word() -> None:
    assert detect(b"plain", "gb18030") == Encoding("gb18030")
    assert detect(SIMPLIFIED.encode("utf-16-be"), "utf-16") == Encoding("utf-16-be")
    assert detect(b"\xff\xfea\0", "utf-16") == Encoding("utf-16-le", b"\xff\xfe")
    assert detect("裡".encode("big5"), "big5") == Encoding("big5")
    assert detect("碁銹".encode("cp950"), "big5") == Encoding("cp950")


def test_western_text_is_not_read_as_chinese() -> None:
    data = ("Les élèves étaient très fatigués, ceci est un texte. " * 3).encode("cp1252")
    assert detect(data) == UTF8
    assert decode(data, UTF8).n_bad > 0


def test_a_head_may_end_within_a_character() -> None:
    for name in ("utf-8", "gb18030", "big5", "utf-16-le"):
        data = (TRADITIONAL * 3).encode(name)
        for cut in range(1, 4):
            found = detect(data[:-cut], complete=False)
            assert found == Encoding(name), (name, cut)


def test_damaged_chinese_keeps_its_encoding() -> None:
    for text, name in ((SIMPLIFIED, "utf-8"), (SIMPLIFIED, "gb18030"), (TRADITIONAL, "big5")):
        data = text.encode(name) + b"\xff" + text.encode(name)
        assert detect(data) == Encoding(name)
        decoded = decode(data, Encoding(name))
        assert decoded.n_bad == 1
        assert decoded.first_bad == len(text.encode(name))
        assert decoded.readable


def test_noise_is_no_text_and_plausibility_parts_it() -> None:
    noise = random.Random(5).randbytes(2000)
    assert detect(noise) is None
    assert _plausible(noise, "utf-16-le") < 0.5 < PLAUSIBLE < _plausible(SIMPLIFIED.encode("utf-16-le"), "utf-16-le")


@given(st.binary(max_size=300))
def test_no_bytes_crash_and_a_kept_text_gives_them_back(data: bytes) -> None:
    encoding = detect(data)
    if encoding is None:
        return
    decoded = decode(data, encoding)
    assert (decoded.n_bad > 0) == (decoded.first_bad is not None)
    body = data.removeprefix(encoding.bom)
    if encoding.name in ("utf-8", "gb18030", "big5"):
        restored = encoding.encode(decode_keeping(body, encoding))
        assert decode(restored, encoding).text == decode(body, encoding).text
        if encoding.name == "utf-8":
            assert restored == body


@given(st.text())
def test_utf8_text_round_trips(text: str) -> None:
    decoded = decode(text.encode(), UTF8)
    assert (decoded.text, decoded.n_bad) == (text, 0)


def test_code_pages_are_told_apart_on_real_text(shared: Path) -> None:
    """Pieces of 30 characters, half of them or more beyond ASCII, in each code page that can write them."""
    wrong = total = 0
    for line in (shared / "gold" / "seeds.jsonl").read_text("utf-8").splitlines():
        text = (shared / json.loads(line)["file"]).read_text("utf-8")
        for start in range(0, len(text) - 30, 97):
            piece = text[start : start + 30]
            for name in ("gb18030", "big5"):
                data = piece.encode(name, "ignore")
                if len(data.decode(name)) < 28 or sum(char > "\x7f" for char in piece) < 15:
                    continue
                total += 1
                wrong += detect(data) != Encoding(name)
    assert total > 250
    assert wrong == 0


def test_surrogates_side_by_side_in_utf_32_are_one_character() -> None:
    data = "a\ud83d\ude00\ude00\ud83d".encode("utf-32-le", "surrogatepass")
    assert decode(data, Encoding("utf-32-le")).text == "a\N{GRINNING FACE}\ude00\ud83d"
    assert decode(data + b"\0", Encoding("utf-32-le")).text.startswith("a\N{GRINNING FACE}")
