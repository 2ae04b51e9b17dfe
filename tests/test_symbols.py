"""What symbols promise, and what a repeat by a symbol may hold: found by attacking the first form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import archcalc as ac
from archcalc import dims
from archcalc.analysis import with_symbols
from archcalc.infer import infer
from archcalc.render.rows import number_text
from archcalc.yamlsrc import parse

S = ac.symbol


def analyze(text: str, **settings: Any) -> ac.Report:
    """The report of a spec given as text."""
    return ac.analyze(parse(text).data, **settings)


def assumptions(report: ac.Report) -> list[str]:
    """The assumptions as the table prints them."""
    return [str(condition) for condition in report.assumptions]


CONV = "input: [3, 16, 16]\nlet: {n: 5}\nlayers:\n"


@pytest.mark.parametrize(
    ("layers", "assumed"),
    [
        ("  - {repeat: n - 2, do: {conv: {filters: 3, kernel: 1}}}", "n >= 2"),
        ("  - conv: {filters: n - 3, kernel: 1}", "n >= 4"),
        ("  - conv: {filters: 2, kernel: n - 2, pad: same}", "n >= 3"),
        ("  - conv: {filters: 2, kernel: 3, pad: n - 4}", "n >= 4"),
        ("  - conv: {filters: 2, kernel: n}", "n <= 16"),
    ],
)
def test_what_a_field_needs_becomes_an_assumption(layers: str, assumed: str) -> None:
    report = analyze(CONV + layers, let={"n": S("n")})
    assert assumed in assumptions(report)
    assert report.substitute(n=5)["macs"] == analyze(CONV + layers).macs
    with pytest.raises(ac.ArchcalcError, match="breaks the assumption"):
        report.substitute(n=1 if ">=" in assumed else 17)


def test_the_least_bound_of_many_stays() -> None:
    assert assumptions(ac.analyze("vgg16", input=(3, S("H"), S("W")))) == ["H >= 32", "W >= 32"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ac.analyze("vgg16", input=(3, S("H"), 224), assume=["Q%32==0"]), "there is no symbol 'Q'"),
        (lambda: ac.analyze("vgg16", input=(3, S("H"), 224)).substitute(h=32), "did you mean 'H'"),
        (lambda: ac.analyze("vgg16", input=(3, S("H"), 224)).substitute(H="x"), "'x' is not a number"),
        (lambda: ac.analyze("mlp", input=5), "not a list of sizes"),
        (lambda: ac.analyze("mlp", batch=0), "batch: 0 is not a size"),
        (lambda: ac.analyze("mlp", let={"classes": float("nan")}), "nan is not a number"),
        (lambda: ac.analyze("mlp", let={"classes": dims.symbol("c", ratio=True)}), "is not whole"),
        (lambda: ac.layer(ac.Layer), "takes the name of the kind"),  # type: ignore[arg-type]
    ],
)
def test_wrong_requests_from_python(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ac.ArchcalcError, match=message):
        call()


def test_symbols_of_sympy_itself_are_refused() -> None:
    from sympy import Symbol

    with pytest.raises(ac.ArchcalcError, match=r"make the symbol 'H' by archcalc\.symbol"):
        ac.analyze("vgg16", input=(3, Symbol("H"), 224))


def test_numpy_integers_are_integers() -> None:
    import numpy

    report = ac.analyze("mlp", input=(numpy.int64(5),), let={"hidden": numpy.int32(7)}, batch=numpy.int64(2))
    assert report.batch_macs == 2 * (35 + 14)
    assert type(report.macs) is int


def test_promises_add_up() -> None:
    H = S("H", multiple_of=8)
    report = ac.analyze("vgg16", input=(3, H, 224), assume=["H%12==0", "H>=100"], batch=S("N", multiple_of=4))
    assert assumptions(report)[:2] == ["H % 24 == 0", "H >= 100"]
    assert "N % 4 == 0" in assumptions(report)
    with pytest.raises(ac.ArchcalcError, match="breaks the assumption N % 4 == 0"):
        report.substitute(H=240, N=3)
    with pytest.raises(ac.ArchcalcError, match="is a ratio"):
        ac.analyze("mlp", let={"hidden": 4 * S("a", ratio=True)}, assume=["a>=1"])


def test_two_symbols_of_one_name_must_agree() -> None:
    with pytest.raises(ac.UsageError, match="two symbols are called 'H'"):
        ac.analyze("vgg16", input=(3, S("H"), S("H", multiple_of=4)))


def test_an_assumed_division_is_whole() -> None:
    text = "input: [C, 8, 8]\nlet: {C: 6}\nlayers: [{slice: {part: 1, of: 2}}, {conv: {filters: 5, kernel: 1}}]"
    report = analyze(text, let={"C": S("C")})
    assert assumptions(report) == ["C % 2 == 0"]
    assert report.substitute(C=6)["macs"] == analyze(text).macs == 3 * 5 * 64


def test_minima_read_well() -> None:
    text = "input: [3, 8, 8]\nlet: {w: 4}\nlayers: [{conv: {filters: 'min(w, 64)', kernel: 1}}]"
    report = analyze(text, let={"w": S("w")})
    assert str(report.macs) == "192*min(64, w)"
    assert not report.assumptions
    assert [report.substitute(w=w)["macs"] for w in (3, 100)] == [576, 12288]


def test_depth_of_a_branching_repeat_is_one_maximum() -> None:
    text = """
input: [8, 8, 8]
let: {n: 3}
layers:
  - repeat: n
    do:
      - add: {main: [{conv: {filters: 8, kernel: 1}}, relu], shortcut: identity}
  - add: {main: [{conv: {filters: 8, kernel: 1}}, {conv: {filters: 8, kernel: 1}}], shortcut: {conv: {filters: 8, kernel: 1}}}
"""
    assert str(analyze(text, let={"n": S("n")}).depth) == "n + 2"


def test_the_round_of_a_growing_repeat_has_a_name_of_its_own() -> None:
    text = """
input: [4, i, 8]
let: {i: 6, n: 3}
layers:
  - repeat: n
    do: {concat: {before: identity, new: {conv: {filters: 2, kernel: 1}}}}
"""
    report = analyze(text, let={"i": S("i"), "n": S("n")})
    assert report.substitute(i=6, n=3)["macs"] == analyze(text).macs
    assert any(note.startswith("j = 0 .. n - 1") for note in report.notes)
    as_c = analyze(
        text.replace("filters: 2", "filters: c").replace("n: 3}", "n: 3, c: 2}"), let={"n": S("n"), "c": S("c")}
    )
    assert as_c.substitute(n=3, c=2)["macs"] == analyze(text).macs


def test_a_count_of_rounds_that_changes_is_refused() -> None:
    text = """
input: [4, 8, 8]
let: {n: 3}
layers:
  - repeat: n
    do: [grow]
blocks:
  grow:
    do:
      - {repeat: in_channels, do: relu}
      - concat: {before: identity, new: {conv: {filters: 2, kernel: 1}}}
"""
    with pytest.raises(ac.SpecError, match="the number of rounds changes"):
        analyze(text, let={"n": S("n")})


def test_heads_of_copies_are_their_own() -> None:
    text = """
input: [3, 8, 8]
blocks:
  stage: {do: [{conv: {filters: 3, kernel: 1}}, {head: aux, do: [global_avgpool, flatten, {linear: 2}]}]}
layers: [stage, {repeat: 3, do: stage}]
"""
    report = analyze(text)
    assert list(report.heads) == [f"stage{n}.aux" for n in (1, 2, 3, 4)]
    assert {figures["parameters"] for figures in report.heads.values()} == {8}
    for layer in report.layers:
        assert layer.head is None or layer.path.startswith(layer.head)


def test_a_name_may_stand_in_two_alternatives() -> None:
    text = """
input: [3, 8, 8]
let: {wide: true}
layers:
  - {conv: {filters: 8, kernel: 1}, name: stem, when: wide}
  - {conv: {filters: 4, kernel: 1}, name: stem, when: not wide}
  - concat: {a: relu, b: {from: stem}}
"""
    assert [analyze(text, let={"wide": wide}).layers[-1].output.channels for wide in (True, False)] == [16, 8]


def test_four_digits_with_prefix() -> None:
    values = (99_996, 999_949, 9_999_600, 12_345_678, 9_999_500_000_000, 10**16)
    assert [number_text(value, "si") for value in values] == [
        "100.0 k", "999.9 k", "10.00 M", "12.35 M", "10.00 T", "10,000.0 T",
    ]  # fmt: skip


def test_own_kinds_fail_by_name() -> None:
    @ac.layer("halved")
    class Halved(ac.Layer):
        """Half a multiply-accumulate for each element."""

        def operations(self, x: ac.Shape, y: ac.Shape) -> ac.Operations:
            return ac.Operations(macs=y.elements / 2)

    @ac.layer("weighted_without_links")
    class Weighted(ac.Layer):
        """Says that it has weights, and not how many links."""

        weighted = True

    for kind, message in (
        ("halved", "macs.* is not a whole number"),
        ("weighted_without_links", "needs a rule `links`"),
    ):
        with pytest.raises(ac.ArchcalcError, match=message):
            ac.analyze({"input": [3], "layers": [kind]})


def test_a_definition_may_run_twice() -> None:
    for _ in range(2):

        @ac.layer("run_twice")
        class RunTwice(ac.Layer):
            """As a notebook's cell is."""

    assert ac.analyze({"input": [3], "layers": ["run_twice"]}).outputs == 3


def test_unread_outputs_are_noted() -> None:
    text = "input: [3, 8, 8]\nlayers: [{relu: , name: a}, {conv: {filters: 2, kernel: 1}}, {from: a}, sigmoid]"
    assert analyze(text).notes == ("conv: no layer reads its output",)


def test_folding_many_repeats_is_linear() -> None:
    data = {"input": [4], "layers": [{"repeat": 2, "do": ["relu", {"linear": 4}]} for _ in range(300)]}
    report = ac.analyze(data)
    from archcalc.render.rows import Options, rows

    folded = rows(report, Options(fold=True))
    assert len(folded) == 600
    assert {row.repeat for row in folded} == {2}


def test_reports_can_be_sent_to_another_process() -> None:
    import pickle

    report = pickle.loads(pickle.dumps(ac.analyze("zfnet", input=(3, S("H"), S("H")))))
    assert report.substitute(H=224)["macs"] == ac.analyze("zfnet").macs
    assert infer(report.graph) == report.costs


def test_paths_of_many_joins_are_added_not_multiplied() -> None:
    """Two paths of open length in each of ten joins are 1,024 paths in all; the depth has ten maxima."""
    names = [f"{side}{number}" for number in range(10) for side in "ab"]
    layers = [
        {"add": {side: {"repeat": f"{side}{n}", "do": {"conv": {"filters": 8, "kernel": 1}}} for side in "ab"}}
        for n in range(10)
    ]
    spec = {"input": [8, 8, 8], "let": dict.fromkeys(names, 2), "layers": layers}
    depth = ac.analyze(spec, let={name: ac.symbol(name) for name in names}).depth
    assert str(depth) == " + ".join(f"max(a{n}, b{n})" for n in range(10))


def test_a_rounded_up_ratio_is_at_least_one() -> None:
    """So that a path through a repeat is never shorter than the shortcut around it."""
    layers = [{"add": {"main": {"repeat": "ceil(2*d)", "do": {"conv": {"filters": 8, "kernel": 1}}}, "id": "identity"}}]
    spec = {"input": [8, 8, 8], "let": {"d": "1.0"}, "layers": layers}
    assert str(ac.analyze(spec, let={"d": ac.symbol("d", ratio=True)}).depth) == "ceil(2*d)"


@pytest.mark.parametrize(
    ("network", "names", "ending"),
    [
        ("stack_3x3", ["C", "H", "W"], "27*C**2*H*W"),
        ("mobilenet", ["classes"], "1024*classes + 567716352"),
        ("resnet_cifar20", ["n"], "14155776*n - 1916288"),
    ],
)
def test_lets_and_axes_left_open(network: str, names: list[str], ending: str) -> None:
    loaded = ac.load(network)
    assert str(ac.analyze(loaded, **with_symbols(loaded, names, {})).macs) == ending


def test_a_list_left_open_has_a_symbol_for_each_element() -> None:
    loaded = ac.load("resnet18")
    settings = with_symbols(loaded, ["depths", "N"], {"classes": 10})
    assert [str(size) for size in settings["let"]["depths"]] == ["depths_0", "depths_1", "depths_2", "depths_3"]
    report = ac.analyze(loaded, **settings)
    assert str(report.batch_macs).startswith("231211008*N*depths_0 + 231211008*N*depths_1")
    values = {"N": 1, **{f"depths_{stage}": 2 for stage in range(4)}}
    assert report.substitute(**values)["macs"] == ac.analyze("resnet18", let={"classes": 10}).macs


@pytest.mark.parametrize(
    ("names", "given", "message"),
    [
        (["Q"], {}, "symbols: 'Q' is no let of resnet18 and no axis"),
        (["D"], {}, "the input 3x224x224 has no axis D"),
        (["bottleneck"], {}, "symbols: let 'bottleneck' is false; only numbers can be left open"),
        (["shortcut"], {}, "symbols: let 'shortcut' is the word 'B'; only numbers can be left open"),
    ],
)
def test_what_cannot_be_left_open(names: list[str], given: dict[str, Any], message: str) -> None:
    with pytest.raises(ac.UsageError) as caught:
        with_symbols(ac.load("resnet18"), names, given)
    assert str(caught.value).startswith(message)


def test_bounds_that_are_assumed_already_settle_later_rounds() -> None:
    """DenseNet's depth and growth rate: L >= 4 makes the number of layers of a block no negative number."""
    loaded = ac.load("densenet_cifar_40_12")
    report = ac.analyze(loaded, **with_symbols(loaded, ["L", "k"], {}))
    assert assumptions(report)[0] == "L >= 4"
    for values in ({"L": 40, "k": 12}, {"L": 100, "k": 24}):
        assert report.substitute(**values)["parameters"] == ac.analyze(loaded, let=values).parameters


def test_powers_of_long_sums_are_refused() -> None:
    names = {name: ac.symbol(name) for name in "abcd"}
    spec = {"input": [3], "let": dict.fromkeys(names, 1), "layers": [{"linear": "(a + b + c + d)**64"}]}
    with pytest.raises(ac.ArchcalcError, match=r"a sum of 4 terms to the power of 64 has too many terms"):
        ac.analyze(spec, let=names)
