"""Every layer kind that PyTorch has, on random settings: output shapes and parameters, and ceil pooling exhaustively."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed: the layer kinds are NOT compared with a framework"
)

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from archcalc.layers import make  # noqa: E402
from archcalc.shapes import Shape  # noqa: E402

try:
    from torchvision.models import maxvit, swin_transformer
except (ImportError, RuntimeError):  # not installed, or for another version of PyTorch
    maxvit = swin_transformer = None
needs_torchvision = pytest.mark.skipif(
    swin_transformer is None, reason="torchvision is not installed: windows of attention are NOT compared with it"
)

CONVS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
MAX_POOLS = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
AVERAGE_POOLS = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
ADAPTIVE = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}
INSTANCE = {1: nn.InstanceNorm1d, 2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}
BATCH = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}

seeds = pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(s, marks=pytest.mark.exhaustive) for s in range(12, 400))]
)
ranks = pytest.mark.parametrize("rank", [1, 2, 3])


def run(module: Callable[[Any], Any], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The output shape of one image, without the batch."""
    if isinstance(module, nn.Module):
        module.eval()
    with torch.no_grad():
        return tuple(module(torch.zeros(1, *axes)).shape[1:])


def sizes(tensors: dict[str, tuple[int, ...]]) -> dict[str, int]:
    """How many numbers each tensor holds."""
    counted = {}
    for name, axes in tensors.items():
        counted[name] = 1
        for axis in axes:
            counted[name] *= axis
    return counted


def assert_same_parameters(layer: Any, x: Shape, module: Any) -> None:
    """The same tensors in the same order, with the shapes of the framework where it does not flatten them."""
    ours = list(layer.parameters(x).values())
    theirs = [tuple(parameter.shape) for parameter in module.parameters()]
    assert ours == theirs
    buffers = [tuple(b.shape) for name, b in module.named_buffers() if "num_batches" not in name]
    assert list(layer.buffers(x).values()) == buffers


def some(source: random.Random, rank: int, low: int, high: int) -> tuple[int, ...]:
    return tuple(source.randint(low, high) for _ in range(rank))


def spatial(source: random.Random, rank: int) -> tuple[int, ...]:
    return some(source, rank, 7, (30, 20, 12)[rank - 1])


@ranks
@seeds
def test_convolution(rank: int, seed: int) -> None:
    source = random.Random(seed)
    groups = source.choice((1, 1, 2, 3))
    channels, filters = groups * source.randint(1, 4), groups * source.randint(1, 5)
    kernel, stride, dilation = some(source, rank, 1, 3), some(source, rank, 1, 3), some(source, rank, 1, 2)
    pad, bias = some(source, rank, 0, 3), source.random() < 0.5
    axes = (channels, *spatial(source, rank))
    module = CONVS[rank](channels, filters, kernel, stride, pad, dilation, groups, bias)
    layer = make(
        "conv",
        rank,
        filters=filters,
        kernel=kernel,
        stride=stride,
        pad=pad,
        dilation=dilation,
        groups=groups,
        bias=bias,
    )
    assert layer.output(Shape(axes)).axes == run(module, axes)
    assert_same_parameters(layer, Shape(axes), module)


@ranks
@seeds
def test_convolution_with_padding_that_differs_by_side(rank: int, seed: int) -> None:
    source = random.Random(seed)
    pairs = tuple((source.randint(0, 3), source.randint(0, 3)) for _ in range(rank))
    kernel, stride = some(source, rank, 1, 4), some(source, rank, 1, 3)
    axes = (2, *spatial(source, rank))
    convolution = CONVS[rank](2, 3, kernel, stride)
    flat = [zeros for pair in reversed(pairs) for zeros in pair]  # the last axis first
    layer = make("conv", rank, filters=3, kernel=kernel, stride=stride, pad=pairs)
    assert layer.output(Shape(axes)).axes == run(lambda x: convolution(functional.pad(x, flat)), axes)
    padding = make("pad", rank, size=pairs)
    assert padding.output(Shape(axes)).axes == run(lambda x: functional.pad(x, flat), axes)


@ranks
@pytest.mark.parametrize("pad", ["same", "valid"])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_and_valid(rank: int, pad: str, kernel: int, dilation: int) -> None:
    axes = (2, *(9, 10, 11)[:rank])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch tells of a copy where the padding is odd
        theirs = run(CONVS[rank](2, 3, kernel, padding=pad, dilation=dilation), axes)
    assert make("conv", rank, filters=3, kernel=kernel, pad=pad, dilation=dilation).output(Shape(axes)).axes == theirs


@ranks
@seeds
def test_depthwise(rank: int, seed: int) -> None:
    source = random.Random(seed)
    channels, multiplier = source.randint(1, 6), source.randint(1, 3)
    kernel, stride, pad = some(source, rank, 1, 3), some(source, rank, 1, 3), some(source, rank, 0, 2)
    axes = (channels, *spatial(source, rank))
    module = CONVS[rank](channels, channels * multiplier, kernel, stride, pad, groups=channels)
    layer = make("depthwise", rank, multiplier=multiplier, kernel=kernel, stride=stride, pad=pad)
    assert layer.output(Shape(axes)).axes == run(module, axes)
    assert_same_parameters(layer, Shape(axes), module)


@ranks
@seeds
def test_transposed_convolution(rank: int, seed: int) -> None:
    source = random.Random(seed)
    groups = source.choice((1, 1, 2, 3))
    channels, filters = groups * source.randint(1, 3), groups * source.randint(1, 3)
    kernel, stride, dilation = some(source, rank, 2, 4), some(source, rank, 1, 3), some(source, rank, 1, 2)
    pad = some(source, rank, 0, 1)
    extra = tuple(source.randint(0, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True))
    axes = (channels, *some(source, rank, 3, 6))
    module = TRANSPOSED[rank](channels, filters, kernel, stride, pad, extra, groups, dilation=dilation)
    layer = make(
        "transposed_conv", rank, filters=filters, kernel=kernel, stride=stride, pad=pad, output_pad=extra,
        dilation=dilation, groups=groups,
    )  # fmt: skip
    assert all(condition.truth for condition in layer.conditions(Shape(axes)))
    assert layer.output(Shape(axes)).axes == run(module, axes)
    assert_same_parameters(layer, Shape(axes), module)


@pytest.mark.parametrize(("stride", "dilation", "extra"), list(product((1, 2, 3), (1, 2, 3), (0, 1, 2, 3))))
def test_output_pad_is_refused_where_the_framework_refuses_it(stride: int, dilation: int, extra: int) -> None:
    layer = make("transposed_conv", 1, filters=1, kernel=3, stride=stride, dilation=dilation, output_pad=extra)
    module = nn.ConvTranspose1d(1, 1, 3, stride, output_padding=extra, dilation=dilation)
    try:
        run(module, (1, 5))
    except RuntimeError:
        refused = True
    else:
        refused = False
    assert refused == (not all(condition.truth for condition in layer.conditions(Shape((1, 5)))))


@ranks
@seeds
def test_pooling(rank: int, seed: int) -> None:
    source = random.Random(seed)
    kernel, stride, ceil = some(source, rank, 2, 4), some(source, rank, 1, 4), source.random() < 0.5
    pad, dilation = tuple(source.randint(0, k // 2) for k in kernel), some(source, rank, 1, 2)
    axes = (2, *spatial(source, rank))
    rounding = "ceil" if ceil else "floor"
    largest = MAX_POOLS[rank](kernel, stride, pad, dilation, ceil_mode=ceil)
    layer = make("maxpool", rank, kernel=kernel, stride=stride, pad=pad, dilation=dilation, round=rounding)
    assert layer.output(Shape(axes)).axes == run(largest, axes)
    mean = AVERAGE_POOLS[rank](kernel, stride, pad, ceil_mode=ceil)
    layer = make("avgpool", rank, kernel=kernel, stride=stride, pad=pad, round=rounding)
    assert layer.output(Shape(axes)).axes == run(mean, axes)
    assert make("maxpool", rank, kernel=kernel).output(Shape(axes)).axes == run(MAX_POOLS[rank](kernel), axes)


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
def test_every_small_pool_and_which_are_refused(kernel: int) -> None:
    """All sizes to 12, strides to 4, paddings and dilations, floor and ceil."""
    strides, pads = (1, 2, 3, 4), range(kernel // 2 + 1)
    for size, stride, pad, dilation, ceil in product(range(1, 13), strides, pads, (1, 2, 3), (False, True)):
        layer = make(
            "maxpool", 1, kernel=kernel, stride=stride, pad=pad, dilation=dilation, round="ceil" if ceil else "floor"
        )
        x = Shape((1, size))
        try:
            theirs = run(nn.MaxPool1d(kernel, stride, pad, dilation, ceil_mode=ceil), x.axes)
        except RuntimeError:
            theirs = None
        fits = all(condition.truth for condition in layer.conditions(x))
        ours = layer.output(x).axes if fits else None
        assert ours == theirs, (size, stride, pad, dilation, ceil)


@ranks
@seeds
def test_adaptive_and_global_pooling(rank: int, seed: int) -> None:
    source = random.Random(seed)
    axes, size = (3, *spatial(source, rank)), some(source, rank, 1, 12)
    assert make("adaptive_avgpool", rank, size=size).output(Shape(axes)).axes == run(ADAPTIVE[rank](size), axes)
    assert make("global_avgpool", rank).output(Shape(axes)).axes == run(ADAPTIVE[rank](1), axes)


@ranks
def test_normalisation(rank: int) -> None:
    x = Shape((12, *(5, 6, 7)[:rank]))
    for affine in (True, False):
        pairs = [
            (make("batchnorm", rank, affine=affine), BATCH[rank](12, affine=affine)),
            (make("instancenorm", rank, affine=affine), INSTANCE[rank](12, affine=affine)),
            (make("groupnorm", rank, groups=4, affine=affine), nn.GroupNorm(4, 12, affine=affine)),
        ]
        for layer, module in pairs:
            assert layer.output(x).axes == run(module, x.axes)
            assert_same_parameters(layer, x, module)
        tokens = Shape((9, 12), channels_last=True)
        layer, module = make("layernorm", 1, affine=affine), nn.LayerNorm(12, elementwise_affine=affine)
        assert layer.output(tokens).axes == run(module, tokens.axes)
        assert_same_parameters(layer, tokens, module)
    tokens = Shape((9, 12), channels_last=True)
    assert_same_parameters(make("rmsnorm", 1), tokens, nn.RMSNorm(12))
    assert make("local_response_norm", rank, size=3).output(x).axes == run(nn.LocalResponseNorm(3), x.axes)
    assert make("l2norm", rank).output(x).axes == run(functional.normalize, x.axes)


ACTIVATIONS = {
    "relu": nn.ReLU, "relu6": nn.ReLU6, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU, "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh, "gelu": nn.GELU, "silu": nn.SiLU, "hardswish": nn.Hardswish, "hardsigmoid": nn.Hardsigmoid,
    "dropout": nn.Dropout,
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(ACTIVATIONS))
def test_element_wise_layers(kind: str) -> None:
    x = Shape((4, 5, 6))
    layer, module = make(kind), ACTIVATIONS[kind]()
    assert layer.output(x).axes == run(module, x.axes)
    assert_same_parameters(layer, x, module)
    assert layer.stores in ("new", "in place")
    if layer.stores == "in place":
        assert hasattr(module, "inplace"), "what is stored in place can be computed in place"


def test_prelu_softmax_and_linear() -> None:
    x = Shape((4, 5, 6))
    assert_same_parameters(make("prelu"), x, nn.PReLU(4))
    assert make("softmax").output(x).axes == run(nn.Softmax(dim=1), x.axes)
    for bias in (True, False):
        vector, tokens = Shape((7,)), Shape((3, 7), channels_last=True)
        for shape, rank in ((vector, 0), (tokens, 1)):
            layer, module = make("linear", rank, units=5, bias=bias), nn.Linear(7, 5, bias=bias)
            assert layer.output(shape).axes == run(module, shape.axes)
            assert_same_parameters(layer, shape, module)


@pytest.mark.parametrize(("channels", "heads", "bias"), [(8, 1, True), (8, 2, True), (12, 3, False), (24, 8, True)])
def test_attention(channels: int, heads: int, bias: bool) -> None:
    tokens = Shape((5, channels), channels_last=True)
    module = nn.MultiheadAttention(channels, heads, bias=bias, batch_first=True)
    layer = make("attention", 1, heads=heads, bias=bias)
    assert layer.output(tokens).axes == run(lambda x: module(x, x, x)[0], tokens.axes)
    assert_same_parameters(layer, tokens, module)


def test_attention_costs_the_framework_counts() -> None:
    """The MACs of both projections and of the two products, by the framework's own counter."""
    from torch.utils.flop_counter import FlopCounterMode

    module = nn.MultiheadAttention(24, 4, batch_first=True).train()
    x = torch.zeros(1, 7, 24)
    with FlopCounterMode(display=False) as counter:
        module(x, x, x, need_weights=True)
    tokens = Shape((7, 24), channels_last=True)
    layer = make("attention", 1, heads=4)
    assert 2 * layer.operations(tokens, tokens).macs == counter.get_total_flops()


def assert_same_attention(layer: Any, x: Shape, module: Any, axes: tuple[int, ...]) -> None:
    """Equal parameters in equal order, and equal MACs; `axes` is the input as the module takes it."""
    from torch.utils.flop_counter import FlopCounterMode

    assert list(layer.parameters(x).values()) == [tuple(parameter.shape) for parameter in module.parameters()]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        assert tuple(module(torch.zeros(1, *axes)).shape[1:]) == axes
    assert 2 * layer.operations(x, layer.output(x)).macs == counter.get_total_flops()


@needs_torchvision
@pytest.mark.parametrize("size", [(7, 7), (14, 14), (8, 15), (3, 5), (1, 7)])
@pytest.mark.parametrize(("window", "shift"), [(7, 0), (7, 3), (4, 2)])
@pytest.mark.parametrize("bias", [True, False])
def test_attention_in_windows(size: tuple[int, int], window: int, shift: int, bias: bool) -> None:
    x = Shape((*size, 12), channels_last=True)
    kinds = {
        "attention": swin_transformer.ShiftedWindowAttention,
        "cosine_attention": swin_transformer.ShiftedWindowAttentionV2,
    }
    for kind, theirs in kinds.items():
        module = theirs(12, [window] * 2, [shift] * 2, 3, qkv_bias=bias, proj_bias=bias)
        layer = make(kind, 2, heads=3, window=window, shift=shift, bias=bias)
        assert_same_attention(layer, x, module, x.axes)


@needs_torchvision
@pytest.mark.parametrize("side", [2, 7])
def test_attention_in_blocks_and_over_grids(side: int) -> None:
    """Both are attention within groups of side x side tokens, of which MaxViT gives the module 3 x 2."""
    module = maxvit.RelativePositionalMultiHeadAttention(24, 8, side * side)
    x = Shape((3 * side, 2 * side, 24), channels_last=True)
    for field in ("window", "grid"):
        layer = make("attention", 2, heads=3, **{field: side})
        assert_same_attention(layer, x, module, (6, side * side, 24))


@ranks
@pytest.mark.parametrize("kind", ["conv", "transposed_conv"])
def test_macs_the_framework_counts(rank: int, kind: str) -> None:
    """Of convolutions only without groups and of transposed ones only the forward form; the counter knows no bias."""
    from torch.utils.flop_counter import FlopCounterMode

    axes = (4, *(6, 7, 5)[:rank])
    modules = {"conv": CONVS, "transposed_conv": TRANSPOSED}[kind]
    for stride, groups in ((1, 1), (2, 1), (2, 2)):
        module = modules[rank](4, 6, 3, stride, groups=groups)
        with FlopCounterMode(display=False) as counter:
            module(torch.zeros(1, *axes))
        layer = make(kind, rank, filters=6, kernel=3, stride=stride, groups=groups)
        x = Shape(axes)
        assert 2 * layer.operations(x, layer.output(x)).macs == counter.get_total_flops()


def test_shape_layers() -> None:
    x = Shape((36, 4, 6))
    pairs: list[tuple[Any, Any]] = [
        (make("flatten"), nn.Flatten()),
        (make("pixel_shuffle", factor=3), nn.PixelShuffle(3)),
        (make("patch_merge", factor=2), nn.PixelUnshuffle(2)),
        (make("channel_shuffle", groups=4), nn.ChannelShuffle(4)),
        (make("upsample", factor=2), nn.Upsample(scale_factor=2)),
        (make("pad", size=2), nn.ZeroPad2d(2)),
        (make("tokens"), lambda t: t.flatten(2).transpose(1, 2)),
        (make("channels_last"), lambda t: t.permute(0, 2, 3, 1)),
        (make("permute", axes=(2, 0, 1)), lambda t: t.permute(0, 3, 1, 2)),
        (make("reshape", size=(12, 72)), lambda t: t.reshape(1, 12, 72)),
        (make("slice", part=1, of=3), lambda t: t.chunk(3, dim=1)[0]),
    ]
    for layer, module in pairs:
        assert layer.output(x).axes == run(module, x.axes), layer


def test_embedding() -> None:
    layer, module = make("embedding", 0, count=50, size=8), nn.Embedding(50, 8)
    assert layer.output(Shape((11,))).axes == tuple(module(torch.zeros(11, dtype=torch.long)).shape)
    assert_same_parameters(layer, Shape((11,)), module)


def test_joins() -> None:
    a, b = torch.zeros(3, 5, 6), torch.zeros(4, 5, 6)
    shapes = tuple(Shape(tuple(t.shape)) for t in (a, b))
    assert make("concat").output(shapes).axes == tuple(torch.cat((a, b)).shape)
    scale = torch.zeros(3, 1, 1)
    assert make("multiply").output((shapes[0], Shape((3, 1, 1)))).axes == tuple((a * scale).shape)
    left, right = torch.zeros(2, 5, 3), torch.zeros(2, 3, 7)
    assert make("matmul").output((Shape((2, 5, 3)), Shape((2, 3, 7)))).axes == tuple((left @ right).shape)
