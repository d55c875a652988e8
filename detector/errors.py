"""What can go wrong, one class a cause; every message says what, where and what to do next."""

from __future__ import annotations


class DetectorError(Exception):
    """Base of every error that a caller of this package is expected to handle."""


class InputError(DetectorError):
    """A file, line, field or encoding could not be read."""


class SettingsError(DetectorError):
    """A setting is unknown, of the wrong type or out of range."""


class RuleError(DetectorError):
    """A rule table is malformed, or a row fails its own examples."""


class ScanError(DetectorError):
    """A folder is not a scan, is of another format version, or no longer fits its input."""


class TemplateError(DetectorError):
    """A file holds no templates, or of another format."""


class OutputError(DetectorError):
    """A result could not be written."""


class RoomError(DetectorError):
    """A scan would not fit: too little memory, or too little free disk for temporary files or results."""


class GuardError(DetectorError):
    """A guard refused to go on: more would be lost than was allowed."""


class MissingExtra(DetectorError):
    """An optional package is needed for what was asked."""


def printable(text: str) -> str:
    """``text`` with everything that could steer a terminal written as an escape; error lines pass through it."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
