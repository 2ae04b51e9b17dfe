"""Pooling: windows without weights, LeNet-5's trainable subsampling, global and adaptive forms."""

from typing import Annotated, Any

from ..dims import gcd, prod, same, smax
from ..readings import Readings, every, portions
from ..shapes import Shape, Window
from .base import Layer, Operations, Tensors, layer, with_fields
from .fields import Flag, Pad, PerAxis, WordField
from .keeping import Kept, Stage

Rounding = Annotated[Any, WordField("floor", "ceil")]


@with_fields
class Pool(Layer):
    """What window pooling shares; the stride is the kernel unless given."""

    kernel: PerAxis
    stride: PerAxis = None
    pad: Pad = 0
    dilation: PerAxis = 1
    round: Rounding = "floor"
    include_pad: Flag = True

    accepts = ("map",)
    keeps = ("input",)

    def window(self) -> Window:
        stride = self.kernel if self.stride is None else self.stride
        return Window(self.kernel, stride, self.pad, self.dilation, ceil=self.round == "ceil")

    def output(self, x: Shape) -> Shape:
        return x.windowed(self.window())


@layer("maxpool", source="Dumoulin & Visin 2016, ch. 3")
class MaxPool(Pool):
    """Maximum of each window."""

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        return (Kept("input"), Kept("indices", y.elements, "index"))

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(comparisons=(prod(self.kernel) - 1) * y.elements)


@layer("avgpool", source="Dumoulin & Visin 2016, ch. 3")
class AvgPool(Pool):
    """Mean of each window; `include_pad` says whether padding counts in the divisor (no count depends on it)."""

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(additions=(prod(self.kernel) - 1) * y.elements, divisions=y.elements)


@layer("l2pool", source="Schroff et al. 2015, FaceNet, arXiv 1503.03832, Table 1")
class L2Pool(Pool):
    """Root of the sum of squares of each window."""

    autocast = "float32"  # of the powers

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        """As lp_pool: the squares too, and of each output the mean, its sign, its absolute value and the sum."""
        return (Kept("input"), Kept("squares", x.elements), Kept("sums", 4 * y.elements))

    def passing(self, x: Shape, y: Shape) -> Any:
        """Most is there at its beginning, or at its end, when the squares and sums are gone."""
        return smax(3 * y.elements - x.elements, 2 * x.elements - 5 * y.elements)

    def operations(self, x: Shape, y: Shape) -> Operations:
        size = prod(self.kernel)
        return Operations(multiplications=size * y.elements, additions=(size - 1) * y.elements, exponentials=y.elements)


@layer("subsample", source="LeCun et al. 1998, sec. II.B")
class Subsample(Layer):
    """LeNet-5's trainable subsampling: the sum of each window times one coefficient plus one bias a map."""

    kernel: PerAxis
    stride: PerAxis = None

    accepts = ("map",)
    weighted = True
    autocast = "widened"

    def window(self) -> Window:
        stride = self.kernel if self.stride is None else self.stride
        rank = len(self.kernel)
        return Window(self.kernel, stride, ((0, 0),) * rank, (1,) * rank)

    def output(self, x: Shape) -> Shape:
        return x.windowed(self.window())

    def parameters(self, x: Shape) -> Tensors:
        return {"weight": (x.channels,), "bias": (x.channels,)}

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        """Average pooling keeps the input, the product with the coefficients their other factor."""
        return (Kept("input", for_input=True), Kept("sums", y.elements))

    def stages(self, x: Shape, y: Shape) -> tuple[Stage, ...]:
        return (Stage("", ("sums",), y.elements), Stage("", ()))

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(multiplications=y.elements, additions=prod(self.kernel) * y.elements)

    def links(self, x: Shape, y: Shape) -> Any:
        return (prod(self.kernel) + 1) * y.elements


@with_fields
class GlobalPool(Layer):
    """What global pooling shares: the window is the whole map."""

    accepts = ("map",)

    def window_on(self, x: Shape) -> Window:
        return Window.over(x.spatial)

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        return (tuple(every(size, axis) for axis, size in enumerate(x.spatial)),)

    def output(self, x: Shape) -> Shape:
        return x.of(x.channels, (1,) * len(x.spatial))


@layer("global_avgpool", source="Lin, Chen & Yan 2013, Network in Network, arXiv 1312.4400, sec. 3.2")
class GlobalAvgPool(GlobalPool):
    """Mean of each map."""

    keeps = ()

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(additions=x.elements - y.elements, divisions=y.elements)


@layer("global_maxpool", source="Lin, Chen & Yan 2013, Network in Network, arXiv 1312.4400, sec. 3.2")
class GlobalMaxPool(GlobalPool):
    """Maximum of each map."""

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        return (Kept("input"), Kept("indices", y.elements, "index"))

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(comparisons=x.elements - y.elements)


@layer("adaptive_avgpool", source="PyTorch documentation, AdaptiveAvgPool2d")
class AdaptiveAvgPool(Layer):
    """Mean over windows chosen for a given output size: window i is floor(i*H/n) .. ceil((i+1)*H/n)."""

    size: PerAxis

    accepts = ("map",)

    def output(self, x: Shape) -> Shape:
        return x.of(x.channels, self.size)

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        sizes = zip(x.spatial, self.size, strict=True)
        return (tuple(portions(size, count, axis) for axis, (size, count) in enumerate(sizes)),)

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        """A single window runs as a mean, which keeps nothing."""
        return () if all(same(size, 1) is True for size in self.size) else (Kept("input"),)

    def operations(self, x: Shape, y: Shape) -> Operations:
        """The windows of an axis hold H + n - gcd(H, n) inputs: neighbours share one where n does not divide."""
        read = prod(size + out - gcd(size, out) for size, out in zip(x.spatial, self.size, strict=True))
        return Operations(additions=x.channels * read - y.elements, divisions=y.elements)
