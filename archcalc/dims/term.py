"""A value that remembers its name and how it was made, so that one run of a rule explains itself.

The functions are those of `archcalc.dims`.

>>> H, P, F, S = Term(227, "H"), Term(0, "P"), Term(11, "F"), Term(4, "S")
>>> size = floordiv(H + 2 * P - F, S) + 1
>>> print(size.rule, "=", size.numbers, "=", size.value)
floor((H + 2*P - F)/S) + 1 = floor((227 + 2*0 - 11)/4) + 1 = 55
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import archcalc.dims as dims

SUM, PRODUCT, ATOM = 1, 2, 3  # how tightly an operation binds, for brackets


class Term:
    """A number with a name (`Term(227, "H")`), or one made from others by an operation."""

    __slots__ = ("args", "name", "operation", "value")
    __hash__ = None  # type: ignore[assignment]  # equal values may have been made differently

    def __init__(self, value: Any, name: str = "", operation: str = "", args: tuple[Any, ...] = ()):
        self.value = value
        self.name = name
        self.operation = operation
        self.args = args

    def __add__(self, other: Any) -> Term:
        return self if _is(other, 0) else _made("+", self, other)

    def __radd__(self, other: Any) -> Term:
        return self if _is(other, 0) else _made("+", other, self)

    def __sub__(self, other: Any) -> Term:
        return self if _is(other, 0) else _made("-", self, other)

    def __rsub__(self, other: Any) -> Term:
        return _made("-", other, self)

    def __mul__(self, other: Any) -> Term:
        return self if _is(other, 1) else _made("*", self, other)

    def __rmul__(self, other: Any) -> Term:
        return self if _is(other, 1) else _made("*", other, self)

    def __neg__(self) -> Term:
        return _made("neg", self)

    def __bool__(self) -> bool:
        """A flag is 1 or 0; only flags may decide something in a rule."""
        return bool(self.value != 0)

    def __eq__(self, other: object) -> bool:
        return bool(_value(self) == _value(other))

    def __repr__(self) -> str:
        return f"{self.rule} = {dims.plain(self.value)}"

    @property
    def rule(self) -> str:
        """How the value was made, in names."""
        return _text(self, names=True)[0]

    @property
    def numbers(self) -> str:
        """How the value was made, in numbers."""
        return _text(self, names=False)[0]


_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "neg": lambda a: -a,
    "*": lambda a, b: a * b,
    "/": dims.exact_div,
    "floor": dims.floordiv,
    "ceil": dims.ceildiv,
    "max": dims.smax,
    "min": dims.smin,
    "gcd": dims.gcd,
    "**": dims.power,
    "make_divisible": dims.make_divisible,
}


def _is(a: Any, number: int) -> bool:
    """Whether it is this plain number, which changes nothing and is not worth showing."""
    return type(a) is int and a == number


def _value(a: Any) -> Any:
    return a.value if isinstance(a, Term) else a


def _made(operation: str, *args: Any) -> Term:
    value = _OPERATORS[operation](*(_value(a) for a in args))
    return Term(value, operation=operation, args=args)


def _text(a: Any, names: bool) -> tuple[str, int]:
    """The text of a term and how tightly it binds."""
    if not isinstance(a, Term):
        return _number_text(a)
    if a.name and (names or not a.operation):
        return (a.name, ATOM) if names else _text(a.value, names)
    operation = a.operation
    if operation == "neg":
        text, binding = _text(a.args[0], names)
        return (f"-({text})" if binding == SUM else f"-{text}"), SUM
    texts = [_text(arg, names) for arg in a.args]
    if operation in ("floor", "ceil"):
        return f"{operation}({_joined('/', texts)})", ATOM
    if operation in "+-*/**":
        binding = SUM if operation in "+-" else PRODUCT
        return _joined(operation, texts), binding
    return f"{operation}({', '.join(text for text, _ in texts)})", ATOM


def _number_text(a: Any) -> tuple[str, int]:
    """The text of a number or expression; a ratio binds like the division that it is."""
    text = str(a)
    if " " in text or text.startswith("-"):
        return text, SUM
    return text, ATOM if text.isalnum() or text.endswith(")") else PRODUCT


def _joined(operation: str, texts: list[tuple[str, int]]) -> str:
    """Two texts with an operator between, in brackets where they need them."""
    (left, left_binding), (right, right_binding) = texts
    if operation in "+-":
        if operation == "-" and right_binding == SUM:
            right = f"({right})"
        return f"{left} {operation} {right}"
    if left_binding == SUM or (operation == "**" and left_binding < ATOM):
        left = f"({left})"
    if right_binding == SUM or (operation != "*" and right_binding < ATOM):
        right = f"({right})"
    return f"{left}{operation}{right}"


def floordiv(a: Any, b: Any) -> Term:
    return _made("floor", a, b)


def ceildiv(a: Any, b: Any) -> Term:
    return _made("ceil", a, b)


def exact_div(a: Any, b: Any) -> Term:
    return _made("/", a, b)


ratio = exact_div


def smax(a: Any, b: Any) -> Term:
    return _made("max", a, b)


def smin(a: Any, b: Any) -> Term:
    return _made("min", a, b)


def gcd(a: Any, b: Any) -> Term:
    return _made("gcd", a, b)


def power(a: Any, exponent: int) -> Term:
    return _made("**", a, exponent)


def make_divisible(x: Any, divisor: Any) -> Term:
    return _made("make_divisible", x, divisor)


def same(a: Any, b: Any) -> dims.Truth:
    return dims.same(_value(a), _value(b))


def at_least(a: Any, b: Any) -> dims.Truth:
    return dims.at_least(_value(a), _value(b))


def divides(a: Any, b: Any) -> dims.Truth:
    return dims.divides(_value(a), _value(b))


def is_whole(a: Term) -> bool:
    return dims.is_whole(a.value)


def plain(a: Term) -> Any:
    return a


def symbols_of(a: Term) -> frozenset[str]:
    return dims.symbols_of(a.value)


def substitute(a: Term, values: Mapping[str, Any]) -> Any:
    return dims.substitute(a.value, values)
