"""A network over several devices: who holds what, and what crosses between them.

>>> import archcalc as ac
>>> from archcalc.partition import plan
>>> alexnet = plan(ac.analyze("alexnet"))      # its spec says: 2 devices, by channels
>>> [share.parameters for share in alexnet.shares]
[30482612, 30482612]
>>> for crossing in alexnet.crossings:
...     print(crossing.before, crossing.source, crossing.target, crossing.values)
conv3 2 1 21632
conv3 1 2 21632
fc6 2 1 4608
fc6 1 2 4608
fc7 2 1 2048
fc7 1 2 2048
fc8 2 1 2048
fc8 1 2 2048
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

from ..report import Report
from .keeping import keeping
from .plans import Collective, Crossing, Memory, Plan, Share, Split, Timing
from .request import Request, requested

__all__ = ["Collective", "Crossing", "Memory", "Plan", "Request", "Share", "Split", "Timing", "plan"]


def plan(report: Report, **settings: Any) -> Plan:
    """How the network of a report is split, by a scheme, over devices.

    The settings are those of `archcalc partition`: `devices`, `scheme`, `batch`, `link`, `speed`, `device_memory`,
    `balance`, `stages`, `micro_batches`, `schedule`, `reduce`, `zero`, `optimizer`, `assemble`; one that is not given
    is taken from the spec's `partition`, else by default. Amounts are numbers or text such as `16GB/s`.

    Raises UsageError where a setting is wrong or the scheme cannot serve the network, with the reason.
    """
    request = requested(report, settings)
    return planned(report, request)


def planned(report: Report, request: Request) -> Plan:
    """The plan for a checked request."""
    module = import_module(f".{request.scheme}", __name__)
    made: Plan = getattr(module, request.scheme)(report, request)
    known, why = keeping(report, request.batch)
    if known is None:
        note = f"what training keeps is not known, so stored outputs count: {why}"
        made = replace(made, notes=(*made.notes, note))
    return made
