"""Solutions for reading and for programs: intervals, what is constrained at their ends, what excludes all values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import dims
from ..solving import Conflict, Constraint, Interval, Solution
from .formats import check_format
from .lists import FORMATS, grid
from .machine import SCHEMA, plain
from .text import markdown_text

MAX_ROWS = 24  # intervals that are shown for reading; JSON has all
MAX_RUNS = 4


def solution(found: Solution, format: str = "text") -> str:
    """A solution in one of FORMATS of `lists`."""
    check_format(format, FORMATS)
    if format == "json":
        return json.dumps(_data(found), indent=1)
    head = f"{found.network}: {found.label} with {', '.join(map(str, found.constraints))}"
    head = f"## {markdown_text(head)}" if format == "markdown" else head
    parts = [head]
    if found.intervals:
        parts.append(_intervals(found, format))
    facts = list(_facts(found))
    bullets = list(map(_bullet, facts)) if format == "markdown" else facts
    return "\n\n".join([*parts, "\n".join(bullets)])


def _bullet(fact: str) -> str:
    """A fact as an item of a Markdown list; what is indented belongs to the one before."""
    text = fact.lstrip()
    return f"{' ' * (len(fact) - len(text))}- {markdown_text(text)}"


def number(value: Any) -> str:
    """A value of a variable: whole, a decimal where that is exact and short, else a ratio.

    >>> from fractions import Fraction
    >>> number(4096), number(Fraction(3, 4)), number(Fraction(1, 3))
    ('4,096', '0.75', '1/3')
    """
    exact = dims.plain(value)
    if isinstance(exact, int):
        return f"{exact:,}"
    digits = next((count for count in range(1, 10) if 10**count % exact.denominator == 0), None)
    if digits is None:
        return str(exact)
    scaled = exact.numerator * 10**digits // exact.denominator
    return f"{scaled // 10**digits:,}.{scaled % 10**digits:0{digits}}"


def _intervals(found: Solution, format: str) -> str:
    names = list(dict.fromkeys(constraint.name for constraint in found.constraints))
    units = {constraint.name: constraint.unit for constraint in found.constraints}
    headers = [found.label, "values", *(f"{name}{_in_bytes(units[name])}" for name in names)]
    rows = [
        [_stepped(one, found.searched[2]), f"{one.count:,}", *(_ends(one, name) for name in names)]
        for one in found.intervals[:MAX_ROWS]
    ]
    return grid(headers, rows, format, numeric=range(1, len(headers)))


def _in_bytes(unit: str) -> str:
    return " (bytes)" if unit == "bytes" else ""


def _span(first: Any, last: Any) -> str:
    if first == last:
        return number(first)
    return f"{number(first)} .. {number(last)}"


def _stepped(one: Interval, step: Any) -> str:
    """An interval, with its step where that is not the search's."""
    span = _span(one.first, one.last)
    return span if one.first == one.last or one.step == step else f"{span} by {number(one.step)}"


def _ends(one: Interval, name: str) -> str:
    first, last = _amount(one.at_first[name]), _amount(one.at_last[name])
    return first if first == last else f"{first} .. {last}"


def _amount(value: Any) -> str:
    return "x".join(map(number, value)) if isinstance(value, tuple) else number(value)


def _facts(found: Solution) -> Iterator[str]:
    first, last, step = found.searched
    if len(found.intervals) > MAX_ROWS:
        yield f"and {len(found.intervals) - MAX_ROWS:,} more intervals, with {found.count:,} values in all"
    if not found.intervals:
        yield f"no value of {found.label} from {number(first)} to {number(last)} meets every constraint"
    for conflict in found.conflicts:
        yield from _conflict(conflict, found)
    yield f"searched: {found.label} from {number(first)} to {number(last)}" + (
        f" in steps of {number(step)}" if step != 1 else ""
    )
    if found.intervals and found.intervals[-1].last == last:
        yield f"{number(last)} is the end of the search: larger values may do as well"
    yield from _methods(found)
    for nowhere in found.nowhere:
        yield f"no network at {_runs(nowhere.values, nowhere.count)}: {nowhere.why}"
    if found.analysed:
        one = found.analysed == 1
        why = found.why_analysed or f"the formulas assume something else of {'it' if one else 'them'}"
        yield f"analysed one by one: {found.analysed:,} value{'s' * (not one)}; {why}"


def _methods(found: Solution) -> Iterator[str]:
    """How each constraint was decided."""
    if found.why_analysed:
        return
    told = {1: "never falls as {} grows: bisected", -1: "never grows as {} does: bisected", 0: "does not depend on {}"}
    names = (constraint.name for constraint in found.constraints)
    for name, direction in dict(zip(names, found.directions, strict=True)).items():
        if direction is None:
            yield f"{name} may rise and fall: every value left was evaluated"
        else:
            yield f"{name} {told[direction].format(found.label)}"


def _runs(values: Sequence[tuple[Any, Any, Any]], count: int) -> str:
    """Values as spans, or their number where these are too many."""
    if len(values) > MAX_RUNS:
        return f"{count:,} values, such as {number(values[0][0])}"
    return ", ".join(
        _span(first, last) + (f" by {number(step)}" if step != 1 and first != last else "")
        for first, last, step in values
    )


def _conflict(conflict: Conflict, found: Solution) -> Iterator[str]:
    if len(conflict.constraints) == 1:
        (one,) = conflict.constraints
        near = [f"{_amount(at[one.name])} at {found.label} = {number(value)}" for value, at in conflict.nearest]
        layers = f", in {', '.join(conflict.dropping[:MAX_RUNS])}" if conflict.dropping else ""
        layers += ", ..." if len(conflict.dropping) > MAX_RUNS else ""
        yield f"{one} excludes every value" + (f"; nearest: {', '.join(near)}{layers}" if near else "")
        return
    yield f"{' and '.join(map(str, conflict.constraints))} exclude each other"
    for one, allowed in zip(conflict.constraints, conflict.allowed, strict=True):
        yield f"  {one} leaves {_allowed(allowed)}"
    for value, at in conflict.nearest:
        yield f"  at {found.label} = {number(value)}: " + ", ".join(_told(conflict.constraints, at))


def _allowed(spans: Sequence[tuple[Any, Any]]) -> str:
    shown = [_span(first, last) for first, last in spans[:MAX_RUNS]]
    more = f" and {len(spans) - MAX_RUNS:,} more spans up to {number(spans[-1][1])}" if len(spans) > MAX_RUNS else ""
    return ", ".join(shown) + more


def _told(constraints: Sequence[Constraint], at: Mapping[str, Any]) -> list[str]:
    return [f"{name} {_amount(at[name])}" for name in dict.fromkeys(one.name for one in constraints)]


def _data(found: Solution) -> dict[str, Any]:
    first, last, step = map(plain, found.searched)
    return {
        "schema": SCHEMA,
        "network": found.network,
        "for": found.variable,
        "varied": found.label,
        "searched": {"first": first, "last": last, "step": step},
        "constraints": [
            {"quantity": one.quantity, "place": one.place, "text": one.text, "bounds": plain(one.bounds),
             "unit": one.unit, "direction": direction}
            for one, direction in zip(found.constraints, found.directions, strict=True)
        ],
        "count": found.count,
        "intervals": [
            {"first": plain(one.first), "last": plain(one.last), "step": plain(one.step), "count": one.count,
             "at_first": _plain_mapping(one.at_first), "at_last": _plain_mapping(one.at_last)}
            for one in found.intervals
        ],
        "conflicts": [
            {"constraints": [str(one) for one in conflict.constraints], "allowed": plain(conflict.allowed),
             "nearest": [{"value": plain(value), **_plain_mapping(at)} for value, at in conflict.nearest],
             "dropping": list(conflict.dropping)}
            for conflict in found.conflicts
        ],
        "nowhere": [
            {"values": plain(nowhere.values), "count": nowhere.count, "why": nowhere.why} for nowhere in found.nowhere
        ],
        "analysed": found.analysed,
    }  # fmt: skip


def _plain_mapping(at: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in at.items()}
