"""For which sizes a remainder is 0: the residues of its single symbol.

>>> H = dims.symbol("H")
>>> print(zeros(H - 4 * dims.floordiv(H - 11, 4) - 11))
H % 4 == 3
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import dims

MAX_TOLD = 4  # residues that are worth reading


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
    from ..dims.residues import signs_along

    names = [str(symbol) for symbol, _, _ in dims.promises(a)]
    found = signs_along(a, names[0]) if len(names) == 1 else None
    if found is None or len(found.runs) > 1:
        return None
    ((first, _),) = found.runs
    modulus = found.step * len(found.tail)
    values = sorted((first + n * found.step) % modulus for n, sign in enumerate(found.tail) if sign == 0)
    return Residues(names[0], modulus, tuple(values)) if len(values) <= MAX_TOLD else None
