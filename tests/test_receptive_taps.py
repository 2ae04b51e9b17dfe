"""Receptive fields against a simulator that follows every tap: sets of input positions, in pure Python.

The simulator knows the definitions of the layers and nothing of the analysis. It reads the same plain data as archcalc,
and gives for each layer what every unit sees: `exact`, with the positions that exist, and `virtual`, as if maps went on
where the padding is.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from itertools import product
from math import lcm, prod
from typing import Any, NamedTuple

import pytest

import archcalc as ac
from archcalc.receptive import Fields
from archcalc.receptive.trace import elements

Unit = tuple[int, ...]
Pixels = frozenset[Unit]
NOTHING: Pixels = frozenset()
FAR = lcm(*range(1, 41))  # a whole number of periods further on


class Layer(NamedTuple):
    """One layer as simulated; `bounded` if nothing can be thought to lie outside it."""

    sizes: Unit
    exact: dict[Unit, Pixels]
    virtual: Callable[[Unit], Pixels]
    bounded: bool = False
    channels: int = 1
    vector: bool = False
    ends: tuple[Any, ...] = ()  # of a join, the branches
    origin: Any = None  # the layer whose units only stand elsewhere here


def units_of(sizes: Unit) -> Iterator[Unit]:
    return product(*map(range, sizes))


def at_input(sizes: Unit) -> Layer:
    return Layer(sizes, {unit: frozenset([unit]) for unit in units_of(sizes)}, lambda unit: frozenset([unit]))


def made(
    before: Layer, sizes: Unit, taps: Callable[[Unit], list[Unit]], *, bounded: bool | None = None, **more: Any
) -> Layer:
    """A layer whose units read the positions `taps` of another; taps outside are padding."""
    exact = {
        unit: NOTHING.union(*(before.exact[tap] for tap in taps(unit) if tap in before.exact))
        for unit in units_of(sizes)
    }
    bounded = before.bounded if bounded is None else bounded

    @cache
    def virtual(unit: Unit) -> Pixels:
        if bounded and unit not in exact:
            return NOTHING
        read = taps(unit)
        return NOTHING.union(*(before.virtual(tap) for tap in read if not before.bounded or tap in before.exact))

    more = {"bounded": bounded, "ends": (), "origin": None, **more}
    return before._replace(sizes=sizes, exact=exact, virtual=virtual, **more)


def per_axis(fields: dict[str, Any], name: str, default: Any, rank: int) -> list[Any]:
    value = fields.get(name, default)
    return list(value) if isinstance(value, list) else [value] * rank


def window(before: Layer, fields: dict[str, Any], stride: Any = 1) -> Layer:
    """Convolution and pooling: windows are placed one after the other."""
    rank = len(before.sizes)
    kernels, strides, dilations = (
        per_axis(fields, name, default, rank) for name, default in (("kernel", 1), ("stride", stride), ("dilation", 1))
    )
    pads, counts = [], []
    for axis, size in enumerate(before.sizes):
        k, s, d = kernels[axis], strides[axis], dilations[axis]
        extent = (k - 1) * d + 1
        if fields.get("pad") == "same":
            count = len(range(0, size, s))
            total = max((count - 1) * s + extent - size, 0)
            pads.append(total // 2)
        else:
            begin, end = per_axis(fields, "pad", [0, 0], rank)[axis] if "pad" in fields else (0, 0)
            count = len([start for start in range(-begin, size + end, s) if start + extent <= size + end])
            last = (count - 1) * s - begin + extent
            if fields.get("round") == "ceil" and last < size + end and count * s - begin < size:
                count += 1
            pads.append(begin)
        counts.append(count)

    def taps(unit: Unit) -> list[Unit]:
        along = [
            [place * s - begin + tap * d for tap in range(k)]
            for place, s, begin, k, d in zip(unit, strides, pads, kernels, dilations, strict=True)
        ]
        return list(product(*along))

    return made(before, tuple(counts), taps, channels=fields.get("filters", before.channels))


def transposed(before: Layer, fields: dict[str, Any]) -> Layer:
    """Every input is spread over the kernel."""
    rank = len(before.sizes)
    kernels, strides, dilations, extra = (
        per_axis(fields, name, default, rank)
        for name, default in (("kernel", 1), ("stride", 1), ("dilation", 1), ("output_pad", 0))
    )
    pads = per_axis(fields, "pad", [0, 0], rank) if "pad" in fields else [[0, 0]] * rank
    sizes = tuple(
        (size - 1) * s - sum(pad) + (k - 1) * d + 1 + more
        for size, s, pad, k, d, more in zip(before.sizes, strides, pads, kernels, dilations, extra, strict=True)
    )

    def taps(unit: Unit) -> list[Unit]:
        along = []
        for place, s, (begin, _), k, d in zip(unit, strides, pads, kernels, dilations, strict=True):
            hits = [place + begin - tap * d for tap in range(k)]
            along.append([hit // s for hit in hits if hit % s == 0])
        return list(product(*along))

    return made(before, sizes, taps, channels=fields["filters"])


def everything(before: Layer, sizes: Unit, **more: Any) -> Layer:
    """Every unit reads all that exists."""
    all_units = list(before.exact)
    exact = NOTHING.union(*before.exact.values())
    union = NOTHING.union(*(before.virtual(unit) for unit in all_units))
    more = {"bounded": False, "ends": (), "origin": None, **more}
    return before._replace(sizes=sizes, exact=dict.fromkeys(units_of(sizes), exact), virtual=lambda _: union, **more)


def views(before: Layer, kind: str, fields: Any) -> Layer:
    """flatten, tokens, reshape, permute of the positions: they stand in the order of the numbers."""
    if kind == "permute":
        order = [axis - 1 for axis in fields["axes"][1:]]
        turned = tuple(before.sizes[axis] for axis in order)
        return made(before, turned, lambda unit: [tuple(unit[order.index(k)] for k in range(len(order)))])
    before_all = list(units_of(before.sizes))
    channels = 1 if kind in ("flatten", "tokens") else fields["size"][0]
    sizes = (len(before_all) * (before.channels if kind == "flatten" else 1),)
    sizes = tuple(fields["size"][1:]) if kind == "reshape" else sizes
    more = {"channels": before.channels if kind == "tokens" else channels, "vector": kind == "flatten"}
    for same in (before, before.origin):
        if same is not None and same.sizes == sizes:
            return made(same, sizes, lambda unit: [unit], **more)
    if [n for n in sizes if n > 1] == [n for n in before.sizes if n > 1]:  # axes stay what they are, and may go on
        old, new = ([k for k, n in enumerate(shape) if n > 1] for shape in (before.sizes, sizes))
        return made(
            before,
            sizes,
            lambda unit: [tuple(unit[new[old.index(k)]] if k in old else 0 for k in range(len(before.sizes)))],
            **more,
        )
    more["origin"] = before.origin or before
    placed: dict[Unit, list[Unit]] = {}
    repeated = 1 if kind == "tokens" else before.channels
    units = [unit for _ in range(channels) for unit in units_of(sizes)]
    for position, unit in zip([p for _ in range(repeated) for p in before_all], units, strict=True):
        placed.setdefault(unit, []).append(position)
    around = [*before_all, (-1000,) * len(before.sizes), (1000,) * len(before.sizes)]  # what moves, moves out of all
    if before.bounded or len({before.virtual(position) for position in around}) > 1:
        return made(before, sizes, lambda unit: placed.get(unit, []), bounded=True, **more)
    return made(before, sizes, lambda unit: placed.get(unit, before_all), **more)


def attention(before: Layer, fields: dict[str, Any]) -> Layer:
    """Windows (shifted ones end at the borders of the map), or a grid."""
    if "window" in fields:
        width, shift = fields["window"], fields.get("shift", 0)

        def read(place: int, size: int) -> list[int]:
            moved = shift if size > width else 0
            block = (place - moved) // width
            return list(range(block * width + moved, (block + 1) * width + moved))

        taps = [read] * len(before.sizes)
    else:

        def read_grid(place: int, size: int) -> list[int]:
            step = size // fields["grid"]
            return [other for other in range(size) if (other - place) % step == 0]

        taps = [read_grid] * len(before.sizes)
    sizes = before.sizes
    return made(
        before, sizes, lambda unit: list(product(*(t(p, n) for t, p, n in zip(taps, unit, sizes, strict=True))))
    )


def single(before: Layer, kind: str, fields: Any) -> Layer:
    """One layer."""
    rank, sizes = len(before.sizes), before.sizes
    if kind == "conv":
        return window(before, fields)
    if kind in ("maxpool", "avgpool"):
        return window(before, fields, fields["kernel"])
    if kind == "transposed_conv":
        return transposed(before, fields)
    if kind in ("upsample", "pixel_shuffle"):
        factors = fields if isinstance(fields, list) else [fields] * rank
        grown = tuple(size * factor for size, factor in zip(sizes, factors, strict=True))
        fewer = before.channels // factors[0] ** rank if kind == "pixel_shuffle" else before.channels
        return made(
            before, grown, lambda unit: [tuple(p // f for p, f in zip(unit, factors, strict=True))], channels=fewer
        )
    if kind == "crop":
        offsets = [(size - wanted) // 2 for size, wanted in zip(sizes, fields, strict=True)]
        return made(before, tuple(fields), lambda unit: [tuple(p + o for p, o in zip(unit, offsets, strict=True))])
    if kind == "pad":
        padded = tuple(begin + size + end for size, (begin, end) in zip(sizes, fields, strict=True))
        return made(before, padded, lambda unit: [tuple(p - b for p, (b, _) in zip(unit, fields, strict=True))])
    if kind == "adaptive_avgpool":

        def portion(place: int, size: int, count: int) -> range:
            if count == 1:
                return range(size)
            return range(place * size // count, -(-(place + 1) * size // count))

        return made(
            before,
            tuple(fields),
            lambda u: list(product(*(portion(*three) for three in zip(u, sizes, fields, strict=True)))),
        )
    if kind == "global_avgpool":
        return everything(before, (1,) * rank)
    if kind == "instancenorm":
        return everything(before, sizes)
    if kind == "linear":
        return everything(before, (fields,), vector=True) if before.vector else before
    if kind == "local_contrast_norm":
        fields = {"kernel": fields["size"], "pad": "same"}
        return window(window(before, fields), fields)
    if kind in ("flatten", "tokens", "reshape", "permute"):
        return views(before, kind, fields)
    if kind == "attention":
        return attention(before, fields) if len(fields) > 1 else everything(before, sizes)
    if kind == "class_token":
        return made(before, (sizes[0] + 1, *sizes[1:]), lambda u: [(u[0] - 1, *u[1:])] if u[0] else [], bounded=True)
    if kind == "take":
        place = 0 if fields == "first" else sizes[0] - 1
        return made(before, (before.channels,), lambda unit: [(place,)], bounded=False, vector=True)
    assert kind in ("relu", "batchnorm", "channels_last", "channels_first"), kind
    return made(before, sizes, lambda unit: [unit], origin=before.origin)


def joined(kind: str, ends: list[Layer], axis: int | None) -> Layer:
    """Branches with all of their channels side by side, or one behind the other along an axis."""
    first = ends[0]
    channels = sum(end.channels for end in ends) if kind == "concat" and axis is None else first.channels
    if axis:
        at = axis - 1
        sizes = tuple(sum(e.sizes[k] for e in ends) if k == at else size for k, size in enumerate(first.sizes))
        exact: dict[Unit, Pixels] = {}
        virtual: dict[Unit, Pixels] = {}
        start = 0
        for end in ends:
            for unit in end.exact:
                moved = tuple(p + start * (k == at) for k, p in enumerate(unit))
                exact[moved], virtual[moved] = end.exact[unit], end.virtual(unit)
            start += end.sizes[at]
        return Layer(sizes, exact, lambda unit: virtual.get(unit, NOTHING), True, channels)
    sizes = tuple(max(lengths) for lengths in zip(*(end.sizes for end in ends), strict=True))
    stretched = []
    for end in ends:
        fixed = [kind == "multiply" and a != b for a, b in zip(end.sizes, sizes, strict=True)]

        def taps(unit: Unit, fixed: list[bool] = fixed) -> list[Unit]:
            return [tuple(0 if stays else p for p, stays in zip(unit, fixed, strict=True))]

        stretched.append(made(end, sizes, taps))
    together = {unit: NOTHING.union(*(end.exact[unit] for end in stretched)) for unit in units_of(sizes)}
    bounded = any(end.bounded for end in ends)

    def united(unit: Unit) -> Pixels:
        if bounded and unit not in together:
            return NOTHING
        return NOTHING.union(*(end.virtual(unit) for end in stretched))

    return Layer(sizes, together, united, bounded, channels, ends=tuple(ends))


Entry = Any


def simulated(chain: list[Entry], before: Layer) -> tuple[list[Layer], Layer]:
    """Every layer of a chain in the order of archcalc's nodes, and the one that it ends with."""
    layers: list[Layer] = []
    for entry in chain:
        if isinstance(entry, str):
            before = single(before, entry, {})
        else:
            kind, fields = next(iter(entry.items()))
            if kind in ("add", "concat", "multiply"):
                ends = []
                for branch in fields.values():
                    inner, end = simulated([] if branch == "identity" else branch, before)
                    layers += inner
                    ends.append(end)
                before = joined(kind, ends, entry.get("axis"))
            else:
                before = single(before, kind, fields)
        layers.append(before)
    return layers, before


def one_path(chain: list[Entry]) -> list[list[Entry]]:
    """The chain once for each path: at every join one of its branches, which alone is passed."""
    paths: list[list[Entry]] = [[]]
    for entry in chain:
        kind, fields = next(iter(entry.items())) if isinstance(entry, dict) else (entry, {})
        if kind in ("add", "concat"):
            options = [
                path for branch in fields.values() for path in ([[]] if branch == "identity" else one_path(branch))
            ]
            paths = [path + option for path in paths for option in options]
        else:
            paths = [[*path, entry] for path in paths]
    return paths


# Random networks


class Maker:
    """Random chains of layers whose shapes fit."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.rank = self.random.choice((1, 2, 2))
        self.sizes = [self.random.randint(5, 12 if self.rank == 1 else 9) for _ in range(self.rank)]

    def each(self, low: int, high: int) -> list[int]:
        return [self.random.randint(low, high) for _ in range(self.rank)]

    def pad(self, limit: int = 2) -> list[list[int]]:
        return [[self.random.randint(0, limit), self.random.randint(0, limit)] for _ in range(self.rank)]

    def layer(self, before: Layer) -> list[Entry]:
        """One layer, or a few that belong together."""
        kind = self.random.choice(
            ("conv", "conv", "conv", "maxpool", "ceil", "same", "dilated", "transposed", "upsample", "shuffle", "relu",
             "crop", "pad", "adaptive", "gate", "windows", "grid", "norm", "contrast", "permute", "back")
        )  # fmt: skip
        if kind == "conv":
            fields = {"filters": 1, "kernel": self.each(1, 4), "stride": self.each(1, 2), "pad": self.pad()}
            return [{"conv": fields}]
        if kind == "dilated":
            return [
                {"conv": {"filters": 1, "kernel": self.each(1, 3), "dilation": self.each(1, 3), "pad": self.pad(3)}}
            ]
        if kind == "same":
            return [{"conv": {"filters": 1, "kernel": self.each(1, 4), "stride": self.each(1, 3), "pad": "same"}}]
        if kind in ("maxpool", "ceil"):
            rounding = "ceil" if kind == "ceil" else "floor"
            kernel = self.each(1, 3)
            pad = [[self.random.randint(0, k // 2)] * 2 for k in kernel]
            return [{"maxpool": {"kernel": kernel, "stride": self.each(1, 3), "pad": pad, "round": rounding}}]
        if kind == "transposed":
            stride = self.each(1, 3)
            fields = {"filters": 1, "kernel": self.each(1, 4), "stride": stride, "dilation": self.each(1, 2)}
            fields["pad"] = self.pad(1)
            fields["output_pad"] = [self.random.randint(0, s - 1) for s in stride]
            return [{"transposed_conv": fields}]
        if kind == "upsample":
            return [{"upsample": self.each(1, 3)}]
        if kind == "shuffle":
            return [{"conv": {"filters": 2**self.rank, "kernel": self.each(1, 2)}}, {"pixel_shuffle": 2}]
        if kind == "crop":
            return [{"crop": [self.random.randint(max(1, size - 2), size) for size in before.sizes]}]
        if kind == "pad":
            return [{"pad": self.pad()}]
        if kind == "adaptive":
            return [{"adaptive_avgpool": [self.random.randint(1, size) for size in before.sizes]}]
        if kind == "gate":
            return (
                [{"multiply": {"main": "identity", "gate": ["global_avgpool"]}}] if self.random.random() < 0.3 else []
            )
        if kind == "norm":
            return ["instancenorm"] if self.random.random() < 0.3 else []
        if kind == "contrast":
            return [{"local_contrast_norm": {"size": self.each(1, 3)}}]
        if kind == "permute":
            return [{"permute": {"axes": [0, *self.random.sample(range(1, self.rank + 1), self.rank)]}}]
        if kind == "back":  # in one row or in groups of rows, and back again
            aside = self.random.choice((["tokens", "relu"], [{"reshape": {"size": [1, prod(before.sizes)]}}]))
            return [*aside, {"reshape": {"size": [1, *before.sizes]}}]
        if kind == "windows":
            width = self.random.randint(2, 3)
            fields = {"heads": 1, "window": width, "shift": self.random.randint(0, width - 1)}
            return ["channels_last", {"attention": fields}, "channels_first"]
        if kind == "grid":
            common = [g for g in (2, 3) if all(size % g == 0 for size in before.sizes)]
            return ["channels_last", {"attention": {"heads": 1, "grid": common[0]}}, "channels_first"] if common else []
        return ["relu"]

    def chain(self, before: Layer, length: int, depth: int) -> tuple[list[Entry], Layer]:
        """A chain of about so many layers; joins at most `depth` inside each other."""
        chain: list[Entry] = []
        while length > 0:
            length -= 1
            added = self.join(before, depth) if depth and self.random.random() < 0.3 else self.layer(before)
            layers, after = simulated(added, before)
            possible = all(min(layer.sizes) >= 1 and max(layer.sizes) <= 40 for layer in layers)
            if not possible or after.channels != 1 or not self.accepted(added, before):
                continue
            chain += added
            before = after
        return chain, before

    def accepted(self, added: list[Entry], before: Layer) -> bool:
        """Whether archcalc takes it: kernels that are larger than the input are refused."""
        try:
            ac.analyze({"input": [1, *before.sizes], "layers": added or ["relu"]})
        except ac.SpecError:
            return False
        return True

    def join(self, before: Layer, depth: int) -> list[Entry]:
        """Two or three branches, cut to the same size."""
        branches, ends = [], []
        for _ in range(self.random.choice((2, 2, 3))):
            branch, end = self.chain(before, self.random.choice((0, 1, 1, 2)), depth - 1)
            branches.append(branch)
            ends.append(end)
        sizes = [min(lengths) for lengths in zip(*(end.sizes for end in ends), strict=True)]
        for branch, end in zip(branches, ends, strict=True):
            if list(end.sizes) != sizes:
                branch.append({"crop": sizes})
        return [{"add": {f"b{number}": branch or "identity" for number, branch in enumerate(branches)}}]

    def ending(self, before: Layer) -> list[Entry]:
        """Sometimes layers that give up the map."""
        choice = self.random.randint(0, 7)
        if choice == 0:
            return ["flatten", "relu", {"linear": 2}, "relu"]
        if choice == 1:
            return ["global_avgpool", "flatten", {"linear": 2}]
        if choice == 2:
            return [
                "tokens",
                "class_token",
                {"add": {"main": [{"attention": {"heads": 1}}], "skip": "identity"}},
                {"take": "first"},
            ]
        if choice == 3:
            return ["tokens", {"take": self.random.choice(("first", "last"))}, {"linear": 2}]
        if choice == 4 and self.rank == 2:
            h, w = before.sizes
            kernel = {"filters": 1, "kernel": [min(2, w), min(3, h)], "pad": [[1, 0], [0, 1]]}
            return [{"reshape": {"size": [1, w, h]}}, {"conv": kernel}, {"maxpool": {"kernel": 1, "stride": 2}}]
        if choice == 5 and self.rank == 2:
            return [{"concat": {"a": "identity", "b": [{"conv": {"filters": 1, "kernel": 1}}]}, "axis": 1}, "relu"]
        return []


def network(seed: int) -> tuple[list[int], list[Entry], list[Layer]]:
    """A random input, chain, and its simulation."""
    maker = Maker(seed)
    start = at_input(tuple(maker.sizes))
    chain, end = maker.chain(start, maker.random.randint(1, 5), 2)
    chain += maker.ending(end)
    chain = chain or ["relu"]
    layers, _ = simulated(chain, start)
    return maker.sizes, chain, layers


# The comparison


def hull(pixels: Pixels) -> tuple[tuple[int, int], ...] | None:
    return tuple((min(along), max(along)) for along in zip(*pixels, strict=True)) if pixels else None


def some_units(layer: Layer, rng: random.Random, most: int = 12) -> list[Unit]:
    units = list(layer.exact)
    corners = [units[0], units[-1]]
    return units if len(units) <= most else corners + rng.sample(units, most - 2)


def compare(seed: int) -> None:
    sizes, chain, layers = network(seed)
    report = ac.analyze({"input": [1, *sizes], "layers": chain})
    fields, rng = Fields(report), random.Random(seed)
    assert len(layers) == len(report.layers)
    told = f"seed {seed}: {sizes} {chain}"
    pixel = tuple(rng.randrange(size) for size in sizes)
    seeing = fields.seeing(pixel)
    by_path = {found.layer.path: found for found in seeing}
    for layer, ours in zip(layers, report.layers, strict=True):
        what = f"{told}: {ours.path}"
        seen_at_all = any(layer.virtual(unit) for unit in layer.exact)
        number = ours.node.number
        if not seen_at_all:
            assert number not in fields._walk.stages or {along.size for along in fields[ours.path].axes} == {0}, what
            continue
        for unit in some_units(layer, rng):
            seen = fields.seen(ours.path, unit)
            assert seen.before == hull(layer.virtual(unit)), (what, unit)
            assert frozenset(elements(fields._traced(number, unit))) == layer.exact[unit], (what, unit)
            assert seen.pixels == len(layer.exact[unit]), (what, unit)
            along = tuple(tuple(sorted({p[k] for p in layer.exact[unit]})) for k in range(len(sizes)))
            assert seen.after == along, (what, unit)
        compare_row(fields[ours.path], layer, what, sizes)
        theirs = {unit for unit, pixels in layer.exact.items() if pixel in pixels}
        assert by_path[ours.path].count == len(theirs), what
        assert by_path[ours.path].units == tuple(
            tuple(sorted({unit[k] for unit in theirs})) for k in range(len(layer.sizes))
        ), what


def compare_row(field: Any, layer: Layer, what: str, sizes: list[int]) -> None:
    boxes = {unit: hull(layer.virtual(unit)) for unit in layer.exact}
    every = set().union(*(layer.virtual(unit) for unit in layer.exact))
    first, last = next(iter(boxes.values())), list(boxes.values())[-1]
    if field.scattered:
        first = last = hull(frozenset(every))
    whole = all(len(pixels) == len(list(units_of(tuple(sizes)))) for pixels in layer.exact.values())
    assert not field.whole or whole, what
    for axis, along in enumerate(field.axes):
        found = [box[axis] for box in boxes.values() if box is not None]
        if field.scattered:
            assert along.size == first[axis][1] - first[axis][0] + 1, what
        else:
            assert along.size == max(b - a + 1 for a, b in found), (what, axis)
        assert along.before == (None if first is None else -first[axis][0]), what
        assert along.after == (None if last is None else last[axis][1] - sizes[axis] + 1), what
        if not field.scattered:
            assert along.centre == (None if first is None else Fraction(sum(first[axis]), 2)), what


def compare_paths(seed: int) -> bool:
    """The smallest and the largest path at the end of a chain; whether all paths move by whole pixels."""
    maker = Maker(seed)
    start = at_input(tuple(maker.sizes))
    chain, end = maker.chain(start, maker.random.randint(2, 5), 2)
    paths = one_path(chain)
    if not 1 < len(paths) <= 200 or "multiply" in str(chain):
        return False
    fields = Fields(ac.analyze({"input": [1, *maker.sizes], "layers": chain}))
    stage = fields.layers[-1].stage
    if any(strand.has_gaps for strand in stage.strands):
        return False
    strands = [strand for passed in fields._walk.stages.values() for strand in passed.strands]
    is_whole = all(track.period == 1 for strand in strands for track in strand.tracks)
    ends = [simulated(path, start)[1] for path in paths]
    for axis, along in enumerate(fields.layers[-1].axes):
        widths = set()
        for path in ends:
            boxes = [box for unit in units_of(end.sizes) if (box := hull(path.virtual(unit))) is not None]
            widths.add(max((box[axis][1] - box[axis][0] + 1 for box in boxes), default=0))
        told = f"seed {seed}: {maker.sizes} {chain}"
        assert {along.smallest, along.largest} <= widths, told
        if is_whole:
            assert (along.smallest, along.largest) == (min(widths), max(widths)), told
        assert along.largest <= along.size, told
    return is_whole


def compare_merges(seed: int) -> int:
    """Whether branches are aligned, at every join whose branches have one jump each; how many joins were compared."""
    sizes, chain, layers = network(seed)
    report = ac.analyze({"input": [1, *sizes], "layers": chain})
    fields = Fields(report)
    stages, count = fields._walk.stages, 0
    for layer, ours in zip(layers, report.layers, strict=True):
        before = [stages.get(number) for number in ours.node.inputs]
        if not layer.ends or any(
            stage is None or stage.scattered or len(stage.strands) != 1 or stage.strands[0].has_gaps for stage in before
        ):
            continue
        count += 1
        near = range(-3, 25)
        around = [*((place,) * len(sizes) for place in near), *((place, 9 - place)[: len(sizes)] for place in near)]
        around.append((FAR,) * len(sizes))
        centres = [[[sum(side) for side in hull(end.virtual(unit)) or ()] for unit in around] for end in layer.ends]
        moving = [name for name, found in enumerate(centres) if found[3] != found[-1]]
        expected = {
            (f"b{name}", axis)
            for name in moving[1:]
            for axis in range(len(sizes))
            if any(a[axis] != b[axis] for a, b in zip(centres[moving[0]], centres[name], strict=True))
        }
        found = {(one.second, one.axis) for one in fields[ours.path].misaligned}
        assert found == expected, f"seed {seed}: {sizes} {chain}: {ours.path}"
    return count


@pytest.mark.parametrize("start", range(0, 60, 15))
def test_random_networks_see_what_their_taps_see(start: int) -> None:
    for seed in range(start, start + 15):
        compare(seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("start", range(1000, 11000, 250))
def test_thousands_of_random_networks_see_what_their_taps_see(start: int) -> None:
    for seed in range(start, start + 250):
        compare(seed)


def test_smallest_and_largest_paths_are_those_of_all_paths() -> None:
    assert sum(compare_paths(seed) for seed in range(50)) > 3


@pytest.mark.exhaustive
@pytest.mark.parametrize("start", range(1000, 11000, 1000))
def test_smallest_and_largest_paths_of_thousands(start: int) -> None:
    assert sum(compare_paths(seed) for seed in range(start, start + 1000)) > 100


def test_branches_are_aligned_where_the_centres_of_all_units_agree() -> None:
    assert sum(compare_merges(seed) for seed in range(50)) > 15


@pytest.mark.exhaustive
@pytest.mark.parametrize("start", range(1000, 11000, 1000))
def test_branches_of_thousands_are_aligned_where_centres_agree(start: int) -> None:
    assert sum(compare_merges(seed) for seed in range(start, start + 1000)) > 300
