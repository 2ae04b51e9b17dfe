"""Names of layers, scopes, joins, repeats and groups, as the spec language promises them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import archcalc as ac
from archcalc.yamlsrc import parse

EXAMPLES = Path(__file__).parent / "specs" / "examples"


def analyze(text: str, **settings: Any) -> ac.Report:
    """The report of a spec given as text."""
    return ac.analyze(parse(text).data, **settings)


def paths(text: str) -> list[str]:
    """The paths of a spec's layers."""
    return [layer.path for layer in analyze(text).layers]


@pytest.mark.parametrize(
    ("network", "path"),
    [
        ("googlenet.yaml:googlenet", "inception3a.3x3.conv_relu2.conv"),
        ("googlenet.yaml:googlenet_aux", "aux1.linear2"),
        ("resnet.yaml:resnet50", "stage3.residual4.main.conv_bn2.conv"),
        ("resnet.yaml:resnet18", "stage1.residual1.main.conv_bn1.conv"),
        ("resnet.yaml:resnet50", "stage1.residual1.shortcut.batchnorm"),
        ("vit.yaml:vit_b_16", "encoder_block7.mlp.linear1"),
        ("inception_v3.yaml:inception_v3", "mixed_6b.7x7_double.conv_bn1.conv"),
        ("unet.yaml", "down4.conv2"),
        ("unet.yaml", "up4.transposed_conv"),
        ("lenet5.yaml", "C3"),
        ("vgg.yaml:vgg16", "stage5.conv_relu3.conv"),
    ],
)
def test_names_of_the_language_page(network: str, path: str) -> None:
    assert ac.analyze(f"{EXAMPLES}/{network}").layer(path).path == path


def test_siblings_are_numbered_and_single_ones_are_not() -> None:
    assert paths("input: [3, 8, 8]\nlayers: [relu, {conv: {filters: 2, kernel: 1}}, relu]") == [
        "relu1",
        "conv",
        "relu2",
    ]


def test_a_name_that_ends_in_a_digit_gets_an_underscore() -> None:
    text = "input: [8]\nlayers:\n  - repeat: 2\n    do: [{name: fc6, linear: 8}]"
    assert paths(text) == ["fc6_1", "fc6_2"]


def test_a_number_that_is_a_name_already_is_left_out() -> None:
    text = "input: [8]\nlayers: [{linear: 8}, {name: linear1, linear: 8}, {linear: 8}]"
    assert paths(text) == ["linear2", "linear1", "linear3"]


def test_a_named_join_is_a_level_and_a_layer() -> None:
    text = """
input: [3, 8, 8]
layers:
  - name: fuse
    add:
      left: [relu, {conv: {filters: 3, kernel: 1}}]
      right: identity
"""
    assert paths(text) == ["fuse.left.relu", "fuse.left.conv", "fuse"]


def test_a_level_with_one_unnamed_level_takes_its_contents() -> None:
    text = """
input: [8]
blocks:
  inner: {do: [{linear: 8}, relu]}
  outer: {do: [inner]}
layers: [outer, outer]
"""
    assert paths(text) == ["outer1.linear", "outer1.relu", "outer2.linear", "outer2.relu"]


def test_empty_levels_do_not_count() -> None:
    text = """
input: [3, 8, 8]
blocks:
  up: {do: [relu]}
layers:
  - up
  - add: {skip: sigmoid, up: identity}
  - up
"""
    assert paths(text) == ["up1.relu", "skip.sigmoid", "add", "up2.relu"]


def test_in_channels_is_that_of_the_block() -> None:
    text = """
input: [8, 4, 4]
blocks:
  wide:
    do:
      - conv: {filters: 2 * in_channels, kernel: 1}
      - conv: {filters: 2 * in_channels, kernel: 1}
layers: [wide, wide]
"""
    assert [layer.output.channels for layer in analyze(text).layers] == [16, 16, 32, 32]


def test_let_variant_and_setting_take_precedence_in_this_order() -> None:
    data = parse(
        "input: [4]\nlet: {width: 2, double: 2 * width}\nvariants: {a: {}, b: {width: 3}}\nlayers: [{linear: double}]"
    )
    from archcalc.network import Network
    from archcalc.specreader import read_spec
    from archcalc.zoo import find

    spec = read_spec(data, find)
    outputs = [
        ac.analyze(Network(variant, spec, variant), let=let).layers[0].output.channels
        for variant, let in (("a", {}), ("b", {}), ("b", {"width": 5}), ("b", {"double": 7}))
    ]
    assert outputs == [4, 6, 10, 7]


def test_from_goes_back_and_a_loop_names_the_latest() -> None:
    text = """
input: [4, 8, 8]
layers:
  - for: {width: [8, 16]}
    name: stage
    do:
      - {name: here, conv: {filters: width, kernel: 1}}
      - concat: {now: relu, before: [{from: here}, sigmoid]}
"""
    report = analyze(text)
    assert [layer.output.channels for layer in report.layers] == [8, 8, 8, 16, 16, 16, 16, 32]
    assert [layer.node.inputs for layer in report.layers] == [(-1,), (0,), (0,), (1, 2), (3,), (4,), (4,), (5, 6)]


def test_a_repeat_with_from_outside_copies_the_right_edges() -> None:
    """The entry of the first round is also named; later rounds must not take it for their own entry."""
    text = """
input: [4, 8, 8]
layers:
  - {name: stem, conv: {filters: 4, kernel: 1}}
  - repeat: 4
    do:
      - relu
      - add: {here: identity, stem: {from: stem}}
"""
    inputs = [layer.node.inputs for layer in analyze(text).layers]
    assert inputs == [(-1,), (0,), (1, 0), (2,), (3, 0), (4,), (5, 0), (6,), (7, 0)]


def test_repeats_copy_nested_repeats_and_calls() -> None:
    once = "input: [4, 8, 8]\nblocks: {b: {do: [{repeat: 3, do: [relu, {conv: {filters: 4, kernel: 3, pad: 1}}]}]}}\nlayers:\n"
    folded = analyze(once + "  - repeat: 5\n    do: [b, sigmoid]")
    written = analyze(once + "  - for: {i: [1, 2, 3, 4, 5]}\n    do: [b, sigmoid]")
    assert [layer.path for layer in folded.layers] == [layer.path for layer in written.layers]
    assert [layer.node.inputs for layer in folded.layers] == [layer.node.inputs for layer in written.layers]
    assert folded.totals == written.totals
    assert folded.graph.repeats[-1][1:] == (7, 5)


def test_repeat_zero_and_an_empty_body_are_nothing() -> None:
    text = "input: [4]\nlayers: [{repeat: 0, do: relu}, {repeat: 1000000000, do: [{when: 1 == 2, do: relu}]}, sigmoid]"
    assert paths(text) == ["sigmoid"]


def test_calls_with_equal_arguments_are_told_apart_by_type() -> None:
    text = """
input: [4, 8, 8]
blocks:
  b: {takes: [flag], do: [{conv: {filters: 4, kernel: 1, bias: flag}}]}
layers: [{b: true}, {b: false}, {b: true}]
"""
    assert [layer.parameters for layer in analyze(text).layers] == [20, 16, 20]


def test_several_inputs() -> None:
    report = ac.analyze(EXAMPLES / "two_inputs.yaml", input={"image": (3, 32, 32)})
    assert [str(shape) for shape in report.inputs.values()] == ["3x32x32", "12"]
    assert report.input_elements == 3 * 32 * 32 + 12
    with pytest.raises(ac.UsageError, match="several inputs; give them by name"):
        ac.analyze(EXAMPLES / "two_inputs.yaml", input=(3, 32, 32))


def test_blocks_of_another_file_are_shared() -> None:
    report = ac.analyze(EXAMPLES / "densenet_cifar.yaml:densenet_cifar_bc_100_12")
    assert report.parameters == 769_162


def test_plain_data_and_settings_with_python_numbers() -> None:
    data = {
        "input": [3, 8, 8],
        "let": {"rate": 0.5},
        "layers": [{"dropout": "rate"}, {"conv": {"filters": 2, "kernel": 3}}],
    }
    assert ac.analyze(data, batch=4).batch_macs == 4 * 54 * 36


def test_reports_are_frozen() -> None:
    report = ac.analyze("mlp")
    with pytest.raises(AttributeError):
        report.name = "other"
    with pytest.raises(AttributeError, match="did you mean 'macs'"):
        _ = report.mac
    with pytest.raises(ac.UsageError, match="nearest: hidden"):
        report.layer("hiden")


def test_bits_of_a_layer() -> None:
    data = {"input": [8], "layers": [{"linear": {"units": 3, "bits": 4}}, {"linear": 2}]}
    report = ac.analyze(data, dtype="float16")
    assert [layer.parameter_bytes for layer in report.layers] == [-(-27 * 4 // 8), 8 * 2]
    assert report.activation_bytes == 2 + 4
