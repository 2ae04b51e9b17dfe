"""The Pareto front of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..quantities import MEASURABLE
from ..render.sweeps import value_text
from .sheet import (
    BLUE,
    COLOURS,
    GREY,
    PLAIN,
    entitle,
    label,
    legend,
    lines,
    log_scale,
    measure,
    numbers,
    on,
    quantity_label,
    words,
)
from .spots import Spot, name_spots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..sweeps import Sweep

MARKERS = "os^DvP*"
MAX_NAMES = 15


def pareto(front: Sweep, among: Sweep | None = None, *, log: bool = False, ax: Axes | None = None) -> Axes:
    """The points that no other dominates, by the first two quantities compared; a third one is their colour.

    `front` is a sweep with `pareto`. `among` is the same sweep without it, whose points stand behind in grey. With two
    quantities, a line parts what the points of the front dominate from what no point reaches. Each point has the
    values that were varied beside it, where there is room.

    Raises UsageError for a sweep that keeps no front, or one of other than two or three quantities.

    >>> from archcalc.sweeps import sweep
    >>> axes = pareto(sweep("mobilenet", {"alpha": "0.25:1:0.25"}, ["macs"], pareto="macs,+alpha"))
    >>> axes.collections[0].get_offsets()[0].tolist()
    [41030272.0, 0.25]
    """
    goals = front.plan.objectives if front.plan.keep == "pareto" else ()
    if len(goals) not in (2, 3):
        has = f"this one compares {len(goals)}" if goals else "this one keeps no front"
        raise UsageError(
            f"a front of 2 or 3 quantities can be drawn, {has}: give the sweep pareto, such as macs,+alpha"
        )
    if not len(front):
        raise UsageError("there is no front: no point of the sweep meets its condition")
    if among is not None and not {goal.name for goal in goals} <= among.columns.keys():
        raise UsageError("`among` is another sweep: it lacks what the front compares")
    ax = on(ax, 8.0, 5.5)
    values = [numbers(front.columns[goal.name].tolist()) for goal in goals]
    others = [numbers(among.columns[goal.name].tolist()) for goal in goals] if among is not None else [[], []]
    if log:
        log_scale(ax, "x", [*values[0], *others[0]])
        log_scale(ax, "y", [*values[1], *others[1]])
    if among is not None:
        ax.scatter(others[0], others[1], 12, color=GREY, alpha=0.35, linewidth=0, label="other points", zorder=1)
    if len(goals) == 2:
        order = sorted(range(len(values[0])), key=lambda place: (values[0][place], values[1][place]))
        line: Any = [[column[place] for place in order] for column in values]
        ax.plot(*line, color=BLUE, linewidth=1.2, drawstyle=f"steps-{'pre' if goals[0].is_large else 'post'}")
    _points(ax, front, values)
    lines(ax)
    for which, goal in zip("xy", goals, strict=False):
        _measured(getattr(ax, f"{which}axis"), goal.name)
        getattr(ax, f"set_{which}label")(_goal(*goal))
    told = ", ".join(f"{words(name)} {'large' if is_large else 'small'}" for name, is_large in goals)
    names = dict.fromkeys(structure.network for structure in front.plan.structures)
    entitle(ax, ", ".join(names), f"Pareto front: {told}; {len(values[0]):,} of {front.points:,} points")
    spots = [Spot(x, y, text, 6) for x, y, text in zip(*values[:2], _varied(front), strict=True) if text]
    if len(spots) <= MAX_NAMES:
        name_spots(ax, spots, among=list(zip(*others[:2], strict=True)), all_of_them=False)
    return ax


def _measured(axis: Any, name: str) -> None:
    """Quantities in k, M, G; what was varied as it is."""
    if name in MEASURABLE:
        measure(axis, MEASURABLE[name].unit)


def _goal(name: str, is_large: bool) -> str:
    return f"{quantity_label(name)}, {'large' if is_large else 'small'} is better"


def _points(ax: Axes, front: Sweep, values: list[list[float]]) -> None:
    """The points of the front: by network, or in the colours of the third quantity."""
    of = front.columns["network"].tolist() if "network" in front.columns else [""] * len(values[0])
    for number, network in enumerate(dict.fromkeys(of)):
        own = [place for place, name in enumerate(of) if name == network]
        picked: list[Any] = [[column[place] for place in own] for column in values]
        looks: dict[str, Any] = {"color": COLOURS[number % len(COLOURS)]}
        if len(picked) == 3:
            looks = {"c": picked[2], "cmap": "cividis", "vmin": min(values[2]), "vmax": max(values[2])}
        looks.update(marker=MARKERS[number % len(MARKERS)], label=label(network))
        marks = ax.scatter(picked[0], picked[1], 36, zorder=3, **looks)
    if len(values) == 3:
        figure: Any = ax.get_figure()
        bar = figure.colorbar(marks, ax=ax)
        goal = front.plan.objectives[2]
        _measured(bar.ax.yaxis, goal.name)
        bar.set_label(_goal(*goal), **PLAIN)
    if "network" in front.columns:
        legend(ax)


def _varied(front: Sweep) -> list[str]:
    """Of each point the values that were varied, if they are not drawn and differ on the front."""
    drawn = {goal.name for goal in front.plan.objectives}
    names = [axis.name for axis in front.plan.axes if axis.name not in drawn]
    columns = [[f"{name}={value_text(value)}" for value in front.columns[name].tolist()] for name in names]
    differ = [column for column in columns if len(set(column)) > 1]
    return [", ".join(texts) for texts in zip(*differ, strict=True)] if differ else [""] * len(front)
