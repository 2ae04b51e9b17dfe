"""Statements about sizes that are true, false, or an assumption while their symbols are open.

>>> from archcalc import dims
>>> H = dims.symbol("H")
>>> divides(32, H), at_least(dims.floordiv(H, 32), 1)
(H % 32 == 0, H >= 32)
>>> divides(2, 7).truth
False
>>> divides(32, H).holds({"H": 224})
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from . import dims
from .errors import UsageError

_TRUTHS: dict[str, Callable[[Any, Any], dims.Truth]] = {
    "==": dims.same,
    "!=": lambda a, b: None if (truth := dims.same(a, b)) is None else not truth,
    ">=": dims.at_least,
    "<=": lambda a, b: dims.at_least(b, a),
    "% ==": lambda a, b: dims.divides(b, a),
}


class Condition(NamedTuple):
    """`left relation right`, and the message to give where it is false."""

    left: Any
    relation: str
    right: Any
    message: str = ""

    @property
    def truth(self) -> dims.Truth:
        """True, False, or None where the symbols leave it open."""
        return _TRUTHS[self.relation](self.left, self.right)

    def holds(self, values: Mapping[str, Any]) -> dims.Truth:
        """The truth after the symbols of these names have got values."""
        left, right = (dims.substitute(side, values) for side in (self.left, self.right))
        return Condition(left, self.relation, right).truth

    def negated(self) -> Condition:
        """The opposite of an equality."""
        return Condition(self.left, {"==": "!=", "!=": "=="}[self.relation], self.right, self.message)

    def __repr__(self) -> str:
        if self.relation == "% ==":
            bracketed = f"({self.left})" if " " in str(self.left) else self.left
            return f"{bracketed} % {self.right} == 0"
        return f"{self.left} {self.relation} {self.right}"


def equal(a: Any, b: Any, message: str = "") -> Condition:
    """a == b, with the symbols on the left."""
    if dims.is_symbolic(b) and not dims.is_symbolic(a):
        a, b = b, a
    return Condition(a, "==", b, message)


def at_least(a: Any, b: Any, message: str = "") -> Condition:
    """a >= b, solved for the symbol where that is one step: H >= 32, k <= 17."""
    if not (dims.is_symbolic(a) or dims.is_symbolic(b)):
        return Condition(a, ">=", b, message)
    from .dims.symbolic import solved_at_least

    left, right = solved_at_least(a - b, 0)
    if dims.is_symbolic(left) and dims.is_negated(left):
        return Condition(-left, "<=", -right, message)
    return Condition(left, ">=", right, message)


def divides(a: Any, b: Any, message: str = "") -> Condition:
    """a divides b."""
    return Condition(b, "% ==", a, message)


def promised(sizes: Iterable[Any]) -> list[Condition]:
    """What the symbols in these sizes promise; ArchcalcError where two of one name promise different things."""
    known: dict[str, tuple[int, int]] = {}
    conditions = []
    for size in sizes:
        for symbol, multiple, minimum in dims.promises(size):
            if known.setdefault(str(symbol), (multiple, minimum)) != (multiple, minimum):
                raise UsageError(f"two symbols are called '{symbol}' and differ in what they promise; make it once")
            if multiple > 1:
                conditions.append(divides(multiple, symbol))
            if minimum > multiple:
                conditions.append(Condition(symbol, ">=", minimum))
    return conditions


def known_of_symbols(conditions: Iterable[Condition]) -> dict[str, tuple[int, int]]:
    """What conditions say of single whole symbols: by name the number that each is a multiple of, and its minimum.

    >>> from archcalc import dims
    >>> H = dims.symbol("H")
    >>> known_of_symbols([divides(32, H), at_least(H, 64), at_least(H * H, 9)])
    {'H': (32, 64)}
    """
    known: dict[str, tuple[int, int]] = {}
    for left, relation, right, _ in conditions:
        name = str(left)
        is_size = [symbol for symbol, multiple, _ in dims.promises(left) if multiple and str(symbol) == name]
        if not is_size or type(right) is not int:
            continue
        multiple, minimum = known.get(name, (1, 1))
        if relation == "% ==":
            known[name] = (multiple * right // dims.gcd(multiple, right), minimum)
        elif relation == ">=":
            known[name] = (multiple, max(minimum, right))
    return known


def strongest(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """The conditions without those that follow from others: a smaller bound, a divisor of a divisor, what is true
    wherever the others say enough of its symbols.

    A condition has a message where its opposite is a mistake, and none where it may only mean another structure. One
    that stands for others has a message if all of them have.
    """
    kept: dict[Any, Condition] = {}
    for condition in conditions:
        relation, right = condition.relation, condition.right
        bound = relation in (">=", "<=") and not dims.is_symbolic(right)
        key = (condition.left, relation) if bound else (condition.left, relation, right)
        known = kept.get(key)
        if known is None:
            kept[key] = condition
            continue
        is_stronger = bound and (right > known.right if relation == ">=" else right < known.right)
        strong, weak = (condition, known) if is_stronger else (known, condition)
        kept[key] = strong if weak.message else strong._replace(message="")
    moduli: dict[Any, list[int]] = {}
    for condition in kept.values():
        if condition.relation == "% ==" and isinstance(condition.right, int):
            moduli.setdefault(condition.left, []).append(condition.right)
    unsaid: set[tuple[Any, int]] = set()  # divisors that stand for one without a message
    result = []
    for condition in kept.values():
        others = moduli.get(condition.left, ()) if condition.relation == "% ==" else ()
        larger = [n for n in others if n != condition.right and n % condition.right == 0]
        if not larger:
            result.append(condition)
        elif not condition.message:
            unsaid.update((condition.left, n) for n in larger)
    told = known_of_symbols(result)
    return tuple(
        c._replace(message="") if c.relation == "% ==" and (c.left, c.right) in unsaid else c
        for c in result
        if not _follows(c, told)
    )


def _follows(condition: Condition, known: Mapping[str, tuple[int, int]]) -> bool:
    """Whether a condition on an expression holds for all symbols of which this is known."""
    if not known or str(condition.left) in known:
        return False
    left, right = (dims.promise(side, known) for side in (condition.left, condition.right))
    return Condition(left, condition.relation, right).truth is True
