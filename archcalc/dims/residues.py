"""The sign of a sum with floors, exactly: on each residue class of its symbols it is a polynomial.

Let L be a common multiple of the divisors of all floors that hold H. With H = L*t + r every floor is a polynomial in
t, and so is the sum, for each of the L residues r. The signs of a polynomial in one whole number t >= 0 are found by
differences: where p(t + 1) - p(t) keeps its sign p is monotone, and bisection finds where it passes 0. In several
symbols the coefficients decide: where none is negative the polynomial is not. All this is done in plain numbers;
`dims.parts` says how a sum was made.

>>> from archcalc.dims import floordiv, symbol
>>> H, W = symbol("H"), symbol("W")
>>> signs_along(3 * floordiv(H, 2) - H - 4, "H").runs  # 0 at H = 8, -1 at 9, 1 at 10, 0 at 11
((1, -1), (8, 0), (9, -1), (10, 1), (11, 0), (12, 1))
>>> sorted(signs_of(4 * floordiv(H, 2) * floordiv(W, 2) - H * W))
[-1, 0]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from math import lcm, prod
from typing import Any, NamedTuple, TypeAlias

from archcalc import dims
from archcalc.errors import ArchcalcError

MAX_CLASSES = 20_000
MAX_WORK = 300_000  # classes times terms: a second or two
MAX_SYMBOLS = 4
MAX_BLOCKS = 6  # of values whose signs differ and repeat: more are not told one by one
FAR = 10**6  # where a polynomial is tried before its coefficients are looked at closely

Polynomial: TypeAlias = dict[tuple[int, ...], Any]  # by the exponents of the symbols, the coefficient


class Crossing(NamedTuple):
    """The sign of a - b, as `dims.crossing` finds it.

    `sign` is -1, 0 or 1 where the symbols cannot change it, else None; `is_strict` is False where it may also be 0.
    `deciding` has the sign of a - b, without factors that are always positive. Where it was solved for `symbol`,
    `equal_at` are the values at which both are equal, and `less`, `more`, `same` say where a is less, more, the same:
    alternatives, as text. If `unsettled` holds two values, they leave it open from the first to the second.
    """

    sign: int | None
    is_strict: bool = True
    deciding: Any = 0
    symbol: str = ""
    equal_at: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    unsettled: tuple[int, ...] = ()


class Signs(NamedTuple):
    """The sign of a sum along its only symbol.

    `runs` are pairs (value, sign): from that value up to the next run the sign is that, or None where it changes from
    value to value. After the last run begins, the signs of values `step` apart are those of `tail` over and over.
    `every` are all signs that occur.
    """

    runs: tuple[tuple[int, int | None], ...]
    tail: tuple[int, ...]
    step: int
    every: frozenset[int]


def signs_along(a: Any, name: str) -> Signs | None:
    """The signs along the symbol of this name; None where `a` holds other symbols, or what is not periodic."""
    try:
        classes = _Classes(a)
        if classes.names != [name]:
            return None
        changes = [_changes(_coefficients(found)) for found in classes]
    except ArchcalcError:
        return None
    (values,) = classes.values
    return _merged(changes, values)


def signs_of(a: Any) -> frozenset[int] | None:
    """The signs that a sum has, all of them, over all values of its symbols; None where that is not found out."""
    signs: set[int] = set()
    try:
        classes = _Classes(a)
        for polynomial in classes:
            found = _signs(polynomial, len(classes.names), 0)
            if found is None:
                return None
            signs |= found
            if {-1, 1} <= signs:
                break
    except ArchcalcError:
        return None
    return frozenset(signs | {0} if {-1, 1} <= signs else signs)


# residue classes


class _Tree(NamedTuple):
    """How a sum was made, and by the number of each symbol the period of the floors that hold it."""

    operation: str
    parts: tuple[Any, ...]
    periods: Mapping[int, int]


class _Classes:
    """The polynomials that a sum is, one for each combination of residues of its symbols; ArchcalcError if too many."""

    def __init__(self, a: Any) -> None:
        known = dims.promises(a)
        self.names = [str(symbol) for symbol, _, _ in known]
        self.tree = _tree(a, self.names)
        self.values = [
            _residues(multiple, minimum, self.tree.periods[number])
            for number, (_, multiple, minimum) in enumerate(known)
        ]
        count = prod(map(len, self.values))
        if len(self.names) > MAX_SYMBOLS or count > MAX_CLASSES or count * len(self.tree.parts) > MAX_WORK:
            raise ArchcalcError("there are too many residue classes")
        self.periods = [values.stop - values.start for values in self.values]
        self.known: dict[tuple[Any, ...], Polynomial] = {}

    def __iter__(self) -> Iterator[Polynomial]:
        return (self.polynomial(self.tree, residues) for residues in product(*self.values))

    def polynomial(self, tree: _Tree, residues: tuple[int, ...]) -> Polynomial:
        """A part of the sum on one class: each symbol is its residue plus its period times a new unknown."""
        key = (id(tree), *(residues[number] for number in tree.periods))
        if key not in self.known:
            self.known[key] = self.made(tree, residues)
        return self.known[key]

    def made(self, tree: _Tree, residues: tuple[int, ...]) -> Polynomial:
        constant = (0,) * len(residues)
        if tree.operation == "number":
            return {constant: tree.parts[0]}
        if tree.operation == "symbol":
            (number,) = tree.parts
            alone = tuple(int(number == other) for other in range(len(residues)))
            return {constant: residues[number], alone: self.periods[number]}
        if tree.operation == "floor":  # the period makes every coefficient but the constant a multiple of the divisor
            inside, divisor = tree.parts
            return {powers: factor // divisor for powers, factor in self.polynomial(inside, residues).items()}
        parts = [self.polynomial(part, residues) for part in tree.parts]
        return _sum(parts) if tree.operation == "+" else _product(parts)


def _tree(a: Any, names: Sequence[str]) -> _Tree:
    operation, parts = dims.parts(a)
    if operation == "number":
        return _Tree(operation, (dims.plain(parts[0]),), {})
    if operation == "symbol":
        number = names.index(parts[0])
        return _Tree(operation, (number,), {number: 1})
    if operation == "**":
        base, exponent = parts
        if 0 < exponent <= 16:
            tree = _tree(base, names)
            return _Tree("*", (tree,) * exponent, tree.periods)
    if operation == "floor":
        inside, divisor = _tree(parts[0], names), dims.plain(parts[1])
        if type(divisor) is int:
            return _Tree(operation, (inside, divisor), {number: n * divisor for number, n in inside.periods.items()})
    if operation in ("+", "*"):
        trees = tuple(_tree(part, names) for part in parts)
        numbers = {number for tree in trees for number in tree.periods}
        periods = {number: lcm(*(tree.periods.get(number, 1) for tree in trees)) for number in sorted(numbers)}
        return _Tree(operation, trees, periods)
    raise ArchcalcError(f"{a} is not periodic")


def _residues(multiple: int, minimum: int, period: int) -> range:
    """The values of a symbol from its least one on, as far as its residues do not repeat."""
    if not multiple:
        raise ArchcalcError("a ratio has no residues")
    first = -(-minimum // multiple) * multiple
    return range(first, first + lcm(multiple, period), multiple)


def _sum(polynomials: Iterable[Polynomial]) -> Polynomial:
    total: Polynomial = {}
    for polynomial in polynomials:
        for powers, factor in polynomial.items():
            total[powers] = total.get(powers, 0) + factor
    return total


def _product(polynomials: Sequence[Polynomial]) -> Polynomial:
    total, *others = polynomials
    for other in others:
        made: Polynomial = {}
        for powers, factor in total.items():
            for more, times in other.items():
                both = tuple(map(int.__add__, powers, more))
                made[both] = made.get(both, 0) + factor * times
        total = made
    return total


# one symbol


def _coefficients(polynomial: Polynomial) -> list[Any]:
    """The coefficients of 1, t, t**2, ..."""
    degree = max((power for (power,), factor in polynomial.items() if factor), default=0)
    return [polynomial.get((power,), 0) for power in range(degree + 1)]


def _value(coefficients: Sequence[Any], t: int) -> Any:
    total: Any = 0
    for factor in reversed(coefficients):
        total = total * t + factor
    return total


def _changes(coefficients: Sequence[Any]) -> list[tuple[int, int]]:
    """From which t >= 0 on a polynomial has which sign."""
    found = [(0, _sign(coefficients[0]))]
    if len(coefficients) == 1:
        return found
    slopes = _changes(_difference(coefficients))
    stops = [*(start for start, _ in slopes[1:]), None]
    for (start, slope), stop in zip(slopes, stops, strict=True):
        for t in _passes(coefficients, start, stop, slope) if slope else ():
            sign = _sign(_value(coefficients, t))
            if sign != found[-1][1]:
                found.append((t, sign))
    return found


def _difference(coefficients: Sequence[Any]) -> list[Any]:
    """p(t + 1) - p(t), whose degree is one less: its coefficients by Horner's rule."""
    shifted: list[Any] = []
    for factor in reversed(coefficients):  # shifted*(t + 1) + factor
        shifted = [a + b for a, b in zip([0, *shifted], [*shifted, 0], strict=True)]
        shifted[0] += factor
    return [a - b for a, b in zip(shifted, coefficients, strict=True)][:-1]


def _passes(coefficients: Sequence[Any], start: int, stop: int | None, slope: int) -> Iterator[int]:
    """Where a polynomial that rises (slope 1) or falls (-1) from start to stop reaches 0, and where it leaves it."""
    for least in (0, 1):  # slope * p as a sign: first 0 or more, then 1

        def is_there(t: int, least: int = least) -> bool:
            return slope * _sign(_value(coefficients, t)) >= least

        low, high = start, stop
        if is_there(low):
            continue
        if high is None:
            high = low + 1
            while not is_there(high):
                high += high - low
        elif not is_there(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if is_there(middle) else (middle, high)
        yield high


def _merged(changes: Sequence[Sequence[tuple[int, int]]], values: range) -> Signs:
    """The signs of all classes as those of the values of the symbol in order."""
    period = values.stop - values.start
    starts = sorted({start for found in changes for start, _ in found})
    runs: list[tuple[int, int | None]] = []
    signs: list[int] = []
    for start, stop in pairwise([*starts, None]):
        assert start is not None
        signs = [[sign for begin, sign in found if begin <= start][-1] for found in changes]
        told = {(values[0] + start * period, signs[0] if len(set(signs)) == 1 else None)}
        if len(set(signs)) > 1 and stop is not None and stop - start <= MAX_BLOCKS:
            blocks = range(start, stop)
            told = {(value + t * period, sign) for t in blocks for value, sign in zip(values, signs, strict=True)}
        for run in sorted(told, key=lambda pair: pair[0]):
            if not runs or runs[-1][1] != run[1]:
                runs.append(run)
    every = frozenset(sign for found in changes for _, sign in found)
    return Signs(tuple(runs), _shortest(signs), values.step, every)


def _shortest(signs: Sequence[int]) -> tuple[int, ...]:
    """What a list repeats."""
    count = len(signs)
    lengths = (n for n in range(1, count + 1) if count % n == 0)
    return tuple(signs[: next(n for n in lengths if list(signs) == [*signs[:n]] * (count // n))])


# several symbols


def _signs(polynomial: Polynomial, symbols: int, depth: int) -> set[int] | None:
    """The signs of a polynomial in whole numbers >= 0: its coefficients', near 0 and beyond, at most so often."""
    constant = polynomial.get((0,) * symbols, 0)
    signs = {_sign(factor) for factor in polynomial.values()} - {0}
    if len(signs) <= 1:
        return {_sign(constant), *signs}
    corners = product((0, FAR), repeat=symbols)
    tried = {_sign(sum(f * prod(map(pow, point, p)) for p, f in polynomial.items())) for point in corners}
    if {-1, 1} <= tried:
        return tried
    if depth == 2 * symbols:
        return None
    number = depth % symbols
    near = _signs({powers: factor for powers, factor in polynomial.items() if not powers[number]}, symbols, depth + 1)
    beyond = _signs(_raised(polynomial, number), symbols, depth + 1) if near is not None else None
    return None if near is None or beyond is None else near | beyond


def _raised(polynomial: Polynomial, number: int) -> Polynomial:
    """The polynomial with t + 1 in place of one unknown t."""
    raised: Polynomial = {}
    for powers, factor in polynomial.items():
        row = [1]
        for _ in range(powers[number]):
            row = [a + b for a, b in zip([0, *row], [*row, 0], strict=True)]
        for power, times in enumerate(row):
            place = (*powers[:number], power, *powers[number + 1 :])
            raised[place] = raised.get(place, 0) + factor * times
    return raised


def _sign(number: Any) -> int:
    return int(number > 0) - int(number < 0)
