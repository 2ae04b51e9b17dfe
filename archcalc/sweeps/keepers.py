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
_STRETCH = 512  # candidates that are compared with a front at once


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
    MAX_FRONT points is refused. The comparison by sorted order is that of Kung, Luccio and Preparata (1975) for two
    objectives; for more, each candidate is compared with those that sort before it.
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
            rows = slab.rows(which)
            self._merge(*_front([value.copy() for value in values], rows))

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
        if self.kept is not None:
            values = [np.concatenate(pair) for pair in zip(self.kept[0], values, strict=True)]
            rows = joined([self.kept[1], rows])
            values, rows = _front(values, rows)
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


def _front(values: list[Array], rows: Rows) -> tuple[list[Array], Rows]:
    """The points that no other dominates, in the order of the objectives, with those that equal them counted."""
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
    values, rows = [value[first] for value in values], rows.picked(first)._replace(equal=equal)
    kept = _undominated(values)
    return [value[kept] for value in values], rows.picked(kept)


def _undominated(values: list[Array]) -> Array:
    """The numbers of the points, different and sorted by all objectives, that none before dominates."""
    count = len(values[0])
    if len(values) == 1:
        return np.arange(min(count, 1))
    if len(values) == 2:
        least = np.minimum.accumulate(values[1])
        return np.flatnonzero(np.concatenate([[True], np.asarray(values[1][1:] < least[:-1], dtype=bool)]))
    found = np.empty(0, dtype=np.int64)
    others = values[1:]  # the first is sorted
    for start in range(0, count, _STRETCH):
        near = np.arange(start, min(start + _STRETCH, count))
        near = near[~_dominated(others, near, found)]
        own = [True] * len(near)
        for place in range(1, len(near)):
            before = near[:place][own[:place]]
            own[place] = not _dominated(others, near[place : place + 1], before)[0]
        found = np.concatenate([found, near[own]])
        if len(found) > MAX_FRONT:
            break
    return found


def _dominated(values: list[Array], near: Array, by: Array) -> Array:
    """Which points some of the others are not larger than anywhere."""
    result = np.zeros(len(near), dtype=bool)
    for start in range(0, len(by), 4096):
        part = by[start : start + 4096]
        covers = np.ones((len(near), len(part)), dtype=bool)
        for value in values:
            covers &= np.asarray(value[part][None, :] <= value[near][:, None], dtype=bool)
        result |= covers.any(axis=1)
    return result
