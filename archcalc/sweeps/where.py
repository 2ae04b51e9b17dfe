"""Conditions on quantities and settings: `macs <= 600M and 2*parameters < 12MiB or alpha == 0.5`.

The text goes through the whitelist of `archcalc.expr`; nothing of it is ever evaluated as code. What is compared
becomes a program of whole-number operations: both sides are multiplied by their denominators, so that a ratio is
never rounded.

>>> import numpy as np
>>> where = read("macs <= 600M and not alpha == 1/2", ("macs", "alpha"))
>>> holds = where.compiled({"macs": False, "alpha": True}, {})
>>> holds({"macs": np.array([6 * 10**8, 7 * 10**8, 1]), "alpha": (np.array([1, 1, 2]), 4)})[0].tolist()
[True, False, False]
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import dims
from ..conditions import Condition
from ..errors import ArchcalcError, UsageError, did_you_mean, hinted, shown
from ..expr import Expression, describe, parse, truth
from ..figures import AMOUNTS
from ..formula.arrays import INT64, LARGEST, OBJECTS
from ..formula.program import DENOMINATOR, NUMERATOR, RELATIONS, Program, program
from ..records import Record, record

Array = NDArray[Any]
_UNIT = "|".join(sorted(AMOUNTS, key=len, reverse=True))
_AMOUNT = re.compile(rf"(?<![A-Za-z0-9_.])([0-9]{{1,15}}(?:\.[0-9]{{1,9}})?) ?({_UNIT})(?![A-Za-z0-9_.])")
_COMPARED = {ast.Eq: "==", ast.NotEq: "!=", ast.GtE: ">=", ast.LtE: "<=", ast.Lt: "<", ast.Gt: ">"}


@record
class Where(Record):
    """A checked condition, and the names that it reads."""

    text: str
    tree: Any  # and, or, not, comparisons, over expressions
    names: frozenset[str]
    divisors: tuple[Expression, ...]  # those that hold names

    def compiled(self, numbers: Mapping[str, bool], constants: Mapping[str, Any]) -> Holds:
        """For these names that stand for arrays, whether of ratios, and constants such as words.

        Raises UsageError where words and numbers are mixed up, or a choice depends on a number.
        """
        from ..dims.symbolic import index

        symbols: dict[str, Any] = {}
        for name in sorted(numbers):
            symbols[name] = dims.symbol(name, ratio=True) if numbers[name] else index({*map(str, symbols.values())})
        try:
            return _compiled(self, symbols, constants)
        except ArchcalcError as error:
            raise UsageError(f"where: {error}") from None


@record
class Holds(Record):
    """A compiled condition: a tree over the checks of a program."""

    tree: Any
    program: Program
    inputs: Mapping[str, str]  # names by what the program calls them
    divisors: tuple[tuple[int, str], ...]  # checks that hold where a divisor is not greater than 0, and the reasons

    def __call__(self, values: Mapping[str, Any]) -> tuple[Array, list[tuple[Array, str]]]:
        """Whether it holds, for arrays by name; those of ratios are a pair of numerators and a denominator.

        Beside it stand the points where a divisor is not greater than 0 and nothing can be said, with the reason.
        """
        given: dict[tuple[str, str], Any] = {}
        for own, name in self.inputs.items():
            value = values[name]
            above, below = value if isinstance(value, tuple) else (value, 1)
            given[own, NUMERATOR], given[own, DENOMINATOR] = np.asarray(above), np.asarray(below)
        largest = {key: _largest(values) for key, values in given.items()}
        fits = max(self.program.bounds(largest), default=0) <= LARGEST
        given = {key: values.astype(np.int64 if fits else object) for key, values in given.items()}
        try:
            with np.errstate(divide="ignore"):
                found = self.program.results(INT64 if fits else OBJECTS, given)
        except ZeroDivisionError:
            raise UsageError("where: division by zero, of numbers beyond 64 bits") from None
        undecided = [(self._checked(number, found), reason) for number, reason in self.divisors]
        return np.asarray(self._holds(self.tree, found), dtype=bool), undecided

    def _checked(self, number: int, found: Sequence[Any]) -> Array:
        check = self.program.checks[number]
        return np.asarray(RELATIONS[check.relation](found[check.left], found[check.right]), dtype=bool)

    def _holds(self, tree: Any, found: Sequence[Any]) -> Any:
        kind, parts = tree
        if kind == "known":
            return np.asarray(parts)
        if kind == "check":
            return self._checked(parts, found)
        inner = [self._holds(part, found) for part in parts]
        if kind == "not":
            return ~inner[0]
        combined = inner[0]
        for other in inner[1:]:
            combined = combined & other if kind == "and" else combined | other
        return combined


def _largest(values: Array) -> int:
    return max(abs(int(values.max())), abs(int(values.min()))) if values.size else 1


def read(text: str, names: Collection[str]) -> Where:
    """The condition of a text over these names; UsageError says what is not allowed."""
    try:
        plain = _without_units(str(text))
        whole = parse(plain)
        body = ast.parse(plain.strip(), mode="eval").body
        _check_choices(body)
        tree, divisors = _tree(body, plain.strip()), _divisors(body, plain.strip())
    except ArchcalcError as error:
        raise UsageError(f"where: {error}") from None
    for name in sorted(whole.names):
        if name not in names:
            raise UsageError(f"where: {hinted(f'unknown name {shown(name)!r}', did_you_mean(name, names))}")
    return Where(str(text), tree, whole.names, divisors)


def _check_choices(body: ast.expr) -> None:
    """Refuse what would be decided once, and not at each point."""
    for node in ast.walk(body):
        inner = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.Compare | ast.BoolOp)]
        if isinstance(node, ast.IfExp) or (inner and not isinstance(node, ast.BoolOp | ast.UnaryOp)):
            raise ArchcalcError("a choice or comparison cannot stand inside of another; combine them by and, or, not")


def _divisors(body: ast.expr, text: str) -> tuple[Expression, ...]:
    """What is divided by, where that holds names."""
    found = [
        _expression(node.right, text)
        for node in ast.walk(body)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod)
    ]
    return tuple(expression for expression in found if expression.names)


def _without_units(text: str) -> str:
    """600M as 600000000, outside of quotes."""
    parts = re.split(r"('[^']*'|\"[^\"]*\")", text)
    return "".join(part if place % 2 else _AMOUNT.sub(_scaled, part) for place, part in enumerate(parts))


def _scaled(match: re.Match[str]) -> str:
    exact = Fraction(match[1]) * AMOUNTS[match[2]]
    return str(exact.numerator) if exact.denominator == 1 else f"({exact.numerator}/{exact.denominator})"


def _tree(node: ast.expr, text: str) -> Any:
    """What `parse` has let through, taken apart at its truth values."""
    if isinstance(node, ast.BoolOp):
        return "and" if isinstance(node.op, ast.And) else "or", tuple(_tree(part, text) for part in node.values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return "not", (_tree(node.operand, text),)
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        pairs = tuple(
            _comparison(left, op, right, text)
            for left, op, right in zip(sides, node.ops, node.comparators, strict=False)
        )
        return pairs[0] if len(pairs) == 1 else ("and", pairs)
    return "value", _expression(node, text)


def _comparison(left: ast.expr, op: ast.cmpop, right: ast.expr, text: str) -> Any:
    if isinstance(op, ast.In | ast.NotIn):
        if not isinstance(right, ast.List | ast.Tuple) or not right.elts:
            raise ArchcalcError("write a list behind `in`: alpha in [0.25, 0.5]")
        equal = tuple(("compare", ("==", _expression(left, text), _expression(part, text))) for part in right.elts)
        return ("or", equal) if isinstance(op, ast.In) else ("not", (("or", equal),))
    return "compare", (_COMPARED[type(op)], _expression(left, text), _expression(right, text))


def _expression(node: ast.expr, text: str) -> Expression:
    return parse(text[node.col_offset : node.end_col_offset])


def _compiled(where: Where, symbols: Mapping[str, Any], constants: Mapping[str, Any]) -> Holds:
    scope = _scope({**symbols, **constants})
    conditions: list[Condition] = []

    def made(tree: Any) -> Any:
        kind, parts = tree
        if kind == "value":
            return "known", _truth(parts, scope)
        if kind != "compare":
            return kind, tuple(map(made, parts))
        relation, *sides = parts
        left, right = (_evaluated(side, scope) for side in sides)
        if not (dims.is_number(left) and dims.is_number(right)):
            return "known", _words((sides[0].text, left), (sides[1].text, right), relation)
        if relation in "<>":
            conditions.append(Condition(left, {"<": ">=", ">": "<="}[relation], right))
            return "not", (("check", len(conditions) - 1),)
        conditions.append(Condition(left, relation, right))
        return "check", len(conditions) - 1

    tree = made(where.tree)
    divisors = []
    for expression in where.divisors:
        divisors.append((len(conditions), f"--where divides by {expression.text}, which is not greater than 0"))
        conditions.append(Condition(_evaluated(expression, scope), "<=", 0))
    compiled = program([], conditions)
    plain = Program(
        compiled.steps, (), tuple(check._replace(condition=None) for check in compiled.checks), compiled.inputs
    )
    names = {str(symbol): name for name, symbol in symbols.items()}
    return Holds(tree, plain, {own: names[own] for own in compiled.inputs}, tuple(divisors))


def _scope(values: Mapping[str, Any]) -> dict[str, Any]:
    """The names, and `size[0]`, `size[1]` as elements of `size`."""
    scope: dict[str, Any] = {}
    for name, value in values.items():
        match = re.match(r"(\w+)\[([0-9]+)\]\Z", name)
        if match is None:
            scope[name] = value
        else:
            scope[match[1]] = (*scope.get(match[1], ()), value)
    return scope


def _evaluated(expression: Expression, scope: Mapping[str, Any]) -> Any:
    return expression.evaluate(scope, [])


def _truth(expression: Expression, scope: Mapping[str, Any]) -> bool:
    """What stands alone must be true or false."""
    value = _evaluated(expression, scope)
    if dims.is_number(value):
        raise ArchcalcError(f"'{shown(expression.text)}' is a number; compare it, as in macs <= 600M")
    _check_list(expression.text, value)
    return truth(value)


def _words(left: tuple[str, Any], right: tuple[str, Any], relation: str) -> bool:
    """Whether words, truth values and lists are equal or not; each comes with its text."""
    _check_list(*left)
    _check_list(*right)
    if relation not in ("==", "!="):
        raise ArchcalcError(f"{_told(left)} and {_told(right)} are no two numbers: compare them by == or !=")
    if dims.is_number(left[1]) or dims.is_number(right[1]):
        raise ArchcalcError(f"{_told(left)} cannot be compared with {_told(right)}")
    alike = type(left[1]) is type(right[1]) and left[1] == right[1]
    return alike if relation == "==" else not alike


def _check_list(text: str, value: Any) -> None:
    """Refuse a list of numbers that differ from point to point."""
    if isinstance(value, tuple) and any(dims.is_number(part) and dims.is_symbolic(part) for part in value):
        raise ArchcalcError(f"'{shown(text)}' is a list here; take one of its numbers, such as {shown(text)}[0]")


def _told(side: tuple[str, Any]) -> str:
    """A value as a message shows it; of a number that differs from point to point the text."""
    text, value = side
    return f"'{shown(text)}'" if dims.is_number(value) and dims.is_symbolic(value) else describe(value)
