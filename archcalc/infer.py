"""Graph -> what every layer costs: one run of the layer's rules on its shapes."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import dims
from .errors import ArchcalcError, SpecError
from .graph import Graph
from .layers import Layer, Operations
from .shapes import Shape


class Cost(NamedTuple):
    """The counts of one layer, for one image, standing there once."""

    parameters: Any
    weights: Any
    biases: Any
    buffers: Any
    operations: Operations
    activations: Any
    outputs: Any
    neurons: Any
    connections: Any
    dropped: tuple[Any, ...]


def infer(graph: Graph) -> tuple[Cost, ...]:
    """The costs of every node. Copies of a node share layer and shapes, and so the result."""
    known: dict[tuple[int, int], Cost] = {}
    costs = []
    for node in graph.nodes:
        key = (id(node.layer), id(node.shapes))
        cost = known.get(key)
        if cost is None:
            try:
                known[key] = cost = _summed(cost_of(node.layer, node.x, node.output), node.series)
            except ArchcalcError as error:
                hint = "give the repeat around it a number" if node.series else ""
                source, path = node.entry.source, node.entry.path
                raise SpecError([source.problem(str(error), source.mark(path), node.path, hint)]) from error
        costs.append(cost)
    return tuple(costs)


def cost_of(layer: Layer, x: Any, y: Shape) -> Cost:
    """Run the rules of a layer; ArchcalcError where one of a user's own kind does not give counts.

    `x` is the input shape, of joins the tuple of all; with shapes and a layer of `Term`s the costs explain themselves.
    """
    if layer.__module__.startswith("archcalc.layers."):
        return _cost(layer, x, y)
    try:
        cost = _cost(layer, x, y)
    except (AttributeError, TypeError, ValueError, ArithmeticError) as error:
        raise ArchcalcError(f"a rule of layer kind '{layer.kind}' fails: {error}") from error
    for name, count in zip(Cost._fields, cost, strict=True):
        parts = count if isinstance(count, tuple) else (count,)
        if not all((dims.is_number(part) and dims.is_whole(part)) or dims.is_symbolic(part) for part in parts):
            raise ArchcalcError(f"layer kind '{layer.kind}': {name} {count} is not a whole number")
    return cost


def _cost(layer: Layer, x: Any, y: Shape) -> Cost:
    tensors = layer.parameters(x)
    weights, biases = 0, 0
    for name, axes in tensors.items():
        if name == "bias" or name.endswith(".bias"):
            biases = biases + dims.prod(axes)
        else:
            weights = weights + dims.prod(axes)
    outputs = y.elements
    return Cost(
        parameters=weights + biases,
        weights=weights,
        biases=biases,
        buffers=sum(dims.prod(axes) for axes in layer.buffers(x).values()),
        operations=layer.operations(x, y),
        activations=outputs if layer.stores == "new" else 0,
        outputs=outputs,
        neurons=outputs if layer.weighted else 0,
        connections=layer.links(x, y) if layer.weighted else 0,
        dropped=layer.dropped(x),
    )


def _summed(cost: Cost, series: tuple[tuple[Any, Any], ...]) -> Cost:
    """The costs of all rounds of the symbolic repeats around a node whose sizes grow with the round."""
    for index, count in series:
        cost = Cost(
            *(
                value
                if name == "dropped"
                else Operations(*(dims.total(part, index, count) for part in value))
                if name == "operations"
                else dims.total(value, index, count)
                for name, value in zip(Cost._fields, cost, strict=True)
            )
        )
    return cost
