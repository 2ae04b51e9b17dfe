"""The roofline of every layer: what it takes at least on a device, and whether operations or bytes decide.

A layer with f operations that moves b bytes takes at least max(f/peak, b/bandwidth) seconds: the larger of two
lower bounds. Layers run one after another, so that the sum over the layers is a lower bound for the network run in
this way. Times are exact ratios, in seconds.

Source: Williams, Waterman & Patterson 2009, Roofline: an insightful visual performance model, Communications of the
ACM 52(4), applied layer by layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from ..errors import ArchcalcError, UsageError
from ..memory import inference
from ..records import Record, Shown, record
from ..report import LayerReport, Report
from .devices import Device, device
from .energy import Energy, EnergyTable, energy, energy_table
from .work import Work, work


@record
class Bound(Record):
    """The roofline of one layer, for a whole batch: operations, bits moved, and the seconds of each."""

    layer: LayerReport
    flops: int
    bits: int
    compute: Fraction
    memory: Fraction
    energy: Energy | None
    leader: str  # the layer that computes this one too; empty if it runs by itself

    @property
    def path(self) -> str:
        """Its name."""
        return self.layer.path

    @property
    def bytes(self) -> int:
        """Bytes moved, rounded up."""
        return -(-self.bits // 8)

    @property
    def intensity(self) -> Fraction | None:
        """Operations for each byte; None where no byte is moved."""
        return Fraction(8 * self.flops, self.bits) if self.bits else None

    @property
    def latency(self) -> Fraction:
        """The least seconds."""
        return max(self.compute, self.memory)

    @property
    def bound(self) -> str:
        """`compute` or `bandwidth`, whichever takes longer; `fused` with another layer; empty where nothing is done."""
        if self.leader:
            return "fused"
        if not self.latency:
            return ""
        return "compute" if self.compute >= self.memory else "bandwidth"


@record
class Roofline(Shown, Record):
    """The rooflines of all layers, heads left out, on one device."""

    report: Report
    device: Device
    table: EnergyTable
    level: str
    fused: bool
    bounds: tuple[Bound, ...]
    types: tuple[str, ...]  # of the numbers that it computes with
    energy_missing: str  # why there are no energies; empty if there are

    def show_as(self, format: str) -> str:
        """What `archcalc roofline` prints."""
        from ..render.efficiency import roofs

        return roofs(self, format)

    @cached_property
    def latency(self) -> Fraction:
        """The least seconds for a batch, layer by layer."""
        return sum((bound.latency for bound in self.bounds), Fraction(0))

    @property
    def flops(self) -> int:
        """Operations of a batch."""
        return sum(bound.flops for bound in self.bounds)

    @property
    def bits(self) -> int:
        """Bits that a batch moves."""
        return sum(bound.bits for bound in self.bounds)

    @property
    def compute(self) -> Fraction:
        """Seconds if bytes cost nothing."""
        return sum((bound.compute for bound in self.bounds), Fraction(0))

    @property
    def memory(self) -> Fraction:
        """Seconds if operations cost nothing."""
        return sum((bound.memory for bound in self.bounds), Fraction(0))

    @property
    def share_compute(self) -> Fraction:
        """The part of the time that goes to layers bound by operations."""
        of_compute = sum((bound.latency for bound in self.bounds if bound.bound == "compute"), Fraction(0))
        return of_compute / self.latency if self.latency else Fraction(0)

    def layer(self, path: str) -> Bound:
        """The layer of this path; UsageError names the nearest paths."""
        wanted = self.report.layer(path)
        for bound in self.bounds:
            if bound.path == wanted.path:
                return bound
        raise UsageError(f"{path} belongs to the side output {wanted.head}, which is no part of inference")

    @property
    def room(self) -> tuple[str, int, int] | None:
        """What does not fit, in bytes: what it is, how much it takes and how much there is; None if all fits.

        Stored numbers are parameters and buffers. Nothing is said where the device file lacks the capacity.
        """
        capacity, storage = self.device.capacity, self.device.storage
        needed = inference(self.report)
        stored = needed.total - needed.peak
        if storage and stored > storage.value:
            return "stored numbers", stored, storage.value
        if capacity and storage and needed.peak > capacity.value:
            return "tensors at the peak", needed.peak, capacity.value
        if capacity and not storage and needed.total > capacity.value:
            return "stored numbers and tensors at the peak", needed.total, capacity.value
        return None

    def __repr__(self) -> str:
        return f"<Roofline of {self.report.name} on {self.device.name}>"


def roofline(
    report: Report,
    on: str | Path | Device,
    *,
    fused: bool = False,
    table: str | EnergyTable = "horowitz2014",
    level: str = "dram",
) -> Roofline:
    """The roofline of every layer of a network on a device.

    Raises UsageError for an unknown device and where sizes hold symbols, for which of two times is the larger needs
    numbers; SpecError where the device file lacks a figure that is needed.

    fc6 of AlexNet, on the GTX 580 on which it was trained, in float32: 75,501,568 operations at 1,581.056 GFLOP/s take
    48 microseconds, 151,064,576 bytes at 192.384 GB/s take 785:

    >>> from archcalc.analysis import analyze
    >>> fc6 = roofline(analyze("alexnet"), "gtx580").layer("fc6")
    >>> fc6.flops, fc6.bytes, fc6.bound, round(10**6 * fc6.latency)
    (75501568, 151064576, 'bandwidth', 785)
    """
    found, energies = device(on), energy_table(table)
    energies.level(level)
    if report.symbols:
        named = ", ".join(sorted(report.symbols))
        raise UsageError(
            f"a roofline needs numbers: which of two times is the larger is open while {named} is a symbol"
        )
    done = work(report, fused=fused)
    missing = ""
    try:
        energy(done, report.batch, energies, level)
    except ArchcalcError as error:
        missing = str(error)
    bounds = tuple(_bound(report, one, found, None if missing else energies, level) for one in done)
    types = tuple(dict.fromkeys(number_type for one in done for number_type, _ in one.tasks))
    return Roofline(report, found, energies, level, fused, bounds, types, missing)


def _bound(report: Report, one: Work, on: Device, energies: EnergyTable | None, level: str) -> Bound:
    """The two times of one layer."""
    batch = report.batch
    compute = sum(
        (Fraction(batch * operations.flops, on.peak(number_type).value) for number_type, operations in one.tasks),
        Fraction(0),
    )
    bits = one.traffic.bits(batch)
    return Bound(
        one.layer,
        batch * one.flops,
        bits,
        compute,
        Fraction(bits, 8 * on.bandwidth.value),
        energy([one], batch, energies, level) if energies else None,
        one.leader.path if one.leader else "",
    )


def notes(found: Roofline) -> Iterator[str]:
    """What a reader should know."""
    try:
        room = found.room
    except ArchcalcError as error:
        yield f"whether it fits on the device is not known: {error}"
        return
    if room is not None:
        what, needs, has = room
        yield f"does not fit on the device: {what} take {needs:,} bytes, it has {has:,}"
