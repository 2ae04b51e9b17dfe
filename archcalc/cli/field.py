"""`archcalc field`."""

from __future__ import annotations

import re
from typing import Any

import click

from ..errors import UsageError, shown
from .options import analyzed, format_option, network_names, symbol_options
from .output import emit


@click.command("field")
@click.argument("network", metavar="NAME|FILE", shell_complete=network_names)
@click.argument("layer", metavar="[LAYER]", required=False)
@symbol_options
@click.option(
    "--at",
    metavar="Y,X",
    help="Show the exact pixels that this unit of LAYER sees; without LAYER, of the last one with a map.",
)
@click.option(
    "--pixel", metavar="Y,X", help="Show which units see this pixel of the input: of LAYER, or of every layer."
)
@click.option("--source", metavar="INPUT", help="With several inputs, the one that is looked at.")
@click.option(
    "--depth",
    type=click.IntRange(1, 99),
    help="Show levels below this depth of the path in one row, that of their last layer.",
)
@format_option("text", "markdown", "json")
def field_command(
    network: str, layer: str | None, at: str | None, pixel: str | None, source: str | None, depth: int | None,
    format: str, **settings: Any,
) -> None:  # fmt: skip
    """Print the receptive fields of NAME or FILE: what a unit of each layer, or of LAYER, sees of the input.

    LAYER is the path of a layer or of a level, which stands for its last layer. Units and pixels are counted from 0.

    \b
    archcalc field vgg16
    archcalc field googlenet inception3a --at 0,27
    archcalc field resnet50 --pixel 100,100 --depth 1
    """
    from ..receptive import Fields
    from ..render import fields as render
    from ..render.formats import check_format
    from ..render.lists import FORMATS

    check_format(format, FORMATS)
    if at is not None and pixel is not None:
        raise UsageError("--at asks about a unit, --pixel about a pixel; give one of them")
    if depth is not None and (layer is not None or at is not None):
        raise UsageError("--depth is for all layers; leave it out with LAYER or --at")
    fields = Fields(analyzed(network, **settings), source)
    if at is not None:
        path = fields.last.path if layer is None else layer
        emit(render.unit(fields, fields.seen(path, place("--at", at)), format))
    elif pixel is not None:
        emit(render.pixel(fields, place("--pixel", pixel), layer, depth, format))
    elif layer is not None:
        emit(render.layer(fields, layer, format))
    else:
        emit(render.table(fields, format, depth))


def place(option: str, text: str) -> tuple[int, ...]:
    """`Y,X` as numbers."""
    if not re.fullmatch(r"\s*-?[0-9]{1,9}\s*(,\s*-?[0-9]{1,9}\s*)*", text):
        raise UsageError(f"{option} {shown(text)}: write whole numbers with commas between, such as 0,13")
    return tuple(int(part) for part in text.split(","))
