"""Sizes that are numbers: int, and Fraction where a ratio such as a width multiplier is involved.

The functions are those of `archcalc.dims`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any


def plain(a: Any) -> Any:
    """A whole fraction as an int."""
    if type(a) is Fraction and a.denominator == 1:
        return a.numerator
    return a


def floordiv(a: Any, b: Any) -> int:
    return int(a // b)


def ceildiv(a: Any, b: Any) -> int:
    return int(-(-a // b))


def ratio(a: Any, b: Any) -> Any:
    return plain(Fraction(a) / Fraction(b))


exact_div = ratio


def smax(a: Any, b: Any) -> Any:
    return a if a > b else b


def smin(a: Any, b: Any) -> Any:
    return a if a < b else b


def gcd(a: int, b: int) -> int:
    return math.gcd(a, b)


def power(a: Any, exponent: int) -> Any:
    return plain(Fraction(a) ** exponent)


def make_divisible(x: Any, divisor: Any) -> int:
    nearest = int((2 * x + divisor) // (2 * divisor)) * divisor
    result = max(divisor, nearest)
    return int(result + divisor if 10 * result < 9 * x else result)


def same(a: Any, b: Any) -> bool:
    return bool(a == b)


def at_least(a: Any, b: Any) -> bool:
    return bool(a >= b)


def divides(a: Any, b: Any) -> bool:
    return bool(b % a == 0)


def latex(a: Any) -> str:
    return rf"\frac{{{a.numerator}}}{{{a.denominator}}}" if type(a) is Fraction else str(a)


def is_whole(a: Any) -> bool:
    return bool(a == a // 1)


def symbols_of(_: Any) -> frozenset[str]:
    return frozenset()


def substitute(a: Any, _: Mapping[str, Any]) -> Any:
    return a
