"""Which positions of an input one position of the output reads, along one axis.

Every rule is of one form: output position period*t + r reads, for every whole t, the positions advance*t + taps[r].
A convolution has the period 1 and advances by its stride; upsampling by 2 has the period 2 and advances by 1, so two
neighbours read the same position; global pooling does not advance at all. From these follow receptive fields, and
what lies where the padding is.

The positions of maps and tokens are those along their spatial axes; of vectors, which have none, each number is a
position.

Source: Araujo, Norris & Sim 2019, Computing Receptive Fields of Convolutional Neural Networks, Distill, sec. 2; the
transposed form is Dumoulin & Visin 2016, ch. 4.

>>> sliding(kernel=3, stride=2, begin=1).at(0), sliding(kernel=3, stride=2, begin=1).at(5)
(Taps(first=-1, last=1, step=1), Taps(first=9, last=11, step=1))
>>> [spreading(kernel=3, stride=2, begin=1).at(unit) for unit in (0, 1)]
[Taps(first=0, last=0, step=1), Taps(first=0, last=1, step=1)]
"""

from __future__ import annotations

from functools import reduce
from typing import Any, NamedTuple, TypeAlias

from . import dims
from .errors import ArchcalcError
from .shapes import Shape

MAX_PERIOD = 4096


class Taps(NamedTuple):
    """The positions first, first + step, and so on up to last."""

    first: Any
    last: Any
    step: Any = 1

    def moved(self, distance: Any) -> Taps:
        """The same positions so much further on."""
        return Taps(self.first + distance, self.last + distance, self.step)


class Reading(NamedTuple):
    """What output positions read along one axis of an input; None in `taps` is nothing at all.

    `axis` is the axis of the output that decides. With `inside`, positions outside the input stand for what another
    branch holds; else for padding, and the map could be thought to go on there.
    """

    period: int
    advance: Any
    taps: tuple[Taps | None, ...]
    axis: int = 0
    inside: bool = False

    def at(self, unit: int) -> Taps | None:
        """What this output position reads."""
        turn, phase = divmod(unit, self.period)
        taps = self.taps[phase]
        return None if taps is None else taps.moved(self.advance * turn)

    def within(self, unit: int, size: int) -> range:
        """What this output position reads of an axis of this size; padding is left out.

        >>> sliding(kernel=3, stride=2, begin=1).within(0, 10), spreading(kernel=1, stride=2).within(1, 10)
        (range(0, 2), range(0, 0))
        """
        taps = self.at(unit)
        if taps is None:
            return range(0)
        first, last, step = taps
        if first < 0:
            first += -(first // step) * step
        return range(first, min(last + 1, size), step)

    def between(self, start: Any, stop: Any) -> Taps:
        """From the first to the last position that output positions start .. stop - 1 read, padding among them.

        For ends with symbols; the positions between are all read if there are enough outputs, which `is_dense` says.
        """
        ends = [
            (
                taps.first + self.advance * dims.ceildiv(start - phase, self.period),
                taps.last + self.advance * dims.floordiv(stop - 1 - phase, self.period),
            )
            for phase, taps in enumerate(self.taps)
            if taps is not None
        ]
        firsts, lasts = zip(*ends, strict=True)
        return Taps(reduce(dims.smin, firsts), reduce(dims.smax, lasts))

    @property
    def is_dense(self) -> bool:
        """Whether many neighbouring outputs leave out no position near their first and last ones."""
        steps = {taps.step for taps in self.taps if taps is not None and dims.same(taps.first, taps.last) is not True}
        return all(dims.same(step, 1) for step in steps) or (self.period == 1 and dims.same(self.advance, 1) is True)

    @property
    def is_point(self) -> bool:
        """Whether every position reads the one of its own number."""
        return self.period == 1 and self.advance == 1 and self.taps == (Taps(0, 0),)

    @property
    def is_fixed(self) -> bool:
        """Whether all positions read the same."""
        return self.period == 1 and dims.same(self.advance, 0) is True


class Rearranged(NamedTuple):
    """The same numbers in another shape: the input's axes in this order, run through row by row."""

    order: tuple[int, ...]


Readings: TypeAlias = tuple[Reading, ...] | Rearranged  # of one input: a reading for each of its axes


def reads_own(rule: Readings) -> bool:
    """Whether every position reads the one of its own number, and nothing else."""
    return not isinstance(rule, Rearranged) and all(
        reading.is_point and reading.axis == axis for axis, reading in enumerate(rule)
    )


def positions(shape: Shape) -> tuple[Any, ...]:
    """The axes of a shape's positions: the spatial ones, of a vector its numbers."""
    return shape.axes if len(shape.axes) == 1 else shape.spatial


def point(axis: int = 0) -> Reading:
    """Each position reads its own."""
    return Reading(1, 1, (Taps(0, 0),), axis)


def every(size: Any, axis: int = 0) -> Reading:
    """Each position reads all of an axis of this size."""
    return Reading(1, 0, (Taps(0, size - 1),), axis)


def only(position: Any, axis: int = 0) -> Reading:
    """Each position reads this one."""
    return Reading(1, 0, (Taps(position, position),), axis)


def shifted(distance: Any, axis: int = 0, *, inside: bool = False) -> Reading:
    """Each position reads the one so much further on."""
    return Reading(1, 1, (Taps(distance, distance),), axis, inside)


def sliding(kernel: Any, stride: Any = 1, begin: Any = 0, dilation: Any = 1, axis: int = 0) -> Reading:
    """A window with padding before the axis."""
    return Reading(1, stride, (Taps(-begin, (kernel - 1) * dilation - begin, dilation),), axis)


def spreading(kernel: Any, stride: Any = 1, begin: Any = 0, dilation: Any = 1, axis: int = 0) -> Reading:
    """A window the other way round: output o reads the inputs i with i*stride - begin + t*dilation = o for a tap t.

    Where the kernel is smaller than the stride, some outputs read nothing.
    """
    if dims.same(stride, 1):
        return Reading(1, 1, (Taps(begin - (kernel - 1) * dilation, begin, dilation),), axis)
    check_number("the stride of a layer that enlarges", stride, kernel, begin, dilation)
    common = dims.gcd(stride, dilation)
    taps: list[Taps | None] = []
    for phase in range(stride):
        hits = [t for t in range(min(kernel, stride)) if (phase + begin - t * dilation) % stride == 0]
        if not hits:
            taps.append(None)
            continue
        last_tap = hits[0] + (kernel - 1 - hits[0]) // (stride // common) * (stride // common)
        first, last = ((phase + begin - t * dilation) // stride for t in (last_tap, hits[0]))
        taps.append(Taps(first, last, dilation // common))
    return Reading(stride, 1, tuple(taps), axis)


def blocks(width: Any, shift: Any = 0, axis: int = 0) -> Reading:
    """All positions of a block of this width read each other; with a shift the first block ends in front of it."""
    check_number("the width of blocks", width, shift)
    starts = [shift - width if phase < shift else shift for phase in range(width)]
    return Reading(width, width, tuple(Taps(start, start + width - 1) for start in starts), axis)


def comb(step: Any, size: Any, axis: int = 0) -> Reading:
    """Positions whose distance is a multiple of `step` read each other."""
    check_number("the grid of an attention", step, size)
    return Reading(step, 0, tuple(Taps(phase, size - step + phase, step) for phase in range(step)), axis)


def portions(size: Any, count: Any, axis: int = 0) -> Reading:
    """An axis in `count` parts that may overlap by one: part i is floor(i*size/count) .. ceil((i+1)*size/count) - 1."""
    if dims.same(count, 1):
        return every(size, axis)
    if dims.same(size, count):
        return point(axis)
    check_number("the size of an adaptive pooling", count)
    common = dims.gcd(size, count) if type(size) is int else 1
    size, count = dims.exact_div(size, common), count // common
    parts = [(dims.floordiv(i * size, count), dims.ceildiv((i + 1) * size, count) - 1) for i in range(count)]
    return Reading(count, size, tuple(Taps(first, last) for first, last in parts), axis)


def check_number(what: str, *sizes: Any) -> None:
    """Where positions repeat with a period, it must be a number."""
    if any(type(size) is not int for size in sizes):
        raise ArchcalcError(f"{what} decides with which period positions are read; give its symbols numbers")
    if sizes[0] > MAX_PERIOD:
        raise ArchcalcError(f"{what} is {sizes[0]:,}, more than {MAX_PERIOD:,}, which is not followed")


def readings_of(layer: Any, x: Any, y: Shape) -> tuple[Readings, ...]:
    """For each input, by what a layer kind says: its window, whether it mixes positions, whether it enlarges."""
    if layer.joins:
        return tuple(_without_window(layer, shape, y) for shape in x)
    window = None if layer.mixes else layer.window_on(x)
    if window is None:
        return (_without_window(layer, x, y),)
    made = []
    for axis, (size, produced) in enumerate(zip(x.spatial, y.spatial, strict=True)):
        begin, _ = window.padding(axis, produced if layer.enlarges else size)
        rule = spreading if layer.enlarges else sliding
        made.append(rule(window.kernel[axis], window.stride[axis], begin, window.dilation[axis], axis))
    return (tuple(made),)


def _without_window(layer: Any, x: Shape, y: Shape) -> Readings:
    """All positions, or the one of the same number."""
    before, after = positions(x), positions(y)
    if layer.mixes or (x.layout == "vector" and layer.reads != "itself"):
        return tuple(every(size, min(axis, len(after) - 1)) for axis, size in enumerate(before))
    if len(before) != len(after) or any(dims.same(a, b) is False for a, b in zip(before, after, strict=True)):
        raise ArchcalcError(
            f"layer kind '{layer.kind}' makes {y} of {x}, and does not say which positions one output reads; "
            "give it a rule `window`, `readings`, or `mixes = True`"
        )
    return tuple(point(axis) for axis in range(len(before)))
