"""`archcalc partition`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..specreader import WORDS
from .options import OUTPUT, Command, analyzed, dtypes, format_option, network_names, symbol_options, with_options
from .output import emit

if TYPE_CHECKING:
    from ..partition import Plan

BATCH = 128  # images, as AlexNet was trained with, where neither the command nor the spec says


PLAN_OPTIONS = (
    click.option("--devices", type=int, metavar="N", help="How many devices."),
    click.option("--scheme", type=click.Choice(WORDS["scheme"]), help="By what the network is split."),
    click.option("--batch", type=int, metavar="N", help=f"Images in a step; {BATCH} unless the spec says otherwise."),
    click.option("--link", metavar="RATE", help="What a device can send and receive at once; 16GB/s unless given."),
    click.option("--speed", metavar="RATE", help="Operations of a device a second; 10TFLOP/s unless given."),
    click.option("--device-memory", metavar="BYTES", help="Memory of a device, such as 12GiB."),
    click.option(
        "--optimizer",
        metavar="NAME",
        help="sgd, momentum, adam, adamw, rmsprop or lamb: its state counts as memory; momentum unless given.",
    ),
    click.option(
        "--balance",
        type=click.Choice(WORDS["balance"]),
        help="pipeline: what the largest stage has least of; time unless given.",
    ),
    click.option(
        "--stages",
        metavar="A,B,...",
        help="pipeline: the layers with which the second stage and the next begin, instead of the best ones.",
    ),
    click.option(
        "--micro-batches",
        type=int,
        metavar="M",
        help="pipeline: parts of a batch that follow each other; 4 for each device unless given.",
    ),
    click.option(
        "--schedule",
        type=click.Choice(WORDS["schedule"]),
        help="pipeline: whether a stage goes backward as soon as it can, or after all micro-batches; 1f1b unless given.",
    ),
    click.option(
        "--reduce",
        type=click.Choice(WORDS["reduce"]),
        help="batch, hybrid, rows: how gradients are added up; ring unless given.",
    ),
    click.option(
        "--zero",
        type=click.IntRange(0, 3),
        help="batch: ZeRO stage: 1 deals out the optimizer's state, 2 gradients too, 3 parameters too; 0 unless given.",
    ),
    click.option(
        "--assemble",
        type=click.Choice(WORDS["assemble"]),
        help="hybrid: how activations reach the linear layers: all at once, from one device after the other, from all in rounds; b unless given.",
    ),
    click.option(
        "--halo",
        type=click.Choice(WORDS["halo"]),
        help="rows: get the rows at the border from the neighbours, or compute them twice; exchange unless given.",
    ),
)


def plan_options(command: Command) -> Command:
    """What network is split, and how."""
    dtype = click.option(
        "--dtype",
        shell_complete=dtypes,
        default="float32",
        show_default=True,
        help="Type of a number, for the figures in bytes.",
    )
    return with_options(PLAN_OPTIONS, symbol_options(dtype(command)))


def planned(network: str, stages: str | None, **options: Any) -> Plan:
    """The plan for the options of `plan_options`."""
    from ..partition import plan
    from ..partition.request import DEFAULTS

    settings = {name: options.pop(name) for name in DEFAULTS if name in options}
    if stages is not None:
        settings["stages"] = [path.strip() for path in stages.split(",")]
    report = analyzed(network, **options)
    spec = report.graph.spec.partition or {}
    if settings["batch"] is None and "batch" not in spec and report.batch == 1:
        settings["batch"] = BATCH
    return plan(report, **settings)


@click.command("partition")
@click.argument("network", metavar="NAME|FILE", shell_complete=network_names)
@plan_options
@format_option("text", "markdown", "json")
@OUTPUT
def partition_command(network: str, format: str, output: str | None, **options: Any) -> None:
    """Split NAME or FILE over devices: what each one holds, and what crosses between them.

    What is not given is taken from the `partition` of the spec. MACs of a device are those of one
    training step, forward; bytes that move are counted forward and backward.

    \b
    archcalc partition alexnet
    archcalc partition vgg16 --devices 4 --scheme batch --reduce ring
    archcalc partition resnet152 --devices 8 --scheme pipeline --balance macs
    archcalc partition vgg16 --devices 8 --scheme auto --device-memory 12GiB
    """
    from ..render.formats import check_format
    from ..render.lists import FORMATS
    from ..render.partition import partition

    check_format(format, FORMATS)
    emit(partition(planned(network, **options), format), output)
