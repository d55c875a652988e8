"""Object files as code that runs wherever it lies: what a linker does, for the little that kernels need of one.

The format is ELF's of 64 bits. The compiler refers to everything by whole addresses (the large code model), so that
each place that must be filled in is a word of eight bytes. Whatever else is found is `Unexpected`.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from typing import NamedTuple

from detector.kernels.machine_code import Code

WHOLE_ADDRESS = 1
"""The type of such a place (``R_X86_64_64``)."""

_CONTENT, _SYMBOLS, _PLACES, _UNWINDING = 1, 2, 4, 0x70000001
_WRITABLE, _IN_MEMORY, _OF_THREADS = 1, 2, 0x400


class Unexpected(Exception):
    """Why a kernel cannot do without numba."""


class _Section(NamedTuple):
    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


def code_of(file: bytes, entry: str) -> Code:
    """The sections of an object file as they lie in memory, with the function ``entry``; raises `Unexpected`."""
    sections = _sections(file)
    image, begin = bytearray(), {}
    for number, section in enumerate(sections):
        if not section.flags & _IN_MEMORY or not section.size or section.type == _UNWINDING:
            continue  # no error goes through a kernel, so that nobody unwinds it
        if section.type != _CONTENT or section.flags & (_WRITABLE | _OF_THREADS) or section.alignment > 4096:
            raise Unexpected(f"a section of type {section.type} with flags {section.flags:#x}")
        image += bytes(-len(image) % max(1, section.alignment))
        begin[number] = len(image)
        image += file[section.offset : section.offset + section.size]
    table = next(section for section in sections if section.type == _SYMBOLS)
    symbols = list(struct.iter_unpack("<IBBHQQ", file[table.offset : table.offset + table.size]))
    names = file[sections[table.link].offset :]
    inner: list[int] = []
    outer: defaultdict[str, list[int]] = defaultdict(list)
    for section in sections:
        if section.type != _PLACES or section.info not in begin:
            continue
        for offset, what, more in struct.iter_unpack("<QQq", file[section.offset : section.offset + section.size]):
            name, _, _, where, value, _ = symbols[what >> 32]
            at = begin[section.info] + offset
            if what & 0xFFFFFFFF != WHOLE_ADDRESS or (where and where not in begin) or (more and not where):
                raise Unexpected(f"a place of type {what & 0xFFFFFFFF} for what is in section {where}")
            if where:
                struct.pack_into("<Q", image, at, begin[where] + value + more)
                inner.append(at)
            else:
                outer[_name(names, name)].append(at)
    entries = [begin[where] + value for name, _, _, where, value, _ in symbols if _name(names, name) == entry and where]
    if len(entries) != 1:
        raise Unexpected(f"{len(entries)} functions are named {entry}")
    return Code(bytes(image), None, entries[0], inner, dict(outer))


def _sections(file: bytes) -> list[_Section]:
    if file[:6] != b"\x7fELF\x02\x01":
        raise Unexpected("no object file of this kind of processor")
    (offset,), (size, number) = struct.unpack_from("<Q", file, 0x28), struct.unpack_from("<HH", file, 0x3A)
    return [_Section(*struct.unpack_from("<IIQQQQIIQQ", file, offset + row * size)) for row in range(number)]


def _name(names: bytes, at: int) -> str:
    return names[at : names.index(b"\0", at)].decode()
