"""Names beside points, where there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .sheet import GREY, PLAIN, word

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Spot(NamedTuple):
    """A point with a name, and how far from its middle the name begins, in points."""

    x: float
    y: float
    text: str
    gap: float = 4.0


OPTIONAL = "optional"  # the mark of names that stand only where there is room
_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
_PLACES = tuple((right, up, away) for away in (0, 16, 32, 48) for right, up in _SIDES)  # away: points more
_ALIGN = {1: ("left", "bottom"), 0: ("center", "center"), -1: ("right", "top")}


def name_spots(
    ax: Axes,
    spots: Sequence[Spot],
    *,
    among: Sequence[tuple[float, float]] = (),
    upright: bool = False,
    all_of_them: bool = True,
) -> None:
    """Names beside points, where they cover no other name, no mark of another, nor a point of those `among` them.

    They stand to the right if they can, or `upright` above. A name further off has a line to its point. One
    without room is left out, or with `all_of_them` stands there nevertheless.
    """
    figure: Any = ax.get_figure()
    figure.draw_without_rendering()  # so that places are known
    inside = ax.get_window_extent()
    points: Any = ax.transData.transform(among) if among else []
    taken = [text.get_window_extent() for text in ax.texts]
    places = sorted(_PLACES, key=lambda place: (place[2], abs(place[0]))) if upright else _PLACES
    marks = [_mark(ax, spot) for spot in spots]
    for number, spot in enumerate(spots):
        covered = [*taken, *marks[:number], *marks[number + 1 :]]
        for place in places:
            made = _named(ax, spot, *place)
            box = _extent(made)
            is_inside = inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1
            if is_inside and not box.count_overlaps(covered) and not (among and box.count_contains(points)):
                break
            made.remove()
        else:
            if not all_of_them:
                continue
            made = _named(ax, spot, *places[0])
        if not all_of_them:
            made.set_gid(OPTIONAL)
        taken.append(_extent(made))


def _mark(ax: Axes, spot: Spot) -> Any:
    """The box in the middle of the mark at a point, where a name of another would be read as its own."""
    from matplotlib.transforms import Bbox

    figure: Any = ax.get_figure()
    (x, y), reach = ax.transData.transform((spot.x, spot.y)), 0.7 * spot.gap * figure.dpi / 72
    return Bbox.from_extents(x - reach, y - reach, x + reach, y + reach)


def _extent(made: Any) -> Any:
    """Of the text alone, without the line to its point."""
    from matplotlib.text import Text

    made.get_window_extent()  # which puts it in its place
    return Text.get_window_extent(made)


def _named(ax: Axes, spot: Spot, right: int, up: int, away: float) -> Any:
    gap = (spot.gap if not (right and up) else 0.75 * spot.gap) + away
    line = {"arrowstyle": "-", "color": GREY, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0} if away else None
    return ax.annotate(
        word(spot.text, 40), (spot.x, spot.y), (right * gap, up * gap), textcoords="offset points", fontsize=9,
        ha=_ALIGN[right][0], va=_ALIGN[up][1], **PLAIN, annotation_clip=False, arrowprops=line,
    )  # fmt: skip
