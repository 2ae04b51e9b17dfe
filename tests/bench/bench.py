"""What is fast, as ratios within one run: start-up against `python -c pass`, growth against a tenth of the layers.

Run it by `make bench`. Nothing here is asserted in the tests: times on a shared machine say little alone.
"""

from __future__ import annotations

import compileall
import gc
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import archcalc
from archcalc import zoo
from archcalc.infer import infer
from archcalc.partition import plan
from archcalc.report import Report
from archcalc.specreader import read_spec
from archcalc.walk import elaborate
from archcalc.yamlsrc import Source, read

EXAMPLES = Path(__file__).parent.parent / "specs" / "examples"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def process_times(commands: dict[str, list[str]], rounds: int = 7) -> dict[str, float]:
    """The median seconds of each command; they take turns, so that a busy moment hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=ENVIRONMENT)
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def best_of(action: Callable[[], object], rounds: int = 20) -> float:
    """The least seconds that an action takes."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


def start_up() -> None:
    """Whole processes against an empty one."""
    compileall.compile_dir(Path(archcalc.__file__).parent, quiet=2)
    python = sys.executable
    script = [str(Path(python).parent / "archcalc")]  # as a user runs it
    commands = {
        "python -c pass": [python, "-c", "pass"],
        "import click, yaml, tabulate": [python, "-c", "import click, yaml, tabulate"],
        "archcalc table vgg16": [*script, "table", "vgg16"],
        "archcalc table vgg16 --format json": [*script, "table", "vgg16", "--format", "json"],
        "archcalc list": [*script, "list"],
        "archcalc list --costs": [*script, "list", "--costs"],
        "archcalc verify": [*script, "verify"],
        "import sympy": [python, "-c", "import sympy"],
        "archcalc draw resnet152": [*script, "draw", "resnet152"],
        "archcalc report resnet152 --no-charts": [*script, "report", "resnet152", "--no-charts", "-o", os.devnull],
        "archcalc formula resnet152": [*script, "formula", "resnet152", "macs", "--symbols", "H,W"],
    }
    times = process_times(commands)
    unit = times["python -c pass"]
    print("start-up, as multiples of `python -c pass` (table vgg16: at most 12, list: at most 30)")
    for name, seconds in times.items():
        print(f"  {name:<36} {seconds / unit:6.1f}   {seconds:6.2f} s")
    print("the page of ResNet-152: at most 2 s")
    print("the whole zoo: list --costs at most 3 s, verify at most 10 s")
    ratio = times["archcalc formula resnet152"] / times["import sympy"]
    print(f"a formula of ResNet-152 takes {ratio:.2f} times as long as `import sympy` (at most 2)")


def in_process() -> None:
    """ResNet-50 from parsed data, against reading the YAML text."""
    source = read(EXAMPLES / "resnet.yaml")

    def analysis() -> None:
        infer(elaborate(read_spec(Source(source.data), zoo.find), "resnet50"))

    spec = read_spec(source, zoo.find)
    graph = elaborate(spec, "resnet50")
    parts = {
        "reading the YAML text": best_of(lambda: read(EXAMPLES / "resnet.yaml")),
        "checking the description": best_of(lambda: read_spec(source, zoo.find)),
        "walking it": best_of(lambda: elaborate(spec, "resnet50")),
        "inferring the costs": best_of(lambda: infer(graph)),
    }
    whole = best_of(analysis)
    print(f"\nResNet-50, {len(graph.nodes)} layers, from parsed data to costs: {whole * 1e3:.1f} ms (at most 10)")
    for name, seconds in parts.items():
        print(f"  {name:<36} {seconds / whole:6.2f} of that")


def derivation() -> None:
    """DenseNet-201's formula in H and W, of a spec that is loaded, with sympy loaded and used by a smaller network."""
    shape = (3, archcalc.symbol("H"), archcalc.symbol("W"))

    def derived(network: archcalc.Network) -> object:
        return archcalc.analyze(network, input=shape).formula("macs").expr

    derived(archcalc.load("vgg16"))
    network = archcalc.load("densenet201")
    first, other = (best_of(lambda: derived(network), rounds=rounds) for rounds in (1, 5))
    print(f"\nthe MACs of DenseNet-201 in H, W: {first:.2f} s (at most 0.3), once more {other:.2f} s")


def growth() -> None:
    """Time and memory for each layer of ever longer networks."""
    print("\na repeat of conv, batch norm, ReLU; time and bytes for each layer")
    body = [{"conv": {"filters": 8, "kernel": 3, "pad": 1, "bias": False}}, "batchnorm", "relu"]
    base = 0.0
    for layers in (1_000, 10_000, 100_000):
        data = {"input": [8, 32, 32], "layers": [{"repeat": layers // 3, "do": body}]}
        spec = read_spec(Source(data), zoo.find)
        gc.collect()
        each = best_of(lambda spec=spec: infer(elaborate(spec)), rounds=3) / layers
        base = base or each
        tracemalloc.start()
        graph = elaborate(spec)
        report = Report("growth", graph, infer(graph))
        held = tracemalloc.get_traced_memory()[0] / len(graph.nodes)
        tracemalloc.stop()
        print(f"  {len(report.graph.nodes):>7} layers: {each / base:5.2f} of the time at 1,000, {held:6.0f} bytes")


def stages() -> None:
    """The best stages of ResNet-152 on 8 devices."""
    report = archcalc.analyze("resnet152", batch=128)
    analysis = best_of(lambda: archcalc.analyze("resnet152"), rounds=3)
    print("\nResNet-152 in 8 stages, batch 128 (at most 1 s)")
    for balance in ("macs", "memory", "time"):
        seconds = best_of(lambda balance=balance: plan(report, devices=8, scheme="pipeline", balance=balance), rounds=3)
        print(f"  by {balance:<33} {seconds:6.2f} s, {seconds / analysis:6.1f} times the analysis")


if __name__ == "__main__":
    start_up()
    in_process()
    derivation()
    stages()
    growth()
