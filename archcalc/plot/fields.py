"""Receptive fields: how they grow with depth, and that of one unit over the input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import cycle, product
from typing import TYPE_CHECKING, Any

from .. import dims
from ..errors import UsageError
from ..quantities import depths
from ..readings import positions
from ..receptive import Fields, Seen
from ..receptive.trace import bits
from ..report import Report
from .sheet import (
    BLUE,
    COLOURS,
    GREY,
    PALE,
    VERMILION,
    check_matplotlib,
    entitle,
    entitle_network,
    label,
    legend,
    lines,
    numbers,
    on,
    refuse_symbols,
    word,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_PIECES = 20_000
STYLES = ("-", "--", "-.", ":")


def growth(reports: Report | Sequence[Report], *, source: str | None = None, ax: Axes | None = None) -> Axes:
    """The receptive field along the depth of one or several networks, up to the last layer with places.

    At each depth, in weighted layers on the longest path, stands the largest field of the layers there; the union of
    all units of a layer only where no layer there has a field. Where branches lead to it, the band below reaches to the
    field along the smallest path. Axes along which fields differ have a line each. With several inputs, `source` names
    the one that is looked at.

    Raises UsageError where sizes hold symbols.

    >>> from archcalc.analysis import analyze
    >>> growth(analyze("vgg16")).lines[0].get_ydata()[:4].tolist()
    [3.0, 6.0, 10.0, 16.0]

    By hand: conv3x3 sees 3; two of them 5, and 6 behind the 2x2 pooling; then 2 pixels more on each side.
    """
    several = [reports] if isinstance(reports, Report) else list(reports)
    if not several:
        raise UsageError("no report is given")
    ax = on(ax)
    sizes: dict[float, None] = {}
    looks = ((colour, style) for style in cycle(STYLES) for colour in COLOURS)
    for report in several:
        fields = Fields(report, source)
        curves = _curves(fields)
        for axis, curve in curves:
            name = ", ".join([report.name] * (len(several) > 1) + [axis] * (len(curves) > 1))
            _draw_curve(ax, curve, name, *next(looks))
        sizes.update(dict.fromkeys(numbers(positions(fields.shape))))
    for size in sizes:
        ax.axhline(size, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        place: Any = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        ax.annotate(f"input: {size:.0f}", (1, size), (-2, 2), ha="right", va="bottom", color=GREY, fontsize=9, **place)
    ax.locator_params(axis="x", integer=True)
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    lines(ax)
    ax.set_xlabel("depth (weighted layers)")
    ax.set_ylabel(f"receptive field ({_unit(Fields(several[0], source))})")
    if len(ax.lines) > len(sizes) + 1:
        legend(ax)
    if len(several) == 1:
        entitle_network(ax, several[0], "receptive field along depth")
    else:
        entitle(ax, "Receptive field along depth", _inputs(several))
    return ax


def _draw_curve(ax: Axes, curve: Curve, name: str, colour: str, style: str) -> None:
    deep, large, small = curve
    ax.plot(deep, large, style, marker="o", markersize=3, color=colour, label=label(name))
    if small != large:
        ax.fill_between(deep, small, large, color=colour, alpha=0.15, linewidth=0)


def _unit(fields: Fields) -> str:
    return "numbers of the input" if fields.shape.layout == "vector" else "pixels"


def _inputs(reports: Iterable[Report]) -> str:
    found = dict.fromkeys(", ".join(map(str, report.inputs.values())) for report in reports)
    return f"input{'s' * (len(found) > 1)} {'; '.join(found)}"


Curve = tuple[list[float], list[float], list[float]]  # depths, largest and smallest fields


def _curves(fields: Fields) -> list[tuple[str, Curve]]:
    """A curve for each axis, one for all where they are equal; by its name."""
    last = fields.last.layer.node.number
    deep = {layer.node.number: reached for layer, reached in depths(fields.report.trunk)}
    before = [field for field in fields.layers if field.layer.head is None and field.layer.node.number <= last]
    shown = [field for field in before if field.stage.placed or field.layer.node.number == last]
    found = []
    for axis, name in enumerate(fields.names):
        at: dict[float, tuple[bool, float, float]] = {}  # whether it is a field of units, the largest, the smallest
        for field in shown:
            along = field.axes[axis]
            smallest = along.size if along.smallest is None else along.smallest
            place, large, small = numbers((deep[field.layer.node.number], along.size, smallest))
            if (not field.scattered, large) >= at.get(place, (False, 0.0, 0.0))[:2]:  # of equal ones the last
                at[place] = (not field.scattered, large, small)
        places = sorted(at)
        found.append((name, (places, [at[x][1] for x in places], [at[x][2] for x in places])))
    return found[:1] if all(curve == found[0][1] for _, curve in found) else found


def field(
    report: Report,
    layer: str | None = None,
    at: Sequence[int] | None = None,
    *,
    source: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """What one unit of a layer sees, drawn over the input: its exact pixels, and its box before clipping to the input.

    `layer` is the path of a layer or of a level, which stands for its last layer; left out, the last layer with
    places. `at` is the unit, from 0; left out, the one in the middle. With several inputs, `source` names the one that
    is looked at. Of an input with three axes or more, the last two are drawn.

    Raises UsageError where sizes hold symbols, and for a unit that there is not.

    >>> from archcalc.analysis import analyze
    >>> axes = field(analyze("alexnet"), "conv2", (0, 26))
    >>> axes.get_title(loc="left").splitlines()[1]
    'unit 0,26 of conv2 sees 1,225 pixels, input 3x227x227'
    """
    check_matplotlib()
    from matplotlib.collections import PolyCollection

    fields = Fields(report, source)
    found = fields.last if layer is None else fields[layer]
    sizes, units = positions(fields.shape), positions(found.layer.output)
    refuse_symbols(name for size in (*sizes, *units) for name in dims.symbols_of(size))
    unit = tuple(size // 2 for size in units) if at is None else tuple(at)
    seen = fields.seen(found.path, unit)
    high, wide = (1, *sizes)[-2:]
    box = ((0, 0), *seen.before)[-2:] if seen.before is not None else ((0, high - 1), (0, wide - 1))
    tall, broad = (max(last + 1, size) - min(first, 0) for (first, last), size in zip(box, (high, wide), strict=True))
    ax = on(ax, 7.5, 1.3 + min(max(4.3 * tall / broad, 1.2), 12.0) if len(sizes) > 1 else 2.4)
    ax.add_patch(_rectangle((0, 0), (high, wide), facecolor=PALE, edgecolor=GREY, label="input"))
    corners = [[(x, y), (x + w, y), (x + w, y + h), (x, y + h)] for y, h, x, w in _pieces(seen)]
    ax.add_collection(PolyCollection(corners, facecolor=BLUE, linewidth=0, label="pixels that it sees"))
    if seen.before is not None:
        (top, bottom), (left, right) = box
        outline = {"fill": False, "edgecolor": VERMILION, "linewidth": 1.5, "linestyle": "--"}
        size = (bottom + 1 - top, right + 1 - left)
        ax.add_patch(_rectangle((top, left), size, label="its box, before clipping", **outline))
    ax.autoscale_view()
    ax.invert_yaxis()
    if len(sizes) > 1:
        ax.set_aspect("equal")
        ax.set_ylabel(f"{fields.names[-2]} (pixels)")
    else:
        ax.yaxis.set_visible(False)
    ax.set_xlabel(f"{fields.names[-1]}{' (pixels)' if fields.shape.layout != 'vector' else ' of the input'}")
    legend(ax, beside=True)
    place = ",".join(map(str, seen.unit))
    planes = "" if len(sizes) < 3 else f" in {len(seen.after[0])} {fields.names[0]}"
    what = "number" if fields.shape.layout == "vector" else "pixel"
    told = f"unit {place} of {word(found.path)} sees {seen.pixels:,} {what}{'s' * (seen.pixels != 1)}{planes}"
    entitle_network(ax, report, told)
    return ax


def _rectangle(corner: tuple[int, int], size: tuple[int, int], **looks: Any) -> Any:
    """A rectangle from its first row and column on, so many rows high and columns wide."""
    from matplotlib.patches import Rectangle

    return Rectangle((corner[1], corner[0]), size[1], size[0], **looks)


def _pieces(seen: Seen) -> list[tuple[int, int, int, int]]:
    """What is seen as rectangles: first row, rows, first column, columns."""
    found: dict[tuple[int, int, int, int], None] = {}
    for masks in sorted(seen.region):
        rows, columns = [(0, 1)] if len(masks) == 1 else _runs(masks[-2]), _runs(masks[-1])
        if len(rows) * len(columns) + len(found) > MAX_PIECES:
            raise UsageError(f"what the unit sees is in more than {MAX_PIECES:,} pieces, too many to draw")
        found.update(dict.fromkeys((*row, *column) for row, column in product(rows, columns)))
    return list(found)


def _runs(mask: int) -> list[tuple[int, int]]:
    """The runs of a set of positions: where each begins, and how long it is.

    >>> _runs(0b1101)
    [(0, 1), (2, 2)]
    """
    runs: list[tuple[int, int]] = []
    for place in bits(mask):
        if runs and sum(runs[-1]) == place:
            runs[-1] = runs[-1][0], runs[-1][1] + 1
        else:
            runs.append((place, 1))
    return runs
