"""The memory of a run in time, with its peak named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..memory import Inference, inference
from ..render.memory import bytes_text
from ..render.training import when
from ..report import Report
from ..saving import Bytes
from ..training import Training, running
from .sheet import (
    BLUE,
    GREEN,
    ORANGE,
    PLAIN,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    entitle_network,
    legend,
    lines,
    measure,
    named_ticks,
    numbers,
    on,
    refuse_symbols,
    scattered_names,
    word,
)
from .sheet import steps as areas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_NAMES = 40  # of layers along the time
COLOURS = {
    "parameters": BLUE, "state of the optimizer": SKY, "gradients of parameters": GREEN,
    "kept for backward": ORANGE, "kept between segments": YELLOW, "gradients of layer outputs": PURPLE,
}  # fmt: skip
OTHERS = "#999999"


def memory(report: Report, found: Inference | Training | None = None, *, ax: Axes | None = None) -> Axes:
    """What is in memory while each layer runs, in bytes of the whole batch, and where the peak is.

    `found` is what `archcalc.memory.inference` or `archcalc.training.training` gave for this report; left out, the
    tensors of inference are drawn. Of a training step all is drawn, by what it is for.

    Raises UsageError where sizes hold symbols.

    >>> from archcalc.analysis import analyze
    >>> axes = memory(analyze("vgg16"))
    >>> print(axes.texts[0].get_text())
    peak: 25,690,112 bytes (24.50 MiB, 25.69 MB)
    while stage1.conv_relu2.conv runs
    """
    refuse_symbols(report.symbols)
    ax = on(ax, 9.0, 5.0)
    if isinstance(found, Training):
        _training(ax, found)
    else:
        _inference(ax, report, found or inference(report))
    ax.set_ylim(0, 1.3 * ax.dataLim.y1 or 1)
    lines(ax, "y")
    measure(ax.yaxis, "bytes")
    ax.set_ylabel("in memory (bytes)")
    what = "memory of a training step" if isinstance(found, Training) else "tensors in memory at inference"
    entitle_network(ax, report, what, counted=True)
    return ax


def _inference(ax: Axes, report: Report, found: Inference) -> None:
    steps = found.schedule.steps
    values = numbers(step.bytes for step in steps)
    areas(ax, values, color=BLUE)
    (peak,) = found.schedule.peaks
    told = (f"peak: {bytes_text(peak.bytes)}", f"while {word(peak.layer, 40)} runs")
    _name_peak(ax, peak.number, float(peak.bytes), len(steps), *told)
    _name_levels(ax, [step.layer for step in steps])
    stored = f"parameters {bytes_text(found.parameter_bytes)}, buffers {bytes_text(found.buffer_bytes)}"
    ax.set_xlabel(f"layers, in the order in which they run\n(beside these tensors: {stored})")


def _training(ax: Axes, found: Training) -> None:
    moments, batch = found.moments, found.report.batch
    below = [0.0] * len(moments)
    roles = [role for role in COLOURS if any(tensor.role == role for tensor in found.tensors)]
    for role in [*roles, ""]:
        tensors = [
            tensor for tensor in found.tensors if tensor.role == role or (not role and tensor.role not in COLOURS)
        ]
        sizes: Sequence[Bytes] = list(running(tensors, len(moments)))
        if not any(size.of(batch) for size in sizes):
            continue
        above = [low + size for low, size in zip(below, numbers(size.of(batch) for size in sizes), strict=True)]
        label, colour = (role, COLOURS[role]) if role else ("others", OTHERS)
        areas(ax, above, below, color=colour, label=label)
        below = above
    (peak,) = found.peaks
    told = (f"peak: {bytes_text(peak.bytes)}", word(when(peak), 60))
    _name_peak(ax, peak.moment.number, float(peak.bytes), len(moments), *told)
    phases = {"forward": "forward", "gradient of the loss": "backward", "optimizer": "optimizer"}
    starts: dict[str, int] = {}
    for moment in moments:
        if moment.phase in phases:
            starts.setdefault(phases[moment.phase], moment.number)
    named_ticks(ax.xaxis, list(starts.values()), list(starts), ha="left")
    ax.set_xlabel("moments of the step")
    legend(ax, beside=True, reverse=True)


def _name_peak(ax: Axes, number: int, y: float, count: int, *lines: str) -> None:
    """A mark on the peak, and on the side where there is room what it is."""
    x, side = number + 0.5, ("left", "center", "right")[min(3 * number // count, 2)]
    ax.plot([x], [y], "v", color=VERMILION, ms=8, clip_on=False)
    ax.annotate("\n".join(lines), (x, y), (0, 8), textcoords="offset points", ha=side, va="bottom", **PLAIN)
    ax.set_xlim(0, count)


def _name_levels(ax: Axes, paths: Sequence[str]) -> None:
    """A tick where each level of the network begins, some of them where there are many."""
    ranges: dict[str, tuple[int, int]] = {}
    for place, path in enumerate(paths):
        name = path.partition(".")[0]
        ranges[name] = (ranges.get(name, (place, place))[0], place + 1)
    scattered_names(ax.xaxis, ranges, len(paths) / MAX_NAMES, rotation=90, fontsize=9)
