"""Explanations: every rule with its numbers, evaluated on its own, is the figure; nothing is left unexplained."""

from __future__ import annotations

import ast
import json
import math
import random
import re
import shutil
import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from test_layers import CASES, Case
from test_structure import loaded_after

import archcalc as ac
from archcalc import dims, zoo
from archcalc.cli import main
from archcalc.explain import CONVENTIONS, Explanation, Rule, explain
from archcalc.explain import fields as fields_of
from archcalc.explain.exactness import losses
from archcalc.explain.residues import zeros
from archcalc.layers import JOINS, find, make
from archcalc.layers.base import REGISTRY
from archcalc.quantities import NAMES, QUANTITIES
from archcalc.receptive import Fields
from archcalc.render.equations import PAGE, width
from archcalc.render.explain import FORMATS, explanation
from archcalc.render.explain_words import title
from archcalc.shapes import Shape

DOCS = Path(__file__).resolve().parent.parent / "docs"


# an evaluator of its own


def evaluated(text: str, names: dict[str, Any] | None = None) -> Any:
    """The value of a rule as it is printed, by exact arithmetic on its syntax tree."""
    return _value(ast.parse(text, mode="eval").body, names or {})


def _value(node: ast.expr, names: dict[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        assert type(node.value) is int
        return Fraction(node.value)
    if isinstance(node, ast.Name):
        return Fraction(names[node.id])
    if isinstance(node, ast.UnaryOp):
        assert isinstance(node.op, ast.USub)
        return -_value(node.operand, names)
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, names), _value(node.right, names)
        if isinstance(node.op, ast.Div):
            return left / right
        if isinstance(node.op, ast.Pow):
            return left ** int(right)
        return {ast.Add: left + right, ast.Sub: left - right, ast.Mult: left * right}[type(node.op)]
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    args = [_value(arg, names) for arg in node.args]
    if node.func.id == "gcd":
        return Fraction(math.gcd(*map(int, args)))
    return Fraction({"floor": math.floor, "ceil": math.ceil, "max": max, "min": min}[node.func.id](*args))


def test_the_evaluator_can_fail() -> None:
    assert evaluated("floor((227 + 2*0 - 11)/4) + 1") == 55
    assert evaluated("a*b - 3/2", {"a": 2, "b": 5}) == Fraction(17, 2)
    with pytest.raises((AssertionError, KeyError)):
        evaluated("len(3)")


def check_rule(rule: Rule) -> None:
    """The numbers give the value, and so does the rule in names with the values of its letters."""
    value = rule.value
    if rule.numbers:
        assert evaluated(rule.numbers) == value, (rule.name, rule.numbers, value)
    if rule.names:
        letters: dict[str, Any] = {}
        text = rule.names
        for number, leaf in enumerate(sorted(rule.leaves(), key=lambda term: -len(term.name))):
            letters[f"x{number}"] = leaf.value
            text = re.sub(rf"(?<![\w.]){re.escape(leaf.name)}(?![\w.(])", f"x{number}", text)
        assert evaluated(text, letters) == value, (rule.name, rule.names, value)


def check_latex(text: str) -> None:
    """Braces, brackets and environments are closed, and no underscore stands outside mathematics or bare."""
    assert text.replace("\\{", "").replace("\\}", "").count("{") == text.replace("\\{", "").replace("\\}", "").count(
        "}"
    )
    for opened, closed in (("\\left", "\\right"), ("\\lfloor", "\\rfloor"), ("\\lceil", "\\rceil")):
        assert len(re.findall(re.escape(opened) + r"(?![a-z])", text)) == len(
            re.findall(re.escape(closed) + r"(?![a-z])", text)
        )
    assert not re.search(r"(?<!\\)_(?!\{)", text), re.findall(r".*(?<!\\)_(?!\{).*", text)
    for environment in ("align*", "itemize"):
        assert text.count(f"\\begin{{{environment}}}") == text.count(f"\\end{{{environment}}}")
    outside = re.sub(
        r"\\begin\{align\*\}.*?\\end\{align\*\}|\$[^$]*\$|\\[_%&#$]|^% .*?$", "", text, flags=re.DOTALL | re.MULTILINE
    )
    assert not re.search(r"[_%&#$^]", outside), outside


def check_layer(made: Explanation) -> None:
    """Every rule of a layer has its value, and the sections have the report's figures."""
    layer = made.layer
    assert layer is not None
    for section in made.sections:
        for rule in section.rules:
            check_rule(rule)
        if section.quantity == "size":
            sizes = [rule.value for rule in section.rules if not rule.name.count(":")]
            assert tuple(sizes) == layer.output.axes
        elif section.quantity != "field":
            assert section.value == layer[section.quantity]
            assert section.rules[-1].value == section.value
            assert sum(rule.value for rule in section.rules) == section.value * (2 if len(section.rules) > 1 else 1)


# every kind


def of_case(case: Case) -> dict[str, Any]:
    """A network of one layer, of joins with an input of the network for each branch."""
    fields = dict(case.fields)
    if case.kind not in JOINS:
        return {"input": input_of(case.x), "layers": [*turned(case.x), {case.kind: fields} if fields else case.kind]}
    names = [f"b{number}" for number in range(len(case.x))]
    branches = {name: [{"from": name}, *turned(axes)] for name, axes in zip(names, case.x, strict=True)}
    inputs = {name: input_of(axes) for name, axes in zip(names, case.x, strict=True)}
    return {"input": inputs, "layers": [{case.kind: branches, **fields}]}


def input_of(axes: Any) -> list[int]:
    """Inputs begin with the channels."""
    return [axes[-1], *axes[:-1]] if isinstance(axes, list) else list(axes)


def turned(axes: Any) -> list[str]:
    """What makes tokens of an input."""
    return ["channels_last"] if isinstance(axes, list) else []


def plain_fields(value: Any) -> Any:
    if isinstance(value, tuple):
        return [plain_fields(part) for part in value]
    if isinstance(value, dict):
        return {name: plain_fields(part) for name, part in value.items()}
    if isinstance(value, Fraction):
        return float(value)
    return [plain_fields(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_kind_explains_itself(case: Case) -> None:
    report = ac.analyze(plain_fields(of_case(case)))
    layer = report.layers[-1]
    assert layer.kind == case.layer.kind and layer.output == (shape_of(case.y))
    made = explain(report, layer.path)
    check_layer(made)
    assert title(layer).startswith(layer.kind)
    for format in FORMATS:
        text = explanation(made, format)
        assert layer.kind in text.replace("\\_", "_")
    check_latex(explanation(made, "latex"))
    json.loads(explanation(made, "json"))
    source = find(layer.kind).source
    assert source in str(made)
    for name in ("weights", "biases", "outputs", "neurons", "parameter_bytes", "activation_bytes", "layer_count"):
        check_layer(explain(report, layer.path, name))


def shape_of(axes: Any) -> Shape:
    return Shape(tuple(axes), channels_last=isinstance(axes, list))


# the zoo

SAMPLE = (
    "alexnet", "lenet5", "googlenet", "resnet18", "mobilenet_v3_small", "vit_b_32", "swin_t", "shufflenet_v2_x1_0", "mlp",
)  # fmt: skip
each_network = pytest.mark.parametrize(
    "name", [name if name in SAMPLE else pytest.param(name, marks=pytest.mark.exhaustive) for name in zoo.names()]
)


def test_the_sample_is_of_the_zoo() -> None:
    assert set(SAMPLE) <= set(zoo.names())


@each_network
def test_every_layer_of_the_zoo_explains_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers that are the same on the same input are asked once; the walk for the fields is made once for all."""
    walks: dict[Any, Fields] = {}
    monkeypatch.setattr(fields_of, "Fields", lambda report, source: walks.setdefault(source, Fields(report, source)))
    report = ac.analyze(name)
    different = {(repr(layer.node.layer), str(layer.node.shapes)): layer for layer in report}
    for layer in different.values():
        made = explain(report, layer.path)
        check_layer(made)
        assert str(made)


@each_network
def test_every_total_of_the_zoo_is_the_sum_of_its_parts(name: str) -> None:
    report = ac.analyze(name)
    made = explain(report)
    assert [total.quantity for total in made.totals] == list(QUANTITIES)
    levels = [level for level in report.graph.root.walk() if level.children][:12]
    check_totals(report, made)
    check_latex(explanation(made, "latex"))
    for level in levels:
        inside = explain(report, level.path)
        check_totals(report, inside)
        assert str(inside).startswith(level.path)


def check_totals(report: ac.Report, made: Explanation) -> None:
    for total in made.totals:
        quantity = total.quantity
        if not made.path:
            assert total.value == report[quantity.name]
        if quantity.layer is not None and quantity.bits is None:
            assert sum(part.value for part in total.parts) == total.value
            assert list(total.largest) == sorted(total.largest, key=lambda part: -part.value)
            assert all(part.share == Fraction(part.value, total.value) for part in total.parts)
        if quantity.name == "depth":
            layers = [report.layer(path) for path in total.path]
            assert sum(layer.node.layer.depth for layer in layers) == total.value
            for first, second in pairwise(layers):
                assert first.node.number in reached_back(report, second.node.number)
        if total.rule is not None:
            check_rule(total.rule)
            assert total.rule.value == total.value


def reached_back(report: ac.Report, number: int) -> set[int]:
    """The layers from which one can be reached."""
    found: set[int] = set()
    waiting = [number]
    while waiting:
        for before in report.graph.nodes[waiting.pop()].inputs:
            if before >= 0 and before not in found:
                found.add(before)
                waiting.append(before)
    return found


def test_a_layer_of_a_head_says_so() -> None:
    report = ac.analyze("googlenet", let={"aux": True})
    head = next(layer for layer in report if layer.head)
    assert f"it belongs to the head {head.head}" in str(explain(report, head.path))
    assert "the totals leave it out" in str(explain(report))


# fields


@pytest.mark.parametrize(
    "name",
    [
        "vgg16",
        "lenet5",
        "alexnet",
        "resnet18",
        *(pytest.param(n, marks=pytest.mark.exhaustive) for n in ("zfnet", "mobilenet_v2", "googlenet")),
    ],
)
def test_fields_follow_the_recurrence(name: str) -> None:
    """The figures are those of the walk; convolutions and pools on maps have a recurrence."""
    report = ac.analyze(name)
    fields = Fields(report)
    for layer in report:
        (section,) = explain(report, layer.path, "field").sections
        along = fields[layer.path].axes
        found = {rule.name: rule for rule in section.rules}
        for axis in along:
            assert found[f"{axis.name}: size"].value == axis.size
            assert found[f"{axis.name}: start"].value == -axis.before
            assert (found[jump].value if (jump := f"{axis.name}: jump") in found else None) == axis.jump
        if layer.kind in ("conv", "depthwise", "maxpool", "avgpool", "subsample") and len(layer.output.axes) == 3:
            size = found["rows: size"]
            assert size.names.startswith("size_before + jump_before*(F_h - 1)"), (layer.path, size.names)
        for rule in section.rules:
            check_rule(rule)


def test_where_a_field_begins_is_a_difference() -> None:
    (section,) = explain(ac.analyze("vgg16"), "stage2.conv_relu1.conv", "field").sections
    start = next(rule for rule in section.rules if rule.name == "rows: start")
    assert str(start) == "start_before - jump_before*P_h = -2 - 2*1 = -4"
    assert start.latex == (r"\mathrm{start\_before} - \mathrm{jump\_before} \cdot P_{h}", r"-2 - 2 \cdot 1")


def test_fields_where_paths_meet_name_them() -> None:
    text = str(explain(ac.analyze("googlenet"), "inception3a.concat", "field"))
    assert "'1x1': size 27x27, jump 8x8, start -7, -7" in text
    assert "'5x5': size 59x59, jump 8x8, start -23, -23" in text


def test_fields_behind_enlarging_layers_are_told_in_words() -> None:
    spec = {
        "input": [3, 16, 16],
        "layers": [
            {"transposed_conv": {"filters": 4, "kernel": 4, "stride": 2, "pad": 1}},
            {"conv": {"filters": 4, "kernel": 3}},
        ],
    }
    report = ac.analyze(spec)
    for path in ("transposed_conv", "conv"):
        assert "repeat every 2 units" in str(explain(report, path, "field"))
    assert explain(report, "conv", "field").sections[0].value == Fields(report)["conv"].size


def test_fields_of_several_inputs_are_told_apart() -> None:
    spec = {
        "input": {"image": [3, 16, 16], "depth": [1, 16, 16]},
        "layers": [{"add": {"a": [{"from": "image"}, {"conv": {"filters": 4, "kernel": 3, "pad": 1}}],
                            "b": [{"from": "depth"}, {"conv": {"filters": 4, "kernel": 5, "pad": 2}}]}}],
    }  # fmt: skip
    report = ac.analyze(spec)
    sections = explain(report, "add", "field").sections
    assert [(section.value, section.remarks[0]) for section in sections] == [
        (3, "of the input 'image'"), (5, "of the input 'depth'"),
    ]  # fmt: skip


# what rounding loses


@pytest.mark.parametrize(
    "seed", [*range(40), *(pytest.param(s, marks=pytest.mark.exhaustive) for s in range(40, 2000))]
)
def test_what_rounding_loses_and_what_would_be_exact(seed: int) -> None:
    """Against a brute-force run of windows over a padded row."""
    source = random.Random(seed)
    size, kernel, stride = source.randint(5, 40), source.randint(1, 7), source.randint(1, 6)
    begin, end = (source.randint(0, kernel - 1) for _ in range(2))
    if source.random() < 0.6:
        end = begin
    dilation = source.choice((1, 1, 2, 3))
    extent = dilation * (kernel - 1) + 1
    layer = make("conv", rank=1, filters=1, kernel=kernel, stride=stride, pad=((begin, end),), dilation=dilation)
    if size + begin + end < extent:
        return

    def exact(n: int, before: int, after: int, step: int) -> bool:
        return n + before + after >= extent and (n + before + after - extent) % step == 0

    firsts = range(-begin, size + end - extent + 1, stride)
    read = {place for first in firsts for place in range(first, first + extent, dilation)} & set(range(size))
    behind = [place for place in range(size) if place >= firsts[-1] + extent]
    found = losses(layer, Shape((1, size)))
    between = size - len(read) - len(behind)
    assert bool(found) == (not exact(size, begin, end, stride) or between > 0)
    if not found:
        return
    (loss,) = found
    assert loss.rest == (size + begin + end - extent) % stride
    assert loss.unread == size - len(read)
    assert loss.dropped == len(behind)
    assert bool(loss.gaps) >= bool(between)
    if dilation == 1 or kernel == 1:
        assert ("the stride is larger than the kernel" in loss.gaps) == (stride > kernel)
    if exact(size, begin, end, stride):
        assert not (loss.inputs or loss.pads or loss.strides)
        return
    smaller = next((n for n in range(size - 1, 0, -1) if exact(n, begin, end, stride)), None)
    larger = next(n for n in range(size + 1, size + 99) if exact(n, begin, end, stride))
    assert [n for n, _ in loss.inputs] == [n for n in (smaller, larger) if n is not None]
    strides = [
        next((s for s in way if exact(size, begin, end, s)), None)
        for way in (range(stride - 1, 0, -1), range(stride + 1, max(extent, stride) + 1))
    ]
    assert [s for s, _ in loss.strides] == [s for s in strides if s is not None]
    for told, output in loss.pads:
        before, after = told if isinstance(told, list) else (told, told)
        assert exact(size, before, after, stride)
        assert output == (size + before + after - extent) // stride + 1
    for n, output in loss.inputs:
        assert output == (n + begin + end - extent) // stride + 1


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"kernel": 11, "stride": 4}, "H % 4 == 3"),
        ({"kernel": 3, "stride": 5}, "H % 5 == 3"),
        ({"kernel": 7, "stride": 2, "pad": 3}, "H % 2 == 1"),
        ({"kernel": 2, "stride": 2, "dilation": 2}, "H % 2 == 1"),
        ({"kernel": 4, "stride": 4, "pad": ((1, 2),)}, "H % 4 == 1"),
    ],
)
def test_with_a_symbol_the_sizes_that_divide_are_told(fields: dict[str, Any], where: str) -> None:
    H = ac.symbol("H")
    layer = make("conv", rank=1, filters=1, **fields)
    (loss,) = losses(layer, Shape((1, H)))
    assert str(loss.exact_where) == where
    for size in range(20, 60):
        found = losses(layer, Shape((1, size)))
        numeric = found[0] if found else None
        exact = numeric is None or numeric.rest == 0
        assert exact == (size % loss.exact_where.modulus in loss.exact_where.values)
        assert dims.substitute(loss.rest, {"H": size}) == (numeric.rest if numeric else 0)
        assert dims.substitute(loss.dropped, {"H": size}) == (numeric.dropped if numeric else 0)


def test_sizes_that_never_divide_and_those_that_have_several_symbols() -> None:
    H, W = ac.symbol("H"), ac.symbol("W")
    assert zeros(dims.floordiv(H, 2) - 2 * dims.floordiv(H, 4) + 1) == ("H", 1, ())  # 1 or 2
    assert zeros(H + W - 2 * dims.floordiv(H + W, 2)) is None
    assert zeros(H - 2) is None
    assert not losses(make("conv", rank=1, filters=1, kernel=3, pad=2, dilation=2), Shape((1, H)))  # reads all of many
    assert losses(make("conv", rank=1, filters=1, kernel=2, stride=2, dilation=2), Shape((1, 2 * H + 1)))[0].gaps
    assert not losses(make("conv", rank=1, filters=1, kernel=1000, dilation=2), Shape((1, 100_000)))  # not counted
    (loss,) = losses(make("conv", rank=1, filters=1, kernel=1, stride=2), Shape((1, 2 * H)))
    assert loss.rest == 1 and loss.dropped == 1 and loss.unread is None


def test_losses_in_words() -> None:
    def told(name: str, path: str, **settings: Any) -> str:
        return " ".join(str(explain(ac.analyze(name, **settings), path, "size")).split())

    assert "leaves 1 behind the last window, 1 of the 224 of the input is lost" in told(
        "alexnet", "conv1", input=(3, 224, 224)
    )
    assert "exact would be an input of 223 (output 54) or 227 (output 55)" in told(
        "alexnet", "conv1", input=(3, 224, 224)
    )
    assert "lost" not in told("alexnet", "conv1") and "exact" not in told("alexnet", "conv1")
    assert "leaves 1 behind the last window, which is of the zeros: no input is lost" in told("resnet50", "conv1.conv")
    assert "reaches 1 beyond the input and its zeros; nothing is lost" in told("googlenet", "maxpool1")
    assert "28 of 56 in all are read by no window" in told("resnet50", "conv3_x.residual1.shortcut.conv")
    pooled: Any = {"input": [3, 7, 6], "layers": [{"adaptive_avgpool": 3}]}  # rows 0 to 2, 2 to 4, 4 to 6
    assert "rows: 2 of 7 are read by several windows; exact would be an input of 6 (output 3) or 9 (output 3)" in told(
        pooled, "adaptive_avgpool"
    )
    assert "columns:" not in told(pooled, "adaptive_avgpool")
    H = ac.symbol("H")
    assert (
        "H - 2*floor((H - 2)/2) - 2 lie behind the last window, all of the input; the division is exact where H % 2 == 0"
        in told("vgg16", "stage1.maxpool", input=(3, H, H))
    )
    shortcut = told("resnet50", "conv3_x.residual1.shortcut.conv", input=(3, H, 220))
    assert "- 1 lie behind the last window, all of the input; the division is exact where H % 8 == 1 or" in shortcut
    assert "others are read by no window, for the stride is larger than the kernel" in shortcut
    assert "columns: 27 of 55 are read by no window, for the stride is larger than the kernel" in shortcut
    dilated: Any = {"input": [4, 10, 9], "layers": [{"conv": {"filters": 4, "kernel": 2, "stride": 2, "dilation": 2}}]}
    assert "5 of 10 in all are read by no window, for the taps of the kernel stand apart" in told(dilated, "conv")
    assert "columns: 4 of 9 are read by no window, for the taps of the kernel stand apart" in told(dilated, "conv")
    pool: Any = {"input": [4, H, 16], "layers": [{"maxpool": {"kernel": 3, "stride": 5}}]}
    assert "H - 5*floor((H - 3)/5) - 3 lie behind the last window, all of the input" in told(pool, "maxpool")
    assert (
        "columns: the division leaves 3 behind the last window, 3 of the 16 of the input are lost, 7 of 16 in all"
        in told(pool, "maxpool")
    )
    assert "none of them of the input" in told("resnet50", "conv1.conv", input=(3, H, H))


# symbols


@pytest.mark.parametrize("name", ["vgg11", "resnet18", "googlenet", "mobilenet", "swin_t"])
def test_rules_with_symbols_have_the_values_of_numbers(name: str) -> None:
    """Numbers in rules are formulas then; at a setting both they and the result are those of a numeric run."""
    values = {"H": 224, "W": 256} if name != "swin_t" else {"classes": 10}
    network = ac.load(name)
    if name == "swin_t":
        symbolic, numeric = ac.analyze(name, let={"classes": ac.symbol("classes")}), ac.analyze(name, let=values)
    else:
        symbolic = ac.analyze(network, input=(3, ac.symbol("H"), ac.symbol("W")))
        numeric = ac.analyze(network, input=(3, 224, 256))
    different = {(repr(layer.node.layer), str(layer.node.shapes)): layer.path for layer in symbolic}
    for path in [*different.values()][:40]:
        for quantity in ("size", "parameters", "flops", "activations"):
            ours, theirs = explain(symbolic, path, quantity).sections, explain(numeric, path, quantity).sections
            for section, other in zip(ours, theirs, strict=True):
                for rule, expected in zip(section.rules, other.rules, strict=True):
                    assert dims.substitute(rule.value, values) == expected.value
                    if rule.numbers:
                        assert evaluated(rule.numbers, values) == expected.value


def test_letters_are_not_those_of_symbols() -> None:
    report = ac.analyze("vgg16", input=(3, ac.symbol("H"), ac.symbol("W")))
    first, second = (
        explain(report, f"{path}", "size").sections[0].rules[1]
        for path in ("stage1.conv_relu1.conv", "stage2.conv_relu1.conv")
    )
    assert first.names == "floor((H + 2*P_h - F_h)/S_h) + 1"
    assert second.names == "floor((H_in + 2*P_h - F_h)/S_h) + 1"
    units = ac.symbol("units")
    report = ac.analyze(
        {"input": [4], "let": {"units": 3}, "layers": [{"linear": "units"}, {"linear": "2 * units"}]},
        let={"units": units},
    )
    assert explain(report, "linear1", "size").sections[0].rules[0].names == "units"
    assert explain(report, "linear2", "size").sections[0].rules[0].names == "units_here"
    assert "units_here: units of this layer" in str(explain(report, "linear2", "size"))


NAMED: dict[str, int] = {
    "jump_before": 3, "macs": 16, "weight": 2, "bias": 1, "outputs": 5, "additions": 3, "F_h": 2, "size_before": 4,
}  # fmt: skip


@pytest.mark.parametrize("quantity", ["size", "parameters", "macs", "flops", "connections", "activations", "field"])
def test_no_name_in_a_rule_has_two_meanings(quantity: str) -> None:
    """With symbols of a network that are called like tensors, counts, letters and steps of fields."""
    spec = {
        "input": [3, 20, 20],
        "let": NAMED,
        "layers": [
            {"conv": {"filters": "jump_before * F_h", "kernel": 3}},
            {"conv": {"filters": " + ".join(NAMED), "kernel": 3}},
        ],
    }
    symbolic = ac.analyze(spec, let={name: ac.symbol(name) for name in NAMED})
    for path in ("conv1", "conv2"):
        made = explain(symbolic, path, quantity)
        for rule in (rule for section in made.sections for rule in section.rules):
            for leaf in rule.leaves():
                assert leaf.name not in NAMED or str(leaf.value) == leaf.name, (rule.name, rule.names)
            letters = {leaf.name: dims.substitute(leaf.value, NAMED) for leaf in rule.leaves()}
            if rule.names:
                assert evaluated(rule.names, {**NAMED, **letters}) == dims.substitute(rule.value, NAMED)
        named = {name for name, _, _ in made.legend}
        assert not named & set(NAMED)


def test_equal_parts_with_symbols_stand_in_brackets() -> None:
    report = ac.analyze("mobilenet", let={"alpha": ac.symbol("alpha", ratio=True)})
    made = explain(report, quantity="parameters")
    assert "  5*(floor(512*alpha)**2 + 13*floor(512*alpha))\n" in str(made)
    assert r"separable11: $5 \bigl(\left\lfloor 512" in explanation(made, "latex")


def test_totals_have_no_name_with_two_meanings() -> None:
    spec = {"input": [3, 20, 20], "let": NAMED, "layers": [{"conv": {"filters": "macs", "kernel": 3}}]}
    report = ac.analyze(spec, let={"macs": ac.symbol("macs")}, batch=4)
    (total,) = explain(report, quantity="batch_macs").totals
    assert total.rule is not None and total.rule.names == "N*macs_total"


def test_letters_are_told_in_words() -> None:
    spec: Any = {"input": [3, 8, 8], "layers": [{"conv": {"filters": 4, "kernel": 3, "pad": [[0, 1], [1, 2]]}}]}
    told = " ".join(str(explain(ac.analyze(spec), "conv", "size")).split())
    assert "P_h_begin: pad at the beginning of the height; P_h_end: pad at the end of the height" in told
    softmax = " ".join(str(explain(ac.analyze("lenet5"), "S2", "macs")).split())
    assert "positions, each" not in softmax


def test_long_rules_are_broken_where_operators_are() -> None:
    for name, path in (("swin_t", "stage1.swin_block1.attention.attention"), ("mobilenet", None)):
        settings: Any = {"let": {"alpha": ac.symbol("alpha", ratio=True)}} if path is None else {}
        lines = str(explain(ac.analyze(name, **settings), path)).split("\n")
        assert max(map(len, lines)) <= 110
        assert any(line.lstrip().startswith(("+ ", "- ", "*")) for line in lines)


def test_a_total_of_a_single_layer_goes_down_to_its_rule() -> None:
    def told(name: str, path: str | None, quantity: str, **let: Any) -> str:
        return " ".join(str(explain(ac.analyze(name, let=let), path, quantity)).split())

    rule = "F_h*F_w*C_in/groups*outputs = "
    assert f"all of conv {rule}7*7*256/1*256*56*56 = 10,070,523,904" in told("stack_7x7", None, "macs")
    repeated = told("stack_3x3", None, "macs", n=ac.symbol("n"))
    assert "= 1849688064*n" in repeated
    assert f"n times that of conv {rule}3*3*256/1*256*56*56 = 1,849,688,064" in repeated
    assert "C_in: channels of the input" in repeated
    stage = told("vgg16", "stage2.conv_relu1", "parameters")
    assert "all of conv weight filters*C_in/groups*F_h*F_w = 128*64/1*3*3 = 73,728 bias filters = 128" in stage
    assert "= 1 (conv)" in told("vgg16", "stage2.conv_relu1", "weighted_layers")


@pytest.mark.parametrize("name", ["stack_7x7", "vgg16", "lenet5"])
def test_totals_of_a_single_layer_have_its_figure_in_every_format(name: str) -> None:
    report = ac.analyze(name)
    for level in (None, *(level.path for level in report.graph.root.walk() if level.children)):
        made = explain(report, level)
        for total in made.totals:
            if total.section is None or total.layer is None:
                continue
            assert total.section.rules[-1].value == total.value == total.layer[total.quantity.name]
            assert [part.path for part in total.parts] == [total.layer.path]
            for rule in total.section.rules:
                check_rule(rule)
        told = json.loads(explanation(made, "json"))["totals"]
        assert {t["quantity"] for t in told if "rules" in t} == {t.quantity.name for t in made.totals if t.section}
        check_latex(explanation(made, "latex"))
        if any(total.section for total in made.totals):
            assert "all of " in explanation(made, "markdown")


def test_repeats_by_a_symbol_are_told() -> None:
    report = ac.analyze("resnet_cifar20", let={"n": ac.symbol("n")})
    repeated = next(layer for layer in report if layer.repeat != 1)
    assert f"it stands there {repeated.repeat} times" in str(explain(report, repeated.path))
    total = explain(report, quantity="macs").totals[0]
    assert dims.add_up(part.value for part in total.parts) == total.value
    for format in FORMATS:
        assert explanation(explain(report), format)


# levels, users' own kinds, requests


def test_a_join_that_holds_its_branches_is_a_layer_and_a_level() -> None:
    spec = {
        "input": [4, 8, 8],
        "layers": [
            {
                "name": "sum",
                "add": {
                    "a": {"conv": {"filters": 4, "kernel": 1}},
                    "b": {"conv": {"filters": 4, "kernel": 3, "pad": 1}},
                },
            }
        ],
    }
    report = ac.analyze(spec)
    paths = [layer.path for layer in report]
    made = explain(report, paths[-1])
    check_layer(made)
    if made.totals:
        check_totals(report, made)


def test_a_level_ends_in_a_layer() -> None:
    made = explain(ac.analyze("vgg16"), "stage1", "field")
    assert made.layer is not None and made.layer.path == "stage1.maxpool"
    assert "stage1 ends in stage1.maxpool: its field is that of this layer" in str(made)


def test_a_kind_of_ones_own_explains_itself() -> None:
    registered = dict(REGISTRY)
    try:

        @ac.layer("twice", source="here, sec. 1")
        class Twice(ac.Layer):
            """Every number twice."""

            times: ac.Dim = 2

            def output(self, x: Any) -> Any:
                return x.with_channels(x.channels * self.times)

        @ac.layer("clumsy")
        class Clumsy(ac.Layer):
            """A rule that looks at numbers."""

            def operations(self, x: Any, y: Any) -> Any:
                return ac.Operations(additions=sum(range(y.elements)))

        report = ac.analyze({"input": [3, 4, 4], "layers": ["twice", "clumsy"]})
        made = explain(report, "twice", "size")
        assert str(made.sections[0].rules[0]) == "C_in*times = 3*2 = 6"
        assert "source: here, sec. 1" in str(made)
        with pytest.raises(ac.ArchcalcError, match=r"layer kind 'clumsy' (cannot explain itself|fails)"):
            explain(report, "clumsy", "additions")
    finally:
        for kind in set(REGISTRY) - set(registered):
            del REGISTRY[kind]


def archcalc(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_the_example_of_the_papers() -> None:
    code, text = archcalc("explain", "alexnet", "conv1")
    assert code == 0
    lines = [" ".join(line.split()) for line in text.split("\n")]
    assert lines[0] == "conv1: conv, filters 96, kernel 11x11, stride 4, on 3x227x227"
    assert "source: Dumoulin & Visin 2016, sec. 2.4" in lines
    assert "height floor((H + 2*P_h - F_h)/S_h) + 1 = floor((227 + 2*0 - 11)/4) + 1 = 55" in lines
    assert "weight filters*C_in/groups*F_h*F_w = 96*3/1*11*11 = 34,848" in lines
    assert "together weight + bias = 96*3/1*11*11 + 96 = 34,944" in lines
    assert "macs F_h*F_w*C_in/groups*outputs = 11*11*3/1*96*55*55 = 105,415,200" in lines


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["vgg16", "conv1"], "has no layer 'conv1'; nearest: "),
        (["vgg16", "stage1.conv_relu1.con"], "nearest: stage1.conv_relu1.conv"),
        (["vgg16", "xyzzy"], "has no layer 'xyzzy'; `archcalc table vgg16` lists them"),
        (["vgg16", ""], "has no layer ''"),
        (["vgg16", "--quantity", "mac"], "unknown quantity 'mac'; did you mean 'macs'?"),
        (["vgg16", "linear1", "--quantity", "batch_macs"], "'batch_macs' is of the whole network, not of a layer"),
        (["vgg16", "--format", "xml"], "unknown format 'xml'; known: json, latex, markdown, text"),
        (["vgg16", "\x1b[31m"], "has no layer '\\x1b[31m'"),
    ],
)
def test_wrong_requests_are_one_line(arguments: list[str], told: str) -> None:
    code, text = archcalc("explain", *arguments)
    assert code == 2
    assert told in text and text.startswith("Error: ") and text.count("\n") == 1


def test_the_formats_agree() -> None:
    report = ac.analyze("alexnet")
    data = json.loads(explanation(report.explain("conv2"), "json"))
    assert data["network"] == "alexnet" and data["path"] == "conv2" and data["kind"] == "conv"
    figures = {section["quantity"]: section["value"] for section in data["sections"]}
    layer = report.layer("conv2")
    assert figures["macs"] == layer.macs and figures["size"] == list(layer.output.axes)
    for section in data["sections"]:
        for rule in section["rules"]:
            if "numbers" in rule:
                assert evaluated(rule["numbers"]) == rule["value"]
                assert rule["numbers"] in explanation(report.explain("conv2"), "markdown")
            check_latex(f"${rule['latex']}$")
    assert set(data["legend"]) >= {"H", "F_h", "C_in"}
    totals = json.loads(explanation(report.explain(), "json"))["totals"]
    assert {total["quantity"]: total["value"] for total in totals} == dict(report.totals)


def test_latex_reads_like_the_papers() -> None:
    text = explanation(explain(ac.analyze("alexnet"), "conv1", "size"), "latex")
    assert r"\left\lfloor \frac{H + 2 \cdot P_{h} - F_{h}}{S_{h}} \right\rfloor + 1" in text
    pooled = explanation(explain(ac.analyze("googlenet"), "maxpool1", "size"), "latex")
    assert r"\min\left(2 \cdot P_{h} - F_{h} + 2 \cdot S_{h} - 1, P_{h} + S_{h} - 1\right)" in pooled


def test_latex_writes_formulas_in_sentences_as_mathematics() -> None:
    H = ac.symbol("H")
    text = explanation(
        explain(ac.analyze("resnet50", input=(3, H, 224)), "conv3_x.residual1.shortcut.conv", "size"), "latex"
    )
    assert r"on $256 \times \left\lfloor \frac{H + 3}{4} \right\rfloor \times 56$" in text
    assert r"exact where $H \bmod 8 =$ $1$ or $2$ or $3$ or $4$" in text
    conv = explanation(explain(ac.analyze("vgg16", input=(3, H, 224)), "stage1.conv_relu1.conv"), "latex")
    assert r"\item assumes $H \ge 32$" in conv and "floor" not in conv.replace(r"\lfloor", "").replace(r"\rfloor", "")
    assert r"34{,}848" in explanation(explain(ac.analyze("alexnet"), "conv1", "parameters"), "latex")


WIDE: tuple[tuple[str, str | None, dict[str, Any]], ...] = (
    ("alexnet", "conv1", {"input": (3, 224, 224)}),
    ("swin_t", "stage1.swin_block1.attention.attention", {}),
    ("vgg16", "stage2.conv_relu1.conv", {"input": (3, ac.symbol("H"), ac.symbol("W"))}),
    ("mobilenet", None, {"input": (3, ac.symbol("H"), 224), "let": {"alpha": ac.symbol("alpha", ratio=True)}}),
    ("densenet121", None, {}),
)


@pytest.mark.parametrize(("name", "layer", "settings"), WIDE, ids=lambda value: str(value)[:20])
def test_latex_keeps_equations_on_the_page(name: str, layer: str | None, settings: dict[str, Any]) -> None:
    text = explanation(explain(ac.analyze(name, **settings), layer), "latex")
    equations = re.findall(r"\\begin\{align\*\}\n(.*?)\\end\{align\*\}", text, flags=re.DOTALL)
    for equation in equations:
        labels = [line.split("&")[0] for line in equation.split("\n") if not line.startswith("    &")]
        margin = max(width(label) for label in labels if "rlap" not in label)
        for line in equation.rstrip().split("\n"):
            assert margin + width(line.partition("&")[2].removesuffix(r" \\")) <= PAGE + 3, line
        assert (
            equation.count("\n") <= 13 or rf"{{\allowdisplaybreaks{chr(10)}\begin{{align*}}{chr(10)}{equation}" in text
        )


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX")
def test_latex_compiles_and_nothing_runs_off_the_page(tmp_path: Path) -> None:
    made = [explanation(explain(ac.analyze(name, **settings), layer), "latex") for name, layer, settings in WIDE]
    lets = {name: ac.symbol(name) for name in ("__", "_x_", "width", "a_b_c")}
    spec = {
        "input": [3, 9, 9],
        "let": dict.fromkeys(lets, 2),
        "layers": [{"conv": {"filters": "*".join(lets), "kernel": 3}}],
    }
    made += [explanation(explain(ac.analyze(spec, let=lets), layer), "latex") for layer in (None, "conv")]
    lines = [r"\documentclass{article}\usepackage{amsmath}\begin{document}", *made, r"\end{document}"]
    (tmp_path / "made.tex").write_text("\n\n".join(lines), encoding="utf-8")
    ran = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "made.tex"], cwd=tmp_path, capture_output=True, check=False
    )
    told = (tmp_path / "made.log").read_text(encoding="latin-1")
    assert ran.returncode == 0, re.findall(r"^!.*", told, flags=re.MULTILINE)
    assert not re.findall(r"^Overfull.*", told, flags=re.MULTILINE)


def test_every_convention_stands_where_it_is_said_to() -> None:
    assert set(NAMES) <= set(CONVENTIONS)
    for where in set(CONVENTIONS.values()):
        page, _, anchor = where.partition("#")
        titles = re.findall(r"^#+ (.*)$", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
        anchors = [re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles]
        assert not anchor or anchor in anchors, where


def test_an_explanation_of_numbers_needs_neither_sympy_nor_numpy() -> None:
    assert loaded_after("explain", "vgg16", "stage1.conv_relu1.conv") == set()
    assert loaded_after("explain", "googlenet", "inception3a", "--format", "latex") == set()
    assert loaded_after("explain", "vgg16", "stage1.maxpool", "--symbols", "H,W") >= {"sympy"}
