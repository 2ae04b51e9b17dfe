"""Metrics of networks side by side, and rooflines of layers: as text, Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from .. import dims
from ..efficiency.energy import Energy
from ..efficiency.metrics import METRICS, Meanings, Metrics, meanings
from ..efficiency.roofline import Bound, Roofline, notes
from ..errors import ArchcalcError
from .formats import check_format
from .lists import FORMATS, grid
from .machine import SCHEMA, plain
from .rows import Options, Row, number_text, rows
from .text import MAX_CELL, heading, input_line, markdown_text

TRAFFIC = (
    "Bytes: every layer reads its inputs and stored numbers once and writes its output once; nothing is kept in a "
    "cache between layers."
)
FUSED = "Fused: batch norms are folded, and layers element by element computed by the layer before them."
LOWER = "A lower bound: peak rates, one layer after another, no overheads of launching, waiting or converting."
LEFT_OUT = 3  # names of a long list that the text shows


def decimal(value: Fraction, digits: int = 3) -> str:
    """An exact ratio with so many decimals, rounded half up.

    >>> decimal(Fraction(12345678, 1000)), decimal(Fraction(1, 3)), decimal(Fraction(1, 10**6))
    ('12,345.678', '0.333', '0.000')
    """
    scaled = (2 * value.numerator * 10**digits + value.denominator) // (2 * value.denominator)
    whole, rest = divmod(scaled, 10**digits)
    return f"{whole:,}.{rest:0{digits}d}"


def ratio_text(value: Any, digits: int = 3) -> str:
    """A ratio for reading; an expression as it is."""
    return "-" if value is None else decimal(Fraction(value), digits) if not dims.is_symbolic(value) else str(value)


def _traffic(fused: bool) -> str:
    """The model of traffic in words."""
    return f"{TRAFFIC} {FUSED}" if fused else TRAFFIC


def _left_out(count: Any) -> str:
    """What the table of energies does not cover."""
    return f"the table has no energy for {number_text(count)} divisions and exponentials"


# Metrics


def side_by_side(
    measured: Sequence[Metrics], format: str = "text", *, with_meanings: bool = False, units: str = "exact"
) -> str:
    """The metrics of several networks in one of FORMATS, a column each; `with_meanings` MACs in three meanings."""
    check_format(format, FORMATS)
    found = [meanings(one.report) if with_meanings else None for one in measured]
    if format == "json":
        pairs = zip(measured, found, strict=True)
        data = [{**_metrics_data(one), **(_meanings_data(counts) if counts else {})} for one, counts in pairs]
        return json.dumps({"schema": SCHEMA, "metrics": data}, indent=1)
    missing: dict[str, None] = {}
    lines = list(_metric_rows(measured, units, missing))
    if with_meanings:
        lines += _meaning_rows([counts for counts in found if counts], units)
    names = [one.report.name for one in measured]
    headers = ["metric", "unit", *names]
    table = grid(headers, [[_cut(cell) for cell in line] for line in lines], format, numeric=range(2, len(headers)))
    long = [
        f"{line[0]} of {name} = {cell}"
        for line in lines
        for name, cell in zip(names, line[2:], strict=True)
        if len(cell) > MAX_CELL
    ]
    kept = [_kept(one, counts) for one, counts in zip(measured, found, strict=True) if counts]
    return _with_notes([], table, [note for note in (*long, *_about(measured), *missing, *kept) if note], format)


def _cut(cell: str) -> str:
    """A long formula cut; it stands in full beneath the table."""
    return cell if len(cell) <= MAX_CELL else f"{cell[: MAX_CELL - 3]}..."


def _metric_rows(measured: Sequence[Metrics], units: str, missing: dict[str, None]) -> Iterator[list[str]]:
    """A row for each metric, those by bits and by type of number behind what they add up to."""
    for metric in METRICS:
        cells = []
        for one in measured:
            try:
                value = metric.of(one)
            except ArchcalcError as error:
                cells.append("-")
                what = "energy" if metric.unit == "uJ" else metric.name
                missing[f"note: {one.report.name}: no {what}: {error}"] = None
            else:
                cells.append(_metric_text(value, metric.unit, units))
        yield [metric.name, metric.unit, *cells]
        if metric.name == "model_bytes":
            yield from _by_bits(measured, units)
        if metric.name == "flops":
            yield from _by_type(measured, units)


def _metric_text(value: Any, unit: str, units: str) -> str:
    return ratio_text(value) if unit in ("FLOPs/byte", "uJ") else number_text(value, units)


def _by_bits(measured: Sequence[Metrics], units: str) -> Iterator[list[str]]:
    """Where numbers have different bits, the bytes of each."""
    if all(len(one.model) < 2 for one in measured):
        return
    for bits in sorted({bits for one in measured for bits in one.model}, reverse=True):
        sizes = [dims.ceildiv(bits * one.model.get(bits, 0), 8) for one in measured]
        yield [f"- in {bits} bits", "bytes", *(number_text(size, units) for size in sizes)]


def _by_type(measured: Sequence[Metrics], units: str) -> Iterator[list[str]]:
    """OPs: the same operations by the type of their numbers."""
    for number_type in dict.fromkeys(number_type for one in measured for number_type in one.ops):
        yield [
            f"ops on {number_type}",
            "operations",
            *(number_text(one.ops.get(number_type, 0), units) for one in measured),
        ]


def _meaning_rows(found: Sequence[Meanings], units: str) -> list[list[str]]:
    """MACs and FLOPs in their three meanings."""
    folds = [one.folded for one in found]
    lines: list[tuple[str, str, list[Any]]] = [
        ("macs, dense", "multiply-accumulates", [one.macs for one in found]),
        ("macs, without taps on zero padding", "multiply-accumulates", [one.inside_macs for one in found]),
        ("macs, with batch norm folded", "multiply-accumulates", [fold and fold.macs for fold in folds]),
        ("flops, dense", "operations", [one.flops for one in found]),
        ("flops, without taps on zero padding", "operations", [one.inside_flops for one in found]),
        ("flops, with batch norm folded", "operations", [fold and fold.flops for fold in folds]),
        ("parameters, with batch norm folded", "numbers", [fold and fold.parameters for fold in folds]),
        ("batch norms folded", "layers", [fold and len(fold.folding.into) for fold in folds]),
        ("batch norms that stay", "layers", [fold and len(fold.folding.kept) for fold in folds]),
    ]
    return [
        [name, unit, *("-" if value is None else number_text(value, units) for value in values)]
        for name, unit, values in lines
    ]


def in_meanings(found: Meanings, format: str = "text") -> str:
    """MACs and FLOPs of one network in their three meanings."""
    return grid(("metric", "unit", "count"), _meaning_rows([found], "exact"), format, numeric=(2,))


def energies(found: Energy, format: str = "text") -> str:
    """The energy of one network."""
    parts = (("operations", found.compute), ("bytes read and written", found.memory), ("together", found.total))
    table = grid(("energy of", "uJ"), [(what, ratio_text(value)) for what, value in parts], format, numeric=(1,))
    return table if dims.same(found.left_out, 0) is True else f"{table}\n\n{_left_out(found.left_out)}"


def _kept(one: Metrics, found: Meanings) -> str:
    """Which batch norms stay, and why."""
    if found.folded is None:
        return f"note: {one.report.name}: no folding: {found.folded_missing}"
    kept = list(found.folded.folding.kept.items())
    if not kept:
        return ""
    told = "; ".join(f"{path} ({why})" for path, why in kept[:LEFT_OUT])
    more = f"; and {len(kept) - LEFT_OUT} more, all in --format json" if len(kept) > LEFT_OUT else ""
    return f"note: {one.report.name}: batch norms that cannot be folded: {told}{more}"


def _about(measured: Sequence[Metrics]) -> Iterator[str]:
    """The conventions behind the figures."""
    first = measured[0]
    batches = {str(one.report.batch): None for one in measured}
    yield (
        f"Counts are for one image; batch_ and intensity are of a batch of {', '.join(batches)}. "
        "FLOPs = 2 MACs + all other operations."
    )
    yield _traffic(first.fused)
    yield f"Energy: {first.table.title}, {first.table.cite}; bytes at {first.level}."
    for one in measured:
        for assumption in one.report.assumptions:
            yield f"{one.report.name} assumes {assumption}"
    for one in measured:
        try:
            left = one.energy.left_out
        except ArchcalcError:
            continue
        if dims.same(left, 0) is not True:
            yield f"note: {one.report.name}: {_left_out(left)}"


def _metrics_data(one: Metrics) -> dict[str, Any]:
    report = one.report
    data: dict[str, Any] = {
        "network": report.name,
        "batch": plain(report.batch),
        "dtype": report.dtype,
        "fused": one.fused,
        "assumptions": [str(condition) for condition in report.assumptions],
    }
    for metric in METRICS:
        try:
            value = metric.of(one)
        except ArchcalcError as error:
            data.setdefault("missing", {})[metric.name] = str(error)
        else:
            if value is not None:
                data[metric.name] = plain(value)
    data["model"] = {str(bits): plain(count) for bits, count in one.model.items()}
    data["ops"] = {number_type: plain(count) for number_type, count in one.ops.items()}
    data["energy"] = {"table": one.table.name, "memory": one.level}
    return data


def _meanings_data(found: Meanings) -> dict[str, Any]:
    data: dict[str, Any] = {
        "dense": {"macs": plain(found.macs), "flops": plain(found.flops)},
        "without_taps_on_padding": {"macs": plain(found.inside_macs), "flops": plain(found.inside_flops)},
    }
    if found.folded is not None:
        data["batch_norm_folded"] = {
            "macs": plain(found.folded.macs),
            "flops": plain(found.folded.flops),
            "parameters": plain(found.folded.parameters),
            "folded": len(found.folded.folding.into),
            "kept": dict(found.folded.folding.kept),
        }
    else:
        data["missing"] = {"batch_norm_folded": found.folded_missing}
    return {"meanings": data}


# Rooflines


HEADERS = ("layer", "kind", "FLOPs", "bytes", "FLOPs/byte", "bound", "us", "uJ")


def roofs(found: Roofline, format: str = "text", *, depth: int | None = None, units: str = "exact") -> str:
    """The roofline of every layer in one of FORMATS; levels below `depth` in one row each."""
    check_format(format, FORMATS)
    if format == "json":
        return json.dumps(_roofline_data(found), indent=1)
    bounds = {bound.layer.node.number: bound for bound in found.bounds}
    shown = [row for row in rows(found.report, Options(depth=depth)) if any(l.head is None for l in row.layers)]
    lines = [_roof_row(row, [bounds[layer.node.number] for layer in row.counted], units) for row in shown]
    total = _figures(list(found.bounds), units)
    lines.append(["total", "", *total[:3], "", *total[3:]])
    width = len(HEADERS) if not found.energy_missing else len(HEADERS) - 1
    table = grid(HEADERS[:width], [line[:width] for line in lines], format, numeric=(2, 3, 4, 6, 7)[: width - 3])
    return _with_notes(list(_titles(found)), table, list(_conclusions(found)), format)


def _roof_row(row: Row, bounds: list[Bound], units: str) -> list[str]:
    figures = _figures(bounds, units)
    if len(bounds) == 1:
        bound = f"in {bounds[0].leader}" if bounds[0].leader else bounds[0].bound or "-"
    else:
        counts = {name: sum(bound.bound == name for bound in bounds) for name in ("compute", "bandwidth", "fused")}
        bound = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "-"
    return [row.path, row.kind, *figures[:3], bound, *figures[3:]]


def _figures(bounds: list[Bound], units: str) -> list[str]:
    """Operations, bytes, intensity, microseconds and microjoules of some layers together."""
    flops, bits = sum(bound.flops for bound in bounds), sum(bound.bits for bound in bounds)
    latency = sum((bound.latency for bound in bounds), Fraction(0))
    energy = sum((bound.energy.total for bound in bounds if bound.energy), Fraction(0))
    return [
        number_text(flops, units),
        number_text(-(-bits // 8), units),
        ratio_text(Fraction(8 * flops, bits) if bits else None),
        decimal(latency * 10**6),
        decimal(Fraction(energy)),
    ]


def _titles(found: Roofline) -> Iterator[str]:
    """What it is of, and the two roofs."""
    report, device = found.report, found.device
    yield heading(report)
    yield input_line(report)
    yield f"on {device.title}: {device.bandwidth.text}"
    for number_type in found.types:
        yield (
            f"{number_type}: {device.peak(number_type).text}, bound by compute from "
            f"{decimal(Fraction(device.ridge(number_type)))} FLOPs/byte"
        )


def _conclusions(found: Roofline) -> Iterator[str]:
    """What it comes to, what was left out, and what the figures mean."""
    report = found.report
    latency = found.latency * 10**6
    an_image = f", {decimal(latency / report.batch)} us an image" if report.batch != 1 else ""
    share = decimal(found.share_compute * 100, 1)
    yield f"at least {decimal(latency)} us{an_image}; {share}% of it in layers bound by compute"
    yield f"operations alone {decimal(found.compute * 10**6)} us, bytes alone {decimal(found.memory * 10**6)} us"
    if found.energy_missing:
        yield f"note: no energy: {found.energy_missing}"
    else:
        parts = [bound.energy for bound in found.bounds if bound.energy]
        compute, memory = (Fraction(sum(getattr(part, name) for part in parts)) for name in ("compute", "memory"))
        yield (
            f"energy at {found.table.title}, not of this device: {decimal(compute)} uJ of operations, "
            f"{decimal(memory)} uJ of bytes at {found.level} ({found.table.cite})"
        )
        left = sum(part.left_out for part in parts)
        if left:
            yield f"note: {_left_out(left)}"
    for head in report.graph.heads:
        yield f"head {head}: not run at inference"
    for note in notes(found):
        yield f"note: {note}"
    yield _traffic(found.fused)
    yield LOWER


def _roofline_data(found: Roofline) -> dict[str, Any]:
    device, report = found.device, found.report
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "network": report.name,
        "batch": report.batch,
        "dtype": report.dtype,
        "fused": found.fused,
        "device": {
            "name": device.name,
            "title": device.title,
            "bandwidth": device.bandwidth.value,
            "peak": {number_type: device.peak(number_type).value for number_type in found.types},
            "sources": {
                "bandwidth": device.bandwidth.source,
                **{number_type: device.peak(number_type).source for number_type in found.types},
            },
        },
        "totals": {
            "flops": found.flops,
            "bytes": -(-found.bits // 8),
            "compute_seconds": plain(found.compute),
            "memory_seconds": plain(found.memory),
            "latency_seconds": plain(found.latency),
        },
        "notes": list(notes(found)),
        "layers": [_bound_data(bound) for bound in found.bounds],
    }
    if found.energy_missing:
        data["missing"] = {"energy": found.energy_missing}
    else:
        data["energy"] = {"table": found.table.name, "memory": found.level}
    return data


def _bound_data(bound: Bound) -> dict[str, Any]:
    data: dict[str, Any] = {
        "path": bound.path,
        "kind": bound.layer.kind,
        "flops": bound.flops,
        "bytes": bound.bytes,
        "bound": bound.bound,
        "compute_seconds": plain(bound.compute),
        "memory_seconds": plain(bound.memory),
        "latency_seconds": plain(bound.latency),
    }
    if bound.intensity is not None:
        data["intensity"] = plain(bound.intensity)
    if bound.leader:
        data["fused_into"] = bound.leader
    if bound.energy:
        data["compute_energy"] = plain(bound.energy.compute)
        data["memory_energy"] = plain(bound.energy.memory)
    return data


def _with_notes(titles: list[str], table: str, told: list[str], format: str) -> str:
    """A table between its titles and its notes."""
    if format == "markdown":
        above = [f"**{markdown_text(titles[0])}**, {', '.join(map(markdown_text, titles[1:]))}", ""] if titles else []
        return "\n".join([*above, table, "", *(f"- {markdown_text(note)}" for note in told)])
    return "\n".join([*titles, *([""] if titles else []), table, "", *told])
