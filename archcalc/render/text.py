"""Text for a terminal, Markdown and LaTeX; the tables are laid out by tabulate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import dims
from ..report import Report
from ..shapes import Shape
from .rows import Options, Style, Table, number_text, table

_BATCH = {
    "macs": "MACs", "flops": "FLOPs", "activations": "activations", "activation_bytes": "bytes of activations",
}  # fmt: skip
MAX_CELL = 64  # characters; formulas may have thousands
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


def input_line(report: Report, batch: Any = None) -> str:
    """Input, batch and dtype; another batch where a plan has one of its own."""
    named = report.inputs
    shapes = ", ".join(str(shape) if len(named) == 1 else f"{name} {shape}" for name, shape in named.items())
    return f"input {shapes}, batch {report.batch if batch is None else batch}, {report.dtype}"


def facts(report: Report, options: Options) -> Iterator[str]:
    """The lines beneath a table: depth, heads, notes, assumptions."""
    told = [
        f"depth {report['depth']}",
        f"{number_text(report['weighted_layers'])} weighted layers",
        f"{number_text(report['buffers'], options.units)} buffers",
        f"input {number_text(report['input_elements'], options.units)} numbers",
    ]
    yield ", ".join(told)
    if report.batch != 1:
        batch = {name: number_text(report[f"batch_{name}"], options.units) for name in _BATCH}
        yield f"batch of {report.batch}: " + ", ".join(f"{batch[name]} {told}" for name, told in _BATCH.items())
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
    made = table(report, options)
    grid = _tabulated(_cut(made), "simple", separated=True)
    long = [f"{header} = {cell}" for header, cell in zip(made.headers, made.total, strict=True) if len(cell) > MAX_CELL]
    return "\n".join([*lines, "", grid, "", *long, *facts(report, options), CONVENTION])


def _cut(made: Table) -> Table:
    """The table with long formulas cut; those of the totals stand in full beneath it."""

    def cut(cells: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(cell if len(cell) <= MAX_CELL else cell[: MAX_CELL - 3] + "..." for cell in cells)

    return Table(made.headers, made.numeric, tuple(map(cut, made.cells)), cut(made.total))


def markdown(report: Report, options: Options) -> str:
    """A GitHub-flavoured Markdown table."""
    made = table(report, options)
    body = tuple(tuple(map(markdown_text, cells)) for cells in made.cells)
    total = tuple(f"**{markdown_text(cell)}**" if cell else "" for cell in made.total)
    notes = [f"- {markdown_text(fact)}" for fact in facts(report, options)]
    grid = _tabulated(Table(made.headers, made.numeric, body, total), "pipe")
    name = f"**{markdown_text(heading(report))}**, {markdown_text(input_line(report))}"
    return "\n".join([name, "", grid, "", *notes, f"- {CONVENTION}"])


def markdown_text(text: str) -> str:
    """Text in which no character is Markdown, nor mathematics, and nothing is a picture from elsewhere."""
    for character in ("\\", "*", "|", "<", "`", "$", "!["):
        text = text.replace(character, f"\\{character}")
    return text


def latex(report: Report, options: Options) -> str:
    """A LaTeX tabular in the style of the booktabs package, with formulas in mathematics."""
    made = table(report, options, Style(latex_number, latex_shape))
    kinds = zip(made.headers, made.numeric, strict=True)
    is_mathematics = [numeric or header in ("input", "output") for header, numeric in kinds]

    def escaped(cells: tuple[str, ...]) -> tuple[str, ...]:
        pairs = zip(cells, is_mathematics, strict=True)
        return tuple(cell if mathematics else latex_text(cell) for cell, mathematics in pairs)

    texts = Table(
        tuple(map(latex_text, made.headers)), made.numeric, tuple(map(escaped, made.cells)), escaped(made.total)
    )
    begin, _, head, _, *body, total, _, end = _tabulated(texts, "latex_raw").split("\n")
    above = [heading(report), report.graph.spec.cite, input_line(report), "needs \\usepackage{booktabs}"]
    comments = [f"% {line}" for text in above if text for line in text.splitlines()]
    below = [f"% {fact}" for fact in facts(report, options)]
    grid = [begin, "\\toprule", head, "\\midrule", *body, "\\midrule", total, "\\bottomrule", end]
    return "\n".join([*comments, *grid, *below])


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def latex_text(text: str) -> str:
    """Text in which no character is LaTeX."""
    return "".join(_LATEX.get(character, character) for character in text)


def latex_number(value: Any, units: str) -> str:
    """A count, an expression in mathematics."""
    return number_text(value, units) if type(value) is int else f"${dims.latex(value)}$"


def latex_shape(shape: Shape) -> str:
    """A shape in mathematics."""
    return "$" + r" \times ".join(dims.latex(size) for size in shape.axes) + "$"
