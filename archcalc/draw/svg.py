"""The picture as SVG, complete in itself: no font, script or file from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files
from unicodedata import east_asian_width

from ..render.text import heading
from .diagram import COLOURS, Box, Diagram, colour, times, told
from .layout import Item, Layout, Link, Place, Segment, arrange

FONT = 11.0  # pixels of an em
LINE = 14.0
LONGEST = 48  # characters of a line; the tooltip has all
BOLD = 1.08  # times as wide as other letters
STRIPE = 5.0  # pixels of the colours of devices


def svg(diagram: Diagram) -> str:
    """The picture as the text of an SVG file.

    >>> import archcalc as ac
    >>> from archcalc.draw.diagram import diagram_of
    >>> svg(diagram_of(ac.analyze("mlp"))).count("<rect")
    5
    """
    return _Picture(diagram).text()


def text_width(text: str) -> float:
    """About how wide a text is, rather more than less, for fonts differ.

    >>> text_width("conv") < text_width("CONV") < text_width("卷积卷积")
    True
    """
    return FONT * sum(map(_advance, text))


def _advance(letter: str) -> float:
    if east_asian_width(letter) in "WF":
        return 1.0
    if letter in "ijlt.,:;|!'()[]{}f/ ":
        return 0.36
    return 0.85 if letter in "mwMW@%" else 0.68 if letter.isupper() else 0.58


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


class _Picture:
    """One run of `svg`."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self.boxes: dict[int, Box] = {}  # by the number of the item; frames have numbers below those of inputs
        self.carried: dict[int, list[str]] = {}  # the shapes that leave a box
        for edge in diagram.edges:
            shapes = self.carried.setdefault(edge.source, [])
            shapes += [edge.shape] if edge.shape not in shapes else []

    def text(self) -> str:
        layout = arrange([self.item(box) for box in self.diagram.boxes], [Link(*edge) for edge in self.diagram.edges])
        legend = list(self.legend(layout.height))
        width, height = max(layout.width, 130.0 if legend else 0.0), layout.height + LINE * len(legend)
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
            f"<title>{escape(heading(self.diagram.report))}</title>",
            f"<style>\n{(files(__package__) / 'drawing.css').read_text('utf-8')}</style>",
        ]
        for place in layout.places:
            lines.extend(self.frame(place) if place.item.children else self.box(place))
        lines.extend(map(_edge, layout.segments))
        lines.extend(self.shapes(layout))
        return "\n".join([*lines, *legend, "</svg>"])

    def item(self, box: Box) -> Item:
        """The size of a box, by what is written in it."""
        if box.children:
            number = -1_000_000 - len(self.boxes)
            self.boxes[number] = box
            children = tuple(map(self.item, box.children))
            return Item(number, 2 * BOLD * text_width(_title(box)) + 24, 0, children)  # edges come in beside the title
        self.boxes[box.number] = box
        lines = self.diagram.lines(box)
        width = BOLD * max(map(text_width, map(_cut, self.marked(box, lines)))) + 14 + (STRIPE if box.devices else 0)
        room = 2 * max((text_width(_cut(shape)) for shape in self.carried.get(box.number, ())), default=0.0) + 12
        return Item(box.number, max(width, 44.0), LINE * len(lines) + 8, (), room)

    def marked(self, box: Box, lines: list[str]) -> list[str]:
        """The lines of a box, with the number of its rounds behind the first."""
        return [lines[0] + times(box), *lines[1:]]

    def box(self, place: Place) -> Iterator[str]:
        box = self.boxes[place.item.number]
        kind = "input" if not box.layers else "weighted" if box.is_weighted else "plain"
        yield f'<g class="{kind}"><title>{escape(told(box))}</title>{_rectangle(place, 4)}'
        yield from self.stripe(box, place)
        lines = self.marked(box, self.diagram.lines(box))
        for number, line in enumerate(lines):
            is_name = ' class="name"' if number == 0 and (box.name or not box.layers) else ""
            x, y = place.x + place.width / 2 + (STRIPE / 2 if box.devices else 0), place.y + 15 + LINE * number
            yield f'<text x="{x:.1f}" y="{y:.1f}"{is_name}>{escape(_cut(line))}</text>'
        yield "</g>"

    def stripe(self, box: Box, place: Place) -> Iterator[str]:
        """The colours of the devices on which it runs."""
        height = place.height / max(len(box.devices), 1)
        for number, device in enumerate(box.devices):
            yield (
                f'<rect class="device" style="fill: {colour(device)}" x="{place.x:.1f}" '
                f'y="{place.y + number * height:.1f}" width="{STRIPE:.0f}" height="{height:.1f}"/>'
            )

    def frame(self, place: Place) -> Iterator[str]:
        box = self.boxes[place.item.number]
        yield f'<g class="frame"><title>{escape(told(box))}</title>{_rectangle(place, 6)}'
        yield f'<text x="{place.x + 7:.1f}" y="{place.y + 14:.1f}">{escape(_title(box))}</text></g>'

    def shapes(self, layout: Layout) -> Iterator[str]:
        """The shape beside the beginning of each edge, once for each box."""
        for place in layout.places:
            for number, shape in enumerate(self.carried.get(place.item.number, ())):
                x, y = place.x + place.width / 2 + 5, place.y + place.height + 12 + LINE * number
                text = f"<title>{escape(shape)}</title>{escape(_cut(shape))}"
                yield f'<text class="shape" x="{x:.1f}" y="{y:.1f}">{text}</text>'

    def legend(self, y: float) -> Iterator[str]:
        """What the colours mean."""
        for number, device in enumerate(range(1, min(self.diagram.devices, len(COLOURS)) + 1)):
            told = f"device {device}" + (", and so on" if device == len(COLOURS) < self.diagram.devices else "")
            at = y + LINE * number
            yield (
                f'<rect class="device" style="fill: {colour(device)}" x="10" y="{at:.1f}" width="10" height="10"/>'
                f'<text class="legend" x="26" y="{at + 9:.1f}">{told}</text>'
            )


def _title(box: Box) -> str:
    return _cut((box.name + times(box)).strip())


def _rectangle(place: Place, radius: int) -> str:
    x, y, width, height = (f"{value:.1f}" for value in place[1:])
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>'


def _edge(part: Segment) -> str:
    """Straight down beside what is higher, then in a curve; a head where it ends in a box."""
    middle = (part.bend + part.y1) / 2
    stop = part.y1 - (4 if part.ends else 0)
    path = f"M{part.x0:.1f} {part.y0:.1f}V{part.bend:.1f}"
    straight = abs(part.x0 - part.x1) < 0.05
    path += (
        f"V{stop:.1f}"
        if straight
        else f"C{part.x0:.1f} {middle:.1f} {part.x1:.1f} {middle:.1f} {part.x1:.1f} {stop:.1f}"
    )
    head = f'<path class="head" d="M{part.x1:.1f} {part.y1:.1f}l-3.5 -6h7z"/>' if part.ends else ""
    return f'<path class="edge" d="{path}"/>{head}'
