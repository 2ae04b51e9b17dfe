"""A small script of a user: `make check` finds its types under mypy --strict, and tests/test_build.py runs it."""

from fractions import Fraction
from typing import Any

from typing_extensions import assert_type

import archcalc as ac
from archcalc.build import block, concat, conv, for_, head, identity, linear, maxpool, network, relu, repeat
from archcalc.claims import decide
from archcalc.efficiency import metrics, roofline
from archcalc.memory import inference
from archcalc.partition import plan
from archcalc.receptive import Fields
from archcalc.training import training
from archcalc.verify import verify


@ac.layer("own_kind")
class Own(ac.Layer):
    """A kind of the user's own."""

    size: ac.Dim
    flag: ac.Flag = True

    def output(self, x: ac.Shape) -> ac.Shape:
        return x.with_channels(self.size)


H = ac.symbol("H")
report: ac.Report = ac.analyze("resnet50", input=(3, H, H), batch=2, let={"classes": 10}, assume=["H>=64"])
macs: int = report.macs
layer: ac.LayerReport = report.layer("conv1.conv")
shape: ac.Shape = layer.output
channels: int = shape.channels
operations: ac.Operations = layer.operations
text: str = str(report.formula("macs"))
totals: dict[str, int] = dict(report.totals)
net: ac.Network = ac.load("alexnet")
yaml: str = net.to_yaml()
solution: ac.Solution = ac.solve("vgg16", "H", macs="<=5G")
first: int = solution.intervals[0].first
peak: int = inference(report).peak
step: int = training(report, optimizer="adam").peak
links = plan(report, devices=2, scheme="channels")
size: Any = Fields(report).last.size
bound: str = roofline(ac.analyze(net), "a100").layer("fc6").bound
energy: Fraction = metrics(report).energy.total
agree: bool = all(finding.as_declared for finding in verify(["lenet5"]))
verdict: str = decide(["mlp-21"])[0].verdict
rows: int = len(ac.sweep("mlp", {"hidden": "1:3"}, "parameters"))
table: str = str(ac.compare("lenet5", "alexnet"))
conv_relu = block("conv_relu", "filters", "kernel", stride=1, do=[conv("filters", "kernel", pad="same"), relu])
mine = network(
    "mine",
    input=(3, 32, 32),
    let={"n": 2},
    blocks=[conv_relu],
    layers=[
        conv_relu(8, 3, name="stem"),
        relu,
        relu(),
        maxpool(2),
        repeat("n", conv(8, 3, pad=1), relu),
        concat({"1x1": conv(8, 1)}, pool=[maxpool(3, stride=1, pad=1)], same=identity, name="mixed"),
        for_({"width": [16, 32]}, conv("width", 3)),
        head("aux", "flatten", linear(10)),
        ac.build.own_kind(3),
        "flatten",
    ],
)
parameters: int = ac.analyze(mine).parameters
other: int = ac.analyze(ac.build.network("x", input=(3,), layers=ac.build.linear(3))).parameters
try:
    ac.analyze({"input": [3], "layers": ["nothing"]})
except ac.SpecError as error:
    for problem in error.problems:
        where: str = problem.where


def typos() -> None:
    """What a type checker finds; not run."""
    conv(8, 3, strides=2)  # type: ignore[call-arg]
    _ = net.name + 1  # type: ignore[operator]
    ac.analyze("vgg16", inputs=(3, 8, 8))  # type: ignore[call-arg]


assert_type(report.layers, tuple[ac.LayerReport, ...])
assert_type(net.variant, str | None)
assert_type(verify(["lenet5"])[0].status, str)
