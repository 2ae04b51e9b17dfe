"""Sweeps: the costs of networks at every point of a grid of sizes and settings, exactly.

>>> found = sweep("lenet5", {"H": "32:64:16", "W": [32, 48]}, ["macs"], top=2)
>>> [(row["H"], row["W"], row["macs"]) for row in found]
[(64, 48, 3711600), (48, 48, 2228400)]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..errors import ArchcalcError, UsageError
from ..network import Network, load
from ..records import Record, Shown, record
from .asked import check_engine, check_settings, compared, completed, condition_of, labelled, listed, selection
from .cases import Compiler, Request, Structure
from .engines import run
from .keepers import Rows, joined, too_many
from .plan import Plan, Tally
from .ranges import MAX_POINTS, Axis, read
from .table import table
from .where import Where

Array = NDArray[Any]
QUANTITIES = ("parameters", "macs", "activations")


@record
class Sweep(Shown, Record):
    """What a sweep kept: `columns` by name, exact; how many `points` it passed, and why points were `left_out`.

    `len` is the number of rows; iterating gives them as mappings.
    """

    plan: Plan
    kept: tuple[Rows, ...]
    tally: Tally

    @property
    def points(self) -> int:
        """How many points were passed."""
        return self.tally.points

    @property
    def met(self) -> int:
        """How many of them have an answer and meet the condition."""
        return self.tally.met

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many points have no answer, by the reason."""
        return dict(sorted(self.tally.left_out.items(), key=lambda item: (-item[1], item[0])))

    @property
    def equal(self) -> int:
        """How many more points equal one of the rows in all that was compared."""
        return sum(int(rows.equal.sum()) for rows in self.kept)

    @cached_property
    def columns(self) -> Mapping[str, Array]:
        """Arrays by name: `network` where there are several, what was varied, the quantities.

        Whole numbers have 64 bits where all of a column fit, else they are Python's own; decimals are floats where
        each prints as the exact value, else fractions.
        """
        return table(self.plan, joined(self.kept)) if self.kept else table(self.plan, None)

    def to_pandas(self) -> Any:
        """The columns as a data frame; UsageError where pandas is not installed."""
        from ..render.frames import of_columns

        return of_columns(self.columns)

    def __len__(self) -> int:
        return sum(len(rows.points) for rows in self.kept)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        names = list(self.columns)
        for values in zip(*(column.tolist() for column in self.columns.values()), strict=True):
            yield dict(zip(names, values, strict=True))

    def __repr__(self) -> str:
        return f"<Sweep of {self.points:,} points: {len(self):,} rows>"

    def show_as(self, format: str) -> str:
        """The first rows as a table, and how many points there were."""
        from ..render.sweeps import first_rows

        return first_rows(self, format)


def sweep(
    networks: str | Path | Mapping[str, Any] | Network | Sequence[Any],
    vary: Mapping[str, Any],
    quantities: str | Sequence[str] = QUANTITIES,
    *,
    where: str | None = None,
    top: int | None = None,
    smallest: int | None = None,
    pareto: str | Sequence[str] | None = None,
    let: Mapping[str, Any] | None = None,
    input: Any = None,
    batch: Any = 1,
    dtype: str = "float32",
    max_layers: int = 200_000,
    engine: str = "numpy",
    scheduler: str | None = None,
    most: int | None = None,
    emit: Callable[[Plan, Rows], None] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Sweep:
    """The quantities of one or several networks for all combinations of the values in `vary`.

    A name in `vary` is a `let` of every network, an element of a list (`depths_0`), a symbol of `input`, `N` for the
    batch, or an axis `H`, `W`, `D` (`H=W` for two that are equal). Its values are a text (`96:640:32`, with its end;
    `0.25,0.5`; `A,B`), a range, or a sequence. `where` keeps the points that meet a condition (`macs <= 600M and alpha
    > 1/2`); `top` and `smallest` those many with the largest or smallest first quantity; `pareto` those that no other
    dominates in these quantities or varied names, a `+` in front of one that is to be large; quantities that these two
    read are computed behind the others. More than `most` rows are refused; with `emit` rows are handed on as they come
    and not kept. `engine` is numpy or dask, with the address of a `scheduler` or else a cluster on this machine;
    `progress` is called with the stage, `analyses` and then `points`, how many points have passed it, and how many
    there are.

    Raises UsageError for a wrong request, ArchcalcError where no point has an answer.

    >>> small = sweep("mobilenet", {"alpha": "0.25:1:0.25", "H": [128, 224]}, ["macs"], where="macs < 150M")
    >>> small.columns["alpha"].tolist(), small.columns["macs"].tolist()
    ([0.25, 0.25, 0.5, 0.5], [23555584, 41030272, 85646336, 149497088])
    """
    if not isinstance(vary, Mapping) or not vary:
        raise UsageError("vary: nothing is varied; name sizes or settings with their values, such as H=96:640:32")
    loaded = labelled(_loaded(networks))
    axes = tuple(read(name, values) for name, values in vary.items())
    keep, count, objectives = selection(top, smallest, pareto)
    condition = condition_of(where, axes, len(loaded) > 1)
    names = completed(listed("quantities", quantities), axes, condition, objectives)
    check_settings(axes, names, let or {}, input, batch, dtype)
    check_engine(engine, scheduler)
    settings = {"let": let or {}, "input": input, "batch": batch}
    requests = [Request(network, label, axes, names, settings, dtype, max_layers) for label, network in loaded]
    structures, columns = _structures(requests, progress or _unseen)
    plan = Plan(
        axes, columns, structures, _conditions(condition, structures, axes, columns), keep, count,
        compared(objectives, axes, columns),
    )  # fmt: skip
    keeper = plan.keeper(most, None if emit is None else lambda rows: emit(plan, rows))
    done = 0

    def step(points: int) -> None:
        nonlocal done
        done += points
        (progress or _unseen)("points", done, plan.points)

    tally = run(plan, keeper, engine, scheduler, step)
    found = Sweep(plan, tuple(keeper.rows()), tally)
    if sum(tally.left_out.values()) == tally.points:
        raise ArchcalcError(f"no point has an answer: {next(iter(found.left_out))}")
    if most is not None and len(found) > most:
        raise too_many(most)
    return found


def _loaded(networks: Any) -> list[Network]:
    """One network or several."""
    one = isinstance(networks, str | Path | Mapping | Network) or not isinstance(networks, Iterable)
    loaded = [load(network) for network in ([networks] if one else networks)]
    if not loaded:
        raise UsageError("no network is given")
    return loaded


def _unseen(stage: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


def _structures(
    requests: Sequence[Request], progress: Callable[[str, int, int], None]
) -> tuple[tuple[Structure, ...], tuple[str, ...]]:
    """Everything that is evaluated, and the columns of the quantities."""
    points = len(requests) * prod(map(len, requests[0].axes))
    if points > MAX_POINTS:
        raise UsageError(f"{points:,} points are more than {MAX_POINTS:,}; give fewer values")
    for request in requests:
        request.check()
    made: list[Structure] = []
    columns: tuple[str, ...] = ()
    done = 0
    for request in requests:
        compiler = Compiler(request, columns)
        for structure in compiler.structures(done):
            made.append(structure)
            done += structure.points
            progress("analyses", done, points)
        columns = compiler.columns
    if not columns:
        raise ArchcalcError(f"no point has an answer: {made[0].case}")
    return tuple(made), columns


def _conditions(
    where: Where | None, structures: Sequence[Structure], axes: Sequence[Axis], columns: Sequence[str]
) -> tuple[Any, ...]:
    """The compiled condition for each structure; those with the same words share it."""
    if where is None:
        return (None,) * len(structures)
    numbers = dict.fromkeys(columns, False)
    for axis in axes:
        if axis.is_numeric and axis.least > 0:
            numbers[axis.name] = axis.denominator > 1
        elif axis.is_numeric and axis.least == 0 and axis.denominator == 1:
            numbers[axis.name] = False
    made: dict[Any, Any] = {}
    compiled = []
    for structure in structures:
        words = {name: value for name, value in structure.constants.items() if name not in numbers}
        words["network"] = structure.network
        key = tuple((name, type(value), value) for name, value in words.items() if name in where.names)
        if key not in made:
            made[key] = where.compiled(numbers, words)
        compiled.append(made[key])
    return tuple(compiled)


__all__ = ["QUANTITIES", "Sweep", "sweep"]
