"""Receptive fields against published tables, gradients of real networks, substitution, and requests that are wrong."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import archcalc as ac
from archcalc import dims
from archcalc.claims import decide
from archcalc.cli import main
from archcalc.errors import ArchcalcError, UsageError
from archcalc.measuring import Measurer
from archcalc.network import variants
from archcalc.receptive import Field, Fields
from archcalc.report import Report
from archcalc.verify import finding

HERE = Path(__file__).parent
DATA = HERE / "data" / "receptive_field"
SLIM = HERE / "specs" / "slim"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


# TF-slim's networks: google-research/receptive_field, its README and table, and the article in Distill

SLIM_ROWS = rows_of(DATA / "slim.csv")
SLIM_SPECS = {
    "vgg_a": "vgg.yaml:vgg_a",
    "vgg_16": "vgg.yaml:vgg_16",
    "inception_v2-no-separable-conv": "inception_v2.yaml",
    "inception_resnet_v2-same": "inception_resnet_v2.yaml",
    "mobilenet_v1": "mobilenet_v1.yaml:mobilenet_v1",
    "mobilenet_v1_075": "mobilenet_v1.yaml:mobilenet_v1_075",
}
ATTRIBUTES = {"receptive_field": "size", "effective_stride": "jump", "effective_padding": "before"}
NETWORKS = sorted({row["network"] for row in SLIM_ROWS})
RESOLUTIONS = ("None", "224", "321")


@cache
def slim(network: str, resolution: str) -> Fields:
    """The fields of a network at a resolution; the table's None is any, a symbol."""
    spec = SLIM_SPECS.get(network) or (f"resnet.yaml:{network}" if "resnet" in network else f"{network}.yaml")
    size = (ac.symbol("H"), ac.symbol("W")) if resolution == "None" else (int(resolution),) * 2
    return Fields(ac.analyze(str(SLIM / spec), input=(3, *size)))


def end_point(fields: Fields, network: str, name: str) -> Field:
    """The field of one of slim's end points."""
    name = name.removeprefix(f"{network}/")
    if name in ("final", "final end point"):
        return fields.last
    if match := re.fullmatch(r"conv(\d)/conv\d_(\d)", name):
        level = f"conv{match[1]}."
        convs = [layer.path for layer in fields.report if layer.path.startswith(level) and layer.kind == "conv"]
        return fields[convs[int(match[2]) - 1]]
    if match := re.fullmatch(r"Conv2d_(\d+)_pointwise", name):
        return fields[f"Conv2d{match[1]}.pointwise"]
    return fields[name]


DEEP = ("inception_resnet_v2-same", "resnet_v2_152")
at_any_size = pytest.mark.parametrize(
    "network", [pytest.param(name, marks=pytest.mark.exhaustive) if name in DEEP else name for name in NETWORKS]
)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("resolution", RESOLUTIONS[1:])
def test_slim_networks_have_the_published_fields(network: str, resolution: str) -> None:
    """Every printed size, effective stride and effective padding: 1,086 figures, without an exception."""
    compare_slim(network, resolution)


@at_any_size
def test_slim_networks_have_the_published_fields_at_any_size(network: str) -> None:
    compare_slim(network, "None")


def compare_slim(network: str, resolution: str) -> None:
    compared = 0
    for row in SLIM_ROWS:
        if row["network"] != network or row["quantity"] == "flops" or (row["resolution"] or "224") != resolution:
            continue
        field = end_point(slim(network, resolution), network, row["end_point"])
        ours = {getattr(axis, ATTRIBUTES[row["quantity"]]) for axis in field.axes}
        assert ours == {int(row["value"])}, row
        compared += 1
    assert compared >= 8


def test_no_row_of_the_table_is_left_out() -> None:
    rows = [row for row in SLIM_ROWS if row["quantity"] != "flops"]
    assert len(rows) == 1086
    assert {row["quantity"] for row in rows} == set(ATTRIBUTES)
    assert {row["resolution"] or "224" for row in rows} == set(RESOLUTIONS)


@at_any_size
def test_padding_is_open_where_the_table_has_none(network: str) -> None:
    """Without a resolution the table prints no padding where `same` meets a stride; ours then depends on H."""
    fields = slim(network, "None")
    ends = {row["end_point"] for row in SLIM_ROWS if row["network"] == network and row["resolution"] == "None"}
    for name in ends:
        has_padding = any(
            row["end_point"] == name and row["quantity"] == "effective_padding" and row["resolution"] == "None"
            for row in SLIM_ROWS
            if row["network"] == network
        )
        rows, _ = end_point(fields, network, name).axes
        assert dims.is_symbolic(rows.before) == (not has_padding), name


def test_padding_at_any_size_is_the_numeric_one() -> None:
    fields = slim("mobilenet_v1", "None")
    for size in (224, 321, 97, 130):
        numeric = Fields(ac.analyze(str(SLIM / "mobilenet_v1.yaml:mobilenet_v1"), input=(3, size, size)))
        for symbolic, field in zip(fields, numeric, strict=True):
            before, after = symbolic.axes[0].before, symbolic.axes[0].after
            values = {"H": size}
            assert dims.substitute(before, values) == field.axes[0].before
            assert dims.substitute(after, values) == field.axes[0].after


SLIM_FLOPS = [row for row in SLIM_ROWS if row["quantity"] == "flops"]
PROFILED = ("alexnet_v2", "inception_v2-no-separable-conv", "mobilenet_v1_075", "resnet_v1_50")
OTHER_VERSION = {
    "P2619",
    "P2621",
}  # 6.97 and 14.40 in Distill, for what the README of the same code prints as 6.96, 14.39


@pytest.mark.parametrize(
    "network", [name if name in PROFILED else pytest.param(name, marks=pytest.mark.exhaustive) for name in NETWORKS]
)
def test_slim_specs_have_the_published_operations(network: str) -> None:
    """The specs are what was measured: tf.profiler counts 2 for a MAC, and biases, pooling and scaling of inputs.

    Batch norm counts 1 where it is not fused, which is where it has no scale: everywhere but in the ResNets.
    """
    for row in SLIM_FLOPS:
        if row["network"] != network:
            continue
        fields = slim(row["network"], row["resolution"] or "224")
        last = end_point(fields, row["network"], row["end_point"]).layer
        exact = Fraction(sum(_profiled(layer) for layer in _behind(fields.report, last)), 10**9)
        step = Fraction(1, 10 ** len(row["value"].partition(".")[2]))
        agrees = abs(exact - Fraction(row["value"])) <= step / 2
        assert agrees == (row["id"] not in OTHER_VERSION), row


def _behind(report: Report, last: ac.LayerReport) -> Iterator[ac.LayerReport]:
    """The layers that one is computed from, and itself."""
    needed = {last.node.number}
    for layer in reversed(report.layers):
        if layer.node.number in needed:
            needed.update(layer.node.inputs)
            yield layer


def _profiled(layer: ac.LayerReport) -> Any:
    is_fused = "ResNet v1" in layer.node.entry.source.data["title"]
    counted = {
        "conv": layer.additions,
        "scale": layer.output.elements,
        "batchnorm": (not is_fused) * layer.output.elements,
    }
    if layer.kind in ("maxpool", "avgpool"):
        window = layer.node.layer.window()
        assert window is not None
        return dims.prod(window.kernel) * layer.output.elements
    return 2 * layer.macs + counted.get(layer.kind, 0)


# Gradients of torchvision's networks


OURS = {"googlenet": "googlenet_bn", "alexnet": "alexnet_owt"}  # where the name is the paper's network


def ours(report: Report, module: str) -> str:
    """The path of one of torchvision's modules."""
    top = [level.path for level in report.graph.root.children]
    if report.name in ("vgg16", "alexnet_owt"):
        layers = [layer.path for layer in report]
        return layers[-1 if module == "features" else int(module.split(".")[1])] if "." in module else _last_map(report)
    if report.name.startswith("resnet"):
        match = re.fullmatch(r"layer(\d)(?:\.(\d+))?", module)
        if not match:
            return "relu" if module == "bn1" else module
        stage = f"conv{int(match[1]) + 1}_x"
        return f"{stage}.residual{int(match[2]) + 1}" if match[2] else stage
    if report.name == "densenet121":
        kind, number = re.fullmatch(r"(?:features\.)?([a-z]+)(\d?)", module).groups()  # type: ignore[union-attr]
        names = {"conv": "convolution", "pool": "pooling", "denseblock": f"dense_block{number}", "norm": "batchnorm2"}
        return names.get(kind, "batchnorm2" if kind == "features" else f"{kind}{number}")
    if report.name == "mobilenet_v2":
        ends = [top[0]]
        for level in report.graph.root.children[1:]:
            blocks = [child.path for child in level.children if child.stem == "inverted_residual"]
            ends += blocks or [level.path]
        return ends[int(module.split(".")[1])] if "." in module else "conv2d2"
    return module


def _last_map(report: Report) -> str:
    return Fields(report).last.path


MEASURED = sorted((DATA / "measured").glob("*.csv"))


@pytest.mark.parametrize("file", MEASURED, ids=lambda file: file.stem)
def test_fields_are_the_supports_of_gradients(file: Path) -> None:
    """Size, stride, start and centre of each of torchvision's modules, measured far from the border."""
    fields = Fields(ac.analyze(OURS.get(file.stem, file.stem)))
    for row in rows_of(file):
        path = ours(fields.report, row["module"])
        for axis, letter in zip(fields[path].axes, "hw", strict=True):
            told = f"{path}: {row}"
            assert axis.size == int(row[f"rf_{letter}"]), told
            assert axis.jump == int(row[f"stride_{letter}"]), told
            assert -axis.before == int(row[f"start_{letter}"]), told
            assert axis.centre == Fraction(row[f"center0_{letter}"]), told


def test_there_are_seven_measured_networks() -> None:
    assert len(MEASURED) == 7 and sum(len(rows_of(file)) for file in MEASURED) == 110


KINDS: dict[str, tuple[int, list[Any]]] = {
    "window": (8, ["channels_last", {"attention": {"heads": 2, "window": 7}}, "channels_first"]),
    "window_shifted": (8, ["channels_last", {"attention": {"heads": 2, "window": 7, "shift": 3}}, "channels_first"]),
    "grid": (8, ["channels_last", {"attention": {"heads": 2, "grid": 7}}, "channels_first"]),
    "transposed": (1, [{"transposed_conv": {
        "filters": 1, "kernel": [3, 2], "stride": [2, 3], "pad": [1, 0], "output_pad": [1, 2], "dilation": [2, 1]}}]),
    "transposed_gaps": (1, [{"transposed_conv": {"filters": 1, "kernel": 1, "stride": 2}}]),
    "adaptive": (1, [{"adaptive_avgpool": [3, 5]}]),
    "ceil": (1, [{"avgpool": {"kernel": 3, "stride": 2, "round": "ceil"}}]),
    "dilated": (1, [{"conv": {"filters": 1, "kernel": 3, "pad": 2, "dilation": [2, 3]}}]),
    "upsample": (1, [{"upsample": 2}]),
    "pixel_shuffle": (4, [{"pixel_shuffle": 2}]),
}  # fmt: skip
KINDS["window_filled_up"] = KINDS["window_of_all"] = KINDS["window_shifted"]
MODULES = {
    "features.1.0": "stage1.swin_block1", "features.1.1": "stage1.swin_block2", "features.3.0": "stage2.swin_block1",
    "features.3.1": "stage2.swin_block2", "features.5.1": "stage3.swin_block2", "stage2.0": "stage2.down_unit",
    "stage2.1": "stage2.unit1", "Mixed_5b": "mixed_5b", "Mixed_6a": "mixed_6a", "Mixed_6b": "mixed_6b",
    "Mixed_7b": "mixed_7b",
}  # fmt: skip
EXACT = rows_of(DATA / "exact.csv")


@cache
def fields_of(network: str, size: str) -> Fields:
    axes = tuple(map(int, size.split("x")))
    if network in KINDS:
        channels, layers = KINDS[network]
        return Fields(ac.analyze({"input": [channels, *axes], "layers": layers}))
    return Fields(ac.analyze(OURS.get(network, network), input=(3, *axes)))


def exact_path(fields: Fields, module: str) -> str:
    if not module:
        return fields.report.layers[-1].path
    if fields.report.name == "mobilenet_v3_small":
        return {"features.0": "conv2d1", "features.1": "bneck1"}[module]
    return MODULES.get(module) or ours(fields.report, module)


@pytest.mark.parametrize("network", sorted({row["network"] for row in EXACT}))
def test_units_see_the_pixels_that_their_gradients_show(network: str) -> None:
    """The exact rows and columns of single units, with the borders of the real networks: measure_fields.py."""
    for row in EXACT:
        if row["network"] != network:
            continue
        fields = fields_of(network, row["input"])
        seen = fields.seen(exact_path(fields, row["module"]), (int(row["y"]), int(row["x"])))
        assert seen.layer.output.spatial == (int(row["height"]), int(row["width"])), row["module"]
        assert seen.after == tuple(tuple(map(int, row[name].split())) for name in ("rows", "columns")), row
        assert seen.pixels == int(row["pixels"]), row


# Symbols


FIGURES = ("size", "jump", "before", "after", "centre", "smallest", "largest")


def substituted(fields: Fields, values: dict[str, int]) -> list[list[Any]]:
    return [
        [None if (figure := getattr(axis, name)) is None else dims.substitute(figure, values) for name in FIGURES]
        for field in fields
        for axis in field.axes
    ]


SYMBOLIC = ["vgg16", "googlenet", "resnet50"]
MORE_SYMBOLIC = ["densenet121", "mobilenet_v3_small", "vit_b_16", "inception_v3", "squeezenet", "resnext50_32x4d"]


@pytest.mark.parametrize(
    "network", [*SYMBOLIC, *(pytest.param(name, marks=pytest.mark.exhaustive) for name in MORE_SYMBOLIC)]
)
def test_formulas_are_the_numbers_after_substitution(network: str) -> None:
    """Every figure of every layer, with H and W open, at sizes of every remainder that matters."""
    symbolic = Fields(ac.analyze(network, input=(3, ac.symbol("H"), ac.symbol("W")), batch=ac.symbol("N")))
    assert any(dims.is_symbolic(axis.size) for field in symbolic for axis in field.axes)
    for height, width in ((224, 224), (225, 240), (97, 331)):
        if network == "vit_b_16":
            height, width = height // 16 * 16, width // 16 * 16
        numeric = Fields(ac.analyze(network, input=(3, height, width)))
        assert substituted(symbolic, {"H": height, "W": width}) == substituted(numeric, {})


def test_fields_of_windows_do_not_depend_on_the_input() -> None:
    for network, size in (("vgg16", 212), ("googlenet", 715), ("resnet50", 427)):
        last = Fields(ac.analyze(network, input=(3, ac.symbol("H"), ac.symbol("W")))).last
        assert (last.size, {axis.jump for axis in last.axes}) == (size, {32})


def test_promises_let_floors_vanish() -> None:
    H = ac.symbol("H", multiple_of=32)
    rows, _ = Fields(ac.analyze("vgg16", input=(3, H, 224)))["linear1"].axes
    assert (str(rows.size), rows.before, rows.after, str(rows.centre)) == ("H + 180", 90, 90, "H/2 - 1/2")


def test_kernels_strides_and_rounds_may_be_symbols() -> None:
    k, s, n = (ac.symbol(name) for name in "ksn")
    spec = {
        "input": [1, 64, 64],
        "let": {"k": 3, "s": 2, "n": 4},
        "layers": [
            {"conv": {"filters": 1, "kernel": "k", "stride": "s", "pad": 1}},
            {"repeat": "n", "do": [{"conv": {"filters": 1, "kernel": 3, "pad": 1}}, "relu"]},
        ],
    }
    rows, _ = Fields(ac.analyze(spec, let={"k": k, "s": s, "n": n}, input=(1, ac.symbol("H"), 64)))["relu"].axes
    assert (str(rows.size), str(rows.jump), str(rows.before)) == ("k + 2*n*s", "s", "n*s + 1")
    for values in ({"k": 3, "s": 2, "n": 4}, {"k": 5, "s": 1, "n": 1}, {"k": 2, "s": 3, "n": 2}):
        report = ac.analyze(spec, let=values)
        last = Fields(report).layers[-1].axes[0]
        assert [dims.substitute(getattr(rows, name), values) for name in ("size", "jump", "before", "centre")] == [
            last.size, last.jump, last.before, last.centre,
        ]  # fmt: skip


@pytest.mark.parametrize("network", ["resnet_cifar20", "densenet_cifar_40_12"])
def test_repeats_by_a_symbol_are_the_rounds_one_after_the_other(network: str) -> None:
    name = "n" if network == "resnet_cifar20" else "depth"
    settings = ac.load(network).spec.settings(ac.load(network).variant, {}, [])
    if name not in settings:
        name = next(key for key in settings if type(settings[key]) is int and settings[key] > 2)
    symbolic = Fields(ac.analyze(network, let={name: ac.symbol(name)}))
    levels = [level.path for level in symbolic.report.graph.root.children]
    for value in (settings[name], settings[name] + 6):
        numeric = Fields(ac.analyze(network, let={name: value}))
        for level in levels:
            ours, theirs = symbolic[level], numeric[level]
            for a, b in zip(ours.axes, theirs.axes, strict=True):
                assert [
                    None if getattr(a, f) is None else dims.substitute(getattr(a, f), {name: value}) for f in FIGURES
                ] == [getattr(b, f) for f in FIGURES], level


def test_repeats_whose_growth_is_open_are_refused() -> None:
    two_jumps = {"add": {"a": [{"maxpool": 2}, {"upsample": 2}], "b": "identity"}}
    spec = {"input": [1, 16, 16], "let": {"n": 3}, "layers": {"repeat": "n", "do": [two_jumps]}}
    with pytest.raises(ArchcalcError, match=r"how the fields grow in n rounds is open; give the repeat a number"):
        list(Fields(ac.analyze(spec, let={"n": ac.symbol("n")})))
    assert len(Fields(ac.analyze(spec)).layers) == 9


# Single facts, by hand


def field_of(layers: Any, input: tuple[int, ...] = (1, 16, 16)) -> Fields:
    return Fields(ac.analyze({"input": list(input), "layers": layers}))


def test_fractional_jumps_are_exact() -> None:
    fields = field_of([{"upsample": 3}, {"conv": {"filters": 1, "kernel": 2}}])
    rows = fields["conv"].axes[0]
    assert (rows.jump, rows.size, rows.before) == (Fraction(1, 3), 2, 0)
    assert [fields.seen("conv", (unit, 0)).before[0] for unit in range(4)] == [(0, 0), (0, 0), (0, 1), (1, 1)]  # type: ignore[index]


def test_units_behind_gaps_see_nothing() -> None:
    fields = field_of([{"transposed_conv": {"filters": 1, "kernel": 1, "stride": 2}}])
    assert fields.seen("transposed_conv", (0, 0)).pixels == 1
    nothing = fields.seen("transposed_conv", (0, 1))
    assert (nothing.before, nothing.pixels, nothing.after) == (None, 0, ((), ()))


def test_rows_that_are_dropped_are_not_seen() -> None:
    """AlexNet at 224: conv1 drops a row of the input, pool1 a row of conv1's, which is 4 rows of the input more."""
    fields = Fields(ac.analyze("alexnet", input=(3, 224, 224)))
    seen = fields.seen("fc6", (0,))
    assert seen.before == ((-64, 258), (-64, 258)) and seen.after[0] == tuple(range(224 - 1 - 4))
    assert fields["fc6"].whole is False
    assert Fields(ac.analyze("alexnet"))["fc6"].whole is True


def test_crosses_are_counted_exactly() -> None:
    wide, tall = (
        {"conv": {"filters": 1, "kernel": kernel, "pad": pad}} for kernel, pad in (([1, 5], [0, 2]), ([5, 1], [2, 0]))
    )
    fields = field_of({"add": {"wide": [wide], "tall": [tall]}})
    seen = fields.seen("add", (8, 8))
    assert seen.pixels == 9 and len(seen.after[0]) == len(seen.after[1]) == 5
    assert not fields["add"].misaligned and fields["add"].axes[0].smallest == 1


def test_products_of_matrices_read_rows_and_columns() -> None:
    square = {"matmul": {"left": "identity", "right": "identity"}}
    maps = field_of([square], (2, 5, 5)).seen("matmul", (1, 3))
    assert maps.pixels == 9 and maps.before == ((0, 4), (0, 4))
    assert field_of([square], (2, 5, 5))["matmul"].whole is False
    assert field_of(["channels_last", square], (4, 3, 4)).seen("matmul", (1, 2)).after == ((1,), (0, 1, 2, 3))


def test_contrast_is_of_neighbours_that_are_less_the_mean_of_theirs() -> None:
    """Two windows of 9 one behind the other: 17."""
    fields = field_of([{"local_contrast_norm": 9}], (3, 40, 40))
    assert fields.last.size == 17 and fields.seen("local_contrast_norm", (20, 0)).after == (
        tuple(range(12, 29)), tuple(range(9)),
    )  # fmt: skip


def test_numbers_of_a_vector_are_normalised_in_their_group() -> None:
    fields = field_of([{"groupnorm": {"groups": 3}}], (12,))
    assert fields.seen("groupnorm", (5,)).after == ((4, 5, 6, 7),) and not fields["groupnorm"].whole


def test_dilation_leaves_holes() -> None:
    fields = field_of([{"conv": {"filters": 1, "kernel": 3, "dilation": 2, "pad": 2}}])
    seen = fields.seen("conv", (0, 5))
    assert (seen.before, seen.after) == (((-2, 2), (3, 7)), ((0, 2), (3, 5, 7)))


@pytest.mark.parametrize(
    ("branches", "by"),
    [
        ({"a": [{"conv": {"filters": 1, "kernel": 3, "pad": 1}}], "b": "identity"}, None),
        ({"a": [{"conv": {"filters": 1, "kernel": 2, "pad": [[0, 1], [0, 1]]}}], "b": "identity"}, "centres 1/2 pixel further back"),
        ({"a": [{"conv": {"filters": 1, "kernel": 3}}], "b": [{"crop": 14}]}, None),
        ({"a": [{"maxpool": 2}], "b": [{"crop": 8}]}, "jump 1 instead of 2"),
        (
            {"a": [{"maxpool": 2}, {"upsample": 2}], "b": "identity"},
            "centres from 1/2 pixel further back to 1/2 pixel further on, depending on the unit",
        ),
        ({"a": [{"permute": {"axes": [0, 2, 1]}}], "b": "identity"}, "jump 1 along another axis of the units"),
        ({"a": ["global_avgpool"], "b": ["global_avgpool"]}, None),
    ],
    ids=["same", "even kernel", "crop", "jumps", "upsampled", "turned", "no places"],
)  # fmt: skip
def test_merges_are_aligned_by_jump_and_centre(branches: Any, by: str | None) -> None:
    found = field_of({"concat": branches}).misaligned
    assert [one.by for one in found] == [by] * 2 * (by is not None)
    assert all((one.path, one.first, one.second) == ("concat", "a", "b") for one in found)


def test_gates_let_every_unit_see_everything() -> None:
    gate = {
        "multiply": {"main": "identity", "gate": ["global_avgpool", {"conv": {"filters": 1, "kernel": 1}}, "sigmoid"]}
    }
    fields = field_of([{"conv": {"filters": 1, "kernel": 3, "pad": 1, "stride": 2}}, gate])
    field = fields["multiply"]
    assert field.whole and field.axes[0].smallest == 3 and field.axes[0].jump == 2
    assert not fields["conv"].whole


def test_flatten_keeps_the_box_of_each_unit_and_its_row_is_the_union() -> None:
    fields = field_of([{"maxpool": 4}, "flatten", {"linear": 2}])
    flat, linear = fields["flatten"], fields["linear"]
    assert flat.scattered and flat.axes[0].size == 16 and flat.axes[0].jump is None and not flat.whole
    assert fields.seen("flatten", (5,)).before == ((4, 7), (4, 7))
    assert linear.whole and not linear.scattered
    assert fields.last.path == "maxpool"


def test_a_map_cut_from_tokens_is_followed_unit_by_unit() -> None:
    layers = [{"conv": {"filters": 4, "kernel": 4, "stride": 4}}, "tokens", {"take": "last"}]
    fields = field_of(layers)
    assert fields["take"].axes[0].before == -12 and fields["take"].size == 4
    H = ac.symbol("H", multiple_of=4)
    with pytest.raises(ArchcalcError, match=r"take \(take\): its units see different places, .* give them numbers"):
        list(Fields(ac.analyze({"input": [1, 16, 16], "layers": layers}, input=(1, H, H))))


def test_a_map_in_tokens_and_back_keeps_its_places() -> None:
    """Also with H open; and channels shuffled by reshaping, which no position sees."""
    back = [
        "tokens",
        "layernorm",
        {"linear": 6},
        {"reshape": {"size": [4, 4, 6], "channels": "last"}},
        "channels_first",
    ]
    conv = {"conv": {"filters": 6, "kernel": 3, "pad": 1}}
    fields = field_of([{"conv": {"filters": 6, "kernel": 4, "stride": 4}}, *back, conv])
    assert fields["linear"].scattered and fields["linear"].size == 16
    assert not fields["reshape"].scattered and fields["reshape"].axes[0].jump == 4
    assert fields["conv2"].size == 12 and fields.seen("conv2", (1, 0)).before == ((0, 11), (-4, 7))
    spec = {
        "input": [6, 16, 16],
        "let": {"h": 16},
        "layers": ["tokens", "relu", {"reshape": {"size": ["h", 16, 6], "channels": "last"}}, "channels_first", conv],
    }
    H = ac.symbol("h")
    assert Fields(ac.analyze(spec, input=(6, H, 16), let={"h": H}))["conv"].size == 3
    shuffle = [{"reshape": {"size": [2, 3, 16, 16]}}, {"permute": [1, 0, 2, 3]}, {"reshape": {"size": [6, 16, 16]}}]
    shuffled = field_of([*shuffle, conv], (6, 16, 16))
    assert [field.axes[0].size for field in shuffled] == [1, 1, 1, 3]
    assert [shuffled.seen(f"reshape{n}", unit).pixels for n, unit in ((1, (2, 5, 7)), (2, (5, 7)))] == [1, 1]


def test_depth_to_space_by_reshaping_reads_as_pixel_shuffle() -> None:
    cut = [{"reshape": {"size": [2, 2, 2, 4, 4]}}, {"permute": [0, 3, 1, 4, 2]}, {"reshape": {"size": [2, 8, 8]}}]
    conv = {"conv": {"filters": 1, "kernel": 3, "pad": 1}}
    ours, theirs = (field_of([*layers, conv], (8, 4, 4)) for layers in (cut, [{"pixel_shuffle": 2}]))
    for unit in ((0, 0), (3, 4), (7, 2)):
        assert ours.seen("conv", unit).after == theirs.seen("conv", unit).after


def test_volumes_and_signals() -> None:
    volume = field_of([{"conv": {"filters": 1, "kernel": [1, 3, 5]}}], (1, 8, 8, 8))["conv"]
    assert [(axis.name, axis.size) for axis in volume.axes] == [("planes", 1), ("rows", 3), ("columns", 5)]
    signal = field_of([{"conv": {"filters": 1, "kernel": 3, "dilation": 4}}], (1, 32))["conv"]
    assert [(axis.name, axis.size) for axis in signal.axes] == [("columns", 9)]
    assert field_of([{"linear": 3}], (7,))["linear"].axes[0].name == "numbers"


def test_a_minute_of_sound_is_followed_exactly() -> None:
    """960,000 positions along one axis: sets are cut and spread as a whole, not position by position."""
    convs = [
        {"conv": {"filters": 1, "kernel": kernel, "stride": stride}} for kernel, stride in ((10, 5), (8, 4), (4, 2))
    ]
    fields = field_of([*convs, "global_avgpool", "flatten", {"linear": 1}], (1, 960000))
    assert fields["linear"].whole is False  # the last 15 numbers reach no unit of conv3
    assert fields.seen("linear", (0,)).pixels == 959985 and fields["conv3"].axes[0].jump == 40
    (units,) = fields.seeing((100,), "conv3")
    assert units.units == ((0, 1, 2),)


def test_kinds_of_users_say_what_they_read_or_are_refused() -> None:
    @ac.layer("every_other_row")
    class EveryOther(ac.Layer):
        """Halves the map."""

        def output(self, x: Any) -> Any:
            return x.of(x.channels, tuple(ac.floordiv(size, 2) for size in x.spatial))

    with pytest.raises(
        ArchcalcError, match="'every_other_row' makes 1x8x8 of 1x16x16, and does not say which positions"
    ):
        list(field_of(["every_other_row"]))

    @ac.layer("every_second_row")
    class EverySecond(EveryOther):
        """Halves the map, and says how."""

        def window(self) -> ac.Window:
            return ac.Window((1, 1), (2, 2), ((0, 0), (0, 0)), (1, 1))

    assert field_of(["every_second_row"])["every_second_row"].axes[0].jump == 2


def test_the_field_of_a_network_is_of_the_last_layer_with_places() -> None:
    expected = {
        "lenet5": 32, "alexnet": 195, "vgg16": 212, "resnet50": 427, "mobilenet": 315, "vit_b_16": 224, "mlp": 5,
        "googlenet": 715,
    }  # fmt: skip
    for network, size in expected.items():
        assert Fields(ac.analyze(network)).last.size == size, network


def test_published_fields_and_claims_hold() -> None:
    found = [
        finding(figure, network, measurer)
        for measurer in [Measurer()]
        for family in ("alexnet", "inception_v3", "resnet", "stack", "vgg")
        for network in variants(family, published=True)
        for figure in network.spec.published
        if figure.measure.quantity == "field" and figure.measure.of == network.variant
    ]
    assert len(found) >= 8 and {one.status for one in found} == {"agrees"}
    for claim in decide(["stack-5x5", "stack-7x7", "inception-7x7"]):
        assert claim.verdict == "holds", claim.id


# The command


def run(*arguments: str) -> tuple[str, int]:
    result = CliRunner().invoke(main, ["field", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output, result.exit_code


def test_each_form_of_the_command_has_three_formats() -> None:
    for request in (["lenet5"], ["lenet5", "C3"], ["lenet5", "C3", "--at", "1,2"], ["lenet5", "--pixel", "3,4"]):
        text, status = run(*request)
        assert status == 0 and "lenet5" in text
        markdown, _ = run(*request, "--format", "markdown")
        assert markdown.startswith("**lenet5") and "|---" in markdown
        data, _ = run(*request, "--format", "json")
        assert json.loads(data)["schema"] == 1 and json.loads(data)["axes"] == ["rows", "columns"]


def test_json_holds_every_layer() -> None:
    data = json.loads(run("googlenet", "--format", "json")[0])
    report = ac.analyze("googlenet")
    assert [field["path"] for field in data["fields"]] == [layer.path for layer in report]
    inception = next(field for field in data["fields"] if field["path"] == "inception3a.concat")
    assert (inception["size"], inception["smallest"], inception["centre"]) == ([59, 59], [27, 27], [6, 6])
    unet, _ = run(str(HERE / "specs" / "examples" / "unet.yaml"), "--format", "json")
    assert json.loads(unet)["misaligned"][0] == {
        "path": "concat1", "axis": "rows", "branches": ["skip", "up"], "jumps": [8, 8], "apart": [-4, 4],
    }  # fmt: skip


def test_the_dependence_of_same_padding_is_said() -> None:
    spec = str(SLIM / "mobilenet_v1.yaml:mobilenet_v1")
    text, _ = run(spec, "--symbols", "H,W", "--depth", "1")
    assert (
        "note: Conv2d_0.conv: same pads before and after by 0 and 1 where H % 2 == 0, 1 and 1 where H % 2 == 1" in text
    )
    assert "same pads" not in run(spec, "--depth", "1")[0]
    text, _ = run(spec, "Conv2d_0", "--symbols", "H")
    assert "sees rows 2*i - floor((3 - H)/2) - floor((H - 1)/2) to 2*i - floor(" in text


def test_rules_of_units_do_not_use_the_letters_of_symbols(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(
        "input: [1, 16, 16]\nlet: {i: 3, t: 1}\nlayers:\n  - conv: {filters: 1, kernel: i, dilation: t}\n  - upsample: 2\n"
    )
    text, _ = run(str(spec), "conv", "--symbols", "i,t")
    assert "unit j, k sees rows j to j + i*t - t" in text
    text, _ = run(str(spec), "upsample", "--symbols", "i,t")
    assert (
        "unit j, k sees rows z to i*t - t + z for j = 2*z" in text or "sees rows z to z + i*t - t for j = 2*z" in text
    )


@pytest.mark.parametrize(
    ("arguments", "message", "status"),
    [
        (["nothing"], "there is no network 'nothing'", 2),
        (["lenet5", "C3x"], "lenet5 has no layer 'C3x'; nearest: C3", 2),
        (["vgg16", "zzz"], "vgg16 has no layer 'zzz'; `archcalc field vgg16` lists them", 2),
        (["lenet5", "C1", "--at", "28,0"], "28,0 is outside: C1 has 28x28 units, from 0,0 to 27,27", 2),
        (["lenet5", "C1", "--at", "-1,0"], "-1,0 is outside: C1 has 28x28 units", 2),
        (["lenet5", "C1", "--at", "3"], "3: C1 has 28x28 units; give 2 numbers, from 0,0 to 27,27", 2),
        (["lenet5", "C1", "--at", "a,b"], "--at a,b: write whole numbers with commas between, such as 0,13", 2),
        (["lenet5", "F6", "--at", "1,1"], "1,1: F6 has 84 units; give 1 number, from 0 to 83", 2),
        (["lenet5", "--pixel", "32,0"], "32,0 is outside: the input has 32x32 pixels, from 0,0 to 31,31", 2),
        (["lenet5", "C1", "--at", "1,1,1"], "1,1,1: C1 has 28x28 units; give 2 numbers, from 0,0 to 27,27", 2),
        (["vit_b_16", "tokens", "--at", "196"], "196 is outside: tokens has 196 units, from 0 to 195", 2),
        (["vit_b_16", "tokens", "--at", "0,0"], "0,0: tokens has 196 units; give 1 number, from 0 to 195", 2),
        (["lenet5", "--pixel", "1,1", "--at", "1,1"], "--at asks about a unit, --pixel about a pixel", 2),
        (["lenet5", "C1", "--depth", "1"], "--depth is for all layers", 2),
        (["lenet5", "--source", "image"], "there is no input 'image'; known: input", 2),
        (["lenet5", "--format", "xml"], "unknown format 'xml'; known: json, markdown, text", 2),
        (["lenet5", "--symbols", "H", "--at", "0,0"], "what one unit sees needs numbers", 2),
        (["swin_t", "--symbols", "H"], "whether windows of 7 are shifted depends on", 1),
        ([str(HERE / "specs" / "examples" / "two_inputs.yaml")], "two_inputs has several inputs; name one: image, question", 2),
    ],
)  # fmt: skip
def test_wrong_requests_get_one_clear_line(arguments: list[str], message: str, status: int) -> None:
    output, code = run(*arguments)
    assert message in output and code == status
    assert len(output.strip().splitlines()) == 1


def test_messages_of_python() -> None:
    fields = Fields(ac.analyze("lenet5"))
    with pytest.raises(UsageError, match="give 2 numbers"):
        fields.seen("C1", (1.5, 2))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is outside: the input has 32x32 pixels"):
        fields.seeing((0, 99))
    spec = str(HERE / "specs" / "examples" / "two_inputs.yaml")
    with pytest.raises(ArchcalcError, match="embedding sees nothing of the input 'image'"):
        _ = Fields(ac.analyze(spec), "image")["embedding"]
