"""Convolutions: full, grouped, partially connected, depthwise, transposed and locally connected."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from ..conditions import Condition, at_least, divides, equal
from ..dims import exact_div, prod, same
from ..errors import ArchcalcError
from ..shapes import Shape, Window
from .base import Channels, Layer, Operations, Tensors, layer, with_fields
from .fields import Dim, Flag, Pad, PerAxis, PerAxisNatural, Table


@with_fields
class Sliding(Layer):
    """What all layers share that slide a kernel of weights over a map."""

    kernel: PerAxis
    stride: PerAxis = 1
    pad: Pad = 0
    bias: Flag = True

    accepts = ("map",)
    reads = "group"
    weighted = True
    depth = 1
    keeps: ClassVar[tuple[str, ...] | None] = ("input",)
    autocast = "half"

    def links(self, x: Shape, y: Shape) -> Any:
        return self.operations(x, y).macs + self.bias * y.elements

    def dealt(self, x: Shape) -> tuple[Any, ...]:
        return (self.groups_read(x), self.output(x).channels)

    def _bias(self, *axes: Any) -> Tensors:
        return {"bias": axes} if self.bias else {}


def _groups_divide(groups: Any, channels: Any, filters: Any) -> Iterator[Condition]:
    """Grouped convolution needs whole groups on both sides."""
    if same(groups, 1) is not True:
        yield divides(
            groups, channels, f"groups {groups} does not divide the {channels} input channels; choose a divisor"
        )
        yield divides(groups, filters, f"groups {groups} does not divide the {filters} filters; choose a divisor")


@layer("conv", source="Dumoulin & Visin 2016, sec. 2.4")
class Conv(Sliding):
    """Convolution in 1-D, 2-D or 3-D; `connections` lists which input maps each output map reads."""

    filters: Dim
    dilation: PerAxis = 1
    groups: Dim = 1
    connections: Table = None

    def window(self) -> Window:
        return Window(self.kernel, self.stride, self.pad, self.dilation)

    def conditions(self, x: Shape) -> Iterator[Condition]:
        yield from _groups_divide(self.groups, x.channels, self.filters)
        if self.connections is not None:
            rows, columns = len(self.connections), len(self.connections[0])
            yield equal(rows, x.channels, f"connections has {rows} rows for {x.channels} input maps")
            yield equal(columns, self.filters, f"connections has {columns} columns for {self.filters} filters")
            yield equal(self.groups, 1, "connections and groups exclude each other")
        yield from super().conditions(x)

    def output(self, x: Shape) -> Shape:
        return x.with_channels(self.filters).windowed(self.window())

    def parameters(self, x: Shape) -> Tensors:
        if self.connections is not None:
            return {"weight": (self._connected(), *self.kernel), **self._bias(self.filters)}
        weight = (self.filters, exact_div(x.channels, self.groups), *self.kernel)
        return {"weight": weight, **self._bias(self.filters)}

    def operations(self, x: Shape, y: Shape) -> Operations:
        if self.connections is not None:
            macs = prod(self.kernel) * self._connected() * y.positions
        else:
            macs = prod(self.kernel) * exact_div(x.channels, self.groups) * y.elements
        return Operations(macs=macs, additions=self.bias * y.elements)

    def reads_channels(self, x: Shape, channels: Channels) -> tuple[Channels, ...]:
        if self.connections is None:
            return super().reads_channels(x, channels)
        rows = enumerate(self.connections)
        return (tuple((i, i + 1) for i, row in rows if any("X" in row[a:b] for a, b in channels)),)

    def only(self, channels: Channels) -> Layer | None:
        if self.connections is None:
            return None
        rows = tuple("".join(row[a:b] for a, b in channels) for row in self.connections)
        return replace(self, filters=len(rows[0]), connections=rows)

    def _connected(self) -> int:
        """How many pairs of input and output map are connected."""
        return sum(row.count("X") for row in self.connections)


@layer("depthwise", source="Howard et al. 2017, arXiv 1704.04861, sec. 3.1")
class Depthwise(Sliding):
    """Depthwise convolution: `multiplier` filters for each input channel, each reading only that channel."""

    multiplier: Dim = 1
    dilation: PerAxis = 1

    def groups_read(self, x: Shape) -> Any:
        return x.channels

    def window(self) -> Window:
        return Window(self.kernel, self.stride, self.pad, self.dilation)

    def output(self, x: Shape) -> Shape:
        return x.with_channels(x.channels * self.multiplier).windowed(self.window())

    def parameters(self, x: Shape) -> Tensors:
        filters = x.channels * self.multiplier
        return {"weight": (filters, 1, *self.kernel), **self._bias(filters)}

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(macs=prod(self.kernel) * y.elements, additions=self.bias * y.elements)


@layer("transposed_conv", source="Dumoulin & Visin 2016, ch. 4")
class TransposedConv(Sliding):
    """Transposed convolution: every input is multiplied with the whole kernel, the products are added up."""

    filters: Dim
    output_pad: PerAxisNatural = 0
    dilation: PerAxis = 1
    groups: Dim = 1

    enlarges = True

    def window(self) -> Window:
        """The window of the convolution that this one reverses."""
        return Window(self.kernel, self.stride, self.pad, self.dilation)

    def conditions(self, x: Shape) -> Iterator[Condition]:
        yield from _groups_divide(self.groups, x.channels, self.filters)
        if self.pad is None and any(same(extra, 0) is not True for extra in self.output_pad):
            raise ArchcalcError("output_pad and pad: same exclude each other, for same decides the size alone")
        for extra, stride, dilation in zip(self.output_pad, self.stride, self.dilation, strict=True):
            if at_least(dilation, extra + 1).truth is not True:
                message = f"output_pad {extra} must be smaller than the stride or the dilation"
                yield at_least(stride, extra + 1, message)

    def output(self, x: Shape) -> Shape:
        spatial = tuple(self._size(self.window(), axis, size) for axis, size in enumerate(x.spatial))
        return x.of(self.filters, spatial)

    def _size(self, window: Window, axis: int, size: Any) -> Any:
        """(H - 1)*S - 2P + F + output_pad; for `same` H*S."""
        extra = self.output_pad[axis]
        if self.pad is None:
            return size * self.stride[axis]
        grown = (size - 1) * self.stride[axis] - window.total_padding(axis) + window.extent(axis)
        return grown if same(extra, 0) else grown + extra

    def parameters(self, x: Shape) -> Tensors:
        weight = (x.channels, exact_div(self.filters, self.groups), *self.kernel)
        return {"weight": weight, **self._bias(self.filters)}

    def operations(self, x: Shape, y: Shape) -> Operations:
        macs = prod(self.kernel) * exact_div(self.filters, self.groups) * x.elements
        return Operations(macs=macs, additions=self.bias * y.elements)


@layer("locally_connected", source="Taigman et al. 2014, DeepFace, sec. 3")
class LocallyConnected(Sliding):
    """A convolution whose weights are not shared: each output position has its own filters."""

    filters: Dim

    reads = "all"
    has_places = True
    keeps = None  # PyTorch has no such layer, and each way to write it keeps something else

    def window(self) -> Window:
        return Window(self.kernel, self.stride, self.pad, (1,) * len(self.kernel))

    def output(self, x: Shape) -> Shape:
        return x.with_channels(self.filters).windowed(self.window())

    def parameters(self, x: Shape) -> Tensors:
        places = self.output(x).spatial
        weight = (*places, self.filters, x.channels, *self.kernel)
        return {"weight": weight, **self._bias(self.filters, *places)}

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(macs=prod(self.kernel) * x.channels * y.elements, additions=self.bias * y.elements)
