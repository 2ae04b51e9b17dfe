"""`archcalc sweep`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..errors import UsageError, shown
from .options import counting_options, network_names, network_options, parse_inputs, parse_settings, quantities
from .output import emit, ended_by_signals, replacing

MAX_ROWS = 10_000  # on the terminal
VARY = click.option(
    "--vary",
    "vary",
    multiple=True,
    metavar="NAME=VALUES",
    help="What to vary: a let, an axis H, W, D, a symbol of --input or the batch N, with START:STOP:STEP or values with commas between; H=W=VALUES varies both alike; may be repeated.",
)
WHERE = click.option(
    "--where",
    metavar="CONDITION",
    help='Keep points that meet a condition on quantities and what is varied, such as "macs<=600M and alpha>1/2".',
)


@click.command("sweep")
@click.argument("networks", metavar="NAME|FILE...", nargs=-1, required=True, shell_complete=network_names)
@VARY
@click.option(
    "--quantity",
    "names",
    multiple=True,
    metavar="A,B,...",
    shell_complete=quantities,
    help="Quantities to compute; parameters,macs,activations if left out.",
)
@WHERE
@click.option(
    "--pareto",
    metavar="A,B,...",
    help="Keep points that no other dominates in these; + in front of one that is to be large.",
)
@click.option("--top", type=click.IntRange(min=1), help="Keep so many points with the largest first quantity.")
@click.option("--smallest", type=click.IntRange(min=1), help="Keep so many points with the smallest first quantity.")
@network_options
@counting_options
@click.option(
    "--engine",
    default="numpy",
    show_default=True,
    metavar="numpy|dask",
    help="Compute in this process, or on a Dask cluster.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="Scheduler of the Dask cluster; without it one is started on this machine."
)
@click.option(
    "--format",
    "format",
    default="text",
    show_default=True,
    metavar="text|markdown|csv|json",
    help="Form of the output on the terminal.",
)
@click.option("--output", "-o", metavar="FILE", help="Write all rows to a .csv or .parquet file.")
def sweep_command(
    networks: tuple[str, ...], vary: tuple[str, ...], names: tuple[str, ...], settings: tuple[str, ...],
    inputs: tuple[str, ...], format: str, output: str | None, **options: Any,
) -> None:  # fmt: skip
    """Compute quantities of networks at every combination of sizes and settings.

    \b
    archcalc sweep resnet50 --vary H=96:640:32 --vary W=96:640:32 --quantity macs --top 5
    archcalc sweep mobilenet --vary alpha=0.25,0.5,0.75,1 --vary H=W=128:224:32 --where "macs<=300M"
    archcalc sweep mobilenet mobilenet_v2 --vary alpha=0.25:1.4:0.05 --pareto macs,+alpha
    archcalc sweep resnet50 --vary shortcut=A,B,C --vary depths_2=1:36 --output resnets.csv
    """
    from ..render.formats import check_format
    from ..render.sweeps import FORMATS, facts, file_for, sweeps
    from ..sweeps import QUANTITIES, sweep

    chosen = click.get_current_context().get_parameter_source("format") is not ParameterSource.DEFAULT
    if chosen and output is not None:
        raise UsageError("--format is for the terminal; the suffix of --output says the form of the file")
    check_format(format, FORMATS)
    options["vary"] = varied(vary)
    options["quantities"] = [name.strip() for text in names for name in text.split(",")] or QUANTITIES
    options["let"], options["input"] = parse_settings(settings), parse_inputs(inputs)
    if output is None:
        counted = options["top"] is not None or options["smallest"] is not None
        with _progress() as progress:
            found = sweep(networks, **options, most=None if counted else MAX_ROWS, progress=progress)
        emit(sweeps(found, format))
        if format == "csv":  # rows alone, so that they can be piped
            click.echo("\n".join(facts(found)), err=True)
        return
    if not output:
        raise UsageError("--output: a file name is missing")
    path = Path(output)
    with ended_by_signals(), replacing(path) as temporary:
        file = file_for(str(temporary), path.suffix)
        try:
            with _progress() as progress:
                found = sweep(networks, **options, emit=file.take, progress=progress)
            for rows in found.kept or (None,):
                file.take(found.plan, rows)
        finally:
            file.close()
    click.echo("\n".join(facts(found)))


def varied(texts: tuple[str, ...]) -> dict[str, str]:
    """The texts of `--vary` by name."""
    varied: dict[str, str] = {}
    for text in texts:
        name, equals, values = text.rpartition("=")
        if not equals or not name.strip() or not values.strip():
            raise UsageError(f"--vary {shown(text)}: write NAME=VALUES, such as --vary H=96:640:32")
        if name.strip() in varied:
            raise UsageError(f"--vary {shown(name.strip())} is given twice")
        varied[name.strip()] = values.strip()
    return varied


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None] | None]:
    """A bar for each stage on standard error, where that is a terminal; it appears when the first points are through."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    with ExitStack() as bars:
        shown: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in shown:
                if done == total:  # at one go
                    return
                bars.close()
                bar = click.progressbar(length=1000, file=sys.stderr, label=stage, show_percent=True)
                shown[stage] = bars.enter_context(bar)
            reached = done * 1000 // total
            if reached > shown[stage].pos:
                shown[stage].update(reached - shown[stage].pos)

        yield show
