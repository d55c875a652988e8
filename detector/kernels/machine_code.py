"""Machine code of kernels, called without numba: how arguments become words, and results arrays again.

The calling convention is numba's own. A function takes a place for its result, a place for an error, and its arguments,
of which each array is as many words as it has parts: owner, parent, values, bytes of a value, address, shape, strides.
`detector.kernels.exporting` checks that a function takes just that, and wraps it in one that takes a row of words of
eight bytes (`ENTRY`).
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import llvmlite
import numpy as np
from llvmlite import binding

RELEASE = llvmlite.__version__
ENTRY = "detector_entry"

SCALARS = "?bBhHiIlLqQfd"
"""Types of arrays and scalars, in numpy's letters; arguments of others are left to numba."""

SUCCESSES = (0, -2)
"""What a function returns that ended without an error: with a value, and without one."""


class Code(NamedTuple):
    """The object file of a function, and what it returns: None for nothing, a letter of `struct` for a number,
    ``["array", letter of numpy, dimensions]``, or ``["tuple", what, what...]``."""

    data: bytes
    result: Any


def kind(value: Any) -> Any:
    """What decides the type of an argument, the same in every process; None where numba must look at it."""
    if isinstance(value, np.ndarray):
        flags, letter = value.flags, value.dtype.char
        if value.dtype.isbuiltin != 1 or letter not in SCALARS or not flags.aligned or type(value) is not np.ndarray:
            return None
        order = "C" if flags.c_contiguous else "F" if flags.f_contiguous else "A"
        return letter, value.ndim, order, flags.writeable
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


def letters(value: Any) -> str:
    """The words of an argument in `struct`'s letters."""
    if isinstance(value, np.ndarray):
        return "QQqqQ" + "q" * (2 * value.ndim)
    if isinstance(value, tuple):
        return "".join(map(letters, value))
    if isinstance(value, np.float32):
        return "f4x"
    if isinstance(value, float):
        return "d"
    return "Q" if isinstance(value, np.unsignedinteger) else "q"


def _words(value: Any) -> Iterator[Any]:
    """The words of an argument."""
    if isinstance(value, np.ndarray):
        address = value.__array_interface__["data"][0]
        yield from (0, 0, value.size, value.itemsize, address, *value.shape, *value.strides)
    elif isinstance(value, tuple):
        for part in value:
            yield from _words(part)
    else:
        yield value


def missing_names(data: bytes) -> set[str]:
    """What an object file needs that it does not hold (the format is ELF's, of 64 bits)."""
    sections = {section.name(): section.data() for section in binding.ObjectFileRef.from_data(data).sections()}
    names = sections[b".strtab"]
    undefined = [
        name
        for name, _, _, section, _, _ in struct.iter_unpack("<IBBHQQ", sections[b".symtab"])
        if name and not section
    ]
    return {names[at : names.index(b"\0", at)].decode() for at in undefined}


def can_run(code: Code) -> bool:
    """Whether all that the code calls is there: one that lacks a function would end the process."""
    return all(hasattr(_library(), name) for name in missing_names(code.data))


def caller(code: Code, arguments: Sequence[Any], name: str) -> Callable[[Sequence[Any]], Any]:
    """What calls a function with arguments of the kinds of these; the interpreter lock is released meanwhile."""
    enter = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_char_p)(_loaded(code.data))
    packed = struct.Struct("=QQ" + "".join(map(letters, arguments)))
    returned = struct.Struct(f"@{_result_letters(code.result)}")
    size = returned.size + 8

    def call(given: Sequence[Any]) -> Any:
        place = ctypes.create_string_buffer(size + 8)
        address = ctypes.addressof(place)
        words = [word for value in given for word in _words(value)]
        if enter(packed.pack(address, address + size, *words)) not in SUCCESSES:
            raise MemoryError(f"{name}: no memory is left for what it works with")
        return _result(code.result, iter(returned.unpack_from(place)), given)

    return call


def _loaded(data: bytes) -> int:
    """The address of the entry of an object file. It is loaded into the engine that has the others, which takes a tenth
    of the time that a new one takes; all of them stay as long as the process, and the code with them."""
    if not _ENGINES:
        _ENGINES.append(_engine())
    address = _added(_ENGINES[0], data)
    if not address or address in _ADDRESSES:  # of two entries of one name the engine is expected to tell the latest
        _ENGINES.append(_engine())
        address = _added(_ENGINES[-1], data)
    _ADDRESSES.add(address)
    return address


def _engine() -> Any:
    return binding.create_mcjit_compiler(binding.parse_assembly(""), machine())


def _added(engine: Any, data: bytes) -> int:
    engine.add_object_file(binding.ObjectFileRef.from_data(data))
    engine.finalize_object()
    return int(engine.get_function_address(ENTRY))


_ENGINES: list[Any] = []
_ADDRESSES: set[int] = set()


@cache
def processor() -> tuple[str, str]:
    """The name of this processor and what it can do, as the compiler calls it."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return str(binding.get_host_cpu_name()), binding.get_host_cpu_features().flatten()


def machine() -> Any:
    """The compiler's description of this processor, with the options that numba chooses for code in memory."""
    name, features = processor()
    target = binding.Target.from_triple(binding.get_process_triple())
    return target.create_target_machine(
        cpu=name, features=features, opt=3, reloc="static", codemodel="jitdefault", jit=True
    )


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
