# What one does here. Every target makes its own environment first: Python 3.11 or later and make are enough.
#   make test VENV=/some/where PYTHON=python3.12     other places, other interpreters
VENV   ?= .venv
PYTHON ?= python3
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEMO   := build/demo
EQCHIP := $(BIN)/eqchip

.DEFAULT_GOAL := help
.PHONY: help env demo test check verify coverage bench docs

help: ## what there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

env: $(STAMP) ## the virtual environment with eqchip (editable) and every tool

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "eqchip needs Python 3.11 or later; name one: make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP) ## train a chip to read digits, test it, draw what it learned, into build/demo
	@rm -rf $(DEMO) && mkdir -p $(DEMO)
	$(EQCHIP) train digits -o $(DEMO)/digits.h5
	$(EQCHIP) evaluate $(DEMO)/digits.h5
	$(EQCHIP) plot $(DEMO)/digits.h5 -o $(DEMO)/digits.png
	@echo "see $(DEMO)/digits.png"

test: $(STAMP) ## the tests, some minutes on two cores
	$(BIN)/pytest -q

check: $(STAMP) ## lint, format, types, direction of imports
	@status=0; for tool in "ruff check ." "ruff format --check ." mypy "lint-imports --no-logo --no-cache"; do \
	  echo "== $$tool"; $(BIN)/$$tool || status=1; done; exit $$status

verify: $(STAMP) coverage ## hours: statistics, fuzzing, published figures; coverage of the kernels
	@if test -d verification; then $(BIN)/pytest -q verification; else echo "no verification/ yet"; fi

coverage: $(STAMP) ## line and branch coverage, the kernels run as plain Python
	NUMBA_DISABLE_JIT=1 $(BIN)/pytest -q -m "not slow" --cov --cov-report=term --cov-report=html:build/coverage --cov-fail-under=94

bench: $(STAMP) ## every benchmark beside its peers, into benchmarks/results
	@for script in $$(grep -lE '^if __name__ == "__main__"' benchmarks/*.py); do \
	  echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: $(STAMP) ## the site, warnings as errors, into build/docs
	$(BIN)/python docs/reference.py
	$(BIN)/python docs/benchmark_tables.py
	$(BIN)/sphinx-build -q -W -n -b html docs build/docs
	@echo "see build/docs/index.html"
