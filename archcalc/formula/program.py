"""Straight-line programs of whole numbers, made from expressions: what every compiled form of a formula comes from.

Each step is one operation on earlier steps, and no step is there twice. A ratio is two whole numbers, a numerator and
a positive denominator, so that nothing is ever rounded but by the floors of the formula itself.

>>> from archcalc import dims
>>> H, alpha = dims.symbol("H"), dims.symbol("alpha", ratio=True)
>>> made = program([dims.floordiv(100 * alpha, 1) * H])
>>> made.run({"H": 2, "alpha": dims.exact(0.29)})
(58,)
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd, prod
from typing import Any, NamedTuple

from .. import dims
from ..conditions import Condition
from ..errors import ArchcalcError
from ..records import Record, record

NUMERATOR, DENOMINATOR = "numerator", "denominator"


class Step(NamedTuple):
    """An operation on earlier steps by their numbers; `number` holds a number, `input` a name and a part of a ratio."""

    operation: str
    args: tuple[Any, ...]


class Quotient(NamedTuple):
    """The steps of a numerator and of a positive denominator; without the second the number is whole."""

    numerator: int
    denominator: int | None = None


class Check(NamedTuple):
    """A relation between two steps that must hold, and the condition that it stands for, where that is kept."""

    left: int
    relation: str
    right: int
    condition: Condition | None


@record
class Program(Record):
    """Steps in an order in which they can be run, what comes out, what must hold, and the names that go in.

    Of each name that goes in, whether it is a ratio.
    """

    steps: tuple[Step, ...]
    outputs: tuple[Quotient, ...]
    checks: tuple[Check, ...]
    inputs: Mapping[str, bool]

    @property
    def operations(self) -> frozenset[str]:
        """Those that occur."""
        return frozenset(step.operation for step in self.steps)

    def run(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The exact outputs for whole numbers, or ratios, by name; ArchcalcError names a condition that they break."""
        found = self.results(_NUMBERS, _parts_of(values))
        for left, relation, right, condition in self.checks:
            if not RELATIONS[relation](found[left], found[right]):
                told = ", ".join(f"{name}={value}" for name, value in values.items())
                raise ArchcalcError(f"{told} breaks the assumption {condition}")
        return tuple(
            found[above] if below is None else dims.plain(Fraction(found[above], found[below]))
            for above, below in self.outputs
        )

    def results(self, algebra: Mapping[str, Callable[..., Any]], given: Mapping[tuple[str, str], Any]) -> list[Any]:
        """What every step gives, with the operations of an algebra and the parts of the inputs."""
        found: list[Any] = []
        for operation, args in self.steps:
            if operation == "number":
                found.append(algebra["number"](args[0]))
            elif operation == "input":
                found.append(given[args])
            else:
                found.append(algebra[operation](*(found[number] for number in args)))
        return found

    def bounds(self, largest: Mapping[tuple[str, str], int]) -> list[int]:
        """What no step exceeds in absolute value, nor any product or sum on the way to it, by the largest inputs."""
        return self.results(_BOUNDS, largest)


def _parts_of(values: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    given = {}
    for name, value in values.items():
        fraction = Fraction(value)
        given[name, NUMERATOR], given[name, DENOMINATOR] = fraction.numerator, fraction.denominator
    return given


_NUMBERS: dict[str, Callable[..., Any]] = {
    "number": lambda number: number,
    "+": lambda *args: sum(args),
    "*": lambda *args: prod(args),
    "//": lambda a, b: a // b,
    "max": max,
    "min": min,
    "gcd": gcd,
    "<": lambda a, b: int(a < b),
}
_BOUNDS: dict[str, Callable[..., Any]] = {
    "number": abs,
    "+": lambda *args: sum(args),
    "*": lambda *args: prod(max(arg, 1) for arg in args),
    "//": lambda a, b: a,
    "max": max,
    "min": max,
    "gcd": max,
    "<": lambda a, b: 1,
}


RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    "% ==": lambda a, b: a % b == 0,
}


def program(expressions: Iterable[Any], conditions: Iterable[Condition] = ()) -> Program:
    """The program that gives these expressions where the conditions hold.

    Raises ArchcalcError for an expression that is not made of archcalc's operations.
    """
    builder = _Builder()
    checks = tuple(builder.check(condition) for condition in conditions)
    outputs = tuple(builder.quotient(expression) for expression in expressions)
    return Program(tuple(builder.steps), outputs, checks, dict(sorted(builder.inputs.items())))


class _Builder:
    """Collects the steps of expressions; equal steps are made once."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.numbers: dict[Step, int] = {}
        self.known: dict[Any, Quotient] = {}
        self.inputs: dict[str, bool] = {}

    def step(self, operation: str, *args: Any) -> int:
        made = Step(operation, args)
        if made not in self.numbers:
            self.numbers[made] = len(self.steps)
            self.steps.append(made)
        return self.numbers[made]

    def value(self, number: int) -> int | None:
        """The number that a step is; None of a step that depends on inputs."""
        operation, args = self.steps[number]
        return args[0] if operation == "number" else None

    def number(self, number: int) -> int:
        return self.step("number", number)

    def sum(self, terms: Sequence[int]) -> int:
        kept = [term for term in terms if self.value(term) != 0]
        if not kept:
            return self.number(0)
        return kept[0] if len(kept) == 1 else self.step("+", *kept)

    def product(self, factors: Sequence[int | None]) -> int:
        """The product of steps, with all numbers as one in front; None is 1."""
        coefficient: int = 1
        kept: list[int] = []
        for factor in factors:
            value = 1 if factor is None else self.value(factor)
            if value is None:
                operation, args = self.steps[factor]  # type: ignore[index]
                inner = args if operation == "*" else (factor,)
                first = self.value(inner[0])
                coefficient *= 1 if first is None else first
                kept.extend(inner if first is None else inner[1:])
            else:
                coefficient *= value
        if coefficient == 0 or not kept:
            return self.number(coefficient)
        front = [] if coefficient == 1 else [self.number(coefficient)]
        return kept[0] if not front and len(kept) == 1 else self.step("*", *front, *kept)

    def check(self, condition: Condition) -> Check:
        """Both sides times their denominators, which are positive: a/b >= c/d where a*d >= c*b."""
        left, right = self.quotient(condition.left), self.quotient(condition.right)
        above = self.product([left.numerator, right.denominator])
        return Check(above, condition.relation, self.product([right.numerator, left.denominator]), condition)

    def whole(self, expression: Any) -> int:
        """The step of an expression that is known to be whole."""
        above, below = self.quotient(expression)
        return above if below is None else self.step("//", above, below)

    def quotient(self, expression: Any) -> Quotient:
        if expression not in self.known:
            operation, args = dims.parts(expression)
            self.known[expression] = getattr(self, _METHODS[operation])(*args)
        return self.known[expression]

    def of_number(self, number: Any) -> Quotient:
        exact = Fraction(number)
        return Quotient(self.number(exact.numerator), self.denominator(self.number(exact.denominator)))

    def denominator(self, number: int) -> int | None:
        return None if self.value(number) == 1 else number

    def of_symbol(self, name: str, is_ratio: bool) -> Quotient:
        self.inputs[name] = is_ratio
        above = self.step("input", name, NUMERATOR)
        return Quotient(above, self.step("input", name, DENOMINATOR) if is_ratio else None)

    def of_sum(self, *terms: Any) -> Quotient:
        """Over one denominator: the product of the different ones, of numbers their least common multiple."""
        parts = [self.quotient(term) for term in terms]
        below = self.common([part.denominator for part in parts])
        return Quotient(self.sum([self.over(part, below) for part in parts]), below)

    def common(self, denominators: Iterable[int | None]) -> int | None:
        """A common multiple of denominators."""
        number, others = 1, []
        for denominator in dict.fromkeys(denominators):
            if denominator is None:
                continue
            value = self.value(denominator)
            if value is None:
                others.append(denominator)
            else:
                number = number * value // gcd(number, value)
        return self.denominator(self.product([self.number(number), *others]))

    def over(self, part: Quotient, below: int | None) -> int:
        """The numerator of a part over a denominator that is a multiple of its own."""
        if part.denominator == below:
            return part.numerator
        missing = self.factors(below)
        for factor in self.factors(part.denominator):
            if factor in missing:
                missing.remove(factor)
            else:
                number = next(self.value(other) for other in missing if self.value(other) is not None)
                missing = [other for other in missing if self.value(other) is None]
                missing.append(self.number(number // self.value(factor)))  # type: ignore[operator]
        return self.product([part.numerator, *missing])

    def factors(self, number: int | None) -> list[int]:
        if number is None:
            return []
        operation, args = self.steps[number]
        return list(args) if operation == "*" else [number]

    def of_product(self, *factors: Any) -> Quotient:
        parts = [self.quotient(factor) for factor in factors]
        below = self.product([part.denominator for part in parts])
        return Quotient(self.product([part.numerator for part in parts]), self.denominator(below))

    def of_power(self, base: Any, exponent: int) -> Quotient:
        part = self.quotient(base)
        above = self.product([part.numerator] * abs(exponent))
        below = self.product([part.denominator] * abs(exponent))
        if exponent < 0:  # of archcalc's divisors, which are positive
            above, below = below, above
        return Quotient(above, self.denominator(below))

    def of_floor(self, a: Any, b: Any) -> Quotient:
        left, right = self.quotient(a), self.quotient(b)
        above = self.product([left.numerator, right.denominator])
        below = self.product([right.numerator, left.denominator])
        return Quotient(above if self.value(below) == 1 else self.step("//", above, below))

    def of_largest(self, *args: Any) -> Quotient:
        return self.extreme("max", args)

    def of_smallest(self, *args: Any) -> Quotient:
        return self.extreme("min", args)

    def extreme(self, operation: str, args: Sequence[Any]) -> Quotient:
        parts = [self.quotient(arg) for arg in args]
        below = self.common([part.denominator for part in parts])
        return Quotient(self.step(operation, *(self.over(part, below) for part in parts)), below)

    def of_gcd(self, a: Any, b: Any) -> Quotient:
        return Quotient(self.step("gcd", self.whole(a), self.whole(b)))

    def of_make_divisible(self, x: Any, divisor: Any) -> Quotient:
        """The nearest multiple, at least one; the next one if more than a tenth of x would be lost."""
        (above, below), step = self.quotient(x), self.whole(divisor)
        two = self.number(2)
        nearest = self.step(
            "//", self.sum([self.product([two, above]), self.product([step, below])]), self.product([two, step, below])
        )
        rounded = self.step("max", step, self.product([nearest, step]))
        is_small = self.step(
            "<", self.product([self.number(10), rounded, below]), self.product([self.number(9), above])
        )
        return Quotient(self.sum([rounded, self.product([step, is_small])]))


_METHODS = {
    "number": "of_number",
    "symbol": "of_symbol",
    "+": "of_sum",
    "*": "of_product",
    "**": "of_power",
    "floor": "of_floor",
    "max": "of_largest",
    "min": "of_smallest",
    "gcd": "of_gcd",
    "make_divisible": "of_make_divisible",
}
