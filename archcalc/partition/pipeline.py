"""Pipelines: contiguous stages of the layers in their order, the best cut found exactly, micro-batches in flight.

Sources: Huang et al. 2018, GPipe, arXiv 1811.06965, sec. 2.3 for the bubble; Narayanan et al. 2019, PipeDream, SOSP,
sec. 3.1 for the cut by dynamic programming and sec. 3.2 for one forward, one backward.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

from .. import dims
from ..errors import UsageError, did_you_mean, hinted, shown
from ..figures import in_unit
from ..precision import bits_by_node
from ..report import LayerReport, Report
from .cut import Storage, Weights, cut
from .keeping import keeping
from .plans import Crossing, Plan, Timing, notes
from .request import Request
from .tally import Piece, Work, received, replicated, shares
from .timing import TRAINING
from .wording import bytes_text, seconds_text

AHEAD = 4  # micro-batches for each stage, by which the bubble is small: GPipe, sec. 2.3


class Flow(NamedTuple):
    """Micro-batches: how many, of how many images, and the images whose activations each stage keeps at a time."""

    parts: int
    images: Any
    kept: tuple[Any, ...]
    in_flight: tuple[int, ...]

    def turns(self, stage: int) -> int:
        """Micro-batches whose activations a stage, counted from 0, keeps at a time."""
        return self.in_flight[stage]


def pipeline(report: Report, request: Request) -> Plan:
    """The plan of the scheme `pipeline`."""
    layers = report.trunk
    flow = _flow(request)
    if request.stages is not None:
        starts = _given(report, request)
        optimal = ""
    else:
        starts, optimal = _best(report, request, flow)
    stops = (*starts[1:], len(layers))
    crossings = _crossings(report, request, starts)
    works = [
        Work(
            _holds(layers[start:stop]),
            request.batch,
            {layer.node.number: Piece() for layer in layers[start:stop]},
            got,
            flow.kept[number],
            flow.turns(number),
        )
        for number, (start, stop, got) in enumerate(zip(starts, stops, received(crossings, flow.kept), strict=True))
    ]
    return Plan(
        report=report,
        request=request,
        scheme="pipeline",
        shares=shares(report, request, works),
        replicated=replicated(report, request, works),
        crossings=crossings,
        timing=_timing(report, request, flow, starts, crossings),
        facts=(
            *_facts(request, flow),
            *([optimal, f"in a spec: {_written(report, request, starts)}"] if optimal else []),
        ),
        notes=notes(report),
    )


def _written(report: Report, request: Request, starts: Sequence[int]) -> str:
    """The plan as a spec holds it, with its stages."""
    return request.written(stages=tuple(report.trunk[start].path for start in starts[1:]), balance=None)


def _holds(layers: Sequence[LayerReport]) -> str:
    return layers[0].path if len(layers) == 1 else f"{layers[0].path} .. {layers[-1].path}: {len(layers)} layers"


def _flow(request: Request) -> Flow:
    """How the batch is cut, and what is in flight.

    By `gpipe` every stage keeps the activations of the whole batch until it goes backward; by `1f1b` stage k of n
    keeps n - k + 1 micro-batches.
    """
    batch, stages = request.batch, request.devices
    count = request.micro_batches or AHEAD * stages
    if request.micro_batches is None and type(batch) is int:
        count = min(count, batch)
    if dims.at_least(batch, count) is False:
        raise UsageError(f"a batch of {batch} cannot be cut into {count} micro-batches; take at most {batch}")
    images = dims.ceildiv(batch, count)
    flying = tuple(count if request.schedule == "gpipe" else min(count, stages - number) for number in range(stages))
    kept = [batch if dims.same(turns, count) else turns * images for turns in flying]
    return Flow(count, images, tuple(min(n, batch) if type(batch) is int else n for n in kept), flying)


# Stages that are given


def _given(report: Report, request: Request) -> tuple[int, ...]:
    """The stages that begin with the named layers or levels."""
    assert request.stages is not None
    paths = [layer.path for layer in report.trunk]
    starts = [0]
    for name in request.stages:
        found = next((n for n, path in enumerate(paths) if path == name or path.startswith(f"{name}.")), None)
        if found is None:
            raise UsageError(hinted(f"stages: {report.name} has no layer '{shown(name)}'", did_you_mean(name, paths)))
        if found <= starts[-1]:
            raise UsageError(f"stages: {shown(name)} must stand behind {paths[starts[-1]]}, where a stage begins")
        starts.append(found)
    if len(starts) != request.devices:
        raise UsageError(
            f"stages: {request.devices} devices need {request.devices - 1} layers with which a further stage begins, "
            f"not {len(starts) - 1}"
        )
    return tuple(starts)


# The best stages


def _best(report: Report, request: Request, flow: Flow) -> tuple[tuple[int, ...], str]:
    layers = report.trunk
    if len(layers) < request.devices:
        raise UsageError(
            f"the {len(layers)} layers of {report.name} cannot make {request.devices} stages; "
            f"take at most {len(layers)}"
        )
    _numbers(layers, request)
    weights = _weights(report, request, flow, request.balance)
    found = cut(weights, request.devices)
    if found is None:
        least = cut(_weights(report, request, flow, "memory", limited=False), request.devices)
        assert least is not None
        raise UsageError(
            f"no cut into {request.devices} stages fits into {bytes_text(request.device_memory)}; "
            f"the least that the largest stage needs is {bytes_text(Fraction(least.cost, 8))}"
        )
    what = {
        "macs": f"{found.cost:,} MACs an image",
        "memory": bytes_text(Fraction(found.cost, 8)),
        "time": f"{seconds_text(found.cost * _parts_of_time(request, flow)[1])} a micro-batch",
    }[request.balance]
    return found.starts, f"the largest stage has {what}: no cut into {request.devices} stages has less"


def _numbers(layers: Sequence[LayerReport], request: Request) -> None:
    for layer in layers:
        counts = (
            layer.cost.operations.flops,
            layer.cost.parameters,
            layer.output.elements,
            layer.repeat,
            request.batch,
        )
        if any(dims.is_symbolic(count) for count in counts) or layer.node.series:
            raise UsageError(
                f"the best stages need numbers, and {layer.path} or the batch holds a symbol; "
                "give stages, or numbers for all symbols"
            )


def _parts_of_time(request: Request, flow: Flow) -> tuple[tuple[int, int], Fraction]:
    """Whole numbers in proportion to the seconds of an operation and of a bit received, and the seconds of one."""
    operation = Fraction(TRAINING * flow.images) / request.speed
    bit = Fraction(2 * flow.images) / 8 / request.link  # the activation forward, and its gradient back
    scale = lcm(operation.denominator, bit.denominator)
    return (int(operation * scale), int(bit * scale)), Fraction(1, scale)


def _weights(report: Report, request: Request, flow: Flow, balance: str, *, limited: bool = True) -> Weights:
    layers = report.trunk
    place = {layer.node.number: number for number, layer in enumerate(layers)}
    operation, bit = _parts_of_time(request, flow)[0]
    states = 2 + request.states
    bits = bits_by_node(report)
    held = [l.cost.parameters * l.bits * states + l.cost.buffers * l.bits for l in layers]
    fixed = {
        "macs": [l.cost.operations.macs for l in layers],
        "time": [l.cost.operations.flops * operation for l in layers],
        "memory": held,
    }[balance]
    limit = request.device_memory
    known, _ = keeping(report, request.batch)
    return Weights(
        fixed=fixed,
        moved=bit if balance == "time" else 0,
        by_memory=balance == "memory",
        held=held,
        flight=[0 if known else l.cost.activations * l.bits for l in layers],
        sizes=[l.output.elements * bits[l.node.number] for l in layers],
        sources=[tuple({place[number] for number in l.node.inputs if number in place}) for l in layers],
        kept=flow.kept,
        turns=flow.in_flight,
        limit=int(limit * 8) if limited and limit is not None else None,
        storages=[
            Storage(place.get(storage.node, -1), 8 * storage.size.fixed, 8 * storage.size.per_image)
            for storage in (known.forward.storages if known else ())
        ],
        keeps=[known.kept_by(layer.node.number) for layer in layers] if known else [],
        inputs=[known.inputs_of(layer.node) for layer in layers] if known else [],
        stored=[known.storage_of.get(layer.path, -1) for layer in layers] if known else [],
    )


# What a plan says


def _crossings(report: Report, request: Request, starts: Sequence[int]) -> tuple[Crossing, ...]:
    """Every tensor once for each stage behind its own that reads it."""
    stage_of, bits = {}, bits_by_node(report)
    for place, layer in enumerate(report.trunk):
        stage_of[layer.node.number] = sum(place >= start for start in starts)
    found: dict[tuple[int, int], Crossing] = {}
    for layer in report.trunk:
        target = stage_of[layer.node.number]
        for number in layer.node.inputs:
            source = stage_of.get(number, target)  # an image is read where it is needed
            if source != target and (number, target) not in found:
                made = report.layers[number]
                values = made.output.elements * made.repeat
                crossing = Crossing(made.path, layer.path, source, target, values, bits[number], request.batch)
                found[number, target] = crossing
    return tuple(found.values())


def _timing(
    report: Report, request: Request, flow: Flow, starts: Sequence[int], crossings: Sequence[Crossing]
) -> Timing | None:
    """As many turns as micro-batches and further stages, each as long as the slowest stage needs.

    A stage computes, receives activations and sends their gradients back, one after the other.
    """
    flops = [layer.cost.operations.flops * layer.repeat for layer in report.trunk]
    stages = []
    for number, (start, stop) in enumerate(zip(starts, (*starts[1:], len(flops)), strict=True), start=1):
        computed = dims.add_up(flops[start:stop]) * TRAINING * flow.images
        received = dims.add_up(c.values * c.bits for c in crossings if c.target == number) * 2 * flow.images
        stages.append((computed, received))
    if any(dims.is_symbolic(count) for stage in stages for count in stage):
        return None
    seconds = [
        (Fraction(computed) / request.speed, Fraction(received) / 8 / request.link) for computed, received in stages
    ]
    slowest = max(range(request.devices), key=lambda stage: sum(seconds[stage]))
    compute, communication = seconds[slowest]
    idle = (request.devices - 1) * (compute + communication)
    how = f"as stage {slowest + 1}, the slowest, for which the others wait" if request.devices > 1 else ""
    return Timing(flow.parts * compute, flow.parts * communication, idle, how)


def _facts(request: Request, flow: Flow) -> Iterator[str]:
    stages, count = request.devices, flow.parts
    up_to = "" if dims.same(flow.images * count, request.batch) else "up to "
    yield f"{count} micro-batches of {up_to}{flow.images} images"
    bubble = Fraction(stages - 1, count + stages - 1)
    yield f"bubble (n-1)/(m+n-1) = {stages - 1}/{count + stages - 1} = {in_unit(bubble, '%')} of the time of a stage"
    kept = ", ".join(map(str, flow.kept))
    yield f"in flight, by {request.schedule}: activations of {kept} images on stages 1 to {stages}"
