"""The values that are varied: ranges and lists of exact numbers, words, lists.

>>> axis = read("alpha", "0.25:1:0.25")
>>> [str(axis.value(n)) for n in range(len(axis))], axis.denominator
(['1/4', '1/2', '3/4', '1'], 4)
>>> len(read("H", "96:640:32")), len(read("H", "1:1000000000"))
(18, 1000000000)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import dims
from ..errors import ArchcalcError, SpecError, UsageError, hinted, shown
from ..expr import looks_boolean, not_boolean, parse
from ..records import Record, record
from ..yamlsrc import parse_value

MAX_LISTED = 1_000_000  # values that are written one by one
MAX_POINTS = 10**12
_LARGEST = 2**63 - 1
_DIGITS = r"[0-9]{1,15}(?:\.[0-9]{1,12}|/[0-9]{1,9})?"
_NUMBER = re.compile(rf"-?{_DIGITS}\Z")
_RANGE = re.compile(rf"({_DIGITS}):({_DIGITS})(?::({_DIGITS}))?\Z")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}\Z")


@record
class Axis(Record):
    """A name and its values in order: `start + step*n` for n below `count`, or what is `listed`.

    `others` are names that always have the same value.
    """

    name: str
    others: tuple[str, ...] = ()
    start: Fraction = Fraction(1)
    step: Fraction = Fraction(1)
    count: int = 0
    listed: tuple[Any, ...] | None = None

    def __len__(self) -> int:
        return self.count if self.listed is None else len(self.listed)

    def value(self, number: int) -> Any:
        """The value with this number, exact."""
        return dims.plain(self.start + self.step * number) if self.listed is None else self.listed[number]

    def __iter__(self) -> Iterator[Any]:
        return map(self.value, range(len(self)))

    @cached_property
    def is_numeric(self) -> bool:
        """Whether all values are numbers."""
        return self.listed is None or all(map(_is_number, self.listed))

    @cached_property
    def denominator(self) -> int:
        """A denominator that all values have in common."""
        if self.listed is None:
            return lcm(self.start.denominator, self.step.denominator if self.count > 1 else 1)
        return lcm(*(Fraction(value).denominator for value in self.listed))

    @cached_property
    def largest(self) -> int:
        """The largest numerator over the common denominator, in absolute value."""
        ends = (self.value(0), self.value(len(self) - 1)) if self.listed is None else self.listed
        return max(abs(int(value * self.denominator)) for value in ends)

    @cached_property
    def least(self) -> Any:
        """The least value."""
        return min(self.value(0), self.value(len(self) - 1)) if self.listed is None else min(self.listed)

    @property
    def no_size(self) -> Any:
        """The first value that no size can have, one that is not a whole number from 1, or None."""
        last = len(self) - 1
        values = (self.value(0), self.value(min(1, last)), self.value(last)) if self.listed is None else self.listed
        return next(
            (value for value in values if not (_is_number(value) and dims.is_whole(value) and value >= 1)), None
        )

    def numerators(self, low: int, high: int) -> NDArray[Any]:
        """Of the values with the numbers low to high - 1, over the common denominator."""
        below = self.denominator
        kind = np.int64 if self.largest <= _LARGEST else object
        if self.listed is not None:
            return np.array([int(value * below) for value in self.listed[low:high]], dtype=kind)
        first, step = int(self.start * below), int(self.step * below) if self.count > 1 else 0
        if kind is object:
            return np.array([first + step * number for number in range(low, high)], dtype=object)
        return np.arange(low, high, dtype=np.int64) * step + first


def _is_number(value: Any) -> bool:
    return dims.is_number(value) and not dims.is_symbolic(value)


def read(name: str, given: Any) -> Axis:
    """An axis from a text (`96:640:32`, `0.25,0.5`, `A,B`), a range, or the values themselves.

    In `H=W` two names have the same value. STOP belongs to a range of a text where a step hits it; floats stand for the
    decimals that they print as. Raises UsageError for what is no value, an empty range, and a value that is there
    twice.
    """
    name, *others = (part.strip() for part in str(name).split("="))
    for part in (name, *others):
        if not NAME.match(part):
            raise UsageError(f"vary: '{shown(part)}' cannot be a name")
    try:
        axis = _of_text(name, given) if isinstance(given, str) else _of_values(name, given)
    except (ArchcalcError, SpecError) as error:
        raise UsageError(f"vary {name}: {error}") from None
    axis = replace(axis, others=tuple(others))
    if len(axis) > MAX_POINTS:
        raise UsageError(f"vary {name}: more than {MAX_POINTS:,} values")
    return axis


def _of_text(name: str, text: str) -> Axis:
    parts = list(_parts(text))
    if len(parts) == 1 and _RANGE.match(parts[0]):
        return _range(name, parts[0])
    values: list[Any] = []
    for part in parts:
        if _RANGE.match(part):
            inner = _range(name, part)
            if len(inner) > MAX_LISTED:
                raise ArchcalcError(f"a range beside other values holds at most {MAX_LISTED:,}")
            values.extend(inner)
        else:
            values.append(_value(part))
    return _listed(name, values)


def _parts(text: str) -> Iterator[str]:
    """The text at its commas, those in brackets left alone."""
    depth = start = 0
    for place, character in enumerate(f"{text},"):
        depth += (character == "[") - (character == "]")
        if character == "," and depth <= 0:
            part = text[start:place].strip()
            if not part:
                raise ArchcalcError("a value is missing; write START:STOP:STEP or values with commas between")
            yield part
            start = place + 1
    if depth:
        raise ArchcalcError("unbalanced brackets")


def _range(name: str, text: str) -> Axis:
    match = _RANGE.match(text)
    assert match is not None
    start, stop, step = (_fraction(part) for part in (match[1], match[2], match[3] or "1"))
    if step == 0:
        raise ArchcalcError(f"{text}: a step is more than 0")
    if stop < start:
        raise ArchcalcError(f"{text} holds nothing: START:STOP:STEP runs upwards")
    return Axis(name, start=start, step=step, count=int((stop - start) // step) + 1)


def _fraction(text: str) -> Fraction:
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise ArchcalcError(f"{text} divides by 0") from None


def _value(text: str) -> Any:
    """A number, a word, true or false, or a list in brackets."""
    if _NUMBER.match(text):
        return dims.plain(_fraction(text))
    if ":" in text:
        raise ArchcalcError(f"'{shown(text)}' is no range; write START:STOP:STEP with numbers, such as 96:640:32")
    if looks_boolean(text) and text not in ("true", "false"):
        raise ArchcalcError(not_boolean(text))
    if re.match(r"[-+.]?\.?[0-9]", text):
        parse(text)  # says what is wrong with .5 or 1e3
        raise ArchcalcError(f"'{shown(text)}' is not a number; write digits, such as 32, 0.25 or 1/3")
    try:
        return _plain(parse_value(text))
    except SpecError as error:
        problem = error.problems[0]
        raise ArchcalcError(hinted(f"'{shown(text)}': {problem.message}", problem.hint)) from None


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    exact = dims.exact(value)
    if isinstance(exact, bool) or type(exact).__name__ == "bool_":
        return bool(exact)
    if isinstance(exact, str) or _is_number(exact):
        return exact if isinstance(exact, str) else dims.plain(exact)
    raise ArchcalcError(f"'{shown(value)}' is not a value")


def _of_values(name: str, given: Any) -> Axis:
    if isinstance(given, range) and len(given):
        first, second = Fraction(given.start), Fraction(given.step)
        return Axis(name, start=first, step=second, count=len(given))
    if isinstance(given, np.ndarray):
        given = list(given.ravel())
    if not isinstance(given, Iterable):
        given = (given,)
    return _listed(name, list(map(_plain, given)))


def _listed(name: str, values: Sequence[Any]) -> Axis:
    if not values:
        raise ArchcalcError("no value is given")
    if len(values) > MAX_LISTED:
        raise ArchcalcError(f"at most {MAX_LISTED:,} values can be listed; write START:STOP:STEP")
    seen = set()
    for value in values:
        key = (isinstance(value, bool), value)
        if key in seen:
            raise ArchcalcError(f"{told(value)} is given twice")
        seen.add(key)
    return Axis(name, listed=tuple(values))


def told(value: Any) -> str:
    """A value as a spec would hold it; a ratio as a decimal where that is exact.

    >>> told(Fraction(1, 4)), told(Fraction(1, 3)), told((2, 2)), told(True)
    ('0.25', '1/3', '[2, 2]', 'true')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(told, value))}]"
    if not isinstance(value, Fraction) or value.denominator == 1:
        return str(value)
    rest, twos, fives = value.denominator, 0, 0
    while gcd(rest, 2) > 1:
        rest, twos = rest // 2, twos + 1
    while gcd(rest, 5) > 1:
        rest, fives = rest // 5, fives + 1
    digits = max(twos, fives)
    if rest > 1 or digits > 15:
        return str(value)
    scaled = value * 10**digits
    sign, text = "-" * (value < 0), str(abs(scaled.numerator)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}"
