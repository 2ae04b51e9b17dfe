"""Files that describe hardware: figures with units and with the source of each, read with all their problems.

A figure is a mapping of `value`, a text such as `19.5 TFLOP/s`, and `source`, where it is printed. Figures that
could not be confirmed are left out of a file; what needs one that is not there is refused at that place.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from .. import zoo
from ..errors import Problem, SpecError, UsageError, did_you_mean, hinted, nearest, shown
from ..records import Record, record
from ..yamlsrc import DataPath, Source, read

_DECIMAL = {"": 0, "K": 3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15}
_BYTES = {f"{prefix}B": Fraction(10**power) for prefix, power in _DECIMAL.items() if prefix != "k"}
_BYTES |= {"KiB": Fraction(2**10), "MiB": Fraction(2**20), "GiB": Fraction(2**30), "TiB": Fraction(2**40)}


@record
class Dimension(Record):
    """A kind of quantity: what it is called, its units, and how a figure of it looks."""

    name: str
    units: Mapping[str, Fraction]
    example: str
    whole: bool = True


def _rates(unit: str) -> dict[str, Fraction]:
    return {f"{prefix}{unit}/s": Fraction(10**power) for prefix, power in _DECIMAL.items() if prefix not in ("K", "k")}


SIZE = Dimension("a number of bytes", _BYTES, "80 GB")
BANDWIDTH = Dimension("bytes per second", {f"{unit}/s": scale for unit, scale in _BYTES.items()}, "900 GB/s")
FLOATING = Dimension("floating-point operations per second", _rates("FLOP"), "19.5 TFLOP/s")
INTEGER = Dimension("operations per second", _rates("OP"), "624 TOP/s")
ENERGY = Dimension(
    "an energy", {"fJ": Fraction(1, 1000), "pJ": Fraction(1), "nJ": Fraction(1000)}, "3.7 pJ", whole=False
)  # in picojoules

_FIGURE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?([A-Za-z/]+)\Z")
_KNOWN_AS = {
    "FLOPS": "FLOP/s", "FLOPs": "FLOP/s", "FLOPs/s": "FLOP/s", "FLOPS/s": "FLOP/s",
    "OPS": "OP/s", "OPs": "OP/s", "OPs/s": "OP/s", "OPS/s": "OP/s",
}  # fmt: skip


class Figure(NamedTuple):
    """A figure in the base unit of its dimension, as it was written, and its source."""

    value: Any
    text: str
    source: str


class HardwareReader:
    """Reads one file, and collects what is wrong in it."""

    def __init__(self, source: Source, what: str) -> None:
        self.source = source
        self.what = what
        self.problems: list[Problem] = []

    def finish(self) -> None:
        """Raise all problems together."""
        if self.problems:
            raise SpecError(self.problems)

    def report(self, message: str, path: DataPath, hint: str = "", *, at_value: bool = False) -> None:
        mark = self.source.value_mark(path) if at_value else self.source.mark(path)
        self.problems.append(self.source.problem(message, mark if mark != (0, 0) else (1, 1), hint=hint))

    def sections(self, known: Collection[str], required: Iterable[str]) -> Mapping[str, Any]:
        """The file as a mapping with these keys; none at all where it is no mapping."""
        data = self.source.data
        if not isinstance(data, dict):
            self.report(f"a file of {self.what} is a mapping with {', '.join(known)}", ())
            return {}
        self.check_keys(data, known, ())
        for key in required:
            if key not in data:
                self.report(f"missing figure '{key}'" if key not in ("title", "source") else f"missing '{key}'", ())
        return data

    def check_keys(self, data: Mapping[str, Any], known: Collection[str], path: DataPath) -> None:
        for key in data:
            if key not in known:
                self.report(f"unknown field '{shown(key)}'", (*path, key), did_you_mean(key, known))

    def text(self, data: Mapping[str, Any], key: str) -> str:
        """A text of one line."""
        value = data.get(key, "")
        if key in data and (not isinstance(value, str) or not value.strip()):
            self.report(f"{key} is a text", (key,), at_value=True)
            return ""
        return str(value).strip()

    def figure(self, data: Any, dimension: Dimension, path: DataPath) -> Figure | None:
        """A figure of one dimension; None if anything is wrong with it."""
        if not isinstance(data, dict):
            hint = f"write {{value: {dimension.example}, source: ...}}"
            self.report(f"'{path[-1]}' is a figure with a value and a source", path, hint, at_value=True)
            return None
        before = len(self.problems)
        self.check_keys(data, ("value", "source"), path)
        for key in ("value", "source"):
            if data.get(key) is None:
                self.report(f"missing '{key}'", path, "every figure names its source" if key == "source" else "")
        if len(self.problems) > before:
            return None
        if not isinstance(data["source"], str) or not data["source"].strip():
            self.report("source is a text", (*path, "source"), "say where the figure is printed", at_value=True)
            return None
        value = self._value(data["value"], dimension, (*path, "value"))
        return None if value is None else Figure(value, str(data["value"]), data["source"])

    def _value(self, data: Any, dimension: Dimension, path: DataPath) -> Any:
        text = str(data)
        match = _FIGURE.match(text) if isinstance(data, str) else None
        if match is None or match[2] not in dimension.units:
            unit = match[2] if match else ""
            self.report(f"'{shown(text)}' is not {dimension.name} such as {dimension.example}", path,
                        _unit_hint(unit, dimension), at_value=True)  # fmt: skip
            return None
        value = Fraction(match[1]) * dimension.units[match[2]]
        if value <= 0 or (dimension.whole and value.denominator != 1):
            what = "is not above 0" if value <= 0 else f"is not a whole number of {dimension.name.split(' of ')[-1]}"
            self.report(f"'{shown(text)}' {what}", path, at_value=True)
            return None
        return value.numerator if dimension.whole else value


def _unit_hint(unit: str, dimension: Dimension) -> str:
    """What a unit that looks nearly right should be."""
    for wrong, right in _KNOWN_AS.items():
        if unit.endswith(wrong) and unit[: -len(wrong)] + right in dimension.units:
            return f"write {unit[: -len(wrong)]}{right}"
    if dimension is INTEGER and unit in FLOATING.units:
        return f"operations on integers are written {unit.replace('FLOP', 'OP')}"
    if dimension is FLOATING and unit in INTEGER.units:
        return f"operations on floating-point numbers are written {unit.replace('OP', 'FLOP')}"
    if dimension in (SIZE, BANDWIDTH) and unit.replace("b", "B") in dimension.units:
        return f"{unit} are bits; write {unit.replace('b', 'B')}"
    return did_you_mean(unit, dimension.units) if unit else ""


def names(folder: str) -> list[str]:
    """What the folder of the zoo's specs holds."""
    return sorted(path.stem for path in (zoo.directory() / folder).glob("*.yaml"))


def find(given: str | Path, folder: str, what: str) -> tuple[str, Source]:
    """The name and data of a file that comes with archcalc, by name, or of the user's own, by path.

    Raises UsageError for an unknown name, with the nearest; ReadError and SpecError where the file is no YAML.
    """
    text = str(given)
    known = names(folder)
    if text in known:
        path = zoo.directory() / folder / f"{text}.yaml"
        return text, read(path)
    if isinstance(given, Path) or any(mark in text for mark in ("/", "\\", ".yaml", ".yml")):
        if not Path(text).exists():
            raise UsageError(f"there is no file '{shown(text)}'")
        return Path(text).stem, read(text)
    close = nearest(text, known, 3)
    hint = f"nearest: {', '.join(close)}" if close else f"known: {', '.join(known)}"
    raise UsageError(hinted(f"there is no {what} '{shown(text)}', and no such file", hint))
