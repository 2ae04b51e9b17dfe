"""The table in all its forms: what a user sees of one network, and what a machine reads."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import archcalc as ac
from archcalc.cli import main
from archcalc.quantities import LAYER_QUANTITIES, QUANTITIES
from archcalc.render import FORMATS, Options, render
from archcalc.render.rows import COLUMNS, columns, number_text, share, table

EXAMPLES = Path(__file__).parent / "specs" / "examples"


def run(*arguments: str) -> Result:
    """A command that must succeed."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result


def lines(*arguments: str) -> list[str]:
    """What a command prints."""
    return run(*arguments).output.splitlines()


def test_text_begins_with_the_network_and_ends_with_the_convention() -> None:
    printed = lines("table", "vgg16")
    assert printed[0] == "vgg16: VGG"
    assert printed[2] == "input 3x224x224, batch 1, float32"
    assert "138,357,544" in printed[-4]
    assert "15,470,264,320" in printed[-4]
    assert printed[-2] == "depth 16, 16 weighted layers, 0 buffers, input 150,528 numbers"
    assert printed[-1].startswith("Counts are for one image. MACs are multiply-accumulates")


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize(
    "network", ["resnet.yaml:resnet50", "unet.yaml", "swin.yaml:swin_t", "efficientnet.yaml:efficientnet_b0"]
)
def test_rows_add_up_to_the_totals(network: str, depth: int, fold: bool) -> None:
    report = ac.analyze(f"{EXAMPLES}/{network}")
    columns = ("layer", "repeat", *LAYER_QUANTITIES)
    printed = render(report, "csv", Options(columns, depth=depth, fold=fold))
    sums = dict.fromkeys(LAYER_QUANTITIES, 0)
    for row in csv.DictReader(io.StringIO(printed)):
        for name in LAYER_QUANTITIES:
            sums[name] += int(row["repeat"]) * int(row[name])
    assert sums == {name: report.totals[name] for name in LAYER_QUANTITIES}


def test_folding_shows_repeats_once() -> None:
    path = f"{EXAMPLES}/resnet.yaml:resnet101"
    assert len(lines("table", path, "--fold")) < len(lines("table", path)) / 2
    folded = [line for line in lines("table", path, "--fold", "--depth", "2") if " x22 " in line]
    assert [line.split()[0] for line in folded] == ["stage3.residual2-23"]


def test_nested_repeats_fold_to_one_row() -> None:
    data = {"input": [4], "layers": [{"repeat": 3, "do": [{"repeat": 5, "do": [{"linear": 4}]}, "relu"]}]}
    printed = render(ac.analyze(data), "csv", Options(("layer", "repeat"), fold=True))
    assert printed.splitlines()[1:] == ["linear1-15,15", "relu1-3,3"]


def test_depth_folds_levels() -> None:
    printed = lines("table", "vgg16", "--depth", "1", "--columns", "layer,kind,output")
    assert any(line.split() == ["stage5", "7", "layers", "512x7x7"] for line in printed)


def test_sorting() -> None:
    printed = lines("table", "vgg16", "--sort", "parameters", "--format", "csv", "--columns", "layer,parameters")
    values = [int(line.split(",")[1]) for line in printed[1:]]
    assert values == sorted(values, reverse=True)
    by_name = lines("table", "vgg16", "--sort", "layer", "--format", "csv", "--columns", "layer")[1:]
    assert by_name == sorted(by_name)


def test_percent() -> None:
    printed = lines("table", "vgg16", "--percent", "--format", "csv", "--columns", "layer,macs")
    row = next(line for line in printed if line.startswith("linear1,"))
    assert row == "linear1,102760448,0.7"


def test_units() -> None:
    assert any("138.4 M" in line for line in lines("table", "vgg16", "--units", "si"))
    assert [number_text(value, "si") for value in (0, 999, 1000, 12345, 999_949, 999_950, 10**13)] == [
        "0", "999", "1.000 k", "12.35 k", "999.9 k", "1.000 M", "10.00 T",
    ]  # fmt: skip
    assert share(1, 8) == "12.5"


def test_json_is_exact_and_complete() -> None:
    data = json.loads(run("table", "alexnet", "--format", "json").output)
    assert data["schema"] == 1
    assert data["network"] == "alexnet"
    assert data["input"] == [3, 227, 227]
    assert data["settings"]["gpus"] == 2
    assert set(data["totals"]) == {quantity.name for quantity in QUANTITIES}
    assert {name: data["totals"][name] for name in ("parameters", "weights", "buffers", "macs", "depth")} == {
        "parameters": 60_965_224, "weights": 60_954_656, "buffers": 0, "macs": 724_406_816, "depth": 8,
    }  # fmt: skip
    conv1 = data["layers"][0]
    assert conv1 == {
        "path": "conv1", "kind": "conv", "inputs": [[3, 227, 227]], "output": [96, 55, 55], "parameters": 34944,
        "weights": 34848, "buffers": 0, "macs": 105415200, "operations": {"additions": 290400},
        "activations": 290400, "outputs": 290400, "neurons": 290400, "connections": 105705600,
        "parameter_bytes": 139776, "activation_bytes": 1161600, "dropped": [0, 0], "stores": "new", "repeat": 1,
        "head": None,
    }  # fmt: skip


def test_json_holds_expressions_as_text() -> None:
    report = ac.analyze("zfnet", input=(3, ac.symbol("H"), ac.symbol("H")))
    data = json.loads(render(report, "json"))
    assert data["layers"][0]["output"] == [96, "floor((H - 3)/2)", "floor((H - 3)/2)"]
    assert data["assumptions"] == ["H >= 53"]


def test_json_of_several_inputs_and_heads() -> None:
    data = json.loads(run("table", f"{EXAMPLES}/two_inputs.yaml", "--format", "json").output)
    assert data["input"] == {"image": [3, 64, 64], "question": [12]}
    data = json.loads(run("table", f"{EXAMPLES}/googlenet.yaml:googlenet_aux", "--format", "json").output)
    assert data["heads"]["aux1"]["parameters"] == 3_188_840
    assert {layer["head"] for layer in data["layers"]} == {None, "aux1", "aux2"}


class Cells(HTMLParser):
    """The texts of the body's cells of an HTML table."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.inside = tag in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.inside and data.strip():
            self.found.append(data)


def test_html_escapes_what_a_spec_says() -> None:
    data = {"title": "<script>alert(1)</script>", "cite": "A & B", "input": [4], "layers": [{"linear": 2}]}
    page = render(ac.analyze(data), "html")
    assert "<script>alert" not in page
    assert "A &amp; B" in page
    parser = Cells()
    parser.feed(page)
    assert parser.found[:6] == ["layer", "kind", "output", "parameters", "MACs", "activations"]
    assert parser.found[6:9] == ["linear", "linear", "2"]


def test_latex_is_a_booktabs_table() -> None:
    printed = run("table", "vgg16", "--format", "latex", "--depth", "1").output
    assert printed.count("\\begin{tabular}") == printed.count("\\end{tabular}") == 1
    assert "\\toprule" in printed
    assert printed.count("\\midrule") == 2
    assert "local\\_response\\_norm" in run("table", "alexnet", "--format", "latex").output


def test_markdown_is_a_pipe_table() -> None:
    printed = lines("table", "mlp", "--format", "markdown")
    assert printed[2].startswith("| layer")
    assert set(printed[3]) <= set("|:- ")
    assert printed[8].startswith("| **total**")


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_goes_into_a_file(format_: str, tmp_path: Path) -> None:
    target = tmp_path / "table.out"
    assert run("table", "mlp", "--format", format_, "--output", str(target)).output == ""
    assert target.read_text() == run("table", "mlp", "--format", format_).output
    assert [path.name for path in tmp_path.iterdir()] == ["table.out"]


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_can_be_shown(column: str) -> None:
    assert lines("table", "lenet5", "--columns", f"layer,{column}" if column != "layer" else column)


def test_settings_reach_the_network() -> None:
    data = json.loads(
        run("table", "mlp", "--set", "hidden=7", "--batch", "8", "--dtype", "int8", "--format", "json").output
    )
    assert data["settings"]["hidden"] == 7
    assert data["totals"]["parameters"] == 5 * 7 + 7 + 7 * 2 + 2
    assert data["totals"]["batch_macs"] == 8 * (35 + 14)
    assert data["totals"]["parameter_bytes"] == data["totals"]["parameters"]
    listed = run("table", "vgg16", "--set", "conv3=1,1,1,1,1", "--format", "json").output
    assert json.loads(listed)["totals"]["depth"] == 8


def test_input_of_several_inputs_by_name() -> None:
    printed = lines("table", f"{EXAMPLES}/two_inputs.yaml", "--input", "image=3x32x32")
    assert "input image 3x32x32, question 12, batch 1, float32" in printed


def test_max_layers() -> None:
    result = CliRunner().invoke(main, ["table", "vgg16", "--max-layers", "10"])
    assert result.exit_code == 1
    assert "the limit is 10; --max-layers" in result.stderr


def test_list_shows_names_titles_inputs_and_costs() -> None:
    assert "vgg16" in "\n".join(lines("list"))
    rows = lines("list", "--filter", "vgg16_", "--costs")
    assert [row.split()[0] for row in rows[2:]] == ["vgg16_c", "vgg16_bn"]
    assert rows[2].split()[-2:] == ["133,638,952", "11,770,888,192"]
    assert lines("list", "--filter", "nothing like it") == ["no network matches; `archcalc list` shows all"]


def test_show_prints_the_file() -> None:
    assert run("show", "mlp").output.startswith("title: A multilayer perceptron, 5-3-2\n")
    assert run("show", "vgg16").output == run("show", "vgg").output
    assert "filters: 96" in run("show", "alexnet", "--expanded").output


def test_layers_lists_and_describes_kinds() -> None:
    assert "  conv(filters, kernel, " in run("layers").output
    assert "required" in run("layers", "conv").output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    assert "_ARCHCALC_COMPLETE" in run("completion", shell).output


def test_completion_of_networks() -> None:
    environment = {"COMP_WORDS": "archcalc table vgg16", "COMP_CWORD": "2", "_ARCHCALC_COMPLETE": "bash_complete"}
    result = CliRunner(env=environment).invoke(main, prog_name="archcalc")
    assert "plain,vgg16_bn" in result.output


def test_version() -> None:
    assert lines("--version") == [f"archcalc {ac.__version__}"]


def test_an_input_with_other_channels_is_noted() -> None:
    """224x224x3 is the most usual slip: it has 224 channels."""
    report = ac.analyze("resnet18", input=(224, 224, 3))
    assert report.notes[0] == "channels come first: the input 224x224x3 has 224 of them, the spec's 3"
    assert not ac.analyze("resnet18", input=(3, 96, 96)).notes


def test_depth_is_a_column() -> None:
    """As in Table 1 of GoogLeNet: an inception module counts as 2, a pool as 0; the total is no sum."""
    made = table(ac.analyze("googlenet"), Options(("layer", "depth"), depth=1))
    cells = dict(made.cells)
    assert [cells[name] for name in ("conv1", "conv2", "maxpool1", "inception3a", "linear")] == [
        "1",
        "2",
        "0",
        "2",
        "1",
    ]
    assert made.total == ("total", "22")


def test_copies_that_alternate_are_told_apart() -> None:
    made = table(ac.analyze("swin_t"), Options(("layer",), depth=2, fold=True))
    assert [row[0] for row in made.cells if row[0].startswith("stage3.swin")] == [
        "stage3.swin_block1,3,5", "stage3.swin_block2,4,6",
    ]  # fmt: skip


@pytest.mark.parametrize("format_", ["text", "html"])
def test_the_columns_are_decided_once_for_all_rows(format_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a column `repeat` is needed takes a look at every layer: once for each row it would take their square."""
    asked: list[int] = []

    def counted(*arguments: Any) -> tuple[str, ...]:
        asked.append(1)
        return columns(*arguments)

    for module in ("rows", "html"):
        monkeypatch.setattr(f"archcalc.render.{module}.columns", counted)
    render(ac.analyze("resnet50"), format_)
    assert len(asked) <= 2
