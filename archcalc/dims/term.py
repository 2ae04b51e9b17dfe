"""A value that remembers its name and how it was made, so that one run of a rule explains itself.

The functions are those of `archcalc.dims`.

>>> H, P, F, S = Term(227, "H"), Term(0, "P"), Term(11, "F"), Term(4, "S")
>>> size = floordiv(H + 2 * P - F, S) + 1
>>> print(size.rule, "=", size.numbers, "=", size.value)
floor((H + 2*P - F)/S) + 1 = floor((227 + 2*0 - 11)/4) + 1 = 55
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import archcalc.dims as dims

from .names import escaped, latex_name

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
        if _is_negated(other):
            return _made("-", self, other.args[0])
        return self if _is(other, 0) else _made("+", self, other)

    def __radd__(self, other: Any) -> Term:
        return self if _is(other, 0) else _made("+", other, self)

    def __sub__(self, other: Any) -> Term:
        return self if _is(other, 0) else _made("-", self, other)

    def __rsub__(self, other: Any) -> Term:
        return _made("-", other, self)

    def __mul__(self, other: Any) -> Any:
        if _is_negated(other):
            return -(self * other.args[0])
        return 0 if _is(other, 0) else self if _is(other, 1) else _made("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return 0 if _is(other, 0) else self if _is(other, 1) else _made("*", other, self)

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
        return _text(self, names=True, style=PLAIN)[0]

    @property
    def numbers(self) -> str:
        """How the value was made, in numbers."""
        return _text(self, names=False, style=PLAIN)[0]

    def latex(self, *, names: bool) -> str:
        r"""How the value was made, in names or in numbers, in LaTeX for amsmath without dollar signs.

        >>> print(floordiv(Term(7, "H") - 1, Term(2, "S")).latex(names=True))
        \left\lfloor \frac{H - 1}{S} \right\rfloor
        """
        return _text(self, names, LATEX)[0]

    def named(self, name: str) -> Term:
        """The same under a name; one that it has already is how it was made.

        >>> outputs = (Term(6, "C") * Term(28, "H")).named("outputs")
        >>> outputs * 2, outputs.named("neurons").unnamed
        (outputs*2 = 336, outputs = 168)
        """
        return Term(self.value, name, "is", (self,)) if self.name else Term(self.value, name, self.operation, self.args)

    @property
    def unnamed(self) -> Term:
        """The same without its name, so that it shows how it was made."""
        return Term(self.value, "", self.operation, self.args) if self.operation else self


_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "neg": lambda a: -a,
    "is": lambda a: a,
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
    """Whether it is this plain number, which stands for nothing of its own and is not worth showing."""
    return type(a) is int and a == number


def _is_negated(a: Any) -> bool:
    """Whether it is -b and has no name: a + -b and a*-b are written a - b and -(a*b)."""
    return isinstance(a, Term) and a.operation == "neg" and not a.name


def _value(a: Any) -> Any:
    return a.value if isinstance(a, Term) else a


def _made(operation: str, *args: Any) -> Term:
    value = _OPERATORS[operation](*(_value(a) for a in args))
    return Term(value, operation=operation, args=args)


class Style(NamedTuple):
    """How a form of output writes names, numbers, operators and functions; of numbers also how tightly they bind."""

    name: Callable[[str], str]
    number: Callable[[Any], tuple[str, int]]
    joined: Callable[[str, list[tuple[str, int]]], str]
    call: Callable[[str, list[tuple[str, int]]], str]


def _text(a: Any, names: bool, style: Style) -> tuple[str, int]:
    """The text of a term and how tightly it binds."""
    if not isinstance(a, Term):
        return style.number(a)
    if a.name and (names or not a.operation):
        return (style.name(a.name), ATOM) if names else _text(a.value, names, style)
    operation = a.operation
    if operation == "is":
        return _text(a.args[0], names, style)
    if operation == "neg":
        text, binding = _text(a.args[0], names, style)
        return (f"-({text})" if binding == SUM else f"-{text}"), SUM
    texts = [_text(arg, names, style) for arg in a.args]
    if operation in ("+", "-", "*", "/", "**"):
        return style.joined(operation, texts), SUM if operation in "+-" else PRODUCT
    return style.call(operation, texts), ATOM


def _number_text(a: Any) -> tuple[str, int]:
    """The text of a number or expression; a ratio binds like the division that it is."""
    text = str(a)
    return text, _binding(text)


def _binding(text: str) -> int:
    """How tightly the text of a number or expression binds."""
    if " " in re.sub(r"\([^()]*\)", "()", text) or text.startswith("-"):
        return SUM
    return ATOM if re.fullmatch(r"\w+(\([^()]*\))?", text) else PRODUCT


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


def _call(operation: str, texts: list[tuple[str, int]]) -> str:
    if operation in ("floor", "ceil"):
        return f"{operation}({_joined('/', texts)})"
    return f"{operation}({', '.join(text for text, _ in texts)})"


PLAIN = Style(str, _number_text, _joined, _call)


def _latex_number(a: Any) -> tuple[str, int]:
    return dims.latex(a), _binding(str(a))


def _latex_joined(operation: str, texts: list[tuple[str, int]]) -> str:
    (left, left_binding), (right, right_binding) = texts
    if operation == "/":
        return rf"\frac{{{left}}}{{{right}}}"
    if operation == "**":
        return f"{_bracketed(left) if left_binding < ATOM else left}^{{{right}}}"
    if operation in "+-":
        return f"{left} {operation} {_bracketed(right) if operation == '-' and right_binding == SUM else right}"
    sides = (_bracketed(text) if binding == SUM else text for text, binding in texts)
    return r" \cdot ".join(sides)


def _bracketed(text: str) -> str:
    return rf"\left({text}\right)"


def _latex_call(operation: str, texts: list[tuple[str, int]]) -> str:
    if operation in ("floor", "ceil"):
        return rf"\left\l{operation} {_latex_joined('/', texts)} \right\r{operation}"
    name = rf"\{operation}" if operation in ("max", "min", "gcd") else rf"\operatorname{{{escaped(operation)}}}"
    return name + _bracketed(", ".join(text for text, _ in texts))


LATEX = Style(latex_name, _latex_number, _latex_joined, _latex_call)


def leaves(a: Any) -> Iterator[Term]:
    """The named terms of which a rule is made, as it is printed in names.

    >>> [term.name for term in leaves(Term(3, "F") * (Term(5, "H") + 1))]
    ['F', 'H']
    """
    if isinstance(a, Term):
        if a.name:
            yield a
        else:
            for arg in a.args:
                yield from leaves(arg)


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


def latex(a: Term) -> str:
    return a.latex(names=True)
