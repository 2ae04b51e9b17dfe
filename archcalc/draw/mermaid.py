"""The picture as text of Mermaid, which Markdown pages of many sites show as a flowchart."""

from __future__ import annotations

from collections.abc import Iterator

from .diagram import Box, Diagram, colour, identifier, times

PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _,/+-()=:\N{MULTIPLICATION SIGN}")


def mermaid(diagram: Diagram) -> str:
    """The picture as a flowchart; levels are subgraphs.

    >>> import archcalc as ac
    >>> from archcalc.draw.diagram import diagram_of
    >>> print(mermaid(diagram_of(ac.analyze("mlp"))).splitlines()[4])
      layer2["output<br>linear 2"]
    """
    return "\n".join(_lines(diagram))


def _lines(diagram: Diagram) -> Iterator[str]:
    yield "flowchart TB"
    for box in diagram.boxes:
        yield from _box(diagram, box, "  ")
    for source, target, shape in diagram.edges:
        yield f"  {identifier(source)} -->|{_quoted(shape)}| {identifier(target)}"
    leaves = [box for box in diagram.walk() if not box.children]
    yield from _classes(
        "weighted",
        "fill:#e2ecf7,stroke:#4878a8,color:#1b1f24",
        [box for box in leaves if box.is_weighted and not box.devices],
    )
    for device in range(1, diagram.devices + 1):
        held = [box for box in leaves if box.devices == (device,)]
        yield from _classes(f"device{device}", f"fill:{colour(device)},color:#fff", held)
    yield from _classes("shared", "stroke-width:3px", [box for box in leaves if len(box.devices) > 1])


def _classes(name: str, style: str, boxes: list[Box]) -> Iterator[str]:
    if boxes:
        yield f"  classDef {name} {style}"
        yield f"  class {','.join(identifier(box.number) for box in boxes)} {name}"


def _box(diagram: Diagram, box: Box, indent: str) -> Iterator[str]:
    if box.children:
        yield f"{indent}subgraph level{box.number}_{len(indent)}[{_quoted((box.name + times(box)).strip() or ' ')}]"
        for child in box.children:
            yield from _box(diagram, child, indent + "  ")
        yield f"{indent}end"
        return
    first, *others = diagram.lines(box)
    if len(box.devices) > 1:
        others.append("on devices " + ", ".join(map(str, box.devices)))
    yield f"{indent}{identifier(box.number)}[{_quoted(first + times(box), *others)}]"


def _quoted(*lines: str) -> str:
    """Lines as Mermaid takes them: what it might read as markup is written by its number.

    >>> _quoted("<b>", "1. x")
    '"#60;b#62;<br>1#46; x"'
    """
    return '"' + "<br>".join("".join(map(_letter, line)) for line in lines) + '"'


def _letter(letter: str) -> str:
    return letter if letter in PLAIN else f"#{ord(letter)};"
