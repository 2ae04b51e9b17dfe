"""What each device keeps for its backward pass: the storages of training, shared out as the layers are.

The rules are those of `archcalc.saving`. Where they cannot say what a network keeps, the stored outputs are counted
instead, and the plan says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import dims
from ..errors import ArchcalcError
from ..report import Report

if TYPE_CHECKING:
    from ..graph import Node
    from ..saving import Saved, Storage
    from .tally import Piece, Work


class Received(NamedTuple):
    """What a device has got of a tensor at a time."""

    tensor: str  # path of the layer that made it
    within: bool  # between two steps of that layer
    values: Any
    bits: int


class Keeping:
    """Which storages are kept, and by which layers."""

    def __init__(self, forward: Saved, readers: Mapping[int, Sequence[int]]) -> None:
        self.forward = forward
        self.readers = readers
        self.kept = {action.node.number: action.keeps for action in forward.actions}
        self.keepers: dict[int, list[int]] = {}  # by storage, the layers that keep it
        for action in forward.actions:
            for storage in action.keeps:
                self.keepers.setdefault(storage, []).append(action.node.number)
        paths = {action.node.number: action.node.path for action in forward.actions}
        self.storage_of = {paths[node]: storage for node, storage in forward.of.items() if node in paths}

    def inputs_of(self, node: Node) -> tuple[int, ...]:
        """The storages of the network's inputs that a layer reads itself."""
        return tuple(self.forward.of[number] for number in node.inputs if number < 0)

    def kept_by(self, node: int) -> tuple[int, ...]:
        """The storages that a layer keeps."""
        return self.kept.get(node, ())

    def bytes_of(self, work: Work) -> Any:
        """What a device keeps of what it has made, and of the images."""
        return dims.add_up(self._share(storage, work) for storage in self.forward.tensors)

    def _share(self, storage: Storage, work: Work) -> Any:
        from .tally import Piece

        if not self.is_kept(storage.number, work.pieces):
            return 0
        if storage.node < 0 and not any(node in work.pieces for node in self.readers.get(storage.node, ())):
            return 0  # a view of an input, made elsewhere
        piece = work.inputs.get(storage.node, Piece()) if storage.node < 0 else work.pieces.get(storage.node)
        if piece is None:
            return 0  # another device has made it: it is among what was received
        fixed = storage.size.fixed if piece.copied else piece.of(storage.size.fixed)
        return fixed * work.turns + piece.of(storage.size.per_image) * work.images_kept(piece)

    def is_kept(self, storage: int, pieces: Mapping[int, Piece]) -> bool:
        """Whether a layer that a device has a part of keeps a storage."""
        return any(
            node in pieces and dims.same(pieces[node].part, 0) is not True for node in self.keepers.get(storage, ())
        )

    def bytes_received(self, work: Work) -> Any:
        """What a device keeps of what others have made."""
        return dims.add_up(
            dims.ceildiv(got.values * got.bits, 8)
            for got in work.received
            if got.within or self.is_kept(self.storage_of.get(got.tensor, -1), work.pieces)
        )


def keeping(report: Report, batch: Any) -> tuple[Keeping | None, str]:
    """What training keeps of a network; None where that is not known, and why."""
    from ..saving import saved

    try:
        forward = saved(Report(report.name, report.graph, report.costs, batch, report.dtype))
    except ArchcalcError as error:
        return None, str(error)
    return Keeping(forward, report.graph.readers), ""
