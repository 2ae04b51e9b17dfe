"""`archcalc check`."""

from __future__ import annotations

import click

from ..errors import ArchcalcError, SpecError
from .output import emit


@click.command("check", short_help="Report every problem of spec files.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def check_command(files: tuple[str, ...]) -> None:
    """Report every problem of each FILE (or network of the zoo): of its text, its layers and its shapes.

    All variants of a family are walked. The exit status is 1 if there is any problem.
    """
    from ..checking import check

    failed = False
    for file in files:
        try:
            emit(f"{file}: ok, {check(file)}")
        except SpecError as error:
            failed = True
            click.echo(str(error), err=True)
            count = len(error.problems)
            click.echo(f"{file}: {count} problem{'s' * (count > 1)}", err=True)
        except ArchcalcError as error:
            failed = True
            click.echo(f"Error: {error}", err=True)
    if failed:
        raise click.exceptions.Exit(1)
