"""Solving: every answer against an analysis of each value in the range, refusals, hostile texts."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from click.testing import CliRunner

import archcalc as ac
from archcalc import dims
from archcalc.cli import main
from archcalc.conditions import Condition, divides, strongest
from archcalc.errors import ArchcalcError, UsageError
from archcalc.fitting import fit_training
from archcalc.network import load
from archcalc.quantities import MEASURABLE
from archcalc.solving import Solution, solve
from archcalc.solving.constraints import constraint
from archcalc.solving.direction import trend
from archcalc.solving.search import Search
from archcalc.solving.spans import difference, intersection, joined, numbers, runs, size
from archcalc.solving.variable import Line
from archcalc.training import training

CONV_NET = {
    "input": [3, 24, 24],
    "let": {"width": 8, "k": 3, "stride": 2, "depth": 2, "alpha": 1.0, "groups": 2, "stages": [1, 2]},
    "layers": [
        {"conv": {"filters": "floor(8 * alpha)", "kernel": "k", "stride": "stride", "pad": 1}},
        "relu",
        {"repeat": "depth", "do": [{"conv": {"filters": "floor(8 * alpha)", "kernel": 3, "pad": 1}}]},
        {"maxpool": {"kernel": 3, "stride": 2}},
        {"for": {"n": "stages"}, "do": [{"conv": {"filters": "n * 4", "kernel": 1}}]},
        {"conv": {"filters": "2 * width", "kernel": 1, "groups": "groups"}},
        {"conv": {"filters": 4, "kernel": 1}, "when": "width > 5"},
        "global_avgpool",
        "flatten",
        {"linear": 10},
    ],
}
JOINED = {  # sizes meet only at some inputs
    "input": [2, 16, 16],
    "layers": [
        {"conv": {"filters": 4, "kernel": 3, "stride": 2, "pad": 1}},
        {"add": {"a": [{"conv": {"filters": 4, "kernel": 2, "stride": 2}}, {"upsample": 2}], "b": "identity"}},
    ],
}
ROUNDED = {
    "input": [3, 16, 16],
    "let": {"alpha": 1.0},
    "layers": [
        {"conv": {"filters": "make_divisible(alpha * 20, 8)", "kernel": 3, "stride": 2}},
        {"conv": {"filters": "make_divisible(alpha * 50, 8)", "kernel": 3}},
    ],
}

QUANTITIES = ("macs", "parameters", "activations", "flops", "inference_memory", "training_memory", "field", "depth")


def brute(
    network: Any, variable: str, values: list[Any], holds: Callable[[ac.Report], bool], **given: Any
) -> list[Any]:
    """The values at which an analysis succeeds and meets something."""
    met = []
    for value in values:
        try:
            report = ac.analyze(network, **settings(network, variable, value), **given)
            if holds(report):
                met.append(value)
        except ArchcalcError:
            continue
    return met


def settings(network: Any, variable: str, value: Any) -> dict[str, Any]:
    if variable == "batch":
        return {"batch": value}
    if variable in ("H", "W"):
        channels = dict(load(network).spec.inputs)
        first = next(iter(channels.values()))[0].evaluate(
            load(network).spec.settings(load(network).variant, {}, []), []
        )
        return {"input": (first, value, value)}
    if variable.startswith("stages_"):
        stages = list(network["let"]["stages"])
        stages[int(variable[-1])] = value
        return {"let": {"stages": stages}}
    return {"let": {variable: value}}


def measured(report: ac.Report, quantity: str) -> Any:
    value = MEASURABLE[quantity].of_report(report)
    return max(value) if isinstance(value, tuple) else value


def drops_nothing(report: ac.Report) -> bool:
    return all(part == 0 for layer in report.layers for part in layer.dropped)


def run(*arguments: str) -> tuple[str, int]:
    result = CliRunner().invoke(main, ["solve", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output.rstrip("\n"), result.exit_code


# brute force


@pytest.mark.parametrize(
    ("network", "variable", "values"),
    [
        (CONV_NET, "H", list(range(1, 61))),
        (CONV_NET, "width", list(range(1, 41))),
        (CONV_NET, "k", list(range(1, 31))),
        (CONV_NET, "stride", list(range(1, 31))),
        (CONV_NET, "depth", list(range(1, 13))),
        (CONV_NET, "groups", list(range(1, 21))),
        (CONV_NET, "alpha", [dims.plain(Fraction(n, 20)) for n in range(1, 41)]),
        (CONV_NET, "batch", list(range(1, 41))),
        (CONV_NET, "stages_1", list(range(1, 13))),
        (JOINED, "H", list(range(1, 41))),
        (JOINED, "batch", list(range(1, 21))),
        (ROUNDED, "alpha", [dims.plain(Fraction(n, 20)) for n in range(1, 61)]),
        ("lenet5", "H", list(range(20, 60))),
        ("mobilenet", "alpha", [dims.plain(Fraction(n, 10)) for n in range(1, 9)]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_answers_are_those_of_an_analysis_of_every_value(network: Any, variable: str, values: list[Any]) -> None:
    rng = random.Random(f"{variable}{len(values)}")
    known: dict[Any, dict[str, Any]] = {}
    for value in values:
        try:
            report = ac.analyze(network, **settings(network, variable, value))
            known[value] = {q: measured(report, q) for q in available(network, variable)}
            known[value]["dropped"] = drops_nothing(report)
        except ArchcalcError:
            continue
    for _ in range(3 if isinstance(network, str) else 12):
        chosen = rng.sample(available(network, variable), rng.choice((1, 1, 2, 3)))
        texts, tests = {}, []
        for quantity in chosen:
            bound = rng.choice([figures[quantity] for figures in known.values()]) + rng.choice((-1, 0, 0, 1))
            relation = rng.choice(("<=", ">=", "==", "<", ">", ".."))
            other = bound + rng.randint(0, max(bound, 1))
            texts[quantity] = f"{relation}{max(bound, 0)}" if relation != ".." else f"{max(bound, 0)}..{other}"
            tests.append((quantity, relation, max(bound, 0), other))
        exact = rng.random() < 0.3
        met = [v for v, figures in known.items() if within(figures, tests) and (not exact or figures["dropped"])]
        ends = f"{values[0]}:{values[-1]}".replace("Fraction", "")
        step = values[1] - values[0] if isinstance(values[1] - values[0], Fraction) else None
        found = solve(network, variable, range=ends, grid=step, exact_division=exact, **texts)
        assert list(found) == met, (texts, exact)
        assert found.count == len(met) == len(found)
        for interval in found.intervals:
            for end, at in ((interval.first, interval.at_first), (interval.last, interval.at_last)):
                for quantity in chosen:
                    value = at[quantity]
                    assert (max(value) if isinstance(value, tuple) else value) == known[end][quantity]
        assert met or found.conflicts or not known


def available(network: Any, variable: str) -> list[str]:
    return [q for q in QUANTITIES if q != "field" or network in ("lenet5", "mobilenet")]


def within(figures: dict[str, Any], tests: list[tuple[str, str, int, int]]) -> bool:
    held = {
        "<=": lambda v, a, b: v <= a, ">=": lambda v, a, b: v >= a, "==": lambda v, a, b: v == a,
        "<": lambda v, a, b: v < a, ">": lambda v, a, b: v > a, "..": lambda v, a, b: a <= v <= b,
    }  # fmt: skip
    return all(held[relation](figures[quantity], a, b) for quantity, relation, a, b in tests)


def test_mobilenet_under_300_million_macs() -> None:
    found = solve("mobilenet", "alpha", macs="<=300M", range="1/4:1")
    met = brute(
        "mobilenet", "alpha", [dims.plain(Fraction(n, 100)) for n in range(25, 101, 5)], lambda r: r.macs <= 300 * 10**6
    )
    assert [value for value in met if value in found] == met
    assert found.intervals[-1].last == max(found)
    last = found.intervals[-1].last
    assert ac.analyze("mobilenet", let={"alpha": last}).macs <= 300 * 10**6
    assert ac.analyze("mobilenet", let={"alpha": last + Fraction(1, 100)}).macs > 300 * 10**6


@pytest.mark.parametrize(("network", "gib"), [("vgg16", 12), ("alexnet", 4), ("resnet18", 6)])
def test_the_batch_of_training_is_that_of_fit(network: str, gib: int) -> None:
    found = solve(network, "batch", training_memory=f"<={gib}GiB")
    (interval,) = found.intervals
    fitted = fit_training(training(ac.analyze(network), optimizer="momentum"), gib * 2**30)
    assert (interval.first, interval.last, interval.at_last["training_memory"]) == (1, fitted.batch, fitted.bytes)
    assert found.measured(fitted.batch + 1)["training_memory"] == fitted.more
    assert found.directions == (1,)


@pytest.mark.parametrize("network", ["vgg16", "googlenet", "vit_b_16", "densenet121"])
def test_resolutions_of_the_zoo(network: str) -> None:
    report = ac.analyze(network)
    found = solve(network, "H", macs=f"<={report.macs}", memory="<=1GiB", range="1:512")
    assert found.label == "H = W" and 224 in found
    last = found.intervals[-1].last
    assert measured(ac.analyze(network, input=(3, last, last)), "macs") <= report.macs
    assert measured(ac.analyze(network, input=(3, last + 1, last + 1)), "macs") > report.macs


def test_exact_division_of_vgg16_is_every_32nd() -> None:
    found = solve("vgg16", "H", exact_division=True, range="1:500")
    assert [(i.first, i.last, i.step) for i in found.intervals] == [(32, 480, 32)]
    assert brute("vgg16", "H", [224, 225, 240, 256], drops_nothing) == [224, 256]


def test_constraints_of_a_layer_and_of_sizes() -> None:
    found = solve("vgg16", "H", size="stage5: ==512x7x7")
    assert list(found) == list(range(224, 256))
    assert found.intervals[0].at_first == {"size of stage5": (512, 7, 7)}
    assert list(solve("vgg16", "H", size="stage5: ==7x7")) == list(found)
    assert solve("vgg16", "H", macs="stage1: <=1G", range="32:4096").intervals[-1].last == 160
    assert list(solve("alexnet", "H", size=["conv1: >=55x55", "conv1: < 57x57"])) == list(range(227, 235))


def test_several_bounds_of_one_quantity() -> None:
    found = solve("lenet5", "H", macs=[">=400K", "<=2M"])
    assert list(found) == list(solve("lenet5", "H", macs="400K..2M"))


# what is varied


def test_what_is_varied() -> None:
    assert solve("vgg16", "H", macs="<=1G").label == "H = W"
    assert solve("vgg16", "W", macs="<=1G").label == "W = H"
    assert solve("vgg16", "H", input=(3, 224, 192), macs="<=1G").label == "H"
    assert solve("vgg16", "H,W", input=(3, 224, 192), macs="<=1G").label == "H = W"
    S = ac.symbol("S")
    assert solve("vgg16", "S", input=(3, S, 64), macs="<=1G").label == "S"
    rows = solve("vgg16", "H", input=(3, 64, 32), macs="<=1G", range="32:4096")
    assert rows.intervals[0].at_first["macs"] == ac.analyze("vgg16", input=(3, 32, 32)).macs


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("Q", "'Q' is no let of vgg16, no axis and not batch"),
        ("D", "has no axis D"),
        ("torchvision", "let 'torchvision' is a boolean|let 'torchvision' is"),
        ("H,alpha", "'alpha' is no let"),
        ("__import__('os')", "is no let"),
        ("", "is no let"),
    ],
)
def test_wrong_variables(variable: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        solve("vgg16", variable, macs="<=1G")


def test_a_list_is_solved_by_element() -> None:
    with pytest.raises(UsageError, match="stages_0, stages_1"):
        solve(CONV_NET, "stages", macs="<=1G")
    with pytest.raises(UsageError, match="is open"):
        solve(CONV_NET, "H", let={"groups": ac.symbol("groups")}, macs="<=1G")


# where there is no formula


def test_values_that_break_an_assumption_are_analysed() -> None:
    found = solve(CONV_NET, "width", parameters=">=1", range="1:12")
    assert list(found) == brute(CONV_NET, "width", list(range(1, 13)), lambda report: True)
    assert found.analysed > 0


def test_values_without_a_network_are_told() -> None:
    found = solve(JOINED, "H", macs=">=1", range="1:64")
    told = [
        value for where in found.nowhere for first, last, step in where.values for value in range(first, last + 1, step)
    ]
    assert sorted([*found, *told]) == list(range(1, 65))
    with pytest.raises(ArchcalcError, match="H = W = 2:"):
        found.measured(2)


def test_too_many_analyses_are_refused() -> None:
    with pytest.raises(UsageError, match="would be analysed one by one, the limit is 3"):
        solve(CONV_NET, "width", parameters=">=1", max_analyses=3)


def test_a_structure_without_a_formula_is_enumerated() -> None:
    spec = {
        "input": [2, 8, 8],
        "let": {"n": 1},
        "blocks": {"double": {"takes": [], "do": [{"conv": {"filters": "in_channels * 2", "kernel": 1}}]}},
        "layers": [{"repeat": "n", "do": ["double"]}],
    }
    found = solve(spec, "n", parameters="<=10K", range="1:10")
    assert found.why_analysed and found.analysed == 10
    assert list(found) == brute(spec, "n", list(range(1, 11)), lambda report: report.parameters <= 10_000)
    with pytest.raises(UsageError, match="there is no formula in n"):
        solve(spec, "n", parameters="<=10K", range="1:5000")


def test_mistakes_of_a_spec_are_told_as_such() -> None:
    with pytest.raises(ac.SpecError, match="strides"):
        solve({"input": [3, 8, 8], "layers": [{"conv": {"filters": 3, "kernel": 1, "strides": 2}}]}, "H", macs="<=1")


# impossible requests


def test_a_constraint_that_excludes_everything() -> None:
    text, status = run("vgg16", "--for", "H", "--field", ">=224", "--macs", "<=100G")
    assert status == 1
    assert "field >= 224 excludes every value; nearest: 212 at" in text
    assert "macs <= 100G excludes" not in text


def test_a_value_that_is_jumped_over_has_neighbours_on_both_sides() -> None:
    found = solve("vgg16", "H", macs="==1G", range="32:4096")
    (conflict,) = found.conflicts
    below, above = (value for value, _ in conflict.nearest)
    assert above == below + 1
    assert conflict.nearest[0][1]["macs"] < 10**9 < conflict.nearest[1][1]["macs"]


def test_pairs_that_exclude_each_other() -> None:
    text, status = run("resnet18", "--for", "H", "--macs", "<=300M", "--activations", ">=20M", "--depth", "<=99")
    assert status == 1
    assert "macs <= 300M and activations >= 20M exclude each other" in text
    found = solve("resnet18", "H", macs="<=300M", activations=">=20M")
    (conflict,) = found.conflicts
    (low, _), (high, _) = conflict.nearest
    reports = [ac.analyze("resnet18", input=(3, side, side)) for side in (low, low + 1, high, high - 1)]
    assert reports[0].macs <= 300 * 10**6 < reports[1].macs
    assert reports[2].activations >= 20 * 10**6 > reports[3].activations


def test_three_that_exclude_each_other_only_together() -> None:
    halved = {"input": [1, 8, 8], "layers": [{"maxpool": {"kernel": 2, "stride": 2}}]}
    found = solve(halved, "H", input_size=">=5x5", size="==2x2", exact_division=True)
    ((conflict),) = found.conflicts
    assert [constraint.name for constraint in conflict.constraints] == ["input_size", "size", "dropped"]
    assert conflict.allowed[1] == ((4, 5),)
    assert list(solve(halved, "H", input_size=">=4x4", size="==2x2", exact_division=True)) == [4]


def test_the_nearest_where_nothing_is_monotone() -> None:
    halved = {"input": [1, 8, 8], "layers": [{"maxpool": {"kernel": 2, "stride": 2}}]}
    found = solve(halved, "H", exact_division=True, range="5:5")
    assert found.conflicts[0].nearest == ((5, {"dropped": 2}),)
    nothing = solve(halved, "H", macs=">=0", range="1:1")
    assert not nothing.conflicts and not nothing.intervals and nothing.nowhere[0].count == 1


# parts


def test_exact_division_names_the_layer_that_prevents_it() -> None:
    found = solve("alexnet", "W", input=(3, 228, 224), exact_division=True)
    (conflict,) = found.conflicts
    assert conflict.dropping == ("conv1",)  # 228 rows: 55 windows of 11 end at 227
    assert "dropped == 0 (exact division) excludes every value; nearest: 1 at W = 67, in conv1" in str(found)


def test_a_promise_of_the_symbol_is_the_grid() -> None:
    side = ac.symbol("S", multiple_of=32)
    found = solve("vgg16", side, input=(3, side, side), macs="<=5G")
    assert list(found) == [32, 64, 96]  # 307904 * 96**2 + 20873216 MACs; 128 has 5.07 G
    assert float("inf") not in found
    assert "nothing" not in found


def test_axes_are_those_of_the_inputs_that_have_them() -> None:
    spec = {
        "input": {"image": [3, 8, 8], "extra": [10]},
        "layers": [{"concat": {"a": [{"from": "image"}, "flatten"], "b": [{"from": "extra"}, "relu"]}}, {"linear": 2}],
    }
    assert list(solve(spec, "H", weights="<=200", range="1:9")) == [1, 2, 3, 4, 5]  # 2*(3*H*H + 10)
    with pytest.raises(ac.UsageError, match="the input 3x8x8 and 10 has no axis D"):
        solve(spec, "D", weights="<=200")


def test_a_mistake_of_a_spec_with_a_symbolic_input_is_told_as_such() -> None:
    with pytest.raises(ac.SpecError, match="larger than"):
        solve({"input": [1, 8, 8], "layers": [{"conv": {"filters": 1, "kernel": 9}}]}, "W",
              input=(1, 8, ac.symbol("W")), macs="<=9")  # fmt: skip


def test_spans() -> None:
    rng = random.Random(5)
    for _ in range(300):
        a, b = ({n for n in range(30) if rng.random() < 0.5} for _ in range(2))
        left, right = (joined((n, n) for n in part) for part in (a, b))
        assert set(numbers(left)) == a and size(left) == len(a)
        assert set(numbers(intersection(left, right))) == a & b
        assert set(numbers(difference(left, right))) == a - b
        told = [n for first, last, step in runs(left) for n in range(first, last + 1, step)]
        assert told == sorted(a)


def test_directions_that_are_claimed_are_true() -> None:
    H, alpha = ac.symbol("H"), ac.symbol("alpha", ratio=True)
    pieces = [
        H, H - 7, dims.floordiv(H - 3, 2), dims.smax(H - 20, 0), dims.floordiv(H, 4) - 5, dims.smin(H, 30), 3 - H,
        dims.gcd(H, 6), dims.floordiv(100, H),
    ]  # fmt: skip
    rng = random.Random(3)
    proved = 0
    for _ in range(120):
        a, b, c = (rng.choice(pieces) for _ in range(3))
        expression = rng.randint(-3, 5) * a * b + rng.randint(-3, 5) * c + rng.randint(-9, 9)
        first = rng.randint(1, 30)
        values = [dims.substitute(expression, {"H": value}) for value in range(first, 60)]
        if not dims.is_symbolic(expression):
            continue
        low, high, direction = trend(expression, {"H": (first, 59)})
        assert low <= min(values) and max(values) <= high
        proved += direction is not None
        if direction is not None:
            assert values == sorted(values, reverse=direction < 0)
    assert proved > 24
    rounded = dims.make_divisible(alpha * 37, 8)
    steps = [Fraction(n, 100) for n in range(1, 401)]
    assert trend(rounded, {"alpha": (steps[0], steps[-1])}).direction == 1
    values = [dims.substitute(rounded, {"alpha": step}) for step in steps]
    assert values == sorted(values)


def test_searches_of_conditions() -> None:
    H = ac.symbol("H")
    rng = random.Random(11)
    left = [H, H * H - 40 * H, 50 - H, dims.floordiv(H + 1, 3), dims.floordiv(H, 4)]
    for step in (1, 3, 8):
        line = Line(step, 2, 70)
        for _ in range(60):
            relation = rng.choice(("==", "!=", ">=", "<=", "% =="))
            right = rng.randint(1, 12) if relation == "% ==" else rng.randint(-50, 150)
            conditions = [Condition(rng.choice(left), relation, right), divides(rng.randint(1, 5), H)]
            found = Search("H", line).where(conditions, ((2, 40), (50, 70)))
            places = [*range(2, 41), *range(50, 71)]
            wanted = [p for p in places if all(c.holds({"H": line.value(p)}) for c in conditions)]
            assert list(numbers(found)) == wanted


def test_a_batch_of_a_million_is_found_without_a_scan() -> None:
    found = solve("lenet5", "batch", batch_macs="<=1T", range="1:1000000000")
    assert found.intervals[-1].last == 10**12 // ac.analyze("lenet5").macs
    assert found.directions == (1,)


def test_conditions_keep_a_message_only_if_all_have_one() -> None:
    H = ac.symbol("H")
    told, untold = Condition(H, ">=", 4, "too small"), Condition(H, ">=", 9)
    assert strongest([told, untold]) == (Condition(H, ">=", 9),)
    assert strongest([Condition(H, ">=", 2), Condition(H, ">=", 9, "too small")])[0].message == ""
    assert strongest([told, Condition(H, ">=", 2, "small")])[0].message == "too small"
    assert strongest([divides(4, H), divides(8, H, "no")]) == (divides(8, H),)
    assert strongest([divides(4, H, "no"), divides(8, H, "no")])[0].message == "no"


# the command


def test_the_command_and_its_formats() -> None:
    text, status = run("mobilenet", "--for", "alpha", "--macs", "<=300M", "--parameters", "<=5M", "--grid", "1/4")
    assert status == 0 and "0.25 .. 0.5" in text
    markdown, _ = run("mobilenet", "--for", "alpha", "--macs", "<=300M", "--grid", "1/4", "--format", "markdown")
    assert markdown.startswith("## mobilenet: alpha with macs") and "|" in markdown
    data = json.loads(run("mobilenet", "--for", "alpha", "--macs", "<=300M", "--grid", "1/4", "--format", "json")[0])
    assert data["intervals"][0]["first"] == "1/4" and data["intervals"][0]["at_first"]["macs"] > 0
    assert data["searched"] == {"first": "1/4", "last": 4, "step": "1/4"}
    assert run("mobilenet", "--for", "alpha", "--macs", "<=300M", "--format", "yaml")[1] == 2
    assert run("vgg16", "--for", "H")[0] == "Error: there is no constraint; give one, such as --macs '<=300M'"


def test_every_quantity_has_an_option() -> None:
    command = main.get_command(None, "solve")  # type: ignore[arg-type]
    names = {param.name for param in command.params}  # type: ignore[union-attr]
    assert set(MEASURABLE) <= names


def test_rates_end_at_one() -> None:
    spec = {"input": [3], "let": {"p": 0.5}, "layers": [{"dropout": "p"}, {"linear": 2}]}
    assert solve(spec, "p", macs=">=0", grid="1/4").intervals[0].last == 1


def test_memory_is_that_of_inference() -> None:
    (interval,) = solve("vgg16", "batch", memory="<= 2 GiB").intervals
    assert interval.at_last["inference_memory"] == MEASURABLE["inference_memory"].of_report(
        ac.analyze("vgg16", batch=interval.last)
    )
    assert constraint("memory", "<=2GiB").quantity == "inference_memory"


@pytest.mark.parametrize(
    "text",
    [
        "", "<=", "300M", "<=lots", "<=-5", "<=1e9", "<=0x10", "<=300MM", "<=300 apples", "=>5", "<>5", "!=5", "5..", "9..5",
        "..5", "<=5..9", "==1.5", "<=1/2", "<=NaN", "<=inf", "__import__('os').system('id')", "<=__import__('os')",
        "<=(1).__class__", "<=9**9**9", "<=1;2", "<=\n5", "x" * 10_000, "<=" + "9" * 5_000, "<=٣", "lambda: 5", "{5}",
        "<=5\x00", "nowhere: <=5", "stage1: ", ": <=5", "<=5B", "<=5GiB", "\u202e<=5", "<=5x5", "stage1.*[: <=5",
    ],
    ids=lambda text: ascii(text[:20]),
)  # fmt: skip
def test_hostile_constraints_give_one_clear_line(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    import sympy

    def forbidden(*_: Any, **__: Any) -> Any:
        raise AssertionError("text reached an evaluator")

    for name in ("sympify", "parse_expr", "lambdify"):
        monkeypatch.setattr(sympy, name, forbidden, raising=False)
    monkeypatch.setattr(builtins, "eval", forbidden)
    output, status = run("vgg16", "--for", "H", "--macs", text)
    assert status == 2, output
    assert output.startswith("Error: ") and "\n" not in output
    assert len(output) < 400 and output.isprintable()


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--range", "1"), ("--range", "9:1"), ("--range", "a:b"), ("--range", "0:5"), ("--range", "1:2:3"), ("--range", "-4:5"),
        ("--range", "1:9999999999999"), ("--range", "__import__('os'):5"), ("--range", "1:1e9"), ("--grid", "0"),
        ("--grid", "1/0"), ("--grid", "0.5"), ("--grid", "x"), ("--grid", "10000"), ("--grid", "1/3/4"), ("--grid", ""),
        ("--for", "H;W"), ("--for", "eval('1')"), ("--for", "H,,W"), ("--input", "3xHx(W)"), ("--memory", "<=5apples"),
        ("--size", "==7xx7"), ("--field", ">=x"),
    ],
)  # fmt: skip
def test_hostile_options_give_one_clear_line(option: str, text: str) -> None:
    output, status = run("vgg16", "--for", "H", "--macs", "<=1G", option, text)
    assert status == 2, output
    assert output.splitlines()[-1].startswith("Error: ") and "Traceback" not in output
    assert len(output) < 600


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("<=300M", (None, 300_000_000)), ("< 300M", (None, 299_999_999)), (">1.5K", (1501, None)), ("≥ 7", (7, None)),
        ("=7", (7, 7)), ("100..300", (100, 300)), ("1K..2.5K", (1000, 2500)), ("<=1.5", (None, 1)), (">=1.5", (2, None)),
        ("==0", (0, 0)),
    ],
)  # fmt: skip
def test_what_constraints_say(text: str, bounds: tuple[int | None, int | None]) -> None:
    assert constraint("macs", text).bounds == (bounds,)


def test_the_result_is_frozen_and_public() -> None:
    found = ac.solve("lenet5", "H", macs="<=1M")
    assert isinstance(found, Solution) and isinstance(found, ac.Solution)
    with pytest.raises(AttributeError):
        found.label = "x"  # type: ignore[misc]
    assert str(found).startswith("lenet5: H = W with macs <= 1M")
    assert 32 in found and 5000 not in found and "x" not in found
    with pytest.raises(UsageError, match="is none of the values"):
        found.measured(5000)
