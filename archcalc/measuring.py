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
from typing import Any

from . import dims, expr, zoo
from .analysis import analyze, with_symbols
from .errors import ArchcalcError, UsageError, did_you_mean, hinted, shown
from .network import Network, load
from .published import Measure
from .quantities import MEASURABLE
from .report import LayerReport, Report
from .tallies import TALLIES, biases

Layers = Sequence[LayerReport]


class Measurer:
    """Measures networks, each analysed once for each setting."""

    def __init__(self) -> None:
        self.reports: dict[tuple[Any, ...], Report] = {}

    def report(self, network: str | Network, measure: Measure) -> Report:
        """The network as the measure sets it."""
        loaded = load(network)
        key = (loaded.spec, loaded.variant, measure.setting)
        if key not in self.reports:
            let = {name: list(value) if isinstance(value, tuple) else value for name, value in measure.settings}
            given: dict[str, Any] = {"let": let, "input": measure.input, "batch": measure.batch}
            if measure.symbols:
                given = with_symbols(loaded, measure.symbols, **given)
            self.reports[key] = analyze(loaded, **given, dtype=measure.dtype)
        return self.reports[key]

    def value(self, measure: Measure, network: str | Network) -> Any:
        """The exact value: a number, or the axes of a size.

        Raises ArchcalcError where the network has no such layer or quantity.
        """
        report = self.report(network, measure)
        value = number_or_size(_evaluated(report, selected(report, measure), measure))
        if measure.over is None:
            return value
        other = self.report(
            _other(load(network), measure.over), Measure(measure.quantity, batch=measure.batch, dtype=measure.dtype)
        )
        return _ratio(value, _evaluated(other, None, measure))

    def share(self, measure: Measure, network: str | Network) -> Any:
        """The value as a part of the whole network's; of a ratio, or of the whole network, the value itself."""
        value, report = self.value(measure, network), self.report(network, measure)
        if measure.over is not None or selected(report, measure) is None:
            return value
        return _ratio(value, _evaluated(report, None, measure))


def _other(network: Network, name: str) -> str | Network:
    """Another variant of the same file, or another network of the zoo."""
    if name in network.spec.variants:
        return Network(name, network.spec, name)
    if not zoo.holds(name):
        raise zoo.unknown(name)
    return name


def number_or_size(value: Any) -> Any:
    """The value, if it is a number or the axes of a size."""
    if dims.is_number(value) or (isinstance(value, tuple) and value and all(map(dims.is_number, value))):
        return value
    raise ArchcalcError(f"{expr.describe(value)} is neither a number nor a size")


def _ratio(a: Any, b: Any) -> Any:
    """a / b, if both are numbers."""
    if dims.same(expr.number(b), 0):
        raise ArchcalcError("division by zero")
    return dims.ratio(expr.number(a), b)


def selected(report: Report, measure: Measure) -> Layers | None:
    """The layers that a measure is of, in order; None for the whole network.

    Heads are left out, unless the measure is of one, or of something in it, or asks for them.
    """
    if not (measure.layer or measure.at or measure.until or measure.kind or measure.heads):
        return None
    counted: Layers = report.layers if measure.heads else report.trunk
    place = measure.layer or measure.at or measure.until
    chosen = counted
    if place:
        chosen = _within(counted, place) or _within(report.layers, place)
        if not chosen:
            raise _unknown_place(report, place)
    if measure.until:
        if chosen[-1].head and not measure.heads:
            raise ArchcalcError(f"'{place}' is in the side output {chosen[-1].head}; `until` takes a layer outside")
        chosen = [layer for layer in counted if layer.node.number <= chosen[-1].node.number]
    of_kind = [layer for layer in chosen if not measure.kind or layer.kind in measure.kind]
    if not of_kind and measure.quantity != "layer_count":
        raise ArchcalcError(f"there is no layer of kind {', '.join(measure.kind)} in {place or report.name}")
    return of_kind


def _within(layers: Layers, place: str) -> Layers:
    """The layer of a path, or those within the level of that path; * stands for any part of it."""
    return [layer for layer in layers if any(matches(level, place) for level in _levels(layer.path))]


def _levels(path: str) -> Iterator[str]:
    """The path, and those of the levels around it."""
    yield path
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def matches(path: str, place: str) -> bool:
    """Whether a path is the place, in which * stands for any part.

    >>> matches("stage1.conv2", "stage1.conv2"), matches("stage1.conv2", "*.conv*"), matches("conv2", "conv")
    (True, True, False)
    """
    first, *middle = place.split("*")
    if not middle:
        return path == place
    at, last = len(first), middle.pop()
    if not path.startswith(first) or not path.endswith(last):
        return False
    for part in middle:
        at = path.find(part, at) + len(part) if part in path[at:] else len(path) + 1
    return at + len(last) <= len(path)


def _unknown_place(report: Report, place: str) -> ArchcalcError:
    paths = [level.path for level in report.graph.root.walk()]
    return ArchcalcError(hinted(f"{report.name} has no layer or level '{shown(place)}'", did_you_mean(place, paths)))


def _evaluated(report: Report, layers: Layers | None, measure: Measure) -> Any:
    """The quantity, or the expression of quantities, under the measure's convention."""
    if measure.quantity in MEASURABLE:
        return _quantity(report, layers, measure.quantity, measure)
    expression = expr.parse(measure.quantity)
    unknown = sorted(expression.names.difference(MEASURABLE))
    if unknown:
        hint = did_you_mean(unknown[0], MEASURABLE)
        raise UsageError(hinted(f"unknown quantity '{shown(unknown[0])}'", hint))
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
    quantity = MEASURABLE[name]
    counted = report.trunk if layers is None else layers
    value = quantity.of_report(report) if layers is None else quantity.of_part(report, counted)
    for convention in measure.conventions:
        if convention in TALLIES and name == "macs":
            value = TALLIES[convention].of(counted)
        elif convention in RULES:
            value = RULES[convention](name, value, report, counted)
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
    return value + dims.add_up(biases(layer) * layer.repeat for layer in layers if layer.node.layer.weighted)


def _input_included(name: str, value: Any, report: Report, layers: Layers) -> Any:
    if name not in ("activations", "outputs", "neurons"):
        return value
    return value + MEASURABLE["input_elements"].of_report(report)


RULES: Mapping[str, Callable[[str, Any, Report, Layers], Any]] = {
    "weights": _only_weights,
    "two_per_mac": _two_per_mac,
    "with_bias": _with_bias,
    "input_included": _input_included,
}
