"""Measures networks of torchvision: writes totals.csv beside this file, from the modules themselves.

    python tests/data/torchvision/measure.py

It needs torch and torchvision; the tests only read the file. Each line has the totals of a network at one
size, and the digest of its table: output, parameters and MACs of every convolution, linear layer and
normalisation in the order in which they run, those inside attention modules left out.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from pathlib import Path
from typing import Any

Row = tuple[tuple[int, ...], int, int]  # output shape, parameters, MACs
HERE = Path(__file__).parent
SIZES = {
    "inception_v3": 299, "efficientnet_b1": 240, "efficientnet_b2": 260, "efficientnet_b3": 300, "efficientnet_b4": 380,
    "efficientnet_b5": 456, "efficientnet_b6": 528, "efficientnet_b7": 600, "efficientnet_v2_s": 384,
    "efficientnet_v2_m": 480, "efficientnet_v2_l": 480, "swin_v2_t": 256, "swin_v2_s": 256, "swin_v2_b": 256,
}  # fmt: skip
ATTENTION = (
    "MultiheadAttention",
    "ShiftedWindowAttention",
    "ShiftedWindowAttentionV2",
    "RelativePositionalMultiHeadAttention",
)


def digest(rows: list[Row]) -> str:
    """A short fingerprint of a table."""
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def measured(name: str, size: int) -> dict[str, Any]:
    """The totals of one network, and the digest of its rows."""
    import torch
    from torch import nn
    from torch.utils.flop_counter import FlopCounterMode
    from torchvision import models

    options = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    build = getattr(models, name)
    try:
        with torch.device("meta"):
            network = build(**options).eval()
    except NotImplementedError:  # its widths are computed with tensors
        network = build(**options).eval().to("meta")
    inside = {id(m) for a in network.modules() if type(a).__name__ in ATTENTION for m in a.modules()}
    rows: list[Row] = []

    def note(module: Any, _: Any, output: Any) -> None:
        macs = 0
        if isinstance(module, nn.Conv2d):
            macs = output.numel() * module.in_channels // module.groups * module.kernel_size[0] * module.kernel_size[1]
        elif isinstance(module, nn.Linear):
            macs = output.numel() * module.in_features
        rows.append((tuple(output.shape[1:]), sum(p.numel() for p in module.parameters()), macs))

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d | nn.LayerNorm) and id(module) not in inside:
            module.register_forward_hook(note)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 3, size, size, device="meta"))
    return {
        "network": name,
        "size": size,
        "parameters": sum(p.numel() for p in network.parameters()),
        "macs": counter.get_total_flops() // 2,
        "rows": len(rows),
        "digest": digest(rows),
    }


def names() -> list[str]:
    """Every network that torchvision ships and the zoo has."""
    from torchvision import models

    from archcalc import zoo

    ours = {"alexnet_owt": "alexnet", "googlenet_bn": "googlenet"}
    theirs = set(models.list_models(module=models))
    listed = dict.fromkeys(ours.get(name, name) for name in zoo.names() if name not in ("alexnet", "googlenet"))
    return [name for name in listed if name in theirs]


if __name__ == "__main__":
    lines = [measured(name, SIZES.get(name, 224)) for name in names()]
    with (HERE / "totals.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    sys.exit(0)
