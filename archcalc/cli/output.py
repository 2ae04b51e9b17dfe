"""Where text goes: to the terminal, through a pager if it is long, or whole into a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from ..errors import ReadError, UsageError


def emit(text: str, output: str | None = None) -> None:
    """Print text, or write it to a file: whole or not at all."""
    if output == "":
        raise UsageError("--output: a file name is missing")
    if output is not None:
        write(text + "\n", Path(output))
    elif sys.stdout is not None and sys.stdout.isatty() and text.count("\n") >= _terminal_lines():
        click.echo_via_pager(text)
    else:
        click.echo(text)


def _terminal_lines() -> float:
    """How many lines the terminal shows; one that does not say shows all."""
    try:
        return os.get_terminal_size().lines
    except OSError:
        return float("inf")


def write(text: str, path: Path) -> None:
    """Put a new file in place of an old one in one step; ReadError if that cannot be done."""
    import tempfile

    try:
        if path.is_dir():
            raise ReadError(f"cannot write {path}: it is a folder")
        if path.exists() and not path.is_file():  # a device or pipe cannot be replaced, only written to
            path.write_text(text, encoding="utf-8")
            return
        target = path.resolve()
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
            Path(temporary).chmod(mode)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ReadError(f"cannot write {path}: {error.strerror or error}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
