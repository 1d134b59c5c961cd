# One recipe per everyday job; each installs what it needs. `make` alone lists them.
# ARGS='…' is passed to the program that a recipe runs: make test ARGS='-k retry -x'.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
ARGS ?=
MINUTES ?= 30
SECONDS ?= 60
RUNS ?= 10000
CHANGES ?= 1000
HISTORIES ?= 30
DAYS ?= 365
# Silences a notice about new versions of pyright.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
# Each install touches a file; make compares its date with the constraints.
RUNTIME := $(VENV)/.runtime-installed
EVERYTHING := $(VENV)/.everything-installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check lint ui-types vendor-ui ui-budgets ui-load ui-pictures chaos attack lists as-of bulk mutations year bench bench-distributed format lock setup clean

help: ## Lists the recipes.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## Runs an order-processing workflow from its events to the timeline of one run.
	@$(BIN)/baton demo $(ARGS)

# Tests wait for servers and browsers a quarter of their time: one process more than processors.
# In CI, tests that failed beside others run once more alone; those that fail again fail the job.
test: $(EVERYTHING) ## Runs every test.
	@$(BIN)/python -m pytest --numprocesses $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )) --dist worksteal $(ARGS) \
		|| { code=$$?; [ $$code -eq 1 ] && [ -n "$$CI" ] || exit $$code; \
		echo 'Failed beside other tests; the same tests once more, alone:'; \
		$(BIN)/python -m pytest --last-failed --last-failed-no-failures none; }

check: lint test ## Runs what CI runs: format, lint, types, layers, then every test.

lint: $(EVERYTHING) ## Checks format, lint, types and layers; shows all findings at once.
	@failed=0; for tool in 'ruff format --check .' 'ruff check .' mypy pyright lint-imports; do \
		echo "$$tool"; $(BIN)/$$tool || failed=1; \
	done; echo 'tsc (the UI)'; .ci/ui-tools types || failed=1; exit $$failed

ui-types: $(EVERYTHING) ## Checks the types of the UI's modules alone.
	@.ci/ui-tools types

vendor-ui: $(EVERYTHING) ## Makes the UI's one vendored file from the packages pinned in .ci/node.
	@.ci/ui-tools vendor

chaos: $(EVERYTHING) ## Injects faults into services under load for MINUTES=30 and checks the outcome.
	@$(BIN)/python -m tests.faults.chaos --minutes $(MINUTES) $(ARGS)

attack: $(EVERYTHING) ## Attacks a server for SECONDS=60 and checks what a well-behaved tenant sees of it.
	@$(BIN)/python -m tests.faults.attack --seconds $(SECONDS) $(ARGS)

lists: $(EVERYTHING) ## Lists RUNS=10000 runs page by page while others start: each exactly once.
	@BATON_TEST_LISTED_RUNS=$(RUNS) $(BIN)/python -m pytest --timeout 600 \
		tests/scenarios/test_orchestrator_lists.py -k listed_once $(ARGS)

as-of: $(EVERYTHING) ## Reads HISTORIES=30 random histories as of earlier positions: no later fact is shown.
	@BATON_TEST_AS_OF_HISTORIES=$(HISTORIES) $(BIN)/python -m pytest --timeout 600 \
		tests/as_of/test_oracle.py $(ARGS)

mutations: $(EVERYTHING) ## Changes a log and its exports at random, CHANGES=1000 times: each is found.
	@BATON_TEST_MUTATIONS=$(CHANGES) $(BIN)/python -m pytest --timeout 3600 \
		tests/notary/test_verify_store.py tests/notary/test_verify_export.py $(ARGS)

year: $(EVERYTHING) ## Lets DAYS=365 days of ten schedules pass in virtual time and compares them with an oracle.
	@BATON_TEST_VIRTUAL_DAYS=$(DAYS) BATON_TEST_FLOWS=1000 BATON_TEST_WORKERS=4 \
		$(BIN)/python -m pytest -n0 --timeout 600 tests/testing $(ARGS)

bulk: $(EVERYTHING) ## Cancels RUNS=10000 runs in one bulk and runs them again, through kill -9: each exactly once.
	@BATON_BULK_RUNS=$(RUNS) $(BIN)/python -m pytest --timeout 900 --numprocesses 0 -s \
		tests/faults/test_kill_9_of_bulks.py $(ARGS)

ui-budgets: $(EVERYTHING) ## Measures the pages of the UI in Chromium and checks their budgets of time.
	@BATON_UI_BUDGETS=1 $(BIN)/python -m pytest --numprocesses 0 -p no:randomly \
		tests/ui/test_sizes.py tests/ui/test_budgets.py tests/ui/test_payloads.py tests/ui/test_reads.py \
		$(ARGS)

ui-load: $(EVERYTHING) ## Keeps the list of runs open for SECONDS=60 during 1,000 changes a second.
	@BATON_UI_LOAD_S=$(SECONDS) $(BIN)/python -m pytest --numprocesses 0 --timeout 600 \
		tests/ui/test_load.py $(ARGS)

ui-pictures: $(EVERYTHING) ## Takes pictures of the pages into build/ui-pictures and docs/ui.
	@BATON_UI_PICTURES=build/ui-pictures BATON_UI_DOCS=docs/ui $(BIN)/python -m pytest \
		--numprocesses 0 tests/ui/test_pictures.py $(ARGS)

bench: $(EVERYTHING) ## Measures Baton and DBOS side by side and draws benchmarks/results/*.svg.
	@$(BIN)/python -m benchmarks $(ARGS)

bench-distributed: $(EVERYTHING) ## Measures services on PostgreSQL and Kafka side by side with DBOS on PostgreSQL.
	@$(BIN)/python -m benchmarks --only distributed $(ARGS)

format: $(EVERYTHING) ## Formats every file and applies the fixes of ruff.
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

lock: $(EVERYTHING) ## Pins the exact versions after a change of pyproject.toml.
	@$(LOCK) --all-extras --group clients --output-file constraints.txt
	@echo 'hatchling' | $(LOCK) --extra cluster --extra otlp --constraint constraints.txt \
		--output-file constraints-runtime.txt -

setup: $(EVERYTHING) ## Installs Baton and its tools into .venv if anything has changed.

clean: ## Removes the virtual environment and the files of tools; keeps the data in .baton.
	@rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

# One file for every supported Python and platform, with hashes.
LOCK = $(BIN)/uv --quiet pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command 'make lock'

# The runtime dependencies: quick to install, and enough for the demo.
$(RUNTIME): pyproject.toml constraints-runtime.txt | $(BIN)/pip
	@echo "Installing Baton into $(VENV) …"
	@$(PIP) --require-hashes -r constraints-runtime.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

# The tools, and the dependencies of tests and benchmarks. The file names every package, so that none
# is looked for; one of them asks for another version than the locked one (decision 0030).
$(EVERYTHING): pyproject.toml constraints.txt constraints-runtime.txt | $(BIN)/pip
	@echo "Installing Baton and its tools into $(VENV) …"
	@$(PIP) --require-hashes --no-deps -r constraints.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $(RUNTIME) $@

# pip is the last part of a virtual environment to be installed: if it is missing, recreate it.
$(BIN)/pip:
	@python=$$(bash .ci/find-python) && "$$python" -m venv --clear $(VENV)
