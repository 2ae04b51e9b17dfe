"""Claims: every statement gets the verdict that is known, by figures that are exact."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from archcalc import zoo
from archcalc.claims import Verdict, decide
from archcalc.cli import main
from archcalc.errors import SpecError, UsageError
from archcalc.render.lists import FORMATS
from archcalc.yamlsrc import read

EXPECTED = {
    "pool-example": "holds",
    "alexnet-227": "holds",
    "alexnet-conv1-35k": "holds",
    "alexnet-60m": "holds",
    "alexnet-62m": "depends",
    "alexnet-630m": "does not hold",
    "alexnet-layers": "holds",
    "alexnet-cross": "holds",
    "alexnet-x2048": "holds",
    "overlap-pool": "holds",
    "vgg-138m": "holds",
    "vgg-600mb": "does not hold",
    "vgg-batch2": "does not hold",
    "train-2x": "does not hold",
    "vgg-depths": "holds",
    "vgg-double": "does not hold",
    "stack-5x5": "holds",
    "stack-7x7": "holds",
    "stack-27-49": "depends",
    "stack-18-25": "holds",
    "stack-identical": "does not hold",
    "factor-9-6": "holds",
    "kernel-growth": "does not hold",
    "width-params": "does not hold",
    "googlenet-5m": "does not hold",
    "googlenet-6m": "does not hold",
    "googlenet-22": "holds",
    "googlenet-3a": "holds",
    "googlenet-conv2": "does not hold",
    "googlenet-gap": "holds",
    "googlenet-aux": "depends",
    "googlenet-9": "holds",
    "bottleneck-32": "holds",
    "bottleneck-half": "holds",
    "concat-40": "holds",
    "inception3-42": "does not hold",
    "inception3-2.5x": "does not hold",
    "inception-7x7": "holds",
    "resnet-152": "holds",
    "resnet-1202": "holds",
    "resnet-shortcut": "does not hold",
    "resnet-same-shape": "depends",
    "bottleneck-direction": "does not hold",
    "densenet-concat": "holds",
    "mobilenet-separable": "holds",
    "groups": "holds",
    "lenet-layers": "depends",
    "lenet-60k": "holds",
    "mlp-21": "depends",
    "lrn-params": "holds",
    "gap-fc": "holds",
}

FIGURES = {
    "pool-example": {"example": 27, "alexnet_pool1": 27},
    "alexnet-227": {"exact_227": 55, "exact_224": Fraction(217, 4), "neurons_227": 186_624, "neurons_224": 173_056},
    "alexnet-conv1-35k": {"weights": 34_848, "parameters": 34_944},
    "alexnet-60m": {"parameters": 60_965_224},
    "alexnet-62m": {"one_group": 62_378_344},
    "alexnet-630m": {"two_groups": 724_406_816, "one_group": 1_135_256_096, "convolutions": 665_784_864},
    "alexnet-x2048": {"shifts": 2048, "positions": 2178},
    "vgg-138m": {"parameters": 138_357_544},
    "vgg-600mb": {"values": 15_237_608, "maps": 60_950_432, "weights": 553_430_176},
    "vgg-batch2": {"images_18": 2_955_672_104, "images_19": 3_029_334_472},
    "stack-5x5": {"two_3x3": 5, "one_5x5": 5},
    "stack-7x7": {"three_3x3": 7, "one_7x7": 7, "ten_3x3": 21},
    "stack-27-49": {"pair_3x3": 27, "pair_7x7": 49},
    "factor-9-6": {"whole": 9, "split": 6},
    "googlenet-22": {"depth": 22, "module": 2, "with_pooling": 27},
    "googlenet-3a": {"module": 256, "weights": 163_328},
    "googlenet-gap": {"size": (1024, 1, 1), "parameters": 0, "linear": 1_025_000},
    "googlenet-aux": {"in_inference": 6_998_552, "in_training": 13_378_280},
    "bottleneck-32": {"size": (32, 56, 56), "weights": 2048, "macs": 6_422_528},
    "bottleneck-half": {"direct": 147_456, "reduced": 40_960},
    "inception3-42": {"table": 47, "released": 48},
    "resnet-1202": {"resnet1202": 19_421_274, "resnet110": 1_727_962},
    "lenet-60k": {"parameters": 60_000, "connections": 340_908},
    "gap-fc": {"fully_connected": 102_760_448, "pooling": 0},
}

FORMULAS = {
    "stack-27-49": {"layers_3x3": "27*C**2", "layer_7x7": "49*C**2", "biases_3x3": "3*C", "biases_7x7": "C"},
    "stack-18-25": {"two_3x3": "18*C", "one_5x5": "25*C"},
    "factor-9-6": {"whole_nxn": "C**2*n**2", "split_nxn": "2*C**2*n"},
    "concat-40": {"of_any": "n1x1 + n3x3 + n5x5 + pool_proj"},
    "groups": {"weights": "C**2*k**2/g", "groups": "g"},
}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdict]:
    return {verdict.id: verdict for verdict in decide()}


def test_the_claims_are_those_that_are_expected(verdicts: dict[str, Verdict]) -> None:
    assert list(verdicts) == list(EXPECTED)


def test_no_id_stands_twice() -> None:
    ids = [entry["id"] for entry in read(zoo.claims_file()).data]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", EXPECTED)
def test_the_verdict(name: str, verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts[name]
    assert verdict.verdict.startswith(EXPECTED[name])
    assert verdict.claim and verdict.why and verdict.figures
    assert not re.search(r"[{}\n]|None", verdict.why + verdict.computed)


@pytest.mark.parametrize("entry", read(zoo.claims_file()).data, ids=lambda entry: str(entry["id"]))
def test_every_figure_is_of_use(entry: dict[str, object]) -> None:
    told = json.dumps({key: value for key, value in entry.items() if key not in ("id", "claim")}, default=str)
    idle = [name for name in entry["figures"] if len(re.findall(rf"\b{name}\b", told)) < 2]  # type: ignore[attr-defined]
    assert not idle


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_exact(name: str, verdicts: dict[str, Verdict]) -> None:
    figures = verdicts[name].figures
    assert {figure: figures[figure] for figure in FIGURES[name]} == FIGURES[name]


@pytest.mark.parametrize("name", FORMULAS)
def test_what_holds_for_all_sizes_is_a_formula(name: str, verdicts: dict[str, Verdict]) -> None:
    figures = verdicts[name].figures
    assert {figure: str(figures[figure]) for figure in FORMULAS[name]} == FORMULAS[name]


def test_the_readings_of_a_claim_that_depends(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["mlp-21"].cases == {"without biases": True, "with biases": False}
    assert verdicts["mlp-21"].why == "21 weights, 26 parameters with the 5 biases"
    assert verdicts["resnet-same-shape"].cases["with an identity shortcut"]
    assert list(verdicts["resnet-same-shape"].cases.values()) == [True, False, False, False]


CLAIM = """\
- id: one
  claim: a perceptron has 26 parameters
  figures:
    parameters: {of: mlp, quantity: parameters}
    half: parameters / 2
    size: {network: {input: [1, 8, 8], layers: {conv: {filters: 4, kernel: 3}}}, quantity: size}
    weights: {of: stack_5x5, symbols: C, quantity: weights}
  holds: parameters == 26
  why: "{parameters}, half of it {half}, {parameters:KB}, {size}, {weights}"
"""


def decided(text: str, tmp_path: Path) -> Verdict:
    file = tmp_path / "claims.yaml"
    file.write_text(text)
    (verdict,) = decide(file=file)
    return verdict


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    verdict = decided(CLAIM, tmp_path)
    assert verdict.verdict == "holds"
    assert verdict.why == "26, half of it 13, 0.03 KB, 4x6x6, 25*C**2"
    assert verdict.computed == "parameters = 26, half = 13, size = 4x6x6, weights = 25*C**2"


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ("parameters == 26 and half < parameters", "holds"),
        ("parameters == 27", "does not hold"),
        ("size == [4, 6, 6] and size[1] == 6", "holds"),
        ("size == [4, 6, 7]", "does not hold"),
        ("weights > weights / 2", "holds"),  # for every C
        ("weights / weights == 1", "holds"),
        ("weights == 2 * weights", "does not hold"),
    ],
)
def test_a_condition(condition: str, verdict: str, tmp_path: Path) -> None:
    assert decided(CLAIM.replace("parameters == 26", condition), tmp_path).verdict == verdict


@pytest.mark.parametrize("second", [26, 27])
def test_cases(second: int, tmp_path: Path) -> None:
    cases = f"cases: {{one way: parameters == 26, another: parameters == {second}}}\n  depends: the way"
    verdict = decided(CLAIM.replace("holds: parameters == 26", cases), tmp_path)
    assert verdict.verdict == ("holds" if second == 26 else "depends on the way")


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "message"),
    [
        ("half: parameters", "half: parameter", 5, 11, "unknown name 'parameter'; did you mean 'parameters'?"),
        ("half: parameters / 2", "half: parameters / 0", 5, 11, "division by zero"),
        ("half: parameters / 2", "half: parameters +", 5, 11, "not an expression"),
        ("half: parameters / 2", "half: parameters == 2", 5, 11, "false is neither a number nor a size"),
        ("half: parameters / 2", "half: true", 5, 11, "true is neither a number nor a size"),
        ("half: parameters / 2", "half:", 5, 10, "value missing"),
        ("half: parameters / 2", "half: [1, 2]", 5, 11, "the list [1, 2] is neither a number nor a size"),
        ("    half: par", "    a-half: par", 5, 13, "the name of a figure is made of letters, digits and _"),
        ("of: mlp, quantity: parameters", "of: mlpp, quantity: parameters", 4, 17, "there is no network 'mlpp'"),
        ("quantity: parameters", "quantity: parametrs", 4, 17, "unknown quantity 'parametrs'; did you mean"),
        ("quantity: parameters", "quantity: 1 +", 4, 37, "not an expression"),
        ("quantity: parameters", "at: hiden, quantity: weights", 4, 17, "mlp has no layer or level 'hiden'; did you"),
        ("quantity: parameters", "quantity: parameters, over: alexnt", 4, 17, "there is no network 'alexnt'"),
        ("quantity: parameters", "quantity: buffers, over: alexnet", 4, 17, "division by zero"),
        ("quantity: parameters", "layer: hidden, quantity: size, over: alexnet", 4, 17, "the list"),
        ("quantity: parameters", "quantity: parameters, sett: {}", 4, 49, "unknown field 'sett'; did you mean 'set'?"),
        ("quantity: parameters", "quantity: parameters, set: {hiden: 3}", 4, 17, "there is no let 'hiden' to set; did"),
        ("quantity: parameters", "quantity: parameters, set: {hidden: {a: 1}}", 4, 54, "set is a mapping of lets to"),
        ("of: mlp, quantity: parameters", "of: mlp, quantity: ", 4, 17, "missing field 'quantity'"),
        ("quantity: parameters", "quantity: parameters, batch: 0", 4, 56, "batch is a whole number >= 1"),
        ("quantity: parameters", "quantity: parameters, dtype: int3", 4, 17, "unknown dtype 'int3'"),
        ("of: mlp, quantity: parameters", "of: mlp", 4, 17, "missing field 'quantity'"),
        ("of: mlp, quantity", "quantity", 4, 17, "a figure is measured `of` a network by name, or of a `network`"),
        ("symbols: C", "symbols: D1", 7, 14, "'D1' is no let of stack_5x5 and no axis"),
        ("kernel: 3", "kernel: 3, strid: 1", 6, 79, "unknown field 'strid'; did you mean 'stride'?"),
        ("kernel: 3", "kernel: 9", 6, 40, "kernel of extent 9 is larger than the input of 8"),
        ("network: {input: [1, 8, 8], layers: {conv: {filters: 4, kernel: 3}}}", "network: lenet", 6, 12, "mapping"),
        ("holds: parameters", "holds: parametrs", 8, 10, "unknown name 'parametrs'; did you mean 'parameters'?"),
        ("holds: parameters == 26", "holds: parameters", 8, 10, "26 is neither true nor false"),
        ("holds: parameters == 26", "holds: true", 8, 10, "true is no condition on figures"),
        ("holds: parameters == 26", "holds: 1 == 1", 8, 10, "is no condition on figures"),
        ("holds: parameters == 26", "holds: weights == 25", 8, 10, "whether 25*C**2 != 25 is open; set the symbols"),
        ("holds: parameters == 26", "holds: weights < 100", 8, 10, "is open; set the symbol"),
        ("holds: parameters == 26", "hold: parameters == 26", 8, 3, "unknown field 'hold'; did you mean 'holds'?"),
        ("holds: parameters == 26", "cases: {a: half == 13}", 1, 3, "`cases` and `depends`, what decides between"),
        ("holds: parameters == 26", "cases: 3\n  depends: b", 8, 10, "cases is a mapping of names"),
        ("holds: parameters == 26", "depends: b", 1, 3, "a claim is decided by `holds`, or by several `cases`"),
        ("half of it {half}", "half of it {haf}", 9, 8, "there is no figure 'haf'; did you mean 'half'?"),
        ("half of it {half}", "half of it {half / 2}", 9, 8, "braces hold the name of a figure, {name} or {name:MB}"),
        ("{parameters:KB}", "{parameters:KG}", 9, 8, "unknown unit 'KG'"),
        ("  claim: a perceptron has 26 parameters\n", "", 1, 3, "missing field 'claim'"),
        ("claim: a perceptron has 26 parameters", "claim: [26]", 2, 10, "claim is a text"),
        ("id: one", "id: 1", 1, 3, "a claim is a mapping with an id, a word"),
        ("- id: one", "- one\n- id: two", 1, 3, "a claim is a mapping with an id, a word"),
    ],
)  # fmt: skip
def test_mistakes_have_a_place(old: str, new: str, line: int, column: int, message: str, tmp_path: Path) -> None:
    assert CLAIM.count(old) >= 1
    file = tmp_path / "claims.yaml"
    file.write_text(CLAIM.replace(old, new, 1))
    with pytest.raises(SpecError) as raised:
        decide(file=file)
    first = raised.value.problems[0]
    assert message in str(first)
    assert (Path(first.path).name, first.line, first.column) == ("claims.yaml", line, column)


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    file = tmp_path / "claims.yaml"
    other = CLAIM.replace("id: one", "id: two").replace("kernel: 3", "kernel: 9")
    file.write_text(CLAIM.replace("parameters / 2", "parametrs / 2").replace("mlp", "mlpp") + other)
    with pytest.raises(SpecError) as raised:
        decide(file=file)
    assert [problem.line for problem in raised.value.problems] == [4, 5, 15]
    file.write_text(CLAIM + CLAIM)
    with pytest.raises(SpecError, match="there is a claim 'one' above"):
        decide(file=file)
    file.write_text("claims: 3\n")
    with pytest.raises(SpecError, match="a file of claims is a list of entries"):
        decide(file=file)


def test_only_some_claims() -> None:
    assert [verdict.id for verdict in decide(["vgg-138m", "alexnet-60m"])] == ["vgg-138m", "alexnet-60m"]
    with pytest.raises(UsageError, match="there is no claim 'vgg-139m'; did you mean 'vgg-138m'"):
        decide(["vgg-139m"])


def test_the_command() -> None:
    result = CliRunner().invoke(main, ["claims", "vgg-138m", "mlp-21"])
    assert result.exit_code == 0
    assert result.output == (
        "vgg-138m: VGG-16 has 138 million parameters\n"
        "  parameters = 138,357,544\n"
        "  holds: 138,357,544, biases included\n"
        "\n"
        "mlp-21: a 5-3-2 perceptron has 5*3 + 3*2 = 21 parameters\n"
        "  weights = 21, biases = 5, parameters = 26\n"
        "  depends on whether the biases count: 21 weights, 26 parameters with the 5 biases\n"
    )
    for name in ("mlp-12", "?"):
        unknown = CliRunner().invoke(main, ["claims", name])
        assert unknown.exit_code == 2
        assert f"there is no claim '{name}'; " in unknown.output
        assert "Traceback" not in unknown.output


def test_json() -> None:
    result = CliRunner().invoke(main, ["claims", "--format", "json"])
    claims = {claim["id"]: claim for claim in json.loads(result.output)["claims"]}
    assert list(claims) == list(EXPECTED)
    assert claims["googlenet-gap"]["figures"] == {"size": [1024, 1, 1], "parameters": 0, "linear": 1_025_000}
    assert claims["stack-18-25"]["figures"]["two_3x3"] == "18*C"
    assert claims["alexnet-227"]["figures"]["exact_224"] == "217/4"
    assert claims["mlp-21"]["cases"] == {"without biases": True, "with biases": False}


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_has_every_claim(format: str) -> None:
    output = CliRunner().invoke(main, ["claims", "--format", format]).output
    whys = [verdict.why.split(";")[0] for verdict in decide(["vgg-138m", "googlenet-22", "pool-example"])]
    assert all(why.replace("*", "\\*") in output or why in output for why in whys)


def test_an_unknown_format() -> None:
    result = CliRunner().invoke(main, ["claims", "mlp-21", "--format", "html"])
    assert result.exit_code == 2
    assert "'html' is not one of" in result.output
