"""All problems of a file: of its text, of its description, and of the shapes of every variant."""

from __future__ import annotations

from pathlib import Path

from .errors import Problem, SpecError, did_you_mean
from .graph import elaborate
from .load import Network, variants
from .quantities import NAMES


def check(file: str | Path) -> str:
    """What is in the file, if all is well, such as `3 networks, 120 layers`; else SpecError with all problems."""
    problems: list[Problem] = []
    layers = 0
    networks = variants(file)
    problems.extend(_published(networks[0]))
    for network in networks:
        try:
            layers += len(elaborate(network.spec, network.variant).nodes)
        except SpecError as error:
            problems.extend(error.problems)
    if problems:
        raise SpecError(problems)
    count = len(networks)
    return f"{count} network{'s' * (count > 1)}, {layers:,} layer{'s' * (layers > 1)}"


def _published(network: Network) -> list[Problem]:
    """The published figures must name quantities that there are."""
    problems = []
    source = network.spec.source
    for number, entry in enumerate(source.data.get("published") or ()):
        quantity = entry.get("quantity") if isinstance(entry, dict) else None
        if quantity is not None and quantity not in NAMES:
            mark = source.value_mark(("published", number, "quantity"))
            hint = did_you_mean(quantity, NAMES)
            problems.append(source.problem(f"unknown quantity '{quantity}'", mark, f"published[{number}]", hint))
    return problems
