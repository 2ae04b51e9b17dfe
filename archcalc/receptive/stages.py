"""What every layer's units see of one input: one walk over the graph, the layers' readings composed.

A stage holds strands: the boxes of all paths from the input that have the same jump, joined; paths with other jumps are
a strand of their own, since no single rule moves both. The box of a unit is the hull over the strands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from math import lcm
from typing import Any, NamedTuple

from .. import dims
from ..errors import ArchcalcError
from ..readings import Reading, every, positions
from ..shapes import Shape
from .tracks import Box, Track, first_and_last, hull_of

MAX_STRANDS = 256
Boxes = tuple[Box, ...]  # one an axis of the input


class Path(NamedTuple):
    """One path from the input: its boxes along one axis, and the joins it passes with the number of the branch."""

    track: Track
    turns: tuple[tuple[int, int], ...] = ()


class Strand(NamedTuple):
    """Paths of the same jumps: their boxes joined, the smallest and the largest path; one an axis of the input.

    Of paths, several are kept while symbols leave open which is the smallest.
    """

    tracks: tuple[Track, ...]
    small: tuple[tuple[Path, ...], ...]
    large: tuple[tuple[Path, ...], ...]

    @property
    def is_fixed(self) -> bool:
        """Whether all units see the same through it."""
        return all(track.is_fixed for track in self.tracks)

    @property
    def moves(self) -> bool:
        """Whether units look at places of their own through it."""
        return any(dims.same(track.advance, 0) is not True for track in self.tracks)

    @property
    def has_gaps(self) -> bool:
        """Whether some units see nothing through it."""
        return any(None in track.boxes for track in self.tracks)

    def box(self, unit: tuple[Any, ...]) -> Boxes | None:
        """What a unit sees through it; nothing at all if nothing along one of the axes."""
        boxes = tuple(track.box(unit[track.axis]) for track in self.tracks)
        return None if None in boxes else boxes  # type: ignore[return-value]

    def through(self, readings: Sequence[Reading]) -> Strand:
        """The strand behind a layer that reads this one's."""

        def passed(track: Track) -> Track:
            return track.through(readings[track.axis])

        def each(paths: tuple[tuple[Path, ...], ...]) -> tuple[tuple[Path, ...], ...]:
            return tuple(tuple(Path(passed(path.track), path.turns) for path in options) for options in paths)

        return Strand(tuple(map(passed, self.tracks)), each(self.small), each(self.large))

    def turned(self, node: int, branch: int) -> Strand:
        """The same, with one more join on its paths."""

        def each(paths: tuple[tuple[Path, ...], ...]) -> tuple[tuple[Path, ...], ...]:
            return tuple(tuple(Path(p.track, (*p.turns, (node, branch))) for p in options) for options in paths)

        return self._replace(small=each(self.small), large=each(self.large))

    def along(self, rank: int) -> Strand:
        """The same for units of another number of axes, all of which see the same."""

        def moved(track: Track, number: int) -> Track:
            return track._replace(axis=min(number, rank - 1))

        def each(paths: tuple[tuple[Path, ...], ...]) -> tuple[tuple[Path, ...], ...]:
            return tuple(
                tuple(Path(moved(path.track, number), path.turns) for path in options)
                for number, options in enumerate(paths)
            )

        tracks = tuple(moved(track, number) for number, track in enumerate(self.tracks))
        return Strand(tracks, each(self.small), each(self.large))

    def merges_with(self, other: Strand) -> bool:
        """Whether the boxes of the two can be joined axis by axis."""
        if self.tracks == other.tracks:
            return True
        pairs = zip(self.tracks, other.tracks, strict=True)
        return not self.has_gaps and not other.has_gaps and all(a.moves_with(b) for a, b in pairs)

    def merged(self, other: Strand, units: tuple[Any, ...]) -> Strand:
        """Both as one."""
        pairs = zip(self.tracks, other.tracks, strict=True)
        tracks = self.tracks if self.tracks == other.tracks else tuple(a.joined(b) for a, b in pairs)
        return Strand(
            tracks,
            tuple(_extreme(a + b, units, smallest=True) for a, b in zip(self.small, other.small, strict=True)),
            tuple(_extreme(a + b, units, smallest=False) for a, b in zip(self.large, other.large, strict=True)),
        )


def _extreme(paths: tuple[Path, ...], units: tuple[Any, ...], *, smallest: bool) -> tuple[Path, ...]:
    """The smallest or largest of these paths, or those among which symbols leave it open; the first of equals."""
    kept: list[tuple[Path, Any]] = []
    for path in paths:
        width = path.track.width(units[path.track.axis])
        if any(_covers(known, width, smallest) for _, known in kept):
            continue
        kept = [(other, known) for other, known in kept if not _covers(width, known, smallest)]
        kept.append((path, width))
    if len(kept) > MAX_STRANDS:
        raise ArchcalcError(f"more than {MAX_STRANDS} paths may be the smallest or largest; give a symbol a number")
    return tuple(path for path, _ in kept)


def _covers(a: Any, b: Any, smallest: bool) -> bool:
    return bool(dims.at_least(b, a) if smallest else dims.at_least(a, b))


class Stage(NamedTuple):
    """What the units of one layer see of one input.

    `scattered`: units see different places that no rule follows (behind flatten, tokens, reshape); the strands then are
    the union over all units. `placed`: units still stand for places of a map. `partial`: the union was made unit by
    unit, so that the paths are not known.
    """

    strands: tuple[Strand, ...]
    units: tuple[Any, ...]  # the axes of its positions
    scattered: bool = False
    placed: bool = True
    partial: bool = False

    def box(self, unit: tuple[Any, ...]) -> Boxes | None:
        """The box of a unit before clipping; None if it sees nothing."""
        return hull_of_boxes(strand.box(unit) for strand in self.strands)

    def union(self) -> Boxes | None:
        """The box around what all units see."""
        return hull_of_boxes(_union(strand, self.units) for strand in self.strands)

    def sizes(self) -> tuple[Any, ...]:
        """The largest size of a unit's box along each axis of the input."""
        if len(self.strands) == 1 and not self.strands[0].has_gaps:
            return tuple(track.width(self.units[track.axis]) for track in self.strands[0].tracks)
        largest: list[Any] = [0] * len(self.strands[0].tracks)
        for unit in self._deciding_units():
            for axis, (first, last) in enumerate(self.box(unit) or ()):
                largest[axis] = dims.smax(largest[axis], last - first + 1)
        return tuple(largest)

    def _deciding_units(self) -> Iterator[tuple[Any, ...]]:
        """Units among which are those with the largest boxes.

        First and last positions are linear in a unit's turn, so that the size of a hull over strands is convex and
        largest at an end, for each phase.
        """
        tracks = [track for strand in self.strands for track in strand.tracks]
        ends = []
        for axis, units in enumerate(self.units):
            period = lcm(*(track.period for track in tracks if track.axis == axis))
            if period > 1 and type(units) is not int:
                raise ArchcalcError(f"which of {units} units sees most is open; give the symbols numbers")
            ends.append(tuple(first_and_last(units, period)))
        if any(strand.has_gaps for strand in self.strands) or self._is_turned:
            return product(*ends)
        longest = max(map(len, ends))  # axes do not depend on each other: one unit for each end of each axis
        return zip(*(tuple(end) + (end[-1],) * (longest - len(end)) for end in ends), strict=True)

    @property
    def _is_turned(self) -> bool:
        """Whether strands move along one axis of the input with different axes of the units."""
        return any(
            len({strand.tracks[axis].axis for strand in self.strands if not strand.tracks[axis].is_fixed}) > 1
            for axis in range(len(self.strands[0].tracks))
        )

    def paths(self, axis: int, *, smallest: bool) -> tuple[Path, ...]:
        """The smallest or largest path along an axis of the input, or several while symbols leave it open."""
        options = tuple(p for strand in self.strands for p in (strand.small if smallest else strand.large)[axis])
        return () if self.partial else _extreme(options, self.units, smallest=smallest)


def hull_of_boxes(boxes: Iterable[Boxes | None]) -> Boxes | None:
    """The smallest box around others, along all axes; None where there is none."""
    found = [box for box in boxes if box is not None]
    return tuple(hull_of(sides) for sides in zip(*found, strict=True)) if found else None  # type: ignore[misc]


def _union(strand: Strand, units: tuple[Any, ...]) -> Boxes | None:
    """The box around what all units see through a strand."""
    boxes = tuple(track.through(every(units[track.axis])).boxes[0] for track in strand.tracks)
    return None if None in boxes else boxes  # type: ignore[return-value]


def at_input(shape: Shape) -> Stage:
    """The stage of an input: each position sees itself."""
    units = positions(shape)
    tracks = tuple(Track(axis, 1, 1, ((0, 0),)) for axis in range(len(units)))
    paths = tuple((Path(track),) for track in tracks)
    return Stage((Strand(tracks, paths, paths),), units, placed=shape.layout != "vector")


def everywhere(stage: Stage, rank: int) -> Stage:
    """The union over all units, for units of another shape that see different parts of it."""
    strands = tuple(strand.along(rank) for strand in _unioned(stage).strands)
    return stage._replace(strands=strands, scattered=True)


def _alive(strands: Sequence[Strand]) -> Iterator[Strand]:
    """Strands through which some unit sees something."""
    for strand in strands:
        if all(any(track.boxes) for track in strand.tracks):
            yield strand


def combined(pieces: Sequence[tuple[int, Stage]], units: tuple[Any, ...], node: int | None) -> Stage | None:
    """What a layer's inputs give, each with its number, as one stage; `node` is the number of a join."""
    scattered = any(piece.scattered for _, piece in pieces)
    if scattered:
        scattered = not any(_covers_all(piece, pieces) for _, piece in pieces)
        pieces = [(branch, _unioned(piece)) for branch, piece in pieces]
    strands: list[Strand] = []
    for branch, piece in pieces:
        for strand in _alive(piece.strands):
            added = strand if node is None else strand.turned(node, branch)
            for number, known in enumerate(strands):
                if known.merges_with(added):
                    strands[number] = known.merged(added, units)
                    break
            else:
                strands.append(added)
    if len(strands) > MAX_STRANDS:
        raise ArchcalcError(f"its paths have more than {MAX_STRANDS} different jumps, which are not followed")
    if not strands:
        return None
    stages = [piece for _, piece in pieces]
    placed, partial = any(stage.placed for stage in stages), any(stage.partial for stage in stages)
    return Stage(tuple(strands), units, scattered, placed, partial)


def _unioned(stage: Stage) -> Stage:
    """The same with the union over all units in each strand."""
    if stage.scattered:
        return stage
    readings = [every(size, axis) for axis, size in enumerate(stage.units)]
    return stage._replace(strands=tuple(strand.through(readings) for strand in stage.strands))


def _covers_all(stage: Stage, others: Sequence[tuple[int, Stage]]) -> bool:
    """Whether all units see the same through this one, and nothing outside it through the others."""
    if stage.scattered or not all(strand.is_fixed and not strand.has_gaps for strand in stage.strands):
        return False
    mine = stage.union()
    theirs = (union for _, other in others if (union := other.union()) is not None)
    return mine is not None and all(
        dims.at_least(inner[0], outer[0]) and dims.at_least(outer[1], inner[1])
        for union in theirs
        for inner, outer in zip(union, mine, strict=True)
    )
