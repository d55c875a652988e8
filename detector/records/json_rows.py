"""JSON records: reading them leniently, streaming arrays, and changing one value while the rest stays byte for byte.

Arrays are cut into their elements here, one in memory at a time, and not by ijson: its parser turns lone surrogates
into question marks and stops at NaN, and one broken element would end the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from detector.records.formats import MAX_RECORD, Fault, RecordTooLong, free_name

_SPACE = re.compile(r"[ \t\r\n]*")
_OUTSIDE = re.compile(r'["{}\[\],]')
_INSIDE = re.compile(r'["\\]')
_DECODER = json.JSONDecoder(parse_int=Decimal)


def parse_object(text: str) -> tuple[dict[str, Any] | None, Fault | None]:
    """The object that ``text`` holds, or what is wrong; of duplicate keys the last counts, NaN is a number."""
    try:
        value = json.loads(text)
    except RecursionError:
        return None, Fault("bad_json", "JSON nested too deeply to be read")
    except json.JSONDecodeError as error:
        return None, Fault("bad_json", f"not valid JSON: {error.msg} at character {error.pos + 1}")
    except ValueError:
        # CPython refuses integers of more than 4,300 digits; as decimals they are read.
        return parse_long_numbers(text)
    if not isinstance(value, dict):
        return None, Fault("bad_json", f"a JSON {_kind(value)} where an object should be")
    return value, None


def parse_long_numbers(text: str) -> tuple[dict[str, Any] | None, Fault | None]:
    """As `parse_object`, integers as ``Decimal``."""
    try:
        value = json.loads(text, parse_int=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        return None, Fault("bad_json", f"not valid JSON: {error}")
    if not isinstance(value, dict):
        return None, Fault("bad_json", f"a JSON {_kind(value)} where an object should be")
    return value, None


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "array"
    if isinstance(value, str):
        return "string"
    return "null" if value is None else "boolean" if isinstance(value, bool) else "number"


def whole(chunks: Iterable[str]) -> str:
    """Pieces of a record as one; raises `RecordTooLong`."""
    held, n_held = [], 0
    for chunk in chunks:
        held.append(chunk)
        n_held += len(chunk)
        if n_held > MAX_RECORD:
            raise RecordTooLong
    return "".join(held)


class ArrayItems:
    """The source texts of the elements of a JSON array, with the space around them, from chunks of its text.

    Only brackets, commas and strings are looked at, so a broken element is one broken item. ``complete`` tells, after
    the last item, whether the array ended where the text did. Raises `RecordTooLong`.
    """

    def __init__(self, chunks: Iterable[str]) -> None:
        self._chunks = iter(chunks)
        self.complete = False
        self._trailing = False

    def __iter__(self) -> Iterator[str]:
        parts: list[str] = []
        depth, in_string, skip = 0, False, 0
        for chunk in self._chunks:
            start, at = 0, skip
            skip = 0
            while True:
                found = (_INSIDE if in_string else _OUTSIDE).search(chunk, at)
                if found is None:
                    skip = max(at - len(chunk), 0)
                    break
                at = found.end()
                sign = found.group()
                if sign == "\\":
                    at += 1
                elif sign == '"':
                    in_string = not in_string
                elif sign in "{[":
                    depth += 1
                    if depth == 1:
                        start = at
                elif sign in "]}":
                    depth -= 1
                if depth <= 1 and ((sign == "," and depth == 1) or (depth == 0 and sign in "]}")):
                    parts.append(chunk[start : found.start()])
                    self.complete = depth == 0
                    yield "".join(parts)
                    parts, start = [], at
                if depth <= 0 and sign in "]}":
                    self._trailing = bool(chunk[at:].strip()) or any(rest.strip() for rest in self._chunks)
                    return
            parts.append(chunk[start:])
            if len(parts) * len(chunk) > MAX_RECORD:
                parts = [whole(parts)]
        if last := "".join(parts):
            yield last

    @property
    def fault(self) -> Fault | None:
        """What is wrong with the array as a whole, once its items have been taken."""
        if not self.complete:
            return Fault("bad_json", "the JSON array is not closed: the file ends within it")
        return Fault("bad_json", "text after the end of the JSON array was not read") if self._trailing else None


def lookup(record: dict[str, Any], path: str) -> tuple[bool, Any]:
    """Whether a record has a field and its value; a literal key with dots wins over a dotted path.

    >>> lookup({"a": {"b": 1}, "a.c": 2}, "a.b"), lookup({"a": {"b": 1}, "a.c": 2}, "a.c"), lookup({}, "a")
    ((True, 1), (True, 2), (False, None))
    """
    if path in record:
        return True, record[path]
    for at in _dots(path):
        inner = record.get(path[:at])
        if isinstance(inner, dict):
            has, value = lookup(inner, path[at + 1 :])
            if has:
                return True, value
    return False, None


def _dots(path: str) -> list[int]:
    return [at for at, char in enumerate(path) if char == "."]


def replace_value(source: str, path: str, text: str) -> str:
    """``source`` (one object) with the string at ``path`` replaced, everything else as it was.

    The new string is written with ``\\u`` escapes beyond ASCII where the old one was.

    >>> replace_value('{"n": 1e2, "a": {"b": "old"}}', "a.b", "neu")
    '{"n": 1e2, "a": {"b": "neu"}}'
    """
    start, end = _locate(source, 0, path)
    return source[:start] + _string(text, ascii_only=source[start:end].isascii()) + source[end:]


def add_values(source: str, values: Mapping[str, Any]) -> str:
    """``source`` (one object) with further keys at its end, renamed by `free_name` where it has them already.

    >>> add_values('{"a": 1}', {"a": 2, "b": [3]})
    '{"a": 1, "detector_a": 2, "b": [3]}'
    """
    members = dict(_members(source, 0))
    written = ", ".join(f"{_string(free_name(name, members))}: {dumps(value)}" for name, value in values.items())
    if not written:
        return source
    end = max((stop for _, stop in members.values()), default=source.index("{") + 1)
    return source[:end] + (", " if members else "") + written + source[end:]


def without_last(source: str, n: int) -> tuple[str, list[Any]]:
    """``source`` (one object) as it was before `add_values` gave it its last ``n`` keys, and their values.

    >>> without_last('{"a": 1, "b": [3] }', 1)
    ('{"a": 1 }', [[3]])
    """
    spans = [span for _, span in _members(source, 0)]
    start = spans[-n - 1][1] if len(spans) > n else source.index("{") + 1
    values = [json.loads(source[slice(*span)]) for span in spans[-n:]]
    return source[:start] + source[spans[-1][1] :], values


def dumps(value: Any) -> str:
    """JSON in one line, as written characters but for lone surrogates, which UTF-8 cannot hold.

    >>> dumps(["乡", chr(0xD800)])
    '["乡", "\\\\ud800"]'
    """
    return _escape_surrogates(json.dumps(value, ensure_ascii=False))


def _string(text: str, *, ascii_only: bool = False) -> str:
    return _escape_surrogates(json.dumps(text, ensure_ascii=ascii_only and not text.isascii()))


def _escape_surrogates(written: str) -> str:
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found.group()):04x}", written)


def _locate(source: str, at: int, path: str) -> tuple[int, int]:
    """Where the value at ``path`` of the object that begins at ``at`` stands; raises ``KeyError`` if it has none."""
    members = dict(_members(source, at))
    if path in members:
        return members[path]
    for dot in _dots(path):
        inner = members.get(path[:dot])
        if inner is not None and source[inner[0]] == "{":
            try:
                return _locate(source, inner[0], path[dot + 1 :])
            except KeyError:
                continue
    raise KeyError(path)


def _members(source: str, at: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Key and span of the value of each member of the object at ``at``; ``source`` is known to be valid."""
    at = _skip(source, at) + 1
    while True:
        at = _skip(source, at)
        if source[at] == "}":
            return
        if source[at] == ",":
            at = _skip(source, at + 1)
        key, at = _DECODER.raw_decode(source, at)
        start = _skip(source, _skip(source, at) + 1)
        _, at = _DECODER.raw_decode(source, start)
        yield key, (start, at)


def _skip(source: str, at: int) -> int:
    found = _SPACE.match(source, at)
    assert found is not None
    return found.end()
