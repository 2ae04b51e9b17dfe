"""What the forward pass of training makes and keeps: pieces of memory, and which layers need them for their backward.

A layer's rule `saved` names what it keeps: its input, its output, tensors of its own. Here these become pieces of
memory that exist once, whoever shares them: a view keeps all of what it is a view of, a layer in place writes over its
input if its backward pass needs no more than the result, and a tensor that two layers keep counts once.

Sources: the rules are those of PyTorch's autograd, as measured with its hooks on saved tensors (docs/training.md).

>>> from archcalc.analysis import analyze
>>> found = saved(analyze("alexnet_owt", let={"torchvision": True}, batch=2), "torch-cpu")
>>> found.bytes, len(found.tensors)
(7482368, 18)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from . import dims
from .errors import ArchcalcError, UsageError, did_you_mean, hinted
from .graph import Graph, Node
from .layers.keeping import Kept
from .precision import holds_indices, refuse_repeats
from .records import Record, record
from .report import BITS, Report

RULES = ("torch-cuda", "torch-cpu")
MAX_PARTS = 100_000  # that one concatenation reads through those before it
DTYPES = ("float64", "float32", "bfloat16", "float16")


class Bytes(NamedTuple):
    """A number of bytes that grows with the batch: `fixed`, and `per_image` for each image.

    >>> Bytes(8, 100).of(batch=3)
    308
    """

    fixed: Any = 0
    per_image: Any = 0

    def of(self, batch: Any) -> Any:
        """For this many images."""
        return self.fixed + batch * self.per_image


def add_up(sizes: Iterable[Bytes]) -> Bytes:
    """The sum of several sizes."""
    listed = list(sizes)
    return Bytes(dims.add_up(size.fixed for size in listed), dims.add_up(size.per_image for size in listed))


class Storage(NamedTuple):
    """A piece of memory: whose it is, what it holds, and how large it is."""

    number: int
    node: int  # that makes it; -1, -2, ... are the network's inputs
    name: str  # the layer's path, or that of the input
    what: str  # input, output, or the name of a further tensor
    form: str  # number, statistic, index, mask; copy of parameters in 16 bits
    size: Bytes

    def __str__(self) -> str:
        return self.name if self.what in ("input", "output") else f"{self.name}: {self.what}"


class Action(NamedTuple):
    """What one layer does in the forward pass."""

    node: Node
    sources: tuple[int, ...]  # the nodes and inputs that it reads
    reads: tuple[int, ...]  # the storages that it computes with
    output: int  # the storage of its output
    makes: tuple[int, ...]  # storages that begin here, the output among them if it is new
    keeps: tuple[int, ...]  # storages that stay until its backward pass
    needs: bool  # whether there is a backward pass
    bits: int  # of the numbers that it computes with
    output_bits: int  # of the numbers that it gives


@record
class Saved(Record):
    """The forward pass: its storages, what each layer does, and what is kept at the end of it.

    `tensors` are the storages that are kept, each once; `bytes` what they come to, of the whole batch.
    """

    batch: Any
    dtype: str
    rules: str
    amp: bool
    storages: tuple[Storage, ...]
    actions: tuple[Action, ...]  # without a softmax at the end, which is a part of the loss
    outputs: tuple[int, ...]  # nodes whose outputs enter the loss
    of: dict[int, int]  # by node or input, the storage that holds it

    @cached_property
    def keepers(self) -> dict[int, int]:
        """By storage that is kept, the first node that keeps it."""
        found: dict[int, int] = {}
        for action in self.actions:
            for storage in action.keeps:
                found.setdefault(storage, action.node.number)
        return found

    @property
    def tensors(self) -> tuple[Storage, ...]:
        """The storages that are kept for the backward pass, in the order in which layers keep them."""
        return tuple(self.storages[number] for number in self.keepers)

    @cached_property
    def size(self) -> Bytes:
        """What is kept, as a function of the batch."""
        return add_up(tensor.size for tensor in self.tensors)

    @property
    def bytes(self) -> Any:
        """What is kept, of the whole batch: the input among it where a layer keeps it, parameters not."""
        return self.size.of(self.batch)

    def first_kept_by(self, number: int) -> Bytes:
        """What is kept because of this node, and not of one before it."""
        return add_up(self.storages[storage].size for storage, node in self.keepers.items() if node == number)


def check(rules: str, dtype: str, amp: bool) -> None:
    """UsageError for rules that there are not, and for numbers that networks are not trained with."""
    if rules not in RULES:
        raise UsageError(hinted(f"unknown rules '{rules}'", did_you_mean(rules, RULES)))
    if dtype not in DTYPES:
        raise UsageError(f"training needs floating-point numbers; take dtype {', '.join(DTYPES)}, not {dtype}")
    if amp and rules != "torch-cuda":
        raise UsageError("mixed precision is that of autocast on CUDA; take rules torch-cuda")
    if amp and dtype != "float32":
        raise UsageError(f"mixed precision keeps parameters in float32; give amp or dtype {dtype}, not both")


def saved(report: Report, rules: str = "torch-cuda", *, amp: bool = False, segments: Sequence[range] = ()) -> Saved:
    """What a forward pass of training makes and keeps, heads included, by the rules of PyTorch's eager mode.

    `rules` are torch-cuda or torch-cpu; with `amp`, mixed precision by autocast. `segments` are those of gradient
    checkpointing: a layer does not write over what another segment has made, for that will be needed again. Bytes
    are in the report's dtype and for its batch.

    Raises UsageError for unknown rules, for a dtype that is not floating point, and for layers repeated by a symbol;
    ArchcalcError for a layer without a rule `saved`, or with bits of its own.

    >>> from archcalc.analysis import analyze
    >>> layers = [{"conv": {"filters": 2, "kernel": 1}}, "relu", {"maxpool": 2}]
    >>> for storage in saved(analyze({"input": [1, 4, 4], "layers": layers})).tensors:
    ...     print(storage, storage.size.of(1))
    input 64
    conv 128
    maxpool: indices 64

    By hand: 16 numbers of the input; 2*16 of the convolution, which ReLU has written over; 2*4 indices of 8 bytes.
    """
    check(rules, report.dtype, amp)
    refuse_repeats(report, "training", heads=True)
    return _Forward(report, rules, amp, segments).run()


def is_one_image(batch: Any) -> bool:
    """Whether a batch is of one image, where that changes what is kept; UsageError where a symbol leaves it open."""
    one = dims.same(batch, 1)
    if one is None:
        raise UsageError(f"of one image this network keeps other tensors; promise several, such as --assume {batch}>=2")
    return bool(one)


class _Forward:
    """One walk over the layers in order."""

    def __init__(self, report: Report, rules: str, amp: bool, segments: Sequence[range]) -> None:
        self.report = report
        self.nodes = report.graph.nodes
        self.rules = rules
        self.amp = amp
        self.settings = {"", rules, *(["amp"] if amp else [])}
        self.segment = {number: index for index, part in enumerate(segments) for number in part}
        self.outputs, in_loss = _ends(report)
        self.order = [node for node in self.nodes if node.number not in in_loss]
        self.sources = {node.number: tuple(_sources(report.graph, node)) for node in self.order}
        self.readers = _readers(self.sources)
        self.leads = _leading(self.outputs, self.sources)
        self.storages: list[Storage] = []
        self.actions: dict[int, Action] = {}
        self.of: dict[int, int] = {}
        self.bits: dict[int, int] = {}  # by node or input, of a number of its output
        self.kept: set[int] = set()

    def run(self) -> Saved:
        for index, (name, shape) in enumerate(self.report.graph.inputs):
            number = -1 - index
            is_index = holds_indices(self.report.graph, number)
            self.bits[number] = 64 if is_index else BITS[self.report.dtype]
            size = Bytes(0, shape.elements * (self.bits[number] // 8))
            self.of[number] = self.new(number, name, "input", "index" if is_index else "number", size)
        for node in self.order:
            self.visit(node)
        made = tuple(self.storages), tuple(self.actions.values())
        report = self.report
        return Saved(report.batch, report.dtype, self.rules, self.amp, *made, self.outputs, self.of)

    def new(self, node: int, name: str, what: str, form: str, size: Bytes) -> int:
        self.storages.append(Storage(len(self.storages), node, name, what, form, size))
        return len(self.storages) - 1

    def visit(self, node: Node) -> None:
        """Let a layer run."""
        layer, came = node.layer, self.sources[node.number]
        _check_node(node)
        graded = [source >= 0 and self.actions[source].needs for source in came]
        parameters = layer.parameters(node.x)
        needs = node.number in self.leads and (bool(parameters) or any(graded))
        bits, output_bits = self.computes_with(node)
        named = self.rule(node, any(graded))
        kept = named if needs else ()
        begin = len(self.storages)
        reads = tuple(self.cast(node, source, bits) for source in came)
        output = self.output_of(node, reads, named, output_bits)
        if kept and layer.keeps_apart is not None and output >= begin:
            kept = tuple(map(Kept, layer.keeps_apart))
        keeps: list[int] = []
        for thing in kept:
            if thing.name == "input":
                keeps.extend(_factors(reads, graded) if layer.joins else reads)
            else:
                keeps.append(output if thing.name == "output" else self.own(node, thing, bits))
        if self.amp and layer.autocast == "half":
            keeps.extend(self.cast_parameters(node, parameters, any(graded)))
        self.of[node.number] = output
        self.bits[node.number] = output_bits
        self.kept.update(keeps)
        makes = tuple(range(begin, len(self.storages)))
        self.actions[node.number] = Action(
            node, came, reads, output, makes, tuple(dict.fromkeys(keeps)), needs, bits, output_bits
        )

    def rule(self, node: Node, graded: bool) -> tuple[Kept, ...]:
        """What the layer keeps with these settings."""
        try:
            kept = node.layer.saved(node.x, node.output)
        except ArchcalcError as error:
            raise ArchcalcError(f"{node.path}: {error}") from None
        return tuple(thing for thing in kept if self.applies(thing.only) and (graded or not thing.for_input))

    def applies(self, only: str) -> bool:
        """Whether something is kept with these settings."""
        if only in ("one image", "several images"):
            return is_one_image(self.report.batch) == (only == "one image")
        return only in self.settings

    def computes_with(self, node: Node) -> tuple[int, int]:
        """The bits of the numbers that a layer computes with, and of those that it gives."""
        if not self.amp:
            return BITS[self.report.dtype], BITS[self.report.dtype]
        given = max((bits for source in self.sources[node.number] if (bits := self.bits[source]) < 64), default=32)
        modes = {"half": (16, 16), "float32": (32, 32), "widened": (given, 32), "as given": (given, given)}
        return modes[node.layer.autocast]

    def cast(self, node: Node, source: int, bits: int) -> int:
        """The storage of an input, or in mixed precision of a copy of it with the bits that the layer takes."""
        if node.layer.autocast not in ("half", "float32") or self.bits[source] in (bits, 64) or not self.amp:
            return self.of[source]
        shape = self.nodes[source].output if source >= 0 else self.report.graph.inputs[-1 - source][1]
        size = Bytes(0, shape.elements * (bits // 8))
        return self.new(node.number, node.path, f"input in {bits} bits", "number", size)

    def cast_parameters(self, node: Node, parameters: Any, graded: bool) -> Iterator[int]:
        """Copies in 16 bits, which autocast holds to the end of the forward pass; those of weights are kept longer."""
        for name, axes in parameters.items():
            if name.rpartition(".")[2] in ("weight", "bias"):
                size = Bytes(2 * dims.prod(axes))
                number = self.new(node.number, node.path, f"{name} in 16 bits", "copy", size)
                if node.layer.keeps_copy(name, graded):
                    yield number

    def own(self, node: Node, thing: Kept, bits: int) -> int:
        """A further tensor that the layer keeps."""
        wide = {"number": bits, "wide": 32 if self.amp else bits, "statistic": max(bits, 32), "index": 64, "mask": 8}[
            thing.form
        ]
        count = thing.elements * (wide // 8)
        size = Bytes(0, count) if thing.per_image else Bytes(count)
        return self.new(node.number, node.path, thing.name, thing.form, size)

    def output_of(self, node: Node, reads: Sequence[int], named: Sequence[Kept], bits: int) -> int:
        """The storage of the output: that of the input for views, and for layers in place where that is possible."""
        layer = node.layer
        if layer.stores == "view" or (layer.only_trains and not named):  # a rate of 0 drops nothing
            return reads[0]
        if layer.stores == "in place" and self.may_write_over(node, reads[0], named):
            return reads[0]
        return self.new(node.number, node.path, "output", "number", Bytes(0, node.output.elements * (bits // 8)))

    def may_write_over(self, node: Node, storage: int, named: Sequence[Kept]) -> bool:
        """Whether a layer in place can: its own backward pass and all others do without what it overwrites."""
        if any(thing.name == "input" for thing in named) or node.layer.only_trains or storage in self.kept:
            return False
        (source,) = self.sources[node.number]
        while source >= 0 and len(self.readers[source]) == 1 and source not in self.outputs:
            if self.segment.get(source) != self.segment.get(node.number):
                return False
            before = self.actions[source]
            if before.node.layer.cuts:  # PyTorch refuses to write over one of several views
                return False
            if before.output in before.makes:
                return before.output == storage
            source = before.sources[0]
        return False


def _check_node(node: Node) -> None:
    if node.layer.bits is not None:
        raise ArchcalcError(f"{node.path} has bits of its own; what training keeps of quantised layers is not known")


def _ends(report: Report) -> tuple[tuple[int, ...], frozenset[int]]:
    """The nodes whose outputs enter the loss, of the trunk and of each head, and those that belong to the loss."""
    last = {node.head: node for node in report.graph.nodes}
    inside = {node.number for node in last.values() if node.layer.in_loss and node.inputs[0] >= 0}
    outputs = {node.inputs[0] if node.number in inside else node.number for node in last.values()}
    return tuple(sorted(outputs)), frozenset(inside)


def _sources(graph: Graph, node: Node) -> Iterator[int]:
    """The nodes and inputs that a layer reads; a dense concatenation reads the parts of those before it."""
    waiting = list(reversed(node.inputs))
    for _ in range(MAX_PARTS):
        if not waiting:
            return
        number = waiting.pop()
        if number >= 0 and node.layer.reads_parts and graph.nodes[number].layer.reads_parts:
            waiting.extend(reversed(graph.nodes[number].inputs))
        else:
            yield number
    raise ArchcalcError(f"{node.path} reads more than {MAX_PARTS:,} parts")


def _readers(read: dict[int, tuple[int, ...]]) -> dict[int, list[int]]:
    """By node or input, the nodes that read it."""
    found: dict[int, list[int]] = {}
    for number, came in read.items():
        for source in came:
            found.setdefault(source, []).append(number)
    return found


def _leading(outputs: Sequence[int], read: dict[int, tuple[int, ...]]) -> set[int]:
    """The nodes from which a path leads to an output."""
    found: set[int] = set()
    waiting = list(outputs)
    while waiting:
        number = waiting.pop()
        if number >= 0 and number not in found:
            found.add(number)
            waiting.extend(read[number])
    return found


def _factors(reads: Sequence[int], graded: Sequence[bool]) -> Iterator[int]:
    """Of the branches of a product those that are kept: where another one needs a gradient."""
    for index, storage in enumerate(reads):
        if any(graded[:index]) or any(graded[index + 1 :]):
            yield storage
