"""What a picture of a network shows: boxes within boxes, and the edges between them.

A box is a layer, or a level with its layers inside. Equal rounds of a repeat are one box, with their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from .. import dims
from ..errors import UsageError
from ..graph import Repeat
from ..naming import Level
from ..partition import Plan
from ..records import Record, record
from ..render.rows import Row, number_text, span
from ..report import LayerReport, Report
from ..shapes import Shape

MAX_BOXES = 5000
# Of devices, then from the first one again: Okabe & Ito 2008, Color universal design.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#4d4d4d")


@record
class Box(Record):
    """A layer, a level with boxes in it, or a level that is not opened; an input has no layers."""

    number: int  # of its first layer; of an input -1, -2, ...
    name: str  # none of a layer that is called after its kind, nor of several things that are repeated together
    caption: str = ""
    path: str = ""
    layers: tuple[LayerReport, ...] = ()
    children: tuple[Box, ...] = ()
    repeat: Any = 1  # how many equal copies it stands for
    devices: tuple[int, ...] = ()

    def walk(self) -> Iterator[Box]:
        """The boxes inside, each before what it holds."""
        for child in self.children:
            yield child
            yield from child.walk()

    @property
    def is_weighted(self) -> bool:
        """Whether it has parameters."""
        return any(dims.same(layer.parameters, 0) is not True for layer in self.layers)

    @property
    def head(self) -> str | None:
        """The side output that it belongs to."""
        return self.layers[0].head if self.layers else None

    @property
    def last(self) -> LayerReport:
        """The layer that makes its output; inputs have none."""
        return Row(self.path, self.layers).counted[-1]

    @property
    def output(self) -> Shape:
        """What it makes."""
        return self.last.output

    def quantity(self, name: str) -> Any:
        """A count of one of its copies; where rounds of a repeat by a symbol differ, of all of them."""
        if not dims.is_symbolic(self.repeat) or len(self.layers) == 1 or any(l.node.series for l in self.layers):
            return Row(self.path, self.layers).quantity(name)
        return dims.add_up(layer[name] * dims.ratio(layer.repeat, self.repeat) for layer in self.layers)


class Edge(NamedTuple):
    """A tensor that goes from one box without children to another one."""

    source: int
    target: int
    shape: str


@record
class Diagram(Record):
    """The boxes of a network in order, inputs first, and the edges between those that hold no others."""

    report: Report
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    plan: Plan | None = None
    costs: bool = False  # whether boxes say what they cost

    def walk(self) -> Iterator[Box]:
        """Every box, each before what it holds."""
        for box in self.boxes:
            yield box
            yield from box.walk()

    @property
    def devices(self) -> int:
        """Over how many devices it is partitioned; 0 where it is not."""
        return self.plan.devices if self.plan else 0

    def _repr_svg_(self) -> str:
        """For notebooks."""
        from .svg import svg

        return svg(self)

    def __repr__(self) -> str:
        return f"<Diagram of {self.report.name}: {sum(1 for _ in self.walk())} boxes>"

    def lines(self, box: Box) -> list[str]:
        """What is written in a box: its name, what it is, its costs, what it gets from other devices."""
        lines = [box.name, box.caption]
        if self.costs and box.layers:
            lines.append(_costs(box))
        if self.plan and box.layers:
            lines.append(_received(self.plan, box))
        return [line for line in lines if line]


def diagram_of(report: Report, depth: int | None = None, plan: Plan | None = None, costs: bool = False) -> Diagram:
    """The picture of a report; levels below a depth of the path are one box each.

    With a plan it shows on which devices layers run. Raises UsageError where there are too many boxes.

    >>> import archcalc as ac
    >>> made = diagram_of(ac.analyze("resnet34"), depth=2)
    >>> conv2_x = made.boxes[4]
    >>> [(box.name, box.repeat) for box in conv2_x.children]
    [('residual1', 1), ('residual2-3', 2)]
    """
    boxes, edges = _Drawing(report, depth, plan).drawn()
    return Diagram(report, boxes, edges, plan, costs)


class _Piece(NamedTuple):
    """A child of a level, or the level's own join: a range of layers."""

    start: int
    stop: int
    path: str
    level: Level | None  # None for a single layer


class _Drawing:
    """One run of `diagram`."""

    def __init__(self, report: Report, depth: int | None, plan: Plan | None) -> None:
        self.report = report
        self.depth = depth
        self.plan = plan
        count = len(report.layers)
        self.home = list(range(count))  # the box in which each layer is drawn
        self.is_drawn = [True] * count  # not so for later rounds
        self.repeats: dict[int, list[Repeat]] = {}
        for repeat in (*report.graph.repeats, *report.graph.rounds):
            self.repeats.setdefault(repeat.start, []).append(repeat)
        for found in self.repeats.values():
            found.sort(key=lambda repeat: -repeat.length)  # the outer one first

    def drawn(self) -> tuple[tuple[Box, ...], tuple[Edge, ...]]:
        """The boxes and edges."""
        inputs = tuple(
            Box(-1 - number, name, str(shape)) for number, (name, shape) in enumerate(self.report.graph.inputs)
        )
        boxes = (*inputs, *self.boxes(self.report.graph.root, self.depth))
        count = sum(1 + sum(1 for _ in box.walk()) for box in boxes)
        if count > MAX_BOXES:
            raise UsageError(
                f"{self.report.name} would be drawn with {count:,} boxes, more than {MAX_BOXES:,}; "
                "a depth (--depth 2) draws deeper levels as one box each"
            )
        return boxes, tuple(self.edges())

    def boxes(self, level: Level, depth: int | None, around: tuple[Repeat, ...] = ()) -> tuple[Box, ...]:
        """What stands directly in a level, equal rounds once; `around` are the repeats that it is one round of."""
        pieces = [_Piece(child.start, child.stop, child.path, child) for child in level.children]
        if level.node is not None:
            pieces.append(_Piece(level.node, level.node + 1, level.path, None))
        return tuple(self.folded(pieces, depth, around))

    def folded(self, pieces: Sequence[_Piece], depth: int | None, around: tuple[Repeat, ...]) -> Iterator[Box]:
        """The boxes of pieces side by side; `around` are the repeats of which they are one round."""
        ends = {piece.stop: number + 1 for number, piece in enumerate(pieces)}
        at = 0
        while at < len(pieces):
            repeat = self.repeat_at(pieces[at].start, ends, around)
            if repeat is None:
                yield self.box(pieces[at], depth, around)
                at += 1
                continue
            first, last = repeat.start + repeat.length, _standing(repeat)
            for layer in range(first, last):
                self.is_drawn[layer] = False
            inside = list(self.folded(pieces[at : ends[first]], depth, (*around, repeat)))
            yield self.repeated(inside, pieces[at : ends[last]], repeat)
            at = ends[last]

    def repeat_at(self, start: int, ends: Mapping[int, int], around: tuple[Repeat, ...]) -> Repeat | None:
        """The outermost repeat that begins here and whose rounds are whole pieces."""
        for repeat in self.repeats.get(start, ()):
            stops = range(start + repeat.length, _standing(repeat) + 1, repeat.length)
            if repeat not in around and repeat.rounds != 1 and all(stop in ends for stop in stops):
                return repeat
        return None

    def box(self, piece: _Piece, depth: int | None, around: tuple[Repeat, ...]) -> Box:
        """One piece, with what it holds unless it lies too deep."""
        layers = self.report.layers[piece.start : piece.stop]
        name, devices = piece.path.rpartition(".")[2], self.devices(layers)
        if piece.level is not None and piece.level.children and depth != 1:
            children = self.boxes(piece.level, None if depth is None else depth - 1, around)
            return Box(piece.start, name, "", piece.path, layers, children, devices=devices)
        for layer in range(piece.start, piece.stop):
            self.home[layer] = piece.start
        if len(layers) > 1:
            return Box(piece.start, name, f"{len(layers)} layers", piece.path, layers, devices=devices)
        is_kind = piece.level is None or (piece.level.stem == layers[0].kind and not piece.level.is_named)
        return Box(piece.start, "" if is_kind else name, caption(layers[0]), piece.path, layers, devices=devices)

    def repeated(self, boxes: Sequence[Box], pieces: Sequence[_Piece], repeat: Repeat) -> Box:
        """The box of one round, named after all; a frame around it where a round is several boxes."""
        if len(boxes) > 1 or boxes[0].repeat != 1:
            layers = tuple(layer for box in boxes for layer in box.layers)
            devices = self.devices(layers)
            return Box(boxes[0].number, "", "", "", layers, tuple(boxes), repeat.rounds, devices)
        (box,) = boxes
        name = box.name
        if name and len(pieces) > 1:
            copies = (pieces[number].path for number in (0, 1, -1))
            name = span(box.path, *copies).rpartition(".")[2]
        return replace(box, name=name, repeat=repeat.rounds)

    def devices(self, layers: Sequence[LayerReport]) -> tuple[int, ...]:
        """The devices on which these layers run."""
        if self.plan is None:
            return ()
        numbers = {layer.node.number for layer in layers}
        return tuple(share.number for share in self.plan.shares if not numbers.isdisjoint(share.runs))

    def edges(self) -> Iterator[Edge]:
        """What goes from box to box; later rounds are drawn as the first one is."""
        for _, repeats in sorted(self.repeats.items(), reverse=True):
            for repeat in reversed(repeats):
                if type(repeat.rounds) is int:
                    self.settle(repeat)
        seen: set[Edge] = set()
        texts: dict[Shape, str] = {}  # formulas take long to print, and there are few different ones
        for node in self.report.graph.nodes:
            if not self.is_drawn[node.number]:
                continue
            for number, shape in zip(node.inputs, node.shapes, strict=True):
                source, target = (self.home[number] if number >= 0 else number), self.home[node.number]
                if shape not in texts:
                    texts[shape] = str(shape)
                edge = Edge(source, target, texts[shape])
                if source != target and edge not in seen:
                    seen.add(edge)
                    yield edge

    def settle(self, repeat: Repeat) -> None:
        """Later rounds are at home where the first one is, inner repeats first."""
        first = repeat.start + repeat.length
        for layer in range(first, repeat.stop):
            if not self.is_drawn[layer]:
                self.home[layer] = self.home[layer - repeat.length]


def _standing(repeat: Repeat) -> int:
    """The first layer behind its rounds; of a repeat by a symbol one round stands there."""
    return int(repeat.stop) if type(repeat.rounds) is int else repeat.start + repeat.length


def colour(device: int) -> str:
    """The colour of a device."""
    return COLOURS[(device - 1) % len(COLOURS)]


def identifier(number: int) -> str:
    """What a box is called in languages of graphs."""
    return f"layer{number}" if number >= 0 else f"input{-number}"


def times(box: Box) -> str:
    """How many copies a box stands for, where these are several."""
    number = str(box.repeat)
    if number == "1":
        return ""
    return " \N{MULTIPLICATION SIGN} " + (f"({number})" if " " in number else number)


def told(box: Box) -> str:
    """The whole of what a box is, for a tooltip."""
    name = f"{box.path or box.name}{times(box)}".strip()
    if len(box.layers) != 1:
        return f"{name}: {len(box.layers)} layers" if box.layers else f"{name}: {box.caption}"
    (layer,) = box.layers
    if any(map(dims.is_symbolic, layer.output.axes)):
        return f"{name}: {layer.node.layer!r}"
    inputs = ", ".join(map(str, layer.inputs))
    return f"{name}: {layer.node.layer!r}, {inputs} \N{RIGHTWARDS ARROW} {layer.output}"


def caption(layer: LayerReport) -> str:
    """The kind of a layer and its main fields.

    >>> import archcalc as ac
    >>> resnet = ac.analyze("resnet50")
    >>> caption(resnet.layer("conv1.conv")), caption(resnet.layer("maxpool")), caption(resnet.layer("fc"))
    ('conv 7x7/2, 64', 'maxpool 3x3/2', 'linear 1000')
    """
    return "".join(map(str, caption_parts(layer)))


def caption_parts(layer: LayerReport) -> Iterator[Any]:
    """The caption in parts: texts, and numbers or formulas."""
    given = layer.node.layer.arguments()
    kernel, stride = given.pop("kernel", None), given.pop("stride", None)
    yield layer.kind
    between = " "
    if kernel is not None:
        yield between
        yield from _sizes(kernel)
        if stride is not None:
            yield "/"
            yield from _sizes(stride[:1] if _is_even(stride) else stride)
        between = ", "
    for name, told in (
        ("filters", ""),
        ("units", ""),
        ("groups", "groups "),
        ("heads", "heads "),
        ("dilation", "dilation "),
    ):
        if name in given:
            yield between + told
            yield from _sizes(given[name])
            between = ", "


def _is_even(value: Any) -> bool:
    return isinstance(value, tuple) and all(part == value[0] for part in value)


def _sizes(value: Any) -> Iterator[Any]:
    """One number, or several with x between."""
    for place, part in enumerate(value if isinstance(value, tuple) else (value,)):
        yield from ("x", part) if place else (part,)


def _costs(box: Box) -> str:
    """The parameters and MACs of one copy, where there are any."""
    found = ((box.quantity(name), word) for name, word in (("parameters", "parameters"), ("macs", "MACs")))
    return ", ".join(f"{number_text(value, 'si')} {word}" for value, word in found if dims.same(value, 0) is not True)


def _received(plan: Plan, box: Box) -> str:
    """What its devices get from others for it, of one image; a formula would be too long for a box."""
    paths = {layer.path for layer in box.layers}
    got = dims.add_up(crossing.values for crossing in plan.crossings if crossing.before in paths)
    if dims.same(got, 0) is True:
        return ""
    return f"{number_text(got)} values cross" if type(got) is int else "values cross"
