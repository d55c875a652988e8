"""Tokens of documents in one pass over their characters, and the passages and clauses that hold them.

``tests/oracles.py`` has the obvious version of the tokens, ``tests/test_passages.py`` that of the passages.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_SINGLE, _LETTER, _DIGIT, _EXTENDER = 1, 2, 3, 4
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT, _HALF = np.uint64(33), np.uint64(32)
_CLASS, _FOLDED = np.uint32(24), np.uint32(0xFFFFFF)
_SEPARATOR = np.uint32(0xFF000000)
"""From here on is what is left of a separator when `_SINGLE` is taken from its class."""

_MARK = 4
"""The class that a mark has here: no character that begins a token has it."""

_KIND, _LENGTH = 6, 63
"""A form is a class, less 1, shifted by so much, and a length of so many bits."""

_SLOT, _MARKED = 128, 192
"""Forms from these on are those of slots and of marks."""

_LONG = np.int64(63)
"""The length that is told of a token of at least as many characters: its end is in a list of its own."""

_ALONE = np.uint32(1 << 16)
"""Names below are those of characters, the others those of words."""


@njit(cache=True, nogil=True, error_model="numpy")
def _mix(value):  # type: ignore[no-untyped-def]
    """The finaliser of MurmurHash3, as `detector.text.tokens.mix64` has it for arrays."""
    value ^= value >> _SHIFT
    value *= _FIRST
    value ^= value >> _SHIFT
    value *= _SECOND
    return value ^ (value >> _SHIFT)


@njit(cache=True, nogil=True, error_model="numpy")
def count_tokens(  # type: ignore[no-untyped-def]
    points, text_start, text_stop, first, last, mark_indptr, mark_start, mark_end, table, indptr
):
    """Write the number of tokens of documents ``first`` to ``last`` (half-open) to ``indptr[d + 1]`` (int64).

    The other arguments are those of `fill_tokens`. A token is counted where it begins; ``going`` is the class of the
    one that goes on.
    """
    for document in range(first, last):
        base, stop = text_start[document], text_stop[document]
        mark, marks = mark_indptr[document], mark_indptr[document + 1]
        n = np.int64(marks - mark)
        at = base
        while True:
            limit = base + mark_start[mark] if mark < marks else stop
            going = np.uint32(0)
            while at < limit:
                name = table[points[at]] >> _CLASS
                at += 1
                if name == _SINGLE:
                    n += 1
                    going = np.uint32(0)
                elif name in (_LETTER, _DIGIT):
                    n += going != name
                    going = name
                elif name != _EXTENDER:
                    if going == _DIGIT and at < limit:
                        point = points[at - 1]
                        if (point == 0x2E or point == 0x2C or point == 0xFF0E) and (
                            table[points[at - 2]] >> _CLASS == _DIGIT and table[points[at]] >> _CLASS == _DIGIT
                        ):
                            continue
                    going = np.uint32(0)
            if mark == marks:
                break
            at = base + mark_end[mark]
            mark += 1
        indptr[document + 1] = n


@njit(cache=True, nogil=True, error_model="numpy")
def _twice_as_many(slots, words, n_words):  # type: ignore[no-untyped-def]
    """A table of twice the size of the first ``n_words`` words."""
    grown = np.full(2 * slots.shape[0], -1, np.int32)
    mask = np.uint64(grown.shape[0] - 1)
    for number in range(n_words):
        slot = words[number] & mask
        while grown[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        grown[slot] = number
    return grown


@njit(cache=True, nogil=True, error_model="numpy")
def _with_room(words):  # type: ignore[no-untyped-def]
    """The words in an array of twice the size."""
    grown = np.empty(2 * words.shape[0], np.uint64)
    for number in range(words.shape[0]):
        grown[number] = words[number]
    return grown


@njit(cache=True, nogil=True, error_model="numpy")
def fill_tokens(  # type: ignore[no-untyped-def]
    points, text_start, text_stop, first, last, mark_indptr, mark_start, mark_end, table,
    indptr, start, form, name, long_row, long_end,
):  # fmt: skip
    """Fill the columns of the tokens of documents ``first`` to ``last`` (half-open).

    Document d is ``points[text_start[d]:text_stop[d]]`` (uint32; int64). Its marks are rows ``mark_indptr[d]`` to
    ``mark_indptr[d + 1]`` of ``mark_start``, ``mark_end`` (int32, offsets in the document; sorted, no overlaps). By
    code point ``table`` (uint32) has the class, shifted, and the folded code point. ``indptr`` (int64) tells the rows
    of ``start`` (int32), ``form`` (uint8) and ``name`` (uint32): the folded code point of a token of one character,
    `_ALONE` and the number of its word of any other. Words are numbered as they come; they are told apart by a hash of
    their folded characters and the places of those. The rows and ends of tokens that are too long for that length
    (`_LONG`) go to ``long_row`` (int64) and ``long_end`` (int32), with room for one every 63 characters.
    Returns how many of these there are, and the hashes of the words (uint64). It is one loop because a call that hands
    on arrays takes ten times as long as a token.
    """
    n_long = n_words = 0
    words, slots = np.empty(512, np.uint64), np.full(1024, -1, np.int32)
    mask = np.uint64(1023)
    single = np.uint32(_SINGLE) << _CLASS
    for document in range(first, last):
        base, stop = text_start[document], text_stop[document]
        mark, marks = mark_indptr[document], mark_indptr[document + 1]
        row, rows = indptr[document], indptr[document + 1]
        at = base
        while True:
            limit = base + mark_start[mark] if mark < marks else stop  # where the next mark or the end of the text is
            goes_on = 0
            while at < limit and row < rows:  # a separator is written where the next token will be: no branch for it
                value = np.uint32(table[points[at]] - single)
                if _ALONE <= value < _SEPARATOR:
                    break
                start[row], form[row], name[row] = at - base, 1, value
                goes_on = 1 if value < _ALONE else 0
                row += goes_on
                at += 1
            if at < limit:
                kind = table[points[at]] >> _CLASS
                if kind == _EXTENDER and goes_on:  # the last token goes on
                    kind = np.uint32(_SINGLE)
                    at -= 1
                    row -= 1
                until = at + 1
                if kind == _SINGLE:
                    while until < limit and table[points[until]] >> _CLASS == _EXTENDER:
                        until += 1
                elif kind == _LETTER:
                    while until < limit:
                        following = table[points[until]] >> _CLASS
                        if following != _LETTER and following != _EXTENDER:
                            break
                        until += 1
                elif kind == _DIGIT:
                    before = kind
                    while until < limit:
                        following = table[points[until]] >> _CLASS
                        if following != _DIGIT and following != _EXTENDER:
                            point = points[until]
                            is_point = point == 0x2E or point == 0x2C or point == 0xFF0E  # . and , and full-width stop
                            if not is_point or before != _DIGIT or until + 1 >= limit:
                                break
                            if table[points[until + 1]] >> _CLASS != _DIGIT:
                                break
                        before = following
                        until += 1
                else:
                    at = until
                    continue
            elif mark < marks:
                until, kind = base + mark_end[mark], np.uint32(_MARK)
                mark += 1
            else:
                break
            length = until - at
            start[row] = at - base
            form[row] = (np.int64(kind) - 1) << _KIND | min(length, _LONG)
            folded = table[points[at]] & _FOLDED if length else _ALONE
            if length == 1 and folded < _ALONE:
                name[row] = folded
            else:
                total = np.uint64(0)
                for place in range(at, until):
                    placed = np.uint64(table[points[place]] & _FOLDED) | (np.uint64(place - at) << _HALF)
                    total += _mix(placed * _MULTIPLIER)
                total = _mix(total)
                slot = total & mask
                while slots[slot] >= 0 and words[slots[slot]] != total:
                    slot = (slot + np.uint64(1)) & mask
                if slots[slot] >= 0:
                    name[row] = _ALONE + np.uint32(slots[slot])
                else:
                    name[row] = _ALONE + np.uint32(n_words)
                    slots[slot], words[n_words] = n_words, total
                    n_words += 1
                    if n_words == words.shape[0]:
                        words, slots = _with_room(words), _twice_as_many(slots, words, n_words)
                        mask = np.uint64(slots.shape[0] - 1)
                if length >= _LONG:
                    long_row[n_long], long_end[n_long] = row, until - base
                    n_long += 1
            row += 1
            at = until
    return n_long, words[:n_words].copy()


@njit(cache=True, nogil=True, error_model="numpy")
def rename_words(name, number, renamed):  # type: ignore[no-untyped-def]
    """Write to ``renamed`` (uint32; it may be the same memory) each ``name`` (uint32), of word w the name
    ``number[w]`` (uint32)."""
    for row in range(name.shape[0]):
        value = name[row]
        if value >= _ALONE:
            value = number[value - _ALONE]
        renamed[row] = value


@njit(cache=True, nogil=True, error_model="numpy")
def hash_alone(table, alone):  # type: ignore[no-untyped-def]
    """Fill ``alone`` (uint64) with the hash of a token of one character, for the first code points of ``table``."""
    for point in range(alone.shape[0]):
        alone[point] = _mix(_mix(np.uint64(table[point] & _FOLDED) * _MULTIPLIER))


@njit(cache=True, nogil=True, error_model="numpy")
def count_packed(where, first, stop, packed_indptr):  # type: ignore[no-untyped-def]
    """Write the number of characters that `pack_points` writes for range r to ``packed_indptr[r + 1]`` (int64)."""
    start, form, long_row, long_end = where
    for number in range(first.shape[0]):
        n, is_long = np.int64(0), False
        for kind in form[first[number] : stop[number]]:
            n += 1 if kind >= _SLOT else kind & _LENGTH
            is_long |= kind < _SLOT and kind & _LENGTH == _LONG
        if is_long:
            for at in range(np.searchsorted(long_row, first[number]), np.searchsorted(long_row, stop[number])):
                row = long_row[at]
                n += (np.int64(long_end[at]) - start[row] - _LONG) * (form[row] < _SLOT)
        packed_indptr[number + 1] = n


@njit(cache=True, nogil=True, error_model="numpy")
def pack_points(  # type: ignore[no-untyped-def]
    points, text_start, folded, indptr, where, name, first, stop, slot_point, packed_indptr, packed
):
    """Write the skeleton characters of the token rows ``first[r]`` to ``stop[r]`` (int64) to ``packed`` (uint32), from
    ``packed[packed_indptr[r]]`` (int64) on.

    They are the folded characters of a token, or one ``slot_point`` for a number or a mark. ``where`` is that of
    `detector.text.tokens.Tokens`, the others are those of `fill_tokens`. Most tokens are the character that their name
    is; for the others it is looked up where their document stands.
    """
    start, form, long_row, long_end = where
    for number in range(first.shape[0]):
        at, document = packed_indptr[number], np.int64(-1)
        for token in range(first[number], stop[number]):
            if form[token] >= _SLOT:
                packed[at] = slot_point
                at += 1
            elif name[token] < _ALONE:
                packed[at] = name[token]
                at += 1
            else:
                if document < 0:
                    document = np.searchsorted(indptr, token, side="right") - 1
                while token >= indptr[document + 1]:
                    document += 1
                begin, size = text_start[document] + start[token], np.int64(form[token] & _LENGTH)
                if size == _LONG:
                    size = long_end[np.searchsorted(long_row, token)] - np.int64(start[token])
                for place in range(size):
                    packed[at + place] = folded[points[begin + place]]
                at += size


@njit(cache=True, nogil=True, error_model="numpy")
def _shown_start(points, base, edge, token, blank):  # type: ignore[no-untyped-def]
    """The first character from ``edge`` on that is no blank, at most the one at ``token``."""
    while edge < token and blank[points[base + edge]]:
        edge += 1
    return min(edge, token)


@njit(cache=True, nogil=True, error_model="numpy")
def _shown_end(points, base, edge, token_end, blank):  # type: ignore[no-untyped-def]
    """The end of the last character before ``edge`` that is no blank, at least ``token_end``."""
    while edge > token_end and blank[points[base + edge - 1]]:
        edge -= 1
    return max(edge, token_end)


@njit(cache=True, nogil=True, error_model="numpy")
def split_documents(  # type: ignore[no-untyped-def]
    points, text_start, text_stop, first, last, blank, longest, cuts, cut_indptr, counted, counted_indptr,
    indptr, where, passages, passage_tokens, clauses, begins,
):  # fmt: skip
    """Share out the tokens of documents ``first`` to ``last`` (half-open) over passages and clauses.

    ``cuts`` and ``counted`` with their ``indptr`` are those of `detector.kernels.cutting.cut_documents`, ``blank``
    (bool) is indexed by code point, ``indptr`` and ``where`` are those of `pack_points`. A passage has at
    most ``longest`` tokens. Fills start, end and document (int32) of each column of ``passages`` and ``clauses``
    (3 x rows), ``passage_tokens`` (int64), the row of each passage's first token, and sets the bits in ``begins``
    (uint8, eight tokens each from the last multiple of 8 rows before) of the tokens that begin a clause. Returns the
    numbers of passages and clauses. A cut inside a mark cuts nothing, nor does the end of a clause inside any token.
    """
    start, form, long_row, long_end = where
    n_passages = n_clauses = 0
    eight = indptr[first] >> 3
    for document in range(first, last):
        row, rows = indptr[document], indptr[document + 1]
        if row == rows:
            continue
        base, length = text_start[document], text_stop[document] - text_start[document]
        at, stop = cut_indptr[document - first], cut_indptr[document - first + 1]
        other, others = counted_indptr[document - first], counted_indptr[document - first + 1]
        cut = np.int64(
            0
        )  # the next cut, of which `at` and `other` were taken already; the document itself begins with one
        is_passage, is_last = 1, False
        token_end, in_mark, size = np.int64(-1), 0, 0
        token = row
        while token <= rows:
            here = np.int64(start[token]) if token < rows else length
            passage_first = passage_last = clause_first = clause_last = np.int64(-1)
            while cut <= here and not is_last:
                kept = not (in_mark and cut < token_end) if is_passage else cut > token_end
                if kept:
                    clause_first = cut if clause_first < 0 else clause_first
                    clause_last = cut
                    if is_passage:
                        passage_first = cut if passage_first < 0 else passage_first
                        passage_last = cut
                value = np.int64(cuts[at]) if at < stop else length + 1
                place = ~value if value < 0 else value
                if other < others and counted[other] <= place:
                    cut, is_passage = np.int64(counted[other]), 1
                    other += 1
                elif at < stop:
                    cut, is_passage = place, 1 if value >= 0 else 0
                    at += 1
                else:
                    is_last = True
            if token == rows:
                clause_first = length if clause_first < 0 else clause_first
                passage_first = length if passage_first < 0 else passage_first
            elif size == longest and passage_first < 0:
                passage_first = passage_last = here
                clause_first = here if clause_first < 0 else clause_first
                clause_last = here
            if clause_first >= 0:
                if token > row:
                    clauses[1, n_clauses - 1] = _shown_end(points, base, clause_first, token_end, blank)
                if token < rows:
                    clauses[0, n_clauses] = _shown_start(points, base, clause_last, here, blank)
                    clauses[2, n_clauses] = document
                    begins[(token >> 3) - eight] |= np.uint8(1 << (token & 7))
                    n_clauses += 1
            if passage_first >= 0:
                if token > row:
                    passages[1, n_passages - 1] = _shown_end(points, base, passage_first, token_end, blank)
                if token < rows:
                    passages[0, n_passages] = _shown_start(points, base, passage_last, here, blank)
                    passages[2, n_passages] = document
                    passage_tokens[n_passages] = token
                    n_passages += 1
                    size = 0
            if token == rows:
                break
            # no other passage or clause begins with the tokens up to the next cut
            many = min(rows, token + longest - size)
            size -= token
            token += 1
            if is_last:
                token = max(token, many)
            while token < many and start[token] < cut:
                token += 1
            size += token
            its_length, in_mark = np.int64(form[token - 1] & _LENGTH), 1 if form[token - 1] >= _MARKED else 0
            token_end = start[token - 1] + its_length
            if its_length == _LONG:
                token_end = np.int64(long_end[np.searchsorted(long_row, token - 1)])
    return n_passages, n_clauses
