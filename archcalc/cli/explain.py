"""`archcalc explain`."""

from __future__ import annotations

from typing import Any

import click

from .options import OUTPUT, analyzed, format_option, layer_quantities, network_names, setting_options
from .output import emit


@click.command("explain")
@click.argument("network", metavar="NAME|FILE", shell_complete=network_names)
@click.argument("layer", metavar="[LAYER]", required=False)
@setting_options
@click.option(
    "--quantity", metavar="QUANTITY", shell_complete=layer_quantities,
    help="Explain this alone: size, field, parameters, macs, activations, or another quantity of `archcalc table`.",
)  # fmt: skip
@format_option("text", "markdown", "latex", "json")
@OUTPUT
def explain_command(
    network: str, layer: str | None, quantity: str | None, format: str, output: str | None, **settings: Any
) -> None:
    """Explain the figures of LAYER of NAME or FILE: the rule, the rule with its numbers, the result, the source.

    Without LAYER every total of the network is explained as the sum over its stages. LAYER is the path of a layer, or
    of a level, which is the sum of its parts.

    \b
    archcalc explain alexnet conv1
    archcalc explain alexnet conv1 --quantity size --input 3x224x224
    archcalc explain vgg16 stage1.conv_relu1.conv --format latex
    archcalc explain resnet50 --quantity macs
    """
    from ..explain import explain
    from ..render.explain import explanation

    emit(explanation(explain(analyzed(network, **settings), layer, quantity), format), output)
