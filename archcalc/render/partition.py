"""A plan of devices as text, Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from .. import dims
from ..figures import in_unit
from ..partition import Collective, Crossing, Plan, Share
from ..partition.timing import TRAINING
from ..partition.wording import bytes_text, rate_text, ratio_text, seconds_text
from .lists import grid
from .machine import SCHEMA, plain
from .rows import number_text
from .text import MAX_CELL, heading, input_line, markdown_text

MEASURES: tuple[tuple[str, Callable[[Share], Any]], ...] = (
    ("parameters", lambda share: share.parameters),
    ("forward MACs", lambda share: share.batch_macs),
    ("bytes of memory", lambda share: share.memory.need),
)


def partition(plan: Plan, format: str = "text") -> str:
    """A plan in one of the formats text, markdown and json."""
    if format == "json":
        return json.dumps(to_data(plan), indent=1)
    escape = markdown_text if format == "markdown" else str
    title = f"{plan.devices} device{'s' * (plan.devices > 1)} by {plan.chosen or plan.scheme}"
    head = [heading(plan.report), f"{title}; {input_line(plan.report, plan.request.batch)}"]
    parts = ["\n".join(map(escape, head)), _devices(plan, format)]
    tables = (_splits, _crossings, _collectives, _alternatives)
    parts += [table for table in (make(plan, format) for make in tables) if table]
    lines = [f"- {markdown_text(line)}" if format == "markdown" else line for line in facts(plan)]
    return "\n\n".join([*parts, "\n".join(lines)])


def _cell(value: Any) -> str:
    text = number_text(value)
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 3] + "..."


def _devices(plan: Plan, format: str) -> str:
    """What each device holds and does, and the sums."""
    headers = ("device", "holds", "images", "parameters", "forward MACs", "bytes saved", "bytes of memory")
    rows = [
        (
            str(s.number), s.holds,
            *map(_cell, (s.images, s.parameters, s.batch_macs, s.memory.saved + s.memory.received, s.memory.need)),
        )
        for s in plan.shares
    ]  # fmt: skip
    sums = plan.sums()
    saved = dims.add_up(s.memory.saved + s.memory.received for s in plan.shares)
    memory = dims.add_up(s.memory.need for s in plan.shares)
    counted = (sums["parameters"], sums["batch_macs"], saved, memory)
    return grid(headers, [*rows, ("all", "", "", *map(_cell, counted))], format, numeric=range(2, 7))


def _splits(plan: Plan, format: str) -> str:
    """The layers with weights, and those that have something to say."""
    weighted = {layer.path for layer in plan.report.trunk if layer.node.layer.weighted}
    shown = [split for split in plan.splits if split.note or split.path in weighted]
    if not shown:
        return ""
    rows = [(split.path, split.kind, _parts(split.parts), split.note) for split in shown]
    return grid(("layer", "kind", f"{shown[0].of} of each device", ""), rows, format)


def _parts(parts: Sequence[Any]) -> str:
    """48 + 48; of many equal ones 8 x 64."""
    runs = [(text, len(list(run))) for text, run in groupby(map(number_text, parts))]
    cell = " + ".join(text if count == 1 else f"{count} x {text}" for text, count in runs)
    return cell if len(cell) <= MAX_CELL else cell[: MAX_CELL - 3] + "..."


def _crossings(plan: Plan, format: str) -> str:
    """One row for each tensor that moves."""
    headers = (
        "before",
        "tensor",
        "from, to",
        "values of an image",
        "bytes of an image",
        "bytes of a step",
        "gradients back",
    )
    rows = []
    for moved, is_gather in ((plan.crossings, False), (plan.gathers, True)):
        found: dict[tuple[str, str], list[Crossing]] = {}
        for crossing in moved:
            found.setdefault((crossing.before, crossing.tensor), []).append(crossing)
        for (before, tensor), listed in found.items():
            of_an_image = [c for c in listed if c.images == plan.request.batch or c.source == listed[0].source]
            counted = (
                dims.add_up(crossing.values for crossing in of_an_image),
                dims.add_up(crossing.bytes for crossing in of_an_image),
                dims.add_up(crossing.step_bytes for crossing in listed),
                dims.add_up(crossing.returned_bytes for crossing in listed),
            )
            mark = f"{before} (output's gather)" if is_gather else before
            rows.append((mark, tensor, _ways(listed, plan.devices), *map(_cell, counted)))
    return grid(headers, rows, format, numeric=range(3, 7)) if rows else ""


def _ways(crossings: Sequence[Crossing], devices: int) -> str:
    """Between which devices, and how much on each way."""
    values = [crossing.values for crossing in crossings]
    each = f", {_cell(values[0])} each" if len(values) > 1 and all(value == values[0] for value in values) else ""
    if len(crossings) == devices * (devices - 1) and devices > 2:
        return f"each to each other{each}"
    sources, targets = ({c.source for c in crossings}, {c.target for c in crossings})
    if len(crossings) > 4:
        if len(targets) == 1:
            return f"{len(sources)} devices to {targets.pop()}{each}"
        if len(sources) == 1:
            return f"{sources.pop()} to {len(targets)} devices{each}"
        return f"{len(crossings)} ways{each}"
    pairs = sorted((c.source, c.target) for c in crossings)
    both = [f"{a} <-> {b}" for a, b in pairs if a < b and (b, a) in pairs]
    single = [f"{a} -> {b}" for a, b in pairs if (b, a) not in pairs]
    return ", ".join([*both, *single]) + each


def _collectives(plan: Plan, format: str) -> str:
    """What all devices do together."""
    if not plan.collectives:
        return ""
    headers = (
        "together",
        "how",
        "bytes",
        "most bytes sent by a device",
        "received by a device",
        "bytes over all links",
    )
    rows = [
        (c.what, c.how, *map(_cell, (c.bytes, _most(c.sent), _most(c.received), c.total))) for c in plan.collectives
    ]
    return grid(headers, rows, format, numeric=range(2, 6))


def _alternatives(plan: Plan, format: str) -> str:
    """What else `auto` has tried."""
    if not plan.alternatives:
        return ""
    rows = [
        (
            other.name,
            "" if other.step is None else seconds_text(other.step),
            "" if other.memory is None else bytes_text(other.memory),
            other.why,
        )
        for other in plan.alternatives
    ]
    return grid(("not chosen", "step", "memory of a device", "why"), rows, format, numeric=(1, 2))


def _most(values: Sequence[Any]) -> Any:
    return values[0] if any(map(dims.is_symbolic, values)) else max(values)


def facts(plan: Plan) -> Iterator[str]:
    """The lines beneath the tables: worst device, replication, memory, time, notes."""
    for name, count in MEASURES:
        worst, ratio = plan.worst(count), plan.imbalance(count)
        if ratio is not None:
            most = number_text(count(worst))
            where = "each device has" if ratio == 1 and plan.devices > 1 else f"device {worst.number} has"
            yield f"most {name}: {where} {most}, {ratio_text(ratio)} times the mean"
    yield _replication(plan)
    yield _memory(plan)
    if plan.fits is not None:
        yield _fit(plan)
    yield f"over all links {number_text(plan.crossing_bytes)} bytes a step, forward and backward"
    yield from plan.facts
    yield from _time(plan)
    yield from plan.notes
    for assumption in plan.report.assumptions:
        yield f"assumes {assumption}"


def _replication(plan: Plan) -> str:
    names = {"parameters": "parameters", "batch_macs": "MACs", "batch_activations": "activations"}
    twice = [
        f"{number_text(plan.replicated[name])} {told}"
        for name, told in names.items()
        if dims.same(plan.replicated[name], 0) is not True
    ]
    if not twice:
        return "the sums are the totals of the network: nothing is held or done twice"
    return f"held or done on several devices, beyond the totals of the network: {', '.join(twice)}"


def _memory(plan: Plan) -> str:
    worst = plan.worst(lambda share: share.memory.need)
    memory, request = worst.memory, plan.request
    parts = (
        ("parameters", memory.parameters), ("gradients", memory.gradients),
        (f"state of {request.optimizer}", memory.optimizer), ("buffers", memory.buffers),
        ("saved for backward", memory.saved), ("received from others", memory.received),
    )  # fmt: skip
    told = ", ".join(f"{name} {bytes_text(value)}" for name, value in parts)
    peak = "" if memory.peak is None else f"; at the peak of a step {bytes_text(memory.peak)}"
    return f"memory of device {worst.number}: {told}, together {bytes_text(memory.total)}{peak}"


def _fit(plan: Plan) -> str:
    """Whether the device that needs most has so much memory."""
    need, limit = plan.worst(lambda share: share.memory.need).memory.need, plan.request.device_memory
    if plan.fits:
        return f"fits: the most that a device needs is {bytes_text(need)} of its {bytes_text(limit)}"
    return f"does NOT fit: a device needs {bytes_text(need)} and has {bytes_text(limit)}"


def _time(plan: Plan) -> Iterator[str]:
    timing, request = plan.timing, plan.request
    if timing is None:
        yield "a time needs numbers for all symbols"
        return
    idle = f", waiting {seconds_text(timing.idle)}" if timing.idle else ""
    yield (
        f"a step takes {seconds_text(timing.step)} at {rate_text(request.speed, 'FLOP/s')} a device and "
        f"{rate_text(request.link, 'B/s')} a link each way: computing, as {TRAINING} forward passes, "
        f"{seconds_text(timing.compute)}{idle}, communication {seconds_text(timing.communication)}, "
        f"{in_unit(timing.communication_share, '%')} of the step" + (f"; {timing.how}" if timing.how else "")
    )


def to_data(plan: Plan) -> dict[str, Any]:
    """The plan as plain data; seconds and ratios are exact, as text."""
    request = plan.request
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "network": plan.report.name,
        "scheme": plan.scheme,
        "request": {name: plain(getattr(request, name)) for name in request.record_fields},
        "devices": [_share_data(share) for share in plan.shares],
        "totals": {name: plain(value) for name, value in plan.totals().items()},
        "replicated": {name: plain(value) for name, value in plan.replicated.items()},
        "imbalance": {name: plain(plan.imbalance(count)) for name, count in MEASURES},
        "layers": [
            {"path": s.path, "kind": s.kind, "of": s.of, "ranges": plain(s.ranges), "note": s.note} for s in plan.splits
        ],
        "crossings": [_crossing_data(crossing) for crossing in plan.crossings],
        "gathers": [_crossing_data(crossing) for crossing in plan.gathers],
        "collectives": [_collective_data(collective) for collective in plan.collectives],
        "chosen": plan.chosen,
        "alternatives": [
            {name: plain(getattr(other, name)) for name in other.record_fields} for other in plan.alternatives
        ],
        "step_bytes": plain(plan.crossing_bytes),
        "facts": list(plan.facts),
        "notes": list(plan.notes),
        "assumptions": [str(assumption) for assumption in plan.report.assumptions],
    }
    if plan.timing is not None:
        timing = plan.timing
        names = ("step", "compute", "communication", "idle", "communication_share")
        data["timing"] = {name: plain(getattr(timing, name)) for name in names}
    if plan.fits is not None:
        data["fits"] = plan.fits
    return data


def _share_data(share: Share) -> dict[str, Any]:
    names = ("number", "holds", "images", "parameters", "batch_macs", "batch_flops", "batch_activations")
    memory = {name: plain(getattr(share.memory, name)) for name in (*share.memory.record_fields, "total", "need")}
    return {**{name: plain(getattr(share, name)) for name in names}, "memory": memory}


def _crossing_data(crossing: Crossing) -> dict[str, Any]:
    names = (
        "tensor",
        "before",
        "source",
        "target",
        "values",
        "bytes",
        "images",
        "step_values",
        "step_bytes",
        "returned_bytes",
    )
    return {name: plain(getattr(crossing, name)) for name in names}


def _collective_data(collective: Collective) -> dict[str, Any]:
    names = ("what", "how", "bytes", "sent", "received", "total")
    return {name: plain(getattr(collective, name)) for name in names}
