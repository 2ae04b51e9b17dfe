"""Whether an expression of one symbol only grows or only falls: proved from its operations, never tried out.

Each operation has a rule: from the bounds of its parts and their directions follow its own. Sums of what grows grow;
a product grows if its factors do and none is negative; a floor, a maximum and a rounding to multiples keep the
direction. Where no rule answers, nothing is claimed.

>>> from archcalc import dims
>>> H = dims.symbol("H")
>>> trend(3 * H * dims.floordiv(H - 7, 4), {"H": (11, 4096)}).direction
1
>>> trend(H * H - 5 * H, {"H": (1, 4096)}).direction is None
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from math import floor
from typing import Any, NamedTuple

from .. import dims


class Trend(NamedTuple):
    """Bounds, and the direction: 1 never falls, -1 never grows, 0 is constant, None is not known."""

    low: Any
    high: Any
    direction: int | None


def trend(expression: Any, bounds: Mapping[str, tuple[Any, Any]]) -> Trend:
    """The bounds and the direction of an expression while its symbol goes through these bounds."""
    known: dict[Any, Trend] = {}

    def of(part: Any) -> Trend:
        if part not in known:
            operation, args = dims.parts(part)
            if operation == "number":
                known[part] = Trend(args[0], args[0], 0)
            elif operation == "symbol":
                known[part] = Trend(*bounds[args[0]], 1)
            elif operation == "**":
                known[part] = _power(of(args[0]), args[1])
            else:
                known[part] = _RULES[operation]([of(arg) for arg in args])
        return known[part]

    try:
        return of(expression)
    except ZeroDivisionError:  # a divisor that is not known to be positive
        return Trend(None, None, None)


def _together(directions: Sequence[int | None]) -> int | None:
    """The direction that all have, where constant parts have any."""
    moving = {direction for direction in directions if direction != 0}
    return 0 if not moving else moving.pop() if len(moving) == 1 else None


def _sum(parts: Sequence[Trend]) -> Trend:
    low, high = sum(part.low for part in parts), sum(part.high for part in parts)
    return Trend(low, high, _together([part.direction for part in parts]))


def _turned(direction: int | None, factor: Trend) -> int | None:
    """The direction behind a factor that is never negative, or never positive."""
    if direction == 0 or factor.low == factor.high == 0:
        return 0
    if direction is None or factor.low < 0 < factor.high:
        return None
    return direction if factor.low >= 0 else -direction


def _times(a: Trend, b: Trend) -> Trend:
    corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    directions = [_turned(a.direction, b), _turned(b.direction, a)]
    return Trend(min(corners), max(corners), _together(directions))


def _product(parts: Sequence[Trend]) -> Trend:
    return reduce(_times, parts)


def _inverse(part: Trend) -> Trend:
    """Of what is positive; ZeroDivisionError of what may not be."""
    if part.low <= 0:
        raise ZeroDivisionError
    turned = None if part.direction is None else -part.direction
    return Trend(dims.ratio(1, part.high), dims.ratio(1, part.low), turned)


def _power(base: Trend, exponent: int) -> Trend:
    if exponent < 0:
        return _power(_inverse(base), -exponent)
    return _product([base] * exponent)


def _floor(parts: Sequence[Trend]) -> Trend:
    quotient = _times(parts[0], _inverse(parts[1]))
    return Trend(floor(quotient.low), floor(quotient.high), quotient.direction)


def _extreme(choose: Callable[..., Any]) -> Callable[[Sequence[Trend]], Trend]:
    def rule(parts: Sequence[Trend]) -> Trend:
        low, high = choose(part.low for part in parts), choose(part.high for part in parts)
        return Trend(low, high, _together([part.direction for part in parts]))

    return rule


def _gcd(parts: Sequence[Trend]) -> Trend:
    is_constant = all(part.direction == 0 for part in parts)
    return Trend(1, max(part.high for part in parts), 0 if is_constant else None)


def _make_divisible(parts: Sequence[Trend]) -> Trend:
    """Never falls as its first part grows: the next multiple is at least what a smaller number was rounded up to."""
    x, divisor = parts
    if divisor.direction == 0:
        low, high = (dims.make_divisible(Fraction(end), divisor.low) for end in (x.low, x.high))
        return Trend(low, high, x.direction)
    return Trend(divisor.low, x.high + 2 * divisor.high, None)


_RULES: dict[str, Callable[[Sequence[Trend]], Trend]] = {
    "+": _sum,
    "*": _product,
    "floor": _floor,
    "max": _extreme(max),
    "min": _extreme(min),
    "gcd": _gcd,
    "make_divisible": _make_divisible,
}
