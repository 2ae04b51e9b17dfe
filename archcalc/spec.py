"""The checked description of a file, and the values of its `let`s in one setting.

The description holds no sizes yet: `archcalc.walk` passes it with the settings of one network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from . import dims
from .conditions import Condition
from .entries import (
    Block,
    Chain,
    place,
)
from .errors import ArchcalcError, Problem, SpecError, UsageError, did_you_mean
from .records import Record, record
from .values import Value, compile_value
from .yamlsrc import Source

if TYPE_CHECKING:
    from .published import Published


@record
class Spec(Record):
    """One file: a network, or a family of variants."""

    source: Source
    title: str = ""
    cite: str = ""
    inputs: tuple[tuple[str, tuple[Value, ...]], ...] = ()
    let: tuple[tuple[str, Value], ...] = ()
    ratios: frozenset[str] = frozenset()  # the let names whose symbol is a positive rational
    variants: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    blocks: Mapping[str, Block] = field(default_factory=dict)
    layers: Chain = ()
    published: tuple[Published, ...] = ()
    partition: Mapping[str, Value] | None = None
    problems: tuple[Problem, ...] = ()
    walkable: bool = True  # false where lets or inputs have problems, or blocks call themselves

    def __repr__(self) -> str:
        return f"<Spec {self.title or self.source.path}>"

    @property
    def let_names(self) -> tuple[str, ...]:
        """Every let, those that only variants give included."""
        names = dict.fromkeys(name for name, _ in self.let)
        for row in self.variants.values():
            names.update(dict.fromkeys(row))
        return tuple(names)

    def settings(
        self, variant: str | None, overrides: Mapping[str, Any], conditions: list[Condition]
    ) -> dict[str, Any]:
        """The value of every let: `let`, then the variant, then the overrides; evaluated as they need each other."""
        values: dict[str, Value] = dict(self.let)
        values.update(self.variants.get(variant, {}) if variant else {})
        for name, data in overrides.items():
            if name not in self.let_names:
                hint = did_you_mean(name, self.let_names) or "it has none"
                raise UsageError(f"there is no let '{name}' to set; {hint}")
            if name in self.ratios and dims.is_number(data) and dims.is_symbolic(data) and dims.is_whole(data):
                raise UsageError(f"let '{name}' is a ratio; say so: symbol('{name}', ratio=True)")
            try:
                values[name] = compile_value(data, (), self.let_names)
            except ArchcalcError as error:
                raise UsageError(f"{name}: {error}") from None
        return _Evaluation(self, values, conditions).all()

    def evaluated(self, value: Value, scope: Any, conditions: list[Condition]) -> Any:
        """A value of `let` or `input`; SpecError with its place where it has none."""
        try:
            return value.evaluate(scope, conditions)
        except SpecError:
            raise
        except ArchcalcError as error:
            if not value.path:
                raise UsageError(str(error)) from None
            problem = self.source.problem(str(error), self.source.value_mark(value.path), place(value.path))
            raise SpecError([problem]) from None


class _Evaluation:
    """Evaluates lets when asked, so that their order does not matter."""

    def __init__(self, spec: Spec, values: Mapping[str, Value], conditions: list[Condition]) -> None:
        self.spec = spec
        self.values = values
        self.conditions = conditions
        self.done: dict[str, Any] = {}
        self.active: list[str] = []

    def all(self) -> dict[str, Any]:
        """Every value; SpecError with all problems."""
        problems: list[Problem] = []
        for name in self.values:
            self.active.clear()
            try:
                self[name]
            except SpecError as error:
                problems.extend(error.problems)
        if problems:
            raise SpecError(problems)
        return self.done

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __getitem__(self, name: str) -> Any:
        if name in self.done:
            return self.done[name]
        if name in self.active:
            circle = self.active[self.active.index(name) :]
            first = min(circle, key=list(self.values).index)
            start = circle.index(first)
            told = " -> ".join([*circle[start:], *circle[:start], first])
            raise self._problem(first, f"{told} is a circle")
        if len(self.active) > 50:
            raise self._problem(name, "more than 50 names depend on each other in a row")
        self.active.append(name)
        self.done[name] = self.spec.evaluated(self.values[name], self, self.conditions)
        self.active.pop()
        return self.done[name]

    def _problem(self, name: str, message: str) -> ArchcalcError:
        path = self.values[name].path
        if not path:
            return UsageError(f"{name}: {message}")
        source = self.spec.source
        return SpecError([source.problem(message, source.value_mark(path), place(path))])
