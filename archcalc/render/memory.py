"""What the analysis of memory found: as text, Markdown or JSON, a section for each way to run the network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from .. import dims
from ..liveness import Schedule, Step, Tensor
from ..memory import Inference
from ..report import Report
from .formats import check_format
from .lists import FORMATS, grid
from .machine import about, plain
from .rows import number_text
from .text import MAX_CELL, heading, input_line, markdown_text

_Thing = TypeVar("_Thing")
HEADERS = ("layer", "output", "bytes", "stored", "until", "in memory")


class Section(NamedTuple):
    """A part of the output: its name in JSON, its table if any, the lines beneath, and its data."""

    name: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[int]
    lines: Sequence[str]
    data: dict[str, Any]


def memory(report: Report, sections: Iterable[Section], format: str = "text") -> str:
    """The sections about one network in one of FORMATS."""
    check_format(format, FORMATS)
    if format == "json":
        data = {section.name: section.data for section in sections}
        return json.dumps({**about(report), "memory": data}, indent=1)
    title = [heading(report), input_line(report)]
    if report.graph.spec.cite:
        title.insert(1, report.graph.spec.cite)
    blocks = ["\n".join(title) if format == "text" else f"**{markdown_text(title[0])}**, {markdown_text(title[-1])}"]
    blocks.extend(written(section, format) for section in sections)
    blocks.append("\n".join(_listed([f"assumes {condition}" for condition in report.assumptions], format)))
    return "\n\n".join(block for block in blocks if block)


def written(section: Section, format: str = "text") -> str:
    """A section without a title: its table, and the lines beneath."""
    lines = "\n".join(_listed(section.lines, format))
    if not section.rows:
        return lines
    cells = [[_cut(cell) for cell in row] for row in section.rows]
    return grid(section.headers, cells, format, numeric=section.numeric) + f"\n\n{lines}"


def _listed(lines: Iterable[str], format: str) -> Iterator[str]:
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip()))
        yield line if format == "text" else f"{indent}- {markdown_text(line.strip())}"


def _cut(cell: str) -> str:
    return cell if len(cell) <= MAX_CELL else cell[: MAX_CELL - 3] + "..."


def bytes_text(count: Any) -> str:
    """Bytes, and the same in MiB (2^20 bytes) and MB (10^6 bytes), or from 1 GiB (2^30 bytes) on in GiB and GB.

    >>> bytes_text(25690112), bytes_text(4), bytes_text(3 * 2**30)
    ('25,690,112 bytes (24.50 MiB, 25.69 MB)', '4 bytes', '3,221,225,472 bytes (3.00 GiB, 3.22 GB)')
    """
    if type(count) is not int:
        return f"{count} bytes"
    if count < 10**6:
        return f"{count:,} byte{'s' * (count != 1)}"
    power, letter = (3, "G") if count >= 2**30 else (2, "M")
    return (
        f"{count:,} bytes ({_hundredths(count, 1024**power)} {letter}iB, {_hundredths(count, 1000**power)} {letter}B)"
    )


def largest_first(things: Iterable[_Thing], size: Callable[[_Thing], Any]) -> list[_Thing]:
    """Things by their size, the largest first; as they come where a size is a formula."""
    listed = list(things)
    if any(dims.is_symbolic(size(thing)) for thing in listed):
        return listed
    return sorted(listed, key=size, reverse=True)


def _hundredths(count: int, unit: int) -> str:
    whole, rest = divmod((200 * count + unit) // (2 * unit), 100)
    return f"{whole:,}.{rest:02d}"


def inference_section(found: Inference, *, brief: bool = False) -> Section:
    """The schedule, the peak and what is alive at it; without the schedule's table if `brief`."""
    section = schedule_section(found.schedule)
    return section._replace(rows=() if brief else section.rows, lines=tuple(_facts(found)), data=_data(found))


def schedule_section(schedule: Schedule) -> Section:
    """A run layer by layer, and the peak."""
    rows = [*_input_rows(schedule), *map(_step_row(schedule), schedule.steps)]
    return Section("inference", HEADERS, rows, (2, 5), tuple(_peak(schedule)), {})


def _input_rows(schedule: Schedule) -> Iterator[tuple[str, ...]]:
    for tensor in schedule.tensors:
        if tensor.made < 0:
            yield tensor.name, str(tensor.shape), number_text(tensor.bytes), "given", _until(schedule, tensor), ""


def _step_row(schedule: Schedule) -> Any:
    def row(step: Step) -> tuple[str, ...]:
        tensor = schedule.tensors[step.tensor]
        stored = {"new": "new", "in place": f"in {tensor.name}", "view": f"view of {tensor.name}"}[step.stores]
        return (
            step.layer, str(step.output), number_text(step.output_bytes), stored, _until(schedule, tensor),
            number_text(step.bytes),
        )  # fmt: skip

    return row


def _until(schedule: Schedule, tensor: Tensor) -> str:
    """The layer after which a tensor is freed."""
    if tensor.kept:
        return "the end"
    return schedule.steps[tensor.last].layer if tensor.last >= 0 else "the start"


def _facts(found: Inference) -> Iterator[str]:
    """The lines beneath the table."""
    schedule = found.schedule
    yield from _peak(schedule)
    yield from _least(found)
    yield f"beside it parameters: {bytes_text(found.parameter_bytes)}; buffers: {bytes_text(found.buffer_bytes)}"
    if len(schedule.peaks) == 1:
        yield f"together: {bytes_text(found.total)}"
    yield f"the input is {'held to the end' if found.hold_input else 'freed after its last use'}"
    if not found.in_place:
        yield "no layer writes over its input"
    yield from (f"not counted: {thing}" for thing in found.left_out)


def _peak(schedule: Schedule) -> Iterator[str]:
    """When the peak is, and what is there then."""
    if len(schedule.peaks) == 1:
        yield f"peak of inference: {bytes_text(schedule.peak)}, while {schedule.peaks[0].layer} runs, of"
        yield from (
            f"  {_alive_text(tensor)}" for tensor in largest_first(schedule.at_peak, lambda tensor: tensor.bytes)
        )
    else:
        yield "peak of inference: the largest of"
        yield from (f"  {step.bytes} bytes, while {step.layer} runs" for step in schedule.peaks)


def _least(found: Inference) -> Iterator[str]:
    """How far another order of the layers could lower the peak."""
    if found.least is None:
        return
    if not found.least.is_reached:
        yield f"over any order of the layers: at least {bytes_text(found.least.bytes)}; the search was cut off there"
    elif found.least.bytes == found.peak:
        yield "no order of the layers needs less"
    else:
        yield f"least peak over any order of the layers: {bytes_text(found.least.bytes)}"


def _alive_text(tensor: Tensor) -> str:
    """One tensor of the peak, and the layers that have written into it."""
    return f"{number_text(tensor.bytes)} bytes: {tensor.name} {tensor.shape}"


def _data(found: Inference) -> dict[str, Any]:
    schedule = found.schedule
    return {
        "peak": plain(found.peak),
        "peaks": [
            {"layer": step.layer, "bytes": plain(step.bytes), "alive": [t.name for t in schedule.alive(step)]}
            for step in schedule.peaks
        ],
        **_least_data(found),
        "parameter_bytes": plain(found.parameter_bytes),
        "buffer_bytes": plain(found.buffer_bytes),
        "hold_input": found.hold_input,
        "in_place": found.in_place,
        "tensors": [
            {
                "name": tensor.name,
                "shape": [plain(size) for size in tensor.shape.axes],
                "bytes": plain(tensor.bytes),
                "made": tensor.made,
                "last": tensor.last,
                "kept": tensor.kept,
                "layers": list(tensor.layers),
            }
            for tensor in schedule.tensors
        ],
        "steps": [
            {
                "layer": step.layer,
                "stores": step.stores,
                "bytes": plain(step.output_bytes),
                "tensor": step.tensor,
                "alive": list(step.alive),
                "in_memory": plain(step.bytes),
            }
            for step in schedule.steps
        ],
        "left_out": list(found.left_out),
    }


def _least_data(found: Inference) -> dict[str, Any]:
    """The least peak over any order, where there is a number."""
    least = found.least
    if least is None:
        return {}
    return {"least": {"bytes": least.bytes, "reached": least.is_reached, "order": list(least.order)}}
