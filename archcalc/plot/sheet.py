"""What all plots share: where they draw, how they look, how numbers and names become marks and text.

Names come from specs, so that no text is ever read as mathematics. Colours are those of Okabe & Ito, which people with
any form of colour blindness tell apart (Wong 2011, Points of view: Color blindness, Nature Methods 8).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal

from .. import dims
from ..errors import UsageError, shown
from ..quantities import MEASURABLE
from ..render.rows import number_text
from ..render.text import heading, input_line
from ..report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
SKY, PURPLE, YELLOW, BLACK = "#56B4E9", "#CC79A7", "#F0E442", "#000000"
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)
GREY, PALE = "#767676", "#E4E4E4"
MAX_NAME, MAX_TICK, MAX_TITLE = 32, 40, 140  # characters
TITLE_LINE = 75
PLAIN: dict[str, Any] = {"parse_math": False, "usetex": False}  # text as it is written


def panels(count: int) -> Sequence[Axes]:
    """So many empty plots on a new figure; UsageError where Matplotlib is not installed."""
    check_matplotlib()
    from .panel import panels as made

    return made(count)


def check_matplotlib() -> None:
    """UsageError where Matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError("plots need Matplotlib: pip install 'archcalc[plot]'") from None


def on(ax: Axes | None, width: float = 8.0, height: float = 5.0) -> Axes:
    """Where to draw: the user's axes, or our own in this size, in inches."""
    ax = panels(1)[0] if ax is None else ax
    if hasattr(ax, "resize"):
        ax.resize(width, height)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


# Numbers and words


def numbers(values: Iterable[Any]) -> list[float]:
    """What is drawn, as floats; UsageError names the symbols that are left."""
    listed = list(values)
    refuse_symbols(name for value in listed for name in dims.symbols_of(value))
    try:
        return [float(value) for value in listed]
    except OverflowError:
        raise UsageError("a plot cannot show numbers beyond 10^308") from None


def refuse_symbols(names: Iterable[str]) -> None:
    """UsageError if there are any."""
    left = sorted(set(names))
    if left:
        are = "is a symbol" if len(left) == 1 else "are symbols"
        raise UsageError(
            f"a plot needs numbers, and {', '.join(left)} {are}: analyze the network with numbers for "
            f"{'it' if len(left) == 1 else 'them'}, such as an input of 3x224x224, or leave --symbols out"
        )


def word(text: str, limit: int = MAX_NAME) -> str:
    """A name as a plot has room for it, from both its ends; characters that are not printable are spelled.

    >>> word("stage3.residual4.main.conv_bn2.conv", 20)
    'stage3.re...bn2.conv'
    """
    text = shown(text, max(len(text), limit) * 12)
    if len(text) <= limit:
        return text
    half = (limit - 3 + 1) // 2
    return f"{text[:half]}...{text[len(text) - (limit - 3 - half) :]}"


def quantity_label(name: str) -> str:
    """What an axis of a quantity is called: with its unit.

    >>> quantity_label("macs"), quantity_label("activation_bytes"), quantity_label("alpha")
    ('MACs (multiply-accumulates)', 'activation bytes (bytes)', 'alpha')
    """
    unit = MEASURABLE[name].unit if name in MEASURABLE else ""
    return words(name) + f" ({unit})" * bool(unit)


def words(name: str) -> str:
    """The name of a quantity as a text has it; another name as it is."""
    if name not in MEASURABLE:
        return word(name)
    return " ".join({"macs": "MACs", "flops": "FLOPs"}.get(part, part) for part in name.split("_"))


def bytes_told(count: Any) -> str:
    """Bytes with four digits, in the units of an axis.

    >>> bytes_told(25690112), bytes_told(512)
    ('25.69 MB', '512 B')
    """
    told = number_text(int(dims.ceildiv(count, 1)), "si")
    return f"{told}B" if told[-1].isalpha() else f"{told} B"


def measure(axis: Any, unit: str = "") -> None:
    """Let an axis of counts count in k, M, G, ..., one of bytes in kB, one of a rate in multiples of it."""
    from matplotlib.ticker import EngFormatter

    written = "B" if unit == "bytes" else unit if unit.endswith("/s") else ""
    axis.set_major_formatter(EngFormatter(unit=written, usetex=False))


def log_scale(ax: Axes, which: str, values: Sequence[float]) -> None:
    """A log scale around these values, with three ticks a decade where there are few decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    positive = [value for value in values if value > 0]
    if not positive:
        raise UsageError("there is nothing above 0 to draw on a log scale; leave log out")
    getattr(ax, f"set_{which}scale")("log")
    few = max(positive) / min(positive) < 300
    axis = getattr(ax, f"{which}axis")
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    getattr(ax, f"set_{which}lim")(min(positive) / 2, max(positive) * 2)


# Titles, legends, labels


def entitle(ax: Axes, *lines: str) -> None:
    """A title of these lines, longer ones wrapped, and the end of drawing: from here on no text is mathematics."""
    told = [part for line in lines for part in wrap(word(line, MAX_TITLE), TITLE_LINE)]
    ax.set_title("\n".join(told), loc="left", fontsize=11)
    as_written(ax)


def entitle_network(ax: Axes, report: Report, what: str, *, counted: bool = False) -> None:
    """A title that says network and input; with batch and dtype where figures are `counted` in them."""
    told = input_line(report)
    entitle(ax, heading(report), f"{what}, {told if counted else told.partition(', batch')[0]}")


def as_written(ax: Axes) -> None:
    """Let no text be read as mathematics."""
    from matplotlib.text import Text

    for text in ax.findobj(Text):
        text.set(**PLAIN)


def steps(ax: Axes, above: Sequence[float], below: Sequence[float] | None = None, **looks: Any) -> None:
    """An area over the places 0, 1, ... between two heights at each; neighbours that are equal are drawn as one."""
    low = [0.0] * len(above) if below is None else below
    starts = [n for n in range(len(above)) if n == 0 or (above[n], low[n]) != (above[n - 1], low[n - 1])]
    edges = [*starts, len(above)]
    ax.stairs([above[n] for n in starts], edges, baseline=[low[n] for n in starts], fill=True, **looks)


def scattered_names(axis: Any, starts: Mapping[str, tuple[int, int]], room: float, **looks: Any) -> None:
    """Ticks with names at the places where ranges begin, those of wide ranges first, at least `room` apart."""
    kept: dict[str, int] = {}
    for name, (start, _) in sorted(starts.items(), key=lambda item: item[1][0] - item[1][1]):
        if all(abs(start - other) >= room for other in kept.values()):
            kept[name] = start
    named_ticks(axis, [start + 0.5 for start in kept.values()], kept, **looks)


def named_ticks(axis: Any, places: Sequence[float], names: Iterable[str], **looks: Any) -> None:
    """Ticks with names of layers."""
    axis.set_ticks(list(places), [word(name, MAX_TICK) for name in names], **PLAIN, **looks)


def lines(ax: Axes, which: Literal["both", "x", "y"] = "both") -> None:
    """Light lines at the ticks, behind all marks."""
    ax.set_axisbelow(True)
    ax.grid(axis=which, color="#DDDDDD", linewidth=0.8)


def label(text: str) -> str:
    """A name as a legend shows it: Matplotlib leaves out what begins with an underscore.

    >>> label("_net")
    ' _net'
    """
    return " " * text.startswith("_") + word(text, MAX_TICK)


def legend(ax: Axes, *, beside: bool = False, sizes: float | None = None, **options: Any) -> None:
    """The legend of what has labels, whose texts are no mathematics.

    It stands `beside` the axes, or where there is room; marks of different `sizes`, in square points, have one there.
    """
    if beside:
        options.update(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    made = ax.legend(frameon=False, fontsize=9, **options)
    for text in made.get_texts():
        text.set(**PLAIN)
    for handle in made.legend_handles if sizes is not None else ():
        if hasattr(handle, "set_sizes"):
            handle.set_sizes([sizes])
