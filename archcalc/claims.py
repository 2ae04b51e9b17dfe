"""Statements that circulate about networks, decided: each by figures that are computed and a condition on them.

`specs/claims.yaml` is a list of entries:

    id        what it is called
    claim     the statement
    figures   name: what is measured, an expression of the figures above it, or a number
    holds     the condition; or
    cases     several readings of the statement, each with its condition
    depends   with `cases`: what decides between them
    why       one line; {name} stands for a figure, {name:MB} for one in that unit

What is measured is written as in `published`. Besides, `network` can hold a small network in place of the name in
`of`, and `symbols` the lets to leave open: the figure is then a formula, and a condition on it is decided for all
values at once.

>>> print(decide(["mlp-21"])[0].verdict)
depends on whether the biases count
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from . import dims, expr, zoo
from .conditions import Condition
from .errors import ArchcalcError, Problem, SpecError, UsageError, did_you_mean, hinted
from .errors import shown as cut
from .figures import UNITS, in_unit
from .measuring import Measurer, number_or_size
from .network import Network
from .published import FigureReader
from .records import Record, Shown, record
from .specreader import read_spec
from .yamlsrc import DataPath, Source, read

FIELDS = ("id", "claim", "figures", "holds", "cases", "depends", "why")
REQUIRED = ("claim", "figures", "why")
_PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+|%))?\}")


@record
class Verdict(Shown, Record):
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
        return ", ".join(f"{name.replace('_', ' ')} = {shown(value)}" for name, value in self.figures.items())

    def __repr__(self) -> str:
        return f"<Verdict {self.id}: {self.verdict}>"

    def show_as(self, format: str) -> str:
        """The statement, its figures and the verdict."""
        return Verdicts((self,)).show_as(format)


class Verdicts(Shown, tuple[Verdict, ...]):
    """Verdicts that show themselves as `archcalc claims` prints them."""

    def show_as(self, format: str) -> str:
        """A paragraph or a row for each."""
        from .render.lists import verdicts

        return verdicts(self, format)


def shown(value: Any, unit: str = "") -> str:
    """A figure for reading: ratios with two decimals, sizes as frameworks print them, formulas as they are."""
    if dims.is_number(value) and dims.is_symbolic(value):
        return str(value)
    if not unit and isinstance(value, Fraction) and abs(value) < Fraction(1, 10):
        return f"{float(value):.3g}"
    return in_unit(value, unit)


def decide(ids: Iterable[str] = (), file: str | Path | None = None) -> Verdicts:
    """The verdicts on these claims of the file, or on all; without a file, of those that come with archcalc.

    Raises UsageError for an unknown id, SpecError with everything that is wrong in the entries.
    """
    claims = _Claims(read(zoo.claims_file() if file is None else file))
    numbers = claims.numbers()
    wanted = list(ids) or list(numbers)
    for name in wanted:
        if name not in numbers:
            hint = did_you_mean(name, numbers) or "`archcalc claims` shows all"
            raise UsageError(hinted(f"there is no claim '{cut(name)}'", hint))
    verdicts = [claims.verdict(numbers[name]) for name in wanted]
    claims.raise_problems()
    return Verdicts(verdict for verdict in verdicts if verdict is not None)


class _Claims:
    """The entries of one file; what is wrong in them is collected."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.measurer = Measurer()
        self.problems: list[Problem] = []

    def report(self, message: str, path: DataPath, *, at_value: bool = False) -> None:
        mark = self.source.value_mark(path) if at_value else self.source.mark(path)
        entry = self.source.data[path[0]] if path else None
        where = str(entry.get("id", "")) if isinstance(entry, dict) else ""
        self.problems.append(self.source.problem(message, mark, where))

    def raise_problems(self) -> None:
        if self.problems:
            raise SpecError(self.problems)

    def numbers(self) -> dict[str, int]:
        """The number of every entry by its id."""
        numbers: dict[str, int] = {}
        if not isinstance(self.source.data, list):
            self.report("a file of claims is a list of entries", ())
        else:
            for number, entry in enumerate(self.source.data):
                name = entry.get("id") if isinstance(entry, dict) else None
                if not isinstance(name, str):
                    self.report("a claim is a mapping with an id, a word", (number,))
                elif name in numbers:
                    self.report(f"there is a claim '{cut(name)}' above", (number, "id"), at_value=True)
                else:
                    numbers[name] = number
        self.raise_problems()
        return numbers

    def verdict(self, number: int) -> Verdict | None:
        """The verdict on one entry; None if anything in it is wrong."""
        entry, before = self.source.data[number], len(self.problems)
        self._check_form(entry, number)
        if len(self.problems) > before:
            return None
        figures: dict[str, Any] = {}
        for name, data in entry["figures"].items():
            path: DataPath = (number, "figures", name)
            figures[name] = self._at(path, self._figure, data, figures, path)
        if len(self.problems) > before:
            return None
        if "holds" in entry:
            cases = {"": self._at((number, "holds"), _holds, entry["holds"], figures)}
        else:
            cases = {
                reading: self._at((number, "cases", reading), _holds, condition, figures)
                for reading, condition in entry["cases"].items()
            }
        why = self._at((number, "why"), _filled, entry["why"], figures)
        if len(self.problems) > before:
            return None
        return Verdict(entry["id"], entry["claim"], figures, cases, str(entry.get("depends", "")), why)

    def _check_form(self, entry: Mapping[str, Any], number: int) -> None:
        """The fields of an entry."""
        unknown = [key for key in entry if key not in FIELDS]
        for key in unknown:
            self.report(hinted(f"unknown field '{cut(key)}'", did_you_mean(key, FIELDS)), (number, key))
        for key in REQUIRED:
            if entry.get(key) is None:
                self.report(f"missing field '{key}'", (number,))
        for key in ("claim", "why", "depends"):
            if not isinstance(entry.get(key, ""), str | None):
                self.report(f"{key} is a text", (number, key), at_value=True)
        for key in ("figures", "cases"):
            if not isinstance(entry.get(key, {}), dict | None):
                self.report(f"{key} is a mapping of names", (number, key), at_value=True)
        if unknown:
            return  # one of these is perhaps meant
        if ("holds" in entry) == ("cases" in entry):
            self.report("a claim is decided by `holds`, or by several `cases`", (number,))
        if ("depends" in entry) != ("cases" in entry):
            self.report("`cases` and `depends`, what decides between them, go together", (number,))

    def _at(self, path: DataPath, compute: Callable[..., Any], *arguments: Any) -> Any:
        """A value; what is wrong is reported at this place, unless it knows a place in the file itself."""
        try:
            return compute(*arguments)
        except SpecError as error:
            for problem in error.problems:
                if problem.path == self.source.path and problem.line:
                    self.problems.append(problem)
                else:
                    self.report(str(problem), path, at_value=True)
        except ArchcalcError as error:
            self.report(str(error), path, at_value=True)
        return None

    def _figure(self, data: Any, figures: Mapping[str, Any], path: DataPath) -> Any:
        """The value of a measure, of an expression of the figures above it, or a number; None where those are wrong."""
        if not expr.IDENTIFIER.match(str(path[-1])):
            raise ArchcalcError("the name of a figure is made of letters, digits and _")
        if data is None:
            raise ArchcalcError("value missing")
        if isinstance(data, dict):
            return self._measured(data, path)
        if isinstance(data, str):
            expression = expr.parse(data)
            if any(figures.get(name, 0) is None for name in expression.names):
                return None
            return number_or_size(dims.plain(expression.evaluate(figures, [])))
        return number_or_size(data)

    def _measured(self, data: Mapping[str, Any], path: DataPath) -> Any:
        """The value of a measure; None if anything in it is wrong."""
        if ("of" in data) == ("network" in data):
            raise ArchcalcError("a figure is measured `of` a network by name, or of a `network` written here")
        if data.get("quantity") is None:
            raise ArchcalcError("missing field 'quantity'")
        own = {key: value for key, value in data.items() if key not in ("network", "symbols")}
        measure = FigureReader(self.report, self.source).measure(own, path)
        if measure is None:
            return None
        symbols = data.get("symbols", [])
        measure = replace(measure, symbols=tuple(map(str, symbols if isinstance(symbols, list) else [symbols])))
        network = self._inline(path) if "network" in data else str(measure.of)
        return self.measurer.value(measure, network)

    def _inline(self, path: DataPath) -> Network:
        """The network that is written in a figure; its problems know their places in the file."""
        root = (*path, "network")
        marks = {place[len(root) :]: mark for place, mark in self.source.marks.items() if place[: len(root)] == root}
        number, _, name = path
        data = self.source.data[number]["figures"][name]["network"]
        inside = Source(data, self.source.path, self.source.text, marks)
        return Network(f"{self.source.data[number]['id']}.{name}", read_spec(inside, zoo.find))


def _holds(condition: Any, figures: Mapping[str, Any]) -> bool:
    """Whether a condition on figures is true, for all values of their symbols."""
    if not isinstance(condition, str) or not expr.parse(condition).names:
        raise ArchcalcError(f"{expr.describe(condition)} is no condition on figures")
    undecided: list[Condition] = []
    answer = expr.truth(expr.parse(condition).evaluate(figures, undecided))
    if undecided:
        raise ArchcalcError(f"whether {undecided[0]} is open; set the symbols")
    return answer


def _filled(text: str, figures: Mapping[str, Any]) -> str:
    """The text with the figures in place of their names."""

    def figure(match: re.Match[str]) -> str:
        name, unit = match[1], match[2] or ""
        if name not in figures:
            raise ArchcalcError(hinted(f"there is no figure '{name}'", did_you_mean(name, figures)))
        if unit and unit not in UNITS:
            raise ArchcalcError(hinted(f"unknown unit '{unit}'", did_you_mean(unit, UNITS)))
        return shown(figures[name], unit)

    rest = _PLACEHOLDER.sub("", text)
    if "{" in rest or "}" in rest:
        raise ArchcalcError("braces hold the name of a figure, {name} or {name:MB}")
    return _PLACEHOLDER.sub(figure, text)
