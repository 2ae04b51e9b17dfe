"""Measures recomputed: the layers that a measure is of, and the value there under its convention.

>>> from .published import Measure
>>> measurer = Measurer()
>>> measurer.value(Measure("parameters + buffers", of="vgg16"), "vgg16")
138357544
>>> measurer.value(Measure("macs", of="alexnet", over="vgg16"), "alexnet")
Fraction(3233959, 69063680)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from . import dims, expr
from .analysis import analyze, with_symbols
from .errors import ArchcalcError, UsageError, did_you_mean, hinted
from .network import Network, load
from .published import Measure
from .quantities import AWAITED, MEASURABLE
from .report import LayerReport, Report
from .tallies import TALLIES

Layers = Sequence[LayerReport]


class Awaited(ArchcalcError):
    """A quantity that no analysis counts yet."""


class Measurer:
    """Measures networks, each analysed once for each setting."""

    def __init__(self) -> None:
        self.reports: dict[tuple[Any, ...], Report] = {}

    def report(self, network: str | Network, measure: Measure) -> Report:
        """The network as the measure sets it."""
        name = network.name if isinstance(network, Network) else network
        key = (name, measure.setting)
        if key not in self.reports:
            let = {name: list(value) if isinstance(value, tuple) else value for name, value in measure.settings}
            given: dict[str, Any] = {"let": let, "input": measure.input, "batch": measure.batch}
            if measure.symbols:
                given = with_symbols(load(network), measure.symbols, **given)
            self.reports[key] = analyze(network, **given, dtype=measure.dtype)
        return self.reports[key]

    def value(self, measure: Measure, network: str | Network) -> Any:
        """The exact value: a number, or the axes of a size.

        Raises ArchcalcError where the network has no such layer or quantity, `Awaited` where that is not counted yet.
        """
        report = self.report(network, measure)
        value = _evaluated(report, selected(report, measure), measure)
        if measure.over is None:
            return value
        other = self.report(measure.over, Measure(measure.quantity, batch=measure.batch, dtype=measure.dtype))
        return _ratio(value, _evaluated(other, None, measure))

    def share(self, measure: Measure, network: str | Network) -> Any:
        """The value as a part of the whole network's."""
        report = self.report(network, measure)
        return _ratio(self.value(measure, network), _evaluated(report, None, measure))


def _ratio(a: Any, b: Any) -> Any:
    """a / b, if both are numbers."""
    if dims.same(expr.number(b), 0):
        raise ArchcalcError("division by zero")
    return dims.ratio(expr.number(a), b)


def selected(report: Report, measure: Measure) -> Layers | None:
    """The layers that a measure is of, in order; None for the whole network, heads left out."""
    if not (measure.layer or measure.at or measure.until or measure.kind or measure.heads):
        return None
    place = measure.layer or measure.at
    layers: Layers = report.layers if measure.heads or place else report.trunk
    if place:
        layers = _within(layers, place)
    elif measure.until:
        last = _within(layers, measure.until)
        layers = [layer for layer in layers if last and layer.node.number <= last[-1].node.number]
    if not layers:
        raise _unknown_place(report, str(place or measure.until))
    of_kind = [layer for layer in layers if not measure.kind or layer.kind in measure.kind]
    if not of_kind and measure.quantity != "layer_count":
        raise ArchcalcError(f"there is no layer of kind {', '.join(measure.kind)} in {report.name}")
    return of_kind


def _within(layers: Layers, place: str) -> Layers:
    """The layer of a path, or those within the level of that path; * stands for any part of it."""
    if "*" not in place:
        return [layer for layer in layers if layer.path == place or layer.path.startswith(f"{place}.")]
    patterns = (place, f"{place}.*")
    return [layer for layer in layers if any(fnmatchcase(layer.path, pattern) for pattern in patterns)]


def _unknown_place(report: Report, place: str) -> ArchcalcError:
    paths = [level.path for level in report.graph.root.walk()]
    return ArchcalcError(hinted(f"{report.name} has no layer or level '{place}'", did_you_mean(place, paths)))


def _evaluated(report: Report, layers: Layers | None, measure: Measure) -> Any:
    """The quantity, or the expression of quantities, under the measure's convention."""
    if measure.quantity in MEASURABLE:
        return _quantity(report, layers, measure.quantity, measure)
    expression = expr.parse(measure.quantity)
    for name in expression.names.intersection(AWAITED):
        raise Awaited(f"the {AWAITED[name]} is not computed yet")
    return dims.plain(expression.evaluate(_Quantities(report, layers, measure), []))


class _Quantities(Mapping[str, Any]):
    """The quantities of some layers by name, for an expression."""

    def __init__(self, report: Report, layers: Layers | None, measure: Measure) -> None:
        self.report, self.layers, self.measure = report, layers, measure

    def __getitem__(self, name: str) -> Any:
        return _quantity(self.report, self.layers, name, self.measure)

    def __iter__(self) -> Iterator[str]:
        return iter(MEASURABLE)

    def __len__(self) -> int:
        return len(MEASURABLE)


def _quantity(report: Report, layers: Layers | None, name: str, measure: Measure) -> Any:
    """One quantity, under the conventions that change it."""
    if name not in MEASURABLE:
        raise UsageError(hinted(f"unknown quantity '{name}'", did_you_mean(name, [*MEASURABLE, *AWAITED])))
    quantity = MEASURABLE[name]
    counted = report.trunk if layers is None else layers
    value = quantity.of_report(report) if layers is None else quantity.of_span(report, counted)
    for convention in measure.conventions:
        if convention in TALLIES:
            value = TALLIES[convention].of(counted) if name == "macs" else value
        else:
            value = _RULES[convention](name, value, report, counted)
    return value


def _only_weights(name: str, value: Any, report: Report, layers: Layers) -> Any:
    """Of convolutions, linear layers and their kin, without biases; nothing of normalisation."""
    if name not in ("parameters", "weights"):
        return value
    return MEASURABLE["weights"].of_layers(layer for layer in layers if layer.node.layer.weighted)


def _two_per_mac(name: str, value: Any, report: Report, layers: Layers) -> Any:
    return 2 * value if name == "macs" else value


def _with_bias(name: str, value: Any, report: Report, layers: Layers) -> Any:
    """A bias counts as one more operation of each output."""
    if name != "macs":
        return value
    return value + dims.add_up(layer.additions * layer.repeat for layer in layers if layer.node.layer.weighted)


def _input_included(name: str, value: Any, report: Report, layers: Layers) -> Any:
    if name not in ("activations", "outputs", "neurons"):
        return value
    return value + MEASURABLE["input_elements"].of_report(report)


_RULES: Mapping[str, Callable[[str, Any, Report, Layers], Any]] = {
    "weights": _only_weights,
    "two_per_mac": _two_per_mac,
    "with_bias": _with_bias,
    "input_included": _input_included,
    "k1024": lambda name, value, report, layers: value,  # it is about the printed unit
}
