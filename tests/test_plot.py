"""Plots: what is drawn equals what the analyses found; files are whole, the same each time, and hold names as text."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import archcalc as ac
from archcalc.cli import main
from archcalc.efficiency import device, roofline
from archcalc.memory import inference
from archcalc.partition import plan
from archcalc.plot.files import paper, save
from archcalc.quantities import LAYER_QUANTITIES, depths
from archcalc.receptive import Fields
from archcalc.render.rows import Options, rows
from archcalc.sweeps import sweep
from archcalc.training import training

H, W, N = (ac.symbol(name) for name in "HWN")


def net(*layers: Any, size: Any = (3, 8, 8), **settings: Any) -> Any:
    """The report of a few layers."""
    return ac.analyze({"input": list(size), "layers": list(layers)}, **settings)


def title(ax: Any) -> list[str]:
    """The lines of the title."""
    return ax.get_title(loc="left").split("\n")


def ticks(axis: Any) -> list[str]:
    """The names at the ticks of an axis."""
    return [label.get_text() for label in axis.get_ticklabels()]


def labels(ax: Any) -> list[str]:
    """The texts of the legend."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


# Layers


@pytest.mark.parametrize("quantity", LAYER_QUANTITIES)
def test_bars_are_as_long_as_the_quantity(quantity: str) -> None:
    report = ac.analyze("alexnet")
    ax = ac.plot.layers(report, quantity)
    assert [bar.get_width() for bar in ax.patches] == [layer[quantity] for layer in report]
    assert ticks(ax.yaxis) == [layer.path for layer in report]
    assert title(ax)[0] == "alexnet: AlexNet" and "input 3x227x227" in title(ax)[1]


def test_bars_of_levels_are_the_rows_of_the_table() -> None:
    report = ac.analyze("resnet152")
    for depth in (1, 2, 3):
        ax = ac.plot.layers(report, "parameters", depth=depth)
        shown = rows(report, Options(depth=depth))
        assert [bar.get_width() for bar in ax.patches] == [row.quantity("parameters") for row in shown]
    assert sum(bar.get_width() for bar in ax.patches) == report.parameters


@pytest.mark.parametrize("network", ["lenet5", "vgg16", "resnet152", "googlenet", "vit_b_16", "swin_t", "densenet121"])
def test_without_a_depth_the_bars_stay_readable(network: str) -> None:
    assert 5 < len(ac.plot.layers(ac.analyze(network)).patches) <= 30


def test_heads_are_grey_and_the_legend_says_so() -> None:
    ax = ac.plot.layers(ac.analyze("googlenet_aux"), "macs")
    colours = {name: bar.get_facecolor() for name, bar in zip(ticks(ax.yaxis), ax.patches, strict=True)}
    assert {name for name, colour in colours.items() if colour == colours["aux1"]} == {"aux1", "aux2"}
    assert labels(ax) == ["in the totals", "of heads, not in the totals"]
    assert ac.plot.layers(ac.analyze("googlenet")).get_legend() is None


def test_a_log_scale_shows_all_that_is_above_0() -> None:
    ax = ac.plot.layers(ac.analyze("lenet5"), "parameters", log=True)
    assert ax.get_xscale() == "log"
    assert 0 < ax.get_xlim()[0] < 12 < 48120 < ax.get_xlim()[1]  # S2 has 12, C5 48,120
    with pytest.raises(ac.UsageError, match="nothing above 0 to draw on a log scale"):
        ac.plot.layers(net("flatten"), log=True)


def test_thousands_of_layers_are_one_outline() -> None:
    report = net({"repeat": 150, "do": [{"conv": {"filters": 3, "kernel": 1}}, "relu"]})
    ax = ac.plot.layers(report, "macs")
    (outline,) = ax.patches
    assert outline.get_data().values.tolist() == [layer.macs for layer in report]
    assert len(ticks(ax.yaxis)) == 50 and ax.figure.get_figheight() < 20


def test_names_are_cut_in_the_middle() -> None:
    (name, _) = ticks(ac.plot.layers(net({"relu": {}, "name": "x" * 200}, "sigmoid")).yaxis)
    assert len(name) == 40 and re.fullmatch(r"x+\.\.\.x+", name)


# Memory


@pytest.mark.parametrize("network", ["lenet5", "vgg16", "resnet50", "googlenet", "vit_b_16"])
def test_the_timeline_of_inference(network: str) -> None:
    report = ac.analyze(network, batch=4)
    found = inference(report)
    ax = ac.plot.memory(report)
    drawn = ax.patches[0].get_data()
    heights = [
        value
        for value, first, last in zip(drawn.values, drawn.edges[:-1], drawn.edges[1:], strict=True)
        for _ in range(int(last - first))
    ]
    assert heights == [step.bytes for step in found.schedule.steps]
    (mark,) = ax.lines
    assert mark.get_xydata().tolist() == [[found.schedule.peaks[0].number + 0.5, found.peak]]
    assert f"peak: {found.peak:,} bytes" in ax.texts[0].get_text()
    assert title(ax)[1].endswith("batch 4, float32")


def test_the_peak_is_named() -> None:
    assert "while stage1.conv_relu2.conv runs" in ac.plot.memory(ac.analyze("vgg16")).texts[0].get_text()
    report = ac.analyze("alexnet")
    text = ac.plot.memory(report, training(report, optimizer="adam")).texts[0].get_text()
    assert text.splitlines()[1] == "in the optimizer's step"


@pytest.mark.parametrize("settings", [{}, {"optimizer": "adam"}, {"checkpoint": "sqrt"}, {"amp": True}])
def test_the_parts_of_training_add_up_to_its_timeline(settings: dict[str, Any]) -> None:
    report = ac.analyze("resnet18", batch=2)
    found = training(report, **settings)
    ax = ac.plot.memory(report, found)
    top = ax.patches[-1].get_data()
    heights = {int(edge): value for edge, value in zip(top.edges, top.values, strict=False)}
    reached = 0.0
    for state in found.timeline:
        reached = heights.get(state.moment.number, reached)
        assert reached == state.bytes, state
    parts = dict(zip(labels(ax)[::-1], ax.patches, strict=True))
    assert parts["parameters"].get_data().values.tolist() == [report["parameter_bytes"]]
    assert ("state of the optimizer" in parts) == ("optimizer" in settings)


def test_another_run_of_inference_can_be_drawn() -> None:
    report = ac.analyze("googlenet")
    held = ac.plot.memory(report, inference(report, hold_input=True, in_place=False)).lines[0].get_ydata()[0]
    assert held == inference(report, hold_input=True, in_place=False).peak > inference(report).peak


# Receptive fields


def test_growth_along_depth() -> None:
    report = ac.analyze("vgg16")
    deep = {layer.path: depth for layer, depth in depths(report.trunk)}
    largest: dict[int, int] = {}
    for field in Fields(report):
        if field.path == "flatten":
            break
        largest[deep[field.path]] = max(largest.get(deep[field.path], 0), field.size)
    line = ac.plot.growth(report).lines[0]
    assert dict(line.get_xydata().tolist()) == largest
    assert largest[13] == 212  # behind the last pooling


def test_growth_of_several_networks() -> None:
    reports = [ac.analyze(name) for name in ("vgg16", "googlenet")]
    ax = ac.plot.growth(reports)
    assert labels(ax) == ["vgg16", "googlenet"]
    assert title(ax) == ["Receptive field along depth", "input 3x224x224"]
    assert [text.get_text() for text in ax.texts] == ["input: 224"]
    assert len(ax.collections) == 1  # only GoogLeNet has branches, and a band


def test_growth_has_a_line_for_each_axis_that_differs() -> None:
    ax = ac.plot.growth(net({"conv": {"filters": 1, "kernel": [3, 5]}}, {"conv": {"filters": 1, "kernel": [1, 3]}}))
    assert labels(ax) == ["rows", "columns"]
    assert [line.get_ydata().tolist() for line in ax.lines[:2]] == [[3, 3], [5, 7]]


def seen_pixels(ax: Any, high: int, wide: int) -> set[tuple[int, int]]:
    """The pixels whose middle lies in one of the rectangles that are drawn."""
    boxes = [path.get_extents() for path in ax.collections[0].get_paths()]
    return {
        (row, column)
        for row in range(high)
        for column in range(wide)
        if any(box.x0 < column + 0.5 < box.x1 and box.y0 < row + 0.5 < box.y1 for box in boxes)
    }


@pytest.mark.parametrize("unit", [(0, 0), (2, 3), (5, 5)])
def test_the_exact_pixels_of_a_unit(unit: tuple[int, int]) -> None:
    cross = {
        "concat": {
            "rows": {"conv": {"filters": 1, "kernel": [5, 1], "pad": [2, 0]}},
            "columns": {"conv": {"filters": 1, "kernel": [1, 5], "pad": [0, 2]}},
        }
    }
    report = net({"conv": {"filters": 2, "kernel": 3, "dilation": 3}}, cross, size=(1, 12, 12))
    ax = ac.plot.field(report, at=unit)
    (y, x), between = unit, range(6)  # the positions of the first convolution that exist
    read = {(y + step, x) for step in range(-2, 3)} | {(y, x + step) for step in range(-2, 3)}
    seen = {
        (row + 3 * down, column + 3 * right)
        for row, column in read if row in between and column in between for down in range(3) for right in range(3)
    }  # fmt: skip
    assert seen_pixels(ax, 12, 12) == seen
    assert f"sees {len(seen)} pixels" in title(ax)[1]


def test_the_box_before_clipping() -> None:
    ax = ac.plot.field(ac.analyze("alexnet"), "conv2", (0, 26))
    image, box = ax.patches
    assert image.get_bbox().bounds == (0, 0, 227, 227)
    assert box.get_bbox().bounds == (192, -16, 51, 51)  # rows -16 to 34, columns 192 to 242
    assert ax.yaxis_inverted()


def test_fields_of_inputs_without_rows() -> None:
    line = ac.plot.field(net({"conv": {"filters": 2, "kernel": 5}}, size=(4, 100)), at=[10])
    assert title(line)[1] == "unit 10 of conv sees 5 pixels, input 4x100"
    assert ac.plot.field(ac.analyze("mlp")).get_xlabel() == "numbers of the input"
    cube = ac.plot.field(net({"conv": {"filters": 2, "kernel": 3}}, size=(1, 9, 9, 9)))
    assert title(cube)[1] == "unit 3,3,3 of conv sees 27 pixels in 3 planes, input 1x9x9x9"


def test_several_inputs_want_a_name() -> None:
    two = {
        "input": {"a": [3, 8, 8], "b": [3, 8, 8]},
        "layers": [{"add": {"x": {"from": "a"}, "y": {"from": "b"}}}, {"conv": {"filters": 2, "kernel": 3}}],
    }
    report = ac.analyze(two)
    for draw in (ac.plot.growth, ac.plot.field):
        with pytest.raises(ac.UsageError, match="several inputs; name one: a, b"):
            draw(report)
        assert "input a 3x8x8, b 3x8x8" in title(draw(report, source="b"))[1]
    assert len(ac.plot.layers(report).patches) == 2
    assert ac.plot.memory(report).texts


# Networks, fronts, rooflines, partitions


def test_bubbles() -> None:
    reports = [ac.analyze(name) for name in ("alexnet", "vgg16", "resnet50", "mobilenet_v2")]
    ax = ac.plot.networks(reports)
    marks = ax.collections[0]
    assert marks.get_offsets().tolist() == [[report.macs, report.parameters] for report in reports]
    sizes = marks.get_sizes()
    assert sizes == pytest.approx([sizes[0] * report.activations / reports[0].activations for report in reports])
    assert [text.get_text() for text in ax.texts] == ["alexnet (3x227x227)", "vgg16", "resnet50", "mobilenet_v2"]
    assert labels(ax) == ["2.000 M", "20.00 M"] and "activations" in ax.get_legend().get_title().get_text()
    with pytest.raises(ac.UsageError, match="has no macs"):
        ac.plot.networks(net("relu"))


def test_names_of_bubbles_do_not_cover_each_other() -> None:
    names = [
        "vgg11",
        "vgg13",
        "vgg16",
        "vgg19",
        "resnet18",
        "resnet34",
        "resnet50",
        "resnet101",
        "resnet152",
        "googlenet",
    ]
    ax = ac.plot.networks([ac.analyze(name) for name in names])
    from matplotlib.text import Text

    boxes = [Text.get_window_extent(text) for text in ax.texts]
    assert len(boxes) == len(names)
    assert not any(a.overlaps(b) for number, a in enumerate(boxes) for b in boxes[:number])


def test_a_front_is_that_of_the_sweep() -> None:
    vary = {"alpha": "0.25:1:0.25", "H=W": "128:224:32"}
    front = sweep(["mobilenet", "mobilenet_v2"], vary, ["macs"], pareto="macs,+alpha")
    ax = ac.plot.pareto(front, sweep(["mobilenet", "mobilenet_v2"], vary, ["macs"]))
    drawn = [point for marks in ax.collections[1:] for point in marks.get_offsets().tolist()]
    assert sorted(drawn) == sorted([row["macs"], row["alpha"]] for row in front)
    assert len(ax.collections[0].get_offsets()) == 32
    assert set(labels(ax)) == {"other points", *(row["network"] for row in front)}
    assert ax.get_xlabel() == "MACs (multiply-accumulates), small is better"
    assert ax.get_ylabel() == "alpha, large is better"
    assert ax.lines[0].get_drawstyle() == "steps-post"


def test_a_third_quantity_is_a_colour() -> None:
    front = sweep("mobilenet", {"alpha": "0.25:1:0.25", "H=W": "128:224:32"}, ["macs"], pareto="macs,+alpha,+H")
    ax = ac.plot.pareto(front)
    assert ax.collections[0].get_array().tolist() == front.columns["H"].tolist()
    assert not ax.lines


@pytest.mark.parametrize(
    ("pareto", "told"), [(None, "keeps no front"), ("macs", "compares 1"), ("macs,+alpha,+H,parameters", "compares 4")]
)
def test_what_is_no_front_to_draw(pareto: str | None, told: str) -> None:
    found = sweep("mobilenet", {"alpha": "0.5:1:0.5", "H=W": "128:224:32"}, ["macs"], pareto=pareto)
    with pytest.raises(ac.UsageError, match=told):
        ac.plot.pareto(found)


def test_layers_stand_on_the_roofline() -> None:
    found = roofline(ac.analyze("alexnet", batch=128), "gtx580")
    ax = ac.plot.roofline(found)
    peak, slope = device("gtx580").peak("float32").value, device("gtx580").bandwidth.value
    drawn = {tuple(point) for marks in ax.collections for point in marks.get_offsets().tolist()}
    for bound in found.bounds:
        if bound.flops and bound.latency:
            x = Fraction(bound.flops * 8, bound.bits)
            assert (float(x), float(min(peak, x * slope))) in drawn
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert {text.get_text() for text in ax.texts} <= {layer.path for layer in found.report}
    assert any(re.fullmatch(r"bound by compute: 93\.\d % of the time", label) for label in labels(ax))
    with pytest.raises(ac.UsageError, match="no place under a roof"):
        ac.plot.roofline(roofline(net("flatten"), "a100"))


@pytest.mark.parametrize("scheme", ["batch", "channels", "pipeline", "rows", "hybrid"])
def test_devices_hold_and_move_what_the_plan_says(scheme: str) -> None:
    made = plan(ac.analyze("vgg11"), devices=3, scheme=scheme, batch=7, device_memory="12GiB")
    ax = ac.plot.partition(made)
    bars = {container.get_label(): [bar.get_width() for bar in container] for container in ax.containers}
    assert "a device has 12.88 GB" in labels(ax)
    counts = [_count(name) for name in ticks(ax.yaxis)]
    assert sum(counts) == 3
    for part, of in (("parameters", "parameters"), ("kept for backward", "saved")):
        together = sum(count * value for count, value in zip(counts, bars[part], strict=True))
        assert together == pytest.approx(float(sum(getattr(share.memory, of) for share in made.shares)))
    for way in ("sent in a step", "received in a step"):
        together = sum(count * value for count, value in zip(counts, bars[way], strict=True))
        assert together == pytest.approx(float(made.crossing_bytes))


def _count(name: str) -> int:
    first, _, last = name.partition(":")[0].removesuffix(", each").removeprefix("device ").partition("-")
    return int(last or first) - int(first) + 1


def test_equal_devices_share_a_row() -> None:
    ax = ac.plot.partition(plan(ac.analyze("lenet5"), devices=1024, scheme="batch", batch=2048))
    assert ticks(ax.yaxis) == ["1-1024, each: all 14 layers"]


def test_too_many_different_devices() -> None:
    made = plan(
        net(*[{"conv": {"filters": 3 + n, "kernel": 1}} for n in range(120)]), devices=120, scheme="pipeline", batch=120
    )
    with pytest.raises(ac.UsageError, match="at most 100 different devices"):
        ac.plot.partition(made)


# Symbols, text, axes


@pytest.mark.parametrize(
    "draw",
    [
        ac.plot.layers, ac.plot.memory, ac.plot.growth, ac.plot.field, ac.plot.networks,
        lambda report: ac.plot.partition(plan(report, devices=2, scheme="batch", batch=2)),
    ],
)  # fmt: skip
def test_symbols_are_refused_by_name(draw: Any) -> None:
    with pytest.raises(
        ac.UsageError, match="a plot needs numbers, and H, W are symbols: analyze the network with numbers"
    ):
        draw(ac.analyze("vgg11", input=(3, H, W)))


def test_what_holds_no_symbol_is_drawn() -> None:
    report = ac.analyze("resnet18", input=(3, H, W))
    assert title(ac.plot.layers(report, "parameters"))[1] == "parameters by layer, input 3xHxW"
    with pytest.raises(ac.UsageError, match="N is a symbol"):
        ac.plot.memory(ac.analyze("lenet5", batch=N))


HOSTILE = "$x$ <img onerror=alert(1)> \\frac{1}{2} & _ \x1b[31m \u202e"


def hostile() -> Any:
    return ac.analyze({"title": HOSTILE, "input": [3, 32, 32], "layers": [{"conv": {"filters": 8, "kernel": 3}}]})


@pytest.mark.parametrize(
    "draw",
    [
        ac.plot.layers, ac.plot.memory, ac.plot.growth, ac.plot.field, lambda r: ac.plot.memory(r, training(r)),
        lambda r: ac.plot.partition(plan(r, devices=2, scheme="batch", batch=2)),
    ],
)  # fmt: skip
def test_text_is_no_mathematics(draw: Any, tmp_path: Path) -> None:
    from matplotlib.text import Text

    with paper():
        ax = draw(hostile())
        save(ax, tmp_path / "x.svg", "svg")
    shown = [text for text in ax.findobj(Text) if "$" in text.get_text()]
    assert shown and not any(text.get_parse_math() for text in shown)
    texts = {element.text for element in ET.parse(tmp_path / "x.svg").iter() if element.tag.endswith("text")}
    assert any(
        text and text.startswith("network: $x$ <img onerror=alert(1)> \\frac{1}{2} & _ \\x1b[31m \\u202e")
        for text in texts
    )


def test_names_with_an_underscore_are_in_the_legend() -> None:
    reports = [ac.analyze("lenet5"), ac.analyze("mlp")]
    object.__setattr__(reports[0], "name", "_$x$")
    assert labels(ac.plot.growth(reports))[0].strip() == "_$x$"


def test_axes_of_the_user_are_drawn_on_and_pyplot_is_left_alone() -> None:
    script = """
import sys
import archcalc as ac
from matplotlib.figure import Figure
figure = Figure(figsize=(3, 2))
left, right = figure.subplots(1, 2)
assert ac.plot.layers(ac.analyze("lenet5"), ax=left) is left
assert len(left.patches) == 14 and not right.patches
assert figure.get_size_inches().tolist() == [3, 2]
own = ac.plot.layers(ac.analyze("lenet5"))
picture, size = own._repr_png_()
assert picture.startswith(b"\\x89PNG") and size == {"width": 576, "height": 308}, size
assert "matplotlib.pyplot" not in sys.modules
import matplotlib
assert matplotlib.rcParams["svg.hashsalt"] is None
"""
    subprocess.run([sys.executable, "-c", script], check=True)


# The command line


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["plot", *arguments])


COMMANDS = {
    "layers": ["lenet5"],
    "memory": ["lenet5", "--training", "--optimizer", "adam"],
    "growth": ["lenet5", "alexnet"],
    "field": ["lenet5", "--layer", "C3", "--at", "0,9"],
    "networks": ["lenet5", "alexnet"],
    "pareto": ["mobilenet", "--vary", "alpha=0.5:1:0.25", "--vary", "H=W=128:224:32", "--pareto", "macs,+H"],
    "roofline": ["lenet5", "--device", "raspberrypi5"],
    "partition": ["alexnet", "--device-memory", "2GiB"],
}


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test stands in an empty folder."""
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


BEGINS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}


@pytest.mark.parametrize("kind", COMMANDS)
def test_every_kind_writes_every_format_twice_the_same(kind: str, empty: Path) -> None:
    for suffix, begin in BEGINS.items():
        for name in ("a", "B"):
            done = run(kind, *COMMANDS[kind], "-o", f"{name}.{suffix if name == 'a' else suffix.upper()}")
            assert (done.exit_code, done.output) == (0, "")
        first, second = (empty / f"a.{suffix}").read_bytes(), (empty / f"B.{suffix.upper()}").read_bytes()
        assert first.startswith(begin) and first == second
    assert len(list(empty.iterdir())) == 6


def test_files_are_the_same_in_another_process_and_with_other_settings(empty: Path) -> None:
    assert run("layers", "lenet5", "-o", "here.svg").exit_code == 0
    (empty / "matplotlibrc").write_text("text.usetex: True\nfont.size: 30\nbackend: nonsense\n")
    command = [sys.executable, "-m", "archcalc", "plot", "layers", "lenet5", "-o", "there.svg"]
    subprocess.run(command, check=True, env={**__import__("os").environ, "PYTHONHASHSEED": "7"})
    assert (empty / "here.svg").read_bytes() == (empty / "there.svg").read_bytes()


def test_a_picture_says_what_was_drawn(empty: Path) -> None:
    digests = []
    for name, arguments in {"a": [], "b": ["--batch", "2"], "c": ["--input", "1x36x36"], "d": ["--log"]}.items():
        assert run("layers", "lenet5", *arguments, "-o", f"{name}.svg").exit_code == 0
        digests += re.findall(
            r"<dc:identifier>(sha256:[0-9a-f]{64})</dc:identifier>", (empty / f"{name}.svg").read_text()
        )
    assert digests[0] == digests[1]  # a batch changes no MACs of an image
    assert len(set(digests)) == 3


def test_several_networks_stand_below_each_other(empty: Path) -> None:
    assert run("layers", "lenet5", "alexnet", "-o", "two.svg").exit_code == 0
    text = (empty / "two.svg").read_text()
    assert text.index("lenet5: LeNet-5") < text.index("alexnet: AlexNet") and text.count('id="axes_') == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["layers", "lenet5"], "a plot is written to a .svg, .png or .pdf file; name one, such as -o picture.svg"),
        (["layers", "lenet5", "-o", "x.jpg"], "a plot is written to a .svg, .png or .pdf file; 'x.jpg' is none, such as -o picture.svg"),
        (["layer", "lenet5", "-o", "x.svg"], "there is no kind of plot 'layer'; did you mean 'layers'?"),
        (["vgg16", "-o", "x.svg"], "there is no kind of plot 'vgg16'; kinds: field, growth, layers, memory, networks, pareto, partition, roofline"),
        (["layers", "lenet5", "--quantity", "mac", "-o", "x.svg"], "unknown quantity 'mac'; did you mean 'macs'?"),
        (["layers", "lenet5", "--quantity", "batch_macs", "-o", "x.svg"], "'batch_macs' is of the whole network, not of a layer"),
        (["memory", "lenet5", "--optimizer", "adam", "-o", "x.svg"], "--optimizer is about training; add --training"),
        (["field", "lenet5", "--layer", "C9", "-o", "x.svg"], "lenet5 has no layer 'C9'"),
        (["field", "lenet5", "--at", "a", "-o", "x.svg"], "--at a: write whole numbers with commas between"),
        (["pareto", "mobilenet", "-o", "x.svg"], "a front needs --vary NAME=VALUES and --pareto A,B"),
        (["pareto", "mobilenet", "--vary", "alpha=0.5:1:0.5", "--pareto", "mac,+alpha", "-o", "x.svg"], "pareto: 'mac' is no quantity and not varied"),
        (["pareto", "mobilenet", "--vary", "alpha=0.5:1:0.5", "--pareto", "macs,+alpha", "--where", "macs<2", "-o", "x.svg"], "there is no front"),
        (["roofline", "lenet5", "--device", "a1000", "-o", "x.svg"], "there is no device 'a1000'"),
        (["partition", "vgg16", "-o", "x.svg"], "vgg16 has no `partition` that says its devices"),
        (["growth", "lenet5", "--symbols", "H,W", "-o", "x.svg"], "a plot needs numbers, and H, W are symbols"),
    ],
)  # fmt: skip
def test_wrong_requests(arguments: list[str], told: str, empty: Path) -> None:
    done = run(*arguments)
    assert done.exit_code == 2 and told in done.output and done.output.count("\n") == 1
    assert not list(empty.iterdir())


def test_a_file_is_whole_or_not_there(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty / "old.png").write_bytes(b"old")
    from matplotlib.figure import Figure

    def broken(self: Any, path: Any, **options: Any) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", broken)
    done = run("layers", "lenet5", "-o", "old.png")
    assert done.exit_code == 1 and done.output == "Error: cannot write old.png: No space left on device\n"
    assert (empty / "old.png").read_bytes() == b"old" and len(list(empty.iterdir())) == 1
    assert "cannot write no/x.svg" in run("layers", "lenet5", "-o", "no/x.svg").output


def test_a_png_that_would_be_too_high_is_refused(empty: Path) -> None:
    done = run("layers", *["vgg16"] * 70, "-o", "x.png")
    assert done.exit_code == 2 and "too high for a PNG" in done.output and not list(empty.iterdir())


def test_characters_that_no_font_has_are_no_warning(empty: Path) -> None:
    Path("x.yaml").write_text("title: 名前 🎉\ninput: [3, 8, 8]\nlayers: [relu]\n", encoding="utf-8")
    done = run("layers", "x.yaml", "-o", "x.png")
    assert (done.exit_code, done.output) == (0, "")


def test_without_matplotlib_one_line_says_what_to_install(empty: Path) -> None:
    script = "import sys\nsys.modules['matplotlib'] = None\nfrom archcalc.__main__ import main\nsys.argv = ['archcalc', 'plot', 'layers', 'lenet5', '-o', 'x.svg']\nmain()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "Error: plots need Matplotlib: pip install 'archcalc[plot]'\n",
    )
    assert not list(empty.iterdir())
    script = "import sys\nsys.modules['matplotlib'] = None\nimport archcalc as ac\ntry:\n    ac.plot.layers(ac.analyze('lenet5'))\nexcept ac.UsageError as error:\n    print(error)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "plots need Matplotlib: pip install 'archcalc[plot]'\n"


def test_other_commands_and_help_import_no_matplotlib() -> None:
    script = "import sys\nfrom archcalc.cli import main\ntry:\n    main({!r})\nfinally:\n    assert not {{'matplotlib', 'numpy'}} & set(sys.modules)"
    for arguments in (["plot", "--help"], ["plot", "layers", "--help"], ["memory", "lenet5", "--brief"]):
        subprocess.run([sys.executable, "-c", script.format(arguments)], check=True, capture_output=True)


def test_settings_of_the_user_do_not_turn_names_into_tex() -> None:
    import matplotlib
    from matplotlib.text import Text

    with matplotlib.rc_context({"text.usetex": True}):
        ax = ac.plot.layers(hostile())
        named = [text for text in ax.findobj(Text) if "$" in text.get_text() or text.get_text() == "conv"]
        assert len(named) >= 2 and not any(text.get_usetex() or text.get_parse_math() for text in named)
