"""Which of two costs less, and where that changes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .. import dims
from ..records import Record, record


@record
class BreakEven(Record):
    """Which of `first` and `second` has fewer of a quantity.

    `sign` is that of first - second where no symbol can change it: -1, 0 or 1; `always` is False where both may also
    be the same. Where it is None and `symbol` is given, `fewer`, `more` and `same` say where the first has fewer, more,
    the same, each as alternatives, and `equal_at` are the values of the symbol at which both are the same. `deciding`
    is what has the sign of the difference.
    """

    quantity: str
    first: str
    second: str
    sign: int | None
    always: bool = True
    symbolic: bool = False
    symbol: str = ""
    equal_at: tuple[str, ...] = ()
    fewer: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    deciding: Any = 0

    def __str__(self) -> str:
        """A sentence.

        >>> print(break_even("macs", "A", 3, "B", 4))
        macs: A has fewer
        >>> C = dims.symbol("C")
        >>> print(break_even("weights", "A", 2 * C**2, "B", 9 * C))
        weights: A has fewer where C <= 4; more where C >= 5; both are equal at C = 9/2
        """
        whatever = " whatever the symbols are" if self.symbolic else ""
        if self.sign == 0:
            return f"{self.quantity}: the same"
        if self.sign is not None and self.always:
            return f"{self.quantity}: {self.first if self.sign < 0 else self.second} has fewer{whatever}"
        if self.sign is not None:
            same = f"; the same where {' or '.join(self.same)}" if self.same else ""
            return f"{self.quantity}: {self.first if self.sign > 0 else self.second} never has fewer{same}"
        if not self.fewer and not self.more:
            names = ", ".join(sorted(dims.symbols_of(self.deciding)))
            return f"{self.quantity}: depends on {names}: {self.first} has fewer where {self.deciding} < 0"
        parts = [f"{self.first} has fewer where {' or '.join(self.fewer)}", f"more where {' or '.join(self.more)}"]
        if self.same:
            parts.append(f"the same where {' or '.join(self.same)}")
        elif not all(any(value in place for place in self.fewer) for value in self.equal_at):
            parts.append(f"both are equal at {self.symbol} = {' or '.join(self.equal_at)}")
        return f"{self.quantity}: {'; '.join(parts)}"


def break_even(quantity: str, first: str, a: Any, second: str, b: Any, last: Collection[str] = ()) -> BreakEven:
    """Which of two has fewer; symbols called as in `last` are solved for only if no other will do."""
    if not (dims.is_symbolic(a) or dims.is_symbolic(b)):
        return BreakEven(quantity, first, second, sign=(a > b) - (a < b), deciding=a - b)
    from ..dims.crossing import crossing

    found = crossing(a, b, last)
    return BreakEven(
        quantity, first, second, found.sign, found.is_strict, True, found.symbol,
        found.equal_at, found.less, found.more, found.same, found.deciding,
    )  # fmt: skip
