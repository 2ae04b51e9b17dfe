"""Where numbers go that a layer only gives another shape: flatten, reshape, permute, tokens.

The numbers of x, its axes taken in the order of the rule and run through row by row, are those of y.

>>> flatten, x, y = Rearranged((0, 1, 2)), Shape((2, 2, 3)), Shape((12,))
>>> before_moving(flatten, x, y, (8,)), after_moving(flatten, x, y, (0, 2))
([(0, 2)], [(2,), (8,)])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..readings import Rearranged
from ..shapes import Shape

Index = tuple[int, ...]


def before_moving(rule: Rearranged, x: Shape, y: Shape, unit: Index) -> list[Index]:
    """The positions of x that hold the numbers at one position of y."""
    ordered = [x.axes[axis] for axis in rule.order]
    found: dict[Index, None] = {}
    for index in _numbers_at(y, unit):
        steps = _split(_flat(index, y.axes), ordered)
        source = dict(zip(rule.order, steps, strict=True))
        found[_position(x, tuple(source[axis] for axis in range(len(ordered))))] = None
    return list(found)


def after_moving(rule: Rearranged, x: Shape, y: Shape, position: Index) -> list[Index]:
    """The positions of y that hold the numbers at one position of x."""
    ordered = [x.axes[axis] for axis in rule.order]
    found: dict[Index, None] = {}
    for index in _numbers_at(x, position):
        flat = _flat([index[axis] for axis in rule.order], ordered)
        found[_position(y, _split(flat, y.axes))] = None
    return list(found)


def _flat(index: Sequence[int], sizes: Sequence[int]) -> int:
    """The number of an element, counted row by row."""
    flat = 0
    for step, size in zip(index, sizes, strict=True):
        flat = flat * size + step
    return flat


def _split(flat: int, sizes: Sequence[int]) -> Index:
    """The index of the element with this number."""
    index = []
    for size in reversed(sizes):
        flat, step = divmod(flat, size)
        index.append(step)
    return tuple(reversed(index))


def _numbers_at(shape: Shape, unit: Index) -> Iterator[Index]:
    """The indices of all numbers at one position."""
    if len(shape.axes) == 1:
        yield unit
        return
    for channel in range(shape.channels):
        yield (*unit, channel) if shape.channels_last else (channel, *unit)


def _position(shape: Shape, index: Index) -> Index:
    """The position of the number with this index."""
    if len(shape.axes) == 1:
        return index
    return index[:-1] if shape.channels_last else index[1:]
