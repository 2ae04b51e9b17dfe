"""What is asked for: the scheme and its numbers, from the call, else from the spec's `partition`, else by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from .. import dims
from ..conditions import Condition
from ..entries import place
from ..errors import ArchcalcError, SpecError, UsageError, did_you_mean, hinted, shown
from ..expr import describe
from ..figures import amount, amount_text
from ..layers.fields import read_size
from ..records import Record, record
from ..report import Report
from ..specreader import AMOUNTS, WORDS

MAX_DEVICES = 4096
DEFAULTS: Mapping[str, Any] = {
    "devices": None,
    "scheme": None,
    "batch": None,
    "link": "16GB/s",
    "speed": "10TFLOP/s",
    "device_memory": None,
    "balance": "time",
    "stages": None,
    "micro_batches": None,
    "schedule": "1f1b",
    "reduce": "ring",
    "zero": 0,
    "optimizer": "momentum",
    "assemble": "b",
    "halo": "exchange",
}
STATES = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2, "rmsprop": 1, "lamb": 2}  # numbers for each parameter


@record
class Request(Record):
    """The checked settings of one plan."""

    devices: int
    scheme: str
    batch: Any
    link: Fraction  # bytes a second, each way at once
    speed: Fraction  # operations a second of one device
    device_memory: Any  # bytes, None for no limit
    balance: str
    stages: tuple[str, ...] | None
    micro_batches: int | None
    schedule: str
    reduce: str
    zero: int
    optimizer: str
    assemble: str
    halo: str

    @property
    def states(self) -> int:
        """Numbers of optimizer state for each parameter."""
        return STATES[self.optimizer]

    def written(self, **settings: Any) -> str:
        """The request as a spec holds it, with further settings; what is as by default is left out.

        >>> Request(**{**DEFAULTS, "devices": 2, "scheme": "batch", "batch": 8, "zero": 1}).written()
        'partition: {devices: 2, scheme: batch, batch: 8, zero: 1}'
        """
        shown: dict[str, str] = {}
        for name in self.record_fields:
            value, default = settings.get(name, getattr(self, name)), DEFAULTS[name]
            if value is None or value == default:
                continue
            if name not in AMOUNTS:
                shown[name] = f"[{', '.join(value)}]" if isinstance(value, tuple) else str(value)
            elif default is None or value != amount(default, AMOUNTS[name]):
                shown[name] = amount_text(value, AMOUNTS[name])
        return f"partition: {{{', '.join(f'{name}: {text}' for name, text in shown.items())}}}"

    def images(self) -> tuple[Any, ...]:
        """The batch dealt out evenly: how many images each device gets, larger shares first."""
        return dealt(self.batch, self.devices)


def dealt(count: Any, parts: int) -> tuple[Any, ...]:
    """How many of `count` things each of the parts gets.

    >>> dealt(10, 4)
    (3, 3, 2, 2)
    """
    return tuple(dims.floordiv(count + parts - 1 - number, parts) for number in range(parts))


def requested(report: Report, given: Mapping[str, Any]) -> Request:
    """The settings of a plan; None in `given` leaves one to the spec or the default.

    Raises UsageError for a wrong setting of the call, SpecError for one of the spec, each with what was expected.
    """
    unknown = sorted(given.keys() - DEFAULTS.keys())
    if unknown:
        raise UsageError(hinted(f"unknown setting '{unknown[0]}'", did_you_mean(unknown[0], DEFAULTS)))
    from_spec = report.graph.spec.partition or {}
    values: dict[str, Any] = {}
    for name, default in DEFAULTS.items():
        value = given.get(name)
        if value is not None:
            values[name] = _checked(name, value, UsageError)
        elif name in from_spec:
            values[name] = _from_spec(report, name)
        else:
            values[name] = _checked(name, default, UsageError)
    if values["batch"] is None:
        values["batch"] = report.batch
    if values["devices"] is None or values["scheme"] is None:
        missing = "devices" if values["devices"] is None else "scheme"
        known = "a number" if missing == "devices" else "one of " + ", ".join(WORDS["scheme"])
        raise UsageError(f"{report.name} has no `partition` that says its {missing}; give {missing}: {known}")
    return Request(**values)


def _from_spec(report: Report, name: str) -> Any:
    """A setting that the spec gives; its problems name their place."""
    spec = report.graph.spec
    assert spec.partition is not None
    conditions: list[Condition] = []
    value = spec.evaluated(spec.partition[name], dict(report.settings), conditions)
    path = spec.partition[name].path

    def refuse(message: str) -> SpecError:
        return SpecError([spec.source.problem(message.partition(": ")[2], spec.source.value_mark(path), place(path))])

    return _checked(name, value, refuse)


def _checked(name: str, value: Any, refuse: Any) -> Any:
    """The value as plans use it; an error made by `refuse` says what it takes."""
    if value is None:
        return None
    try:
        if name in AMOUNTS:
            return amount(dims.exact(value), AMOUNTS[name])
        if name in WORDS or name == "optimizer":
            return _word(value, WORDS.get(name, tuple(STATES)))
        if name == "stages":
            return _paths(value)
        if name == "batch":
            return read_size(value, 1)
        return _count(name, value)
    except ArchcalcError as error:
        raise refuse(f"{name}: {error}") from None


def _word(value: Any, words: Sequence[str]) -> str:
    if value not in words:
        hint = did_you_mean(value, words) if isinstance(value, str) else f"it is one of {', '.join(words)}"
        raise ArchcalcError(hinted(f"{describe(value)} is not known", hint))
    return str(value)


def _paths(value: Any) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not all(isinstance(path, str) for path in listed):
        raise ArchcalcError(
            f"{describe(value)} is not a list of layers, those that begin the second stage and the next"
        )
    return tuple(listed)


def _count(name: str, value: Any) -> int:
    least, most = {"devices": (1, MAX_DEVICES), "zero": (0, 3), "micro_batches": (1, 10**9)}[name]
    value = dims.plain(dims.exact(value)) if dims.is_number(dims.exact(value)) else value
    if dims.is_number(value) and dims.is_symbolic(value):
        raise ArchcalcError(f"{shown(value)} holds a symbol; give it a number")
    if type(value) is not int or not least <= value <= most:
        raise ArchcalcError(f"{describe(value)} is not a whole number from {least} to {most:,}")
    return value
