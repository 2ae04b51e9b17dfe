"""All problems of a file: of its text, of its description, and of the shapes of every variant."""

from __future__ import annotations

from pathlib import Path

from .entries import place
from .errors import Problem, SpecError, did_you_mean, shown
from .expr import parse
from .graph import Graph
from .measuring import matches
from .network import Network, variants
from .quantities import MEASURABLE
from .walk import elaborate


def check(file: str | Path) -> str:
    """What is in the file, if all is well, such as `3 networks, 120 layers`; else SpecError with all problems."""
    problems: list[Problem] = []
    layers = 0
    networks = variants(file, published=True)
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


def _published_quantities(network: Network) -> list[Problem]:
    """The published figures must name quantities that there are."""
    problems = []
    source = network.spec.source
    for figure in network.spec.published:
        for name in sorted(parse(figure.measure.quantity).names.difference(MEASURABLE)):
            path = figure.measure.path
            mark = source.value_mark((*path, "quantity"))
            problems.append(
                source.problem(f"unknown quantity '{shown(name)}'", mark, place(path), did_you_mean(name, MEASURABLE))
            )
    return problems


def _published_places(network: Network, graph: Graph) -> list[Problem]:
    """The published figures of a network must name layers and levels that it has, unless they set lets of it."""
    problems = []
    source = network.spec.source
    paths = [level.path for level in graph.root.walk()]
    for figure in network.spec.published:
        measure = figure.measure
        if measure.of not in (None, network.variant) or measure.settings:
            continue
        for key in ("layer", "at", "until"):
            wanted = getattr(measure, key)
            if wanted is not None and not any(matches(path, wanted) for path in paths):
                mark = source.value_mark((*measure.path, key))
                message = f"{network.name} has no layer or level '{wanted}'"
                problems.append(source.problem(message, mark, place(measure.path), did_you_mean(wanted, paths)))
    return problems
