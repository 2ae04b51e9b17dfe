"""What other tools count as an operation: a weight for each MAC, and a rule for each kind of layer they know.

Measured, or fitted to what they print; kinds without a rule count nothing in that tool.

>>> from .analysis import analyze
>>> vgg16 = analyze("vgg16")
>>> TALLIES["ptflops"].of(vgg16.trunk)  # 15,470,264,320 MACs, biases, and ReLU and pooling inputs twice
15523175400
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import dims
from .errors import ArchcalcError
from .records import Record, record
from .report import LayerReport

Rule = Callable[[LayerReport], Any]


@record
class Tally(Record):
    """The operations that a tool counts."""

    rules: Mapping[str, Rule]
    per_mac: int = 1
    divisor: int = 1

    def of(self, layers: Iterable[LayerReport]) -> Any:
        """The count for some layers of a network, for one image."""
        total = dims.add_up(self._of_layer(layer) * layer.repeat for layer in layers)
        return total if self.divisor == 1 else dims.ratio(total, self.divisor)

    def _of_layer(self, layer: LayerReport) -> Any:
        rule = self.rules.get(layer.kind)
        return self.per_mac * layer.macs + (rule(layer) if rule else 0)


def biases(layer: LayerReport) -> Any:
    """The bias additions of a layer: each bias once for every position of the output."""
    if getattr(layer.node.layer, "window_", None) is not None:
        raise ArchcalcError(f"{layer.path}: the bias additions of attention in windows are not told apart")
    if layer.kind == "locally_connected":
        return layer.biases  # of each position its own
    return layer.biases * layer.output.positions


def _per_input(count: int) -> Rule:
    return lambda layer: count * layer.inputs[0].elements


def _per_window(more: int = 0) -> Rule:
    """As many as the window has places, and some more, for each output."""

    def rule(layer: LayerReport) -> Any:
        window = layer.node.layer.window_on(layer.node.x)
        assert window is not None
        return (dims.prod(window.kernel) + more) * layer.output.elements

    return rule


def _twice(layer: LayerReport) -> Any:
    """A multiplication and an addition for each input of an output, a bias among the additions."""
    return layer.macs


def _first_additions(layer: LayerReport) -> Any:
    """Without a bias the first product of a pair of channels needs no addition, once for the whole map."""
    tensors = layer.node.layer.parameters(layer.node.x)
    return 0 if "bias" in tensors else -dims.prod(tensors["weight"][:2])


_POOLS = ("maxpool", "avgpool", "global_avgpool", "global_maxpool", "adaptive_avgpool")
_WINDOWED = ("maxpool", "avgpool", "global_avgpool", "global_maxpool")

TALLIES: Mapping[str, Tally] = {
    "imgclsmob": Tally(  # osmr/imgclsmob, the column FLOPs/2
        {
            **dict.fromkeys(("conv", "depthwise"), _first_additions),
            **dict.fromkeys(("relu", "relu6"), _per_input(1)),
            **dict.fromkeys(_WINDOWED, _per_window()),
            "batchnorm": _per_input(4),
        },
        per_mac=2,
        divisor=2,
    ),
    "matconvnet": Tally(  # albanie/convnet-burden, a fused multiply-add counted as one
        {
            **dict.fromkeys(("conv", "depthwise", "linear"), biases),
            **dict.fromkeys(_WINDOWED, _per_window()),
            **dict.fromkeys(("relu", "batchnorm"), _per_input(1)),
        },
    ),
    "ptflops": Tally(  # sovrasov/flops-counter.pytorch, backend pytorch
        {
            **dict.fromkeys(("conv", "depthwise", "linear"), biases),
            **dict.fromkeys(("relu", "batchnorm", *_POOLS), _per_input(2)),
            **dict.fromkeys(("relu6", "silu"), _per_input(1)),
        },
    ),
    "thop": Tally(  # Lyken17/pytorch-OpCounter, as of its README
        {
            **dict.fromkeys(("conv", "depthwise"), biases),
            **dict.fromkeys(("avgpool", "global_avgpool"), _per_window(1)),
            "linear": _twice,
            "batchnorm": _per_input(4),
        },
    ),
}
