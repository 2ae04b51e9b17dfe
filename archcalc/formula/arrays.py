"""Programs over NumPy arrays: exact integers, in 64 bits where every step fits into them, else of any length.

>>> import numpy as np
>>> from archcalc import dims
>>> from archcalc.formula.program import program
>>> H = dims.symbol("H")
>>> (squares,) = run(program([H * H]), {"H": np.array([3, 2**40])})
>>> squares.tolist()
[9, 1208925819614629174706176]
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import dims
from ..errors import ArchcalcError, UsageError
from .program import DENOMINATOR, NUMERATOR, RELATIONS, Program

Array = NDArray[Any]
LARGEST = 2**63 - 1


def run(program: Program, values: Mapping[str, Any], *, checked: bool = True) -> tuple[Array, ...]:
    """The outputs for numbers or arrays by name, broadcast against each other as NumPy does.

    Ratios may be given as floats, which stand for the decimals they print as. Raises UsageError for numbers that a
    symbol cannot stand for, ArchcalcError for the first that break a condition or whose result is no whole number;
    without `checked` the conditions are known to hold.
    """
    given, found = _steps(program, values)
    if checked:
        _check(program, found, given)
    shape = np.broadcast_shapes(*(_shape(value) for value in values.values()))
    results = (
        np.asarray(found[above]) if below is None else _whole_quotient(found[above], found[below])
        for above, below in program.outputs
    )
    return tuple(result if result.shape == shape else np.broadcast_to(result, shape).copy() for result in results)


def check_domain(name: str, value: Any, *, is_ratio: bool) -> None:
    """UsageError for a number or an array that a symbol cannot stand for."""
    _ratios(name, value) if is_ratio else _whole(name, value)


def _shape(value: Any) -> tuple[int, ...]:
    """The shape of a number, an array, or a ratio given as two arrays."""
    return np.shape(value[0] if isinstance(value, tuple) else value)


def truths(program: Program, values: Mapping[str, Any]) -> tuple[Array, ...]:
    """Whether each condition holds, for numbers or arrays as `run` takes them; a ratio also as two arrays of integers.

    >>> from archcalc import dims
    >>> from archcalc.conditions import divides
    >>> from archcalc.formula.program import program
    >>> [mask.tolist() for mask in truths(program([], [divides(3, dims.symbol("H"))]), {"H": np.arange(1, 7)})]
    [[False, False, True, False, False, True]]
    """
    given, found = _steps(program, values)
    shape = np.broadcast_shapes(*(array.shape for array in given.values()))
    return tuple(
        np.broadcast_to(np.asarray(RELATIONS[relation](found[left], found[right]), dtype=bool), shape)
        for left, relation, right, _ in program.checks
    )


def _steps(program: Program, values: Mapping[str, Any]) -> tuple[dict[tuple[str, str], Array], list[Any]]:
    """The parts of the inputs, and what every step gives: in 64 bits where no step can pass them."""
    given = {}
    for name, is_ratio in program.inputs.items():
        value = values[name]
        if not is_ratio:
            given[name, NUMERATOR] = _whole(name, value)
            continue
        parts = tuple(map(np.asarray, value)) if isinstance(value, tuple) else _ratios(name, value)
        given[name, NUMERATOR], given[name, DENOMINATOR] = parts
    largest = {key: int(array.max(initial=1)) for key, array in given.items()}
    fits = max(program.bounds(largest), default=0) <= LARGEST
    algebra = INT64 if fits else OBJECTS
    if not fits:
        given = {key: array.astype(object) for key, array in given.items()}
    return given, program.results(algebra, given)


def _whole(name: str, value: Any) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "iuO" or (array.dtype == object and any(type(part) is not int for part in array.flat)):
        raise UsageError(f"{name} stands for whole numbers; give an array of integers")
    if array.size and array.min() < 1:
        raise UsageError(f"{name} is a whole number >= 1, not {array.min()}")
    return array.astype(object if array.size and array.max() > LARGEST else np.int64)


def _ratios(name: str, value: Any) -> tuple[Array, Array]:
    """Numerators and denominators; each different value is converted once."""
    array = np.asarray(value)
    different, places = np.unique(array, return_inverse=True) if array.dtype.kind in "iuf" else (array.ravel(), None)
    exact = [dims.exact(part) for part in different]
    wrong = [part for part in exact if not dims.is_number(part) or part <= 0]
    if wrong:
        raise UsageError(f"{name} is a number greater than 0, not {wrong[0]}")
    above, below = (_integers([getattr(part, side) for part in exact]) for side in (NUMERATOR, DENOMINATOR))
    if places is not None:
        above, below = np.asarray(above[places]), np.asarray(below[places])
    return above.reshape(array.shape), below.reshape(array.shape)


def _integers(numbers: list[int]) -> Array:
    return np.array(numbers, dtype=np.int64 if all(number <= LARGEST for number in numbers) else object)


def _check(program: Program, found: list[Any], given: Mapping[tuple[str, str], Array]) -> None:
    """Refuse the first point that breaks a condition."""
    for left, relation, right, condition in program.checks:
        holds = np.asarray(RELATIONS[relation](found[left], found[right]))
        if not holds.all():
            shape = np.broadcast_shapes(holds.shape, *(array.shape for array in given.values()))
            place = np.unravel_index(int(np.argmin(np.broadcast_to(holds, shape))), shape)
            told: dict[str, Any] = {}
            for (name, part), array in given.items():
                number = int(np.broadcast_to(array, shape)[place])
                told[name] = dims.ratio(told[name], number) if part == DENOMINATOR else number
            breaking = ", ".join(f"{name}={number}" for name, number in told.items())
            raise ArchcalcError(f"{breaking} breaks the assumption {condition}")


def _whole_quotient(above: Any, below: Any) -> Array:
    if np.any(above % below):
        raise ArchcalcError("the result is not a whole number everywhere; evaluate it point by point")
    return np.asarray(above // below)


Operation: TypeAlias = Callable[[Any, Any], Any]


def _algebra(number: Callable[[int], Any], of: Callable[[Operation], Operation]) -> dict[str, Callable[..., Any]]:
    add, multiply, largest, smallest = map(of, (np.add, np.multiply, np.maximum, np.minimum))
    return {
        "number": number,
        "+": lambda *args: functools.reduce(add, args),
        "*": lambda *args: functools.reduce(multiply, args),
        "//": of(np.floor_divide),
        "max": lambda *args: functools.reduce(largest, args),
        "min": lambda *args: functools.reduce(smallest, args),
        "gcd": of(np.gcd),
        "<": of(lambda a, b: np.less(a, b) * number(1)),
    }


def _of_objects(operation: Operation) -> Operation:
    """NumPy gives an int for two arrays without axes, and would take the next two ints for 64 bits."""
    return lambda a, b: np.asarray(operation(a, b), dtype=object)


INT64 = _algebra(np.int64, lambda operation: operation)
OBJECTS = _algebra(lambda number: np.array(number, dtype=object), _of_objects)
