"""Networks built in Python and written as YAML: the same graph either way, whatever the names."""

from __future__ import annotations

import inspect
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import archcalc as ac
from archcalc import build, zoo
from archcalc.build import (
    block,
    call,
    concat,
    conv,
    do,
    dropout,
    flatten,
    for_,
    from_,
    global_avgpool,
    head,
    identity,
    linear,
    matmul,
    maxpool,
    network,
    relu,
    repeat,
    softmax,
)
from archcalc.layers import FAMILIES, JOINS
from archcalc.layers.base import REGISTRY
from archcalc.network import variants
from archcalc.verify import verify
from archcalc.yamlsrc import parse

SAMPLE = (
    "alexnet", "efficientnet_b0", "googlenet_aux", "inception_v3", "lenet5", "mobilenet_v2", "regnet_x_400mf", "resnet50",
    "shufflenet_v2_x1_0", "swin_t", "vgg16", "vit_b_16",
)  # fmt: skip


def facts(report: ac.Report) -> Any:
    """Everything that two reports of one network share, wherever their texts came from."""
    layers = [
        (layer.path, repr(layer.node.layer), layer.node.inputs, layer.output, layer.head, layer.cost)
        for layer in report
    ]
    return layers, dict(report.totals), report.heads, report.notes, dict(report.settings), report.graph.spec.ratios


def reread(net: ac.Network, folder: Path) -> ac.Network:
    """The network that a file with its text is."""
    path = folder / "again.yaml"
    path.write_text(net.to_yaml() + "\n", encoding="utf-8")
    return ac.load(path)


# Building


def test_a_network_in_python_is_the_one_in_yaml() -> None:
    text = """
input: [3, resolution, resolution]
title: A small one
let: {resolution: 64, classes: 10, aux: true}
blocks:
  conv_relu:
    takes: [filters, kernel, {stride: 1}]
    let: {padding: kernel // 2}
    do:
      - conv: {filters: filters, kernel: kernel, stride: stride, pad: padding}
      - relu
layers:
  - {conv_relu: [16, 7, {stride: 2}], name: stem}
  - maxpool: {kernel: 3, stride: 2, pad: 1}
  - concat:
      1x1: {conv_relu: [8, 1]}
      3x3: [{conv_relu: [4, 1]}, {conv_relu: [8, 3]}]
      same: identity
    name: mixed
  - repeat: 2
    name: stage
    do: [{conv: {filters: 32, kernel: 3, pad: 1}, name: first}, {from: first}, relu]
  - head: aux1
    when: aux
    do: [global_avgpool, flatten, {linear: classes}]
  - for: {width: [32, 64], step: [1, 2]}
    do: {conv: {filters: width, kernel: 3, stride: step, pad: 1}}
  - {do: [global_avgpool, flatten], name: pooled}
  - dropout: 0.5
  - {linear: classes, when: not aux}
  - softmax
"""
    conv_relu = block(
        "conv_relu", "filters", "kernel", stride=1, let={"padding": "kernel // 2"},
        do=[conv("filters", "kernel", stride="stride", pad="padding"), relu],
    )  # fmt: skip
    net = network(
        "small", title="A small one", input=(3, "resolution", "resolution"),
        let={"resolution": 64, "classes": 10, "aux": True}, blocks=[conv_relu],
        layers=[
            conv_relu(16, 7, stride=2, name="stem"),
            maxpool(3, stride=2, pad=1),
            concat({"1x1": conv_relu(8, 1), "3x3": [call("conv_relu", 4, 1), conv_relu(8, 3)]}, same=identity,
                   name="mixed"),
            repeat(2, conv(32, 3, pad=1, name="first"), from_("first"), relu(), name="stage"),
            head("aux1", global_avgpool, flatten, linear("classes"), when="aux"),
            for_({"width": [32, 64], "step": [1, 2]}, conv("width", 3, stride="step", pad=1)),
            do(global_avgpool, flatten, name="pooled"),
            [dropout(0.5), linear("classes", when="not aux")],
            softmax,
        ],
    )  # fmt: skip
    data = parse(text).data
    assert net.name == "small"
    assert facts(ac.analyze(net)) == facts(ac.analyze(data))
    assert parse(net.to_yaml()).data == {**data, "layers": net.spec.source.data["layers"]} | {
        "blocks": data["blocks"],
        "layers": parse(ac.load(data).to_yaml()).data["layers"],
    }


def test_python_functions_and_loops_are_blocks_and_repeats() -> None:
    def conv_relu(filters: int) -> list[Any]:
        return [conv(filters, 3, pad=1), relu]

    nested = network("n", input=(3, 8, 8), layers=[conv_relu(8), [conv_relu(8) for _ in range(2)]])
    flat = {"input": [3, 8, 8], "layers": [{"conv": {"filters": 8, "kernel": 3, "pad": 1}}, "relu"] * 3}
    assert nested.spec.source.data["layers"] == flat["layers"]
    assert facts(ac.analyze(nested)) == facts(ac.analyze(flat))


def test_every_kind_is_a_function_and_its_own_documentation() -> None:
    assert {*FAMILIES} < {*dir(build)}
    assert str(inspect.signature(maxpool)).startswith("(kernel, *, stride=None, pad=0, dilation=1, round='floor',")
    for kind in FAMILIES:
        function = getattr(build, kind)
        assert function.__name__ == kind
        assert function.__doc__.startswith(kind)
        names = inspect.signature(function).parameters
        assert {"name", "when"} <= {*names}
        if kind not in JOINS:
            assert {*REGISTRY[kind].schema} <= {*names}


def test_positions_are_those_of_required_fields() -> None:
    assert conv(8, 3) == {"conv": {"filters": 8, "kernel": 3}}
    assert linear(10) == {"linear": 10}
    assert dropout(0.1, name="d") == {"dropout": 0.1, "name": "d"}
    assert build.avgpool((1, 7)) == {"avgpool": {"kernel": (1, 7)}}  # a list in place of the field would be refused
    assert relu() == "relu"
    assert matmul(a=identity(), b=[relu]) == {"matmul": {"a": "identity", "b": ["relu"]}}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: conv(8, 3, 1), "conv takes filters, kernel by position, and 3 values are given; name the others"),
        (lambda: relu(3), "relu takes nothing by position, and 1 value is given; name the others"),
        (lambda: conv(8, filters=3), "conv: filters is given twice"),
        (lambda: network("n", input=(3,), layers=relu, blocks={"b": 3}), "blocks are made by `block`: blocks=[block('conv_relu', 'filters', do=[...]), ...]"),
        (lambda: network("n", input=(3,), layers=relu, variants={"a": {"x": 1}, "b": {"x": 2}}), "n is a family; ask for one of a, b, by `variant=` of archcalc.build.network"),
        (lambda: network("n", input=(3,), layers=relu, variant="c"), "n has no variant 'c'; it has none"),
        (lambda: network("n", input=(3,), layers=relu, blocks=[block("b", do=relu), block("b", do=relu)]), "two blocks are called 'b'"),
    ],
)  # fmt: skip
def test_wrong_calls_are_explained_at_once(make: Any, message: str) -> None:
    with pytest.raises(ac.UsageError) as error:
        make()
    assert str(error.value) == message


def test_an_unknown_kind_has_a_hint() -> None:
    with pytest.raises(AttributeError, match="there is no layer kind 'conw'; did you mean 'conv'"):
        _ = build.conw


def test_problems_name_their_place_in_the_python_data() -> None:
    net = network(
        "n", input=(3, 8, 8), layers=[relu, conv(8, 3, strides=2, name="c3"), concat(a=linear("width"), b=relu)]
    )
    with pytest.raises(ac.SpecError) as error:
        ac.analyze(net)
    assert str(error.value).splitlines() == [
        "layers[1] (conv 'c3'): unknown field 'strides'; did you mean 'stride'?",
        "layers[2].concat.a (linear): units: unknown name 'width'; known: in_channels",
    ]
    with pytest.raises(ac.SpecError, match="unknown field 'strides'"):
        net.to_yaml()
    assert "unknown field 'strides'" in str(net)


def test_own_kinds_are_functions_too() -> None:
    @ac.layer("halve")
    class Halve(ac.Layer):
        """Half of the channels."""

        times: ac.Dim = 1

        def output(self, x: ac.Shape) -> ac.Shape:
            return x.with_channels(ac.floordiv(x.channels, 2))

    try:
        assert "halve" in dir(build)
        net = network("n", input=(8, 4, 4), layers=[build.halve, build.halve(2, name="again")])
        assert str(ac.analyze(net).layers[-1].output) == "2x4x4"
        assert net.to_yaml() == "input: [8, 4, 4]\nlayers:\n  - halve\n  - {halve: 2, name: again}"
    finally:
        del REGISTRY["halve"]


def test_what_is_built_does_not_change_with_its_data() -> None:
    data: dict[str, Any] = {"input": [3, 8, 8], "layers": ["relu"]}
    net = ac.load(data)
    data["layers"].append("softmax")
    assert net.to_yaml() == "input: [3, 8, 8]\nlayers:\n  - relu"


def test_data_that_holds_itself_is_refused() -> None:
    chain: list[Any] = ["relu"]
    chain.append({"do": chain})
    with pytest.raises(ac.SpecError, match=r"^layers\[1\]\.do\[1\]: nested more than 32 deep"):
        ac.load({"input": [3, 8, 8], "layers": chain})
    looped: list[Any] = [relu]
    looped.append(looped)
    with pytest.raises(ac.UsageError, match="lists of entries are nested more than 32 deep"):
        network("n", input=(3,), layers=looped)
    with pytest.raises(ac.SpecError, match="a key must be a word, not None"):
        ac.load({"input": [3, 8, 8], "layers": [{None: 3}]})


def test_the_typed_script_runs() -> None:
    try:
        runpy.run_path(str(Path(__file__).parent / "typed.py"), run_name="typed")  # pytest may have imported it so
    finally:
        REGISTRY.pop("own_kind", None)


# Writing


def round_trip(name: str, folder: Path) -> None:
    net = ac.load(name)
    assert facts(ac.analyze(reread(net, folder))) == facts(ac.analyze(net))
    assert max(map(len, net.to_yaml().splitlines())) <= 120


@pytest.mark.parametrize("name", SAMPLE)
def test_a_network_of_the_zoo_reads_back_the_same(name: str, tmp_path: Path) -> None:
    round_trip(name, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", sorted({*zoo.names()} - {*SAMPLE}))
def test_every_network_reads_back_the_same(name: str, tmp_path: Path) -> None:
    round_trip(name, tmp_path)


def bare(data: Any) -> Any:
    """Data in which one entry and a list of it, `relu` and `relu:`, are the same."""
    if isinstance(data, list):
        return bare(data[0]) if len(data) == 1 else list(map(bare, data))
    if isinstance(data, dict):
        return next(iter(data)) if [*data.values()] == [None] else {key: bare(value) for key, value in data.items()}
    return data


@pytest.mark.parametrize("path", zoo.files().values(), ids=lambda path: path.stem)
def test_a_whole_family_is_written_with_its_figures(path: Path, tmp_path: Path) -> None:
    first = variants(path, published=True)[0]
    text = first.to_yaml(family=True)
    assert max(map(len, text.splitlines())) <= 120
    source = first.spec.source
    assert bare(parse(text).data) == bare(source.data)
    assert [*parse(text).data] == [*source.data]  # the sections stand in the order of the files
    printed = [source.written(("published", n, "value")) for n in range(len(source.data.get("published", ())))]
    again = parse(text)
    assert [again.written(("published", n, "value")) for n in range(len(printed))] == printed


def test_the_text_of_a_variant_is_that_variant(tmp_path: Path) -> None:
    path = tmp_path / "vgg13.yaml"
    one = next(net for net in variants(zoo.files()["vgg"], published=True) if net.name == "vgg13")
    text = one.to_yaml()
    assert text.startswith("# vgg13: of a family one network, whose row of the table of variants stands in let\n")
    assert "variants:" not in text
    assert "  conv3: [2, 2, 2, 2, 2]\n" in text
    path.write_text(text)
    found = verify(path)
    assert len(found) == sum(figure.measure.of in (None, "vgg13") for figure in one.spec.published)
    assert {finding.status for finding in found} <= {"agrees", "disputed"}


def test_a_ratio_stays_one_where_the_row_is_whole(tmp_path: Path) -> None:
    net = next(net for net in variants(zoo.files()["mobilenet"]) if net.spec.ratios)
    again = reread(net, tmp_path)
    assert again.spec.ratios == net.spec.ratios
    data = {"input": [3], "let": {"b": 1}, "variants": {"x": {"a": 1}, "y": {"a": 0.5}}, "layers": "relu"}
    chosen = network("n", input=(3,), let={"b": 1}, variants=data["variants"], variant="x", layers=relu)  # type: ignore[arg-type]
    assert "let: {b: 1, a: 1.0}" in chosen.to_yaml()
    assert "x: {a: 1}" in chosen.to_yaml(family=True)


HOSTILE = [
    "no", "yes", "on", "NO", "1e3", "1_000", "0x1F", "0o17", "1:30", "nan", ".inf", "12", "-1", "2.50", "~", "null", "true",
    "", " ", "a: b", "a #b", "#", "-", "- a", "? a", "[a", "{a", "a]", "*a", "&a", "!a", "|", ">", "%a", "@a", "`a", "'a'",
    '"a"', "a,b", ":", "a:", "=", "<<", "---", "...", "a\nb", "a\tb", " a", "a ", "\x7f", "\u2028", "é", "😀", "\ufeff",
    "<img onerror=x>", "$x$", "\\", "a" * 200, "word " * 60, "a  b " * 40,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_text_for_every_reader(text: str) -> None:
    net = ac.load({"title": text, "cite": f"see {text}", "input": [3], "layers": [{"linear": 3, "name": "no"}]})
    written = net.to_yaml()
    assert parse(written).data["title"] == text
    assert yaml.safe_load(written)["title"] == text
    assert yaml.safe_load(written)["cite"] == f"see {text}"
    assert yaml.safe_load(written)["layers"] == [{"linear": 3, "name": "no"}]
    assert ac.load(parse(written).data).spec.title == net.spec.title


VALUES: Any = st.recursive(
    st.integers(-(10**25), 10**25)
    | st.fractions()
    | st.booleans()
    | st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-1000, max_value=1000).map(float)
    | st.sampled_from(["a // 2", "b[0]", "1 if a > 2 else 3", "a == 'x, y'", "[a, 2]", "'no'", "yes"]),
    lambda inner: st.lists(inner, min_size=1, max_size=12),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["p", "q", "r", "no", "yes", "e1"]), VALUES, max_size=6))
def test_values_are_exact_whatever_their_form(let: dict[str, Any]) -> None:
    data = {"input": [3], "let": {"a": 3, "b": [1, 2], **let}, "layers": ["relu"]}
    net = ac.load(data)
    if net.spec.problems:
        return
    try:
        text = net.to_yaml()
    except ac.UsageError as error:
        assert "a number of a file has at most 18 digits" in str(error)
        return
    again = ac.load(parse(text).data)
    assert again.spec.ratios == net.spec.ratios
    try:
        known = dict(ac.analyze(net).settings)
    except ac.ArchcalcError as error:
        with pytest.raises(type(error)):
            ac.analyze(again)
    else:
        assert dict(ac.analyze(again).settings) == known


def entries() -> Any:
    """Chains for a map of 8 channels that stay one."""
    name = st.sampled_from([None, "no", "1e3", "a.b", "x-1", "3x3"])

    def named(entry: dict[str, Any], given_name: str | None, when: Any) -> Any:
        beside = {} if when is None else {"when": when}
        return {**entry, **beside, **({} if given_name is None else {"name": given_name})}

    whens = st.sampled_from([None, True, "deep", "not deep or n in [1, 2]"])
    plain = st.builds(named, st.sampled_from([{"relu": None}, {"conv": {"filters": 8, "kernel": 3, "pad": [[1, 1], [0, 2]]}},
                                              {"twice": [8]}, {"batchnorm": {}}, {"identity": None}]), st.none(), whens)  # fmt: skip
    leaf = st.sampled_from(["relu", "batchnorm", "twice", "identity"]) | plain

    def groups(inner: Any) -> Any:
        chain = st.lists(inner, min_size=1, max_size=3)
        return st.builds(
            named,
            st.builds(lambda c, n: {"do": c, "repeat": n}, chain, st.sampled_from([0, 1, 2, "n"]))
            | st.builds(lambda a, b: {"add": {"no": a, "1e3": b}}, chain, chain)
            | st.builds(lambda c: {"do": c, "for": {"k": [1, 3]}}, chain),
            name,
            whens,
        )

    return st.lists(st.recursive(leaf, groups, max_leaves=8), min_size=1, max_size=4)


@settings(max_examples=100, deadline=None)
@given(entries())
def test_any_chain_reads_back_the_same(layers: list[Any]) -> None:
    block_ = {"takes": [{"width": 8}], "do": {"repeat": 2, "do": {"conv": {"filters": "width", "kernel": 1}}}}
    net = ac.load(
        {"input": [8, 6, 6], "let": {"deep": True, "n": 2}, "blocks": {"twice": block_}, "layers": ["relu", *layers]}
    )
    try:
        report = ac.analyze(net)
    except ac.ArchcalcError:
        return
    assert facts(ac.analyze(parse(net.to_yaml()).data)) == facts(report)


def test_symbols_and_giants_are_refused_with_a_way_out() -> None:
    with pytest.raises(ac.UsageError, match="a file holds no symbols, here H; give the size a name in `let`"):
        ac.load({"input": [3, ac.symbol("H"), 8], "layers": ["relu"]}).to_yaml()
    giant = network(
        "giant", input=(3, 8, 8), layers=[conv(3, 1, name=f"a_rather_long_name_of_layer_{n}") for n in range(18_000)]
    )
    with pytest.raises(ac.UsageError, match=r"larger than 1,000,000 bytes, the limit for a spec; repeat what is alike"):
        giant.to_yaml()


def test_twelve_thousand_layers_are_written(tmp_path: Path) -> None:
    net = network("deep", input=(3, 8, 8), layers=[conv(3, 3, pad=1), relu] * 6000)
    assert len(net.to_yaml().splitlines()) == 12_002
    assert ac.analyze(reread(net, tmp_path)).parameters == 6000 * (3 * 3 * 9 + 3)


@pytest.mark.parametrize("text", [" ".join(["word"] * 60), ": ".join(["key"] * 60)])
def test_long_texts_are_folded(text: str) -> None:
    net = ac.load({"title": "t", "cite": text, "input": [3], "layers": "relu"})
    assert max(map(len, net.to_yaml().splitlines())) <= 120
    assert parse(net.to_yaml()).data["cite"] == text
