"""One layer of a report: what it is, its shapes, and every quantity."""

from __future__ import annotations

from collections.abc import Iterator

from ..quantities import LAYER_QUANTITIES
from ..report import LayerReport
from .lists import grid
from .rows import number_text
from .text import MAX_CELL, markdown_text


def layer(found: LayerReport, format: str = "text") -> str:
    """A layer as text or Markdown."""
    title = f"{found.path}: {found.node.layer!r}"
    rows = [
        (name, text if len(text) <= 2 * MAX_CELL else f"{text[: 2 * MAX_CELL - 3]}...") for name, text in _rows(found)
    ]
    head = title if format == "text" else f"**{markdown_text(title)}**"
    return f"{head}\n\n{grid(('', 'is'), rows, format, numeric=(1,))}"


def _rows(found: LayerReport) -> Iterator[tuple[str, str]]:
    yield "input", ", ".join(map(str, found.inputs))
    yield "output", str(found.output)
    yield "stores", found.stores
    if found.head is not None:
        yield "head", found.head
    if found.repeat != 1:
        yield "repeat", str(found.repeat)
    for name in LAYER_QUANTITIES:
        yield name, number_text(found[name])
