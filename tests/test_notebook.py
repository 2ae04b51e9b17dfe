"""What notebooks show, and reports as plain data and data frames."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

import archcalc as ac
from archcalc.cli import main
from archcalc.efficiency import roofline
from archcalc.partition import plan
from archcalc.quantities import LAYER_QUANTITIES
from archcalc.receptive import Fields
from archcalc.render import render

H, W = ac.symbol("H"), ac.symbol("W")


def test_a_report_is_a_table_with_its_levels() -> None:
    shown = ac.analyze("resnet50")._repr_html_()
    assert shown.startswith('<div class="archcalc">')
    assert shown in render(ac.analyze("resnet50"), "html")
    assert '<td class="number" data-value="4089184256">' not in shown  # the total stands in the foot
    assert '<td class="number">4,089,184,256</td>' in shown
    assert shown.count("<tr") == 1 + 1 + 176 + sum(
        bool(level.children) for level in ac.analyze("resnet50").graph.root.walk()
    )
    assert "16*floor" not in shown
    assert "floor((H + 1)/2)" in ac.analyze("resnet50", input=(3, H, W))._repr_html_()


def test_a_formula_is_typeset_mathematics() -> None:
    shown = ac.analyze("zfnet", input=(3, H, W)).formula("macs")._repr_markdown_()
    head, mathematics, facts = shown.split("$$")
    assert head == ""
    assert mathematics.startswith("\n\\begin{aligned}\n  \\text{macs} &= ")
    assert mathematics.endswith("\\end{aligned}\n")
    assert facts.split("\n")[2:] == ["- assumes H >= 53", "- assumes W >= 53"]


def test_other_results_are_markdown_tables() -> None:
    compared = ac.compare("3*conv3-C", "conv7-C")._repr_markdown_()
    assert "| weights" in compared
    assert "|:---" in compared
    assert "| 32 .. 96 | 3 |" in ac.solve("vgg16", "H", macs="<=5G", grid=32)._repr_markdown_()
    report = ac.analyze("alexnet")
    assert report.explain("conv1")._repr_markdown_().startswith("**conv1: conv, filters 96")
    assert report._repr_markdown_() == render(report, "markdown")
    assert report._repr_latex_() == render(report, "latex")


def test_plans_fields_and_rooflines_are_what_the_commands_print() -> None:
    report = ac.analyze("alexnet")
    for found, command in (
        (
            plan(report, devices=2, scheme="channels"),
            ["partition", "alexnet", "--devices", "2", "--scheme", "channels", "--batch", "1"],
        ),
        (Fields(report), ["field", "alexnet"]),
        (roofline(report, "a100"), ["roofline", "alexnet", "--device", "a100"]),
    ):
        assert str(found) == CliRunner().invoke(main, command).output.rstrip("\n")
        assert found._repr_markdown_() == CliRunner().invoke(main, [*command, "--format", "markdown"]).output.rstrip(
            "\n"
        )


def test_a_sweep_is_a_data_frame() -> None:
    pytest.importorskip("pandas")
    frame = ac.sweep(["lenet5", "alexnet"], {"H": "224:256:32"}, ["macs"]).to_pandas()
    assert frame.to_dict("list") == {
        "network": ["lenet5", "lenet5", "alexnet", "alexnet"],
        "H": [224, 256, 224, 256],
        "macs": [ac.analyze(name, input=(channels, side, width)).macs
                 for name, channels, width in (("lenet5", 1, 32), ("alexnet", 3, 227)) for side in (224, 256)],
    }  # fmt: skip


def test_plain_data_is_what_json_says() -> None:
    report = ac.analyze("googlenet_aux")
    assert report.to_dict() == json.loads(render(report, "json"))


def test_a_data_frame_has_every_layer_and_exact_integers() -> None:
    pytest.importorskip("pandas")
    report = ac.analyze("googlenet_aux")
    frame = report.to_pandas()
    assert frame["layer"].tolist() == [layer.path for layer in report]
    trunk = frame[frame["head"].isna()]
    for name in LAYER_QUANTITIES:
        assert frame[name].dtype == "int64"
        if name not in ("parameter_bytes", "activation_bytes"):
            assert trunk[name].sum() == report[name]
    huge = ac.analyze({"input": [10**9, 10**5, 10**5], "layers": [{"conv": {"filters": 10**9, "kernel": 1}}]})
    assert huge.to_pandas()["macs"].tolist() == [10**28]
    assert ac.analyze("vgg16", input=(3, H, W)).to_pandas()["macs"][0] == 1728 * H * W


def test_a_missing_extra_is_named() -> None:
    script = "import sys; sys.modules['pandas'] = None\nimport archcalc as ac\ntry:\n    ac.analyze('mlp').to_pandas()\nexcept ac.UsageError as error:\n    print(error)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "data frames need pandas: pip install 'archcalc[pandas]'\n"
