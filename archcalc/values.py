"""One value of a spec: a number, a word, an expression over names, or a list of these.

A bare identifier that is the whole value is a name if one is in scope, otherwise a word; the place where
the value stands decides whether a word is welcome there.
"""

from __future__ import annotations

from collections.abc import Collection
from keyword import kwlist
from typing import Any

from . import dims
from .conditions import Condition
from .errors import ArchcalcError, nearest, shown
from .expr import FUNCTIONS, IDENTIFIER, Expression, Scope, parse
from .layers.fields import PadField
from .records import Record, record
from .yamlsrc import DataPath

RESERVED = frozenset({*kwlist, *FUNCTIONS, *PadField.words, "true", "false", "null", "in_channels", "identity"})
MAX_ELEMENTS = 10_000


class UnknownName(ArchcalcError):
    """A name that is not in scope where it stands."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def size_of(value: Any) -> int:
    """How many elements a value holds, those of inner lists included."""
    return sum(map(size_of, value)) + len(value) if isinstance(value, tuple) else 0


@record
class Value(Record):
    """A checked value; `constant` holds it where it reads no name, else `evaluate` gives it."""

    path: DataPath = ()
    constant: Any = None
    expression: Expression | None = None
    elements: tuple[Value, ...] | None = None

    @property
    def is_constant(self) -> bool:
        """Whether it is the same in every scope."""
        if self.elements is not None:
            return all(element.is_constant for element in self.elements)
        return self.expression is None

    @property
    def names(self) -> frozenset[str]:
        """The names that it reads."""
        if self.elements is not None:
            return frozenset().union(*(element.names for element in self.elements))
        return self.expression.names if self.expression else frozenset()

    def evaluate(self, scope: Scope, conditions: list[Condition]) -> Any:
        """An int, Fraction, bool, word, tuple or symbolic size."""
        if self.expression is not None:
            return self.expression.evaluate(scope, conditions)
        if self.elements is not None:
            elements = tuple(element.evaluate(scope, conditions) for element in self.elements)
            if size_of(elements) > MAX_ELEMENTS:
                raise ArchcalcError(f"a list has at most {MAX_ELEMENTS:,} elements, those of inner lists included")
            return elements
        return self.constant

    def __str__(self) -> str:
        if self.expression is not None:
            return self.expression.text
        if self.elements is not None:
            return f"[{', '.join(str(element) for element in self.elements)}]"
        return str(self.constant).lower() if isinstance(self.constant, bool) else str(self.constant)


def compile_value(data: Any, path: DataPath, names: Collection[str]) -> Value:
    """Check a piece of plain data as a value in a scope of these names; ArchcalcError says what is wrong."""
    if data is None:
        raise ArchcalcError("value missing")
    if isinstance(data, bool):
        return Value(path, data)
    data = dims.exact(data)
    if dims.is_number(data):
        return Value(path, dims.plain(data))
    if isinstance(data, list | tuple):
        elements = tuple(compile_value(element, (*path, i), names) for i, element in enumerate(data))
        return Value(path, elements=elements)
    if not isinstance(data, str):
        raise ArchcalcError("a mapping cannot stand here" if isinstance(data, dict) else f"{data!r} is not a value")
    if IDENTIFIER.match(data) and data not in names and data not in ("true", "false"):
        return Value(path, data)
    expression = parse(data)
    for name in sorted(expression.names):
        if name not in names:
            close = nearest(name, names)
            hint = f"a word inside an expression needs quotes: '{shown(name)}'"
            if name == "in_channels":
                hint = "only `layers` and blocks have it"
            elif close:
                hint = f"did you mean '{close[0]}'?"
            raise UnknownName(name, f"unknown name '{shown(name)}' in '{shown(expression.text)}'; {hint}")
    if expression.names:
        return Value(path, expression=expression)
    return Value(path, expression.evaluate({}, []))


def is_ratio(data: Any) -> bool:
    """Whether a `let` is written as a decimal or a ratio, so that its symbol is a positive rational.

    >>> is_ratio("1/2"), is_ratio(32), is_ratio("depth // 2")
    (True, False, False)
    """
    if isinstance(data, str):
        return "/" in data.replace("//", "")
    return isinstance(data, float) or type(data).__name__ == "Fraction"


def check_name(name: object, what: str) -> None:
    """Refuse what cannot be the name of a let, a parameter or a `for`."""
    from .layers import ACTIVATIONS

    if not isinstance(name, str) or not IDENTIFIER.match(name):
        raise ArchcalcError(f"'{name}' cannot name a {what}; use letters, digits and _")
    if name in RESERVED or name in ACTIVATIONS:
        raise ArchcalcError(f"'{name}' cannot name a {what}: the word has a meaning of its own")
