"""Explanations in LaTeX, for a document with the package amsmath."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from .. import dims
from ..conditions import Condition
from ..dims.names import latex_name
from ..explain import Explanation
from ..explain.parts import Rule, Section
from ..explain.residues import Residues
from ..explain.totals import Total
from .equations import PACKAGE, aligned
from .explain_words import (
    TIED,
    PartRun,
    Prose,
    facts,
    head,
    is_one_line,
    largest_text,
    legend_of,
    legend_texts,
    losses_text,
    only_text,
    part_runs,
    rounded_text,
)
from .text import latex_text

RELATIONS = {"==": "=", "!=": r"\ne", ">=": r"\ge", "<=": r"\le"}


def latex(made: Explanation) -> str:
    """Lines for a document with the package amsmath; ragged, for no hyphen breaks the long names of layers."""
    first, *others = head(made, PROSE)
    lines = [PACKAGE, r"{\raggedright", rf"\textbf{{{first}}}", *(rf"\\ {line}" for line in others)]
    for is_short, sections in groupby(made.sections, key=is_one_line):
        found = list(sections)
        if is_short:
            lines.append(aligned([(section.quantity, sides_of(section.rules[0])) for section in found]))
        else:
            lines.extend(line for section in found for line in _section_latex(section))
    for total in made.totals:
        lines += _total_latex(made, total)
    remarks = [_words(f"{s.quantity}: {remark}") for s in made.sections for remark in s.remarks]
    items = [*_legend_latex(made), *losses_text(made.losses, PROSE), *remarks, *facts(made, PROSE)]
    return "\n".join([*lines, *_itemized(items), r"\par}"])


def _section_latex(section: Section) -> Iterator[str]:
    """A heading with the figure, and the rules beneath."""
    figure = "" if section.value is None else f": ${value_latex(section.value)}$"
    yield ""
    yield rf"\emph{{{latex_text(section.quantity)}}}{figure}"
    if section.rules:
        yield aligned([(rule.name, sides_of(rule)) for rule in section.rules])


def sides_of(rule: Rule) -> list[str]:
    """The rule in names, with numbers, and the result."""
    return [*rule.latex, value_latex(rule.value)]


def value_latex(value: Any) -> str:
    """A number with thousands separated, an expression, or sizes with a cross between."""
    if isinstance(value, tuple):
        return r" \times ".join(map(value_latex, value))
    return f"{value:,}".replace(",", "{,}") if type(value) is int else dims.latex(value)


def _itemized(items: list[str]) -> list[str]:
    return ["\\begin{itemize}", *(rf"  \item {item}" for item in items), "\\end{itemize}"] if items else []


def _legend_latex(made: Explanation) -> Iterator[str]:
    for text in legend_texts(legend_of(made)):
        names, _, meaning = text.partition(": ")
        letters = ", ".join(f"${latex_name(name)}$" for name in names.split(", "))
        yield f"{letters}: {latex_text(meaning)}"


def _total_latex(made: Explanation, total: Total) -> Iterator[str]:
    """The sum, its parts under their names: beneath it those that are formulas, as long ones can only be broken
    there."""
    name, value = total.quantity.name, value_latex(total.value)
    runs = part_runs(made, total) if total.section is None else []
    are_numbers = all(type(run.value) is int for run in runs)
    if total.rule is not None:
        yield aligned([(name, sides_of(total.rule))])
    elif runs and are_numbers:
        yield aligned([(name, [" + ".join(map(_part_latex, runs)), value])])
    else:
        yield aligned([(name, [value])])
        yield from _itemized([f"{latex_text(run.path)}: ${_times(run)}$" for run in runs])
    if total.section is not None:
        yield f"{_words(only_text(made, total))}:"
        yield aligned([(rule.name, sides_of(rule)) for rule in total.section.rules])
        yield from (_words(f"{remark}.") for remark in total.section.remarks)
    told = [total.quantity.description, rounded_text(total), largest_text(made, total).replace(TIED, " ")]
    told += [f"a longest path: {', '.join(total.path)}"] if total.path else []
    yield _words(". ".join(text[:1].upper() + text[1:] for text in told if text)) + ".\n"


def _part_latex(run: PartRun) -> str:
    times = rf"{run.times} \cdot " if run.times > 1 else ""
    return rf"{times}\underbrace{{{value_latex(run.value)}}}_{{\text{{{latex_text(run.path)}}}}}"


def _times(run: PartRun) -> str:
    value = value_latex(run.value)
    return rf"{run.times} \bigl({value}\bigr)" if run.times > 1 else value


# words, and formulas in sentences


def _words(text: str) -> str:
    """Text in which no character is LaTeX, with code as such."""
    return re.sub(r"`([^`]+)`", r"\\texttt{\1}", latex_text(text))


def _inline(value: Any) -> str:
    return f"${dims.latex(value)}$" if dims.is_symbolic(value) else str(value)


def _shape(axes: tuple[Any, ...]) -> str:
    return f"${value_latex(axes)}$"


def _residues(where: Residues) -> str:
    values = " or ".join(f"${value}$" for value in where.values)
    return rf"${latex_name(where.symbol)} \bmod {where.modulus} =$ {values}"


def _condition(condition: Condition) -> str:
    left, right = dims.latex(condition.left), dims.latex(condition.right)
    if condition.relation == "% ==":
        return rf"${left} \equiv 0 \pmod{{{right}}}$"
    return f"${left} {RELATIONS[condition.relation]} {right}$"


PROSE = Prose(_words, _inline, _shape, _residues, _condition)
