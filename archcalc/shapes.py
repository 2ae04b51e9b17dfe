"""What flows along an edge of the graph, and the window that a layer slides over it.

A shape is a vector (n), a map (channels first: C x H x W) or tokens (channels last: N x C). One class
serves all three: the axes, and one bit that says on which side the channels stand.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import dims
from .conditions import Condition, at_least
from .dims import Number, ceildiv, floordiv, prod, same, smax, smin
from .records import Record, record


@record
class Shape(Record):
    """The axes of one image's tensor; the batch is not among them.

    >>> x = Shape((3, 227, 227))
    >>> print(x, x.layout, x.channels, x.elements)
    3x227x227 map 3 154587
    >>> print(Shape((196, 768), channels_last=True).layout)
    tokens
    """

    axes: tuple[Any, ...]
    channels_last: bool = False

    def __init__(self, axes: tuple[Any, ...], channels_last: bool = False) -> None:
        self.__dict__.update(axes=axes, channels_last=channels_last)  # made for every layer, so without detours

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shape) and (self.axes, self.channels_last) == (other.axes, other.channels_last)

    def __hash__(self) -> int:
        return hash((self.axes, self.channels_last))

    @property
    def layout(self) -> str:
        """`vector`, `map` or `tokens`."""
        if len(self.axes) == 1:
            return "vector"
        return "tokens" if self.channels_last else "map"

    @property
    def channels(self) -> Any:
        """The number of channels: of maps, of numbers in a token, of numbers in a vector."""
        return self.axes[-1] if self.channels_last else self.axes[0]

    @property
    def spatial(self) -> tuple[Any, ...]:
        """The axes beside the channels: D, H, W or positions."""
        return self.axes[:-1] if self.channels_last else self.axes[1:]

    @property
    def elements(self) -> Any:
        """How many numbers it holds."""
        return prod(self.axes)

    @property
    def positions(self) -> Any:
        """How many positions it holds, each with all channels."""
        return prod(self.spatial)

    def of(self, channels: Any, spatial: tuple[Any, ...]) -> "Shape":
        """A shape of the same layout with these sizes."""
        axes = (*spatial, channels) if self.channels_last else (channels, *spatial)
        return Shape(axes, self.channels_last)

    def with_channels(self, channels: Any) -> "Shape":
        """The same positions with another number of channels."""
        return self.of(channels, self.spatial)

    def windowed(self, window: "Window") -> "Shape":
        """One output for each place of the window."""
        return self.of(self.channels, window.sizes(self.spatial))

    def with_terms(self, names: tuple[str, ...] = ("D", "H", "W")) -> "Shape":
        """The same shape with every size as a `Term`: C_in, and the last of these names for the axes."""
        from .dims.term import Term

        named = names[len(names) - len(self.spatial) :]
        spatial = tuple(Term(size, name) for size, name in zip(self.spatial, named, strict=True))
        return self.of(Term(self.channels, "C_in"), spatial)

    def __str__(self) -> str:
        return "x".join(_size_text(axis) for axis in self.axes)


def _size_text(size: Any) -> str:
    """A size between two x: whatever is not a number, a name or one floor stands in brackets."""
    text = str(size)
    return text if text.isalnum() or re.fullmatch(r"floor\([^()]*(\([^()]*\)[^()]*)*\)", text) else f"({text})"


class Window(NamedTuple):
    """A kernel that slides over the spatial axes; one entry an axis, the padding as (begin, end).

    `pad` is None for TensorFlow's `same`: as much as makes the output ceil(H/S), the odd one at the end.
    `ceil` rounds the number of places up, as long as the last window starts inside the input.

    Source: Dumoulin & Visin 2016, A guide to convolution arithmetic for deep learning, sec. 2.4.

    >>> conv1 = Window((11, 11), (4, 4), ((0, 0), (0, 0)), (1, 1))
    >>> conv1.sizes((227, 227)), conv1.sizes((224, 224)), conv1.dropped((224, 224))
    ((55, 55), (54, 54), (1, 1))
    """

    kernel: tuple[Any, ...]
    stride: tuple[Any, ...]
    pad: tuple[tuple[Any, Any], ...] | None
    dilation: tuple[Any, ...]
    ceil: bool = False

    @classmethod
    def over(cls, spatial: tuple[Any, ...]) -> "Window":
        """The window that is the whole map."""
        rank = len(spatial)
        return cls(spatial, (1,) * rank, ((0, 0),) * rank, (1,) * rank)

    def extent(self, axis: int) -> Any:
        """How many inputs the kernel spans, holes of the dilation included."""
        kernel, dilation = self.kernel[axis], self.dilation[axis]
        return kernel if same(dilation, 1) else dilation * (kernel - 1) + 1

    def padding(self, axis: int, size: Number) -> tuple[Any, Any]:
        """Zeros before and after an axis of this size."""
        if self.pad is not None:
            return self.pad[axis]
        stride = self.stride[axis]
        extent = self.extent(axis)
        if same(stride, 1):
            total = extent - 1  # whatever the size is
        else:
            total = (ceildiv(size, stride) - 1) * stride + extent - size
            total = total if dims.at_least(extent, stride) else smax(total, 0)
        begin = floordiv(total, 2)
        return begin, total - begin

    def total_padding(self, axis: int) -> Any:
        """Zeros before and after together, where they are given."""
        assert self.pad is not None
        begin, end = self.pad[axis]
        return 2 * begin if same(begin, end) else begin + end

    def size(self, axis: int, size: Number) -> Any:
        """The size rule: floor((H + 2P - F)/S) + 1."""
        stride = self.stride[axis]
        if self.pad is None:
            return ceildiv(size, stride)
        padding, extent = self.total_padding(axis), self.extent(axis)
        if not self.ceil:
            return floordiv(size + padding - extent, stride) + 1
        begin = self.pad[axis][0]
        return floordiv(size + smin(padding - extent + 2 * stride - 1, begin + stride - 1), stride)

    def sizes(self, spatial: tuple[Any, ...]) -> tuple[Any, ...]:
        """The output's spatial axes."""
        return tuple(self.size(axis, size) for axis, size in enumerate(spatial))

    def dropped(self, spatial: tuple[Any, ...]) -> tuple[Any, ...]:
        """Rows and columns at the end of the input that no window reads, where the kernel covers the stride.

        Nothing at all where symbols leave open whether it does.
        """
        result: list[Any] = []
        for axis, size in enumerate(spatial):
            extent, stride = self.extent(axis), self.stride[axis]
            covers = dims.at_least(extent, stride)
            if covers is False or self.pad is None:
                result.append(0)
                continue
            lost = smax(size - self.read(axis, size), 0)
            if covers is None and not same(lost, 0):
                return ()
            result.append(lost)
        return tuple(result)

    def read(self, axis: int, size: Number) -> Any:
        """The first position of the input behind the last window; beyond the input where that reaches further."""
        begin, _ = self.padding(axis, size)
        return (self.size(axis, size) - 1) * self.stride[axis] + self.extent(axis) - begin

    def rest(self, axis: int, size: Number) -> Any:
        """How many positions lie behind the last window, zeros included; negative where it reaches beyond them.

        0 where the division in the size rule is exact.

        >>> conv1 = Window((11,), (4,), ((0, 0),), (1,))
        >>> conv1.rest(0, 227), conv1.rest(0, 224)
        (0, 1)
        """
        return size + self.padding(axis, size)[1] - self.read(axis, size)

    def conditions(self, spatial: tuple[Any, ...]) -> Iterator[Condition]:
        """The kernel must fit into the padded input."""
        if self.pad is None:
            return
        for axis, size in enumerate(spatial):
            extent, padding = self.extent(axis), self.total_padding(axis)
            reach = size + padding + (self.stride[axis] - 1 if self.ceil else 0)
            padded = f" with its padding of {padding}" if not same(padding, 0) else ""
            yield at_least(
                reach,
                extent,
                f"kernel of extent {extent} is larger than the input of {size}{padded}; "
                "give it padding, or take a smaller kernel",
            )
