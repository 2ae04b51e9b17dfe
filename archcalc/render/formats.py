"""The refusal of a format that there is not: one for all renderers."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import UsageError, did_you_mean, hinted, shown


def check_format(format: str, known: Iterable[str]) -> None:
    """UsageError for a format that is none of those known, with the nearest, or all where none is near."""
    listed = list(known)
    if format not in listed:
        hint = did_you_mean(format, listed) or f"known: {', '.join(sorted(listed))}"
        raise UsageError(hinted(f"unknown format '{shown(format)}'", hint))
