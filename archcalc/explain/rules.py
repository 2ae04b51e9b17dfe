"""The rules of a layer, run with `Term`s: every size has a name and remembers how it was made.

`docs/layers.md` is made of this as well, so no formula is written down twice.

>>> from archcalc.layers import make
>>> from archcalc.shapes import Shape
>>> ran = run_rules(make("conv", filters=96, kernel=11, stride=4), Shape((3, 227, 227)))
>>> print(ran.output.spatial[0].rule, "and", ran.cost.parameters.rule)
floor((H + 2*P_h - F_h)/S_h) + 1 and weight + bias
>>> print(ran.cost.operations.macs.unnamed)
F_h*F_w*C_in/groups*outputs = 105415200
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

from .. import dims
from ..dims.term import Term
from ..errors import ArchcalcError
from ..infer import Cost, cost_of
from ..layers import Layer, Operations
from ..layers.base import Tensors
from ..layers.fields import AXES, SYMBOLS, FlagField, PadField
from ..records import Record, record
from ..shapes import Shape

LETTERS = {1: ("W",), 2: ("H", "W"), 3: ("D", "H", "W")}
TOKEN_LETTERS = {1: ("N",), 2: ("H", "W"), 3: ("D", "H", "W")}
WORDS = {"N": "tokens", "D": "depth", "H": "height", "W": "width"}
COUNTS = {
    "inputs": "numbers of the input",
    "outputs": "numbers of the output",
    "positions": "product of the output's axes without its channels",
    "positions_in": "product of the input's axes without its channels",
}
SIDES = {"begin": "beginning", "end": "end"}
Made = TypeVar("Made")


class Counted:
    """A shape whose counts have names: what the rules of operations see."""

    def __init__(self, shape: Shape, elements: str, positions: str) -> None:
        self.shape = shape
        self.elements = _counted(shape.elements, elements)
        self.positions = _counted(shape.positions, positions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shape, name)


def _counted(product: Any, name: str) -> Term:
    """A product of axes under a name; in numbers the axes show."""
    return product.named(name) if isinstance(product, Term) else Term(product, name)


class _Tensors:
    """A layer whose tensors are one term each, under their names; for all else it is the layer."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self.__module__ = type(layer).__module__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)

    def parameters(self, x: Any) -> Tensors:
        return _as_terms(self._layer.parameters(x))

    def buffers(self, x: Any) -> Tensors:
        return _as_terms(self._layer.buffers(x))


def _as_terms(tensors: Tensors) -> Tensors:
    return {name: (_counted(dims.prod(axes), name),) for name, axes in tensors.items()}


@record
class Run(Record):
    """One layer on one input with every size as a `Term`: what its rules give.

    `x` is the input, of joins all of them; `inputs` and `outputs` are the shapes that the rules of operations get, with
    names for their counts. `legend` says what the letters are.
    """

    layer: Layer
    x: Any
    inputs: Any
    outputs: Any
    legend: dict[str, str]

    @cached_property
    def output(self) -> Shape:
        """The output shape."""
        return self.told(lambda: self.layer.output(self.x))

    @cached_property
    def parameters(self) -> Tensors:
        """The learned tensors."""
        return self.told(lambda: self.layer.parameters(self.x))

    @cached_property
    def buffers(self) -> Tensors:
        """The stored tensors that are not learned."""
        return self.told(lambda: self.layer.buffers(self.x))

    @cached_property
    def cost(self) -> Cost:
        """The counts; tensors and classes of operations stand in them under their names."""
        layer: Any = _Tensors(self.layer)
        cost = self.told(lambda: cost_of(layer, self.inputs, self.outputs))
        named = {name: _renamed(count, name) for name, count in cost.operations._asdict().items()}
        return cost._replace(operations=Operations(**named))

    def told(self, rule: Callable[[], Made]) -> Made:
        """What a rule gives; ArchcalcError where one of a user's own kind cannot be run with terms."""
        try:
            return rule()
        except (AttributeError, TypeError, ValueError, ArithmeticError) as error:
            if self.layer.__module__.startswith("archcalc.layers."):
                raise
            raise ArchcalcError(
                f"a rule of layer kind '{self.layer.kind}' cannot explain itself: {error}; "
                "write it with + - * and functions of archcalc.dims"
            ) from error


def _renamed(count: Any, name: str) -> Any:
    return count.named(name) if isinstance(count, Term) else count


def run_rules(layer: Layer, x: Any, branches: tuple[str, ...] = ()) -> Run:
    """Run the rules of a layer on an input shape, of joins on the tuple of all.

    `branches` are the names of a join's inputs, for the legend.
    """
    legend: dict[str, str] = {}
    y = layer.output(x)
    outputs = Counted(_named(y, "C_out", "_out", "output", legend), "outputs", "positions")
    named = _with_names(layer, legend)
    if layer.joins:
        shapes = tuple(
            _named(shape, f"C_{number}", f"_{number}", _branch(number, branches), legend)
            for number, shape in enumerate(x, start=1)
        )
        counted = tuple(
            Counted(shape, f"inputs_{number}", f"positions_{number}") for number, shape in enumerate(shapes, start=1)
        )
        legend.update({f"inputs_{number}": f"numbers of input {number}" for number in range(1, len(x) + 1)})
        return Run(named, shapes, counted, outputs, {**COUNTS, **legend})
    shape = _named(x, "C_in", "", "input", legend)
    alike = dims.same(x.positions, y.positions) is True
    inputs = Counted(shape, "inputs", "positions" if alike else "positions_in")
    return Run(named, shape, inputs, outputs, {**COUNTS, **legend})


def _branch(number: int, branches: tuple[str, ...]) -> str:
    return f"input {number}" + (f" ('{branches[number - 1]}')" if number <= len(branches) else "")


def axis_letters(shape: Shape) -> tuple[str, ...]:
    """The letters of a shape's spatial axes."""
    rank = len(shape.spatial)
    known = (TOKEN_LETTERS if shape.channels_last else LETTERS).get(rank, ())
    return known if rank in LETTERS else tuple(f"A_{number}" for number in range(1, rank + 1))


def axis_words(shape: Shape) -> tuple[str, ...]:
    """What all axes of a shape are called, in their order."""
    spatial = tuple(WORDS.get(letter, letter.replace("A_", "axis ")) for letter in axis_letters(shape))
    if shape.layout == "vector":
        return ("numbers",)
    return (*spatial, "channels") if shape.channels_last else ("channels", *spatial)


def _named(shape: Shape, channels: str, suffix: str, whose: str, legend: dict[str, str]) -> Shape:
    """A shape of terms, and the meaning of its letters."""
    of = f"of the {whose}" if whose in ("input", "output") else f"of {whose}"
    spatial = []
    for letter, size in zip(axis_letters(shape), shape.spatial, strict=True):
        name = letter + suffix
        legend[name] = f"{WORDS.get(letter, letter.replace('A_', 'axis '))} {of}"
        spatial.append(Term(size, name))
    legend[channels] = f"{'numbers' if shape.layout == 'vector' else 'channels'} {of}"
    return shape.of(Term(shape.channels, channels), tuple(spatial))


def _with_names(layer: Layer, legend: dict[str, str]) -> Layer:
    """The layer with every size as a term, and the meaning of its letters."""
    named = layer.with_terms()
    for name in layer.schema:
        for term in _terms_in(getattr(named, attribute(layer, name))):
            meaning = _meaning(term.name, name, isinstance(layer.schema[name], FlagField))
            if meaning:
                legend[term.name] = meaning
    return named


def _terms_in(value: Any) -> Iterator[Term]:
    if isinstance(value, Term):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _terms_in(part)


def _meaning(letter: str, field: str, is_flag: bool) -> str:
    """What the letter of a field means; nothing where it is the field's own name."""
    if is_flag:
        return f"1 with {field}, else 0"
    if letter.partition("_")[0] != SYMBOLS.get(field):
        return ""
    words = {axis: WORDS[axis.upper()] for axes in AXES.values() for axis in axes}
    parts = letter.split("_")[1:]
    axes = [words[part] for part in parts if part in words]
    sides = [f"at the {SIDES[part]}" for part in parts if part in SIDES]
    return " ".join([field, *sides, *(f"{'of' if sides else 'along'} the {axis}" for axis in axes)])


def attribute(layer: Layer, field: str) -> str:
    """What a field is called in Python: `window_` where a rule has its name."""
    return f"{field}_" if f"{field}_" in layer.__dict__ else field


def without_padding(layer: Layer, rank: int) -> Layer:
    """The layer with no zeros around its input, for what does not depend on them."""
    fields = (name for name, field in layer.schema.items() if isinstance(field, PadField))
    return replace(layer, **{attribute(layer, name): ((0, 0),) * rank for name in fields})
