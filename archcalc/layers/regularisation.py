"""Layers that scale or drop: regularisation while training, little or nothing at inference."""

from typing import Any

from ..dims import same
from ..shapes import Shape
from .base import Layer, Operations, Tensors, layer
from .fields import Rate, Ratio
from .keeping import Kept


@layer("dropout", source="Srivastava et al. 2014")
class Dropout(Layer):
    """Drops each element with probability `rate` while training; nothing at inference."""

    rate: Rate = "0.5"

    stores = "in place"
    only_trains = True

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        """A factor for each element, or a byte that says whether it is dropped."""
        if same(self.rate, 0):
            return ()
        return (Kept("noise", x.elements, only="torch-cpu"), Kept("mask", x.elements, "mask", only="torch-cuda"))


@layer("stochastic_depth", source="Huang et al. 2016, arXiv 1603.09382")
class StochasticDepth(Layer):
    """Drops the whole branch of an image with probability `rate` while training; nothing at inference."""

    rate: Rate = "0.5"

    stores = "in place"
    only_trains = True

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        """A factor for each image."""
        return () if same(self.rate, 0) else (Kept("noise", 1),)


@layer("layer_scale", source="Touvron et al. 2021, arXiv 2103.17239, sec. 3")
class LayerScale(Layer):
    """A learned factor for each channel."""

    keeps = ("input",)
    autocast = "widened"

    def passing(self, x: Shape, y: Shape) -> Any:
        return y.elements

    def parameters(self, x: Shape) -> Tensors:
        return {"weight": (x.channels,)}

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(multiplications=y.elements)


@layer("scale", source="Szegedy et al. 2016, arXiv 1602.07261, sec. 3.3")
class Scale(Layer):
    """A constant factor."""

    factor: Ratio

    keeps = ()

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(multiplications=y.elements)
