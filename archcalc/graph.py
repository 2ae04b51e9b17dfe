"""A network as a graph: layers in order, where their inputs come from, names and shapes; all frozen."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from .conditions import Condition
from .entries import Entry
from .layers import Layer
from .naming import Level
from .records import Record, record
from .shapes import Shape
from .spec import Spec


class Node(NamedTuple):
    """One layer of the network, where its inputs come from, and its place in the spec."""

    number: int
    path: str
    layer: Layer
    inputs: tuple[int, ...]  # numbers of nodes; -1, -2, ... are the network's inputs
    shapes: tuple[Shape, ...]  # of the inputs
    output: Shape
    head: str | None
    repeat: Any  # how many times it stands there; a symbol where the spec repeats by one
    series: tuple[tuple[Any, Any], ...]  # (index, count): the sizes hold the index, costs are summed over it
    entry: Entry

    @property
    def x(self) -> Any:
        """What the layer's rules take: the input shape, of joins the tuple of all."""
        return self.shapes if self.layer.joins else self.shapes[0]


class Repeat(NamedTuple):
    """Equal rounds of `length` nodes each, from node `start`; of a repeat by a symbol one round stands there."""

    start: int
    length: int
    rounds: Any

    @property
    def stop(self) -> Any:
        """The first node behind them."""
        return self.start + self.length * self.rounds


@record
class Graph(Record):
    """A network with all sizes known, as ints or as expressions."""

    spec: Spec
    variant: str | None
    settings: Mapping[str, Any]
    inputs: tuple[tuple[str, Shape], ...]
    nodes: tuple[Node, ...]
    root: Level
    repeats: tuple[Repeat, ...]
    heads: tuple[str, ...]
    conditions: tuple[Condition, ...]
    rounds: tuple[Repeat, ...] = ()  # repeats by a symbol: their nodes stand there once

    @cached_property
    def readers(self) -> Mapping[int, tuple[int, ...]]:
        """By the number of a node or input, the nodes that read it."""
        found: dict[int, list[int]] = {}
        for node in self.nodes:
            for number in node.inputs:
                found.setdefault(number, []).append(node.number)
        return MappingProxyType({number: tuple(readers) for number, readers in found.items()})

    def __reduce__(self) -> tuple[Any, ...]:
        return Graph, tuple(getattr(self, name) for name in self.record_fields)

    def __repr__(self) -> str:
        return f"<Graph of {len(self.nodes)} layers>"
