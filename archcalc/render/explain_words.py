"""What explanations say in every format: headings, losses, legends, contributors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

from .. import dims
from ..conditions import Condition
from ..explain import CONVENTIONS, Explanation
from ..explain.exactness import Loss
from ..explain.parts import Legend, Section
from ..explain.residues import Residues
from ..explain.totals import Part, Total
from ..layers import Layer
from ..layers.fields import FlagField, PerAxisField, TableField
from ..reference import first_line
from ..report import LayerReport
from ..shapes import Shape
from .rows import number_text
from .text import heading, input_line

TIED = "\N{NO-BREAK SPACE}"
LEAST_RUN = 3  # equal parts that are told together


def value_text(value: Any) -> str:
    """A number with thousands separated, an expression as it is, sizes with x between."""
    return str(Shape(value)) if isinstance(value, tuple) else number_text(value)


class Prose(NamedTuple):
    """How a form of output writes what stands in sentences: words, numbers, shapes, residues and conditions."""

    text: Callable[[str], str] = str
    number: Callable[[Any], str] = str
    shape: Callable[[tuple[Any, ...]], str] = lambda axes: str(Shape(axes))
    residues: Callable[[Residues], str] = str
    condition: Callable[[Condition], str] = str


PLAIN = Prose()


def head(made: Explanation, prose: Prose = PLAIN) -> list[str]:
    """What is explained, in lines: the layer or level and the network; the docstring and source of a kind."""
    network = [heading(made.report), *([made.report.graph.spec.cite] if made.report.graph.spec.cite else [])]
    remarks = map(prose.text, made.remarks)
    if made.layer is None:
        named = [f"{made.path} of {network[0]}", *network[1:]] if made.path else network
        return [*map(prose.text, [*named, input_line(made.report)]), *remarks]
    own = made.layer.node.layer
    source = [f"source: {own.source}"] if own.source else []
    what = f"{prose.text(made.path)}: {title(made.layer, prose)}"
    return [what, *map(prose.text, [first_line(type(own)), *source]), *remarks]


def title(layer: LayerReport, prose: Prose = PLAIN) -> str:
    """A layer in a line: `conv, filters 96, kernel 11x11, stride 4, on 3x227x227`."""
    own = layer.node.layer
    shapes = ", ".join(prose.shape(shape.axes) for shape in layer.inputs)
    return f"{', '.join([prose.text(own.kind), *_fields_text(own, prose)])}, on {shapes}"


def _fields_text(layer: Layer, prose: Prose) -> Iterator[str]:
    given = layer.arguments()
    for name in [*(name for name in layer.required() if name in given), *given]:
        if name not in given:
            continue
        value = given.pop(name)
        field = layer.schema[name]
        if isinstance(field, FlagField):
            yield prose.text(name if value else f"no {name}")
        elif isinstance(field, TableField):
            crosses = sum(row.count("X") for row in value)
            yield prose.text(f"{name} a table of {len(value)}x{len(value[0])} with {crosses} X")
        elif isinstance(field, PerAxisField) and name == "kernel":
            yield f"{prose.text(name)} {prose.shape(value)}"
        elif dims.is_number(value):
            yield f"{prose.text(name)} {prose.number(value)}"
        else:
            yield prose.text(f"{name} {field.written(value)}")


def facts(made: Explanation, prose: Prose = PLAIN) -> Iterator[str]:
    """The lines beneath."""
    yield from (f"assumes {prose.condition(assumption)}" for assumption in made.assumptions)


def losses_text(losses: Sequence[Loss], prose: Prose = PLAIN) -> list[str]:
    """Sentences on what the rounding of sizes loses; axes that lose the same are told together."""
    told: dict[tuple[Any, ...], list[Loss]] = {}
    for loss in losses:
        same = replace(loss, axis=0, place="")
        told.setdefault(tuple(map(str, vars(same).values())), []).append(loss)
    return [_loss_text(group[0], " and ".join(f"{loss.place}s" for loss in group), prose) for group in told.values()]


def _loss_text(loss: Loss, places: str, prose: Prose) -> str:
    what = _remainder_text(loss, prose) if dims.is_symbolic(loss.rest) else _what_is_lost(loss, prose)
    exact = [
        _neighbours_text(word, found)
        for word, found in (("an input of", loss.inputs), ("pad", loss.pads), ("stride", loss.strides))
        if found
    ]
    return "; exact would be ".join([f"{places}: {what}", *(["; ".join(exact)] if exact else [])])


def _remainder_text(loss: Loss, prose: Prose) -> str:
    """What is lost as a formula, and where that is nothing."""
    own = "all" if dims.same(loss.rest, loss.dropped) else f"{prose.number(loss.dropped or 'none')} of them"
    told = [f"{prose.number(loss.rest)} lie behind the last window, {own} of the input"]
    where = loss.exact_where
    if where is None:
        told.append("the division is exact where this is 0")
    else:
        told.append(
            f"the division is exact where {prose.residues(where)}" if where.values else "the division is never exact"
        )
    return "; ".join([*told, *_unread_text(loss, prose)])


def _what_is_lost(loss: Loss, prose: Prose) -> str:
    if loss.shared:
        return (
            f"{loss.shared} of {prose.number(loss.size)} {'is' if loss.shared == 1 else 'are'} read by several windows"
        )
    told = []
    unread = list(_unread_text(loss, prose))
    if loss.rest < 0:
        lost = "" if unread else "; nothing is lost"
        told.append(f"the last window reaches {-loss.rest} beyond the input and its zeros{lost}")
    elif loss.rest:
        told.append(f"the division leaves {loss.rest} behind the last window")
    if loss.rest and loss.dropped:
        told.append(
            f"{loss.dropped} of the {prose.number(loss.size)} of the input {'is' if loss.dropped == 1 else 'are'} lost"
        )
    elif loss.rest > 0:
        lost = "none of the input" if unread else "no input is lost"
        told.append(f"which {'is' if loss.rest == 1 else 'are'} of the zeros: {lost}")
    return ", ".join([*told, *unread])


def _unread_text(loss: Loss, prose: Prose) -> Iterator[str]:
    """How many positions no window reads where not all of them lie behind the last one."""
    why = f"read by no window, for {' and '.join(loss.gaps)}"
    if loss.gaps and loss.unread is None:
        yield f"others are {why}"
    elif loss.unread is not None and loss.unread != loss.dropped:
        in_all = " in all" if loss.dropped else ""
        yield f"{loss.unread} of {prose.number(loss.size)}{in_all} {'is' if loss.unread == 1 else 'are'} {why}"


def _neighbours_text(word: str, found: Sequence[tuple[Any, Any]]) -> str:
    return f"{word} " + " or ".join(f"{value} (output {output})" for value, output in found)


def legend_texts(legend: Legend) -> list[str]:
    """What letters mean, those of one thing together: `H, W: height, width of the input`."""
    groups: dict[str, tuple[list[str], list[str], str]] = {}
    for name, meaning, _ in legend:
        before, along, axis = meaning.partition(" along the ")
        what, of, whose = meaning.partition(" of the ")
        if along:
            key, word, form = f"along {before}", axis, f"{before} along the {{}}"
        elif of and " " not in what:
            key, word, form = f"of {whose}", what, f"{{}} of the {whose}"
        else:
            key, word, form = name, meaning, "{}"
        names, words, _form = groups.setdefault(key, ([], [], form))
        names.append(name)
        words.append(word)
    return [f"{', '.join(names)}: {form.format(', '.join(words))}" for names, words, form in groups.values()]


def legend_of(made: Explanation) -> Legend:
    """All that letters mean, of layers that totals go down to as well."""
    entries = [*made.legend, *(entry for total in made.totals for entry in total.legend)]
    return tuple({entry[:2]: entry for entry in entries}.values())


def within(made: Explanation, part: Part | LayerReport) -> str:
    """The path of a part as seen from the level that is explained; the join itself of one that holds branches."""
    return "itself" if part.path == made.path else part.path.removeprefix(f"{made.path}.")


def only_text(made: Explanation, total: Total) -> str:
    """The single layer that a total comes from, and how often it stands there."""
    if total.layer is None:
        return ""
    repeat, where = total.layer.repeat, within(made, total.layer)
    return f"all of {where}" if dims.same(repeat, 1) is True else f"{repeat} times that of {where}"


class PartRun(NamedTuple):
    """Parts one behind the other that add the same, of one kind."""

    path: str
    kind: str
    times: int
    value: Any
    share: str


def part_runs(made: Explanation, total: Total) -> list[PartRun]:
    """The parts of a total; three or more equal ones in a row together."""
    runs = []
    for _, group in groupby(total.parts, key=lambda part: (part.kind, str(part.value))):
        parts = list(group)
        if len(parts) < LEAST_RUN:
            runs += [PartRun(within(made, part), part.kind, 1, part.value, percent(part)) for part in parts]
            continue
        path = f"each of {within(made, parts[0])} to {within(made, parts[-1])}"
        runs.append(PartRun(path, parts[0].kind, len(parts), parts[0].value, percent(parts[0])))
    return runs


def repeated(runs: Sequence[PartRun]) -> bool:
    """Whether some stand for several parts."""
    return any(run.times > 1 for run in runs)


def convention_of(quantity: str) -> str:
    """Where the documentation says what a quantity counts."""
    return CONVENTIONS[quantity]


def largest_text(made: Explanation, total: Total) -> str:
    """The layers that add most, with spaces that are tied."""
    if total.quantity.unit == "layers" or not total.largest or len(total.parts) < 2:
        return ""
    told = (f"{within(made, part)} {part.value:,} ({percent(part)})" for part in total.largest)
    return "most: " + ", ".join(part.replace(" ", TIED) for part in told)


def rounded_text(total: Total) -> str:
    """Why the parts are more than the total, where they are."""
    values = [part.value for part in total.parts]
    if all(type(value) is int for value in [*values, total.value]) and values and sum(values) != total.value:
        return "bits are added up before they are rounded up to bytes"
    return ""


def percent(part: Part) -> str:
    """The share of the total, to a decimal; nothing where symbols are."""
    if part.share is None:
        return ""
    tenths = (2000 * part.share.numerator + part.share.denominator) // (2 * part.share.denominator)
    return f"{tenths // 10}.{tenths % 10}%"


def is_one_line(section: Section) -> bool:
    """Whether a section is a single rule of its own name."""
    return len(section.rules) == 1 and section.rules[0].name == section.quantity
