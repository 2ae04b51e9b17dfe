"""`archcalc compare`."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from .options import OUTPUT, UNITS, format_option, network_names, parse_inputs, parse_settings, symbol_options
from .output import emit


@click.command("compare")
@click.argument("things", metavar="NAME|FILE|CHAIN...", nargs=-1, required=True, shell_complete=network_names)
@symbol_options
@click.option("--layers", is_flag=True, help="Show the aligned difference of the layer tables of two networks.")
@UNITS
@format_option("text", "markdown", "json", "latex")
@OUTPUT
def compare_command(
    things: tuple[str, ...], settings: tuple[str, ...], inputs: tuple[str, ...], max_layers: int, symbols: str | None,
    promises: tuple[str, ...], layers: bool, units: str, format: str, output: str | None,
) -> None:  # fmt: skip
    """Compare networks, files, or chains of layers written inline: costs, exact ratios, and which is cheaper where.

    A CHAIN is in the notation of the VGG paper: conv3-C is a 3x3 convolution with C filters, stride 1, padding `same`,
    bias, and a ReLU behind it. Words that stand in sizes, such as C, are symbols; --set gives them numbers. Chains get
    an input of C x H x W unless --input gives another. Ratios leave biases out, and are over the last of the things.

    \b
    archcalc compare "conv3-C conv3-C conv3-C" "conv7-C" --input CxHxW
    archcalc compare "dw3 conv1-N" "conv3-N"
    archcalc compare vgg16 vgg19 --layers
    archcalc compare "2*conv3-256" "conv1-64 conv3-64 conv1-256" --input 256x56x56
    """
    from ..comparison import compare
    from ..render.comparison import comparison

    compared = compare(
        *things,
        input=parse_inputs(inputs),
        let=parse_settings(settings),
        symbols=[name.strip() for name in symbols.split(",")] if symbols is not None else (),
        assume=promises,
        max_layers=max_layers,
    )
    emit(comparison(compared, format, with_layers=layers, units=units, colour=_has_colours(output)), output)


def _has_colours(output: str | None) -> bool:
    """Whether what is printed goes to a terminal that wants colours; see no-color.org."""
    environment: Any = os.environ
    return output is None and sys.stdout is not None and sys.stdout.isatty() and not environment.get("NO_COLOR")
