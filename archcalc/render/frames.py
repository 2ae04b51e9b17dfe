"""Reports and sweeps as data frames of pandas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import UsageError
from ..quantities import LAYER_QUANTITIES
from ..report import Report

INT64 = 2**63


def frame(report: Report) -> Any:
    """A row for each layer; UsageError where pandas is not installed."""
    layers = report.layers
    columns: dict[str, Any] = {
        "layer": [layer.path for layer in layers],
        "kind": [layer.kind for layer in layers],
        "input": [tuple(shape.axes for shape in layer.inputs) for layer in layers],
        "output": [layer.output.axes for layer in layers],
        "repeat": _numbers([layer.repeat for layer in layers]),
        "head": [layer.head for layer in layers],
    }
    for name in LAYER_QUANTITIES:
        columns[name] = _numbers([layer[name] for layer in layers])
    made = of_columns(columns)
    made.attrs.update(network=report.name, batch=report.batch, dtype=report.dtype)
    return made


def of_columns(columns: Mapping[str, Any]) -> Any:
    """Lists and arrays by name as a data frame; UsageError where pandas is not installed."""
    try:
        import pandas
    except ImportError:
        raise UsageError("data frames need pandas: pip install 'archcalc[pandas]'") from None
    return pandas.DataFrame(dict(columns))


def _numbers(values: list[Any]) -> Any:
    """A column of integers, never of floats."""
    import numpy

    fits = all(type(value) is int and -INT64 <= value < INT64 for value in values)
    return numpy.array(values, dtype="int64" if fits else object)
