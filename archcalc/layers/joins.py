"""Joins of named branches: concat, add, multiply, matmul. Their rules get the tuple of all input shapes."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from ..conditions import Condition, equal
from ..dims import prod, same, smax, smin
from ..errors import ArchcalcError
from ..readings import Readings, every, only, point, positions, shifted
from ..shapes import Shape
from .base import Channels, Layer, Operations, layer, with_fields
from .fields import Axis

Shapes = tuple[Shape, ...]


@with_fields
class Join(Layer):
    """What joins share: two or more inputs of one layout."""

    joins = True

    def conditions(self, x: Shapes) -> Iterator[Condition]:
        for first, other in pairwise(x):
            if first.layout != other.layout or len(first.axes) != len(other.axes):
                raise ArchcalcError("shapes differ: {}")
        yield from self.agreement(x)

    def agreement(self, x: Shapes) -> Iterator[Condition]:
        """Which axes must be equal."""
        for first, other in pairwise(x):
            for a, b in zip(first.axes, other.axes, strict=True):
                yield equal(a, b, "shapes differ: {}")


@layer("concat")
class Concat(Join):
    """The branches one behind the other along the channels, or along `axis` of the printed shape."""

    axis: Axis = None

    keeps = ()
    gradient = "cut"

    def _axis(self, x: Shapes) -> int:
        if self.axis is None:
            return len(x[0].axes) - 1 if x[0].channels_last else 0
        if self.axis >= len(x[0].axes):
            raise ArchcalcError(f"axis {self.axis} is not one of the {len(x[0].axes)} axes of {x[0]}")
        return int(self.axis)

    def agreement(self, x: Shapes) -> Iterator[Condition]:
        along = self._axis(x)
        for first, other in pairwise(x):
            for axis, (a, b) in enumerate(zip(first.axes, other.axes, strict=True)):
                if axis != along:
                    yield equal(a, b, f"shapes differ on axis {axis}: {{}}")

    def reads_channels(self, x: Shapes, channels: Channels) -> tuple[Channels, ...]:
        if self._axis(x) != (len(x[0].axes) - 1 if x[0].channels_last else 0):
            return (channels,) * len(x)
        found, start = [], 0
        for shape in x:
            found.append(tuple((smax(a - start, 0), smin(b - start, shape.channels)) for a, b in channels))
            start = start + shape.channels
        return tuple(found)

    def output(self, x: Shapes) -> Shape:
        along = self._axis(x)
        axes = list(x[0].axes)
        for other in x[1:]:
            axes[along] = axes[along] + other.axes[along]
        return Shape(tuple(axes), x[0].channels_last)

    def readings(self, x: Shapes, y: Shape) -> tuple[Readings, ...]:
        """Along an axis of positions each one is of one branch; along the channels it holds numbers of all."""
        along = self._axis(x) - (0 if y.channels_last or y.layout == "vector" else 1)
        made, start = [], 0
        for shape in x:
            axes = range(len(positions(shape)))
            made.append(tuple(shifted(-start, axis, inside=True) if axis == along else point(axis) for axis in axes))
            if along in axes:
                start = start + positions(shape)[along]
        return tuple(made)


@layer("dense_concat", source="Huang et al. 2016, DenseNet, arXiv 1608.06993, equation 2")
class DenseConcat(Concat):
    """As `concat`; but a branch that is a `dense_concat` itself is read from its own branches.

    So the maps of all layers before are kept, and each concatenation only while layers read it: [x_0, ..., x_l] is
    made anew for each layer, as in torchvision. With `concat` the one before would be kept in place of its branches.
    """

    reads_parts = True


@layer("add", source="He et al. 2015, arXiv 1512.03385, sec. 3.2")
class Add(Join):
    """The sum of branches of equal shape."""

    keeps = ()
    gradient = "passed"

    def output(self, x: Shapes) -> Shape:
        return x[0]

    def operations(self, x: Shapes, y: Shape) -> Operations:
        return Operations(additions=(len(x) - 1) * y.elements)


@layer("multiply", source="Hu, Shen & Sun 2017, Squeeze-and-Excitation Networks, arXiv 1709.01507, sec. 3")
class Multiply(Join):
    """The product of branches; an axis of 1 is stretched to the others'."""

    keeps = ("input",)

    def passing(self, x: Shapes, y: Shape) -> Any:
        """The gradient of a stretched branch is as large as the output before it is added up."""
        return sum(0 if same(shape.elements, y.elements) else y.elements for shape in x)

    def agreement(self, x: Shapes) -> Iterator[Condition]:
        for sizes in zip(*(shape.axes for shape in x), strict=True):
            large = [size for size in sizes if same(size, 1) is not True]
            for a, b in pairwise(large):
                yield equal(a, b, "shapes differ: {}")

    def output(self, x: Shapes) -> Shape:
        axes = []
        for sizes in zip(*(shape.axes for shape in x), strict=True):
            axes.append(next((size for size in sizes if same(size, 1) is not True), sizes[0]))
        return Shape(tuple(axes), x[0].channels_last)

    def reads_channels(self, x: Shapes, channels: Channels) -> tuple[Channels, ...]:
        return tuple(((0, 1),) if same(shape.channels, 1) else channels for shape in x)

    def readings(self, x: Shapes, y: Shape) -> tuple[Readings, ...]:
        """A stretched axis is read at its only position."""
        made = []
        for shape in x:
            pairs = enumerate(zip(positions(shape), positions(y), strict=True))
            made.append(tuple(point(k) if same(size, whole) is not False else only(0, k) for k, (size, whole) in pairs))
        return tuple(made)

    def operations(self, x: Shapes, y: Shape) -> Operations:
        return Operations(multiplications=(len(x) - 1) * y.elements)


@layer("matmul")
class MatMul(Join):
    """The matrix product over the last two axes, [..., n, k] times [..., k, m]."""

    reads = "all"
    mixes = True
    keeps = ("input",)
    autocast = "half"

    def agreement(self, x: Shapes) -> Iterator[Condition]:
        if len(x) != 2:
            raise ArchcalcError(f"matmul has two branches, not {len(x)}")
        left, right = x
        if len(left.axes) < 2:
            raise ArchcalcError("matmul takes shapes with two or more axes: {}")
        yield equal(left.axes[-1], right.axes[-2], "inner sizes differ: {}")
        for a, b in zip(left.axes[:-2], right.axes[:-2], strict=True):
            yield equal(a, b, "shapes differ: {}")

    def output(self, x: Shapes) -> Shape:
        left, right = x
        return Shape((*left.axes[:-1], right.axes[-1]), left.channels_last)

    def readings(self, x: Shapes, y: Shape) -> tuple[Readings, ...]:
        """A row of the left and a column of the right, so far as these axes are positions."""
        first = 0 if y.channels_last else 1
        summed = (len(y.axes) - 1 - first, len(y.axes) - 2 - first)
        last = len(positions(y)) - 1
        return tuple(
            tuple(
                every(size, min(axis, last)) if axis == along else point(axis)
                for axis, size in enumerate(positions(shape))
            )
            for shape, along in zip(x, summed, strict=True)
        )

    def operations(self, x: Shapes, y: Shape) -> Operations:
        return Operations(macs=prod((y.elements, x[0].axes[-1])))
