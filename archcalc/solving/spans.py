"""Sets of whole numbers as spans: pairs of a first and a last number, in order and apart from each other.

>>> intersection([(1, 9)], [(3, 4), (8, 20)])
((3, 4), (8, 9))
>>> runs([(4, 4), (8, 8), (12, 12), (20, 25)])
((4, 12, 4), (20, 25, 1))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

Spans: TypeAlias = tuple[tuple[int, int], ...]
MIN_RUN = 3  # single numbers from which a step is told


def joined(spans: Iterable[tuple[int, int]]) -> Spans:
    """Any pairs as spans; empty ones vanish, those that touch become one."""
    made: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if first > last:
            continue
        if made and first <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(last, made[-1][1]))
        else:
            made.append((first, last))
    return tuple(made)


def intersection(a: Iterable[tuple[int, int]], b: Iterable[tuple[int, int]]) -> Spans:
    """What is in both."""
    left, right = joined(a), joined(b)
    made, one, other = [], 0, 0
    while one < len(left) and other < len(right):
        first, last = max(left[one][0], right[other][0]), min(left[one][1], right[other][1])
        if first <= last:
            made.append((first, last))
        if left[one][1] < right[other][1]:
            one += 1
        else:
            other += 1
    return tuple(made)


def difference(a: Spans, b: Spans) -> Spans:
    """What is in the first and not in the second."""
    if not a:
        return ()
    begins = [a[0][0], *(last + 1 for _, last in b)]
    ends = [*(first - 1 for first, _ in b), a[-1][1]]
    return intersection(a, zip(begins, ends, strict=True))


def size(spans: Spans) -> int:
    """How many numbers."""
    return sum(last - first + 1 for first, last in spans)


def numbers(spans: Spans) -> Iterator[int]:
    """Each of them in order."""
    for first, last in spans:
        yield from range(first, last + 1)


def runs(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int, int], ...]:
    """First, last and step: single numbers at equal distances are one run."""
    made: list[tuple[int, int, int]] = []
    singles: list[int] = []

    def close() -> None:
        if len(singles) >= MIN_RUN:
            made.append((singles[0], singles[-1], singles[1] - singles[0]))
        else:
            made.extend((single, single, 1) for single in singles)
        singles.clear()

    for first, last in spans:
        if first != last:
            close()
            made.append((first, last, 1))
            continue
        if len(singles) > 1 and first - singles[-1] != singles[1] - singles[0]:
            if len(singles) < MIN_RUN:
                made.append((singles[0], singles[0], 1))
                del singles[0]
            else:
                close()
        singles.append(first)
    close()
    return tuple(made)
