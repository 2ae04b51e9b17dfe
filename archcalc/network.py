"""A network from a name, a path or plain data.

>>> load("vgg16").spec.title
'VGG'
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from . import zoo
from .errors import UsageError, did_you_mean, hinted, shown
from .records import Record, Shown, record
from .spec import Spec
from .specreader import read_spec
from .yamlsrc import plain_source


@record
class Network(Shown, Record):
    """A spec, and the variant of its family."""

    name: str
    spec: Spec
    variant: str | None = None

    def __repr__(self) -> str:
        return f"<Network {self.name}>"

    def show_as(self, format: str) -> str:
        """Title, paper, inputs, lets, variants and blocks, and what is wrong with the spec, if anything is."""
        from .render.networks import about

        return about(self, format)

    def to_yaml(self, *, family: bool = False) -> str:
        """The text of a YAML file with this network, in the style of the files that come with archcalc.

        Of a family it is the one network, whose row of the table stands in `let`; with `family` the whole family.
        Read back it gives the same layers, paths and figures. What `use` names is not copied: those files have to stand
        beside the new one, or come with archcalc. Published figures are written where they were loaded.

        Raises SpecError where the spec has problems, UsageError where it holds symbols.

        >>> print(load({"input": [3, 8, 8], "layers": ["flatten", {"linear": 10}]}).to_yaml())
        input: [3, 8, 8]
        layers:
          - flatten
          - linear: 10
        """
        from .exporters.text import text

        return text(self, family=family)


def load(network: str | Path | Mapping[str, Any] | Network, *, published: bool = False) -> Network:
    """The network of this name (`vgg16`), path (`my.yaml`, `family.yaml:variant`) or plain data.

    The published figures of the zoo's networks are left out unless asked for. Raises UsageError for an unknown
    name, ReadError for an unreadable file. The problems of a spec are raised when it is analysed, together with
    those of its shapes.
    """
    if isinstance(network, Network):
        return network
    if isinstance(network, Mapping):
        return from_data(network)
    text = str(network)
    if isinstance(network, Path) or _looks_like_path(text):
        return _from_path(text, published)
    return _from_zoo(text, published)


def from_data(data: Mapping[str, Any], name: str = "network", variant: str | None = None) -> Network:
    """A network from plain data, of a family one variant; UsageError where there is none of that name."""
    spec = read_spec(plain_source(data), zoo.find)
    if variant is None and not spec.variants:
        return Network(name, spec)
    if variant not in spec.variants:
        chosen = "is a family" if variant is None else f"has no variant '{shown(variant)}'"
        how = f"ask for one of {', '.join(spec.variants)}, by `variant=` of archcalc.build.network"
        raise UsageError(f"{shown(name)} {chosen}; {how if spec.variants else 'it has none'}")
    return Network(variant, spec, variant)


def variants(network: str | Path, *, published: bool = False) -> list[Network]:
    """Every network of a file or family; of a single network that one."""
    text = str(network)
    if _looks_like_path(text) and not _exists(text):
        return [_from_path(text, published)]
    path = Path(text) if _looks_like_path(text) else zoo.files().get(text)
    if path is None:
        return [_from_zoo(text, published)]
    spec = _spec(path, published)
    return [Network(name, spec, name) for name in spec.variants] or [Network(path.stem, spec)]


def _looks_like_path(text: str) -> bool:
    if text == "-" or any(mark in text for mark in ("/", "\\", ".yaml", ".yml")):
        return True
    return not zoo.holds(text) and _exists(text)


def _exists(text: str) -> bool:
    """Whether there is a file or folder of this name, or it is - for standard input."""
    try:
        return text == "-" or Path(text).exists()
    except (OSError, ValueError):
        return False


def _from_path(text: str, published: bool) -> Network:
    name, _, variant = text.partition(":") if not _exists(text) else (text, "", "")
    if not _exists(name):
        raise UsageError(f"there is no file '{shown(name)}'")
    spec = _spec(Path(name), published)
    if not variant:
        return _only(spec, Path(name).stem)
    if variant not in spec.variants:
        hint = did_you_mean(variant, spec.variants) if spec.variants else "it has no variants"
        raise UsageError(hinted(f"{name} has no variant '{shown(variant)}'", hint))
    return Network(variant, spec, variant)


def _from_zoo(name: str, published: bool) -> Network:
    path = zoo.family(name)
    if path is None or not zoo.holds(name):
        raise zoo.unknown(name)
    spec = _spec(path, published)
    if name not in spec.variants:
        return _only(spec, name)
    return Network(name, spec, name)


def _spec(path: Path, published: bool) -> Spec:
    """The description of a file; those of the zoo are read once, the user's may change meanwhile."""
    if zoo.owns(path):
        return _zoo_spec(path, published)
    return read_spec(zoo.source(path), zoo.find)


@cache
def _zoo_spec(path: Path, published: bool) -> Spec:
    return read_spec(zoo.source(path, published=published), zoo.find)


def _only(spec: Spec, name: str) -> Network:
    """The single network of a spec; a family must be asked for one of its variants."""
    if spec.variants:
        path = spec.source.path
        how = (
            f"{path}:{next(iter(spec.variants))}"
            if path and path != str(zoo.files().get(name))
            else next(iter(spec.variants))
        )
        raise UsageError(f"{name} is a family; ask for one of {', '.join(spec.variants)}, as in `archcalc table {how}`")
    return Network(name, spec)
