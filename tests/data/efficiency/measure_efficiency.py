"""Measures taps on padding and batch norms in networks of torchvision: writes measured.csv beside this file.

    python tests/data/efficiency/measure_efficiency.py

It needs torch and torchvision; the tests only read the file. Each line has, for one network at one size, the MACs of
its convolutions, and those that do not fall on zero padding: torch convolves ones with a kernel of ones, and the sum
of the result counts the taps. Behind them stand how many batch norms can be folded into the convolution in front of
them, and how many there are: torch.fx tells which module's output each reads and who else reads it, and
torch.nn.utils.fusion folds the pair.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def measured(name: str, size: int) -> dict[str, Any]:
    """The counts of one network."""
    import torch
    from torch import nn
    from torch.nn import functional

    network = built(name)
    counts = {"macs": 0, "inside": 0}
    known: dict[Any, int] = {}

    def note(module: Any, inputs: Any, output: Any) -> None:
        height, width = inputs[0].shape[2:]
        slid = (module.stride, module.padding, module.dilation)
        key = (height, width, module.kernel_size, *slid)
        if key not in known:
            ones, kernel = torch.ones(1, 1, height, width), torch.ones(1, 1, *module.kernel_size)
            known[key] = int(functional.conv2d(ones, kernel, None, *slid).sum(dtype=torch.float64))
        pairs = module.in_channels // module.groups * module.out_channels
        counts["macs"] += output[0, 0].numel() * module.kernel_size[0] * module.kernel_size[1] * pairs
        counts["inside"] += known[key] * pairs

    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(note)
    with torch.no_grad():
        network(torch.zeros(1, 3, size, size, device="meta"))
    folded, norms = folding(built(name))
    return {"network": name, "size": size, **counts, "folded": folded, "norms": norms}


def built(name: str) -> Any:
    """The network without storage."""
    import torch
    from torchvision import models

    options = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    try:
        with torch.device("meta"):
            return getattr(models, name)(**options).eval()
    except NotImplementedError:  # its widths are computed with tensors
        return getattr(models, name)(**options).eval().to("meta")


def folding(network: Any) -> tuple[Any, int]:
    """How many batch norms stand right behind a convolution that nobody else reads; "" if it cannot be traced."""
    import torch
    from torch import fx, nn

    norms = sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    try:
        traced = fx.symbolic_trace(network)
    except Exception:
        return "", norms
    modules = dict(traced.named_modules())
    folded = 0
    for node in traced.graph.nodes:
        if node.op == "call_module" and isinstance(modules[node.target], nn.BatchNorm2d):
            before = node.args[0]
            is_linear = before.op == "call_module" and isinstance(modules[before.target], nn.Conv2d | nn.Linear)
            if is_linear and len(before.users) == 1:
                pair = torch.nn.Sequential(modules[before.target], modules[node.target])
                torch.nn.utils.fusion.fuse_conv_bn_eval(*pair)  # torch itself agrees to fold it
                folded += 1
    return folded, norms


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent / "torchvision"))
    from measure import SIZES, names  # of data/torchvision

    lines = [measured(name, SIZES.get(name, 224)) for name in names()]
    with (HERE / "measured.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
