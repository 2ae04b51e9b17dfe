"""A training step in time: which tensors there are while each layer runs forward and backward.

The forward pass runs the layers in order, the backward pass in the reverse order, as PyTorch's engine does. A tensor
is there from the moment that makes it to the last that needs it: what a layer keeps, until its backward pass has run;
the gradient of an output, until the layer has used it; gradients of parameters, to the end. A merge of gradients
writes over the first one where nobody else holds it.

Source: the rule for chains and the order of the engine are PyTorch's, as measured (docs/training.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .dims import prod, same
from .layers.keeping import Stage
from .report import BITS
from .saving import Action, Bytes, Saved, Storage, is_one_image

FOREVER = 1 << 60


class Tensor(NamedTuple):
    """A piece of memory and the moments, first and last, between which it is there."""

    name: str
    role: str  # what it is for
    size: Bytes
    first: int
    last: int


class Moment(NamedTuple):
    """A point of the step: a layer runs forward, again or backward, gradients merge, the optimizer steps."""

    number: int
    phase: str
    layer: str

    def __str__(self) -> str:
        return f"{self.phase} {self.layer}".strip()


class Held:
    """A tensor on the tape, and how many still need it."""

    __slots__ = ("needed", "number")

    def __init__(self, number: int, needed: int) -> None:
        self.number = number
        self.needed = needed


class Tape:
    """Moments in order, and tensors with their first and last moment."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self.made: list[tuple[str, str, Bytes, int]] = []
        self.last: dict[int, int] = {}

    def moment(self, phase: str, layer: str = "") -> None:
        """Time goes on."""
        self.moments.append(Moment(len(self.moments), phase, layer))

    def make(self, name: str, role: str, size: Bytes, needed: int = 1) -> Held:
        """A new tensor, there from the present moment on."""
        self.made.append((name, role, size, max(len(self.moments) - 1, 0)))
        return Held(len(self.made) - 1, needed)

    def release(self, held: Held) -> None:
        """One fewer needs it; the present moment is its last if nobody does."""
        held.needed -= 1
        if held.needed == 0:
            self.last[held.number] = len(self.moments) - 1

    def tensors(self) -> tuple[Tensor, ...]:
        """All that were made; what nobody has released is there to the end."""
        end = len(self.moments) - 1
        return tuple(Tensor(*made, self.last.get(number, end)) for number, made in enumerate(self.made))


class Step:
    """One training step without the optimizer's, written on a tape by `run`."""

    def __init__(self, forward: Saved, segments: Sequence[range], tape: Tape, *, merges_in_place: bool = True) -> None:
        self.forward = forward
        self.tape = tape
        self.merges_in_place = merges_in_place
        self.actions = {action.node.number: action for action in forward.actions}
        self.segments = [[self.actions[number] for number in part if number in self.actions] for part in segments]
        self.uses = [_uses(segment) for segment in self.segments]
        self.reading = Counter(number for reads, _ in self.uses for number in reads)  # by storage, in how many segments
        self.results = {forward.of[output] for output in forward.outputs}
        self.home = {
            storage: index for index, part in enumerate(self.segments) for action in part for storage in action.makes
        }
        self.held: dict[int, Held] = {}  # by storage
        self.gradients: dict[int, tuple[Held, bool]] = {}  # by node: of its output, and whether that is all of it
        self.gathering: dict[int, list[Held]] = {}  # by node, the gradients of parts of its output
        self.parts = _parts(forward.actions)
        self.copies: list[Held] = []  # of parameters in 16 bits, held by autocast
        self.merges = 0  # how often a gradient was added to another

    def run(self) -> None:
        """Forward, the loss, backward."""
        tape = self.tape
        for storage in self.forward.storages:
            if storage.what == "input":
                self.held[storage.number] = tape.make(str(storage), "input", storage.size, FOREVER)
        for index in range(len(self.segments)):
            self.run_forward(index, "forward", keeping=index == len(self.segments) - 1)
        wide = Bytes(BITS[self.forward.dtype] // 8)
        tape.moment("loss")
        tape.make("loss", "loss", wide)
        self.leave_autocast()
        tape.moment("gradient of the loss")
        seed = tape.make("gradient of the loss", "loss", wide)
        for number in self.forward.outputs:  # views of that one number
            self.gradients[number] = Held(-1, FOREVER), False
        for index in reversed(range(len(self.segments))):
            self.run_backward(index)
        tape.release(seed)
        tape.moment("end of backward")

    # forward

    def run_forward(self, index: int, phase: str, *, keeping: bool) -> None:
        """Run a segment, `keeping` what its backward pass needs; else only what others read."""
        tape, (reads, keeps) = self.tape, self.uses[index]
        if not keeping:
            keeps = {}
        again = phase == "recompute"
        for number in {**reads, **keeps}:
            if self.home.get(number, -1) < index:  # it comes from outside, where it was held for this segment
                self.held[number].needed += reads.get(number, 0) + keeps.get(number, 0)
                if keeping and not again:
                    tape.release(self.held[number])
        for action in self.segments[index]:
            tape.moment(phase, action.node.path)
            for number in action.makes:
                storage = self.forward.storages[number]
                later = 0 if again else self.needed_later(storage, index)
                role = _role(bool(keeps.get(number)), later)
                needed = 1 + reads.get(number, 0) + keeps.get(number, 0) + later
                self.held[number] = tape.make(str(storage), role, storage.size, needed)
                if storage.form == "copy":
                    self.held[number].needed += 1
                    self.copies.append(self.held[number])
            for number in (*action.makes, *dict.fromkeys(action.reads)):
                tape.release(self.held[number])

    def leave_autocast(self) -> None:
        """Let go of the copies of parameters."""
        for held in self.copies:
            self.tape.release(held)
        self.copies = []

    def needed_later(self, storage: Storage, index: int) -> int:
        """How many segments behind this one read it; an output is needed to the end."""
        if storage.number in self.results:
            return FOREVER
        return self.reading[storage.number] - (storage.number in self.uses[index][0])

    # backward

    def run_backward(self, index: int) -> None:
        """Run a segment backward, forward once more before if nothing of it was kept."""
        again = index < len(self.segments) - 1
        if again:
            self.run_forward(index, "recompute", keeping=True)
            self.leave_autocast()
        for action in reversed(self.segments[index]):
            if action.needs:
                self.backward_of(action)
        if again:
            for storage in self.uses[index][0]:
                if self.home.get(storage, -1) < index:
                    self.tape.release(self.held[storage])

    def backward_of(self, action: Action) -> None:
        """The backward pass of one layer, stage by stage."""
        layer, x, y = action.node.layer, action.node.x, action.node.output
        if layer.gradient == "gathered":
            self.gather(action)
            return
        gradient, whole = self.gradients.pop(action.node.number)
        kept = list(action.keeps)
        tensors = layer.parameters(x)
        for stage in layer.stages(x, y)[:-1]:
            self.tape.moment("backward", action.node.path)
            size = Bytes(0, stage.gives * (action.output_bits // 8))
            passing = self.tape.make(f"gradient inside {action.node.path}", "gradients of layer outputs", size)
            own = {name: tensors.pop(name) for name in list(tensors) if name.startswith(stage.name)}
            freed = [number for number in kept if self.frees(stage, number)]
            kept = [number for number in kept if number not in freed]
            self.finish(action, gradient, own, freed)
            gradient, whole = passing, True
        self.tape.moment("backward", action.node.path)
        if layer.gradient == "new":
            made = [(source, self.gradient_of(source, action.output_bits), True) for source in self.graded(action)]
        else:
            whole = whole and layer.gradient == "passed"
            made = [(source, _shared(gradient), whole) for source in self.graded(action)]
        self.finish(action, gradient, tensors, kept, *self.passing(action))
        for source, held, is_whole in made:
            self.deliver(source, *self.cast(source, held, is_whole, action.output_bits))

    def graded(self, action: Action) -> list[int]:
        """The nodes whose outputs a layer gives gradients."""
        return [source for source in action.sources if source >= 0 and self.actions[source].needs]

    def frees(self, stage: Stage, number: int) -> bool:
        """Whether a stage is the last to need something kept."""
        storage = self.forward.storages[number]
        return storage.what in stage.frees or storage.what.startswith(f"{stage.name}.")

    def passing(self, action: Action) -> Iterator[Held]:
        """What passes between operations of which PyTorch makes the layer."""
        node = action.node
        count = node.layer.passing(node.x, node.output)
        if same(count, 0) is not True:
            label = f"between operations of {node.path}"
            yield self.tape.make(label, "gradients of layer outputs", Bytes(0, count * (action.output_bits // 8)))

    def finish(
        self, action: Action, gradient: Held, tensors: dict[str, Any], kept: Sequence[int], *beside: Held
    ) -> None:
        """End a stage: make the gradients of its parameters, free what it needed."""
        part = action.node.layer.part_of_gradient
        if part and not is_one_image(self.forward.batch):
            part = ()
        if set(part) & set(tensors):
            gradient.needed += FOREVER  # they are cut from this one, which therefore stays
        counts = {name: prod(axes) for name, axes in tensors.items() if name not in part}
        narrow = self.forward.amp and action.node.layer.autocast == "half"
        wide = 4 if self.forward.amp else action.bits // 8
        role, size = ("gradients of layer outputs", 2) if narrow else ("gradients of parameters", wide)
        made = [
            self.tape.make(f"gradient of {action.node.path}.{name}", role, Bytes(count * size))
            for name, count in counts.items()
        ]
        for number in kept:
            self.tape.release(self.held[number])
        for held in (gradient, *beside):
            self.tape.release(held)
        for held, (name, count) in zip(made if narrow else (), counts.items(), strict=False):
            self.tape.moment("cast", action.node.path)
            self.tape.make(f"gradient of {action.node.path}.{name}", "gradients of parameters", Bytes(4 * count))
            self.tape.release(held)

    def gradient_of(self, number: int, bits: int) -> Held:
        """A new gradient of the output of a node."""
        node = self.actions[number].node
        return self.tape.make(
            f"gradient of {node.path}", "gradients of layer outputs", Bytes(0, node.output.elements * (bits // 8))
        )

    def cast(self, source: int, held: Held, whole: bool, bits: int) -> tuple[Held, bool]:
        """A gradient with the bits of the output that it is of."""
        own = self.actions[source].output_bits
        if own == bits:
            return held, whole
        self.tape.moment("cast", self.actions[source].node.path)
        wanted = self.gradient_of(source, own)
        self.tape.release(held)
        return wanted, True

    def gather(self, action: Action) -> None:
        """Hold the gradient of a part until those of all parts are there, then make the gradient of the whole."""
        (source,) = action.sources
        held, _ = self.gradients.pop(action.node.number)
        parts = self.gathering.setdefault(source, [])
        parts.append(held)
        if action.node.number != self.parts[source]:
            return
        self.tape.moment("backward", action.node.path)
        whole = self.gradient_of(source, action.output_bits)
        for part in parts:
            self.tape.release(part)
        self.deliver(source, whole, True)

    def deliver(self, source: int, held: Held, whole: bool) -> None:
        """Add a gradient to what other readers of the same output have sent."""
        if source not in self.gradients:
            self.gradients[source] = held, whole
            return
        self.merges += 1
        before, was_whole = self.gradients[source]
        if self.merges_in_place and was_whole and before.needed == 1:
            self.tape.release(held)
            return
        self.tape.moment("merge", self.actions[source].node.path)
        self.gradients[source] = self.gradient_of(source, self.actions[source].output_bits), True
        self.tape.release(before)
        self.tape.release(held)


def _role(is_kept: bool, needed_later: int) -> str:
    """What a tensor of the forward pass is for."""
    if is_kept:
        return "kept for backward"
    if needed_later >= FOREVER:
        return "outputs of the network"
    return "kept between segments" if needed_later else "layer outputs, not kept"


def _shared(held: Held) -> Held:
    """The same tensor for one more."""
    held.needed += 1
    return held


def _uses(segment: Sequence[Action]) -> tuple[dict[int, int], dict[int, int]]:
    """By storage, how many layers of a segment read it, and how many keep it."""
    reads: dict[int, int] = {}
    keeps: dict[int, int] = {}
    for action in segment:
        for storage in dict.fromkeys(action.reads):
            reads[storage] = reads.get(storage, 0) + 1
        for storage in action.keeps:
            keeps[storage] = keeps.get(storage, 0) + 1
    return reads, keeps


def _parts(actions: Sequence[Action]) -> dict[int, int]:
    """By node of which others take parts, the first of these: the last in the backward pass."""
    first: dict[int, int] = {}
    for action in actions:
        if action.needs and action.node.layer.gradient == "gathered":
            first.setdefault(action.sources[0], action.node.number)
    return first
