"""What a request is solved for: a let, an element of one, the batch, or axes of the input; and its values.

>>> from archcalc.network import load
>>> found = variable(load("vgg16"), "H", {})
>>> found.label, found.at(96)["input"]
('H = W', {'input': (3, 96, 96)})
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from .. import dims
from ..analysis import axes_of, element_of, input_shapes, with_symbols, with_values
from ..errors import UsageError, did_you_mean, hinted, shown
from ..expr import describe
from ..network import Network
from ..records import Record, record

LARGEST = {"batch": 2**20, "ratio": 4, "": 4096}  # where the search ends unless a range is given
GRID = Fraction(1, 100)
MAX_RANGE = 10**12
AXES = ("D", "H", "W")
BATCHES = ("N", "batch")


@record
class Variable(Record):
    """A name, the symbol that stands for it, and the settings of `analyze` that hold it.

    `label` tells the axes that are varied together; `kind` is `ratio`, `batch` or nothing. `given` are the settings
    without the symbol, nothing where the input came with it.
    """

    name: str
    label: str
    kind: str
    symbol: Any
    opened: Mapping[str, Any]
    given: Mapping[str, Any] | None

    def at(self, value: Any) -> dict[str, Any]:
        """The settings with a value, a number or the symbol, in the place of the symbol."""
        return {name: _replaced(given, str(self.symbol), value) for name, given in self.opened.items()}


def _replaced(given: Any, name: str, value: Any) -> Any:
    if isinstance(given, Mapping):
        return {key: _replaced(part, name, value) for key, part in given.items()}
    if isinstance(given, list | tuple):
        return type(given)(_replaced(part, name, value) for part in given)
    if dims.is_number(given) and dims.symbols_of(given) == {name}:
        return dims.substitute(given, {name: value})
    return given


def variable(
    network: Network, name: str, let: Mapping[str, Any], input: Any = None, batch: Any = 1
) -> Variable:  # fmt: skip
    """What a name stands for: a let of the spec, else the batch, a symbol in the given input, or an axis.

    An axis takes along all axes of the same size, unless the input is given with symbols. Raises UsageError for other
    names, and for a let that is no number.
    """
    given: dict[str, Any] = {"let": dict(let), "input": input, "batch": batch}
    values = network.spec.settings(network.variant, let, [])
    whole, element = element_of(name, values)
    if name in values and isinstance(values[name], tuple):
        elements = ", ".join(f"{name}_{number}" for number in range(len(values[name])))
        raise UsageError(f"let '{name}' is a list: solve for one of its elements, {elements}")
    if name in values:
        if not dims.is_number(values[name]):
            raise UsageError(f"let '{name}' is {describe(values[name])}; only a number can be solved for")
        return _let(network, name, given)
    if element is not None:
        return _element(network, whole, element, values[whole], given)
    if name in BATCHES:
        symbol = dims.symbol("N", minimum=2)  # training keeps other tensors for a single image
        return Variable("batch", "batch", "batch", symbol, {**given, "batch": symbol}, given)
    symbols = _symbols(input)
    if name in symbols:
        return Variable(name, name, "", symbols[name], given, None)
    if symbols:
        raise UsageError(hinted(f"for: '{shown(name)}' is not in the input", did_you_mean(name, symbols)))
    return _axes(network, name, [*values, "batch", *AXES[1:]], given)


def _let(network: Network, name: str, given: dict[str, Any]) -> Variable:
    opened = with_symbols(network, [name], **given)
    kind = "ratio" if name in network.spec.ratios else ""
    return Variable(name, name, kind, opened["let"][name], opened, given)


def _element(network: Network, base: str, number: int, value: tuple[Any, ...], given: dict[str, Any]) -> Variable:
    """An element of a list, by the name that it has as a symbol."""
    name = f"{base}_{number}"
    if not dims.is_number(value[number]):
        raise UsageError(f"{name} is {describe(value[number])}; only a number can be solved for")
    is_ratio = base in network.spec.ratios
    symbol = dims.symbol(name, ratio=is_ratio)
    opened = with_values(network, {name: symbol}, **given)
    return Variable(name, name, "ratio" if is_ratio else "", symbol, opened, given)


def _symbols(input: Any) -> dict[str, Any]:
    """The symbols of a given input by name."""
    shapes = list(input.values()) if isinstance(input, Mapping) else [input or ()]
    sizes = [size for shape in shapes for size in shape if dims.is_number(size)]
    return {str(symbol): symbol for size in sizes for symbol, *_ in dims.promises(size)}


def _axes(network: Network, name: str, known: Sequence[str], given: dict[str, Any]) -> Variable:
    """Axes of the inputs: those that are named, and those of the same size as the only one."""
    named = [part.strip() for part in name.split(",")]
    wrong = next((part for part in named if part not in AXES), None)
    if wrong is not None:
        hint = did_you_mean(wrong, known)
        raise UsageError(hinted(f"for: '{shown(wrong)}' is no let of {network.name}, no axis and not batch", hint))
    symbol = dims.symbol(named[0])
    opened: dict[str, Any] = {}
    together = list(named)
    shapes = input_shapes(network, given["let"], given["input"])
    for part in named:
        if not any(part in axes_of(shape) for shape in shapes.values()):
            told = " and ".join("x".join(map(str, shape)) for shape in shapes.values())
            raise UsageError(f"for: the input {told} has no axis {part}")
    for source, shape in shapes.items():
        sizes = dict(zip(axes_of(shape), shape[1:], strict=True))
        one = sizes.get(named[0]) if len(named) == 1 else None
        wanted = [axis for axis, size in sizes.items() if axis in named or (one is not None and size == one)]
        together.extend(axis for axis in wanted if axis not in together)
        opened[source] = (shape[0], *(symbol if axis in wanted else size for axis, size in sizes.items()))
    return Variable(named[0], " = ".join(together), "", symbol, {**given, "input": opened}, given)


@record
class Line(Record):
    """The values that are searched: the multiples of a step from one place to another."""

    step: Any
    first: int
    last: int

    def value(self, place: int) -> Any:
        """The value at a place."""
        return dims.plain(place * Fraction(self.step))

    def place(self, value: Any) -> int | None:
        """Where a value stands; None if it is none of them.

        >>> Line(Fraction(1, 4), 1, 16).place(1), Line(32, 1, 9).place(48)
        (4, None)
        """
        exact = dims.exact(value)
        if isinstance(exact, bool) or not dims.is_number(exact) or dims.is_symbolic(exact):
            return None
        place = Fraction(exact) / Fraction(self.step)
        return int(place) if place.denominator == 1 and self.first <= place <= self.last else None


def line(found: Variable, range: Any = None, grid: Any = None) -> Line:
    """The values of a variable within a range such as `1:512`, on a grid such as `1/100` or `32`.

    Raises UsageError for a text that is none, and for a range that holds no value.
    """
    is_ratio = found.kind == "ratio"
    own = GRID if is_ratio else Fraction(getattr(found.symbol, "multiple_of", 1))
    step = own if grid is None else _number("grid", grid)
    if not is_ratio and step.denominator != 1:
        raise UsageError(f"grid: {found.label} is a whole number; give a whole grid such as 32")
    if range is None:
        low, high = step, Fraction(LARGEST[found.kind])
    else:
        ends = str(range).split(":") if not isinstance(range, tuple) else list(range)
        if len(ends) != 2:
            raise UsageError(f"range: '{shown(range)}' is not a range such as 1:512")
        low, high = (_number("range", end) for end in ends)
    made = Line(dims.plain(step), -(-low // step), int(high // step))
    if made.first > made.last:
        start = 1 if range is None else low
        raise UsageError(f"range: there is no multiple of {dims.plain(step)} from {start} to {high}; give a range")
    return made


def _number(name: str, value: Any) -> Fraction:
    """A positive number: whole, a decimal or a ratio."""
    text = str(dims.exact(value)).strip() if not isinstance(value, str) else value.strip()
    if not re.fullmatch(r"[0-9]{1,30}(\.[0-9]{1,9})?(/[0-9]{1,9})?", text) or ("." in text and "/" in text):
        raise UsageError(f"{name}: '{shown(text)}' is not a number such as 224, 0.25 or 1/100")
    above, _, below = text.partition("/")
    if not Fraction(above) or (below and not int(below)) or Fraction(above) > MAX_RANGE:
        raise UsageError(f"{name}: '{shown(text)}' must be more than 0, and at most {MAX_RANGE:,}")
    return Fraction(above) / int(below or 1)
