# Everything installs what it needs into its own environment, .venv.
PYTHON ?= python3
VENV ?= .venv
SPIDER ?= somenasty
BIN := $(VENV)/bin
FUZZ_EXAMPLES ?= 1000
SOAK_SECONDS ?= 3600
UPLOT ?= 1.6.32
VENDORED := scrapy_leakwatch/report/static/vendor

.PHONY: demo test test-all fuzz zoo zoo-table fixes faults soak check static coverage bench docs \
	dist sdist wheels vendor clean

demo: $(VENV)/.installed
	$(BIN)/python example_project/demo.py $(SPIDER)

# Most of the tests wait for crawls: a few at once take half the time.
test: $(VENV)/.checking
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not slow"

test-all: $(VENV)/.checking
	$(BIN)/python -m pytest -n 3 --dist worksteal

# Some minutes with so many examples of each test; the tests above have a few of each.
fuzz: $(VENV)/.checking
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest -n 2 --dist worksteal tests/fuzz

# KEEP is a new folder for what the rows leave, for the fixes below.
# PART=1/2 runs every second row, PART=2/2 the others.
zoo: $(VENV)/.zoo
	$(BIN)/python -m tests.zoo $(if $(KEEP),--keep $(KEEP)) $(if $(PART),--part $(PART)) $(ROWS)

zoo-table: $(VENV)/.zoo
	$(BIN)/python -m tests.zoo $(if $(KEEP),--keep $(KEEP)) --write docs/zoo.rst

# TOLD is a folder that the zoo has kept: its rows are not run again.
fixes: $(VENV)/.zoo
	$(BIN)/python -m tests.zoo.fixes $(if $(TOLD),--told $(TOLD)) \
	  $(or $(ROWS),--write docs/fixes.rst)

faults: $(VENV)/.checking
	$(BIN)/python -m tests.faults $(ROWS)

# An hour, or so many seconds: make soak SOAK_SECONDS=600
soak: $(VENV)/.checking
	SOAK_SECONDS=$(SOAK_SECONDS) $(BIN)/python -m tests.soak

check: static coverage

static: $(VENV)/.checking
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

coverage: $(VENV)/.checking
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

bench: $(VENV)/.installed
	$(BIN)/python benchmarks/sample_cost.py
	$(BIN)/python benchmarks/census.py
	$(BIN)/python benchmarks/throughput.py

# Pages in docs/_build/html. It fetches nothing, and any warning is an error.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -n -q -j auto docs docs/_build/html
	@echo "docs/_build/html/index.html"

# An sdist, and a wheel for this Python; what is published has the sdist alone, and wheels.
dist: $(VENV)/.release
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl

sdist: $(VENV)/.release
	rm -rf dist
	$(BIN)/python -m build --sdist
	$(BIN)/twine check --strict dist/*

# A wheel for each Python and C library of this system; on Linux that needs Docker.
wheels: $(VENV)/.release
	$(BIN)/cibuildwheel --output-dir dist
	$(BIN)/twine check --strict dist/*.whl
	$(BIN)/check-wheel-contents dist/*.whl

# The library that draws the charts of a report, in the version UPLOT.
vendor:
	rm -rf build/vendor && mkdir -p build/vendor
	cd build/vendor && npm pack --silent uplot@$(UPLOT) && tar -xzf uplot-$(UPLOT).tgz
	rm -rf $(VENDORED)/uplot-* && mkdir -p $(VENDORED)/uplot-$(UPLOT)
	cd build/vendor/package && cp LICENSE dist/uPlot.iife.min.js dist/uPlot.min.css \
	  $(CURDIR)/$(VENDORED)/uplot-$(UPLOT)/
	printf 'uplot %s\nsha256 %s  (npm package)\n' "$(UPLOT)" \
	  "$$(sha256sum < build/vendor/uplot-$(UPLOT).tgz | cut -d' ' -f1)" \
	  > $(VENDORED)/uplot-$(UPLOT)/VERSION

clean:
	rm -rf $(VENV) build dist docs/_build *.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache

$(VENV)/.installed: setup.cfg setup.py pyproject.toml $(wildcard scrapy_leakwatch/heap/_*.[ch]) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.checking: setup.cfg setup.py pyproject.toml $(wildcard scrapy_leakwatch/heap/_*.[ch]) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[check]'
	touch $@ $(VENV)/.installed

$(VENV)/.zoo: setup.cfg setup.py pyproject.toml $(wildcard scrapy_leakwatch/heap/_*.[ch]) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[check,zoo]'
	touch $@ $(VENV)/.checking $(VENV)/.installed

$(VENV)/.docs: setup.cfg setup.py pyproject.toml $(wildcard scrapy_leakwatch/heap/_*.[ch]) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@ $(VENV)/.installed

$(VENV)/.release: setup.cfg | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[release]'
	touch $@

# Debian and Ubuntu put the venv module into a package of its own.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "This needs Python 3.10 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -qq -y python3-venv; } || \
	  { echo "Python's venv module is missing: sudo apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
