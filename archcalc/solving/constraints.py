"""Constraints from their texts: `macs` and `<=300M`, `size` and `stage5.maxpool: >=7x7`.

>>> constraint("memory", "<= 12GiB").bounds
((None, 12884901888),)
>>> print(constraint("macs", "100M..300M"))
macs 100M..300M
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import ceil, floor
from typing import Any, TypeAlias

from .. import dims
from ..conditions import Condition
from ..errors import ArchcalcError, UsageError, shown
from ..figures import amount
from ..measuring import selected
from ..published import Measure
from ..quantities import MEASURABLE, measurable
from ..records import Record, record
from ..report import LayerReport, Report

DROPPED = "dropped"  # what --exact-division wants to be 0
WITHOUT_CHANNELS = ("size", "input_size")
Bound: TypeAlias = tuple[int | None, int | None]

_TEXT = re.compile(
    r" *(?:(?P<place>[A-Za-z_][A-Za-z0-9_.*-]*) *:)? *(?P<relation><=|>=|==|[<>=≤≥])? *(?P<value>[0-9][0-9A-Za-z. ]*)\Z"
)
_SIGNS = {"≤": "<=", "≥": ">=", "=": "=="}


@record
class Constraint(Record):
    """A quantity of the network, or of some of its layers, and the bounds of each of its numbers."""

    quantity: str
    text: str
    bounds: tuple[Bound, ...]  # one, or one for each number of a size
    place: str = ""

    @property
    def unit(self) -> str:
        """Of the quantity."""
        return "rows and columns" if self.quantity == DROPPED else MEASURABLE[self.quantity].unit

    @property
    def name(self) -> str:
        """The quantity, and the place that it is of."""
        return f"{self.quantity} of {self.place}" if self.place else self.quantity

    def __str__(self) -> str:
        return f"{self.name} {self.text}{' (exact division)' if self.quantity == DROPPED else ''}"

    def measured(self, report: Report) -> tuple[Any, ...]:
        """The numbers that are bounded; ArchcalcError where the network has no such quantity or place."""
        if self.quantity == DROPPED:
            return (_dropped(report),)
        quantity = MEASURABLE[self.quantity]
        found = self._measured_there(report) if self.place else quantity.of_report(report)
        return tuple(found) if isinstance(found, tuple) else (found,)

    def _measured_there(self, report: Report) -> Any:
        """Of the layers of the place; UsageError where there is none."""
        try:
            layers = selected(report, Measure(self.quantity, layer=self.place))
        except ArchcalcError as error:
            raise UsageError(f"{self.name}: {error}") from None
        return MEASURABLE[self.quantity].of_part(report, layers or ())

    def bounded(self, numbers: Sequence[Any]) -> list[tuple[Any, Bound]]:
        """Each number with its bounds; of sizes, those without channels are of the spatial axes."""
        if len(self.bounds) == 1 and "x" not in self.text:
            return [(number, self.bounds[0]) for number in numbers]
        axes = numbers[1:] if self.quantity in WITHOUT_CHANNELS and len(self.bounds) == len(numbers) - 1 else numbers
        if len(axes) != len(self.bounds):
            told = f"{len(numbers)} number{'s' * (len(numbers) > 1)}"
            raise UsageError(f"{self.name} is {told} here, '{self.text}' has {len(self.bounds)}")
        return list(zip(axes, self.bounds, strict=True))

    def holds(self, numbers: Sequence[Any]) -> bool:
        """Whether these numbers are within the bounds."""
        return all(
            (low is None or number >= low) and (high is None or number <= high)
            for number, (low, high) in self.bounded(numbers)
        )

    def conditions(self, numbers: Sequence[Any]) -> Iterator[Condition]:
        """The same as conditions on expressions."""
        for number, (low, high) in self.bounded(numbers):
            if low is not None:
                yield Condition(number, ">=", low)
            if high is not None:
                yield Condition(number, "<=", high)


def constraint(name: str, text: Any) -> Constraint:
    """The constraint of a quantity by name, from a text such as `<=300M`, `==7x7`, `100M..300M` or `LAYER: <=1G`.

    Raises UsageError for an unknown quantity, or a text that is none.
    """
    quantity = measurable(name)
    written = str(text)
    match = _TEXT.match(written) if len(written) <= 200 else None
    if match is None:
        raise UsageError(_no_constraint(name, written))
    place, relation = match["place"] or "", match["relation"]
    unit = "B" if quantity.unit == "bytes" else ""
    try:
        first, dots, last = match["value"].strip().partition("..")
        if dots and (relation or not last):
            raise ArchcalcError(f"'{shown(written)}': write a range as 100..300, without a relation")
        if not dots and not relation:
            raise ArchcalcError(f"'{shown(written)}' has no relation; write <={shown(first)} or >={shown(first)}")
        bounds = (_range(first, last, unit),) if dots else _bounds(_SIGNS.get(relation, relation), first, unit)
    except ArchcalcError as error:
        raise UsageError(f"{name}: {error}") from None
    shown_text = f"{first}..{last}" if dots else f"{_SIGNS.get(relation, relation)} {first}"
    return Constraint(quantity.name, shown_text, bounds, place)


EXACT_DIVISION = Constraint(DROPPED, "== 0", ((0, 0),))  # no window leaves rows or columns of its input unread


def _no_constraint(name: str, text: str) -> str:
    return f"{name}: '{shown(text)}' is not a constraint such as <=300M, >=224, ==7 or 100..300"


def _range(first: str, last: str, unit: str) -> Bound:
    low, high = _amount(first, unit), _amount(last, unit)
    if low > high:
        raise ArchcalcError(f"{first}..{last} goes from the larger number to the smaller")
    return ceil(low), floor(high)


def _bounds(relation: str, value: str, unit: str) -> tuple[Bound, ...]:
    """Of whole numbers: less than 8 is at most 7."""
    parts = value.split("x") if not unit else [value]
    return tuple(_bound(relation, _amount(part, unit)) for part in parts)


def _bound(relation: str, value: Any) -> Bound:
    if relation == "<=":
        return None, floor(value)
    if relation == "<":
        return None, ceil(value) - 1
    if relation == ">=":
        return ceil(value), None
    if relation == ">":
        return floor(value) + 1, None
    if value != floor(value):
        raise ArchcalcError(f"a whole number cannot be {value}")
    return int(value), int(value)


def _amount(text: str, unit: str) -> Any:
    return 0 if re.fullmatch(r"0{1,15}", text) else amount(text, unit)


def _dropped(report: Report) -> Any:
    """The rows and columns of inputs that no window reads, of all layers together."""
    for layer in report.layers:
        if layer.dropped == () and layer.node.layer.window_on(layer.node.x) is not None:
            raise ArchcalcError(f"{layer.path}: which rows it drops is open")
    return dims.add_up(_of_all_rounds(layer, part) for layer in report.layers for part in layer.dropped)


def _of_all_rounds(layer: LayerReport, part: Any) -> Any:
    if layer.node.series and dims.is_symbolic(part):
        raise ArchcalcError(f"{layer.path}: which rows it drops may differ from round to round")
    return part * layer.repeat * layer.rounds
