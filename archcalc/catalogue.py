"""What the zoo holds, for `archcalc list` and `archcalc show`."""

from __future__ import annotations

from typing import Any

from . import zoo
from .network import load


def entries(wanted: str | None = None, *, costs: bool = False) -> list[tuple[str, ...]]:
    """Name, title and input of every network whose name or title holds the text; with costs as well if asked."""
    found = []
    for path in zoo.files().values():
        data = zoo.source(path)
        title = str(data.data.get("title", ""))
        for name in zoo.networks_of(data, path.stem):
            if wanted is not None and wanted.lower() not in f"{name}\n{title}".lower():
                continue
            found.append(_entry(name, title, data.data, costs))
    return found


def _entry(name: str, title: str, data: dict[str, Any], costs: bool) -> tuple[str, ...]:
    if not costs:
        return name, title, _input_text(name, data)
    from .analysis import analyze

    report = analyze(name)
    shapes = ", ".join(str(shape) for shape in report.inputs.values())
    return name, title, shapes, f"{report['parameters']:,}", f"{report['macs']:,}"


def _input_text(name: str, data: dict[str, Any]) -> str:
    """The input sizes; only where they are written as expressions are the lets evaluated."""
    declared: Any = data.get("input")
    shapes: list[Any] = list(declared.values()) if isinstance(declared, dict) else [declared]
    if all(type(size) is int for shape in shapes for size in shape):
        return ", ".join("x".join(map(str, shape)) for shape in shapes)
    network = load(name)
    settings = network.spec.settings(network.variant, {}, [])
    sized = [[value.evaluate(settings, []) for value in values] for _, values in network.spec.inputs]
    return ", ".join("x".join(map(str, shape)) for shape in sized)


def spec_text(network: str) -> str:
    """The file of a network as it is written; of a family the whole family."""
    stem = zoo.files().get(network)
    if stem is not None:
        return zoo.source(stem).text.rstrip("\n")
    return load(network).spec.source.text.rstrip("\n")
