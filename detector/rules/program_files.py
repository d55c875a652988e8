"""Programs of the rules of a table; those of the built-in rules are kept in a file.

Writing them takes a third of a second, which is why they stand beside the compiled kernels, in a file named after a
digest of all that they depend on.
"""

from __future__ import annotations

import hashlib
import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from detector.kernels.cache import keep, read_kept
from detector.rules import pattern_sets
from detector.rules import programs as writer
from detector.rules.programs import Programs, write_programs

SUFFIX = ".patterns"


def programs_of(patterns: Sequence[str], known: Sequence[str]) -> tuple[Programs, Mapping[str, int]]:
    """Programs of some patterns, and the number of that of each; those of ``known`` ones are kept in a file."""
    own = set(known)
    more = list(dict.fromkeys(pattern for pattern in patterns if pattern not in own))
    kept, added = _kept(tuple(known)), write_programs(more)
    joined = Programs(
        np.concatenate((kept.code, added.code)),
        np.concatenate((kept.pool, added.pool)),
        np.concatenate((kept.first, added.first + len(kept.code))),
        np.concatenate((kept.pool_first, added.pool_first + len(kept.pool))),
        np.concatenate((kept.exact, added.exact)),
        np.concatenate((kept.mark, added.mark)),
    )
    return joined, {pattern: number for number, pattern in enumerate((*known, *more))}


@cache
def _kept(patterns: tuple[str, ...]) -> Programs:
    """The programs of some patterns from their file; they are written where it is missing or damaged."""
    made_by = b"".join(Path(module.__file__ or "").read_bytes() for module in (writer, pattern_sets))
    depends = repr((patterns, sys.version, unicodedata.unidata_version)).encode("utf-8", "surrogatepass") + made_by
    name = f"{__name__}-{hashlib.sha256(depends).hexdigest()[:32]}{SUFFIX}"
    data = read_kept(name)
    if data is not None:
        return _unpacked(data)
    found = write_programs(patterns)
    keep(name, _packed(found))
    return found


def _packed(found: Programs) -> bytes:
    """The columns one after the other, behind their types and lengths."""
    head = json.dumps([(column.dtype.str, len(column)) for column in found]).encode() + b"\n"
    return head + b"".join(column.tobytes() for column in found)


def _unpacked(data: bytes) -> Programs:
    """What `_packed` packed."""
    head, _, rest = data.partition(b"\n")
    columns, at = [], 0
    for kind, length in json.loads(head):
        columns.append(np.frombuffer(rest, dtype=kind, count=length, offset=at))
        at += columns[-1].nbytes
    return Programs(*columns)
