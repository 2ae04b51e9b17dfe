"""Receptive fields: which part of the input a unit of a layer sees, exactly, with ints and with symbols.

A unit is a position of a layer's output with all its channels. `Fields` holds what the units of every layer see of one
input: the size of their box, its jump from one unit to the next, the padding, the centre, the smallest and the largest
path where there are branches; `seen` and `seeing` give the exact pixels of one unit, and the units of one pixel.

Source: Araujo, Norris & Sim 2019, Computing Receptive Fields of Convolutional Neural Networks, Distill. The formulas
stand in docs/receptive-field.md.

>>> from archcalc.analysis import analyze
>>> fields = Fields(analyze("vgg16"))
>>> rows, columns = fields["stage5.maxpool"].axes
>>> rows.size, rows.jump, rows.before, rows.centre
(212, 32, 90, Fraction(31, 2))
>>> fields.seen("stage5.maxpool", (0, 6)).after[1][:2]
(102, 103)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from .. import dims
from ..errors import ArchcalcError, UsageError, did_you_mean, hinted, nearest, shown
from ..graph import Node
from ..naming import Level
from ..readings import Readings, positions
from ..records import Record, Shown, record
from ..report import LayerReport, Report
from ..shapes import Shape
from . import trace
from .misaligned import Misaligned, misaligned
from .results import Along, Field, Placed, Seeing, Seen
from .stages import Boxes, Path, Stage
from .walk import Walk
from .whole import Whole

__all__ = ["AXES", "Along", "Field", "Fields", "Placed", "Seeing", "Seen", "axis_names", "size"]

AXES = {1: ("columns",), 2: ("rows", "columns"), 3: ("planes", "rows", "columns")}


def axis_names(shape: Shape) -> tuple[str, ...]:
    """What the axes of an input's positions are called."""
    if shape.layout == "vector":
        return ("numbers",)
    rank = len(shape.spatial)
    return AXES.get(rank) or tuple(f"axis {number}" for number in range(rank))


@record
class Fields(Shown, Record):
    """What every layer of a network sees of one of its inputs; ArchcalcError where that cannot be had.

    Source: Araujo, Norris & Sim 2019, Distill, sec. 2 and 3: size 1 + sum of (F - 1) times the strides before.

    >>> from archcalc.analysis import analyze
    >>> [str(field.size) for field in Fields(analyze("lenet5")) if field.layer.kind in ("conv", "subsample")]
    ['5', '6', '14', '16', '32']
    """

    report: Report
    source: str | None = None  # the input's name, where there are several

    def show_as(self, format: str) -> str:
        """What `archcalc field` prints."""
        from ..render.fields import table

        return table(self, format)

    @cached_property
    def shape(self) -> Shape:
        """The input's."""
        return self.report.graph.inputs[-1 - self._number][1]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What the axes of the input are called."""
        return axis_names(self.shape)

    @cached_property
    def _number(self) -> int:
        names = [name for name, _ in self.report.graph.inputs]
        if self.source is None and len(names) > 1:
            raise UsageError(f"{self.report.name} has several inputs; name one: {', '.join(names)}")
        if self.source is not None and self.source not in names:
            raise UsageError(hinted(f"there is no input '{self.source}'", did_you_mean(self.source, names)))
        return -1 - (0 if self.source is None else names.index(self.source))

    @cached_property
    def _walk(self) -> Walk:
        return Walk(self.report.graph, self._number)

    @cached_property
    def layers(self) -> tuple[Field, ...]:
        """The fields of the layers that see this input, in order, those of heads included."""
        stages = self._walk.stages
        return tuple(self._field(layer) for layer in self.report.layers if layer.node.number in stages)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.layers)

    def __getitem__(self, path: str) -> Field:
        """The field of a layer, or of the last layer of a level; UsageError names the nearest."""
        return self._field(self._seeing_layer(path))

    @cached_property
    def last(self) -> Field:
        """The field that stands for the network: of the last layer outside heads whose units stand for places.

        That is the last one in front of global pooling, flattening, or taking one token; of a network without maps
        the last layer.
        """
        return self._field(self._last_of(self.report.trunk))

    def of_layers(self, layers: Sequence[LayerReport]) -> Field:
        """The same of some of the layers."""
        return self._field(self._last_of(layers))

    def _last_of(self, layers: Sequence[LayerReport]) -> LayerReport:
        stages = self._walk.stages
        known = [layer for layer in layers if layer.node.number in stages]
        if not known:
            raise ArchcalcError("none of these layers sees the input")
        return next((layer for layer in reversed(known) if stages[layer.node.number].placed), known[-1])

    def placed(self, layer: LayerReport) -> tuple[Placed, ...]:
        """Where the units of a layer look along each axis: a part of its field, sooner known than all of it."""
        stage = self._walk.stages[layer.node.number]
        if id(stage) not in self._places:
            first = stage.union() if stage.scattered else stage.box((0,) * len(stage.units))
            self._places[id(stage)] = tuple(
                Placed(size, _jump(stage, axis), None if first is None else -first[axis][0])
                for axis, size in enumerate(stage.sizes())
            )
        return self._places[id(stage)]

    @cached_property
    def _places(self) -> dict[int, tuple[Placed, ...]]:
        return {}

    def sees(self, layer: LayerReport) -> bool:
        """Whether units of the layer see anything of this input."""
        return layer.node.number in self._walk.stages

    def is_scattered(self, number: int) -> bool:
        """Whether the units of a node see different places that no rule follows."""
        return self._walk.stages[number].scattered

    def stage_before(self, number: int) -> Stage | None:
        """What the units of an input of some node see, by its number: a layer's, or negative for the network's."""
        return self._walk.stages.get(number)

    def readings(self, node: Node) -> tuple[Readings, ...]:
        """Which positions of each of its inputs a unit of this node reads."""
        return self._walk.rules(node)

    @property
    def misaligned(self) -> tuple[Misaligned, ...]:
        """Every merge whose branches look at different places."""
        stages = self._walk.stages
        return tuple(found for node in self.report.graph.nodes for found in misaligned(node, stages))

    def _layer(self, path: str) -> LayerReport:
        for level in self.report.graph.root.walk():
            if level.path == path:
                return _end(self.report, level)
        close = nearest(path, (level.path for level in self.report.graph.root.walk()), 3)
        hint = f"nearest: {', '.join(close)}" if close else f"`archcalc field {self.report.name}` lists them"
        raise UsageError(hinted(f"{self.report.name} has no layer '{shown(path)}'", hint))

    def _seeing_layer(self, path: str) -> LayerReport:
        layer = self._layer(path)
        if layer.node.number not in self._walk.stages:
            raise ArchcalcError(
                f"{layer.path} sees nothing of the input" + (f" '{self.source}'" if self.source else "")
            )
        return layer

    # one layer

    def _field(self, layer: LayerReport) -> Field:
        number = layer.node.number
        stage = self._walk.stages[number]
        try:
            axes = self._axes(stage)
        except ArchcalcError as error:
            raise ArchcalcError(f"{layer.path} ({layer.kind}): {error}") from None
        found = misaligned(layer.node, self._walk.stages)
        return Field(layer, axes, stage.scattered, self._whole.of(number), found, stage)

    @cached_property
    def _known(self) -> dict[int, tuple[Along, ...]]:
        return {}

    def _axes(self, stage: Stage) -> tuple[Along, ...]:
        """The figures of a stage, which most layers share with the one before."""
        if id(stage) not in self._known:
            sizes = stage.sizes()
            first = stage.union() if stage.scattered else stage.box((0,) * len(stage.units))
            last = first if stage.scattered else stage.box(tuple(size - 1 for size in stage.units))
            axes = range(len(self.names))
            self._known[id(stage)] = tuple(self._along(axis, stage, sizes[axis], first, last) for axis in axes)
        return self._known[id(stage)]

    def _along(self, axis: int, stage: Stage, size: Any, first: Boxes | None, last: Boxes | None) -> Along:
        pixels = positions(self.shape)[axis]
        small, large = (_width(stage.paths(axis, smallest=side), stage, smallest=side) for side in (True, False))
        centre = None if first is None or stage.scattered else dims.ratio(first[axis][0] + first[axis][1], 2)
        return Along(
            name=self.names[axis],
            pixels=pixels,
            size=size,
            jump=_jump(stage, axis),
            before=None if first is None else -first[axis][0],
            after=None if last is None else dims.add_up([last[axis][1], 1, -pixels]),
            centre=centre,
            smallest=small,
            largest=large,
        )

    @cached_property
    def _whole(self) -> Whole:
        return Whole(self.report.graph, self._walk, self._number)

    def _traced(self, number: int, unit: tuple[int, ...]) -> trace.Region:
        start = frozenset([tuple(1 << index for index in unit)])
        return trace.seen_from(self.report.graph, self._walk.rules, self._number, number, start)

    # one unit, one pixel

    def seen(self, path: str, unit: Sequence[int]) -> Seen:
        """The exact pixels that one unit of a layer sees: before clipping to the input as a box, and after it.

        Padding is nothing, at every layer on the way. Raises UsageError for a unit outside the layer, ArchcalcError
        where a size holds a symbol.

        >>> from archcalc.analysis import analyze
        >>> corner = Fields(analyze("alexnet")).seen("conv2", (0, 26))  # 5x5 on 3x3 pooling on 11x11 at stride 4
        >>> corner.before, corner.after[0][-1], corner.after[1][0], corner.pixels
        (((-16, 34), (192, 242)), 34, 192, 1225)
        """
        layer = self._seeing_layer(path)
        trace.check_numbers(self.report.graph, "what one unit sees")
        at = _checked(unit, positions(layer.output), f"{layer.path} has", "units")
        number = layer.node.number
        found = self._traced(number, at)
        return Seen(
            layer=layer,
            unit=at,
            names=self.names,
            before=self._walk.box(number, at),
            after=tuple(trace.along(found, axis) for axis in range(len(self.names))),
            pixels=trace.count(found),
            region=found,
        )

    def seeing(self, pixel: Sequence[int], path: str | None = None) -> tuple[Seeing, ...]:
        """The units that see a pixel, the projective field: of every layer, or of the one of this path.

        Raises UsageError for a pixel outside the input, ArchcalcError where a size holds a symbol.

        >>> from archcalc.analysis import analyze
        >>> (units,) = Fields(analyze("alexnet")).seeing((100, 0), "conv1")  # unit y sees rows 4*y to 4*y + 10
        >>> units.units, units.count
        (((23, 24, 25), (0,)), 3)
        """
        layers = self.report.layers if path is None else (self._seeing_layer(path),)
        trace.check_numbers(self.report.graph, "which units see a pixel")
        at = _checked(pixel, positions(self.shape), "the input has", "pixels")
        start = frozenset([tuple(1 << index for index in at)])
        reached = trace.seeing(self.report.graph, self._walk.rules, self._number, start)
        found = []
        for layer in layers:
            if layer.node.number in self._walk.stages:
                units = reached[layer.node.number]
                axes = range(len(positions(layer.output)))
                found.append(Seeing(layer, tuple(trace.along(units, axis) for axis in axes), trace.count(units)))
        return tuple(found)


def size(report: Report, layers: Sequence[LayerReport]) -> Any:
    """The quantity `field`: the size of the field of the last of these layers whose units stand for places."""
    return Fields(report).of_layers(layers).size


def _end(report: Report, level: Level) -> LayerReport:
    """The layer of this level, or its last one outside heads."""
    if level.node is not None:
        return report.layers[level.node]
    inside = report.layers[level.start : level.stop]
    return next((layer for layer in reversed(inside) if layer.head is None), inside[-1])


def _width(paths: tuple[Path, ...], stage: Stage, *, smallest: bool) -> Any:
    """The size of the smallest or largest of these paths; None if there are none."""
    widths = [path.track.width(stage.units[path.track.axis]) for path in paths]
    if not widths:
        return None
    found = widths[0]
    for width in widths[1:]:
        found = dims.smin(found, width) if smallest else dims.smax(found, width)
    return found


def _jump(stage: Stage, axis: int) -> Any:
    """The jump of the paths that move at all, None where they differ."""
    if stage.scattered:
        return None
    moving = [track for strand in stage.strands if dims.same((track := strand.tracks[axis]).jump, 0) is not True]
    if any(track.axis != moving[0].axis or dims.same(track.jump, moving[0].jump) is not True for track in moving):
        return None
    return moving[0].jump if moving else 0


def _checked(place: Sequence[int], sizes: tuple[int, ...], whose: str, what: str) -> tuple[int, ...]:
    """A place inside these sizes; UsageError with what there is."""
    asked = ",".join(map(str, place))
    has = f"{whose} {'x'.join(map(str, sizes))} {what}"
    span = f"from {','.join('0' for _ in sizes)} to {','.join(str(size - 1) for size in sizes)}"
    if len(place) != len(sizes) or any(type(index) is not int for index in place):
        numbers = "1 number" if len(sizes) == 1 else f"{len(sizes)} numbers"
        raise UsageError(f"{asked}: {has}; give {numbers}, {span}")
    if any(not 0 <= index < size for index, size in zip(place, sizes, strict=True)):
        raise UsageError(f"{asked} is outside: {has}, {span}")
    return tuple(place)
