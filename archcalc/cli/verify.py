"""`archcalc verify` and `archcalc claims`."""

from __future__ import annotations

import click

from .options import network_names
from .output import emit


@click.command("verify")
@click.argument("names", metavar="[NAME|FILE]...", nargs=-1, shell_complete=network_names)
@click.option("--only", metavar="STATUS", help="Only figures of this status, such as differs or disputed.")
@click.option(
    "--format", "format", default="text", show_default=True, metavar="text|markdown|json", help="Output format."
)
def verify_command(names: tuple[str, ...], only: str | None, format: str) -> None:
    """Recompute every published figure of each NAME or FILE; without names, of the whole zoo.

    A printed figure agrees if ours, counted by the convention of its source and rounded like it, is the same. One
    that is known not to follow from its own architecture is declared disputed and must differ. The exit status
    is 1 if anything is not as declared.
    """
    from ..errors import UsageError, did_you_mean, hinted
    from ..render.lists import findings
    from ..verify import STATUSES, verify

    if only is not None and only not in STATUSES:
        raise UsageError(hinted(f"--only: unknown status '{only}'", did_you_mean(only, STATUSES)))
    found = verify(names)
    shown = [finding for finding in found if only in (None, finding.status)]
    emit(findings(shown, format))
    if not all(finding.as_declared for finding in found):
        raise click.exceptions.Exit(1)


@click.command("claims")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option(
    "--format", "format", default="text", show_default=True, metavar="text|markdown|json", help="Output format."
)
def claims_command(ids: tuple[str, ...], format: str) -> None:
    """Decide statements that circulate about networks, or only those of the given IDs.

    Each comes with the figures that decide it, the verdict, and why.
    """
    from ..claims import decide
    from ..render.lists import verdicts

    emit(verdicts(decide(ids), format))
