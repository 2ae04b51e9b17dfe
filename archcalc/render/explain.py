"""Explanations as text, Markdown, LaTeX and JSON: rules in names, with numbers, results, legend, sources."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .. import dims
from ..explain import Explanation
from ..explain.exactness import Loss
from ..explain.parts import Legend, Rule, Section
from ..explain.totals import Total
from .equations import text_lines
from .explain_latex import latex, sides_of
from .explain_words import (
    TIED,
    convention_of,
    facts,
    head,
    is_one_line,
    largest_text,
    legend_of,
    legend_texts,
    losses_text,
    only_text,
    part_runs,
    repeated,
    rounded_text,
    title,
    value_text,
)
from .formats import check_format
from .lists import grid
from .machine import about, plain
from .text import markdown_text

WIDTH, LEAST = 110, 60  # characters of a line, and what is left for a rule behind a long label
HEADERS = ("quantity", "rule", "numbers", "result")


def explanation(made: Explanation, format: str = "text") -> str:
    """An explanation in one of FORMATS; UsageError for another format."""
    check_format(format, FORMATS)
    return FORMATS[format](made)


# text


def _text(made: Explanation) -> str:
    lines = head(made)
    if made.sections:
        lines += ["", *_sections_text(made)]
    for total in made.totals:
        lines += ["", *_total_text(made, total)]
    told = legend_texts(legend_of(made))
    if told:
        lines += ["", *_wrapped(f"where {'; '.join(told)}", 0)]
    told = list(facts(made))
    return "\n".join([*lines, *([""] if told else []), *told])


def _sections_text(made: Explanation) -> Iterator[str]:
    width = max(len(label) for section in made.sections for label in _labels(section))
    for section in made.sections:
        if is_one_line(section):
            yield from _rule_text(section.quantity, section.rules[0], width)
        else:
            told = "" if section.value is None else value_text(section.value)
            yield f"{section.quantity:<{width}}  {told}".rstrip()
            for rule in section.rules:
                yield from _rule_text(f"  {rule.name}", rule, width)
        told_losses = losses_text(made.losses) if section.quantity == "size" else []
        for remark in (*section.remarks, *told_losses):
            yield from _wrapped(remark, 4)


def _labels(section: Section) -> Iterator[str]:
    yield section.quantity
    if not is_one_line(section):
        yield from (f"  {rule.name}" for rule in section.rules)


def _rule_text(label: str, rule: Rule, width: int) -> Iterator[str]:
    """Label and rule; the numbers on a line of their own where the whole is long."""
    pieces = [text for text in (rule.names, rule.numbers, value_text(rule.value)) if text]
    line = f"{label:<{width}}  {' = '.join(pieces)}"
    if len(line) <= WIDTH or len(pieces) == 1:
        yield line
        return
    yield from _formula_lines(f"{label:<{width}}  {pieces[0]}", width + 2)
    rest = f"{'':<{width}}  = {' = '.join(pieces[1:])}"
    for piece in [rest] if len(rest) <= WIDTH else [f"{'':<{width}}  = {piece}" for piece in pieces[1:]]:
        yield from _formula_lines(piece, width + 2)


def _formula_lines(line: str, indent: int) -> list[str]:
    """A line, or several that begin with an operator and stand a little further in."""
    start, formula = line[:indent], line[indent:]
    first, *others = text_lines(formula, max(WIDTH - indent, LEAST) - 2)
    return [start + first, *(f"{'':<{indent + 2}}{other}" for other in others)]


def _total_text(made: Explanation, total: Total) -> Iterator[str]:
    quantity = total.quantity
    is_formula = dims.is_symbolic(total.value)
    value = "in" if is_formula else f" {value_text(total.value)}"
    yield f"{quantity.name} {value} {quantity.unit}".rstrip()
    yield from _wrapped(f"{quantity.description} (docs/{convention_of(quantity.name)})")
    if total.rule is not None:
        yield from _formula_lines(f"  {total.rule.names} = {value_text(total.value)}", 2)
    elif is_formula:
        yield from _formula_lines(f"  = {total.value}", 2)
    if total.path:
        yield from _wrapped(f"a longest path: {', '.join(total.path)}")
    if total.section is not None:
        yield from _only_text(f"  {only_text(made, total)}", total.section)
        return
    runs = part_runs(made, total)
    if all(type(run.value) is int for run in runs):
        told = (f"{f'{run.times}*' if run.times > 1 else ''}{run.value:,} ({run.path})" for run in runs)
        yield from _wrapped("= " + " + ".join(part.replace(" ", TIED) for part in told) if runs else "")
    else:
        width = max(len(run.path) for run in runs)
        for run in runs:
            value = f"{run.times}*({run.value})" if run.times > 1 else run.value
            yield from _formula_lines(f"    {run.path:<{width}}  {value}", width + 6)
    yield from _wrapped(rounded_text(total))
    yield from _wrapped(largest_text(made, total))


def _only_text(label: str, section: Section) -> Iterator[str]:
    """The rules of the only layer that adds to a total."""
    if is_one_line(section):
        yield from _rule_text(label, section.rules[0], len(label))
    else:
        yield label
        width = max(len(rule.name) for rule in section.rules) + 4
        for rule in section.rules:
            yield from _rule_text(f"    {rule.name}", rule, width)
    for remark in section.remarks:
        yield from _wrapped(remark, 4)


def _wrapped(text: str, indent: int = 2) -> list[str]:
    """Lines with breaks at spaces that are not tied."""
    lines = textwrap.wrap(
        text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return [line.replace(TIED, " ") for line in lines]


# Markdown


def _markdown(made: Explanation) -> str:
    first, *others = head(made)
    parts = [f"**{markdown_text(first)}**", *map(markdown_text, others)]
    lines = ["  \n".join(parts), ""]
    if made.sections:
        rows = [cells for section in made.sections for cells in _section_rows(section)]
        lines += [_code_grid(HEADERS, rows), ""]
    remarks = [*losses_text(made.losses), *(f"{s.quantity}: {remark}" for s in made.sections for remark in s.remarks)]
    for total in made.totals:
        lines += [*_total_markdown(made, total), ""]
    remarks += [*legend_texts(legend_of(made)), *facts(made)]
    return "\n".join([*lines, *(f"- {markdown_text(remark)}" for remark in remarks)]).rstrip()


def _section_rows(section: Section) -> Iterator[tuple[str, ...]]:
    if not is_one_line(section):
        yield section.quantity, "", "", "" if section.value is None else value_text(section.value)
    for rule in section.rules:
        name = rule.name if is_one_line(section) else f"{section.quantity}: {rule.name}"
        yield name, rule.names, rule.numbers, value_text(rule.value)


def _code_grid(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose rules stand as code; they hold names, numbers and operators only, and so no bar."""
    lines = [f"| {' | '.join(headers)} |", "|" + "---|" * len(headers)]
    for name, *rules, result in rows:
        cells = [markdown_text(name), *(f"`{rule}`" if rule else "" for rule in rules)]
        lines.append(f"| {' | '.join([*cells, markdown_text(result)])} |")
    return "\n".join(lines)


def _total_markdown(made: Explanation, total: Total) -> Iterator[str]:
    quantity = total.quantity
    yield f"### {markdown_text(quantity.name)}: {markdown_text(value_text(total.value))} {quantity.unit}"
    yield ""
    where = convention_of(quantity.name)
    yield f"{markdown_text(quantity.description)} ([{where.partition('#')[0]}]({where}))."
    if total.rule is not None:
        yield f"\n`{total.rule.names}` = {markdown_text(value_text(total.value))}"
    if total.path:
        yield f"\nA longest path: {markdown_text(', '.join(total.path))}."
    if total.section is not None:
        yield f"\n{markdown_text(only_text(made, total))}:\n"
        yield _code_grid(HEADERS, list(_section_rows(total.section)))
        yield from (f"\n{markdown_text(remark)}." for remark in total.section.remarks)
    elif total.parts:
        runs = part_runs(made, total)
        rows = [
            (run.path, run.kind, *([str(run.times)] if repeated(runs) else []), value_text(run.value), run.share)
            for run in runs
        ]
        headers = ("part", "kind", *(["times"] if repeated(runs) else []), quantity.name, "share")
        yield ""
        yield grid(headers, rows, "markdown", numeric=range(2, len(headers)))
    for told in (rounded_text(total), largest_text(made, total).replace(TIED, " ")):
        if told:
            yield f"\n{markdown_text(told)}."


# JSON


def _json(made: Explanation) -> str:
    data: dict[str, Any] = about(made.report)
    if made.path:
        data["path"] = made.path
    if made.layer is not None:
        own = made.layer.node.layer
        data |= {"kind": made.layer.kind, "title": title(made.layer), "source": own.source}
        data |= {"inputs": [[plain(size) for size in shape.axes] for shape in made.layer.inputs]}
        data |= {"sections": [_section_data(section) for section in made.sections]}
        data |= {"losses": [_loss_data(loss) for loss in made.losses]}
        data["legend"] = _legend_data(made.legend)
    if made.totals:
        data["totals"] = [_total_data(total) for total in made.totals]
    return json.dumps({**data, "remarks": list(made.remarks)}, indent=1)


def _section_data(section: Section) -> dict[str, Any]:
    return {
        "quantity": section.quantity,
        "value": plain(section.value),
        "rules": [_rule_data(rule) for rule in section.rules],
        "remarks": list(section.remarks),
    }


def _rule_data(rule: Rule) -> dict[str, Any]:
    data = {"name": rule.name, "rule": rule.names, "numbers": rule.numbers, "value": plain(rule.value)}
    return {**{key: value for key, value in data.items() if value != ""}, "latex": " = ".join(sides_of(rule))}


def _loss_data(loss: Loss) -> dict[str, Any]:
    data = {name: getattr(loss, name) for name in ("axis", "place", "size", "rest", "dropped", "unread")}
    data = {
        name: plain(value)
        for name, value in {**data, "shared": loss.shared, "gaps": list(loss.gaps)}.items()
        if value is not None
    }
    if loss.exact_where is not None:
        data["exact_where"] = {**loss.exact_where._asdict(), "values": list(loss.exact_where.values)}
    for name, found in (("inputs", loss.inputs), ("pads", loss.pads), ("strides", loss.strides)):
        data[name] = [{"value": plain(value), "output": plain(output)} for value, output in found]
    return data


def _legend_data(legend: Legend) -> dict[str, Any]:
    return {name: {"is": meaning, "value": plain(value)} for name, meaning, value in legend}


def _total_data(total: Total) -> dict[str, Any]:
    quantity = total.quantity
    data: dict[str, Any] = {
        "quantity": quantity.name, "unit": quantity.unit, "description": quantity.description,
        "convention": convention_of(quantity.name), "value": plain(total.value),
    }  # fmt: skip
    if total.rule is not None:
        data["rule"] = total.rule.names
    if total.path:
        data["path"] = list(total.path)
    if total.section is not None and total.layer is not None:
        data |= {"layer": total.layer.path, "repeat": plain(total.layer.repeat)}
        data |= {"rules": list(map(_rule_data, total.section.rules)), "legend": _legend_data(total.legend)}
    for name, parts in (("parts", total.parts), ("largest", total.largest)):
        data[name] = [{"path": part.path, "kind": part.kind, "value": plain(part.value)} for part in parts]
    return data


FORMATS: dict[str, Callable[[Explanation], str]] = {
    "text": _text, "markdown": _markdown, "latex": latex, "json": _json,
}  # fmt: skip
