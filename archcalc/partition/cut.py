"""The best cut of a chain of layers into stages, found exactly by dynamic programming.

Source: Narayanan et al. 2019, PipeDream, SOSP, sec. 3.1, for stages of layers in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

SEARCHED = 16  # halvings of the interval in which a good bound is looked for


class Storage(NamedTuple):
    """Memory that is kept for the backward pass: the place of the layer that makes it, and its bits."""

    home: int  # -1 for the network's input
    fixed: int  # of a micro-batch
    per_image: int


class Weights(NamedTuple):
    """What the layers cost, in whole numbers.

    A stage k costs fixed + moved * received; by memory its parameters, and `kept[k]` times what it keeps of an
    image with `turns[k]` times what it keeps of a micro-batch. `held` are the bits of parameters with their gradients
    and state. What is kept follows from `keeps`, the storages that each layer keeps, and `stored`, the storage of each
    layer's output; or, where that is not known, is `flight` and all that is received.
    """

    fixed: list[int]
    moved: int
    by_memory: bool
    held: list[int]
    flight: list[int]
    sizes: list[int]  # bits of each layer's output
    sources: list[tuple[int, ...]]
    kept: tuple[int, ...]
    turns: tuple[int, ...]
    limit: int | None
    storages: list[Storage]
    keeps: list[tuple[int, ...]]  # empty where it is not known what is kept
    stored: list[int]
    inputs: list[tuple[int, ...]]  # storages of the network's inputs that each layer reads itself


class Cut(NamedTuple):
    """Where stages begin, the cost of the largest one, and the bits that cross."""

    starts: tuple[int, ...]
    cost: int
    crossing: int


def cut(weights: Weights, stages: int) -> Cut | None:
    """The stages whose largest one costs least, and among those the ones that send least; None if none fits.

    Dynamic programming over the layers in their order: the best of the first j layers in k stages is the best of the
    first i in k - 1, with a stage from i to j behind it. A tensor counts once for each stage that reads it.
    """
    if weights.limit is not None:
        free = cut(weights._replace(limit=None), stages)
        if free is not None and _fits(weights, free):
            return free
    count = len(weights.fixed)
    bound = _some(weights, stages)
    best: list[list[Any]] = [[None] * (count + 1) for _ in range(stages + 1)]
    best[0][0] = 0
    for k, start, stop, cost, _ in _stages(weights, stages, bound, best):
        largest = max(best[k][start], cost)
        known = best[k + 1][stop]
        if known is None or largest < known:
            best[k + 1][stop] = largest
    least = best[stages][count]
    return None if least is None else _sparest(weights, stages, least)


def _sparest(weights: Weights, stages: int, bound: int) -> Cut:
    """Of the cuts whose stages cost no more than the bound the one that sends least, the earliest of equal ones."""
    count = len(weights.fixed)
    least: list[list[Any]] = [[None] * (count + 1) for _ in range(stages + 1)]
    came = [[0] * (count + 1) for _ in range(stages + 1)]
    least[0][0] = 0
    for k, start, stop, _, received in _stages(weights, stages, bound, least):
        sent = least[k][start] + received
        known = least[k + 1][stop]
        if known is None or sent < known:
            least[k + 1][stop] = sent
            came[k + 1][stop] = start
    starts, stop = [], count
    for k in range(stages, 0, -1):
        stop = came[k][stop]
        starts.append(stop)
    return Cut(tuple(reversed(starts)), bound, least[stages][count])


def _stages(
    weights: Weights, stages: int, bound: int | None, found: Sequence[Sequence[Any]]
) -> Iterator[tuple[int, int, int, int, int]]:
    """Each stage that may be part of a cut: its number, start and stop, what it costs, and the bits it receives.

    `found[k][i]` is None where no stages so far end at i; it is filled while the starts go forward.
    """
    earliest = _earliest(weights, stages, bound)
    for start in range(len(weights.fixed)):
        ready = [k for k in range(stages) if found[k][start] is not None and start >= earliest[k]]
        if not ready:
            continue
        nearest = earliest[ready[0] + 1]
        for stop, costs, received in _from(weights, start, ready, bound):
            if stop >= nearest:
                for k, cost in costs:
                    yield k, start, stop, cost, received


def _from(
    weights: Weights, start: int, ready: Sequence[int], bound: int | None
) -> Iterator[tuple[int, list[tuple[int, int]], int]]:
    """Where a stage from `start` may stop: its costs as each of the ready stages that can bear it, the bits received.

    What it does and keeps alone only grows with it, and ends the search for a stage where it exceeds the bound.
    """
    fixed = held = 0
    keeping = Kept(weights, start)
    limit, by_memory = weights.limit, weights.by_memory
    needs_memory = by_memory or limit is not None
    ready = list(ready)
    for place in range(start, len(weights.fixed)):
        fixed += weights.fixed[place]
        held += weights.held[place]
        keeping.add(place, needs_memory)
        own = keeping.per_image * by_memory
        if bound is not None:
            ready = [k for k in ready if fixed + weights.kept[k] * own <= bound]
        if limit is not None:
            ready = [k for k in ready if held + weights.kept[k] * keeping.per_image <= limit]
        if not ready:
            return
        cost = fixed + weights.moved * keeping.received
        if not needs_memory:
            costs = [(k, cost) for k in ready] if bound is None or cost <= bound else []
        else:
            costs = []
            for k in ready:
                flying = weights.kept[k] * (keeping.per_image + keeping.passing) + weights.turns[k] * keeping.fixed
                whole = cost + flying * by_memory
                if (bound is None or whole <= bound) and (limit is None or held + flying <= limit):
                    costs.append((k, whole))
        yield place + 1, costs, keeping.received


def _earliest(weights: Weights, stages: int, bound: int | None) -> list[int]:
    """Where each stage begins at the earliest, so that it and those behind it can bear all layers from there on.

    From the last stage back each one takes as many layers as the least that they can cost allows: fixed costs and, of
    what is kept, each storage once, by the least that can be of it. At the end stands the number of layers.
    """
    least = [storage.per_image if storage.home >= 0 else 0 for storage in weights.storages]
    for place, number in enumerate(weights.stored):
        if number >= 0:
            least[number] = min(least[number], weights.sizes[place])
    starts = [len(weights.fixed)]
    for kept in reversed(weights.kept[:stages]):
        fixed = held = flight = 0
        seen: set[int] = set()
        start = starts[-1]
        while start > 0:
            place = start - 1
            fixed += weights.fixed[place]
            held += weights.held[place]
            flight += weights.flight[place]
            for number in weights.keeps[place] if weights.keeps else ():
                if number not in seen:
                    seen.add(number)
                    flight += least[number]
            if bound is not None and fixed + kept * flight * weights.by_memory > bound:
                break
            if weights.limit is not None and held + kept * flight > weights.limit:
                break
            start = place
        starts.append(start)
    return starts[::-1]


class Kept:
    """What a growing stage receives and keeps, in bits of one image."""

    def __init__(self, weights: Weights, start: int) -> None:
        self.weights = weights
        self.start = start
        self.received = 0
        self.per_image = 0  # kept; it only grows
        self.passing = 0  # counted too where it is not known what is kept
        self.fixed = 0  # of a micro-batch
        self.tensors: set[int] = set()
        self.storages: set[int] = set()
        self.loaded: set[int] = set()  # inputs of the network that the stage reads itself
        self.waiting: dict[int, int] = {}  # by storage, bits that were received and that no layer has kept yet

    def add(self, stop: int, needs_memory: bool) -> None:
        """Add the next layer."""
        weights = self.weights
        for source in weights.sources[stop]:
            if source < self.start and source not in self.tensors:
                self.tensors.add(source)
                self.received += weights.sizes[source]
                if weights.keeps:
                    self.get(weights.stored[source], weights.sizes[source])
                else:
                    self.passing += weights.sizes[source]
        if not needs_memory:
            return
        self.per_image += weights.flight[stop]
        if not weights.keeps:
            return
        for number in weights.inputs[stop]:
            if number not in self.loaded:
                self.loaded.add(number)
                if number in self.storages:
                    self.make(number)
        for number in weights.keeps[stop]:
            if number not in self.storages:
                self.storages.add(number)
                self.keep(number)

    def get(self, storage: int, bits: int) -> None:
        """Receive a tensor: it is kept if its storage is."""
        if storage in self.storages:
            self.per_image += bits
        else:
            self.waiting[storage] = self.waiting.get(storage, 0) + bits

    def keep(self, number: int) -> None:
        """Keep a storage: its own, or what was received of another stage's."""
        if self.weights.storages[number].home >= self.start or number in self.loaded:
            self.make(number)
        self.per_image += self.waiting.pop(number, 0)

    def make(self, number: int) -> None:
        """Keep a storage of its own."""
        self.per_image += self.weights.storages[number].per_image
        self.fixed += self.weights.storages[number].fixed


def _fits(weights: Weights, found: Cut) -> bool:
    """Whether every stage of a cut keeps to the limit."""
    stops = (*found.starts[1:], len(weights.fixed))
    return all(
        any(at == stop and costs for at, costs, _ in _from(weights, start, [k], None))
        for k, (start, stop) in enumerate(zip(found.starts, stops, strict=True))
    )


def _some(weights: Weights, stages: int) -> int | None:
    """The cost of some cut, as a bound, found by filling stage after stage; None where that finds none."""
    kept = {number for numbers in weights.keeps for number in numbers}
    flight = sum(weights.flight) + sum(weights.storages[number].per_image for number in kept)
    low, high = 0, sum(weights.fixed) + weights.moved * sum(weights.sizes)
    high += max(weights.kept) * (flight + sum(weights.sizes)) * weights.by_memory
    best = _filled(weights, stages, high)
    for _ in range(SEARCHED if best is not None else 0):
        middle = (low + high) // 2
        found = _filled(weights, stages, middle)
        if found is None:
            low = middle
        else:
            best, high = found, min(found, middle)
    return best


def _filled(weights: Weights, stages: int, budget: int) -> int | None:
    """The largest stage, where each reaches as far as its cost keeps to the budget; None if that ends too early."""
    count = len(weights.fixed)
    start = largest = 0
    for k in range(stages):
        last = count - (stages - 1 - k)  # every stage behind it needs a layer
        stop, reached = start, 0
        for at, costs, _ in _from(weights, start, [k], budget):
            if at > last:
                break
            if costs and (k < stages - 1 or at == count):
                stop, reached = at, costs[0][1]
        if stop == start:
            return None
        start, largest = stop, max(largest, reached)
    return largest if start == count else None
