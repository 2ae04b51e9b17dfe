"""What a sweep is asked for: read, completed and checked before anything is derived.

>>> listed("quantities", "macs, parameters")
['macs', 'parameters']
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..analysis import read_counting, symbols_in
from ..errors import UsageError, did_you_mean, hinted, shown
from ..network import Network
from ..quantities import MEASURABLE, measurable
from .engines import ENGINES
from .plan import Objective
from .ranges import Axis
from .where import Where
from .where import read as read_where

MAX_TOP = 1_000_000


def listed(what: str, given: Any) -> list[str]:
    """Names from a text with commas between them, or from a list of texts; UsageError for anything else."""
    names = given.split(",") if isinstance(given, str) else given
    names = list(names) if isinstance(names, Iterable) else [names]
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise UsageError(f"{what}: name at least one, as a text with commas between or a list of texts")
    return [name.strip() for name in names]


def selection(top: Any, smallest: Any, pareto: Any) -> tuple[str, int, tuple[Objective, ...]]:
    """What is kept, how many, and what is compared; the name of a first quantity is left empty."""
    if sum(option is not None for option in (top, smallest, pareto)) > 1:
        raise UsageError("give one of top, smallest and pareto")
    count = top if top is not None else smallest
    if count is not None:
        if type(count) is not int or not 1 <= count <= MAX_TOP:
            raise UsageError(f"a whole number from 1 to {MAX_TOP:,} of points can be kept, not {shown(str(count))}")
        return "top", count, (Objective("", top is not None),)
    if pareto is None:
        return "all", 0, ()
    texts = listed("pareto", pareto)
    objectives = tuple(Objective(text.removeprefix("+").strip(), text.startswith("+")) for text in texts)
    if len({name for name, _ in objectives} | {""}) <= len(objectives):
        raise UsageError("pareto: a name is given twice, or missing")
    return "pareto", 0, objectives


def condition_of(text: Any, axes: Sequence[Axis], several: bool) -> Where | None:
    """The condition of a text; it may read quantities, what is varied, and the network where there are several."""
    if text is None:
        return None
    return read_where(text, [*(axis.name for axis in axes), *MEASURABLE, *(["network"] if several else [])])


def completed(
    names: Sequence[str], axes: Sequence[Axis], where: Where | None, objectives: Sequence[Objective]
) -> tuple[str, ...]:
    """The quantities, with those that the condition and the front read behind them; UsageError for unknown ones."""
    names = [measurable(name).name for name in names]
    if len(set(names)) < len(names):
        raise UsageError("quantities: name each once")
    varied = {axis.name for axis in axes}
    read = {name.partition("[")[0] for name, _ in objectives} - {""}
    for name in sorted(read - varied):
        if name not in MEASURABLE:
            hint = did_you_mean(name, [*varied, *MEASURABLE])
            raise UsageError(hinted(f"pareto: '{shown(name)}' is no quantity and not varied", hint))
    read |= where.names if where else frozenset()
    return (*names, *(name for name in MEASURABLE if name in read - varied and name not in names))


def compared(
    objectives: Sequence[Objective], axes: Sequence[Axis], columns: Sequence[str]
) -> tuple[Objective, ...]:  # fmt: skip
    """The objectives with the name of the first column filled in; UsageError for one that is no column of numbers."""
    known = [*columns, *(axis.name for axis in axes if axis.is_numeric)]
    for name, _ in objectives:
        if name and name not in known:
            raise UsageError(hinted(f"pareto: '{shown(name)}' is no column of numbers here", did_you_mean(name, known)))
    return tuple(Objective(name or columns[0], is_large) for name, is_large in objectives)


def check_engine(engine: str, scheduler: str | None) -> None:
    """UsageError for an engine that there is not."""
    if engine not in ENGINES:
        raise UsageError(f"unknown engine '{engine}'; known: {', '.join(ENGINES)}")
    if scheduler is not None and engine != "dask":
        raise UsageError("a scheduler is for the engine dask")


def check_settings(
    axes: Sequence[Axis], quantities: Sequence[str], let: Mapping[str, Any], input: Any, batch: Any, dtype: str
) -> None:  # fmt: skip
    """UsageError for settings of a wrong kind, names that are there twice, and symbols that nothing is given for."""
    if not isinstance(let, Mapping):
        raise UsageError("let: give names with their values, such as {'classes': 10}")
    shapes = [] if input is None else list(input.values()) if isinstance(input, Mapping) else [input]
    if not all(isinstance(shape, list | tuple) for shape in shapes):
        raise UsageError(
            "input: give the channels and the sizes, such as (3, 227, 227), by name where there are several"
        )
    varied = [name for axis in axes for name in (axis.name, *axis.others)]
    if len(set(varied)) < len(varied):
        raise UsageError("vary: a name is there twice")
    for name in varied:
        if name in quantities or name == "network":
            raise UsageError(f"vary: '{name}' is the name of a column too; leave that quantity out, or rename the let")
        if name in let or any(name.startswith(f"{other}_") and name[len(other) + 1 :].isdecimal() for other in let):
            raise UsageError(f"'{name}' is both set and varied")
    if batch != 1 and "N" in varied:
        raise UsageError("the batch is both set and varied, as N")
    for what, given in (("let", let), ("batch", batch), ("input", input)):
        left = sorted(symbols_in(given) - (set(varied) if what == "input" else set()))
        if left:
            raise UsageError(f"{what}: the symbol '{left[0]}' has no value; vary {_how(what, left[0])}")
    read_counting(batch, dtype)


def _how(what: str, symbol: str) -> str:
    return f"it, such as {symbol}=1:9" if what == "input" else "the let itself" if what == "let" else "N"


def labelled(networks: Sequence[Network]) -> list[tuple[str, Network]]:
    """The networks with names that differ: where two are called alike the path of the file, or else a number.

    Raises UsageError for a network that is given twice.
    """
    same = [(network.variant, network.spec.source.path, network.spec.source.data) for network in networks]
    for place, network in enumerate(networks):
        if same[place] in same[:place]:
            raise UsageError(f"the network '{network.name}' is given twice")
    names = [network.name for network in networks]
    labels = []
    for place, network in enumerate(networks):
        path = network.spec.source.path
        if names.count(network.name) == 1:
            labels.append(network.name)
        elif path:
            labels.append(f"{path}:{network.variant}" if network.variant else path)
        else:
            labels.append(f"{network.name} {1 + names[:place].count(network.name)}")
    return list(zip(labels, networks, strict=True))
