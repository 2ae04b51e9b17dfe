"""The networks of the zoo against real frameworks, papers and known totals; the example specs all load."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

import archcalc as ac
from archcalc import zoo
from archcalc.checking import check
from archcalc.exporters.spec import expand
from archcalc.network import variants

DATA = Path(__file__).parent / "data" / "torchvision"
EXAMPLES = sorted((Path(__file__).parent / "specs" / "examples").glob("*.yaml"))
COMPARED = ("conv", "depthwise", "linear", "batchnorm", "layernorm")

OURS = {"alexnet": "alexnet_owt", "googlenet": "googlenet_bn"}  # where the name is the paper's network


def table_of(report: ac.Report) -> list[tuple[tuple[int, ...], int, int]]:
    """Output, parameters and MACs of what frameworks count alike, in order."""
    return [
        (layer.output.axes, layer.parameters, layer.macs)
        for layer in report.layers
        if layer.kind in COMPARED
        for _ in range(layer.repeat)
    ]


@pytest.mark.parametrize("table", sorted(path.stem for path in DATA.glob("*.csv") if path.stem != "totals"))
def test_layers_equal_torchvisions(table: str) -> None:
    with (DATA / f"{table}.csv").open() as file:
        theirs = [
            (tuple(map(int, row["output"].split("x"))), int(row["params"]), int(row["macs"]))
            for row in csv.DictReader(file)
            if "Attention" not in row["type"]
        ]
    name, _, heads = table.partition("-")
    network = OURS.get(name, name) + ("_aux" if heads == "aux_on_train" else "")
    assert table_of(ac.analyze(network)) == theirs


def totals() -> list[dict[str, str]]:
    """What data/torchvision/measure.py measured: every network that torchvision ships."""
    with (DATA / "totals.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("measured", totals(), ids=lambda measured: measured["network"])
def test_totals_and_rows_equal_torchvisions(measured: dict[str, str]) -> None:
    size = int(measured["size"])
    report = ac.analyze(OURS.get(measured["network"], measured["network"]), input=(3, size, size))
    assert (report.parameters, report.macs) == (int(measured["parameters"]), int(measured["macs"]))
    rows = table_of(report)
    assert len(rows) == int(measured["rows"])
    if measured["network"] != "maxvit_t":  # whose tokens are cut into windows, [windows, tokens, channels]
        assert hashlib.sha256(repr(rows).encode()).hexdigest()[:16] == measured["digest"]


def test_the_own_size_of_a_network_is_the_measured_one() -> None:
    for measured in totals():
        network = ac.load(OURS.get(measured["network"], measured["network"]))
        assert next(iter(ac.analyze(network).inputs.values())).axes == (3, *[int(measured["size"])] * 2), network


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
    ("nin", "parameters", 7_595_176),
    ("nin_cifar10", "parameters", 966_986),
    ("googlenet", "parameters", 6_998_552),
    ("googlenet", "macs", 1_582_671_872),
    ("googlenet", "depth", 22),
    ("googlenet_bn", "parameters", 6_624_904),
    ("bn_inception", "parameters", 11_295_240),
    ("inception_v3", "parameters", 23_834_568),
    ("inception_v3", "depth", 48),
    ("inception_v4", "parameters", 42_679_816),
    ("inception_resnet_v2", "parameters", 55_843_464),
    ("resnet50", "parameters", 25_557_032),
    ("resnet50", "macs", 4_089_184_256),
    ("resnet50_v1", "parameters", 25_557_032),
    ("resnet50_v1", "macs", 3_857_973_248),
    ("resnet152", "depth", 152),
    ("resnet_cifar20", "parameters", 269_722),
    ("resnet_cifar110", "parameters", 1_727_962),
    ("resnet_cifar110", "depth", 110),
    ("resnet_cifar1202", "parameters", 19_421_274),
    ("densenet121", "parameters", 7_978_856),
    ("densenet_cifar_40_12", "parameters", 1_019_722),
    ("densenet_cifar_bc_100_12", "parameters", 769_162),
    ("mobilenet", "parameters", 4_231_976),
    ("mobilenet", "macs", 568_740_352),
    ("mobilenet", "depth", 28),
    ("xception", "parameters", 22_855_952),
    ("vit_b_16", "parameters", 86_567_656),
    ("se_resnet50", "parameters", 28_088_024),
    ("facenet_nn1", "parameters", 140_025_664),
    ("facenet_nn2", "parameters", 7_456_304),
]


@pytest.mark.parametrize(("network", "quantity", "value"), ANCHORS)
def test_anchors(network: str, quantity: str, value: int) -> None:
    assert ac.analyze(network)[quantity] == value


WITH_HEADS = [("googlenet_aux", 13_378_280), ("googlenet_bn_aux", 13_004_888), ("inception_v3_aux", 27_161_264)]


@pytest.mark.parametrize(("network", "parameters"), WITH_HEADS)
def test_anchors_with_heads(network: str, parameters: int) -> None:
    report = ac.analyze(network)
    plain = ac.analyze(network.removesuffix("_aux"))
    assert report.totals == plain.totals
    assert report.parameters + sum(figures["parameters"] for figures in report.heads.values()) == parameters


SETTINGS = [
    ("resnet50", {"v1": True}, "macs", 3_857_973_248),
    ("resnet50", {"bias": True}, "parameters", 25_583_592),  # with its 53,120 buffers Keras' 25,636,712
    ("resnet_cifar20", {"shortcut": "B"}, "parameters", 272_474),
    ("resnet_cifar32", {"n": 5}, "parameters", 464_154),
    ("googlenet", {"aux": True}, "parameters", 6_998_552),
    ("googlenet", {"separable": True}, "macs", 1_498_677_248),
    ("mobilenet", {"alpha": "3/4", "resolution": 160}, "macs", 166_396_800),
    ("densenet_cifar_40_12", {"L": 100, "k": 24}, "parameters", 27_249_082),
]


@pytest.mark.parametrize(("network", "let", "quantity", "value"), SETTINGS)
def test_settings(network: str, let: dict[str, object], quantity: str, value: int) -> None:
    assert ac.analyze(network, let=let)[quantity] == value


# The lineage: what the zoo is expected to hold, beside what torchvision ships (totals.csv).
LINEAGE = [
    "mlp", "lenet5", "alexnet", "alexnet_owt", "zfnet", "vgg11", "vgg11_lrn", "vgg13", "vgg16_c", "vgg16", "vgg19",
    "nin", "nin_cifar10", "googlenet", "googlenet_aux", "googlenet_bn", "googlenet_bn_aux", "bn_inception",
    "inception_v2", "inception_v3", "inception_v3_aux", "inception_v4", "inception_resnet_v2", "resnet18",
    "resnet34", "resnet50", "resnet101", "resnet152", "resnet50_v1", "resnet101_v1", "resnet152_v1",
    "resnet_cifar20", "resnet_cifar32", "resnet_cifar44", "resnet_cifar56", "resnet_cifar110", "resnet_cifar164",
    "resnet_cifar1202", "densenet264", "densenet_cifar_40_12", "densenet_cifar_100_12", "densenet_cifar_100_24",
    "densenet_cifar_bc_100_12", "densenet_cifar_bc_250_24", "densenet_cifar_bc_190_40", "mobilenet",
    "mobilenet_shallow", "mobilenet_full", "mobilenet_v2", "xception", "se_resnet50", "facenet_nn1", "facenet_nn2",
]  # fmt: skip


def test_the_zoo_holds_the_lineage() -> None:
    wanted = {*LINEAGE, *(OURS.get(measured["network"], measured["network"]) for measured in totals())}
    assert wanted <= set(zoo.names())
    assert len(set(zoo.names())) == len(zoo.names())


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
