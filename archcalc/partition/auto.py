"""The cheapest plan that fits: every scheme in its forms is planned, and the shortest step wins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

from .. import dims
from ..errors import ArchcalcError, UsageError
from ..report import Report
from .plans import Alternative, Plan
from .request import Request
from .wording import bytes_text, seconds_text

FORMS: dict[str, tuple[dict[str, Any], ...]] = {
    "channels": ({},),
    "batch": tuple({"zero": stage} for stage in range(4)),
    "pipeline": tuple({"balance": "time", "per_device": count} for count in (1, 2, 4, 8)),
    "rows": ({"halo": "exchange"}, {"halo": "recompute"}),
    "hybrid": ({"assemble": "a"}, {"assemble": "b"}, {"assemble": "c"}),
}


def auto(report: Report, request: Request) -> Plan:
    """The plan with the shortest step among those that fit into the devices' memory, and why the others lost.

    ZeRO runs on a ring, whatever `reduce` says; a given number of micro-batches is kept. Of equal steps the one
    with less memory wins. Raises UsageError where symbols are open, or nothing fits.
    """
    if report.symbols or dims.is_symbolic(request.batch):
        raise UsageError("auto compares the times of plans, and needs numbers for all symbols")
    plans: dict[str, Plan] = {}
    refused: dict[str, str] = {}
    for name, scheme, one in forms(request):
        try:
            plans[name] = getattr(import_module(f".{scheme}", __package__), scheme)(report, one)
        except ArchcalcError as error:
            refused[name] = str(error)
    fitting = {name: plan for name, plan in plans.items() if plan.fits is not False}
    if not fitting:
        raise _nothing_fits(report, request, plans, refused)
    best = min(fitting, key=lambda name: (_step(fitting[name]), _memory(fitting[name])))
    others = [_alternative(name, plan, fitting, best) for name, plan in plans.items() if name != best]
    others.sort(key=lambda other: (not other.fits, other.step))
    others += [Alternative(name, None, None, False, why) for name, why in refused.items()]
    chosen = plans[best]
    facts = chosen.facts
    if chosen.scheme != "pipeline":  # which says it itself
        facts = (*facts, f"in a spec: {chosen.request.written()}")
    return replace(chosen, chosen=best, alternatives=tuple(others), facts=facts)


def forms(request: Request) -> Iterator[tuple[str, str, Request]]:
    """Every form of every scheme: its name, its scheme, the request for it."""
    seen = set()
    for scheme, listed in FORMS.items():
        for form in listed:
            settings = dict(form)
            count = settings.pop("per_device", None)
            if count is not None:
                settings["micro_batches"] = request.micro_batches or min(count * request.devices, request.batch)
            if settings.get("zero"):
                settings["reduce"] = "ring"
            shown = {key: value for key, value in settings.items() if key not in ("balance", "reduce") and value != 0}
            name = ", ".join([scheme, *(f"{key.replace('_', '-')} {value}" for key, value in shown.items())])
            if name not in seen:
                seen.add(name)
                yield name, scheme, replace(request, scheme=scheme, stages=None, **{"zero": 0, **settings})


def _step(plan: Plan) -> Any:
    assert plan.timing is not None
    return plan.timing.step


def _memory(plan: Plan) -> Any:
    return max(share.memory.need for share in plan.shares)


def _alternative(name: str, plan: Plan, fitting: dict[str, Plan], best: str) -> Alternative:
    """A plan that lost, and why."""
    step, memory = _step(plan), _memory(plan)
    if name not in fitting:
        over = memory - plan.request.device_memory
        return Alternative(name, step, memory, False, f"needs {bytes_text(over)} more than a device has")
    slower = step - _step(fitting[best])
    why = f"{seconds_text(slower)} slower" if slower else "as fast, with no less memory"
    return Alternative(name, step, memory, True, why)


def _nothing_fits(report: Report, request: Request, plans: dict[str, Plan], refused: dict[str, str]) -> UsageError:
    if not plans:
        name, why = next(iter(refused.items()))
        return UsageError(f"no scheme can split {report.name} over {request.devices} devices; {name}: {why}")
    least = min(plans, key=lambda name: _memory(plans[name]))
    return UsageError(
        f"no plan of {report.name} on {request.devices} devices fits into {bytes_text(request.device_memory)}; "
        f"the least is {bytes_text(_memory(plans[least]))} by {least}"
    )
