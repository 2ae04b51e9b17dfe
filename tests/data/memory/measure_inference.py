"""Measures what torchvision's networks hold in memory at inference: rewrites inference.csv, beside this file.

    python tests/data/memory/measure_inference.py [NETWORK ...]

Needs torch and torchvision (measured: torch 2.13.0 for CPU, torchvision 0.28.0); takes a quarter of an hour. Every ATen
operator of one forward pass in eval mode, without gradients, on one image is recorded with the storages that it reads
and returns; parameters and buffers are left out, heads are off. A storage is there from the operator that returns it
first to the last that reads it, and the result to the end. Storages of int64, the indices of max pooling, are left out.
`freed` is the largest sum while an operator runs, `held` the same with the image kept to the end, `alive` the bytes of
the storages at the first operator that reaches `freed`.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WITHOUT_HEADS = {"aux_logits": False, "init_weights": False}
HEADS_OFF = {"googlenet": WITHOUT_HEADS, "inception_v3": WITHOUT_HEADS}


def traced(network: str, size: int) -> tuple[list[tuple[str, list[int]]], list[int], int]:
    """The operators, each with the numbers of its storages; the bytes of each storage; the number of the result."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves
    from torchvision import models

    model = getattr(models, network)(weights=None, **HEADS_OFF.get(network, {})).eval()
    left_out = {tensor.untyped_storage()._cdata for tensor in [*model.parameters(), *model.buffers()]}
    numbers: dict[int, int] = {}
    storages: list[tuple[Any, Any]] = []  # kept, so that no address comes twice
    ran: list[tuple[str, list[int]]] = []

    def number(tensor: torch.Tensor) -> int | None:
        storage = tensor.untyped_storage()
        if storage._cdata in left_out:
            return None
        if storage._cdata not in numbers:
            numbers[storage._cdata] = len(storages)
            storages.append((storage, tensor.dtype))
        return numbers[storage._cdata]

    class Trace(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = func(*args, **(kwargs or {}))
            found = [number(leaf) for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, torch.Tensor)]
            ran.append((str(func), [one for one in found if one is not None]))
            return result

    image = torch.zeros(1, 3, size, size)
    number(image)
    with torch.no_grad(), Trace():
        result = number(model(image))
    assert result is not None
    return ran, [0 if dtype == torch.int64 else storage.nbytes() for storage, dtype in storages], result


def measure(network: str, size: int) -> dict[str, object]:
    """One row."""
    ran, sizes, result = traced(network, size)
    first: dict[int, int] = {0: 0}
    last: dict[int, int] = {}
    for step, (_, numbers) in enumerate(ran):
        for number in numbers:
            first.setdefault(number, step)
            last[number] = step
    last[result] = len(ran)
    freed: list[int] = []
    held: list[int] = []
    for step in range(len(ran)):
        alive = [number for number in first if first[number] <= step <= last[number]]
        freed.append(sum(sizes[number] for number in alive))
        held.append(freed[-1] + (0 if 0 in alive else sizes[0]))
    peak = freed.index(max(freed))
    alive = [sizes[number] for number in first if first[number] <= peak <= last[number] and sizes[number]]
    return {
        "network": network,
        "size": size,
        "freed": max(freed),
        "held": max(held),
        "operator": ran[peak][0],
        "alive": " ".join(map(str, alive)),
    }


def main(wanted: list[str]) -> None:
    with (HERE.parent / "torchvision" / "totals.csv").open() as file:
        known = {row["network"]: int(row["size"]) for row in csv.DictReader(file)}
    path = HERE / "inference.csv"
    rows: dict[str, dict[str, object]] = {}
    if path.exists():
        with path.open() as file:
            rows = {row["network"]: dict(row) for row in csv.DictReader(file)}
    for network in wanted or known:
        rows[network] = measure(network, known[network])
    ordered = [rows[network] for network in known if network in rows]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(ordered[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(ordered)


if __name__ == "__main__":
    main(sys.argv[1:])
