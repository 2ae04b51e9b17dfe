"""`archcalc metrics` and `archcalc roofline`."""

from __future__ import annotations

from typing import Any

import click

from .options import OUTPUT, UNITS, analyzed, format_option, network_names, setting_options
from .output import emit


def device_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Completion of a device."""
    from ..efficiency.devices import device_names as known

    return [name for name in known() if name.startswith(incomplete)]


def shared_options(command: Any) -> Any:
    """How layers are run, where energies come from, and the form of the output."""
    options = (
        click.option("--fused", is_flag=True, help="Fold batch norms, and let a layer compute what follows it element by element."),
        click.option("--energy", "table", default="horowitz2014", show_default=True, metavar="NAME|FILE", help="The table of energies of operations and memory."),
        click.option("--level", default="dram", show_default=True, metavar="LEVEL", help="The level of memory in that table from which bytes come: dram, dram-high, sram-1MB, sram-32KB, sram-8KB."),
        UNITS,
        format_option("text", "markdown", "json"),
        OUTPUT,
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.command("metrics")
@click.argument("networks", metavar="NAME|FILE...", nargs=-1, required=True, shell_complete=network_names)
@setting_options
@click.option(
    "--meanings",
    is_flag=True,
    help="Add MACs in three meanings: dense, without taps on zero padding, with batch norm folded.",
)
@shared_options
def metrics_command(
    networks: tuple[str, ...], meanings: bool, fused: bool, table: str, level: str, units: str, format: str,
    output: str | None, **settings: Any,
) -> None:  # fmt: skip
    """Print what each NAME or FILE costs, side by side: size, activations, operations, traffic, energy.

    The options that set a network, such as --input, hold for all of them.

    \b
    archcalc metrics alexnet vgg16 resnet50
    archcalc metrics mobilenet_v2 --dtype int8 --units si
    archcalc metrics resnet50 densenet121 --meanings
    """
    from ..efficiency import metrics
    from ..render.efficiency import side_by_side

    measured = [metrics(analyzed(network, **settings), fused=fused, table=table, level=level) for network in networks]
    emit(side_by_side(measured, format, with_meanings=meanings, units=units), output)


@click.command("roofline")
@click.argument("network", metavar="NAME|FILE", shell_complete=network_names)
@click.option(
    "--device",
    "device",
    required=True,
    metavar="NAME|FILE",
    shell_complete=device_names,
    help="The device: a name, or a file of your own.",
)
@setting_options
@click.option("--depth", type=click.IntRange(1, 99), help="Fold levels below this depth of the path into one row each.")
@shared_options
def roofline_command(
    network: str, device: str, depth: int | None, fused: bool, table: str, level: str, units: str, format: str,
    output: str | None, **settings: Any,
) -> None:  # fmt: skip
    """Print what every layer of NAME or FILE takes at least on a device, and whether operations or bytes decide.

    \b
    archcalc roofline alexnet --device gtx580 --batch 128
    archcalc roofline resnet50 --device a100 --dtype float16 --depth 1
    archcalc roofline mobilenet_v2 --device snapdragon855 --dtype int8 --fused
    """
    from ..efficiency import roofline
    from ..render.efficiency import roofs

    found = roofline(analyzed(network, **settings), device, fused=fused, table=table, level=level)
    emit(roofs(found, format, depth=depth, units=units), output)
