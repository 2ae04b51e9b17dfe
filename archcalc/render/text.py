"""Text for a terminal, Markdown and LaTeX; the tables are laid out by tabulate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..report import Report
from .rows import Options, Table, number_text, table

CONVENTION = (
    "Counts are for one image. MACs are multiply-accumulates, biases not among them; FLOPs = 2 MACs + all other "
    "operations."
)


def _tabulated(made: Table, style: str, *, separated: bool = False) -> str:
    from tabulate import SEPARATING_LINE, tabulate

    align = ["right" if numeric else "left" for numeric in made.numeric]
    rows: list[Any] = [list(cells) for cells in made.cells]
    rows.extend([SEPARATING_LINE] if separated else [])
    rows.append(list(made.total))
    return str(tabulate(rows, headers=made.headers, tablefmt=style, colalign=align, disable_numparse=True))


def heading(report: Report) -> str:
    """What the table is of."""
    spec = report.graph.spec
    return f"{report.name}: {spec.title}" if spec.title and spec.title != report.name else report.name


def input_line(report: Report) -> str:
    """Input, batch and dtype."""
    named = report.inputs
    shapes = ", ".join(str(shape) if len(named) == 1 else f"{name} {shape}" for name, shape in named.items())
    return f"input {shapes}, batch {report.batch}, {report.dtype}"


def facts(report: Report, options: Options) -> Iterator[str]:
    """The lines beneath a table: depth, heads, notes, assumptions."""
    totals = report.totals
    told = [
        f"depth {totals['depth']}",
        f"{number_text(totals['weighted_layers'])} weighted layers",
        f"{number_text(totals['buffers'], options.units)} buffers",
        f"input {number_text(totals['input_elements'], options.units)} numbers",
    ]
    yield ", ".join(told)
    for head, figures in report.heads.items():
        parameters, macs = (number_text(figures[name], options.units) for name in ("parameters", "macs"))
        yield f"head {head}, not in the totals: {parameters} parameters, {macs} MACs"
    for note in report.notes:
        yield f"note: {note}"
    for assumption in report.assumptions:
        yield f"assumes {assumption}"


def text(report: Report, options: Options) -> str:
    """A table for a terminal."""
    lines = [heading(report), input_line(report)]
    if report.graph.spec.cite:
        lines.insert(1, report.graph.spec.cite)
    grid = _tabulated(table(report, options), "simple", separated=True)
    return "\n".join([*lines, "", grid, "", *facts(report, options), CONVENTION])


def markdown(report: Report, options: Options) -> str:
    """A GitHub-flavoured Markdown table."""
    made = table(report, options)
    bold = Table(made.headers, made.numeric, made.cells, tuple(f"**{cell}**" if cell else "" for cell in made.total))
    notes = [f"- {fact}" for fact in facts(report, options)]
    lines = [
        f"**{heading(report)}**, {input_line(report)}",
        "",
        _tabulated(bold, "pipe"),
        "",
        *notes,
        f"- {CONVENTION}",
    ]
    return "\n".join(lines)


def latex(report: Report, options: Options) -> str:
    """A LaTeX tabular in the style of the booktabs package."""
    comments = [f"% {heading(report)}, {input_line(report)}", "% needs \\usepackage{booktabs}"]
    grid = _tabulated(table(report, options), "latex_booktabs")
    *body, last_row, rule, end = grid.split("\n")
    comments_below = [f"% {fact}" for fact in facts(report, options)]
    return "\n".join([*comments, *body, "\\midrule", last_row, rule, end, *comments_below])
