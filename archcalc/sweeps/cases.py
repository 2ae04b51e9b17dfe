"""What a sweep evaluates: for each network and each setting of what has to be enumerated, one compiled case.

Sizes and lets are left open where the analysis works with symbols. A formula holds under its assumptions. Some of these
are requirements (a window must fit): where one is broken there is no network. Others come from choices about the
structure (a shortcut is the identity where the channels stay): there the analysis is made anew, with numbers for the
symbols of that choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy as np

from .. import dims
from ..analysis import AXES, analyze, symbols_in, with_values
from ..conditions import Condition
from ..errors import ArchcalcError, UsageError, shown
from ..formula import formulas
from ..formula.program import Program, program
from ..network import Network
from ..records import Record, record
from ..report import Report
from .grid import Grid
from .kernel import Case, Fork, Kernel
from .ranges import Axis, told

MAX_STRUCTURES = 10_000  # analyses of settings that are enumerated
FEW = 48  # points with different structures, that are sooner analysed than a formula for all of them is derived
MAX_FORKS = 1000  # analyses more for one of them


@record
class Structure(Record):
    """A network with its enumerated settings, the axes that are open in it, and its case or why it has none."""

    network: str
    constants: Mapping[str, Any]
    axes: tuple[Axis, ...]
    case: Case | str
    start: int  # the number of its first point

    @property
    def points(self) -> int:
        """How many points it has."""
        return prod(map(len, self.axes))


@record
class Request(Record):
    """What is asked of one network: the axes that are varied, the quantities, the other settings of `analyze`."""

    network: Network
    label: str  # what it is called in the table
    axes: tuple[Axis, ...]
    quantities: tuple[str, ...]
    settings: Mapping[str, Any]  # let, input, batch
    dtype: str = "float32"
    max_layers: int = 200_000

    @cached_property
    def lets(self) -> Mapping[str, Any]:
        """The lets of the network, in numbers and words."""
        return self.network.spec.settings(self.network.variant, dict(self.settings["let"]), [])

    def analyzed(self, values: Mapping[str, Any]) -> Report:
        """The report with these values, numbers or symbols."""
        alike = {other: values[axis.name] for axis in self.axes for other in axis.others}
        return analyze(
            self.network, **self._given({**values, **alike}), dtype=self.dtype, max_layers=self.max_layers
        )  # fmt: skip

    def _given(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of `analyze`: a name is a let or an element of one, else a symbol of the input, else an axis."""
        opened = symbols_in(self.settings["input"])
        input = _substituted(self.settings["input"], {name: values[name] for name in opened})
        rest = {name: value for name, value in values.items() if name not in opened}
        return with_values(self.network, rest, **{**self.settings, "input": input})

    def is_size(self, axis: Axis) -> bool:
        """Whether an axis is of the input or the batch, and no let."""
        return all(map(self._is_size, (axis.name, *axis.others)))

    def _is_size(self, name: str) -> bool:
        return name not in self.lets and (name in AXES or name in symbols_in(self.settings["input"]))

    def check(self) -> None:
        """UsageError for names that this network does not have, and for values that no size has."""
        names = {name: axis for axis in self.axes for name in (axis.name, *axis.others)}
        twice = symbols_in(self.settings["input"]) & self.lets.keys()
        if twice:
            raise UsageError(f"input: '{min(twice)}' is a let of {self.label}; give the symbol another name")
        for name, axis in names.items():
            if self._is_size(name) and axis.no_size is not None:
                raise UsageError(f"vary {name}: {told(axis.no_size)} is no size; sizes are whole numbers from 1")
        self._given({name: axis.value(0) for name, axis in names.items()})
        for name in names.keys() - self.lets.keys():
            whole = name.rpartition("_")[0]
            if whole in names:
                raise UsageError(f"vary: '{name}' is an element of '{whole}', which is varied too")


def _substituted(given: Any, values: Mapping[str, Any]) -> Any:
    """Shapes with their symbols replaced."""
    if isinstance(given, Mapping):
        return {name: _substituted(part, values) for name, part in given.items()}
    if isinstance(given, list | tuple):
        return tuple(_substituted(part, values) for part in given)
    return dims.substitute(given, values) if dims.is_number(given) else given


class Compiler:
    """The structures of one network in the order of their points."""

    def __init__(self, request: Request, columns: tuple[str, ...] = ()) -> None:
        self.request = request
        self.closed: dict[str, str] = {}  # names that cannot be left open, and why
        self.columns = columns
        ratios = request.network.spec.ratios
        self.symbols = {axis.name: _symbol(axis, axis.name.rpartition("_")[0] in ratios or axis.name in ratios)
                        for axis in request.axes}  # fmt: skip
        for axis in request.axes:
            if self.symbols[axis.name] is None:
                self.closed[axis.name] = "its values are no numbers that a symbol can stand for"
        opened = [axis for axis in request.axes if axis.name not in self.closed]
        if prod(map(len, opened)) <= FEW and not all(map(request.is_size, opened)):
            self.closed.update({axis.name: "its few values are analysed one by one" for axis in opened})

    def structures(self, start: int = 0) -> Iterator[Structure]:
        """Every structure; a limit is checked before the first analysis of many."""
        yield from self._below({}, start)

    def _below(self, constants: dict[str, Any], start: int) -> Iterator[Structure]:
        """The structures with some names fixed."""
        axes = tuple(axis for axis in self.request.axes if axis.name not in constants)
        listed = [axis for axis in axes if axis.name in self.closed]
        if not listed:
            case, failed = self._case(constants, axes)
            if case is not None or not axes:
                yield Structure(
                    self.request.label, constants, axes, failed if case is None else case, start
                )  # fmt: skip
                return
            if self._closes(constants, axes):
                yield from self._below(constants, start)
            else:  # alone each can be open, and not together
                self.closed[axes[-1].name] = failed
                yield from self._below(constants, start)
            return
        count = prod(len(axis) for axis in self.request.axes if axis.name in self.closed)
        if count > MAX_STRUCTURES:
            why = "; ".join(f"{name}: {shown(self.closed[name], 100)}" for name in (axis.name for axis in listed))
            raise UsageError(
                f"{count:,} settings would have to be analysed one by one, more than {MAX_STRUCTURES:,}; "
                f"give fewer values of what cannot be left open ({why})"
            )
        open_points = prod(len(axis) for axis in axes if axis.name not in self.closed)
        for number, values in enumerate(product(*listed)):
            named = dict(zip((axis.name for axis in listed), values, strict=True))
            yield from self._below({**constants, **named}, start + number * open_points)

    def _closes(self, constants: Mapping[str, Any], axes: Sequence[Axis]) -> bool:
        """Whether some names cannot even be open alone, the first values given for the others."""
        before = len(self.closed)
        for axis in axes:
            others = {other.name: other.value(0) for other in axes if other is not axis}
            case, failed = self._case({**constants, **others}, (axis,))
            if case is None:
                self.closed[axis.name] = failed
        return len(self.closed) > before

    def _case(self, constants: Mapping[str, Any], axes: Sequence[Axis]) -> tuple[Case | None, str]:
        """The compiled case, or why there is none."""
        try:
            return _Forks(self, axes).case(constants), ""
        except ArchcalcError as error:
            return None, one_line(error)

    def compiled(self, values: Mapping[str, Any]) -> tuple[Report, list[Any]]:
        """The report and the expressions of all quantities."""
        report = self.request.analyzed(values)
        made = [one for name in self.request.quantities for one in formulas(report, name)]
        columns = tuple(one.name for one in made)
        if self.columns and columns != self.columns:
            raise ArchcalcError(f"it has {', '.join(columns)} where others have {', '.join(self.columns)}")
        self.columns = columns
        return report, [one.expr for one in made]


class _Forks:
    """A case with those that take over where its choices are made otherwise."""

    def __init__(self, compiler: Compiler, axes: Sequence[Axis]) -> None:
        self.compiler = compiler
        self.axes = tuple(axes)
        self.places = {axis.name: place for place, axis in enumerate(axes)}
        self.known: dict[frozenset[tuple[int, int]], Case | str] = {}

    def case(self, constants: Mapping[str, Any], fixed: Mapping[int, int] | None = None) -> Case:
        """With numbers for some axes, by the numbers of their values."""
        fixed = fixed or {}
        values = {
            axis.name: axis.value(fixed[place]) if place in fixed else self.compiler.symbols[axis.name]
            for place, axis in enumerate(self.axes)
        }
        report, expressions = self.compiler.compiled({**constants, **values})
        conditions = report.assumptions
        repeats = any(node.series or dims.is_symbolic(node.repeat) for node in report.graph.nodes)
        made = program(expressions, conditions)
        reasons, forks = [], []
        for number, condition in enumerate(conditions):
            is_choice = condition.relation == "!=" or repeats  # no rounds of a repeat, none of its requirements
            reasons.append("" if is_choice else f"{condition} does not hold")
            if is_choice:
                forks.append(self._fork(made, number, condition, constants, fixed))
        plain = tuple(check._replace(condition=None) for check in made.checks)  # reasons are texts
        return Case(Program(made.steps, made.outputs, plain, made.inputs), tuple(reasons), tuple(forks))

    def _fork(
        self, made: Program, number: int, condition: Condition, constants: Mapping[str, Any], fixed: Mapping[int, int]
    ) -> Fork:
        """The cases for all values that break a choice."""
        names = dims.symbols_of(condition.left) | dims.symbols_of(condition.right)
        places = tuple(sorted(self.places[name] for name in names))
        cases: dict[tuple[int, ...], Case | str] = {}
        for key in _broken([self.axes[place] for place in places], condition):
            here = {**fixed, **dict(zip(places, key, strict=True))}
            frozen = frozenset(here.items())
            if frozen not in self.known:
                if len(self.known) >= MAX_FORKS:
                    beyond = f"{condition} does not hold, at more than {MAX_FORKS} settings; narrow what is varied"
                    return Fork(number, places, cases, beyond)
                self.known[frozen] = "its analysis needs itself"
                self.known[frozen] = self._at(constants, here)
            cases[key] = self.known[frozen]
        return Fork(number, places, cases)

    def _at(self, constants: Mapping[str, Any], here: Mapping[int, int]) -> Case | str:
        try:
            return self.case(constants, here)
        except ArchcalcError as error:
            return one_line(error)


def _broken(axes: Sequence[Axis], condition: Condition) -> Iterator[tuple[int, ...]]:
    """Where a condition on these axes does not hold, by the numbers of the values."""
    checked = program([], [condition])
    grid = Grid(tuple(map(len, axes)))
    kernel = Kernel(Case(checked, ("broken",)), axes, grid, {})
    for slab in range(grid.slabs):
        box = grid.box(slab)
        status = kernel.block(box).status
        if status is not None:
            lows = np.array([low for low, _ in box])
            yield from (tuple(map(int, place + lows)) for place in np.argwhere(status))


def _symbol(axis: Axis, is_ratio: bool) -> Any:
    """The symbol for all values of an axis, or None where there is none."""
    if not axis.is_numeric:
        return None
    if not (axis.least > 0 if is_ratio else axis.denominator == 1 and axis.least >= 1):
        return None
    return dims.symbol(axis.name, ratio=is_ratio)


def one_line(error: Exception) -> str:
    """The message of an error as a reason: its first problem, without what a listing shows around it."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0]
