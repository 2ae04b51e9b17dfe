"""Comparisons side by side, and the difference of two layer tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

from .. import dims
from ..comparison import RATIOS, Comparison, Line, Side
from ..shapes import Shape
from .formats import check_format
from .lists import grid
from .machine import SCHEMA, plain
from .rows import number_text
from .text import CONVENTION, latex_number, latex_shape, latex_text, markdown_text

FORMATS = ("text", "markdown", "json", "latex")
MAX_WIDTH = 44  # characters of a cell; longer formulas stand below the table
BELOW = "see below"
MAX_TERMS = 200  # of a formula that is written for reading
RED, GREEN, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[0m"


def comparison(
    compared: Comparison, format: str = "text", *, with_layers: bool = False, units: str = "exact", colour: bool = False
) -> str:
    """A comparison in one of FORMATS; with the difference of two layer tables, in colours for a terminal."""
    check_format(format, FORMATS)
    if with_layers:
        _ = compared.layers  # refused before anything is computed
    if format == "json":
        return json.dumps(_data(compared, with_layers), indent=1)
    if format == "latex":
        return _latex(compared, with_layers, units)
    headers = _headers(compared)
    written = partial(_value, units=units)
    cells = [_cells(compared, name, written, ratio_text) for name in compared.sides[0].values]
    rows, long = _shortened(headers, cells, cells)
    numeric = range(1, len(headers))
    if format == "markdown":
        above = [f"- {markdown_text(line)}" for line in _about(compared)]
        below = [f"- {markdown_text(line)}" for line in [*_facts(compared), CONVENTION]]
        table = grid([markdown_text(header) for header in headers], cells, format, numeric)
        tables = [table, "", *below, *(["", _layers(compared, format, units)] if with_layers else [])]
        return "\n".join([*above, "", *tables])
    below = [f"{name} = {cell}" for name, cell in long]
    lines = [*_about(compared), "", grid(headers, rows, "text", numeric), "", *below, *_facts(compared), CONVENTION]
    if with_layers:
        lines += ["", _layers(compared, format, units, colour)]
    return "\n".join(lines)


def _shortened(
    headers: Sequence[str], texts: Sequence[Sequence[str]], cells: Sequence[Sequence[str]]
) -> tuple[list[list[str]], list[tuple[str, str]]]:
    """Rows without the cells whose texts are long, and those: what each is of, and the cell."""
    rows: list[list[str]] = []
    long: list[tuple[str, str]] = []
    for text, row in zip(texts, cells, strict=True):
        is_long = [len(part) > MAX_WIDTH for part in text]
        rows.append([BELOW if cut else cell for cut, cell in zip(is_long, row, strict=True)])
        for header, cell, cut in zip(headers, row, is_long, strict=True):
            if cut:
                long.append((f"ratio of {text[0]}" if header == "ratio" else f"{text[0]} of {header}", cell))
    return rows, long


def _about(compared: Comparison) -> Iterator[str]:
    """What the labels stand for, and the inputs."""
    for side in compared.sides:
        if side.label != side.text:
            yield f"{side.label}: {side.text}"
    if compared.has_one_input:
        yield f"input {_input(compared.sides[0])}"
        return
    for side in compared.sides:
        yield f"input of {side.label}: {_input(side)}"


def _input(side: Side) -> str:
    shapes = side.report.inputs
    return ", ".join(str(shape) if len(shapes) == 1 else f"{name} {shape}" for name, shape in shapes.items())


def _headers(compared: Comparison) -> list[str]:
    *others, last = compared.sides
    ratios = ["ratio"] if len(others) == 1 else [f"{side.label} : {last.label}" for side in others]
    return ["quantity", *(side.label for side in compared.sides), *ratios]


def _cells(
    compared: Comparison,
    name: str,
    value: Callable[[Any], str],
    ratio: Callable[[Any], str],
) -> list[str]:
    """The values of a quantity and their ratios, as they are written; of the longest sums how long they are."""
    counts = [_terms(side.values[name]) for side in compared.sides]
    values = [
        value(side.values[name]) if count <= MAX_TERMS else f"{count:,} terms"
        for side, count in zip(compared.sides, counts, strict=True)
    ]
    if name not in RATIOS or max(counts) > MAX_TERMS:
        return [name, *values, *[""] * (len(compared.sides) - 1)]
    return [name, *values, *map(ratio, compared.ratios[name])]


def _terms(value: Any) -> int:
    return dims.term_count(value) if dims.is_number(value) else 1


def _value(value: Any, units: str) -> str:
    if value is None:
        return "-"
    return "x".join(map(str, value)) if isinstance(value, tuple) else number_text(value, units)


def ratio_text(ratio: Any) -> str:
    """An exact ratio, with decimals behind a fraction.

    >>> ratio_text(Fraction(27, 49)), ratio_text(3), ratio_text(None), ratio_text(Fraction(1, 7000))
    ('27/49 = 0.551', '3', '-', '1/7000 = 0.000143')
    """
    if ratio is None:
        return "-"
    if type(ratio) is Fraction:
        return f"{ratio} = {_decimals(ratio)}"
    if not dims.is_symbolic(ratio):
        return number_text(ratio)
    from ..dims.quotients import quotient_text

    return quotient_text(ratio)


def _decimals(ratio: Fraction) -> str:
    """Three decimals, or three digits of a small ratio, rounded half up."""
    places = 3
    while places < 12 and ratio * 10**places < 100:
        places += 1
    scaled = (2 * ratio.numerator * 10**places + ratio.denominator) // (2 * ratio.denominator)
    whole, rest = divmod(scaled, 10**places)
    return f"{whole:,}.{rest:0{places}d}"


def _facts(compared: Comparison) -> Iterator[str]:
    """Break-evens, assumptions, notes."""
    yield from _verdicts(compared)
    if any(_terms(value) > MAX_TERMS for side in compared.sides for value in side.values.values()):
        yield f"note: formulas of more than {MAX_TERMS} terms are in --format json"
    if not compared.has_one_input and {side.is_chain for side in compared.sides} == {True, False}:
        network = next(side for side in compared.sides if not side.is_chain)
        hint = (
            f", such as that of {network.label}: --input {_input(network)}" if len(network.report.inputs) == 1 else ""
        )
        yield f"note: all have one input with --input{hint}"
    for condition in compared.assumptions:
        yield f"assumes {condition}"
    for side in compared.sides:
        for note in side.report.notes:
            yield f"note: {side.label}: {note}"


def _verdicts(compared: Comparison) -> Iterator[str]:
    """Break-evens as sentences; quantities of which the same is true stand in one."""
    sentences: dict[tuple[str, str, str], list[str]] = {}
    for found in compared.break_evens:
        sentences.setdefault((found.first, found.second, found.sentence), []).append(found.quantity)
    for (first, second, sentence), quantities in sentences.items():
        pair = f", {first} against {second}" if len(compared.sides) > 2 else ""
        yield f"{' and '.join(quantities)}{pair}: {sentence}"


# layers


def _layers(compared: Comparison, format: str, units: str, colour: bool = False) -> str:
    first, second = compared.sides
    headers = ["", first.label, second.label, "kind", "output", "parameters"]
    rows = [_row(line, lambda value: number_text(value, units), str) for line in compared.layers]
    if format == "markdown":
        headers = [markdown_text(header) for header in headers]
    lines = grid(headers, rows, format, numeric=(5,)).split("\n")
    marks = [row[0] for row in rows]
    if colour:
        paint = {"-": RED, "+": GREEN}
        lines[2:] = [
            f"{paint[mark]}{line}{PLAIN}" if mark in paint else line
            for mark, line in zip(marks, lines[2:], strict=True)
        ]
    minus, plus = marks.count("-"), marks.count("+")
    told = f"rows in both: {len(marks) - minus - plus}, only in {first.label}: {minus}, only in {second.label}: {plus}"
    return "\n".join([*lines, "", markdown_text(told) if format == "markdown" else told])


def _row(line: Line, number: Callable[[Any], str], shape: Callable[[Shape], str]) -> list[str]:
    layer = line.layer
    paths = [found.path if found is not None else "" for found in (line.first, line.second)]
    repeat = f" x{layer.repeat}" if layer.repeat != 1 else ""
    return [line.mark.strip(), *paths, layer.kind + repeat, shape(layer.output), number(layer.parameters)]


# LaTeX and JSON


def _latex(compared: Comparison, with_layers: bool, units: str) -> str:
    """Tables in the style of the booktabs package, formulas in mathematics, sentences as comments."""
    headers = _headers(compared)
    written, formula = partial(_value, units=units), partial(_latex_value, units=units)
    ratio = partial(_latex_ratio, units=units)
    texts = [_cells(compared, name, written, ratio_text) for name in compared.sides[0].values]
    cells = [_cells(compared, name, formula, ratio) for name in compared.sides[0].values]
    rows, long = _shortened(headers, texts, cells)
    comments = [f"% {line}" for line in [*_about(compared), "needs \\usepackage{booktabs}"]]
    table = _tabular([latex_text(header) for header in headers], rows, numeric=range(1, len(headers)))
    formulas = [
        line for name, cell in long for line in ("", rf"\noindent {latex_text(name)}: {cell}")
    ]  # breaks in lines
    below = [f"% {line}" for line in [*_facts(compared), CONVENTION]]
    lines = [*comments, *table, *formulas, *below]
    if with_layers:
        first, second = compared.sides
        heads = ["", *map(latex_text, (first.label, second.label)), "kind", "output", "parameters"]
        made = []
        for line in compared.layers:
            mark, *paths, output, parameters = _row(line, lambda value: latex_number(value, units), latex_shape)
            made.append([mark, *map(latex_text, paths), output, parameters])
        lines += ["", *_tabular(heads, made, numeric=(5,))]
    return "\n".join(lines)


def _latex_ratio(ratio: Any, units: str) -> str:
    """A ratio as a fraction; a long one so that it can break in lines."""
    if ratio is None or not dims.is_symbolic(ratio) or len(ratio_text(ratio)) <= MAX_WIDTH:
        return _latex_value(ratio, units)
    from ..dims.quotients import quotient_latex

    return f"${quotient_latex(ratio)}$"


def _latex_value(value: Any, units: str) -> str:
    if value is None:
        return "--"
    if isinstance(value, tuple):
        return "$" + r" \times ".join(map(dims.latex, value)) + "$"
    return latex_number(value, units)


def _tabular(headers: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int]) -> list[str]:
    columns = "".join("r" if number in numeric else "l" for number in range(len(headers)))
    body = [" & ".join(row) + r" \\" for row in [headers, *rows]]
    begin, end = rf"\begin{{tabular}}{{{columns}}}", r"\end{tabular}"
    return [begin, r"\toprule", body[0], r"\midrule", *body[1:], r"\bottomrule", end]


def _data(compared: Comparison, with_layers: bool) -> dict[str, Any]:
    others = compared.sides[:-1]
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "assumptions": list(map(str, compared.assumptions)),
        "sides": [_side(side) for side in compared.sides],
        "ratios": {
            name: {side.label: _ratio(ratio) for side, ratio in zip(others, ratios, strict=True)}
            for name, ratios in compared.ratios.items()
        },
        "break_evens": [
            {
                "quantity": found.quantity, "first": found.first, "second": found.second, "sign": at.sign,
                "always": at.is_strict, "symbol": at.symbol, "equal_at": list(at.equal_at), "fewer": list(at.less),
                "more": list(at.more), "same": list(at.same), "unsettled": list(at.unsettled),
                "deciding": plain(at.deciding), "text": str(found),
            }
            for found in compared.break_evens
            for at in [found.crossing]
        ],
    }  # fmt: skip
    if with_layers:
        data["layers"] = [
            {
                "mark": line.mark.strip(),
                "paths": [None if found is None else found.path for found in (line.first, line.second)],
                "kind": line.layer.kind,
                "output": plain(line.layer.output.axes),
                "parameters": plain(line.layer.parameters),
            }
            for line in compared.layers
        ]
    return data


def _ratio(ratio: Any) -> Any:
    if ratio is None or not dims.is_symbolic(ratio):
        return plain(ratio)
    return ratio_text(ratio)


def _side(side: Side) -> dict[str, Any]:
    shapes = side.report.inputs
    inputs = {name: plain(shape.axes) for name, shape in shapes.items()}
    return {
        "label": side.label,
        "text": side.text,
        "chain": side.is_chain,
        "input": next(iter(inputs.values())) if len(inputs) == 1 else inputs,
        **{name: plain(value) for name, value in side.values.items() if value is not None},
        "notes": list(side.report.notes),
    }
