"""Which tensors a network makes, from when to when each is there, and the peak.

A tensor is made by one layer and freed after the last layer that reads it. Views, and layers that only train, make
none; a layer in place writes over the tensor that it reads, if nobody reads that any more. Layers run in the order of
the spec, heads left out; while a layer runs, its inputs and its output are both there. This is the liveness that
compilers compute of registers (Aho, Lam, Sethi & Ullman 2006, sec. 9.2.5), on whole tensors.

>>> from archcalc.analysis import analyze
>>> found = schedule(analyze("vgg16"))
>>> found.peak, [tensor.name for tensor in found.at_peak]
(25690112, ['stage1.conv_relu1.conv', 'stage1.conv_relu2.conv'])

By hand: two maps of 64x224x224 numbers of 4 bytes are 2 * 12,845,056 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeVar

from . import dims
from .conditions import known_of_symbols
from .errors import ArchcalcError, UsageError, shown
from .graph import Graph, Node
from .precision import bits_by_node, refuse_repeats
from .records import Record, Shown, record
from .report import LayerReport, Report
from .shapes import Shape

MAX_ENTRIES = 10_000_000  # of a schedule: for each step the tensors that are there


class Value(NamedTuple):
    """What one layer computes, or an input: the thing that has to be kept until its last reader has run."""

    number: int  # of the node that makes it; -1, -2, ... are the network's inputs
    name: str
    shape: Shape
    bits: int
    readers: tuple[int, ...]  # nodes that read it or a view of it
    kept: bool  # to the end: an output of the network, or an input that is held

    def bytes(self, batch: Any) -> Any:
        """Of the whole batch."""
        return bytes_of(self.shape, self.bits, batch)


def bytes_of(shape: Shape, bits: int, batch: Any) -> Any:
    """The bytes of a batch of tensors of this shape, all images one behind the other.

    >>> bytes_of(Shape((64, 224, 224)), 32, 2), bytes_of(Shape((3,)), 4, 1)
    (25690112, 2)
    """
    if bits % 8 == 0:
        return batch * shape.elements * (bits // 8)
    return dims.ceildiv(batch * shape.elements * bits, 8)


class Use(NamedTuple):
    """What a layer does with values."""

    node: Node
    reads: tuple[int, ...]
    makes: int | None  # a value; None of views and of layers that do nothing
    over: int | None  # the value that it may write over, if it is the last to read it


@record
class Flow(Record):
    """The values of a network and who reads them; it holds for any order of the layers."""

    uses: tuple[Use, ...]
    values: Mapping[int, Value]
    roots: Mapping[int, int]  # by node or input, the value that its output is or is a view of


def flow(report: Report, *, hold_input: bool = False, in_place: bool = True) -> Flow:
    """What every layer of a network reads and makes at inference, heads left out.

    Raises UsageError where layers are repeated by a symbol: the schedule of so many rounds is not known.
    """
    graph = report.graph
    refuse_repeats(report, "a schedule")
    bits = bits_by_node(report)
    roots: dict[int, int] = {}
    whole: dict[int, bool] = {}  # whether an output is all of its root, not a part of it
    for number in range(-len(graph.inputs), 0):
        roots[number], whole[number] = number, True
    uses = []
    entries = 0
    readers: dict[int, list[int]] = {number: [] for number in roots}
    for layer in report.trunk:
        node = layer.node
        is_view = layer.stores == "view" or node.layer.only_trains
        source = node.inputs[0]
        roots[node.number] = roots[source] if is_view else node.number
        whole[node.number] = not is_view or (whole[source] and not node.layer.cuts)
        reads = tuple(dict.fromkeys(roots[number] for number in _read(graph, node)))
        over = None
        if not is_view:
            readers[node.number] = []
            for number in reads:
                readers[number].append(node.number)
            same_room = bits[source] == bits[node.number] and _same_size(report, layer, source)
            if in_place and node.layer.stores == "in place" and whole[source] and same_room:
                over = roots[source]
        uses.append(Use(node, reads, None if is_view else node.number, over))
        entries += len(reads)
        _limit(entries)
    kept = {roots[number] for number in _outputs(report)}
    if hold_input:
        kept.update(range(-len(graph.inputs), 0))
    values = {
        number: Value(number, *_what(report, number), bits[number], tuple(found), number in kept)
        for number, found in readers.items()
    }
    return Flow(tuple(use._replace(over=None) if use.over in kept else use for use in uses), values, roots)


def _read(graph: Graph, node: Node) -> Iterator[int]:
    """The nodes and inputs that a layer reads; a dense concatenation reads the parts of those before it."""
    waiting = list(reversed(node.inputs))
    seen: set[int] = set()
    while waiting:
        number = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        if number >= 0 and node.layer.reads_parts and graph.nodes[number].layer.reads_parts:
            waiting.extend(reversed(graph.nodes[number].inputs))
        else:
            yield number


def _limit(entries: int) -> None:
    """End the work on a network whose schedule would fill the memory of this machine."""
    if entries > MAX_ENTRIES:
        raise ArchcalcError(f"too many tensors are there at once: the schedule would have over {MAX_ENTRIES:,} entries")


def _what(report: Report, number: int) -> tuple[str, Shape]:
    """Name and shape of what a node or input holds."""
    if number >= 0:
        layer = report.layers[number]
        return layer.path, layer.output
    return report.graph.inputs[-1 - number]


def _same_size(report: Report, layer: LayerReport, source: int) -> bool:
    """Whether a layer gives as many numbers as it reads."""
    _, shape = _what(report, source)
    return dims.same(shape.elements, layer.output.elements) is True


def _outputs(report: Report) -> Iterator[int]:
    """The nodes whose outputs the caller gets: those that no layer reads, and the last of the trunk."""
    for layer in report.trunk:
        if layer.node.number not in report.graph.readers or layer is report.trunk[-1]:
            yield layer.node.number


@record
class Tensor(Record):
    """A piece of storage: who made it, who wrote over it, and the steps during which it is there."""

    name: str
    shape: Shape
    bytes: Any
    made: int  # the number of a step; -1 of an input, which is there before the first
    last: int
    kept: bool  # an output of the network, or an input that is held: it is there after the last step too
    layers: tuple[str, ...]  # whose outputs it has held, in order

    def __repr__(self) -> str:
        return f"<Tensor {self.name} {self.shape}: {self.bytes} bytes, steps {self.made} to {self.last}>"


@record
class Step(Record):
    """One layer runs: where its output lies, and what is in memory meanwhile."""

    number: int
    layer: str
    stores: str  # new, in place or view, as it came out
    output: Shape
    output_bytes: Any
    tensor: int  # in which its output lies
    alive: tuple[int, ...]
    bytes: Any

    def __repr__(self) -> str:
        return f"<Step {self.number} {self.layer}: {self.bytes} bytes in {len(self.alive)} tensors>"


@record
class Schedule(Shown, Record):
    """A run of the network: its tensors with their lifetimes, and what is there at every step.

    Each tensor is a rectangle of a drawing: from step `made` to step `last`, `bytes` high.
    """

    tensors: tuple[Tensor, ...]
    steps: tuple[Step, ...]
    known: Mapping[str, tuple[int, int]]  # of symbols, by the assumptions of the report

    @cached_property
    def peaks(self) -> tuple[Step, ...]:
        """The first step with the most bytes; with symbols, every step that may have the most."""
        return largest(self.steps, self.known)

    @cached_property
    def peak(self) -> Any:
        """The most bytes that are there at once."""
        return dims.largest(step.bytes for step in self.peaks)

    @property
    def at_peak(self) -> tuple[Tensor, ...]:
        """The tensors that are there at the peak; ArchcalcError where symbols leave open which step it is."""
        if len(self.peaks) > 1:
            named = ", ".join(step.layer for step in self.peaks)
            raise ArchcalcError(f"which step is the peak depends on the symbols: one of {named}")
        return self.alive(self.peaks[0])

    def alive(self, step: Step) -> tuple[Tensor, ...]:
        """The tensors that are there while a step runs, in the order in which they were made."""
        return tuple(self.tensors[index] for index in step.alive)

    def __repr__(self) -> str:
        return f"<Schedule of {len(self.steps):,} layers: peak {shown(self.peak)} bytes>"

    def show_as(self, format: str) -> str:
        """What is in memory while each layer runs, the peak and what is there at it."""
        from .render.memory import schedule_section, written

        return written(schedule_section(self), format)


class Counted(Protocol):
    """A point in time with what is in memory then."""

    @property
    def bytes(self) -> Any: ...


_Point = TypeVar("_Point", bound=Counted)


def largest(steps: Iterable[_Point], known: Mapping[str, tuple[int, int]]) -> tuple[_Point, ...]:
    """The first step of the largest bytes; with symbols, all that no other bounds by what is `known` of them."""
    listed = list(steps)
    return tuple(listed[place] for place in dims.undominated((step.bytes for step in listed), known))


def schedule(
    report: Report, *, hold_input: bool = False, in_place: bool = True, order: Sequence[str] | None = None
) -> Schedule:
    """The tensors of one run at inference and when each is there; bytes are of the batch, in the report's dtype.

    The layers run in the order of the spec, without heads, or in the `order` of their paths. `hold_input` keeps the
    input to the end, as a caller does who still has it; else it is freed after its last use. Without `in_place` every
    layer that computes makes a new tensor.

    Raises UsageError where layers are repeated by a symbol, and for an order that does not hold every layer once,
    behind what it reads.

    >>> from archcalc.analysis import analyze
    >>> layers = [{"conv": {"filters": 2, "kernel": 1}}, "relu", "batchnorm"]
    >>> for step in schedule(analyze({"input": [1, 4], "layers": layers})).steps:
    ...     print(step.layer, step.stores, step.bytes)
    conv new 48
    relu in place 32
    batchnorm new 64
    """
    found = flow(report, hold_input=hold_input, in_place=in_place)
    positions = range(len(found.uses)) if order is None else _positions(found, order)
    return scheduled(found, positions, report.batch, known_of_symbols(report.assumptions))


def _positions(found: Flow, order: Sequence[str]) -> list[int]:
    """The uses in the order of these paths."""
    index = {use.node.path: position for position, use in enumerate(found.uses)}
    if sorted(order) != sorted(index):
        odd = next(iter({*order} ^ {*index}), "a layer")
        raise UsageError(f"an order holds every layer once, heads left out; '{odd}' is missing, unknown or named twice")
    made = {number for number in found.values if number < 0}
    for path in order:
        use = found.uses[index[path]]
        if not made.issuperset(use.reads):
            raise UsageError(f"in this order '{path}' runs before a layer that it reads")
        made.add(use.node.number)
    return [index[path] for path in order]


def scheduled(found: Flow, order: Sequence[int], batch: Any, known: Mapping[str, tuple[int, int]]) -> Schedule:
    """The schedule of a flow whose uses run in this order; `known` is what is assumed of symbols."""
    tensors, runs = lifetimes(found, order, batch)
    return Schedule(tensors, tuple(_steps(found, runs, tensors, batch)), known)


class Run(NamedTuple):
    """A use that has run: what it stores, and the tensor in which its output lies."""

    use: Use
    stores: str
    tensor: int


def lifetimes(found: Flow, order: Sequence[int], batch: Any) -> tuple[tuple[Tensor, ...], list[Run]]:
    """The tensors of a flow whose uses run in this order, in the order in which they are made, and its steps."""
    place = {found.uses[index].node.number: step for step, index in enumerate(order)}
    ends = {number: _last(value, place) for number, value in found.values.items()}
    held: dict[int, int] = {}  # by value, the tensor that it lies in
    made: list[list[Any]] = []  # tensors: the value that made each, its first and last step, the layers
    runs: list[Run] = []
    for number in found.values:
        if number < 0:
            held[number] = len(made)
            made.append([number, -1, ends[number], found.values[number].kept, []])
    for step, index in enumerate(order):
        use = found.uses[index]
        stores = "view" if use.makes is None else "new"
        if use.makes is not None and use.over is not None and ends[use.over] == step:
            stores = "in place"
            held[use.makes] = held[use.over]
            made[held[use.makes]][2:4] = ends[use.makes], found.values[use.makes].kept
        elif use.makes is not None:
            held[use.makes] = len(made)
            made.append([use.makes, step, ends[use.makes], found.values[use.makes].kept, []])
        tensor = held[found.roots[use.node.number]]
        made[tensor][4].append(use.node.path)
        runs.append(Run(use, stores, tensor))
    tensors = tuple(
        Tensor(value.name, value.shape, value.bytes(batch), first, last, kept, tuple(layers))
        for value, first, last, kept, layers in ((found.values[number], *rest) for number, *rest in made)
    )
    return tensors, runs


def _last(value: Value, place: dict[int, int]) -> int:
    """The last step that needs a value."""
    if value.kept:
        return len(place) - 1
    return max((place[reader] for reader in value.readers), default=place.get(value.number, -1))


def _steps(found: Flow, runs: Sequence[Run], tensors: Sequence[Tensor], batch: Any) -> Iterator[Step]:
    """The steps with what is alive during each."""
    alive = [index for index, tensor in enumerate(tensors) if tensor.made < 0]
    waiting = len(alive)
    entries = 0
    for number, (use, stores, tensor) in enumerate(runs):
        alive = [index for index in alive if tensors[index].last >= number]
        if waiting < len(tensors) and tensors[waiting].made == number:
            alive.append(waiting)
            waiting += 1
        total = dims.add_up(tensors[index].bytes for index in alive)
        entries += len(alive)
        _limit(entries)
        root = found.roots[use.node.number]
        size = bytes_of(use.node.output, found.values[root].bits, batch)
        yield Step(number, use.node.path, stores, use.node.output, size, tensor, tuple(alive), total)
