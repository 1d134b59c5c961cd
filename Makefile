# Every everyday job is one recipe, and each sets up what it needs. `make` alone lists them.
# ARGS='…' is passed on to the program a recipe ends in: make test ARGS='-k retry -x'.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
ARGS ?=
MINUTES ?= 30
# Both show a banner or a notice that has nothing to do with the code.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
# Each install leaves a file whose date make compares with the locks.
RUNTIME := $(VENV)/.runtime-installed
EVERYTHING := $(VENV)/.everything-installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check lint chaos bench bench-distributed format lock setup clean

help: ## Lists the recipes.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## Runs an order-processing orchestration from its events to the timeline of one run.
	@$(BIN)/baton demo $(ARGS)

test: $(EVERYTHING) ## Runs every test.
	@$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

check: lint test ## Checks all that CI checks: format, lint, types, layers, then every test.

lint: $(EVERYTHING) ## Checks format, lint, types and layers, and tells all findings at once.
	@failed=0; for tool in 'ruff format --check .' 'ruff check .' mypy pyright lint-imports; do \
		echo "$$tool"; $(BIN)/$$tool || failed=1; \
	done; exit $$failed

chaos: $(EVERYTHING) ## Breaks real servers and services under load for MINUTES=30, and judges what is left.
	@$(BIN)/python -m tests.faults.chaos --minutes $(MINUTES) $(ARGS)

bench: $(EVERYTHING) ## Measures Baton beside DBOS and draws benchmarks/results/*.svg.
	@$(BIN)/python -m benchmarks $(ARGS)

bench-distributed: $(EVERYTHING) ## Measures services on PostgreSQL and Kafka beside DBOS on PostgreSQL.
	@$(BIN)/python -m benchmarks --only distributed $(ARGS)

format: $(EVERYTHING) ## Formats every file and repairs what ruff can repair by itself.
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

lock: $(EVERYTHING) ## Writes the exact versions anew after pyproject.toml has changed.
	@$(LOCK) --all-extras --output-file constraints.txt
	@echo 'hatchling' | $(LOCK) --constraint constraints.txt --output-file constraints-runtime.txt -

setup: $(EVERYTHING) ## Installs Baton and its tools into .venv, when anything has changed.

clean: ## Removes the virtual environment and what the tools left behind; data in .baton stays.
	@rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

# Every supported Python and platform in one file, with hashes.
LOCK = $(BIN)/uv --quiet pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command 'make lock'

# What `baton` needs to run: enough for the demo, and quick.
$(RUNTIME): pyproject.toml constraints-runtime.txt | $(BIN)/pip
	@echo "Installing Baton into $(VENV) …"
	@$(PIP) --require-hashes -r constraints-runtime.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

# Tools, tests and benchmarks on top of it.
$(EVERYTHING): pyproject.toml constraints.txt constraints-runtime.txt | $(BIN)/pip
	@echo "Installing Baton and its tools into $(VENV) …"
	@$(PIP) --require-hashes -r constraints.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $(RUNTIME) $@

# pip comes last into a virtual environment: where it is missing, start anew.
$(BIN)/pip:
	@python=$$(bash .ci/find-python) && "$$python" -m venv --clear $(VENV)
