"""What is kept of the points that a sweep passes: all of them, the largest, or those that no other dominates.

Rows are points by their number in the order of the sweep, with the exact values of the columns that were asked for.
Keepers may see the parts of a sweep in any order and be merged: the answer is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

Array = NDArray[Any]
MAX_FRONT = 100_000  # points of a front
_PROBES = 16  # points of the front that candidates are compared with first
_PAIRS = 2**14  # points times points that are compared one by one


class Rows(NamedTuple):
    """Numbers of points, their columns, and how many other points equal each in what is compared."""

    points: Array
    columns: tuple[Array, ...]
    equal: Array

    def picked(self, which: Array) -> Rows:
        """Some of the rows."""
        return Rows(self.points[which], tuple(column[which] for column in self.columns), self.equal[which])


class Slab(NamedTuple):
    """The points of a slab: its columns, which points have an answer and meet the condition, and what is compared."""

    start: int
    size: int
    columns: Sequence[Array]  # broadcast to the shape of the slab
    mask: Array | None
    objectives: Sequence[Array]  # flat

    def rows(self, which: Array) -> Rows:
        """The rows of some points of the slab."""
        columns = tuple(column.reshape(-1)[which] for column in self.columns)
        return Rows(which.astype(np.int64) + self.start, columns, np.zeros(len(which), dtype=np.int64))


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows behind each other."""
    columns = tuple(np.concatenate(arrays) for arrays in zip(*(part.columns for part in parts), strict=True))
    return Rows(
        np.concatenate([part.points for part in parts]), columns, np.concatenate([part.equal for part in parts])
    )


def too_many(most: int) -> UsageError:
    """The refusal of more rows than these."""
    return UsageError(
        f"there are more than {most:,} rows: give --top N, --pareto A,B or --where CONDITION, or write them with "
        "--output FILE.csv or FILE.parquet"
    )


class All:
    """Keeps every row, or hands each slab's on and keeps nothing; more than `most` are refused."""

    ordered = True

    def __init__(self, most: int | None = None, emit: Callable[[Rows], None] | None = None) -> None:
        self.most = most
        self.emit = emit
        self.count = 0
        self.parts: list[Rows] = []

    def take(self, slab: Slab) -> None:
        which = np.arange(slab.size) if slab.mask is None else np.flatnonzero(slab.mask)
        if len(which):
            self.merge([slab.rows(which)])

    def merge(self, parts: Sequence[Rows]) -> None:
        for rows in parts:
            self.count += len(rows.points)
            if self.most is not None and self.count > self.most:
                raise too_many(self.most)
            if self.emit is None:
                self.parts.append(rows)
            else:
                self.emit(rows)

    def state(self) -> list[Rows]:
        """What was kept so far."""
        return self.parts

    def rows(self) -> list[Rows]:
        return self.parts


class Top:
    """The `count` points with the largest first objective; of equal ones the first."""

    ordered = False

    def __init__(self, count: int) -> None:
        self.count = count
        self.kept: tuple[Array, Rows] | None = None

    def take(self, slab: Slab) -> None:
        values = slab.objectives[0]
        mask = slab.mask
        if self.kept is not None and len(self.kept[0]) == self.count:
            better = values > self.kept[0][-1]
            mask = better if mask is None else better & mask
        which = np.arange(values.size) if mask is None else np.flatnonzero(mask)
        if not len(which):
            return
        own = values[which]
        if len(which) > self.count and own.dtype != object:
            least = np.partition(own, len(own) - self.count)[len(own) - self.count]
            which = which[own >= least]
            which = which[_first_of(-values[which], which)[: self.count]]
            own = values[which]
        self._merge(own, slab.rows(which))

    def _merge(self, values: Array, rows: Rows) -> None:
        if self.kept is not None:
            values = np.concatenate([self.kept[0], values])
            rows = joined([self.kept[1], rows])
        order = _first_of(-values, rows.points)[: self.count]
        self.kept = values[order], rows.picked(order)

    def merge(self, state: tuple[Array, Rows] | None) -> None:
        if state is not None:
            self._merge(*state)

    def state(self) -> tuple[Array, Rows] | None:
        """What was kept so far."""
        return self.kept

    def rows(self) -> list[Rows]:
        return [self.kept[1]] if self.kept else []


def _first_of(values: Array, points: Array) -> Array:
    """The order by value and then by point; Python's own numbers too."""
    by_point = np.argsort(points, kind="stable")
    return by_point[np.argsort(values[by_point], kind="stable")]


class Pareto:
    """The points that no other is at least as small as in every objective and smaller in one.

    Of points that are equal in all objectives the first is kept, and the others are counted. A front of more than
    MAX_FRONT points is refused. Fronts are found and merged by halves, as Kung, Luccio and Preparata (1975) do it: for
    d objectives and n points that takes of the order of n*log(n)**(d - 1) steps, for two n*log(n).
    """

    ordered = False

    def __init__(self) -> None:
        self.kept: tuple[list[Array], Rows] | None = None

    def take(self, slab: Slab) -> None:
        which = np.arange(slab.size) if slab.mask is None else np.flatnonzero(slab.mask)
        values = [objective if slab.mask is None else objective[which] for objective in slab.objectives]
        if self.kept is not None and len(which):
            which, values = self._probed(which, values)
        if len(which):
            values, rows = _different([value.copy() for value in values], slab.rows(which))
            own = _undominated(values)
            self._merge(_of(values, own), rows.picked(own))

    def _probed(self, which: Array, values: list[Array]) -> tuple[Array, list[Array]]:
        """The candidates that some points of the front do not dominate."""
        assert self.kept is not None
        front = self.kept[0]
        size = len(front[0])
        for probe in sorted({size * number // _PROBES for number in range(_PROBES)} | {size - 1}):
            own = [objective[probe] for objective in front]
            above = np.asarray(values[0] >= own[0], dtype=bool)
            alike = np.asarray(values[0] == own[0], dtype=bool)
            for value, mark in zip(values[1:], own[1:], strict=True):
                above &= np.asarray(value >= mark, dtype=bool)
                alike &= np.asarray(value == mark, dtype=bool)
            kept = ~above | alike
            if not kept.all():
                which, values = which[kept], [value[kept] for value in values]
                if not len(which):
                    break
        return which, values

    def _merge(self, values: list[Array], rows: Rows) -> None:
        """Put another front together with this one: only points of one are compared with points of the other."""
        if self.kept is not None:
            before = self.kept[1].points
            values = [np.concatenate(pair) for pair in zip(self.kept[0], values, strict=True)]
            values, rows = _different(values, joined([self.kept[1], rows]))
            is_new, kept = ~np.isin(rows.points, before), np.ones(len(rows.points), dtype=bool)
            for side in (True, False):
                near, by = np.flatnonzero((is_new == side) & kept), np.flatnonzero((is_new != side) & kept)
                kept[near] = ~_dominated(_of(values, near), _of(values, by))
            values, rows = _of(values, kept), rows.picked(kept)
        if len(rows.points) > MAX_FRONT:
            raise UsageError(
                f"more than {MAX_FRONT:,} points are not dominated by others; compare fewer quantities, or fewer points"
            )
        self.kept = values, rows

    def merge(self, state: tuple[list[Array], Rows] | None) -> None:
        if state is not None:
            self._merge(*state)

    def state(self) -> tuple[list[Array], Rows] | None:
        """What was kept so far."""
        return self.kept

    def rows(self) -> list[Rows]:
        return [self.kept[1]] if self.kept else []


def _different(values: list[Array], rows: Rows) -> tuple[list[Array], Rows]:
    """The points in the order of all objectives; of equal ones the first, with the others counted."""
    order = np.argsort(rows.points, kind="stable")
    for value in reversed(values):
        order = order[np.argsort(value[order], kind="stable")]
    values, rows = [value[order] for value in values], rows.picked(order)
    new = np.ones(len(order), dtype=bool)
    new[1:] = False
    for value in values:
        new[1:] |= np.asarray(value[1:] != value[:-1], dtype=bool)
    first = np.flatnonzero(new)
    equal = np.add.reduceat(rows.equal + 1, first) - 1
    return _of(values, first), rows.picked(first)._replace(equal=equal)


def _undominated(values: list[Array]) -> Array:
    """The numbers of the points, different and sorted by all objectives, that none before dominates."""
    count = len(values[0])
    if count <= 1 or len(values) == 1:
        return np.arange(min(count, 1))
    if len(values) == 2:
        least = np.minimum.accumulate(values[1])
        return np.flatnonzero(np.concatenate([[True], np.asarray(values[1][1:] < least[:-1], dtype=bool)]))
    if count * count <= _PAIRS:
        return np.flatnonzero(~np.tril(_covered(values[1:], values[1:]), -1).any(axis=1))
    middle = count // 2
    low = _undominated([value[:middle] for value in values])
    high = _undominated([value[middle:] for value in values]) + middle
    others = values[1:]  # in the first no point is smaller than one before
    return np.concatenate([low, high[~_dominated(_of(others, high), _of(others, low))]])


def _dominated(near: list[Array], by: list[Array]) -> Array:
    """Which points some of the others are not larger than in any objective."""
    if not (len(near[0]) and len(by[0])):
        return np.zeros(len(near[0]), dtype=bool)
    if len(near) == 1:
        return np.asarray(near[0] >= by[0].min(), dtype=bool)
    if len(near) == 2:
        order = np.argsort(by[0], kind="stable")
        least = np.minimum.accumulate(by[1][order])
        before = np.searchsorted(by[0][order], near[0], side="right")
        return np.asarray(least[np.maximum(before, 1) - 1] <= near[1], dtype=bool) & (before > 0)
    if len(near[0]) * len(by[0]) <= _PAIRS:
        return np.asarray(_covered(near, by).any(axis=1), dtype=bool)
    return _halved(near, by)


def _covered(near: list[Array], by: list[Array]) -> Array:
    """Of each point, in a row, which of the others are not larger in any objective."""
    covers = [np.asarray(other[None, :] <= own[:, None], dtype=bool) for own, other in zip(near, by, strict=True)]
    return np.asarray(np.logical_and.reduce(covers), dtype=bool)


def _halved(near: list[Array], by: list[Array]) -> Array:
    """The same by halves of the first objective: there no point of the lower is larger than one of the upper."""
    first, least, most = by[0], by[0].min(), by[0].max()
    if least == most:
        found = np.asarray(near[0] >= least, dtype=bool)
        found[found] = _dominated(_of(near[1:], found), by[1:])
        return found
    middle = np.partition(first, len(first) // 2)[len(first) // 2]
    if middle == most:
        middle = first[np.asarray(first < most, dtype=bool)].max()
    low, by_low = np.asarray(near[0] <= middle, dtype=bool), np.asarray(first <= middle, dtype=bool)
    found = np.zeros(len(low), dtype=bool)
    found[low] = _dominated(_of(near, low), _of(by, by_low))
    found[~low] = _dominated(_of(near[1:], ~low), _of(by[1:], by_low))
    left = ~(low | found)
    found[left] = _dominated(_of(near, left), _of(by, ~by_low))
    return found


def _of(values: list[Array], which: Array) -> list[Array]:
    """Some of the points."""
    return [value[which] for value in values]
