"""Every layer kind: shapes, tensors, operations, storage and connections, worked out by hand from the definitions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archcalc as ac
from archcalc import dims
from archcalc.layers import FAMILIES, JOINS, Layer, Operations, find, kinds, make
from archcalc.layers.base import REGISTRY
from archcalc.shapes import Shape

Axes = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """One layer on one input; what is not said is nothing: no tensors, no operations, no connections."""

    kind: str
    fields: dict[str, Any]
    x: Any  # the axes of the input: of tokens in a list, of joins one tuple a branch
    y: Any
    parameters: dict[str, Axes] = field(default_factory=dict)
    buffers: dict[str, Axes] = field(default_factory=dict)
    operations: dict[str, int] = field(default_factory=dict)
    stores: str = "new"
    connections: int = 0
    dropped: Axes | None = None

    @property
    def input(self) -> Any:
        """What the rules take: a shape, of joins the tuple of all."""
        return tuple(map(shape, self.x)) if self.kind in JOINS else shape(self.x)

    @property
    def layer(self) -> Layer:
        first = self.input[0] if self.kind in JOINS else self.input
        return make(self.kind, rank=len(first.axes) - 1, **self.fields)

    def __str__(self) -> str:
        told = ",".join(f"{name}={value}" for name, value in self.fields.items())
        return f"{self.kind}({told})-{self.x}".replace(" ", "")


def shape(axes: tuple[int, ...] | list[int]) -> Shape:
    return Shape(tuple(axes), channels_last=isinstance(axes, list))


def ops(**counts: int) -> dict[str, int]:
    return counts


LENET_C3 = (
    "X...XXX..XXXX.XX", "XX...XXX..XXXX.X", "XXX...XXX..X.XXX",
    ".XXX..XXXX..X.XX", "..XXX..XXXX.XX.X", "...XXX..XXXX.XXX",
)  # fmt: skip

CASES = [
    # convolution: one MAC for each weight of the filter at each output, one addition for each output's bias
    Case("conv", {"filters": 96, "kernel": 11, "stride": 4}, (3, 227, 227), (96, 55, 55),
         {"weight": (96, 3, 11, 11), "bias": (96,)}, operations=ops(macs=105_415_200, additions=290_400),
         connections=105_415_200 + 290_400, dropped=(0, 0)),
    Case("conv", {"filters": 96, "kernel": 11, "stride": 4}, (3, 224, 224), (96, 54, 54),
         {"weight": (96, 3, 11, 11), "bias": (96,)}, operations=ops(macs=101_616_768, additions=279_936),
         connections=101_616_768 + 279_936, dropped=(1, 1)),
    Case("conv", {"filters": 256, "kernel": 5, "pad": 2, "groups": 2}, (96, 27, 27), (256, 27, 27),
         {"weight": (256, 48, 5, 5), "bias": (256,)}, operations=ops(macs=223_948_800, additions=186_624),
         connections=223_948_800 + 186_624),
    Case("conv", {"filters": 4, "kernel": (1, 7), "pad": "same", "bias": False}, (3, 5, 9), (4, 5, 9),
         {"weight": (4, 3, 1, 7)}, operations=ops(macs=4 * 45 * 3 * 7), connections=4 * 45 * 3 * 7),
    Case("conv", {"filters": 8, "kernel": 3, "stride": 2, "pad": "same"}, (2, 7, 8), (8, 4, 4),
         {"weight": (8, 2, 3, 3), "bias": (8,)}, operations=ops(macs=128 * 18, additions=128), connections=128 * 19),
    Case("conv", {"filters": 2, "kernel": 3, "dilation": 2, "pad": ((1, 0), (0, 2))}, (1, 6, 5), (2, 3, 3),
         {"weight": (2, 1, 3, 3), "bias": (2,)}, operations=ops(macs=18 * 9, additions=18), connections=180),
    Case("conv", {"filters": 6, "kernel": 5, "stride": 3}, (4, 20), (6, 6),
         {"weight": (6, 4, 5), "bias": (6,)}, operations=ops(macs=36 * 20, additions=36), connections=36 * 21),
    Case("conv", {"filters": 5, "kernel": 3, "pad": 1, "stride": (1, 2, 2)}, (2, 4, 6, 8), (5, 4, 3, 4),
         {"weight": (5, 2, 3, 3, 3), "bias": (5,)}, operations=ops(macs=240 * 54, additions=240), connections=240 * 55),
    # LeNet-5's C3: 60 of 96 pairs of maps are connected; 1,516 parameters, 151,600 connections
    Case("conv", {"filters": 16, "kernel": 5, "connections": LENET_C3}, (6, 14, 14), (16, 10, 10),
         {"weight": (60, 5, 5), "bias": (16,)}, operations=ops(macs=150_000, additions=1_600), connections=151_600),
    Case("depthwise", {"kernel": 3, "pad": 1, "stride": 2, "bias": False}, (32, 112, 112), (32, 56, 56),
         {"weight": (32, 1, 3, 3)}, operations=ops(macs=903_168), connections=903_168),
    Case("depthwise", {"kernel": 3, "multiplier": 2, "dilation": 2}, (3, 9), (6, 5),
         {"weight": (6, 1, 3), "bias": (6,)}, operations=ops(macs=90, additions=30), connections=120),
    Case("depthwise", {"kernel": 2, "pad": "same"}, (3, 2, 3, 4), (3, 2, 3, 4),
         {"weight": (3, 1, 2, 2, 2), "bias": (3,)}, operations=ops(macs=72 * 8, additions=72), connections=72 * 9),
    # transposed: every input meets the whole kernel of its group's filters
    Case("transposed_conv", {"filters": 512, "kernel": 2, "stride": 2}, (1024, 28, 28), (512, 56, 56),
         {"weight": (1024, 512, 2, 2), "bias": (512,)},
         operations=ops(macs=1024 * 28 * 28 * 512 * 4, additions=512 * 56 * 56),
         connections=1024 * 28 * 28 * 512 * 4 + 512 * 56 * 56),
    Case("transposed_conv", {"filters": 6, "kernel": 3, "stride": 2, "pad": 1, "output_pad": 1, "groups": 2, "bias": False},
         (4, 5, 7), (6, 10, 14), {"weight": (4, 3, 3, 3)}, operations=ops(macs=140 * 3 * 9), connections=140 * 27),
    Case("transposed_conv", {"filters": 2, "kernel": 4, "stride": 3, "dilation": 2}, (3, 5), (2, 19),
         {"weight": (3, 2, 4), "bias": (2,)}, operations=ops(macs=15 * 8, additions=38), connections=158),
    Case("transposed_conv", {"filters": 2, "kernel": 3, "stride": 2, "pad": "same"}, (1, 2, 3, 4), (2, 4, 6, 8),
         {"weight": (1, 2, 3, 3, 3), "bias": (2,)}, operations=ops(macs=24 * 54, additions=384), connections=24 * 54 + 384),
    # as a convolution, but with its own filters at each of the 4 x 5 places
    Case("locally_connected", {"filters": 3, "kernel": 3, "stride": 2}, (2, 9, 11), (3, 4, 5),
         {"weight": (4, 5, 3, 2, 3, 3), "bias": (3, 4, 5)}, operations=ops(macs=60 * 18, additions=60), connections=60 * 19),
    Case("locally_connected", {"filters": 3, "kernel": 2, "bias": False}, (2, 6), (3, 5),
         {"weight": (5, 3, 2, 2)}, operations=ops(macs=60), connections=60),
    # dense
    Case("linear", {"units": 4096}, (9216,), (4096,), {"weight": (4096, 9216), "bias": (4096,)},
         operations=ops(macs=37_748_736, additions=4096), connections=37_752_832),
    Case("linear", {"units": 5, "bias": False}, [7, 3], [7, 5], {"weight": (5, 3)}, operations=ops(macs=105), connections=105),
    Case("linear", {"units": 5}, [2, 4, 3], [2, 4, 5], {"weight": (5, 3), "bias": (5,)},
         operations=ops(macs=120, additions=40), connections=160),
    Case("maxout", {"units": 240, "pieces": 5}, (784,), (240,), {"weight": (1200, 784), "bias": (1200,)},
         operations=ops(macs=940_800, additions=1200, comparisons=960), connections=942_000),
    Case("maxout", {"units": 3, "bias": False}, [2, 4], [2, 3], {"weight": (6, 4)},
         operations=ops(macs=48, comparisons=6), connections=48),
    # 84 differences, 84 squares and 83 additions for each of 10 classes
    Case("rbf", {"units": 10}, (84,), (10,), buffers={"centres": (10, 84)},
         operations=ops(multiplications=840, additions=1670), connections=840),
    # pooling: k - 1 comparisons or additions of a window of k
    Case("maxpool", {"kernel": 3, "stride": 2}, (96, 55, 55), (96, 27, 27), operations=ops(comparisons=8 * 69_984), dropped=(0, 0)),
    Case("maxpool", {"kernel": 2}, (3, 7), (3, 3), operations=ops(comparisons=9), dropped=(1,)),
    Case("maxpool", {"kernel": 3, "stride": 2, "round": "ceil"}, (64, 112, 112), (64, 56, 56), operations=ops(comparisons=8 * 200_704)),
    Case("maxpool", {"kernel": (1, 2, 2), "stride": (1, 2, 2), "pad": (0, 1, 0)}, (2, 3, 4, 4), (2, 3, 3, 2),
         operations=ops(comparisons=36 * 3)),
    Case("avgpool", {"kernel": 2, "stride": 2}, (6, 28, 28), (6, 14, 14), operations=ops(additions=3528, divisions=1176)),
    Case("avgpool", {"kernel": 3, "stride": 1, "pad": 1, "include_pad": False}, (2, 4), (2, 4), operations=ops(additions=16, divisions=8)),
    Case("l2pool", {"kernel": 3, "stride": 2, "pad": 1}, (4, 7, 7), (4, 4, 4),
         operations=ops(multiplications=576, additions=512, exponentials=64)),
    # LeNet-5's S2: 12 parameters, 5,880 connections
    Case("subsample", {"kernel": 2}, (6, 28, 28), (6, 14, 14), {"weight": (6,), "bias": (6,)},
         operations=ops(multiplications=1176, additions=4 * 1176), connections=5880),
    Case("subsample", {"kernel": 3, "stride": 2}, (2, 8), (2, 3), {"weight": (2,), "bias": (2,)},
         operations=ops(multiplications=6, additions=18), connections=24, dropped=(1,)),
    Case("global_avgpool", {}, (512, 7, 7), (512, 1, 1), operations=ops(additions=48 * 512, divisions=512)),
    Case("global_avgpool", {}, (5, 8), (5, 1), operations=ops(additions=35, divisions=5)),
    Case("global_maxpool", {}, (5, 2, 3, 4), (5, 1, 1, 1), operations=ops(comparisons=115)),
    # 10 -> 4: windows 0..2, 2..4, 5..7, 7..9 hold 3 each; 7 -> 7: one each
    Case("adaptive_avgpool", {"size": (4, 7)}, (2, 10, 7), (2, 4, 7),
         operations=ops(additions=2 * 12 * 7 - 56, divisions=56)),
    Case("adaptive_avgpool", {"size": 5}, (3, 2), (3, 5), operations=ops(additions=3 * 6 - 15, divisions=15)),
    # normalisation
    Case("batchnorm", {}, (64, 5, 5), (64, 5, 5), {"weight": (64,), "bias": (64,)},
         {"running_mean": (64,), "running_var": (64,)}, ops(multiplications=1600, additions=1600)),
    Case("batchnorm", {"affine": False}, (10,), (10,), {}, {"running_mean": (10,), "running_var": (10,)},
         ops(multiplications=10, additions=10)),
    # 197 groups of 768: 2*767 + 768 + 768 additions, 3*768 multiplications, 3 divisions and a root each
    Case("layernorm", {}, [197, 768], [197, 768], {"weight": (768,), "bias": (768,)},
         operations=ops(additions=197 * 3070, multiplications=197 * 2304, divisions=591, exponentials=197)),
    Case("layernorm", {"affine": False}, (8, 2, 3), (8, 2, 3),
         operations=ops(additions=6 * 22, multiplications=6 * 16, divisions=18, exponentials=6)),
    Case("groupnorm", {"groups": 4}, (8, 3, 3), (8, 3, 3), {"weight": (8,), "bias": (8,)},
         operations=ops(additions=4 * (34 + 36), multiplications=4 * 54, divisions=12, exponentials=4)),
    Case("groupnorm", {"groups": 2, "affine": False}, [5, 6], [5, 6],
         operations=ops(additions=2 * (28 + 15), multiplications=2 * 30, divisions=6, exponentials=2)),
    Case("instancenorm", {}, (3, 4, 5), (3, 4, 5), {"weight": (3,), "bias": (3,)},
         operations=ops(additions=3 * (38 + 40), multiplications=3 * 60, divisions=9, exponentials=3)),
    Case("instancenorm", {"affine": False}, (3, 7), (3, 7),
         operations=ops(additions=3 * 19, multiplications=42, divisions=9, exponentials=3)),
    # 7 groups of 10: 10 squares, 9 additions, mean, root, reciprocal, 10 products and 10 with the gain
    Case("rmsnorm", {}, [7, 10], [7, 10], {"weight": (10,)},
         operations=ops(multiplications=210, additions=63, divisions=14, exponentials=7)),
    # 10 squares, 9 additions, a root, a reciprocal and 10 products for each of 7 positions
    Case("l2norm", {}, [7, 10], [7, 10], operations=ops(multiplications=140, additions=63, divisions=7, exponentials=7)),
    Case("l2norm", {}, (128,), (128,), operations=ops(multiplications=256, additions=127, divisions=1, exponentials=1)),
    # each number: a square, 4 additions of squares and the bias, a product with alpha, a power, a division
    Case("local_response_norm", {}, (96, 27, 27), (96, 27, 27),
         operations=ops(multiplications=139_968, additions=349_920, divisions=69_984, exponentials=69_984)),
    Case("local_response_norm", {"size": 3}, (4, 5), (4, 5), operations=ops(multiplications=40, additions=60, divisions=20, exponentials=20)),
    # 16 places with 2*3*3 = 18 inputs; twice a weighted sum; 32 differences, squares and divisions;
    # a root and a comparison a place; the mean of the 16 deviations
    Case("local_contrast_norm", {"size": 3}, (2, 4, 4), (2, 4, 4),
         operations=ops(multiplications=2 * 18 * 16 + 32, additions=2 * 17 * 16 + 32 + 15, comparisons=16, divisions=33, exponentials=16)),
    # activation
    Case("relu", {}, (64, 5, 5), (64, 5, 5), operations=ops(comparisons=1600), stores="in place"),
    Case("relu6", {}, (10,), (10,), operations=ops(comparisons=20), stores="in place"),
    Case("leaky_relu", {"slope": Fraction(1, 5)}, [3, 4], [3, 4], operations=ops(comparisons=12, multiplications=12), stores="in place"),
    Case("prelu", {}, (4, 3, 3), (4, 3, 3), {"weight": (4,)}, operations=ops(comparisons=36, multiplications=36), stores="in place"),
    Case("elu", {}, (4, 3), (4, 3), operations=ops(comparisons=12, exponentials=12, additions=12, multiplications=12), stores="in place"),
    Case("sigmoid", {}, (10,), (10,), operations=ops(exponentials=10, additions=10, divisions=10)),
    Case("tanh", {}, (10,), (10,), operations=ops(exponentials=10)),
    Case("scaled_tanh", {}, (6, 5, 5), (6, 5, 5), operations=ops(exponentials=150, multiplications=300)),
    Case("softmax", {}, (1000,), (1000,), operations=ops(comparisons=999, additions=1999, exponentials=1000, divisions=1000)),
    Case("softmax", {}, [3, 5], [3, 5], operations=ops(comparisons=12, additions=27, exponentials=15, divisions=15)),
    Case("softmax", {}, (5, 2, 3), (5, 2, 3), operations=ops(comparisons=24, additions=54, exponentials=30, divisions=30)),
    Case("gelu", {}, [3, 4], [3, 4], operations=ops(multiplications=36, additions=12, exponentials=12)),
    Case("silu", {}, (3, 4), (3, 4), operations=ops(exponentials=12, additions=12, divisions=12, multiplications=12), stores="in place"),
    Case("hardswish", {}, (3, 4), (3, 4), operations=ops(additions=12, comparisons=24, divisions=12, multiplications=12), stores="in place"),
    Case("hardsigmoid", {}, (3, 4), (3, 4), operations=ops(additions=12, comparisons=24, divisions=12)),
    Case("activation", {"kind": "relu6"}, (10,), (10,), operations=ops(comparisons=20), stores="in place"),
    Case("activation", {"kind": "prelu"}, (4, 3), (4, 3), {"weight": (4,)}, operations=ops(comparisons=12, multiplications=12), stores="in place"),
    # regularisation
    Case("dropout", {"rate": Fraction(1, 2)}, (4096,), (4096,), stores="in place"),
    Case("stochastic_depth", {"rate": Fraction(1, 5)}, (8, 3, 3), (8, 3, 3), stores="in place"),
    Case("layer_scale", {}, (8, 3, 3), (8, 3, 3), {"weight": (8,)}, operations=ops(multiplications=72)),
    Case("scale", {"factor": Fraction(1, 10)}, [3, 4], [3, 4], operations=ops(multiplications=12)),
    # shape
    Case("flatten", {}, (256, 6, 6), (9216,), stores="view"),
    Case("flatten", {}, [4, 6], (24,), stores="view"),
    Case("reshape", {"size": (4, 6)}, (24,), (4, 6), stores="view"),
    Case("reshape", {"size": (4, 6), "channels": "last"}, (2, 3, 4), [4, 6], stores="view"),
    Case("permute", {"axes": (1, 2, 0), "channels": "last"}, (2, 3, 4), [3, 4, 2], stores="view"),
    Case("tokens", {}, (768, 14, 14), [196, 768], stores="view"),
    Case("channels_last", {}, (96, 56, 55), [56, 55, 96], stores="view"),
    Case("channels_first", {}, [56, 55, 96], (96, 56, 55), stores="view"),
    Case("channels_first", {}, [196, 768], (768, 196), stores="view"),
    Case("crop", {"size": (56, 54)}, (512, 64, 64), (512, 56, 54), stores="view"),
    Case("pad", {"size": 2}, (3, 10, 12), (3, 14, 16)),
    Case("pad", {"size": ((1, 2),)}, (3, 10), (3, 13)),
    Case("pad", {"size": (0, 1, 2)}, (3, 4, 5, 6), (3, 4, 7, 10)),
    Case("pad_channels", {"channels": 32}, (16, 16, 16), (32, 16, 16)),
    Case("slice", {"part": 2, "of": 4}, (116, 28, 28), (29, 28, 28), stores="view"),
    Case("slice", {"part": 1, "of": 3}, [4, 9], [4, 3], stores="view"),
    Case("channel_shuffle", {"groups": 3}, (240, 28, 28), (240, 28, 28)),
    Case("pixel_shuffle", {"factor": 3}, (18, 10, 12), (2, 30, 36)),
    Case("pixel_shuffle", {"factor": 2}, (4, 5), (2, 10)),
    Case("pixel_shuffle", {"factor": 2}, (16, 2, 3, 4), (2, 4, 6, 8)),
    Case("patch_merge", {}, [56, 56, 96], [28, 28, 384]),
    Case("patch_merge", {"factor": 3}, (2, 7, 9), (18, 3, 3)),
    Case("upsample", {"factor": 2}, (64, 7, 9), (64, 14, 18)),
    Case("upsample", {"factor": (1, 2, 3)}, (4, 2, 3, 4), (4, 2, 6, 12)),
    # tokens
    Case("embedding", {"count": 30000, "size": 768}, (128,), [128, 768], {"weight": (30000, 768)}),
    Case("class_token", {}, [196, 768], [197, 768], {"token": (1, 768)}),
    Case("positional_embedding", {}, [197, 768], [197, 768], {"embedding": (197, 768)}, operations=ops(additions=197 * 768)),
    Case("take", {}, [197, 768], (768,), stores="view"),
    Case("take", {"which": "last"}, [2, 197, 768], [197, 768], stores="view"),
    # ViT-B/16: four projections of 768 x 768 at 197 tokens, then 12 heads of 197 x 197 scores over 64 numbers, twice;
    # queries are scaled; each of 12 x 197 rows has a softmax over 197
    Case("attention", {"heads": 12}, [197, 768], [197, 768],
         {"in_proj.weight": (2304, 768), "in_proj.bias": (2304,), "out_proj.weight": (768, 768), "out_proj.bias": (768,)},
         operations=ops(
             macs=4 * 197 * 768 * 768 + 2 * 12 * 197 * 197 * 64, multiplications=197 * 768,
             additions=197 * 3072 + 12 * 197 * (197 + 196), comparisons=12 * 197 * 196,
             divisions=12 * 197 * 197, exponentials=12 * 197 * 197),
         connections=4 * 197 * 768 * 768 + 197 * 3072),
    # keys of 3 and values of 5 in each of 2 heads: projections 8 -> 2*(3 + 3 + 5) and 10 -> 8
    Case("attention", {"heads": 2, "key_size": 3, "value_size": 5, "bias": False}, [4, 8], [4, 8],
         {"in_proj.weight": (22, 8), "out_proj.weight": (8, 10)},
         operations=ops(
             macs=4 * (176 + 80) + 2 * 16 * 3 + 2 * 16 * 5, multiplications=4 * 6, additions=8 * 7, comparisons=8 * 3,
             divisions=32, exponentials=32),
         connections=4 * 256),
    # Swin: 5 x 6 tokens are filled up to 6 x 6 and attend in 4 windows of 3 x 3; 5 x 5 relative positions for each
    # head; the position bias and the mask of the shift are one addition a score each
    Case("attention", {"heads": 2, "window": 3, "shift": 1}, [5, 6, 4], [5, 6, 4],
         {"relative_position_bias_table": (25, 2), "in_proj.weight": (12, 4), "in_proj.bias": (12,),
          "out_proj.weight": (4, 4), "out_proj.bias": (4,)},
         operations=ops(
             macs=36 * 4 * 16 + 2 * (2 * 36 * 9 * 2), multiplications=36 * 4,
             additions=36 * 16 + 2 * 648 + 72 * (9 + 8), comparisons=72 * 8, divisions=648, exponentials=648),
         connections=36 * 4 * 16 + 36 * 16),
    # one window of 7 x 7 holds them all: no mask, though there is a shift
    Case("attention", {"heads": 2, "window": 7, "shift": 3}, [5, 6, 4], [5, 6, 4],
         {"relative_position_bias_table": (169, 2), "in_proj.weight": (12, 4), "in_proj.bias": (12,),
          "out_proj.weight": (4, 4), "out_proj.bias": (4,)},
         operations=ops(
             macs=49 * 4 * 16 + 2 * (2 * 49 * 49 * 2), multiplications=49 * 4,
             additions=49 * 16 + 4802 + 98 * (49 + 48), comparisons=98 * 48, divisions=4802, exponentials=4802),
         connections=49 * 4 * 16 + 49 * 16),
    # MaxViT: each of 4 x 6 tokens attends to 2 x 2, half of the map apart
    Case("attention", {"heads": 2, "grid": 2}, [4, 6, 4], [4, 6, 4],
         {"relative_position_bias_table": (9, 2), "in_proj.weight": (12, 4), "in_proj.bias": (12,),
          "out_proj.weight": (4, 4), "out_proj.bias": (4,)},
         operations=ops(
             macs=24 * 4 * 16 + 2 * (2 * 24 * 4 * 2), multiplications=24 * 4,
             additions=24 * 16 + 192 + 48 * (4 + 3), comparisons=48 * 3, divisions=192, exponentials=192),
         connections=24 * 4 * 16 + 24 * 16),
    # Swin V2: the windows of above. 72 queries and 72 keys of 2 numbers: 288 squares, 144 additions, 144 roots, 144
    # reciprocals, 288 products; 648 scores are scaled; 25 steps of 2 numbers give 8 units, then a number for each of
    # 2 heads; 2 x 9 x 9 of these get a sigmoid and a factor of 16; a scale is at most ln 100, and is exponentiated
    Case("cosine_attention", {"heads": 2, "window": 3, "shift": 1, "hidden": 8}, [5, 6, 4], [5, 6, 4],
         {"logit_scale": (2, 1, 1), "in_proj.weight": (12, 4), "in_proj.bias": (12,), "out_proj.weight": (4, 4),
          "out_proj.bias": (4,), "position.linear1.weight": (8, 2), "position.linear1.bias": (8,),
          "position.linear2.weight": (2, 8)},
         operations=ops(
             macs=36 * 4 * 16 + 2 * (2 * 36 * 9 * 2) + 25 * (2 * 8 + 8 * 2),
             multiplications=2 * 288 + 648 + 162,
             additions=36 * 16 + 2 * 648 + 72 * (9 + 8) + 144 + 25 * 8 + 162,
             comparisons=72 * 8 + 25 * 8 + 2, divisions=648 + 144 + 162, exponentials=648 + 144 + 162 + 2),
         connections=36 * 4 * 16 + 36 * 16 + 25 * (3 * 8 + 8 * 2)),
    # without a window, all of 2 x 3 tokens attend to each other, 3 x 5 steps apart
    Case("cosine_attention", {"heads": 1, "hidden": 4, "bias": False}, [2, 3, 2], [2, 3, 2],
         {"logit_scale": (1, 1, 1), "in_proj.weight": (6, 2), "out_proj.weight": (2, 2),
          "position.linear1.weight": (4, 2), "position.linear1.bias": (4,), "position.linear2.weight": (1, 4)},
         operations=ops(
             macs=6 * 2 * 8 + 2 * (36 * 2) + 15 * (2 * 4 + 4), multiplications=2 * 24 + 36 + 36,
             additions=36 + 6 * (6 + 5) + 12 + 15 * 4 + 36, comparisons=6 * 5 + 15 * 4 + 1, divisions=36 + 12 + 36,
             exponentials=36 + 12 + 36 + 1),
         connections=6 * 2 * 8 + 15 * (3 * 4 + 4)),
    # joins
    Case("concat", {}, ((64, 28, 28), (128, 28, 28), (32, 28, 28)), (224, 28, 28)),
    Case("concat", {}, ([4, 3], [4, 5]), [4, 8]),
    Case("concat", {"axis": 1}, ((2, 3, 5), (2, 4, 5)), (2, 7, 5)),
    Case("dense_concat", {}, ((64, 28, 28), (32, 28, 28)), (96, 28, 28)),
    Case("concat", {}, ((7,), (5,)), (12,)),
    Case("add", {}, ((256, 56, 56),) * 2, (256, 56, 56), operations=ops(additions=802_816)),
    Case("add", {}, ([4, 3],) * 3, [4, 3], operations=ops(additions=24)),
    Case("multiply", {}, ((16, 7, 7), (16, 1, 1)), (16, 7, 7), operations=ops(multiplications=784)),
    Case("multiply", {}, ((5,),) * 3, (5,), operations=ops(multiplications=10)),
    Case("multiply", {}, ((3, 1, 4), (3, 2, 1)), (3, 2, 4), operations=ops(multiplications=24)),
    Case("matmul", {}, ([2, 5, 3], [2, 3, 7]), [2, 5, 7], operations=ops(macs=2 * 5 * 7 * 3)),
    Case("matmul", {}, ((5, 3), (3, 7)), (5, 7), operations=ops(macs=105)),
]  # fmt: skip

each_case = pytest.mark.parametrize("case", CASES, ids=str)


@each_case
def test_case(case: Case) -> None:
    layer, x = case.layer, case.input
    assert all(condition.truth for condition in layer.conditions(x))
    y = layer.output(x)
    assert y == shape(case.y)
    assert list(layer.parameters(x).items()) == list(case.parameters.items()), "the order is the framework's"
    assert layer.buffers(x) == case.buffers
    assert layer.operations(x, y) == Operations(**case.operations)
    assert layer.stores == case.stores
    assert layer.links(x, y) == case.connections
    assert layer.weighted == (case.connections > 0)
    if case.dropped is not None:
        assert layer.dropped(x) == case.dropped
    elif layer.window() is not None and case.kind != "transposed_conv":
        assert len(layer.dropped(x)) == len(x.spatial)


@each_case
def test_case_in_a_network(case: Case) -> None:
    """What a spec with this layer alone reports follows from the same figures."""
    report = ac.analyze(spec_of(case))
    layer = report.layers[-1]
    tensors = {name: dims.prod(axes) for name, axes in case.parameters.items()}
    biases = sum(count for name, count in tensors.items() if name.split(".")[-1] == "bias")
    classes = {name: case.operations.get(name, 0) for name in Operations._fields}
    elements = shape(case.y).elements
    expected = {
        "parameters": sum(tensors.values()),
        "weights": sum(tensors.values()) - biases,
        "biases": biases,
        "buffers": sum(dims.prod(axes) for axes in case.buffers.values()),
        **classes,
        "flops": sum(classes.values()) + classes["macs"],
        "activations": elements if case.stores == "new" else 0,
        "outputs": elements,
        "neurons": elements if case.connections else 0,
        "connections": case.connections,
        "parameter_bytes": 4 * sum(tensors.values()),
    }
    assert {name: layer[name] for name in expected} == expected
    assert layer.output == shape(case.y)


def spec_of(case: Case) -> dict[str, Any]:
    """A network of this layer; tokens are made from a map, vectors stay."""
    branches = case.x if case.kind in JOINS else (case.x,)
    names = [f"in{number}" for number in range(len(branches))]
    inputs = {name: _map_axes(axes) for name, axes in zip(names, branches, strict=True)}
    chains = {
        name: [{"from": name}, *(["channels_last"] if isinstance(axes, list) else [])]
        for name, axes in zip(names, branches, strict=True)
    }
    fields = {name: _plain(value) for name, value in case.fields.items()}
    if case.kind in JOINS:
        join: dict[str, Any] = {case.kind: chains}
        return {"input": inputs, "layers": [{**join, **fields}]}
    return {"input": inputs, "layers": [*chains["in0"], {case.kind: fields} if fields else case.kind]}


def _map_axes(axes: tuple[int, ...] | list[int]) -> list[int]:
    return [axes[-1], *axes[:-1]] if isinstance(axes, list) else list(axes)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(element) for element in value]
    return value


def test_every_kind_has_a_case() -> None:
    assert sorted({case.kind for case in CASES}) == sorted(FAMILIES)


def test_counts_are_whole_numbers() -> None:
    def counts(case: Case) -> Iterator[Any]:
        layer, x = case.layer, case.input
        y = layer.output(x)
        yield from y.axes
        yield from layer.operations(x, y)
        yield from layer.dropped(x) if case.kind not in JOINS else ()
        yield layer.links(x, y)
        for tensor in (*layer.parameters(x).values(), *layer.buffers(x).values()):
            yield from tensor

    for case in CASES:
        assert all(type(count) is int for count in counts(case)), case


def test_each_kind_says_what_it_is() -> None:
    for kind in FAMILIES:
        cls = find(kind)
        assert cls.kind == kind
        assert cls.__doc__ and cls.__doc__.strip().split("\n")[0].endswith("."), kind
        assert cls.stores in ("new", "in place", "view")
        assert cls.reads in ("itself", "group", "all", "neighbours")
        assert set(cls.accepts) <= {"vector", "map", "tokens"}


def test_depth_counts_weighted_layers() -> None:
    depths = {kind: find(kind).depth for kind in FAMILIES if find(kind).depth}
    assert depths == {
        "attention": 2, "conv": 1, "cosine_attention": 2, "depthwise": 1, "linear": 1, "locally_connected": 1, "maxout": 1, "rbf": 1,
        "transposed_conv": 1,
    }  # fmt: skip
    assert {kind for kind in FAMILIES if find(kind).weighted} == {*depths, "subsample"}


# brute force


def convolution_macs(x: Shape, filters: int, kernel: Axes, stride: Axes, pad: Axes, dilation: Axes, groups: int) -> int:
    """Every product of a weight with an input or a padding zero, one by one."""
    places = [
        [begin for begin in range(-p, size + p) if (begin + p) % s == 0 and begin + d * (k - 1) < size + p]
        for size, k, s, p, d in zip(x.spatial, kernel, stride, pad, dilation, strict=True)
    ]
    count = 0
    for _filter in range(filters):
        for _place in itertools.product(*places):
            for _channel in range(x.channels // groups):
                for _tap in itertools.product(*map(range, kernel)):
                    count += 1
    return count


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_convolution_by_brute_force(rank: int) -> None:
    sizes = (5, 6, 4)[:rank]
    for groups, stride, pad, dilation in [(1, 1, 0, 1), (2, 2, 1, 1), (2, 1, 2, 2), (4, 3, 1, 1)]:
        x = Shape((4, *sizes))
        layer = make("conv", rank=rank, filters=8, kernel=2, stride=stride, pad=pad, dilation=dilation, groups=groups)
        y = layer.output(x)
        macs = convolution_macs(x, 8, (2,) * rank, (stride,) * rank, (pad,) * rank, (dilation,) * rank, groups)
        assert layer.operations(x, y).macs == macs
        assert layer.operations(x, y).additions == y.elements
        assert layer.links(x, y) == macs + y.elements


@given(st.integers(1, 40), st.integers(1, 40))
def test_adaptive_windows_by_enumeration(size: int, out: int) -> None:
    """Window i is floor(i*H/n) .. ceil((i + 1)*H/n)."""
    windows = [range(i * size // out, -(-(i + 1) * size // out)) for i in range(out)]
    x = Shape((3, size))
    layer = make("adaptive_avgpool", rank=1, size=out)
    operations = layer.operations(x, layer.output(x))
    assert operations == Operations(additions=3 * sum(len(w) - 1 for w in windows), divisions=3 * out)


# properties

some = settings(deadline=None, max_examples=60)
small = st.integers(1, 6)


def counts_of(layer: Layer, x: Shape) -> tuple[int, int, Operations]:
    """Weights, biases and operations."""
    tensors = layer.parameters(x)
    return dims.prod(tensors["weight"]), dims.prod(tensors.get("bias", (0,))), layer.operations(x, layer.output(x))


def same_size(rank: int, kernel: int, size: int) -> Shape:
    return Shape((12, *(max(size, kernel) + axis for axis in range(rank))))


@some
@given(st.integers(1, 3), small, small, small, small)
def test_a_convolution_and_its_transpose_have_equal_macs(
    rank: int, kernel: int, stride: int, size: int, filters: int
) -> None:
    down = make("conv", rank=rank, filters=filters, kernel=kernel, stride=stride)
    x = Shape((12, *((size - 1) * stride + kernel for _ in range(rank))))
    y = down.output(x)
    up = make("transposed_conv", rank=rank, filters=12, kernel=kernel, stride=stride)
    assert up.output(y) == x
    assert up.operations(y, x).macs == down.operations(x, y).macs
    assert dims.prod(up.parameters(y)["weight"]) == dims.prod(down.parameters(x)["weight"])


@some
@given(st.sampled_from(["conv", "transposed_conv"]), st.integers(1, 3), small, small, st.sampled_from([2, 3, 4, 6, 12]))
def test_g_groups_have_one_g_th_of_weights_and_macs(kind: str, rank: int, kernel: int, size: int, groups: int) -> None:
    x = same_size(rank, kernel, size)
    whole, bias, operations = counts_of(make(kind, rank=rank, filters=24, kernel=kernel), x)
    weights, bias_grouped, grouped = counts_of(make(kind, rank=rank, filters=24, kernel=kernel, groups=groups), x)
    assert (weights * groups, grouped.macs * groups) == (whole, operations.macs)
    assert (bias_grouped, grouped.additions) == (bias, operations.additions)


@some
@given(st.integers(1, 3), small, small, small, st.booleans())
def test_depthwise_is_a_convolution_with_a_group_for_each_channel(
    rank: int, kernel: int, size: int, multiplier: int, bias: bool
) -> None:
    x = same_size(rank, kernel, size)
    depthwise = make("depthwise", rank=rank, kernel=kernel, multiplier=multiplier, pad=1, bias=bias)
    grouped = make("conv", rank=rank, filters=12 * multiplier, kernel=kernel, groups=12, pad=1, bias=bias)
    assert depthwise.output(x) == grouped.output(x)
    assert depthwise.parameters(x) == grouped.parameters(x)
    assert counts_of(depthwise, x) == counts_of(grouped, x)
    assert depthwise.links(x, depthwise.output(x)) == grouped.links(x, grouped.output(x))


@some
@given(st.sampled_from(["conv", "transposed_conv", "locally_connected"]), small, small, small, small, st.booleans())
def test_filters_split_in_two_layers_add_up(
    kind: str, kernel: int, size: int, first: int, second: int, bias: bool
) -> None:
    x = same_size(2, kernel, size)
    one, two, both = (
        counts_of(make(kind, filters=n, kernel=kernel, bias=bias), x) for n in (first, second, first + second)
    )
    assert (one[0] + two[0], one[1] + two[1]) == both[:2]
    assert tuple(a + b for a, b in zip(one[2], two[2], strict=True)) == both[2]


@some
@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 6))
def test_maxout_is_so_many_linear_layers_and_a_maximum(channels: int, units: int, pieces: int) -> None:
    x = Shape((channels,))
    weights, biases, operations = counts_of(make("linear", rank=0, units=units), x)
    maxout = make("maxout", rank=0, units=units, pieces=pieces)
    assert counts_of(maxout, x) == (
        pieces * weights, pieces * biases,
        Operations(macs=pieces * operations.macs, additions=pieces * operations.additions, comparisons=(pieces - 1) * units),
    )  # fmt: skip
    assert maxout.output(x) == Shape((units,))


@some
@given(small, small, st.integers(1, 9), st.integers(1, 9))
def test_a_convolution_over_the_whole_map_is_a_linear_layer(channels: int, units: int, height: int, width: int) -> None:
    x = Shape((channels, height, width))
    flat = make("flatten").output(x)
    conv, linear = make("conv", filters=units, kernel=(height, width)), make("linear", rank=0, units=units)
    assert counts_of(conv, x) == counts_of(linear, flat)
    local = make("locally_connected", filters=units, kernel=(height, width))
    assert counts_of(local, x) == counts_of(linear, flat)


@some
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))
def test_shuffling_pixels_and_merging_patches_are_each_others_way_back(
    channels: int, factor: int, height: int, width: int
) -> None:
    x = Shape((channels * factor**2, height, width))
    shuffle, merge = make("pixel_shuffle", factor=factor), make("patch_merge", factor=factor)
    assert shuffle.output(x).elements == x.elements
    assert merge.output(shuffle.output(x)) == x


@some
@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from([1, 3, 5])), min_size=1, max_size=5), st.integers(5, 12))
def test_layers_sum_to_totals(convolutions: list[tuple[int, int]], size: int) -> None:
    layers = [{"conv": {"filters": filters, "kernel": kernel, "pad": "same"}} for filters, kernel in convolutions]
    report = ac.analyze({"input": [3, size, size], "layers": [*layers, "relu", "flatten"]})
    for quantity in (
        "parameters",
        "weights",
        "macs",
        "flops",
        "additions",
        "activations",
        "outputs",
        "connections",
        "neurons",
    ):
        assert sum(layer[quantity] for layer in report) == report[quantity]
    channels = [3, *(filters for filters, _ in convolutions)]
    expected = sum(size**2 * a * b * k**2 for a, b, (_, k) in zip(channels, channels[1:], convolutions, strict=False))
    assert report.macs == expected
    assert report.depth == report.weighted_layers == len(convolutions)


# refusals

REFUSED = [
    ("conv", {"filters": 8, "kernel": 3, "groups": 3}, (4, 5, 5), "groups 3 does not divide the 4 input channels"),
    ("conv", {"filters": 7, "kernel": 3, "groups": 2}, (4, 5, 5), "groups 2 does not divide the 7 filters"),
    ("conv", {"filters": 7, "kernel": 6}, (4, 5, 5), "kernel of extent 6 is larger than the input of 5"),
    ("conv", {"filters": 7, "kernel": 3, "dilation": 3}, (4, 6, 9), "kernel of extent 7 is larger than the input of 6"),
    (
        "conv",
        {"filters": 2, "kernel": 1, "connections": ("X.", "XX")},
        (3, 4, 4),
        "connections has 2 rows for 3 input maps",
    ),
    ("transposed_conv", {"filters": 3, "kernel": 3, "stride": 2, "output_pad": 2}, (4, 5, 5), "output_pad 2"),
    ("maxpool", {"kernel": 3}, (4, 2, 2), "kernel of extent 3 is larger than the input of 2"),
    ("groupnorm", {"groups": 3}, (4, 5, 5), "groups 3 does not divide the 4 channels"),
    ("channel_shuffle", {"groups": 3}, (4, 5, 5), "groups 3 does not divide the 4 channels"),
    ("pixel_shuffle", {"factor": 2}, (6, 5, 5), "6 channels are not a multiple of 4"),
    ("slice", {"part": 1, "of": 3}, (4, 5, 5), "4 channels do not divide into 3 equal parts"),
    ("slice", {"part": 3, "of": 2}, (4, 5, 5), "there is no part 3 of 2"),
    ("crop", {"size": 6}, (4, 5, 5), "cannot crop 5 to 6"),
    ("pad_channels", {"channels": 3}, (4, 5, 5), "cannot pad 4 channels to 3"),
    ("reshape", {"size": (4, 5)}, (24,), "4x5 holds 20 numbers, the input 24 24"),
    ("attention", {"heads": 5}, [4, 8], "heads 5 does not divide the 8 channels"),
    ("attention", {"heads": 2, "grid": 3}, [6, 7, 8], "a grid of 3 does not divide an axis of 7 tokens"),
    ("add", {}, ((2, 3, 3), (4, 3, 3)), "shapes differ"),
    ("concat", {}, ((2, 3, 3), (2, 3, 4)), "shapes differ on axis 2"),
    ("multiply", {}, ((2, 3, 3), (4, 1, 1)), "shapes differ"),
    ("matmul", {}, ((5, 3), (4, 7)), "inner sizes differ"),
]


@pytest.mark.parametrize(("kind", "fields", "x", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_does_not_fit_is_refused(kind: str, fields: dict[str, Any], x: Any, message: str) -> None:
    case = Case(kind, fields, x, x)
    false = [condition.message for condition in case.layer.conditions(case.input) if condition.truth is False]
    assert any(text.startswith(message) for text in false), false
    with pytest.raises(ac.SpecError, match=message.replace("(", r"\(")):
        ac.analyze(spec_of(case))


@pytest.mark.parametrize("kind", ["attention", "cosine_attention"])
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"heads": 2, "window": 2, "grid": 2}, "tokens attend within windows or over a grid, not both"),
        ({"heads": 2, "shift": 1}, "shift moves windows; give window a size"),
        ({"heads": 2, "grid": 2, "shift": 1}, "shift moves windows; give window a size"),
    ],
)
def test_fields_of_attention_that_contradict_each_other(kind: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ac.SpecError, match=message):
        ac.analyze({"input": [8, 6, 6], "layers": ["channels_last", {kind: fields}]})


def test_same_padding_fixes_the_size_so_output_pad_is_not_silently_ignored() -> None:
    fields = {"filters": 3, "kernel": 3, "stride": 2, "pad": "same", "output_pad": 1}
    with pytest.raises(ac.ArchcalcError, match="output_pad"):
        ac.analyze({"input": [3, 4, 4], "layers": [{"transposed_conv": fields}]})


@pytest.mark.parametrize(
    ("kind", "axes", "hint"),
    [
        ("linear", [3, 4, 4], "flatten(,| or) tokens or channels_last first"),
        ("maxout", [3, 4, 4], "flatten"),
        ("conv", [7], "conv takes a map, not the vector 7"),
        ("attention", [8, 4, 4], "tokens or channels_last first"),
        ("embedding", [3, 4, 4], "embedding takes a vector"),
        ("take", [3, 4, 4], "take takes tokens"),
    ],
)
def test_the_wrong_layout_is_refused_with_a_way_out(kind: str, axes: list[int], hint: str) -> None:
    needed = {"linear": {"units": 2}, "maxout": {"units": 2}, "conv": {"filters": 2, "kernel": 1}, "attention": {"heads": 2},
              "embedding": {"count": 2, "size": 3}}  # fmt: skip
    with pytest.raises(ac.SpecError, match=hint):
        ac.analyze({"input": axes, "layers": [{kind: needed.get(kind, {})}]})


def test_an_unknown_kind_suggests_the_nearest() -> None:
    with pytest.raises(ac.ArchcalcError, match="unknown layer kind 'conv2d'; did you mean 'conv'"):
        find("conv2d")
    with pytest.raises(ac.SpecError, match="'batch_norm'; did you mean 'batchnorm'"):
        ac.analyze({"input": [3, 8, 8], "layers": ["batch_norm"]})


def test_unknown_and_missing_fields() -> None:
    with pytest.raises(ac.ArchcalcError, match="conv: unknown field 'strides'"):
        make("conv", filters=1, kernel=1, strides=2)
    with pytest.raises(ac.ArchcalcError, match="conv: missing field 'kernel'"):
        make("conv", filters=1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"filters": 0, "kernel": 1}, "0 is not a size; it must be at least 1"),
        ({"filters": Fraction(1, 2), "kernel": 1}, "1/2 is not whole"),
        ({"filters": True, "kernel": 1}, "true is not a size"),
        ({"filters": 1, "kernel": (1, 2, 3)}, "has 3 sizes for 2 spatial axes"),
        ({"filters": 1, "kernel": 1, "pad": -1}, "-1 is not a size; it must be at least 0"),
        ({"filters": 1, "kernel": 1, "pad": "sam"}, "sam is not a size, nor one of same, valid"),
        ({"filters": 1, "kernel": 1, "bias": 1}, "1 is neither true nor false"),
        ({"filters": 1, "kernel": 1, "stride": 0}, "0 is not a size; it must be at least 1"),
    ],
)
def test_fields_say_what_they_take(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ac.ArchcalcError, match=message):
        make("conv", **fields)


def test_bits_are_of_the_layer() -> None:
    conv = {"conv": {"filters": 4, "kernel": 3, "bits": 2, "bias": False}}
    report = ac.analyze({"input": [3, 8, 8], "layers": [conv, "relu", {"linear": 3}][:2]})
    assert report.parameter_bytes == 4 * 27 * 2 // 8
    assert report.activation_bytes == 4 * 36 * 2 // 8
    odd = ac.analyze({"input": [1, 3], "layers": [{"conv": {"filters": 1, "kernel": 3, "bits": 1, "bias": False}}]})
    assert odd.parameter_bytes == 1, "3 bits fill one byte"


# a user's own kind, as in a notebook


@pytest.fixture
def own_kinds() -> Iterator[None]:
    known = dict(REGISTRY)
    yield
    REGISTRY.clear()
    REGISTRY.update(known)


def test_a_users_own_kind_works_in_a_spec(own_kinds: None) -> None:
    @ac.layer("gated_conv", source="Dauphin et al. 2016, arXiv 1612.08083")
    class GatedConv(ac.Layer):
        """A convolution whose output is gated by the sigmoid of another one."""

        filters: ac.Dim
        kernel: ac.PerAxis
        pad: ac.Pad = 0
        bias: ac.Flag = True

        accepts = ("map",)
        weighted = True
        depth = 1

        def window(self) -> ac.Window:
            ones = (1,) * len(self.kernel)
            return ac.Window(self.kernel, ones, self.pad, ones)

        def output(self, x: ac.Shape) -> ac.Shape:
            return x.with_channels(self.filters).windowed(self.window())

        def parameters(self, x: ac.Shape) -> dict[str, Any]:
            bias = {"bias": (2 * self.filters,)} if self.bias else {}
            return {"weight": (2 * self.filters, x.channels, *self.kernel), **bias}

        def operations(self, x: ac.Shape, y: ac.Shape) -> ac.Operations:
            n = y.elements
            macs = 2 * ac.prod(self.kernel) * x.channels * n
            return ac.Operations(
                macs=macs, additions=2 * self.bias * n + n, exponentials=n, divisions=n, multiplications=n
            )

        def links(self, x: ac.Shape, y: ac.Shape) -> Any:
            return self.operations(x, y).macs + 2 * self.bias * y.elements

    spec = {
        "input": [3, 8, 8],
        "let": {"width": 4},
        "blocks": {
            "unit": {"takes": ["n"], "do": [{"gated_conv": {"filters": "n", "kernel": 3, "pad": "same"}}, "relu"]}
        },
        "layers": [{"unit": "width"}, {"gated_conv": {"filters": 2, "kernel": [3, 1], "bias": False}}],
    }
    assert "gated_conv" in kinds()
    report = ac.analyze(spec)
    assert [layer.kind for layer in report] == ["gated_conv", "relu", "gated_conv"]
    assert report.layers[2].output == Shape((2, 6, 8))
    assert report.layers[2].dropped == (0, 0)
    assert report.parameters == 2 * 4 * 3 * 9 + 8 + 2 * 2 * 4 * 3
    assert report.macs == 2 * 9 * 3 * 256 + 2 * 3 * 4 * 96
    assert report.depth == 2
    with pytest.raises(ac.SpecError, match="'gated_con'; did you mean 'gated_conv'"):
        ac.analyze({"input": [3, 8, 8], "layers": [{"gated_con": {"filters": 1, "kernel": 1}}]})
    with pytest.raises(ac.SpecError, match="unknown field 'strides'"):
        ac.analyze({"input": [3, 8, 8], "layers": [{"gated_conv": {"filters": 1, "kernel": 1, "strides": 1}}]})
    H, width = ac.symbol("H"), ac.symbol("width")
    formula = ac.analyze(spec, input=(3, H, H), let={"width": width})
    numeric = ac.analyze(spec, input=(3, 11, 11), let={"width": 5})
    assert dict(formula.substitute(H=11, width=5)) == dict(numeric.totals)
    explained = make("gated_conv", filters=4, kernel=3).with_terms()
    term = explained.output(Shape((3, 8, 8)).with_terms()).spatial[0]
    assert (term.value, term.rule) == (6, "floor((H + 2*P_h - F_h)/1) + 1")

    with pytest.raises(ac.ArchcalcError, match="there is a layer kind 'gated_conv' already"):

        @ac.layer("gated_conv")
        class Again(ac.Layer):
            """Once more."""


def test_a_kind_of_the_product_cannot_be_replaced(own_kinds: None) -> None:
    for kind in ("conv", "relu", "attention"):  # imported already or not
        with pytest.raises(ac.ArchcalcError, match=f"there is a layer kind '{kind}' already"):

            @ac.layer(kind)
            class Own(ac.Layer):
                """Another one."""


def test_a_field_needs_a_type_and_a_kind_a_layer(own_kinds: None) -> None:
    with pytest.raises(ac.ArchcalcError, match="field 'filters' of Untyped needs a type such as Dim"):

        @ac.layer("untyped")
        class Untyped(ac.Layer):
            """A plain annotation is no schema."""

            filters: int

    with pytest.raises(ac.ArchcalcError, match=r"must derive from archcalc\.Layer"):

        @ac.layer("alien")  # type: ignore[type-var]
        class Alien:
            """Not a layer."""

    assert not {"untyped", "alien"} & set(kinds())
