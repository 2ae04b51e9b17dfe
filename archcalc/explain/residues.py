"""For which sizes a remainder is 0: the residues of its single symbol.

>>> H = dims.symbol("H")
>>> print(zeros(H - 4 * dims.floordiv(H - 11, 4) - 11))
H % 4 == 3
"""

from __future__ import annotations

from math import lcm
from typing import Any, NamedTuple

from .. import dims

MAX_PERIOD, MAX_TOLD = 1024, 4  # sizes that are tried, residues that are worth reading


class Residues(NamedTuple):
    """The sizes that are one of `values` modulo `modulus`."""

    symbol: str
    modulus: int
    values: tuple[int, ...]

    @property
    def everywhere(self) -> bool:
        """Whether these are all sizes."""
        return len(self.values) == self.modulus

    def __str__(self) -> str:
        return f"{self.symbol} % {self.modulus} == {' or '.join(map(str, self.values))}"


def zeros(a: Any) -> Residues | None:
    """Where a is 0; None where it has several symbols or does not repeat, or where there are too many to be told."""
    known = dims.promises(a)
    if len(known) != 1 or not known[0][1]:
        return None
    ((symbol, multiple, _),) = known
    name, period = str(symbol), lcm(multiple, _period(a))
    if period > MAX_PERIOD or dims.same(a, dims.substitute(a, {name: symbol + period})) is not True:
        return None
    found = {size % period for size in range(multiple, period + 1, multiple) if dims.substitute(a, {name: size}) == 0}
    modulus = next(m for m in range(1, period + 1) if period % m == 0 and {(n + m) % period for n in found} == found)
    values = tuple(sorted({residue % modulus for residue in found}))
    return Residues(name, modulus, values) if len(values) <= MAX_TOLD else None


def _period(a: Any) -> int:
    """After how many sizes the floors in a have moved on by whole numbers."""
    operation, parts = dims.parts(a)
    if operation in ("number", "symbol"):
        return 1
    if operation == "floor" and type(dims.plain(parts[1])) is int:
        return int(parts[1]) * _period(parts[0])
    return lcm(*(_period(part) for part in parts if dims.is_symbolic(part)))
