"""A network as the text of a YAML file, in the style of `specs/`: a line for each layer, wherever it fits.

>>> from archcalc.network import load
>>> print(text(load({"input": (3, 8, 8), "layers": [{"conv": {"filters": 4, "kernel": 3}, "name": "no"}, "relu"]})))
input: [3, 8, 8]
layers:
  - {conv: {filters: 4, kernel: 3}, name: "no"}
  - relu
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from io import StringIO
from textwrap import TextWrapper
from typing import Any

import yaml

from .. import dims
from ..entries import BESIDE
from ..errors import ArchcalcError, SpecError, UsageError, shown
from ..expr import MAX_DIGITS
from ..layers import JOINS
from ..network import Network
from ..yamlsrc import MAX_BYTES, parse, scalar

WIDTH = 120
ORDER = ("title", "cite", "input", "let", "variants", "use", "blocks", "partition", "layers", "published")
FIRST = ("repeat", "for", "head", "name", "when", "axis")  # what stands above an entry that needs several lines
_resolver: Any = yaml.SafeLoader("")
_emitter: Any = yaml.emitter.Emitter(StringIO(), allow_unicode=True)


def text(network: Network, *, family: bool = False) -> str:
    """The text of one network; with `family` of all variants of its file.

    Of a family the row of the one network stands in `let`, so that the text is that network for every reader.
    Raises SpecError where the spec has problems, UsageError where it holds a symbol or is too large to be read.
    """
    spec = network.spec
    if spec.problems:
        raise SpecError(spec.problems)
    data, lines = _as_printed(network), []
    if spec.variants and not family:
        data = _alone(network, data)
        lines = [f"# {shown(network.name)}: of a family one network, whose row of the table of variants stands in let"]
    for section in ORDER:
        if section in data:
            lines.extend(_section(section, data[section]))
    made = "\n".join(lines)
    if len(made.encode()) > MAX_BYTES:
        limit = f"{MAX_BYTES:,} bytes, the limit for a spec"
        raise UsageError(f"the file would be larger than {limit}; repeat what is alike")
    try:
        parse(made)
    except ArchcalcError as error:
        raise UsageError(f"{network.name} cannot be written as a file: {str(error).splitlines()[0]}") from None
    return made


def _as_printed(network: Network) -> dict[str, Any]:
    """The data of a spec; decimals of published figures with the zeros at their ends, which say how exact they are."""
    source = network.spec.source
    data = dict(source.data)
    if data.get("published"):
        digits = [source.written(("published", number, "value")) for number in range(len(data["published"]))]
        data["published"] = [
            {**entry, "value": Decimal(written)} if isinstance(entry["value"], Fraction) and written else entry
            for entry, written in zip(data["published"], digits, strict=True)
        ]
    return data


def _alone(network: Network, data: dict[str, Any]) -> dict[str, Any]:
    """The data of one variant as those of a network without others."""
    let = {**(data.pop("let", None) or {}), **(data.pop("variants")[network.variant] or {})}
    let = {name: _ratio(value) if name in network.spec.ratios else value for name, value in let.items()}
    if let:
        data["let"] = let
    if "published" in data:
        own = (entry for entry in data["published"] if entry.get("of") in (None, network.variant))
        data["published"] = [{key: value for key, value in entry.items() if key != "of"} for entry in own]
    return data


def _ratio(value: Any) -> Any:
    """A whole number as a ratio, of a name that is one in another row: it prints as 1.0."""
    return Fraction(value) if type(value) is int else value


def _section(section: str, data: Any) -> Iterator[str]:
    if section == "layers":
        yield from _chain("layers", data, 0)
    elif section == "blocks":
        yield "blocks:"
        for name, block in data.items():
            yield f"  {_word(name)}:"
            for key in ("takes", "let"):
                if block.get(key) is not None:
                    yield from _keyed(key, block[key], 4)
            yield from _chain("do", block["do"], 4)
    elif section in ("variants", "published") and data:
        yield f"{section}:"
        yield from _body(data, 2)
    elif data is not None:
        yield from _keyed(section, data, 0)


# Chains


def _chain(key: str, chain: Any, indent: int) -> Iterator[str]:
    """A chain behind its key: one plain entry on the same line, else a line or more for each."""
    entries = list(chain) if isinstance(chain, list | tuple) else [chain]
    if len(entries) == 1 and not _holds_chains(entries[0]) and key != "layers":
        line = f"{' ' * indent}{_word(key)}: {_flow(entries[0])}"
        if len(line) <= WIDTH:
            yield line
            return
    if not entries:
        yield f"{' ' * indent}{_word(key)}: []"
        return
    yield f"{' ' * indent}{_word(key)}:"
    for entry in entries:
        yield from _item(list(_entry(entry, indent + 4)), indent + 2)


def _item(lines: list[str], indent: int) -> Iterator[str]:
    """Lines that stand two further in, as one element of a list."""
    yield f"{' ' * indent}- {lines[0][indent + 2 :]}"
    yield from lines[1:]


def _main(entry: Mapping[str, Any]) -> str:
    """The key that says what an entry is."""
    return next((key for key in entry if key not in BESIDE), "do" if "do" in entry else "from")


def _holds_chains(entry: Any) -> bool:
    return not isinstance(entry, str) and (_main(entry) == "do" or _main(entry) in JOINS)


def _entry(entry: Any, indent: int) -> Iterator[str]:
    """One entry: its extras last where it stands on one line, else first."""
    if isinstance(entry, str):
        entry = {entry: None}
    main = _main(entry)
    extras = {key: entry[key] for key in FIRST if key in entry}
    margin = " " * indent
    if not _holds_chains(entry):
        if entry[main] is None and not extras:
            yield margin + _word(main)
            return
        line = margin + (_flow({main: entry[main], **extras}) if extras else f"{_word(main)}: {_flow(entry[main])}")
        if len(line) <= WIDTH:
            yield line
            return
    for key, value in extras.items():
        yield from _keyed(key, value, indent)
    if main == "do":
        yield from _chain("do", entry["do"], indent)
    elif main in JOINS:
        yield f"{margin}{main}:"
        for branch, chain in entry[main].items():
            yield from _chain(branch, chain, indent + 2)
    else:
        yield from _keyed(main, entry[main], indent)


# Values


def _keyed(key: Any, data: Any, indent: int) -> Iterator[str]:
    """A key with its value: on one line, or beneath it where that would be too long."""
    head = f"{' ' * indent}{_word(key)}:"
    if isinstance(data, str):
        yield from _folded(f"{head} {_word(data, in_flow=False)}", indent + 2)
        return
    line = head if data is None else f"{head} {_flow(data)}"
    if len(line) <= WIDTH or not data or not isinstance(data, Mapping | list | tuple):
        yield line
        return
    yield head
    yield from _body(data, indent + 2)


def _folded(line: str, indent: int) -> Iterator[str]:
    """A long text in several lines, where each break is one space of the text."""
    if len(line) <= WIDTH or "  " in line.strip():
        yield line
        return
    folded = TextWrapper(
        WIDTH, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False, expand_tabs=False
    )
    yield from folded.wrap(line)


def _body(data: Any, indent: int) -> Iterator[str]:
    """The elements of a list or mapping, each on a line or more."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _keyed(key, value, indent)
        return
    for element in data:
        line = f"{' ' * indent}- {_flow(element)}"
        if len(line) > WIDTH and element and isinstance(element, Mapping | list | tuple):
            yield from _item(list(_body(element, indent + 2)), indent)
        else:
            yield line


def _flow(data: Any) -> str:
    """A value on one line; in a mapping a key without a value stands alone."""
    if isinstance(data, Mapping):
        parts = (_word(key) if value is None else f"{_word(key)}: {_flow(value)}" for key, value in data.items())
        return f"{{{', '.join(parts)}}}"
    if isinstance(data, list | tuple):
        return f"[{', '.join(map(_flow, data))}]"
    if isinstance(data, bool):
        return "true" if data else "false"
    if data is None:
        return "null"
    return _word(data) if isinstance(data, str) else _number(data)


def _number(data: Any) -> str:
    """An exact number: decimals where they end, else a ratio. UsageError for a symbol."""
    if isinstance(data, Decimal):
        return str(data)
    number = Fraction(str(data)) if isinstance(data, float) else dims.exact(data)
    if not dims.is_number(number) or dims.is_symbolic(number):
        raise UsageError(f"a file holds no symbols, here {shown(number)}; give the size a name in `let` and use that")
    exact = Fraction(str(number))
    if max(abs(exact.numerator), exact.denominator) >= 10**MAX_DIGITS:
        raise UsageError(f"{shown(number)}: a number of a file has at most {MAX_DIGITS} digits")
    if not isinstance(number, Fraction):
        return str(exact)
    digits = next((count for count in range(1, 16) if 10**count % number.denominator == 0), 0)
    whole, rest = divmod(abs(number) * 10**digits, 10**digits)
    decimal = f"{'-' * (number < 0)}{whole}.{int(rest):0{digits}d}"
    return decimal if digits and isinstance(scalar(decimal), Fraction) else f"{number.numerator}/{number.denominator}"


def _word(data: Any, *, in_flow: bool = True) -> str:
    """Text as YAML takes it for text: quoted where it would be anything else, for other readers of YAML too."""
    return _quoted(str(data), in_flow)


@lru_cache(maxsize=4096)
def _quoted(word: str, in_flow: bool) -> str:
    analysis = _emitter.analyze_scalar(word)
    is_text = _resolver.resolve(yaml.ScalarNode, word, (True, False)) == "tag:yaml.org,2002:str"
    is_plain = analysis.allow_flow_plain if in_flow else analysis.allow_block_plain
    if is_plain and is_text and type(scalar(word)) is str and not _looks_numeric(word):
        return word
    dumped: str = yaml.dump(word, default_style='"', width=float("inf"), allow_unicode=True)
    return dumped.rstrip("\n")


def _looks_numeric(word: str) -> bool:
    """Whether some reader of YAML could take it for a number: 1e3, 0o17, nan."""
    for read in (float, lambda text: int(text, 0)):
        try:
            read(word)
        except ValueError:
            continue
        return True
    return False
