"""CSV and JSON: exact integers, and expressions as text."""

from __future__ import annotations

import csv as csv_module
import io
import json as json_module
from collections.abc import Mapping
from typing import Any

from .. import dims
from ..layers import Operations
from ..quantities import COLUMN_QUANTITIES, LAYER_QUANTITIES
from ..report import LayerReport, Report
from ..shapes import Shape
from .rows import Options, columns, rows, share_of, text_cell

SCHEMA = 1


def csv(report: Report, options: Options) -> str:
    """One line for each row of the table, without the totals; shares are in percent of the totals."""
    shown = columns(report, options)
    headers: list[str] = []
    for column in shown:
        headers.append(column)
        if options.percent and column in LAYER_QUANTITIES:
            headers.append(f"{column}_percent")
    file = io.StringIO()
    writer = csv_module.writer(file, lineterminator="\n")
    writer.writerow(headers)
    for row in rows(report, options):
        cells: list[Any] = []
        for column in shown:
            if column == "repeat":
                cells.append(row.repeat)
            elif column not in COLUMN_QUANTITIES:
                cells.append(text_cell(row, column))
            else:
                value = row.quantity(column)
                cells.append(value)
                if options.percent and column in LAYER_QUANTITIES:
                    cells.append(share_of(row, value, report.totals[column]))
        writer.writerow(cells)
    return file.getvalue().rstrip("\n")


def json(report: Report, options: Options) -> str:
    """The machine's view, stable under its schema number; it always holds every layer and quantity."""
    return json_module.dumps(to_data(report), indent=1)


def plain(value: Any) -> Any:
    """A value as JSON has it: an int, or the text of an expression or ratio."""
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, list | tuple):
        return [plain(element) for element in value]
    return str(dims.plain(value)) if not isinstance(dims.plain(value), int) else dims.plain(value)


def _shape(shape: Shape) -> list[Any]:
    return [plain(size) for size in shape.axes]


def _nonzero(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in figures.items() if dims.same(value, 0) is not True}


def about(report: Report) -> dict[str, Any]:
    """What was analysed, as plain data: the keys with which every JSON output begins."""
    inputs = report.inputs
    return {
        "schema": SCHEMA,
        "network": report.name,
        "input": _shape(next(iter(inputs.values())))
        if len(inputs) == 1
        else {name: _shape(shape) for name, shape in inputs.items()},
        "batch": plain(report.batch),
        "dtype": report.dtype,
        "settings": {name: plain(value) for name, value in report.settings.items()},
        "assumptions": [str(condition) for condition in report.assumptions],
    }


def to_data(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {
        **about(report),
        "notes": list(report.notes),
        "totals": {name: plain(value) for name, value in report.totals.items()},
        "layers": [_layer(layer) for layer in report.layers],
        "heads": {head: {n: plain(v) for n, v in figures.items()} for head, figures in report.heads.items()},
    }


def _layer(layer: LayerReport) -> dict[str, Any]:
    operations = layer.operations._asdict()
    data = {
        "path": layer.path,
        "kind": layer.kind,
        "inputs": [_shape(shape) for shape in layer.inputs],
        "output": _shape(layer.output),
        **{name: plain(layer[name]) for name in ("parameters", "weights", "buffers", "macs")},
        "operations": _nonzero({name: operations[name] for name in Operations._fields[1:]}),
        **{
            name: plain(layer[name])
            for name in ("activations", "outputs", "neurons", "connections", "parameter_bytes", "activation_bytes")
        },
        "stores": layer.stores,
        "repeat": plain(layer.repeat),
        "head": layer.head,
    }
    if layer.dropped:
        data["dropped"] = [plain(count) for count in layer.dropped]
    return data
