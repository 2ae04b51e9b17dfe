"""Where the channels of a tensor lie, and where the channels of a layer lie that reads such tensors."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import dims
from ..errors import UsageError
from ..layers import Layer
from ..shapes import Shape
from .ranges import Ranges, common, minus, normal, size


class Spread(NamedTuple):
    """Where the channels of a tensor lie: of each device the ranges of units that it has.

    A unit is `grain` channels: one, but for a vector made of maps all numbers of a map.
    """

    units: int
    grain: Any
    parts: tuple[Ranges, ...]

    @classmethod
    def everywhere(cls, units: int, grain: Any, devices: int) -> Spread:
        """All of it on every device."""
        return cls(units, grain, (((0, units),),) * devices)

    @property
    def is_whole(self) -> bool:
        """Whether every device has all of it."""
        return all(part == ((0, self.units),) for part in self.parts)

    def is_even(self, each: int = 1) -> bool:
        """Whether it is dealt out in runs of `each`, as evenly as possible."""
        sizes = [size(part) for part in self.parts]
        return sum(sizes) == self.units and max(sizes) - min(sizes) <= each

    def in_channels(self) -> tuple[tuple[tuple[Any, Any], ...], ...]:
        """Of each device the ranges of channels."""
        return tuple(tuple((start * self.grain, stop * self.grain) for start, stop in part) for part in self.parts)

    def finest(self) -> Spread:
        """The same with units of one channel."""
        grain = whole_number(self.grain, "a join of vectors")
        return Spread(self.units * grain, 1, self.in_channels())

    def owners(self) -> list[int | None]:
        """Of each unit the device that has it, None where all have it."""
        shared = self.parts[0]
        for part in self.parts[1:]:
            shared = common(shared, part)
        found: list[int | None] = [None] * self.units
        for device, part in enumerate(self.parts):
            for start, stop in minus(part, shared):
                found[start:stop] = [device] * (stop - start)
        return found


class Reading(NamedTuple):
    """A layer on inputs that are spread over devices, with shapes in units."""

    layer: Layer
    x: Any
    sources: list[Spread]

    def needs(self, part: Ranges) -> tuple[Ranges, ...]:
        """Of each input the units behind these units of the output."""
        return tuple(normal(ranges) for ranges in self.layer.reads_channels(self.x, part))

    def followed(self, output: Shape) -> Spread | None:
        """Every channel where all that it reads is; None if that lies apart for some."""
        first = self.sources[0]
        if self.layer.kind == "flatten" and (first.is_whole or self.in_order()):
            return Spread(first.units, dims.exact_div(output.channels, first.units), first.parts)
        if all(source.is_whole for source in self.sources):
            return Spread.everywhere(whole_number(output.channels, self.layer.kind), 1, len(first.parts))
        if self.layer.reads == "itself" and type(self.layer).reads_channels is Layer.reads_channels:
            return first if all(source == first for source in self.sources) else None
        if self.layer.joins and self.layer.reads == "itself" and len(self.sources) > 1:
            units = whole_number(self.layer.output(self.x).channels, self.layer.kind)
            if units == sum(source.units for source in self.sources):
                return self.stacked()
        return self.gathered(1)

    def in_order(self) -> bool:
        """Whether the numbers of one channel stand one behind the other."""
        return not self.x.channels_last or bool(dims.same(self.x.positions, 1))

    def gathered(self, each: int) -> Spread | None:
        """Runs of `each` output channels where all that they read is; None if that lies apart for some."""
        owners = [source.owners() for source in self.sources]
        units = whole_number(self.layer.output(self.x).channels, self.layer.kind)
        parts: list[list[tuple[int, int]]] = [[] for _ in self.sources[0].parts]
        waiting = [(0, units // each)]  # runs; where all of them have one home they are not looked at one by one
        while waiting:
            first, last = waiting.pop()
            found: set[int | None] = set()
            for needed, owner in zip(self.needs(((first * each, last * each),)), owners, strict=True):
                for a, b in needed:
                    found.update(owner[a:b])
            if len(found) > 1 and last - first > 1:
                middle = (first + last) // 2
                waiting += [(first, middle), (middle, last)]
                continue
            found.discard(None)
            if len(found) > 1:
                return None
            for device in found or range(len(parts)):
                parts[device or 0].append((first * each, last * each))
        return Spread(units, self.sources[0].grain, tuple(normal(part) for part in parts))

    def stacked(self) -> Spread:
        """The branches of a concatenation where they are, one behind the other."""
        parts: list[list[tuple[int, int]]] = [[] for _ in self.sources[0].parts]
        offset = 0
        for source in self.sources:
            for device, part in enumerate(source.parts):
                parts[device] += [(start + offset, stop + offset) for start, stop in part]
            offset += source.units
        return Spread(offset, self.sources[0].grain, tuple(normal(part) for part in parts))


def in_units(shape: Shape, spread: Spread) -> Shape:
    """The shape with units for channels."""
    return shape.with_channels(spread.units)


def alike(spreads: list[Spread]) -> list[Spread]:
    """The same spreads with one grain."""
    if all(dims.same(spread.grain, spreads[0].grain) for spread in spreads):
        return spreads
    return [spread.finest() for spread in spreads]


def whole_number(channels: Any, where: str) -> int:
    """A number of channels; UsageError where it holds a symbol."""
    channels = dims.plain(channels)
    if type(channels) is not int:
        raise UsageError(
            f"channels needs numbers: {where} has {channels} channels; leave symbols to the batch and the spatial axes"
        )
    return channels
