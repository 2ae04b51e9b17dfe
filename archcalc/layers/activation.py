"""Activation functions, element by element.

In place are the ReLU family and those that released networks run in place (SiLU, hard swish); the others are new.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from ..conditions import Condition
from ..errors import ArchcalcError
from ..shapes import Shape
from .base import Layer, Operations, Tensors, layer
from .fields import Ratio, WordField
from .keeping import Kept


def _activations() -> tuple[str, ...]:
    from . import ACTIVATIONS

    return ACTIVATIONS


ActivationKind = Annotated[Any, WordField(lazily=_activations)]


@layer("relu", source="Nair & Hinton 2010")
class ReLU(Layer):
    """max(0, x)."""

    stores = "in place"
    keeps = ("output",)

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(comparisons=y.elements)


@layer("relu6", source="Howard et al. 2017, arXiv 1704.04861")
class ReLU6(Layer):
    """min(max(0, x), 6)."""

    stores = "in place"
    keeps = ("input",)

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(comparisons=2 * y.elements)


@layer("leaky_relu", source="Maas, Hannun & Ng 2013")
class LeakyReLU(Layer):
    """x for x > 0, slope * x below."""

    slope: Ratio = "0.01"

    stores = "in place"
    keeps = ("output",)
    keeps_apart = ("input",)

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(comparisons=y.elements, multiplications=y.elements)


@layer("prelu", source="He et al. 2015, arXiv 1502.01852, sec. 2.1")
class PReLU(Layer):
    """Leaky ReLU with a learned slope for each channel."""

    stores = "in place"
    keeps = ("input",)
    autocast = "half"

    def passing(self, x: Shape, y: Shape) -> Any:
        return y.elements

    def parameters(self, x: Shape) -> Tensors:
        return {"weight": (x.channels,)}

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(comparisons=y.elements, multiplications=y.elements)


@layer("elu", source="Clevert, Unterthiner & Hochreiter 2015, arXiv 1511.07289")
class ELU(Layer):
    """x for x > 0, alpha * (exp(x) - 1) below."""

    stores = "in place"
    keeps = ("output",)
    keeps_apart = ("input",)

    def operations(self, x: Shape, y: Shape) -> Operations:
        n = y.elements
        return Operations(comparisons=n, exponentials=n, additions=n, multiplications=n)


@layer("sigmoid", source="Rumelhart, Hinton & Williams 1986")
class Sigmoid(Layer):
    """1 / (1 + exp(-x))."""

    keeps = ("output",)

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(exponentials=y.elements, additions=y.elements, divisions=y.elements)


@layer("tanh", source="LeCun et al. 1998, Appendix A")
class Tanh(Layer):
    """tanh(x)."""

    keeps = ("output",)

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(exponentials=y.elements)


@layer("scaled_tanh", source="LeCun et al. 1998, Appendix A")
class ScaledTanh(Layer):
    """A * tanh(S * x), with A = 1.7159 and S = 2/3 in LeNet-5."""

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        return (Kept("tanh", y.elements),)

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(exponentials=y.elements, multiplications=2 * y.elements)


@layer("softmax", source="Bridle 1990")
class Softmax(Layer):
    """exp(x_i - max) / sum over the channels of each position."""

    reads = "all"
    keeps = ("output",)
    in_loss = True
    autocast = "float32"

    def operations(self, x: Shape, y: Shape) -> Operations:
        n, groups = y.elements, y.positions
        return Operations(comparisons=n - groups, additions=n + (n - groups), exponentials=n, divisions=n)


@layer("gelu", source="Hendrycks & Gimpel 2016, arXiv 1606.08415")
class GELU(Layer):
    """x/2 * (1 + erf(x / sqrt(2)))."""

    keeps = ("input",)

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(multiplications=3 * y.elements, additions=y.elements, exponentials=y.elements)


@layer("silu", source="Elfwing, Uchibe & Doya 2017, arXiv 1702.03118")
class SiLU(Layer):
    """x * sigmoid(x)."""

    stores = "in place"
    keeps = ("input",)

    def operations(self, x: Shape, y: Shape) -> Operations:
        n = y.elements
        return Operations(exponentials=n, additions=n, divisions=n, multiplications=n)


@layer("hardsigmoid", source="Howard et al. 2019, arXiv 1905.02244, sec. 5.2")
class HardSigmoid(Layer):
    """ReLU6(x + 3) / 6."""

    keeps = ("input",)

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(additions=y.elements, comparisons=2 * y.elements, divisions=y.elements)


@layer("hardswish", source="Howard et al. 2019, arXiv 1905.02244, sec. 5.2")
class HardSwish(Layer):
    """x * ReLU6(x + 3) / 6."""

    stores = "in place"
    keeps = ("input",)

    def operations(self, x: Shape, y: Shape) -> Operations:
        n = y.elements
        return Operations(additions=n, comparisons=2 * n, divisions=n, multiplications=n)


@layer("activation")
class Activation(Layer):
    """One of the activation kinds, by its word: `activation: hardswish`; for kinds that a name decides."""

    kind_: ActivationKind

    def conditions(self, x: Shape) -> Iterator[Condition]:
        raise ArchcalcError("activation stands for another kind")

    def resolved(self) -> Layer:
        from . import find

        cls = find(self.kind_)
        return cls.build(0, {})
