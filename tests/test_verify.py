"""Published figures: what a printed value stands for, and how each is recomputed."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

import archcalc as ac
from archcalc import zoo
from archcalc.cli import main
from archcalc.errors import ArchcalcError
from archcalc.figures import Printed, printed
from archcalc.measuring import RULES
from archcalc.published import CONVENTIONS
from archcalc.quantities import MEASURABLE
from archcalc.tallies import TALLIES, biases
from archcalc.verify import Finding, verify


@pytest.mark.parametrize(
    ("value", "kwargs", "lowest", "highest"),
    [
        ("138M", {}, 137_500_000, 138_500_000),
        ("60M", {"rounding": "truncated"}, 60_000_000, 60_999_999),
        (60_000, {}, Fraction(119_999, 2), Fraction(120_001, 2)),
        ("15.50G", {}, 15_495_000_000, 15_505_000_000),
        (Fraction(31, 2), {"unit": "G"}, 15_450_000_000, 15_550_000_000),
        ("159K", {"kilo": 1024}, Fraction(158_5 * 1024, 10), Fraction(159_5 * 1024, 10)),
        ("3MiB", {}, Fraction(5 * 2**20, 2), Fraction(7 * 2**20, 2)),
        (58, {"unit": "MiB"}, Fraction(115 * 2**20, 2), Fraction(117 * 2**20, 2)),
        ("94.86%", {}, Fraction(94_855, 100_000), Fraction(94_865, 100_000)),
        ("5-10%", {}, Fraction(5, 100), Fraction(10, 100)),
        ("5%", {"rounding": 5}, Fraction(25, 1000), Fraction(75, 1000)),
        ("0.27M", {}, 265_000, 275_000),
        (Fraction(1, 8), {}, Fraction(1245, 10_000), Fraction(1255, 10_000)),
    ],
)
def test_what_a_printed_value_stands_for(
    value: object, kwargs: dict[str, object], lowest: object, highest: object
) -> None:
    figure = printed(value, **kwargs)  # type: ignore[arg-type]
    step = Fraction(1, 10**9)
    assert figure.holds(lowest) and figure.holds(highest)
    assert not figure.holds(lowest - step) and not figure.holds(highest + (1 if figure.open_above else step))  # type: ignore[operator]


def test_sizes() -> None:
    assert printed("6x28x28").holds((6, 28, 28))
    assert printed("28x28").holds((6, 28, 28))
    assert not printed("6x28x28").holds((28, 28, 6))
    assert not printed("6x28x28").holds(4704)
    assert not printed("28x28").holds((28, 28, 6))
    assert printed(28).holds((28,))
    assert not printed(28).holds((28, 1, 1))


@pytest.mark.parametrize("value", ["many", "1,5M", "1e9", "0x7", "-", "5 apples", "9" * 40, Fraction(1, 3)])
def test_what_is_no_printed_value(value: object) -> None:
    with pytest.raises(ArchcalcError):
        printed(value)


SPEC = """\
title: Test
cite: Someone 2020
input: [3, 8, 8]
let: {width: 4, more: false}
layers:
  - name: stem
    do:
      - {conv: {filters: width, kernel: 3, pad: 1}, name: conv1}
      - batchnorm
      - relu
  - {maxpool: 2, when: more}
  - head: side
    do: [flatten, {linear: 5}]
  - {conv: {filters: 8, kernel: 1, bias: false}, name: conv2}
  - flatten
  - {linear: 10, name: fc}
published:
"""


def findings(entry: str, tmp_path: Path) -> list[Finding]:
    file = tmp_path / "net.yaml"
    file.write_text(SPEC + f"  - {{{entry}, source: me}}\n")
    return list(verify([file]))


@pytest.mark.parametrize(
    ("entry", "ours"),
    [
        # stem: 4*27 + 4 and 4 + 4; conv2: 32; fc: 10*512 + 10
        ("quantity: parameters, value: 5282", "5,282"),
        ("quantity: parameters + buffers, value: 5290", "5,290"),
        ("quantity: parameters, convention: weights, value: 5260", "5,260"),  # no biases, no batch norm
        ("layer: stem, quantity: parameters, value: 120", "120"),
        ("layer: stem.conv1, quantity: parameters, value: 112", "112"),
        ("at: stem, quantity: size, value: 4x8x8", "4x8x8"),
        ("at: stem, quantity: size, value: 8x8", "4x8x8"),
        ("layer: conv2, quantity: input_size, value: 4x8x8", "4x8x8"),
        ("layer: stem, quantity: input_size, value: 3x8x8", "3x8x8"),
        ("layer: conv2, quantity: channels, value: 8", "8"),
        ("layer: stem, quantity: kernel, value: 3x3x3", "3x3x3"),
        ("at: stem, quantity: depth, value: 1", "1"),
        ("quantity: depth, value: 3", "3"),
        ("at: conv*, quantity: macs, value: 2048", "2,048"),
        ("at: '*linear', heads: true, quantity: macs, value: 1280", "1,280"),
        ("at: '*', quantity: macs, value: 14080", "14,080"),  # heads are left out unless asked for
        ("quantity: macs, value: 14.08, unit: K", "14,080"),
        ("layer: stem, quantity: kernel, value: 3x3", "3x3x3"),
        ("at: '*.conv1', quantity: macs, value: 6912", "6,912"),
        ("kind: conv, quantity: macs, value: 8960", "8,960"),
        ("kind: [conv, linear], quantity: macs, value: 14080", "14,080"),
        ("until: conv2, quantity: parameters, value: 152", "152"),  # the head is left out
        ("heads: true, quantity: parameters, value: 6567", "6,567"),
        ("layer: side, quantity: parameters, value: 1285", "1,285"),
        ("quantity: biases / parameters, value: 0.3%", "0.341 %"),
        ("at: '*linear', quantity: macs, value: 1280", "1,280"),  # it is only in the head
        ("at: '****c*o*n*v*1', quantity: macs, value: 6912", "6,912"),
        ("quantity: macs, convention: two_per_mac, value: 28160", "28,160"),
        ("quantity: macs, convention: with_bias, value: 14346", "14,346"),
        ("quantity: neurons, convention: input_included, value: 970", "970"),
        ("quantity: parameters, convention: k1024, value: 5.2K", "5,282"),
        ("quantity: parameter_bytes, dtype: int8, value: 5282", "5,282"),
        ("quantity: parameter_bytes, value: 20.6KiB", "20.633 KiB"),
        ("quantity: batch_macs, batch: 2, value: 28160", "28,160"),
        ("quantity: macs, input: [3, 4, 4], value: 3520", "3,520"),
        ("layer: stem, quantity: parameters, set: {width: 8}, value: 240", "240"),
        ("layer: maxpool, quantity: size, set: {more: true}, value: 4x4x4", "4x4x4"),
        ("layer: fc, quantity: macs, value: 36.36%", "36.3636 %"),
        ("quantity: macs, convention: ptflops, value: 15370", "15,370"),  # + 256 + 10 biases, 2*256 batch norm, 2*256 ReLU
        ("quantity: macs, over: lenet5, value: 0.04", "0.0432"),
        ("quantity: macs, over: lenet5, value: 4.32%", "4.3233 %"),
        ("quantity: parametric_layers, value: 4", "4"),
    ],
)  # fmt: skip
def test_a_figure_recomputed(entry: str, ours: str, tmp_path: Path) -> None:
    (finding,) = findings(entry, tmp_path)
    assert (finding.ours, finding.status, finding.why) == (ours, "agrees", "")


@pytest.mark.parametrize(
    ("entry", "status", "why"),
    [
        ("quantity: macs, value: 14081", "differs", ""),
        ("quantity: macs, value: 14.10, unit: K", "differs", ""),  # the zero is printed, too
        ("quantity: macs, value: 14080.1", "differs", ""),
        ("layer: conv2, quantity: kernel, value: 1x4", "differs", ""),
        ("layer: conv2, quantity: biases / parameters, value: 1%", "differs", ""),
        ("quantity: biases / parameters, value: 1%", "differs", ""),
        ("until: side, quantity: macs, value: 1", "refused", "line 18: 'side' is in the side output side; `until` takes a layer outside"),
        ("quantity: \"'abc'\", value: 1", "refused", "line 18: the word 'abc' is neither a number nor a size"),
        ("quantity: macs > 1, value: 1", "refused", "line 18: true is neither a number nor a size"),
        ("quantity: '[]', value: 1", "refused", "line 18: the list [] is neither a number nor a size"),
        ("quantity: size + 1, value: 1", "refused", "line 18: 'size + 1': the list [10] is not a number"),
        ("quantity: macs, over: mlpp, value: 1", "refused", "line 18: there is no network 'mlpp', and no such file; nearest: mlp"),
        ("layer: flatten, quantity: macs / macs, value: 1", "refused", "line 18: 'macs / macs': division by zero"),
        ("quantity: macs, value: 14KB", "refused", "line 18: macs is no quantity of bytes: KB"),
        ("quantity: field + nosuch, value: 1", "refused", "line 18: unknown quantity 'nosuch'"),
        ("quantity: macs, value: 14081, disputed: a slip", "disputed", "a slip"),
        ("quantity: macs, value: 14080, disputed: a slip", "undisputed", "remove `disputed`"),
        ("layer: fc, quantity: size, value: 10x1x1", "differs", ""),
        ("at: stemm, quantity: macs, value: 1", "refused", "line 18: net has no layer or level 'stemm'; did you mean 'stem'?"),
        ("kind: gelu, quantity: macs, value: 1", "refused", "line 18: there is no layer of kind gelu in net"),
        ("kind: linear, at: stem, quantity: macs, value: 1", "refused", "line 18: there is no layer of kind linear in stem"),
        ("at: stem, quantity: batch_macs, value: 1", "refused", "line 18: batch_macs is of the whole network, not of some of its layers"),
        ("layer: flatten, quantity: kernel, value: 1x1", "refused", "line 18: none of these layers has a kernel"),
        ("quantity: macs, value: 1, set: {depth: 3}", "refused", "line 18: there is no let 'depth' to set; did you mean 'width'?"),
    ],
)  # fmt: skip
def test_what_is_not_as_printed(entry: str, status: str, why: str, tmp_path: Path) -> None:
    (finding,) = findings(entry, tmp_path)
    assert (finding.status, finding.why) == (status, why)
    assert finding.as_declared == (status == "disputed")


def test_files_of_one_name_are_not_confused(tmp_path: Path) -> None:
    """Neither two files, nor a file and a network of the zoo."""
    files = []
    for width in (4, 8):
        folder = tmp_path / str(width)
        folder.mkdir()
        files.append(folder / "lenet5.yaml")
        entry = f"  - {{layer: stem, quantity: parameters, value: {30 * width}, source: me}}\n"
        entry += "  - {quantity: macs, over: lenet5, value: 1, source: me, disputed: another network}\n"
        files[-1].write_text(SPEC.replace("width: 4", f"width: {width}") + entry)
    found = verify([*files, "lenet5"])
    assert all(finding.as_declared for finding in found)
    assert [finding.ours for finding in found[:4:2]] == ["120", "240"]


def test_the_zeros_at_the_end_are_printed_digits(tmp_path: Path) -> None:
    figures = load_published("value: 14080.0", tmp_path), load_published("value: 5.00, unit: K", tmp_path)
    assert [(str(f), f.high - f.low) for f in figures] == [("14080.0", Fraction(1, 10)), ("5.00 K", 10)]


def load_published(text: str, tmp_path: Path) -> Printed:
    """What is printed in a file with this one figure."""
    (finding,) = findings(f"quantity: macs, {text}", tmp_path)
    return finding.figure.printed


def test_the_exit_status(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    for value, status in [(5282, 0), (5283, 1)]:
        file.write_text(SPEC + f"  - {{quantity: parameters, value: {value}, source: me}}\n")
        result = CliRunner().invoke(main, ["verify", str(file)])
        assert result.exit_code == status
        assert result.output.splitlines()[0] == "Test: Someone 2020"
    assert "1 published figure: 1 differs" in result.output
    assert CliRunner().invoke(main, ["verify", str(file), "--only", "agrees"]).exit_code == 1
    data = json.loads(CliRunner().invoke(main, ["verify", str(file), "--format", "json"]).output)
    assert data["published"][0]["status"] == "differs"
    assert data["published"][0]["ours"] == 5282


@pytest.mark.parametrize("stem", list(zoo.files()))
def test_published_figures_of_the_zoo(stem: str) -> None:
    wrong = [
        (f.network.name, f.figure.measure.where, f.figure.measure.what, str(f.figure.printed), f.ours, f.status, f.why)
        for f in verify([stem])
        if not f.as_declared
    ]
    assert not wrong


# Layer by layer what the tools reported when they were run on these networks (torchvision's forms).
TOOL_TOTALS = [
    ("vgg16", "ptflops", 15_523_225_576),
    ("alexnet_owt", "ptflops", 716_441_128),
    ("resnet18", "ptflops", 1_825_313_768),
    ("resnet50", "ptflops", 4_132_436_968),
]


@pytest.mark.parametrize(("network", "tool", "total"), TOOL_TOTALS)
def test_what_tools_count(network: str, tool: str, total: int) -> None:
    let = {"torchvision": True} if network in ("vgg16", "alexnet_owt") else None
    assert TALLIES[tool].of(ac.analyze(network, let=let).trunk) == total


KERNELS = [
    ({"transposed_conv": {"filters": 6, "kernel": 3, "groups": 2}}, (3, 3, 2)),
    ({"locally_connected": {"filters": 6, "kernel": 3}}, (3, 3, 4)),
    ({"depthwise": {"kernel": 5}}, (5, 5, 1)),
    ({"conv": {"filters": 6, "kernel": [1, 7], "groups": 2}}, (1, 7, 2)),
]


@pytest.mark.parametrize(("layer", "kernel"), KERNELS)
def test_kernels(layer: dict[str, object], kernel: tuple[int, ...]) -> None:
    report = ac.analyze({"input": [4, 16, 16], "layers": [layer]})
    assert MEASURABLE["kernel"].of_span(report.trunk) == kernel


@pytest.mark.parametrize("network", ["lenet5", "vit_b_16"])
def test_what_has_no_kernel_is_refused(network: str) -> None:
    """A connection table, trained subsampling, attention: outputs differ, or have no window."""
    for layer in ac.analyze(network).trunk:
        if layer.kind in ("attention", "rbf", "subsample") or layer.path == "C3":
            with pytest.raises(ArchcalcError, match="has no kernel that is the same for all outputs"):
                MEASURABLE["kernel"].of_span((layer,))


def test_a_network_that_is_all_head_has_no_size() -> None:
    report = ac.analyze({"input": [4], "layers": [{"head": "only", "do": [{"linear": 3}]}]})
    assert report["depth"] == 0
    with pytest.raises(ArchcalcError, match="there is no layer outside the side outputs"):
        MEASURABLE["size"].of_span(report.trunk)


@pytest.mark.parametrize(
    ("network", "added"),
    [
        ({"input": [3, 8, 8], "layers": [{"conv": {"filters": 5, "kernel": 3}}]}, 5 * 36),
        ({"input": [3, 8, 8], "layers": [{"locally_connected": {"filters": 5, "kernel": 3}}]}, 5 * 36),
        ({"input": [3, 8, 8], "layers": [{"subsample": {"kernel": 2}}]}, 3 * 16),
        ({"input": [3, 8, 8], "layers": ["flatten", {"rbf": 10}]}, 0),
        ({"input": [4, 7, 7], "layers": ["tokens", {"attention": {"heads": 2}}]}, 49 * (3 * 4 + 4)),
    ],
)
def test_bias_additions(network: dict[str, object], added: int) -> None:
    (layer,) = (layer for layer in ac.analyze(network) if layer.node.layer.weighted)
    assert biases(layer) == added


@pytest.mark.parametrize("stem", list(zoo.files()))
def test_files_of_the_zoo_are_cut_where_they_may_be(stem: str) -> None:
    """Published figures stand last and are left out; `head` holds all that stands above blocks and layers."""
    path = zoo.files()[stem]
    whole = zoo.source(path, published=True).data
    assert zoo.source(path).data == {key: data for key, data in whole.items() if key != "published"}
    sections = ("use", "blocks", "layers", "published")
    assert zoo.head(path).data == {key: data for key, data in whole.items() if key not in sections}


def test_conventions_have_rules() -> None:
    """Those that count in another way; the others are about the printed digits."""
    assert {name for name, counted in CONVENTIONS.items() if counted} == {*RULES, *TALLIES}
