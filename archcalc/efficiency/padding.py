"""MACs that read numbers of the input, without those that multiply a weight with a zero of the padding.

A convolution slides its kernel over an axis of `size` numbers with zeros around them. Tap t at place o reads the
number o*stride + t*dilation - begin, which is one of the input if it lies in 0 .. size - 1. For each tap these places
are an interval, so that an axis is counted by one division for each end of each tap; the taps of a map are the
products over its axes. Zeros that a `pad` layer put around the input count like those of the convolution itself.

A transposed convolution multiplies every input with the whole kernel; the products that fall into the border which
its padding cuts off are its taps on padding.
"""

from __future__ import annotations

from typing import Any

from .. import dims
from ..errors import ArchcalcError
from ..layers.convolution import Sliding
from ..layers.shape import ZeroPad
from ..report import LayerReport, Report
from .work import over_rounds

Range = tuple[Any, Any]  # from the first number to the one behind the last


def taps_inside(places: Range, taps: Any, stride: Any, dilation: Any, begin: Any, inside: Range) -> Any:
    """How many pairs of a place o and a tap t have o*stride + t*dilation - begin within `inside`, on one axis.

    `places` and `inside` go from a first number to the one behind the last; `begin` is the padding in front.
    ArchcalcError if the number of taps is a symbol.

    Source: the index of Dumoulin & Visin 2016, A guide to convolution arithmetic, sec. 2.4, counted.

    A kernel of 3 over 4 numbers with a zero on both sides has 12 taps, 2 of them on zeros:

    >>> taps_inside((0, 4), 3, 1, 1, 1, (0, 4))
    10
    """
    if type(taps) is not int:
        raise ArchcalcError(f"a kernel of {taps} has no number of taps; give it a number to count those on padding")
    first_place, stop_place = places
    low, stop = inside
    total: Any = 0
    for tap in range(taps):
        shift = begin - tap * dilation
        first = dims.smax(dims.ceildiv(low + shift, stride), first_place)
        last = dims.smin(dims.floordiv(stop - 1 + shift, stride), stop_place - 1)
        total = total + dims.smax(last - first + 1, 0)
    return total


def macs_inside(report: Report, layer: LayerReport) -> Any:
    """The MACs of a layer without those on zero padding, for one image.

    All MACs of layers that slide no kernel: tokens with which attention fills up its windows stay. ArchcalcError for
    a kind of the user's own whose padded window says nothing of which MACs fall on it.

    VGG-16's first convolution has 64 filters of 3x3x3 on 224x224; on each axis 3*224 - 2 taps are inside:

    >>> from archcalc.analysis import analyze
    >>> vgg16 = analyze("vgg16")
    >>> first = vgg16.layer("stage1.conv_relu1.conv")
    >>> first.macs, macs_inside(vgg16, first)
    (86704128, 86188800)
    >>> (3*224 - 2)**2 * 3 * 64
    86188800
    """
    node, kind = layer.node, layer.node.layer
    if not isinstance(kind, Sliding):
        _refuse_unknown(layer)
        return layer.macs
    window = kind.window_on(node.x)
    assert window is not None
    sizes, outputs = node.shapes[0].spatial, node.output.spatial
    places = sizes if kind.enlarges else outputs
    inside, dense = [], []
    for axis, (begin, end) in enumerate(_zeros_in_front(report, layer)):
        size, output, taps = sizes[axis], outputs[axis], window.kernel[axis]
        real = (begin, size - end)
        padding = window.padding(axis, output if kind.enlarges else size)
        dense.append(taps * places[axis])
        if all(dims.same(zeros, 0) is True for zeros in (*padding, begin, end)):
            inside.append(dense[-1])
        elif kind.enlarges:
            slid = (taps, window.stride[axis], window.dilation[axis], padding[0])
            inside.append(taps_inside(real, *slid, (0, output)))
        else:
            slid = (taps, window.stride[axis], window.dilation[axis], padding[0])
            inside.append(taps_inside((0, output), *slid, real))
    pairs = dims.exact_div(kind.operations(node.x, node.output).macs, dims.prod(dense))  # of input and output channel
    return over_rounds(node, pairs * dims.prod(inside))


def _zeros_in_front(report: Report, layer: LayerReport) -> list[tuple[Any, Any]]:
    """The zeros that `pad` layers right in front have put around the input, for each axis before and after it."""
    zeros: list[tuple[Any, Any]] = [(0, 0) for _ in layer.node.shapes[0].spatial]
    number = layer.node.inputs[0]
    while number >= 0 and isinstance(report.graph.nodes[number].layer, ZeroPad):
        padded = report.graph.nodes[number]
        zeros = [(a + c, b + d) for (a, b), (c, d) in zip(zeros, padded.layer.size, strict=True)]  # type: ignore[attr-defined]
        number = padded.inputs[0]
    return zeros


def _refuse_unknown(layer: LayerReport) -> None:
    """A kind from outside with MACs and a padded window counts them in a way that is not known here."""
    kind = layer.node.layer
    if kind.__module__.startswith("archcalc.") or kind.joins or dims.same(layer.macs, 0) is True:
        return
    window = kind.window_on(layer.node.x)
    if window is None or window.pad is None:
        padded = window is not None
    else:
        padded = any(dims.same(zeros, 0) is not True for pair in window.pad for zeros in pair)
    if padded:
        raise ArchcalcError(
            f"{layer.path}: which MACs of layer kind '{kind.kind}' fall on its padding is not known; "
            "derive it from archcalc.layers.convolution.Sliding"
        )
