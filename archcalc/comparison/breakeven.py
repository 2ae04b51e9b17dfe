"""Which of two costs less, and where that changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from .. import dims
from ..dims.residues import Crossing
from ..records import Record, record

MAX_SHOWN = 100  # terms of a difference that is printed


@record
class BreakEven(Record):
    """Which of `first` and `second` has fewer of a quantity: where the first's is less, more, the same."""

    quantity: str
    first: str
    second: str
    crossing: Crossing
    symbolic: bool = False

    @property
    def sentence(self) -> str:
        """What was found, without the quantity."""
        found = self.crossing
        if found.sign == 0:
            return "the same"
        if found.sign is not None and found.is_strict:
            whatever = " whatever the symbols are" if self.symbolic else ""
            return f"{self.first if found.sign < 0 else self.second} has fewer{whatever}"
        if found.sign is not None:
            same = f"; the same where {' or '.join(found.same)}" if found.same else ""
            return f"{self.first if found.sign > 0 else self.second} never has fewer{same}"
        if not (found.less or found.more or found.same):
            from ..dims.quotients import text

            terms = dims.term_count(found.deciding)
            if terms > MAX_SHOWN:
                return f"not decided: the difference has {terms:,} terms"
            return f"not decided: {self.first} has fewer where {text(found.deciding)} < 0"
        return "; ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        """Where the first has fewer, more, the same, as far as there are such places."""
        found = self.crossing
        if found.less:
            yield f"{self.first} has fewer where {' or '.join(found.less)}"
        if found.more:
            yield f"{'more' if found.less else f'{self.second} has fewer'} where {' or '.join(found.more)}"
        if found.same:
            yield f"the same where {' or '.join(found.same)}"
        elif not all(any(value in place for place in found.less) for value in found.equal_at):
            yield f"both are equal at {found.symbol} = {' or '.join(found.equal_at)}"
        if found.unsettled:
            low, high = found.unsettled
            yield f"for {low} <= {found.symbol} <= {high} now one, now the other"

    def __repr__(self) -> str:
        return f"<BreakEven {self}>"

    def __str__(self) -> str:
        """The quantity, and a sentence.

        >>> print(break_even("macs", "A", 3, "B", 4))
        macs: A has fewer
        >>> C = dims.symbol("C")
        >>> print(break_even("weights", "A", 2 * C**2, "B", 9 * C))
        weights: A has fewer where C <= 4; more where C >= 5; both are equal at C = 9/2
        """
        return f"{self.quantity}: {self.sentence}"


def break_even(quantity: str, first: str, a: Any, second: str, b: Any, last: Collection[str] = ()) -> BreakEven:
    """Which of two has fewer; symbols called as in `last` are solved for only if no other will do."""
    if not (dims.is_symbolic(a) or dims.is_symbolic(b)):
        return BreakEven(quantity, first, second, Crossing((a > b) - (a < b), deciding=a - b))
    from ..dims.crossing import crossing

    return BreakEven(quantity, first, second, crossing(a, b, last), symbolic=True)
