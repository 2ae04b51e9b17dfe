"""Where a window does not divide its input exactly: what is lost, and which neighbours would be exact.

Neighbours are found by running the layer's own rules on them, not by a formula.

>>> from archcalc.layers import make
>>> from archcalc.shapes import Shape
>>> (height, width) = losses(make("conv", filters=96, kernel=11, stride=4), Shape((3, 224, 224)))
>>> height.dropped, height.inputs, height.strides
(1, ((223, 54), (227, 55)), ((3, 72),))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import gcd
from typing import Any

from .. import dims
from ..errors import ArchcalcError
from ..layers import Layer
from ..layers.fields import PadField, PerAxisField
from ..readings import Rearranged
from ..records import Record, record
from ..report import LayerReport
from ..shapes import Shape, Window
from .residues import Residues, zeros
from .rules import attribute, axis_letters

PLACES = {"W": "column", "H": "row", "D": "plane", "N": "token"}
REACH = 64  # how far from the given value neighbours are tried, or twice the stride where that is more
MAX_COUNTED = 1_000_000  # positions of an axis of which those that no window reads are counted
Neighbour = tuple[Any, Any]  # a value to give instead, and the output's size then


@record
class Loss(Record):
    """What the rounding does along one axis of a layer's input, and what would be exact instead.

    `rest` positions lie behind the last window, zeros included, and `dropped` of them are of the input, whatever the
    stride; negative, the last window reaches as far beyond. `unread` positions of the input are read by no window,
    those between taps and windows included, which the `gaps` are the reason of; None is not counted. `shared` positions
    are read by several windows, of layers that choose their windows themselves. A neighbour is a value and the size of
    the output that it gives; with a single symbol `exact_where` says which of its values divide.
    """

    axis: int
    place: str  # what a position along the axis is called
    size: Any
    rest: Any
    dropped: Any
    unread: int | None
    inputs: tuple[Neighbour, ...] = ()
    pads: tuple[Neighbour, ...] = ()
    strides: tuple[Neighbour, ...] = ()
    shared: int = 0
    gaps: tuple[str, ...] = ()
    exact_where: Residues | None = None


def losses(layer: Layer, x: Any) -> tuple[Loss, ...]:
    """The axes along which the windows of a layer do not end where its input does, with its zeros."""
    if layer.joins or layer.enlarges:
        return ()
    window = layer.window_on(x)
    if window is None:
        same_axes = len(layer.output(x).spatial) == len(x.spatial)
        return tuple(_sharing(layer, x)) if same_axes and layer.stores == "new" and not layer.mixes else ()
    found = []
    for axis, (size, letter) in enumerate(zip(x.spatial, axis_letters(x), strict=True)):
        rest, gaps = window.rest(axis, size), tuple(_gaps(window, axis))
        dropped = _dropped(window, axis, size, rest)
        unread = _unread(layer, x, window, axis) if gaps else dropped
        if unread is None and not _skips(window, axis):
            gaps = ()  # there may be none
        where = zeros(rest) if dims.is_symbolic(rest) else None
        divides = dims.same(rest, 0) is True or (where is not None and where.everywhere)
        if divides and (not gaps or unread == 0):
            continue
        made = Loss(
            axis, PLACES.get(letter, "position"), size, rest, dropped, unread, gaps=gaps, exact_where=where
        )  # fmt: skip
        found.append(made if divides or type(size) is not int else _with_neighbours(made, layer, x))
    return tuple(found)


def _dropped(window: Window, axis: int, size: Any, rest: Any) -> Any:
    """How many positions of the input lie behind the last window."""
    begin, end = window.padding(axis, size)
    rounded_down = dims.same(end, 0) and not window.ceil  # then it is not negative, though symbols may hide that
    lost = rest if rounded_down else dims.smax(rest - end, 0)
    return dims.smin(lost, size) if dims.at_least(window.extent(axis), begin) is False else lost


def _gaps(window: Window, axis: int) -> Iterator[str]:
    """Why positions before the end of the last window may be read by none."""
    kernel = window.kernel[axis]
    if dims.at_least(kernel, window.stride[axis]) is False:
        yield "the stride is larger than the kernel"
    if dims.at_least(kernel, 2) is True and dims.at_least(window.dilation[axis], 2) is True:
        yield "the taps of the kernel stand apart"


def _skips(window: Window, axis: int) -> bool:
    """Whether windows leave out positions in the midst of an input that is long enough."""
    stride, dilation = window.stride[axis], window.dilation[axis]
    share_a_factor = type(stride) is int and type(dilation) is int and gcd(stride, dilation) > 1
    return share_a_factor or dims.at_least(window.kernel[axis], stride) is False


def _sharing(layer: Layer, x: Shape) -> Iterator[Loss]:
    """Axes that do not divide into the windows that a layer chooses, so that neighbours share positions."""
    for axis, (size, letter) in enumerate(zip(x.spatial, axis_letters(x), strict=True)):
        shared = _shared(layer, x, axis)
        if not shared:
            continue

        def with_input(other: int, axis: int = axis) -> Neighbour | None:
            tried = x.of(x.channels, (*x.spatial[:axis], other, *x.spatial[axis + 1 :]))
            return (other, layer.output(tried).spatial[axis]) if _shared(layer, tried, axis) == 0 else None

        reach = max(REACH, 2 * layer.output(x).spatial[axis])
        inputs = _nearest(with_input, range(size - 1, max(size - reach, 1) - 1, -1), range(size + 1, size + reach + 1))
        yield Loss(axis, PLACES.get(letter, "position"), size, 0, 0, 0, inputs, shared=shared)


def _shared(layer: Layer, x: Shape, axis: int) -> int | None:
    """How many positions along an axis several outputs read; None where that is not counted."""
    size, places = x.spatial[axis], layer.output(x).spatial[axis]
    if type(size) is not int or type(places) is not int or max(size, places) > MAX_COUNTED:
        return None
    readers = Counter(position for place in range(places) for position in _read(layer, x, axis, place))
    return sum(count > 1 for count in readers.values())


def _read(layer: Layer, x: Shape, axis: int, place: int) -> Iterable[int]:
    """The positions along an axis of the input that one position of the output reads, zeros left out."""
    (readings,) = layer.readings(x, layer.output(x))
    return () if isinstance(readings, Rearranged) else readings[axis].within(place, x.spatial[axis])


def lost_by(layer: LayerReport) -> tuple[Loss, ...]:
    """The same of a layer of a report."""
    return losses(layer.node.layer, layer.node.x)


def _unread(layer: Layer, x: Shape, window: Window, axis: int) -> int | None:
    """How many positions of the input no window reads; None where that is not counted."""
    size, places, kernel = x.spatial[axis], window.size(axis, x.spatial[axis]), window.kernel[axis]
    if any(type(number) is not int for number in (size, places, kernel)) or max(size, places * kernel) > MAX_COUNTED:
        return None
    read: set[int] = set()
    for place in range(places):
        read.update(_read(layer, x, axis, place))
    return int(size) - len(read)


def _with_neighbours(loss: Loss, layer: Layer, x: Shape) -> Loss:
    axis, size = loss.axis, loss.size
    window = layer.window_on(x)
    assert window is not None
    stride, extent = window.stride[axis], window.extent(axis)
    if type(stride) is not int or type(extent) is not int:
        return loss
    reach = max(REACH, 2 * stride)

    def with_input(other: int) -> Neighbour | None:
        spatial = (*x.spatial[:axis], other, *x.spatial[axis + 1 :])
        return _tried(layer, x.of(x.channels, spatial), axis, other)

    inputs = _nearest(with_input, range(size - 1, max(size - reach, 1) - 1, -1), range(size + 1, size + reach + 1))
    fields = {type(field): name for name, field in layer.schema.items() if isinstance(field, PadField)}
    pads = _pads(layer, x, axis, fields[PadField], extent) if fields and window.pad is not None else ()
    strides: tuple[Neighbour, ...] = ()
    if isinstance(layer.schema.get("stride"), PerAxisField):
        name = attribute(layer, "stride")

        def with_stride(other: int) -> Neighbour | None:
            given = (*window.stride[:axis], other, *window.stride[axis + 1 :])
            return _tried(replace(layer, **{name: given}), x, axis, other)

        strides = _nearest(with_stride, range(stride - 1, 0, -1), range(stride + 1, max(extent, stride) + 1))
    return replace(loss, inputs=inputs, pads=pads, strides=strides)


def _pads(layer: Layer, x: Shape, axis: int, field: str, extent: int) -> tuple[Neighbour, ...]:
    """Other paddings: as much on both sides, or else more or less at the end."""
    name = attribute(layer, field)
    pairs = getattr(layer, name)
    begin, end = pairs[axis]
    if type(begin) is not int or type(end) is not int:
        return ()

    def with_pad(before: int, after: int) -> Neighbour | None:
        given = (*pairs[:axis], (before, after), *pairs[axis + 1 :])
        told = before if before == after else [before, after]
        return _tried(replace(layer, **{name: given}), x, axis, told)

    most = max(extent, begin + 1, end + 1)
    even = _nearest(lambda pad: with_pad(pad, pad), range(begin - 1, -1, -1), range(begin + 1, most))
    if even and begin == end:
        return even
    return _nearest(lambda pad: with_pad(begin, pad), range(end - 1, -1, -1), range(end + 1, most))


def _nearest(tried: Callable[[int], Neighbour | None], *ways: Iterable[int]) -> tuple[Neighbour, ...]:
    """The first exact value on each way."""

    def firsts() -> Iterator[Neighbour]:
        for way in ways:
            yield from [found for found in (next(filter(None, map(tried, way)), None),) if found]

    return tuple(firsts())


def _tried(layer: Layer, x: Shape, axis: int, told: Any) -> Neighbour | None:
    """The value with the output's size if the layer stands there and its windows divide exactly."""
    try:
        window = layer.window_on(x)
        if window is None or dims.same(window.rest(axis, x.spatial[axis]), 0) is not True:
            return None
        if any(condition.truth is False for condition in layer.conditions(x)):
            return None
        return told, layer.output(x).spatial[axis]
    except ArchcalcError:
        return None
