"""The difference of two layer tables, row by row."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import NamedTuple

from ..errors import UsageError
from ..report import LayerReport, Report

MAX_ROWS = 2_000  # the search takes the square of them


class Line(NamedTuple):
    """A row of the first table, of the second, or of both where kind, output and parameters are equal."""

    first: LayerReport | None
    second: LayerReport | None

    @property
    def mark(self) -> str:
        """A blank for a row of both, - of the first only, + of the second only."""
        return "-" if self.second is None else "+" if self.first is None else " "

    @property
    def layer(self) -> LayerReport:
        """The row's layer."""
        found = self.first or self.second
        assert found is not None
        return found


def difference(first: Report, second: Report) -> tuple[Line, ...]:
    """The rows of both tables, aligned; heads are left out. UsageError where there are too many.

    >>> from archcalc.analysis import analyze
    >>> lines = difference(analyze("vgg11"), analyze("vgg13"))
    >>> [line.layer.kind for line in lines if line.mark == "+"], any(line.mark == "-" for line in lines)
    (['conv', 'relu', 'conv', 'relu'], False)
    """
    for report in (first, second):
        if len(report.trunk) > MAX_ROWS:
            raise UsageError(f"{report.name} has {len(report.trunk):,} layers; rows are compared up to {MAX_ROWS:,}")
    rows, others = ([_key(layer) for layer in report.trunk] for report in (first, second))
    lines: list[Line] = []
    for tag, a, a_end, b, b_end in SequenceMatcher(None, rows, others, autojunk=False).get_opcodes():
        if tag == "equal":
            lines.extend(map(Line, first.trunk[a:a_end], second.trunk[b:b_end]))
        else:
            lines.extend(Line(layer, None) for layer in first.trunk[a:a_end])
            lines.extend(Line(None, layer) for layer in second.trunk[b:b_end])
    return tuple(_slid(lines))


def _slid(lines: list[Line]) -> list[Line]:
    """The lines with runs of one side moved down to begin with a weighted layer, where that is the same difference.

    Of conv, relu, conv, relu against conv, relu the second pair is what is more, not `relu, conv` in the middle.
    """
    start = 0
    while start < len(lines):
        stop = start
        while stop < len(lines) and lines[stop].mark == lines[start].mark:
            stop += 1
        if lines[start].mark != " ":
            at, end = start, stop
            while end < len(lines) and lines[end].mark == " " and not lines[at].layer.node.layer.weighted:
                if _key(lines[at].layer) != _key(lines[end].layer):
                    break
                at, end = at + 1, end + 1
            if at < end and lines[at].layer.node.layer.weighted:
                _slide(lines, start, stop, at - start)
                stop = end
        start = stop
    return lines


def _slide(lines: list[Line], start: int, stop: int, steps: int) -> None:
    """Move a run of one side down over as many equal rows."""
    is_first = lines[start].first is not None
    run = [line.layer for line in lines[start:stop]]
    passed = lines[stop : stop + steps]
    own = [*run, *((line.first if is_first else line.second) for line in passed)]
    other = [line.second if is_first else line.first for line in passed]
    both = list(zip(own, other, strict=False))
    moved = [Line(a, b) if is_first else Line(b, a) for a, b in both]
    alone = [Line(layer, None) if is_first else Line(None, layer) for layer in own[steps:]]
    lines[start : stop + steps] = [*moved, *alone]


def _key(layer: LayerReport) -> tuple[str, ...]:
    return (layer.kind, str(layer.output), str(layer.parameters), str(layer.repeat))
