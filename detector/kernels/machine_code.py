"""Machine code of kernels, called without numba: how arguments become words, and results arrays again.

The calling convention is numba's own. A function takes a place for its result, a place for an error, and its arguments,
of which each array is as many words as it has parts: owner, parent, values, bytes of a value, address, shape, strides.
`detector.kernels.exporting` checks that a function takes just that, and wraps it in one that takes a row of words of
eight bytes, one for an array: a call is made thousands of times, and machine code is quicker at taking it apart.

Code is kept as it lies in memory, so that neither numba nor its compiler is loaded to run it: where it was put is added
to the words that name a place in it, and the addresses of the C library's functions stand where they are called.
"""

from __future__ import annotations

import ctypes
import mmap
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

SCALARS = "?bBhHiIlLqQfd"
"""Types of arrays and scalars, in numpy's letters; arguments of others are left to numba."""

SUCCESSES = (0, -2)
"""What a function returns that ended without an error: with a value, and without one."""


class Code(NamedTuple):
    """A function, and what it returns: None for nothing, a letter of `struct` for a number,
    ``["array", letter of numpy, dimensions]``, or ``["tuple", what, what...]``.

    It begins at ``entry`` of ``data``; ``inner`` are the places of words that hold places in it, ``outer`` those of
    words for the address of each function of the C library that it calls.
    """

    data: bytes
    result: Any
    entry: int = 0
    inner: Sequence[int] = ()
    outer: Mapping[str, Sequence[int]] = {}


ARRAY_WORDS = {"data": 2, "shape": 4, "stride": 5}
"""Which words of an array's object, of eight bytes, are the addresses of its values, its shape and its strides: the
part of it that numpy has promised to those who are compiled with its headers."""


@cache
def is_array_known() -> bool:
    """Whether the objects of arrays are laid out so in this interpreter."""
    values = np.zeros((3, 5), np.uint16)[:, 1:]
    words = (ctypes.c_void_p * 6).from_address(id(values))
    data, shape, strides = (words[ARRAY_WORDS[name]] for name in ("data", "shape", "stride"))
    if object.__basicsize__ != 16 or data != values.__array_interface__["data"][0] or not (shape and strides):
        return False
    found = [tuple((ctypes.c_int64 * 2).from_address(address)) for address in (shape, strides)]
    return found == [values.shape, values.strides]


_LETTERS = {id(np.dtype(letter)): letter for letter in SCALARS}
"""Letters by the objects of numpy's own types, of which there is one each."""

_C, _F, _ALIGNED, _WRITEABLE = 1, 2, 0x100, 0x400
_TOLD = _C | _F | _ALIGNED | _WRITEABLE
_LAYOUTS = {
    _ALIGNED | layout | writeable: ("C" if layout & _C else "F" if layout else "A", bool(writeable))
    for layout in (0, _C, _F, _C | _F)
    for writeable in (0, _WRITEABLE)
}
"""Order and whether it may be written to, by the flags of an array."""


def kind(value: Any) -> Any:
    """What decides the type of an argument, the same in every process; None where numba must look at it."""
    if type(value) is np.ndarray:
        letter, how = _LETTERS.get(id(value.dtype)), _LAYOUTS.get(value.flags.num & _TOLD)
        return None if letter is None or how is None else (letter, value.ndim, *how)
    if isinstance(value, np.generic):
        return value.dtype.char if value.dtype.char in SCALARS else None
    if isinstance(value, bool | float):
        return type(value).__name__
    if isinstance(value, int):
        return "int" if -(1 << 63) <= value < 1 << 63 else None
    if isinstance(value, tuple):
        parts = tuple(map(kind, value))
        return None if None in parts else (f"{type(value).__module__}.{type(value).__qualname__}", parts)
    return None


def example(kind_of: Any) -> Any:
    """A value of a kind."""
    if kind_of in _NAMED:
        return _NAMED[kind_of]
    if isinstance(kind_of, str):
        return np.dtype(kind_of).type(1)
    if len(kind_of) == 2:
        module, _, name = kind_of[0].rpartition(".")
        made = getattr(import_module(module), name)
        parts = tuple(map(example, kind_of[1]))
        return parts if made is tuple else made(*parts)
    letter, n_dimensions, layout, is_writeable = kind_of
    values = np.ones((2,) * n_dimensions, letter, order="F" if layout == "F" else "C")
    if layout == "A":
        values = np.ones((4,) * n_dimensions, letter)[(slice(None, None, 2),) * n_dimensions]
    values.flags.writeable = is_writeable
    return values


_NAMED = {"int": 1, "bool": True, "float": 1.0}


def letters(value: Any) -> str:
    """The words of an argument in `struct`'s letters."""
    if isinstance(value, tuple):
        return "".join(map(letters, value))
    if isinstance(value, np.float32):
        return "f4x"
    if isinstance(value, float):
        return "d"
    return "Q" if isinstance(value, np.ndarray | np.unsignedinteger) else "q"


def _words(values: Sequence[Any]) -> list[Any]:
    """The words of arguments; that of an array is the address of its object."""
    words: list[Any] = []
    for value in values:
        if type(value) is np.ndarray:
            words.append(id(value))
        elif isinstance(value, tuple):
            words += _words(value)
        else:
            words.append(value)
    return words


def caller(code: Code, arguments: Sequence[Any], name: str) -> Callable[[Sequence[Any]], Any]:
    """What calls a function with arguments of the kinds of these; the interpreter lock is released meanwhile."""
    if not is_array_known():
        raise TypeError("arrays are not as they were")
    enter = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_char_p)(_loaded(code))
    pack = struct.Struct("=QQ" + "".join(map(letters, arguments))).pack
    returned = struct.Struct(f"@{_result_letters(code.result)}")
    size = returned.size + 8
    place_of_result = ctypes.c_char * (size + 8)

    def call(given: Sequence[Any]) -> Any:
        place = place_of_result()
        address = ctypes.addressof(place)
        if enter(pack(address, address + size, *_words(given))) not in SUCCESSES:
            raise MemoryError(f"{name}: no memory is left for what it works with")
        return _result(code.result, iter(returned.unpack_from(place)), given)

    return call


def _loaded(code: Code) -> int:
    """The address of the entry of a function, put into memory of its own; it stays there as long as the process, for a
    thread may be in it to the end. Raises `OSError` or `AttributeError` where it cannot run."""
    size = len(code.data)
    base = _map(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    if base in (None, _FAILED):
        raise OSError("no memory for machine code")
    image = bytearray(code.data)
    for at in code.inner:
        _ADDRESS.pack_into(image, at, base + _ADDRESS.unpack_from(image, at)[0])
    for name, places in code.outer.items():
        for at in places:
            _ADDRESS.pack_into(image, at, _function(name))
    ctypes.memmove(base, bytes(image), size)
    if _library().mprotect(ctypes.c_void_p(base), ctypes.c_size_t(size), mmap.PROT_READ | mmap.PROT_EXEC):
        raise OSError("memory must not hold machine code here")
    return int(base) + code.entry


_ADDRESS = struct.Struct("<Q")
_FAILED = (1 << 64) - 1


def _map(*arguments: Any) -> Any:
    """The system's call that asks for memory."""
    call = _library().mmap
    call.restype = ctypes.c_void_p
    call.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
    return call(*arguments)


@cache
def _function(name: str) -> int:
    """The address of a function of the C library; raises `AttributeError`."""
    address = ctypes.cast(getattr(_library(), name), ctypes.c_void_p).value
    assert address
    return address


@cache
def processor() -> str:
    """What this processor is and can do, as the system tells it; raises `OSError` where it does not."""
    try:
        return Path("/sys/devices/system/cpu/modalias").read_text("ascii")
    except OSError:
        first = Path("/proc/cpuinfo").read_text("ascii").partition("\n\n")[0].splitlines()
        return repr([line for line in first if line.startswith(("vendor", "cpu family", "model", "stepping", "flags"))])


@cache
def _library() -> Any:
    """The C library, and whatever else this process has loaded for all to see."""
    return ctypes.CDLL(None)


def _result_letters(result: Any) -> str:
    """What a result looks like in memory, in `struct`'s letters."""
    if result is None or isinstance(result, str):
        return "" if result is None else str(result)
    if result[0] == "array":
        return "QQqqQ" + "q" * int(2 * result[2])
    return "".join(map(_result_letters, result[1:]))


def _result(result: Any, words: Iterator[Any], given: Sequence[Any]) -> Any:
    """A result from its words."""
    if result is None:
        return None
    if isinstance(result, str):
        return next(words)
    if result[0] == "tuple":
        return tuple(_result(part, words, given) for part in result[1:])
    owner, _, _, _, address = (next(words) for _ in range(5))
    shape, strides = (tuple(next(words) for _ in range(result[2])) for _ in range(2))
    return np.asarray(_Memory(owner, address, (np.dtype(result[1]).str, shape, strides), given))


class _Memory:
    """The memory of an array that a function returned: its own, or that of an argument, which is held then."""

    def __init__(self, owner: int, address: int, layout: tuple[str, Any, Any], given: Sequence[Any]) -> None:
        self._owner, self._given = owner, None if owner else given
        typestr, shape, strides = layout
        self.__array_interface__ = {
            "version": 3, "typestr": typestr, "shape": shape, "strides": strides, "data": (address, False)
        }  # fmt: skip

    def __del__(self) -> None:
        if self._owner:
            # Numba's memory begins with the number of its holders. No compiled function holds it any more, so that the
            # interpreter lock is enough.
            holders = ctypes.c_size_t.from_address(self._owner)
            holders.value -= 1
            if not holders.value:
                _library().free(ctypes.c_void_p(self._owner))
