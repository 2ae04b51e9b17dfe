"""What a plan is: what each device holds and does, and what crosses between them; frozen records.

Counts of a device are of one training step, forward, for all images that it handles; crossings are of one image
and say for how many images they happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from .. import dims
from ..records import Record, Shown, record
from ..report import Report
from .request import Request


@record
class Crossing(Record):
    """Values of a tensor that one device needs and another one has; their gradients come back the same way."""

    tensor: str  # path of the layer that makes it
    before: str  # path of the layer that first needs it there
    source: int  # devices are counted from 1
    target: int
    values: Any  # of one image
    bits: int
    images: Any  # in a step
    returns: bool = True  # whether a gradient goes back

    @property
    def bytes(self) -> Any:
        """Bytes for one image, forward."""
        return dims.ceildiv(self.values * self.bits, 8)

    @property
    def step_values(self) -> Any:
        """Values in a step, forward."""
        return self.values * self.images

    @property
    def step_bytes(self) -> Any:
        """Bytes in a step, forward."""
        return dims.ceildiv(self.step_values * self.bits, 8)

    @property
    def returned_bytes(self) -> Any:
        """Bytes of gradients in a step, backward, from the target to the source."""
        return self.step_bytes if self.returns else 0


class Phase(NamedTuple):
    """Bytes that each device sends and receives at once."""

    sent: tuple[Any, ...]
    received: tuple[Any, ...]


@record
class Collective(Record):
    """An operation of all devices together, once a step, in phases."""

    what: str
    how: str
    bytes: Any  # of what is reduced or gathered, on one device
    phases: tuple[Phase, ...]

    @property
    def sent(self) -> tuple[Any, ...]:
        """Bytes that each device sends in all phases."""
        return tuple(dims.add_up(parts) for parts in zip(*(phase.sent for phase in self.phases), strict=True))

    @property
    def received(self) -> tuple[Any, ...]:
        """Bytes that each device receives in all phases."""
        return tuple(dims.add_up(parts) for parts in zip(*(phase.received for phase in self.phases), strict=True))

    @property
    def total(self) -> Any:
        """Bytes over all links."""
        return dims.add_up(self.sent)


@record
class Memory(Record):
    """Bytes on one device while it trains."""

    parameters: Any
    gradients: Any
    optimizer: Any
    buffers: Any
    saved: Any  # for the backward pass, of what the device has made, and of the images
    received: Any  # of what other devices have made, and is kept
    peak: Any = None  # the most at any moment; None where symbols or an unknown kind leave it open

    @property
    def total(self) -> Any:
        """All parts, as if they were there at once."""
        return dims.add_up(getattr(self, name) for name in self.record_fields if name != "peak")

    @property
    def need(self) -> Any:
        """What a device must have: the peak, or all parts at once where that is more or the peak is open."""
        return self.total if self.peak is None else dims.smax(self.total, self.peak)


@record
class Share(Record):
    """What one device holds and does in a step."""

    number: int
    holds: str
    images: Any
    parameters: Any
    batch_macs: Any
    batch_flops: Any
    batch_activations: Any
    memory: Memory
    runs: frozenset[int]  # the numbers of the layers that it does, or does a part of


@record
class Split(Record):
    """How one layer is split: what each device has of its output, and what a reader should know."""

    path: str
    kind: str
    ranges: tuple[tuple[tuple[Any, Any], ...], ...]  # of each device; none where each device has the whole layer
    of: str  # channels or rows
    note: str = ""

    @property
    def parts(self) -> tuple[Any, ...]:
        """How many channels or rows each device has; none where each device has the whole layer."""
        return tuple(dims.add_up(stop - start for start, stop in ranges) for ranges in self.ranges)


@record
class Timing(Record):
    """A step in seconds, exact under the stated rates: computing, then what of the exchange is not hidden."""

    compute: Any
    communication: Any
    idle: Any = Fraction(0)  # waiting for others to fill and drain a pipeline
    how: str = ""

    @property
    def step(self) -> Any:
        """The whole step."""
        return self.compute + self.communication + self.idle

    @property
    def communication_share(self) -> Any:
        """The part of the step in which data moves and nothing is computed."""
        return self.communication / self.step if self.step else Fraction(0)


@record
class Alternative(Record):
    """A plan that `auto` did not choose, and why."""

    name: str
    step: Any  # seconds; None where the scheme cannot serve
    memory: Any  # bytes on the device with the most
    fits: bool
    why: str


COUNTS: tuple[str, ...] = ("parameters", "batch_macs", "batch_flops", "batch_activations")


@record
class Plan(Shown, Record):
    """A network over devices: shares, crossings, totals, time."""

    report: Report
    request: Request
    scheme: str
    shares: tuple[Share, ...]
    replicated: Mapping[str, Any]  # what several devices hold or do, counted once for each but one of them
    splits: tuple[Split, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    gathers: tuple[Crossing, ...] = ()  # of the network's output, apart from what its layers exchange
    collectives: tuple[Collective, ...] = ()
    timing: Timing | None = None  # None while symbols are open
    notes: tuple[str, ...] = ()
    chosen: str = ""  # by `auto`: scheme and form
    alternatives: tuple[Alternative, ...] = ()
    facts: tuple[str, ...] = ()  # what the scheme itself has to say: bubbles, halos, rounds

    def show_as(self, format: str) -> str:
        """What `archcalc partition` prints."""
        from ..render.partition import partition

        return partition(self, format)

    @property
    def devices(self) -> int:
        """How many devices."""
        return len(self.shares)

    def sums(self) -> dict[str, Any]:
        """The counts of all devices together, what stands on several of them once for each."""
        return {name: dims.add_up(getattr(share, name) for share in self.shares) for name in COUNTS}

    def totals(self) -> dict[str, Any]:
        """The counts of the unpartitioned network, for the whole batch."""
        report, batch = self.report, self.request.batch
        per_image = {"batch_macs": "macs", "batch_flops": "flops", "batch_activations": "activations"}
        return {"parameters": report["parameters"], **{name: batch * report[of] for name, of in per_image.items()}}

    def worst(self, count: Callable[[Share], Any]) -> Share:
        """The device with the most of something; the first one while symbols leave it open."""
        return max(self.shares, key=lambda share: (_order(count(share)), -share.number))

    def imbalance(self, count: Callable[[Share], Any]) -> Any:
        """The most over the mean; None while symbols leave it open, or where there is none at all."""
        values = [count(share) for share in self.shares]
        total = dims.add_up(values)
        if any(map(dims.is_symbolic, values)):
            return Fraction(1) if all(dims.same(value, values[0]) for value in values) else None
        return Fraction(max(values) * self.devices) / total if total else None

    @property
    def crossing_bytes(self) -> Any:
        """Bytes over all links in a step, forward and backward, gathers and collectives included."""
        moved = [*self.crossings, *self.gathers]
        return dims.add_up(
            [
                *(part for crossing in moved for part in (crossing.step_bytes, crossing.returned_bytes)),
                *(collective.total for collective in self.collectives),
            ]
        )

    @property
    def fits(self) -> bool | None:
        """Whether every device has the memory; None where no limit was given or symbols leave it open."""
        limit = self.request.device_memory
        needs = [share.memory.need for share in self.shares]
        if limit is None or any(map(dims.is_symbolic, needs)):
            return None
        return bool(max(needs) <= limit)


def _order(value: Any) -> Any:
    return 0 if dims.is_symbolic(value) else value


def moved(crossings: Sequence[Crossing]) -> dict[str, list[Crossing]]:
    """The crossings by the layer that they happen before, in order."""
    found: dict[str, list[Crossing]] = {}
    for crossing in crossings:
        found.setdefault(crossing.before, []).append(crossing)
    return found


def notes(report: Report) -> tuple[str, ...]:
    """What every plan says of its network."""
    heads = report.graph.heads
    return (f"heads {', '.join(heads)} are left out, as in all totals",) if heads else ()
