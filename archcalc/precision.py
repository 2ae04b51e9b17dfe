"""What kind of number each tensor of a network holds, and how many bits a number has.

>>> from archcalc.analysis import analyze
>>> layers = [{"conv": {"filters": 2, "kernel": 1, "bits": 8}}, "relu", "flatten", {"linear": 3}]
>>> dict(number_types(analyze({"input": [1, 4], "layers": layers})))
{-1: 'float32', 0: 'int8', 1: 'int8', 2: 'int8', 3: 'float32'}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from .errors import UsageError
from .graph import Graph
from .report import BITS, Report

_T = TypeVar("_T")


def number_types(report: Report) -> Mapping[int, str]:
    """By node or input, the type of its numbers: the dtype, or integers of a layer's own `bits`.

    A layer in place or a view without bits of its own has the numbers of its input: it writes over them, or shows
    them. The indices that embeddings look up are int64, as PyTorch wants them.

    Raises UsageError where types are mixed and layers are repeated by a symbol.
    """
    dtype = report.dtype
    return _by_node(report, dtype, "int64", lambda own: dtype if own == BITS[dtype] else f"int{own}")


def own_bits(report: Report) -> Mapping[int, int | None]:
    """By node or input, the bits of its numbers where they are the same whatever the dtype; None where it decides."""
    return _by_node(report, None, 64, lambda own: own)


def _by_node(report: Report, plain: _T, indices: _T, own: Callable[[int], _T]) -> dict[int, _T]:
    """What the numbers of each node and input are: plain, indices, or of a layer's own bits."""
    if any(layer.node.layer.bits is not None for layer in report.layers):
        refuse_repeats(report, "a mixture of types of numbers")
    inputs = range(-len(report.graph.inputs), 0)
    found = {number: indices if holds_indices(report.graph, number) else plain for number in inputs}
    for layer in report.layers:
        node = layer.node
        if node.layer.bits is not None:
            found[node.number] = own(node.layer.bits)
        elif layer.stores == "new":
            found[node.number] = plain
        else:
            found[node.number] = found[node.inputs[0]]
    return found


def bits_by_node(report: Report) -> Mapping[int, int]:
    """By node or input, the bits of one of its numbers."""
    return {number: bits_of(kind) for number, kind in number_types(report).items()}


def bits_of(number_type: str) -> int:
    """Bits of one number of a type: `int6` has 6.

    >>> bits_of("bfloat16"), bits_of("int6")
    (16, 6)
    """
    return BITS.get(number_type) or int(number_type.removeprefix("int"))


def holds_indices(graph: Graph, number: int) -> bool:
    """Whether an input is looked up in tables and nothing else: whole numbers, such as those of words."""
    readers = graph.readers.get(number, ())
    return bool(readers) and all(graph.nodes[reader].layer.takes_indices for reader in readers)


def refuse_repeats(report: Report, what: str, *, heads: bool = False) -> None:
    """UsageError where layers are repeated by a symbol: how many there are, and what the first reads, is left open."""
    for layer in report.layers if heads else report.trunk:
        if layer.repeat != 1 or layer.node.series:
            times = layer.repeat if layer.repeat != 1 else layer.node.series[0][1]
            raise UsageError(f"{layer.path} is repeated {times} times; {what} needs a number of layers")
