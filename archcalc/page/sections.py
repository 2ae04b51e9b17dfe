"""The parts of a page as HTML, with the numbers of the network as it was asked for; the script replaces them.

An element that shows a number says by its data which one: `data-cell="macs 3 12"` the MACs of the layers 3 to 12,
`data-shape="12"` the output of layer 12, `data-total="macs"` the MACs of the network. A row of the table says its
layers, its columns the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from .. import dims
from ..draw.blocks import fragment
from ..draw.diagram import caption_parts, diagram_of
from ..partition import Plan
from ..quantities import NAMES
from ..render.rows import Row, nested, number_text
from ..report import LayerReport, Report
from .choices import Choices, Slider, shown_value
from .model import TOTALS, Sheet

SHOWN = {"parameters": "parameters", "macs": "MACs", "flops": "FLOPs", "activations": "activations"}
BYTES = {
    "parameter_bytes": "bytes of the parameters",
    "buffer_bytes": "bytes of the buffers",
    "activation_bytes": "bytes of the activations of one image",
    "batch_activation_bytes": "bytes of the whole batch's activations",
    "peak_activation_bytes": "the most bytes of tensors at once at inference, of the batch",
    "inference_memory": "parameters, buffers and that peak",
}
DRAWN = 1500  # layers; a larger network has a table, but no diagram


def _number(value: Any) -> str:
    """A count as the page shows it; nothing where it is a formula, which the script fills in."""
    return number_text(value) if type(value) is int else ""


def structure(report: Report, plan: Plan | None, sheet: Sheet, base: Report | None, first: Mapping[str, Any]) -> str:
    """All of one network: the diagram, the table of its layers, memory and partition.

    `base` has the `first` numbers, which then stand in the text; else the script puts all of them there.
    """
    shown = base or report
    parts = [_diagram(report, plan, sheet, shown, first), _layers(shown), _heads(shown), _MEMORY, _partition(plan)]
    return "\n".join(part for part in parts if part)


def _diagram(report: Report, plan: Plan | None, sheet: Sheet, shown: Report, first: Mapping[str, Any]) -> str:
    """The blocks of the network; numbers in their captions follow the sliders."""

    def caption(layer: LayerReport) -> str:
        return "".join(_part(sheet, part, first) for part in caption_parts(report.layers[layer.node.number]))

    drawn = "" if len(report.layers) > DRAWN else fragment(diagram_of(shown, plan=plan), caption)
    return f"<details class=diagram open><summary><h3>Diagram</h3></summary>\n{drawn}\n</details>" if drawn else ""


def _part(sheet: Sheet, part: Any, first: Mapping[str, Any]) -> str:
    """A part of a caption: a text, or a number that changes."""
    if isinstance(part, str) or not dims.is_number(part) or not dims.is_symbolic(part):
        return escape(str(part))
    return f'<span data-number="{sheet(part)}">{dims.substitute(part, first)}</span>'


_MEMORY = """<h3>Memory at inference</h3>
<p class="peak"></p>"""

_TOOLS = """<p class="tools"><label>Filter <input class="filter" type="search" placeholder="path or kind"></label>
<label><input class="with-formulas" type="checkbox"> formulas</label>
<button type="button" data-fold="none">Unfold all</button> <button type="button" data-fold="all">Fold all</button>
<button type="button" data-copy="markdown">Copy as Markdown</button>
<button type="button" data-copy="latex">LaTeX</button>
<button type="button" data-copy="csv">CSV</button></p>"""


def _layers(report: Report) -> str:
    """The table of layers; levels stand above what they hold."""
    body = "\n".join(_row(row, depth, is_level) for row, depth, is_level in nested(report))
    names = (*SHOWN.values(), "field", "bytes in memory")
    heads = "".join(f'<th class="number" scope="col">{name}</th>' for name in names)
    return f"""<h3>Layers</h3>
{_TOOLS}
<div class="archcalc">
<table class="layers" aria-label="layers of {escape(report.name)}">
<thead><tr><th scope="col">layer</th><th scope="col">kind</th><th scope="col">output</th>{heads}</tr></thead>
<tbody>
{body}
</tbody>
</table>
</div>"""


def _row(row: Row, depth: int, is_level: bool) -> str:
    """A row; what its cells show follows from their columns and the layers that the row says."""
    first, last = row.layers[0].node.number, row.layers[-1].node.number
    end = row.counted[-1].node.number
    level, dot, name = row.path.rpartition(".")
    within = f'<span class="within">{escape(level)}{dot}</span>' if level else ""
    is_numeric = not any(map(dims.is_symbolic, row.output.axes))
    texts = [
        str(row.output) if is_numeric else "",
        *(_number(row.quantity(name)) if is_numeric else "" for name in SHOWN),
    ]
    cells = "".join(f"<td>{text}</td>" for text in (*texts, "", ""))
    kind = ' class="level"' if is_level else ""
    return (
        f'<tr{kind} data-depth="{depth}" data-layers="{first} {last} {end}">'
        f'<td class="path" role="rowheader" style="--depth: {depth}">'
        f"{within}{escape(name)}</td><td>{escape(row.kind)}</td>{cells}</tr>"
    )


def _heads(report: Report) -> str:
    """The side outputs, which totals leave out."""
    lines = []
    for head in report.heads:
        numbers = [layer.node.number for layer in report.layers if layer.head == head]
        span = f"{numbers[0]} {numbers[-1]}"
        cells = (f'<b data-cell="{name} {span}"></b> {SHOWN[name]}' for name in ("parameters", "macs"))
        lines.append(f"<li>head {escape(head)}, not in the totals: {', '.join(cells)}</li>")
    return f"<ul>{''.join(lines)}</ul>" if lines else ""


def _partition(plan: Plan | None) -> str:
    """What each device holds and does, and what crosses; numbers are filled in from the model's partition."""
    if plan is None:
        return ""
    heads = ("images", "parameters", "MACs of a step", "activations of a step")
    shares = "".join(
        f"<tr><td>{share.number}</td><td>{escape(share.holds)}</td>"
        + "".join(f'<td class="number" data-share="{place} {column}"></td>' for column in range(len(heads)))
        + "</tr>"
        for place, share in enumerate(plan.shares)
    )
    crossings = "".join(
        f"<tr><td>{escape(crossing.before)}</td><td>{escape(crossing.tensor)}</td>"
        f"<td>{crossing.source} to {crossing.target}</td>"
        f'<td class="number" data-crossing="{place}"></td><td class="number" data-moved="{place}"></td></tr>'
        for place, crossing in enumerate(plan.crossings)
    )
    crossed = (
        f"""<table class="plain"><thead><tr><th>before</th><th>tensor</th><th>from</th>
<th class="number">values of a step</th><th class="number">bytes of a step</th></tr></thead>
<tbody>{crossings}</tbody></table>"""
        if crossings
        else "<p>No values cross between devices in the forward pass.</p>"
    )
    named = "".join(f'<th class="number">{name}</th>' for name in heads)
    facts = f"{plan.devices} devices by {plan.scheme}"
    if plan.scheme == "pipeline" or plan.request.scheme == "auto":
        facts += ", chosen for the numbers that the page began with"
    return f"""<h3>Partition</h3>
<p>{facts}; the colours in the diagram are the devices. <b class="only"></b></p>
<div class="wide"><table class="plain"><thead><tr><th>device</th><th>holds</th>{named}</tr></thead>
<tbody>{shares}</tbody></table>
{crossed}</div>"""


MAIN = ("parameters", "macs", "flops", "activations", "depth", "inference_memory")


def totals(bases: Sequence[Report]) -> str:
    """Every quantity of the networks side by side, with the formula of each, and ratios to the first."""
    others = [name for name in (*TOTALS, *BYTES) if name not in MAIN]
    return f"""<section id="totals"{' class="several"' if len(bases) > 1 else ""}>
<h2>Totals</h2>
{_totals(bases, MAIN)}
<details><summary>{len(others)} more quantities</summary>
{_totals(bases, others)}
</details>
</section>"""


def _totals(bases: Sequence[Report], names: Sequence[str]) -> str:
    """A table of some of the totals."""
    heads = "".join(
        f'<th class="number" scope="col">{escape(base.name)}</th><th scope="col">formula</th>'
        + ('<th class="number" scope="col">ratio</th>' if number else "")
        for number, base in enumerate(bases)
    )
    rows = "\n".join(_total(bases, name) for name in names)
    return f"""<div class="wide"><table class="plain"><thead><tr><th scope="col">quantity</th>{heads}</tr></thead>
<tbody>
{rows}
</tbody></table></div>"""


def _total(bases: Sequence[Report], name: str) -> str:
    """A quantity of each network."""
    about = NAMES[name].description if name in NAMES else BYTES[name]
    cells = []
    for number, base in enumerate(bases):
        value = _number(base[name]) if name in NAMES else ""
        cells.append(f'<td class="number" data-network="{number}"><span data-total="{name}">{value}</span></td>')
        cells.append(f'<td data-network="{number}"><code data-formula="{name}" tabindex="0"></code></td>')
        if number:
            cells.append(f'<td class="number" data-ratio="{number} {name}"></td>')
    return f'<tr><th scope="row" title="{escape(about)}">{name}</th>{"".join(cells)}</tr>'


def controls(
    found: Sequence[Choices], sliders: Sequence[Sequence[Slider]], dtypes: Mapping[str, int], dtype: str
) -> str:
    """Sliders, menus and the dtype; networks share the sliders of one name."""
    shared: dict[str, list[Slider]] = {}
    for slider in (slider for own in sliders for slider in own):
        shared.setdefault(slider.name, []).append(slider)
    parts = [_slider(own) for own in shared.values()]
    options = "".join(f"<option{' selected' if name == dtype else ''}>{name}</option>" for name in dtypes)
    parts.append(f'<label>dtype <select id="dtype">{options}</select></label>')
    for number, one in enumerate(found):
        parts.extend(_menus(one, number, len(found) > 1))
    return f"""<form id="controls" aria-label="Settings" onsubmit="return false">
{chr(10).join(parts)}
<span class="buttons"><button type="button" id="reset">Reset</button>
<button type="button" id="link">Copy link</button></span>
</form>"""


WORDS = {"N": "batch N", "H": "height H", "W": "width W", "D": "depth D"}


def _slider(sliders: Sequence[Slider]) -> str:
    """A range, and beside it a field for any number; where networks begin with different ones, it says them."""
    name, value = escape(sliders[0].name), sliders[0].value
    if sliders[0].is_ratio:
        limits = f'min="0.05" max="{max(2 * float(value), 1):g}" step="0.05" value="{float(value):g}"'
    else:
        limits = f'min="1" max="{max(4 * value, 64) if value < 64 else 2 * value}" step="1" value="{value}"'
    label = WORDS.get(sliders[0].name, sliders[0].name)
    first = list(dict.fromkeys(shown_value(slider.value) for slider in sliders))
    shown = f'value="{first[0]}"' if len(first) == 1 else f'placeholder="{", ".join(first)}"'
    return (
        f'<div class="slider"><label for="slider-{name}">{escape(label)}</label>'
        f'<input type="range" id="slider-{name}" data-name="{name}" {limits}>'
        f'<input type="text" inputmode="decimal" size="7" data-name="{name}" aria-label="{escape(label)}" '
        f"{shown}></div>"
    )


def _menus(one: Choices, number: int, several: bool) -> Iterator[str]:
    """The variants of the file, and one menu for each setting that makes another network."""
    menus = []
    if one.variants:
        names = "".join(f"<option>{escape(name)}</option>" for name in one.variants)
        menus.append(f'<label>variant <select data-variants><option value="">choose</option>{names}</select></label>')
    for menu in one.menus:
        options = "".join(f"<option>{escape(shown_value(value))}</option>" for value in menu.values)
        menus.append(f'<label>{escape(menu.name)} <select data-menu="{escape(menu.name)}">{options}</select></label>')
    if menus:
        name = f"<b>{escape(one.base.name)}</b> " if several else ""
        yield f'<div class="menus" data-network="{number}">{name}{" ".join(menus)}</div>'


def left_out(one: Choices) -> str:
    """What cannot be changed on the page, and why."""
    lines = [f"<li>{escape(name)} is fixed: {escape(why)}</li>" for name, why in one.fixed.items()]
    if one.left_out:
        told = "; ".join(map(escape, one.left_out))
        lines.append(f"<li>not on this page, for its size: {told}; a page written with --set has it</li>")
    return f"<ul class=left-out>{''.join(lines)}</ul>" if lines else ""
