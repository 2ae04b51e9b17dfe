"""`archcalc table`."""

from __future__ import annotations

from typing import Any

import click

from ..errors import UsageError
from ..render import FORMATS, render
from ..render.rows import DEFAULT_COLUMNS, Options
from .options import OUTPUT, UNITS, analyzed, network_names, quantity_columns, setting_options
from .output import emit


@click.command("table")
@click.argument("network", metavar="NAME|FILE", shell_complete=network_names)
@setting_options
@click.option(
    "--columns",
    metavar="A,B,...",
    shell_complete=quantity_columns,
    help="Columns to show, in this order: layer, kind, input, output, repeat, stores, dropped, head, or any quantity of a layer.",
)
@click.option("--sort", metavar="COLUMN", help="Sort rows: quantities from the largest down, texts by alphabet.")
@click.option(
    "--percent",
    is_flag=True,
    help="Show the share of the total beside each figure; of a folded row that of all its rounds.",
)
@click.option("--depth", type=click.IntRange(1, 99), help="Fold levels below this depth of the path into one row each.")
@click.option("--fold", is_flag=True, help="Show one round of each repeat, with the number of rounds.")
@UNITS
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="Form of the output.",
)
@OUTPUT
def table_command(
    network: str, columns: str | None, sort: str | None, percent: bool, depth: int | None, fold: bool, units: str,
    format_: str, output: str | None, **settings: Any,
) -> None:  # fmt: skip
    """Print the layer table of NAME, a network of the zoo, or of FILE, a spec of your own.

    FILE:VARIANT picks one network of a family file.

    \b
    archcalc table vgg16 --depth 1 --percent
    archcalc table alexnet --input 3x224x224
    archcalc table vgg19 --fold --columns layer,output,macs
    """
    shown = tuple(column.strip() for column in columns.split(",")) if columns is not None else DEFAULT_COLUMNS
    if "" in shown:
        raise UsageError("--columns: a column is missing")
    if len(set(shown)) < len(shown):
        raise UsageError(f"--columns {columns}: a column is named twice")
    options = Options(shown, sort, percent, depth, fold, units)
    emit(render(analyzed(network, **settings), format_, options), output)
