"""What the units along one axis of a layer see of one axis of the input: boxes that move with the units.

A box is (first, last), both read. The boxes repeat with a period: 1 for windows; more behind transposed convolutions
and upsampling, where neighbours may see the same or boxes of different size. Boxes are those before clipping: maps are
thought to go on where the padding is. They are exact, with ints and with symbols.

>>> pool = Track(0, 1, 1, ((0, 0),)).through(sliding(kernel=2, stride=2))
>>> pool.jump, pool.box(0), pool.box(3)
(2, (0, 1), (6, 7))
>>> up = pool.through(spreading(kernel=2, stride=2))
>>> up.jump, [up.box(unit) for unit in range(4)]
(1, [(0, 1), (0, 1), (2, 3), (2, 3)])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from math import lcm
from typing import Any, NamedTuple

from .. import dims
from ..errors import ArchcalcError
from ..readings import MAX_PERIOD, Reading, Taps, sliding, spreading

MAX_OPEN = 4  # candidates for the end of a box, while symbols leave open which it is
Box = tuple[Any, Any]

__all__ = ["Box", "Track", "hull_of", "sliding", "spreading"]


class Track(NamedTuple):
    """Unit period*t + r of the layer's `axis` sees boxes[r], moved by advance*t; None is nothing."""

    axis: int
    period: int
    advance: Any
    boxes: tuple[Box | None, ...]

    @property
    def jump(self) -> Any:
        """How far the box moves from one unit to the next; of a period the mean, an exact ratio."""
        return self.advance if self.period == 1 else dims.ratio(self.advance, self.period)

    @property
    def is_fixed(self) -> bool:
        """Whether all units see the same."""
        return self.period == 1 and dims.same(self.advance, 0) is True

    def box(self, unit: Any) -> Box | None:
        """What this unit sees; with a symbol for a unit, ArchcalcError where its place in the period is open."""
        turn, phase = self._place(unit)
        return self._box(turn, phase)

    def _place(self, unit: Any) -> tuple[Any, int]:
        if self.period == 1:
            return unit, 0
        if type(unit) is int:
            return divmod(unit, self.period)
        if dims.divides(self.period, unit + 1):
            return dims.exact_div(unit + 1, self.period) - 1, self.period - 1
        raise ArchcalcError(
            f"boxes repeat with a period of {self.period} units, and whether {unit + 1} is a multiple of it is open; "
            "promise it with --assume, such as H%32==0, or give the symbols numbers"
        )

    def _box(self, turn: Any, phase: int) -> Box | None:
        box = self.boxes[phase]
        return None if box is None else (_sum(box[0], self.advance * turn), _sum(box[1], self.advance * turn))

    def hull(self, taps: Taps) -> Box | None:
        """The smallest box around what these units see."""
        if self.period == 1:
            box = self.boxes[0]
            if box is None:
                return None
            return _sum(box[0], self.advance * taps.first), _sum(box[1], self.advance * taps.last)
        heads, tails = self._ends(taps)
        firsts, lasts = {box[0]: None for box in heads if box}, {box[1]: None for box in tails if box}
        return (_least(firsts), _greatest(lasts)) if firsts else None

    def _ends(self, taps: Taps) -> tuple[list[Box | None], list[Box | None]]:
        """The boxes of the first and last units of each phase that occurs: no other begins or ends further out."""
        first, last, step = taps
        if type(first) is int and type(last) is int and type(step) is int:
            units = range(first, last + 1, step)
            phases = self.period // dims.gcd(self.period, step)
            return [self.box(unit) for unit in units[:phases]], [self.box(unit) for unit in units[-phases:]]
        turn, phase = self._place(last)
        if first != 0 or step != 1 or phase != self.period - 1:
            raise ArchcalcError(f"which units {first} to {last} are is open; give the symbols numbers")
        return list(self.boxes), [self._box(turn, phase) for phase in range(self.period)]

    def through(self, reading: Reading) -> Track:
        """What the units of a layer see that reads those of this one."""
        if self.is_fixed and None not in reading.taps:
            return self._replace(axis=reading.axis)
        turns = 1
        advance = self.advance * reading.advance
        if self.period > 1:
            if type(reading.advance) is not int:
                raise ArchcalcError(
                    f"a stride of {reading.advance} behind a layer that enlarges is open; give it a number"
                )
            turns = self.period // dims.gcd(self.period, reading.advance)
            advance = self.advance * (reading.advance * turns // self.period)
        if reading.period * turns > MAX_PERIOD:
            raise ArchcalcError(f"boxes repeat with a period of more than {MAX_PERIOD:,} units, which is not followed")
        boxes = tuple(
            None if taps is None else self.hull(taps.moved(reading.advance * turn))
            for turn in range(turns)
            for taps in reading.taps
        )
        made = Track(reading.axis, reading.period * turns, advance, boxes)
        if len(boxes) > 1 and dims.same(advance, 0) and len(set(boxes)) == 1:
            return Track(reading.axis, 1, 0, boxes[:1])
        return made

    def moves_with(self, other: Track) -> bool:
        """Whether the two have the same jump along the same axis, so that they can be joined."""
        return dims.same(self.jump, other.jump) is True and (self.axis == other.axis or self.is_fixed)

    def joined(self, other: Track) -> Track:
        """The hull of both, unit by unit; neither may have a unit that sees nothing."""
        period = lcm(self.period, other.period)
        pairs = zip(self.stretched(period), other.stretched(period), strict=True)
        advance = self.advance * (period // self.period)
        return Track(self.axis, period, advance, tuple(hull_of(pair) for pair in pairs))

    def stretched(self, period: int) -> Iterator[Box | None]:
        """The boxes of a longer period."""
        return (self._box(turn, phase) for turn in range(period // self.period) for phase in range(self.period))

    def width(self, units: Any) -> Any:
        """The largest size of a box among this many units."""
        count = min(self.period, units) if type(units) is int else self.period
        widths = dict.fromkeys(_sum(last, 1 - first) for first, last in filter(None, self.boxes[:count]))
        return _greatest(widths) if widths else 0

    def grown(self, before: Any, after: Any) -> Track:
        """Every box larger by so much at its beginning and at its end."""
        boxes = (box and (_sum(box[0], -before), _sum(box[1], after)) for box in self.boxes)
        return self._replace(boxes=tuple(boxes))


def _sum(a: Any, b: Any) -> Any:
    """a + b; of symbols multiplied out, so that equal ends look equal."""
    return a + b if type(a) is int and type(b) is int else dims.add_up([a, b])


def hull_of(boxes: Iterable[Box | None]) -> Box | None:
    """The smallest box around others; None where there is none.

    >>> hull_of([(3, 5), None, (-1, 4)])
    (-1, 5)
    """
    found = [box for box in boxes if box is not None]
    if not found:
        return None
    return _least(dict.fromkeys(box[0] for box in found)), _greatest(dict.fromkeys(box[1] for box in found))


def _least(sizes: Iterable[Any]) -> Any:
    return reduce(dims.smin, _candidates(sizes, lambda a, b: dims.at_least(b, a)))


def _greatest(sizes: Iterable[Any]) -> Any:
    return reduce(dims.smax, _candidates(sizes, dims.at_least))


def _candidates(sizes: Iterable[Any], covers: Callable[[Any, Any], dims.Truth]) -> list[Any]:
    """The sizes that no other makes superfluous; ArchcalcError where symbols leave open too many of them."""
    kept: list[Any] = []
    for size in sizes:
        if not any(covers(other, size) for other in kept):
            kept = [other for other in kept if not covers(size, other)] + [size]
    if len(kept) > MAX_OPEN:
        raise ArchcalcError(f"which of {len(kept)} boxes reaches furthest is open; give the symbols numbers")
    return kept


def first_and_last(units: Any, period: int) -> Iterator[Any]:
    """The first and the last units of an axis, of every phase of a period; all, where there are not more."""
    if type(units) is int:
        yield from range(units) if units <= 2 * period else (*range(period), *range(units - period, units))
        return
    yield from range(period)
    yield units - 1
