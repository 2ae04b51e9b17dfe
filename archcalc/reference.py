"""The layer kinds as documentation, from their classes: for `archcalc layers` and docs/layers.md."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from .errors import UsageError, did_you_mean, shown
from .layers import FAMILIES, Layer, find, is_kind, kinds

FAMILY_TITLES = {
    "convolution": "Convolution",
    "dense": "Dense",
    "pooling": "Pooling",
    "normalisation": "Normalisation",
    "activation": "Activation",
    "regularisation": "Regularisation",
    "shape": "Shape",
    "tokens": "Tokens",
    "joins": "Joins",
}


def fields_text(cls: type[Layer]) -> str:
    """The fields as a call: `conv(filters, kernel, stride=1, ...)`; required ones have no default."""
    parts = []
    for name in _field_order(cls):
        default = _default(cls, name)
        parts.append(name if default is None else f"{name}={default}")
    return f"{cls.kind}({', '.join(parts)})" if parts else cls.kind


def _field_order(cls: type[Layer]) -> list[str]:
    """Required fields first, the main one in front; `bits`, which all kinds have, is left out."""
    required = cls.required()
    return [*required, *(name for name in cls.schema if name != "bits" and name not in required)]


def _default(cls: type[Layer], name: str) -> str | None:
    """The default of a field as a spec would write it; None where it is required."""
    import dataclasses

    for field in dataclasses.fields(cls):
        if field.name.rstrip("_") == name and field.default is not dataclasses.MISSING:
            return _written(field.default)
    return None


def _written(value: Any) -> str:
    if value is True or value is False:
        return str(value).lower()
    return "-" if value is None else str(value)


def overview() -> str:
    """Every kind with its fields and first line, by family."""
    lines = []
    for family, title in FAMILY_TITLES.items():
        lines.append(f"{title}:")
        for kind in _kinds_of(family):
            cls = find(kind)
            lines.append(f"  {fields_text(cls)}")
            lines.append(f"      {first_line(cls)}")
        lines.append("")
    own = [kind for kind in kinds() if kind not in FAMILIES]
    if own:
        lines.append("Your own:")
        lines.extend(f"  {fields_text(find(kind))}" for kind in own)
    lines.append("`archcalc layers KIND` describes one. A default of - means: see the description.")
    return "\n".join(lines)


def _kinds_of(family: str) -> list[str]:
    return sorted(kind for kind, home in FAMILIES.items() if home == family)


def first_line(cls: type[Layer]) -> str:
    """The first line of the class's docstring."""
    return (inspect.getdoc(cls) or "").split("\n")[0]


def describe(kind: str) -> str:
    """One kind: what it does, its fields, what it takes, and its source."""
    if not is_kind(kind):
        hint = did_you_mean(kind, kinds()) or "`archcalc layers` lists the kinds"
        raise UsageError(f"unknown layer kind '{shown(kind)}'; {hint}")
    cls = find(kind)
    lines = [fields_text(cls), "", inspect.getdoc(cls) or "", ""]
    lines.extend(f"{label:<9}{text}" for label, text in _facts(cls))
    rows = [(name, field_default(cls, name), cls.schema[name].takes) for name in (*_field_order(cls), "bits")]
    width = max(len(name) for name, _, _ in rows)
    lines.append("")
    lines.extend(f"  {name:<{width}}  {default:<9} {takes}" for name, default, takes in rows)
    return "\n".join(lines)


def field_default(cls: type[Layer], name: str) -> str:
    """The default of a field for a table."""
    default = _default(cls, name)
    return "required" if default is None else default


def _facts(cls: type[Layer]) -> Iterator[tuple[str, str]]:
    yield "takes", " or ".join({"vector": "vectors", "map": "maps"}.get(layout, layout) for layout in cls.accepts)
    yield "stores", f"{cls.stores}"
    yield (
        "reads",
        {
            "itself": "the same channel",
            "group": "the channels of its group",
            "all": "all channels",
            "neighbours": "neighbouring channels",
        }[cls.reads],
    )
    if cls.weighted:
        yield "weighted", f"yes, depth {cls.depth}"
    if cls.source:
        yield "source", cls.source
