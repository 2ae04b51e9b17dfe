"""One layer of a report in a notebook: what it is, its shapes, and every quantity."""

from __future__ import annotations

from collections.abc import Iterator

from ..quantities import LAYER_QUANTITIES
from ..report import LayerReport
from .lists import grid
from .rows import number_text
from .text import MAX_CELL, markdown_text


def layer(found: LayerReport) -> str:
    """A layer as Markdown."""
    rows = [(name, text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 3]}...") for name, text in _rows(found)]
    title = markdown_text(f"{found.path}: {found.node.layer!r}")
    return f"**{title}**\n\n{grid(('', 'is'), rows, 'markdown', numeric=(1,))}"


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
