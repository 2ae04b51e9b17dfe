"""What can go wrong, said once: deep code raises short facts, the edge adds the place.

>>> str(Problem("groups 3 does not divide 64", "my.yaml", 14, 5, "layers[3] (conv)"))
'my.yaml:14:5: layers[3] (conv): groups 3 does not divide 64'
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .records import Record, record

PACKAGE = Path(__file__).parent
MAX_SHOWN = 100  # problems of one spec


class ArchcalcError(Exception):
    """A fact about the user's input that stops the work; its text is one line."""

    def _render_traceback_(self) -> list[str]:
        """For notebooks and IPython: the line of the cell, and what a command would print; no internals."""
        line = _asking_line(self)
        return [*([line] if line else []), f"{type(self).__name__}: {self}"]


class UsageError(ArchcalcError):
    """The request itself is wrong: an unknown network, option value or column (exit status 2)."""


class ReadError(ArchcalcError):
    """A file cannot be read as text, or not be written."""


@record
class Problem(Record):
    """One thing that is wrong in a spec, and where: line and column count from 1, 0 is unknown."""

    message: str
    path: str = ""
    line: int = 0
    column: int = 0
    where: str = ""
    hint: str = ""
    source: str = ""

    @property
    def place(self) -> str:
        """File, line and column in the form that editors jump to."""
        if not self.line:
            return self.path
        return f"{self.path}:{self.line}:{self.column}"

    def __str__(self) -> str:
        head = ": ".join(part for part in (self.place, self.where, self.message) if part)
        return hinted(head, self.hint)

    def with_source(self) -> str:
        """The problem with the line of the file that it is about."""
        if not self.source:
            return str(self)
        return f"{self}\n{self.line:>5} | {self.source}"


class SpecError(ArchcalcError):
    """Everything that is wrong in one spec, sorted by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        distinct = {str(problem): problem for problem in problems}
        self.problems = tuple(sorted(distinct.values(), key=lambda p: (p.line, p.column)))
        shown = [problem.with_source() for problem in self.problems[:MAX_SHOWN]]
        more = len(self.problems) - len(shown)
        super().__init__("\n".join([*shown, *([f"and {more:,} more problems"] if more else [])]))


def _asking_line(error: BaseException) -> str:
    """The line of the user's code that called archcalc, with its number."""
    from traceback import extract_tb

    asking = ""
    for frame in extract_tb(error.__traceback__):
        if Path(frame.filename).is_relative_to(PACKAGE):
            break
        asking = f"line {frame.lineno}: {frame.line}" if frame.line else f"line {frame.lineno}"
    return asking


def nearest(word: object, choices: Iterable[str], count: int = 1) -> list[str]:
    """The choices that look most like `word`, best first.

    >>> nearest("strides", ["stride", "pad", "filters"])
    ['stride']
    """
    from difflib import get_close_matches

    listed = {choice.lower(): choice for choice in choices if len(choice) <= 64}
    close = get_close_matches(str(word)[:64].lower(), list(listed)[:1000], n=count, cutoff=0.6)
    return [listed[choice] for choice in close]


def shown(text: object, limit: int = 60) -> str:
    """Text from outside as a message may hold it: cut, and without characters that a terminal obeys.

    >>> shown("x" * 99, 5), shown(chr(27))[1:]
    ('xx...', 'x1b')
    """
    whole = str(text)
    if len(whole) <= limit and whole.isprintable():
        return whole
    cut = whole if len(whole) <= limit else whole[: limit - 3] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in cut)


def hinted(message: str, hint: str) -> str:
    """A message with its hint behind it, if there is one."""
    return f"{message}; {hint}" if hint else message


def did_you_mean(word: object, choices: Iterable[str]) -> str:
    """A hint that names the nearest choice, or all of them when they are few, or nothing.

    >>> did_you_mean("strides", ["stride", "pad"])
    "did you mean 'stride'?"
    """
    choices = sorted(choices)
    close = nearest(word, choices)
    if close:
        return f"did you mean '{close[0]}'?"
    if choices and len(choices) <= 20:
        return "known: " + ", ".join(choices)
    return ""
