"""What each layer computes and what it moves between memory and processor, layer by layer.

The model of traffic: every layer reads its inputs and its stored numbers once and writes its output once; nothing
stays in a cache from one layer to the next. Views, and layers that only train, move nothing. `fused`, a layer that
works element by element and is the only reader of the layer before it is computed by that layer before it writes:
it moves nothing but its own stored numbers, and batch norms that can be folded vanish.

Source: the compulsory traffic of Williams, Waterman & Patterson 2009, Roofline, Communications of the ACM 52(4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .. import dims
from ..graph import Node
from ..layers.base import Operations
from ..precision import bits_of, number_types
from ..report import LayerReport, Report
from .folding import Folding, folding, readers


class Traffic(NamedTuple):
    """Bits that a layer moves: inputs and outputs of one image, and the numbers that it stores."""

    inputs: Any = 0
    outputs: Any = 0
    stored: Any = 0

    def bits(self, batch: Any) -> Any:
        """Of a whole batch: the stored numbers are read once for all its images."""
        return batch * (self.inputs + self.outputs) + self.stored


class Work(NamedTuple):
    """What one layer does for one image: operations by the type of their numbers, and traffic."""

    layer: LayerReport
    tasks: tuple[tuple[str, Operations], ...]
    traffic: Traffic
    leader: LayerReport | None = None  # the layer that computes this one too

    @property
    def flops(self) -> Any:
        """2 for each MAC, 1 for each other operation, whatever the type of the numbers."""
        return sum(operations.flops for _, operations in self.tasks)


def work(report: Report, *, fused: bool = False) -> tuple[Work, ...]:
    """What every layer does, heads left out.

    Raises ArchcalcError for `fused` where layers are repeated by a symbol.

    A 1x1 convolution of c to m channels on h*w positions moves h*w*(c + m) + c*m numbers, equation 1 of Ma et al.
    2018, ShuffleNet V2, arXiv 1807.11164, and its bias:

    >>> from archcalc.analysis import analyze
    >>> (conv,) = work(analyze({"input": [8, 5, 5], "layers": {"conv": {"filters": 4, "kernel": 1}}}, dtype="int8"))
    >>> conv.traffic, conv.traffic.bits(1) // 8, 25*(8 + 4) + 8*4 + 4
    (Traffic(inputs=1600, outputs=800, stored=288), 336, 336)
    """
    types = number_types(report)
    folds = folding(report) if fused else None
    alone = [_alone(layer, types, folds) for layer in report.trunk]
    return _joined(report, alone) if fused else tuple(alone)


def moves_nothing(layer: LayerReport) -> bool:
    """Whether the output is the input's own storage, untouched: a view, or a layer that only trains."""
    return layer.stores == "view" or layer.node.layer.only_trains


def over_rounds(node: Node, value: Any) -> Any:
    """The sum over all rounds of the symbolic repeats around a node whose sizes grow with the round."""
    for index, count in node.series:
        value = dims.total(value, index, count)
    return value


def _alone(layer: LayerReport, types: Mapping[int, str], folds: Folding | None) -> Work:
    """A layer that reads from memory and writes to memory."""
    node = layer.node
    operations = folds.operations(layer) if folds else layer.operations
    tasks = ((types[node.number], operations),) if any(dims.same(n, 0) is not True for n in operations) else ()
    if moves_nothing(layer):
        return Work(layer, tasks, Traffic())
    reads = zip(node.inputs, node.shapes, strict=True)
    read = {number: shape.elements * bits_of(types[number]) for number, shape in reads}
    numbers = layer.cost.parameters + layer.cost.buffers
    if folds:
        numbers = folds.parameters(layer) + folds.buffers(layer)
    if layer.kind == "embedding":  # it looks up one row for each word
        numbers = dims.smin(numbers, layer.cost.outputs)
    written = layer.cost.outputs * bits_of(types[node.number])
    return Work(layer, tasks, Traffic(over_rounds(node, dims.add_up(read.values())), written, numbers * layer.bits))


def _joined(report: Report, alone: list[Work]) -> tuple[Work, ...]:
    """Layers element by element, computed by the one before them."""
    made = {work.layer.node.number: work for work in alone}
    leaders: dict[int, int] = {}
    for work in alone:
        node = work.layer.node
        if not _is_elementwise(work.layer) or not _follows_alone(report, node):
            continue
        if moves_nothing(report.layers[node.inputs[0]]) and node.inputs[0] not in leaders:
            continue  # nothing is computed there, so nothing can be computed with it
        number = leaders[node.number] = leaders.get(node.inputs[0], node.inputs[0])
        leader = made[number]
        moved = leader.traffic._replace(
            outputs=work.traffic.outputs if not moves_nothing(work.layer) else leader.traffic.outputs,
            stored=leader.traffic.stored + work.traffic.stored,
        )
        made[number] = leader._replace(tasks=_merged(leader.tasks, work.tasks), traffic=moved)
        made[node.number] = Work(work.layer, (), Traffic(), leader.layer)
    return tuple(made.values())


def _is_elementwise(layer: LayerReport) -> bool:
    """Whether an output needs nothing but the one input that stands at the same place."""
    kind, node = layer.node.layer, layer.node
    if layer.stores == "view" or kind.joins or kind.mixes or kind.reads != "itself":
        return False
    return kind.window_on(node.x) is None and node.shapes[0] == node.output


def _follows_alone(report: Report, node: Node) -> bool:
    """Whether the node is the only reader of a layer that writes what it reads."""
    number = node.inputs[0]
    return number >= 0 and readers(report, number) == [node.number] and report.layers[number].stores != "view"


def _merged(
    tasks: tuple[tuple[str, Operations], ...], more: tuple[tuple[str, Operations], ...]
) -> tuple[tuple[str, Operations], ...]:
    """Operations on numbers of one type added up."""
    merged = dict(tasks)
    for number_type, operations in more:
        have = merged.get(number_type, Operations())
        merged[number_type] = Operations(*(a + b for a, b in zip(have, operations, strict=True)))
    return tuple(merged.items())
