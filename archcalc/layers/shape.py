"""Layers that move numbers and compute none: reshaping, cutting, padding, shuffling, enlarging."""

from collections.abc import Iterator
from typing import Annotated, Any

from ..conditions import Condition, at_least, divides, equal
from ..dims import ceildiv, exact_div, floordiv, power, prod, smin
from ..errors import ArchcalcError
from ..readings import Reading, Readings, Taps, check_number, shifted
from ..rearranging import rearranged
from ..shapes import Shape, Window
from .base import Channels, Layer, layer, with_fields
from .fields import Axes, Dim, Pad, PerAxis, Sizes, WordField

Side = Annotated[Any, WordField("first", "last")]


def _block(factor: tuple[Any, ...]) -> Window:
    """The window of layers that make a block of numbers from each one."""
    rank = len(factor)
    return Window(factor, factor, ((0, 0),) * rank, (1,) * rank)


def _same_numbers(x: Shape, y: Shape, channels: Channels) -> Channels:
    """The channels of x that hold these channels of y, where both list the same numbers in the same order."""
    if x.channels_last or y.channels_last:
        return ((0, x.channels),)
    return tuple((floordiv(a * y.positions, x.positions), ceildiv(b * y.positions, x.positions)) for a, b in channels)


@with_fields
class View(Layer):
    """What they share that give the same numbers another shape."""

    stores = "view"
    keeps = ()
    gradient = "passed"


@layer("flatten")
class Flatten(View):
    """All axes in one: a vector."""

    def output(self, x: Shape) -> Shape:
        return Shape((x.elements,))

    def reads_channels(self, x: Shape, channels: Channels) -> tuple[Channels, ...]:
        return (_same_numbers(x, self.output(x), channels),)

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        return (rearranged(x, y),)


@layer("reshape")
class Reshape(View):
    """The same numbers with axes `size`; `channels` says on which side the channels stand then."""

    size: Sizes
    channels: Side = "first"

    reads = "all"

    def conditions(self, x: Shape) -> Iterator[Condition]:
        wanted = prod(self.size)
        yield equal(wanted, x.elements, f"{Shape(self.size)} holds {wanted} numbers, the input {x} {x.elements}")

    def output(self, x: Shape) -> Shape:
        return Shape(self.size, channels_last=self.channels == "last")

    def reads_channels(self, x: Shape, channels: Channels) -> tuple[Channels, ...]:
        return (_same_numbers(x, self.output(x), channels),)

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        return (rearranged(x, y),)


@layer("permute")
class Permute(View):
    """The axes in another order, counted from 0; `channels` says on which side the channels stand then."""

    axes: Axes
    channels: Side = "first"

    reads = "all"

    def conditions(self, x: Shape) -> Iterator[Condition]:
        if sorted(self.axes) != list(range(len(x.axes))):
            raise ArchcalcError(f"axes {list(self.axes)} is not an order of the {len(x.axes)} axes of {x}")
        return iter(())

    def output(self, x: Shape) -> Shape:
        return Shape(tuple(x.axes[axis] for axis in self.axes), channels_last=self.channels == "last")

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        return (rearranged(x, y, self.axes),)


@layer("tokens", source="Dosovitskiy et al. 2020, arXiv 2010.11929, sec. 3.1")
class Tokens(View):
    """A map as a sequence of tokens, one a position: C x H x W becomes HW x C."""

    accepts = ("map",)

    def output(self, x: Shape) -> Shape:
        return Shape((x.positions, x.channels), channels_last=True)

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        return (rearranged(x, y, (*range(1, len(x.axes)), 0)),)


@layer("channels_last")
class ChannelsLast(View):
    """A map with the channels behind: C x H x W becomes H x W x C."""

    accepts = ("map",)

    def output(self, x: Shape) -> Shape:
        return Shape((*x.spatial, x.channels), channels_last=True)


@layer("channels_first")
class ChannelsFirst(View):
    """The way back: H x W x C becomes C x H x W, and N x C tokens a 1-D map."""

    accepts = ("tokens",)

    def output(self, x: Shape) -> Shape:
        return Shape((x.channels, *x.spatial))


@layer("crop", source="Ronneberger, Fischer & Brox 2015, arXiv 1505.04597, Figure 1")
class Crop(View):
    """The middle of a map, cut to `size`."""

    size: PerAxis

    accepts = ("map",)
    cuts = True
    gradient = "new"

    def passing(self, x: Shape, y: Shape) -> Any:
        """Each axis is cut on its own; the rows come back first, when the output's gradient is gone."""
        return x.channels * prod((y.spatial[0], *x.spatial[1:])) - y.elements

    def conditions(self, x: Shape) -> Iterator[Condition]:
        for have, wanted in zip(x.spatial, self.size, strict=True):
            yield at_least(have, wanted, f"cannot crop {have} to {wanted}")

    def output(self, x: Shape) -> Shape:
        return x.of(x.channels, self.size)

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        """As much is cut off on either side, the odd row at the end."""
        pairs = enumerate(zip(x.spatial, self.size, strict=True))
        return (tuple(shifted(floordiv(have - wanted, 2), axis) for axis, (have, wanted) in pairs),)


@layer("pad")
class ZeroPad(Layer):
    """Zeros around a map: as for `conv`, a size, one for each axis, or [begin, end] for each axis."""

    size: Pad

    accepts = ("map",)
    keeps = ()

    def conditions(self, x: Shape) -> Iterator[Condition]:
        if self.size is None:
            raise ArchcalcError("'same' needs a kernel; give pad a size")
        return iter(())

    def window(self) -> Window:
        ones = (1,) * len(self.size)
        return Window(ones, ones, self.size, ones)

    def output(self, x: Shape) -> Shape:
        padded = tuple(begin + size + end for size, (begin, end) in zip(x.spatial, self.size, strict=True))
        return x.of(x.channels, padded)


@layer("pad_channels", source="He et al. 2015, arXiv 1512.03385, sec. 3.3, option A")
class PadChannels(Layer):
    """Maps of zeros appended until there are `channels`."""

    channels: Dim

    keeps = ()

    def conditions(self, x: Shape) -> Iterator[Condition]:
        yield at_least(self.channels, x.channels, f"cannot pad {x.channels} channels to {self.channels}")

    def output(self, x: Shape) -> Shape:
        return x.with_channels(self.channels)

    def dealt(self, x: Shape) -> tuple[Any, ...]:
        return (self.channels,)

    def reads_channels(self, x: Shape, channels: Channels) -> tuple[Channels, ...]:
        return (tuple((a, smin(b, x.channels)) for a, b in channels),)

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        """The zeros behind a vector read nothing."""
        if x.layout == "vector":
            return ((shifted(0, inside=True),),)
        return super().readings(x, y)


@layer("slice")
class Slice(View):
    """Part number `part` (from 1) of `of` equal parts of the channels."""

    part: Dim
    of: Dim

    cuts = True
    gradient = "gathered"

    def conditions(self, x: Shape) -> Iterator[Condition]:
        yield at_least(self.of, self.part, f"there is no part {self.part} of {self.of}")
        yield divides(self.of, x.channels, f"{x.channels} channels do not divide into {self.of} equal parts")

    def output(self, x: Shape) -> Shape:
        return x.with_channels(floordiv(x.channels, self.of))  # exact by the condition, and whole with symbols

    def reads_channels(self, x: Shape, channels: Channels) -> tuple[Channels, ...]:
        start = (self.part - 1) * self.output(x).channels
        return (tuple((a + start, b + start) for a, b in channels),)

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        if x.layout == "vector":
            return ((shifted((self.part - 1) * y.channels),),)
        return super().readings(x, y)


@layer("channel_shuffle", source="Zhang et al. 2017, ShuffleNet, arXiv 1707.01083, sec. 3.1")
class ChannelShuffle(Layer):
    """The channels of `groups` groups dealt out in turn."""

    groups: Dim

    reads = "all"
    keeps = ()

    def conditions(self, x: Shape) -> Iterator[Condition]:
        yield divides(
            self.groups, x.channels, f"groups {self.groups} does not divide the {x.channels} channels; choose a divisor"
        )

    def reads_channels(self, x: Shape, channels: Channels) -> tuple[Channels, ...]:
        """Channel i*groups + j of the output is channel i of group j."""
        size = exact_div(x.channels, self.groups)
        sources = (c % self.groups * size + c // self.groups for a, b in channels for c in range(a, b))
        return (tuple((source, source + 1) for source in sources),)

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        """Number j*groups + g of a vector was number j of group g."""
        if x.layout == "vector":
            check_number("the number of groups", self.groups)
            starts = [group * floordiv(x.channels, self.groups) for group in range(self.groups)]
            return ((Reading(self.groups, 1, tuple(Taps(start, start) for start in starts)),),)
        return super().readings(x, y)


@layer("pixel_shuffle", source="Shi et al. 2016, arXiv 1609.05158, sec. 3.2")
class PixelShuffle(Layer):
    """Depth to space: `factor` times the size along each axis, from factor^axes times fewer channels."""

    factor: Dim

    reads = "group"
    accepts = ("map", "tokens")
    enlarges = True
    keeps = ()

    def window_on(self, x: Shape) -> Window:
        return _block((self.factor,) * len(x.spatial))

    def groups_read(self, x: Shape) -> Any:
        return self.output(x).channels

    def _parts(self, x: Shape) -> Any:
        return power(self.factor, len(x.spatial))

    def conditions(self, x: Shape) -> Iterator[Condition]:
        parts = self._parts(x)
        yield divides(parts, x.channels, f"{x.channels} channels are not a multiple of {parts}")

    def output(self, x: Shape) -> Shape:
        return x.of(floordiv(x.channels, self._parts(x)), tuple(size * self.factor for size in x.spatial))


@layer("patch_merge", source="Liu et al. 2021, Swin Transformer, arXiv 2103.14030, sec. 3.1")
class PatchMerge(Layer):
    """Space to depth: `factor` x `factor` neighbours side by side; a rest is filled up with zeros."""

    factor: Dim = 2

    reads = "all"
    accepts = ("map", "tokens")
    keeps = ()

    def passing(self, x: Shape, y: Shape) -> Any:
        """A slice of rows and columns comes back as rows, then as all of the input, beside the sum so far."""
        return x.elements + x.channels * prod((ceildiv(x.spatial[0], self.factor), *x.spatial[1:]))

    def window_on(self, x: Shape) -> Window:
        patch = (self.factor,) * len(x.spatial)
        return Window(patch, patch, None, (1,) * len(x.spatial))

    def output(self, x: Shape) -> Shape:
        return x.with_channels(x.channels * power(self.factor, len(x.spatial))).windowed(self.window_on(x))


@layer("upsample")
class Upsample(Layer):
    """Every number repeated `factor` times along each axis (nearest neighbour)."""

    factor: PerAxis

    accepts = ("map",)
    enlarges = True
    keeps = ()
    autocast = "float32"

    def window(self) -> Window:
        return _block(self.factor)

    def output(self, x: Shape) -> Shape:
        enlarged = tuple(size * factor for size, factor in zip(x.spatial, self.factor, strict=True))
        return x.of(x.channels, enlarged)
