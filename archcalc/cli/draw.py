"""`archcalc draw`."""

from __future__ import annotations

from typing import Any

import click

from ..specreader import WORDS
from .options import OUTPUT, analyzed, network_names, setting_options
from .output import emit


@click.command("draw")
@click.argument("network", metavar="NAME|FILE", shell_complete=network_names)
@setting_options
@click.option("--depth", type=click.IntRange(1, 99), help="Draw levels below this depth of the path as one box each.")
@click.option("--costs", is_flag=True, help="Write parameters and MACs into the boxes.")
@click.option("--devices", type=int, metavar="N", help="Show a partition over so many devices, as colours.")
@click.option(
    "--scheme", type=click.Choice(WORDS["scheme"]), help="By what it is split; as the spec says unless given."
)
@click.option(
    "--format", "format", default="svg", show_default=True, metavar="svg|dot|mermaid|html", help="Form of the picture."
)
@OUTPUT
def draw_command(
    network: str, depth: int | None, costs: bool, devices: int | None, scheme: str | None, format: str,
    output: str | None, **settings: Any,
) -> None:  # fmt: skip
    """Draw NAME or FILE: levels as frames, branches side by side, equal rounds once, shapes on the edges.

    The picture is text: SVG and HTML for browsers and papers, DOT for Graphviz, Mermaid for Markdown pages.

    \b
    archcalc draw googlenet --output googlenet.svg
    archcalc draw resnet152 --depth 2 --costs --format mermaid
    archcalc draw alexnet --devices 2 --output alexnet.svg
    """
    from ..draw import draw
    from ..partition import plan

    report = analyzed(network, **settings)
    over = plan(report, devices=devices, scheme=scheme) if devices is not None or scheme is not None else None
    emit(draw(report, format, depth=depth, costs=costs, plan=over), output)
