"""How long a step takes in the ideal case: operations at the device's rate, and what moves at the link's.

Every device computes at the same rate and has one link, that sends and receives at once. A training step counts as
three forward passes: backward, the gradients of inputs and of weights cost one forward pass each (Hernandez & Amodei
2018, AI and Compute), also where the gradient of an input, such as the image's, is not computed. Nothing is lost to
latency; what can be hidden behind computation, a scheme says itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from .. import dims
from .plans import Collective, Crossing, Share, Timing, moved
from .request import Request

TRAINING = 3  # forward passes that a training step is worth


def timing(request: Request, shares: Sequence[Share], communication: Any, how: str = "") -> Timing | None:
    """The step of devices that work side by side: the slowest one's operations, then what moves; None for symbols."""
    most = largest(share.batch_flops for share in shares)
    if most is None or communication is None:
        return None
    return Timing(TRAINING * most / request.speed, communication, how=how)


def largest(values: Iterable[Any]) -> Any:
    """The largest as a ratio; None where one holds a symbol."""
    listed = [dims.plain(value) for value in values]
    return None if any(map(dims.is_symbolic, listed)) else Fraction(max(listed, default=0))


def exchange_time(request: Request, crossings: Sequence[Crossing]) -> Any:
    """Seconds that crossings take forward and backward: those before one layer at once, layer after layer."""
    total = Fraction(0)
    for group in moved(crossings).values():
        for back in (False, True):
            bits: dict[tuple[str, int], Any] = {}
            for crossing in group:
                if back and not crossing.returns:
                    continue
                for end in (("out", crossing.source), ("in", crossing.target)):
                    bits[end] = bits.get(end, 0) + crossing.step_values * crossing.bits
            most = largest(bits.values())
            if most is None:
                return None
            total += most / 8 / request.link
    return total


def collective_time(request: Request, collective: Collective) -> Any:
    """Seconds of a collective: in each phase what the busiest link carries."""
    most = [largest((*phase.sent, *phase.received)) for phase in collective.phases]
    return None if None in most else sum(most) / request.link
