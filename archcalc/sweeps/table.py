"""Rows as columns of values: from the numbers of points back to networks, sizes and settings."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formula.arrays import LARGEST
from ..formula.program import DENOMINATOR, NUMERATOR
from .keepers import Rows
from .kernel import Case
from .plan import Plan
from .ranges import Axis

Array = NDArray[Any]
_EXACT = 10**15  # decimals with fewer digits come back from a float as they are


def kind(axis: Axis) -> str:
    """What the values of an axis are in a table: whole, decimal (floats that print as the exact value), truth or other.

    >>> from .ranges import read
    >>> [kind(read("x", text)) for text in ("1:9", "0.25:1:0.25", "1/3,1", "true,false", "A,B")]
    ['whole', 'decimal', 'other', 'truth', 'other']
    """
    if not axis.is_numeric:
        return "truth" if axis.listed and all(isinstance(value, bool) for value in axis.listed) else "other"
    below = axis.denominator
    if below == 1:
        return "whole"
    digits = next((digits for digits in range(16) if 10**digits % below == 0), None)
    return "decimal" if digits is not None and axis.largest * 10**digits // below < _EXACT else "other"


def table(plan: Plan, rows: Rows | None) -> Mapping[str, Array]:
    """Columns by name; `network` only where there are several."""
    networks = {structure.network for structure in plan.structures}
    count = 0 if rows is None else len(rows.points)
    columns: dict[str, Array] = {}
    if len(networks) > 1:
        columns["network"] = np.empty(count, dtype=object)
    for axis in plan.axes:
        columns[axis.name] = np.empty(count, dtype={"decimal": np.float64}.get(kind(axis), object))
    if rows is not None:
        _filled(plan, rows, columns)
    for axis in plan.axes:
        if kind(axis) == "whole" and (rows is None or axis.largest < 2**63):
            columns[axis.name] = columns[axis.name].astype(np.int64)
    for place, name in enumerate(plan.columns):
        columns[name] = np.empty(0, dtype=np.int64) if rows is None else rows.columns[place]
    return columns


def _filled(plan: Plan, rows: Rows, columns: Mapping[str, Array]) -> None:
    starts = np.array([structure.start for structure in plan.structures])
    numbers = np.searchsorted(starts, rows.points, side="right") - 1
    order = np.argsort(numbers, kind="stable")
    bounds = np.flatnonzero(np.diff(numbers[order])) + 1
    for which in np.split(order, bounds) if len(order) else []:
        structure = plan.structures[numbers[which[0]]]
        if "network" in columns:
            columns["network"][which] = structure.network
        for name, value in structure.constants.items():
            for place in which if isinstance(value, tuple) else ():
                columns[name][place] = value
            if not isinstance(value, tuple):
                columns[name][which] = value
        lengths = tuple(map(len, structure.axes))
        own = np.unravel_index(rows.points[which] - structure.start, lengths) if lengths else ()
        for axis, places in zip(structure.axes, own, strict=True):
            columns[axis.name][which] = _values(axis, places)


def _values(axis: Axis, places: Array) -> Array:
    """The values with these numbers."""
    different, back = np.unique(places, return_inverse=True)
    values = np.empty(len(different), dtype=object)
    for number, place in enumerate(different.tolist()):
        values[number] = axis.value(place)
    if kind(axis) == "decimal":
        values = np.array([float(Fraction(value)) for value in values])
    return values[back.reshape(-1)]


def wide(plan: Plan) -> tuple[int, ...]:
    """Of each quantity, how many digits its values may have at most where they might pass 64 bits; else 0."""
    largest = [0] * len(plan.columns)
    for structure in plan.structures:
        if not isinstance(structure.case, str):
            largest = list(map(max, largest, _bounds(structure.case, structure.axes)))
    return tuple(0 if bound <= LARGEST else len(str(bound)) for bound in largest)


def _bounds(case: Case, axes: tuple[Axis, ...]) -> list[int]:
    """What no output of a case exceeds, nor of those that take points over from it."""
    given = {(axis.name, part): getattr(axis, own) for axis in axes
             for part, own in ((NUMERATOR, "largest"), (DENOMINATOR, "denominator"))}  # fmt: skip
    bounds = case.program.bounds(given)
    found = [bounds[above] for above, _ in case.program.outputs]
    for fork in case.forks:
        for other in fork.cases.values():
            if not isinstance(other, str):
                found = list(map(max, found, _bounds(other, axes)))
    return found
