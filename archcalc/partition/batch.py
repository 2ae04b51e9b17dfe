"""Data parallelism: every device has the whole network and a part of the batch; gradients are added up each step.

ZeRO (Rajbhandari et al. 2020, arXiv 1910.02054) deals out the optimizer's state, gradients and parameters: sec. 5
for the memory, sec. 7 for what moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import dims
from ..errors import UsageError
from ..report import LayerReport, Report
from .collective import gathered, reduced, scattered
from .plans import Collective, Plan, notes
from .request import Request
from .tally import Piece, Work, replicated, shares
from .timing import collective_time, timing


def batch(report: Report, request: Request) -> Plan:
    """The plan of the scheme `batch`."""
    check_batch(request)
    pieces = {layer.node.number: Piece() for layer in report.trunk}
    holds = f"all {len(pieces)} layers"
    works = [Work(holds, images, pieces) for images in request.images()]
    held = shares(report, request, works, zero=request.zero if request.devices > 1 else 0)
    collectives = exchanged(report.trunk, request)
    return Plan(
        report=report,
        request=request,
        scheme="batch",
        shares=held,
        replicated=replicated(report, request, works),
        collectives=collectives,
        timing=timing(request, held, collectives_time(request, collectives)),
        facts=_zero_fact(request),
        notes=(*_norm_note(report, request), *notes(report)),
    )


def check_batch(request: Request) -> None:
    """Every device needs an image."""
    if dims.at_least(request.batch, request.devices) is False:
        raise UsageError(
            f"a batch of {request.batch} cannot be dealt out over {request.devices} devices; "
            f"give a batch of {request.devices} or more"
        )


def gradients(layers: Sequence[LayerReport]) -> tuple[Any, int]:
    """How many values the gradients of these layers have, and of how many bits; bytes where bits are mixed."""
    counted = [(layer.cost.parameters * layer.repeat, layer.bits) for layer in layers]
    counted = [(values, bits) for values, bits in counted if dims.same(values, 0) is not True]
    widths = {bits for _, bits in counted}
    if len(widths) > 1:
        return dims.ceildiv(dims.add_up(values * bits for values, bits in counted), 8), 8
    return dims.add_up(values for values, _ in counted), widths.pop() if widths else 32


def exchanged(layers: Sequence[LayerReport], request: Request) -> tuple[Collective, ...]:
    """What devices that each have these layers do together in a step."""
    values, bits = gradients(layers)
    if request.devices == 1:
        return ()
    if request.zero == 0:
        return (reduced(request, "gradients", values, bits),)
    if request.reduce != "ring":
        raise UsageError(f"ZeRO scatters gradients around a ring; leave out reduce {request.reduce}")
    scatter = scattered(request, "gradients", values, bits)
    if request.zero < 3:
        return scatter, gathered(request, "new parameters", values, bits)
    forward = gathered(request, "parameters, forward", values, bits)
    return forward, gathered(request, "parameters, backward", values, bits), scatter


def collectives_time(request: Request, collectives: Sequence[Collective]) -> Any:
    """Seconds that they take one after the other; None while symbols are open."""
    times = [collective_time(request, collective) for collective in collectives]
    return None if None in times else sum(times)


def _zero_fact(request: Request) -> tuple[str, ...]:
    dealt_out = ("the optimizer's state", "gradients", "parameters")[: request.zero]
    if not dealt_out or request.devices == 1:
        return ()
    return (f"ZeRO stage {request.zero}: between steps a device keeps 1/{request.devices} of {', '.join(dealt_out)}",)


def _norm_note(report: Report, request: Request) -> tuple[str, ...]:
    normalised = any(layer.kind == "batchnorm" for layer in report.trunk)
    if request.devices == 1 or not normalised:
        return ()
    return ("batch normalisation takes the statistics of each device's own images",)
