"""The networks of the zoo against real frameworks, papers and known totals; the example specs all load."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import archcalc as ac
from archcalc import zoo
from archcalc.checking import check
from archcalc.exporters.spec import expand
from archcalc.network import variants

DATA = Path(__file__).parent / "data" / "torchvision"
EXAMPLES = sorted((Path(__file__).parent / "specs" / "examples").glob("*.yaml"))
COMPARED = ("conv", "linear", "batchnorm", "layernorm")

# network, torchvision's table, settings that make ours the shipped module
TORCHVISION = [
    ("alexnet_owt", "alexnet"),
    ("vgg11", "vgg11"),
    ("vgg16", "vgg16"),
    ("vgg19_bn", "vgg19_bn"),
]


@pytest.mark.parametrize(("network", "table"), TORCHVISION)
def test_layers_equal_torchvisions(network: str, table: str) -> None:
    with (DATA / f"{table}.csv").open() as file:
        theirs = [
            (row["output"].split("x", 1)[1], int(row["params"]), int(row["macs"]))
            for row in csv.DictReader(file)
            if row["type"] in ("Conv2d", "Linear", "BatchNorm2d", "LayerNorm")
        ]
    report = ac.analyze(network, let={"torchvision": True})
    ours = [(str(layer.output), layer.parameters, layer.macs) for layer in report.layers if layer.kind in COMPARED]
    assert ours == theirs


ANCHORS = [
    ("alexnet", "parameters", 60_965_224),
    ("alexnet", "weights", 60_954_656),
    ("alexnet", "macs", 724_406_816),
    ("alexnet", "neurons", 659_272),
    ("alexnet", "depth", 8),
    ("alexnet_1gpu", "parameters", 62_378_344),
    ("alexnet_1gpu", "macs", 1_135_256_096),
    ("alexnet_owt", "parameters", 61_100_840),
    ("alexnet_owt", "macs", 714_188_480),
    ("zfnet", "parameters", 62_357_608),
    ("lenet5", "parameters", 60_000),
    ("lenet5", "connections", 340_908),
    ("mlp", "weights", 21),
    ("mlp", "parameters", 26),
    ("vgg16", "parameters", 138_357_544),
    ("vgg16", "macs", 15_470_264_320),
    ("vgg16", "depth", 16),
    ("vgg16", "biases", 13_416),
    ("vgg16", "neurons", 13_556_712),  # one bias addition for each
    ("vgg16", "input_elements", 150_528),
    ("vgg19", "parameters", 143_667_240),
    ("vgg19_bn", "buffers", 11_008),
]


@pytest.mark.parametrize(("network", "quantity", "value"), ANCHORS)
def test_anchors(network: str, quantity: str, value: int) -> None:
    assert ac.analyze(network)[quantity] == value


def test_first_layer_of_alexnet() -> None:
    conv1 = ac.analyze("alexnet").layer("conv1")
    assert str(conv1.output) == "96x55x55"
    assert (conv1.parameters, conv1.weights, conv1.macs) == (34_944, 34_848, 105_415_200)
    assert conv1.dropped == (0, 0)


def test_alexnet_at_224_drops_a_row_and_a_column() -> None:
    report = ac.analyze("alexnet", input=(3, 224, 224))
    assert report.layer("conv1").dropped == (1, 1)
    assert report.notes[0].startswith("conv1: 1 row and 1 column of its input 3x224x224 are dropped")


def test_vgg16_activations_without_softmax() -> None:
    """15,237,608 with the input, as the course notes of CS231n count them."""
    report = ac.analyze("vgg16", let={"torchvision": True})
    adaptive = report.layer("adaptive_avgpool").activations
    assert report.activations - adaptive == 15_087_080
    assert report.activations - adaptive + report.input_elements == 15_237_608


def test_operations_of_vgg16() -> None:
    """Counted by hand: one addition for each bias, one comparison for each ReLU, three for each 2x2 pool output."""
    report = ac.analyze("vgg16")
    relu, pooled = 13_555_712, 1_530_368
    assert report.comparisons == relu + 3 * pooled + 999
    assert report.additions == 13_556_712 + 1000 + 999
    assert report.divisions == report.exponentials == 1000
    assert report.multiplications == 0
    assert report.flops == 2 * report.macs + report.comparisons + report.additions + 2000


# What the real frameworks count; the examples are the form in which the language was tried.
EXAMPLE_TOTALS = {
    "convnext_tiny": (28_589_128, 4_455_531_264),
    "densenet121": (7_978_856, 2_834_161_664),
    "densenet161": (28_681_000, 7_727_907_072),
    "efficientnet_b0": (5_288_548, 385_814_752),
    "googlenet": (6_998_552, 1_582_671_872),
    "inception_v3": (23_834_568, 5_713_216_096),
    "mobilenet_v3_small": (2_542_856, 56_510_400),
    "regnet_y_400mf": (4_344_144, 401_842_848),
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet50": (25_557_032, 4_089_184_256),
    "resnet50_v1": (25_557_032, 3_857_973_248),
    "resnet152": (60_192_808, 11_513_626_624),
    "resnext50_32x4d": (25_028_904, 4_230_479_872),
    "wide_resnet50_2": (68_883_240, 11_398_021_120),
    "shufflenet_v2_x1_0": (2_278_604, 144_907_992),
    "swin_t": (28_288_354, 4_490_566_656),
    "vit_b_16": (86_567_656, 17_563_828_224),
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_load(path: Path) -> None:
    assert "layers" in check(path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_have_the_totals_of_the_frameworks(path: Path) -> None:
    for network in variants(path):
        if network.name in EXAMPLE_TOTALS:
            report = ac.analyze(network)
            assert (report.parameters, report.macs) == EXAMPLE_TOTALS[network.name], network.name


def test_heads_are_counted_apart() -> None:
    path = next(path for path in EXAMPLES if path.stem == "googlenet")
    plain, with_heads = (ac.analyze(network) for network in variants(path))
    assert plain.totals == with_heads.totals
    assert {head: figures["parameters"] for head, figures in with_heads.heads.items()} == {
        "aux1": 3_188_840,  # 512*128 + 128, 2048*1024 + 1024, 1024*1000 + 1000
        "aux2": 3_190_888,  # from 528 maps
    }
    assert plain.parameters + sum(figures["parameters"] for figures in with_heads.heads.values()) == 13_378_280
    assert plain.depth == 22


def test_depths() -> None:
    by_name = {network.name: network for path in EXAMPLES for network in variants(path)}
    for name, depth in {"resnet50": 50, "resnet152": 152, "inception_v3": 48, "resnet_cifar110": 110}.items():
        assert ac.analyze(by_name[name]).depth == depth


def round_trip(network: ac.Network, folder: Path) -> None:
    """The expanded form is a spec of its own, with the same layers and figures."""
    report = ac.analyze(network)
    path = folder / "expanded.yaml"
    path.write_text(expand(report))
    again = ac.analyze(path)
    assert [layer.path for layer in again.layers] == [layer.path for layer in report.layers]
    assert [repr(layer.node.layer) for layer in again.layers] == [repr(layer.node.layer) for layer in report.layers]
    assert [layer.node.inputs for layer in again.layers] == [layer.node.inputs for layer in report.layers]
    assert again.totals == report.totals
    assert again.heads == report.heads


SAMPLE = ("googlenet_aux", "unet", "shufflenet_v2_x1_0", "two_inputs", "swin_t", "xception", "densenet121")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_expanded_examples_are_the_same_networks(path: Path, tmp_path: Path) -> None:
    for network in variants(path):
        if network.name in SAMPLE:
            round_trip(network, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_expanded_example_is_the_same_network(path: Path, tmp_path: Path) -> None:
    for network in variants(path):
        round_trip(network, tmp_path)


@pytest.mark.parametrize("name", zoo.names())
def test_expanded_networks_of_the_zoo_are_the_same(name: str, tmp_path: Path) -> None:
    round_trip(ac.load(name), tmp_path)


def test_names_begin_with_the_stem_of_their_file() -> None:
    for path in zoo.files().values():
        for name in zoo.networks_of(zoo.source(path), path.stem):
            assert zoo.family(name) == path


@pytest.mark.parametrize("stem", sorted(zoo.files()))
def test_every_file_of_the_zoo_is_sound(stem: str) -> None:
    assert "network" in check(stem)
