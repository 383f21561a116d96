# What a contributor runs. `make` alone lists the targets; each of them sets up what it needs, once.

VENV ?= .venv
EDITABLE ?= --editable
ARGS ?=
PARALLEL := --numprocesses auto --maxprocesses 4 --dist worksteal
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq

# The first that runs and is new enough: the shims of version managers stand on PATH and fail.
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check soak lint bench screenshots format notebooks widget types install pins

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/.installed ## start Gatescope and print its address (ARGS: options of `gatescope serve`)
	@$(BIN)/gatescope serve $(ARGS)

# Bytecode is kept where the environment says not to, too: each of many processes would compile all modules anew.
test check soak: export PYTHONDONTWRITEBYTECODE :=

test: $(VENV)/.installed-test ## run a few cases of every test that is not slow, or what ARGS names: ARGS="tests/store -k model"
	@scripts/ensure Node.js nodejs node --version
	$(BIN)/python -m pytest $(or $(ARGS),--quick --cov --cov-fail-under=95 $(PARALLEL))

check: $(VENV)/.installed-test node_modules/.package-lock.json ## run every test, in a real browser too, or those that ARGS names
	@scripts/ensure "rsvg-convert (which paints saved pictures)" librsvg2-bin rsvg-convert --version
	@scripts/ensure Node.js nodejs node --version
	@scripts/ensure "libatomic (for Playwright)" libatomic1 $(BIN)/playwright --version
	@$(BIN)/python scripts/chromium.py
	$(BIN)/python -m pytest $(or $(ARGS),$(PARALLEL))

soak: $(VENV)/.installed-test $(VENV)/.installed-notebooks ## run the tests that take too long for every change; each says why
	@PATH="$$PATH:/usr/sbin" scripts/ensure nginx nginx nginx -v
	$(BIN)/python -m pytest --soak $(or $(ARGS),$(PARALLEL))

lint: $(VENV)/.installed-lint node_modules/.package-lock.json ## check format, style, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	node_modules/.bin/tsc
	@npm run --silent widget | cmp - static/widget.js || { echo "static/widget.js is not that of static/js: run make widget"; exit 1; }

bench: $(VENV)/.installed-bench ## measure, print the ratios and write benchmarks/README.md; or some parts: ARGS="wire service"
	@scripts/ensure "libatomic (for Playwright)" libatomic1 $(BIN)/playwright --version
	@$(BIN)/python scripts/chromium.py
	@$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(VENV)/.installed-test ## take pictures of the page in named states, into test-results/
	@$(BIN)/python scripts/chromium.py
	PYTHONPATH=tests:scripts $(BIN)/python -m browser.screenshots test-results $(ARGS)

format: $(VENV)/.installed-lint ## fix format and style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

notebooks: $(VENV)/.installed-test ## run the notebooks of docs/notebooks/ and keep what they show
	$(BIN)/python scripts/notebooks.py

widget: node_modules/.package-lock.json ## bundle the page's scripts for the widget of a notebook, into static/widget.js
	@npm run --silent widget -- --outfile=static/widget.js

types: $(VENV)/.installed ## write the shapes of the API as types for the page's scripts
	@$(BIN)/python scripts/api_types.py

install: $(VENV)/.installed ## install Gatescope into VENV, as a copy if EDITABLE is empty

pins: $(VENV)/.installed-test $(VENV)/.installed-lint $(VENV)/.installed-notebooks ## write the versions that are installed into constraints.txt
	@$(BIN)/pip freeze --all --exclude pip --exclude gatescope | sed 's/+cpu$$//' > constraints.txt
	@touch $^

$(BIN)/pip:
	$(if $(PYTHON),,$(error Gatescope needs Python 3.11 or newer, and none is on PATH: install one, or name it by PYTHON=/path/to/python))
	@scripts/ensure "venv for $(PYTHON)" python3-venv $(PYTHON) -c 'import ensurepip, venv'
	$(PYTHON) -m venv $(VENV)

# A stamp for each set of dependencies: while it is newer than what it was made from, pip is not asked. A copy is made
# from the source too, which is taken to have changed.
$(VENV)/.installed: pyproject.toml constraints.txt $(if $(EDITABLE),,FORCE) | $(BIN)/pip
	$(PIP) install --constraint constraints.txt $(EDITABLE) .
	@touch $@

FORCE:

$(VENV)/.installed-%: pyproject.toml constraints.txt | $(BIN)/pip
	$(PIP) install --constraint constraints.txt $(EDITABLE) '.[$*]'
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json
	@scripts/ensure Node.js "nodejs npm" npm --version
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@
