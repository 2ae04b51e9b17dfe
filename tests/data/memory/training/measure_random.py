"""Measures training steps of random networks with PyTorch: rewrites random.json, beside this file.

    python tests/data/memory/training/measure_random.py

Needs archcalc and torch (measured: torch 2.13.0 for CPU). A network is a random graph of small layers on maps of one to
three axes. Which layers run in place is taken from archcalc; where that were wrong, PyTorch would refuse the backward
pass or save other bytes. Bytes are measured as in measure.py, with real tensors, for two images.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.distributed._tools.mem_tracker import MemTracker
from torch.nn import functional

import archcalc as ac
from archcalc.saving import saved

COUNT, BATCH, SIZE = 120, 2, 6
ALIKE = (
    "batchnorm", "relu", "relu", "relu", "sigmoid", "tanh", "silu", "gelu", "leaky_relu", "relu6", "hardswish", "elu",
    "hardsigmoid", "dropout", "dropout", "avgpool", "maxpool", "layer_scale",
)  # fmt: skip
ACTIVATIONS = ("relu", "silu", "leaky_relu", "relu6", "hardswish", "elu")
POOL = {"kernel": 3, "stride": 1, "pad": 1}


def network(seed: int) -> dict[str, Any]:
    """A spec: layers that read one or two of the last few, what nobody reads joined at the end."""
    source = random.Random(seed)
    rank = source.choice([1, 2, 2, 2, 3])
    channels = {"input": 2 * source.randint(1, 3)}
    layers: list[Any] = []
    unread: list[str] = []

    def add(kind: str, fields: Any, came: list[str], have: int) -> None:
        name = f"n{len(channels)}"
        if kind in ("add", "multiply", "concat"):
            fields = {side: [{"from": one}] for side, one in zip("ab", came, strict=True)}
        else:
            layers.append({"from": came[0]})
        layers.append({kind: fields, "name": name})
        unread[:] = [one for one in unread if one not in came] + [name]
        channels[name] = have

    for _ in range(source.randint(4, 16)):
        recent = list(channels)
        came = source.choice(recent[-3:])
        have = channels[came]
        kind = source.choice(["conv", "conv", "conv", "add", "multiply", "concat", "slice", *ALIKE])
        if kind == "conv":
            filters, kernel = 2 * source.randint(1, 4), source.choice([1, 3])
            add(kind, {"filters": filters, "kernel": kernel, "pad": kernel // 2}, [came], filters)
        elif kind in ("add", "multiply"):
            other = source.choice([one for one in recent[-4:] if channels[one] == have])
            add(kind, None, [came, other], have)
        elif kind == "concat":
            other = source.choice(recent[-4:])
            add(kind, None, [came, other], have + channels[other])
        elif kind == "slice" and have % 2 == 0:
            add(kind, {"part": source.randint(1, 2), "of": 2}, [came], have // 2)
        else:
            kind = "gelu" if kind == "slice" else kind
            add(kind, POOL if kind.endswith("pool") else None, [came], have)
    while len(unread) > 1:
        one, other = unread[:2]
        add("concat", None, [one, other], channels[one] + channels[other])
    add("conv", {"filters": 3, "kernel": 1, "bias": False}, unread[:1], 3)
    return {"input": {"input": [channels["input"], *[SIZE] * rank]}, "layers": layers}


class Net(nn.Module):
    """The same network of PyTorch's layers; a tensor is let go when its last reader has run."""

    def __init__(self, report: ac.Report, in_place: set[int]) -> None:
        super().__init__()
        self.nodes, self.in_place = report.graph.nodes, in_place
        self.last = {number: max(readers) for number, readers in report.graph.readers.items()}
        self.rank = len(report.graph.inputs[0][1].axes) - 1
        conv = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[self.rank - 1]
        norm = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[self.rank - 1]
        self.modules_, self.scales = nn.ModuleDict(), nn.ParameterDict()
        for node in self.nodes:
            layer, have = node.layer, node.shapes[0].channels
            if layer.kind == "conv":
                kernel = layer.kernel[0]
                self.modules_[node.path] = conv(have, layer.filters, kernel, padding=kernel // 2, bias=bool(layer.bias))
            elif layer.kind == "batchnorm":
                self.modules_[node.path] = norm(have)
            elif layer.kind == "layer_scale":
                self.scales[node.path] = nn.Parameter(torch.ones(have, *[1] * self.rank))

    def forward(self, x: Any) -> Any:
        values = {-1: x}
        for node in self.nodes:
            values[node.number] = self.run(node, *(values[number] for number in node.inputs))
            for number in [number for number in values if self.last.get(number, len(self.nodes)) <= node.number]:
                del values[number]
        return values[len(self.nodes) - 1]

    def run(self, node: Any, x: Any, other: Any = None) -> Any:
        kind = node.layer.kind
        if node.path in self.modules_:
            return self.modules_[node.path](x)
        if kind in ACTIVATIONS:
            return getattr(functional, kind)(x, inplace=node.number in self.in_place)
        if kind in ("avgpool", "maxpool"):
            return getattr(functional, f"{kind[:3]}_pool{self.rank}d")(x, 3, 1, 1)
        if kind == "slice":
            return x.chunk(2, 1)[node.layer.part - 1]
        rules: dict[str, Any] = {
            "sigmoid": lambda: torch.sigmoid(x),
            "tanh": lambda: torch.tanh(x),
            "gelu": lambda: functional.gelu(x),
            "hardsigmoid": lambda: functional.hardsigmoid(x),
            "dropout": lambda: functional.dropout(x, 0.5),
            "layer_scale": lambda: x * self.scales[node.path],
            "add": lambda: x + other,
            "multiply": lambda: x * other,
            "concat": lambda: torch.cat([x, other], 1),
        }
        return rules[kind]()


def measured(seed: int) -> dict[str, Any]:
    """The spec of a network and what a step of it takes."""
    from measure import now
    from measure import saved as saved_bytes

    spec = network(seed)
    report = ac.analyze(spec, batch=BATCH)
    found = saved(report, "torch-cpu")
    actions = [a for a in found.actions if a.output not in a.makes and a.node.layer.stores == "in place"]
    net = Net(report, {a.node.number for a in actions}).train()
    x = torch.randn(BATCH, *report.graph.inputs[0][1].axes)
    kept = saved_bytes(net, x)
    tracker = MemTracker()
    tracker.track_external(net, x)
    with tracker:
        tracker.reset_mod_stats()
        y = net(x)
        loss = y.sum()
        forward = now(tracker)
        loss.backward()
        return {"spec": spec, "saved": kept, "forward": forward, "backward": now(tracker), "peak": now(tracker, "peak")}


if __name__ == "__main__":
    rows = [json.dumps(measured(seed), separators=(",", ":")) for seed in range(COUNT)]
    Path(__file__).with_name("random.json").write_text("[\n" + ",\n".join(rows) + "\n]\n")
