"""Where one count of symbols becomes larger than another, and their ratio in its simplest form.

With `dims.symbolic` the only modules that import sympy.

>>> from archcalc.dims import symbol
>>> C, N, k = symbol("C"), symbol("N"), symbol("k")
>>> found = crossing(9 * C + C * N, 9 * C * N)
>>> found.symbol, found.equal_at, found.less, found.more
('N', ('9/8',), ('N >= 2',), ('N = 1',))
>>> quotient_text(quotient(k**2 * C + C * N, k**2 * C * N))
'1/N + 1/k**2'
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import sympy
from sympy import Add, Dummy, Expr, Function, Mul, Poly, Pow, S, Symbol

from .symbolic import Size, at_least, plain

MAX_TERMS = 40  # of an expression that is factored or reduced: beyond, that takes seconds


class Crossing(NamedTuple):
    """The sign of a - b.

    `sign` is -1, 0 or 1 where the symbols cannot change it, else None; `is_strict` is False where it may also be 0.
    `deciding` has the sign of a - b, without factors that are always positive. Where it was solved for `symbol`,
    `equal_at` are the values at which both are equal, and `less`, `more`, `same` say where a is less, more, the same:
    alternatives, as text.
    """

    sign: int | None
    is_strict: bool = True
    deciding: Any = 0
    symbol: str = ""
    equal_at: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    same: tuple[str, ...] = ()


def crossing(a: Any, b: Any, last: Collection[str] = ()) -> Crossing:
    """Where a < b, a = b and a > b; solved for one symbol in which the difference is of degree 1 or 2.

    Symbols called as in `last` are solved for only if no other will do.
    """
    difference = sympy.expand(S(a) - S(b))
    if difference.is_number:
        return Crossing(int(sympy.sign(difference)), deciding=plain(difference))
    bound = 1 if at_least(a, b) else -1 if at_least(b, a) else None
    if (bound == 1 and at_least(a, b + 1)) or (bound == -1 and at_least(b, a + 1)):
        return Crossing(bound, deciding=plain(difference))
    held = _Held(difference)
    over, under = sympy.fraction(sympy.together(held.polynomial))
    sign, is_strict, core = _without_positive_factors(sympy.expand(over * under))  # the sign of a quotient
    if core == 1:
        return Crossing(sign, is_strict, plain(difference))
    core = sympy.expand(sign * core)
    found = _found(core, held, last)
    if found.sign is None and bound is not None:
        found = Crossing(bound, is_strict=False)
    return found._replace(deciding=plain(held.restored(core)))


def _found(core: Expr, held: _Held, last: Collection[str]) -> Crossing:
    """The sign of a polynomial that no factor decides, solved for a symbol if there is one that can be."""
    names = sorted(core.free_symbols - set(held.functions), key=str)
    solvable = [s for s in names if held.is_free(s) and Poly(core, s).degree() <= 2]
    if not solvable:
        return Crossing(None)
    symbol = min(solvable, key=lambda s: (not _is_one_bound(core, s), str(s) in last, Poly(core, s).degree(), str(s)))
    solved = _solved_alone(core, symbol) if core.free_symbols == {symbol} else _solved(core, symbol, held)
    return solved._replace(symbol=str(symbol))


class _Held:
    """An expression whose floors and the like are held as positive unknowns: sizes, which are at least 1."""

    def __init__(self, expr: Expr) -> None:
        self.functions: dict[Expr, Expr] = {}
        self.expr = expr
        outer = [f for f in expr.atoms(Function) if not any(f is not g and g.has(f) for g in expr.atoms(Function))]
        for number, function in enumerate(sorted(outer, key=sympy.default_sort_key)):
            self.functions[Dummy(f"f{number}", positive=True, integer=True)] = function
        self.polynomial = expr.xreplace({function: held for held, function in self.functions.items()})

    def restored(self, expr: Expr) -> Expr:
        return expr.xreplace(self.functions)

    def is_free(self, symbol: Expr) -> bool:
        """Whether the symbol stands in none of the functions."""
        return not any(function.has(symbol) for function in self.functions.values())


def _without_positive_factors(polynomial: Expr) -> tuple[int, bool, Expr]:
    """A sign, whether it is never 0, and the factor that may have either sign; 1 where there is none."""
    terms = Add.make_args(polynomial)
    if len(terms) <= MAX_TERMS:
        content, factors = sympy.factor_list(polynomial)
    else:
        content, factors = S.One, [(sympy.factor_terms(polynomial), 1)]
        factors = [(factor, 1) for factor in Mul.make_args(factors[0][0])]
    sign, core = int(sympy.sign(content)), S.One
    weak = S.One  # factors of known sign that may be 0
    for factor, power in factors:
        known, strict = (1, False) if power % 2 == 0 and not _sign(factor)[1] else _sign(factor)
        if not known:
            core *= factor**power
            continue
        sign *= known**power
        weak *= 1 if strict else (known * factor) ** power
    if core == 1:
        return sign, weak == 1, core if len(weak.free_symbols) != 1 else weak
    return sign, weak == 1, core * weak


def _sign(polynomial: Expr) -> tuple[int, bool]:
    """1 or -1 if it is that or 0 for all settings, and whether it is never 0; 0 where it depends on them."""
    if polynomial.is_number:
        return int(sympy.sign(polynomial)), True
    least = {s: s + _least(s) for s in polynomial.free_symbols if isinstance(s, Size | Dummy)}
    raised = sympy.expand(polynomial.xreplace(least)).as_coefficients_dict()
    signs = {int(sympy.sign(factor)) for factor in raised.values() if factor != 0}
    if len(signs) != 1:
        return 0, False
    return signs.pop(), any(not set(product.free_symbols) & set(least) for product in raised)


def _least(symbol: Expr) -> int:
    return getattr(symbol, "minimum", 1)


# one symbol left: the intervals are exact


def _solved_alone(core: Expr, symbol: Expr) -> Crossing:
    roots = _roots(core, symbol)
    if isinstance(symbol, Size):
        pieces = list(_whole_pieces(core, symbol, roots))
    else:
        pieces = list(_ratio_pieces(core, symbol, roots))
    signs = {sign for sign, _ in pieces}
    if len(signs - {0}) <= 1:
        same = tuple(text for sign, text in pieces if sign == 0)
        return Crossing(max(signs - {0}, default=0), 0 not in signs, same=same)
    texts = {wanted: tuple(text for sign, text in pieces if sign == wanted) for wanted in (-1, 0, 1)}
    shown = tuple(_root_text(root) for root in roots if root > 0)
    return Crossing(None, equal_at=shown, less=texts[-1], more=texts[1], same=texts[0])


def _roots(core: Expr, symbol: Expr) -> list[Expr]:
    """The real roots of a polynomial of degree 1 or 2 in its only symbol, ascending."""
    coefficients = Poly(core, symbol).all_coeffs()
    if len(coefficients) == 2:
        return [-coefficients[1] / coefficients[0]]
    a, b, c = coefficients
    discriminant = b * b - 4 * a * c
    if discriminant < 0:
        return []
    return sorted({_tidied((-b + sign * sympy.sqrt(discriminant)) / (2 * a)) for sign in (-1, 1)})


def _whole_pieces(core: Expr, symbol: Size, roots: Sequence[Expr]) -> Iterator[tuple[int, str]]:
    """The sign on each range of the whole numbers, or multiples, that the symbol stands for."""
    step = symbol.multiple_of
    first = -(-symbol.minimum // step)
    starts = {first}
    for root in roots:
        below = int(sympy.floor(root / step))
        starts.update(start for start in (below, below + 1) if start > first)
    ranges: list[tuple[int, int]] = []  # sign, start
    for start in sorted(starts):
        sign = int(sympy.sign(core.xreplace({symbol: sympy.Integer(start * step)})))
        if not ranges or ranges[-1][0] != sign:
            ranges.append((sign, start))
    for number, (sign, start) in enumerate(ranges):
        stop = ranges[number + 1][1] - 1 if number + 1 < len(ranges) else None
        yield sign, _range_text(symbol, start * step, None if stop is None else stop * step, start == first)


def _range_text(symbol: Expr, low: int, high: int | None, is_first: bool) -> str:
    if high is None:
        return f"{symbol} >= {low}"
    if low == high:
        return f"{symbol} = {low}"
    return f"{symbol} <= {high}" if is_first else f"{low} <= {symbol} <= {high}"


def _ratio_pieces(core: Expr, symbol: Expr, roots: Sequence[Expr]) -> Iterator[tuple[int, str]]:
    """The sign between the roots of a symbol that stands for any positive ratio."""
    bounds = [root for root in roots if root > 0]
    for number in range(len(bounds) + 1):
        low = bounds[number - 1] if number else S.Zero
        high = bounds[number] if number < len(bounds) else None
        inside = low + 1 if high is None else (low + high) / 2
        sign = int(sympy.sign(sympy.expand(core.xreplace({symbol: inside}))))
        above = f"{symbol} > {_root_text(low)}"
        if high is None:
            yield sign, above
            continue
        yield (
            sign,
            f"{symbol} < {_root_text(high)}" if not number else f"{_root_text(low)} < {symbol} < {_root_text(high)}",
        )
        if high.is_rational:
            yield 0, f"{symbol} = {_root_text(high)}"


# several symbols left: solved for one of them


def _is_one_bound(core: Expr, symbol: Expr) -> bool:
    """Whether the sign changes once along the symbol, and in a direction that is known."""
    coefficients = Poly(core, symbol).all_coeffs()
    (first, is_strict), (last, is_last_strict) = _sign(coefficients[0]), _sign(coefficients[-1])
    return bool(first and is_strict) and (len(coefficients) == 2 or (first * last < 0 and is_last_strict))


def _solved(core: Expr, symbol: Expr, held: _Held) -> Crossing:
    coefficients = [sympy.factor_terms(c) for c in Poly(core, symbol).all_coeffs()]
    if len(coefficients) == 2:
        return _solved_linear(symbol, coefficients[0], coefficients[1], held)
    return _solved_quadratic(core, symbol, coefficients, held)


def _solved_linear(symbol: Expr, slope: Expr, constant: Expr, held: _Held) -> Crossing:
    root = held.restored(_as_fraction(-constant / slope))
    sign, is_strict = _sign(slope)
    if sign and is_strict:
        less, more = f"{symbol} < {root}", f"{symbol} > {root}"
    else:  # dividing would turn the sign, or be by 0: the product holds in any case
        sign = sign or -_sign(constant)[0] or 1
        left = _product_text(symbol, held.restored(sign * slope))
        right = held.restored(sympy.expand(-sign * constant))
        less, more = f"{left} < {right}", f"{left} > {right}"
    if sign < 0:
        less, more = more, less
    return Crossing(None, equal_at=(str(root),), less=(less,), more=(more,))


def _as_fraction(ratio: Expr) -> Expr:
    """A ratio with common factors taken out, and no minus in front of what it is divided by."""
    over, under = map(sympy.factor_terms, sympy.fraction(sympy.cancel(ratio)))
    return -over / -under if under.could_extract_minus_sign() else over / under


def _product_text(symbol: Expr, factor: Expr) -> str:
    expanded = sympy.expand(factor)
    return f"{symbol}*({expanded})" if isinstance(expanded, Add) else f"{symbol}*{expanded}"


def _solved_quadratic(core: Expr, symbol: Expr, coefficients: Sequence[Expr], held: _Held) -> Crossing:
    a, b, c = coefficients
    discriminant = sympy.factor(sympy.expand(b * b - 4 * a * c))
    around = sympy.sqrt(discriminant)
    signs = [_sign(coefficient) for coefficient in (a, c)]
    if signs[0][0] * signs[1][0] < 0 and signs[0][1] and signs[1][1]:  # one root is positive, the other negative
        upward = signs[0][0]
        root = _root_text(held.restored(_tidied((-b + upward * around) / (2 * a))))
        less, more = (f"{symbol} < {root}", f"{symbol} > {root}")[::upward]
        return Crossing(None, equal_at=(root,), less=(less,), more=(more,))
    roots = [_root_text(held.restored(_tidied((-b + sign * around) / (2 * a)))) for sign in (-1, 1)]
    shown = held.restored(core)
    return Crossing(None, equal_at=tuple(roots), less=(f"{shown} < 0",), more=(f"{shown} > 0",))


def _tidied(root: Expr) -> Expr:
    return sympy.factor_terms(sympy.expand(root))


def _root_text(root: Expr) -> str:
    """A root, with decimals where a number in it is not rational."""
    if not _has_roots(root):
        return str(root)
    rounded = sympy.N(root, 5)
    return str(root) if isinstance(rounded, Add) or _has_roots(rounded) else f"{root} (about {rounded})"


def _has_roots(expr: Expr) -> bool:
    return any(not power.exp.is_Integer for power in expr.atoms(Pow))


# ratios


def quotient(a: Any, b: Any) -> Any:
    """a / b in its simplest form: sums over one product are written term by term; None where b is 0.

    >>> from archcalc.dims import symbol
    >>> quotient(27 * symbol("C") ** 2, 49 * symbol("C") ** 2), quotient(1, 0)
    (Fraction(27, 49), None)
    """
    if b == 0:
        return None
    held = _Held(S(a) / S(b))
    numerator, denominator = sympy.fraction(sympy.together(held.polynomial))
    sizes = [len(Add.make_args(sympy.expand(part))) for part in (numerator, denominator)]
    if max(sizes) <= MAX_TERMS:
        numerator, denominator = sympy.fraction(sympy.cancel(held.polynomial))
    if not isinstance(denominator, Add):
        return plain(held.restored(sympy.expand(numerator / denominator)))
    if max(sizes) <= MAX_TERMS:
        numerator, denominator = sympy.factor(numerator), sympy.factor(denominator)
    return plain(held.restored(numerator / denominator))


def quotient_text(a: Any) -> str:
    """A ratio as text, with no negative powers: 1/N + 1/k**2."""
    terms = [sympy.fraction(term) for term in Add.make_args(S(a))]
    terms.sort(key=lambda term: (-_degree(term[0]), not _degree(term[1]), _degree(term[1]), str(term)))
    texts = []
    for over, under in terms:
        is_negative = over.could_extract_minus_sign()
        sign, shown = ("-", -over) if is_negative else ("+", over)
        text = str(shown)
        if under != 1:
            text = f"({text})/{_bracketed(under)}" if isinstance(shown, Add) else f"{text}/{_bracketed(under)}"
        texts.append(f" {sign} {text}")
    whole = "".join(texts)
    return whole[3:] if whole.startswith(" +") else f"-{whole[3:]}"


def _degree(product: Expr) -> int:
    """The number of symbols and floors in a product."""
    powers = (factor.as_base_exp() for factor in Mul.make_args(product))
    return sum(int(power) for base, power in powers if not base.is_number and power.is_Integer)


def _bracketed(expr: Expr) -> str:
    text = str(expr)
    is_one = isinstance(expr, Symbol | Function) or expr.is_Integer or (expr.is_Pow and expr.exp.is_Integer)
    return text if is_one else f"({text})"
