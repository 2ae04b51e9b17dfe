"""The levels of a network and the names of its layers: `stage3.residual4.main.conv_bn2.conv`.

A level is a block call, a named group, a branch, a head or a named join. Siblings of equal name are numbered in
order; a level that holds nothing but one unnamed level takes its contents; an empty level does not exist.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator


class Level:
    """A node of the tree of names: a layer (`node` is its index), or a level with children, or both (a join)."""

    __slots__ = ("children", "is_named", "node", "parent", "path", "start", "stem", "stop")

    def __init__(self, stem: str, parent: Level | None, *, is_named: bool = False, node: int | None = None):
        self.stem = stem
        self.parent = parent
        self.is_named = is_named
        self.node = node
        self.children: list[Level] = []
        self.path = ""
        self.start = self.stop = 0  # the range of layers inside, set by `assign_paths`

    def add(self, stem: str, *, is_named: bool = False, node: int | None = None) -> Level:
        """A new child, behind the others."""
        child = Level(stem, self, is_named=is_named, node=node)
        self.children.append(child)
        return child

    def copies(self, first: int, last: int, parent: Level, shift: int) -> None:
        """Append to `parent` copies of the children number first .. last - 1, for layers `shift` further on."""
        for child in self.children[first:last]:
            copy = parent.add(child.stem, is_named=child.is_named)
            copy.node = None if child.node is None else child.node + shift
            child.copies(0, len(child.children), copy, shift)

    def guess(self) -> str:
        """The path as far as it can be known while siblings may still follow."""
        steps: list[str] = []
        level: Level | None = self
        while level is not None and level.parent is not None:
            siblings = [child for child in level.parent.children if child.stem == level.stem]
            number = siblings.index(level) + 1
            steps.append(numbered(level.stem, number) if number > 1 else level.stem)
            level = level.parent
        return ".".join(reversed(steps))

    def walk(self) -> Iterator[Level]:
        """Every level and layer below this one, each before what it holds."""
        for child in self.children:
            yield child
            yield from child.walk()


def numbered(stem: str, number: int) -> str:
    """A sibling's name: conv2, and conv3_1 where the stem itself ends in a digit.

    >>> numbered("conv", 2), numbered("conv3", 1)
    ('conv2', 'conv3_1')
    """
    return f"{stem}_{number}" if stem[-1:].isdigit() else f"{stem}{number}"


def assign_paths(root: Level, count: int) -> list[str]:
    """Give every level below the root its path and its range of layers; the paths of all layers in order."""
    paths = [""] * count
    _assign(root, "", paths)
    root.stop = count
    return paths


def _assign(level: Level, prefix: str, paths: list[str]) -> bool:
    """Name the children of a level; whether there are any left."""
    level.children = [child for child in level.children if child.node is not None or _is_full(child)]
    counts = Counter(child.stem for child in level.children)
    taken = {stem for stem, number in counts.items() if number == 1}
    numbers: Counter[str] = Counter()
    for child in level.children:
        name = child.stem
        if counts[child.stem] > 1:
            name = _next_name(child.stem, numbers, taken)
        child.path = prefix + name
        _take_contents(child)
        if child.node is not None:
            paths[child.node] = child.path
        _assign(child, child.path + ".", paths)
        inside = [(c.start, c.stop) for c in child.children]
        if child.node is not None:
            inside.append((child.node, child.node + 1))
        child.start = min(start for start, _ in inside)
        child.stop = max(stop for _, stop in inside)
    return bool(level.children)


def _next_name(stem: str, numbers: Counter[str], taken: set[str]) -> str:
    """The next free number behind a stem: one that is a sibling's own name is left out."""
    while True:
        numbers[stem] += 1
        name = numbered(stem, numbers[stem])
        if name not in taken:
            return name


def _is_full(level: Level) -> bool:
    return level.node is not None or any(_is_full(child) for child in level.children)


def _take_contents(level: Level) -> None:
    """While a level holds nothing but one unnamed level, its contents take that level's place."""
    while level.node is None:
        full = [child for child in level.children if _is_full(child)]
        if len(full) != 1 or full[0].is_named or full[0].node is not None:
            return
        level.children = full[0].children
