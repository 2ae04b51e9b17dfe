"""Efficiency against brute force, measured networks, hand-computed rooflines, published intensities and energies."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import archcalc as ac
from archcalc import dims, zoo
from archcalc.cli import main
from archcalc.efficiency import (
    device,
    energy_table,
    folding,
    macs_inside,
    meanings,
    metrics,
    roofline,
    taps_inside,
    work,
)  # fmt: skip
from archcalc.efficiency.devices import SECTIONS as device_sections
from archcalc.efficiency.devices import device_names
from archcalc.efficiency.energy import SECTIONS as energy_sections
from archcalc.efficiency.energy import energy
from archcalc.efficiency.metrics import METRICS
from archcalc.layers.base import REGISTRY, Operations
from archcalc.precision import bits_of, number_types
from archcalc.quantities import NAMES
from archcalc.render.efficiency import roofs, side_by_side

DATA = Path(__file__).parent / "data" / "efficiency"
OURS = {"alexnet": "alexnet_owt", "googlenet": "googlenet_bn"}  # where the name is the paper's network


def net(*layers: Any, size: Any = (3, 8, 8), **settings: Any) -> Any:
    """The report of a few layers."""
    return ac.analyze({"input": list(size), "layers": list(layers)}, **settings)


# Taps on padding: every product looked at


def looked_at(report: Any, front: list[Any]) -> int:
    """The MACs of the last layer whose input number is no zero, tap by tap; `front` are zeros of a `pad` layer."""
    node = report.layers[-1].node
    kind, x, y = node.layer, node.shapes[0], node.output
    window = kind.window_on(x)
    count = 1
    for axis, (size, outputs) in enumerate(zip(x.spatial, y.spatial, strict=True)):
        begin, end = front[axis]
        taps, stride, dilation = window.kernel[axis], window.stride[axis], window.dilation[axis]
        real = range(begin, size - end)
        if kind.enlarges:
            cut = window.padding(axis, outputs)[0]
            count *= sum(0 <= i * stride + t * dilation - cut < outputs for i in real for t in range(taps))
        else:
            cut = window.padding(axis, size)[0]
            count *= sum(o * stride + t * dilation - cut in real for o in range(outputs) for t in range(taps))
    if kind.kind == "depthwise":
        return count * y.channels
    return count * x.channels * y.channels // getattr(kind, "groups", 1)


def random_layer(dice: random.Random) -> tuple[list[Any], list[int], list[Any]]:
    """A convolution of some kind, perhaps behind a `pad` layer: layers, input size, zeros of the `pad` layer."""
    rank = dice.randint(1, 3)
    kind = dice.choice(["conv", "conv", "depthwise", "transposed_conv", "locally_connected"])
    groups = dice.choice([1, 2]) if kind in ("conv", "transposed_conv") else 1
    fields: dict[str, Any] = {
        "kernel": [dice.randint(1, 5) for _ in range(rank)],
        "stride": [dice.randint(1, 4) for _ in range(rank)],
        "pad": dice.choice(["same", [[dice.randint(0, 4), dice.randint(0, 4)] for _ in range(rank)]]),
        **({"groups": groups} if groups > 1 else {}),
        **({"multiplier": dice.randint(1, 2)} if kind == "depthwise" else {"filters": 4}),
        **({"dilation": [dice.randint(1, 3) for _ in range(rank)]} if kind != "locally_connected" else {}),
    }
    front = [[dice.randint(0, 3), dice.randint(0, 3)] for _ in range(rank)]
    before = [{"pad": front}] if dice.random() < 0.4 else []
    sizes = [2 * groups, *(dice.randint(1, 9) for _ in range(rank))]
    return [*before, {kind: fields}], sizes, front if before else [[0, 0]] * rank


def compare_random_layers(seed: int, number: int) -> None:
    dice = random.Random(seed)
    compared = 0
    while compared < number:
        layers, sizes, front = random_layer(dice)
        try:
            report = net(*layers, size=sizes)
        except ac.SpecError:
            continue  # the kernel is larger than the input, or nothing is left of it
        assert macs_inside(report, report.layers[-1]) == looked_at(report, front), (layers, sizes)
        compared += 1


def test_macs_without_padding_equal_brute_force() -> None:
    compare_random_layers(seed=1, number=400)


@pytest.mark.exhaustive
def test_macs_without_padding_equal_brute_force_everywhere() -> None:
    compare_random_layers(seed=2, number=10_000)


def test_taps_on_one_axis() -> None:
    # Dumoulin & Visin 2016, Figure 2.3: input 5, kernel 3, half padding: 5 places of 3 taps, one off at each end
    assert taps_inside((0, 5), 3, 1, 1, 1, (0, 5)) == 13
    # Figure 2.4, full padding 2: 7 places; each of the 5 numbers meets each of the 3 taps once
    assert taps_inside((0, 7), 3, 1, 1, 2, (0, 5)) == 15
    assert taps_inside((0, 1), 3, 1, 5, 5, (0, 1)) == 1  # dilated past a single number
    with pytest.raises(ac.ArchcalcError, match="a kernel of K has no number of taps"):
        taps_inside((0, 5), ac.symbol("K"), 1, 1, 1, (0, 5))


def test_layers_without_weights_have_no_taps() -> None:
    report = net({"avgpool": {"kernel": 3, "stride": 1, "pad": 1}}, {"maxpool": {"kernel": 3, "pad": 1}}, "flatten")
    assert [macs_inside(report, layer) for layer in report] == [0, 0, 0]
    linear = net("flatten", {"linear": 7}).layers[-1]
    assert macs_inside(net("flatten", {"linear": 7}), linear) == linear.macs == 3 * 8 * 8 * 7


def test_batch_norm_between_zeros_and_a_convolution_makes_them_numbers() -> None:
    padded = net({"pad": 1}, {"conv": {"filters": 2, "kernel": 3}})
    assert macs_inside(padded, padded.layers[-1]) == (3 * 8 - 2) ** 2 * 3 * 2
    shifted = net({"pad": 1}, "batchnorm", {"conv": {"filters": 2, "kernel": 3}})
    assert macs_inside(shifted, shifted.layers[-1]) == shifted.macs


def test_a_kind_of_ones_own_with_padding_is_refused() -> None:
    class Blur(ac.Layer):
        """A fixed blur of 3x3."""

        accepts = ("map",)

        def window(self) -> ac.Window:
            return ac.Window((3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))

        def operations(self, x: ac.Shape, y: ac.Shape) -> Operations:
            return Operations(macs=9 * y.elements)

    ac.layer("blur_for_tests")(Blur)
    try:
        report = net("blur_for_tests")
        with pytest.raises(ac.ArchcalcError, match="which MACs of layer kind 'blur_for_tests' fall on its padding"):
            macs_inside(report, report.layers[0])
    finally:
        del REGISTRY["blur_for_tests"]


# Real networks: measured by torch, see data/efficiency/measure_efficiency.py


def measured() -> list[Any]:
    """Every network that torchvision ships; a fixed sample by default."""
    with (DATA / "measured.csv").open() as file:
        lines = list(csv.DictReader(file))
    sample = ("alexnet", "densenet121", "googlenet", "inception_v3", "maxvit_t", "mobilenet_v2", "resnet50", "vgg16_bn")
    return [
        pytest.param(line, id=line["network"], marks=() if line["network"] in sample else pytest.mark.exhaustive)
        for line in lines
    ]


@pytest.mark.parametrize("line", measured())
def test_taps_and_batch_norms_equal_torchs(line: dict[str, str]) -> None:
    size = int(line["size"])
    report = ac.analyze(OURS.get(line["network"], line["network"]), input=(3, size, size))
    convolutions = [layer for layer in report.trunk if layer.kind in ("conv", "depthwise")]
    assert sum(layer.macs for layer in convolutions) == int(line["macs"])
    assert sum(macs_inside(report, layer) for layer in convolutions) == int(line["inside"])
    found = folding(report)
    assert (len(found.into), len(found.into) + len(found.kept)) == (int(line["folded"]), int(line["norms"]))


# Folding


def test_a_folded_batch_norm_leaves_its_shift() -> None:
    conv = {"filters": 4, "kernel": 3, "pad": 1}
    with_bias = net({"conv": conv}, "batchnorm", "relu")
    without = net({"conv": {**conv, "bias": False}}, "batchnorm", "relu")
    outputs, weights = 4 * 8 * 8, 4 * 3 * 9
    for report in (with_bias, without):
        folded = meanings(report).folded
        assert folded is not None
        # what stays is a convolution with a bias, and ReLU
        assert folded.flops == 2 * weights * 64 + outputs + outputs
        assert folded.parameters == weights + 4
        assert folded.macs == report.macs == weights * 64
    assert with_bias.flops - 2 * outputs == without.flops - outputs == 2 * weights * 64 + 2 * outputs


CONV = {"conv": {"filters": 3, "kernel": 1}}


@pytest.mark.parametrize(
    ("layers", "why"),
    [
        (["batchnorm"], "it reads the input"),
        ([CONV, "relu", "batchnorm"], "relu is a relu"),
        ([{"add": {"a": CONV, "b": "identity"}}, "batchnorm"], "add is an add"),
        ([CONV, {"add": {"a": "batchnorm", "b": "identity"}}], "add reads conv too"),
        (["flatten", {"maxout": 3}, "batchnorm"], "maxout is a maxout"),
    ],
)
def test_batch_norms_that_stay_say_why(layers: list[Any], why: str) -> None:
    found = folding(net(*layers))
    assert not found.into
    assert list(found.kept.values()) == [why]


@pytest.mark.parametrize("kind", ["conv", "depthwise", "transposed_conv", "locally_connected"])
def test_batch_norms_behind_every_convolution_fold(kind: str) -> None:
    fields = {"kernel": 3} if kind == "depthwise" else {"kernel": 3, "filters": 2}
    assert len(folding(net({kind: fields}, "batchnorm")).into) == 1
    assert len(folding(net("flatten", {"linear": 4}, "batchnorm")).into) == 1


def test_side_outputs_do_not_keep_a_batch_norm() -> None:
    layers = [{"conv": {"filters": 4, "kernel": 1}}, {"head": "side", "do": ["flatten", {"linear": 2}]}, "batchnorm"]
    assert len(folding(net(*layers)).into) == 1


def test_densenets_batch_norms() -> None:
    """Pre-activation: each of the 58 layers begins with one behind a concatenation or pooling, as do transitions."""
    found = folding(ac.analyze("densenet121"))
    kinds = {why.split()[-1] for why in found.kept.values()}
    assert kinds == {"dense_concat", "maxpool", "avgpool"}
    assert len(found.kept) == 58 + 3 + 1  # the 58 layers, the 3 transitions, the last


# Traffic


def test_traffic_is_that_of_shufflenet_v2() -> None:
    """Ma et al. 2018, equation 1: a 1x1 convolution accesses hw(c1 + c2) + c1*c2 numbers."""
    h, w, c, m = (dims.symbol(name) for name in "hwcm")
    conv = {"conv": {"filters": "m", "kernel": 1, "bias": False}}
    report = ac.analyze({"input": [4, 5, 6], "let": {"m": 3}, "layers": conv}, input=(c, h, w), let={"m": m})
    (done,) = work(report)
    assert dims.same(done.traffic.bits(1), 32 * (h * w * (c + m) + c * m))


def test_views_and_dropout_move_nothing() -> None:
    report = net("dropout", "flatten", {"linear": 5}, "relu", "dropout")
    moved = [done.traffic.bits(1) // 32 for done in work(report)]
    assert moved == [0, 0, 192 + 5 + 192 * 5 + 5, 10, 0]


def test_slices_and_joins_read_what_they_need() -> None:
    halves = {"concat": {"a": [{"slice": {"part": 1, "of": 2}}, "relu"], "b": {"slice": {"part": 2, "of": 2}}}}
    report = net(halves, {"add": {"a": "identity", "b": "identity"}}, size=(4, 5))
    moved = {done.layer.kind: done.traffic for done in work(report)}
    assert moved["slice"].bits(1) == 0
    assert moved["relu"] == (10 * 32, 10 * 32, 0)
    assert moved["concat"] == (20 * 32, 20 * 32, 0)
    assert moved["add"] == (20 * 32, 20 * 32, 0)  # both branches are the same numbers, read once


def test_an_embedding_reads_the_rows_that_it_looks_up() -> None:
    report = ac.analyze({"input": [7], "layers": [{"embedding": {"count": 1000, "size": 16}}]})
    assert work(report)[0].traffic == (7 * 64, 7 * 16 * 32, 7 * 16 * 32)
    few = ac.analyze({"input": [7], "layers": [{"embedding": {"count": 3, "size": 16}}]})
    assert work(few)[0].traffic.stored == 3 * 16 * 32


def test_fused_layers_move_nothing() -> None:
    layers = ({"conv": {"filters": 4, "kernel": 1, "bias": False}}, "batchnorm", "dropout", "prelu", {"maxpool": 2})
    report = net(*layers)
    conv, norm, dropout, prelu, pool = work(report, fused=True)
    # 3x64 numbers in, 4x64 out; 12 weights, the shift of the batch norm as bias, the slopes
    assert conv.traffic == (3 * 64 * 32, 4 * 64 * 32, (12 + 4 + 4) * 32)
    assert [done.leader and done.leader.path for done in (norm, dropout, prelu)] == ["conv", "conv", "conv"]
    assert not any(done.traffic.bits(1) for done in (norm, dropout, prelu))
    assert conv.flops == 2 * 12 * 64 + 256 + 2 * 256  # MACs, the bias, PReLU
    assert pool.traffic == (4 * 64 * 32, 4 * 16 * 32, 0)


def test_what_others_read_is_not_fused() -> None:
    report = net({"conv": {"filters": 3, "kernel": 1}}, {"add": {"a": "relu", "b": "identity"}}, "relu")
    leaders = [done.leader and done.leader.path for done in work(report, fused=True)]
    assert leaders == [None, None, None, "add"]  # the first ReLU's input is read by the addition too
    dropped = net({"conv": {"filters": 3, "kernel": 1}}, {"add": {"a": ["dropout", "relu"], "b": "identity"}})
    leaders = [done.leader and done.leader.path for done in work(dropped, fused=True)]
    assert leaders == [None, None, None, None]  # nothing is computed in the dropout that could compute the ReLU
    softmax = net("flatten", {"linear": 4}, "softmax")
    assert work(softmax, fused=True)[-1].leader is None  # it reads all channels


def test_fused_work_does_the_same_operations() -> None:
    for name in ("vgg16", "mobilenet_v3_small", "googlenet", "vit_b_16"):
        report = ac.analyze(name)
        folded = meanings(report).folded
        assert folded is not None
        assert sum(done.flops for done in work(report)) == report.flops
        assert sum(done.flops for done in work(report, fused=True)) == folded.flops
        assert metrics(report, fused=True).traffic_bits < metrics(report).traffic_bits


# Bits


MIXED = [
    {"conv": {"filters": 4, "kernel": 1, "bits": 8}},
    "relu",
    {"conv": {"filters": 2, "kernel": 1, "bias": False, "bits": 4}},
    "flatten",
    {"linear": {"units": 3, "bias": False}},
]  # of 3x8x8 numbers


def test_mixed_bits() -> None:
    report = net(*MIXED)
    assert list(number_types(report).values()) == ["float32", "int8", "int8", "int4", "int4", "float32"]
    found = metrics(report)
    assert found.model == {32: 2 * 64 * 3, 8: 16, 4: 8}
    assert found.model_bytes == 2 * 64 * 3 * 4 + 16 + 4 == report.parameter_bytes
    assert found.ops == {
        "int8": 2 * 12 * 64 + 256 + 256,  # MACs, biases, ReLU
        "int4": 2 * 8 * 64,
        "float32": 2 * 384,
    }
    assert found.flops == report.flops == sum(found.ops.values())
    moved = [done.traffic for done in work(report)]
    assert moved[0] == (192 * 32, 256 * 8, 16 * 8)
    assert moved[1] == (256 * 8, 256 * 8, 0)
    assert moved[2] == (256 * 8, 128 * 4, 8 * 4)
    assert moved[4] == (128 * 4, 3 * 32, 384 * 32)
    assert "- in 4 bits" in side_by_side([found]) and "ops on int4" in side_by_side([found])
    assert bits_of("int6") == 6


def test_bits_equal_to_the_dtypes_are_the_dtype() -> None:
    assert number_types(net({"conv": {"filters": 2, "kernel": 1, "bits": 16}}, dtype="bfloat16"))[0] == "bfloat16"


# Metrics


def test_the_list_of_mit_6_5940() -> None:
    """Lecture 2: AlexNet has 61 M parameters, 244 MB in 32 bits and 61 MB in 8, 724 M MACs and 1.4 G FLOPs."""
    full, small = metrics(ac.analyze("alexnet")), metrics(ac.analyze("alexnet", dtype="int8"))
    assert round(Fraction(full.parameters, 10**6)) == 61
    assert round(Fraction(full.model_bytes, 10**6)) == 244
    assert round(Fraction(small.model_bytes, 10**6)) == 61
    assert full.macs // 10**6 == 724
    assert 14 <= full.flops // 10**8 <= 15
    assert small.ops == {"int8": full.flops}


def test_alexnets_traffic_by_hand() -> None:
    inputs = {
        "conv1": 3 * 227**2, "relu1": 96 * 55**2, "lrn1": 96 * 55**2, "pool1": 96 * 55**2, "conv2": 96 * 27**2,
        "relu2": 256 * 27**2, "lrn2": 256 * 27**2, "pool2": 256 * 27**2, "conv3": 256 * 13**2, "relu3": 384 * 13**2,
        "conv4": 384 * 13**2, "relu4": 384 * 13**2, "conv5": 384 * 13**2, "relu5": 256 * 13**2, "pool5": 256 * 13**2,
        "fc6": 9216, "relu6": 4096, "fc7": 4096, "relu7": 4096, "fc8": 4096, "softmax": 1000,
    }  # fmt: skip
    outputs = [
        96 * 55**2, 96 * 55**2, 96 * 55**2, 96 * 27**2, 256 * 27**2, 256 * 27**2, 256 * 27**2, 256 * 13**2, 384 * 13**2,
        384 * 13**2, 384 * 13**2, 384 * 13**2, 256 * 13**2, 256 * 13**2, 256 * 6**2, 4096, 4096, 4096, 4096, 1000, 1000,
    ]  # fmt: skip
    assert metrics(ac.analyze("alexnet")).batch_traffic_bytes == 4 * (sum(inputs.values()) + sum(outputs) + 60_965_224)


@pytest.mark.parametrize("name", ["mlp", "lenet5", "resnet50", "googlenet", "swin_t"])
def test_metrics_are_the_quantities_of_the_same_name(name: str) -> None:
    report = ac.analyze(name)
    found = metrics(report)
    for metric in METRICS:
        if metric.name in NAMES:
            assert metric.of(found) == report[metric.name], metric.name
    assert found.model_bytes == report.parameter_bytes
    assert found.intensity == Fraction(8 * report.flops, found.traffic_bits)


def test_a_batch_reads_the_weights_once() -> None:
    one, eight = metrics(ac.analyze("vgg16")), metrics(ac.analyze("vgg16", batch=8))
    weights = 32 * one.parameters
    assert eight.traffic_bits == 8 * (one.traffic_bits - weights) + weights
    assert eight.batch_peak_bytes == 8 * one.batch_peak_bytes
    assert eight.flops == one.flops


def test_the_peak_is_that_of_the_schedule() -> None:
    """VGG-16: two maps of 64x224x224, in 4 bytes each."""
    assert metrics(ac.analyze("vgg16")).batch_peak_bytes == 2 * 64 * 224**2 * 4


SYMBOLIC = [
    pytest.param("vgg16", (224, 224), id="vgg16"),
    pytest.param("resnet50", (97, 130), id="resnet50"),
    pytest.param("googlenet", (224, 187), id="googlenet"),
    pytest.param("densenet121", (65, 64), id="densenet121", marks=pytest.mark.exhaustive),
    pytest.param("mobilenet_v2", (33, 57), id="mobilenet_v2", marks=pytest.mark.exhaustive),
    pytest.param("inception_v3", (139, 299), id="inception_v3", marks=pytest.mark.exhaustive),
]


@pytest.mark.parametrize(("name", "size"), SYMBOLIC)
@pytest.mark.parametrize("fused", [False, True])
def test_formulas_equal_numbers(name: str, size: tuple[int, int], fused: bool) -> None:
    symbols = [ac.symbol("H"), ac.symbol("W")]
    formula = ac.analyze(name, input=(3, *symbols), batch=ac.symbol("N"))
    number = ac.analyze(name, input=(3, *size), batch=5)
    values = {"H": size[0], "W": size[1], "N": 5}
    left, right = metrics(formula, fused=fused), metrics(number, fused=fused)
    for metric in METRICS:
        if metric.name != "batch_peak_bytes":
            assert dims.substitute(metric.of(left), values) == metric.of(right), metric.name
    if not fused:
        for attribute in ("macs", "flops", "inside_macs", "inside_flops"):
            mean = dims.substitute(getattr(meanings(formula), attribute), values)
            assert mean == getattr(meanings(number), attribute), attribute


def test_formulas_of_a_repeat_equal_numbers() -> None:
    depths = [ac.symbol(f"depths_{number}") for number in range(4)]
    formula = ac.analyze("densenet121", let={"depths": depths})
    number = ac.analyze("densenet121", let={"depths": [6, 3, 4, 2]})
    values = {"depths_0": 6, "depths_1": 3, "depths_2": 4, "depths_3": 2}
    left, right = metrics(formula), metrics(number)
    for attribute in ("flops", "traffic_bits", "model_bytes", "intensity", "depth"):
        assert dims.substitute(getattr(left, attribute), values) == getattr(right, attribute), attribute
    assert dims.substitute(meanings(formula).inside_macs, values) == meanings(number).inside_macs
    assert meanings(formula).folded is None
    with pytest.raises(ac.ArchcalcError, match="is repeated depths_0 times; folding needs a number of layers"):
        work(formula, fused=True)
    mixed = [{"repeat": "n", "do": [{"conv": {"filters": 3, "kernel": 1, "bits": 8}}, "relu"]}]
    spec = {"input": [3, 8, 8], "let": {"n": 2}, "layers": mixed}
    with pytest.raises(ac.ArchcalcError, match="a mixture of types of numbers needs a number of layers"):
        work(ac.analyze(spec, let={"n": ac.symbol("n")}))


# Published intensities: NVIDIA, GPU Performance Background User's Guide, Table 1, in float16


@pytest.mark.parametrize(
    ("layers", "size", "batch", "published"),
    [
        ({"linear": {"units": 4096, "bias": False}}, (1024,), 512, 315),
        ({"linear": {"units": 4096, "bias": False}}, (1024,), 1, 1),
        ("relu", (64, 56, 56), 1, Fraction(1, 4)),
    ],
)
def test_intensities_of_nvidias_guide(layers: Any, size: Any, batch: int, published: Any) -> None:
    found = metrics(net(layers, size=size, batch=batch, dtype="float16")).intensity
    assert abs(found - published) < Fraction(1, 100) * published


def test_intensities_of_nvidias_guide_by_another_count() -> None:
    # the guide counts 9 operations for a maximum of 9, here it takes 8 comparisons: 2.25 there
    pool = metrics(net({"maxpool": {"kernel": 3, "stride": 1, "pad": 1}}, dtype="float16")).intensity
    assert pool == 2 and pool * Fraction(9, 8) == Fraction(9, 4)
    norm = metrics(net("layernorm", size=(1024,), batch=512, dtype="float16")).intensity
    assert norm < 10  # "less than 10"


def test_ridge_of_nvidias_guide() -> None:
    """Matrix Multiplication Background User's Guide, sec. 2.2: V100's ratio of operations to bytes is 138.9."""
    assert round(device("v100").ridge("float16"), 1) == Fraction(1389, 10)


@pytest.mark.parametrize(("n", "published"), [(8192, 2730), (128, 124)])
def test_intensities_of_nvidias_matrices(n: int, published: int) -> None:
    """The same section, in float16: 8192 x n x 8192 has 124.1 FLOPS/B for n = 128 and 2730 for n = 8192."""
    found = metrics(net({"linear": {"units": n, "bias": False}}, size=(8192,), batch=8192, dtype="float16")).intensity
    assert int(found) == published


# Rooflines by hand


DEVICE = """\
title: A device of round numbers
peak:
  float32: {value: 1 GFLOP/s, source: made up}
  int8: {value: 4 GOP/s, source: made up}
bandwidth: {value: 100 MB/s, source: made up}
capacity: {value: 4 KB, source: made up}
"""


@pytest.fixture
def round_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A device file in the working directory."""
    (tmp_path / "round.yaml").write_text(DEVICE)
    monkeypatch.chdir(tmp_path)
    return "round.yaml"


def test_a_roofline_by_hand(round_numbers: str) -> None:
    """10 operations a byte is the ridge; a 3x3 convolution lies above it, ReLU and a linear layer of one image below."""
    report = net({"conv": {"filters": 8, "kernel": 3, "pad": 1, "bias": False}}, "relu", "flatten", {"linear": 2})
    found = roofline(report, round_numbers)
    assert found.device.ridge("float32") == 10
    conv, relu, flatten, linear = found.bounds
    # 2*27*8*64 = 27,648 operations at 10^9; 4*(192 + 512 + 216) = 3,680 bytes at 10^8
    assert (conv.flops, conv.bytes) == (27_648, 3_680)
    assert (conv.compute, conv.memory) == (Fraction(27_648, 10**9), Fraction(3_680, 10**8))
    assert (conv.bound, conv.latency) == ("bandwidth", Fraction(3_680, 10**8))  # 7.5 operations a byte
    assert (relu.flops, relu.bytes, relu.bound, relu.latency) == (512, 4_096, "bandwidth", Fraction(4_096, 10**8))
    assert (flatten.bound, flatten.latency, flatten.intensity) == ("", 0, None)
    assert (linear.flops, linear.bytes) == (2 * 1024 + 2, 4 * (512 + 2 + 1026))
    assert found.latency == conv.latency + relu.latency + linear.latency
    assert found.share_compute == 0

    sixteen = roofline(ac.analyze({"input": [3, 8, 8], "layers": report_layers()}, batch=16), round_numbers)
    conv = sixteen.bounds[0]
    # 16*27,648 = 442,368 operations; 4*(16*704 + 216) = 45,920 bytes: 9.63 a byte, still below the ridge
    assert (conv.flops, conv.bytes, conv.bound) == (442_368, 45_920, "bandwidth")

    fused = roofline(report, round_numbers, fused=True)
    conv, relu = fused.bounds[:2]
    assert (conv.flops, conv.bytes, relu.bound, relu.leader, relu.latency) == (28_160, 3_680, "fused", "conv", 0)
    assert fused.latency == found.latency - Fraction(4_096, 10**8)


def report_layers() -> list[Any]:
    return [{"conv": {"filters": 8, "kernel": 3, "pad": 1, "bias": False}}, "relu", "flatten", {"linear": 2}]


def test_at_the_ridge_both_bounds_meet(round_numbers: str) -> None:
    """A linear layer with n inputs and m outputs of a batch of N does 2*N*n*m operations on 4*(N*n + N*m + n*m) bytes."""
    linear = {"linear": {"units": 60, "bias": False}}
    # N = n = m = 60: 432,000 operations, 43,200 bytes: exactly 10
    bound = roofline(net(linear, size=(60,), batch=60), round_numbers).bounds[0]
    assert bound.compute == bound.memory == Fraction(432_000, 10**9)
    assert bound.bound == "compute"
    assert roofline(net(linear, size=(60,), batch=61), round_numbers).bounds[0].bound == "compute"
    assert roofline(net(linear, size=(60,), batch=59), round_numbers).bounds[0].bound == "bandwidth"


def test_each_type_of_number_has_its_peak(round_numbers: str) -> None:
    layers = [{"linear": {"units": 40, "bits": 8, "bias": False}}, {"linear": {"units": 2, "bias": False}}]
    first, second = roofline(net(*layers, size=(30,)), round_numbers).bounds
    assert first.compute == Fraction(2 * 30 * 40, 4 * 10**9)
    assert first.memory == Fraction(30 * 4 + 40 + 30 * 40, 10**8)
    assert second.compute == Fraction(2 * 40 * 2, 10**9)


def test_a_roofline_says_whether_the_network_fits(round_numbers: str) -> None:
    # the convolution's 864 bytes of weights and the linear layer's 4,104 are too many for 4 kB
    told = roofs(roofline(net(*report_layers()), round_numbers))
    assert (
        "note: does not fit on the device: stored numbers and tensors at the peak take 7,784 bytes, it has 4,000"
        in told
    )
    assert "does not fit" not in roofs(roofline(ac.analyze("mlp"), round_numbers))
    microcontroller = roofs(roofline(ac.analyze("mobilenet_v2", dtype="int8"), "stm32f746"))
    assert "does not fit on the device: stored numbers take 3,538,984 bytes, it has 1,048,576" in microcontroller


def test_folded_rows_are_sums(round_numbers: str) -> None:
    report = ac.analyze("resnet18")
    found = roofline(report, "v100", fused=True)
    data = json.loads(roofs(found, "json"))
    assert len(data["layers"]) == len(report.trunk)
    lines = roofs(found, depth=1).splitlines()
    row = next(line for line in lines if line.startswith("conv2_x"))
    inside = [bound for bound in found.bounds if bound.path.startswith("conv2_x.")]
    assert f"{sum(bound.flops for bound in inside):,}" in row and "fused" in row
    assert Fraction(data["totals"]["latency_seconds"]) == sum(
        Fraction(one["latency_seconds"]) for one in data["layers"]
    )


def test_side_outputs_are_left_out() -> None:
    with_heads, without = ac.analyze("googlenet_aux"), ac.analyze("googlenet")
    left, right = roofline(with_heads, "a100"), roofline(without, "a100")
    assert left.latency == right.latency and len(left.bounds) == len(right.bounds)
    assert "head aux1: not run at inference" in roofs(left)
    head = next(layer.path for layer in with_heads.layers if layer.head)
    with pytest.raises(ac.UsageError, match="belongs to the side output"):
        left.layer(head)


# Energy


@pytest.mark.parametrize(
    ("number_type", "picojoules"),
    [("float32", "4.6"), ("float16", "1.5"), ("int32", "3.2"), ("int8", "0.3")],
)
def test_energy_of_a_mac(number_type: str, picojoules: str) -> None:
    """Horowitz 2014: 3.7 + 0.9, 1.1 + 0.4, 3.1 + 0.1; 8-bit products, 0.2, are added up in 32 bits, 0.1."""
    assert energy_table().of(Operations(macs=1), number_type) == Fraction(picojoules)


def test_energy_of_a_billion_connections() -> None:
    """Han et al. 2015, arXiv 1506.02626, sec. 1: a billion connections at 20 Hz take 12.8 W of DRAM, at 640 pJ each.

    The lower end of Horowitz's 1.3 to 2.6 nJ for 64 bits is 650 pJ for 32.
    """
    table = energy_table()
    assert 32 * table.level("dram") == 650
    report = net({"linear": {"units": 31_250, "bias": False}}, size=(32_000,))
    (done,) = work(report)
    spent = energy([done], 1, table)
    weights = spent.memory - Fraction((32_000 + 31_250) * 650, 10**6)  # microjoules, without inputs and outputs
    assert 20 * weights / 10**6 == 13  # watts


def test_energy_by_hand() -> None:
    report = net("flatten", {"linear": 4}, "relu", {"softmax": {}})
    spent = energy(work(report), 10, energy_table())
    linear = 768 * Fraction("4.6") + 4 * Fraction("0.9")
    others = 4 * Fraction("0.9") + (3 + 4 + 3) * Fraction("0.9")  # comparisons and additions of ReLU and softmax
    assert spent.compute == 10 * (linear + others) / 10**6
    numbers = 10 * (192 + 4 + 8 + 8) + 772
    assert spent.memory == Fraction(numbers * 32 * 1300, 64 * 10**6)
    assert spent.left_out == 10 * (4 + 4)
    assert energy(work(report), 10, energy_table(), "sram-8KB").memory == Fraction(numbers * 32 * 10, 64 * 10**6)


def test_a_type_without_energy_leaves_it_out() -> None:
    report = ac.analyze("lenet5", dtype="bfloat16")
    told = side_by_side([metrics(report)])
    assert "note: lenet5: no energy: the table horowitz2014 has no energy for a multiplication of bfloat16" in told
    found = roofline(report, "a100")
    assert found.bounds[0].energy is None
    assert "uJ" not in roofs(found).splitlines()[5]
    assert "note: no energy: the table horowitz2014 has no energy" in roofs(found)
    assert "missing" in json.loads(roofs(found, "json"))


# Device files


@pytest.mark.parametrize("name", device_names())
def test_every_figure_of_a_device_has_a_source(name: str) -> None:
    found = device(name)
    figures = [*found.peaks.values(), found.bandwidth, found.capacity, found.storage]
    for figure in figures:
        if figure is not None:
            assert type(figure.value) is int and figure.value > 0
            assert len(figure.source) > 10
    assert found.capacity is not None
    assert roofline(ac.analyze("lenet5", dtype=next(iter(found.peaks))), name).latency > 0


@pytest.mark.parametrize(
    ("name", "number_type", "rate", "bandwidth", "capacity"),
    [
        ("gtx580", "float32", 512 * 2 * 1_544_000_000, 384 // 8 * 4_008_000_000, 3 * 2**30),
        ("v100", "float16", 125 * 10**12, 900 * 10**9, 32 * 10**9),
        ("a100", "int8", 624 * 10**12, 2_039 * 10**9, 80 * 10**9),
        ("h100", "float16", 1_979 * 10**12 // 2, 3_350 * 10**9, 80 * 10**9),
        ("h200", "float8", 3_958 * 10**12 // 2, 4_800 * 10**9, 141 * 10**9),
        ("raspberrypi5", "float32", 4 * 2_400_000_000 * 2 * 4 * 2, 17 * 10**9, 8 * 2**30),
        ("snapdragon855", "float32", (2_840 + 3 * 2_420) * 10**6 * 2 * 4 * 2, 4 * 2 * 4_266 * 10**6, 16 * 2**30),
        ("stm32f746", "int16", 216_000_000 * 2 * 2, 216_000_000 * 8, 320 * 2**10),
    ],
)
def test_figures_of_devices(name: str, number_type: str, rate: int, bandwidth: int, capacity: int) -> None:
    found = device(name)
    assert (found.peak(number_type).value, found.bandwidth.value) == (rate, bandwidth)
    assert found.capacity is not None and found.capacity.value == capacity


def test_devices_and_energies_are_no_networks() -> None:
    assert not {*device_names(), "horowitz2014"} & {*zoo.names(), *zoo.files()}


FIGURE = "{value: 1 GFLOP/s, source: s}"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("title: x\npeak: {float32: " + FIGURE + "}\n", "1:1", "missing figure 'bandwidth'"),
        ("title: x\nbandwidth: {value: 1 GB/s, source: s}\n", "1:1", "missing figure 'peak'"),
        (DEVICE.replace("value: 100 MB/s, ", ""), "5:1", "missing 'value'"),
        (DEVICE.replace("100 MB/s, source: made up", "100 MB/s"), "5:1", "missing 'source'; every figure names its source"),
        (DEVICE.replace("100 MB/s, source: made up", "100 MB/s, source: ''"), "5:38", "source is a text; say where the figure is printed"),
        (DEVICE.replace("100 MB/s", "100 MB"), "5:20", "'100 MB' is not bytes per second such as 900 GB/s; did you mean 'MB/s'?"),
        (DEVICE.replace("100 MB/s", "100 Mb/s"), "5:20", "'100 Mb/s' is not bytes per second such as 900 GB/s; Mb/s are bits; write MB/s"),
        (DEVICE.replace("100 MB/s", "100"), "5:20", "'100' is not bytes per second such as 900 GB/s"),
        (DEVICE.replace("4 KB", "4 KB/s"), "6:19", "'4 KB/s' is not a number of bytes such as 80 GB; did you mean 'KB'?"),
        (DEVICE.replace("1 GFLOP/s", "1 GFLOPS"), "3:20", "'1 GFLOPS' is not floating-point operations per second such as 19.5 TFLOP/s; write GFLOP/s"),
        (DEVICE.replace("1 GFLOP/s", "1 GOP/s"), "3:20", "operations on floating-point numbers are written GFLOP/s"),
        (DEVICE.replace("4 GOP/s", "4 GFLOP/s"), "4:17", "operations on integers are written GOP/s"),
        (DEVICE.replace("4 GOP/s", "4 TOPS"), "4:17", "'4 TOPS' is not operations per second such as 624 TOP/s; write TOP/s"),
        (DEVICE.replace("1 GFLOP/s", "0 GFLOP/s"), "3:20", "'0 GFLOP/s' is not above 0"),
        (DEVICE.replace("100 MB/s", "0.3 B/s"), "5:20", "'0.3 B/s' is not a whole number of bytes per second"),
        (DEVICE.replace("int8:", "int9:"), "4:3", "unknown type of number 'int9'; did you mean 'int8'?"),
        (DEVICE.replace("bandwidth:", "bandwith:"), "5:1", "unknown field 'bandwith'; did you mean 'bandwidth'?"),
        (DEVICE.replace("value: 4 KB", "valu: 4 KB"), "6:12", "unknown field 'valu'; did you mean 'value'?"),
        (DEVICE.replace("{value: 4 KB, source: made up}", "4 KB"), "6:11", "'capacity' is a figure with a value and a source; write {value: 80 GB, source: ...}"),
        (DEVICE.replace("title: A device of round numbers", "title: [a]"), "1:8", "title is a text"),
        ("title: x\npeak: 3\nbandwidth: {value: 1 GB/s, source: s}\n", "2:7", "'peak' has a figure for each type of number, such as float32"),
        ("- a\n", "1:1", "a file of a device is a mapping with title, peak, bandwidth, capacity, storage"),
        ("title: [\n", "2:1", "not valid YAML"),
    ],
)  # fmt: skip
def test_wrong_device_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, place: str, message: str
) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["roofline", "lenet5", "--device", "mine.yaml"])
    assert result.exit_code == 1 and result.stdout == ""
    told = [line for line in result.stderr.splitlines() if line.startswith("mine.yaml:")]
    assert any(line.startswith(f"mine.yaml:{place}: ") and message in line for line in told), result.stderr


def test_all_problems_of_a_device_file_are_told_together(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(DEVICE.replace("100 MB/s", "100 MB").replace("4 KB", "4"))
    with pytest.raises(ac.SpecError) as caught:
        device(path)
    assert [problem.line for problem in caught.value.problems] == [5, 6]


ENERGIES = """\
title: mine
source: made up
multiply: {float32: {value: 4 pJ, source: made up}}
add: {float32: {value: 1 pJ, source: made up}}
word: 8
memory: {dram: {value: 1 nJ, source: made up}}
"""


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (ENERGIES.replace("4 pJ", "4 J"), "3:29", "'4 J' is not an energy such as 3.7 pJ"),
        (ENERGIES.replace("word: 8", "word: none"), "5:7", "word is a number of bits, such as 64"),
        (ENERGIES.replace("memory:", "memori:"), "6:1", "unknown field 'memori'; did you mean 'memory'?"),
        (ENERGIES.replace("{float32: {value: 1 pJ", "{float23: {value: 1 pJ"), "4:7", "unknown type of number 'float23'"),
        (ENERGIES + "accumulate: {int8: int23}\n", "7:14", "unknown type of number 'int23'"),
        (ENERGIES + "accumulate: 3\n", "7:13", "'accumulate' is a mapping of types of numbers"),
        (ENERGIES.replace("source: made up\nmult", "mult"), "1:1", "missing 'source'"),
        (ENERGIES.replace("add: {float32: {value: 1 pJ, source: made up}}", "add: 1 pJ"), "4:6", "'add' has a figure for each of its entries"),
    ],
)  # fmt: skip
def test_wrong_tables_of_energies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, place: str, message: str
) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["metrics", "lenet5", "--energy", "mine.yaml"])
    assert result.exit_code == 1 and f"mine.yaml:{place}: {message}" in result.stderr, result.stderr


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(ENERGIES)
    found = metrics(net("flatten", {"linear": {"units": 2, "bias": False}}), table=str(path))
    assert found.energy.compute == Fraction(384 * 5, 10**6)
    assert found.energy.memory == Fraction(4 * (192 + 2 + 384) * 1000, 10**6)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ("roofline alexnet --device a10", 2, "there is no device 'a10', and no such file; nearest: a100"),
        ("roofline alexnet --device qqqq", 2, "there is no device 'qqqq', and no such file; known: a100, gtx580, "),
        ("roofline alexnet --device nothing.yaml", 2, "there is no file 'nothing.yaml'"),
        ("roofline alexnet", 2, "Missing option '--device'."),
        ("roofline alexnet --device gtx580 --dtype int8", 1, "gtx580.yaml:4:1: gtx580: no peak rate for int8; it has float32; choose one with --dtype, or add it with its source"),
        ("roofline lenet5 --device stm32f746", 1, "stm32f746: no peak rate for float32; it has int16, int8; "),
        ("roofline vgg16 --device a100 --symbols H,W", 2, "a roofline needs numbers: which of two times is the larger is open while H, W is a symbol"),
        ("roofline alexnet --device a100 --level l2", 2, "horowitz2014 has no level of memory 'l2'; known: dram, "),
        ("roofline alexnet --device a100 --energy horowitz", 2, "there is no table of energies 'horowitz', and no such file; nearest: horowitz2014"),
        ("roofline alexnet --device a100 --format pdf", 2, "unknown format 'pdf'; known: json, markdown, text"),
        ("roofline alexnet --device a100 --depth 0", 2, "Invalid value for '--depth'"),
        ("roofline alxnet --device a100", 2, "there is no network 'alxnet', and no such file; nearest: alexnet"),
        ("metrics", 2, "Missing argument 'NAME|FILE...'."),
        ("metrics alexnet vgg61", 2, "there is no network 'vgg61', and no such file; nearest: "),
        ("metrics alexnet --level dran", 2, "horowitz2014 has no level of memory 'dran'; did you mean 'dram'?"),
        ("metrics alexnet --format csv", 2, "unknown format 'csv'; known: json, markdown, text"),
        ("metrics densenet121 --symbols depths --fused", 2, "is repeated depths_0 times; folding needs a number of layers"),
    ],
)  # fmt: skip
def test_wrong_requests(arguments: str, status: int, message: str) -> None:
    result = CliRunner().invoke(main, arguments.split(), prog_name="archcalc")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in result.stderr, result.stderr


# The command line


def test_metrics_side_by_side() -> None:
    result = CliRunner().invoke(main, ["metrics", "alexnet", "lenet5", "--meanings", "--units", "si"])
    assert result.exit_code == 0
    lines = {line.split("  ")[0]: line.split() for line in result.stdout.splitlines()}
    assert lines["metric"][2:] == ["alexnet", "lenet5"]
    assert lines["parameters"][2:] == ["60.97", "M", "60.00", "k"]
    assert lines["batch norms folded"][-2:] == ["0", "0"]
    markdown = CliRunner().invoke(main, ["metrics", "mlp", "--format", "markdown"]).stdout
    assert markdown.startswith("| metric") and "\n- Counts are for one image" in markdown


def test_metrics_as_json() -> None:
    result = CliRunner().invoke(main, ["metrics", "resnet18", "densenet121", "--meanings", "--format", "json"])
    data = json.loads(result.stdout)
    first, second = data["metrics"]
    assert data["schema"] == 1 and first["network"] == "resnet18"
    assert {metric.name for metric in METRICS} <= first.keys()
    assert Fraction(first["intensity"]) == metrics(ac.analyze("resnet18")).intensity
    assert first["ops"] == {"float32": first["flops"]} and first["model"] == {"32": first["parameters"]}
    assert len(second["meanings"]["batch_norm_folded"]["kept"]) == 62
    assert first["meanings"]["batch_norm_folded"]["kept"] == {}


def test_formulas_stand_in_full_beneath_the_table() -> None:
    told = side_by_side([metrics(ac.analyze("googlenet", input=(3, ac.symbol("H"), ac.symbol("W"))))])
    assert "..." in told.split("\n\n")[0]
    assert "\nmacs of googlenet = " in told and "\ngooglenet assumes H >= " in told


def test_rooflines_in_every_format() -> None:
    found = roofline(ac.analyze("lenet5"), "raspberrypi5")
    text, markdown = roofs(found), roofs(found, "markdown")
    assert "on Raspberry Pi 5, four Cortex-A76 at 2.4 GHz: 17 GB/s" in text
    assert "float32: 153.6 GFLOP/s, bound by compute from 9.035 FLOPs/byte" in text
    assert markdown.startswith("**lenet5: LeNet-5**, input 1x32x32")
    data = json.loads(roofs(found, "json"))
    assert data["device"]["peak"] == {"float32": 153_600_000_000}
    assert "Raspberry Pi documentation" in data["device"]["sources"]["bandwidth"]
    assert {"path", "flops", "bytes", "bound", "latency_seconds", "memory_energy"} <= data["layers"][0].keys()
    with pytest.raises(ac.UsageError, match="unknown format 'pdf'"):
        roofs(found, "pdf")


def test_the_table_imports_no_analysis() -> None:
    script = (
        "import sys\nfrom archcalc.cli import main\n"
        "try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        "print(sorted({{'sympy', 'numpy', 'archcalc.efficiency'}} & set(sys.modules)), file=sys.stderr)"
    )
    for arguments, expected in (
        (["table", "vgg16"], "[]"),
        (["metrics", "vgg16", "--meanings"], "['archcalc.efficiency']"),
        (["roofline", "vgg16", "--device", "a100"], "['archcalc.efficiency']"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", script.format(arguments=arguments)], capture_output=True, text=True, check=True
        )
        assert done.stderr.strip().splitlines()[-1] == expected, arguments


def test_every_metric_key_and_device_is_documented() -> None:
    page = (Path(__file__).parent.parent / "docs" / "efficiency.md").read_text(encoding="utf-8")
    table = energy_table()
    words = [*(metric.name for metric in METRICS), *device_sections, *energy_sections, *table.memory, "ops", "model"]
    assert not [word for word in words if f"`{word}`" not in page]
    assert not [name for name in device_names() if name not in page]
    for number_type in table.multiply:
        assert f"{table.multiply[number_type].text}" in page and f"{table.add[number_type].text}" in page
