"""Figures as they are printed: a value, and how far from it the exact one may lie.

The last printed digit decides: 138M stands for everything from 137.5 to 138.5 million, truncated for 138 up to 139.

>>> printed("138M").holds(138_357_544), printed("60M").holds(60_965_224)
(True, False)
>>> printed("60M", rounding="truncated").holds(60_965_224)
True
>>> printed("159K", kilo=1024).holds(163_328)
True
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from .errors import ArchcalcError
from .records import Record, record

ROUNDINGS = ("nearest", "truncated")
_COUNTS = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_BYTES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
UNITS: dict[str, Fraction | int] = {**_COUNTS, **_BYTES, "%": Fraction(1, 100)}

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_SPAN = re.compile(rf"(?P<low>{_NUMBER})(?:-(?P<high>{_NUMBER}))? ?(?P<unit>{'|'.join(UNITS)})?\Z")
_SIZE = re.compile(r"[1-9][0-9]*(x[1-9][0-9]*)+\Z")
MAX_DIGITS = 30


@record
class Printed(Record):
    """What a printed figure stands for: a size, or every number from `low` to `high`."""

    text: str
    unit: str = ""
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)
    open_above: bool = False  # a truncated figure does not reach the next one
    size: tuple[int, ...] = ()

    def holds(self, exact: Any) -> bool:
        """Whether the exact value would be printed like this; a size may leave out the channels."""
        if isinstance(exact, tuple) and len(exact) == 1:
            (exact,) = exact  # a vector is printed as a number
        if self.size or isinstance(exact, tuple):
            return bool(self.size) and isinstance(exact, tuple) and self.size in (exact, exact[1:])
        return self.low <= exact <= self.high and not (self.open_above and exact == self.high)

    def __str__(self) -> str:
        return self.text if self.text.endswith(self.unit) else f"{self.text} {self.unit}"


def printed(value: Any, unit: str = "", rounding: Any = "nearest", kilo: int = 1000) -> Printed:
    """What a printed value stands for; ArchcalcError where it is none.

    `rounding` is nearest, truncated, or the step to which the value was rounded, in its unit. With `kilo` 1024
    K, M and G are its powers.
    """
    text = _text(value)
    if _SIZE.match(text):
        return Printed(text, size=tuple(map(int, text.split("x"))))
    match = _SPAN.match(text)
    if match is None or len(text) > MAX_DIGITS:
        raise ArchcalcError("is not a number such as 138M, 1.5G, 60000 or 6x28x28")
    unit = unit or match["unit"] or ""
    scale = _scale(unit, kilo)
    if match["high"]:
        return Printed(text, unit, Fraction(match["low"]) * scale, Fraction(match["high"]) * scale)
    exact, decimals = Fraction(match["low"]), len(match["low"].partition(".")[2])
    step = Fraction(1, 10**decimals) if rounding in ROUNDINGS else Fraction(rounding)
    if rounding == "truncated":
        return Printed(text, unit, exact * scale, (exact + step) * scale, open_above=True)
    return Printed(text, unit, (exact - step / 2) * scale, (exact + step / 2) * scale)


def _scale(unit: str, kilo: int) -> Any:
    """What one of a unit is; kilo 1024 makes K, M and G its powers."""
    if kilo != 1000 and unit in ("K", "M", "G", "T"):
        return kilo ** (1 + "KMGT".index(unit))
    return UNITS[unit] if unit else 1


def _text(value: Any) -> str:
    """The value as it was written; a decimal has lost the zeros at its end."""
    if isinstance(value, Fraction):
        digits = next((n for n in range(19) if 10**n % value.denominator == 0), None)
        if digits is None:
            raise ArchcalcError("is not a decimal number")
        shifted = value * 10**digits
        sign, whole = "-" * (shifted < 0), str(abs(int(shifted))).rjust(digits + 1, "0")
        return f"{sign}{whole[:-digits]}.{whole[-digits:]}"
    return str(value)


def in_unit(exact: Any, unit: str) -> str:
    """An exact value for reading: whole numbers in full, in bytes, percent and ratios with two decimals.

    >>> in_unit(138_357_544, "M"), in_unit(60_344_320, "MiB"), in_unit(Fraction(1, 3), "%"), in_unit((6, 28, 28), "")
    ('138,357,544', '57.55 MiB', '33.33 %', '6x28x28')
    """
    if isinstance(exact, tuple):
        return "x".join(map(str, exact))
    scale = Fraction(UNITS[unit]) if unit in ("%", *_BYTES) else Fraction(1)
    shown = Fraction(exact) / scale
    digits = f"{shown.numerator:,}" if shown.denominator == 1 else f"{float(shown):,.2f}"
    return digits if scale == 1 else f"{digits} {unit}"
