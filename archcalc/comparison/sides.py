"""What is compared: each argument as a chain or a network, and every name in one of its meanings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from .. import dims, zoo
from ..analysis import analyze, read_promises, under, with_symbols
from ..errors import ArchcalcError, SpecError, UsageError, did_you_mean, hinted, nearest, shown
from ..expr import describe, parse
from ..inline import Chain, holds_token, read
from ..network import Network, load
from ..records import Record, record
from ..report import Report
from ..specreader import read_spec

Thing: TypeAlias = str | Path | Mapping[str, Any] | Network
INPUT = ("C", "H", "W")  # of a chain, unless another is given
AXES = ("D", "H", "W")


def told_apart(thing: Thing) -> Chain | Network:
    """A chain, or a network of the zoo, a file, or data.

    A text is the name of a network or family of the zoo if there is one, else a file if there is one or it ends in
    .yaml, else a chain if it holds a token of the notation.

    >>> told_apart("vgg16")
    <Network vgg16>
    >>> told_apart("conv3-C").names
    frozenset({'C'})
    """
    if not isinstance(thing, str):
        return load(thing)
    if zoo.holds(thing) or _is_file(thing):
        return load(thing)
    if holds_token(thing):
        return read(thing)
    close = nearest(thing, zoo.names(), 3)
    hint = f"nearest: {', '.join(close)}" if close else "`archcalc list` shows all networks"
    raise UsageError(
        f"'{shown(thing)}' is no network of the zoo, no file, and no chain such as \"conv3-C conv3-C\"; {hint}"
    )


def _is_file(text: str) -> bool:
    """Whether it is a file, or has the name of one, perhaps with a variant behind it."""
    path = text.partition(":")[0]
    if path.endswith((".yaml", ".yml")) and not holds_token(text):
        return True
    try:
        return text == "-" or Path(text).is_file() or Path(path).is_file()
    except (OSError, ValueError):
        return False


@record
class Request(Record):
    """What all sides share: the input, values of names, names that are left open, promises."""

    input: Any
    let: Mapping[str, Any]
    symbols: tuple[str, ...]
    assume: tuple[str, ...]
    max_layers: int


class Sides:
    """The reports of all sides, in which a name means one thing."""

    def __init__(self, things: Sequence[Thing], request: Request) -> None:
        self.request = request
        self.sides = [told_apart(thing) for thing in things]
        self.chains = [side for side in self.sides if isinstance(side, Chain)]
        self.networks = [side for side in self.sides if isinstance(side, Network)]
        self.let = {name: _number_or_value(name, value) for name, value in request.let.items()}
        self.input = _input(request.input)
        self.names = self._names()
        self._check_meanings()
        self._check_settings()
        self.scope = self._scope()

    def reports(self) -> list[Report]:
        """One for each side; NotationError, SpecError or UsageError with what is wrong."""
        return [self._of_chain(s) if isinstance(s, Chain) else self._of_network(s) for s in self.sides]

    # names

    def _names(self) -> dict[str, str]:
        """The symbols by name, and where each stands, for messages."""
        names: dict[str, str] = {}
        for chain in self.chains:
            names.update({name: f"a symbol of the chain '{shown(chain.text)}'" for name in sorted(chain.names)})
        given = self.input if self.input is not None else INPUT if self.chains else ()
        sizes = [s for shape in given.values() for s in shape] if isinstance(given, Mapping) else list(given)
        for size in sizes:
            found = [size] if isinstance(size, str) else sorted(dims.symbols_of(size)) if dims.is_number(size) else []
            for name in found:
                names.setdefault(name, "a symbol of the input")
        return names

    def _check_meanings(self) -> None:
        """A name cannot be a symbol and a let."""
        for network in self.networks:
            for name, where in self.names.items():
                if name in network.spec.let_names:
                    value = network.spec.settings(network.variant, {}, []).get(name)
                    raise UsageError(
                        f"'{name}' has two meanings: {where}, and a let of {network.name} "
                        f"({describe(value)} unless it is set); rename the symbol"
                    )

    def _check_settings(self) -> None:
        lets = [name for network in self.networks for name in network.spec.let_names]
        for name in self.let:
            if name not in lets and name not in self.names:
                known = did_you_mean(name, [*self.names, *lets])
                raise UsageError(hinted(f"'{shown(name)}' is no symbol here and no let of a network", known))
        axes = [*AXES] if self.networks and self.input is None else []
        for name in self.request.symbols:
            if name not in lets and name not in self.names and name not in axes:
                why = "; counts are for one image" if name == "N" else ""
                hint = "" if why else did_you_mean(name, [*lets, *axes])
                raise UsageError(hinted(f"symbols: '{shown(name)}' is no let of a compared network{why}", hint))

    def _scope(self) -> dict[str, Any]:
        """The number or symbol of every name, with what is promised of it and what quotients in chains need."""
        promised = read_promises(self.request.assume)
        known = {*self.names, *self.request.symbols}
        for name in promised:
            if name not in known:
                raise UsageError(hinted(f"assume: there is no symbol '{shown(name)}'", did_you_mean(name, known)))
        self.promised = promised
        scope = self._filled()
        for chain in self.chains:
            for value in chain.values(scope):
                for name, multiple in dims.whole_if(value).items():
                    before, minimum = self.promised.get(name, (1, 1))
                    both = before * multiple // dims.gcd(before, multiple)
                    self.promised = {**self.promised, name: (both, minimum)}
        return self._filled()

    def _filled(self) -> dict[str, Any]:
        filled = {}
        for name in self.names:
            if name in self.let:
                filled[name] = self.let[name]
                if not dims.is_number(filled[name]) or not dims.at_least(filled[name], 0) or filled[name] == 0:
                    raise UsageError(f"{name}: {describe(filled[name])} is not a number > 0")
            else:
                multiple, minimum = self.promised.get(name, (1, 1))
                filled[name] = dims.symbol(name, multiple_of=multiple, minimum=minimum)
        return filled

    # reports

    def _of_chain(self, chain: Chain) -> Report:
        sizes = INPUT if self.input is None else self.input
        if isinstance(sizes, Mapping):
            raise UsageError("a chain has one input; give it as CxHxW")
        shape = tuple(self._placed(size) for size in sizes)
        try:
            spec = read_spec(chain.source(self.scope, shape), zoo.find)
            return analyze(Network(" ".join(chain.text.split()), spec), max_layers=self.request.max_layers)
        except SpecError as error:
            raise chain.located(error) from None

    def _of_network(self, network: Network) -> Report:
        lets = network.spec.let_names
        let = {name: value for name, value in self.let.items() if name in lets}
        given = self.input
        if isinstance(given, Mapping):
            given = {name: tuple(map(self._placed, shape)) for name, shape in given.items()}
        elif given is not None:
            given = tuple(map(self._placed, given))
        axes = AXES if self.input is None else ()
        names = [name for name in self.request.symbols if name in (*lets, *axes) and name not in self.let]
        settings: dict[str, Any] = {"let": let, "input": given}
        if names:
            settings = with_symbols(network, names, let, given)
            settings = {name: under(self.promised, value) for name, value in settings.items()}
        return analyze(network, **settings, max_layers=self.request.max_layers)

    def _placed(self, size: Any) -> Any:
        """A size of the input, with its symbols in their meaning."""
        return self.scope[size] if isinstance(size, str) else dims.substitute(size, self.scope)


def _input(given: Any) -> Any:
    """An input as sizes: a text such as 3xHxW, or a list of numbers, symbols and names."""
    if isinstance(given, Mapping):
        return {name: _input(shape) for name, shape in given.items()}
    sizes: Iterable[Any] = given.split("x") if isinstance(given, str) else given
    if sizes is None:
        return None
    read_sizes = [_size(size, given) for size in sizes]
    if not 1 <= len(read_sizes) <= 4:
        raise UsageError(f"input {shown(given)}: give the channels and up to three spatial axes, such as 3x224x224")
    return tuple(read_sizes)


def _size(size: Any, given: Any) -> Any:
    if not isinstance(size, str):
        return dims.exact(size)
    if size.isascii() and size.isdigit() and len(size) <= 9:
        return int(size)
    if size.isascii() and size.isidentifier() and len(size) <= 30:
        return size
    raise UsageError(f"input {shown(given)}: write the sizes with x between, such as 3x224x224 or CxHxW")


def _number_or_value(name: str, value: Any) -> Any:
    """A value as `let` takes it; the text of a number as that number."""
    value = dims.exact(value)
    if isinstance(value, str):
        try:
            expression = parse(value)
            found = expression.evaluate({}, []) if not expression.names else value
        except ArchcalcError as error:
            raise UsageError(f"{shown(name)}: {error}") from None
        return found if dims.is_number(found) else value
    return value
