"""Devices: peak rates by type of number, memory bandwidth and capacity, each figure with its source.

    title      what it is
    peak       by type of number, the most operations in a second: `float16: {value: 312 TFLOP/s, source: ...}`
    bandwidth  the most bytes in a second between memory and processor
    capacity   bytes of that memory; may be left out
    storage    bytes of the memory that holds the weights, if another than that; may be left out

>>> a100 = device("a100")
>>> a100.peak("float16").value, a100.bandwidth.value
(312000000000000, 2039000000000)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import SpecError, did_you_mean, hinted, shown
from ..records import Record, record
from ..report import BITS
from ..yamlsrc import Source
from .hardware import BANDWIDTH, FLOATING, INTEGER, SIZE, Figure, HardwareReader, find, names

FOLDER = "devices"
SECTIONS = ("title", "peak", "bandwidth", "capacity", "storage")


@record
class Device(Record):
    """A device as its file describes it."""

    name: str
    title: str
    peaks: Mapping[str, Figure]
    bandwidth: Figure
    capacity: Figure | None
    storage: Figure | None
    source: Source

    def peak(self, number_type: str) -> Figure:
        """The peak rate on numbers of this type; SpecError at the place in the file where there is none."""
        if number_type in self.peaks:
            return self.peaks[number_type]
        message = f"no peak rate for {number_type}"
        hint = hinted(f"it has {', '.join(self.peaks)}", "choose one with --dtype, or add it with its source")
        raise SpecError([self.source.problem(message, self.source.mark(("peak",)), self.name, hint)])

    def ridge(self, number_type: str) -> Any:
        """Operations for each byte at which both roofs meet: peak over bandwidth, an exact ratio."""
        from ..dims import ratio

        return ratio(self.peak(number_type).value, self.bandwidth.value)

    def __repr__(self) -> str:
        return f"<Device {self.name}: {self.title}>"


def device_names() -> list[str]:
    """The devices that come with archcalc.

    >>> len(device_names())
    8
    """
    return names(FOLDER)


def device(given: str | Path | Device) -> Device:
    """The device of this name, or of a file.

    Raises UsageError for an unknown name, SpecError with everything that is wrong in the file.
    """
    if isinstance(given, Device):
        return given
    name, source = find(given, FOLDER, "device")
    reader = HardwareReader(source, "a device")
    data = reader.sections(SECTIONS, ("title", "peak", "bandwidth"))
    title = reader.text(data, "title")
    peaks = _peaks(reader, data["peak"]) if "peak" in data else {}
    memory = {
        key: reader.figure(data[key], BANDWIDTH if key == "bandwidth" else SIZE, (key,))
        for key in ("bandwidth", "capacity", "storage")
        if key in data
    }
    reader.finish()
    bandwidth = memory["bandwidth"]
    assert bandwidth is not None
    return Device(name, title, peaks, bandwidth, memory.get("capacity"), memory.get("storage"), source)


def _peaks(reader: HardwareReader, data: Any) -> dict[str, Figure]:
    """The peak rates by type of number."""
    if not isinstance(data, dict) or not data:
        reader.report("'peak' has a figure for each type of number, such as float32", ("peak",), at_value=True)
        return {}
    found = {}
    for number_type, figure in data.items():
        if number_type not in BITS:
            reader.report(
                f"unknown type of number '{shown(number_type)}'", ("peak", number_type), did_you_mean(number_type, BITS)
            )
            continue
        dimension = INTEGER if number_type.startswith("int") else FLOATING
        read = reader.figure(figure, dimension, ("peak", number_type))
        if read is not None:
            found[number_type] = read
    return found
