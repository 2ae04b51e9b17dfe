"""Layers that scale or drop: regularisation while training, little or nothing at inference."""

from ..shapes import Shape
from .base import Layer, Operations, Tensors, layer
from .fields import Rate, Ratio


@layer("dropout", source="Srivastava et al. 2014")
class Dropout(Layer):
    """Drops each element with probability `rate` while training; nothing at inference."""

    rate: Rate = "0.5"

    stores = "in place"
    only_trains = True


@layer("stochastic_depth", source="Huang et al. 2016, arXiv 1603.09382")
class StochasticDepth(Layer):
    """Drops the whole branch of an image with probability `rate` while training; nothing at inference."""

    rate: Rate = "0.5"

    stores = "in place"
    only_trains = True


@layer("layer_scale", source="Touvron et al. 2021, arXiv 2103.17239, sec. 3")
class LayerScale(Layer):
    """A learned factor for each channel."""

    def parameters(self, x: Shape) -> Tensors:
        return {"weight": (x.channels,)}

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(multiplications=y.elements)


@layer("scale", source="Szegedy et al. 2016, arXiv 1602.07261, sec. 3.3")
class Scale(Layer):
    """A constant factor."""

    factor: Ratio

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(multiplications=y.elements)
