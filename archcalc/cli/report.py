"""`archcalc report`."""

from __future__ import annotations

import click

from ..errors import UsageError
from ..specreader import WORDS
from .options import counting_options, network_names, network_options, parse_inputs, parse_settings
from .output import emit


@click.command("report")
@click.argument("networks", metavar="NAME|FILE...", nargs=-1, required=True, shell_complete=network_names)
@network_options
@counting_options
@click.option("--devices", type=int, metavar="N", help="Show a partition over so many devices.")
@click.option(
    "--scheme", type=click.Choice(WORDS["scheme"]), help="By what it is split; as the spec says unless given."
)
@click.option(
    "--no-charts", is_flag=True, help="Leave out the charts: a smaller page, for which nothing has to be installed."
)
@click.option("--output", "-o", metavar="FILE", required=True, help="The page, such as resnet.html.")
def report_command(
    networks: tuple[str, ...], settings: tuple[str, ...], inputs: tuple[str, ...], max_layers: int, batch: int,
    dtype: str, devices: int | None, scheme: str | None, no_charts: bool, output: str,
) -> None:  # fmt: skip
    """Write one page for NAME or FILE, or for several compared in step, that opens in any browser.

    Sliders change the size of the input, the batch and every number of the spec that leaves the layers as they are;
    menus choose among the networks of the file. All numbers are computed in the browser, from formulas.

    \b
    archcalc report resnet152 -o resnet152.html
    archcalc report mobilenet mobilenet_v2 -o mobile.html --no-charts
    archcalc report alexnet --devices 2 --scheme channels -o alexnet.html
    """
    from ..network import load
    from ..page import choices, page

    let, input = parse_settings(settings), parse_inputs(inputs)
    found = []
    for name in networks:
        network = load(name)
        own = {key: value for key, value in let.items() if len(networks) == 1 or key in network.spec.let_names}
        found.append(choices(network, own, input, batch, dtype, max_layers))
    unknown = [key for key in let if not any(key in one.network.spec.let_names for one in found)]
    if unknown:
        raise UsageError(f"none of the networks has a let '{unknown[0]}' to set")
    partition = {"devices": devices, "scheme": scheme} if devices is not None or scheme is not None else None
    emit(page(found, charts=not no_charts, partition=partition), output)
