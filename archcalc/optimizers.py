"""What optimizers hold beside parameters and gradients, and what they need while they step.

State and temporaries are those of `torch.optim`. Its implementations work on one tensor after another, or on all of
them at once (`foreach`, the default on CUDA), which is faster and needs its temporaries for all parameters together.

>>> weight = (1000, 7)
>>> for name in ("momentum", "adam", "adafactor"):
...     print(name, OPTIMIZERS[name].state(weight), OPTIMIZERS[name].temporaries([weight], at_once=False))
momentum 7000 0
adam 14000 14000
adafactor 1007 8008
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .dims import add_up, exact_div, prod, smax
from .errors import UsageError, did_you_mean, hinted
from .records import Record, record

Axes = tuple[Any, ...]


def _numbers(tensors: Sequence[Axes]) -> Any:
    return add_up(map(prod, tensors))


def _none(tensors: Sequence[Axes]) -> Any:
    return 0


def _quotient(tensors: Sequence[Axes]) -> Any:
    """A root and its quotient, beside the quotient of the tensor before: its name still holds it."""
    most: Any = 0
    before: Any = 0
    for axes in tensors:
        own = prod(axes)
        most, before = smax(most, 2 * own + before), own
    return most


def _root(tensors: Sequence[Axes]) -> Any:
    """A root, beside that of the tensor before."""
    most: Any = 0
    before: Any = 0
    for axes in tensors:
        own = prod(axes)
        most, before = smax(most, own + before), own
    return most


def _factors(axes: Axes) -> tuple[Any, Any]:
    """Numbers of the row and the column statistics of a tensor with two axes or more."""
    size = prod(axes)
    return exact_div(size, axes[-1]), exact_div(size, axes[-2])


def _factored(axes: Axes) -> Any:
    """A statistic for each row and each column of the last two axes; of a vector one for each number."""
    return prod(axes) if len(axes) < 2 else add_up(_factors(axes))


def _estimates(tensors: Sequence[Axes]) -> Any:
    """Means of rows and columns, and the estimate of all squares; names hold those of the tensor before."""
    most: Any = 0
    rows: Any = 0
    columns: Any = 0
    squares: Any = 0
    estimate: Any = 0
    for axes in tensors:
        size = prod(axes)
        if len(axes) < 2:
            moments = [rows + columns + estimate + squares + size, rows + columns + estimate + 2 * size]
            moments.append(rows + columns + 2 * size + 1)
            squares = size
        else:
            new_rows, new_columns = _factors(axes)
            moments = [rows + columns + estimate + squares + new_rows]
            moments.append(new_rows + columns + estimate + squares + new_columns)
            rows, columns = new_rows, new_columns
            moments.append(rows + columns + estimate + squares + size + exact_div(rows, axes[-2]))
        estimate = size
        for moment in moments:
            most = smax(most, moment)
    return most


@record
class Optimizer(Record):
    """An optimizer: numbers of its state for each tensor of parameters, and its largest temporaries."""

    name: str
    keeps: str
    source: str
    state: Callable[[Axes], Any]
    counts: bool = False  # whether each tensor has a count of steps, 4 bytes; on CUDA it stays in main memory
    one_by_one: Callable[[Sequence[Axes]], Any] = _none
    all_at_once: Callable[[Sequence[Axes]], Any] = _none
    left_out: tuple[str, ...] = ()

    def temporaries(self, tensors: Sequence[Axes], at_once: bool) -> Any:
        """The most numbers that a step makes beside parameters, gradients and state."""
        return (self.all_at_once if at_once else self.one_by_one)(tensors)


def _times(factor: int) -> Callable[[Axes], Any]:
    return lambda axes: factor * prod(axes)


_KNOWN = (
    Optimizer("sgd", "nothing", "Robbins & Monro 1951", _times(0)),
    Optimizer("momentum", "a velocity", "Sutskever et al. 2013", _times(1)),
    Optimizer("adam", "two moments", "Kingma & Ba 2014, arXiv 1412.6980", _times(2), True, _quotient, _numbers),
    Optimizer("adamw", "two moments", "Loshchilov & Hutter 2017, 1711.05101", _times(2), True, _quotient, _numbers),
    Optimizer("rmsprop", "a mean of squares", "Tieleman & Hinton 2012", _times(1), True, _root, _numbers),
    Optimizer(
        "lamb", "two moments", "You et al. 2019, arXiv 1904.00962", _times(2),
        left_out=("temporaries of a step of LAMB, which is no part of PyTorch",),
    ),
    Optimizer(
        "adafactor", "means of squares by row and by column", "Shazeer & Stern 2018, arXiv 1804.04235",
        _factored, True, _estimates, _estimates,
    ),
)  # fmt: skip
OPTIMIZERS = {optimizer.name: optimizer for optimizer in _KNOWN}


def find(name: str) -> Optimizer:
    """An optimizer by name; UsageError names the nearest."""
    if name not in OPTIMIZERS:
        raise UsageError(hinted(f"unknown optimizer '{name}'", did_you_mean(name, OPTIMIZERS)))
    return OPTIMIZERS[name]
