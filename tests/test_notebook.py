"""What notebooks show and complete, how errors end a cell, and reports as plain data and data frames."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from click.testing import CliRunner

import archcalc as ac
from archcalc.claims import decide
from archcalc.cli import main
from archcalc.efficiency import meanings, metrics, roofline
from archcalc.fitting import fit_inference
from archcalc.memory import inference
from archcalc.partition import plan
from archcalc.quantities import LAYER_QUANTITIES
from archcalc.receptive import Fields
from archcalc.render import render
from archcalc.training import training
from archcalc.verify import verify

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


SHOWN = {
    "inference": lambda: inference(ac.analyze("lenet5")),
    "schedule": lambda: inference(ac.analyze("lenet5")).schedule,
    "symbolic inference": lambda: inference(ac.analyze("lenet5", input=(1, H, H))),
    "training": lambda: training(ac.analyze("lenet5")),
    "fit": lambda: fit_inference(inference(ac.analyze("lenet5")), ac.analyze("lenet5"), 10**9),
    "metrics": lambda: metrics(ac.analyze("lenet5")),
    "meanings": lambda: meanings(ac.analyze("lenet5")),
    "energy": lambda: metrics(ac.analyze("lenet5")).energy,
    "findings": lambda: verify(["lenet5"]),
    "finding": lambda: verify(["lenet5"])[0],
    "verdicts": lambda: decide(["mlp-21", "stack-27-49"]),
    "verdict": lambda: decide(["mlp-21"])[0],
    "sweep": lambda: ac.sweep("mlp", {"hidden": "1:200"}, "parameters"),
    "network": lambda: ac.load("vgg16"),
    "comparison": lambda: ac.compare("lenet5", "alexnet"),
    "explanation": lambda: ac.analyze("lenet5").explain("C1"),
    "plan": lambda: plan(ac.analyze("alexnet"), devices=2, scheme="channels"),
    "fields": lambda: Fields(ac.analyze("lenet5")),
    "roofline": lambda: roofline(ac.analyze("alexnet"), "a100"),
    "solution": lambda: ac.solve("vgg16", "H", macs="<=5G"),
}


@pytest.mark.parametrize("what", SHOWN)
def test_every_result_shows_itself(what: str) -> None:
    found = SHOWN[what]()
    text, markdown = str(found), found._repr_markdown_()
    for shown in (text, markdown):
        assert shown.strip()
        assert "object at 0x" not in shown
        assert "Fraction(" not in shown
        assert "Record(" not in shown
    if what not in ("fit", "verdict", "verdicts", "explanation"):  # sentences
        assert "---" in text
        assert re.search(r"^\|[:-]", markdown, re.MULTILINE)
    if what in ("inference", "schedule", "training", "metrics", "findings", "verdicts", "sweep", "network"):
        assert len(repr(found)) < 1000


def test_what_is_shown_is_what_commands_print() -> None:
    for found, command in (
        (training(ac.analyze("lenet5"), optimizer="adam"), ["memory", "lenet5", "--training", "--optimizer", "adam"]),
        (metrics(ac.analyze("lenet5")), ["metrics", "lenet5"]),
        (verify(["lenet5"]), ["verify", "lenet5"]),
        (decide(["mlp-21"]), ["claims", "mlp-21"]),
        (
            ac.sweep("mlp", {"hidden": "1:5"}, "parameters"),
            ["sweep", "mlp", "--vary", "hidden=1:5", "--quantity", "parameters"],
        ),
    ):
        printed = CliRunner().invoke(main, command).output.rstrip("\n")
        assert str(found) == printed
        assert found._repr_markdown_() == CliRunner().invoke(main, [*command, "--format", "markdown"]).output.rstrip(
            "\n"
        )
    memory = CliRunner().invoke(main, ["memory", "lenet5"]).output.rstrip("\n")
    assert memory.endswith("\n\n" + str(inference(ac.analyze("lenet5"))))


def test_a_long_sweep_shows_its_first_rows() -> None:
    shown = str(ac.sweep("mlp", {"hidden": "1:200"}, "parameters"))
    assert shown.splitlines()[51].split() == ["50", str(50 * 5 + 50 + 2 * 50 + 2)]
    assert shown.splitlines()[53:] == ["150 more rows stand in `columns`", "200 points, 200 rows"]


def test_a_network_says_what_it_is_and_what_is_wrong() -> None:
    shown = str(ac.load("vgg16"))
    assert "let conv3        [2, 2, 3, 3, 3]" in shown  # the variant's own
    assert "variants         vgg11, vgg11_lrn," in shown
    assert "block conv_relu  takes filters, kernel" in shown
    wrong = ac.load({"title": "<img onerror=x> $x$ | `y` ![z](http://example.org/z.png)", "input": [3, 8, 8],
                     "layers": [{"conv": {"filters": 4, "kernel": 3, "strides": 2}}]})  # fmt: skip
    assert "layers[0] (conv): unknown field 'strides'; did you mean 'stride'?" in str(wrong)
    markdown = wrong._repr_markdown_()
    assert "    layers[0] (conv): unknown field 'strides'" in markdown
    assert r"\<img onerror=x> \$x\$ \| \`y\` \![z](http://example.org/z.png)" in markdown


def test_a_layer_is_a_line_and_in_a_notebook_a_table() -> None:
    layer = ac.analyze("lenet5").layer("C1")
    assert str(layer) == "<conv C1: 1x32x32 -> 6x28x28, parameters 156, MACs 117600>"
    shown = layer._repr_markdown_()
    assert shown.startswith("**C1: conv(kernel=(5, 5), filters=6)**")
    assert "| macs | 117,600 |" in shown


# Errors, completion


def test_an_error_ends_a_cell_as_on_the_command_line() -> None:
    try:
        ac.analyze({"input": [3, 8, 8], "layers": [{"conv": {"filters": 4, "kernel": 3, "strides": 2}}]})
    except ac.SpecError as error:
        lines = error._render_traceback_()
    assert lines[0].endswith(
        ': ac.analyze({"input": [3, 8, 8], "layers": [{"conv": {"filters": 4, "kernel": 3, "strides": 2}}]})'
    )
    assert lines[1:] == ["SpecError: layers[0] (conv): unknown field 'strides'; did you mean 'stride'?"]
    assert ac.UsageError("never raised")._render_traceback_() == ["UsageError: never raised"]


CELLS = [
    "import archcalc as ac",
    "from pathlib import Path\ntext = 'input: [3, 8, 8]\\nlayers:\\n  - conv: {filters: 4, kernel: 3, strides: 2}\\n'\n"
    "Path('my.yaml').write_text(text)\n\n\ndef ask():\n    return ac.analyze('my.yaml')\n\n\nask()",
    "ac.analyze('vgg61')",
    "report = ac.analyze('mlp')\nreport",
    "ac.load('mlp')",
    "from IPython.core.completer import provisionalcompleter\n\n\n"
    "def completed(line):\n"
    "    with provisionalcompleter():\n"
    "        return [found.text for found in get_ipython().Completer.completions(line, len(line))]\n\n\n"
    "{line: completed(line) for line in ('ac.sol', 'ac.build.max', 'report[\"para', 'report.para', 'report.ma')}",
]


def test_a_real_kernel_shows_errors_and_completes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(Path(ac.__file__).parent.parent))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the notebook machinery are not ours
        NotebookClient(
            notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}
        ).execute()
    _, spec, usage, table, network, names = (cell.outputs for cell in notebook.cells)
    assert spec[0].ename == "SpecError"
    assert spec[0].traceback == [
        "line 7: return ac.analyze('my.yaml')",
        "SpecError: my.yaml:3:35: layers[0] (conv): unknown field 'strides'; did you mean 'stride'?\n"
        "    3 |   - conv: {filters: 4, kernel: 3, strides: 2}",
    ]
    assert usage[0].traceback[0] == "line 1: ac.analyze('vgg61')"
    assert usage[0].traceback[1].startswith("UsageError: there is no network 'vgg61'")
    assert len(usage[0].traceback) == 2
    assert {"text/html", "text/markdown", "text/latex"} <= {*table[0].data}
    assert network[0].data["text/markdown"].startswith("**mlp: A multilayer perceptron")
    completed = ast.literal_eval(names[0].data["text/plain"])
    for line, name in {"ac.sol": "solve", "ac.build.max": "maxpool", 'report["para': "parameters",
                       "report.para": "parameters", "report.ma": "macs"}.items():  # fmt: skip
        assert any(name in word for word in completed[line]), line


def test_what_tab_lists() -> None:
    report = ac.analyze("mlp")
    assert {"macs", "parameters", "depth", "batch_macs", "formula", "to_pandas"} <= {*dir(report)}
    assert {"macs", "parameters", "output", "kind"} <= {*dir(report.layers[0])}
    assert "batch_macs" not in dir(report.layers[0])  # of the whole network only
    for thing in (report, report.layers[0]):
        assert all(hasattr(thing, name) for name in dir(thing))
        assert {*thing._ipython_key_completions_()} <= {*dir(thing)}
    assert {"analyze", "build", "Report"} <= {*dir(ac)}
    assert ac.build.conv(8, 3) == {"conv": {"filters": 8, "kernel": 3}}


def test_types_ship() -> None:
    package = Path(ac.__file__).parent
    assert (package / "py.typed").is_file()
    assert "def conv(filters: Any, kernel: Any, *" in (package / "build.pyi").read_text()


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
