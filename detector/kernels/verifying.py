"""Verification of candidate pairs of rows: sequences of skeleton characters, in the order of their first occurrence.

A candidate passes two tests: a *sketch* of both rows, which turns no true match away, then the ratio. Candidates are
compared lowest first, so that the first that matches is the lowest.

The longest common subsequence is found bit-parallel, 64 characters a word (Hyyrö 2004, "Bit-parallel LCS-length
computation revisited"); ``2 * LCS / (m + n)`` is RapidFuzz's normalised Indel similarity, which
``tests/test_kernels.py`` holds. Sketches are made in `detector.kernels.hashing`.

Everywhere ``points`` (uint32) with ``indptr`` (int64, n + 1) are the rows, ``sketches`` (uint64, n x 4) theirs;
``row_indptr`` with ``of`` name the buckets of each row, ``bucket_indptr`` with ``bucket_rows`` the rows of each bucket
(`detector.matching.candidates.Buckets`).
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_EMPTY, _SLOTS = np.int64(-1), 1024
_ONE = np.uint64(1)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_LOW_48 = np.uint64(0x0000FFFFFFFFFFFF)
FIRST_LISTED, MAX_LISTED = 64, 4096  # rows of a bucket that are looked at first (mostly they do), and at most
NOBODY = -2  # what `detector.kernels.sorting.only_groups` says of an empty bucket

MAX_VERIFIED = 1024
"""How many candidates of a row are compared. A row that has more, or more in a bucket than are looked at, and finds no
match is *crowded*: it may miss one, and is counted. So a crowd of half-alike rows does not cost its square."""

_MET = 1 << 16  # places for what was met in a document: a quarter of a megabyte
_ROUNDING = 1e-9
"""Slack of the comparison with a threshold, so that 0.8 of 30 characters is 24 whatever the binary fraction says."""


@njit(cache=True, nogil=True, error_model="numpy")
def _ones(word):  # type: ignore[no-untyped-def]
    """How many bits of a word are set (the compiler knows the form and uses the machine's instruction)."""
    word = word - ((word >> _ONE) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True, error_model="numpy")
def _may_reach(a0, a1, a2, a3, b0, b1, b2, b3, threshold):  # type: ignore[no-untyped-def]
    """Whether rows with these sketches may have this ratio."""
    m, n = np.int64(a3 >> np.uint64(48)), np.int64(b3 >> np.uint64(48))
    left = _ones(a0 & ~b0) + _ones(a1 & ~b1) + _ones(a2 & ~b2) + _ones(a3 & ~b3 & _LOW_48)
    right = _ones(b0 & ~a0) + _ones(b1 & ~a1) + _ones(b2 & ~a2) + _ones(b3 & ~a3 & _LOW_48)
    least = threshold * (m + n) - _ROUNDING
    return (2.0 * min(m - left, n - right) >= least) | (m == 0xFFFF) | (n == 0xFFFF)


@njit(cache=True, nogil=True, error_model="numpy")
def _may_match(sketches, row, other, threshold):  # type: ignore[no-untyped-def]
    """Whether two rows may have this ratio by their sketches; True for those that have it."""
    a, b = sketches[row], sketches[other]
    return _may_reach(a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3], threshold)


@njit(cache=True, nogil=True, error_model="numpy")
def _room():  # type: ignore[no-untyped-def]
    """A table of characters (int64), the bits of their places (uint64), and where those in it stand (int64). It is so
    large that hardly any two meet: a wrong guess of the processor costs more than the looking."""
    return np.full(_SLOTS, _EMPTY), np.zeros(_SLOTS, np.uint64), np.empty(64, np.int64)


@njit(cache=True, nogil=True, error_model="numpy")
def _find(keys, point):  # type: ignore[no-untyped-def]
    """Where a character stands, or would stand, in a table."""
    slot = ((point * 2654435761) >> 20) & (_SLOTS - 1)
    while (keys[slot] != _EMPTY) & (keys[slot] != point):
        slot = (slot + 1) & (_SLOTS - 1)
    return slot


@njit(cache=True, nogil=True, error_model="numpy")
def _striped_length(points, start, m, other, n, least, room):  # type: ignore[no-untyped-def]
    """Length of the longest common subsequence of ``m`` characters from ``start`` and ``n`` from ``other``, something
    below ``least`` as soon as it cannot reach that: 64 of the ``m`` at a time, with the carries out of them kept for
    the next."""
    keys, masks, slots = room
    carries, common = np.zeros(n if m > 64 else 1, np.uint8), 0
    for begin in range(start, start + m, 64):
        length, state = min(start + m - begin, 64), _ALL
        for place in range(length):
            slots[place] = slot = _find(keys, np.int64(points[begin + place]))
            keys[slot] = np.int64(points[begin + place])
            masks[slot] |= _ONE << np.uint64(place)
        for place in range(n):
            hit = state & masks[_find(keys, np.int64(points[other + place]))]
            total = state + hit
            if m > 64:
                carry = np.uint64(carries[place])
                carries[place] = np.uint8(total < hit) | np.uint8(total + carry < carry)
                total += carry
            state = total | (state - hit)
        for place in range(length):
            keys[slots[place]], masks[slots[place]] = _EMPTY, np.uint64(0)
        common += length - _ones(state << np.uint64(64 - length))
        if common + start + m - begin - length < least:
            return -1
    return common


@njit(cache=True, nogil=True, error_model="numpy")
def _length(points, start, end, other, other_end, least, room):  # type: ignore[no-untyped-def]
    """Length of the longest common subsequence of ``points[start:end]`` and ``points[other:other_end]``, something
    below ``least`` if it cannot reach that. What both begin and end with is part of it: mostly little is left."""
    common = 0
    while start < end and other < other_end and points[start] == points[other]:
        start, other, common = start + 1, other + 1, common + 1
    while start < end and other < other_end and points[end - 1] == points[other_end - 1]:
        end, other_end, common = end - 1, other_end - 1, common + 1
    m, n = end - start, other_end - other
    if m == 0 or n == 0 or min(m, n) + common < least:
        return common
    if m > n:
        start, m, other, n = other, n, start, m
    return common + _striped_length(points, start, m, other, n, least - common, room)


@njit(cache=True, nogil=True, error_model="numpy")
def _matching_length(points, indptr, row, other, threshold, room):  # type: ignore[no-untyped-def]
    """The LCS length of rows ``row`` and ``other``; -1 if their ratio is below the threshold."""
    start, end, other_start, other_end = indptr[row], indptr[row + 1], indptr[other], indptr[other + 1]
    least = np.int64(np.ceil((threshold * (end - start + other_end - other_start) - _ROUNDING) / 2))
    common = _length(points, start, end, other_start, other_end, least, room)
    return common if common >= least else np.int64(-1)


@njit(cache=True, nogil=True, error_model="numpy")
def common_lengths(points, indptr, left, right, common):  # type: ignore[no-untyped-def]
    """Fill ``common`` (int64) with the LCS length of each pair of rows ``left[i]``, ``right[i]``."""
    room = _room()
    for pair in range(left.shape[0]):
        one, other = left[pair], right[pair]
        common[pair] = _length(
            points, indptr[one], indptr[one + 1], indptr[other], indptr[other + 1], np.int64(0), room
        )


@njit(cache=True, nogil=True, error_model="numpy")
def _passing(row, listed, n_listed, sketches, threshold):  # type: ignore[no-untyped-def]
    """Keep those of the first ``n_listed`` of ``listed`` that may match ``row`` by their sketches; how many they are.
    Without a branch, which guessed wrong would wait for a sketch, so that several come from memory at a time."""
    a0, a1, a2, a3, n_kept = sketches[row, 0], sketches[row, 1], sketches[row, 2], sketches[row, 3], 0
    for place in range(n_listed):
        other = listed[place]
        b0, b1, b2, b3 = sketches[other, 0], sketches[other, 1], sketches[other, 2], sketches[other, 3]
        listed[n_kept] = other
        n_kept += _may_reach(a0, a1, a2, a3, b0, b1, b2, b3, threshold)
    return n_kept


@njit(cache=True, nogil=True, error_model="numpy")
def _in_order(found, n_found):  # type: ignore[no-untyped-def]
    """Sort the first ``n_found`` of ``found``; how many different ones they are, which come first."""
    gap = 1
    while 3 * gap < n_found:
        gap = 3 * gap + 1
    while gap:  # Shell's sort: numba's own takes longer to compile than all of this file
        for place in range(gap, n_found):
            value, hole = found[place], place
            while hole >= gap and found[hole - gap] > value:
                found[hole] = found[hole - gap]
                hole -= gap
            found[hole] = value
        gap //= 3
    kept = 0
    for place in range(n_found):
        if kept == 0 or found[place] != found[kept - 1]:
            found[kept] = found[place]
            kept += 1
    return kept


@njit(cache=True, nogil=True, error_model="numpy")
def represent(  # type: ignore[no-untyped-def]
    points, indptr, sketches, row_indptr, of, bucket_indptr, members, filled, threshold, first, last, floor, is_last,
    chosen, common, compared
):  # fmt: skip
    """Fill ``chosen`` (int32) of rows ``first`` to ``last`` with the lowest representative that each matches, and
    ``common`` (int32) of those that have one with the length of their LCS.

    ``members`` (int32) are the representatives so far, ascending in each bucket: bucket b has those from
    ``bucket_indptr[b]`` to ``filled[b]``; looked at are those from row ``floor`` on. A row that has one is passed over,
    one that finds none stays its own. With ``is_last`` such a row is a representative and enters its buckets; without,
    nothing but the rows' own places is written, so that ranges of rows can be shared out over threads. ``compared``
    (int32) counts comparisons, `MAX_VERIFIED` for a crowded row. A bucket holds representatives only, so that
    near-copies without number cost each of them a few comparisons.
    """
    found, room = np.empty(64, np.int64), _room()
    for row in range(first, last):
        if chosen[row] != row or row_indptr[row] == row_indptr[row + 1]:
            continue
        n_found, is_crowded = 0, False
        for bucket in of[row_indptr[row] : row_indptr[row + 1]]:
            begin, end = bucket_indptr[bucket], min(filled[bucket], bucket_indptr[bucket] + MAX_LISTED)
            is_crowded |= end < filled[bucket]
            low = end if floor else begin
            while low > begin and members[low - 1] >= floor:
                low -= 1
            begin = low
            if n_found + end - begin > found.shape[0]:
                found = _grown(found, n_found + end - begin)
            for entry in range(begin, end):
                found[n_found] = members[entry]
                n_found += 1
        n_found = _passing(row, found, n_found, sketches, threshold)
        n_found = min(_in_order(found, n_found), MAX_VERIFIED - compared[row])
        for candidate in range(n_found):
            compared[row] += 1
            length = _matching_length(points, indptr, row, found[candidate], threshold, room)
            if length >= 0:
                chosen[row], common[row] = found[candidate], length
                compared[row] = 0
                break
        if is_last and chosen[row] == row:
            if is_crowded:
                compared[row] = MAX_VERIFIED
            for place in range(row_indptr[row], row_indptr[row + 1]):
                members[filled[of[place]]] = row
                filled[of[place]] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def lowest_elsewhere(  # type: ignore[no-untyped-def]
    points, indptr, sketches, row_indptr, of, bucket_indptr, bucket_rows, only, threshold, first, first_other,
    group_of_first, row, group, found, crowded
):  # fmt: skip
    """Lower ``found[i]`` to the lowest occurrence outside ``group[i]`` of a row that matches ``row[i]``.

    ``found`` (int32) comes with the lowest that is known, -1 for none. A distinct row d occurs first at ``first[d]`` in
    group ``group_of_first[d]`` and first in any other group at ``first_other[d]`` (-1: in none). ``bucket_rows`` are
    those that may be looked at. A bucket whose rows all stand in the asker's own group (``only``) is passed over: a
    list of ten thousand like items is no work. ``crowded`` (bool) is set where a limit was met and nothing found.
    """
    gathered, room = np.empty(64, np.int64), _room()
    for query in range(row.shape[0]):
        mine = np.int64(row[query])
        compared, is_crowded, done = 0, False, 0
        for reach in (FIRST_LISTED, MAX_LISTED):
            # Rows are ascending by first occurrence: what lies beyond the best match so far cannot be lower.
            limit = first.shape[0]
            if found[query] >= 0:
                limit = np.searchsorted(first, found[query])
            n_found, beyond = 0, False
            for bucket in of[row_indptr[mine] : row_indptr[mine + 1]]:
                if only[bucket] == group[query] or only[bucket] == NOBODY:
                    continue
                begin, stop = bucket_indptr[bucket], bucket_indptr[bucket + 1]
                if stop > begin and bucket_rows[stop - 1] >= limit:
                    stop = begin + np.searchsorted(bucket_rows[begin:stop], limit)
                end = min(stop, begin + reach)
                beyond |= end < stop
                if n_found + end - begin > gathered.shape[0]:
                    gathered = _grown(gathered, n_found + end - begin)
                for entry in range(begin + done, end):
                    gathered[n_found] = bucket_rows[entry]
                    n_found += 1
            n_found = _in_order(gathered, _passing(mine, gathered, n_found, sketches, threshold))
            if n_found:
                for candidate in range(n_found):
                    other = gathered[candidate]
                    occurrence = first_other[other] if group_of_first[other] == group[query] else first[other]
                    if other == mine or occurrence < 0 or (found[query] >= 0 and occurrence >= found[query]):
                        continue
                    if compared == MAX_VERIFIED:
                        is_crowded = True
                        break
                    compared += 1
                    if _matching_length(points, indptr, mine, other, threshold, room) >= 0:
                        found[query] = occurrence
            if not beyond or is_crowded:
                break
            is_crowded = reach == MAX_LISTED
            done = reach
        crowded[query] = is_crowded and found[query] < 0


@njit(cache=True, nogil=True, error_model="numpy")
def _slot(names, size, name):  # type: ignore[no-untyped-def]
    """Where a name stands, or would stand, in the first ``size`` places of a table; -1 is free."""
    slot = np.int64((np.uint64(name) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) & (size - 1)
    while names[slot] >= 0 and names[slot] != name:
        slot = (slot + 1) & (size - 1)
    return slot


@njit(cache=True, nogil=True, error_model="numpy")
def _meet(buckets, document, met, met_again):  # type: ignore[no-untyped-def]
    """Note the ``document`` of a row in ``met``, by the low bits of its ``buckets``, and in ``met_again`` where it was
    noted before; how often that is."""
    n = 0
    for bucket in buckets:
        slot = bucket & (met.shape[0] - 1)
        if met[slot] == document:
            met_again[slot] = document
            n += 1
        met[slot] = document
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def earlier_in_document(  # type: ignore[no-untyped-def]
    points, indptr, sketches, row_indptr, of, threshold, rows, documents, first, last, found
):
    """Fill ``found`` (int32) of occurrences ``first`` to ``last``, whole documents, with the lowest earlier occurrence
    of the same document that matches, or -1.

    ``rows`` (int32) is the distinct row of every occurrence, ``documents`` (int32, ascending) its document. The
    occurrences of a document in a bucket are a chain, lowest first; the second of two equal rows is in none. Most
    buckets have one row of a document, and no chain: low bits of their numbers tell that of nearly all.
    """
    seen = np.full(indptr.shape[0] - 1, -1, np.int32)
    its = np.empty(64, np.int32)
    met, met_again = np.full(_MET, -1, np.int32), np.full(_MET, -1, np.int32)
    lists, size = np.empty((3, 16), np.int32), 0  # a table of the document's buckets: number, head and tail of each
    member, following = np.empty(1024, np.int32), np.empty(1024, np.int32)
    gathered, room = np.empty(64, np.int64), _room()
    begin, n_links = first, 0
    for occurrence in range(first, last):
        row, document = np.int64(rows[occurrence]), documents[occurrence]
        found[occurrence] = -1
        if occurrence == first or documents[occurrence - 1] != document:
            begin, n_links, size = occurrence, 0, 16
            later, n_again = occurrence, 0
            while later < last and documents[later] == document:
                if seen[rows[later]] < begin:
                    seen[rows[later]] = later
                    buckets = of[row_indptr[rows[later]] : row_indptr[rows[later] + 1]]
                    n_again += _meet(buckets, document, met, met_again)
                later += 1
            while size < 4 * n_again:
                size *= 2
            if size > lists.shape[1]:
                lists = np.empty((3, size), np.int32)
            lists[0, :size] = -1
        same = seen[row]
        if same < occurrence:
            found[occurrence] = found[same] if found[same] >= 0 else same
            continue
        n_its = 0
        for bucket in of[row_indptr[row] : row_indptr[row + 1] if n_again else row_indptr[row]]:
            if met_again[bucket & (_MET - 1)] == document:
                if n_its == its.shape[0]:
                    its = _grown(its, n_its)
                its[n_its] = bucket
                n_its += 1
        if n_its == 0:
            continue
        for reach in (FIRST_LISTED, MAX_LISTED):
            n_found, beyond = 0, False
            for bucket in its[:n_its]:
                slot, n_looked = _slot(lists[0], size, bucket), 0
                link = lists[1, slot] if lists[0, slot] >= 0 else -1
                while link >= 0 and (found[occurrence] < 0 or member[link] < found[occurrence]):
                    if n_looked == reach:
                        beyond = True
                        break
                    n_looked += 1
                    if _may_match(sketches, row, np.int64(rows[member[link]]), threshold):
                        if n_found == gathered.shape[0]:
                            gathered = _grown(gathered, gathered.shape[0])
                        gathered[n_found] = member[link]
                        n_found += 1
                    link = following[link]
            n_found = min(_in_order(gathered, np.int64(n_found)), MAX_VERIFIED)
            if n_found:
                for candidate in range(n_found):
                    other = np.int64(rows[gathered[candidate]])
                    if _matching_length(points, indptr, row, other, threshold, room) >= 0:
                        found[occurrence] = gathered[candidate]
                        break
            if not beyond:
                break
        for bucket in its[:n_its]:
            slot = _slot(lists[0], size, bucket)
            if n_links == member.shape[0]:
                member, following = _grown(member, member.shape[0]), _grown(following, following.shape[0])
            member[n_links], following[n_links] = occurrence, -1
            if lists[0, slot] >= 0:
                following[lists[2, slot]] = n_links
            else:
                lists[0, slot], lists[1, slot] = bucket, n_links
            lists[2, slot] = n_links
            n_links += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _grown(values, size):  # type: ignore[no-untyped-def]
    """A copy with room for ``size`` values and as many more."""
    grown = np.empty(2 * size, values.dtype)
    for place in range(values.shape[0]):
        grown[place] = values[place]
    return grown
