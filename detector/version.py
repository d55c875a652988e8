"""The version of the package, as it stands in ``pyproject.toml`` too, and those of its files and scores."""

VERSION = "0.1.0"

FORMAT_VERSION = 1
"""Of the folder of a scan."""

SCORE_VERSION = 1
"""Goes up whenever the same findings would give another score."""
