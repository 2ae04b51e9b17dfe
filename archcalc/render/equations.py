r"""Equations in LaTeX that stay on the page: an `align*` whose lines are broken where operators are.

TeX breaks no displayed formula by itself, and only TeX knows how wide one is: widths are estimated, in digits.

>>> print(aligned([("macs", ["a + b", "3 + 4", "7"]), ("sum", [" + ".join(["10000 \\cdot W"] * 7)])]))
\begin{align*}
  \text{macs} &= a + b = 3 + 4 = 7 \\
  \text{sum} &= 10000 \cdot W + 10000 \cdot W + 10000 \cdot W + 10000 \cdot W + 10000 \cdot W \\
    &\quad {}+ 10000 \cdot W + 10000 \cdot W
\end{align*}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .text import latex_text

PACKAGE = r"% needs \usepackage{amsmath}"
PAGE = 66  # digits in a line of the class article, the narrowest of the common ones
LONGEST = 30  # of the labels that equations stand behind; beneath longer ones
UNBROKEN = 12  # lines; longer columns may go on on the next page
NEXT = " \\\\\n    &"
BREAKS = ((" + ", " - "), (r" \cdot ",), (r" \left\l",))  # before what lines may be broken, the best first
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.")
_GROUP = re.compile(r"\\frac\{|\\underbrace\{|[_^]\{")
_WIDTHS = {  # of what is not one digit wide
    **dict.fromkeys((" ", "{", "}", "^", "_", "&", r"\text", r"\mathrm", r"\operatorname"), 0.0),
    **dict.fromkeys((r"\left", r"\right", r"\bigl", r"\bigr"), 0.0),
    **dict.fromkeys(("+", "-", "=", r"\times"), 2.7), **dict.fromkeys((r"\max", r"\min", r"\gcd"), 4.0),
    **dict.fromkeys(("(", ")", r"\lfloor", r"\rfloor", r"\lceil", r"\rceil"), 1.3), r"\cdot": 1.5, r"\quad": 2.0,
}  # fmt: skip


def aligned(equations: Sequence[tuple[str, Sequence[str]]]) -> str:
    """`name = side = side` for each: in a line if there is room, else a side a line, or several."""
    labels = [rf"\text{{{latex_text(name)}}}" for name, _ in equations]
    margin = max((wide for wide in map(width, labels) if wide <= LONGEST), default=0)
    rows = [_row(label, sides, PAGE - margin - 3) for label, (_, sides) in zip(labels, equations, strict=True)]
    made = "\n".join([r"\begin{align*}", " \\\\\n".join(rows), r"\end{align*}"])
    return made if made.count("\n") <= UNBROKEN else f"{{\\allowdisplaybreaks\n{made}}}"


def _row(label: str, sides: Sequence[str], room: float) -> str:
    head = f"  {label} &" if width(label) <= LONGEST else rf"  \rlap{{{label}}}{NEXT}"
    whole = " = ".join(sides)
    if width(whole) <= room:
        return f"{head}= {whole}"
    return head + NEXT.join("= " + (NEXT + r"\quad {}").join(broken(side, room)) for side in sides)


def broken(formula: str, room: float) -> list[str]:
    """The formula in pieces of about this width, those behind the first with their operator in front."""
    if width(formula) <= room:
        return [formula]
    for operators in BREAKS:
        parts = _split(formula, operators)
        if len(parts) > 1:
            return _filled(parts, room)
    opened = _opened(formula)
    return [formula] if opened == formula else broken(opened, room)


def _filled(parts: Sequence[str], room: float) -> list[str]:
    """As many parts a line as there is room for; a part that is wider than a line is broken in turn."""
    lines: list[str] = []
    for part in parts:
        if lines and width(lines[-1] + part) <= room:
            lines[-1] += part
        else:
            lines.extend(broken(part.strip(), room - 2))
    return lines


def _split(formula: str, operators: tuple[str, ...]) -> list[str]:
    """The parts between operators that stand in no braces and brackets, each with the operator in front of it."""
    starts = [0, *(place for place in _outside(formula) if place and formula.startswith(operators, place))]
    return [formula[start:stop] for start, stop in zip(starts, [*starts[1:], len(formula)], strict=True)]


def _outside(formula: str) -> Iterator[int]:
    r"""The places that stand in no braces, and not between \left and \right."""
    depth = 0
    for token in _TOKEN.finditer(formula):
        depth -= token[0] in ("}", r"\right")
        if depth == 0:
            yield token.start()
        depth += token[0] in ("{", r"\left")


def _opened(formula: str) -> str:
    """The formula with brackets that lines may be broken in, where they stand in no braces or other brackets."""
    pieces, place = [], 0
    for start in _outside(formula):
        for before, after in ((r"\left(", r"\bigl("), (r"\right)", r"\bigr)")):
            if formula.startswith(before, start):
                pieces += [formula[place:start], after]
                place = start + len(before)
    return "".join([*pieces, formula[place:]])


def width(formula: str) -> float:
    r"""About how wide a formula is, in digits.

    >>> width("12345"), width(r"\frac{12}{345}"), width("H_{12}")
    (5.0, 3.0, 3.3)
    """
    total, place = 0.0, 0
    while group := _GROUP.search(formula, place):
        total += _flat(formula[place : group.start()])
        place = _closing(formula, group.end())
        inside = width(formula[group.end() : place - 1])
        second = {"\\frac{": "{", "\\underbrace{": "_{"}.get(group[0])
        if second and formula.startswith(second, place):
            start, place = place + len(second), _closing(formula, place + len(second))
            below = width(formula[start : place - 1])
            inside = max(inside, below if second == "{" else 0.75 * below)
        total += inside if second else 0.75 * inside
    return round(total + _flat(formula[place:]), 2)


def _closing(formula: str, place: int) -> int:
    """The place behind the brace that closes the one before this place."""
    depth = 1
    for token in _TOKEN.finditer(formula, place):
        depth += (token[0] == "{") - (token[0] == "}")
        if not depth:
            return token.end()
    return len(formula)


def _flat(formula: str) -> float:
    """The width of what holds no fractions and no indices."""
    return sum(_WIDTHS.get(token, 1.8 if token.isupper() else 1.0) for token in _TOKEN.findall(formula))
