"""A self-contained HTML page with the layer table."""

from __future__ import annotations

from html import escape

from ..report import Report
from .rows import Options, table
from .text import CONVENTION, facts, heading, input_line

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1c1c1c }
table { border-collapse: collapse; width: 100% }
th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid #e4e4e4; white-space: nowrap }
th { position: sticky; top: 0; background: #fff; border-bottom: 2px solid #1c1c1c }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
tfoot td { font-weight: 600; border-top: 2px solid #1c1c1c; border-bottom: 0 }
tbody tr:hover { background: #f5f7fa }
p.cite, ul { color: #555 }
"""


def html(report: Report, options: Options) -> str:
    """The page."""
    made = table(report, options)
    kinds = [' class="number"' if numeric else "" for numeric in made.numeric]

    def line(tag: str, cells: tuple[str, ...]) -> str:
        inner = "".join(f"<{tag}{kind}>{escape(cell)}</{tag}>" for cell, kind in zip(cells, kinds, strict=True))
        return f"<tr>{inner}</tr>"

    body = "\n".join(line("td", cells) for cells in made.cells)
    notes = "\n".join(f"<li>{escape(fact)}</li>" for fact in (*facts(report, options), CONVENTION))
    title = escape(heading(report))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{title}</h1>
<p class="cite">{escape(report.graph.spec.cite)}</p>
<p>{escape(input_line(report))}</p>
<table>
<thead>
{line("th", made.headers)}
</thead>
<tbody>
{body}
</tbody>
<tfoot>
{line("td", made.total)}
</tfoot>
</table>
<ul>
{notes}
</ul>
</body>
</html>"""
