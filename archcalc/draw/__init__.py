"""Pictures of a network: levels as frames, branches side by side, equal rounds drawn once, shapes on the edges.

>>> import archcalc as ac
>>> print(draw(ac.analyze("mlp"), "mermaid").splitlines()[-3])
  layer2 -->|"2"| layer3
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from ..partition import Plan
from ..render.formats import check_format
from ..report import Report
from .diagram import Diagram, diagram_of

__all__ = ["FORMATS", "Diagram", "diagram_of", "draw"]

FORMATS: Mapping[str, str] = {"svg": "svg", "dot": "dot", "mermaid": "mermaid", "html": "blocks"}  # and its module


def draw(
    report: Report, format: str = "svg", *, depth: int | None = None, costs: bool = False, plan: Plan | None = None
) -> str:
    """The network of a report as the text of a picture: svg, dot, mermaid or html.

    Levels below `depth` are one box each; `costs` writes parameters and MACs into the boxes; the devices of a `plan`
    are colours. Raises UsageError for an unknown format, and for a network with too many boxes.
    """
    check_format(format, FORMATS)
    write: Callable[[Diagram], str] = getattr(import_module(f".{FORMATS[format]}", __name__), format)
    return write(diagram_of(report, depth, plan, costs))
