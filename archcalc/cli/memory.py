"""`archcalc memory`."""

from __future__ import annotations

from typing import Any

import click

from .options import analyzed, network_names, setting_options
from .output import emit


@click.command("memory")
@click.argument("network", metavar="NAME|FILE", shell_complete=network_names)
@setting_options
@click.option("--hold-input", is_flag=True, help="Keep the input to the end, as a caller does who still has it.")
@click.option("--no-inplace", is_flag=True, help="Let every layer that computes make a new tensor, ReLU too.")
@click.option("--reorder", is_flag=True, help="Run the layers in an order of the least peak, not in that of the spec.")
@click.option("--brief", is_flag=True, help="Only the peak and what it is made of, without the schedule.")
@click.option(
    "--format", "format", default="text", show_default=True, metavar="text|markdown|json", help="Output format."
)
@click.option("--output", metavar="FILE", help="Write to a file instead of the terminal.")
def memory_command(
    network: str, hold_input: bool, no_inplace: bool, reorder: bool, brief: bool, format: str, output: str | None,
    **settings: Any,
) -> None:  # fmt: skip
    """Print what NAME, a network of the zoo, or FILE, a spec of your own, needs in memory.

    At inference: the bytes of each output, from when to when each tensor is there, the peak, and the tensors that
    make it up. FILE:VARIANT picks one network of a family file.

    \b
    archcalc memory vgg16 --batch 8 --dtype float16
    archcalc memory resnet50 --brief --hold-input
    archcalc memory googlenet --symbols N,H,W --brief
    """
    from ..memory import inference
    from ..render.memory import inference_section, memory

    report = analyzed(network, **settings)
    found = inference(report, hold_input=hold_input, in_place=not no_inplace, reorder=reorder)
    emit(memory(report, [inference_section(found, brief=brief)], format), output)
