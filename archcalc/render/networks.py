"""What a network is before anything is computed: title, paper, inputs, lets, variants, blocks, and its problems."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import SpecError, shown
from ..network import Network
from .lists import grid
from .text import markdown_text


def about(network: Network, format: str = "text") -> str:
    """A network as text or Markdown: a small table, and above it what is wrong with the spec, if anything is."""
    spec = network.spec
    name = shown(network.name)
    title = f"{name}: {shown(spec.title, 200)}" if spec.title and spec.title != network.name else name
    lines = [title, *([shown(spec.cite, 400)] if spec.cite else [])]
    if format == "markdown":
        lines = [f"**{markdown_text(title)}**", *map(markdown_text, lines[1:])]
    rows = [(what, shown(text, 200)) for what, text in _rows(network)]
    parts = ["\n".join(lines) if format == "text" else "  \n".join(lines), grid(("", "is"), rows, format)]
    if spec.problems:
        told = str(SpecError(spec.problems))
        parts.insert(1, told if format == "text" else "\n".join(f"    {line}" for line in told.splitlines()))
    return "\n\n".join(parts)


def _rows(network: Network) -> Iterator[tuple[str, str]]:
    spec = network.spec
    for name, sizes in spec.inputs:
        yield "input" if len(spec.inputs) == 1 else f"input {name}", f"[{', '.join(map(str, sizes))}]"
    row = spec.variants.get(network.variant or "", {})
    for name, value in {**dict(spec.let), **row}.items():
        yield f"let {name}", str(value)
    if spec.variants:
        yield "variants", ", ".join(spec.variants)
    for block in spec.blocks.values():
        taken = ", ".join(name if value is None else f"{name}={value}" for name, value in block.takes)
        yield f"block {block.name}", f"takes {taken}" if taken else "takes nothing"
    yield "layers", f"{len(spec.layers):,} entr{'y' if len(spec.layers) == 1 else 'ies'}"
