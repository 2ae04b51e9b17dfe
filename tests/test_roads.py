"""Numbers, symbols and terms are three roads to one answer: for every layer kind, and for whole networks."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from test_layers import CASES, JOINS, Case

import archcalc as ac
from archcalc import conditions, dims, zoo
from archcalc.dims.term import Term
from archcalc.layers import Layer
from archcalc.layers.fields import ListField, PadField, PerAxisField, SizeField
from archcalc.network import Network, variants
from archcalc.shapes import Shape

each_case = pytest.mark.parametrize("case", CASES, ids=str)


def counts(layer: Layer, x: Any) -> dict[str, Any]:
    """Every size and count that the rules of a layer give, by a name that says where it stands."""
    y = layer.output(x)
    found: dict[str, Any] = {f"output {axis}": size for axis, size in enumerate(y.axes)}
    for name, tensor in (*layer.parameters(x).items(), *layer.buffers(x).items()):
        found.update({f"{name} {axis}": size for axis, size in enumerate(tensor)})
    found.update(layer.operations(x, y)._asdict())
    found["connections"] = layer.links(x, y)
    return found


def dropped(layer: Layer, x: Any) -> dict[str, Any]:
    """The rows and columns that no window reads; none are named where that is open."""
    return {} if layer.joins else {f"dropped {axis}": size for axis, size in enumerate(layer.dropped(x))}


# terms


@each_case
def test_terms_have_the_numbers_values_and_explain_themselves(case: Case) -> None:
    x = tuple(shape.with_terms() for shape in case.input) if case.kind in JOINS else case.input.with_terms()
    layer = case.layer.with_terms()
    assert all(condition.truth for condition in layer.conditions(x))
    expected = counts(case.layer, case.input)
    found = counts(layer, x)
    assert found.keys() == expected.keys()
    for name, value in found.items():
        plain = value.value if isinstance(value, Term) else value
        assert plain == expected[name], name
        if isinstance(value, Term):
            assert value.rule, name
            assert value.numbers, name
            assert eval_rule(value.numbers) == plain, (name, value.numbers)


def eval_rule(text: str) -> Any:
    """The value of a printed rule with numbers, by exact arithmetic: every number becomes a fraction."""
    known = {"Q": Fraction, "floor": math.floor, "ceil": math.ceil, "max": max, "min": min, "gcd": math.gcd}
    exact = re.sub(r"\d+", r"Q(\g<0>)", text)
    if "gcd" in text:
        exact = text.replace("/", "//")
    return eval(exact, {"__builtins__": {}}, known)  # noqa: S307 - archcalc made the text, from numbers


def test_explanations_read_like_the_papers() -> None:
    from archcalc.layers import make

    conv1 = make("conv", filters=96, kernel=11, stride=4).with_terms()
    size = conv1.output(Shape((3, 227, 227)).with_terms()).spatial[0]
    assert size.rule == "floor((H + 2*P_h - F_h)/S_h) + 1"
    assert size.numbers == "floor((227 + 2*0 - 11)/4) + 1"
    assert size.value == 55


# symbols


def symbolised(case: Case) -> tuple[Layer, Any, dict[str, int]]:
    """The case with a symbol for each size of its fields and input, and the values that the symbols stand for."""
    values: dict[str, int] = {}

    def named(value: Any, name: str) -> Any:
        if isinstance(value, tuple):
            return tuple(named(part, f"{name}_{i}") for i, part in enumerate(value))
        if type(value) is not int or value < 1:  # 0 and words are no symbols
            return value
        if case.kind == "multiply" and value == 1:  # an axis of 1 is stretched, which decides the structure
            return value
        values[name] = value
        return dims.symbol(name)

    layer = case.layer
    sizes = SizeField | PerAxisField | PadField
    changed = {}
    for name, field in layer.schema.items():
        is_sizes = isinstance(field, ListField) and field.minimum == 1
        if isinstance(field, sizes) or is_sizes:
            attribute = name if name in layer.__dict__ else f"{name}_"
            if (case.kind, name) not in {("concat", "axis")}:
                changed[attribute] = named(getattr(layer, attribute), name)
    layer = type(layer)(**{**layer.__dict__, **changed})
    shapes = case.input if case.kind in JOINS else (case.input,)
    named_shapes = tuple(
        Shape(named(shape.axes, "x" if len(shapes) == 1 else f"x{i}"), shape.channels_last)
        for i, shape in enumerate(shapes)
    )
    return layer, named_shapes if case.kind in JOINS else named_shapes[0], values


def at(layer: Layer, x: Any, values: Mapping[str, int]) -> tuple[Layer, Any]:
    """The layer and input with these values for their symbols."""

    def put(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(put(part) for part in value)
        return dims.substitute(value, values) if dims.is_number(value) else value

    numeric = type(layer)(**{name: put(value) for name, value in layer.__dict__.items()})
    shapes = [Shape(put(shape.axes), shape.channels_last) for shape in (x if isinstance(x, tuple) else (x,))]
    return numeric, tuple(shapes) if isinstance(x, tuple) else shapes[0]


def points(values: dict[str, int], seed: int) -> Iterator[dict[str, int]]:
    """The values themselves, then others near and far, some with common factors so that divisions come out."""
    yield values
    source = random.Random(seed)
    for attempt in range(60):
        factor = source.choice((1, 2, 3, 4, 6))
        if attempt % 3 == 0:
            yield {name: value * factor for name, value in values.items()}
        elif attempt % 3 == 1:  # only some change
            yield {name: value * factor if source.random() < 0.3 else value for name, value in values.items()}
        else:
            yield {name: max(1, value + source.choice((0, 0, 0, 1, 2, 5))) for name, value in values.items()}


@pytest.mark.parametrize("counted", [counts, dropped], ids=["counts", "dropped"])
@each_case
def test_symbols_substituted_are_the_numeric_run(case: Case, counted: Callable[[Layer, Any], dict[str, Any]]) -> None:
    layer, x, values = symbolised(case)
    assumed = [condition for condition in layer.conditions(x) if condition.truth is not True]
    assert all(condition.truth is None for condition in assumed), "a condition is false for all symbols"
    found = counted(layer, x)
    for axis, size in enumerate(layer.output(x).axes):
        assumed.append(conditions.at_least(size, 1, f"output {axis}"))
    checked = 0
    for point in points(values, seed=len(str(case))):
        met = [condition.holds(point) for condition in assumed]
        assert None not in met, "with numbers for all symbols a condition is decided"
        if not all(met):
            assert point is not values
            continue
        numeric = counted(*at(layer, x, point))
        assert numeric.keys() == found.keys() or (counted is dropped and not found)
        for name, formula in found.items():
            substituted = dims.substitute(formula, point)
            assert type(substituted) is int, (name, formula, point)
            assert substituted == numeric[name], (name, formula, point)
        checked += 1
        if checked == 12:
            break
    assert checked >= 2


# whole networks

TESTS = Path(__file__).parent
FILES = sorted((TESTS / "specs" / "examples").glob("*.yaml")) + list(zoo.files().values())
SAMPLE = {"vgg16", "alexnet", "resnet18", "densenet121", "mobilenet"}


def networks() -> Iterator[Any]:
    """Every network of the spec files; those outside the sample are exhaustive."""
    for path in FILES:
        for network in variants(path):
            in_sample = network.name in SAMPLE and "examples" in path.parts
            marks = () if in_sample else (pytest.mark.exhaustive,)
            yield pytest.param(network, id=f"{path.parent.name}-{network.name}", marks=marks)


each_network = pytest.mark.parametrize("network", list(networks()))


def spatial_symbols(shape: Shape) -> tuple[Any, ...]:
    names = ("D", "H", "W")[3 - len(shape.spatial) :]
    return (shape.channels, *map(dims.symbol, names))


def everything(report: ac.Report) -> dict[str, Any]:
    """Totals, totals of heads, and every quantity and axis of every layer."""
    found = dict(report.totals)
    for head, totals in report.heads.items():
        found.update({f"{head} {name}": value for name, value in totals.items()})
    for layer in report.layers:
        found[f"{layer.path} activations"] = layer.activations
        found[f"{layer.path} flops"] = layer.flops
        found.update({f"{layer.path} {axis}": size for axis, size in enumerate(layer.output.axes)})
        found.update({f"{layer.path} dropped {axis}": size for axis, size in enumerate(layer.dropped)})
    return found


def assert_roads_meet(symbolic: ac.Report, numeric: ac.Report, values: Mapping[str, Any]) -> None:
    """The formulas at these values are the figures of the numeric run."""
    assert dict(symbolic.substitute(**values)) == dict(numeric.totals)
    figures = everything(numeric)
    formulas = everything(symbolic)
    assert formulas.keys() <= figures.keys()
    assert not [name for name in figures.keys() - formulas.keys() if " dropped " not in name]
    for name, formula in formulas.items():
        assert dims.substitute(formula, values) == figures[name], name


def attempt(call: Any) -> Any:
    """The result, or None where the values do not fit the network."""
    try:
        return call()
    except ac.ArchcalcError:
        return None


@each_network
def test_height_and_width_as_symbols(network: Network) -> None:
    """Where the numeric run works and the assumptions hold the answers are equal; where it fails, one is broken."""
    default = ac.analyze(network)
    inputs = {name: spatial_symbols(shape) for name, shape in default.inputs.items()}
    symbolic = ac.analyze(network, input=inputs)
    axes = sorted({name for shape in inputs.values() for size in shape for name in dims.symbols_of(size)})
    if not axes:
        pytest.skip("the network has no spatial axes")
    sizes = {name: size for shape in default.inputs.values() for name, size in zip(axes, shape.spatial, strict=False)}
    met = 0
    for change in ((0, 0), (32, 64), (1, 0), (-1, 3), (17, 40), (-150, -160), (10**4, 1)):
        point = {name: size + step for (name, size), step in zip(sizes.items(), change, strict=False)}
        if min(point.values()) < 1:
            continue
        concrete = {name: [dims.substitute(size, point) for size in shape] for name, shape in inputs.items()}
        numeric = attempt(lambda concrete=concrete: ac.analyze(network, input=concrete))
        broken = [condition for condition in symbolic.assumptions if condition.holds(point) is False]
        if numeric is None:
            assert broken, f"{point} does not fit, but breaks no assumption"
        if broken:
            with pytest.raises(ac.ArchcalcError, match="breaks the assumption"):
                symbolic.substitute(**point)
            assert change != (0, 0)
            continue
        assert_roads_meet(symbolic, numeric, point)
        met += 1
    assert met >= 1


def test_a_fixed_crop_is_an_assumption_that_names_itself() -> None:
    unet = TESTS / "specs" / "examples" / "unet.yaml"
    H = ac.symbol("H")
    report = ac.analyze(unet, input=(1, H, H))
    assert [str(condition) for condition in report.assumptions if condition.relation == "=="]
    assert report.substitute(H=572)["macs"] == ac.analyze(unet).macs
    with pytest.raises(ac.ArchcalcError, match=r"H=604 breaks the assumption .*56"):
        report.substitute(H=604)
    with pytest.raises(ac.ArchcalcError, match="H=400 breaks the assumption H >= "):
        report.substitute(H=400)


EXAMPLES = TESTS / "specs" / "examples"
RATIOS = [Fraction(1), Fraction(3, 4), Fraction(1, 2), Fraction(1, 4), Fraction(29, 100), Fraction(7, 3)]
LETS: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    ("mobilenet.yaml:mobilenet", {"alpha": dims.symbol("alpha", ratio=True)}, [{"alpha": value} for value in RATIOS]),
    ("mobilenet.yaml:mobilenet", {"classes": dims.symbol("classes")}, [{"classes": 7}, {"classes": 1000}]),
    ("vgg.yaml:vgg16", {"classes": dims.symbol("K")}, [{"K": 10}, {"K": 1000}]),
    ("densenet.yaml:densenet121", {"k": dims.symbol("k")}, [{"k": 32}, {"k": 1}, {"k": 24}, {"k": 33}]),
    (
        "densenet.yaml:densenet121", {"depths": (6, 12, dims.symbol("n"), 16)},
        [{"n": 24}, {"n": 1}, {"n": 2}, {"n": 3}],
    ),
    (
        "resnet.yaml:resnet50", {"depths": tuple(map(dims.symbol, ("d1", "d2", "d3", "d4")))},
        [{"d1": 3, "d2": 4, "d3": 6, "d4": 3}, {"d1": 1, "d2": 2, "d3": 1, "d4": 1}, {"d1": 3, "d2": 8, "d3": 36, "d4": 3}],
    ),
    ("resnet.yaml:resnet18", {"base": dims.symbol("base")}, [{"base": 64}, {"base": 8}, {"base": 3}]),
    ("resnet_cifar.yaml:resnet_cifar20", {"n": dims.symbol("n")}, [{"n": 3}, {"n": 1}, {"n": 18}]),
    ("vit.yaml:vit_b_16", {"layers": dims.symbol("n"), "mlp_size": dims.symbol("m")}, [{"n": 12, "m": 3072}, {"n": 1, "m": 5}]),
    ("vit.yaml:vit_b_16", {"heads": dims.symbol("h")}, [{"h": 12}, {"h": 1}, {"h": 64}]),
    ("mobilenet_v3.yaml:mobilenet_v3_small", {"alpha": dims.symbol("alpha", ratio=True)}, [{"alpha": v} for v in RATIOS]),
    ("shufflenet_v2.yaml:shufflenet_v2_x1_0", {"last": dims.symbol("L")}, [{"L": 1024}, {"L": 1}]),
    ("convnext.yaml:convnext_tiny", {"C": (96, 192, dims.symbol("C3"), 768)}, [{"C3": 384}, {"C3": 100}]),
    ("efficientnet.yaml:efficientnet_b0", {"width": dims.symbol("w", ratio=True)}, [{"w": Fraction(1)}, {"w": Fraction(11, 10)}]),
    ("swin.yaml:swin_t", {"C": dims.symbol("C")}, [{"C": 96}, {"C": 24}, {"C": 48}]),
    ("swin.yaml:swin_t", {"depths": (2, 2, 6, dims.symbol("n"))}, [{"n": 2}, {"n": 4}]),
    (
        "densenet.yaml:densenet121", {"k": dims.symbol("k"), "depths": tuple(map(dims.symbol, ("a", "b", "c", "d")))},
        [{"k": 32, "a": 6, "b": 12, "c": 24, "d": 16}, {"k": 4, "a": 1, "b": 2, "c": 1, "d": 3}],
    ),
    (
        "densenet.yaml:densenet121", {"theta": dims.symbol("theta", ratio=True)},
        [{"theta": Fraction(1, 2)}, {"theta": Fraction(1)}, {"theta": Fraction(1, 3)}],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "let", "points"),
    [
        pytest.param(name, let, points, id=f"{name.split(':')[1]}-{'-'.join(let)}", marks=() if index < 9 else pytest.mark.exhaustive)
        for index, (name, let, points) in enumerate(LETS)
    ],
)  # fmt: skip
def test_named_values_as_symbols(name: str, let: dict[str, Any], points: list[dict[str, Any]]) -> None:
    network = f"{EXAMPLES}/{name}"
    symbolic = ac.analyze(network, let=let)
    for number, point in enumerate(points):
        numbers = {
            key: tuple(dims.substitute(part, point) for part in value)
            if isinstance(value, tuple)
            else dims.substitute(value, point)
            for key, value in let.items()
        }
        numeric = attempt(lambda numbers=numbers: ac.analyze(network, let=numbers))
        broken = [condition for condition in symbolic.assumptions if condition.holds(point) is False]
        if numeric is None:
            assert broken, f"{point} does not fit, but breaks no assumption"
        if broken:
            assert number > 0, broken
            with pytest.raises(ac.ArchcalcError, match="breaks the assumption"):
                symbolic.substitute(**point)
            continue
        assert dict(symbolic.substitute(**point)) == dict(numeric.totals), point


@pytest.mark.exhaustive
def test_input_and_named_values_together() -> None:
    H, W, k = map(ac.symbol, "HWk")
    network = f"{EXAMPLES}/densenet.yaml:densenet121"
    symbolic = ac.analyze(network, input=(3, H, W), let={"k": k})
    for point in ({"H": 224, "W": 224, "k": 32}, {"H": 97, "W": 333, "k": 5}):
        numeric = ac.analyze(network, input=(3, point["H"], point["W"]), let={"k": point["k"]})
        assert dict(symbolic.substitute(**point)) == dict(numeric.totals)


def test_channels_of_the_input_as_a_symbol() -> None:
    C = ac.symbol("C")
    symbolic = ac.analyze(f"{EXAMPLES}/vgg.yaml:vgg16", input=(C, 224, 224))
    for channels in (1, 3, 12):
        numeric = ac.analyze(f"{EXAMPLES}/vgg.yaml:vgg16", input=(channels, 224, 224))
        assert dict(symbolic.substitute(C=channels)) == dict(numeric.totals)


def test_batch_as_a_symbol() -> None:
    N = ac.symbol("N")
    symbolic, numeric = (ac.analyze(f"{EXAMPLES}/vgg.yaml:vgg16", batch=batch) for batch in (N, 64))
    assert dict(symbolic.substitute(N=64)) == dict(numeric.totals)
    assert symbolic.macs == numeric.macs, "everything is per image, except where a name says batch"


# repeats by a symbol


def repeated(body: list[Any], *, axes: tuple[int, ...] = (8, 12, 12), **more: Any) -> dict[str, Any]:
    """A network that repeats a body n times, with a layer in front and behind."""
    front, behind = {"conv": {"filters": 8, "kernel": 1}}, {"conv": {"filters": 3, "kernel": 1}}
    repeat = {"repeat": "n", "do": body}
    return {"input": list(axes), "let": {"n": 2, **more.get("let", {})}, "layers": [front, repeat, behind]}


CONV = {"conv": {"filters": 8, "kernel": 3, "pad": 1}}
DENSE = {"concat": {"before": "identity", "new": [{"conv": {"filters": 5, "kernel": 3, "pad": 1}}, "relu"]}}
BOTTLENECK = {"concat": {"before": "identity", "new": [{"conv": {"filters": 16, "kernel": 1}}, "batchnorm", {"conv": {"filters": 4, "kernel": 3, "pad": 1}}]}}  # fmt: skip
BODIES = {
    "keeps its shape": [CONV, "relu"],
    "settles after one round": [{"conv": {"filters": 20, "kernel": 3, "pad": 1}}, "batchnorm"],
    "adds channels": [DENSE],
    "adds channels behind a bottleneck": [BOTTLENECK],
    "adds channels twice": [DENSE, BOTTLENECK],
    "residual": [{"add": {"main": [CONV, "relu", CONV], "shortcut": "identity"}}, "relu"],
    "repeat in a repeat": [{"repeat": 2, "do": [DENSE]}],
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("count", ["n", "n - 1", "2*n"])
def test_repeat_by_a_symbol(body: list[Any], count: str) -> None:
    spec = repeated(body)
    spec["layers"][1]["repeat"] = count
    symbolic = ac.analyze(spec, let={"n": ac.symbol("n")})
    for n in (1, 2, 3, 7):
        numeric = ac.analyze(spec, let={"n": n})
        broken = [condition for condition in symbolic.assumptions if condition.holds({"n": n}) is False]
        if broken:
            assert n == 1 and count == "n - 1"
            continue
        assert dict(symbolic.substitute(n=n)) == dict(numeric.totals), n


@pytest.mark.parametrize("count", ["n", "2*n"])
def test_a_growing_body_with_a_floor_of_its_channels_is_exact_or_refused(count: str) -> None:
    squeeze = {
        "takes": [],
        "do": [{"conv": {"filters": "in_channels // 4", "kernel": 1}}, {"conv": {"filters": 2, "kernel": 1}}],
    }
    spec = repeated([{"concat": {"before": "identity", "new": {"squeeze": []}}}])
    spec["blocks"] = {"squeeze": squeeze}
    spec["layers"][1]["repeat"] = count
    try:
        symbolic = ac.analyze(spec, let={"n": ac.symbol("n")})
    except ac.ArchcalcError as error:
        assert "repeat" in str(error)
        return
    for n in (1, 2, 5):
        assert dict(symbolic.substitute(n=n)) == dict(ac.analyze(spec, let={"n": n}).totals)


def test_two_symbolic_repeats_one_in_the_other() -> None:
    inner = {"repeat": "m", "do": [DENSE]}
    spec = repeated([inner, {"conv": {"filters": 8, "kernel": 1}}], let={"m": 2})
    symbolic = ac.analyze(spec, let={"n": ac.symbol("n"), "m": ac.symbol("m")})
    for n, m in ((1, 1), (2, 3), (4, 2)):
        assert dict(symbolic.substitute(n=n, m=m)) == dict(ac.analyze(spec, let={"n": n, "m": m}).totals)


@pytest.mark.parametrize(
    "body",
    [
        [{"maxpool": 2}],
        [{"conv": {"filters": 8, "kernel": 3}}],
        [{"concat": {"a": "identity", "b": "identity"}}],
    ],
    ids=["halves the map", "shrinks the map", "doubles the channels"],
)
def test_a_body_that_neither_settles_nor_adds_channels_is_refused(body: list[Any]) -> None:
    with pytest.raises(ac.SpecError, match="repeat by a symbol: the body must keep its shape"):
        ac.analyze(repeated(body), let={"n": ac.symbol("n")})


# assumptions and promises

POOL: dict[str, Any] = {"input": [3, 64, 64], "layers": [{"conv": {"filters": 4, "kernel": 3}}, {"maxpool": 2}]}


def test_a_value_that_breaks_an_assumption_is_an_error_that_names_it() -> None:
    H = ac.symbol("H")
    report = ac.analyze(POOL, input=(3, H, H))
    assert [str(condition) for condition in report.assumptions] == ["H >= 4"]
    with pytest.raises(ac.ArchcalcError, match="H=3 breaks the assumption H >= 4"):
        report.substitute(H=3)
    assert report.substitute(H=4)["outputs"] == 4 * 4 + 4


def test_groups_of_a_symbol_are_an_assumption() -> None:
    spec = {"input": [12, 8, 8], "let": {"g": 2}, "layers": [{"conv": {"filters": 24, "kernel": 1, "groups": "g"}}]}
    report = ac.analyze(spec, let={"g": ac.symbol("g")})
    assert {str(condition) for condition in report.assumptions} == {"12 % g == 0", "24 % g == 0"}
    assert report.substitute(g=4)["weights"] == 12 * 24 // 4
    with pytest.raises(ac.ArchcalcError, match="g=5 breaks the assumption 12 % g == 0"):
        report.substitute(g=5)


def test_an_open_equality_counts_as_different_and_is_an_assumption() -> None:
    spec = {"input": [8, 4, 4], "let": {"w": 16}, "layers": [{"do": [{"conv": {"filters": "w", "kernel": 1}}], "when": "w != in_channels"}, "relu"]}  # fmt: skip
    report = ac.analyze(spec, let={"w": ac.symbol("w")})
    assert [str(condition) for condition in report.assumptions] == ["w != 8"]
    with pytest.raises(ac.ArchcalcError, match="w=8 breaks the assumption w != 8"):
        report.substitute(w=8)


@pytest.mark.parametrize(
    ("size", "assume", "value"),
    [
        (ac.symbol("H"), ["H%32==0"], 33),
        (ac.symbol("H"), ["H>=64"], 63),
        (ac.symbol("H", multiple_of=32), [], 48),
        (ac.symbol("H", minimum=16), [], 15),
        (ac.symbol("H"), [], 0),
        (ac.symbol("H"), [], -8),
        (ac.symbol("H"), [], Fraction(129, 2)),
    ],
    ids=str,
)
def test_a_broken_promise_is_an_error(size: Any, assume: list[str], value: Any) -> None:
    report = ac.analyze({"input": [3, 64, 64], "layers": ["relu", "flatten"]}, input=(3, size, 64), assume=assume)
    assert report.substitute(H=64)["outputs"] == 2 * 3 * 64 * 64
    with pytest.raises(ac.ArchcalcError, match="H"):
        report.substitute(H=value)


def test_a_promise_makes_floors_vanish_and_changes_no_number() -> None:
    H = ac.symbol("H")
    network = f"{EXAMPLES}/vgg.yaml:vgg16"
    free, promised = ac.analyze(network, input=(3, H, H)), ac.analyze(network, input=(3, H, H), assume=["H%32==0"])
    assert "floor" in str(free.macs)
    assert "floor" not in str(promised.macs)
    for value in (32, 224, 320):
        assert dict(free.substitute(H=value)) == dict(promised.substitute(H=value))


@pytest.mark.parametrize(
    ("filters", "points"),
    [
        ("max(w, 4)", [1, 4, 9]),
        ("min(w, 4)", [1, 4, 9]),
        ("max(1, w // 4)", [1, 4, 9, 17]),
        ("min(max(w, 3), 2*w)", [1, 2, 3, 9]),
        ("make_divisible(w)", [1, 4, 9, 100]),
        ("ceil(w / 3)", [1, 3, 4, 100]),
        ("floor(0.29 * w) + 1", [1, 3, 4, 100]),
        ("w * (w + 1) // 2", [1, 2, 3, 10]),
        ("7 - 3 * (w % 2)", [1, 2, 3]),
    ],
)
def test_expressions_of_a_symbol_as_sizes(filters: str, points: list[int]) -> None:
    layers = [{"conv": {"filters": filters, "kernel": 1}}, "relu", {"conv": {"filters": 2, "kernel": 1}}]
    spec = {"input": [3, 8, 8], "let": {"w": 8}, "layers": layers}
    symbolic = ac.analyze(spec, let={"w": ac.symbol("w")})
    for w in points:
        assert dict(symbolic.substitute(w=w)) == dict(ac.analyze(spec, let={"w": w}).totals), w


@pytest.mark.parametrize(
    "filters", ["ceil(2 * a)", "floor(0.29 * a * 100)", "max(1, floor(3 * a))", "8 // a + 1", "make_divisible(16 * a)"]
)
def test_expressions_of_a_ratio_as_sizes(filters: str) -> None:
    layers = [{"conv": {"filters": filters, "kernel": 1}}, "relu", {"conv": {"filters": 2, "kernel": 1}}]
    spec = {"input": [3, 8, 8], "let": {"a": 1.0}, "layers": layers}
    symbolic = ac.analyze(spec, let={"a": dims.symbol("a", ratio=True)})
    for a in (*RATIOS, Fraction(11, 10)):
        numeric = ac.analyze(spec, let={"a": a})
        assert dict(symbolic.substitute(a=a)) == dict(numeric.totals), a


def test_kernel_stride_and_padding_as_symbols() -> None:
    spec = {
        "input": [3, 50, 50],
        "let": {"k": 3, "s": 2, "p": 1},
        "layers": [
            {"conv": {"filters": 4, "kernel": "k", "stride": "s", "pad": "p"}},
            {"avgpool": {"kernel": "k", "stride": "s"}},
        ],
    }
    k, s, p = map(ac.symbol, "ksp")
    symbolic = ac.analyze(spec, let={"k": k, "s": s, "p": p})
    for values in (
        {"k": 3, "s": 2, "p": 1},
        {"k": 11, "s": 4, "p": 2},
        {"k": 1, "s": 1, "p": 3},
        {"k": 2, "s": 3, "p": 1},
    ):
        assert_roads_meet(symbolic, ac.analyze(spec, let=values), values)
