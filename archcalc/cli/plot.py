"""`archcalc plot`: a command for each kind of picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError, did_you_mean, hinted, shown
from .efficiency import device_names
from .field import place
from .memory import ran, run_options
from .options import (
    Command,
    analyzed,
    counting_options,
    network_names,
    network_options,
    parse_inputs,
    parse_settings,
    setting_options,
    symbol_options,
)
from .output import replacing
from .partition import plan_options, planned
from .sweep import MAX_ROWS, VARY, WHERE, varied

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..report import Report


class Kinds(click.Group):
    """The kinds of plots by name."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            hint = did_you_mean(args[0], self.commands)
            if not hint.startswith("did"):
                hint = f"kinds: {', '.join(sorted(self.commands))}"
            raise UsageError(hinted(f"there is no kind of plot '{shown(args[0])}'", hint))
        return super().resolve_command(ctx, args)


@click.group("plot", cls=Kinds, subcommand_metavar="KIND NAME|FILE... -o FILE")
def plot_command() -> None:
    """Draw networks: `archcalc plot KIND NAME|FILE... -o picture.svg`, or .png or .pdf.

    Pictures need Matplotlib: pip install 'archcalc[plot]'. Several networks are drawn below each other, or together
    where that is the point: networks, growth, pareto. The same request writes the same file.

    \b
    archcalc plot layers vgg16 -o vgg16.svg
    archcalc plot networks alexnet vgg16 resnet50 mobilenet_v2 -o costs.pdf
    """


NETWORKS = click.argument("networks", metavar="NAME|FILE...", nargs=-1, required=True, shell_complete=network_names)
FILE = click.option("-o", "--output", metavar="FILE", help="The picture: a file that ends in .svg, .png or .pdf.")


def kind(name: str, options: Callable[[Command], Command]) -> Callable[[Command], Any]:
    """A kind of plot: a command of networks, with these of the shared options, that writes a file."""

    def made(function: Command) -> Any:
        return plot_command.command(name)(NETWORKS(FILE(options(function))))

    return made


def draw(output: str | None, count: int, fill: Callable[[Sequence[Axes]], None]) -> None:
    """Fill so many plots below each other, and write them to a file: whole or not at all."""
    from ..plot.files import FORMATS, paper, save
    from ..plot.sheet import panels

    path = Path(output or "")
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        what = f"'{shown(output)}' is none" if output else "name one"
        raise UsageError(f"a plot is written to a .svg, .png or .pdf file; {what}, such as -o picture.svg")
    with paper():
        made = panels(count)
        fill(made)
        with replacing(path) as temporary:
            save(made[0], temporary, suffix)


def draw_each(
    networks: tuple[str, ...], settings: dict[str, Any], output: str | None, one: Callable[[Report, Axes], object]
) -> None:  # fmt: skip
    """A plot of each network."""

    def fill(panels: Sequence[Axes]) -> None:
        for network, ax in zip(networks, panels, strict=True):
            one(analyzed(network, **settings), ax)

    draw(output, len(networks), fill)


def draw_together(
    networks: tuple[str, ...], settings: dict[str, Any], output: str | None,
    all_of_them: Callable[[list[Report], Axes], object],
) -> None:  # fmt: skip
    """One plot of all networks."""

    def fill(panels: Sequence[Axes]) -> None:
        all_of_them([analyzed(network, **settings) for network in networks], panels[0])

    draw(output, 1, fill)


@kind("layers", setting_options)
@click.option(
    "--quantity", default="macs", show_default=True, metavar="NAME", help="What is drawn: any quantity of a layer."
)
@click.option(
    "--depth",
    type=click.IntRange(1, 99),
    help="Fold levels below this depth of the path into one bar each; without it, so that the bars stay readable.",
)
@click.option("--log", is_flag=True, help="Draw on a logarithmic scale.")
def layers_command(
    networks: tuple[str, ...], quantity: str, depth: int | None, log: bool, output: str | None, **settings: Any
) -> None:  # fmt: skip
    """Draw a bar for each layer.

    The bars are of MACs, parameters, activations or any other quantity that layers have.

    \b
    archcalc plot layers vgg16 -o vgg16.svg
    archcalc plot layers googlenet --quantity parameters --log -o googlenet.svg
    """
    from ..plot import layers

    draw_each(networks, settings, output, lambda report, ax: layers(report, quantity, depth=depth, log=log, ax=ax))


@kind("memory", setting_options)
@run_options
def memory_command(
    networks: tuple[str, ...], output: str | None, training: bool, hold_input: bool, no_inplace: bool, reorder: bool,
    optimizer: str | None, rules: str | None, amp: bool, checkpoint: str | None, **settings: Any,
) -> None:  # fmt: skip
    """Draw what is in memory over time, with the peak.

    At inference these are tensors, with --training everything, by what it is for.

    \b
    archcalc plot memory resnet50 --batch 8 -o resnet50.svg
    archcalc plot memory vgg16 --training --optimizer adam --batch 32 -o vgg16.svg
    """
    from ..plot import memory

    def one(report: Report, ax: Axes) -> None:
        found = ran(
            report, training=training, hold_input=hold_input, no_inplace=no_inplace, reorder=reorder,
            optimizer=optimizer, rules=rules, amp=amp, checkpoint=checkpoint,
        )  # fmt: skip
        memory(report, found, ax=ax)

    draw_each(networks, settings, output, one)


@kind("growth", symbol_options)
@click.option("--source", metavar="INPUT", help="With several inputs, the one that is looked at.")
def growth_command(networks: tuple[str, ...], source: str | None, output: str | None, **settings: Any) -> None:
    """Draw how receptive fields grow with depth.

    All networks stand in one picture, up to the last layer with places.

    \b
    archcalc plot growth vgg16 googlenet resnet50 -o growth.svg
    """
    from ..plot import growth

    draw_together(networks, settings, output, lambda reports, ax: growth(reports, source=source, ax=ax))


@kind("field", symbol_options)
@click.option(
    "--layer",
    metavar="LAYER",
    help="The layer, or the level, which stands for its last layer; the last one with a map if left out.",
)
@click.option("--at", metavar="Y,X", help="The unit of that layer, counted from 0; the one in the middle if left out.")
@click.option("--source", metavar="INPUT", help="With several inputs, the one that is looked at.")
def field_command(
    networks: tuple[str, ...], layer: str | None, at: str | None, source: str | None, output: str | None,
    **settings: Any,
) -> None:  # fmt: skip
    """Draw what a unit of a layer sees of the input.

    Its exact pixels are drawn over the input, and its box before clipping to it.

    \b
    archcalc plot field googlenet --layer inception3a -o field.svg
    archcalc plot field vgg16 --layer stage4 --at 0,13 -o corner.png
    """
    from ..plot import field

    unit = None if at is None else place("--at", at)
    draw_each(networks, settings, output, lambda report, ax: field(report, layer, unit, source=source, ax=ax))


@kind("networks", setting_options)
def networks_command(networks: tuple[str, ...], output: str | None, **settings: Any) -> None:
    """Draw networks as bubbles, by what they cost.

    MACs go to the right, parameters up, activations are the area.

    \b
    archcalc plot networks alexnet vgg16 resnet50 mobilenet_v2 -o costs.svg
    """
    from ..plot import networks as bubbles

    draw_together(networks, settings, output, lambda reports, ax: bubbles(reports, ax=ax))


@kind("pareto", lambda command: network_options(counting_options(command)))
@VARY
@click.option(
    "--pareto",
    metavar="A,B[,C]",
    help="What is compared: two quantities or varied names, a third as colour; + in front of one that is to be large.",
)
@WHERE
@click.option("--log", is_flag=True, help="Draw on logarithmic scales.")
def pareto_command(
    networks: tuple[str, ...], vary: tuple[str, ...], pareto: str | None, where: str | None, log: bool,
    settings: tuple[str, ...], inputs: tuple[str, ...], output: str | None, **options: Any,
) -> None:  # fmt: skip
    """Draw the Pareto front of a sweep.

    These are the points that no other dominates; the others stand behind them if there are not more than 10,000.

    \b
    archcalc plot pareto mobilenet mobilenet_v2 --vary alpha=0.25:1.4:0.05 --pareto macs,+alpha -o front.svg
    """
    from ..plot import pareto as front
    from ..quantities import MEASURABLE
    from ..sweeps import sweep

    if not vary or not pareto:
        raise UsageError("a front needs --vary NAME=VALUES and --pareto A,B, such as --vary alpha=0.25:1:0.05 --pareto macs,+alpha")  # fmt: skip
    compared = (name.strip().removeprefix("+").strip().partition("[")[0] for name in pareto.split(","))
    given = {"let": parse_settings(settings), "input": parse_inputs(inputs), "where": where, **options}
    names = varied(vary)
    quantities = [name for name in compared if name in MEASURABLE] or ["macs"]

    def fill(axes: Sequence[Axes]) -> None:
        found = sweep(networks, names, quantities, pareto=pareto, **given)
        among = sweep(networks, names, quantities, **given) if found.points <= MAX_ROWS else None
        front(found, among, log=log, ax=axes[0])

    draw(output, 1, fill)


@kind("roofline", setting_options)
@click.option(
    "--device",
    required=True,
    metavar="NAME|FILE",
    shell_complete=device_names,
    help="The device: a name, or a file of your own.",
)
@click.option(
    "--fused", is_flag=True, help="Fold batch norms, and let a layer compute what follows it element by element."
)
def roofline_command(networks: tuple[str, ...], device: str, fused: bool, output: str | None, **settings: Any) -> None:
    """Draw the layers under the roofline of a device.

    The area of a mark is the part of the time; the layers that take the longest have names.

    \b
    archcalc plot roofline alexnet --device gtx580 --batch 128 -o roofline.svg
    """
    from ..efficiency import roofline as bounds
    from ..plot import roofline

    draw_each(networks, settings, output, lambda report, ax: roofline(bounds(report, device, fused=fused), ax=ax))


@kind("partition", plan_options)
def partition_command(networks: tuple[str, ...], output: str | None, **options: Any) -> None:
    """Draw what each device of a partition holds and moves.

    A network is split over devices as by `archcalc partition`. What is not given is taken from the `partition` of the spec.

    \b
    archcalc plot partition alexnet -o alexnet.svg
    archcalc plot partition vgg16 --devices 4 --scheme pipeline --device-memory 12GiB -o vgg16.svg
    """
    from ..plot import partition

    def fill(panels: Sequence[Axes]) -> None:
        for network, ax in zip(networks, panels, strict=True):
            partition(planned(network, **options), ax=ax)

    draw(output, len(networks), fill)
