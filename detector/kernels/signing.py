"""MinHash signatures in the ``affine32`` scheme of datasketch 2, bit for bit, and the keys of their bands.

Source of the scheme: MurmurHash3's 32-bit finaliser, then ``a * h + b`` in uint32, whose wraparound is the modulus;
``tests/test_signatures.py`` holds the equality. That it is min-wise enough is measured, not proven.

``hashed`` and ``kind`` (uint8) are `hashed` and `form` of `detector.text.tokens.Tokens`; in a skeleton a token of kind
`_SLOT` or more has the hash ``slot``. Tokens are hashed `_ROOM` at a time in flat loops over what was copied together,
short rows after each other: loops over single rows would leave the vector registers empty.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_SLOT = 128
_ONES = np.uint32(0xFFFFFFFF)
_PLACE = np.uint64(0x9E3779B97F4A7C15)
_WIDTH = 8
_LANES = 64
"""Permutations and bands are filled up to a multiple of this: what is left over would go one by one."""

_ROOM = 2048
"""Tokens that are hashed together: they stay in the first cache."""

_COLUMNS = 64
"""Rows whose keys are written together: a band's keys lie far from the next one's, and one by one each would wait."""


@njit(cache=True, nogil=True, error_model="numpy")
def _finalised(value):  # type: ignore[no-untyped-def]
    """MurmurHash3's 32-bit finaliser; every step is cast back, because numba's uint32 arithmetic is 64 bits wide."""
    value = np.uint32(value ^ (value >> np.uint32(16)))
    value = np.uint32(value * np.uint32(0x85EBCA6B))
    value = np.uint32(value ^ (value >> np.uint32(13)))
    value = np.uint32(value * np.uint32(0xC2B2AE35))
    return np.uint32(value ^ (value >> np.uint32(16)))


@njit(cache=True, nogil=True, error_model="numpy")
def _mix(value):  # type: ignore[no-untyped-def]
    """A bijection of 64-bit words that spreads every bit (the finaliser of MurmurHash3, public domain)."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True, error_model="numpy")
def _copy_tokens(hashed, kind, begin, end, slot, is_skeleton, copied):  # type: ignore[no-untyped-def]
    """The hashes of tokens ``begin`` to ``end``, as they are or as their skeleton, to the beginning of ``copied``."""
    name, hash_of = hashed
    its_name, its_kind = name[begin:end], kind[begin:end]
    if is_skeleton:
        for place in range(end - begin):
            value = hash_of[its_name[place]]
            # by arithmetic: choosing between two values takes twice as long
            copied[place] = value ^ (value ^ slot) & -np.uint64(its_kind[place] >= _SLOT)
    else:
        for place in range(end - begin):
            copied[place] = hash_of[its_name[place]]


@njit(cache=True, nogil=True, error_model="numpy")
def _hash_shingles(tokens, n, size, values, short):  # type: ignore[no-untyped-def]
    """Fill the first ``n`` of ``short`` (uint32) with the upper halves of the hashes of the runs of ``size`` tokens
    that begin there; ``values`` is room."""
    for place in range(n):
        values[place] = _mix(tokens[place])
    for further in range(1, size):
        following = tokens[further:]
        for place in range(n):
            values[place] = _mix(values[place] * _PLACE + following[place])
    for place in range(n):
        short[place] = np.uint32(values[place] >> np.uint64(32))


@njit(cache=True, nogil=True, error_model="numpy")
def _finalise(hashes, n, finalised):  # type: ignore[no-untyped-def]
    """The first ``n`` hashes (uint32) after the finaliser."""
    for place in range(n):
        finalised[place] = _finalised(hashes[place])


@njit(cache=True, nogil=True, error_model="numpy")
def _lower(finalised, start, stop, multipliers, offsets, lowest):  # type: ignore[no-untyped-def]
    """Lower the minima ``lowest`` (uint32) to those of the permuted hashes ``finalised[start:stop]``.

    Eight shingles meet all permutations at a time, so that the permutations fill the vector registers also where a row
    is short; the last shingle stands for those that lack.
    """
    last = stop - 1
    for place in range(start, stop, _WIDTH):
        h0 = finalised[place]
        h1 = finalised[min(place + 1, last)]
        h2 = finalised[min(place + 2, last)]
        h3 = finalised[min(place + 3, last)]
        h4 = finalised[min(place + 4, last)]
        h5 = finalised[min(place + 5, last)]
        h6 = finalised[min(place + 6, last)]
        h7 = finalised[min(place + 7, last)]
        for permutation in range(multipliers.shape[0]):
            a, b = multipliers[permutation], offsets[permutation]
            v0, v1 = np.uint32(h0 * a + b), np.uint32(h1 * a + b)
            v2, v3 = np.uint32(h2 * a + b), np.uint32(h3 * a + b)
            v4, v5 = np.uint32(h4 * a + b), np.uint32(h5 * a + b)
            v6, v7 = np.uint32(h6 * a + b), np.uint32(h7 * a + b)
            low, high = min(v0, v1, v2, v3), min(v4, v5, v6, v7)
            lowest[permutation] = min(lowest[permutation], low, high)


@njit(cache=True, nogil=True, error_model="numpy")
def short_shingles(hashed, kind, start, stop, size, slot, is_skeleton, indptr, short):  # type: ignore[no-untyped-def]
    """Fill ``short`` (uint32) with the upper halves of the hashes of all runs of ``size`` tokens of each row, tokens
    ``start[r]`` to ``stop[r]``; they are ``short[indptr[r]:indptr[r + 1]]`` (int64), in order."""
    copied, values = np.zeros(_ROOM + size, np.uint64), np.empty(_ROOM, np.uint64)
    for row in range(start.shape[0]):
        for token in range(start[row], stop[row] - size + 1, _ROOM):
            end = min(stop[row], token + _ROOM + size - 1)
            _copy_tokens(hashed, kind, token, end, slot, is_skeleton, copied)
            _hash_shingles(copied, end - token - size + 1, size, values, short[indptr[row] + token - start[row] :])


@njit(cache=True, nogil=True, error_model="numpy")
def sign_rows(hashes, indptr, multipliers, offsets, signatures):  # type: ignore[no-untyped-def]
    """Fill ``signatures`` (uint32, n_rows x n_permutations) with the minima of every row's permuted shingle hashes.

    ``hashes``: uint32; row r is ``hashes[indptr[r]:indptr[r + 1]]`` (int64). A row without shingles gets the empty
    signature, all ones: it must never look like its neighbour.
    """
    finalised = np.empty(_ROOM, np.uint32)
    for row in range(indptr.shape[0] - 1):
        lowest = signatures[row]
        for permutation in range(lowest.shape[0]):
            lowest[permutation] = _ONES
        for place in range(indptr[row], indptr[row + 1], _ROOM):
            n = min(_ROOM, indptr[row + 1] - place)
            _finalise(hashes[place:], n, finalised)
            _lower(finalised, 0, n, multipliers, offsets, lowest)


@njit(cache=True, nogil=True, error_model="numpy")
def _filled_up(n):  # type: ignore[no-untyped-def]
    """The next multiple of `_LANES`."""
    return (n + _LANES - 1) // _LANES * _LANES


@njit(cache=True, nogil=True, error_model="numpy")
def _fold(lowest, n_bands, n_rows, folded, keys, column):  # type: ignore[no-untyped-def]
    """The keys of the bands of a row, whose minima are all first ones of the bands, then all second ones, and so on.

    ``folded`` (uint64) has room for a multiple of `_LANES` bands, ``lowest`` for as many more minima.
    """
    for band in range(folded.shape[0]):
        folded[band] = np.uint64(band)
    for member in range(n_rows):
        values = lowest[member * n_bands :]
        for band in range(folded.shape[0]):
            key = (folded[band] ^ np.uint64(values[band])) * _PLACE
            folded[band] = key ^ (key >> np.uint64(32))
    for band in range(n_bands):
        keys[band, column] = np.uint32(folded[band])


@njit(cache=True, nogil=True, error_model="numpy")
def _put_columns(together, n, keys, first):  # type: ignore[no-untyped-def]
    """Copy the first ``n`` columns of ``together`` to the columns of ``keys`` from ``first`` on."""
    for band in range(keys.shape[0]):
        its_keys, its = keys[band, first : first + n], together[band]
        for column in range(n):
            its_keys[column] = its[column]


@njit(cache=True, nogil=True, error_model="numpy")
def fold_bands(signatures, n_rows, keys):  # type: ignore[no-untyped-def]
    """Fill ``keys`` (uint32, n_bands x n) with a hash of each band of ``n_rows`` values of each of n signatures.

    Equal bands have equal keys; two others have one by chance once in 2**32, and are told apart by verification.
    """
    n_bands = keys.shape[0]
    lowest, folded = np.zeros(n_bands * n_rows + _LANES, np.uint32), np.empty(_filled_up(n_bands), np.uint64)
    for row in range(signatures.shape[0]):
        for band in range(n_bands):
            for member in range(n_rows):
                lowest[member * n_bands + band] = signatures[row, band * n_rows + member]
        _fold(lowest, n_bands, n_rows, folded, keys, row)


@njit(cache=True, nogil=True, error_model="numpy")
def sign_bands(  # type: ignore[no-untyped-def]
    hashed, kind, start, stop, size, slot, is_skeleton, multipliers, offsets, n_rows, first, keys, numbers, low
):  # fmt: skip
    """Fill columns ``first`` and up of ``keys`` (uint32, n_bands x n) with the band keys of the rows of tokens
    ``start[r]`` to ``stop[r]`` (int64): `short_shingles`, `sign_rows` and `fold_bands` in one, of which nothing else is
    kept than the low bytes of the minima in ``low[numbers[r]]`` (uint8; none if it has no rows), in an order of their
    own, which is that of every row."""
    n_bands, n_permutations = keys.shape[0], multipliers.shape[0]
    room = _filled_up(n_permutations)
    a, b = np.zeros(room, np.uint32), np.zeros(room, np.uint32)
    for band in range(n_bands):
        for member in range(n_rows):
            a[member * n_bands + band] = multipliers[band * n_rows + member]
            b[member * n_bands + band] = offsets[band * n_rows + member]
    copied, values = np.zeros(_ROOM + size, np.uint64), np.empty(_ROOM, np.uint64)
    short, finalised = np.empty(_ROOM, np.uint32), np.empty(_ROOM, np.uint32)
    lowest, folded = np.empty(room + _LANES, np.uint32), np.empty(_filled_up(n_bands), np.uint64)
    together = np.empty((n_bands, _COLUMNS), np.uint32)
    row, n = np.int64(0), start.shape[0]
    while row < n:
        # as many rows as there is room for, or a part of a long one; rows that follow each other are copied as one
        last, copies = row, np.int64(0)
        while last < n and copies + stop[last] - start[last] <= _ROOM:
            begin, end = start[last], stop[last]
            last += 1
            while last < n and start[last] == end and copies + stop[last] - begin <= _ROOM:
                end = stop[last]
                last += 1
            _copy_tokens(hashed, kind, begin, end, slot, is_skeleton, copied[copies:])
            copies += end - begin
        if last > row:
            _hash_shingles(copied, copies, size, values, short)
            _finalise(short, copies, finalised)
        at = np.int64(0)
        for number in range(row, max(last, row + 1)):
            for permutation in range(lowest.shape[0]):
                lowest[permutation] = _ONES
            if last > row:
                _lower(finalised, at, at + stop[number] - start[number] - size + 1, a, b, lowest)
                at += stop[number] - start[number]
            else:
                for token in range(start[number], stop[number] - size + 1, _ROOM):
                    end = min(stop[number], token + _ROOM + size - 1)
                    _copy_tokens(hashed, kind, token, end, slot, is_skeleton, copied)
                    _hash_shingles(copied, end - token - size + 1, size, values, short)
                    _finalise(short, end - token - size + 1, finalised)
                    _lower(finalised, 0, end - token - size + 1, a, b, lowest)
            _fold(lowest, n_bands, n_rows, folded, together, number % _COLUMNS)
            if (number + 1) % _COLUMNS == 0 or number + 1 == n:
                _put_columns(together, number % _COLUMNS + 1, keys, first + number - number % _COLUMNS)
            if low.shape[0]:
                low_bytes = low[numbers[number]]
                for permutation in range(n_permutations):
                    low_bytes[permutation] = np.uint8(lowest[permutation])
        row = max(last, row + 1)
