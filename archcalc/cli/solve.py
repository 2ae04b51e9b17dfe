"""`archcalc solve`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ..quantities import MEASURABLE
from .options import (
    OUTPUT,
    Command,
    counting_options,
    format_option,
    network_names,
    network_options,
    parse_inputs,
    parse_settings,
)
from .output import emit

OPTION_NAMES = {"inference_memory": ("--memory", "--inference-memory")}


def constraint_options(command: Command) -> Command:
    """An option for each quantity."""
    for name, quantity in reversed(MEASURABLE.items()):
        flags = OPTION_NAMES.get(name, (f"--{name.replace('_', '-')}",))
        option: Callable[[Command], Command] = click.option(
            *flags, name, multiple=True, metavar="BOUND", help=f"Bound: {quantity.description}."
        )
        command = option(command)
    return command


@click.command("solve")
@click.argument("network", metavar="NAME|FILE", shell_complete=network_names)
@click.option(
    "--for", "variable", required=True, metavar="H|alpha|batch|...",
    help="What is looked for: a let of the spec, batch, a symbol in --input, or an axis with those of its size.",
)  # fmt: skip
@click.option(
    "--range",
    "range",
    metavar="A:B",
    help="Search from A to B; 1:4096, of the batch 1:1048576, of ratios up to 4 unless given.",
)
@click.option("--grid", metavar="STEP", help="Search multiples of STEP; 1, of ratios 1/100 unless given.")
@click.option("--exact-division", is_flag=True, help="No window leaves rows or columns of its input unread.")
@constraint_options
@network_options
@counting_options
@click.option(
    "--max-analyses",
    default=1000,
    show_default=True,
    type=click.IntRange(0, 10**6),
    help="Analyse at most so many values one by one, where there is no formula.",
)
@format_option("text", "markdown", "json")
@OUTPUT
def solve_command(
    network: str, variable: str, settings: tuple[str, ...], inputs: tuple[str, ...], batch: int, format: str,
    output: str | None, **given: Any,
) -> None:  # fmt: skip
    """Find all values of one variable for which NAME or FILE meets every constraint.

    A BOUND is a relation and a number with its unit, or a range: "<=300M", ">=224", "==7", "100M..300M", "<=12GiB";
    a size is written "==512x7x7". Behind the path of a layer or level it is of that: "stage1: <=1G". Each may be
    repeated. The exit status is 1 if no value meets all.

    \b
    archcalc solve mobilenet --for alpha --macs "<=300M" --parameters "<=5M"
    archcalc solve vgg16 --for H --macs "<=5G" --exact-division
    archcalc solve vgg16 --for batch --training-memory "<=12GiB"
    """
    from ..render.formats import check_format
    from ..render.lists import FORMATS
    from ..render.solutions import solution
    from ..solving import solve

    check_format(format, FORMATS)
    constraints = {name: given.pop(name) for name in MEASURABLE}
    found = solve(
        network, variable, let=parse_settings(settings), input=parse_inputs(inputs), batch=batch,
        **given, **{name: texts for name, texts in constraints.items() if texts},
    )  # fmt: skip
    emit(solution(found, format), output)
    if not found.intervals:
        raise click.exceptions.Exit(1)
