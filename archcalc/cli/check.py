"""`archcalc check`."""

from __future__ import annotations

import click

from ..errors import ArchcalcError, SpecError, UsageError, shown
from .output import emit


@click.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def check_command(files: tuple[str, ...]) -> None:
    """Report every problem of each FILE (or network of the zoo): of its text, its layers and its shapes.

    All variants of a family are walked. The exit status is 1 if there is any problem.
    """
    from ..checking import check

    status = 0
    for file in files:
        try:
            emit(f"{shown(file, 200)}: ok, {check(file)}")
        except SpecError as error:
            status = max(status, 1)
            click.echo(str(error), err=True)
            count = len(error.problems)
            click.echo(f"{shown(file, 200)}: {count} problem{'s' * (count > 1)}", err=True)
        except ArchcalcError as error:
            status = max(status, 2 if isinstance(error, UsageError) else 1)
            click.echo(f"Error: {error}", err=True)
    if status:
        raise click.exceptions.Exit(status)
