"""`archcalc formula`."""

from __future__ import annotations

from typing import Any

import click

from .options import OUTPUT, analyzed, format_option, network_names, quantities, setting_options
from .output import emit


@click.command("formula")
@click.argument("network", metavar="NAME|FILE", shell_complete=network_names)
@click.argument("quantity", metavar="QUANTITY", shell_complete=quantities)
@setting_options
@click.option(
    "--by", default="total", show_default=True, metavar="total|stage|layer",
    help="Of the whole network, of each layer or block that stands directly in it, or of each layer.",
)  # fmt: skip
@format_option("text", "markdown", "latex", "python", "javascript", "json")
@OUTPUT
def formula_command(
    network: str, quantity: str, by: str, format: str, output: str | None, symbols: str | None, **settings: Any
) -> None:
    """Print QUANTITY of NAME or FILE as a formula in the symbols, under the assumptions that it makes.

    Without --symbols and --input the spatial axes of the input are left open; a name in --input is a symbol too.

    \b
    archcalc formula vgg16 macs
    archcalc formula resnet50 macs --input 3xSxS
    archcalc formula mobilenet parameters --symbols alpha --format python
    archcalc formula resnet50 inference_memory --symbols N,H,W --assume H%32==0 --assume W%32==0
    archcalc formula googlenet macs --by stage
    """
    from ..analysis import axes_of
    from ..formula import formulas
    from ..network import load
    from ..render.formulas import formulas as render

    loaded = load(network)
    if symbols is None and not settings["inputs"]:
        axes = max((axes_of(sizes) for _, sizes in loaded.spec.inputs), key=len)
        symbols = ",".join(axes) or None
    emit(render(formulas(analyzed(loaded, symbols=symbols, **settings), quantity, by), format), output)
