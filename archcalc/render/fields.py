"""Receptive fields as text, Markdown and JSON: of all layers, of one, of one unit, of one pixel."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

from .. import dims
from ..entries import JoinEntry
from ..receptive import Along, Field, Fields, Seeing, Seen, axis_names
from ..receptive.misaligned import Misaligned
from ..receptive.stages import Path
from ..receptive.tracks import Track
from ..shapes import Shape
from .lists import grid
from .machine import SCHEMA, plain
from .rows import Options, Row, rows
from .text import MAX_CELL, heading, markdown_text

CONVENTION = (
    "Pixels of the input, before clipping to it. before, after: how far the boxes of the first and of the last unit "
    "reach beyond the input."
)
MAX_PHASES = 4
MAX_RUNS = 6  # of positions, one after the other


def table(fields: Fields, format: str = "text", depth: int | None = None) -> str:
    """The fields of all layers, with what there is to know about merges and padding."""
    if format == "json":
        found = [_data(field) for field in fields]
        return _json(fields, fields=found, misaligned=[_misaligned_data(fields, one) for one in fields.misaligned])
    known = {field.layer.node.number: field for field in fields}
    shown = [(row.path, row.kind, known[number]) for row, number in _rows(fields, depth) if number in known]
    has_branches = any(field.has_branches for _, _, field in shown)
    headers = ["layer", "kind", "output", "size", "jump", "before", "after", "centre"]
    headers += ["smallest", "largest"] * has_branches + ["remarks"]
    cells = [
        [path, kind, str(field.layer.output), *_figures(field, has_branches), _remark(field)]
        for path, kind, field in shown
    ]
    if not any(row[-1] for row in cells):
        headers, cells = headers[:-1], [row[:-1] for row in cells]
    made = grid(headers, [_cut(row, format) for row in cells], format, numeric=range(3, 8 + 2 * has_branches))
    return _page(fields, made, [_network_line(fields), *_facts(fields), CONVENTION], format)


def _rows(fields: Fields, depth: int | None) -> Iterator[tuple[Row, int]]:
    """The rows of a table, levels below `depth` in one, with the number of the layer that each is about."""
    for row in rows(fields.report, Options(depth=depth)):
        yield row, row.counted[-1].node.number


def _page(fields: Fields, body: str, facts: Sequence[str], format: str) -> str:
    """Heading, body, and lines beneath."""
    report = fields.report
    if format == "markdown":
        name = f"**{markdown_text(heading(report))}**, input {markdown_text(_input(fields))}"
        return "\n".join([name, "", body, "", *(f"- {markdown_text(fact)}" for fact in facts)])
    above = [heading(report), *([report.graph.spec.cite] if report.graph.spec.cite else []), f"input {_input(fields)}"]
    return "\n".join([*above, "", body, "", *facts])


def _input(fields: Fields) -> str:
    return f"{fields.source} {fields.shape}" if fields.source else str(fields.shape)


def _network_line(fields: Fields) -> str:
    last = fields.last
    return f"field of the network: {_joined([axis.size for axis in last.axes])}, that of {last.path}"


def _figures(field: Field, has_branches: bool) -> Iterator[str]:
    names = ["size", "jump", "before", "after", "centre", *(["smallest", "largest"] * has_branches)]
    return (_joined([getattr(axis, name) for axis in field.axes]) for name in names)


def _joined(values: Sequence[Any]) -> str:
    """One value where it is the same along all axes, else all with x between."""
    if all(_alike(value, values[0]) for value in values):
        values = values[:1]
    texts = ["-" if value is None else str(value) for value in values]
    if len(texts) == 1:
        return texts[0]
    return "x".join(text if text.lstrip("-").replace("/", "").isalnum() else f"({text})" for text in texts)


def _alike(a: Any, b: Any) -> bool:
    return a is b if a is None or b is None else dims.same(a, b) is True


def _remark(field: Field) -> str:
    parts = ["the whole input"] * bool(field.whole) + ["the union of its units"] * field.scattered
    parts += ["misaligned branches"] * bool(field.misaligned)
    return ", ".join(parts)


def _cut(row: Sequence[str], format: str) -> list[str]:
    """Long formulas cut, for a terminal."""
    return [cell if len(cell) <= MAX_CELL or format == "markdown" else cell[: MAX_CELL - 3] + "..." for cell in row]


def _facts(fields: Fields, path: str | None = None) -> Iterator[str]:
    """Merges of branches that look at different places, what padding depends on, assumptions; of all layers or one."""
    alike: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for one in fields.misaligned:
        if path in (None, one.path):
            merges = alike.setdefault((one.first, one.second, one.by), {})
            merges.setdefault(one.path, []).append(fields.names[one.axis])
    for (first, second, by), merges in alike.items():
        (merge, axes), *more = merges.items()
        others = f" and {len(more)} more {'merge' if len(more) == 1 else 'merges'}" if more else ""
        yield f"note: {merge}{others}: '{second}' looks at other {' and '.join(axes)} than '{first}': {by}"
    yield from (f"note: {told}" for layer, told in same_paddings(fields) if path in (None, layer))
    yield from (f"assumes {assumption}" for assumption in fields.report.assumptions)


def same_paddings(fields: Fields) -> list[tuple[str, str]]:
    """For layers by path how the padding `same` of each layer depends on its input, where the size of that is open.

    A window with stride s and extent k on n rows gets max(k - r, 0) zeros, r being n mod s, or s where that is 0.
    """
    told: dict[tuple[str, str], None] = {}
    for layer in fields.report.layers:
        node = layer.node
        window = None if node.layer.joins or node.layer.enlarges else node.layer.window_on(node.x)
        if window is None or window.pad is not None:
            continue
        for axis, size in enumerate(node.x.spatial):
            extent, stride = window.extent(axis), window.stride[axis]
            if type(size) is int or type(extent) is not int or type(stride) is not int:
                continue
            totals = [max(extent - (rest or stride), 0) for rest in range(stride)]
            if len(set(totals)) > 1:
                cases = (
                    f"{n // 2} and {n - n // 2} where {size} % {stride} == {rest}" for rest, n in enumerate(totals)
                )
                told[layer.path, f"{layer.path}: same pads before and after by {', '.join(cases)}"] = None
    return list(told)


# one layer


def layer(fields: Fields, path: str, format: str = "text") -> str:
    """The field of one layer, the rule for its units, its smallest and largest path."""
    field = fields[path]
    if format == "json":
        return _json(fields, **_data(field), rule=list(_rules(fields, field)))
    headers = ("axis", "size", "jump", "before", "after", "centre", "smallest", "largest")
    cells = [(axis.name, *("-" if value is None else str(value) for value in _values(axis))) for axis in field.axes]
    made = grid(headers, cells, format, numeric=range(1, len(headers)))
    facts = [
        f"{field.path} ({field.layer.kind}), output {field.layer.output}",
        *_rules(fields, field),
        *_path_lines(fields, field),
    ]
    facts += [f"it sees {remark}" for remark in [_remark(field)] if field.whole]
    return _page(fields, made, [*facts, *_facts(fields, field.path), CONVENTION], format)


def _values(axis: Along) -> tuple[Any, ...]:
    return (axis.size, axis.jump, axis.before, axis.after, axis.centre, axis.smallest, axis.largest)


def _rules(fields: Fields, field: Field) -> Iterator[str]:
    """What the unit at i, j sees, as formulas; letters that are symbols of the network are passed over."""
    free = [letter for letter in "ijkmnpqruvtwxyz" if letter not in fields.report.symbols]
    names = free[: len(field.stage.units)]
    turn = "t" if "t" in free else free[-1]
    unit = ", ".join(names)
    if field.scattered:
        yield "its units see different places: --at shows those of one, the row is their union"
        return
    for axis, along in enumerate(field.axes):
        tracks = list(dict.fromkeys(strand.tracks[axis] for strand in field.stage.strands))
        told = ", and ".join(_track_text(track, names[track.axis], turn) for track in tracks)
        yield f"unit {unit} sees {along.name} {told}"


def _track_text(track: Track, name: str, turn: str) -> str:
    if track.period > MAX_PHASES:
        return f"by a rule that repeats every {track.period} units (--at shows one)"
    if track.period == 1:
        return _box_text(track.boxes[0], track.advance, name)
    texts = []
    for phase, box in enumerate(track.boxes):
        at = f"{track.period}*{turn}" + (f" + {phase}" if phase else "")
        texts.append(f"{_box_text(box, track.advance, turn)} for {name} = {at}")
    return "; ".join(texts)


def _box_text(box: Any, advance: Any, name: str) -> str:
    return "nothing" if box is None else f"{_linear(advance, name, box[0])} to {_linear(advance, name, box[1])}"


def _linear(factor: Any, name: str, constant: Any) -> str:
    """`16*i - 90`."""
    if dims.same(factor, 0):
        return str(constant)
    factor_text = "" if dims.same(factor, 1) else f"{factor}*" if str(factor).isalnum() else f"({factor})*"
    if type(constant) is int:
        return f"{factor_text}{name}" + (f" {'-' if constant < 0 else '+'} {abs(constant)}" if constant else "")
    text = str(constant)
    return f"{factor_text}{name} - {text[1:]}" if text.startswith("-") else f"{factor_text}{name} + {text}"


def _path_lines(fields: Fields, field: Field) -> Iterator[str]:
    """Through which branches the smallest and the largest path run; once for axes on which they are the same."""
    if not field.has_branches:
        return
    for word, smallest in (("smallest", True), ("largest", False)):
        told: dict[str, list[str]] = {}
        for axis, along in enumerate(field.axes):
            paths = field.stage.paths(axis, smallest=smallest)
            if len(paths) == 1:
                size = along.smallest if smallest else along.largest
                told.setdefault(f"{size}, by {_turns_text(fields, paths[0])}", []).append(along.name)
        yield from (f"{word} path along {' and '.join(names)}: {text}" for text, names in told.items())


def _turns_text(fields: Fields, path: Path) -> str:
    """The branches of a path, joins in a row that are passed by a branch of the same name together."""
    turns = []
    for number, branch in path.turns:
        node = fields.report.graph.nodes[number]
        assert isinstance(node.entry, JoinEntry)
        turns.append((node.entry.branches[branch][0], node.path))
    texts = []
    for name, group in groupby(turns, key=lambda turn: turn[0]):
        joins = [join for _, join in group]
        texts.append(
            f"{name} ({joins[0]})" if len(joins) == 1 else f"{name} ({joins[0]} to {joins[-1]}, {len(joins)} joins)"
        )
    return ", ".join(texts) or "no branch"


# one unit, one pixel


def unit(fields: Fields, seen: Seen, format: str = "text") -> str:
    """What one unit sees, before clipping and after."""
    if format == "json":
        data = {
            "path": seen.layer.path,
            "at": list(seen.unit),
            "before": None if seen.before is None else [[plain(end) for end in box] for box in seen.before],
            "after": [list(positions) for positions in seen.after],
            "pixels": seen.pixels,
        }
        return _json(fields, **data)
    at = ",".join(map(str, seen.unit))
    whole = dims.prod(len(positions) for positions in seen.after)
    cells = []
    for axis, name in enumerate(seen.names):
        box = "nothing" if seen.before is None else f"{seen.before[axis][0]} to {seen.before[axis][1]}"
        cells.append((name, box, positions_text(seen.after[axis]), str(len(seen.after[axis]))))
    made = grid(("axis", "before clipping", "of the input", "pixels"), cells, format, numeric=(3,))
    facts = [f"unit {at} of {seen.layer.path} ({seen.layer.kind}), output {seen.layer.output}: {seen.pixels:,} pixels"]
    if seen.pixels < whole:
        facts.append(f"not all of the {whole:,} where these {' and '.join(seen.names)} meet")
    return _page(fields, made, facts, format)


def pixel(
    fields: Fields, at: Sequence[int], path: str | None = None, depth: int | None = None, format: str = "text"
) -> str:
    """Which units see one pixel: of every layer, or of the one of this path."""
    seeing = fields.seeing(at, path)
    if format == "json":
        found = [
            {"path": one.layer.path, "units": [list(units) for units in one.units], "count": one.count}
            for one in seeing
        ]
        return _json(fields, pixel=list(at), seeing=found)
    known = {one.layer.node.number: one for one in seeing}
    shown = [(row, known[number]) for row, number in _rows(fields, depth) if number in known]
    cells = [(row.path, row.kind, str(one.layer.output), _units_text(one), f"{one.count:,}") for row, one in shown]
    made = grid(("layer", "kind", "output", "units that see it", "number"), cells, format, numeric=(4,))
    return _page(fields, made, [f"pixel {','.join(map(str, at))} of the input {_input(fields)}"], format)


def _units_text(one: Seeing) -> str:
    if not one.count:
        return "none"
    names = _unit_names(one.layer.output)
    return ", ".join(f"{name} {positions_text(units)}" for name, units in zip(names, one.units, strict=True))


def _unit_names(shape: Shape) -> tuple[str, ...]:
    if len(shape.axes) == 2 and shape.channels_last:
        return ("tokens",)
    return axis_names(shape)


def positions_text(positions: Sequence[int]) -> str:
    """Positions in order, those one after the other as `3 to 9`.

    >>> positions_text((0, 1, 2, 3, 7, 9, 10))
    '0 to 3, 7, 9, 10'
    >>> positions_text((0, 2, 4, 6, 8))
    '0 to 8 in steps of 2'
    """
    if not positions:
        return "none"
    steps = {b - a for a, b in pairwise(positions)}
    if len(positions) > 3 and len(steps) == 1 and steps != {1}:
        return f"{positions[0]} to {positions[-1]} in steps of {steps.pop()}"
    runs: list[list[int]] = []
    for position in positions:
        if runs and runs[-1][-1] == position - 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    texts = [f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    more = len(texts) - MAX_RUNS
    return ", ".join(texts[:MAX_RUNS]) + (f" and {more} runs more" if more > 0 else "")


# JSON


def _json(of: Fields, **data: Any) -> str:
    report = of.report
    above = {
        "schema": SCHEMA,
        "network": report.name,
        "input": [plain(size) for size in of.shape.axes],
        "axes": list(of.names),
        "assumptions": [str(condition) for condition in report.assumptions],
    }
    return json.dumps({**above, **data}, indent=1)


def _data(field: Field) -> dict[str, Any]:
    names = ("size", "jump", "before", "after", "centre", "smallest", "largest")
    data: dict[str, Any] = {
        "path": field.path,
        "kind": field.layer.kind,
        "output": [plain(size) for size in field.layer.output.axes],
    }
    data |= {name: [plain(getattr(axis, name)) for axis in field.axes] for name in names}
    data |= {"scattered": field.scattered}
    return data if field.whole is None else {**data, "whole": field.whole}


def _misaligned_data(fields: Fields, one: Misaligned) -> dict[str, Any]:
    data = {"path": one.path, "axis": fields.names[one.axis], "branches": [one.first, one.second]}
    data["jumps"] = [plain(jump) for jump in one.jumps]
    return data if one.least is None else {**data, "apart": [plain(one.least), plain(one.most)]}
