"""Chains as the plain data that a spec would hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..yamlsrc import DataPath, Mark, Source
from .chain import Chain, Group, Item, Unit


class Writer:
    """Writes a chain as plain data, and notes where each piece stood."""

    def __init__(self, chain: Chain, scope: Mapping[str, Any]) -> None:
        self.chain = chain
        self.scope = scope
        self.marks: dict[DataPath, Mark] = {(): (1, 1)}
        self.is_map = False  # whether what comes next gets a map

    def source(self, input: Sequence[Any]) -> Source:
        self.is_map = len(input) > 1
        layers = self.entries(self.chain.items, ("layers",))
        data = {"input": list(input), "layers": layers}
        return Source(data, "", self.chain.text, self.marks)

    def entries(self, items: Sequence[Item], path: DataPath) -> list[Any]:
        entries: list[Any] = []
        for item in items:
            if self.is_map and _begins_dense(item):
                self.put(entries, "flatten", path, item.at)
                self.is_map = False
            if isinstance(item, Group):
                self.group(entries, item, path)
            else:
                self.unit(entries, item, path)
        return entries

    def put(self, entries: list[Any], entry: Any, path: DataPath, at: int) -> DataPath:
        """Add an entry; its path."""
        entries.append(entry)
        path = (*path, len(entries) - 1)
        self.marks[path] = (1, at + 1)
        return path

    def group(self, entries: list[Any], group: Group, path: DataPath) -> None:
        entry: dict[str, Any] = {} if group.times is None else {"repeat": self.chain.value(group.times, self.scope)}
        own = self.put(entries, entry, path, group.at)
        entry["do"] = self.entries(group.items, (*own, "do"))

    def unit(self, entries: list[Any], unit: Unit, path: DataPath) -> None:
        fields = {name: self.field(value) for name, value in unit.fields}
        own = self.put(entries, {unit.kind: fields} if fields else unit.kind, path, unit.at)
        for name, value in unit.fields:
            if isinstance(value, tuple):
                place: DataPath = (*own, unit.kind, name)
                self.marks[place] = (1, value[0].at + 1)
        if unit.has_relu:
            self.put(entries, "relu", path, unit.at)
        self.is_map = self.is_map and unit.kind not in ("flatten", "linear")

    def field(self, value: Any) -> Any:
        if isinstance(value, tuple):
            axes = [self.chain.value(size, self.scope) for size in value]
            return axes[0] if len(axes) == 1 else axes
        return value


def _begins_dense(item: Item) -> bool:
    """Whether its first layer is fully connected."""
    while isinstance(item, Group):
        item = item.items[0]
    return item.kind == "linear"
