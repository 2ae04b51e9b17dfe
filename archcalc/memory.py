"""Memory: what a network needs at inference, in bytes that are spelled out; what is left out is listed.

>>> from archcalc.analysis import analyze
>>> found = inference(analyze("vgg16"))
>>> found.peak, found.parameter_bytes
(25690112, 553430176)
"""

from __future__ import annotations

from typing import Any

from . import dims
from .errors import ArchcalcError, shown
from .liveness import Schedule, Step, Tensor, flow, schedule
from .orders import Least, least_peak
from .records import Record, Shown, record
from .report import LayerReport, Report

LEFT_OUT = (
    "what is inside of one layer while it runs: workspaces of convolutions, queries, keys, values and scores of "
    "attention",
    "indices of max pooling, which PyTorch makes at inference too and drops at once",
    "rounding by the allocator, and memory that it keeps for later",
    "the framework, its context on the device, and the program",
)


@record
class Inference(Shown, Record):
    """The memory of one run at inference: the schedule of its tensors, and the weights beside it."""

    schedule: Schedule
    least: Least | None  # over any order of the layers; None where symbols leave open which is best
    hold_input: bool
    in_place: bool
    parameter_bytes: Any
    buffer_bytes: Any

    @property
    def peak(self) -> Any:
        """The most bytes of tensors at once, weights not among them."""
        return self.schedule.peak

    @property
    def total(self) -> Any:
        """The peak with parameters and buffers."""
        return dims.add_up((self.peak, self.parameter_bytes, self.buffer_bytes))

    @property
    def left_out(self) -> tuple[str, ...]:
        """What a device needs beside these bytes, and what follows from no architecture."""
        return LEFT_OUT

    def __repr__(self) -> str:
        return f"<Inference of {len(self.schedule.steps):,} layers: peak {shown(self.peak)} bytes>"

    def show_as(self, format: str) -> str:
        """The schedule, the peak and what is there at it."""
        from .render.memory import inference_section, written

        return written(inference_section(self), format)


def inference(report: Report, *, hold_input: bool = False, in_place: bool = True, reorder: bool = False) -> Inference:
    """What a network needs at inference, in bytes: of tensors for the report's batch, in its dtype or a layer's bits.

    `hold_input` keeps the input to the end, as a caller does who still has it; else it is freed after its last use.
    Without `in_place` every layer that computes makes a new tensor. The layers run in the order of the spec; with
    `reorder` in one of the least peak. Heads are not run and not counted.

    Raises UsageError where layers are repeated by a symbol, because a schedule needs their number, and for `reorder`
    with symbols; ArchcalcError for `reorder` where the search for an order of the least peak was cut off.

    >>> from archcalc.analysis import analyze
    >>> inference(analyze("lenet5")).peak
    37632

    By hand: C1 makes 6x28x28 numbers and scaled_tanh1 as many again, 2 * 4704 * 4 bytes.
    """
    found = flow(report, hold_input=hold_input, in_place=in_place)
    is_numeric = not any(dims.is_symbolic(value.bytes(report.batch)) for value in found.values.values())
    least = least_peak(found, report.batch) if is_numeric or reorder else None
    if reorder and least is not None and not least.is_reached:
        raise ArchcalcError("no order of the least peak is known: the search for it was cut off")
    order = least.order if reorder and least is not None else None
    return Inference(
        schedule=schedule(report, hold_input=hold_input, in_place=in_place, order=order),
        least=least,
        hold_input=hold_input,
        in_place=in_place,
        parameter_bytes=report["parameter_bytes"],
        buffer_bytes=buffer_bytes(report),
    )


def with_weights(report: Report, **settings: Any) -> Any:
    """The peak of the tensors with parameters and buffers, for the settings of `schedule`."""
    return dims.add_up((schedule(report, **settings).peak, report["parameter_bytes"], buffer_bytes(report)))


def buffer_bytes(report: Report) -> Any:
    """The bytes of all buffers, heads left out."""
    return dims.ceildiv(dims.add_up(_buffer_bits(layer) for layer in report.trunk), 8)


def _buffer_bits(layer: LayerReport) -> Any:
    return layer.cost.buffers * layer.bits * layer.repeat


__all__ = ["LEFT_OUT", "Inference", "Least", "Schedule", "Step", "Tensor", "inference", "schedule"]
