"""The layer table as HTML: a part of a page, which folds and sorts, or a page of its own.

Nothing is loaded from elsewhere. Style and script stand in `assets`; without the script every row is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files

from ..report import Report
from .page import page
from .rows import PLAIN, Options, Style, Table, cells_of, columns, nested, rows, table
from .text import CONVENTION, facts, heading, input_line


def html(report: Report, options: Options) -> str:
    """A page of its own."""
    return page(heading(report), fragment(report, options))


def fragment(report: Report, options: Options | None = None) -> str:
    """The table with what stands above and beneath it, for a page or a notebook.

    Levels stand above their layers and can be folded, unless the options cut, fold or sort the rows.
    """
    options = options or Options()
    made = table(report, options)
    spec = report.graph.spec
    about = [input_line(report), *([spec.cite] if spec.cite else [])]
    body = "\n".join(_rows(report, options, made))
    notes = "\n".join(f"<li>{escape(fact)}</li>" for fact in (*facts(report, options), CONVENTION))
    return f"""<div class="archcalc">
<style>
{_asset("table.css")}</style>
<table>
<caption><b>{escape(heading(report))}</b>{"<br>".join(map(escape, about))}</caption>
<thead>
<tr>{_line("th", made.headers, made)}</tr>
</thead>
<tbody>
{body}
</tbody>
<tfoot>
<tr>{_line("td", made.total, made)}</tr>
</tfoot>
</table>
<ul>
{notes}
</ul>
<script>
{_asset("table.js")}archcalcTables(document);</script>
</div>"""


def _asset(name: str) -> str:
    return (files(__package__) / "assets" / name).read_text("utf-8")


RAW = Style(lambda value, units: str(value), str)  # what cells are sorted by


def _rows(report: Report, options: Options, made: Table) -> Iterator[str]:
    """Every row."""
    is_nested = options.depth is None and not options.fold and options.sort is None
    shown = columns(report, options)
    listed = nested(report) if is_nested else ((row, 0, False) for row in rows(report, options))
    for row, depth, is_level in listed:
        texts, values = (cells_of(row, shown, report, options, style) for style in (PLAIN, RAW))
        parts = list(map(_cell, made.numeric, texts, values))
        if "layer" in made.headers:
            parts[made.headers.index("layer")] = (
                f'<td class="path" style="--depth: {depth}">{_path(row.path, is_nested)}</td>'
            )
        kind = ' class="level"' if is_level else ""
        yield f'<tr{kind} data-depth="{depth}">{"".join(parts)}</tr>'


def _path(path: str, is_nested: bool) -> str:
    """A path; where it stands in its level that need not be said."""
    level, dot, name = path.rpartition(".") if is_nested else ("", "", path)
    within = f'<span class="within">{escape(level)}{dot}</span>' if level else ""
    return within + escape(name)


def _cell(numeric: bool, text: str, value: str) -> str:
    if not numeric:
        return f"<td>{escape(text)}</td>"
    return f'<td class="number" data-value="{escape(value)}">{escape(text)}</td>'


def _line(tag: str, texts: Iterable[str], made: Table) -> str:
    kinds = (' class="number"' if numeric else "" for numeric in made.numeric)
    return "".join(f"<{tag}{kind}>{escape(text)}</{tag}>" for text, kind in zip(texts, kinds, strict=True))
