"""The ratio of two counts in its simplest form, and formulas as text with what is subtracted last.

>>> from archcalc.dims import symbol
>>> C, N, k = symbol("C"), symbol("N"), symbol("k")
>>> quotient_text(quotient(k**2 * C + C * N, k**2 * C * N))
'1/N + 1/k**2'
>>> text(k**2 - 9 * C)
'k**2 - 9*C'
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Add, Dummy, Expr, Function, Mul, S, Symbol
from sympy.printing.str import StrPrinter

from .symbolic import latex, plain

MAX_TERMS = 40  # of an expression that is factored, reduced or solved: beyond, that takes seconds


class Held:
    """An expression whose floors and the like are held as positive unknowns: sizes, which are at least 1."""

    def __init__(self, expr: Expr) -> None:
        self.functions: dict[Expr, Expr] = {}
        outer = [f for f in expr.atoms(Function) if not any(f is not g and g.has(f) for g in expr.atoms(Function))]
        for number, function in enumerate(sorted(outer, key=sympy.default_sort_key)):
            self.functions[Dummy(f"f{number}", positive=True, integer=True)] = function
        self.polynomial = expr.xreplace({function: held for held, function in self.functions.items()})

    def restored(self, expr: Expr) -> Expr:
        return expr.xreplace(self.functions)

    def is_free(self, symbol: Expr) -> bool:
        """Whether the symbol stands in none of the functions, and is none of them."""
        return symbol not in self.functions and not any(f.has(symbol) for f in self.functions.values())


def quotient(a: Any, b: Any) -> Any:
    """a / b in its simplest form: sums over one product are written term by term; None where b is 0.

    >>> from archcalc.dims import symbol
    >>> quotient(27 * symbol("C") ** 2, 49 * symbol("C") ** 2), quotient(1, 0)
    (Fraction(27, 49), None)
    """
    if b == 0:
        return None
    if max(len(Add.make_args(S(count))) for count in (a, b)) > MAX_TERMS:
        return plain(S(a) / S(b))
    held = Held(S(a) / S(b))
    numerator, denominator = sympy.fraction(sympy.cancel(held.polynomial))
    if not isinstance(denominator, Add):
        return plain(held.restored(sympy.expand(numerator / denominator)))
    return plain(held.restored(sympy.factor(numerator) / sympy.factor(denominator)))


def quotient_text(a: Any) -> str:
    """A ratio as text, with no negative powers, and what is subtracted last: 1/N + 1/k**2."""
    pairs = [sympy.fraction(term) for term in Add.make_args(S(a))]
    terms = [(bool(over.could_extract_minus_sign()), over, under) for over, under in pairs]
    terms.sort(key=lambda term: (term[0], -_degree(term[1]), not _degree(term[2]), _degree(term[2]), str(term[1:])))
    texts = (f" {'-' if is_negative else '+'} {_over_text(-o if is_negative else o, u)}" for is_negative, o, u in terms)
    whole = "".join(texts)
    return whole[3:] if whole.startswith(" +") else f"-{whole[3:]}"


def _over_text(over: Expr, under: Expr) -> str:
    if under == 1:
        return text(over)
    return f"({text(over)})/{_bracketed(under)}" if isinstance(over, Add) else f"{text(over)}/{_bracketed(under)}"


def quotient_latex(a: Any) -> str:
    r"""A ratio in LaTeX without a fraction bar over sums, so that its lines can break.

    >>> from archcalc.dims import symbol
    >>> quotient_latex((symbol("C") + 1) / (symbol("N") + 1))
    '(C + 1) / (N + 1)'
    """
    over, under = sympy.fraction(S(a))
    if not isinstance(under, Add):
        return latex(a)
    return f"({latex(over)}) / ({latex(under)})"


def _degree(product: Expr) -> int:
    """The number of symbols and floors in a product."""
    powers = (factor.as_base_exp() for factor in Mul.make_args(product))
    return sum(int(power) for base, power in powers if not base.is_number and power.is_Integer)


def _bracketed(expr: Expr) -> str:
    is_one = isinstance(expr, Symbol | Function) or expr.is_Integer or (expr.is_Pow and expr.exp.is_Integer)
    return text(expr) if is_one else f"({text(expr)})"


class _Printer(StrPrinter):  # type: ignore[misc]
    """sympy's text, with what is subtracted last: k**2 - 9*C, not -9*C + k**2."""

    def _as_ordered_terms(self, expr: Expr, order: Any = None) -> list[Expr]:
        return sorted(super()._as_ordered_terms(expr, order), key=lambda term: bool(term.could_extract_minus_sign()))


def text(expr: Any) -> str:
    """An expression, with what is subtracted last."""
    return str(_Printer().doprint(S(expr)))
