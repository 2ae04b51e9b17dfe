"""Networks over devices: the papers' pictures derived, brute force against the rules, sums, times, refusals."""

from __future__ import annotations

import itertools
import json
import random
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import archcalc as ac
from archcalc import layers, zoo
from archcalc.cli import main
from archcalc.partition import Plan, plan
from archcalc.partition.cut import Storage, Weights, cut
from archcalc.partition.pipeline import _flow, _weights
from archcalc.partition.plans import COUNTS
from archcalc.partition.ranges import common, evenly, minus, normal, size
from archcalc.partition.request import requested
from archcalc.saving import saved
from archcalc.shapes import Shape
from archcalc.training import training


def agrees(made: Plan) -> None:
    """Sums over the devices, less what stands on several of them, are the totals of the network."""
    sums, totals = made.sums(), made.totals()
    assert {name: sums[name] - made.replicated[name] for name in COUNTS} == totals
    if made.request.halo == "exchange" and not made.report.symbols:
        assert dict(made.replicated) == repeated(made)


def repeated(made: Plan) -> dict[str, Any]:
    """What stands on several devices, from the splits as they are printed."""
    report, batch, others = made.report, made.request.batch, made.devices - 1
    splits = {split.path: split for split in made.splits}
    found = dict.fromkeys(COUNTS, Fraction(0))
    for layer in report.trunk:
        held = done = Fraction(0)  # how often beyond once
        split = splits.get(layer.path)
        if made.scheme == "batch" or (made.scheme == "hybrid" and split is None):
            held = Fraction(others)
        elif made.scheme == "rows" and split is not None and split.ranges:
            held = Fraction(0 if layer.node.layer.has_places else others)
            assert sum(split.parts) == layer.output.spatial[0]
        elif split is not None and made.scheme != "rows":
            held = done = Fraction(sum(split.parts), layer.output.channels) - 1 if split.ranges else Fraction(others)
        counts = layer.cost.parameters, layer.cost.operations.macs, layer.cost.operations.flops, layer.cost.activations
        for name, count, times in zip(COUNTS, counts, (held, done, done, done), strict=True):
            found[name] += times * count * layer.repeat * (1 if name == "parameters" else batch)
    return found


# ranges


def test_ranges_are_sets() -> None:
    generator = random.Random(1)
    for _ in range(2000):
        some, others = (
            [(a, a + generator.randint(0, 5)) for a in generator.sample(range(30), generator.randint(0, 6))]
            for _ in "ab"
        )
        a, b = ({n for start, stop in ranges for n in range(start, stop)} for ranges in (some, others))
        for ranges, numbers in (
            (normal(some), a),
            (common(normal(some), normal(others)), a & b),
            (minus(normal(some), normal(others)), a - b),
        ):
            assert {n for start, stop in ranges for n in range(start, stop)} == numbers
            assert size(ranges) == len(numbers)
            assert normal(ranges) == ranges


def test_parts_are_even_and_larger_first() -> None:
    assert [size(part) for part in evenly(10, 4)] == [3, 3, 2, 2]
    assert evenly(2, 3) == (((0, 1),), ((1, 2),), ())


# channels: the paper's picture


def test_alexnet_as_its_paper_draws_it() -> None:
    made = plan(ac.analyze("alexnet"))
    split = {part.path: part.parts for part in made.splits}
    paper = {"conv1": 48, "conv2": 128, "conv3": 192, "conv4": 192, "conv5": 128, "fc6": 2048, "fc7": 2048}
    assert {path: split[path] for path in paper} == {path: (maps, maps) for path, maps in paper.items()}
    assert [share.parameters for share in made.shares] == [30_482_612, 30_482_612]
    assert [(c.before, c.source, c.target, c.values) for c in made.crossings] == [
        (before, source, target, values)
        for before, values in (("conv3", 21_632), ("fc6", 4_608), ("fc7", 2_048), ("fc8", 2_048))
        for source, target in ((2, 1), (1, 2))
    ]
    assert [(c.tensor, c.source, c.target, c.values) for c in made.gathers] == [("fc8", 2, 1, 500)]
    notes = {part.path: part.note for part in made.splits if "exact" in part.note}
    assert notes == {  # two of the neighbouring maps on each side of the cut, 55 x 55 and 27 x 27
        "local_response_norm1": f"stays inside each part; an exact one would move {2 * 2 * 55 * 55:,} values an image",
        "local_response_norm2": f"stays inside each part; an exact one would move {2 * 2 * 27 * 27:,} values an image",
    }
    assert made.replicated == dict.fromkeys(COUNTS, 0)
    agrees(made)


@pytest.mark.parametrize("devices", [4, 8])
def test_alexnet_over_more_devices(devices: int) -> None:
    """Two groups are now split themselves: their devices tell each other, and no one else."""
    made = plan(ac.analyze("alexnet"), devices=devices)
    agrees(made)
    before: dict[str, set[tuple[int, int]]] = {}
    for crossing in made.crossings:
        before.setdefault(crossing.before, set()).add((crossing.source, crossing.target))
    everybody = {(a, b) for a in range(1, devices + 1) for b in range(1, devices + 1) if a != b}
    half = devices // 2
    groups = {(a, b) for a, b in everybody if (a <= half) == (b <= half)}
    assert before == {
        **dict.fromkeys(("conv2", "conv4", "conv5"), groups),
        **dict.fromkeys(("conv3", "fc6", "fc7", "fc8"), everybody),
    }
    conv3 = [c.values for c in made.crossings if c.before == "conv3"]
    assert conv3 == [256 // devices * 13 * 13] * len(everybody)
    assert sum(c.values for c in made.gathers) == 1000 - 1000 // devices


def test_one_device_needs_no_other() -> None:
    for scheme in ("channels", "batch", "pipeline", "rows", "hybrid", "auto"):
        made = plan(ac.analyze("alexnet"), devices=1, scheme=scheme)
        assert not made.crossings and not made.gathers and not made.collectives
        assert made.replicated == dict.fromkeys(COUNTS, 0)
        assert made.timing is not None and made.timing.communication == 0


def test_partly_connected_maps_cost_what_they_read() -> None:
    """LeNet-5's C3: 60 connections of 25 weights, and a bias for each of its 16 maps."""
    table = [
        "X...XXX..XXXX.XX",
        "XX...XXX..XXXX.X",
        "XXX...XXX..X.XXX",
        ".XXX..XXXX..X.XX",
        "..XXX..XXXX.XX.X",
        "...XXX..XXXX.XXX",
    ]
    spec = {"input": [6, 14, 14], "layers": [{"conv": {"filters": 16, "kernel": 5, "connections": table}}]}
    made = plan(ac.analyze(spec), devices=3, scheme="channels")
    columns = [(0, 6), (6, 11), (11, 16)]
    connected = [sum(row[a:b].count("X") for row in table) for a, b in columns]
    assert [s.parameters for s in made.shares] == [
        25 * links + b - a for links, (a, b) in zip(connected, columns, strict=True)
    ]
    assert [s.batch_macs for s in made.shares] == [25 * links * 100 for links in connected]
    agrees(made)


# channels: brute force. Which input channels an output channel reads, written down a second time, one by one


READ: dict[str, Any] = {
    "conv": lambda layer, x, c: (
        {i for i, row in enumerate(layer.connections) if row[c] == "X"}
        if layer.connections
        else _group(c, layer.filters, x.channels, layer.groups)
    ),
    "depthwise": lambda layer, x, c: {c // layer.multiplier},
    "transposed_conv": lambda layer, x, c: _group(c, layer.filters, x.channels, layer.groups),
    "linear": lambda layer, x, c: set(range(x.channels)),
    "softmax": lambda layer, x, c: set(range(x.channels)),
    "layernorm": lambda layer, x, c: set(range(x.channels)),
    "groupnorm": lambda layer, x, c: _group(c, x.channels, x.channels, layer.groups),
    "local_response_norm": lambda layer, x, c: {i for i in range(c - 2, c + 3) if 0 <= i < x.channels},
    "slice": lambda layer, x, c: {(layer.part - 1) * (x.channels // layer.of) + c},
    "channel_shuffle": lambda layer, x, c: {
        [
            group * (x.channels // layer.groups) + i
            for i in range(x.channels // layer.groups)
            for group in range(layer.groups)
        ][c]
    },
    "pixel_shuffle": lambda layer, x, c: set(range(c * layer.factor**2, (c + 1) * layer.factor**2)),
    "pad_channels": lambda layer, x, c: {c} & set(range(x.channels)),
    "flatten": lambda layer, x, c: {c // x.positions},
}


def _group(c: int, filters: int, channels: int, groups: int) -> set[int]:
    number = c * groups // filters
    return set(range(number * channels // groups, (number + 1) * channels // groups))


def _read_by(node: Any, c: int) -> list[set[int]]:
    if node.layer.kind == "concat":
        offsets = [sum(shape.channels for shape in node.shapes[:i]) for i in range(len(node.shapes))]
        return [{c - at} & set(range(s.channels)) for at, s in zip(offsets, node.shapes, strict=True)]
    if node.layer.kind == "multiply":
        return [{0} if shape.channels == 1 else {c} for shape in node.shapes]
    if node.layer.kind in READ:
        return [READ[node.layer.kind](node.layer, node.shapes[0], c)]
    return [{c}] * len(node.shapes)


CASES = [
    ("conv", {"filters": 12, "kernel": 3, "groups": 2}, Shape((6, 8, 8))),
    ("conv", {"filters": 4, "kernel": 1, "connections": ("X..X", "XX..", ".XX.")}, Shape((3, 8, 8))),
    ("depthwise", {"kernel": 3, "multiplier": 3}, Shape((4, 8, 8))),
    ("transposed_conv", {"filters": 8, "kernel": 2, "groups": 4}, Shape((12, 8, 8))),
    ("linear", {"units": 5}, Shape((7,))),
    ("groupnorm", {"groups": 3}, Shape((12, 4, 4))),
    ("local_response_norm", {"size": 5}, Shape((9, 4, 4))),
    ("slice", {"part": 2, "of": 3}, Shape((12, 4, 4))),
    ("channel_shuffle", {"groups": 3}, Shape((12, 4, 4))),
    ("pixel_shuffle", {"factor": 2}, Shape((12, 4, 4))),
    ("pad_channels", {"channels": 10}, Shape((6, 4, 4))),
    ("flatten", {}, Shape((6, 4, 4))),
    ("relu", {}, Shape((6, 4, 4))),
]


@pytest.mark.parametrize(("kind", "fields", "x"), CASES, ids=lambda value: value if isinstance(value, str) else "")
def test_what_a_channel_reads(kind: str, fields: dict[str, Any], x: Shape) -> None:
    layer = layers.make(kind, rank=len(x.spatial), **fields)
    channels = layer.output(x).channels
    reads = READ.get(kind, lambda layer, x, c: {c})
    for start in range(channels):
        for stop in range(start + 1, channels + 1):
            (found,) = layer.reads_channels(x, ((start, stop),))
            told = {c for a, b in found for c in range(a, b)}
            assert told == set().union(*(reads(layer, x, c) for c in range(start, stop)))


def brute(report: ac.Report, made: Plan) -> dict[tuple[str, int], int]:
    """What every device lacks of every tensor, one channel after the other, given which channels it makes."""
    have: dict[int, list[set[int]]] = {}
    moved: dict[tuple[str, int], int] = {}
    splits = {split.path: split for split in made.splits}
    for node in report.graph.nodes:
        split = splits[node.path]
        for number, shape in zip(node.inputs, node.shapes, strict=True):
            have.setdefault(number, [set(range(shape.channels)) for _ in made.shares])
        everything = ((0, node.output.channels),)
        have[node.number] = [
            {c for start, stop in ranges for c in range(start, stop)}
            for ranges in split.ranges or [everything] * made.devices
        ]
        for device, own in enumerate(have[node.number]):
            for c in tuple(own) if "inside" not in split.note else ():
                for number, shape, needed in zip(node.inputs, node.shapes, _read_by(node, c), strict=True):
                    for missing in needed - have[number][device]:
                        have[number][device].add(missing)
                        path = report.graph.nodes[number].path
                        moved[path, device + 1] = moved.get((path, device + 1), 0) + shape.positions
    return moved


def random_spec(generator: random.Random) -> dict[str, Any]:
    """A small network of the kinds that move channels about."""
    size = generator.choice([8, 12])
    layers: list[Any] = [{"conv": {"filters": 24, "kernel": 3, "pad": 1}}]
    for _ in range(generator.randint(2, 7)):
        width = generator.choice([12, 24, 36, 48])
        layers.append(
            generator.choice(
                [
                    "relu",
                    "batchnorm",
                    {"conv": {"filters": width, "kernel": 3, "pad": 1, "groups": generator.choice([1, 2, 3, 4, 6])}},
                    {"conv": {"filters": width, "kernel": 1}},
                    {"depthwise": {"kernel": 3, "pad": 1, "multiplier": generator.choice([1, 2])}},
                    {"local_response_norm": {"size": 5}},
                    {"channel_shuffle": {"groups": generator.choice([2, 3, 4])}},
                    {"slice": {"part": generator.choice([1, 2]), "of": 2}},
                    {"concat": {"a": [{"conv": {"filters": width, "kernel": 1}}], "b": []}},
                    {
                        "concat": {
                            "a": [{"conv": {"filters": 10, "kernel": 1}}],
                            "b": [{"slice": {"part": 1, "of": 2}}, "relu"],
                        }
                    },
                    {"add": {"a": ["batchnorm"], "b": []}},
                    {"groupnorm": {"groups": generator.choice([2, 3, 4])}},
                ]
            )
        )
    layers += ["flatten", {"linear": {"units": 10}}, "relu", {"linear": {"units": 9}}, "softmax"]
    return {"input": [3, size, size], "layers": layers}


@pytest.mark.parametrize("seed", range(4))
def test_channels_against_brute_force(seed: int) -> None:
    generator = random.Random(seed)
    done = 0
    for _ in range(30):
        try:
            report = ac.analyze(random_spec(generator))
        except ac.SpecError:  # groups that do not divide what is left
            continue
        for devices in (2, 3, 5):
            made = plan(report, devices=devices, scheme="channels")
            agrees(made)
            found: dict[tuple[str, int], int] = {}
            for c in (*made.crossings, *(g for g in made.gathers if g.before != "the output")):
                found[c.tensor, c.target] = found.get((c.tensor, c.target), 0) + c.values
            assert found == brute(report, made), report
            done += 1
    assert done > 15


# symbols


@pytest.mark.parametrize("name", ["vgg16", "googlenet", "resnet50"])
def test_crossings_are_formulas(name: str) -> None:
    """As formulas in N, H and W, equal to the numeric run after substitution."""
    N, H, W = (ac.symbol(axis) for axis in "NHW")
    symbolic = plan(ac.analyze(name, input=(3, H, W), batch=N), devices=4, scheme="channels")
    values = {"N": 6, "H": 224, "W": 256}
    numeric = plan(ac.analyze(name, input=(3, 224, 256), batch=6), devices=4, scheme="channels")
    assert len(symbolic.crossings) == len(numeric.crossings) > 0
    for ours, theirs in zip(
        (*symbolic.crossings, *symbolic.gathers), (*numeric.crossings, *numeric.gathers), strict=True
    ):
        assert (ours.tensor, ours.before, ours.source, ours.target) == (
            theirs.tensor,
            theirs.before,
            theirs.source,
            theirs.target,
        )
        assert ac.dims.substitute(ours.step_bytes, values) == theirs.step_bytes
    for ours, theirs in zip(symbolic.shares, numeric.shares, strict=True):
        assert all(ac.dims.substitute(getattr(ours, n), values) == getattr(theirs, n) for n in COUNTS)
        assert ac.dims.substitute(ours.memory.total, values) == theirs.memory.total
    assert symbolic.timing is None and numeric.timing is not None


def test_vgg_crossing_by_hand() -> None:
    """Before stage 2 of VGG-16, 64 maps of half the size: a device of two lacks the other's 32."""
    H, W = ac.symbol("H", multiple_of=32), ac.symbol("W", multiple_of=32)
    made = plan(ac.analyze("vgg16", input=(3, H, W)), devices=2, scheme="channels")
    crossing = next(c for c in made.crossings if c.tensor == "stage1.maxpool")
    assert crossing.values == 8 * H * W


# batch: rings, trees, servers, ZeRO


def ring(pieces: list[int]) -> tuple[list[int], list[int]]:
    """An all-reduce around a ring, step by step: what each device sends and receives."""
    count = len(pieces)
    sent, received = [0] * count, [0] * count
    have = [[{device} for _ in pieces] for device in range(count)]  # by device and piece: whose values are added up
    for first in (0, 1):
        for step in range(count - 1):
            moves = [(device, (device + first - step) % count) for device in range(count)]
            arriving = [(device, piece, set(have[device][piece])) for device, piece in moves]
            for device, piece, values in arriving:
                neighbour = (device + 1) % count
                sent[device] += pieces[piece]
                received[neighbour] += pieces[piece]
                have[neighbour][piece] = have[neighbour][piece] | values if first == 0 else values
    assert all(values == set(range(count)) for own in have for values in own)
    return sent, received


@pytest.mark.parametrize("devices", range(2, 9))
def test_a_ring_step_by_step(devices: int) -> None:
    """Also where the gradients do not fall into equal pieces: 60,965,224 numbers over 3, 5, 6 and 7 devices."""
    made = plan(ac.analyze("alexnet"), devices=devices, scheme="batch", batch=devices)
    (gradients,) = made.collectives
    sent, received = ring([4 * ((60_965_224 + devices - 1 - d) // devices) for d in range(devices)])
    assert (gradients.sent, gradients.received) == (tuple(sent), tuple(received))
    assert gradients.total == 2 * (devices - 1) * 4 * 60_965_224
    if 60_965_224 % devices == 0:  # 2(n-1)/n of the gradients: Patarasuk & Yuan 2009
        assert set(sent) == {2 * (devices - 1) * 4 * 60_965_224 // devices}
    agrees(made)


def test_trees_and_servers() -> None:
    """Of 8 bytes: the root of a tree of 7 has two children; a server of 7 hears six."""
    spec = {"input": [1], "layers": [{"linear": {"units": 1}}]}
    report = ac.analyze(spec, batch=7)
    tree, server = (plan(report, devices=7, scheme="batch", reduce=how).collectives[0] for how in ("tree", "server"))
    assert tree.sent == (16, 24, 24, 8, 8, 8, 8) and tree.received == tree.sent
    assert server.sent == (48, 8, 8, 8, 8, 8, 8) and server.received == server.sent
    assert tree.total == server.total == 2 * 6 * 8


def test_images_are_dealt_out() -> None:
    made = plan(ac.analyze("lenet5"), devices=4, scheme="batch", batch=10)
    assert [share.images for share in made.shares] == [3, 3, 2, 2]
    assert [share.batch_macs for share in made.shares] == [325_680 * n for n in (3, 3, 2, 2)]
    assert made.replicated["parameters"] == 3 * 60_000
    agrees(made)


@pytest.mark.parametrize(
    ("stage", "gigabytes"), [(0, "120.0"), (1, "31.4"), (2, "16.6"), (3, "1.9")], ids=["none", "1", "2", "3"]
)
def test_zero_as_its_paper_prints_it(stage: int, gigabytes: str) -> None:
    """Figure 1 of ZeRO: 7.5 G parameters of 2 bytes, gradients of 2, a state of 12, on 64 devices."""
    from types import SimpleNamespace

    from archcalc.partition.tally import states_of

    request: Any = SimpleNamespace(devices=64, states=6)
    assert f"{sum(states_of(request, 0, 16 * 7_500_000_000, stage)) / 1e9:.1f}" == gigabytes


def test_zero_moves_as_much_and_at_stage_3_half_more() -> None:
    report = ac.analyze("vgg16", batch=8)
    plain, *sharded = (plan(report, devices=8, scheme="batch", zero=stage) for stage in range(4))
    volumes = [sum(c.total for c in made.collectives) for made in sharded]
    whole = plain.collectives[0].total
    assert [Fraction(volume, whole) for volume in volumes] == [1, 1, Fraction(3, 2)]
    states = [made.shares[0].memory for made in (plain, *sharded)]
    four = 4 * 138_357_544
    assert [(m.parameters, m.gradients, m.optimizer) for m in states] == [
        (four, four, four), (four, four, four // 8), (four, four // 8, four // 8), (four // 8,) * 3
    ]  # fmt: skip


# pipelines: the best cut


def exhaustive_cut(weights: Weights, stages: int) -> tuple[int, int] | None:
    """The largest stage and the bits that cross, of all cuts there are."""
    count = len(weights.fixed)
    best = None
    for cuts in itertools.combinations(range(1, count), stages - 1):
        worst = crossing = 0
        for k, (start, stop) in enumerate(zip((0, *cuts), (*cuts, count), strict=True)):
            got = {s for j in range(start, stop) for s in weights.sources[j] if s < start}
            received = sum(weights.sizes[n] for n in got)
            if weights.keeps:
                kept = {s for j in range(start, stop) for s in weights.keeps[j]}
                loaded = {s for j in range(start, stop) for s in weights.inputs[j]}
                own = [weights.storages[s] for s in kept if weights.storages[s].home >= start or s in loaded]
                flight = weights.kept[k] * (
                    sum(s.per_image for s in own) + sum(weights.sizes[n] for n in got if weights.stored[n] in kept)
                ) + weights.turns[k] * sum(s.fixed for s in own)
            else:
                flight = weights.kept[k] * (sum(weights.flight[start:stop]) + received)
            cost = sum(weights.fixed[start:stop]) + weights.moved * received + weights.by_memory * flight
            fits = weights.limit is None or sum(weights.held[start:stop]) + flight <= weights.limit
            worst = max(worst, cost) if fits else 10**9
            crossing += received
        if worst < 10**9 and (best is None or (worst, crossing) < best):
            best = worst, crossing
    return best


def random_weights(generator: random.Random, count: int, stages: int) -> Weights:
    """Layers that read layers before them, and keep what they make or read."""

    def numbers(most: int) -> list[int]:
        return [generator.randint(0, most) for _ in range(count)]

    sources = [
        tuple({generator.randrange(j) for _ in range(generator.randint(1, 3))}) if j else () for j in range(count)
    ]
    storages = [Storage(-1, 0, generator.randint(0, 9))]  # the network's input
    inputs = [(0,) if not sources[j] or generator.random() < 0.2 else () for j in range(count)]
    stored: list[int] = []
    keeps: list[tuple[int, ...]] = []
    for j in range(count):
        read = {*(stored[source] for source in sources[j]), *inputs[j]}
        own = range(len(storages), len(storages) + generator.randint(1, 2))
        storages += [Storage(j, generator.randint(0, 3), generator.randint(0, 9)) for _ in own]
        in_place = generator.random() < 0.3
        stored.append(generator.choice(sorted(read)) if in_place else own[0])
        keeps.append(tuple(number for number in sorted({*read, *own}) if generator.random() < 0.4))
    is_known = generator.random() < 0.6
    return Weights(
        fixed=numbers(20),
        moved=generator.choice([0, 1, 3]),
        by_memory=generator.random() < 0.4,
        held=numbers(30),
        flight=[0] * count if is_known else numbers(9),
        sizes=numbers(9),
        sources=sources,
        kept=tuple(generator.randint(1, 4) for _ in range(stages)),
        turns=tuple(generator.randint(1, 3) for _ in range(stages)),
        limit=generator.choice([None, None, 60, 150]),
        storages=storages,
        keeps=keeps * is_known,
        stored=stored,
        inputs=inputs,
    )


def check_random_cuts(generator: random.Random, cases: int) -> None:
    found = 0
    for _ in range(cases):
        count = generator.randint(1, 10)
        stages = generator.randint(1, min(count, 5))
        weights = random_weights(generator, count, stages)
        ours = cut(weights, stages)
        assert (ours and (ours.cost, ours.crossing)) == exhaustive_cut(weights, stages)
        found += ours is not None
    assert found > cases // 2


def test_the_best_cut_of_random_graphs() -> None:
    check_random_cuts(random.Random(5), 400)


@pytest.mark.exhaustive
def test_the_best_cut_of_thousands_of_random_graphs() -> None:
    check_random_cuts(random.Random(6), 20_000)


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "alexnet", "vit_b_16", "densenet121"])
def test_layers_keep_what_they_make_or_read(name: str) -> None:
    """What the search for the best cut leans on."""
    report = ac.analyze(name)
    request = requested(report, {"devices": 2, "scheme": "pipeline"})
    weights = _weights(report, request, _flow(request), "memory")
    for place, numbers in enumerate(weights.keeps):
        read = {*(weights.stored[source] for source in weights.sources[place]), *weights.inputs[place]}
        own = {number for number, storage in enumerate(weights.storages) if storage.home == place}
        assert weights.stored[place] in {-1, *own, *read}  # -1: a softmax that is a part of the loss
        assert set(numbers) <= own | read


@pytest.mark.parametrize("balance", ["macs", "memory", "time"])
@pytest.mark.parametrize("name", ["lenet5", "alexnet", "squeezenet1_0"])
def test_the_best_cut_of_networks(name: str, balance: str) -> None:
    """No other cut into three stages has a smaller largest stage, counted from the plans themselves."""
    report = ac.analyze(name, batch=8)
    settings: dict[str, Any] = {"devices": 3, "scheme": "pipeline", "balance": balance, "micro_batches": 4}

    def largest(made: Plan) -> Any:
        assert made.timing is not None
        if balance == "time":
            return made.timing.step
        return max(s.batch_macs if balance == "macs" else s.memory.total for s in made.shares)

    best = largest(plan(report, **settings))
    paths = [layer.path for layer in report.trunk]
    generator = random.Random(name)
    cuts = list(itertools.combinations(paths[1:], 2))
    others = [largest(plan(report, **settings, stages=stages)) for stages in generator.sample(cuts, min(60, len(cuts)))]
    assert best <= min(others)
    if len(cuts) <= 60:
        assert best == min(others)


def test_a_tensor_crosses_once_for_each_stage_that_reads_it() -> None:
    """A skip connection over a whole stage goes to the stage that adds it; two readers in one stage share a copy."""
    spec = {
        "input": [4, 8, 8],
        "layers": [
            {"conv": {"filters": 4, "kernel": 3, "pad": 1}, "name": "a"},
            {
                "add": {
                    "main": [
                        {"conv": {"filters": 4, "kernel": 3, "pad": 1}, "name": "b"},
                        {"conv": {"filters": 4, "kernel": 3, "pad": 1}, "name": "c"},
                    ],
                    "short": [],
                    "again": [{"scale": "1/2"}],
                },
                "name": "sum",
            },
        ],
    }
    made = plan(ac.analyze(spec), devices=3, scheme="pipeline", batch=3, stages=["sum.main.b", "sum.main.c"])
    assert [(c.tensor, c.before, c.source, c.target, c.values, c.images) for c in made.crossings] == [
        ("a", "sum.main.b", 1, 2, 256, 3),
        ("sum.main.b", "sum.main.c", 2, 3, 256, 3),
        ("a", "sum.again.scale", 1, 3, 256, 3),
    ]
    agrees(made)


def test_resnet152_over_8_devices_is_balanced() -> None:
    report = ac.analyze("resnet152", batch=128)
    for balance in ("macs", "time"):
        agrees(plan(report, devices=8, scheme="pipeline", balance=balance))
    by_macs = plan(report, devices=8, scheme="pipeline", balance="macs")
    assert max(share.batch_macs for share in by_macs.shares) == 128 * 1_477_181_440


def test_bubbles_and_flight() -> None:
    """Four stages and 8 micro-batches of 2: 3/11 of the time is lost; the first stage keeps 4 or all of them."""
    report = ac.analyze("vgg16", batch=16)
    one, all_ = (
        plan(report, devices=4, scheme="pipeline", balance="macs", micro_batches=8, schedule=schedule)
        for schedule in ("1f1b", "gpipe")
    )
    assert "8 micro-batches of 2 images" in one.facts
    assert "bubble (n-1)/(m+n-1) = 3/11 = 27.27 % of the time of a stage" in one.facts
    assert one.timing is not None and one.timing.idle / one.timing.step == Fraction(3, 11)
    assert "in flight, by 1f1b: activations of 8, 6, 4, 2 images on stages 1 to 4" in one.facts
    assert "in flight, by gpipe: activations of 16, 16, 16, 16 images on stages 1 to 4" in all_.facts
    first = (one.shares[0].memory.saved, all_.shares[0].memory.saved)
    assert first[1] == 2 * first[0]


def test_memory_of_devices_limits_the_cut() -> None:
    report = ac.analyze("vgg16", batch=64)
    free = plan(report, devices=4, scheme="pipeline", balance="macs")
    most = max(share.memory.total for share in free.shares)
    tight = plan(report, devices=4, scheme="pipeline", balance="macs", device_memory=most - 1)
    assert tight.fits and max(share.memory.total for share in tight.shares) < most
    assert max(s.batch_macs for s in tight.shares) >= max(s.batch_macs for s in free.shares)


def test_given_stages_are_formulas() -> None:
    N, H, W = (ac.symbol(axis) for axis in "NHW")
    settings: dict[str, Any] = {
        "devices": 3,
        "scheme": "pipeline",
        "stages": ["conv3_x", "conv5_x"],
        "micro_batches": 4,
    }
    symbolic = plan(ac.analyze("resnet50", input=(3, H, W), batch=N), **settings)
    numeric = plan(ac.analyze("resnet50", input=(3, 192, 224), batch=8), **settings)
    values = {"N": 8, "H": 192, "W": 224}
    assert [ac.dims.substitute(c.step_bytes, values) for c in symbolic.crossings] == [
        c.step_bytes for c in numeric.crossings
    ]
    assert [(c.tensor, c.source, c.target) for c in numeric.crossings] == [
        ("conv2_x.residual3.relu", 1, 2),
        ("conv4_x.residual6.relu", 2, 3),
    ]
    for ours, theirs in zip(symbolic.shares, numeric.shares, strict=True):
        assert ac.dims.substitute(ours.memory.total, values) == theirs.memory.total


# rows: halos


def scattered(layer: Any, x: Shape) -> dict[int, set[int]]:
    """Which rows each output row reads, from the other side: rows of zeros around the input, or products sent out."""
    height = layer.output(x).spatial[0]
    window = layer.window_on(x)
    kernel, stride, dilation = window.kernel[0], window.stride[0], window.dilation[0]
    read: dict[int, set[int]] = {row: set() for row in range(height)}
    if layer.enlarges:
        for row in range(x.spatial[0]):
            for k in range(kernel):
                place = row * stride + k * dilation - (window.pad[0][0] if window.pad else max(kernel - stride, 0) // 2)
                if place in read:
                    read[place].add(row)
        return read
    begin = window.padding(0, x.spatial[0])[0]
    padded = [None] * begin + list(range(x.spatial[0])) + [None] * (kernel * dilation + stride)
    for row in read:
        read[row] = {
            r for r in padded[row * stride : row * stride + (kernel - 1) * dilation + 1 : dilation] if r is not None
        }
    return read


WINDOWS = [
    ("conv", {"filters": 2, "kernel": 3, "pad": 1}),
    ("conv", {"filters": 2, "kernel": 5, "stride": 2, "pad": 2}),
    ("conv", {"filters": 2, "kernel": 3, "dilation": 3, "pad": 3}),
    ("conv", {"filters": 2, "kernel": 4, "stride": 3, "pad": "same"}),
    ("conv", {"filters": 2, "kernel": 1, "stride": 2}),
    ("maxpool", {"kernel": 3, "stride": 2, "round": "ceil"}),
    ("transposed_conv", {"filters": 2, "kernel": 4, "stride": 2, "pad": 1}),
    ("transposed_conv", {"filters": 2, "kernel": 3, "stride": 2, "pad": 1, "output_pad": 1}),
    ("transposed_conv", {"filters": 2, "kernel": 3, "stride": 2, "pad": "same"}),
    ("transposed_conv", {"filters": 2, "kernel": 3, "stride": 2, "dilation": 2, "pad": 1}),
    ("upsample", {"factor": 3}),
    ("pad", {"size": [[2, 1], [0, 0]]}),
    ("patch_merge", {"factor": 2}),
    ("pixel_shuffle", {"factor": 2}),
]


@pytest.mark.parametrize(("kind", "fields"), WINDOWS, ids=[f"{kind}{fields}" for kind, fields in WINDOWS])
@pytest.mark.parametrize("height", [9, 12, 13])
def test_which_rows_a_row_reads(kind: str, fields: dict[str, Any], height: int) -> None:
    spec = {"input": [4, height, 11], "layers": [{kind: fields}]}
    node = ac.analyze(spec).graph.nodes[0]
    (rule,) = node.layer.readings(node.x, node.output)
    read = {row: set(rule[0].within(row, height)) for row in range(node.output.spatial[0])}
    assert read == scattered(node.layer, node.x)


@pytest.mark.parametrize(
    ("kind", "fields", "wanted"),
    [
        ("crop", {"size": 3}, [[3], [4], [5]]),
        ("adaptive_avgpool", {"size": 3}, [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]),
        ("relu", {}, [[row] for row in range(10)]),
    ],
)
def test_rows_of_layers_without_a_window(kind: str, fields: dict[str, Any], wanted: list[list[int]]) -> None:
    node = ac.analyze({"input": [3, 10, 10], "layers": [{kind: fields}]}).graph.nodes[0]
    (rule,) = node.layer.readings(node.x, node.output)
    assert [list(rule[0].within(row, 10)) for row in range(len(wanted))] == wanted


def brute_rows(report: ac.Report, made: Plan) -> dict[tuple[str, int], int]:
    """What each device lacks of each map, one row after the other."""
    have: dict[int, list[set[int]]] = {}
    moved: dict[tuple[str, int], int] = {}
    whole = set()
    for layer, split in zip(report.trunk, made.splits, strict=True):
        node = layer.node
        if not split.ranges:
            whole.add(node.number)
            for number, shape in zip(node.inputs, node.shapes, strict=True):
                if number >= 0 and number not in whole:
                    path = report.graph.nodes[number].path
                    if "global" in layer.kind:
                        senders = sum(map(bool, have[number])) - 1
                        moved[path, 1] = moved.get((path, 1), 0) + senders * shape.channels
                        continue
                    lacking = set(range(shape.spatial[0])) - have[number][0]
                    have[number][0] |= lacking
                    moved[path, 1] = moved.get((path, 1), 0) + len(lacking) * shape.elements // shape.spatial[0]
            continue
        for device, part in enumerate(split.ranges):
            for row in (row for start, stop in part for row in range(start, stop)):
                for number, shape in zip(node.inputs, node.shapes, strict=True):
                    if number < 0:
                        continue
                    if node.layer.joins:
                        rows = {0} if shape.spatial[0] == 1 else {row}
                    else:
                        rows = {row} if node.layer.window_on(node.x) is None else scattered_on(node.layer, shape)[row]
                    there = [set(range(shape.spatial[0])), set()] if number in whole else None
                    own = have.setdefault(number, there + [set() for _ in made.shares[2:]] if there else [])
                    path = report.graph.nodes[number].path
                    for missing in rows - own[device]:
                        own[device].add(missing)
                        moved[path, device + 1] = moved.get((path, device + 1), 0) + shape.elements // shape.spatial[0]
        have[node.number] = [{row for start, stop in part for row in range(start, stop)} for part in split.ranges]
    return {key: values for key, values in moved.items() if values}


scattered_on = cache(scattered)


UNET = {
    "input": [3, 32, 32],
    "layers": [
        {"conv": {"filters": 8, "kernel": 3, "pad": 1}, "name": "down1"},
        {"name": "up", "concat": {
            "deep": [{"maxpool": 2}, {"conv": {"filters": 8, "kernel": 3, "pad": 1}}, {"maxpool": 2},
                     {"conv": {"filters": 8, "kernel": 5, "pad": 2}},
                     {"transposed_conv": {"filters": 8, "kernel": 4, "stride": 4}}],
            "skip": []}},
        {"conv": {"filters": 8, "kernel": 3, "dilation": 2, "pad": 2}},
        {"multiply": {"gate": ["global_avgpool", {"conv": {"filters": 8, "kernel": 1}}, "sigmoid"], "x": []}},
        {"conv": {"filters": 2, "kernel": 1}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", ["lenet5", "alexnet", "resnet18", "googlenet", "mobilenet_v3_small", "unet"])
@pytest.mark.parametrize("devices", [2, 3, 7])
def test_rows_against_brute_force(name: str, devices: int) -> None:
    report = ac.analyze(UNET if name == "unet" else name)
    made = plan(report, devices=devices, scheme="rows")
    agrees(made)
    found: dict[tuple[str, int], int] = {}
    for c in made.crossings:
        found[c.tensor, c.target] = found.get((c.tensor, c.target), 0) + c.values
    assert found == brute_rows(report, made)


def test_halos_by_hand() -> None:
    """VGG-16 on two devices: a row of 224 places and 64 maps each way before the second convolution."""
    made = plan(ac.analyze("vgg16"), devices=2, scheme="rows")
    first = made.crossings[:2]
    assert [(c.before, c.source, c.target, c.values) for c in first] == [
        ("stage1.conv_relu2.conv", 2, 1, 64 * 224), ("stage1.conv_relu2.conv", 1, 2, 64 * 224)
    ]  # fmt: skip


def test_maps_joined_along_their_rows() -> None:
    """Of 8 + 8 rows device 1 has all of the first map and device 2 all of the second; half of each was elsewhere."""
    spec = {"input": [2, 8, 5], "layers": ["tanh", {"concat": {"a": ["relu"], "b": ["sigmoid"]}, "axis": 1}]}
    made = plan(ac.analyze(spec), devices=2, scheme="rows")
    assert made.splits[-1].ranges == (((0, 8),), ((8, 16),))
    assert [(c.tensor, c.source, c.target, c.values) for c in made.crossings] == [
        ("a.relu", 2, 1, 2 * 4 * 5), ("b.sigmoid", 1, 2, 2 * 4 * 5)
    ]  # fmt: skip


def test_the_class_token_stands_in_front_of_the_rows() -> None:
    """Of 1 + 8 tokens device 1 has 5, the new one and the four that it had."""
    spec = {"input": [3, 8], "layers": ["channels_last", {"linear": 4}, "class_token", {"linear": 4}]}
    made = plan(ac.analyze(spec), devices=2, scheme="rows")
    assert [split.parts for split in made.splits] == [(4, 4), (4, 4), (5, 4), (5, 4)]
    assert made.crossings == ()


def test_rows_that_a_dilated_stride_leaves_out() -> None:
    """With numbers only the rows that are read move; with symbols they are no range, and the plan is refused."""
    H = ac.symbol("H", multiple_of=16, minimum=32)
    conv = {"filters": 1, "kernel": 3, "stride": 2, "dilation": 2, "pad": 2}
    spec = {"input": [1, 32, 1], "layers": ["tanh", {"conv": conv}]}
    with pytest.raises(ac.UsageError, match=r"rows needs numbers: conv .* leaves out rows of H"):
        plan(ac.analyze({**spec, "input": [1, H, 1]}), devices=2, scheme="rows")
    numeric = plan(
        ac.analyze({**spec, "layers": ["tanh", {"conv": {**conv, "kernel": [3, 1], "pad": [2, 0]}}]}),
        devices=2,
        scheme="rows",
    )
    assert [(c.source, c.target, c.values) for c in numeric.crossings] == [(2, 1, 1), (1, 2, 1)]  # rows 16 and 14


@pytest.mark.parametrize("name", ["vgg16", "googlenet", "resnet50"])
def test_halos_are_formulas(name: str) -> None:
    """With a height that falls into equal bands at every stage; equal to the numeric run after substitution."""
    N, H, W = ac.symbol("N"), ac.symbol("H", multiple_of=128, minimum=256), ac.symbol("W")
    symbolic, numeric = (
        plan(ac.analyze(name, input=(3, h, w), batch=n), devices=4, scheme="rows")
        for h, w, n in ((H, W, N), (256, 224, 6))
    )
    values = {"H": 256, "W": 224, "N": 6}
    assert len(symbolic.crossings) == len(numeric.crossings)
    for ours, theirs in zip(symbolic.crossings, numeric.crossings, strict=True):
        assert (ours.tensor, ours.source, ours.target) == (theirs.tensor, theirs.source, theirs.target)
        assert ac.dims.substitute(ours.step_bytes, values) == theirs.step_bytes
    for a, b in zip(symbolic.shares, numeric.shares, strict=True):
        assert all(ac.dims.substitute(getattr(a, n), values) == getattr(b, n) for n in COUNTS)
        assert ac.dims.substitute(a.memory.total, values) == b.memory.total


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "unet"])
def test_computing_halos_twice(name: str) -> None:
    """No halo moves, and the redundant MACs are those that the exchange told of."""
    report = ac.analyze(UNET if name == "unet" else name)
    exchanged, twice = (plan(report, devices=4, scheme="rows", halo=halo) for halo in ("exchange", "recompute"))
    agrees(twice)
    split = {part.path for part in twice.splits if part.ranges}
    from_halos = [c for c in twice.crossings if c.before in split]
    assert all(report.layer(c.tensor).output.spatial[0] == 1 or c.tensor not in split for c in from_halos)
    extra = twice.replicated["batch_macs"]
    assert extra > 0 == exchanged.replicated["batch_macs"]
    assert f"{extra:,} MACs more" in exchanged.facts[0] and f"{extra:,} MACs more" in twice.facts[0]


# hybrid: one weird trick


def test_one_weird_trick() -> None:
    """Four devices with 128 images each: every one needs 9,216 activations of the other 384 images."""
    report = ac.analyze("alexnet_owt", batch=512)
    plans = {form: plan(report, devices=4, scheme="hybrid", assemble=form) for form in "abc"}
    for made in plans.values():
        agrees(made)
        assembly = [c for c in made.crossings if c.before == "fc6"]
        assert len(assembly) == 12 and {(c.values, c.images) for c in assembly} == {(9_216, 128)}
        assert {c.before for c in made.crossings} == {"fc6", "fc7", "fc8"}
        fc7 = [c for c in made.crossings if c.before == "fc7"]
        assert {(c.values, c.images) for c in fc7} == {(1_024, 512)}
        (gradients,) = made.collectives
        convolutions = sum(layer.parameters for layer in report.layers if layer.kind == "conv")
        assert gradients.bytes == 4 * convolutions
        assert made.replicated["parameters"] == 3 * convolutions
    assert [made.facts[0].split("; ")[1] for made in plans.values()] == [
        f"in a round a device sends up to {128 * 3 * 9_216:,} values and receives up to {384 * 9_216:,}",
        f"in a round a device sends up to {128 * 3 * 9_216:,} values and receives up to {128 * 9_216:,}",
        f"in a round a device sends up to {32 * 3 * 9_216:,} values and receives up to {3 * 32 * 9_216:,}",
    ]
    memory = [made.shares[0].memory.total for made in plans.values()]
    assert memory[0] > memory[1] > memory[2]  # "big batches consume lots of memory", sec. 4.1
    times = [made.timing.communication for made in plans.values() if made.timing]
    assert times[0] >= times[1] > times[2]


def test_networks_without_both_parts_are_refused() -> None:
    for name, lack in (("squeezenet1_0", "no linear layers behind"), ("mlp", "no convolutions before")):
        with pytest.raises(ac.UsageError, match=lack):
            plan(ac.analyze(name), devices=2, scheme="hybrid", batch=2)


# auto


def test_auto_takes_the_fastest_that_fits() -> None:
    report = ac.analyze("vgg16", batch=64)
    made = plan(report, devices=4, scheme="auto", device_memory="12GiB")
    assert made.timing is not None
    for other in made.alternatives:
        assert not other.fits or other.step >= made.timing.step
    assert made.chosen.startswith("hybrid")
    names = [other.name for other in made.alternatives]
    assert {name.split(",")[0] for name in (made.chosen, *names)} == {"channels", "batch", "pipeline", "rows", "hybrid"}
    chosen = plan(report, devices=4, scheme=made.scheme, assemble=made.request.assemble)
    assert chosen.timing is not None and chosen.timing.step == made.timing.step
    least = min(share.memory.need for share in made.shares)
    with pytest.raises(ac.UsageError, match=r"no plan of vgg16 on 4 devices fits into 97.66 KiB; the least is "):
        plan(report, devices=4, scheme="auto", device_memory=100_000)
    small = plan(report, devices=4, scheme="auto", device_memory=least)
    assert small.fits and any("more than a device has" in other.why for other in small.alternatives)


def test_auto_says_why_a_scheme_cannot_serve() -> None:
    made = plan(ac.analyze("vit_b_16", batch=16), devices=4, scheme="auto")
    why = {other.name: other.why for other in made.alternatives}
    assert "mixes positions" in why["rows, halo exchange"]


# every network


def served(name: str, scheme: str, devices: int, **settings: Any) -> bool:
    """Whether a scheme serves a network; where it does, all sums agree, where not, the reason is one line."""
    try:
        made = plan(ac.analyze(name, batch=16), devices=devices, scheme=scheme, **settings)
    except ac.UsageError as error:
        assert str(error) and "\n" not in str(error)
        return False
    agrees(made)
    assert all(type(count) is int for count in made.sums().values())
    return True


SCHEMES = ("channels", "batch", "pipeline", "rows", "hybrid")
SAMPLE = (
    "lenet5",
    "alexnet",
    "googlenet",
    "resnet50",
    "shufflenet_v2_x1_0",
    "vit_b_16",
    "swin_t",
    "mobilenet_v3_small",
    "facenet_nn2",
)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", SAMPLE)
def test_sums_over_devices_are_the_totals(name: str, scheme: str) -> None:
    for devices in (1, 2, 3, 8):
        served(name, scheme, devices)


# requests and output


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(arguments), prog_name="archcalc")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_json_holds_the_whole_plan() -> None:
    status, out, _ = run("partition", "alexnet", "--format", "json", "--batch", "1")
    data = json.loads(out)
    assert status == 0
    assert [device["parameters"] for device in data["devices"]] == [30_482_612, 30_482_612]
    assert [crossing["values"] for crossing in data["crossings"]] == [21632, 21632, 4608, 4608, 2048, 2048, 2048, 2048]
    assert data["totals"]["batch_macs"] == 724_406_816
    assert Fraction(data["timing"]["step"]) > Fraction(data["timing"]["compute"]) > 0


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ("alexnet --devices 0", 2, "devices: 0 is not a whole number from 1 to 4,096"),
        ("alexnet --devices two", 2, "Invalid value for '--devices': 'two' is not a valid integer."),
        ("vgg16 --scheme channels", 2, "vgg16 has no `partition` that says its devices; give devices: a number"),
        ("vgg16 --devices 4", 2, "vgg16 has no `partition` that says its scheme; give scheme: one of channels, "),
        ("alexnet --scheme chanels", 2, "Invalid value for '--scheme': 'chanels' is not one of 'channels', "),
        ("lenet5 --devices 8 --scheme channels", 2, "C1 has 6 channels, too few for 8 devices; take at most 6"),
        ("swin_t --devices 4 --scheme channels", 2, "stage1.swin_block1.attention.attention has 3 heads, too few for 4 devices; take at most 3"),
        ("vgg16 --devices 2 --scheme channels --set classes=1", 2, "linear3 has 1 channel, too few for 2 devices; take at most 1"),
        ("mlp --devices 2 --scheme channels --symbols hidden", 2, "channels needs numbers: hidden has hidden channels; leave symbols to "),
        ("alexnet --link fast", 2, "link: 'fast' is not a number with a unit; write it like 16GB/s"),
        ("alexnet --link 0B/s", 2, "link: '0B/s' must be more than 0"),
        ("alexnet --speed 10GB/s", 2, "speed: '10GB/s' is not a number with a unit; write it like 10TFLOP/s"),
        ("alexnet --device-memory 12XB", 2, "device_memory: '12XB' is not a number with a unit; write it like 12GiB"),
        ("alexnet --batch 0", 2, "batch: 0 is not a size; it must be at least 1"),
        ("alexnet --optimizer sdg", 2, "optimizer: the word 'sdg' is not known; did you mean 'sgd'?"),
        ("alexnet --scheme batch --devices 4 --batch 2", 2, "a batch of 2 cannot be dealt out over 4 devices; give a batch of 4 or more"),
        ("alexnet --scheme hybrid --devices 4 --batch 2", 2, "a batch of 2 cannot be dealt out over 4 devices; give a batch of 4 or more"),
        ("alexnet --scheme batch --zero 1 --reduce tree", 2, "ZeRO scatters gradients around a ring; leave out reduce tree"),
        ("alexnet --scheme pipeline --micro-batches 1000", 2, "a batch of 128 cannot be cut into 1000 micro-batches; take at most 128"),
        ("alexnet --scheme pipeline --stages conv9", 2, "stages: alexnet has no layer 'conv9'; did you mean 'conv5'?"),
        ("alexnet --scheme pipeline --stages conv3,conv2 --devices 3", 2, "stages: conv2 must stand behind conv3, where a stage begins"),
        ("alexnet --scheme pipeline --stages conv3 --devices 3", 2, "stages: 3 devices need 2 layers with which a further stage begins, not 1"),
        ("mlp --scheme pipeline --devices 8", 2, "the 4 layers of mlp cannot make 8 stages; take at most 4"),
        ("vgg16 --scheme pipeline --devices 2 --symbols H", 2, "the best stages need numbers, and stage1.conv_relu1.conv or the batch holds a symbol; give stages, "),
        ("vgg16 --scheme pipeline --devices 4 --device-memory 1MiB", 2, "no cut into 4 stages fits into 1 MiB; the least that the largest stage needs is 1.15 GiB"),
        ("mlp --scheme rows --devices 2", 2, "the input 5 has no rows to deal out over 2 devices"),
        ("vgg16 --scheme rows --devices 300", 2, "the input 3x224x224 has 224 rows to deal out over 300 devices"),
        ("vgg16 --scheme rows --devices 2 --symbols H", 2, "rows needs numbers: stage1.conv_relu1.conv has H rows, not known to be a multiple of 2; give a number or a promise, such as --assume H%64==0"),
        ("vit_b_16 --scheme rows --devices 2", 2, "encoder_block1.attention.attention (attention) mixes positions with each other, so rows cannot be dealt out"),
        ("nin --scheme hybrid --devices 2", 2, "nin has no linear layers behind its last convolution; hybrid splits both parts, each in its way"),
        ("vgg16 --scheme auto --devices 2 --symbols N", 2, "auto compares the times of plans, and needs numbers for all symbols"),
        ("mlp --scheme channels --devices 257", 2, "channels are dealt out over at most 256 devices, not 257"),
        ("vgg16 --scheme auto --devices 2 --device-memory 1kB", 2, "no plan of vgg16 on 2 devices fits into 1,000 bytes; the least is "),
        ("alexnet --format pdf", 2, "unknown format 'pdf'; known: json, markdown, text"),
    ],
)  # fmt: skip
def test_bad_requests_get_one_line(arguments: str, status: int, message: str) -> None:
    code, out, err = run("partition", *arguments.split())
    line = err.rstrip("\n").split("\n")[-1]
    assert (code, out) == (status, "")
    assert line.startswith(f"Error: {message}"), line


@pytest.mark.parametrize(
    ("partition", "message"),
    [
        (
            "{devices: 2, scheme: chanels}",
            "partition.scheme: the word 'chanels' is not a scheme; did you mean 'channels'?",
        ),
        (
            "{devices: 2, scheme: batch, link: 16GB}",
            "partition.link: '16GB' is not a number with a unit; write it like 16GB/s",
        ),
        ("{devices: w - 4, scheme: batch}", "partition.devices: 0 is not a whole number from 1 to 4,096"),
        (
            "{devices: 2, scheme: batch, reduce: rign}",
            "partition.reduce: the word 'rign' is not a word for reduce; did you mean 'ring'?",
        ),
        ("{devices: 2, schema: batch}", "partition.schema: unknown field 'schema'; did you mean 'scheme'?"),
    ],
)
def test_a_wrong_partition_of_a_spec_names_its_place(partition: str, message: str, tmp_path: Any) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(
        f"input: [3, 8, 8]\nlet: {{w: 4}}\npartition: {partition}\nlayers:\n  - conv: {{filters: w, kernel: 3}}\n"
    )
    code, out, err = run("partition", str(path))
    assert (code, out) == (1, "")
    assert err.startswith(f"{path}:3:") and message in err


def test_a_plan_in_a_spec_is_the_commands(tmp_path: Any) -> None:
    path = tmp_path / "my.yaml"
    layers = "layers:\n  - repeat: 6\n    do: [{conv: {filters: 8, kernel: 3, pad: 1}}]\n"
    words = (
        "devices: half * 2, scheme: pipeline, stages: [conv3, conv4, conv6], batch: 8, link: 1.5GB/s, schedule: gpipe"
    )
    path.write_text(f"input: [3, 8, 8]\nlet: {{half: 2}}\npartition: {{{words}, micro_batches: 4}}\n{layers}")
    status, from_spec, _ = run("partition", str(path))
    assert status == 0
    path.write_text(f"input: [3, 8, 8]\n{layers}")
    options = "--devices 4 --scheme pipeline --stages conv3,conv4,conv6 --batch 8 --link 1500MB/s --schedule gpipe --micro-batches 4"
    status, from_command, _ = run("partition", str(path), *options.split())
    assert (status, from_command) == (0, from_spec)


def test_a_plan_that_was_found_can_be_written_down() -> None:
    """What the best stages and the best scheme print as a spec gives the same plan."""
    report = ac.analyze("alexnet_owt", batch=64)
    requests = [
        {"devices": 3, "scheme": "pipeline", "balance": "macs", "micro_batches": 8},
        {"devices": 2, "scheme": "auto", "device_memory": "1.5GiB", "link": "4.5GB/s"},
    ]
    for settings in requests:
        found = plan(report, **settings)
        (line,) = [fact for fact in found.facts if fact.startswith("in a spec: partition: ")]
        again = plan(report, **yaml.safe_load(line.removeprefix("in a spec: "))["partition"])
        assert again.scheme == found.scheme
        assert again.sums() == found.sums()
        assert again.crossing_bytes == found.crossing_bytes
        assert again.timing is not None and found.timing is not None and again.timing.step == found.timing.step
        assert [s.memory.total for s in again.shares] == [s.memory.total for s in found.shares]


def test_options_go_before_the_spec() -> None:
    made = plan(ac.analyze("alexnet"), devices=4)
    assert (made.devices, made.scheme) == (4, "channels")
    assert plan(ac.analyze("alexnet", let={"gpus": 1})).devices == 1


@pytest.mark.parametrize("format", ["text", "markdown", "json"])
@pytest.mark.parametrize("scheme", [*SCHEMES, "auto"])
def test_every_form_of_output(scheme: str, format: str) -> None:
    status, out, _ = run("partition", "alexnet_owt", "--devices", "2", "--scheme", scheme, "--format", format)
    assert status == 0
    if format == "json":
        assert json.loads(out)["network"] == "alexnet_owt"
    else:
        assert "most parameters: " in out


@pytest.mark.parametrize("devices", [1, 2, 3])
@pytest.mark.parametrize("name", ["vgg16", "googlenet", "resnet50", "swin_t", "shufflenet_v2_x1_0"])
def test_what_training_saves_is_shared_out_exactly(name: str, devices: int) -> None:
    """Saved and received of all stages are what the whole network saves; a batch that is dealt out, each its part."""
    report = ac.analyze(name, batch=6)
    whole = saved(report)
    pipeline = plan(report, devices=devices, scheme="pipeline", micro_batches=1)
    stages: dict[str, int] = {}
    starts = iter([share.holds.split(" .. ")[0].split(":")[0] for share in pipeline.shares])
    start, stage = next(starts), 0
    for layer in report.layers:
        if layer.path == start:
            start, stage = next(starts, ""), stage + 1
        stages[layer.path] = stage
    twice = 0  # what crosses may be kept on both sides: a ReLU its output, the next stage's convolution its input
    for crossing in pipeline.crossings:
        storage = whole.of[report.layer(crossing.tensor).node.number]
        keepers = {stages[action.node.path] for action in whole.actions if storage in action.keeps}
        twice += 6 * crossing.bytes * (keepers >= {crossing.source, crossing.target})
    assert sum(share.memory.saved + share.memory.received for share in pipeline.shares) == whole.bytes + twice
    batch = plan(report, devices=devices, scheme="batch")
    assert [share.memory.saved for share in batch.shares] == [
        whole.size.of(images) for images in batch.request.images()
    ]
    one = plan(report, devices=1, scheme="channels").shares[0].memory
    assert (one.saved, one.received) == (whole.bytes, 0)


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
@pytest.mark.parametrize("name", ["alexnet_owt", "vgg16", "resnet50", "vit_b_16"])
def test_peaks_are_those_of_training(name: str, optimizer: str) -> None:
    """On one device, and on each device of a batch that is dealt out."""
    settings = {"optimizer": optimizer}
    one = plan(ac.analyze(name, batch=6), devices=1, scheme="channels", **settings)
    assert one.shares[0].memory.peak == training(ac.analyze(name, batch=6), **settings).peak
    batch = plan(ac.analyze(name, batch=6), devices=2, scheme="batch", **settings)
    assert {share.memory.peak for share in batch.shares} == {training(ac.analyze(name, batch=3), **settings).peak}


def test_the_peak_of_a_stage_by_hand() -> None:
    """Two linear layers on two devices, a batch of 2 at once: each has its weights, and what it computes with."""
    spec = {"input": [4], "layers": [{"linear": {"units": 3, "bias": False}}, {"linear": {"units": 5, "bias": False}}]}
    report = ac.analyze(spec, batch=2)
    made = plan(report, devices=2, scheme="pipeline", stages=["linear2"], micro_batches=1, optimizer="sgd")
    first, second = (share.memory for share in made.shares)
    assert (first.parameters, first.saved, first.received) == (4 * 12, 4 * 2 * 4, 0)
    assert (second.parameters, second.saved, second.received) == (4 * 15, 0, 4 * 2 * 3)
    # weights, their gradients, the input, the gradient of the output
    assert first.peak == 4 * (12 + 12 + 2 * 4 + 2 * 3)
    # weights, their gradients, what was received and its gradient, the output, the loss and its gradient
    assert second.peak == 4 * (15 + 15 + 2 * 3 + 2 * 3 + 2 * 5 + 2)


def test_saved_bytes_of_a_split_by_hand() -> None:
    """AlexNet's first layers on two GPUs: the image on both, of the maps of conv1 half on each."""
    layers = [{"conv": {"filters": 96, "kernel": 11, "stride": 4}}, "relu", {"maxpool": {"kernel": 3, "stride": 2}}]
    layers += [{"conv": {"filters": 256, "kernel": 5, "pad": 2}}, "flatten", {"linear": 4}]
    made = plan(ac.analyze({"input": [3, 227, 227], "layers": layers}), devices=2, scheme="channels")
    image, relu, pool, indices, last = 3 * 227 * 227, 48 * 55 * 55, 48 * 27 * 27, 2 * 48 * 27 * 27, 128 * 27 * 27
    for share in made.shares:
        assert share.memory.saved == 4 * (image + relu + pool + indices + last)
        assert share.memory.received == 4 * (pool + last)  # the other half, for the convolution and the linear layer


def test_a_plan_that_does_not_fit_says_so() -> None:
    for memory, said in (
        ("1GiB", "does NOT fit: a device needs 5.91 GiB and has 1 GiB"),
        ("6GiB", "fits: the most that a device needs is 5.91 GiB of its 6 GiB"),
    ):
        status, printed, _ = run("partition", "vgg16", "--devices", "2", "--scheme", "batch", "--device-memory", memory)
        assert status == 0
        assert said in printed.splitlines()


def test_a_step_of_any_length_is_printed() -> None:
    status, printed, _ = run("partition", "lenet5", "--devices", "2", "--scheme", "batch", "--batch", "1" + 330 * "0")
    assert status == 0
    assert "a step takes " in printed


@pytest.mark.parametrize("scheme", ["channels", "batch", "pipeline", "rows"])
@pytest.mark.parametrize("zero", [0, 1, 2, 3])
def test_networks_without_parameters(scheme: str, zero: int) -> None:
    made = plan(
        ac.analyze({"input": [2, 8, 8], "layers": ["tanh", "sigmoid"]}), devices=2, scheme=scheme, zero=zero, batch=2
    )
    assert all(share.memory.need > 0 == share.parameters for share in made.shares)


def test_networks_of_unknown_kinds_count_their_outputs() -> None:
    """Where it is not known what training keeps, stored outputs count, and the plan says why."""
    spec = {"input": [3, 8, 8], "layers": [{"locally_connected": {"filters": 4, "kernel": 3}}, "sigmoid"]}
    made = plan(ac.analyze(spec), devices=2, scheme="batch", batch=2)
    assert made.shares[0].memory.saved == 4 * 2 * 4 * 6 * 6
    assert any(note.startswith("what training keeps is not known, so stored outputs count: ") for note in made.notes)


# Of 180 networks of the zoo on 1 to 8 devices: how many plans there are, and why there is none
COUNTED = {
    "channels": (1392, {"too few for": 48}),
    "batch": (1440, {}),
    "pipeline": (1311, {"cannot make": 129}),
    "rows": (1346, {"no rows to deal out": 7, "rows to deal out": 3, "mixes positions": 84}),
    "hybrid": (1072, {"no convolutions": 24, "no linear layers": 344}),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_network_on_1_to_8_devices(scheme: str) -> None:
    """Sums agree wherever a scheme can serve; all other requests are refused for one of the known reasons."""
    there_are, reasons = 0, dict.fromkeys(COUNTED[scheme][1], 0)
    for name in zoo.names():
        report = ac.analyze(name, batch=16)
        for devices in range(1, 9):
            try:
                made = plan(report, devices=devices, scheme=scheme)
            except ac.UsageError as error:
                assert "\n" not in str(error)
                reasons[next(reason for reason in reasons if reason in str(error))] += 1
                continue
            there_are += 1
            agrees(made)
            assert all(type(count) is int for count in made.sums().values())
    assert (there_are, reasons) == COUNTED[scheme]


@pytest.mark.parametrize("scheme", ["channels", "pipeline", "rows", "hybrid"])
def test_what_crosses_has_the_bits_of_what_was_written_over(scheme: str) -> None:
    """A ReLU in place holds the 8 bits of the convolution that it writes over; 32 bits follow behind the next one."""
    layers = [
        {"conv": {"filters": 8, "kernel": 3, "pad": 1, "bits": 8}},
        "relu",
        {"conv": {"filters": 8, "kernel": 3, "pad": 1}},
    ]
    spec = {"input": [4, 8, 8], "layers": [*layers, "flatten", {"linear": 4}]}
    made = plan(
        ac.analyze(spec, batch=2), devices=2, scheme=scheme, **({"stages": ["conv2"]} if scheme == "pipeline" else {})
    )
    bits = {crossing.tensor: crossing.bits for crossing in made.crossings}
    assert bits and all(found == (8 if tensor == "relu" else 32) for tensor, found in bits.items())
    assert ("relu" in bits) == (scheme != "hybrid")
