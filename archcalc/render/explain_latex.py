"""Explanations in LaTeX, for a document with the package amsmath."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import dims
from ..dims.term import LATEX
from ..explain import Explanation
from ..explain.parts import Rule, Section
from ..explain.totals import Total
from .explain_words import (
    TIED,
    facts,
    head,
    is_one_line,
    largest_text,
    legend_texts,
    losses_text,
    part_runs,
    rounded_text,
)
from .text import latex_text

LONG_LATEX = 120  # characters of a rule from which on its numbers stand on a line of their own


def latex(made: Explanation) -> str:
    """Lines for a document with the package amsmath."""
    first, *others = map(latex_text, head(made))
    lines = ["% needs \\usepackage{amsmath}", rf"\noindent\textbf{{{first}}}", *(rf"\\ {line}" for line in others)]
    if made.sections:
        rows = [row for section in made.sections for row in _section_latex(section)]
        lines += ["\\begin{align*}", " \\\\\n".join(rows), "\\end{align*}"]
    sentences = [*losses_text(made.losses), *(f"{s.quantity}: {remark}" for s in made.sections for remark in s.remarks)]
    for total in made.totals:
        lines += _total_latex(made, total)
    items = [*_legend_latex(made), *map(latex_text, [*sentences, *facts(made)])]
    if items:
        lines += ["\\begin{itemize}", *(rf"  \item {item}" for item in items), "\\end{itemize}"]
    return "\n".join(lines)


def _section_latex(section: Section) -> Iterator[str]:
    for rule in section.rules:
        name = section.quantity if is_one_line(section) else f"{section.quantity}, {rule.name}"
        yield _equation(name, rule)
    if not section.rules and section.value is not None:
        yield rf"  \text{{{latex_text(section.quantity)}}} &= {_value_latex(section.value)}"


def _equation(name: str, rule: Rule) -> str:
    pieces = rule.latex
    whole = rf"  \text{{{latex_text(name)}}} &= "
    if sum(map(len, pieces)) <= LONG_LATEX or len(pieces) == 1:
        return whole + " = ".join(pieces)
    return whole + " \\\\\n    &= ".join(pieces)


def _value_latex(value: Any) -> str:
    if isinstance(value, tuple):
        return r" \times ".join(map(dims.latex, value))
    return dims.latex(value)


def _legend_latex(made: Explanation) -> Iterator[str]:
    for text in legend_texts(made.legend):
        names, _, meaning = text.partition(": ")
        letters = ", ".join(f"${LATEX.name(name)}$" for name in names.split(", "))
        yield f"{letters}: {latex_text(meaning)}"


def _total_latex(made: Explanation, total: Total) -> Iterator[str]:
    quantity = total.quantity
    yield "\\begin{align*}"
    name = rf"  \text{{{latex_text(quantity.name)}}} &= "
    if total.rule is not None:
        yield name + " = ".join(total.rule.latex)
    elif len(total.parts) > 1:
        terms = [
            (rf"{run.times} \cdot " if run.times > 1 else "")
            + rf"\underbrace{{{_value_latex(run.value)}}}_{{\text{{{latex_text(run.path)}}}}}"
            for run in part_runs(made, total)
        ]
        lines = [" + ".join(terms[at : at + 4]) for at in range(0, len(terms), 4)]
        yield name + " \\\\\n    &\\quad + ".join(lines) + rf" \\{chr(10)}    &= {_value_latex(total.value)}"
    else:
        yield name + _value_latex(total.value)
    yield "\\end{align*}"
    told = [quantity.description, rounded_text(total), largest_text(made, total).replace(TIED, " ")]
    told += [f"a longest path: {', '.join(total.path)}"] if total.path else []
    yield latex_text(". ".join(text[:1].upper() + text[1:] for text in told if text)) + "."
