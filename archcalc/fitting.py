"""The largest batch for which a network fits into a memory, at inference or in training.

>>> from archcalc.analysis import analyze
>>> from archcalc.training import training
>>> report = analyze("vgg16", let={"torchvision": True})
>>> fit_training(training(report, optimizer="momentum", rules="torch-cpu"), 3 * 2**30).batch
21
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import dims
from .errors import ArchcalcError, UsageError
from .figures import amount
from .memory import Inference, with_weights
from .records import Record, Shown, record
from .report import Report
from .training import Training, training


@record
class Fit(Shown, Record):
    """The largest batch within a capacity in bytes, what it needs, what one image more would, and other dtypes."""

    capacity: int
    batch: int
    bytes: int
    more: int
    others: tuple[tuple[str, int], ...]  # the largest batch by dtype; 0 where one image is too much

    def show_as(self, format: str) -> str:
        """The batch, what it needs, and what one image more would."""
        from .render.training import fitted

        return fitted(self, format)


def capacity(text: str) -> int:
    """A memory such as 24GiB, 3 GB or 500000000, in whole bytes; UsageError where it is none.

    >>> capacity("3 GB"), capacity("24GiB")
    (3000000000, 25769803776)
    """
    try:
        return int(amount(text, "B"))
    except ArchcalcError as error:
        raise UsageError(f"fit: {error}") from None


def fit_training(found: Training, capacity: int) -> Fit:
    """The largest batch of a training step, by its peak.

    Raises UsageError where symbols are left, ArchcalcError where one image is too much.
    """
    batch = found.fit(capacity)

    def other(dtype: str, amp: bool) -> int:
        report = _with(found.report, dtype=dtype)
        return training(
            report,
            optimizer=found.optimizer.name,
            rules=found.saved.rules,
            amp=amp,
            checkpoint=found.checkpoint,
            merges_in_place=found.merges_in_place,
        ).fit(capacity)

    choices = [("float64", False), ("float32", False), ("float16", False), ("bfloat16", False)]
    choices.extend([("float32", True)] if found.saved.rules == "torch-cuda" else [])
    others = [
        (f"{dtype}{' in mixed precision' if amp else ''}", _or_none(lambda: other(dtype, amp)))  # noqa: B023
        for dtype, amp in choices
        if (dtype, amp) != (found.report.dtype, found.saved.amp)
    ]
    needs = (found.of_batch(size).peak for size in (batch, batch + 1))
    return Fit(capacity, batch, *needs, tuple(others))


def fit_inference(found: Inference, report: Report, capacity: int) -> Fit:
    """The largest batch at inference, by the peak with parameters and buffers, in the order of the analysis.

    Raises UsageError where symbols are left, ArchcalcError where one image is too much.
    """
    order = [step.layer for step in found.schedule.steps]

    def total(batch: int, dtype: str) -> int:
        again = _with(report, batch=batch, dtype=dtype)
        count = with_weights(again, hold_input=found.hold_input, in_place=found.in_place, order=order)
        if dims.symbols_of(count):
            raise UsageError(f"which batch fits needs numbers; {', '.join(sorted(dims.symbols_of(count)))} is open")
        return int(count)

    batch = _largest(lambda size: total(size, report.dtype), capacity)
    dtypes = [dtype for dtype in ("float32", "float16", "bfloat16", "int8") if dtype != report.dtype]
    others = [(dtype, _or_none(lambda: _largest(lambda n: total(n, dtype), capacity))) for dtype in dtypes]  # noqa: B023
    return Fit(capacity, batch, total(batch, report.dtype), total(batch + 1, report.dtype), tuple(others))


def _largest(needs: Callable[[int], int], capacity: int) -> int:
    """The largest batch that needs no more: guessed from the first two, then found by halving."""
    first = needs(1)
    if first > capacity:
        raise ArchcalcError(f"batch 1 needs {first:,} bytes, more than the {capacity:,} that there are")
    each = max(needs(2) - first, 1)
    below, above = 1, (capacity - first) // each + 2
    while needs(above) <= capacity:
        below, above = above, 2 * above
    if needs(above - 1) <= capacity:  # bytes grow by the same for each image, unless they are rounded
        return above - 1
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (middle, above) if needs(middle) <= capacity else (below, middle)
    return below


def _or_none(find: Callable[[], int]) -> int:
    """A batch, 0 where one image is too much."""
    try:
        return find()
    except UsageError:
        raise
    except ArchcalcError:
        return 0


def _with(report: Report, **changes: Any) -> Report:
    """The report with another batch or dtype."""
    given = {"batch": report.batch, "dtype": report.dtype, **changes}
    return Report(report.name, report.graph, report.costs, **given)
