"""The rows of a table: layers, or levels folded to a depth, with repeats folded to one round."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from .. import dims
from ..errors import UsageError, did_you_mean, shown
from ..graph import Repeat
from ..naming import Level
from ..quantities import COLUMN_QUANTITIES, LAYER_QUANTITIES, NAMES
from ..records import Record, record
from ..report import LayerReport, Report
from ..shapes import Shape

DEFAULT_COLUMNS = ("layer", "kind", "output", "parameters", "macs", "activations")
TEXT_COLUMNS = {
    "layer": "path of the layer or level",
    "kind": "layer kind, or how many layers a level holds",
    "input": "input shapes",
    "output": "output shape",
    "repeat": "how many equal copies the row stands for; its figures are those of one",
    "stores": "whether the output is new, in place or a view",
    "dropped": "input rows and columns that no window reads",
    "head": "the side output that the layer belongs to",
}
COLUMNS = (*TEXT_COLUMNS, *COLUMN_QUANTITIES)


def number_text(value: Any, units: str = "exact") -> str:
    """A count with thousands separated, or with an SI prefix; an expression as it is.

    >>> number_text(138357544), number_text(138357544, "si"), number_text(999, "si")
    ('138,357,544', '138.4 M', '999')
    """
    if type(value) is not int:
        return str(value)
    if units == "exact" or abs(value) < 1000:
        return f"{value:,}"
    for power, prefix in ((3, "k"), (6, "M"), (9, "G"), (12, "T")):
        for decimals in (3, 2, 1):
            scaled = (2 * abs(value) * 10**decimals + 10**power) // (2 * 10**power)  # rounded half up
            if scaled < 10_000 or (prefix == "T" and decimals == 1):
                whole, rest = divmod(scaled, 10**decimals)
                return f"{'-' if value < 0 else ''}{whole:,}.{rest:0{decimals}d} {prefix}"
    raise AssertionError("every number has been returned")


class Style(NamedTuple):
    """How a format writes numbers and shapes."""

    number: Callable[[Any, str], str]
    shape: Callable[[Shape], str]


PLAIN = Style(number_text, str)


@record
class Options(Record):
    """What a table shows."""

    columns: tuple[str, ...] = DEFAULT_COLUMNS
    sort: str | None = None
    percent: bool = False
    depth: int | None = None
    fold: bool = False
    units: str = "exact"

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        for column in [*self.columns, *([self.sort] if self.sort else [])]:
            if column in NAMES and column not in COLUMNS:
                raise UsageError(f"'{column}' is of the whole network, not of a layer; it cannot be a column")
            if column not in COLUMNS:
                hint = did_you_mean(column, COLUMNS) or f"known: {', '.join(COLUMNS)}"
                raise UsageError(f"unknown column '{shown(column)}'; {hint}")
        if self.units not in ("exact", "si"):
            raise UsageError(f"units are exact or si, not '{self.units}'")


def columns(report: Report, options: Options) -> tuple[str, ...]:
    """The columns of a table, with `repeat` where rows stand for several equal ones."""
    repeated = options.fold or any(layer.repeat != 1 for layer in report.layers)
    if repeated and "repeat" not in options.columns:
        return (*options.columns[:1], "repeat", *options.columns[1:])
    return options.columns


@record
class Row(Record):
    """One line of the table: one layer, or the layers of one level."""

    path: str
    layers: tuple[LayerReport, ...]
    repeat: Any = 1

    @property
    def kind(self) -> str:
        """The layer's kind, or how many layers there are."""
        return self.layers[0].kind if len(self.layers) == 1 else f"{len(self.counted)} layers"

    @property
    def counted(self) -> tuple[LayerReport, ...]:
        """The layers that its figures are of: those outside heads, unless it is all head."""
        return tuple(layer for layer in self.layers if layer.head is None) or self.layers

    @property
    def inputs(self) -> tuple[Shape, ...]:
        """The input shapes of the first layer."""
        return self.layers[0].inputs

    @property
    def output(self) -> Shape:
        """The output shape of the last layer outside heads."""
        return self.counted[-1].output

    def quantity(self, name: str) -> Any:
        """A quantity of one copy of the row."""
        if len(self.layers) == 1:
            return NAMES[name].of_layer(self.layers[0])
        return NAMES[name].of_span(self.counted)


def rows(report: Report, options: Options) -> list[Row]:
    """The rows of a table in order."""
    made = list(_cut(report, report.graph.root, options.depth))
    folded = _fold(report, made) if options.fold else [row for row, _ in made]
    if options.sort is None:
        return folded
    if options.sort in COLUMN_QUANTITIES:
        return _by_quantity(folded, options.sort)
    return sorted(folded, key=lambda row: text_cell(row, options.sort or ""))


def _by_quantity(folded: list[Row], name: str) -> list[Row]:
    values = [row.quantity(name) for row in folded]
    if any(dims.is_symbolic(value) for value in values):
        raise UsageError(f"rows cannot be sorted by {name}: it holds symbols")
    return [row for _, row in sorted(zip(values, folded, strict=True), key=lambda pair: pair[0], reverse=True)]


def _cut(report: Report, level: Level, depth: int | None) -> Iterator[tuple[Row, range]]:
    """Rows and their ranges of nodes, levels below `depth` in one row each."""
    for child in level.children:
        if not child.children or depth == 1:
            yield _row(report, child.path, child.start, child.stop)
        else:
            yield from _cut(report, child, None if depth is None else depth - 1)
            if child.node is not None:
                yield _row(report, child.path, child.node, child.node + 1)


def nested(report: Report, level: Level | None = None, depth: int = 0) -> Iterator[tuple[Row, int, bool]]:
    """Every level in a row above those of what it holds: the row, how deep it stands, whether it is a level.

    >>> from archcalc.analysis import analyze
    >>> [(row.path, depth, is_level) for row, depth, is_level in nested(analyze("vgg11"))][:3]
    [('stage1', 0, True), ('stage1.conv_relu', 1, True), ('stage1.conv_relu.conv', 2, False)]
    """
    for child in (level or report.graph.root).children:
        if child.children:
            yield Row(child.path, report.layers[child.start : child.stop]), depth, True
            yield from nested(report, child, depth + 1)
        if child.node is not None:
            row, _ = _row(report, child.path, child.node, child.node + 1)
            yield row, depth + (1 if child.children else 0), False


def _row(report: Report, path: str, start: int, stop: int) -> tuple[Row, range]:
    layers = report.layers[start:stop]
    repeat = layers[0].repeat if len(layers) == 1 else 1
    return Row(path, layers, repeat), range(start, stop)


def _fold(report: Report, made: list[tuple[Row, range]]) -> list[Row]:
    """The first round of each repeat only, with the number of rounds."""
    waiting = sorted(report.graph.repeats, key=lambda repeat: (-repeat.start, repeat.stop))  # the next one is last
    around: list[Repeat] = []  # the repeats that the row may stand in, outer ones first
    kept: list[Row] = []
    for row, nodes in made:
        while waiting and waiting[-1].start <= nodes.start:
            around.append(waiting.pop())
        around = [repeat for repeat in around if repeat.stop > nodes.start]
        folded = _folded(report, row, nodes, around)
        if folded is not None:
            kept.append(folded)
    return kept


def _folded(report: Report, row: Row, nodes: range, around: list[Repeat]) -> Row | None:
    """The row with the number of its copies; None if it is a copy itself."""
    repeat, second, last = row.repeat, nodes.start, nodes.start
    for region in around:
        number = (nodes.start - region.start) // region.length
        if nodes.stop > region.stop or number != (nodes.stop - 1 - region.start) // region.length:
            continue  # the row holds several rounds
        if number > 0:
            return None
        repeat = repeat * region.rounds
        second = nodes.start + region.length
        last += region.length * (region.rounds - 1)
    path = (
        row.path
        if last == nodes.start
        else span(row.path, *(report.layers[node].path for node in (nodes.start, second, last)))
    )
    return Row(path, row.layers, repeat)


def span(shown: str, *copies: str) -> str:
    """One path for all copies, from those of the first, the second and the last.

    >>> span("stage2.residual2", "stage2.residual2", "stage2.residual3", "stage2.residual6")
    'stage2.residual2-6'
    """
    steps = []
    for step, *others in zip(shown.split("."), *(path.split(".") for path in copies), strict=False):
        numbers = [re.search(r"[0-9]+$", other) for other in others]
        differ = others[0] != others[-1] and None not in numbers
        steps.append(step + _copies(*(int(number[0]) for number in numbers if number)) if differ else step)
    return ".".join(steps)


def _copies(first: int, second: int, last: int) -> str:
    """What stands behind the first number of several.

    >>> "2" + _copies(2, 3, 6), "1" + _copies(1, 3, 5), "1" + _copies(1, 3, 17)
    ('2-6', '1,3,5', '1,3...17')
    """
    if second <= first + 1:
        return f"-{last}"
    if last <= second:
        return f",{last}"
    return f",{second},{last}" if last == 2 * second - first else f",{second}...{last}"


def text_cell(row: Row, column: str, style: Style = PLAIN) -> str:
    """What a column without a quantity shows."""
    if column == "layer":
        return row.path
    if column == "kind":
        return row.kind
    if column == "input":
        return ", ".join(style.shape(shape) for shape in row.inputs)
    if column == "output":
        return style.shape(row.output)
    if column == "repeat":
        return f"x{row.repeat}" if row.repeat != 1 else ""
    layer = row.layers[0]
    if len(row.layers) > 1:
        return layer.head or "" if column == "head" and all(l.head == layer.head for l in row.layers) else ""
    if column == "stores":
        return layer.stores
    if column == "dropped":
        return "x".join(str(count) for count in layer.dropped) if any(_nonzero(layer.dropped)) else ""
    return layer.head or ""


def _nonzero(counts: Iterable[Any]) -> Iterator[bool]:
    return (dims.same(count, 0) is not True for count in counts)


def share(part: Any, total: Any) -> str:
    """A percentage with one decimal, rounded half up; nothing for symbols.

    >>> share(1, 3), share(0, 0)
    ('33.3', '')
    """
    if type(part) is not int or type(total) is not int or total == 0:
        return ""
    tenths = (2000 * part + total) // (2 * total)
    return f"{tenths // 10}.{tenths % 10}"


def share_of(row: Row, value: Any, total: Any) -> str:
    """The row's share of the total; a head has none, for it is not in the totals."""
    return "" if all(layer.head for layer in row.layers) else share(value * row.repeat, total)


@record
class Table(Record):
    """Headers, cells and the line of totals, ready for a text format."""

    headers: tuple[str, ...]
    numeric: tuple[bool, ...]
    cells: tuple[tuple[str, ...], ...]
    total: tuple[str, ...]


def table(report: Report, options: Options, style: Style = PLAIN) -> Table:
    """The table of a report as text, with numbers and shapes in the style of a format."""
    shown = columns(report, options)
    headers: list[str] = []
    for column in shown:
        headers.append(column if column != "macs" else "MACs")
        if options.percent and column in LAYER_QUANTITIES:
            headers.append("%")
    cells = tuple(tuple(cells_of(row, shown, report, options, style)) for row in rows(report, options))
    total: list[str] = []
    for column in shown:
        if column in COLUMN_QUANTITIES:
            total.append(style.number(report[column], options.units))
            total.extend(["100.0"] if options.percent and column in LAYER_QUANTITIES else [])
        else:
            total.append("total" if not total else "")
    numeric = tuple(header == "%" or header.lower() in COLUMN_QUANTITIES for header in headers)
    return Table(tuple(headers), numeric, cells, tuple(total))


def cells_of(row: Row, shown: tuple[str, ...], report: Report, options: Options, style: Style) -> Iterator[str]:
    """What a row shows in these columns."""
    for column in shown:
        if column not in COLUMN_QUANTITIES:
            yield text_cell(row, column, style)
            continue
        value = row.quantity(column)
        yield style.number(value, options.units)
        if options.percent and column in LAYER_QUANTITIES:
            yield share_of(row, value, report.totals[column])
