"""The peak of each device in a training step: the moments of the whole network's step, with the device's parts.

Every tensor of `archcalc.training` belongs to a layer, and a device has its part of it, from the same moment to the
same moment, with what it has received beside it. A stage of a pipeline keeps besides what it has saved of the other
micro-batches in flight.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple

from .. import dims
from ..backward import Tensor
from ..errors import ArchcalcError
from ..report import BITS, Report
from ..saving import Storage
from ..training import training
from .keeping import Keeping
from .plans import Memory
from .request import Request
from .tally import Piece, Work

STATIC = ("parameters", "buffers", "constants", "state of the optimizer")  # a device's own are counted with its parts
GRADIENTS = ("gradient of ", "gradient inside ", "between operations of ")


class Owned(NamedTuple):
    """A tensor of the step, and the layer that it belongs to: the storage that it is, or the layer's path."""

    tensor: Tensor
    storage: Storage | None
    node: int | None
    received: int  # the storage whose received part comes beside it, -1 for none
    readers: tuple[tuple[int, int], ...] = ()  # layers that read it forward, and when


class Peaks:
    """A training step of the whole network, and whose its tensors are."""

    def __init__(self, report: Report, request: Request, known: Keeping) -> None:
        whole = Report(report.name, report.graph, report.costs, request.batch, report.dtype)
        step = training(whole, optimizer=request.optimizer)
        self.report = report
        self.request = request
        self.known = known
        self.end = len(step.moments) - 1
        self.paths = {node.path: node.number for node in report.graph.nodes}
        when = {moment.layer: moment.number for moment in step.moments if moment.phase == "forward"}
        self.reads: dict[int, list[tuple[int, int]]] = {}
        for action in known.forward.actions:
            for storage in action.reads:
                self.reads.setdefault(storage, []).append((action.node.number, when[action.node.path]))
        made = {str(storage): storage for storage in known.forward.storages}
        self.owned = [self.owner(tensor, made) for tensor in step.tensors if tensor.role not in STATIC]

    def owner(self, tensor: Tensor, made: dict[str, Storage]) -> Owned:
        """Whose a tensor is."""
        storage = None if tensor.name.startswith(GRADIENTS) else made.get(tensor.name)
        if storage is not None:
            beside = storage.number if storage.what in ("output", "input") else -1
            return Owned(tensor, storage, storage.node, beside, tuple(self.reads.get(storage.number, ())))
        path = self.path_of(tensor.name)
        is_whole = tensor.role != "gradients of parameters" and tensor.name == f"{GRADIENTS[0]}{path}"
        received = self.known.storage_of.get(path, -1) if path and is_whole else -1
        return Owned(tensor, None, self.paths.get(path or ""), received)

    def path_of(self, name: str) -> str | None:
        """The path in the name of a gradient: `gradient of conv1.weight` is conv1's."""
        for words in GRADIENTS:
            if name.startswith(words):
                path = name.removeprefix(words)
                while path and path not in self.paths:
                    path = path.rpartition(".")[0]
                return path or None
        return None

    def of(self, work: Work, memory: Memory, parameters: Any) -> Any:
        """The most bytes on a device at any moment."""
        changes: list[Any] = [0] * (self.end + 2)
        for first, last, size in self.sizes(work, memory, parameters):
            changes[first] += size
            changes[last + 1] -= size
        others = dims.ratio((memory.saved + memory.received) * (work.turns - 1), work.turns)
        static = dims.add_up([memory.parameters, memory.optimizer, memory.buffers, others, *self.constants(work)])
        return dims.ceildiv(static + max(accumulate(changes)), 1)

    def sizes(self, work: Work, memory: Memory, parameters: Any) -> Iterator[tuple[int, int, Any]]:
        """First and last moment and bytes of all that comes and goes on a device."""
        received = self.received(work)
        holds_output = any(number in work.pieces for number in self.known.forward.outputs)
        holds_gradients = self.request.scheme == "pipeline" and self.request.devices > 1 and not self.is_one_turn(work)
        sharded = _of(memory.gradients, memory.parameters) if self.request.zero in (1, 2) else 1
        of_parameters = _of(parameters, self.report["parameters"])
        images = {number: self.images(work, piece) for number, piece in work.pieces.items()}
        for owned in self.owned:
            tensor = owned.tensor
            if tensor.role == "loss":
                yield tensor.first, tensor.last, tensor.size.fixed * holds_output
            elif tensor.role == "temporaries of the optimizer":
                yield tensor.first, tensor.last, tensor.size.fixed * of_parameters
            elif owned.node is None:
                continue
            elif owned.node < 0:
                yield tensor.first, tensor.last, self.of_input(owned, work)
            elif tensor.role == "gradients of parameters":
                if owned.node in work.pieces:
                    size = tensor.size.fixed * work.pieces[owned.node].held * sharded
                    yield 0 if holds_gradients else tensor.first, self.end, size
            else:
                size = received.get(owned.received, 0)
                piece = work.pieces.get(owned.node)
                if piece is not None:
                    fixed, per_image = tensor.size
                    size += fixed if piece.copied else piece.of(fixed)
                    size += piece.of(per_image) * images[owned.node]
                if size:
                    yield tensor.first, self.last(owned, work), size

    def of_input(self, owned: Owned, work: Work) -> Any:
        """What a device has of the network's input."""
        number = owned.node
        if number is None or not any(n in work.pieces for n in self.report.graph.readers.get(number, ())):
            return 0
        piece = work.inputs.get(number, Piece())
        return piece.of(owned.tensor.size.per_image) * self.images(work, piece)

    def last(self, owned: Owned, work: Work) -> int:
        """The last moment of a tensor on a device; what only other devices keep is there while it is read."""
        storage = owned.storage
        is_kept = storage is None or self.known.is_kept(storage.number, work.pieces)
        if owned.tensor.role != "kept for backward" or is_kept:
            return owned.tensor.last
        return max((owned.tensor.first, *(moment for node, moment in owned.readers if node in work.pieces)))

    def is_one_turn(self, work: Work) -> bool:
        """Whether the whole batch goes through at once, so that no gradients are there before."""
        return bool(dims.same(work.kept, self.request.batch) and work.turns == 1)

    def images(self, work: Work, piece: Piece) -> Any:
        """Images of one turn."""
        return dims.ceildiv(work.images_kept(piece), work.turns)

    def received(self, work: Work) -> dict[int, Any]:
        """By storage, the bytes that a device has got of it in one turn."""
        found: dict[int, Any] = {}
        for got in work.received:
            storage = self.known.storage_of.get(got.tensor, -1)
            if not got.within and self.known.is_kept(storage, work.pieces):
                found[storage] = found.get(storage, 0) + dims.ratio(got.values * got.bits, 8 * work.turns)
        return found

    def constants(self, work: Work) -> Iterator[Any]:
        """Bytes of what layers hold beside parameters and buffers."""
        wide = BITS[self.report.dtype] // 8
        for layer in self.report.trunk:
            if layer.node.number in work.pieces:
                for kept in layer.node.layer.constants(layer.node.x):
                    yield kept.elements * (8 if kept.form == "index" else wide)


def _of(part: Any, whole: Any) -> Any:
    """A part of a whole; of nothing at all, such as the parameters of a network without weights, nothing."""
    return dims.ratio(part, whole) if whole else 0


def peaks(report: Report, request: Request, known: Keeping | None) -> Peaks | None:
    """What gives the peaks of devices; None where symbols or an unknown kind leave them open."""
    if known is None or report.symbols or dims.is_symbolic(request.batch):
        return None
    try:
        return Peaks(report, request, known)
    except ArchcalcError:
        return None
