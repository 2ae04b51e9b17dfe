"""A repeat by a symbol: the costs of n rounds from one or two walks of its body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from . import dims
from .conditions import Condition, at_least
from .entries import GroupEntry
from .graph import Repeat
from .naming import Level

if TYPE_CHECKING:
    from .walk import Context, Point, Points, Walk


class SymbolicRepeat:
    """A repeat by a symbol n: a body that keeps its shape, settles after one round, or adds channels."""

    def __init__(self, walk: Walk, entry: GroupEntry, ctx: Context, level: Level, points: Points) -> None:
        self.walk = walk
        self.entry = entry
        self.ctx = ctx
        self.level = level
        self.points = points

    def run(self, here: Point, count: Any) -> Point | None:
        walk, ctx = self.walk, self.ctx
        if here.shape is None:
            walk.report(self.entry, "the network has several inputs; begin with `from: NAME`", self.level)
            return None
        state = self.state()
        start = len(walk.made)
        once = self.round(here, ctx._replace(repeat=ctx.repeat * count))
        if once is None or once.shape == here.shape:
            self.stands_once(start, count)
            return once
        self.restore(state)
        once = self.round(here, ctx)
        if once is None:
            return None
        start = len(walk.made)
        again = self.round(once, ctx._replace(repeat=ctx.repeat * (count - 1)))
        if again is None or again.shape == once.shape:
            self.stands_once(start, count - 1)
            if not dims.at_least(count, 1):
                walk.conditions.append(at_least(count, 1))
            return again
        self.restore(state)
        return self.growing(here, count)

    def growing(self, here: Point, count: Any) -> Point | None:
        """A body that adds a constant number of channels: walked once with here.channels + step*i."""
        from .dims.symbolic import holds, index, unknown

        walk = self.walk
        assert here.shape is not None
        i = index({*walk.symbols, *(str(other) for other, _ in self.ctx.series)})
        state = self.state()
        c = unknown()
        entering = here.shape.with_channels(c)
        problems, reported = len(walk.problems), set(walk.reported)
        end = self.round(here.at(entering), self.ctx)
        step = None
        if end is not None and end.shape is not None and end.shape.spatial == entering.spatial:
            step = dims.plain(end.shape.channels - c)
        del walk.problems[problems:]
        walk.reported = reported
        self.restore(state)
        if step is None or holds(step, c):
            walk.report(
                self.entry,
                "repeat by a symbol: the body must keep its shape, settle after one round, or add a constant "
                "number of channels",
                self.level, self.entry.stem, self.entry.repeat,
            )  # fmt: skip
            return None
        known, start = len(walk.conditions), len(walk.made)
        inside = here.shape.with_channels(here.shape.channels + step * i)
        end = self.round(here.at(inside), self.ctx._replace(series=(*self.ctx.series, (i, count))))
        before, inner = walk.conditions[:known], walk.conditions[known:]
        walk.conditions[known:] = [condition for condition in inner if not _follows(condition, before)]
        for condition in walk.conditions[known:]:
            if holds(condition.left, i) or holds(condition.right, i):
                walk.report(self.entry, f"repeat by a symbol: {condition} is open in some rounds", self.level)
                return None
        self.stands_once(start, count)
        if end is None:
            return None
        return end.at(here.shape.with_channels(here.shape.channels + step * count))

    def round(self, here: Point, ctx: Context) -> Point | None:
        return self.walk.round(self.entry, here, ctx, self.level, self.points)

    def stands_once(self, start: int, count: Any) -> None:
        """Note that the nodes from here on are one round of so many."""
        if len(self.walk.made) > start:
            self.walk.rounds.append(Repeat(start, len(self.walk.made) - start, count))

    def state(self) -> tuple[int, int, int, int, int]:
        """What a trial round must put back."""
        walk = self.walk
        return len(walk.made), len(walk.conditions), len(self.level.children), len(walk.repeats), len(walk.rounds)

    def restore(self, state: tuple[int, int, int, int, int]) -> None:
        made, conditions, children, repeats, rounds = state
        del self.walk.made[made:]
        del self.walk.conditions[conditions:]
        self.level.children = list(self.level.children[:children])
        del self.walk.repeats[repeats:]
        del self.walk.rounds[rounds:]
        self.walk.called.clear()


def _follows(condition: Condition, known: Iterable[Condition]) -> bool:
    """Whether a lower bound follows from the bounds of single symbols that are assumed already."""
    if condition.relation != ">=":
        return False
    bounds = {
        str(other.left): (1, other.right)
        for other in known
        if other.relation == ">=" and type(other.right) is int and str(other.left) in dims.symbols_of(other.left)
    }
    left, right = (dims.promise(side, bounds) for side in (condition.left, condition.right))
    return dims.at_least(left, right) is True
