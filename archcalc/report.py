"""The frozen result of an analysis: the graph and its costs, nothing else; all figures are read from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from . import dims
from .conditions import Condition, promised, strongest
from .errors import ArchcalcError, UsageError, did_you_mean, hinted, nearest
from .graph import Graph, Node
from .infer import Cost
from .layers import Operations
from .records import Record, record
from .shapes import Shape

if TYPE_CHECKING:
    from .draw import Diagram
    from .explain import Explanation
    from .formula import Formula

BITS = {
    "float64": 64, "float32": 32, "float16": 16, "bfloat16": 16, "float8": 8,
    "int64": 64, "int32": 32, "int16": 16, "int8": 8, "int4": 4, "int1": 1,
}  # fmt: skip


@record
class LayerReport(Record):
    """One layer: what it is, its shapes and its counts, for one image."""

    node: Node
    cost: Cost
    dtype: str

    @property
    def path(self) -> str:
        """Its name, with the levels around it."""
        return self.node.path

    @property
    def kind(self) -> str:
        """Its layer kind."""
        return self.node.layer.kind

    @property
    def inputs(self) -> tuple[Shape, ...]:
        """The input shapes."""
        return self.node.shapes

    @property
    def output(self) -> Shape:
        """The output shape."""
        return self.node.output

    @property
    def head(self) -> str | None:
        """The side output that it belongs to."""
        return self.node.head

    @property
    def repeat(self) -> Any:
        """How many times it stands there; above 1 only where a spec repeats by a symbol."""
        return self.node.repeat

    @property
    def rounds(self) -> Any:
        """How many rounds its counts are summed over: those of symbolic repeats that add channels."""
        return dims.prod(count for _, count in self.node.series)

    @property
    def stores(self) -> str:
        """Whether its output is new, in place or a view."""
        return self.node.layer.stores

    @property
    def operations(self) -> Operations:
        """The six classes of operations."""
        return self.cost.operations

    @property
    def dropped(self) -> tuple[Any, ...]:
        """Rows and columns of its input that no window reads."""
        return self.cost.dropped

    @property
    def bits(self) -> int:
        """Bits of one of its numbers."""
        own = self.node.layer.bits
        return BITS[self.dtype] if own is None else own

    def __repr__(self) -> str:
        inputs = ", ".join(str(shape) for shape in self.inputs)
        return f"<{self.kind} {self.path}: {inputs} -> {self.output}, parameters {self.parameters}, MACs {self.macs}>"

    def __getitem__(self, quantity: str) -> Any:
        """A quantity of this layer by name: `layer["macs"]`."""
        from .quantities import find

        return find(quantity, of_layers=True).of_layer(self)

    def __getattr__(self, name: str) -> Any:
        """A quantity as an attribute: `layer.macs`."""
        from .quantities import COLUMN_QUANTITIES

        if name in COLUMN_QUANTITIES:
            return self[name]
        raise AttributeError(hinted(f"a layer has no '{name}'", did_you_mean(name, COLUMN_QUANTITIES)))

    def __dir__(self) -> list[str]:
        from .quantities import COLUMN_QUANTITIES

        return sorted({*super().__dir__(), *COLUMN_QUANTITIES})

    def _ipython_key_completions_(self) -> list[str]:
        """What can stand in the brackets of `layer[...]`."""
        from .quantities import COLUMN_QUANTITIES

        return list(COLUMN_QUANTITIES)

    def _repr_markdown_(self) -> str:
        """For notebooks: its shapes and fields, and every quantity of a layer."""
        from .render.layers import layer

        return layer(self)


@record
class Report(Record):
    """Everything that an analysis found: `layers`, `totals`, `heads`, `assumptions`, `notes`."""

    name: str
    graph: Graph
    costs: tuple[Cost, ...]
    batch: Any = 1
    dtype: str = "float32"

    @cached_property
    def layers(self) -> tuple[LayerReport, ...]:
        """Every layer in order, those of heads included."""
        return tuple(
            LayerReport(node, cost, self.dtype) for node, cost in zip(self.graph.nodes, self.costs, strict=True)
        )

    @cached_property
    def trunk(self) -> tuple[LayerReport, ...]:
        """The layers outside heads: those that totals count."""
        return tuple(layer for layer in self.layers if layer.head is None)

    @cached_property
    def totals(self) -> Mapping[str, Any]:
        """Every quantity of the network by name, heads left out."""
        from .quantities import QUANTITIES

        return MappingProxyType({quantity.name: quantity.of_report(self) for quantity in QUANTITIES})

    @cached_property
    def heads(self) -> Mapping[str, Mapping[str, Any]]:
        """The totals of each side output."""
        from .quantities import head_totals

        return MappingProxyType({head: head_totals(self, head) for head in self.graph.heads})

    @property
    def inputs(self) -> Mapping[str, Shape]:
        """The input shapes by name."""
        return dict(self.graph.inputs)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The value of every `let`."""
        return MappingProxyType(dict(self.graph.settings))

    @property
    def assumptions(self) -> tuple[Condition, ...]:
        """What must hold of the symbols for the figures to be right."""
        return strongest([*self.graph.conditions, *promised([self.batch])])

    @cached_property
    def symbols(self) -> Mapping[str, bool]:
        """The symbols in the input, the batch and the settings by name, and whether each is a ratio."""
        given = [self.batch, *self.settings.values(), *(size for _, shape in self.graph.inputs for size in shape.axes)]
        flat = [part for value in given for part in (value if isinstance(value, tuple) else (value,))]
        known = [pair for part in flat if dims.is_number(part) for pair in dims.promises(part)]
        return MappingProxyType({str(symbol): not multiple for symbol, multiple, _ in sorted(known, key=str)})

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know: input rows and outputs that nothing reads, and rows that are sums of rounds."""
        notes = [*self._channel_notes(), *(note for layer in self.layers for note in _dropped_note(layer))]
        ends = {layer.head: layer.node.number for layer in self.layers}  # the last layer of the trunk and of each head
        notes.extend(
            f"{layer.path}: no layer reads its output"
            for layer in self.layers
            if layer.node.number not in self.graph.readers and ends[layer.head] != layer.node.number
        )
        series = dict.fromkeys(pair for node in self.graph.nodes for pair in node.series)
        notes.extend(
            f"{index} = 0 .. {count} - 1 is the round of a repeat; figures of rows with {index} are of all rounds"
            for index, count in series
        )
        return tuple(notes)

    def _channel_notes(self) -> Iterator[str]:
        """A sentence on inputs with other channels than the spec's: channels last is a common slip."""
        for name, values in self.graph.spec.inputs:
            declared, given = values[0].evaluate(self.graph.settings, []), self.inputs[name].channels
            if dims.same(declared, given) is False:
                shape = self.inputs[name]
                yield f"channels come first: the input {shape} has {given} of them, the spec's {declared}"

    def layer(self, path: str) -> LayerReport:
        """The layer of this path; UsageError names the nearest paths."""
        for layer in self.layers:
            if layer.path == path:
                return layer
        close = ", ".join(nearest(path, (layer.path for layer in self.layers), 3))
        raise UsageError(f"{self.name} has no layer '{path}'" + (f"; nearest: {close}" if close else ""))

    def __getitem__(self, quantity: str) -> Any:
        """A quantity of the whole network by name: `report["macs"]`."""
        from .quantities import find

        return find(quantity).of_report(self)

    def __getattr__(self, name: str) -> Any:
        """A quantity as an attribute: `report.macs`."""
        from .quantities import NAMES

        if name in NAMES:
            return self[name]
        raise AttributeError(hinted(f"a report has no '{name}'", did_you_mean(name, NAMES)))

    def __dir__(self) -> list[str]:
        from .quantities import NAMES

        return sorted({*super().__dir__(), *NAMES})

    def _ipython_key_completions_(self) -> list[str]:
        """What can stand in the brackets of `report[...]`."""
        from .quantities import NAMES

        return list(NAMES)

    def formula(self, quantity: str) -> Formula:
        """A quantity of the whole network in closed form: `report.formula("macs")(H=224, W=224)`."""
        from .formula import formula

        return formula(self, quantity)

    def explain(self, layer: str | None = None, quantity: str | None = None) -> Explanation:
        """How the figures of a layer, of a level or of the whole network come about: `report.explain("conv1")`."""
        from .explain import explain

        return explain(self, layer, quantity)

    def draw(self, depth: int | None = None, costs: bool = False) -> Diagram:
        """The network as a picture, which notebooks show: `report.draw(depth=2)`."""
        from .draw import diagram_of

        return diagram_of(self, depth, costs=costs)

    def substitute(self, **values: Any) -> Mapping[str, Any]:
        """The totals with numbers for symbols; ArchcalcError names an assumption that they break.

        >>> import archcalc as ac
        >>> report = ac.analyze("vgg16", input=(3, ac.symbol("H"), ac.symbol("W")))
        >>> report.substitute(H=224, W=224)["macs"]
        15470264320
        """
        unknown = sorted(values.keys() - self.symbols)
        if unknown:
            raise UsageError(hinted(f"there is no symbol '{unknown[0]}'", did_you_mean(unknown[0], self.symbols)))
        wrong = [name for name, value in values.items() if not dims.is_number(dims.exact(value))]
        if wrong:
            raise UsageError(f"{wrong[0]}: {values[wrong[0]]!r} is not a number")
        for condition in self.assumptions:
            if condition.holds(values) is False:
                told = ", ".join(f"{name}={value}" for name, value in values.items())
                raise ArchcalcError(f"{told} breaks the assumption {condition}")
        return {name: dims.substitute(total, values) for name, total in self.totals.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        return Report, (self.name, self.graph, self.costs, self.batch, self.dtype)  # what is derived is derived anew

    def __iter__(self) -> Iterator[LayerReport]:
        return iter(self.layers)

    def __repr__(self) -> str:
        shapes = ", ".join(str(shape) for shape in self.inputs.values())
        return f"<Report {self.name}: {len(self.layers)} layers on {shapes}>"

    def __str__(self) -> str:
        from .render import render

        return render(self, "text")

    def _repr_html_(self) -> str:
        """For notebooks: the table, whose levels fold and whose columns sort."""
        from .render.html import fragment

        return fragment(self)

    def _repr_markdown_(self) -> str:
        """For notebooks that show no HTML."""
        from .render import render

        return render(self, "markdown")

    def _repr_latex_(self) -> str:
        """For notebooks that become papers."""
        from .render import render

        return render(self, "latex")

    def to_dict(self) -> dict[str, Any]:
        """Everything that `archcalc table --format json` prints, as plain data; formulas are texts.

        >>> import archcalc as ac
        >>> ac.analyze("mlp").to_dict()["totals"]["parameters"]
        26
        """
        from .render.machine import to_data

        return to_data(self)

    def to_pandas(self) -> Any:
        """A data frame with a row for each layer, heads included, and a column for each quantity of a layer.

        Counts are 64-bit integers where all fit, else Python's own; formulas are expressions. Raises UsageError where
        pandas is not installed.
        """
        from .render.frames import frame

        return frame(self)


def _dropped_note(layer: LayerReport) -> Iterator[str]:
    """A sentence on the input that a layer does not read."""
    lost = [
        (count, axis)
        for count, axis in zip(layer.dropped, _AXES.get(len(layer.dropped), ()), strict=False)
        if type(count) is int and count
    ]
    if lost:
        parts = " and ".join(f"{count} {axis}{'s' * (count > 1)}" for count, axis in lost)
        verb = "is" if len(lost) == 1 and lost[0][0] == 1 else "are"
        them = "it" if verb == "is" else "them"
        yield f"{layer.path}: {parts} of its input {layer.inputs[0]} {verb} dropped: no window reads {them}"


_AXES = {1: ("column",), 2: ("row", "column"), 3: ("plane", "row", "column")}
