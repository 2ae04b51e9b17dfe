"""The only place that knows what kind of number a size is.

A layer rule is written once, with `+ - *` and the functions below, and runs with three kinds of number:

* `int` (and exact ratios, `Fraction`): the table. Neither sympy nor numpy is imported;
* a sympy expression, made by `symbol`: formulas (`dims.symbolic`);
* a `Term`: a value that remembers its name and how it was made, for explanations (`dims.term`).

A rule never branches on a size: it asks `same`, `at_least` or `divides`, whose answer is True, False
or None ("not known"), and never calls `max`, `int`, `/`, `%` or `math` on one. The module is longer than others
because every operation on sizes stands here, once.

>>> floordiv(227 + 2 * 0 - 11, 4) + 1
55
>>> H = symbol("H")
>>> floordiv(floordiv(H - 3, 2) + 1, 2)
floor((H - 1)/4)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from types import ModuleType
from typing import Any, Protocol, TypeAlias

from ..errors import ArchcalcError


class Number(Protocol):
    """What every size can do; the rest goes through the functions of this package."""

    def __add__(self, other: Any, /) -> Any: ...
    def __radd__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...


Truth: TypeAlias = bool | None


def _algebra(*numbers: object) -> ModuleType:
    """The module that knows the richest kind of number among these.

    Kinds are told by the names of their modules, so that sympy is not imported to ask.
    """
    from . import rational

    algebra: ModuleType = rational
    for number in numbers:
        kind = type(number)
        if kind is int or kind is bool:
            continue
        if kind.__module__ == "archcalc.dims.term":
            from . import term

            return term
        if kind.__module__ != "fractions":
            from . import symbolic

            algebra = symbolic
    return algebra


def floordiv(a: Any, b: Any) -> Any:
    """floor(a / b)."""
    if type(a) is int and type(b) is int:
        return a // b
    return _algebra(a, b).floordiv(a, b)


def ceildiv(a: Any, b: Any) -> Any:
    """ceil(a / b).

    >>> ceildiv(7, 2)
    4
    """
    if type(a) is int and type(b) is int:
        return -(-a // b)
    return _algebra(a, b).ceildiv(a, b)


def exact_div(a: Any, b: Any) -> Any:
    """a / b where a rule's conditions have made sure that b divides a.

    >>> exact_div(96, 2)
    48
    """
    if type(a) is int and type(b) is int:
        quotient, rest = divmod(a, b)
        if rest:
            raise ArithmeticError(f"{b} does not divide {a}")
        return quotient
    return _algebra(a, b).exact_div(a, b)


def ratio(a: Any, b: Any) -> Any:
    """a / b as an exact ratio, which may be a fraction.

    >>> ratio(1, 2)
    Fraction(1, 2)
    """
    return _algebra(a, b).ratio(a, b)


def prod(numbers: Iterable[Any]) -> Any:
    """The product, 1 for none.

    >>> prod((3, 11, 11))
    363
    """
    result: Any = None
    for number in numbers:
        result = number if result is None else result * number
    return 1 if result is None else result


def smax(a: Any, b: Any) -> Any:
    """The larger of two sizes; of symbols, only candidates that the other does not bound remain.

    >>> H = symbol("H")
    >>> smax(H, 1), smax(H, 5)
    (H, max(5, H))
    """
    if type(a) is int and type(b) is int:
        return a if a > b else b
    return _algebra(a, b).smax(a, b)


def largest(numbers: Iterable[Any]) -> Any:
    """The largest of one or more sizes, as by `smax`.

    >>> largest([3, 5, 4])
    5
    """
    listed = list(numbers)
    algebra = _algebra(*listed)
    return algebra.largest(listed) if hasattr(algebra, "largest") else max(listed)


def maximum(numbers: Iterable[Any]) -> Any:
    """The largest of one or more sizes, without asking which of them bounds which: quick for hundreds of formulas.

    >>> H = symbol("H")
    >>> maximum([H, H + 1]), largest([H, H + 1])
    (max(H, H + 1), H + 1)
    """
    listed = list(dict.fromkeys(numbers))
    algebra = _algebra(*listed)
    return algebra.maximum(listed) if hasattr(algebra, "maximum") else largest(listed)


def undominated(numbers: Iterable[Any], promised: Mapping[str, tuple[int, int]]) -> list[int]:
    """The places of the sizes that no other is known to bound from above; of equal ones the first.

    `promised` holds what may be taken for granted about symbols besides, as in `promise`.

    >>> H = symbol("H")
    >>> undominated([3, 5, 4], {}), undominated([H, 7, H - 1], {}), undominated([H, 7, H - 1], {"H": (1, 8)})
    ([1], [0, 1], [0])
    """
    listed = list(numbers)
    algebra = _algebra(*listed)
    if hasattr(algebra, "undominated"):
        return algebra.undominated(listed, promised)  # type: ignore[no-any-return]
    return [listed.index(max(listed))] if listed else []


def smin(a: Any, b: Any) -> Any:
    """The smaller of two sizes."""
    if type(a) is int and type(b) is int:
        return a if a < b else b
    return _algebra(a, b).smin(a, b)


def gcd(a: Any, b: Any) -> Any:
    """The greatest common divisor.

    >>> gcd(12, 8)
    4
    """
    return _algebra(a, b).gcd(a, b)


def power(a: Any, exponent: int) -> Any:
    """a ** exponent for a whole, small exponent."""
    if type(a) is int:
        return a**exponent
    return _algebra(a).power(a, exponent)


def make_divisible(x: Any, divisor: Any = 8) -> Any:
    """The multiple of `divisor` nearest to x, but not more than a tenth below it.

    The rounding of MobileNetV2's released code (Sandler et al. 2018), exact.

    >>> make_divisible(42), make_divisible(3), make_divisible(44)
    (40, 8, 48)
    """
    return _algebra(x, divisor).make_divisible(x, divisor)


def same(a: Any, b: Any) -> Truth:
    """Whether two sizes are equal: True, False, or None where the symbols leave it open.

    >>> H = symbol("H")
    >>> same(H + 1, 1 + H), same(H, 0), same(H, 224)
    (True, False, None)
    """
    if type(a) is int and type(b) is int:
        return a == b
    return _algebra(a, b).same(a, b)  # type: ignore[no-any-return]


def at_least(a: Any, b: Any) -> Truth:
    """Whether a >= b: True, False or None."""
    if type(a) is int and type(b) is int:
        return a >= b
    return _algebra(a, b).at_least(a, b)  # type: ignore[no-any-return]


def divides(a: Any, b: Any) -> Truth:
    """Whether b is a multiple of a: True, False or None.

    >>> divides(32, symbol("H", multiple_of=32)), divides(32, symbol("H"))
    (True, None)
    """
    if type(a) is int and type(b) is int:
        return b % a == 0
    return _algebra(a, b).divides(a, b)  # type: ignore[no-any-return]


def is_whole(a: Any) -> bool:
    """Whether a is a whole number for every setting of its symbols."""
    if type(a) is int:
        return True
    return _algebra(a).is_whole(a)  # type: ignore[no-any-return]


def is_foreign(a: Any) -> bool:
    """Whether a holds symbols that were made by sympy itself and so have no domain."""
    return _algebra(a).is_foreign(a) if is_symbolic(a) else False


def is_symbolic(a: Any) -> bool:
    """Whether a holds a symbol.

    >>> is_symbolic(3), is_symbolic(symbol("C") + 1)
    (False, True)
    """
    return type(a) is not int and bool(_algebra(a).symbols_of(a))


def is_number(a: Any) -> bool:
    """Whether a is one of the kinds of number that a rule can run with (a boolean is not)."""
    if type(a) is int:
        return True
    if isinstance(a, bool | str | float | complex | bytes) or a is None:
        return False
    module = type(a).__module__
    if module in ("fractions", "archcalc.dims.term"):
        return True
    if module.startswith(("sympy.", "archcalc.dims.")):
        from sympy import Expr

        return isinstance(a, Expr)
    return False


def plain(a: Any) -> Any:
    """The simplest kind of number that holds a: an expression without symbols becomes an int."""
    if type(a) is int:
        return a
    return _algebra(a).plain(a)


def symbol(name: str, *, multiple_of: int = 1, minimum: int = 1, ratio: bool = False) -> Any:
    """A named unknown: an integer >= 1, or with `ratio` a positive rational.

    `multiple_of` and `minimum` are promises about it, which let floors and maxima vanish.

    >>> floordiv(symbol("H", multiple_of=32) + 1, 2)
    H/2
    """
    from . import symbolic

    return symbolic.symbol(name, multiple_of, minimum, ratio)


def symbols_of(a: Any) -> frozenset[str]:
    """The names of the symbols in a.

    >>> sorted(symbols_of(symbol("H") * symbol("W") + 3))
    ['H', 'W']
    """
    if type(a) is int:
        return frozenset()
    return _algebra(a).symbols_of(a)  # type: ignore[no-any-return]


def substitute(a: Any, values: Mapping[str, Any]) -> Any:
    """a with the symbols of these names replaced.

    >>> substitute(floordiv(symbol("H") + 1, 2), {"H": 224})
    112
    """
    if type(a) is int or not values:
        return a
    return _algebra(a).substitute(a, values)


def is_negated(a: Any) -> bool:
    """Whether a is written with a minus in front of all of it, as -k is."""
    return _algebra(a).is_negated(a) if is_symbolic(a) else False


def latex(a: Any) -> str:
    r"""a in LaTeX, without dollar signs.

    >>> latex(floordiv(symbol("H") + 1, 2))
    '\\left\\lfloor \\frac{H + 1}{2} \\right\\rfloor'
    """
    return str(a) if type(a) is int else str(_algebra(a).latex(a))


def parts(a: Any) -> tuple[str, tuple[Any, ...]]:
    """How a was made: an operation, and what it was applied to in the order in which it is printed.

    `number` and `symbol` hold the number, or the name and whether it is a ratio; `+`, `*`, `max`, `min` two or more
    parts; `**` a part and a whole exponent; `floor`, `gcd`, `make_divisible` two parts. ArchcalcError for the rest.

    >>> parts(floordiv(symbol("H") + 1, 2))
    ('floor', (H + 1, 2))
    """
    return ("number", (a,)) if not is_symbolic(a) else _algebra(a).parts(a)


def term_count(a: Any) -> int:
    """How many terms a has when it is multiplied out.

    >>> term_count((symbol("C") + 1) * symbol("N"))
    2
    """
    return _algebra(a).term_count(a) if is_symbolic(a) else 1


def derivative(a: Any, name: str) -> tuple[Any, tuple[Any, ...]]:
    """The derivative by the symbol of this name, and the floors that were taken as what stands in them.

    Raises ArchcalcError where a maximum, a minimum, a divisor or a rounding to multiples holds the symbol.

    >>> derivative(symbol("H") * floordiv(symbol("H"), 2), "H")
    (H, (floor(H/2),))
    """
    return (0, ()) if not is_symbolic(a) else _algebra(a).derivative(a, name)


def exact(a: Any) -> Any:
    """A number given from Python as an exact one: a float is the decimal that it prints as.

    >>> exact(0.29)
    Fraction(29, 100)
    """
    is_numpy = type(a).__module__ == "numpy" and hasattr(a, "item") and not getattr(a, "shape", ())
    if isinstance(a, float) or (is_numpy and a.dtype.kind == "f"):  # of 16 or 32 bits too: their own decimals
        from fractions import Fraction

        if not isfinite(a):
            raise ArchcalcError(f"{a} is not a number")
        return plain(Fraction(str(a)))
    return exact(a.item()) if is_numpy else a  # a NumPy number as Python's own


def promise(a: Any, promises: Mapping[str, tuple[int, int]]) -> Any:
    """a with more promises on its symbols: by name the number each is a multiple of, and its minimum.

    >>> floordiv(promise(symbol("H"), {"H": (32, 1)}), 2)
    H/2
    """
    return _algebra(a).promise(a, promises) if is_symbolic(a) else a


def promises(a: Any) -> list[tuple[Any, int, int]]:
    """The symbols in a and what they promise: the number each is a multiple of, its minimum; 0, 0 of a ratio."""
    return _algebra(a).promises(a) if is_symbolic(a) else []


def whole_if(a: Any) -> dict[str, int]:
    """By symbol the number that it must be a multiple of for a to be whole, where each term holds one symbol.

    >>> whole_if(ratio(symbol("C"), 4)), whole_if(symbol("C") + 1)
    ({'C': 4}, {})
    """
    return _algebra(a).whole_if(a) if is_symbolic(a) else {}  # type: ignore[no-any-return]


def add_up(numbers: Iterable[Any]) -> Any:
    """The sum, 0 for none; terms that are alike are merged.

    >>> H = symbol("H")
    >>> add_up([H, 3, 2 * H])
    3*H + 3
    """
    listed = list(numbers)
    algebra = _algebra(*listed)
    return algebra.add_up(listed) if hasattr(algebra, "add_up") else sum(listed)


def total(term: Any, index: Any, count: Any) -> Any:
    """The sum of `term` over index = 0 .. count - 1, as a closed form (Faulhaber)."""
    from . import symbolic

    return symbolic.total(term, index, count)
