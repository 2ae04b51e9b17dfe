"""Numbers in another shape: where each axis of a shape has gone behind permutations and reshapes.

The index along an axis may be cut into digits: 12 channels as 3 groups of 4 are a digit that counts by 4 and one that
counts by 1. Permuting and reshaping moves digits; where the digits of the positions still stand in axes of positions,
what one position of the new shape reads is a rule like any other.

>>> groups = arranged(Shape((12, 5, 7))).reshaped((3, 4, 5, 7)).permuted((1, 0, 2, 3)).reshaped((12, 5, 7))
>>> groups.axes[0]
(Digit(axis=0, size=4, step=1), Digit(axis=0, size=3, step=4))
>>> [reading.is_point for reading in groups.readings(Shape((12, 5, 7)), Shape((12, 5, 7)))]
[True, True]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from . import dims
from .readings import MAX_PERIOD, Reading, Readings, Rearranged, Taps, every, point, positions
from .shapes import Shape

NEW = -1  # stands for no axis of the first shape


class Digit(NamedTuple):
    """A part of the index along an axis of the first shape: so many values, which count by `step`."""

    axis: int
    size: Any
    step: Any = 1


class Arranged(NamedTuple):
    """For each axis of a shape the digits that its index is made of, the first of them slowest."""

    axes: tuple[tuple[Digit, ...], ...]

    def permuted(self, order: Sequence[int]) -> Arranged:
        """The axes in another order."""
        return Arranged(tuple(self.axes[axis] for axis in order))

    def reshaped(self, sizes: Sequence[Any]) -> Arranged | None:
        """The same numbers, row by row, as a shape of these sizes; None where an axis would begin within a digit."""
        left = [digit for axis in reversed(self.axes) for digit in reversed(axis)]
        axes = [_taken(left, size) for size in sizes]
        return None if None in axes else Arranged(tuple(digits for digits in axes if digits is not None))

    def mixed(self, y: Shape) -> Arranged:
        """With the channels of y as one digit of their own, as behind a layer that makes new ones of all."""
        if len(y.axes) == 1:
            return self
        channels = (Digit(NEW, y.channels),)
        return Arranged((*self.axes[:-1], channels) if y.channels_last else (channels, *self.axes[1:]))

    def readings(self, x: Shape, y: Shape) -> tuple[Reading, ...] | None:
        """What a position of y reads of the first shape x, if rules of single axes say it."""
        first = 0 if len(y.axes) == 1 or y.channels_last else 1  # the axis of y that is its first one of positions
        placed = self.axes[first : first + len(positions(y))]
        found = []
        start = 0 if len(x.axes) == 1 or x.channels_last else 1
        sizes = positions(x)
        for number, size in enumerate(sizes):
            if dims.same(size, 1) is True:
                goes_on = self._single(start + number, number, placed) if len(sizes) == len(placed) else None
                found.append(every(1, 0) if goes_on is None else point(goes_on))
                continue
            reading = self._reading(start + number, size, placed)
            if reading is None:
                return None
            found.append(reading)
        return tuple(found)

    def _single(self, axis: int, number: int, placed: Sequence[tuple[Digit, ...]]) -> int | None:
        """Where an axis of one position goes on: where it was turned to, else where it was, if that has one too."""
        turned = [place for place, digits in enumerate(placed) if [digit.axis for digit in digits] == [axis]]
        has_one = all(dims.same(digit.size, 1) is True for digit in placed[number])
        return turned[0] if turned else number if has_one else None

    def _reading(self, axis: int, size: Any, placed: Sequence[tuple[Digit, ...]]) -> Reading | None:
        """How the digits of this axis stand in the axes of positions; those that do not stand in the channels."""
        at = [(number, digit) for number, digits in enumerate(placed) for digit in digits if digit.axis == axis]
        if not at:
            return every(size, 0)
        number, digit = at[0]
        digits = [other for other in placed[number] if dims.same(other.size, 1) is not True]
        if len(at) > 1 or digits[0] != digit:
            return None
        inner = digits[1:]
        period = dims.prod(other.size for other in inner)
        if dims.same(dims.prod((digit.size, digit.step)), size) is True:
            taps = Taps(0, digit.step - 1)  # the faster digits stand in the channels
        elif dims.same(digit.step, 1) is True:
            taps = Taps(0, size - digit.size, digit.size)
        else:
            return None
        if type(period) is not int or period > MAX_PERIOD:
            return None
        return Reading(period, digit.step, (taps,) * period, number)


def arranged(x: Shape) -> Arranged:
    """A shape as it is."""
    return Arranged(tuple((Digit(axis, size),) for axis, size in enumerate(x.axes)))


def passed(before: Arranged, rule: Rearranged, y: Shape) -> Arranged | None:
    """Where digits stand behind a layer that gives the shape y; None where that is not followed."""
    return before.permuted(rule.order).reshaped(y.axes)


def rearranged(x: Shape, y: Shape, order: Sequence[int] | None = None) -> Readings:
    """What a layer reads that only moves numbers: x with its axes in this order, row by row, as y.

    >>> [reading.axis for reading in rearranged(Shape((64, 28, 28)), Shape((4, 16, 28, 28)))]
    [1, 2]
    >>> rearranged(Shape((64, 28, 28)), Shape((50176,)))
    Rearranged(order=(0, 1, 2))
    """
    rule = Rearranged(tuple(range(len(x.axes)) if order is None else order))
    after = passed(arranged(x), rule, y)
    readings = None if after is None else after.readings(x, y)
    return rule if readings is None else readings


def _taken(left: list[Digit], size: Any) -> tuple[Digit, ...] | None:
    """As many of the digits that are left, from the last one on, as make an axis of this size; a digit may be cut."""
    if dims.same(size, 1) is True:
        return (left.pop(),) if left and dims.same(left[-1].size, 1) is True else ()
    digits: list[Digit] = []
    missing = size
    while dims.same(missing, 1) is not True:
        if not left:
            return None
        digit = left.pop()
        if dims.divides(digit.size, missing) is not True:
            if dims.divides(missing, digit.size) is not True:
                return None
            inner = dims.exact_div(digit.size, missing)
            left.append(digit._replace(size=inner))
            digit = Digit(digit.axis, missing, digit.step * inner)
        digits.append(digit)
        missing = dims.exact_div(missing, digit.size)
    return _joined(digits)


def _joined(digits: Sequence[Digit]) -> tuple[Digit, ...]:
    """Neighbours that count on as one."""
    made: list[Digit] = []
    for digit in digits:
        last = made[-1] if made else None
        if last is not None and last.axis == digit.axis and dims.same(last.step, digit.step * digit.size) is True:
            made[-1] = Digit(digit.axis, dims.prod((last.size, digit.size)), digit.step)
        else:
            made.append(digit)
    return tuple(made)
