"""Chains of layers written in one line, in the notation of the VGG paper: `3*conv3-C maxpool fc-4096`.

A chain becomes the same plain data as a YAML file, with the place of every piece, so that checking, messages and
symbols are those of any other network. The grammar stands in docs/compare.md. The module is longer than others because
each form of layer has its own mistakes to explain.

Source: Simonyan & Zisserman 2014, arXiv 1409.1556, Table 1: conv<receptive field size>-<number of channels>.

>>> chain = read("2*conv3-C maxpool fc-10:linear")
>>> sorted(chain.names)
['C']
>>> for entry in chain.source({"C": 64}, (3, 8, 8)).data["layers"]:
...     print(entry)
{'repeat': 2, 'do': [{'conv': {'kernel': 3, 'filters': 64, 'pad': 'same'}}, 'relu']}
{'maxpool': {'kernel': 2, 'stride': 2}}
flatten
{'linear': {'units': 10}}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, TypeAlias

from . import dims
from .errors import ArchcalcError, SpecError, UsageError, did_you_mean, hinted, nearest, shown
from .expr import FUNCTIONS, Expression, parse
from .layers import FAMILIES, JOINS, find, is_kind
from .records import Record, record
from .values import check_name
from .yamlsrc import DataPath, Mark, Source

MAX_LENGTH = 1_000  # characters of a chain
MAX_EXPRESSION = 60  # characters between brackets
MAX_DIGITS = 9
MAX_BRACKETS = 12
MAX_LAYERS = 1_000
MAX_NAMES = 12
MAX_TERMS = 8  # of a size, multiplied out: costs multiply several sizes
WINDOW = 100  # characters of a long chain that a message shows

WORDS = ("conv", "dw", "maxpool", "avgpool", "fc")
SHORT = {"gap": "global_avgpool", "gmp": "global_maxpool", "bn": "batchnorm", "soft-max": "softmax"}
OPTIONS = {
    "conv": ("g", "d", "p", "same", "valid", "linear", "nobias"),
    "dw": ("m", "d", "p", "same", "valid", "linear", "nobias"),
    "maxpool": ("p", "same", "valid", "ceil"),
    "avgpool": ("p", "same", "valid", "ceil"),
    "fc": ("linear", "nobias"),
}
OPTION_FIELDS = {"g": "groups", "d": "dilation", "p": "pad", "m": "multiplier"}

_LETTERS = re.compile(r"[A-Za-z_]+")
_WORD = re.compile(r"soft-max(?![A-Za-z0-9_])|[A-Za-z_][A-Za-z0-9_]*", re.IGNORECASE)
_LETTERED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"[0-9]+")
_COUNT = re.compile(r"([0-9]+|[A-Za-z_][A-Za-z0-9_]*) *\* *")
_INSIDE = re.compile(r"[A-Za-z0-9_ .+*/()-]*\Z")
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_.-])(?:conv|dw|(?:max|avg)pool)[0-9(]|(?<![A-Za-z0-9_.-])(?:fc-|(?:max|avg)pool(?![A-Za-z0-9_]))",
    re.IGNORECASE,
)


class NotationError(UsageError):
    """A mistake in a chain: what is wrong, then the chain, then a caret under the character."""

    def __init__(self, text: str, at: int, message: str) -> None:
        line = "".join(character if " " <= character <= "~" else "?" for character in text)
        start = max(0, at - WINDOW // 2) if len(line) > WINDOW else 0
        before = "..." if start else ""
        after = "..." if len(line) > start + WINDOW else ""
        self.column = at + 1
        super().__init__(
            f"column {at + 1} of the chain: {message}\n"
            f"  {before}{line[start : start + WINDOW]}{after}\n"
            f"  {' ' * (len(before) + at - start)}^"
        )


class Size(NamedTuple):
    """A size as it was written, and where."""

    expression: Expression
    at: int


class Unit(NamedTuple):
    """A layer with its fields, and whether a ReLU stands behind it."""

    kind: str
    fields: tuple[tuple[str, Any], ...]  # a Size, some Sizes, or a word
    has_relu: bool
    at: int


class Group(NamedTuple):
    """A chain within the chain, so many times."""

    times: Size | None
    items: tuple[Item, ...]
    at: int


Item: TypeAlias = "Unit | Group"


@record
class Chain(Record):
    """A chain as it was read: its text, its layers, the names that it leaves open."""

    text: str
    items: tuple[Item, ...]
    sizes: tuple[Size, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names in its sizes: each is a symbol, or gets a number."""
        return frozenset().union(*(size.expression.names for size in self.sizes))

    def values(self, scope: Mapping[str, Any]) -> Iterator[Any]:
        """Every size in a scope; NotationError where one has no value."""
        return (self.value(size, scope) for size in self.sizes)

    def value(self, size: Size, scope: Mapping[str, Any]) -> Any:
        """One size in a scope of its names."""
        try:
            value = size.expression.evaluate(scope, [])
            if not dims.is_number(value):
                raise ArchcalcError(f"'{size.expression.text}' is not a number")
            if dims.term_count(value) > MAX_TERMS:
                raise ArchcalcError(f"a size has at most {MAX_TERMS} terms when it is multiplied out")
        except (ArchcalcError, ArithmeticError) as error:
            raise NotationError(self.text, size.at, str(error)) from None
        return value

    def source(self, scope: Mapping[str, Any], input: Sequence[Any]) -> Source:
        """The chain as a spec would hold it, for this input: channels first, in numbers or symbols."""
        return _Writer(self, scope).source(input)

    def located(self, error: SpecError) -> UsageError:
        """A problem of the spec that the chain became, as one with a caret."""
        problem = error.problems[0]
        if not problem.column:
            return UsageError(hinted(problem.message, problem.hint))
        return NotationError(self.text, problem.column - 1, hinted(problem.message, problem.hint))


def holds_token(text: str) -> bool:
    """Whether a text can only be meant as a chain: it holds a token of the notation, or what no name can hold.

    >>> holds_token("conv3-C"), holds_token("gap"), holds_token("convnext_tiny"), holds_token("a b")
    (True, True, False, True)
    >>> holds_token("cnov3-C"), holds_token("resnet-50")  # almost a word of the notation; no such word
    (True, False)
    """
    bare = text.strip()
    head = bare.partition(":")[0].lower()
    if _TOKEN.search(text) or re.search(r"[\s*(]", bare) or head in WORDS or head in SHORT or is_kind(head):
        return True
    stem = _LETTERS.match(bare)
    return bool(stem and stem.end() < len(bare) and nearest(stem[0], WORDS))


def _kind(word: str) -> str:
    """The layer kind that a bare word stands for: one that needs no fields and joins nothing; nothing for others."""
    kind = SHORT.get(word.lower(), word.lower())
    if not is_kind(kind) or kind in JOINS or kind in WORDS:
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
        self.sizes: list[Size] = []
        self.opened: list[int] = []  # the brackets around

    def wrong(self, message: str, at: int | None = None) -> NoReturn:
        raise NotationError(self.text, self.at if at is None else at, message)

    def chain(self) -> Chain:
        if len(self.text) > MAX_LENGTH:
            self.wrong(f"a chain has at most {MAX_LENGTH:,} characters, this one {len(self.text):,}; write a file", 0)
        items, _ = self.items()
        if self.at < len(self.text):
            self.wrong("this bracket was not opened")
        if not items:
            self.wrong("there is no layer; write some, such as conv3-64", 0)
        chain = Chain(self.text, items, tuple(self.sizes))
        if len(chain.names) > MAX_NAMES:
            self.wrong(f"a chain has at most {MAX_NAMES} names, this one {len(chain.names)}", 0)
        return chain

    # lists and repeats

    def items(self) -> tuple[tuple[Item, ...], int]:
        """Items up to a closing bracket or the end, and how many layers they are."""
        items: list[Item] = []
        layers = 0
        self.spaces()
        while self.at < len(self.text) and self.text[self.at] != ")":
            item, count = self.item()
            items.append(item)
            layers += count
            if layers > MAX_LAYERS:
                self.wrong(f"a chain has at most {MAX_LAYERS:,} layers; write a file", item.at)
            if self.at < len(self.text) and self.text[self.at] not in ") ":
                self.stray()
            self.spaces()
        return tuple(items), layers

    def item(self) -> tuple[Item, int]:
        at = self.at
        count = self.count()
        if self.peek() == "(":
            items, layers = self.group()
        else:
            unit = self.unit()
            if count is None:
                return unit, 1 + unit.has_relu
            items, layers = (unit,), 1 + unit.has_relu
        rounds = 1
        if count is not None and not count.expression.names:
            rounds = count.expression.evaluate({}, [])
        if rounds * layers > MAX_LAYERS:
            self.wrong(f"these are {rounds * layers:,} layers, a chain has at most {MAX_LAYERS:,}; write a file", at)
        return Group(count, items, at), rounds * layers

    def count(self) -> Size | None:
        """How many times the item stands there, if it says so."""
        found = _COUNT.match(self.text, self.at)
        if not found:
            return None
        size = self.sized(found[1], self.at)
        self.at = found.end()
        return size

    def group(self) -> tuple[tuple[Item, ...], int]:
        opened = self.at
        if len(self.opened) >= MAX_BRACKETS:
            self.wrong(f"brackets are nested more than {MAX_BRACKETS} deep")
        self.opened.append(opened)
        self.at += 1
        items, layers = self.items()
        if self.peek() != ")":
            self.wrong("this bracket is not closed", opened)
        if not items:
            self.wrong("there is no layer between these brackets", opened)
        self.opened.pop()
        self.at += 1
        return items, layers

    # layers

    def unit(self) -> Unit:
        at = self.at
        whole = _WORD.match(self.text, at)
        if not whole:
            self.wrong("a layer begins with a word, such as conv3-64" if self.peek() else "a layer is missing")
        letters = _LETTERS.match(whole[0])
        word = letters[0].lower() if letters else ""
        if word in WORDS:
            self.at += len(word)
            return self.known(word, at)
        kind = _kind(whole[0])
        if not kind:
            self.wrong(_unknown_word(whole[0]), at)
        self.at = whole.end()
        return Unit(kind, (), False, at)

    def known(self, word: str, at: int) -> Unit:
        """A layer of the notation behind its word."""
        reader: Callable[[], dict[str, Any]] = {"conv": self.conv, "dw": self.depthwise, "fc": self.dense}.get(
            word, self.pool
        )
        fields = reader()
        has_relu = "pool" not in word
        given: set[str] = set()
        while self.peek() == ":":
            self.at += 1
            name, field, value = self.option(word, given)
            if name == "linear":
                has_relu = False
            else:
                fields[field] = value
        kind = {"dw": "depthwise", "fc": "linear"}.get(word, word)
        return Unit(kind, tuple(fields.items()), has_relu, at)

    def conv(self) -> dict[str, Any]:
        kernel = self.axes("conv needs a kernel, as in conv3-64")
        if self.peek() != "-":
            self.wrong("conv needs filters behind a '-', as in conv3-64")
        self.at += 1
        filters = self.filters("conv needs a number of filters, as in conv3-64 or conv3-4*C")
        return {"kernel": kernel, "filters": filters, **self.stride(), "pad": "same"}

    def depthwise(self) -> dict[str, Any]:
        kernel = self.axes("dw needs a kernel, as in dw3")
        if self.peek() == "-":
            self.wrong("dw has as many filters as its input has channels; several for each are dw3:m2")
        return {"kernel": kernel, **self.stride(), "pad": "same"}

    def pool(self) -> dict[str, Any]:
        at = self.at
        if self.peek() and (self.peek().isdigit() or self.peek() == "("):
            kernel = self.axes("")
        else:
            kernel = (Size(parse("2"), at),)
        return {"kernel": kernel, **(self.stride() or {"stride": kernel})}

    def dense(self) -> dict[str, Any]:
        if self.peek() != "-":
            self.wrong("fc needs its number of outputs behind a '-', as in fc-4096")
        self.at += 1
        return {"units": self.filters("fc needs its number of outputs, as in fc-4096")}

    def stride(self) -> dict[str, Any]:
        if self.peek() != "/":
            return {}
        self.at += 1
        return {"stride": self.axes("a stride is missing behind '/', as in conv3-64/2; a quotient stands in brackets")}

    def option(self, word: str, given: set[str]) -> tuple[str, str, Any]:
        """One option behind a ':': its name, the field that it sets, and the value."""
        at = self.at
        known = OPTIONS[word]
        found = _LETTERS.match(self.text, at)
        name = found[0].lower() if found else ""
        if name not in known:
            told = ", ".join(f":{option}{'2' if option in OPTION_FIELDS else ''}" for option in known)
            self.wrong(f"{word} has the options {told}", at)
        field = OPTION_FIELDS.get(name) or {"nobias": "bias", "ceil": "round", "linear": "linear"}.get(name, "pad")
        if field in given:
            self.wrong(f"':{name}' is given twice, or with another padding", at)
        given.add(field)
        self.at += len(name)
        if name in OPTION_FIELDS:
            if name in ("g", "m"):
                return name, field, self.size(f"a number is missing: {word} ... :{name}2")
            return name, field, self.axes(f"a number is missing: {word} ... :{name}2")
        return name, field, False if name == "nobias" else name

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
        if self.peek() == "(":
            return self.bracketed()
        found = _NUMBER.match(self.text, self.at)
        if not found:
            name = _LETTERS.match(self.text, self.at)
            self.wrong(f"{missing}; a symbol stands in brackets: ({name[0]})" if name and missing else missing)
        size = self.sized(found[0], self.at)
        self.at = found.end()
        return size

    def filters(self, missing: str) -> Size:
        """Numbers, names and expressions in brackets with * between."""
        at = self.at
        texts = [self.factor(missing)]
        while self.peek() == "*":
            self.at += 1
            texts.append(self.factor("a factor is missing behind '*'"))
        del self.sizes[len(self.sizes) - len(texts) :]
        return self.sized("*".join(texts), at)

    def factor(self, missing: str) -> str:
        name = _WORD.match(self.text, self.at)
        if not name:
            at = self.at
            self.size(missing)
            return self.text[at : self.at]
        self.sized(name[0], self.at)
        self.at = name.end()
        return name[0]

    def bracketed(self) -> Size:
        """An expression in brackets."""
        opened, depth = self.at, 0
        for at in range(opened, min(len(self.text), opened + MAX_EXPRESSION + 2)):
            depth += (self.text[at] == "(") - (self.text[at] == ")")
            if depth == 0:
                break
        else:
            closed = "is not closed" if len(self.text) <= at + 1 else f"holds more than {MAX_EXPRESSION} characters"
            self.wrong(f"this bracket {closed}", opened)
        inside = self.text[opened : at + 1]
        strange = next((i for i, character in enumerate(inside) if not _INSIDE.match(character)), None)
        if strange is not None or "**" in inside:
            self.wrong("a size holds numbers, names, + - * / // and brackets", opened + (strange or inside.find("**")))
        size = self.sized(inside, opened)
        self.at = at + 1
        return size

    def sized(self, text: str, at: int) -> Size:
        """A size from its text, every number and name of which is checked."""
        try:
            long = next((number for number in _NUMBER.findall(text) if len(number) > MAX_DIGITS), None)
            if long:
                raise ArchcalcError(f"a number has at most {MAX_DIGITS} digits")
            for name in set(_LETTERED.findall(text)) - set(FUNCTIONS):
                check_name(name, "symbol")
            expression = parse(text)
        except ArchcalcError as error:
            self.wrong(str(error), at)
        self.sizes.append(Size(expression, at))
        return self.sizes[-1]

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
    close = nearest(letters[0] if letters else word, WORDS)
    bare = [*SHORT, *(known for known in FAMILIES if _kind(known))]
    told = f"known: {', '.join(WORDS)}, and layer kinds that need no fields, such as relu"
    hint = f"did you mean '{close[0]}'?" if close else did_you_mean(word, bare) or told
    return f"'{shown(word)}' is no layer of the notation; {hint}"


class _Writer:
    """Writes a chain as plain data, and notes where each piece stood."""

    def __init__(self, chain: Chain, scope: Mapping[str, Any]) -> None:
        self.chain = chain
        self.scope = scope
        self.marks: dict[DataPath, Mark] = {(): (1, 1)}
        self.is_map = False  # whether what comes next gets a map

    def source(self, input: Sequence[Any]) -> Source:
        self.is_map = len(input) > 1
        layers = self.entries(self.chain.items, ("layers",))
        data = {"input": list(input), "layers": layers}
        return Source(data, "", self.chain.text, self.marks)

    def entries(self, items: Sequence[Item], path: DataPath) -> list[Any]:
        entries: list[Any] = []
        for item in items:
            if self.is_map and _begins_dense(item):
                self.put(entries, "flatten", path, item.at)
                self.is_map = False
            if isinstance(item, Group):
                self.group(entries, item, path)
            else:
                self.unit(entries, item, path)
        return entries

    def put(self, entries: list[Any], entry: Any, path: DataPath, at: int) -> DataPath:
        """Add an entry; its path."""
        entries.append(entry)
        path = (*path, len(entries) - 1)
        self.marks[path] = (1, at + 1)
        return path

    def group(self, entries: list[Any], group: Group, path: DataPath) -> None:
        entry: dict[str, Any] = {} if group.times is None else {"repeat": self.chain.value(group.times, self.scope)}
        own = self.put(entries, entry, path, group.at)
        entry["do"] = self.entries(group.items, (*own, "do"))

    def unit(self, entries: list[Any], unit: Unit, path: DataPath) -> None:
        fields = {name: self.field(value) for name, value in unit.fields}
        own = self.put(entries, {unit.kind: fields} if fields else unit.kind, path, unit.at)
        for name, value in unit.fields:
            first = value[0] if isinstance(value, tuple) and not isinstance(value, Size) else value
            if isinstance(first, Size):
                place: DataPath = (*own, unit.kind, name)
                self.marks[place] = (1, first.at + 1)
        if unit.has_relu:
            self.put(entries, "relu", path, unit.at)
        self.is_map = self.is_map and unit.kind not in ("flatten", "linear")

    def field(self, value: Any) -> Any:
        if isinstance(value, Size):
            return self.chain.value(value, self.scope)
        if isinstance(value, tuple):
            axes = [self.chain.value(size, self.scope) for size in value]
            return axes[0] if len(axes) == 1 else axes
        return value


def _begins_dense(item: Item) -> bool:
    """Whether its first layer is fully connected."""
    while isinstance(item, Group):
        item = item.items[0]
    return item.kind == "linear"
