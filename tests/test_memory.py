"""Memory at inference: against measured peaks, against a simulator that tries every order, with symbols as with numbers.

`data/memory/inference_peaks.csv` and `inference_alive.csv` are measured: the storages that the ATen operators of
torchvision's networks make and read (torch 2.13.0 for CPU, torchvision 0.28.0, eval mode, batch 1, float32), with each
storage freed after its last use. `data/memory/inference.csv` is the same for every classifier of torchvision, made by
`data/memory/measure_inference.py`.
"""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import archcalc as ac
from archcalc import dims
from archcalc.cli import main
from archcalc.liveness import flow, schedule
from archcalc.memory import inference
from archcalc.orders import least_peak
from archcalc.precision import bits_of, number_types
from archcalc.quantities import MEASURABLE
from archcalc.render.memory import bytes_text
from archcalc.training import training

DATA = Path(__file__).parent / "data" / "memory"
OURS = {"alexnet": "alexnet_owt", "googlenet": "googlenet_bn"}  # where the name is the paper's network
MODULES = ("alexnet", "vgg")  # whose shipped modules are a setting


def read(name: str) -> list[dict[str, str]]:
    with (DATA / name).open() as file:
        return list(csv.DictReader(file))


def shipped(network: str, **settings: Any) -> ac.Report:
    """The network in torchvision's form."""
    let = {"torchvision": True} if network.startswith(MODULES) else {}
    return ac.analyze(OURS.get(network, network), let=let, **settings)


# Measured peaks


PEAKS = {row["model"]: row for row in read("inference_peaks.csv")}


@pytest.mark.parametrize("model", PEAKS)
def test_peaks_are_the_measured_ones(model: str) -> None:
    report = shipped(model)
    assert schedule(report).peak == int(PEAKS[model]["graph_noindex_input_freed"])
    assert schedule(report, hold_input=True).peak == int(PEAKS[model]["graph_noindex_input_held"])


@pytest.mark.parametrize("model", PEAKS)
def test_the_tensors_at_the_peak_are_the_measured_ones(model: str) -> None:
    measured = {
        (row["shape"].partition("x")[2] if row["shape"].startswith("1x") else row["shape"], int(row["bytes"]))
        for row in read("inference_alive.csv")
        if (row["model"], row["which"]) == (model, "graph_noindex_input_freed")
    }
    assert {(str(tensor.shape), tensor.bytes) for tensor in schedule(shipped(model)).at_peak} == measured


# Attention of Swin V2 is written out in single operators, whose queries, keys and scores are inside one layer here.
INSIDE_A_LAYER = {"swin_v2_t": 49164, "swin_v2_s": 49164, "swin_v2_b": 65552}
CLASSIFIERS = read("inference.csv")
SAMPLE = {"densenet201", "efficientnet_v2_s", "inception_v3", "maxvit_t", "mobilenet_v3_large", "swin_v2_t", "vgg13_bn"}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row["network"], marks=() if row["network"] in SAMPLE else pytest.mark.exhaustive)
        for row in CLASSIFIERS
    ],
)
def test_every_classifier_of_torchvision(row: dict[str, str]) -> None:
    report = shipped(row["network"], input=(3, int(row["size"]), int(row["size"])))
    inside = INSIDE_A_LAYER.get(row["network"], 0)
    freed, held = schedule(report), schedule(report, hold_input=True)
    assert (freed.peak + inside, held.peak + inside) == (int(row["freed"]), int(row["held"]))
    if not inside:
        assert sorted(tensor.bytes for tensor in freed.at_peak) == sorted(map(int, row["alive"].split()))


def test_the_measured_classifiers_are_all() -> None:
    with (DATA.parent / "torchvision" / "totals.csv").open() as file:
        known = [row["network"] for row in csv.DictReader(file)]
    assert [row["network"] for row in CLASSIFIERS] == known


# A simulator: runs the layers in a given order on numbered pieces of storage


def sources(report: ac.Report, node: Any) -> Iterator[int]:
    """What a layer reads, a dense concatenation through others."""
    for number in node.inputs:
        if number >= 0 and node.layer.kind == report.graph.nodes[number].layer.kind == "dense_concat":
            yield from sources(report, report.graph.nodes[number])
        else:
            yield number


def simulated(report: ac.Report, order: Sequence[int], *, hold_input: bool = False, in_place: bool = True) -> int:
    """The peak of a run: storage is looked up, overwritten, made and freed step by step."""
    nodes = report.graph.nodes
    ends = {node.number for node in nodes if node.number not in report.graph.readers} | {len(nodes) - 1}
    holds = {-1 - number: -1 - number for number in range(len(report.graph.inputs))}
    room = {-1 - number: 4 * shape.elements for number, (_, shape) in enumerate(report.graph.inputs)}
    parts: set[int] = set()
    forever = set(holds.values()) if hold_input else set()
    peak = sum(room.values())

    def needed(storage: int, rest: Sequence[int]) -> bool:
        return storage in forever or any(
            holds.get(source) == storage for number in rest for source in sources(report, nodes[number])
        )

    for position, number in enumerate(order):
        node, rest = nodes[number], order[position + 1 :]
        storage = holds.get(node.inputs[0], number)
        if node.layer.kind in ("dropout", "slice", "flatten"):
            holds[number] = storage
            if node.layer.kind == "slice" or node.inputs[0] in parts:
                parts.add(number)
        elif in_place and node.layer.kind == "relu" and not needed(storage, rest) and node.inputs[0] not in parts:
            holds[number] = storage
        else:
            holds[number] = number
            room[number] = 4 * node.output.elements
        peak = max(peak, sum(room.values()))
        if number in ends:
            forever.add(holds[number])
        for other in [other for other in room if not needed(other, rest)]:
            del room[other]
    return peak


def orders(report: ac.Report) -> Iterator[list[int]]:
    """Every order in which the layers can run."""

    def extended(done: list[int]) -> Iterator[list[int]]:
        if len(done) == len(report.graph.nodes):
            yield done
        for node in report.graph.nodes:
            if node.number not in done and all(number < 0 or number in done for number in sources(report, node)):
                yield from extended([*done, node.number])

    return extended([])


def random_network(seed: int, length: int) -> dict[str, Any]:
    """Layers that read any earlier one: chains, forks, joins, views, layers in place, several outputs."""
    source = random.Random(seed)
    channels = {"input": 2 * source.randint(1, 3)}
    layers: list[Any] = []
    for number in range(length):
        name = f"n{number}"
        read_from = source.choice(list(channels)[-4:])
        have = channels[read_from]
        kind = source.choice(
            ["conv", "conv", "relu", "relu", "batchnorm", "slice", "dropout", "concat", "dense_concat"]
        )
        if kind == "slice" and have % 2:
            kind = "relu"
        if "concat" in kind:
            other = source.choice(list(channels)[-4:])
            entry: dict[str, Any] = {kind: {"a": [{"from": read_from}], "b": [{"from": other}]}}
            channels[name] = have + channels[other]
        else:
            layers.append({"from": read_from})
            filters = source.randint(1, 9)
            fields = {"conv": {"filters": filters, "kernel": 1}, "slice": {"part": 1, "of": 2}}.get(kind)
            entry = {kind: fields}
            channels[name] = {"conv": filters, "slice": have // 2}.get(kind, have)
        layers.append({**entry, "name": name})
    return {"input": {"input": [channels["input"], 5]}, "layers": layers}


networks = pytest.mark.parametrize(
    "seed", [*range(60), *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(60, 600))]
)


@networks
@pytest.mark.parametrize("hold_input", [False, True])
@pytest.mark.parametrize("in_place", [False, True])
def test_the_schedule_of_random_networks_is_the_simulated_one(seed: int, hold_input: bool, in_place: bool) -> None:
    report = ac.analyze(random_network(seed, 25))
    found = schedule(report, hold_input=hold_input, in_place=in_place)
    numbers = range(len(report.graph.nodes))
    assert found.peak == simulated(report, numbers, hold_input=hold_input, in_place=in_place)


@networks
def test_the_least_peak_of_random_networks_is_that_of_the_best_order(seed: int) -> None:
    report = ac.analyze(random_network(seed, 7))
    least = least_peak(flow(report))
    assert least.is_reached
    assert least.bytes == min(simulated(report, order) for order in orders(report))
    assert schedule(report, order=least.order).peak == least.bytes


@networks
def test_the_order_of_the_least_peak_reaches_it(seed: int) -> None:
    report = ac.analyze(random_network(seed, 16))
    least = least_peak(flow(report))
    number = {node.path: node.number for node in report.graph.nodes}
    assert simulated(report, [number[path] for path in least.order]) == least.bytes <= schedule(report).peak


def branches(*widths: int) -> dict[str, Any]:
    """Branches beside one another, each of a wide and a narrow convolution."""
    chains = {
        f"b{number}": [{"conv": {"filters": width, "kernel": 1}}, {"conv": {"filters": 3, "kernel": 1}}, "batchnorm"]
        for number, width in enumerate(widths)
    }
    return {"input": [4, 10], "layers": [{"concat": chains}, {"conv": {"filters": 2, "kernel": 1}}]}


def test_equal_branches_are_searched_as_one() -> None:
    """32 branches have 4^32 sets of layers. By hand: the input's 40 numbers, 31 results of 30, then 50 and 30."""
    least = least_peak(flow(ac.analyze(branches(*[5] * 32))))
    assert (least.bytes, least.is_reached) == (4 * max(32 * 30 + 32 * 30, 40 + 31 * 30 + 50 + 30), True)


def test_a_search_that_is_cut_off_still_bounds() -> None:
    report = ac.analyze(branches(5, 7, 40, 9, 11, 30))
    exact, cut = least_peak(flow(report)), least_peak(flow(report), max_sets=1)
    assert exact.is_reached and exact.bytes < schedule(report).peak
    assert not cut.is_reached and cut.order == () and 0 < cut.bytes <= exact.bytes


def test_the_least_peak_of_the_zoo() -> None:
    """ResNeXt's shortcut run first: 512 maps of 28x28 wait in place of 256 of 56x56, beside two of 512 of 56x56."""
    found = inference(ac.analyze("resnext101_32x8d"), reorder=True)
    assert found.least is not None
    assert found.peak == found.least.bytes == 4 * (512 * 28 * 28 + 2 * 512 * 56 * 56)
    assert inference(ac.analyze("resnext101_32x8d")).peak == 4 * (256 * 56 * 56 + 2 * 512 * 56 * 56)


@pytest.mark.parametrize(
    "network",
    [
        pytest.param(name, marks=() if number % 12 == 0 else pytest.mark.exhaustive)
        for number, name in enumerate(__import__("archcalc.zoo").zoo.names())
    ],
)
def test_the_least_peak_is_known_for_every_network_of_the_zoo(network: str) -> None:
    report = ac.analyze(network)
    least = least_peak(flow(report))
    assert least.is_reached
    assert schedule(report, order=least.order).peak == least.bytes <= schedule(report).peak


# What is stored where


def steps(layers: list[Any], **settings: Any) -> list[tuple[str, str, int]]:
    found = schedule(ac.analyze({"input": {"x": [4, 10]}, "layers": layers}), **settings)
    return [(step.layer, step.stores, step.bytes) for step in found.steps]


def test_a_layer_in_place_does_not_overwrite_what_is_read_again() -> None:
    """x of 160 bytes; the ReLU inside must leave x to the shortcut, the one behind the sum may overwrite it."""
    residual = {"add": {"main": ["relu", {"conv": {"filters": 4, "kernel": 1}}], "shortcut": "identity"}}
    assert steps([residual, "relu"]) == [
        ("main.relu", "new", 320),
        ("main.conv", "new", 480),
        ("add", "new", 480),
        ("relu", "in place", 160),
    ]


def test_the_last_of_two_layers_in_place_may_overwrite() -> None:
    assert [stores for _, stores, _ in steps([{"concat": {"a": ["relu"], "b": ["relu"]}}])] == [
        "new",
        "in place",
        "new",
    ]


def test_without_in_place_every_layer_that_computes_makes_a_tensor() -> None:
    assert steps(["relu", "relu", "dropout"], in_place=False) == [
        ("relu1", "new", 320),
        ("relu2", "new", 320),
        ("dropout", "view", 160),
    ]


def test_an_input_that_is_held_is_not_overwritten() -> None:
    assert steps(["relu", "relu"]) == [("relu1", "in place", 160), ("relu2", "in place", 160)]
    assert steps(["relu", "relu"], hold_input=True) == [("relu1", "new", 320), ("relu2", "in place", 320)]


def test_dropout_passes_its_input_on_though_another_layer_reads_it() -> None:
    join = {"add": {"main": ["dropout"], "shortcut": "identity"}}
    assert steps([join]) == [("main.dropout", "view", 160), ("add", "new", 320)]


def test_a_part_keeps_the_whole_and_is_not_overwritten() -> None:
    """A half of x is a view of its 160 bytes; what the ReLU makes of it are 80 new ones."""
    half = {"slice": {"part": 1, "of": 2}}
    assert steps([half, "relu", "relu"]) == [
        ("slice", "view", 160),
        ("relu1", "new", 240),
        ("relu2", "in place", 80),
    ]


def test_a_dense_concatenation_is_made_of_the_parts_each_time() -> None:
    """Layers of k=2 on 4 channels of 10: at the second sum 40 + 20 + 20 parts, 60 of the first, and 80 new ones."""
    layer = {"before": "identity", "new": {"conv": {"filters": 2, "kernel": 1}}}
    dense = steps([{"dense_concat": layer}, {"dense_concat": layer}])
    plain = steps([{"concat": layer}, {"concat": layer}])
    assert [bytes for *_, bytes in dense] == [240, 480, 560, 640]
    assert [bytes for *_, bytes in plain] == [240, 480, 320, 640]


def test_dense_concatenations_of_themselves_are_read_once() -> None:
    """Each has twice the channels of the one before, and all are made of the input alone."""
    twice = {"dense_concat": {"a": "identity", "b": "identity"}}
    found = schedule(ac.analyze({"input": [1, 1], "layers": [{"repeat": 40, "do": [twice]}]}))
    assert found.peak == 4 * (1 + 2**40)


def test_a_schedule_that_would_fill_the_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archcalc.liveness.MAX_ENTRIES", 100)
    with pytest.raises(ac.ArchcalcError, match="too many tensors are there at once: the schedule would have over 100 "):
        schedule(ac.analyze("densenet121"))


def test_outputs_stay_to_the_end() -> None:
    layers = [
        {"conv": {"filters": 1, "kernel": 1}, "name": "side"},
        {"from": "x"},
        {"conv": {"filters": 2, "kernel": 1}},
    ]
    report = ac.analyze({"input": {"x": [4, 10]}, "layers": layers})
    x, side, last = schedule(report).tensors
    assert (x.last, x.kept) == (1, False)
    assert (side.made, side.last, side.kept) == (0, 1, True)
    assert (last.bytes, last.kept) == (80, True)


@pytest.mark.parametrize(
    ("plain", "with_heads"), [("googlenet_bn", "googlenet_bn_aux"), ("googlenet", "googlenet_aux")]
)
def test_heads_are_no_part_of_inference(plain: str, with_heads: str) -> None:
    a, b = (inference(ac.analyze(name)) for name in (plain, with_heads))
    assert [step.layer for step in a.schedule.steps] == [step.layer for step in b.schedule.steps]
    assert (a.peak, a.parameter_bytes, a.buffer_bytes) == (b.peak, b.parameter_bytes, b.buffer_bytes)


def test_a_layer_that_only_heads_read_is_freed_at_once() -> None:
    layers = [
        {"conv": {"filters": 8, "kernel": 1}, "name": "side"},
        {"head": "aux", "do": [{"conv": {"filters": 1, "kernel": 1}}]},
        {"from": "x"},
        {"conv": {"filters": 2, "kernel": 1}, "name": "last"},
    ]
    found = schedule(ac.analyze({"input": {"x": [4, 10]}, "layers": layers}))
    assert [(step.layer, step.bytes) for step in found.steps] == [("side", 480), ("last", 240)]


def test_lifetimes_are_a_timeline() -> None:
    """Every step holds exactly the tensors whose lifetime covers it."""
    found = schedule(ac.analyze("resnet50"))
    for step in found.steps:
        alive = [i for i, tensor in enumerate(found.tensors) if tensor.made <= step.number <= tensor.last]
        assert list(step.alive) == alive
        assert step.bytes == sum(found.tensors[i].bytes for i in alive)
        assert step.tensor in alive


# Bytes


def test_batch_dtype_and_bits() -> None:
    one = schedule(ac.analyze("resnet18")).peak
    assert schedule(ac.analyze("resnet18", batch=7)).peak == 7 * one
    assert schedule(ac.analyze("resnet18", dtype="float16")).peak == one // 2
    assert schedule(ac.analyze("resnet18", dtype="int8")).peak == one // 4


def test_bits_are_packed_in_each_tensor() -> None:
    """Three images of 1x3 numbers of 4 bits are 36 bits, 5 bytes; the quantised layer makes 9 bytes of 8 bits."""
    layers = [{"conv": {"filters": 1, "kernel": 1, "bits": 8}}, {"relu": {"bits": 4}}]
    found = schedule(ac.analyze({"input": [1, 3], "layers": layers}, batch=3, dtype="int4"))
    assert [tensor.bytes for tensor in found.tensors] == [5, 9, 5]
    assert [step.stores for step in found.steps] == ["new", "new"]  # 4 bits do not stand where 8 do


@pytest.mark.parametrize("in_place", [True, False])
def test_a_layer_in_place_has_the_bits_of_its_input(in_place: bool) -> None:
    """ReLU of 8 bits has 8 bits, in place or not, and is a view no less; what a pooling makes has those of the dtype."""
    layers = [{"conv": {"filters": 2, "kernel": 1, "bits": 8}}, "relu", "dropout", {"maxpool": 2}]
    report = ac.analyze({"input": [1, 4, 4], "layers": layers})
    found = schedule(report, in_place=in_place)
    assert [step.output_bytes for step in found.steps] == [32, 32, 32, 4 * 8]
    assert [step.stores for step in found.steps] == ["new", "in place" if in_place else "new", "view", "new"]
    types = number_types(report)
    assert [bits_of(types[step]) for step in range(4)] == [8, 8, 8, 32]


def test_words_are_whole_numbers_of_64_bits() -> None:
    found = schedule(ac.analyze({"input": [7], "layers": [{"embedding": {"count": 10, "size": 4}}]}, dtype="float16"))
    assert [tensor.bytes for tensor in found.tensors] == [7 * 8, 7 * 4 * 2]


@pytest.mark.parametrize("network", ["vgg16", "googlenet_aux"])
def test_the_quantities_are_those_of_the_analyses(network: str) -> None:
    """At inference without heads; a step of training with momentum, heads included."""
    report = ac.analyze(network, batch=3)
    assert MEASURABLE["inference_memory"].of_report(report) == inference(report).total
    found = training(report, optimizer="momentum")
    assert MEASURABLE["training_memory"].of_report(report) == found.peak
    heads = sum(layer.parameters for layer in report.layers if layer.head)
    assert found.roles(found.peaks[0])["parameters"] == 4 * (report.parameters + heads)


def test_weights_stand_beside() -> None:
    """VGG-16 has 138,357,544 parameters; ResNet-18's batch normalisations keep 2 * 4,800 numbers."""
    assert inference(ac.analyze("vgg16")).parameter_bytes == 4 * 138_357_544
    found = inference(ac.analyze("resnet18", dtype="float16", batch=9))
    assert (found.parameter_bytes, found.buffer_bytes) == (2 * 11_689_512, 2 * 9_600)
    assert found.total == found.peak + 2 * 11_689_512 + 2 * 9_600


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999_999, "999,999 bytes"),
        (1_048_576, "1,048,576 bytes (1.00 MiB, 1.05 MB)"),
        (25_690_112, "25,690,112 bytes (24.50 MiB, 25.69 MB)"),
        (1_005_000, "1,005,000 bytes (0.96 MiB, 1.01 MB)"),
        (2**30 - 1, "1,073,741,823 bytes (1,024.00 MiB, 1,073.74 MB)"),
        (3 * 10**9, "3,000,000,000 bytes (2.79 GiB, 3.00 GB)"),
    ],
)
def test_units_are_spelled_out(count: int, text: str) -> None:
    assert bytes_text(count) == text


# Symbols


@pytest.mark.parametrize("network", ["vgg16", "googlenet", "resnet50"])
@pytest.mark.parametrize("hold_input", [False, True])
def test_formulas_equal_the_numeric_run(network: str, hold_input: bool) -> None:
    N, H, W = (ac.symbol(name) for name in "NHW")
    report = ac.analyze(network, input=(3, H, W), batch=N)
    found = schedule(report, hold_input=hold_input)
    source = random.Random(network)
    sizes = [(224, 224), (299, 299), (64, 513), *((source.randint(32, 700), source.randint(32, 700)) for _ in range(5))]
    for n, (h, w) in enumerate(sizes, 1):
        numeric = schedule(ac.analyze(network, input=(3, h, w), batch=n), hold_input=hold_input)
        values = {"N": n, "H": h, "W": w}
        assert dims.substitute(found.peak, values) == numeric.peak
        assert [dims.substitute(step.bytes, values) for step in found.steps] == [step.bytes for step in numeric.steps]
        assert [step.stores for step in found.steps] == [step.stores for step in numeric.steps]
        assert numeric.peak in [dims.substitute(step.bytes, values) for step in found.peaks]


ZOO = [
    pytest.param(name, marks=() if number % 16 == 0 else pytest.mark.exhaustive)
    for number, name in enumerate(__import__("archcalc.zoo").zoo.names())
]


@pytest.mark.parametrize("network", ZOO)
def test_the_peak_of_a_batch_is_a_formula_for_every_network(network: str) -> None:
    found = schedule(ac.analyze(network, batch=ac.symbol("N")))
    assert dims.substitute(found.peak, {"N": 3}) == schedule(ac.analyze(network, batch=3)).peak
    assert found.at_peak


def test_a_promise_makes_one_formula_of_a_peak() -> None:
    """conv2_x: three tensors of 256 maps of a quarter of the height and width, 4 bytes a number."""
    H, W = ac.symbol("H", multiple_of=32), ac.symbol("W", multiple_of=32)
    found = schedule(ac.analyze("resnet50", input=(3, H, W)))
    assert found.peak == 3 * 256 * 4 * H * W / 16
    assert found.peaks[0].layer == "conv2_x.residual1.shortcut.batchnorm"
    H = ac.symbol("H", minimum=64)
    found = schedule(ac.analyze("resnet50", input=(3, H, H)))
    assert str(found.peak) == "3072*floor((H + 3)/4)**2"


def test_assumptions_decide_what_is_larger() -> None:
    """VGG's five poolings need 32 pixels; from there on two tensors of 64 maps are more than 4096 numbers twice."""
    H, W = ac.symbol("H"), ac.symbol("W")
    report = ac.analyze("vgg16", input=(3, H, W))
    assert [str(condition) for condition in report.assumptions] == ["H >= 32", "W >= 32"]
    found = schedule(report)
    assert str(found.peak) == "512*H*W"
    assert [tensor.name for tensor in found.at_peak] == ["stage1.conv_relu1.conv", "stage1.conv_relu2.conv"]


def test_which_tensors_make_the_peak_may_depend_on_symbols() -> None:
    """An image of 3 maps and 8 made of it, these 8 and their means, 1000 units and 1000 more: 4 bytes a number."""
    H = ac.symbol("H")
    layers = [{"conv": {"filters": 8, "kernel": 1}}, "global_avgpool", "flatten", {"linear": 1000}, {"linear": 1000}]
    found = schedule(ac.analyze({"input": [3, H, H], "layers": layers}))
    assert str(found.peak) == "max(8000, 44*H**2, 32*H**2 + 32)"
    named = "conv, global_avgpool, linear2"
    with pytest.raises(ac.ArchcalcError, match=f"which step is the peak depends on the symbols: one of {named}"):
        _ = found.at_peak
    assert ", ".join(step.layer for step in found.peaks) == named


# The command


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["memory", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_prints_schedule_peak_and_what_is_left_out() -> None:
    printed = run("vgg16", "--set", "torchvision=true")
    assert "stage1.conv_relu1.relu  64x224x224   12,845,056  in stage1.conv_relu1.conv" in printed
    assert "peak of inference: 25,690,112 bytes (24.50 MiB, 25.69 MB), while stage1.conv_relu2.conv runs, of" in printed
    assert "  12,845,056 bytes: stage1.conv_relu1.conv 64x224x224\n" in printed
    assert "no order of the layers needs less" in printed
    assert printed.count("not counted: ") == 4
    assert "in memory" not in run("vgg16", "--brief")


def test_json_holds_the_timeline() -> None:
    data = json.loads(run("googlenet", "--batch", "2", "--format", "json", "--hold-input"))
    found = data["memory"]["inference"]
    assert (data["network"], data["batch"], found["hold_input"], found["in_place"]) == ("googlenet", 2, True, True)
    assert found["peak"] == max(step["in_memory"] for step in found["steps"])
    for number, step in enumerate(found["steps"]):
        alive = [i for i, t in enumerate(found["tensors"]) if t["made"] <= number <= t["last"]]
        assert step["alive"] == alive
        assert step["in_memory"] == sum(found["tensors"][i]["bytes"] for i in alive)
    assert found["least"]["reached"] is True
    assert len(found["left_out"]) == 4


def test_json_of_symbols_is_text() -> None:
    found = json.loads(run("lenet5", "--symbols", "N", "--format", "json"))["memory"]["inference"]
    assert found["peak"] == "37632*N"
    assert "least" not in found


def test_markdown_is_a_table_and_a_list() -> None:
    printed = run("lenet5", "--format", "markdown", "--no-inplace", "--reorder")
    assert "| C1 | 6x28x28 | 18,816 | new" in printed
    assert "\n- peak of inference: 37,632 bytes, while scaled_tanh1 runs, of\n  - 18,816 bytes" in printed
    assert "\n- no layer writes over its input\n" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("vgg16 --format csv", "unknown format 'csv'; known: json, markdown, text"),
        ("vgg16 --symbols H --reorder", "the least peak over all orders needs numbers; H is open"),
        ("resnet18 --symbols depths", "is repeated depths_0 - 1 times; a schedule needs a number of layers"),
        ("densenet_cifar_40_12 --symbols L", "is repeated floor((L - 4)/3) times; a schedule needs a number of layers"),
        ("vgg16 --batch 0", "Invalid value for '--batch'"),
        ("vgg16 --dtype float6", "unknown dtype 'float6'; did you mean 'float64'?"),
        ("vgg61", "there is no network 'vgg61', and no such file; nearest: "),
    ],
)
def test_wrong_requests_get_one_line(arguments: str, message: str) -> None:
    result = CliRunner().invoke(main, ["memory", *arguments.split()], prog_name="archcalc")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code == 2 and result.stdout == ""
    assert message in result.stderr.rstrip("\n").split("\n")[-1]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (["a"], "an order holds every layer once, heads left out; 'b' is missing, unknown or named twice"),
        (["a", "b", "c"], "'c' is missing, unknown or named twice"),
        (["b", "a"], "in this order 'b' runs before a layer that it reads"),
    ],
)
def test_a_wrong_order_is_refused(order: list[str], message: str) -> None:
    report = ac.analyze({"input": [2, 3], "layers": [{"relu": None, "name": "a"}, {"batchnorm": None, "name": "b"}]})
    with pytest.raises(ac.UsageError) as error:
        schedule(report, order=order)
    assert message in str(error.value)


def test_the_table_does_not_load_it() -> None:
    code = (
        "import sys; from archcalc.cli import main; main(['table', 'lenet5', '--format', 'json'], standalone_mode=False); "
        "print([name for name in sys.modules if name in ('archcalc.liveness', 'archcalc.orders', 'archcalc.memory')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")


def test_a_search_without_an_end_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from archcalc import memory

    monkeypatch.setattr(memory, "least_peak", lambda found, batch: least_peak(found, batch, max_sets=1))
    report = ac.analyze(branches(5, 7, 40, 9, 11, 30))
    with pytest.raises(ac.ArchcalcError, match="no order of the least peak is known: the search for it was cut off"):
        inference(report, reorder=True)
    from archcalc.render.memory import inference_section

    lines = inference_section(inference(report)).lines
    assert any(line.startswith("over any order of the layers: at least ") for line in lines)
