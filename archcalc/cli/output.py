"""Where text goes: to the terminal, through a pager if it is long, or whole into a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
    with replacing(path) as target:
        target.write_text(text, encoding="utf-8")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, whose file takes the place of `path` at the end in one step.

    Where the work within fails or is interrupted, nothing is left of it. A device or pipe cannot be replaced: it is
    given itself. ReadError if a file cannot be written.
    """
    import tempfile

    try:
        if path.is_dir():
            raise ReadError(f"cannot write {path}: it is a folder")
        if path.exists() and not path.is_file():
            yield path
            return
        target = path.resolve()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
            temporary.chmod(mode)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ReadError(f"cannot write {path}: {error.strerror or error}") from None


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the work as an interrupt does, so that it cleans up behind itself."""
    import signal
    import threading

    def stop(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in names}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
