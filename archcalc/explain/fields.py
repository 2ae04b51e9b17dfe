"""The receptive field of a layer explained: by the recurrence from its input's field, or by the paths that meet.

The recurrence is one step of `archcalc.receptive` run with `Term`s: the size grows by (F - 1) times the jump, the jump
is multiplied by the stride, the first unit's box begins P jumps earlier.

Source: Araujo, Norris & Sim 2019, Computing Receptive Fields of Convolutional Neural Networks, Distill, sec. 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .. import dims
from ..dims.term import Term
from ..entries import JoinEntry
from ..errors import ArchcalcError
from ..graph import Node
from ..layers import Layer
from ..readings import Reading, Rearranged
from ..receptive import Field, Fields
from ..receptive.stages import Stage
from ..receptive.tracks import Track
from ..report import LayerReport, Report
from .parts import Rule, Section
from .rules import Run, without_padding

LEGEND = {
    "size_before": "size of the field of its input",
    "jump_before": "step between the fields of two neighbours of its input",
    "start_before": "where the field of its input's first position begins, 0 being the first pixel",
}


def sections(report: Report, layer: LayerReport, run: Run) -> Iterator[Section]:
    """The field of a layer, once for each input of the network that it sees."""
    names = [name for name, _ in report.graph.inputs]
    for name in names:
        fields = Fields(report, name if len(names) > 1 else None)
        if fields.sees(layer):
            yield _section(fields, layer, run, name if len(names) > 1 else "")


def _section(fields: Fields, layer: LayerReport, run: Run, source: str) -> Section:
    """By the recurrence where the layer follows a single track, else in words with the paths that meet."""
    field = fields[layer.path]
    before = [(branch, fields.stage_before(number)) for branch, number in _inputs(layer.node)]
    known = [(branch, stage) for branch, stage in before if stage is not None]
    remarks = [f"of the input '{source}'"] if source else []
    step = _step(fields, layer.node, known[0][1], run) if len(before) == 1 and len(known) == 1 else None
    if isinstance(step, tuple) and _agrees(field, step):
        rules = tuple(rule for axis, along in zip(step, field.axes, strict=True) for rule in _rules(along.name, axis))
    else:
        rules = tuple(rule for along in field.axes for rule in _results(along.name, along))
        remarks += [step] if isinstance(step, str) else _united(fields, known)
    if field.whole:
        remarks.append("each unit sees the whole input")
    remarks += [
        f"'{one.first}' and '{one.second}' look at different {fields.names[one.axis]}" for one in field.misaligned
    ]
    return Section("field", field.size, rules, tuple(remarks))


def _inputs(node: Node) -> Iterator[tuple[str, int]]:
    """The numbers of a node's inputs, of joins with the names of the branches."""
    branches = node.entry.branches if isinstance(node.entry, JoinEntry) else ()
    for place, number in enumerate(node.inputs):
        yield (branches[place][0] if place < len(branches) else ""), number


def _rules(name: str, step: tuple[Any, Any, Any]) -> Iterator[Rule]:
    size, jump, start = step
    yield Rule(f"{name}: size", size)
    yield Rule(f"{name}: jump", jump)
    yield Rule(f"{name}: start", start)


def _results(name: str, along: Any) -> Iterator[Rule]:
    yield Rule(f"{name}: size", along.size)
    if along.jump is not None:
        yield Rule(f"{name}: jump", along.jump)
    if along.before is not None:
        yield Rule(f"{name}: start", -along.before)


def _step(fields: Fields, node: Node, stage: Stage, run: Run) -> tuple[Any, ...] | str:
    """Size, jump and start along each axis of the input, as terms; or why no recurrence leads to this layer."""
    readings = fields.readings(node)[0]
    if isinstance(readings, Rearranged):
        if all(strand.is_fixed for strand in stage.strands) and not stage.scattered:
            return "all units of its input see the same, and so do its own"
        return "its units stand in another order than those of its input, so that no recurrence leads to them"
    if stage.scattered:
        return "the units of its input see different places: the size is that of their union"
    if len(stage.strands) > 1:
        jumps = sorted({str(strand.tracks[0].jump) for strand in stage.strands})
        return (
            f"{len(stage.strands)} kinds of paths, with jumps of {', '.join(jumps)}, lead to its input, so that no "
            "single recurrence does: the size is that of the box around what they see"
        )
    tracks = stage.strands[0].tracks
    period = max(max(track.period, readings[track.axis].period) for track in tracks)
    if period > 1 or any(None in track.boxes for track in tracks):
        return (
            f"units see boxes of different kinds, which repeat every {period} units, as behind layers that "
            "enlarge or choose their windows: the size is that of the largest"
        )
    if any(reading.inside for reading in readings):
        return "some of its positions do not come from this input"
    sliding = _readings(without_padding(run.layer, len(run.x.spatial)), run)
    padded = _readings(run.layer, run)
    if sliding is None or padded is None:
        return "its reading cannot be run with names"
    return tuple(_along(track, stage.units[track.axis], sliding[track.axis], padded[track.axis]) for track in tracks)


def _readings(layer: Layer, run: Run) -> Sequence[Reading] | None:
    """What one unit reads of its input, as terms."""
    try:
        found = layer.readings(run.x, run.outputs.shape)[0]
    except ArchcalcError:
        return None
    return [reading for reading in found if isinstance(reading, Reading)]


def _along(track: Track, units: Any, reading: Reading, padded: Reading) -> tuple[Any, Any, Any]:
    """One step of the walk with terms: a box from 1 to the size, and one that begins where it does."""
    box = track.boxes[0]
    assert box is not None
    jump = Term(track.advance, "jump_before")
    size, grown = Term(track.width(units), "size_before"), 1
    at = Track(0, 1, jump, ((grown, size),)).through(_from_zero(reading))
    first, last = at.boxes[0] or (grown, size)
    start = Term(box[0], "start_before")
    moved = Track(0, 1, jump, ((start, start),)).through(padded).boxes[0] or (start, start)
    return last + (1 - first), at.advance, moved[0]


def _from_zero(reading: Reading) -> Reading:
    """The reading of a single position as that of its own, for sizes do not depend on where it is."""
    taps = reading.taps[0]
    if taps is None or taps.first is not taps.last:
        return reading
    return reading._replace(taps=(taps._replace(first=0, last=0),))


def _agrees(field: Field, step: Sequence[tuple[Any, Any, Any]]) -> bool:
    """Whether the recurrence gives what the walk over the whole graph has found."""
    return all(
        dims.same(_value(size), along.size) is True
        and along.jump is not None
        and dims.same(_value(jump), along.jump) is True
        and along.before is not None
        and dims.same(_value(start), -along.before) is True
        for (size, jump, start), along in zip(step, field.axes, strict=True)
    )


def _value(number: Any) -> Any:
    return number.value if isinstance(number, Term) else number


def _united(fields: Fields, known: Sequence[tuple[str, Stage]]) -> list[str]:
    """The paths that meet in a join, each with what its units see."""
    told = (
        ["the paths through its inputs are united: the size is that of the box around what all see"]
        if len(known) > 1
        else []
    )
    for branch, stage in known:
        name = f"'{branch}'" if branch else "its input"
        if stage.scattered:
            told.append(f"{name}: units that see different places")
            continue
        sizes = "x".join(map(_bracketed, stage.sizes()))
        jumps = {"x".join(_bracketed(track.jump) for track in strand.tracks) for strand in stage.strands}
        first = stage.box((0,) * len(stage.units))
        start = "" if first is None else f", start {', '.join(str(begin) for begin, _ in first)}"
        told.append(f"{name}: size {sizes}, jump {' and '.join(sorted(jumps))}{start}")
    return told


def _bracketed(size: Any) -> str:
    text = str(size)
    return text if text.replace("/", "").isalnum() else f"({text})"
