"""Reads the notation from left to right, without going back, and explains what is wrong where it stands.

>>> read("conv3-64/2:g4 relu").items[0].kind
'conv'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from ..errors import ArchcalcError, did_you_mean, nearest, shown
from ..expr import FUNCTIONS, parse
from ..layers import FAMILIES, JOINS, find, is_kind
from ..values import check_name
from .chain import MAX_LAYERS, Chain, Group, Item, NotationError, Size, Unit, length

MAX_LENGTH = 1_000  # characters of a chain
MAX_EXPRESSION = 60  # characters between brackets
MAX_DIGITS = 9
MAX_BRACKETS = 12
MAX_NAMES = 12

SHORT = {"gap": "global_avgpool", "gmp": "global_maxpool", "bn": "batchnorm", "soft-max": "softmax"}


class Option(NamedTuple):
    """An option of some words: the field that it sets, to a value, a size, or a size for each axis."""

    words: tuple[str, ...]
    field: str
    value: Any = None
    has_axes: bool = True


_LAYERS, _WINDOWS = ("conv", "dw", "fc"), ("conv", "dw", "maxpool", "avgpool")
OPTIONS = {
    "g": Option(("conv",), "groups", has_axes=False),
    "m": Option(("dw",), "multiplier", has_axes=False),
    "d": Option(("conv", "dw"), "dilation"),
    "p": Option(_WINDOWS, "pad"),
    "same": Option(_WINDOWS, "pad", "same"),
    "valid": Option(_WINDOWS, "pad", "valid"),
    "ceil": Option(("maxpool", "avgpool"), "round", "ceil"),
    "linear": Option(_LAYERS, "relu", False),
    "nobias": Option(_LAYERS, "bias", False),
}

_LETTERS = re.compile(r"[A-Za-z_]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORD = re.compile(rf"soft-max(?![A-Za-z0-9_])|{_NAME.pattern}", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+")
_COUNT = re.compile(rf"({_NUMBER.pattern}|{_NAME.pattern}) *\* *")
_BRACKETED_COUNT = re.compile(r"\([^()]*\) *\* *[A-Za-z(]")
_STRANGE = re.compile(r"[^A-Za-z0-9_ .,+*/()-]|\*\*")


def holds_token(text: str) -> bool:
    """Whether a text can only be meant as a chain: it holds what no name can hold, or a word of the notation.

    >>> holds_token("conv3-C"), holds_token("gap"), holds_token("convnext_tiny"), holds_token("a b")
    (True, True, False, True)
    >>> holds_token("cnov3-C"), holds_token("resnet-50")  # almost a word of the notation; no such word
    (True, False)
    """
    bare = text.strip()
    if re.search(r"[\s*(]", bare) or _is_word(bare.partition(":")[0]):
        return True
    stem = _LETTERS.match(bare)
    return bool(stem and stem.end() < len(bare) and nearest(stem[0], FORMS))


def _is_word(text: str) -> bool:
    """Whether a text is the word of a layer."""
    return text.lower() in FORMS or text.lower() in SHORT or is_kind(text.lower())


def _kind(word: str) -> str:
    """The layer kind that a bare word stands for: one that needs no fields and joins nothing; nothing for others."""
    kind = SHORT.get(word.lower(), word.lower())
    if not is_kind(kind) or kind in JOINS or kind in FORMS:
        return ""
    return "" if find(kind).required() else kind


def read(text: str) -> Chain:
    """Read a chain; NotationError points at the first character that is wrong."""
    return _Reader(text).chain()


class _Reader:
    """Reads from left to right, without going back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0  # of brackets

    def wrong(self, message: str, at: int | None = None) -> NoReturn:
        raise NotationError(self.text, self.at if at is None else at, message)

    def chain(self) -> Chain:
        if len(self.text) > MAX_LENGTH:
            self.wrong(f"a chain has at most {MAX_LENGTH:,} characters, this one {len(self.text):,}; write a file", 0)
        items = self.items()
        if self.at < len(self.text):
            self.wrong("this bracket was not opened")
        if not items:
            self.wrong("there is no layer; write some, such as conv3-64", 0)
        count, item = length(items)
        if item is not None:
            self.wrong(f"these are {count:,} layers, a chain has at most {MAX_LAYERS:,}; write a file", item.at)
        chain = Chain(self.text, items)
        if len(chain.names) > MAX_NAMES:
            self.wrong(f"a chain has at most {MAX_NAMES} names, this one {len(chain.names)}", 0)
        return chain

    # lists and repeats

    def items(self) -> tuple[Item, ...]:
        """Items up to a closing bracket or the end."""
        items: list[Item] = []
        self.spaces()
        while self.at < len(self.text) and self.text[self.at] != ")":
            items.append(self.item())
            if self.at < len(self.text) and self.text[self.at] not in ") ":
                self.stray()
            self.spaces()
        return tuple(items)

    def item(self) -> Item:
        at = self.at
        count = self.count()
        if self.peek() == "(":
            return Group(count, self.group(), at)
        unit = self.unit()
        return unit if count is None else Group(count, (unit,), at)

    def count(self) -> Size | None:
        """How many times the item stands there, if it says so."""
        found = _COUNT.match(self.text, self.at)
        if not found:
            return None
        if _is_word(found[1]):
            self.wrong(f"'{found[1]}' is a layer; a number of times stands in front: 3*conv3-C")
        size = self.sized(self.at, self.at + len(found[1]))
        self.at = found.end()
        return size

    def group(self) -> tuple[Item, ...]:
        opened = self.at
        if _BRACKETED_COUNT.match(self.text, opened):
            self.wrong("a number of times is a number or a name, without brackets: 3*conv3-C, n*(conv3-C maxpool)")
        if self.depth >= MAX_BRACKETS:
            self.wrong(f"brackets are nested more than {MAX_BRACKETS} deep")
        self.depth += 1
        self.at += 1
        items = self.items()
        if self.peek() != ")":
            self.wrong("this bracket is not closed", opened)
        if not items:
            self.wrong("there is no layer between these brackets", opened)
        self.depth -= 1
        self.at += 1
        return items

    # layers

    def unit(self) -> Unit:
        at = self.at
        whole = _WORD.match(self.text, at)
        if not whole:
            self.wrong("a layer begins with a word, such as conv3-64" if self.peek() else "a layer is missing")
        letters = _LETTERS.match(whole[0])
        word = letters[0].lower() if letters else ""
        if word in FORMS:
            self.at += len(word)
            return self.known(word, at)
        kind = _kind(whole[0])
        if not kind:
            self.wrong(_unknown_word(whole[0]), at)
        self.at = whole.end()
        return Unit(kind, (), False, at)

    def known(self, word: str, at: int) -> Unit:
        """A layer of the notation behind its word."""
        form = FORMS[word]
        fields = form.read(self)
        has_relu = form.has_relu
        given: dict[str, str] = {}  # by field the option that has set it
        while self.peek() == ":":
            self.at += 1
            field, value = self.option(word, given)
            if field == "relu":
                has_relu = value
            else:
                fields[field] = value
        return Unit(form.kind, tuple(fields.items()), has_relu, at)

    def conv(self) -> dict[str, Any]:
        kernel = self.axes("conv needs a kernel, as in conv3-64")
        if self.peek() != "-":
            self.wrong("conv needs filters behind a '-', as in conv3-64")
        self.at += 1
        filters = self.filters("conv needs a number of filters, as in conv3-64 or conv3-4*C")
        return {"kernel": kernel, "filters": (filters,), **self.stride(), "pad": "same"}

    def depthwise(self) -> dict[str, Any]:
        kernel = self.axes("dw needs a kernel, as in dw3")
        if self.peek() == "-":
            self.wrong("dw has as many filters as its input has channels; several for each are dw3:m2")
        return {"kernel": kernel, **self.stride(), "pad": "same"}

    def pool(self) -> dict[str, Any]:
        at = self.at
        is_given = self.peek() == "(" or _NUMBER.match(self.text, at)
        kernel = self.axes("") if is_given else (Size(parse("2"), at),)
        return {"kernel": kernel, **(self.stride() or {"stride": kernel})}

    def dense(self) -> dict[str, Any]:
        if self.peek() != "-":
            self.wrong("fc needs its number of outputs behind a '-', as in fc-4096")
        self.at += 1
        return {"units": (self.filters("fc needs its number of outputs, as in fc-4096"),)}

    def stride(self) -> dict[str, Any]:
        if self.peek() != "/":
            return {}
        self.at += 1
        return {"stride": self.axes("a stride is missing behind '/', as in conv3-64/2; a quotient stands in brackets")}

    def option(self, word: str, given: dict[str, str]) -> tuple[str, Any]:
        """One option behind a ':': the field that it sets, and the value."""
        at = self.at
        found = _LETTERS.match(self.text, at)
        name = found[0].lower() if found else ""
        option = OPTIONS.get(name)
        if option is None or word not in option.words:
            known = (f":{key}{'2' if o.value is None else ''}" for key, o in OPTIONS.items() if word in o.words)
            self.wrong(f"{word} has the options {', '.join(known)}", at)
        if option.field in given:
            before = given[option.field]
            self.wrong(f"':{name}' is given twice" if before == name else f"':{name}' after ':{before}': give one", at)
        given[option.field] = name
        self.at += len(name)
        if option.value is not None:
            return option.field, option.value
        missing = f"a number is missing: {word} ... :{name}2"
        return option.field, self.axes(missing) if option.has_axes else (self.size(missing),)

    # sizes

    def axes(self, missing: str) -> tuple[Size, ...]:
        """A size for all axes, or one for each with x between."""
        sizes = [self.size(missing)]
        while self.peek().lower() == "x" and len(sizes) < 3:
            self.at += 1
            sizes.append(self.size("a size is missing behind 'x', as in conv1x7-64"))
        return tuple(sizes)

    def size(self, missing: str) -> Size:
        """A number, or an expression in brackets."""
        at = self.at
        if not self.skip(_NUMBER):
            name = _LETTERS.match(self.text, at)
            self.wrong(f"{missing}; a symbol stands in brackets: ({name[0]})" if name and missing else missing)
        return self.sized(at, self.at)

    def filters(self, missing: str) -> Size:
        """Numbers, names and expressions in brackets with * between."""
        at = self.at
        while True:
            if not self.skip(_NUMBER, _NAME):
                self.wrong(missing)
            if self.peek() != "*":
                return self.sized(at, self.at)
            self.at += 1
            missing = "a factor is missing behind '*'"

    def skip(self, *patterns: re.Pattern[str]) -> bool:
        """Pass over the first of these that stands here, or over an expression in brackets."""
        found = next(filter(None, (pattern.match(self.text, self.at) for pattern in patterns)), None)
        if found:
            self.at = found.end()
        elif self.peek() == "(":
            self.skip_bracketed()
        else:
            return False
        return True

    def skip_bracketed(self) -> None:
        """Pass over an expression in brackets."""
        opened = self.at
        end = _behind_bracket(self.text, opened)
        if end is None:
            self.wrong("this bracket is not closed")
        if end - opened > MAX_EXPRESSION + 2:
            self.wrong(f"this bracket holds more than {MAX_EXPRESSION} characters")
        strange = _STRANGE.search(self.text, opened, end)
        if strange:
            self.wrong("a size holds numbers, names, + - * / // and brackets", strange.start())
        self.at = end

    def sized(self, start: int, end: int) -> Size:
        """A size from its text, every number and name of which is checked."""
        for number in _NUMBER.finditer(self.text, start, end):
            if len(number[0]) > MAX_DIGITS:
                self.wrong(f"a number has at most {MAX_DIGITS} digits", number.start())
        for name in _NAME.finditer(self.text, start, end):
            if name[0] not in FUNCTIONS:
                self.attempt(name.start(), check_name, name[0], "symbol")
        return Size(self.attempt(start, parse, self.text[start:end]), start)

    def attempt(self, at: int, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a function gives; its error at this place."""
        try:
            return function(*arguments)
        except ArchcalcError as error:
            self.wrong(str(error), at)

    # characters

    def peek(self) -> str:
        """The next character, nothing at the end."""
        return self.text[self.at : self.at + 1]

    def spaces(self) -> None:
        while self.peek() == " ":
            self.at += 1

    def stray(self) -> NoReturn:
        """Explain a character behind a layer."""
        character = self.peek()
        if character in "+-":
            self.wrong("a sum stands in brackets, as in conv3-(C + 16)")
        if character == ",":
            self.wrong("layers are separated by spaces")
        if character == "*":
            self.wrong("a number of times stands in front: 3*conv3-C")
        if character.isalnum() and self.text[self.at - 1].isdigit():
            self.wrong("write a product with '*', as in conv3-2*C")
        if character in "/:":
            self.wrong(f"'{character}' cannot stand here: a stride stands behind the filters, then the options")
        self.wrong(f"{character!a} cannot stand here; layers are separated by spaces")


def _behind_bracket(text: str, opened: int) -> int | None:
    """The place behind the bracket that closes this one."""
    depth = 0
    for at in range(opened, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at + 1
    return None


class Form(NamedTuple):
    """A word of the notation: the layer kind, whether a ReLU stands behind it, and what reads the rest."""

    kind: str
    has_relu: bool
    read: Callable[[_Reader], dict[str, Any]]


FORMS = {
    "conv": Form("conv", True, _Reader.conv),
    "dw": Form("depthwise", True, _Reader.depthwise),
    "maxpool": Form("maxpool", False, _Reader.pool),
    "avgpool": Form("avgpool", False, _Reader.pool),
    "fc": Form("linear", True, _Reader.dense),
}


def _unknown_word(word: str) -> str:
    """The message for a word that is no layer of the notation."""
    kind = SHORT.get(word.lower(), word.lower())
    if kind in JOINS:
        return f"'{kind}' joins branches, and a chain has none; write a file"
    if is_kind(kind):
        needs = ", ".join(find(kind).required())
        return f"'{kind}' needs {needs}, for which the notation has no form; write a file"
    glued = re.match(r"(conv|dw)([A-Za-z_])\Z", word, re.IGNORECASE)
    if glued:
        return f"a kernel is a number, or a symbol in brackets: {glued[1]}({glued[2]})"
    letters = _LETTERS.match(word)
    close = nearest(letters[0] if letters else word, FORMS)
    bare = [*SHORT, *(known for known in FAMILIES if _kind(known))]
    told = f"known: {', '.join(FORMS)}, and layer kinds that need no fields, such as relu"
    hint = f"did you mean '{close[0]}'?" if close else did_you_mean(word, bare) or told
    return f"'{shown(word)}' is no layer of the notation; {hint}"
