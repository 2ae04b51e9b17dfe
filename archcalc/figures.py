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

from .errors import ArchcalcError, shown
from .records import Record, record

ROUNDINGS = ("nearest", "truncated")
_COUNTS = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "thousand": 10**3, "million": 10**6, "billion": 10**9}
BYTES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
UNITS: dict[str, Fraction | int] = {**_COUNTS, **BYTES, "%": Fraction(1, 100)}

_PREFIXES = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15,
             "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}  # fmt: skip
AMOUNTS = {
    **{word: times for word, times in UNITS.items() if word.isalpha()},
    **{f"{prefix}{unit}": times for prefix, times in _PREFIXES.items() if prefix for unit in ("", "B")},
}
"""What may stand behind a number in a condition: 600M, 12GiB, 70k."""
_AMOUNT = re.compile(r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,9})?) ?(?P<prefix>[KMGT]i|[kKMGTP])?(?P<unit>[A-Za-z/]*)\Z")

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
    decimals: int = 0
    rounding: str = ""  # where it is not to the nearest unit of the last digit

    def holds(self, exact: Any, *, channels_last: bool = False) -> bool:
        """Whether the exact value would be printed like this; a size may leave out the channels."""
        if isinstance(exact, tuple) and len(exact) == 1:
            (exact,) = exact  # a vector is printed as a number
        if self.size and not isinstance(exact, tuple):
            return False
        if isinstance(exact, tuple):
            others = exact[:-1] if channels_last else exact[1:]
            return bool(self.size) and self.size in (exact, others)
        return self.low <= exact <= self.high and not (self.open_above and exact == self.high)

    def __str__(self) -> str:
        text = self.text if self.text.endswith(self.unit) else f"{self.text} {self.unit}"
        return f"{text} {self.rounding}".rstrip()


def printed(value: Any, unit: str = "", rounding: Any = "nearest", kilo: int = 1000) -> Printed:
    """What a printed value stands for; ArchcalcError where it is none.

    `rounding` is nearest, truncated, or the step to which the value was rounded, in its unit. With `kilo` 1024
    K, M and G are its powers.
    """
    text = _text(value)
    size, match = _SIZE.match(text), _SPAN.match(text)
    if len(text) > MAX_DIGITS or not (size or match):
        raise ArchcalcError("is not a number such as 138M, 1.5G, 60000 or 6x28x28")
    if unit and (size or (match and match["unit"])):
        raise ArchcalcError(f"has no place for the unit {unit}")
    if (size or (match and match["high"])) and rounding != "nearest":
        raise ArchcalcError("is not rounded: leave out `rounding`")
    if match is None:
        return Printed(text, size=tuple(map(int, text.split("x"))))
    unit = unit or match["unit"] or ""
    scale = _scale(unit, kilo)
    exact, decimals = Fraction(match["low"]), len(match["low"].partition(".")[2])
    if match["high"]:
        if Fraction(match["high"]) <= exact:
            raise ArchcalcError("is a range from the larger number to the smaller")
        return Printed(text, unit, exact * scale, Fraction(match["high"]) * scale, decimals=decimals)
    step = Fraction(1, 10**decimals) if rounding in ROUNDINGS else Fraction(rounding)
    low, high = (exact, exact + step) if rounding == "truncated" else (exact - step / 2, exact + step / 2)
    told = {"nearest": "", "truncated": "cut off"}.get(rounding, f"rounded to {rounding}")
    truncated = rounding == "truncated"
    return Printed(text, unit, low * scale, high * scale, truncated, decimals=decimals, rounding=told)


def amount(text: Any, unit: str) -> Fraction:
    """A number with its unit as an exact number of that unit; ArchcalcError where it is none, or 0.

    The unit is `B`, `B/s`, `FLOP/s` or nothing; k, M, G, T, P are powers of 1000 and Ki, Mi, Gi, Ti of 1024. A number
    alone is in the unit itself.

    >>> int(amount("12GiB", "B")), int(amount("1.5 TFLOP/s", "FLOP/s")), int(amount("16GB/s", "B/s"))
    (12884901888, 1500000000000, 16000000000)
    """
    match = _AMOUNT.match(_text(text).strip())
    if match is None or match["unit"] not in ((unit, "") if not match["prefix"] else (unit,)):
        example = {"B": "12GiB", "B/s": "16GB/s", "FLOP/s": "10TFLOP/s", "": "300M, 1.5G or 60000"}[unit]
        raise ArchcalcError(f"'{shown(text)}' is not a number{' with a unit' if unit else ''}; write it like {example}")
    exact = Fraction(match["number"]) * _PREFIXES[match["prefix"] or ""]
    if exact == 0:
        raise ArchcalcError(f"'{shown(text)}' must be more than 0")
    return exact


def amount_text(value: Any, unit: str) -> str:
    """An amount as `amount` reads it, with the largest prefix by which it is whole.

    >>> amount_text(12 * 2**30, "B"), amount_text(1_500_000_000, "B/s")
    ('12GiB', '1500MB/s')
    """
    whole = [(scale, prefix) for prefix, scale in _PREFIXES.items() if value % scale == 0]
    scale, prefix = max(whole, default=(1, ""))
    return f"{value // scale}{prefix}{unit}"


def _scale(unit: str, kilo: int) -> Any:
    """What one of a unit is; kilo 1024 makes K, M and G its powers."""
    if kilo != 1000 and unit in ("K", "M", "G", "T"):
        return kilo ** (1 + "KMGT".index(unit))
    return UNITS[unit] if unit else 1


def _text(value: Any) -> str:
    """The value as it is written; of a decimal that was read as a number the zeros at its end are lost."""
    if not isinstance(value, Fraction) or value.denominator == 1:
        return str(value)
    digits = next((n for n in range(19) if 10**n % value.denominator == 0), None)
    if digits is None:
        raise ArchcalcError("is not a decimal number")
    return decimal(value, digits)


def decimal(value: Fraction, digits: int) -> str:
    """A number with so many decimals, rounded exactly."""
    scaled = round(value * 10**digits)
    whole, rest = divmod(abs(scaled), 10**digits)
    return f"{'-' * (scaled < 0)}{whole:,}" + (f".{rest:0{digits}}" if digits else "")


def in_unit(exact: Any, unit: str = "", digits: int = 2) -> str:
    """An exact value for reading: whole numbers in full; bytes in their unit, percent and ratios with some decimals.

    >>> in_unit(138_357_544, "M"), in_unit(60_344_320, "MiB"), in_unit(Fraction(1, 3), "%"), in_unit((6, 28, 28))
    ('138,357,544', '57.55 MiB', '33.33 %', '6x28x28')
    """
    if isinstance(exact, tuple):
        return "x".join(map(str, exact))
    scale = Fraction(UNITS[unit]) if unit in ("%", *BYTES) else Fraction(1)
    shown = Fraction(exact) / scale
    text = decimal(shown, 0 if shown.denominator == 1 else digits)
    return text if scale == 1 else f"{text} {unit}"
