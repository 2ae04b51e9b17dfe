"""How fast sweeps are, on one core: points a second, and as ratios to analysing point by point in the same run.

Run it by `make bench`. Seconds are of the processor, so that other work on the machine counts less.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import archcalc as ac
from archcalc.sweeps import Sweep

MEMORY = """
import resource, archcalc as ac
found = ac.sweep("resnet50", {"H": "33:31655", "W": "33:31655"}, ["macs", "parameters"], %s)
print(f"{found.points:,} points, {len(found):,} rows: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
"""
PEERS = {  # what each calls to count ResNet-50 at one input size
    "thop": "thop.profile(net, (x,), verbose=False)",
    "fvcore.nn": "fvcore.nn.FlopCountAnalysis(net, x).total()",
}
LOOP = """
import logging, sys, time
import {module}, torch
try:
    import torchvision
except RuntimeError:  # a build without its compiled operators; ResNet-50 calls none of them
    operators = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d"):
        operators.define(name + "(Tensor a) -> Tensor")
        operators.define("_" + name + "_backward(Tensor a) -> Tensor")
    operators.define("nms(Tensor a) -> Tensor")
    operators.define("qnms(Tensor a) -> Tensor")
    sys.modules.pop("torchvision", None)
    import torchvision
logging.disable()
net = torchvision.models.resnet50()
start = time.process_time()
for size in (224, 256, 288):
    x = torch.zeros(1, 3, size, size)
    {call}
print((time.process_time() - start) / 3)
"""


def seconds(action: Callable[[], object], rounds: int = 3) -> float:
    """The least seconds of the processor that an action takes."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        action()
        best = min(best, time.process_time() - start)
    return best


def rates() -> dict[str, float]:
    """Points a second: a large grid less a small one, so that the derivation of the formulas is left out."""
    rates = {}
    cases = [
        ("ResNet-50's MACs over (H, W)", 20, "resnet50", {"H": "33:{0}", "W": "33:{0}"}, ["macs"], 6000),
        (
            "MobileNet's parameters, MACs, peak activations over (H, W, alpha)", 3, "mobilenet",
            {"H": "32:{0}", "W": "32:{0}", "alpha": "0.25,0.5,0.75,1"}, ["parameters", "macs", "peak_activation_bytes"], 1500,
        ),
    ]  # fmt: skip
    print("sweeps with --top 20, millions of points a second, and as multiples of analysing point by point")
    for told, least, name, axes, quantities, end in cases:

        def at(end: int, name: str = name, axes: dict[str, str] = axes, asked: list[str] = quantities) -> Sweep:
            return ac.sweep(name, {axis: text.format(end) for axis, text in axes.items()}, asked, top=20)

        small, points = at(40), at(end).points
        spent = seconds(lambda at=at, end=end: at(end)) - seconds(lambda at=at: at(40))
        rate = (points - small.points) / spent
        given = {"alpha": 0.5} if "alpha" in axes else {}
        report = lambda name=name, given=given: ac.analyze(name, input=(3, 224, 224), let=given)  # noqa: E731
        single = 1 / seconds(lambda report=report, asked=quantities: _figures(report(), asked))
        print(f"  {told:<66} {rate / 1e6:7.1f} (at least {least}), {rate / single:,.0f} times")
        rates[name] = rate
    return rates


def _figures(report: ac.Report, asked: list[str]) -> list[object]:
    return [report.formula(quantity).expr for quantity in asked]


def fronts() -> None:
    """A front that holds every point, the worst there is."""
    asked: Callable[[], Sweep] = lambda: ac.sweep(  # noqa: E731
        "resnet50", {"H": "2:400:2", "W": "2:400:2"}, "macs", pareto="macs,+H,+W"
    )
    print(f"  a front of {len(asked()):,} points in three objectives takes {seconds(asked):.2f} s")


def peers(rate: float) -> None:
    """What a loop over input sizes in one process takes of others, where they are installed beside archcalc."""
    for module, call in PEERS.items():
        script = LOOP.format(module=module, call=call)
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"  {module}: not measured, {done.stderr.strip().splitlines()[-1]}")
            continue
        each = float(done.stdout.splitlines()[-1])
        print(f"  {module} takes {each:.2f} s for each point; archcalc's rate is {rate * each:,.0f} times as high")


def memory() -> None:
    """The most memory of 10^9 points, in processes of their own (less than 1 GB)."""
    for selection in ("top=20", "pareto='macs,+H'"):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", MEMORY % selection], capture_output=True, text=True, check=True)
        print(f"  {selection}: {done.stdout.strip()}, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    found = rates()
    fronts()
    peers(found["resnet50"])
    if "--memory" in sys.argv:
        memory()
