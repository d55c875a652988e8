"""Finds the text that a corpus's documents did not write: shared passages, slogans, unfilled templates, site junk."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from detector.errors import DetectorError
from detector.settings import Settings
from detector.version import VERSION as __version__

if TYPE_CHECKING:
    from detector.document_scan import scan_documents
    from detector.filtering.run import filter_corpus as filter
    from detector.matching.template_match import Template
    from detector.model import Document
    from detector.pipeline import scan
    from detector.records.reading import Reader as read
    from detector.results.index import Scan
    from detector.results.index import open_scan as open

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
    "Scan": ("detector.results.index", "Scan"),
    "Template": ("detector.matching.template_match", "Template"),
    "filter": ("detector.filtering.run", "filter_corpus"),
    "open": ("detector.results.index", "open_scan"),
    "read": ("detector.records.reading", "Reader"),
    "scan": ("detector.pipeline", "scan"),
    "scan_documents": ("detector.document_scan", "scan_documents"),
}


def __getattr__(name: str) -> Any:
    """Loads what is asked for: arrays and kernels cost half a second, and ``--help`` needs neither."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _WHERE[name]
    return getattr(import_module(module), attribute)
