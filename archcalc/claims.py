"""Statements that circulate about networks, decided: each by figures that are computed and a condition on them.

`specs/claims.yaml` is a list of entries:

    claim     the statement
    figures   name: what is measured (as in `published`), or an expression of the figures above it
    holds     the condition; or
    cases     several readings of the statement, each with its condition
    depends   what decides between them
    why       one line; {name} stands for a figure

>>> print(decide(["mlp-21"])[0].verdict)
depends on whether the biases count
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from . import expr, zoo
from .errors import ArchcalcError, Problem, SpecError, UsageError, did_you_mean, hinted
from .figures import in_unit
from .measuring import Measurer
from .network import Network
from .published import FigureReader
from .records import Record, record
from .specreader import read_spec
from .yamlsrc import DataPath, Source, read

FIELDS = ("id", "claim", "figures", "holds", "cases", "depends", "why")


@record
class Verdict(Record):
    """A statement, the figures that decide it, whether it holds in each reading, and why."""

    id: str
    claim: str
    figures: Mapping[str, Any]
    cases: Mapping[str, bool]
    depends: str
    why: str

    @property
    def verdict(self) -> str:
        """Holds, does not hold, or depends on something."""
        answers = set(self.cases.values())
        if len(answers) > 1:
            return f"depends on {self.depends}"
        return "holds" if answers == {True} else "does not hold"

    @property
    def computed(self) -> str:
        """The figures, for reading."""
        return ", ".join(f"{name.replace('_', ' ')} {shown(value)}" for name, value in self.figures.items())


def shown(value: Any) -> str:
    """A figure for reading: ratios with two decimals, sizes as frameworks print them."""
    if isinstance(value, Fraction) and value.denominator != 1 and abs(value) < Fraction(1, 10):
        return f"{float(value):.3g}"
    return in_unit(value, "")


def decide(ids: Iterable[str] = ()) -> tuple[Verdict, ...]:
    """The verdicts on these claims, or on all; UsageError for an unknown id."""
    source = read(zoo.claims_file())
    entries = {entry["id"]: (entry, (number,)) for number, entry in enumerate(source.data)}
    wanted = list(ids) or list(entries)
    for name in wanted:
        if name not in entries:
            raise UsageError(hinted(f"there is no claim '{name}'", did_you_mean(name, entries)))
    measurer = Measurer()
    return tuple(_Claim(source, *entries[name], measurer).decided() for name in wanted)


class _Claim:
    """One entry of the file."""

    def __init__(self, source: Source, entry: Mapping[str, Any], path: DataPath, measurer: Measurer) -> None:
        self.source = source
        self.entry = entry
        self.path = path
        self.measurer = measurer
        self.problems: list[Problem] = []

    def report(self, message: str, path: DataPath, *, at_value: bool = False) -> None:
        mark = self.source.value_mark(path) if at_value else self.source.mark(path)
        self.problems.append(self.source.problem(message, mark, str(self.entry["id"])))

    def decided(self) -> Verdict:
        """The verdict; SpecError with everything that is wrong in the entry."""
        unknown = [key for key in self.entry if key not in FIELDS]
        for key in unknown:
            self.report(hinted(f"unknown field '{key}'", did_you_mean(key, FIELDS)), (*self.path, key))
        figures: dict[str, Any] = {}
        for name, data in self.entry.get("figures", {}).items():
            figures[name] = self._at((*self.path, "figures", name), lambda data=data: self._figure(data, figures))
        conditions = self.entry.get("cases") or {"": self.entry.get("holds")}
        cases = {
            reading: self._at((*self.path, "cases" if reading else "holds"), lambda c=c: self._holds(c, figures))
            for reading, c in conditions.items()
        }
        why = re.sub(r"\{(\w+)\}", lambda match: shown(figures[match[1]]), str(self.entry["why"]))
        if self.problems:
            raise SpecError(self.problems)
        depends = str(self.entry.get("depends", ""))
        return Verdict(self.entry["id"], self.entry["claim"], figures, cases, depends, why)

    def _at(self, path: DataPath, compute: Any) -> Any:
        """A value, or a problem at its place."""
        try:
            return compute()
        except ArchcalcError as error:
            self.report(str(error), path, at_value=True)
            return 0

    def _figure(self, data: Any, figures: Mapping[str, Any]) -> Any:
        """The value of a measure, or of an expression of the figures before it."""
        if not isinstance(data, dict):
            return expr.parse(str(data)).evaluate(figures, []) if isinstance(data, str) else data
        network = data.get("network")
        measure = FigureReader(self.report).measure({k: v for k, v in data.items() if k != "network"}, self.path)
        if measure is None:
            raise SpecError(self.problems)
        if network is not None:
            return self.measurer.value(measure, Network(str(network), read_spec(Source(network), zoo.find)))
        return self.measurer.value(measure, str(measure.of))

    def _holds(self, condition: Any, figures: Mapping[str, Any]) -> bool:
        return expr.truth(expr.parse(str(condition)).evaluate(figures, []))
