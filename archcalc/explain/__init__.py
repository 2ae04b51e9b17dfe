"""Every figure explained: the rule that made it, the rule with its numbers, the result, and where the rule comes from.

A layer explains itself by its own rules, run with `Term`s (`explain.rules`); a level or a network is the sum of its
parts (`explain.totals`).

>>> from archcalc.analysis import analyze
>>> conv1 = explain(analyze("alexnet"), "conv1", "size")
>>> for rule in conv1.sections[0].rules:
...     print(rule.name, rule)
channels filters = 96
height floor((H + 2*P_h - F_h)/S_h) + 1 = floor((227 + 2*0 - 11)/4) + 1 = 55
width floor((W + 2*P_w - F_w)/S_w) + 1 = floor((227 + 2*0 - 11)/4) + 1 = 55
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from .. import dims
from ..conditions import Condition
from ..entries import JoinEntry
from ..errors import ArchcalcError, UsageError, did_you_mean, hinted, nearest, shown
from ..layers import Layer, Operations
from ..naming import Level
from ..quantities import COLUMN_QUANTITIES, NAMES, QUANTITIES, Quantity
from ..records import Record, Shown, record
from ..report import LayerReport, Report
from . import fields as fields_of
from .exactness import Loss, lost_by
from .parts import Legend, Names, Rule, Section
from .rules import Run, axis_words, run_rules
from .totals import Total, counted, totals

__all__ = ["CONVENTIONS", "Explanation", "Rule", "Section", "Total", "explain"]

SIZE, FIELD = "size", "field"
CONVENTIONS = {  # where each convention stands in the documentation
    **dict.fromkeys(("parameters", "weights", "biases", "buffers"), "conventions.md#parameters-weights-buffers"),
    **dict.fromkeys(
        ("macs", "flops", *Operations._fields[1:], "batch_macs", "batch_flops"), "conventions.md#operations"
    ),
    **dict.fromkeys(
        ("activations", "outputs", "input_elements", "batch_activations"), "conventions.md#activations-and-outputs"
    ),
    **dict.fromkeys(
        ("parameter_bytes", "activation_bytes", "batch_activation_bytes"), "conventions.md#bytes-and-units"
    ),
    **dict.fromkeys(
        ("neurons", "connections", "parametric_layers", "weighted_layers", "layer_count", "depth", "nonlinearities"),
        "conventions.md#weighted-layers-depth-neurons-connections",
    ),
    SIZE: "layers.md",
    FIELD: "receptive-field.md#the-formulas",
}
OF_TENSORS = ("parameters", "weights", "biases", "buffers", "parameter_bytes", "parametric_layers")
STORED = {
    "in place": "it works in place: its output takes the place of its input",
    "view": "its output is a view: the numbers of its input in another shape",
}


@record
class Explanation(Shown, Record):
    """What was asked about: a layer with its `sections`, a level or a network with its `totals`; a join may have both.

    `losses` are the axes along which its windows do not divide exactly, `legend` what the letters in its rules mean,
    each with its value. `str` is the text for reading.
    """

    report: Report
    path: str = ""  # nothing for the whole network
    layer: LayerReport | None = None
    sections: tuple[Section, ...] = ()
    totals: tuple[Total, ...] = ()
    losses: tuple[Loss, ...] = ()
    legend: Legend = ()
    remarks: tuple[str, ...] = ()

    @property
    def assumptions(self) -> tuple[Condition, ...]:
        """What must hold of the symbols."""
        return self.report.assumptions

    def show_as(self, format: str) -> str:
        """What `archcalc explain` prints."""
        from ..render.explain import explanation

        return explanation(self, format)


def explain(report: Report, layer: str | None = None, quantity: str | None = None) -> Explanation:
    """How the figures of a layer, of a level, or without `layer` of the whole network come about; or one quantity's.

    `quantity` is `size`, `field` or one that a report counts. Raises UsageError for an unknown one and for a layer that
    is not there, with the nearest names; ArchcalcError where a figure cannot be had.
    """
    _check_quantity(quantity, of_network=layer is None)
    if layer is None:
        return _network(report, quantity)
    level = _level(report, layer)
    sums = tuple(_down_to_rules(report, _level_totals(report, level, quantity))) if level.children else ()
    if level.node is None and quantity not in (SIZE, FIELD):
        return Explanation(report, level.path, totals=sums, remarks=_of_level(report, level))
    inside = counted(report, level)
    found = report.layers[level.node] if level.node is not None else inside[-1]
    made = _layer(report, found, quantity)
    if level.node is None:
        end = f"{level.path} ends in {found.path}: its {quantity} is that of this layer"
        return replace(made, remarks=(end, *made.remarks))
    return replace(made, totals=sums)


def _check_quantity(quantity: str | None, *, of_network: bool) -> None:
    known = (SIZE, FIELD, *(NAMES if of_network else COLUMN_QUANTITIES))
    if quantity is None or quantity in known:
        return
    if quantity in NAMES:
        raise UsageError(f"'{quantity}' is of the whole network, not of a layer")
    raise UsageError(
        hinted(f"unknown quantity '{shown(quantity)}'", did_you_mean(quantity, known) or "known: " + ", ".join(known))
    )


def _level(report: Report, path: str) -> Level:
    levels = {level.path: level for level in report.graph.root.walk()}
    if path in levels:
        return levels[path]
    inside = [known for known in levels if f".{path}." in f".{known}."] if path else []
    ends = {known.rpartition(".")[2]: known for known in reversed(levels)}
    alike = [ends[end] for end in nearest(path, ends, 3)]
    close = list(dict.fromkeys([*inside[:3], *nearest(path, levels, 3), *alike]))[:3]
    hint = f"nearest: {', '.join(close)}" if close else f"`archcalc table {report.name}` lists them"
    raise UsageError(f"{report.name} has no layer '{shown(path)}'; {hint}")


# networks and levels


def _network(report: Report, quantity: str | None) -> Explanation:
    if quantity in (SIZE, FIELD):
        return _end_of_network(report, quantity)
    asked = QUANTITIES if quantity is None else (NAMES[quantity],)
    heads = [f"head {head} is counted apart: the totals leave it out" for head in report.graph.heads]
    sums = totals(report, report.graph.root, asked)
    return Explanation(report, totals=tuple(_down_to_rules(report, sums)), remarks=tuple(heads))


def _end_of_network(report: Report, quantity: str) -> Explanation:
    """The layer that stands for the network: its last one, for fields the last whose units stand for places."""
    if not report.trunk:
        raise ArchcalcError(f"{report.name} has no layer outside its side outputs")
    last = report.trunk[-1]
    if quantity == FIELD:
        from ..receptive import Fields

        last = Fields(report).last.layer
    made = _layer(report, last, quantity)
    return replace(made, remarks=(f"the {quantity} of {report.name} is that of {last.path}", *made.remarks))


def _level_totals(report: Report, level: Level, quantity: str | None) -> Iterator[Total]:
    """The quantity that is asked for, else those that are not 0."""
    if quantity in (SIZE, FIELD):
        return
    asked = [NAMES[name] for name in COLUMN_QUANTITIES if quantity in (None, name)]
    for total in totals(report, level, asked):
        if quantity is not None or dims.same(total.value, 0) is not True:
            yield total


def _down_to_rules(report: Report, sums: Iterable[Total]) -> Iterator[Total]:
    """Of sums that are the figure of a single layer, the rule of that, where it can be run with terms."""
    runs: dict[str, tuple[Run, LayerReport]] = {}
    for total in sums:
        layer, quantity = total.layer, total.quantity
        if layer is None or quantity.unit == "layers":  # each counts as one
            yield total
            continue
        try:
            ran, named = runs.get(layer.path) or runs.setdefault(layer.path, _run(layer))
            (section,), legend = _named(report, ran, [_count(layer, named, ran, quantity)])
        except ArchcalcError:
            yield total
        else:
            yield replace(total, section=section, legend=legend)


def _of_level(report: Report, level: Level) -> tuple[str, ...]:
    """What a level holds, and what goes in and out."""
    inside = counted(report, level)
    first, last = inside[0], inside[-1]
    given = ", ".join(map(str, first.inputs))
    return (
        f"{len(inside)} layers, from {first.path} on {given} to {last.path}, which gives {last.output}",
        *(f"it is part of the head {head}, which totals leave out" for head in {first.head} if head is not None),
    )


# layers


def _layer(report: Report, layer: LayerReport, quantity: str | None) -> Explanation:
    ran, named = _run(layer)
    sections, legend = _named(report, ran, list(_sections(report, layer, named, ran, quantity)))
    losses = lost_by(layer) if quantity in (None, SIZE) else ()
    remarks = tuple(_remarks(layer))
    return Explanation(report, layer.path, layer, sections, losses=losses, legend=legend, remarks=remarks)


def _run(layer: LayerReport) -> tuple[Run, LayerReport]:
    """The rules of a layer run with terms, and the layer with the counts that they gave."""
    node = layer.node
    branches = tuple(name for name, _ in node.entry.branches) if isinstance(node.entry, JoinEntry) else ()
    own: Layer = replace(node.layer, bits=layer.bits)
    ran = run_rules(own, node.x, branches)
    return ran, LayerReport(node._replace(layer=ran.layer, shapes=_shapes(ran)), ran.cost, layer.dtype)


def _shapes(ran: Run) -> tuple[Any, ...]:
    return ran.x if isinstance(ran.x, tuple) else (ran.x,)


def _remarks(layer: LayerReport) -> Iterator[str]:
    node = layer.node
    for index, count in node.series:
        yield f"{index} = 0 .. {count} - 1 is the round of a repeat: rules are of one round, figures of layers of all"
    if dims.same(node.repeat, 1) is not True:
        yield f"it stands there {node.repeat} times: figures are of one"
    if layer.head is not None:
        yield f"it belongs to the head {layer.head}, which totals leave out"


def _sections(
    report: Report, layer: LayerReport, named: LayerReport, ran: Run, quantity: str | None
) -> Iterator[Section]:
    if quantity in (None, SIZE):
        yield _size(layer, ran)
    names = _default_quantities(layer) if quantity is None else () if quantity in (SIZE, FIELD) else (quantity,)
    for name in names:
        yield _count(layer, named, ran, NAMES[name])
    if quantity in (None, FIELD):
        try:
            found = list(fields_of.sections(report, layer, ran))
        except ArchcalcError as error:
            if quantity == FIELD:
                raise
            found = [Section(FIELD, None, (), (str(error),))]
        if quantity == FIELD and not found:
            raise ArchcalcError(f"{layer.path} sees nothing of the input")
        yield from found


def _default_quantities(layer: LayerReport) -> Iterator[str]:
    """What a reader wants to know of this layer: of costs those that it has."""
    yield "parameters"
    for name in ("buffers", *Operations._fields, "flops"):
        if dims.same(layer[name], 0) is not True:
            yield name
    yield "activations"
    if layer.node.layer.weighted:
        yield "connections"


def _size(layer: LayerReport, ran: Run) -> Section:
    """The output axis by axis, and the padding where the layer decides it."""
    words = axis_words(layer.output)
    rules = [Rule(word, size) for word, size in zip(words, ran.output.axes, strict=True)]
    window = None if layer.node.layer.joins else ran.told(lambda: ran.layer.window_on(ran.x))
    if window is not None and window.pad is None and not layer.node.layer.enlarges:
        spatial = axis_words(layer.inputs[0])
        names = spatial[:-1] if layer.inputs[0].channels_last else spatial[1:]
        for axis, (word, size) in enumerate(zip(names, ran.x.spatial, strict=True)):
            begin, end = window.padding(axis, size)
            rules += [Rule(f"{word}: zeros before", begin), Rule(f"{word}: zeros behind", end)]
    return Section(SIZE, layer.output.axes, tuple(rules))


def _count(layer: LayerReport, named: LayerReport, ran: Run, quantity: Quantity) -> Section:
    """A count by its rule; of tensors, each of them and their sum."""
    value = layer[quantity.name]
    if quantity.layer is None:
        return Section(quantity.name, value, (Rule(quantity.name, value),))
    tensors = {"parameters": ran.parameters, "buffers": ran.buffers}.get(quantity.name, {})
    rules = [Rule(name, dims.prod(axes)) for name, axes in tensors.items()]
    if len(rules) != 1:
        of_round = ran.told(lambda: quantity.layer(named))  # type: ignore[misc]
        rules.append(Rule("together" if rules else quantity.name, of_round))
    remarks = []
    if quantity.name in ("parameters", "buffers") and not tensors:
        remarks.append("it has none")
    if quantity.name in ("activations", "activation_bytes") and layer.stores in STORED:
        remarks.append(STORED[layer.stores])
    for index, count in layer.node.series:
        remarks.append(f"over all rounds {index} = 0 .. {count} - 1 together {value}")
    return Section(quantity.name, value, tuple(rules), tuple(remarks))


def _named(report: Report, ran: Run, sections: Sequence[Section]) -> tuple[tuple[Section, ...], Legend]:
    """The sections with names that no symbol of the network has, and what they mean."""
    names = Names(report.symbols, {**fields_of.LEGEND, **ran.legend})
    return tuple(section.renamed(names.of) for section in sections), _legend(ran, sections, names)


def _legend(ran: Run, sections: Sequence[Section], names: Names) -> Legend:
    """What the letters in the rules mean, in the order in which they occur."""
    found: dict[str, tuple[str, Any]] = {}
    for section in sections:
        tensors = {**ran.parameters, **ran.buffers} if section.quantity in OF_TENSORS else {}
        for leaf in (leaf for rule in section.rules for leaf in rule.leaves()):
            name = names.of(leaf)
            meaning = names.meanings.get(leaf.name) or (name != leaf.name and f"{leaf.name} of this layer")
            if meaning and leaf.name not in tensors:
                found.setdefault(name, (meaning, leaf.value))
    return tuple((name, meaning, dims.plain(value)) for name, (meaning, value) in found.items())
