"""`njit` for kernels: numba's, with machine code in files of our own; a run that compiles nothing imports no numba.

Importing numba takes half a second, and its cache nearly as long for the kernels of a whole scan: more than the work on
a small corpus. A file of ours takes a fifth of a millisecond. Its name is a digest of all that its code depends on: the
source of the kernel's module, the types of the arguments, the releases of numba and llvmlite, the processor. So no file
is ever out of date, and one that is damaged counts as missing.

Numba does everything itself where this has not been tested (other systems and processors), where one of its own
environment variables asks for it (``NUMBA_BOUNDSCHECK``), and for a kernel that cannot be taken out of it.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property, update_wrapper
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from detector.kernels import machine_code
from detector.kernels.cache import SUFFIX, keep, read_kept
from detector.kernels.machine_code import Code

FORMAT = 5
"""Of the files; a number of its own for every change of what they hold or of how they are called."""

LOCK = threading.RLock()
"""Held while a kernel is loaded or compiled."""

QUIET_VARIABLES = {"NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS"}
"""Variables of numba's that do not change what code it makes."""


@cache
def is_tested() -> bool:
    """Whether code is kept in files of our own here."""
    asked = {name for name in os.environ if name.startswith("NUMBA_")} - QUIET_VARIABLES
    return sys.platform == "linux" and os.uname().machine == "x86_64" and not asked


class Kernel:
    """A function of arrays, numbers and tuples of them that is compiled for the types it is called with."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.py_func = function
        self._callers: dict[Any, Callable[[Any], Any]] = {}
        update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Any:
        kinds = tuple(map(machine_code.kind, arguments))
        found = self._callers.get(kinds)
        if found is None:
            with LOCK:
                found = self._callers.get(kinds) or self._found(kinds, arguments)
                self._callers[kinds] = found
        return found(arguments)

    def have(self, kinds: Any) -> None:
        """See to it that there is code for arguments of such kinds, for a later call or another process."""
        with LOCK:
            self._code(kinds, tuple(map(machine_code.example, kinds)))

    def _found(self, kinds: Any, arguments: Any) -> Callable[[Any], Any]:
        """What calls the compiled function; numba where anything is in the way, for it can run every kernel."""
        if None not in kinds:
            with suppress(Exception):
                code = self._code(kinds, arguments)
                if code.data:
                    return machine_code.caller(code, arguments, self.py_func.__name__)
        return lambda given: self._left_to_numba(*given)

    def _code(self, kinds: Any, arguments: Any) -> Code:
        """The code from its file, or from numba; without data where numba must run it itself."""
        name = f"{self.py_func.__module__}.{self.py_func.__name__}-{self._digest(kinds)}{SUFFIX}"
        code = _read(name)
        if code is None:
            from detector.kernels.ahead import begin
            from detector.kernels.exporting import export

            begin()
            try:
                code = export(self._exported, arguments)
            except Exception:
                code = Code(b"", None)  # next time numba is asked at once
            _write(name, code)
        return code

    def _digest(self, kinds: Any) -> str:
        depends = _of_module(self.py_func.__code__.co_filename).copy()
        depends.update(repr((self.py_func.__qualname__, kinds)).encode())
        return str(depends.hexdigest()[:32])

    @cached_property
    def _exported(self) -> Any:
        from detector.kernels.exporting import dispatcher

        return dispatcher(self.py_func, cached=False)

    @cached_property
    def _left_to_numba(self) -> Any:
        from detector.kernels.exporting import dispatcher

        return dispatcher(self.py_func, cached=True)

    @property
    def _numba_type_(self) -> Any:
        """How numba knows a kernel that another one calls."""
        return self._exported._numba_type_


def njit(*, cache: bool, nogil: bool, error_model: str) -> Callable[[Callable[..., Any]], Any]:
    """Makes a kernel of a function, as numba's decorator does with the same arguments: those of all kernels.

    An index below 0 is an error that nobody tells of but a run with ``NUMBA_BOUNDSCHECK=1``: see `exporting`.
    """
    assert cache and nogil and error_model == "numpy"
    if not is_tested():
        from detector.kernels.exporting import dispatcher

        return lambda function: dispatcher(function, cached=True)
    return Kernel


class LibraryFunction:
    """A function of the C library that kernels call; its result and arguments in ctypes' letters: q and i."""

    def __init__(self, name: str, result: str, arguments: str) -> None:
        self.name, self.result, self.arguments = name, result, arguments

    def __call__(self, *arguments: Any) -> int:
        return int(self._found(*map(int, arguments)))

    @cached_property
    def _found(self) -> Any:
        kinds = {"q": ctypes.c_int64, "i": ctypes.c_int32}
        found = getattr(ctypes.CDLL(None), self.name)
        found.restype, found.argtypes = kinds[self.result], [kinds[letter] for letter in self.arguments]
        return found

    @cached_property
    def _numba_type_(self) -> Any:
        """How numba knows it."""
        from detector.kernels.exporting import library_function

        return library_function(self.name, self.result, self.arguments)


pread = LibraryFunction("pread", "q", "iqqq")
"""``pread(file, address, n_bytes, offset)``: how many bytes of a file were read into memory; none at its end, -1 where
it cannot be read."""


@cache
def _of_module(path: str) -> Any:
    """A digest of a module's file, as it is when its first kernel runs, and of all that code depends on beside it."""
    digest = hashlib.sha256(repr(_surroundings()).encode())
    digest.update(Path(path).read_bytes())
    return digest


@cache
def _surroundings() -> tuple[Any, ...]:
    """What code depends on beside its source and its types."""
    return FORMAT, _release("numba"), _release("llvmlite"), machine_code.processor(), sys.implementation.cache_tag


def _release(package: str) -> bytes:
    """The file of a package that says which release it is; the package is not loaded."""
    found = find_spec(package)
    assert found is not None and found.origin is not None
    return Path(found.origin).with_name("_version.py").read_bytes()


def _read(name: str) -> Code | None:
    """The code in a file, None where there is none that is whole."""
    data = read_kept(name)
    if data is None:
        return None
    head, _, code = data.partition(b"\n")
    result, entry, inner, outer = json.loads(head)
    return Code(code, result, entry, tuple(inner), outer)


def _write(name: str, code: Code) -> None:
    """Keep code for the next run."""
    keep(name, json.dumps(code[1:]).encode() + b"\n" + code.data)
