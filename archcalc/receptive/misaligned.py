"""Whether branches that meet in a join look at the same places: the same jump, and the same centre for each unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import lcm
from typing import Any

from .. import dims
from ..entries import JoinEntry
from ..graph import Node
from ..records import Record, record
from .stages import Stage, Strand
from .tracks import Track


@record
class Misaligned(Record):
    """Two branches of a join that look at different places along one axis of the input.

    Either their jumps differ, or the centres of the boxes of one unit do: by `least` to `most` pixels, positive where
    the second branch looks further on.
    """

    path: str
    axis: int
    first: str
    second: str
    jumps: tuple[Any, Any]
    least: Any = None
    most: Any = None

    @property
    def by(self) -> str:
        """By how much the second branch looks elsewhere."""
        if self.least is None:
            first, second = self.jumps
            if dims.same(first, second) is True:
                return f"jump {second} along another axis of the units"
            return f"jump {second} instead of {first}"
        if dims.same(self.least, self.most) is True:
            return f"centres {_distance(self.least)}"
        return f"centres from {_distance(self.least)} to {_distance(self.most)}, depending on the unit"


def _distance(pixels: Any) -> str:
    """`4 pixels further back`, up or to the left; with symbols the sign is open and stays."""
    if dims.same(pixels, 0) is True:
        return "the same place"
    back = dims.at_least(0, pixels) is True
    size = -pixels if back else pixels
    return f"{size} {'pixel' if dims.at_least(1, size) else 'pixels'} further {'back' if back else 'on'}"


def misaligned(node: Node, stages: dict[int, Stage]) -> tuple[Misaligned, ...]:
    """Every branch of a join that does not look where the first one does, if its units do not all see the same."""
    if not isinstance(node.entry, JoinEntry):
        return ()
    names = [name for name, _ in node.entry.branches]
    moving = [
        (name, [strand for strand in stages[number].strands if strand.moves])
        for name, number in zip(names, node.inputs, strict=True)
        if number in stages and not stages[number].scattered
    ]
    moving = [(name, strands) for name, strands in moving if strands]
    if not moving:
        return ()
    (first, strands), *others = moving
    return tuple(found for name, other in others for found in _compared(node.path, (first, name), strands, other))


def _compared(
    path: str, names: tuple[str, str], strands: Sequence[Strand], others: Sequence[Strand]
) -> Iterator[Misaligned]:
    """For each axis of the input, the first strand of the other branch that has no aligned one in this branch."""
    for axis in range(len(strands[0].tracks)):
        mine = [strand.tracks[axis] for strand in strands]
        for theirs in (strand.tracks[axis] for strand in others):
            alike = [track for track in mine if _moves_alike(track, theirs)]
            if not alike:
                yield Misaligned(path, axis, *names, (mine[0].jump, theirs.jump))
                break
            least, most = _apart(alike[0], theirs)
            if dims.same(least, 0) is not True or dims.same(most, 0) is not True:
                yield Misaligned(path, axis, *names, (alike[0].jump, theirs.jump), least, most)
                break


def _moves_alike(a: Track, b: Track) -> bool:
    """Whether both move as far from one unit to the next, along the same axis of the units."""
    return dims.same(a.jump, b.jump) is True and (a.axis == b.axis or dims.same(a.jump, 0) is True)


def _apart(a: Track, b: Track) -> tuple[Any, Any]:
    """The least and greatest distance from the centre of a unit's box to that of its box in the other."""
    period = lcm(a.period, b.period)
    distances = [
        dims.ratio(after[0] + after[1] - before[0] - before[1], 2)
        for before, after in zip(a.stretched(period), b.stretched(period), strict=True)
        if before is not None and after is not None
    ]
    least: Any = None
    most: Any = None
    for distance in distances:
        least = distance if least is None else dims.smin(least, distance)
        most = distance if most is None else dims.smax(most, distance)
    return (0, 0) if least is None else (least, most)
