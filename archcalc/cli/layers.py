"""`archcalc layers`."""

from __future__ import annotations

import click

from .output import emit


def kind_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Completion of a layer kind."""
    from ..layers import kinds

    return [kind for kind in kinds() if kind.startswith(incomplete)]


@click.command("layers")
@click.argument("kind", required=False, shell_complete=kind_names)
def layers_command(kind: str | None) -> None:
    """List every layer kind with its fields, or describe KIND."""
    from ..reference import describe, overview

    emit(describe(kind) if kind else overview())
