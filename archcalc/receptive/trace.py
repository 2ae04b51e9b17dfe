"""Exact sets: which pixels one unit sees, and which units see one pixel; with numbers only.

A region is a union of products of positions, one set an axis. Sets are whole numbers whose bit n stands for position n,
so that a union is one operation however large the map is. Every layer is passed with the positions that exist: padding,
and what lies outside a cropped map, is nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from ..errors import UsageError
from ..graph import Graph, Node
from ..readings import Reading, Readings, Rearranged, Taps, positions
from ..shapes import Shape
from .moving import after_moving, before_moving
from .walk import Rules, Unit

Region: TypeAlias = frozenset[tuple[int, ...]]
NOTHING: Region = frozenset()
MAX_COMPARED = 64


def bits(mask: int) -> Iterator[int]:
    """The positions of a set, in order.

    >>> list(bits(0b1101))
    [0, 2, 3]
    """
    return (position for position, digit in enumerate(_digits(mask)) if digit == "1")


def _digits(mask: int) -> str:
    """A digit for each position, the first one in front: cutting texts takes a time that grows with their length."""
    return bin(mask)[:1:-1]


def _spread(mask: int, factor: int, start: int = 0) -> int:
    """Position n of a set at start + factor*n."""
    if mask and factor > 1:
        mask = int(("0" * (factor - 1)).join(bin(mask)[2:]), 2)
    return mask << start


def _every(mask: int, factor: int, start: int = 0) -> int:
    """The positions n for which start + factor*n is in a set."""
    mask >>= start
    return int(_digits(mask)[::factor][::-1], 2) if factor > 1 else mask


def _widened(mask: int, count: int, step: int) -> int:
    """The positions of a set, and those so many steps behind it, `count` in all."""
    done = 1
    while done < count:
        more = min(done, count - done)
        mask |= mask << more * step
        done += more
    return mask


def _moved(mask: int, distance: int) -> int:
    """The positions of a set so much further on; those before 0 are gone."""
    return mask << distance if distance >= 0 else mask >> -distance


def region(products: Iterable[tuple[int, ...]]) -> Region:
    """A union of products, with as few of them as are easily found."""
    kept = {found for found in products if all(found)}
    if len(kept) < 2:
        return frozenset(kept)
    for axis in range(len(next(iter(kept)))):  # those that differ along one axis only are one
        joined: dict[tuple[int, ...], int] = {}
        for found in kept:
            others = (*found[:axis], *found[axis + 1 :])
            joined[others] = joined.get(others, 0) | found[axis]
        kept = {(*others[:axis], mask, *others[axis:]) for others, mask in joined.items()}
    if len(kept) <= MAX_COMPARED:
        kept = {a for a in kept if not any(a != b and _inside(a, b) for b in kept)}
    return frozenset(kept)


def _inside(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(one & ~other == 0 for one, other in zip(a, b, strict=True))


def along(found: Region, axis: int) -> tuple[int, ...]:
    """The positions along one axis of all elements of a region."""
    union = 0
    for masks in found:
        union |= masks[axis]
    return tuple(bits(union))


def count(found: Region) -> int:
    """How many elements a region has.

    >>> count(region([(0b11, 0b1), (0b1, 0b111)]))  # a cross of 2x1 and 1x3
    4
    """
    if not found:
        return 0
    if len(next(iter(found))) == 1:
        return sum(1 for _ in along(found, 0))
    if len(found) == 1:
        total = 1
        for mask in next(iter(found)):
            total *= mask.bit_count()
        return total
    return sum(count(frozenset(masks[1:] for masks in found if masks[0] >> row & 1)) for row in along(found, 0))


def seen_from(graph: Graph, rules: Rules, source: int, node: int, units: Region) -> Region:
    """The positions of an input that these units of a node see."""
    needed: dict[int, Region] = {node: units}
    for number in range(node, -1, -1):
        wanted = needed.pop(number, NOTHING)
        if not wanted:
            continue
        at = graph.nodes[number]
        for before, shape, rule in zip(at.inputs, at.shapes, rules(at), strict=True):
            if before >= 0 or before == source:
                read = _read(rule, shape, at.output, wanted)
                needed[before] = region([*needed.get(before, NOTHING), *read])
    return needed.get(source, NOTHING)


def seeing(graph: Graph, rules: Rules, source: int, pixels: Region) -> dict[int, Region]:
    """For every node the units that see any of these positions of an input."""
    found: dict[int, Region] = {source: pixels}
    for node in graph.nodes:
        reached: list[tuple[int, ...]] = []
        for before, shape, rule in zip(node.inputs, node.shapes, rules(node), strict=True):
            if found.get(before):
                reached.extend(_reaching(rule, shape, node.output, found[before]))
        found[node.number] = region(reached)
    return found


def _read(rule: Readings, x: Shape, y: Shape, units: Region) -> Region:
    """The positions of x that these units of y read."""
    if isinstance(rule, Rearranged):
        if units == _all(y):
            return _all(x)  # there may be millions
        return _region_of(source for unit in elements(units) for source in before_moving(rule, x, y, unit))
    sizes = positions(x)
    return region(
        tuple(_back(reading, masks[reading.axis], size) for reading, size in zip(rule, sizes, strict=True))
        for masks in units
    )


def _all(shape: Shape) -> Region:
    """Every position of a shape."""
    return frozenset([tuple((1 << size) - 1 for size in positions(shape))])


def _back(reading: Reading, units: int, size: int) -> int:
    """What units along one axis read of an axis of this size."""
    full = (1 << size) - 1
    if reading.is_point:
        return units & full
    read = 0
    for phase, taps in enumerate(reading.taps):
        turns = _every(units, reading.period, phase)
        if taps is not None and turns:
            starts = _spread(turns, reading.advance) if reading.advance else 1
            read |= _moved(_widened(starts, _count(taps), taps.step), taps.first)
    return read & full


def _count(taps: Taps) -> int:
    return int((taps.last - taps.first) // taps.step) + 1


def _reaching(rule: Readings, x: Shape, y: Shape, found: Region) -> Region:
    """The units of y that read any of these positions of x."""
    if isinstance(rule, Rearranged):
        if found == _all(x):
            return _all(y)
        return _region_of(unit for source in elements(found) for unit in after_moving(rule, x, y, source))
    sizes, units = positions(x), positions(y)
    return region(_forth(rule, sizes, units, masks) for masks in found)


def _forth(rule: tuple[Reading, ...], sizes: Unit, units: Unit, masks: tuple[int, ...]) -> tuple[int, ...]:
    reached = [(1 << size) - 1 for size in units]
    for reading, size, mask in zip(rule, sizes, masks, strict=True):
        reached[reading.axis] &= _readers(reading, units[reading.axis], mask & (1 << size) - 1)
    return tuple(reached)


def _readers(reading: Reading, units: int, mask: int) -> int:
    """Which of these many units along one axis read any of these positions."""
    full = (1 << units) - 1
    if reading.is_point:
        return full & mask
    found = 0
    for phase, taps in enumerate(reading.taps):
        if taps is None:
            continue
        starts = _moved(_widened(mask, _count(taps), taps.step), -taps.last)  # where a turn may start to hit one
        turns = _every(starts, reading.advance) if reading.advance else full * (starts & 1)
        found |= _spread(turns & full, reading.period, phase)
    return found & full


def elements(found: Region) -> Iterator[Unit]:
    """Every element of a region, once."""
    seen: set[Unit] = set()
    for masks in found:
        stack: list[Unit] = [()]
        for mask in masks:
            stack = [(*start, position) for start in stack for position in bits(mask)]
        for element in stack:
            if element not in seen:
                seen.add(element)
                yield element


def _region_of(found: Iterable[Unit]) -> Region:
    """Elements as a region: those with equal further indices as one product."""
    rows: dict[Unit, int] = {}
    for first, *rest in found:
        rows[tuple(rest)] = rows.get(tuple(rest), 0) | 1 << first
    return region((mask, *(1 << position for position in rest)) for rest, mask in rows.items())


def check_numbers(graph: Graph, what: str) -> None:
    """Refuse a graph with symbols: sets have numbers for elements."""
    sizes = [*(size for _, shape in graph.inputs for size in shape.axes)]
    sizes += [size for node in graph.nodes for size in node.output.axes]
    if graph.rounds or any(type(size) is not int for size in sizes):
        raise UsageError(f"{what} needs numbers: a size of the network or a repeat holds a symbol")


def reads_points(rules: Rules, node: Node) -> bool:
    """Whether each unit of a layer reads the one of its own number, and nothing else."""
    return all(isinstance(rule, Rearranged) or all(reading.is_point for reading in rule) for rule in rules(node))


def reads_everywhere(rules: Rules, node: Node, branch: int) -> bool:
    """Whether each unit of a layer reads a position of this input that exists."""
    rule, sizes, units = rules(node)[branch], positions(node.shapes[branch]), positions(node.output)
    if isinstance(rule, Rearranged):
        return True
    return all(
        _readers(reading, units[reading.axis], (1 << size) - 1) == (1 << units[reading.axis]) - 1
        for reading, size in zip(rule, sizes, strict=True)
    )
