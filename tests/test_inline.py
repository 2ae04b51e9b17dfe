"""Chains written inline: the notation against specs written out by hand, its mistakes, and hostile texts."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archcalc as ac
from archcalc.errors import UsageError
from archcalc.inline import MAX_LAYERS, NotationError, holds_token, read
from archcalc.quantities import NAMES

QUANTITIES = [name for name in NAMES if not name.startswith("batch_")]


def entries(text: str, *shape: Any, **scope: Any) -> list[Any]:
    """The layers of the spec that a chain becomes."""
    layers: list[Any] = read(text).source(scope, shape or (3, 32, 32)).data["layers"]
    return layers


def totals(report: ac.Report) -> dict[str, Any]:
    return {name: report[name] for name in QUANTITIES}


def side(text: str, input: str = "3x32x32", **let: Any) -> ac.Report:
    """The report of a chain."""
    return ac.compare(text, "relu", input=input, let=let).sides[0].report


# The notation, form by form


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("conv3-64", [{"conv": {"filters": 64, "kernel": 3, "pad": "same"}}, "relu"]),
        ("CONV3-64", [{"conv": {"filters": 64, "kernel": 3, "pad": "same"}}, "relu"]),
        ("conv1x7-8", [{"conv": {"filters": 8, "kernel": [1, 7], "pad": "same"}}, "relu"]),
        ("conv3-8/2", [{"conv": {"filters": 8, "kernel": 3, "stride": 2, "pad": "same"}}, "relu"]),
        ("conv3-8/2x1", [{"conv": {"filters": 8, "kernel": 3, "stride": [2, 1], "pad": "same"}}, "relu"]),
        ("conv3-9:g3", [{"conv": {"filters": 9, "kernel": 3, "groups": 3, "pad": "same"}}, "relu"]),
        ("conv3-8:d2", [{"conv": {"filters": 8, "kernel": 3, "dilation": 2, "pad": "same"}}, "relu"]),
        ("conv3-8:p1", [{"conv": {"filters": 8, "kernel": 3, "pad": 1}}, "relu"]),
        ("conv3-8:p1x2", [{"conv": {"filters": 8, "kernel": 3, "pad": [1, 2]}}, "relu"]),
        ("conv3-8:valid", [{"conv": {"filters": 8, "kernel": 3, "pad": "valid"}}, "relu"]),
        ("conv3-8:linear", [{"conv": {"filters": 8, "kernel": 3, "pad": "same"}}]),
        ("conv3-8:nobias:linear", [{"conv": {"filters": 8, "kernel": 3, "pad": "same", "bias": False}}]),
        ("dw3", [{"depthwise": {"kernel": 3, "pad": "same"}}, "relu"]),
        ("dw3/2:m2", [{"depthwise": {"kernel": 3, "stride": 2, "multiplier": 2, "pad": "same"}}, "relu"]),
        ("maxpool", [{"maxpool": {"kernel": 2, "stride": 2}}]),
        ("avgpool", [{"avgpool": {"kernel": 2, "stride": 2}}]),
        ("maxpool3", [{"maxpool": {"kernel": 3, "stride": 3}}]),
        ("maxpool3/2:p1", [{"maxpool": {"kernel": 3, "stride": 2, "pad": 1}}]),
        ("maxpool3/2:ceil", [{"maxpool": {"kernel": 3, "stride": 2, "round": "ceil"}}]),
        ("maxpool2x1", [{"maxpool": {"kernel": [2, 1], "stride": [2, 1]}}]),
        ("fc-10", ["flatten", {"linear": {"units": 10}}, "relu"]),
        ("FC-10:linear soft-max", ["flatten", {"linear": {"units": 10}}, "softmax"]),
        ("fc-9 fc-9", ["flatten", {"linear": {"units": 9}}, "relu", {"linear": {"units": 9}}, "relu"]),
        ("gap bn gmp relu6", ["global_avgpool", "batchnorm", "global_maxpool", "relu6"]),
        ("3*relu", [{"repeat": 3, "do": ["relu"]}]),
        ("2 * ( relu maxpool )", [{"repeat": 2, "do": ["relu", {"maxpool": {"kernel": 2, "stride": 2}}]}]),
        ("(relu relu)", [{"do": ["relu", "relu"]}]),
        ("2*(relu 3*bn)", [{"repeat": 2, "do": ["relu", {"repeat": 3, "do": ["batchnorm"]}]}]),
        ("2*fc-9", ["flatten", {"repeat": 2, "do": [{"linear": {"units": 9}}, "relu"]}]),
        ("conv(1+2)-(4*(1+1))", [{"conv": {"filters": 8, "kernel": 3, "pad": "same"}}, "relu"]),
        ("conv3-4*2", [{"conv": {"filters": 8, "kernel": 3, "pad": "same"}}, "relu"]),
        ("conv3-(make_divisible(37, 8))", [{"conv": {"filters": 40, "kernel": 3, "pad": "same"}}, "relu"]),
        ("conv3-(floor(0.29*100))", [{"conv": {"filters": 29, "kernel": 3, "pad": "same"}}, "relu"]),
    ],
)
def test_a_chain_becomes_the_data_of_a_spec(text: str, layers: list[Any]) -> None:
    assert entries(text) == layers
    written = ac.analyze({"input": [3, 32, 32], "layers": layers})
    assert totals(side(text)) == totals(written)


def test_vectors_are_not_flattened() -> None:
    assert entries("fc-10", 784) == [{"linear": {"units": 10}}, "relu"]


def test_names_are_symbols_or_numbers() -> None:
    chain = read("conv(k)-4*C/(s) n*dw3:m(m) conv1-(C//2)")
    assert chain.names == {"k", "C", "s", "n", "m"}
    assert entries("conv3-4*C", C=3)[0]["conv"]["filters"] == 12
    c = ac.symbol("C")
    assert entries("conv3-4*C", C=c)[0]["conv"]["filters"] == 4 * c


# The columns of Table 1 of the VGG paper, typed as they stand there

TAIL = "maxpool FC-4096 FC-4096 FC-1000:linear soft-max"
VGG = {
    "vgg11": f"conv3-64 maxpool conv3-128 maxpool 2*conv3-256 maxpool 2*conv3-512 maxpool 2*conv3-512 {TAIL}",
    "vgg13": f"2*conv3-64 maxpool 2*conv3-128 maxpool 2*conv3-256 maxpool 2*(2*conv3-512 maxpool) {TAIL[8:]}",
    "vgg16_c": f"2*conv3-64 maxpool 2*conv3-128 maxpool 2*conv3-256 conv1-256 maxpool "
    f"conv3-512 conv3-512 conv1-512 maxpool conv3-512 conv3-512 conv1-512 {TAIL}",
    "vgg16": f"2*conv3-64 maxpool 2*conv3-128 maxpool 3*conv3-256 maxpool 3*conv3-512 maxpool 3*conv3-512 {TAIL}",
    "vgg19": f"2*conv3-64 maxpool 2*conv3-128 maxpool 4*conv3-256 maxpool 4*conv3-512 maxpool 4*conv3-512 {TAIL}",
}


@pytest.mark.parametrize("name", VGG)
def test_the_columns_of_the_vgg_paper(name: str) -> None:
    ours, theirs = side(VGG[name], "3x224x224"), ac.analyze(name)
    same = ("parameters", "weights", "macs", "activations", "depth", "neurons", "connections", "nonlinearities")
    assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}
    rows = [[str(layer.output) for layer in report if layer.kind != "dropout"] for report in (ours, theirs)]
    assert rows[0] == rows[1]


# Random chains against specs written out


@st.composite
def units(draw: Any) -> tuple[str, list[Any]]:
    """One layer on a map, as text and as entries."""
    kind = draw(st.sampled_from(["conv", "dw", "maxpool", "avgpool", "relu"]))
    kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    if kind == "relu":
        return "relu", ["relu"]
    if "pool" in kind:
        return f"{kind}{kernel}/{stride}:same", [{kind: {"kernel": kernel, "stride": stride, "pad": "same"}}]
    fields: dict[str, Any] = {"kernel": kernel, "stride": stride, "pad": "same", "bias": draw(st.booleans())}
    fields["dilation"] = draw(st.integers(1, 2))
    options = f"/{stride}:d{fields['dilation']}" + ("" if fields["bias"] else ":nobias")
    linear = draw(st.booleans())
    options += ":linear" * linear
    if kind == "dw":
        return f"dw{kernel}{options}", [{"depthwise": fields}, *(["relu"] * (not linear))]
    fields["filters"] = 2 * draw(st.integers(1, 6))
    fields["groups"] = draw(st.sampled_from([1, 2]))
    text = f"conv{kernel}-{fields['filters']}{options}:g{fields['groups']}"
    return text, [{"conv": fields}, *(["relu"] * (not linear))]


@st.composite
def chains(draw: Any, depth: int = 2) -> tuple[str, list[Any]]:
    """A chain with repeats and brackets, as text and as entries."""
    texts, layers = [], []
    for _ in range(draw(st.integers(1, 3))):
        form = draw(st.integers(0, 3)) if depth else 0
        if form < 2:
            text, made = draw(units())
        else:
            inner, made = draw(chains(depth=depth - 1))
            text = f"({inner})"
        if form % 2:
            count = draw(st.integers(1, 3))
            text, made = f"{count}*{text}", [{"repeat": count, "do": made}]
        texts.append(text)
        layers.extend(made)
    return " ".join(texts), layers


@given(chains(), st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_random_chains_are_the_specs_they_stand_for(made: tuple[str, list[Any]], height: int, width: int) -> None:
    text, layers = made
    if len(text) > 900:
        return
    ours = side(text, f"4x{height}x{width}")
    assert totals(ours) == totals(ac.analyze({"input": [4, height, width], "layers": layers}))


# Mistakes


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("conv", 5, "conv needs a kernel, as in conv3-64"),
        ("conv3", 6, "conv needs filters behind a '-', as in conv3-64"),
        ("conv3-", 7, "conv needs a number of filters"),
        ("conv3-C conv3-2C", 16, "write a product with '*', as in conv3-2*C"),
        ("conv3-C+1", 8, "a sum stands in brackets, as in conv3-(C + 16)"),
        ("conv3-C,", 8, "layers are separated by spaces"),
        ("conv3-C/", 9, "a stride is missing behind '/'"),
        ("conv3-C/2/2", 10, "'/' cannot stand here"),
        ("conv3-C:q", 9, "conv has the options :g2, :d2, :p2, :same, :valid, :linear, :nobias"),
        ("conv3-C:g", 10, "a number is missing"),
        ("conv3-C:g2:g2", 12, "':g' is given twice"),
        ("conv3-C:p1:same", 12, "':same' after ':p': give one"),
        ("maxpool *conv3-C", 1, "'maxpool' is a layer; a number of times stands in front"),
        ("relu *conv3-C", 1, "'relu' is a layer; a number of times stands in front"),
        ("maxpool*2", 1, "'maxpool' is a layer; a number of times stands in front"),
        ("(2*n)*conv3-C", 1, "a number of times is a number or a name, without brackets"),
        ("(conv3-C)*3", 10, "a number of times stands in front"),
        ("conv3-2*lambda", 9, "'lambda' cannot name a symbol"),
        ("conv3-(1, 2)", 7, "is not a number"),
        ("conv3xC-8", 7, "a size is missing behind 'x', as in conv1x7-64; a symbol stands in brackets: (C)"),
        ("convk-N", 1, "a kernel is a number, or a symbol in brackets: conv(k)"),
        ("cnov3-C", 1, "did you mean 'conv'?"),
        ("relu sofmax", 6, "did you mean 'softmax'?"),
        ("dw3-8", 4, "several for each are dw3:m2"),
        ("fc 10", 3, "fc needs its number of outputs behind a '-'"),
        ("concat", 1, "'concat' joins branches, and a chain has none"),
        ("embedding", 1, "'embedding' needs count, size, for which the notation has no form"),
        ("conv3-C )", 9, "this bracket was not opened"),
        ("(conv3-C", 1, "this bracket is not closed"),
        ("2*", 3, "a layer is missing"),
        ("()", 1, "there is no layer between these brackets"),
        ("conv3-(C", 7, "this bracket is not closed"),
        ("conv3-(C**2)", 9, "a size holds numbers, names, + - * / // and brackets"),
        ("conv3-(C;1)", 9, "a size holds numbers"),
        ("conv3-lambda", 7, "'lambda' cannot name a symbol"),
        ("conv3-relu", 7, "'relu' cannot name a symbol"),
        ("conv3-in_channels", 7, "'in_channels' cannot name a symbol"),
        ("conv3-(1/0)", 7, "division by zero"),
        ("conv3-9999999999", 7, "a number has at most 9 digits"),
        ("conv3-007", 7, "'007' is not a decimal number"),
        ("conv3-0", 7, "0 is not a size; it must be at least 1"),
        ("conv3-(3/2)", 7, "3/2 is not whole"),
        ("conv1x7x3-C", 5, "has 3 sizes for 2 spatial axes"),
        ("conv3-4:g3 conv3-8", 1, "groups 3 does not divide the 4 filters"),
        ("relu conv99-4:valid", 6, "kernel of extent 99 is larger than the input of 32"),
        ("2*(relu conv99-4:valid)", 9, "kernel of extent 99 is larger than the input of 32"),
        ("fc-10 conv3-C", 7, "conv takes a map, not the vector 10"),
        ("0*relu", 1, "no layer is left"),
        ("600*conv3-4", 1, "these are 1,200 layers, a chain has at most 1,000"),
    ],
)
def test_mistakes_are_shown_where_they_are(text: str, column: int, message: str) -> None:
    with pytest.raises(NotationError) as caught:
        side(text)
    head, line, caret = str(caught.value).split("\n")
    assert caught.value.column == column
    assert message in head
    assert line == f"  {text}"
    assert caret == " " * (column + 1) + "^"


def test_a_long_chain_is_shown_around_the_mistake() -> None:
    with pytest.raises(NotationError) as caught:
        read("relu " * 100 + "rule" + " relu" * 50)
    _, line, caret = str(caught.value).split("\n")
    assert len(line) < 120
    assert line[len(caret) - 1 :].startswith("rule")


HOSTILE = [
    "(" * 400 + "conv3-C" + ")" * 400,
    "conv3-" + "(" * 40 + "C" + ")" * 40,
    "conv3-C " * 2000,
    "conv3-" + "C" * 5000,
    "conv3-" + "9" * 900,
    "9" * 300 + "*conv3-C",
    "99999999*conv3-C",
    "999*(999*(999*(999*conv3-C)))",
    "conv3-((a+b)*(c+d)*(e+f)*(g+h))",
    "conv3-(" + "C*" * 28 + "C)" + " conv3-(" + "D*" * 28 + "D)",
    " ".join(f"conv3-{c}" for c in "abcdefghijklmnop"),
    "conv3-(C**99999)",
    "conv3-(9**9**9)",
    "conv3-(__import__('os').system('true'))",
    "conv3-(lambda:0)",
    "conv3-((lambda: C)())",
    "conv3-(C.__class__)",
    "conv3-(open(C))",
    "conv3-(C if C else 1)",
    "conv3-(C[0])",
    "conv3-С",  # noqa: RUF001 - a Cyrillic letter
    "conv3-\u202eC",
    "conv3-\x1b[31mC",
    "conv3-C\x00",
    "conv3-C\nrelu",
    "ｃｏｎｖ3-C conv",  # noqa: RUF001 - wide letters
    "conv3-²",
    "conv3-٣",
    "conv3-C:" * 100,
    "conv3x3x3x3x3-C",
    "*" * 500,
    "2*" * 200 + "relu",
    "n*" * 5 + "relu",
    "conv3-True",
    "conv3-(1e9)",
    "conv3-(0x10)",
    "conv3-(1_000)",
    "%s%s%n conv3-{C}",
    "$(true) conv3-`C`",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_refused_quickly(text: str) -> None:
    began = time.process_time()
    try:
        chain = read(text)
        list(chain.values({name: ac.symbol(name) for name in chain.names}))
    except NotationError as error:
        lines = str(error).split("\n")
        assert len(lines) == 3 and all(line.isprintable() and len(line) < 300 for line in lines)
    else:
        assert text.startswith("conv3-(C*")  # long, but harmless: one term
    assert time.process_time() - began < 2


ALPHABET = "conv3-64 C(*)/:xgdpw1maxpolfcr+.,;é\t\"'_%$\\0n"


@given(st.text(ALPHABET, max_size=40))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        chain = read(text)
    except NotationError as error:
        assert 1 <= error.column <= len(text) + 1
        assert str(error).split("\n")[2].strip() == "^"
    else:
        assert chain.items


@given(st.sampled_from(sorted(VGG.values())), st.integers(0, 60), st.characters(codec="ascii"))
@settings(max_examples=200, deadline=None)
def test_a_chain_with_one_character_changed(text: str, at: int, character: str) -> None:
    changed = text[:at] + character + text[at + 1 :]
    try:
        entries(changed, 3, 224, 224)
    except NotationError:
        return


def test_the_most_layers_take_little_time() -> None:
    began = time.process_time()
    report = side(f"{MAX_LAYERS // 2}*conv3-C", "CxHxW")
    assert report.depth == MAX_LAYERS // 2
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("text", "is_chain"),
    [
        ("conv3-C", True), ("2*x", True), ("a b", True), ("gap", True), ("relu", True), ("fc-1", True), ("conv", True),
        ("conv3-C/2", True), ("cnov3-C", True), ("maxpool", True), ("maxpool:ceil", True), ("soft-max", True),
        ("vgg16", False), ("convnext_tinny", False), ("resnet-50", False), ("", False), ("é", False), ("x", False),
    ],
)  # fmt: skip
def test_what_can_only_be_a_chain(text: str, is_chain: bool) -> None:
    assert holds_token(text) is is_chain


def test_no_name_of_the_zoo_is_taken_for_a_chain() -> None:
    from archcalc import zoo

    assert [name for name in (*zoo.names(), *zoo.files()) if holds_token(name)] == []


def test_mistakes_are_usage_errors() -> None:
    assert issubclass(NotationError, UsageError)


def test_a_repeat_by_a_symbol_in_plain_data() -> None:
    n = ac.symbol("n")
    conv = {"conv": {"filters": 4, "kernel": 3, "pad": 1}}
    report = ac.analyze({"input": [4, 8, 8], "layers": [{"repeat": n, "do": conv}]})
    assert report.depth == n
    assert report.parameters == 148 * n
