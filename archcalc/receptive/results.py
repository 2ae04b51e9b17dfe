"""What is found of receptive fields: of the units of a layer, of one unit, of one pixel; frozen records."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import dims
from ..records import Record, record
from ..report import LayerReport
from .misaligned import Misaligned
from .stages import Boxes, Stage
from .trace import Region


@record
class Along(Record):
    """What the units of a layer see along one axis of the input, in pixels, before clipping.

    `size` is that of the largest box. `jump` is how far it moves from one unit to the next, None where paths or units
    differ; of a period of units, as behind upsampling, it is the mean. `before` are the rows in front of the input
    that the box of the first unit covers, `after` those behind it that the last unit's covers: negative where rows of
    the input are left. `centre` is that of the first unit's box. None stands where the first unit sees nothing, or
    units have no common rule.
    """

    name: str
    pixels: Any
    size: Any
    jump: Any
    before: Any
    after: Any
    centre: Any
    smallest: Any
    largest: Any


class Placed(NamedTuple):
    """The size of the box of a unit along one axis, its jump to the next unit, the padding before the first one's."""

    size: Any
    jump: Any
    before: Any


@record
class Field(Record):
    """What the units of one layer see of an input.

    `scattered`: its units see different places that no rule follows, and the row is their union. `whole`: each unit
    sees every pixel, None where that is not known with symbols. `misaligned`: the branches that meet in it and look at
    different places.
    """

    layer: LayerReport
    axes: tuple[Along, ...]
    scattered: bool
    whole: bool | None
    misaligned: tuple[Misaligned, ...]
    stage: Stage

    @property
    def path(self) -> str:
        """The layer's name, with the levels around it."""
        return self.layer.path

    @property
    def size(self) -> Any:
        """The size: a number, or one for each axis where they differ."""
        sizes = tuple(axis.size for axis in self.axes)
        return sizes[0] if all(dims.same(size, sizes[0]) is True for size in sizes) else sizes

    @property
    def has_branches(self) -> bool:
        """Whether paths of different size lead to it."""
        return any(
            dims.same(axis.smallest, axis.largest) is not True for axis in self.axes if axis.smallest is not None
        )


@record
class Seen(Record):
    """The pixels that one unit sees: its box before clipping, if it sees any; those along each axis; their number.

    `region` has them exactly, as a union of products of sets along the axes.
    """

    layer: LayerReport
    unit: tuple[int, ...]
    names: tuple[str, ...]
    before: Boxes | None
    after: tuple[tuple[int, ...], ...]
    pixels: int
    region: Region


@record
class Seeing(Record):
    """The units of one layer that see a pixel, along each of its axes, and their number."""

    layer: LayerReport
    units: tuple[tuple[int, ...], ...]
    count: int
