"""The picture as text of the DOT language, for Graphviz and what reads it."""

from __future__ import annotations

from collections.abc import Iterator

from .diagram import Box, Diagram, colour, identifier, times


def dot(diagram: Diagram) -> str:
    """The picture as a digraph; levels are clusters.

    >>> import archcalc as ac
    >>> from archcalc.draw.diagram import diagram_of
    >>> print(dot(diagram_of(ac.analyze("mlp"))).splitlines()[-3])
      layer1 -> layer2 [label="3"]
    """
    return "\n".join(_lines(diagram))


def _lines(diagram: Diagram) -> Iterator[str]:
    yield f"digraph {_quoted(diagram.report.name)} {{"
    yield '  node [shape=box, style="rounded,filled", fillcolor="#ffffff", fontname="Helvetica", fontsize=11]'
    yield '  edge [fontname="Helvetica", fontsize=10]'
    yield '  graph [fontname="Helvetica", fontsize=11, style=rounded, color="#8c959f", labeljust=l]'
    for box in diagram.boxes:
        yield from _box(diagram, box, "  ")
    for source, target, shape in diagram.edges:
        yield f"  {identifier(source)} -> {identifier(target)} [label={_quoted(shape)}]"
    yield "}"


def _box(diagram: Diagram, box: Box, indent: str) -> Iterator[str]:
    if box.children:
        yield f"{indent}subgraph cluster_{box.number}_{len(indent)} {{"
        yield f"{indent}  label={_quoted((box.name + times(box)).strip())}"
        for child in box.children:
            yield from _box(diagram, child, indent + "  ")
        yield f"{indent}}}"
        return
    first, *others = diagram.lines(box)
    parts = [f"label={_quoted(chr(10).join([first + times(box), *others]))}"]
    if box.devices:
        colours = ":".join(colour(device) for device in box.devices)
        parts.append(f'style={"striped" if len(box.devices) > 1 else "filled"}, fillcolor="{colours}"')
    elif box.is_weighted:
        parts.append('fillcolor="#e2ecf7"')
    yield f"{indent}{identifier(box.number)} [{', '.join(parts)}]"


def _quoted(text: str) -> str:
    """A text as DOT takes it, whatever is in it; lines are centred.

    >>> print(_quoted('a "b"' + chr(92) + chr(10) + "c"))
    "a \\"b\\"\\\\\\nc"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
