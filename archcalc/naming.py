"""The levels of a network and the names of its layers: `stage3.residual4.main.conv_bn2.conv`.

A level is a block call, a named group, a branch, a head or a named join. Siblings of equal name are numbered in
order; a level that holds nothing but one unnamed level takes its contents; an empty level does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class Level:
    """A node of the tree of names: a layer (`node` is its index), or a level with children, or both (a join)."""

    __slots__ = ("children", "is_named", "node", "parent", "path", "start", "stem", "stop")

    def __init__(self, stem: str, parent: Level | None, *, is_named: bool = False, node: int | None = None):
        self.stem = stem
        self.parent = parent
        self.is_named = is_named
        self.node = node
        self.children: Sequence[Level] = ()  # a list as soon as there are any: most levels are layers
        self.path = ""
        self.start = self.stop = 0  # the range of layers inside, set by `assign_paths`

    def add(self, stem: str, *, is_named: bool = False, node: int | None = None) -> Level:
        """A new child, behind the others."""
        child = Level(stem, self, is_named=is_named, node=node)
        if isinstance(self.children, list):
            self.children.append(child)
        else:
            self.children = [child]
        return child

    def copies(self, first: int, last: int, parent: Level, shift: int, twins: dict[Level, Level]) -> None:
        """Append to `parent` copies of the children number first .. last - 1, for layers `shift` further on.

        `twins` gets the copy of each level that holds others.
        """
        for child in self.children[first:last]:
            copy = parent.add(child.stem, is_named=child.is_named)
            copy.node = None if child.node is None else child.node + shift
            if child.children:
                twins[child] = copy
                child.copies(0, len(child.children), copy, shift, twins)

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
    root.children = [child for child in root.children if _tidy(child)]
    _assign(root, "", paths)
    root.stop = count
    return paths


def _tidy(level: Level) -> bool:
    """Drop empty levels, and levels that are all another one holds; whether anything is left."""
    if not level.children:
        return level.node is not None
    level.children = [child for child in level.children if _tidy(child)]
    if len(level.children) == 1 and level.node is None:
        (only,) = level.children
        if only.children and only.node is None and not only.is_named:
            level.children = only.children
    return level.node is not None or bool(level.children)


def _assign(level: Level, prefix: str, paths: list[str]) -> None:
    """Name the children of a level, in order."""
    counts: dict[str, int] = {}
    for child in level.children:
        counts[child.stem] = counts.get(child.stem, 0) + 1
    numbers = dict.fromkeys(counts, 0)
    for child in level.children:
        name = stem = child.stem
        if counts[stem] > 1:
            name = _next_name(stem, numbers, counts)
        child.path = prefix + name
        if child.children:
            _assign(child, child.path + ".", paths)
            child.start = child.children[0].start
            child.stop = child.children[-1].stop
        if child.node is not None:
            paths[child.node] = child.path
            child.start = child.start if child.children else child.node
            child.stop = child.node + 1


def _next_name(stem: str, numbers: dict[str, int], counts: dict[str, int]) -> str:
    """The next free number behind a stem: one that is a sibling's own name is left out."""
    while True:
        numbers[stem] += 1
        name = numbered(stem, numbers[stem])
        if counts.get(name) != 1:
            return name
