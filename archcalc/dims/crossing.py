"""Where one count of symbols becomes larger than another.

With `dims.symbolic` and `dims.quotients` the only modules that import sympy.

>>> from archcalc.dims import floordiv, symbol
>>> C, N, k = symbol("C"), symbol("N"), symbol("k")
>>> found = crossing(9 * C + C * N, 9 * C * N)
>>> found.symbol, found.equal_at, found.less, found.more
('N', ('9/8',), ('N >= 2',), ('N = 1',))
>>> crossing(3 * floordiv(C, 2), C + 4).more
('C = 10', 'C >= 12')
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

import sympy
from sympy import Add, Dummy, Expr, Function, Mul, Poly, Pow, S

from .quotients import MAX_TERMS, Held, text
from .residues import Crossing, Signs, signs_along, signs_of
from .symbolic import Size, at_least, plain

MAX_UNTOUCHED = 150  # terms of a difference in several symbols with both signs: beyond, nothing is tried
MAX_ROOT = 12  # of what stands under a root
MAX_TOLD = 6  # ranges or residues of a symbol that are listed


def crossing(a: Any, b: Any, last: Collection[str] = ()) -> Crossing:
    """Where a < b, a = b and a > b.

    Along one symbol the answer is complete, floors or not. Of several, it is solved for one in which the difference is
    of degree 1 or 2 and that stands in no floor; symbols called as in `last` only if no other will do.
    """
    difference = sympy.expand(S(a) - S(b))
    if difference.is_number:
        return Crossing(int(sympy.sign(difference)), deciding=plain(difference))
    is_open = {-1, 1} <= _tried(difference)
    if is_open and len(Add.make_args(difference)) > MAX_UNTOUCHED and len(difference.free_symbols) > 1:
        return Crossing(None, deciding=difference)
    bound = None if is_open else 1 if at_least(a, b) else -1 if at_least(b, a) else None
    if (bound == 1 and at_least(a, b + 1)) or (bound == -1 and at_least(b, a + 1)):
        return Crossing(bound, deciding=plain(difference))
    held = Held(difference)
    core = _core(held.polynomial)
    deciding = plain(held.restored(core))
    found = _along(deciding) or (None if is_open else _decided(core, deciding))
    if found is None and bound is not None:
        found = Crossing(bound, is_strict=False)
    return (found or _solved(core, held, last))._replace(deciding=deciding)


def _tried(difference: Expr) -> set[int]:
    """The signs at some points, until there are both: then no proof of one sign need be tried."""
    symbols = sorted(difference.free_symbols, key=str)
    low, high = ({symbol: _tried_at(symbol, is_high) for symbol in symbols} for is_high in (False, True))
    signs: set[int] = set()
    for point in (low, high, *({**low, s: high[s]} for s in symbols), *({**high, s: low[s]} for s in symbols)):
        value = difference.xreplace(point)
        signs |= {int(sympy.sign(value))} if value.is_Rational else set()
        if {-1, 1} <= signs:
            break
    return signs


def _tried_at(symbol: Expr, is_high: bool) -> Expr:
    if not isinstance(symbol, Size):
        return S(64 if is_high else 1) / 8
    return S(symbol.multiple_of * (-(-symbol.minimum // symbol.multiple_of) + 10_000 * is_high))


def _core(expr: Expr) -> Expr:
    """A polynomial that has the sign of a quotient: without factors that are always positive, others once or twice."""
    expr = _without_shared(expr)
    if len(Add.make_args(expr)) > MAX_TERMS:
        return expr
    over, under = sympy.fraction(sympy.together(expr))
    content, factors = sympy.factor_list(sympy.expand(over * under))
    core = sympy.sign(content)
    for factor, power in factors:
        sign, is_strict = _sign(factor)
        core *= sign**power if is_strict else factor ** (2 - power % 2)
    return sympy.expand(core)


def _without_shared(expr: Expr) -> Expr:
    """A sum without the powers of symbols that all its terms share; they are positive."""
    powers = [term.as_powers_dict() for term in Add.make_args(expr)]
    bases = {base for each in powers for base in each if base.is_Symbol}
    shared = Mul(*(base ** min(each.get(base, 0) for each in powers) for base in bases))
    return Add(*(term / shared for term in Add.make_args(expr)))


def _sign(polynomial: Expr) -> tuple[int, bool]:
    """1 or -1 if it is that or 0 for all settings, and whether it is never 0; 0, False where it depends on them."""
    if polynomial.is_number:
        return int(sympy.sign(polynomial)), polynomial != 0
    least = {s: s + getattr(s, "minimum", 1) for s in polynomial.free_symbols if isinstance(s, Size | Dummy)}
    raised = sympy.expand(polynomial.xreplace(least)).as_coefficients_dict()
    signs = {int(sympy.sign(factor)) for factor in raised.values() if factor != 0}
    if len(signs) != 1:
        return 0, False
    return signs.pop(), any(not set(product.free_symbols) & set(least) for product in raised)


def _decided(core: Expr, deciding: Any) -> Crossing | None:
    """The sign of a core that the symbols cannot change."""
    sign, is_strict = _sign(core)
    if sign:
        return Crossing(sign, is_strict)
    signs = signs_of(deciding)
    if signs is None or {-1, 1} <= signs:
        return None
    return Crossing(sum(signs), is_strict=len(signs) == 1)


# one symbol left: the answer is complete


def _along(core: Any) -> Crossing | None:
    """The sign along the only symbol; None where there are several, or its values cannot be listed."""
    if len(S(core).free_symbols) != 1:
        return None
    (symbol,) = core.free_symbols
    if not isinstance(symbol, Size):
        return _along_ratio(core, symbol)
    found = signs_along(core, symbol.name)
    if found is None:
        return None
    texts, unsettled = _listed(found, symbol)
    signs = found.every - {0}
    if len(signs) <= 1:
        same = () if unsettled else tuple(texts.get(0, ()))
        return Crossing(sum(signs), len(found.every) == 1, symbol=symbol.name, same=same)
    if not texts:
        return None
    less, same, more = (tuple(texts.get(sign, ())) for sign in (-1, 0, 1))
    roots = tuple(root_text(root) for root in _roots(core, symbol) if root > 0)
    return Crossing(None, True, 0, symbol.name, roots, less, more, same, unsettled)


def _listed(found: Signs, symbol: Size) -> tuple[dict[int, list[str]], tuple[int, ...]]:
    """By sign the ranges of a symbol; and from where to where they leave it open, because it changes too often there.

    Nothing where the sign changes for ever in a way that is too long to tell.
    """
    texts: dict[int, list[str]] = {-1: [], 0: [], 1: []}
    ranges = [
        (sign, _range_text(symbol, start, stop - found.step, start == found.runs[0][0]), stop)
        for (start, sign), (stop, _) in pairwise(found.runs)
    ]
    end, settled = found.runs[-1]
    signs = [sign for sign, _, _ in ranges]
    unsettled: tuple[int, ...] = ()
    if None in signs or max(map(signs.count, texts)) > MAX_TOLD:  # but for where it begins and ends
        ranges = ranges[: int(signs[0] is not None)]
        unsettled = (ranges[0][2] if ranges else found.runs[0][0], end - found.step)
    for sign, told, _ in ranges:
        texts[sign or 0].append(told)
    if settled is not None:
        texts[settled].append(f"{symbol} >= {end}")
        return texts, unsettled
    from_there = f"{symbol} >= {end} with " if end > found.runs[0][0] else ""
    for sign in set(found.tail):
        listed = _residues_text(found, symbol, sign)
        if not listed:
            return {}, ()
        texts[sign].extend(from_there + told for told in listed)
    return texts, unsettled


def _residues_text(found: Signs, symbol: Size, sign: int) -> list[str]:
    """Where in the tail a sign is, by residues; nothing where they are many."""
    period = len(found.tail) * found.step
    end = found.runs[-1][0]
    residues = {(end + number * found.step) % period: other for number, other in enumerate(found.tail)}
    own = sorted(residue for residue, other in residues.items() if other == sign)
    others = sorted(set(residues) - set(own))
    if len(own) <= MAX_TOLD:
        return [f"{symbol} % {period} == {residue}" for residue in own]
    return [f"{symbol} % {period} != {others[0]}"] if len(others) == 1 else []


def _range_text(symbol: Expr, low: int, high: int, is_first: bool) -> str:
    if low == high:
        return f"{symbol} = {low}"
    return f"{symbol} <= {high}" if is_first else f"{low} <= {symbol} <= {high}"


def _roots(core: Expr, symbol: Expr) -> list[Expr]:
    """The real roots of a polynomial of degree 1 or 2 in its only symbol, ascending; none of others."""
    if core.has(Function):
        return []
    coefficients = Poly(core, symbol).all_coeffs()
    if len(coefficients) == 2:
        return [-coefficients[1] / coefficients[0]]
    if len(coefficients) > 3:
        return []
    a, b, c = coefficients
    discriminant = b * b - 4 * a * c
    if discriminant < 0:
        return []
    return sorted({_tidied((-b + sign * sympy.sqrt(discriminant)) / (2 * a)) for sign in (-1, 1)})


def _along_ratio(core: Expr, symbol: Expr) -> Crossing | None:
    """The sign between the roots of a polynomial in a symbol that stands for any positive ratio."""
    if core.has(Function) or Poly(core, symbol).degree() > 2:
        return None
    roots = [root for root in _roots(core, symbol) if root > 0]
    texts: dict[int, list[str]] = {
        -1: [],
        0: [f"{symbol} = {root_text(root)}" for root in roots if root.is_rational],
        1: [],
    }
    for low, high in pairwise([S.Zero, *roots, None]):
        inside = low + 1 if high is None else (low + high) / 2
        sign = int(sympy.sign(sympy.expand(core.xreplace({symbol: inside}))))
        texts[sign].append(_between_text(symbol, low, high))
    less, same, more = (tuple(texts[sign]) for sign in (-1, 0, 1))
    if less and more:
        return Crossing(None, True, 0, str(symbol), tuple(map(root_text, roots)), less, more, same)
    return Crossing(1 if more else -1, not roots, symbol=str(symbol), same=same)


def _between_text(symbol: Expr, low: Expr, high: Expr | None) -> str:
    if high is None:
        return f"{symbol} > {root_text(low)}"
    return f"{symbol} < {root_text(high)}" if low == 0 else f"{root_text(low)} < {symbol} < {root_text(high)}"


# several symbols left: solved for one of them


def _solved(core: Expr, held: Held, last: Collection[str]) -> Crossing:
    """Where a polynomial that no factor decides is negative, as a bound on one symbol if that can be had."""
    if len(Add.make_args(core)) > MAX_TERMS:
        return Crossing(None)
    free = [symbol for symbol in sorted(core.free_symbols, key=str) if held.is_free(symbol)]
    coefficients = {symbol: Poly(core, symbol).all_coeffs() for symbol in free}
    solvable = [symbol for symbol in free if len(coefficients[symbol]) <= 3]
    if not solvable:
        return Crossing(None)
    bounded = {symbol: _is_one_bound(coefficients[symbol]) for symbol in solvable}
    symbol = min(solvable, key=lambda s: (not bounded[s], str(s) in last, len(coefficients[s]), str(s)))
    if len(coefficients[symbol]) == 2:
        return _solved_linear(symbol, coefficients[symbol], held)
    if bounded[symbol]:
        return _solved_quadratic(symbol, coefficients[symbol], held)
    return Crossing(None)


def _is_one_bound(coefficients: Sequence[Expr]) -> bool:
    """Whether the sign changes once along the symbol, and in a direction that is known."""
    (first, is_strict), (last, is_last_strict) = _sign(coefficients[0]), _sign(coefficients[-1])
    return is_strict and (len(coefficients) == 2 or (first * last < 0 and is_last_strict))


def _solved_linear(symbol: Expr, coefficients: Sequence[Expr], held: Held) -> Crossing:
    slope, constant = coefficients
    root = text(held.restored(_as_fraction(-constant / slope)))
    sign, is_strict = _sign(slope)
    if is_strict:
        left, right = str(symbol), root
    else:  # dividing would turn the sign, or be by 0: the product holds in any case
        sign = sign or -_sign(constant)[0] or 1
        left = _product_text(symbol, held.restored(sign * slope))
        right = text(held.restored(sympy.expand(-sign * constant)))
    return _bounded(symbol, left, right, root, is_upward=sign > 0)


def _solved_quadratic(symbol: Expr, coefficients: Sequence[Expr], held: Held) -> Crossing:
    """Solved where one root is positive, the other negative."""
    a, b, c = coefficients
    discriminant = sympy.expand(b * b - 4 * a * c)
    if len(Add.make_args(discriminant)) > MAX_ROOT:
        return Crossing(None)
    upward = _sign(a)[0]
    around = sympy.sqrt(sympy.factor(discriminant))
    root = root_text(held.restored(_tidied((-b + upward * around) / (2 * a))))
    return _bounded(symbol, str(symbol), root, root, is_upward=upward > 0)


def _bounded(symbol: Expr, left: str, right: str, root: str, is_upward: bool) -> Crossing:
    below, above = (f"{left} < {right}",), (f"{left} > {right}",)
    less, more = (below, above) if is_upward else (above, below)
    return Crossing(None, symbol=str(symbol), equal_at=(root,), less=less, more=more)


def _as_fraction(ratio: Expr) -> Expr:
    """A ratio with common factors taken out, and no minus in front of what it is divided by."""
    over, under = map(sympy.factor_terms, sympy.fraction(sympy.cancel(ratio)))
    return -over / -under if under.could_extract_minus_sign() else over / under


def _product_text(symbol: Expr, factor: Expr) -> str:
    expanded = sympy.expand(factor)
    return f"{symbol}*({text(expanded)})" if isinstance(expanded, Add) else f"{symbol}*{text(expanded)}"


def _tidied(root: Expr) -> Expr:
    return sympy.factor_terms(sympy.expand(root))


# texts


def root_text(root: Expr) -> str:
    """A root, with decimals where a number in it is not rational."""
    if not _has_roots(root):
        return text(root)
    rounded = sympy.N(root, 5)
    return text(root) if isinstance(rounded, Add) or _has_roots(rounded) else f"{text(root)} (about {rounded})"


def _has_roots(expr: Expr) -> bool:
    return any(not power.exp.is_Integer for power in expr.atoms(Pow))
