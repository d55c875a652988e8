"""Finds the text that a corpus's documents did not write: shared passages, slogans, unfilled templates, site junk."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from detector.errors import DetectorError
from detector.settings import Settings
from detector.version import VERSION as __version__

if TYPE_CHECKING:
    from detector.document_scan import scan_documents
    from detector.filtering import filter_corpus as filter
    from detector.index import Scan
    from detector.index import open_scan as open
    from detector.model import Document
    from detector.pipeline import scan
    from detector.reading import Reader as read
    from detector.template_match import Template

__all__ = [
    "DetectorError",
    "Document",
    "Scan",
    "Settings",
    "Template",
    "__version__",
    "filter",
    "open",
    "read",
    "scan",
    "scan_documents",
]

_WHERE = {
    "Document": ("detector.model", "Document"),
    "Scan": ("detector.index", "Scan"),
    "Template": ("detector.template_match", "Template"),
    "filter": ("detector.filtering", "filter_corpus"),
    "open": ("detector.index", "open_scan"),
    "read": ("detector.reading", "Reader"),
    "scan": ("detector.pipeline", "scan"),
    "scan_documents": ("detector.document_scan", "scan_documents"),
}


def __getattr__(name: str) -> Any:
    """Loads what is asked for: arrays and kernels cost half a second, and ``--help`` needs neither."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _WHERE[name]
    return getattr(import_module(module), attribute)
