"""Templates as files: JSON or TOML with all that it takes to find them in a new text."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from detector.errors import OutputError, TemplateError
from detector.model import Fill, Literal, Slot
from detector.tables.scan_files import write_file

FORMAT, VERSION = "detector-templates", 1

_ESCAPED = re.compile('[\\x00-\\x1f"\\\\\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]')


class StoredTemplate(NamedTuple):
    """The fields of a template in a file."""

    id: str
    level: str
    n_families: int
    n_members: int
    parts: tuple[Literal | Slot, ...]


def write_templates(path: Path, templates: Iterable[StoredTemplate]) -> None:
    """Write templates, as TOML where the file is named so, else as JSON; raises `OutputError`."""
    rows = [_row(template) for template in templates]
    if path.suffix.lower() == ".toml":
        pieces = _toml(rows)
    else:
        whole = {"format": FORMAT, "version": VERSION, "templates": rows}
        pieces = iter((json.dumps(whole, ensure_ascii=True, indent=1) + "\n",))
    try:
        write_file(path, (piece.encode() for piece in pieces))
    except OSError as error:
        raise OutputError(f"{path}: cannot write the templates: {error.strerror or error}") from None


def read_templates(path: Path) -> list[StoredTemplate]:
    """The templates of a file; raises `TemplateError`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TemplateError(f"{path}: cannot read the templates: {error.strerror or error}") from None
    try:
        text = data.decode("utf-8")
        whole = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
        if whole["format"] != FORMAT or whole["version"] != VERSION:
            raise TemplateError(f"{path}: templates of another format; export them again with detector templates")
        return [_template(row) for row in whole["templates"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise TemplateError(f"{path}: not a file of detector templates --export: {error}") from None


def part_row(part: Literal | Slot) -> dict[str, Any]:
    """A part of a template as plain values, as ``clusters.jsonl`` has it."""
    if isinstance(part, Literal):
        return {"text": part.text}
    fills = [{name: value for name, value in fill._asdict().items() if name != "more" or value} for fill in part.fills]
    return {"slot": part.name, "type": part.type, "fills": fills}


def _row(template: StoredTemplate) -> dict[str, Any]:
    return {**template._asdict(), "parts": [part_row(part) for part in template.parts]}


def _template(row: dict[str, Any]) -> StoredTemplate:
    parts = tuple(_part(part) for part in row["parts"])
    n_families, n_members = int(row["n_families"]), int(row["n_members"])
    return StoredTemplate(str(row["id"]), str(row["level"]), n_families, n_members, parts)


def _part(part: dict[str, Any]) -> Literal | Slot:
    if "slot" not in part:
        return Literal(_text(part["text"]))
    fills = (
        Fill(_text(fill["doc"]), int(fill["start"]), int(fill["end"]), _text(fill["text"]), int(fill.get("more", 0)))
        for fill in part["fills"]
    )
    return Slot(_text(part["slot"]), _text(part["type"]), tuple(fills))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is of type {type(value).__name__}")
    return value


def _toml(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The lines of a TOML file; half a surrogate pair, which TOML has not, becomes the replacement character."""
    yield f"format = {_string(FORMAT)}\nversion = {VERSION}\n"
    empty = True
    for row in rows:
        empty = False
        yield "\n[[templates]]\n"
        for name in ("id", "level"):
            yield f"{name} = {_string(row[name])}\n"
        for name in ("n_families", "n_members"):
            yield f"{name} = {row[name]}\n"
        if not row["parts"]:
            yield "parts = []\n"
        for part in row["parts"]:
            yield "\n[[templates.parts]]\n"
            for name in ("text", "slot", "type"):
                if name in part:
                    yield f"{name} = {_string(part[name])}\n"
            if "fills" in part:
                yield "fills = [\n"
                for fill in part["fills"]:
                    start, end = fill["start"], fill["end"]
                    doc, text = _string(fill["doc"]), _string(fill["text"])
                    more = f", more = {fill['more']}" if "more" in fill else ""
                    yield f"  {{ doc = {doc}, start = {start}, end = {end}, text = {text}{more} }},\n"
                yield "]\n"
    if empty:
        yield "templates = []\n"


def _string(text: str) -> str:
    """A basic string of TOML.

    >>> _string('a "b"') == '"a ' + chr(92) + 'u0022b' + chr(92) + 'u0022"'
    True
    """
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(found: re.Match[str]) -> str:
    point = ord(found[0])
    return "\N{REPLACEMENT CHARACTER}" if 0xD800 <= point < 0xE000 else f"\\u{point:04X}"
