"""Model parallelism: every layer's filters are dealt out; what moves follows from what they read.

Source: Krizhevsky, Sutskever & Hinton 2012, sec. 3.2, for two devices; Krizhevsky 2014, arXiv 1404.5997, sec. 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .. import dims
from ..errors import UsageError
from ..graph import Node
from ..infer import cost_of
from ..precision import bits_by_node
from ..report import LayerReport, Report
from ..shapes import Shape
from .keeping import Received
from .plans import Crossing, Plan, Split, notes
from .ranges import Ranges, common, evenly, minus, normal, size
from .request import Request
from .spread import Reading, Spread, alike, in_units, whole_number
from .tally import Piece, Work, received, replicated, shares
from .timing import exchange_time, timing


def channels(report: Report, request: Request) -> Plan:
    """The plan of the scheme `channels`."""
    dealer = Dealer(report, report.trunk, request.devices, request.batch)
    for layer in report.trunk:
        dealer.place(layer)
    dealer.finish()
    works = [
        Work(dealer.holding(device), request.batch, pieces, got)
        for device, (pieces, got) in enumerate(zip(dealer.pieces, dealer.received(request.batch), strict=True))
    ]
    held = shares(report, request, works)
    return Plan(
        report=report,
        request=request,
        scheme="channels",
        shares=held,
        replicated=replicated(report, request, works),
        splits=tuple(dealer.splits),
        crossings=tuple(dealer.crossings),
        gathers=tuple(dealer.gathers),
        timing=timing(request, held, exchange_time(request, [*dealer.crossings, *dealer.gathers])),
        notes=notes(report),
    )


MAX_DEVICES = 256  # every pair of them exchanges something before most layers


class Dealer:
    """Places layers one after the other, and notes what must move for each.

    UsageError for more than 256 devices.
    """

    def __init__(self, report: Report, layers: Sequence[LayerReport], devices: int, batch: Any) -> None:
        if devices > MAX_DEVICES:
            raise UsageError(f"channels are dealt out over at most {MAX_DEVICES} devices, not {devices:,}")
        self.report = report
        self.devices = devices
        self.batch = batch
        self.bits = bits_by_node(report)
        self.spreads: dict[int, Spread] = {}
        self.copies: dict[tuple[int, int], Ranges] = {}  # what a device has got of a tensor already
        self.pieces: list[dict[int, Piece]] = [{} for _ in range(devices)]
        self.splits: list[Split] = []
        self.crossings: list[Crossing] = []
        self.gathers: list[Crossing] = []
        own = {layer.node.number for layer in layers}
        self.readers = {n: [r for r in report.graph.readers.get(n, ()) if r in own] for n in own}
        self.leads_on = _lead_to_filters(layers, self.readers)

    def spread(self, number: int, shape: Shape) -> Spread:
        """Where a tensor lies; one from outside, such as the image, is on every device."""
        if number not in self.spreads:
            self.spreads[number] = Spread.everywhere(whole_number(shape.channels, self.tensor(number)), 1, self.devices)
        return self.spreads[number]

    def tensor(self, number: int) -> str:
        """The name of a tensor: the path of its layer, or the name of an input."""
        return self.report.graph.nodes[number].path if number >= 0 else self.report.graph.inputs[-number - 1][0]

    def place(self, layer: LayerReport) -> None:
        """Decide which device has which channels of a layer's output."""
        node = layer.node
        if layer.repeat != 1 or node.series:
            raise UsageError(f"channels needs numbers: {node.path} is repeated by a symbol")
        sources = alike([self.spread(number, shape) for number, shape in zip(node.inputs, node.shapes, strict=True)])
        shapes = tuple(in_units(shape, source) for shape, source in zip(node.shapes, sources, strict=True))
        reading = Reading(node.layer, shapes if node.layer.joins else shapes[0], sources)
        ways = node.layer.dealt(node.x)
        if ways:
            spread = self.deal(node, ways, reading)
            self.exchange(node, reading, spread)
            self.keep(layer, spread)
            self.exchange_within(layer, spread)
        else:
            self.place_without_filters(layer, reading)

    def place_without_filters(self, layer: LayerReport, reading: Reading) -> None:
        """A layer that has no filters to deal out: where its input lies, if it can."""
        node = layer.node
        spread = reading.followed(node.output)
        if spread is not None:
            note = "on each device, as its input is" if spread.is_whole else ""
            self.keep(layer, spread, note)
        elif node.layer.reads == "neighbours":
            self.keep_inside(layer, reading)
        elif not self.leads_on[node.number]:
            grain, units = reading.sources[0].grain, reading.sources[0].units
            spread = Spread(units, grain, (((0, units),), *((),) * (self.devices - 1)))
            self.exchange(node, reading, spread, self.gathers)
            self.keep(layer, spread, "on device 1, behind all layers with filters: the output is gathered there")
        elif node.layer.reads == "group" or (node.layer.reads == "itself" and node.layer.joins):
            spread = self.even(reading, whole_number(node.output.channels, node.path))
            self.exchange(node, reading, spread)
            self.keep(layer, spread)
        else:
            spread = Spread.everywhere(whole_number(node.output.channels, node.path), 1, self.devices)
            self.exchange(node, reading, spread)
            why = f"every output reads all channels, and {node.layer.kind} has no filters to deal out"
            self.keep(layer, spread, f"not split but whole on each device: {why}")

    def deal(self, node: Node, ways: Sequence[Any], reading: Reading) -> Spread:
        """Filters as even as possible, whole groups where there are enough, where their inputs lie if that is even."""
        channels = whole_number(node.output.channels, node.path)
        count = next(
            (whole_number(way, node.path) for way in ways if whole_number(way, node.path) >= self.devices), None
        )
        if count is None:
            most = max(whole_number(way, node.path) for way in ways)
            what = ("head" if node.layer.exchanged(node.x) else "channel") + "s" * (most > 1)
            raise UsageError(f"{node.path} has {most} {what}, too few for {self.devices} devices; take at most {most}")
        each = channels // count
        if node.layer.reads == "group" and count > 1:
            spread = reading.gathered(each)
            if spread is not None and spread.is_even(each):
                return spread
        return Spread(channels, 1, evenly(count, self.devices, each))

    def even(self, reading: Reading, channels: int) -> Spread:
        """The spread of the first input that is dealt out evenly, else an even one."""
        for source in reading.sources:
            if source.is_even() and source.units * source.grain == channels:
                return source
        return Spread(channels, 1, evenly(channels, self.devices))

    def exchange(self, node: Node, reading: Reading, spread: Spread, into: list[Crossing] | None = None) -> None:
        """What each device needs for its part and does not have comes from the others, each tensor once."""
        crossings = self.crossings if into is None else into
        for target, number, ranges, source in self.missing(node, reading, spread):
            at = reading.sources[node.inputs.index(number)]
            shape = node.shapes[node.inputs.index(number)]
            values = size(ranges) * at.grain * shape.positions
            crossings.append(
                Crossing(self.tensor(number), node.path, source + 1, target + 1, values, self.bits[number], self.batch)
            )

    def missing(self, node: Node, reading: Reading, spread: Spread) -> Iterator[tuple[int, int, Ranges, int]]:
        """Target, tensor, ranges and source of everything that must move for a layer."""
        for target, part in enumerate(spread.parts):
            if not part:
                continue
            for number, source, needed in zip(node.inputs, reading.sources, reading.needs(part), strict=True):
                have = normal((*source.parts[target], *self.copies.get((number, target), ())))
                lacking = minus(needed, have)
                if lacking:
                    self.copies[number, target] = normal((*self.copies.get((number, target), ()), *lacking))
                for device, there in enumerate(source.parts):
                    found = common(lacking, there)
                    if found:
                        yield target, number, found, device
                        lacking = minus(lacking, found)

    def exchange_within(self, layer: LayerReport, spread: Spread) -> None:
        """What the parts of a layer such as attention tell each other between its two steps."""
        total = layer.node.layer.exchanged(layer.node.x)
        if dims.same(total, 0) or spread.is_whole:
            return
        for source, part in enumerate(spread.parts):
            values = dims.exact_div(total * size(part), spread.units)
            for target in range(self.devices):
                if target != source:
                    crossing = Crossing(layer.path, layer.path, source + 1, target + 1, values, layer.bits, self.batch)
                    self.crossings.append(crossing)

    def keep_inside(self, layer: LayerReport, reading: Reading) -> None:
        """Neighbours on other devices are not read, as in AlexNet; the note says what an exact layer would move."""
        spread = reading.sources[0]
        positions = layer.inputs[0].positions
        lost = sum(size(minus(reading.needs(part)[0], part)) for part in spread.parts if part)
        note = ""
        if lost:
            values = lost * positions
            told = f"{values:,}" if type(values) is int else str(values)
            note = f"stays inside each part; an exact one would move {told} values an image"
        self.keep(layer, spread, note)

    def keep(self, layer: LayerReport, spread: Spread, note: str = "") -> None:
        """Enter where a layer's output lies."""
        node = layer.node
        self.spreads[node.number] = spread
        is_whole = spread.is_whole
        for device, part in enumerate(spread.parts):
            if is_whole:
                self.pieces[device][node.number] = Piece()
            elif part:
                only = node.layer.only(part)
                cost = cost_of(only, node.x, only.output(node.x)) if only else None
                self.pieces[device][node.number] = Piece(size(part), spread.units, cost=cost)
        ranges = () if is_whole else spread.in_channels()
        self.splits.append(Split(node.path, layer.kind, ranges, "channels", note if self.devices > 1 else ""))

    def finish(self) -> None:
        """Gather the outputs that are still split on the first device."""
        for number, readers in self.readers.items():
            spread = self.spreads[number]
            shape = self.report.graph.nodes[number].output
            for source, part in enumerate(spread.parts):
                lacking = minus(part, spread.parts[0])
                if readers or not lacking:
                    continue
                values = size(lacking) * spread.grain * shape.positions
                self.gathers.append(
                    Crossing(self.tensor(number), "the output", source + 1, 1, values, self.bits[number], self.batch)
                )

    def holding(self, device: int) -> str:
        """What a device has, in words."""
        pieces = self.pieces[device].values()
        whole = sum(dims.same(piece.part, piece.whole) is True for piece in pieces)
        if self.devices == 1:
            return f"all {len(pieces)} layers"
        return f"a part of {len(pieces) - whole} layers" + (f", {whole} whole" if whole else "")

    def received(self, images: Any) -> list[list[Received]]:
        """What each device gets from others for so many images."""
        return received([*self.crossings, *self.gathers], [images] * self.devices)


def _lead_to_filters(layers: Sequence[LayerReport], readers: dict[int, list[int]]) -> dict[int, bool]:
    """By the number of a layer, whether a layer with filters stands somewhere behind it."""
    found: dict[int, bool] = {}
    has_filters = {layer.node.number: bool(layer.node.layer.dealt(layer.node.x)) for layer in layers}
    for layer in reversed(layers):
        number = layer.node.number
        found[number] = any(has_filters[reader] or found[reader] for reader in readers[number])
    return found
