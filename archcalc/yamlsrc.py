"""YAML text -> plain data, and where each piece of it stood.

The text is read event by event: no tags, anchors, aliases or merge keys, text keys only, no duplicates,
one document, bounded depth and size. Numbers are decimal only, so that nothing changes its meaning behind the
reader's back (YAML 1.1 would read 010 as 8, 1:30 as 90 and `off` as false).

>>> source = parse("input: [3, 8, 8]\\nlayers:\\n  - dropout: 0.5\\n", "a.yaml")
>>> source.data
{'input': [3, 8, 8], 'layers': [{'dropout': Fraction(1, 2)}]}
>>> source.mark(("layers", 0, "dropout"))
(3, 5)
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from .errors import Problem, ReadError, SpecError, shown
from .records import Record, record

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_PIECES = 1_000_000  # of plain data from Python

DataPath: TypeAlias = tuple[str | int, ...]
Mark: TypeAlias = tuple[int, int]

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+\Z")
_VALUE = "\0value"  # the last step of the path to a mapping's value, beside that to its key
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@record
class Source(Record):
    """Plain data, and the text that it was read from; both may stand alone."""

    data: Any
    path: str = ""
    text: str = ""
    marks: Mapping[DataPath, Mark] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Source {self.path or 'plain data'}>"

    @cached_property
    def lines(self) -> list[str]:
        """The text by lines, as the parser counts them."""
        return self.text.splitlines()

    def mark(self, path: DataPath) -> Mark:
        """Line and column, from 1, of a key or list element, or of what is around it; (0, 0) unknown."""
        while path not in self.marks:
            if not path:
                return (0, 0)
            path = path[:-1]
        return self.marks[path]

    def value_mark(self, path: DataPath) -> Mark:
        """Line and column of the value behind a key."""
        return self.marks.get((*path, _VALUE)) or self.mark(path)

    def written(self, path: DataPath) -> str:
        """A plain number as it was written, with the zeros at its end; nothing where the text is not known."""
        line, column = self.value_mark(path)
        match = re.match(r"[-+]?[0-9]+\.[0-9]+", self.lines[line - 1][column - 1 :]) if line and self.text else None
        return match[0] if match else ""

    def problem(self, message: str, mark: Mark, where: str = "", hint: str = "") -> Problem:
        """A problem at a place in this text."""
        line, column = mark
        lines = self.lines if line else []
        shown = lines[line - 1][:200].rstrip() if 0 < line <= len(lines) else ""
        return Problem(message, self.path, line, column, where, hint, shown)


def read_text(path: str | Path) -> str:
    """The text of a file; ReadError where it is a folder, not text, too large or unreadable."""
    path = Path(path)
    try:
        if str(path) == "-":
            return _decoded(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input")
        if path.is_dir():
            raise ReadError(f"{path} is a folder, not a file")
        if path.exists() and not path.is_file():
            raise ReadError(f"{path} is not a regular file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ReadError(f"cannot read {path}: {reason}") from None
    return _decoded(content, str(path))


def _decoded(content: bytes, path: str) -> str:
    """The text of a file's content, which is not too long and not binary."""
    if len(content) > MAX_BYTES:
        raise ReadError(f"{path} is larger than {MAX_BYTES:,} bytes, the limit for a spec")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError(f"{path} is not UTF-8 text (byte {error.start})") from None
    if "\0" in text:
        raise ReadError(f"{path} is not text but binary data")
    return text


def read(path: str | Path) -> Source:
    """The data of a YAML file."""
    return parse(read_text(path), str(path))


def parse(text: str, path: str = "") -> Source:
    """The data of a YAML text; SpecError lists everything that is not allowed."""
    builder = _Builder(text, path)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        opened = error.context_mark.line + 1 if error.context_mark else position[0]
        builder.report("not valid YAML", position, _hint(text, position, opened))
    except UnicodeEncodeError:
        builder.report("not UTF-8 text", (0, 0), "")
    except yaml.reader.ReaderError as error:
        character = error.character if isinstance(error.character, str) else chr(error.character)
        place = _position(text, max(text.find(character), 0))
        builder.report(f"the character {character!a} cannot stand in a spec", place, "remove it")
    source = builder.source()
    if builder.problems:
        raise SpecError(builder.problems)
    return source


def plain_source(data: Mapping[str, Any]) -> Source:
    """Plain data from Python as a file would hold it: a copy, with lists and text keys, of bounded depth and size.

    Raises SpecError for keys that are no text, and for data that is nested too deeply, such as in itself.

    >>> plain_source({"input": (3, 8, 8), "layers": ["relu"]}).data
    {'input': [3, 8, 8], 'layers': ['relu']}
    """
    copier = _Copier()
    copied = copier.copy(data, ())
    if copier.problems:
        raise SpecError(copier.problems)
    return Source(copied)


class _Copier:
    """Copies plain data piece by piece, and collects what cannot be data of a spec."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.pieces = 0

    def copy(self, data: Any, path: DataPath) -> Any:
        self.pieces += 1
        if len(path) > MAX_DEPTH or self.pieces > MAX_PIECES:
            what = f"nested more than {MAX_DEPTH} deep" if len(path) > MAX_DEPTH else f"more than {MAX_PIECES:,} pieces"
            raise SpecError([Problem(what, where=steps(path[:4]), hint="write the inner part as a block")])
        if isinstance(data, Mapping):
            return {self.key(key, path): self.copy(value, (*path, key)) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.copy(element, (*path, number)) for number, element in enumerate(data)]
        return data

    def key(self, key: Any, path: DataPath) -> str:
        if not isinstance(key, str) and type(key) is not int:
            self.problems.append(Problem(f"a key must be a word, not {shown(repr(key))}", where=steps(path)))
        return str(key)


def steps(path: DataPath) -> str:
    """A path into plain data as a message shows it.

    >>> steps(("layers", 3, "do"))
    'layers[3].do'
    """
    text = ""
    for step in path:
        word = shown(step)
        text += f"[{step}]" if isinstance(step, int) else f".{word}" if text else word
    return text


def parse_value(text: str) -> Any:
    """One value as a file would hold it behind a colon, for `--set name=value`: `3,4,36,3` is a list."""
    if "," in text and not text.startswith("["):
        text = f"[{text}]"
    return parse(f"value: {text}").data["value"]


def scalar(text: str) -> Any:
    """The value of a plain scalar; everything that is not plainly one of these is text."""
    if _INTEGER.match(text) and len(text) <= 18:
        return int(text)
    if _DECIMAL.match(text) and len(text) <= 18:
        from fractions import Fraction

        return Fraction(text)
    return {"true": True, "false": False, "null": None, "~": None, "": None}.get(text, text)


_CLOSING = {"(": ")", "[": "]", "{": "}"}


def _is_balanced(text: str) -> bool:
    return all(text.count(opening) == text.count(closing) for opening, closing in _CLOSING.items())


class _Builder:
    """Builds data from events with a stack of its own: nesting cannot exhaust Python's."""

    def __init__(self, text: str, path: str) -> None:
        self.empty = Source(None, path, text)
        self.problems: list[Problem] = []
        self.marks: dict[DataPath, Mark] = {}
        self.root: Any = None
        self.documents = 0
        self.stack: list[tuple[Any, DataPath, bool]] = []  # container, its path, whether it is in braces
        self.key: list[Any] = []  # of each open mapping the key that waits for its value

    def source(self) -> Source:
        return Source(self.root, self.empty.path, self.empty.text, self.marks)

    def report(self, message: str, mark: Mark, hint: str) -> None:
        self.problems.append(self.empty.problem(message, mark, hint=hint))

    def take(self, event: Any) -> None:
        """One event of the parser."""
        start = event.start_mark
        mark = (start.line + 1, start.column + 1)
        if isinstance(event, yaml.NodeEvent) and not isinstance(event, yaml.AliasEvent):
            self._node(event, mark)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents == 2:
                self.report("a second document", mark, "one file is one spec; remove the line '---'")
            if event.version or event.tags:
                self.report("a YAML directive", mark, "remove the line that begins with '%'")
        elif isinstance(event, yaml.AliasEvent):
            hint = "a value that begins with '*' is quoted; to reuse layers write a block"
            self.report(f"alias '*{event.anchor}'", mark, hint)
            self._value(None, mark, False)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()
            self.key.pop()

    def _node(self, event: Any, mark: Mark) -> None:
        if event.anchor:
            self.report(f"anchor '&{event.anchor}'", mark, "to reuse layers write a block")
        if event.tag:
            self.report(f"tag '{event.tag}'", mark, "tags are not used; quote a value that begins with '!'")
        if isinstance(event, yaml.ScalarEvent):
            text = event.value
            is_plain = not event.style  # the C parser says "", the Python one None
            if is_plain and self.stack and self.stack[-1][2] and not _is_balanced(text):
                self.report(f"'{text[:60]}' is cut at a comma", mark, "quote the value, or write one argument per line")
            self._value(scalar(text) if is_plain else text, mark, True, text)
            return
        if len(self.stack) >= MAX_DEPTH:
            self.report(f"nested more than {MAX_DEPTH} deep", mark, "write the inner part as a block")
            raise SpecError(self.problems)
        container: Any = [] if isinstance(event, yaml.SequenceStartEvent) else {}
        path = self._value(container, mark, False)
        self.stack.append((container, path, bool(event.flow_style)))
        self.key.append(_NO_KEY)

    def _value(self, value: Any, mark: Mark, is_scalar: bool, text: str = "") -> DataPath:
        """Put a value where it belongs; the path to it."""
        if not self.stack:
            if self.documents == 1:
                self.root = value
            self.marks.setdefault((), mark)
            return ()
        container, path, _ = self.stack[-1]
        if isinstance(container, list):
            path = (*path, len(container))
            container.append(value)
            self.marks[path] = mark
            return path
        if self.key[-1] is _NO_KEY:
            self.key[-1] = self._checked_key(container, path, text if is_scalar else None, mark)
            return (*path, self.key[-1])
        key, self.key[-1] = self.key[-1], _NO_KEY
        path = (*path, key)
        value_path = (*path, _VALUE)
        self.marks[value_path] = mark
        if key not in container:
            container[key] = value
        return path

    def _checked_key(self, container: dict[str, Any], path: DataPath, key: str | None, mark: Mark) -> str:
        if key is None:
            self.report("a key must be a word", mark, "a value that begins with '{' or '[' is quoted")
            return "?"
        key_path = (*path, key)
        if key == "<<":
            self.report("merge key '<<'", mark, "to reuse layers write a block")
        elif key in container:
            line, _ = self.marks[key_path]
            cut = re.fullmatch(r"[0-9]{3}", key)  # 1,000,000 in braces is three keys
            hint = "write numbers without commas: 138M, 60000" if cut else f"first given on line {line}"
            self.report(f"duplicate key '{key}'", mark, hint)
            return key
        self.marks[key_path] = mark
        return key


_NO_KEY: Any = object()


def _position(text: str, offset: int) -> Mark:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _hint(text: str, mark: Mark, opened: int) -> str:
    """What probably happened, from the line on which the parser gave up and the one where it began."""
    lines = text.splitlines()
    number = min(mark[0], len(lines))
    line = lines[number - 1] if lines else ""
    before = next((other for other in reversed(lines[: number - 1]) if other.strip()), "")
    if "\t" in line[: len(line) - len(line.lstrip())] or "\t" in line[mark[1] - 1 : mark[1]]:
        return "indent with spaces, not tabs"
    if re.search(r"[:,\[{-]\s*'[^']*'\s*[^\s,}\]:#]", line) or re.search(r'[:,\[{-]\s*"[^"]*"\s*[^\s,}\]:#]', line):
        return "a value that begins with a quoted word goes on after it: turn it round, as in x == 'A'"
    if opened < mark[0] and 0 < opened <= len(lines) > 1:
        first = lines[opened - 1]
        for opening, closing in _CLOSING.items():
            if first.count(opening) > first.count(closing):
                return f"the bracket opened on line {opened} is not closed"
        if first.count("'") % 2 or first.count('"') % 2:
            return f"the quote opened on line {opened} is not closed"
    started = re.search(r":\s+([%@`!&*|>])", line)
    if started:
        return f"quote a value that begins with '{started[1]}'"
    if re.search(r"[\w'\"]:[{\[\w]", line):
        return "a colon needs a space behind it"
    if re.search(r"[{\[].*\w[\[{]|\{[^}]*\([^)]*,", line):
        return "in braces, quote a value that holds brackets or commas, or write one argument per line"
    entry = re.match(r"\s*-\s+(\w+)\s*(#.*)?$", before)
    if entry and re.match(r"\s+\w+\s*:", line):
        return f"an entry with something beside it needs a colon: `- {entry[1]}:`"
    if line.count("{") != line.count("}") or line.count("[") != line.count("]"):
        return "a bracket is not closed"
    return "check the indentation and the brackets of this line and the one before"
