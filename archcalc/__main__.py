"""Where the process starts and ends: the `archcalc` script, and `python -m archcalc`."""

import gc


def main() -> None:
    """Run the command line."""
    # One run makes many objects and next to no garbage: looking for it, on the way and once more at the end,
    # would be a fifth of the time of a small command.
    gc.set_threshold(100_000)
    from .cli import main as command_line

    try:
        command_line()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
