"""Formulas backwards: which sizes, widths or batches of a network meet constraints; all of them, exactly.

>>> found = solve("vgg16", "H", macs="<=5G")
>>> found.intervals[-1].last, found.measured(127)["macs"], 128 in found
(127, 4631049920, False)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from .. import dims
from ..errors import ArchcalcError, UsageError, shown
from ..network import Network, load
from ..records import Record, Shown, record
from ..walk import MAX_LAYERS
from .conflicts import Conflict, conflicts
from .constraints import EXACT_DIVISION, Constraint, constraint
from .problem import Problem
from .spans import Spans, runs, size
from .variable import line, variable

MAX_ANALYSES = 1000  # of values for which there is no formula


@record
class Interval(Record):
    """Values from `first` to `last` that are `step` apart, and what is constrained at both ends, by name."""

    first: Any
    last: Any
    step: Any
    at_first: Mapping[str, Any]
    at_last: Mapping[str, Any]

    @property
    def count(self) -> int:
        """How many values."""
        return int((self.last - self.first) // self.step) + 1

    def __contains__(self, value: Any) -> bool:
        try:
            exact = dims.exact(value)
        except ArchcalcError:  # neither infinity nor what is no number
            return False
        is_within = dims.is_number(exact) and self.first <= exact <= self.last
        return is_within and dims.is_whole(dims.ratio(exact - self.first, self.step))

    def __iter__(self) -> Iterator[Any]:
        return (dims.plain(self.first + number * self.step) for number in range(self.count))


@record
class Nowhere(Record):
    """Values at which there is no network, with the reason at the last of them."""

    values: tuple[tuple[Any, Any, Any], ...]  # first, last and step
    count: int
    why: str


@record
class Solution(Shown, Record):
    """All values of a variable that meet the constraints, as intervals; where there are none, what excludes them.

    `label` says what was varied, such as `H = W`. `searched` is the first value that was looked at, the last, and the
    distance between two. `directions` has for each constraint 1 if its quantity never falls as the variable grows, -1
    if it never grows, 0 if it is constant: these were bisected; None if all values were scanned. `analysed` values had
    no formula, for the reason `why_analysed`. `nowhere` are values at which there is no network.
    """

    network: str
    variable: str
    label: str
    searched: tuple[Any, Any, Any]
    constraints: tuple[Constraint, ...]
    intervals: tuple[Interval, ...]
    conflicts: tuple[Conflict, ...]
    nowhere: tuple[Nowhere, ...]
    directions: tuple[int | None, ...]
    analysed: int
    why_analysed: str
    problem: Problem = field(repr=False)

    @property
    def count(self) -> int:
        """How many values."""
        return sum(interval.count for interval in self.intervals)

    def __contains__(self, value: Any) -> bool:
        return any(value in interval for interval in self.intervals)

    def __iter__(self) -> Iterator[Any]:
        for interval in self.intervals:
            yield from interval

    def __len__(self) -> int:
        return self.count

    def measured(self, value: Any) -> Mapping[str, Any]:
        """What is constrained, by name, at any value of the search; ArchcalcError where there is no network."""
        place = self.problem.line.place(value)
        if place is None:
            first, last, step = self.searched
            raise UsageError(f"{shown(value)} is none of the values {first}, {dims.plain(first + step)}, ... {last}")
        return self.problem.measured_at(place)

    def show_as(self, format: str) -> str:
        """What `archcalc solve` prints."""
        from ..render.solutions import solution

        return solution(self, format)


def solve(
    network: str | Path | Mapping[str, Any] | Network,
    variable_name: Any,
    /,
    *,
    input: Sequence[Any] | Mapping[str, Sequence[Any]] | None = None,
    batch: Any = 1,
    dtype: str = "float32",
    let: Mapping[str, Any] | None = None,
    range: str | tuple[Any, Any] | None = None,
    grid: Any = None,
    exact_division: bool = False,
    max_analyses: int = MAX_ANALYSES,
    max_layers: int = MAX_LAYERS,
    **constraints: Any,
) -> Solution:
    """All values of one variable for which a network meets every constraint.

    The variable is a let of the spec (of a list an element, `depths_0`), `batch`, a symbol in `input`, or an axis: H
    takes along every axis of the same size, `H,W` are two axes with one value. Constraints are texts by quantity, such
    as macs="<=300M", memory="<=12GiB", field=">=224", size="==512x7x7", or sequences of them; behind the path of a
    layer or level they are of it, as in macs="stage1: <=1G". `exact_division` wants every window to leave nothing of
    its input unread. Whole variables are searched from 1 to 4096, the batch to 1,048,576, ratios from 1/100 to 4 on
    multiples of 1/100; `range` (`1:512`) and `grid` (`32`, `1/8`) change that.

    A quantity whose formula is proved to grow, or to fall, is bisected; others are evaluated at every value. Values
    that break an assumption of the formulas are analysed one by one, at most `max_analyses`.

    Raises SpecError with all problems of the spec, UsageError for a wrong request.

    >>> found = solve("mobilenet", "alpha", macs="<=300M", parameters=">=1M")
    >>> [(interval.first, interval.last) for interval in found.intervals]
    [(Fraction(21, 50), Fraction(18, 25))]
    """
    loaded = load(network)
    wanted = [constraint(name, text) for name, texts in constraints.items() for text in _texts(texts)]
    wanted.extend([EXACT_DIVISION] if exact_division else [])
    if not wanted:
        raise UsageError("there is no constraint; give one, such as --macs '<=300M'")
    found = variable(loaded, str(variable_name), let or {}, input, batch)
    given = {"dtype": dtype, "max_layers": max_layers}
    problem = Problem(loaded, found, line(found, range, grid), wanted, given, max_analyses)
    return _solution(problem)


def _texts(texts: Any) -> Sequence[Any]:
    return texts if isinstance(texts, list | tuple) else [texts]


def _solution(problem: Problem) -> Solution:
    value = problem.line.value
    spans = problem.allowed(tuple(range(len(problem.constraints))))
    intervals = [
        Interval(value(first), value(last), value(step), problem.measured_at(first), problem.measured_at(last))
        for first, last, step in runs(spans)
    ]
    nowhere = [
        Nowhere(_values(problem, failure.places), size(failure.places), failure.why) for failure in problem.failures
    ]
    return Solution(
        problem.network.name,
        problem.variable.name,
        problem.variable.label,
        (value(problem.line.first), value(problem.line.last), value(1)),
        problem.constraints,
        tuple(intervals),
        () if spans else conflicts(problem),
        tuple(nowhere),
        problem.directions,
        len(problem.analysed),
        problem.why_analysed,
        problem,
    )


def _values(problem: Problem, places: Spans) -> tuple[tuple[Any, Any, Any], ...]:
    value = problem.line.value
    return tuple((value(first), value(last), value(step)) for first, last, step in runs(places))


__all__ = ["Conflict", "Constraint", "Interval", "Nowhere", "Solution", "solve"]
