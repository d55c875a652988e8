"""What is the same in every run, from files that the first run leaves: tables by code point, and tables of rules.

Making them takes a seventh of a second. Tables by code point are mapped: most of their pages are never looked at, and
cost nothing then. A file is named after a digest of all that it depends on, and complete once it has its name.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import sys
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.kernels.cache import folders, keep, keep_whole, read_kept

SUFFIX = ".tables"

HEAD, ALIGNMENT = 4096, 64
"""Bytes before the first table, and what the place of each is a multiple of."""

Tables = tuple[NDArray[Any], ...]


def kept_tables(
    make: Callable[[], Sequence[NDArray[Any]]], data: Sequence[str] = (), modules: Sequence[str] = ()
) -> Tables:
    """What ``make`` makes of some files of ``data`` with the help of some modules; no table may be written to."""
    name = f"{make.__module__}.{make.__name__}-{_digest((make.__module__, *modules), data)}{SUFFIX}"
    for folder in folders():
        with suppress(OSError, ValueError, KeyError):
            return _mapped(folder / name)
    made = tuple(np.ascontiguousarray(table) for table in make())
    keep_whole(name, _packed(made))
    for table in made:
        table.flags.writeable = False
    return made


def toml_of(name: str) -> dict[str, Any]:
    """What a file of ``data`` says; it is kept as JSON, which is read in a tenth of the time."""
    text = resources.files("detector").joinpath("data", name).read_bytes()
    kept = f"{__name__}.{name}-{hashlib.sha256(text + __name__.encode()).hexdigest()[:32]}.json"
    data = read_kept(kept)
    if data is None:
        import tomllib

        data = json.dumps(tomllib.loads(text.decode())).encode()
        keep(kept, data)
    content: dict[str, Any] = json.loads(data)
    return content


def _digest(modules: Sequence[str], data: Sequence[str]) -> str:
    """A digest of what tables depend on: modules, files of data, what characters are."""
    depends = hashlib.sha256(repr((sys.version, unicodedata.unidata_version, np.__version__)).encode())
    for name in (*modules, "detector.text.folding", __name__):
        depends.update(_source(str(sys.modules[name].__file__)))
    for name in data:
        depends.update(resources.files("detector").joinpath("data", name).read_bytes())
    return depends.hexdigest()[:32]


@cache
def _source(path: str) -> bytes:
    return Path(path).read_bytes()


def _packed(tables: Tables) -> list[bytes]:
    """The tables one after the other, behind their types, shapes and places."""
    rows, parts, at = [], [], HEAD
    for table in tables:
        gap = -at % ALIGNMENT
        rows.append((table.dtype.str, table.shape, at + gap))
        parts += [bytes(gap), table.tobytes()]
        at += gap + table.nbytes
    head = json.dumps({"size": at, "tables": rows}).encode()
    head = hashlib.sha256(head).hexdigest().encode() + head + b"\n"
    if len(head) > HEAD:
        raise ValueError("too many tables for one file")
    return [head.ljust(HEAD), *parts]


def _mapped(path: Path) -> Tables:
    """The tables of a file; raises `OSError` or `ValueError` where there is none that is whole."""
    with path.open("rb", buffering=0) as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    head = mapped[:HEAD].partition(b"\n")[0]
    if head[:64] != hashlib.sha256(head[64:]).hexdigest().encode():
        raise ValueError("no file of tables")
    told = json.loads(head[64:])
    if told["size"] != len(mapped):
        raise ValueError("a part of the file is missing")
    return tuple(np.ndarray(shape, dtype, mapped, at) for dtype, shape, at in told["tables"])
