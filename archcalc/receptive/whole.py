"""Which layers see the whole input with each of their units, exactly: not by their boxes, but by the pixels."""

from __future__ import annotations

from .. import dims
from ..graph import Graph, Node
from ..readings import Rearranged, positions
from . import trace
from .walk import Walk


class Whole:
    """By the number of a node: whether each unit sees every pixel; None where symbols leave it open."""

    def __init__(self, graph: Graph, walk: Walk, source: int) -> None:
        self.graph = graph
        self.walk = walk
        self.source = source
        self.pixels = dims.prod(positions(graph.inputs[-1 - source][1]))
        self.found: dict[int, bool | None] = {}
        self.alike: dict[int, bool] = {}  # whether all units see the same pixels

    def of(self, number: int) -> bool | None:
        """Whether each unit of this node sees every pixel."""
        for current in range(len(self.found), number + 1):
            self.found[current] = self._decided(self.graph.nodes[current])
        return self.found[number]

    def _decided(self, node: Node) -> bool | None:
        if node.number not in self.walk.stages:
            return False
        stage = self.walk.stages[node.number]
        sizes = [self.pixels, *stage.units, *(size for shape in node.shapes for size in positions(shape))]
        if self.graph.rounds or any(type(size) is not int for size in sizes):
            return None
        self.alike[node.number] = dims.prod(stage.units) == 1 or all(
            self._same_pixels(node, branch) for branch, before in enumerate(node.inputs) if before in self.walk.stages
        )
        if any(self.found.get(before) and self._reads(node, branch) for branch, before in enumerate(node.inputs)):
            return True  # what a unit reads sees everything
        if not self.alike[node.number] or (not node.layer.joins and trace.reads_points(self.walk.rules, node)):
            return False
        first = frozenset([(1,) * len(stage.units)])
        seen = trace.seen_from(self.graph, self.walk.rules, self.source, node.number, first)
        return bool(trace.count(seen) == self.pixels)

    def _same_pixels(self, node: Node, branch: int) -> bool:
        """Whether all units see the same through this input: they read the same, or units that see the same."""
        rule = self.walk.rules(node)[branch]
        if not isinstance(rule, Rearranged) and all(reading.is_fixed for reading in rule):
            return True
        return self.alike.get(node.inputs[branch], False) and self._reads(node, branch)

    def _reads(self, node: Node, branch: int) -> bool:
        """Whether each unit reads something of this input, not only padding."""
        return trace.reads_everywhere(self.walk.rules, node, branch)
