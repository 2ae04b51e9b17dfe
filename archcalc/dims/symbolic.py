"""Sizes that hold symbols, as sympy expressions; beside it only `dims.crossing` and `dims.quotients` import sympy.

sympy's own floor is not used: it prints `H/2 + 1/2` for what a paper calls (H + 1)/2, and nests. `FloorDiv`
is brought to one floor when it is made, because for whole a, b and positive whole m, n

    floor((floor((x + a)/m) + b)/n) = floor((x + a + b*m)/(m*n))

The module is longer than others because sympy is kept out of all of them.

>>> H = symbol("H", 1, 1, False)
>>> FloorDiv(FloorDiv(H + 1, 2) + 1, 2)
floor((H + 3)/4)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from math import comb
from math import gcd as int_gcd
from operator import is_
from typing import Any, NamedTuple

import sympy
from sympy import Add, Expr, Function, Integer, Mul, Pow, Rational, S, Symbol

from archcalc import dims
from archcalc.errors import ArchcalcError

from .names import latex_name

_remembered = lru_cache(maxsize=10_000)  # the layers of a network ask the same of the same few sizes


class Size(Symbol):  # type: ignore[misc]
    """A symbol for a whole number >= `minimum` that is a multiple of `multiple_of`."""

    __slots__ = ("minimum", "multiple_of")

    def __new__(cls, name: str, multiple_of: int = 1, minimum: int = 1) -> Size:
        made = Symbol.__xnew__(cls, name, integer=True, positive=True)
        made.multiple_of = multiple_of
        made.minimum = max(minimum, multiple_of)
        return made  # type: ignore[no-any-return]

    def __getnewargs_ex__(self) -> tuple[Any, dict[str, Any]]:
        return (self.name, self.multiple_of, self.minimum), {}

    def _hashable_content(self) -> tuple[Any, ...]:
        return (*super()._hashable_content(), self.multiple_of, self.minimum)


def symbol(name: str, multiple_of: int, minimum: int, ratio: bool) -> Expr:
    if ratio:
        return Symbol(name, positive=True, rational=True)
    return Size(name, multiple_of, minimum)


def _bracketed(printer: Any, expr: Expr) -> str:
    text = str(printer._print(expr))
    return f"({text})" if isinstance(expr, Add | Mul) and not text.isalnum() else text


def _latex_call(name: str, call: Function, printer: Any, exp: str | None) -> str:
    """A function with its arguments in brackets, and the power it is raised to."""
    power = "" if exp is None else f"^{{{exp}}}"
    return rf"{name}{power}\left({', '.join(printer._print(arg) for arg in call.args)}\right)"


class FloorDiv(Function):  # type: ignore[misc]
    """floor(p / q); for a positive whole q in the normal form that the module's docstring describes."""

    nargs = 2
    is_integer = True

    @classmethod
    def eval(cls, p: Expr, q: Expr) -> Expr | None:
        if q.is_Rational and q != 0 and not (q.is_Integer and q > 0):
            return cls(p * q.q * sympy.sign(q), abs(q.p))
        if not q.is_Integer:
            quotient = sympy.cancel(p / q)
            return quotient if quotient.is_integer and not quotient.has(FloorDiv) else None
        if p.is_Rational:
            return _floor(p, q)
        return _normal_floor(cls, p, int(q))

    def __add__(self, other: Any) -> Expr:
        if isinstance(other, int | Integer) and self.args[1].is_Integer:
            return FloorDiv(self.args[0] + other * self.args[1], self.args[1])
        return super().__add__(other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Expr:
        if isinstance(other, int | Integer):
            return self + -other
        return super().__sub__(other)

    def __str__(self) -> str:
        return _printed(self)

    def _sympystr(self, printer: Any) -> str:
        p, q = self.args
        if q == 1:
            return f"floor({printer._print(p)})"
        return f"floor({_bracketed(printer, p)}/{_bracketed(printer, q)})"

    _sympyrepr = _sympystr

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        p, q = (printer._print(arg) for arg in self.args)
        inner = p if q == "1" else rf"\frac{{{p}}}{{{q}}}"
        floor = rf"\left\lfloor {inner} \right\rfloor"
        return floor if exp is None else f"{floor}^{{{exp}}}"


class CeilDiv(Function):  # type: ignore[misc]
    """ceil(p / q) of a ratio; that of whole numbers is a floor, and so is every ceiling in a program."""

    nargs = 2
    is_integer = True

    @classmethod
    def eval(cls, p: Expr, q: Expr) -> Expr | None:
        if is_whole(p) and is_whole(q) and at_least(q, 1):
            return FloorDiv(p + q - 1, q)
        normal = FloorDiv(-p, q)
        if isinstance(normal, FloorDiv) and normal.args == (-p, q):
            return None
        ceilings = {floor: -cls(-floor.args[0], floor.args[1]) for floor in normal.atoms(FloorDiv)}
        return -normal.xreplace(ceilings)

    @property
    def negated(self) -> Expr:
        """The floor that is -1 times it."""
        return FloorDiv(-self.args[0], self.args[1])

    def _eval_is_positive(self) -> bool | None:
        return True if (self.args[0] / self.args[1]).is_positive else None

    def _sympystr(self, printer: Any) -> str:
        return FloorDiv(*self.args, evaluate=False)._sympystr(printer).replace("floor", "ceil", 1)

    _sympyrepr = _sympystr

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text: str = FloorDiv(*self.args, evaluate=False)._latex(printer)
        ceiling = r"\left\lceil" + text.removeprefix(r"\left\lfloor").removesuffix(r"\rfloor") + r"\rceil"
        return ceiling if exp is None else f"{ceiling}^{{{exp}}}"


@_remembered
def _printed(floor: FloorDiv) -> str:
    return str(sympy.sstr(floor, order=None))


def _floor(p: Rational, q: Rational) -> Integer:
    """floor(p / q); sympy's own // is wrong for negative fractions (-1/2 // 3 gives 0)."""
    return Integer((p.p * q.q) // (p.q * q.p))


def _content(term: Expr) -> Rational | None:
    """The largest known rational that divides the whole-number term, None if it may not be whole."""
    coefficient, factors = term.as_coeff_mul()
    content = Rational(coefficient)
    for factor in factors:
        base, exponent = factor.as_base_exp()
        if not (base.is_integer and exponent.is_Integer and exponent > 0):
            return None
        content *= Integer(getattr(base, "multiple_of", 1)) ** exponent
    return abs(content) if content.is_Integer else None


def _normal_floor(cls: type[FloorDiv], p: Expr, q: int) -> Expr | None:
    """FloorDiv(p, q) in normal form, None if it stands in it already."""
    expanded = sympy.expand(p)
    terms = [term for term in Add.make_args(expanded) if not term.is_Rational]
    constant = expanded - Add(*terms)
    scale = sympy.ilcm(constant.q, *(term.as_coeff_Mul()[0].q for term in terms))
    if scale != 1:  # whole coefficients
        terms = [term * scale for term in terms]
    constant, divisor = int(constant * scale), int(q * scale)

    outside: list[Expr] = []  # whole multiples of the divisor come out
    inside: list[Expr] = []
    contents: list[int] = []
    for term in terms:
        content = _content(term / scale)
        if content is not None and content * scale % divisor == 0:
            outside.append(term / divisor)
            continue
        inside.append(term)
        contents.append(int(content * scale) if content is not None else 0)
    if not inside:
        return Add(*outside) + constant // divisor
    if all(contents):  # floor((g*x + c)/(g*d)) = floor((x + floor(c/g))/d)
        constant -= constant % int_gcd(divisor, *contents)
        common = int_gcd(divisor, constant, *(int(t.as_coeff_Mul()[0]) for t in inside))
        inside = [term / common for term in inside]
        constant, divisor = constant // common, divisor // common

    floors = [term for term in inside if isinstance(term, FloorDiv) and term.args[1].is_Integer]
    if len(floors) == 1 and all(contents):  # the composition of two floors
        (inner,) = floors
        rest = Add(*(term for term in inside if term is not inner), constant)
        new_p, new_q = inner.args[0] + rest * inner.args[1], divisor * int(inner.args[1])
    else:
        new_p, new_q = Add(*inside, constant), divisor
    if new_p == p and new_q == q and not outside:
        return None
    return Add(*outside) + cls(new_p, new_q)


MAX_CANDIDATES = 1_000  # they are compared in pairs, and paths through joins would double them each time


class _Extreme(Function):  # type: ignore[misc]
    """max or min of candidates, none of which is known to be bounded by another."""

    is_real = True
    word = ""
    sign = 0  # of what is as large as possible

    def _eval_is_integer(self) -> bool | None:
        return all(arg.is_integer for arg in self.args) or None

    @classmethod
    def eval(cls, *args: Expr) -> Expr | None:
        shared = set.intersection(*(set(Add.make_args(arg)) for arg in args)) - {S.Zero}
        if shared and len(args) > 1:
            common = Add(*shared)
            return common + cls(*(arg - common for arg in args))
        flat = list(dict.fromkeys(part for arg in args for part in cls._candidates(arg)))
        if len(flat) > MAX_CANDIDATES:
            raise ArchcalcError(f"the {cls.word} of more than {MAX_CANDIDATES} formulas; give a symbol a number")
        places = undominated([cls.sign * candidate for candidate in flat], {})
        kept = sorted((flat[place] for place in places), key=sympy.default_sort_key)
        if len(kept) == 1:
            return kept[0]
        return None if tuple(kept) == args else cls(*kept)

    @classmethod
    def _candidates(cls, arg: Expr) -> list[Expr]:
        """What the extreme is over: max(a, b) + c gives a + c and b + c."""
        inner = [term for term in Add.make_args(arg) if isinstance(term, cls)]
        if len(inner) != 1:
            return [arg]
        rest = arg - inner[0]
        return [candidate + rest for candidate in inner[0].args]

    def _sympystr(self, printer: Any) -> str:
        return f"{self.word}({', '.join(str(printer._print(arg)) for arg in self.args)})"

    _sympyrepr = _sympystr

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return _latex_call(f"\\{self.word}", self, printer, exp)


class Maximum(_Extreme):
    """The largest of its arguments."""

    word = "max"
    sign = 1


class Minimum(_Extreme):
    """The smallest of its arguments."""

    word = "min"
    sign = -1


class Gcd(Function):  # type: ignore[misc]
    """The greatest common divisor of two whole numbers."""

    nargs = 2
    is_integer = True
    is_positive = True

    @classmethod
    def eval(cls, a: Expr, b: Expr) -> Expr | None:
        if a.is_Integer and b.is_Integer:
            return Integer(int_gcd(int(a), int(b)))
        if divides(b, a):
            return b
        return a if divides(a, b) else None

    def _sympystr(self, printer: Any) -> str:
        return f"gcd({printer._print(self.args[0])}, {printer._print(self.args[1])})"

    _sympyrepr = _sympystr

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return _latex_call(r"\gcd", self, printer, exp)


class MakeDivisible(Function):  # type: ignore[misc]
    """MobileNetV2's rounding to a multiple; it stays as it is until its symbols are numbers."""

    nargs = 2
    is_integer = True
    is_positive = True

    @classmethod
    def eval(cls, x: Expr, divisor: Expr) -> Expr | None:
        if x.is_Rational and divisor.is_Integer:
            return Integer(dims.make_divisible(plain(x), int(divisor)))
        return x if divisor.is_Integer and divides(divisor, x) and at_least(x, divisor) else None

    def _sympystr(self, printer: Any) -> str:
        return f"make_divisible({printer._print(self.args[0])}, {printer._print(self.args[1])})"

    _sympyrepr = _sympystr

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return _latex_call(r"\operatorname{make\_divisible}", self, printer, exp)


def _normal(expr: Expr) -> Expr:
    """A form in which equal sizes look equal: each floor's constant is in 0 .. q-1."""

    def reduced(floor: Expr) -> Expr:
        p, q = floor.args
        constant = p.as_coeff_Add()[0]
        if not (q.is_Integer and constant.is_Integer):
            return floor
        return Add(floor.func(p - constant + constant % q, q), constant // q)

    return sympy.expand(expr.replace(lambda e: isinstance(e, FloorDiv), reduced))


def _bounds(expr: Expr) -> tuple[Any, Any]:
    """The least and greatest value for all settings of the symbols, None where there is none."""
    if expr.is_Rational:
        return expr, expr
    if isinstance(expr, Size):
        return Integer(expr.minimum), None
    if isinstance(expr, FloorDiv) and expr.args[1].is_Integer:
        p, q = sympy.expand(expr.args[0]), expr.args[1]
        low, high = _bounds(p)
        return (None if low is None else _floor(low, q)), (None if high is None else _floor(high, q))
    if isinstance(expr, CeilDiv):
        low, high = (None if bound is None else -bound for bound in reversed(_bounds(expr.negated)))
        return (S.One if expr.is_positive and (low is None or low < 1) else low), high
    if isinstance(expr, Maximum):
        pairs = [_bounds(arg) for arg in expr.args]
        lows, highs = [low for low, _ in pairs], [high for _, high in pairs]
        bounded = [low for low in lows if low is not None]
        return (max(bounded) if bounded else None), (None if None in highs else max(highs))
    if isinstance(expr, Minimum):
        pairs = [_bounds(arg) for arg in expr.args]
        lows, highs = [low for low, _ in pairs], [high for _, high in pairs]
        bounded = [high for high in highs if high is not None]
        return (None if None in lows else min(lows)), (min(bounded) if bounded else None)
    if isinstance(expr, Add):
        pairs = [_bounds(arg) for arg in expr.args]
        lows, highs = ([pair[side] for pair in pairs] for side in (0, 1))
        return tuple(None if None in side else Add(*side) for side in (lows, highs))  # type: ignore[return-value]
    if isinstance(expr, Mul):
        coefficient, rest = expr.as_coeff_Mul()
        pairs = [_bounds(arg) for arg in Mul.make_args(rest)]
        if len(pairs) == 1:
            low, high = (None if bound is None else coefficient * bound for bound in pairs[0])
            return (low, high) if coefficient > 0 else (high, low)
        if any(low is None or low < 0 for low, _ in pairs):
            return None, None
        low = coefficient * Mul(*(pair[0] for pair in pairs))
        high = None if any(pair[1] is None for pair in pairs) else coefficient * Mul(*(p[1] for p in pairs))
        return (low, high) if coefficient > 0 else (high, low)
    if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0:
        low, _ = _bounds(expr.base)
        return (None if low is None or low < 0 else low**expr.exp), None
    if isinstance(expr, MakeDivisible) and expr.args[1].is_Integer:
        return expr.args[1], None
    if isinstance(expr, Symbol) and expr.is_nonnegative and not expr.is_positive:
        return S.Zero, None
    if expr.is_positive:
        return Integer(1) if expr.is_integer else S.Zero, None
    return None, None


def plain(a: Any) -> Any:
    if isinstance(a, Integer):
        return int(a)
    if isinstance(a, Rational):
        from fractions import Fraction

        return Fraction(int(a.p), int(a.q))
    return a


@_remembered
def floordiv(a: Any, b: Any) -> Any:
    return plain(FloorDiv(a, b))


def ceildiv(a: Any, b: Any) -> Any:
    return plain(CeilDiv(S(a), S(b)))


def ratio(a: Any, b: Any) -> Any:
    return plain(sympy.expand(S(a) / S(b)))


exact_div = ratio


@_remembered
def smax(a: Any, b: Any) -> Any:
    return plain(Maximum(S(a), S(b)))


def largest(numbers: list[Any]) -> Any:
    return plain(Maximum(*map(S, numbers)))


def maximum(numbers: list[Any]) -> Any:
    return Maximum(*map(S, numbers), evaluate=False) if len(numbers) > 1 else numbers[0]


@_remembered
def smin(a: Any, b: Any) -> Any:
    return plain(Minimum(S(a), S(b)))


def gcd(a: Any, b: Any) -> Any:
    return plain(Gcd(S(a), S(b)))


MAX_TERMS = 2_000


def power(a: Any, exponent: int) -> Any:
    terms = len(Add.make_args(_expanded(S(a))))
    if comb(terms + exponent - 1, exponent) > MAX_TERMS:
        raise ArchcalcError(f"a sum of {terms} terms to the power of {exponent} has too many terms")
    return plain(a**exponent)


def make_divisible(x: Any, divisor: Any) -> Any:
    return plain(MakeDivisible(S(x), S(divisor)))


@_remembered
def same(a: Any, b: Any) -> dims.Truth:
    difference = _normal(S(a) - S(b))
    if difference == 0:
        return True
    low, high = _bounds(difference)
    if difference.is_number or (low is not None and low > 0) or (high is not None and high < 0):
        return False
    return None


@_remembered
def at_least(a: Any, b: Any) -> dims.Truth:
    found = _at_least(_summed(a), _summed(b))
    if (
        found is None
        and isinstance(a, FloorDiv)
        and not a.args[1].is_Integer
        and is_whole(b)
        and at_least(a.args[1], 1)
    ):
        return at_least(a.args[0], b * a.args[1])  # floor(p/q) >= b is p >= b*q
    return found


def undominated(numbers: Sequence[Any], promised: Mapping[str, tuple[int, int]]) -> list[int]:
    kept: dict[int, _Sum] = {}
    seen = set()
    for place, number in enumerate(numbers):
        if number in seen:
            continue
        seen.add(number)
        one = _summed(number, tuple(promised.items()))
        if any(_may_cover(other, one) and _at_least(other, one) for other in kept.values()):
            continue
        kept = {p: other for p, other in kept.items() if not (_may_cover(one, other) and _at_least(one, other))}
        kept[place] = one
    return list(kept)


class _Sum(NamedTuple):
    """A size as a sum, prepared to be compared with others: by product of symbols and floors, its factor."""

    terms: Mapping[Expr, Any]
    merged: Mapping[Expr, Any]  # with floors of equal sizes merged
    samples: tuple[Any, ...]  # its values at some settings of the symbols, none where it has none


def _may_cover(a: _Sum, b: _Sum) -> bool:
    """Whether no sample shows that a is less than b somewhere: quick to see, where a proof would take long to fail."""
    return not any(x < y for x, y in zip(a.samples, b.samples, strict=False))


def _at_least(a: _Sum, b: _Sum) -> dims.Truth:
    merged = _difference(a.merged, b.merged)
    for terms in (merged, _difference(a.terms, b.terms)):
        low, high = _bounds_of_sum(terms)  # floors that are not merged may bound k*floor(...) better
        if low is not None and low >= 0:
            return True
        if high is not None and high < 0:
            return False
    return True if _has_nonnegative_bound(merged) else None


@lru_cache(maxsize=2_000)
def _summed(a: Any, promised: tuple[tuple[str, tuple[int, int]], ...] = ()) -> _Sum:
    terms: dict[Expr, Any] = {}
    for term in Add.make_args(_expanded(S(a))):
        factor, product = term.as_coeff_Mul()
        product = _promised(product, promised) if promised else product
        terms[product] = terms.get(product, 0) + plain(factor)
    merged: dict[Expr, Any] = {}
    samples: list[Any] = [0] * SAMPLES
    for product, factor in terms.items():
        for plainer, count in _merged(product).items():
            merged[plainer] = merged.get(plainer, 0) + factor * count
        values = _samples(product)
        samples = [sample + factor * value for sample, value in zip(samples, values, strict=False)]
    return _Sum(terms, merged, tuple(samples))


@_remembered
def _promised(product: Expr, promised: tuple[tuple[str, tuple[int, int]], ...]) -> Expr:
    return S(promise(product, {name: told for name, told in promised if name in symbols_of(product)}))


@_remembered
def _merged(product: Expr) -> Mapping[Expr, Any]:
    return {rest: plain(factor) for rest, factor in _normal(product).as_coefficients_dict().items()}


SAMPLES = 4


@_remembered
def _samples(product: Expr) -> tuple[Any, ...]:
    """The product where all symbols are small, all are large, or a half of them; nothing where it has no number."""
    found = []
    for number in range(SAMPLES):
        value = product.xreplace({symbol: _sample(symbol, number) for symbol in product.free_symbols})
        if not value.is_Rational:
            return ()
        found.append(plain(value))
    return tuple(found)


def _sample(symbol: Expr, number: int) -> Expr:
    is_large = (False, True, ord(symbol.name[-1]) % 2 == 0, ord(symbol.name[-1]) % 2 == 1)[number]
    if isinstance(symbol, Size):
        least = -(-symbol.minimum // symbol.multiple_of) * symbol.multiple_of
        return Integer(least + 10_000 * symbol.multiple_of * is_large)
    return Integer(10_000 if is_large else 1) if symbol.is_integer else Rational(4 if is_large else 1, 4)


def _expanded(a: Expr) -> Expr:
    """`sympy.expand`, quick for sums of hundreds of terms that are expanded already, or but for one common factor."""
    terms: list[Expr] = []
    for term in Add.make_args(a):
        factors = Mul.make_args(term)
        others = [factor for factor in factors if not _is_flat(factor)]
        if not others:
            terms.append(term)
        elif len(others) == 1 and isinstance(others[0], Add) and _expanded(others[0]) is others[0]:
            rest = Mul(*(factor for factor in factors if factor is not others[0]))
            terms.extend(rest * inner for inner in others[0].args)
        else:
            terms.extend(Add.make_args(sympy.expand(term)))
    return a if len(terms) == len(Add.make_args(a)) and all(map(is_, terms, Add.make_args(a))) else Add(*terms)


def _is_flat(factor: Expr) -> bool:
    """Whether a factor is a number, a symbol, a function of expanded sizes, or a power of one."""
    base = factor.args[0] if isinstance(factor, Pow) and factor.args[1].is_Integer else factor
    return base.is_Rational or base.is_Symbol or (isinstance(base, Function) and _has_flat_arguments(base))


@_remembered
def _has_flat_arguments(function: Expr) -> bool:
    return all(_expanded(argument) is argument for argument in function.args)


def _difference(a: Mapping[Expr, Any], b: Mapping[Expr, Any]) -> list[tuple[Expr, Any]]:
    """The products of a - b, and their factors."""
    found = dict(a)
    for product, factor in b.items():
        found[product] = found.get(product, 0) - factor
    return [(product, factor) for product, factor in found.items() if factor]


def _bounds_of_sum(terms: Sequence[tuple[Expr, Any]]) -> tuple[Any, Any]:
    """The least and the largest value of a sum of products with factors; None where there is no bound."""
    low: Any = 0
    high: Any = 0
    for product, factor in terms:
        bounds = [None if bound is None else factor * bound for bound in _bounds_of_product(product)]
        least, most = bounds if factor > 0 else reversed(bounds)
        low = None if low is None or least is None else low + least
        high = None if high is None or most is None else high + most
    return low, high


@_remembered
def _bounds_of_product(product: Expr) -> tuple[Any, Any]:
    low, high = _bounds(product)
    return plain(low), plain(high)


def _has_nonnegative_bound(terms: Sequence[tuple[Expr, Any]]) -> bool:
    """Whether a sum is >= 0 by (p - q + 1)/q <= floor(p/q) <= p/q: H*W >= 4*floor(H/2)*floor(W/2).

    With polynomials in place of floors, and every symbol written as its minimum plus something >= 0, none of the
    coefficients may be negative.
    """
    coefficients: dict[Expr, Any] = {}
    for product, factor in terms:
        bound = _bounding_polynomial(product, bool(factor > 0))
        if bound is None:
            return False
        for monomial, coefficient in bound.items():
            coefficients[monomial] = coefficients.get(monomial, 0) + factor * coefficient
    return all(coefficient >= 0 for coefficient in coefficients.values())


@_remembered
def _bounding_polynomial(product: Expr, below: bool) -> Mapping[Expr, Any] | None:
    """A bound from below or above, by monomials of what each symbol is above its minimum; None if none is at hand."""
    bound = S.One
    for factor in Mul.make_args(product):
        base, exponent = factor.as_base_exp()
        if isinstance(base, FloorDiv):
            p, q = base.args
            base = sympy.expand((p - q + 1) / q if below else p / q)
        low, _ = _bounds(base)
        is_plain = exponent.is_Integer and exponent > 0 and not base.has(Function)
        if low is None or low < 0 or not is_plain or not all(isinstance(symbol, Size) for symbol in base.free_symbols):
            return None
        bound *= base**exponent
    raised = sympy.expand(bound.xreplace({symbol: symbol + symbol.minimum for symbol in bound.free_symbols}))
    return {monomial: plain(factor) for monomial, factor in raised.as_coefficients_dict().items()}


@_remembered
def divides(a: Any, b: Any) -> dims.Truth:
    terms = Add.make_args(_expanded(S(b)))
    if S(a).is_Integer and is_whole(b) and all(_known_multiple(term) % a == 0 for term in terms):
        return True
    remainder = _normal(S(b) - S(a) * FloorDiv(b, a))
    if remainder == 0:
        return True
    return False if remainder.is_number else None


def _known_multiple(term: Expr) -> Any:
    """A whole number that divides a term whatever its symbols are: its coefficient, and what it was rounded to."""
    coefficient, rest = term.as_coeff_Mul()
    rounded = [f.args[1] for f in Mul.make_args(rest) if isinstance(f, MakeDivisible) and f.args[1].is_Integer]
    return coefficient * Mul(*rounded)


def is_whole(a: Any) -> bool:
    terms = Add.make_args(_expanded(S(a)))
    return all(term.is_Integer or (not term.is_Rational and _content(term) is not None) for term in terms)


def symbols_of(a: Any) -> frozenset[str]:
    return frozenset(symbol.name for symbol in S(a).free_symbols)


def substitute(a: Any, values: Mapping[str, Any]) -> Any:
    a = S(a)
    replaced = {s: S(dims.exact(values[s.name])) for s in a.free_symbols if s.name in values}
    for symbol, value in replaced.items():
        _check_domain(symbol, value)
    return plain(a.xreplace(replaced))


def _check_domain(symbol: Expr, value: Expr) -> None:
    """Refuse a number that the symbol cannot stand for."""
    if value.is_number and isinstance(symbol, Size) and not (value.is_Integer and value >= 1):
        raise ArchcalcError(f"{symbol} is a whole number >= 1, not {value}")
    if value.is_number and symbol.is_positive and not value > 0:
        raise ArchcalcError(f"{symbol} is greater than 0, not {value}")


def add_up(numbers: list[Any]) -> Any:
    whole, counted = 0, Counter[Any]()  # layers are alike: each different formula is expanded once
    for number in numbers:
        if type(number) is int:
            whole += number
        else:
            counted[number] += 1
    return plain(Add(whole, *(count * _expanded(S(number)) for number, count in counted.items())))


def total(term: Any, index: Any, count: Any) -> Any:
    summed = sympy.expand(sympy.summation(sympy.expand(S(term)), (index, 0, S(count) - 1)))
    if summed.has(sympy.Sum):
        raise ArchcalcError(f"{term} has no closed sum over {index}")
    return plain(summed)


def latex(a: Any) -> str:
    a = S(a)
    return str(sympy.latex(a, symbol_names={symbol: latex_name(symbol.name) for symbol in a.free_symbols}))


_OPERATIONS = {FloorDiv: "floor", Maximum: "max", Minimum: "min", Gcd: "gcd", MakeDivisible: "make_divisible"}


def parts(a: Any) -> tuple[str, tuple[Any, ...]]:
    return _parts(S(a))


@_remembered
def _parts(a: Expr) -> tuple[str, tuple[Any, ...]]:
    if a.is_Rational:
        return "number", (plain(a),)
    if isinstance(a, Symbol):
        return "symbol", (a.name, not a.is_integer)
    if isinstance(a, Add):
        return "+", tuple(a.as_ordered_terms())
    if isinstance(a, Mul):
        return "*", tuple(a.as_ordered_factors())
    if isinstance(a, Pow) and a.args[1].is_Integer:
        return "**", (a.args[0], int(a.args[1]))
    if isinstance(a, CeilDiv):
        return "*", (-S.One, a.negated)
    if type(a) in _OPERATIONS:
        return _OPERATIONS[type(a)], a.args
    raise ArchcalcError(f"{a} is not made of archcalc's operations")


def term_count(a: Any) -> int:
    return len(Add.make_args(_expanded(S(a))))


def derivative(a: Any, name: str) -> tuple[Any, tuple[Any, ...]]:
    smooth = S(a)
    floors: dict[Expr, Expr] = {}
    for made in sorted(smooth.atoms(CeilDiv, *_OPERATIONS), key=sympy.default_sort_key):
        if name not in symbols_of(made):
            continue
        if not isinstance(made, FloorDiv | CeilDiv):
            raise ArchcalcError(f"{made} has no derivative by {name}")
        floors[made] = made.args[0] / made.args[1]
    while smooth.has(*floors) if floors else False:  # floors may stand in floors
        smooth = smooth.xreplace(floors)
    symbol = next((symbol for symbol in smooth.free_symbols if symbol.name == name), None)
    return (0 if symbol is None else plain(sympy.expand(sympy.diff(smooth, symbol)))), tuple(floors)


def is_foreign(a: Any) -> bool:
    return any(symbol.is_positive is None and symbol.is_nonnegative is None for symbol in S(a).free_symbols)


def is_negated(a: Any) -> bool:
    return all(term.as_coeff_Mul()[0] < 0 for term in Add.make_args(S(a)))


def promise(a: Any, promises: Mapping[str, tuple[int, int]]) -> Any:
    a = S(a)
    replaced = {}
    for known in a.free_symbols:
        if known.name not in promises:
            continue
        if not isinstance(known, Size):
            raise ArchcalcError(f"{known} is a ratio; only of a whole number can a multiple or a minimum be promised")
        multiple, minimum = promises[known.name]
        multiple = multiple * known.multiple_of // int_gcd(multiple, known.multiple_of)
        replaced[known] = Size(known.name, multiple, max(minimum, known.minimum))
    return plain(a.xreplace(replaced))


def promises(a: Any) -> list[tuple[Any, int, int]]:
    """The symbols in a that promise something: (symbol, the number it is a multiple of, its minimum)."""
    symbols = sorted(S(a).free_symbols, key=lambda s: str(s.name))
    return [(s, getattr(s, "multiple_of", 0), getattr(s, "minimum", 0)) for s in symbols]


def whole_if(a: Any) -> dict[str, int]:
    needed: dict[str, int] = {}
    for term in Add.make_args(_expanded(S(a))):
        coefficient, rest = term.as_coeff_Mul()
        if coefficient.q != 1 and isinstance(rest, Size):
            needed[rest.name] = sympy.ilcm(needed.get(rest.name, 1), coefficient.q)
    return {name: int(multiple) for name, multiple in needed.items()}


@_remembered
def solved_at_least(a: Any, b: Any) -> tuple[Any, Any]:
    """An equivalent of a >= b with floors, factors and constants moved to the right: (H, 32)."""
    reduced = _normal(S(a))
    a = S(a) if reduced.free_symbols else reduced
    while a.free_symbols:
        constant, rest = a.as_coeff_Add()
        if constant:
            a, b = rest, b - plain(constant)
        coefficient, rest = a.as_coeff_Mul()
        if coefficient != 1 and coefficient > 0:
            a, b = rest, ceildiv(b, coefficient) if is_whole(rest) else b / coefficient
        if isinstance(a, FloorDiv) and a.args[1].is_Integer:
            a, b = sympy.expand(a.args[0]), b * int(a.args[1])
        elif (not a.as_coeff_Add()[0] and a.as_coeff_Mul()[0] in (1, -1)) or a.as_coeff_Mul()[0] < 0:
            break
    return plain(a), plain(S(b))


def index(taken: Collection[str]) -> Expr:
    """The number of a round of a symbolic repeat, a whole number >= 0, with a name that is not taken."""
    names = (f"{letter}{number or ''}" for number in range(1000) for letter in "ijklmn")
    return Symbol(next(name for name in names if name not in taken), integer=True, nonnegative=True)


def unknown() -> Expr:
    """A size that no other symbol can be."""
    return sympy.Dummy("c", integer=True, positive=True)


def holds(a: Any, symbol: Expr) -> bool:
    """Whether the symbol is in a."""
    return symbol in S(a).free_symbols
