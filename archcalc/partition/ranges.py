"""Sets of channels or rows as ranges: each from a first number to before a last one, in order and apart.

>>> normal([(4, 6), (0, 2), (5, 9), (3, 3)])
((0, 2), (4, 9))
>>> minus(((0, 10),), ((2, 4), (8, 12))), common(((0, 4), (6, 9)), ((3, 8),))
(((0, 2), (4, 8)), ((3, 4), (6, 8)))
>>> size(((0, 2), (4, 9)))
7
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cmp_to_key
from itertools import pairwise
from typing import Any, TypeAlias

from .. import dims
from ..errors import UsageError

Ranges: TypeAlias = tuple[tuple[int, int], ...]


def normal(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same numbers as ranges in order, none empty, none touching another."""
    made: list[tuple[int, int]] = []
    for start, stop in sorted(ranges):
        if start >= stop:
            continue
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(stop, made[-1][1]))
        else:
            made.append((start, stop))
    return tuple(made)


def size(ranges: Ranges) -> int:
    """How many numbers."""
    return sum(stop - start for start, stop in ranges)


def common(some: Ranges, others: Ranges) -> Ranges:
    """The numbers in both."""
    made = []
    i = j = 0
    while i < len(some) and j < len(others):
        start, stop = max(some[i][0], others[j][0]), min(some[i][1], others[j][1])
        if start < stop:
            made.append((start, stop))
        if some[i][1] < others[j][1]:
            i += 1
        else:
            j += 1
    return tuple(made)


def minus(some: Ranges, others: Ranges) -> Ranges:
    """The numbers in the first alone."""
    made = []
    j = 0
    for first, stop in some:
        start = first
        while j < len(others) and others[j][1] <= start:
            j += 1
        i = j
        while i < len(others) and others[i][0] < stop:
            if others[i][0] > start:
                made.append((start, others[i][0]))
            start = max(start, others[i][1])
            i += 1
        if start < stop:
            made.append((start, stop))
    return tuple(made)


def evenly(count: int, devices: int, each: int = 1) -> tuple[Ranges, ...]:
    """`count` parts of `each` numbers dealt out in order, as evenly as possible, larger shares first.

    >>> evenly(5, 2), evenly(3, 2, each=4)
    ((((0, 3),), ((3, 5),)), (((0, 8),), ((8, 12),)))
    """
    base, extra = divmod(count, devices)
    bounds = [each * (number * base + min(number, extra)) for number in range(devices + 1)]
    return tuple(normal([(start, stop)]) for start, stop in pairwise(bounds))


def ordered(function: Callable[..., Ranges], *arguments: Iterable[tuple[Any, Any]]) -> Any:
    """One of the functions above on ranges whose ends may hold symbols, as long as their order is known.

    UsageError where it is not.

    >>> H = dims.symbol("H", multiple_of=4)
    >>> ordered(minus, [(dims.floordiv(H, 2) - 1, H)], [(dims.floordiv(H, 2), H)])
    ((H/2 - 1, H/2),)
    """
    listed = [tuple(ranges) for ranges in arguments]
    ends = [end for ranges in listed for pair in ranges for end in pair]
    if all(type(end) is int for end in ends):
        return function(*listed)
    places: list[Any] = []
    for end in sorted(ends, key=cmp_to_key(_compared)):
        if not places or _compared(places[-1], end):
            places.append(end)
    found = function(*([(_place(places, a), _place(places, b)) for a, b in ranges] for ranges in listed))
    return tuple((places[a], places[b]) for a, b in found)


def _compared(a: Any, b: Any) -> int:
    """-1, 0 or 1 for a <= b, a == b, a >= b; where one may equal the other, a range between them may be empty."""
    if dims.same(a, b):
        return 0
    if dims.at_least(a, b):
        return 1
    if dims.at_least(b, a) or dims.at_least(a, b) is False:
        return -1
    raise UsageError(f"rows needs to know which is larger, {a} or {b}; promise something, such as --assume H>=512")


def _place(places: list[Any], end: Any) -> int:
    return next(number for number, place in enumerate(places) if dims.same(place, end))
