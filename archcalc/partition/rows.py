"""Spatial parallelism: every map is cut into bands of rows; windows at the border read rows of the neighbours.

Sources: Dryden et al. 2019, Improving strong-scaling of CNN training by exploiting finer-grained parallelism, arXiv
1903.06681, sec. III, for the exchange of halos; Alwani et al. 2016, Fused-layer CNN accelerators, MICRO, sec. III, for
computing them twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain, pairwise
from typing import Any

from .. import dims
from ..errors import UsageError
from ..figures import in_unit
from ..graph import Node
from ..precision import bits_by_node
from ..readings import Reading, Rearranged
from ..receptive.walk import Rules
from ..report import LayerReport, Report
from ..shapes import Shape
from .batch import collectives_time, gradients
from .collective import reduced
from .keeping import Received
from .plans import Collective, Crossing, Plan, Split, notes
from .ranges import Ranges, common, evenly, minus, normal, ordered
from .request import Request
from .tally import Piece, Work, received, replicated, shares
from .timing import exchange_time, timing


def rows(report: Report, request: Request) -> Plan:
    """The plan of the scheme `rows`."""
    bands = Bands(report, request)
    for layer in report.trunk:
        bands.place(layer)
    if request.halo == "exchange":
        bands.exchange()
    else:
        bands.recompute()
    works = bands.works()
    held = shares(report, request, works)
    collectives = bands.collectives()
    times = (exchange_time(request, bands.crossings), collectives_time(request, collectives))
    return Plan(
        report=report,
        request=request,
        scheme="rows",
        shares=held,
        replicated=replicated(report, request, works),
        splits=tuple(bands.splits()),
        crossings=tuple(bands.crossings),
        collectives=collectives,
        timing=timing(request, held, None if None in times else sum(times)),
        facts=tuple(bands.facts()),
        notes=(*_norm_note(report, request), *notes(report)),
    )


class Bands:
    """Which device makes which rows of which tensor, and what it needs for them.

    A layer that has rows is dealt out; one without, and all that is behind it, is on device 1.
    """

    def __init__(self, report: Report, request: Request) -> None:
        self.report = report
        self.request = request
        self.devices = request.devices
        self.bits = bits_by_node(report)
        self.rules = Rules()
        self.own: dict[int, tuple[Ranges, ...]] = {}  # by the number of a layer; absent on device 1 alone
        self.made: dict[int, tuple[Ranges, ...]] = {}  # with rows that are computed twice
        self.crossings: list[Crossing] = []
        self.copies: dict[tuple[int, int], Ranges] = {}
        self.read: dict[tuple[int, Ranges], list[tuple[int, Shape, Ranges]]] = {}
        for _, shape in report.graph.inputs:
            too_few = not shape.spatial or dims.at_least(_height(shape), self.devices) is False
            if self.devices > 1 and too_few:
                have = f"{shape.spatial[0]} rows" if shape.spatial else "no rows"
                raise UsageError(f"the input {shape} has {have} to deal out over {self.devices} devices")

    def place(self, layer: LayerReport) -> None:
        """Deal out the rows of a layer's output, if it has rows."""
        node = layer.node
        if layer.repeat != 1 or node.series:
            raise UsageError(f"rows needs numbers: {node.path} is repeated by a symbol")
        if node.layer.mixes and self.devices > 1:
            raise UsageError(f"{node.path} ({layer.kind}) mixes positions with each other, so rows cannot be dealt out")
        if self.splittable(node):
            self.own[node.number] = self.made[node.number] = bands(node, self.devices)

    def splittable(self, node: Node) -> bool:
        """Whether each row of the output follows from rows of the inputs."""
        y = node.output
        return (
            bool(y.spatial)
            and dims.same(_height(y), 1) is not True
            and all(x.spatial for x in node.shapes)
            and not any(isinstance(rule, Rearranged) or rule[0].axis != 0 for rule in self.rules(node))
        )

    # what is needed

    def needed(self, node: Node, part: Ranges) -> list[tuple[int, Shape, Ranges]]:
        """Of each input the rows behind these rows of a layer's output."""
        if (node.number, part) not in self.read:
            self.read[node.number, part] = list(self.behind(node, part))
        return self.read[node.number, part]

    def behind(self, node: Node, part: Ranges) -> Iterator[tuple[int, Shape, Ranges]]:
        """The same, worked out."""
        for number, shape, rule in zip(node.inputs, node.shapes, self.rules(node), strict=True):
            assert not isinstance(rule, Rearranged)
            height, reading = _height(shape), rule[0]
            if all(type(end) is int for end in (height, *chain.from_iterable(part))):
                yield number, shape, rows_read(reading, part, height)
            else:
                yield number, shape, tuple(span(node, reading, height, start, stop) for start, stop in part)

    def exchange(self) -> None:
        """What each device lacks comes from the device that makes it."""
        for layer in self.report.trunk:
            node = layer.node
            if node.number in self.own:
                for target, part in enumerate(self.own[node.number]):
                    for number, shape, ranges in self.needed(node, part):
                        self.fetch(node, number, shape, target, ranges)
            else:
                self.gather(node)

    def gather(self, node: Node) -> None:
        """A layer on device 1 alone gets all rows; of a mean or maximum over a map each device sends its own."""
        window = node.layer.window_on(node.x) if not node.layer.joins else None
        over_all = window is not None and all(map(dims.same, window.kernel, node.shapes[0].spatial))
        for number, shape in zip(node.inputs, node.shapes, strict=True):
            if number in self.own and over_all and not node.layer.weighted:
                for source, part in enumerate(self.own[number]):
                    if part and source > 0:
                        self.send(number, node.path, source, 0, shape.channels)
            elif number in self.own:
                self.fetch(node, number, shape, 0, ((0, _height(shape)),))

    def fetch(self, node: Node, number: int, shape: Shape, target: int, ranges: Ranges) -> None:
        """Rows of a tensor that a device lacks, from those that have them."""
        if number < 0:
            return  # every device can read the image
        parts = self.made.get(number, (((0, _height(shape)),), *((),) * (self.devices - 1)))
        have = ordered(normal, (*parts[target], *self.copies.get((number, target), ())))
        lacking = ordered(minus, ranges, have)
        if lacking:
            self.copies[number, target] = ordered(normal, (*self.copies.get((number, target), ()), *lacking))
        for source, there in enumerate(parts):
            found = ordered(common, lacking, there) if lacking else ()
            if found:
                self.send(number, node.path, source, target, _total(found) * _of_a_row(shape))
                lacking = ordered(minus, lacking, found)

    def send(self, number: int, before: str, source: int, target: int, values: Any) -> None:
        """Enter a crossing; devices are counted from 0 here."""
        path = self.report.layers[number].path
        self.crossings.append(
            Crossing(path, before, source + 1, target + 1, values, self.bits[number], self.request.batch)
        )

    def recompute(self) -> None:
        """Every device computes all rows that its own ones need, as far back as the image; then little moves."""
        self.made = self.twice()
        self.exchange()

    def twice(self) -> dict[int, tuple[Ranges, ...]]:
        """The rows that each device must compute so that it needs none of the others."""
        wanted: dict[int, list[Ranges]] = {number: list(parts) for number, parts in self.own.items()}
        for layer in reversed(self.report.trunk):
            node = layer.node
            for device, part in enumerate(wanted.get(node.number, ())):
                for number, _, ranges in self.needed(node, part):
                    if number in wanted:
                        wanted[number][device] = ordered(normal, (*wanted[number][device], *ranges))
        return {number: tuple(parts) for number, parts in wanted.items()}

    # what a plan says

    def works(self) -> list[Work]:
        """What each device has."""
        got = received(self.crossings, [self.request.batch] * self.devices)
        return [self.work(device, there) for device, there in enumerate(got)]

    def work(self, device: int, got: Sequence[Received]) -> Work:
        """What a device has: its rows, and the first device what has none."""
        pieces = {}
        for layer in self.report.trunk:
            number = layer.node.number
            if number in self.made:
                copied = not layer.node.layer.has_places
                pieces[number] = self.piece(layer, device)._replace(copied=copied)
            elif device == 0:
                pieces[number] = Piece()
        split = len(self.made)
        holds = f"rows of {split} layers" + (f", {len(pieces) - split} whole" if len(pieces) > split else "")
        holds = holds if self.devices > 1 else f"all {len(pieces)} layers"
        return Work(holds, self.request.batch, pieces, got, inputs=self.inputs(device))

    def inputs(self, device: int) -> dict[int, Piece]:
        """The rows of the network's inputs that a device reads."""
        read: dict[int, Ranges] = {}
        heights = {-1 - number: _height(shape) for number, (_, shape) in enumerate(self.report.graph.inputs)}
        for layer in self.report.trunk:
            if layer.node.number in self.made and any(number < 0 for number in layer.node.inputs):
                for number, _, ranges in self.needed(layer.node, self.made[layer.node.number][device]):
                    read[number] = ordered(normal, (*read.get(number, ()), *ranges))
        return {number: Piece(_total(ranges), heights[number]) for number, ranges in read.items() if number < 0}

    def piece(self, layer: LayerReport, device: int) -> Piece:
        """A device's rows of a layer."""
        height, made = _height(layer.output), _total(self.made[layer.node.number][device])
        equal = dims.same(made * self.devices, height)  # so that H cancels where it is a symbol
        return Piece(1, self.devices) if equal else Piece(made, height)

    def collectives(self) -> tuple[Collective, ...]:
        """The gradients of the weights that every device has."""
        shared = [
            layer for layer in self.report.trunk if layer.node.number in self.own and not layer.node.layer.has_places
        ]
        values, bits = gradients(shared)
        if self.devices == 1 or dims.same(values, 0):
            return ()
        return (reduced(self.request, "gradients", values, bits),)

    def splits(self) -> Iterator[Split]:
        """The rows of every layer, and how far beyond them its windows read."""
        for layer in self.report.trunk:
            node = layer.node
            if node.number not in self.own:
                yield Split(node.path, layer.kind, (), "rows", "whole on device 1" if self.devices > 1 else "")
                continue
            above, below = self.halo(node)
            note = f"reads {above} above, {below} below its own rows" if above or below else ""
            yield Split(node.path, layer.kind, self.own[node.number], "rows", note)

    def halo(self, node: Node) -> tuple[Any, Any]:
        """The most rows above and below a device's own rows of an input that its part of a layer reads."""
        above: Any = 0
        below: Any = 0
        for device, part in enumerate(self.own[node.number]):
            for number, _, ranges in self.needed(node, part):
                there = self.own[number][device] if number in self.own else ()
                if ranges and there:
                    above = dims.smax(above, dims.plain(there[0][0] - ranges[0][0]))
                    below = dims.smax(below, dims.plain(ranges[-1][1] - there[-1][1]))
        return above, below

    def facts(self) -> Iterator[str]:
        """Redundant computation against exchange."""
        if self.devices == 1 or not self.own:
            return
        split = {layer.path for layer in self.report.trunk if layer.node.number in self.own}
        halos = dims.add_up(c.values for c in self.crossings if c.before in split)
        moved = f"{halos:,}" if type(halos) is int else str(halos)
        if any(dims.is_symbolic(_height(layer.output)) for layer in self.report.trunk):
            yield f"halos: {moved} values of an image move"
            return
        extra = self.redundant()
        told = f"{extra:,}" if type(extra) is int else str(extra)
        share = ""
        if not dims.is_symbolic(extra) and self.report["macs"]:
            share = f" ({in_unit(Fraction(extra) / self.report['macs'], '%')} of the network's)"
        if self.request.halo == "exchange":
            yield f"halos: {moved} values of an image move; to compute them twice would take {told} MACs more{share}"
        else:
            yield f"halos: computed twice, which takes {told} MACs more{share}"

    def redundant(self) -> Any:
        """MACs of an image that computing halos twice adds."""
        twice = self.twice()
        more = []
        for layer in self.report.trunk:
            if layer.node.number in twice:
                height = _height(layer.output)
                done = dims.add_up(_total(part) for part in twice[layer.node.number])
                more.append(dims.ratio(layer.cost.operations.macs * (done - height), height))
        return dims.plain(dims.add_up(more))


def bands(node: Node, devices: int) -> tuple[Ranges, ...]:
    """The rows of a layer's output dealt out; of a symbol in equal parts, if it is known to have them."""
    height = _height(node.output)
    if type(height) is int:
        return evenly(height, devices)
    if not dims.divides(devices, height):
        raise UsageError(
            f"rows needs numbers: {node.path} has {height} rows, not known to be a multiple of {devices}; "
            "give a number or a promise, such as --assume H%64==0"
        )
    ends = [dims.exact_div(height * number, devices) for number in range(devices + 1)]
    return tuple(((start, stop),) for start, stop in pairwise(ends))


def rows_read(reading: Reading, part: Ranges, height: int) -> Ranges:
    """The rows of an input of this height that rows of an output read.

    >>> from archcalc.readings import sliding
    >>> rows_read(sliding(kernel=3, stride=2, begin=1), ((2, 4),), 16)
    ((3, 8),)
    """
    read = (reading.within(row, height) for start, stop in part for row in range(start, stop))
    return normal(
        run for rows in read for run in ([(rows.start, rows.stop)] if rows.step == 1 else [(r, r + 1) for r in rows])
    )


def span(node: Node, reading: Reading, height: Any, start: Any, stop: Any) -> tuple[Any, Any]:
    """The same from the first to the last row, where they are symbols."""
    if not reading.is_dense:
        raise UsageError(f"rows needs numbers: {node.path} ({node.layer.kind}) leaves out rows of {height}")
    first, last, _ = reading.between(start, stop)
    return dims.smax(first, 0), dims.smin(last + 1, height)


def _total(ranges: Ranges) -> Any:
    return dims.add_up(stop - start for start, stop in ranges)


def _height(shape: Shape) -> Any:
    """The number of rows: the size of the first spatial axis."""
    return dims.plain(shape.spatial[0]) if shape.spatial else 1


def _of_a_row(shape: Shape) -> Any:
    return shape.channels * dims.prod(shape.spatial[1:])


def _norm_note(report: Report, request: Request) -> tuple[str, ...]:
    if request.devices == 1 or not any(layer.kind == "batchnorm" for layer in report.trunk):
        return ()
    return ("batch normalisation takes the statistics of each device's own rows",)
