"""The public call: from a network to a report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import dims
from .errors import ArchcalcError, UsageError, did_you_mean, hinted
from .expr import describe
from .infer import infer
from .layers.fields import read_size
from .network import Network, load
from .report import BITS, Report
from .walk import MAX_LAYERS, elaborate

AXES = ("N", "D", "H", "W")  # the batch and the spatial axes
_PROMISE = r"\s*([A-Za-z_]\w*)\s*(?:%\s*([0-9]{1,9})\s*==\s*0|>=\s*([0-9]{1,9}))\s*\Z"


def analyze(
    network: str | Path | Mapping[str, Any] | Network,
    *,
    input: Sequence[Any] | Mapping[str, Sequence[Any]] | None = None,
    batch: Any = 1,
    dtype: str = "float32",
    let: Mapping[str, Any] | None = None,
    assume: Iterable[str] = (),
    max_layers: int = MAX_LAYERS,
) -> Report:
    """Everything that archcalc can count of a network.

    `network` is a name, a path, plain data or a `Network`; `input` replaces the spec's input shape (channels
    first; by name where there are several), `let` its named values, both with ints or symbols. `assume` holds
    promises about symbols: `H%32==0`, `H>=64`. Counts are for one image, whatever the batch.

    Raises SpecError with all problems of the spec, UsageError for a wrong request.

    >>> analyze("alexnet").layer("conv1").macs
    105415200
    >>> H = dims.symbol("H")
    >>> analyze("zfnet", input=(3, H, H)).layer("conv1").macs
    14112*floor((H - 3)/2)**2
    """
    loaded = load(network)
    promised = read_promises(assume)
    _check_known(promised, input, let, batch)
    batch = read_counting(under(promised, batch), dtype)
    graph = elaborate(
        loaded.spec,
        loaded.variant,
        let={name: under(promised, value) for name, value in (let or {}).items()},
        input=under(promised, input),
        max_layers=max_layers,
    )
    return Report(loaded.name, graph, infer(graph), batch, dtype)


def read_counting(batch: Any, dtype: str) -> Any:
    """The batch as a size; UsageError for what is none, and for an unknown dtype."""
    if dtype not in BITS:
        raise UsageError(f"unknown dtype '{dtype}'; {did_you_mean(dtype, BITS) or 'known: ' + ', '.join(BITS)}")
    try:
        return read_size(batch, 1)
    except ArchcalcError as error:
        raise UsageError(f"batch: {error}") from None


def with_symbols(
    network: Network, names: Iterable[str], let: Mapping[str, Any], input: Any = None, batch: Any = 1
) -> dict[str, Any]:
    """The settings `let`, `input` and `batch` of `analyze` with these names left open.

    A name is a `let` of the spec, of a list each element (`depths_0`, `depths_1`) or one of them, else a symbol of the
    `input`, N for the batch or one of the spatial axes D, H, W. Raises UsageError for other names, and for a let that
    is neither a number nor a list.

    >>> settings = with_symbols(load("vgg16"), ["H", "W", "classes"], {})
    >>> print(analyze("vgg16", **settings).layer("stage1.maxpool").output)
    64xfloor(H/2)xfloor(W/2)
    """
    known = network.spec.settings(network.variant, dict(let), [])
    open_already = symbols_in(input)
    values = {}
    for name in names:
        whole, element = element_of(name, known)
        if name in known:
            values[name] = _left_open(name, known[name], name in network.spec.ratios)
        elif element is not None:
            values[name] = _left_open(name, known[whole][element], whole in network.spec.ratios)
        elif name in open_already:
            continue
        elif name in AXES:
            values[name] = dims.symbol(name)
        else:
            raise _no_name(network, f"symbols: '{name}'", name, known)
    return with_values(network, values, let, input, batch)


def with_values(
    network: Network, values: Mapping[str, Any], let: Mapping[str, Any], input: Any = None, batch: Any = 1
) -> dict[str, Any]:
    """The settings `let`, `input` and `batch` of `analyze` with these values, numbers or symbols, by name.

    A name is a `let` of the spec, an element of a list among them (`depths_0`), N, or one of the spatial axes D, H, W.
    Raises UsageError for other names.

    >>> settings = with_values(load("resnet50"), {"depths_2": 23, "H": 64}, {})
    >>> settings["let"], settings["input"]
    ({'depths': [3, 4, 23, 3]}, {'input': (3, 64, 224)})
    """
    let, axes = dict(let), {}
    known = network.spec.settings(network.variant, let, [])
    for name, value in values.items():
        whole, element = element_of(name, known)
        if name in known:
            let[name] = value
        elif element is not None:
            let[whole] = [*let.get(whole, known[whole])]
            let[whole][element] = value
        elif name == "N":
            batch = value
        elif name in AXES:
            axes[name] = value
        else:
            raise _no_name(network, f"'{name}'", name, known)
    if axes:
        input = _opened(input_shapes(network, let, input), axes)
    return {"let": let, "input": input, "batch": batch}


def element_of(name: str, known: Mapping[str, Any]) -> tuple[str, int | None]:
    """A list among the settings and the number of its element that a name is of; None where it is of none.

    >>> element_of("depths_2", {"depths": (3, 4, 6, 3)}), element_of("depths_4", {"depths": (3, 4, 6, 3)})
    (('depths', 2), ('depths', None))
    """
    whole, _, number = name.rpartition("_")
    is_one = isinstance(known.get(whole), tuple) and number.isdecimal() and int(number[:9]) < len(known[whole])
    return whole, int(number) if is_one else None


def _no_name(network: Network, told: str, name: str, known: Iterable[str]) -> UsageError:
    hint = did_you_mean(name, [*known, "N", "H", "W"])
    return UsageError(hinted(f"{told} is no let of {network.name} and no axis", hint))


def _left_open(name: str, value: Any, is_ratio: bool) -> Any:
    if isinstance(value, tuple):
        return [_left_open(f"{name}_{number}", element, is_ratio) for number, element in enumerate(value)]
    if not dims.is_number(value):
        raise UsageError(f"symbols: let '{name}' is {describe(value)}; only numbers can be left open")
    return dims.symbol(name, ratio=is_ratio)


def input_shapes(network: Network, let: Mapping[str, Any], input: Any = None) -> dict[str, tuple[Any, ...]]:
    """The shapes of the inputs by name: those of the spec, or those that are given in their place."""
    values = network.spec.settings(network.variant, let, [])
    shapes = {
        name: tuple(network.spec.evaluated(size, values, []) for size in sizes) for name, sizes in network.spec.inputs
    }
    if isinstance(input, Mapping):
        return {**shapes, **{name: tuple(shape) for name, shape in input.items()}}
    if input is not None and len(shapes) == 1:
        return dict.fromkeys(shapes, tuple(input))
    if input is not None:
        raise UsageError(f"the network has several inputs; give them by name: {', '.join(shapes)}")
    return shapes


def axes_of(shape: Sequence[Any]) -> str:
    """The names of the spatial axes of an input: none of a vector, W, HW or DHW behind the channels.

    >>> axes_of((3, 224, 224)), axes_of((10,))
    ('HW', '')
    """
    return "DHW"[4 - len(shape) :] if len(shape) > 1 else ""


def _opened(shapes: Mapping[str, Sequence[Any]], axes: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The shapes of inputs with the spatial axes of these names replaced, in those that have them."""
    for axis in axes:
        if not any(axis in axes_of(shape) for shape in shapes.values()):
            told = " and ".join("x".join(map(str, shape)) for shape in shapes.values())
            raise UsageError(f"the input {told} has no axis {axis}")
    return {
        name: (shape[0], *(axes.get(axis, size) for axis, size in zip(axes_of(shape), shape[1:], strict=True)))
        for name, shape in shapes.items()
    }


def _check_known(promised: Mapping[str, Any], *given: Any) -> None:
    """Promises must be about symbols that were given."""
    names = symbols_in(given)
    for name in promised:
        if name not in names:
            raise UsageError(hinted(f"assume: there is no symbol '{name}'", did_you_mean(name, names)))


def symbols_in(given: Any) -> set[str]:
    """The names of the symbols in a number, and in lists and mappings of numbers."""
    if isinstance(given, Mapping):
        return symbols_in(list(given.values()))
    if isinstance(given, list | tuple):
        return set().union(*map(symbols_in, given))
    return set(dims.symbols_of(given)) if dims.is_number(given) else set()


def read_promises(assume: Iterable[str]) -> dict[str, tuple[int, int]]:
    """By the name of a symbol, the number that it is a multiple of, and its minimum."""
    texts = [assume] if isinstance(assume, str) else assume
    multiples: dict[str, int] = {}
    minima: dict[str, int] = {}
    for text in texts:
        match = re.match(_PROMISE, str(text))
        if not match or match[2] == "0":
            raise UsageError(f"'{str(text)[:60]}' is not a promise such as H%32==0 or H>=64")
        name = match[1]
        if match[2]:
            multiples[name] = multiples.get(name, 1) * int(match[2]) // dims.gcd(multiples.get(name, 1), int(match[2]))
        else:
            minima[name] = max(minima.get(name, 1), int(match[3]))
    return {name: (multiples.get(name, 1), minima.get(name, 1)) for name in {**multiples, **minima}}


def under(promised: Mapping[str, tuple[int, int]], value: Any) -> Any:
    """The value with its symbols replaced by those that carry promises."""
    if not promised or value is None:
        return value
    if isinstance(value, Mapping):
        return {name: under(promised, part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return tuple(under(promised, part) for part in value)
    return dims.promise(value, promised) if dims.is_number(value) else value
