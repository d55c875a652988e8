"""Verification of candidate pairs, lowest first, over buckets of rows that share a band hash.

Rows are distinct sequences in the order of their first occurrence, so that the lowest row number is the lowest in the
corpus. A candidate passes three tests, the cheap ones first: the 8-bit slots of the signatures, the lengths, the ratio.

The longest common subsequence is found bit-parallel, 64 characters a word (Hyyrö 2004, "Bit-parallel LCS-length
computation revisited"); ``2 * LCS / (m + n)`` is RapidFuzz's normalised Indel similarity, which
``tests/test_kernels.py`` holds.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_EMPTY = np.int64(-1)
_ONE = np.uint64(1)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
FIRST_LISTED, MAX_LISTED = 64, 4096
"""Rows of a bucket that are looked at first, and at most, for an earlier match in one document: mostly the first do."""

MAX_SIGNED = 2048
"""Candidates of a row whose signatures are looked at; those that share most bands come first."""

MAX_VERIFIED = 512
"""Of these, how many are compared. A row that has more is *crowded*: it may miss a match, and is counted."""

_LOW_BITS, _HIGH_BITS, _EACH_BYTE = (
    np.uint64(0x7F7F7F7F7F7F7F7F),
    np.uint64(0x8080808080808080),
    np.uint64(0x0101010101010101),
)
_ROUNDING = 1e-9
"""Slack of the comparison with a threshold, so that 0.8 of 30 characters is 24 whatever the binary fraction says."""


@njit(cache=True, nogil=True, error_model="numpy")
def _pattern(values, start, end):  # type: ignore[no-untyped-def]
    """``values[start:end]`` made ready to be compared with many: a hash table of the places of each character (``keys``
    and ``masks``, 64 places a word) and room for the state."""
    size = 16
    while size < 2 * (end - start):
        size *= 2
    keys = np.full(size, _EMPTY)
    masks = np.zeros((size, (end - start + 63) >> 6), np.uint64)
    for place in range(start, end):
        slot = (np.int64(values[place]) * 2654435761) & (size - 1)
        while keys[slot] != _EMPTY and keys[slot] != np.int64(values[place]):
            slot = (slot + 1) & (size - 1)
        keys[slot] = np.int64(values[place])
        masks[slot, (place - start) >> 6] |= _ONE << np.uint64((place - start) & 63)
    return keys, masks, np.empty(masks.shape[1], np.uint64)


@njit(cache=True, nogil=True, error_model="numpy")
def _common_length(values, start, end, keys, masks, pattern_length, state):  # type: ignore[no-untyped-def]
    """Length of the longest common subsequence of the indexed pattern and ``values[start:end]``."""
    size = keys.shape[0]
    words = (pattern_length + 63) >> 6
    for word in range(words):
        state[word] = _ALL
    for place in range(start, end):
        slot = (np.int64(values[place]) * 2654435761) & (size - 1)
        while keys[slot] != _EMPTY and keys[slot] != np.int64(values[place]):
            slot = (slot + 1) & (size - 1)
        if keys[slot] == _EMPTY:
            continue
        carry = np.uint64(0)
        for word in range(words):
            row = state[word]
            hit = row & masks[slot, word]
            total = row + hit
            overflow = np.uint64(total < row)
            total += carry
            overflow |= np.uint64(total < carry)
            carry = overflow
            state[word] = total | (row - hit)
    common = 0
    for word in range(words):
        left = ~state[word]
        if word == words - 1 and pattern_length & 63:
            left &= (_ONE << np.uint64(pattern_length & 63)) - _ONE
        while left:
            left &= left - _ONE
            common += 1
    return common


@njit(cache=True, nogil=True, error_model="numpy")
def _matches(values, length, start, end, pattern, threshold):  # type: ignore[no-untyped-def]
    """Whether ``values[start:end]`` and the pattern of this length have at least this normalised Indel similarity."""
    common = _common_length(values, start, end, pattern[0], pattern[1], length, pattern[2])
    return 2.0 * common >= threshold * (length + end - start) - _ROUNDING


@njit(cache=True, nogil=True, error_model="numpy")
def _lengths_allow(m, n, threshold):  # type: ignore[no-untyped-def]
    return 2.0 * min(m, n) >= threshold * (m + n) - _ROUNDING


@njit(cache=True, nogil=True, error_model="numpy")
def _agreement(slots, row, other, first, last):  # type: ignore[no-untyped-def]
    """How many bytes of the words ``first`` to ``last`` of two rows are the same, eight at a time."""
    agreed = np.uint64(0)
    for word in range(first, last):
        differs = slots[row, word] ^ slots[other, word]
        # the highest bit of each byte is set where any bit of it is
        differs = (((differs & _LOW_BITS) + _LOW_BITS) | differs) & _HIGH_BITS
        agreed += np.uint64(8) - ((differs >> np.uint64(7)) * _EACH_BYTE >> np.uint64(56))
    return np.int64(agreed)


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(mark, rows, place, stop, seen, shared, found):  # type: ignore[no-untyped-def]
    """The different rows of the lists ``rows[place[i]:stop[i]]``; ``shared`` counts in how many lists each is.

    ``seen`` remembers rows by ``mark``, a number that no other call has.
    """
    n_found = 0
    for band in range(place.shape[0]):
        for entry in range(place[band], stop[band]):
            other = rows[entry]
            if seen[other] != mark:
                seen[other] = mark
                shared[other] = 0
                if n_found == found.shape[0]:
                    grown = np.empty(2 * n_found, np.int64)
                    grown[:n_found] = found
                    found = grown
                found[n_found] = other
                n_found += 1
            shared[other] += 1
    return n_found, found


@njit(cache=True, nogil=True, error_model="numpy")
def _keep_highest(found, n_found, value, limit):  # type: ignore[no-untyped-def]
    """Keep the ``limit`` rows of ``found`` whose ``value`` (below 256) is highest, the first among equals."""
    if n_found <= limit:
        return n_found
    counts = np.zeros(256, np.int64)
    for place in range(n_found):
        counts[value[found[place]]] += 1
    cutoff, above = 255, 0
    while above + counts[cutoff] <= limit:
        above += counts[cutoff]
        cutoff -= 1
    room = limit - above
    kept = 0
    for place in range(n_found):
        row = found[place]
        if value[row] > cutoff or (value[row] == cutoff and room > 0):
            room -= value[row] == cutoff
            found[kept] = row
            kept += 1
    return kept


@njit(cache=True, nogil=True, error_model="numpy")
def _shortlist(row, rows_of, found, n_found, shared, slots, min_agreement):  # type: ignore[no-untyped-def]
    """The candidates in ``found`` worth a comparison with ``row``: `MAX_SIGNED` by the bands that they share, of these
    `MAX_VERIFIED` by the slots in which they agree, at least ``min_agreement``.

    Both limits keep a crowd of half-alike rows (20,000 links to one site) from costing its square; all but such rows
    stay below them. ``rows_of`` names the signature of each candidate.
    """
    n_found = _keep_highest(found, n_found, shared, MAX_SIGNED)
    kept = 0
    for place in range(n_found):
        other = found[place]
        agreed = _agreement(slots, row, rows_of[other], 0, slots.shape[1])
        if agreed >= min_agreement:
            shared[other] = agreed
            found[kept] = other
            kept += 1
    return _keep_highest(found, kept, shared, MAX_VERIFIED)


@njit(cache=True, nogil=True, error_model="numpy")
def common_lengths(points, indptr, left, right, common):  # type: ignore[no-untyped-def]
    """Fill ``common`` (int64) with the LCS length of each pair of rows ``left[i]``, ``right[i]``."""
    for pair in range(left.shape[0]):
        start, end = indptr[left[pair]], indptr[left[pair] + 1]
        if left[pair] == right[pair] or end == start:
            common[pair] = end - start if left[pair] == right[pair] else 0
            continue
        pattern = _pattern(points, start, end)
        other, other_end = indptr[right[pair]], indptr[right[pair] + 1]
        common[pair] = _common_length(points, other, other_end, pattern[0], pattern[1], end - start, pattern[2])


@njit(cache=True, nogil=True, error_model="numpy")
def _jaccard_at_least(sets, a, a_end, b, b_end, threshold):  # type: ignore[no-untyped-def]
    """Whether two sorted sets of hashes have at least this Jaccard similarity."""
    m, n, common = a_end - a, b_end - b, 0
    if min(m, n) < threshold * max(m, n) - _ROUNDING:
        return False
    while a < a_end and b < b_end:
        if sets[a] == sets[b]:
            common += 1
            a += 1
            b += 1
        elif sets[a] < sets[b]:
            a += 1
        else:
            b += 1
    return common >= threshold * (m + n - common) - _ROUNDING


@njit(cache=True, nogil=True, error_model="numpy")
def representatives(  # type: ignore[no-untyped-def]
    values, indptr, bucket_of, bucket_indptr, slots, min_agreement, threshold, by_jaccard
):
    """The representative of every row: the lexicographically first maximal independent set of the matches.

    ``values`` with ``indptr`` (int64, n + 1) are the rows: skeleton characters (uint32), compared by normalised Indel
    similarity, or with ``by_jaccard`` sorted hash sets (uint64). ``bucket_of`` (int32, n x n_bands) names each row's
    bucket in each band or -1; ``bucket_indptr`` (int64) is the room of each. ``slots`` (uint64, n x n_words) are
    the low bytes of the signatures, eight to a word: a candidate that agrees in fewer than ``min_agreement`` is not
    verified. Returns int64, n: a row that is its own representative matches none that is lower and a representative;
    and bool, n: whether a row was crowded (`MAX_VERIFIED`). A bucket holds representatives only, so that near-copies
    without number cost each of them a few comparisons.
    """
    n, n_bands = bucket_of.shape
    chosen = np.arange(n)
    members = np.empty(bucket_indptr[-1], np.int32)
    filled = bucket_indptr[:-1].copy()
    place, stop = np.zeros(n_bands, np.int64), np.zeros(n_bands, np.int64)
    seen, shared, found = np.full(n, -1, np.int64), np.zeros(n, np.int64), np.empty(64, np.int64)
    pattern = _pattern(values, 0, 0)
    itself = np.arange(n)
    crowded = np.zeros(n, np.bool_)
    for row in range(n):
        start, end = indptr[row], indptr[row + 1]
        if end == start:
            continue
        for band in range(n_bands):
            bucket = bucket_of[row, band]
            place[band] = bucket_indptr[bucket] if bucket >= 0 else 0
            stop[band] = filled[bucket] if bucket >= 0 else 0
        n_found, found = _gather(row, members, place, stop, seen, shared, found)
        n_gathered = n_found
        n_found = _shortlist(row, itself, found, n_found, shared, slots, min_agreement)
        crowded[row] = n_gathered > MAX_SIGNED or n_found >= MAX_VERIFIED
        indexed = False
        for candidate in range(n_found):
            other = found[candidate]
            first, last = indptr[other], indptr[other + 1]
            if other > chosen[row]:
                continue
            if by_jaccard:
                matched = _jaccard_at_least(values, start, end, first, last, threshold)
            elif _lengths_allow(end - start, last - first, threshold):
                if not indexed:
                    pattern = _pattern(values, start, end)
                    indexed = True
                matched = _matches(values, end - start, first, last, pattern, threshold)
            else:
                matched = False
            if matched:
                chosen[row] = other
        if chosen[row] == row:
            for band in range(n_bands):
                bucket = bucket_of[row, band]
                if bucket >= 0:
                    members[filled[bucket]] = row
                    filled[bucket] += 1
    return chosen, crowded


@njit(cache=True, nogil=True, error_model="numpy")
def _only_groups(bucket_indptr, bucket_rows, first_other, group_of_first):  # type: ignore[no-untyped-def]
    """The group that all rows of a bucket stand in and no other, -1 where there is none (int64, a row per bucket)."""
    only = np.full(bucket_indptr.shape[0] - 1, -1, np.int64)
    for bucket in range(only.shape[0]):
        for entry in range(bucket_indptr[bucket], bucket_indptr[bucket + 1]):
            row = bucket_rows[entry]
            if first_other[row] >= 0 or (only[bucket] >= 0 and only[bucket] != group_of_first[row]):
                only[bucket] = -1
                break
            only[bucket] = group_of_first[row]
    return only


@njit(cache=True, nogil=True, error_model="numpy")
def lowest_elsewhere(  # type: ignore[no-untyped-def]
    points, indptr, bucket_of, bucket_indptr, bucket_rows, slots, min_agreement, threshold, first, first_other,
    group_of_first, row, group, found
):  # fmt: skip
    """Lower ``found[i]`` to the lowest occurrence outside ``group[i]`` of a row that matches ``row[i]``.

    ``found`` (int64) comes with the lowest that is known, -1 for none. A distinct row d occurs first at ``first[d]`` in
    group ``group_of_first[d]`` and first in any other group at ``first_other[d]`` (-1: in none). ``bucket_rows``
    (int32) with ``bucket_indptr`` are the rows of every bucket that may be looked at, ascending. A bucket whose rows
    all stand in the asker's own group is passed over: a list of ten thousand like items is no work.
    """
    n_bands = bucket_of.shape[1]
    place, stop = np.zeros(n_bands, np.int64), np.zeros(n_bands, np.int64)
    n = bucket_of.shape[0]
    seen, shared, gathered, itself = np.full(n, -1), np.zeros(n, np.int64), np.empty(64, np.int64), np.arange(n)
    only = _only_groups(bucket_indptr, bucket_rows, first_other, group_of_first)
    for query in range(row.shape[0]):
        mine = row[query]
        start, end = indptr[mine], indptr[mine + 1]
        for band in range(n_bands):
            bucket = bucket_of[mine, band]
            passed = bucket < 0 or only[bucket] == group[query]
            place[band] = 0 if passed else bucket_indptr[bucket]
            stop[band] = 0 if passed else bucket_indptr[bucket + 1]
            # Rows are ascending by first occurrence: what lies beyond the best match so far cannot be lower.
            if found[query] >= 0 and stop[band] > place[band]:
                low, high = place[band], stop[band]
                while low < high:
                    middle = (low + high) // 2
                    if first[bucket_rows[middle]] <= found[query]:
                        low = middle + 1
                    else:
                        high = middle
                stop[band] = low
        n_found, gathered = _gather(query, bucket_rows, place, stop, seen, shared, gathered)
        n_found = _shortlist(mine, itself, gathered, n_found, shared, slots, min_agreement)
        pattern = _pattern(points, start, end if n_found else start)
        for candidate in range(n_found):
            other = gathered[candidate]
            occurrence = first_other[other] if group_of_first[other] == group[query] else first[other]
            if other == mine or occurrence < 0 or (found[query] >= 0 and occurrence >= found[query]):
                continue
            if not _lengths_allow(end - start, indptr[other + 1] - indptr[other], threshold):
                continue
            if _matches(points, end - start, indptr[other], indptr[other + 1], pattern, threshold):
                found[query] = occurrence


@njit(cache=True, nogil=True, error_model="numpy")
def earlier_in_document(  # type: ignore[no-untyped-def]
    points, indptr, bucket_of, slots, min_agreement, threshold, rows, documents
):
    """For each occurrence the lowest earlier occurrence of its own document that matches it, or -1.

    ``rows`` (int64) is the distinct row of every occurrence, ``documents`` (int64, ascending) its document.
    """
    n, n_bands = rows.shape[0], bucket_of.shape[1]
    found = np.full(n, -1, np.int64)
    place, stop = np.zeros(n_bands, np.int64), np.zeros(n_bands, np.int64)
    seen_row = np.full(bucket_of.shape[0], -1, np.int64)
    seen, shared, gathered = np.full(n, -1, np.int64), np.zeros(n, np.int64), np.empty(64, np.int64)
    begin = 0
    while begin < rows.shape[0]:
        until = begin
        n_keys = 0
        while until < rows.shape[0] and documents[until] == documents[begin]:
            until += 1
        size = until - begin
        keys = np.empty(size * n_bands, np.int64)
        for occurrence in range(size):
            row = rows[begin + occurrence]
            if seen_row[row] >= begin:
                found[begin + occurrence] = seen_row[row]  # an equal skeleton; a lower match is looked for below
                continue
            seen_row[row] = begin + occurrence
            for band in range(n_bands):
                if bucket_of[row, band] >= 0:
                    keys[n_keys] = np.int64(bucket_of[row, band]) * size + occurrence
                    n_keys += 1
        keys = np.sort(keys[:n_keys])
        local = keys % size + begin
        for occurrence in range(begin + 1, until):
            row = rows[occurrence]
            best = found[occurrence]
            if best >= 0 and found[best] >= 0:
                found[occurrence] = found[best]
                continue
            if best >= 0:
                continue
            start, end = indptr[row], indptr[row + 1]
            pattern = _pattern(points, start, end)
            for reach in (FIRST_LISTED, MAX_LISTED):
                beyond = False
                for band in range(n_bands):
                    bucket = np.int64(bucket_of[row, band])
                    before = bucket * size + (best if best >= 0 else occurrence) - begin
                    place[band] = np.searchsorted(keys, bucket * size) if bucket >= 0 else 0
                    last = np.searchsorted(keys, before) if bucket >= 0 else 0
                    stop[band] = min(last, place[band] + reach)
                    beyond |= last > stop[band]
                n_found, gathered = _gather(
                    2 * occurrence + (reach == MAX_LISTED), local, place, stop, seen, shared, gathered
                )
                n_found = _shortlist(row, rows, gathered, n_found, shared, slots, min_agreement)
                for candidate in range(n_found):
                    other = gathered[candidate]
                    first, until_row = indptr[rows[other]], indptr[rows[other] + 1]
                    possible = (best < 0 or other < best) and _lengths_allow(end - start, until_row - first, threshold)
                    if possible and _matches(points, end - start, first, until_row, pattern, threshold):
                        best = other
                if not beyond:
                    break
            found[occurrence] = best
        begin = until
    return found
