"""Which constraints exclude every value: one alone, a pair, or a set of which none can be left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

from ..records import Record, record
from .constraints import EXACT_DIVISION, Constraint
from .problem import Problem
from .spans import Spans, difference, intersection, numbers, size

MAX_TRIED = 20_000  # values among which the nearest is looked for, where no direction is known


@record
class Conflict(Record):
    """Constraints that no value meets together, and the nearest values.

    `allowed` are the values that each leaves on its own, as spans of first and last. `nearest` are values with what
    is constrained there: of one constraint those with the least distance to its bounds on either side; of several
    those that one of them allows, next to those that another allows. `dropping` are the layers whose windows leave
    something of their input unread at the first of these, where that was to be exact.
    """

    constraints: tuple[Constraint, ...]
    allowed: tuple[tuple[tuple[Any, Any], ...], ...]
    nearest: tuple[tuple[Any, Mapping[str, Any]], ...]
    dropping: tuple[str, ...] = ()


def conflicts(problem: Problem) -> tuple[Conflict, ...]:
    """What excludes every value: each constraint that does so alone, else each pair, else one smallest set."""
    if not problem.networks:
        return ()
    every = range(len(problem.constraints))
    sets = [problem.allowed([number]) for number in every]
    alone = [number for number in every if not sets[number]]
    if alone:
        return tuple(_conflict(problem, [number], sets, _nearest(problem, number)) for number in alone)
    pairs = [pair for pair in combinations(every, 2) if not intersection(sets[pair[0]], sets[pair[1]])]
    if pairs:
        return tuple(_conflict(problem, pair, sets, _closest(sets[pair[0]], sets[pair[1]])) for pair in pairs)
    kept = list(every)
    for number in every:
        others = [other for other in kept if other != number]
        if not _common(sets[other] for other in others):
            kept = others
    return (_conflict(problem, kept, sets, ()),)


def _common(sets: Iterable[Spans]) -> Spans:
    first, *others = sets
    for other in others:
        first = intersection(first, other)
    return first


def _conflict(problem: Problem, chosen: Sequence[int], sets: Sequence[Spans], places: Iterable[int]) -> Conflict:
    value = problem.line.value
    constraints = tuple(problem.constraints[number] for number in chosen)
    nearest = tuple((value(place), problem.measured_at(place)) for place in places)
    is_division = nearest and constraints == (EXACT_DIVISION,)
    return Conflict(
        constraints,
        tuple(tuple((value(first), value(last)) for first, last in sets[number]) for number in chosen),
        nearest,
        tuple(layer.path for layer in problem.report(nearest[0][0]).layers if any(layer.dropped))
        if is_division
        else (),
    )


def _closest(a: Spans, b: Spans) -> tuple[int, int]:
    """A place of each set, as near to each other as possible."""
    edges = sorted([(place, 0) for span in a for place in span] + [(place, 1) for span in b for place in span])
    neighbours = [(before, after) for (before, one), (after, other) in pairwise(edges) if one != other]
    return min(neighbours, key=lambda pair: pair[1] - pair[0])


def _nearest(problem: Problem, number: int) -> list[int]:
    """Of a constraint that nothing meets, the places where it is missed by least, from below and from above."""
    best: dict[bool, tuple[Any, int]] = {}
    for place in _candidates(problem, number):
        is_below, distance = _missed(problem.constraints[number], problem.numbers_at(place)[number])
        if is_below not in best or distance < best[is_below][0]:
            best[is_below] = (distance, place)
    return sorted(place for _, place in best.values())


def _missed(constraint: Constraint, measured: Sequence[Any]) -> tuple[bool, Any]:
    """Whether a number is too small, and the distance of all from their bounds."""
    below, above = 0, 0
    for found, (low, high) in constraint.bounded(measured):
        below += max(low - found, 0) if low is not None else 0
        above += max(found - high, 0) if high is not None else 0
    return below > above, below + above


def _candidates(problem: Problem, number: int) -> Iterator[int]:
    """Places among which is the nearest: all, or the ends of where a quantity with a direction passes a bound."""
    yield from (place for place, found in problem.analysed.items() if not isinstance(found, str))
    if not problem.valid:
        return
    if problem.directions[number] is None:
        if size(problem.valid) <= MAX_TRIED:
            yield from numbers(problem.valid)
        return
    for condition in problem.conditions(number):
        holds = problem.search.where([condition], problem.valid)
        for spans in (holds, difference(problem.valid, holds)):
            if spans:
                yield from (spans[0][0], spans[-1][1])
