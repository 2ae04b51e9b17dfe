"""The standard list of what a network costs, for several networks side by side.

It is the list of MIT 6.5940, TinyML and Efficient Deep Learning Computing, lecture 2: parameters, model size,
activations in total and at their peak, MACs, FLOPs, OPs; with depth, memory traffic, arithmetic intensity and energy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from .. import dims
from ..errors import ArchcalcError
from ..memory import inference
from ..records import Record, Shown, record
from ..report import Report
from .energy import Energy, EnergyTable, energy, energy_table
from .folding import Folding, folding
from .padding import macs_inside
from .work import Work, work


@record
class Metrics(Shown, Record):
    """The metrics of one network; each is computed when it is asked for.

    Counts are of one image, except those called `batch_`. With `fused` batch norms are folded and layers element by
    element are computed by the layer before them.
    """

    report: Report
    fused: bool
    table: EnergyTable
    level: str

    @cached_property
    def work(self) -> tuple[Work, ...]:
        """What each layer computes and moves."""
        return work(self.report, fused=self.fused)

    @property
    def parameters(self) -> Any:
        """Learned numbers; `fused` without those of folded batch norms."""
        if not self.fused:
            return self.report["parameters"]
        return dims.add_up(self.folding.parameters(layer) * layer.repeat for layer in self.report.trunk)

    @cached_property
    def folding(self) -> Folding:
        """Which batch norms can be folded."""
        return folding(self.report)

    @cached_property
    def model(self) -> Mapping[int, Any]:
        """By bits of a number, how many parameters have so many."""
        found: dict[int, list[Any]] = {}
        for layer in self.report.trunk:
            count = self.folding.parameters(layer) if self.fused else layer.cost.parameters
            if dims.same(count, 0) is not True:
                found.setdefault(layer.bits, []).append(count * layer.repeat)
        return {bits: dims.add_up(found[bits]) for bits in sorted(found, reverse=True)}

    @property
    def model_bytes(self) -> Any:
        """Bytes of the parameters, each layer's in its own bits."""
        return dims.ceildiv(dims.add_up(bits * count for bits, count in self.model.items()), 8)

    @property
    def activations(self) -> Any:
        """Numbers that are newly stored, as the quantity of this name counts them."""
        return self.report["activations"]

    @property
    def activation_bytes(self) -> Any:
        """Bytes of the activations."""
        return self.report["activation_bytes"]

    @cached_property
    def batch_peak_bytes(self) -> Any:
        """The most bytes of inputs and outputs that are in memory at once; weights are not among them.

        That of `archcalc memory`: in the order of the spec, ReLU in place, the image freed after its last
        use. ArchcalcError where layers are repeated by a symbol.
        """
        return inference(self.report).peak

    @property
    def macs(self) -> Any:
        """Multiply-accumulates."""
        return self.report["macs"]

    @cached_property
    def ops(self) -> Mapping[str, Any]:
        """By type of number, the operations on such numbers: 2 for each MAC, 1 for each other."""
        found: dict[str, list[Any]] = {}
        for done in self.work:
            for number_type, operations in done.tasks:
                found.setdefault(number_type, []).append(operations.flops * done.layer.repeat)
        return {number_type: dims.add_up(counts) for number_type, counts in found.items()}

    @property
    def flops(self) -> Any:
        """All of these together, as if all numbers were floating-point numbers."""
        return dims.add_up(self.ops.values())

    @property
    def depth(self) -> Any:
        """The most weighted layers on one path."""
        return self.report["depth"]

    @cached_property
    def traffic_bits(self) -> Any:
        """Bits that all layers move for a whole batch."""
        batch = self.report.batch
        return dims.add_up(done.traffic.bits(batch) * done.layer.repeat for done in self.work)

    @property
    def batch_traffic_bytes(self) -> Any:
        """Bytes that all layers move for a whole batch, rounded up once."""
        return dims.ceildiv(self.traffic_bits, 8)

    @property
    def intensity(self) -> Any:
        """FLOPs for each byte moved, of a whole batch; an exact ratio, None where nothing is moved."""
        if dims.same(self.traffic_bits, 0) is True:
            return None
        return dims.ratio(8 * self.report.batch * self.flops, self.traffic_bits)

    @cached_property
    def energy(self) -> Energy:
        """Microjoules of a whole batch; ArchcalcError where the table lacks a type of number."""
        return energy(self.work, self.report.batch, self.table, self.level)

    def __repr__(self) -> str:
        return f"<Metrics of {self.report.name}>"

    def show_as(self, format: str) -> str:
        """The list, as `archcalc metrics` prints it."""
        from ..render.efficiency import side_by_side

        return side_by_side([self], format)


@record
class Metric(Record):
    """One line of the list."""

    name: str
    unit: str
    description: str
    of: Callable[[Metrics], Any]


METRICS: tuple[Metric, ...] = (
    Metric("parameters", "numbers", "learned numbers", lambda m: m.parameters),
    Metric("model_bytes", "bytes", "size of the parameters, each layer's in its own bits", lambda m: m.model_bytes),
    Metric("activations", "numbers", "output numbers that are newly stored", lambda m: m.activations),
    Metric("activation_bytes", "bytes", "size of the activations", lambda m: m.activation_bytes),
    Metric("batch_peak_bytes", "bytes", "the most bytes of tensors at once, no weights", lambda m: m.batch_peak_bytes),
    Metric("macs", "multiply-accumulates", "multiply-accumulates, biases not among them", lambda m: m.macs),
    Metric("flops", "operations", "2 for each MAC, 1 for each other operation", lambda m: m.flops),
    Metric("depth", "layers", "the most weighted layers on one path", lambda m: m.depth),
    Metric("batch_traffic_bytes", "bytes", "what all layers read and write", lambda m: m.batch_traffic_bytes),
    Metric("intensity", "FLOPs/byte", "FLOPs for each byte that is read or written", lambda m: m.intensity),
    Metric("batch_compute_energy", "uJ", "energy of the operations", lambda m: m.energy.compute),
    Metric("batch_memory_energy", "uJ", "energy of the bytes read and written", lambda m: m.energy.memory),
)  # fmt: skip


def metrics(
    report: Report, *, fused: bool = False, table: str | EnergyTable = "horowitz2014", level: str = "dram"
) -> Metrics:
    """The metrics of a network, with energies of a table and all tensors at one level of its memory.

    Sizes may hold symbols. Raises UsageError for an unknown table or level.

    The perceptron 5-3-2 has 26 parameters of 4 bytes; its four layers move 5, 3, 3, 3, 3, 2, 2 and 2 numbers and read
    these 26:

    >>> from archcalc.analysis import analyze
    >>> mlp = metrics(analyze("mlp"))
    >>> mlp.parameters, mlp.model_bytes, mlp.batch_traffic_bytes, 4*(5 + 3 + 3 + 3 + 3 + 2 + 2 + 2 + 26)
    (26, 104, 196, 196)
    """
    found = energy_table(table)
    found.level(level)
    return Metrics(report, fused, found, level)


@record
class Meanings(Shown, Record):
    """MACs and FLOPs in three meanings, for one image; archcalc counts no MACs in batch norms."""

    macs: Any
    flops: Any
    inside_macs: Any
    inside_flops: Any
    folded: Folded | None
    folded_missing: str  # why nothing is known of folding; empty if it is

    def show_as(self, format: str) -> str:
        """A row for each meaning."""
        from ..render.efficiency import in_meanings

        return in_meanings(self, format)


@record
class Folded(Record):
    """A network whose batch norms are folded where they can be."""

    macs: Any
    flops: Any
    parameters: Any
    folding: Folding


def meanings(report: Report) -> Meanings:
    """MACs as everything else counts them, without taps on zero padding, and with batch norms folded.

    Where layers are repeated by a symbol the last is left out, and why is said. ArchcalcError for a layer kind of the
    user's own whose taps on padding are not known.

    >>> from archcalc.analysis import analyze
    >>> found = meanings(analyze("vgg16"))
    >>> found.macs, found.inside_macs, found.folded.macs
    (15470264320, 14969824000, 15470264320)
    """
    macs, flops = report["macs"], report["flops"]
    inside = dims.add_up(macs_inside(report, layer) * layer.repeat for layer in report.trunk)
    missing = ""
    folded = None
    try:
        folds = folding(report)
    except ArchcalcError as error:
        missing = str(error)
    else:
        folded = Folded(
            macs,
            dims.add_up(folds.operations(layer).flops for layer in report.trunk),
            dims.add_up(folds.parameters(layer) for layer in report.trunk),
            folds,
        )
    return Meanings(macs, flops, inside, flops - 2 * (macs - inside), folded, missing)
