"""Amounts as a reader wants them; exact figures stand in the tables and in JSON."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .. import dims
from ..figures import decimal, in_unit

MAX_FORMULA = 64  # characters


def ratio_text(ratio: Any) -> str:
    """A ratio with three decimals.

    >>> ratio_text(Fraction(4, 3))
    '1.333'
    """
    return decimal(Fraction(ratio), 3)


def bytes_text(value: Any) -> str:
    """Bytes in the largest unit of 1024 that leaves at least 1.

    >>> bytes_text(123456789), bytes_text(512)
    ('117.74 MiB', '512 bytes')
    """
    value = dims.plain(value)
    if dims.is_symbolic(value):
        text = str(value)
        return f"{text if len(text) <= MAX_FORMULA else text[: MAX_FORMULA - 3] + '...'} bytes"
    unit = next((unit for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)) if value >= 2**power), None)
    return in_unit(Fraction(value), unit) if unit else f"{value:,} bytes"


def seconds_text(value: Any) -> str:
    """Seconds with four digits.

    >>> seconds_text(Fraction(1, 3)), seconds_text(Fraction(90)), seconds_text(Fraction(0))
    ('333.3 ms', '90.00 s', '0 s')
    """
    if not value:
        return "0 s"
    unit, scale = next(
        ((unit, scale) for unit, scale in (("s", 1), ("ms", 10**3), ("us", 10**6)) if value * scale >= 1), ("ns", 10**9)
    )
    shown = value * scale
    decimals = 3 if shown < 10 else 2 if shown < 100 else 1
    return f"{decimal(Fraction(shown), decimals)} {unit}"


def rate_text(value: Any, unit: str) -> str:
    """A rate with a prefix of 1000.

    >>> rate_text(Fraction(16 * 10**9), "B/s")
    '16 GB/s'
    """
    for prefix, scale in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= scale:
            return f"{float(value / scale):g} {prefix}{unit}"
    return f"{float(value):g} {unit}"
