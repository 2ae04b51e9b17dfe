"""Where the process starts: the `archcalc` script, and `python -m archcalc`."""

import gc


def main() -> None:
    """Run the command line."""
    # Starting up makes many objects and next to no garbage; looking for it would be a tenth of the time.
    gc.set_threshold(100_000)
    from .cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
