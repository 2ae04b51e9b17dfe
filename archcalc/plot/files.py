"""Pictures in files: the same for the same request, with a digest of what was drawn."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .sheet import check_matplotlib
from .spots import OPTIONAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = ("svg", "png", "pdf")
DPI = 150
MAX_PIXELS = 2**16  # along one side of a PNG, by Matplotlib


@contextmanager
def paper() -> Iterator[None]:
    """Matplotlib as it comes, whatever the user's settings: the same input makes the same file."""
    check_matplotlib()
    from matplotlib import rc_context, style

    settings = {"svg.hashsalt": "archcalc", "svg.fonttype": "none", "text.parse_math": False}
    with style.context("default"), rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a font may lack characters of a name
        yield


def save(ax: Axes, path: Path, format: str) -> None:
    """Write the figure of these axes; the file says what was drawn, by a digest, and not when."""
    figure: Any = ax.get_figure()
    if format == "png" and max(figure.get_size_inches()) * DPI >= MAX_PIXELS:
        raise UsageError("the picture is too high for a PNG; write .svg or .pdf, or give fewer networks or --depth")
    title = ax.get_title(loc="left").replace("\n", ", ")
    told: Mapping[str, Mapping[str, Any]] = {
        "svg": {"Date": None, "Title": title, "Identifier": f"sha256:{digest(figure)}"},
        "pdf": {"CreationDate": None, "Title": title},
        "png": {"Title": title},
    }
    figure.savefig(path, format=format, dpi=DPI, metadata=told[format])


def digest(figure: Any) -> str:
    """A digest of what was drawn: the texts, and the places of all marks in data.

    Another version of Matplotlib, or other fonts, put them elsewhere on the paper; the digest stays.
    """
    return hashlib.sha256("\n".join(_told(figure)).encode()).hexdigest()


def _told(figure: Any) -> Iterator[str]:
    for ax in figure.axes:
        yield repr((ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale(), ax.get_yscale()))
        for patch in ax.patches:
            yield f"patch {_places(patch.get_path().vertices)} {_places([patch.get_facecolor()])}" + (
                f" {_places([patch.get_bbox().bounds])}" if hasattr(patch, "get_bbox") else ""
            )
        for line in ax.lines:
            yield f"line {line.get_color()} {_places(line.get_xydata())}"
        for marks in ax.collections:
            sizes = marks.get_sizes() if hasattr(marks, "get_sizes") else ()
            areas = () if len(sizes) else (_places(path.vertices) for path in marks.get_paths())
            yield f"marks {_places(marks.get_offsets())} {_places([sizes])} {_places(marks.get_facecolor())}"
            yield from areas
        for text in ax.texts:
            if text.get_gid() != OPTIONAL:  # where there is room depends on fonts
                yield f"text {text.get_text()} {_places([getattr(text, 'xy', ())])}"
        made = ax.get_legend()
        yield repr([text.get_text() for text in made.get_texts()] if made else [])


def _places(rows: Any) -> str:
    return ";".join(",".join(f"{value:.6g}" for value in row) for row in rows)
