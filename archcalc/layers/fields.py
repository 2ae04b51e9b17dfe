"""The types of a layer's fields: each reads an evaluated value of a spec, or says what it takes.

A field's annotation names its type, and that is the whole schema:

    class Conv(Layer):
        filters: Dim
        kernel: PerAxis
        stride: PerAxis = 1
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from .. import conditions
from ..conditions import Condition
from ..dims import at_least, exact, is_foreign, is_number, is_whole, plain
from ..errors import ArchcalcError, hinted, nearest
from ..expr import describe, not_boolean


class Field:
    """One type of field."""

    takes = "a value"
    words: tuple[str, ...] = ()
    takes_list = False
    is_text = False  # never evaluated

    def read(self, value: Any, rank: int | None) -> Any:
        """The value as rules use it; `rank` is the number of spatial axes, None while unknown."""
        raise NotImplementedError

    def all_words(self) -> tuple[str, ...]:
        """The words that may stand for a value."""
        return self.words

    def written(self, read: Any) -> str:
        """The value as a spec would write it."""
        return _list_text(read) if isinstance(read, tuple) else str(read)

    def conditions(self, read: Any) -> Iterator[Condition]:
        """What symbols in a value that has been read must keep to."""
        return iter(())

    def with_terms(self, value: Any, name: str) -> Any:
        """The value as rules use it with its sizes as `Term`s; what is not a size stays as it is."""
        return value


def read_size(value: Any, minimum: int) -> Any:
    """A whole number, or an expression for one, of at least `minimum`."""
    if type(value) is int:
        if value >= minimum:
            return value
        raise ArchcalcError(f"{value} is not a size; it must be at least {minimum}")
    value = plain(exact(value)) if is_number(exact(value)) else value
    if not is_number(value):
        raise ArchcalcError(f"{describe(value)} is not a size")
    if is_foreign(value):
        raise ArchcalcError(f"make the symbol '{value}' by archcalc.symbol, which says that it is a whole number")
    if not is_whole(value):
        raise ArchcalcError(f"{value} is not whole; floor, ceil or make_divisible?")
    if at_least(value, minimum) is False:
        raise ArchcalcError(f"{value} is not a size; it must be at least {minimum}")
    return value


def _list_text(values: tuple[Any, ...]) -> str:
    return f"[{', '.join(_list_text(value) if isinstance(value, tuple) else str(value) for value in values)}]"


def _one_for_all(values: tuple[Any, ...]) -> str:
    """One value where it is the same for every axis."""
    alike = len(set(values)) == 1 and not isinstance(values[0], tuple)
    return str(values[0]) if alike else _list_text(values)


def size_conditions(size: Any, minimum: int) -> Iterator[Condition]:
    """The lower bound of a size, where its symbols leave it open."""
    if type(size) is not int and at_least(size, minimum) is None:
        yield conditions.at_least(size, minimum)


class SizeField(Field):
    """A size: a whole number."""

    def conditions(self, read: Any) -> Iterator[Condition]:
        return size_conditions(read, self.minimum)

    def __init__(self, minimum: int = 1) -> None:
        self.minimum = minimum
        self.takes = "a whole number" + (" >= 1" if minimum else " >= 0")

    def read(self, value: Any, rank: int | None) -> Any:
        return read_size(value, self.minimum)

    def with_terms(self, value: Any, name: str) -> Any:
        from ..dims.term import Term

        return Term(value, name)


class AxisField(Field):
    """The number of an axis, counted from 0; it chooses and is not a size."""

    takes = "the number of an axis, from 0"

    def read(self, value: Any, rank: int | None) -> Any:
        if type(value) is not int:
            raise ArchcalcError(f"{describe(value)} is not {self.takes}")
        return read_size(value, 0)


class PerAxisField(Field):
    """One size for all spatial axes, or a list with one for each."""

    takes_list = True

    def __init__(self, minimum: int = 1) -> None:
        self.minimum = minimum
        self.takes = f"a whole number >= {minimum}, or a list with one for each spatial axis"

    def read(self, value: Any, rank: int | None) -> Any:
        if isinstance(value, tuple):
            _check_rank(value, rank)
            return tuple(read_size(element, self.minimum) for element in value)
        size = read_size(value, self.minimum)
        return size if rank is None else (size,) * rank

    def written(self, read: Any) -> str:
        return _one_for_all(read)

    def conditions(self, read: Any) -> Iterator[Condition]:
        for size in read if isinstance(read, tuple) else (read,):
            yield from size_conditions(size, self.minimum)

    def with_terms(self, value: Any, name: str) -> Any:
        return _per_axis_terms(value, name)


SYMBOLS = {"kernel": "F", "stride": "S", "pad": "P", "dilation": "D"}  # as Dumoulin & Visin write them
AXES = {1: ("w",), 2: ("h", "w"), 3: ("d", "h", "w")}


def _per_axis_terms(values: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    from ..dims.term import Term

    symbol = SYMBOLS.get(name, name)
    axes = AXES.get(len(values), tuple(str(i) for i in range(len(values))))
    alike = len(values) == 1
    return tuple(Term(value, symbol if alike else f"{symbol}_{axis}") for value, axis in zip(values, axes, strict=True))


def _check_rank(value: tuple[Any, ...], rank: int | None) -> None:
    if rank is not None and len(value) != rank:
        raise ArchcalcError(f"{describe(value)} has {len(value)} sizes for {rank} spatial axes")


class PadField(Field):
    """Padding: a size, one for each axis, [begin, end] for each axis, same or valid."""

    takes = "a whole number >= 0, a list with one for each axis or with [begin, end] for each axis, same or valid"
    words = ("same", "valid")
    takes_list = True

    def read(self, value: Any, rank: int | None) -> Any:
        """A tuple of (begin, end) for each axis; None for `same`."""
        if isinstance(value, str):
            if value == "same":
                return None
            value = 0 if value == "valid" else value
        if isinstance(value, str):
            raise ArchcalcError(f"{value[:60]} is not a size, nor one of {', '.join(self.words)}")
        if not isinstance(value, tuple):
            return ((read_size(value, 0),) * 2,) * (rank or 1)
        _check_rank(value, rank)
        return tuple(self._pair(element) for element in value)

    def with_terms(self, value: Any, name: str) -> Any:
        from ..dims.term import Term

        begins, ends = ([pair[side] for pair in value] for side in (0, 1))
        if begins == ends:
            return tuple((term, term) for term in _per_axis_terms(tuple(begins), name))
        pairs = zip(_per_axis_terms(tuple(begins), name), _per_axis_terms(tuple(ends), name), strict=True)
        return tuple((Term(a.value, f"{a.name}_begin"), Term(b.value, f"{b.name}_end")) for a, b in pairs)

    def written(self, read: Any) -> str:
        if read is None:
            return "same"
        even = all(begin == end for begin, end in read)
        return _one_for_all(tuple(begin for begin, _ in read)) if even else _list_text(read)

    def conditions(self, read: Any) -> Iterator[Condition]:
        for pair in read or ():
            for size in pair:
                yield from size_conditions(size, 0)

    @staticmethod
    def _pair(value: Any) -> tuple[Any, Any]:
        if not isinstance(value, tuple):
            return (read_size(value, 0),) * 2
        if len(value) != 2:
            raise ArchcalcError(f"{describe(value)} is not [begin, end]")
        return read_size(value[0], 0), read_size(value[1], 0)


class FlagField(Field):
    """true or false, counted as 1 or 0."""

    takes = "true or false"

    def read(self, value: Any, rank: int | None) -> int:
        if isinstance(value, bool):
            return int(value)
        raise ArchcalcError(not_boolean(value))

    def with_terms(self, value: Any, name: str) -> Any:
        from ..dims.term import Term

        return Term(value, name)

    def written(self, read: Any) -> str:
        return "true" if read else "false"


class RatioField(Field):
    """A number that need not be whole and does not change any count."""

    takes = "a number >= 0"

    def __init__(self, at_most: int | None = None) -> None:
        self.at_most = at_most
        if at_most is not None:
            self.takes = f"a number from 0 to {at_most}"

    def conditions(self, read: Any) -> Iterator[Condition]:
        if at_least(read, 0) is None:
            yield conditions.at_least(read, 0)
        if self.at_most is not None and at_least(self.at_most, read) is None:
            yield conditions.at_least(self.at_most, read)

    def read(self, value: Any, rank: int | None) -> Any:
        if isinstance(value, str) and value.replace(".", "", 1).isdigit():  # a default of a class
            from fractions import Fraction

            value = Fraction(value)
        too_large = self.at_most is not None and is_number(value) and at_least(self.at_most, value) is False
        if not is_number(value) or at_least(value, 0) is False or too_large:
            raise ArchcalcError(f"{describe(value)} is not {self.takes}")
        return value


class WordField(Field):
    """One of a few words."""

    def __init__(self, *words: str, lazily: Callable[[], tuple[str, ...]] | None = None) -> None:
        self.words = words
        self._lazily = lazily
        self.takes = "one of " + ", ".join(words) if words else "a word"

    def all_words(self) -> tuple[str, ...]:
        return self.words or (self._lazily() if self._lazily else ())

    def read(self, value: Any, rank: int | None) -> str:
        words = self.all_words()
        if isinstance(value, str) and value in words:
            return value
        close = nearest(value, words) if isinstance(value, str) else []
        hint = f"did you mean '{close[0]}'?" if close else ""
        raise ArchcalcError(hinted(f"{describe(value)} is not one of {', '.join(words)}", hint))


class ListField(Field):
    """A list of sizes."""

    takes = "a list of whole numbers"
    takes_list = True

    def __init__(self, minimum: int = 1) -> None:
        self.minimum = minimum

    def read(self, value: Any, rank: int | None) -> tuple[Any, ...]:
        elements = value if isinstance(value, tuple) else (value,)
        if not elements:
            raise ArchcalcError("the list is empty")
        return tuple(read_size(element, self.minimum) for element in elements)

    def conditions(self, read: Any) -> Iterator[Condition]:
        for size in read:
            yield from size_conditions(size, self.minimum)

    def with_terms(self, value: Any, name: str) -> Any:
        return _per_axis_terms(value, name) if self.minimum else value


class TableField(Field):
    """Rows of X and '.', one row an input map, one column an output map."""

    takes = "a list of rows of X and '.', a row for each input map, a column for each output map"
    takes_list = True
    is_text = True

    def read(self, value: Any, rank: int | None) -> tuple[str, ...]:
        rows = value if isinstance(value, tuple) else (value,)
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, str) or set(row) - set("X.") or not row:
                raise ArchcalcError(f"row {number} of the table is {describe(row)}; write X and '.'")
            if len(row) != len(rows[0]):
                raise ArchcalcError(f"row {number} has {len(row)} columns, row 1 has {len(rows[0])}")
        empty = [column for column in range(len(rows[0])) if all(row[column] == "." for row in rows)]
        if empty:
            raise ArchcalcError(f"column {empty[0] + 1} has no X: that output map reads nothing")
        return tuple(rows)

    def written(self, read: Any) -> str:
        return f"[{', '.join(repr(row) for row in read)}]"


Dim = Annotated[Any, SizeField()]
Natural = Annotated[Any, SizeField(0)]
PerAxis = Annotated[Any, PerAxisField()]
PerAxisNatural = Annotated[Any, PerAxisField(0)]
Pad = Annotated[Any, PadField()]
Flag = Annotated[Any, FlagField()]
Ratio = Annotated[Any, RatioField()]
Rate = Annotated[Any, RatioField(at_most=1)]
Sizes = Annotated[Any, ListField()]
Axis = Annotated[Any, AxisField()]
Axes = Annotated[Any, ListField(0)]
Table = Annotated[Any, TableField()]
