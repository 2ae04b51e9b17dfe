"""A sweep as plain data: what is evaluated, under which condition, and what is kept; and its evaluation slab by slab.

A plan holds compiled programs and texts, no expressions: any process that has it gives the same answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..records import Record, record
from .cases import Structure
from .grid import Box, Grid
from .keepers import All, Pareto, Rows, Slab, Top
from .kernel import Kernel
from .ranges import Axis
from .where import Holds

Array = NDArray[Any]
Keeper = All | Top | Pareto


class Objective(NamedTuple):
    """A column that is to be small, or large."""

    name: str
    is_large: bool


@record
class Plan(Record):
    """Structures in the order of their points, with what is asked of them."""

    axes: tuple[Axis, ...]
    columns: tuple[str, ...]  # the quantities
    structures: tuple[Structure, ...]
    conditions: tuple[Holds | None, ...]  # of each structure
    keep: str = "all"  # or top, pareto
    count: int = 0
    objectives: tuple[Objective, ...] = ()

    @property
    def points(self) -> int:
        """How many points there are."""
        return sum(structure.points for structure in self.structures)

    def keeper(self, most: int | None = None, emit: Callable[[Rows], None] | None = None) -> Keeper:
        """An empty keeper."""
        if self.keep == "all":
            return All(most, emit)
        return Top(self.count) if self.keep == "top" else Pareto()


class Tally(NamedTuple):
    """How many points were passed, how many of them met the condition, and why others were left out."""

    points: int
    met: int
    left_out: Counter[str]

    def __add__(self, other: Tally) -> Tally:  # type: ignore[override]
        left_out = self.left_out + other.left_out
        return Tally(self.points + other.points, self.met + other.met, left_out)


NOTHING = Tally(0, 0, Counter())


class Runner:
    """Evaluates slabs of a plan, which are numbered through all its structures."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.grids = [Grid(tuple(map(len, structure.axes))) for structure in plan.structures]
        self.ends = np.array(list(accumulate((grid.slabs for grid in self.grids), initial=0)))
        self.reasons: dict[str, int] = {}
        self.axes = {axis.name: axis for axis in plan.axes}
        self.current: tuple[int, Kernel | None] = (-1, None)

    @property
    def slabs(self) -> int:
        """How many slabs there are."""
        return int(self.ends[-1])

    def run(self, first: int, last: int, keeper: Keeper, progress: Callable[[int], None] | None = None) -> Tally:
        """Pass the slabs first to last - 1."""
        left_out: Counter[str] = Counter()
        codes: Counter[int] = Counter()
        passed = met = 0
        number = int(np.searchsorted(self.ends, first, side="right")) - 1
        for slab in range(first, last):
            while slab >= self.ends[number + 1]:
                number += 1
            structure, box = self.plan.structures[number], self.grids[number].box(slab - int(self.ends[number]))
            if isinstance(structure.case, str):
                size = _size(box)
                left_out[structure.case] += size
            else:
                made = self._slab(number, structure, slab, box, codes)
                size = made.size
                met += size if made.mask is None else int(np.count_nonzero(made.mask))
                keeper.take(made)
            passed += size
            if progress is not None:
                progress(size)
        texts = {code: text for text, code in self.reasons.items()}
        left_out.update({texts[code]: count for code, count in codes.items()})
        return Tally(passed, met, left_out)

    def _slab(self, number: int, structure: Structure, slab: int, box: Box, codes: Counter[int]) -> Slab:
        if self.current[0] != number:
            assert not isinstance(structure.case, str)
            self.current = number, Kernel(structure.case, structure.axes, self.grids[number], self.reasons)
        kernel = self.current[1]
        assert kernel is not None
        columns, status = kernel.block(box)
        shape = tuple(high - low for low, high in box)
        mask = None
        if status is not None and status.any():
            values, counts = np.unique(status, return_counts=True)
            codes.update({int(v): int(c) for v, c in zip(values, counts, strict=True) if v})
            mask = status == 0
        names = dict(zip(self.plan.columns, columns, strict=True))
        condition = self.plan.conditions[number]
        if condition is not None:
            wanted = {name: self._values(name, names, structure, box) for name in condition.inputs.values()}
            met, undecided = condition(wanted)
            for broken, reason in undecided:
                if broken.any():
                    answered = np.ones(shape, dtype=bool) if mask is None else mask
                    codes[kernel.code(reason)] += int(np.count_nonzero(answered & broken))
                    mask = answered & ~broken
            mask = np.broadcast_to(met, shape) if mask is None else mask & met
        compared = []
        for name, is_large in self.plan.objectives:
            value = self._values(name, names, structure, box)
            values = np.broadcast_to(value[0] if isinstance(value, tuple) else value, shape).reshape(-1)
            compared.append(-values if is_large != (self.plan.keep == "top") else values)
        start = structure.start + self.grids[number].start(slab - int(self.ends[number]))
        return Slab(start, _size(box), columns, None if mask is None else mask.reshape(-1), compared)

    def _values(self, name: str, columns: Mapping[str, Array], structure: Structure, box: Box) -> Any:
        """A column, or numerators and their denominator of what is varied."""
        if name in columns:
            return columns[name]
        axis = self.axes[name]
        if name in structure.constants:
            return np.array(int(structure.constants[name] * axis.denominator)), axis.denominator
        place = [own.name for own in structure.axes].index(name)
        shape = [1] * len(box)
        shape[place] = -1
        return axis.numerators(*box[place]).reshape(shape), axis.denominator


def _size(box: Box) -> int:
    size = 1
    for low, high in box:
        size *= high - low
    return size


__all__ = ["NOTHING", "Keeper", "Objective", "Plan", "Rows", "Runner", "Tally"]
