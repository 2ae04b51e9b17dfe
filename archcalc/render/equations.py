r"""Formulas broken into lines where operators are: as text, and in LaTeX equations that stay on the page.

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
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from .text import latex_text

PACKAGE = r"% needs \usepackage{amsmath}"
PAGE = 66  # digits in a line of the class article, the narrowest of the common ones
LONGEST = 30  # of the labels that equations stand behind; beneath longer ones
UNBROKEN = 12  # lines; longer columns may go on on the next page
NEXT = " \\\\\n    &"
OPENED = {"(": "\ue000", ")": "\ue001"}  # brackets that a line of text may be broken in, of no font
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


class Notation(NamedTuple):
    """How formulas are written: how wide one is, before what it may be broken, the best first, and at which places;
    `opened` gives it with brackets that may be broken too."""

    width: Callable[[str], float]
    breaks: tuple[re.Pattern[str], ...]
    outside: Callable[[str], Iterator[int]]
    opened: Callable[[str], str]


def broken(formula: str, room: float, notation: Notation | None = None) -> list[str]:
    """The formula, in LaTeX unless told, in pieces of about this width, those behind the first with their operator in
    front."""
    notation = notation or LATEX
    if notation.width(formula) <= room:
        return [formula]
    for operators in notation.breaks:
        starts = [place for place in notation.outside(formula) if place and operators.match(formula, place)]
        if starts:
            ends = [*starts, len(formula)]
            return _filled([formula[start:end] for start, end in zip([0, *starts], ends, strict=True)], room, notation)
    opened = notation.opened(formula)
    return [formula] if opened == formula else broken(opened, room, notation)


def _filled(parts: Sequence[str], room: float, notation: Notation) -> list[str]:
    """As many parts a line as there is room for; a part that is wider than a line is broken in turn."""
    lines: list[str] = []
    for part in parts:
        if lines and notation.width(lines[-1] + part) <= room:
            lines[-1] += part
        else:
            lines.extend(broken(part.strip(), room - 2, notation))
    return lines


def text_lines(formula: str, room: int) -> list[str]:
    """The text of a formula in lines that are not longer than this, if it has operators enough.

    >>> text_lines("a*(b + c) + floor(H/2)**2*W - 1", 15)
    ['a*(b + c)', '+ floor(H/2)**2', '*W - 1']
    """
    lines = broken(formula, room, TEXT)
    return [line.replace(OPENED["("], "(").replace(OPENED[")"], ")") for line in lines]


def _opened_text(formula: str) -> str:
    """The text with other characters for brackets that stand in no others."""
    depth, characters = 0, []
    for character in formula:
        depth -= character == ")"
        characters.append(OPENED.get(character, character) if depth == 0 else character)
        depth += character == "("
    return "".join(characters)


def _outside_brackets(formula: str) -> Iterator[int]:
    """The places that stand in no brackets."""
    depth = 0
    for place, character in enumerate(formula):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            yield place


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


TEXT = Notation(len, (re.compile(r" [+-] "), re.compile(r"(?<!\*)\*(?!\*)")), _outside_brackets, _opened_text)
LATEX = Notation(width, (re.compile(r" [+-] "), re.compile(r" \\cdot "), re.compile(r" \\left\\l")), _outside, _opened)
