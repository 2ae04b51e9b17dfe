"""`archcalc list` and `archcalc show`."""

from __future__ import annotations

from typing import Any

import click

from ..errors import UsageError
from .options import analyzed, network_names, network_options
from .output import emit


@click.command("list")
@click.option("--costs", is_flag=True, help="Add parameters and MACs of each network.")
@click.option("--filter", "wanted", metavar="TEXT", help="Only networks with this text in their name or title.")
def list_command(costs: bool, wanted: str | None) -> None:
    """List the networks that come with archcalc: name, title, input."""
    from ..catalogue import entries

    headers = ["name", "title", "input", *(["parameters", "MACs"] if costs else [])]
    rows = entries(wanted, costs=costs)
    if not rows:
        emit("no network matches; `archcalc list` shows all")
        return
    align = ["left", "left", "left", "right", "right"][: len(headers)]
    from tabulate import tabulate

    emit(tabulate(rows, headers=headers, colalign=align, disable_numparse=True))


@click.command("show")
@click.argument("network", metavar="NAME|FILE", shell_complete=network_names)
@click.option(
    "--expanded",
    is_flag=True,
    help="Print what the spec became: every layer by its path, blocks and repeats written out.",
)
@network_options
def show_command(network: str, expanded: bool, **settings: Any) -> None:
    """Print the spec of NAME or FILE, as it is written, or with --expanded every layer on its own.

    The expanded form is itself a spec, for the given settings.
    """
    from ..catalogue import spec_text
    from ..exporters.spec import expand

    if not expanded and any(settings[name] for name in ("settings", "inputs")):
        raise UsageError("--set and --input change what a spec becomes; add --expanded")
    emit(expand(analyzed(network, **settings)) if expanded else spec_text(network))
