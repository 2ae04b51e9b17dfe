"""`python -m archcalc` is `archcalc`."""

from .cli import main

if __name__ == "__main__":
    main()
