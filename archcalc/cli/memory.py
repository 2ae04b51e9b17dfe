"""`archcalc memory`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from .options import OUTPUT, Command, analyzed, format_option, network_names, setting_options, with_options
from .output import emit

if TYPE_CHECKING:
    from ..memory import Inference
    from ..report import Report
    from ..training import Training


RUN_OPTIONS = (
    click.option("--hold-input", is_flag=True, help="Keep the input to the end, as a caller does who still has it."),
    click.option("--no-inplace", is_flag=True, help="Let every layer that computes make a new tensor, ReLU too."),
    click.option(
        "--reorder", is_flag=True, help="Run the layers in an order of the least peak, not in that of the spec."
    ),
    click.option("--training", is_flag=True, help="A training step in place of inference."),
    click.option(
        "--optimizer",
        metavar="NAME",
        help="Of training: sgd (the default), momentum, adam, adamw, rmsprop, lamb or adafactor.",
    ),
    click.option(
        "--rules", metavar="RULES", help="Of training: what layers keep, torch-cuda (the default) or torch-cpu."
    ),
    click.option("--amp", is_flag=True, help="Of training: mixed precision, as by autocast on CUDA."),
    click.option(
        "--checkpoint",
        metavar="PLAN",
        help="Of training: keep only the borders of segments: every=K layers, sqrt or blocks.",
    ),
)


def run_options(command: Command) -> Command:
    """What is run, and how: inference or a training step."""
    return with_options(RUN_OPTIONS, command)


def ran(
    report: Report, *, training: bool, hold_input: bool, no_inplace: bool, reorder: bool, optimizer: str | None,
    rules: str | None, amp: bool, checkpoint: str | None,
) -> Inference | Training:  # fmt: skip
    """The memory of what the options of `run_options` ask for."""
    from ..memory import inference
    from ..training import training as step

    if not training:
        _only(
            "--training", {"--optimizer": optimizer, "--rules": rules, "--amp": amp, "--checkpoint": checkpoint}, True
        )
        return inference(report, hold_input=hold_input, in_place=not no_inplace, reorder=reorder)
    _only("--training", {"--hold-input": hold_input, "--no-inplace": no_inplace, "--reorder": reorder}, False)
    return step(report, optimizer=optimizer or "sgd", rules=rules or "torch-cuda", amp=amp, checkpoint=checkpoint)


@click.command("memory")
@click.argument("network", metavar="NAME|FILE", shell_complete=network_names)
@setting_options
@run_options
@click.option("--fit", metavar="BYTES", help="Find the largest batch that fits, such as 24GiB or 12GB.")
@click.option("--brief", is_flag=True, help="Only the peak and what it is made of, without the schedule.")
@format_option("text", "markdown", "json")
@OUTPUT
def memory_command(
    network: str, fit: str | None, brief: bool, format: str, output: str | None, training: bool, hold_input: bool,
    no_inplace: bool, reorder: bool, optimizer: str | None, rules: str | None, amp: bool, checkpoint: str | None,
    **settings: Any,
) -> None:  # fmt: skip
    """Print what NAME, a network of the zoo, or FILE, a spec of your own, needs in memory.

    At inference: the bytes of each output, from when to when each tensor is there, the peak, and the tensors that
    make it up. With --training: what each layer keeps for its backward pass, the peak of a step and its moment.
    FILE:VARIANT picks one network of a family file.

    \b
    archcalc memory vgg16 --batch 8 --dtype float16
    archcalc memory resnet50 --brief --hold-input
    archcalc memory googlenet --symbols N,H,W --brief
    archcalc memory resnet50 --training --optimizer adam --amp --fit 24GiB
    """
    from ..fitting import capacity, fit_inference, fit_training
    from ..memory import Inference
    from ..render.memory import inference_section, memory
    from ..render.training import training_section, with_fit

    report = analyzed(network, **settings)
    room = None if fit is None else capacity(fit)
    found = ran(
        report, training=training, hold_input=hold_input, no_inplace=no_inplace, reorder=reorder, optimizer=optimizer,
        rules=rules, amp=amp, checkpoint=checkpoint,
    )  # fmt: skip
    if isinstance(found, Inference):
        fitted = None if room is None else fit_inference(found, report, room)
        section = inference_section(found, brief=brief)
    else:
        fitted = None if room is None else fit_training(found, room)
        section = training_section(found, brief=brief)
    emit(memory(report, [with_fit(section, fitted, report.batch)], format), output)


def _only(option: str, others: dict[str, Any], wanted: bool) -> None:
    """Refuse options that have no meaning with or without another."""
    for name, value in others.items():
        if value:
            raise UsageError(
                f"{name} is about training; add {option}"
                if wanted
                else f"{name} is about inference; leave out {option}"
            )
