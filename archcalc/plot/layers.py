"""Bars of a quantity, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UsageError
from ..quantities import find
from ..render.rows import Options, Row, rows
from ..report import Report
from .sheet import (
    BLUE,
    GREY,
    entitle_network,
    legend,
    lines,
    log_scale,
    measure,
    named_ticks,
    numbers,
    on,
    quantity_label,
)
from .sheet import words as in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READABLE = 30  # rows that are taken in at a glance
MAX_BARS, NAMES = 200, 50  # more bars are drawn as one outline, so many of them with their names


def layers(
    report: Report, quantity: str = "macs", *, depth: int | None = None, log: bool = False, ax: Axes | None = None
) -> Axes:
    """A bar for each layer: any quantity that layers have, for one image; those of heads, not in the totals, in grey.

    Levels below `depth` share one bar, as in the table; without it, so many levels are shown as stay readable.
    `log` makes the scale logarithmic, on which a layer without any has no bar.

    Raises UsageError for an unknown quantity, and where a figure holds symbols.

    >>> from archcalc.analysis import analyze
    >>> axes = layers(analyze("resnet152"), "parameters")
    >>> len(axes.patches), float(axes.patches[9].get_width()), analyze("resnet152").layer("fc").parameters
    (11, 2049000.0, 2049000)
    """
    if depth is not None and (type(depth) is not int or depth < 1):
        raise UsageError(f"depth is a whole number from 1 on, not {depth!r}")
    chosen = find(quantity, of_layers=True)
    shown = _readable(report) if depth is None else rows(report, Options(depth=depth))
    values = numbers(row.quantity(chosen.name) * row.repeat for row in shown)
    count = len(shown)
    ax = on(ax, 8.0, 1.2 + 0.22 * (max(count, 5) if count <= MAX_BARS else NAMES))
    if count <= MAX_BARS:
        _bars(ax, shown, values)
    else:
        ax.stairs(values, [place - 0.5 for place in range(count + 1)], orientation="horizontal", fill=True, color=BLUE)
    step = 1 if count <= MAX_BARS else -(-count // NAMES)
    named_ticks(ax.yaxis, range(0, count, step), (row.path for row in shown[::step]), fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(count - 0.4, -0.6)
    lines(ax, "x")
    if log:
        log_scale(ax, "x", values)
    elif not any(values):
        ax.set_xlim(0, 1)
    measure(ax.xaxis, chosen.unit)
    ax.set_xlabel(quantity_label(chosen.name))
    entitle_network(ax, report, f"{in_words(chosen.name)} by layer", counted=chosen.unit == "bytes")
    return ax


def _readable(report: Report) -> list[Row]:
    """The rows of the most levels that stay readable."""
    found = rows(report, Options(depth=1))
    depth = 1
    while True:
        depth += 1
        more = rows(report, Options(depth=depth))
        if len(more) > READABLE or len(more) == len(found):
            return found
        found = more


def _bars(ax: Axes, shown: list[Row], values: list[float]) -> None:
    of_heads = [all(layer.head for layer in row.layers) for row in shown]
    ax.barh(range(len(values)), values, height=0.75, color=[GREY if is_head else BLUE for is_head in of_heads])
    if any(of_heads):
        from matplotlib.patches import Patch

        named = (Patch(color=BLUE, label="in the totals"), Patch(color=GREY, label="of heads, not in the totals"))
        legend(ax, handles=named, beside=True)
