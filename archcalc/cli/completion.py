"""`archcalc completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .output import emit


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL, to be sourced from its start-up file.

    \b
    archcalc completion bash > ~/.archcalc-complete; echo '. ~/.archcalc-complete' >> ~/.bashrc
    archcalc completion fish > ~/.config/fish/completions/archcalc.fish
    """
    root = ctx.find_root()
    made = get_completion_class(shell)
    assert made is not None
    emit(made(root.command, {}, "archcalc", "_ARCHCALC_COMPLETE").source())
