"""What the zoo holds, for `archcalc list` and `archcalc show`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from . import zoo
from .network import load
from .spec import Spec
from .specreader import read_spec


def entries(wanted: str | None = None, *, costs: bool = False) -> list[tuple[str, ...]]:
    """Name, title and input of every network whose name or title holds the text; with costs as well if asked."""
    found = []
    for path in zoo.files().values():
        title = str(zoo.head(path).data.get("title", ""))
        for name in zoo.networks_of(zoo.head(path), path.stem):
            if wanted is not None and wanted.lower() not in f"{name}\n{title}".lower():
                continue
            found.append(_with_costs(name, title) if costs else (name, title, _input_text(name, path)))
    return found


def _with_costs(name: str, title: str) -> tuple[str, ...]:
    from .analysis import analyze

    report = analyze(name)
    shapes = ", ".join(str(shape) for shape in report.inputs.values())
    return name, title, shapes, f"{report['parameters']:,}", f"{report['macs']:,}"


def _input_text(name: str, path: Path) -> str:
    """The input sizes; only where they are written as expressions are the lets evaluated."""
    declared: Any = zoo.head(path).data.get("input")
    shapes: list[Any] = list(declared.values()) if isinstance(declared, dict) else [declared]
    if not all(type(size) is int for shape in shapes for size in shape):
        spec = _spec_of_head(path)
        settings = spec.settings(name if name in spec.variants else None, {}, [])
        shapes = [[value.evaluate(settings, []) for value in values] for _, values in spec.inputs]
    return ", ".join("x".join(map(str, shape)) for shape in shapes)


@cache
def _spec_of_head(path: Path) -> Spec:
    """The description of a family without its layers."""
    head = zoo.head(path)
    return read_spec(replace(head, data={**head.data, "layers": []}), zoo.find)


def spec_text(network: str) -> str:
    """The file of a network as it is written; of a family the whole family."""
    stem = zoo.files().get(network)
    if stem is not None:
        return zoo.source(stem).text.rstrip("\n")
    return load(network).spec.source.text.rstrip("\n")
