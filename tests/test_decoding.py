"""UTF-8 decoding against `bytes.decode`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.kernels.decoding import decode_utf8
from detector.text.folding import code_points

EDGES = "\0\x7f\x80\u07ff\u0800\ud7ff\ud800\udfff\ue000\uffff\U00010000\U0010ffff"


def decoded(values: bytes, start: int, stop: int) -> list[int]:
    """The code points of some bytes; what stands around them in the output must stay."""
    points = np.full(len(values) + 2, 7, dtype=np.uint32)
    n = decode_utf8(np.frombuffer(values, dtype=np.uint8), start, stop, points, 1)
    assert points[0] == 7
    assert (points[1 + n :] == 7).all()
    return [int(point) for point in points[1 : 1 + n]]


@given(st.text(), st.text(st.characters(exclude_categories=()) | st.sampled_from(EDGES)), st.text())
def test_any_text(before: str, text: str, after: str) -> None:
    values = [part.encode("utf-8", "surrogatepass") for part in (before, text, after)]
    start = len(values[0])
    assert decoded(b"".join(values), start, start + len(values[1])) == code_points(text).tolist()


@pytest.mark.parametrize("char", EDGES)
def test_a_sequence_that_is_cut_off(char: str) -> None:
    values = f"a{char}".encode("utf-8", "surrogatepass")
    for stop in range(1, len(values)):
        assert decoded(values, 0, stop) == [0x61, 0xFFFD][: min(stop, 2)]
