"""What a filter is asked to do: thresholds, families, what is stripped, what is protected, how far it may go.

A preset is a readable file of ``name = value`` lines in ``data/presets``; one of your own has the same names.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

from detector.errors import SettingsError
from detector.model import PART_NAMES
from detector.settings import AUDITS, FAMILY_CHOICES, checked_value
from detector.thresholds.decisions import Thresholds, family_choice

PRESETS = ("audit", "light", "standard", "strict")
STRIPPABLE = PART_NAMES[:-1]


@dataclass(frozen=True, slots=True)
class FilterPlan:
    """What to do; as it is, nothing is dropped and nothing stripped. Raises `SettingsError` on a value out of range.

    ``families`` None is decided by `detector.thresholds.decisions.family_choice`; ``keep_occurrences`` copies of each
    shared text and phrase stay in the corpus where these are stripped; ``protect`` are files of phrases and names of
    series; ``audit`` says whether ``removed.jsonl`` has the texts; ``max_drop`` and ``max_drop_per_series`` are the
    shares of the families that may be lost; of members of a family that are alike the one with the earliest
    ``date_field`` stays.
    """

    thresholds: Thresholds = field(default_factory=Thresholds)
    families: str | None = None
    strip: tuple[str, ...] = ()
    keep_occurrences: int = 1
    protect: tuple[str, ...] = ()
    audit: str = "full"
    max_drop: float = 0.5
    max_drop_per_series: float = 0.8
    date_field: str = "date"

    def __post_init__(self) -> None:
        for name in self.strip:
            if name not in STRIPPABLE:
                raise SettingsError(f"strip is {name!r}; what can be stripped is {', '.join(STRIPPABLE)}")
        if self.families is not None and self.families not in FAMILY_CHOICES:
            raise SettingsError(f"families is {self.families!r}; choose one of {', '.join(FAMILY_CHOICES)}")
        if self.audit not in AUDITS:
            raise SettingsError(f"audit is {self.audit!r}; choose one of {', '.join(AUDITS)}")
        if self.keep_occurrences < 0:
            raise SettingsError(f"keep_occurrences is {self.keep_occurrences}; it must not be negative")
        for name in ("max_drop", "max_drop_per_series"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must lie between 0.0 and 1.0")

    @property
    def family_choice(self) -> str:
        """What is done with families, decided."""
        return family_choice(self.families, self.thresholds)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is asked for."""
        return not self.thresholds.named and not self.strip and self.family_choice == "keep-all"

    def as_dict(self) -> dict[str, Any]:
        """Plain values under the names that a preset has."""
        row = asdict(self)
        values = {**row.pop("thresholds"), **row, "families": self.family_choice}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], where: str = "the filter") -> FilterPlan:
        """A plan from plain values; unknown names and wrong types raise `SettingsError` naming ``where``."""
        hints = {**get_type_hints(Thresholds), **get_type_hints(cls)}
        hints.pop("thresholds")
        of_thresholds = {item.name for item in fields(Thresholds)}
        limits: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for name, value in values.items():
            if name not in hints:
                raise SettingsError(f"{where}: nothing is named {name!r}; there are {', '.join(hints)}")
            if value is not None:
                (limits if name in of_thresholds else rest)[name] = checked_value(name, value, hints[name], where)
        return cls(Thresholds(**limits), **rest)


def preset_values(name: str) -> dict[str, Any]:
    """The values of a preset by its name, or of a file; raises `SettingsError`."""
    try:
        if name in PRESETS:
            text = resources.files("detector").joinpath(f"data/presets/{name}.toml").read_text("utf-8")
        else:
            text = Path(name).read_text("utf-8")
        return tomllib.loads(text)
    except OSError as error:
        raise SettingsError(
            f"{name}: no preset and no file that can be read ({error.strerror}); presets are {', '.join(PRESETS)}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: not a TOML file: {error}") from None
