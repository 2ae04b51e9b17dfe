"""The picture as HTML: levels that open, branches as columns, everything readable without a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from importlib.resources import files

from ..render.page import page
from ..render.text import heading, input_line
from ..report import LayerReport
from .diagram import Box, Diagram, colour, times, told

MANY = 60  # boxes; of a larger network levels within levels are closed at first


def html(diagram: Diagram) -> str:
    """A page with the picture."""
    about = escape(input_line(diagram.report))
    return page(
        heading(diagram.report),
        f"<h1>{escape(heading(diagram.report))}</h1>\n<p>{about}</p>\n{fragment(diagram)}",
    )


Caption = Callable[[LayerReport], str]


def fragment(diagram: Diagram, caption: Caption | None = None) -> str:
    """The picture as a part of a page; `caption` writes what a layer is where its numbers will change, as HTML.

    >>> import archcalc as ac
    >>> from archcalc.draw.diagram import diagram_of
    >>> fragment(diagram_of(ac.analyze("mlp"))).count('class="box')
    5
    """
    style = (files(__package__) / "blocks.css").read_text("utf-8")
    return (
        f'<div class="blocks">\n<style>\n{style}</style>\n' + "\n".join(_Blocks(diagram, caption).lines()) + "\n</div>"
    )


class _Blocks:
    """One run of `fragment`."""

    def __init__(self, diagram: Diagram, caption: Caption | None) -> None:
        self.diagram = diagram
        self.caption = caption
        self.is_small = sum(1 for _ in diagram.walk()) <= MANY
        self.sources: dict[int, list[int]] = {}
        for edge in diagram.edges:
            self.sources.setdefault(edge.target, []).append(edge.source)
        self.leaves = {box.number: box for box in diagram.walk() if not box.children}

    def lines(self) -> Iterator[str]:
        yield from self.rows(self.diagram.boxes, (), 0)

    def rows(self, boxes: Sequence[Box], entering: Sequence[int], level: int) -> Iterator[str]:
        """What stands in a level, from top to bottom; `entering` is what its first row reads."""
        reached = tuple(entering)
        for row in self.ranks(boxes):
            if len(row) > 1:
                yield '<div class="columns">'
            for box in row:
                yield from self.box(box, reached, level)
            if len(row) > 1:
                yield "</div>"
            reached = tuple(number for box in row for number in self.ends(box))

    def ranks(self, boxes: Sequence[Box]) -> Iterator[list[Box]]:
        """Boxes that do not read each other stand side by side."""
        row: list[Box] = []
        held: set[int] = set()
        for box in boxes:
            numbers = set(_numbers(box))
            if row and any(source in held for number in numbers for source in self.sources.get(number, ())):
                yield row
                row, held = [], set()
            row.append(box)
            held |= numbers
        yield row

    def ends(self, box: Box) -> Iterator[int]:
        """The layers at the end of a box: those that what stands below it reads as a matter of course."""
        if not box.children:
            yield box.number
        else:
            for last in list(self.ranks(box.children))[-1]:
                yield from self.ends(last)

    def box(self, box: Box, reached: tuple[int, ...], level: int) -> Iterator[str]:
        title = f' title="{escape(told(box) if self.caption is None else box.path or box.name)}"'
        if box.children:
            is_open = " open" if self.is_small or level == 0 else ""
            name = escape((box.name + times(box)).strip())
            more = "".join(f", {escape(line)}" for line in self.diagram.lines(box)[bool(box.name) :])
            yield f"<details{is_open}><summary{title}>{name} {_shape(box)}{more}</summary>"
            yield from self.rows(box.children, reached, level + 1)
            yield "</details>"
            return
        kind = " input" if not box.layers else " weighted" if box.is_weighted else ""
        lines = [*self.written(box), *(f"from {self.path_of(number)}" for number in self.far(box, reached))]
        layers = ""
        if box.layers:
            lines.append(_shape(box))
            layers = f' data-layers="{box.layers[0].node.number} {box.layers[-1].node.number} {box.last.node.number}"'
        yield f'<div class="box{kind}"{layers}{title}{_colours(box)}>{"<br>".join(lines)}</div>'

    def written(self, box: Box) -> list[str]:
        """The lines of a box: its name in bold, what it is, costs and crossings."""
        if not box.layers:
            return [f"<b>{escape(box.name)}</b>", f'<span data-shape="{box.number}">{escape(box.caption)}</span>']
        first, *others = map(escape, self.diagram.lines(box))
        if self.caption is not None and len(box.layers) == 1:
            what = self.caption(box.layers[0])
            first, others = (first, [what, *others[1:]]) if box.name else (what, others)
        first += escape(times(box))
        return [f"<b>{first}</b>" if box.name else first, *others]

    def far(self, box: Box, reached: tuple[int, ...]) -> Iterator[int]:
        """What a box reads that does not stand right above it."""
        return (source for source in self.sources.get(box.number, ()) if source not in reached)

    def path_of(self, number: int) -> str:
        return self.leaves[number].path or self.leaves[number].name


def _shape(box: Box) -> str:
    """What it makes; by its data a page that computes sizes anew finds it."""
    return f'<span class="shape" data-shape="{box.last.node.number}">{escape(str(box.output))}</span>'


def _numbers(box: Box) -> Iterator[int]:
    if not box.children:
        yield box.number
    for child in box.children:
        yield from _numbers(child)


def _colours(box: Box) -> str:
    """A stripe on the left in the colours of the devices."""
    if not box.devices:
        return ""
    share = 100 / len(box.devices)
    bands = [
        f"{colour(device)} {number * share:g}% {(number + 1) * share:g}%" for number, device in enumerate(box.devices)
    ]
    return f' style="border-left: 6px solid; border-image: linear-gradient({", ".join(bands)}) 1"'
