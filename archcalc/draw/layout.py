"""Where boxes stand and edges run: levels are laid out from the inside out, each in ranks, one below the other.

Source: Sugiyama, Tagawa & Toda 1981, Methods for visual understanding of hierarchical system structures, IEEE
Trans. SMC 11(2): ranks by the longest path, the order within ranks by barycentres. The places in a rank are the least
squares of what is wished, in order and with gaps between: isotonic regression, Barlow et al. 1972.

An edge leaves a level through a port in its border. Edges from one box share ports and turns, so that a fork is one
line for as long as it can be.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..errors import UsageError

GAP = 14.0  # between boxes side by side
RANK_GAP = 30.0  # between ranks: room for the shapes on the edges
PADDING = 10.0  # between a frame and what it holds
TITLE = 26.0  # of a frame, above what it holds
MAX_TURNS = 100_000
SWEEPS = 8

Key = tuple[int, str]  # what an edge carries: the box that it comes from, and the shape


class Item(NamedTuple):
    """What is to be placed: a box of this size, or a frame around others that is at least so wide."""

    number: int
    width: float
    height: float = 0.0
    children: tuple[Item, ...] = ()
    room: float = 0.0  # the width that is kept free for it and what is written beside its edges

    def numbers(self) -> Iterator[int]:
        """The boxes that it is or holds."""
        if not self.children:
            yield self.number
        for child in self.children:
            yield from child.numbers()


class Link(NamedTuple):
    """An edge from box to box."""

    source: int
    target: int
    shape: str = ""

    @property
    def key(self) -> Key:
        """What it carries."""
        return self.source, self.shape


class Place(NamedTuple):
    """An item, its top left corner and its size."""

    item: Item
    x: float
    y: float
    width: float
    height: float


class Segment(NamedTuple):
    """A part of an edge: down to `bend`, then in a curve; whether it ends at a box."""

    key: Key
    x0: float
    y0: float
    bend: float
    x1: float
    y1: float
    starts: bool
    ends: bool


class Layout(NamedTuple):
    """A placed picture, frames before what they hold."""

    width: float
    height: float
    places: tuple[Place, ...]
    segments: tuple[Segment, ...]


def arrange(items: Sequence[Item], links: Iterable[Link]) -> Layout:
    """Place boxes and edges; links go from earlier items to later ones. Raises UsageError where edges are too long.

    >>> made = arrange([Item(0, 80, 30), Item(1, 60, 30)], [Link(0, 1)])
    >>> [(place.x, place.y) for place in made.places]
    [(10.0, 10.0), (20.0, 70.0)]
    """
    root = _Frame(Item(-1, 0, 0, tuple(items)), tuple(links), PADDING)
    places: list[Place] = []
    segments: list[Segment] = []
    root.collect(0.0, 0.0, places, segments)
    return Layout(root.width, root.height, tuple(places[1:]), tuple(segments))


class _Vertex:
    """What stands in a rank: a port or the turn of a long edge, which are points; or a box."""

    weight = 1.0

    def __init__(self, wish: float) -> None:
        self.wish = wish  # where it stands in the order of the network
        self.rank = 0
        self.number = 0  # within the rank
        self.x = 0.0  # of its middle
        self.above: list[tuple[_Vertex, Key]] = []
        self.below: list[tuple[_Vertex, Key]] = []
        self.width = self.height = self.room = 0.0

    def joint(self, key: Key, is_top: bool) -> float:
        """How far from its middle an edge meets it."""
        return 0.0

    def collect(self, x: float, y: float, places: list[Place], segments: list[Segment]) -> None:
        """Its place, and all that is inside it."""


class _Box(_Vertex):
    """A box without others in it."""

    weight = 8.0  # boxes stand straight below each other, and long edges give way

    def __init__(self, item: Item, wish: float = 0.0) -> None:
        super().__init__(wish)
        self.item = item
        self.width, self.height, self.room = item.width, item.height, item.room

    def collect(self, x: float, y: float, places: list[Place], segments: list[Segment]) -> None:
        places.append(Place(self.item, x, y, self.width, self.height))


class _Frame(_Box):
    """A level: what it holds in ranks, ports in its borders."""

    def __init__(self, item: Item, links: Sequence[Link], head: float, wish: float = 0.0) -> None:
        super().__init__(item, wish)
        self.entries: dict[Key, _Vertex] = {}
        self.exits: dict[Key, _Vertex] = {}
        self.ranks: list[list[_Vertex]] = []
        self.tops: list[float] = []
        self.bottoms: list[float] = []
        self.fill(links)
        self.order()
        self.place(head)

    def fill(self, links: Sequence[Link]) -> None:
        """Its boxes and the edges between them, in ranks."""
        home = {number: child for child, item in enumerate(self.item.children) for number in item.numbers()}
        own: list[list[Link]] = [[] for _ in self.item.children]
        for link in links:
            for child in {home.get(link.source), home.get(link.target)}:
                if child is not None:
                    own[child].append(link)
        boxes: list[_Vertex] = [
            _Frame(item, own[number], TITLE, number) if item.children else _Box(item, number)
            for number, item in enumerate(self.item.children)
        ]
        edges: dict[tuple[_Vertex, _Vertex, Key], None] = {}
        for link in links:
            source, target = home.get(link.source), home.get(link.target)
            if source == target:
                continue
            above = self.port(self.entries, link.key, target) if source is None else boxes[source]
            below = self.port(self.exits, link.key, source) if target is None else boxes[target]
            edges[above, below, link.key] = None
        for above, below, key in edges:
            _join(above, below, key)
        self.stack(boxes)

    def port(self, ports: dict[Key, _Vertex], key: Key, inside: int | None) -> _Vertex:
        return ports.setdefault(key, _Vertex(float(inside or 0)))

    def stack(self, boxes: Sequence[_Vertex]) -> None:
        """Ranks by the longest path, ports in the borders, turns where an edge passes a rank."""
        for box in boxes:  # in the order of the network: what is above has its rank
            box.rank = max((above.rank for above, _ in box.above), default=0) + 1
        last = max(box.rank for box in boxes) + 1
        for port in self.exits.values():
            port.rank = last
        self.ranks = [[] for _ in range(last + 1)]
        turns = 0
        for vertex in (*self.entries.values(), *boxes, *self.exits.values()):
            self.ranks[vertex.rank].append(vertex)
            turns += self.turn(vertex)
            if turns > MAX_TURNS:
                raise UsageError("edges pass too many layers to be drawn; a depth (--depth 2) draws fewer boxes")
        for rank in self.ranks:
            rank.sort(key=lambda vertex: vertex.wish)
            _count(rank)

    def turn(self, vertex: _Vertex) -> int:
        """Put turns into the long edges below a vertex; how many."""
        edges, vertex.below = vertex.below, []
        turns: dict[tuple[Key, int], _Vertex] = {}
        for below, key in edges:
            below.above.remove((vertex, key))
            before = vertex
            for rank in range(vertex.rank + 1, below.rank):
                turn = turns.get((key, rank))
                if turn is None:
                    turn = turns[key, rank] = _Vertex(below.wish - 0.5)
                    turn.rank = rank
                    self.ranks[rank].append(turn)
                    _join(before, turn, key)
                before = turn
            _join(before, below, key)
        return len(turns)

    def order(self) -> None:
        """The order of the network, unless edges cross less in another one."""
        best, least = [list(rank) for rank in self.ranks], self.crossings()
        for sweep in range(SWEEPS if least else 0):
            is_down = sweep % 2 == 0
            for rank in self.ranks if is_down else reversed(self.ranks):
                rank.sort(key=lambda vertex: _barycentre(vertex, vertex.above if is_down else vertex.below))
                _count(rank)
            crossings = self.crossings()
            if crossings < least:
                best, least = [list(rank) for rank in self.ranks], crossings
        self.ranks = best

    def crossings(self) -> int:
        """How many pairs of edges cross between neighbouring ranks."""
        total = 0
        for rank in self.ranks:
            ends: list[int] = []
            for vertex in rank:
                targets = [below.number for below, _ in vertex.below]
                total += sum(len(ends) - bisect_right(ends, target) for target in targets)
                for target in targets:
                    insort(ends, target)
        return total

    def place(self, head: float) -> None:
        """Middles near those of neighbours; a rank is as high as the highest in it."""
        for rank in self.ranks:
            _spread(rank, [0.0] * len(rank))
        for _ in range(3):
            for rank in self.ranks[1:]:
                _spread(rank, [_wished(vertex, above=True) for vertex in rank])
            for rank in reversed(self.ranks[:-1]):
                _spread(rank, [_wished(vertex, below=True) for vertex in rank])
        for rank in (*self.ranks, *reversed(self.ranks)):
            _spread(rank, [_wished(vertex, above=True, below=True) for vertex in rank])
        everything = [vertex for rank in self.ranks for vertex in rank]
        left = min(vertex.x - max(vertex.width, vertex.room) / 2 for vertex in everything)
        right = max(vertex.x + max(vertex.width, vertex.room) / 2 for vertex in everything)
        self.width = max(right - left + 2 * PADDING, self.item.width)
        for vertex in everything:
            vertex.x += self.width / 2 - (left + right) / 2
        y = head
        self.tops, self.bottoms = [0.0], [0.0]
        for rank in self.ranks[1:-1]:
            height = max(vertex.height for vertex in rank)
            self.tops.append(y)
            self.bottoms.append(y + height)
            y += height + RANK_GAP
        self.height = y - (0.0 if self.exits else RANK_GAP - PADDING)
        self.tops.append(self.height)
        self.bottoms.append(self.height)

    def joint(self, key: Key, is_top: bool) -> float:
        return (self.entries if is_top else self.exits)[key].x - self.width / 2

    def collect(self, x: float, y: float, places: list[Place], segments: list[Segment]) -> None:
        super().collect(x, y, places, segments)
        for rank, top, bottom in zip(self.ranks, self.tops, self.bottoms, strict=True):
            for vertex in rank:
                vertex.collect(x + vertex.x - vertex.width / 2, y + top, places, segments)
                for below, key in vertex.below:
                    start, stop = vertex.x + vertex.joint(key, False), below.x + below.joint(key, True)
                    y1 = y + self.tops[below.rank]
                    segments.append(
                        Segment(
                            key,
                            x + start,
                            y + top + vertex.height,
                            y + bottom,
                            x + stop,
                            y1,
                            _is_plain(vertex),
                            _is_plain(below),
                        )
                    )


def _is_plain(vertex: _Vertex) -> bool:
    return type(vertex) is _Box


def _join(above: _Vertex, below: _Vertex, key: Key) -> None:
    above.below.append((below, key))
    below.above.append((above, key))


def _count(rank: Sequence[_Vertex]) -> None:
    for number, vertex in enumerate(rank):
        vertex.number = number


def _barycentre(vertex: _Vertex, near: Sequence[tuple[_Vertex, Key]]) -> float:
    return sum(other.number for other, _ in near) / len(near) if near else float(vertex.number)


def _wished(vertex: _Vertex, above: bool = False, below: bool = False) -> float:
    """Where the edges of a vertex would be straight, on the mean; boxes weigh more than turns."""
    wishes = [
        (other.x + other.joint(key, False) - vertex.joint(key, True), other.weight)
        for other, key in vertex.above
        if above
    ]
    wishes += [
        (other.x + other.joint(key, True) - vertex.joint(key, False), other.weight)
        for other, key in vertex.below
        if below
    ]
    total = sum(weight for _, weight in wishes)
    return sum(x * weight for x, weight in wishes) / total if wishes else vertex.x


def _spread(rank: Sequence[_Vertex], wishes: Sequence[float]) -> None:
    """Give each vertex of a rank its wish, or what is next to it with gaps between: pools of adjacent violators."""
    offsets, offset, before = [], 0.0, None
    for vertex in rank:
        if before is not None:
            offset += (max(before.width, before.room) + max(vertex.width, vertex.room)) / 2 + GAP
        offsets.append(offset)
        before = vertex
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for vertex, wish, offset in zip(rank, wishes, offsets, strict=True):
        mean, weight, many = wish - offset, vertex.weight, 1
        while pools and pools[-1][0] > mean:
            other, heavy, more = pools.pop()
            mean, weight, many = (mean * weight + other * heavy) / (weight + heavy), weight + heavy, many + more
        pools.append((mean, weight, many))
    at = 0
    for mean, _, many in pools:
        for vertex, offset in zip(rank[at : at + many], offsets[at : at + many], strict=True):
            vertex.x = mean + offset
        at += many
