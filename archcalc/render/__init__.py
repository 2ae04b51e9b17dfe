"""Output formats: one function for each, registered by name; they read reports and nothing else.

>>> sorted(FORMATS)
['csv', 'html', 'json', 'latex', 'markdown', 'text']
"""

from __future__ import annotations

from importlib import import_module

from ..errors import UsageError, did_you_mean, hinted
from ..report import Report
from .rows import Options

FORMATS = {
    "text": "text",
    "markdown": "text",
    "latex": "text",
    "html": "html",
    "csv": "machine",
    "json": "machine",
}


def render(report: Report, format: str = "text", options: Options | None = None) -> str:
    """The layer table of a report in one of FORMATS."""
    if format not in FORMATS:
        raise UsageError(hinted(f"unknown format '{format}'", did_you_mean(format, FORMATS)))
    module = import_module(f".{FORMATS[format]}", __name__)
    text: str = getattr(module, format)(report, options or Options())
    return text


__all__ = ["FORMATS", "Options", "render"]
