"""Compiles a kernel with numba and makes code of it that works without numba.

All that such code asks of numba is memory for its arrays; `_MEMORY` gives it that from the C library, and counts their
holders without locking the bus: an array that a kernel makes is known to no other thread before it is returned, and the
counting at each call of a small function was a third of some kernels. Whatever is not as expected (the order of
arguments, a function of numba's that the code calls) is `Unexpected`, and numba runs the kernel itself.

No kernel counts from the end of an array. Numba asks of each index whether it is below 0, and adds the size then: a
sixth of the work of most kernels, and loops that would take eight values at a time take one. Code that is made here
does not ask. With ``NUMBA_BOUNDSCHECK`` such an index is out of bounds like any other.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numba
import numpy as np
from llvmlite import binding
from numba.core import config, types
from numba.core.compiler_lock import global_compiler_lock
from numba.np import arrayobj
from numba.np.numpy_support import as_dtype
from numpy.typing import NDArray

from detector.kernels.machine_code import ARRAY_WORDS, SCALARS, Code
from detector.kernels.object_files import Unexpected, code_of

ENTRY = "detector_entry"
"""The function that takes a row of words."""

LIBRARY = {"malloc", "free", "memcpy", "memmove", "memset", "memcmp", "log", "log1p", "exp", "pow", "pread"}
"""Functions of the C library that a kernel may call."""

_MEMORY = """
; A block begins with numba's words: holders, destructor, its argument, address of the values, their size, allocator.
declare ptr @malloc(i64)
declare void @free(ptr)

define ptr @NRT_MemInfo_alloc_aligned(i64 %size, i32 %align) {
  %wide = zext i32 %align to i64
  %more = add i64 %wide, 48
  %all = add i64 %size, %more
  %overflows = icmp ult i64 %all, %size
  br i1 %overflows, label %none, label %ask
ask:
  %block = call ptr @malloc(i64 %all)
  %missing = icmp eq ptr %block, null
  br i1 %missing, label %none, label %fill
fill:
  %begin = ptrtoint ptr %block to i64
  %past = add i64 %begin, 48
  %over = urem i64 %past, %wide
  %gap = sub i64 %wide, %over
  %at = add i64 %past, %gap
  %values = inttoptr i64 %at to ptr
  store i64 1, ptr %block
  %p1 = getelementptr i64, ptr %block, i64 1
  store i64 0, ptr %p1
  %p2 = getelementptr i64, ptr %block, i64 2
  store i64 0, ptr %p2
  %p3 = getelementptr i64, ptr %block, i64 3
  store ptr %values, ptr %p3
  %p4 = getelementptr i64, ptr %block, i64 4
  store i64 %size, ptr %p4
  %p5 = getelementptr i64, ptr %block, i64 5
  store i64 0, ptr %p5
  ret ptr %block
none:
  ret ptr null
}

define void @NRT_MemInfo_call_dtor(ptr %block) {
  call void @free(ptr %block)
  ret void
}

define void @NRT_incref(ptr %block) alwaysinline {
  %missing = icmp eq ptr %block, null
  br i1 %missing, label %done, label %count
count:
  %holders = load i64, ptr %block
  %more = add i64 %holders, 1
  store i64 %more, ptr %block
  br label %done
done:
  ret void
}

define void @NRT_decref(ptr %block) alwaysinline {
  %missing = icmp eq ptr %block, null
  br i1 %missing, label %done, label %count
count:
  %holders = load i64, ptr %block
  %less = sub i64 %holders, 1
  store i64 %less, ptr %block
  %last = icmp eq i64 %less, 0
  br i1 %last, label %give, label %done, !prof !0
give:
  call void @NRT_MemInfo_call_dtor(ptr %block)
  br label %done
done:
  ret void
}
!0 = !{!"branch_weights", i32 1, i32 64}
"""


def _index_from_the_front(context: Any, builder: Any, kinds: Any, index: Any, size: Any) -> Any:
    """The word of an index as it is, where numba's `fix_integer_index` adds ``size`` to one below 0."""
    return context.cast(builder, index, kinds, types.intp if kinds.signed else types.uintp)


@contextmanager
def _indices_from_the_front() -> Iterator[None]:
    """What is compiled here counts from the front of arrays; what others compile with numba stays as it is."""
    with global_compiler_lock:
        own: Any = getattr(arrayobj, "fix_integer_index", None)
        arrayobj.fix_integer_index = _index_from_the_front
        try:
            yield
        finally:
            arrayobj.fix_integer_index = own


if getattr(config, "BOUNDSCHECK", None):  # all of the process is for finding errors then
    arrayobj.fix_integer_index = _index_from_the_front


def dispatcher(function: Callable[..., Any], *, cached: bool) -> Any:
    """A function as numba has it."""
    return numba.njit(cache=cached, nogil=True, error_model="numpy")(function)


def export(compiled: Any, arguments: Sequence[Any]) -> Code:
    """Compile numba's dispatcher for arguments like these, and take the code out of it; raises `Unexpected`."""
    if any(step.opname == "RAISE_VARARGS" for step in dis.get_instructions(compiled.py_func)):
        raise Unexpected("it raises errors, and only numba can tell which")
    signature = tuple(map(numba.typeof, arguments))
    with _indices_from_the_front():
        compiled.compile(signature)
    description = compiled.overloads[signature].fndesc
    result = _result_of(description.restype)
    module = binding.parse_assembly(compiled.inspect_llvm(signature))
    function = module.get_function(description.llvm_func_name)
    found = [str(argument.type) for argument in function.arguments]
    expected = ["ptr", "ptr", *(name for value in arguments for name in _types(value))]
    if found != expected:
        raise Unexpected(f"takes {found}, not {expected}")
    module.link_in(binding.parse_assembly(_MEMORY))
    module.link_in(binding.parse_assembly(_entry(description.llvm_func_name, found, _items(arguments))))
    return _code(module)._replace(result=result)


def library_function(name: str, result: str, arguments: str) -> Any:
    """How numba knows a function of the C library; `detector.kernels.compiled.LibraryFunction` has the letters."""
    kinds: dict[str, Any] = {"q": types.int64, "i": types.int32}
    returned, *taken = (kinds[letter] for letter in result + arguments)
    return types.ExternalFunction(name, returned(*taken))


def _types(value: Any) -> list[str]:
    """The compiler's types of the words of an argument."""
    kinds: Any = numba.typeof(value)  # type: ignore[no-untyped-call]
    if isinstance(kinds, types.Array):
        return ["ptr", "ptr", "i64", "i64", "ptr", *["i64"] * (2 * kinds.ndim)]
    if isinstance(kinds, types.BaseTuple):
        return [name for part in value for name in _types(part)]
    if isinstance(kinds, types.Boolean):
        return ["i8"]
    if isinstance(kinds, types.Integer):
        return [f"i{8 * as_dtype(kinds).itemsize}"]
    if isinstance(kinds, types.Float):
        return ["double" if kinds == types.float64 else "float"]
    raise Unexpected(f"an argument is of type {kinds}")


def _result_of(returned: object, depth: int = 0) -> Any:
    """What `Code.result` says of a type. Two tuples deep only words of eight bytes have a place that is sure."""
    kinds: Any = returned
    if isinstance(kinds, types.NoneType) and not depth:
        return None
    if isinstance(kinds, types.Array) and as_dtype(kinds.dtype).char in SCALARS:
        return ["array", as_dtype(kinds.dtype).char, kinds.ndim]
    if isinstance(kinds, types.BaseTuple) and not isinstance(kinds, types.BaseNamedTuple):
        return ["tuple", *(_result_of(part, depth + 1) for part in returned.types)]  # type: ignore[attr-defined]
    if isinstance(kinds, types.Boolean | types.Integer | types.Float):
        kept = as_dtype(kinds)
        if depth < 2 or kept.itemsize == 8:
            return kept.char
    raise Unexpected(f"it returns {kinds}")


def _items(arguments: Sequence[Any]) -> Iterator[Any]:
    """The arguments, those in tuples one by one."""
    for value in arguments:
        if isinstance(value, tuple):
            yield from _items(value)
        else:
            yield value


def _entry(name: str, found: list[str], items: Iterator[Any]) -> str:
    """A function that takes a row of words and calls another with them; of each array there is the address of numpy's
    object, from which it takes what the other wants to know."""
    lines, given, at = ["%v0 = load ptr, ptr %words", *_word("%v1", "ptr", 1)], ["ptr %v0", "ptr %v1"], 2
    for value in items:
        if isinstance(value, np.ndarray):
            lines += _array(f"%a{at}", at, value)
            own = [f"i64 %a{at}.{what}{n}" for what in ("shape", "stride") for n in range(value.ndim)]
            given += ["ptr null", "ptr null", f"i64 %a{at}.size", f"i64 {value.itemsize}", f"ptr %a{at}.data", *own]
        else:
            lines += _word(f"%v{at}", found[len(given)], at)
            given.append(f"{found[len(given)]} %v{at}")
        at += 1
    body = "\n  ".join(lines)
    return f"""
declare i32 @"{name}"({", ".join(found)})
define i32 @{ENTRY}(ptr %words) {{
  {body}
  %status = call i32 @"{name}"({", ".join(given)})
  ret i32 %status
}}
"""


def _word(name: str, kind: str, at: int, row: str = "%words") -> list[str]:
    """Loads a word of a row."""
    return [f"{name}.at = getelementptr i64, ptr {row}, i64 {at}", f"{name} = load {kind}, ptr {name}.at"]


def _array(name: str, at: int, value: NDArray[Any]) -> list[str]:
    """Loads what there is to know of an array: `machine_code.ARRAY_WORDS` says where it stands in its object."""
    lines = _word(name, "ptr", at)
    for part in ("data", "shape", "stride"):
        lines += _word(f"{name}.{part}", "ptr", ARRAY_WORDS[part], name)
    size = "1"
    for n in range(value.ndim):
        for part in ("shape", "stride"):
            lines += _word(f"{name}.{part}{n}", "i64", n, f"{name}.{part}")
        product = f"{name}.size" if n == value.ndim - 1 else f"{name}.size{n}"
        lines.append(f"{product} = mul i64 {size}, {name}.shape{n}")
        size = product
    return lines


def _code(module: Any) -> Code:
    """The code of a module, of which only the entry is seen from outside; numba has optimised all but the counting of
    holders, so that the compiler's first level is enough."""
    for function in module.functions:
        if not function.is_declaration and function.name != ENTRY:
            function.linkage = "internal"
    target = _machine()
    builder = binding.create_pass_builder(target, binding.create_pipeline_tuning_options(speed_level=1))
    builder.getModulePassManager().run(module, builder)
    module.verify()
    code = code_of(bytes(target.emit_object(module)), ENTRY)
    foreign = set(code.outer) - LIBRARY
    if foreign:
        raise Unexpected(f"it needs {sorted(foreign)}")
    return code


def _machine() -> Any:
    """The compiler's description of this processor, with the options that numba chooses for code in memory."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    name, features = str(binding.get_host_cpu_name()), binding.get_host_cpu_features().flatten()
    target = binding.Target.from_triple(binding.get_process_triple())
    return target.create_target_machine(
        cpu=name, features=features, opt=3, reloc="static", codemodel="jitdefault", jit=True
    )
