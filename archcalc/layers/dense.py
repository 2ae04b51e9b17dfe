"""Layers that connect every input with every output: linear, maxout, radial basis functions."""

from typing import Any

from ..shapes import Shape
from .base import Layer, Operations, Tensors, layer, with_fields
from .fields import Dim, Flag
from .keeping import Kept


@with_fields
class Dense(Layer):
    """What they share: `units` outputs from all channels, at every position of tokens."""

    units: Dim

    accepts = ("vector", "tokens")
    reads = "all"
    weighted = True
    depth = 1
    keeps = ("input",)
    autocast = "half"

    def output(self, x: Shape) -> Shape:
        return x.with_channels(self.units)

    def dealt(self, x: Shape) -> tuple[Any, ...]:
        return (self.units,)

    def keeps_copy(self, name: str, input_needs: bool) -> bool:
        return input_needs and name == "weight"


@layer("linear", source="Rumelhart, Hinton & Williams 1986")
class Linear(Dense):
    """Fully connected layer over the channels of a vector or of each token."""

    bias: Flag = True

    def parameters(self, x: Shape) -> Tensors:
        bias = {"bias": (self.units,)} if self.bias else {}
        return {"weight": (self.units, x.channels), **bias}

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(macs=x.channels * y.elements, additions=self.bias * y.elements)

    def links(self, x: Shape, y: Shape) -> Any:
        return x.channels * y.elements + self.bias * y.elements


@layer("maxout", source="Goodfellow et al. 2013, arXiv 1302.4389, sec. 2")
class Maxout(Dense):
    """The maximum of `pieces` linear layers."""

    pieces: Dim = 2
    bias: Flag = True

    def parameters(self, x: Shape) -> Tensors:
        rows = self.units * self.pieces
        return {"weight": (rows, x.channels), **({"bias": (rows,)} if self.bias else {})}

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        return (Kept("input"), Kept("indices", y.elements, "index"))

    def operations(self, x: Shape, y: Shape) -> Operations:
        candidates = self.pieces * y.elements
        return Operations(
            macs=x.channels * candidates,
            additions=self.bias * candidates,
            comparisons=(self.pieces - 1) * y.elements,
        )

    def links(self, x: Shape, y: Shape) -> Any:
        candidates = self.pieces * y.elements
        return x.channels * candidates + self.bias * candidates


@layer("rbf", source="LeCun et al. 1998, sec. II.B")
class RadialBasis(Dense):
    """Euclidean radial basis functions with fixed centres: sum over j of (x_j - w_ij)^2, as in LeNet-5."""

    autocast = "float32"  # of the squares

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        return (Kept("differences", x.channels * y.elements),)

    def buffers(self, x: Shape) -> Tensors:
        return {"centres": (self.units, x.channels)}

    def operations(self, x: Shape, y: Shape) -> Operations:
        links = x.channels * y.elements
        return Operations(multiplications=links, additions=links + (x.channels - 1) * y.elements)

    def links(self, x: Shape, y: Shape) -> Any:
        return x.channels * y.elements
