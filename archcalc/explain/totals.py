"""Totals explained: of a network as the sum over its stages, of a level as the sum over its parts."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from .. import dims
from ..dims.term import Term
from ..naming import Level
from ..quantities import Quantity, depths
from ..records import Record, record
from ..report import LayerReport, Report
from ..shapes import Shape
from .parts import Legend, Names, Rule, Section

LARGEST = 3  # contributors that are named


@record
class Part(Record):
    """A layer, or a level with how many layers, and what it adds; `share` of the total where both are numbers."""

    path: str
    kind: str
    value: Any
    share: Fraction | None


@record
class Total(Record):
    """One quantity of a network or level: the sum of its parts, or the rule that makes it of other totals.

    `parts` are those that add something; where a single layer does, that is `layer`, and `section` its rule, with the
    `legend` of its letters. `largest` are the layers that add most, `path` those of a longest path, for depth.
    """

    quantity: Quantity
    value: Any
    parts: tuple[Part, ...] = ()
    largest: tuple[Part, ...] = ()
    rule: Rule | None = None
    path: tuple[str, ...] = ()
    layer: LayerReport | None = None
    section: Section | None = None
    legend: Legend = ()


class _Named:
    """A report whose totals and sizes are terms, for quantities that are made of others."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.batch = Term(report.batch, "N")

    def __getitem__(self, quantity: str) -> Term:
        return Term(self._report[quantity], quantity)

    @property
    def inputs(self) -> Mapping[str, Shape]:
        known = self._report.inputs
        return {
            name: Shape(
                tuple(
                    Term(size, f"{letter}_{name}" if len(known) > 1 else letter) for letter, size in _lettered(shape)
                ),
                shape.channels_last,
            )
            for name, shape in known.items()
        }


def _lettered(shape: Shape) -> Iterator[tuple[str, Any]]:
    rank = len(shape.axes) - 1
    letters = ("C", *"DHW"[3 - rank :]) if rank <= 3 else tuple(f"A{number}" for number in range(rank + 1))
    return zip(letters, shape.axes, strict=True)


def totals(report: Report, level: Level, quantities: Iterable[Quantity]) -> Iterator[Total]:
    """Quantities of the layers inside a level, as the sums of what stands directly in it; of the root, of the network.

    Heads are left out, unless all is of one. A total of a whole network that is no sum is explained by its rule.
    """
    inside = counted(report, level)
    for quantity in quantities:
        if quantity.whole is not None:
            named: Any = _Named(report)
            rule = Rule(quantity.name, quantity.whole(named)).renamed(Names(report.symbols, {}, "_total").of)
            yield Total(quantity, quantity.of_report(report), rule=rule)
            continue
        value = quantity.of_part(report, inside)
        if quantity.layer is None:
            yield Total(quantity, value, path=_longest(inside, value))
            continue
        adding = _adding(level, inside, quantity)
        parts = tuple(_part(piece.path, piece.kind, quantity.of_layers(piece.layers), value) for piece in adding)
        only = adding[0].layers[0] if len(adding) == 1 else None
        yield Total(quantity, value, parts, _largest(inside, quantity, value), layer=only)


def _adding(level: Level, layers: Sequence[LayerReport], quantity: Quantity) -> list[Piece]:
    """What stands directly in a level and adds something; where a single level does, what stands in that."""
    known = {layer.node.number: layer for layer in layers}
    pieces = [
        Piece(child.path, tuple(known[number] for number in range(child.start, child.stop) if number in known), child)
        for child in _steps(level)
    ]
    adding = [piece for piece in pieces if dims.same(quantity.of_layers(piece.layers), 0) is not True]
    if len(adding) == 1 and adding[0].level.children:
        return _adding(adding[0].level, layers, quantity)
    return adding


class Piece(NamedTuple):
    """Layers under one path, those of a level."""

    path: str
    layers: tuple[LayerReport, ...]
    level: Level

    @property
    def kind(self) -> str:
        """The kind of a layer; else how many there are."""
        return self.layers[0].kind if len(self.layers) == 1 else f"{len(self.layers)} layers"


def counted(report: Report, level: Level) -> tuple[LayerReport, ...]:
    """The layers inside a level: those outside heads, unless all are of one."""
    inside = report.layers[level.start : level.stop]
    return tuple(layer for layer in inside if layer.head is None) or inside


def _steps(level: Level) -> Iterator[Level]:
    """What stands directly in a level; of a join its branches, then itself."""
    yield from level.children
    if level.node is not None:
        alone = Level(level.stem, None, node=level.node)
        alone.path, alone.start, alone.stop = level.path, level.node, level.node + 1
        yield alone


def _part(path: str, kind: str, value: Any, total: Any) -> Part:
    return Part(path, kind, value, Fraction(value, total) if type(value) is int and type(total) is int else None)


def _largest(layers: Sequence[LayerReport], quantity: Quantity, total: Any) -> tuple[Part, ...]:
    """The layers that add most, if all are numbers."""
    values = [(quantity.of_layers((layer,)), layer) for layer in layers]
    if any(type(value) is not int for value, _ in values):
        return ()
    most = heapq.nlargest(LARGEST, values, key=lambda pair: pair[0])
    return tuple(_part(layer.path, layer.kind, value, total) for value, layer in most if value)


def _longest(layers: Sequence[LayerReport], value: Any) -> tuple[str, ...]:
    """The weighted layers of a longest path, in order; none where symbols leave open which it is."""
    found = {layer.node.number: (layer, reached) for layer, reached in depths(layers)}
    path: list[str] = []
    wanted = value
    at = next((number for number, (_, reached) in found.items() if dims.same(reached, value) is True), None)
    while at is not None:
        layer, wanted = found[at]
        before = [(number, found[number][1]) for number in layer.node.inputs if number in found]
        deepest = max((reached for _, reached in before if type(reached) is int), default=0)
        if any(type(reached) is not int for _, reached in before) or type(wanted) is not int:
            return ()
        if wanted != deepest:
            path.append(layer.path)
        at = next((number for number, reached in before if reached == deepest and deepest), None)
    return tuple(reversed(path))
