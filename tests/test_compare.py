"""Comparisons: the classic ratios, break-evens against brute force, names with one meaning, the command line."""

from __future__ import annotations

import itertools
import json
import math
import re
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import archcalc as ac
from archcalc import dims
from archcalc.cli import compare as command
from archcalc.cli import main
from archcalc.comparison import Comparison
from archcalc.comparison.breakeven import break_even
from archcalc.dims.crossing import crossing
from archcalc.dims.quotients import quotient, quotient_text
from archcalc.dims.residues import signs_along, signs_of
from archcalc.errors import UsageError
from archcalc.expr import parse
from archcalc.render.comparison import GREEN, RED, comparison, ratio_text

S = ac.symbol


def ratio(compared: Comparison, quantity: str = "weights") -> str:
    """The ratio of the first to the last as text."""
    return quotient_text(compared.ratios[quantity][0])


def values(compared: Comparison, quantity: str) -> list[str]:
    return [str(side.values[quantity]) for side in compared.sides]


# The classic comparisons, from the papers


@pytest.mark.parametrize(
    ("first", "second", "weights", "expected"),
    [
        ("conv3-C conv3-C conv3-C", "conv7-C", ["27*C**2", "49*C**2"], "27/49"),  # Simonyan & Zisserman, sec. 2.3
        ("2*conv3-C", "conv5-C", ["18*C**2", "25*C**2"], "18/25"),
        ("conv1x3-C conv3x1-C", "conv3-C", ["6*C**2", "9*C**2"], "2/3"),  # Szegedy et al. 2015, sec. 3.2
        ("conv1x7-C conv7x1-C", "conv7-C", ["14*C**2", "49*C**2"], "2/7"),
        ("dw3 conv1-N", "conv3-N", ["C*N + 9*C", "9*C*N"], "1/N + 1/9"),  # Howard et al. 2017, sec. 3.1
        ("dw(k) conv1-N", "conv(k)-N", ["C*N + C*k**2", "C*N*k**2"], "1/N + 1/k**2"),
        ("conv3-C:g4", "conv3-C", ["9*C**2/4", "9*C**2"], "1/4"),
        ("conv3-C:d2", "conv5-C", ["9*C**2", "25*C**2"], "9/25"),
    ],
)
def test_classic_ratios(first: str, second: str, weights: list[str], expected: str) -> None:
    compared = ac.compare(first, second)
    assert values(compared, "weights") == weights
    assert ratio(compared, "weights") == expected
    assert ratio(compared, "macs") == expected


def test_the_stack_of_the_vgg_paper() -> None:
    compared = ac.compare("conv3-C conv3-C conv3-C", "conv7-C", input="CxHxW")
    assert values(compared, "field") == ["7", "7"]
    assert values(compared, "nonlinearities") == ["3", "1"]
    assert values(compared, "depth") == ["3", "1"]
    assert values(compared, "biases") == ["3*C", "C"]
    assert values(compared, "macs") == ["27*C**2*H*W", "49*C**2*H*W"]
    assert values(compared, "activations") == ["3*C*H*W", "C*H*W"]
    assert compared.ratios["weights"] == (Fraction(27, 49),)


def test_the_bottleneck() -> None:
    compared = ac.compare("conv1-64 conv3-64 conv1-256", "conv3-256 conv3-256", input=(256, 56, 56))
    assert values(compared, "weights") == ["69632", "1179648"]  # 256*64 + 64*64*9 + 64*256; 2*256*256*9
    assert compared.ratios["weights"] == compared.ratios["macs"] == (Fraction(17, 288),)
    any_width = ac.compare("conv1-(C/4) conv3-(C/4) conv1-C", "2*conv3-C")
    assert any_width.ratios["weights"] == (Fraction(17, 288),)
    assert list(map(str, any_width.assumptions)) == ["C % 4 == 0"]


def test_a_row_of_the_mobilenet_paper() -> None:
    compared = ac.compare("dw3 conv1-512", "conv3-512", input="512x14x14")
    macs = [side.values["macs"] for side in compared.sides]
    assert [round(count / 1e6, 1) for count in macs] == [52.3, 462.4]  # Howard et al. 2017, Table 3


def test_an_aligned_pair_of_resnext() -> None:
    compared = ac.compare("conv1-128 conv3-128:g32 conv1-256", "conv1-64 conv3-64 conv1-256", input="256x56x56")
    assert values(compared, "weights") == ["70144", "69632"]  # Xie et al. 2016, sec. 3.3: about 70 k


@pytest.mark.parametrize("name", ["vgg16", "resnet18", "googlenet"])
def test_a_network_is_itself(name: str) -> None:
    compared = ac.compare(name, name)
    assert compared.ratios == {"weights": (1,), "macs": (1,)}
    assert [found.crossing.sign for found in compared.break_evens] == [0, 0]
    assert all(line.mark == " " for line in compared.layers)
    assert compared.sides[0].values["macs"] == ac.analyze(name).macs


def test_networks_and_chains_on_one_input() -> None:
    compared = ac.compare("vgg11", "conv3-K", input="3xHxW", let={"H": 224, "W": 224})
    assert compared.sides[0].values["macs"] == ac.analyze("vgg11").macs
    assert str(compared.sides[1].values["macs"]) == "1354752*K"


def test_lets_of_networks_stay_open() -> None:
    compared = ac.compare("stack_3x3", "stack_7x7", symbols=["C", "n"])
    assert ratio(compared) == "9*n/49"
    assert str(compared.break_evens[0]).endswith("where n <= 5; more where n >= 6; both are equal at n = 49/9")


# Two roads: numbers for symbols, before or after

ROADS = [
    ("3*conv3-C", "conv7-C"),
    ("dw(k) conv1-N", "conv(k)-N"),
    ("conv1-r conv3-r/2 conv1-4*r", "2*conv3-C"),
    ("n*conv3-2*C maxpool fc-10", "gap fc-N"),
    ("conv3-(C//2):valid avgpool3/2:p1", "conv5-C/2:p2 bn"),
    ("conv1-t*C dw3/2 conv1-C:linear", "conv3-C/2"),
]
NUMBERS = [
    {"C": 8, "H": 12, "W": 15, "k": 3, "N": 5, "r": 2, "n": 2, "t": 6},
    {"C": 31, "H": 9, "W": 8, "k": 5, "N": 1, "r": 64, "n": 4, "t": 1},
]


@pytest.mark.parametrize("pair", ROADS)
@pytest.mark.parametrize("numbers", NUMBERS)
def test_formulas_at_numbers_are_the_numbers(pair: tuple[str, str], numbers: dict[str, int]) -> None:
    formulas = ac.compare(*pair)
    names = frozenset().union(*(side.report.symbols for side in formulas.sides))
    names |= {name for side in formulas.sides for v in side.values.values() for name in _symbols(v)}
    given = {name: value for name, value in numbers.items() if name in names}
    concrete = ac.compare(*pair, let=given)
    for side, other in zip(formulas.sides, concrete.sides, strict=True):
        for name, value in side.values.items():
            parts = value if isinstance(value, tuple) else (value,)
            at = tuple(dims.substitute(part, given) for part in parts)
            found = other.values[name] if isinstance(other.values[name], tuple) else (other.values[name],) * len(at)
            assert at == found, name
    for name, (found,) in formulas.ratios.items():
        assert dims.substitute(found, given) == concrete.ratios[name][0]


def _symbols(value: Any) -> set[str]:
    return set().union(*map(dims.symbols_of, value if isinstance(value, tuple) else (value,)))


# Break-evens against brute force


def holds(text: str, point: dict[str, int]) -> bool:
    """Whether a condition such as `3 <= N <= 7` or `r < C*(sqrt(163) - 1)/9 (about 1.3*C)` holds at a point."""
    text = re.sub(r" \(about [^)]*\)", "", text)
    if "sqrt" in text:
        names = {**point, "sqrt": math.sqrt, "__builtins__": {}}
        return bool(eval(text, names))  # noqa: S307 - our own output, irrational: no whole number is on the border
    return bool(parse(re.sub(r"(?<![<>=])=(?!=)", "==", text)).evaluate(point, []))


def checked(a: Any, b: Any, points: list[dict[str, int]]) -> str:
    """Compare what is said of a - b with its sign at points; what kind of answer it was."""
    found = crossing(a, b)
    for point in points:
        difference = dims.substitute(a, point) - dims.substitute(b, point)
        sign = (difference > 0) - (difference < 0)
        deciding = dims.substitute(found.deciding, point)
        assert (deciding > 0) - (deciding < 0) == sign
        if found.sign is not None:
            assert sign == found.sign or (sign == 0 and not found.is_strict), (found, point)
            if found.symbol and not found.is_strict and dims.symbols_of(a - b) == {found.symbol}:
                assert any(holds(text, point) for text in found.same) == (sign == 0)
        elif found.symbol and not (sign == 0 and "sqrt" in str(found.less)):  # floats decide no equality
            assert any(holds(text, point) for text in found.less) == (sign < 0), (found, point)
            assert any(holds(text, point) for text in found.more) == (sign > 0), (found, point)
    return "constant" if found.sign is not None else "solved" if found.symbol else "open"


ONE = [{"x": x} for x in range(1, 40)]
THREE = [dict(zip("xyz", p, strict=True)) for p in itertools.product((1, 2, 3, 7), repeat=3)]


@given(*[st.integers(-30, 30)] * 3)
@settings(max_examples=80, deadline=None)
def test_one_symbol_by_brute_force(a: int, b: int, c: int) -> None:
    x = S("x")
    assert checked(a * x * x + b * x + 0, -c, ONE) != "open" or (a, b, c) == (0, 0, 0)


@given(st.lists(st.tuples(st.integers(-9, 9), *[st.integers(0, 2)] * 3), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_several_symbols_by_brute_force(terms: list[tuple[int, int, int, int]]) -> None:
    x, y, z = map(S, "xyz")
    total = dims.add_up(factor * x**i * y**j * z**k for factor, i, j, k in terms)
    checked(total, 0, THREE)


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ("dw3 conv1-N", "conv3-N", "dw3 conv1-N has fewer where N >= 2; more where N = 1; both are equal at N = 9/8"),
        ("dw(k) conv1-N", "conv(k)-N", "dw(k) conv1-N has fewer where N*(k**2 - 1) > k**2; more where N*(k**2 - 1) < k**2; both are equal at N = k**2/(k**2 - 1)"),
        ("conv1-r conv5-N", "conv5-N", "conv1-r conv5-N has fewer where r < 25*C*N/(C + 25*N); more where r > 25*C*N/(C + 25*N)"),
        ("n*conv3-C", "conv7-C", "n*conv3-C has fewer where n <= 5; more where n >= 6; both are equal at n = 49/9"),
        ("n*conv3-C", "conv(2*n+1)-C", "conv(2*n+1)-C never has fewer; the same where n = 1"),
        ("conv3-C", "conv3-D", "conv3-C has fewer where D > C; more where D < C"),
        ("conv3-C:g3", "conv3-9", "conv3-C:g3 has fewer where C <= 24; more where C >= 30; the same where C = 27"),
        ("conv1x(k)-C conv(k)x1-C", "conv(k)-C", "A has fewer where k >= 3; more where k = 1; the same where k = 2"),
        ("2*conv3-64", "conv5-64", "2*conv3-64 has fewer where C >= 37; more where C <= 35; the same where C = 36"),
        ("conv3-64", "conv5-64", "conv3-64 has fewer whatever the symbols are"),
        ("conv3-64", "conv3-64:nobias", "the same"),
        ("conv3-2*C", "conv3-(C+4)", "conv3-2*C has fewer where C <= 3; more where C >= 5; the same where C = 4"),
    ],
)  # fmt: skip
def test_break_evens_as_sentences(first: str, second: str, sentence: str) -> None:
    assert str(ac.compare(first, second).break_evens[0]) == f"weights: {sentence}"


def test_the_width_of_a_bottleneck_is_a_root() -> None:
    found = ac.compare("conv1-r conv3-r conv1-C", "2*conv3-C").break_evens[0].crossing  # 9 r^2 + 2 C r = 18 C^2
    assert found.symbol == "r"
    assert found.equal_at == ("C*(sqrt(163) - 1)/9 (about 1.3075*C)",)
    for c, r in itertools.product(range(1, 30), repeat=2):
        assert holds(found.less[0], {"C": c, "r": r}) == (9 * r * r + 2 * c * r < 18 * c * c)


@pytest.mark.parametrize(
    ("first", "second", "numbers", "sentence"),
    [
        ("conv3-C/2 conv3-C/2", "conv5-C/4", {"C": 64, "W": 56}, "conv5-C/4 has fewer whatever the symbols are"),
        ("conv3-C maxpool conv3-C", "conv3-C/2 conv3-C conv1-C", {}, "B has fewer whatever the symbols are"),
        ("efficientnet_b7", "resnet50", {}, "resnet50 has fewer whatever the symbols are"),
        ("conv3-C:valid conv3-C/2", "conv3-C", {}, "not decided: A has fewer where floor((H - 1)/2)*floor((W - 1)/2) + 4 - 2*H - 2*W < 0"),
    ],
)  # fmt: skip
def test_break_evens_with_floors(first: str, second: str, numbers: dict[str, int], sentence: str) -> None:
    symbols = ["H", "W"] if first == "efficientnet_b7" else []
    assert ac.compare(first, second, let=numbers, symbols=symbols).break_evens[1].sentence == sentence


@pytest.mark.parametrize(
    ("a", "b", "sentence"),
    [
        ("k**3 + 3*k", "3*k**2 + 1", "A never has fewer; the same where k = 1"),
        ("k**3", "5*k**2 + 7*k", "A has fewer where k <= 6; more where k >= 7; both are equal at k = (5 + sqrt(53))/2 (about 6.1401)"),
        ("3*(H//2)", "H + 4", "A has fewer where H <= 7 or H = 9; more where H = 10 or H >= 12; the same where H = 8 or H = 11"),
        ("32*(H//32)", "H", "B never has fewer; the same where H % 32 == 0"),
        ("4*(H//2)", "2*H - 1", "A has fewer where H % 2 == 1; more where H % 2 == 0"),
        ("4*(H//2) + 20", "2*H + 19 + H//40*2", "A has fewer where H = 1 or H >= 39; for 2 <= H <= 38 now one, now the other"),
        ("700*(H//7)", "97*H + 100", "A has fewer where H <= 34; more where H >= 231; for 35 <= H <= 230 now one, now the other"),
        ("(H + 1)//2 + H//2", "H", "the same"),
    ],
)  # fmt: skip
def test_one_symbol_is_decided_in_full(a: str, b: str, sentence: str) -> None:
    first, second = (parse(text).evaluate({name: S(name) for name in "kH"}, []) for text in (a, b))
    assert break_even("macs", "A", first, "B", second).sentence == sentence


FLOORS = st.sampled_from(
    ["H", "(H//2)", "((H + 3)//4)", "((H - 1)//3)", "((2*H + 1)//3)", "((3*(H//2) + 1)//4)", "(H//6)"]
)
TERMS = st.tuples(st.integers(-12, 12), st.lists(FLOORS, max_size=3)).map(
    lambda term: "*".join(map(str, [term[0], *term[1]]))
)


def sign(number: Any) -> int:
    return (number > 0) - (number < 0)


@given(st.lists(TERMS, min_size=1, max_size=4), st.sampled_from([1, 1, 2, 3]), st.sampled_from([1, 1, 5]))
@settings(max_examples=40, deadline=None)
def test_signs_with_floors_by_brute_force(terms: list[str], multiple: int, minimum: int) -> None:
    text = " + ".join(terms)
    expression = parse(text)
    a = expression.evaluate({"H": S("H", multiple_of=multiple, minimum=minimum)}, [])
    if not dims.is_symbolic(a):
        return
    found, every = signs_along(a, "H"), set()
    assert found is not None
    (first, _), (end, settled) = found.runs[0], found.runs[-1]
    for value in range(first, 120 * multiple, multiple):
        actual = sign(expression.evaluate({"H": value}, []))
        told = [run for start, run in found.runs if start <= value][-1]
        every.add(actual)
        assert told in (None, actual)
        if value >= end:
            assert found.tail[(value - end) // found.step % len(found.tail)] == actual
    assert first >= minimum and every <= found.every
    several = signs_of(a)
    assert several is None or found.every <= several or {-1, 1} <= several
    assert settled is None or found.tail == (settled,)


@given(st.lists(TERMS, min_size=1, max_size=3), st.lists(TERMS, min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_signs_of_two_symbols_by_brute_force(terms: list[str], others: list[str]) -> None:
    text = " + ".join(f"{a}*{b}" for a, b in zip(terms, (other.replace("H", "W") for other in others), strict=False))
    expression = parse(text)
    a = expression.evaluate({"H": S("H"), "W": S("W", minimum=2)}, [])
    points = [{"H": h, "W": w} for h, w in itertools.product(range(1, 14), range(2, 15))]
    signs = {sign(expression.evaluate(point, [])) for point in points}
    found = signs_of(a) if dims.is_symbolic(a) else None
    if found is not None:
        assert signs <= found


def test_a_hopeless_difference_is_counted() -> None:
    size = "a+b+c+d"
    compared = ac.compare(f"3*conv({size})-({size}):valid", "conv3-C")
    assert str(compared.break_evens[1]) == "macs: not decided: the difference has 634 terms"
    assert re.search(r"macs +633 terms +9\*C\*\*2\*H\*W\n", str(compared))
    assert "note: formulas of more than 200 terms are in --format json" in str(compared)


def test_promises_decide() -> None:
    found = ac.compare("dw3 conv1-N", "conv3-N", assume=["N>=2"]).break_evens[0].crossing
    assert (found.sign, found.is_strict) == (-1, True)
    even = ac.compare("conv3-N/2", "conv3-N", assume=["H%2==0", "W%2==0"])
    assert even.ratios["macs"] == (Fraction(1, 4),)


def test_ratio_symbols_have_real_intervals() -> None:
    alpha = S("alpha", ratio=True)
    found = break_even("macs", "A", 4 * alpha**2, "B", alpha)
    assert str(found) == "macs: A has fewer where alpha < 1/4; more where alpha > 1/4; the same where alpha = 1/4"


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        (27, 49, "27/49"), (4, 2, "2"), (0, 5, "0"), (S("C"), S("C"), "1"), (1, S("C") ** 2, "1/C**2"),
        (S("C") + S("N"), S("C") * S("N"), "1/C + 1/N"), (S("C") + 1, S("N") + 1, "(C + 1)/(N + 1)"),
        (S("C") ** 2 - 1, S("C") + 1, "C - 1"), (1 - S("C"), 3 * S("N"), "1/(3*N) - C/(3*N)"),
    ],
)  # fmt: skip
def test_ratios_are_simplified(a: Any, b: Any, text: str) -> None:
    assert quotient_text(quotient(a, b)) == text


def test_a_ratio_to_nothing_is_none() -> None:
    assert ac.compare("conv3-C", "maxpool").ratios["weights"] == (None,)
    assert ratio_text(None) == "-"


# What an argument is, and what a name means


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    text = "input: [3, 8, 8]\nlet: {width: 4}\nlayers:\n  - conv: {filters: width, kernel: 3}\n"
    (tmp_path / "small.yaml").write_text(text)
    (tmp_path / "conv3-C").write_text(text)
    family = "input: [3, 8, 8]\nvariants: {a: {w: 4}, b: {w: 8}}\nlayers:\n  - conv: {filters: w, kernel: 3}\n"
    (tmp_path / "family.yaml").write_text(family)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "is_chain", "weights"),
    [
        ("small.yaml", False, "108"),
        ("conv3-C", False, "108"),  # a file of that name comes first
        ("conv3-C ", True, "9*C**2"),
        ("family.yaml:b", False, "216"),
        ("conv3-4/2", True, "36*C"),
        ("perceptron_5_3_2", False, None),
    ],
)
def test_what_an_argument_is(folder: Path, text: str, is_chain: bool, weights: str | None) -> None:
    if weights is None:
        text, weights = "mlp", str(ac.analyze("mlp").weights)
    (side, _) = ac.compare(text, "relu").sides
    assert (side.is_chain, str(side.values["weights"])) == (is_chain, weights)


def test_data_and_networks_are_compared_too() -> None:
    data = {"input": [3, 8, 8], "layers": [{"conv": {"filters": 4, "kernel": 3}}]}
    compared = ac.compare(data, ac.load("mlp"), "conv3-4")
    assert [side.text for side in compared.sides] == ["network", "mlp", "conv3-4"]
    assert [side.is_chain for side in compared.sides] == [False, False, True]


def refusal(*arguments: str) -> tuple[int, str]:
    """Exit status and what is printed on standard error by a request that must fail."""
    result = CliRunner().invoke(main, ["compare", *arguments], prog_name="archcalc")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.stdout == ""
    return result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["conv3-alpha", "mobilenet"], "'alpha' has two meanings: a symbol of the chain 'conv3-alpha', and a let of mobilenet (1 unless it is set); rename the symbol"),
        (["stack_3x3", "conv3-C"], "'C' has two meanings: a symbol of the chain 'conv3-C', and a let of stack_3x3 (256 unless it is set); rename the symbol"),
        (["stack_3x3", "relu"], "'C' has two meanings: a symbol of the input, and a let of stack_3x3 (256 unless it is set)"),
        (["stack_3x3", "stack_7x7", "--input", "nx56x56"], "'n' has two meanings: a symbol of the input, and a let of stack_3x3 (3 unless it is set)"),
        (["alexnt", "vgg16"], "'alexnt' is no network of the zoo, no file, and no chain such as \"conv3-C conv3-C\"; nearest: alexnet"),
        (["qqqq", "vgg16"], "`archcalc list` shows all networks"),
        (["", "vgg16"], "'' is no network of the zoo"),
        (["vgg", "vgg16"], "vgg is a family; ask for one of vgg11"),
        (["nothing.yaml", "vgg16"], "there is no file 'nothing.yaml'"),
        (["conv3-C"], "a comparison needs two or more networks, files or chains"),
        (["conv3-C", "conv3-2C"], "Error: column 8 of the chain: write a product with '*', as in conv3-2*C\n  conv3-2C\n         ^\n"),
        (["conv3-C", "relu", "--set", "D=3"], "'D' is no symbol here and no let of a network; known: C, H, W"),
        (["conv3-C", "relu", "--set", "C=x"], "C: the word 'x' is not a number > 0"),
        (["conv3-C", "relu", "--set", "C=0"], "C: 0 is not a number > 0"),
        (["conv3-C", "relu", "--set", "C=-2"], "C: -2 is not a number > 0"),
        (["conv3-C", "relu", "--set", "C=1/2"], "C: 1/2 is not a whole number, which a symbol stands for"),
        (["conv3-C", "relu", "--set", "C=2.5"], "C: 5/2 is not a whole number"),
        (["conv3-C", "relu", "--set", "C=2", "--assume", "C>=3"], "assume: C>=3 does not hold, C is set to 2"),
        (["conv3-(C/4)", "relu", "--set", "C=12", "--assume", "C%8==0"], "assume: C%8==0 does not hold, C is set to 12"),
        (["stack_3x3", "relu", "--input", "4xHxW", "--symbols", "n", "--set", "n=2", "--assume", "n>=3"], "n>=3 does not hold, n is set to 2"),
        (["-", "-"], "'-', standard input, can be given once"),
        (["conv3-C", "relu", "--set", "C=true"], "C: true is not a number > 0"),
        (["conv3-C", "relu", "--set", "C=3,4"], "C: the list [3, 4] is not a number > 0"),
        (["conv3-C", "relu", "--set", "C=__import__('os')"], "C: "),
        (["conv3-C", "relu", "--symbols", "N"], "symbols: 'N' is no let of a compared network; counts are for one image"),
        (["conv3-C", "relu", "--symbols", "Q,__import__('os')"], "symbols: 'Q' is no let"),
        (["vgg16", "relu", "--symbols", "clases"], "did you mean 'classes'?"),
        (["conv3-C", "relu", "--assume", "Z%2==0"], "assume: there is no symbol 'Z'; known: C, H, W"),
        (["conv3-C", "relu", "--assume", "C.__class__"], "'C.__class__' is not a promise"),
        (["conv3-C", "relu", "--input", "3x__import__('os')"], "--input 3x__import__('os'): write"),
        (["conv3-C", "relu", "--input", "a=3x4x4"], "a chain has one input; give it as CxHxW"),
        (["conv3-C", "relu", "--input", "3x0x3"], "--input 3x0x3: write"),
        (["conv3-C", "relu", "--input", "1x2x3x4x5"], "give the channels and up to three spatial axes"),
        (["conv3-C", "relu", "--input", "64"], "conv takes a map, not the vector 64"),
        (["conv3-C", "relu", "mlp", "--layers"], "layers are compared of two networks, not of 3"),
        (["conv3-C", "relu", "--format", "jsn"], "unknown format 'jsn'; did you mean 'json'?"),
        (["conv3-C", "relu", "--max-layers", "1"], "the limit is 1"),
    ],
)  # fmt: skip
def test_refusals(arguments: list[str], message: str) -> None:
    status, told = refusal(*arguments)
    assert status == 2
    assert message in told
    assert told.count("\n") <= 3


def test_a_wrong_file_is_a_spec_error(folder: Path) -> None:
    (folder / "bad.yaml").write_text("input: [3, 8, 8]\nlayers: [rleu]\n")
    status, told = refusal("bad.yaml", "conv3-C")
    assert status == 1
    assert "bad.yaml:2:" in told


# Layers


@pytest.mark.parametrize(("first", "second"), [("vgg11", "vgg19"), ("resnet18", "resnet34"), ("alexnet", "zfnet")])
def test_the_difference_holds_both_tables(first: str, second: str) -> None:
    lines = ac.compare(first, second).layers
    for name, rows in ((first, [line.first for line in lines]), (second, [line.second for line in lines])):
        assert [row.path for row in rows if row is not None] == [layer.path for layer in ac.analyze(name).trunk]
    for line in lines:
        if line.first is not None and line.second is not None:
            assert (line.first.kind, str(line.first.output)) == (line.second.kind, str(line.second.output))
            assert line.first.parameters == line.second.parameters


def test_more_layers_begin_with_a_convolution() -> None:
    lines = ac.compare("vgg11", "vgg13").layers
    assert [line.layer.kind for line in lines if line.mark == "+"] == ["conv", "relu", "conv", "relu"]


def test_colours_are_for_terminals() -> None:
    compared = ac.compare("vgg11", "conv3-64", input="3x224x224")
    plain, coloured = comparison(compared, with_layers=True), comparison(compared, with_layers=True, colour=True)
    assert RED not in plain and RED in coloured
    assert GREEN not in comparison(ac.compare("relu", "relu bn"), with_layers=True)
    assert GREEN in comparison(ac.compare("relu", "relu bn"), with_layers=True, colour=True)
    assert re.sub(r"\x1b\[[0-9]*m", "", coloured) == plain
    printed = CliRunner().invoke(main, ["compare", "vgg11", "vgg13", "--layers"], color=True)
    assert "\x1b" not in printed.stdout  # not a terminal


@pytest.mark.parametrize(
    ("is_terminal", "no_color", "output"), [*itertools.product([0, 1], ["", "1"], [None, "x.txt"])]
)
def test_when_there_are_colours(
    monkeypatch: pytest.MonkeyPatch, is_terminal: int, no_color: str, output: str | None
) -> None:
    monkeypatch.setattr(command.sys, "stdout", SimpleNamespace(isatty=lambda: bool(is_terminal)))
    monkeypatch.setenv("NO_COLOR", no_color)
    assert command._has_colours(output) == bool(is_terminal and not no_color and output is None)


def test_too_many_layers_are_not_compared() -> None:
    data = {"input": [4, 8, 8], "layers": [{"repeat": 3000, "do": "relu"}]}
    with pytest.raises(UsageError, match="rows are compared up to 2,000"):
        _ = ac.compare(data, "relu").layers


# Formats


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["compare", *arguments], prog_name="archcalc")
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json() -> None:
    data = json.loads(run("dw3 conv1-N", "conv3-N", "--format", "json", "--layers"))
    assert data["schema"] == 1
    assert [side["label"] for side in data["sides"]] == ["dw3 conv1-N", "conv3-N"]
    assert data["sides"][0]["chain"] is True
    assert data["sides"][0]["input"] == ["C", "H", "W"]
    assert data["sides"][1]["weights"] == "9*C*N"
    assert data["ratios"] == {name: {"dw3 conv1-N": "1/N + 1/9"} for name in ("weights", "macs")}
    found = data["break_evens"][0]
    assert (found["sign"], found["symbol"], found["equal_at"]) == (None, "N", ["9/8"])
    assert (found["fewer"], found["more"]) == (["N >= 2"], ["N = 1"])
    assert [row["mark"] for row in data["layers"]].count("-") >= 1


def test_markdown_and_latex() -> None:
    markdown = run("3*conv3-C", "conv7-C", "--format", "markdown", "--layers")
    assert r"| quantity | 3\*conv3-C | conv7-C | ratio |" in re.sub(" +", " ", markdown)
    assert "| weights | 27\\*C\\*\\*2 | 49\\*C\\*\\*2 | 27/49 = 0.551 |" in markdown
    latex = run("3*conv3-C", "conv7-C", "--format", "latex", "--layers")
    assert r"weights & $27 C^{2}$ & $49 C^{2}$ & $\frac{27}{49}$ \\" in latex
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == 2


def test_output_goes_to_a_file(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    assert run("3*conv3-C", "conv7-C", "--output", str(target)) == ""
    assert "27/49 = 0.551" in target.read_text()


def test_three_are_compared_with_the_last() -> None:
    told = run("conv3-C", "2*conv3-C", "3*conv3-C", "conv7-C")
    assert "9/49 = 0.184" in told and "18/49 = 0.367" in told and "27/49 = 0.551" in told
    assert "weights and macs, 2*conv3-C against conv7-C: 2*conv3-C has fewer whatever the symbols are" in told


def test_three_with_a_winner_in_the_middle_name_the_pair() -> None:
    told = run("vgg16", "resnet50", "mobilenet", "--input", "3x224x224")
    assert "weights and macs, vgg16 against mobilenet: mobilenet has fewer\n" in told
    assert "weights and macs, resnet50 against mobilenet: mobilenet has fewer\n" in told


@pytest.mark.parametrize(
    ("things", "labels"),
    [
        (["conv3-(A + 1) conv3-(A + 2)", "conv3-C"], ["#1", "#2"]),
        (["conv3-64 conv3-64 conv3-64", "conv3-64", "conv5-64"], ["#1", "#2", "#3"]),  # C stands in the input
        (["conv3-64 conv3-64 conv3-64", "conv3-64"], ["A", "B"]),
    ],
)
def test_labels_are_no_symbols(things: list[str], labels: list[str]) -> None:
    assert [side.label for side in ac.compare(*things).sides] == labels


def test_the_same_name_from_two_places_is_told_apart(folder: Path) -> None:
    (folder / "r.yaml").write_text("input: [3, 8, 8]\nvariants: {resnet18: {w: 4}}\nlayers:\n  - relu\n")
    told = run("r.yaml:resnet18", "resnet18")
    assert "input of r.yaml:resnet18: 3x8x8\ninput of resnet18: 3x224x224\n" in told


def test_what_is_always_true_is_not_assumed() -> None:
    assert ac.compare("conv3-C/(s)", "conv3-C").assumptions == ()


def test_a_chain_beside_a_network_is_told_of_the_input() -> None:
    assert "note: all have one input with --input, such as that of vgg11: --input 3x224x224" in run("vgg11", "conv3-8")
    assert "--input" not in run("vgg11", "conv3-8", "--input", "3x224x224")


@pytest.mark.parametrize("format", ["text", "latex"])
def test_long_formulas_stand_below_the_table(format: str) -> None:
    told = run("resnet18", "mobilenet", "--symbols", "H,W", "--format", format)
    table = [line for line in told.split("\n") if line.startswith("macs ") and "see below" in line]
    assert len(table) == 1 and len(table[0]) < 120
    assert r"\frac{147" not in told  # a fraction bar does not break in lines
    assert told.count("macs of resnet18") == 1 and told.count("ratio of macs") == 1


def test_different_inputs_are_said() -> None:
    told = run("alexnet", "vgg16")
    assert "input of alexnet: 3x227x227\ninput of vgg16: 3x224x224\n" in told


def test_numbers_by_set() -> None:
    told = run("3*conv3-C", "conv7-C", "--set", "C=64", "--set", "H=56", "--set", "W=56")
    assert "110,592" in told and "200,704" in told
    assert "346,816,512" in told  # 27 * 64^2 * 56^2


def test_str_is_the_table() -> None:
    assert str(ac.compare("3*conv3-C", "conv7-C")) == run("3*conv3-C", "conv7-C").rstrip("\n")
