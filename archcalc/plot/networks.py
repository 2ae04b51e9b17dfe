"""Networks beside each other: what they compute, hold and write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import sqrt
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..render.rows import number_text
from ..report import Report
from .sheet import BLUE, entitle, legend, lines, log_scale, measure, numbers, on, quantity_label
from .spots import Spot, name_spots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LARGEST = 2500.0  # square points, of the bubble with the most activations
X, Y, AREA = "macs", "parameters", "activations"


def networks(reports: Report | Sequence[Report], *, ax: Axes | None = None) -> Axes:
    """Networks as bubbles: MACs to the right, parameters up, both on log scales, activations as area; of one image.

    Raises UsageError where figures hold symbols, and for a network without MACs or parameters.

    >>> from archcalc.analysis import analyze
    >>> axes = networks([analyze("alexnet"), analyze("vgg16")])
    >>> axes.collections[0].get_offsets()[1].tolist()
    [15470264320.0, 138357544.0]
    """
    several = [reports] if isinstance(reports, Report) else list(reports)
    if not several:
        raise UsageError("no report is given")
    x, y, areas = (numbers(report[name] for report in several) for name in (X, Y, AREA))
    for report, *both in zip(several, x, y, strict=True):
        if not all(both):
            raise UsageError(f"{report.name} has no {X if not both[0] else Y}, and no place on a log scale")
    ax = on(ax, 8.0, 6.0)
    log_scale(ax, "x", x)
    log_scale(ax, "y", y)
    most = max(areas) or 1.0
    sizes = [LARGEST * area / most for area in areas]
    ax.scatter(x, y, sizes, color=BLUE, alpha=0.45, edgecolor=BLUE, linewidth=1)
    lines(ax)
    measure(ax.xaxis)
    measure(ax.yaxis)
    ax.set_xlabel(quantity_label(X))
    ax.set_ylabel(quantity_label(Y))
    for value in _round_sizes(int(most)):
        ax.scatter([], [], s=LARGEST * value / most, color="none", edgecolor=BLUE, label=number_text(value, "si"))
    looks = {"labelspacing": 2.5, "borderpad": 2, "handletextpad": 2}
    legend(ax, beside=True, title=quantity_label(AREA), **looks)
    ends = zip(several, x, y, sizes, strict=True)
    shapes = Counter(_input(report) for report in several)
    ((common, _),) = shapes.most_common(1)
    spots = [Spot(a, b, _name(report, common), 3 + sqrt(size) / 2) for report, a, b, size in ends]
    others = " unless named" * (len(shapes) > 1)
    entitle(ax, "What networks cost", f"MACs, parameters, activations of one image; input {common}{others}")
    name_spots(ax, spots)
    return ax


def _input(report: Report) -> str:
    return ", ".join(map(str, report.inputs.values()))


def _name(report: Report, common: str) -> str:
    """The network, with its input where that is not the common one."""
    return report.name if _input(report) == common else f"{report.name} ({_input(report)})"


def _round_sizes(most: int) -> Iterator[int]:
    """The bubbles of the legend: the largest number of one digit and zeros that is not larger, and a tenth of it.

    >>> list(_round_sizes(58_460_000))
    [5000000, 50000000]
    """
    power = 10 ** (len(str(most)) - 1)
    largest = most // power * power
    yield from (part for part in (largest // 10, largest) if part)
