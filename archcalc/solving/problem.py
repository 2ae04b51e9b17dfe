"""A request: where there is a network, and where each constraint leaves one.

The network is analysed once with a symbol. Where the symbol breaks one of the assumptions of that analysis, the
network may still be fine in another form; these values are analysed one by one, and so are all where no analysis with
a symbol is possible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from typing import Any, NamedTuple

from .. import dims
from ..analysis import analyze
from ..conditions import Condition
from ..errors import ArchcalcError, SpecError, UsageError, shown
from ..formula.program import program
from ..network import Network
from ..report import Report
from .constraints import Constraint
from .search import Function, Search
from .spans import Spans, difference, intersection, joined, numbers, size
from .variable import Line, Variable

MAX_REASON = 200  # characters


class Failure(NamedTuple):
    """Places where there is no network, and why."""

    places: Spans
    why: str


class Problem:
    """Constraints on a network, and the line of values on which they are looked for."""

    def __init__(
        self, network: Network, variable: Variable, line: Line, constraints: Sequence[Constraint],
        given: Mapping[str, Any], max_analyses: int,
    ) -> None:  # fmt: skip
        self.network = network
        self.variable = variable
        self.line = line
        self.constraints = tuple(constraints)
        self.given = dict(given)
        self.max_analyses = max_analyses
        self.name = str(variable.symbol)
        self.search = Search(self.name, line)
        self.why_analysed = ""

    def report(self, value: Any) -> Report:
        """The analysis with a value, or with the symbol."""
        return analyze(self.network, **self.variable.at(value), **self.given)

    # the formulas

    @cached_property
    def opened(self) -> tuple[Report, tuple[tuple[Any, ...], ...]] | None:
        """The report with the symbol and the numbers of each constraint; None where there is none."""
        try:
            report = self.report(self.variable.symbol)
            found = tuple(self._measured(constraint, report) for constraint in self.constraints)
        except (ArchcalcError, ArithmeticError) as error:
            if self.variable.given is None and isinstance(error, UsageError):
                raise
            self.why_analysed = f"there is no formula in {self.variable.label}: {_reason(error)}"
        else:
            _check_numbers(report, {self.name})
            return report, found
        self._check_request()
        return None

    def _check_request(self) -> None:
        """Tell a mistake in the request or in the spec as such: a network with numbers has it too."""
        if self.variable.given is not None:
            report = analyze(self.network, **self.variable.given, **self.given)
            _check_numbers(report, set())
            for constraint in self.constraints:
                self._measured(constraint, report)
            return
        try:
            self.report(self.line.value(self.line.first))
        except SpecError:
            self.report(self.line.value(self.line.last))

    def _measured(self, constraint: Constraint, report: Report) -> tuple[Any, ...]:
        measured = constraint.measured(report)
        constraint.bounded(measured)
        return measured

    @cached_property
    def valid(self) -> Spans:
        """Where the formulas hold."""
        if self.opened is None:
            return ()
        return self.search.where(self.opened[0].assumptions, self.search.everywhere)

    @cached_property
    def failures(self) -> tuple[Failure, ...]:
        """Where there is no network, by what is broken there; the last one holds what was analysed."""
        known = list(self._excluded)
        failed = [place for place, found in self.analysed.items() if isinstance(found, str)]
        if failed:
            known.append(Failure(joined((place, place) for place in failed), str(self.analysed[failed[-1]])))
        return tuple(known)

    @cached_property
    def _excluded(self) -> tuple[Failure, ...]:
        """Where a rule of a layer is broken, and every condition holds on which the structure depends."""
        if self.opened is None or self.opened[0].graph.rounds:
            return ()
        conditions = self.opened[0].assumptions
        left = self.search.where(
            [condition for condition in conditions if not condition.message],
            difference(self.search.everywhere, self.valid),
        )
        found = []
        for condition in conditions:
            if condition.message and left:
                holds = self.search.where([condition], left)
                broken = difference(left, holds)
                found.extend([Failure(broken, f"it needs {condition}")] if broken else [])
                left = holds
        return tuple(found)

    @cached_property
    def analysed(self) -> dict[int, tuple[tuple[Any, ...], ...] | str]:
        """The numbers of each constraint where there is no formula, or why there is no network, by place.

        Raises UsageError where these are too many.
        """
        known = self.valid
        for failure in self._excluded:
            known = joined([*known, *failure.places])
        rest = difference(self.search.everywhere, known)
        if size(rest) > self.max_analyses:
            why = self.why_analysed or "the formulas do not hold there"
            raise UsageError(
                f"{size(rest):,} values of {self.variable.label} would be analysed one by one, the limit is "
                f"{self.max_analyses:,} ({why}); narrow the range, or raise max_analyses (--max-analyses)"
            )
        return {place: self._analysed(place) for place in numbers(rest)}

    def _analysed(self, place: int) -> tuple[tuple[Any, ...], ...] | str:
        try:
            report = self.report(self.line.value(place))
            return tuple(self._measured(constraint, report) for constraint in self.constraints)
        except ArchcalcError as error:
            return _reason(error)

    # the answers

    @cached_property
    def networks(self) -> Spans:
        """Where there is a network."""
        fine = ((place, place) for place, found in self.analysed.items() if not isinstance(found, str))
        return joined([*self.valid, *fine])

    def conditions(self, number: int) -> list[Condition]:
        """A constraint as conditions on formulas."""
        assert self.opened is not None
        return list(self.constraints[number].conditions(self.opened[1][number]))

    def allowed(self, wanted: Sequence[int]) -> Spans:
        """Where there is a network that meets the constraints of these numbers."""
        spans = self.valid
        if spans:
            spans = self.search.where([c for number in wanted for c in self.conditions(number)], spans)
        alone = (
            (place, place)
            for place, found in self.analysed.items()
            if not isinstance(found, str) and all(self.constraints[n].holds(found[n]) for n in wanted)
        )
        return joined([*spans, *alone])

    @cached_property
    def directions(self) -> tuple[int | None, ...]:
        """Of each constraint whether its quantity never falls (1) or never grows (-1), None where it is scanned."""
        if self.opened is None or not self.valid:
            return (None,) * len(self.constraints)
        ends = self.valid[0][0], self.valid[-1][1]
        found = []
        for measured in self.opened[1]:
            directions = {Function(self.search, number).direction(*ends) for number in measured}
            moving = directions - {0} or {0}
            found.append(moving.pop() if len(moving) == 1 else None)
        return tuple(found)

    def numbers_at(self, place: int) -> tuple[tuple[Any, ...], ...]:
        """The numbers of each constraint at a place; ArchcalcError where there is no network."""
        found = self.analysed.get(place)
        if isinstance(found, str):
            raise ArchcalcError(f"{self.variable.label} = {self.line.value(place)}: {found}")
        if found is not None:
            return found
        if not intersection(self.valid, ((place, place),)):
            why = next(f.why for f in self._excluded if intersection(f.places, ((place, place),)))
            raise ArchcalcError(f"{self.variable.label} = {self.line.value(place)}: {why}")
        assert self.opened is not None
        flat = iter(self._program.run({self.name: self.line.value(place)}))
        return tuple(tuple(next(flat) for _ in measured) for measured in self.opened[1])

    @cached_property
    def _program(self) -> Any:
        assert self.opened is not None
        return program([number for measured in self.opened[1] for number in measured])

    def measured_at(self, place: int) -> dict[str, Any]:
        """The quantities of the constraints at a place, by name."""
        pairs = zip(self.constraints, self.numbers_at(place), strict=True)
        return {constraint.name: _one(found) for constraint, found in pairs}


def _check_numbers(report: Report, known: Set[str]) -> None:
    """Refuse symbols but the one that is solved for."""
    left = sorted(report.symbols.keys() - known)
    if left:
        raise UsageError(f"solving needs numbers; {', '.join(left)} is open")


def _one(found: tuple[Any, ...]) -> Any:
    plain = tuple(map(dims.plain, found))
    return plain[0] if len(plain) == 1 else plain


def _reason(error: Exception) -> str:
    """The first fact of an error, in a line."""
    if isinstance(error, SpecError):
        problem = error.problems[0]
        return shown(f"{problem.where}: {problem.message}" if problem.where else problem.message, MAX_REASON)
    return shown(str(error).partition("\n")[0], MAX_REASON)
