"""`archcalc verify` and `archcalc claims`."""

from __future__ import annotations

import click

from ..render.lists import FORMATS, findings, verdicts
from ..verify import STATUSES, verify
from .options import network_names
from .output import emit

FORMAT = click.option(
    "--format", type=click.Choice(FORMATS), default="text", show_default=True, help="Form of the output."
)


@click.command("verify")
@click.argument("names", metavar="[NAME|FILE]...", nargs=-1, shell_complete=network_names)
@click.option("--only", type=click.Choice(list(STATUSES)), help="Show only the figures of one status.")
@FORMAT
def verify_command(names: tuple[str, ...], only: str | None, format: str) -> None:
    """Recompute every published figure of each NAME or FILE; without names, of the whole zoo.

    A printed figure agrees if ours, counted by the convention of its source and rounded like it, is the same. One
    that is known not to follow from its own architecture is declared disputed and must differ. The exit status
    is 1 if anything is not as declared.
    """
    found = verify(names)
    emit(findings(found, format, only))
    if not all(finding.as_declared for finding in found):
        raise click.exceptions.Exit(1)


@click.command("claims")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@FORMAT
def claims_command(ids: tuple[str, ...], format: str) -> None:
    """Decide statements that circulate about networks, or only those of the given IDs.

    Each comes with the figures that decide it, the verdict, and why.
    """
    from ..claims import decide

    emit(verdicts(decide(ids), format))
