"""Formulas: two roads to every figure, the same value in every language, refusals."""

from __future__ import annotations

import json
import pickle
import random
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import archcalc as ac
from archcalc import dims, zoo
from archcalc.analysis import with_symbols
from archcalc.cli import main
from archcalc.conditions import Condition
from archcalc.errors import ArchcalcError, UsageError
from archcalc.formula import Formula, formula, formulas
from archcalc.formula.program import program
from archcalc.network import load
from archcalc.quantities import MEASURABLE, QUANTITIES, SIZES, Quantity
from archcalc.render.equations import PAGE, width
from archcalc.render.formulas import formulas as render
from archcalc.report import Report

NODE = shutil.which("node")
H, W = ac.symbol("H"), ac.symbol("W")
ALPHA = ac.symbol("alpha", ratio=True)


def opened(name: str, *symbols: str) -> Report:
    network = load(name)
    return ac.analyze(network, **with_symbols(network, symbols, {}))


def run(*arguments: str) -> tuple[str, int]:
    result = CliRunner().invoke(main, ["formula", *arguments])
    return result.output.rstrip("\n"), result.exit_code


def executed(text: str) -> dict[str, Any]:
    """The names that a generated module defines."""
    names: dict[str, Any] = {}
    exec(text, names)  # noqa: S102  the text under test is a program
    return names


# as printed


def test_vgg16_as_the_textbook_would_write_it() -> None:
    text, status = run("vgg16", "macs")
    assert status == 0
    assert " ".join(text.split()) == (
        "macs = 38592*H*W + 221184*floor(H/2)*floor(W/2) + 1474560*floor(H/4)*floor(W/4) "
        "+ 5898240*floor(H/8)*floor(W/8) + 7077888*floor(H/16)*floor(W/16) + 2097152*floor(H/32)*floor(W/32) "
        "+ 20873216 assumes H >= 32 assumes W >= 32"
    )
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["vgg16", "macs", "--assume", "H%32==0", "--assume", "W%32==0"], "macs = 307904*H*W + 20873216"),
        (["mlp", "parameters", "--symbols", "hidden,classes"], "parameters = classes*hidden + classes + 6*hidden"),
        (["densenet121", "macs", "--symbols", "k"], "macs = 2651488*k**2 + 3719936*k"),
        (["vgg16", "field"], "field = 212"),
        (["googlenet", "parameters", "--by", "stage"], "parameters of inception3a = 163696"),
        (["alexnet", "parameters", "--by", "layer"], "parameters of conv1 = 34944"),
        (["alexnet", "size", "--by", "layer"], "size[1] of conv1 = floor((H - 7)/4)"),
        (["alexnet", "crossings", "--symbols", "N"], "crossings = 60672"),  # 2 * (21632 + 4608 + 2048 + 2048)
        (["lenet5", "batch_macs", "--symbols", "N"], "batch_macs = 325680*N"),
        (["lenet5", "size", "--input", "1xSxS"], "size[0] = 10"),
        (["lenet5", "activations", "--input", "1xSx32", "--symbols", "S,N"], "assumes S >= 32"),
        (["vgg16", "macs", "--input", "3x64x64"], "macs = 1282048000"),
        (["stack_3x3", "depth", "--symbols", "depth"], "depth of stack_3x3 = depth"),
        (
            ["efficientnet_b0", "weighted_layers", "--symbols", "depth"],
            "weighted_layers = 9*ceil(depth) + 10*ceil(2*depth) + 10*ceil(3*depth) + 5*ceil(4*depth) + 3",  # 82 of B0
        ),
    ],
)
def test_formulas_on_the_command_line(arguments: list[str], wanted: str) -> None:
    text, status = run(*arguments)
    assert status == 0
    assert wanted in text.splitlines()


@pytest.mark.parametrize(
    "arguments", [["resnet50", "inference_memory"], ["mobilenet", "training_memory", "--symbols", "alpha,H"]]
)
def test_long_maxima_stand_in_lines(arguments: list[str]) -> None:
    text, status = run(*arguments)
    assert status == 0
    assert max(map(len, text.splitlines())) <= 110
    joined = " ".join(text.partition("\nassumes")[0].split())
    assert (
        joined
        == f"{arguments[1]} = {formula(opened(arguments[0], *(['alpha', 'H'] if len(arguments) > 2 else 'HW')), arguments[1]).expr}"
    )


def test_vgg16_on_multiples_of_32_by_hand() -> None:
    """38592 + 221184/4 + 1474560/16 + 5898240/64 + 7077888/256 + 2097152/1024."""
    assert Fraction(38592) + sum(
        Fraction(macs, 4**n) for n, macs in enumerate((221184, 1474560, 5898240, 7077888, 2097152), 1)
    ) == 307904  # fmt: skip


@pytest.mark.parametrize("name", ["vgg16", "googlenet", "mobilenet"])
@pytest.mark.parametrize("quantity", ["parameters", "macs", "activations"])
def test_parts_add_up(name: str, quantity: str) -> None:
    report = opened(name, "H", "W")
    (total,) = formulas(report, quantity)
    for by in ("stage", "layer"):
        assert dims.same(dims.add_up(part.expr for part in formulas(report, quantity, by)), total.expr)


# two roads

SETTINGS = {"hidden": (1, 99), "classes": (2, 2000), "k": (8, 64), "N": (1, 64)}


def settings_of(report: Report, generator: random.Random) -> dict[str, Any]:
    """Numbers for all symbols of a report."""
    drawn = {}
    for name, is_ratio in formula(report, "macs").symbols.items():
        low, high = SETTINGS.get(name, (33, 450))
        drawn[name] = Fraction(generator.randint(30, 250), 100) if is_ratio else generator.randint(low, high)
    return drawn


def numeric(name: str, symbols: list[str], drawn: dict[str, Any]) -> Report:
    """The network with numbers in place of its symbols."""
    network = load(name)
    given = with_symbols(network, symbols, {})

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(filled(part) for part in value)
        return dims.substitute(value, drawn) if dims.is_number(value) else value

    return ac.analyze(network, **{key: filled(value) for key, value in given.items()})


NO_FORMULA = "has no `partition` that says|needs numbers|more than [0-9]+ formulas|kernel that is the same|has a kernel|attention"


def made_of(report: Report, quantities: Iterable[Quantity]) -> dict[str, tuple[Formula, ...]]:
    """The formulas of these quantities but for those that a network does not have."""
    made = {}
    for quantity in quantities:
        try:
            made[quantity.name] = formulas(report, quantity.name)
        except ArchcalcError as error:
            assert re.search(NO_FORMULA, str(error)), error
    return made


def figures(report: Report, quantity: str, count: int) -> list[Any]:
    """The numbers of a quantity: so many, where all are equal and the report has one for them."""
    value = MEASURABLE[quantity].of_report(report)
    return list(value) if isinstance(value, tuple) else [value] * count


def two_roads(name: str, symbols: list[str], points: int, quantities: Iterable[Quantity] = QUANTITIES) -> int:
    """How many random settings met the assumptions; at each of them all quantities agree."""
    report = opened(name, *symbols)
    made = made_of(report, quantities)
    generator, met = random.Random(name), 0
    for _ in range(3 * points):
        drawn = settings_of(report, generator)
        try:
            found = {quantity: [form(**drawn) for form in forms] for quantity, forms in made.items()}
        except ArchcalcError:  # breaks an assumption
            continue
        single = numeric(name, symbols, drawn)
        assert found == {quantity: figures(single, quantity, len(made[quantity])) for quantity in made}, (name, drawn)
        met += 1
        if met == points:
            break
    return met


@pytest.mark.parametrize(
    ("name", "symbols"),
    [
        ("vgg16", ["N", "H", "W"]),
        ("googlenet", ["H", "W", "classes"]),
        ("resnet50", ["H", "W"]),
        ("mobilenet", ["alpha", "H", "W"]),
        ("mobilenet_v2", ["alpha"]),
        ("densenet121", ["k", "H", "W"]),
        ("mlp", ["hidden", "classes"]),
        ("shufflenet_v2_x1_0", ["H", "W"]),
    ],
)
def test_two_roads(name: str, symbols: list[str]) -> None:
    assert two_roads(name, symbols, 4) == 4


@pytest.mark.parametrize(("name", "symbols"), [("vgg16", ["N", "H", "W"]), ("mobilenet_v2", ["alpha"])])
def test_two_roads_of_sizes_fields_and_memory(name: str, symbols: list[str]) -> None:
    assert two_roads(name, symbols, 3, SIZES) == 3


OPEN_ALSO = ("alpha", "k", "hidden")  # lets that are widths: opened beside the axes, where a spec has them


@pytest.mark.exhaustive
@pytest.mark.parametrize("quantities", [QUANTITIES, SIZES], ids=["counts", "sizes"])
@pytest.mark.parametrize("name", zoo.names())
def test_two_roads_of_every_network(name: str, quantities: Sequence[Quantity]) -> None:
    """With the spatial axes open, and widths where that is possible; networks that take one size only are counted."""
    network = load(name)
    axes = list("DHW"[-min(len(sizes) - 1 for _, sizes in network.spec.inputs) :])
    if all(len(sizes) == 1 for _, sizes in network.spec.inputs):
        axes = []
    lets = [let for let in OPEN_ALSO if let in network.spec.settings(network.variant, {}, [])]
    for symbols in ([*axes, *lets], axes, lets):
        if not symbols:
            continue
        try:
            opened(name, *symbols)
        except ArchcalcError:
            continue
        if two_roads(name, symbols, 20, quantities):
            return
    pytest.skip(f"{name} takes no other size than its own")


# the same in every language


def points_of(made: Formula, count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Random settings that meet the assumptions, some of them far beyond 2**53 in the result."""
    generator = random.Random(seed)
    found: list[dict[str, Any]] = []
    while len(found) < count:
        drawn = {
            name: Fraction(generator.randint(3, 300), 100)
            if is_ratio
            else generator.choice([generator.randint(1, 400), 10 ** generator.randint(3, 9) + generator.randint(0, 50)])
            for name, is_ratio in made.program.inputs.items()
        }
        try:
            made(**drawn)
        except ArchcalcError:
            continue
        found.append(drawn)
    return found


CASES = [
    ("vgg16", "macs", ["H", "W"]),
    ("vgg16", "inference_memory", ["N", "H", "W"]),
    ("alexnet", "training_memory", ["N", "H", "W"]),
    ("mobilenet", "flops", ["alpha", "H"]),
    ("mobilenet_v2", "parameters", ["alpha"]),
    ("mobilenet_v3_large", "macs", ["H", "W"]),
    ("densenet121", "buffers", ["k"]),
]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join(case[:2]))
def made(request: pytest.FixtureRequest) -> Formula:
    name, quantity, symbols = request.param
    return formula(opened(name, *symbols), quantity)


def test_a_call_is_substitution(made: Formula) -> None:
    for values in points_of(made, 40):
        assert made(**values) == dims.substitute(made.expr, values)


def test_python_is_the_same(made: Formula) -> None:
    names = executed(made.python)
    function = next(value for name, value in names.items() if name == made.name)
    for values in points_of(made, 100):
        assert function(**values) == made(**values)


def test_numpy_is_the_same(made: Formula) -> None:
    points = points_of(made, 100)
    wanted = [made(**values) for values in points]
    arrays = {name: np.array([values[name] for values in points], dtype=object) for name in made.program.inputs}
    assert made.numpy(**arrays).tolist() == wanted
    small = [place for place, value in enumerate(wanted) if value < 2**40]
    few = {name: array[small] for name, array in arrays.items()}
    found = made.numpy(**{n: a if made.symbols[n] else a.astype(np.int64) for n, a in few.items()})
    assert found.tolist() == [wanted[place] for place in small]


@pytest.mark.skipif(NODE is None, reason="Node.js is not installed: JavaScript is NOT compared")
def test_javascript_is_the_same(made: Formula) -> None:
    points = points_of(made, 100)
    given = [[str(value) if made.symbols[name] else value for name, value in values.items()] for values in points]
    script = f"{made.javascript}\nconsole.log(JSON.stringify({json.dumps(given)}.map(p => {made.name}(...p)).map(r => [typeof r, String(r)])));"
    assert NODE is not None
    output = subprocess.run([NODE, "-e", script], capture_output=True, text=True, check=True, timeout=60).stdout
    found = json.loads(output)
    wanted = [made(**values) for values in points]
    assert [text for _, text in found] == list(map(str, wanted))
    for (kind, _), value in zip(found, wanted, strict=True):
        assert kind in ("bigint", "number")
        assert kind == "bigint" or value < 2**53
    assert {kind for kind, _ in found} == {"bigint", "number"} or max(wanted) < 2**53


def test_floors_of_negative_numbers_and_of_ratios() -> None:
    expressions = [
        dims.floordiv(3 * H - 1000, 7),
        dims.floordiv(29 * ALPHA, 1) * H,
        dims.smin(H, 2 * W) - 5,
        dims.gcd(H, W),
    ]
    ran = program(expressions)
    for h, w, a in [(1, 5, "0.29"), (999, 30, "1/3"), (64, 48, "7")]:
        values = {"H": h, "W": w, "alpha": Fraction(a)}
        assert ran.run(values) == tuple(dims.substitute(expression, values) for expression in expressions)


def test_a_ratio_is_never_a_float() -> None:
    made = formula(opened("mobilenet", "alpha"), "parameters")
    exact = Fraction(29, 100)
    assert made(alpha=0.29) == made(alpha=exact) == made.numpy(alpha=np.array([0.29]))[0]
    assert made(alpha=0.29) == ac.analyze("mobilenet", let={"alpha": 0.29}).parameters


def test_arrays_are_broadcast_and_64_bits_are_enough_or_not_used() -> None:
    made = formula(opened("vgg16", "H", "W"), "macs")
    sides = np.arange(32, 400)
    grid = made.numpy(H=sides[:, None], W=sides)
    assert grid.shape == (368, 368)
    assert grid.dtype == np.int64
    assert grid[192, 192] == made(H=224, W=224)
    assert made.numpy(H=10**9, W=10**9) == made(H=10**9, W=10**9) > 2**63
    large = made.numpy(H=np.array([2**31, 64]), W=2**31)
    assert large.dtype == object
    assert large.tolist() == [made(H=2**31, W=2**31), made(H=64, W=2**31)]


# refusals


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"H": 16, "W": 64}, "H=16, W=64 breaks the assumption H >= 32"),
        ({"H": 64}, "macs needs a value of W"),
        ({"H": 64, "W": 64, "D": 3}, "there is no symbol 'D'"),
        ({"H": 64.5, "W": 64}, "H is a whole number >= 1, not 129/2"),
        ({"H": 0, "W": 64}, "H is a whole number >= 1, not 0"),
        ({"H": "64", "W": 64}, "H: '64' is not a number"),
    ],
)
def test_settings_are_checked(values: dict[str, Any], message: str) -> None:
    made = formula(opened("vgg16", "H", "W"), "macs")
    with pytest.raises(ArchcalcError, match=message.replace("'", ".")):
        made(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"H": [64, 65, 8], "W": 40}, "H=8, W=40 breaks the assumption H >= 32"),
        ({"H": [[64], [65]], "W": [40, 31]}, "H=64, W=31 breaks the assumption W >= 32"),
        ({"H": [64, 0], "W": 40}, "H is a whole number >= 1, not 0"),
        ({"H": [64.0], "W": 40}, "H stands for whole numbers; give an array of integers"),
    ],
)
def test_arrays_are_checked(values: dict[str, Any], message: str) -> None:
    made = formula(opened("vgg16", "H", "W"), "macs")
    with pytest.raises(ArchcalcError, match=message):
        made.numpy(**values)


def test_generated_functions_refuse_too() -> None:
    made = formula(opened("mobilenet", "alpha", "H"), "macs")
    names = executed(made.python)
    for values, message in (({"alpha": 1, "H": 0}, "whole number"), ({"alpha": 0.01, "H": 64}, "alpha >= 1/32")):
        with pytest.raises(ValueError, match=message):
            names["macs"](**{"W": 64, **values} if "W" in made.program.inputs else values)
    with pytest.raises(TypeError):
        names["macs"](**dict.fromkeys(made.program.inputs, 64.5))
    if NODE is not None:
        for call, message in (("macs(8, '0.01')", "alpha >= 1/32"), ("macs(0.5, 1)", "whole number >= 1, not 0.5")):
            result = subprocess.run(
                [NODE, "-e", f"{made.javascript}\n{call}"], capture_output=True, text=True, timeout=60
            )
            assert message in result.stderr


def test_names_of_lets_that_are_words_of_a_language() -> None:
    spec = {"input": ["new"], "let": {"new": 3, "return_": 4, "t1": 2}, "layers": [{"linear": "return_ * t1"}]}
    report = ac.analyze(spec, let={"new": ac.symbol("new"), "t1": ac.symbol("t1")})
    made = formula(report, "parameters")
    names = executed(made.python)
    assert names["parameters"](5, 7) == made(new=5, t1=7) == 28 * 5 + 28


def test_names_that_would_be_written_alike() -> None:
    """`new` is a word of JavaScript, alpha has a numerator and a denominator: none of their names may meet another."""
    lets = {"new": 3, "new_": 4, "alpha": "1/2", "alpha_n": 5, "alpha_d": 6}
    layers = [{"linear": name} for name in ("new", "new_", "alpha * 64 // 1", "alpha_n", "alpha_d")]
    symbols = {name: ac.symbol(name, ratio=name == "alpha") for name in lets}
    made = formula(ac.analyze({"input": [3], "let": lets, "layers": layers}, let=symbols), "parameters")
    values = {"new": 5, "new_": 7, "alpha": Fraction(3, 4), "alpha_n": 11, "alpha_d": 13}
    assert executed(made.python)["parameters"](*(values[name] for name in made.program.inputs)) == made(**values)
    if NODE is not None:
        given = json.dumps([str(values[n]) if n == "alpha" else values[n] for n in made.program.inputs])
        call = f"{made.javascript}\nconsole.log(parameters(...{given}));"
        output = subprocess.run([NODE, "-e", call], capture_output=True, text=True, check=True, timeout=60).stdout
        assert int(output) == made(**values)


def test_modules_with_places_that_are_written_alike_are_refused() -> None:
    block = {"name": "a", "do": [{"linear": 2, "name": "b"}]}
    made = formulas(ac.analyze({"input": [3], "layers": [block, {"linear": 2, "name": "a_b"}]}), "macs", "layer")
    for format in ("python", "javascript"):
        with pytest.raises(UsageError, match=r"a\.b and a_b would be one function, macs_a_b"):
            render(made, format)


def test_floats_of_fewer_bits_are_the_decimals_that_they_print_as() -> None:
    made = formula(opened("mobilenet", "alpha"), "parameters")
    short = np.array([0.29, 0.1], dtype=np.float32)
    assert made.numpy(alpha=short).tolist() == [made(alpha=Fraction(29, 100)), made(alpha=Fraction(1, 10))]
    assert made(alpha=short[0]) == made(alpha=0.29)


@pytest.mark.parametrize(
    "hostile",
    ["__import__('os').system('true')", "H;W", "H)(", "lambda: 0", "H\n", "9" * 5000, "H" * 5000, "ñ", "", ",", "H,H"],
)
def test_hostile_symbols(hostile: str) -> None:
    text, status = run("vgg16", "macs", "--symbols", hostile)
    assert status in (0, 2)
    assert len(text.splitlines()) <= 5 or status == 0
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vgg16", "macs,weights"], "unknown quantity 'macs,weights'; give one quantity"),
        (["vgg16", "kernel", "--by", "stage"], "flatten: none of these layers has a kernel"),
        (["vgg16", "speed"], "unknown quantity 'speed'; known: parameters, weights,"),
        (["vgg16", "macz"], "unknown quantity 'macz'; did you mean 'macs'?"),
        (["vgg16", "macs", "--by", "block"], "by: 'block' is none of total, stage, layer"),
        (["vgg16", "macs", "--format", "javscript"], "unknown format 'javscript'; did you mean 'javascript'?"),
        (["vgg16", "macs", "--symbols", "Q"], "symbols: 'Q' is no let of vgg16 and no axis"),
        (["vgg16", "batch_macs", "--by", "stage"], "batch_macs is of the whole network, not of some of its layers"),
    ],
)
def test_wrong_requests(arguments: list[str], message: str) -> None:
    text, status = run(*arguments)
    assert status in (1, 2)
    assert text.startswith(f"Error: {message}")
    assert text.count("\n") == 0


# derivatives, formats


def test_derivatives() -> None:
    weights = formula(ac.analyze("mlp", let={"hidden": ac.symbol("h")}), "weights")
    assert (weights.expr, weights.diff("h").expr, weights.diff("h")(h=3)) == (7 * ac.symbol("h"), 7, 7)
    macs = formula(opened("densenet121", "k"), "macs")
    assert macs.diff("k")(k=32) == 2 * 2651488 * 32 + 3719936
    smooth = formula(opened("mobilenet", "alpha"), "parameters").diff("alpha")
    assert "floors are taken as what stands in them: floor(32*alpha)" in smooth.notes[0]
    rises = [formula(opened("mobilenet", "alpha"), "parameters")(alpha=a) for a in (1, 2)]
    assert sum(smooth(alpha=a) for a in (1, 2)) / 2 == rises[1] - rises[0]  # of a polynomial of degree 2
    with pytest.raises(ArchcalcError, match="has no derivative by alpha"):
        formula(opened("mobilenet_v2", "alpha"), "parameters").diff("alpha")
    with pytest.raises(UsageError, match="there is no symbol 'q'"):
        weights.diff("q")


def test_json_holds_every_form(tmp_path: Path) -> None:
    file = tmp_path / "f.json"
    assert run("vgg16", "macs", "--by", "stage", "--format", "json", "--output", str(file))[1] == 0
    data = json.loads(file.read_text())
    assert data["network"] == "vgg16"
    first = data["formulas"][0]
    assert first["place"] == "stage1"
    assert first["formula"] == "38592*H*W"
    assert first["symbols"] == {"H": "whole >= 1", "W": "whole >= 1"}
    assert first["assumptions"] == ["H >= 32", "W >= 32"]
    assert {"latex", "python", "javascript"} <= first.keys()


def test_python_of_several_is_one_module() -> None:
    text, _ = run("mobilenet", "macs", "--symbols", "alpha,H", "--by", "stage", "--format", "python")
    names = executed(text)
    assert text.count("import Fraction") == 1
    whole = formula(opened("mobilenet", "alpha", "H"), "macs")(alpha=Fraction(1, 2), H=96)
    parts = [function for name, function in names.items() if name.startswith("macs")]
    assert whole == sum(
        part(**{n: {"alpha": 0.5, "H": 96}[n] for n in part.__code__.co_varnames[: part.__code__.co_argcount]})
        for part in parts
    )


def test_latex() -> None:
    text, _ = run("alexnet", "macs", "--by", "layer", "--format", "latex")
    assert text.startswith("% needs \\usepackage{amsmath}\n")
    assert r"\text{macs of local\_response\_norm1} &= 0 \\" in text
    assert r"\left\lfloor \frac{H - 7}{4} \right\rfloor" in text


def test_latex_breaks_long_formulas_and_sets_names_upright() -> None:
    text, _ = run("mobilenet", "macs", "--symbols", "alpha,H,W", "--format", "latex")
    assert max(map(width, text.split("\n"))) <= PAGE + 3 and text.count(r" \\" + "\n    &\\quad {}+") > 5
    report = ac.analyze(
        {"input": [3], "let": {"width": 4, "_x_": 5}, "layers": [{"linear": "width * _x_"}]},
        let={"width": dims.symbol("width"), "_x_": dims.symbol("_x_")},
    )
    assert formula(report, "weights").latex == r"3 \mathrm{\_x\_} \mathrm{width}"


def test_conditions_of_every_relation() -> None:
    conditions = [
        Condition(H, ">=", 4),
        Condition(H, "<=", 100),
        Condition(H, "!=", W),
        Condition(H + W, "% ==", 4),
        Condition(2 * ALPHA, ">=", Fraction(1, 3)),
    ]
    ran = program([H], conditions)
    assert ran.run({"H": 8, "W": 4, "alpha": 1}) == (8,)
    for wrong, broken in (
        ({"H": 3, "W": 5}, "H >= 4"),
        ({"H": 101, "W": 3}, "H <= 100"),
        ({"H": 8, "W": 8}, "H != W"),
        ({"H": 8, "W": 5}, "(H + W) % 4 == 0"),
        ({"H": 8, "W": 4, "alpha": Fraction(1, 7)}, "2*alpha >= 1/3"),
    ):
        with pytest.raises(ArchcalcError) as raised:
            ran.run({"alpha": 1, **wrong})
        assert str(raised.value).endswith(f"breaks the assumption {broken}")


# as Python's users call it


def test_arrays_of_symbols_that_the_expression_does_not_hold() -> None:
    constant = formula(opened("resnet50", "H", "W"), "parameters")
    assert constant.numpy(H=np.arange(32, 64), W=np.arange(1, 3)[:, None]).shape == (2, 32)
    assert constant.numpy(H=np.arange(32, 64), W=64).tolist() == [25557032] * 32
    widths = formula(opened("mobilenet", "alpha", "H"), "parameters")
    assert widths.numpy(alpha=np.array([0.5, 1]), H=np.array([[32], [64], [96]])).tolist() == [[1331592, 4231976]] * 3
    for refused in ({"H": -5, "W": 3}, {"H": 3, "W": "x"}):
        for call in (constant, constant.numpy):
            with pytest.raises(ArchcalcError, match=r"whole number|not a number"):
                call(**refused)


def test_ratios_of_any_size_and_kind() -> None:
    made = formula(opened("mobilenet", "alpha"), "parameters")
    assert made.numpy(alpha=1e300).item() == made(alpha=1e300)
    with pytest.raises(ArchcalcError, match="alpha is a number greater than 0, not None"):
        made.numpy(alpha=None)


def test_a_formula_is_pickled_and_takes_symbols_by_themselves() -> None:
    made = formula(opened("mobilenet", "alpha", "H"), "macs")
    assert pickle.loads(pickle.dumps(made))(alpha=Fraction(1, 2), H=224) == made(alpha=Fraction(1, 2), H=224)
    assert made.diff(ALPHA).expr == made.diff("alpha").expr
    named_self = formula(
        ac.analyze({"let": {"self": 3}, "input": [1, 4, 4], "layers": [{"conv": {"filters": "self", "kernel": 1}}]},
                   let={"self": ac.symbol("self")}), "weights")  # fmt: skip
    assert named_self(self=7) == named_self.numpy(self=7) == 7


@pytest.mark.parametrize(
    "name", ['a"""; print("PWNED"); """', 'b\nconsole.log("PWNED")<!--', "\\xyz", "c\u2028console.log('PWNED')", "*/ d"]
)
def test_the_name_of_a_file_runs_nothing(name: str, tmp_path: Path) -> None:
    file = tmp_path / f"{name.replace('/', '-')}.yaml"
    file.write_text("input: [1, 8, 8]\nlayers:\n- conv: {filters: 2, kernel: 3}\n")
    (made,) = formulas(opened(str(file), "H", "W"), "macs")
    assert executed(made.python)["macs"](8, 8) == made(H=8, W=8) == 648
    if NODE is not None:
        script = f"{made.javascript}\nconsole.log(macs(8, 8))"
        assert subprocess.run([NODE, "-e", script], capture_output=True, text=True, check=True).stdout == "648\n"


# inputs and depths

TWO_INPUTS = """\
input: {image: [3, 32, 32], extra: [10]}
layers:
- concat:
    a: [{from: image}, {conv: {filters: 4, kernel: 3}}, flatten]
    b: [{from: extra}, {linear: 5}]
- linear: 3
"""


def test_axes_are_opened_in_the_inputs_that_have_them(tmp_path: Path) -> None:
    """By hand: 108 MACs for each of (H - 2)(W - 2) positions, 50, and 3 for each of 4 (H - 2)(W - 2) + 5 numbers."""
    file = tmp_path / "two.yaml"
    file.write_text(TWO_INPUTS)
    wanted = "macs = 120*H*W - 240*H - 240*W + 545\nassumes H >= 3\nassumes W >= 3"
    assert run(str(file), "macs") == (wanted, 0)
    assert run(str(file), "macs", "--symbols", "D") == ("Error: the input 3x32x32 and 10 has no axis D", 2)
    result = CliRunner().invoke(main, ["formula", "-", "macs"], input=TWO_INPUTS)
    assert result.output.rstrip("\n") == wanted


def test_one_element_of_a_list() -> None:
    one = formula(opened("resnet50", "depths_2"), "macs")
    for depth in (1, 6, 23):
        assert one(depths_2=depth) == ac.analyze("resnet50", let={"depths": [3, 4, depth, 3]}).macs
