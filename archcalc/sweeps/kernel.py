"""One compiled network over the slabs of a grid: exact columns, and at which points there is no answer.

A `Case` is plain data, so that it can be sent to other machines. Where one of its `forks` is met, a choice that was
made about the structure is made otherwise: another case, analysed with numbers for the symbols of that choice, takes
these points over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..formula.arrays import INT64, LARGEST, OBJECTS
from ..formula.program import DENOMINATOR, NUMERATOR, RELATIONS, Program
from ..records import Record, record
from .arrange import Axes, arranged, dependences
from .grid import Box, Grid
from .ranges import Axis

Array = NDArray[Any]
LARGE = 4096  # numbers, from which it pays to use memory again
UFUNCS = {
    "+": np.add, "*": np.multiply, "//": np.floor_divide, "max": np.maximum, "min": np.minimum, "gcd": np.gcd,
    "<": np.less,
}  # fmt: skip


class Fork(NamedTuple):
    """Where the condition of this number in the program does not hold, by the numbers of the values on some axes.

    Instead of a case there may stand the reason why there is none; `beyond` is the reason for points that are not
    listed, nothing where all are.
    """

    check: int
    axes: tuple[int, ...]
    cases: Mapping[tuple[int, ...], Case | str]
    beyond: str = ""


@record
class Case(Record):
    """The program of some quantities, the reason for points that break each of its conditions, its forks."""

    program: Program
    reasons: tuple[str, ...]  # by check; nothing for those of forks
    forks: tuple[Fork, ...] = ()


class Block(NamedTuple):
    """The columns of a slab, broadcast to its shape, and the number of a reason for each point, 0 where all is well."""

    columns: list[Array]
    status: Array | None


class Kernel:
    """A case over the axes of a grid."""

    def __init__(self, case: Case, axes: Sequence[Axis], grid: Grid, reasons: dict[str, int]) -> None:
        self.case = case
        self.axes = axes
        self.grid = grid
        self.reasons = reasons
        self.positions = {axis.name: place for place, axis in enumerate(axes)}
        whole = grid.split if grid.pieces == 1 else grid.split + 1
        self.static: Axes = frozenset(range(whole, len(axes)))
        cheap = self.static or frozenset(range(grid.split))
        self.program = program = arranged(case.program, self.positions, cheap)
        self.names = {name: self.positions[name] for name in program.inputs}
        above = {(name, NUMERATOR): axes[place].largest for name, place in self.names.items()}
        below = {(name, DENOMINATOR): axes[place].denominator for name, place in self.names.items()}
        self.largest = {**above, **below}
        self.fits = max(program.bounds(self.largest), default=0) <= LARGEST
        self.depends = dependences(program.steps, self.positions)
        self.kept: list[Any] = [None] * len(program.steps)
        self.plan = self._planned()
        self.pool: dict[int, list[Array]] = {}  # memory that is free, by its size
        self.lent: dict[int, Array] = {}  # by the number of the step that it holds
        self.forks = [
            (
                fork.axes,
                {
                    key: case if isinstance(case, str) else Kernel(case, axes, grid, reasons)
                    for key, case in fork.cases.items()
                },
            )
            for fork in case.forks
        ]

    def _planned(self) -> list[tuple[int, str, tuple[Any, ...], tuple[int, ...]]]:
        """The steps of a slab, and which others are not needed behind each; those of whole axes are done once."""
        program, once = self.program, set()
        if self.fits:
            once = {number for number, axes in enumerate(self.depends) if axes <= self.static}
            given = self._given(tuple((0, len(axis)) for axis in self.axes), self.static)
            for number in sorted(once):
                self.kept[number] = _done(INT64, program.steps[number], self.kept, given)
        ends = {number for output in program.outputs for number in output if number is not None}
        ends |= {number for check in program.checks for number in (check.left, check.right)}
        last: dict[int, int] = {}
        for number, (operation, args) in enumerate(program.steps):
            if number not in once and operation not in ("number", "input"):
                last.update(dict.fromkeys((arg for arg in args if arg not in once and arg not in ends), number))
        free: dict[int, list[int]] = {}
        for number, user in last.items():
            free.setdefault(user, []).append(number)
        return [
            (number, operation, args, tuple(free.get(number, ())))
            for number, (operation, args) in enumerate(program.steps)
            if number not in once
        ]

    def _given(self, box: Box, only: Axes | None = None) -> dict[tuple[str, str], Any]:
        """The parts of the inputs in a box, each along its axis."""
        given: dict[tuple[str, str], Any] = {}
        for name, place in self.names.items():
            if only is not None and place not in only:
                continue
            values = self.axes[place].numerators(*box[place])
            shape = [1] * len(self.axes)
            shape[place] = len(values)
            given[name, NUMERATOR] = values.reshape(shape)
            given[name, DENOMINATOR] = np.array(self.axes[place].denominator, dtype=None if self.fits else object)
        return given

    def steps(self, box: Box) -> list[Any]:
        """What the steps give that are needed at the end; it is good until the next call."""
        found = list(self.kept)
        given = self._given(box)
        algebra: Mapping[str, Any] = INT64
        if not self.fits:
            algebra, given = self._unsure(given)
        for buffer in self.lent.values():
            self.pool.setdefault(buffer.size, []).append(buffer)
        self.lent.clear()
        for number, operation, args, free in self.plan:
            if operation == "number":
                found[number] = algebra["number"](args[0])
            elif operation == "input":
                found[number] = given[args]
            elif algebra is INT64:
                found[number] = self._made(number, operation, [found[arg] for arg in args], box)
            else:
                found[number] = algebra[operation](*[found[arg] for arg in args])
            for done in free:
                found[done] = None
                if done in self.lent:
                    buffer = self.lent.pop(done)
                    self.pool.setdefault(buffer.size, []).append(buffer)
        return found

    def _made(self, number: int, name: str, args: list[Any], box: Box) -> Any:
        """An operation of 64 bits on two or more arrays; large results go into memory that is used again."""
        shape = [high - low if place in self.depends[number] else 1 for place, (low, high) in enumerate(box)]
        size = prod(shape)
        if size < LARGE:
            return INT64[name](*args)
        operation, spare = UFUNCS[name], self.pool.get(size)
        self.lent[number] = buffer = spare.pop() if spare else np.empty(size, dtype=np.int64)
        made = buffer.reshape(shape)
        operation(args[0], args[1], out=made)
        for arg in args[2:]:
            operation(made, arg, out=made)
        return made

    def _unsure(self, given: dict[tuple[str, str], Any]) -> tuple[Mapping[str, Any], dict[tuple[str, str], Any]]:
        """64 bits where the numbers of this slab fit into them, else Python's own whole numbers."""
        largest = {key: int(values.max()) for key, values in given.items()}
        fits = max(self.program.bounds(largest), default=0) <= LARGEST
        return (INT64 if fits else OBJECTS), {key: v.astype(np.int64 if fits else object) for key, v in given.items()}

    def block(self, box: Box) -> Block:
        """The columns and the status of a slab."""
        shape = tuple(high - low for low, high in box)
        with np.errstate(divide="ignore"):  # only where a condition is broken can a divisor be 0
            found = self.steps(box)
        status: Array | None = None
        for check, reason in zip(self.program.checks, self.case.reasons, strict=True):
            if reason:
                broken = ~np.asarray(RELATIONS[check.relation](found[check.left], found[check.right]), dtype=bool)
                status = self._marked(status, broken, reason, shape)
        columns = []
        for above, below in self.program.outputs:
            column = np.asarray(found[above])
            if below is not None:
                column = np.asarray(found[above] // found[below])
                broken = np.asarray(found[above] != column * found[below], dtype=bool)
                status = self._marked(status, broken, "the result is not a whole number", shape)
            columns.append(np.broadcast_to(_short(column), shape))
        for fork in self.case.forks:
            if fork.beyond:
                check = self.program.checks[fork.check]
                broken = ~np.asarray(RELATIONS[check.relation](found[check.left], found[check.right]), dtype=bool)
                status = self._marked(status, broken, fork.beyond, shape)
        for places, kernels in self.forks:
            columns, status = self._forked(places, kernels, box, columns, status)
        return Block(columns, status)

    def code(self, reason: str) -> int:
        """The number of a reason."""
        return self.reasons.setdefault(reason, len(self.reasons) + 1)

    def _marked(self, status: Array | None, broken: Array, reason: str, shape: tuple[int, ...]) -> Array | None:
        if not broken.any():
            return status
        if status is None:
            status = np.zeros(shape, dtype=np.int32)
        code = self.code(reason)
        status[np.broadcast_to(broken, shape) & (status == 0)] = code
        return status

    def _forked(
        self, places: tuple[int, ...], kernels: Mapping[tuple[int, ...], Kernel | str], box: Box,
        columns: list[Array], status: Array | None,
    ) -> tuple[list[Array], Array | None]:  # fmt: skip
        """The points of other cases replaced by what these give."""
        shape = tuple(high - low for low, high in box)
        for key, kernel in kernels.items():
            part = list(box)
            for place, number in zip(places, key, strict=True):
                part[place] = (number, number + 1)
            if not all(low <= a and b <= high for (a, b), (low, high) in zip(part, box, strict=True)):
                continue
            inside = tuple(slice(a - low, b - low) for (a, b), (low, _) in zip(part, box, strict=True))
            status = np.zeros(shape, dtype=np.int32) if status is None else status
            if isinstance(kernel, str):
                status[inside] = self.code(kernel)
                continue
            block = kernel.block(tuple(part))
            status[inside] = 0 if block.status is None else block.status
            columns = [_with(column, inside, own) for column, own in zip(columns, block.columns, strict=True)]
        return columns, status


def _done(algebra: Mapping[str, Any], step: Any, found: list[Any], given: Mapping[tuple[str, str], Any]) -> Any:
    operation, args = step
    if operation == "number":
        return algebra["number"](args[0])
    return given[args] if operation == "input" else algebra[operation](*(found[arg] for arg in args))


def _short(column: Array) -> Array:
    """Python's own numbers as 64 bits, where they all fit."""
    if column.dtype == object and (column.size == 0 or (column.max() <= LARGEST and column.min() >= -LARGEST)):
        return column.astype(np.int64)
    return column


def _with(column: Array, inside: tuple[slice, ...], own: Array) -> Array:
    """A column with other numbers at some places."""
    wide = column.dtype == object or own.dtype == object
    column = np.array(column, dtype=object if wide else np.int64)
    column[inside] = own
    return column
