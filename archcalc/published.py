"""The section of published figures: what others printed, checked and read, each a thing that can be recomputed.

A `Measure` says what is counted, of which layers, in which setting; statements about networks are decided by
measures too. A `Published` adds what was printed, and where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import dims
from .errors import ArchcalcError, did_you_mean, hinted, shown
from .expr import describe, parse
from .figures import ROUNDINGS, UNITS, Printed, printed
from .records import Record, record
from .yamlsrc import DataPath

MEASURE = (
    "of",
    "layer",
    "at",
    "until",
    "kind",
    "heads",
    "quantity",
    "over",
    "convention",
    "input",
    "batch",
    "dtype",
    "set",
)
PUBLISHED = (*MEASURE, "value", "unit", "rounding", "source", "disputed")
REQUIRED = ("quantity", "value", "source")
CONVENTIONS = (
    "default", "weights", "two_per_mac", "with_bias", "input_included", "k1024",
    "imgclsmob", "matconvnet", "ptflops", "thop",  # what these count as an operation: archcalc.tallies
)  # fmt: skip

Report = Callable[..., None]  # (message, path, at_value=...)


@record
class Measure(Record):
    """What is counted: a quantity or an expression of them, of a network or some of its layers, in one setting."""

    quantity: str
    of: str | None = None
    layer: str | None = None
    at: str | None = None
    until: str | None = None
    kind: tuple[str, ...] = ()
    heads: bool = False
    over: str | None = None
    conventions: tuple[str, ...] = ()
    input: tuple[int, ...] | None = None
    batch: int = 1
    dtype: str = "float32"
    settings: tuple[tuple[str, Any], ...] = ()
    symbols: tuple[str, ...] = ()  # lets that are left open; of claims only
    path: DataPath = ()

    @property
    def setting(self) -> tuple[Any, ...]:
        """What is analysed; equal for measures of one report."""
        return (self.input, self.batch, self.dtype, self.settings, self.symbols)

    @property
    def where(self) -> str:
        """The layers, for reading."""
        parts = [self.layer or self.at or (f"until {self.until}" if self.until else "")]
        parts += [", ".join(self.kind)] if self.kind else []
        parts += ["with heads"] if self.heads else []
        parts += ["x".join(map(str, self.input))] if self.input else []
        parts += [f"batch {self.batch}"] if self.batch != 1 else []
        parts += [self.dtype] if self.dtype != "float32" else []
        parts += [f"{name}={_shown(value)}" for name, value in self.settings]
        return ", ".join(part for part in parts if part)

    @property
    def what(self) -> str:
        """The quantity and its convention, for reading."""
        over = f" / {self.over}'s" if self.over else ""
        conventions = f" ({', '.join(self.conventions)})" if self.conventions else ""
        return f"{self.quantity}{over}{conventions}"


@record
class Published(Record):
    """A printed figure: the measure that recomputes it, and whether it is known not to follow."""

    measure: Measure
    printed: Printed
    source: str
    disputed: str = ""


def _shown(value: Any) -> str:
    return f"[{', '.join(map(_shown, value))}]" if isinstance(value, list | tuple) else str(dims.plain(value))


class FigureReader:
    """Reads measures and published figures; what is wrong is told to `report`."""

    def __init__(self, report: Report, variants: Mapping[str, Any] | None = None) -> None:
        self.tell = report
        self.variants = variants
        self.count = 0

    def report(self, message: str, path: DataPath, *, at_value: bool = False) -> None:
        self.count += 1
        self.tell(message, path, at_value=at_value)

    def published(self, entry: Any, path: DataPath) -> Published | None:
        """One entry of the section `published`; None if anything in it is wrong."""
        before = self.count
        if not isinstance(entry, dict):
            self.report("an entry of published is a mapping with quantity, value and source", path)
            return None
        self._known(entry, PUBLISHED, path)
        for key in REQUIRED:
            if entry.get(key) is None:
                self.report(f"missing field '{key}'", path)
        measure = self.measure({key: entry[key] for key in MEASURE if key in entry}, path)
        rounding, unit = entry.get("rounding", "nearest"), entry.get("unit", "")
        if rounding not in ROUNDINGS and not (type(rounding) is int and rounding > 0):
            message = f"rounding is one of {', '.join(ROUNDINGS)}, or the step of a coarser one, such as 5"
            self.report(message, (*path, "rounding"), at_value=True)
            rounding = "nearest"
        if unit and (not isinstance(unit, str) or unit not in UNITS):
            self.report(
                hinted(f"unknown unit '{shown(unit)}'", did_you_mean(unit, UNITS)), (*path, "unit"), at_value=True
            )
            unit = ""
        figure = self._printed(entry.get("value"), unit, rounding, measure, path)
        if self.count > before or measure is None or figure is None:
            return None
        return Published(measure, figure, str(entry["source"]), str(entry.get("disputed", "")))

    def _printed(self, value: Any, unit: str, rounding: Any, measure: Measure | None, path: DataPath) -> Printed | None:
        if value is None:
            return None
        kilo = 1024 if measure and "k1024" in measure.conventions else 1000
        try:
            if isinstance(value, str) or dims.is_number(value):
                return printed(value, unit, rounding, kilo)
            message = "is not a number such as 138M, 1.5G, 60000 or 6x28x28"
        except ArchcalcError as error:
            message = str(error)
        self.report(f"{describe(_listed(value))} {message}", (*path, "value"), at_value=True)
        return None

    def measure(self, entry: Mapping[str, Any], path: DataPath) -> Measure | None:
        """What an entry measures; None if anything in it is wrong."""
        before = self.count
        self._known(entry, MEASURE, path) if self.variants is None else None
        of, quantity = entry.get("of"), entry.get("quantity")
        if self.variants is not None and of is not None and (not isinstance(of, str) or of not in self.variants):
            hint = did_you_mean(of, self.variants)
            self.report(hinted(f"there is no variant '{shown(of)}'", hint), (*path, "of"), at_value=True)
        if quantity is not None:
            try:
                parse(_text(quantity))
            except ArchcalcError as error:
                self.report(str(error), (*path, "quantity"), at_value=True)
        conventions = _words(entry.get("convention", ()))
        if any(word not in CONVENTIONS for word in conventions):
            self.report(f"convention is one of {', '.join(CONVENTIONS)}", (*path, "convention"), at_value=True)
        self._check_setting(entry, path)
        if self.count > before or quantity is None:
            return None
        return Measure(
            quantity=str(quantity),
            conventions=tuple(word for word in conventions if word != "default"),
            kind=_words(entry.get("kind", ())),
            heads=entry.get("heads", False),
            input=tuple(entry["input"]) if "input" in entry else None,
            batch=entry.get("batch", 1),
            dtype=str(entry.get("dtype", "float32")),
            settings=tuple((name, _frozen(value)) for name, value in entry.get("set", {}).items()),
            path=path,
            **{key: str(entry[key]) for key in ("of", "layer", "at", "until", "over") if key in entry},
        )

    def _check_setting(self, entry: Mapping[str, Any], path: DataPath) -> None:
        """Input, batch, heads and set."""
        sizes, batch = entry.get("input", [1]), entry.get("batch", 1)
        if (
            not isinstance(sizes, list | tuple)
            or not sizes
            or not all(type(size) is int and size > 0 for size in sizes)
        ):
            self.report("input is a list of sizes, such as [3, 227, 227]", (*path, "input"), at_value=True)
        if type(batch) is not int or batch < 1:
            self.report("batch is a whole number >= 1", (*path, "batch"), at_value=True)
        if not isinstance(entry.get("heads", False), bool):
            self.report("heads is true or false: whether side outputs are counted", (*path, "heads"), at_value=True)
        settings = entry.get("set", {})
        if not isinstance(settings, dict) or any(map(_has_mapping, settings.values())):
            self.report("set is a mapping of lets to values: {alpha: 0.5}", (*path, "set"), at_value=True)

    def _known(self, entry: Mapping[str, Any], fields: tuple[str, ...], path: DataPath) -> None:
        for key in entry:
            if key not in fields:
                digits = str(key).isdigit()
                hint = "write numbers without commas: 138M, 60000" if digits else did_you_mean(key, fields)
                self.report(hinted(f"unknown field '{key}'", hint), (*path, key))


def _text(quantity: Any) -> str:
    if not isinstance(quantity, str):
        raise ArchcalcError(f"{describe(_listed(quantity))} is not the name of a quantity")
    return quantity


def _words(value: Any) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list | tuple) else (str(value),)


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else "a mapping" if isinstance(value, dict) else value


def _has_mapping(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_has_mapping, value)))


def _frozen(value: Any) -> Any:
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value
