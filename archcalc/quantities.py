"""The one list of quantities: name, unit, description, and how a layer and a network have them.

Table columns, `published:`, formulas and constraints take their names from here and from nowhere else. Beside
the counts, which add up, stand the sizes, which do not: what enters and leaves a layer or a level.

>>> find("macs").unit
'multiply-accumulates'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from . import dims
from .errors import ArchcalcError, UsageError, did_you_mean, shown
from .layers import ACTIVATIONS
from .records import Record, record
from .report import LayerReport, Report


@record
class Quantity(Record):
    """Something that can be counted; totals are sums over the layers unless `span`, `part` or `whole` says otherwise."""

    name: str
    unit: str
    description: str
    layer: Callable[[LayerReport], Any] | None = None
    span: Callable[[Sequence[LayerReport]], Any] | None = None  # of some of the layers, in order
    part: Callable[[Report, Sequence[LayerReport]], Any] | None = None  # of them, by what lies around them too
    whole: Callable[[Report], Any] | None = None
    bits: Callable[[LayerReport], Any] | None = None  # of a quantity in bytes, before rounding up

    def of_layer(self, layer: LayerReport) -> Any:
        """Of one layer, for one image."""
        return self.layer(layer) if self.layer else self.of_span((layer,))

    def of_layers(self, layers: Iterable[LayerReport]) -> Any:
        """Of several layers together; bits are added up before they are rounded up to bytes."""
        assert self.layer is not None
        count = self.bits or self.layer
        total = dims.add_up(_times(count(layer), copies * layer.repeat) for layer, copies in _alike(layers))
        return total if self.bits is None else dims.ceildiv(total, 8)

    def of_report(self, report: Report) -> Any:
        """Of the whole network, heads left out."""
        return self.whole(report) if self.whole else self.of_part(report, report.trunk)

    def of_part(self, report: Report, layers: Sequence[LayerReport]) -> Any:
        """Of some of a network's layers in order, such as a level; ArchcalcError where only the whole network has it."""
        if self.whole is not None:
            raise ArchcalcError(f"{self.name} is of the whole network, not of some of its layers")
        return self.part(report, layers) if self.part else self.of_span(layers)

    def of_span(self, layers: Sequence[LayerReport]) -> Any:
        """Of layers in order, by themselves alone."""
        return self.span(layers) if self.span else self.of_layers(layers)


def _alike(layers: Iterable[LayerReport]) -> Iterator[tuple[LayerReport, int]]:
    """Each different layer with its number of copies: equal rounds share what they cost, and are asked once."""
    found: dict[tuple[int, ...], list[LayerReport]] = {}
    for layer in layers:
        node = layer.node
        key = id(layer.cost), id(node.layer), id(node.series), id(node.repeat)
        found.setdefault(key, []).append(layer)
    for copies in found.values():
        yield copies[0], len(copies)


def _times(value: Any, count: Any) -> Any:
    return value if type(count) is int and count == 1 else value * count


def depth(layers: Sequence[LayerReport]) -> Any:
    """The most weighted layers on one path through these layers."""
    deepest: Any = 0
    for _, reached in depths(layers):
        deepest = dims.smax(deepest, reached)
    return deepest


def depths(layers: Sequence[LayerReport]) -> Iterator[tuple[LayerReport, Any]]:
    """Each of these layers with the most weighted layers on a path that ends in it."""
    known: dict[int, Any] = {}
    for layer in layers:
        node = layer.node
        own: Any = node.layer.depth * node.repeat
        for _, count in node.series:
            own = own * count
        before: Any = 0
        for index in node.inputs:
            if index in known:
                before = dims.smax(before, known[index])
        known[node.number] = before + own
        yield layer, known[node.number]


def _kernel(layers: Sequence[LayerReport]) -> Any:
    """Of the first weighted layer: its window, then the channels that one output is connected to."""
    for layer in layers:
        own = layer.node.layer
        if not own.weighted:
            continue
        channels, window = layer.inputs[0].channels, own.window()
        if layer.kind in ("linear", "maxout"):
            return (channels,)
        if layer.kind == "transposed_conv":
            assert window is not None
            return (*window.kernel, dims.ratio(channels, getattr(own, "groups", 1)))
        if layer.kind in ("conv", "depthwise", "locally_connected"):
            assert window is not None
            each = dims.ratio(layer.cost.operations.macs, layer.cost.outputs * dims.prod(window.kernel))
            if dims.is_symbolic(each) or dims.is_whole(each):
                return (*window.kernel, each)
        raise ArchcalcError(f"{layer.path} ({layer.kind}) has no kernel that is the same for all outputs")
    raise ArchcalcError("none of these layers has a kernel")


def _first(layers: Sequence[LayerReport]) -> LayerReport:
    return layers[0] if layers else _no_layer()


def _last(layers: Sequence[LayerReport]) -> LayerReport:
    return layers[-1] if layers else _no_layer()


def _no_layer() -> LayerReport:
    raise ArchcalcError("there is no layer outside the side outputs")


def _field(report: Report, layers: Sequence[LayerReport]) -> Any:
    """The receptive field of the last of these layers that still has places of the input."""
    from .receptive import size

    return size(report, layers)


def _inference_memory(report: Report) -> Any:
    """Parameters, buffers and the peak of the tensors at inference."""
    from .memory import with_weights

    return with_weights(report)


def _peak_activation_bytes(report: Report) -> Any:
    """The peak of the tensors at inference, in the order of the spec."""
    from .liveness import schedule

    return schedule(report).peak


def _crossings(report: Report) -> Any:
    """What the layers of the spec's partition read from other devices, an output's gather not among it."""
    from .partition import plan

    return dims.add_up(crossing.values for crossing in plan(report).crossings)


def _training_memory(report: Report) -> Any:
    """The peak of a training step with SGD and momentum, by the rules of PyTorch on CUDA."""
    from .training import training

    return training(report, optimizer="momentum").peak


def _per_batch(name: str) -> Callable[[Report], Any]:
    return lambda report: dims.add_up([report.batch * report[name]])


NONLINEARITIES = frozenset(ACTIVATIONS) - {"softmax"}

QUANTITIES: tuple[Quantity, ...] = (
    Quantity("parameters", "numbers", "learned numbers: weights, biases, scales and shifts", lambda l: l.cost.parameters),
    Quantity("weights", "numbers", "parameters without biases", lambda l: l.cost.weights),
    Quantity("biases", "numbers", "parameters that are biases or shifts", lambda l: l.cost.biases),
    Quantity("buffers", "numbers", "stored numbers that are not learned, such as moving statistics", lambda l: l.cost.buffers),
    Quantity("macs", "multiply-accumulates", "multiply-accumulates of weighted layers and matrix products, without biases", lambda l: l.cost.operations.macs),
    Quantity("flops", "operations", "2 for each MAC and 1 for each operation of the other five classes", lambda l: l.cost.operations.flops),
    Quantity("multiplications", "operations", "multiplications outside MACs", lambda l: l.cost.operations.multiplications),
    Quantity("additions", "operations", "additions and subtractions outside MACs; one an output for a bias", lambda l: l.cost.operations.additions),
    Quantity("comparisons", "operations", "comparisons", lambda l: l.cost.operations.comparisons),
    Quantity("divisions", "operations", "divisions", lambda l: l.cost.operations.divisions),
    Quantity("exponentials", "operations", "exp, tanh, erf, powers and roots", lambda l: l.cost.operations.exponentials),
    Quantity("activations", "numbers", "output numbers that are newly stored: layers in place and views store none", lambda l: l.cost.activations),
    Quantity("outputs", "numbers", "output numbers of every layer, whatever it shares", lambda l: l.cost.outputs),
    Quantity("neurons", "numbers", "outputs of weighted layers", lambda l: l.cost.neurons),
    Quantity("connections", "links", "links into the outputs of weighted layers, one for a bias", lambda l: l.cost.connections),
    Quantity("parameter_bytes", "bytes", "bytes of the parameters in the dtype, or in the layer's own bits", lambda l: dims.ceildiv(l.cost.parameters * l.bits, 8), bits=lambda l: l.cost.parameters * l.bits),
    Quantity("activation_bytes", "bytes", "bytes of the activations in the dtype, or in the layer's own bits", lambda l: dims.ceildiv(l.cost.activations * l.bits, 8), bits=lambda l: l.cost.activations * l.bits),
    Quantity("parametric_layers", "layers", "layers with parameters, those of normalisation included", lambda l: dims.smin(l.cost.parameters, 1) * l.rounds),
    Quantity("weighted_layers", "layers", "convolutions, linear layers and their kin", lambda l: int(l.node.layer.weighted) * l.rounds),
    Quantity("layer_count", "layers", "layers of any kind", lambda l: l.rounds),
    Quantity("nonlinearities", "layers", "activation layers such as ReLU that act element by element; softmax and pooling are none", lambda l: int(l.kind in NONLINEARITIES) * l.rounds),
    Quantity("depth", "layers", "the most weighted layers on one path, attention counted as its two projections", span=depth),
    Quantity("input_elements", "numbers", "numbers of the input", whole=lambda r: dims.add_up(s.elements for s in r.inputs.values())),
    Quantity("batch_macs", "multiply-accumulates", "MACs of the whole batch", whole=_per_batch("macs")),
    Quantity("batch_flops", "operations", "FLOPs of the whole batch", whole=_per_batch("flops")),
    Quantity("batch_activations", "numbers", "activations of the whole batch", whole=_per_batch("activations")),
    Quantity("batch_activation_bytes", "bytes", "bytes of the whole batch's activations", whole=_per_batch("activation_bytes")),
)  # fmt: skip

SIZES: tuple[Quantity, ...] = (
    Quantity("size", "", "output size: channels, then the spatial axes", span=lambda layers: _last(layers).output.axes),
    Quantity("input_size", "", "size of what enters", span=lambda layers: _first(layers).inputs[0].axes),
    Quantity("channels", "channels", "channels of the output", span=lambda layers: _last(layers).output.channels),
    Quantity("field", "pixels", "receptive field along each axis, a number where all are equal; of the last layer before global pooling or flattening", part=_field),
    Quantity("kernel", "", "window of the weights, then the input channels that one output is connected to", span=_kernel),
    Quantity("inference_memory", "bytes", "parameters, buffers and the peak of the tensors at inference of the batch; of the whole network without heads", whole=_inference_memory),
    Quantity("crossings", "numbers", "numbers of one image that cross between the devices of the spec's partition in the forward pass; of the whole network", whole=_crossings),
    Quantity("training_memory", "bytes", "peak of a training step of the batch with SGD and momentum; of the whole network, heads included", whole=_training_memory),
    Quantity("peak_activation_bytes", "bytes", "the most bytes of tensors at once at inference, weights not among them, of the batch; of the whole network", whole=_peak_activation_bytes),
)  # fmt: skip

NAMES = {quantity.name: quantity for quantity in QUANTITIES}
MEASURABLE = {**NAMES, **{quantity.name: quantity for quantity in SIZES}}
LAYER_QUANTITIES = tuple(quantity.name for quantity in QUANTITIES if quantity.layer)  # they add up over layers
COLUMN_QUANTITIES = tuple(quantity.name for quantity in QUANTITIES if quantity.layer or quantity.span)


ALIASES = {"memory": "inference_memory"}  # what people ask for


def measurable(name: str) -> Quantity:
    """A quantity or a size by name; UsageError names the nearest, or all."""
    found = MEASURABLE.get(ALIASES.get(name, name))
    if found is None:
        hint = "give one quantity" if "," in name else did_you_mean(name, [*MEASURABLE, *ALIASES])
        raise UsageError(f"unknown quantity '{shown(name)}'; {hint or 'known: ' + ', '.join(MEASURABLE)}")
    return found


def find(name: str, *, of_layers: bool = False) -> Quantity:
    """A quantity by name; UsageError names the nearest."""
    names = COLUMN_QUANTITIES if of_layers else tuple(NAMES)
    if name not in names:
        whole = f"'{name}' is of the whole network, not of a layer" if name in NAMES else f"unknown quantity '{name}'"
        raise UsageError(f"{whole}; {did_you_mean(name, names) or 'known: ' + ', '.join(names)}")
    return NAMES[name]


def head_totals(report: Report, head: str) -> dict[str, Any]:
    """The summed quantities of one side output."""
    layers = [layer for layer in report.layers if layer.head == head]
    return {name: NAMES[name].of_layers(layers) for name in LAYER_QUANTITIES}
