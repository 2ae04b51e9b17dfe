"""Gradient checkpointing: where the layers are cut into segments whose insides are not kept but computed again.

Of a segment only what it reads from others is kept in the forward pass. Before its backward pass the segment runs
forward once more; the last one need not, for its backward pass follows at once. Source: Chen, Xu, Zhang & Guestrin
2016, Training deep nets with sublinear memory cost, arXiv 1604.06174, sec. 4; as in PyTorch's `checkpoint`, a segment
is computed again whole.

>>> from archcalc.analysis import analyze
>>> segments(analyze("alexnet").graph, "every=10")
(range(0, 10), range(10, 20), range(20, 24))
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isqrt

from .errors import ArchcalcError, UsageError, shown
from .graph import Graph
from .naming import Level

_PLAN = re.compile(r"(?:every=(?P<every>[0-9]{1,9})|sqrt|blocks)\Z")


def segments(graph: Graph, plan: str | None) -> tuple[range, ...]:
    """The ranges of layers that a plan cuts a network into: `every=K`, `sqrt`, `blocks`; one for None.

    `every=K` cuts behind each K layers, `sqrt` makes K the square root of the number of layers, rounded up, and
    `blocks` cuts before each block: a level of the spec that holds a join, or none in all of it. Layers between
    blocks belong to the block before.

    Raises UsageError for another plan, ArchcalcError for `blocks` where the spec has none.
    """
    count = len(graph.nodes)
    if plan is None:
        return (range(count),)
    match = _PLAN.match(plan)
    if match is None or match["every"] == "0" * len(match["every"] or ""):
        raise UsageError(
            f"'{shown(plan)}' is no plan for checkpoints; write every=K, such as every=4, or sqrt, or blocks"
        )
    if plan == "blocks":
        starts = sorted({0, *_blocks(graph, graph.root)})
        if len(starts) < 2:
            raise ArchcalcError("the spec has no blocks to cut at; take every=K or sqrt")
    else:
        length = int(match["every"]) if match["every"] else isqrt(count - 1) + 1
        starts = list(range(0, count, length))
    return tuple(range(start, stop) for start, stop in zip(starts, [*starts[1:], count], strict=True))


def _blocks(graph: Graph, level: Level) -> Iterator[int]:
    """Where blocks begin."""
    for child in level.children:
        if not child.children:
            continue
        if _is_join(graph, child) or any(_is_join(graph, inner) for inner in child.children):
            yield child.start
        elif any(_is_join(graph, inner) for inner in child.walk()):
            yield from _blocks(graph, child)
        else:
            yield child.start


def _is_join(graph: Graph, level: Level) -> bool:
    return level.node is not None and graph.nodes[level.node].layer.joins
