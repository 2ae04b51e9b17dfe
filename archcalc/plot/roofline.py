"""The roofline of a device with the layers of a network on it."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

from ..efficiency.roofline import Roofline
from ..errors import UsageError
from ..partition.wording import seconds_text
from ..render.text import input_line
from .sheet import BLACK, BLUE, ORANGE, entitle, legend, lines, log_scale, measure, numbers, on
from .spots import Spot, name_spots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMED = 6  # layers that take the longest
SMALLEST, AREA = 20.0, 1200.0  # square points, of a layer that took no time, and how much more for all of it
STYLES = ("-", "--", "-.", ":")
BOUNDS = (("compute", BLUE, "o"), ("bandwidth", ORANGE, "^"))


def roofline(found: Roofline, *, ax: Axes | None = None) -> Axes:
    """The layers under the roofs of a device: operations a byte to the right, operations a second up, on log scales.

    `found` is what `archcalc.efficiency.roofline` gave. The area of a mark is the layer's part of the time; the layers
    that take the longest have names. Layers without operations have no place here; the title says what they take.

    Raises UsageError where no layer has one.

    >>> from archcalc.analysis import analyze
    >>> from archcalc import efficiency
    >>> axes = roofline(efficiency.roofline(analyze("alexnet", batch=128), "gtx580"))
    >>> [text.get_text() for text in axes.texts][:2]
    ['conv2', 'conv3']
    """
    shown = [bound for bound in found.bounds if bound.latency and bound.flops and bound.bits]
    if not shown:
        raise UsageError(f"{found.report.name} has no layer with operations on bytes, and no place under a roof")
    ax = on(ax, 8.5, 5.5)
    x = numbers(bound.intensity for bound in shown)
    y = numbers(bound.flops / bound.latency for bound in shown)
    parts = numbers(bound.latency / found.latency for bound in shown)
    _roofs(ax, found, x, y)
    sizes = [SMALLEST + AREA * part for part in parts]
    for kind, colour, marker in BOUNDS:
        own = [place for place, bound in enumerate(shown) if bound.bound == kind]
        if not own:
            continue
        where: Any = [[column[place] for place in own] for column in (x, y, sizes)]
        label = f"bound by {kind}: {100 * sum(parts[place] for place in own):.1f} % of the time"
        looks = {"marker": marker, "color": colour, "alpha": 0.5, "edgecolor": colour, "zorder": 3, "label": label}
        ax.scatter(where[0], where[1], where[2], **looks)
    lines(ax)
    legend(ax, loc="lower right", sizes=30.0)
    report, others = found.report, 1 - sum(parts)
    moving = f", {100 * others:.1f} % of it in layers that only move bytes" if others > 0.0005 else ""
    told = f"at least {seconds_text(found.latency)}{moving}"
    entitle(ax, f"{report.name} on {found.device.title}", input_line(report), told)
    longest = sorted(range(len(shown)), key=lambda place: -parts[place])[:NAMED]
    spots = [Spot(x[n], y[n], shown[n].path, 4 + sizes[n] ** 0.5 / 2) for n in longest]
    name_spots(ax, spots, among=list(zip(x, y, strict=True)), upright=True, all_of_them=False)
    return ax


def _roofs(ax: Axes, found: Roofline, x: list[float], y: list[float]) -> None:
    """The roof of each type of number, and scales on which it and these points have room."""
    device = found.device
    slope = float(device.bandwidth.value)
    ridges = [float(device.ridge(name)) for name in found.types]
    left, right = min(*x, *ridges) / 2, max(*x, *ridges) * 4
    for style, name, ridge in zip(cycle(STYLES), found.types, ridges, strict=False):
        peak = float(device.peak(name).value)
        label = f"{name}: {device.peak(name).text}"
        ax.plot([left, ridge, right], [left * slope, peak, peak], style, color=BLACK, linewidth=1.2, label=label)
    log_scale(ax, "x", [left, right])
    log_scale(ax, "y", [*y, left * slope, *(ridge * slope for ridge in ridges)])
    ax.set_xlim(left, right)
    measure(ax.yaxis, "OP/s")
    ax.set_xlabel(f"operations a byte (slope: {device.bandwidth.text})")
    ax.set_ylabel("operations a second")
