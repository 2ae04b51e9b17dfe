"""One weird trick: convolutions by batch, the linear layers behind them by channels.

Source: Krizhevsky 2014, One weird trick for parallelizing convolutional neural networks, arXiv 1404.5997, sec. 4.
Each device runs the convolutions on its own images. For the linear layers, whose weights are dealt out, the last
convolutional activations of all images reach all devices: (a) at once, (b) from one device after the other, (c) from
all devices in rounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from .. import dims
from ..errors import UsageError
from ..layers import FAMILIES
from ..report import Report
from .batch import check_batch, collectives_time, gradients
from .channels import Dealer
from .collective import reduced
from .keeping import Received
from .plans import Collective, Crossing, Plan, notes
from .request import Request, dealt
from .spread import Spread
from .tally import Piece, Work, replicated, shares
from .timing import TRAINING, exchange_time, largest, timing


def hybrid(report: Report, request: Request) -> Plan:
    """The plan of the scheme `hybrid`."""
    check_batch(request)
    made = Hybrid(report, request)
    works = made.works()
    held = shares(report, request, works)
    collectives = made.collectives()
    return Plan(
        report=report,
        request=request,
        scheme="hybrid",
        shares=held,
        replicated=replicated(report, request, works),
        splits=tuple(made.dealer.splits),
        crossings=(*made.assembly, *made.dealer.crossings),
        gathers=tuple(made.dealer.gathers),
        collectives=collectives,
        timing=timing(request, held, made.communication(collectives), made.how()),
        facts=tuple(made.facts()),
        notes=notes(report),
    )


def linear_part(report: Report) -> int:
    """Where the linear layers behind the last convolution begin; UsageError where there are none, or nothing else."""
    start = None
    for place, layer in enumerate(report.trunk):
        is_dense = FAMILIES.get(layer.kind) == "dense"
        if layer.node.layer.weighted and not is_dense:
            start = None
        elif is_dense and start is None:
            start = place
    if start is None or not any(layer.node.layer.weighted for layer in report.trunk[:start]):
        lacks = (
            "linear layers behind its last convolution" if start is None else "convolutions before its linear layers"
        )
        raise UsageError(f"{report.name} has no {lacks}; hybrid splits both parts, each in its way")
    return start


class Hybrid:
    """The two parts of a network, and the activations that pass between them."""

    def __init__(self, report: Report, request: Request) -> None:
        start = linear_part(report)
        self.report = report
        self.request = request
        self.before, self.behind = report.trunk[:start], report.trunk[start:]
        self.images = request.images()
        self.rounds = self.dealt_rounds()
        made = {layer.node.number: layer for layer in self.before}
        read = {n: layer for layer in reversed(self.behind) for n in layer.node.inputs if n in made}
        self.entries = [(made[number], first) for number, first in sorted(read.items())]
        self.dealer = Dealer(report, self.behind, request.devices, request.batch)
        self.assembly = list(self.assembled())
        for entry, _ in self.entries:
            channels = Spread.everywhere(1, entry.output.channels, request.devices)
            self.dealer.spreads[entry.node.number] = channels
        for layer in self.behind:
            self.dealer.place(layer)
        self.dealer.finish()

    def dealt_rounds(self) -> tuple[tuple[Any, ...], ...]:
        """Of each round of the linear layers how many images each device brings."""
        devices = range(self.request.devices)
        if self.request.assemble == "a":
            return (self.images,)
        if self.request.assemble == "b":
            return tuple(tuple(self.images[d] if d == turn else 0 for d in devices) for turn in devices)
        return tuple(tuple(dealt(self.images[d], len(devices))[turn] for d in devices) for turn in devices)

    def assembled(self) -> Iterator[Crossing]:
        """What each device sends to each other one of its own images."""
        for entry, first in self.entries:
            for source, images in enumerate(self.images, start=1):
                for target in range(1, self.request.devices + 1):
                    if target != source:
                        yield Crossing(
                            entry.path,
                            first.path,
                            source,
                            target,
                            entry.output.elements,
                            self.dealer.bits[entry.node.number],
                            images,
                        )

    @property
    def bits(self) -> Any:
        """Bits of one image's activations that pass from one part to the other."""
        return dims.add_up(entry.output.elements * self.dealer.bits[entry.node.number] for entry, _ in self.entries)

    def works(self) -> list[Work]:
        """What each device has."""
        at_once = dims.add_up(self.rounds[0])  # the largest round
        return [self.work(device, at_once, got) for device, got in enumerate(self.dealer.received(at_once))]

    def work(self, device: int, at_once: Any, got: list[Received]) -> Work:
        """What a device has: all convolutions, for its images, and its part of the linear layers, for all."""
        request, images = self.request, self.images[device]
        pieces = {layer.node.number: Piece() for layer in self.before}
        for number, piece in self.dealer.pieces[device].items():
            pieces[number] = piece._replace(images=request.batch, kept=at_once)
        others = at_once - (self.rounds[0][device] if request.assemble != "b" else 0)
        if request.devices > 1:
            got = [
                *got,
                *(
                    Received(e.path, False, e.output.elements * others, self.dealer.bits[e.node.number])
                    for e, _ in self.entries
                ),
            ]
        holds = f"{len(self.before)} layers for its images, a part of {len(self.behind)} layers for all"
        return Work(holds, images, pieces, got)

    def collectives(self) -> tuple[Collective, ...]:
        """The gradients of the convolutions; those of the linear layers stay where their weights are."""
        values, bits = gradients(self.before)
        if self.request.devices == 1:
            return ()
        return (reduced(self.request, "gradients of the convolutional part", values, bits),)

    # time

    def communication(self, collectives: Sequence[Collective]) -> Any:
        """Seconds that are not hidden: assembling, what the linear layers exchange, adding up gradients."""
        parts = (
            self.exposed(),
            exchange_time(self.request, [*self.dealer.crossings, *self.dealer.gathers]),
            collectives_time(self.request, collectives),
        )
        return None if None in parts else sum(parts)

    def exposed(self) -> Any:
        """Seconds of assembling that are not hidden behind the linear layers' work on another round.

        The activations of a round move while the round before it is computed, its gradients while the next one is.
        """
        moves = [self.moving(images) for images in self.rounds]
        works = [self.computing(images) for images in self.rounds]
        if None in moves or None in works:
            return None
        zero = Fraction(0)
        forward = moves[0] + sum(max(zero, move - work) for move, work in zip(moves[1:], works, strict=False))
        backward = moves[-1] + sum(max(zero, move - work) for move, work in zip(moves, works[1:], strict=False))
        return forward + backward

    def moving(self, images: tuple[Any, ...]) -> Any:
        """Seconds in which a round's activations, or their gradients, reach all devices: the busiest link's."""
        total, devices = dims.add_up(images), self.request.devices
        sent = [own * (devices - 1) for own in images]
        most = largest([*sent, *(total - own for own in images)]) if devices > 1 else Fraction(0)
        bits = largest([self.bits])
        return None if most is None or bits is None else most * bits / 8 / self.request.link

    def computing(self, images: tuple[Any, ...]) -> Any:
        """Seconds of the linear layers for a round."""
        flops = [
            dims.add_up(
                pieces[l.node.number].of(l.cost.operations.flops) for l in self.behind if l.node.number in pieces
            )
            for pieces in self.dealer.pieces
        ]
        most, count = largest(flops), largest([dims.add_up(images)])
        return None if most is None or count is None else TRAINING * most * count / self.request.speed

    # words

    def how(self) -> str:
        """What the time leaves out."""
        hidden = "assembling is hidden behind the linear layers' work on other rounds as far as it lasts"
        return hidden if self.request.assemble != "a" and self.request.devices > 1 else ""

    def facts(self) -> Iterator[str]:
        """Rounds and their volumes."""
        if self.request.devices == 1:
            return
        first, devices = self.rounds[0], self.request.devices
        values = dims.add_up(entry.output.elements for entry, _ in self.entries)
        at_once = dims.add_up(first)
        others = at_once - (first[0] if self.request.assemble != "b" else 0)
        sent = first[0] * (devices - 1) * values
        told = {"a": "all at once", "b": "one device after the other", "c": "all devices in rounds"}
        count = len(self.rounds)
        yield (
            f"({self.request.assemble}) {told[self.request.assemble]}: {count} round{'s' * (count > 1)} of up to "
            f"{at_once} images; in a round a device sends up to {_number(sent)} values and receives up to "
            f"{_number(others * values)}"
        )


def _number(value: Any) -> str:
    return f"{value:,}" if type(value) is int else str(value)
