# The commands of development; continuous integration runs these very words.
PYTHON ?= .venv/bin/python

.PHONY: all check test exhaustive docs bench wheel

all: check docs test

.venv/bin/python:
	python3 -m venv .venv
	.venv/bin/python -m pip install --quiet --upgrade pip
	.venv/bin/python -m pip install --quiet --editable '.[test]'

check: $(PYTHON)          ## formatting, lint, types
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy

test: $(PYTHON)           ## a fixed sample of everything, in under two minutes
	$(PYTHON) -m pytest -q -n auto

exhaustive: $(PYTHON)     ## every network and setting
	$(PYTHON) -m pytest -q -n auto -m 'exhaustive or not exhaustive'

docs: $(PYTHON)           ## rewrite the generated pages
	$(PYTHON) docs/generate.py

bench: $(PYTHON)          ## ratios of times in one run
	$(PYTHON) tests/bench/bench.py
	$(PYTHON) tests/bench/bench_sweep.py --memory

wheel: $(PYTHON)          ## the wheel, in an empty environment, lists the networks of the checkout
	$(PYTHON) tests/check_wheel.py
