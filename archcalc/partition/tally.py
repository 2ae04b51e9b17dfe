"""What each device holds and does, counted from the pieces of layers that a scheme gives it.

This is the one place where parts of layers become parameters, operations, activations and bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from .. import dims
from ..infer import Cost
from ..report import LayerReport, Report
from .keeping import Keeping, Received, keeping
from .plans import COUNTS, Crossing, Memory, Share
from .request import Request


class Piece(NamedTuple):
    """A device's part of one layer: `part` of `whole` equal channels or rows."""

    part: Any = 1
    whole: Any = 1
    copied: bool = False  # the device holds all parameters, though it does only its part
    images: Any = None  # in a step; None for those of the device
    kept: Any = None  # images whose activations are kept at a time, where these are not all
    cost: Cost | None = None  # where parts of equal size do not cost the same

    def of(self, count: Any) -> Any:
        """Its part of a count of the whole layer."""
        if self.part is self.whole or dims.same(self.part, self.whole):
            return count
        if type(count) is int and type(self.part) is int and type(self.whole) is int:
            whole, rest = divmod(count * self.part, self.whole)
            if rest == 0:
                return whole
        return dims.ratio(count * self.part, self.whole)

    @property
    def held(self) -> Any:
        """How much of the parameters it holds: 1 for all."""
        return 1 if self.copied else self.of(1)


class Work(NamedTuple):
    """All that one device has: pieces by the number of the layer."""

    holds: str
    images: Any  # that it handles in a step
    pieces: Mapping[int, Piece]
    received: Sequence[Received] = ()  # of others, at a time
    kept: Any = None  # images whose activations it keeps at a time, where these are not all
    turns: Any = 1  # micro-batches whose activations it keeps at a time
    inputs: Mapping[int, Piece] = {}  # the parts of the network's inputs that it reads, where these are not all

    def images_kept(self, piece: Piece) -> Any:
        """For how many images at a time what a layer keeps stays."""
        given = (piece.kept, self.kept, piece.images)
        return next((count for count in given if count is not None), self.images)


def received(crossings: Iterable[Crossing], images: Sequence[Any]) -> list[list[Received]]:
    """What each device gets for so many images, all of a tensor together."""
    values: list[dict[tuple[str, bool, int], Any]] = [{} for _ in images]
    for crossing in crossings:
        found, key = values[crossing.target - 1], (crossing.tensor, crossing.tensor == crossing.before, crossing.bits)
        found[key] = found.get(key, 0) + crossing.values
    return [
        [Received(tensor, within, total * count, bits) for (tensor, within, bits), total in found.items()]
        for found, count in zip(values, images, strict=True)
    ]


def shares(report: Report, request: Request, works: Sequence[Work], zero: int = 0) -> tuple[Share, ...]:
    """The share of each device; `zero` is the stage of ZeRO by which states are dealt out too."""
    from .peak import peaks

    known, _ = keeping(report, request.batch)
    made = [_share(report, request, number, work, zero, known) for number, work in enumerate(works)]
    step = peaks(report, request, known)
    if step is None:
        return tuple(made)
    return tuple(
        replace(share, memory=replace(share.memory, peak=step.of(work, share.memory, share.parameters)))
        for share, work in zip(made, works, strict=True)
    )


def _share(report: Report, request: Request, number: int, work: Work, zero: int, known: Keeping | None) -> Share:
    held: dict[str, list[Any]] = {name: [] for name in (*COUNTS, "parameter_bits", "buffer_bits", "activation_bits")}
    for layer in report.trunk:
        piece = work.pieces.get(layer.node.number)
        if piece is None:
            continue
        counted = _counts(layer, piece)
        images = work.images if piece.images is None else piece.images
        held["parameters"].append(counted["parameters"])
        held["parameter_bits"].append(counted["parameters"] * layer.bits)
        held["buffer_bits"].append(counted["buffers"] * layer.bits)
        for name in COUNTS[1:]:
            held[name].append(counted[name] * images)
        held["activation_bits"].append(counted["batch_activations"] * work.images_kept(piece) * layer.bits)
    total = {name: dims.plain(dims.add_up(parts)) for name, parts in held.items()}
    states = states_of(request, number, total["parameter_bits"], zero)
    if known is None:
        saved = dims.ceildiv(total["activation_bits"], 8)
        received = dims.add_up(dims.ceildiv(got.values * got.bits, 8) for got in work.received)
    else:
        saved, received = dims.ceildiv(known.bytes_of(work), 1), known.bytes_received(work)
    memory = Memory(*states, dims.ceildiv(total["buffer_bits"], 8), saved, received)
    runs = frozenset(node for node, piece in work.pieces.items() if dims.same(piece.part, 0) is not True)
    return Share(number + 1, work.holds, work.images, *(total[name] for name in COUNTS), memory, runs)


def _counts(layer: LayerReport, piece: Piece) -> dict[str, Any]:
    """The counts of one image on one device; a symbolic repeat counts all its rounds."""
    cost, part = (layer.cost, piece) if piece.cost is None else (piece.cost, Piece())
    counted = {
        "parameters": layer.cost.parameters if piece.copied else part.of(cost.parameters),
        "buffers": layer.cost.buffers if piece.copied else part.of(cost.buffers),
        "batch_macs": part.of(cost.operations.macs),
        "batch_flops": part.of(cost.operations.flops),
        "batch_activations": part.of(cost.activations),
    }
    return counted if layer.repeat == 1 else {name: count * layer.repeat for name, count in counted.items()}


def states_of(request: Request, number: int, bits: Any, zero: int) -> tuple[Any, Any, Any]:
    """Bytes of parameters, gradients and optimizer; ZeRO deals out the last one, two or three of them.

    Source: Rajbhandari et al. 2020, ZeRO, arXiv 1910.02054, sec. 5: stage 1 the optimizer, 2 gradients too, 3 all.
    """
    whole = dims.ceildiv(bits, 8)
    share = whole if zero == 0 else dims.floordiv(whole + request.devices - 1 - number, request.devices)
    return (
        share if zero >= 3 else whole,
        share if zero >= 2 else whole,
        request.states * (share if zero >= 1 else whole),
    )


def replicated(report: Report, request: Request, works: Sequence[Work]) -> dict[str, Any]:
    """What stands on several devices, or is done by several: sums over devices less this are the network's totals."""
    extra: dict[str, list[Any]] = {name: [] for name in COUNTS}
    for layer in report.trunk:
        held = [(work, work.pieces[layer.node.number]) for work in works if layer.node.number in work.pieces]
        whole = _counts(layer, Piece())
        extra["parameters"].append((dims.add_up(piece.held for _, piece in held) - 1) * whole["parameters"])
        times = _times(request, held) - request.batch
        for name in COUNTS[1:]:
            extra[name].append(times * whole[name])
    return {name: dims.plain(dims.add_up(parts)) for name, parts in extra.items()}


def _times(request: Request, held: Iterable[tuple[Work, Piece]]) -> Any:
    """For how many images all devices together do a layer."""
    pieces = [(piece, work.images if piece.images is None else piece.images) for work, piece in held]
    if all(dims.same(images, request.batch) for _, images in pieces):
        return dims.add_up(piece.of(1) for piece, _ in pieces) * request.batch
    if tuple(images for _, images in pieces) == request.images() and all(piece.of(1) == 1 for piece, _ in pieces):
        return request.batch  # dealt out: the floors of a symbolic batch add up to it
    return dims.add_up(piece.of(1) * images for piece, images in pieces)
