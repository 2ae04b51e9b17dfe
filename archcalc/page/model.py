"""What a page knows of one structure: the formulas of every number as a program, and what they are numbers of.

The page runs the program with whole numbers of any size; nothing of a rule is written a second time in its script.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import ArchcalcError
from ..formula.program import program
from ..liveness import flow, lifetimes
from ..partition import Plan
from ..precision import own_bits
from ..quantities import NAMES
from ..receptive import Fields
from ..report import LayerReport, Report

COLUMNS = ("parameters", "macs", "flops", "activations", "buffers")  # of each layer; the last one for bytes
TOTALS = (
    "parameters", "weights", "biases", "buffers", "macs", "flops", "multiplications", "additions", "comparisons",
    "divisions", "exponentials", "activations", "outputs", "neurons", "connections", "parametric_layers",
    "weighted_layers", "layer_count", "nonlinearities", "depth", "input_elements", "batch_macs", "batch_flops",
    "batch_activations",
)  # fmt: skip
"""The quantities that are numbers, not bytes: bytes follow from them and the dtype."""


WHOLE = ("depth", "input_elements")  # no sums over layers
ADDED = tuple(name for name in TOTALS if name not in WHOLE and not name.startswith("batch_"))


class Sheet:
    """Collects the formulas of a page; each has a number by which the page names it."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}

    def __call__(self, formula: Any) -> int:
        return self.numbers.setdefault(formula, len(self.numbers))

    def all(self, formulas: Iterable[Any]) -> list[int]:
        """The numbers of several."""
        return [self(formula) for formula in formulas]


def model(
    report: Report, plan: Plan | None, unfollowed: list[str], sheet: Sheet, texts: dict[Any, str], base: Report | None
) -> dict[str, Any]:
    """Everything that the script of a page needs of a report with symbols, as plain data.

    `unfollowed` are the names for whose first values alone the plan holds. `texts` are the formulas that have been
    printed for other structures: printing is most of the work. `base` are the first numbers, where they are known.
    """
    found: dict[str, Any] = {
        "inputs": [{"sizes": sheet.all(shape.axes), "places": len(shape.spatial)} for shape in report.inputs.values()],
        "layers": _layers(report, sheet),
        "totals": _totals(report, sheet, is_first=base is not None),
        "costs": [sheet.all(layer[name] for name in ADDED) for layer in _different(report)],
        "memory": _memory(report, sheet),
        "fields": _fields(report, sheet, base),
        "partition": _partition(report, plan, unfollowed, sheet),
    }
    made = program(sheet.numbers, report.assumptions)
    texts.update((formula, str(formula)) for formula in sheet.numbers.keys() - texts.keys())
    found["formulas"] = [texts[formula] for formula in sheet.numbers]
    found["steps"] = [[step.operation, *map(_plain, step.args)] for step in made.steps]
    found["outputs"] = [[above] if below is None else [above, below] for above, below in made.outputs]
    found["checks"] = [[left, relation, right, str(condition)] for left, relation, right, condition in made.checks]
    found["names"] = list(made.inputs)
    return found


def _totals(report: Report, sheet: Sheet, *, is_first: bool) -> dict[str, int]:
    """The totals; of further structures those that are no sums: the script adds up the others from what layers cost."""
    return {name: sheet(NAMES[name].of_report(report)) for name in TOTALS if is_first or name in WHOLE}


def _plain(value: Any) -> Any:
    """A number of a program for JSON, whose numbers in JavaScript are exact up to 2**53 only."""
    return str(value) if type(value) is int and abs(value) >= 2**53 else value


def _layers(report: Report, sheet: Sheet) -> list[dict[str, Any]]:
    """Path, kind, output and counts of every layer; equal rounds share what they cost."""
    counts = {id(layer.cost): [sheet(layer[name]) for name in COLUMNS] for layer in _different(report)}
    costs = {id(layer.cost): number for number, layer in enumerate(_different(report))}
    return [
        {
            "path": layer.path,
            "kind": layer.kind,
            "output": sheet.all(layer.output.axes),
            "last": layer.output.channels_last,
            "counts": counts[id(layer.cost)],
            "cost": costs[id(layer.cost)],
            "bits": layer.node.layer.bits,
            "head": layer.head,
        }
        for layer in report.layers
    ]


def _different(report: Report) -> Iterable[LayerReport]:
    """One layer of each different cost."""
    return {id(layer.cost): layer for layer in report.layers}.values()


def _memory(report: Report, sheet: Sheet) -> dict[str, Any]:
    """The tensors at inference: numbers of the batch, bits where they are not the dtype's, first and last step."""
    try:
        found = flow(report)
        bits = own_bits(report)
    except ArchcalcError as error:
        return {"refused": str(error)}
    lasting, runs = lifetimes(found, range(len(found.uses)), report.batch)
    number_of = {layer.path: layer.node.number for layer in report.layers}
    number_of.update({name: -1 - place for place, (name, _) in enumerate(report.graph.inputs)})
    numbers = {shape: sheet(report.batch * shape.elements) for shape in {tensor.shape: None for tensor in lasting}}
    tensors = [
        {
            "name": tensor.name,
            "numbers": numbers[tensor.shape],
            "bits": bits[number_of[tensor.name]],
            "made": tensor.made,
            "last": tensor.last,
        }
        for tensor in lasting
    ]
    return {"tensors": tensors, "steps": [run.use.node.number for run in runs]}


def _fields(report: Report, sheet: Sheet, base: Report | None) -> dict[str, Any]:
    """By layer, size, jump and padding of the receptive field along each axis of the first input.

    Where symbols leave it open, of the first numbers, which the page then says.
    """
    if len(report.graph.inputs) > 1:
        return {"refused": "the network has several inputs; `archcalc field --source` shows each"}
    try:
        return {"layers": _placed(report, sheet, base), "refused": "", "only": False}
    except ArchcalcError as error:
        refused = str(error)
    try:
        return {"layers": _placed(base, sheet, base) if base else {}, "refused": refused, "only": True}
    except ArchcalcError:
        return {"refused": refused}


def _placed(report: Report, sheet: Sheet, base: Report | None) -> dict[int, list[list[int | None]]]:
    """Of every layer; left out where symbols alone leave open which places its units see."""
    fields, known = Fields(report), Fields(base) if base else None
    found = {}
    for layer in filter(fields.sees, report.layers):
        number = layer.node.number
        if known is None or fields.is_scattered(number) is known.is_scattered(number):
            axes = fields.placed(layer)
            found[number] = [[None if value is None else sheet(value) for value in axis] for axis in axes]
    return found


def _partition(report: Report, plan: Plan | None, unfollowed: list[str], sheet: Sheet) -> dict[str, Any] | None:
    """What each device holds and does, and how many values of how many bits each crossing moves in a step."""
    if plan is None:
        return None
    names = ("images", "parameters", "batch_macs", "batch_activations")
    number_of = {layer.path: layer.node.number for layer in report.layers}
    number_of.update({name: -1 - place for place, (name, _) in enumerate(report.graph.inputs)})
    bits = own_bits(report)
    return {
        "only": unfollowed,
        "shares": [[sheet(getattr(share, name)) for name in names] for share in plan.shares],
        "crossings": [[sheet(crossing.step_values), bits[number_of[crossing.tensor]]] for crossing in plan.crossings],
    }
