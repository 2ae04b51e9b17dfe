"""A network over devices: what each of them holds, and what it sends and receives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import dims
from ..errors import UsageError
from ..partition import Plan, Share
from ..render.text import heading, input_line
from .sheet import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PLAIN,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    bytes_told,
    entitle,
    legend,
    lines,
    measure,
    named_ticks,
    numbers,
    on,
    refuse_symbols,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_ROWS = 100
PARTS = {
    "parameters": ("parameters", BLUE), "gradients": ("gradients", GREEN), "optimizer": ("state of the optimizer", SKY),
    "buffers": ("buffers", YELLOW), "saved": ("kept for backward", ORANGE),
    "received": ("kept of what is received", PURPLE),
}  # fmt: skip
MOVED = (("sent", VERMILION), ("received", GREY))


class Row(NamedTuple):
    """Devices that hold and move the same."""

    first: Share
    last: Share
    sent: Any
    received: Any


def partition(plan: Plan, *, ax: Axes | None = None) -> Axes:
    """What each device of a plan holds while it trains, and below it what it sends and receives in a step, in bytes.

    Moved are outputs forward, gradients backward, gathers and collectives. Neighbours that hold the same, and move the
    same in four digits, share a row. A black mark is the memory that a device needs where that is more than its parts
    at once; a dashed line the memory that it has, if the plan knows it.

    Raises UsageError while symbols are open.

    >>> import archcalc as ac
    >>> from archcalc.partition import plan
    >>> axes = partition(plan(ac.analyze("alexnet"), batch=128))
    >>> [round(bar.get_width()) for bar in axes.containers[0]]  # 30,482,612 parameters of 4 bytes on each
    [121930448, 121930448]
    """
    rows = _rows(plan)
    if len(rows) > MAX_ROWS:
        raise UsageError(f"a picture shows at most {MAX_ROWS} different devices, not {len(rows):,}")
    places = range(len(rows))
    ax = on(ax, 9.0, 1.7 + max(0.75 * len(rows), 1.5))
    left = [0.0] * len(rows)
    for part, (label, colour) in PARTS.items():
        values = numbers(getattr(row.first.memory, part) for row in rows)
        if any(values):
            ax.barh([place - 0.12 for place in places], values, 0.44, left=left, color=colour, label=label)
            left = [a + b for a, b in zip(left, values, strict=True)]
    needs = numbers(row.first.memory.need for row in rows)
    for place, need, total, row in zip(places, needs, left, rows, strict=True):
        if need > total:
            ax.plot([need, need], [place - 0.36, place + 0.12], color=BLACK, linewidth=2)
        _tell(ax, need, place - 0.12, bytes_told(row.first.memory.need))
    for number, (name, colour) in enumerate(MOVED):
        values = numbers(getattr(row, name) for row in rows)
        at = [place + 0.18 + 0.13 * number for place in places]
        ax.barh(at, values, 0.11, color=colour, label=f"{name} in a step")
        for value, y, row in zip(values, at, rows, strict=True):
            _tell(ax, value, y, f"{bytes_told(getattr(row, name))} {name}", fontsize=7)
    _limit(ax, plan)
    named_ticks(ax.yaxis, places, map(_name, rows))
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, 1.22 * ax.dataLim.x1 or 1)
    lines(ax, "x")
    ax.locator_params(axis="x", nbins=6)
    measure(ax.xaxis, "bytes")
    ax.set_xlabel("bytes of each device")
    legend(ax, beside=True)
    devices = f"{plan.devices} device{'s' * (plan.devices > 1)} by {plan.chosen or plan.scheme}"
    moved = f"{bytes_told(plan.crossing_bytes)} cross in a step"
    entitle(ax, f"{heading(plan.report)}, {devices}", f"{moved}; {input_line(plan.report, plan.request.batch)}")
    return ax


def _limit(ax: Axes, plan: Plan) -> None:
    """A line at the memory that a device has."""
    if plan.request.device_memory is not None:
        limit = plan.request.device_memory
        ax.axvline(
            *numbers([limit]), color=BLACK, linestyle="--", linewidth=1, label=f"a device has {bytes_told(limit)}"
        )


def _tell(ax: Axes, x: float, y: float, text: str, fontsize: float = 8) -> None:
    ax.annotate(text, (x, y), (4, 0), textcoords="offset points", va="center", fontsize=fontsize, **PLAIN)


def _name(row: Row) -> str:
    numbers = f"{row.first.number}" if row.first is row.last else f"{row.first.number}-{row.last.number}, each"
    return f"{numbers}: {row.first.holds}" if row.first.holds else f"device {numbers}"


def _rows(plan: Plan) -> list[Row]:
    """The devices, neighbours that are equal in one row."""
    found: list[Row] = []
    for share, (sent, received) in zip(plan.shares, _traffic(plan), strict=True):
        new = Row(share, share, sent, received)
        refuse_symbols(name for value in (share.memory.need, sent, received) for name in dims.symbols_of(value))
        if found and _drawn(found[-1]) == _drawn(new):
            found[-1] = found[-1]._replace(last=share)
        else:
            found.append(new)
    return found


def _drawn(row: Row) -> tuple[Any, ...]:
    """What a row shows: parts exactly, and what moves in four digits, for pieces are rounded to whole numbers."""
    memory, moved = row.first.memory, (bytes_told(row.sent), bytes_told(row.received))
    return row.first.holds, *(getattr(memory, part) for part in PARTS), memory.need, *moved


def _traffic(plan: Plan) -> Iterator[tuple[Any, Any]]:
    """The bytes that each device sends and receives in a step."""
    sent: list[list[Any]] = [[] for _ in plan.shares]
    received: list[list[Any]] = [[] for _ in plan.shares]
    for crossing in (*plan.crossings, *plan.gathers):
        source, target = crossing.source - 1, crossing.target - 1
        sent[source].append(crossing.step_bytes)
        received[target].append(crossing.step_bytes)
        sent[target].append(crossing.returned_bytes)
        received[source].append(crossing.returned_bytes)
    for collective in plan.collectives:
        for number, (out, into) in enumerate(zip(collective.sent, collective.received, strict=True)):
            sent[number].append(out)
            received[number].append(into)
    yield from zip(map(dims.add_up, sent), map(dims.add_up, received), strict=True)
