"""Formulas for reading, for papers and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import UsageError
from ..formula import Formula
from .equations import PACKAGE, aligned
from .formats import check_format
from .machine import SCHEMA, plain
from .text import markdown_text


def formulas(made: Sequence[Formula], format: str = "text") -> str:
    """Formulas of one network in one of FORMATS; UsageError for another format."""
    check_format(format, FORMATS)
    return FORMATS[format](made)


def _text(made: Sequence[Formula]) -> str:
    return "\n".join([*(formula.wrapped for formula in made), *_facts(made)])


def _facts(made: Sequence[Formula]) -> list[str]:
    """Assumptions and notes, each once."""
    assumed = dict.fromkeys(f"assumes {condition}" for formula in made for condition in formula.assumptions)
    noted = dict.fromkeys(f"note: {note}" for formula in made for note in formula.notes)
    return [*assumed, *noted]


def _latex(made: Sequence[Formula]) -> str:
    """Lines for an `align*` of the package amsmath."""
    equations = aligned([(formula.label, [formula.latex]) for formula in made])
    return "\n".join([PACKAGE, equations, *(f"% {fact}" for fact in _facts(made))])


def _markdown(made: Sequence[Formula]) -> str:
    """Mathematics as notebooks and web pages typeset it, with what is assumed in a list beneath."""
    equations = aligned([(formula.label, [formula.latex]) for formula in made]).replace("{align*}", "{aligned}")
    return "\n".join(["$$", equations, "$$", "", *(f"- {markdown_text(fact)}" for fact in _facts(made))]).rstrip()


def _python(made: Sequence[Formula]) -> str:
    """A module: what is imported stands at its top, once."""
    _check_functions(made)
    imports: dict[str, None] = {}
    functions = []
    for formula in made:
        head, definition, rest = formula.python.partition("def ")
        imports.update(dict.fromkeys(head.split("\n") if head else ()))
        functions.append(definition + rest)
    top = "\n".join(sorted(line for line in imports if line))
    return "\n\n\n".join([*([top] if top else []), *functions])


def _check_functions(made: Sequence[Formula]) -> None:
    """Refuse formulas that would be functions of one name, of which only the last would be left."""
    places: dict[str, str] = {}
    for formula in made:
        other = places.setdefault(formula.function, formula.place)
        if other != formula.place:
            raise UsageError(f"{other} and {formula.place} would be one function, {formula.function}; take json")


def _javascript(made: Sequence[Formula]) -> str:
    _check_functions(made)
    return "\n\n".join(formula.javascript for formula in made)


def _json(made: Sequence[Formula]) -> str:
    return json.dumps({"schema": SCHEMA, "network": made[0].network, "formulas": list(map(_data, made))}, indent=1)


def _data(formula: Formula) -> dict[str, Any]:
    return {
        "quantity": formula.name,
        "place": formula.place,
        "unit": formula.unit,
        "formula": plain(formula.expr),
        "symbols": {name: "ratio > 0" if ratio else "whole >= 1" for name, ratio in formula.program.inputs.items()},
        "assumptions": list(map(str, formula.assumptions)),
        "notes": list(formula.notes),
        "latex": formula.latex,
        "python": formula.python,
        "javascript": formula.javascript,
    }


FORMATS: dict[str, Callable[[Sequence[Formula]], str]] = {
    "text": _text, "markdown": _markdown, "latex": _latex, "python": _python, "javascript": _javascript, "json": _json,
}  # fmt: skip
