"""One walk over a graph: the stage of every node, from those of its inputs and its layer's readings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple

from .. import dims
from ..errors import ArchcalcError
from ..graph import Graph, Node, Repeat
from ..readings import Reading, Readings, Rearranged, positions, reads_own
from ..rearranging import Arranged, arranged, passed
from ..shapes import Shape
from .moving import before_moving
from .stages import Boxes, Path, Stage, Strand, at_input, combined, everywhere, hull_of_boxes
from .tracks import Track, hull_of

MAX_UNITS = 2**17
Unit = tuple[Any, ...]


class Way(NamedTuple):
    """From a node to where its units are put behind it: its number and shape, and where its axes stand now."""

    node: int
    shape: Shape
    arranged: Arranged


class Walk:
    """The stages of all nodes for one input, and boxes of single units where no rule follows them."""

    def __init__(self, graph: Graph, source: int) -> None:
        self.graph = graph
        self.source = source
        self.rules = Rules()
        self.ways: dict[int, Way] = {}
        self.found: dict[int, dict[Unit, Boxes | None]] = {}  # of nodes whose units were looked at one by one
        self.stages: dict[int, Stage] = {source: at_input(graph.inputs[-1 - source][1])}
        self._pass(0, len(graph.nodes), sorted(graph.rounds, key=lambda repeat: (repeat.start, -repeat.length)))

    # the walk

    def _pass(self, start: int, stop: int, rounds: list[Repeat]) -> None:
        """The stages of these nodes; those of repeats by a symbol are of the last round."""
        number = start
        while number < stop:
            inner = [repeat for repeat in rounds if number <= repeat.start and repeat.start + repeat.length <= stop]
            if inner and inner[0].start == number:
                repeat = inner[0]
                self._pass(number, number + repeat.length, inner[1:])
                self._repeat(repeat)
                number += repeat.length
                rounds = [other for other in rounds if other.start >= number]
                continue
            self._node(self.graph.nodes[number])
            number += 1

    def _node(self, node: Node) -> None:
        try:
            stage = self._stage(node)
        except ArchcalcError as error:
            raise ArchcalcError(f"{node.path} ({node.layer.kind}): {error}") from None
        if stage is not None:
            self.stages[node.number] = stage

    def _stage(self, node: Node) -> Stage | None:
        """The stage of a node; None if it sees nothing of this input."""
        if not any(number in self.stages for number in node.inputs):
            return None
        way = self._way(node)
        if way is not None and (again := self._in_place(node, way)) is not None:
            return again
        if (alone := self._passed_on(node)) is not None:
            return alone
        units = positions(node.output)
        pieces: list[tuple[int, Stage]] = []
        for branch, (number, shape, rule) in enumerate(zip(node.inputs, node.shapes, self.rules(node), strict=True)):
            if number in self.stages:
                piece = self._piece(self.stages[number], rule, shape, node)
                if piece is None:
                    return self._partial(node)
                pieces.append((branch, piece))
        return combined(pieces, units, node.number if len(node.inputs) > 1 else None)

    def _passed_on(self, node: Node) -> Stage | None:
        """The very stage of the only input, where each unit reads the one of its own number."""
        if len(node.inputs) > 1 or not reads_own(self.rules(node)[0]):
            return None
        stage = self.stages[node.inputs[0]]
        keeps = _same(stage.units, positions(node.output)) and (node.output.layout != "vector" or not stage.placed)
        return stage if keeps else None

    def _way(self, node: Node) -> Way | None:
        """Of a node that only puts the units of another elsewhere: that one, and where its axes stand here."""
        ways: set[Way] = set()
        for number, shape, rule in zip(node.inputs, node.shapes, self.rules(node), strict=True):
            if number not in self.stages:
                continue
            way = self.ways.get(number)
            if isinstance(rule, Rearranged):
                start = Way(number, shape, arranged(shape)) if way is None else way
                after = passed(start.arranged, rule, node.output)
            elif way is not None and reads_own(rule):
                start, after = way, way.arranged
            else:
                return None
            if after is None or (way is None and self.stages[number].scattered):
                return None
            ways.add(start._replace(arranged=after.mixed(node.output)))
        return ways.pop() if len(ways) == 1 else None

    def _in_place(self, node: Node, way: Way) -> Stage | None:
        """The stage of a node whose units stand in axes of their own again, as those of the node on the way did."""
        readings = way.arranged.readings(way.shape, node.output)
        if readings is None:
            self.ways[node.number] = way
            return None
        stage = self.stages[way.node]
        return stage._replace(
            strands=tuple(strand.through(readings) for strand in stage.strands),
            units=positions(node.output),
            placed=stage.placed and node.output.layout != "vector",
        )

    def _piece(self, stage: Stage, rule: Readings, shape: Shape, node: Node) -> Stage | None:
        """What a node sees through one input; None where only a look at every unit can tell."""
        output = node.output
        placed = stage.placed and output.layout != "vector"
        if isinstance(rule, Rearranged):
            rank = len(positions(output))
            if not stage.scattered and all(
                s.is_fixed and not s.has_gaps and len(s.tracks) >= rank for s in stage.strands
            ):
                return stage._replace(strands=tuple(strand.along(rank) for strand in stage.strands), placed=placed)
            return everywhere(stage, rank)._replace(placed=placed)
        if all(reading.is_fixed for reading in rule):
            keeps = node.layer.mixes and _same(positions(shape), positions(output))
            placed = placed and keeps
        if stage.scattered and reads_own(rule):
            return stage._replace(placed=placed)
        if any(reading.inside for reading in rule):
            return everywhere(stage, len(positions(output)))._replace(placed=placed)
        if stage.scattered and not _reads_all(rule, shape):
            return None
        strands = tuple(strand.through(rule) for strand in stage.strands)
        return stage._replace(strands=strands, scattered=False, placed=placed)

    # units that no rule follows

    def box(self, number: int, unit: Unit) -> Boxes | None:
        """The box of one unit before clipping; None if it sees nothing."""
        if number not in self.stages:
            return None
        if self.stages[number].scattered:
            return self._boxes(number, [unit])[unit]
        return self.stages[number].box(unit)

    def _partial(self, node: Node) -> Stage | None:
        """The stage of a node that reads some units of one whose units are scattered: each unit is looked at."""
        units = positions(node.output)
        check_numbers(units)
        number = dims.prod(units)
        if number > MAX_UNITS:
            raise ArchcalcError(f"its {number:,} units see different places; more than {MAX_UNITS:,} are not followed")
        self.found[node.number] = self._boxes(node.number, product(*map(range, units)))
        boxes = [box for box in self.found[node.number].values() if box is not None]
        if not boxes:
            return None
        tracks = tuple(Track(0, 1, 0, (hull_of(sides),)) for sides in zip(*boxes, strict=True))
        paths = tuple((Path(track),) for track in tracks)
        placed = node.output.layout != "vector" and any(
            self.stages[number].placed for number in node.inputs if number in self.stages
        )
        return Stage((Strand(tracks, paths, paths).along(len(units)),), units, True, placed, partial=True)

    def _boxes(self, number: int, units: Iterable[Unit]) -> dict[Unit, Boxes | None]:
        """The boxes of units of a node that is scattered: back to units that a rule follows, and forth again."""
        needed: dict[int, set[Unit]] = {number: set(units)}
        sources: dict[int, dict[Unit, list[tuple[int, Unit]]]] = {}
        for current in range(number, -1, -1):
            if current not in needed or current in self.found:
                continue
            if current != number and not self.stages[current].scattered:
                continue
            node = self.graph.nodes[current]
            sources[current] = {unit: [] for unit in needed[current]}
            for before, shape, rule in zip(node.inputs, node.shapes, self.rules(node), strict=True):
                if before not in self.stages:
                    continue
                check_numbers((*shape.axes, *node.output.axes))
                for unit, found in sources[current].items():
                    read = [(before, position) for position in taken(rule, shape, node.output, unit)]
                    found.extend(read)
                    needed.setdefault(before, set()).update(position for _, position in read)
        made: dict[int, dict[Unit, Boxes | None]] = {}
        for current in sorted(needed):
            if current in self.found:
                made[current] = self.found[current]
                continue
            if current not in sources:
                made[current] = {unit: self.stages[current].box(unit) for unit in needed[current]}
                continue
            made[current] = {
                unit: hull_of_boxes(made[before][position] for before, position in found)
                for unit, found in sources[current].items()
            }
        return made[number]

    # repeats by a symbol

    def _repeat(self, repeat: Repeat) -> None:
        """Every round lets the boxes grow by as much as the first one; the stages become those of the last round."""
        nodes = range(repeat.start, repeat.start + repeat.length)
        entries = {number for n in nodes for number in self.graph.nodes[n].inputs if number < repeat.start}
        entry = self.stages.get(next(iter(entries)), None) if len(entries) == 1 else None
        if not entries & self.stages.keys():
            return
        exit_ = self.stages.get(nodes[-1])
        if entry is None or exit_ is None or not _grows(entry, exit_):
            path = self.graph.nodes[repeat.start].path
            raise ArchcalcError(
                f"{path}: how the fields grow in {repeat.rounds} rounds is open; give the repeat a number"
            )
        for n in nodes:
            if n in self.stages:
                self.stages[n] = _after_rounds(self.stages[n], entry, exit_, repeat.rounds - 1)


def _grows(entry: Stage, exit_: Stage) -> bool:
    """Whether a round only makes the boxes larger."""
    if entry.scattered or exit_.scattered or len(entry.strands) != 1 or len(exit_.strands) != 1:
        return False
    (a,), (b,) = entry.strands, exit_.strands
    tracks = [*a.tracks, *b.tracks, *(path.track for side in (b.small, b.large) for paths in side for path in paths)]
    return all(
        track.period == 1 and None not in track.boxes and dims.same(track.advance, first.advance) is True
        for first, track in zip(a.tracks * (len(tracks) // len(a.tracks)), tracks, strict=False)
    ) and all(len(paths) == 1 for side in (a.small, a.large, b.small, b.large) for paths in side)


def _after_rounds(stage: Stage, entry: Stage, exit_: Stage, rounds: Any) -> Stage:
    """A stage of the first round as it is so many rounds later."""
    (before,), (after,) = entry.strands, exit_.strands

    def later(track: Track, number: int, a: Track, b: Track) -> Track:
        (first_a, last_a), (first_b, last_b) = a.boxes[0], b.boxes[0]  # type: ignore[misc]
        return track.grown(rounds * (first_a - first_b), rounds * (last_b - last_a))

    def paths_later(
        paths: tuple[tuple[Path, ...], ...], a: tuple[tuple[Path, ...], ...], b: tuple[tuple[Path, ...], ...]
    ) -> tuple[tuple[Path, ...], ...]:
        return tuple(
            tuple(Path(later(path.track, k, a[k][0].track, b[k][0].track), path.turns) for path in options)
            for k, options in enumerate(paths)
        )

    strands = tuple(
        Strand(
            tuple(later(track, k, before.tracks[k], after.tracks[k]) for k, track in enumerate(strand.tracks)),
            paths_later(strand.small, before.small, after.small),
            paths_later(strand.large, before.large, after.large),
        )
        for strand in stage.strands
    )
    return stage._replace(strands=strands)


class Rules:
    """The readings of every node; copies of a node share layer and shapes, and so their readings."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Readings, ...]] = {}

    def __call__(self, node: Node) -> tuple[Readings, ...]:
        """What a node reads of each of its inputs; ArchcalcError where that cannot be had."""
        key = (id(node.layer), id(node.shapes))
        if key not in self._known:
            self._known[key] = _readings(node)
        return self._known[key]


def _readings(node: Node) -> tuple[Readings, ...]:
    layer = node.layer
    if layer.__module__.startswith("archcalc.layers."):
        return layer.readings(node.x, node.output)
    try:
        return layer.readings(node.x, node.output)
    except (AttributeError, TypeError, ValueError, ArithmeticError) as error:
        raise ArchcalcError(f"a rule of layer kind '{layer.kind}' fails: {error}") from error


def taken(rule: Readings, x: Shape, y: Shape, unit: Unit) -> Iterable[Unit]:
    """The positions of an input x that a unit of the output y reads."""
    if isinstance(rule, Rearranged):
        return before_moving(rule, x, y, unit)
    along = []
    for reading, size in zip(rule, positions(x), strict=True):
        taps = reading.at(unit[reading.axis])
        inside = () if taps is None else range(taps.first, taps.last + 1, taps.step)
        along.append([position for position in inside if 0 <= position < size])
    return product(*along)


def check_numbers(sizes: Sequence[Any]) -> None:
    """Refuse sizes with symbols where every unit is looked at."""
    if any(type(size) is not int for size in sizes):
        raise ArchcalcError("its units see different places, which cannot be followed with symbols; give them numbers")


def _same(a: Unit, b: Unit) -> bool:
    return len(a) == len(b) and all(dims.same(one, other) is True for one, other in zip(a, b, strict=True))


def _reads_all(rule: Sequence[Reading], shape: Shape) -> bool:
    """Whether each unit reads all of the input."""
    return all(
        reading.is_fixed and reading.taps[0] is not None and tuple(reading.taps[0]) == (0, size - 1, 1)
        for reading, size in zip(rule, positions(shape), strict=True)
    )
