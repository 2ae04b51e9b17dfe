"""Where conditions on one symbol hold: by bisection where a side is proved to grow or to fall, else by a scan.

>>> from archcalc import dims
>>> from archcalc.conditions import Condition, divides
>>> from archcalc.solving.variable import Line
>>> H = dims.symbol("H")
>>> search = Search("H", Line(1, 1, 100))
>>> search.where([Condition(H * H, "<=", 2000), divides(20, H)], search.everywhere)
((20, 20), (40, 40))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from ..conditions import Condition
from ..errors import UsageError
from ..formula.program import RELATIONS, Program, program
from .direction import trend
from .spans import Spans, intersection, joined, size
from .variable import Line

MAX_SCANNED = 20_000_000  # places
BLOCK = 2**16


class Function:
    """An expression of one symbol as a function of the place on a line."""

    def __init__(self, search: Search, expression: Any) -> None:
        self.search = search
        self.expression = expression
        self.program = program([expression])

    def __call__(self, place: int) -> Any:
        return self.program.run({self.search.name: self.search.line.value(place)})[0]

    def direction(self, first: int, last: int) -> int | None:
        """Whether it never falls (1), never grows (-1), is constant (0) between two places; None if not known."""
        value = self.search.line.value
        return trend(self.expression, {self.search.name: (value(first), value(last))}).direction

    def first_where(self, is_reached: Callable[[Any], bool], first: int, last: int) -> int:
        """The first place whose value has reached something that all later ones have; last + 1 if none has."""
        below, above = first - 1, last + 1
        while above - below > 1:
            middle = (below + above) // 2
            below, above = (below, middle) if is_reached(self(middle)) else (middle, above)
        return above


class Search:
    """Places on a line, and which of them conditions leave."""

    def __init__(self, name: str, line: Line) -> None:
        self.name = name
        self.line = line
        self.everywhere: Spans = ((line.first, line.last),)
        self.scanned = 0

    def where(self, conditions: Iterable[Condition], spans: Spans) -> Spans:
        """The places within spans where all conditions hold; what needs no scan comes first.

        Raises UsageError where more than MAX_SCANNED places would have to be scanned.
        """
        waiting = list(conditions)
        while waiting and spans:
            left = []
            for condition in waiting:
                found = self.proved(condition, spans)
                if found is None:
                    left.append(condition)
                else:
                    spans = found
            if len(left) == len(waiting):  # narrower spans may prove more
                return self.scan(left, spans)
            waiting = left
        return spans

    def proved(self, condition: Condition, spans: Spans) -> Spans | None:
        """The places where a condition holds, by bisection; None if its direction is not known."""
        if not spans:
            return spans
        first, last = spans[0][0], spans[-1][1]
        if condition.relation == "% ==":
            return self.multiples(condition, spans)
        function = Function(self, condition.left - condition.right)
        direction = function.direction(first, last)
        if direction is None:
            return None
        if direction == 0:
            return spans if RELATIONS[condition.relation](function(first), 0) else ()
        relation = condition.relation
        if direction < 0:
            function = Function(self, condition.right - condition.left)
            relation = {">=": "<=", "<=": ">="}.get(relation, relation)
        reached = function.first_where(lambda value: value >= 0, first, last)
        passed = function.first_where(lambda value: value > 0, reached, last)
        return intersection(
            spans,
            {
                ">=": ((reached, last),),
                "<=": ((first, passed - 1),),
                "==": ((reached, passed - 1),),
                "!=": ((first, reached - 1), (passed, last)),
            }[relation],
        )

    def multiples(self, condition: Condition, spans: Spans) -> Spans | None:
        """Of a divisor of the symbol itself, without asking any place; None of other conditions."""
        divisor = condition.right
        if str(condition.left) != self.name or type(divisor) is not int or size(spans) > MAX_SCANNED:
            return None
        step = Fraction(self.line.step)
        each = (divisor / step).numerator
        places = ((place, place) for first, last in spans for place in range(-(-first // each) * each, last + 1, each))
        return joined(places)

    def scan(self, conditions: Sequence[Condition], spans: Spans) -> Spans:
        """The places where all conditions hold, by evaluating each of them."""
        if not conditions:
            return spans
        if size(spans) > MAX_SCANNED:
            raise UsageError(
                f"{size(spans):,} values would have to be scanned, the limit is {MAX_SCANNED:,}; narrow the range"
            )
        self.scanned += size(spans)
        made = program([], conditions)
        return joined(found for block in _blocks(spans) for found in self._true(made, block))

    def _true(self, made: Program, block: tuple[int, int]) -> Iterator[tuple[int, int]]:
        """The spans of a block in which every check holds."""
        import numpy as np

        from ..formula.arrays import truths

        first, last = block
        holds = np.logical_and.reduce(truths(made, self.values(made, first, last)))
        edges = np.flatnonzero(np.diff(np.concatenate(([0], holds.astype(np.int8), [0]))))
        for begin, end in edges.reshape(-1, 2).tolist():
            yield first + begin, first + end - 1

    def values(self, made: Program, first: int, last: int) -> dict[str, Any]:
        """The symbol at these places as arrays: of a ratio, numerators over one denominator."""
        import numpy as np

        from ..formula.arrays import LARGEST

        step = Fraction(self.line.step)
        fits = max(last + 1, last * step.numerator) <= LARGEST
        above = np.arange(first, last + 1, dtype=np.int64 if fits else object) * step.numerator
        if not made.inputs.get(self.name, False):
            return {self.name: above}
        return {self.name: (above, np.full_like(above, step.denominator))}


def _blocks(spans: Spans) -> Iterator[tuple[int, int]]:
    for first, last in spans:
        for begin in range(first, last + 1, BLOCK):
            yield begin, min(begin + BLOCK - 1, last)
