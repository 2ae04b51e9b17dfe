"""A graph as a spec without blocks, names or repeats: every layer by its path.

The result is a spec of its own: reading it gives the same layers with the same paths and figures.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import UsageError
from ..graph import Node
from ..report import Report
from ..yamlsrc import scalar


def expand(report: Report) -> str:
    """The YAML text; UsageError where symbols are left."""
    graph = report.graph
    if report.symbols:
        raise UsageError("--expanded needs numbers; set every symbol")
    lines = [f"title: {_quoted(graph.spec.title)}"] if graph.spec.title else []
    lines.extend([f"cite: {_quoted(graph.spec.cite)}"] if graph.spec.cite else [])
    sizes = {name: f"[{', '.join(map(str, shape.axes))}]" for name, shape in graph.inputs}
    if len(sizes) == 1:
        lines.append(f"input: {next(iter(sizes.values()))}")
    else:
        lines.append(f"input: {{{', '.join(f'{name}: {size}' for name, size in sizes.items())}}}")
    lines.append("layers:")
    names = [name for name, _ in graph.inputs]
    start = -1 if len(names) == 1 else None
    lines.extend(_chain(graph.nodes, names, start))
    return "\n".join(lines)


def _chain(nodes: tuple[Node, ...], inputs: list[str], here: int | None) -> Iterator[str]:
    """The entries of a chain; a `from` where a node does not follow on the one before."""
    trunk = here
    number = 0
    while number < len(nodes):
        node = nodes[number]
        if node.head is None:
            yield from _entry(node, nodes, inputs, trunk, "  ")
            trunk = node.number
            number += 1
            continue
        stop = number
        while stop < len(nodes) and nodes[stop].head == node.head:
            stop += 1
        yield f"  - head: {_name(node.head)}"
        yield "    do:"
        inside = trunk
        for member in nodes[number:stop]:
            yield from _entry(member, nodes, inputs, inside, "      ", prefix=f"{node.head}.")
            inside = member.number
        number = stop


def _entry(
    node: Node, nodes: tuple[Node, ...], inputs: list[str], here: int | None, indent: str, prefix: str = ""
) -> Iterator[str]:
    name = _name(node.path.removeprefix(prefix))

    def called(index: int) -> str:
        return _name(inputs[-1 - index] if index < 0 else nodes[index].path.removeprefix(prefix))

    if node.layer.joins:
        yield f"{indent}- name: {name}"
        axis = getattr(node.layer, "axis", None)
        if axis is not None:
            yield f"{indent}  axis: {axis}"
        yield f"{indent}  {node.layer.kind}:"
        for number, index in enumerate(node.inputs):
            yield f"{indent}    {_branch(node, number)}: {{from: {called(index)}}}"
        return
    if node.inputs[0] != here:
        yield f"{indent}- from: {called(node.inputs[0])}"
    arguments = ", ".join(
        f"{key}: {node.layer.schema[key].written(value)}" for key, value in node.layer.arguments().items()
    )
    yield f"{indent}- name: {name}"
    yield f"{indent}  {node.layer.kind}: {{{arguments}}}" if arguments else f"{indent}  {node.layer.kind}:"


def _branch(node: Node, number: int) -> str:
    branches = getattr(node.entry, "branches", ())
    return str(branches[number][0]) if number < len(branches) else f"branch{number + 1}"


def _quoted(text: str) -> str:
    return "'" + " ".join(text.split()).replace("'", "''") + "'"


def _name(text: str) -> str:
    """A name as YAML takes it for text: quoted where it looks like a number or a truth value."""
    return text if type(scalar(text)) is str else _quoted(text)
