"""A grid of points in slabs: boxes of a size that the cache holds, one behind the other in the order of the points.

Points are numbered with the last axis moving fastest. A slab fixes the axes before `split`, holds some values of that
one, and the axes behind it whole.

>>> grid = Grid((3, 100, 1000), 32_000)
>>> grid.split, grid.slabs, grid.box(4), grid.start(4)
(1, 12, ((1, 2), (0, 32), (0, 1000)), 100000)
"""

from __future__ import annotations

from math import prod

Box = tuple[tuple[int, int], ...]  # of each axis the first number, and the first behind
SLAB = 2**15  # points


class Grid:
    """The slabs of a grid whose axes have these lengths."""

    def __init__(self, lengths: tuple[int, ...], size: int = SLAB) -> None:
        self.lengths = lengths
        self.points = prod(lengths)
        split = max(len(lengths) - 1, 0)
        while split and prod(lengths[split:]) <= size:
            split -= 1
        self.split = split
        """The axis of which a slab holds some values; those behind it are whole in every slab."""
        self.inner = prod(lengths[split + 1 :])
        self.width = max(1, min(lengths[split], size // self.inner)) if lengths else 1
        self.pieces = -(-lengths[split] // self.width) if lengths else 1
        self.slabs = prod(lengths[:split]) * self.pieces

    def box(self, slab: int) -> Box:
        """The ranges of the axes in a slab."""
        if not self.lengths:
            return ()
        outer, piece = divmod(slab, self.pieces)
        low = piece * self.width
        box = [(low, min(low + self.width, self.lengths[self.split]))]
        for length in reversed(self.lengths[: self.split]):
            outer, number = divmod(outer, length)
            box.insert(0, (number, number + 1))
        return (*box, *((0, length) for length in self.lengths[self.split + 1 :]))

    def start(self, slab: int) -> int:
        """The number of a slab's first point."""
        if not self.lengths:
            return 0
        outer, piece = divmod(slab, self.pieces)
        return (outer * self.lengths[self.split] + piece * self.width) * self.inner
