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
Scope: TypeAlias = Mapping[str, Any]
Promises: TypeAlias = Mapping[str, tuple[int, int]]  # by name the number that each is a multiple of, and its minimum
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


def read_request(input: Any, let: Mapping[str, Any], symbols: Any, assume: Any, max_layers: int) -> Request:
    """A request with its numbers read; one text stands for a list of one."""
    return Request(
        _input(input),
        {name: _number_or_value(name, value) for name, value in let.items()},
        tuple([symbols] if isinstance(symbols, str) else symbols),
        tuple([assume] if isinstance(assume, str) else assume),
        max_layers,
    )


def reports(sides: Sequence[Chain | Network], request: Request) -> tuple[list[Report], Scope]:
    """The report of each side, and the number or symbol of every name of chains and inputs.

    A name means one thing in all of them. Raises NotationError, SpecError or UsageError with what is wrong.
    """
    chains = [side for side in sides if isinstance(side, Chain)]
    networks = [side for side in sides if isinstance(side, Network)]
    names = _names(chains, request.input)
    _check_meanings(networks, names)
    _check_settings(networks, names, request)
    promised = _promised(names, request)
    scope = _scope(names, request.let, promised)
    promised = _made_whole(chains, scope, promised)
    scope = _scope(names, request.let, promised)
    found = [
        _of_chain(side, scope, request) if isinstance(side, Chain) else _of_network(side, scope, promised, request)
        for side in sides
    ]
    return found, scope


# names


def _names(chains: Sequence[Chain], given: Any) -> dict[str, str]:
    """The symbols by name, and where each stands, for messages."""
    names: dict[str, str] = {}
    for chain in chains:
        names.update({name: f"a symbol of the chain '{shown(chain.text)}'" for name in sorted(chain.names)})
    if given is None:
        given = INPUT if chains else ()
    sizes = [s for shape in given.values() for s in shape] if isinstance(given, Mapping) else list(given)
    for size in sizes:
        found = [size] if isinstance(size, str) else sorted(dims.symbols_of(size)) if dims.is_number(size) else []
        for name in found:
            names.setdefault(name, "a symbol of the input")
    return names


def _check_meanings(networks: Sequence[Network], names: Mapping[str, str]) -> None:
    """A name cannot be a symbol and a let."""
    for network in networks:
        for name in names:
            if name in network.spec.let_names:
                value = network.spec.settings(network.variant, {}, []).get(name)
                raise UsageError(
                    f"'{name}' has two meanings: {names[name]}, and a let of {network.name} "
                    f"({describe(value)} unless it is set); rename the symbol"
                )


def _check_settings(networks: Sequence[Network], names: Mapping[str, str], request: Request) -> None:
    """Every name that is set or left open must be one."""
    lets = [name for network in networks for name in network.spec.let_names]
    for name in request.let:
        if name not in lets and name not in names:
            known = did_you_mean(name, [*names, *lets])
            raise UsageError(hinted(f"'{shown(name)}' is no symbol here and no let of a network", known))
    axes = [*AXES] if networks and request.input is None else []
    for name in request.symbols:
        if name not in lets and name not in names and name not in axes:
            why = "; counts are for one image" if name == "N" else ""
            hint = "" if why else did_you_mean(name, [*lets, *axes])
            raise UsageError(hinted(f"symbols: '{shown(name)}' is no let of a compared network{why}", hint))


def _promised(names: Mapping[str, str], request: Request) -> Promises:
    """What is promised of each symbol; UsageError where there is no such symbol, or its number breaks the promise."""
    known = {*names, *request.symbols}
    for promise in request.assume:
        ((name, (multiple, minimum)),) = read_promises([promise]).items()
        if name not in known:
            raise UsageError(hinted(f"assume: there is no symbol '{shown(name)}'", did_you_mean(name, known)))
        value = request.let.get(name)
        if dims.is_number(value) and not (dims.divides(multiple, value) and dims.at_least(value, minimum)):
            raise UsageError(f"assume: {promise} does not hold, {name} is set to {describe(value)}")
    return read_promises(request.assume)


def _scope(names: Iterable[str], let: Mapping[str, Any], promised: Promises) -> dict[str, Any]:
    """The number or symbol of every name."""
    filled = {}
    for name in names:
        if name not in let:
            multiple, minimum = promised.get(name, (1, 1))
            filled[name] = dims.symbol(name, multiple_of=multiple, minimum=minimum)
            continue
        filled[name] = let[name]
        if not dims.is_number(filled[name]) or not dims.at_least(filled[name], 0) or filled[name] == 0:
            raise UsageError(f"{name}: {describe(filled[name])} is not a number > 0")
        if not dims.is_whole(filled[name]):
            raise UsageError(f"{name}: {describe(filled[name])} is not a whole number, which a symbol stands for")
    return filled


def _made_whole(chains: Iterable[Chain], scope: Scope, promised: Promises) -> Promises:
    """The promises, and those that quotients in chains need to be whole."""
    needed = dict(promised)
    for chain in chains:
        for value in chain.values(scope):
            for name, multiple in dims.whole_if(value).items():
                before, minimum = needed.get(name, (1, 1))
                needed[name] = (before * multiple // dims.gcd(before, multiple), minimum)
    return needed


# reports


def _of_chain(chain: Chain, scope: Scope, request: Request) -> Report:
    sizes = INPUT if request.input is None else request.input
    if isinstance(sizes, Mapping):
        raise UsageError("a chain has one input; give it as CxHxW")
    shape = tuple(_placed(size, scope) for size in sizes)
    try:
        spec = read_spec(chain.source(scope, shape), zoo.find)
        return analyze(Network(" ".join(chain.text.split()), spec), max_layers=request.max_layers)
    except SpecError as error:
        raise chain.located(error) from None


def _of_network(network: Network, scope: Scope, promised: Promises, request: Request) -> Report:
    lets = network.spec.let_names
    let = {name: value for name, value in request.let.items() if name in lets}
    given = request.input
    if isinstance(given, Mapping):
        given = {name: tuple(_placed(size, scope) for size in shape) for name, shape in given.items()}
    elif given is not None:
        given = tuple(_placed(size, scope) for size in given)
    axes = AXES if request.input is None else ()
    names = [name for name in request.symbols if name in (*lets, *axes) and name not in request.let]
    settings: dict[str, Any] = {"let": let, "input": given}
    if names:
        settings = with_symbols(network, names, let, given)
        settings = {name: under(promised, value) for name, value in settings.items()}
    return analyze(network, **settings, max_layers=request.max_layers)


def _placed(size: Any, scope: Scope) -> Any:
    """A size of the input, with its symbols in their meaning."""
    return scope[size] if isinstance(size, str) else dims.substitute(size, scope)


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
