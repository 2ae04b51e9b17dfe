"""Output formats: one function for each, registered by name; they read reports and nothing else.

>>> sorted(FORMATS)
['csv', 'html', 'json', 'latex', 'markdown', 'text']
"""

from __future__ import annotations

from importlib import import_module

from ..report import Report
from .formats import check_format
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
    check_format(format, FORMATS)
    module = import_module(f".{FORMATS[format]}", __name__)
    text: str = getattr(module, format)(report, options or Options())
    return text


__all__ = ["FORMATS", "Options", "render"]
