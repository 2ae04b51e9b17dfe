"""Frozen records that cost nothing to define.

A frozen dataclass writes and compiles five methods when its class is made; with sixty classes that would be
most of the time in which a table can appear. A `Record` is a dataclass all the same (`dataclasses.fields`,
`replace`), with its few methods written once, here.

>>> @record
... class Point(Record):
...     x: int
...     y: int = 0
>>> Point(1), Point(y=2, x=1).y
(Point(x=1, y=0), 2)
"""

import sys
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if sys.version_info >= (3, 11):
    from typing import dataclass_transform
else:  # a marker for type checkers only

    def dataclass_transform(**_: Any) -> Callable[[Any], Any]:
        return lambda decorated: decorated


class Record:
    """The base of records: keyword or positional values, defaults for the rest, no change afterwards."""

    record_fields: ClassVar[dict[str, Field[Any]]] = {}
    record_defaults: ClassVar[dict[str, Any]] = {}
    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __init__(self, *args: Any, **values: Any) -> None:
        names = self.record_fields
        own = self.__dict__
        if len(args) == len(names) and not values:
            own.update(zip(names, args, strict=True))
            return
        own.update(self.record_defaults)
        own.update(values)
        if args:
            self._take(args, values)
        if len(own) == len(names) and values.keys() <= names.keys():
            return
        for name, field in names.items():
            if name not in own and field.default_factory is not MISSING:
                own[name] = field.default_factory()
        wrong = sorted(values.keys() - names.keys()) or [name for name in names if name not in own]
        if wrong:
            raise TypeError(f"{type(self).__name__}: unknown or missing value '{wrong[0]}'")

    def _take(self, args: tuple[Any, ...], values: dict[str, Any]) -> None:
        """Values without a name, in the order of the fields."""
        given = list(self.record_fields)[: len(args)]
        if len(args) > len(given) or values.keys() & set(given):
            raise TypeError(f"{type(self).__name__}: a value is given twice, or there are too many")
        self.__dict__.update(zip(given, args, strict=True))

    def __setattr__(self, name: str, value: Any) -> None:
        raise FrozenInstanceError(f"cannot assign to field '{name}'")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field '{name}'")

    def __repr__(self) -> str:
        shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)  # type: ignore[arg-type]
        return f"{type(self).__name__}({shown})"


class Shown:
    """What shows itself by a renderer: as text under `print`, as Markdown in a notebook."""

    def show_as(self, format: str) -> str:
        """The text in the format `text` or `markdown`."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.show_as("text")

    def _repr_markdown_(self) -> str:
        return self.show_as("markdown")


_Class = TypeVar("_Class", bound=type)
_bare = dataclass(init=False, eq=False, repr=False, match_args=False, kw_only=True)


@dataclass_transform(frozen_default=True)
def record(cls: _Class) -> _Class:
    """Make the annotations of a class that derives from `Record` its fields."""
    _bare(cls)
    own: Any = cls
    own.record_fields = {field.name: field for field in fields(own)}
    own.record_defaults = {field.name: field.default for field in fields(own) if field.default is not MISSING}
    return cls
