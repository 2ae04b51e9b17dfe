"""A network built in Python: functions that make the very entries that a YAML file would hold.

A function of a layer kind is made from the kind's class when it is asked for, so there is no second list of kinds and
a user's own is there too. Nothing is checked here that reading a spec checks: problems have the places and texts of a
file's.

>>> conv, relu = kind_function("conv"), kind_function("relu")
>>> conv(64, 3, pad=1, name="conv1"), relu()
({'conv': {'filters': 64, 'kernel': 3, 'pad': 1}, 'name': 'conv1'}, 'relu')
>>> network("small", input=(3, 32, 32), layers=[conv(64, 3), relu])
<Network small>
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any, TypeAlias

from .errors import UsageError
from .layers import JOINS, Layer, find
from .network import Network, from_data
from .reference import describe
from .yamlsrc import MAX_DEPTH

Entry: TypeAlias = str | dict[str, Any]
Chain: TypeAlias = Entry | Callable[..., Any] | Sequence[Any]  # entries; functions that make one without arguments


def network(
    name: str,
    /,
    *,
    input: Sequence[Any] | Mapping[str, Sequence[Any]],
    layers: Chain,
    title: str | None = None,
    cite: str | None = None,
    let: Mapping[str, Any] | None = None,
    variants: Mapping[str, Mapping[str, Any]] | None = None,
    variant: str | None = None,
    use: Mapping[str, Sequence[str]] | None = None,
    blocks: Iterable[Block] = (),
    partition: Mapping[str, Any] | None = None,
    published: Sequence[Mapping[str, Any]] | None = None,
) -> Network:
    """A network from its sections, those of a YAML file; `variant` chooses one of `variants`.

    In a list of entries a list stands for its entries, and a function is called: `relu` is `relu()`. Raises UsageError
    for an unknown variant; the problems of the spec are raised when it is analysed.
    """
    listed = list(blocks)
    if not all(isinstance(one, Block) for one in listed):
        raise UsageError("blocks are made by `block`: blocks=[block('conv_relu', 'filters', do=[...]), ...]")
    names = [one.name for one in listed]
    twice = [one for one in names if names.count(one) > 1]
    if twice:
        raise UsageError(f"two blocks are called '{twice[0]}'")
    data: dict[str, Any] = {
        "title": title, "cite": cite, "input": input, "let": let, "variants": variants, "use": use,
        "blocks": {one.name: one.data for one in listed} or None, "partition": partition, "layers": entries(layers),
        "published": published,
    }  # fmt: skip
    return from_data({section: piece for section, piece in data.items() if piece is not None}, name, variant)


def entries(chain: Any, depth: int = 0) -> list[Any]:
    """A chain as a flat list: lists within are their entries, and functions are called."""
    if depth > MAX_DEPTH:
        raise UsageError(f"lists of entries are nested more than {MAX_DEPTH} deep")
    flat: list[Any] = []
    for piece in chain if isinstance(chain, list | tuple) else [chain]:
        made = piece() if callable(piece) else piece
        flat.extend(entries(made, depth + 1) if isinstance(made, list | tuple) else [made])
    return flat


def kind_function(kind: str) -> Callable[..., Entry]:
    """The function that makes entries of a layer kind; the required fields, or else the main one, may stand first.

    >>> kind_function("linear")(10), kind_function("dropout")(0.5)
    ({'linear': 10}, {'dropout': 0.5})
    >>> kind_function("add")(main=[kind_function("relu")], shortcut="identity")
    {'add': {'main': ['relu'], 'shortcut': 'identity'}}
    """
    cls = find(kind)
    make = _join(kind) if kind in JOINS else _layer(cls)
    made: Any = make
    made.__name__ = made.__qualname__ = kind
    made.__module__ = f"{__package__}.build"
    made.__doc__ = describe(kind)
    made.__signature__ = signature_of(cls)
    return make


def signature_of(cls: type[Layer]) -> Signature:
    """The parameters of a kind's function: fields that may stand first, then the others by name, then the extras."""
    if cls.kind in JOINS:
        extras = ("name", "when", *(["axis"] if "axis" in cls.schema else []))
        branches = Parameter("branches", Parameter.POSITIONAL_ONLY, default=None)
        return Signature([branches, *map(_named, extras), Parameter("named_branches", Parameter.VAR_KEYWORD)])
    defaults = {field.name.rstrip("_"): field.default for field in dataclasses.fields(cls)}
    defaults = {
        name: Parameter.empty if default is dataclasses.MISSING else default for name, default in defaults.items()
    }
    first = _first(cls)
    others = [name for name in cls.schema if name not in (*first, "bits")]
    places = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=defaults[name]) for name in first]
    named = [_named(name, defaults.get(name)) for name in (*others, "bits", "name", "when")]
    return Signature([*places, *named])


def _named(name: str, default: Any = None) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default)


def _first(cls: type[Layer]) -> tuple[str, ...]:
    """The fields that may be given by position."""
    main = cls.main()
    return cls.required() or ((main,) if main else ())


def _layer(cls: type[Layer]) -> Callable[..., Entry]:
    first = _first(cls)

    def make(*values: Any, name: str | None = None, when: Any = None, **fields: Any) -> Entry:
        if len(values) > len(first):
            takes = f"{cls.kind} takes {', '.join(first) or 'nothing'} by position"
            given = f"{len(values)} value{'s are' if len(values) > 1 else ' is'} given"
            raise UsageError(f"{takes}, and {given}; name the others")
        placed = dict(zip(first, values, strict=False))
        twice = [field for field in placed if field in fields]
        if twice:
            raise UsageError(f"{cls.kind}: {twice[0]} is given twice")
        if len(values) == 1 and not fields and first[0] == cls.main() and not isinstance(values[0], list | tuple):
            return _entry(cls.kind, values[0], name, when)
        return _entry(cls.kind, {**placed, **fields} or None, name, when)

    return make


def _join(kind: str) -> Callable[..., Entry]:
    def make(
        branches: Mapping[str, Chain] | None = None,
        /,
        *,
        name: str | None = None,
        when: Any = None,
        axis: Any = None,
        **named_branches: Chain,
    ) -> Entry:
        given = {**(branches or {}), **named_branches}
        return _entry(kind, {branch: _branch(chain) for branch, chain in given.items()}, name, when, axis=axis)

    return make


def _branch(chain: Chain) -> Any:
    """One entry stays one, without a list around it."""
    return chain if isinstance(chain, str | dict) else entries(chain)


def _entry(main: str, value: Any, name: str | None, when: Any, **extras: Any) -> Entry:
    """An entry with what stands beside its main word; the bare word where there is nothing else."""
    beside = {key: extra for key, extra in {**extras, "name": name, "when": when}.items() if extra is not None}
    return {main: value, **beside} if beside or value is not None else main


class Block:
    """A block of a network: called, it makes an entry that calls the block."""

    def __init__(self, name: str, data: Mapping[str, Any]) -> None:
        self.name = name
        self.data = dict(data)

    def __call__(self, *values: Any, name: str | None = None, when: Any = None, **named: Any) -> Entry:
        """A call with values in the order of what the block takes, or by name."""
        return call(self.name, *values, name=name, when=when, **named)

    def __repr__(self) -> str:
        return f"<Block {self.name}>"


def block(block: str, /, *takes: str, do: Chain, let: Mapping[str, Any] | None = None, **defaults: Any) -> Block:
    """A block: its name, the names of what it takes, then those with defaults; `do` is its chain.

    >>> conv, relu = kind_function("conv"), kind_function("relu")
    >>> conv_relu = block("conv_relu", "filters", "kernel", stride=1,
    ...                   do=[conv("filters", "kernel", stride="stride", pad="kernel // 2"), relu])
    >>> conv_relu(64, 7, stride=2, name="conv1")
    {'conv_relu': [64, 7, {'stride': 2}], 'name': 'conv1'}
    """
    taken = [*takes, *([defaults] if defaults else [])]
    data = {"takes": taken or None, "let": let, "do": entries(do)}
    return Block(block, {key: piece for key, piece in data.items() if piece is not None})


def call(block: str, /, *values: Any, name: str | None = None, when: Any = None, **named: Any) -> Entry:
    """A call of a block by its name, such as one that `use` takes from another file."""
    given: Any = [*values, *([named] if named else [])]
    if len(given) == 1 and not isinstance(given[0], list | tuple):
        given = given[0]
    return _entry(block, None if given == [] else given, name, when)


def do(*chain: Chain, name: str | None = None, when: Any = None) -> Entry:
    """A section, to which a name gives a level in the table."""
    return _entry("do", entries(chain), name, when)


def repeat(times: Any, /, *chain: Chain, name: str | None = None, when: Any = None) -> Entry:
    """A chain that stands there so many times."""
    return _entry("do", entries(chain), name, when, repeat=times)


def for_(columns: Mapping[str, Any], /, *chain: Chain, name: str | None = None, when: Any = None) -> Entry:
    """A chain once for each row of a table: `for_({"width": [64, 128]}, conv("width", 3))`."""
    return _entry("do", entries(chain), name, when, **{"for": columns})


def head(name: str, /, *chain: Chain, when: Any = None) -> Entry:
    """A side output: the network goes on from before it."""
    return _entry("do", entries(chain), None, when, head=name)


def from_(target: str, /, *, name: str | None = None, when: Any = None) -> Entry:
    """Go on from an earlier entry of this name, or from an input."""
    return _entry("from", target, name, when)


def identity(*, name: str | None = None, when: Any = None) -> Entry:
    """Nothing: the shape stays, no layer is made."""
    return _entry("identity", None, name, when)
