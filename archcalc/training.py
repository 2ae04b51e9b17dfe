"""Memory of a training step: parameters, gradients, the optimizer's state, what is kept, the peak and its moment.

The step is that of PyTorch's eager mode, from its second time on, when the optimizer has its state: forward, backward,
the optimizer's step. Input, outputs and loss are there to the end of it. The loss is the sum of all outputs, heads
included; a softmax at the end of a network belongs to the loss and is left out.

>>> from archcalc.analysis import analyze
>>> found = training(analyze("vgg16", let={"torchvision": True}, batch=8), rules="torch-cpu", optimizer="momentum")
>>> found.peak, str(found.peaks[0].moment), found.saved.bytes
(2219048424, 'backward stage4.conv_relu3.relu', 586842112)
>>> found.fit(3 * 10**9), found.fit(3 * 2**30)
(18, 21)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from . import dims
from .backward import Moment, Step, Tape, Tensor
from .checkpoints import segments
from .conditions import known_of_symbols
from .errors import ArchcalcError, UsageError, shown
from .liveness import largest
from .optimizers import Optimizer, find
from .records import Record, Shown, record
from .report import BITS, Report
from .saving import Bytes, Saved, add_up, saved

LEFT_OUT = (
    "what a kernel holds while it runs: workspaces of convolutions, copies in another memory layout",
    "what the forward pass makes and drops inside of one layer",
    "labels, and what another loss than the sum of the outputs keeps: of cross-entropy the log-softmax",
    "rounding by the allocator, and memory that it keeps for later",
    "the framework, its context on the device, and the program",
)


class State(NamedTuple):
    """What is in memory at one moment, and how it depends on the batch."""

    moment: Moment
    size: Bytes
    bytes: Any


@record
class Training(Shown, Record):
    """The memory of one training step: every tensor with its moments, and what follows from them.

    Each tensor is a rectangle of a drawing: from moment `first` to moment `last`, as high as its bytes.
    """

    report: Report
    saved: Saved
    optimizer: Optimizer
    checkpoint: str | None
    segments: tuple[range, ...]
    merges: int  # of gradients that were added to another
    merges_in_place: bool
    moments: tuple[Moment, ...]
    tensors: tuple[Tensor, ...]

    @cached_property
    def timeline(self) -> tuple[State, ...]:
        """What is in memory at each moment."""
        batch = self.report.batch
        sizes = running(self.tensors, len(self.moments))
        return tuple(State(moment, size, size.of(batch)) for moment, size in zip(self.moments, sizes, strict=True))

    @cached_property
    def peaks(self) -> tuple[State, ...]:
        """The first moment with the most bytes; with symbols, every moment that may have the most."""
        return largest(self.timeline, known_of_symbols(self.report.assumptions))

    @cached_property
    def peak(self) -> Any:
        """The most bytes at any moment, parameters and all else included."""
        return dims.largest(state.bytes for state in self.peaks)

    def alive(self, state: State) -> tuple[Tensor, ...]:
        """The tensors that are there at a moment, in the order in which they were made."""
        number = state.moment.number
        return tuple(tensor for tensor in self.tensors if tensor.first <= number <= tensor.last)

    def roles(self, state: State) -> dict[str, Any]:
        """The bytes that are there at a moment, by what they are for."""
        sizes: dict[str, list[Bytes]] = {}
        for tensor in self.alive(state):
            sizes.setdefault(tensor.role, []).append(tensor.size)
        totals = {role: add_up(parts).of(self.report.batch) for role, parts in sizes.items()}
        return {role: total for role, total in totals.items() if dims.same(total, 0) is not True}

    def when(self, phase: str) -> State:
        """The state at the `loss` (the end of the forward pass), the `end of backward`, or the `optimizer`'s step."""
        return next(state for state in self.timeline if state.moment.phase == phase)

    @property
    def kept_bytes(self) -> Any:
        """What the forward pass leaves for the backward pass, the input among it where that is kept.

        Without checkpoints it is `saved.bytes`, the sum over the tensors that layers keep; with them, what segments
        read from others, and what the layers of the last segment keep.
        """
        if len(self.segments) == 1:
            return self.saved.bytes
        kept = ("kept for backward", "kept between segments", "input")
        left = add_up(tensor.size for tensor in self.alive(self.when("loss")) if tensor.role in kept)
        return left.of(self.report.batch)

    @property
    def recomputed_macs(self) -> Any:
        """MACs that checkpointing runs a second time, of the whole batch: all but those of the last segment."""
        layers = self.report.layers
        again = (layer.macs for part in self.segments[:-1] for layer in layers[part.start : part.stop])
        return self.report.batch * dims.add_up(again)

    @property
    def notes(self) -> Iterator[str]:
        """What a reader should know of these figures."""
        report = self.report
        in_loss = len(report.graph.nodes) - len(self.saved.actions)
        if in_loss:
            yield f"the softmax at the end of {report.name} belongs to the loss, which takes its input"
        if report.graph.heads:
            yield f"with {'the heads' if len(report.graph.heads) > 1 else 'the head'} {', '.join(report.graph.heads)}"
        if self.merges and self.merges_in_place:
            yield (
                "gradients that meet are added in place where nobody else holds the first; tools that watch every "
                "operation, such as PyTorch's memory tracker, make it add them apart, and see one tensor more there"
            )

    @property
    def left_out(self) -> tuple[str, ...]:
        """What a device needs beside these bytes."""
        return (*LEFT_OUT, *self.optimizer.left_out)

    def __repr__(self) -> str:
        return f"<Training of {self.report.name} with {self.optimizer.name}: peak {shown(self.peak)} bytes>"

    def show_as(self, format: str) -> str:
        """What each layer keeps, the peak and what is there at it."""
        from .render.memory import memory
        from .render.training import training_section

        return memory(self.report, [training_section(self)], format)

    def fit(self, capacity: int) -> int:
        """The largest batch whose peak is within this many bytes, with the settings of this analysis.

        At each moment there are `fixed + batch * per_image` bytes, so that it follows from one division each.

        Raises UsageError where symbols are left but the batch's, ArchcalcError where one image is too much.
        """
        several, one = self.of_batch(2), self.of_batch(1)
        left = frozenset[str]().union(*(dims.symbols_of(part) for state in several.timeline for part in state.size))
        if left:
            raise UsageError(f"which batch fits needs numbers; {', '.join(sorted(left))} is open")
        if one.peak > capacity:
            raise ArchcalcError(f"batch 1 needs {one.peak:,} bytes, more than the {capacity:,} that there are")
        sizes = [state.size for state in several.timeline]
        most: int = min((capacity - size.fixed) // size.per_image for size in sizes if size.per_image)
        return max(most, 1)

    def of_batch(self, batch: Any) -> Training:
        """The same step for another number of images."""
        report = Report(self.report.name, self.report.graph, self.report.costs, batch, self.report.dtype)
        return training(
            report,
            optimizer=self.optimizer.name,
            rules=self.saved.rules,
            amp=self.saved.amp,
            checkpoint=self.checkpoint,
            merges_in_place=self.merges_in_place,
        )


def training(
    report: Report,
    *,
    optimizer: str = "sgd",
    rules: str = "torch-cuda",
    amp: bool = False,
    checkpoint: str | None = None,
    merges_in_place: bool = True,
) -> Training:
    """The memory of one training step, in bytes, for the report's batch and dtype, heads included.

    `optimizer` is one of OPTIMIZERS. `rules` are torch-cuda or torch-cpu: dropout keeps a byte for each element or
    four, attention what its kernel keeps, and the optimizer's temporaries are those of all parameters at once or of
    one after another. `amp` is mixed precision by autocast; `checkpoint` one of every=K, sqrt, blocks. Gradients that
    meet are added in place, as PyTorch does where nobody else holds the first; `merges_in_place=False` is what tools
    see that watch every operation, such as its memory tracker, under which it adds them apart.

    Raises UsageError for a wrong request and for layers repeated by a symbol, ArchcalcError for a layer without a
    rule `saved`, or with bits of its own.

    >>> from archcalc.analysis import analyze
    >>> layers = ["flatten", {"linear": 3}]
    >>> for state in training(analyze({"input": [4], "layers": layers}, batch=2)).timeline:
    ...     print(state.moment, state.bytes)
    forward flatten 92
    forward linear 116
    loss 120
    gradient of the loss 124
    backward linear 184
    end of backward 180
    optimizer 180

    By hand: 4*3 + 3 parameters and 2*4 of the input, 23 numbers of 4 bytes; 2*3 outputs; the loss and its gradient;
    15 gradients of parameters.
    """
    chosen = find(optimizer)
    parts = segments(report.graph, checkpoint)
    forward = saved(report, rules, amp=amp, segments=parts)
    run = {action.node.number for action in forward.actions}
    parts = tuple(part for part in parts if not run.isdisjoint(part))  # a softmax in the loss is in none
    tape = Tape()
    tensors = _parameters(report)
    for role, size in _static(report, chosen, tensors, rules):
        tape.make(role, role, size)
    step = Step(forward, parts, tape, merges_in_place=merges_in_place)
    step.run()
    tape.moment("optimizer")
    passing = chosen.temporaries(tensors, at_once=rules == "torch-cuda")
    tape.make("temporaries", "temporaries of the optimizer", Bytes(BITS[report.dtype] // 8 * passing))
    merged = step.merges, merges_in_place
    return Training(report, forward, chosen, checkpoint, parts, *merged, tuple(tape.moments), tape.tensors())


def _parameters(report: Report) -> list[tuple[Any, ...]]:
    """The axes of every tensor of parameters, heads included, in the order of the layers."""
    return [axes for node in report.graph.nodes for axes in node.layer.parameters(node.x).values()]


def _static(
    report: Report, optimizer: Optimizer, tensors: Sequence[tuple[Any, ...]], rules: str
) -> Iterator[tuple[str, Bytes]]:
    """What is there all the time, but the input."""
    nodes, wide = report.graph.nodes, BITS[report.dtype] // 8
    yield "parameters", Bytes(wide * dims.add_up(map(dims.prod, tensors)))
    numbers = dims.add_up(dims.prod(axes) for node in nodes for axes in node.layer.buffers(node.x).values())
    constants = [kept for node in nodes for kept in node.layer.constants(node.x)]
    indices = dims.add_up(kept.elements for kept in constants if kept.form == "index")
    others = dims.add_up(kept.elements for kept in constants if kept.form != "index")
    yield "buffers", Bytes(wide * (numbers + others) + 8 * indices)
    counts = 4 * len(tensors) if optimizer.counts and rules == "torch-cpu" else 0
    yield "state of the optimizer", Bytes(wide * dims.add_up(map(optimizer.state, tensors)) + counts)


def running(tensors: Sequence[Tensor], count: int) -> Iterator[Bytes]:
    """The sum of all tensors at each moment."""
    changes: list[list[Bytes]] = [[] for _ in range(count + 1)]
    for tensor in tensors:
        changes[tensor.first].append(tensor.size)
        changes[tensor.last + 1].append(Bytes(-tensor.size.fixed, -tensor.size.per_image))
    total = Bytes()
    for number in range(count):
        total = add_up((total, *changes[number]))
        yield total
