"""Sweeps: every point against an analysis of its own, selections against brute force, files, interrupts, clusters."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import archcalc as ac
from archcalc import dims
from archcalc.analysis import with_values
from archcalc.cli import main
from archcalc.cli.sweep import _progress
from archcalc.errors import ArchcalcError, UsageError
from archcalc.formula import formula, formulas
from archcalc.network import load
from archcalc.sweeps import Sweep, cases, engines, keepers, ranges
from archcalc.sweeps.grid import Grid
from archcalc.sweeps.keepers import Rows, Slab


def run(*arguments: str) -> tuple[str, int]:
    result = CliRunner().invoke(main, ["sweep", *arguments])
    return result.output.rstrip("\n"), result.exit_code


def brute(names: Sequence[str], vary: Mapping[str, Sequence[Any]], quantities: Sequence[str]) -> tuple[list[Any], int]:
    """Every point by an analysis of its own, and how many have none."""
    rows, without = [], 0
    for name in names:
        network = load(name)
        for point in itertools.product(*vary.values()):
            values = dict(zip(vary, map(dims.exact, point), strict=True))
            try:
                report = ac.analyze(network, **with_values(network, values, {}))
            except ArchcalcError:
                without += 1
                continue
            found = [part.expr for quantity in quantities for part in formulas(report, quantity)]
            rows.append((*([name] if len(names) > 1 else []), *point, *found))
    return rows, without


def rows_of(found: Sweep) -> list[Any]:
    return [tuple(row.values()) for row in found]


GRIDS: list[tuple[list[str], dict[str, Sequence[Any]], list[str]]] = [
    (["mobilenet_v2"], {"alpha": [0.05, 0.1, 0.25, 0.5, 1.0], "H": [33, 64, 97], "W": [32, 40]}, ["macs", "activations"]),
    (["vgg11", "vgg16"], {"H": list(range(20, 60, 2)), "W": [31, 33]}, ["macs", "parameters", "peak_activation_bytes"]),
    (["resnet50"], {"shortcut": ["A", "B"], "depths_0": [1, 2, 3], "H": [64, 65]}, ["macs", "depth"]),
    (["resnet18"], {"depths": [(1, 1, 1, 1), (2, 1, 2, 1)], "bias": [True, False]}, ["macs", "parameters", "layer_count"]),
    (["densenet121"], {"k": [7, 8, 12], "depths_1": [1, 2], "N": [1, 3]}, ["macs", "batch_macs"]),
    (["mobilenet"], {"alpha": [0.01, 0.03, 0.04, 0.29, 1.0], "H": [32, 33]}, ["macs", "parameters"]),
    (["vit_b_16"], {"H": [15, 32, 33, 48, 224], "W": [16, 224]}, ["macs", "parameters"]),
    (["alexnet"], {"H": [60, 67, 70, 227], "classes": [1, 10]}, ["macs", "size"]),
    (["mlp"], {"hidden": range(3, -3, -1)}, ["parameters"]),  # downwards through 0
    (["resnet50"], {"depths_2": range(2, -2, -1), "H": range(64, 31, -32)}, ["macs"]),
]  # fmt: skip


@pytest.mark.parametrize(("names", "vary", "quantities"), GRIDS, ids=lambda value: "-".join(value))
def test_every_point_equals_an_analysis_of_its_own(
    names: list[str], vary: dict[str, Sequence[Any]], quantities: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "FEW", 0)  # by formulas, however few they are
    found = ac.sweep(names, vary, quantities)
    wanted, without = brute(names, vary, quantities)
    assert sorted(map(repr, rows_of(found))) == sorted(map(repr, wanted))
    assert sum(found.left_out.values()) == without
    assert found.points == len(wanted) + without


@pytest.mark.parametrize("few", [0, 48])
@pytest.mark.parametrize("seed", range(6))
def test_random_grids(seed: int, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "FEW", few)
    generator = random.Random(seed)
    name = generator.choice(["resnet18", "mobilenet", "mobilenet_v2", "squeezenet1_1", "googlenet", "lenet5"])
    vary: dict[str, list[Any]] = {
        axis: sorted(generator.sample(range(20, 400), generator.randint(1, 4))) for axis in generator.sample("HW", 2)
    }
    if "mobilenet" in name:
        vary["alpha"] = sorted({generator.randint(2, 150) / 100 for _ in range(4)})
    found = ac.sweep(name, vary, ["parameters", "macs", "activations", "depth"])
    wanted, without = brute([name], vary, ["parameters", "macs", "activations", "depth"])
    assert rows_of(found) == wanted  # in the order of the grid
    assert sum(found.left_out.values()) == without


def test_slabs_cover_every_grid_once() -> None:
    generator = random.Random(1)
    for _ in range(300):
        lengths = tuple(generator.choice([1, 2, 3, 7, 20]) for _ in range(generator.randint(0, 4)))
        grid = Grid(lengths, generator.choice([1, 4, 16, 50]))
        reached = 0
        for slab in range(grid.slabs):
            assert grid.start(slab) == reached
            size = 1
            for low, high in grid.box(slab):
                size *= high - low
            reached += size
        assert reached == grid.points


def test_more_points_than_a_slab_has() -> None:
    found = ac.sweep("resnet50", {"W": "33:400", "H": "33:400"}, "macs")
    assert found.points == len(found) == 368**2
    closed = formula(ac.analyze("resnet50", input=(3, ac.symbol("H"), ac.symbol("W"))), "macs")
    rows = found.columns
    assert np.array_equal(rows["macs"], closed.numpy(H=rows["H"], W=rows["W"]))
    assert rows["W"].tolist() == sorted(rows["W"].tolist())
    assert rows["H"][:368].tolist() == list(range(33, 401))


# beyond 64 bits, exactly


def test_costs_beyond_64_bits_are_exact() -> None:
    sides = [224, 10**6, 10**9, 10**12]
    found = ac.sweep("resnet50", {"H": sides, "W": sides}, ["macs", "batch_macs"], batch=10**6)
    closed = formula(ac.analyze("resnet50", input=(3, ac.symbol("H"), ac.symbol("W"))), "macs")
    for row in found:
        assert row["macs"] == closed(H=row["H"], W=row["W"])
        assert row["batch_macs"] == 10**6 * row["macs"]
        assert type(row["batch_macs"]) is int
    top = ac.sweep("resnet50", {"H": sides, "W": sides}, "macs", top=3)
    assert top.columns["macs"].tolist() == sorted(found.columns["macs"].tolist(), reverse=True)[:3]
    front = ac.sweep("resnet50", {"H": sides, "W": sides}, "macs", pareto="macs,+H", where="macs > 1")
    assert [row["H"] for row in front] == sides


def test_a_slab_within_64_bits_beside_one_beyond() -> None:
    found = ac.sweep("lenet5", {"H": [32, 10**17], "W": "32:200000"}, "macs", top=2)
    closed = formula(ac.analyze("lenet5", input=(1, ac.symbol("H"), ac.symbol("W"))), "macs")
    assert [row["macs"] for row in found] == [closed(H=10**17, W=200_000), closed(H=10**17, W=199_999)]
    low = ac.sweep("lenet5", {"H": [32, 10**17], "W": "32:200000"}, "macs", smallest=2)
    assert [row["macs"] for row in low] == [closed(H=32, W=32), closed(H=32, W=33)]
    assert low.columns["macs"].tolist()[0] == ac.analyze("lenet5").macs


def test_decimals_are_exact() -> None:
    found = ac.sweep("mobilenet", {"alpha": "0.01:1:0.01"}, "macs", where="alpha == 0.29")
    assert rows_of(found) == [(0.29, ac.analyze("mobilenet", let={"alpha": Fraction(29, 100)}).macs)]
    assert ac.sweep("mobilenet", {"alpha": "1/3,1"}, "macs").columns["alpha"].tolist() == [Fraction(1, 3), 1]


# choices made otherwise, and points without an answer


def test_assumptions_of_choices_are_analysed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "FEW", 0)
    report = ac.analyze("mobilenet_v2", let={"alpha": ac.symbol("alpha", ratio=True)})
    assert any(condition.relation == "!=" for condition in report.assumptions)
    alphas = [0.1, 0.2, 0.3, 1.0]
    found = ac.sweep("mobilenet_v2", {"alpha": alphas}, "parameters")
    assert not found.left_out
    assert [row["parameters"] for row in found] == [
        ac.analyze("mobilenet_v2", let={"alpha": alpha}).parameters for alpha in alphas
    ]


def test_too_many_choices_are_counted_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "FEW", 0)
    monkeypatch.setattr(cases, "MAX_FORKS", 2)
    alphas = [0.05, 0.1, 0.15, 0.2, 1.0]
    found = ac.sweep("mobilenet_v2", {"alpha": alphas, "H": [64, 96]}, "macs")
    assert sum(found.left_out.values()) + len(found) == 10
    assert any("at more than 2 settings; narrow what is varied" in reason for reason in found.left_out)
    for row in found:
        network = load("mobilenet_v2")
        values = {"alpha": dims.exact(row["alpha"]), "H": row["H"]}
        assert row["macs"] == ac.analyze(network, **with_values(network, values, {})).macs


def test_points_without_a_network_are_counted() -> None:
    text, status = run("vgg16", "--vary", "H=30:33", "--vary", "W=31,64", "--quantity", "macs")
    assert status == 0
    assert text.endswith("8 points, 2 rows\nleft out 4: H >= 32 does not hold\nleft out 2: W >= 32 does not hold")


def test_an_analysis_that_fails_leaves_its_points_out() -> None:
    data = {"input": [4, 8, 8], "let": {"g": 2}, "layers": [{"conv": {"filters": 8, "kernel": 1, "groups": "g"}}]}
    found = ac.sweep(data, {"g": [1, 2, 3, 4]}, "macs")
    assert [row["g"] for row in found] == [1, 2, 4]
    assert sum(found.left_out.values()) == 1
    with pytest.raises(ArchcalcError, match="no point has an answer"):
        ac.sweep(data, {"g": [3, 5]}, "macs")


# selections against brute force


def dominates(a: Sequence[Any], b: Sequence[Any]) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True)) and a != b


@pytest.mark.parametrize("pareto", ["macs,parameters", "macs,+H", "macs,+H,+alpha", "parameters", "+macs,parameters,W"])
def test_pareto_equals_brute_force(pareto: str) -> None:
    vary = {"alpha": "0.25:1:0.05", "H": "32:200:24", "W": "32:90:19"}
    everything = list(ac.sweep("mobilenet", vary, ["macs", "parameters"]))
    signs = [(name.lstrip("+"), -1 if name.startswith("+") else 1) for name in pareto.split(",")]
    keys = [tuple(row[name] * sign for name, sign in signs) for row in everything]
    front = [key for key in keys if not any(dominates(other, key) for other in keys)]
    found = ac.sweep("mobilenet", vary, ["macs", "parameters"], pareto=pareto)
    own = [tuple(row[name] * sign for name, sign in signs) for row in found]
    assert sorted(own) == sorted(set(front))
    assert len(own) + found.equal == len(front)
    for row in found:  # of equal ones the first
        key = tuple(row[name] * sign for name, sign in signs)
        assert row == everything[keys.index(key)]


@pytest.mark.parametrize("objectives", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(5))
def test_fronts_of_random_points(objectives: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slabs in any order, merged in any way, give the front of all points."""
    monkeypatch.setattr(keepers, "_PAIRS", [1, 9, 100, 400, 2**14][seed])  # halved down to few points, or not at all
    generator = np.random.default_rng(seed)
    size, spread = int(generator.integers(50, 400)), int(generator.integers(2, 60))
    values = generator.integers(0, spread, (objectives, size)) * (10**18 if seed == 4 else 1)
    columns = values.astype(object) if seed == 4 else values
    parts = np.array_split(np.arange(size), 7)
    kept = [keepers.Pareto(), keepers.Pareto()]
    for number in generator.permutation(7):
        which = parts[number]
        if len(which):
            slab = Slab(int(which[0]), len(which), [columns[0][which]], None, [column[which] for column in columns])
            kept[number % 2].take(slab)
    kept[0].merge(kept[1].state())
    rows = kept[0].rows()[0]
    points = list(zip(*values.tolist(), strict=True))
    front = [place for place, key in enumerate(points) if not any(dominates(other, key) for other in points)]
    first = {points[place]: place for place in reversed(front)}
    assert sorted(rows.points.tolist()) == sorted(first.values())
    assert int(rows.equal.sum()) == len(front) - len(first)


def test_a_large_front_of_three() -> None:
    """All of 40,000 points: to compare each with each would take 800 million comparisons."""
    found = ac.sweep("resnet50", {"H": "2:400:2", "W": "2:400:2"}, "macs", pareto="macs,+H,+W")
    assert len(found) == found.points == 40_000 and found.equal == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_top_of_random_points(seed: int) -> None:
    generator = np.random.default_rng(seed)
    values = generator.integers(0, 40, 500)
    kept = keepers.Top(25)
    for which in np.array_split(np.arange(500), 9):
        mask = generator.random(len(which)) < 0.7
        values[which[~mask]] = -1
        kept.take(Slab(int(which[0]), len(which), [values[which]], mask, [values[which]]))
    wanted = sorted(range(500), key=lambda place: (-values[place], place))[:25]
    assert kept.rows()[0].points.tolist() == wanted


def test_a_front_that_grows_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepers, "MAX_FRONT", 10)
    with pytest.raises(UsageError, match="more than 10 points are not dominated"):
        ac.sweep("resnet50", {"H": "33:99"}, "macs", pareto="macs,+H")


def test_top_and_smallest() -> None:
    vary = {"H": "32:99", "W": "32:99"}
    everything = list(ac.sweep("lenet5", vary, "macs"))
    by_macs = sorted(everything, key=lambda row: -row["macs"])
    assert list(ac.sweep("lenet5", vary, "macs", top=7)) == by_macs[:7]
    assert list(ac.sweep("lenet5", vary, "macs", smallest=7)) == sorted(everything, key=lambda row: row["macs"])[:7]
    assert len(ac.sweep("lenet5", vary, "macs", top=10**6)) == len(everything)


# conditions


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ("macs <= 200M", lambda r: r["macs"] <= 200 * 10**6),
        ("macs<=0.2G and parameters > 1.5 M", lambda r: r["macs"] <= 200 * 10**6 and r["parameters"] > 1_500_000),
        ("4*parameters <= 8MiB", lambda r: 4 * r["parameters"] <= 2**23),
        ("not (alpha == 0.5 or H >= W)", lambda r: not (r["alpha"] == 0.5 or r["H"] >= r["W"])),
        ("32 < H <= 96", lambda r: 32 < r["H"] <= 96),
        ("alpha in [1/4, 0.75]", lambda r: r["alpha"] in (0.25, 0.75)),
        ("alpha not in [1/4, 0.75]", lambda r: r["alpha"] not in (0.25, 0.75)),
        ("macs / parameters >= 40", lambda r: r["macs"] >= 40 * r["parameters"]),
        ("macs // (H*W) == parameters // 1000", lambda r: r["macs"] // (r["H"] * r["W"]) == r["parameters"] // 1000),
        ("max(H, W) % 64 == 0", lambda r: max(r["H"], r["W"]) % 64 == 0),
        ("alpha * 4 != floor(alpha * 4) or true", lambda r: True),
        ("max(1, macs - macs) == 1", lambda r: True),
        ("macs**3 > 0", lambda r: True),
    ],
)
def test_conditions(where: str, holds: Any) -> None:
    vary = {"alpha": "0.25:1:0.25", "H": "32:160:32", "W": "32:96:32"}
    everything = list(ac.sweep("mobilenet", vary, ["macs", "parameters"]))
    found = ac.sweep("mobilenet", vary, ["macs", "parameters"], where=where)
    assert list(found) == [row for row in everything if holds(row)]
    assert found.met == len(found)


def test_conditions_on_words_networks_and_sizes() -> None:
    vary = {"shortcut": "A,B", "H": "64,96"}
    found = ac.sweep(["resnet18", "resnet34"], vary, "macs", where="network == 'resnet18' and shortcut != 'A'")
    assert [(row["network"], row["shortcut"], row["H"]) for row in found] == [
        ("resnet18", "B", 64),
        ("resnet18", "B", 96),
    ]
    found = ac.sweep("resnet18", {"bias": "true,false"}, "size", where="not bias and size[0] == 1000")
    assert [row["bias"] for row in found] == [False]


def test_divisors_that_are_not_positive_leave_their_points_out() -> None:
    found = ac.sweep("lenet5", {"H": "32:35", "W": "32:35"}, "macs", where="1 / (H - W) >= 1/2")
    assert [(row["H"], row["W"]) for row in found] == [
        (h, w) for h in range(32, 36) for w in range(32, 36) if 1 <= h - w <= 2
    ]
    assert found.left_out == {"--where divides by H - W, which is not greater than 0": 10}
    assert found.points == 16 and found.met == len(found)


def test_two_names_with_the_same_value() -> None:
    text, status = run("lenet5", "--vary", "H=W=32:40:4", "--quantity", "macs", "--format", "csv")
    assert status == 0
    wanted = [(side, ac.analyze("lenet5", input=(1, side, side)).macs) for side in (32, 36, 40)]
    assert text.splitlines()[:-1] == ["H,macs", *(f"{side},{macs}" for side, macs in wanted)]
    assert "twice" in run("lenet5", "--vary", "H=W=32", "--vary", "W=32")[0]


HOSTILE = [
    "__import__('os').system('true')", "().__class__", "macs.__class__", "lambda: 1", "[x for x in (1,)]", "exec('1')",
    "eval(macs)", "macs := 1", "macs <=", "macs <= 1e9", "macs < 9**9**9**9", "((((((macs))))" * 30, "x" * 600 + " > 1",
    "macs\x00 > 1", "f'{macs}'", "macs if H else W", "macs", "macs + 1", "size > 1", "unknown > 1", "H == 'A'", "'A' < 'B'",
    "macs > 1 if H > 2 else W > 3", "open('/etc/passwd')", "1 / 0 > 1", "macs // 0 > 1", "macs % (1 - 1) == 0", "", " ", "# comment", "macs > 1; H",
    "macs & 1 == 1", "macs > \u0661", "H @ W > 1", "macs in H", "print(1) == 1", "macs[0] > 1", "sum(macs) > 1", "macs <= 600 M M",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_conditions_are_refused_in_one_line(text: str) -> None:
    output, status = run("lenet5", "--vary", "H=32,33", "--quantity", "macs", "--where", text)
    assert status == 2, output
    assert output.startswith("Error: ") and "\n" not in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    "text",
    [
        "H", "H=", "=1", "H=1:", "H=:", "H=5:1", "H=1:9:0", "H=1:9:-1", "H=a:b", "H=__import__('os')", "H=1,,2", "H=1,1",
        "__class__=1", "H.W=1", "H=1:9,9", "H=[1", "H={a: 1}", "nothing=1,2", "H=1:10000000000000", "H=1/0", "D=1,2",
        "H=true", "H==1", "H=W=", "H=H=3", "H=0.5", "H=-1", "H=0", "H=null", "depths_9=1", "macs=1,2", "network=a,b", "H=*x", "H=1e3", "H=&a 1",
    ],
)  # fmt: skip
def test_hostile_texts_of_what_is_varied_are_refused_in_one_line(text: str) -> None:
    output, status = run("resnet18", "--vary", text, "--quantity", "macs")
    assert status in (1, 2), output
    assert output.startswith("Error: ") and "\n" not in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet5"], "nothing is varied"),
        (["lenet5", "--vary", "H=1:9", "--vary", "H=1:9"], "is given twice"),
        (["lenet5", "--vary", "H=32", "--quantity", "mac"], "did you mean 'macs'?"),
        (["lenet5", "--vary", "H=32", "--quantity", "macs,macs"], "each once"),
        (["lenet5", "--vary", "H=32", "--pareto", "macs,nothing"], "'nothing' is no quantity and not varied"),
        (["lenet5", "--vary", "H=32", "--pareto", "macs,macs"], "given twice"),
        (["lenet5", "--vary", "H=32", "--pareto", "macs", "--top", "3"], "one of top, smallest and pareto"),
        (["lenet5", "--vary", "H=32", "--pareto", "macs,size"], "'size' is no column of numbers here; did you mean 'size[0]'?"),
        (["lenet5", "--vary", "H=32", "--engine", "spark"], "unknown engine"),
        (["lenet5", "--vary", "H=32", "--scheduler", "tcp://1"], "for the engine dask"),
        (["lenet5", "--vary", "H=32", "--output", "x.txt"], "writes .csv or .parquet files, not '.txt'"),
        (["lenet5", "--vary", "H=32", "--output", ""], "a file name is missing"),
        (["lenet5", "--vary", "H=32", "--format", "html"], "unknown format"),
        (["lenet5", "--vary", "H=32", "--format", "json", "--output", "x.csv"], "--format is for the terminal"),
        (["lenet5", "--vary", "H=32,32.5"], "vary H: 32.5 is no size; sizes are whole numbers from 1"),
        (["lenet5", "--vary", "H=1e2"], "'1e2' is not a decimal number; write 100"),
        (["mobilenet", "--vary", "alpha=.5,1"], "'.5' is not a decimal number; write 0.5"),
        (["mobilenet", "--vary", "alpha=2*3"], "'2*3' is not a number"),
        (["resnet18", "--vary", "bias=True"], "'True' is text; write true or false"),
        (["vgg16", "--vary", "D=2"], "Error: the input 3x224x224 has no axis D"),
        (["lenet5", "--vary", "H=32", "--input", "1xSx32"], "input: the symbol 'S' has no value; vary it, such as S=1:9"),
        (["mobilenet", "--vary", "alpha=1", "--input", "3xalphax32"], "'alpha' is a let of mobilenet"),
        (["lenet5", "--vary", "H=32", "--where", "macs"], "where: 'macs' is a number; compare it, as in macs <= 600M"),
        (["lenet5", "--vary", "H=32", "--where", "size > 3"], "where: 'size' is a list here; take one of its numbers, such as size[0]"),
        (["lenet5", "--vary", "H=32", "--where", "H == 'A'"], "where: 'H' cannot be compared with the word 'A'"),
        (["lenet5", "--vary", "H=32", "--where", "max(H, macs) > 3 if H > 2 else H > 1"], "a choice or comparison cannot stand inside of another"),
        (["lenet5", "lenet5", "--vary", "H=32"], "given twice"),
        (["mobilenet", "--set", "alpha=1", "--vary", "alpha=1,2"], "both set and varied"),
        (["resnet50", "--set", "depths=3,4,6,3", "--vary", "depths_0=1,2"], "both set and varied"),
        (["resnet50", "--vary", "depths_0=1:3", "--vary", "depths=[1,1,1,1],[3,4,6,3]"], "'depths_0' is an element of 'depths', which is varied too"),
        (["resnet50", "--batch", "3", "--vary", "N=1,2"], "the batch is both set and varied"),
        (["resnet50", "--vary", "shortcut=A,B,C", "--vary", "v1=true,false", "--vary", "depths=1:9999"], "59,994 settings"),
        (["lenet5", "--vary", "H=1:1000000", "--vary", "W=1:10000000"], "more than 1,000,000,000,000"),
    ],
)  # fmt: skip
def test_wrong_requests(arguments: list[str], message: str) -> None:
    output, status = run(*arguments)
    assert status == 2
    assert output.startswith("Error: ") and message in output and "\n" not in output


@pytest.mark.parametrize(
    "asked",
    [
        {"pareto": []}, {"pareto": 3}, {"pareto": [3]}, {"pareto": "macs,,"}, {"top": "2"}, {"top": 2.5}, {"top": True},
        {"smallest": 0}, {"quantities": 3}, {"quantities": []}, {"let": {"padding": dims.symbol("p")}},
        {"batch": dims.symbol("B")}, {"input": (1, dims.symbol("S"), 32)}, {"vary": "H=32"}, {"vary": {}}, {"networks": 3},
        {"networks": []}, {"where": 3}, {"input": "1x32x32"}, {"input": 3}, {"let": 3}, {"let": "a=1"}, {"dtype": "float31"},
        {"batch": 0}, {"pareto": "+"}, {"input": (1, dims.symbol("S"), 32), "vary": {"S": [32.5]}},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_requests_of_python(asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        ac.sweep(**{"networks": "lenet5", "vary": {"H": [32]}, **asked})


def test_symbols_of_the_input_are_varied() -> None:
    text, status = run("resnet18", "--input", "3xSxS", "--vary", "S=64,65", "--quantity", "macs", "--format", "json")
    assert status == 0
    wanted = [{"S": side, "macs": ac.analyze("resnet18", input=(3, side, side)).macs} for side in (64, 65)]
    assert json.loads(text)["rows"] == wanted
    half = ac.symbol("S")
    found = ac.sweep("resnet18", {"S": "32:40"}, "macs", input=(3, half, 2 * half))
    assert found.columns["macs"][-1] == ac.analyze("resnet18", input=(3, 40, 80)).macs


def test_quantities_that_are_read_are_computed() -> None:
    """A condition and a front compute what they need, behind what is asked for."""
    found = ac.sweep("resnet18", {"H": [64, 65, 96]}, "macs", where="activations < 2M", pareto="weights,+H")
    assert [row["H"] for row in found] == [65]
    assert list(found.columns) == ["H", "macs", "weights", "activations"]
    assert list(ac.sweep("resnet18", {"H": [64]}, "macs,parameters").columns) == ["H", "macs", "parameters"]


def test_a_let_may_be_called_like_a_quantity_that_is_not_asked_for() -> None:
    found = ac.sweep("densenet_cifar_40_12", {"depth": [4, 7, 10]}, "macs", where="depth > 4", pareto="macs,+depth")
    assert rows_of(found) == [
        (depth, ac.analyze("densenet_cifar_40_12", let={"depth": depth}).macs) for depth in (7, 10)
    ]
    with pytest.raises(UsageError, match="'depth' is the name of a column too"):
        ac.sweep("densenet_cifar_40_12", {"depth": [4]}, "macs,depth")


def test_networks_of_one_name_are_told_apart(tmp_path: Path) -> None:
    text = "input: [3, 8, 8]\nlayers: [{conv: {filters: %d, kernel: 1}}]\n"
    paths = [tmp_path / part / "net.yaml" for part in "ab"]
    for filters, path in enumerate(paths, 1):
        path.parent.mkdir()
        path.write_text(text % filters)
    found = ac.sweep([*paths, "lenet5"], {"H": [32]}, "macs", where="macs < 10K")
    assert rows_of(found) == [(str(path), 32, 3 * filters * 32 * 8) for filters, path in enumerate(paths, 1)]
    data = {"input": [3, 8, 8], "layers": ["relu"]}
    found = ac.sweep([data, {**data, "input": [1, 8, 8]}], {"H": [8]}, "parameters")
    assert [row["network"] for row in found] == ["network 1", "network 2"]
    with pytest.raises(UsageError, match="given twice"):
        ac.sweep([paths[0], str(paths[0])], {"H": [32]}, "macs")


def test_more_than_10000_rows_need_a_selection_or_a_file() -> None:
    output, status = run("resnet50", "--vary", "H=33:233", "--vary", "W=33:233", "--quantity", "macs")
    assert status == 2
    assert output == (
        "Error: there are more than 10,000 rows: give --top N, --pareto A,B or --where CONDITION, or write them with "
        "--output FILE.csv or FILE.parquet"
    )
    _, status = run("resnet50", "--vary", "H=33:233", "--vary", "W=33:233", "--quantity", "macs", "--where", "H == W")
    assert status == 0
    front = run("resnet50", "--vary", "H=33:233", "--vary", "W=33:233", "--quantity", "macs", "--pareto", "macs,+H,+W")
    assert front == (output, 2)


# what is printed, and files


def test_ranges() -> None:
    assert list(ranges.read("H", "96:640:32")) == list(range(96, 641, 32))
    assert list(ranges.read("H", "1:10:4")) == [1, 5, 9]
    assert list(ranges.read("a", "0.1:0.5:0.1")) == [Fraction(n, 10) for n in range(1, 6)]
    assert list(ranges.read("H", "8,16:32:8, 64")) == [8, 16, 24, 32, 64]
    assert list(ranges.read("d", "[1,2],[3,4]")) == [(1, 2), (3, 4)]
    assert list(ranges.read("b", "true,false")) == [True, False]
    assert list(ranges.read("H", range(9, 3, -2))) == [9, 7, 5]
    assert list(ranges.read("H", np.array([[1, 2], [3, 4]]))) == [1, 2, 3, 4]
    with pytest.raises(UsageError, match="is not a number"):
        ranges.read("a", [float("nan")])


def test_formats() -> None:
    arguments = ["mobilenet", "--vary", "alpha=0.5,1", "--quantity", "macs,parameters"]
    assert run(*arguments, "--format", "csv")[0].splitlines()[:-1] == [
        "alpha,macs,parameters",
        "0.5,149497088,1331592",
        "1,568740352,4231976",
    ]
    data = json.loads(run(*arguments, "--format", "json")[0])
    assert data["rows"][1] == {"alpha": 1.0, "macs": 568740352, "parameters": 4231976}
    assert data["points"] == 2 and data["left_out"] == {}
    assert "| 0.5 | 149,497,088 | 1,331,592 |" in run(*arguments, "--format", "markdown")[0]
    assert "149,497,088" in run(*arguments)[0]


def test_csv_on_the_terminal_tells_what_is_left_out_beside_it() -> None:
    arguments = ["sweep", "lenet5", "--vary", "H=20,32", "--quantity", "macs", "--format", "csv"]
    result = CliRunner().invoke(main, arguments)
    assert result.stdout == "H,macs\n32,325680\n"
    assert result.stderr == "2 points, 1 row\nleft out 1: H >= 32 does not hold\n"


def test_facts_are_few() -> None:
    text, status = run("mlp", "--vary", "hidden=0.5:20:0.5", "--quantity", "parameters")
    assert status == 0
    assert text.splitlines()[-12] == "40 points, 20 rows"
    assert text.endswith("left out 10: for 10 other reasons; --format json lists all")
    text, _ = run("lenet5", "--vary", "H=32,33", "--quantity", "macs", "--where", "H == 32")
    assert text.endswith("2 points, 1 row\n1 does not meet the condition")


def test_csv_files(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    arguments = ["resnet18", "--vary", "shortcut=A,B", "--vary", "H=33:200", "--vary", "W=33:200", "--quantity", "macs"]
    text, status = run(*arguments, "--output", str(target))
    assert (text, status) == ("56,448 points, 56,448 rows", 0)
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = ac.sweep("resnet18", {"shortcut": "A,B", "H": "33:200", "W": "33:200"}, "macs")
    assert [int(row["macs"]) for row in rows] == found.columns["macs"].tolist()
    assert rows[-1]["shortcut"] == "B" and rows[-1]["W"] == "200"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_parquet_files(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    target = tmp_path / "out.parquet"
    arguments = [
        "mobilenet",
        "--vary",
        "alpha=1/3,0.5,1",
        "--vary",
        "H=224,1000000000000",
        "--vary",
        "W=224,100000000000",
    ]
    text, status = run(*arguments, "--quantity", "macs,parameters", "--output", str(target))
    assert status == 0, text
    rows = parquet.read_table(target).to_pylist()
    found = list(
        ac.sweep("mobilenet", {"alpha": "1/3,0.5,1", "H": [224, 10**12], "W": [224, 10**11]}, ["macs", "parameters"])
    )
    assert [(row["alpha"], row["H"], int(row["macs"]), row["parameters"]) for row in rows] == [
        (ranges.told(row["alpha"]), row["H"], row["macs"], row["parameters"]) for row in found
    ]
    assert max(row["macs"] for row in found) > 2**63
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


def test_truth_values_in_parquet_files(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    target = tmp_path / "out.parquet"
    text, status = run("resnet18", "--vary", "bias=true,false", "--quantity", "parameters", "--output", str(target))
    assert status == 0, text
    assert [row["bias"] for row in parquet.read_table(target).to_pylist()] == [True, False]


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    text, status = run("lenet5", "--vary", "H=32", "--output", str(tmp_path / "x.parquet"))
    assert (status, text) == (2, "Error: Parquet files need pyarrow: pip install 'archcalc[parquet]'")
    assert not list(tmp_path.iterdir())


def test_dask_that_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask.array", None)
    text, status = run("lenet5", "--vary", "H=32", "--engine", "dask")
    assert status == 2 and "pip install 'archcalc[dask]'" in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_half_file(tmp_path: Path, number: int) -> None:
    (tmp_path / "out.csv").write_text("old\n")
    command = ["sweep", "resnet50", "--vary", "H=33:9999", "--vary", "W=33:9999", "--output", str(tmp_path / "out.csv")]
    with subprocess.Popen([sys.executable, "-m", "archcalc", *command], stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            temporary = [path for path in tmp_path.iterdir() if path.name != "out.csv"]
            if temporary and temporary[0].stat().st_size > 10**6:
                break
            time.sleep(0.05)
        process.send_signal(number)
        errors = process.communicate(timeout=60)[1]
    assert process.returncode != 0
    assert "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert (tmp_path / "out.csv").read_text() == "old\n"


def test_an_error_in_mid_run_leaves_no_half_file(tmp_path: Path) -> None:
    text, status = run("vgg16", "--vary", "H=1:20", "--output", str(tmp_path / "out.csv"))
    assert status == 1 and "no point has an answer" in text
    assert not list(tmp_path.iterdir())


def test_progress_tells_all_points() -> None:
    told: list[tuple[str, int, int]] = []
    ac.sweep("resnet50", {"H": "33:433", "W": "33:433"}, "macs", top=1, progress=lambda *step: told.append(step))
    assert told[0] == ("analyses", 401**2, 401**2) and told[-1] == ("points", 401**2, 401**2)
    done = [done for stage, done, _ in told if stage == "points"]
    assert len(done) > 3 and done == sorted(done)


def test_progress_tells_analyses_of_what_is_enumerated() -> None:
    told: list[tuple[str, int, int]] = []
    asked = {"shortcut": "A,B,C", "H": "64,96"}
    ac.sweep(["resnet18", "resnet34"], asked, "macs", progress=lambda *step: told.append(step))
    assert [step for step in told if step[0] == "analyses"] == [("analyses", done, 12) for done in range(2, 13, 2)]


def test_a_bar_appears_with_the_first_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with _progress() as progress:
        assert progress is not None
        assert sys.stderr.getvalue() == ""  # nothing yet: the request may be wrong
        progress("analyses", 12, 12)
        assert sys.stderr.getvalue() == ""
        progress("points", 6, 12)
        assert "points" in sys.stderr.getvalue() and "50%" in sys.stderr.getvalue()


def test_rows_carry_their_points() -> None:
    rows = Rows(np.array([3, 1]), (np.array([30, 10]),), np.array([0, 2]))
    assert keepers.joined([rows, rows]).picked(np.array([0, 3])).points.tolist() == [3, 1]


# on a cluster


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "selection",
    [
        {"top": 20},
        pytest.param({"pareto": "macs,+H"}, marks=pytest.mark.exhaustive),
        pytest.param({}, marks=pytest.mark.exhaustive),
    ],
    ids=str,
)
def test_a_cluster_that_loses_a_worker_gives_the_same_answer(selection: dict[str, Any]) -> None:
    distributed = pytest.importorskip("distributed")
    asked: dict[str, Any] = {"where": "macs < 20G and H > W" if selection else "macs > 199G", **selection}
    vary = {"H": "33:2500", "W": "33:2500"}
    alone = ac.sweep("resnet50", vary, ["macs", "parameters"], **asked)
    killed: list[int] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:

        def kill(stage: str, done: int, total: int) -> None:
            if stage == "points" and not killed:
                assert done < total
                with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
                    killed.append(next(iter(client.run(os.getpid).values())))
                os.kill(killed[0], signal.SIGKILL)  # one of the two that this test has started

        address = cluster.scheduler_address
        shared = ac.sweep(
            "resnet50", vary, ["macs", "parameters"], **asked, engine="dask", scheduler=address, progress=kill
        )
    assert killed
    assert list(shared) == list(alone)
    assert (shared.points, shared.met, shared.left_out, shared.equal) == (
        alone.points, alone.met, alone.left_out, alone.equal,
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore")
def test_workers_leave_an_interrupt_to_the_process_that_started_them() -> None:
    pytest.importorskip("distributed")
    with engines._client(None) as client:
        before = set(client.run(os.getpid).values())
        for number in before:  # workers that this test has started
            os.kill(number, signal.SIGINT)
        assert set(client.run(os.getpid).values()) == before


def test_workers_that_cannot_start_are_told_with_the_way_out() -> None:
    class Library:
        def LocalCluster(self, **_: Any) -> None:
            raise RuntimeError("Nanny failed to start.")

    with pytest.raises(UsageError, match='under if __name__ == "__main__":, or give the address of a scheduler'):
        engines._cluster(Library())


@pytest.mark.exhaustive
def test_a_script_that_its_workers_cannot_import_is_told_so(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    script = tmp_path / "script.py"
    script.write_text('import archcalc as ac\nac.sweep("lenet5", {"H": "32:64"}, "macs", engine="dask")\n')
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert "if __name__" in done.stderr.splitlines()[-1] and done.stderr.count("Traceback") == 1


@pytest.mark.parametrize(
    ("amount", "value"), [("70k", 70_000), ("0.07M", 70_000), ("60kB", 60_000), ("59KiB", 60_416), ("1T", 10**12)]
)
def test_conditions_take_every_unit_of_an_amount(amount: str, value: int) -> None:
    """LeNet-5 has 60,000 parameters."""
    found = ac.sweep("lenet5", {"H": [32]}, ["parameters"], where=f"parameters <= {amount}")
    assert found.columns["parameters"].tolist() == [60_000]
    assert len(ac.sweep("lenet5", {"H": [32]}, ["parameters"], where=f"parameters + {value} > {amount}")) == 1
