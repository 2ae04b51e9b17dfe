"""Normalisation: over the batch's statistics, over parts of one image, over neighbouring maps."""

from collections.abc import Iterator
from typing import Any

from ..conditions import Condition, divides
from ..dims import exact_div, floordiv, prod, same, smax, smin
from ..readings import Readings, blocks, sliding
from ..shapes import Shape, Window
from .base import Channels, Layer, Operations, Tensors, layer, with_fields
from .fields import Dim, Flag, PerAxis, Ratio
from .keeping import Kept


@with_fields
class Affine(Layer):
    """What they share: a learned scale and shift for each channel."""

    affine: Flag = True

    def parameters(self, x: Shape) -> Tensors:
        return {"weight": (x.channels,), "bias": (x.channels,)} if self.affine else {}


@layer("batchnorm", source="Ioffe & Szegedy 2015, arXiv 1502.03167, sec. 3")
class BatchNorm(Affine):
    """Batch normalisation over the channels, at inference: one multiplication and one addition an element."""

    def buffers(self, x: Shape) -> Tensors:
        return {"running_mean": (x.channels,), "running_var": (x.channels,)}

    def constants(self, x: Shape) -> tuple[Kept, ...]:
        return (Kept("num_batches_tracked", 1, "index"),)

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        return (Kept("input"), Kept("statistics", 2 * x.channels, "statistic", per_image=False))

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(multiplications=y.elements, additions=y.elements)


class Moments(Affine):
    """Mean and variance over groups of numbers of one image."""

    reads = "all"
    autocast = "float32"

    def groups_in(self, x: Shape) -> Any:
        """How many groups are normalised apart."""
        return x.positions

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        return (Kept("input"), Kept("statistics", 2 * self.groups_in(x), "statistic"))

    def operations(self, x: Shape, y: Shape) -> Operations:
        """With n numbers a group: mean n-1 additions, variance n-1 additions and n squares, then n differences
        and n products with 1/deviation."""
        groups = self.groups_in(x)
        return Operations(
            multiplications=2 * y.elements + self.affine * y.elements,
            additions=2 * (y.elements - groups) + y.elements + self.affine * y.elements,
            divisions=3 * groups,
            exponentials=groups,
        )


@layer("layernorm", source="Ba, Kiros & Hinton 2016, arXiv 1607.06450, sec. 3")
class LayerNorm(Moments):
    """Layer normalisation over the channels of each position."""


@layer("groupnorm", source="Wu & He 2018, arXiv 1803.08494, sec. 3")
class GroupNorm(Moments):
    """Group normalisation: over each of `groups` parts of the channels and all positions."""

    groups: Dim

    reads = "group"
    mixes = True

    def conditions(self, x: Shape) -> Iterator[Condition]:
        yield divides(
            self.groups, x.channels, f"groups {self.groups} does not divide the {x.channels} channels; choose a divisor"
        )

    def groups_in(self, x: Shape) -> Any:
        return self.groups

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        """The numbers of a vector read those of their group."""
        if x.layout == "vector" and not same(self.groups, 1):
            return ((blocks(exact_div(x.channels, self.groups)),),)
        return super().readings(x, y)


@layer("instancenorm", source="Ulyanov, Vedaldi & Lempitsky 2016, arXiv 1607.08022")
class InstanceNorm(Moments):
    """Instance normalisation: over the positions of each channel."""

    accepts = ("map",)
    reads = "itself"
    mixes = True
    autocast = "as given"

    def groups_in(self, x: Shape) -> Any:
        return x.channels

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        """It runs as batch normalisation of one image with N*C channels, for which the weights are repeated."""
        kept = super().saved(x, y)
        return (*kept, Kept("weights of each image", x.channels)) if self.affine else kept


@layer("rmsnorm", source="Zhang & Sennrich 2019, arXiv 1910.07467, sec. 4")
class RMSNorm(Layer):
    """Root-mean-square normalisation over the channels of each position, with a learned scale."""

    reads = "all"
    autocast = "float32"

    def parameters(self, x: Shape) -> Tensors:
        return {"weight": (x.channels,)}

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        """The scale needs the normalised numbers, the input itself and the roots as well."""
        return (
            Kept("input", for_input=True),
            Kept("roots", x.positions, for_input=True),
            Kept("normalised", x.elements),
        )

    def passing(self, x: Shape, y: Shape) -> Any:
        """The roots are gone when most is there."""
        return 2 * x.elements - x.positions

    def operations(self, x: Shape, y: Shape) -> Operations:
        groups = x.positions
        return Operations(
            multiplications=3 * y.elements,
            additions=y.elements - groups,
            divisions=2 * groups,
            exponentials=groups,
        )


@layer("l2norm", source="Schroff et al. 2015, FaceNet, arXiv 1503.03832, sec. 3")
class L2Norm(Layer):
    """L2 normalisation: the channels of each position divided by the root of their sum of squares."""

    reads = "all"
    autocast = "widened"  # by the lengths

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        """The input, the lengths, and the lengths kept away from zero."""
        return (Kept("input"), Kept("lengths", 2 * x.positions, "wide"))

    def passing(self, x: Shape, y: Shape) -> Any:
        return 3 * x.elements

    def operations(self, x: Shape, y: Shape) -> Operations:
        """With n numbers a position: n squares and n-1 additions, a root, then n products with 1/length."""
        return Operations(
            multiplications=2 * y.elements,
            additions=y.elements - x.positions,
            divisions=x.positions,
            exponentials=x.positions,
        )


@layer("local_response_norm", source="Krizhevsky, Sutskever & Hinton 2012, sec. 3.3")
class LocalResponseNorm(Layer):
    """Local response normalisation over `size` neighbouring maps: x / (bias + alpha * sum of squares)^beta."""

    size: Dim = 5
    alpha: Ratio = "0.0001"
    beta: Ratio = "0.75"
    bias: Ratio = 2

    reads = "neighbours"
    accepts = ("map",)
    autocast = "widened"  # by the power

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        """The input, its squares between maps of zeros, their sums over `size` maps, and the power of these."""
        return (
            Kept("input"),
            Kept("squares", (x.channels + self.size - 1) * x.positions),
            Kept("sums", x.elements, "wide"),
            Kept("powers", x.elements, "wide"),
        )

    def passing(self, x: Shape, y: Shape) -> Any:
        return 3 * x.elements

    def reads_channels(self, x: Shape, channels: Channels) -> tuple[Channels, ...]:
        before = floordiv(self.size, 2)
        after = self.size - 1 - before
        return (tuple((smax(a - before, 0), smin(b + after, x.channels)) for a, b in channels),)

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(
            multiplications=2 * y.elements,
            additions=self.size * y.elements,
            divisions=y.elements,
            exponentials=y.elements,
        )


@layer("local_contrast_norm", source="Jarrett et al. 2009, What is the best multi-stage architecture, sec. 2")
class LocalContrastNorm(Layer):
    """Subtractive, then divisive normalisation by a weighted window over all maps."""

    size: PerAxis

    reads = "all"
    accepts = ("map",)

    def window_on(self, x: Shape) -> Window:
        ones = (1,) * len(x.spatial)
        return Window(self.size, ones, None, ones)

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        """The deviation sums squares of neighbours, and each of these is less the mean of its own neighbours."""
        window = self.window_on(x)
        pairs = ((axis, 2 * window.padding(axis, size)[0]) for axis, size in enumerate(x.spatial))
        return (tuple(sliding(2 * self.size[axis] - 1, begin=begin, axis=axis) for axis, begin in pairs),)

    def operations(self, x: Shape, y: Shape) -> Operations:
        """Both weighted sums run over all C maps of a window, once a position; the divisor is at least its mean."""
        window = prod(self.size) * x.channels
        positions = y.positions
        return Operations(
            multiplications=2 * window * positions + y.elements,
            additions=2 * (window - 1) * positions + y.elements + positions - 1,
            comparisons=positions,
            divisions=y.elements + 1,
            exponentials=positions,
        )
