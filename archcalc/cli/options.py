"""Options that commands share, and how their texts become values."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import SpecError, UsageError, hinted, shown

if TYPE_CHECKING:
    from ..network import Network

Command = TypeVar("Command", bound=Callable[..., Any])


def network_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Completion of a network's name."""
    from ..zoo import names

    return [name for name in names() if name.startswith(incomplete)]


def quantity_columns(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Completion of a list of columns."""
    from ..render.rows import COLUMNS

    done, comma, last = incomplete.rpartition(",")
    return [f"{done}{comma}{column}" for column in COLUMNS if column.startswith(last)]


def quantities(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Completion of a quantity."""
    from ..quantities import MEASURABLE

    return [name for name in MEASURABLE if name.startswith(incomplete)]


def layer_quantities(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Completion of what `archcalc explain` explains."""
    from ..explain import FIELD, SIZE
    from ..quantities import NAMES

    return [name for name in (SIZE, FIELD, *NAMES) if name.startswith(incomplete)]


def dtypes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Completion of a dtype."""
    from ..report import BITS

    return [name for name in BITS if name.startswith(incomplete)]


NETWORK_OPTIONS = (
    click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Give a `let` of the spec another value; may be repeated."),
    click.option("--input", "inputs", multiple=True, metavar="CxHxW", help="Another input size, such as 3x227x227; with several inputs NAME=SIZE."),
    click.option("--max-layers", default=200_000, show_default=True, type=click.IntRange(1, 10**8), help="Refuse networks with more layers."),
)  # fmt: skip
SYMBOL_OPTIONS = (
    click.option("--symbols", metavar="A,B,...", help="Leave these open: lets of the spec, N for the batch, axes H, W, D; figures become formulas."),
    click.option("--assume", "promises", multiple=True, metavar="PROMISE", help="Promise something about a symbol, such as H%32==0 or H>=64."),
)  # fmt: skip
COUNTING_OPTIONS = (
    click.option("--batch", default=1, metavar="N", type=click.IntRange(1, 10**9), show_default=True, help="Images in a batch, for the figures called batch_."),
    click.option("--dtype", shell_complete=dtypes, default="float32", show_default=True, help="Type of a number, for the figures in bytes."),
)  # fmt: skip

UNITS = click.option("--units", type=click.Choice(["exact", "si"]), default="exact", show_default=True, help="Exact numbers, or four digits with k, M, G, T.")  # fmt: skip
OUTPUT = click.option("--output", "-o", metavar="FILE", help="Write to a file instead of the terminal.")


def format_option(*formats: str) -> Callable[[Command], Command]:
    """The form of the output; a renderer refuses what it does not know."""
    return click.option(
        "--format", "format", default="text", show_default=True, metavar="|".join(formats), help="Form of the output."
    )


def network_options(command: Command) -> Command:
    """What network a spec becomes."""
    return with_options(NETWORK_OPTIONS, command)


def symbol_options(command: Command) -> Command:
    """What network a spec becomes, and what is left open in it."""
    return with_options((*NETWORK_OPTIONS, *SYMBOL_OPTIONS), command)


def setting_options(command: Command) -> Command:
    """The settings that every analysis takes: of the network, and of what is counted."""
    return with_options((*NETWORK_OPTIONS, *SYMBOL_OPTIONS, *COUNTING_OPTIONS), command)


def counting_options(command: Command) -> Command:
    """What is counted."""
    return with_options(COUNTING_OPTIONS, command)


def with_options(options: tuple[Callable[[Command], Command], ...], command: Command) -> Command:
    """A command with these options, the first of them in front."""
    for option in reversed(options):
        command = option(command)
    return command


def analyzed(
    network: str | Network,
    settings: tuple[str, ...],
    inputs: tuple[str, ...],
    max_layers: int,
    symbols: str | None = None,
    promises: tuple[str, ...] = (),
    batch: int = 1,
    dtype: str = "float32",
) -> Any:
    """The report for the options of `setting_options`."""
    from ..analysis import analyze, with_symbols
    from ..network import load

    loaded = load(network)
    given: dict[str, Any] = {"let": parse_settings(settings), "input": parse_inputs(inputs), "batch": batch}
    if symbols is not None:
        names = [name.strip() for name in symbols.split(",")]
        given = with_symbols(loaded, names, **given)
    return analyze(loaded, **given, dtype=dtype, assume=promises, max_layers=max_layers)


def parse_settings(settings: tuple[str, ...]) -> dict[str, Any]:
    """`depths=3,4,36,3` as a file would hold it."""
    from ..yamlsrc import parse_value

    values: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name.strip() or not text.strip():
            raise UsageError(f"--set {shown(setting)}: write NAME=VALUE, such as --set classes=10")
        if name.strip() in values:
            raise UsageError(f"--set {shown(name.strip())} is given twice")
        try:
            values[name.strip()] = parse_value(text.strip())
        except SpecError as error:
            problem = error.problems[0]
            raise UsageError(hinted(f"--set {shown(setting)}: {problem.message}", problem.hint)) from None
    return values


def parse_inputs(inputs: tuple[str, ...]) -> Any:
    """`3x227x227`, or `image=3x64x64` for each of several inputs; a word in place of a number is a symbol."""
    if not inputs:
        return None
    named = {}
    for text in inputs:
        name, equals, sizes = text.partition("=")
        if (name if equals else "") in named:
            raise UsageError("give --input once, or once for each input as NAME=SIZE")
        named[name if equals else ""] = _sizes(sizes if equals else name, text)
    if "" in named and len(named) > 1:
        raise UsageError("give --input once, or once for each input as NAME=SIZE")
    return named.get("", named)


def _sizes(text: str, option: str) -> tuple[Any, ...]:
    sizes: list[Any] = []
    for part in text.split("x"):
        if re.fullmatch(r"[1-9][0-9]{0,8}", part):
            sizes.append(int(part))
        elif re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,30}", part):
            from ..dims import symbol

            sizes.append(symbol(part))
        else:
            raise UsageError(
                f"--input {shown(option)}: write the channels and the sizes with x between, such as 3x227x227"
            )
    return tuple(sizes)
