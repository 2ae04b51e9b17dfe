"""The command line: every command is a few lines over a public function; only this package prints and exits.

Exit status: 0 done, 1 a wrong spec or file, 2 a wrong request. A command's module is imported when it is called.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from importlib import import_module
from typing import Any

import click

from .. import __version__
from ..errors import ArchcalcError, SpecError, UsageError, did_you_mean, shown

COMMANDS = {
    "claims": ("verify", "Decide statements that circulate about networks."),
    "check": ("check", "Report every problem of spec files."),
    "compare": ("compare", "Compare networks, files, or chains of layers written inline."),
    "completion": ("completion", "Print the script that makes a shell complete commands and networks."),
    "draw": ("draw", "Draw a network: SVG, DOT, Mermaid or HTML."),
    "explain": ("explain", "Explain the figures of a layer or of a network: rule, numbers, result, source."),
    "field": ("field", "Print what the units of each layer see of the input."),
    "formula": ("formula", "Print a quantity as a formula."),
    "layers": ("layers", "Describe the layer kinds that a spec can name."),
    "list": ("networks", "List the networks that come with archcalc."),
    "memory": ("memory", "Print what a network needs in memory: tensors, their lifetimes, the peak."),
    "metrics": ("efficiency", "Print what networks cost, side by side."),
    "plot": ("plot", "Draw networks as pictures: layers, memory, receptive fields, fronts, rooflines."),
    "report": ("report", "Write an interactive page for one network or several."),
    "roofline": ("efficiency", "Print what every layer takes at least on a device."),
    "partition": ("partition", "Split a network over several devices."),
    "show": ("networks", "Print the spec of a network."),
    "solve": ("solve", "Find the sizes, widths or batches that meet constraints."),
    "sweep": ("sweep", "Compute quantities at every combination of sizes and settings."),
    "table": ("table", "Print the layer table of a network."),
    "verify": ("verify", "Recompute what papers and tools printed about networks."),
}


class Refusal(click.ClickException):
    """An archcalc error as click shows it: on standard error, with its exit status."""

    def __init__(self, error: ArchcalcError) -> None:
        super().__init__(str(error))
        self.exit_code = 2 if isinstance(error, UsageError) else 1  # type: ignore[misc]
        self.is_listing = isinstance(error, SpecError)

    def show(self, file: Any = None) -> None:
        text = self.format_message() if self.is_listing else f"Error: {self.format_message()}"
        click.echo(text, err=True)


class Commands(click.Group):
    """Commands by name, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = import_module(f".{COMMANDS[name][0]}", __name__)
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = did_you_mean(args[0], COMMANDS) or f"known: {', '.join(sorted(COMMANDS))}"
            raise Refusal(UsageError(f"there is no command '{shown(args[0])}'; {hint}"))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and say in one line if what was printed cannot be written."""
        try:
            try:
                return super().main(*args, **kwargs)
            finally:
                if sys.stdout is not None:
                    sys.stdout.flush()
        except OSError as error:
            _abandon_stdout()
            if error.errno != errno.EPIPE:
                click.echo(f"Error: cannot write standard output: {error.strerror}", err=True)
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ArchcalcError as error:
            raise Refusal(error) from None
        except RecursionError:
            raise Refusal(ArchcalcError("the input is nested too deeply")) from None
        except MemoryError:
            raise Refusal(ArchcalcError("the machine has not enough memory for this")) from None


def _abandon_stdout() -> None:
    """Let what is still buffered go nowhere, or Python would complain once more at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="archcalc", message="%(prog)s %(version)s")
def main() -> None:
    """What does this network cost, and why? Sizes, parameters and operations of neural networks, exactly."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
