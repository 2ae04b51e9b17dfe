"""The section on a training step of what `archcalc memory` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..fitting import Fit
from ..training import State, Training
from .machine import plain
from .memory import Section, bytes_text, largest_first, written
from .rows import number_text, share

HEADERS = ("layer", "output", "keeps", "forward", "backward")


def training_section(found: Training, *, brief: bool = False) -> Section:
    """What each layer keeps, the peak and what is there at it; without the table of layers if `brief`."""
    rows = [] if brief else list(_rows(found))
    return Section("training", HEADERS, rows, (2, 3, 4), tuple(_facts(found)), _data(found))


def with_fit(section: Section, fit: Fit | None, batch: Any) -> Section:
    """A section about a batch, with the largest one that fits in front."""
    if fit is None:
        return section
    data = {
        "capacity": fit.capacity,
        "batch": fit.batch,
        "bytes": fit.bytes,
        "more": fit.more,
        "others": dict(fit.others),
    }
    lines = (*_fit_lines(fit), f"what follows is of batch {number_text(batch)}", *section.lines)
    return section._replace(lines=lines, data={**section.data, "fit": data})


def fitted(fit: Fit, format: str = "text") -> str:
    """The largest batch by itself."""
    return written(Section("fit", (), (), (), tuple(_fit_lines(fit)), {}), format)


def _fit_lines(fit: Fit) -> Iterator[str]:
    yield f"largest batch within {bytes_text(fit.capacity)}: {fit.batch:,}, which needs {bytes_text(fit.bytes)}"
    yield f"  one image more needs {bytes_text(fit.more)}"
    others = (f"{batch:,} in {dtype}" if batch else f"none in {dtype}" for dtype, batch in fit.others)
    yield f"  the largest batch in other numbers: {', '.join(others)}"


def _rows(found: Training) -> Iterator[tuple[str, ...]]:
    """A line for each layer: what it is the first to keep, and what is in memory while it runs."""
    forward = {state.moment.layer: state for state in found.timeline if state.moment.phase == "forward"}
    backward: dict[str, State] = {}
    for state in found.timeline:
        if state.moment.phase == "backward":
            backward.setdefault(state.moment.layer, state)
    for action in found.saved.actions:
        node = action.node
        keeps = found.saved.first_kept_by(node.number).of(found.report.batch)
        back = number_text(backward[node.path].bytes) if node.path in backward else ""
        yield node.path, str(node.output), number_text(keeps), number_text(forward[node.path].bytes), back


def _facts(found: Training) -> Iterator[str]:
    """The lines beneath the table."""
    if len(found.peaks) == 1:
        (state,) = found.peaks
        yield f"peak of training: {bytes_text(found.peak)}, {when(state)}, of"
        for role, count in largest_first(found.roles(state).items(), lambda item: item[1]):
            yield f"  {number_text(count)} bytes: {role}"
    else:
        yield "peak of training: the largest of"
        yield from (f"  {state.bytes} bytes, {when(state)}" for state in found.peaks)
    for phase in ("loss", "end of backward", "optimizer"):
        state = found.when(phase)
        yield f"{when(state)}: {bytes_text(state.bytes)}"
    saved = found.saved
    if found.checkpoint is None:
        yield f"kept for the backward pass: {bytes_text(saved.bytes)}, in {len(saved.tensors)} tensors"
    else:
        kept, all_ = bytes_text(found.kept_bytes), bytes_text(saved.bytes)
        yield f"kept for the backward pass: {kept}; without checkpoints {all_}"
        again, macs = found.recomputed_macs, found.report.batch * found.report["macs"]
        part = share(again, macs)
        yield (
            f"checkpoints {found.checkpoint}: {len(found.segments)} segments; {number_text(again)} MACs run again"
            + (f", {part} % of the forward pass" if part else "")
        )
    precision, optimizer = "mixed precision" if saved.amp else saved.dtype, found.optimizer
    yield f"by the rules {saved.rules}, in {precision}, with {optimizer.name}, which keeps {optimizer.keeps}"
    yield from found.notes
    yield from (f"not counted: {thing}" for thing in found.left_out)


def when(state: State) -> str:
    """The moment in words."""
    phase, layer = state.moment.phase, state.moment.layer
    return {
        "forward": f"while {layer} runs forward",
        "recompute": f"while {layer} runs forward again",
        "backward": f"while {layer} runs backward",
        "merge": f"where gradients of {layer} are added",
        "cast": f"where gradients of {layer} change their precision",
        "loss": "at the end of the forward pass",
        "gradient of the loss": "at the beginning of the backward pass",
        "end of backward": "at the end of the backward pass",
        "optimizer": "in the optimizer's step",
    }[phase]


def _data(found: Training) -> dict[str, Any]:
    batch = found.report.batch
    return {
        "peak": plain(found.peak),
        "peaks": [
            {**_moment(state), "roles": {role: plain(count) for role, count in found.roles(state).items()}}
            for state in found.peaks
        ],
        "rules": found.saved.rules,
        "amp": found.saved.amp,
        "optimizer": found.optimizer.name,
        "checkpoint": found.checkpoint,
        "segments": [[part.start, part.stop] for part in found.segments],
        "recomputed_macs": plain(found.recomputed_macs),
        "kept_bytes": plain(found.kept_bytes),
        "saved_bytes": plain(found.saved.bytes),
        "saved": [
            {"layer": storage.name, "what": storage.what, "form": storage.form, "bytes": plain(storage.size.of(batch))}
            for storage in found.saved.tensors
        ],
        "tensors": [
            {
                "name": tensor.name,
                "role": tensor.role,
                "bytes": plain(tensor.size.of(batch)),
                "first": tensor.first,
                "last": tensor.last,
            }
            for tensor in found.tensors
        ],
        "timeline": [_moment(state) for state in found.timeline],
        "notes": list(found.notes),
        "left_out": list(found.left_out),
    }


def _moment(state: State) -> dict[str, Any]:
    return {"phase": state.moment.phase, "layer": state.moment.layer, "bytes": plain(state.bytes)}
