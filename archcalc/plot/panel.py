"""The Axes that plots make for themselves; the one module that needs Matplotlib to be imported at all."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

DPI = 144  # of a notebook's picture, which is shown at 72


class Panel(Axes):  # type: ignore[misc]
    """One of the plots of a figure that no pyplot knows, below each other; at the end of a cell a notebook shows it."""

    name = "archcalc"

    def resize(self, width: float, height: float) -> None:
        """Take this size, in inches; the figure becomes as wide as its widest panel and as high as all together."""
        self.inches = (width, height)
        sheet: Any = self.get_figure()
        sizes = [getattr(panel, "inches", (0.0, 0.0)) for panel in sheet.axes if isinstance(panel, Panel)]
        sheet.set_size_inches(max(wide for wide, _ in sizes), sum(high for _, high in sizes))
        place = self.get_subplotspec()
        if place is not None and all(high for _, high in sizes):
            place.get_gridspec().set_height_ratios([high for _, high in sizes])

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        figure: Any = self.get_figure()
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=DPI)
        width, height = (round(72 * inches) for inches in figure.get_size_inches())
        return file.getvalue(), {"width": width, "height": height}


def panels(count: int) -> list[Panel]:
    """So many empty plots below each other on a new figure."""
    figure = Figure(layout="constrained")
    grid = figure.add_gridspec(count, 1)
    return [figure.add_subplot(grid[row], axes_class=Panel) for row in range(count)]
