"""The section of published figures: what others printed, checked and read, each a thing that can be recomputed.

A `Measure` says what is counted, of which layers, in which setting; statements about networks are decided by
measures too. A `Published` adds what was printed, and where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import dims, layers
from .errors import ArchcalcError, did_you_mean, hinted, shown
from .expr import describe, parse
from .figures import ROUNDINGS, UNITS, Printed, printed
from .layers import is_kind
from .records import Record, record
from .yamlsrc import DataPath, Source

MEASURE = (
    "of", "layer", "at", "until", "kind", "heads", "quantity", "over", "convention", "input", "batch", "dtype", "set",
)  # fmt: skip
PUBLISHED = (*MEASURE, "value", "unit", "rounding", "source", "disputed")
REQUIRED = ("quantity", "value", "source")
# By the name of a convention the quantities that it counts in another way; None: it is about the printed digits.
CONVENTIONS: Mapping[str, tuple[str, ...] | None] = {
    "default": None,
    "weights": ("parameters", "weights"),
    "two_per_mac": ("macs",),
    "with_bias": ("macs",),
    "input_included": ("activations", "outputs", "neurons"),
    "k1024": None,
    **dict.fromkeys(("imgclsmob", "matconvnet", "ptflops", "thop"), ("macs",)),  # tools: archcalc.tallies
}
PLACES = ("layer", "at", "until")
Tell = Callable[..., None]  # (message, path, at_value=...)


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

    def __init__(self, report: Tell, source: Source, variants: Mapping[str, Any] | None = None) -> None:
        self.tell = report
        self.source = source
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
        self._check_texts(entry, ("unit", "source", "disputed"), path)
        rounding, unit = entry.get("rounding", "nearest"), entry.get("unit", "")
        if rounding not in ROUNDINGS and not (type(rounding) is int and rounding > 0):
            message = f"rounding is one of {', '.join(ROUNDINGS)}, or the step of a coarser one, such as 5"
            self.report(message, (*path, "rounding"), at_value=True)
        if isinstance(unit, str) and unit and unit not in UNITS:
            hint = did_you_mean(unit, UNITS)
            self.report(hinted(f"unknown unit '{shown(unit)}'", hint), (*path, "unit"), at_value=True)
        if entry.get("value") is None or self.count > before or measure is None:
            self._printed(entry.get("value"), "", "nearest", 1000, path)
            return None
        figure = self._printed(entry["value"], unit, rounding, 1024 if "k1024" in measure.conventions else 1000, path)
        return Published(measure, figure, entry["source"], entry.get("disputed", "")) if figure else None

    def _printed(self, value: Any, unit: str, rounding: Any, kilo: int, path: DataPath) -> Printed | None:
        if value is None:
            return None
        try:
            if not isinstance(value, str) and not dims.is_number(value):
                raise ArchcalcError("is not a number such as 138M, 1.5G, 60000 or 6x28x28")
            written = "" if isinstance(value, str) else self.source.written((*path, "value"))
            return printed(written or value, unit, rounding, kilo)
        except ArchcalcError as error:
            self.report(f"{_told(value)} {error}", (*path, "value"), at_value=True)
            return None

    def measure(self, entry: Mapping[str, Any], path: DataPath) -> Measure | None:
        """What an entry measures; None if anything in it is wrong."""
        before = self.count
        if self.variants is None:
            self._known(entry, MEASURE, path)
        self._check_texts(entry, ("of", *PLACES, "over", "dtype"), path)
        of = entry.get("of")
        if self.variants is not None and isinstance(of, str) and of not in self.variants:
            hint = did_you_mean(of, self.variants)
            self.report(hinted(f"there is no variant '{shown(of)}'", hint), (*path, "of"), at_value=True)
        places = [key for key in PLACES if key in entry]
        if len(places) > 1:
            self.report(f"{' and '.join(places)} both say where; give one of them", (*path, places[1]))
        names = self._quantities(entry.get("quantity"), path)
        conventions, kinds = (self._words(entry, key, path) for key in ("convention", "kind"))
        self._check_conventions(conventions, names, path)
        for word in kinds:
            if not is_kind(word):
                hint = did_you_mean(word, layers.kinds())
                self.report(hinted(f"unknown layer kind '{shown(word)}'", hint), (*path, "kind"), at_value=True)
        self._check_setting(entry, path)
        if self.count > before or entry.get("quantity") is None:
            return None
        return Measure(
            quantity=str(entry["quantity"]),
            conventions=tuple(word for word in conventions if word != "default"),
            kind=kinds,
            heads=entry.get("heads", False),
            input=tuple(entry["input"]) if "input" in entry else None,
            batch=entry.get("batch", 1),
            dtype=entry.get("dtype", "float32"),
            settings=tuple((name, _frozen(value)) for name, value in entry.get("set", {}).items()),
            path=path,
            **{key: entry[key] for key in ("of", *PLACES, "over") if key in entry},
        )

    def _quantities(self, quantity: Any, path: DataPath) -> frozenset[str]:
        """The names in a quantity, which is one or an expression of several."""
        if quantity is None:
            return frozenset()
        try:
            if not isinstance(quantity, str):
                raise ArchcalcError(f"{_told(quantity)} is not the name of a quantity")
            return parse(quantity).names
        except ArchcalcError as error:
            self.report(str(error), (*path, "quantity"), at_value=True)
            return frozenset()

    def _check_conventions(self, conventions: tuple[str, ...], names: frozenset[str], path: DataPath) -> None:
        """Known ones, each of which counts something of the quantity in another way, and no two the same thing."""
        where = (*path, "convention")
        if any(word not in CONVENTIONS for word in conventions):
            self.report(f"convention is one of {', '.join(CONVENTIONS)}", where, at_value=True)
            return
        taken: dict[str, str] = {}
        for word in conventions:
            counted = CONVENTIONS[word]
            if counted is not None and names and names.isdisjoint(counted):
                told = f"{word} is about {' and '.join(counted)}, not about {', '.join(sorted(names))}"
                self.report(told, where, at_value=True)
            for name in counted or (word,):
                if name in taken:
                    both = word if taken[name] == word else f"{taken[name]} and {word}"
                    self.report(f"{both}: give one convention for {name}", where, at_value=True)
                    return
                taken[name] = word

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

    def _check_texts(self, entry: Mapping[str, Any], keys: tuple[str, ...], path: DataPath) -> None:
        """Fields that hold words; a number there was meant as one and wants quotes."""
        for key in keys:
            value = entry.get(key, "x")
            if not isinstance(value, str) or not value.strip():
                missing = value is None or value == ""
                message = f"{key}: value missing" if missing else f"{key} is a text, not {_told(value)}; quote it"
                self.report(message, (*path, key), at_value=True)

    def _words(self, entry: Mapping[str, Any], key: str, path: DataPath) -> tuple[str, ...]:
        """One word, or a list of them."""
        value = entry.get(key, ())
        words = tuple(value) if isinstance(value, list | tuple) else (value,)
        if all(isinstance(word, str) and word for word in words) and (words or key not in entry):
            return words
        self.report(f"{key} is a word or a list of words", (*path, key), at_value=True)
        return ()

    def _known(self, entry: Mapping[str, Any], fields: tuple[str, ...], path: DataPath) -> None:
        for key in entry:
            if key not in fields:
                digits = str(key).isdigit()
                hint = "write numbers without commas: 138M, 60000" if digits else did_you_mean(key, fields)
                self.report(hinted(f"unknown field '{key}'", hint), (*path, key))


def _told(value: Any) -> str:
    """A value as a message shows it."""
    if isinstance(value, dict):
        return "a mapping"
    return describe(tuple(value) if isinstance(value, list) else value)


def _has_mapping(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_has_mapping, value)))


def _frozen(value: Any) -> Any:
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value
