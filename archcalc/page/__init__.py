"""One interactive page for networks: complete in itself, its numbers computed by the reader's browser from formulas.

>>> from archcalc.network import load
>>> text = page([choices(load("lenet5"), {})], charts=False)
>>> text.startswith("<!DOCTYPE html>"), "60,000" in text  # its parameters
(True, True)
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from ..analysis import AXES, analyze, with_symbols
from ..errors import ArchcalcError, UsageError
from ..partition import Plan, plan
from ..render.page import page as framed
from ..render.text import heading, input_line
from ..report import BITS
from .choices import Choices, Slider, Structure, choices, shown_value
from .model import ADDED, COLUMNS, Sheet, model
from .sections import SHOWN, controls, left_out, structure, totals

__all__ = ["Choices", "choices", "page"]

SCRIPTS = ("engine", "state", "figures", "views", "controls", "layers", "field", "charts", "start")
READABLE = 300  # layers, of a network whose tables stand in the file as text; those of larger ones are packed
CONVENTION = (
    "Counts are for one image, except where a name says batch_. MACs are multiply-accumulates, biases not among them; "
    "FLOPs = 2 MACs + all other operations."
)

POINT = "Point at a number, or reach it with Tab and the arrow keys, to see its formula."


def page(networks: Sequence[Choices], *, charts: bool = True, partition: Mapping[str, Any] | None = None) -> str:
    """The page of one network, or of several that are compared in step.

    `partition` are settings of `archcalc.partition.plan`; without them the plan of the spec is shown, if it has one.
    Charts are drawn by Bokeh, which the page carries. Raises UsageError where that is not installed.
    """
    texts: dict[Any, str] = {}
    made = [_network(one, number, partition, charts, texts) for number, one in enumerate(networks)]
    sliders = [_used(one, data) for one, (data, _) in zip(networks, made, strict=True)]
    data = {
        "networks": [data for data, _ in made],
        "columns": COLUMNS,
        "shown": list(SHOWN),
        "added": ADDED,
        "dtype": networks[0].base.dtype,
        "dtypes": BITS,
    }
    first = networks[0].base
    title = heading(first) if len(networks) == 1 else " and ".join(one.base.name for one in networks)
    body = f"""<header><h1>{escape(title)}</h1></header>
{controls(networks, sliders, BITS, first.dtype)}
<p id="problems" role="alert" hidden></p>
<output id="formula" aria-live="polite">{POINT}</output>
<aside id="field-box" aria-live="polite" hidden>
<svg id="field-drawing" role="img" aria-label="receptive field on the input"></svg>
<p id="field-text"></p>
</aside>
<main>
{totals([one.base for one in networks])}
{chr(10).join(html for _, html in made)}
</main>
<footer><p>{CONVENTION}</p></footer>
<dialog id="copied" aria-label="Text to copy"><p></p>
<textarea rows="12" cols="80" readonly aria-label="text to copy"></textarea>
<form method="dialog"><button>Close</button></form></dialog>
<noscript><p>The numbers are those of the settings above; without a script they do not change.</p></noscript>
{_bokeh() if charts else ""}<script>
{_script(data, charts)}</script>"""
    return framed(title, body, f"<style>\n{_style()}</style>\n")


def _network(
    one: Choices, number: int, partition: Mapping[str, Any] | None, charts: bool, texts: dict[Any, str]
) -> tuple[dict[str, Any], str]:
    """What the script needs of a network, and its part of the page."""
    structures = []
    first = {slider.name: slider.value for slider in one.sliders}
    for place, made in enumerate(one.structures):
        over, unfollowed = _planned(one, made, partition)
        sheet, base = Sheet(), one.base if place == 0 else None
        structures.append(
            {
                "number": place,
                "values": [shown_value(value) for value in made.values],
                "html": structure(made.report, over, sheet, base, first),
                "model": model(made.report, over, unfollowed, sheet, texts, base),
            }
        )
    readable = structures[0]["html"]
    if len(one.base.layers) <= READABLE:
        structures[0]["html"] = None  # it stands in the page itself
    data = {
        "name": one.base.name,
        "menus": [{"name": menu.name, "values": [shown_value(value) for value in menu.values]} for menu in one.menus],
        "variants": [
            {
                "name": name,
                "menus": [shown_value(value) for value in row],
                "names": [[slider, shown_value(value)] for slider, value in names.items()],
            }
            for name, (row, names) in one.variants.items()
        ],
        "structures": structures,
    }
    base = one.base
    html = f"""<section class="network" data-network="{number}">
<h2>{escape(heading(base))}</h2>
<p><span class="about">{escape(input_line(base))}</span><br>{escape(base.graph.spec.cite)}</p>
{left_out(one)}
{CHARTS if charts else ""}
<div class="structure">
{readable if structures[0]["html"] is None else "<noscript>Its tables are drawn by the script.</noscript>"}
</div>
</section>"""
    return data, html


def _used(one: Choices, data: dict[str, Any]) -> list[Slider]:
    """The sliders of a network: of what its formulas or assumptions hold, in one structure or another."""
    names = {name for structure in data["structures"] for name in structure["model"]["names"]} | {"N"}
    used = [slider for slider in one.sliders if slider.name in names]
    data["sliders"] = [
        {"name": slider.name, "value": shown_value(slider.value), "isRatio": slider.is_ratio} for slider in used
    ]
    return used


CHARTS = """<div class="charts"><figure><div class="chart" data-chart="layers"></div>
<figcaption class="chart-settings"><label>show <select><option>parameters</option><option selected>macs</option>
<option>flops</option><option>activations</option></select></label>
<label><input type="checkbox"> log</label></figcaption></figure>
<figure><div class="chart" data-chart="memory"></div></figure>
<figure><div class="chart" data-chart="fields"></div></figure></div>"""


def _planned(one: Choices, made: Structure, settings: Mapping[str, Any] | None) -> tuple[Plan | None, list[str]]:
    """The plan in symbols, and the sliders that it does not follow; the scheme chooses for the first numbers.

    Of a network that was not asked for by itself, and of a partition that only the spec asks for, there may be none.
    """
    if settings is None and made.report.graph.spec.partition is None:
        return None, []
    let = {**one.let, **{menu.name: value for menu, value in zip(one.menus, made.values, strict=True)}}
    try:
        numbers = analyze(one.network, let=let, input=one.input, dtype=one.base.dtype)
        first = plan(numbers, **{**(settings or {}), "batch": one.base.batch})
        given = {**(settings or {}), "devices": first.devices, "scheme": first.scheme}
        if first.scheme == "pipeline":
            given["stages"] = [first.report.layers[min(share.runs)].path for share in first.shares[1:]]
        return _followed(one, made, let, given)
    except ArchcalcError:
        if made is one.structures[0] and settings is not None:
            raise
        return None, []


def _followed(
    one: Choices, made: Structure, let: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Plan, list[str]]:
    """The plan in as many symbols as the scheme allows: some deal out numbers of channels, which sizes may decide."""
    names = [slider.name for slider in one.sliders]
    for allowed in (names, [name for name in names if name in AXES], ["N"]):
        settings = with_symbols(one.network, allowed, let, one.input, one.base.batch)
        report = made.report if allowed is names else analyze(one.network, **settings)
        try:
            return plan(report, **{**given, "batch": report.batch}), [name for name in names if name not in allowed]
        except ArchcalcError:
            if allowed == ["N"]:
                raise
    raise AssertionError("the last of these raises")


def _script(data: Mapping[str, Any], charts: bool) -> str:
    """The script of the page; its data are packed, for the rows of tables are much alike."""
    packed = gzip.compress(json.dumps(data, separators=(",", ":")).encode(), 6, mtime=0)
    parts = [f"{name}.js" for name in SCRIPTS if charts or name != "charts"]
    return f"""(async () => {{
const packed = Uint8Array.from(atob("{base64.b64encode(packed).decode()}"), (letter) => letter.charCodeAt(0));
const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
const archcalcData = await new Response(unpacked).json();
{_asset("archcalc.render", "table.js")}
{chr(10).join(_asset(__package__, part) for part in parts)}
}})();
"""


def _style() -> str:
    return _asset("archcalc.render", "table.css") + _asset(__package__, "page.css")


def _asset(package: str, name: str) -> str:
    return (files(package) / "assets" / name).read_text("utf-8")


def _bokeh() -> str:
    """The script of Bokeh that its Python package carries; UsageError where it is not installed."""
    try:
        folder = files("bokeh") / "server" / "static" / "js"
        scripts = [(folder / name).read_text("utf-8") for name in ("bokeh.min.js", "bokeh-api.min.js")]
    except (ModuleNotFoundError, FileNotFoundError):
        raise UsageError(
            "charts need bokeh: pip install 'archcalc[report]'; or write the page without them: --no-charts"
        ) from None
    return "".join(
        f"<script>\n{script.replace('</script', '<' + chr(92) + '/script')}\n</script>\n" for script in scripts
    )
