"""The entries of chains, as they have been checked: layers, calls of blocks, joins, groups, `from`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from .errors import shown
from .layers import Layer
from .layers.fields import Field
from .records import Record, record
from .values import Value
from .yamlsrc import DataPath, Source, steps

ENTRY_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}\Z")
GROUP_WORDS = ("do", "repeat", "for", "head")
BESIDE = ("name", "when", "axis", "from", *GROUP_WORDS)


@record
class Entry(Record):
    """What all entries share: where it stands, its name and its condition."""

    path: DataPath
    source: Source
    name: str | None = None
    when: Value | None = None

    @property
    def stem(self) -> str:
        """What it is called in a path, before numbering."""
        return self.name or ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.where}>"

    @property
    def where(self) -> str:
        """The place as a message shows it: layers[3] (conv 'c3')."""
        return place(self.path, self.stem)

    def values(self) -> list[Value]:
        """Every value that stands in the entry itself."""
        return [self.when] if self.when is not None else []


@record
class KindEntry(Entry):
    """What layers and joins share: a kind with its fields."""

    kind: type[Layer]
    fields: tuple[tuple[str, Field, Value], ...] = ()

    @property
    def stem(self) -> str:
        return self.name or self.kind.kind

    def values(self) -> list[Value]:
        return [*super().values(), *(value for _, _, value in self.fields)]


@record
class LayerEntry(KindEntry):
    """A layer."""


@record
class BlockEntry(Entry):
    """A call of a block, with a value for each parameter that the call gives."""

    called: str
    home: Mapping[str, Block]  # the blocks of the file in which the call stands
    arguments: tuple[tuple[str, Value], ...] = ()

    @property
    def block(self) -> Block:
        return self.home[self.called]

    @property
    def stem(self) -> str:
        return self.name or self.called

    def values(self) -> list[Value]:
        return [*super().values(), *(value for _, value in self.arguments)]


@record
class JoinEntry(KindEntry):
    """concat, add, multiply or matmul over named branches."""

    branches: tuple[tuple[str, Chain], ...]


@record
class FromEntry(Entry):
    """The chain goes on from an earlier entry."""

    target: str


@record
class GroupEntry(Entry):
    """A section, repeated or not, or a head."""

    chain: Chain
    repeat: Value | None = None
    loop: tuple[tuple[str, Value], ...] | None = None
    head: str | None = None

    def values(self) -> list[Value]:
        repeat = [self.repeat] if self.repeat is not None else []
        return [*super().values(), *repeat, *(value for _, value in self.loop or ())]


@record
class Broken(Entry):
    """An entry with a problem that has been reported."""


Chain: TypeAlias = tuple[Entry, ...]


@record
class Block(Record):
    """A reusable chain with parameters; `closed` blocks come from another file and see no `let`."""

    name: str
    takes: tuple[tuple[str, Value | None], ...] = ()
    let: tuple[tuple[str, Value], ...] = ()
    chain: Chain = ()
    closed: bool = False


def place(path: DataPath, kind: str = "", name: str | None = None) -> str:
    """A data path as a message shows it."""
    text = steps(path)
    inside = " ".join(part for part in (shown(kind), f"'{shown(name)}'" if name else "") if part)
    return f"{text} ({inside})" if inside else text
