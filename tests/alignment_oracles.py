"""Alignments and literals by RapidFuzz and lists, which the kernels must equal."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import Indel

LARGEST_ALIGNMENT = 16_000_000


def align(left: Sequence[int], right: Sequence[int]) -> list[int]:
    """For each value on the left the place of the same value on the right, -1 where there is none."""
    place = [-1] * len(left)
    head = 0
    while head < min(len(left), len(right)) and left[head] == right[head]:
        place[head] = head
        head += 1
    shorter = min(len(left), len(right)) - head
    tail = 0
    while tail < shorter and left[-1 - tail] == right[-1 - tail]:
        place[len(left) - 1 - tail] = len(right) - 1 - tail
        tail += 1
    inner, other = left[head : len(left) - tail], right[head : len(right) - tail]
    if len(inner) * len(other) <= LARGEST_ALIGNMENT:
        for code in Indel.opcodes(inner, other):
            if code.tag == "equal":
                for step in range(code.src_end - code.src_start):
                    place[head + code.src_start + step] = head + code.dest_start + step
    return place


def align_passages(
    left: Sequence[Sequence[int]], right: Sequence[Sequence[int]], left_keys: Sequence[int], right_keys: Sequence[int]
) -> list[int]:
    """The same for the tokens of lists of passages: passages with equal keys are anchors, between them tokens decide.

    Places count the tokens of all passages on the right.
    """
    anchors = [
        (code.src_start + step, code.dest_start + step)
        for code in Indel.opcodes(left_keys, right_keys)
        if code.tag == "equal"
        for step in range(code.src_end - code.src_start)
    ]
    place: list[int] = []
    n_right = left_at = right_at = 0
    for one, other in [*anchors, (len(left), len(right))]:
        gap = [token for passage in left[left_at:one] for token in passage]
        other_gap = [token for passage in right[right_at:other] for token in passage]
        place.extend(n_right + row if row >= 0 else -1 for row in align(gap, other_gap))
        n_right += len(other_gap)
        if one < len(left):
            pairs = enumerate(zip(left[one], right[other], strict=True))
            place.extend(n_right + row if token == same else -1 for row, (token, same) in pairs)
            n_right += len(right[other])
        left_at, right_at = one + 1, other + 1
    return place


def literal_spans(
    place: Sequence[int], starts: Sequence[int], ends: Sequence[int], span: tuple[int, int]
) -> list[tuple[int, int]]:
    """The parts of a span of text that are no differing token (``place`` is -1), and what stands between two of them
    with nothing but punctuation between goes with them."""
    if -1 not in place:
        return [span]
    literals, at = [], span[0]
    for row, other in enumerate(place):
        if other < 0:
            follows = row > 0 and place[row - 1] < 0
            if not follows and at < starts[row]:
                literals.append((at, starts[row]))
            at = ends[row]
    if at < span[1]:
        literals.append((at, span[1]))
    return literals
