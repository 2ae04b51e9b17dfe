"""The frame of every page that archcalc writes: complete in itself, light or dark as the reader's system."""

from __future__ import annotations

from html import escape

STYLE = (
    ":root { color-scheme: light dark } "
    "body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif }"
)


def page(title: str, body: str, head: str = "") -> str:
    """A page of this title.

    >>> page("a <b>", "<p>c</p>").splitlines()[5]
    '<title>a &lt;b&gt;</title>'
    """
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
{head}</head>
<body>
{body}
</body>
</html>"""
