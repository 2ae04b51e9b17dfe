"""Networks, files and inline chains side by side: their costs, exact ratios, and where the cheaper one changes.

>>> compared = compare("3*conv3-C", "conv7-C")
>>> [str(side.values["weights"]) for side in compared.sides], compared.ratios["weights"]
(['27*C**2', '49*C**2'], (Fraction(27, 49),))
>>> [side.values["field"] for side in compared.sides]
[7, 7]
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from .. import dims
from ..conditions import Condition, known_of_symbols, promised, strongest
from ..errors import ArchcalcError, UsageError
from ..inline import Chain
from ..network import Network
from ..quantities import MEASURABLE
from ..records import Record, Shown, record
from ..report import Report
from ..walk import MAX_LAYERS
from .breakeven import BreakEven, break_even
from .sides import Thing, read_request, reports, told_apart
from .tables import Line, difference

QUANTITIES = ("weights", "biases", "parameters", "macs", "activations", "field", "nonlinearities", "depth")
RATIOS = ("weights", "macs")  # of which ratios and break-evens are given
MAX_LABEL = 20  # characters; longer texts are called A, B, ...


@record
class Side(Record):
    """One of the things that are compared: what it is called, its report, its quantities by name.

    The field is None where the network has none, several numbers where its axes differ.
    """

    label: str
    text: str
    is_chain: bool
    report: Report
    values: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<Side {self.label}: {self.text}>"


@record
class Comparison(Shown, Record):
    """The sides in the order in which they were given; the last one is what the others are compared with."""

    sides: tuple[Side, ...]
    symbols: tuple[Any, ...] = ()  # of chains and inputs, with what they promise

    @cached_property
    def ratios(self) -> Mapping[str, tuple[Any, ...]]:
        """Of weights (without biases) and MACs, each side but the last over the last: exact, None where that has 0."""
        *others, last = self.sides
        return {name: tuple(_ratio(side.values[name], last.values[name]) for side in others) for name in RATIOS}

    @cached_property
    def break_evens(self) -> tuple[BreakEven, ...]:
        """Which has fewer weights and MACs, each side against the last, and where that changes."""
        *others, last = self.sides
        axes = {name for side in self.sides for shape in side.report.inputs.values() for name in _names(shape.axes)}
        known = known_of_symbols(self.assumptions)
        found = []
        for side in others:
            for name in RATIOS:
                first, second = (dims.promise(each.values[name], known) for each in (side, last))
                found.append(break_even(name, side.label, first, last.label, second, axes))
        return tuple(found)

    @cached_property
    def layers(self) -> tuple[Line, ...]:
        """The aligned rows of two layer tables; UsageError for more than two sides."""
        if len(self.sides) != 2:
            raise UsageError(f"layers are compared of two networks, not of {len(self.sides)}")
        return difference(self.sides[0].report, self.sides[1].report)

    @property
    def assumptions(self) -> tuple[Condition, ...]:
        """What must hold of the symbols for the figures of all sides to be right."""
        every = [condition for side in self.sides for condition in side.report.assumptions]
        return strongest([*promised(self.symbols), *every])

    @property
    def has_one_input(self) -> bool:
        """Whether all sides have the same input."""
        shapes = [side.report.inputs for side in self.sides]
        return all(list(map(str, s.values())) == list(map(str, shapes[0].values())) for s in shapes)

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(side.text for side in self.sides)}>"

    def show_as(self, format: str) -> str:
        """What `archcalc compare` prints."""
        from ..render.comparison import comparison

        return comparison(self, format)


def compare(
    *things: Thing,
    input: Any = None,
    let: Mapping[str, Any] | None = None,
    symbols: Iterable[str] = (),
    assume: Iterable[str] = (),
    max_layers: int = MAX_LAYERS,
) -> Comparison:
    """Compare two or more networks, files or inline chains.

    `input` is a text (`"3xHxW"`) or a list of numbers, symbols and names, channels first; chains have C x H x W unless
    it is given, networks that of their spec. `let` gives numbers to symbols, and values to lets of the networks;
    `symbols` leaves lets (and axes of networks) open, `assume` holds promises about symbols: `C%4==0`, `N>=2`.

    Raises NotationError for a mistake in a chain, UsageError for a name with two meanings and other wrong requests,
    SpecError for a wrong file. The notation stands in docs/compare.md. Source of the classic comparison: Simonyan &
    Zisserman 2014, arXiv 1409.1556, sec. 2.3.

    >>> separable, full = "dw3 conv1-N", "conv3-N"
    >>> compared = compare(separable, full)
    >>> compared.ratios["macs"]
    (1/9 + 1/N,)
    >>> print(compared.break_evens[1])
    macs: dw3 conv1-N has fewer where N >= 2; more where N = 1; both are equal at N = 9/8
    """
    if len(things) < 2:
        raise UsageError("a comparison needs two or more networks, files or chains")
    if sum(isinstance(thing, str | Path) and str(thing) == "-" for thing in things) > 1:
        raise UsageError("'-', standard input, can be given once")
    sides = [told_apart(thing) for thing in things]
    found, scope = reports(sides, read_request(input, let or {}, symbols, assume, max_layers))
    texts = _texts(things, sides)
    open_names = {name for report in found for name in report.symbols} | {
        n for n, v in scope.items() if dims.is_symbolic(v)
    }
    made = tuple(
        Side(label, text, isinstance(side, Chain), report, _values(report))
        for label, text, side, report in zip(_labels(texts, open_names), texts, sides, found, strict=True)
    )
    return Comparison(made, tuple(value for value in scope.values() if dims.is_symbolic(value)))


def _texts(things: Sequence[Thing], sides: Sequence[Chain | Network]) -> list[str]:
    """The text of a chain, the name of a network; as it was given where names are the same."""
    names = [" ".join(side.text.split()) if isinstance(side, Chain) else side.name for side in sides]
    return [
        str(thing) if names.count(name) > 1 and isinstance(thing, str | Path) else name
        for thing, name in zip(things, names, strict=True)
    ]


def _labels(texts: Sequence[str], taken: Collection[str]) -> list[str]:
    """Texts that are short and differ; else A, B, ...; #1, #2, ... where a symbol is called so."""
    if len(set(texts)) == len(texts) and all(len(text) <= MAX_LABEL for text in texts):
        return list(texts)
    letters = list(ascii_uppercase[: len(texts)])
    if len(letters) == len(texts) and not set(letters) & set(taken):
        return letters
    return [f"#{number}" for number in range(1, len(texts) + 1)]


def _values(report: Report) -> dict[str, Any]:
    values = {}
    for name in QUANTITIES:
        try:
            values[name] = MEASURABLE[name].of_report(report)
        except ArchcalcError:
            if name != "field":
                raise
            values[name] = None
    return values


def _ratio(a: Any, b: Any) -> Any:
    if not (dims.is_symbolic(a) or dims.is_symbolic(b)):
        return dims.ratio(a, b) if b else None
    from ..dims.quotients import quotient

    return quotient(a, b)


def _names(sizes: Sequence[Any]) -> frozenset[str]:
    return frozenset().union(*map(dims.symbols_of, sizes))


__all__ = ["QUANTITIES", "RATIOS", "BreakEven", "Comparison", "Line", "Side", "compare"]
