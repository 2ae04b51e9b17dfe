"""The networks that come with archcalc: one YAML file a family, found by listing the folder.

Every network's name begins with the stem of its file (`vgg16` in `vgg.yaml`; the longest stem wins), so that
one network is found without reading the others. The blocks worth studying on their own stand in a folder beside
the networks and are found in the same way.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

from .errors import ArchcalcError, UsageError, did_you_mean, hinted, nearest, shown
from .yamlsrc import Source, parse, read, read_text

PACKAGE = Path(__file__).parent


@cache
def directory() -> Path:
    """The folder of specs: the checkout's where there is one, so that edits count, else the installed one."""
    checkout = PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "specs").is_dir():
        return checkout / "specs"
    return PACKAGE / "specs"


@cache
def files() -> dict[str, Path]:
    """The family files by stem: networks first, then blocks."""
    found = [*sorted(directory().glob("*.yaml")), *sorted((directory() / "blocks").glob("*.yaml"))]
    return {path.stem: path for path in found if path != claims_file()}


def claims_file() -> Path:
    """The statements about networks that `archcalc claims` decides."""
    return directory() / "claims.yaml"


def family(name: str) -> Path | None:
    """The file whose stem is the longest beginning of the name."""
    stems = [stem for stem in files() if name.startswith(stem)]
    return files()[max(stems, key=len)] if stems else None


def holds(name: str) -> bool:
    """Whether the zoo has a network or a family of this name."""
    path = family(name)
    return path is not None and (name == path.stem or name in networks_of(head(path), path.stem))


def owns(path: Path) -> bool:
    """Whether a file is one of the zoo's."""
    return files().get(path.stem) == path


def source(path: Path, *, published: bool = False) -> Source:
    """The data of a file; those of the zoo are read once, the user's may change meanwhile.

    The published figures, the last section of the zoo's files and often the longest, are left out unless asked for.
    """
    if not owns(path):
        return read(path)
    return _whole_source(path) if published else _network_source(path)


@cache
def head(path: Path) -> Source:
    """What stands above the blocks and layers of a file of the zoo: title, input, lets and variants."""
    return parse(re.split(r"^(?:use|blocks|layers):", read_text(path), maxsplit=1, flags=re.MULTILINE)[0], str(path))


@cache
def _whole_source(path: Path) -> Source:
    return read(path)


@cache
def _network_source(path: Path) -> Source:
    text = read_text(path)
    return replace(parse(re.split(r"^published:", text, maxsplit=1, flags=re.MULTILINE)[0], str(path)), text=text)


def names() -> list[str]:
    """Every network of the zoo, in the order of the families and of their tables."""
    return [name for path in files().values() for name in networks_of(head(path), path.stem)]


def networks_of(data: Source, stem: str) -> list[str]:
    """The networks of one file: its variants, or the file itself."""
    variants = data.data.get("variants") if isinstance(data.data, dict) else None
    return list(variants) if isinstance(variants, dict) and variants else [stem]


def find(stem: str, asking: str) -> Source:
    """The file that `use` names: beside the asking file, else in the zoo."""
    beside = {path.stem: path for path in sorted(Path(asking).parent.glob("*.yaml"))} if asking else {}
    path = beside.get(str(stem)) or files().get(str(stem))
    if path is None:
        hint = did_you_mean(stem, [*beside, *files()])
        raise ArchcalcError(hinted(f"there is no file '{stem}.yaml' beside this one or in the zoo", hint))
    return source(path)


def unknown(name: str) -> UsageError:
    """The error for a name that is no network, with the nearest ones."""
    beside = next((path.name for path in Path().glob("*.y*ml") if path.stem == name), None)
    if beside:
        return UsageError(f"there is no network '{shown(name)}'; did you mean the file {shown(beside)}?")
    close = nearest(name, names(), 3)
    hint = f"nearest: {', '.join(close)}" if close else "`archcalc list` shows all"
    return UsageError(f"there is no network '{shown(name)}', and no such file; {hint}")
