"""Batch norms that vanish at inference: folded into the convolution or linear layer right in front of them.

y = scale*(W*x + b) + shift is one convolution with the weights scale*W and the bias scale*b + shift. It takes a layer
that is linear in each output channel, and that nobody else reads: others would read the scaled outputs.

Source: Jacob et al. 2017, Quantization and Training of Neural Networks, arXiv 1712.05877, sec. 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..graph import Node
from ..layers.base import Operations
from ..precision import refuse_repeats
from ..records import Record, record
from ..report import LayerReport, Report

LINEAR = ("conv", "depthwise", "linear", "locally_connected", "transposed_conv")


@record
class Folding(Record):
    """Which batch norms are folded, by node number into which layer, and why the others are not, by path."""

    report: Report
    into: Mapping[int, int]
    kept: Mapping[str, str]

    def operations(self, layer: LayerReport) -> Operations:
        """What a layer still does: a folded batch norm nothing, but to add the bias that the layer before lacked."""
        if layer.node.number not in self.into:
            return layer.operations
        return Operations(additions=layer.cost.outputs if self._brings_bias(layer) else 0)

    def parameters(self, layer: LayerReport) -> Any:
        """What a layer still has learned: of a folded batch norm its shift, if that is now the bias."""
        if layer.node.number not in self.into:
            return layer.cost.parameters
        return layer.cost.biases if self._brings_bias(layer) else 0

    def buffers(self, layer: LayerReport) -> Any:
        """What a layer still stores beside."""
        return 0 if layer.node.number in self.into else layer.cost.buffers

    def _brings_bias(self, layer: LayerReport) -> bool:
        before: Any = self.report.graph.nodes[self.into[layer.node.number]].layer
        return not before.bias


def folding(report: Report) -> Folding:
    """Which batch norms of a network can be folded; those of side outputs are no part of inference.

    Raises ArchcalcError where layers are repeated by a symbol.

    >>> from archcalc.analysis import analyze
    >>> found = folding(analyze("densenet121"))
    >>> len(found.into), len(found.kept), next(iter(found.kept.values()))
    (59, 62, 'pooling is a maxpool')
    """
    refuse_repeats(report, "folding")
    into, kept = {}, {}
    for layer in report.trunk:
        if layer.kind == "batchnorm":
            why = _obstacle(report, layer.node)
            if why:
                kept[layer.path] = why
            else:
                into[layer.node.number] = layer.node.inputs[0]
    return Folding(report, into, kept)


def _obstacle(report: Report, node: Node) -> str:
    """Why a batch norm cannot be folded; empty if it can."""
    number = node.inputs[0]
    if number < 0:
        return "it reads the input"
    before = report.graph.nodes[number]
    if before.layer.kind not in LINEAR:
        kind = before.layer.kind
        return f"{before.path} is {'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    others = [other for other in readers(report, number) if other != node.number]
    return f"{report.graph.nodes[others[0]].path} reads {before.path} too" if others else ""


def readers(report: Report, number: int) -> list[int]:
    """The layers that read a node at inference, those of side outputs left out."""
    nodes = report.graph.nodes
    return [reader for reader in report.graph.readers.get(number, ()) if nodes[reader].head is None]
