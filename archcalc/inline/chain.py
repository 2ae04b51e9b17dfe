"""A chain as it was read: its layers and groups, the sizes in them, and where each stood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from .. import dims
from ..errors import ArchcalcError, SpecError, UsageError, hinted
from ..expr import Expression
from ..records import Record, record
from ..yamlsrc import Source

MAX_LAYERS = 1_000
MAX_TERMS = 8  # of a size, multiplied out: costs multiply several sizes
WINDOW = 100  # characters of a long chain that a message shows


class NotationError(UsageError):
    """A mistake in a chain: what is wrong, then the chain, then a caret under the character."""

    def __init__(self, text: str, at: int, message: str) -> None:
        line = "".join(character if " " <= character <= "~" else "?" for character in text)
        start = max(0, at - WINDOW // 2) if len(line) > WINDOW else 0
        before = "..." if start else ""
        after = "..." if len(line) > start + WINDOW else ""
        self.column = at + 1
        super().__init__(
            f"column {at + 1} of the chain: {message}\n"
            f"  {before}{line[start : start + WINDOW]}{after}\n"
            f"  {' ' * (len(before) + at - start)}^"
        )


class Size(NamedTuple):
    """A size as it was written, and where."""

    expression: Expression
    at: int


class Unit(NamedTuple):
    """A layer with its fields, and whether a ReLU stands behind it."""

    kind: str
    fields: tuple[tuple[str, Any], ...]  # some sizes, or a word
    has_relu: bool
    at: int


class Group(NamedTuple):
    """A chain within the chain, so many times."""

    times: Size | None
    items: tuple[Item, ...]
    at: int


Item: TypeAlias = "Unit | Group"


@record
class Chain(Record):
    """A chain as it was read: its text, its layers, the names that it leaves open."""

    text: str
    items: tuple[Item, ...]

    @cached_property
    def sizes(self) -> tuple[Size, ...]:
        """Its sizes in the order in which they stand there."""
        return tuple(_sizes(self.items))

    @property
    def names(self) -> frozenset[str]:
        """The names in its sizes: each is a symbol, or gets a number."""
        return frozenset().union(*(size.expression.names for size in self.sizes))

    def values(self, scope: Mapping[str, Any]) -> Iterator[Any]:
        """Every size in a scope; NotationError where one has no value."""
        return (self.value(size, scope) for size in self.sizes)

    def value(self, size: Size, scope: Mapping[str, Any]) -> Any:
        """One size in a scope of its names."""
        try:
            value = size.expression.evaluate(scope, [])
            if not dims.is_number(value):
                raise ArchcalcError(f"'{size.expression.text}' is not a number")
            if dims.term_count(value) > MAX_TERMS:
                raise ArchcalcError(f"a size has at most {MAX_TERMS} terms when it is multiplied out")
        except (ArchcalcError, ArithmeticError) as error:
            raise NotationError(self.text, size.at, str(error)) from None
        return value

    def source(self, scope: Mapping[str, Any], input: Sequence[Any]) -> Source:
        """The chain as a spec would hold it, for this input: channels first, in numbers or symbols."""
        from .writer import Writer

        return Writer(self, scope).source(input)

    def located(self, error: SpecError) -> UsageError:
        """A problem of the spec that the chain became, as one with a caret."""
        problem = error.problems[0]
        if not problem.column:
            return UsageError(hinted(problem.message, problem.hint))
        return NotationError(self.text, problem.column - 1, hinted(problem.message, problem.hint))


def _sizes(items: Iterable[Item]) -> Iterator[Size]:
    for item in items:
        if isinstance(item, Unit):
            yield from (size for _, value in item.fields if isinstance(value, tuple) for size in value)
            continue
        if item.times is not None:
            yield item.times
        yield from _sizes(item.items)


def length(items: Iterable[Item]) -> tuple[int, Item | None]:
    """How many layers these are, up to the item at which they are too many; that item."""
    total = 0
    for item in items:
        if isinstance(item, Unit):
            total += 1 + item.has_relu
        else:
            inside, found = length(item.items)
            times = 1 if item.times is None or item.times.expression.names else item.times.expression.evaluate({}, [])
            total += inside * times
            if found is not None:
                return total, found
        if total > MAX_LAYERS:
            return total, item
    return total, None
