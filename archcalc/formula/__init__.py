"""Formulas: a quantity of a network in closed form, in the sizes and settings that were left open.

>>> from archcalc import dims
>>> from archcalc.analysis import analyze
>>> macs = formula(analyze("zfnet", input=(3, dims.symbol("H"), 224)), "activations")
>>> macs(H=224) == analyze("zfnet").activations
True
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .. import dims
from ..conditions import Condition
from ..errors import ArchcalcError, UsageError, did_you_mean, hinted, shown
from ..naming import Level
from ..quantities import Quantity, measurable
from ..records import Record, record
from ..report import LayerReport, Report
from .program import Program, program

if TYPE_CHECKING:
    from .arrays import Array

PARTS = ("total", "stage", "layer")  # of what `formulas` gives one each
WIDTH, INDENT = 110, 4  # of the lines of a long formula


@record
class Formula(Record):
    """A quantity in closed form: `expr`, the assumptions under which it holds, the symbols that may be given.

    `symbols` says of each whether it is a ratio. Call it with numbers for all symbols of the expression; `numpy` takes
    arrays. `python`, `javascript` and `latex` are texts; `str` is the formula for reading.

    >>> from archcalc.analysis import analyze
    >>> weights = formula(analyze("mlp", let={"hidden": dims.symbol("h")}), "weights")  # 5 inputs, 2 classes
    >>> print(weights)
    weights = 7*h
    >>> weights(h=3), weights.diff("h").expr
    (21, 7)
    """

    network: str
    name: str
    place: str  # the stage or layer, nothing for the whole network
    unit: str
    expr: Any
    assumptions: tuple[Condition, ...]
    symbols: Mapping[str, bool]
    notes: tuple[str, ...] = ()

    @cached_property
    def program(self) -> Program:
        """What every compiled form is made from."""
        return program([self.expr], self.assumptions)

    def __call__(self, /, **values: Any) -> Any:
        """The exact value for numbers; floats stand for the decimals they print as.

        Raises UsageError for a name that is no symbol or is missing, ArchcalcError for numbers that a symbol cannot
        stand for or that break an assumption.
        """
        self._check_names(values)
        exact = {name: dims.exact(value) for name, value in values.items()}
        for name, value in exact.items():
            _check_domain(name, value, is_ratio=self.symbols[name])
        return self.program.run(exact)[0]

    def numpy(self, /, **values: Any) -> Array:
        """The values for arrays of numbers, broadcast against each other: of 64 bits where no step can overflow,
        else Python's own integers.

        Raises as a call does, for the first point that is wrong.
        """
        from .arrays import check_domain, run

        self._check_names(values)
        for name, value in values.items():
            if name not in self.program.inputs:
                check_domain(name, value, is_ratio=self.symbols[name])
        return run(self.program, values)[0]

    @property
    def latex(self) -> str:
        """The expression in LaTeX, without dollar signs."""
        return dims.latex(self.expr)

    @property
    def python(self) -> str:
        """A function of Python."""
        from .source import python

        return python(self.program, self.function, self._about)

    @property
    def javascript(self) -> str:
        """A function of JavaScript."""
        from .source import javascript

        return javascript(self.program, self.function, self._about)

    def diff(self, symbol: Any) -> Formula:
        """The derivative by a symbol; floors are taken as what stands in them, which a note says.

        Raises UsageError for an unknown symbol, ArchcalcError where a maximum, a divisor or a rounding to multiples
        holds the symbol.
        """
        symbol = str(symbol)
        if symbol not in self.symbols:
            raise UsageError(hinted(f"there is no symbol '{symbol}'", did_you_mean(symbol, self.symbols)))
        derivative, smoothed = dims.derivative(self.expr, symbol)
        floors = ", ".join(map(str, smoothed))
        notes = [f"floors are taken as what stands in them: {floors}"] if smoothed else []
        return Formula(
            self.network, f"d {self.name} / d {symbol}", self.place, self.unit, derivative, self.assumptions,
            self.symbols, (*self.notes, *notes),
        )  # fmt: skip

    @property
    def label(self) -> str:
        """The quantity and the place that it is of; the network where a symbol is called like the quantity."""
        place = self.place or (self.network if self.name in self.symbols else "")
        return f"{self.name} of {place}" if place else self.name

    def __str__(self) -> str:
        lines = [self.wrapped]
        lines.extend(f"assumes {condition}" for condition in self.assumptions)
        lines.extend(f"note: {note}" for note in self.notes)
        return "\n".join(lines)

    def _repr_markdown_(self) -> str:
        """For notebooks: typeset mathematics, with the assumptions beneath."""
        from ..render.formulas import formulas

        return formulas([self], "markdown")

    @property
    def wrapped(self) -> str:
        """`macs = ...` for reading, in lines that begin with a sign; what a maximum is of stands further in."""
        lines = [f"{self.label} ="]
        for piece, depth in _pieces(str(self.expr)):
            if len(lines[-1]) + len(piece) >= WIDTH and not lines[-1].isspace():
                lines.append(" " * (INDENT + depth * INDENT))
            lines[-1] += f" {piece}"
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Formula {self.label} of {self.network}: {self.expr}>"

    @property
    def function(self) -> str:
        """What it is called as a function of Python or JavaScript."""
        from .source import identifier

        return identifier(f"{self.name}_{self.place}" if self.place else self.name.replace(" / ", "_by_"))

    @property
    def _about(self) -> str:
        """What a generated function says of itself; the name of a file could hold what ends a comment or a string."""
        of = f"{self.network}, {self.place}" if self.place else self.network
        return re.sub(r"[^\w .,/-]", "?", f"{self.name} of {of}{', in ' + self.unit if self.unit else ''}.")

    def _check_names(self, values: Mapping[str, Any]) -> None:
        """UsageError for a value of no symbol, and for a symbol of the expression without a value."""
        unknown = [name for name in values if name not in self.symbols]
        if unknown:
            raise UsageError(
                hinted(f"there is no symbol '{shown(unknown[0])}'", did_you_mean(unknown[0], self.symbols))
            )
        missing = [name for name in self.program.inputs if name not in values]
        if missing:
            raise UsageError(f"{self.label} needs a value of {', '.join(missing)}")


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """What may begin a line: terms with their signs, and what maxima are of, with the number of maxima around."""
    opened: list[bool] = []  # the brackets around, and whether each is that of a maximum or minimum
    start = depth = 0
    for place, character in enumerate(text):
        if character == "(":
            opened.append(text[max(place - 3, 0) : place] in ("max", "min"))
        elif character == ")":
            opened.pop()
        elif (
            character == " " and all(opened) and (text[place - 1] == "," or text[place + 1 : place + 3] in ("+ ", "- "))
        ):
            yield text[start:place], depth
            start, depth = place + 1, len(opened)
    yield text[start:], depth


def _check_domain(name: str, value: Any, *, is_ratio: bool) -> None:
    if not dims.is_number(value) or dims.is_symbolic(value):
        raise UsageError(f"{name}: {value!r} is not a number")
    if is_ratio and not value > 0:
        raise ArchcalcError(f"{name} is greater than 0, not {value}")
    if not is_ratio and not (dims.is_whole(value) and value >= 1):
        raise ArchcalcError(f"{name} is a whole number >= 1, not {value}")


def formula(report: Report, quantity: str) -> Formula:
    """A quantity of the whole network in closed form; UsageError for an unknown one, or one of several numbers."""
    made = formulas(report, quantity)
    if len(made) > 1:
        raise UsageError(f"{quantity} is {len(made)} numbers here: `formulas` gives a formula for each")
    return made[0]


def formulas(report: Report, quantity: str, by: str = "total") -> tuple[Formula, ...]:
    """A quantity of the whole network, or of each of its stages or layers in order, heads left out.

    Stages are the layers and blocks that stand directly in the network. A size or a field that is several numbers
    gives a formula for each, in order: `size[0]` are the channels. Raises UsageError for an unknown quantity,
    ArchcalcError for one that only the whole network has.
    """
    found = measurable(quantity)
    if by not in PARTS:
        raise UsageError(f"by: {by!r} is none of {', '.join(PARTS)}")
    values: list[tuple[str, Any]]
    if by == "total":
        values = [("", found.of_report(report))]
    else:
        values = [(place, _of_part(found, report, place, layers)) for place, layers in _parts(report, by)]
    assumptions, symbols = report.assumptions, dict(report.symbols)
    made: list[Formula] = []
    for place, value in values:
        axes = (
            [(found.name, value)] if dims.is_number(value) else [(f"{found.name}[{n}]", v) for n, v in enumerate(value)]
        )
        made.extend(Formula(report.name, name, place, found.unit, v, assumptions, symbols) for name, v in axes)
    return tuple(made)


def _of_part(quantity: Quantity, report: Report, place: str, layers: Sequence[LayerReport]) -> Any:
    try:
        return quantity.of_part(report, layers)
    except ArchcalcError as error:
        raise ArchcalcError(str(error) if quantity.whole else f"{place}: {error}") from None


def _parts(report: Report, by: str) -> Iterator[tuple[str, Sequence[LayerReport]]]:
    """The stages or layers outside heads, each with its path."""
    levels: Sequence[Level] = report.graph.root.children
    if by == "layer":
        yield from ((layer.path, (layer,)) for layer in report.trunk)
        return
    for level in levels:
        inside = tuple(layer for layer in report.layers[level.start : level.stop] if layer.head is None)
        if inside:
            yield level.path, inside
