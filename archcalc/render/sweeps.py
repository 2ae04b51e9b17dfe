"""Sweeps: a table for reading, JSON, and rows for CSV and Parquet files as they come."""

from __future__ import annotations

import csv as csv_module
import io
import json
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from typing import Any

from ..errors import UsageError
from ..sweeps import Sweep
from ..sweeps.plan import Plan, Rows
from ..sweeps.ranges import told
from ..sweeps.table import kind, table, wide
from .formats import check_format
from .lists import grid
from .machine import SCHEMA

SUFFIXES = (".csv", ".parquet")
MAX_REASONS = 10  # of points that are left out


def sweeps(found: Sweep, format: str = "text") -> str:
    """A sweep in one of FORMATS; UsageError for another format."""
    check_format(format, FORMATS)
    return FORMATS[format](found)


def facts(found: Sweep) -> list[str]:
    """How many points there were, and why some have no answer: the most frequent reasons, and how many others."""
    rows = found.met if found.plan.keep == "all" else len(found)  # those of a file are not kept
    lines = [f"{_counted(found.points, 'point')}, {_counted(rows, 'row')}"]
    refused = found.points - found.met - sum(found.left_out.values())
    if refused:
        lines.append(f"{refused:,} {'does' if refused == 1 else 'do'} not meet the condition")
    if found.equal:
        equals = "more equals" if found.equal == 1 else "more equal"
        lines.append(f"{found.equal:,} {equals} one of the rows in all that is compared")
    reasons = list(found.left_out.items())
    shown = reasons if len(reasons) <= MAX_REASONS + 1 else reasons[:MAX_REASONS]
    lines.extend(f"left out {count:,}: {reason}" for reason, count in shown)
    if len(shown) < len(reasons):
        others = sum(count for _, count in reasons[len(shown) :])
        lines.append(f"left out {others:,}: for {len(reasons) - len(shown):,} other reasons; --format json lists all")
    return lines


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def first_rows(found: Sweep, format: str = "text", most: int = 50) -> str:
    """The rows as a table, but of a long one only the first."""
    return _grid(found, format, most)


def _grid(found: Sweep, format: str, most: int | None = None) -> str:
    names = list(found.columns)
    rows = [[_cell(name, value, found) for name, value in row.items()] for row in islice(found, most)]
    numeric = [place for place, name in enumerate(names) if name in found.plan.columns]
    shown = [grid(names, rows, format, numeric=numeric)] if rows else []
    more = [f"{len(found) - len(rows):,} more rows stand in `columns`"] if len(rows) < len(found) else []
    mark = "- " if format == "markdown" else ""
    return "\n".join([*shown, *([""] if rows else []), *(f"{mark}{fact}" for fact in (*more, *facts(found)))])


def _cell(name: str, value: Any, found: Sweep) -> str:
    return f"{value:,}" if name in found.plan.columns else value_text(value)


def value_text(value: Any) -> str:
    """A varied value as it would be written."""
    if isinstance(value, float):
        return told(Fraction(str(value)))
    return told(value)


def _json(found: Sweep) -> str:
    rows = [{name: _data(value) for name, value in row.items()} for row in found]
    return json.dumps(
        {
            "schema": SCHEMA, "points": found.points, "met": found.met, "equal": found.equal,
            "left_out": dict(found.left_out), "rows": rows,
        },
        indent=1,
    )  # fmt: skip


def _data(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(map(_data, value))
    return told(value) if isinstance(value, Fraction) else value


def _csv(found: Sweep) -> str:
    lines = [csv_rows(found.plan, rows) for rows in found.kept]
    return "".join([csv_head(found.plan), *lines]).rstrip("\n")


def csv_head(plan: Plan) -> str:
    """The names of the columns as a line."""
    return _written([list(table(plan, None))])


def csv_rows(plan: Plan, rows: Rows) -> str:
    """Some rows as lines."""
    columns = table(plan, rows)
    varied = {axis.name for axis in plan.axes}
    cells = [
        list(map(value_text, column.tolist())) if name in varied and column.dtype.kind != "i" else column.tolist()
        for name, column in columns.items()
    ]
    return _written(zip(*cells, strict=True))


def _written(rows: Any) -> str:
    file = io.StringIO()
    csv_module.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


FORMATS: dict[str, Callable[[Sweep], str]] = {
    "text": lambda found: _grid(found, "text"),
    "markdown": lambda found: _grid(found, "markdown"),
    "csv": _csv,
    "json": _json,
}


class CsvFile:
    """Writes rows into an open file as they come."""

    def __init__(self, path: str) -> None:
        self.file = open(path, "w", encoding="utf-8", newline="")  # noqa: PTH123, SIM115  closed by `close`
        self.has_head = False

    def take(self, plan: Plan, rows: Rows | None) -> None:
        """Rows, or None for the head alone."""
        if not self.has_head:
            self.file.write(csv_head(plan))
            self.has_head = True
        if rows is not None:
            self.file.write(csv_rows(plan, rows))

    def close(self) -> None:
        self.file.close()


class ParquetFile:
    """Writes rows into a Parquet file as they come, by pyarrow.

    A quantity is an int64, or a decimal where a point might pass it (a text beyond 76 digits); ratios are doubles where
    each prints as the exact value, else texts; true and false are booleans.
    """

    def __init__(self, path: str) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise UsageError("Parquet files need pyarrow: pip install 'archcalc[parquet]'") from None
        self.arrow: Any = pyarrow
        self.path = path
        self.writer: Any = None
        self.waiting: list[Any] = []
        self.count = 0

    def take(self, plan: Plan, rows: Rows | None) -> None:
        """Rows, or None for the columns alone."""
        if self.writer is None:
            self.schema = self.arrow.schema(self._fields(plan))
            self.writer = self.arrow.parquet.ParquetWriter(self.path, self.schema)
        if rows is None:
            return
        columns = table(plan, rows)
        arrays = [self._array(columns[field.name], field.type) for field in self.schema]
        self.waiting.append(self.arrow.record_batch(arrays, schema=self.schema))
        self.count += len(rows.points)
        if self.count >= 2**20:
            self._flush()

    def _flush(self) -> None:
        if self.waiting:
            self.writer.write_table(self.arrow.Table.from_batches(self.waiting, schema=self.schema))
        self.waiting, self.count = [], 0

    def _fields(self, plan: Plan) -> list[tuple[str, Any]]:
        arrow = self.arrow
        kinds = {
            "whole": arrow.int64(), "decimal": arrow.float64(), "truth": arrow.bool_(), "other": arrow.string(),
        }  # fmt: skip
        axes = {axis.name: kinds[kind(axis)] for axis in plan.axes}
        digits = dict(zip(plan.columns, wide(plan), strict=True))
        fields = []
        for name in table(plan, None):
            if name in digits:
                fields.append((name, _number_type(arrow, digits[name])))
            else:
                fields.append((name, axes.get(name, arrow.string())))
        return fields

    def _array(self, column: Any, type_: Any) -> Any:
        arrow = self.arrow
        values = column.tolist()
        if arrow.types.is_string(type_):
            return arrow.array([value if isinstance(value, str) else value_text(value) for value in values], type=type_)
        if arrow.types.is_decimal(type_):
            from decimal import Decimal

            return arrow.array([Decimal(value) for value in values], type=type_)
        return arrow.array(values if arrow.types.is_boolean(type_) else column, type=type_)

    def close(self) -> None:
        if self.writer is not None:
            self._flush()
            self.writer.close()


def _number_type(arrow: Any, digits: int) -> Any:
    """Of whole numbers with so many digits; 0 stands for 64 bits."""
    if not digits:
        return arrow.int64()
    if digits <= 76:
        return arrow.decimal128(38, 0) if digits <= 38 else arrow.decimal256(76, 0)
    return arrow.string()


def file_for(path: str, suffix: str) -> CsvFile | ParquetFile:
    """What writes rows into a file of this kind; UsageError for another."""
    if suffix not in SUFFIXES:
        raise UsageError(f"--output writes {' or '.join(SUFFIXES)} files, not '{suffix or 'a file without a suffix'}'")
    return CsvFile(path) if suffix == ".csv" else ParquetFile(path)


__all__ = ["FORMATS", "SUFFIXES", "facts", "file_for", "sweeps"]
