"""All problems of a file: of its text, of its description, and of the shapes of every variant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .errors import Problem, SpecError, did_you_mean, shown
from .graph import Graph
from .network import Network, variants
from .quantities import NAMES
from .walk import elaborate


def check(file: str | Path) -> str:
    """What is in the file, if all is well, such as `3 networks, 120 layers`; else SpecError with all problems."""
    problems: list[Problem] = []
    layers = 0
    networks = variants(file)
    problems.extend(_published_quantities(networks[0]))
    for network in networks:
        try:
            graph = elaborate(network.spec, network.variant)
        except SpecError as error:
            problems.extend(error.problems)
            continue
        layers += len(graph.nodes)
        problems.extend(_published_places(network, graph))
    if problems:
        raise SpecError(problems)
    count = len(networks)
    return f"{count} network{'s' * (count > 1)}, {layers:,} layer{'s' * (layers > 1)}"


def _entries(network: Network) -> list[Any]:
    """The entries of `published`, whatever they hold."""
    listed = network.spec.source.data.get("published")
    return listed if isinstance(listed, list) else []


def _published_quantities(network: Network) -> list[Problem]:
    """The published figures must name quantities that there are."""
    problems = []
    source = network.spec.source
    for number, entry in enumerate(_entries(network)):
        quantity = entry.get("quantity") if isinstance(entry, dict) else None
        if quantity is not None and (not isinstance(quantity, str) or quantity not in NAMES):
            mark = source.value_mark(("published", number, "quantity"))
            hint = did_you_mean(quantity, NAMES)
            problems.append(source.problem(f"unknown quantity '{shown(quantity)}'", mark, f"published[{number}]", hint))
    return problems


def _published_places(network: Network, graph: Graph) -> list[Problem]:
    """The published figures of a network must name layers and levels that it has."""
    problems = []
    source = network.spec.source
    paths = {level.path for level in graph.root.walk()}
    for number, entry in enumerate(_entries(network)):
        if not isinstance(entry, dict) or entry.get("of") not in (None, network.variant):
            continue
        for key in ("layer", "at"):
            path = entry.get(key)
            if path is not None and str(path) not in paths:
                mark = source.value_mark(("published", number, key))
                message = f"{network.name} has no layer or level '{path}'"
                problems.append(source.problem(message, mark, f"published[{number}]", did_you_mean(path, paths)))
    return problems
