"""Whether patterns match at places and on lines: a small backtracking machine runs `detector.rules.programs`.

It tells whether there is a match and, for most programs, which; it goes as `re` does but for repeats that prefer few.
``tests/test_programs.py`` holds every answer against `re`. What takes more than `_MOST_STEPS` or more memory than its
stack is left undecided.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_MATCH, _FAIL, _STRING, _SET, _PEEK, _MANY, _KEEP, _CHOICE, _JUMP = 0, 1, 2, 3, 4, 5, 6, 7, 8
_ENTER, _LOOP, _LOOK, _FOUND, _AT_START, _AT_END, _AT_LAST, _AT_EDGE, _UNSURE = 9, 10, 11, 12, 13, 14, 15, 16, 17
_ATOMIC, _CUT, _SAVE, _GLANCE = 18, 19, 20, 21
_RESUME, _SHORTER, _RESTORE, _LOOKING = 0, 1, 2, 3
_NO, _YES, _UNKNOWN = 0, 1, 2
_MOST_STEPS = 50_000
_ROOM = 4_000
_END = 256
_REGISTERS = 257
_WHOLE, _UNTOLD = -1, -2


@njit(cache=True, nogil=True, error_model="numpy")
def _is_in(pool, begin, n, point):  # type: ignore[no-untyped-def]
    """Whether a code point is in a set at ``pool[begin]``: 256 bits by its lowest eight say whether any such character
    is, 256 more whether all are, which is enough for most; then ``n`` sorted ranges, each its first and last."""
    word, bit = begin + (point >> 5 & 7), point & 31
    if not pool[word] >> bit & 1:
        return False
    if pool[word + 8] >> bit & 1:
        return True
    begin += 16
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if pool[begin + 2 * middle] <= point:
            low = middle + 1
        else:
            high = middle
    return low > 0 and point <= pool[begin + 2 * low - 1]


@njit(cache=True, nogil=True, error_model="numpy")
def _glances(plain, low, high, at, code, row, pool, pool_base):  # type: ignore[no-untyped-def]
    """Whether the characters beside ``at`` are as an instruction of that kind wants them."""
    n = code[row + 1]
    at += code[row + 2]
    is_so = low <= at and at + n <= high
    row += 4
    while is_so and n:
        is_so = _is_in(pool, pool_base + code[row], code[row + 1], np.int64(plain[at]))
        at += 1
        row += 2
        n -= 1
    return is_so


@njit(cache=True, nogil=True, error_model="numpy")
def _may_begin(plain, low, high, at, code, row, pool, pool_base):  # type: ignore[no-untyped-def]
    """False where the first characters rule a match out, which is cheaper to see than to begin to run."""
    while True:
        op = code[row]
        if op in (_PEEK, _SET):
            if at >= high or not _is_in(pool, pool_base + code[row + 1], code[row + 2], np.int64(plain[at])):
                return False
            at += op == _SET
            row += 3
        elif op == _GLANCE:
            if _glances(plain, low, high, at, code, row, pool, pool_base) == (code[row + 3] != 0):
                return False
            row += 4 + 2 * code[row + 1]
        elif op == _STRING:
            begin, n = pool_base + code[row + 1], code[row + 2]
            if at + n > high:
                return False
            for more in range(n):
                if plain[at + more] != pool[begin + more]:
                    return False
            at += n
            row += 3
        elif op == _SAVE:
            row += 2
        else:
            return True


@njit(cache=True, nogil=True, error_model="numpy")
def _run(plain, low, high, at, whole, code, base, pool, pool_base, registers, kind, then, place, least):  # type: ignore[no-untyped-def]
    """Whether a program matches the text ``plain[low:high]`` at ``at`` (``whole``: up to its end): no, yes, unknown.

    ``kind``, ``then``, ``place``, ``least`` (int32, int32, int64, int64) are the stack, ``registers`` int64; their
    values mean nothing before and after but for register `_END`, the end of the match, and those that hold its mark.
    """
    top, pc, steps = 0, np.int64(0), 0
    while True:
        steps += 1
        if steps > _MOST_STEPS or top + 4 > len(kind):
            return _UNKNOWN
        row = base + pc
        op = code[row]
        goes_on = False
        if op == _STRING:
            begin, n = pool_base + code[row + 1], code[row + 2]
            if at + n <= high:
                same = 0
                while same < n and plain[at + same] == pool[begin + same]:
                    same += 1
                if same == n:
                    at += n
                    pc += 3
                    goes_on = True
        elif op in (_SET, _PEEK):
            if at < high and _is_in(pool, pool_base + code[row + 1], code[row + 2], np.int64(plain[at])):
                at += op == _SET
                pc += 3
                goes_on = True
        elif op == _GLANCE:
            goes_on = _glances(plain, low, high, at, code, row, pool, pool_base) != (code[row + 3] != 0)
            pc += 4 + 2 * code[row + 1]
        elif op == _CHOICE:
            while op == _CHOICE:
                n = code[row + 2]
                if n < 0 or (at < high and _is_in(pool, pool_base + code[row + 1], n, np.int64(plain[at]))):
                    kind[top], then[top], place[top] = _RESUME, code[row + 3], at
                    top += 1
                    pc += 4
                    break
                pc = np.int64(code[row + 3])
                row = base + pc
                op = code[row]
            goes_on = True
        elif op in (_MANY, _KEEP):
            begin, n, most = pool_base + code[row + 1], code[row + 2], code[row + 4]
            first = at
            last = high if most < 0 else min(high, at + most)
            while at < last and _is_in(pool, begin, n, np.int64(plain[at])):
                at += 1
            steps += at - first
            first += code[row + 3]
            if at >= first:
                pc += 7
                goes_on = True
                if op == _MANY:
                    begin, n = pool_base + code[row + 5], code[row + 6]
                    if n >= 0:
                        while at >= first and not (at < high and _is_in(pool, begin, n, np.int64(plain[at]))):
                            at -= 1
                    goes_on = at >= first
                    if at > first:
                        kind[top], then[top], place[top], least[top] = _SHORTER, pc, at, first
                        top += 1
        elif op == _JUMP:
            pc = np.int64(code[row + 1])
            goes_on = True
        elif op == _ENTER:
            for register in range(code[row + 1], code[row + 1] + 2):
                kind[top], then[top], place[top] = _RESTORE, register, registers[register]
                top += 1
                registers[register] = 0 if register == code[row + 1] else -1
            pc += 2
            goes_on = True
        elif op == _LOOP:
            register = code[row + 1]
            count, n = registers[register], code[row + 6]
            fits = n < 0 or (at < high and _is_in(pool, pool_base + code[row + 5], n, np.int64(plain[at])))
            may_end = count >= code[row + 2]
            if not may_end or (fits and (code[row + 3] < 0 or count < code[row + 3]) and registers[register + 1] != at):
                goes_on = fits
                if fits:
                    if may_end:
                        kind[top], then[top], place[top] = _RESUME, code[row + 4], at
                        top += 1
                    for number in range(register, register + 2):
                        kind[top], then[top], place[top] = _RESTORE, number, registers[number]
                        top += 1
                    registers[register], registers[register + 1] = count + 1, at
                    pc += 7
            else:
                pc = np.int64(code[row + 4])
                goes_on = True
        elif op == _LOOK:
            is_not, back = code[row + 2], code[row + 4]
            if at - back < low:
                if is_not:
                    pc = np.int64(code[row + 3])
                    goes_on = True
            else:
                registers[code[row + 1]] = top
                kind[top], then[top], place[top] = _LOOKING, code[row + 3] if is_not else -1, at
                top += 1
                at -= back
                pc += 5
                goes_on = True
        elif op == _FOUND:
            top = registers[code[row + 1]]
            at = place[top]
            if then[top] < 0:
                pc += 2
                goes_on = True
        elif op == _MATCH:
            if not whole or at == high:
                registers[_END] = at
                return _YES
        elif op == _SAVE:
            register = code[row + 1]
            kind[top], then[top], place[top] = _RESTORE, register, registers[register]
            top += 1
            registers[register] = at
            pc += 2
            goes_on = True
        elif op == _ATOMIC:
            registers[code[row + 1]] = top
            pc += 2
            goes_on = True
        elif op == _CUT:
            top = registers[code[row + 1]]
            pc += 2
            goes_on = True
        elif op != _FAIL:
            if op == _AT_START:
                goes_on = at == low
            elif op == _AT_LAST:
                goes_on = at == high
            elif op == _AT_END:
                goes_on = at == high or (at + 1 == high and plain[at] == 0x0A)
            elif op == _AT_EDGE:
                begin, n = pool_base + code[row + 1], code[row + 2]
                before = at > low and _is_in(pool, begin, n, np.int64(plain[at - 1]))
                after = at < high and _is_in(pool, begin, n, np.int64(plain[at]))
                goes_on = before != after
                pc += 2
            elif op == _UNSURE:
                return _UNKNOWN
            pc += 1
        while not goes_on:
            if top == 0:
                return _NO
            top -= 1
            if kind[top] == _RESTORE:
                registers[then[top]] = place[top]
            elif kind[top] == _SHORTER:
                pc, at, first = np.int64(then[top]), place[top] - 1, least[top]
                row = base + pc - 7
                begin, n = pool_base + code[row + 5], code[row + 6]
                if n >= 0:
                    steps += at
                    while at >= first and not _is_in(pool, begin, n, np.int64(plain[at])):
                        at -= 1
                    steps -= at
                if at > first:
                    place[top] = at
                    top += 1
                goes_on = at >= first
            elif kind[top] == _RESUME or then[top] >= 0:
                pc, at = np.int64(then[top]), place[top]
                goes_on = True


@njit(cache=True, nogil=True, error_model="numpy")
def try_places(  # type: ignore[no-untyped-def]
    plain, bounds, place, trigger, indptr, program, code, pool, first, pool_first, mark, found, entry, start, end
):  # fmt: skip
    """Which of the programs that are tried at the triggers at ``place`` (ascending) may match there; returns how many.

    Text d is ``plain[bounds[d]:bounds[d + 1]]``. The programs of trigger t are ``program[indptr[t]:indptr[t + 1]]``;
    ``found`` (int64) becomes the row of the place, ``entry`` (int32) the row of the program, ``start`` and ``end``
    (int64) the span that was matched; -1 where the group ``mark`` had no part in it, -2 where `re` must be asked. What
    does not fit into them is only counted.
    """
    registers = np.zeros(_REGISTERS, np.int64)
    kind, then = np.empty(_ROOM, np.int32), np.empty(_ROOM, np.int32)
    at, least = np.empty(_ROOM, np.int64), np.empty(_ROOM, np.int64)
    n = text = 0
    for row in range(len(place)):
        while bounds[text + 1] <= place[row]:
            text += 1
        for number in range(indptr[trigger[row]], indptr[trigger[row] + 1]):
            one = program[number]
            low, high = bounds[text], bounds[text + 1]
            if not _may_begin(plain, low, high, place[row], code, first[one], pool, pool_first[one]):
                continue
            own = mark[one]
            if own >= 0:
                registers[own] = registers[own + 1] = -1
            answer = _run(
                plain, low, high, place[row], False, code, first[one], pool, pool_first[one], registers, kind, then,
                at, least,
            )  # fmt: skip
            if answer:
                if n < len(found):
                    found[n], entry[n] = row, number
                    if answer == _UNKNOWN or own == _UNTOLD:
                        start[n] = end[n] = _UNTOLD
                    elif own == _WHOLE:
                        start[n], end[n] = place[row], registers[_END]
                    else:
                        start[n], end[n] = registers[own], registers[own + 1]
                n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def try_lines(plain, start, end, line, program, code, pool, first, pool_first, out):  # type: ignore[no-untyped-def]
    """Whether each program matches all of its line ``plain[start[l]:end[l]]``; ``out`` (uint8): no, yes, unknown."""
    registers = np.zeros(_REGISTERS, np.int64)
    kind, then = np.empty(_ROOM, np.int32), np.empty(_ROOM, np.int32)
    at, least = np.empty(_ROOM, np.int64), np.empty(_ROOM, np.int64)
    for row in range(len(line)):
        low, high, one = start[line[row]], end[line[row]], program[row]
        out[row] = _NO
        if _may_begin(plain, low, high, low, code, first[one], pool, pool_first[one]):
            out[row] = _run(
                plain, low, high, low, True, code, first[one], pool, pool_first[one], registers, kind, then, at, least
            )


@njit(cache=True, nogil=True, error_model="numpy")
def try_groups(  # type: ignore[no-untyped-def]
    plain, start, end, wanted, program, max_chars, bit, code, pool, first, pool_first, out
):  # fmt: skip
    """The bits (uint8, a row per line) of the programs that may match all of a ``wanted`` line (bool), or 0.

    Program p is tried on lines of at most ``max_chars[p]`` whose bit is not yet set.
    """
    registers = np.zeros(_REGISTERS, np.int64)
    kind, then = np.empty(_ROOM, np.int32), np.empty(_ROOM, np.int32)
    at, least = np.empty(_ROOM, np.int64), np.empty(_ROOM, np.int64)
    for line in range(len(start)):
        low, high = start[line], end[line]
        found = 0
        for number in range(len(program) if wanted[line] else 0):
            one = program[number]
            if high - low > max_chars[number] or found & bit[number] or low >= high:
                continue
            if _may_begin(plain, low, high, low, code, first[one], pool, pool_first[one]) and _run(
                plain, low, high, low, True, code, first[one], pool, pool_first[one], registers, kind, then, at, least
            ):  # fmt: skip
                found |= bit[number]
        out[line] = found
