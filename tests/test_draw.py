"""Pictures of networks: every layer and edge is there once, shapes and costs are the report's, any text is text."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import archcalc as ac
from archcalc.cli import main
from archcalc.draw import FORMATS, draw
from archcalc.draw.diagram import Box, diagram_of
from archcalc.draw.layout import Item, Layout, Link, arrange
from archcalc.errors import UsageError
from archcalc.network import variants
from archcalc.partition import plan
from archcalc.zoo import files

SVG = "{http://www.w3.org/2000/svg}"
SAMPLE = ("mlp", "lenet5", "googlenet_aux", "resnet152", "densenet121", "vit_b_16", "mobilenet_v2", "swin_t")
ALL = sorted(network.name for name in files() for network in variants(name))
HOSTILE = "<img src=x onerror=alert(1)></script>\"'\\n$x$ `;] -- #quot; & 1. \u5377\u79ef"
TWISTED = {"title": HOSTILE, "input": [3, 8, 8], "layers": [{"conv": {"filters": 4, "kernel": 1}, "name": "a" * 60}]}
UNET = Path(__file__).parent / "specs" / "examples" / "unet.yaml"


def leaves(made: Any) -> list[Box]:
    return [box for box in made.walk() if not box.children and box.layers]


@pytest.mark.parametrize("name", [*SAMPLE, *(pytest.param(name, marks=pytest.mark.exhaustive) for name in ALL)])
def test_boxes_stand_for_every_layer_once(name: str) -> None:
    """The layers of the boxes, times their rounds and those of the frames around them, are the network's."""
    report = ac.analyze(name)

    def count(box: Box) -> int:
        inside = sum(map(count, box.children)) if box.children else len(box.layers)
        return box.repeat * inside

    made = diagram_of(report)
    assert sum(count(box) for box in made.boxes) == len(report.layers)
    drawn = {box.number for box in made.walk() if not box.children}
    assert all(edge.source in drawn and edge.target in drawn for edge in made.edges)
    read = {edge.target for edge in made.edges}
    assert read == {box.number for box in leaves(made)}, "every layer is read into"
    for source, target, shape in made.edges:
        node = report.graph.nodes[target]
        assert shape in map(str, node.shapes)
        assert source < target
    for depth in (1, 2):
        cut = diagram_of(report, depth)
        assert all(box.path.count(".") < depth for box in cut.walk())
        assert sum(count(box) for box in cut.boxes) == len(report.layers)


def test_repeats_are_drawn_once() -> None:
    made = diagram_of(ac.analyze("resnet152"))
    named = {box.name: box.repeat for box in made.walk() if box.repeat != 1}
    assert named == {"residual2-3": 2, "residual2-8": 7, "residual2-36": 35}
    (stage,) = [box for box in made.boxes if box.name == "conv4_x"]
    assert [(box.name, box.repeat) for box in stage.children] == [("residual1", 1), ("residual2-36", 35)]
    svg = draw(ac.analyze("resnet152"))
    assert "residual2-36 \N{MULTIPLICATION SIGN} 35" in svg
    body = {
        "input": [3, 8, 8],
        "layers": [{"repeat": 23, "do": [{"conv": {"filters": 3, "kernel": 3, "pad": 1}}, "relu"]}],
    }
    (frame,) = diagram_of(ac.analyze(body)).boxes[1:]
    assert (frame.name, frame.repeat, [box.caption for box in frame.children]) == ("", 23, ["conv 3x3, 3", "relu"])


def test_rounds_within_rounds() -> None:
    inner = {
        "repeat": 3,
        "do": [{"conv": {"filters": 4, "kernel": 3, "pad": 1}}, {"add": {"main": ["relu"], "skip": []}}],
    }
    spec = {
        "input": [4, 8, 8],
        "layers": [
            {"repeat": 5, "do": [inner, "sigmoid"]},
            {"conv": {"filters": 4, "kernel": 3, "pad": 1}, "name": "last"},
        ],
    }
    made = diagram_of(ac.analyze(spec))
    (outer,) = [box for box in made.boxes if box.children]
    assert (outer.repeat, [box.repeat for box in outer.children]) == (5, [3, 1])
    sigmoid, last = outer.children[-1].number, made.boxes[-1].number
    assert [edge.source for edge in made.edges if edge.target == last] == [sigmoid], "of the last round, drawn as first"
    only = {"input": [4, 8, 8], "layers": [{"repeat": 5, "do": [inner]}]}
    (outer,) = diagram_of(ac.analyze(only)).boxes[1:]
    assert (outer.repeat, [box.repeat for box in outer.children]) == (5, [3])


def test_repeats_by_a_symbol() -> None:
    report = ac.analyze("resnet50", let={"depths": [3, 4, ac.symbol("n"), 3]})
    (box,) = [box for box in diagram_of(report, 2).walk() if str(box.repeat) == "n - 1"]
    second = [layer for layer in ac.analyze("resnet50") if layer.path.startswith("conv4_x.residual2.")]
    assert box.quantity("parameters") == sum(layer.parameters for layer in second), "of one round"
    assert "\N{MULTIPLICATION SIGN} (n - 1)" in draw(report)


def test_branches_stand_side_by_side_and_in_order() -> None:
    """The columns of GoogLeNet's Table 1 from left to right."""
    root = ElementTree.fromstring(draw(ac.analyze("googlenet"), depth=2))
    at = {
        group.findtext(f"{SVG}title", "").partition(":")[0]: group.find(f"{SVG}rect") for group in root.iter(f"{SVG}g")
    }
    branches = [at[f"inception3a.{name}"] for name in ("1x1", "3x3", "5x5", "pool")]
    assert len({box.get("y") for box in branches if box is not None}) == 1
    xs = [float(box.get("x", "0")) for box in branches if box is not None]
    assert xs == sorted(xs) and len(xs) == 4


def overlaps(layout: Layout) -> list[tuple[int, int]]:
    """Pairs of boxes that share a place."""
    boxes = [place for place in layout.places if not place.item.children]
    return [
        (a.item.number, b.item.number)
        for a, b in itertools.combinations(boxes, 2)
        if a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height
    ]


def layout_of(network: Any) -> Layout:
    made = diagram_of(ac.analyze(network))

    def item(box: Box) -> Item:
        return Item(box.number, 40 + 7 * len(box.caption), 0 if box.children else 20, tuple(map(item, box.children)))

    return arrange([item(box) for box in made.boxes], [Link(*edge) for edge in made.edges])


@pytest.mark.parametrize("network", [*SAMPLE[:6], str(UNET)])
def test_boxes_do_not_overlap_and_edges_do_not_pass_through_them(network: str) -> None:
    layout = layout_of(network)
    assert overlaps(layout) == []
    boxes = [place for place in layout.places if not place.item.children]
    for part in layout.segments:
        for place in boxes:
            if part.y0 < place.y and place.y + place.height < part.bend:
                assert not place.x < part.x0 < place.x + place.width, f"an edge passes {place.item.number}"
    frames = {place.item: place for place in layout.places if place.item.children}
    for item, frame in frames.items():
        numbers = set(item.numbers())
        for place in boxes:
            is_within = frame.x <= place.x and place.x + place.width <= frame.x + frame.width + 1e-6
            is_within = is_within and frame.y <= place.y and place.y + place.height <= frame.y + frame.height
            assert is_within == (place.item.number in numbers)


def test_edges_cross_no_more_than_they_must() -> None:
    """Two pairs that would cross in the order of the file."""
    items = [Item(number, 40, 20) for number in range(5)]
    layout = arrange(items, [Link(0, 1), Link(0, 2), Link(1, 4), Link(2, 3)])
    x = {place.item.number: place.x for place in layout.places}
    assert (x[1] < x[2]) == (x[4] < x[3])


def test_costs_are_those_of_the_report() -> None:
    svg = draw(ac.analyze("vgg16"), costs=True, depth=1)
    root = ElementTree.fromstring(svg)
    texts = {
        group.findtext(f"{SVG}title", "").partition(":")[0]: [text.text for text in group.iter(f"{SVG}text")]
        for group in root.iter(f"{SVG}g")
    }
    assert texts["stage1"] == ["stage1", "5 layers", "38.72 k parameters, 1.936 G MACs"]
    assert texts["fc6" if "fc6" in texts else "linear1"][-1] == "102.8 M parameters, 102.8 M MACs"
    assert "MACs" not in draw(ac.analyze("vgg16"))


def test_devices_are_colours() -> None:
    report = ac.analyze("vgg16")
    over = plan(report, devices=3, scheme="pipeline", batch=12)
    made = diagram_of(report, plan=over)
    assert [box.devices for box in leaves(made)] == sorted(box.devices for box in leaves(made))
    assert {box.devices for box in leaves(made)} == {(1,), (2,), (3,)}
    firsts = [crossing.before for crossing in over.crossings]
    assert [box.path for box in leaves(made) if "cross" in made.lines(box)[-1]] == firsts
    svg = draw(report, plan=over)
    assert all(f"device {number}" in svg for number in (1, 2, 3)) and "device 4" not in svg
    alexnet = ac.analyze("alexnet")
    split = diagram_of(alexnet, plan=plan(alexnet))
    assert [box.path for box in leaves(split) if "cross" in split.lines(box)[-1]] == ["conv3", "fc6", "fc7", "fc8"]
    assert leaves(split)[-1].devices == (1,), "softmax stands behind all layers with filters, on the first device"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("network", ["googlenet_aux", "siamese" if "siamese" in ALL else "mlp", str(UNET)])
def test_every_format_names_every_box_and_shape(format: str, network: str) -> None:
    report = ac.analyze(network)
    text = draw(report, format, costs=True)
    shapes = {str(node.output) for node in report.graph.nodes}
    drawn = {edge.shape for edge in diagram_of(report).edges}
    assert all(shape in text for shape in (shapes if format == "html" else drawn))
    assert draw(report, format, costs=True) == text


def test_dot_is_read_by_graphviz(tmp_path: Path) -> None:
    program = shutil.which("dot")
    if program is None:
        pytest.skip("Graphviz is not installed: DOT is NOT read by it")
    for network in (*SAMPLE, TWISTED):
        report = ac.analyze(network)
        done = subprocess.run(
            [program, "-Tplain"],
            input=draw(report, "dot", costs=True).encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        lines = done.stdout.decode().splitlines()
        made = diagram_of(report)
        assert sum(line.startswith("edge ") for line in lines) == len(made.edges)
        assert sum(line.startswith("node ") for line in lines) == len(leaves(made)) + len(report.inputs)


def test_any_text_is_text(tmp_path: Path) -> None:
    """Titles and names of files are free; names of layers are letters, digits, _ - and ."""
    svg = ElementTree.fromstring(draw(ac.analyze(TWISTED)))
    assert {element.tag.removeprefix(SVG) for element in svg.iter()} == {
        "svg",
        "title",
        "style",
        "g",
        "rect",
        "text",
        "path",
    }
    assert svg.findtext(f"{SVG}title") == f"network: {HOSTILE}"
    html = draw(ac.analyze(TWISTED), "html")
    assert "<img" not in html and "</script" not in html
    path = tmp_path / 'a"];<b>`.yaml'
    path.write_text("input: [3]\nlayers:\n  - linear: 2\n", encoding="utf-8")
    report = ac.analyze(path)
    assert draw(report, "dot").startswith('digraph "a\\"];<b>`" {')
    assert ElementTree.fromstring(draw(report)).findtext(f"{SVG}title") == 'a"];<b>`'


def test_what_cannot_be_drawn_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"unknown format 'png'.*known: dot, html, mermaid, svg"):
        draw(ac.analyze("mlp"), "png")
    monkeypatch.setattr("archcalc.draw.diagram.MAX_BOXES", 100)
    with pytest.raises(UsageError, match=r"densenet121 would be drawn with 671 boxes, more than 100; a depth"):
        draw(ac.analyze("densenet121"))
    assert "dense_block" in draw(ac.analyze("densenet121"), depth=1)
    monkeypatch.setattr("archcalc.draw.layout.MAX_TURNS", 10)
    with pytest.raises(UsageError, match="edges pass too many layers"):
        draw(ac.analyze(str(UNET)))


def test_notebooks_show_the_picture() -> None:
    report = ac.analyze("lenet5")
    made = report.draw(depth=1, costs=True)
    assert made._repr_svg_() == draw(report, depth=1, costs=True)
    assert repr(made) == "<Diagram of lenet5: 15 boxes>"


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke
    done = run(main, ["draw", "googlenet", "--output", "g.svg", "--costs"])
    assert (done.exit_code, done.output) == (0, "")
    ElementTree.fromstring(Path("g.svg").read_text("utf-8"))
    assert run(main, ["draw", "lenet5", "--format", "mermaid"]).output.startswith("flowchart TB\n")
    assert run(main, ["draw", "lenet5", "--format", "dot"]).output.startswith('digraph "lenet5" {\n')
    assert "device 2" in run(main, ["draw", "alexnet", "--devices", "2"]).output
    refused = run(main, ["draw", "lenet5", "--devices", "2"])
    assert refused.exit_code == 2 and "has no `partition` that says its scheme" in refused.output
    symbolic = run(main, ["draw", "vgg16", "--symbols", "H,W", "--depth", "1"])
    assert symbolic.exit_code == 0 and "512xfloor(H/16)xfloor(W/16)" in symbolic.output
