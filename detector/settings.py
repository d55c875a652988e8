"""Everything a user can set, in one frozen object, from keywords or a TOML file.

Defaults are the definitions of ``docs/algorithm.md``; the summary of a scan carries the settings it was made with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from detector.errors import SettingsError

FINDING_TEXTS = ("full", "short", "none")
OUTPUT_FORMATS = ("jsonl", "parquet")
SCAN_LEVELS = ("passage", "document")
FAMILY_CHOICES = ("keep-best", "keep-first", "keep-longest", "keep-all")
AUDITS = ("full", "offsets")
ENCODINGS = ("auto", "utf-8", "utf-16", "gb18030", "big5")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of reading, analysis and writing; raises `SettingsError` on a value out of range.

    >>> Settings(match_ratio=0.9).match_ratio
    0.9
    >>> Settings(match_ratio=9)
    Traceback (most recent call last):
    detector.errors.SettingsError: match_ratio is 9; it must lie between 0.5 and 1.0
    """

    # reading
    text_field: str = "text"
    id_field: str | None = None
    """None takes ``id`` where a record has it, else ``path#line``."""
    series_field: str | None = None
    """None takes ``series`` where a record has it, else the host of ``url``."""
    encoding: str = "auto"
    strict: bool = False
    skip_files: tuple[str, ...] = (".*", "labels.jsonl", "README*")
    """File names (glob patterns) that a folder's walk passes over; a file that is named itself is always read."""

    # analysis
    level: str = "passage"
    """How deep a scan looks: at everything down to passages, or only at whole documents that copy each other."""
    document_jaccard: float = 0.70
    """Of sets of five characters, at level ``document``."""
    min_passage_tokens: int = 8
    match_ratio: float = 0.80
    family_jaccard: float = 0.80
    min_families: int | None = None
    """Families a phrase of 8 to 12 tokens needs; None is ``max(2, ceil(sqrt(n)/8))``."""
    seed: int = 1
    rules: tuple[str, ...] = ()
    """Further rule tables (TOML files), read after the built-in ones; a row of the same name replaces theirs."""
    disable_rules: tuple[str, ...] = ()
    protect: tuple[str, ...] = ()
    """Files of phrases, one a line, that are kept out of every verdict of the rules."""

    # writing
    finding_text: str = "full"
    format: str = "jsonl"

    def __post_init__(self) -> None:
        for name, low, high in (
            ("min_passage_tokens", 2, 1000),
            ("match_ratio", 0.5, 1.0),
            ("family_jaccard", 0.5, 1.0),
            ("document_jaccard", 0.5, 1.0),
            ("min_families", 2, 10**9),
            ("seed", 0, 2**31 - 1),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise SettingsError(f"{name} is {value}; it must lie between {low} and {high}")
        for name, allowed in (
            ("finding_text", FINDING_TEXTS),
            ("format", OUTPUT_FORMATS),
            ("level", SCAN_LEVELS),
            ("encoding", ENCODINGS),
        ):
            if getattr(self, name) not in allowed:
                raise SettingsError(f"{name} is {getattr(self, name)!r}; choose one of {', '.join(allowed)}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], where: str = "settings") -> Settings:
        """Settings from plain values; unknown names and wrong types raise `SettingsError` naming ``where``."""
        hints = get_type_hints(cls)
        known = [item.name for item in fields(cls)]
        checked: dict[str, Any] = {}
        for name, value in values.items():
            if name not in hints:
                raise SettingsError(f"{where}: no setting is named {name!r}; there are {', '.join(known)}")
            checked[name] = checked_value(name, value, hints[name], where)
        try:
            return cls(**checked)
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None

    @classmethod
    def from_toml(cls, path: str | Path) -> Settings:
        """Settings from a TOML file of ``name = value`` lines."""
        import tomllib  # few runs have a file of settings

        try:
            values = tomllib.loads(Path(path).read_text("utf-8"))
        except OSError as error:
            raise SettingsError(f"{path}: cannot read the settings file: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: not a TOML file: {error}") from None
        return cls.from_mapping(values, str(path))

    def with_values(self, **values: Any) -> Settings:
        """A copy with the given values; those that are None are left as they are."""
        return replace(self, **{name: value for name, value in values.items() if value is not None})

    def as_dict(self) -> dict[str, Any]:
        """Plain values in the order of the fields, for the summary."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def checked_value(name: str, value: Any, hint: Any, where: str) -> Any:
    """``value`` as the type that the field declares."""
    choices = get_args(hint) if get_origin(hint) is not tuple else ()
    accepted = tuple(choice for choice in choices if isinstance(choice, type)) or (hint,)
    if get_origin(hint) is tuple:
        if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise SettingsError(f"{where}: {name} must be a list of strings")
    if float in accepted and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, bool) and bool not in accepted:
        raise SettingsError(f"{where}: {name} must not be true or false")
    if isinstance(value, accepted):
        return value
    raise SettingsError(f"{where}: {name} must be of type {' or '.join(kind.__name__ for kind in accepted)}")
